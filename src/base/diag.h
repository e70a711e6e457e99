/*
 * diag.h - a list of mistakes: validation reports every mistake of every file at once.
 *
 * Owns copies of the errors. Bounded: after the maximum only the count goes on.
 * Thread rule: one thread at a time.
 */
#ifndef WEFT_BASE_DIAG_H
#define WEFT_BASE_DIAG_H

#include "base/error.h"

#define WEFT_DIAG_MAX 1000

enum weft_severity { WEFT_SEVERITY_ERROR, WEFT_SEVERITY_WARNING, WEFT_SEVERITY_NOTE };

struct weft_diag_item {
    enum weft_severity severity;
    enum weft_code code;
    int line;
    int column;
    char *file;    /* never NULL */
    char *message; /* never NULL */
    char *hint;    /* NULL = none */
};

struct weft_diag {
    struct weft_diag_item *items;
    size_t count;
    size_t capacity;
    size_t errors; /* also those beyond the maximum */
    size_t warnings;
    bool out_of_memory; /* an item could not be kept; sticky */
};

void weft_diag_init(struct weft_diag *diag);
void weft_diag_release(struct weft_diag *diag);
/* hint may be NULL. */
void weft_diag_add(struct weft_diag *diag, enum weft_severity severity, enum weft_code code,
                   const char *file, int line, int column, const char *hint, const char *format,
                   ...) WEFT_PRINTF(8, 9);
void weft_diag_add_error(struct weft_diag *diag, const struct weft_error *error);
/* By file, line, column; stable. */
void weft_diag_sort(struct weft_diag *diag);
/* 0 when there are no errors; else -1 with the first one (and how many more) in error. */
int weft_diag_check(struct weft_diag *diag, struct weft_error *error) WEFT_MUST_CHECK;

#endif

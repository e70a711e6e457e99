/*
 * output_file.h - a file that is written whole or not at all: `query -o FILE`, `plan --out FILE`.
 *
 * Thread rule: that of the caller.
 */
#ifndef WEFT_CONTEXT_OUTPUT_FILE_H
#define WEFT_CONTEXT_OUTPUT_FILE_H

#include "base/error.h"
#include "base/mem.h"

struct weft_output_file {
    const char *shown; /* as it was given */
    const char *path;  /* behind all links; NULL = written through */
    const char *temp;  /* becomes path; NULL = nothing is to be removed */
    int fd;            /* -1 = none */
};

/* USAGE for a folder. The end closes; rc 0 renames, a failure leaves nothing behind. */
int weft_output_file_open(struct weft_arena *arena, const char *home, const char *name,
                          struct weft_output_file *target, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_output_file_end(struct weft_output_file *target, int rc, struct weft_error *error)
    WEFT_MUST_CHECK;
#endif

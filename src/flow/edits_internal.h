/*
 * edits_internal.h - what a file of edited rows holds, before it is matched with quarantine.
 */
#ifndef WEFT_FLOW_EDITS_INTERNAL_H
#define WEFT_FLOW_EDITS_INTERNAL_H

#include "flow/edits.h"

struct edits_value {
    const char *name;
    const char *text; /* of a cell; NULL = `json` holds it */
    bool quoted;
    yyjson_val *json; /* numbers as raw text */
};

struct edits_row {
    const char *row_id;
    int64_t line;   /* 0 = not known */
    int64_t record; /* from 1 */
    struct edits_value *values;
    size_t count;
};

struct edits_file {
    struct edits_row *rows;
    size_t count;
    yyjson_doc **docs; /* of what `json` points to; heap */
    size_t doc_count;
    size_t doc_capacity;
};

/* Release in every case. `shown` stands in errors. */
int edits_file_read(struct weft_arena *arena, const char *path, const char *shown, bool json,
                    char digest[WEFT_SHA256_HEX], struct edits_file *out, struct weft_error *error)
    WEFT_MUST_CHECK;
void edits_file_release(struct edits_file *file);
/* An error about a row of the file: with its place. -1. */
int edits_refuse(const char *shown, const struct edits_row *row, struct weft_error *error,
                 const char *format, ...) WEFT_PRINTF(4, 5);

#endif

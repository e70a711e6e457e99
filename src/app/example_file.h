/*
 * example_file.h - the rows of a test that stand in a file of their own: csv, tsv, json, ndjson.
 */
#ifndef WEFT_APP_EXAMPLE_FILE_H
#define WEFT_APP_EXAMPLE_FILE_H

#include "base/mem.h"
#include "model/product.h"

/* Rows as if they stood in the product file; their places are those of the file. csv: the first
 * record names the columns, an unquoted empty cell is null. Errors have the file as place. */
int weft_example_file_read(struct weft_arena *arena, const char *path, const char *shown,
                           struct weft_test_rows *out, struct weft_error *error) WEFT_MUST_CHECK;

/* The same of a text that ends with a zero byte; the format goes by the name `shown`. */
int weft_example_text_read(struct weft_arena *arena, const char *text, size_t length,
                           const char *shown, struct weft_test_rows *out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

/*
 * example_internal.h - the rows of a test (`tests:` of a product file) while its job is done.
 */
#ifndef WEFT_JOB_EXAMPLE_INTERNAL_H
#define WEFT_JOB_EXAMPLE_INTERNAL_H

#include "job/work_internal.h"

struct job_example {
    yyjson_doc *doc;
    yyjson_val *ports, *sources, *expect;
};

/* SELECT of these rows (an array of objects; NULL = none), each value strictly of its column's
 * type. INVALID names the row and the value. `what` is what people call the rows. */
int job_rows_print(const struct weft_relation_column *columns, size_t count, yyjson_val *rows,
                   const char *what, struct weft_buf *sql, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The rows of a statement: an array of arrays of cells, each the text of a JSON value. */
int job_rows_json(struct job_work *work, const char *sql, struct weft_json_writer *json,
                  struct weft_error *error) WEFT_MUST_CHECK;
/* A file that an input port reads: csv, or lines of JSON where a value is nested. */
int job_rows_write(struct job_work *work, const struct weft_input *input,
                   const struct weft_fields *fields, yyjson_val *rows, const char *path,
                   enum weft_file_format format, struct weft_error *error) WEFT_MUST_CHECK;

/* An unquoted cell of such a csv file that is null. */
#define JOB_EXAMPLE_NULL "NULL"

#endif

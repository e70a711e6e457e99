/*
 * keys_internal.h - what keys.c and upsert.c share: queries over the run's rows, and the marks that
 * a second pass sets.
 */
#ifndef WEFT_JOB_KEYS_INTERNAL_H
#define WEFT_JOB_KEYS_INTERNAL_H

#include "job/work_internal.h"

struct job_marks {
    struct job_mark *items; /* heap */
    size_t count;
    size_t capacity;
};

int job_query_any(struct job_work *work, const char *sql, bool *any, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The column as it stands in the table: `expression AS name`; `as` NULL = under its name. */
int job_output_print(struct job_work *work, const char *name, const char *as, struct weft_buf *sql,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* Adds a mark for each id that the query over the run's rows gives. */
int job_marks_read(struct job_work *work, const char *sql, size_t rule, struct job_marks *marks,
                   struct weft_error *error) WEFT_MUST_CHECK;
/* Rows that are to be marked have ids from here on: rows of the SQL are settled. */
int job_keys_settle(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- upsert.c ---- */
/* Marks what is superseded; `twins`: the run has keys twice. */
int job_upsert_marks(struct job_work *work, bool twins, struct job_marks *marks,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* SELECT over live rows whose keys the run does not have. */
int job_upsert_rest(struct job_work *work, const struct weft_relation *live, struct weft_buf *sql,
                    struct weft_error *error) WEFT_MUST_CHECK;

#endif

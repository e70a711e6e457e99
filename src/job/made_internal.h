/*
 * made_internal.h - the rows that a product's SQL or graph gives (made.c).
 */
#ifndef WEFT_JOB_MADE_INTERNAL_H
#define WEFT_JOB_MADE_INTERNAL_H

#include "job/transform.h"
#include "job/work_internal.h"

#define JOB_PICK "weft_pick" /* (id): is it among those that are picked? */

struct job_replay;

struct job_made {
    struct weft_transform transform;
    bool resolved;
    const char *from; /* FROM text of the columns before their casts */
    bool settled;     /* rows have ids: their number in the file at `path` */
    const char *path;
    int64_t records;        /* rows that the SQL gave; known after the first pass */
    struct job_mark *marks; /* heap, sorted by id */
    size_t mark_count;
    const int64_t *picked; /* ascending */
    size_t picked_count;
    /* REPLAY: the first rows are rows of quarantine themselves; after them, where the SQL was run
     * over rows of ports, those that it made. */
    int64_t stored;
    bool anew;
    const bool *chosen;             /* ports of which rows are replayed; NULL = none */
    struct job_replay **replays;    /* of each port of text; NULL = nothing of it is replayed */
    struct job_graph_result *graph; /* NULL = none */
    const char *library;            /* that made the graph's values; NULL = none */
};

/* A graph's nodes and values, as what stands after FROM (graph_run.c). */
int job_graph_make(struct job_work *work, const char **from, struct weft_error *error)
    WEFT_MUST_CHECK;
int job_graph_register(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
void job_graph_free(struct job_graph_result *graph); /* NULL is nothing */
/* The rows are those of the file at `path`, with the columns of `transform`. */
int job_made_replayed(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- functions over ids, also of parquet.c; volatile ---- */
int job_function_register(struct weft_engine *engine, const char *name, size_t parameters,
                          duckdb_type result, duckdb_scalar_function_t call, void *arg,
                          struct weft_error *error) WEFT_MUST_CHECK;
/* (id, word): the bits of that word which the marks (sorted) set for the row. */
void job_marks_fill(const struct job_mark *marks, size_t mark_count, duckdb_data_chunk in,
                    duckdb_vector out);
/* (id): is it among these? */
void job_pick_fill(const int64_t *picked, size_t picked_count, duckdb_data_chunk in,
                   duckdb_vector out);

/* ---- made_values.c ---- */
struct job_values;
/* The values of these rows (ids ascend; the rows are settled), to be read one after another. *out
 * is to be closed in every case. */
int job_values_open(struct job_work *work, const int64_t *ids, size_t count,
                    struct job_values **out, struct weft_error *error) WEFT_MUST_CHECK;
/* The same by hand: new (to be closed in every case), what queries give, end with the number that
 * there must be. */
int job_values_new(struct job_work *work, struct job_values **out, struct weft_error *error)
    WEFT_MUST_CHECK;
int job_values_add(struct job_work *work, struct job_values *values, const char *sql,
                   struct weft_error *error) WEFT_MUST_CHECK;
int job_values_end(struct job_values *values, size_t count, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The next one, valid to the call after. */
int job_values_next(struct job_values *values, struct weft_str *out, struct weft_error *error)
    WEFT_MUST_CHECK;
void job_values_close(struct job_values *values); /* NULL is nothing */

/* The statement's error as one of the product's SQL. -1. */
int job_made_failure(struct job_work *work, struct weft_error *error);

#endif

/*
 * parquet_internal.h - a stage whose rows come from Parquet files: read by the engine, counted by
 * weft (parquet.c), cast without loss (parquet_cast.c), told when they are set aside
 * (parquet_values.c), and replayed from what was told (parquet_replay.c).
 *
 * A row's id is its file's number (of those that are read) times 2^40, plus its place in the file.
 */
#ifndef WEFT_JOB_PARQUET_INTERNAL_H
#define WEFT_JOB_PARQUET_INTERNAL_H

#include "codec/parquet.h"
#include "job/made_internal.h"

#define JOB_PARQUET_SHIFT 40

/* A column as a file has it. */
struct job_parquet_column {
    const char *name;
    const struct weft_type *type; /* NULL = weft has none */
    const char *text;             /* DuckDB's name of it */
};

/* Neighbours among the files that have the same columns: read by one call. */
struct job_parquet_group {
    size_t first; /* number among the files that are read */
    size_t count;
    const struct job_parquet_column *columns;
    size_t column_count;
    const char *signature;
    const int *map; /* column of the file -> column of the stage, -1 = left out */
};

struct job_parquet {
    struct job_work *work;
    size_t *files; /* by number: of work->files */
    size_t file_count;
    struct job_parquet_group *groups;
    size_t group_count;
    size_t group_capacity;
    int64_t records;        /* of all footers */
    struct job_mark *marks; /* heap, sorted by id */
    size_t mark_count;
    const int64_t *picked; /* ascending */
    size_t picked_count;
    int *fds; /* heap: of files whose names the engine would take for patterns */
    size_t fd_count;
    const char *spool; /* of a replay */
};

bool job_is_parquet(const struct weft_input *input);
int job_parquet_new(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
void job_parquet_free(struct job_parquet *parquet); /* NULL is nothing */
/* Its functions, before the engine is sealed. */
int job_parquet_register(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* Footers, hashes, columns of all files. The engine is open. */
int job_parquet_open(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* Types of columns that nobody declared. */
int job_parquet_sample(struct job_work *work, struct job_sample *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The files' columns against those of the stage; then what stands after FROM. */
int job_parquet_map(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_parquet_from(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* Are the files what they were when they were hashed? */
int job_parquet_finish(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* Why a statement over the files failed: INPUT naming the file where one does not read. */
int job_parquet_failure(struct job_work *work, struct weft_error *error);
void job_parquet_mark(struct job_work *work, struct job_mark *marks, size_t count);
/* FROM text of a group: read_parquet([...]) AS q, and the id of its rows. */
void job_parquet_print_group(const struct job_work *work, const struct job_parquet_group *group,
                             struct weft_buf *out);
void job_parquet_print_id(const struct job_parquet_group *group, struct weft_buf *out);

/* ---- parquet_cast.c ---- */
/* The value of "q"."name" as `to`, where that loses nothing, else NULL. *fails: it may be NULL
 * though the file has a value. 1 when these types have nothing to do with each other. */
int job_parquet_cast(struct weft_arena *arena, const struct job_parquet_column *column,
                     const struct weft_type *to, const char **sql, bool *fails,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* The type that holds the values of both. */
const struct weft_type *job_parquet_common(struct weft_arena *arena, const struct weft_type *a,
                                           const struct weft_type *b);

/* ---- parquet_values.c ---- */
/* What the rows set aside of this stage say, to be read one after another. *out is to be closed in
 * every case. */
int job_parquet_values(struct job_work *work, struct job_values **out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* File and row number of an id. */
void job_parquet_place(const struct job_work *work, int64_t id, const struct job_file **file,
                       int64_t *row);

#endif

/*
 * engine.h - DuckDB instances, sealed: how data is computed.
 *
 * libduckdb.so is opened (dlopen) when the first instance is made: commands that compute nothing do
 * not pay for it. An instance is in memory, has a memory limit, a temp folder and a list of folders
 * it may touch; external access, extension loading, secrets and configuration are closed and locked
 * (sql-security: section 5) before any text of a person comes near.
 * Thread rule: an instance and its results belong to one thread; interrupt may come from any.
 */
#ifndef WEFT_ENGINE_ENGINE_H
#define WEFT_ENGINE_ENGINE_H

#include "base/buf.h"
#include "base/error.h"
#include "engine/duckdb_api.h" /* duckdb.h and the table of functions `weft_duckdb` */

struct weft_engine;
struct weft_result;

struct weft_engine_config {
    int64_t memory_bytes; /* 0 = DuckDB's default */
    int threads;          /* 0 = DuckDB's default */
    const char *temp_dir; /* made if missing; NULL = nothing spills */
    int64_t temp_size_max;
    const char *const *folders; /* what it may read and write (COPY), absolute */
    size_t folder_count;
    const char *const *files; /* single files besides, that it may read; absolute */
    size_t file_count;
    bool keep_order; /* preserve_insertion_order */
    /* Others wrote files that it reads: what their footers say of values (smallest, largest, nulls)
     * may be wrong, and no condition may be taken for true or false because of it. */
    bool foreign_files;
};

int weft_engine_open(const struct weft_engine_config *config, struct weft_engine **out,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* Loads the library and opens a blank instance ahead, which the next open with a memory limit and a
 * number of threads makes its own; nothing when one is there. For a process that waits for work:
 * in a thread of its own. */
void weft_engine_warm(void);
void weft_engine_close(struct weft_engine *engine); /* NULL is nothing */
void weft_engine_closep(struct weft_engine **engine);
duckdb_connection weft_engine_connection(struct weft_engine *engine);
/* Table and scalar functions are registered through this before seal; then the configuration is
 * locked. open() gives an unlocked instance with everything else closed; seal() locks it. */
int weft_engine_seal(struct weft_engine *engine, struct weft_error *error) WEFT_MUST_CHECK;
/* Stops what runs; the statement ends with CANCELLED. Any thread. */
void weft_engine_interrupt(struct weft_engine *engine);
/* Interrupts when weft_process_cancelled() or the deadline (monotonic us; 0 = none) has passed: a
 * watcher thread of the instance asks every 20 ms while a statement runs. */
void weft_engine_watch(struct weft_engine *engine, int64_t deadline_us);
/* One scalar call can take gigabytes past the memory limit and heed no interrupt: then only the end
 * of the process helps. fn is called once, from the watcher's thread, when the resident size of the
 * process passes rss_max (bytes) while a statement runs (LIMIT), or when a statement still runs 2 s
 * after it was told to stop (TIMEOUT, CANCELLED). It should tell, and end the process. Call it
 * before weft_engine_watch. */
typedef void weft_stuck_fn(void *arg, enum weft_code code);
void weft_engine_on_stuck(struct weft_engine *engine, int64_t rss_max, weft_stuck_fn *fn,
                          void *arg);

/* ---- weft's own SQL (never a person's text) ---- */
/* *rows (may be NULL): rows changed or copied. Errors: SQL with DuckDB's text (for weft's own
 * faults), NOMEM, NO_SPACE, CANCELLED, TIMEOUT. */
int weft_engine_exec(struct weft_engine *engine, const char *sql, int64_t *rows,
                     struct weft_error *error) WEFT_MUST_CHECK;

struct weft_param {
    const char *name; /* NULL = positional */
    const char *text; /* NULL = null; given to DuckDB as VARCHAR */
};

/* Streams: nothing but the current chunk is held. */
int weft_engine_query(struct weft_engine *engine, const char *sql, const struct weft_param *params,
                      size_t param_count, struct weft_result **out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Prepares; NULL for statement: and forgets (is the text right?). Else the caller destroys it. */
int weft_engine_prepare(struct weft_engine *engine, const char *sql,
                        duckdb_prepared_statement *statement, struct weft_error *error)
    WEFT_MUST_CHECK;
void weft_result_close(struct weft_result *result); /* NULL is nothing */
void weft_result_closep(struct weft_result **result);
size_t weft_result_column_count(const struct weft_result *result);
const char *weft_result_column_name(const struct weft_result *result, size_t column);
duckdb_logical_type weft_result_column_type(const struct weft_result *result, size_t column);
/* The type's name, as weft writes types where there is one. */
const char *weft_result_column_type_name(const struct weft_result *result, size_t column);
/* The next chunk (owned by the result, valid to the next call); WEFT_END after the last. */
int weft_result_next(struct weft_result *result, duckdb_data_chunk *chunk, struct weft_error *error)
    WEFT_MUST_CHECK;

/* Convenience over the stream, for small results: row by row. 0 = a row; WEFT_END. */
int weft_result_row(struct weft_result *result, struct weft_error *error) WEFT_MUST_CHECK;
bool weft_result_is_null(struct weft_result *result, size_t column);
int64_t weft_result_int(struct weft_result *result, size_t column);
double weft_result_double(struct weft_result *result, size_t column);
/* Any type as text, as DuckDB prints it; valid to the next row; "" for null, and where memory is
 * out: then weft_result_row fails. */
const char *weft_result_text(struct weft_result *result, size_t column);
/* Were all texts made? For who judges by one of them. */
int weft_result_check(const struct weft_result *result, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- values of a chunk in the formats of the doors (encode.c) ---- */
enum weft_encode_format { WEFT_ENCODE_TEXT, WEFT_ENCODE_CSV, WEFT_ENCODE_JSON };
/* One value. TEXT: as people read it (nothing for null); CSV: quoted where needed, null empty,
 * empty text quoted; JSON: numbers as numbers (integers beyond 2^53 and decimals as DuckDB's own
 * JSON does), lists and structs nested, dates as text, NaN as null. */
int weft_encode_value(struct weft_result *result, duckdb_data_chunk chunk, size_t column, idx_t row,
                      enum weft_encode_format format, struct weft_buf *out,
                      struct weft_error *error) WEFT_MUST_CHECK;

#endif

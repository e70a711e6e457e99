/*
 * engine_internal.h - what the files of this folder share about instances and results.
 */
#ifndef WEFT_ENGINE_ENGINE_INTERNAL_H
#define WEFT_ENGINE_ENGINE_INTERNAL_H

#include "base/map.h"
#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

enum weft_engine_stop { WEFT_STOP_NONE, WEFT_STOP_CANCELLED, WEFT_STOP_TIMEOUT };

struct weft_engine {
    duckdb_database database;
    duckdb_connection connection; /* statements */
    duckdb_connection meta;       /* parsing and printing: never ends a stream of `connection` */
    bool sealed;
    bool protects;                       /* protect.h: has its functions */
    duckdb_error_type last_error;        /* of the last statement that failed */
    duckdb_prepared_statement serialize; /* on meta; made at the first use */
    duckdb_prepared_statement deserialize;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    pthread_t watcher;
    bool watching;
    bool closing;
    int running; /* statements and open streams */
    int64_t deadline_us;
    int64_t stopped_us; /* monotonic: when the running statement was first told; 0 = not told */
    int64_t rss_max;
    weft_stuck_fn *stuck; /* NULL = nobody to tell */
    void *stuck_arg;
    _Atomic int stop; /* enum weft_engine_stop */
};

/* Around each statement: begin before it starts, end when it or its stream is over. */
void weft_engine_running_begin(struct weft_engine *engine);
void weft_engine_running_end(struct weft_engine *engine);
/* An instance with this configuration, in memory. */
int weft_engine_database_open(const struct weft_engine_config *from, duckdb_database *out,
                              struct weft_error *error) WEFT_MUST_CHECK;
/* The one that was opened ahead (warm.c), or NULL. */
duckdb_database weft_engine_warm_take(void);
/* Turns DuckDB's failure into weft's error. */
int weft_engine_fail(struct weft_engine *engine, duckdb_error_type type, const char *text,
                     struct weft_error *error);
/* Runs on any connection of the engine; the result is the caller's. */
int weft_engine_run(struct weft_engine *engine, duckdb_connection connection, const char *sql,
                    duckdb_result *result, struct weft_error *error) WEFT_MUST_CHECK;

struct weft_result {
    struct weft_engine *engine;
    duckdb_prepared_statement statement;
    duckdb_result result;
    bool open; /* result is to be destroyed */
    bool done;
    size_t column_count;
    char **names;
    char **type_names;
    duckdb_logical_type *types;
    duckdb_data_chunk chunk;      /* NULL = none */
    duckdb_data_chunk rows;       /* the chunk that weft_result_row walks */
    idx_t row;                    /* in rows */
    struct weft_buf *texts;       /* of weft_result_text, one for each column */
    bool *text_made;              /* for the current row */
    struct weft_error text_error; /* of a text that could not be made: the next row fails */
};

/* The name of a type as weft writes it, else DuckDB's in lower case. */
void weft_engine_type_name(duckdb_logical_type type, struct weft_buf *out);

#endif

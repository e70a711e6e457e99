/*
 * session.h - a person's statements, one after the other: what holds for all of them (format, time,
 * parameters), and what can be named in them.
 *
 * Each statement has a transaction, an instance of DuckDB, a memory arena and an entry in the audit
 * of its own, so it sees the newest state and leaves nothing behind for the next one; what takes
 * long in opening an instance is done ahead (weft_session_warm).
 * Thread rule: one thread.
 */
#ifndef WEFT_APP_SESSION_H
#define WEFT_APP_SESSION_H

#include "app/op.h"

#include <pthread.h>

enum weft_query_format {
    WEFT_QUERY_TABLE,
    WEFT_QUERY_CSV,
    WEFT_QUERY_JSON,
    WEFT_QUERY_NDJSON,
    WEFT_QUERY_PARQUET
};

struct weft_session {
    struct weft_context *context; /* its arena holds what belongs to the session */
    enum weft_query_format format;
    const char *output; /* NULL = to out; each statement writes it anew */
    const struct weft_param *params;
    size_t param_count;
    bool params_shared;     /* of several statements: not each has to name all parameters */
    int64_t as_of_us;       /* 0 = now */
    int64_t as_of_snapshot; /* 0 = none */
    const char *emergency;  /* --break-glass: why; NULL = none */
    pthread_t warmer;
    bool warming;
};

struct weft_statement {
    const char *text;
    size_t length;
    const char *file;  /* for places in errors; NULL = the command line */
    int line_offset;   /* lines of the file before it */
    int column_offset; /* characters before it in its first line */
};

/* From --format, --output, --param, --as-of of a request of `query`. */
int weft_session_open(struct weft_session *session, struct weft_context *context,
                      const struct weft_op_request *request, struct weft_out *out,
                      struct weft_error *error) WEFT_MUST_CHECK;
void weft_session_close(struct weft_session *session);
/* "table", "csv" ...; parquet is refused. USAGE. */
int weft_session_format(struct weft_session *session, const char *name, struct weft_error *error)
    WEFT_MUST_CHECK;
/* A time or a snapshot's id; NULL = now. USAGE. */
int weft_session_as_of(struct weft_session *session, const char *when, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Begins to make an instance for the next statement, in a thread. */
void weft_session_warm(struct weft_session *session);
/* *rows (may be NULL): how many were sent. */
int weft_session_run(struct weft_session *session, const struct weft_statement *statement,
                     struct weft_out *out, int64_t *rows, struct weft_error *error) WEFT_MUST_CHECK;
/* An operation of the table, as from the command line: what `\d` and the like show. Words are its
 * WORD and WORDS arguments. */
int weft_session_op(struct weft_session *session, const char *op, const char *const *words,
                    size_t word_count, struct weft_out *out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- what can be named (names.c) ---- */

struct weft_session_column {
    const char *name;
    const char *type;
};

struct weft_session_table {
    const char *name; /* domain.product, domain.product__v1, mesh.runs */
    bool mesh;
    const struct weft_session_column *columns;
    size_t column_count;
};

struct weft_session_names {
    struct weft_arena *arena;                /* NULL = nothing is known yet */
    int64_t sequence;                        /* of the ledger that it was read at */
    int64_t time_us;                         /* when */
    const struct weft_session_table *tables; /* sorted by name */
    size_t count;
};

/* Reads them anew only when the ledger has moved on; what somebody may know also after a while. */
int weft_session_names(struct weft_session *session, struct weft_session_names *names,
                       struct weft_error *error) WEFT_MUST_CHECK;
void weft_session_names_release(struct weft_session_names *names);
/* NULL = there is none of that name (any case). */
const struct weft_session_table *weft_session_table(const struct weft_session_names *names,
                                                    const char *name);

#endif

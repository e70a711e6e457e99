/*
 * out.h - where an operation's results go: a stream of plain results, which a door translates.
 *
 * An operation gives tables (head, rows, end), lines for people, JSON values for programs, bytes
 * (a query's result in a format), notes (warnings and hints), and progress. A door for people shows
 * tables and lines; a door for programs shows tables as arrays of objects, JSON values as they are.
 * An operation that writes lines gives the same facts as a table or JSON value.
 * Functions fail only when the door does (a closed pipe, a full disk): IO.
 */
#ifndef WEFT_CONTEXT_OUT_H
#define WEFT_CONTEXT_OUT_H

#include "base/buf.h"
#include "base/diag.h"

enum weft_cell_kind {
    WEFT_CELL_NULL,
    WEFT_CELL_TEXT,
    WEFT_CELL_WORD, /* a text of which a part would be another one: a date */
    WEFT_CELL_INT,
    WEFT_CELL_DOUBLE,
    WEFT_CELL_BOOL,
    WEFT_CELL_TIME, /* microseconds since 1970; RFC 3339 in JSON */
    WEFT_CELL_JSON  /* text is a JSON value */
};

struct weft_cell {
    enum weft_cell_kind kind;
    int64_t number; /* INT, BOOL, TIME */
    double real;
    const char *text; /* TEXT, WORD, JSON; valid during the call */
};

struct weft_out_column {
    const char *name;
    bool right;     /* aligned to the right for people */
    bool only_json; /* too much for people */
};

enum weft_style {
    WEFT_STYLE_PLAIN,
    WEFT_STYLE_TITLE,
    WEFT_STYLE_ADDED,
    WEFT_STYLE_CHANGED,
    WEFT_STYLE_REMOVED,
    WEFT_STYLE_GOOD,
    WEFT_STYLE_BAD,
    WEFT_STYLE_DIM
};

struct weft_out_progress {
    const char *what;  /* "county_health.daily_reports" */
    const char *stage; /* "reading"; NULL = this one is over: take it off the screen */
    int64_t rows;
    int64_t bytes_done;
    int64_t bytes_total;
};

struct weft_out {
    void *arg;
    bool for_people; /* an operation may leave out costly lines for programs */
    bool terminal;   /* standard output is one */
    int (*table)(void *arg, const struct weft_out_column *columns, size_t count,
                 struct weft_error *error);
    int (*row)(void *arg, const struct weft_cell *cells, struct weft_error *error);
    int (*table_end)(void *arg, struct weft_error *error);
    int (*line)(void *arg, enum weft_style style, const char *text, struct weft_error *error);
    int (*json)(void *arg, const char *json, size_t length, struct weft_error *error);
    int (*bytes)(void *arg, const void *data, size_t length, struct weft_error *error);
    void (*note)(void *arg, const struct weft_diag_item *item);
    void (*progress)(void *arg, const struct weft_out_progress *progress);
    /* What was given so far is to be seen now. */
    int (*flush)(void *arg, struct weft_error *error);
    /* 0 = answered (*yes set); USAGE when there is no terminal to ask at. */
    int (*ask)(void *arg, const char *question, bool *yes, struct weft_error *error);
    /* A line that is not shown while it is typed; out holds size bytes and is wiped by the caller.
     * USAGE when there is no terminal. */
    int (*ask_secret)(void *arg, const char *question, char *text, size_t size, size_t *length,
                      struct weft_error *error);
};

/* The door's function behind a shorter name. */
int weft_out_table(struct weft_out *out, const struct weft_out_column *columns, size_t count,
                   struct weft_error *error) WEFT_MUST_CHECK;
int weft_out_row(struct weft_out *out, const struct weft_cell *cells, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_out_table_end(struct weft_out *out, struct weft_error *error) WEFT_MUST_CHECK;
/* A line for people; programs do not see it. */
int weft_out_line(struct weft_out *out, enum weft_style style, struct weft_error *error,
                  const char *format, ...) WEFT_PRINTF(4, 5) WEFT_MUST_CHECK;
/* A JSON value for programs; people do not see it. */
int weft_out_json(struct weft_out *out, const struct weft_buf *json, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_out_bytes(struct weft_out *out, const void *data, size_t length, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_out_flush(struct weft_out *out, struct weft_error *error) WEFT_MUST_CHECK;
void weft_out_warn(struct weft_out *out, const char *format, ...) WEFT_PRINTF(2, 3);
void weft_out_note(struct weft_out *out, const char *format, ...) WEFT_PRINTF(2, 3);
void weft_out_diag(struct weft_out *out, struct weft_diag *diag); /* sorted, all of them */

struct weft_cell weft_out_cell_text(const char *text); /* NULL = null */
struct weft_cell weft_out_cell_int(int64_t value);
struct weft_cell weft_out_cell_double(double value); /* NaN = null */
struct weft_cell weft_out_cell_bool(bool value);
struct weft_cell weft_out_cell_time(int64_t us); /* 0 = null */
struct weft_cell weft_out_cell_json(const char *json);

#endif

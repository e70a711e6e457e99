/*
 * buf.h - the one string builder, and views.
 *
 * data is never NULL and always ends with a zero byte; length is known; the maximum is given at
 * init; failure (out of memory, over the maximum) is sticky, so a chain of adds is checked once,
 * by weft_buf_check. Lives on the stack. Thread rule: one thread at a time.
 */
#ifndef WEFT_BASE_BUF_H
#define WEFT_BASE_BUF_H

#include "base/defs.h"
#include "base/error.h"

#include <stdarg.h>

/* A view: not owned, not zero-terminated. */
struct weft_str {
    const char *data;
    size_t length;
};

#define WEFT_STR(literal) ((struct weft_str){(literal), sizeof(literal) - 1})
struct weft_str weft_str_of(const char *text); /* NULL gives an empty view */
bool weft_str_equal(struct weft_str a, struct weft_str b);
bool weft_str_is(struct weft_str a, const char *text);

struct weft_buf {
    char *data;
    size_t length;
    size_t capacity; /* 0 while data points to the static empty string */
    size_t max;
    bool failed;
    bool over_max; /* why it failed; else memory ran out */
};

void weft_buf_init(struct weft_buf *buf, size_t max);
void weft_buf_release(struct weft_buf *buf);
void weft_buf_clear(struct weft_buf *buf); /* empty again, memory kept, failure forgotten */

void weft_buf_add(struct weft_buf *buf, const void *data, size_t length);
void weft_buf_adds(struct weft_buf *buf, const char *text);
void weft_buf_addc(struct weft_buf *buf, char c);
void weft_buf_addf(struct weft_buf *buf, const char *format, ...) WEFT_PRINTF(2, 3);
void weft_buf_addv(struct weft_buf *buf, const char *format, va_list args);
void weft_buf_add_str(struct weft_buf *buf, struct weft_str text);
/* "name" with quotes doubled, as SQL identifiers and strings are written. */
void weft_buf_add_sql_name(struct weft_buf *buf, const char *name);
void weft_buf_add_sql_text(struct weft_buf *buf, const char *text, size_t length);
/* Room for `length` more bytes, or NULL (sticky). The caller then adds to buf->length. */
char *weft_buf_room(struct weft_buf *buf, size_t length);
void weft_buf_shrink(struct weft_buf *buf, size_t length); /* cuts to length */

/* 0, or -1 with NOMEM or LIMIT in error. */
int weft_buf_check(const struct weft_buf *buf, struct weft_error *error) WEFT_MUST_CHECK;
/* Hands the text over (weft_free it); the buffer is empty afterwards. NULL if failed. */
char *weft_buf_steal(struct weft_buf *buf) WEFT_MUST_CHECK;

#endif

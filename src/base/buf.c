/*
 * buf.c - the string builder of buf.h.
 */
#include "base/buf.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static char empty_text[1] = "";

struct weft_str weft_str_of(const char *text)
{
    struct weft_str str = {text == NULL ? "" : text, text == NULL ? 0 : strlen(text)};
    return str;
}

bool weft_str_equal(struct weft_str a, struct weft_str b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool weft_str_is(struct weft_str a, const char *text)
{
    return weft_str_equal(a, weft_str_of(text));
}

void weft_buf_init(struct weft_buf *buf, size_t max)
{
    assert(max > 0);
    *buf = (struct weft_buf){.data = empty_text, .max = max};
}

void weft_buf_release(struct weft_buf *buf)
{
    if (buf->capacity > 0)
        weft_free(buf->data);
    buf->data = empty_text;
    buf->length = buf->capacity = 0;
}

void weft_buf_clear(struct weft_buf *buf)
{
    weft_buf_shrink(buf, 0);
    buf->failed = buf->over_max = false;
}

void weft_buf_shrink(struct weft_buf *buf, size_t length)
{
    assert(length <= buf->length);
    buf->length = length;
    if (buf->capacity > 0)
        buf->data[length] = '\0';
}

char *weft_buf_room(struct weft_buf *buf, size_t length)
{
    if (buf->failed)
        return NULL;
    if (length > buf->max - buf->length) {
        buf->failed = buf->over_max = true;
        return NULL;
    }
    size_t need = buf->length + length + 1;
    if (need > buf->capacity) {
        size_t grown = buf->capacity < 64 ? 64 : buf->capacity * 2;
        if (grown < need)
            grown = need;
        char *moved = weft_realloc(buf->capacity > 0 ? buf->data : NULL, grown);
        if (moved == NULL) {
            buf->failed = true;
            return NULL;
        }
        moved[buf->length] = '\0';
        buf->data = moved;
        buf->capacity = grown;
    }
    return buf->data + buf->length;
}

void weft_buf_add(struct weft_buf *buf, const void *data, size_t length)
{
    char *room = weft_buf_room(buf, length);
    if (room == NULL)
        return;
    if (length > 0)
        memcpy(room, data, length);
    room[length] = '\0';
    buf->length += length;
}

void weft_buf_adds(struct weft_buf *buf, const char *text)
{
    weft_buf_add(buf, text, strlen(text));
}

void weft_buf_addc(struct weft_buf *buf, char c)
{
    weft_buf_add(buf, &c, 1);
}

void weft_buf_add_str(struct weft_buf *buf, struct weft_str text)
{
    weft_buf_add(buf, text.data, text.length);
}

void weft_buf_addv(struct weft_buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    if (length < 0) /* longer than an int can say */
        buf->failed = buf->over_max = true;
    char *room = length < 0 ? NULL : weft_buf_room(buf, (size_t)length);
    if (room != NULL) {
        vsnprintf(room, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
}

void weft_buf_addf(struct weft_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    weft_buf_addv(buf, format, args);
    va_end(args);
}

static void add_doubled(struct weft_buf *buf, const char *text, size_t length, char quote)
{
    weft_buf_addc(buf, quote);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == quote)
            weft_buf_addc(buf, quote);
        weft_buf_addc(buf, text[i]);
    }
    weft_buf_addc(buf, quote);
}

void weft_buf_add_sql_name(struct weft_buf *buf, const char *name)
{
    add_doubled(buf, name, strlen(name), '"');
}

void weft_buf_add_sql_text(struct weft_buf *buf, const char *text, size_t length)
{
    add_doubled(buf, text, length, '\'');
}

int weft_buf_check(const struct weft_buf *buf, struct weft_error *error)
{
    if (!buf->failed)
        return 0;
    if (buf->over_max)
        return weft_error_set(error, WEFT_E_LIMIT, "a text grew over %zu bytes", buf->max);
    return weft_error_nomem(error);
}

char *weft_buf_steal(struct weft_buf *buf)
{
    if (buf->failed)
        return NULL;
    char *text = buf->capacity > 0 ? buf->data : weft_strdup("");
    size_t max = buf->max;
    weft_buf_init(buf, max);
    return text;
}

/*
 * json.h - JSON: reading by yyjson with limits, an append-only writer, the canonical form.
 *
 * Reading gives yyjson's own tree (yyjson.h is included on purpose: a kept library is not wrapped).
 * Input is hostile: depth at most 64 (or as given), valid UTF-8, nothing behind the value.
 */
#ifndef WEFT_CODEC_JSON_H
#define WEFT_CODEC_JSON_H

#include "base/buf.h"

#include <yyjson.h>

#define WEFT_JSON_DEPTH_MAX 64

enum weft_json_flags {
    WEFT_JSON_UNIQUE_KEYS = 1, /* refuse an object that has a key twice */
    WEFT_JSON_DEEP = 2,        /* depth up to 2048, for SQL trees */
    WEFT_JSON_RAW_NUMBERS = 4  /* every number as it is written: yyjson_is_raw */
};

/* INVALID with line and column. Numbers beyond 64 bits are refused. Free with yyjson_doc_free or
 * weft_json_freep. Allocates through base/mem.h. */
int weft_json_parse(const char *data, size_t length, unsigned flags, yyjson_doc **out,
                    struct weft_error *error) WEFT_MUST_CHECK;
void weft_json_freep(yyjson_doc **doc);
/* The allocator to hand to yyjson's own functions, so that memory goes through base/mem.h. */
const yyjson_alc *weft_json_allocator(void);

/* ---- reading members: CORRUPT when missing or of another type (for documents that weft wrote) */
int weft_json_text(yyjson_val *object, const char *key, const char **out, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_json_int(yyjson_val *object, const char *key, int64_t *out, struct weft_error *error)
    WEFT_MUST_CHECK; /* also reads the string form of integers beyond 2^53 */
int weft_json_bool(yyjson_val *object, const char *key, bool *out, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_json_array(yyjson_val *object, const char *key, yyjson_val **out, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_json_object(yyjson_val *object, const char *key, yyjson_val **out,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* Missing or null gives the default. */
const char *weft_json_text_or(yyjson_val *object, const char *key, const char *otherwise);
int64_t weft_json_int_or(yyjson_val *object, const char *key, int64_t otherwise);
bool weft_json_bool_or(yyjson_val *object, const char *key, bool otherwise);

/* ---- writing: commas and quotes are put by the writer; text must be valid UTF-8, other bytes
 * become U+FFFD. Failure is the buffer's (sticky). ---- */
struct weft_json_writer {
    struct weft_buf *out;
    int depth;
    bool comma; /* a value stands before */
    bool key;   /* a key stands before */
};

void weft_json_writer_init(struct weft_json_writer *writer, struct weft_buf *out);
void weft_json_begin_object(struct weft_json_writer *writer);
void weft_json_end_object(struct weft_json_writer *writer);
void weft_json_begin_array(struct weft_json_writer *writer);
void weft_json_end_array(struct weft_json_writer *writer);
void weft_json_key(struct weft_json_writer *writer, const char *key);
void weft_json_put_text(struct weft_json_writer *writer, const char *text); /* NULL = null */
void weft_json_put_text_n(struct weft_json_writer *writer, const char *text, size_t length);
void weft_json_put_int(struct weft_json_writer *writer, int64_t value);
void weft_json_put_uint(struct weft_json_writer *writer, uint64_t value);
/* Shortest form that reads back the same; NaN and infinities become null. */
void weft_json_put_double(struct weft_json_writer *writer, double value);
void weft_json_put_bool(struct weft_json_writer *writer, bool value);
void weft_json_put_null(struct weft_json_writer *writer);
void weft_json_put_raw(struct weft_json_writer *writer, const char *json, size_t length);
void weft_json_put_value(struct weft_json_writer *writer, yyjson_val *value);
/* key and value in one call */
void weft_json_member_text(struct weft_json_writer *writer, const char *key, const char *text);
void weft_json_member_int(struct weft_json_writer *writer, const char *key, int64_t value);
void weft_json_member_bool(struct weft_json_writer *writer, const char *key, bool value);

/* ---- RFC 8785 (JCS): members sorted by UTF-16 code units, ECMAScript numbers, minimal escapes.
 * Integers beyond 2^53 must be strings already: INVALID. ---- */
int weft_json_canonical(yyjson_val *value, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* The members of an object. yyjson's own loop computes with NULL where the object is not there;
 * here it has no members then. */
#define WEFT_JSON_EACH(object, i, max, key, value)                                                 \
    for ((i) = 0, (max) = yyjson_obj_size(object),                                                 \
        (key) = (max) > 0 ? unsafe_yyjson_get_first(object) : NULL,                                \
        (value) = (max) > 0 ? (key) + 1 : NULL;                                                    \
         (i) < (max); (i)++, (key) = unsafe_yyjson_get_next(value), (value) = (key) + 1)

#endif

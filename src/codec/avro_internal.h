/*
 * avro_internal.h - the schema of an Avro file as a tree.
 */
#ifndef WEFT_CODEC_AVRO_INTERNAL_H
#define WEFT_CODEC_AVRO_INTERNAL_H

#include "codec/avro.h"
#include "codec/json.h"

enum weft_avro_type {
    WEFT_AVRO_T_NULL,
    WEFT_AVRO_T_BOOLEAN,
    WEFT_AVRO_T_INT,
    WEFT_AVRO_T_LONG,
    WEFT_AVRO_T_FLOAT,
    WEFT_AVRO_T_DOUBLE,
    WEFT_AVRO_T_BYTES,
    WEFT_AVRO_T_STRING,
    WEFT_AVRO_T_RECORD,
    WEFT_AVRO_T_ENUM,
    WEFT_AVRO_T_FIXED,
    WEFT_AVRO_T_ARRAY,
    WEFT_AVRO_T_MAP,
    WEFT_AVRO_T_UNION
};

/* What a value means besides its type; what is not known, or does not fit the type, is nothing. */
enum weft_avro_logical {
    WEFT_AVRO_L_NONE,
    WEFT_AVRO_L_DECIMAL, /* bytes, fixed: the unscaled value, big-endian */
    WEFT_AVRO_L_UUID,    /* string, fixed(16) */
    WEFT_AVRO_L_DATE,    /* int: days */
    WEFT_AVRO_L_TIME_MILLIS,
    WEFT_AVRO_L_TIME_MICROS,
    WEFT_AVRO_L_TIMESTAMP_MILLIS, /* instants */
    WEFT_AVRO_L_TIMESTAMP_MICROS,
    WEFT_AVRO_L_TIMESTAMP_NANOS,
    WEFT_AVRO_L_LOCAL_MILLIS, /* without a zone */
    WEFT_AVRO_L_LOCAL_MICROS,
    WEFT_AVRO_L_LOCAL_NANOS
};

struct weft_avro_schema {
    enum weft_avro_type type;
    enum weft_avro_logical logical;
    int precision, scale;                  /* decimal */
    const char *const *symbols;            /* enum: `size` of them */
    const char *name;                      /* record, enum, fixed; NULL else */
    int64_t size;                          /* fixed: bytes; enum: symbols */
    struct weft_avro_field *fields;        /* record */
    const struct weft_avro_schema **parts; /* array, map: one; union: branches */
    size_t count;
};

/* ---- reading (avro_read.c) ---- */

struct weft_avro_cursor {
    const unsigned char *data;
    size_t length;
    size_t at;
    size_t base; /* of data in the file, for messages */
    struct weft_arena *arena;
    struct weft_error *error;
    uint64_t *values_left;
};

/* CORRUPT with the byte; -1. */
int weft_avro_wrong(struct weft_avro_cursor *cursor, const char *what);
int weft_avro_take_long(struct weft_avro_cursor *cursor, int64_t *out) WEFT_MUST_CHECK;
int weft_avro_take_bytes(struct weft_avro_cursor *cursor, int64_t length, const char **out)
    WEFT_MUST_CHECK;
/* The head of a block of an array or a map: how many items, 0 behind the last; *size = its bytes
 * when it says so, else -1. Its end, given where its items began, must stand there. */
int weft_avro_take_block(struct weft_avro_cursor *cursor, int64_t *count, int64_t *size)
    WEFT_MUST_CHECK;
int weft_avro_end_block(struct weft_avro_cursor *cursor, size_t start, int64_t size)
    WEFT_MUST_CHECK;
int weft_avro_inflate(struct weft_avro_cursor *cursor, const char *packed, size_t length,
                      struct weft_buf *out) WEFT_MUST_CHECK;
/* snappy.c: raw snappy into out; false = damaged, or more than `most` bytes. */
bool weft_snappy_unpack(const unsigned char *packed, size_t length, size_t most,
                        struct weft_buf *out);

/* How many values a file may have: so many, and so many more for each byte. */
#define WEFT_AVRO_VALUES_FREE 65536
#define WEFT_AVRO_VALUES_PER_BYTE 8

/* ---- avro_value.c ---- */
int weft_avro_value_write(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                          int depth, struct weft_json_writer *writer) WEFT_MUST_CHECK;
/* As weft writes types; false where it has none. */
bool weft_avro_type_print(const struct weft_avro_schema *schema, int depth, struct weft_buf *out);

/* Named types may refer to themselves, so values are bounded in depth, not the schema. */
int weft_avro_schema_parse(struct weft_arena *arena, const char *json, size_t length,
                           const struct weft_avro_schema **out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

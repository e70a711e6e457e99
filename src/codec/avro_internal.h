/*
 * avro_internal.h - the schema of an Avro file as a tree.
 */
#ifndef WEFT_CODEC_AVRO_INTERNAL_H
#define WEFT_CODEC_AVRO_INTERNAL_H

#include "codec/avro.h"

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

struct weft_avro_schema {
    enum weft_avro_type type;
    const char *name;                      /* record, enum, fixed; NULL else */
    int64_t size;                          /* fixed: bytes; enum: symbols */
    struct weft_avro_field *fields;        /* record */
    const struct weft_avro_schema **parts; /* array, map: one; union: branches */
    size_t count;
};

/* Named types may refer to themselves, so values are bounded in depth, not the schema. */
int weft_avro_schema_parse(struct weft_arena *arena, const char *json, size_t length,
                           const struct weft_avro_schema **out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

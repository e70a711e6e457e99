/*
 * type.h - the types of fields: Iceberg's, and json, which is a string marked as such.
 *
 * A type is immutable and lives in the arena it was made in.
 */
#ifndef WEFT_DOCUMENT_TYPE_H
#define WEFT_DOCUMENT_TYPE_H

#include "base/buf.h"
#include "base/mem.h"

enum weft_type_kind {
    WEFT_TYPE_BOOLEAN,
    WEFT_TYPE_INT,
    WEFT_TYPE_LONG,
    WEFT_TYPE_FLOAT,
    WEFT_TYPE_DOUBLE,
    WEFT_TYPE_DECIMAL,
    WEFT_TYPE_STRING,
    WEFT_TYPE_DATE,
    WEFT_TYPE_TIME,
    WEFT_TYPE_TIMESTAMP,
    WEFT_TYPE_TIMESTAMPTZ,
    WEFT_TYPE_UUID,
    WEFT_TYPE_BINARY,
    WEFT_TYPE_JSON,
    WEFT_TYPE_LIST,
    WEFT_TYPE_STRUCT,
    WEFT_TYPE_MAP
};

struct weft_type_field; /* a named part of a struct */

struct weft_type {
    enum weft_type_kind kind;
    int precision;                        /* decimal: 1..38 */
    int scale;                            /* decimal: 0..precision */
    const struct weft_type *element;      /* list: element; map: value */
    const struct weft_type *key;          /* map */
    const struct weft_type_field *fields; /* struct */
    size_t field_count;
};

struct weft_type_field {
    const char *name;
    const struct weft_type *type;
};

/* Reads the text of a type ("decimal(9,2)", "list<struct<a: int>>"); understands the synonyms of
 * product-file.md (integer, number, text, varchar ...). Depth at most 16. INVALID, with a
 * suggestion as hint; column of the mistake (1-based within text) in error->column. */
int weft_type_parse(struct weft_arena *arena, const char *text, const struct weft_type **out,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* The canonical text. */
void weft_type_print(const struct weft_type *type, struct weft_buf *out);
bool weft_type_equal(const struct weft_type *a, const struct weft_type *b);
/* True where Iceberg allows `from` to become `to` without a rewrite (int to long, float to double,
 * decimal of same scale to larger precision), or both are equal. */
bool weft_type_widens(const struct weft_type *from, const struct weft_type *to);
/* The name DuckDB gives it: BIGINT, DECIMAL(9,2), STRUCT("a" INTEGER) ... */
void weft_type_print_duckdb(const struct weft_type *type, struct weft_buf *out);
bool weft_type_is_nested(const struct weft_type *type);
bool weft_type_is_number(const struct weft_type *type);
/* Does the text read as a value of this (not nested) type? For enum, min, max, null. */
bool weft_type_accepts(const struct weft_type *type, const char *text);

#endif

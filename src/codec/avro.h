/*
 * avro.h - Apache Avro object container files, as Iceberg's manifests need them: schemas with
 * attributes (field-id, element-id ...) are kept, file metadata is written and read.
 *
 * File: "Obj" 1, a map of metadata (avro.schema, avro.codec, own keys), 16 bytes of sync marker;
 * then blocks: number of records, bytes, data (as the codec says), the marker again.
 * Codecs: null and deflate. Specification: https://avro.apache.org/docs/1.11.1/specification/
 *
 * Input is hostile: depths, the number of values for each byte, and what is unpacked (256 MB) are
 * bounded; CORRUPT names the byte, LIMIT what was exceeded. What the values take in the arena is
 * the caller's to cap.
 * Thread rule: one thread at a time.
 */
#ifndef WEFT_CODEC_AVRO_H
#define WEFT_CODEC_AVRO_H

#include "base/buf.h"
#include "base/mem.h"

#define WEFT_AVRO_DEPTH_MAX 64

/* ---- writing: into a buffer, record by record ---- */

enum weft_avro_codec { WEFT_AVRO_NULL, WEFT_AVRO_DEFLATE };

struct weft_avro_meta {
    const char *key;
    const char *value;
};

struct weft_avro_writer {
    struct weft_buf *out;
    struct weft_buf block;
    int64_t block_records;
    int64_t records;
    enum weft_avro_codec codec;
    unsigned char sync[16];
    bool failed; /* a block could not be written; sticky */
};

/* Writes the head. `schema` is JSON text, kept as it is. Release in every case. */
int weft_avro_writer_init(struct weft_avro_writer *writer, struct weft_buf *out, const char *schema,
                          const struct weft_avro_meta *meta, size_t meta_count,
                          enum weft_avro_codec codec, struct weft_error *error) WEFT_MUST_CHECK;
void weft_avro_writer_release(struct weft_avro_writer *writer);

/* A record is its fields in the order of the schema. */
void weft_avro_put_boolean(struct weft_avro_writer *writer, bool value);
void weft_avro_put_long(struct weft_avro_writer *writer, int64_t value); /* int too */
void weft_avro_put_double(struct weft_avro_writer *writer, double value);
void weft_avro_put_bytes(struct weft_avro_writer *writer, const void *data, size_t length);
void weft_avro_put_text(struct weft_avro_writer *writer, const char *text);
void weft_avro_put_fixed(struct weft_avro_writer *writer, const void *data, size_t length);
/* The branch of a union; then the value, nothing for null. */
void weft_avro_put_branch(struct weft_avro_writer *writer, int branch);
/* Arrays and maps: begin with the number of items (0 is fine), then the items (a map's: key,
 * value), then end. */
void weft_avro_begin_items(struct weft_avro_writer *writer, int64_t count);
void weft_avro_end_items(struct weft_avro_writer *writer, int64_t count);
/* A record is whole. */
void weft_avro_end_record(struct weft_avro_writer *writer);
/* The last block. NOMEM or LIMIT (of the buffer) for all that failed before. */
int weft_avro_writer_end(struct weft_avro_writer *writer, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- reading ---- */

enum weft_avro_kind {
    WEFT_AVRO_IS_NULL,
    WEFT_AVRO_IS_BOOLEAN,
    WEFT_AVRO_IS_LONG,   /* int, long, enum (the symbol's number) */
    WEFT_AVRO_IS_DOUBLE, /* float, double */
    WEFT_AVRO_IS_BYTES,  /* bytes, fixed */
    WEFT_AVRO_IS_TEXT,
    WEFT_AVRO_IS_ARRAY,
    WEFT_AVRO_IS_MAP,   /* items are keys and values in turn */
    WEFT_AVRO_IS_RECORD /* items as in the schema's fields */
};

struct weft_avro_field {
    const char *name;
    int id; /* field-id; -1 = none */
    const struct weft_avro_schema *schema;
};

struct weft_avro_value {
    enum weft_avro_kind kind;
    int64_t number; /* BOOLEAN, LONG */
    double real;
    struct weft_str bytes; /* BYTES, TEXT (with a zero byte behind) */
    const struct weft_avro_value *items;
    size_t count;
    const struct weft_avro_field *fields; /* RECORD */
};

struct weft_avro_file {
    const char *schema;                /* JSON text */
    const struct weft_avro_meta *meta; /* without avro.schema and avro.codec */
    size_t meta_count;
    int64_t records;
};

/* Called for each record. The value lives in the arena. */
typedef int weft_avro_record_fn(void *arg, const struct weft_avro_value *record,
                                struct weft_error *error);

/* Reads a whole file; file->meta is there before the first call. */
int weft_avro_read(struct weft_arena *arena, const void *data, size_t length,
                   struct weft_avro_file *file, weft_avro_record_fn *fn, void *arg,
                   struct weft_error *error) WEFT_MUST_CHECK;

/* NULL when the record has no such field. */
const struct weft_avro_value *weft_avro_get(const struct weft_avro_value *record, const char *name);
const struct weft_avro_value *weft_avro_get_id(const struct weft_avro_value *record, int field_id);
/* The metadata's value, or NULL. */
const char *weft_avro_meta(const struct weft_avro_file *file, const char *key);

#endif

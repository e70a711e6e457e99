/*
 * avro_json.h - an Avro object container file as lines of JSON, one for each record: a decoder of a
 * source (codec/source.h). Codecs: null, deflate, snappy, zstandard.
 *
 * How values are written: records and maps as objects, arrays as arrays, a union as the value of
 * its branch, an enum as its symbol; integers with all their digits; doubles so that they read back
 * the same, the three that JSON has not as "NaN", "Infinity", "-Infinity"; decimals as texts of
 * their digits ("12.50"); bytes and fixed as "\x" and hexadecimal digits; dates and times as ISO
 * 8601 texts, instants with Z.
 *
 * Hostile input is bounded: a block is at most 256 MB, packed and unpacked; depths and the number
 * of values for each byte as in avro.h. Markers and counts of blocks are checked.
 */
#ifndef WEFT_CODEC_AVRO_JSON_H
#define WEFT_CODEC_AVRO_JSON_H

#include "codec/avro.h"
#include "codec/source.h"

/* Heap; its `free` gives it back. */
int weft_avro_decoder_new(struct weft_decoder **out, struct weft_error *error) WEFT_MUST_CHECK;

/* A field of the records, and its type as weft writes types ("decimal(9,2)", "list<long>"); "json"
 * where weft has no type for it. */
struct weft_avro_column {
    const char *name;
    const char *type;
};
/* What the file's head says, in the caller's arena: after the first read of the source that the
 * decoder belongs to. count 0 = the head was not there. */
int weft_avro_decoder_columns(const struct weft_decoder *decoder, struct weft_arena *arena,
                              const struct weft_avro_column **out, size_t *count,
                              struct weft_error *error) WEFT_MUST_CHECK;

#endif

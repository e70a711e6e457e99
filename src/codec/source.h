/*
 * source.h - one input file as a stream of text: decompressed by its magic bytes, decoded where it
 * is no UTF-8, hashed as it lies on disk, and checked to be the same file at the end as at the
 * beginning. Thread rule: one thread at a time.
 *
 * A decoder stands between the (decompressed) bytes and the text: an encoding (codec/encoding.h),
 * or a binary format whose records come out as lines of JSON. All places in the text, so also the
 * ids of rows, are places in what the decoder gives.
 */
#ifndef WEFT_CODEC_SOURCE_H
#define WEFT_CODEC_SOURCE_H

#include "base/fs.h"
#include "base/hash.h"

struct weft_source;

struct weft_decode_io {
    const char *in;
    size_t in_length;
    bool last;   /* nothing comes behind `in` */
    size_t used; /* set: bytes taken; of a failure, where it is */
    char *out;   /* at least WEFT_DECODE_OUT bytes */
    size_t out_length;
    size_t done; /* set: bytes given */
};
#define WEFT_DECODE_OUT ((size_t)1 << 16)

struct weft_decoder {
    /* Takes and gives what it can. With `last`, taking and giving nothing is the end: what is left
     * in `in`, or in the decoder, is then a failure. INPUT with a message that names no file. */
    int (*step)(struct weft_decoder *decoder, struct weft_decode_io *io, struct weft_error *error);
    void (*free)(struct weft_decoder *decoder);
};

int weft_source_open(const char *path, const char *shown, int64_t text_max,
                     struct weft_source **out, struct weft_error *error) WEFT_MUST_CHECK;
void weft_source_close(struct weft_source *source); /* NULL is nothing */
void weft_source_closep(struct weft_source **source);
/* Before the first read; takes the decoder over, also when it fails. NULL is nothing. */
int weft_source_decode(struct weft_source *source, struct weft_decoder *decoder,
                       struct weft_error *error) WEFT_MUST_CHECK;
/* Up to length bytes of text; *got = 0 at the end, when everything was checked. */
int weft_source_read(struct weft_source *source, char *data, size_t length, size_t *got,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* After the end: the hash of the bytes on disk and what the file is. INPUT when it changed. */
int weft_source_finish(struct weft_source *source, char hash[WEFT_SHA256_HEX],
                       struct weft_fs_identity *identity, struct weft_error *error) WEFT_MUST_CHECK;
int64_t weft_source_bytes(const struct weft_source *source); /* read from disk so far */
bool weft_source_compressed(const struct weft_source *source);

#endif

/*
 * source.h - one input file as a stream of text: decompressed by its magic bytes, hashed
 * as it lies on disk, and checked to be the same file at the end as at the beginning.
 * Thread rule: one thread at a time.
 */
#ifndef WEFT_CODEC_SOURCE_H
#define WEFT_CODEC_SOURCE_H

#include "base/fs.h"
#include "base/hash.h"

struct weft_source;

int weft_source_open(const char *path, const char *shown, int64_t text_max,
                     struct weft_source **out, struct weft_error *error) WEFT_MUST_CHECK;
void weft_source_close(struct weft_source *source); /* NULL is nothing */
void weft_source_closep(struct weft_source **source);
/* Up to length bytes of text; *got = 0 at the end, when everything was checked. */
int weft_source_read(struct weft_source *source, char *data, size_t length, size_t *got,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* After the end: the hash of the bytes on disk and what the file is. INPUT when it changed. */
int weft_source_finish(struct weft_source *source, char hash[WEFT_SHA256_HEX],
                       struct weft_fs_identity *identity, struct weft_error *error) WEFT_MUST_CHECK;
int64_t weft_source_bytes(const struct weft_source *source); /* read from disk so far */
bool weft_source_compressed(const struct weft_source *source);

#endif

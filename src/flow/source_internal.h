/*
 * source_internal.h - one input file as a stream of text: decompressed by its magic bytes, hashed
 * as it lies on disk, and checked to be the same file at the end as at the beginning.
 * Thread rule: one thread at a time.
 */
#ifndef WEFT_FLOW_SOURCE_INTERNAL_H
#define WEFT_FLOW_SOURCE_INTERNAL_H

#include "base/fs.h"
#include "base/hash.h"

struct flow_source;

int flow_source_open(const char *path, const char *shown, int64_t text_max,
                     struct flow_source **out, struct weft_error *error) WEFT_MUST_CHECK;
void flow_source_close(struct flow_source *source); /* NULL is nothing */
void flow_source_closep(struct flow_source **source);
/* Up to length bytes of text; *got = 0 at the end, when everything was checked. */
int flow_source_read(struct flow_source *source, char *data, size_t length, size_t *got,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* After the end: the hash of the bytes on disk and what the file is. INPUT when it changed. */
int flow_source_finish(struct flow_source *source, char hash[WEFT_SHA256_HEX],
                       struct weft_fs_identity *identity, struct weft_error *error) WEFT_MUST_CHECK;
int64_t flow_source_bytes(const struct flow_source *source); /* read from disk so far */
bool flow_source_compressed(const struct flow_source *source);

#endif

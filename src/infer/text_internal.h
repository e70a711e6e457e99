/*
 * text_internal.h - the text of a file before its records are split: where it begins, one record of
 * it, its encoding. Internal to this floor.
 */
#ifndef WEFT_INFER_TEXT_INTERNAL_H
#define WEFT_INFER_TEXT_INTERNAL_H

#include "codec/source.h"
#include "infer/infer_internal.h"

struct infer_record {
    struct infer_cell *cells; /* in the arena */
    size_t count;
    size_t begin;
    size_t end; /* behind its line end */
    int lines;
};

/* Behind the byte order mark and `skip` lines; at most length. */
size_t infer_text_start(const char *data, size_t length, int skip);
/* The record at `at`, whose text it copies. An open quote ends with the data. */
int infer_record_read(struct weft_arena *arena, const char *data, size_t length, size_t at,
                      const struct infer_dialect *dialect, struct infer_record *out,
                      struct weft_error *error) WEFT_MUST_CHECK;
size_t infer_count_lines(const char *data, size_t length);
/* The file as text: of the dialect's encoding, or of records of Avro as JSON; *decoder (may be
 * NULL) is then what reads them. */
int infer_source_open(const struct infer *infer, const struct weft_infer_file *file,
                      struct weft_source **out, const struct weft_decoder **decoder,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* After the text turned out not to be of the dialect's encoding: the next one to try. */
bool infer_encoding_next(struct infer *infer);

#endif

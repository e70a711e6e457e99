/*
 * text.c - see text_internal.h.
 */
#include "infer/text_internal.h"

#include "codec/avro_json.h"
#include "codec/encoding.h"

#include <string.h>

size_t infer_text_start(const char *data, size_t length, int skip)
{
    size_t start = length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (; skip > 0; skip--) {
        const char *end = memchr(data + start, '\n', length - start);
        if (end == NULL)
            return length;
        start = (size_t)(end + 1 - data);
    }
    return start;
}

size_t infer_count_lines(const char *data, size_t length)
{
    size_t lines = 0;
    const char *end = data + length;
    for (const char *at = data; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lines++;
    return lines;
}

/* One cell from `at`; gives the place of what ends it. copy may be NULL: only the end is wanted. */
static size_t cell_read(const char *data, size_t length, size_t at,
                        const struct infer_dialect *dialect, struct infer_cell *out, char *copy)
{
    size_t write = 0;
    *out = (struct infer_cell){.text = copy};
    if (dialect->quote != 0 && at < length && data[at] == dialect->quote) {
        out->quoted = true;
        for (at++; at < length; at++) {
            if (data[at] == dialect->quote && (at + 1 == length || data[at + 1] != dialect->quote))
                break;
            at += data[at] == dialect->quote;
            if (copy != NULL)
                copy[write] = data[at];
            write++;
        }
        at += at < length;
    }
    while (at < length && data[at] != dialect->delimiter && data[at] != '\n') {
        if (copy != NULL)
            copy[write] = data[at];
        write++;
        at++;
    }
    if (write > 0 && data[at - 1] == '\r' && (at == length || data[at] == '\n'))
        write--;
    out->length = write;
    return at;
}

static size_t record_end(const char *data, size_t length, size_t at,
                         const struct infer_dialect *dialect, size_t *cells)
{
    struct infer_cell cell;
    for (*cells = 1;; ++*cells) {
        at = cell_read(data, length, at, dialect, &cell, NULL);
        if (at >= length || data[at] == '\n')
            return WEFT_MIN(at + 1, length);
        at++;
    }
}

int infer_record_read(struct weft_arena *arena, const char *data, size_t length, size_t at,
                      const struct infer_dialect *dialect, struct infer_record *out,
                      struct weft_error *error)
{
    *out = (struct infer_record){.begin = at};
    out->end = record_end(data, length, at, dialect, &out->count);
    out->lines = (int)infer_count_lines(data + at, out->end - at);
    out->cells = weft_arena_array(arena, out->count, sizeof *out->cells);
    char *copy = weft_arena_alloc(arena, out->end - at + 1);
    if (out->cells == NULL || copy == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < out->count; i++) {
        at = cell_read(data, length, at, dialect, &out->cells[i], copy) + 1;
        copy += out->cells[i].length;
    }
    return 0;
}

int infer_source_open(const struct infer *infer, const struct weft_infer_file *file,
                      struct weft_source **out, const struct weft_decoder **decoder,
                      struct weft_error *error)
{
    enum weft_encoding encoding = WEFT_ENCODING_UTF_8;
    struct weft_source *source = NULL;
    struct weft_decoder *made = NULL;
    if (!weft_encoding_of(infer->dialect.encoding, &encoding))
        return weft_error_set(error, WEFT_E_INTERNAL, "no encoding %s", infer->dialect.encoding);
    WEFT_TRY(weft_source_open(file->path, file->shown, infer->what->file_size_max, &source, error));
    int rc = infer->dialect.format == WEFT_FORMAT_AVRO
                 ? weft_avro_decoder_new(&made, error)
                 : weft_encoding_decoder(encoding, &made, error);
    if (rc == 0)
        rc = weft_source_decode(source, made, error);
    if (rc < 0) {
        weft_source_close(source);
        return rc;
    }
    if (decoder != NULL)
        *decoder = made;
    *out = source;
    return 0;
}

/* Bytes that are no UTF-8 are western text of one byte for a letter: windows-1252 where it uses
 * what is not in latin-1, which the reader refuses there. */
bool infer_encoding_next(struct infer *infer)
{
    const char *now = infer->dialect.encoding;
    const char *next = strcmp(now, "utf-8") == 0     ? "latin-1"
                       : strcmp(now, "latin-1") == 0 ? "windows-1252"
                                                     : NULL;
    if (next != NULL)
        infer->dialect.encoding = next;
    return next != NULL;
}

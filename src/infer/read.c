/*
 * read.c - the records of the files, as a run splits them (codec/csv.h), cell by cell and
 * column by column of infer->columns. Records that a run would set aside are counted and passed
 * over.
 */
#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "codec/csv.h"
#include "codec/source.h"
#include "infer/text_internal.h"

#include <string.h>

#define READ_ROWS ((size_t)1024)
#define READ_CELLS ((size_t)1 << 17) /* of one batch */
#define READ_TELL_US 100000

struct reader {
    struct infer *infer;
    const struct weft_infer_file *file;
    struct weft_source *source;
    const char *stage;
    char *data; /* with room for WEFT_CSV_PAD behind */
    char *raw;  /* the block as it was, for the lines of its records */
    uint32_t *index;
    size_t length, capacity;
    size_t block; /* whole records: data[0..block) */
    int64_t line; /* of data[0] */
    int64_t base; /* offset of data[0] in the text */
    bool ended;
    /* of the file */
    size_t cells;
    int *map;    /* cell -> cell: the splitter's */
    int *column; /* cell -> column of infer */
    struct weft_csv split;
    struct infer_cell *record;
};

static void split_release(struct weft_csv *split)
{
    weft_free(split->begin);
    weft_free(split->size);
    weft_free(split->ids);
    weft_free(split->bad);
}

static void reader_release(struct reader *reader)
{
    weft_source_close(reader->source);
    weft_free(reader->data);
    weft_free(reader->raw);
    weft_free(reader->index);
    weft_free(reader->map);
    weft_free(reader->column);
    weft_free(reader->record);
    split_release(&reader->split);
}

static int reader_reserve(struct reader *reader, size_t want, struct weft_error *error)
{
    if (reader->capacity >= want)
        return 0;
    char *data = weft_realloc(reader->data, want + WEFT_CSV_PAD);
    if (data != NULL)
        reader->data = data;
    char *raw = data == NULL ? NULL : weft_realloc(reader->raw, want);
    if (raw != NULL)
        reader->raw = raw;
    uint32_t *index = raw == NULL ? NULL : weft_realloc(reader->index, (want + 1) * sizeof *index);
    if (index == NULL)
        return weft_error_nomem(error);
    memset(data + want, 0, WEFT_CSV_PAD);
    reader->index = index;
    reader->capacity = want;
    return 0;
}

static void reader_tell(struct reader *reader)
{
    struct infer *infer = reader->infer;
    int64_t now = weft_clock_mono_us();
    if (infer->what->tell == NULL || now - infer->told_us < READ_TELL_US)
        return;
    infer->told_us = now;
    infer->what->tell(infer->what->tell_arg, reader->stage, reader->file->shown, infer->records,
                      infer->bytes + weft_source_bytes(reader->source));
}

static int bad_at(const struct reader *reader, int64_t byte, const char *text,
                  struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INPUT, "%s", text);
    return weft_error_at_byte(error, reader->file->shown, 0, byte);
}

/* Takes the last block away and reads on. */
static int reader_fill(struct reader *reader, size_t want, struct weft_error *error)
{
    if (reader->block > 0) {
        reader->line += (int64_t)infer_count_lines(reader->raw, reader->block);
        reader->base += (int64_t)reader->block;
        reader->length -= reader->block;
        memmove(reader->data, reader->data + reader->block, reader->length);
        reader->block = 0;
    }
    WEFT_TRY(reader_reserve(reader, want + 1, error));
    while (!reader->ended && reader->length < want) {
        size_t got = 0;
        int rc = weft_source_read(reader->source, reader->data + reader->length,
                                  want - reader->length, &got, error);
        if (rc < 0 && error != NULL && error->code == WEFT_E_INPUT &&
            strcmp(reader->infer->dialect.encoding, "latin-1") == 0 &&
            infer_encoding_next(reader->infer)) {
            weft_error_clear(error);
            return WEFT_CHANGED;
        }
        WEFT_TRY(rc);
        reader->ended = got == 0;
        reader->length += got;
    }
    if (reader->ended && reader->length > 0 && reader->data[reader->length - 1] != '\n')
        reader->data[reader->length++] = '\n';
    return weft_process_check_cancelled(error);
}

static bool beyond_ascii(const char *data, size_t length)
{
    unsigned char all = 0;
    for (size_t i = 0; i < length; i++)
        all |= (unsigned char)data[i];
    return all >= 0x80;
}

/* Not UTF-8: another encoding is tried; then the reading begins anew. */
static int block_text(struct reader *reader, struct weft_error *error)
{
    struct infer *infer = reader->infer;
    size_t valid = weft_utf8_valid(reader->data, reader->block);
    if (memchr(reader->data, '\0', reader->block) != NULL)
        return bad_at(reader, reader->base, "the text holds a zero byte", error);
    if (valid == reader->block) {
        if (infer->beyond_ascii == NULL && beyond_ascii(reader->data, reader->block))
            infer->beyond_ascii = reader->file->shown;
        return 0;
    }
    if (infer->beyond_ascii != NULL && infer->beyond_ascii != reader->file->shown &&
        strcmp(infer->dialect.encoding, "utf-8") == 0) {
        bad_at(reader, reader->base + (int64_t)valid, "the text is not UTF-8", error);
        return weft_error_hint(error,
                               "%s is, and one input reads files of one encoding: infer from "
                               "each by itself",
                               infer->beyond_ascii);
    }
    if (!infer_encoding_next(infer))
        return bad_at(reader, reader->base + (int64_t)valid, "the text is not UTF-8", error);
    return WEFT_CHANGED;
}

/* The next whole records in data[0..block). 0, WEFT_END, or WEFT_CHANGED. */
static int reader_next(struct reader *reader, size_t start, struct weft_error *error)
{
    const struct infer_dialect *dialect = &reader->infer->dialect;
    size_t want = INFER_BLOCK;
    int64_t open_at = -1;
    for (;; want = reader->length * 2) {
        int rc = reader_fill(reader, WEFT_MAX(want, reader->length), error);
        if (rc != 0)
            return rc;
        if (reader->length == 0)
            return WEFT_END;
        start = WEFT_MIN(start, reader->length);
        size_t end = weft_csv_end(reader->data + start, reader->length - start, dialect->delimiter,
                                  dialect->quote, &open_at);
        reader->block = end == 0 ? 0 : start + end;
        if (reader->ended && open_at >= 0) {
            if (dialect->quote == 0)
                break;
            reader->infer->dialect.quote = 0; /* a quote that is never closed is no quote */
            return WEFT_CHANGED;
        }
        if (reader->ended)
            reader->block = reader->length;
        if (reader->block > 0)
            break;
        if ((int64_t)reader->length > reader->infer->what->record_size_max)
            return bad_at(reader, reader->base, "a record is longer than record_size_max", error);
    }
    memcpy(reader->raw, reader->data, reader->block);
    reader_tell(reader);
    return block_text(reader, error);
}

/* ---- the header ---- */

int infer_column_find(struct infer *infer, const char *name, size_t length, size_t place,
                      size_t *out, struct weft_error *error)
{
    size_t count = infer->column_count;
    bool by_name = infer->dialect.header;
    for (size_t i = 0, at = place; i < count; i++, at++) { /* mostly in its place */
        at = at >= count ? 0 : at;
        const char *known = infer->columns[at].header;
        if (by_name ? strlen(known) == length && memcmp(known, name, length) == 0 : at == place) {
            *out = at;
            return 0;
        }
    }
    if ((int64_t)count >= infer->what->columns_max)
        return weft_error_set(error, WEFT_E_INPUT,
                              "there are more columns than columns_max, %" PRId64,
                              infer->what->columns_max);
    if (weft_arena_reserve(infer->arena, &infer->columns, &infer->column_capacity, count + 1,
                           sizeof *infer->columns) < 0)
        return weft_error_nomem(error);
    struct infer_column *column = &infer->columns[count];
    *column = (struct infer_column){.header = weft_arena_strndup(infer->arena, name, length),
                                    .absent = infer->records};
    if (column->header == NULL)
        return weft_error_nomem(error);
    *out = infer->column_count++;
    return infer_column_init(column, infer->arena, error);
}

static int split_make(struct reader *reader, struct weft_error *error)
{
    struct weft_csv *split = &reader->split;
    size_t cells = reader->cells;
    size_t rows = WEFT_MAX(WEFT_MIN(READ_ROWS, READ_CELLS / WEFT_MAX(cells, 1)), 1);
    reader->map = weft_alloc_array(cells + 1, sizeof *reader->map);
    reader->column = weft_alloc_array(cells + 1, sizeof *reader->column);
    split->begin = weft_alloc_array(rows * cells + 1, sizeof *split->begin);
    split->size = weft_alloc_array(rows * cells + 1, sizeof *split->size);
    split->ids = weft_alloc_array(rows, sizeof *split->ids);
    split->bad = weft_alloc_array(rows, sizeof *split->bad);
    if (reader->map == NULL || reader->column == NULL || split->begin == NULL ||
        split->size == NULL || split->ids == NULL || split->bad == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < cells; i++)
        reader->map[i] = (int)i;
    split->delimiter = reader->infer->dialect.delimiter;
    split->quote = reader->infer->dialect.quote;
    split->cells = cells;
    split->slots = cells;
    split->map = reader->map;
    split->row_max = rows;
    return 0;
}

/* The first block: what stands before the records, and which columns the file has. */
static int file_begin(struct reader *reader, size_t *start, struct weft_error *error)
{
    struct infer *infer = reader->infer;
    const struct infer_dialect *dialect = &infer->dialect;
    struct infer_record head;
    size_t at = infer_text_start(reader->data, reader->block, dialect->skip);
    WEFT_TRY(
        infer_record_read(infer->arena, reader->data, reader->block, at, dialect, &head, error));
    reader->cells = head.count;
    WEFT_TRY(split_make(reader, error));
    for (size_t i = 0; i < head.count; i++) {
        const struct infer_record *names = dialect->header ? &head : infer->place_names;
        const char *name =
            names != NULL && i < names->count && names->cells[i].length > 0
                ? weft_arena_strndup(infer->arena, names->cells[i].text, names->cells[i].length)
                : weft_arena_format(infer->arena, "column_%zu", i + 1);
        size_t column = 0;
        if (name == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(infer_column_find(infer, name, strlen(name), i, &column, error));
        reader->column[i] = (int)column;
    }
    *start = dialect->header ? head.end : at;
    if (!dialect->header && reader->cells != infer->column_count)
        return weft_error_set(error, WEFT_E_INPUT, "%s has %zu columns, the files before have %zu",
                              reader->file->shown, reader->cells, infer->column_count);
    return 0;
}

/* ---- records ---- */

static void aside_note(struct reader *reader, size_t row)
{
    struct infer_aside *aside = &reader->infer->aside;
    if (aside->count++ > 0)
        return;
    size_t before = (size_t)(reader->split.ids[row] - reader->base);
    aside->file = reader->file->shown;
    aside->line = reader->line + (int64_t)infer_count_lines(reader->raw, before);
}

static int batch_take(struct reader *reader, size_t rows, bool first, infer_record_fn *fn,
                      void *arg, struct weft_error *error)
{
    const struct weft_csv *split = &reader->split;
    size_t columns = reader->infer->column_count;
    for (size_t row = 0; row < rows; row++) {
        if (split->bad[row]) {
            if (first)
                aside_note(reader, row);
            continue;
        }
        for (size_t c = 0; c < columns; c++)
            reader->record[c] = (struct infer_cell){.text = "", .absent = true};
        for (size_t i = 0; i < reader->cells; i++) {
            uint32_t size = split->size[i * split->row_max + row];
            reader->record[reader->column[i]] =
                (struct infer_cell){.text = split->data + split->begin[i * split->row_max + row],
                                    .length = size & ~WEFT_CSV_QUOTED,
                                    .quoted = (size & WEFT_CSV_QUOTED) != 0};
        }
        if (first)
            reader->infer->records++;
        int rc = fn(arg, reader->record, error);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int block_take(struct reader *reader, size_t start, bool first, infer_record_fn *fn,
                      void *arg, struct weft_error *error)
{
    struct weft_csv *split = &reader->split;
    split->data = reader->data;
    split->length = reader->block;
    split->position = start;
    split->base = reader->base;
    split->index = reader->index;
    weft_csv_index(split);
    for (size_t rows; (rows = weft_csv_batch(split)) > 0;) {
        int rc = batch_take(reader, rows, first, fn, arg, error);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int file_read(struct reader *reader, bool first, infer_record_fn *fn, void *arg,
                     struct weft_error *error)
{
    struct infer *infer = reader->infer;
    WEFT_TRY(infer_source_open(infer, reader->file, &reader->source, NULL, error));
    size_t start = 0;
    int rc = reader_next(reader, 0, error);
    if (rc == WEFT_END) {
        weft_error_set(error, WEFT_E_INPUT, "%s is empty", reader->file->shown);
        return weft_error_at(error, reader->file->shown, 1, 0);
    }
    if (rc == 0) {
        WEFT_TRY(file_begin(reader, &start, error));
        reader->record = weft_alloc_array(infer->column_count + 1, sizeof *reader->record);
        if (reader->record == NULL)
            return weft_error_nomem(error);
    }
    while (rc == 0) {
        rc = block_take(reader, start, first, fn, arg, error);
        start = 0;
        if (rc == 0)
            rc = reader_next(reader, 0, error);
    }
    infer->bytes += weft_source_bytes(reader->source);
    return rc == WEFT_END ? 0 : rc;
}

int infer_read(struct infer *infer, const char *stage, bool first, infer_record_fn *fn, void *arg,
               struct weft_error *error)
{
    infer->bytes = 0;
    for (size_t i = 0; i < infer->what->file_count; i++) {
        WEFT_CLEANUP(reader_release)
        struct reader reader = {
            .infer = infer, .file = &infer->what->files[i], .stage = stage, .line = 1};
        int rc;
        switch (infer->dialect.format) {
        case WEFT_FORMAT_CSV:
        case WEFT_FORMAT_TSV:
            rc = file_read(&reader, first, fn, arg, error);
            break;
        case WEFT_FORMAT_PARQUET:
            rc = infer_read_parquet(infer, reader.file, first, fn, arg, error);
            break;
        default:
            rc = infer_read_json(infer, reader.file, stage, first, fn, arg, error);
        }
        if (rc != 0)
            return rc;
    }
    return 0;
}

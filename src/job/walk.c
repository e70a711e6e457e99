/*
 * walk.c - from ids of rows back to where they stand: file, line, byte, the text as it was, and the
 * cells. One more pass over the files, only as far as the last row asked for, and only when rows
 * were set aside.
 */
#include "job/walk_internal.h"

#include "base/text.h"

#include <stdlib.h>

#define WALK_BLOCK ((size_t)1 << 20)

int job_walk_new(struct job_work *work, struct job_walk **out, struct weft_error *error)
{
    struct job_walk *walk = weft_alloc(sizeof *walk);
    if (walk == NULL)
        return weft_error_nomem(error);
    walk->work = work;
    walk->file_at = SIZE_MAX;
    *out = walk;
    return 0;
}

void job_walk_free(struct job_walk *walk)
{
    if (walk == NULL)
        return;
    weft_source_close(walk->source);
    weft_free(walk->data);
    weft_free(walk->copy);
    weft_free(walk->index);
    weft_free(walk->begin);
    weft_free(walk->size);
    weft_free(walk->map);
    weft_free(walk->cells);
    weft_free(walk->nulls);
    weft_free(walk);
}

void job_walk_freep(struct job_walk **walk)
{
    job_walk_free(*walk);
    *walk = NULL;
}

static int cells_reserve(struct job_walk *walk, size_t cells, struct weft_error *error)
{
    weft_free(walk->begin);
    weft_free(walk->size);
    weft_free(walk->map);
    weft_free(walk->cells);
    weft_free(walk->nulls);
    walk->begin = weft_alloc_array(cells + 1, sizeof *walk->begin);
    walk->size = weft_alloc_array(cells + 1, sizeof *walk->size);
    walk->map = weft_alloc_array(cells + 1, sizeof *walk->map);
    walk->cells = weft_alloc_array(cells + 1, sizeof *walk->cells);
    walk->nulls = weft_alloc_array(cells + 1, sizeof *walk->nulls);
    if (walk->begin == NULL || walk->size == NULL || walk->map == NULL || walk->cells == NULL ||
        walk->nulls == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < cells; i++)
        walk->map[i] = (int)i;
    return 0;
}

static int file_enter(struct job_walk *walk, size_t at, struct weft_error *error)
{
    const struct job_file *file = &walk->work->files[at];
    weft_source_closep(&walk->source);
    WEFT_TRY(job_source_open(walk->work, file, INT64_MAX, &walk->source, error));
    walk->file_at = at;
    walk->offset = 0;
    walk->length = 0;
    walk->line = 1;
    walk->counted = 0;
    walk->ended = false;
    return cells_reserve(walk, file->cells, error);
}

/* Reads on; the text from `keep` stays, what lies before is counted and dropped. */
static int window_slide(struct job_walk *walk, size_t keep, struct weft_error *error)
{
    if (walk->length > 0) {
        walk->line += (int64_t)job_count_lines(walk->data + walk->counted, keep - walk->counted);
        memmove(walk->data, walk->data + keep, walk->length - keep);
    }
    walk->counted = 0;
    walk->offset += (int64_t)keep;
    walk->length -= keep;
    if (walk->capacity < walk->length + WALK_BLOCK) {
        size_t capacity = walk->length + WALK_BLOCK;
        char *data = weft_realloc(walk->data, capacity);
        if (data == NULL)
            return weft_error_nomem(error);
        walk->data = data;
        walk->capacity = capacity;
    }
    size_t got = 0;
    WEFT_TRY(weft_source_read(walk->source, walk->data + walk->length,
                              walk->capacity - walk->length, &got, error));
    walk->length += got;
    walk->ended = got == 0;
    return 0;
}

/* A line, or the element of a json array that begins here. */
static bool json_length(enum job_text text, const char *data, size_t length, size_t *out)
{
    uint32_t pair[2];
    size_t count = 0;
    *out = length;
    if (text == JOB_TEXT_LINES) {
        const char *line = memchr(data, '\n', length);
        if (line == NULL)
            return false;
        *out = (size_t)(line - data);
        *out -= *out > 0 && data[*out - 1] == '\r';
        return true;
    }
    struct weft_json_split split;
    weft_json_split_init(&split);
    split.state = WEFT_JSON_SPLIT_VALUE;
    split.array = true;
    split.one = true;
    (void)!weft_json_split_run(&split, data, length, false, pair, &count);
    if (count == 0)
        return false;
    *out = pair[1];
    return true;
}

/* The length of the record at data, without its line end; false when it goes on behind. */
static bool record_length(const struct job_walk *walk, const char *data, size_t length, size_t *out)
{
    enum job_text text = job_text_of(walk->work->input);
    if (text != JOB_TEXT_CSV)
        return json_length(text, data, length, out);
    char quote = walk->work->input->csv.quote;
    char delimiter = walk->work->input->csv.delimiter;
    bool start = true;
    *out = length; /* of the last record, which may have no line end */
    for (size_t i = 0; i < length; i++) {
        if (start && quote != 0 && data[i] == quote) {
            for (i++; i < length; i++) {
                if (data[i] != quote)
                    continue;
                if (i + 1 == length)
                    return false;
                if (data[i + 1] != quote)
                    break;
                i++;
            }
            start = false;
        } else if (data[i] == '\n') {
            *out = i > 0 && data[i - 1] == '\r' ? i - 1 : i;
            return true;
        } else {
            start = data[i] == delimiter;
        }
    }
    return false;
}

/* Splits a copy of the record by the same code as the reading pass. */
static int record_split(struct job_walk *walk, const char *data, size_t length,
                        struct weft_error *error)
{
    const struct job_file *file = &walk->work->files[walk->file_at];
    const struct weft_csv_options *csv = &walk->work->input->csv;
    if (walk->copy_capacity < length + 2) {
        size_t capacity = (length + 2) * 2;
        char *copy = weft_realloc(walk->copy, capacity + WEFT_CSV_PAD);
        if (copy != NULL)
            walk->copy = copy;
        uint32_t *index = weft_realloc(walk->index, (capacity + 1) * sizeof *index);
        if (index != NULL)
            walk->index = index;
        if (copy == NULL || index == NULL)
            return weft_error_nomem(error);
        walk->copy_capacity = capacity;
    }
    memcpy(walk->copy, data, length);
    walk->copy[length] = '\n';
    memset(walk->copy + length + 1, 0, WEFT_CSV_PAD);
    uint8_t bad = 0;
    int64_t id = 0;
    struct weft_csv split = {.delimiter = csv->delimiter,
                             .quote = csv->quote,
                             .cells = file->cells,
                             .map = walk->map,
                             .slots = file->cells,
                             .row_max = 1,
                             .data = walk->copy,
                             .length = length + 1,
                             .index = walk->index,
                             .begin = walk->begin,
                             .size = walk->size,
                             .ids = &id,
                             .bad = &bad};
    weft_csv_index(&split);
    size_t rows = weft_csv_batch(&split);
    for (size_t i = 0; i < file->cells; i++) {
        uint32_t size = walk->size[i];
        walk->cells[i] = (struct weft_str){walk->copy + walk->begin[i], size & ~WEFT_CSV_QUOTED};
        walk->nulls[i] =
            rows == 0 || bad || job_cell_is_null(csv, walk->copy + walk->begin[i], size);
    }
    return 0;
}

static int file_seek(struct job_walk *walk, int64_t id, struct weft_error *error)
{
    const struct job_work *work = walk->work;
    size_t at = walk->file_at == SIZE_MAX ? 0 : walk->file_at;
    while (at < work->file_count &&
           (!work->files[at].read || id >= work->files[at].base + work->files[at].text_length))
        at++;
    if (at == work->file_count)
        return weft_error_set(error, WEFT_E_INTERNAL, "a row set aside lies in no file");
    return at == walk->file_at ? 0 : file_enter(walk, at, error);
}

int job_walk_to(struct job_walk *walk, int64_t id, struct job_place *place,
                struct weft_error *error)
{
    size_t size = 0;
    WEFT_TRY(file_seek(walk, id, error));
    const struct job_file *file = &walk->work->files[walk->file_at];
    int64_t byte = id - file->base;
    while (!walk->ended && walk->offset + (int64_t)walk->length <= byte)
        WEFT_TRY(window_slide(walk, walk->length, error));
    size_t at = (size_t)(byte - walk->offset);
    while (!walk->ended && !record_length(walk, walk->data + at, walk->length - at, &size)) {
        WEFT_TRY(window_slide(walk, at, error));
        at = 0;
    }
    if (at >= walk->length)
        return weft_error_set(error, WEFT_E_INPUT, "%s changed while it was read", file->out.shown);
    (void)record_length(walk, walk->data + at, walk->length - at, &size);
    bool json = job_text_of(walk->work->input) != JOB_TEXT_CSV;
    if (!json)
        WEFT_TRY(record_split(walk, walk->data + at, size, error));
    walk->line += (int64_t)job_count_lines(walk->data + walk->counted, at - walk->counted);
    walk->counted = at;
    *place = (struct job_place){.file = file,
                                .line = walk->line,
                                .byte = byte,
                                .raw = {walk->data + at, size},
                                .json = json,
                                .cells = walk->cells,
                                .nulls = walk->nulls,
                                .cell_count = file->cells};
    return 0;
}

/* The record as it was, in one line; what is no object, or does not read, has no values. */
static void json_values(const struct job_place *place, struct weft_buf *out)
{
    struct weft_json_slice value;
    if (weft_json_scan(place->raw.data, place->raw.length, &value) != NULL ||
        value.kind != WEFT_JSON_OBJECT) {
        weft_buf_adds(out, "{}");
        return;
    }
    /* Line ends stand between values only: a string cannot hold one. */
    for (const char *at = value.data, *end = at + value.length; at < end; at++) {
        if (*at != '\n' && *at != '\r')
            weft_buf_addc(out, *at);
    }
}

void job_place_values(const struct job_place *place, struct weft_buf *out)
{
    struct weft_json_writer writer;
    if (place->json) {
        json_values(place, out);
        return;
    }
    weft_json_writer_init(&writer, out);
    weft_json_begin_object(&writer);
    for (size_t i = 0; i < place->cell_count; i++) {
        weft_json_key(&writer, place->file->header.items[i]);
        if (place->nulls[i])
            weft_json_put_null(&writer);
        else
            weft_json_put_text_n(&writer, place->cells[i].data, place->cells[i].length);
    }
    weft_json_end_object(&writer);
}

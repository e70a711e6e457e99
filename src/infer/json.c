/*
 * json.c - the records of json and ndjson, and those of Avro as lines of JSON: each member of
 * an object is a cell of the column of its name. What a run would set aside (no object, broken, a
 * key twice) is counted and passed over.
 */
#include "base/process.h"
#include "base/text.h"
#include "codec/avro_json.h"
#include "infer/text_internal.h"

#include <string.h>

struct objects {
    struct infer *infer;
    const struct weft_infer_file *file;
    struct weft_source *source;
    const struct weft_decoder *decoder;
    bool first;
    infer_record_fn *fn;
    void *arg;
    char *data;
    uint32_t *pairs;
    size_t length, capacity;
    int64_t line;
    bool ended;
    bool by_line; /* one record in each line */
    struct weft_json_split split;
    struct infer_cell *record;
    size_t record_capacity;
};

static void objects_release(struct objects *objects)
{
    weft_source_close(objects->source);
    weft_free(objects->data);
    weft_free(objects->pairs);
    weft_free(objects->record);
}

static int objects_fill(struct objects *objects, size_t want, struct weft_error *error)
{
    if (objects->capacity < want) {
        char *data = weft_realloc(objects->data, want);
        if (data != NULL)
            objects->data = data;
        uint32_t *pairs =
            data == NULL ? NULL : weft_realloc(objects->pairs, (want + 1) * sizeof *pairs);
        if (pairs == NULL)
            return weft_error_nomem(error);
        objects->pairs = pairs;
        objects->capacity = want;
    }
    while (!objects->ended && objects->length < want) {
        size_t got = 0;
        WEFT_TRY(weft_source_read(objects->source, objects->data + objects->length,
                                  want - objects->length, &got, error));
        objects->ended = got == 0;
        objects->length += got;
    }
    return weft_process_check_cancelled(error);
}

/* ---- one record ---- */

static void aside_note(struct objects *objects, const char *at)
{
    struct infer_aside *aside = &objects->infer->aside;
    if (!objects->first || aside->count++ > 0)
        return;
    aside->file = objects->file->shown;
    aside->line =
        objects->line + (int64_t)infer_count_lines(objects->data, (size_t)(at - objects->data));
}

static int record_reserve(struct objects *objects, struct weft_error *error)
{
    size_t before = objects->record_capacity, count = objects->infer->column_count;
    if (weft_array_reserve(&objects->record, &objects->record_capacity, count + 1,
                           sizeof *objects->record) < 0)
        return weft_error_nomem(error);
    for (size_t i = before; i < objects->record_capacity; i++)
        objects->record[i] = (struct infer_cell){.text = "", .absent = true};
    return 0;
}

/* The text without escapes, in place: the record is not looked at again. */
static size_t text_open(struct objects *objects, const struct weft_json_slice *slice)
{
    char *text = objects->data + (slice->data - objects->data);
    return slice->escaped ? weft_json_unescape(text, slice->length, text) : slice->length;
}

/* *twice: a key stands twice. */
static int members_take(struct objects *objects, const struct weft_json_slice *object, bool *twice,
                        struct weft_error *error)
{
    struct weft_json_walk walk;
    struct weft_json_slice name, value;
    size_t place = 0;
    weft_json_walk_init(&walk, object->data, object->length);
    for (; weft_json_member_next(&walk, &name, &value); place++) {
        size_t column, length = text_open(objects, &name);
        WEFT_TRY(infer_column_find(objects->infer, name.data, length, place, &column, error));
        WEFT_TRY(record_reserve(objects, error));
        struct infer_cell *cell = &objects->record[column];
        *twice = *twice || cell->json;
        *cell = (struct infer_cell){.text = value.data,
                                    .length = value.length,
                                    .json = true,
                                    .kind = value.kind,
                                    .absent = value.kind == WEFT_JSON_NULL,
                                    .quoted = value.kind == WEFT_JSON_TEXT};
        if (value.kind == WEFT_JSON_TEXT)
            cell->length = text_open(objects, &value);
    }
    return 0;
}

static int record_take(struct objects *objects, size_t begin, size_t end, struct weft_error *error)
{
    struct infer *infer = objects->infer;
    struct weft_json_slice object;
    bool twice = false;
    const char *text = objects->data + begin;
    for (size_t i = 0; i < objects->record_capacity; i++)
        objects->record[i] = (struct infer_cell){.text = "", .absent = true};
    if (weft_json_scan(text, end - begin, &object) != NULL || object.kind != WEFT_JSON_OBJECT) {
        aside_note(objects, text);
        return 0;
    }
    WEFT_TRY(members_take(objects, &object, &twice, error));
    WEFT_TRY(record_reserve(objects, error));
    if (twice) {
        aside_note(objects, text);
        return 0;
    }
    infer->records += objects->first;
    return objects->fn(objects->arg, objects->record, error);
}

/* ---- blocks ---- */

static bool line_is_blank(const char *data, size_t begin, size_t end)
{
    while (begin < end && strchr(" \t\r", data[begin]) != NULL && data[begin] != '\0')
        begin++;
    return begin == end;
}

/* Whole lines; *used = what is done. */
static int lines_take(struct objects *objects, size_t *used, struct weft_error *error)
{
    size_t at = 0;
    while (at < objects->length) {
        const char *end = memchr(objects->data + at, '\n', objects->length - at);
        if (end == NULL && !objects->ended)
            break;
        size_t stop = end == NULL ? objects->length : (size_t)(end - objects->data);
        if (!line_is_blank(objects->data, at, stop)) {
            int rc = record_take(objects, at, stop, error);
            if (rc != 0)
                return rc;
        }
        at = end == NULL ? stop : stop + 1;
    }
    *used = at;
    return 0;
}

static int elements_take(struct objects *objects, size_t *used, struct weft_error *error)
{
    size_t count = 0;
    if (!weft_json_split_run(&objects->split, objects->data, objects->length, objects->ended,
                             objects->pairs, &count)) {
        weft_error_set(error, WEFT_E_INPUT, "%s is no JSON: %s", objects->file->shown,
                       objects->split.wrong);
        return weft_error_at(
            error, objects->file->shown,
            (int)(objects->line + (int64_t)infer_count_lines(objects->data, objects->split.at)), 0);
    }
    for (size_t i = 0; i < count; i++) {
        int rc = record_take(objects, objects->pairs[2 * i], objects->pairs[2 * i + 1], error);
        if (rc != 0)
            return rc;
    }
    *used = weft_json_split_keep(&objects->split);
    weft_json_split_shift(&objects->split, *used);
    return 0;
}

static int text_check(const struct objects *objects, size_t length, struct weft_error *error)
{
    size_t valid = weft_utf8_valid(objects->data, length);
    if (valid == length || (length - valid < 4 && !objects->ended))
        return 0;
    weft_error_set(error, WEFT_E_INPUT, "%s: the text is not UTF-8", objects->file->shown);
    return weft_error_at(error, objects->file->shown,
                         (int)(objects->line + (int64_t)infer_count_lines(objects->data, valid)),
                         0);
}

/* Types that the file itself tells. */
static int declared_take(struct objects *objects, struct weft_error *error)
{
    struct infer *infer = objects->infer;
    const struct weft_avro_column *columns;
    size_t count = 0;
    if (infer->dialect.format != WEFT_FORMAT_AVRO || !objects->first)
        return 0;
    WEFT_TRY(weft_avro_decoder_columns(objects->decoder, infer->arena, &columns, &count, error));
    for (size_t i = 0; i < count; i++) {
        size_t column;
        const struct weft_type *type;
        WEFT_TRY(
            infer_column_find(infer, columns[i].name, strlen(columns[i].name), i, &column, error));
        WEFT_TRY(weft_type_parse(infer->arena, columns[i].type, &type, error));
        infer->columns[column].declared = type;
    }
    return 0;
}

static int objects_read(struct objects *objects, struct weft_error *error)
{
    size_t want = INFER_BLOCK;
    bool begun = false;
    for (;;) {
        size_t used = 0;
        WEFT_TRY(objects_fill(objects, WEFT_MAX(want, objects->length + 1), error));
        if (!begun) {
            size_t mark = infer_text_start(objects->data, objects->length, 0);
            memset(objects->data, ' ', mark);
            WEFT_TRY(declared_take(objects, error));
            begun = true;
        }
        WEFT_TRY(text_check(objects, objects->length, error));
        size_t lines = infer_count_lines(objects->data, objects->length);
        int rc = objects->by_line ? lines_take(objects, &used, error)
                                  : elements_take(objects, &used, error);
        if (rc != 0)
            return rc;
        objects->length -= used;
        memmove(objects->data, objects->data + used, objects->length);
        objects->line += (int64_t)(lines - infer_count_lines(objects->data, objects->length));
        if (objects->ended)
            return 0;
        if ((int64_t)objects->length > objects->infer->what->record_size_max)
            return weft_error_set(error, WEFT_E_INPUT,
                                  "%s: a record is longer than record_size_max",
                                  objects->file->shown);
        want = used == 0 ? 2 * objects->length : INFER_BLOCK;
    }
}

int infer_read_json(struct infer *infer, const struct weft_infer_file *file, const char *stage,
                    bool first, infer_record_fn *fn, void *arg, struct weft_error *error)
{
    WEFT_CLEANUP(objects_release)
    struct objects objects = {.infer = infer,
                              .file = file,
                              .first = first,
                              .fn = fn,
                              .arg = arg,
                              .line = 1,
                              .by_line = infer->dialect.format != WEFT_FORMAT_JSON};
    (void)stage;
    weft_json_split_init(&objects.split);
    WEFT_TRY(infer_source_open(infer, file, &objects.source, &objects.decoder, error));
    int rc = objects_read(&objects, error);
    infer->bytes += weft_source_bytes(objects.source);
    return rc;
}

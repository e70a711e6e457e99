/*
 * avro_columns.c - the columns of Avro files that nobody declared: those that the files' heads say,
 * with their types. Files are read as lines of JSON otherwise (codec/avro_json.h, records.c).
 */
#include "codec/avro_json.h"
#include "job/parquet_internal.h"
#include "job/scan_internal.h"

#include <string.h>

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t job_avro_bytes(const struct job_work *work, char *text, size_t length)
{
    if (work->input->format != WEFT_FORMAT_AVRO || length < 2 || length % 2 != 0 ||
        memcmp(text, "\\x", 2) != 0)
        return length;
    for (size_t i = 2; i < length; i++) {
        if (digit_of(text[i]) < 0)
            return length;
    }
    for (size_t i = 2; i < length; i += 2)
        text[i / 2 - 1] = (char)(digit_of(text[i]) << 4 | digit_of(text[i + 1]));
    return length / 2 - 1;
}

struct merged {
    const char **names;
    const struct weft_type **types;
    size_t count;
    size_t name_capacity;
    size_t type_capacity;
};

/* One that weft has no type for is json: whatever it says is kept. */
static const struct weft_type *type_of(struct job_work *work, const char *text)
{
    static const struct weft_type type_json = {.kind = WEFT_TYPE_JSON};
    const struct weft_type *type = NULL;
    struct weft_error ignored = WEFT_ERROR_INIT;
    return weft_type_parse(work->arena, text, &type, &ignored) == 0 ? type : &type_json;
}

static int merge(struct job_work *work, struct merged *merged,
                 const struct weft_avro_column *columns, size_t count, struct weft_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const struct weft_type *type = type_of(work, columns[i].type);
        size_t at = 0;
        while (at < merged->count && strcmp(merged->names[at], columns[i].name) != 0)
            at++;
        if (at < merged->count) {
            merged->types[at] = job_parquet_common(work->arena, merged->types[at], type);
            if (merged->types[at] == NULL)
                return weft_error_nomem(error);
            continue;
        }
        if (weft_arena_reserve(work->arena, &merged->names, &merged->name_capacity, at + 1,
                               sizeof *merged->names) < 0 ||
            weft_arena_reserve(work->arena, &merged->types, &merged->type_capacity, at + 1,
                               sizeof *merged->types) < 0)
            return weft_error_nomem(error);
        merged->names[at] = columns[i].name;
        merged->types[at] = type;
        merged->count++;
    }
    return 0;
}

static int file_columns(struct job_work *work, struct job_file *file, struct merged *merged,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_source_closep) struct weft_source *source = NULL;
    struct weft_decoder *decoder = NULL;
    const struct weft_avro_column *columns = NULL;
    size_t count = 0, got = 0;
    char byte;
    WEFT_TRY(
        weft_source_open(file->local, file->out.shown, work->job->file_size_max, &source, error));
    WEFT_TRY(weft_avro_decoder_new(&decoder, error));
    WEFT_TRY(weft_source_decode(source, decoder, error));
    if (weft_source_read(source, &byte, 1, &got, error) < 0) {
        file->out.state = WEFT_FILE_BAD;
        return -1;
    }
    WEFT_TRY(weft_avro_decoder_columns(decoder, work->arena, &columns, &count, error));
    return merge(work, merged, columns, count, error);
}

int job_avro_sample(struct job_work *work, struct job_sample *out, struct weft_error *error)
{
    struct merged merged = {0};
    for (size_t i = 0; i < work->file_count; i++) {
        if (!work->files[i].read)
            continue;
        WEFT_TRY(file_columns(work, &work->files[i], &merged, error));
        if (out->shown == NULL)
            out->shown = work->files[i].out.shown;
    }
    if (out->shown == NULL)
        return weft_error_set(error, WEFT_E_INPUT, "there is nothing to read");
    out->header = (struct weft_texts){merged.names, merged.count};
    out->types = merged.types;
    return 0;
}

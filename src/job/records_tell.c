/*
 * records_tell.c - what is said of files of json and ndjson as a whole: that one is no json, has
 * none of the columns, lacks some, or has keys that no column takes.
 *
 * A file of csv tells its columns in its first line; here they are known when the last record was
 * read. A required column that a file never has sets its rows aside one by one.
 */
#include "job/scan_internal.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMES_SHOWN 20

/* ---- the lists of what was seen ---- */

void job_records_release(struct job_scan *scan)
{
    for (size_t i = 0; scan->extras != NULL && i < scan->work->file_count; i++)
        weft_map_free(scan->extras[i].names);
    weft_free(scan->extras);
    weft_free(scan->seen);
    scan->extras = NULL;
    scan->seen = NULL;
}

int job_records_restart(struct job_scan *scan, struct weft_error *error)
{
    const struct job_work *work = scan->work;
    job_records_release(scan);
    if (scan->text == JOB_TEXT_CSV)
        return 0;
    scan->extras = weft_alloc_array(work->file_count + 1, sizeof *scan->extras);
    scan->seen = weft_alloc_array(work->file_count * work->columns.count + 1, sizeof *scan->seen);
    return scan->extras == NULL || scan->seen == NULL ? weft_error_nomem(error) : 0;
}

/* ---- no json at all ---- */

static bool begins(const char *data, size_t length, const char *with)
{
    return length >= strlen(with) && strncasecmp(data, with, strlen(with)) == 0;
}

/* What the text seems to be, from its first character on. */
static void text_hint(const struct job_scan *scan, const char *data, size_t length,
                      struct weft_error *error)
{
    const char *name = scan->work->input->name;
    size_t line = 0;
    while (length > 0 && (strchr(" \t\r\n", *data) != NULL || (unsigned char)*data >= 0x80)) {
        data++;
        length--;
    }
    while (line < length && data[line] != '\n')
        line++;
    if (begins(data, length, "<!doctype") || begins(data, length, "<html"))
        weft_error_hint(error,
                        "it is a page of HTML: was an error page saved instead of the data?");
    else if (length > 0 && *data == '<')
        weft_error_hint(error, "it looks like XML, which cannot be read");
    else if (length > 4 && memcmp(data, "PAR1", 4) == 0)
        weft_error_hint(error, "it is Parquet: say `format: parquet` at the input%s%s",
                        WEFT_INPUT_ARGS(name));
    else if (length > 0 && *data == '[' && scan->text == JOB_TEXT_LINES)
        weft_error_hint(error, "it is one array: say `format: json` at the input%s%s",
                        WEFT_INPUT_ARGS(name));
    else if (length > 0 && *data == '{' && scan->text == JOB_TEXT_LINES)
        weft_error_hint(error,
                        "if an object goes over several lines, say `format: json` at the input%s%s",
                        WEFT_INPUT_ARGS(name));
    else if (length > 0 && *data != '{' && *data != '[' &&
             (memchr(data, ',', line) != NULL || memchr(data, ';', line) != NULL ||
              memchr(data, '\t', line) != NULL))
        weft_error_hint(error, "it looks like csv: say `format: csv` at the input%s%s",
                        WEFT_INPUT_ARGS(name));
}

int job_text_refuse(struct job_scan *scan, const char *data, size_t length, size_t at,
                    const char *text)
{
    job_scan_bad(scan, scan->at, scan->next + (int64_t)at, text);
    weft_error_prefix(&scan->error, "not valid JSON");
    if (scan->next == 0)
        text_hint(scan, data, length, &scan->error);
    return -1;
}

int job_lines_check(struct job_scan *scan, const char *data, size_t length)
{
    struct weft_json_slice value;
    size_t at = 0;
    while (at < length && (strchr(" \t\r\n", data[at]) != NULL || (unsigned char)data[at] >= 0x80))
        at++;
    const char *line = at < length ? memchr(data + at, '\n', length - at) : NULL;
    size_t end = line == NULL ? length : (size_t)(line - data);
    if (at == length || data[at] != '[' || weft_json_scan(data + at, end - at, &value) == NULL)
        return 0;
    return job_text_refuse(scan, data, length, at, "its first line is no record: an array begins");
}

/* A file whose records have no column at all, and no other keys either: none is an object. */
static int objects_refuse(struct job_scan *scan, size_t at, struct weft_error *error)
{
    struct job_file *file = &scan->work->files[at];
    WEFT_CLEANUP(weft_source_closep) struct weft_source *source = NULL;
    char head[4096];
    size_t got = 0;
    WEFT_TRY(job_source_open(scan->work, file, INT64_MAX, &source, error));
    WEFT_TRY(weft_source_read(source, head, sizeof head, &got, error));
    file->out.state = WEFT_FILE_BAD;
    weft_error_set(error, WEFT_E_INPUT, "none of the file's records is a JSON object with members");
    text_hint(scan, head, got, error);
    return weft_error_at(error, file->out.shown, 1, 0);
}

/* ---- after the last record ---- */

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Threads meet keys in no certain order, so they are told by name. */
static int extras_sorted(const struct job_scan *scan, size_t at, struct weft_texts *out,
                         struct weft_error *error)
{
    const struct weft_map *names = scan->extras[at].names;
    size_t count = names == NULL ? 0 : weft_map_count(names);
    const char **items = weft_arena_array(scan->work->arena, count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        items[i] = weft_arena_strdup(scan->work->arena, weft_map_key(names, i));
        if (items[i] == NULL)
            return weft_error_nomem(error);
    }
    if (count > 1)
        qsort(items, count, sizeof *items, name_compare);
    *out = (struct weft_texts){items, count};
    return 0;
}

static int names_warn(struct job_scan *scan, const char *format, const char *shown,
                      const struct weft_texts *names, bool more, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf list;
    weft_buf_init(&list, 1 << 20);
    for (size_t i = 0; i < names->count && i < NAMES_SHOWN; i++)
        weft_buf_addf(&list, "%s\"%s\"", i == 0 ? "" : ", ", names->items[i]);
    if (names->count > NAMES_SHOWN)
        weft_buf_addf(&list, " and %zu %s", names->count - NAMES_SHOWN, more ? "or more" : "more");
    WEFT_TRY(weft_buf_check(&list, error));
    const char *text = weft_arena_format(scan->work->arena, "%s: %s: %s", shown, format, list.data);
    return text == NULL ? weft_error_nomem(error) : job_warn(scan->work, text, error);
}

static int missing_warn(struct job_scan *scan, size_t at, struct weft_error *error)
{
    struct job_work *work = scan->work;
    const struct job_columns *columns = &work->columns;
    const bool *seen = scan->seen + at * columns->count;
    const char **names = weft_arena_array(work->arena, columns->count + 1, sizeof *names);
    struct weft_texts missing = {names, 0};
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < columns->count; i++) {
        if (!seen[i] && columns->items[i].own == JOB_OWN_NONE)
            names[missing.count++] = columns->items[i].header;
    }
    if (missing.count == 0)
        return 0;
    return names_warn(scan, "keys that no record has, its rows get null there",
                      work->files[at].out.shown, &missing, false, error);
}

static int file_finish(struct job_scan *scan, size_t at, struct weft_error *error)
{
    struct job_work *work = scan->work;
    size_t columns = work->columns.count;
    struct job_file *file = &work->files[at];
    struct weft_texts extras = {NULL, 0};
    if (!file->read || file->out.records == 0)
        return 0;
    WEFT_TRY(extras_sorted(scan, at, &extras, error));
    if (memchr(scan->seen + at * columns, true, columns) == NULL) {
        if (extras.count == 0)
            return objects_refuse(scan, at, error);
        file->out.state = WEFT_FILE_BAD;
        return job_header_refuse(&work->columns, &extras, file->out.shown, error);
    }
    if (scan->seen_told)
        return 0;
    if (extras.count > 0 && work->columns.input->extra_columns == WEFT_EXTRA_WARN)
        WEFT_TRY(names_warn(scan, "keys that the schema does not name are left out",
                            file->out.shown, &extras, scan->extras[at].more, error));
    return missing_warn(scan, at, error);
}

int job_records_finish(struct job_scan *scan, struct weft_error *error)
{
    if (scan->work->job->mode == WEFT_JOB_REPLAY)
        return 0; /* single rows, not a file as it was meant */
    for (size_t i = 0; i < scan->work->file_count; i++)
        WEFT_TRY(file_finish(scan, i, error));
    scan->seen_told = true; /* a second pass finds the same */
    return 0;
}

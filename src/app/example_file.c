/*
 * example_file.c - see example_file.h. Files of tests are small and read whole.
 */
#include "app/example_file.h"

#include "base/fs.h"
#include "base/text.h"
#include "codec/json.h"

#include <string.h>
#include <strings.h>

#define FILE_MAX ((size_t)16 << 20)
#define COLUMNS_MAX 4096

struct reader {
    struct weft_arena *arena;
    const char *shown;
    const char *text;
    size_t length;
    size_t at;
    int line;
    char delimiter;
    struct weft_test_row *rows;
    size_t count, capacity;
    const char **names;
    size_t name_count;
    struct weft_error *error;
};

static int wrong(struct reader *r, const char *what)
{
    weft_error_set(r->error, WEFT_E_INVALID, "%s", what);
    return weft_error_at(r->error, r->shown, r->line, 0);
}

static int row_add(struct reader *r, const struct weft_test_row *row)
{
    if (weft_arena_reserve(r->arena, &r->rows, &r->capacity, r->count + 1, sizeof *r->rows) < 0)
        return weft_error_nomem(r->error);
    r->rows[r->count++] = *row;
    return 0;
}

/* ---- csv ---- */

/* Behind the opening quote. */
static int quoted_read(struct reader *r, struct weft_buf *cell)
{
    int begun = r->line;
    while (r->at < r->length) {
        char c = r->text[r->at++];
        r->line += c == '\n';
        if (c == '"' && (r->at == r->length || r->text[r->at] != '"'))
            return 0;
        r->at += c == '"';
        weft_buf_addc(cell, c);
    }
    r->line = begun;
    return wrong(r, "a quote is not closed");
}

static bool at_line_end(const struct reader *r)
{
    return r->at >= r->length || r->text[r->at] == '\n' ||
           (r->text[r->at] == '\r' && (r->at + 1 == r->length || r->text[r->at + 1] == '\n'));
}

/* *text NULL: an unquoted empty cell. */
static int cell_read(struct reader *r, const char **text)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf cell;
    weft_buf_init(&cell, FILE_MAX);
    bool quoted = r->at < r->length && r->text[r->at] == '"';
    if (quoted) {
        r->at++;
        WEFT_TRY(quoted_read(r, &cell));
        if (!at_line_end(r) && r->text[r->at] != r->delimiter)
            return wrong(r, "text stands behind a closing quote");
    }
    while (!quoted && !at_line_end(r) && r->text[r->at] != r->delimiter)
        weft_buf_addc(&cell, r->text[r->at++]);
    WEFT_TRY(weft_buf_check(&cell, r->error));
    *text = NULL;
    if (!quoted && cell.length == 0)
        return 0;
    *text = weft_arena_strndup(r->arena, cell.data, cell.length);
    return *text == NULL ? weft_error_nomem(r->error) : 0;
}

static int record_read(struct reader *r, const char **cells, size_t *count)
{
    *count = 0;
    for (;;) {
        if (*count == COLUMNS_MAX)
            return wrong(r, "too many columns");
        WEFT_TRY(cell_read(r, &cells[(*count)++]));
        if (at_line_end(r))
            break;
        r->at++;
    }
    r->at += r->at < r->length && r->text[r->at] == '\r';
    r->at += r->at < r->length;
    return 0;
}

static int header_read(struct reader *r, const char **cells)
{
    WEFT_TRY(record_read(r, cells, &r->name_count));
    r->names = weft_arena_array(r->arena, r->name_count, sizeof *r->names);
    if (r->names == NULL)
        return weft_error_nomem(r->error);
    for (size_t i = 0; i < r->name_count; i++) {
        r->names[i] = cells[i];
        if (cells[i] == NULL)
            return wrong(r, "a column has no name");
        for (size_t k = 0; k < i; k++) {
            if (strcmp(cells[k], cells[i]) == 0)
                return wrong(r, "a column stands twice");
        }
    }
    r->line++;
    return 0;
}

static int csv_read(struct reader *r)
{
    const char **cells = weft_arena_array(r->arena, COLUMNS_MAX, sizeof *cells);
    if (cells == NULL)
        return weft_error_nomem(r->error);
    if (r->length == 0)
        return wrong(r, "the file is empty: its first line names the columns");
    WEFT_TRY(header_read(r, cells));
    while (r->at < r->length) {
        size_t count;
        struct weft_place place = {r->line, 1};
        WEFT_TRY(record_read(r, cells, &count));
        if (count != r->name_count)
            return wrong(r, "the record has another number of cells than the first line");
        struct weft_test_cell *row = weft_arena_array(r->arena, count, sizeof *row);
        if (row == NULL)
            return weft_error_nomem(r->error);
        for (size_t i = 0; i < count; i++)
            row[i] = (struct weft_test_cell){
                .name = r->names[i], .text = cells[i], .name_place = place, .place = place};
        WEFT_TRY(row_add(r, &(struct weft_test_row){row, count, place}));
        r->line++;
    }
    return 0;
}

/* ---- json ---- */

static const char *number_text(struct reader *r, yyjson_val *value)
{
    size_t length = 0;
    char *text = yyjson_val_write_opts(value, 0, weft_json_allocator(), &length, NULL);
    const char *kept = text == NULL ? NULL : weft_arena_strndup(r->arena, text, length);
    if (text != NULL)
        weft_json_allocator()->free(weft_json_allocator()->ctx, text);
    return kept;
}

static int value_read(struct reader *r, yyjson_val *value, struct weft_test_cell *cell)
{
    if (yyjson_is_null(value))
        return 0;
    bool nested = yyjson_is_ctn(value);
    const char *text = yyjson_is_str(value) ? weft_arena_strndup(r->arena, yyjson_get_str(value),
                                                                 yyjson_get_len(value))
                                            : number_text(r, value);
    if (text == NULL)
        return weft_error_nomem(r->error);
    *(nested ? &cell->json : &cell->text) = text;
    return 0;
}

static int object_read(struct reader *r, yyjson_val *object)
{
    size_t i, n;
    yyjson_val *key, *value;
    struct weft_place place = {r->line, 1};
    if (!yyjson_is_obj(object))
        return wrong(r, "a row is not a JSON object");
    struct weft_test_cell *cells =
        weft_arena_array(r->arena, yyjson_obj_size(object) + 1, sizeof *cells);
    if (cells == NULL)
        return weft_error_nomem(r->error);
    WEFT_JSON_EACH(object, i, n, key, value)
    {
        cells[i] = (struct weft_test_cell){.name = weft_arena_strdup(r->arena, yyjson_get_str(key)),
                                           .name_place = place,
                                           .place = place};
        if (cells[i].name == NULL)
            return weft_error_nomem(r->error);
        WEFT_TRY(value_read(r, value, &cells[i]));
    }
    return row_add(r, &(struct weft_test_row){cells, i, place});
}

static int document_parse(struct reader *r, const char *text, size_t length, yyjson_doc **doc)
{
    if (weft_json_parse(text, length, WEFT_JSON_UNIQUE_KEYS, doc, r->error) == 0)
        return 0;
    int line = r->error != NULL && r->error->line > 0 ? r->line - 1 + r->error->line : r->line;
    return weft_error_at(r->error, r->shown, line, r->error == NULL ? 0 : r->error->column);
}

/* A list of objects. */
static int json_read(struct reader *r)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    size_t i, n;
    yyjson_val *item;
    WEFT_TRY(document_parse(r, r->text + r->at, r->length - r->at, &doc));
    if (!yyjson_is_arr(yyjson_doc_get_root(doc)))
        return wrong(r, "the file is not a JSON list of objects");
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, n, item)
    {
        WEFT_TRY(object_read(r, item));
    }
    return 0;
}

static int lines_read(struct reader *r)
{
    for (; r->at < r->length; r->line++) {
        WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
        const char *begin = r->text + r->at;
        const char *end = memchr(begin, '\n', r->length - r->at);
        size_t length = end == NULL ? r->length - r->at : (size_t)(end - begin);
        r->at += length + (end != NULL);
        if (strspn(begin, " \t\r") >= length)
            continue;
        WEFT_TRY(document_parse(r, begin, length, &doc));
        WEFT_TRY(object_read(r, yyjson_doc_get_root(doc)));
    }
    return 0;
}

/* ---- the file ---- */

static bool ends_with(const char *path, const char *suffix)
{
    size_t length = strlen(path), end = strlen(suffix);
    return length > end && strcasecmp(path + length - end, suffix) == 0;
}

static int format_read(struct reader *r, const char *path)
{
    r->delimiter = ends_with(path, ".tsv") ? '\t' : ',';
    if (ends_with(path, ".csv") || ends_with(path, ".tsv"))
        return csv_read(r);
    if (ends_with(path, ".json"))
        return json_read(r);
    if (ends_with(path, ".ndjson") || ends_with(path, ".jsonl"))
        return lines_read(r);
    weft_error_set(r->error, WEFT_E_NOT_YET, "rows of a test come from csv, tsv, json or ndjson");
    return weft_error_at(r->error, r->shown, 0, 0);
}

int weft_example_text_read(struct weft_arena *arena, const char *text, size_t length,
                           const char *shown, struct weft_test_rows *out, struct weft_error *error)
{
    struct reader r = {
        .arena = arena, .shown = shown, .text = text, .length = length, .line = 1, .error = error};
    r.at = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (weft_utf8_valid(text, length) != length || memchr(text, '\0', length) != NULL)
        return wrong(&r, "the file is not UTF-8 text");
    WEFT_TRY(format_read(&r, shown));
    out->rows = r.rows;
    out->count = r.count;
    return 0;
}

int weft_example_file_read(struct weft_arena *arena, const char *path, const char *shown,
                           struct weft_test_rows *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, FILE_MAX + 1);
    int rc = weft_fs_read_regular(path, FILE_MAX, &text, error);
    if (rc < 0 && error->code == WEFT_E_CORRUPT) /* a pipe would wait for its writer */
        return weft_error_set(error, WEFT_E_INVALID, "%s is no regular file", shown);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", shown);
    WEFT_TRY(rc);
    return weft_example_text_read(arena, text.data, text.length, shown, out, error);
}

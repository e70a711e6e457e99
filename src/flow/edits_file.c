/*
 * edits_file.c - the file of edited rows as names and values: cells (codec/cells.h) or JSON.
 */
#include "flow/edits_internal.h"

#include "base/fs.h"
#include "base/text.h"
#include "codec/cells.h"
#include "codec/encoding.h"

#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)256 << 20)

int edits_refuse(const char *shown, const struct edits_row *row, struct weft_error *error,
                 const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (row->line > 0) {
        weft_error_set(error, WEFT_E_INPUT, "%s", text);
        return weft_error_at(error, shown, (int)WEFT_MIN(row->line, INT32_MAX), 0);
    }
    weft_error_set(error, WEFT_E_INPUT, "record %" PRId64 ": %s", row->record, text);
    return weft_error_at(error, shown, 0, 0);
}

void edits_file_release(struct edits_file *file)
{
    for (size_t i = 0; i < file->doc_count; i++)
        yyjson_doc_free(file->docs[i]);
    weft_free(file->docs);
    *file = (struct edits_file){0};
}

/* ---- cells ---- */

static bool is_own(const char *name)
{
    static const char *const own[] = WEFT_EDITS_OWN_NAMES;
    for (size_t i = 0; i < WEFT_COUNT(own); i++) {
        if (weft_equal_fold(name, own[i]))
            return true;
    }
    return false;
}

static int names_check(const struct weft_cells_row *names, const char *shown, size_t *row_id,
                       struct weft_error *error)
{
    struct edits_row place = {.line = names->line};
    *row_id = SIZE_MAX;
    for (size_t i = 0; i < names->count; i++) {
        if (weft_equal_fold(names->cells[i].text, WEFT_EDITS_ROW))
            *row_id = i;
        for (size_t k = 0; k < i; k++) {
            if (names->cells[i].text[0] != '\0' &&
                strcmp(names->cells[i].text, names->cells[k].text) == 0)
                return edits_refuse(shown, &place, error, "two columns are called \"%.100s\"",
                                    names->cells[i].text);
        }
    }
    if (*row_id != SIZE_MAX)
        return 0;
    edits_refuse(shown, &place, error, "no column is called %s: it holds the rows' ids",
                 WEFT_EDITS_ROW);
    return weft_error_hint(error, "edit a file that `weft quarantine PRODUCT --export` wrote, and "
                                  "leave that column as it is");
}

static int cells_row(struct weft_arena *arena, const struct weft_cells *cells, size_t at,
                     size_t row_id, const char *shown, struct edits_row *out,
                     struct weft_error *error)
{
    const struct weft_cells_row *names = &cells->rows[0], *row = &cells->rows[at];
    *out = (struct edits_row){.line = row->line, .record = (int64_t)at};
    out->values = weft_arena_array(arena, names->count + 1, sizeof *out->values);
    if (out->values == NULL)
        return weft_error_nomem(error);
    out->row_id = row_id < row->count ? row->cells[row_id].text : "";
    for (size_t i = 0; i < row->count; i++) {
        bool named = i < names->count && names->cells[i].text[0] != '\0';
        if (!named && row->cells[i].text[0] != '\0')
            return edits_refuse(shown, out, error, "cell %zu stands below no name", i + 1);
        if (named && !is_own(names->cells[i].text))
            out->values[out->count++] = (struct edits_value){.name = names->cells[i].text,
                                                             .text = row->cells[i].text,
                                                             .quoted = row->cells[i].quoted};
    }
    return 0;
}

/* Spreadsheets write rows of nothing but delimiters behind the last one. */
static bool row_is_empty(const struct weft_cells_row *row)
{
    for (size_t i = 0; i < row->count; i++) {
        if (row->cells[i].text[0] != '\0')
            return false;
    }
    return true;
}

static int cells_take(struct weft_arena *arena, const struct weft_buf *text, const char *shown,
                      struct edits_file *out, struct weft_error *error)
{
    struct weft_cells cells;
    size_t row_id = 0;
    if (weft_cells_read(arena, text->data, text->length, &cells, error) < 0)
        return error->code == WEFT_E_INPUT ? weft_error_at(error, shown, error->line, 0) : -1;
    if (cells.count == 0) {
        weft_error_set(error, WEFT_E_INPUT, "the file is empty");
        return weft_error_at(error, shown, 0, 0);
    }
    WEFT_TRY(names_check(&cells.rows[0], shown, &row_id, error));
    out->rows = weft_arena_array(arena, cells.count, sizeof *out->rows);
    if (out->rows == NULL)
        return weft_error_nomem(error);
    for (size_t i = 1; i < cells.count; i++) {
        if (!row_is_empty(&cells.rows[i]))
            WEFT_TRY(cells_row(arena, &cells, i, row_id, shown, &out->rows[out->count++], error));
    }
    return 0;
}

/* ---- JSON ---- */

static int json_row(struct weft_arena *arena, yyjson_val *value, const char *shown,
                    struct edits_row *out, struct weft_error *error)
{
    yyjson_val *values = yyjson_obj_get(value, "values"), *key, *member;
    const char *row_id = yyjson_get_str(yyjson_obj_get(value, "row_id"));
    size_t i, max;
    if (row_id == NULL || !yyjson_is_obj(values))
        return edits_refuse(shown, out, error, "it is no {\"row_id\": \"...\", \"values\": {...}}");
    out->row_id = row_id;
    out->values = weft_arena_array(arena, yyjson_obj_size(values) + 1, sizeof *out->values);
    if (out->values == NULL)
        return weft_error_nomem(error);
    WEFT_JSON_EACH(values, i, max, key, member)
    {
        out->values[out->count++] =
            (struct edits_value){.name = yyjson_get_str(key), .json = member};
    }
    return 0;
}

static int doc_read(struct edits_file *file, const char *text, size_t length, yyjson_doc **out,
                    struct weft_error *error)
{
    if (weft_array_reserve(&file->docs, &file->doc_capacity, file->doc_count + 1,
                           sizeof *file->docs) < 0)
        return weft_error_nomem(error);
    WEFT_TRY(
        weft_json_parse(text, length, WEFT_JSON_RAW_NUMBERS | WEFT_JSON_UNIQUE_KEYS, out, error));
    file->docs[file->doc_count++] = *out;
    return 0;
}

static int json_add(struct weft_arena *arena, struct edits_file *file, size_t *capacity,
                    yyjson_val *value, int64_t line, const char *shown, struct weft_error *error)
{
    if (weft_arena_reserve(arena, &file->rows, capacity, file->count + 1, sizeof *file->rows) < 0)
        return weft_error_nomem(error);
    struct edits_row *row = &file->rows[file->count++];
    *row = (struct edits_row){.line = line, .record = (int64_t)file->count};
    return json_row(arena, value, shown, row, error);
}

static int json_lines(struct weft_arena *arena, const struct weft_buf *text, const char *shown,
                      struct edits_file *out, struct weft_error *error)
{
    size_t capacity = 0;
    int64_t line = 1;
    for (const char *at = text->data; *at != '\0'; line++) {
        size_t length = strcspn(at, "\n");
        yyjson_doc *doc = NULL;
        if (at[strspn(at, " \t\r")] != '\n' && at[strspn(at, " \t\r")] != '\0') {
            if (doc_read(out, at, length, &doc, error) < 0)
                return error->code == WEFT_E_NOMEM
                           ? -1
                           : weft_error_at(error, shown, (int)WEFT_MIN(line, INT32_MAX), 0);
            WEFT_TRY(json_add(arena, out, &capacity, yyjson_doc_get_root(doc), line, shown, error));
        }
        at += length + (at[length] == '\n');
    }
    return 0;
}

static int json_take(struct weft_arena *arena, const struct weft_buf *text, const char *shown,
                     struct edits_file *out, struct weft_error *error)
{
    yyjson_doc *doc = NULL;
    yyjson_val *item;
    size_t capacity = 0, i, max;
    const char *begin = text->data + strspn(text->data, " \t\r\n");
    const char *nul = memchr(text->data, '\0', text->length);
    if (nul != NULL) {
        weft_error_set(error, WEFT_E_INPUT, "a zero byte stands in the text");
        return weft_error_at_byte(error, shown, 0, nul - text->data);
    }
    if (*begin != '[')
        return json_lines(arena, text, shown, out, error);
    if (doc_read(out, text->data, text->length, &doc, error) < 0)
        return error->code == WEFT_E_NOMEM ? -1 : weft_error_at(error, shown, error->line, 0);
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, max, item)
    {
        WEFT_TRY(json_add(arena, out, &capacity, item, 0, shown, error));
    }
    return 0;
}

int edits_file_read(struct weft_arena *arena, const char *path, const char *shown, bool json,
                    char digest[WEFT_SHA256_HEX], struct edits_file *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf bytes;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&bytes, FILE_BYTES_MAX + 1);
    weft_buf_init(&text, 2 * FILE_BYTES_MAX);
    int rc = weft_fs_read_file(path, FILE_BYTES_MAX, &bytes, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_INPUT, "there is no file %s", shown);
    WEFT_TRY(weft_sha256_hex(bytes.data, bytes.length, digest, error));
    if (weft_encoding_text(bytes.data, bytes.length, &text, error) < 0)
        return error != NULL && error->code == WEFT_E_INPUT ? weft_error_at(error, shown, 0, 0)
                                                            : -1;
    if (json && strlen(text.data) != text.length) { /* what stands behind it would not be read */
        weft_error_set(error, WEFT_E_INPUT, "it holds a NUL byte");
        return weft_error_at(error, shown, 0, 0);
    }
    return json ? json_take(arena, &text, shown, out, error)
                : cells_take(arena, &text, shown, out, error);
}

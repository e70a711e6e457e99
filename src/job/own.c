/*
 * own.c - where a row comes from, as columns: `_file`, the path as it is shown, and `_line`, the
 * line on which its record begins (of binary files the record's number).
 *
 * A field of an input's schema gets them by `from: _file`. A product's SQL names them: then they
 * are columns of its file ports, which no star gives. A file that has a column of that name keeps
 * it, with a warning. Lines are counted only where somebody asks: while blocks are handed out,
 * which is before cells are changed in place.
 */
#include "job/scan_internal.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

static const struct weft_type type_string = {.kind = WEFT_TYPE_STRING};
static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};

enum job_own job_own_of(const char *header)
{
    if (header == NULL)
        return JOB_OWN_NONE;
    return strcmp(header, JOB_OWN_FILE_NAME) == 0   ? JOB_OWN_FILE
           : strcmp(header, JOB_OWN_LINE_NAME) == 0 ? JOB_OWN_LINE
                                                    : JOB_OWN_NONE;
}

/* ---- which are asked for ---- */

static bool is_part(char c)
{
    return weft_lower(c) != c || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/* As a word, wherever it stands: once too often costs little. */
static bool text_names(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = text; text != NULL && *at != '\0'; at++) {
        if (strncasecmp(at, name, length) == 0 && !is_part(at[length]) &&
            (at == text || !is_part(at[-1])))
            return true;
    }
    return false;
}

unsigned weft_job_own_named(const struct weft_product *product)
{
    const char *text = product->graph != NULL ? product->graph->edges : product->sql;
    return (text_names(text, JOB_OWN_FILE_NAME) ? 1u << JOB_OWN_FILE : 0) |
           (text_names(text, JOB_OWN_LINE_NAME) ? 1u << JOB_OWN_LINE : 0);
}

const char *weft_job_own_name(unsigned own, const struct weft_type **type)
{
    bool file = own == JOB_OWN_FILE;
    *type = file ? &type_string : &type_long;
    return file ? JOB_OWN_FILE_NAME : JOB_OWN_LINE_NAME;
}

static int column_add(struct weft_arena *arena, struct job_columns *columns, enum job_own own,
                      struct weft_error *error)
{
    const struct weft_type *type;
    const char *name = weft_job_own_name(own, &type);
    if (job_columns_find(columns, name) >= 0)
        return 0;
    struct job_column *items = weft_arena_array(arena, columns->count + 1, sizeof *items);
    struct weft_field *fields = weft_arena_array(arena, columns->fields.count + 1, sizeof *fields);
    if (items == NULL || fields == NULL)
        return weft_error_nomem(error);
    memcpy(items, columns->items, columns->count * sizeof *items);
    memcpy(fields, columns->fields.items, columns->fields.count * sizeof *fields);
    items[columns->count++] =
        (struct job_column){.name = name, .header = name, .type = type, .own = own};
    fields[columns->fields.count] =
        (struct weft_field){.name = name, .type = type, .min_length = -1, .max_length = -1};
    columns->items = items;
    columns->fields = (struct weft_fields){fields, columns->fields.count + 1};
    columns->hidden++;
    return 0;
}

int job_own_add(struct weft_arena *arena, struct job_columns *columns, unsigned own,
                struct weft_error *error)
{
    if ((own >> JOB_OWN_FILE & 1) != 0)
        WEFT_TRY(column_add(arena, columns, JOB_OWN_FILE, error));
    return (own >> JOB_OWN_LINE & 1) == 0 ? 0 : column_add(arena, columns, JOB_OWN_LINE, error);
}

bool job_own_lines(const struct job_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (columns->items[i].own == JOB_OWN_LINE)
            return true;
    }
    return false;
}

/* ---- lines ---- */

int job_lines_index(struct job_scan *scan, struct job_scan_local *local, size_t length,
                    struct weft_error *error)
{
    const char *data = local->split.data;
    const char *end = data + length;
    if (!scan->lines)
        return 0;
    if (scan->next == 0)
        scan->line = 1;
    local->line = scan->line;
    local->newline_count = 0;
    for (const char *at = data; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
        if (weft_array_reserve(&local->newlines, &local->newline_capacity, local->newline_count + 1,
                               sizeof *local->newlines) < 0)
            return weft_error_nomem(error);
        local->newlines[local->newline_count++] = (uint32_t)(at - data);
    }
    scan->line += (int64_t)local->newline_count;
    return 0;
}

/* Newlines before an offset of the block. */
static size_t newlines_before(const struct job_scan_local *local, uint32_t offset)
{
    size_t low = 0, high = local->newline_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (local->newlines[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of a row that is replayed: where it stood; NULL = not known. */
static const struct job_origin *origin_find(const struct job_work *work, int64_t id)
{
    size_t low = 0, high = work->origin_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (work->origins[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < work->origin_count && work->origins[low].id == id ? &work->origins[low] : NULL;
}

static void lines_fill(struct job_scan_local *local, duckdb_vector vector, size_t rows,
                       bool only_null)
{
    const struct job_work *work = local->scan->work;
    const struct weft_csv *split = &local->split;
    int64_t *out = weft_duckdb.vector_get_data(vector);
    uint64_t *validity = weft_duckdb.vector_get_validity(vector);
    size_t at = rows == 0 ? 0 : newlines_before(local, (uint32_t)(split->ids[0] - split->base));
    for (size_t row = 0; row < rows; row++) {
        uint32_t offset = (uint32_t)(split->ids[row] - split->base);
        while (at < local->newline_count && local->newlines[at] < offset)
            at++;
        if (only_null && (validity == NULL || (validity[row >> 6] >> (row & 63) & 1) != 0))
            continue;
        const struct job_origin *origin = origin_find(work, split->ids[row]);
        out[row] = origin != NULL ? origin->line : local->line + (int64_t)at;
        if (validity != NULL)
            weft_duckdb.validity_set_row_valid(validity, row);
    }
}

void job_own_fill(struct job_scan_local *local, size_t column, duckdb_vector vector, size_t rows,
                  bool only_null)
{
    const struct job_work *work = local->scan->work;
    if (work->columns.items[column].own == JOB_OWN_LINE) {
        lines_fill(local, vector, rows, only_null);
        return;
    }
    const char *shown = work->files[local->file].out.shown;
    size_t length = strlen(shown);
    uint64_t *validity = weft_duckdb.vector_get_validity(vector);
    for (size_t row = 0; row < rows; row++) {
        if (only_null && (validity == NULL || (validity[row >> 6] >> (row & 63) & 1) != 0))
            continue;
        const struct job_origin *origin = origin_find(work, local->split.ids[row]);
        const char *text = origin != NULL ? origin->file : shown;
        weft_duckdb.unsafe_vector_assign_string_element_len(vector, row, text,
                                                            origin != NULL ? strlen(text) : length);
        if (validity != NULL)
            weft_duckdb.validity_set_row_valid(validity, row);
    }
}

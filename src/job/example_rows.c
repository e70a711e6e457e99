/*
 * example_rows.c - rows of a test as SQL of weft's own, and as files that an input port reads.
 *
 * A value is checked as a cell of a file would be, and only then handed to the engine: its casts
 * from text take more than weft does ("1.5" as an integer).
 */
#include "job/example_internal.h"

#include <fcntl.h>
#include <string.h>

#define ROWS_SQL_MAX ((size_t)1 << 26)

struct printer {
    struct weft_buf *sql;
    const char *what;
    size_t row;
    const char *column;
    struct weft_error *error;
};

/* ---- one value ---- */

static int value_wrong(struct printer *p, const struct weft_type *type, const char *value)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf name;
    weft_buf_init(&name, 1 << 16);
    weft_type_print(type, &name);
    WEFT_TRY(weft_buf_check(&name, p->error));
    return weft_error_set(p->error, WEFT_E_INVALID,
                          "%s, row %zu: `%s` is %s, and \"%.200s\" is none", p->what, p->row,
                          p->column, name.data, value);
}

static void cast_end(struct printer *p, const struct weft_type *type)
{
    weft_buf_adds(p->sql, " AS ");
    weft_type_print_duckdb(type, p->sql);
    weft_buf_addc(p->sql, ')');
}

static int value_print(struct printer *p, const struct weft_type *type, yyjson_val *value);

static int scalar_print(struct printer *p, const struct weft_type *type, yyjson_val *value)
{
    const char *text = yyjson_get_str(value);
    size_t length = yyjson_get_len(value);
    if (text == NULL || strlen(text) != length || !weft_type_accepts(type, text))
        return value_wrong(p, type, text == NULL ? "[...]" : text);
    weft_buf_adds(p->sql, type->kind == WEFT_TYPE_BINARY ? "encode(" : "CAST(");
    weft_buf_add_sql_text(p->sql, text, length);
    if (type->kind == WEFT_TYPE_BINARY)
        weft_buf_addc(p->sql, ')');
    else
        cast_end(p, type);
    return 0;
}

/* A json field's value may be written as YAML. */
static int json_print(struct printer *p, const struct weft_type *type, yyjson_val *value)
{
    size_t length = 0;
    if (yyjson_is_str(value))
        return scalar_print(p, type, value);
    char *text = yyjson_val_write_opts(value, 0, weft_json_allocator(), &length, NULL);
    if (text == NULL)
        return weft_error_nomem(p->error);
    weft_buf_add_sql_text(p->sql, text, length);
    weft_json_allocator()->free(weft_json_allocator()->ctx, text);
    return 0;
}

static int list_print(struct printer *p, const struct weft_type *type, yyjson_val *value)
{
    size_t i, count;
    yyjson_val *item;
    if (!yyjson_is_arr(value))
        return value_wrong(p, type, yyjson_is_str(value) ? yyjson_get_str(value) : "{...}");
    weft_buf_adds(p->sql, "CAST([");
    yyjson_arr_foreach(value, i, count, item)
    {
        weft_buf_adds(p->sql, i > 0 ? ", " : "");
        WEFT_TRY(value_print(p, type->element, item));
    }
    weft_buf_addc(p->sql, ']');
    cast_end(p, type);
    return 0;
}

static int struct_print(struct printer *p, const struct weft_type *type, yyjson_val *value)
{
    size_t found = 0;
    if (!yyjson_is_obj(value))
        return value_wrong(p, type, yyjson_is_str(value) ? yyjson_get_str(value) : "[...]");
    weft_buf_adds(p->sql, "CAST({");
    for (size_t i = 0; i < type->field_count; i++) {
        yyjson_val *part = yyjson_obj_get(value, type->fields[i].name);
        found += part != NULL;
        weft_buf_adds(p->sql, i > 0 ? ", " : "");
        weft_buf_add_sql_text(p->sql, type->fields[i].name, strlen(type->fields[i].name));
        weft_buf_adds(p->sql, ": ");
        WEFT_TRY(value_print(p, type->fields[i].type, part));
    }
    weft_buf_addc(p->sql, '}');
    cast_end(p, type);
    return found == yyjson_obj_size(value) ? 0 : value_wrong(p, type, "{...}");
}

static int map_print(struct printer *p, const struct weft_type *type, yyjson_val *value)
{
    size_t i, count;
    yyjson_val *key, *item;
    if (!yyjson_is_obj(value))
        return value_wrong(p, type, yyjson_is_str(value) ? yyjson_get_str(value) : "[...]");
    weft_buf_adds(p->sql, "CAST(MAP {");
    WEFT_JSON_EACH(value, i, count, key, item)
    {
        weft_buf_adds(p->sql, i > 0 ? ", " : "");
        WEFT_TRY(value_print(p, type->key, key));
        weft_buf_adds(p->sql, ": ");
        WEFT_TRY(value_print(p, type->element, item));
    }
    weft_buf_addc(p->sql, '}');
    cast_end(p, type);
    return 0;
}

/* Recursion is as deep as a type may be. */
static int value_print(struct printer *p, const struct weft_type *type, yyjson_val *value)
{
    if (value == NULL || yyjson_is_null(value)) {
        weft_buf_adds(p->sql, "CAST(NULL");
        cast_end(p, type);
        return 0;
    }
    switch (type->kind) {
    case WEFT_TYPE_LIST:
        return list_print(p, type, value);
    case WEFT_TYPE_STRUCT:
        return struct_print(p, type, value);
    case WEFT_TYPE_MAP:
        return map_print(p, type, value);
    case WEFT_TYPE_JSON:
        return json_print(p, type, value);
    default:
        return scalar_print(p, type, value);
    }
}

/* ---- rows as SQL ---- */

static int row_check(struct printer *p, const struct weft_relation_column *columns, size_t count,
                     yyjson_val *row)
{
    size_t i, n;
    yyjson_val *key, *value;
    WEFT_JSON_EACH(row, i, n, key, value)
    {
        bool known = false;
        for (size_t c = 0; c < count && !known; c++)
            known = strcmp(columns[c].name, yyjson_get_str(key)) == 0;
        if (!known)
            return weft_error_set(p->error, WEFT_E_INVALID, "%s, row %zu: there is no column `%s`",
                                  p->what, p->row, yyjson_get_str(key));
    }
    return 0;
}

static int rows_none(const struct weft_relation_column *columns, size_t count, struct weft_buf *sql,
                     struct weft_error *error)
{
    weft_buf_adds(sql, "SELECT ");
    for (size_t i = 0; i < count; i++) {
        weft_buf_adds(sql, i > 0 ? ", CAST(NULL AS " : "CAST(NULL AS ");
        weft_type_print_duckdb(columns[i].type, sql);
        weft_buf_adds(sql, ") AS ");
        weft_buf_add_sql_name(sql, columns[i].name);
    }
    weft_buf_adds(sql, " WHERE false");
    return weft_buf_check(sql, error);
}

int job_rows_print(const struct weft_relation_column *columns, size_t count, yyjson_val *rows,
                   const char *what, struct weft_buf *sql, struct weft_error *error)
{
    struct printer p = {.sql = sql, .what = what, .error = error};
    size_t i, n;
    yyjson_val *row;
    if (yyjson_arr_size(rows) == 0)
        return rows_none(columns, count, sql, error);
    weft_buf_adds(sql, "SELECT * FROM (VALUES ");
    yyjson_arr_foreach(rows, i, n, row)
    {
        p.row = i + 1;
        WEFT_TRY(row_check(&p, columns, count, row));
        weft_buf_adds(sql, i > 0 ? ", (" : "(");
        for (size_t c = 0; c < count; c++) {
            p.column = columns[c].name;
            weft_buf_adds(sql, c > 0 ? ", " : "");
            WEFT_TRY(value_print(&p, columns[c].type, yyjson_obj_get(row, columns[c].name)));
        }
        weft_buf_addc(sql, ')');
    }
    weft_buf_adds(sql, ") AS given(");
    for (size_t c = 0; c < count; c++) {
        weft_buf_adds(sql, c > 0 ? ", " : "");
        weft_buf_add_sql_name(sql, columns[c].name);
    }
    weft_buf_addc(sql, ')');
    return weft_buf_check(sql, error);
}

/* ---- rows of a statement ---- */

/* A cell is the text of a JSON value: as a value, a long number would lose digits on the way. */
static int chunk_json(struct weft_result *result, duckdb_data_chunk chunk,
                      struct weft_json_writer *json, size_t *rows, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf cell;
    idx_t count = weft_duckdb.data_chunk_get_size(chunk);
    weft_buf_init(&cell, ROWS_SQL_MAX);
    for (idx_t row = 0; row < count; row++) {
        weft_json_begin_array(json);
        for (size_t i = 0; i < weft_result_column_count(result); i++) {
            weft_buf_clear(&cell);
            WEFT_TRY(weft_encode_value(result, chunk, i, row, WEFT_ENCODE_JSON, &cell, error));
            WEFT_TRY(weft_buf_check(&cell, error));
            weft_json_put_text_n(json, cell.data, cell.length);
        }
        weft_json_end_array(json);
        if (++*rows > JOB_EXAMPLE_ROWS_MAX)
            return weft_error_set(error, WEFT_E_LIMIT, "a test compares at most %d rows",
                                  JOB_EXAMPLE_ROWS_MAX);
    }
    return 0;
}

int job_rows_json(struct job_work *work, const char *sql, struct weft_json_writer *json,
                  struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    duckdb_data_chunk chunk = NULL;
    size_t rows = 0;
    int rc = 0;
    weft_json_begin_array(json);
    WEFT_TRY(weft_engine_query(work->engine, sql, NULL, 0, &result, error));
    while ((rc = weft_result_next(result, &chunk, error)) == 0)
        WEFT_TRY(chunk_json(result, chunk, json, &rows, error));
    weft_json_end_array(json);
    return rc < 0 ? rc : 0;
}

/* ---- rows as a file ---- */

struct columns {
    const char **names;
    size_t count;
};

/* Of a port without a schema: what its rows name, in the order in which they do. */
static int columns_of_rows(struct job_work *work, yyjson_val *rows, struct columns *out,
                           struct weft_error *error)
{
    size_t capacity = 0, i, n, k, m;
    yyjson_val *row, *key, *value;
    yyjson_arr_foreach(rows, i, n, row)
    {
        WEFT_JSON_EACH(row, k, m, key, value)
        {
            bool known = false;
            for (size_t c = 0; c < out->count && !known; c++)
                known = strcmp(out->names[c], yyjson_get_str(key)) == 0;
            if (known)
                continue;
            if (weft_arena_reserve(work->arena, &out->names, &capacity, out->count + 1,
                                   sizeof *out->names) < 0)
                return weft_error_nomem(error);
            out->names[out->count++] = yyjson_get_str(key);
        }
    }
    return 0;
}

static int columns_make(struct job_work *work, const struct weft_fields *fields, yyjson_val *rows,
                        struct columns *out, struct weft_error *error)
{
    *out = (struct columns){0};
    if (fields->count == 0)
        return columns_of_rows(work, rows, out, error);
    out->names = weft_arena_array(work->arena, fields->count, sizeof *out->names);
    if (out->names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < fields->count; i++)
        out->names[i] = fields->items[i].name;
    out->count = fields->count;
    return 0;
}

static void csv_text(struct weft_buf *out, const char *text, size_t length)
{
    weft_buf_addc(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            weft_buf_addc(out, '"');
        weft_buf_addc(out, text[i]);
    }
    weft_buf_addc(out, '"');
}

static int csv_value(struct weft_buf *out, yyjson_val *value, struct weft_error *error)
{
    size_t length = 0;
    if (value == NULL || yyjson_is_null(value)) {
        weft_buf_adds(out, JOB_EXAMPLE_NULL);
        return 0;
    }
    if (yyjson_is_str(value)) {
        csv_text(out, yyjson_get_str(value), yyjson_get_len(value));
        return 0;
    }
    char *text = yyjson_val_write_opts(value, 0, weft_json_allocator(), &length, NULL);
    if (text == NULL)
        return weft_error_nomem(error);
    csv_text(out, text, length);
    weft_json_allocator()->free(weft_json_allocator()->ctx, text);
    return 0;
}

static int csv_print(const struct columns *columns, yyjson_val *rows, struct weft_buf *out,
                     struct weft_error *error)
{
    size_t i, n;
    yyjson_val *row;
    for (size_t c = 0; c < columns->count; c++) {
        weft_buf_adds(out, c > 0 ? "," : "");
        csv_text(out, columns->names[c], strlen(columns->names[c]));
    }
    weft_buf_addc(out, '\n');
    yyjson_arr_foreach(rows, i, n, row)
    {
        for (size_t c = 0; c < columns->count; c++) {
            weft_buf_adds(out, c > 0 ? "," : "");
            WEFT_TRY(csv_value(out, yyjson_obj_get(row, columns->names[c]), error));
        }
        weft_buf_addc(out, '\n');
    }
    return 0;
}

/* The text of a json field is the value that its line holds. */
static bool is_json_text(const struct weft_fields *fields, size_t column, yyjson_val *value)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    struct weft_error ignored = WEFT_ERROR_INIT;
    return column < fields->count && fields->items[column].type->kind == WEFT_TYPE_JSON &&
           yyjson_is_str(value) &&
           weft_json_parse(yyjson_get_str(value), yyjson_get_len(value), 0, &doc, &ignored) == 0;
}

static int lines_print(const struct columns *columns, const struct weft_fields *fields,
                       yyjson_val *rows, struct weft_buf *out, struct weft_error *error)
{
    size_t i, n, length;
    yyjson_val *row;
    yyjson_arr_foreach(rows, i, n, row)
    {
        for (size_t c = 0; c < columns->count; c++) {
            struct weft_json_writer name;
            yyjson_val *value = yyjson_obj_get(row, columns->names[c]);
            weft_buf_addc(out, c > 0 ? ',' : '{');
            weft_json_writer_init(&name, out);
            weft_json_put_text(&name, columns->names[c]);
            weft_buf_addc(out, ':');
            if (is_json_text(fields, c, value)) {
                weft_buf_add(out, yyjson_get_str(value), yyjson_get_len(value));
                continue;
            }
            char *text = value == NULL ? NULL
                                       : yyjson_val_write_opts(value, 0, weft_json_allocator(),
                                                               &length, NULL);
            if (value != NULL && text == NULL)
                return weft_error_nomem(error);
            weft_buf_adds(out, value == NULL ? "null" : text);
            if (text != NULL)
                weft_json_allocator()->free(weft_json_allocator()->ctx, text);
        }
        weft_buf_adds(out, columns->count > 0 ? "}\n" : "{}\n");
    }
    return 0;
}

int job_rows_write(struct job_work *work, const struct weft_input *input,
                   const struct weft_fields *fields, yyjson_val *rows, const char *path,
                   enum weft_file_format format, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    struct columns columns;
    weft_buf_init(&text, ROWS_SQL_MAX);
    WEFT_TRY(columns_make(work, fields, rows, &columns, error));
    if (columns.count == 0) {
        weft_error_set(error, WEFT_E_INVALID,
                       "input%s%s: it has no schema, and no row is given, so its columns are not "
                       "known",
                       WEFT_INPUT_ARGS(input->name));
        return weft_error_hint(error, "declare its `schema:`, or give it a row");
    }
    WEFT_TRY(format == WEFT_FORMAT_NDJSON ? lines_print(&columns, fields, rows, &text, error)
                                          : csv_print(&columns, rows, &text, error));
    WEFT_TRY(weft_buf_check(&text, error));
    /* Only this job reads it: not synced. */
    WEFT_TRY(weft_fs_open(path, O_WRONLY | O_CREAT | O_TRUNC, &fd, error));
    return weft_fs_write(fd, text.data, text.length, path, error);
}

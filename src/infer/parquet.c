/*
 * parquet.c - the rows of Parquet files, by the engine; their types are what the files say.
 */
#include "base/fs.h"
#include "engine/engine.h"
#include "infer/text_internal.h"

#include <string.h>

#define PARQUET_MEMORY ((int64_t)512 << 20)

struct rows {
    struct infer *infer;
    struct weft_engine *engine;
    struct weft_result *result;
    struct infer_cell *record;
    size_t *columns; /* of the result -> of infer */
    size_t *begins;
    size_t count;
    struct weft_buf text;
};

static void rows_release(struct rows *rows)
{
    weft_result_close(rows->result);
    weft_engine_close(rows->engine);
    weft_free(rows->record);
    weft_free(rows->columns);
    weft_free(rows->begins);
    weft_buf_release(&rows->text);
}

/* Types that weft has not, as the ones that hold their values. */
static const char *type_near(const char *name)
{
    static const char *const near[][2] = {
        {"tinyint", "int"},           {"smallint", "int"},  {"utinyint", "int"},
        {"usmallint", "int"},         {"uinteger", "long"}, {"ubigint", "decimal(20,0)"},
        {"hugeint", "decimal(38,0)"},
    };
    for (size_t i = 0; i < WEFT_COUNT(near); i++) {
        if (strcmp(near[i][0], name) == 0)
            return near[i][1];
    }
    return name;
}

static int columns_find(struct rows *rows, struct weft_error *error)
{
    struct infer *infer = rows->infer;
    for (size_t i = 0; i < rows->count; i++) {
        const char *name = weft_result_column_name(rows->result, i);
        const struct weft_type *type;
        WEFT_TRY(infer_column_find(infer, name, strlen(name), i, &rows->columns[i], error));
        struct infer_column *column = &infer->columns[rows->columns[i]];
        if (column->declared != NULL)
            continue;
        if (weft_type_parse(infer->arena, type_near(weft_result_column_type_name(rows->result, i)),
                            &type, error) < 0)
            return weft_error_prefix(error, "the column %s", name);
        column->declared = type;
    }
    return 0;
}

static int row_take(struct rows *rows, duckdb_data_chunk chunk, idx_t row, infer_record_fn *fn,
                    void *arg, struct weft_error *error)
{
    weft_buf_clear(&rows->text);
    for (size_t i = 0; i < rows->infer->column_count; i++)
        rows->record[i] = (struct infer_cell){.text = "", .absent = true};
    for (size_t i = 0; i < rows->count; i++) {
        duckdb_vector vector = weft_duckdb.data_chunk_get_vector(chunk, i);
        uint64_t *validity = weft_duckdb.vector_get_validity(vector);
        struct infer_cell *cell = &rows->record[rows->columns[i]];
        const struct weft_type *type = rows->infer->columns[rows->columns[i]].declared;
        rows->begins[i] = rows->text.length;
        cell->absent = validity != NULL && !weft_duckdb.validity_row_is_valid(validity, row);
        cell->json = weft_type_is_nested(type);
        cell->kind = WEFT_JSON_OBJECT;
        cell->quoted = true;
        if (!cell->absent && !cell->json)
            WEFT_TRY(weft_encode_value(rows->result, chunk, i, row, WEFT_ENCODE_TEXT, &rows->text,
                                       error));
        cell->length = rows->text.length - rows->begins[i];
    }
    WEFT_TRY(weft_buf_check(&rows->text, error));
    for (size_t i = 0; i < rows->count; i++)
        rows->record[rows->columns[i]].text = rows->text.data + rows->begins[i];
    return fn(arg, rows->record, error);
}

static int rows_open(struct rows *rows, const struct weft_infer_file *file,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(file->path);
    const char *folders[] = {folder};
    struct weft_engine_config config = {.memory_bytes = PARQUET_MEMORY,
                                        .threads = 1,
                                        .folders = folders,
                                        .folder_count = 1,
                                        .keep_order = true};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 1 << 20);
    if (folder == NULL)
        return weft_error_nomem(error);
    if (strpbrk(file->path, "*?[") != NULL)
        return weft_error_set(
            error, WEFT_E_NOT_YET,
            "%s: a Parquet file with * ? or [ in its name cannot be looked at yet", file->shown);
    WEFT_TRY(weft_engine_open(&config, &rows->engine, error));
    WEFT_TRY(weft_engine_seal(rows->engine, error));
    weft_engine_watch(rows->engine, 0);
    weft_buf_adds(&sql, "SELECT * FROM read_parquet(");
    weft_buf_add_sql_text(&sql, file->path, strlen(file->path));
    weft_buf_addc(&sql, ')');
    WEFT_TRY(weft_buf_check(&sql, error));
    if (weft_engine_query(rows->engine, sql.data, NULL, 0, &rows->result, error) == 0)
        return 0;
    if (error != NULL && error->code == WEFT_E_SQL)
        weft_error_set(error, WEFT_E_INPUT, "%s does not read as Parquet", file->shown);
    return -1;
}

int infer_read_parquet(struct infer *infer, const struct weft_infer_file *file, bool first,
                       infer_record_fn *fn, void *arg, struct weft_error *error)
{
    WEFT_CLEANUP(rows_release) struct rows rows = {.infer = infer};
    duckdb_data_chunk chunk;
    int rc;
    weft_buf_init(&rows.text, (size_t)1 << 30);
    WEFT_TRY(rows_open(&rows, file, error));
    rows.count = weft_result_column_count(rows.result);
    rows.columns = weft_alloc_array(rows.count + 1, sizeof *rows.columns);
    rows.begins = weft_alloc_array(rows.count + 1, sizeof *rows.begins);
    if (rows.columns == NULL || rows.begins == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(columns_find(&rows, error));
    rows.record = weft_alloc_array(infer->column_count + 1, sizeof *rows.record);
    if (rows.record == NULL)
        return weft_error_nomem(error);
    while ((rc = weft_result_next(rows.result, &chunk, error)) == 0) {
        idx_t count = weft_duckdb.data_chunk_get_size(chunk);
        for (idx_t row = 0; row < count && rc == 0; row++) {
            infer->records += first;
            rc = row_take(&rows, chunk, row, fn, arg, error);
        }
        if (rc != 0)
            return rc;
    }
    return rc < 0 ? rc : 0;
}

/*
 * pass.c - the one pass of a run: COPY from the files through the rules into a Parquet file, with
 * the statistics that a manifest needs.
 */
#include "job/work_internal.h"

#include <string.h>

/* ---- what COPY tells of the file it wrote ---- */

static struct weft_str string_at(duckdb_vector vector, idx_t row)
{
    const duckdb_string_t *text = (duckdb_string_t *)weft_duckdb.vector_get_data(vector) + row;
    uint32_t length = text->value.inlined.length;
    return (struct weft_str){length <= sizeof text->value.inlined.inlined
                                 ? text->value.inlined.inlined
                                 : text->value.pointer.ptr,
                             length};
}

static int64_t count_of(struct weft_str text)
{
    int64_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return text.length == 0 ? -1 : value;
}

static int stat_take(struct job_work *work, const struct weft_type *type, struct weft_str key,
                     struct weft_str value, struct weft_column_stats *stats,
                     struct weft_error *error)
{
    if (weft_str_is(key, "null_count")) {
        stats->null_count = count_of(value);
    } else if (weft_str_is(key, "num_values")) {
        stats->value_count = count_of(value);
    } else if (weft_str_is(key, "column_size_bytes")) {
        stats->column_size = count_of(value);
    } else if (type != NULL && (weft_str_is(key, "min") || weft_str_is(key, "max"))) {
        bool upper = weft_str_is(key, "max");
        char *text = weft_arena_strndup(work->arena, value.data, value.length);
        if (text == NULL)
            return weft_error_nomem(error);
        if (strlen(text) == value.length)
            return weft_bound_from_text(work->arena, type, text, upper,
                                        upper ? &stats->upper : &stats->lower, error);
    }
    return 0;
}

/* column_statistics is MAP(VARCHAR, MAP(VARCHAR, VARCHAR)): a map is a list of (key, value). */
static int stats_take(struct job_work *work, const struct weft_table_schema *schema,
                      duckdb_vector maps, struct weft_data_file *out, struct weft_error *error)
{
    duckdb_vector pairs = weft_duckdb.list_vector_get_child(maps);
    duckdb_vector names = weft_duckdb.struct_vector_get_child(pairs, 0);
    duckdb_vector inner = weft_duckdb.struct_vector_get_child(pairs, 1);
    duckdb_vector inner_pairs = weft_duckdb.list_vector_get_child(inner);
    duckdb_vector keys = weft_duckdb.struct_vector_get_child(inner_pairs, 0);
    duckdb_vector values = weft_duckdb.struct_vector_get_child(inner_pairs, 1);
    uint64_t *valid = weft_duckdb.vector_get_validity(values);
    const duckdb_list_entry outer = *(duckdb_list_entry *)weft_duckdb.vector_get_data(maps);
    struct weft_column_stats *stats =
        weft_arena_array(work->arena, outer.length + 1, sizeof *stats);
    if (stats == NULL)
        return weft_error_nomem(error);
    for (idx_t i = outer.offset; i < outer.offset + outer.length; i++) {
        const struct weft_type *type = NULL;
        struct weft_str name = string_at(names, i);
        char *text = weft_arena_strndup(work->arena, name.data, name.length);
        if (text == NULL)
            return weft_error_nomem(error);
        int id = weft_table_stats_field(schema, text, &type);
        if (id == 0)
            continue;
        struct weft_column_stats *one = &stats[out->stat_count++];
        *one = (struct weft_column_stats){id, -1, -1, -1, -1, {NULL, 0}, {NULL, 0}};
        duckdb_list_entry entry = ((duckdb_list_entry *)weft_duckdb.vector_get_data(inner))[i];
        for (idx_t k = entry.offset; k < entry.offset + entry.length; k++) {
            if (valid == NULL || weft_duckdb.validity_row_is_valid(valid, k))
                WEFT_TRY(
                    stat_take(work, type, string_at(keys, k), string_at(values, k), one, error));
        }
        if (one->value_count < 0)
            one->value_count = out->records;
    }
    out->stats = stats;
    return 0;
}

static int copy_result_take(struct job_work *work, struct weft_result *result,
                            const struct weft_table_schema *schema, struct weft_data_file *out,
                            struct weft_error *error)
{
    duckdb_data_chunk chunk = NULL;
    int rc = weft_result_next(result, &chunk, error);
    if (rc < 0)
        return rc;
    if (rc == WEFT_END || weft_duckdb.data_chunk_get_size(chunk) == 0)
        return 0; /* no row, no file */
    for (size_t i = 0; i < weft_result_column_count(result); i++) {
        const char *name = weft_result_column_name(result, i);
        duckdb_vector vector = weft_duckdb.data_chunk_get_vector(chunk, i);
        if (strcmp(name, "count") == 0)
            out->records = *(int64_t *)weft_duckdb.vector_get_data(vector);
        else if (strcmp(name, "file_size_bytes") == 0)
            out->size = *(int64_t *)weft_duckdb.vector_get_data(vector);
    }
    for (size_t i = 0; i < weft_result_column_count(result); i++) {
        if (strcmp(weft_result_column_name(result, i), "column_statistics") == 0)
            WEFT_TRY(
                stats_take(work, schema, weft_duckdb.data_chunk_get_vector(chunk, i), out, error));
    }
    rc = weft_result_next(result, &chunk, error);
    return rc < 0 ? rc : 0;
}

/* What only this run reads need not outlive it. */
static bool pass_is_temporary(const struct job_work *work)
{
    return work->parent != NULL || job_is_trial(work);
}

int job_pass_copy(struct job_work *work, const char *select, const struct weft_table_schema *schema,
                  const char *path, const char *shown, struct weft_data_file *out,
                  struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 28);
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    struct weft_data_file file = {.path = shown};
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(path);
    if (folder == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_mkdirs(folder, error));
    weft_buf_addf(&sql, "COPY (%s) TO ", select);
    weft_buf_add_sql_text(&sql, path, strlen(path));
    weft_buf_addf(&sql,
                  " (FORMAT parquet, COMPRESSION %s, PARQUET_VERSION V1, RETURN_STATS, FIELD_IDS ",
                  pass_is_temporary(work) ? "lz4_raw" : "zstd");
    weft_table_field_ids_sql(schema, &sql);
    weft_buf_addc(&sql, ')');
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    WEFT_TRY(copy_result_take(work, result, schema, &file, error));
    *out = file;
    if (file.records > 0) /* weft_table_make syncs what becomes part of a table */
        return 0;
    WEFT_TRY(weft_fs_unlink(path, error));
    return WEFT_END;
}

int job_pass_spool(struct job_work *work, const char *select, const char *path, int64_t *records,
                   struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 28);
    weft_buf_addf(&sql, "COPY (%s) TO ", select);
    weft_buf_add_sql_text(&sql, path, strlen(path));
    weft_buf_adds(&sql, " (FORMAT parquet, COMPRESSION lz4_raw, PARQUET_VERSION V1)");
    WEFT_TRY(weft_buf_check(&sql, error));
    return weft_engine_exec(work->engine, sql.data, records, error);
}

/* ---- the statement ---- */

void job_sort_print(const struct job_work *work, struct weft_buf *sql)
{
    for (size_t i = 0; i < work->product->sort_count; i++) {
        weft_buf_adds(sql, i == 0 ? " ORDER BY " : ", ");
        weft_buf_add_sql_name(sql, work->product->sort[i].field);
        weft_buf_adds(sql,
                      work->product->sort[i].descending ? " DESC NULLS LAST" : " ASC NULLS FIRST");
    }
}

static int select_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    weft_buf_adds(sql, "SELECT ");
    for (size_t i = 0; i < work->columns.output_count; i++) {
        const struct job_output *output = &work->columns.outputs[i];
        weft_buf_addf(sql, "%s%s AS ", i > 0 ? ", " : "", output->sql);
        weft_buf_add_sql_name(sql, output->name);
    }
    weft_buf_adds(sql, " FROM ");
    job_columns_print_from(&work->columns, work->rules.words, sql);
    weft_buf_adds(sql, " WHERE ");
    job_rules_print(&work->rules, true, sql);
    job_sort_print(work, sql);
    return weft_buf_check(sql, error);
}

/* read = accepted + quarantined, counted three times over: by the splitter, by the rules, and by
 * the engine's COPY. */
static int pass_balance(struct job_work *work, struct weft_error *error)
{
    int64_t read = job_rows_count(work);
    int64_t aside = (int64_t)work->rules.row_count;
    int64_t superseded = work->rules.superseded;
    if (read == work->data.records + aside + superseded)
        return 0;
    return weft_error_set(error, WEFT_E_INTERNAL,
                          "the balance does not hold: read %" PRId64 ", accepted %" PRId64
                          ", set aside %" PRId64 ", superseded %" PRId64,
                          read, work->data.records, aside, superseded);
}

int job_pass_run(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf select;
    weft_buf_init(&select, (size_t)1 << 28);
    WEFT_TRY(job_point("run.copy", error));
    WEFT_TRY(select_print(work, &select, error));
    int rc = job_pass_copy(work, select.data, &work->schema, work->data_path, work->data_shown,
                           &work->data, error);
    if (rc < 0)
        return job_rows_stopped(work) ? 0 : job_rows_failure(work, error);
    WEFT_TRY(job_rows_finish(work, error));
    return pass_balance(work, error);
}

int job_pass_settled(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(job_made_settle(work, error));
    WEFT_TRY(weft_fs_unlink(work->data_path, error));
    job_rules_reset(&work->rules);
    work->data = (struct weft_data_file){0};
    return job_pass_run(work, error);
}

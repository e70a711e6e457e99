/*
 * make_tables.c - a program for tests: makes tables in a home as it is told, with data files
 * written by DuckDB, so that other readers of Iceberg can be asked what they see.
 *
 *   make_tables HOME < steps.json
 *
 * Steps are an array of objects: {"table": "domain.name", "operation": "append" | "overwrite" |
 * "rollback" | "schema" | "drop" | "rebase" | "load" | "since", "fields": ["a long required", ...],
 * "select": ["SELECT ...", ...], "removed": ["lake/...", ...], "sort": ["a", "-b"],
 * "snapshot_id": "...", "since": "...", "space": "lake", "old_home": "...", "kept": 3,
 * "pointer": false, "metadata": "..."}.
 * Each step answers with a line of JSON.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/random.h"
#include "base/text.h"
#include "lake/lake_test_support.h"
#include "lake/pointer.h"

#include <string.h>

#include <duckdb.h>

struct maker {
    struct weft_ledger *ledger;
    struct weft_arena *arena;
    const char *home;
    duckdb_connection connection;
    struct weft_error error;
};

struct step {
    yyjson_val *json;
    const char *table;
    const char *space;
    const char *operation;
    const char *folder;
    char run_id[WEFT_UUID_TEXT];
    struct weft_table *before; /* NULL = a new one */
    struct weft_table_schema schema;
};

static void check(struct maker *maker, int rc)
{
    lake_test_ok(rc, &maker->error);
}

/* ---- data files ---- */

struct text_map {
    duckdb_vector keys;
    duckdb_vector values;
    idx_t from;
    idx_t to;
};

static struct text_map map_of(duckdb_vector map, idx_t row)
{
    duckdb_list_entry entry = ((duckdb_list_entry *)duckdb_vector_get_data(map))[row];
    duckdb_vector pairs = duckdb_list_vector_get_child(map);
    return (struct text_map){duckdb_struct_vector_get_child(pairs, 0),
                             duckdb_struct_vector_get_child(pairs, 1), entry.offset,
                             entry.offset + entry.length};
}

static const char *text_of(struct maker *maker, duckdb_vector vector, idx_t row)
{
    duckdb_string_t *text = (duckdb_string_t *)duckdb_vector_get_data(vector) + row;
    return weft_arena_strndup(maker->arena, duckdb_string_t_data(text),
                              duckdb_string_t_length(*text));
}

static int64_t number(const char *text)
{
    int64_t value = -1;
    if (text != NULL && !weft_parse_int64(text, strlen(text), &value))
        abort();
    return value;
}

static const char *lookup(struct maker *maker, struct text_map map, const char *key)
{
    for (idx_t i = map.from; i < map.to; i++)
        if (strcmp(text_of(maker, map.keys, i), key) == 0)
            return text_of(maker, map.values, i);
    return NULL;
}

static void fill_stats(struct maker *maker, const struct step *step, struct text_map columns,
                       struct weft_data_file *file)
{
    struct weft_column_stats *stats =
        weft_arena_array(maker->arena, columns.to - columns.from, sizeof *stats);
    for (idx_t i = columns.from; i < columns.to; i++) {
        const struct weft_type *type = NULL;
        const char *name = text_of(maker, columns.keys, i);
        int id = weft_table_stats_field(&step->schema, name, &type);
        if (id == 0)
            continue;
        struct text_map map = map_of(columns.values, i);
        struct weft_column_stats *out = &stats[file->stat_count++];
        out->field_id = id;
        out->value_count = number(lookup(maker, map, "num_values"));
        out->null_count = number(lookup(maker, map, "null_count"));
        out->nan_count = -1;
        out->column_size = number(lookup(maker, map, "column_size_bytes"));
        check(maker, weft_bound_from_text(maker->arena, type, lookup(maker, map, "min"), false,
                                          &out->lower, &maker->error));
        check(maker, weft_bound_from_text(maker->arena, type, lookup(maker, map, "max"), true,
                                          &out->upper, &maker->error));
    }
    file->stats = stats;
}

static void copy_select(struct maker *maker, const struct step *step, const char *select,
                        size_t nth, struct weft_data_file *file)
{
    struct weft_buf sql;
    weft_buf_init(&sql, 1000000);
    file->path =
        weft_arena_format(maker->arena, "%s/data/%s-%zu.parquet", step->folder, step->run_id, nth);
    weft_buf_addf(&sql, "COPY (%s) TO ", select);
    char *path = weft_path_join(maker->home, file->path);
    weft_buf_add_sql_text(&sql, path, strlen(path));
    weft_buf_adds(&sql, " (FORMAT parquet, PARQUET_VERSION V1, COMPRESSION zstd, RETURN_STATS, "
                        "FIELD_IDS ");
    weft_table_field_ids_sql(&step->schema, &sql);
    weft_buf_adds(&sql, ")");
    duckdb_result result;
    if (duckdb_query(maker->connection, sql.data, &result) != DuckDBSuccess) {
        fprintf(stderr, "%s\n%s\n", sql.data, duckdb_result_error(&result));
        exit(1);
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    file->records = ((int64_t *)duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 1)))[0];
    file->size = ((int64_t *)duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 2)))[0];
    fill_stats(maker, step, map_of(duckdb_data_chunk_get_vector(chunk, 4), 0), file);
    duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    weft_buf_release(&sql);
    weft_free(path);
}

static void add_files(struct maker *maker, const struct step *step,
                      struct weft_table_change *change)
{
    yyjson_val *selects = yyjson_obj_get(step->json, "select");
    struct weft_data_file *files =
        weft_arena_array(maker->arena, yyjson_arr_size(selects), sizeof *files);
    char *folder = weft_format("%s/%s/data", maker->home, step->folder);
    check(maker, weft_fs_mkdirs(folder, &maker->error));
    weft_free(folder);
    for (size_t i = 0; i < yyjson_arr_size(selects); i++) {
        copy_select(maker, step, yyjson_get_str(yyjson_arr_get(selects, i)), i, &files[i]);
        files[i].sort_order_id = change->sort_count > 0;
    }
    change->added = files;
    change->added_count = yyjson_arr_size(selects);
}

/* An overwrite without this list removes all files. */
static void name_removed(struct maker *maker, const struct step *step,
                         struct weft_table_change *change)
{
    yyjson_val *removed = yyjson_obj_get(step->json, "removed");
    size_t count = yyjson_arr_size(removed);
    const char **paths = weft_arena_array(maker->arena, count, sizeof *paths);
    for (size_t i = 0; i < count; i++)
        paths[i] = yyjson_get_str(yyjson_arr_get(removed, i));
    change->remove_all = removed == NULL;
    change->removed = paths;
    change->removed_count = count;
}

/* ---- steps ---- */

static void find_before(struct maker *maker, struct step *step)
{
    struct weft_ledger_txn *txn = NULL;
    struct weft_pointer pointer;
    const char *metadata = weft_json_text_or(step->json, "metadata", NULL);
    if (metadata != NULL) {
        check(maker,
              weft_table_load(maker->arena, maker->home, metadata, &step->before, &maker->error));
        return;
    }
    check(maker, weft_ledger_begin_read(maker->ledger, &txn, &maker->error));
    int rc =
        weft_pointer_get(txn, maker->arena, step->space, step->table, 0, &pointer, &maker->error);
    weft_ledger_end(txn);
    if (rc == WEFT_NOT_THERE)
        return;
    check(maker, rc);
    check(maker, weft_table_load(maker->arena, maker->home, pointer.metadata, &step->before,
                                 &maker->error));
}

static void find_schema(struct maker *maker, struct step *step)
{
    yyjson_val *lines = yyjson_obj_get(step->json, "fields");
    if (lines == NULL) {
        step->schema = *weft_table_schema(step->before);
        return;
    }
    size_t count = yyjson_arr_size(lines);
    const char **texts = weft_arena_array(maker->arena, count + 1, sizeof *texts);
    for (size_t i = 0; i < count; i++)
        texts[i] = yyjson_get_str(yyjson_arr_get(lines, i));
    struct weft_fields fields = lake_test_fields(maker->arena, texts);
    check(maker,
          weft_table_evolve(maker->arena, step->before, &fields, &step->schema, &maker->error));
}

static void fill_sort(struct maker *maker, const struct step *step,
                      struct weft_table_change *change)
{
    yyjson_val *names = yyjson_obj_get(step->json, "sort");
    size_t count = yyjson_arr_size(names);
    struct weft_sort_field *sort = weft_arena_array(maker->arena, count, sizeof *sort);
    for (size_t i = 0; i < count; i++) {
        const char *name = yyjson_get_str(yyjson_arr_get(names, i));
        sort[i] = (struct weft_sort_field){name + (name[0] == '-'), name[0] == '-'};
    }
    change->sort = sort;
    change->sort_count = count;
}

static enum weft_operation operation_of(const char *name)
{
    if (strcmp(name, "append") == 0)
        return WEFT_OP_APPEND;
    if (strcmp(name, "overwrite") == 0)
        return WEFT_OP_OVERWRITE;
    return strcmp(name, "rollback") == 0 ? WEFT_OP_ROLLBACK : WEFT_OP_SCHEMA_ONLY;
}

static void move_pointer(struct maker *maker, const struct step *step,
                         const struct weft_table_made *made, const char *operation)
{
    struct weft_ledger_txn *txn = NULL;
    struct weft_pointer_commit commit = {.space = step->space,
                                         .table = step->table,
                                         .made = made,
                                         .operation = operation,
                                         .run_id = step->run_id,
                                         .contract_version = "1.0.0"};
    check(maker, weft_ledger_begin_write(maker->ledger, &txn, &maker->error));
    check(maker, weft_lake_describe(txn, "local", "health", maker->home, &maker->error));
    if (made == NULL)
        check(maker, weft_pointer_drop(txn, "local", step->space, step->table, &maker->error));
    else
        check(maker, weft_pointer_commit(txn, "local", &commit, &maker->error));
    check(maker, weft_ledger_commit(txn, &maker->error));
}

static void answer(const struct weft_table_made *made)
{
    printf("{\"metadata\":\"%s\",\"snapshot_id\":\"%" PRId64 "\",\"records\":%" PRId64
           ",\"files\":%" PRId64 ",\"bytes\":%" PRId64 ",\"old\":[",
           made->metadata_path, made->snapshot_id, made->total_records, made->total_files,
           made->total_bytes);
    for (size_t i = 0; i < made->old_metadata_count; i++)
        printf("%s\"%s\"", i > 0 ? "," : "", made->old_metadata[i]);
    printf("]}\n");
}

static void make(struct maker *maker, struct step *step)
{
    const struct weft_summary_item summary[] = {{"weft.run-id", step->run_id}};
    const struct weft_summary_item properties[] = {{"weft.product", step->table}};
    struct weft_table_change change = {
        .folder = step->folder,
        .run_id = step->run_id,
        .operation = operation_of(step->operation),
        .schema = &step->schema,
        .remove_all = true,
        .rollback_snapshot_id = weft_json_int_or(step->json, "snapshot_id", 0),
        .timestamp_ms = weft_json_int_or(step->json, "now_ms", weft_clock_us() / 1000),
        .summary = summary,
        .summary_count = 1,
        .properties = properties,
        .property_count = 1,
        .metadata_files_kept = (int)weft_json_int_or(step->json, "kept", 100)};
    struct weft_table_made made;
    fill_sort(maker, step, &change);
    add_files(maker, step, &change);
    name_removed(maker, step, &change);
    int64_t start = weft_clock_mono_us();
    check(maker,
          weft_table_make(maker->arena, maker->home, step->before, &change, &made, &maker->error));
    fprintf(stderr, "%s %s: %" PRId64 " us\n", step->operation, step->table,
            weft_clock_mono_us() - start);
    if (weft_json_bool_or(step->json, "pointer", true))
        move_pointer(maker, step, &made, step->operation);
    answer(&made);
}

static void answer_paths(const struct weft_data_files *files)
{
    printf("\"paths\":[");
    for (size_t i = 0; i < files->count; i++)
        printf("%s\"%s\"", i > 0 ? "," : "", files->items[i].path);
    printf("]}\n");
}

/* What weft itself reads back: names of the live files of a snapshot. */
static void load(struct maker *maker, const struct step *step)
{
    struct weft_data_files data;
    struct weft_data_files deletes;
    int64_t id = weft_json_int_or(step->json, "snapshot_id", 0);
    const struct weft_snapshot *snapshot =
        id == 0 ? weft_table_current(step->before) : weft_table_snapshot(step->before, id);
    check(maker, weft_table_files(maker->arena, maker->home, step->before, snapshot, &data,
                                  &deletes, &maker->error));
    printf("{\"files\":%zu,\"deletes\":%zu,", data.count, deletes.count);
    answer_paths(&data);
}

static void since(struct maker *maker, const struct step *step)
{
    struct weft_data_files data = {NULL, 0};
    int64_t culprit = 0;
    int rc = weft_table_added_since(
        maker->arena, maker->home, step->before, weft_table_current(step->before),
        weft_json_int_or(step->json, "since", 0), &data, &culprit, &maker->error);
    if (rc < 0)
        check(maker, rc);
    printf("{\"condition\":%d,\"culprit\":\"%" PRId64 "\",", rc, culprit);
    answer_paths(&data);
}

static void rebase(struct maker *maker, const struct step *step)
{
    char *path = NULL;
    check(maker,
          weft_table_rebase(maker->home, weft_table_metadata_path(step->before),
                            weft_json_text_or(step->json, "old_home", ""), &path, &maker->error));
    struct weft_table_made made = {.metadata_path = path,
                                   .previous_path = weft_table_metadata_path(step->before)};
    move_pointer(maker, step, &made, "rebase");
    answer(&made);
    weft_free(path);
}

static void run_step(struct maker *maker, yyjson_val *json)
{
    struct step step = {.json = json,
                        .table = weft_json_text_or(json, "table", ""),
                        .space = weft_json_text_or(json, "space", "lake"),
                        .operation = weft_json_text_or(json, "operation", "append")};
    const char *dot = strchr(step.table, '.');
    check(maker, weft_uuid(step.run_id, &maker->error));
    step.folder = weft_arena_format(maker->arena, "%s/%.*s/%s", step.space, (int)(dot - step.table),
                                    step.table, dot + 1);
    find_before(maker, &step);
    if (strcmp(step.operation, "drop") == 0) {
        move_pointer(maker, &step, NULL, "drop");
        printf("{}\n");
    } else if (strcmp(step.operation, "load") == 0) {
        load(maker, &step);
    } else if (strcmp(step.operation, "since") == 0) {
        since(maker, &step);
    } else if (strcmp(step.operation, "rebase") == 0) {
        rebase(maker, &step);
    } else {
        find_schema(maker, &step);
        make(maker, &step);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct maker maker = {.error = WEFT_ERROR_INIT};
    struct weft_buf text;
    yyjson_doc *doc = NULL;
    duckdb_database database;
    if (argc != 2)
        return 2;
    weft_lake_register();
    check(&maker, weft_ledger_open(argv[1], WEFT_LEDGER_CREATE, &maker.ledger, &maker.error));
    maker.home = weft_ledger_home(maker.ledger);
    weft_buf_init(&text, (size_t)100 << 20);
    check(&maker, weft_fs_read_file("/dev/stdin", (size_t)50 << 20, &text, &maker.error));
    check(&maker, weft_json_parse(text.data, text.length, 0, &doc, &maker.error));
    if (duckdb_open(NULL, &database) != DuckDBSuccess ||
        duckdb_connect(database, &maker.connection) != DuckDBSuccess)
        return 1;
    size_t i = 0;
    size_t max = 0;
    yyjson_val *step = NULL;
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, max, step)
    {
        maker.arena = weft_arena_new(0);
        run_step(&maker, step);
        weft_arena_free(maker.arena);
    }
    duckdb_disconnect(&maker.connection);
    duckdb_close(&database);
    yyjson_doc_free(doc);
    weft_buf_release(&text);
    weft_ledger_close(maker.ledger);
    return 0;
}

/*
 * mesh_table.c - the tables of the mesh as one table function, weft_mesh('runs'): its rows are those of
 * a SELECT over the ledger's store, in the read transaction and at the sequence of the request.
 *
 * The function runs in one thread (DuckDB's default for table functions): a statement of the store
 * belongs to one thread at a time, and a mutex keeps two scans of one query apart, because both use the
 * transaction's connection.
 */
#include "engine/mesh_table.h"

#include "base/mem.h"
#include "codec/json.h"

#include <pthread.h>
#include <string.h>

#define MESH_TABLES_MAX 64
#define MESH_FUNCTION "weft_mesh"

static const struct weft_mesh_table *mesh_tables[MESH_TABLES_MAX];
static size_t mesh_count;

void weft_mesh_table_register(const struct weft_mesh_table *table)
{
    assert(mesh_count < MESH_TABLES_MAX);
    mesh_tables[mesh_count++] = table;
}

size_t weft_mesh_table_count(void)
{
    return mesh_count;
}

const struct weft_mesh_table *weft_mesh_table_nth(size_t i)
{
    assert(i < mesh_count);
    return mesh_tables[i];
}

static const struct weft_mesh_table *table_find(const char *name)
{
    for (size_t i = 0; i < mesh_count; i++) {
        if (strcmp(mesh_tables[i]->name, name) == 0)
            return mesh_tables[i];
    }
    return NULL;
}

/* ---- without DuckDB ---- */

int weft_mesh_table_open(struct weft_ledger_txn *txn, const char *name, int64_t sequence,
                         int64_t now_us, struct weft_stmt **out, struct weft_error *error)
{
    const struct weft_mesh_table *table = table_find(name);
    if (table == NULL)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no table mesh.%s", name);
    struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, table->sql, &stmt, error));
    weft_stmt_bind_int(stmt, 1, sequence);
    weft_stmt_bind_int(stmt, 2, now_us);
    *out = stmt;
    return 0;
}

int weft_mesh_table_relation(struct weft_arena *arena, const char *name, struct weft_relation *out,
                             struct weft_error *error)
{
    const struct weft_mesh_table *table = table_find(name);
    if (table == NULL)
        return WEFT_NOT_THERE;
    struct weft_relation_column *columns =
        weft_arena_array(arena, table->column_count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < table->column_count; i++) {
        columns[i].name = table->columns[i].name;
        WEFT_TRY(weft_type_parse(arena, table->columns[i].type, &columns[i].type, error));
    }
    *out = (struct weft_relation){
        .kind = WEFT_RELATION_MESH, .columns = columns, .column_count = table->column_count};
    out->product = weft_arena_format(arena, "mesh.%s", name);
    out->sql = weft_arena_format(arena, MESH_FUNCTION "('%s')", name);
    return out->product == NULL || out->sql == NULL ? weft_error_nomem(error) : 0;
}

/* ---- the table function ---- */

struct mesh_handle {
    struct weft_ledger_txn *txn;
    int64_t sequence;
    int64_t now_us;
    pthread_mutex_t mutex;
};

struct mesh_bind {
    const struct weft_mesh_table *table;
    struct weft_arena *arena;
    const struct weft_type **types;
};

struct mesh_scan {
    struct weft_stmt *stmt;
    struct mesh_handle *handle;
    bool ended;
};

static void handle_free(void *data)
{
    struct mesh_handle *handle = data;
    pthread_mutex_destroy(&handle->mutex);
    weft_free(handle);
}

static void bind_free(void *data)
{
    struct mesh_bind *bind = data;
    weft_arena_free(bind->arena);
    weft_free(bind);
}

static void scan_free(void *data)
{
    struct mesh_scan *scan = data;
    pthread_mutex_lock(&scan->handle->mutex);
    weft_stmt_free(scan->stmt);
    pthread_mutex_unlock(&scan->handle->mutex);
    weft_free(scan);
}

static duckdb_logical_type logical_of(const struct weft_type *type)
{
    static const duckdb_type ids[] = {
        [WEFT_TYPE_BOOLEAN] = DUCKDB_TYPE_BOOLEAN,
        [WEFT_TYPE_INT] = DUCKDB_TYPE_INTEGER,
        [WEFT_TYPE_LONG] = DUCKDB_TYPE_BIGINT,
        [WEFT_TYPE_DOUBLE] = DUCKDB_TYPE_DOUBLE,
        [WEFT_TYPE_STRING] = DUCKDB_TYPE_VARCHAR,
        [WEFT_TYPE_TIMESTAMPTZ] = DUCKDB_TYPE_TIMESTAMP_TZ,
    };
    if (type->kind != WEFT_TYPE_LIST)
        return weft_duckdb.create_logical_type(ids[type->kind]);
    duckdb_logical_type text = weft_duckdb.create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_logical_type list = weft_duckdb.create_list_type(text);
    weft_duckdb.destroy_logical_type(&text);
    return list;
}

static int bind_columns(duckdb_bind_info info, struct mesh_bind *bind, struct weft_error *error)
{
    for (size_t i = 0; i < bind->table->column_count; i++) {
        const struct weft_mesh_column *column = &bind->table->columns[i];
        WEFT_TRY(weft_type_parse(bind->arena, column->type, &bind->types[i], error));
        duckdb_logical_type type = logical_of(bind->types[i]);
        weft_duckdb.bind_add_result_column(info, column->name, type);
        weft_duckdb.destroy_logical_type(&type);
    }
    return 0;
}

static void mesh_bind_call(duckdb_bind_info info)
{
    struct weft_error error = WEFT_ERROR_INIT;
    duckdb_value value = weft_duckdb.bind_get_parameter(info, 0);
    char *name = weft_duckdb.get_varchar(value);
    const struct weft_mesh_table *table = name == NULL ? NULL : table_find(name);
    weft_duckdb.free(name);
    weft_duckdb.destroy_value(&value);
    struct mesh_bind *bind = table == NULL ? NULL : weft_alloc(sizeof *bind);
    if (bind == NULL) {
        weft_duckdb.bind_set_error(info, table == NULL ? "no such table" : "out of memory");
        return;
    }
    bind->table = table;
    bind->arena = weft_arena_new(0);
    bind->types = bind->arena == NULL
                      ? NULL
                      : weft_arena_array(bind->arena, table->column_count + 1, sizeof(void *));
    if (bind->types == NULL || bind_columns(info, bind, &error) < 0) {
        weft_duckdb.bind_set_error(info, bind->types == NULL ? "out of memory" : error.message);
        bind_free(bind);
        return;
    }
    weft_duckdb.bind_set_bind_data(info, bind, bind_free);
}

static void mesh_init_call(duckdb_init_info info)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct mesh_bind *bind = weft_duckdb.init_get_bind_data(info);
    struct mesh_handle *handle = weft_duckdb.init_get_extra_info(info);
    struct mesh_scan *scan = weft_alloc(sizeof *scan);
    if (scan == NULL) {
        weft_duckdb.init_set_error(info, "out of memory");
        return;
    }
    scan->handle = handle;
    pthread_mutex_lock(&handle->mutex);
    int rc = weft_mesh_table_open(handle->txn, bind->table->name, handle->sequence, handle->now_us,
                                  &scan->stmt, &error);
    pthread_mutex_unlock(&handle->mutex);
    if (rc < 0) {
        weft_duckdb.init_set_error(info, error.message);
        weft_free(scan);
        return;
    }
    weft_duckdb.init_set_init_data(info, scan, scan_free);
}

/* A JSON array of texts as a list. */
static int list_put(duckdb_vector vector, idx_t row, const char *json, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(json, strlen(json), 0, &doc, error));
    yyjson_val *array = yyjson_doc_get_root(doc);
    duckdb_list_entry *entries = weft_duckdb.vector_get_data(vector);
    idx_t offset = weft_duckdb.list_vector_get_size(vector);
    entries[row].offset = offset;
    entries[row].length = yyjson_arr_size(array);
    if (weft_duckdb.list_vector_reserve(vector, offset + entries[row].length) != DuckDBSuccess ||
        weft_duckdb.list_vector_set_size(vector, offset + entries[row].length) != DuckDBSuccess)
        return weft_error_nomem(error);
    duckdb_vector child = weft_duckdb.list_vector_get_child(vector);
    yyjson_val *item;
    yyjson_arr_iter iter = yyjson_arr_iter_with(array);
    while ((item = yyjson_arr_iter_next(&iter)) != NULL)
        weft_duckdb.vector_assign_string_element_len(child, offset++, yyjson_get_str(item),
                                                     yyjson_get_len(item));
    return 0;
}

static void null_put(duckdb_vector vector, idx_t row)
{
    weft_duckdb.vector_ensure_validity_writable(vector);
    weft_duckdb.validity_set_row_invalid(weft_duckdb.vector_get_validity(vector), row);
}

static int cell_put(const struct weft_type *type, struct weft_stmt *stmt, int column,
                    duckdb_vector vector, idx_t row, struct weft_error *error)
{
    void *data = weft_duckdb.vector_get_data(vector);
    if (weft_stmt_column_is_null(stmt, column)) {
        if (type->kind == WEFT_TYPE_LIST) {
            ((duckdb_list_entry *)data)[row].offset = weft_duckdb.list_vector_get_size(vector);
            ((duckdb_list_entry *)data)[row].length = 0;
        }
        null_put(vector, row);
        return 0;
    }
    switch (type->kind) {
    case WEFT_TYPE_BOOLEAN:
        ((bool *)data)[row] = weft_stmt_column_int(stmt, column) != 0;
        return 0;
    case WEFT_TYPE_INT:
        ((int32_t *)data)[row] = (int32_t)weft_stmt_column_int(stmt, column);
        return 0;
    case WEFT_TYPE_LONG:
    case WEFT_TYPE_TIMESTAMPTZ:
        ((int64_t *)data)[row] = weft_stmt_column_int(stmt, column);
        return 0;
    case WEFT_TYPE_DOUBLE:
        ((double *)data)[row] = weft_stmt_column_double(stmt, column);
        return 0;
    case WEFT_TYPE_LIST:
        return list_put(vector, row, weft_stmt_column_text(stmt, column), error);
    default:
        weft_duckdb.vector_assign_string_element(vector, row, weft_stmt_column_text(stmt, column));
        return weft_stmt_check(stmt, error);
    }
}

static int rows_put(const struct mesh_bind *bind, struct mesh_scan *scan, duckdb_data_chunk chunk,
                    struct weft_error *error)
{
    idx_t row = 0, most = weft_duckdb.vector_size();
    while (row < most && !scan->ended) {
        int rc = weft_stmt_step(scan->stmt, error);
        WEFT_TRY(rc);
        scan->ended = rc == WEFT_END;
        if (scan->ended)
            break;
        for (size_t i = 0; i < bind->table->column_count; i++)
            WEFT_TRY(cell_put(bind->types[i], scan->stmt, (int)i,
                              weft_duckdb.data_chunk_get_vector(chunk, i), row, error));
        row++;
    }
    weft_duckdb.data_chunk_set_size(chunk, row);
    return 0;
}

static void mesh_scan_call(duckdb_function_info info, duckdb_data_chunk chunk)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct mesh_bind *bind = weft_duckdb.function_get_bind_data(info);
    struct mesh_scan *scan = weft_duckdb.function_get_init_data(info);
    pthread_mutex_lock(&scan->handle->mutex);
    int rc = rows_put(bind, scan, chunk, &error);
    pthread_mutex_unlock(&scan->handle->mutex);
    if (rc < 0)
        weft_duckdb.function_set_error(info, error.message);
}

int weft_mesh_tables_attach(struct weft_engine *engine, struct weft_ledger_txn *txn,
                            int64_t sequence, int64_t now_us, struct weft_error *error)
{
    struct mesh_handle *handle = weft_alloc(sizeof *handle);
    if (handle == NULL)
        return weft_error_nomem(error);
    *handle = (struct mesh_handle){.txn = txn, .sequence = sequence, .now_us = now_us};
    pthread_mutex_init(&handle->mutex, NULL);
    duckdb_table_function function = weft_duckdb.create_table_function();
    duckdb_logical_type text = weft_duckdb.create_logical_type(DUCKDB_TYPE_VARCHAR);
    weft_duckdb.table_function_set_name(function, MESH_FUNCTION);
    weft_duckdb.table_function_add_parameter(function, text);
    weft_duckdb.table_function_set_extra_info(function, handle, handle_free);
    weft_duckdb.table_function_set_bind(function, mesh_bind_call);
    weft_duckdb.table_function_set_init(function, mesh_init_call);
    weft_duckdb.table_function_set_function(function, mesh_scan_call);
    duckdb_state state =
        weft_duckdb.register_table_function(weft_engine_connection(engine), function);
    weft_duckdb.destroy_logical_type(&text);
    weft_duckdb.destroy_table_function(&function);
    if (state != DuckDBSuccess)
        return weft_error_set(error, WEFT_E_INTERNAL, "the mesh's tables cannot be registered");
    return 0;
}

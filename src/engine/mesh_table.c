/*
 * mesh_table.c - the registered mesh tables, and the table function that shows them to DuckDB.
 *
 * weft_mesh(<name>) streams the rows of one SQLite statement. DuckDB may scan two of them on two
 * threads at once, while a transaction of the ledger belongs to one: a mutex for each transaction
 * lets one chunk be filled at a time.
 */
#include "engine/mesh_table.h"

#include "base/map.h"
#include "base/text.h"
#include "codec/json.h"
#include "engine/engine_internal.h"

#define MESH_TABLES_MAX 64
#define MESH_CHUNK 2048

static const struct weft_mesh_table *mesh_tables[MESH_TABLES_MAX];
static size_t mesh_table_count;

void weft_mesh_table_register(const struct weft_mesh_table *table)
{
    assert(mesh_table_count < MESH_TABLES_MAX);
    for (size_t i = 0; i < mesh_table_count; i++) {
        if (mesh_tables[i] == table)
            return;
        assert(strcmp(mesh_tables[i]->name, table->name) != 0);
    }
    mesh_tables[mesh_table_count++] = table;
}

size_t weft_mesh_table_count(void)
{
    return mesh_table_count;
}

const struct weft_mesh_table *weft_mesh_table_nth(size_t i)
{
    assert(i < mesh_table_count);
    return mesh_tables[i];
}

const struct weft_mesh_table *weft_mesh_table_find(const char *name)
{
    for (size_t i = 0; i < mesh_table_count; i++)
        if (weft_equal_fold(mesh_tables[i]->name, name))
            return mesh_tables[i];
    return NULL;
}

int weft_mesh_table_column(const struct weft_mesh_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

/* ---- without DuckDB ---- */

struct weft_mesh_cursor {
    const struct weft_mesh_table *table;
    const struct weft_mesh_view *view; /* NULL = all is shown */
    struct weft_stmt *statement;
    unsigned shown; /* bits of enum weft_mesh_shown, of the current row */
};

void weft_mesh_cursor_free(struct weft_mesh_cursor *cursor)
{
    if (cursor == NULL)
        return;
    weft_stmt_free(cursor->statement);
    weft_free(cursor);
}

void weft_mesh_cursor_freep(struct weft_mesh_cursor **cursor)
{
    weft_mesh_cursor_free(*cursor);
    *cursor = NULL;
}

static int cursor_prepare(struct weft_mesh_cursor *cursor, struct weft_ledger_txn *txn,
                          struct weft_error *error)
{
    const struct weft_mesh_table *table = cursor->table;
    const char *rest = table->sql, *mark;
    if (cursor->view == NULL || table->scope.keys == NULL)
        return weft_stmt_prepare(txn, table->sql, &cursor->statement, error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 1 << 20);
    for (; (mark = strstr(rest, WEFT_MESH_KEYS)) != NULL; rest = mark + sizeof WEFT_MESH_KEYS - 1)
        weft_buf_addf(&sql, "%.*s%s ", (int)(mark - rest), rest, table->scope.keys);
    assert(rest != table->sql);
    weft_buf_adds(&sql, rest);
    WEFT_TRY(weft_buf_check(&sql, error));
    return weft_stmt_prepare(txn, sql.data, &cursor->statement, error);
}

int weft_mesh_table_open(struct weft_ledger_txn *txn, const struct weft_mesh_view *view,
                         const char *name, int64_t sequence, int64_t now_us,
                         struct weft_mesh_cursor **out, struct weft_error *error)
{
    const struct weft_mesh_table *table = weft_mesh_table_find(name);
    if (table == NULL)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no table mesh.%s", name);
    if (view != NULL && view->row == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "mesh.%s was not asked for at the gate",
                              table->name);
    if (view != NULL && table->scope.rows == WEFT_MESH_OF_NOBODY)
        return weft_error_set(error, WEFT_E_DENIED, "mesh.%s is for the local operator alone",
                              table->name);
    WEFT_CLEANUP(weft_mesh_cursor_freep)
    struct weft_mesh_cursor *cursor = weft_alloc(sizeof *cursor);
    if (cursor == NULL)
        return weft_error_nomem(error);
    *cursor = (struct weft_mesh_cursor){.table = table, .view = view};
    if (table->prepare != NULL)
        WEFT_TRY(table->prepare(txn, error));
    WEFT_TRY(cursor_prepare(cursor, txn, error));
    weft_stmt_bind_int(cursor->statement, 1, sequence);
    if (strstr(table->sql, "?2") != NULL)
        weft_stmt_bind_int(cursor->statement, 2, now_us);
    *out = cursor;
    cursor = NULL;
    return 0;
}

int weft_mesh_cursor_step(struct weft_mesh_cursor *cursor, struct weft_error *error)
{
    for (;;) {
        int rc = weft_stmt_step(cursor->statement, error);
        if (rc != 0 || cursor->view == NULL)
            return rc;
        cursor->shown = cursor->view->row(cursor->view->arg, cursor->table, cursor->statement,
                                          (int)cursor->table->column_count);
        if (cursor->shown != 0)
            return 0;
    }
}

bool weft_mesh_cursor_is_null(const struct weft_mesh_cursor *cursor, int column)
{
    if (column < 0 || weft_stmt_column_is_null(cursor->statement, column))
        return true;
    if (cursor->view == NULL)
        return false;
    unsigned needed = cursor->table->columns[column].shown;
    if ((cursor->shown & needed) == 0)
        return true;
    return needed == WEFT_MESH_TEAM &&
           !cursor->view->text(cursor->view->arg, weft_stmt_column_text(cursor->statement, column));
}

int64_t weft_mesh_cursor_int(const struct weft_mesh_cursor *cursor, int column)
{
    return weft_mesh_cursor_is_null(cursor, column)
               ? 0
               : weft_stmt_column_int(cursor->statement, column);
}

double weft_mesh_cursor_double(const struct weft_mesh_cursor *cursor, int column)
{
    return weft_mesh_cursor_is_null(cursor, column)
               ? 0
               : weft_stmt_column_double(cursor->statement, column);
}

const char *weft_mesh_cursor_text(const struct weft_mesh_cursor *cursor, int column)
{
    return weft_mesh_cursor_is_null(cursor, column)
               ? ""
               : weft_stmt_column_text(cursor->statement, column);
}

int weft_mesh_table_relation(struct weft_arena *arena, const char *name, struct weft_relation *out,
                             struct weft_error *error)
{
    const struct weft_mesh_table *table = weft_mesh_table_find(name);
    if (table == NULL)
        return WEFT_NOT_THERE;
    struct weft_relation_column *columns =
        weft_arena_array(arena, table->column_count, sizeof(*columns));
    const char *product = weft_arena_format(arena, "mesh.%s", table->name);
    const char *sql = weft_arena_format(arena, "weft_mesh('%s')", table->name);
    if (columns == NULL || product == NULL || sql == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < table->column_count; i++) {
        columns[i].name = table->columns[i].name;
        WEFT_TRY(weft_type_parse(arena, table->columns[i].type, &columns[i].type, error));
    }
    *out = (struct weft_relation){.kind = WEFT_RELATION_MESH,
                                  .product = product,
                                  .columns = columns,
                                  .column_count = table->column_count,
                                  .sql = sql};
    return 0;
}

/* ---- the table function ---- */

enum mesh_kind { MESH_TEXT, MESH_LONG, MESH_DOUBLE, MESH_BOOLEAN, MESH_TIME, MESH_LIST };

struct mesh_attached {
    struct weft_ledger_txn *txn;
    int64_t sequence;
    int64_t now_us;
    const struct weft_mesh_view *view; /* NULL = the local operator's */
    pthread_mutex_t mutex;
};

struct mesh_scan {
    struct mesh_attached *attached;
    struct weft_mesh_cursor *cursor;
};

static enum mesh_kind mesh_kind_of(const char *type)
{
    static const struct {
        const char *type;
        enum mesh_kind kind;
    } kinds[] = {{"string", MESH_TEXT},      {"long", MESH_LONG},
                 {"double", MESH_DOUBLE},    {"boolean", MESH_BOOLEAN},
                 {"timestamptz", MESH_TIME}, {"list<string>", MESH_LIST}};
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        if (strcmp(kinds[i].type, type) == 0)
            return kinds[i].kind;
    return MESH_TEXT;
}

static duckdb_logical_type mesh_logical_type(enum mesh_kind kind)
{
    static const duckdb_type ids[] = {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_DOUBLE,
                                      DUCKDB_TYPE_BOOLEAN, DUCKDB_TYPE_TIMESTAMP_TZ};
    if (kind != MESH_LIST)
        return weft_duckdb.create_logical_type(ids[kind]);
    duckdb_logical_type text = weft_duckdb.create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_logical_type list = weft_duckdb.create_list_type(text);
    weft_duckdb.destroy_logical_type(&text);
    return list;
}

static void mesh_bind(duckdb_bind_info info)
{
    duckdb_value value = weft_duckdb.bind_get_parameter(info, 0);
    char *name = weft_duckdb.get_varchar(value);
    const struct weft_mesh_table *table = name == NULL ? NULL : weft_mesh_table_find(name);
    weft_duckdb.free(name);
    weft_duckdb.destroy_value(&value);
    if (table == NULL) {
        weft_duckdb.bind_set_error(info, "there is no such table");
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        duckdb_logical_type type = mesh_logical_type(mesh_kind_of(table->columns[i].type));
        weft_duckdb.bind_add_result_column(info, table->columns[i].name, type);
        weft_duckdb.destroy_logical_type(&type);
    }
    weft_duckdb.bind_set_bind_data(info, (void *)(uintptr_t)table, NULL);
}

static void mesh_scan_free(void *data)
{
    struct mesh_scan *scan = data;
    pthread_mutex_lock(&scan->attached->mutex);
    weft_mesh_cursor_free(scan->cursor);
    pthread_mutex_unlock(&scan->attached->mutex);
    weft_free(scan);
}

static void mesh_init(duckdb_init_info info)
{
    struct mesh_attached *attached = weft_duckdb.init_get_extra_info(info);
    const struct weft_mesh_table *table = weft_duckdb.init_get_bind_data(info);
    struct mesh_scan *scan = weft_alloc(sizeof(*scan));
    struct weft_error error = WEFT_ERROR_INIT;
    if (scan == NULL) {
        weft_duckdb.init_set_error(info, "out of memory");
        return;
    }
    scan->attached = attached;
    pthread_mutex_lock(&attached->mutex);
    int rc = weft_mesh_table_open(attached->txn, attached->view, table->name, attached->sequence,
                                  attached->now_us, &scan->cursor, &error);
    pthread_mutex_unlock(&attached->mutex);
    if (rc < 0) {
        weft_free(scan);
        weft_duckdb.init_set_error(info, error.message);
        return;
    }
    weft_duckdb.init_set_init_data(info, scan, mesh_scan_free);
    weft_duckdb.init_set_max_threads(info, 1);
}

static int mesh_put_list(duckdb_vector vector, idx_t row, const char *json,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(json, strlen(json), 0, &doc, error));
    yyjson_val *array = yyjson_doc_get_root(doc);
    size_t count = yyjson_arr_size(array);
    idx_t start = weft_duckdb.list_vector_get_size(vector);
    if (weft_duckdb.list_vector_reserve(vector, start + count) != DuckDBSuccess ||
        weft_duckdb.list_vector_set_size(vector, start + count) != DuckDBSuccess)
        return weft_error_nomem(error);
    duckdb_vector child = weft_duckdb.list_vector_get_child(vector);
    for (size_t i = 0; i < count; i++) {
        const char *text = yyjson_get_str(yyjson_arr_get(array, i));
        weft_duckdb.vector_assign_string_element(child, start + i, text == NULL ? "" : text);
    }
    duckdb_list_entry *entries = weft_duckdb.vector_get_data(vector);
    entries[row] = (duckdb_list_entry){start, count};
    return 0;
}

static int mesh_put(const struct weft_mesh_cursor *cursor, int column, enum mesh_kind kind,
                    duckdb_vector vector, idx_t row, struct weft_error *error)
{
    void *data = weft_duckdb.vector_get_data(vector);
    if (weft_mesh_cursor_is_null(cursor, column)) {
        weft_duckdb.vector_ensure_validity_writable(vector);
        weft_duckdb.validity_set_row_invalid(weft_duckdb.vector_get_validity(vector), row);
        if (kind == MESH_LIST)
            ((duckdb_list_entry *)data)[row] =
                (duckdb_list_entry){weft_duckdb.list_vector_get_size(vector), 0};
        return 0;
    }
    switch (kind) {
    case MESH_LONG:
    case MESH_TIME:
        ((int64_t *)data)[row] = weft_mesh_cursor_int(cursor, column);
        return 0;
    case MESH_DOUBLE:
        ((double *)data)[row] = weft_mesh_cursor_double(cursor, column);
        return 0;
    case MESH_BOOLEAN:
        ((bool *)data)[row] = weft_mesh_cursor_int(cursor, column) != 0;
        return 0;
    case MESH_LIST:
        return mesh_put_list(vector, row, weft_mesh_cursor_text(cursor, column), error);
    default:
        weft_duckdb.vector_assign_string_element(vector, row,
                                                 weft_mesh_cursor_text(cursor, column));
        return 0;
    }
}

static int mesh_fill(struct mesh_scan *scan, const struct weft_mesh_table *table,
                     duckdb_data_chunk chunk, idx_t *rows, struct weft_error *error)
{
    for (*rows = 0; *rows < MESH_CHUNK; ++*rows) {
        int rc = weft_mesh_cursor_step(scan->cursor, error);
        if (rc != 0)
            return rc;
        for (size_t i = 0; i < table->column_count; i++)
            WEFT_TRY(mesh_put(scan->cursor, (int)i, mesh_kind_of(table->columns[i].type),
                              weft_duckdb.data_chunk_get_vector(chunk, i), *rows, error));
    }
    return 0;
}

static void mesh_function(duckdb_function_info info, duckdb_data_chunk chunk)
{
    struct mesh_scan *scan = weft_duckdb.function_get_init_data(info);
    const struct weft_mesh_table *table = weft_duckdb.function_get_bind_data(info);
    struct weft_error error = WEFT_ERROR_INIT;
    idx_t rows = 0;
    pthread_mutex_lock(&scan->attached->mutex);
    int rc = scan->cursor == NULL ? WEFT_END : mesh_fill(scan, table, chunk, &rows, &error);
    if (rc == WEFT_END) {
        weft_mesh_cursor_free(scan->cursor);
        scan->cursor = NULL;
    }
    pthread_mutex_unlock(&scan->attached->mutex);
    if (rc < 0)
        weft_duckdb.function_set_error(info, error.message);
    weft_duckdb.data_chunk_set_size(chunk, rc < 0 ? 0 : rows);
}

static void mesh_attached_free(void *data)
{
    struct mesh_attached *attached = data;
    pthread_mutex_destroy(&attached->mutex);
    weft_free(attached);
}

int weft_mesh_tables_attach(struct weft_engine *engine, struct weft_ledger_txn *txn,
                            int64_t sequence, int64_t now_us, const struct weft_mesh_view *view,
                            struct weft_error *error)
{
    struct mesh_attached *attached = weft_alloc(sizeof(*attached));
    if (attached == NULL)
        return weft_error_nomem(error);
    *attached =
        (struct mesh_attached){.txn = txn, .sequence = sequence, .now_us = now_us, .view = view};
    pthread_mutex_init(&attached->mutex, NULL);
    duckdb_table_function function = weft_duckdb.create_table_function();
    duckdb_logical_type text = weft_duckdb.create_logical_type(DUCKDB_TYPE_VARCHAR);
    weft_duckdb.table_function_set_name(function, "weft_mesh");
    weft_duckdb.table_function_add_parameter(function, text);
    weft_duckdb.table_function_set_extra_info(function, attached, mesh_attached_free);
    weft_duckdb.table_function_set_bind(function, mesh_bind);
    weft_duckdb.table_function_set_init(function, mesh_init);
    weft_duckdb.table_function_set_function(function, mesh_function);
    weft_duckdb.destroy_logical_type(&text);
    duckdb_state state = weft_duckdb.register_table_function(engine->connection, function);
    weft_duckdb.destroy_table_function(&function);
    if (state != DuckDBSuccess)
        return weft_error_set(error, WEFT_E_INTERNAL, "the mesh's tables cannot be shown");
    return 0;
}

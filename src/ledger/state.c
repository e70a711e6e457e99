/*
 * state.c - what is so now, taken along: the rows of the folded tables whose floors say so, written
 * as JSON and read into a ledger in memory.
 *
 *   [{"table": "catalog_names", "columns": ["product", ...], "rows": [["d.p", 1, null], ...]}, ...]
 *
 * A table's own `state` says what is taken of it; who reads takes only tables and columns that this
 * version has. A row a line, so that two of these files can be compared. Texts, whole numbers and
 * null are all there is. The ledger in memory has one connection, no key and no entries: it is
 * read, and never appended to.
 */
#include "base/mem.h"
#include "ledger/ledger_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

static void row_write(struct weft_json_writer *json, struct weft_stmt *stmt)
{
    int count = weft_stmt_column_count(stmt);
    weft_json_begin_array(json);
    for (int i = 0; i < count; i++) {
        if (weft_stmt_column_is_null(stmt, i))
            weft_json_put_null(json);
        else if (weft_stmt_column_is_int(stmt, i))
            weft_json_put_int(json, weft_stmt_column_int(stmt, i));
        else
            weft_json_put_text(json, weft_stmt_column_text(stmt, i));
    }
    weft_json_end_array(json);
    weft_buf_addc(json->out, '\n');
}

static int table_write(struct weft_ledger_txn *txn, const struct weft_ledger_table *table,
                       struct weft_json_writer *json, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(weft_stmt_prepare(txn, table->state, &stmt, error));
    weft_json_begin_object(json);
    weft_json_member_text(json, "table", table->name);
    weft_json_key(json, "columns");
    weft_json_begin_array(json);
    for (int i = 0; i < weft_stmt_column_count(stmt); i++)
        weft_json_put_text(json, weft_stmt_column_name(stmt, i));
    weft_json_end_array(json);
    weft_json_key(json, "rows");
    weft_json_begin_array(json);
    weft_buf_addc(json->out, '\n');
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        row_write(json, stmt);
        WEFT_TRY(weft_buf_check(json->out, error));
    }
    WEFT_TRY(rc);
    weft_json_end_array(json);
    weft_json_end_object(json);
    weft_buf_addc(json->out, '\n');
    return weft_stmt_check(stmt, error);
}

int weft_ledger_state_write(struct weft_ledger_txn *txn, struct weft_json_writer *json,
                            struct weft_error *error)
{
    const struct weft_ledger_table *table;
    weft_json_begin_array(json);
    weft_buf_addc(json->out, '\n');
    for (size_t i = 0; (table = ledger_table_at(i)) != NULL; i++) {
        if (table->state != NULL)
            WEFT_TRY(table_write(txn, table, json, error));
    }
    weft_json_end_array(json);
    return weft_buf_check(json->out, error);
}

/* ---- a ledger in memory ---- */

static int memory_tables(struct weft_ledger *ledger, struct weft_error *error)
{
    struct weft_store *store = ledger->connections[0].store;
    const struct weft_ledger_table *table;
    WEFT_TRY(store->api->begin(store, true, error));
    int rc = store->api->script(store, ledger_core_ddl, error);
    for (size_t i = 0; rc == 0 && (table = ledger_table_at(i)) != NULL; i++)
        rc = store->api->script(store, table->ddl, error);
    if (rc == 0)
        return store->api->commit(store, error);
    store->api->rollback(store);
    return rc;
}

static int memory_open(const struct weft_ledger_head *head, struct weft_ledger **out,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = weft_alloc(sizeof *ledger);
    if (ledger == NULL)
        return weft_error_nomem(error);
    ledger->memory = true;
    ledger->memory_head = *head;
    ledger->home = weft_strdup("");
    if (ledger->home == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_store_sqlite.open(":memory:", WEFT_STORE_MEMORY, &ledger->connections[0].store,
                                    error));
    WEFT_TRY(memory_tables(ledger, error));
    *out = ledger;
    ledger = NULL;
    return 0;
}

/* ---- reading ---- */

static const struct weft_ledger_table *table_find(const char *name)
{
    const struct weft_ledger_table *table;
    for (size_t i = 0; (table = ledger_table_at(i)) != NULL; i++) {
        if (table->state != NULL && strcmp(table->name, name) == 0)
            return table;
    }
    return NULL;
}

/* INSERT INTO name(columns) VALUES(?, ...), where the columns are those that we write. */
static int insert_prepare(struct weft_ledger_txn *txn, const struct weft_ledger_table *table,
                          yyjson_val *columns, struct weft_stmt **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *ours = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 65536);
    WEFT_TRY(weft_stmt_prepare(txn, table->state, &ours, error));
    int count = weft_stmt_column_count(ours);
    bool same = yyjson_arr_size(columns) == (size_t)count;
    weft_buf_addf(&sql, "INSERT INTO %s(", table->name);
    for (int i = 0; same && i < count; i++) {
        const char *name = weft_stmt_column_name(ours, i);
        same = yyjson_equals_str(yyjson_arr_get(columns, (size_t)i), name);
        weft_buf_addf(&sql, "%s%s", i == 0 ? "" : ", ", name);
    }
    if (!same)
        return weft_error_set(error, WEFT_E_FORMAT, "its table %s has other columns than here",
                              table->name);
    weft_buf_adds(&sql, ") VALUES(");
    for (int i = 0; i < count; i++)
        weft_buf_adds(&sql, i == 0 ? "?" : ", ?");
    weft_buf_adds(&sql, ")");
    WEFT_TRY(weft_buf_check(&sql, error));
    return weft_stmt_prepare(txn, sql.data, out, error);
}

static int row_read(struct weft_stmt *insert, const struct weft_ledger_table *table,
                    yyjson_val *row, size_t columns, struct weft_error *error)
{
    bool good = yyjson_is_arr(row) && yyjson_arr_size(row) == columns;
    weft_stmt_reset(insert);
    for (size_t i = 0; good && i < columns; i++) {
        yyjson_val *value = yyjson_arr_get(row, i);
        const char *text = yyjson_get_str(value);
        if (text != NULL)
            good = strlen(text) == yyjson_get_len(value); /* a NUL would cut it */
        else
            good = yyjson_is_null(value) || yyjson_is_sint(value) ||
                   (yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX);
        if (text != NULL)
            weft_stmt_bind_text(insert, (int)i + 1, text);
        else if (yyjson_is_int(value))
            weft_stmt_bind_int(insert, (int)i + 1, yyjson_get_sint(value));
        else
            weft_stmt_bind_null(insert, (int)i + 1);
    }
    if (!good)
        return weft_error_set(error, WEFT_E_INVALID, "a row of %s is none", table->name);
    struct weft_error own = WEFT_ERROR_INIT;
    int rc = weft_stmt_step(insert, &own);
    if (rc >= 0)
        return 0;
    if (own.code == WEFT_E_CONFLICT)
        return weft_error_set(error, WEFT_E_INVALID, "a row of %s is there twice, or lacks a value",
                              table->name);
    if (error != NULL)
        *error = own;
    return rc;
}

static int table_read(struct weft_ledger_txn *txn, yyjson_val *object, struct weft_error *error)
{
    const char *name = yyjson_get_str(yyjson_obj_get(object, "table"));
    yyjson_val *columns = yyjson_obj_get(object, "columns");
    yyjson_val *rows = yyjson_obj_get(object, "rows");
    const struct weft_ledger_table *table = name == NULL ? NULL : table_find(name);
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *insert = NULL;
    size_t i, max;
    yyjson_val *row;
    if (name == NULL || !yyjson_is_arr(columns) || !yyjson_is_arr(rows))
        return weft_error_set(error, WEFT_E_INVALID, "one of its tables is none");
    if (table == NULL)
        return weft_error_set(error, WEFT_E_FORMAT, "its table %.60s is unknown here", name);
    WEFT_TRY(insert_prepare(txn, table, columns, &insert, error));
    yyjson_arr_foreach(rows, i, max, row)
    {
        WEFT_TRY(row_read(insert, table, row, yyjson_arr_size(columns), error));
    }
    return 0;
}

static int tables_read(struct weft_ledger *ledger, yyjson_val *tables, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    size_t i, max, known = 0;
    yyjson_val *table;
    const struct weft_ledger_table *ours;
    for (size_t t = 0; (ours = ledger_table_at(t)) != NULL; t++)
        known += ours->state != NULL;
    if (!yyjson_is_arr(tables) || yyjson_arr_size(tables) != known)
        return weft_error_set(error, WEFT_E_FORMAT, "it has other tables than this version");
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    yyjson_arr_foreach(tables, i, max, table)
    {
        WEFT_TRY(table_read(txn, table, error));
    }
    struct weft_ledger_txn *done = txn;
    txn = NULL;
    return weft_ledger_commit(done, error);
}

int weft_ledger_state_read(yyjson_val *tables, const struct weft_ledger_head *head,
                           struct weft_ledger **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    WEFT_TRY(memory_open(head, &ledger, error));
    WEFT_TRY(tables_read(ledger, tables, error));
    ledger->flags = WEFT_LEDGER_READ_ONLY;
    *out = ledger;
    ledger = NULL;
    return 0;
}

/*
 * schema.c - are the registered tables there, as they are registered now?
 *
 * weft_schema keeps a hash of each table's definition. Opening compares them (one small read); when
 * a folded table is new or defined differently, all folded tables are made again from the entries,
 * in one transaction. An operational table that changed is made again, empty: it may be lost.
 * Tables that this program does not know are left alone.
 */
#include "base/mem.h"
#include "ledger/ledger_internal.h"

#include <stdio.h>
#include <string.h>

#define DDL_HASH 17

enum table_state { TABLE_SAME, TABLE_NEW, TABLE_CHANGED };

static void ddl_hash(const struct weft_ledger_table *table, char out[DDL_HASH])
{
    snprintf(out, DDL_HASH, "%016" PRIx64, weft_xxh3(table->ddl, strlen(table->ddl)));
}

static int table_state(struct weft_stmt *stmt, const struct weft_ledger_table *table,
                       enum table_state *state, struct weft_error *error)
{
    char hash[DDL_HASH];
    ddl_hash(table, hash);
    weft_stmt_reset(stmt);
    weft_stmt_bind_text(stmt, 1, table->name);
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    *state = TABLE_NEW;
    if (rc == 0)
        *state = strcmp(weft_stmt_column_text(stmt, 0), hash) == 0 ? TABLE_SAME : TABLE_CHANGED;
    return weft_stmt_check(stmt, error);
}

int ledger_schema_folded(struct weft_buf *out, struct weft_error *error)
{
    const struct weft_ledger_table *table;
    for (size_t i = 0; (table = ledger_table_at(i)) != NULL; i++) {
        if (table->operational)
            continue;
        weft_buf_adds(out, table->ddl);
        weft_buf_adds(out, ";\n");
    }
    return weft_buf_check(out, error);
}

static int object_drop(void *arg, const char *type, const char *name, struct weft_error *error)
{
    struct weft_ledger_txn *txn = arg;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 4096);
    weft_buf_addf(&sql, "DROP %s IF EXISTS ", strcmp(type, "view") == 0 ? "VIEW" : "TABLE");
    weft_buf_add_sql_name(&sql, name);
    WEFT_TRY(weft_buf_check(&sql, error));
    return txn->store->api->script(txn->store, sql.data, error);
}

static int table_note(struct weft_ledger_txn *txn, const struct weft_ledger_table *table,
                      struct weft_error *error)
{
    char hash[DDL_HASH];
    ddl_hash(table, hash);
    return weft_ledger_exec(txn, error,
                            "INSERT INTO weft_schema(name, ddl_hash) VALUES (?, ?)"
                            " ON CONFLICT (name) DO UPDATE SET ddl_hash = excluded.ddl_hash",
                            table->name, hash, NULL);
}

static int table_make_operational(struct weft_ledger_txn *txn,
                                  const struct weft_ledger_table *table, enum table_state state,
                                  struct weft_error *error)
{
    const struct weft_store_api *api = txn->store->api;
    if (state == TABLE_CHANGED)
        WEFT_TRY(api->objects(table->ddl, object_drop, txn, error));
    WEFT_TRY(api->script(txn->store, table->ddl, error));
    return table_note(txn, table, error);
}

/* Calls with make == NULL only to look: *stale. */
static int tables_walk(struct weft_ledger_txn *txn, bool make, bool *stale, bool *stale_folded,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(
        weft_stmt_prepare(txn, "SELECT ddl_hash FROM weft_schema WHERE name = ?", &stmt, error));
    const struct weft_ledger_table *table;
    for (size_t i = 0; (table = ledger_table_at(i)) != NULL; i++) {
        enum table_state state;
        WEFT_TRY(table_state(stmt, table, &state, error));
        if (state == TABLE_SAME)
            continue;
        *stale = true;
        *stale_folded |= !table->operational;
        weft_stmt_reset(stmt); /* nothing may be half read while tables are dropped */
        if (make && table->operational)
            WEFT_TRY(table_make_operational(txn, table, state, error));
    }
    return 0;
}

static int folded_remake(struct weft_ledger_txn *txn, struct weft_error *error)
{
    const struct weft_ledger_table *table;
    WEFT_TRY(ledger_refold(txn, NULL, error));
    for (size_t i = 0; (table = ledger_table_at(i)) != NULL; i++) {
        if (!table->operational)
            WEFT_TRY(table_note(txn, table, error));
    }
    return 0;
}

int ledger_schema_apply(struct weft_ledger_txn *txn, struct weft_error *error)
{
    bool stale = false, stale_folded = false;
    WEFT_TRY(tables_walk(txn, true, &stale, &stale_folded, error));
    return stale_folded ? folded_remake(txn, error) : 0;
}

int ledger_schema_drop_folded(struct weft_ledger_txn *txn, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf ddl;
    weft_buf_init(&ddl, LEDGER_DDL_MAX);
    WEFT_TRY(ledger_schema_folded(&ddl, error));
    return txn->store->api->objects(ddl.data, object_drop, txn, error);
}

static int schema_is_stale(struct weft_ledger *ledger, bool *stale, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    bool folded = false;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    return tables_walk(txn, false, stale, &folded, error);
}

int ledger_schema_sync(struct weft_ledger *ledger, struct weft_error *error)
{
    bool stale = false;
    WEFT_TRY(schema_is_stale(ledger, &stale, error));
    if (!stale)
        return 0;
    if (ledger->flags & WEFT_LEDGER_READ_ONLY) {
        weft_error_set(error, WEFT_E_FORMAT,
                       "the tables of the home %s were made by another version of weft",
                       ledger->home);
        return weft_error_hint(error,
                               "a command of this version that uses it as its own home, "
                               "such as `weft --home %s ls`, makes them anew",
                               ledger->home);
    }
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(ledger_begin_unchecked(ledger, &txn, error));
    WEFT_TRY(ledger_schema_apply(txn, error));
    struct weft_ledger_txn *done = txn;
    txn = NULL;
    return weft_ledger_commit(done, error);
}

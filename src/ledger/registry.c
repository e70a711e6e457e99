/*
 * registry.c - the kinds of entries and the tables that the floors registered, and the ledger's
 * own: node.created, key.rotated, head.accepted, and the tables of keys and of lists folded from
 * entries. Filled at start, read after.
 */
#include "ledger/ledger_internal.h"

#include <string.h>

#define REGISTRY_MAX 256

const char ledger_core_ddl[] =
    "CREATE TABLE IF NOT EXISTS entries(format INTEGER NOT NULL, origin TEXT NOT NULL,"
    " sequence INTEGER NOT NULL, time_us INTEGER NOT NULL, actor TEXT NOT NULL,"
    " kind TEXT NOT NULL, kind_version INTEGER NOT NULL, body TEXT NOT NULL,"
    " body_hash TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL,"
    " key_id TEXT NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (origin, sequence));"
    "CREATE TABLE IF NOT EXISTS weft_meta(name TEXT PRIMARY KEY, value TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS weft_schema(name TEXT PRIMARY KEY, ddl_hash TEXT NOT NULL);";

static int key_insert(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                      yyjson_val *body, struct weft_error *error)
{
    const char *id, *public_key, *algorithm;
    WEFT_TRY(weft_json_text(body, "key_id", &id, error));
    WEFT_TRY(weft_json_text(body, "public_key", &public_key, error));
    WEFT_TRY(weft_json_text(body, "algorithm", &algorithm, error));
    if (strcmp(algorithm, "ed25519") != 0)
        return weft_error_set(error, WEFT_E_FORMAT, "keys of the kind %.40s are unknown here",
                              algorithm);
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn,
                               "INSERT INTO ledger_keys(origin, key_id, public_key, seq_from)"
                               " VALUES (?, ?, ?, ?)",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, entry->origin);
    weft_stmt_bind_text(stmt, 2, id);
    weft_stmt_bind_text(stmt, 3, public_key);
    weft_stmt_bind_int(stmt, 4, entry->sequence);
    int rc = weft_stmt_step(stmt, error);
    return rc < 0 ? rc : 0;
}

static int fold_node_created(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                             yyjson_val *body, struct weft_error *error)
{
    if (entry->sequence != 1)
        return weft_error_set(error, WEFT_E_CONFLICT, "a node is created by its first entry only");
    return key_insert(txn, entry, body, error);
}

static int fold_key_rotated(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                            yyjson_val *body, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn,
                               "UPDATE ledger_keys SET seq_to = ? WHERE origin = ? AND key_id = ?"
                               " AND seq_to IS NULL",
                               &stmt, error));
    weft_stmt_bind_int(stmt, 1, entry->sequence);
    weft_stmt_bind_text(stmt, 2, entry->origin);
    weft_stmt_bind_text(stmt, 3, entry->key_id);
    WEFT_TRY(weft_stmt_step(stmt, error));
    if (weft_ledger_changes(txn) != 1)
        return weft_error_set(error, WEFT_E_CONFLICT, "key %s is not the one in use",
                              entry->key_id);
    return key_insert(txn, entry, body, error);
}

/* It only says what happened. */
static int fold_head_accepted(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                              yyjson_val *body, struct weft_error *error)
{
    const char *found;
    (void)txn;
    (void)entry;
    return weft_json_text(body, "found", &found, error);
}

static const struct weft_ledger_kind kind_node = {"node.created", 1, fold_node_created};
static const struct weft_ledger_kind kind_rotated = {"key.rotated", 1, fold_key_rotated};
static const struct weft_ledger_kind kind_accepted = {LEDGER_KIND_ACCEPTED, 1, fold_head_accepted};
static const struct weft_ledger_table table_keys = {
    .name = "ledger_keys",
    .ddl = "CREATE TABLE IF NOT EXISTS ledger_keys(origin TEXT NOT NULL, key_id TEXT NOT NULL,"
           " public_key TEXT NOT NULL, seq_from INTEGER NOT NULL, seq_to INTEGER,"
           " PRIMARY KEY (origin, key_id));"
           /* For mesh. tables: the nodes whose entries stand here. */
           "CREATE VIEW IF NOT EXISTS ledger_nodes AS SELECT e.origin AS node,"
           " e.time_us AS created_us, e.sequence AS seq_from FROM entries e"
           " WHERE e.sequence = 1 AND e.kind = 'node.created';",
    .operational = false};

static const struct weft_ledger_table table_lists = {
    .name = "ledger_lists",
    .ddl = "CREATE TABLE IF NOT EXISTS ledger_lists(hash TEXT PRIMARY KEY, seq_from INTEGER NOT "
           "NULL);",
    .operational = false};

static const struct weft_ledger_kind *kinds[REGISTRY_MAX] = {&kind_node, &kind_rotated,
                                                             &kind_accepted};
static const struct weft_ledger_table *tables[REGISTRY_MAX] = {&table_keys, &table_lists};

const struct weft_ledger_kind *ledger_kind_find(const char *name)
{
    for (size_t i = 0; i < REGISTRY_MAX && kinds[i] != NULL; i++) {
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    }
    return NULL;
}

const struct weft_ledger_table *ledger_table_at(size_t index)
{
    return index < REGISTRY_MAX ? tables[index] : NULL;
}

void weft_ledger_register_kind(const struct weft_ledger_kind *kind)
{
    assert(kind->name != NULL && kind->version > 0 && kind->fold != NULL);
    size_t at = 0;
    for (; at < REGISTRY_MAX && kinds[at] != NULL; at++) {
        if (kinds[at] == kind)
            return;
        assert(strcmp(kinds[at]->name, kind->name) != 0);
    }
    assert(at < REGISTRY_MAX - 1);
    kinds[at] = kind;
}

void weft_ledger_register_table(const struct weft_ledger_table *table)
{
    assert(table->name != NULL && table->ddl != NULL);
    size_t at = 0;
    for (; at < REGISTRY_MAX && tables[at] != NULL; at++) {
        if (tables[at] == table)
            return;
        assert(strcmp(tables[at]->name, table->name) != 0);
    }
    assert(at < REGISTRY_MAX - 1);
    tables[at] = table;
}

struct weft_ledger *weft_ledger_of(struct weft_ledger_txn *txn)
{
    return txn->ledger;
}

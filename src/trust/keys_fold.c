/*
 * keys_fold.c - the entries about keys, and the tables of keys and passwords.
 */
#include "trust/trust_internal.h"

#include <string.h>

static const struct weft_ledger_table trust_keys = {
    .name = "trust_keys",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_keys("
           "key_id TEXT NOT NULL, hash TEXT NOT NULL, principal TEXT NOT NULL, label TEXT,"
           "products TEXT NOT NULL, purposes TEXT NOT NULL, created_us BIGINT NOT NULL,"
           "expires_us BIGINT NOT NULL, disabled BIGINT NOT NULL, made_by TEXT NOT NULL,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(key_id, seq_from));",
};

static const struct weft_ledger_table trust_passwords = {
    .name = "trust_passwords",
    .operational = true,
    .ddl = "CREATE TABLE IF NOT EXISTS trust_passwords("
           "principal TEXT PRIMARY KEY, hash TEXT NOT NULL);",
};

static int fold_key_added(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                          yyjson_val *body, struct weft_error *error)
{
    const char *key, *hash, *principal;
    yyjson_val *products, *purposes;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf products_json;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf purposes_json;
    weft_buf_init(&products_json, WEFT_LEDGER_BODY_MAX);
    weft_buf_init(&purposes_json, WEFT_LEDGER_BODY_MAX);
    int64_t expires_us = weft_json_int_or(body, "expires_us", 0), one = 0;
    WEFT_TRY(weft_json_text(body, "key", &key, error));
    WEFT_TRY(weft_json_text(body, "hash", &hash, error));
    WEFT_TRY(weft_json_text(body, "principal", &principal, error));
    WEFT_TRY(weft_principal_parse(principal, NULL, error));
    WEFT_TRY(weft_json_array(body, "products", &products, error));
    WEFT_TRY(weft_json_array(body, "purposes", &purposes, error));
    WEFT_TRY(weft_json_canonical(products, &products_json, error));
    WEFT_TRY(weft_json_canonical(purposes, &purposes_json, error));
    int rc = weft_sql_int(txn, &one, error, "SELECT 1 FROM trust_keys WHERE key_id = ?1", "t", key);
    WEFT_TRY(rc);
    if (rc == 0)
        return weft_error_set(error, WEFT_E_CONFLICT, "there is a key %s already", key);
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_keys(key_id, hash, principal, label, products, "
                         "purposes, created_us, expires_us, disabled, made_by, seq_from) "
                         "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)",
                         "ttttttiiti", key, hash, principal, weft_json_text_or(body, "label", NULL),
                         products_json.data, purposes_json.data, entry->time_us, expires_us,
                         weft_json_text_or(body, "by", entry->actor), entry->sequence);
}

static int fold_key_disabled(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                             yyjson_val *body, struct weft_error *error)
{
    const char *key;
    int64_t disabled = strcmp(entry->kind, WEFT_KIND_KEY_DISABLED) == 0;
    WEFT_TRY(weft_json_text(body, "key", &key, error));
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE trust_keys SET seq_to = ?2 WHERE key_id = ?1 AND seq_to IS NULL",
                           "ti", key, entry->sequence));
    if (weft_ledger_changes(txn) == 0)
        return weft_error_set(error, WEFT_E_CONFLICT, "there is no key %s", key);
    return weft_sql_exec(
        txn, error,
        "INSERT INTO trust_keys(key_id, hash, principal, label, products, "
        "purposes, created_us, expires_us, disabled, made_by, seq_from) "
        "SELECT key_id, hash, principal, label, products, purposes, created_us, "
        "expires_us, ?3, made_by, ?2 FROM trust_keys WHERE key_id = ?1 AND seq_to = ?2",
        "tii", key, entry->sequence, disabled);
}

void weft_keys_register(void)
{
    static const struct weft_ledger_kind kinds[] = {
        {.name = WEFT_KIND_KEY_ADDED, .version = 1, .fold = fold_key_added},
        {.name = WEFT_KIND_KEY_DISABLED, .version = 1, .fold = fold_key_disabled},
        {.name = WEFT_KIND_KEY_ENABLED, .version = 1, .fold = fold_key_disabled},
    };
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        weft_ledger_register_kind(&kinds[i]);
    weft_ledger_register_table(&trust_keys);
    weft_ledger_register_table(&trust_passwords);
}

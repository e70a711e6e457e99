/*
 * keys.c - keys of programs: made, found by their id, checked by their hash.
 */
#include "trust/keys.h"

#include "base/random.h"
#include "base/secret.h"
#include "base/text.h"
#include "policy/selector.h"
#include "trust/trust_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "weft_"
#define ID_BYTES 4
#define SECRET_BYTES 32
#define LABEL_MAX 200

/* ---- reading ---- */

#define COLUMNS                                                                                    \
    "k.key_id, k.principal, k.label, k.products, k.purposes, k.created_us, k.expires_us, "         \
    "k.disabled, k.seq_from "

static int key_read(struct weft_arena *arena, struct weft_stmt *stmt, struct weft_key *out,
                    struct weft_error *error)
{
    const char *products, *purposes;
    struct weft_key made = {.created_us = weft_stmt_column_int(stmt, 5),
                            .expires_us = weft_stmt_column_int(stmt, 6),
                            .disabled = weft_stmt_column_int(stmt, 7) != 0,
                            .sequence = weft_stmt_column_int(stmt, 8)};
    WEFT_TRY(weft_sql_text(arena, stmt, 0, &made.id, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 1, &made.principal, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 2, &made.label, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 3, &products, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 4, &purposes, error));
    WEFT_TRY(weft_trust_texts_parse(arena, products, &made.products, error));
    WEFT_TRY(weft_trust_texts_parse(arena, purposes, &made.purposes, error));
    *out = made;
    return 0;
}

int weft_keys_list(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                   struct weft_keys *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_key *items = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT " COLUMNS "FROM trust_keys k WHERE " WEFT_TRUST_AT(
                                "k") "ORDER BY k.created_us, k.key_id",
                            "i", weft_ledger_at(sequence)));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        WEFT_TRY(key_read(arena, stmt, &items[count], error));
        count++;
    }
    WEFT_TRY(rc);
    *out = (struct weft_keys){items, count};
    return 0;
}

int weft_key_get(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *id,
                 int64_t sequence, struct weft_key *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT " COLUMNS "FROM trust_keys k WHERE k.key_id = ?2 "
                            "AND " WEFT_TRUST_AT("k"),
                            "it", weft_ledger_at(sequence), id));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    return rc == WEFT_END ? WEFT_NOT_THERE : key_read(arena, stmt, out, error);
}

bool weft_key_scoped(const struct weft_key *key)
{
    return key != NULL && (key->products.count > 0 || key->purposes.count > 0);
}

bool weft_key_opens(const struct weft_key *key, const char *product)
{
    bool in = key->products.count == 0;
    for (size_t i = 0; i < key->products.count && !in; i++)
        in = weft_glob_match(key->products.items[i], product);
    return in;
}

bool weft_key_allows(const struct weft_key *key, const char *product, const char *purpose)
{
    bool purpose_in = key->purposes.count == 0;
    for (size_t i = 0; i < key->purposes.count && !purpose_in; i++)
        purpose_in = purpose != NULL && strcmp(key->purposes.items[i], purpose) == 0;
    return purpose_in && weft_key_opens(key, product);
}

/* ---- checking ---- */

static int key_refused(struct weft_error *error)
{
    weft_error_set(error, WEFT_E_DENIED, "the key opens nothing");
    return weft_error_hint(error, "it may be mistyped, disabled, expired, or its owner disabled; "
                                  "who gave it out can look: `weft key list`");
}

int weft_key_check(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *text,
                   int64_t now_us, struct weft_key *out, struct weft_error *error)
{
    char id[WEFT_KEY_ID], hash[WEFT_SHA256_HEX];
    size_t length = strlen(text);
    struct weft_key key;
    struct weft_principal principal;
    if (length != WEFT_KEY_TEXT - 1 || memcmp(text, PREFIX, sizeof PREFIX - 1) != 0)
        return key_refused(error);
    memcpy(id, text + sizeof PREFIX - 1, sizeof id - 1);
    id[sizeof id - 1] = '\0';
    WEFT_TRY(weft_sha256_hex(text, length, hash, error));
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT hash FROM trust_keys WHERE key_id = ?1 AND seq_to IS NULL", "t",
                            id));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    const char *kept = rc == WEFT_END ? "" : weft_stmt_column_text(stmt, 0);
    if (strlen(kept) != sizeof hash - 1 || sodium_memcmp(kept, hash, sizeof hash - 1) != 0) {
        WEFT_TRY(weft_stmt_check(stmt, error));
        return key_refused(error);
    }
    rc = weft_key_get(txn, arena, id, 0, &key, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return key_refused(error);
    *out = key;
    if (key.disabled || (key.expires_us != 0 && key.expires_us <= now_us))
        return key_refused(error);
    WEFT_TRY(weft_principal_get(txn, arena, key.principal, 0, &principal, error));
    return weft_principal_active(&principal) ? 0 : key_refused(error);
}

/* ---- making ---- */

static int scope_check(const struct weft_key_ask *ask, struct weft_error *error)
{
    if (ask->products.count + ask->purposes.count > WEFT_KEY_SCOPE_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "a key's scope has at most %d words",
                              WEFT_KEY_SCOPE_MAX);
    for (size_t i = 0; i < ask->products.count; i++) {
        const char *word = ask->products.items[i];
        size_t good = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_.*");
        if (word[0] != '\0' && word[good] == '\0' && strchr(word, '.') != NULL)
            continue;
        weft_error_set(error, WEFT_E_USAGE, "`%.100s` names no products", word);
        return weft_error_hint(error, "domain.product, or with * as in hospital.*");
    }
    for (size_t i = 0; i < ask->purposes.count; i++) {
        if (!weft_name_valid(ask->purposes.items[i]))
            return weft_error_set(error, WEFT_E_USAGE, "`%.100s` is not how a purpose is written",
                                  ask->purposes.items[i]);
    }
    size_t label = ask->label == NULL ? 0 : strlen(ask->label);
    if (label > LABEL_MAX || (label > 0 && weft_utf8_valid(ask->label, label) != label))
        return weft_error_set(error, WEFT_E_USAGE, "a key's label is a text of at most %d bytes",
                              LABEL_MAX);
    return 0;
}

static int owner_check(struct weft_ledger_txn *txn, const char *id, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_principal owner;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_principal_get(txn, arena, id, 0, &owner, error));
    if (owner.kind != WEFT_PRINCIPAL_USER && owner.kind != WEFT_PRINCIPAL_SERVICE)
        return weft_error_set(error, WEFT_E_USAGE, "%s cannot have a key: users and services can",
                              id);
    if (!owner.known) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no %s", id);
        return weft_error_hint(error, "`weft %s add %s` adds it",
                               weft_principal_kind_name(owner.kind), strchr(id, ':') + 1);
    }
    if (owner.disabled)
        return weft_error_set(error, WEFT_E_REFUSED, "%s is disabled", id);
    return 0;
}

static int key_make(char text[WEFT_KEY_TEXT], struct weft_error *error)
{
    unsigned char bytes[ID_BYTES + SECRET_BYTES];
    char id[2 * ID_BYTES + 1], secret[2 * SECRET_BYTES + 1];
    WEFT_TRY(weft_random_bytes(bytes, sizeof bytes, error));
    weft_hex(bytes, ID_BYTES, id);
    weft_hex(bytes + ID_BYTES, SECRET_BYTES, secret);
    snprintf(text, WEFT_KEY_TEXT, PREFIX "%s_%s", id, secret);
    weft_secret_wipe(bytes, sizeof bytes);
    weft_secret_wipe(secret, sizeof secret);
    return 0;
}

static int key_append(struct weft_ledger_txn *txn, const char *actor,
                      const struct weft_key_ask *ask, const char *replaces,
                      char text[WEFT_KEY_TEXT], struct weft_error *error)
{
    char hash[WEFT_SHA256_HEX], id[WEFT_KEY_ID];
    WEFT_TRY(scope_check(ask, error));
    WEFT_TRY(owner_check(txn, ask->principal, error));
    WEFT_TRY(key_make(text, error));
    memcpy(id, text + sizeof PREFIX - 1, sizeof id - 1);
    id[sizeof id - 1] = '\0';
    WEFT_TRY(weft_sha256_hex(text, WEFT_KEY_TEXT - 1, hash, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "key", id);
    weft_json_member_text(&writer, "hash", hash);
    weft_json_member_text(&writer, "principal", ask->principal);
    if (ask->made_by != NULL)
        weft_json_member_text(&writer, "by", ask->made_by);
    if (ask->label != NULL)
        weft_json_member_text(&writer, "label", ask->label);
    weft_trust_texts_write(&writer, "products", &ask->products);
    weft_trust_texts_write(&writer, "purposes", &ask->purposes);
    weft_json_member_int(&writer, "expires_us", ask->expires_us);
    if (replaces != NULL)
        weft_json_member_text(&writer, "replaces", replaces);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_KEY_ADDED, body.data, NULL, error);
}

int weft_key_add(struct weft_ledger_txn *txn, const char *actor, const struct weft_key_ask *ask,
                 char text[WEFT_KEY_TEXT], struct weft_error *error)
{
    return key_append(txn, actor, ask, NULL, text, error);
}

static int key_unknown(const char *id, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_FOUND, "there is no key `%.40s`", id);
    return weft_error_hint(error, "`weft key list` shows their ids: the 8 digits behind `weft_`");
}

int weft_key_disable(struct weft_ledger_txn *txn, const char *actor, const char *id, bool disabled,
                     const char *because, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_key key;
    if (arena == NULL)
        return weft_error_nomem(error);
    int rc = weft_key_get(txn, arena, id, 0, &key, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return key_unknown(id, error);
    if (key.disabled == disabled)
        return WEFT_CHANGED;
    return weft_trust_state_append(txn, actor,
                                   disabled ? WEFT_KIND_KEY_DISABLED : WEFT_KIND_KEY_ENABLED, "key",
                                   id, because, error);
}

int weft_key_rotate(struct weft_ledger_txn *txn, const char *actor, const char *id,
                    const char *made_by, int64_t expires_us, const char *because,
                    char text[WEFT_KEY_TEXT], struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_key key;
    if (arena == NULL)
        return weft_error_nomem(error);
    int rc = weft_key_get(txn, arena, id, 0, &key, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return key_unknown(id, error);
    if (key.disabled) {
        weft_error_set(error, WEFT_E_REFUSED, "the key %s is disabled: there is nothing to rotate",
                       id);
        return weft_error_hint(error, "`weft key add %s` makes another", key.principal);
    }
    struct weft_key_ask ask = {.principal = key.principal,
                               .made_by = made_by,
                               .label = key.label,
                               .products = key.products,
                               .purposes = key.purposes,
                               .expires_us = expires_us};
    WEFT_TRY(key_append(txn, actor, &ask, id, text, error));
    rc = weft_key_disable(txn, actor, id, true, because == NULL ? "rotated" : because, error);
    return rc < 0 ? rc : 0;
}

/*
 * ledger.c - opening, transactions, appending, reading.
 *
 * A ledger owns up to four connections, one per open transaction. The signing key is read when the
 * first entry is appended. A commit costs two syncs: SQLite's log, and ledger.head.
 */
#include "ledger/ledger_internal.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define HASH_NONE "0000000000000000000000000000000000000000000000000000000000000000"

/* ---- opening ---- */

static int ledger_new(const char *home, unsigned flags, struct weft_ledger **out,
                      struct weft_error *error)
{
    struct weft_ledger *ledger = weft_alloc(sizeof *ledger);
    if (ledger == NULL)
        return weft_error_nomem(error);
    ledger->flags = flags;
    ledger->wait_ms = LEDGER_WAIT_MS;
    int rc = weft_path_absolute(home, &ledger->home, error);
    if (rc == 0) {
        ledger->database = weft_path_join(ledger->home, "weft.db");
        ledger->keys = weft_path_join(ledger->home, "keys");
        if (ledger->database == NULL || ledger->keys == NULL)
            rc = weft_error_nomem(error);
    }
    if (rc < 0)
        weft_ledger_close(ledger);
    else
        *out = ledger;
    return rc;
}

static int connection_open(struct weft_ledger *ledger, struct ledger_connection *connection,
                           struct weft_error *error)
{
    if (connection->store != NULL)
        return 0;
    unsigned flags = ledger->flags & WEFT_LEDGER_READ_ONLY ? WEFT_STORE_READ_ONLY : 0;
    flags |= ledger->flags & WEFT_LEDGER_FOREIGN ? WEFT_STORE_FOREIGN : 0;
    if (!weft_fs_exists(ledger->database))
        return weft_error_set(error, WEFT_E_CORRUPT, "the home's database %s is missing",
                              ledger->database);
    if (!weft_fs_is_file(ledger->database))
        return weft_error_set(error, WEFT_E_CORRUPT, "%s is no regular file", ledger->database);
    WEFT_TRY(weft_store_sqlite.open(ledger->database, flags, &connection->store, error));
    connection->store->api->set_wait(connection->store, ledger->wait_ms);
    return 0;
}

static int ledger_load(struct weft_ledger *ledger, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    int rc = weft_ledger_begin_read(ledger, &txn, error);
    if (rc == 0)
        rc = ledger_meta_get(txn, "origin", ledger->origin, sizeof ledger->origin, error);
    if (rc < 0 && error != NULL && error->code == WEFT_E_INTERNAL) { /* no such table, column */
        weft_error_prefix(error, "%s holds no ledger", ledger->database);
        error->code = WEFT_E_CORRUPT;
    }
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s does not say which node it is",
                              ledger->database);
    return rc;
}

int weft_ledger_open(const char *home, unsigned flags, struct weft_ledger **out,
                     struct weft_error *error)
{
    bool create = (flags & WEFT_LEDGER_CREATE) != 0;
    if (create && (flags & WEFT_LEDGER_READ_ONLY))
        return weft_error_set(error, WEFT_E_INTERNAL, "a home is not made by a reader");
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    WEFT_TRY(ledger_new(home, flags, &ledger, error));
    WEFT_TRY(ledger_home_open(ledger, error));
    WEFT_TRY(ledger_load(ledger, error));
    WEFT_TRY(ledger_schema_sync(ledger, error));
    *out = ledger;
    ledger = NULL;
    return 0;
}

void weft_ledger_close(struct weft_ledger *ledger)
{
    if (ledger == NULL)
        return;
    for (size_t i = 0; i < LEDGER_CONNECTIONS_MAX; i++)
        weft_store_sqlite.close(ledger->connections[i].store);
    weft_key_free(ledger->key);
    weft_free(ledger->home);
    weft_free(ledger->database);
    weft_free(ledger->keys);
    weft_free(ledger);
}

void weft_ledger_closep(struct weft_ledger **ledger)
{
    weft_ledger_close(*ledger);
    *ledger = NULL;
}

const char *weft_ledger_home(const struct weft_ledger *ledger)
{
    return ledger->home;
}

const char *weft_ledger_origin(const struct weft_ledger *ledger)
{
    return ledger->origin;
}

void ledger_set_wait(struct weft_ledger *ledger, int wait_ms)
{
    ledger->wait_ms = wait_ms;
    for (size_t i = 0; i < LEDGER_CONNECTIONS_MAX; i++) {
        struct weft_store *store = ledger->connections[i].store;
        if (store != NULL)
            store->api->set_wait(store, wait_ms);
    }
}

/* ---- transactions ---- */

/* The first read: fixes the snapshot. */
static int head_load(struct weft_ledger_txn *txn, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    txn->head = txn->ledger->memory_head;
    if (txn->ledger->memory)
        return 0;
    WEFT_TRY(weft_stmt_prepare(txn,
                               "SELECT sequence, time_us, hash FROM entries WHERE origin = ?"
                               " ORDER BY sequence DESC LIMIT 1",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, txn->ledger->origin);
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    txn->head = (struct weft_ledger_head){.hash = HASH_NONE};
    if (rc == WEFT_END)
        return 0;
    txn->head.sequence = weft_stmt_column_int(stmt, 0);
    txn->head.time_us = weft_stmt_column_int(stmt, 1);
    snprintf(txn->head.hash, sizeof txn->head.hash, "%s", weft_stmt_column_text(stmt, 2));
    return weft_stmt_check(stmt, error);
}

static int connection_take(struct weft_ledger *ledger, struct ledger_connection **out,
                           struct weft_error *error)
{
    for (size_t i = 0; i < LEDGER_CONNECTIONS_MAX; i++) {
        if (ledger->connections[i].used)
            continue;
        if (ledger->memory && i > 0) /* each connection would be a database of its own */
            break;
        WEFT_TRY(connection_open(ledger, &ledger->connections[i], error));
        *out = &ledger->connections[i];
        return 0;
    }
    return weft_error_set(error, WEFT_E_INTERNAL,
                          "more than %d transactions are open in one ledger",
                          ledger->memory ? 1 : LEDGER_CONNECTIONS_MAX);
}

static int txn_begin(struct weft_ledger *ledger, bool write, bool check,
                     struct weft_ledger_txn **out, struct weft_error *error)
{
    struct ledger_connection *connection = NULL;
    WEFT_TRY(connection_take(ledger, &connection, error));
    struct weft_ledger_txn *txn = weft_alloc(sizeof *txn);
    if (txn == NULL)
        return weft_error_nomem(error);
    *txn = (struct weft_ledger_txn){
        .ledger = ledger, .store = connection->store, .connection = connection, .write = write};
    int rc = txn->store->api->begin(txn->store, write, error);
    if (rc < 0) {
        weft_free(txn);
        return rc;
    }
    connection->used = true;
    ledger->writing |= write;
    rc = head_load(txn, error);
    if (rc == 0 && check && !ledger->making && !ledger->memory)
        rc = ledger_head_check(txn, error);
    if (rc < 0) {
        weft_ledger_end(txn);
        return rc;
    }
    *out = txn;
    return 0;
}

int weft_ledger_begin_read(struct weft_ledger *ledger, struct weft_ledger_txn **out,
                           struct weft_error *error)
{
    return txn_begin(ledger, false, false, out, error);
}

static int begin_write(struct weft_ledger *ledger, bool check, struct weft_ledger_txn **out,
                       struct weft_error *error)
{
    if (ledger->flags & WEFT_LEDGER_READ_ONLY)
        return weft_error_set(error, WEFT_E_REFUSED, "this process may only read the home %s",
                              ledger->home);
    /* It would wait for itself. */
    if (ledger->writing)
        return weft_error_set(error, WEFT_E_INTERNAL, "a writing transaction is open already");
    return txn_begin(ledger, true, check, out, error);
}

int weft_ledger_begin_write(struct weft_ledger *ledger, struct weft_ledger_txn **out,
                            struct weft_error *error)
{
    return begin_write(ledger, true, out, error);
}

int ledger_begin_unchecked(struct weft_ledger *ledger, struct weft_ledger_txn **out,
                           struct weft_error *error)
{
    return begin_write(ledger, false, out, error);
}

void weft_ledger_end(struct weft_ledger_txn *txn)
{
    if (txn == NULL)
        return;
    txn->store->api->rollback(txn->store);
    txn->connection->used = false;
    if (txn->write)
        txn->ledger->writing = false;
    weft_free(txn);
}

void weft_ledger_endp(struct weft_ledger_txn **txn)
{
    weft_ledger_end(*txn);
    *txn = NULL;
}

static int commit_check(struct weft_ledger_txn *txn, struct weft_error *error)
{
    if (!txn->write)
        return weft_error_set(error, WEFT_E_INTERNAL,
                              "a reading transaction has nothing to commit");
    if (txn->broken)
        return weft_error_set(error, WEFT_E_INTERNAL,
                              "nothing of a transaction is committed after an entry was refused");
    if (weft_fault_point("ledger.before_commit"))
        return weft_error_set(error, WEFT_E_IO, "stopped at ledger.before_commit");
    return 0;
}

int weft_ledger_commit(struct weft_ledger_txn *txn, struct weft_error *error)
{
    int rc = commit_check(txn, error);
    const struct weft_key *key = NULL; /* perhaps a new one, for the head */
    if (rc == 0 && txn->appended > 0)
        rc = ledger_key(txn, &key, error);
    if (rc == 0)
        rc = txn->store->api->commit(txn->store, error);
    bool stopped = rc == 0 && weft_fault_point("ledger.after_commit");
    if (rc == 0 && txn->appended > 0 && !stopped) {
        /* The facts are durable, so a head that cannot be written is no failure of the commit: an
         * older head is right, and the next commit writes a newer one. */
        struct weft_error ignored = WEFT_ERROR_INIT;
        int head_rc = ledger_head_write(txn->ledger, &txn->head, txn->accept, &ignored);
        (void)head_rc;
        weft_fault_point("ledger.after_head");
    }
    weft_ledger_end(txn);
    return rc;
}

/* ---- small tables ---- */

int ledger_meta_get(struct weft_ledger_txn *txn, const char *name, char *value, size_t size,
                    struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, "SELECT value FROM weft_meta WHERE name = ?", &stmt, error));
    weft_stmt_bind_text(stmt, 1, name);
    int rc = weft_stmt_step(stmt, error);
    if (rc != 0)
        return rc < 0 ? rc : WEFT_NOT_THERE;
    const char *text = weft_stmt_column_text(stmt, 0);
    WEFT_TRY(weft_stmt_check(stmt, error));
    if (strlen(text) >= size)
        return weft_error_set(error, WEFT_E_CORRUPT, "the database's own %s is too long", name);
    snprintf(value, size, "%s", text);
    return 0;
}

int ledger_meta_set(struct weft_ledger_txn *txn, const char *name, const char *value,
                    struct weft_error *error)
{
    return weft_ledger_exec(txn, error,
                            "INSERT INTO weft_meta(name, value) VALUES (?, ?)"
                            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                            name, value, NULL);
}

int ledger_key(struct weft_ledger_txn *txn, const struct weft_key **key, struct weft_error *error)
{
    struct weft_ledger *ledger = txn->ledger;
    char id[WEFT_KEY_ID] = "";
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(
        txn, "SELECT key_id FROM ledger_keys WHERE origin = ? AND seq_to IS NULL", &stmt, error));
    weft_stmt_bind_text(stmt, 1, ledger->origin);
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    /* Before the first entry there is only the key that home.c made. */
    if (rc == 0)
        snprintf(id, sizeof id, "%s", weft_stmt_column_text(stmt, 0));
    WEFT_TRY(weft_stmt_check(stmt, error));
    bool known =
        ledger->key != NULL && (rc == WEFT_END || strcmp(weft_key_id(ledger->key), id) == 0);
    if (!known) {
        struct weft_key *loaded = NULL;
        WEFT_TRY(weft_key_load(ledger->keys, id, &loaded, error));
        weft_key_free(ledger->key);
        ledger->key = loaded;
    }
    *key = ledger->key;
    return 0;
}

/* ---- appending ---- */

static int append_check(struct weft_ledger_txn *txn, const char *actor, const char *kind,
                        const struct weft_ledger_kind **found, struct weft_error *error)
{
    if (!txn->write || txn->connection == NULL || txn->ledger->memory)
        return weft_error_set(error, WEFT_E_INTERNAL, "appending needs a writing transaction");
    if (txn->broken)
        return weft_error_set(error, WEFT_E_INTERNAL, "an entry before was refused");
    size_t length = strlen(actor);
    if (length == 0 || length > LEDGER_ACTOR_MAX || weft_utf8_valid(actor, length) != length)
        return weft_error_set(error, WEFT_E_INVALID, "an actor is 1 to %d bytes of UTF-8",
                              LEDGER_ACTOR_MAX);
    *found = ledger_kind_find(kind);
    if (*found == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "the kind of entry %s is not registered",
                              kind);
    return 0;
}

/* Blanks and escapes may make the text longer than its canonical form, but not without end. */
static int body_make(const char *body, struct weft_buf *out, struct weft_error *error)
{
    bool too_long = strlen(body) > LEDGER_BODY_TEXT_MAX;
    if (!too_long) {
        WEFT_TRY(ledger_body_canonical(body, out, error));
        too_long = out->length > WEFT_LEDGER_BODY_MAX;
    }
    if (!too_long)
        return 0;
    weft_error_set(error, WEFT_E_LIMIT, "the body of an entry has at most %d bytes",
                   WEFT_LEDGER_BODY_MAX);
    return weft_error_hint(error, "a long list lies in a file of its own, named by its hash");
}

/* Completes the row: hash and signature; then the row, then the fold. */
static int append_row(struct weft_ledger_txn *txn, struct ledger_row *row, struct weft_error *error)
{
    unsigned char digest[WEFT_SHA256_BYTES];
    char body_hash[WEFT_SHA256_HEX], hash[WEFT_SHA256_HEX], signature[WEFT_SIGNATURE_HEX];
    const struct weft_key *key = NULL;
    WEFT_TRY(ledger_key(txn, &key, error));
    WEFT_TRY(weft_sha256_hex(row->entry.body, strlen(row->entry.body), body_hash, error));
    row->body_hash = body_hash;
    WEFT_TRY(ledger_entry_digest(row, digest, error));
    WEFT_TRY(weft_key_sign(key, digest, sizeof digest, signature, error));
    weft_hex(digest, sizeof digest, hash);
    row->entry.hash = hash;
    row->entry.key_id = weft_key_id(key);
    row->signature = signature;
    WEFT_TRY(ledger_row_insert(txn, row, error));
    WEFT_TRY(ledger_fold(txn, &row->entry, error));
    txn->head.sequence = row->entry.sequence;
    txn->head.time_us = row->entry.time_us;
    memcpy(txn->head.hash, hash, sizeof hash);
    txn->appended++;
    return 0;
}

static int append_entry(struct weft_ledger_txn *txn, const char *actor, const char *kind,
                        const char *body, struct weft_error *error)
{
    const struct weft_ledger_kind *found = NULL;
    WEFT_TRY(append_check(txn, actor, kind, &found, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf canonical;
    weft_buf_init(&canonical, LEDGER_BODY_TEXT_MAX * 32); /* 1e20 has 21 digits */
    WEFT_TRY(body_make(body, &canonical, error));
    char previous[WEFT_SHA256_HEX];
    memcpy(previous, txn->head.hash, sizeof previous);
    struct ledger_row row = {
        .format = LEDGER_ENTRY_FORMAT,
        .entry = {.origin = txn->ledger->origin,
                  .sequence = txn->head.sequence + 1,
                  .time_us = WEFT_MAX(weft_clock_us(), txn->head.time_us + 1000),
                  .actor = actor,
                  .kind = kind,
                  .kind_version = found->version,
                  .body = canonical.data,
                  .previous_hash = previous}};
    return append_row(txn, &row, error);
}

int weft_ledger_append(struct weft_ledger_txn *txn, const char *actor, const char *kind,
                       const char *body, int64_t *sequence, struct weft_error *error)
{
    int rc = append_entry(txn, actor, kind, body, error);
    if (rc < 0) {
        txn->broken = true;
        return rc;
    }
    if (sequence != NULL)
        *sequence = txn->head.sequence;
    return 0;
}

int ledger_key_rotate(struct weft_ledger_txn *txn, const char *actor, struct weft_error *error)
{
    WEFT_CLEANUP(weft_key_freep) struct weft_key *key = NULL;
    WEFT_TRY(weft_key_new(&key, error));
    WEFT_TRY(weft_key_save(key, txn->ledger->keys, error));
    char body[512];
    snprintf(body, sizeof body,
             "{\"algorithm\":\"ed25519\",\"key_id\":\"%s\",\"public_key\":\"%s\"}",
             weft_key_id(key), weft_key_public(key));
    return weft_ledger_append(txn, actor, "key.rotated", body, NULL, error);
}

/* ---- reading ---- */

int weft_ledger_head(struct weft_ledger_txn *txn, struct weft_ledger_head *head,
                     struct weft_error *error)
{
    (void)error;
    *head = txn->head;
    return 0;
}

/* Times rise with the sequence, so halving finds it without an index on time. */
int weft_ledger_sequence_at(struct weft_ledger_txn *txn, int64_t time_us, int64_t *sequence,
                            struct weft_error *error)
{
    int64_t low = 0, high = txn->head.sequence; /* the answer lies in low..high */
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, "SELECT time_us FROM entries WHERE origin = ? AND sequence = ?",
                               &stmt, error));
    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        weft_stmt_reset(stmt);
        weft_stmt_bind_text(stmt, 1, txn->ledger->origin);
        weft_stmt_bind_int(stmt, 2, middle);
        int rc = weft_stmt_step(stmt, error);
        WEFT_TRY(rc);
        if (rc == WEFT_END)
            return weft_error_set(error, WEFT_E_CORRUPT, "entry %" PRId64 " is missing", middle);
        if (weft_stmt_column_int(stmt, 0) <= time_us)
            low = middle;
        else
            high = middle - 1;
    }
    *sequence = low;
    return 0;
}

int weft_ledger_each(struct weft_ledger_txn *txn, int64_t from, int64_t to,
                     int (*fn)(void *arg, const struct weft_ledger_entry *entry,
                               struct weft_error *error),
                     void *arg, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn,
                               "SELECT " LEDGER_COLUMNS " FROM entries WHERE origin = ?"
                               " AND sequence BETWEEN ? AND ? ORDER BY sequence",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, txn->ledger->origin);
    weft_stmt_bind_int(stmt, 2, from);
    weft_stmt_bind_int(stmt, 3, to == 0 ? INT64_MAX : to);
    for (;;) {
        int rc = weft_stmt_step(stmt, error);
        if (rc != 0)
            return rc < 0 ? rc : 0;
        struct ledger_row row;
        WEFT_TRY(ledger_row_read(stmt, &row, error));
        rc = fn(arg, &row.entry, error);
        if (rc != 0)
            return rc;
    }
}

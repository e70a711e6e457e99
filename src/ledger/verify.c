/*
 * verify.c - walks the chain and names the first entry that is not as it was written.
 *
 * ledger.head is read before the database: in between only entries can come, never go. What an
 * entry's own hash covers is checked before its place, so that a change is called a change and a
 * moved entry a moved one.
 */
#include "base/fs.h"
#include "base/mem.h"
#include "ledger/ledger_internal.h"

#include <stdio.h>
#include <string.h>

struct walk {
    struct weft_ledger *ledger;
    struct weft_ledger_txn *txn;
    struct weft_key *key; /* in force at this entry */
    int64_t sequence;     /* of the entry before */
    int64_t time_us;
    char hash[WEFT_SHA256_HEX];
    const struct ledger_signed_head *head;
    bool head_met;
};

static int entry_bad(const struct ledger_row *row, struct weft_error *error, const char *what)
{
    return weft_error_set(error, WEFT_E_CORRUPT, "entry %" PRId64 " (%.100s) %s",
                          row->entry.sequence, row->entry.kind, what);
}

/* Where the entry with this hash stands; 0 = nowhere. */
static int sequence_of_hash(struct walk *walk, const char *hash, int64_t *sequence,
                            struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(walk->txn, "SELECT sequence FROM entries WHERE hash = ? LIMIT 1",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, hash);
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    *sequence = rc == 0 ? weft_stmt_column_int(stmt, 0) : 0;
    return 0;
}

static bool is_signed(const struct ledger_row *row, const struct weft_key *key)
{
    unsigned char digest[WEFT_SHA256_BYTES];
    return weft_unhex(row->entry.hash, digest, sizeof digest) &&
           strcmp(row->entry.key_id, weft_key_id(key)) == 0 &&
           weft_key_verify(key, digest, sizeof digest, row->signature);
}

/* The body against its hash; all fields against the entry's hash. *whole: nothing was changed. */
static int hashes_check(const struct ledger_row *row, bool *whole, struct weft_error *error)
{
    unsigned char digest[WEFT_SHA256_BYTES];
    char hash[WEFT_SHA256_HEX];
    *whole = false;
    WEFT_TRY(weft_sha256_hex(row->entry.body, strlen(row->entry.body), hash, error));
    if (strcmp(hash, row->body_hash) != 0)
        return 0;
    WEFT_TRY(ledger_entry_digest(row, digest, error));
    weft_hex(digest, sizeof digest, hash);
    *whole = strcmp(hash, row->entry.hash) == 0;
    return 0;
}

/* Its hash does not fit: was it changed, or only put in another place? */
static int changed_or_moved(struct walk *walk, struct ledger_row *row, struct weft_error *error)
{
    int64_t before = 0;
    bool whole = false;
    WEFT_TRY(sequence_of_hash(walk, row->entry.previous_hash, &before, error));
    int64_t here = row->entry.sequence;
    /* Its predecessor tells its old number, unless that one is gone; then it moved by one. */
    const int64_t candidates[] = {before + 1, here + 1, here - 1};
    for (size_t i = before == 0 ? 1 : 0; i < WEFT_COUNT(candidates) && !whole; i++) {
        row->entry.sequence = candidates[i];
        WEFT_TRY(hashes_check(row, &whole, error));
    }
    int64_t written = row->entry.sequence;
    row->entry.sequence = here;
    if (!whole)
        return entry_bad(row, error, "was changed: its hash does not fit");
    entry_bad(row, error, "was reordered");
    return weft_error_detail(error, "it was written as entry %" PRId64, written);
}

static int place_check(struct walk *walk, const struct ledger_row *row, struct weft_error *error)
{
    if (strcmp(row->entry.previous_hash, walk->hash) != 0)
        return entry_bad(row, error, "does not follow the entry before it: that one was replaced");
    if (row->entry.time_us <= walk->time_us)
        return entry_bad(row, error, "is not later than the entry before it");
    return 0;
}

/* node.created brings the first key, key.rotated the next one. */
static int key_follow(struct walk *walk, const struct ledger_row *row, struct weft_error *error)
{
    bool first = row->entry.sequence == 1;
    bool created = strcmp(row->entry.kind, "node.created") == 0;
    if (first && !created)
        return entry_bad(row, error, "is the first and does not create the node");
    if (!created && strcmp(row->entry.kind, "key.rotated") != 0)
        return 0;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(row->entry.body, strlen(row->entry.body), 0, &doc, error));
    const char *public_key;
    WEFT_TRY(weft_json_text(yyjson_doc_get_root(doc), "public_key", &public_key, error));
    struct weft_key *key = NULL;
    WEFT_TRY(weft_key_of_public(public_key, &key, error));
    weft_key_free(walk->key);
    walk->key = key;
    return 0;
}

static int signature_check(struct walk *walk, const struct ledger_row *row,
                           struct weft_error *error)
{
    bool created = row->entry.sequence == 1;
    if (created)
        WEFT_TRY(key_follow(walk, row, error));
    if (!is_signed(row, walk->key))
        return entry_bad(row, error, "is not signed by the node's key");
    if (created && strcmp(weft_key_id(walk->key), row->entry.origin) != 0)
        return entry_bad(row, error, "creates another node than its origin");
    return created ? 0 : key_follow(walk, row, error);
}

static int head_meet(struct walk *walk, const struct ledger_row *row, struct weft_error *error)
{
    const struct ledger_signed_head *head = walk->head;
    if (head == NULL || row->entry.sequence != head->sequence)
        return 0;
    unsigned char digest[WEFT_SHA256_BYTES];
    WEFT_TRY(ledger_head_digest(head, digest, error));
    walk->head_met = true;
    if (strcmp(head->hash, row->entry.hash) != 0)
        return weft_error_set(error, WEFT_E_CORRUPT,
                              "ledger.head names another entry %" PRId64 " than the database",
                              head->sequence);
    if (strcmp(head->key_id, weft_key_id(walk->key)) != 0 ||
        strcmp(head->origin, row->entry.origin) != 0 ||
        !weft_key_verify(walk->key, digest, sizeof digest, head->signature))
        return weft_error_set(error, WEFT_E_CORRUPT, "ledger.head is not signed by the node's key");
    return 0;
}

static int entry_check(struct walk *walk, struct ledger_row *row, struct weft_error *error)
{
    if (row->entry.sequence != walk->sequence + 1) {
        weft_error_set(error, WEFT_E_CORRUPT, "entry %" PRId64 " was removed", walk->sequence + 1);
        return weft_error_detail(error, "the next one there is %" PRId64, row->entry.sequence);
    }
    if (row->format != LEDGER_ENTRY_FORMAT)
        return entry_bad(row, error, "was changed: its format is unknown");
    bool whole = false;
    WEFT_TRY(hashes_check(row, &whole, error));
    if (!whole)
        return changed_or_moved(walk, row, error);
    WEFT_TRY(place_check(walk, row, error));
    WEFT_TRY(signature_check(walk, row, error));
    WEFT_TRY(head_meet(walk, row, error));
    if (ledger_lists_check(walk->ledger, &row->entry, error) < 0)
        return weft_error_prefix(error, "entry %" PRId64, row->entry.sequence);
    walk->sequence = row->entry.sequence;
    walk->time_us = row->entry.time_us;
    snprintf(walk->hash, sizeof walk->hash, "%s", row->entry.hash);
    return 0;
}

static int chain_walk(struct walk *walk, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(walk->txn,
                               "SELECT " LEDGER_COLUMNS " FROM entries WHERE origin = ?"
                               " ORDER BY sequence",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, walk->ledger->origin);
    memset(walk->hash, '0', sizeof walk->hash - 1);
    for (;;) {
        int rc = weft_stmt_step(stmt, error);
        WEFT_TRY(rc);
        if (rc == WEFT_END)
            return 0;
        struct ledger_row row;
        WEFT_TRY(ledger_row_read(stmt, &row, error));
        WEFT_TRY(entry_check(walk, &row, error));
    }
}

static int tail_check(struct walk *walk, struct weft_error *error)
{
    if (walk->head_met)
        return 0;
    weft_error_set(error, WEFT_E_CORRUPT,
                   "the end of the ledger is missing: ledger.head says %" PRId64
                   " entries, the database ends at %" PRId64,
                   walk->head->sequence, walk->sequence);
    return weft_error_hint(error, "restore the home from a copy");
}

static int strangers_check(struct walk *walk, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(walk->txn,
                               "SELECT origin, sequence FROM entries WHERE origin <> ?"
                               " ORDER BY origin, sequence LIMIT 1",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, walk->ledger->origin);
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END)
        return 0;
    return weft_error_set(error, WEFT_E_CORRUPT,
                          "entry %" PRId64 " of the origin %.40s belongs to no node of this home",
                          weft_stmt_column_int(stmt, 1), weft_stmt_column_text(stmt, 0));
}

/* The whole chain. A walk without a head does not look at ledger.head. */
static int database_check(struct walk *walk, struct weft_error *error)
{
    WEFT_TRY(walk->txn->store->api->check_structure(walk->txn->store, error));
    int rc = chain_walk(walk, error);
    weft_key_free(walk->key);
    walk->key = NULL;
    WEFT_TRY(rc);
    return strangers_check(walk, error);
}

int weft_ledger_verify(struct weft_ledger *ledger, struct weft_ledger_report *report,
                       struct weft_error *error)
{
    struct ledger_signed_head head = {0};
    struct weft_error head_error = WEFT_ERROR_INIT;
    int head_rc = ledger_head_read(ledger->home, &head, &head_error);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    struct walk walk = {.ledger = ledger, .txn = txn, .head = head_rc == 0 ? &head : NULL};
    WEFT_TRY(database_check(&walk, error));
    if (head_rc < 0) {
        if (error != NULL)
            *error = head_error;
        return head_rc;
    }
    WEFT_TRY(tail_check(&walk, error));
    if (report != NULL)
        *report = (struct weft_ledger_report){.entries = walk.sequence, .head = txn->head};
    return 0;
}

/* ---- going on without a right ledger.head ---- */

static const char *head_found(const struct weft_ledger *ledger, int64_t last, int64_t *said)
{
    struct ledger_signed_head head = {0};
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(ledger->home, "ledger.head");
    *said = 0;
    if (path != NULL && !weft_fs_exists(path))
        return "missing";
    if (ledger_head_read(ledger->home, &head, &ignored) < 0)
        return "damaged";
    *said = head.sequence;
    return head.sequence > last ? "ahead" : "wrong";
}

static int accepted_append(struct weft_ledger_txn *txn, const char *actor, const char *because,
                           struct weft_error *error)
{
    int64_t said = 0;
    struct weft_json_writer writer;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, LEDGER_BUFFER_MAX);
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "because", because);
    weft_json_member_text(&writer, "found", head_found(txn->ledger, txn->head.sequence, &said));
    weft_json_member_int(&writer, "said", said);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, LEDGER_KIND_ACCEPTED, body.data, NULL, error);
}

int weft_ledger_accept(struct weft_ledger *ledger, const char *actor, const char *because,
                       struct weft_ledger_report *report, bool *accepted, struct weft_error *error)
{
    struct weft_error found = WEFT_ERROR_INIT;
    *accepted = false;
    if (because == NULL || because[0] == '\0')
        return weft_error_set(error, WEFT_E_USAGE, "a reason is needed: --because TEXT");
    if (weft_ledger_verify(ledger, report, &found) == 0)
        return 0;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(ledger_begin_unchecked(ledger, &txn, error));
    struct walk walk = {.ledger = ledger, .txn = txn};
    WEFT_TRY(database_check(&walk, error));
    /* Where entries are gone, what was folded from them goes too. */
    WEFT_TRY(ledger_refold(txn, NULL, error));
    WEFT_TRY(accepted_append(txn, actor, because, error));
    txn->accept = true;
    if (report != NULL)
        *report = (struct weft_ledger_report){.entries = txn->head.sequence, .head = txn->head};
    struct weft_ledger_txn *done = txn;
    txn = NULL;
    WEFT_TRY(weft_ledger_commit(done, error));
    *accepted = true;
    return 0;
}

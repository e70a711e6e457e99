/*
 * head.c - <home>/ledger.head: one line of canonical JSON
 *   {"format":1,"hash":...,"key_id":...,"origin":...,"sequence":N,"signature":...}
 * The signature is Ed25519 over the SHA-256 of the same object without it. It is a signature of its
 * own, not the entry's, so that a head of an older entry cannot be put together from the database.
 *
 * Written after the commit, so it may be older than the database (a kill in between): that is
 * right. It may never be newer: then the end of the database is missing. A whole home always has
 * one, so a missing or damaged one is no reason to write a new one: it may have been taken away to
 * hide a cut end. Whoever writes on is refused; weft_ledger_accept is the way out.
 */
#include "base/fs.h"
#include "base/mem.h"
#include "ledger/ledger_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define HEAD_LOCK_WAIT_MS 2000

static void head_write_json(const struct ledger_signed_head *head, bool with_signature,
                            struct weft_buf *out)
{
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, out);
    weft_json_begin_object(&writer);
    weft_json_member_int(&writer, "format", LEDGER_ENTRY_FORMAT);
    weft_json_member_text(&writer, "hash", head->hash);
    weft_json_member_text(&writer, "key_id", head->key_id);
    weft_json_member_text(&writer, "origin", head->origin);
    weft_json_member_int(&writer, "sequence", head->sequence);
    if (with_signature)
        weft_json_member_text(&writer, "signature", head->signature);
    weft_json_end_object(&writer);
}

int ledger_head_digest(const struct ledger_signed_head *head,
                       unsigned char digest[WEFT_SHA256_BYTES], struct weft_error *error)
{
    /* Only digits, hexadecimal and plain names: as written it is canonical. */
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, LEDGER_FILE_MAX);
    head_write_json(head, false, &text);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_sha256(text.data, text.length, digest, error);
}

static int member_copy(yyjson_val *object, const char *key, char *out, size_t size,
                       struct weft_error *error)
{
    const char *text;
    WEFT_TRY(weft_json_text(object, key, &text, error));
    if (strlen(text) + 1 != size)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s has a wrong length", key);
    memcpy(out, text, size);
    return 0;
}

static int head_parse(const struct weft_buf *text, struct ledger_signed_head *head,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(text->data, text->length, WEFT_JSON_UNIQUE_KEYS, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    int64_t format;
    WEFT_TRY(weft_json_int(root, "format", &format, error));
    if (format != LEDGER_ENTRY_FORMAT)
        return weft_error_set(error, WEFT_E_FORMAT, "format %" PRId64 " is unknown", format);
    WEFT_TRY(weft_json_int(root, "sequence", &head->sequence, error));
    WEFT_TRY(member_copy(root, "hash", head->hash, sizeof head->hash, error));
    WEFT_TRY(member_copy(root, "key_id", head->key_id, sizeof head->key_id, error));
    WEFT_TRY(member_copy(root, "origin", head->origin, sizeof head->origin, error));
    return member_copy(root, "signature", head->signature, sizeof head->signature, error);
}

int ledger_head_read(const char *home, struct ledger_signed_head *head, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(home, "ledger.head");
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, LEDGER_BUFFER_MAX);
    int rc = ledger_text_file(path, &text, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_CORRUPT, "ledger.head is missing: %s", path);
    WEFT_TRY(rc);
    struct ledger_signed_head read = {0};
    rc = head_parse(&text, &read, error);
    if (rc < 0 && error != NULL && error->code != WEFT_E_NOMEM) {
        error->code = WEFT_E_CORRUPT;
        return weft_error_prefix(error, "ledger.head is damaged");
    }
    if (rc == 0)
        *head = read;
    return rc;
}

/* Temporary name, sync, rename - without a sync of the folder. After a power failure the name may
 * lead to the old file again; that is whole, and an older head is right (see above). The file's
 * own sync stays: without it the new name could lead to an empty file. */
static int head_replace(const char *path, const struct weft_buf *text, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *temporary = weft_format("%s.tmp", path);
    if (temporary == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(temporary, O_WRONLY | O_CREAT | O_TRUNC, &fd, error));
    WEFT_TRY(weft_fs_write(fd, text->data, text->length, temporary, error));
    WEFT_TRY(weft_fs_sync(fd, temporary, error));
    return weft_fs_rename(temporary, path, error);
}

static int head_sign(struct weft_ledger *ledger, const struct weft_ledger_head *head,
                     struct weft_buf *out, struct weft_error *error)
{
    struct ledger_signed_head made = {.sequence = head->sequence};
    unsigned char digest[WEFT_SHA256_BYTES];
    memcpy(made.origin, ledger->origin, sizeof made.origin);
    memcpy(made.hash, head->hash, sizeof made.hash);
    memcpy(made.key_id, weft_key_id(ledger->key), sizeof made.key_id);
    WEFT_TRY(ledger_head_digest(&made, digest, error));
    WEFT_TRY(weft_key_sign(ledger->key, digest, sizeof digest, made.signature, error));
    head_write_json(&made, true, out);
    weft_buf_addc(out, '\n');
    return weft_buf_check(out, error);
}

int ledger_head_write(struct weft_ledger *ledger, const struct weft_ledger_head *head, bool force,
                      struct weft_error *error)
{
    assert(ledger->key != NULL);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, LEDGER_FILE_MAX);
    WEFT_TRY(head_sign(ledger, head, &text, error));
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(ledger->home, "ledger.head");
    WEFT_CLEANUP(weft_freep) char *lock = weft_path_join(ledger->home, "locks/head");
    if (path == NULL || lock == NULL)
        return weft_error_nomem(error);
    /* Two that committed one after the other may come here the other way round. */
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(ledger_lock_wait(lock, true, HEAD_LOCK_WAIT_MS, &fd, error));
    struct ledger_signed_head there;
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (!force && ledger_head_read(ledger->home, &there, &ignored) == 0 &&
        there.sequence >= head->sequence && strcmp(there.origin, ledger->origin) == 0)
        return 0;
    return head_replace(path, &text, error);
}

/* ---- for whoever writes on ---- */

int ledger_key_public(struct weft_ledger_txn *txn, const char *origin, const char *key_id,
                      struct weft_key **key, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(
        txn, "SELECT public_key FROM ledger_keys WHERE origin = ? AND key_id = ?", &stmt, error));
    weft_stmt_bind_text(stmt, 1, origin);
    weft_stmt_bind_text(stmt, 2, key_id);
    int rc = weft_stmt_step(stmt, error);
    if (rc != 0)
        return rc < 0 ? rc : WEFT_NOT_THERE;
    const char *public_key = weft_stmt_column_text(stmt, 0);
    WEFT_TRY(weft_stmt_check(stmt, error));
    return weft_key_of_public(public_key, key, error);
}

static int signature_check(struct weft_ledger_txn *txn, const struct ledger_signed_head *head,
                           struct weft_error *error)
{
    WEFT_CLEANUP(weft_key_freep) struct weft_key *key = NULL;
    unsigned char digest[WEFT_SHA256_BYTES];
    int rc = ledger_key_public(txn, head->origin, head->key_id, &key, error);
    WEFT_TRY(rc);
    WEFT_TRY(ledger_head_digest(head, digest, error));
    if (rc == 0 && weft_key_verify(key, digest, sizeof digest, head->signature))
        return 0;
    return weft_error_set(error, WEFT_E_CORRUPT, "ledger.head is not signed by the node's key");
}

static int entry_check(struct weft_ledger_txn *txn, const struct ledger_signed_head *head,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, "SELECT hash FROM entries WHERE origin = ? AND sequence = ?",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, head->origin);
    weft_stmt_bind_int(stmt, 2, head->sequence);
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    bool same = rc == 0 && strcmp(weft_stmt_column_text(stmt, 0), head->hash) == 0;
    WEFT_TRY(weft_stmt_check(stmt, error));
    if (same)
        return 0;
    return weft_error_set(error, WEFT_E_CORRUPT,
                          "ledger.head names another entry %" PRId64 " than the database",
                          head->sequence);
}

/* No one else commits now, so ledger.head is never ahead in a home that is whole. */
static int head_compare(struct weft_ledger_txn *txn, struct weft_error *error)
{
    struct ledger_signed_head head;
    WEFT_TRY(ledger_head_read(txn->ledger->home, &head, error));
    if (strcmp(head.origin, txn->ledger->origin) != 0)
        return weft_error_set(error, WEFT_E_CORRUPT, "ledger.head belongs to another node");
    bool last = head.sequence == txn->head.sequence;
    if (head.sequence > txn->head.sequence || (last && strcmp(head.hash, txn->head.hash) != 0))
        return weft_error_set(error, WEFT_E_CORRUPT,
                              "the end of the ledger is missing or was changed: ledger.head says "
                              "%" PRId64 " entries, the database ends at %" PRId64,
                              head.sequence, txn->head.sequence);
    if (!last)
        WEFT_TRY(entry_check(txn, &head, error));
    return signature_check(txn, &head, error);
}

int ledger_head_check(struct weft_ledger_txn *txn, struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    int rc = head_compare(txn, &own);
    if (rc == 0)
        return 0;
    if (error != NULL)
        *error = own;
    if (own.code != WEFT_E_CORRUPT)
        return rc;
    return weft_error_hint(error,
                           "`weft ledger verify` tells what is there. Put the home back from "
                           "a copy, or go on with what the database holds: `weft ledger "
                           "verify --accept --because TEXT`");
}

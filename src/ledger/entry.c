/*
 * entry.c - one entry: its canonical form, its hash, its row.
 *
 * Format 1. hash = SHA-256 of the canonical JSON (RFC 8785, UTF-8, no blanks) of one object of
 * these members, given here in canonical order:
 *   actor          text, at most 256 bytes
 *   body_hash      SHA-256 of the body's canonical JSON
 *   format         1
 *   kind           text, "snapshot.committed"
 *   kind_version   integer
 *   origin         id of the signing node: the key id of its first key
 *   previous_hash  hash of the origin's entry before; 64 zeros for the first
 *   sequence       1, 2, 3 ... without gaps, per origin
 *   time_us        microseconds since 1970-01-01T00:00:00Z, greater than the one before by 1 ms
 * signature = Ed25519 (RFC 8032) over the 32 bytes of the hash, by the key whose id stands in
 * key_id. Hashes, ids and signatures are lower-case hexadecimal. A key id is the first 16 digits of
 * the SHA-256 of the public key's 32 bytes.
 *
 * The first entry, node.created {algorithm, format, key_id, public_key, weft}, is signed by the key
 * that it announces; key.rotated {algorithm, key_id, public_key} by the key that it replaces.
 */
#include "ledger/ledger_internal.h"

#include <string.h>

int ledger_entry_digest(const struct ledger_row *row, unsigned char digest[WEFT_SHA256_BYTES],
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf canonical;
    weft_buf_init(&text, LEDGER_BUFFER_MAX);
    weft_buf_init(&canonical, LEDGER_BUFFER_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &text);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "actor", row->entry.actor);
    weft_json_member_text(&writer, "body_hash", row->body_hash);
    weft_json_member_int(&writer, "format", row->format);
    weft_json_member_text(&writer, "kind", row->entry.kind);
    weft_json_member_int(&writer, "kind_version", row->entry.kind_version);
    weft_json_member_text(&writer, "origin", row->entry.origin);
    weft_json_member_text(&writer, "previous_hash", row->entry.previous_hash);
    weft_json_member_int(&writer, "sequence", row->entry.sequence);
    weft_json_member_int(&writer, "time_us", row->entry.time_us);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&text, error));
    WEFT_TRY(ledger_body_canonical(text.data, &canonical, error));
    return weft_sha256(canonical.data, canonical.length, digest, error);
}

int ledger_body_canonical(const char *body, struct weft_buf *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(body, strlen(body), WEFT_JSON_UNIQUE_KEYS, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!yyjson_is_obj(root))
        return weft_error_set(error, WEFT_E_INVALID, "the body of an entry is a JSON object");
    return weft_json_canonical(root, out, error);
}

int ledger_row_read(struct weft_stmt *stmt, struct ledger_row *row, struct weft_error *error)
{
    *row = (struct ledger_row){.format = weft_stmt_column_int(stmt, 0),
                               .entry = {.origin = weft_stmt_column_text(stmt, 1),
                                         .sequence = weft_stmt_column_int(stmt, 2),
                                         .time_us = weft_stmt_column_int(stmt, 3),
                                         .actor = weft_stmt_column_text(stmt, 4),
                                         .kind = weft_stmt_column_text(stmt, 5),
                                         .kind_version = (int)weft_stmt_column_int(stmt, 6),
                                         .body = weft_stmt_column_text(stmt, 7),
                                         .previous_hash = weft_stmt_column_text(stmt, 9),
                                         .hash = weft_stmt_column_text(stmt, 10),
                                         .key_id = weft_stmt_column_text(stmt, 11)},
                               .body_hash = weft_stmt_column_text(stmt, 8),
                               .signature = weft_stmt_column_text(stmt, 12)};
    return weft_stmt_check(stmt, error);
}

int ledger_row_insert(struct weft_ledger_txn *txn, const struct ledger_row *row,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn,
                               "INSERT INTO entries(" LEDGER_COLUMNS ") VALUES"
                               " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               &stmt, error));
    weft_stmt_bind_int(stmt, 1, row->format);
    weft_stmt_bind_text(stmt, 2, row->entry.origin);
    weft_stmt_bind_int(stmt, 3, row->entry.sequence);
    weft_stmt_bind_int(stmt, 4, row->entry.time_us);
    weft_stmt_bind_text(stmt, 5, row->entry.actor);
    weft_stmt_bind_text(stmt, 6, row->entry.kind);
    weft_stmt_bind_int(stmt, 7, row->entry.kind_version);
    weft_stmt_bind_text(stmt, 8, row->entry.body);
    weft_stmt_bind_text(stmt, 9, row->body_hash);
    weft_stmt_bind_text(stmt, 10, row->entry.previous_hash);
    weft_stmt_bind_text(stmt, 11, row->entry.hash);
    weft_stmt_bind_text(stmt, 12, row->entry.key_id);
    weft_stmt_bind_text(stmt, 13, row->signature);
    int rc = weft_stmt_step(stmt, error);
    return rc < 0 ? rc : 0;
}

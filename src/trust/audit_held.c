/*
 * audit_held.c - what the ledger holds the audit to: the table folded from its entries.
 */
#include "base/map.h"
#include "trust/audit_internal.h"
#include "trust/trust_internal.h"

#include <stdio.h>
#include <string.h>

/* kind: anchored {file, bytes, hash}, first {hash}, removed {file, hash}, gap {file = the hash of
 * the line before it, hash = the one that is lost}. */
static const struct weft_ledger_table trust_audit = {
    .name = "trust_audit",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_audit("
           "kind TEXT NOT NULL, file TEXT NOT NULL, bytes BIGINT NOT NULL, hash TEXT NOT NULL,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(kind, seq_from, file, hash));",
};

static int row_put(struct weft_ledger_txn *txn, const char *kind, const char *file, int64_t bytes,
                   const char *hash, int64_t sequence, struct weft_error *error)
{
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_audit(kind, file, bytes, hash, seq_from) "
                         "VALUES(?1, ?2, ?3, ?4, ?5)",
                         "ttiti", kind, file, bytes, hash, sequence);
}

static int fold_anchored(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                         yyjson_val *body, struct weft_error *error)
{
    const char *file, *hash;
    const char *first = weft_json_text_or(body, "first", NULL);
    int64_t bytes;
    WEFT_TRY(weft_json_text(body, "file", &file, error));
    WEFT_TRY(weft_json_text(body, "hash", &hash, error));
    WEFT_TRY(weft_json_int(body, "bytes", &bytes, error));
    if (first != NULL)
        WEFT_TRY(row_put(txn, "first", "", 0, first, entry->sequence, error));
    return row_put(txn, "anchored", file, bytes, hash, entry->sequence, error);
}

static int fold_removed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, struct weft_error *error)
{
    const char *file, *last;
    WEFT_TRY(weft_json_text(body, "file", &file, error));
    WEFT_TRY(weft_json_text(body, "last", &last, error));
    return row_put(txn, "removed", file, 0, last, entry->sequence, error);
}

static int fold_accepted(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                         yyjson_val *body, struct weft_error *error)
{
    yyjson_val *gaps = yyjson_obj_get(body, "gaps"), *gap;
    size_t i, count;
    const char *hash;
    WEFT_TRY(weft_json_text(body, "hash", &hash, error));
    yyjson_arr_foreach(gaps, i, count, gap)
    {
        const char *after, *lost;
        WEFT_TRY(weft_json_text(gap, "after", &after, error));
        WEFT_TRY(weft_json_text(gap, "lost", &lost, error));
        WEFT_TRY(row_put(txn, "gap", after, 0, lost, entry->sequence, error));
    }
    return row_put(txn, "accepted", "", 0, hash, entry->sequence, error);
}

void weft_audit_register(void)
{
    static const struct weft_ledger_kind kinds[] = {
        {.name = WEFT_KIND_AUDIT_ANCHORED, .version = 1, .fold = fold_anchored},
        {.name = WEFT_KIND_AUDIT_REMOVED, .version = 1, .fold = fold_removed},
        {.name = WEFT_KIND_AUDIT_ACCEPTED, .version = 1, .fold = fold_accepted},
    };
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        weft_ledger_register_kind(&kinds[i]);
    weft_ledger_register_table(&trust_audit);
}

/* ---- reading ---- */

static int text_copy(struct weft_ledger_txn *txn, const char *sql, char *out, size_t size,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error, sql, ""));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == 0)
        snprintf(out, size, "%s", weft_stmt_column_text(stmt, 0));
    return weft_stmt_check(stmt, error);
}

static int gaps_read(struct weft_ledger_txn *txn, struct weft_arena *arena,
                     struct weft_audit_held *held, struct weft_error *error)
{
    struct weft_audit_gap *items = NULL;
    size_t capacity = 0;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT file, hash FROM trust_audit WHERE kind = 'gap'", ""));
    int rc;
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, held->gap_count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        struct weft_audit_gap *gap = &items[held->gap_count++];
        snprintf(gap->after, sizeof gap->after, "%s", weft_stmt_column_text(stmt, 0));
        snprintf(gap->lost, sizeof gap->lost, "%s", weft_stmt_column_text(stmt, 1));
    }
    held->gaps = items;
    return rc < 0 ? rc : weft_stmt_check(stmt, error);
}

/* Those since the newest acceptance: it stands for what was missing until then. */
static int anchors_read(struct weft_ledger_txn *txn, struct weft_arena *arena,
                        struct weft_audit_held *held, struct weft_error *error)
{
    size_t capacity = 0;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    held->by_hash = weft_map_new();
    if (held->by_hash == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT hash, file, seq_from FROM trust_audit WHERE kind = 'anchored' "
                            "AND bytes > 0 AND seq_from > COALESCE((SELECT MAX(a.seq_from) "
                            "FROM trust_audit a WHERE a.kind = 'accepted'), 0) ORDER BY seq_from",
                            ""));
    int rc;
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &held->anchors, &capacity, held->anchor_count + 1,
                               sizeof *held->anchors) < 0)
            return weft_error_nomem(error);
        struct weft_audit_anchor *anchor = &held->anchors[held->anchor_count++];
        *anchor = (struct weft_audit_anchor){.sequence = weft_stmt_column_int(stmt, 2)};
        snprintf(anchor->hash, sizeof anchor->hash, "%s", weft_stmt_column_text(stmt, 0));
        snprintf(anchor->file, sizeof anchor->file, "%s", weft_stmt_column_text(stmt, 1));
        if (weft_map_put(held->by_hash, anchor->hash, (void *)(uintptr_t)held->anchor_count) < 0)
            return weft_error_nomem(error);
    }
    return rc < 0 ? rc : weft_stmt_check(stmt, error);
}

int weft_audit_held_read(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         struct weft_audit_held *held, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *removed = NULL;
    WEFT_TRY(weft_sql_query(txn, &removed, error,
                            "SELECT hash FROM trust_audit WHERE kind = 'removed'", ""));
    WEFT_TRY(weft_trust_texts_rows(arena, removed, &held->removed, error));
    WEFT_TRY(text_copy(txn, "SELECT MAX(file) FROM trust_audit WHERE kind = 'removed'",
                       held->removed_file, sizeof held->removed_file, error));
    WEFT_TRY(text_copy(txn, "SELECT hash FROM trust_audit WHERE kind = 'first' ORDER BY seq_from",
                       held->first, sizeof held->first, error));
    WEFT_TRY(gaps_read(txn, arena, held, error));
    return anchors_read(txn, arena, held, error);
}

void weft_audit_held_release(struct weft_audit_held *held)
{
    weft_map_freep(&held->by_hash);
}

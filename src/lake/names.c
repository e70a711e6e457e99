/*
 * names.c - what a table is called in the views of the JDBC catalogue, where that is not its key:
 * a key never changes, but "daily_reports" means the newest major in force. Written by the fold of
 * the floor that knows majors, so it is folded too.
 */
#include "lake/table_internal.h"

#include "lake/pointer.h"

static int run(struct weft_stmt *stmt, struct weft_error *error)
{
    int rc = 0;
    while (rc == 0)
        rc = weft_stmt_step(stmt, error);
    return rc < 0 ? rc : 0;
}

int weft_lake_name(struct weft_ledger_txn *txn, const char *table, const char *name,
                   int64_t sequence, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *removed = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *ended = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *made = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, "DELETE FROM lake_names WHERE table_name = ? AND seq_from = ?",
                               &removed, error));
    weft_stmt_bind_text(removed, 1, table);
    weft_stmt_bind_int(removed, 2, sequence);
    WEFT_TRY(run(removed, error));
    WEFT_TRY(weft_stmt_prepare(
        txn, "UPDATE lake_names SET seq_to = ? WHERE table_name = ? AND seq_to IS NULL", &ended,
        error));
    weft_stmt_bind_int(ended, 1, sequence);
    weft_stmt_bind_text(ended, 2, table);
    WEFT_TRY(run(ended, error));
    WEFT_TRY(weft_stmt_prepare(
        txn, "INSERT INTO lake_names (table_name, name, seq_from) VALUES (?, ?, ?)", &made, error));
    weft_stmt_bind_text(made, 1, table);
    weft_stmt_bind_text(made, 2, name);
    weft_stmt_bind_int(made, 3, sequence);
    return run(made, error);
}

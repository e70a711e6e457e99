/*
 * rollback.c - a new snapshot equal to an old one, and the end of a product: runs without a worker.
 */
#include "flow/run_internal.h"

#include "base/clock.h"

#include <string.h>

#define METADATA_FILES_KEPT 20 /* the default of the setting */

/* ---- rollback ---- */

/* The contract's version that the old snapshot was made under. */
static int version_of(struct weft_asker *asker, int64_t snapshot_id, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_ledger_begin_read(asker->ledger, &txn, error));
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT contract_version FROM lake_snapshots WHERE space = 'lake' AND "
                            "table_name = ?1 AND snapshot_id = ?2 ORDER BY seq_from LIMIT 1",
                            "ti", asker->registered.table, snapshot_id));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    asker->rollback_version = asker->contract->version;
    return rc == WEFT_END ? 0
                          : weft_sql_text(asker->arena, stmt, 0, &asker->rollback_version, error);
}

/* All that the old snapshot is made of is still there, whole: else going back would break the
 * table. */
static int target_check(struct weft_asker *asker, const struct weft_table *table,
                        const struct weft_snapshot *target, struct weft_error *error)
{
    const char *home = weft_ledger_home(asker->ledger);
    struct weft_data_files files, deletes;
    if (weft_table_files(asker->arena, home, table, target, &files, &deletes, error) == 0)
        return 0;
    return weft_error_prefix(error, "snapshot %" PRId64 " cannot be gone back to",
                             target->snapshot_id);
}

static int rollback_made(struct weft_asker *asker, int64_t snapshot_id,
                         struct weft_outcome_table *out, struct weft_error *error)
{
    const char *home = weft_ledger_home(asker->ledger);
    struct weft_table *table = NULL;
    if (asker->table.metadata == NULL)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "%s has no snapshot yet",
                              asker->registered.name);
    WEFT_TRY(weft_table_load(asker->arena, home, asker->table.metadata, &table, error));
    const struct weft_snapshot *before = weft_table_current(table);
    const struct weft_snapshot *target = NULL;
    int rc = weft_table_find(table, snapshot_id, &target, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || before == NULL) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "%s has no snapshot %" PRId64,
                       asker->registered.name, snapshot_id);
        return weft_error_hint(error, "`weft snapshots %s` lists them", asker->registered.name);
    }
    if (before->snapshot_id == target->snapshot_id)
        return weft_error_set(error, WEFT_E_EXISTS, "snapshot %" PRId64 " is the current one",
                              snapshot_id);
    WEFT_TRY(target_check(asker, table, target, error));
    struct weft_summary_item summary[] = {{"weft.run-id", asker->run_id},
                                          {"weft.because", asker->because}};
    struct weft_table_change change = {.folder = asker->registered.table_folder,
                                       .run_id = asker->run_id,
                                       .operation = WEFT_OP_ROLLBACK,
                                       .schema = weft_table_schema(table),
                                       .rollback_snapshot_id = snapshot_id,
                                       .timestamp_ms = asker->started_us / 1000,
                                       .summary = summary,
                                       .summary_count = WEFT_COUNT(summary),
                                       .metadata_files_kept = METADATA_FILES_KEPT};
    int64_t rows_before = weft_json_int_or(before->summary, "total-records", 0);
    WEFT_TRY(weft_table_make(asker->arena, home, table, &change, &out->made, error));
    out->operation = "rollback";
    out->removed = rows_before;
    out->added = out->made.total_records;
    return 0;
}

static int rollback_locked(struct weft_asker *asker, int64_t snapshot_id, int64_t *new_snapshot_id,
                           struct weft_error *error)
{
    struct weft_outcome_table table = {0};
    struct weft_outcome outcome = {.state = WEFT_RUN_PUBLISHED, .error = WEFT_ERROR_INIT};
    int64_t sequence = 0;
    weft_flow_log_open(asker);
    weft_flow_log_text(asker, "rollback", asker->because);
    WEFT_TRY(weft_flow_lease_take(asker, error));
    WEFT_TRY(version_of(asker, snapshot_id, error));
    WEFT_TRY(rollback_made(asker, snapshot_id, &table, error));
    outcome.table = &table;
    outcome.duration_us = WEFT_MAX(weft_clock_us() - asker->started_us, 0);
    if (weft_flow_commit(asker, &outcome, &sequence, error) < 0)
        WEFT_TRY(weft_flow_commit_failed(asker, &sequence, error));
    *new_snapshot_id = table.made.snapshot_id;
    return 0;
}

int weft_run_rollback(struct weft_ledger *ledger, struct weft_arena *arena,
                      const struct weft_registered *product, int64_t snapshot_id, const char *actor,
                      const char *because, int64_t *new_snapshot_id, struct weft_error *error)
{
    struct weft_run_options options = {.actor = actor, .no_wait = true};
    struct weft_asker asker = {.ledger = ledger,
                               .arena = arena,
                               .options = &options,
                               .mode = WEFT_JOB_LOAD,
                               .cause = "rollback",
                               .because = because,
                               .lock_fd = -1,
                               .guard_fd = -1,
                               .log_fd = -1};
    int rc = weft_flow_begin(&asker, product, error);
    if (rc == 0 && rollback_locked(&asker, snapshot_id, new_snapshot_id, error) < 0)
        rc = weft_flow_fail(&asker, error);
    weft_flow_close(&asker);
    return rc;
}

/* ---- drop ---- */

static int folder_forget(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                         int64_t ordinal, const char *folder, int64_t sequence,
                         struct weft_error *error)
{
    return weft_sql_exec(txn, error,
                         "INSERT INTO flow_outbox(run_id, ordinal, product, action, path, "
                         "sequence, attempts) VALUES(?1, ?2, ?3, 'drop', ?4, ?5, 0)",
                         "titti", asker->run_id, ordinal, asker->registered.table, folder,
                         sequence);
}

static int drop_append(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                       const char *because, struct weft_error *error)
{
    const struct weft_registered *r = &asker->registered;
    const char *actor = asker->options->actor;
    struct weft_json_writer writer;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    int64_t sequence = 0;
    weft_buf_init(&body, 4096);
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "product", r->table);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    if (asker->table.metadata != NULL)
        WEFT_TRY(weft_pointer_drop(txn, actor, WEFT_SPACE_LAKE, r->table, error));
    if (asker->quarantine.metadata != NULL)
        WEFT_TRY(weft_pointer_drop(txn, actor, WEFT_SPACE_QUARANTINE, r->table, error));
    WEFT_TRY(weft_ledger_append(txn, actor, WEFT_KIND_FORGOTTEN, body.data, &sequence, error));
    WEFT_TRY(weft_catalog_drop(txn, actor, r->full_name, r->major, because, error));
    WEFT_TRY(folder_forget(txn, asker, 1, r->table_folder, sequence, error));
    return folder_forget(txn, asker, 2, r->quarantine_folder, sequence, error);
}

static int drop_locked(struct weft_asker *asker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    /* The lease first: what a dead run left must be swept before its product is gone. */
    WEFT_TRY(weft_flow_lease_take(asker, error));
    WEFT_TRY(weft_ledger_begin_write(asker->ledger, &txn, error));
    WEFT_TRY(weft_flow_point("commit.begun", error));
    WEFT_TRY(weft_flow_lease_check(txn, asker, error));
    WEFT_TRY(drop_append(txn, asker, asker->because, error));
    WEFT_TRY(weft_flow_lease_release(txn, asker, error));
    WEFT_TRY(weft_flow_point("commit.appended", error));
    int rc = weft_ledger_commit(txn, error);
    txn = NULL;
    return rc;
}

int weft_run_drop(struct weft_ledger *ledger, struct weft_arena *arena,
                  const struct weft_registered *product, const char *actor, const char *because,
                  struct weft_error *error)
{
    struct weft_run_options options = {.actor = actor, .no_wait = true};
    struct weft_asker asker = {.ledger = ledger,
                               .arena = arena,
                               .options = &options,
                               .mode = WEFT_JOB_LOAD,
                               .cause = "drop",
                               .because = because,
                               .lock_fd = -1,
                               .guard_fd = -1,
                               .log_fd = -1};
    int rc = weft_flow_begin(&asker, product, error);
    if (rc == 0)
        rc = drop_locked(&asker, error);
    /* A failed drop leaves a lease of a living process: let it go, nothing was written. */
    if (rc < 0 && asker.leased)
        rc = weft_flow_fail(&asker, error);
    weft_flow_close(&asker);
    return rc < 0 ? rc : weft_outbox_flush(ledger, error);
}

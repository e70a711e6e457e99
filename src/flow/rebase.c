/*
 * rebase.c - see rebase.h. The old place is what the catalogue's description says; it is changed
 * last, so that a stop in between is only half of the work, not a wrong state.
 */
#include "flow/rebase.h"

#include "flow/run_internal.h"

#include <string.h>

struct rebase {
    struct weft_ledger *ledger;
    struct weft_arena *arena;
    const char *actor;
    const char *old_home;
    const char *mesh;
    int64_t count;
};

/* WEFT_NOT_THERE when no catalogue was ever described. */
static int described(struct rebase *rebase, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_ledger_begin_read(rebase->ledger, &txn, error));
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT mesh, root FROM lake_catalog WHERE seq_to IS NULL", ""));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END)
        return WEFT_NOT_THERE;
    WEFT_TRY(weft_sql_text(rebase->arena, stmt, 0, &rebase->mesh, error));
    return weft_sql_text(rebase->arena, stmt, 1, &rebase->old_home, error);
}

static int table_commit(struct rebase *rebase, struct weft_asker *asker, const char *space,
                        const struct weft_pointer *pointer, const char *metadata,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_table_made made = {.metadata_path = metadata, .previous_path = pointer->metadata};
    struct weft_pointer_commit commit = {.space = space,
                                         .table = asker->registered.table,
                                         .made = &made,
                                         .operation = "rebase",
                                         .contract_version = pointer->contract_version};
    WEFT_TRY(weft_ledger_begin_write(rebase->ledger, &txn, error));
    WEFT_TRY(weft_flow_lease_check(txn, asker, error));
    WEFT_TRY(weft_pointer_commit(txn, rebase->actor, &commit, error));
    int rc = weft_ledger_commit(txn, error);
    txn = NULL;
    return rc;
}

static int table_rebase(struct rebase *rebase, struct weft_asker *asker, const char *space,
                        const struct weft_pointer *pointer, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *metadata = NULL;
    if (pointer->metadata == NULL)
        return 0;
    WEFT_TRY(weft_table_rebase(weft_ledger_home(rebase->ledger), pointer->metadata,
                               rebase->old_home, &metadata, error));
    WEFT_TRY(table_commit(rebase, asker, space, pointer, metadata, error));
    rebase->count++;
    return 0;
}

static int lease_end(struct rebase *rebase, struct weft_asker *asker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_write(rebase->ledger, &txn, error));
    WEFT_TRY(weft_flow_lease_release(txn, asker, error));
    int rc = weft_ledger_commit(txn, error);
    txn = NULL;
    if (rc == 0)
        asker->leased = false;
    return rc;
}

static int product_rebase(struct rebase *rebase, const struct weft_registered *product,
                          struct weft_error *error)
{
    struct weft_run_options options = {.actor = rebase->actor, .no_wait = true};
    struct weft_asker asker = {.ledger = rebase->ledger,
                               .arena = rebase->arena,
                               .options = &options,
                               .mode = WEFT_JOB_LOAD,
                               .cause = "rebase",
                               .because = "the home was moved",
                               .lock_fd = -1,
                               .guard_fd = -1,
                               .log_fd = -1};
    int rc = weft_flow_begin(&asker, product, error);
    if (rc == 0)
        rc = weft_flow_lease_take(&asker, error);
    if (rc == 0)
        rc = table_rebase(rebase, &asker, WEFT_SPACE_LAKE, &asker.table, error);
    if (rc == 0)
        rc = table_rebase(rebase, &asker, WEFT_SPACE_QUARANTINE, &asker.quarantine, error);
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (asker.leased && lease_end(rebase, &asker, rc < 0 ? &ignored : error) < 0)
        rc = -1;
    weft_flow_close(&asker);
    return rc;
}

int weft_run_rebase(struct weft_ledger *ledger, struct weft_arena *arena, const char *actor,
                    int64_t *count, struct weft_error *error)
{
    struct rebase rebase = {.ledger = ledger, .arena = arena, .actor = actor};
    struct weft_registered_list list;
    int rc = described(&rebase, error);
    WEFT_TRY(rc);
    *count = 0;
    if (rc == WEFT_NOT_THERE || strcmp(rebase.old_home, weft_ledger_home(ledger)) == 0)
        return 0;
    struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    rc = weft_catalog_products(txn, arena, &list, error);
    weft_ledger_end(txn);
    WEFT_TRY(rc);
    for (size_t i = 0; i < list.count; i++)
        WEFT_TRY(product_rebase(&rebase, &list.items[i], error));
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    rc = weft_lake_describe(txn, actor, rebase.mesh, weft_ledger_home(ledger), error);
    if (rc < 0) {
        weft_ledger_end(txn);
        return rc;
    }
    *count = rebase.count;
    return weft_ledger_commit(txn, error);
}

/*
 * deferred.c - `defer:`: products that have no snapshot in this home are read from the home of
 * another environment. That home is opened for reading only: no slot is left there, but a lock on
 * the folder of its slots (lake/pointer.h), which its maintenance respects, and which needs no
 * right to write.
 */
#include "flow/run_internal.h"

#include <string.h>

void weft_flow_deferred_end(struct weft_flow_deferred *deferred)
{
    weft_ledger_end(deferred->txn);
    weft_ledger_close(deferred->ledger);
    *deferred = WEFT_FLOW_DEFERRED_NONE;
}

static int deferred_failed(const struct weft_run_deferred *to, struct weft_error *error)
{
    return weft_error_prefix(error, "the environment `%s`, which is deferred to", to->environment);
}

/* First the lock, then the state whose files it keeps. WEFT_NOT_THERE when there is no home. */
static int deferred_begin(struct weft_flow_deferred *deferred, struct weft_asker *asker,
                          struct weft_error *error)
{
    const struct weft_run_deferred *to = asker->options->deferred;
    WEFT_CLEANUP(weft_freep) char *format = weft_path_join(to->home, "format");
    if (format == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_exists(format))
        return WEFT_NOT_THERE;
    if (asker->guard_fd < 0 && weft_slot_guard(to->home, &asker->guard_fd, error) < 0)
        return deferred_failed(to, error);
    unsigned flags = WEFT_LEDGER_READ_ONLY | WEFT_LEDGER_FOREIGN;
    if (weft_ledger_open(to->home, flags, &deferred->ledger, error) < 0)
        return deferred_failed(to, error);
    return weft_ledger_begin_read(deferred->ledger, &deferred->txn, error);
}

int weft_flow_deferred_read(struct weft_flow_deferred *deferred, struct weft_asker *asker,
                            const struct weft_registered_read *read, struct weft_job_source *out,
                            struct weft_error *error)
{
    const struct weft_run_deferred *to = asker->options->deferred;
    struct weft_registered source;
    struct weft_pointer pointer;
    int rc;
    if (to == NULL)
        return WEFT_NOT_THERE;
    rc = deferred->txn != NULL ? 0 : deferred_begin(deferred, asker, error);
    if (rc != 0)
        return rc;
    rc = weft_catalog_product(deferred->txn, asker->arena, read->full_name, read->major, 0, &source,
                              error);
    if (rc != 0)
        return rc;
    rc = weft_pointer_get(deferred->txn, asker->arena, WEFT_SPACE_LAKE, source.table, 0, &pointer,
                          error);
    if (rc != 0 || pointer.snapshot_id == 0)
        return rc < 0 ? rc : WEFT_NOT_THERE;
    *out = (struct weft_job_source){
        .name = read->name,
        .is_port = read->is_port,
        .product = weft_arena_format(asker->arena, "%s@%d", read->full_name, read->major),
        .table = source.table,
        .home = weft_arena_strdup(asker->arena, weft_ledger_home(deferred->ledger)),
        .origin = weft_arena_strdup(asker->arena, weft_ledger_origin(deferred->ledger)),
        .environment = to->environment,
        .metadata = pointer.metadata,
        .snapshot_id = pointer.snapshot_id};
    if (out->product == NULL || out->home == NULL || out->origin == NULL)
        return weft_error_nomem(error);
    return 0;
}

/*
 * preview.c - what a run would give: a worker's answer that is looked at and thrown away. No lock,
 * no lease, no entry: the product may be run meanwhile, or not be registered at all.
 *
 * What it writes lies in a folder of its own in the home's tmp, whose name tells whether its
 * process still lives (leftovers.c).
 */
#include "flow/run_internal.h"

#include "base/clock.h"

#include <string.h>
#include <unistd.h>

static int preview_dir(struct weft_asker *asker, struct weft_error *error)
{
    asker->temp_dir =
        weft_arena_format(asker->arena, "%s/tmp/" WEFT_LEFTOVER_PREVIEW "%d-%" PRIu64 "-%s",
                          weft_ledger_home(asker->ledger), (int)getpid(),
                          weft_process_start_time(getpid()), asker->run_id);
    return asker->temp_dir == NULL ? weft_error_nomem(error) : 0;
}

static int preview_begin(struct weft_asker *asker, const struct weft_registered *product,
                         struct weft_error *error)
{
    asker->registered = *product;
    asker->contract = weft_registered_newest(product);
    if (asker->contract == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "a preview needs a contract");
    WEFT_TRY(weft_uuid(asker->run_id, error));
    WEFT_TRY(preview_dir(asker, error));
    asker->started_us = weft_clock_us();
    return weft_flow_state_read(asker, error);
}

static int preview_ask(struct weft_asker *asker, struct weft_outcome *outcome,
                       struct weft_error *error)
{
    WEFT_TRY(weft_flow_ask(asker, outcome, error));
    if (outcome->table == NULL && outcome->quarantine == NULL)
        return 0;
    return weft_error_set(error, WEFT_E_WORKER, "the worker published what was to be looked at");
}

int weft_run_preview(struct weft_ledger *ledger, struct weft_arena *arena,
                     const struct weft_registered *product, const struct weft_run_options *options,
                     weft_run_preview_fn *show, void *show_arg, struct weft_error *error)
{
    struct weft_outcome *outcome = weft_arena_alloc(arena, sizeof *outcome);
    struct weft_run_report report = {.outcome = outcome};
    struct weft_worker own = WEFT_WORKER_NONE;
    struct weft_asker asker = {.ledger = ledger,
                               .arena = arena,
                               .options = options,
                               .mode = WEFT_JOB_PREVIEW,
                               .cause = options->cause,
                               .lock_fd = -1,
                               .guard_fd = -1,
                               .log_fd = -1,
                               .worker = options->worker == NULL ? &own : options->worker,
                               .worker_is_own = options->worker == NULL};
    if (outcome == NULL)
        return weft_error_nomem(error);
    int rc = preview_begin(&asker, product, error);
    if (rc == 0)
        rc = preview_ask(&asker, outcome, error);
    memcpy(report.run_id, asker.run_id, sizeof report.run_id);
    if (rc == 0)
        rc = show(show_arg, &report, error);
    if (rc < 0)
        weft_process_end(&asker.worker->process);
    weft_flow_close(&asker);
    return rc;
}

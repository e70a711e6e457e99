/*
 * trial.c - what is tried and not published: the examples of a product, and its rules on the table
 * that is there. No lock, no lease, no entry.
 */
#include "flow/run_internal.h"

#include "base/clock.h"

#include <string.h>
#include <unistd.h>

/* ---- an example ---- */

int weft_run_example(struct weft_arena *arena, const struct weft_product *contract,
                     const char *example, int64_t time_us, const char *temp_dir,
                     const struct weft_run_options *options, struct weft_outcome *out,
                     struct weft_error *error)
{
    struct weft_asker asker = {.arena = arena,
                               .options = options,
                               .registered = {.name = contract->full_name},
                               .contract = contract,
                               .mode = WEFT_JOB_TEST,
                               .lock_fd = -1,
                               .guard_fd = -1,
                               .log_fd = -1,
                               .worker = options->worker};
    struct weft_job job = {.mode = WEFT_JOB_TEST,
                           .home = temp_dir,
                           .document = contract->document,
                           .folder = contract->folder,
                           .name = contract->full_name,
                           .table = contract->full_name,
                           .table_folder = "table",
                           .quarantine_folder = "quarantine",
                           .time_us = time_us,
                           .temp_dir = temp_dir,
                           .example = example};
    assert(options->worker != NULL);
    weft_flow_job_limits(&asker, &job);
    WEFT_TRY(weft_uuid(job.run_id, error));
    WEFT_TRY(weft_flow_worker_start(asker.worker, job.memory_bytes, error));
    int64_t limit_us = weft_settings_number(options->settings, WEFT_SETTING_TEST_TIMEOUT);
    asker.deadline_us = weft_clock_mono_us() + limit_us;
    int rc = weft_flow_worker_ask(&asker, &job, out, error);
    /* Who knows in what state that left it. */
    if (rc < 0)
        weft_process_end(&asker.worker->process);
    if (rc < 0 && error->code == WEFT_E_TIMEOUT)
        weft_error_hint(error, "the setting `test_timeout` is %" PRId64 " s", limit_us / 1000000);
    return rc;
}

/* ---- the rules on a table ---- */

#define CHECK_PORT "this_table"

static int check_dir(struct weft_asker *asker, struct weft_error *error)
{
    asker->temp_dir =
        weft_arena_format(asker->arena, "%s/tmp/" WEFT_LEFTOVER_PREVIEW "%d-%" PRIu64 "-%s",
                          weft_ledger_home(asker->ledger), (int)getpid(),
                          weft_process_start_time(getpid()), asker->run_id);
    return asker->temp_dir == NULL ? weft_error_nomem(error) : 0;
}

/* WEFT_NOT_THERE without a snapshot. */
static int check_has_rows(struct weft_asker *asker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_pointer pointer;
    WEFT_TRY(weft_ledger_begin_read(asker->ledger, &txn, error));
    int rc = weft_pointer_get(txn, asker->arena, WEFT_SPACE_LAKE, asker->registered.table, 0,
                              &pointer, error);
    return rc == 0 && pointer.snapshot_id == 0 ? WEFT_NOT_THERE : rc;
}

static int check_begin(struct weft_asker *asker, struct weft_error *error)
{
    const struct weft_registered *registered = &asker->registered;
    const struct weft_registered_reads own = registered->reads;
    struct weft_registered_read *reads =
        weft_arena_array(asker->arena, own.count + 1, sizeof *reads);
    size_t count = 1;
    if (reads == NULL)
        return weft_error_nomem(error);
    int rc = check_has_rows(asker, error);
    if (rc != 0)
        return rc;
    reads[0] = (struct weft_registered_read){.name = CHECK_PORT,
                                             .is_port = true,
                                             .full_name = registered->full_name,
                                             .major = registered->major};
    for (size_t i = 0; i < own.count; i++) {
        if (weft_read_is_lookup(own.items[i].name))
            reads[count++] = own.items[i];
    }
    asker->registered.reads = (struct weft_registered_reads){reads, count};
    WEFT_TRY(weft_uuid(asker->run_id, error));
    WEFT_TRY(check_dir(asker, error));
    asker->started_us = weft_clock_us();
    WEFT_TRY(weft_flow_state_read(asker, error));
    asker->table.metadata = NULL; /* it is what is read, and nothing is added to it */
    asker->quarantine.metadata = NULL;
    return 0;
}

int weft_run_check(struct weft_ledger *ledger, struct weft_arena *arena,
                   const struct weft_registered *product, const struct weft_run_options *options,
                   struct weft_outcome *out, struct weft_error *error)
{
    struct weft_worker own = WEFT_WORKER_NONE;
    struct weft_asker asker = {.ledger = ledger,
                               .arena = arena,
                               .options = options,
                               .registered = *product,
                               .contract = weft_registered_newest(product),
                               .mode = WEFT_JOB_CHECK,
                               .cause = "test",
                               .lock_fd = -1,
                               .guard_fd = -1,
                               .log_fd = -1,
                               .worker = options->worker == NULL ? &own : options->worker,
                               .worker_is_own = options->worker == NULL};
    if (asker.contract == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "a check needs a contract");
    int rc = check_begin(&asker, error);
    if (rc == 0)
        rc = weft_flow_ask(&asker, out, error);
    if (rc < 0)
        weft_process_end(&asker.worker->process);
    weft_flow_close(&asker);
    return rc;
}

/*
 * run.c - one run from the asker's side, in order: lock, worker started, lease, job, outcome,
 * check of the outcome, the one transaction, outbox.
 */
#include "flow/run_internal.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

#define MEMORY_PART_NUMERATOR 4 /* an instance may use a quarter more than its limit */
#define MEMORY_PART_DENOMINATOR 5
#define MEMORY_MIN ((int64_t)64 << 20)

/* ---- what the job says ---- */

static int pointer_read(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                        const char *space, struct weft_pointer *out, struct weft_error *error)
{
    int rc = weft_pointer_get(txn, asker->arena, space, asker->registered.table, 0, out, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        *out = (struct weft_pointer){0};
    return 0;
}

/* Before the state is looked at whose files it keeps. */
static int slot_take(struct weft_asker *asker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_ledger_head head;
    WEFT_TRY(weft_ledger_begin_read(asker->ledger, &txn, error));
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    return weft_slot_open(weft_ledger_home(asker->ledger), head.sequence, &asker->slot, error);
}

/* Pointers, head, and what other products give; a rollback and a drop do not read. WEFT_AGAIN: a
 * slot is wanted first. */
static int state_read(struct weft_ledger_txn *txn, struct weft_asker *asker,
                      struct weft_error *error)
{
    WEFT_TRY(pointer_read(txn, asker, WEFT_SPACE_LAKE, &asker->table, error));
    WEFT_TRY(pointer_read(txn, asker, WEFT_SPACE_QUARANTINE, &asker->quarantine, error));
    WEFT_TRY(weft_ledger_head(txn, &asker->head, error));
    if (asker->options->settings == NULL)
        return 0;
    if (asker->registered.reads.count > 0 && asker->slot == NULL)
        return WEFT_AGAIN;
    WEFT_TRY(weft_flow_last_key(txn, asker, error));
    return weft_flow_sources_read(txn, asker, error);
}

int weft_flow_state_read(struct weft_asker *asker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    if (asker->registered.reads.count > 0)
        WEFT_TRY(slot_take(asker, error));
    WEFT_TRY(weft_ledger_begin_read(asker->ledger, &txn, error));
    return state_read(txn, asker, error);
}

/* The product as it is now: it may have changed since the caller looked. WEFT_AGAIN: once more with
 * a slot, for it reads other products. */
static int product_read(struct weft_asker *asker, const struct weft_registered *asked,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(asker->ledger, &txn, error));
    int rc = weft_catalog_product(txn, asker->arena, asked->full_name, asked->major, 0,
                                  &asker->registered, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no product %s", asked->full_name);
    if (asker->registered.retired && asker->options->settings != NULL)
        return weft_error_set(error, WEFT_E_REFUSED, "%s is retired", asker->registered.name);
    asker->contract = weft_registered_newest(&asker->registered);
    if (asker->contract == NULL) { /* a folded table was changed past the ledger */
        weft_error_set(error, WEFT_E_CORRUPT, "the home holds no contract of %s",
                       asker->registered.name);
        return weft_error_hint(error, "see `weft doctor` and `weft ledger rebuild`");
    }
    return state_read(txn, asker, error);
}

static int64_t setting(const struct weft_asker *asker, enum weft_setting which)
{
    return weft_settings_number(asker->options->settings, which);
}

static int64_t memory_of(const struct weft_asker *asker)
{
    int64_t memory = asker->options->memory_bytes > 0 ? asker->options->memory_bytes
                                                      : setting(asker, WEFT_SETTING_MEMORY);
    return WEFT_MAX(memory / MEMORY_PART_DENOMINATOR * MEMORY_PART_NUMERATOR, MEMORY_MIN);
}

static int threads_of(const struct weft_asker *asker)
{
    int threads = asker->options->threads;
    return threads > 0 ? threads : (int)setting(asker, WEFT_SETTING_THREADS);
}

static int temp_dir(struct weft_asker *asker, struct weft_error *error)
{
    const char *base = asker->options->settings == NULL
                           ? ""
                           : weft_settings_text(asker->options->settings, WEFT_SETTING_TEMP_DIR);
    asker->temp_dir = base[0] == '\0'
                          ? weft_arena_format(asker->arena, "%s/tmp/%s",
                                              weft_ledger_home(asker->ledger), asker->run_id)
                          : weft_arena_format(asker->arena, "%s/weft-%s", base, asker->run_id);
    return asker->temp_dir == NULL ? weft_error_nomem(error) : 0;
}

/* As the command line takes it: "d.p__v1" is d.p@1 there. */
static int name_for_commands(struct weft_asker *asker, struct weft_error *error)
{
    const char *name = asker->registered.name;
    const char *version = strstr(name, "__v");
    asker->command_name =
        version == NULL
            ? name
            : weft_arena_format(asker->arena, "%.*s@%s", (int)(version - name), name, version + 3);
    return asker->command_name == NULL ? weft_error_nomem(error) : 0;
}

void weft_flow_job_limits(const struct weft_asker *asker, struct weft_job *job)
{
    job->memory_bytes = memory_of(asker);
    job->threads = threads_of(asker);
    job->temp_size_max = setting(asker, WEFT_SETTING_TEMP_SIZE_MAX);
    job->record_size_max = setting(asker, WEFT_SETTING_RECORD_SIZE_MAX);
    job->columns_max = setting(asker, WEFT_SETTING_COLUMNS_MAX);
    job->file_size_max = setting(asker, WEFT_SETTING_FILE_SIZE_MAX);
    job->http_timeout_ms = setting(asker, WEFT_SETTING_HTTP_TIMEOUT) / 1000;
    job->http_connect_timeout_ms = setting(asker, WEFT_SETTING_HTTP_CONNECT_TIMEOUT) / 1000;
    job->http_private = setting(asker, WEFT_SETTING_HTTP_PRIVATE) != 0;
    job->examples_max = setting(asker, WEFT_SETTING_EXAMPLES_MAX);
    job->metadata_files_kept = (int)setting(asker, WEFT_SETTING_METADATA_FILES_KEPT);
    job->s3_fallback_local = asker->options->s3_fallback_local;
}

static void job_fill(const struct weft_asker *asker, struct weft_job *job)
{
    const struct weft_registered *r = &asker->registered;
    *job = (struct weft_job){
        .mode = asker->mode,
        .home = weft_ledger_home(asker->ledger),
        .document = asker->contract->document,
        .folder = r->folder,
        .name = asker->command_name,
        .table = r->table,
        .table_folder = r->table_folder,
        .metadata = asker->table.metadata,
        .quarantine_folder = r->quarantine_folder,
        .quarantine_metadata = asker->quarantine.metadata,
        .time_us = asker->started_us,
        .head_sequence = asker->head.sequence,
        .head_hash = asker->head.hash,
        .files = asker->options->files,
        .file_count = asker->options->file_count,
        .replays = asker->replays,
        .replay_count = asker->replay_count,
        .sources = asker->sources,
        .source_count = asker->source_count,
        .lookups = asker->lookups,
        .lookup_count = asker->lookup_count,
        .members = asker->members,
        .member_count = asker->member_count,
        .last_key = asker->last_key,
        .temp_dir = asker->temp_dir,
    };
    weft_flow_job_limits(asker, job);
    memcpy(job->run_id, asker->run_id, sizeof job->run_id);
}

/* ---- ends ---- */

/* What the run wrote goes, unless it is part of the ledger by now. */
static int run_sweep(const struct weft_asker *asker, bool examples, struct weft_error *error)
{
    return weft_flow_sweep(weft_ledger_home(asker->ledger), asker->registered.table_folder,
                           asker->registered.quarantine_folder, asker->run_id, examples, error);
}

static int run_record_failed(struct weft_asker *asker, const struct weft_error *why,
                             struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_flow_ending ending = {.run_id = asker->run_id,
                                      .table = asker->registered.table,
                                      .version = asker->contract->version,
                                      .digest = asker->contract->digest,
                                      .cause = asker->cause,
                                      .started_us = asker->started_us,
                                      .why = why};
    int64_t sequence = 0;
    WEFT_TRY(weft_ledger_begin_write(asker->ledger, &txn, error));
    WEFT_TRY(weft_flow_lease_check(txn, asker, error));
    WEFT_TRY(weft_flow_append_failed(txn, asker->options->actor, &ending, &sequence, error));
    WEFT_TRY(weft_flow_lease_release(txn, asker, error));
    int rc = weft_ledger_commit(txn, error);
    txn = NULL;
    if (rc == 0)
        asker->leased = false;
    return rc;
}

/* A run without an outcome that counts: it leaves a record and nothing else. What cannot be done
 * here, the next run does, because the lease stays. */
int weft_flow_fail(struct weft_asker *asker, const struct weft_error *why)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    weft_flow_log_error(asker, why);
    if (asker->worker != NULL)
        weft_process_end(&asker->worker->process);
    if (asker->leased && run_sweep(asker, true, &ignored) == 0 &&
        run_record_failed(asker, why, &ignored) < 0)
        weft_flow_log_error(asker, &ignored);
    return -1;
}

void weft_flow_close(struct weft_asker *asker)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (asker->worker_is_own)
        weft_flow_worker_end(asker->worker);
    if (asker->temp_dir != NULL && weft_fs_remove_tree(asker->temp_dir, &ignored) < 0)
        weft_flow_log_error(asker, &ignored);
    weft_flow_log_close(asker);
    weft_slot_close(asker->slot);
    asker->slot = NULL;
    weft_fd_close(&asker->guard_fd);
    weft_fd_close(&asker->lock_fd);
}

/* A commit that failed may have become durable all the same (a sync that failed late). */
int weft_flow_commit_failed(struct weft_asker *asker, int64_t *sequence, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_error other = WEFT_ERROR_INIT;
    int rc = weft_ledger_begin_read(asker->ledger, &txn, &other);
    if (rc == 0)
        rc = weft_sql_int(txn, sequence, &other, "SELECT seq_from FROM flow_runs WHERE run_id = ?1",
                          "t", asker->run_id);
    if (rc == 0) {
        asker->leased = false;
        weft_error_clear(error);
        return 0;
    }
    if (rc < 0)
        asker->leased = false; /* not known: the lease stays for the next run to find out */
    return -1;
}

/* ---- the run ---- */

int weft_flow_begin(struct weft_asker *asker, const struct weft_registered *product,
                    struct weft_error *error)
{
    asker->registered = *product;
    WEFT_TRY(weft_uuid(asker->run_id, error));
    WEFT_TRY(temp_dir(asker, error));
    WEFT_TRY(weft_flow_lock(asker, error));
    asker->started_us = weft_clock_us();
    if (product->reads.count > 0)
        WEFT_TRY(slot_take(asker, error));
    int rc = product_read(asker, product, error);
    if (rc != WEFT_AGAIN)
        return rc;
    WEFT_TRY(slot_take(asker, error));
    return product_read(asker, product, error);
}

static int outcome_end(struct weft_asker *asker, struct weft_outcome *outcome, int64_t *sequence,
                       struct weft_error *error)
{
    weft_flow_log_outcome(asker, outcome);
    if (outcome->state == WEFT_RUN_NOTHING_NEW)
        return weft_flow_commit_nothing(asker, error);
    if (outcome->state == WEFT_RUN_PUBLISHED)
        WEFT_TRY(weft_flow_verify(asker, outcome, error));
    else
        WEFT_TRY(run_sweep(asker, false, error));
    if (weft_flow_commit(asker, outcome, sequence, error) == 0)
        return 0;
    return weft_flow_commit_failed(asker, sequence, error);
}

/* Just the rows of a file; whether they are open still, the commit sees. */
static int run_edits(struct weft_asker *asker, struct weft_error *error)
{
    const struct weft_edits *edits = asker->options->edits;
    asker->replays = edits->replays;
    asker->replay_count = edits->replay_count;
    if (asker->contract->write != WEFT_WRITE_REPLACE)
        return 0;
    weft_error_set(error, WEFT_E_REFUSED,
                   "each run makes %s anew from its inputs: values that are edited here would be "
                   "gone with the next one",
                   asker->registered.name);
    return weft_error_hint(error, "mend its input, and run it");
}

static int run_replays(struct weft_asker *asker, struct weft_error *error)
{
    if (asker->mode != WEFT_JOB_REPLAY)
        return 0;
    if (asker->options->edits != NULL)
        return run_edits(asker, error);
    int rc = weft_flow_quarantine_pick(asker->ledger, asker->arena, &asker->registered,
                                       &asker->options->choice, &asker->replays,
                                       &asker->replay_count, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "no row of %s was set aside by the rule %s",
                       asker->registered.name, asker->options->choice.rule);
        return weft_error_hint(error, "`weft quarantine %s` names the rules",
                               asker->registered.full_name);
    }
    /* A product that is replaced keeps no rows to add to: the whole input is run again. */
    if (asker->replay_count > 0 && asker->contract->write == WEFT_WRITE_REPLACE)
        asker->mode = WEFT_JOB_REBUILD;
    return 0;
}

/* All that the run would read are states of other products, and they are those of the last run. */
static int run_same_key(struct weft_asker *asker, bool *same, struct weft_error *error)
{
    const struct weft_product *contract = asker->contract;
    char key[WEFT_SHA256_HEX];
    *same = false;
    if (asker->mode != WEFT_JOB_RUN || asker->last_key == NULL || asker->options->file_count > 0)
        return 0;
    for (size_t i = 0; i < contract->input_count; i++) {
        if (contract->inputs[i].kind != WEFT_INPUT_PRODUCT)
            return 0;
    }
    WEFT_TRY(weft_job_run_key(contract, asker->sources, asker->source_count, asker->members,
                              asker->member_count, NULL, 0, key, error));
    *same = strcmp(key, asker->last_key) == 0;
    return 0;
}

static int warnings_join(struct weft_asker *asker, struct weft_outcome *outcome,
                         struct weft_error *error)
{
    if (asker->warning_count == 0)
        return 0;
    size_t own = asker->warning_count, count = own + outcome->warning_count;
    const char **all = weft_arena_array(asker->arena, count, sizeof *all);
    if (all == NULL)
        return weft_error_nomem(error);
    memcpy(all, asker->warnings, own * sizeof *all);
    for (size_t i = 0; i < outcome->warning_count; i++)
        all[own + i] = outcome->warnings[i];
    outcome->warnings = all;
    outcome->warning_count = count;
    return 0;
}

/* Files that are as they were read, by their names, sizes and times. What goes wrong here goes
 * wrong in the worker too, which tells it. A product without a table has all before it. */
static int run_same_files(struct weft_asker *asker, struct weft_outcome *outcome, bool *same,
                          struct weft_error *error)
{
    struct weft_job job;
    struct weft_error why = WEFT_ERROR_INIT;
    if (asker->mode != WEFT_JOB_RUN || asker->table.metadata == NULL)
        return 0;
    WEFT_TRY(name_for_commands(asker, error));
    job_fill(asker, &job);
    int rc = weft_job_look(asker->arena, &job, outcome, &why);
    *same = rc == WEFT_END;
    if (rc < 0 && why.code == WEFT_E_NOMEM)
        return weft_error_nomem(error);
    return 0;
}

/* Without a worker, and without a lease, but that a dead run's must be taken over. */
static int run_nothing(struct weft_asker *asker, struct weft_outcome *outcome,
                       struct weft_error *error)
{
    bool idle = false;
    WEFT_TRY(warnings_join(asker, outcome, error));
    WEFT_TRY(weft_flow_lease_idle(asker, &idle, error));
    if (!idle)
        WEFT_TRY(weft_flow_lease_take(asker, error));
    weft_flow_log_outcome(asker, outcome);
    return weft_flow_commit_nothing(asker, error);
}

/* The worker reads them from a file of the run's own folder: they may be many. */
static int edits_give(struct weft_asker *asker, struct weft_job *job, struct weft_error *error)
{
    const struct weft_edits *edits = asker->options->edits;
    if (edits == NULL || edits->changed == 0)
        return 0;
    job->edits = weft_arena_format(asker->arena, "%s/edits.ndjson", asker->temp_dir);
    return job->edits == NULL ? weft_error_nomem(error)
                              : weft_edits_write(edits, job->edits, error);
}

int weft_flow_ask(struct weft_asker *asker, struct weft_outcome *outcome, struct weft_error *error)
{
    struct weft_job job;
    WEFT_TRY(weft_flow_worker_start(asker->worker, memory_of(asker), error));
    WEFT_TRY(weft_fs_mkdirs(asker->temp_dir, error));
    WEFT_TRY(name_for_commands(asker, error));
    job_fill(asker, &job);
    WEFT_TRY(weft_flow_connect(asker, &job, error));
    if (asker->mode != WEFT_JOB_REPLAY)
        job.replay_count = 0;
    WEFT_TRY(edits_give(asker, &job, error));
    WEFT_TRY(weft_flow_audit_begin(asker, error));
    int rc = weft_flow_worker_ask(asker, &job, outcome, error);
    struct weft_error own = WEFT_ERROR_INIT; /* that of the worker counts */
    if (weft_flow_audit_end(asker, rc < 0 ? NULL : outcome, rc < 0 ? &own : error) < 0 || rc < 0)
        return -1;
    /* Who knows in what state that left it. */
    if (outcome->state == WEFT_RUN_FAILED && !asker->worker_is_own)
        weft_flow_worker_end(asker->worker);
    return warnings_join(asker, outcome, error);
}

static int run_work(struct weft_asker *asker, struct weft_outcome *outcome, int64_t *sequence,
                    struct weft_error *error)
{
    bool nothing = asker->mode == WEFT_JOB_REPLAY && asker->replay_count == 0;
    struct weft_outcome none = {.state = WEFT_RUN_NOTHING_NEW, .error = WEFT_ERROR_INIT};
    *outcome = none;
    if (!nothing)
        WEFT_TRY(run_same_key(asker, &nothing, error));
    if (!nothing)
        WEFT_TRY(run_same_files(asker, outcome, &nothing, error));
    if (nothing)
        return run_nothing(asker, outcome, error);
    WEFT_TRY(weft_flow_worker_start(asker->worker, memory_of(asker), error));
    WEFT_TRY(weft_flow_lease_take(asker, error));
    WEFT_TRY(weft_flow_ask(asker, outcome, error));
    return outcome_end(asker, outcome, sequence, error);
}

static int run_locked(struct weft_asker *asker, struct weft_run_report *report,
                      struct weft_error *error)
{
    struct weft_outcome *outcome = weft_arena_alloc(asker->arena, sizeof *outcome);
    struct weft_run_report told = {.outcome = outcome};
    if (outcome == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(run_replays(asker, error)); /* a misspelt rule is no run */
    weft_flow_log_open(asker);
    weft_flow_log_text(asker, "started", asker->registered.name);
    if (run_work(asker, outcome, &told.sequence, error) < 0)
        return weft_flow_fail(asker, error);
    memcpy(told.run_id, asker->run_id, sizeof told.run_id);
    told.enforced = asker->enforced;
    /* It is published: what the outbox cannot do now, a later command does. */
    struct weft_error problem = WEFT_ERROR_INIT;
    if (weft_flow_outbox_do(asker->ledger, asker->arena, asker->run_id, &told.moved,
                            &told.moved_count, &problem) < 0)
        weft_flow_log_error(asker, &problem);
    *report = told;
    return 0;
}

int weft_run(struct weft_ledger *ledger, struct weft_arena *arena,
             const struct weft_registered *product, const struct weft_run_options *options,
             struct weft_run_report *report, struct weft_error *error)
{
    struct weft_worker own = WEFT_WORKER_NONE;
    struct weft_asker asker = {.ledger = ledger,
                               .arena = arena,
                               .options = options,
                               .mode = options->mode,
                               .cause = options->cause,
                               .lock_fd = -1,
                               .guard_fd = -1,
                               .log_fd = -1,
                               .worker = options->worker == NULL ? &own : options->worker,
                               .worker_is_own = options->worker == NULL || options->worker_last};
    int rc = weft_flow_begin(&asker, product, error);
    if (rc == 0)
        rc = run_locked(&asker, report, error);
    weft_flow_close(&asker);
    return rc;
}

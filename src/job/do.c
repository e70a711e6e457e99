/*
 * do.c - one job from beginning to end: the order of the steps, and what becomes of failures.
 *
 * A step that fails ends the run: what it wrote is swept, and the outcome says why. A job has an
 * outcome in every case but the last one: that not even memory for it is there.
 */
#include "job/parquet_internal.h"
#include "job/replay_internal.h"

#include "base/clock.h"
#include "base/process.h"

#include <string.h>
#include <unistd.h>

/* ---- what the product asks for ---- */

/* By the names of the files, csv where one does not tell. */
static int format_by_hand(struct job_work *work, enum weft_file_format *out,
                          struct weft_error *error)
{
    for (size_t i = 0; i < work->job->file_count; i++) {
        const char *path = work->job->files[i].shown;
        enum weft_file_format format = WEFT_FORMAT_CSV;
        if (path != NULL)
            (void)weft_format_of_file(path, &format);
        if (i > 0 && format != *out)
            return weft_error_set(
                error, WEFT_E_REFUSED, "%s is %s, %s is %s: load them one after the other",
                work->job->files[0].shown, weft_format_name(*out), path, weft_format_name(format));
        *out = format;
    }
    return 0;
}

/* A product that is loaded by hand has no port of its own. */
static int input_by_hand(struct job_work *work, struct weft_error *error)
{
    struct weft_input *input = weft_arena_alloc(work->arena, sizeof *input);
    if (input == NULL)
        return weft_error_nomem(error);
    enum weft_file_format format = WEFT_FORMAT_CSV;
    WEFT_TRY(format_by_hand(work, &format, error));
    bool tabs = format == WEFT_FORMAT_TSV;
    *input = (struct weft_input){.name = "load",
                                 .kind = WEFT_INPUT_FILES,
                                 .format = format,
                                 .csv = {.delimiter = tabs ? '\t' : ',',
                                         .quote = '"',
                                         .escape = '"',
                                         .header = true,
                                         .encoding = "utf-8",
                                         .decimal_separator = '.'},
                                 .read = WEFT_READ_NEW};
    work->input = input;
    return 0;
}

/* A file that was read is moved there: not among the home's own. */
static int target_check(const struct job_work *work, const char *key, const char *folder,
                        struct weft_error *error)
{
    if (folder == NULL)
        return 0;
    WEFT_CLEANUP(weft_freep) char *full = weft_path_join(work->job->folder, folder);
    if (full == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_inside(full, work->job->home))
        return 0;
    return weft_error_set(error, WEFT_E_REFUSED, "`%s: %s` leads into the home", key, folder);
}

int job_input_check(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(target_check(work, "done", work->input->done, error));
    return target_check(work, "error", work->input->error, error);
}

static int work_begin(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    WEFT_TRY(
        weft_product_from_document(work->arena, job->document, job->folder, &work->product, error));
    WEFT_TRY(weft_job_check(work->product, error));
    WEFT_TRY(job_example_begin(work, error));
    const struct weft_product *product = work->product;
    work->append = product->write != WEFT_WRITE_REPLACE && job->mode != WEFT_JOB_REBUILD;
    if (weft_transform_is(product))
        return 0;
    if (product->input_count == 1)
        work->input = &product->inputs[0];
    else if (job->mode == WEFT_JOB_LOAD || job->mode == WEFT_JOB_REPLAY)
        WEFT_TRY(input_by_hand(work, error));
    else
        return weft_error_set(error, WEFT_E_REFUSED,
                              "it has no input: `weft load` brings its rows");
    return job_input_check(work, error);
}

/* ---- figures ---- */

static void files_figures(struct job_work *work)
{
    size_t row = 0;
    for (size_t i = 0; i < work->file_count; i++) {
        struct job_file *file = &work->files[i];
        if (!file->read)
            continue;
        for (; row < work->rules.row_count &&
               work->rules.ids[row] < file->base + WEFT_MAX(file->text_length, 1);
             row++)
            file->rejected++;
        file->out.quarantined = file->rejected;
        file->out.accepted = file->out.records - file->rejected;
    }
}

/* What ports and sources handed to the SQL. */
static void balance_inputs(const struct job_work *work, struct weft_balance *balance)
{
    bool replay = work->job->mode == WEFT_JOB_REPLAY; /* counts what comes out of quarantine */
    for (size_t i = 0; i < work->port_count; i++) {
        if (replay && (work->made->chosen == NULL || !work->made->chosen[i]))
            continue;
        balance->read += work->ports[i].out->balance.read;
        balance->accepted += work->ports[i].out->balance.accepted;
        balance->input_quarantined += work->ports[i].out->balance.input_quarantined;
    }
    for (size_t i = 0; !replay && i < work->source_count; i++) {
        balance->read += work->sources[i].records;
        balance->accepted += work->sources[i].records;
    }
}

int job_figures_tell(struct job_work *work, struct weft_error *error)
{
    struct weft_balance balance = {0};
    WEFT_TRY(job_rules_sort(&work->rules, error));
    int64_t aside = (int64_t)work->rules.row_count;
    if (work->made != NULL) {
        balance_inputs(work, &balance);
        balance.made = job_rows_count(work);
        balance.output_quarantined = aside;
    } else {
        files_figures(work);
        balance.read = job_rows_count(work);
        balance.input_quarantined = aside;
        balance.accepted = balance.read - aside;
        balance.made = balance.accepted;
    }
    balance.superseded = work->rules.superseded;
    balance.published = work->data.records;
    work->out->balance = balance;
    return 0;
}

static int balance_check(struct job_work *work, struct weft_error *error)
{
    const struct weft_balance *b = &work->out->balance;
    if (b->read == b->accepted + b->input_quarantined &&
        b->made == b->published + b->output_quarantined + b->superseded)
        return 0;
    return weft_error_set(error, WEFT_E_INTERNAL, "the run's balances do not hold");
}

/* ---- the steps ---- */

static int work_read(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(job_point("run.read", error));
    WEFT_TRY(job_engine_start(work, error));
    WEFT_TRY(job_columns_and_rules(work, error));
    WEFT_TRY(job_rows_restart(work, true, error));
    return job_pass_run(work, error);
}

int job_judge(struct job_work *work, struct weft_error *error)
{
    job_tell(work, "key check", NULL, job_rows_count(work), 0, 0);
    if (!job_rows_stopped(work) && !work->rules.blocked)
        WEFT_TRY(job_keys_check(work, error));
    WEFT_TRY(job_row_checks_tell(work, error));
    WEFT_TRY(job_table_rules(work, error));
    return job_figures_tell(work, error);
}

int job_sweep(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    WEFT_TRY(weft_table_sweep(job->home, job->table_folder, job->run_id, error));
    return weft_table_sweep(job->home, job->quarantine_folder, job->run_id, error);
}

int job_end(struct job_work *work, struct weft_error *error)
{
    if (work->made != NULL && work->job->mode == WEFT_JOB_TEST &&
        job_rows_count(work) > JOB_EXAMPLE_ROWS_MAX) /* made_columns cut the rest off */
        return weft_error_set(error, WEFT_E_LIMIT, "a test compares at most %d rows",
                              JOB_EXAMPLE_ROWS_MAX);
    if (work->out->state == WEFT_RUN_BLOCKED) {
        WEFT_TRY(job_sweep(work, error));
        work->out->balance.published = 0;
        return job_is_trial(work) ? 0 : job_blocked_write(work, error);
    }
    WEFT_TRY(balance_check(work, error));
    work->out->state = WEFT_RUN_PUBLISHED;
    if (work->job->mode == WEFT_JOB_TEST)
        return job_example_tell(work, error);
    if (job_is_trial(work)) {
        work->out->preview = work->data.records > 0 ? work->data_path : NULL;
        return 0;
    }
    WEFT_TRY(job_quarantine_write(work, error));
    return job_publish(work, error);
}

/* The rows are there: the pass and what follows. What still fails stays where it is; only what the
 * SQL makes of rows of its ports may be new in quarantine. quarantine_max, which speaks of what a
 * run reads, does not apply. */
static int replay_judge(struct job_work *work, struct job_replay *replay, struct weft_error *error)
{
    WEFT_TRY(job_rows_restart(work, true, error));
    WEFT_TRY(job_pass_run(work, error));
    WEFT_TRY(job_keys_check(work, error));
    WEFT_TRY(job_row_checks_tell(work, error));
    WEFT_TRY(job_figures_tell(work, error));
    WEFT_TRY(work->made != NULL      ? job_replay_made_tell(work, error)
             : work->parquet != NULL ? job_parquet_replay_tell(work, error)
                                     : job_replay_tell(replay, error));
    if (work->data.records == 0 && job_replay_ports_passed(work) == 0) {
        int64_t count =
            work->out->balance.input_quarantined + work->out->balance.output_quarantined;
        const char *text =
            count == 1
                ? "the row does not pass now"
                : weft_arena_format(work->arena, "none of %" PRId64 " rows passes now", count);
        if (text == NULL)
            return weft_error_nomem(error);
        work->out->replayed_count = 0;
        WEFT_TRY(job_warn(work, text, error));
        return job_nothing_new(work);
    }
    WEFT_TRY(job_table_rules(work, error));
    if (work->out->state == WEFT_RUN_BLOCKED) {
        work->out->replayed_count = 0;
        work->out->balance.published = 0;
        return job_sweep(work, error);
    }
    WEFT_TRY(balance_check(work, error));
    if (work->made != NULL)
        WEFT_TRY(job_quarantine_write(work, error));
    WEFT_TRY(job_publish(work, error));
    work->out->state = WEFT_RUN_PUBLISHED;
    return 0;
}

static int replay_rows(struct job_work *work, struct job_replay **replay, struct weft_error *error)
{
    WEFT_TRY(job_engine_start(work, error));
    int rc = work->made != NULL      ? job_replay_made(work, error)
             : work->parquet != NULL ? job_parquet_replay(work, error)
                                     : job_replay_spool(work, replay, error);
    if (rc < 0)
        return rc;
    if (rc == WEFT_END)
        return job_nothing_new(work);
    WEFT_TRY(work->made != NULL ? job_rules_of(work, error) : job_columns_and_rules(work, error));
    return replay_judge(work, *replay, error);
}

static int work_replay(struct job_work *work, struct weft_error *error)
{
    struct job_replay *replay = NULL;
    if (!work->append)
        return weft_error_set(error, WEFT_E_REFUSED,
                              "%s is replaced by each run: its input is read again instead",
                              work->job->table);
    if (weft_transform_is(work->product)) {
        WEFT_TRY(job_made_new(work, error));
        WEFT_TRY(job_ports_find(work, error));
        if (work->port_count > 0)
            WEFT_TRY(job_sources_open(work, error));
    }
    WEFT_TRY(job_table_open(work, error));
    int rc = replay_rows(work, &replay, error);
    job_replay_free(replay);
    job_replay_ports_free(work);
    work->file_count = 0; /* spooled ones are nobody's inputs */
    return rc;
}

static int outcome_files(struct job_work *work, struct weft_error *error)
{
    struct weft_outcome *out = work->out;
    struct weft_outcome_file *files =
        weft_arena_array(work->arena, work->file_count + 1, sizeof *files);
    if (files == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < work->file_count; i++)
        files[i] = work->files[i].out;
    out->files = files;
    out->file_count = work->file_count;
    return 0;
}

static int work_key(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(outcome_files(work, error));
    return weft_job_run_key(work->product, NULL, 0, NULL, 0, work->out->files,
                            work->out->file_count, work->out->run_key, error);
}

static int work_run(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(work_begin(work, error));
    if (work->job->mode == WEFT_JOB_REPLAY)
        return work_replay(work, error);
    if (weft_transform_is(work->product))
        return job_stages_run(work, error);
    int rc = job_inputs_find(work, error);
    if (rc < 0)
        return rc;
    if (rc == WEFT_END)
        return job_nothing_new(work);
    WEFT_TRY(job_table_open(work, error));
    bool whole = work->input->read == WEFT_READ_ALL;
    if (whole && job_inputs_same(work, error) == WEFT_END)
        return job_nothing_new(work);
    WEFT_TRY(work_read(work, error));
    if (whole && !job_rows_stopped(work) && job_inputs_same(work, error) == WEFT_END) {
        WEFT_TRY(job_sweep(work, error));
        return job_nothing_new(work);
    }
    WEFT_TRY(job_judge(work, error));
    WEFT_TRY(work_key(work, error));
    return job_end(work, error);
}

/* What it takes to know that nothing is new, but no file is opened. */
static int work_look(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(work_begin(work, error));
    for (size_t i = 0; i < work->product->input_count; i++) {
        if (work->product->inputs[i].url)
            return 0;
    }
    if (weft_transform_is(work->product))
        return job_stages_begin(work, error);
    int rc = job_inputs_find(work, error);
    if (rc < 0)
        return rc;
    if (rc == WEFT_END)
        return job_nothing_new(work);
    if (work->input->read != WEFT_READ_ALL)
        return 0;
    WEFT_TRY(job_table_open(work, error));
    return job_inputs_same(work, error) == WEFT_END ? job_nothing_new(work) : 0;
}

static int outcome_fill(struct job_work *work, struct weft_error *error)
{
    struct weft_outcome *out = work->out;
    if (work->made == NULL)
        WEFT_TRY(outcome_files(work, error));
    out->checks = work->checks;
    out->check_count = work->check_count;
    out->warnings = work->warnings;
    out->warning_count = work->warning_count;
    out->duration_us = weft_clock_mono_us() - work->started_us;
    out->memory_bytes = weft_process_peak_bytes();
    return 0;
}

int weft_job_look(struct weft_arena *arena, const struct weft_job *job, struct weft_outcome *out,
                  struct weft_error *error)
{
    struct job_work work = {
        .arena = arena, .job = job, .started_us = weft_clock_mono_us(), .looks = true, .out = out};
    *out = (struct weft_outcome){.error = WEFT_ERROR_INIT};
    if (job->mode != WEFT_JOB_RUN || job->file_count > 0)
        return 0;
    int rc = work_look(&work, error);
    if (rc == WEFT_END && outcome_fill(&work, error) < 0)
        rc = -1;
    job_stages_release(&work);
    return rc;
}

int weft_job_tell(struct weft_arena *arena, const struct weft_job *job, weft_progress_fn *progress,
                  weft_job_told_fn *told, void *arg, struct weft_error *error)
{
    struct weft_outcome outcome = {.error = WEFT_ERROR_INIT};
    struct job_work work = {.arena = arena,
                            .job = job,
                            .progress = progress,
                            .progress_arg = arg,
                            .started_us = weft_clock_mono_us(),
                            .out = &outcome};
    struct weft_error why = WEFT_ERROR_INIT;
    int rc = work_run(&work, &why);
    if (rc < 0) {
        struct weft_error ignored = WEFT_ERROR_INIT;
        (void)!job_bad_file_hint(&work, &why);
        outcome.state = why.code == WEFT_E_BLOCKED ? WEFT_RUN_BLOCKED : WEFT_RUN_FAILED;
        outcome.error = why;
        outcome.table = NULL;
        outcome.quarantine = NULL;
        (void)!job_sweep(&work, &ignored);
    }
    rc = outcome_fill(&work, error);
    if (rc == 0)
        rc = told(arg, &outcome, error);
    weft_engine_close(work.engine);
    job_rules_release(&work.rules);
    job_scan_free(work.scan);
    job_parquet_free(work.parquet);
    job_stages_release(&work);
    job_example_free(work.example);
    return rc;
}

struct listener {
    weft_progress_fn *progress;
    void *progress_arg;
    struct weft_outcome *out;
};

static void listener_progress(void *arg, const struct weft_progress *progress)
{
    struct listener *listener = arg;
    if (listener->progress != NULL)
        listener->progress(listener->progress_arg, progress);
}

static int listener_told(void *arg, const struct weft_outcome *outcome, struct weft_error *error)
{
    struct listener *listener = arg;
    (void)error;
    *listener->out = *outcome;
    return 0;
}

int weft_job_do(struct weft_arena *arena, const struct weft_job *job, weft_progress_fn *progress,
                void *progress_arg, struct weft_outcome *out, struct weft_error *error)
{
    struct listener listener = {progress, progress_arg, out};
    return weft_job_tell(arena, job, listener_progress, listener_told, &listener, error);
}

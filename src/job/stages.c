/*
 * stages.c - a run of a product with sql or a graph: its file ports, then the output
 * (work_internal.h), and when there is nothing new in them.
 */
#include "job/parquet_internal.h"

#include <string.h>

int job_stages_register(struct job_work *work, struct weft_error *error)
{
    for (size_t i = 0; i < work->port_count; i++) {
        struct job_work *port = &work->ports[i];
        port->engine = work->engine;
        WEFT_TRY(job_rules_register(&port->rules, work->engine, port->number, error));
        WEFT_TRY(job_reader_register(port, error));
    }
    WEFT_TRY(job_made_register(work, error));
    return work->product->graph != NULL ? job_graph_register(work, error) : 0;
}

void job_stages_release(struct job_work *work)
{
    for (size_t i = 0; i < work->port_count; i++) {
        job_rules_release(&work->ports[i].rules);
        job_scan_free(work->ports[i].scan);
        job_parquet_free(work->ports[i].parquet);
    }
    job_made_free(work->made);
}

/* ---- nothing new ---- */

/* Has the product inputs that are read only as far as they are new, and is none of them? */
static bool nothing_added(const struct job_work *work)
{
    bool any = false;
    for (size_t i = 0; i < work->port_count; i++) {
        const struct job_work *port = &work->ports[i];
        if (port->input->read == WEFT_READ_NEW && port->read_count > 0)
            return false;
        any = any || port->input->read == WEFT_READ_NEW;
    }
    for (size_t i = 0; i < work->source_count; i++) {
        const struct job_source *source = &work->sources[i];
        /* The first run looks at all there is, even where that is nothing. */
        if (source->asked->only_new && (source->records > 0 || source->asked->since == 0))
            return false;
        any = any || source->asked->only_new;
    }
    return any && work->table != NULL && weft_table_current(work->table) != NULL;
}

/* The outcome's files, of all ports. */
static int files_tell(struct job_work *work, struct weft_error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < work->port_count; i++)
        count += work->ports[i].file_count;
    struct weft_outcome_file *files = weft_arena_array(work->arena, count + 1, sizeof *files);
    if (files == NULL)
        return weft_error_nomem(error);
    size_t at = 0;
    for (size_t i = 0; i < work->port_count; i++) {
        for (size_t k = 0; k < work->ports[i].file_count; k++)
            files[at++] = work->ports[i].files[k].out;
    }
    work->out->files = files;
    work->out->file_count = count;
    return 0;
}

/* Before the pass the hash of a file that did not change is known without reading it. A key of
 * which a hash is missing is none. */
static int run_key(struct job_work *work, bool *known, struct weft_error *error)
{
    WEFT_TRY(files_tell(work, error));
    struct weft_outcome_file *files =
        weft_arena_array(work->arena, work->out->file_count + 1, sizeof *files);
    if (files == NULL)
        return weft_error_nomem(error);
    size_t at = 0;
    *known = true;
    for (size_t i = 0; i < work->port_count; i++) {
        struct job_work *port = &work->ports[i];
        for (size_t k = 0; k < port->file_count; k++) {
            files[at] = port->files[k].out;
            if (files[at].hash[0] == '\0' && !job_input_hash_known(port, k, files[at].hash))
                *known = false;
            at++;
        }
    }
    if (!*known)
        return 0;
    return weft_job_run_key(work->product, work->job->sources, work->job->source_count,
                            work->job->members, work->job->member_count, files, at,
                            work->out->run_key, error);
}

static bool key_is_last(const struct job_work *work)
{
    const struct weft_job *job = work->job;
    return job->mode == WEFT_JOB_RUN && job->file_count == 0 && job->last_key != NULL &&
           strcmp(job->last_key, work->out->run_key) == 0;
}

/* ---- the run ---- */

/* A table that is made anew each time, and of which rows were set aside before, will have such rows
 * again: then the first pass would be for nothing. */
static bool rows_expected_aside(const struct job_work *work)
{
    return work->job->quarantine_metadata != NULL && work->product->write == WEFT_WRITE_REPLACE;
}

static int output_pass(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(job_made_columns(work, error));
    WEFT_TRY(job_rules_of(work, error));
    job_tell(work, "computing", NULL, 0, 0, 0);
    if (rows_expected_aside(work))
        return job_pass_settled(work, error);
    WEFT_TRY(job_pass_run(work, error));
    return work->rules.row_count == 0 ? 0 : job_pass_settled(work, error);
}

static int stages_read(struct job_work *work, struct weft_error *error)
{
    bool known = false;
    WEFT_TRY(job_point("run.read", error));
    WEFT_TRY(job_engine_start(work, error));
    WEFT_TRY(job_ports_read(work, error));
    WEFT_TRY(run_key(work, &known, error));
    if (key_is_last(work)) {
        WEFT_TRY(job_sweep(work, error));
        return job_nothing_new(work);
    }
    return output_pass(work, error);
}

int job_stages_begin(struct job_work *work, struct weft_error *error)
{
    bool known = false;
    if (work->job->mode == WEFT_JOB_LOAD)
        return weft_error_set(error, WEFT_E_REFUSED,
                              "%s makes its rows by its own SQL: nothing is "
                              "loaded into it",
                              work->job->table);
    WEFT_TRY(job_made_new(work, error));
    WEFT_TRY(job_ports_find(work, error));
    WEFT_TRY(files_tell(work, error));
    WEFT_TRY(job_table_open(work, error));
    WEFT_TRY(job_sources_open(work, error));
    WEFT_TRY(job_sources_tell(work, error));
    bool run = work->job->mode == WEFT_JOB_RUN || job_is_trial(work);
    if (run && nothing_added(work))
        return job_nothing_new(work);
    WEFT_TRY(run_key(work, &known, error));
    return known && key_is_last(work) ? job_nothing_new(work) : 0;
}

int job_stages_run(struct job_work *work, struct weft_error *error)
{
    int rc = job_stages_begin(work, error);
    if (rc == 0)
        rc = stages_read(work, error);
    if (rc == 0)
        rc = job_judge(work, error);
    if (rc == 0)
        rc = job_end(work, error);
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (work->made != NULL && work->ports != NULL && files_tell(work, &ignored) < 0 && rc == 0)
        return weft_error_nomem(error);
    return rc;
}

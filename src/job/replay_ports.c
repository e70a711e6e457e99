/*
 * replay_ports.c - rows that were set aside at file ports of a product with sql, once more: through
 * the port's present rules, and those that pass through the SQL.
 *
 * It is a run over new rows, which these are: of the other inputs the SQL sees products as they are
 * now and files that are read whole, and of what is read only as far as it is new, nothing else.
 * Rows that cannot come back like that stay where they are, and it is said why.
 */
#include "job/parquet_internal.h"
#include "job/replay_internal.h"

#include <string.h>

#define SQL_MAX ((size_t)1 << 28)

void job_replay_ports_free(struct job_work *work)
{
    for (size_t i = 0; work->made != NULL && work->made->replays != NULL && i < work->port_count;
         i++)
        job_replay_free(work->made->replays[i]);
    if (work->made != NULL)
        work->made->replays = NULL;
}

/* ---- which can come back ---- */

/* Why rows of a port stay; NULL = they can be replayed. */
static const char *why_stay(const struct job_work *work, const struct job_work *port)
{
    if (port == NULL)
        return "the contract has no such input any more";
    if (work->product->graph != NULL)
        return "a graph is made of all its edges at once";
    if (port->input->read == WEFT_READ_ALL)
        return "the input is read whole by each run, which judges its rows anew";
    if (port->input->schema.count == 0)
        return "the input has no `schema:`, and the types of its columns are found in whole files";
    return NULL;
}

static int stay_tell(struct job_work *work, const char *port, int64_t count, const char *why,
                     struct weft_error *error)
{
    const struct weft_job *job = work->job;
    const char *text = weft_arena_format(
        work->arena,
        "%" PRId64
        " row%s of input%s%s stay%s in quarantine: %s; `weft run %s --rebuild` reads its "
        "files again",
        count, count == 1 ? "" : "s", WEFT_INPUT_ARGS(port), count == 1 ? "s" : "", why,
        job->name != NULL ? job->name : job->table);
    return text == NULL ? weft_error_nomem(error) : job_warn(work, text, error);
}

static size_t port_find(const struct job_work *work, const char *name)
{
    size_t i = 0;
    while (i < work->port_count && strcmp(work->ports[i].input->name, name) != 0)
        i++;
    return i;
}

/* Marks the ports whose rows are read; the statement is done before they are. */
static int ports_choose(struct job_work *work, bool *chosen, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc;
    weft_buf_init(&sql, SQL_MAX);
    weft_buf_adds(&sql, "SELECT port, count(*) FROM ");
    WEFT_TRY(job_replay_rows_print(work, &sql, error));
    weft_buf_adds(&sql, " WHERE port IS NOT NULL AND ");
    job_replay_asked_print(work->job, &sql);
    weft_buf_adds(&sql, " GROUP BY port ORDER BY port");
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    while ((rc = weft_result_row(result, error)) == 0) {
        int64_t count = weft_result_int(result, 1);
        const char *name = weft_result_text(result, 0);
        size_t at = port_find(work, name);
        const char *why = why_stay(work, at < work->port_count ? &work->ports[at] : NULL);
        if (why == NULL)
            chosen[at] = work->made->anew = true;
        else
            WEFT_TRY(stay_tell(work, name, count, why, error));
    }
    return rc < 0 ? rc : 0;
}

/* ---- reading ---- */

/* Rows of quarantine, the files as they are, or nothing. */
static int port_prepare(struct job_work *port, bool chosen, struct job_replay **replay,
                        struct weft_error *error)
{
    int rc = 0;
    if (chosen && port->parquet != NULL)
        rc = job_parquet_replay(port, error);
    else if (chosen)
        rc = job_replay_spool(port, replay, error);
    else if (port->input->read == WEFT_READ_ALL)
        rc = job_inputs_find(port, error);
    if (rc < 0 || chosen)
        return rc < 0 ? rc : 0;
    return job_fetch_rest(port, error);
}

int job_replay_ports(struct job_work *work, struct weft_error *error)
{
    struct job_made *made = work->made;
    if (work->port_count == 0)
        return 0;
    bool *chosen = weft_arena_array(work->arena, work->port_count, sizeof *chosen);
    made->replays = weft_arena_array(work->arena, work->port_count, sizeof *made->replays);
    made->chosen = chosen;
    if (chosen == NULL || made->replays == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(ports_choose(work, chosen, error));
    for (size_t i = 0; made->anew && i < work->port_count; i++)
        WEFT_TRY(port_prepare(&work->ports[i], chosen[i], &made->replays[i], error));
    return made->anew ? job_ports_read(work, error) : 0;
}

/* ---- which of them passed ---- */

int64_t job_replay_ports_passed(const struct job_work *work)
{
    int64_t passed = 0;
    for (size_t i = 0; work->made != NULL && work->made->anew && i < work->port_count; i++)
        passed += work->made->chosen[i] ? work->ports[i].out->balance.accepted : 0;
    return passed;
}

int job_replay_ports_tell(struct job_work *work, struct weft_error *error)
{
    struct weft_outcome *out = work->out;
    size_t count = out->replayed_count;
    if (!work->made->anew)
        return 0;
    for (size_t i = 0; i < work->port_count; i++) {
        if (work->made->chosen[i])
            WEFT_TRY(work->ports[i].parquet != NULL
                         ? job_parquet_replay_tell(&work->ports[i], error)
                         : job_replay_tell(work->made->replays[i], error));
        count += work->ports[i].out->replayed_count;
    }
    struct weft_job_replay *all = weft_arena_array(work->arena, count + 1, sizeof *all);
    if (all == NULL)
        return weft_error_nomem(error);
    count = 0;
    for (size_t i = 0; i < out->replayed_count; i++)
        all[count++] = out->replayed[i];
    for (size_t p = 0; p < work->port_count; p++) {
        for (size_t i = 0; i < work->ports[p].out->replayed_count; i++)
            all[count++] = work->ports[p].out->replayed[i];
    }
    out->replayed = all;
    out->replayed_count = count;
    out->passed_on = job_replay_ports_passed(work);
    out->made_anew = work->made->records - work->made->stored;
    return 0;
}

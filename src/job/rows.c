/*
 * rows.c - a stage's rows come from files (scan.c) or from the SQL (made.c); what pass, keys and
 * rules ask of them is the same.
 */
#include "job/parquet_internal.h"
#include "job/work_internal.h"

#include <stdlib.h>
#include <string.h>

int job_reader_register(struct job_work *work, struct weft_error *error)
{
    if (work->parquet != NULL)
        return job_parquet_register(work, error);
    WEFT_TRY(job_scan_new(work, &work->scan, error));
    return job_scan_register(work->scan, error);
}

int job_rows_restart(struct job_work *work, bool hash, struct weft_error *error)
{
    if (work->made != NULL || work->parquet != NULL)
        return 0;
    return job_scan_restart(work->scan, hash, error);
}

/* The engine's text holds the value and weft's own SQL, and a failed run's message is an entry of
 * the ledger. Only what a product writes can fail on a value: cells are read without failing. */
static void failure_hide(struct weft_error *error)
{
    if (error == NULL || error->code != WEFT_E_SQL)
        return;
    bool value = strncmp(error->message, "Conversion Error", 16) == 0 ||
                 strncmp(error->message, "Out of Range Error", 18) == 0;
    char *end = strstr(error->message, "\n");
    if (end != NULL)
        *end = '\0';
    if (!value)
        return;
    weft_error_set(error, WEFT_E_SQL, "a condition of `checks` fails on a value");
    weft_error_hint(error, "try_cast(x as t) gives null where x is no t, and null passes");
}

int job_rows_failure(struct job_work *work, struct weft_error *error)
{
    const struct job_rules *rules = &work->rules;
    if (rules->out_of_memory)
        return weft_error_nomem(error);
    if (rules->over_limit) {
        weft_error_set(error, WEFT_E_LIMIT, "more than %zu rows would be set aside in one run",
                       rules->row_max);
        return weft_error_hint(error, "set `quality.quarantine_max`, or give more `memory`");
    }
    if (work->made != NULL)
        return job_made_failure(work, error);
    if (work->parquet != NULL)
        (void)!job_parquet_failure(work, error);
    failure_hide(error);
    if (work->scan == NULL)
        return -1;
    return job_scan_failure(work->scan, error);
}

int job_rows_finish(struct job_work *work, struct weft_error *error)
{
    if (work->parquet != NULL)
        return job_parquet_finish(work, error);
    if (work->made == NULL)
        return job_scan_finish(work->scan, error);
    if (!work->made->settled)
        work->made->records = work->data.records + (int64_t)work->rules.row_count;
    return 0;
}

bool job_rows_stopped(const struct job_work *work)
{
    return work->made == NULL && work->scan != NULL && job_scan_stopped(work->scan);
}

int64_t job_rows_count(const struct job_work *work)
{
    if (work->made != NULL)
        return work->made->records;
    if (work->parquet != NULL)
        return work->parquet->records;
    return work->scan == NULL ? 0 : job_scan_records(work->scan);
}

/* Nothing is known of the SQL's keys before a query asks. */
bool job_rows_suspect(struct job_work *work, size_t unique)
{
    return work->made != NULL || work->parquet != NULL || job_scan_suspect(work->scan, unique);
}

void job_rows_mark(struct job_work *work, struct job_mark *marks, size_t count)
{
    if (work->parquet != NULL) {
        job_parquet_mark(work, marks, count);
        return;
    }
    if (work->made == NULL) {
        job_scan_mark(work->scan, marks, count);
        return;
    }
    weft_free(work->made->marks);
    if (count > 0)
        qsort(marks, count, sizeof *marks, job_mark_compare);
    work->made->marks = marks;
    work->made->mark_count = count;
}

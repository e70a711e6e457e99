/*
 * publish.c - the next state of the table, ready for the asker to commit: manifest, manifest list
 * and metadata beside what is there, nothing of which is changed.
 */
#include "job/made_internal.h"
#include "job/work_internal.h"

#include <string.h>

static int publish_summary(struct job_work *work, const struct weft_summary_item **out,
                           size_t *count, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    struct weft_summary_item *items = weft_arena_array(work->arena, 7, sizeof *items);
    const char *sequence = weft_arena_format(work->arena, "%" PRId64, job->head_sequence);
    char *data = weft_arena_alloc(work->arena, WEFT_SHA256_HEX);
    if (items == NULL || sequence == NULL || data == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_product_data_digest(work->product, data, error));
    items[0] = (struct weft_summary_item){"weft.run-id", job->run_id};
    items[1] = (struct weft_summary_item){"weft.contract-version", work->product->version};
    items[2] = (struct weft_summary_item){"weft.contract-digest", work->product->digest};
    items[3] = (struct weft_summary_item){"weft.ledger-sequence", sequence};
    items[4] = (struct weft_summary_item){"weft.ledger-head",
                                          job->head_hash == NULL ? "" : job->head_hash};
    items[5] = (struct weft_summary_item){WEFT_JOB_DATA_DIGEST, data};
    *count = 6;
    if (work->made != NULL && work->made->library != NULL)
        items[(*count)++] = (struct weft_summary_item){"weft.graph-library", work->made->library};
    *out = items;
    return 0;
}

/* What the change adds and removes, and what it is called. */
static int publish_files(struct job_work *work, struct weft_table_change *change,
                         struct weft_outcome_table *out, struct weft_error *error)
{
    bool over = !work->append && work->table != NULL && weft_table_current(work->table) != NULL;
    struct weft_data_file *added = weft_arena_array(work->arena, 2, sizeof *added);
    if (added == NULL)
        return weft_error_nomem(error);
    if (work->data.records > 0)
        added[change->added_count++] = work->data;
    if (work->rest.records > 0)
        added[change->added_count++] = work->rest;
    for (size_t i = 0; i < change->added_count && work->product->sort_count > 0; i++)
        added[i].sort_order_id = 1;
    change->added = added;
    change->remove_all = over;
    change->removed = work->gone;
    change->removed_count = work->gone_count;
    over = over || work->gone_count > 0;
    change->operation = over ? WEFT_OP_OVERWRITE : WEFT_OP_APPEND;
    out->operation = over ? "overwrite" : "append";
    out->added = work->data.records;
    out->removed = change->remove_all ? work->before_records : work->replaced;
    out->carried = work->rest.records;
    return 0;
}

int job_publish(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    if (work->data.records == 0 && work->append && work->table != NULL)
        return 0; /* only rows for quarantine, or none at all */
    struct weft_outcome_table *out = weft_arena_alloc(work->arena, sizeof *out);
    if (out == NULL)
        return weft_error_nomem(error);
    job_tell(work, "publishing", NULL, work->data.records, 0, 0);
    struct weft_table_change change = {.folder = job->table_folder,
                                       .run_id = job->run_id,
                                       .schema = &work->schema,
                                       .sort = work->product->sort,
                                       .sort_count = work->product->sort_count,
                                       .timestamp_ms = job->time_us / 1000,
                                       .metadata_files_kept = job->metadata_files_kept};
    WEFT_TRY(publish_files(work, &change, out, error));
    WEFT_TRY(publish_summary(work, &change.summary, &change.summary_count, error));
    WEFT_TRY(weft_table_make(work->arena, job->home, work->table, &change, &out->made, error));
    work->out->table = out;
    return 0;
}

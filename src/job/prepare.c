/*
 * prepare.c - what the steps of a job work with: its table, the engine with the folders and files
 * that it may see, the columns of the input and the rules on them.
 */
#include "job/parquet_internal.h"
#include "job/replay_internal.h"

#include "base/process.h"

#include <string.h>
#include <unistd.h>

/* The program, its library, blocks of text and hashes of keys, beside the engine. */
#define RSS_SLACK ((int64_t)256 << 20)
#define ROWS_ASIDE_MAX ((size_t)1 << 28)

/* One cell of a condition can take gigabytes in one call that heeds nothing: the worker ends, the
 * asker tells (by the status), and nothing was committed. */
static void job_stuck(void *arg, enum weft_code code)
{
    (void)arg;
    _exit(code == WEFT_E_LIMIT ? WEFT_WORKER_TOO_LARGE : WEFT_WORKER_DEAF);
}

int job_table_open(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    if (job->metadata == NULL)
        return 0;
    WEFT_TRY(weft_table_load(work->arena, job->home, job->metadata, &work->table, error));
    const struct weft_snapshot *current = weft_table_current(work->table);
    if (current == NULL)
        return 0;
    /* weft's own summaries always say how much there is; others' may not. */
    int64_t deletes = weft_json_int_or(current->summary, "total-delete-files", -1);
    work->live_records = weft_json_int_or(current->summary, "total-records", -1);
    if (deletes != 0 || work->live_records < 0)
        WEFT_TRY(job_live_load(work, error));
    work->before_records = work->live_records;
    return 0;
}

int job_live_load(struct job_work *work, struct weft_error *error)
{
    struct weft_data_files deletes = {0};
    if (work->live_loaded || work->table == NULL || weft_table_current(work->table) == NULL)
        return 0;
    WEFT_TRY(weft_table_files(work->arena, work->job->home, work->table,
                              weft_table_current(work->table), &work->live, &deletes, error));
    if (deletes.count > 0)
        return weft_error_set(error, WEFT_E_NOT_YET,
                              "%s has delete files, which weft did not write", work->job->table);
    work->live_records = 0;
    for (size_t i = 0; i < work->live.count; i++)
        work->live_records += work->live.items[i].records;
    work->live_loaded = true;
    return 0;
}

/* Its own folders, those of the run, of products that are read and of those that fields refer to:
 * the engine sees nothing else. */
static int engine_folders(struct job_work *work, const char ***out, size_t *out_count,
                          struct weft_error *error)
{
    const struct weft_job *job = work->job;
    size_t count = 0, most = work->reference_count + work->source_count + job->member_count + 4;
    for (size_t i = 0; i < work->port_count; i++)
        most += work->ports[i].reference_count;
    const char **folders = weft_arena_array(work->arena, most, sizeof *folders);
    if (folders == NULL)
        return weft_error_nomem(error);
    folders[count++] = weft_arena_format(work->arena, "%s/%s/", job->home, job->table_folder);
    folders[count++] = weft_arena_format(work->arena, "%s/%s/", job->home, job->quarantine_folder);
    if (folders[0] == NULL || folders[1] == NULL)
        return weft_error_nomem(error);
    if (job->temp_dir != NULL)
        folders[count++] = job->temp_dir;
    for (size_t i = 0; i < work->reference_count; i++)
        folders[count++] = work->references[i].folder;
    for (size_t i = 0; i < work->source_count; i++)
        folders[count++] = work->sources[i].folder;
    for (size_t i = 0; work->members != NULL && i < job->member_count; i++)
        folders[count++] = work->members[i].folder;
    for (size_t p = 0; p < work->port_count; p++) {
        for (size_t i = 0; i < work->ports[p].reference_count; i++)
            folders[count++] = work->ports[p].references[i].folder;
    }
    *out = folders;
    *out_count = count;
    return 0;
}

static int files_add(struct job_work *work, const char **files, size_t *count,
                     struct weft_error *error)
{
    if (!job_is_parquet(work->input))
        return 0;
    WEFT_TRY(job_parquet_new(work, error));
    for (size_t i = 0; i < work->file_count; i++) {
        if (work->files[i].read && work->files[i].engine_path != NULL)
            files[(*count)++] = work->files[i].engine_path;
    }
    return 0;
}

/* Single files that the engine itself reads. */
static int engine_files(struct job_work *work, const char ***out, size_t *out_count,
                        struct weft_error *error)
{
    size_t most = work->file_count;
    for (size_t i = 0; i < work->port_count; i++)
        most += work->ports[i].file_count;
    *out = weft_arena_array(work->arena, most + 1, sizeof **out);
    if (*out == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(files_add(work, *out, out_count, error));
    for (size_t i = 0; i < work->port_count; i++)
        WEFT_TRY(files_add(&work->ports[i], *out, out_count, error));
    return 0;
}

/* Of rows that come from files the reader gives ids, and their order does not matter. Where they
 * come from products, the order they have there is kept: which of two rows with one key comes first
 * must not depend on threads. Where both are and the last row wins, reading pays for it. */
static bool order_matters(const struct job_work *work)
{
    const struct weft_product *product = work->product;
    if (work->job->mode == WEFT_JOB_TEST)
        return true; /* the same answer each time, and `ordered: true` */
    if (!weft_transform_is(product))
        return false;
    return work->port_count == 0 || work->job->mode == WEFT_JOB_REPLAY ||
           (product->write == WEFT_WRITE_UPSERT && product->order_by == NULL);
}

int job_engine_start(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    const char **folders = NULL;
    const char **files = NULL;
    size_t count = 0, file_count = 0;
    WEFT_TRY(job_fetch_rest(work, error));
    WEFT_TRY(job_references_load(work, error));
    for (size_t i = 0; i < work->port_count; i++) {
        WEFT_TRY(job_fetch_rest(&work->ports[i], error));
        WEFT_TRY(job_references_load(&work->ports[i], error));
    }
    WEFT_TRY(engine_folders(work, &folders, &count, error));
    WEFT_TRY(engine_files(work, &files, &file_count, error));
    struct weft_engine_config config = {.memory_bytes = job->memory_bytes,
                                        .threads = job->threads,
                                        .temp_dir = job->temp_dir,
                                        .temp_size_max = job->temp_size_max,
                                        .folders = folders,
                                        .folder_count = count,
                                        .files = files,
                                        .file_count = file_count,
                                        .keep_order = order_matters(work),
                                        .foreign_files = file_count > 0};
    work->keeps_order = config.keep_order;
    WEFT_TRY(weft_engine_open(&config, &work->engine, error));
    weft_engine_on_stuck(work->engine, job->memory_bytes / 4 * 5 + RSS_SLACK, job_stuck, NULL);
    WEFT_TRY(job_rules_register(&work->rules, work->engine, 0, error));
    if (work->made != NULL) {
        WEFT_TRY(job_stages_register(work, error));
    } else {
        WEFT_TRY(job_reader_register(work, error));
    }
    WEFT_TRY(job_quarantine_register(work, error));
    WEFT_TRY(weft_engine_seal(work->engine, error));
    weft_engine_watch(work->engine, 0);
    return 0;
}

static int detected_tell(struct job_work *work, struct weft_error *error)
{
    size_t count = work->columns.count;
    if (!work->columns.detected)
        return 0;
    const char **texts = weft_arena_array(work->arena, count + 1, sizeof *texts);
    if (texts == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        weft_buf_init(&text, 1 << 16);
        weft_buf_addf(&text, "%s: ", work->columns.items[i].name);
        weft_type_print(work->columns.items[i].type, &text);
        WEFT_TRY(weft_buf_check(&text, error));
        texts[i] = weft_arena_strdup(work->arena, text.data);
        if (texts[i] == NULL)
            return weft_error_nomem(error);
    }
    work->out->detected = texts;
    work->out->detected_count = count;
    return 0;
}

static int names_warn(struct job_work *work, const char *what, const char *const *names,
                      size_t count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf list;
    weft_buf_init(&list, (size_t)1 << 22);
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&list, "%s\"%s\"", i == 0 ? "" : ", ", names[i]);
    WEFT_TRY(weft_buf_check(&list, error));
    if (count == 0)
        return 0;
    const char *text = weft_arena_format(work->arena, "%s: %s", what, list.data);
    return text == NULL ? weft_error_nomem(error) : job_warn(work, text, error);
}

/* Detected columns that the table did not have. */
static int detected_warn(struct job_work *work, struct weft_error *error)
{
    const struct job_columns *columns = &work->columns;
    size_t count = 0;
    const char **names = weft_arena_array(work->arena, columns->count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = columns->kept; i < columns->count && columns->kept > 0; i++)
        names[count++] = columns->items[i].name;
    return names_warn(work, "columns that the table did not have are added to it", names, count,
                      error);
}

/* The columns that a product without a schema has by now. A rebuild starts over. */
static const struct weft_table_schema *columns_present(const struct job_work *work)
{
    if (work->table == NULL || weft_table_current(work->table) == NULL ||
        work->job->mode == WEFT_JOB_REBUILD)
        return NULL;
    return weft_table_schema(work->table);
}

/* The new file: of the table, or of the temp folder where nothing of it is published. */
static int data_place(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    if (work->number > 0 || job_is_trial(work)) {
        work->data_path = weft_arena_format(work->arena, "%s/%s-%zu.parquet", job->temp_dir,
                                            job->run_id, work->number);
        work->data_shown = work->data_path;
    } else {
        work->data_shown =
            weft_arena_format(work->arena, "%s/data/%s-0.parquet", job->table_folder, job->run_id);
        work->data_path = weft_arena_format(work->arena, "%s/%s", job->home, work->data_shown);
    }
    return work->data_shown == NULL || work->data_path == NULL ? weft_error_nomem(error) : 0;
}

int job_rules_of(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    if ((int64_t)work->columns.count > job->columns_max)
        return weft_error_set(error, WEFT_E_LIMIT, "%zu columns; columns_max is %" PRId64,
                              work->columns.count, job->columns_max);
    WEFT_TRY(detected_tell(work, error));
    WEFT_TRY(detected_warn(work, error));
    WEFT_TRY(
        weft_table_evolve(work->arena, work->table, &work->columns.fields, &work->schema, error));
    /* A quarter of the memory for rows set aside, about 24 bytes each. */
    size_t rows = (size_t)WEFT_MAX(job->memory_bytes, INT64_C(64) << 20) / 4 / 24;
    WEFT_TRY(job_rules_build(&work->rules, work->arena, work->engine, work->product, &work->columns,
                             WEFT_MIN(rows, ROWS_ASIDE_MAX), job->time_us, error));
    job_example_rules(work);
    return data_place(work, error);
}

int job_columns_and_rules(struct job_work *work, struct weft_error *error)
{
    struct job_sample sample = {0};
    bool unknown = job_columns_need_sample(work->product, work->input);
    unsigned own = work->parent == NULL ? 0 : weft_job_own_named(work->parent->product);
    if (work->parquet != NULL)
        WEFT_TRY(job_parquet_open(work, error));
    if (unknown)
        WEFT_TRY(work->parquet != NULL ? job_parquet_sample(work, &sample, error)
                                       : job_scan_sample(work, &sample, error));
    WEFT_TRY(job_columns_make(work->arena, work->product, work->input, &sample,
                              columns_present(work), own, &work->columns, error));
    if (work->number > 0) {
        work->columns.port_prefix = work->input->name;
        work->columns.from = weft_arena_format(work->arena, "weft_csv%zu()", work->number);
        if (work->columns.from == NULL)
            return weft_error_nomem(error);
    }
    if (work->parquet == NULL)
        return job_rules_of(work, error);
    WEFT_TRY(job_parquet_map(work, error));
    WEFT_TRY(job_rules_of(work, error));
    return job_parquet_from(work, error);
}

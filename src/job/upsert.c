/*
 * upsert.c - `write: upsert`: of rows with one key the last stands, by `order_by` or in the order
 * of the run; the others are superseded. A published row that is newer by `order_by` than the run's
 * stands too. Then the published rows with the run's keys go: only files that hold one of them are
 * written again, without them.
 *
 * Until that is done, `what stays` is a query: the live rows without those of the new keys.
 */
#include "job/keys_internal.h"

#include <string.h>

#define SQL_MAX ((size_t)1 << 28)
#define JOB_BY "weft$by"

bool job_is_upsert(const struct job_work *work)
{
    return work->parent == NULL && work->product->write == WEFT_WRITE_UPSERT;
}

bool job_replaces(const struct job_work *work)
{
    return job_is_upsert(work) && work->append && !work->rewritten && work->live_records > 0;
}

static void key_print(const struct job_work *work, const char *alias, struct weft_buf *sql)
{
    for (size_t i = 0; i < work->product->key.count; i++) {
        weft_buf_addf(sql, "%s%s", i > 0 ? ", " : "", alias);
        weft_buf_add_sql_name(sql, work->product->key.items[i]);
    }
}

/* ---- what stays ---- */

int job_upsert_rest(struct job_work *work, const struct weft_relation *live, struct weft_buf *sql,
                    struct weft_error *error)
{
    struct weft_relation fresh;
    WEFT_TRY(job_relation_new(work, &fresh, error));
    weft_buf_adds(sql, "SELECT o.* FROM (");
    WEFT_TRY(weft_relation_print(live, sql, error));
    weft_buf_adds(sql, ") AS o ANTI JOIN (");
    WEFT_TRY(weft_relation_print(&fresh, sql, error));
    weft_buf_adds(sql, ") AS n USING (");
    key_print(work, "", sql);
    weft_buf_addc(sql, ')');
    return weft_buf_check(sql, error);
}

/* ---- superseded rows ---- */

/* New rows with their number, key and order. */
static int rows_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    weft_buf_adds(sql, "SELECT \"" JOB_ID "\"");
    for (size_t i = 0; i < work->product->key.count; i++) {
        weft_buf_adds(sql, ", ");
        WEFT_TRY(job_output_print(work, work->product->key.items[i], NULL, sql, error));
    }
    if (work->product->order_by != NULL) {
        weft_buf_adds(sql, ", ");
        WEFT_TRY(job_output_print(work, work->product->order_by, JOB_BY, sql, error));
    }
    weft_buf_adds(sql, " FROM ");
    job_columns_print_from(&work->columns, work->rules.words, sql);
    weft_buf_adds(sql, " WHERE ");
    job_rules_print(&work->rules, false, sql);
    return weft_buf_check(sql, error);
}

/* All but the last of each key. */
static int twins_sql(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    weft_buf_adds(sql, "SELECT \"" JOB_ID "\" FROM (SELECT \"" JOB_ID
                       "\", row_number() OVER (PARTITION BY ");
    key_print(work, "", sql);
    weft_buf_addf(sql, " ORDER BY %s\"" JOB_ID "\" DESC) AS \"weft$n\" FROM (",
                  work->product->order_by == NULL ? "" : "\"" JOB_BY "\" DESC NULLS LAST, ");
    WEFT_TRY(rows_print(work, sql, error));
    weft_buf_adds(sql, ") AS s) AS w WHERE \"weft$n\" > 1");
    return weft_buf_check(sql, error);
}

static int live_relation(struct job_work *work, struct weft_relation *out, struct weft_error *error)
{
    work->rewritten = true; /* all of it, just now */
    int rc = job_relation_this(work, false, out, error);
    work->rewritten = false;
    return rc;
}

/* A published row of the key is newer. `fresh` gives keys, order and, wanted of them, `what`. */
static int stale_print(struct job_work *work, const char *what, const char *fresh,
                       struct weft_buf *sql, struct weft_error *error)
{
    struct weft_relation live;
    WEFT_TRY(live_relation(work, &live, error));
    weft_buf_addf(sql, "SELECT %s FROM (%s) AS n JOIN (SELECT ", what, fresh);
    key_print(work, "", sql);
    weft_buf_adds(sql, ", ");
    weft_buf_add_sql_name(sql, work->product->order_by);
    weft_buf_adds(sql, " AS \"weft$old\" FROM (");
    WEFT_TRY(weft_relation_print(&live, sql, error));
    weft_buf_adds(sql, ") AS l) AS o USING (");
    key_print(work, "", sql);
    weft_buf_adds(sql, ") WHERE \"weft$old\" > \"" JOB_BY "\" OR (\"" JOB_BY
                       "\" IS NULL AND \"weft$old\" IS NOT NULL)");
    return weft_buf_check(sql, error);
}

static int stale_any(struct job_work *work, bool *any, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf fresh;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    struct weft_relation relation;
    weft_buf_init(&fresh, SQL_MAX);
    weft_buf_init(&sql, SQL_MAX);
    *any = false;
    if (!job_replaces(work) || work->product->order_by == NULL)
        return 0;
    WEFT_TRY(job_relation_new(work, &relation, error));
    weft_buf_adds(&fresh, "SELECT *, ");
    weft_buf_add_sql_name(&fresh, work->product->order_by);
    weft_buf_adds(&fresh, " AS \"" JOB_BY "\" FROM (");
    WEFT_TRY(weft_relation_print(&relation, &fresh, error));
    weft_buf_adds(&fresh, ") AS f");
    WEFT_TRY(weft_buf_check(&fresh, error));
    WEFT_TRY(stale_print(work, "1", fresh.data, &sql, error));
    weft_buf_adds(&sql, " LIMIT 1");
    WEFT_TRY(weft_buf_check(&sql, error));
    return job_query_any(work, sql.data, any, error);
}

static int stale_sql(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf rows;
    weft_buf_init(&rows, SQL_MAX);
    WEFT_TRY(rows_print(work, &rows, error));
    return stale_print(work, "\"" JOB_ID "\"", rows.data, sql, error);
}

int job_upsert_marks(struct job_work *work, bool twins, struct job_marks *marks,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    bool stale = false;
    weft_buf_init(&sql, SQL_MAX);
    WEFT_TRY(stale_any(work, &stale, error));
    if (!twins && !stale)
        return 0;
    WEFT_TRY(job_keys_settle(work, error));
    if (twins)
        WEFT_TRY(twins_sql(work, &sql, error));
    if (twins && stale)
        weft_buf_adds(&sql, " UNION "); /* a row is superseded once */
    if (stale)
        WEFT_TRY(stale_sql(work, &sql, error));
    return job_marks_read(work, sql.data, work->rules.superseded_rule, marks, error);
}

/* ---- copy on write ---- */

/* The live files that hold a key of the run: true in hit. */
static int hits_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
{
    struct weft_relation fresh;
    WEFT_TRY(job_relation_new(work, &fresh, error));
    weft_buf_adds(sql, "SELECT DISTINCT filename FROM (SELECT q.filename, ");
    key_print(work, "q.", sql);
    weft_buf_adds(sql, " FROM read_parquet([");
    for (size_t i = 0; i < work->live.count; i++) {
        WEFT_CLEANUP(weft_freep)
        char *path = weft_path_join(work->job->home, work->live.items[i].path);
        if (path == NULL)
            return weft_error_nomem(error);
        weft_buf_adds(sql, i > 0 ? ", " : "");
        weft_buf_add_sql_text(sql, path, strlen(path));
    }
    weft_buf_adds(sql, "], schema = MAP {");
    for (size_t i = 0, at = 0; i < work->schema.count; i++) {
        const struct weft_column *column = &work->schema.columns[i];
        bool key = false;
        for (size_t k = 0; k < work->product->key.count; k++)
            key = key || strcmp(work->product->key.items[k], column->name) == 0;
        if (!key)
            continue;
        weft_buf_addf(sql, "%s%d: {name: ", at++ > 0 ? ", " : "", column->id);
        weft_buf_add_sql_text(sql, column->name, strlen(column->name));
        weft_buf_adds(sql, ", type: '");
        weft_type_print_duckdb(column->type, sql);
        weft_buf_adds(sql, "', default_value: NULL}");
    }
    weft_buf_adds(sql, "}) AS q) AS o SEMI JOIN (");
    WEFT_TRY(weft_relation_print(&fresh, sql, error));
    weft_buf_adds(sql, ") AS n USING (");
    key_print(work, "", sql);
    weft_buf_addc(sql, ')');
    return weft_buf_check(sql, error);
}

static int hits_find(struct job_work *work, bool *hit, size_t *count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    size_t home = strlen(work->job->home) + 1;
    int rc = 0;
    weft_buf_init(&sql, SQL_MAX);
    WEFT_TRY(hits_print(work, &sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    while ((rc = weft_result_row(result, error)) == 0) {
        const char *path = weft_result_text(result, 0);
        for (size_t i = 0; i < work->live.count; i++) {
            if (strlen(path) > home && strcmp(path + home, work->live.items[i].path) == 0 &&
                !hit[i]) {
                hit[i] = true;
                ++*count;
            }
        }
    }
    return rc < 0 ? rc : 0;
}

/* The rows of the files that were hit, without those that are replaced. */
static int rest_copy(struct job_work *work, const bool *hit, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    struct weft_relation live;
    weft_buf_init(&sql, SQL_MAX);
    WEFT_TRY(live_relation(work, &live, error));
    const char **files = weft_arena_array(work->arena, live.file_count + 1, sizeof *files);
    if (files == NULL)
        return weft_error_nomem(error);
    size_t count = 0;
    for (size_t i = 0; i < live.file_count; i++) {
        if (hit[i])
            files[count++] = live.files[i];
    }
    live.files = files;
    live.file_count = count;
    WEFT_TRY(job_upsert_rest(work, &live, &sql, error));
    job_sort_print(work, &sql);
    WEFT_TRY(weft_buf_check(&sql, error));
    const char *shown = weft_arena_format(work->arena, "%s/data/%s-1.parquet",
                                          work->job->table_folder, work->job->run_id);
    const char *path = weft_arena_format(work->arena, "%s/%s", work->job->home, shown);
    if (shown == NULL || path == NULL)
        return weft_error_nomem(error);
    int rc = job_pass_copy(work, sql.data, &work->schema, path, shown, &work->rest, error);
    return rc < 0 ? rc : 0;
}

/* The live files are then those that stay and the new one of what is left of the others. */
static int live_change(struct job_work *work, const bool *hit, size_t count,
                       struct weft_error *error)
{
    struct weft_data_file *items =
        weft_arena_array(work->arena, work->live.count + 2, sizeof *items);
    const char **gone = weft_arena_array(work->arena, count + 1, sizeof *gone);
    if (items == NULL || gone == NULL)
        return weft_error_nomem(error);
    size_t kept = 0;
    int64_t records = 0;
    for (size_t i = 0; i < work->live.count; i++) {
        if (!hit[i]) {
            items[kept++] = work->live.items[i];
            continue;
        }
        gone[work->gone_count++] = work->live.items[i].path;
        records += work->live.items[i].records;
    }
    if (work->rest.records > 0)
        items[kept++] = work->rest;
    work->gone = gone;
    work->replaced = records - work->rest.records;
    work->live = (struct weft_data_files){items, kept};
    work->live_records -= work->replaced;
    return 0;
}

int job_upsert_rewrite(struct job_work *work, struct weft_error *error)
{
    size_t count = 0;
    if (!job_replaces(work) || work->data.records == 0)
        return 0;
    WEFT_TRY(job_live_load(work, error));
    WEFT_CLEANUP(weft_freep) bool *hit = weft_alloc_array(work->live.count + 1, sizeof *hit);
    if (hit == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(hits_find(work, hit, &count, error));
    if (count > 0 && job_is_trial(work))
        return 0; /* `what stays` remains a query */
    if (count > 0) {
        job_tell(work, "rewriting", NULL, 0, 0, 0);
        WEFT_TRY(rest_copy(work, hit, error));
        WEFT_TRY(live_change(work, hit, count, error));
    }
    work->rewritten = true;
    return 0;
}

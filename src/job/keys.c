/*
 * keys.c - rules that need other rows: the key and `unique` fields, within the run and against what
 * is published. Of several rows with one key, one already published stays, else the first in source
 * order; an upsert has rules of its own for them (upsert.c).
 *
 * Nearly always there is no duplicate, and the hashes collected while reading say so; then only
 * appending looks at the published rows. Otherwise SQL settles it exactly: the rows in question are
 * looked up in the files again, marked, and the pass is done a second time, which sets them aside
 * like any row that breaks a rule. Rare, so simple.
 */
#include "job/keys_internal.h"
#include "job/made_internal.h"

#include <string.h>

/* ---- relations ---- */

static int relation_columns(struct job_work *work, struct weft_relation *out,
                            struct weft_error *error)
{
    struct weft_relation_column *columns =
        weft_arena_array(work->arena, work->schema.count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < work->schema.count; i++)
        columns[i] = (struct weft_relation_column){.name = work->schema.columns[i].name,
                                                   .type = work->schema.columns[i].type,
                                                   .field_id = work->schema.columns[i].id};
    *out = (struct weft_relation){.kind = WEFT_RELATION_FILES,
                                  .product = work->job->table,
                                  .columns = columns,
                                  .column_count = work->schema.count};
    return 0;
}

/* Before its files are written the table after an upsert is a query. */
static int relation_replaced(struct job_work *work, bool with_new, struct weft_relation *out,
                             struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    struct weft_relation live;
    struct weft_relation fresh;
    weft_buf_init(&sql, (size_t)1 << 26);
    work->rewritten = true;
    int rc = job_relation_this(work, false, &live, error);
    work->rewritten = false;
    WEFT_TRY(rc);
    WEFT_TRY(job_upsert_rest(work, &live, &sql, error));
    if (with_new) {
        WEFT_TRY(job_relation_new(work, &fresh, error));
        weft_buf_adds(&sql, " UNION ALL ");
        WEFT_TRY(weft_relation_print(&fresh, &sql, error));
    }
    WEFT_TRY(relation_columns(work, out, error));
    out->kind = WEFT_RELATION_SQL;
    out->sql = weft_arena_strdup(work->arena, sql.data);
    return out->sql == NULL ? weft_error_nomem(error) : 0;
}

int job_relation_this(struct job_work *work, bool with_new, struct weft_relation *out,
                      struct weft_error *error)
{
    WEFT_TRY(job_live_load(work, error));
    if (job_replaces(work))
        return relation_replaced(work, with_new, out, error);
    size_t old = work->append ? work->live.count : 0;
    WEFT_TRY(relation_columns(work, out, error));
    const char **files = weft_arena_array(work->arena, old + 2, sizeof *files);
    if (files == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < old; i++) {
        files[i] =
            weft_arena_format(work->arena, "%s/%s", work->job->home, work->live.items[i].path);
        if (files[i] == NULL)
            return weft_error_nomem(error);
    }
    out->files = files;
    out->file_count = old;
    out->plain =
        old == 0 || (work->schema.schema_id == 0 && weft_table_schema_of(work->table, 1) == NULL);
    if (with_new && work->data.records > 0)
        files[out->file_count++] = work->data_path;
    return 0;
}

int job_relation_new(struct job_work *work, struct weft_relation *out, struct weft_error *error)
{
    WEFT_TRY(relation_columns(work, out, error));
    const char **files = weft_arena_array(work->arena, 1, sizeof *files);
    if (files == NULL)
        return weft_error_nomem(error);
    files[0] = work->data_path;
    out->plain = true;
    out->files = files;
    out->file_count = work->data.records > 0;
    return 0;
}

/* ---- questions ---- */

int job_query_any(struct job_work *work, const char *sql, bool *any, struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    WEFT_TRY(weft_engine_query(work->engine, sql, NULL, 0, &result, error));
    int rc = weft_result_row(result, error);
    *any = rc == 0;
    return rc < 0 ? rc : 0;
}

static void names_print(const struct job_work *work, const struct job_unique *unique,
                        const char *alias, struct weft_buf *out)
{
    for (size_t i = 0; i < unique->column_count; i++) {
        weft_buf_adds(out, i > 0 ? ", " : "");
        weft_buf_adds(out, alias);
        weft_buf_add_sql_name(out, work->columns.items[unique->columns[i]].name);
    }
}

static void not_null_print(const struct job_work *work, const struct job_unique *unique,
                           struct weft_buf *out)
{
    for (size_t i = 0; i < unique->column_count; i++) {
        weft_buf_adds(out, i > 0 ? " AND " : "");
        weft_buf_add_sql_name(out, work->columns.items[unique->columns[i]].name);
        weft_buf_adds(out, " IS NOT NULL");
    }
}

/* Values that more than one new row has. */
static int twins_print(struct job_work *work, const struct job_unique *unique, struct weft_buf *out,
                       struct weft_error *error)
{
    struct weft_relation fresh;
    WEFT_TRY(job_relation_new(work, &fresh, error));
    weft_buf_adds(out, "SELECT ");
    names_print(work, unique, "", out);
    weft_buf_adds(out, " FROM (");
    WEFT_TRY(weft_relation_print(&fresh, out, error));
    weft_buf_adds(out, ") AS n WHERE ");
    not_null_print(work, unique, out);
    weft_buf_adds(out, " GROUP BY ");
    names_print(work, unique, "", out);
    weft_buf_adds(out, " HAVING count(*) > 1");
    return 0;
}

/* Values of new rows that published rows have too. */
static int published_print(struct job_work *work, const struct job_unique *unique,
                           struct weft_buf *out, struct weft_error *error)
{
    struct weft_relation fresh;
    struct weft_relation old;
    WEFT_TRY(job_relation_new(work, &fresh, error));
    WEFT_TRY(job_relation_this(work, false, &old, error));
    weft_buf_adds(out, "SELECT ");
    names_print(work, unique, "", out);
    weft_buf_adds(out, " FROM (");
    WEFT_TRY(weft_relation_print(&fresh, out, error));
    weft_buf_adds(out, ") AS n SEMI JOIN (");
    WEFT_TRY(weft_relation_print(&old, out, error));
    weft_buf_adds(out, ") AS o USING (");
    names_print(work, unique, "", out);
    weft_buf_addc(out, ')');
    return 0;
}

static int unique_broken(struct job_work *work, size_t at, bool *twins, bool *published,
                         struct weft_error *error)
{
    const struct job_unique *unique = &work->rules.uniques[at];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 26);
    *twins = false;
    *published = false;
    if (job_rows_suspect(work, at)) {
        WEFT_TRY(twins_print(work, unique, &sql, error));
        weft_buf_adds(&sql, " LIMIT 1");
        WEFT_TRY(weft_buf_check(&sql, error));
        WEFT_TRY(job_query_any(work, sql.data, twins, error));
    }
    if (!work->append || work->live_records == 0)
        return 0;
    weft_buf_clear(&sql);
    WEFT_TRY(published_print(work, unique, &sql, error));
    weft_buf_adds(&sql, " LIMIT 1");
    WEFT_TRY(weft_buf_check(&sql, error));
    return job_query_any(work, sql.data, published, error);
}

/* ---- the rows in question ---- */

int job_output_print(struct job_work *work, const char *name, const char *as, struct weft_buf *sql,
                     struct weft_error *error)
{
    for (size_t k = 0; k < work->columns.output_count; k++) {
        const struct job_output *output = &work->columns.outputs[k];
        if (output->column < 0 || strcmp(output->name, name) != 0)
            continue;
        weft_buf_addf(sql, "%s AS ", output->sql);
        weft_buf_add_sql_name(sql, as == NULL ? name : as);
        return 0;
    }
    return weft_error_set(error, WEFT_E_INVALID, "the field %s is not in the table", name);
}

static int column_print(struct job_work *work, int column, struct weft_buf *sql,
                        struct weft_error *error)
{
    return job_output_print(work, work->columns.items[column].name, NULL, sql, error);
}

static int marks_sql(struct job_work *work, const struct job_unique *unique, bool twins,
                     bool published, struct weft_buf *sql, struct weft_error *error)
{
    weft_buf_adds(sql, "WITH d AS (SELECT ");
    names_print(work, unique, "", sql);
    weft_buf_adds(sql, ", bool_or(\"weft$old\") AS \"weft$old\" FROM (");
    if (twins) {
        weft_buf_adds(sql, "SELECT *, false AS \"weft$old\" FROM (");
        WEFT_TRY(twins_print(work, unique, sql, error));
        weft_buf_adds(sql, ") AS t");
    }
    if (twins && published)
        weft_buf_adds(sql, " UNION ALL ");
    if (published) {
        weft_buf_adds(sql, "SELECT *, true AS \"weft$old\" FROM (");
        WEFT_TRY(published_print(work, unique, sql, error));
        weft_buf_adds(sql, ") AS p");
    }
    weft_buf_adds(sql, ") AS u GROUP BY ");
    names_print(work, unique, "", sql);
    weft_buf_adds(sql, "), s AS (SELECT \"" JOB_ID "\", ");
    for (size_t i = 0; i < unique->column_count; i++) {
        if (i > 0)
            weft_buf_adds(sql, ", ");
        WEFT_TRY(column_print(work, unique->columns[i], sql, error));
    }
    weft_buf_adds(sql, " FROM ");
    job_columns_print_from(&work->columns, work->rules.words, sql);
    weft_buf_adds(sql, " WHERE ");
    job_rules_print(&work->rules, false, sql);
    weft_buf_adds(sql, ") SELECT \"" JOB_ID "\" FROM (SELECT s.\"" JOB_ID
                       "\", d.\"weft$old\", row_number() OVER (PARTITION BY ");
    names_print(work, unique, "s.", sql);
    weft_buf_adds(sql, " ORDER BY s.\"" JOB_ID "\") AS \"weft$n\" FROM s JOIN d USING (");
    names_print(work, unique, "", sql);
    weft_buf_adds(sql, ")) AS w WHERE \"weft$old\" OR \"weft$n\" > 1");
    return weft_buf_check(sql, error);
}

/* Reads the files again for the ids that a query gives, and marks them with a rule. */
int job_marks_read(struct job_work *work, const char *sql, size_t rule, struct job_marks *marks,
                   struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc = 0;
    WEFT_TRY(job_rows_restart(work, false, error));
    if (weft_engine_query(work->engine, sql, NULL, 0, &result, error) < 0)
        return job_rows_failure(work, error);
    while ((rc = weft_result_row(result, error)) == 0) {
        if (marks->count >= work->rules.row_max)
            return weft_error_set(error, WEFT_E_LIMIT, "more than %zu rows break %s",
                                  work->rules.row_max, work->rules.items[rule].id);
        if (weft_array_reserve(&marks->items, &marks->capacity, marks->count + 1,
                               sizeof *marks->items) < 0)
            return weft_error_nomem(error);
        marks->items[marks->count++] = (struct job_mark){weft_result_int(result, 0), rule};
    }
    if (rc < 0)
        return job_rows_failure(work, error);
    return job_rows_finish(work, error);
}

static int unique_check(struct job_work *work, size_t at, struct job_marks *marks,
                        struct weft_error *error)
{
    const struct job_unique *unique = &work->rules.uniques[at];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 28);
    bool twins = false;
    bool published = false;
    WEFT_TRY(unique_broken(work, at, &twins, &published, error));
    if (!twins && !published)
        return 0;
    WEFT_TRY(job_keys_settle(work, error));
    WEFT_TRY(marks_sql(work, unique, twins, published, &sql, error));
    return job_marks_read(work, sql.data, unique->rule, marks, error);
}

/* ---- references ---- */

static int strangers_print(const struct job_reference *reference, struct weft_buf *sql,
                           struct weft_error *error)
{
    weft_buf_adds(sql, " AS n ANTI JOIN (");
    WEFT_TRY(weft_relation_print(&reference->relation, sql, error));
    weft_buf_adds(sql, ") AS o USING (");
    weft_buf_add_sql_name(sql, reference->field);
    weft_buf_adds(sql, ") WHERE ");
    weft_buf_add_sql_name(sql, reference->field);
    weft_buf_adds(sql, " IS NOT NULL");
    return weft_buf_check(sql, error);
}

static int reference_rule(const struct job_work *work, const struct job_reference *reference)
{
    for (size_t i = 0; i < work->rules.count; i++) {
        const struct job_rule *rule = &work->rules.items[i];
        size_t length = strlen(reference->field);
        if (strncmp(rule->id, reference->field, length) == 0 &&
            strcmp(rule->id + length, ".references") == 0)
            return (int)i;
    }
    return -1;
}

static int reference_check(struct job_work *work, const struct job_reference *reference,
                           struct job_marks *marks, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 28);
    struct weft_relation fresh;
    int rule = reference_rule(work, reference);
    bool any = false;
    if (rule < 0)
        return 0;
    WEFT_TRY(job_relation_new(work, &fresh, error));
    weft_buf_adds(&sql, "SELECT 1 FROM (");
    WEFT_TRY(weft_relation_print(&fresh, &sql, error));
    weft_buf_addc(&sql, ')');
    WEFT_TRY(strangers_print(reference, &sql, error));
    weft_buf_adds(&sql, " LIMIT 1");
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(job_query_any(work, sql.data, &any, error));
    if (!any)
        return 0;
    WEFT_TRY(job_keys_settle(work, error));
    weft_buf_clear(&sql);
    weft_buf_adds(&sql, "SELECT \"" JOB_ID "\" FROM (SELECT \"" JOB_ID "\", ");
    WEFT_TRY(column_print(work, work->rules.items[rule].field, &sql, error));
    weft_buf_adds(&sql, " FROM ");
    job_columns_print_from(&work->columns, work->rules.words, &sql);
    weft_buf_adds(&sql, " WHERE ");
    job_rules_print(&work->rules, false, &sql);
    weft_buf_addc(&sql, ')');
    WEFT_TRY(strangers_print(reference, &sql, error));
    return job_marks_read(work, sql.data, (size_t)rule, marks, error);
}

static int64_t key_rules_failing(const struct job_work *work)
{
    int64_t failing = 0;
    for (size_t i = 0; i < work->rules.count; i++)
        failing += work->rules.items[i].kind[0] == 'k' ? work->rules.items[i].failing : 0;
    return failing;
}

int job_keys_settle(struct job_work *work, struct weft_error *error)
{
    return work->made == NULL || work->made->settled ? 0 : job_pass_settled(work, error);
}

/* The pass again, with the marks: its balance and the files' hashes are checked like the first
 * time; the files' hashes must be the same. `broken` rows were set aside for key rules before. */
static int pass_again(struct job_work *work, const struct job_marks *marks, int64_t broken,
                      struct weft_error *error)
{
    struct job_mark *items = weft_alloc_array(marks->count + 1, sizeof *items);
    size_t superseded = 0;
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < marks->count; i++) {
        items[i] = marks->items[i];
        superseded += items[i].rule == work->rules.superseded_rule;
    }
    job_rows_mark(work, items, marks->count);
    WEFT_TRY(weft_fs_unlink(work->data_path, error));
    job_rules_reset(&work->rules);
    WEFT_TRY(job_rows_restart(work, false, error));
    WEFT_TRY(job_pass_run(work, error));
    int64_t marked = (int64_t)(marks->count - superseded);
    if (key_rules_failing(work) == broken + marked && work->rules.superseded == (int64_t)superseded)
        return 0;
    return weft_error_set(error, WEFT_E_INTERNAL,
                          "%" PRId64 " rows have keys that are taken, but %" PRId64
                          " were set aside; %zu are superseded, and %" PRId64 " were left out",
                          marked, key_rules_failing(work) - broken, superseded,
                          work->rules.superseded);
}

/* Marks rows that break a key rule; an upsert's key is none. */
static int keys_mark(struct job_work *work, struct job_marks *marks, struct weft_error *error)
{
    const struct job_rules *rules = &work->rules;
    for (size_t i = 0; i < rules->unique_count; i++) {
        bool key = strcmp(rules->items[rules->uniques[i].rule].id, "key") == 0;
        if (!key || !job_is_upsert(work))
            WEFT_TRY(unique_check(work, i, marks, error));
    }
    for (size_t i = 0; i < work->reference_count; i++)
        WEFT_TRY(reference_check(work, &work->references[i], marks, error));
    return 0;
}

static int upsert_twins(struct job_work *work, bool *twins, struct weft_error *error)
{
    const struct job_rules *rules = &work->rules;
    bool published = false;
    bool append = work->append;
    *twins = false;
    for (size_t i = 0; i < rules->unique_count; i++) {
        if (strcmp(rules->items[rules->uniques[i].rule].id, "key") != 0)
            continue;
        work->append = false; /* only within the run */
        int rc = unique_broken(work, i, twins, &published, error);
        work->append = append;
        WEFT_TRY(rc);
    }
    return 0;
}

static int keys_settled(struct job_work *work, struct job_marks *marks, struct weft_error *error)
{
    int64_t broken = key_rules_failing(work);
    bool twins = false;
    if (job_is_upsert(work)) {
        WEFT_TRY(upsert_twins(work, &twins, error));
        WEFT_TRY(job_upsert_marks(work, twins, marks, error));
        if (marks->count > 0)
            WEFT_TRY(pass_again(work, marks, broken, error));
    }
    /* A row that is set aside replaces nothing: what it would have replaced may then break a rule
     * with others. Each time round sets a row aside, so it ends. */
    for (size_t before = SIZE_MAX; marks->count != before && work->data.records > 0;) {
        before = marks->count;
        WEFT_TRY(keys_mark(work, marks, error));
        if (marks->count > before)
            WEFT_TRY(pass_again(work, marks, broken, error));
        if (!job_is_upsert(work))
            break;
    }
    return job_upsert_rewrite(work, error);
}

int job_keys_check(struct job_work *work, struct weft_error *error)
{
    struct job_marks marks = {0};
    WEFT_TRY(job_point("run.keys", error));
    if (work->data.records == 0)
        return 0;
    int rc = keys_settled(work, &marks, error);
    weft_free(marks.items);
    return rc;
}

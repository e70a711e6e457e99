/*
 * table_rules.c - rules that speak of the whole: completeness, rows, batch, quarantine_max, and the
 * `sql` checks; and the figures of every row rule. `this` is the table as it would be after the
 * run, `new` the rows the run adds.
 */
#include "job/work_internal.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

/* Of a preview the rows that an upsert would replace are still there. */
static int replaced_count(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    struct weft_relation rest;
    weft_buf_init(&sql, (size_t)1 << 26);
    if (!job_replaces(work) || work->data.records == 0)
        return 0;
    WEFT_TRY(job_relation_this(work, false, &rest, error));
    weft_buf_adds(&sql, "SELECT count(*) FROM (");
    WEFT_TRY(weft_relation_print(&rest, &sql, error));
    weft_buf_adds(&sql, ") AS t");
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    int rc = weft_result_row(result, error);
    if (rc == 0)
        work->live_records = weft_result_int(result, 0);
    return rc < 0 ? rc : 0;
}

static int64_t this_records(const struct job_work *work)
{
    return (work->append ? work->live_records : 0) + work->data.records;
}

/* ---- row and key rules: their figures ---- */

int job_row_checks_tell(struct job_work *work, struct weft_error *error)
{
    int64_t total = job_rows_count(work);
    for (size_t i = 0; i < work->rules.count; i++) {
        const struct job_rule *rule = &work->rules.items[i];
        /* That every cell parses is no news; the rules people wrote are always told. */
        if (i <= work->columns.count && rule->failing == 0)
            continue;
        WEFT_TRY(job_check_add(work,
                               &(struct weft_outcome_check){.rule = rule->id,
                                                            .kind = rule->kind,
                                                            .on_fail = rule->on_fail,
                                                            .passed = rule->failing == 0,
                                                            .failing = rule->failing,
                                                            .total = total,
                                                            .value = NAN},
                               error));
    }
    return 0;
}

/* ---- a table rule's result ---- */

static int table_check(struct job_work *work, struct weft_outcome_check check, const char *message,
                       struct weft_error *error)
{
    check.kind = "table";
    check.message = check.passed ? NULL : message;
    if (!check.passed && message == NULL)
        return weft_error_nomem(error);
    return job_check_add(work, &check, error);
}

/* ---- completeness ---- */

static int64_t nulls_in(const struct weft_data_file *file, int field_id)
{
    for (size_t i = 0; i < file->stat_count; i++) {
        if (file->stats[i].field_id == field_id)
            return file->stats[i].null_count;
    }
    return file->records; /* a file older than the column */
}

/* From the statistics of the files; -1 when one of them does not say. */
static int64_t nulls_of(const struct job_work *work, int field_id)
{
    int64_t sum = 0;
    for (size_t i = 0; work->append && i < work->live.count; i++) {
        int64_t nulls = nulls_in(&work->live.items[i], field_id);
        if (nulls < 0)
            return -1;
        sum += nulls;
    }
    if (work->data.records == 0)
        return sum;
    int64_t nulls = nulls_in(&work->data, field_id);
    return nulls < 0 ? -1 : sum + nulls;
}

static int nulls_count(struct job_work *work, const struct weft_column *column, int64_t *nulls,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 26);
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    struct weft_relation all;
    WEFT_TRY(job_live_load(work, error));
    *nulls = job_replaces(work) ? -1 : nulls_of(work, column->id);
    if (*nulls >= 0)
        return 0;
    WEFT_TRY(job_relation_this(work, true, &all, error));
    weft_buf_adds(&sql, "SELECT count(*) - count(");
    weft_buf_add_sql_name(&sql, column->name);
    weft_buf_adds(&sql, ") FROM (");
    WEFT_TRY(weft_relation_print(&all, &sql, error));
    weft_buf_adds(&sql, ") AS t");
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    int rc = weft_result_row(result, error);
    if (rc == 0)
        *nulls = weft_result_int(result, 0);
    return rc < 0 ? rc : 0;
}

/* A freshness of a field is a promise measured over time: the run only notes the newest value, in
 * microseconds since 1970; mesh.products compares it with the clock. It never fails. */
static int freshness_note(struct job_work *work, struct weft_error *error)
{
    const struct weft_quality *quality = &work->product->quality;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)1 << 26);
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    struct weft_relation all;
    if (quality->freshness_field == NULL || quality->freshness_us == 0)
        return 0;
    WEFT_TRY(job_relation_this(work, true, &all, error));
    weft_buf_adds(&sql, "SELECT epoch_us(CAST(max(");
    weft_buf_add_sql_name(&sql, quality->freshness_field);
    weft_buf_adds(&sql, ") AS TIMESTAMP)) FROM (");
    WEFT_TRY(weft_relation_print(&all, &sql, error));
    weft_buf_adds(&sql, ") AS t");
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    int rc = weft_result_row(result, error);
    WEFT_TRY(rc);
    if (rc != 0 || weft_result_is_null(result, 0))
        return 0;
    struct weft_outcome_check check = {.rule = "freshness",
                                       .on_fail = WEFT_ON_FAIL_WARN,
                                       .passed = true,
                                       .total = this_records(work),
                                       .value = (double)weft_result_int(result, 0)};
    return table_check(work, check, NULL, error);
}

static int completeness_one(struct job_work *work, const struct weft_completeness *rule,
                            const struct weft_column *column, struct weft_error *error)
{
    int64_t total = this_records(work);
    int64_t nulls = 0;
    WEFT_TRY(nulls_count(work, column, &nulls, error));
    double share = total == 0 ? 1 : (double)(total - nulls) / (double)total;
    struct weft_outcome_check check = {.on_fail = rule->on_fail,
                                       .passed = share >= rule->min,
                                       .failing = nulls,
                                       .total = total,
                                       .value = share};
    check.rule = weft_arena_format(work->arena, "completeness.%s", column->name);
    if (check.rule == NULL)
        return weft_error_nomem(error);
    return table_check(work, check,
                       weft_arena_format(work->arena,
                                         "%s has a value in %.4g %% of the rows; at least %.4g %% "
                                         "are wanted",
                                         column->name, share * 100, rule->min * 100),
                       error);
}

static bool completeness_named(const struct weft_quality *quality, const char *field)
{
    for (size_t i = 0; i < quality->completeness_count; i++) {
        if (quality->completeness[i].field != NULL &&
            strcmp(quality->completeness[i].field, field) == 0)
            return true;
    }
    return false;
}

static int completeness_check(struct job_work *work, struct weft_error *error)
{
    const struct weft_quality *quality = &work->product->quality;
    for (size_t i = 0; i < quality->completeness_count; i++) {
        const struct weft_completeness *rule = &quality->completeness[i];
        for (size_t k = 0; k < work->schema.count; k++) {
            const struct weft_column *column = &work->schema.columns[k];
            if (rule->field != NULL ? strcmp(rule->field, column->name) == 0
                                    : !completeness_named(quality, column->name))
                WEFT_TRY(completeness_one(work, rule, column, error));
        }
    }
    return 0;
}

/* ---- rows ---- */

static int bound_check(struct job_work *work, const char *id, const struct weft_rows_rule *rule,
                       int64_t rows, bool passed, const char *message, struct weft_error *error)
{
    return table_check(work,
                       (struct weft_outcome_check){.rule = id,
                                                   .on_fail = rule->on_fail,
                                                   .passed = passed,
                                                   .failing = passed ? 0 : 1,
                                                   .total = 1,
                                                   .value = (double)rows},
                       message, error);
}

static int rows_check(struct job_work *work, const char *name, const struct weft_rows_rule *rule,
                      int64_t rows, int64_t before, struct weft_error *error)
{
    struct weft_arena *arena = work->arena;
    if (rule->min >= 0)
        WEFT_TRY(bound_check(
            work, weft_arena_format(arena, "%s.min", name), rule, rows, rows >= rule->min,
            weft_arena_format(arena, "%" PRId64 " row%s; at least %" PRId64 " are wanted", rows,
                              rows == 1 ? "" : "s", rule->min),
            error));
    if (rule->max >= 0)
        WEFT_TRY(bound_check(
            work, weft_arena_format(arena, "%s.max", name), rule, rows, rows <= rule->max,
            weft_arena_format(arena, "%" PRId64 " row%s; at most %" PRId64 " are wanted", rows,
                              rows == 1 ? "" : "s", rule->max),
            error));
    if (rule->change < 0 || before <= 0)
        return 0;
    double change = fabs((double)(rows - before)) / (double)before;
    return bound_check(
        work, weft_arena_format(arena, "%s.change", name), rule, rows, change <= rule->change,
        weft_arena_format(arena,
                          "%" PRId64 " row%s after %" PRId64
                          ": a change of %.4g %%; at most %.4g %% are wanted",
                          rows, rows == 1 ? "" : "s", before, change * 100, rule->change * 100),
        error);
}

static int64_t batch_before(const struct job_work *work)
{
    const struct weft_snapshot *current =
        work->table == NULL ? NULL : weft_table_current(work->table);
    int64_t rows = 0;
    if (current == NULL)
        return -1;
    const char *text = weft_json_text_or(current->summary, "added-records", "");
    return weft_parse_int64(text, strlen(text), &rows) ? rows : -1;
}

/* Of all records of the run: those of files, and of a product with sql those that the SQL gave. */
static void aside_count(const struct job_work *work, int64_t *total, int64_t *aside,
                        bool *none_left)
{
    *total = job_rows_count(work);
    *aside = (int64_t)work->rules.row_count;
    *none_left = *total > 0 && *aside == *total && !job_rows_stopped(work);
    int64_t read = 0, bad = 0;
    for (size_t i = 0; i < work->port_count; i++) {
        read += work->ports[i].out->balance.read;
        bad += work->ports[i].out->balance.input_quarantined;
    }
    *none_left = *none_left || (read > 0 && bad == read && work->source_count == 0);
    *total += read;
    *aside += bad;
}

/* Names the rule that most rows break. */
static const char *none_left_tell(const struct job_work *work, int64_t aside)
{
    const struct weft_outcome_check *most = NULL;
    for (size_t i = 0; i < work->check_count; i++) {
        if (!work->checks[i].passed && (most == NULL || work->checks[i].failing > most->failing))
            most = &work->checks[i];
    }
    const char *rule = most == NULL ? "a rule" : most->rule;
    return aside == 1
               ? weft_arena_format(work->arena, "no row is left: the only one breaks %s", rule)
               : weft_arena_format(work->arena, "no row is left: all %" PRId64 " break %s", aside,
                                   most == NULL || most->failing == aside ? rule : "a rule");
}

static int quarantine_max_check(struct job_work *work, struct weft_error *error)
{
    const struct weft_quality *quality = &work->product->quality;
    int64_t total = 0, aside = 0;
    bool none_left = false;
    aside_count(work, &total, &aside, &none_left);
    double share = total == 0 ? 0 : (double)aside / (double)total;
    bool passed = !job_rows_stopped(work) && share <= quality->quarantine_max && !none_left;
    const char *message =
        none_left
            ? none_left_tell(work, aside)
            : weft_arena_format(work->arena,
                                "%" PRId64 " of %" PRId64 " rows (%.4g %%)%s would be set "
                                "aside; at most %.4g %% are wanted",
                                aside, total, share * 100, job_rows_stopped(work) ? " so far" : "",
                                quality->quarantine_max * 100);
    return table_check(work,
                       (struct weft_outcome_check){.rule = "quarantine_max",
                                                   .on_fail = none_left
                                                                  ? WEFT_ON_FAIL_BLOCK
                                                                  : quality->quarantine_max_on_fail,
                                                   .passed = passed,
                                                   .failing = aside,
                                                   .total = total,
                                                   .value = share},
                       message, error);
}

/* ---- sql ---- */

struct check_names {
    struct job_work *work;
};

static int check_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                         struct weft_relation *out, struct weft_error *error)
{
    struct check_names *names = arg;
    (void)arena;
    if (name->schema == NULL && weft_equal_fold(name->table, "this"))
        return job_relation_this(names->work, true, out, error);
    if (name->schema == NULL && weft_equal_fold(name->table, "new"))
        return job_relation_new(names->work, out, error);
    return WEFT_NOT_THERE;
}

static int sql_check(struct job_work *work, const struct weft_check *check,
                     struct weft_error *error)
{
    struct check_names names = {work};
    struct weft_resolve_options options = {.resolve = check_resolve,
                                           .arg = &names,
                                           .now_us = work->job->time_us,
                                           .principal = "",
                                           .deterministic = true,
                                           .size_max = 1 << 17,
                                           .depth_max = 150,
                                           .file =
                                               job_check_file(work->arena, work->product, check),
                                           .line_offset = WEFT_MAX(check->place.line - 1, 0),
                                           .column_offset = WEFT_MAX(check->place.column - 1, 0),
                                           .indent = check->indent,
                                           .hide_values = work->job->mode != WEFT_JOB_PREVIEW};
    struct weft_resolved resolved = {0};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    weft_buf_init(&sql, (size_t)1 << 26);
    WEFT_TRY(weft_resolve(work->engine, work->arena, check->sql, strlen(check->sql), &options,
                          &resolved, error));
    weft_buf_addf(&sql, "SELECT count(*) FROM (%s) AS c", resolved.sql);
    WEFT_TRY(weft_buf_check(&sql, error));
    if (weft_engine_query(work->engine, sql.data, NULL, 0, &result, error) < 0 ||
        weft_result_row(result, error) < 0)
        return weft_engine_error_for_people(&resolved, error);
    int64_t failing = weft_result_int(result, 0);
    struct weft_outcome_check out = {.on_fail = check->on_fail,
                                     .passed = failing == 0,
                                     .failing = failing,
                                     .total = this_records(work),
                                     .value = (double)failing};
    out.rule = weft_arena_format(work->arena, "check.%s", check->name);
    if (out.rule == NULL)
        return weft_error_nomem(error);
    return table_check(work, out,
                       weft_arena_format(work->arena, "the check returns %" PRId64 " %s", failing,
                                         failing == 1 ? "row" : "rows"),
                       error);
}

/* ---- all ---- */

static bool check_blocks(const struct weft_outcome_check *check)
{
    return !check->passed &&
           (check->on_fail == WEFT_ON_FAIL_BLOCK ||
            (check->on_fail == WEFT_ON_FAIL_QUARANTINE && strcmp(check->kind, "table") == 0));
}

/* Blocked or not, by the checks told so far. */
static void blocked_tell(struct job_work *work)
{
    struct weft_error *error = &work->out->error;
    size_t more = 0;
    weft_error_clear(error);
    work->out->state = WEFT_RUN_PUBLISHED;
    for (size_t i = 0; i < work->check_count; i++) {
        const struct weft_outcome_check *check = &work->checks[i];
        if (!check_blocks(check))
            continue;
        if (work->out->state == WEFT_RUN_BLOCKED) {
            more++;
            continue;
        }
        work->out->state = WEFT_RUN_BLOCKED;
        if (check->message != NULL)
            weft_error_set(error, WEFT_E_BLOCKED, "%s: %s", check->rule, check->message);
        else
            weft_error_set(error, WEFT_E_BLOCKED, "%s: %" PRId64 " of %" PRId64 " row%s break%s it",
                           check->rule, check->failing, check->total, check->total == 1 ? "" : "s",
                           check->failing == 1 ? "s" : "");
    }
    if (more > 0)
        weft_error_detail(error, "%zu more rule%s the run", more,
                          more == 1 ? " blocks" : "s block");
}

int job_table_rules(struct job_work *work, struct weft_error *error)
{
    const struct weft_quality *quality = &work->product->quality;
    WEFT_TRY(job_point("run.checks", error));
    /* It speaks of what a run reads, which neither an example nor a present table is. */
    if (work->job->mode == WEFT_JOB_RUN || work->job->mode == WEFT_JOB_LOAD ||
        work->job->mode == WEFT_JOB_REBUILD || work->job->mode == WEFT_JOB_PREVIEW)
        WEFT_TRY(quarantine_max_check(work, error));
    blocked_tell(work);
    if (work->out->state == WEFT_RUN_BLOCKED && work->job->mode != WEFT_JOB_CHECK)
        return 0; /* what the table would be is not known, or does not matter any more */
    WEFT_TRY(replaced_count(work, error));
    WEFT_TRY(completeness_check(work, error));
    WEFT_TRY(freshness_note(work, error));
    WEFT_TRY(rows_check(work, "rows", &quality->rows, this_records(work),
                        work->table == NULL ? -1 : work->before_records, error));
    WEFT_TRY(
        rows_check(work, "batch", &quality->batch, work->data.records, batch_before(work), error));
    for (size_t i = 0; i < quality->check_count; i++) {
        if (quality->checks[i].sql != NULL)
            WEFT_TRY(sql_check(work, &quality->checks[i], error));
    }
    blocked_tell(work);
    return 0;
}

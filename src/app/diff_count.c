/*
 * diff_count.c - the SQL that compares two snapshots, and its figures. Files that both snapshots
 * have are left out of both sides: their rows are the same.
 */
#include "app/diff.h"

#include "base/text.h"

#include <string.h>

bool weft_diff_compared(const struct weft_diff_column *column)
{
    return column->before != NULL && column->after != NULL;
}

/* "shop"."orders" AT (VERSION => 17) */
static void put_table(const struct weft_diff *diff, const struct weft_snapshot *snapshot,
                      struct weft_buf *sql)
{
    const char *dot = strchr(diff->product, '.');
    weft_buf_addf(sql, "\"%.*s\".\"%s\" at (version => %" PRId64 ")", (int)(dot - diff->product),
                  diff->product, dot + 1, snapshot->snapshot_id);
}

/* The columns of one side under names of their own: c0, c1 ...; `here` tells a row from none. */
static void put_side(const struct weft_diff *diff, bool after, struct weft_buf *sql)
{
    weft_buf_adds(sql, "(select true as here");
    for (size_t i = 0; i < diff->column_count; i++) {
        const struct weft_column *column = after ? diff->columns[i].after : diff->columns[i].before;
        if (column == NULL)
            continue;
        weft_buf_adds(sql, ", ");
        weft_buf_add_sql_name(sql, column->name);
        weft_buf_addf(sql, " as c%zu", i);
    }
    weft_buf_adds(sql, " from ");
    put_table(diff, after ? diff->after : diff->before, sql);
    weft_buf_addc(sql, ')');
}

static void put_list(const struct weft_diff *diff, bool key_only, struct weft_buf *sql)
{
    bool any = false;
    for (size_t i = 0; i < diff->column_count; i++) {
        if (!weft_diff_compared(&diff->columns[i]) || (key_only && !diff->columns[i].key))
            continue;
        weft_buf_addf(sql, "%sc%zu", any ? ", " : "", i);
        any = true;
    }
}

void weft_diff_put_differs(const struct weft_diff *diff, struct weft_buf *sql)
{
    bool any = false;
    for (size_t i = 0; i < diff->column_count; i++) {
        if (!weft_diff_compared(&diff->columns[i]) || diff->columns[i].key)
            continue;
        weft_buf_addf(sql, "%sx.c%zu is distinct from y.c%zu", any ? " or " : "(", i, i);
        any = true;
    }
    weft_buf_adds(sql, any ? ")" : "false");
}

void weft_diff_put_join(const struct weft_diff *diff, struct weft_buf *sql)
{
    bool any = false;
    weft_buf_adds(sql, " from ");
    put_side(diff, false, sql);
    weft_buf_adds(sql, " as x full join ");
    put_side(diff, true, sql);
    weft_buf_adds(sql, " as y on ");
    for (size_t i = 0; i < diff->column_count; i++) {
        if (!diff->columns[i].key)
            continue;
        weft_buf_addf(sql, "%sx.c%zu is not distinct from y.c%zu", any ? " and " : "", i, i);
        any = true;
    }
}

/* Whole rows, with how often more (or less) they are there afterwards. */
void weft_diff_put_bags(const struct weft_diff *diff, struct weft_buf *sql)
{
    weft_buf_adds(sql, "(select ");
    put_list(diff, false, sql);
    weft_buf_adds(sql, ", cast(sum(sign) as bigint) as times from (select *, -1 as sign from ");
    put_side(diff, false, sql);
    weft_buf_adds(sql, " union all by name select *, 1 as sign from ");
    put_side(diff, true, sql);
    weft_buf_adds(sql, ") group by ");
    put_list(diff, false, sql);
    weft_buf_adds(sql, " having sum(sign) <> 0)");
}

int weft_diff_ask(struct weft_diff *diff, struct weft_query *query, struct weft_result **result,
                  struct weft_error *error)
{
    query->out = diff->out;
    if (!diff->guarded) /* which rows lie in one file is not his to know */
        query->left_out = diff->shared;
    WEFT_TRY(weft_buf_check(&query->sql, error));
    WEFT_TRY(weft_query_open(query, error));
    return weft_resolved_query(query->engine, &query->resolved, NULL, 0, result, error);
}

/* One row of figures, in the order of `figures`. */
static int figures_take(struct weft_diff *diff, struct weft_query *query, int64_t *const *figures,
                        size_t count, struct weft_error *error)
{
    struct weft_result *result = NULL;
    int rc = weft_diff_ask(diff, query, &result, error);
    if (rc == 0)
        rc = weft_result_row(result, error);
    if (rc < 0)
        weft_engine_error_for_people(&query->resolved, error);
    for (size_t i = 0; rc == 0 && i < count; i++)
        *figures[i] = weft_result_is_null(result, i) ? 0 : weft_result_int(result, i);
    weft_result_close(result);
    query->rows = 1;
    struct weft_error audit = WEFT_ERROR_INIT;
    if (query->resolved.sql != NULL && weft_query_audit(query, rc, rc < 0 ? &audit : error) < 0)
        return -1;
    return rc < 0 ? rc : 0;
}

/* ---- a reader who is not the operator ---- */

static int relation_keep(struct weft_diff *diff, const struct weft_relation *relation,
                         const struct weft_relation **out, struct weft_error *error)
{
    struct weft_relation *kept = weft_arena_alloc(diff->context->arena, sizeof *kept);
    if (kept == NULL)
        return weft_error_nomem(error);
    *kept = *relation;
    *out = kept;
    diff->guarded = diff->guarded || weft_relation_is_guarded(relation);
    return 0;
}

static int relation_secured(void *arg, const struct weft_query_secured *secured,
                            struct weft_error *error)
{
    struct weft_diff *diff = arg;
    if (secured->decision->min_group_count > 0) {
        weft_error_set(error, WEFT_E_DENIED,
                       "only groups of %s come out: two snapshots of it cannot be compared for %s",
                       diff->product, diff->context->request.principal);
        return weft_error_hint(error,
                               "compare aggregates: `from %s at (timestamp => ...)` reads the past",
                               diff->product);
    }
    if (secured->name->at.version == diff->before->snapshot_id)
        WEFT_TRY(relation_keep(diff, secured->relation, &diff->before_seen, error));
    if (secured->name->at.version == diff->after->snapshot_id)
        WEFT_TRY(relation_keep(diff, secured->relation, &diff->after_seen, error));
    return 0;
}

int weft_diff_look(struct weft_diff *diff, struct weft_error *error)
{
    int64_t *const figures[] = {&diff->before_rows, &diff->after_rows};
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, diff->context);
    query.secured = relation_secured;
    query.secured_arg = diff;
    weft_buf_adds(&query.sql, "select (select count(*) from ");
    put_table(diff, diff->before, &query.sql);
    weft_buf_adds(&query.sql, "), (select count(*) from ");
    put_table(diff, diff->after, &query.sql);
    weft_buf_addc(&query.sql, ')');
    WEFT_TRY(figures_take(diff, &query, figures, WEFT_COUNT(figures), error));
    if (diff->before_seen != NULL && diff->after_seen != NULL)
        return 0;
    return weft_error_set(error, WEFT_E_INTERNAL, "a snapshot of %s was not asked for",
                          diff->product);
}

/* ---- figures ---- */

/* Does the key tell the rows apart that differ, on both sides? */
static int key_check(struct weft_diff *diff, struct weft_error *error)
{
    int64_t before_twice = 0, after_twice = 0;
    int64_t *const figures[] = {&before_twice, &after_twice};
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, diff->context);
    struct weft_buf *sql = &query.sql;
    for (int after = 0; after < 2; after++) {
        weft_buf_adds(sql, after ? ", (select count(*) from (select 1 from "
                                 : "select (select count(*) from (select 1 from ");
        put_side(diff, after, sql);
        weft_buf_adds(sql, " group by ");
        put_list(diff, true, sql);
        weft_buf_adds(sql, " having count(*) > 1 limit 1))");
    }
    WEFT_TRY(figures_take(diff, &query, figures, WEFT_COUNT(figures), error));
    if (before_twice + after_twice == 0)
        return 0;
    diff->key_count = 0;
    diff->key_reason = "some rows share a key";
    for (size_t i = 0; i < diff->column_count; i++)
        diff->columns[i].key = false;
    return 0;
}

static int count_keyed(struct weft_diff *diff, struct weft_error *error)
{
    int64_t **figures =
        weft_arena_array(diff->context->arena, diff->column_count + 4, sizeof *figures);
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, diff->context);
    struct weft_buf *sql = &query.sql;
    size_t count = 0;
    if (figures == NULL)
        return weft_error_nomem(error);
    figures[count++] = &diff->added;
    figures[count++] = &diff->removed;
    figures[count++] = &diff->changed;
    weft_buf_adds(sql, "select count(*) filter (where x.here is null), "
                       "count(*) filter (where y.here is null), "
                       "count(*) filter (where x.here and y.here and ");
    weft_diff_put_differs(diff, sql);
    weft_buf_addc(sql, ')');
    for (size_t i = 0; i < diff->column_count; i++) {
        if (!weft_diff_compared(&diff->columns[i]) || diff->columns[i].key)
            continue;
        weft_buf_addf(sql,
                      ", count(*) filter (where x.here and y.here and x.c%zu is distinct from "
                      "y.c%zu)",
                      i, i);
        figures[count++] = &diff->columns[i].changed;
    }
    weft_diff_put_join(diff, sql);
    WEFT_TRY(figures_take(diff, &query, figures, count, error));
    diff->same = diff->before_rows - diff->removed - diff->changed;
    return 0;
}

static int count_bags(struct weft_diff *diff, struct weft_error *error)
{
    int64_t *const figures[] = {&diff->added, &diff->removed};
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, diff->context);
    weft_buf_adds(&query.sql, "select cast(sum(times) filter (where times > 0) as bigint), "
                              "cast(-sum(times) filter (where times < 0) as bigint) from ");
    weft_diff_put_bags(diff, &query.sql);
    WEFT_TRY(figures_take(diff, &query, figures, WEFT_COUNT(figures), error));
    diff->same = diff->before_rows - diff->removed;
    return 0;
}

bool weft_diff_any_compared(const struct weft_diff *diff)
{
    size_t i = 0;
    while (i < diff->column_count && !weft_diff_compared(&diff->columns[i]))
        i++;
    return i < diff->column_count;
}

int weft_diff_count(struct weft_diff *diff, struct weft_error *error)
{
    if (diff->before->snapshot_id == diff->after->snapshot_id) {
        diff->same = diff->before_rows;
        return 0;
    }
    if (!weft_diff_any_compared(diff)) {
        diff->added = diff->after_rows;
        diff->removed = diff->before_rows;
        return 0;
    }
    if (diff->key_count > 0)
        WEFT_TRY(key_check(diff, error));
    return diff->key_count > 0 ? count_keyed(diff, error) : count_bags(diff, error);
}

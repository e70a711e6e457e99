/*
 * diff.c - which snapshots and columns are compared, and by what; the SQL and its figures.
 */
#include "app/diff.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

/* ---- snapshots ---- */

struct lookup {
    struct weft_diff *diff;
    struct weft_ledger_txn *txn;
    const struct weft_registered *product;
    const struct weft_table *table;
};

static int not_there(const struct lookup *lookup, const char *word, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_FOUND, "%s has no snapshot %s", lookup->product->name, word);
    return weft_error_hint(error, "`weft snapshots %s` lists them", lookup->product->full_name);
}

/* So many before the current one. */
static int snapshot_back(const struct lookup *lookup, int64_t back, const char *word,
                         const struct weft_snapshot **out, struct weft_error *error)
{
    const struct weft_snapshot *snapshot = weft_table_current(lookup->table);
    for (; back > 0; back--) {
        int rc = snapshot->parent_id == 0
                     ? WEFT_NOT_THERE
                     : weft_table_find(lookup->table, snapshot->parent_id, &snapshot, error);
        WEFT_TRY(rc);
        if (rc == WEFT_NOT_THERE && snapshot->parent_id == 0 &&
            snapshot == weft_table_current(lookup->table)) {
            weft_error_set(error, WEFT_E_NOT_FOUND,
                           "%s has one snapshot: there is nothing to compare it with",
                           lookup->product->name);
            return weft_error_hint(error, "the next run or load that publishes makes another");
        }
        if (rc == WEFT_NOT_THERE)
            return not_there(lookup, word, error);
    }
    *out = snapshot;
    return 0;
}

/* By the ledger's order, as `query --as-of` does; a date is that day's end. */
static int snapshot_at(const struct lookup *lookup, const char *word, int64_t time_us,
                       const struct weft_snapshot **out, struct weft_error *error)
{
    int64_t sequence;
    struct weft_pointer pointer;
    if (strlen(word) == strlen("2026-11-21"))
        time_us += 24 * 3600 * INT64_C(1000000) - 1;
    WEFT_TRY(weft_ledger_sequence_at(lookup->txn, time_us, &sequence, error));
    int rc = sequence == 0
                 ? WEFT_NOT_THERE
                 : weft_pointer_get(lookup->txn, lookup->diff->context->arena, WEFT_SPACE_LAKE,
                                    lookup->product->table, sequence, &pointer, error);
    if (rc == 0)
        rc = weft_table_find(lookup->table, pointer.snapshot_id, out, error);
    return rc == WEFT_NOT_THERE ? not_there(lookup, word, error) : rc;
}

static int snapshot_find(const struct lookup *lookup, const char *word,
                         const struct weft_snapshot **out, struct weft_error *error)
{
    int64_t number, time_us;
    if (strcmp(word, "current") == 0)
        return snapshot_back(lookup, 0, word, out, error);
    if (weft_parse_int64(word, strlen(word), &number)) {
        if (number <= 0 && number > -1000000)
            return snapshot_back(lookup, -number, word, out, error);
        int rc = weft_table_find(lookup->table, number, out, error);
        return rc == WEFT_NOT_THERE ? not_there(lookup, word, error) : rc;
    }
    if (weft_time_parse(word, &time_us))
        return snapshot_at(lookup, word, time_us, out, error);
    weft_error_set(error, WEFT_E_USAGE, "`%s` is no snapshot", word);
    return weft_error_hint(error, "an id, a time (2026-11-21T04:00Z), -1 for the one before the "
                                  "current, or current");
}

/* ---- columns ---- */

static const struct weft_column *column_of_id(const struct weft_table_schema *schema, int id)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->columns[i].id == id)
            return &schema->columns[i];
    }
    return NULL;
}

static int columns_make(struct weft_diff *diff, const struct weft_table_schema *before,
                        const struct weft_table_schema *after, struct weft_error *error)
{
    diff->columns = weft_arena_array(diff->context->arena, before->count + after->count + 1,
                                     sizeof *diff->columns);
    if (diff->columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < after->count; i++)
        diff->columns[diff->column_count++] = (struct weft_diff_column){
            .before = column_of_id(before, after->columns[i].id), .after = &after->columns[i]};
    for (size_t i = 0; i < before->count; i++) {
        if (column_of_id(after, before->columns[i].id) == NULL)
            diff->columns[diff->column_count++] =
                (struct weft_diff_column){.before = &before->columns[i]};
    }
    return 0;
}

/* The contract's key, where both snapshots have its columns. */
static int key_choose(struct weft_diff *diff, const struct weft_product *contract,
                      struct weft_error *error)
{
    size_t found = 0;
    if (contract == NULL || contract->key.count == 0) {
        diff->key_reason = "the product has no key";
        return 0;
    }
    for (size_t k = 0; k < contract->key.count; k++) {
        for (size_t i = 0; i < diff->column_count; i++) {
            struct weft_diff_column *column = &diff->columns[i];
            if (column->before == NULL || column->after == NULL ||
                strcmp(column->after->name, contract->key.items[k]) != 0)
                continue;
            column->key = true;
            found++;
        }
    }
    if (found == contract->key.count) {
        diff->key_count = found;
        return 0;
    }
    for (size_t i = 0; i < diff->column_count; i++)
        diff->columns[i].key = false;
    diff->key_reason = "one of the snapshots does not have all columns of the key";
    (void)error;
    return 0;
}

static int table_look(struct weft_diff *diff, struct weft_ledger_txn *txn,
                      const struct weft_registered *product, const char *before, const char *after,
                      struct weft_error *error)
{
    struct weft_pointer pointer;
    struct weft_table *table;
    struct weft_arena *arena = diff->context->arena;
    int rc = weft_pointer_get(txn, arena, WEFT_SPACE_LAKE, product->table, 0, &pointer, error);
    if (rc == 0)
        rc = weft_table_load(arena, weft_ledger_home(diff->context->ledger), pointer.metadata,
                             &table, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || weft_table_current(table) == NULL) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "%s has no snapshot yet", product->name);
        return weft_error_hint(error, "`weft run %s` or `weft load %s FILE` publishes the first",
                               product->full_name, product->full_name);
    }
    struct lookup lookup = {diff, txn, product, table};
    WEFT_TRY(snapshot_find(&lookup, before == NULL ? "-1" : before, &diff->before, error));
    WEFT_TRY(snapshot_find(&lookup, after == NULL ? "current" : after, &diff->after, error));
    const struct weft_table_schema *old = weft_table_schema_of(table, diff->before->schema_id);
    const struct weft_table_schema *new = weft_table_schema_of(table, diff->after->schema_id);
    if (old == NULL || new == NULL)
        return weft_error_set(error, WEFT_E_CORRUPT, "a snapshot of %s names no schema",
                              product->name);
    WEFT_TRY(columns_make(diff, old, new, error));
    return key_choose(diff, product->in_force, error);
}

int weft_diff_begin(struct weft_diff *diff, const char *product, const char *before,
                    const char *after, struct weft_error *error)
{
    struct weft_registered registered;
    struct weft_ledger *ledger;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_context_product(diff->context, product, &registered, error));
    WEFT_TRY(weft_context_ledger(diff->context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    diff->product = registered.name;
    return table_look(diff, txn, &registered, before, after, error);
}

/* ---- SQL ---- */

static bool compared(const struct weft_diff_column *column)
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
        if (!compared(&diff->columns[i]) || (key_only && !diff->columns[i].key))
            continue;
        weft_buf_addf(sql, "%sc%zu", any ? ", " : "", i);
        any = true;
    }
}

static void put_differs(const struct weft_diff *diff, struct weft_buf *sql)
{
    bool any = false;
    for (size_t i = 0; i < diff->column_count; i++) {
        if (!compared(&diff->columns[i]) || diff->columns[i].key)
            continue;
        weft_buf_addf(sql, "%sx.c%zu is distinct from y.c%zu", any ? " or " : "(", i, i);
        any = true;
    }
    weft_buf_adds(sql, any ? ")" : "false");
}

static void put_join(const struct weft_diff *diff, struct weft_buf *sql)
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
static void put_bags(const struct weft_diff *diff, struct weft_buf *sql)
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

static int diff_ask(struct weft_diff *diff, struct weft_query *query, struct weft_result **result,
                    struct weft_error *error)
{
    query->out = diff->out;
    WEFT_TRY(weft_buf_check(&query->sql, error));
    WEFT_TRY(weft_query_open(query, error));
    return weft_resolved_query(query->engine, &query->resolved, NULL, 0, result, error);
}

/* One row of figures, in the order of `figures`. */
static int figures_take(struct weft_diff *diff, struct weft_query *query, int64_t *const *figures,
                        size_t count, struct weft_error *error)
{
    struct weft_result *result = NULL;
    int rc = diff_ask(diff, query, &result, error);
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

/* Rows of both sides, and whether the key tells rows apart on both. */
static int count_sides(struct weft_diff *diff, struct weft_error *error)
{
    int64_t before_twice = 0, after_twice = 0;
    int64_t *const figures[] = {&diff->before_rows, &diff->after_rows, &before_twice, &after_twice};
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, diff->context);
    struct weft_buf *sql = &query.sql;
    for (int after = 0; after < 2; after++) {
        weft_buf_adds(sql, after ? ", (select count(*) from " : "select (select count(*) from ");
        put_table(diff, after ? diff->after : diff->before, sql);
        weft_buf_addc(sql, ')');
    }
    for (int after = 0; diff->key_count > 0 && after < 2; after++) {
        weft_buf_adds(sql, ", (select count(*) from (select 1 from ");
        put_side(diff, after, sql);
        weft_buf_adds(sql, " group by ");
        put_list(diff, true, sql);
        weft_buf_adds(sql, " having count(*) > 1 limit 1))");
    }
    WEFT_TRY(figures_take(diff, &query, figures, diff->key_count > 0 ? 4 : 2, error));
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
    put_differs(diff, sql);
    weft_buf_addc(sql, ')');
    for (size_t i = 0; i < diff->column_count; i++) {
        if (!compared(&diff->columns[i]) || diff->columns[i].key)
            continue;
        weft_buf_addf(sql,
                      ", count(*) filter (where x.here and y.here and x.c%zu is distinct from "
                      "y.c%zu)",
                      i, i);
        figures[count++] = &diff->columns[i].changed;
    }
    put_join(diff, sql);
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
    put_bags(diff, &query.sql);
    WEFT_TRY(figures_take(diff, &query, figures, WEFT_COUNT(figures), error));
    diff->same = diff->before_rows - diff->removed;
    return 0;
}

static bool any_compared(const struct weft_diff *diff)
{
    size_t i = 0;
    while (i < diff->column_count && !compared(&diff->columns[i]))
        i++;
    return i < diff->column_count;
}

int weft_diff_count(struct weft_diff *diff, struct weft_error *error)
{
    WEFT_TRY(count_sides(diff, error));
    if (diff->before->snapshot_id == diff->after->snapshot_id) {
        diff->same = diff->before_rows;
        return 0;
    }
    if (!any_compared(diff)) {
        diff->added = diff->after_rows;
        diff->removed = diff->before_rows;
        return 0;
    }
    return diff->key_count > 0 ? count_keyed(diff, error) : count_bags(diff, error);
}

/* ---- rows ---- */

struct shown {
    struct weft_diff *diff;
    struct weft_result *result;
    duckdb_data_chunk chunk;
    idx_t row;
    struct weft_buf line;
    size_t *before; /* place of a column's value in the result; SIZE_MAX = none */
    size_t *after;
};

static int put_value(struct shown *shown, size_t place, enum weft_encode_format format,
                     struct weft_error *error)
{
    duckdb_vector vector = weft_duckdb.data_chunk_get_vector(shown->chunk, place);
    uint64_t *validity = weft_duckdb.vector_get_validity(vector);
    if (validity != NULL && !weft_duckdb.validity_row_is_valid(validity, shown->row)) {
        weft_buf_adds(&shown->line, format == WEFT_ENCODE_JSON ? "null" : "NULL");
        return 0;
    }
    return weft_encode_value(shown->result, shown->chunk, place, shown->row, format, &shown->line,
                             error);
}

static int64_t value_int(struct shown *shown, size_t place)
{
    duckdb_vector vector = weft_duckdb.data_chunk_get_vector(shown->chunk, place);
    return ((const int64_t *)weft_duckdb.vector_get_data(vector))[shown->row];
}

/* Does the column differ in this row of the result? By its text, which is exact. */
static int value_differs(struct shown *shown, size_t column, bool *differs,
                         struct weft_error *error)
{
    size_t start = shown->line.length;
    WEFT_TRY(put_value(shown, shown->before[column], WEFT_ENCODE_JSON, error));
    size_t middle = shown->line.length;
    WEFT_TRY(put_value(shown, shown->after[column], WEFT_ENCODE_JSON, error));
    size_t end = shown->line.length;
    WEFT_TRY(weft_buf_check(&shown->line, error));
    *differs = middle - start != end - middle ||
               memcmp(shown->line.data + start, shown->line.data + middle, middle - start) != 0;
    weft_buf_shrink(&shown->line, start);
    return 0;
}

static const char *column_name(const struct weft_diff_column *column)
{
    return column->after != NULL ? column->after->name : column->before->name;
}

/* amount: 1.50, paid: NULL */
static int line_values(struct shown *shown, const size_t *places, bool keys,
                       struct weft_error *error)
{
    bool any = false;
    for (size_t i = 0; i < shown->diff->column_count; i++) {
        const struct weft_diff_column *column = &shown->diff->columns[i];
        if (places[i] == SIZE_MAX || (keys && !column->key))
            continue;
        weft_buf_addf(&shown->line, "%s%s: ", any ? ", " : "", column_name(column));
        WEFT_TRY(put_value(shown, places[i], WEFT_ENCODE_TEXT, error));
        any = true;
    }
    return 0;
}

static int line_row(struct shown *shown, int64_t mark, int64_t times, struct weft_error *error)
{
    struct weft_diff *diff = shown->diff;
    weft_buf_adds(&shown->line, mark > 0 ? "+ " : mark < 0 ? "- " : "~ ");
    if (times > 1)
        weft_buf_addf(&shown->line, "%" PRId64 " times ", times);
    if (mark != 0)
        WEFT_TRY(line_values(shown, mark > 0 ? shown->after : shown->before, false, error));
    else
        WEFT_TRY(line_values(shown, shown->after, true, error));
    for (size_t i = 0; mark == 0 && i < diff->column_count; i++) {
        bool differs = false;
        if (diff->columns[i].key || shown->before[i] == SIZE_MAX || shown->after[i] == SIZE_MAX)
            continue;
        WEFT_TRY(value_differs(shown, i, &differs, error));
        if (!differs)
            continue;
        weft_buf_addf(&shown->line, "  %s: ", column_name(&diff->columns[i]));
        WEFT_TRY(put_value(shown, shown->before[i], WEFT_ENCODE_TEXT, error));
        weft_buf_adds(&shown->line, " -> ");
        WEFT_TRY(put_value(shown, shown->after[i], WEFT_ENCODE_TEXT, error));
    }
    WEFT_TRY(weft_buf_check(&shown->line, error));
    return weft_out_line(diff->out,
                         mark > 0   ? WEFT_STYLE_ADDED
                         : mark < 0 ? WEFT_STYLE_REMOVED
                                    : WEFT_STYLE_CHANGED,
                         error, "%s", shown->line.data);
}

static int json_values(struct shown *shown, const size_t *places, bool after, bool keys,
                       struct weft_error *error)
{
    bool any = false;
    weft_buf_addc(&shown->line, '{');
    for (size_t i = 0; i < shown->diff->column_count; i++) {
        const struct weft_diff_column *column = &shown->diff->columns[i];
        struct weft_json_writer json;
        if (places[i] == SIZE_MAX || (keys && !column->key))
            continue;
        weft_buf_adds(&shown->line, any ? "," : "");
        weft_json_writer_init(&json, &shown->line);
        weft_json_put_text(&json, after ? column->after->name : column->before->name);
        weft_buf_addc(&shown->line, ':');
        WEFT_TRY(put_value(shown, places[i], WEFT_ENCODE_JSON, error));
        any = true;
    }
    weft_buf_addc(&shown->line, '}');
    return 0;
}

static int json_row(struct shown *shown, int64_t mark, int64_t times, struct weft_error *error)
{
    weft_buf_addf(&shown->line, "{\"change\":\"%s\"",
                  mark > 0   ? "added"
                  : mark < 0 ? "removed"
                             : "changed");
    if (shown->diff->key_count == 0)
        weft_buf_addf(&shown->line, ",\"times\":%" PRId64, times);
    if (shown->diff->key_count > 0) {
        weft_buf_adds(&shown->line, ",\"key\":");
        WEFT_TRY(
            json_values(shown, mark < 0 ? shown->before : shown->after, mark >= 0, true, error));
    }
    if (mark <= 0) {
        weft_buf_adds(&shown->line, ",\"before\":");
        WEFT_TRY(json_values(shown, shown->before, false, false, error));
    }
    if (mark >= 0) {
        weft_buf_adds(&shown->line, ",\"after\":");
        WEFT_TRY(json_values(shown, shown->after, true, false, error));
    }
    weft_buf_addc(&shown->line, '}');
    WEFT_TRY(weft_buf_check(&shown->line, error));
    return weft_out_json(shown->diff->out, &shown->line, error);
}

static int rows_show(struct shown *shown, struct weft_query *query, struct weft_error *error)
{
    int rc;
    while ((rc = weft_result_next(shown->result, &shown->chunk, error)) == 0) {
        idx_t count = weft_duckdb.data_chunk_get_size(shown->chunk);
        for (shown->row = 0; shown->row < count; shown->row++, query->rows++) {
            int64_t mark = value_int(shown, 0), times = value_int(shown, 1);
            weft_buf_clear(&shown->line);
            WEFT_TRY(shown->diff->out->for_people ? line_row(shown, mark, times, error)
                                                  : json_row(shown, mark, times, error));
        }
    }
    return rc < 0 ? rc : 0;
}

/* mark (1 added, -1 removed, 0 changed), how often, then the columns. */
static void rows_sql(struct weft_diff *diff, int64_t limit, struct shown *shown,
                     struct weft_buf *sql)
{
    bool keyed = diff->key_count > 0;
    size_t place = 2;
    weft_buf_adds(sql, keyed ? "select cast(case when x.here is null then 1 when y.here is null "
                               "then -1 else 0 end as bigint) as mark, cast(1 as bigint) as times"
                             : "select cast(sign(times) as bigint) as mark, abs(times) as times");
    for (size_t i = 0; i < diff->column_count; i++) {
        const struct weft_diff_column *column = &diff->columns[i];
        shown->before[i] = shown->after[i] = SIZE_MAX;
        if (!keyed) {
            if (!compared(column))
                continue;
            weft_buf_addf(sql, ", c%zu", i);
            shown->before[i] = shown->after[i] = place++;
            continue;
        }
        if (column->before != NULL) {
            weft_buf_addf(sql, ", x.c%zu as x%zu", i, i);
            shown->before[i] = place++;
        }
        if (column->after != NULL) {
            weft_buf_addf(sql, ", y.c%zu as y%zu", i, i);
            shown->after[i] = place++;
        }
    }
    if (keyed) {
        put_join(diff, sql);
        weft_buf_adds(sql, " where x.here is null or y.here is null or ");
        put_differs(diff, sql);
    } else {
        weft_buf_adds(sql, " from ");
        put_bags(diff, sql);
    }
    weft_buf_adds(sql, " order by ");
    for (size_t i = 0; i < diff->column_count; i++) {
        if (keyed && diff->columns[i].key)
            weft_buf_addf(sql, "coalesce(x.c%zu, y.c%zu), ", i, i);
        else if (!keyed && compared(&diff->columns[i]))
            weft_buf_addf(sql, "c%zu, ", i);
    }
    weft_buf_addf(sql, "mark limit %" PRId64, limit);
}

int weft_diff_rows(struct weft_diff *diff, int64_t limit, struct weft_error *error)
{
    struct shown shown = {.diff = diff};
    if (diff->added + diff->removed + diff->changed == 0 || !any_compared(diff))
        return 0;
    shown.before = weft_arena_array(diff->context->arena, diff->column_count + 1, sizeof(size_t));
    shown.after = weft_arena_array(diff->context->arena, diff->column_count + 1, sizeof(size_t));
    if (shown.before == NULL || shown.after == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, diff->context);
    weft_buf_init(&shown.line, (size_t)1 << 30);
    rows_sql(diff, limit, &shown, &query.sql);
    int rc = diff_ask(diff, &query, &shown.result, error);
    if (rc == 0)
        rc = rows_show(&shown, &query, error);
    weft_result_close(shown.result);
    weft_buf_release(&shown.line);
    struct weft_error audit = WEFT_ERROR_INIT;
    if (query.resolved.sql != NULL && weft_query_audit(&query, rc, rc < 0 ? &audit : error) < 0)
        return -1;
    return rc;
}

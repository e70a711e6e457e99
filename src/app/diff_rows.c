/*
 * diff_rows.c - the rows that differ, shown.
 */
#include "app/diff.h"

#include "base/text.h"

#include <string.h>

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
            if (!weft_diff_compared(column))
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
        weft_diff_put_join(diff, sql);
        weft_buf_adds(sql, " where x.here is null or y.here is null or ");
        weft_diff_put_differs(diff, sql);
    } else {
        weft_buf_adds(sql, " from ");
        weft_diff_put_bags(diff, sql);
    }
    weft_buf_adds(sql, " order by ");
    for (size_t i = 0; i < diff->column_count; i++) {
        if (keyed && diff->columns[i].key)
            weft_buf_addf(sql, "coalesce(x.c%zu, y.c%zu), ", i, i);
        else if (!keyed && weft_diff_compared(&diff->columns[i]))
            weft_buf_addf(sql, "c%zu, ", i);
    }
    weft_buf_addf(sql, "mark limit %" PRId64, limit);
}

int weft_diff_rows(struct weft_diff *diff, int64_t limit, struct weft_error *error)
{
    struct shown shown = {.diff = diff};
    if (diff->added + diff->removed + diff->changed == 0 || !weft_diff_any_compared(diff))
        return 0;
    shown.before = weft_arena_array(diff->context->arena, diff->column_count + 1, sizeof(size_t));
    shown.after = weft_arena_array(diff->context->arena, diff->column_count + 1, sizeof(size_t));
    if (shown.before == NULL || shown.after == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, diff->context);
    weft_buf_init(&shown.line, (size_t)1 << 30);
    rows_sql(diff, limit, &shown, &query.sql);
    int rc = weft_diff_ask(diff, &query, &shown.result, error);
    if (rc == 0)
        rc = rows_show(&shown, &query, error);
    weft_result_close(shown.result);
    weft_buf_release(&shown.line);
    struct weft_error audit = WEFT_ERROR_INIT;
    if (query.resolved.sql != NULL && weft_query_audit(&query, rc, rc < 0 ? &audit : error) < 0)
        return -1;
    return rc;
}

/*
 * op_diff.c - diff: what differs between two snapshots of a product: totals, columns, rows.
 */
#include "app/diff.h"
#include "app/ops_internal.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const struct weft_op_arg diff_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product, or domain.product@2"},
    {"before", 0, WEFT_ARG_WORD, "BEFORE",
     "A snapshot's id, a time, or -1: so many before the current one. Default -1."},
    {"after", 0, WEFT_ARG_WORD, "AFTER", "Likewise; default the current one."},
    {"limit", 0, WEFT_ARG_TEXT, "N", "Show at most so many rows. Default 20."},
    {"summary", 0, WEFT_ARG_FLAG, NULL, "Only the figures."},
    {"exit-code", 0, WEFT_ARG_FLAG, NULL, "Exit with 4 when they differ."},
};

static void type_text(const struct weft_column *column, struct weft_buf *out)
{
    weft_buf_clear(out);
    weft_type_print(column->type, out);
}

/* ---- for people ---- */

static int snapshot_line(struct weft_diff *diff, const char *what,
                         const struct weft_snapshot *snapshot, int64_t rows,
                         struct weft_error *error)
{
    char when[WEFT_TIME_TEXT], count[40];
    weft_time_format(snapshot->timestamp_ms * 1000, when);
    weft_format_count(rows, count, sizeof count);
    return weft_out_line(diff->out, WEFT_STYLE_DIM, error, "%s %" PRId64 "  %s  %s row%s", what,
                         snapshot->snapshot_id, when, count, rows == 1 ? "" : "s");
}

static int schema_lines(struct weft_diff *diff, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf old;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf new;
    weft_buf_init(&old, 1 << 20);
    weft_buf_init(&new, 1 << 20);
    for (size_t i = 0; i < diff->column_count; i++) {
        const struct weft_diff_column *column = &diff->columns[i];
        if (column->before != NULL)
            type_text(column->before, &old);
        if (column->after != NULL)
            type_text(column->after, &new);
        WEFT_TRY(weft_buf_check(&old, error));
        WEFT_TRY(weft_buf_check(&new, error));
        if (column->before == NULL)
            WEFT_TRY(weft_out_line(diff->out, WEFT_STYLE_ADDED, error, "  + column %s %s",
                                   column->after->name, new.data));
        else if (column->after == NULL)
            WEFT_TRY(weft_out_line(diff->out, WEFT_STYLE_REMOVED, error, "  - column %s %s",
                                   column->before->name, old.data));
        else if (strcmp(column->before->name, column->after->name) != 0 ||
                 strcmp(old.data, new.data) != 0)
            WEFT_TRY(weft_out_line(diff->out, WEFT_STYLE_CHANGED, error,
                                   "  ~ column %s %s -> %s %s", column->before->name, old.data,
                                   column->after->name, new.data));
    }
    return 0;
}

static int column_figures(struct weft_diff *diff, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, 1 << 20);
    for (size_t i = 0; i < diff->column_count; i++) {
        char count[40];
        if (diff->columns[i].changed == 0)
            continue;
        weft_format_count(diff->columns[i].changed, count, sizeof count);
        weft_buf_addf(&line, "%s%s %s", line.length == 0 ? "" : ", ", diff->columns[i].after->name,
                      count);
    }
    WEFT_TRY(weft_buf_check(&line, error));
    if (line.length == 0)
        return 0;
    return weft_out_line(diff->out, WEFT_STYLE_PLAIN, error, "  changed in: %s", line.data);
}

static int people_head(struct weft_diff *diff, struct weft_error *error)
{
    char added[40], removed[40], changed[40], same[40];
    WEFT_TRY(weft_out_line(diff->out, WEFT_STYLE_TITLE, error, "%s", diff->product));
    WEFT_TRY(snapshot_line(diff, "before:", diff->before, diff->before_rows, error));
    WEFT_TRY(snapshot_line(diff, "after: ", diff->after, diff->after_rows, error));
    WEFT_TRY(schema_lines(diff, error));
    weft_format_count(diff->added, added, sizeof added);
    weft_format_count(diff->removed, removed, sizeof removed);
    weft_format_count(diff->changed, changed, sizeof changed);
    weft_format_count(diff->same, same, sizeof same);
    if (diff->key_count > 0)
        WEFT_TRY(weft_out_line(diff->out, WEFT_STYLE_PLAIN, error,
                               "%s added, %s removed, %s changed, %s the same", added, removed,
                               changed, same));
    else
        WEFT_TRY(weft_out_line(diff->out, WEFT_STYLE_PLAIN, error,
                               "%s added, %s removed, %s the same; whole rows are compared, as %s",
                               added, removed, same, diff->key_reason));
    return column_figures(diff, error);
}

/* ---- for programs ---- */

static void json_snapshot(struct weft_json_writer *json, const char *name,
                          const struct weft_snapshot *snapshot, int64_t rows)
{
    weft_json_key(json, name);
    weft_json_begin_object(json);
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, snapshot->snapshot_id);
    weft_json_member_text(json, "snapshot_id", id);
    weft_json_member_int(json, "rows", rows);
    weft_json_end_object(json);
}

static void json_columns(struct weft_diff *diff, struct weft_json_writer *json)
{
    struct weft_buf type;
    weft_buf_init(&type, 1 << 20);
    weft_json_key(json, "columns");
    weft_json_begin_array(json);
    for (size_t i = 0; i < diff->column_count; i++) {
        const struct weft_diff_column *column = &diff->columns[i];
        weft_json_begin_object(json);
        weft_json_member_text(json, "before", column->before == NULL ? NULL : column->before->name);
        weft_json_member_text(json, "after", column->after == NULL ? NULL : column->after->name);
        if (column->before != NULL) {
            type_text(column->before, &type);
            weft_json_member_text(json, "type_before", type.data);
        }
        if (column->after != NULL) {
            type_text(column->after, &type);
            weft_json_member_text(json, "type_after", type.data);
        }
        weft_json_member_bool(json, "key", column->key);
        weft_json_member_int(json, "changed", column->changed);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
    weft_buf_release(&type);
}

static int program_head(struct weft_diff *diff, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    struct weft_json_writer json;
    weft_buf_init(&buf, (size_t)16 << 20);
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "product", diff->product);
    json_snapshot(&json, "before", diff->before, diff->before_rows);
    json_snapshot(&json, "after", diff->after, diff->after_rows);
    weft_json_member_bool(&json, "by_key", diff->key_count > 0);
    weft_json_member_int(&json, "added", diff->added);
    weft_json_member_int(&json, "removed", diff->removed);
    weft_json_member_int(&json, "changed", diff->changed);
    weft_json_member_int(&json, "same", diff->same);
    json_columns(diff, &json);
    weft_json_end_object(&json);
    return weft_out_json(diff->out, &buf, error);
}

static bool schema_differs(const struct weft_diff *diff)
{
    for (size_t i = 0; i < diff->column_count; i++) {
        const struct weft_diff_column *column = &diff->columns[i];
        if (column->before == NULL || column->after == NULL ||
            strcmp(column->before->name, column->after->name) != 0 ||
            !weft_type_equal(column->before->type, column->after->type))
            return true;
    }
    return false;
}

static int diff_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_diff_end) struct weft_diff diff = {.context = context, .out = out};
    int64_t limit;
    WEFT_TRY(weft_op_limit(request, 20, &limit, error));
    WEFT_TRY(weft_diff_begin(&diff, weft_op_text(request, "product"),
                             weft_op_text(request, "before"), weft_op_text(request, "after"),
                             error));
    WEFT_TRY(weft_diff_count(&diff, error));
    WEFT_TRY(out->for_people ? people_head(&diff, error) : program_head(&diff, error));
    int64_t rows = diff.added + diff.removed + diff.changed;
    if (!weft_op_given(request, "summary")) {
        WEFT_TRY(weft_diff_rows(&diff, limit, error));
        if (rows > limit && out->for_people)
            weft_out_note(out, "%" PRId64 " more; --limit shows more", rows - limit);
    }
    if (weft_op_given(request, "exit-code") && (rows > 0 || schema_differs(&diff)))
        return WEFT_CHANGED;
    return 0;
}

const struct weft_op weft_op_diff = {
    .name = "diff",
    .group = "products",
    .summary = "Show what differs between two snapshots of a product.",
    .help =
        "Rows are matched by the product's key: + is added, - removed, ~ changed. Without a key "
        "rows are compared whole. `weft diff shop.orders` compares the current snapshot with "
        "the one before; `weft diff shop.orders 2026-11-01 2026-11-21` those of two days. "
        "A reader sees what differs of what he may read: what is hidden from him does not count.",
    .args = diff_args,
    .arg_count = WEFT_COUNT(diff_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = diff_run,
};

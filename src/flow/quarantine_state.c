/*
 * quarantine_state.c - states of rows that were set aside: the folds, and the entries that change
 * them. Only open rows change; an entry that names another one is refused whole, which is what
 * makes a replay happen once: state and publication change in one transaction.
 */
#include "flow/edits.h"
#include "flow/quarantine.h"
#include "flow/run_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- ranges ---- */

int weft_quarantine_ranges(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *table,
                           const char *state, int64_t sequence, struct weft_quarantine_range **out,
                           size_t *out_count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_quarantine_range *ranges = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_sql_query(
        txn, &stmt, error,
        "SELECT q.run_id, q.state, q.state_by, q.row_from, q.row_to, r.finished_at FROM "
        "flow_quarantine q "
        "JOIN flow_runs r ON r.run_id = q.run_id WHERE q.product = ?1 AND "
        "(?2 IS NULL OR q.state = ?2) AND q.seq_from <= ?3 AND (q.seq_to IS NULL OR q.seq_to > ?3) "
        "ORDER BY r.seq_from, q.row_from",
        "tti", table, state, sequence == 0 ? INT64_MAX - 1 : sequence));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &ranges, &capacity, count + 1, sizeof *ranges) < 0)
            return weft_error_nomem(error);
        struct weft_quarantine_range *range = &ranges[count++];
        *range = (struct weft_quarantine_range){.row_from = weft_stmt_column_int(stmt, 3),
                                                .row_to = weft_stmt_column_int(stmt, 4),
                                                .aside_us = weft_stmt_column_int(stmt, 5)};
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &range->run_id, error));
        WEFT_TRY(weft_sql_text(arena, stmt, 1, &range->state, error));
        WEFT_TRY(weft_sql_text(arena, stmt, 2, &range->state_by, error));
    }
    *out = ranges;
    *out_count = count;
    return rc < 0 ? rc : 0;
}

/* ---- folds ---- */

static int range_insert(struct weft_ledger_txn *txn, const char *table, const char *run_id,
                        int64_t from, int64_t to, const char *state, const char *by,
                        int64_t sequence, struct weft_error *error)
{
    if (from > to)
        return 0;
    return weft_sql_exec(txn, error,
                         "INSERT INTO flow_quarantine(product, run_id, row_from, row_to, state, "
                         "state_by, seq_from) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                         "ttiitti", table, run_id, from, to, state, by, sequence);
}

struct change {
    const char *table;
    const char *state;
    const char *by;
    int64_t sequence;
};

/* Cuts the range out of the open one that holds it. Ranges that count now do not overlap, so it is
 * the last of them that begins at `from` or before: found by the key, however many there are. */
static int range_change(struct weft_ledger_txn *txn, const struct change *change,
                        const char *run_id, int64_t from, int64_t to, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT row_from, row_to, seq_from, state FROM flow_quarantine WHERE "
                            "product = ?1 AND run_id = ?2 AND row_from <= ?3 AND seq_to IS NULL "
                            "ORDER BY row_from DESC LIMIT 1",
                            "tti", change->table, run_id, from));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END || from > to || weft_stmt_column_int(stmt, 1) < to ||
        strcmp(weft_stmt_column_text(stmt, 3), WEFT_QUARANTINE_OPEN) != 0)
        return weft_error_set(error, WEFT_E_CONFLICT,
                              "rows %" PRId64 " to %" PRId64 " that run %s set aside are not all "
                              "open any more",
                              from, to, run_id);
    int64_t first = weft_stmt_column_int(stmt, 0), last = weft_stmt_column_int(stmt, 1);
    bool own = weft_stmt_column_int(stmt, 2) == change->sequence;
    weft_stmt_reset(stmt);
    WEFT_TRY(weft_sql_exec(txn, error,
                           own ? "DELETE FROM flow_quarantine WHERE product = ?1 AND run_id = ?2 "
                                 "AND row_from = ?3 AND seq_from = ?4"
                               : "UPDATE flow_quarantine SET seq_to = ?4 WHERE product = ?1 AND "
                                 "run_id = ?2 AND row_from = ?3 AND seq_to IS NULL",
                           "ttii", change->table, run_id, first, change->sequence));
    WEFT_TRY(range_insert(txn, change->table, run_id, first, from - 1, WEFT_QUARANTINE_OPEN, "",
                          change->sequence, error));
    WEFT_TRY(range_insert(txn, change->table, run_id, from, to, change->state, change->by,
                          change->sequence, error));
    return range_insert(txn, change->table, run_id, to + 1, last, WEFT_QUARANTINE_OPEN, "",
                        change->sequence, error);
}

/* rows: [{"run_id": ..., "ranges": [from, to, from, to ...]}] */
static int rows_change(struct weft_ledger_txn *txn, const struct change *change, yyjson_val *rows,
                       struct weft_error *error)
{
    size_t i, max;
    yyjson_val *item;
    yyjson_arr_foreach(rows, i, max, item)
    {
        const char *run_id = NULL;
        yyjson_val *ranges = NULL;
        WEFT_TRY(weft_json_text(item, "run_id", &run_id, error));
        WEFT_TRY(weft_json_array(item, "ranges", &ranges, error));
        yyjson_arr_iter iter = yyjson_arr_iter_with(ranges);
        yyjson_val *from, *to;
        while ((from = yyjson_arr_iter_next(&iter)) != NULL &&
               (to = yyjson_arr_iter_next(&iter)) != NULL)
            WEFT_TRY(range_change(txn, change, run_id, yyjson_get_sint(from), yyjson_get_sint(to),
                                  error));
    }
    return 0;
}

static int fold_change(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                       yyjson_val *body, const char *state, const char *by,
                       struct weft_error *error)
{
    struct change change = {.state = state, .by = by, .sequence = entry->sequence};
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    yyjson_val *rows = NULL;
    WEFT_TRY(weft_json_text(body, "product", &change.table, error));
    WEFT_TRY(weft_flow_list_get(txn, body, "rows", &doc, &rows, error));
    return rows_change(txn, &change, rows, error);
}

int weft_flow_fold_replayed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                            yyjson_val *body, struct weft_error *error)
{
    const char *run_id = NULL;
    WEFT_TRY(weft_json_text(body, "run_id", &run_id, error));
    return fold_change(txn, entry, body, "replayed", run_id, error);
}

int weft_flow_fold_dismissed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                             yyjson_val *body, struct weft_error *error)
{
    return fold_change(txn, entry, body, "dismissed", entry->actor, error);
}

int weft_flow_quarantine_close(struct weft_ledger_txn *txn, const char *table, const char *run_id,
                               const char *state, int64_t sequence, struct weft_error *error)
{
    WEFT_TRY(weft_sql_exec(txn, error,
                           "INSERT INTO flow_quarantine(product, run_id, row_from, row_to, state, "
                           "state_by, seq_from) SELECT product, run_id, row_from, row_to, ?3, ?2, "
                           "?4 FROM flow_quarantine WHERE product = ?1 AND state = 'open' AND "
                           "seq_to IS NULL AND run_id <> ?2",
                           "ttti", table, run_id, state, sequence));
    return weft_sql_exec(txn, error,
                         "UPDATE flow_quarantine SET seq_to = ?3 WHERE product = ?1 AND state = "
                         "'open' AND seq_to IS NULL AND run_id <> ?2 AND seq_from < ?3",
                         "tti", table, run_id, sequence);
}

/* ---- appending ---- */

/* Runs of neighbouring numbers become one range. */
static void ranges_put(struct weft_json_writer *writer, const struct weft_job_replay *item)
{
    weft_json_key(writer, "ranges");
    weft_json_begin_array(writer);
    for (size_t i = 0; i < item->row_count;) {
        size_t end = i + 1;
        while (end < item->row_count && item->row_numbers[end] == item->row_numbers[end - 1] + 1)
            end++;
        weft_json_put_int(writer, item->row_numbers[i]);
        weft_json_put_int(writer, item->row_numbers[end - 1]);
        i = end;
    }
    weft_json_end_array(writer);
}

static int rows_put(struct weft_ledger *ledger, struct weft_json_writer *writer,
                    const struct weft_job_replay *rows, size_t count, struct weft_error *error)
{
    struct weft_json_writer list;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf json;
    weft_buf_init(&json, WEFT_RUN_LIST_MAX);
    weft_json_writer_init(&list, &json);
    weft_json_begin_array(&list);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].row_count == 0)
            continue;
        weft_json_begin_object(&list);
        weft_json_member_text(&list, "run_id", rows[i].run_id);
        ranges_put(&list, &rows[i]);
        weft_json_end_object(&list);
    }
    weft_json_end_array(&list);
    return weft_flow_list_put(ledger, writer, "rows", &json, error);
}

static int number_compare(const void *a, const void *b)
{
    const int64_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static bool replays_have(const struct weft_job_replay *rows, size_t count, const char *run_id,
                         int64_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].run_id, run_id) == 0 &&
            bsearch(&number, rows[i].row_numbers, rows[i].row_count, sizeof number,
                    number_compare) != NULL)
            return true;
    }
    return false;
}

/* That values were changed, and by which file: the values themselves stay outside. */
static void edits_put(struct weft_json_writer *writer, const struct weft_edits *edits,
                      const struct weft_job_replay *rows, size_t count)
{
    int64_t edited = 0;
    if (edits == NULL)
        return;
    for (size_t i = 0; i < edits->count; i++) {
        const struct weft_edit *edit = &edits->items[i];
        edited += edit->changed && replays_have(rows, count, edit->run_id, edit->number);
    }
    weft_json_key(writer, "edited");
    weft_json_begin_object(writer);
    weft_json_member_text(writer, "digest", edits->digest);
    weft_json_member_int(writer, "rows", edited);
    weft_json_end_object(writer);
}

int weft_flow_quarantine_append(struct weft_ledger_txn *txn, struct weft_ledger *ledger,
                                const char *actor, const char *kind, const char *table,
                                const char *run_id, const char *because,
                                const struct weft_edits *edits, const struct weft_job_replay *rows,
                                size_t count, struct weft_error *error)
{
    struct weft_json_writer writer;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    int64_t sequence = 0;
    weft_buf_init(&body, (size_t)2 * WEFT_LEDGER_BODY_MAX);
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "product", table);
    if (run_id != NULL)
        weft_json_member_text(&writer, "run_id", run_id);
    if (because != NULL)
        weft_json_member_text(&writer, "because", because);
    edits_put(&writer, edits, rows, count);
    WEFT_TRY(rows_put(ledger, &writer, rows, count, error));
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, kind, body.data, &sequence, error);
}

int weft_quarantine_dismiss(struct weft_ledger *ledger, struct weft_arena *arena,
                            const struct weft_registered *product,
                            const struct weft_quarantine_choice *choice, const char *actor,
                            const char *because, int64_t *count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    const struct weft_job_replay *rows = NULL;
    size_t row_count = 0;
    int64_t dismissed = 0;
    int found = weft_flow_quarantine_pick(ledger, arena, product, choice, &rows, &row_count, error);
    if (found != 0)
        return found;
    for (size_t i = 0; i < row_count; i++)
        dismissed += (int64_t)rows[i].row_count;
    if (dismissed > 0) {
        WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
        WEFT_TRY(weft_flow_quarantine_append(txn, ledger, actor, WEFT_KIND_DISMISSED,
                                             product->table, NULL, because, NULL, rows, row_count,
                                             error));
        int rc = weft_ledger_commit(txn, error);
        txn = NULL;
        WEFT_TRY(rc);
    }
    *count = dismissed;
    return 0;
}

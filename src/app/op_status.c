/*
 * op_status.c - status: how each product's last run ended, whether it keeps its freshness, and
 * whether what it reads has newer data than it has seen.
 */
#include "app/emergency.h"
#include "app/ops_internal.h"
#include "context/sight.h"
#include "plan/choose.h"

#include "base/clock.h"
#include "base/map.h"
#include "engine/mesh_table.h"
#include "flow/run.h"
#include "lake/pointer.h"

#include <stdio.h>
#include <string.h>

struct status_row {
    const char *product; /* as mesh.products calls it */
    const char *version;
    const char *contract; /* active, draft, retired ... */
    const char *pending;
    bool has_table;
    int64_t rows; /* -1 = none, or not told */
    int64_t snapshot_id;
    int64_t published_at;
    int64_t checked_at;
    int fresh; /* -1 = nothing was promised */
    /* of its last recorded run; state NULL = never run */
    const char *state;
    const char *run_id;
    const char *message;
    int64_t ended_at;
    const char *unfinished; /* what follows a publication and failed so far; NULL = nothing */
    const char *behind;     /* what it reads, in one step or more, that has newer data, as a list */
    struct status_row **reads;
    bool *stale; /* of reads: newer than what was read of it */
    size_t read_count, read_capacity, stale_capacity;
    const char **late; /* the names in behind */
    size_t late_count, late_capacity;
    bool followed;
    bool shown;
};

struct status {
    struct weft_context *context;
    struct weft_ledger_txn *txn;
    int64_t sequence;
    const struct weft_sight *sight; /* NULL = all of it */
    struct weft_choice choice;
    struct status_row *rows;
    size_t count;
    size_t capacity;
    size_t chosen;
    const struct weft_op_value *words;
    struct weft_map *index; /* product -> row */
};

static void status_release(struct status *status)
{
    weft_map_free(status->index);
    weft_choice_end(&status->choice);
}

/* ---- reading ---- */

/* A text of the current row, kept. */
static int text_get(struct status *status, struct weft_mesh_cursor *stmt, const char *table,
                    const char *column, const char **out, struct weft_error *error)
{
    int at = weft_op_mesh_column(table, column);
    assert(at >= 0);
    *out = NULL;
    if (weft_mesh_cursor_is_null(stmt, at))
        return 0;
    *out = weft_arena_strdup(status->context->arena, weft_mesh_cursor_text(stmt, at));
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int64_t int_get(struct weft_mesh_cursor *stmt, const char *table, const char *column)
{
    int at = weft_op_mesh_column(table, column);
    assert(at >= 0);
    return weft_mesh_cursor_is_null(stmt, at) ? 0 : weft_mesh_cursor_int(stmt, at);
}

static int table_open(struct status *status, const char *table, struct weft_mesh_cursor **stmt,
                      struct weft_error *error)
{
    return weft_mesh_table_open(status->txn, weft_sight_view(status->sight), table,
                                status->sequence, weft_clock_us(), stmt, error);
}

static int product_read(struct status *status, struct weft_mesh_cursor *stmt,
                        struct weft_error *error)
{
    static const char table[] = "products";
    struct status_row row = {.rows = int_get(stmt, table, "rows"),
                             .snapshot_id = int_get(stmt, table, "snapshot_id"),
                             .published_at = int_get(stmt, table, "published_at"),
                             .checked_at = int_get(stmt, table, "checked_at")};
    if (weft_mesh_cursor_is_null(stmt, weft_op_mesh_column(table, "rows")))
        row.rows = -1;
    int fresh = weft_op_mesh_column(table, "fresh");
    row.fresh = weft_mesh_cursor_is_null(stmt, fresh) ? -1 : weft_mesh_cursor_int(stmt, fresh) != 0;
    row.has_table = row.snapshot_id != 0;
    WEFT_TRY(text_get(status, stmt, table, "product", &row.product, error));
    WEFT_TRY(text_get(status, stmt, table, "version", &row.version, error));
    WEFT_TRY(text_get(status, stmt, table, "status", &row.contract, error));
    WEFT_TRY(text_get(status, stmt, table, "pending_version", &row.pending, error));
    row.shown = weft_choice_has(&status->choice,
                                weft_mesh_cursor_text(stmt, weft_op_mesh_column(table, "domain")),
                                weft_mesh_cursor_text(stmt, weft_op_mesh_column(table, "name")),
                                int_get(stmt, table, "major"));
    status->chosen += row.shown;
    if (weft_arena_reserve(status->context->arena, &status->rows, &status->capacity,
                           status->count + 1, sizeof row) < 0)
        return weft_error_nomem(error);
    status->rows[status->count++] = row;
    return 0;
}

static int products_read(struct status *status, struct weft_error *error)
{
    WEFT_CLEANUP(weft_mesh_cursor_freep) struct weft_mesh_cursor *stmt = NULL;
    int rc;
    WEFT_TRY(table_open(status, "products", &stmt, error));
    while ((rc = weft_mesh_cursor_step(stmt, error)) == 0)
        WEFT_TRY(product_read(status, stmt, error));
    WEFT_TRY(rc);
    status->index = weft_map_new();
    for (size_t i = 0; status->index != NULL && i < status->count; i++) {
        if (weft_map_put(status->index, status->rows[i].product, &status->rows[i]) < 0)
            return weft_error_nomem(error);
    }
    return status->index == NULL ? weft_error_nomem(error) : 0;
}

/* The newest come first: done when each that is shown has its last one. */
static int runs_read(struct status *status, struct weft_error *error)
{
    static const char table[] = "runs";
    WEFT_CLEANUP(weft_mesh_cursor_freep) struct weft_mesh_cursor *stmt = NULL;
    size_t left = status->chosen;
    int rc = 0;
    WEFT_TRY(table_open(status, table, &stmt, error));
    while (left > 0 && (rc = weft_mesh_cursor_step(stmt, error)) == 0) {
        struct status_row *row = weft_map_get(
            status->index, weft_mesh_cursor_text(stmt, weft_op_mesh_column(table, "product")));
        if (row == NULL || !row->shown || row->state != NULL)
            continue;
        left--;
        row->ended_at = int_get(stmt, table, "finished_at");
        WEFT_TRY(text_get(status, stmt, table, "run_id", &row->run_id, error));
        WEFT_TRY(text_get(status, stmt, table, "state", &row->state, error));
        WEFT_TRY(text_get(status, stmt, table, "message", &row->message, error));
        /* It was looked at since, and there was nothing to do: that leaves no record. */
        if (row->checked_at > row->ended_at && strcmp(row->state, "published") != 0) {
            row->state = "nothing new";
            row->message = NULL;
        }
    }
    return rc < 0 ? rc : 0;
}

static int read_add(struct weft_arena *arena, struct status_row *row, struct status_row *read,
                    bool stale, struct weft_error *error)
{
    if (weft_arena_reserve(arena, &row->reads, &row->read_capacity, row->read_count + 1,
                           sizeof *row->reads) < 0 ||
        weft_arena_reserve(arena, &row->stale, &row->stale_capacity, row->read_count + 1,
                           sizeof *row->stale) < 0)
        return weft_error_nomem(error);
    row->reads[row->read_count] = read;
    row->stale[row->read_count++] = stale;
    return 0;
}

/* "dev:shop.orders": read of the home that is deferred to, where it may have another state by now;
 * or it has one here by now, which comes first. */
static int deferred_find(struct status *status, const char *table, const char *shown,
                         struct status_row **out, struct weft_error *error)
{
    struct weft_arena *arena = status->context->arena;
    struct weft_ledger_txn *there;
    struct weft_pointer pointer;
    struct status_row *here = weft_map_get(status->index, table);
    *out = here;
    if (here != NULL && here->has_table)
        return 0;
    *out = NULL;
    WEFT_TRY(weft_context_deferred_txn(status->context, &there, error));
    int rc = there == NULL
                 ? WEFT_NOT_THERE
                 : weft_pointer_get(there, arena, WEFT_SPACE_LAKE, table, 0, &pointer, error);
    if (rc != 0 || pointer.snapshot_id == 0)
        return rc < 0 ? rc : 0;
    struct status_row *made = weft_arena_alloc(arena, sizeof *made);
    if (made == NULL)
        return weft_error_nomem(error);
    *made = (struct status_row){.product = weft_arena_strdup(arena, shown),
                                .snapshot_id = pointer.snapshot_id};
    *out = made;
    return made->product == NULL ? weft_error_nomem(error) : 0;
}

/* What a product has read, as it is now; *out NULL = it is not known any more. */
static int upstream_find(struct status *status, const char *upstream, struct status_row **out,
                         struct weft_error *error)
{
    const struct weft_run_deferred *deferred;
    size_t length = strcspn(upstream, ":");
    if (upstream[length] == '\0') {
        *out = weft_map_get(status->index, upstream);
        return 0;
    }
    WEFT_TRY(weft_context_deferred(status->context, &deferred, error));
    *out = NULL;
    if (deferred == NULL || strlen(deferred->environment) != length ||
        memcmp(deferred->environment, upstream, length) != 0)
        return 0;
    return deferred_find(status, upstream + length + 1, upstream, out, error);
}

/* Positions in other products against what these have now. */
static int inputs_read(struct status *status, struct weft_error *error)
{
    static const char table[] = "inputs";
    WEFT_CLEANUP(weft_mesh_cursor_freep) struct weft_mesh_cursor *stmt = NULL;
    int rc;
    WEFT_TRY(table_open(status, table, &stmt, error));
    while ((rc = weft_mesh_cursor_step(stmt, error)) == 0) {
        int upstream = weft_op_mesh_column(table, "upstream");
        int position = weft_op_mesh_column(table, "position");
        if (weft_mesh_cursor_is_null(stmt, upstream) || weft_mesh_cursor_is_null(stmt, position))
            continue;
        struct status_row *row = weft_map_get(
            status->index, weft_mesh_cursor_text(stmt, weft_op_mesh_column(table, "product")));
        struct status_row *read;
        char now[32];
        if (row == NULL)
            continue;
        WEFT_TRY(upstream_find(status, weft_mesh_cursor_text(stmt, upstream), &read, error));
        if (read == NULL)
            continue;
        snprintf(now, sizeof now, "%" PRId64, read->snapshot_id);
        bool same = strcmp(now, weft_mesh_cursor_text(stmt, position)) == 0;
        WEFT_TRY(read_add(status->context->arena, row, read, !same, error));
    }
    return rc < 0 ? rc : 0;
}

static int late_add(struct weft_arena *arena, struct status_row *row, const char *name,
                    struct weft_error *error)
{
    for (size_t i = 0; i < row->late_count; i++) {
        if (strcmp(row->late[i], name) == 0)
            return 0;
    }
    if (weft_arena_reserve(arena, &row->late, &row->late_capacity, row->late_count + 1,
                           sizeof *row->late) < 0)
        return weft_error_nomem(error);
    row->late[row->late_count++] = name;
    row->behind = weft_arena_format(arena, "%s%s%s", row->behind == NULL ? "" : row->behind,
                                    row->behind == NULL ? "" : ", ", name);
    return row->behind == NULL ? weft_error_nomem(error) : 0;
}

/* What a product is behind, those behind it are behind too. There are no rings; were there one, it
 * would end here. */
static int late_follow(struct status *status, struct status_row *row, struct weft_error *error)
{
    if (row->followed)
        return 0;
    row->followed = true;
    for (size_t i = 0; i < row->read_count; i++) {
        struct status_row *read = row->reads[i];
        if (row->stale[i])
            WEFT_TRY(late_add(status->context->arena, row, read->product, error));
        WEFT_TRY(late_follow(status, read, error));
        for (size_t k = 0; k < read->late_count; k++)
            WEFT_TRY(late_add(status->context->arena, row, read->late[k], error));
    }
    return 0;
}

/* Paths and what went wrong with them: for the team. */
static bool outbox_shown(const struct status *status, const struct weft_outbox_item *item)
{
    const struct weft_sight_item *product =
        status->sight == NULL ? NULL : weft_sight_named(status->sight, item->product);
    return status->sight == NULL ||
           (product != NULL && weft_sight_made(product) &&
            (item->message == NULL || !weft_sight_tells(status->sight, item->message)) &&
            !weft_sight_tells(status->sight, item->path) &&
            (item->target == NULL || !weft_sight_tells(status->sight, item->target)));
}

/* A file that could not be moved to its done: folder, and the like. */
static int outbox_read(struct status *status, struct weft_error *error)
{
    struct weft_arena *arena = status->context->arena;
    struct weft_outbox_item *items = NULL;
    size_t count = 0;
    WEFT_TRY(weft_outbox_failed(status->context->ledger, arena, &items, &count, error));
    for (size_t i = 0; i < count; i++) {
        struct status_row *row = weft_map_get(status->index, items[i].product);
        if (row == NULL || !outbox_shown(status, &items[i]))
            continue;
        const char *before = row->unfinished;
        row->unfinished =
            weft_arena_format(arena, "%s%s%s of %s%s%s failed, and is tried again by each run: %s",
                              before == NULL ? "" : before, before == NULL ? "" : "; ",
                              items[i].action, items[i].path, items[i].target == NULL ? "" : " to ",
                              items[i].target == NULL ? "" : items[i].target, items[i].message);
        if (row->unfinished == NULL)
            return weft_error_nomem(error);
    }
    return 0;
}

/* ---- telling ---- */

static const struct weft_out_column status_columns[] = {
    {"product", false, false},         {"version", false, false},
    {"state", false, false},           {"rows", true, false},
    {"published_at", false, false},    {"checked_at", false, false},
    {"fresh", false, false},           {"behind", false, false},
    {"pending_version", false, false}, {"status", false, true},
    {"snapshot_id", true, true},       {"run_id", false, true},
    {"run_ended_at", false, true},     {"message", false, true},
    {"unfinished", false, true},
};

static int row_tell(const struct status_row *row, struct weft_out *out, struct weft_error *error)
{
    const struct weft_cell null = {.kind = WEFT_CELL_NULL};
    const struct weft_cell cells[] = {
        weft_out_cell_text(row->product),
        weft_out_cell_text(row->version),
        weft_out_cell_text(row->state == NULL ? "never run" : row->state),
        row->rows >= 0 ? weft_out_cell_int(row->rows) : null,
        weft_out_cell_time(row->published_at),
        weft_out_cell_time(row->checked_at),
        row->fresh < 0 ? null : weft_out_cell_bool(row->fresh != 0),
        weft_out_cell_text(row->behind),
        weft_out_cell_text(row->pending),
        weft_out_cell_text(row->contract),
        row->has_table ? weft_out_cell_int(row->snapshot_id) : null,
        weft_out_cell_text(row->run_id),
        weft_out_cell_time(row->ended_at),
        weft_out_cell_text(row->message),
        weft_out_cell_text(row->unfinished),
    };
    return weft_out_row(out, cells, error);
}

/* What went wrong last, below the table: texts are too long for it. */
static int troubles_tell(const struct status *status, struct weft_out *out,
                         struct weft_error *error)
{
    for (size_t i = 0; i < status->count; i++) {
        const struct status_row *row = &status->rows[i];
        if (row->shown && row->unfinished != NULL)
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error, "%s: %s", row->product,
                                   row->unfinished));
        if (!row->shown || row->message == NULL)
            continue;
        char when[WEFT_TIME_TEXT];
        weft_time_format(row->ended_at, when);
        bool twice = strncmp(row->message, "skipped: ", 9) == 0;
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error, "%s %s %.19s: %s", row->product,
                               row->state, when, row->message + (twice ? 9 : 0)));
    }
    return 0;
}

static int status_tell(const struct status *status, struct weft_out *out, struct weft_error *error)
{
    struct weft_out_column columns[WEFT_COUNT(status_columns)];
    memcpy(columns, status_columns, sizeof columns);
    if (out->for_people) {
        columns[4].name = "published";
        columns[5].name = "checked";
        columns[8].name = "pending";
    }
    WEFT_TRY(weft_out_table(out, columns, WEFT_COUNT(columns), error));
    for (size_t i = 0; i < status->count; i++) {
        if (status->rows[i].shown)
            WEFT_TRY(row_tell(&status->rows[i], out, error));
    }
    WEFT_TRY(weft_out_table_end(out, error));
    if (status->chosen == 0 && out->for_people)
        weft_out_note(out, "%s", weft_choice_empty(status->words));
    return out->for_people ? troubles_tell(status, out, error) : 0;
}

/* The owner and the governance officer are told by this line, until it is reviewed. */
static int emergencies_tell(const struct status *status, struct weft_out *out,
                            struct weft_error *error)
{
    size_t waiting = 0;
    WEFT_TRY(weft_emergency_waiting(status->context, status->txn, &waiting, error));
    if (waiting > 0)
        weft_out_warn(out, "%zu emergency access%s to review: weft requests --state \"to review\"",
                      waiting, waiting == 1 ? "" : "es");
    return 0;
}

static const struct weft_op_arg status_args[] = {
    WEFT_ARG_PRODUCTS("without any, all of the home."),
    WEFT_ARG_EXCLUDE,
};

static int status_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(status_release)
    struct status status = {.context = context, .words = weft_op_value(request, "product")};
    struct weft_ledger_head head;
    WEFT_TRY(weft_choice_make(context, weft_op_value(request, "product"),
                              weft_op_value(request, "exclude"), true, &status.choice, error));
    status.txn = status.choice.txn;
    WEFT_TRY(weft_ledger_head(status.txn, &head, error));
    status.sequence = head.sequence;
    WEFT_TRY(weft_sight_get(context, status.txn, 0, &status.sight, error));
    WEFT_TRY(products_read(&status, error));
    WEFT_TRY(runs_read(&status, error));
    WEFT_TRY(inputs_read(&status, error));
    for (size_t i = 0; i < status.count; i++)
        WEFT_TRY(late_follow(&status, &status.rows[i], error));
    WEFT_TRY(outbox_read(&status, error));
    WEFT_TRY(status_tell(&status, out, error));
    WEFT_TRY(emergencies_tell(&status, out, error));
    return weft_choice_tell_deferred(&status.choice, out, error);
}

const struct weft_op weft_op_status = {
    .name = "status",
    .group = "look",
    .summary =
        "How the last run of each product ended, whether it is fresh, and what it is behind.",
    .help =
        "`behind` names products that were published anew since this one, or what it reads, read "
        "them: `weft run` brings it up to date.",
    .args = status_args,
    .arg_count = WEFT_COUNT(status_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = status_run,
};

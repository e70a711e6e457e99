/*
 * snapshot_origin.c - from a snapshot to the run that made it, to what that run had read by then,
 * and so on. What a run had read is what the ledger held as read at its end: of a table that grows,
 * the files of earlier runs too, because their rows are in it.
 */
#include "app/snapshot_origin.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/text.h"
#include "ledger/sql.h"

#include <stdio.h>
#include <string.h>

#define ORIGIN_DEPTH_MAX 100

struct origin {
    struct weft_context *context;
    struct weft_ledger_txn *txn;
    struct weft_out *out;
    const struct weft_sight *sight; /* NULL = all of it */
    struct weft_map *seen;          /* "key snapshot" */
    int depth_max;
    struct weft_error *error;
};

struct snapshot {
    const char *table;
    int64_t id;
    int64_t committed_at;
    const char *operation;
    int64_t rows;
    const char *run_id; /* NULL = none */
    int64_t run_sequence;
};

static const struct weft_out_column columns[] = {
    {.name = "depth"}, {.name = "kind"},   {.name = "product"}, {.name = "snapshot_id"},
    {.name = "port"},  {.name = "path"},   {.name = "hash"},    {.name = "rows"},
    {.name = "at"},    {.name = "run_id"}, {.name = "since"}};

static int snapshot_find(struct origin *origin, const char *table, int64_t id, struct snapshot *out)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_arena *arena = origin->context->arena;
    *out = (struct snapshot){.table = table, .id = id};
    WEFT_TRY(weft_sql_query(
        origin->txn, &stmt, origin->error,
        "SELECT s.committed_at, s.operation, s.rows, s.run_id, r.seq_from FROM lake_snapshots s "
        "LEFT JOIN flow_runs r ON r.run_id = s.run_id WHERE s.space = 'lake' AND s.table_name = ?1 "
        "AND s.snapshot_id = ?2 ORDER BY s.seq_from LIMIT 1",
        "ti", table, id));
    int rc = weft_stmt_step(stmt, origin->error);
    WEFT_TRY(rc);
    if (rc == WEFT_END)
        return WEFT_NOT_THERE;
    out->committed_at = weft_stmt_column_int(stmt, 0);
    out->rows = weft_stmt_column_int(stmt, 2);
    out->run_sequence = weft_stmt_column_is_null(stmt, 4) ? 0 : weft_stmt_column_int(stmt, 4);
    WEFT_TRY(weft_sql_text(arena, stmt, 1, &out->operation, origin->error));
    return weft_sql_text(arena, stmt, 3, &out->run_id, origin->error);
}

static int row_out(struct origin *origin, int depth, const char *kind, const char *product,
                   int64_t snapshot, const char *port, const char *path, const char *hash,
                   int64_t rows, int64_t at, const char *run_id, int64_t since)
{
    char id[24] = "", from[24] = "";
    if (snapshot != 0)
        snprintf(id, sizeof id, "%" PRId64, snapshot);
    if (since != 0)
        snprintf(from, sizeof from, "%" PRId64, since);
    const struct weft_cell cells[WEFT_COUNT(columns)] = {
        weft_out_cell_int(depth),
        weft_out_cell_text(kind),
        weft_out_cell_text(product),
        weft_out_cell_text(snapshot == 0 ? NULL : id),
        weft_out_cell_text(port),
        weft_out_cell_text(path),
        weft_out_cell_text(hash),
        weft_out_cell_int(rows),
        weft_out_cell_time(at),
        weft_out_cell_text(run_id),
        weft_out_cell_text(since == 0 ? NULL : from)};
    return weft_out_row(origin->out, cells, origin->error);
}

static int file_show(struct origin *origin, struct weft_stmt *stmt, const char *product, int depth)
{
    const char *port = weft_stmt_column_text(stmt, 0);
    WEFT_CLEANUP(weft_freep) char *path = weft_strdup(weft_stmt_column_text(stmt, 1));
    WEFT_CLEANUP(weft_freep) char *hash = weft_strdup(weft_stmt_column_text(stmt, 2));
    WEFT_CLEANUP(weft_freep) char *name = weft_strdup(port);
    int64_t records = weft_stmt_column_int(stmt, 3);
    if (path == NULL || hash == NULL || name == NULL)
        return weft_error_nomem(origin->error);
    if (!origin->out->for_people)
        return row_out(origin, depth, "file", product, 0, name, path, hash, records,
                       weft_stmt_column_int(stmt, 4), weft_stmt_column_text(stmt, 5), 0);
    return weft_out_line(origin->out, WEFT_STYLE_PLAIN, origin->error,
                         "%*s<- %s   input %s, %" PRId64 " record%s, sha256 %.12s", 2 * depth, "",
                         path, name, records, records == 1 ? "" : "s", hash);
}

static int files_show(struct origin *origin, const struct snapshot *snapshot, const char *product,
                      int depth)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(weft_sql_query(
        origin->txn, &stmt, origin->error,
        "SELECT port, path, hash, records, read_at_us, run_id FROM flow_inputs WHERE product = ?1 "
        "AND seq_from <= ?2 AND (seq_to IS NULL OR seq_to > ?2) ORDER BY port, path",
        "ti", snapshot->table, snapshot->run_sequence));
    while ((rc = weft_stmt_step(stmt, origin->error)) == 0)
        WEFT_TRY(file_show(origin, stmt, product, depth));
    return rc < 0 ? rc : 0;
}

struct source {
    const char *table;
    const char *environment; /* NULL = this one */
    int64_t snapshot;
    int64_t since;
};

static int sources_read(struct origin *origin, const struct snapshot *snapshot, struct source **out,
                        size_t *count)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    size_t capacity = 0;
    int rc;
    *out = NULL;
    *count = 0;
    WEFT_TRY(weft_sql_query(
        origin->txn, &stmt, origin->error,
        "SELECT DISTINCT source, environment, snapshot_id, since FROM flow_sources WHERE product = "
        "?1 AND seq_from <= ?2 AND (seq_to IS NULL OR seq_to > ?2) ORDER BY source",
        "ti", snapshot->table, snapshot->run_sequence));
    while ((rc = weft_stmt_step(stmt, origin->error)) == 0) {
        if (weft_arena_reserve(origin->context->arena, out, &capacity, *count + 1, sizeof **out) <
            0)
            return weft_error_nomem(origin->error);
        struct source *source = &(*out)[(*count)++];
        *source = (struct source){.snapshot = weft_stmt_column_int(stmt, 2),
                                  .since = weft_stmt_column_int(stmt, 3)};
        WEFT_TRY(weft_sql_text(origin->context->arena, stmt, 0, &source->table, origin->error));
        WEFT_TRY(
            weft_sql_text(origin->context->arena, stmt, 1, &source->environment, origin->error));
    }
    return rc < 0 ? rc : 0;
}

/* What the table is called now. */
static int table_name(struct origin *origin, const char *table, const char **out)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    *out = table;
    WEFT_TRY(weft_sql_query(origin->txn, &stmt, origin->error,
                            "SELECT shown FROM catalog_names WHERE table_name = ?1 ORDER BY "
                            "seq_from DESC LIMIT 1",
                            "t", table));
    int rc = weft_stmt_step(stmt, origin->error);
    WEFT_TRY(rc);
    return rc == WEFT_END ? 0 : weft_sql_text(origin->context->arena, stmt, 0, out, origin->error);
}

static int snapshot_show(struct origin *origin, const struct snapshot *snapshot, int64_t since,
                         int depth);

/* May he know what is counted over its rows? */
static bool whole(const struct origin *origin, const char *table)
{
    const struct weft_sight_item *item =
        origin->sight == NULL ? NULL : weft_sight_table(origin->sight, table);
    return origin->sight == NULL || (item != NULL && item->whole);
}

static bool files_known(const struct origin *origin, const char *table)
{
    const struct weft_sight_item *item =
        origin->sight == NULL ? NULL : weft_sight_table(origin->sight, table);
    return origin->sight == NULL || (item != NULL && item->whole && item->team && item->open);
}

/* Of another environment: it is told by name, its own inputs are in that home. */
static int source_show(struct origin *origin, const struct source *source, int depth)
{
    struct snapshot snapshot;
    if (origin->sight != NULL && (source->environment != NULL || !whole(origin, source->table)))
        return 0;
    int rc = source->environment != NULL
                 ? WEFT_NOT_THERE
                 : snapshot_find(origin, source->table, source->snapshot, &snapshot);
    WEFT_TRY(rc);
    if (rc == 0)
        return snapshot_show(origin, &snapshot, source->since, depth);
    const char *where = source->environment == NULL ? "dropped" : source->environment;
    if (!origin->out->for_people)
        return row_out(origin, depth, "snapshot", source->table, source->snapshot, where, NULL,
                       NULL, 0, 0, NULL, source->since);
    return weft_out_line(origin->out, WEFT_STYLE_DIM, origin->error,
                         "%*s<- %s snapshot %" PRId64 "   (%s)", 2 * depth, "", source->table,
                         source->snapshot, where);
}

static int snapshot_line(struct origin *origin, const struct snapshot *snapshot,
                         const char *product, int64_t since, int depth, bool again)
{
    char at[WEFT_TIME_TEXT], rows[40];
    if (!origin->out->for_people)
        return row_out(origin, depth, "snapshot", product, snapshot->id, NULL, NULL, NULL,
                       snapshot->rows, snapshot->committed_at, snapshot->run_id, since);
    weft_time_format(snapshot->committed_at, at);
    weft_format_count(snapshot->rows, rows, sizeof rows);
    char after[60] = "";
    if (since != 0)
        snprintf(after, sizeof after, ", what was added after %" PRId64, since);
    return weft_out_line(origin->out, depth == 0 ? WEFT_STYLE_TITLE : WEFT_STYLE_PLAIN,
                         origin->error, "%*s%s%s snapshot %" PRId64 "   %s, %s rows, %s%s%s",
                         2 * depth, "", depth == 0 ? "" : "<- ", product, snapshot->id, at, rows,
                         snapshot->run_id == NULL || snapshot->run_sequence == 0
                             ? snapshot->operation
                             : "made by a run",
                         after, again ? " (see above)" : "");
}

static int snapshot_show(struct origin *origin, const struct snapshot *snapshot, int64_t since,
                         int depth)
{
    const char *product;
    struct source *sources;
    size_t count;
    char key[300];
    snprintf(key, sizeof key, "%.200s %" PRId64, snapshot->table, snapshot->id);
    bool again = weft_map_has(origin->seen, key);
    if (weft_map_put(origin->seen, key, origin) < 0)
        return weft_error_nomem(origin->error);
    WEFT_TRY(table_name(origin, snapshot->table, &product));
    WEFT_TRY(snapshot_line(origin, snapshot, product, since, depth, again));
    if (again || snapshot->run_sequence == 0 || depth >= ORIGIN_DEPTH_MAX ||
        (origin->depth_max > 0 && depth >= origin->depth_max))
        return 0;
    WEFT_TRY(sources_read(origin, snapshot, &sources, &count));
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(source_show(origin, &sources[i], depth + 1));
    return files_known(origin, snapshot->table) ? files_show(origin, snapshot, product, depth + 1)
                                                : 0;
}

int weft_snapshot_origin(struct weft_context *context, struct weft_ledger_txn *txn,
                         const struct weft_registered *product, const struct weft_sight *sight,
                         const char *snapshot, int depth, struct weft_out *out,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *seen = weft_map_new();
    struct origin origin = {context, txn, out, sight, seen, depth, error};
    struct snapshot start;
    int64_t id = 0;
    if (seen == NULL)
        return weft_error_nomem(error);
    if (!weft_parse_int64(snapshot, strlen(snapshot), &id) || id == 0)
        return weft_error_set(error, WEFT_E_USAGE, "--snapshot takes the id of a snapshot");
    int rc = snapshot_find(&origin, product->table, id, &start);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "`%s` has no snapshot %s", product->name, snapshot);
        return weft_error_hint(error, "`weft snapshots %s` lists them", product->name);
    }
    if (!out->for_people)
        WEFT_TRY(weft_out_table(out, columns, WEFT_COUNT(columns), error));
    WEFT_TRY(snapshot_show(&origin, &start, 0, 0));
    return out->for_people ? 0 : weft_out_table_end(out, error);
}

/*
 * edges.c - lineage of one contract, written and read.
 */
#include "lineage/edges.h"

#include "lineage/lineage_internal.h"

#include <string.h>

bool weft_lineage_source_is_port(const char *name)
{
    return strchr(name, '.') == NULL;
}

/* ---- writing ---- */

static void sources_write(struct weft_json_writer *json, const struct weft_lineage *lineage)
{
    weft_json_key(json, "sources");
    weft_json_begin_array(json);
    for (size_t i = 0; i < lineage->source_count; i++) {
        weft_json_begin_array(json);
        weft_json_put_text(json, lineage->sources[i].name);
        weft_json_put_int(json, lineage->sources[i].major);
        weft_json_end_array(json);
    }
    weft_json_end_array(json);
}

static void edges_write(struct weft_json_writer *json, const struct weft_lineage *lineage)
{
    weft_json_key(json, "edges");
    weft_json_begin_array(json);
    for (size_t i = 0; i < lineage->edge_count; i++) {
        const struct weft_lineage_edge *edge = &lineage->edges[i];
        weft_json_begin_array(json);
        weft_json_put_int(json, edge->column == WEFT_LINEAGE_ROWS ? -1 : (int64_t)edge->column);
        weft_json_put_int(json, (int64_t)edge->source);
        weft_json_put_text(json, edge->name);
        weft_json_put_int(json, edge->how);
        weft_json_end_array(json);
    }
    weft_json_end_array(json);
}

static void body_write(struct weft_json_writer *json, const struct weft_lineage *lineage, bool all)
{
    weft_json_begin_object(json);
    weft_json_member_text(json, "product", lineage->full_name);
    weft_json_member_int(json, "major", lineage->major);
    weft_json_member_text(json, "digest", lineage->digest);
    weft_json_member_text(json, "basis", lineage->basis);
    weft_json_key(json, "columns");
    weft_json_begin_array(json);
    for (size_t i = 0; i < lineage->column_count; i++)
        weft_json_put_text(json, lineage->columns[i]);
    weft_json_end_array(json);
    sources_write(json, lineage);
    if (all)
        edges_write(json, lineage);
    weft_json_key(json, "lost");
    weft_json_begin_array(json);
    for (size_t i = 0; i < lineage->column_count; i++)
        if (!all || (lineage->lost != NULL && lineage->lost[i]))
            weft_json_put_int(json, (int64_t)i);
    weft_json_end_array(json);
    weft_json_end_object(json);
}

int weft_lineage_put(struct weft_ledger_txn *txn, const char *actor,
                     const struct weft_lineage *lineage, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    struct weft_json_writer json;
    int64_t sequence = 0;
    weft_buf_init(&body, (size_t)64 << 20);
    weft_json_writer_init(&json, &body);
    body_write(&json, lineage, true);
    WEFT_TRY(weft_buf_check(&body, error));
    if (body.length > WEFT_LEDGER_BODY_MAX) {
        weft_buf_clear(&body);
        weft_json_writer_init(&json, &body);
        body_write(&json, lineage, false);
        WEFT_TRY(weft_buf_check(&body, error));
    }
    return weft_ledger_append(txn, actor, LINEAGE_KIND, body.data, &sequence, error);
}

/* ---- reading ---- */

struct reader {
    struct weft_arena *arena;
    struct weft_ledger_txn *txn;
    int64_t entry;
    int64_t sequence;
    struct weft_lineage_source *sources;
    size_t source_count, source_capacity;
    const char **columns;
    bool *lost;
    size_t column_count, column_capacity, lost_capacity;
    struct weft_lineage_edge *edges;
    size_t edge_count, edge_capacity;
    struct weft_error *error;
};

static int sources_read(struct reader *reader)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(lineage_query(reader->txn, &stmt, reader->error,
                           "SELECT up_product, up_major FROM lineage_sources WHERE entry = ?1 AND "
                           "seq_from <= ?2 AND (seq_to IS NULL OR seq_to > ?2) ORDER BY source",
                           "ii", reader->entry, reader->sequence));
    while ((rc = weft_stmt_step(stmt, reader->error)) == 0) {
        if (weft_arena_reserve(reader->arena, &reader->sources, &reader->source_capacity,
                               reader->source_count + 1, sizeof *reader->sources) < 0)
            return weft_error_nomem(reader->error);
        struct weft_lineage_source *source = &reader->sources[reader->source_count++];
        source->major = (int)weft_stmt_column_int(stmt, 1);
        WEFT_TRY(lineage_text(reader->arena, stmt, 0, &source->name, reader->error));
    }
    return rc < 0 ? rc : 0;
}

static int column_read(struct reader *reader, struct weft_stmt *stmt, size_t *out)
{
    const char *name = weft_stmt_column_text(stmt, 0);
    *out = WEFT_LINEAGE_ROWS;
    if (name[0] == '\0')
        return 0;
    for (size_t i = 0; i < reader->column_count; i++)
        if (strcmp(reader->columns[i], name) == 0) {
            *out = i;
            return 0;
        }
    if (weft_arena_reserve(reader->arena, &reader->columns, &reader->column_capacity,
                           reader->column_count + 1, sizeof *reader->columns) < 0 ||
        weft_arena_reserve(reader->arena, &reader->lost, &reader->lost_capacity,
                           reader->column_count + 1, sizeof *reader->lost) < 0)
        return weft_error_nomem(reader->error);
    *out = reader->column_count;
    reader->lost[*out] = false;
    WEFT_TRY(lineage_text(reader->arena, stmt, 0, &reader->columns[*out], reader->error));
    reader->column_count++;
    return 0;
}

static int edge_read(struct reader *reader, struct weft_stmt *stmt)
{
    size_t column;
    WEFT_TRY(column_read(reader, stmt, &column));
    int64_t source = weft_stmt_column_int(stmt, 1);
    unsigned how = (unsigned)weft_stmt_column_int(stmt, 3);
    if (source < 0) {
        if (column != WEFT_LINEAGE_ROWS && how != 0)
            reader->lost[column] = true;
        return 0;
    }
    if (weft_arena_reserve(reader->arena, &reader->edges, &reader->edge_capacity,
                           reader->edge_count + 1, sizeof *reader->edges) < 0)
        return weft_error_nomem(reader->error);
    struct weft_lineage_edge *edge = &reader->edges[reader->edge_count++];
    *edge = (struct weft_lineage_edge){.column = column, .source = (size_t)source, .how = how};
    return lineage_text(reader->arena, stmt, 2, &edge->name, reader->error);
}

static int edges_read(struct reader *reader)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(lineage_query(reader->txn, &stmt, reader->error,
                           "SELECT column_name, source, up_column, how FROM lineage_edges WHERE "
                           "entry = ?1 ORDER BY ordinal",
                           "i", reader->entry));
    while ((rc = weft_stmt_step(stmt, reader->error)) == 0)
        WEFT_TRY(edge_read(reader, stmt));
    return rc < 0 ? rc : 0;
}

int weft_lineage_get(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *full_name,
                     int major, int64_t sequence, struct weft_lineage *out,
                     struct weft_error *error)
{
    struct reader reader = {.arena = arena, .txn = txn, .sequence = sequence, .error = error};
    struct weft_lineage made = {.major = major};
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(lineage_query(txn, &stmt, error,
                           "SELECT product, entry, digest, basis FROM lineage_products WHERE "
                           "product = ?1 AND major = ?2 AND seq_from <= ?3 AND (seq_to IS NULL OR "
                           "seq_to > ?3)",
                           "tii", full_name, (int64_t)major, sequence));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END)
        return WEFT_NOT_THERE;
    WEFT_TRY(lineage_text(arena, stmt, 0, &made.full_name, error));
    WEFT_TRY(lineage_text(arena, stmt, 2, &made.digest, error));
    WEFT_TRY(lineage_text(arena, stmt, 3, &made.basis, error));
    reader.entry = weft_stmt_column_int(stmt, 1);
    WEFT_TRY(sources_read(&reader));
    WEFT_TRY(edges_read(&reader));
    made.columns = reader.columns;
    made.lost = reader.lost;
    made.column_count = reader.column_count;
    made.sources = reader.sources;
    made.source_count = reader.source_count;
    made.edges = reader.edges;
    made.edge_count = reader.edge_count;
    for (size_t i = 0; i < made.edge_count; i++) {
        if (made.edges[i].source >= made.source_count)
            return weft_error_set(error, WEFT_E_CORRUPT, "the lineage of %s@%d lacks a source",
                                  full_name, major);
    }
    *out = made;
    return 0;
}

void weft_lineage_register(void)
{
    lineage_fold_register();
    lineage_tables_register();
}

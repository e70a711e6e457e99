/*
 * origins.c - from bound SQL and input ports to the lineage of a contract.
 */
#include "plan/origins.h"

#include "base/text.h"
#include "catalog/columns.h"
#include "ledger/sql.h"
#include "plan/bind.h"
#include "plan/pins.h"

#include <string.h>

struct maker {
    struct weft_book *book;
    const struct weft_book_item *item;
    const struct weft_product *product;
    struct weft_lineage lineage;
    struct weft_lineage_source *sources;
    struct weft_lineage_edge *edges;
    size_t edge_capacity;
    const char **columns;
    bool *lost;
    struct weft_error *error;
};

int weft_origins_tag_of_read(size_t read)
{
    return (int)read + 1;
}

int weft_origins_tag_of_port(size_t input)
{
    return -(int)input - 1;
}

/* Room for every source that there can be. */
static int maker_begin(struct maker *maker, const char *basis, size_t columns)
{
    struct weft_arena *arena = maker->book->arena;
    maker->lineage = (struct weft_lineage){.full_name = maker->product->full_name,
                                           .major = maker->product->major,
                                           .digest = maker->product->digest,
                                           .basis = basis,
                                           .column_count = columns};
    size_t sources = maker->item->read_count + maker->product->input_count;
    maker->sources = weft_arena_array(arena, sources + 1, sizeof *maker->sources);
    maker->columns = weft_arena_array(arena, columns + 1, sizeof *maker->columns);
    maker->lost = weft_arena_array(arena, columns + 1, sizeof *maker->lost);
    if (maker->sources == NULL || maker->columns == NULL || maker->lost == NULL)
        return weft_error_nomem(maker->error);
    return 0;
}

static int maker_end(struct maker *maker)
{
    struct weft_lineage *made = weft_arena_alloc(maker->book->arena, sizeof *made);
    if (made == NULL)
        return weft_error_nomem(maker->error);
    *made = maker->lineage;
    made->sources = maker->sources;
    made->edges = maker->edges;
    made->columns = maker->columns;
    made->lost = maker->lost;
    maker->book->items[maker->item - maker->book->items].lineage = made;
    return 0;
}

static size_t source_of(struct maker *maker, const char *name, int major)
{
    for (size_t i = 0; i < maker->lineage.source_count; i++)
        if (maker->sources[i].major == major && strcmp(maker->sources[i].name, name) == 0)
            return i;
    maker->sources[maker->lineage.source_count] = (struct weft_lineage_source){name, major};
    return maker->lineage.source_count++;
}

/* One edge for each pair of columns. */
static int edge_add(struct maker *maker, size_t column, size_t source, const char *name,
                    unsigned how)
{
    for (size_t i = maker->lineage.edge_count; i > 0; i--) {
        struct weft_lineage_edge *edge = &maker->edges[i - 1];
        if (edge->column != column)
            break; /* edges of a column stand together */
        if (edge->source == source && strcmp(edge->name, name) == 0) {
            edge->how |= how;
            return 0;
        }
    }
    if (weft_arena_reserve(maker->book->arena, &maker->edges, &maker->edge_capacity,
                           maker->lineage.edge_count + 1, sizeof *maker->edges) < 0)
        return weft_error_nomem(maker->error);
    maker->edges[maker->lineage.edge_count++] =
        (struct weft_lineage_edge){column, source, name, how};
    return 0;
}

/* ---- files ---- */

/* The header that a column of a port has in its files. */
static const char *port_header(const struct weft_product *product, const struct weft_input *input,
                               const char *column)
{
    const struct weft_fields *fields = input->schema.count > 0 ? &input->schema : &product->schema;
    const struct weft_field *field = weft_fields_find(fields, column);
    return field == NULL || field->from == NULL ? column : field->from;
}

/* A file port without fields of its own has those of the product, one for one. */
static int files_columns(struct maker *maker, const char *const *names, size_t count)
{
    for (size_t c = 0; c < count; c++) {
        maker->columns[c] = names[c];
        for (size_t i = 0; i < maker->product->input_count; i++) {
            const struct weft_input *input = &maker->product->inputs[i];
            if (input->schema.count > 0 && weft_fields_find(&input->schema, names[c]) == NULL)
                continue;
            WEFT_TRY(edge_add(maker, c, source_of(maker, input->name, 0),
                              port_header(maker->product, input, names[c]), WEFT_LINEAGE_IDENTITY));
        }
    }
    return 0;
}

int weft_origins_of_files(struct weft_book *book, size_t item, const struct weft_product *product,
                          struct weft_error *error)
{
    struct maker maker = {
        .book = book, .item = &book->items[item], .product = product, .error = error};
    const struct weft_relation_column *columns = NULL;
    size_t count = 0;
    int rc = weft_bind_columns(book, item, &columns, &count, error);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    const char **names = weft_arena_array(book->arena, count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        names[i] = columns[i].name;
    WEFT_TRY(maker_begin(&maker, product->input_count > 0 ? "files" : "load", count));
    WEFT_TRY(files_columns(&maker, names, count));
    return maker_end(&maker);
}

/* ---- SQL ---- */

static int edges_add(struct maker *maker, size_t column, const struct weft_resolved_edges *edges,
                     unsigned role)
{
    for (size_t i = 0; i < edges->count; i++) {
        const struct weft_resolved_edge *edge = &edges->items[i];
        unsigned how = role == 0 ? edge->how : role;
        if (edge->tag > 0) {
            const struct weft_book_read *read = &maker->item->reads[edge->tag - 1];
            WEFT_TRY(edge_add(maker, column, source_of(maker, read->full_name, read->major),
                              edge->column, how));
            continue;
        }
        if (edge->tag == 0)
            continue;
        const struct weft_input *input = &maker->product->inputs[-edge->tag - 1];
        WEFT_TRY(edge_add(maker, column, source_of(maker, input->name, 0),
                          port_header(maker->product, input, edge->column), how));
    }
    return 0;
}

static const struct weft_resolved_origin *origin_find(const struct weft_resolved_lineage *lineage,
                                                      const char *name)
{
    for (size_t i = 0; i < lineage->count; i++)
        if (weft_equal_fold(lineage->columns[i].column, name))
            return &lineage->columns[i];
    return NULL;
}

/* The product's columns in its own order; a cast to the declared type keeps the value. */
static int sql_edges(struct maker *maker, const struct weft_transform *transform,
                     const struct weft_resolved_lineage *lineage)
{
    for (size_t i = 0; i < transform->count; i++) {
        const struct weft_resolved_origin *origin =
            origin_find(lineage, transform->columns[i].name);
        maker->columns[i] = transform->columns[i].name;
        maker->lost[i] = origin == NULL || origin->unknown;
        if (origin != NULL)
            WEFT_TRY(edges_add(maker, i, &origin->edges, 0));
    }
    return edges_add(maker, WEFT_LINEAGE_ROWS, &lineage->rows, 0);
}

/* node is one of the two ends of an edge; the value beside it is worked out from the whole
 * graph. */
static int graph_edges(struct maker *maker, const struct weft_transform *transform,
                       const struct weft_resolved_lineage *lineage)
{
    for (size_t i = 0; i < transform->count; i++) {
        bool node = weft_equal_fold(transform->columns[i].name, "node");
        maker->columns[i] = transform->columns[i].name;
        for (size_t k = 0; k < lineage->count; k++) {
            maker->lost[i] = maker->lost[i] || lineage->columns[k].unknown;
            if (node && k >= 2)
                continue;
            WEFT_TRY(edges_add(maker, i, &lineage->columns[k].edges,
                               node ? 0 : (unsigned)WEFT_LINEAGE_AGGREGATION));
        }
    }
    return edges_add(maker, WEFT_LINEAGE_ROWS, &lineage->rows, 0);
}

int weft_origins_of_transform(struct weft_book *book, size_t item,
                              const struct weft_product *product,
                              const struct weft_transform *transform, struct weft_error *error)
{
    struct maker maker = {
        .book = book, .item = &book->items[item], .product = product, .error = error};
    struct weft_resolved_lineage lineage;
    bool graph = product->graph != NULL;
    WEFT_TRY(weft_resolved_lineage(book->arena, &transform->resolved, transform->given,
                                   transform->given_count, &lineage, error));
    WEFT_TRY(maker_begin(&maker,
                         graph                  ? "graph"
                         : product->sql != NULL ? "sql"
                                                : "product",
                         transform->count));
    WEFT_TRY(graph ? graph_edges(&maker, transform, &lineage)
                   : sql_edges(&maker, transform, &lineage));
    return maker_end(&maker);
}

/* ---- what is lacking ---- */

/* Of the newest contract; and a source that it is not pinned to any more. */
static const char lacking_sql[] =
    "SELECT p.product, p.major FROM catalog_products p "
    "LEFT JOIN lineage_products l ON l.product = p.product AND l.major = p.major AND "
    "l.seq_to IS NULL "
    "WHERE p.seq_to IS NULL AND (p.state = 'pending' OR NOT EXISTS (SELECT 1 FROM "
    "catalog_products q WHERE q.product = p.product AND q.major = p.major AND q.state = 'pending' "
    "AND q.seq_to IS NULL)) AND (l.entry IS NULL OR l.digest <> p.digest OR EXISTS (SELECT 1 FROM "
    "lineage_sources s WHERE s.entry = l.entry AND s.seq_to IS NULL AND s.up_product LIKE '%.%' "
    "AND "
    "NOT EXISTS (SELECT 1 FROM catalog_reads r WHERE r.product = p.product AND r.major = p.major "
    "AND r.state = p.state AND r.seq_to IS NULL AND r.upstream = s.up_product AND "
    "r.upstream_major = s.up_major)))";

struct lacking {
    const char **names;
    int *majors;
    size_t count, name_capacity, major_capacity;
};

static int lacking_read(struct weft_ledger_txn *txn, struct weft_arena *arena,
                        struct lacking *lacking, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error, lacking_sql, ""));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &lacking->names, &lacking->name_capacity, lacking->count + 1,
                               sizeof *lacking->names) < 0 ||
            weft_arena_reserve(arena, &lacking->majors, &lacking->major_capacity,
                               lacking->count + 1, sizeof *lacking->majors) < 0)
            return weft_error_nomem(error);
        lacking->majors[lacking->count] = (int)weft_stmt_column_int(stmt, 1);
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &lacking->names[lacking->count], error));
        lacking->count++;
    }
    return rc < 0 ? rc : 0;
}

static int fill_bind(struct weft_book *book, const bool *wanted, struct weft_error *error)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag; /* not what was asked for: not told */
    bool *changed = weft_arena_array(book->arena, book->count + 1, sizeof *changed);
    if (changed == NULL)
        return weft_error_nomem(error);
    weft_diag_init(&diag);
    WEFT_TRY(weft_bind_check(book, wanted, changed, &diag, error));
    for (size_t i = 0; i < book->count; i++) {
        const struct weft_product *contract;
        if (!wanted[i] || book->items[i].lineage != NULL)
            continue;
        WEFT_TRY(weft_book_contract(book, i, &contract, error));
        if (!weft_transform_is(contract))
            WEFT_TRY(weft_origins_of_files(book, i, contract, error));
    }
    return 0;
}

/* Nobody may have registered anything meanwhile; else the next apply does it. */
static int fill_put(struct weft_context *context, const struct weft_book *book, const bool *wanted,
                    int64_t sequence, struct weft_error *error)
{
    struct weft_ledger_head head;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    bool any = false;
    for (size_t i = 0; i < book->count; i++)
        any = any || (wanted[i] && book->items[i].lineage != NULL);
    if (!any)
        return 0;
    WEFT_TRY(weft_ledger_begin_write(context->ledger, &txn, error));
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    if (head.sequence != sequence)
        return 0;
    for (size_t i = 0; i < book->count; i++)
        if (wanted[i] && book->items[i].lineage != NULL)
            WEFT_TRY(
                weft_lineage_put(txn, context->request.principal, book->items[i].lineage, error));
    struct weft_ledger_txn *ending = txn;
    txn = NULL;
    return weft_ledger_commit(ending, error);
}

int weft_origins_fill(struct weft_context *context, struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_ledger_head head;
    struct lacking lacking = {0};
    struct weft_book book;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    WEFT_TRY(lacking_read(txn, context->arena, &lacking, error));
    if (lacking.count == 0)
        return 0;
    WEFT_TRY(weft_book_make(context, NULL, txn, context->arena, &book, error));
    bool *wanted = weft_arena_array(context->arena, book.count + 1, sizeof *wanted);
    if (wanted == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < lacking.count; i++) {
        size_t at = weft_book_find(&book, lacking.names[i], lacking.majors[i]);
        if (at != WEFT_BOOK_NONE)
            wanted[at] = true;
    }
    WEFT_TRY(fill_bind(&book, wanted, error));
    weft_ledger_endp(&txn);
    return fill_put(context, &book, wanted, head.sequence, error);
}

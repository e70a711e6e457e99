/*
 * edges.c - which columns of what it reads go into which columns of a product, and which of
 * its checks name a column.
 *
 * SQL is resolved against the columns that there are after the apply and those that there were
 * before: a reader that names a column which is about to go is found, and one that was changed
 * along with it is not. What cannot be resolved is told as unknown.
 */
#include "plan/plan_internal.h"

#include "base/text.h"
#include "catalog/columns.h"
#include "job/job.h"
#include "lineage/edges.h"
#include "plan/bind.h"
#include "plan/check.h"
#include "resolver/lineage.h"

#include <stdlib.h>
#include <string.h>

struct edges {
    struct weft_plan_maker *maker;
    size_t reader;
    const struct weft_product *contract;
    struct weft_plan_edge *items;
    size_t count;
    size_t capacity;
};

static int edge_add(struct edges *edges, struct weft_plan_edge edge, struct weft_error *error)
{
    if (weft_arena_reserve(edges->maker->arena, &edges->items, &edges->capacity, edges->count + 1,
                           sizeof *edges->items) < 0)
        return weft_error_nomem(error);
    edges->items[edges->count++] = edge;
    return 0;
}

/* ---- columns, before and after ---- */

static bool columns_have(const struct weft_relation_column *columns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (weft_equal_fold(columns[i].name, name))
            return true;
    }
    return false;
}

/* As they are registered: declared or detected. */
static int columns_before(struct weft_plan_maker *maker, size_t item,
                          const struct weft_catalog_column **out, size_t *count,
                          struct weft_error *error)
{
    const struct weft_book_item *of = &maker->book->items[item];
    *count = 0;
    if (of->digest == NULL || (!of->planned && !of->leaving))
        return 0;
    int rc = weft_catalog_columns(of->deferred ? maker->book->deferred_txn : maker->book->txn,
                                  maker->arena, of->was == NULL ? of->full_name : of->was,
                                  of->major, out, count, error);
    return rc < 0 ? rc : 0;
}

static int columns_both(struct weft_plan_maker *maker, size_t item,
                        const struct weft_relation_column **out, size_t *out_count,
                        struct weft_error *error)
{
    const struct weft_relation_column *after = NULL;
    const struct weft_catalog_column *before = NULL;
    size_t after_count = 0, before_count = 0;
    WEFT_TRY(weft_bind_columns(maker->book, item, &after, &after_count, error));
    WEFT_TRY(columns_before(maker, item, &before, &before_count, error));
    struct weft_relation_column *all =
        weft_arena_array(maker->arena, after_count + before_count + 1, sizeof *all);
    if (all == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < after_count; i++)
        all[i] = after[i];
    size_t count = after_count;
    for (size_t i = 0; i < before_count; i++) {
        if (!columns_have(all, count, before[i].name))
            all[count++] =
                (struct weft_relation_column){.name = before[i].name, .type = before[i].type};
    }
    *out = all;
    *out_count = count;
    return count == 0 ? WEFT_NOT_THERE : 0;
}

/* ---- SQL ---- */

/* What stands for a product in `product` of a relation: its place in the book. */
static int relation_of(struct edges *edges, const struct weft_book_read *read,
                       struct weft_relation *out, struct weft_error *error)
{
    if (read == NULL || read->item == WEFT_BOOK_NONE)
        return WEFT_NOT_THERE;
    *out = (struct weft_relation){.kind = WEFT_RELATION_FILES};
    int rc = columns_both(edges->maker, read->item, &out->columns, &out->column_count, error);
    if (rc != 0)
        return rc;
    out->product = weft_arena_format(edges->maker->arena, "%zu", read->item);
    return out->product == NULL ? weft_error_nomem(error) : 0;
}

/* A file port has its own columns, which no other product can change. */
static int relation_of_port(struct edges *edges, const struct weft_input *input,
                            struct weft_relation *out, struct weft_error *error)
{
    struct weft_arena *arena = edges->maker->arena;
    unsigned own = weft_job_own_named(edges->contract);
    if (input->schema.count == 0)
        return WEFT_NOT_THERE;
    struct weft_relation_column *columns =
        weft_arena_array(arena, input->schema.count + 2, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    size_t count = 0;
    for (; count < input->schema.count; count++)
        columns[count] = (struct weft_relation_column){.name = input->schema.items[count].name,
                                                       .type = input->schema.items[count].type};
    for (unsigned i = 1; i <= 2; i++) {
        const struct weft_type *type;
        const char *name = weft_job_own_name(i, &type);
        if ((own >> i & 1) != 0 && !columns_have(columns, count, name))
            columns[count++] =
                (struct weft_relation_column){.name = name, .type = type, .hidden = true};
    }
    *out = (struct weft_relation){
        .kind = WEFT_RELATION_FILES, .product = "", .columns = columns, .column_count = count};
    return 0;
}

static int edges_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                         struct weft_relation *out, struct weft_error *error)
{
    struct edges *edges = arg;
    const struct weft_book_item *of = &edges->maker->book->items[edges->reader];
    char *full = name->schema == NULL
                     ? weft_arena_strdup(arena, name->table)
                     : weft_arena_format(arena, "%s.%s", name->schema, name->table);
    if (full == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < of->read_count; i++) {
        if (of->reads[i].is_port == (name->schema == NULL) &&
            weft_equal_fold(of->reads[i].name, full))
            return relation_of(edges, &of->reads[i], out, error);
    }
    for (size_t i = 0; name->schema == NULL && i < edges->contract->input_count; i++) {
        if (weft_equal_fold(edges->contract->inputs[i].name, name->table))
            return relation_of_port(edges, &edges->contract->inputs[i], out, error);
    }
    return WEFT_NOT_THERE;
}

/* The item that a relation's `product` stands for; WEFT_BOOK_NONE = a file port. */
static size_t item_of(const char *product)
{
    return product[0] == '\0' ? WEFT_BOOK_NONE : (size_t)strtoul(product, NULL, 10);
}

/* The word for what a column is to another one: what gives the value counts before the rest. */
static const char *how_name(unsigned how)
{
    unsigned bits = (how & WEFT_LINEAGE_DIRECT) != 0 ? how & WEFT_LINEAGE_DIRECT : how;
    return weft_lineage_how_name(bits & -bits);
}

static int edges_flow(struct edges *edges, const struct weft_resolved_edges *from, const char *to,
                      struct weft_error *error)
{
    for (size_t i = 0; i < from->count; i++) {
        size_t item = item_of(from->items[i].product);
        if (item != WEFT_BOOK_NONE)
            WEFT_TRY(edge_add(edges,
                              (struct weft_plan_edge){.from = item,
                                                      .column = from->items[i].column,
                                                      .to = to,
                                                      .how = how_name(from->items[i].how)},
                              error));
    }
    return 0;
}

/* Of each product it reads: some column of it. */
static int edges_unknown(struct edges *edges, const char *to, struct weft_error *error)
{
    const struct weft_book_item *of = &edges->maker->book->items[edges->reader];
    for (size_t i = 0; i < of->read_count; i++) {
        if (of->reads[i].item != WEFT_BOOK_NONE && !weft_read_is_lookup(of->reads[i].name))
            WEFT_TRY(edge_add(
                edges,
                (struct weft_plan_edge){.from = of->reads[i].item, .to = to, .how = "unknown"},
                error));
    }
    return 0;
}

/* What a graph reads goes into all it gives. */
static int edges_of_sql(struct edges *edges, struct weft_engine *engine, const char *sql,
                        struct weft_error *error)
{
    struct weft_arena *arena = edges->maker->arena;
    struct weft_resolved resolved = {0};
    struct weft_resolved_lineage lineage = {0};
    const struct weft_relation_column *columns;
    size_t count;
    struct weft_resolve_options options = {
        .resolve = edges_resolve,
        .arg = edges,
        .principal = "",
        .now_us = edges->maker->context->request.time_us,
        .deterministic = true,
        .lineage = true,
    };
    WEFT_TRY(weft_resolve(engine, arena, sql, strlen(sql), &options, &resolved, error));
    WEFT_TRY(weft_resolved_columns(engine, arena, &resolved, &columns, &count, error));
    WEFT_TRY(weft_resolved_lineage(arena, &resolved, columns, count, &lineage, error));
    WEFT_TRY(edges_flow(edges, &lineage.rows, NULL, error));
    for (size_t i = 0; i < lineage.count; i++) {
        const struct weft_resolved_origin *origin = &lineage.columns[i];
        const char *to = edges->contract->graph != NULL ? NULL : origin->column;
        WEFT_TRY(edges_flow(edges, &origin->edges, to, error));
        if (origin->unknown)
            WEFT_TRY(edges_unknown(edges, to, error));
    }
    return 0;
}

/* ---- as the ledger has it ---- */

static size_t source_item(const struct edges *edges, const struct weft_lineage_source *source)
{
    return weft_lineage_source_is_port(source->name)
               ? WEFT_BOOK_NONE
               : weft_book_find(edges->maker->book, source->name, source->major);
}

/* A contract that stays as it is registered has its edges there. WEFT_NOT_THERE = it has none. */
static int edges_registered(struct edges *edges, struct weft_error *error)
{
    const struct weft_book_item *of = &edges->maker->book->items[edges->reader];
    struct weft_lineage lineage;
    if (of->planned || of->digest == NULL || of->deferred || of->was != NULL ||
        edges->maker->txn == NULL || edges->maker->book->rename_count > 0)
        return WEFT_NOT_THERE;
    int rc = weft_lineage_get(edges->maker->txn, edges->maker->arena, of->full_name, of->major,
                              edges->maker->plan.sequence, &lineage, error);
    if (rc != 0)
        return rc;
    if (strcmp(lineage.digest, edges->contract->digest) != 0)
        return WEFT_NOT_THERE;
    for (size_t i = 0; i < lineage.edge_count; i++) {
        const struct weft_lineage_edge *edge = &lineage.edges[i];
        size_t from = source_item(edges, &lineage.sources[edge->source]);
        const char *to = edge->column == WEFT_LINEAGE_ROWS ? NULL : lineage.columns[edge->column];
        if (from != WEFT_BOOK_NONE)
            WEFT_TRY(edge_add(
                edges,
                (struct weft_plan_edge){
                    .from = from, .column = edge->name, .to = to, .how = how_name(edge->how)},
                error));
    }
    for (size_t i = 0; lineage.lost != NULL && i < lineage.column_count; i++) {
        if (lineage.lost[i])
            WEFT_TRY(edges_unknown(edges, lineage.columns[i], error));
    }
    return 0;
}

static int edges_transform(struct edges *edges, struct weft_error *error)
{
    struct weft_engine *engine;
    struct weft_error why = WEFT_ERROR_INIT;
    const char *sql =
        edges->contract->graph != NULL ? edges->contract->graph->edges : edges->contract->sql;
    WEFT_TRY(weft_context_engine(edges->maker->context, &engine, error));
    size_t before = edges->count;
    if (edges_of_sql(edges, engine, sql, &why) == 0)
        return 0;
    edges->count = before;
    if (!weft_check_is_mistake(why.code)) {
        if (error != NULL)
            *error = why;
        return -1;
    }
    return edges_unknown(edges, NULL, error);
}

/* One product taken as it is: by name. */
static int edges_as_it_is(struct edges *edges, struct weft_error *error)
{
    const struct weft_book_item *of = &edges->maker->book->items[edges->reader];
    for (size_t i = 0; i < of->read_count; i++) {
        const struct weft_relation_column *columns;
        size_t count;
        if (of->reads[i].item == WEFT_BOOK_NONE || !of->reads[i].is_port)
            continue;
        int rc = columns_both(edges->maker, of->reads[i].item, &columns, &count, error);
        WEFT_TRY(rc);
        if (rc == WEFT_NOT_THERE)
            return edges_unknown(edges, NULL, error);
        for (size_t k = 0; k < count; k++) {
            const struct weft_fields *schema = &edges->contract->schema;
            if (schema->count > 0 && weft_fields_find(schema, columns[k].name) == NULL)
                continue;
            WEFT_TRY(edge_add(edges,
                              (struct weft_plan_edge){.from = of->reads[i].item,
                                                      .column = columns[k].name,
                                                      .to = columns[k].name,
                                                      .how = "identity"},
                              error));
        }
    }
    return 0;
}

/* Fields whose values are looked up in another product. */
static int edges_references(struct edges *edges, struct weft_error *error)
{
    const struct weft_book_item *of = &edges->maker->book->items[edges->reader];
    for (size_t i = 0; i < of->read_count; i++) {
        if (!weft_read_is_lookup(of->reads[i].name) || of->reads[i].item == WEFT_BOOK_NONE)
            continue;
        const char *name = of->reads[i].name + strlen(WEFT_READ_LOOKUP);
        const struct weft_field *field = weft_fields_find(&edges->contract->schema, name);
        if (field == NULL || field->references == NULL)
            continue;
        const char *dot = strrchr(field->references, '.');
        const char *check = weft_arena_format(edges->maker->arena, "%s.references", field->name);
        if (check == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(edge_add(edges,
                          (struct weft_plan_edge){.from = of->reads[i].item,
                                                  .column = dot == NULL ? NULL : dot + 1,
                                                  .check = check,
                                                  .how = "lookup"},
                          error));
    }
    return 0;
}

int weft_plan_edges_make(struct weft_plan_maker *maker, size_t reader, struct weft_plan_edges *out,
                         struct weft_error *error)
{
    struct edges edges = {.maker = maker, .reader = reader};
    WEFT_TRY(weft_book_contract(maker->book, reader, &edges.contract, error));
    WEFT_TRY(edges_references(&edges, error));
    int rc = edges_registered(&edges, error);
    WEFT_TRY(rc);
    if (rc == 0)
        ; /* known */
    else if (edges.contract->sql != NULL || edges.contract->graph != NULL)
        WEFT_TRY(edges_transform(&edges, error));
    else
        WEFT_TRY(edges_as_it_is(&edges, error));
    *out = (struct weft_plan_edges){.items = edges.items, .count = edges.count, .made = true};
    return 0;
}

/* ---- checks ---- */

struct own_columns {
    const struct weft_relation_column *columns;
    size_t count;
};

/* `this` and `new`. */
static int own_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                       struct weft_relation *out, struct weft_error *error)
{
    const struct own_columns *own = arg;
    (void)arena;
    (void)error;
    if (name->schema != NULL)
        return WEFT_NOT_THERE;
    *out = (struct weft_relation){.kind = WEFT_RELATION_FILES,
                                  .product = "this",
                                  .columns = own->columns,
                                  .column_count = own->count};
    return 0;
}

static bool resolved_names(const struct weft_resolved *resolved, const char *column)
{
    for (size_t i = 0; i < resolved->source_count; i++) {
        for (size_t k = 0; k < resolved->sources[i].column_count; k++) {
            if (weft_equal_fold(resolved->sources[i].columns[k], column))
                return true;
        }
    }
    return false;
}

/* A check that does not resolve is a mistake, told elsewhere. */
static int check_names(struct weft_plan_maker *maker, const struct weft_check *check,
                       struct own_columns *own, const char *column, bool *names,
                       struct weft_error *error)
{
    struct weft_engine *engine;
    struct weft_resolved resolved = {0};
    struct weft_error why = WEFT_ERROR_INIT;
    struct weft_resolve_options options = {
        .resolve = own_resolve, .arg = own, .principal = "", .deterministic = true};
    const char *sql =
        check->sql != NULL
            ? check->sql
            : weft_arena_format(maker->arena, "select 1 from this where (%s\n)", check->condition);
    *names = false;
    if (sql == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_context_engine(maker->context, &engine, error));
    if (weft_resolve(engine, maker->arena, sql, strlen(sql), &options, &resolved, &why) == 0)
        *names = resolved_names(&resolved, column);
    else if (!weft_check_is_mistake(why.code)) {
        if (error != NULL)
            *error = why;
        return -1;
    }
    return 0;
}

int weft_plan_edges_checks(struct weft_plan_maker *maker, size_t item, const char *column,
                           struct weft_texts *out, struct weft_error *error)
{
    const struct weft_product *contract;
    struct own_columns own = {0};
    WEFT_TRY(weft_book_contract(maker->book, item, &contract, error));
    const struct weft_quality *quality = &contract->quality;
    *out = (struct weft_texts){0};
    if (quality->check_count == 0)
        return 0;
    int rc = columns_both(maker, item, &own.columns, &own.count, error);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    const char **found = weft_arena_array(maker->arena, quality->check_count, sizeof *found);
    if (found == NULL)
        return weft_error_nomem(error);
    size_t count = 0;
    for (size_t i = 0; i < quality->check_count; i++) {
        bool names;
        WEFT_TRY(check_names(maker, &quality->checks[i], &own, column, &names, error));
        if (!names)
            continue;
        found[count] = weft_arena_format(maker->arena, "check.%s", quality->checks[i].name);
        if (found[count++] == NULL)
            return weft_error_nomem(error);
    }
    *out = (struct weft_texts){found, count};
    return 0;
}

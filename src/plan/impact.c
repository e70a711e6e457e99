/*
 * impact.c - who is reached by the changes of a plan: from what changes to its readers, their
 * readers and so on, by columns.
 *
 * A change of a field goes the way of its column; one that concerns the whole table, or which rows
 * there are, goes to whoever reads it. The walk is in breadth, so that each is reached by its
 * shortest way, and each column of a product is reached once by a change.
 */
#include "plan/plan_internal.h"

#include "base/text.h"

#include <string.h>

struct node {
    size_t item;
    const char *column; /* NULL = all of it */
    size_t parent;      /* SIZE_MAX = where it begins */
    const char *how;
    const char *check; /* a rule: nothing comes behind it */
};

struct impact {
    struct weft_plan_maker *maker;
    struct weft_plan_edges *edges; /* of each item, when asked for */
    size_t **readers;              /* of each item; ended by WEFT_BOOK_NONE */
    struct node *nodes;            /* of one change */
    size_t count;
    size_t capacity;
    size_t *first; /* of each item: its last node + 1, 0 = none; nodes of one item are chained */
    size_t *next;
    size_t next_capacity;
    struct weft_plan_reached *reached; /* of one plan item */
    size_t reached_count;
    size_t reached_capacity;
};

/* ---- who reads whom ---- */

static bool reads_before(const struct weft_book_item *of, size_t k)
{
    for (size_t i = 0; i < k; i++) {
        if (of->reads[i].item == of->reads[k].item)
            return true;
    }
    return of->reads[k].item == WEFT_BOOK_NONE;
}

static int readers_make(struct impact *impact, struct weft_error *error)
{
    struct weft_book *book = impact->maker->book;
    struct weft_arena *arena = impact->maker->arena;
    size_t *counts = weft_arena_array(arena, book->count + 1, sizeof *counts);
    impact->readers = weft_arena_array(arena, book->count + 1, sizeof *impact->readers);
    impact->edges = weft_arena_array(arena, book->count + 1, sizeof *impact->edges);
    impact->first = weft_arena_array(arena, book->count + 1, sizeof *impact->first);
    if (counts == NULL || impact->readers == NULL || impact->edges == NULL || impact->first == NULL)
        return weft_error_nomem(error);
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t r = 0; r < book->count; r++) {
            const struct weft_book_item *of = &book->items[r];
            if (weft_book_is_over(of))
                continue;
            for (size_t k = 0; k < of->read_count; k++) {
                if (reads_before(of, k))
                    continue;
                size_t from = of->reads[k].item;
                if (pass == 1)
                    impact->readers[from][counts[from]] = r;
                counts[from]++;
            }
        }
        for (size_t i = 0; pass == 0 && i < book->count; i++) {
            impact->readers[i] = weft_arena_array(arena, counts[i] + 1, sizeof **impact->readers);
            if (impact->readers[i] == NULL)
                return weft_error_nomem(error);
            impact->readers[i][counts[i]] = WEFT_BOOK_NONE;
            counts[i] = 0;
        }
    }
    return 0;
}

/* ---- the walk ---- */

static bool same_name(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && weft_equal_fold(a, b));
}

static bool node_known(const struct impact *impact, const struct node *node)
{
    for (size_t at = impact->first[node->item]; at != 0; at = impact->next[at - 1]) {
        const struct node *known = &impact->nodes[at - 1];
        if (same_name(known->column, node->column) && same_name(known->check, node->check))
            return true;
    }
    return false;
}

static int node_add(struct impact *impact, struct node node, struct weft_error *error)
{
    struct weft_arena *arena = impact->maker->arena;
    if (node_known(impact, &node))
        return 0;
    if (weft_arena_reserve(arena, &impact->nodes, &impact->capacity, impact->count + 1,
                           sizeof *impact->nodes) < 0 ||
        weft_arena_reserve(arena, &impact->next, &impact->next_capacity, impact->count + 1,
                           sizeof *impact->next) < 0)
        return weft_error_nomem(error);
    impact->nodes[impact->count] = node;
    impact->next[impact->count] = impact->first[node.item];
    impact->first[node.item] = ++impact->count;
    return 0;
}

/* All of what it reads is reached: so is all of the reader. */
static int walk_table(struct impact *impact, size_t at, size_t reader, struct weft_error *error)
{
    const struct weft_book_item *of = &impact->maker->book->items[reader];
    size_t from = impact->nodes[at].item;
    for (size_t k = 0; k < of->read_count; k++) {
        if (of->reads[k].item != from)
            continue;
        struct node node = {.item = reader, .parent = at, .how = "table"};
        if (weft_read_is_lookup(of->reads[k].name)) {
            node.how = "lookup";
            node.check = weft_arena_format(impact->maker->arena, "%s.references",
                                           of->reads[k].name + strlen(WEFT_READ_LOOKUP));
            if (node.check == NULL)
                return weft_error_nomem(error);
        }
        WEFT_TRY(node_add(impact, node, error));
    }
    return 0;
}

static int walk_column(struct impact *impact, size_t at, size_t reader, struct weft_error *error)
{
    struct weft_plan_edges *edges = &impact->edges[reader];
    if (!edges->made)
        WEFT_TRY(weft_plan_edges_make(impact->maker, reader, edges, error));
    for (size_t k = 0; k < edges->count; k++) {
        const struct weft_plan_edge *edge = &edges->items[k];
        const struct node from = impact->nodes[at]; /* they move when one is added */
        if (edge->from != from.item ||
            (edge->column != NULL && !weft_equal_fold(edge->column, from.column)))
            continue;
        WEFT_TRY(node_add(impact,
                          (struct node){.item = reader,
                                        .column = edge->to,
                                        .parent = at,
                                        .how = edge->how,
                                        .check = edge->check},
                          error));
    }
    return 0;
}

static int walk_checks(struct impact *impact, size_t at, struct weft_error *error)
{
    struct weft_texts checks;
    const struct node node = impact->nodes[at];
    WEFT_TRY(weft_plan_edges_checks(impact->maker, node.item, node.column, &checks, error));
    for (size_t i = 0; i < checks.count; i++)
        WEFT_TRY(
            node_add(impact,
                     (struct node){
                         .item = node.item, .parent = at, .how = "check", .check = checks.items[i]},
                     error));
    return 0;
}

static int walk(struct impact *impact, size_t item, const char *column, struct weft_error *error)
{
    memset(impact->first, 0, impact->maker->book->count * sizeof *impact->first);
    impact->count = 0;
    WEFT_TRY(
        node_add(impact, (struct node){.item = item, .column = column, .parent = SIZE_MAX}, error));
    for (size_t at = 0; at < impact->count; at++) {
        if (impact->nodes[at].check != NULL)
            continue;
        if (at > 0 && impact->nodes[at].column != NULL)
            WEFT_TRY(walk_checks(impact, at, error));
        const size_t *readers = impact->readers[impact->nodes[at].item];
        for (; *readers != WEFT_BOOK_NONE; readers++)
            WEFT_TRY(impact->nodes[at].column == NULL ? walk_table(impact, at, *readers, error)
                                                      : walk_column(impact, at, *readers, error));
    }
    return 0;
}

/* ---- what came of it ---- */

static int reached_path(struct impact *impact, size_t at, struct weft_plan_reached *out,
                        struct weft_error *error)
{
    size_t count = 0;
    for (size_t i = at; i != SIZE_MAX; i = impact->nodes[i].parent)
        count++;
    struct weft_plan_step *path = weft_arena_array(impact->maker->arena, count, sizeof *path);
    if (path == NULL)
        return weft_error_nomem(error);
    out->path = path;
    out->path_count = count;
    for (size_t i = at; i != SIZE_MAX; i = impact->nodes[i].parent)
        path[--count] = (struct weft_plan_step){impact->nodes[i].item, impact->nodes[i].column};
    return 0;
}

static int reached_add(struct impact *impact, size_t change, size_t at, struct weft_error *error)
{
    const struct node *node = &impact->nodes[at];
    const struct weft_product *contract;
    struct weft_plan_reached reached = {.change = change,
                                        .item = node->item,
                                        .column = node->column,
                                        .check = node->check,
                                        .how = node->how};
    WEFT_TRY(weft_book_contract(impact->maker->book, node->item, &contract, error));
    reached.owner = contract->owner;
    WEFT_TRY(reached_path(impact, at, &reached, error));
    if (weft_arena_reserve(impact->maker->arena, &impact->reached, &impact->reached_capacity,
                           impact->reached_count + 1, sizeof *impact->reached) < 0)
        return weft_error_nomem(error);
    impact->reached[impact->reached_count++] = reached;
    return 0;
}

static int impact_change(struct impact *impact, size_t item, size_t change, const char *column,
                         struct weft_error *error)
{
    if (impact->readers[item][0] == WEFT_BOOK_NONE)
        return 0;
    WEFT_TRY(walk(impact, item, column, error));
    for (size_t at = 1; at < impact->count; at++)
        WEFT_TRY(reached_add(impact, change, at, error));
    return 0;
}

static int impact_item(struct impact *impact, struct weft_plan_item *item, struct weft_error *error)
{
    impact->reached = NULL;
    impact->reached_count = impact->reached_capacity = 0;
    if (item->action == WEFT_PLAN_RETIRE)
        WEFT_TRY(impact_change(impact, item->item, WEFT_PLAN_NO_CHANGE, NULL, error));
    for (size_t i = 0; i < item->changes.count; i++) {
        const struct weft_change *change = &item->changes.items[i];
        bool column = change->reach == WEFT_REACH_COLUMN && change->field != NULL;
        if (change->reach != WEFT_REACH_NONE)
            WEFT_TRY(impact_change(impact, item->item, i, column ? change->field : NULL, error));
    }
    item->reached = impact->reached;
    item->reached_count = impact->reached_count;
    return 0;
}

int weft_plan_impact(struct weft_plan_maker *maker, struct weft_error *error)
{
    struct impact impact = {.maker = maker};
    bool any = false;
    for (size_t i = 0; i < maker->count; i++)
        any = any || maker->items[i].action != WEFT_PLAN_ADD;
    if (!any)
        return 0;
    WEFT_TRY(readers_make(&impact, error));
    for (size_t i = 0; i < maker->count; i++)
        WEFT_TRY(impact_item(&impact, &maker->items[i], error));
    return 0;
}

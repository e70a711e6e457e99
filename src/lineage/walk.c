/*
 * walk.c - level by level, each node once; prepared statements for all of them.
 */
#include "lineage/walk.h"

#include "base/map.h"
#include "lineage/lineage_internal.h"

#include <string.h>

#define WALK_NODES_MAX 100000
#define WALK_LINKS_MAX 1000000

#define AT(alias) alias ".seq_from <= ?4 AND (" alias ".seq_to IS NULL OR " alias ".seq_to > ?4) "

/* Of all columns, and of column ?3 alone, which an index finds. The rows' edges concern each. */
#define UP(which)                                                                                  \
    "SELECT s.up_product, s.up_major, e.up_column, e.how, e.column_name "                          \
    "FROM lineage_products p JOIN lineage_edges e ON e.entry = p.entry " which                     \
    "LEFT JOIN lineage_sources s ON s.entry = e.entry AND s.source = e.source AND " AT(            \
        "s") "WHERE p.product = ?1 AND p.major = ?2 AND " AT("p") "ORDER BY e.ordinal"
static const char up_sql[] = UP("");
static const char up_column_sql[] = UP("AND e.column_name IN (?3, '') ");

#define DOWN(which)                                                                                \
    "SELECT p.product, p.major, e.column_name, e.how, e.up_column "                                \
    "FROM lineage_sources s "                                                                      \
    "JOIN lineage_products p ON p.entry = s.entry AND " AT(                                        \
        "p") "JOIN lineage_edges e ON e.entry = s.entry AND e.source = s.source " which            \
             "WHERE s.up_product = ?1 AND s.up_major = ?2 AND " AT(                                \
                 "s") "ORDER BY p.product, p.major, e.ordinal"
static const char down_sql[] = DOWN("");
static const char down_column_sql[] = DOWN("AND e.up_column = ?3 ");

/* Of the newest contract: the pending one, else the one in force. */
#define NEWEST(alias)                                                                              \
    "(" alias ".state = 'pending' OR NOT EXISTS (SELECT 1 FROM catalog_products q WHERE "          \
    "q.product = " alias ".product AND q.major = " alias                                           \
    ".major AND q.state = 'pending' AND " AT("q") ")) "

static const char up_products_sql[] =
    "SELECT r.upstream, r.upstream_major, '', 0, '' FROM catalog_reads r WHERE r.product = ?1 AND "
    "r.major = ?2 AND ?3 = '' AND " AT("r") "AND " NEWEST(
        "r") "UNION ALL SELECT i.port, 0, '', 0, '' FROM catalog_inputs i WHERE i.product = ?1 AND "
             "i.major = ?2 AND i.kind <> 'product' AND " AT("i") "AND " NEWEST("i");

static const char down_products_sql[] =
    "SELECT DISTINCT r.product, r.major, '', 0, '' FROM catalog_reads r WHERE r.upstream = ?1 AND "
    "r.upstream_major = ?2 AND ?3 = '' AND " AT("r") "AND " NEWEST(
        "r") "ORDER BY r.product, r.major";

struct walker {
    struct weft_ledger_txn *txn;
    struct weft_arena *arena;
    const struct weft_lineage_ask *ask;
    struct weft_stmt *stmt;               /* the one that is stepped */
    struct weft_stmt *of_all, *of_column; /* NULL = not needed yet */
    struct weft_map *index;               /* of nodes, their place + 1 */
    struct weft_lineage_node *nodes;
    size_t node_count, node_capacity;
    struct weft_lineage_link *links;
    size_t link_count, link_capacity;
    size_t node_max;
    bool cut;
    struct weft_buf key;
    struct weft_error *error;
};

static const char *text_copy(struct walker *walker, const char *text)
{
    return weft_arena_strdup(walker->arena, text);
}

/* The node of these names, made when it is new; *out SIZE_MAX when there are too many. */
static int node_of(struct walker *walker, const struct weft_lineage_node *like, size_t *out)
{
    weft_buf_clear(&walker->key);
    weft_buf_addf(&walker->key, "%s@%d\n%s\n%s", like->product, like->major,
                  like->port == NULL ? "" : like->port, like->column == NULL ? "" : like->column);
    WEFT_TRY(weft_buf_check(&walker->key, walker->error));
    uintptr_t at = (uintptr_t)weft_map_get(walker->index, walker->key.data);
    if (at != 0) {
        *out = at - 1;
        return 0;
    }
    *out = SIZE_MAX;
    if (walker->node_count >= walker->node_max) {
        walker->cut = true;
        return 0;
    }
    if (weft_arena_reserve(walker->arena, &walker->nodes, &walker->node_capacity,
                           walker->node_count + 1, sizeof *walker->nodes) < 0)
        return weft_error_nomem(walker->error);
    struct weft_lineage_node *node = &walker->nodes[walker->node_count];
    *node = *like;
    node->recorded = true;
    node->product = text_copy(walker, like->product);
    node->port = like->port == NULL ? NULL : text_copy(walker, like->port);
    node->column = like->column == NULL ? NULL : text_copy(walker, like->column);
    if (node->product == NULL || (like->port != NULL && node->port == NULL) ||
        (like->column != NULL && node->column == NULL) ||
        weft_map_put(walker->index, walker->key.data, (void *)(uintptr_t)(++walker->node_count)) <
            0)
        return weft_error_nomem(walker->error);
    *out = walker->node_count - 1;
    return 0;
}

static int link_add(struct walker *walker, size_t from, size_t to, unsigned how)
{
    if (walker->link_count >= WALK_LINKS_MAX) {
        walker->cut = true;
        return 0;
    }
    if (weft_arena_reserve(walker->arena, &walker->links, &walker->link_capacity,
                           walker->link_count + 1, sizeof *walker->links) < 0)
        return weft_error_nomem(walker->error);
    walker->links[walker->link_count++] = (struct weft_lineage_link){from, to, how};
    return 0;
}

/* The same two may be joined by an edge of the column and one of the rows. */
static int link_put(struct walker *walker, size_t begin, size_t from, size_t to, unsigned how)
{
    for (size_t i = begin; i < walker->link_count; i++) {
        struct weft_lineage_link *link = &walker->links[i];
        if (link->from == from && link->to == to) {
            link->how |= how;
            return 0;
        }
    }
    return link_add(walker, from, to, how);
}

static bool wanted(const struct walker *walker, unsigned how)
{
    return walker->ask->products || !walker->ask->direct ||
           (how & (WEFT_LINEAGE_DIRECT | WEFT_LINEAGE_UNKNOWN)) != 0;
}

/* The node that the row leads to. False = it leads nowhere. */
static bool row_next(struct walker *walker, size_t at, struct weft_lineage_node *next)
{
    unsigned how = (unsigned)weft_stmt_column_int(walker->stmt, 3);
    const struct weft_lineage_node *node = &walker->nodes[at];
    bool down = walker->ask->down;
    if (!down && weft_stmt_column_is_null(walker->stmt, 0)) {
        walker->nodes[at].lost = node->lost || (how != 0 && walker->ask->known == NULL);
        return false;
    }
    if (!wanted(walker, how))
        return false;
    const char *name = weft_stmt_column_text(walker->stmt, 0);
    const char *column = weft_stmt_column_text(walker->stmt, 2);
    bool port = !down && weft_lineage_source_is_port(name);
    *next = (struct weft_lineage_node){.product = port ? node->product : name,
                                       .major = port ? node->major
                                                     : (int)weft_stmt_column_int(walker->stmt, 1),
                                       .port = port ? name : NULL,
                                       .column = column[0] == '\0' ? NULL : column,
                                       .depth = node->depth + 1};
    return true;
}

static int row_walk(struct walker *walker, size_t at, size_t begin, bool deep)
{
    struct weft_lineage_node next;
    const struct weft_lineage_ask *ask = walker->ask;
    unsigned how = (unsigned)weft_stmt_column_int(walker->stmt, 3);
    size_t to;
    if (!row_next(walker, at, &next))
        return 0;
    int known = ask->known == NULL ? 1 : ask->known(ask->known_arg, &next, walker->error);
    if (known <= 0)
        return known;
    if (deep) {
        walker->nodes[at].more = true;
        return 0;
    }
    WEFT_TRY(node_of(walker, &next, &to));
    if (to == SIZE_MAX)
        return 0;
    return ask->down ? link_put(walker, begin, at, to, how) : link_put(walker, begin, to, at, how);
}

static int stmt_choose(struct walker *walker, const struct weft_lineage_node *node)
{
    bool column = !walker->ask->products && node->column != NULL;
    struct weft_stmt **stmt = column ? &walker->of_column : &walker->of_all;
    const char *sql = walker->ask->down ? down_sql : up_sql;
    if (column)
        sql = walker->ask->down ? down_column_sql : up_column_sql;
    else if (walker->ask->products)
        sql = walker->ask->down ? down_products_sql : up_products_sql;
    if (*stmt == NULL)
        WEFT_TRY(weft_stmt_prepare(walker->txn, sql, stmt, walker->error));
    walker->stmt = *stmt;
    return 0;
}

static int node_walk(struct walker *walker, size_t at)
{
    const struct weft_lineage_node *node = &walker->nodes[at];
    size_t begin = walker->link_count;
    bool any = false;
    int rc;
    if (node->port != NULL)
        return 0;
    WEFT_TRY(stmt_choose(walker, node));
    weft_stmt_reset(walker->stmt);
    weft_stmt_bind_text(walker->stmt, 1, node->product);
    weft_stmt_bind_int(walker->stmt, 2, node->major);
    weft_stmt_bind_text(walker->stmt, 3, node->column == NULL ? "" : node->column);
    weft_stmt_bind_int(walker->stmt, 4, walker->ask->sequence);
    bool deep = walker->ask->depth > 0 && node->depth >= walker->ask->depth;
    while ((rc = weft_stmt_step(walker->stmt, walker->error)) == 0) {
        any = true;
        WEFT_TRY(row_walk(walker, at, begin, deep));
    }
    walker->nodes[at].recorded =
        any || walker->ask->down || walker->ask->products || walker->ask->known != NULL;
    return rc < 0 ? rc : 0;
}

/* A column of which no row is there: is it the product that is not recorded, or the column? */
static int walk_all(struct walker *walker)
{
    struct weft_lineage_node start = {.product = walker->ask->product,
                                      .major = walker->ask->major,
                                      .column = walker->ask->column};
    size_t at;
    WEFT_TRY(node_of(walker, &start, &at));
    for (size_t i = 0; i < walker->node_count; i++)
        WEFT_TRY(node_walk(walker, i));
    return 0;
}

int weft_lineage_walk(struct weft_ledger_txn *txn, struct weft_arena *arena,
                      const struct weft_lineage_ask *ask, struct weft_lineage_graph *out,
                      struct weft_error *error)
{
    struct walker walker = {.txn = txn, .arena = arena, .ask = ask, .error = error};
    WEFT_CLEANUP(weft_map_freep) struct weft_map *index = weft_map_new();
    walker.index = index;
    walker.node_max = ask->node_max == 0 ? WALK_NODES_MAX : ask->node_max;
    if (index == NULL)
        return weft_error_nomem(error);
    weft_buf_init(&walker.key, 4096);
    int rc = walk_all(&walker);
    weft_buf_release(&walker.key);
    weft_stmt_free(walker.of_all);
    weft_stmt_free(walker.of_column);
    WEFT_TRY(rc);
    *out = (struct weft_lineage_graph){walker.nodes, walker.node_count, walker.links,
                                       walker.link_count, walker.cut};
    return 0;
}

/*
 * lineage_test.c - lineage of contracts as facts of the ledger: given back as it was put, walked as
 * a plain search of all edges would, as of every sequence; entries that do not read; without
 * memory.
 */
#include "lineage/walk.h"

#include "base/random.h"
#include "base/test_support.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LAYERS 5
#define WIDTH 4
#define COLUMNS 3
#define NODES (LAYERS * WIDTH * (COLUMNS + 1)) /* the last of each product: all of its rows */

struct fixture {
    char *dir;
    struct weft_ledger *ledger;
    struct weft_arena *arena;
    struct weft_error error;
    unsigned seed;
    unsigned edge[NODES][NODES]; /* [upstream][downstream]: how */
};

#define OK(expr) ok(f, (expr), __LINE__)

static void ok(struct fixture *f, int rc, int line)
{
    if (rc != 0)
        fail_msg("line %d: %s (%s)", line, f->error.message, f->error.detail);
}

static int setup(void **state)
{
    struct fixture *f = weft_alloc(sizeof *f);
    f->error = (struct weft_error)WEFT_ERROR_INIT;
    f->dir = weft_test_dir();
    f->arena = weft_arena_new(0);
    weft_lineage_register();
    char *home = weft_format("%s/home", f->dir);
    OK(weft_ledger_open(home, WEFT_LEDGER_CREATE, &f->ledger, &f->error));
    weft_free(home);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    weft_ledger_close(f->ledger);
    weft_arena_free(f->arena);
    weft_test_dir_remove(f->dir);
    weft_free(f);
    return 0;
}

/* One transaction; the sequence behind it. */
static int64_t put(struct fixture *f, const struct weft_lineage *lineage)
{
    struct weft_ledger_txn *txn = NULL;
    struct weft_ledger_head head;
    OK(weft_ledger_begin_write(f->ledger, &txn, &f->error));
    OK(weft_lineage_put(txn, "local:test", lineage, &f->error));
    OK(weft_ledger_head(txn, &head, &f->error));
    OK(weft_ledger_commit(txn, &f->error));
    return head.sequence;
}

/* ---- as it was put ---- */

static const char *const names[] = {"a", "b c", "\"q\""};
static const bool lost[] = {false, true, false};
static const struct weft_lineage_source sources[] = {{"d.up", 2}, {"files", 0}};
static const struct weft_lineage_edge edges[] = {
    {0, 0, "x", WEFT_LINEAGE_IDENTITY},
    {0, 1, "a header, of a file", WEFT_LINEAGE_TRANSFORMATION | WEFT_LINEAGE_FILTER},
    {1, 0, "y", WEFT_LINEAGE_UNKNOWN},
    {WEFT_LINEAGE_ROWS, 0, "x", WEFT_LINEAGE_GROUP_BY},
};
static const struct weft_lineage example = {.full_name = "d.p",
                                            .major = 1,
                                            .digest = "abc",
                                            .basis = "sql",
                                            .columns = names,
                                            .lost = lost,
                                            .column_count = 3,
                                            .sources = sources,
                                            .source_count = 2,
                                            .edges = edges,
                                            .edge_count = 4};

static struct weft_lineage get(struct fixture *f, const char *name, int64_t sequence, int wanted)
{
    struct weft_ledger_txn *txn = NULL;
    struct weft_lineage out = {0};
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    int rc = weft_lineage_get(txn, f->arena, name, 1, sequence, &out, &f->error);
    weft_ledger_end(txn);
    if (rc < 0)
        ok(f, rc, __LINE__);
    assert_int_equal(rc, wanted);
    return out;
}

static size_t column_at(const struct weft_lineage *lineage, const char *name)
{
    for (size_t i = 0; i < lineage->column_count; i++)
        if (strcmp(lineage->columns[i], name) == 0)
            return i;
    return WEFT_LINEAGE_ROWS;
}

static void same(const struct weft_lineage *is, const struct weft_lineage *wanted)
{
    assert_string_equal(is->full_name, wanted->full_name);
    assert_string_equal(is->digest, wanted->digest);
    assert_string_equal(is->basis, wanted->basis);
    assert_int_equal(is->column_count, wanted->column_count);
    assert_int_equal(is->source_count, wanted->source_count);
    assert_int_equal(is->edge_count, wanted->edge_count);
    for (size_t i = 0; i < wanted->source_count; i++) {
        assert_string_equal(is->sources[i].name, wanted->sources[i].name);
        assert_int_equal(is->sources[i].major, wanted->sources[i].major);
    }
    for (size_t i = 0; i < wanted->column_count; i++) {
        size_t at = column_at(is, wanted->columns[i]);
        assert_true(at != WEFT_LINEAGE_ROWS);
        assert_int_equal(is->lost[at], wanted->lost != NULL && wanted->lost[i]);
    }
    for (size_t i = 0; i < wanted->edge_count; i++) {
        const struct weft_lineage_edge *one = &is->edges[i], *other = &wanted->edges[i];
        assert_string_equal(one->name, other->name);
        assert_int_equal(one->source, other->source);
        assert_int_equal(one->how, other->how);
        assert_int_equal(one->column, other->column == WEFT_LINEAGE_ROWS
                                          ? WEFT_LINEAGE_ROWS
                                          : column_at(is, wanted->columns[other->column]));
    }
}

static void given_back(void **state)
{
    struct fixture *f = *state;
    get(f, "d.p", 100, WEFT_NOT_THERE);
    int64_t first = put(f, &example);
    struct weft_lineage after = example;
    after.digest = "def";
    after.edge_count = 1;
    after.lost = NULL;
    int64_t second = put(f, &after);
    struct weft_lineage is = get(f, "d.p", first, 0);
    same(&is, &example);
    is = get(f, "d.p", second, 0);
    same(&is, &after);
    is = get(f, "D.P", second, WEFT_NOT_THERE);
}

/* ---- more than an entry holds ---- */

static void too_many_edges(void **state)
{
    struct fixture *f = *state;
    size_t count = 400000;
    struct weft_lineage_edge *many = weft_arena_array(f->arena, count, sizeof *many);
    for (size_t i = 0; i < count; i++)
        many[i] = (struct weft_lineage_edge){
            i % 3, 0, weft_arena_format(f->arena, "a_column_of_some_length_%zu", i),
            WEFT_LINEAGE_IDENTITY};
    struct weft_lineage huge = example;
    huge.full_name = "d.huge";
    huge.edges = many;
    huge.edge_count = count;
    struct weft_lineage is = get(f, "d.huge", put(f, &huge), 0);
    assert_int_equal(is.edge_count, 0);
    assert_int_equal(is.column_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(is.lost[i]); /* unknown, not without an origin */
}

/* ---- entries that do not read ---- */

static void entries_that_do_not_read(void **state)
{
    static const char *const bodies[] = {
        "{}",
        "{\"product\":\"d.p\",\"major\":1,\"digest\":\"x\",\"basis\":\"sql\",\"columns\":[1],"
        "\"sources\":[],\"edges\":[],\"lost\":[]}",
        "{\"product\":\"d.p\",\"major\":1,\"digest\":\"x\",\"basis\":\"sql\",\"columns\":[\"a\"],"
        "\"sources\":[[1,2]],\"edges\":[],\"lost\":[]}",
        "{\"product\":\"d.p\",\"major\":1,\"digest\":\"x\",\"basis\":\"sql\",\"columns\":[\"a\"],"
        "\"sources\":[[\"d.u\",1]],\"edges\":[[1,0,\"x\",1]],\"lost\":[]}",
        "{\"product\":\"d.p\",\"major\":1,\"digest\":\"x\",\"basis\":\"sql\",\"columns\":[\"a\"],"
        "\"sources\":[[\"d.u\",1]],\"edges\":[[-2,0,\"x\",1]],\"lost\":[]}",
        "{\"product\":\"d.p\",\"major\":1,\"digest\":\"x\",\"basis\":\"sql\",\"columns\":[\"a\"],"
        "\"sources\":[[\"d.u\",1]],\"edges\":[[0,1,\"x\",1]],\"lost\":[]}",
        "{\"product\":\"d.p\",\"major\":1,\"digest\":\"x\",\"basis\":\"sql\",\"columns\":[\"a\"],"
        "\"sources\":[[\"d.u\",1]],\"edges\":[[0,0,7,1]],\"lost\":[]}",
        "{\"product\":\"d.p\",\"major\":1,\"digest\":\"x\",\"basis\":\"sql\",\"columns\":[\"a\"],"
        "\"sources\":[],\"edges\":[],\"lost\":[4]}",
        "{\"product\":\"d.p\",\"major\":1,\"digest\":\"x\",\"basis\":\"sql\",\"columns\":[\"a\"],"
        "\"sources\":[],\"edges\":[],\"lost\":[-1]}",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < WEFT_COUNT(bodies); i++) {
        struct weft_ledger_txn *txn = NULL;
        OK(weft_ledger_begin_write(f->ledger, &txn, &f->error));
        int rc =
            weft_ledger_append(txn, "local:test", "product.lineage", bodies[i], NULL, &f->error);
        weft_ledger_end(txn);
        if (rc == 0)
            fail_msg("taken: %s", bodies[i]);
        weft_error_clear(&f->error);
    }
    get(f, "d.p", 100, WEFT_NOT_THERE);
}

/* ---- walking, against a search of all edges ---- */

static unsigned chance(struct fixture *f, unsigned of)
{
    f->seed = f->seed * 1103515245U + 12345U;
    return (f->seed >> 16) % of;
}

static const char *product_name(struct fixture *f, int layer, int at)
{
    return weft_arena_format(f->arena, "layer%d.p%d", layer, at);
}

static int node_at(int layer, int at, int column)
{
    return (layer * WIDTH + at) * (COLUMNS + 1) + column;
}

/* Reads by chance from the layer above; kept in f->edge too, as the walk sees it: what concerns the
 * rows is an edge of the product's node, which every column of it shares. */
static void product_make(struct fixture *f, int layer, int at)
{
    static const char *const columns[COLUMNS] = {"c0", "c1", "c2"};
    struct weft_lineage_source from[WIDTH];
    struct weft_lineage_edge made[64];
    size_t count = 0;
    for (int i = 0; i < NODES; i++)
        for (int c = 0; c <= COLUMNS; c++)
            f->edge[i][node_at(layer, at, c)] = 0;
    for (int i = 0; i < WIDTH; i++)
        from[i] = (struct weft_lineage_source){product_name(f, layer - 1, i), 1};
    for (int c = 0; layer > 0 && c <= COLUMNS; c++)
        for (int i = 0; i < WIDTH; i++)
            for (int u = 0; u < COLUMNS; u++) {
                if (chance(f, 10) > 1)
                    continue;
                unsigned how = 1U << chance(f, 10);
                made[count++] = (struct weft_lineage_edge){
                    c == COLUMNS ? WEFT_LINEAGE_ROWS : (size_t)c, (size_t)i, columns[u], how};
                f->edge[node_at(layer - 1, i, u)][node_at(layer, at, c)] = how;
            }
    put(f, &(struct weft_lineage){.full_name = product_name(f, layer, at),
                                  .major = 1,
                                  .digest = "x",
                                  .basis = "sql",
                                  .columns = columns,
                                  .column_count = COLUMNS,
                                  .sources = from,
                                  .source_count = layer == 0 ? 0 : WIDTH,
                                  .edges = made,
                                  .edge_count = layer == 0 ? 0 : count});
}

static bool passes(unsigned how, bool direct)
{
    return how != 0 && (!direct || (how & (WEFT_LINEAGE_DIRECT | WEFT_LINEAGE_UNKNOWN)) != 0);
}

/* How far each node is; -1 = not reached. Down: an edge of the rows leads to the product's node,
 * and from there to all that comes from any column of it. */
static void search(struct fixture *f, int start, bool down, bool direct, int depth, int *far)
{
    for (int i = 0; i < NODES; i++)
        far[i] = -1;
    far[start] = 0;
    for (int level = 0; depth == 0 || level < depth; level++) {
        bool any = false;
        for (int at = 0; at < NODES; at++) {
            if (far[at] != level)
                continue;
            bool rows = at % (COLUMNS + 1) == COLUMNS;
            int first = rows ? at - COLUMNS : at, product = at - at % (COLUMNS + 1);
            for (int to = 0; to < NODES; to++) {
                bool leads = false;
                for (int c = first; down && c <= (rows ? at - 1 : at); c++)
                    leads = leads || passes(f->edge[c][to], direct);
                for (int c = first; !down && c <= at; c++)
                    leads = leads || passes(f->edge[to][c], direct) ||
                            passes(f->edge[to][product + COLUMNS], direct);
                if (!leads || far[to] >= 0)
                    continue;
                far[to] = level + 1;
                any = true;
            }
        }
        if (!any)
            return;
    }
}

static int node_of(const struct weft_lineage_node *node)
{
    int layer = node->product[5] - '0', at = node->product[8] - '0';
    return node_at(layer, at, node->column == NULL ? COLUMNS : node->column[1] - '0');
}

static void walk_check(struct fixture *f, int layer, int at, int column, bool down, bool direct,
                       int depth)
{
    int far[NODES];
    bool seen[NODES] = {false};
    struct weft_ledger_txn *txn = NULL;
    struct weft_lineage_graph graph;
    struct weft_lineage_ask ask = {.product = product_name(f, layer, at),
                                   .major = 1,
                                   .column = weft_arena_format(f->arena, "c%d", column),
                                   .down = down,
                                   .direct = direct,
                                   .depth = depth,
                                   .sequence = INT64_MAX};
    search(f, node_at(layer, at, column), down, direct, depth, far);
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    weft_ledger_end(txn);
    assert_false(graph.cut);
    for (size_t i = 0; i < graph.node_count; i++) {
        int node = node_of(&graph.nodes[i]);
        assert_false(seen[node]);
        seen[node] = true;
        assert_int_equal(graph.nodes[i].depth, far[node]);
    }
    for (int i = 0; i < NODES; i++)
        if (seen[i] != (far[i] >= 0))
            fail_msg("from layer%d.p%d.c%d %s: node %d is %s", layer, at, column,
                     down ? "down" : "up", i, seen[i] ? "too much" : "missing");
    for (size_t i = 0; i < graph.link_count; i++) {
        const struct weft_lineage_link *link = &graph.links[i];
        assert_true(passes(link->how, direct));
        assert_true(graph.nodes[link->from].depth != graph.nodes[link->to].depth);
    }
}

static void walks(void **state)
{
    struct fixture *f = *state;
    f->seed = 6;
    for (int layer = 0; layer < LAYERS; layer++)
        for (int at = 0; at < WIDTH; at++)
            product_make(f, layer, at);
    for (int round = 0; round < 300; round++) {
        walk_check(f, (int)chance(f, LAYERS), (int)chance(f, WIDTH), (int)chance(f, COLUMNS),
                   chance(f, 2) == 0, chance(f, 3) == 0, (int)chance(f, 4));
        if (round % 10 == 9) /* a new version of one */
            product_make(f, 1 + (int)chance(f, LAYERS - 1), (int)chance(f, WIDTH));
    }
}

/* A product of version 0.x is no port. */
static void major_zero(void **state)
{
    static const struct weft_lineage_source from[] = {{"d.young", 0}, {"young", 0}};
    static const struct weft_lineage_edge made[] = {{0, 0, "x", WEFT_LINEAGE_IDENTITY},
                                                    {0, 1, "h", WEFT_LINEAGE_IDENTITY}};
    struct fixture *f = *state;
    struct weft_ledger_txn *txn = NULL;
    struct weft_lineage_graph graph;
    struct weft_lineage one = example;
    one.sources = from;
    one.edges = made;
    one.edge_count = 2;
    put(f, &one);
    struct weft_lineage_ask ask = {
        .product = "d.p", .major = 1, .column = "a", .sequence = INT64_MAX};
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    assert_int_equal(graph.node_count, 3);
    assert_string_equal(graph.nodes[1].product, "d.young");
    assert_int_equal(graph.nodes[1].major, 0);
    assert_null(graph.nodes[1].port);
    assert_string_equal(graph.nodes[2].product, "d.p");
    assert_string_equal(graph.nodes[2].port, "young");
    ask = (struct weft_lineage_ask){
        .product = "d.young", .major = 0, .column = "x", .down = true, .sequence = INT64_MAX};
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    assert_int_equal(graph.node_count, 2);
    assert_string_equal(graph.nodes[1].product, "d.p");
    weft_ledger_end(txn);
}

static void not_recorded_and_cut(void **state)
{
    struct fixture *f = *state;
    struct weft_ledger_txn *txn = NULL;
    struct weft_lineage_graph graph;
    put(f, &example);
    struct weft_lineage_ask ask = {
        .product = "d.p", .major = 1, .column = "a", .sequence = INT64_MAX};
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    /* a, d.up@2.x, which is not recorded, and the header of a file. */
    assert_int_equal(graph.node_count, 3);
    assert_true(graph.nodes[0].recorded && !graph.nodes[0].lost);
    assert_false(graph.nodes[1].recorded);
    assert_string_equal(graph.nodes[2].port, "files");
    ask.column = "b c";
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    assert_true(graph.nodes[0].lost);
    ask.node_max = 1;
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    assert_true(graph.cut);
    assert_int_equal(graph.node_count, 1);
    weft_ledger_end(txn);
}

/* ---- without memory ---- */

static int torture_all(void *arg, struct weft_error *error)
{
    struct fixture *f = arg;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_lineage out;
    struct weft_lineage_graph graph;
    struct weft_lineage_ask ask = {
        .product = "d.p", .major = 1, .column = "a", .sequence = INT64_MAX};
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_ledger_begin_write(f->ledger, &txn, error));
    WEFT_TRY(weft_lineage_put(txn, "local:test", &example, error));
    int rc = weft_lineage_get(txn, arena, "d.p", 1, INT64_MAX, &out, error);
    WEFT_TRY(rc);
    assert_int_equal(rc, 0);
    assert_int_equal(out.edge_count, 4);
    WEFT_TRY(weft_lineage_walk(txn, arena, &ask, &graph, error));
    assert_int_equal(graph.node_count, 3);
    return 0; /* the transaction is given up */
}

static void torture(void **state)
{
    assert_true(weft_test_torture(torture_all, *state) > 20);
}

/* ---- what is not known ---- */

static int not_up(void *arg, const struct weft_lineage_node *node, struct weft_error *error)
{
    (void)error;
    return strcmp(node->product, arg) != 0;
}

/* d.last reads d.p, and d.p d.up and a file: as if that were not there, and nothing tells so. */
static void not_known(void **state)
{
    struct fixture *f = *state;
    static const char *const column[] = {"z"};
    static const struct weft_lineage_source from[] = {{"d.p", 1}};
    static const struct weft_lineage_edge edge[] = {{0, 0, "b c", WEFT_LINEAGE_IDENTITY}};
    const struct weft_lineage last = {.full_name = "d.last",
                                      .major = 1,
                                      .digest = "l",
                                      .basis = "sql",
                                      .columns = column,
                                      .column_count = 1,
                                      .sources = from,
                                      .source_count = 1,
                                      .edges = edge,
                                      .edge_count = 1};
    put(f, &example);
    struct weft_lineage_ask ask = {.product = "d.last",
                                   .major = 1,
                                   .column = "z",
                                   .sequence = put(f, &last),
                                   .known = not_up,
                                   .known_arg = (char[]){"d.up"}};
    struct weft_lineage_graph graph;
    struct weft_ledger_txn *txn = NULL;
    OK(weft_ledger_begin_read(f->ledger, &txn, &f->error));
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    assert_int_equal(graph.node_count, 2); /* d.last.z, d.p."b c", which is lost */
    for (size_t i = 0; i < graph.node_count; i++) {
        assert_true(graph.nodes[i].recorded);
        assert_false(graph.nodes[i].lost);
        assert_false(graph.nodes[i].more);
    }
    ask.depth = 1; /* all that is deeper is not known */
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    assert_false(graph.nodes[1].more);
    /* From what is known down: it ends before d.p, and d.last is not joined to it. */
    ask = (struct weft_lineage_ask){.product = "d.up",
                                    .major = 2,
                                    .column = "y",
                                    .down = true,
                                    .sequence = ask.sequence,
                                    .known = not_up,
                                    .known_arg = (char[]){"d.p"}};
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    assert_int_equal(graph.node_count, 1);
    assert_int_equal(graph.link_count, 0);
    ask.known = NULL;
    OK(weft_lineage_walk(txn, f->arena, &ask, &graph, &f->error));
    assert_int_equal(graph.node_count, 3);
    weft_ledger_end(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(entries_that_do_not_read, setup, teardown),
        cmocka_unit_test_setup_teardown(walks, setup, teardown),
        cmocka_unit_test_setup_teardown(major_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(not_recorded_and_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(not_known, setup, teardown),
        cmocka_unit_test_setup_teardown(torture, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

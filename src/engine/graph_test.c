/*
 * graph_test.c - graph algorithms through the real program weft-graph, and what happens when it is
 * not there, dies, babbles or lacks memory.
 */
#include "engine/graph.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/test_support.h"
#include "engine/graph_protocol.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MB 1000000
#define PLENTY ((int64_t)2000 * MB)

/* Zachary's karate club (Zachary 1977), members from 1 as in the paper. */
#define KARATE_NODES 34
static const int8_t karate[][2] = {
    {1, 2},   {1, 3},   {1, 4},   {1, 5},   {1, 6},   {1, 7},   {1, 8},   {1, 9},   {1, 11},
    {1, 12},  {1, 13},  {1, 14},  {1, 18},  {1, 20},  {1, 22},  {1, 32},  {2, 3},   {2, 4},
    {2, 8},   {2, 14},  {2, 18},  {2, 20},  {2, 22},  {2, 31},  {3, 4},   {3, 8},   {3, 9},
    {3, 10},  {3, 14},  {3, 28},  {3, 29},  {3, 33},  {4, 8},   {4, 13},  {4, 14},  {5, 7},
    {5, 11},  {6, 7},   {6, 11},  {6, 17},  {7, 17},  {9, 31},  {9, 33},  {9, 34},  {10, 34},
    {14, 34}, {15, 33}, {15, 34}, {16, 33}, {16, 34}, {19, 33}, {19, 34}, {20, 34}, {21, 33},
    {21, 34}, {23, 33}, {23, 34}, {24, 26}, {24, 28}, {24, 30}, {24, 33}, {24, 34}, {25, 26},
    {25, 28}, {25, 32}, {26, 32}, {27, 30}, {27, 34}, {28, 34}, {29, 32}, {29, 34}, {30, 33},
    {30, 34}, {31, 33}, {31, 34}, {32, 33}, {32, 34}, {33, 34}};

struct edges {
    struct weft_graph_edges view;
    int32_t *from, *to;
    double *weight;
};

static struct edges edges_new(size_t count, int32_t nodes)
{
    struct edges edges = {.from = calloc(count + 1, sizeof(int32_t)),
                          .to = calloc(count + 1, sizeof(int32_t)),
                          .weight = calloc(count + 1, sizeof(double))};
    edges.view = (struct weft_graph_edges){
        .from = edges.from, .to = edges.to, .count = count, .node_count = nodes};
    return edges;
}

static void edges_free(struct edges *edges)
{
    free(edges->from);
    free(edges->to);
    free(edges->weight);
}

static struct edges edges_karate(void)
{
    struct edges edges = edges_new(WEFT_COUNT(karate), KARATE_NODES);
    for (size_t i = 0; i < WEFT_COUNT(karate); i++) {
        edges.from[i] = karate[i][0] - 1;
        edges.to[i] = karate[i][1] - 1;
    }
    return edges;
}

static uint64_t random_state;
static uint32_t random_next(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33);
}

static struct edges edges_random(size_t count, int32_t nodes, uint64_t seed)
{
    struct edges edges = edges_new(count, nodes);
    random_state = seed;
    for (size_t i = 0; i < count; i++) {
        edges.from[i] = (int32_t)(random_next() % (uint32_t)nodes);
        edges.to[i] = (int32_t)(random_next() % (uint32_t)nodes);
        edges.weight[i] = 0.1 + (random_next() % 1000) / 100.0;
    }
    edges.view.weight = edges.weight;
    return edges;
}

static struct weft_graph graph_of(enum weft_graph_algorithm algorithm)
{
    return (struct weft_graph){.algorithm = algorithm, .seed = 1, .resolution = 1, .damping = 0.85};
}

static double *run_with(const struct weft_graph *graph, const struct edges *edges, char *library)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char ignored[64];
    double *values = calloc((size_t)edges->view.node_count + 1, sizeof *values);
    if (weft_graph_run(graph, &edges->view, PLENTY, values, library == NULL ? ignored : library,
                       &error) < 0)
        fail_msg("%s (%s)", error.message, error.detail);
    return values;
}

static double *run(enum weft_graph_algorithm algorithm, const struct edges *edges)
{
    struct weft_graph graph = graph_of(algorithm);
    return run_with(&graph, edges, NULL);
}

static enum weft_code run_fails(const struct edges *edges, int64_t memory_bytes,
                                struct weft_error *error)
{
    struct weft_graph graph = graph_of(WEFT_GRAPH_LOUVAIN);
    char library[64] = "";
    double *values = calloc((size_t)edges->view.node_count + 1, sizeof *values);
    weft_error_clear(error);
    int rc = weft_graph_run(&graph, &edges->view, memory_bytes, values, library, error);
    free(values);
    assert_int_equal(rc, -1);
    assert_string_equal(library, "");
    return error->code;
}

/* Newman and Girvan: the share of weight within groups, less what chance would give. */
static double modularity(const struct edges *edges, const double *groups, double resolution)
{
    size_t nodes = (size_t)edges->view.node_count;
    double *strength = calloc(nodes + 1, sizeof *strength), within = 0, all = 0, chance = 0;
    for (size_t i = 0; i < edges->view.count; i++) {
        double weight = edges->view.weight == NULL ? 1 : edges->view.weight[i];
        size_t from = (size_t)groups[edges->from[i]], to = (size_t)groups[edges->to[i]];
        strength[from] += weight;
        strength[to] += weight;
        all += weight;
        within += from == to ? weight : 0;
    }
    for (size_t i = 0; i < nodes; i++)
        chance += strength[i] * strength[i] / (4 * all * all);
    free(strength);
    return within / all - resolution * chance;
}

/* Sizes fall, and of equal sizes the one with the smallest member comes first. */
static int32_t groups_in_order(const double *groups, int32_t nodes)
{
    int32_t count = 0;
    for (int32_t i = 0; i < nodes; i++)
        count = WEFT_MAX(count, (int32_t)groups[i] + 1);
    int32_t *size = calloc((size_t)count, sizeof *size),
            *first = calloc((size_t)count, sizeof *first);
    for (int32_t i = nodes - 1; i >= 0; i--) {
        size[(int32_t)groups[i]]++;
        first[(int32_t)groups[i]] = i;
    }
    for (int32_t i = 0; i < count; i++) {
        assert_true(size[i] > 0);
        if (i > 0)
            assert_true(size[i - 1] > size[i] ||
                        (size[i - 1] == size[i] && first[i - 1] < first[i]));
    }
    free(size);
    free(first);
    return count;
}

static void test_louvain_of_the_karate_club(void **state)
{
    (void)state;
    struct edges edges = edges_karate();
    struct weft_graph graph = graph_of(WEFT_GRAPH_LOUVAIN);
    char library[64] = "";
    double best = 0;
    for (graph.seed = 1; graph.seed <= 10; graph.seed++) {
        double *groups = run_with(&graph, &edges, library);
        best = fmax(best, modularity(&edges, groups, 1));
        groups_in_order(groups, KARATE_NODES);
        free(groups);
    }
    assert_true(fabs(best - 0.4198) < 0.0005);
    assert_memory_equal(library, "igraph 0.10", 11);
    edges_free(&edges);
}

/* Leiden reaches the known optimum: four groups, 0.41979. */
static void test_leiden_of_the_karate_club(void **state)
{
    (void)state;
    struct edges edges = edges_karate();
    double *groups = run(WEFT_GRAPH_LEIDEN, &edges);
    assert_true(fabs(modularity(&edges, groups, 1) - 0.41979) < 0.00001);
    assert_int_equal(groups_in_order(groups, KARATE_NODES), 4);
    free(groups);
    edges_free(&edges);
}

/* The resolution means the same for both: higher gives smaller groups, by its own measure best. */
static void test_resolution(void **state)
{
    (void)state;
    struct edges edges = edges_karate();
    for (enum weft_graph_algorithm a = WEFT_GRAPH_LOUVAIN; a <= WEFT_GRAPH_LEIDEN; a++) {
        struct weft_graph graph = graph_of(a);
        graph.resolution = 0.2;
        double *coarse = run_with(&graph, &edges, NULL);
        graph.resolution = 4;
        double *fine = run_with(&graph, &edges, NULL);
        assert_true(groups_in_order(coarse, KARATE_NODES) <= 2);
        assert_true(groups_in_order(fine, KARATE_NODES) >= 8);
        assert_true(modularity(&edges, fine, 4) > modularity(&edges, coarse, 4));
        assert_true(modularity(&edges, coarse, 0.2) > modularity(&edges, fine, 0.2));
        free(coarse);
        free(fine);
    }
    edges_free(&edges);
}

/* Two squares with a bridge; heavy weights put the bridge's ends together. */
static void test_weights_count(void **state)
{
    (void)state;
    static const int8_t squares[][2] = {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 5},
                                        {5, 6}, {6, 7}, {7, 4}, {3, 4}};
    struct edges edges = edges_new(WEFT_COUNT(squares), 8);
    for (size_t i = 0; i < WEFT_COUNT(squares); i++) {
        edges.from[i] = squares[i][0];
        edges.to[i] = squares[i][1];
        edges.weight[i] = 1;
    }
    for (enum weft_graph_algorithm a = WEFT_GRAPH_LOUVAIN; a <= WEFT_GRAPH_LEIDEN; a++) {
        edges.view.weight = NULL;
        double *groups = run(a, &edges);
        assert_true(groups[3] != groups[4]);
        free(groups);
        edges.view.weight = edges.weight;
        edges.weight[8] = 50;
        groups = run(a, &edges);
        assert_true(groups[3] == groups[4]);
        free(groups);
    }
    edges_free(&edges);
}

/* Edges of weight 0, anywhere among the others, change nothing; their nodes are there. */
static void test_weight_zero(void **state)
{
    (void)state;
    enum { NODES = 400, COUNT = 900 };
    struct edges edges = edges_random(COUNT, NODES, 11), without = edges_random(COUNT, NODES, 11);
    size_t kept = 0;
    for (size_t i = 0; i < COUNT; i++) {
        if (i == 0 || i == COUNT - 1 || i % 3 == 0) {
            edges.weight[i] = i % 2 == 0 ? 0.0 : -0.0;
            continue;
        }
        without.from[kept] = edges.from[i];
        without.to[kept] = edges.to[i];
        without.weight[kept++] = edges.weight[i];
    }
    without.view.count = kept;
    for (enum weft_graph_algorithm a = WEFT_GRAPH_LOUVAIN; a <= WEFT_GRAPH_COMPONENTS; a++) {
        double *values = run(a, &edges), *expected = run(a, &without);
        assert_memory_equal(values, expected, NODES * sizeof *values);
        free(values);
        free(expected);
    }
    /* igraph would divide by the sum. */
    memset(edges.weight, 0, COUNT * sizeof *edges.weight);
    for (enum weft_graph_algorithm a = WEFT_GRAPH_LOUVAIN; a <= WEFT_GRAPH_COMPONENTS; a++) {
        double *values = run(a, &edges);
        for (int32_t i = 0; i < NODES; i++)
            assert_true(values[i] == (a == WEFT_GRAPH_PAGERANK ? 1.0 / NODES : i));
        free(values);
    }
    edges_free(&without);
    edges_free(&edges);
}

static void test_components(void **state)
{
    (void)state;
    /* {5,6,7} before {0,1} and {2,3} (equal sizes: smallest member first); 4 stands alone */
    struct edges edges = edges_new(5, 8);
    static const int32_t from[] = {7, 6, 3, 1, 4}, to[] = {6, 5, 2, 0, 4};
    static const double expected[] = {1, 1, 2, 2, 3, 0, 0, 0};
    memcpy(edges.from, from, sizeof from);
    memcpy(edges.to, to, sizeof to);
    double *groups = run(WEFT_GRAPH_COMPONENTS, &edges);
    assert_memory_equal(groups, expected, sizeof expected);
    free(groups);
    edges_free(&edges);
}

/* The definition, iterated: weights share a node's score out, nodes without a way out share theirs
 * with all. */
static double *power_iteration(const struct edges *edges, double damping)
{
    size_t nodes = (size_t)edges->view.node_count;
    double *score = calloc(nodes, sizeof *score), *next = calloc(nodes, sizeof *next);
    double *out = calloc(nodes, sizeof *out);
    for (size_t i = 0; i < edges->view.count; i++)
        out[edges->from[i]] += edges->view.weight == NULL ? 1 : edges->view.weight[i];
    for (size_t i = 0; i < nodes; i++)
        score[i] = 1.0 / (double)nodes;
    for (int round = 0; round < 300; round++) {
        double lost = 0;
        for (size_t i = 0; i < nodes; i++)
            lost += out[i] == 0 ? score[i] : 0;
        for (size_t i = 0; i < nodes; i++)
            next[i] = (1 - damping + damping * lost) / (double)nodes;
        for (size_t i = 0; i < edges->view.count; i++)
            next[edges->to[i]] += damping * score[edges->from[i]] *
                                  (edges->view.weight == NULL ? 1 : edges->view.weight[i]) /
                                  out[edges->from[i]];
        double *old = score;
        score = next;
        next = old;
    }
    free(next);
    free(out);
    return score;
}

static void pagerank_agrees(const struct edges *edges, double damping)
{
    struct weft_graph graph = graph_of(WEFT_GRAPH_PAGERANK);
    graph.damping = damping;
    double *scores = run_with(&graph, edges, NULL), *expected = power_iteration(edges, damping);
    double sum = 0;
    for (int32_t i = 0; i < edges->view.node_count; i++) {
        sum += scores[i];
        if (fabs(scores[i] - expected[i]) > 1e-8)
            fail_msg("node %d: %.12f, not %.12f", i, scores[i], expected[i]);
    }
    assert_true(fabs(sum - 1) < 1e-9);
    free(scores);
    free(expected);
}

static void test_pagerank(void **state)
{
    (void)state;
    struct edges edges = edges_karate();
    pagerank_agrees(&edges, 0.85);
    pagerank_agrees(&edges, 0.5);
    edges_free(&edges);
    /* Loops, edges that stand twice, weights, nodes without a way out. */
    edges = edges_random(300, 150, 7);
    pagerank_agrees(&edges, 0.85);
    edges.view.weight = NULL;
    pagerank_agrees(&edges, 0.85);
    edges_free(&edges);
}

static void test_the_same_again(void **state)
{
    (void)state;
    struct edges edges = edges_random(20000, 2000, 3);
    for (enum weft_graph_algorithm a = WEFT_GRAPH_LOUVAIN; a <= WEFT_GRAPH_COMPONENTS; a++) {
        double *first = run(a, &edges), *again = run(a, &edges);
        assert_memory_equal(first, again, 2000 * sizeof *first);
        free(first);
        free(again);
    }
    struct weft_graph graph = graph_of(WEFT_GRAPH_LOUVAIN);
    double *one = run_with(&graph, &edges, NULL);
    graph.seed = -5;
    double *other = run_with(&graph, &edges, NULL);
    assert_memory_not_equal(one, other, 2000 * sizeof *one);
    free(one);
    free(other);
    edges_free(&edges);
}

static void test_no_edges(void **state)
{
    (void)state;
    for (enum weft_graph_algorithm a = WEFT_GRAPH_LOUVAIN; a <= WEFT_GRAPH_COMPONENTS; a++) {
        struct edges edges = edges_new(0, 0);
        free(run(a, &edges));
        edges.view.node_count = 4;
        double *values = run(a, &edges);
        assert_true(values[3] == (a == WEFT_GRAPH_PAGERANK ? 0.25 : 3));
        free(values);
        edges_free(&edges);
    }
}

/* More than any pipe holds, in both directions. */
static void test_a_million_edges(void **state)
{
    (void)state;
    struct edges edges = edges_random(1000000, 100000, 11);
    double *groups = run(WEFT_GRAPH_COMPONENTS, &edges);
    groups_in_order(groups, 100000);
    free(groups);
    double *scores = run(WEFT_GRAPH_PAGERANK, &edges);
    free(scores);
    edges_free(&edges);
}

/* Whatever step of whatever algorithm finds no memory, it is said to be that. */
static void test_too_little_memory(void **state)
{
    (void)state;
    if (WEFT_SANITIZED)
        skip();
    char library[64];
    double *values = calloc(8000, sizeof *values);
    struct edges edges = edges_random(80000, 8000, 11);
    for (enum weft_graph_algorithm a = WEFT_GRAPH_LOUVAIN; a <= WEFT_GRAPH_COMPONENTS; a++) {
        struct weft_graph graph = graph_of(a);
        int failed = 0;
        for (int64_t memory = MB;; memory += MB / 2, failed++) {
            struct weft_error error = WEFT_ERROR_INIT;
            if (weft_graph_run(&graph, &edges.view, memory, values, library, &error) == 0)
                break;
            if (error.code != WEFT_E_LIMIT || memory > 400 * MB)
                fail_msg("algorithm %d in %" PRId64 " MB: %s", a, memory / MB, error.message);
        }
        assert_true(failed > 5);
    }
    /* The libraries' own size does not count: little is enough for little. */
    struct edges small = edges_karate();
    for (enum weft_graph_algorithm a = WEFT_GRAPH_LOUVAIN; a <= WEFT_GRAPH_COMPONENTS; a++) {
        struct weft_graph graph = graph_of(a);
        struct weft_error error = WEFT_ERROR_INIT;
        if (weft_graph_run(&graph, &small.view, 2 * MB, values, library, &error) < 0)
            fail_msg("algorithm %d: %s", a, error.message);
    }
    edges_free(&small);
    free(values);
    edges_free(&edges);
}

/* What the program refuses comes as its words. */
static void test_wrong_requests(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct edges edges = edges_karate();
    edges.from[3] = KARATE_NODES;
    assert_int_equal(run_fails(&edges, PLENTY, &error), WEFT_E_WORKER);
    assert_string_equal(error.message, "weft-graph: edge 3: there is no node 34");
    edges.from[3] = 0;
    edges.view.weight = edges.weight;
    static const double wrong[] = {-1, -DBL_MIN, NAN, INFINITY};
    for (size_t i = 0; i < WEFT_COUNT(wrong); i++) {
        edges.weight[2] = wrong[i];
        assert_int_equal(run_fails(&edges, PLENTY, &error), WEFT_E_WORKER);
        assert_string_equal(error.message,
                            "weft-graph: edge 2: its weight must be zero or a positive number");
    }
    edges.weight[2] = DBL_MIN;
    assert_int_equal(run_fails(&edges, PLENTY, &error), WEFT_E_WORKER);
    assert_non_null(strstr(error.message, "the weights are too small"));
    edges_free(&edges);
}

/* ---- without the client ---- */

static int nothing_take(void *arg, const void *data, size_t length, struct weft_error *error)
{
    (void)data, (void)error;
    *(size_t *)arg += length;
    return 0;
}

/* How it ended; *got = bytes of its answer. */
static int program_ends(const char *parent, void *request, size_t length, size_t *got)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_process process = {0};
    struct weft_process_part part = {request, length};
    int status = 0;
    WEFT_CLEANUP(weft_freep) char *self = NULL;
    assert_int_equal(weft_path_program(&self, &error), 0);
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(self);
    WEFT_CLEANUP(weft_freep) char *program = weft_path_join(folder, "weft-graph");
    const char *const argv[] = {program, parent, NULL};
    *got = 0;
    assert_int_equal(weft_process_spawn(argv, -1, &process, &error), 0);
    assert_int_equal(weft_process_exchange(&process, &part, 1, nothing_take, got, &error), 0);
    assert_int_equal(weft_process_wait(&process, &status, NULL, &error), 0);
    return status;
}

/* Bytes that are no request, or one with bits turned: an answer, never a signal. */
static void test_hostile_requests(void **state)
{
    (void)state;
    char parent[16];
    size_t got;
    struct {
        struct weft_graph_request head;
        int32_t ends[4];
        double weights[2];
    } request, turned;
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    memset(&request, 0, sizeof request);
    memcpy(request.head.magic, WEFT_GRAPH_REQUEST_MAGIC, sizeof request.head.magic);
    request.head.protocol = WEFT_GRAPH_PROTOCOL;
    request.head.algorithm = WEFT_GRAPH_ASK_LEIDEN;
    request.head.resolution = 1;
    request.head.damping = 0.85;
    request.head.edge_count = 2;
    request.head.node_count = 3;
    request.head.flags = WEFT_GRAPH_WEIGHTED;
    request.head.memory_bytes = 100 * MB;
    memcpy(request.ends, (int32_t[]){0, 1, 1, 2}, sizeof request.ends);
    request.weights[0] = request.weights[1] = 1;
    assert_int_equal(program_ends(parent, &request, sizeof request, &got), 0);
    assert_int_equal(got, sizeof(struct weft_graph_answer) + 3 * sizeof(double));
    random_state = 5;
    for (int i = 0; i < 150; i++) {
        turned = request;
        for (int k = 0; k < 1 + i % 3; k++)
            ((unsigned char *)&turned)[random_next() % sizeof turned] ^=
                (unsigned char)(1u << random_next() % 8);
        turned.head.memory_bytes = 100 * MB;
        size_t length = i % 10 == 0 ? random_next() % sizeof turned : sizeof turned;
        int status = program_ends(parent, &turned, length, &got);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
        assert_true(got >= sizeof(struct weft_graph_answer));
    }
}

/* It works for the process that started it, and says nothing to others. */
static void test_whose_child(void **state)
{
    (void)state;
    size_t got;
    assert_int_equal(WEXITSTATUS(program_ends("1", NULL, 0, &got)), 1);
    assert_int_equal(got, 0);
    assert_int_equal(WEXITSTATUS(program_ends("me", NULL, 0, &got)), 2);
}

#ifdef WEFT_FAULTS
static char *dir;

static void program_is(const char *script)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(dir, "program");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    assert_int_equal(chmod(path, 0700), 0);
    setenv("WEFT_GRAPH", path, 1);
}

static void test_other_programs(void **state)
{
    (void)state;
    static const struct {
        const char *script, *message;
    } cases[] = {
        {"exit 0", "ended without an answer (status 0)"},
        {"cat >/dev/null; exit 5", "ended without an answer (status 5)"},
        {"kill -9 $$", "ended by signal 9"},
        {"cat >/dev/null; kill -11 $$", "ended by signal 11"},
        {"echo garbage", "ended without an answer"},
        {"head -c 200 /dev/zero", "does not begin as an answer"},
        {"yes", "does not begin as an answer"},
        {"printf 'WEFTgra1\\002\\0\\0\\0'; head -c 300 /dev/zero", "another protocol"},
        {"printf 'WEFTgra1\\001\\0\\0\\0'; head -c 300 /dev/zero", "number of values"},
        {"printf 'WEFTgra1\\001\\0\\0\\0\\0\\0\\0\\0\\042\\0\\0\\0\\0\\0\\0\\0'; yes",
         "the library's name has no end"},
        {"printf 'WEFTgra1\\001\\0\\0\\0\\0\\0\\0\\0\\042\\0\\0\\0\\0\\0\\0\\0'; "
         "head -c 336 /dev/zero; exit 3",
         "ended without an answer (status 3)"},
        {"printf 'WEFTgra1\\001\\0\\0\\0\\0\\0\\0\\0\\042\\0\\0\\0\\0\\0\\0\\0'; "
         "head -c 335 /dev/zero",
         "ended without an answer (status 0)"},
        {"printf 'WEFTgra1\\001\\0\\0\\0\\0\\0\\0\\0\\042\\0\\0\\0\\0\\0\\0\\0'; "
         "head -c 337 /dev/zero",
         "goes on after its end"},
        {"printf 'WEFTgra1\\001\\0\\0\\0\\0\\0\\0\\0\\042\\0\\0\\0\\0\\0\\0\\0'; "
         "head -c 64 /dev/zero; yes | head -c 272",
         "a value that cannot be"},
        {"printf 'WEFTgra1\\001\\0\\0\\0\\003\\0\\0\\0\\002\\0\\0\\0\\0\\0\\0\\0'; "
         "head -c 64 /dev/zero; printf no; exit 1",
         "weft-graph: no"},
        {"printf 'WEFTgra1\\001\\0\\0\\0\\003\\0\\0\\0\\001\\0\\0\\0\\0\\0\\0\\001'; "
         "head -c 64 /dev/zero; yes",
         "its text is too long"},
    };
    struct weft_error error = WEFT_ERROR_INIT;
    struct edges edges = edges_karate();
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        program_is(cases[i].script);
        assert_int_equal(run_fails(&edges, PLENTY, &error), WEFT_E_WORKER);
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("case %zu: %s", i, error.message);
    }
    edges_free(&edges);
    unsetenv("WEFT_GRAPH");
}

/* Last: the wish to stop stays. */
static void test_stopped(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct edges edges = edges_karate();
    program_is("exec sleep 900");
    weft_process_catch_signals();
    raise(SIGINT);
    assert_int_equal(run_fails(&edges, PLENTY, &error), WEFT_E_CANCELLED);
    unsetenv("WEFT_GRAPH");
    edges_free(&edges);
}

static void test_no_program(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct edges edges = edges_karate();
    setenv("WEFT_GRAPH", "/no/such/weft-graph", 1);
    assert_int_equal(run_fails(&edges, PLENTY, &error), WEFT_E_WORKER);
    assert_non_null(strstr(error.message, "/no/such/weft-graph is not there"));
    assert_non_null(strstr(error.hint, "igraph"));
    unsetenv("WEFT_GRAPH");
    edges_free(&edges);
}
#endif

static int torture_run(void *arg, struct weft_error *error)
{
    struct weft_graph graph = graph_of(WEFT_GRAPH_COMPONENTS);
    char library[64];
    double values[KARATE_NODES];
    struct edges *edges = arg;
    return weft_graph_run(&graph, &edges->view, PLENTY, values, library, error);
}

static void test_torture(void **state)
{
    (void)state;
    struct edges edges = edges_karate();
    assert_true(weft_test_torture(torture_run, &edges) > 0);
    edges_free(&edges);
}

static int setup(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as the program does */
#ifdef WEFT_FAULTS
    dir = weft_test_dir();
#endif
    return 0;
}

static int teardown(void **state)
{
    (void)state;
#ifdef WEFT_FAULTS
    weft_test_dir_remove(dir);
#endif
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_louvain_of_the_karate_club),
        cmocka_unit_test(test_leiden_of_the_karate_club),
        cmocka_unit_test(test_resolution),
        cmocka_unit_test(test_weights_count),
        cmocka_unit_test(test_weight_zero),
        cmocka_unit_test(test_components),
        cmocka_unit_test(test_pagerank),
        cmocka_unit_test(test_the_same_again),
        cmocka_unit_test(test_no_edges),
        cmocka_unit_test(test_a_million_edges),
        cmocka_unit_test(test_too_little_memory),
        cmocka_unit_test(test_wrong_requests),
        cmocka_unit_test(test_hostile_requests),
        cmocka_unit_test(test_whose_child),
#ifdef WEFT_FAULTS
        cmocka_unit_test(test_other_programs),
        cmocka_unit_test(test_no_program),
#endif
        cmocka_unit_test(test_torture),
#ifdef WEFT_FAULTS
        cmocka_unit_test(test_stopped),
#endif
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

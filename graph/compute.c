/*
 * compute.c - the algorithms, by igraph.
 *
 * igraph's error handler is told to return codes. Its random numbers are seeded right before the
 * algorithm, so that the same request gives the same answer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "compute.h"

#include <igraph/igraph.h>
#include <stdio.h>
#include <stdlib.h>

/* How far Leiden may stray from the best move; igraph's own default. */
#define LEIDEN_BETA 0.01
#define LEIDEN_UNTIL_STABLE (-1)

static_assert(sizeof(igraph_integer_t) == sizeof(int64_t), "igraph of 64 bits");

struct work {
    const struct weft_graph_request *head;
    igraph_t graph;
    const igraph_vector_t *weights; /* NULL = all 1 */
};

typedef igraph_error_t algorithm_fn(struct work *work, double *values);

static igraph_error_t labels_take(const igraph_vector_int_t *from, size_t count, double *values)
{
    if ((size_t)igraph_vector_int_size(from) != count)
        return IGRAPH_FAILURE;
    for (size_t i = 0; i < count; i++) {
        igraph_integer_t label = VECTOR(*from)[i];
        if (label < 0 || (size_t)label >= count)
            return IGRAPH_FAILURE;
        values[i] = (double)label;
    }
    return graph_groups_number(values, count) == 0 ? IGRAPH_SUCCESS : IGRAPH_ENOMEM;
}

static igraph_error_t louvain(struct work *work, double *values)
{
    igraph_vector_int_t labels;
    igraph_error_t rc = igraph_vector_int_init(&labels, 0);
    if (rc != IGRAPH_SUCCESS)
        return rc;
    rc = igraph_community_multilevel(&work->graph, work->weights, work->head->resolution, &labels,
                                     NULL, NULL);
    if (rc == IGRAPH_SUCCESS)
        rc = labels_take(&labels, work->head->node_count, values);
    igraph_vector_int_destroy(&labels);
    return rc;
}

/* Modularity is what Leiden optimises when nodes weigh as much as their edges and the resolution
 * is divided by twice the sum of all weights. */
static igraph_error_t leiden_with(struct work *work, igraph_vector_t *strength,
                                  igraph_vector_int_t *labels)
{
    igraph_error_t rc = igraph_strength(&work->graph, strength, igraph_vss_all(), IGRAPH_ALL,
                                        IGRAPH_LOOPS, work->weights);
    if (rc != IGRAPH_SUCCESS)
        return rc;
    double resolution = work->head->resolution / igraph_vector_sum(strength);
    return igraph_community_leiden(&work->graph, work->weights, strength, resolution, LEIDEN_BETA,
                                   false, LEIDEN_UNTIL_STABLE, labels, NULL, NULL);
}

static igraph_error_t leiden(struct work *work, double *values)
{
    igraph_vector_int_t labels;
    igraph_vector_t strength;
    igraph_error_t rc = igraph_vector_int_init(&labels, 0);
    if (rc != IGRAPH_SUCCESS)
        return rc;
    rc = igraph_vector_init(&strength, 0);
    if (rc == IGRAPH_SUCCESS) {
        rc = leiden_with(work, &strength, &labels);
        if (rc == IGRAPH_SUCCESS)
            rc = labels_take(&labels, work->head->node_count, values);
        igraph_vector_destroy(&strength);
    }
    igraph_vector_int_destroy(&labels);
    return rc;
}

static igraph_error_t components(struct work *work, double *values)
{
    igraph_vector_int_t labels;
    igraph_error_t rc = igraph_vector_int_init(&labels, 0);
    if (rc != IGRAPH_SUCCESS)
        return rc;
    rc = igraph_connected_components(&work->graph, &labels, NULL, NULL, IGRAPH_WEAK);
    if (rc == IGRAPH_SUCCESS)
        rc = labels_take(&labels, work->head->node_count, values);
    igraph_vector_int_destroy(&labels);
    return rc;
}

static igraph_error_t pagerank(struct work *work, double *values)
{
    igraph_vector_t scores;
    igraph_error_t rc = igraph_vector_init(&scores, 0);
    if (rc != IGRAPH_SUCCESS)
        return rc;
    rc = igraph_pagerank(&work->graph, IGRAPH_PAGERANK_ALGO_PRPACK, &scores, NULL, igraph_vss_all(),
                         IGRAPH_DIRECTED, work->head->damping, work->weights, NULL);
    if (rc == IGRAPH_SUCCESS && igraph_vector_size(&scores) != work->head->node_count)
        rc = IGRAPH_FAILURE;
    for (uint32_t i = 0; rc == IGRAPH_SUCCESS && i < work->head->node_count; i++)
        values[i] = VECTOR(scores)[i];
    igraph_vector_destroy(&scores);
    return rc;
}

static igraph_error_t work_run(struct work *work, const struct graph_request *request,
                               double *values)
{
    static algorithm_fn *const algorithms[] = {
        [WEFT_GRAPH_ASK_LOUVAIN] = louvain,
        [WEFT_GRAPH_ASK_LEIDEN] = leiden,
        [WEFT_GRAPH_ASK_PAGERANK] = pagerank,
        [WEFT_GRAPH_ASK_COMPONENTS] = components,
    };
    const struct weft_graph_request *head = work->head;
    igraph_vector_int_t ends;
    igraph_vector_t weights;
    igraph_vector_int_view(&ends, request->ends, (igraph_integer_t)(2 * head->edge_count));
    if (request->weights != NULL) {
        igraph_vector_view(&weights, request->weights, (igraph_integer_t)head->edge_count);
        work->weights = &weights;
    }
    igraph_error_t rc = igraph_create(&work->graph, &ends, (igraph_integer_t)head->node_count,
                                      head->algorithm == WEFT_GRAPH_ASK_PAGERANK);
    if (rc != IGRAPH_SUCCESS)
        return rc;
    rc = igraph_rng_seed(igraph_rng_default(), head->seed);
    if (rc == IGRAPH_SUCCESS)
        rc = algorithms[head->algorithm](work, values);
    igraph_destroy(&work->graph);
    work->weights = NULL;
    return rc;
}

static void fatal(const char *reason, const char *file, int line)
{
    (void)reason, (void)file, (void)line;
    abort(); /* without igraph's words: main.c tells what it was */
}

/* Without edges there is nothing that igraph could weigh: each node is a group of its own. */
static void values_without_edges(const struct weft_graph_request *head, double *values)
{
    for (uint32_t i = 0; i < head->node_count; i++)
        values[i] = head->algorithm == WEFT_GRAPH_ASK_PAGERANK ? 1.0 / head->node_count : i;
}

enum weft_graph_status graph_compute(const struct graph_request *request, double *values,
                                     char text[WEFT_GRAPH_TEXT_MAX])
{
    struct work work = {.head = &request->head};
    if (request->head.edge_count == 0) {
        values_without_edges(work.head, values);
        return WEFT_GRAPH_OK;
    }
    igraph_set_error_handler(igraph_error_handler_ignore);
    igraph_set_fatal_handler(fatal);
    igraph_set_warning_handler(igraph_warning_handler_ignore);
    igraph_error_t rc = work_run(&work, request, values);
    if (rc == IGRAPH_SUCCESS)
        return WEFT_GRAPH_OK;
    snprintf(text, WEFT_GRAPH_TEXT_MAX, "igraph: %s", igraph_strerror(rc));
    return rc == IGRAPH_ENOMEM ? WEFT_GRAPH_NO_MEMORY : WEFT_GRAPH_FAILED;
}

void graph_library(char *out, size_t size)
{
    const char *version = NULL;
    igraph_version(&version, NULL, NULL, NULL);
    snprintf(out, size, "igraph %s", version);
}

/*
 * graph.h - graph algorithms, by the program `weft-graph` that stands beside this one.
 *
 * igraph is GPL: it is linked by a program of its own that reads edges from a pipe and writes one
 * value for each node to another. A crash or a graph that is too large harms one run only.
 * Nodes are dense numbers 0 .. node_count - 1; the caller keeps what they mean.
 * The same edges, seed and version of igraph give the same answer.
 * Thread rule: blocks; Ctrl-C ends it (CANCELLED).
 */
#ifndef WEFT_ENGINE_GRAPH_H
#define WEFT_ENGINE_GRAPH_H

#include "base/error.h"
#include "model/product.h"

struct weft_graph_edges {
    const int32_t *from; /* undirected for communities and components, from -> to for pagerank */
    const int32_t *to;
    const double *weight; /* NULL = all 1; 0 = as if the edge were not there */
    size_t count;
    int32_t node_count;
};

/* Fills values[node_count] (anything after a failure): the community of each node (numbered by
 * size, largest first, then by the smallest member; 0 is the first) or its score. memory_bytes
 * limits what the program may take beside its libraries. `library` (at least 64 bytes) gets "igraph
 * 0.10.2". WORKER when the program failed or is not there, LIMIT when memory did not suffice.
 * Louvain may take minutes for a million edges that form no groups; Leiden takes seconds. */
int weft_graph_run(const struct weft_graph *graph, const struct weft_graph_edges *edges,
                   int64_t memory_bytes, double *values, char *library, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

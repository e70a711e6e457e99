/*
 * graph_protocol.h - what weft and the program `weft-graph` say to each other.
 *
 * The request comes on descriptor 0 and ends with the end of the file; the answer goes to 1. Both
 * run on one machine: numbers have its byte order, structures are padded by hand.
 *   request  header, from[edge_count] int32, to[edge_count] int32,
 *            weight[edge_count] double where WEFT_GRAPH_WEIGHTED is set
 *   answer   header, then values[count] double, or `count` bytes of an error text
 * Program: weft-graph PID, where PID is the process it must not outlive.
 *
 * This one header may be used under the Apache License 2.0 or under the GNU General Public License,
 * version 2 or later, at choice: programs under both licences include it.
 */
#ifndef WEFT_ENGINE_GRAPH_PROTOCOL_H
#define WEFT_ENGINE_GRAPH_PROTOCOL_H

#include <assert.h>
#include <stdint.h>

#define WEFT_GRAPH_REQUEST_MAGIC "WEFTgrq1"
#define WEFT_GRAPH_ANSWER_MAGIC "WEFTgra1"
#define WEFT_GRAPH_MAGIC_BYTES 8
#define WEFT_GRAPH_PROTOCOL 1
#define WEFT_GRAPH_WEIGHTED 1u
#define WEFT_GRAPH_EDGES_MAX INT32_MAX
#define WEFT_GRAPH_TEXT_MAX 1024 /* bytes of an error text */

enum weft_graph_asked {
    WEFT_GRAPH_ASK_LOUVAIN = 1,
    WEFT_GRAPH_ASK_LEIDEN = 2,
    WEFT_GRAPH_ASK_PAGERANK = 3,
    WEFT_GRAPH_ASK_COMPONENTS = 4
};

enum weft_graph_status {
    WEFT_GRAPH_OK = 0,
    WEFT_GRAPH_INVALID = 1,   /* the request breaks the protocol's rules */
    WEFT_GRAPH_NO_MEMORY = 2, /* memory_bytes did not suffice */
    WEFT_GRAPH_FAILED = 3
};

struct weft_graph_request {
    char magic[WEFT_GRAPH_MAGIC_BYTES];
    uint32_t protocol;
    uint32_t algorithm; /* weft_graph_asked */
    uint64_t seed;
    double resolution;    /* > 0 */
    double damping;       /* between 0 and 1, both not included */
    int64_t memory_bytes; /* of address space beyond what the libraries take; 0 = no limit */
    uint64_t edge_count;
    uint32_t node_count; /* ends are 0 .. node_count - 1; at most INT32_MAX */
    uint32_t flags;
};
static_assert(sizeof(struct weft_graph_request) == 64, "no hidden padding");

struct weft_graph_answer {
    char magic[WEFT_GRAPH_MAGIC_BYTES];
    uint32_t protocol;
    uint32_t status; /* weft_graph_status */
    uint64_t count;
    char library[64]; /* "igraph 0.10.2", ends with a zero byte */
};
static_assert(sizeof(struct weft_graph_answer) == 88, "no hidden padding");

#endif

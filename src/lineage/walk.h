/*
 * walk.h - the way of a column up to what it comes from, or down to what comes from it, through any
 * number of products.
 *
 * Nodes are columns of products; a node without a column stands for all columns of a product, of
 * which something decides the rows. What reads may not read itself, so there are no rings, and each
 * node is walked once. Nodes stand in the order in which they are met, level by level: depth is the
 * shortest way from the start.
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_LINEAGE_WALK_H
#define WEFT_LINEAGE_WALK_H

#include "lineage/edges.h"

struct weft_lineage_node {
    const char *product;
    int major;
    const char *port;   /* NULL; of an input port of the product: column is of its files */
    const char *column; /* NULL = all */
    int depth;          /* 0 = the start */
    bool recorded;      /* false: nothing is known of what its product comes from */
    bool lost;          /* it may come from more than is said */
    bool more;          /* not followed: deeper than asked, or too many */
};

struct weft_lineage_link {
    size_t from;  /* upstream */
    size_t to;    /* downstream */
    unsigned how; /* 0 = of whole products */
};

struct weft_lineage_graph {
    const struct weft_lineage_node *nodes; /* the first is the start */
    size_t node_count;
    const struct weft_lineage_link *links;
    size_t link_count;
    bool cut; /* there were more than node_max */
};

struct weft_lineage_ask {
    const char *product; /* domain.name */
    int major;
    const char *column; /* NULL = all */
    bool down;
    bool direct;     /* values only: what merely depends is left out */
    bool products;   /* whole products by what their contracts read; column is NULL */
    int depth;       /* 0 = to the end */
    size_t node_max; /* 0 = 100,000 */
    int64_t sequence;
    /* NULL = all of it; else what is not known is not there: the walk ends before it on either
     * side, nothing is counted, and no node tells that there may be more. `known`: 1 yes, 0 no, < 0
     * failed. The start is not asked about. */
    int (*known)(void *arg, const struct weft_lineage_node *node, struct weft_error *error);
    void *known_arg;
};

int weft_lineage_walk(struct weft_ledger_txn *txn, struct weft_arena *arena,
                      const struct weft_lineage_ask *ask, struct weft_lineage_graph *out,
                      struct weft_error *error) WEFT_MUST_CHECK;

#endif

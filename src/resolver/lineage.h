/*
 * lineage.h - where the columns of a resolved text come from: read from the resolver's walk, which
 * knows what each name stands for, without running anything.
 *
 * An edge says that a column of what the text reads goes into a column of its result, and how, in
 * the words of OpenLineage's column lineage: it gives the value (identity, transformation,
 * aggregation), or the value or the rows depend on it (conditional, filter, join, group by, sort,
 * window). What decides which rows there are concerns every column of the result and is told once,
 * in `rows`. Edges are exact or too many, never too few: where it cannot be told which of some
 * columns gives a value (names that only running decides), each of them is marked `unknown`.
 */
#ifndef WEFT_RESOLVER_LINEAGE_H
#define WEFT_RESOLVER_LINEAGE_H

#include "resolver/resolver.h"

enum {
    WEFT_LINEAGE_IDENTITY = 1,
    WEFT_LINEAGE_TRANSFORMATION = 2,
    WEFT_LINEAGE_AGGREGATION = 4,
    WEFT_LINEAGE_CONDITIONAL = 8,
    WEFT_LINEAGE_FILTER = 16,
    WEFT_LINEAGE_JOIN = 32,
    WEFT_LINEAGE_GROUP_BY = 64, /* DISTINCT too */
    WEFT_LINEAGE_SORT = 128,
    WEFT_LINEAGE_WINDOW = 256,
    WEFT_LINEAGE_UNKNOWN = 512 /* it may give the value */
};
#define WEFT_LINEAGE_DIRECT                                                                        \
    (WEFT_LINEAGE_IDENTITY | WEFT_LINEAGE_TRANSFORMATION | WEFT_LINEAGE_AGGREGATION)
#define WEFT_LINEAGE_ALL 1023

struct weft_resolved_edge {
    const char *product; /* of the relation */
    int tag;             /* of the relation: the caller's own */
    const char *column;
    unsigned how; /* WEFT_LINEAGE_... */
};

struct weft_resolved_edges {
    const struct weft_resolved_edge *items;
    size_t count;
};

struct weft_resolved_origin {
    const char *column; /* of the result */
    struct weft_resolved_edges edges;
    bool unknown; /* there may be more than these edges */
};

struct weft_resolved_lineage {
    const struct weft_resolved_origin *columns; /* in the order of the result */
    size_t count;
    struct weft_resolved_edges rows; /* what decides which rows there are */
};

/* columns: what weft_resolved_columns gave for it. The text must have been resolved with the option
 * `lineage`. */
int weft_resolved_lineage(struct weft_arena *arena, const struct weft_resolved *resolved,
                          const struct weft_relation_column *columns, size_t count,
                          struct weft_resolved_lineage *out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* "identity", "filter" ...: of one bit. */
const char *weft_lineage_how_name(unsigned how);

#endif

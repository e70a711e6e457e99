/*
 * connections.h - the connections of a mesh, tried one by one.
 */
#ifndef WEFT_CONTEXT_CONNECTIONS_H
#define WEFT_CONTEXT_CONNECTIONS_H

#include "context/context.h"

struct weft_connection_try {
    const struct weft_connection *connection;
    const struct weft_bucket *bucket; /* S3: that was asked for; NULL = the list of buckets */
};

/* What doctor tries in the environment in use: each connection of the mesh, object storage by each
 * of the environment's buckets, but for those that only buckets of other environments name. */
int weft_connections_list(const struct weft_mesh *mesh, struct weft_arena *arena,
                          struct weft_connection_try **out, size_t *count, struct weft_error *error)
    WEFT_MUST_CHECK;
/* A line for people, without secrets, in `text`: "postgres, PostgreSQL 15.4, 12 ms". -1: why not,
 * and what to do. */
int weft_connection_try(struct weft_context *context, const struct weft_mesh *mesh,
                        const struct weft_connection_try *tried, char *text, size_t size,
                        struct weft_error *error) WEFT_MUST_CHECK;

#endif

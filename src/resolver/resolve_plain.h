/*
 * resolve_plain.h - whether a tree could fail on the value of a row (resolve_plain.c), for
 * resolve_policy.c and resolve_hoist.c.
 */
#ifndef WEFT_RESOLVER_RESOLVE_PLAIN_H
#define WEFT_RESOLVER_RESOLVE_PLAIN_H

#include "resolver/resolve_internal.h"

/* Is there nothing in this statement, walked, that could? */
bool resolve_plain(struct resolve *resolve, yyjson_mut_val *node);
/* In this condition of it? */
bool resolve_plain_condition(struct resolve *resolve, yyjson_mut_val *root, yyjson_mut_val *expr);
/* The text of a constant that is one, without zero bytes; NULL = it is none. */
const char *plain_constant_text(yyjson_mut_val *expr);
/* The type that a cast is to, "" for one with parameters. */
const char *plain_cast_name(yyjson_mut_val *expr);
/* resolve_group.c: is an aggregate in this expression, queries within it left out? */
bool tree_aggregates(yyjson_mut_val *value);
bool tree_is_aggregate(yyjson_mut_val *function);

#endif

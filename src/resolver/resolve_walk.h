/*
 * resolve_walk.h - what the two halves of the walk share: resolve_walk.c (queries, expressions) and
 * resolve_from.c (what stands behind FROM).
 */
#ifndef WEFT_RESOLVER_RESOLVE_WALK_H
#define WEFT_RESOLVER_RESOLVE_WALK_H

#include "resolver/resolve_scope.h"

struct walk {
    struct resolve *resolve;
    int depth;
    bool describes; /* within a DESCRIBE: it never runs */
};

/* Adds the columns that come out of it to *out. */
int walk_query(struct walk *walk, yyjson_mut_val *node, const struct scope_cte *ctes,
               struct scope *parent, struct scope_columns *out) WEFT_MUST_CHECK;
/* The query within a SELECT statement's object. */
int walk_statement(struct walk *walk, yyjson_mut_val *statement, const struct scope_cte *ctes,
                   struct scope *scope, struct scope_columns *out) WEFT_MUST_CHECK;
int walk_any(struct walk *walk, yyjson_mut_val *value, const struct scope_cte *ctes,
             struct scope *scope) WEFT_MUST_CHECK;
/* What stands here decides which rows there are: it is read whatever becomes of the result. */
int walk_used(struct walk *walk, yyjson_mut_val *value, const struct scope_cte *ctes,
              struct scope *scope) WEFT_MUST_CHECK;
void walk_use_for_good(struct walk *walk, const struct scope_columns *columns);
/* Adds its sources to the scope. */
int walk_reference(struct walk *walk, yyjson_mut_val *ref, const struct scope_cte *ctes,
                   struct scope *scope) WEFT_MUST_CHECK;

/* resolve_hoist.c: of a SELECT that was walked. */
void walk_hoist(struct walk *walk, yyjson_mut_val *node, struct scope *scope);
/* resolve_group.c: where only groups of enough subjects may be seen, the SELECT that reads the
 * product gets the condition that says so. */
int walk_groups(struct walk *walk, yyjson_mut_val *node, struct scope *scope) WEFT_MUST_CHECK;
int walk_groups_refuse(struct walk *walk, yyjson_mut_val *object,
                       const struct weft_relation *relation, const char *what);
/* The columns that tell subjects apart become ones that only weft can name. */
int walk_subjects(struct walk *walk, yyjson_mut_val *ref, int index) WEFT_MUST_CHECK;

#endif

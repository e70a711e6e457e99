/*
 * resolve_scope.h - what a name can mean where it stands: sources of a FROM, CTEs, lambda
 * parameters, result aliases; and the columns of products that each column comes from.
 *
 * A source whose columns are not known (a pivot, a table function) may hold any name; what it reads
 * was counted as used when it was walked. So the columns used are exact or too many, never too few.
 */
#ifndef WEFT_RESOLVER_RESOLVE_SCOPE_H
#define WEFT_RESOLVER_RESOLVE_SCOPE_H

#include "resolver/resolve_internal.h"
#include "resolver/resolve_trace.h"

struct scope_column {
    const char *name; /* NULL = named by its expression's text */
    struct resolve_origins origins;
    bool hidden;  /* no star gives it */
    bool subject; /* of a min_group: weft's own, no error tells of it */
};

struct scope_columns {
    struct scope_column *items;
    size_t count;
    size_t capacity;
    bool known;            /* these and no others */
    struct traces *traces; /* where they come from; NULL = not wanted, or nothing is known */
};

struct scope_source {
    const char *alias;
    const char *schema; /* of a product that stands without alias, else NULL */
    const char *table;  /* likewise */
    int product;        /* 1 + its place among the tables; 0 = no product */
    struct scope_columns columns;
    const char **merged; /* by USING: not shown again by a star */
    size_t merged_count;
    bool outer;  /* merged columns may have its value */
    bool unseen; /* of a semi or anti join: its columns do not come out */
    struct scope_source *next;
};

struct scope_cte {
    const char *name;
    const char *renamed;
    struct scope_columns columns;
    const struct scope_cte *next; /* the one before */
};

struct scope_name {
    const char *text;
    const struct trace *trace; /* of an alias; NULL = none */
};

enum scope_kind { SCOPE_SELECT, SCOPE_LAMBDA };

struct scope {
    enum scope_kind kind;
    struct scope *parent;
    struct scope_source *sources;
    struct scope_source **sources_end;
    struct scope_name *names; /* lambda parameters, or aliases of the select list */
    size_t name_count;
    size_t name_capacity;
};

void scope_init(struct scope *scope, enum scope_kind kind, struct scope *parent);
void scope_add_name(struct resolve *resolve, struct scope *scope, const char *name,
                    const struct trace *trace);
struct scope_source *scope_add_source(struct resolve *resolve, struct scope *scope,
                                      const char *alias);
struct scope_column *scope_add_column(struct resolve *resolve, struct scope_columns *columns,
                                      const char *name);
void scope_add_origin(struct resolve *resolve, struct resolve_origins *origins,
                      struct resolve_origin origin);
void scope_add_origins(struct resolve *resolve, struct resolve_origins *to,
                       const struct resolve_origins *from);
struct scope_column *scope_find_column(struct scope_columns *columns, const char *name);
/* Is it called so in the text? Its alias may be another: then what names it is rewritten. */
bool scope_source_is(const struct resolve *resolve, const struct scope_source *source,
                     const char *name);
/* Renames the first columns: t(a, b). */
void scope_rename(struct resolve *resolve, struct scope_columns *columns, yyjson_mut_val *names);

/* Counts as read: for good, or into the sink. */
void scope_use(struct resolve *resolve, const struct resolve_origins *origins);
/* Every column of that name, and every column there is where `name` is NULL. */
void scope_use_named(struct resolve *resolve, const struct scope *scope, const char *name);
void scope_use_all(struct resolve *resolve, const struct scope_columns *columns);
/* A column reference: annotated, its domain taken off, bare words answered. soft: it may be no
 * column at all. */
int scope_resolve(struct resolve *resolve, struct scope *scope, yyjson_mut_val *expression,
                  bool soft) WEFT_MUST_CHECK;

#endif

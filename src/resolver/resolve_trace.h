/*
 * resolve_trace.h - where columns come from, gathered during the walk when the caller wants lineage
 * (lineage.h says what the kinds mean). It stands beside the counting of used columns
 * (resolve_scope.h), which decides nothing here and is not changed by it.
 *
 * While an expression is walked, what its columns come from flows to resolve->trace_to, in the role
 * resolve->trace_role: of a select item, that item; of a WHERE, the rows of its SELECT.
 */
#ifndef WEFT_RESOLVER_RESOLVE_TRACE_H
#define WEFT_RESOLVER_RESOLVE_TRACE_H

#include "resolver/lineage.h"
#include "resolver/resolve_internal.h"

struct scope;
struct scope_source;

/* A column of a table of the text; below 0: of a recursive CTE that is being walked, and then
 * column is TRACE_REST or TRACE_ROWS too. */
struct trace_part {
    int table;
    int column;
    unsigned how;
};
#define TRACE_REST (-1)
#define TRACE_ROWS (-2)
/* In place of a table: something of which nothing can be said. It flows like any other. */
#define TRACE_LOST INT_MAX

struct trace { /* sorted, each column once */
    struct trace_part *items;
    size_t count;
    size_t capacity;
};

struct trace_column {
    const char *name; /* NULL = named by its expression's text */
    struct trace trace;
    bool hidden;
};

/* What comes out of a query or stands behind FROM. */
struct traces {
    struct trace_column *items;
    size_t count;
    size_t capacity;
    bool known;        /* these, in this order, and no others */
    bool lost;         /* there may be columns of which nothing can be said */
    struct trace rest; /* of any column that is not listed */
    struct trace rows;
};

struct trace_state { /* saved and put back around what has a sink of its own */
    struct trace *to;
    unsigned role;
};
struct trace_state trace_begin(struct resolve *resolve, struct trace *to, unsigned role);
void trace_end(struct resolve *resolve, struct trace_state state);
/* Another role as long as the value itself would flow; of what only depends, all depends. */
struct trace_state trace_role(struct resolve *resolve, unsigned role);

/* NULL when lineage is not wanted, or nomem. */
struct traces *traces_new(struct resolve *resolve);
/* One of known names and places: of a table. */
void traces_table(struct resolve *resolve, struct traces *traces, const char *name, int table,
                  int column, bool hidden);
struct trace_column *traces_add(struct resolve *resolve, struct traces *traces, const char *name);
/* Its names stay when the tree is gone. */
void traces_keep(struct resolve *resolve, struct traces *traces);
/* Any column that is not listed may come from anything. */
void traces_lost(struct resolve *resolve, struct traces *traces);
/* Renames the first columns, in a copy; NULL stays NULL. */
struct traces *traces_rename(struct resolve *resolve, const struct traces *traces,
                             yyjson_mut_val *names);
/* Arms meet by position, or by name. */
void traces_unite(struct resolve *resolve, struct traces *to, const struct traces *arm,
                  bool by_name);
/* EXCEPT, INTERSECT: values of the first, rows by both. */
void traces_compare(struct resolve *resolve, struct traces *to, const struct traces *arm);
/* From one trace to another, every item in the role. */
void trace_add(struct resolve *resolve, struct trace *to, const struct trace *from, unsigned role);
/* Values of all columns, and what decides the rows. */
void traces_values(struct resolve *resolve, struct trace *to, const struct traces *from,
                   unsigned role);

/* ---- to the sink; NULL stands for nothing ---- */
void trace_flow(struct resolve *resolve, const struct trace *from);
void trace_flow_column(struct resolve *resolve, const struct traces *from, const char *name);
void trace_flow_values(struct resolve *resolve, const struct traces *from);
void trace_flow_rows(struct resolve *resolve, const struct traces *from);

/* ---- of a scope ---- */
/* A bare name: of the sources that list it, else of those that could have it. */
void trace_scope_column(struct resolve *resolve, const struct scope *scope, const char *name);
/* An alias of the select list. */
void trace_scope_alias(struct resolve *resolve, const struct scope *scope, const char *name);
void trace_scope_all(struct resolve *resolve, const struct scope *scope);
/* A star as an item of a select list, before it is rewritten. */
void trace_star(struct resolve *resolve, yyjson_mut_val *star, const struct scope *scope,
                struct traces *out);
/* What a star says of a column that it replaces: to be filled anew; NULL = none. */
struct trace *trace_replaced(struct traces *traces, const char *name);
/* An item of a select list, walked. */
void trace_item(struct resolve *resolve, struct traces *traces, const char *name,
                const struct trace *trace);
/* What its alias stands for; NULL = not wanted. */
const struct trace *trace_last(struct resolve *resolve, const struct traces *traces,
                               const char *name);
/* Of an item that makes rows (unnest): how many there are depends on all that it comes from. */
void trace_item_rows(struct resolve *resolve, struct traces *traces, const struct trace *trace);
/* A star within an expression. */
void trace_star_inside(struct resolve *resolve, yyjson_mut_val *star, const struct scope *scope);
/* Does the item at hand make rows? */
void trace_function(struct resolve *resolve, yyjson_mut_val *function);
/* The role of what stands in this member of an expression: of a CASE, its conditions. 0 = as it
 * is. */
unsigned trace_member_role(yyjson_mut_val *expr, const char *class, const char *key);
/* GROUP BY 1, ORDER BY 2: an item of the select list by its place. */
void trace_place(struct resolve *resolve, yyjson_mut_val *expr, const struct traces *items);

/* ---- PIVOT, UNPIVOT, table functions, VALUES, DESCRIBE ---- */
/* The role of what stands in this member. */
unsigned trace_opaque_role(yyjson_mut_val *ref, const char *key);
/* What a SUMMARIZE is made of. */
void trace_summarized(struct resolve *resolve, yyjson_mut_val *ref, const struct traces *of,
                      struct traces *traces);
/* Its parts have flowed to traces->rest; inner: what a PIVOT or UNPIVOT stands on. */
void trace_opaque(struct resolve *resolve, yyjson_mut_val *ref, const struct scope *inner,
                  struct traces *traces);

/* ---- recursive CTEs ---- */
/* Stands for the columns of the CTE within its second half. */
struct traces *traces_recursive(struct resolve *resolve, const struct traces *first, int *id);
/* Both halves together; what stood for the CTE is replaced by what it comes from. */
void traces_solve(struct resolve *resolve, struct traces *traces, int id);

#endif

/*
 * resolve_internal.h - what the parts of the resolver share. The way of a text:
 *   resolve_tree.c    text -> tree (DuckDB's parser), tree -> text (DuckDB's printer)
 *   resolve_guard.c   allow-lists over every object of the tree; again over the printed text's tree
 *   resolve_name.c    result columns whose names the rewriting would change get them as aliases
 *   resolve_walk.c    scopes: columns annotated, CTEs renamed; resolve_from.c: tables resolved
 *   resolve_scope.c   what a name can mean where it stands
 *   resolve_trace.c   with the walk, where wanted: where columns come from (resolve_trace_scope.c)
 *   lineage.c         the same, handed out
 *   resolve_repair.c  constants of the request, forms that DuckDB prints wrongly
 *   resolve_reference.c  only the names of tables (weft_resolve_references)
 *   resolve_column.c  the columns of a resolved text (weft_resolved_columns)
 *   resolve_named.c   which columns the tables need to have
 *   relation.c        a relation as text; secure.c: as a subquery under its policy
 *   resolve_policy.c  what of a statement is refused, or needs a barrier, under a policy;
 *   resolve_plain.c   which trees need none; resolve_hoist.c: what of WHERE may go into it;
 *   resolve_group.c   only groups of enough subjects
 *   resolve_tools.c   memory and refusals
 *   resolver.c        the order of it all
 *
 * A resolved table stands in the tree as a base table with a random name (`__w<n>_<128 bits>`) that
 * the user's text cannot hold. After printing, the text is parsed and walked again; then each name,
 * known to stand exactly where a table stands, is replaced by the secured subquery. So neither long
 * file lists nor policies go through the parser or printer.
 */
#ifndef WEFT_RESOLVER_RESOLVE_INTERNAL_H
#define WEFT_RESOLVER_RESOLVE_INTERNAL_H

#include "codec/json.h"
#include "resolver/resolver.h"

#define RESOLVE_TEXT_MAX (128 * 1024)
#define RESOLVE_DEPTH_MAX 150   /* expressions within one another */
#define RESOLVE_NESTING_MAX 240 /* queries, joins and everything within one another */
#define RESOLVE_LAMBDA_MAX 6
#define RESOLVE_TABLES_MAX 1000
#define RESOLVE_PRINTED_MAX (4 * 1024 * 1024)
#define RESOLVE_FINAL_MAX (256 * 1024 * 1024)
#define RESOLVE_SECRET 33
#define RESOLVE_NAME_PARTS 16
#define RESOLVE_LOCATION_NO (-1)

/* Where a table's token of the printed text became a subquery in the final one. */
struct resolve_splice {
    int64_t printed; /* of the token */
    int64_t printed_end;
    int64_t final; /* of the subquery */
    int64_t final_end;
};

/* One place where a product stands in the text. */
struct resolve_subject {
    const char *name;
    int column; /* of the relation */
};

struct resolve_table {
    struct weft_relation relation;
    const char *token; /* its name in the tree */
    bool *used;        /* per column */
    const bool *named; /* per column: the text may name it (resolve_named.c); NULL = each */
    size_t found;      /* how often the verified text holds it */
    struct resolve_splice splice;
    /* A column of that name besides for each min_group, its `by`; NULL = none. */
    struct resolve_subject *subjects;
    const char **hoists; /* conditions of the text behind "alias.": `"id" = 5` (resolve_hoist.c) */
    size_t hoist_count;
    size_t hoist_capacity;
};

struct resolve_unknown {
    const char *name;
    const char *candidates; /* "a, b, c" */
    int64_t location;
};

/* The same expression in the person's text and in the printed one. */
struct resolve_pair {
    int64_t typed;
    int64_t printed;
};

struct resolve_origin {
    int table;
    int column;
};

struct trace;
struct traces;

struct resolve_origins {
    struct resolve_origin *items;
    size_t count;
    size_t capacity;
};

/* A table's name as it stands in the text. */
struct resolve_reference {
    const char *schema; /* NULL = one part */
    const char *table;
    int64_t location;
};

struct resolve_references {
    struct resolve_reference *items;
    size_t count;
    size_t capacity;
};

struct resolve {
    struct weft_engine *engine;
    struct weft_arena *arena;
    const struct weft_resolve_options *options;
    const char *sql;
    size_t length;
    struct weft_error *error;
    yyjson_mut_doc *doc;
    char secret[RESOLVE_SECRET];
    struct resolve_table *tables;
    size_t table_count;
    size_t table_capacity;
    int cte_count;
    int lambda_depth;
    bool nomem;                   /* sticky: asked after each pass */
    struct resolve_origins *sink; /* NULL = a column used here is used for good */
    struct resolve_unknown *unknowns;
    size_t unknown_count;
    size_t unknown_capacity;
    struct resolve_pair *pairs;
    size_t pair_count;
    size_t pair_capacity;
    const char **parameters;
    size_t parameter_count;
    size_t parameter_capacity;
    bool unique;   /* tables without alias get one that no name of the text can be */
    bool captured; /* a name would mean another table: walk again with unique */
    bool rows;     /* a relation has a row condition */
    bool groups;   /* a relation has a min_group */
    bool barrier;  /* what the text asks could fail on a hidden row */
    struct resolve_references *references; /* not NULL: names are gathered, none is resolved */
    /* resolve_trace.h */
    struct trace *trace_to; /* NULL = what a column comes from is not wanted here */
    unsigned trace_role;
    bool trace_many; /* the item at hand becomes several columns */
    bool trace_rows; /* it makes rows */
    int trace_recursive;
    const struct traces *traces; /* of the result */
};

/* ---- resolve_tree.c ---- */
/* *json is a heap text (weft_free). SQL with the place of the mistake; SQL_REFUSED for what is no
 * SELECT. */
int resolve_serialize(struct resolve *resolve, const char *sql, size_t length, char **json,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* The one statement's root query node, in a mutable document of its own. */
int resolve_load(struct resolve *resolve, const char *json, yyjson_mut_doc **doc,
                 yyjson_mut_val **node) WEFT_MUST_CHECK;
int resolve_print(struct resolve *resolve, yyjson_mut_val *node, char **sql) WEFT_MUST_CHECK;
void resolve_docp(yyjson_mut_doc **doc);
const char *tree_text(yyjson_mut_val *object, const char *key);         /* "" when not there */
const char *tree_text_or_null(yyjson_mut_val *object, const char *key); /* NULL also for "" */
bool tree_is(yyjson_mut_val *object, const char *key, const char *text);
int64_t tree_location(yyjson_mut_val *object);
void tree_set(struct resolve *resolve, yyjson_mut_val *object, const char *key,
              yyjson_mut_val *value);
void tree_set_text(struct resolve *resolve, yyjson_mut_val *object, const char *key,
                   const char *text);
void tree_remove(yyjson_mut_val *object, const char *key);
/* object becomes what `from` is; its alias and place stay. */
void tree_replace(struct resolve *resolve, yyjson_mut_val *object, yyjson_mut_val *from);
/* A node of an expression; NULL when memory is out, which resolve->nomem says too. */
yyjson_mut_val *tree_expression(struct resolve *resolve, const char *class, const char *type);
yyjson_mut_val *tree_constant_text(struct resolve *resolve, const char *text);
yyjson_mut_val *tree_cast(struct resolve *resolve, yyjson_mut_val *child, const char *type);

/* ---- resolve_tools.c ---- */
int resolve_refuse(struct resolve *resolve, enum weft_code code, int64_t location,
                   const char *format, ...) WEFT_PRINTF(4, 5);
int resolve_nomem(struct resolve *resolve);
void *resolve_alloc(struct resolve *resolve, size_t count, size_t size); /* NULL: sticky nomem */

/* ---- resolve_place.c ---- */
/* Byte offset in the text -> line and column of the person's file; RESOLVE_LOCATION_NO: its start.
 */
void resolve_place(const struct weft_resolve_options *options, const char *sql, size_t length,
                   int64_t location, struct weft_error *error);
/* Where a word stands outside of quotes and comments; -1 = nowhere. ";" too. */
int64_t resolve_find_word(const char *sql, size_t length, const char *word);
/* Two trees of one shape: the one that was printed, and the one that the printed text gave. */
void resolve_pairs(struct resolve *resolve, yyjson_mut_val *typed, yyjson_mut_val *printed);
/* What DuckDB said about the place in the final text -> place in the person's. */
struct weft_resolved_places;
int64_t resolve_place_told(const struct weft_resolved_places *places, const char *told);

/* ---- resolve_guard.c ---- */
int resolve_guard(struct resolve *resolve, yyjson_mut_val *node) WEFT_MUST_CHECK;
/* Over the tree of the printed text: nothing but renamed CTEs and the tokens, each once. */
int resolve_verify(struct resolve *resolve, yyjson_mut_val *node) WEFT_MUST_CHECK;

/* ---- functions.c ---- */
bool resolve_function_allowed(const char *name);     /* any case */
const char *resolve_function_near(const char *name); /* NULL = none */
bool resolve_function_random(const char *name);      /* another answer each time */
bool resolve_function_aggregate(const char *name);
bool resolve_table_function_allowed(const char *name);

/* ---- resolve_name.c, resolve_repair.c ---- */
int resolve_keep_names(struct resolve *resolve, yyjson_mut_val *node) WEFT_MUST_CHECK;
int resolve_repair(struct resolve *resolve, yyjson_mut_val *node) WEFT_MUST_CHECK;
enum resolve_special {
    RESOLVE_SPECIAL_NONE,
    RESOLVE_SPECIAL_TIMESTAMPTZ,
    RESOLVE_SPECIAL_TIMESTAMP,
    RESOLVE_SPECIAL_DATE,
    RESOLVE_SPECIAL_TIMETZ,
    RESOLVE_SPECIAL_TIME,
    RESOLVE_SPECIAL_USER
};
/* What a bare word, or a function without arguments, answers from the request. */
enum resolve_special resolve_special_word(const char *word);
enum resolve_special resolve_special_function(const char *name);
int resolve_special_put(struct resolve *resolve, yyjson_mut_val *object,
                        enum resolve_special special) WEFT_MUST_CHECK;

/* ---- resolve_named.c: from the tree of the printed text ---- */
int resolve_named(struct resolve *resolve, yyjson_mut_val *printed) WEFT_MUST_CHECK;

/* ---- resolver.c: all passes over a tree's JSON but printing, for the fuzz target (DuckDB's
 * printer trusts the tree, and its parser makes no wrong one) ---- */
int resolve_from_tree(struct resolve *resolve, const char *json, yyjson_mut_doc **doc,
                      yyjson_mut_val **node) WEFT_MUST_CHECK;

/* ---- resolver.c ---- */
/* Size, zero bytes, UTF-8. */
int resolve_check_text(struct resolve *resolve) WEFT_MUST_CHECK;

/* ---- resolve_reference.c ---- */
int resolve_reference_add(struct resolve *resolve, const struct weft_resolve_name *name,
                          int64_t location) WEFT_MUST_CHECK;

/* ---- resolve_walk.c ---- */
int resolve_walk(struct resolve *resolve, yyjson_mut_val *node) WEFT_MUST_CHECK;

/* ---- relation.c ---- */
#define RELATION_ALIAS 40
/* The largest of its min_groups; 0 = none. */
int64_t relation_group_size(const struct weft_relation *relation);
int relation_check(const struct weft_relation *relation, struct weft_error *error) WEFT_MUST_CHECK;
/* A name that no text holds: 128 random bits. */
int relation_alias(char alias[RELATION_ALIAS], struct weft_error *error) WEFT_MUST_CHECK;
/* What stands after FROM. */
int relation_from(const struct weft_relation *relation, struct weft_buf *out,
                  struct weft_error *error) WEFT_MUST_CHECK;
void relation_column(const struct weft_relation_column *column, const char *alias,
                     struct weft_buf *out);

/* ---- secure.c ---- */
/* "(SELECT ...)": the relation with its row condition and treatments. */
int resolve_relation_print(struct resolve *resolve, const struct resolve_table *table,
                           struct weft_buf *out) WEFT_MUST_CHECK;

/* ---- resolve_policy.c: what a statement over guarded relations may hold ---- */
int resolve_policy(struct resolve *resolve, yyjson_mut_val *node) WEFT_MUST_CHECK;

/* resolve_hint.c: to an error of the parser, what may be meant. Returns -1. */
int resolve_syntax_hint(const char *sql, size_t length, int64_t position, struct weft_error *error);
/* What a function of another database is here; NULL = not known. */
const char *resolve_function_elsewhere(const char *name);

#endif

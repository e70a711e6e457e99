/*
 * resolver.h - from a person's SQL to the text that may run.
 *
 * A person's SQL never reaches DuckDB as it was typed. DuckDB parses it into its serialized tree
 * (SELECT only); the resolver walks the tree with scopes, resolves every table reference through
 * the caller's function or refuses it, annotates every column reference with its source, refuses
 * what is not on the allow-lists (node types, expression classes, functions, table functions),
 * renames CTEs, rewrites references, prints the tree, parses the text again, walks it again, and
 * hands out exactly the text that was verified. Everything is as docs: design of SQL security,
 * sections 2, 3, 5, 6, 8. Errors are weft's own texts with line and column of the person's text.
 * Thread rule: a resolver belongs to the thread of its engine.
 */
#ifndef WEFT_RESOLVER_RESOLVER_H
#define WEFT_RESOLVER_RESOLVER_H

#include "base/mem.h"
#include "engine/relation.h"

/* When a reference says AT (TIMESTAMP => ...) or AT (VERSION => ...). */
struct weft_resolve_at {
    bool given;
    int64_t timestamp_us; /* when version is 0 */
    int64_t version;      /* snapshot id */
};

struct weft_resolve_name {
    const char *schema; /* the domain, or "mesh", or NULL when the reference has one part */
    const char *table;
    struct weft_resolve_at at;
};

/* 0 and *out filled (in the arena), WEFT_NOT_THERE (also for what the reader may not know of: one
 * text for both), or -1. */
typedef int weft_resolve_fn(void *arg, struct weft_arena *arena,
                            const struct weft_resolve_name *name, struct weft_relation *out,
                            struct weft_error *error);

/* The relation of a product that a MEMBER condition names, read as the policy and not as the
 * reader: its treatments, rows and min_group count for nothing. As weft_resolve_fn. */
typedef int weft_member_fn(void *arg, struct weft_arena *arena, const char *product,
                           struct weft_relation *out, struct weft_error *error);

/* The nearest name the reader may know of, for "did you mean"; NULL = none. */
typedef const char *weft_suggest_fn(void *arg, struct weft_arena *arena,
                                    const struct weft_resolve_name *name);

struct weft_resolve_options {
    weft_resolve_fn *resolve;
    weft_suggest_fn *suggest; /* may be NULL; gets arg too */
    weft_member_fn *member;   /* may be NULL: no condition has MEMBER; gets arg too */
    void *arg;
    int64_t now_us;        /* what now() and current_date answer */
    const char *principal; /* what current_user answers */
    bool deterministic;    /* a product's SQL: random(), uuid(), parameters ... are refused */
    int64_t size_max;      /* bytes of the text; 0 = 128 KB, which is also the most */
    int depth_max;         /* of expressions; 0 = 150 */
    bool hide_values;      /* errors are kept: no value of a row may stand in them */
    bool lineage;          /* weft_resolved_lineage will be asked */
    const char *file;      /* for error places; NULL = the command line */
    int line_offset;       /* added to lines */
    int column_offset;     /* added to columns of the first line */
    int indent;            /* added to columns of later lines (a block in a YAML file); -1: the
                              text's lines are not the file's, so every place is its start */
};

/* Which columns of which product the query reads. */
struct weft_resolved_source {
    const char *product;
    int64_t snapshot_id;
    const char *const *columns;
    size_t column_count;
};

struct weft_resolved_places; /* what errors need to speak of the person's text */

struct weft_resolved {
    const char *sql; /* what runs: prepare exactly this */
    const struct weft_resolved_source *sources;
    size_t source_count;
    size_t parameter_count;
    const char *const *parameters;   /* names or "1", "2" ... */
    const char *const *column_names; /* always NULL: changed names became aliases in the text */
    size_t column_count;
    const struct weft_resolved_places *places;
};

/* SQL (wrong), SQL_REFUSED (not allowed), NOT_FOUND (with suggestion), LIMIT. */
int weft_resolve(struct weft_engine *engine, struct weft_arena *arena, const char *sql,
                 size_t length, const struct weft_resolve_options *options,
                 struct weft_resolved *out, struct weft_error *error) WEFT_MUST_CHECK;

/* A table that a text names, CTEs left out: for knowing what a product reads before anything of it
 * is there. Each name once, where it stands first. */
struct weft_reference {
    const char *schema; /* NULL when the reference has one part */
    const char *table;
    int line; /* of the person's text, offsets of the options added */
    int column;
};
/* Parses only, sorted by place: names come back as written. SQL, SQL_REFUSED, LIMIT; NOT_FOUND for
 * a name of three parts. */
int weft_resolve_references(struct weft_engine *engine, struct weft_arena *arena, const char *sql,
                            size_t length, const struct weft_resolve_options *options,
                            const struct weft_reference **out, size_t *count,
                            struct weft_error *error) WEFT_MUST_CHECK;

/* The columns that a resolved text without parameters gives, bound and not run, in weft's types:
 * unsigned integers and hugeint become the next type that holds them (hugeint: decimal(38,0)),
 * enums string, arrays lists, a bare NULL int, as for DuckDB; json is string once SQL has read it.
 * type NULL: weft has none (interval, bit, union, timetz, structs whose parts have no names). */
int weft_resolved_columns(struct weft_engine *engine, struct weft_arena *arena,
                          const struct weft_resolved *resolved,
                          const struct weft_relation_column **out, size_t *count,
                          struct weft_error *error) WEFT_MUST_CHECK;

/* The same of a result that is open; a type that DuckDB has and weft has not is NULL too. */
int weft_result_columns(struct weft_result *result, struct weft_arena *arena,
                        const struct weft_relation_column **out, size_t *count,
                        struct weft_error *error) WEFT_MUST_CHECK;

/* Runs what was resolved: as weft_engine_query, its errors made fit for people. Errors that come
 * later, from weft_result_next, go through weft_engine_error_for_people. */
int weft_resolved_query(struct weft_engine *engine, const struct weft_resolved *resolved,
                        const struct weft_param *params, size_t param_count,
                        struct weft_result **out, struct weft_error *error) WEFT_MUST_CHECK;
/* Binds without running: unknown columns, types that do not fit. */
int weft_resolved_check(struct weft_engine *engine, const struct weft_resolved *resolved,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* Replaces DuckDB's text in error by weft's own: no rewritten SQL, path or file name, and no value
 * where a policy applied; the place is that of the person's text where it is known. Always -1. */
int weft_engine_error_for_people(const struct weft_resolved *resolved, struct weft_error *error);

/* A row rule's condition: one expression over the given columns, no subqueries, no aggregates, the
 * same allow-lists. *out is the expression as printed, its columns quoted and, with `alias`, put
 * behind alias. */
int weft_resolve_condition(struct weft_engine *engine, struct weft_arena *arena, const char *text,
                           const struct weft_relation_column *columns, size_t column_count,
                           const char *alias, const struct weft_resolve_options *options,
                           const char **out, struct weft_error *error) WEFT_MUST_CHECK;

/* SELECT over a relation's files as a text of weft's own: read_parquet with a schema map by field
 * id, so that renamed and added columns read right. For flow's checks and rewrites. INTERNAL for a
 * relation under a policy. */
int weft_relation_print(const struct weft_relation *relation, struct weft_buf *out,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* The same with its treatments and row condition, for texts of weft's own that a person reads
 * (diff, preview): what weft adds to it may not be able to fail. REFUSED with min_group. */
int weft_relation_print_secured(struct weft_engine *engine, struct weft_arena *arena,
                                const struct weft_relation *relation,
                                const struct weft_resolve_options *options, struct weft_buf *out,
                                struct weft_error *error) WEFT_MUST_CHECK;
/* Columns as the reader sees them: hidden ones are not there, treated ones have the type that the
 * treatment gives. */
int weft_relation_seen(const struct weft_relation *relation, struct weft_arena *arena,
                       const struct weft_relation_column **out, size_t *count,
                       struct weft_error *error) WEFT_MUST_CHECK;
/* Is anything of it kept from the reader? */
bool weft_relation_is_guarded(const struct weft_relation *relation);

#endif

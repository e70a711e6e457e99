/*
 * resolver_lab.h - the laboratory of the differential test: tables of cases/tables.sql as Parquet
 * files behind the resolver, and as views in a plain instance of DuckDB.
 */
#ifndef WEFT_RESOLVER_RESOLVER_LAB_H
#define WEFT_RESOLVER_RESOLVER_LAB_H

#include "resolver/resolver.h"

#define RESOLVER_LAB_TABLES 40

struct resolver_lab_table {
    const char *schema; /* NULL: a name of one part */
    const char *name;
    struct weft_relation relation;
    const char *treated; /* "column:expression by hand"; NULL = none */
};

struct resolver_lab {
    char *dir;
    struct weft_arena *arena;
    struct weft_engine *engine; /* sealed */
    struct weft_engine *plain;
    struct resolver_lab_table tables[RESOLVER_LAB_TABLES];
    size_t table_count;
    struct weft_resolve_options options;
    const struct weft_resolved *poison; /* not NULL: columns that it does not read are all null */
};

/* Aborts where something fails. The current folder is src/resolver. */
struct resolver_lab *resolver_lab_new(void);
void resolver_lab_free(struct resolver_lab *lab);

/* One block of a file of cases: lines up to an empty one. */
struct resolver_case {
    const char *file;
    int line;          /* of its first line */
    const char *about; /* first line behind "-- " */
    const char *plain; /* NULL; what DuckDB gets instead: lines of "--plain " */
    const char *sql;
    struct weft_param params[8];
    size_t param_count;
};
/* In the arena; aborts where the file cannot be read. */
size_t resolver_cases_read(struct weft_arena *arena, const char *file, struct resolver_case *cases,
                           size_t max);

#endif

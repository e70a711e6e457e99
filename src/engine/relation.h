/*
 * relation.h - what DuckDB reads as one table: a product's files at a snapshot, a mesh. table, or a
 * text of weft's own, and under which policy. As SQL it is written by the resolver (weft_relation_*
 * of resolver/resolver.h). It owns nothing: all it points to lives as long as its maker says.
 */
#ifndef WEFT_ENGINE_RELATION_H
#define WEFT_ENGINE_RELATION_H

#include "base/mem.h"
#include "engine/engine.h"
#include "policy/policy.h"

/* What a name stands for. */
enum weft_relation_kind {
    WEFT_RELATION_FILES, /* a product at a snapshot: Parquet files */
    WEFT_RELATION_MESH,  /* a mesh. table: a table function with a request handle */
    WEFT_RELATION_SQL    /* a text that weft itself wrote (inputs, this, new) */
};

struct weft_relation_column {
    const char *name;
    const struct weft_type *type;
    int field_id;                       /* 0 = none */
    const struct weft_treatment *treat; /* NULL = the value itself */
    bool hidden;                        /* there for those who name it: no star gives it */
};

struct weft_relation {
    enum weft_relation_kind kind;
    const char *product; /* what it is called in audit and lineage: domain.name */
    int64_t snapshot_id; /* 0 = none */
    int tag;             /* the caller's own: lineage gives it back */
    const struct weft_relation_column *columns;
    size_t column_count;
    const char *const *files; /* absolute paths; none = empty */
    size_t file_count;
    /* All files have exactly these columns under these names. Then they are read without the map
     * of field ids, which costs DuckDB the parallel reading of one file. */
    bool plain;
    /* One file that was written with other columns: these. Then it is read by their names, and
     * renamed, cast and filled up with NULL by field id, for the same reason; unless a nested type
     * changed, which only the map can follow. */
    const struct weft_relation_column *file_columns;
    size_t file_column_count;
    const char *sql; /* RELATION_SQL: a SELECT; MESH: the call of the table function */
    const struct weft_condition *rows;       /* NULL = all rows; without principal.x */
    const struct weft_min_group *min_groups; /* each acts; NULL = none */
    size_t min_group_count;
};

#endif

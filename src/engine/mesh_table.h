/*
 * mesh_table.h - the mesh as tables: `mesh.products`, `mesh.runs`, ... Each is a SELECT over folded
 * tables of the ledger, with the request's sequence as parameter, shown to DuckDB as a table
 * function; so a join of two sees one state. Registered at start by the floor that owns the facts.
 *
 * Each table declares which of its rows and columns are there for whom. The rows are cut where they
 * leave the store, before DuckDB sees them: what is not shown is in no count, statistic or error.
 */
#ifndef WEFT_ENGINE_MESH_TABLE_H
#define WEFT_ENGINE_MESH_TABLE_H

#include "engine/relation.h"
#include "ledger/ledger.h"

/* Whom a column is shown to, of those who are not the local operator and are shown the row; to
 * others it is null. What is not declared is shown to nobody. */
enum weft_mesh_shown {
    WEFT_MESH_NOBODY = 0,
    WEFT_MESH_ALL = 1,
    WEFT_MESH_WHOLE = 2, /* who may read the product whole: figures over its rows */
    WEFT_MESH_TEAM = 4,  /* its team, where it may know of all that it reads: how it is made; a text
                          * that names what he may not know of is null all the same */
    WEFT_MESH_OWN = 8    /* whom the row is about */
};

struct weft_mesh_column {
    const char *name;
    const char *type; /* weft's text: string, long, double, boolean, timestamptz, list<string> */
    enum weft_mesh_shown shown;
};

/* Which rows are there for somebody who is not the local operator. Without this no row is: the
 * table is refused. `keys` are further columns of the table's text, for this alone. */
enum weft_mesh_rows {
    WEFT_MESH_OF_NOBODY = 0, /* not declared */
    /* Of products. keys: the key of the product's table (catalog_names), that of another product
     * which the row names (NULL = it names none, "?" = one that has no key any more), bits of enum
     * weft_mesh_kept. */
    WEFT_MESH_OF_PRODUCTS,
    WEFT_MESH_OF_REQUESTS,   /* keys: product, major, for whom, who asked, purpose */
    WEFT_MESH_OF_PRINCIPALS, /* keys: the principal, its roles as JSON */
    WEFT_MESH_OF_READS       /* the audit: all of them or none; no keys */
};

enum weft_mesh_kept {
    WEFT_MESH_KEEP_ROW = 1,  /* the row is for the team */
    WEFT_MESH_KEEP_TEXTS = 2 /* what is for the team is for the local operator */
};

struct weft_mesh_scope {
    enum weft_mesh_rows rows;
    const char *keys;           /* ", n.table_name, NULL, 0" */
    enum weft_mesh_shown least; /* who is shown the row at all; of products */
    /* Columns of the table that hold a column's name: of the product, of the other one; NULL. The
     * row is not there where that column is not. */
    const char *column, *other_column;
};

struct weft_mesh_table {
    const char *name; /* "runs": the table is mesh.runs */
    const char *help; /* a sentence for the reference page */
    const struct weft_mesh_column *columns;
    size_t column_count;
    /* Over the store. ?1 = sequence, ?2 = now (us since epoch). Its columns are those above, in
     * order: times as integers (us), booleans as 0 or 1, lists as JSON arrays of text. Wherever
     * WEFT_MESH_KEYS stands, scope.keys are put. */
    const char *sql;
    struct weft_mesh_scope scope;
    /* NULL, or what is done in the transaction before the text is: rows that lie elsewhere are put
     * into a temporary table of its connection. */
    int (*prepare)(struct weft_ledger_txn *txn, struct weft_error *error);
};
#define WEFT_MESH_KEYS "/*keys*/ "

/* Who asks, where it is not the local operator. Called by one thread at a time. */
struct weft_mesh_view {
    const void *arg;
    /* Of the current row, whose keys begin at column `keys`: bits of enum weft_mesh_shown; 0 = it
     * is not there. */
    unsigned (*row)(const void *arg, const struct weft_mesh_table *table, struct weft_stmt *row,
                    int keys);
    /* Does the text name nothing that he may not know of? */
    bool (*text)(const void *arg, const char *text);
};

void weft_mesh_table_register(const struct weft_mesh_table *table);
size_t weft_mesh_table_count(void);
const struct weft_mesh_table *weft_mesh_table_nth(size_t i);
const struct weft_mesh_table *weft_mesh_table_find(const char *name); /* NULL = none */
/* Place of a column; -1 = there is none. */
int weft_mesh_table_column(const struct weft_mesh_table *table, const char *name);

/* Makes the table function known to an instance (before seal). txn is a read transaction that
 * outlives the instance's queries, and so does the view (NULL = the local operator's); it may be
 * filled later, before the first row of a table is asked for. */
int weft_mesh_tables_attach(struct weft_engine *engine, struct weft_ledger_txn *txn,
                            int64_t sequence, int64_t now_us, const struct weft_mesh_view *view,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* For a resolve function: WEFT_NOT_THERE when there is no such table. */
int weft_mesh_table_relation(struct weft_arena *arena, const char *name, struct weft_relation *out,
                             struct weft_error *error) WEFT_MUST_CHECK;

/* ---- the rows of one table without DuckDB, for `ls`, `runs`, `status` ---- */

struct weft_mesh_cursor;

/* The view lives as long as the cursor. DENIED for a table that is for the local operator. */
int weft_mesh_table_open(struct weft_ledger_txn *txn, const struct weft_mesh_view *view,
                         const char *name, int64_t sequence, int64_t now_us,
                         struct weft_mesh_cursor **out, struct weft_error *error) WEFT_MUST_CHECK;
void weft_mesh_cursor_free(struct weft_mesh_cursor *cursor); /* NULL is nothing */
void weft_mesh_cursor_freep(struct weft_mesh_cursor **cursor);
/* 0: the next row; WEFT_END. */
int weft_mesh_cursor_step(struct weft_mesh_cursor *cursor, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Of the current row; a column by its place in the table. What is not shown is null; so are columns
 * that there are none of (-1). */
bool weft_mesh_cursor_is_null(const struct weft_mesh_cursor *cursor, int column);
int64_t weft_mesh_cursor_int(const struct weft_mesh_cursor *cursor, int column);
double weft_mesh_cursor_double(const struct weft_mesh_cursor *cursor, int column);
const char *weft_mesh_cursor_text(const struct weft_mesh_cursor *cursor, int column);

#endif

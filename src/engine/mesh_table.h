/*
 * mesh_table.h - the mesh as tables: `mesh.products`, `mesh.runs`, ... Each is a SELECT over folded
 * tables of the ledger, with the request's sequence as parameter, shown to DuckDB as a table
 * function; so a join of two sees one state. Registered at start by the floor that owns the facts.
 */
#ifndef WEFT_ENGINE_MESH_TABLE_H
#define WEFT_ENGINE_MESH_TABLE_H

#include "engine/resolver.h"
#include "ledger/ledger.h"

struct weft_mesh_column {
    const char *name;
    const char
        *type; /* weft's type text: string, long, double, boolean, timestamptz, list<string> */
};

struct weft_mesh_table {
    const char *name; /* "runs": the table is mesh.runs */
    const char *help; /* a sentence for the reference page */
    const struct weft_mesh_column *columns;
    size_t column_count;
    /* Over the store. ?1 = sequence, ?2 = now (us since epoch). Its columns are those above, in
     * order: times as integers (us), booleans as 0 or 1, lists as JSON arrays of text. */
    const char *sql;
    /* NULL, or what is done in the transaction before the text is: rows that lie elsewhere are put
     * into a temporary table of its connection. */
    int (*prepare)(struct weft_ledger_txn *txn, struct weft_error *error);
};

void weft_mesh_table_register(const struct weft_mesh_table *table);
size_t weft_mesh_table_count(void);
const struct weft_mesh_table *weft_mesh_table_nth(size_t i);

/* Makes the table function known to an instance (before seal). txn is a read transaction that
 * outlives the instance's queries. */
int weft_mesh_tables_attach(struct weft_engine *engine, struct weft_ledger_txn *txn,
                            int64_t sequence, int64_t now_us, struct weft_error *error)
    WEFT_MUST_CHECK;
/* For a resolve function: WEFT_NOT_THERE when there is no such table. */
int weft_mesh_table_relation(struct weft_arena *arena, const char *name, struct weft_relation *out,
                             struct weft_error *error) WEFT_MUST_CHECK;
/* Beside the query: the rows of one table without DuckDB, for `ls`, `runs`, `status`. */
int weft_mesh_table_open(struct weft_ledger_txn *txn, const char *name, int64_t sequence,
                         int64_t now_us, struct weft_stmt **out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

/*
 * edges.h - which column of a registered contract comes from which column of what it reads: facts
 * of the ledger, kept beside the contract.
 *
 * Kind: product.lineage {product, major, digest, basis, columns: [name], sources: [[name, major]],
 * edges: [[column, source, name, how]], lost: [column]}. column and source count from 0; column -1
 * = every one (what decides which rows there are); a source without a domain (no dot) is an input
 * port of the product itself, with major 0, its columns are headers of its files; how as
 * engine/lineage.h has it; lost: columns that may come from more than is said. A contract whose
 * edges do not fit into an entry has all columns lost.
 * Folded: lineage_products (a row for each contract, `entry` names it in the others),
 * lineage_sources, lineage_edges ('' = every column; source -1 with how 0: a column without edges,
 * or how 512: a lost one). mesh.lineage is registered here. Products that are renamed or dropped
 * take their rows along (the catalogue calls).
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_LINEAGE_EDGES_H
#define WEFT_LINEAGE_EDGES_H

#include "base/mem.h"
#include "ledger/ledger.h"
#include "resolver/lineage.h"

void weft_lineage_register(void);

struct weft_lineage_source {
    const char *name; /* domain.product; without a dot: a port */
    int major;
};

struct weft_lineage_edge {
    size_t column; /* of columns; WEFT_LINEAGE_ROWS = every one */
    size_t source; /* of sources */
    const char *name;
    unsigned how;
};
#define WEFT_LINEAGE_ROWS SIZE_MAX

struct weft_lineage {
    const char *full_name;
    int major;
    const char *digest; /* of the contract */
    const char *basis;  /* sql, graph, files, product (taken as it is), load, none */
    const char *const *columns;
    const bool *lost; /* of each column; NULL = none is */
    size_t column_count;
    const struct weft_lineage_source *sources;
    size_t source_count;
    const struct weft_lineage_edge *edges;
    size_t edge_count;
};

/* Majors do not tell: a product of version 0.x has major 0 too. */
bool weft_lineage_source_is_port(const char *name);

/* In the transaction that registers the contract, or later; replaces what was known of it. */
int weft_lineage_put(struct weft_ledger_txn *txn, const char *actor,
                     const struct weft_lineage *lineage, struct weft_error *error) WEFT_MUST_CHECK;
/* As of a sequence; WEFT_NOT_THERE where it was not recorded. */
int weft_lineage_get(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *full_name,
                     int major, int64_t sequence, struct weft_lineage *out,
                     struct weft_error *error) WEFT_MUST_CHECK;

/* For the folds of the catalogue. */
int weft_lineage_fold_dropped(struct weft_ledger_txn *txn, const char *product, int64_t major,
                              int64_t sequence, struct weft_error *error) WEFT_MUST_CHECK;
int weft_lineage_fold_renamed(struct weft_ledger_txn *txn, const char *from, const char *to,
                              int64_t sequence, struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * columns.h - the columns of a registered product, as the catalogue's own table has them: of the
 * contract in force (where it has no schema, as they were detected), else of the pending one.
 *
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_CATALOG_COLUMNS_H
#define WEFT_CATALOG_COLUMNS_H

#include "base/mem.h"
#include "document/type.h"
#include "ledger/ledger.h"

struct weft_catalog_column {
    const char *name;
    const struct weft_type *type;
};

/* In the order of the table. WEFT_NOT_THERE when none is known: no schema and never published. */
int weft_catalog_columns(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         const char *full_name, int major, const struct weft_catalog_column **out,
                         size_t *count, struct weft_error *error) WEFT_MUST_CHECK;

#endif

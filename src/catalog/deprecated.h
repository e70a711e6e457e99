/*
 * deprecated.h - which registered products are deprecated, so that whoever reads them is told.
 *
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_CATALOG_DEPRECATED_H
#define WEFT_CATALOG_DEPRECATED_H

#include "base/mem.h"
#include "ledger/ledger.h"
#include "model/product.h"

struct weft_catalog_deprecated {
    const char *full_name;
    int major;
    struct weft_deprecated says;
};

/* By the newest contract of each, those in force and those pending; retired ones left out. */
int weft_catalog_deprecations(struct weft_ledger_txn *txn, struct weft_arena *arena,
                              struct weft_catalog_deprecated **out, size_t *count,
                              struct weft_error *error) WEFT_MUST_CHECK;
/* NULL = it is not among them. */
const struct weft_catalog_deprecated *
weft_catalog_deprecated_find(const struct weft_catalog_deprecated *items, size_t count,
                             const char *full_name, int major);

#endif

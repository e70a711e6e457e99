/*
 * subject.h - a registered product as the subject of a decision (trust/decide.h): what its
 * contracts say of it, its columns and how they are classified.
 *
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_CATALOG_SUBJECT_H
#define WEFT_CATALOG_SUBJECT_H

#include "catalog/product_entry.h"
#include "trust/decide.h"

struct weft_subject_column {
    const char *name;
    const struct weft_type *type;
    const char *now; /* NULL; as in struct weft_trust_column */
};

/* columns: those that it has at the snapshot that is read; NULL = those of the newest contract.
 * All of it lies in the arena or in the product. */
int weft_catalog_subject(struct weft_arena *arena, struct weft_ledger_txn *txn,
                         const struct weft_registered *product,
                         const struct weft_subject_column *columns, size_t column_count,
                         int64_t sequence, struct weft_trust_subject *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* What was set aside of it: all columns that any of its contracts ever spoke of, those of its
 * inputs too. */
int weft_catalog_subject_aside(struct weft_arena *arena, struct weft_ledger_txn *txn,
                               const struct weft_registered *product, int64_t sequence,
                               struct weft_trust_subject *out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

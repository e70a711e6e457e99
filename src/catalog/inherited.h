/*
 * inherited.h - classifications that columns have from what they are made of.
 *
 * A column inherits what the columns are classified as that give its values, through any number of
 * products; where the SQL does not tell what gives it, what all columns of what it reads are. A
 * field that is classified `public` in its file inherits nothing: the file says that it may.
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_CATALOG_INHERITED_H
#define WEFT_CATALOG_INHERITED_H

#include "lineage/edges.h"
#include "trust/decide.h"

/* Adds to the columns what they inherit by the lineage of their product. sequence 0 = now. */
int weft_catalog_inherit(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         const struct weft_lineage *lineage, int64_t sequence,
                         struct weft_trust_column *columns, size_t count, struct weft_error *error)
    WEFT_MUST_CHECK;
/* What a contract is to be instead of what is registered; NULL = as it is registered. */
typedef const struct weft_product *weft_catalog_planned_fn(void *arg, const char *full_name,
                                                           int major);
/* As it is to be from then on. */
int weft_catalog_inherit_planned(struct weft_ledger_txn *txn, struct weft_arena *arena,
                                 const struct weft_lineage *lineage, int64_t sequence,
                                 weft_catalog_planned_fn *planned, void *arg,
                                 struct weft_trust_column *columns, size_t count,
                                 struct weft_error *error) WEFT_MUST_CHECK;
/* Adds a classification once; NULL is none. */
int weft_catalog_classify(struct weft_arena *arena, struct weft_texts *to, const char *text,
                          struct weft_error *error) WEFT_MUST_CHECK;

#endif

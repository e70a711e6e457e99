/*
 * lineage_internal.h - what the files of this folder share.
 */
#ifndef WEFT_LINEAGE_INTERNAL_H
#define WEFT_LINEAGE_INTERNAL_H

#include "lineage/edges.h"

#define LINEAGE_KIND "product.lineage"
#define LINEAGE_COLUMNS_MAX 100000

/* A statement without a result, its parameters by letters: t = text (NULL = null), i = int64_t. */
int lineage_exec(struct weft_ledger_txn *txn, struct weft_error *error, const char *sql,
                 const char *format, ...) WEFT_MUST_CHECK;
/* One with a result: then step. */
int lineage_query(struct weft_ledger_txn *txn, struct weft_stmt **out, struct weft_error *error,
                  const char *sql, const char *format, ...) WEFT_MUST_CHECK;
/* A column as a text in the arena. */
int lineage_text(struct weft_arena *arena, struct weft_stmt *stmt, int column, const char **out,
                 struct weft_error *error) WEFT_MUST_CHECK;

void lineage_fold_register(void);
void lineage_tables_register(void);

#endif

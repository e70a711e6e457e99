/*
 * sql.h - short statements on the ledger's store, for the floors that own folded tables: prepare,
 * bind by a format, step.
 *
 * Formats: one letter for each parameter: t = const char * (NULL = null), i = int64_t (pass exactly
 * that type), d = double. Thread rule: that of the transaction.
 */
#ifndef WEFT_LEDGER_SQL_H
#define WEFT_LEDGER_SQL_H

#include "base/mem.h"
#include "ledger/ledger.h"

/* A statement without a result. */
int weft_sql_exec(struct weft_ledger_txn *txn, struct weft_error *error, const char *sql,
                  const char *format, ...) WEFT_MUST_CHECK;
/* A statement with a result: then step. */
int weft_sql_query(struct weft_ledger_txn *txn, struct weft_stmt **out, struct weft_error *error,
                   const char *sql, const char *format, ...) WEFT_MUST_CHECK;
/* The first column of the first row; WEFT_NOT_THERE when there is no row (or null). */
int weft_sql_int(struct weft_ledger_txn *txn, int64_t *out, struct weft_error *error,
                 const char *sql, const char *format, ...) WEFT_MUST_CHECK;
/* A column as a text in the arena; NULL in *out for null. */
int weft_sql_text(struct weft_arena *arena, struct weft_stmt *stmt, int column, const char **out,
                  struct weft_error *error) WEFT_MUST_CHECK;

/* As of this sequence; 0 = now, which is later than all. */
static inline int64_t weft_ledger_at(int64_t sequence)
{
    return sequence == 0 ? INT64_MAX : sequence;
}

#endif

/*
 * sql.c - see sql.h.
 */
#include "ledger/sql.h"

#include <stdarg.h>

static void sql_bind(struct weft_stmt *stmt, const char *format, va_list args)
{
    for (int i = 0; format[i] != '\0'; i++) {
        switch (format[i]) {
        case 't':
            weft_stmt_bind_text(stmt, i + 1, va_arg(args, const char *));
            break;
        case 'i':
            weft_stmt_bind_int(stmt, i + 1, va_arg(args, int64_t));
            break;
        default:
            assert(format[i] == 'd');
            weft_stmt_bind_double(stmt, i + 1, va_arg(args, double));
        }
    }
}

static int sql_prepare(struct weft_ledger_txn *txn, struct weft_stmt **out,
                       struct weft_error *error, const char *sql, const char *format, va_list args)
{
    WEFT_TRY(weft_stmt_prepare(txn, sql, out, error));
    sql_bind(*out, format, args);
    return 0;
}

int weft_sql_exec(struct weft_ledger_txn *txn, struct weft_error *error, const char *sql,
                  const char *format, ...)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    va_list args;
    va_start(args, format);
    int rc = sql_prepare(txn, &stmt, error, sql, format, args);
    va_end(args);
    WEFT_TRY(rc);
    while ((rc = weft_stmt_step(stmt, error)) == 0)
        continue;
    return rc < 0 ? rc : 0;
}

int weft_sql_query(struct weft_ledger_txn *txn, struct weft_stmt **out, struct weft_error *error,
                   const char *sql, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = sql_prepare(txn, out, error, sql, format, args);
    va_end(args);
    return rc;
}

int weft_sql_int(struct weft_ledger_txn *txn, int64_t *out, struct weft_error *error,
                 const char *sql, const char *format, ...)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    va_list args;
    va_start(args, format);
    int rc = sql_prepare(txn, &stmt, error, sql, format, args);
    va_end(args);
    WEFT_TRY(rc);
    rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END || weft_stmt_column_is_null(stmt, 0))
        return WEFT_NOT_THERE;
    *out = weft_stmt_column_int(stmt, 0);
    return 0;
}

int weft_sql_text(struct weft_arena *arena, struct weft_stmt *stmt, int column, const char **out,
                  struct weft_error *error)
{
    if (weft_stmt_column_is_null(stmt, column)) {
        *out = NULL;
        return 0;
    }
    const char *text = weft_arena_strdup(arena, weft_stmt_column_text(stmt, column));
    if (text == NULL)
        return weft_error_nomem(error);
    *out = text;
    return 0;
}

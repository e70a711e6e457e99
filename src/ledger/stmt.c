/*
 * stmt.c - the public face of a store's statements. Each call goes through the store's table of
 * functions.
 */
#include "ledger/ledger_internal.h"

#include <stdarg.h>

const char weft_sql_null[] = "(null)";

int weft_stmt_prepare(struct weft_ledger_txn *txn, const char *sql, struct weft_stmt **out,
                      struct weft_error *error)
{
    return txn->store->api->prepare(txn->store, sql, out, error);
}

void weft_stmt_free(struct weft_stmt *stmt)
{
    if (stmt != NULL)
        stmt->api->finish(stmt);
}

void weft_stmt_freep(struct weft_stmt **stmt)
{
    weft_stmt_free(*stmt);
    *stmt = NULL;
}

void weft_stmt_bind_text(struct weft_stmt *stmt, int parameter, const char *text)
{
    stmt->api->bind_text(stmt, parameter, text);
}

void weft_stmt_bind_int(struct weft_stmt *stmt, int parameter, int64_t value)
{
    stmt->api->bind_int(stmt, parameter, value);
}

void weft_stmt_bind_double(struct weft_stmt *stmt, int parameter, double value)
{
    stmt->api->bind_double(stmt, parameter, value);
}

void weft_stmt_bind_null(struct weft_stmt *stmt, int parameter)
{
    stmt->api->bind_text(stmt, parameter, NULL);
}

int weft_stmt_step(struct weft_stmt *stmt, struct weft_error *error)
{
    return stmt->api->step(stmt, error);
}

int weft_stmt_check(struct weft_stmt *stmt, struct weft_error *error)
{
    return stmt->api->check(stmt, error);
}

void weft_stmt_reset(struct weft_stmt *stmt)
{
    stmt->api->reset(stmt);
}

int weft_stmt_column_count(struct weft_stmt *stmt)
{
    return stmt->api->column_count(stmt);
}

const char *weft_stmt_column_name(struct weft_stmt *stmt, int column)
{
    return stmt->api->column_name(stmt, column);
}

bool weft_stmt_column_is_null(struct weft_stmt *stmt, int column)
{
    return stmt->api->column_is_null(stmt, column);
}

bool weft_stmt_column_is_int(struct weft_stmt *stmt, int column)
{
    return stmt->api->column_is_int(stmt, column);
}

const char *weft_stmt_column_text(struct weft_stmt *stmt, int column)
{
    return stmt->api->column_text(stmt, column);
}

int64_t weft_stmt_column_int(struct weft_stmt *stmt, int column)
{
    return stmt->api->column_int(stmt, column);
}

double weft_stmt_column_double(struct weft_stmt *stmt, int column)
{
    return stmt->api->column_double(stmt, column);
}

int weft_ledger_exec(struct weft_ledger_txn *txn, struct weft_error *error, const char *sql, ...)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, sql, &stmt, error));
    va_list texts;
    va_start(texts, sql);
    int parameter = 1;
    for (const char *text = va_arg(texts, const char *); text != NULL;
         text = va_arg(texts, const char *))
        weft_stmt_bind_text(stmt, parameter++, text == weft_sql_null ? NULL : text);
    va_end(texts);
    int rc;
    do {
        rc = weft_stmt_step(stmt, error);
    } while (rc == 0);
    return rc < 0 ? rc : 0;
}

int64_t weft_ledger_changes(struct weft_ledger_txn *txn)
{
    return txn->store->api->changes(txn->store);
}

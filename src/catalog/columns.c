/*
 * columns.c - reads catalog_columns.
 */
#include "catalog/columns.h"

#include "ledger/sql.h"

static const char columns_sql[] =
    "SELECT c.column_name, c.type FROM catalog_columns c WHERE c.product = ?1 AND c.major = ?2 "
    "AND c.seq_to IS NULL AND c.state = CASE WHEN EXISTS(SELECT 1 FROM catalog_products f WHERE "
    "f.product = ?1 AND f.major = ?2 AND f.state = 'in_force' AND f.seq_to IS NULL) THEN "
    "'in_force' ELSE 'pending' END ORDER BY c.ordinal";

int weft_catalog_columns(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         const char *full_name, int major, const struct weft_catalog_column **out,
                         size_t *count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_catalog_column *items = NULL;
    size_t made = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error, columns_sql, "ti", full_name, (int64_t)major));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, made + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &items[made].name, error));
        WEFT_TRY(weft_type_parse(arena, weft_stmt_column_text(stmt, 1), &items[made].type, error));
        made++;
    }
    WEFT_TRY(rc);
    if (made == 0)
        return WEFT_NOT_THERE;
    *out = items;
    *count = made;
    return 0;
}

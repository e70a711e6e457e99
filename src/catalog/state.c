/*
 * state.c - rows of the catalogue that came in a file: are they such as folds make them? Whoever
 * reads them afterwards takes names and numbers as they are; contracts are checked when they are
 * parsed.
 */
#include "catalog/catalog_internal.h"

#include <string.h>

#define MAJOR_MAX 999

/* domain.name, domain.name__v1 */
static bool name_is_good(const char *name)
{
    size_t length = strlen(name);
    const char *dot = strchr(name, '.');
    return dot != NULL && dot != name && dot[1] != '\0' && length < WEFT_CATALOG_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == length &&
           strchr(dot + 1, '.') == NULL;
}

static int names_check(struct weft_ledger_txn *txn, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT product, major FROM catalog_names UNION "
                            "SELECT table_name, major FROM catalog_names UNION "
                            "SELECT shown, major FROM catalog_names WHERE shown <> '' UNION "
                            "SELECT product, major FROM catalog_products UNION "
                            "SELECT product, major FROM catalog_columns UNION "
                            "SELECT product, major FROM catalog_reads UNION "
                            "SELECT upstream, upstream_major FROM catalog_reads",
                            ""));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        int64_t major = weft_stmt_column_int(stmt, 1);
        const char *name = weft_stmt_column_text(stmt, 0);
        if (!name_is_good(name) || !weft_stmt_column_is_int(stmt, 1) || major < 0 ||
            major > MAJOR_MAX)
            return weft_error_set(error, WEFT_E_INVALID, "it names a product `%.60s`", name);
    }
    return rc < 0 ? rc : weft_stmt_check(stmt, error);
}

/* One row or more of it is something that no fold makes. */
static int none_such(struct weft_ledger_txn *txn, const char *sql, const char *what,
                     struct weft_error *error)
{
    int64_t one = 0;
    int rc = weft_sql_int(txn, &one, error, sql, "");
    if (rc == 0)
        return weft_error_set(error, WEFT_E_INVALID, "it has %s", what);
    return rc < 0 ? rc : 0;
}

static bool tags_are_good(const char *text)
{
    yyjson_doc *doc __attribute__((cleanup(weft_json_freep))) = NULL;
    struct weft_error ignored = WEFT_ERROR_INIT;
    size_t i, max;
    yyjson_val *tag;
    if (weft_json_parse(text, strlen(text), 0, &doc, &ignored) < 0)
        return false;
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, max, tag)
    {
        if (!yyjson_is_str(tag))
            return false;
    }
    return yyjson_is_arr(yyjson_doc_get_root(doc));
}

static int tags_check(struct weft_ledger_txn *txn, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error, "SELECT DISTINCT tags FROM catalog_products", ""));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (!tags_are_good(weft_stmt_column_text(stmt, 0)))
            return weft_error_set(error, WEFT_E_INVALID, "it has tags that are none");
    }
    return rc < 0 ? rc : weft_stmt_check(stmt, error);
}

int weft_catalog_state_check(struct weft_ledger_txn *txn, struct weft_error *error)
{
    WEFT_TRY(names_check(txn, error));
    WEFT_TRY(tags_check(txn, error));
    WEFT_TRY(none_such(txn,
                       "SELECT 1 FROM catalog_products WHERE state NOT IN ('pending', 'in_force') "
                       "UNION SELECT 1 FROM catalog_columns "
                       "WHERE state NOT IN ('pending', 'in_force') UNION SELECT 1 FROM "
                       "catalog_reads WHERE state NOT IN ('pending', 'in_force') LIMIT 1",
                       "a contract that is neither pending nor in force", error));
    WEFT_TRY(none_such(txn,
                       "SELECT 1 FROM catalog_names WHERE seq_to IS NULL "
                       "GROUP BY product, major HAVING count(*) > 1 LIMIT 1",
                       "a product twice", error));
    return none_such(txn,
                     "SELECT 1 FROM catalog_names n WHERE n.seq_to IS NULL AND NOT EXISTS(SELECT 1 "
                     "FROM catalog_products p WHERE p.product = n.product AND p.major = n.major) "
                     "LIMIT 1",
                     "a product without a contract", error);
}

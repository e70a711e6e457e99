/*
 * deprecated.c - the deprecated products, from the documents that speak of it; the others are not
 * parsed.
 */
#include "catalog/deprecated.h"

#include "codec/json.h"
#include "ledger/sql.h"

#include <string.h>

static int says_read(struct weft_arena *arena, const char *document, const char *status,
                     struct weft_deprecated *out, bool *is, struct weft_error *error)
{
    yyjson_doc *doc __attribute__((cleanup(weft_json_freep))) = NULL;
    WEFT_TRY(weft_json_parse(document, strlen(document), 0, &doc, error));
    yyjson_val *map = yyjson_obj_get(yyjson_doc_get_root(doc), "deprecated");
    const char *const names[] = {"since", "sunset", "replaced_by"};
    const char **members[] = {&out->since, &out->sunset, &out->replaced_by};
    *is = map != NULL || strcmp(status, "deprecated") == 0;
    *out = (struct weft_deprecated){0};
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        const char *text = yyjson_get_str(yyjson_obj_get(map, names[i]));
        if (text != NULL && (*members[i] = weft_arena_strdup(arena, text)) == NULL)
            return weft_error_nomem(error);
    }
    return 0;
}

int weft_catalog_deprecations(struct weft_ledger_txn *txn, struct weft_arena *arena,
                              struct weft_catalog_deprecated **out, size_t *out_count,
                              struct weft_error *error)
{
    struct weft_catalog_deprecated *items = NULL;
    size_t count = 0, capacity = 0;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(
        txn, &stmt, error,
        "SELECT p.product, p.major, p.status, p.document FROM catalog_products p "
        "JOIN catalog_names n ON n.product = p.product AND n.major = p.major AND n.seq_to IS NULL "
        "WHERE p.seq_to IS NULL AND n.retired = 0 "
        "AND (p.status = 'deprecated' OR instr(p.document, '\"deprecated\":') > 0) "
        "AND (p.state = 'pending' OR NOT EXISTS (SELECT 1 FROM catalog_products q "
        "WHERE q.product = p.product AND q.major = p.major AND q.state = 'pending' "
        "AND q.seq_to IS NULL)) ORDER BY p.product, p.major",
        ""));
    for (;;) {
        struct weft_catalog_deprecated one = {0};
        bool is = false;
        int rc = weft_stmt_step(stmt, error);
        WEFT_TRY(rc);
        if (rc == WEFT_END)
            break;
        one.major = (int)weft_stmt_column_int(stmt, 1);
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &one.full_name, error));
        WEFT_TRY(says_read(arena, weft_stmt_column_text(stmt, 3), weft_stmt_column_text(stmt, 2),
                           &one.says, &is, error));
        if (!is)
            continue;
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        items[count++] = one;
    }
    *out = items;
    *out_count = count;
    return weft_stmt_check(stmt, error);
}

const struct weft_catalog_deprecated *
weft_catalog_deprecated_find(const struct weft_catalog_deprecated *items, size_t count,
                             const char *full_name, int major)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].major == major && strcmp(items[i].full_name, full_name) == 0)
            return &items[i];
    }
    return NULL;
}

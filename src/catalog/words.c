/*
 * words.c - contracts that differ in nothing that makes a row: words for people, owners, versions.
 * The snapshot that is there is as true under the new one, which so need not wait for another.
 */
#include "catalog/catalog_internal.h"
#include "catalog/columns.h"

#include <string.h>

int weft_catalog_same_rows(struct weft_ledger_txn *txn, const struct weft_product *product,
                           char in_force[WEFT_SHA256_HEX], bool *same, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_registered registered = {0};
    char before[WEFT_SHA256_HEX], after[WEFT_SHA256_HEX];
    *same = false;
    if (arena == NULL)
        return weft_error_nomem(error);
    int rc =
        weft_catalog_product(txn, arena, product->full_name, product->major, 0, &registered, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || registered.in_force == NULL)
        return 0;
    WEFT_TRY(weft_product_data_digest(registered.in_force, before, error));
    WEFT_TRY(weft_product_data_digest(product, after, error));
    *same = strcmp(before, after) == 0;
    memcpy(in_force, registered.in_force->digest, WEFT_SHA256_HEX);
    return 0;
}

#define READS(state)                                                                               \
    "SELECT name, is_port, upstream, upstream_major FROM catalog_reads WHERE product = ?1 AND "    \
    "major = ?2 AND state = '" state "' AND seq_to IS NULL"

/* Files are found from the folder, products by the pins: both must be as they were. */
static int places_same(struct weft_ledger_txn *txn, const struct weft_product *product, bool *same,
                       struct weft_error *error)
{
    static const char sql[] =
        "SELECT 1 FROM catalog_products q JOIN catalog_products f ON f.product = q.product AND "
        "f.major = q.major AND f.state = 'in_force' AND f.seq_to IS NULL AND f.folder = q.folder "
        "WHERE q.product = ?1 AND q.major = ?2 AND q.state = 'pending' AND q.seq_to IS NULL "
        "AND q.digest = ?3 AND NOT EXISTS (" READS("pending") " EXCEPT " READS(
            "in_force") ") "
                        "AND NOT EXISTS (" READS("in_force") " EXCEPT " READS("pending") ")";
    int64_t one = 0;
    int rc = weft_sql_int(txn, &one, error, sql, "tit", product->full_name, (int64_t)product->major,
                          product->digest);
    WEFT_TRY(rc);
    *same = rc == 0;
    return 0;
}

/* "cases: long", of a product whose columns were detected: they stay. */
static int detected_get(struct weft_ledger_txn *txn, struct weft_arena *arena,
                        const struct weft_product *product, const char ***out, size_t *count,
                        struct weft_error *error)
{
    const struct weft_catalog_column *columns = NULL;
    struct weft_buf type;
    *count = 0;
    if (product->schema.count > 0)
        return 0;
    int rc = weft_catalog_columns(txn, arena, product->full_name, product->major, &columns, count,
                                  error);
    WEFT_TRY(rc);
    const char **items = weft_arena_array(arena, *count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    weft_buf_init(&type, 1 << 20);
    rc = 0;
    for (size_t i = 0; i < *count && rc == 0; i++) {
        weft_buf_clear(&type);
        weft_type_print(columns[i].type, &type);
        rc = weft_buf_check(&type, error);
        if (rc == 0)
            items[i] = weft_arena_format(arena, "%s: %s", columns[i].name, type.data);
        if (rc == 0 && items[i] == NULL)
            rc = weft_error_nomem(error);
    }
    weft_buf_release(&type);
    *out = items;
    return rc;
}

int weft_catalog_enforce_words(struct weft_ledger_txn *txn, const char *actor,
                               const struct weft_product *product, bool *enforced,
                               struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    const char **detected = NULL;
    size_t count = 0;
    char in_force[WEFT_SHA256_HEX];
    bool same = false;
    *enforced = false;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(places_same(txn, product, &same, error));
    if (same)
        WEFT_TRY(weft_catalog_same_rows(txn, product, in_force, &same, error));
    if (!same)
        return 0;
    WEFT_TRY(detected_get(txn, arena, product, &detected, &count, error));
    *enforced = true;
    return weft_catalog_enforce_detected(txn, actor, product, detected, count, error);
}

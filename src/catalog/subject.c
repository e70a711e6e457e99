/*
 * subject.c - a registered product as what a decision is about: see subject.h.
 */
#include "catalog/subject.h"

#include "catalog/columns.h"
#include "catalog/inherited.h"
#include "ledger/sql.h"

#include <string.h>

/* What any contract said of a column that none has any more: an older snapshot may hold it. */
static int classifications_past(struct weft_arena *arena, struct weft_ledger_txn *txn,
                                const struct weft_registered *product,
                                struct weft_trust_column *column, struct weft_error *error)
{
    int rc;
    const char *text;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT DISTINCT classification FROM catalog_columns WHERE product = "
                            "?1 AND major = ?2 AND column_name = ?3 AND classification IS NOT NULL",
                            "tit", product->full_name, (int64_t)product->major, column->name));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &text, error));
        WEFT_TRY(weft_catalog_classify(arena, &column->classifications, text, error));
    }
    return rc < 0 ? rc : 0;
}

/* Of the contract in force and of the one that waits: what either says counts. */
static int classifications_own(struct weft_arena *arena, struct weft_ledger_txn *txn,
                               const struct weft_registered *product,
                               struct weft_trust_column *column, struct weft_error *error)
{
    const struct weft_product *const contracts[] = {product->in_force, product->pending};
    bool known = txn == NULL;
    for (size_t i = 0; i < WEFT_COUNT(contracts); i++) {
        if (contracts[i] == NULL)
            continue;
        const struct weft_field *field = weft_fields_find(&contracts[i]->schema, column->name);
        known = known || field != NULL || contracts[i]->schema.count == 0;
        if (field == NULL && column->now != NULL)
            field = weft_fields_find(&contracts[i]->schema, column->now);
        if (field != NULL)
            WEFT_TRY(weft_catalog_classify(arena, &column->classifications, field->classification,
                                           error));
    }
    return known ? 0 : classifications_past(arena, txn, product, column, error);
}

static int columns_known(struct weft_arena *arena, struct weft_ledger_txn *txn,
                         const struct weft_registered *product,
                         const struct weft_subject_column **out, size_t *out_count,
                         struct weft_error *error)
{
    const struct weft_fields *fields = &weft_registered_newest(product)->schema;
    const struct weft_catalog_column *detected = NULL;
    size_t count = fields->count;
    if (count == 0 && txn != NULL) {
        int rc = weft_catalog_columns(txn, arena, product->full_name, product->major, &detected,
                                      &count, error);
        WEFT_TRY(rc);
        if (rc == WEFT_NOT_THERE)
            count = 0;
    }
    struct weft_subject_column *columns = weft_arena_array(arena, count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        columns[i] =
            detected == NULL
                ? (struct weft_subject_column){fields->items[i].name, fields->items[i].type, NULL}
                : (struct weft_subject_column){detected[i].name, detected[i].type, NULL};
    *out = columns;
    *out_count = count;
    return 0;
}

/* Nothing is above what no home knows. */
static int classifications_above(struct weft_arena *arena, struct weft_ledger_txn *txn,
                                 const struct weft_registered *product, int64_t sequence,
                                 struct weft_trust_column *columns, size_t count,
                                 struct weft_error *error)
{
    struct weft_lineage lineage;
    if (txn == NULL)
        return 0;
    int rc = weft_lineage_get(txn, arena, product->full_name, product->major,
                              weft_ledger_at(sequence), &lineage, error);
    WEFT_TRY(rc);
    return rc == WEFT_NOT_THERE
               ? 0
               : weft_catalog_inherit(txn, arena, &lineage, sequence, columns, count, error);
}

int weft_catalog_subject(struct weft_arena *arena, struct weft_ledger_txn *txn,
                         const struct weft_registered *product,
                         const struct weft_subject_column *columns, size_t column_count,
                         int64_t sequence, struct weft_trust_subject *out, struct weft_error *error)
{
    const struct weft_product *contract = weft_registered_newest(product);
    if (columns == NULL)
        WEFT_TRY(columns_known(arena, txn, product, &columns, &column_count, error));
    struct weft_trust_column *made = weft_arena_array(arena, column_count + 1, sizeof *made);
    char *domain = weft_arena_strndup(arena, product->full_name, strcspn(product->full_name, "."));
    if (made == NULL || domain == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < column_count; i++) {
        made[i] = (struct weft_trust_column){
            .name = columns[i].name, .now = columns[i].now, .type = columns[i].type};
        WEFT_TRY(classifications_own(arena, txn, product, &made[i], error));
    }
    WEFT_TRY(classifications_above(arena, txn, product, sequence, made, column_count, error));
    *out = (struct weft_trust_subject){
        .kind = WEFT_SUBJECT_PRODUCT,
        .full_name = product->full_name,
        .domain = domain,
        .major = product->major,
        .version = contract->version,
        .tags = contract->tags,
        .regulations = contract->regulations,
        .discoverable = contract->discoverable,
        .access = contract->access,
        .columns = made,
        .column_count = column_count,
    };
    return 0;
}

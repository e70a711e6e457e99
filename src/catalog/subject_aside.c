/*
 * subject_aside.c - what was set aside of a product, as the subject of a decision: see subject.h.
 *
 * A row that was set aside is kept as it came: it holds columns of inputs that never became columns
 * of the product, and columns that the product had once. So all count that any contract ever spoke
 * of, under any name of the product.
 */
#include "catalog/inherited.h"
#include "catalog/subject.h"
#include "ledger/sql.h"

#include "codec/json.h"

#include <string.h>

#define DOCUMENT_DEEP_MAX 12

/* By all names that the table had: what each contract of then and now says. */
#define HAVE_IT " c ON c.product = n.product AND c.major = n.major"
#define NAMES_OF_TABLE                                                                             \
    "(SELECT DISTINCT product, major FROM catalog_names WHERE table_name = ?1) n JOIN "

struct aside {
    struct weft_ledger_txn *txn;
    struct weft_arena *arena;
    const char *table;
    struct weft_trust_column *columns;
    size_t count, capacity;
    size_t own; /* columns of the product; behind them those that only its inputs have */
    struct weft_error *error;
};

/* Of those of the product, or of those behind them. */
static int column_add(struct aside *a, size_t first, const char *name, const char *classification)
{
    static const struct weft_type unknown = {.kind = WEFT_TYPE_STRING};
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->columns[i].name, name) == 0 && (i >= first || classification == NULL))
            return weft_catalog_classify(a->arena, &a->columns[i].classifications, classification,
                                         a->error);
    }
    if (weft_arena_reserve(a->arena, &a->columns, &a->capacity, a->count + 1, sizeof *a->columns) <
        0)
        return weft_error_nomem(a->error);
    struct weft_trust_column *column = &a->columns[a->count++];
    *column = (struct weft_trust_column){.name = name, .type = &unknown};
    return weft_catalog_classify(a->arena, &column->classifications, classification, a->error);
}

static int columns_own(struct aside *a)
{
    int rc;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(a->txn, &stmt, a->error,
                            "SELECT DISTINCT c.column_name, c.classification FROM " NAMES_OF_TABLE
                            "catalog_columns" HAVE_IT " ORDER BY 1, 2",
                            "t", a->table));
    while ((rc = weft_stmt_step(stmt, a->error)) == 0) {
        const char *name, *classification;
        WEFT_TRY(weft_sql_text(a->arena, stmt, 0, &name, a->error));
        WEFT_TRY(weft_sql_text(a->arena, stmt, 1, &classification, a->error));
        if (name != NULL)
            WEFT_TRY(column_add(a, 0, name, classification));
    }
    a->own = a->count;
    return rc < 0 ? rc : 0;
}

/* ---- what the documents say of inputs ---- */

static int name_add(struct aside *a, yyjson_val *field, const char *key)
{
    const char *name = weft_json_text_or(field, key, NULL);
    const char *classification = weft_json_text_or(field, "classification", NULL);
    if (name == NULL)
        return 0;
    name = weft_arena_strdup(a->arena, name);
    if (name == NULL)
        return weft_error_nomem(a->error);
    if (classification != NULL) {
        classification = weft_arena_strdup(a->arena, classification);
        if (classification == NULL)
            return weft_error_nomem(a->error);
    }
    return column_add(a, a->own, name, classification);
}

static int schema_add(struct aside *a, yyjson_val *schema)
{
    yyjson_val *field;
    yyjson_arr_iter iter = yyjson_arr_iter_with(schema);
    while ((field = yyjson_arr_iter_next(&iter)) != NULL) {
        WEFT_TRY(name_add(a, field, "name"));
        WEFT_TRY(name_add(a, field, "from"));
    }
    return 0;
}

/* A list of fields is called `schema` wherever it stands: of the product, of each input. */
static int document_walk(struct aside *a, yyjson_val *at, int depth)
{
    size_t i, max;
    yyjson_val *key, *value;
    if (depth > DOCUMENT_DEEP_MAX)
        return 0;
    if (yyjson_is_arr(at)) {
        yyjson_arr_foreach(at, i, max, value) WEFT_TRY(document_walk(a, value, depth + 1));
        return 0;
    }
    yyjson_obj_foreach(at, i, max, key, value)
    {
        if (strcmp(yyjson_get_str(key), "schema") == 0 && yyjson_is_arr(value))
            WEFT_TRY(schema_add(a, value));
        else
            WEFT_TRY(document_walk(a, value, depth + 1));
    }
    return 0;
}

static int columns_of_inputs(struct aside *a)
{
    int rc;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(a->txn, &stmt, a->error,
                            "SELECT DISTINCT c.document FROM " NAMES_OF_TABLE
                            "catalog_products" HAVE_IT " ORDER BY 1",
                            "t", a->table));
    while ((rc = weft_stmt_step(stmt, a->error)) == 0) {
        WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
        const char *text = weft_stmt_column_text(stmt, 0);
        WEFT_TRY(weft_json_parse(text, strlen(text), 0, &doc, a->error));
        WEFT_TRY(document_walk(a, yyjson_doc_get_root(doc), 0));
    }
    return rc < 0 ? rc : 0;
}

int weft_catalog_subject_aside(struct weft_arena *arena, struct weft_ledger_txn *txn,
                               const struct weft_registered *product, int64_t sequence,
                               struct weft_trust_subject *out, struct weft_error *error)
{
    struct aside a = {.txn = txn, .arena = arena, .table = product->table, .error = error};
    struct weft_lineage lineage;
    WEFT_TRY(weft_catalog_subject(arena, txn, product, NULL, 0, sequence, out, error));
    for (size_t i = 0; i < out->column_count; i++) {
        const struct weft_trust_column *column = &out->columns[i];
        WEFT_TRY(column_add(&a, 0, column->name, NULL));
        a.columns[i].classifications = column->classifications;
    }
    WEFT_TRY(columns_own(&a));
    int rc = weft_lineage_get(txn, arena, product->full_name, product->major,
                              weft_ledger_at(sequence), &lineage, error);
    if (rc == 0)
        rc = weft_catalog_inherit(txn, arena, &lineage, sequence, a.columns, a.count, error);
    WEFT_TRY(rc);
    WEFT_TRY(columns_of_inputs(&a));
    out->kind = WEFT_SUBJECT_QUARANTINE;
    out->columns = a.columns;
    out->column_count = a.count;
    return 0;
}

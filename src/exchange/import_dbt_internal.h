/*
 * import_dbt_internal.h - for import_dbt*.c: a dbt project's manifest, its models as drafts.
 */
#ifndef WEFT_EXCHANGE_IMPORT_DBT_INTERNAL_H
#define WEFT_EXCHANGE_IMPORT_DBT_INTERNAL_H

#include "base/map.h"
#include "exchange/import.h"

struct dbt_model {
    const char *id; /* model.shop.orders */
    yyjson_val *node;
    struct weft_import_product *product;
    const char *table; /* as the SQL of others names it: shop.orders, shop.orders__v1 */
};

/* What stands for a table in compiled SQL. */
struct dbt_relation {
    const char *identifier;        /* its last name there: what columns may be written with */
    const struct dbt_model *model; /* NULL: of a source, or of what is not imported */
    const char *group, *name;      /* then: of the port */
};

struct dbt {
    struct weft_import *import;
    yyjson_doc *doc;
    yyjson_doc *catalog; /* NULL = none lay there */
    yyjson_val *root;
    struct weft_map *models;    /* id -> struct dbt_model */
    struct weft_map *relations; /* "db.schema.name", lower case, and "schema.name" */
    struct weft_error *error;
};

/* SQL with names of relations in place of those of the warehouse. `of`: where its ports go; `self`
 * not NULL: that model is `this`, and NOT_THERE is returned when any other relation is named. */
int dbt_sql_rewrite(struct dbt *dbt, struct dbt_model *of, const struct dbt_model *self,
                    const char *sql, const char **out) WEFT_MUST_CHECK;
/* All tests of the manifest, into the drafts. */
int dbt_tests_read(struct dbt *dbt) WEFT_MUST_CHECK;
/* Constraints of models and columns. */
int dbt_constraints_read(struct dbt *dbt, struct dbt_model *model) WEFT_MUST_CHECK;
/* Copies in the arena; NULL stays NULL, out of memory is the caller's to see by *failed. */
int dbt_text(struct dbt *dbt, yyjson_val *value, const char **out) WEFT_MUST_CHECK;
int dbt_note(struct dbt *dbt, const struct dbt_model *model, enum weft_import_fate fate,
             yyjson_val *at, const char *text) WEFT_MUST_CHECK;
struct dbt_model *dbt_model_find(const struct dbt *dbt, const char *id);

#endif

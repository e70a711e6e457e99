/*
 * export.h - a product's table in forms that other tools read. All fail when the product's schema
 * is not written (it is detected), but the page for people. Thread rule: any.
 */
#ifndef WEFT_EXCHANGE_EXPORT_H
#define WEFT_EXCHANGE_EXPORT_H

#include "model/product.h"

/* A JSON Schema (draft 2020-12) of one row as JSON. A pattern of RE2 is written as it is. */
int weft_product_print_json_schema(const struct weft_product *product, struct weft_buf *out,
                                   struct weft_error *error) WEFT_MUST_CHECK;
/* CREATE TABLE and COMMENT ON of PostgreSQL. What has no type there (nested values) is jsonb. */
int weft_product_print_sql(const struct weft_product *product, struct weft_buf *out,
                           struct weft_error *error) WEFT_MUST_CHECK;
/* A page for people. */
int weft_product_print_markdown(const struct weft_product *product, struct weft_buf *out,
                                struct weft_error *error) WEFT_MUST_CHECK;

#endif

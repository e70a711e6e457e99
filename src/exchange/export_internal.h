/*
 * export_internal.h - for this folder: what the forms of an export share. Thread rule: any.
 */
#ifndef WEFT_EXCHANGE_EXPORT_INTERNAL_H
#define WEFT_EXCHANGE_EXPORT_INTERNAL_H

#include "exchange/export.h"

/* INVALID when the product's schema is not written. */
int weft_export_schema_needed(const struct weft_product *product, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

/*
 * show_internal.h - parts of `show`: of the local operator (op_show.c), and of somebody who sees
 * what he may know (show_seen.c).
 */
#ifndef WEFT_APP_SHOW_INTERNAL_H
#define WEFT_APP_SHOW_INTERNAL_H

#include "context/out.h"
#include "context/seen.h"

/* Of the treatment its kind: how coarse it is stands in the policy. NULL = the value itself. */
int weft_show_field(const struct weft_field *field, const struct weft_treatment *treat,
                    struct weft_out *out, struct weft_error *error) WEFT_MUST_CHECK;
int weft_show_inputs(const struct weft_product *contract, struct weft_out *out,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* Key, checks, and the promises about the table as a whole. */
int weft_show_rules(const struct weft_product *contract, struct weft_out *out,
                    struct weft_error *error) WEFT_MUST_CHECK;
int weft_show_deprecated(const struct weft_product *contract, struct weft_out *out,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* For who is not the local operator. */
int weft_show_seen(struct weft_context *context, struct weft_ledger_txn *txn,
                   const struct weft_registered *product, struct weft_out *out,
                   struct weft_error *error) WEFT_MUST_CHECK;

#endif

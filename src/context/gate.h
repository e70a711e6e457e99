/*
 * gate.h - the one decision (trust/decide.h), asked about the products of a home.
 *
 * What is known of trust is loaded once for a sequence of the ledger and kept in the context; the
 * local operator needs none of it.
 * Thread rule: that of the context.
 */
#ifndef WEFT_CONTEXT_GATE_H
#define WEFT_CONTEXT_GATE_H

#include "catalog/subject.h"
#include "context/context.h"

/* As the request's principal at its sequence (0 = the newest of the transaction). */
int weft_gate_trust(struct weft_context *context, struct weft_ledger_txn *txn,
                    const struct weft_trust **out, struct weft_error *error) WEFT_MUST_CHECK;

/* May the product be read, and what of it? time_us 0 = that of the request. */
int weft_gate_product(struct weft_context *context, struct weft_ledger_txn *txn,
                      struct weft_arena *arena, const struct weft_registered *product,
                      enum weft_subject_kind kind, const struct weft_subject_column *columns,
                      size_t column_count, int64_t time_us, struct weft_decision *out,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* May it be known that there is this product? By its name, which is any that a person wrote. */
int weft_gate_visible(struct weft_context *context, const char *full_name, bool *visible,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* DENIED: why, and how to ask. */
int weft_gate_denied(const struct weft_context *context, const char *full_name,
                     const struct weft_decision *decision, struct weft_error *error);

#endif

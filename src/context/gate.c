/*
 * gate.c - the one decision, asked about the products of a home: see gate.h.
 */
#include "context/gate.h"

#include <stdio.h>
#include <string.h>

static int sequence_of(const struct weft_context *context, struct weft_ledger_txn *txn,
                       int64_t *sequence, struct weft_error *error)
{
    struct weft_ledger_head head;
    *sequence = context->request.sequence;
    if (*sequence != 0)
        return 0;
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    *sequence = head.sequence;
    return 0;
}

int weft_gate_trust(struct weft_context *context, struct weft_ledger_txn *txn,
                    const struct weft_trust **out, struct weft_error *error)
{
    int64_t sequence;
    *out = NULL;
    if (weft_request_is_local(&context->request))
        return 0;
    WEFT_TRY(sequence_of(context, txn, &sequence, error));
    if (context->trust != NULL && weft_trust_sequence(context->trust) != sequence)
        weft_trust_freep(&context->trust);
    if (context->trust == NULL)
        WEFT_TRY(weft_trust_load(txn, sequence, &context->trust, error));
    WEFT_TRY(weft_trust_know(context->trust, txn, context->request.principal, error));
    *out = context->trust;
    return 0;
}

int weft_gate_product(struct weft_context *context, struct weft_ledger_txn *txn,
                      struct weft_arena *arena, const struct weft_registered *product,
                      enum weft_subject_kind kind, const struct weft_subject_column *columns,
                      size_t column_count, int64_t time_us, struct weft_decision *out,
                      struct weft_error *error)
{
    const struct weft_trust *trust;
    struct weft_trust_subject subject = {.full_name = product->full_name};
    struct weft_request request = context->request;
    int64_t sequence = 0;
    WEFT_TRY(weft_gate_trust(context, txn, &trust, error));
    if (time_us != 0)
        request.time_us = time_us;
    if (trust != NULL) {
        WEFT_TRY(sequence_of(context, txn, &sequence, error));
        WEFT_TRY(weft_catalog_subject(arena, txn, product, columns, column_count, sequence,
                                      &subject, error));
        subject.kind = kind;
    }
    return weft_trust_decide(trust, &request, &subject, arena, out, error);
}

int weft_gate_visible(struct weft_context *context, const char *full_name, bool *visible,
                      struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_registered product;
    struct weft_decision decision;
    *visible = weft_request_is_local(&context->request);
    if (*visible)
        return 0;
    const char *major = strstr(full_name, "__v");
    char *name = weft_arena_strndup(
        context->arena, full_name, major == NULL ? strlen(full_name) : (size_t)(major - full_name));
    if (name == NULL)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    int rc = weft_catalog_product(txn, context->arena, name, 0, context->request.sequence, &product,
                                  error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return 0;
    WEFT_TRY(weft_gate_product(context, txn, context->arena, &product, WEFT_SUBJECT_PRODUCT, NULL,
                               0, 0, &decision, error));
    *visible = decision.discoverable;
    return 0;
}

int weft_gate_denied(const struct weft_context *context, const char *full_name,
                     const struct weft_decision *decision, struct weft_error *error)
{
    const char *why = weft_decision_denial(decision);
    weft_error_set(error, WEFT_E_DENIED, "no access to `%s` for %s%s%s: %s", full_name,
                   context->request.principal, context->request.purpose[0] == '\0' ? "" : ", for ",
                   context->request.purpose, why);
    return weft_error_hint(error,
                           "`weft request %s --purpose P --because \"...\"` asks its owner; `weft "
                           "can %s read %s` says why",
                           full_name, context->request.principal, full_name);
}

/*
 * gate.c - the one decision, asked about the products of a home: see gate.h.
 */
#include "context/gate.h"

#include "context/sight.h"

#include "base/clock.h"
#include "context/who.h"
#include "trust/audit.h"
#include "trust/keys.h"

#include <stdio.h>
#include <string.h>

/* Of the rules that hold. Whoever is asked about by --as is answered as he would have been then;
 * who acts by a key has the rights of now, whatever moment he reads of: what was taken from him
 * would be his again by --as-of. */
static int sequence_of(const struct weft_context *context, struct weft_ledger_txn *txn,
                       int64_t *sequence, struct weft_error *error)
{
    struct weft_ledger_head head;
    *sequence = context->request.sequence;
    if (*sequence != 0 && context->request.key == NULL)
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
    /* Now he was looked at when the request began. */
    if (context->past && context->request.key == NULL)
        WEFT_TRY(weft_who_active(weft_trust_principal(context->trust, context->request.principal),
                                 error));
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
    if (time_us != 0 && request.key == NULL)
        request.time_us = time_us;
    if (trust != NULL) {
        WEFT_TRY(sequence_of(context, txn, &sequence, error));
        if (kind == WEFT_SUBJECT_QUARANTINE)
            WEFT_TRY(weft_catalog_subject_aside(arena, txn, product, sequence, &subject, error));
        else
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
    const struct weft_sight *sight;
    *visible = weft_request_is_local(&context->request);
    if (*visible)
        return 0;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_sight_get(context, txn, 0, &sight, error));
    *visible = weft_sight_named(sight, full_name) != NULL;
    return 0;
}

/* It is granted, and only for what was not stated. A key's purposes are its owner's to change. */
static int purpose_hint(const struct weft_context *context, const char *full_name,
                        const struct weft_decision *decision, struct weft_error *error)
{
    const struct weft_request *request = &context->request;
    const char *fits = decision->purposes.items[0], *purpose = request->purpose;
    if (purpose[0] == '\0')
        return weft_error_hint(error, "say what for: --purpose %s", fits);
    if (request->key != NULL && !weft_key_allows(request->key, full_name, purpose))
        return weft_error_hint(error,
                               "--purpose %s is what this key opens it for; a key made with "
                               "--purpose %s would be for the other",
                               fits, purpose);
    return weft_error_hint(error,
                           "--purpose %s is what it may be read for; `weft request %s --purpose %s "
                           "--because \"...\"` asks its owner for the other",
                           fits, full_name, purpose);
}

int weft_gate_refused(const struct weft_context *context, const char *full_name,
                      const struct weft_decision *decision, struct weft_error *error)
{
    const struct weft_request *request = &context->request;
    const char *why = weft_decision_denial_told(decision), *purpose = request->purpose;
    bool stated = purpose[0] != '\0';
    weft_error_set(error, WEFT_E_DENIED, "no access to `%s` for %s%s%s: %s", full_name,
                   request->principal, stated ? ", for " : "", purpose, why);
    if (stated && context->trust != NULL && !weft_trust_purpose_known(context->trust, purpose))
        return weft_trust_purpose_hint(context->trust, purpose, error);
    if (decision->purposes.count > 0)
        return purpose_hint(context, full_name, decision, error);
    return weft_error_hint(error,
                           "`weft request %s --purpose %s --because \"...\"` asks its owner; `weft "
                           "can %s read %s%s%s` says why",
                           full_name, stated ? purpose : "P", request->principal, full_name,
                           stated ? " --purpose " : "", purpose);
}

/* ---- what the audit is told ---- */

/* *request: as it was decided, with the sequence that it was decided at. */
static struct weft_audit_read line_of(const struct weft_context *context, const char *products,
                                      struct weft_request *request)
{
    *request = context->request;
    if (request->sequence == 0 && context->trust != NULL)
        request->sequence = weft_trust_sequence(context->trust);
    return (struct weft_audit_read){.request = request,
                                    .door = "cli",
                                    .command = context->command,
                                    .products = products,
                                    .columns = "",
                                    .sql_hash = ""};
}

int weft_gate_denied(const struct weft_context *context, const char *full_name,
                     const struct weft_decision *decision, struct weft_error *error)
{
    struct weft_request request;
    struct weft_audit_read line = line_of(context, full_name, &request);
    struct weft_error own = WEFT_ERROR_INIT;
    line.decision = "no";
    line.reason = decision->reason;
    bool written = weft_audit_append(context->ledger, &line, &own) == 0;
    if (!decision->discoverable) /* an error of the audit would tell that there is such a product */
        return WEFT_NOT_THERE;
    weft_gate_refused(context, full_name, decision, error);
    return written
               ? -1
               : weft_error_hint(error, "the denial does not stand in the audit: %s", own.message);
}

int weft_gate_named(struct weft_context *context, struct weft_ledger_txn *txn, const char *word,
                    struct weft_error *error)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct weft_registered product;
    struct weft_decision decision;
    const char *full_name;
    int major;
    if (weft_request_is_local(&context->request) ||
        weft_product_word(context->arena, word, &full_name, &major, &ignored) < 0)
        return 0;
    int rc = weft_catalog_product(txn, context->arena, full_name, major, 0, &product, error);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    WEFT_TRY(weft_gate_product(context, txn, context->arena, &product, WEFT_SUBJECT_PRODUCT, NULL,
                               0, 0, &decision, error));
    if (decision.discoverable)
        return 0;
    rc = weft_gate_denied(context, full_name, &decision, error);
    return rc < 0 ? rc : 0;
}

int weft_gate_read_begin(const struct weft_context *context, const char *products,
                         const char *columns, const char *sql, const struct weft_decision *decision,
                         struct weft_gate_read *read, struct weft_error *error)
{
    struct weft_request request;
    struct weft_audit_read line = line_of(context, products, &request);
    char hash[WEFT_SHA256_HEX] = "";
    *read = (struct weft_gate_read){.started_us = weft_clock_mono_us()};
    if (sql != NULL)
        WEFT_TRY(weft_sha256_hex(sql, strlen(sql), hash, error));
    line.columns = columns;
    line.sql_hash = hash;
    line.decision = "yes";
    line.reason = decision == NULL ? "local operator" : decision->reason;
    line.agreement = decision == NULL ? 0 : decision->agreement;
    return weft_audit_begin(context->ledger, &line, read->id, error);
}

int weft_gate_read_end(const struct weft_context *context, struct weft_gate_read *read,
                       int64_t rows, int result, struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    char id[WEFT_SHA256_HEX];
    if (read->id[0] == '\0')
        return result;
    memcpy(id, read->id, sizeof id);
    read->id[0] = '\0';
    const struct weft_audit_done done = {
        .rows = rows, .duration_us = weft_clock_mono_us() - read->started_us, .good = result >= 0};
    int rc = weft_audit_end(context->ledger, id, &done, result < 0 ? &own : error);
    return result < 0 ? result : rc;
}

/*
 * emergency.c - see emergency.h.
 */
#include "app/emergency.h"

#include "base/clock.h"
#include "base/hash.h"
#include "context/who.h"
#include "policy/policy.h"
#include "trust/requests.h"

#include <stdio.h>
#include <string.h>

static bool named(const struct weft_product *contract, const struct weft_principal *who)
{
    if (contract == NULL || contract->access == NULL)
        return false;
    const struct weft_texts *allowed = &contract->access->break_glass;
    for (size_t i = 0; i < allowed->count; i++) {
        if (weft_principal_is(who, allowed->items[i]))
            return true;
    }
    return false;
}

static int emergency_ask(struct weft_context *context, struct weft_ledger_txn *txn,
                         const char *full_name, int major, const char *because, int64_t *id,
                         struct weft_access_ask *ask, struct weft_error *error)
{
    struct weft_registered product;
    struct weft_principal who;
    const struct weft_settings *settings;
    char terms[WEFT_SHA256_HEX];
    WEFT_TRY(weft_context_settings(context, &settings, error));
    WEFT_TRY(weft_who(context, txn, context->arena, &who, error));
    int rc = weft_catalog_product(txn, context->arena, full_name, major, 0, &product, error);
    WEFT_TRY(rc);
    const struct weft_product *contract = rc == WEFT_NOT_THERE       ? NULL
                                          : product.in_force != NULL ? product.in_force
                                                                     : product.pending;
    const struct weft_key *key = context->request.key;
    bool bound = key != NULL && !weft_key_allows(key, full_name, context->request.purpose);
    if (bound || !named(contract, &who))
        return WEFT_NOT_THERE;
    if (contract->terms_of_use != NULL)
        WEFT_TRY(
            weft_sha256_hex(contract->terms_of_use, strlen(contract->terms_of_use), terms, error));
    const char *purpose = context->request.purpose;
    *ask = (struct weft_access_ask){
        .product = product.full_name,
        .major = product.major,
        .principal = who.id,
        .asked_by = who.id,
        .purpose = purpose[0] == '\0' ? NULL : purpose,
        .because = because,
        .version = contract->version,
        .terms = contract->terms_of_use == NULL ? NULL : terms,
        .until_us = context->request.time_us +
                    weft_settings_number(settings, WEFT_SETTING_BREAK_GLASS_TIME)};
    return weft_access_emergency(txn, weft_who_actor(context), ask, id, error);
}

int weft_emergency_grant(struct weft_context *context, const char *full_name, int major,
                         const char *because, struct weft_out *out, struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_ledger_txn *txn;
    struct weft_access_ask ask;
    int64_t id = 0;
    char until[WEFT_TIME_TEXT];
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    int rc = emergency_ask(context, txn, full_name, major, because, &id, &ask, error);
    if (rc != 0) {
        weft_ledger_end(txn);
        return rc;
    }
    WEFT_TRY(weft_who_commit(context, txn, error));
    weft_time_format(ask.until_us, until);
    weft_out_warn(out,
                  "emergency access to %s@%d until %.19sZ, request %" PRId64 ": its owner and the "
                  "governance officer are told and review it",
                  full_name, major, until, id);
    return 0;
}

int weft_emergency_waiting(struct weft_context *context, struct weft_ledger_txn *txn,
                           size_t *waiting, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_access_requests all;
    struct weft_principal who;
    *waiting = 0;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_who(context, txn, arena, &who, error));
    WEFT_TRY(weft_access_requests_list(txn, arena, 0, &all, error));
    for (size_t i = 0; i < all.count; i++) {
        const struct weft_access_request *one = &all.items[i];
        char domain[64];
        snprintf(domain, sizeof domain, "%.*s", (int)WEFT_MIN(strcspn(one->product, "."), 63),
                 one->product);
        *waiting += one->emergency && one->reviewed_us == 0 &&
                    !weft_principal_is(&who, one->principal) &&
                    weft_principal_may(&who, WEFT_RIGHT_REVIEW, domain);
    }
    return 0;
}

/*
 * decide_grant.c - who lets a product be read: its domain, its own `access:`, policies, agreements.
 */
#include "trust/trust_decide_internal.h"

#include "base/clock.h"

#include <string.h>

#define RULE_LIST 400 /* bytes of a list of purposes in a reason */

static void granted_until(struct weft_deciding *d, int64_t until_us)
{
    d->endless = d->endless || until_us == 0;
    d->until_us = WEFT_MAX(d->until_us, until_us);
}

/* By its purposes; where not, the reason says what was missing. */
static bool purpose_fits(struct weft_deciding *d, const struct weft_texts *purposes,
                         const char *rule)
{
    char list[RULE_LIST];
    if (purposes->count == 0 || weft_texts_have(purposes, d->request->purpose))
        return true;
    if (d->lacked.count == 0)
        d->lacked = *purposes;
    weft_trust_list_print(purposes, list, sizeof list);
    weft_deciding_reason(d, WEFT_REASON_DENIES, rule, "it holds for %s; %s%s%s", list,
                         d->request->purpose[0] == '\0' ? "no purpose was stated" : "stated was `",
                         d->request->purpose, d->request->purpose[0] == '\0' ? "" : "`");
    return false;
}

static const char *means_word(const struct weft_deciding *d, const struct weft_texts *words)
{
    for (size_t i = 0; i < words->count; i++) {
        if (weft_principal_is(d->who, words->items[i]))
            return words->items[i];
    }
    return NULL;
}

void weft_deciding_grant_owner(struct weft_deciding *d)
{
    if (!weft_principal_of_domain(d->who, d->subject->domain))
        return;
    d->granted = true;
    d->own_run = d->who->kind == WEFT_PRINCIPAL_DOMAIN;
    granted_until(d, 0);
    weft_deciding_reason(d, WEFT_REASON_GRANTS, "owner",
                         d->own_run ? "a run of the domain %s reads its own product"
                                    : "belongs to the domain %s, which owns the product",
                         d->subject->domain);
}

static void grant_access(struct weft_deciding *d)
{
    const struct weft_access *access = d->subject->access;
    const char *word = access == NULL ? NULL : means_word(d, &access->grant);
    if (word == NULL)
        return;
    const char *rule = weft_arena_format(d->arena, "access %s", d->subject->full_name);
    if (rule == NULL) {
        d->nomem = true;
        return;
    }
    if (!purpose_fits(d, &access->purposes, rule))
        return;
    d->granted = true;
    granted_until(d, 0);
    weft_deciding_reason(d, WEFT_REASON_GRANTS, rule, "the product's own `access` grants it to %s",
                         word);
}

static void grant_policy(struct weft_deciding *d, const struct weft_trust_policy *one)
{
    const struct weft_policy *policy = one->policy;
    const char *word = means_word(d, &policy->to);
    char day[WEFT_TIME_TEXT];
    if (word == NULL)
        return;
    bool whole = weft_deciding_product(d, one);
    size_t some = whole ? 0 : weft_deciding_columns(d, one, d->columns);
    if (!whole && some == 0)
        return;
    if (policy->until_us != 0 && d->request->time_us >= policy->until_us) {
        weft_time_format(policy->until_us - 1, day);
        weft_deciding_reason(d, WEFT_REASON_DENIES, one->rule, "it ended on %.10s", day);
        return;
    }
    if (!purpose_fits(d, &policy->purposes, one->rule))
        return;
    d->granted = d->granted || whole;
    d->granted_some = d->granted_some || !whole;
    granted_until(d, policy->until_us);
    if (whole)
        weft_deciding_reason(d, WEFT_REASON_GRANTS, one->rule, "granted to %s", word);
    else
        weft_deciding_reason(d, WEFT_REASON_GRANTS, one->rule,
                             "%zu of its columns are granted to %s", some, word);
}

/* policy_means_columns marks before purpose and end are looked at: so those are asked first. */
static bool policy_could_grant(const struct weft_deciding *d, const struct weft_policy *policy)
{
    return (policy->until_us == 0 || d->request->time_us < policy->until_us) &&
           (policy->purposes.count == 0 || weft_texts_have(&policy->purposes, d->request->purpose));
}

void weft_deciding_grant_policies(struct weft_deciding *d)
{
    bool *scratch = weft_arena_array(d->arena, d->subject->column_count + 1, sizeof *scratch);
    bool *columns = d->columns;
    if (scratch == NULL) {
        d->nomem = true;
        return;
    }
    for (size_t i = 0; i < d->trust->policy_count; i++) {
        const struct weft_trust_policy *one = &d->trust->policies[i];
        if (!d->candidates[i] || one->policy->kind != WEFT_POLICY_GRANT)
            continue;
        d->columns = policy_could_grant(d, one->policy) ? columns : scratch;
        grant_policy(d, one);
    }
    d->columns = columns;
}

/* Of several agreements the newest counts; one that only this product's other grants allow adds
 * nothing. */
static void grant_agreements(struct weft_deciding *d)
{
    const struct weft_access_requests *all = &d->known->agreements;
    for (size_t i = all->count; i > 0; i--) {
        const struct weft_access_request *one = &all->items[i - 1];
        if (strcmp(one->product, d->subject->full_name) != 0 || one->major != d->subject->major)
            continue;
        const char *rule = weft_arena_format(d->arena, "request %" PRId64, one->id);
        if (rule == NULL) {
            d->nomem = true;
            return;
        }
        struct weft_texts purposes = {&one->purpose, one->purpose == NULL ? 0 : 1};
        if (d->request->time_us >= one->until_us) {
            weft_deciding_reason(d, WEFT_REASON_DENIES, rule, "the agreement has ended");
            continue;
        }
        if (!purpose_fits(d, &purposes, rule))
            continue;
        if (d->granted) {
            weft_deciding_reason(d, WEFT_REASON_GRANTS, rule, "it was approved by %s, too",
                                 one->decided_by);
            return;
        }
        d->granted = true;
        d->agreement = one;
        d->granted_some = false;
        granted_until(d, one->until_us);
        weft_deciding_reason(d, WEFT_REASON_GRANTS, rule, "%s approved by %s",
                             one->emergency ? "emergency access," : "it was", one->decided_by);
        return;
    }
}

/* What a domain read before there were policies. */
static void grant_confirmed(struct weft_deciding *d)
{
    if (!weft_texts_have(&d->known->confirmed, d->subject->full_name))
        return;
    d->granted = true;
    granted_until(d, 0);
    weft_deciding_reason(d, WEFT_REASON_GRANTS, "confirmed",
                         "it was read before there were policies, and that was confirmed");
}

void weft_deciding_grant_all(struct weft_deciding *d)
{
    weft_deciding_grant_owner(d);
    grant_confirmed(d);
    grant_access(d);
    weft_deciding_grant_policies(d);
    if (d->subject->kind == WEFT_SUBJECT_PRODUCT)
        grant_agreements(d);
}

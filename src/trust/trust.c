/*
 * trust.c - what is known of trust at one sequence: policies with their selectors and an index of
 * them, declared purposes, the principals that were looked up with their agreements.
 */
#include "trust/trust_decide_internal.h"

#include "base/clock.h"
#include "base/text.h"
#include "trust/dependencies.h"

#include <stdio.h>
#include <string.h>

#define PURPOSE_LIST 400 /* bytes of the declared purposes in a hint */

/* ---- the index: which policies may speak of a product ---- */

static int index_add(struct weft_trust *trust, const char *key, size_t policy)
{
    struct weft_trust_ids *ids = weft_map_get(trust->index, key);
    if (ids == NULL) {
        ids = weft_arena_alloc(trust->arena, sizeof *ids);
        if (ids == NULL || weft_map_put(trust->index, key, ids) < 0)
            return -1;
    }
    if (ids->count > 0 && ids->items[ids->count - 1] == policy)
        return 0;
    if (weft_arena_reserve(trust->arena, &ids->items, &ids->capacity, ids->count + 1,
                           sizeof *ids->items) < 0)
        return -1;
    ids->items[ids->count++] = policy;
    return 0;
}

/* The part before the first dot. */
static void first_part(const char *text, char *out, size_t size)
{
    size_t length = strcspn(text, ".");
    snprintf(out, size, "%.*s", (int)length, text);
}

void weft_trust_index_key(enum weft_selector_kind kind, const char *word, char *out, size_t size)
{
    char part[WEFT_SELECTOR_MAX];
    switch (kind) {
    case WEFT_SELECT_PRODUCT:
    case WEFT_SELECT_COLUMN:
    case WEFT_SELECT_DOMAIN:
        snprintf(out, size, "d:%s", word);
        break;
    case WEFT_SELECT_TAG:
        snprintf(out, size, "t:%s", word);
        break;
    case WEFT_SELECT_REGULATION:
        snprintf(out, size, "r:%s", word);
        break;
    case WEFT_SELECT_CLASSIFICATION:
        first_part(word, part, sizeof part);
        snprintf(out, size, "c:%s", part);
        break;
    }
    if (strchr(out, '*') != NULL)
        snprintf(out, size, "*");
}

static int policy_index(struct weft_trust *trust, size_t at, struct weft_error *error)
{
    struct weft_trust_policy *one = &trust->policies[at];
    const struct weft_texts *texts =
        one->policy->kind == WEFT_POLICY_GRANT ? &one->policy->read : &one->policy->on;
    char key[WEFT_SELECTOR_MAX + 8];
    one->selectors = weft_arena_array(trust->arena, texts->count + 1, sizeof *one->selectors);
    one->rule = weft_arena_format(trust->arena, "%s %s", weft_policy_kind_name(one->policy->kind),
                                  one->policy->name);
    if (one->selectors == NULL || one->rule == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < texts->count; i++) {
        struct weft_selector *selector = &one->selectors[one->selector_count++];
        WEFT_TRY(weft_selector_parse(texts->items[i], selector, error));
        weft_trust_index_key(selector->kind, selector->word, key, sizeof key);
        if (index_add(trust, key, at) < 0)
            return weft_error_nomem(error);
    }
    return 0;
}

static int purposes_add(struct weft_trust *trust, const struct weft_policy *policy,
                        struct weft_error *error)
{
    struct weft_texts *all = &trust->purpose_names;
    const char **names =
        weft_arena_array(trust->arena, all->count + policy->purpose_count + 1, sizeof *names);
    size_t count = all->count;
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        names[i] = all->items[i];
    for (size_t i = 0; i < policy->purpose_count; i++) {
        const char *name = policy->purpose_list[i].name;
        if (!weft_map_has(trust->purposes, name))
            names[count++] = name;
        if (weft_map_put(trust->purposes, name, NULL) < 0)
            return weft_error_nomem(error);
    }
    *all = (struct weft_texts){names, count};
    return 0;
}

static int trust_fill(struct weft_trust *trust, const struct weft_policy *const *policies,
                      size_t count, struct weft_error *error)
{
    trust->policies = weft_arena_array(trust->arena, count + 1, sizeof *trust->policies);
    if (trust->policies == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        if (policies[i]->kind == WEFT_POLICY_PURPOSES)
            WEFT_TRY(purposes_add(trust, policies[i], error));
        if (policies[i]->kind != WEFT_POLICY_GRANT && policies[i]->kind != WEFT_POLICY_RESTRICT)
            continue;
        trust->policies[trust->policy_count].policy = policies[i];
        WEFT_TRY(policy_index(trust, trust->policy_count, error));
        trust->policy_count++;
    }
    return 0;
}

/* ---- making one ---- */

static struct weft_trust *trust_new(int64_t sequence)
{
    struct weft_arena *arena = weft_arena_new(0);
    struct weft_trust *trust = arena == NULL ? NULL : weft_arena_alloc(arena, sizeof *trust);
    if (trust == NULL) {
        weft_arena_free(arena);
        return NULL;
    }
    trust->arena = arena;
    trust->sequence = sequence;
    trust->index = weft_map_new();
    trust->purposes = weft_map_new();
    trust->people = weft_map_new();
    if (trust->index == NULL || trust->purposes == NULL || trust->people == NULL) {
        weft_trust_free(trust);
        return NULL;
    }
    return trust;
}

int weft_trust_load(struct weft_ledger_txn *txn, int64_t sequence, struct weft_trust **out,
                    struct weft_error *error)
{
    struct weft_policies policies;
    WEFT_CLEANUP(weft_trust_freep) struct weft_trust *trust = trust_new(sequence);
    if (trust == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_policies_list(txn, trust->arena, sequence, &policies, error));
    WEFT_TRY(trust_fill(trust, policies.items, policies.count, error));
    *out = trust;
    trust = NULL;
    return 0;
}

int weft_trust_of_policies(struct weft_ledger_txn *txn, int64_t sequence,
                           const struct weft_policy *const *policies, size_t count,
                           struct weft_trust **out, struct weft_error *error)
{
    (void)txn;
    WEFT_CLEANUP(weft_trust_freep) struct weft_trust *trust = trust_new(sequence);
    if (trust == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(trust_fill(trust, policies, count, error));
    *out = trust;
    trust = NULL;
    return 0;
}

void weft_trust_free(struct weft_trust *trust)
{
    if (trust == NULL)
        return;
    weft_map_free(trust->index);
    weft_map_free(trust->purposes);
    weft_map_free(trust->people);
    weft_arena_free(trust->arena);
}

void weft_trust_freep(struct weft_trust **trust)
{
    weft_trust_free(*trust);
    *trust = NULL;
}

int64_t weft_trust_sequence(const struct weft_trust *trust)
{
    return trust->sequence;
}

size_t weft_trust_policy_count(const struct weft_trust *trust)
{
    return trust->policy_count;
}

const struct weft_policy *weft_trust_policy_nth(const struct weft_trust *trust, size_t i)
{
    return trust->policies[i].policy;
}

bool weft_trust_purpose_known(const struct weft_trust *trust, const char *purpose)
{
    return weft_map_count(trust->purposes) == 0 || weft_map_has(trust->purposes, purpose);
}

const struct weft_texts *weft_trust_purposes(const struct weft_trust *trust)
{
    return &trust->purpose_names;
}

void weft_trust_list_print(const struct weft_texts *texts, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < texts->count && used + 1 < size; i++) {
        int more = snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", texts->items[i]);
        used += more < 0 ? 0 : (size_t)more;
    }
}

int weft_trust_purpose_hint(const struct weft_trust *trust, const char *purpose,
                            struct weft_error *error)
{
    const struct weft_texts *all = &trust->purpose_names;
    char list[PURPOSE_LIST];
    const char *near = purpose == NULL ? NULL : weft_suggest(purpose, all->items, all->count);
    weft_trust_list_print(all, list, sizeof list);
    return near == NULL
               ? weft_error_hint(error, "declared are: %s", list)
               : weft_error_hint(error, "did you mean --purpose %s? declared are: %s", near, list);
}

/* ---- people ---- */

int weft_trust_describe_domain(struct weft_trust *trust, const char *domain,
                               const struct weft_texts *members, struct weft_error *error)
{
    if (weft_arena_reserve(trust->arena, &trust->domains, &trust->domain_capacity,
                           trust->domain_count + 1, sizeof *trust->domains) < 0)
        return weft_error_nomem(error);
    trust->domains[trust->domain_count++] = (struct weft_trust_domain){domain, *members};
    return 0;
}

/* Not by the team that the file replaces. */
static bool has_role_in(const struct weft_principal *who, const char *domain)
{
    for (size_t i = 0; i < who->given_count; i++) {
        if (who->roles[i].domain != NULL && strcmp(who->roles[i].domain, domain) == 0)
            return true;
    }
    return false;
}

static const struct weft_trust_domain *described(const struct weft_trust *trust, const char *domain)
{
    for (size_t i = 0; i < trust->domain_count; i++) {
        if (strcmp(trust->domains[i].name, domain) == 0)
            return &trust->domains[i];
    }
    return NULL;
}

static bool is_member(const struct weft_principal *who, const struct weft_trust_domain *domain)
{
    for (size_t i = 0; i < domain->members.count; i++) {
        if (weft_principal_is(who, domain->members.items[i]))
            return true;
    }
    return false;
}

/* The teams as the files of a checkout have them go before those of the ledger. */
static int domains_of(struct weft_trust *trust, struct weft_principal *who,
                      struct weft_error *error)
{
    const char **names = weft_arena_array(
        trust->arena, who->domains.count + trust->domain_count + 1, sizeof(*names));
    size_t count = 0;
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < who->domains.count; i++) {
        const char *name = who->domains.items[i];
        const struct weft_trust_domain *domain = described(trust, name);
        if (domain == NULL || is_member(who, domain) || has_role_in(who, name) ||
            who->kind == WEFT_PRINCIPAL_DOMAIN)
            names[count++] = name;
    }
    for (size_t i = 0; i < trust->domain_count; i++) {
        if (!weft_texts_have(&who->domains, trust->domains[i].name) &&
            is_member(who, &trust->domains[i]))
            names[count++] = trust->domains[i].name;
    }
    who->domains = (struct weft_texts){names, count};
    return 0;
}

/* Without a home: it belongs to nothing but what names it. */
static int principal_alone(struct weft_trust *trust, const char *id, struct weft_principal *out,
                           struct weft_error *error)
{
    enum weft_principal_kind kind;
    WEFT_TRY(weft_principal_parse(id, &kind, error));
    const char **self = weft_arena_array(trust->arena, 1, sizeof(*self));
    *out = (struct weft_principal){.id = weft_arena_strdup(trust->arena, id), .kind = kind};
    if (self == NULL || out->id == NULL)
        return weft_error_nomem(error);
    self[0] = kind == WEFT_PRINCIPAL_DOMAIN ? strchr(out->id, ':') + 1 : out->id;
    if (kind == WEFT_PRINCIPAL_DOMAIN)
        out->domains = (struct weft_texts){self, 1};
    else if (kind == WEFT_PRINCIPAL_GROUP)
        out->groups = (struct weft_texts){self, 1};
    return 0;
}

int weft_trust_know(struct weft_trust *trust, struct weft_ledger_txn *txn, const char *principal,
                    struct weft_error *error)
{
    if (weft_map_has(trust->people, principal))
        return 0;
    struct weft_trust_known *known = weft_arena_alloc(trust->arena, sizeof *known);
    if (known == NULL)
        return weft_error_nomem(error);
    if (txn == NULL)
        WEFT_TRY(principal_alone(trust, principal, &known->principal, error));
    else {
        WEFT_TRY(weft_principal_get(txn, trust->arena, principal, trust->sequence,
                                    &known->principal, error));
        WEFT_TRY(weft_agreements_of(txn, trust->arena, trust->sequence, 0, &known->principal,
                                    &known->agreements, error));
        if (known->principal.kind == WEFT_PRINCIPAL_DOMAIN)
            WEFT_TRY(weft_dependencies_of(txn, trust->arena, trust->sequence,
                                          strchr(principal, ':') + 1, &known->confirmed, error));
    }
    WEFT_TRY(domains_of(trust, &known->principal, error));
    if (weft_map_put(trust->people, principal, known) < 0)
        return weft_error_nomem(error);
    return 0;
}

const struct weft_principal *weft_trust_principal(const struct weft_trust *trust,
                                                  const char *principal)
{
    const struct weft_trust_known *known = weft_map_get(trust->people, principal);
    return known == NULL ? NULL : &known->principal;
}

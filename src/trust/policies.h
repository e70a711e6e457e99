/*
 * policies.h - registered policies: facts of the ledger.
 *
 * Kinds of entries: policy.registered {name, kind, document, digest}: from then on this is the
 * policy of that name; policy.dropped {name}. Folded: trust_policies, system-versioned, so that any
 * decision can be asked for as of a past moment. Tests are not registered: they are of the files.
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_TRUST_POLICIES_H
#define WEFT_TRUST_POLICIES_H

#include "base/mem.h"
#include "ledger/ledger.h"
#include "policy/policy.h"

void weft_policies_register(void);

struct weft_policies {
    const struct weft_policy *const *items; /* by name */
    size_t count;
};

/* As they were at a sequence; 0 = now. */
int weft_policies_list(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                       struct weft_policies *out, struct weft_error *error) WEFT_MUST_CHECK;
/* Nothing is appended where the same is registered already. */
int weft_policy_put(struct weft_ledger_txn *txn, const char *actor,
                    const struct weft_policy *policy, struct weft_error *error) WEFT_MUST_CHECK;
/* NOT_FOUND. */
int weft_policy_drop(struct weft_ledger_txn *txn, const char *actor, const char *name,
                     struct weft_error *error) WEFT_MUST_CHECK;

/* What registering the policies of a checkout would change. */
enum weft_policy_change_kind { WEFT_POLICY_ADDED, WEFT_POLICY_CHANGED, WEFT_POLICY_DROPPED };
struct weft_policy_change {
    enum weft_policy_change_kind kind;
    const struct weft_policy *before; /* NULL = new */
    const struct weft_policy *after;  /* NULL = dropped */
};
/* By name; tests and what is the same left out. */
int weft_policies_compare(struct weft_arena *arena, const struct weft_policies *registered,
                          const struct weft_policy *const *wanted, size_t wanted_count,
                          struct weft_policy_change **out, size_t *out_count,
                          struct weft_error *error) WEFT_MUST_CHECK;

#endif

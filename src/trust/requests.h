/*
 * requests.h - asking for access: a request, the decision of the product's owner, and the agreement
 * that an approval is. Facts of the ledger.
 *
 * Kinds of entries:
 *   access.requested  {request, product, major, principal, asked_by, purpose?, because, days}
 *   access.approved   {request, version, until_us, terms?, treat: {column: text}, rows?,
 *                      min_size?, min_by?, by, because?}: the agreement itself
 *   access.rejected, access.revoked  {request, by, because}
 *   access.renewed    {request, until_us, by, because}
 *   access.emergency  {request, product, major, version, principal, asked_by, purpose?, because,
 *                      until_us, terms?}: asked for and granted at once, to be reviewed
 *   access.reviewed   {request, by, because}
 * `request` is a number that counts up; an agreement is called "request 12". An agreement holds for
 * one major of a product, and follows it when it is renamed. It ends by itself at until_us; no
 * entry says so. Folded: trust_requests, system-versioned.
 * `terms` is the SHA-256 of the terms_of_use that were accepted.
 * Nobody decides on what he asked for, or what was asked for him, a group of his, a domain whose
 * team he belongs to, or a service that he has made a key of.
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_TRUST_REQUESTS_H
#define WEFT_TRUST_REQUESTS_H

#include "policy/policy.h"
#include "trust/principals.h"

#define WEFT_REQUEST_DAYS 90 /* when nothing is said */
#define WEFT_REQUEST_DAYS_MAX 3660
#define WEFT_REQUEST_TEXT_MAX 2000 /* bytes of a reason */
#define WEFT_REQUEST_TREATS_MAX 200

enum weft_request_state {
    WEFT_REQUEST_OPEN,
    WEFT_REQUEST_APPROVED,
    WEFT_REQUEST_REJECTED,
    WEFT_REQUEST_REVOKED
};

struct weft_agreement_treat {
    const char *column;
    struct weft_treatment treatment;
    const char *text; /* as written: "mask", "round:100" */
};

struct weft_access_request {
    int64_t id;
    const char *product; /* domain.name */
    int major;
    const char *principal; /* who is to read: "user:alice", "group:x", "domain:california" */
    const char *asked_by;  /* who asked */
    const char *purpose;   /* NULL = any */
    const char *because;
    int64_t days;
    int64_t asked_us;
    enum weft_request_state state;
    bool emergency;
    /* once decided */
    const char *version; /* of the contract at the approval; NULL */
    const char *decided_by;
    int64_t decided_us; /* 0 = open */
    const char *decision_because;
    int64_t until_us;
    const char *terms; /* NULL = the product has none */
    const struct weft_agreement_treat *treats;
    size_t treat_count;
    const char *rows; /* a row condition as written; NULL = all rows */
    struct weft_min_group min_group;
    const char *reviewed_by; /* an emergency; NULL = to review */
    int64_t reviewed_us;
    const char *review_because;
};

/* ---- reading: at a sequence, 0 = now ---- */

struct weft_access_requests {
    const struct weft_access_request *items; /* by id */
    size_t count;
};
int weft_access_requests_list(struct weft_ledger_txn *txn, struct weft_arena *arena,
                              int64_t sequence, struct weft_access_requests *out,
                              struct weft_error *error) WEFT_MUST_CHECK;
/* WEFT_NOT_THERE. */
int weft_access_request_get(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t id,
                            int64_t sequence, struct weft_access_request *out,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* The agreements in force at that moment that mean the principal (itself, a group of it): what
 * decide adds to the grants of policies. By id. */
int weft_agreements_of(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                       int64_t time_us, const struct weft_principal *principal,
                       struct weft_access_requests *out, struct weft_error *error) WEFT_MUST_CHECK;
/* What was decided on it, in the order of time. */
struct weft_access_step {
    const char *what; /* approved, renewed, rejected, revoked; of an emergency first: taken */
    const char *by;
    int64_t time_us;
    const char *because; /* NULL */
};
struct weft_access_steps {
    const struct weft_access_step *items;
    size_t count;
};
int weft_access_request_steps(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t id,
                              struct weft_access_steps *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* "open", "approved", "expired", "rejected", "revoked"; of emergencies "to review", "reviewed" come
 * instead of the first two once they ended or were looked at. */
const char *weft_access_request_state(const struct weft_access_request *request, int64_t now_us);

/* ---- asking and deciding ---- */

struct weft_access_ask {
    const char *product;
    int major;
    const char *principal;
    const char *asked_by;
    const char *purpose; /* NULL */
    const char *because;
    int64_t days;
    /* of an emergency only */
    const char *version;
    const char *terms;
    int64_t until_us;
};
/* EXISTS when the same is open already. *id on success. */
int weft_access_ask(struct weft_ledger_txn *txn, const char *actor,
                    const struct weft_access_ask *ask, int64_t *id, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_access_emergency(struct weft_ledger_txn *txn, const char *actor,
                          const struct weft_access_ask *ask, int64_t *id, struct weft_error *error)
    WEFT_MUST_CHECK;

struct weft_access_approval {
    const char *version;
    const char *terms; /* NULL */
    int64_t until_us;
    struct weft_texts treats; /* "email=mask" */
    const char *rows;         /* checked by the caller; NULL */
    struct weft_min_group min_group;
    const char *because; /* NULL */
};
enum weft_access_verb {
    WEFT_ACCESS_APPROVE,
    WEFT_ACCESS_REJECT,
    WEFT_ACCESS_RENEW,
    WEFT_ACCESS_REVOKE,
    WEFT_ACCESS_REVIEW
};
/* `by` decides on a request. REFUSED in the wrong state, and for his own; DENIED without the right;
 * NOT_FOUND. approval: with APPROVE; its until_us with RENEW. */
int weft_access_decide(struct weft_ledger_txn *txn, const char *actor,
                       const struct weft_principal *by, enum weft_access_verb verb, int64_t id,
                       const struct weft_access_approval *approval, const char *because,
                       struct weft_error *error) WEFT_MUST_CHECK;
/* May this one know of the request: his own, or one that he may decide on or look at? */
bool weft_access_request_visible(const struct weft_access_request *request,
                                 const struct weft_principal *principal);
/* "mask", "null", "round:100", "truncate:3", "truncate:month", "fixed:x". USAGE. */
int weft_treatment_word(const char *text, struct weft_treatment *out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* The catalogue's fold of a renamed product calls it. */
int weft_access_fold_renamed(struct weft_ledger_txn *txn, const char *from, const char *to,
                             int64_t sequence, struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * trust_decide_internal.h - for this folder: what trust.c keeps and decide.c reads.
 */
#ifndef WEFT_TRUST_DECIDE_INTERNAL_H
#define WEFT_TRUST_DECIDE_INTERNAL_H

#include "base/map.h"
#include "policy/selector.h"
#include "trust/decide.h"
#include "trust/policies.h"
#include "trust/requests.h"

struct weft_trust_policy {
    const struct weft_policy *policy;
    const char *rule; /* "grant researchers_read_clinical" */
    struct weft_selector *selectors;
    size_t selector_count;
};

struct weft_trust_ids {
    size_t *items;
    size_t count, capacity;
};

struct weft_trust_domain {
    const char *name;
    struct weft_texts members;
};

struct weft_trust_known {
    struct weft_principal principal;
    struct weft_access_requests agreements;
    struct weft_texts confirmed; /* of a domain: dependencies.h */
};

struct weft_trust {
    struct weft_arena *arena;
    int64_t sequence;
    struct weft_trust_policy *policies; /* grants and restrictions */
    size_t policy_count;
    struct weft_map *index; /* weft_trust_index_key -> struct weft_trust_ids */
    struct weft_map *purposes;
    struct weft_texts purpose_names;
    struct weft_map *people; /* id -> struct weft_trust_known */
    struct weft_trust_domain *domains;
    size_t domain_count, domain_capacity;
};

/* "d:hospital", "t:clinical", "r:hipaa", "c:pii"; "*" for what has a star there. */
void weft_trust_index_key(enum weft_selector_kind kind, const char *word, char *out, size_t size);

/* "a, b, c", as much of it as fits. */
void weft_trust_list_print(const struct weft_texts *texts, char *out, size_t size);

/* ---- a decision while it is made (decide.c) ---- */

/* A restriction that acts, and on which columns. */
struct weft_deciding_act {
    const char *rule;
    struct weft_treatment treat;
    bool whole;    /* the product: every column */
    bool *columns; /* else these */
};

struct weft_deciding {
    const struct weft_trust *trust;
    const struct weft_request *request;
    const struct weft_trust_subject *subject;
    const struct weft_trust_known *known;
    const struct weft_principal *who;
    struct weft_selected selected;
    struct weft_arena *arena;
    bool *candidates; /* of the trust's policies */
    /* who lets it be read */
    bool granted;      /* all of it */
    bool granted_some; /* columns */
    bool *columns;     /* granted ones */
    bool endless;      /* one of those who grant has no end */
    int64_t until_us;  /* the latest end of them */
    bool own_run;      /* a run of the owning domain: nothing is taken away */
    const struct weft_access_request *agreement;
    struct weft_texts lacked; /* purposes of the first grant that lacked only that */
    /* what is taken away */
    struct weft_deciding_act *acting;
    size_t acting_count, acting_capacity;
    const struct weft_condition **rows;
    size_t row_count, row_capacity;
    struct weft_min_group *groups;
    size_t group_count, group_capacity;
    bool broken; /* a restriction cannot be held: no */
    struct weft_decision_reason *reasons;
    size_t reason_count, reason_capacity;
    bool nomem;
};

void weft_deciding_reason(struct weft_deciding *d, enum weft_reason_kind kind, const char *rule,
                          const char *format, ...) WEFT_PRINTF(4, 5);
/* The newest reason is about these columns of the subject alone. */
void weft_deciding_about(struct weft_deciding *d, const bool *columns);
/* What he whom it is about may know of the newest reason (decide.h). */
void weft_deciding_told(struct weft_deciding *d, const char *treats, const bool *treated,
                        const char *keeps);
bool weft_deciding_product(const struct weft_deciding *d, const struct weft_trust_policy *policy);
/* Marks the columns that it means by themselves; how many. */
size_t weft_deciding_columns(const struct weft_deciding *d, const struct weft_trust_policy *policy,
                             bool *columns);

/* ---- decide_grant.c: who lets it be read ---- */
void weft_deciding_grant_owner(struct weft_deciding *d);
void weft_deciding_grant_policies(struct weft_deciding *d);
void weft_deciding_grant_all(struct weft_deciding *d);

/* ---- decide_restrict.c: what is taken away ---- */
void weft_deciding_restrict(struct weft_deciding *d);
/* The rule of a restriction that names this very product with a column that the subject lacks; NULL
 * = none. */
const char *weft_deciding_unseen(const struct weft_deciding *d);

#endif

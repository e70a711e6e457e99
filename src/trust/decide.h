/*
 * decide.h - the one decision: who may see what of a product, for which purpose, and why. Nothing
 * reads a product, a quarantine or a mesh. table without it, and every door runs what it says.
 *
 * The default is no. Yes comes from the owning domain, a grant of a policy or of the product's
 * `access:`, or an agreement (an approved request); then all restrictions that fit act: treatments
 * of columns, conditions of rows, min_group. Another restriction never shows more, and the order of
 * policies does not matter (decide_test.c).
 *
 * The local operator owns the home's files and could read them anyway: always yes, always audited.
 * A run reads as its domain ("domain:california", purpose "run").
 */
#ifndef WEFT_TRUST_DECIDE_H
#define WEFT_TRUST_DECIDE_H

#include "base/error.h"
#include "policy/policy.h"
#include "trust/principals.h"

struct weft_key; /* keys.h */

struct weft_request {
    char principal[WEFT_PRINCIPAL_MAX]; /* "user:alice"; the local operator is "local:<login>" */
    char actor[WEFT_PRINCIPAL_MAX];     /* who acts as the principal (--as); "" = it itself */
    const struct weft_key *key;         /* it acts by this key: within its scope; NULL = none */
    char purpose[64];                   /* "" = none stated */
    int64_t time_us;                    /* when it was asked */
    int64_t sequence;                   /* of the ledger: what it sees */
    int64_t deadline_us;                /* monotonic; 0 = none */
    int64_t memory_bytes;               /* budget */
    int threads;
};

/* The request of the person at the terminal: principal from the login, time now. */
void weft_request_local(struct weft_request *request);
/* Does it come from the local operator as himself? */
bool weft_request_is_local(const struct weft_request *request);

/* ---- what is known of trust at one sequence ---- */

/* Policies, declared purposes, and the principals that were looked up. Changes only by `know`. */
struct weft_trust;

/* sequence 0 = now. */
int weft_trust_load(struct weft_ledger_txn *txn, int64_t sequence, struct weft_trust **out,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* Other policies in place of the registered ones: those of a checkout, for plans and tests. They
 * must live as long. txn NULL = there is no home: nobody is known. */
int weft_trust_of_policies(struct weft_ledger_txn *txn, int64_t sequence,
                           const struct weft_policy *const *policies, size_t count,
                           struct weft_trust **out, struct weft_error *error) WEFT_MUST_CHECK;
void weft_trust_free(struct weft_trust *trust);
void weft_trust_freep(struct weft_trust **trust);
int64_t weft_trust_sequence(const struct weft_trust *trust);
/* Looks a principal and its agreements up, once; before it is decided about. txn NULL = no home:
 * it belongs to nothing but what names it. USAGE for a text that is no principal. */
int weft_trust_know(struct weft_trust *trust, struct weft_ledger_txn *txn, const char *principal,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* The members of a domain as a checkout's file has them; before `know`. Must live as long. */
int weft_trust_describe_domain(struct weft_trust *trust, const char *domain,
                               const struct weft_texts *members, struct weft_error *error)
    WEFT_MUST_CHECK;
/* NULL = it was not looked up. */
const struct weft_principal *weft_trust_principal(const struct weft_trust *trust,
                                                  const char *principal);
size_t weft_trust_policy_count(const struct weft_trust *trust);
const struct weft_policy *weft_trust_policy_nth(const struct weft_trust *trust, size_t i);
/* Nothing is declared, or this is. */
bool weft_trust_purpose_known(const struct weft_trust *trust, const char *purpose);
/* Those that are declared. Their names are nobody's secret: who asks for
 * access has to state one. */
const struct weft_texts *weft_trust_purposes(const struct weft_trust *trust);
/* What to do about one that is not declared: the nearest, and all of them. */
int weft_trust_purpose_hint(const struct weft_trust *trust, const char *purpose,
                            struct weft_error *error);

/* ---- what is read ---- */

enum weft_subject_kind {
    WEFT_SUBJECT_PRODUCT,
    WEFT_SUBJECT_QUARANTINE, /* full_name: of the product */
    WEFT_SUBJECT_MESH,       /* a mesh. table; its rows are cut to what may be discovered */
    WEFT_SUBJECT_AUDIT       /* mesh.audit */
};

struct weft_trust_column {
    const char *name;
    const struct weft_type *type;
    struct weft_texts classifications; /* its own, and those inherited by lineage */
    const char *now; /* what it is called now, where a snapshot with an older name is read; NULL */
};

struct weft_trust_subject {
    enum weft_subject_kind kind;
    const char *full_name; /* domain.name; "mesh.products" */
    const char *domain;
    int major;
    const char *version; /* NULL = not known */
    struct weft_texts tags;
    struct weft_texts regulations;
    const char *discoverable;         /* mesh, domain, private */
    const struct weft_access *access; /* NULL */
    const struct weft_trust_column *columns;
    size_t column_count;
};

/* ---- the decision ---- */

enum weft_verdict { WEFT_VERDICT_NO, WEFT_VERDICT_YES };

enum weft_reason_kind {
    WEFT_REASON_GRANTS,    /* why yes */
    WEFT_REASON_RESTRICTS, /* what it takes away */
    WEFT_REASON_EXCEPT,    /* what would have, but for an exception */
    WEFT_REASON_DENIES,    /* why no: what was missing */
    WEFT_REASON_LACKS      /* an attribute that its rows need and the principal does not have */
};

struct weft_decision_reason {
    enum weft_reason_kind kind;
    const char *rule;    /* "grant researchers_read_clinical", "request 12", "owner", "operator" */
    const char *text;    /* one sentence; holds no value of data */
    const bool *columns; /* those of the subject that it is about; NULL = the product */
    /* What he whom it restricts may know: kinds, no constants, no names. Both NULL: all of it, if
     * it restricts nothing, else nothing. */
    const char *treats;  /* "mask", of columns that he may know of */
    const bool *treated; /* those that it treats; NULL = all */
    const char *keeps;   /* "rows are kept back" */
};

struct weft_decision {
    enum weft_verdict verdict;
    bool discoverable; /* it may be found, described and asked for, whatever the verdict */
    bool raw;          /* yes, and nothing is taken away */
    const struct weft_decision_reason *reasons;
    size_t reason_count;
    const char *reason; /* all the rules in one line, "grant a; restrict b": for the audit */
    /* In the order of the subject's columns; NULL = raw. */
    const struct weft_treatment *treatments;
    size_t treatment_count;
    /* What may be known of the columns: the treatments, and for who may not read it those that he
     * would get, were all of it granted to him. A hidden one does not exist for him. As above; of a
     * product, where `discoverable`. */
    const struct weft_treatment *known;
    const struct weft_condition *rows; /* without principal.x; NULL = all */
    const struct weft_min_group *min_groups;
    size_t min_group_count;
    /* No, but for one of these it would be yes: what the first grant that means him holds for. */
    struct weft_texts purposes;
    int64_t agreement; /* the request it is read under; 0 = none */
    int64_t until_us;  /* it does not hold longer; 0 = no end known */
    /* Of all that shapes the secured query: two decisions with one digest give one text. */
    char digest[WEFT_SHA256_HEX];
};

/* The first reason why not; "" = none. _told: for him whom it is about. */
const char *weft_decision_denial(const struct weft_decision *decision);
const char *weft_decision_denial_told(const struct weft_decision *decision);

/* It is granted, and a restriction that cannot be held stops it: what it says. NULL = not so. */
const struct weft_decision_reason *weft_decision_broken(const struct weft_decision *decision);

/* trust may be NULL for who is always told yes (weft_request_is_local). -1 only when it cannot be
 * decided: then nothing may be read. All of it lies in the arena. */
int weft_trust_decide(const struct weft_trust *trust, const struct weft_request *request,
                      const struct weft_trust_subject *subject, struct weft_arena *arena,
                      struct weft_decision *decision, struct weft_error *error) WEFT_MUST_CHECK;

#endif

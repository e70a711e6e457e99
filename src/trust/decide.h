/*
 * decide.h - the gate: nothing reads a product, a quarantine or a mesh. table without a decision.
 *
 * One request struct goes through all floors: principal, purpose, ledger sequence, deadline, memory
 * budget. Until policies come the answer is yes for the local operator (who owns the home's files
 * and could read them anyway), always audited; yes for a run that reads a product in the name of
 * its own product's domain ("domain:california", purpose "run": its entry in the ledger names what
 * it read); and no for everybody else.
 */
#ifndef WEFT_TRUST_DECIDE_H
#define WEFT_TRUST_DECIDE_H

#include "base/error.h"

#define WEFT_PRINCIPAL_MAX 128

struct weft_request {
    char principal[WEFT_PRINCIPAL_MAX]; /* "user:alice"; the local operator is "local:<login>" */
    char purpose[64];                   /* "" = none stated */
    int64_t time_us;                    /* when it was asked */
    int64_t sequence;                   /* of the ledger: what it sees */
    int64_t deadline_us;                /* monotonic; 0 = none */
    int64_t memory_bytes;               /* budget */
    int threads;
};

enum weft_verdict { WEFT_VERDICT_NO, WEFT_VERDICT_YES };

struct weft_decision {
    enum weft_verdict verdict;
    char reason[256]; /* "local operator" */
};

/* What is read: a product "domain.name", a quarantine "domain__quarantine.name", or "mesh.runs".
 * Fills the decision; -1 only when it cannot be decided (then nothing may be read). */
int weft_trust_decide(const struct weft_request *request, const char *product,
                      struct weft_decision *decision, struct weft_error *error) WEFT_MUST_CHECK;

/* The request of the person at the terminal: principal from the login, time now. */
void weft_request_local(struct weft_request *request);

/* One read in the audit: a chain of its own under <home>/audit, hash-chained like the ledger,
 * written without waiting for the ledger's writer. products: comma-separated. The SQL itself may
 * hold personal values: only its hash is kept. */
struct weft_audit_read {
    const struct weft_request *request;
    const char *door; /* "cli" */
    const char *products;
    const char *columns;
    const char *sql_hash;
    const char *decision; /* yes, no */
    const char *reason;
    int64_t rows; /* -1 = not known */
    int64_t duration_us;
};
int weft_audit_append(const char *home, const struct weft_audit_read *read,
                      struct weft_error *error) WEFT_MUST_CHECK;
int weft_audit_verify(const char *home, int64_t *count, struct weft_error *error) WEFT_MUST_CHECK;

#endif

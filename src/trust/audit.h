/*
 * audit.h - the account of who read what: a chain of lines in files of its own, <home>/audit,
 * hash-chained like the ledger, written without waiting for the ledger's writer.
 *
 * A read has two lines: one before its first row, and one behind its last that says how many rows
 * went out. A read whose first line cannot be written gives nothing; one without a second was ended
 * from outside. A denial is one line. The SQL may hold personal values: only its hash is kept, and
 * no line holds a value of data.
 *
 * The lines are hashed, not signed. What holds the chain down is signed by the node's key:
 *   audit/head (audit_head.c) names the last line: lines cut off at the end are seen.
 *   audit.anchored {file, bytes, hash, first}, an entry of the ledger: the line that ends there,
 *     when the entry was made, and what the head says that it began behind. A head that is not the
 *     first one is seen, and so is an older head put back together with older lines, as far as an
 *     entry knows of later ones.
 *   audit.removed  {file, last}: a file that retention took, and the hash of its last line
 *   audit.accepted {because, bytes, file, gaps: [{after, lost}], hash}: lines that are missing, and
 *     with which somebody goes on: what stands behind `after` follows `lost`, which is gone
 * Folded: trust_audit.
 * Thread rule: any number of processes and threads may append.
 */
#ifndef WEFT_TRUST_AUDIT_H
#define WEFT_TRUST_AUDIT_H

#include "trust/decide.h"

struct weft_audit_read {
    const struct weft_request *request; /* principal, actor, key, purpose, time, sequence */
    const char *door;                   /* "cli" */
    const char *command;                /* "query"; NULL = not known */
    const char *products;               /* comma-separated */
    const char *columns;                /* likewise, domain.product.column */
    const char *sql_hash;               /* of the secured query */
    const char *decision;               /* yes, no */
    const char *reason;                 /* the rules that decided */
    int64_t agreement;                  /* the request it is read under; 0 = none */
    int64_t rows;                       /* -1 = not known */
    int64_t duration_us;
};

/* One line for the whole: a denial, or what is read in one piece. */
int weft_audit_append(struct weft_ledger *ledger, const struct weft_audit_read *read,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* The line before the first row; rows and duration_us are not looked at. `id` names it for end. */
int weft_audit_begin(struct weft_ledger *ledger, const struct weft_audit_read *read,
                     char id[WEFT_SHA256_HEX], struct weft_error *error) WEFT_MUST_CHECK;
/* How a read ended. */
struct weft_audit_done {
    int64_t rows; /* -1 = not known */
    int64_t duration_us;
    bool good;
    const char *sql_hash; /* where it was not known at the beginning; NULL */
};
int weft_audit_end(struct weft_ledger *ledger, const char *id, const struct weft_audit_done *done,
                   struct weft_error *error) WEFT_MUST_CHECK;

/* ---- reading ---- */

struct weft_audit_line {
    int64_t time_us;
    const char *principal;
    const char *actor; /* NULL = the principal itself */
    const char *key;   /* NULL = none */
    const char *purpose;
    const char *door;
    const char *command; /* NULL in lines of earlier versions */
    const char *products;
    const char *columns;
    const char *sql_hash;
    const char *decision;
    const char *reason;
    int64_t agreement;   /* 0 = none */
    int64_t sequence;    /* of the ledger: what it saw */
    int64_t rows;        /* -1 = not known */
    int64_t duration_us; /* -1 */
    const char *result;  /* done, failed, unfinished, denied */
    const char *hash;
};
struct weft_audit_lines {
    const struct weft_audit_line *items; /* oldest first */
    size_t count;
};
#define WEFT_AUDIT_READ_MAX 5000000 /* lines at once */

/* Is the rule one of a line's "grant a; request 12"? */
bool weft_audit_rule_in(const char *reason, const char *rule, size_t length);
/* Each of them in turn: *at = NULL to begin. NULL = no more; *length is its own. */
const char *weft_audit_rule_next(const char *reason, const char **at, size_t *length);

/* Those since a time (0 = all there are), each with its end. LIMIT beyond WEFT_AUDIT_READ_MAX. */
int weft_audit_list(const char *home, struct weft_arena *arena, int64_t since_us,
                    struct weft_audit_lines *out, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- looking after it ---- */

/* The chain alone. CORRUPT names the first line that was changed, removed, added or moved. */
int weft_audit_verify(const char *home, int64_t *count, struct weft_error *error) WEFT_MUST_CHECK;
/* And against what the ledger knows: its beginning, and the newest anchor. */
int weft_audit_verify_all(struct weft_ledger *ledger, int64_t *count, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The end of the audit becomes an entry, unless it is one already (*anchored false). Before the
 * first line it is where the chain begins. Takes the lock of the audit under that of the ledger;
 * who appends takes only the first. */
int weft_audit_anchor(struct weft_ledger_txn *txn, const char *actor, bool *anchored,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* The way out where lines are missing, or the head: what is there goes on, and an entry says what
 * is gone. *accepted false: nothing is missing. CORRUPT for lines that were changed. */
int weft_audit_accept(struct weft_ledger *ledger, const char *actor, const char *because,
                      int64_t *count, bool *accepted, struct weft_error *error) WEFT_MUST_CHECK;
/* Removes the files whose last line is older, never the newest: first the entry, then the files; a
 * kill between leaves files that the next call takes. *removed: how many. */
int weft_audit_expire(struct weft_ledger *ledger, const char *actor, int64_t before_us,
                      int64_t *removed, struct weft_error *error) WEFT_MUST_CHECK;

#endif

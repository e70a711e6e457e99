/*
 * quarantine.h - the rows that broke a rule, as a table for SQL: what was stored, with the state
 * that the ledger's entries give each row.
 *
 * Stored (a table of fixed shape, never changed): row_id "<run_id>:<n>", run_id, contract_version,
 * port, file, line, byte, raw, values (JSON), rules (list of texts). Folded over it: state and
 * state_by (the principal or run).
 */
#ifndef WEFT_FLOW_QUARANTINE_H
#define WEFT_FLOW_QUARANTINE_H

#include "ledger/ledger.h"
#include "model/product.h"
#include "resolver/resolver.h"

#define WEFT_QUARANTINE_OPEN "open"

/* Rows row_from..row_to (their numbers within the run) that are in one state. */
struct weft_quarantine_range {
    const char *run_id;
    const char *state;
    const char *state_by;
    int64_t row_from;
    int64_t row_to;
    int64_t aside_us; /* when the run that set them aside ended */
};

/* Which rows: NULL and 0 = any. */
struct weft_quarantine_choice {
    const char *rule;            /* that they broke */
    int64_t since_us, before_us; /* when they were set aside: from, up to but not with */
};

/* By run in order of time, then row. state NULL = any; sequence 0 = now. In the arena. */
int weft_quarantine_ranges(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *table,
                           const char *state, int64_t sequence, struct weft_quarantine_range **out,
                           size_t *out_count, struct weft_error *error) WEFT_MUST_CHECK;

/* The runs whose rows the times choose, in order of time. In the arena. */
int weft_quarantine_runs(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *table,
                         const struct weft_quarantine_choice *choice, const char *const **out,
                         size_t *out_count, struct weft_error *error) WEFT_MUST_CHECK;

/* The run of this table whose id begins so. WEFT_NOT_THERE: none; USAGE: several. */
int weft_quarantine_run(struct weft_ledger_txn *txn, const char *table, const char *beginning,
                        char run[64], struct weft_error *error) WEFT_MUST_CHECK;

/* stored: the quarantine table's files, NULL = there is none yet (an empty table of that shape).
 * States are as of the sequence, 0 = now: rows that had none then are left out. out->product stays
 * as the caller set it. */
int weft_quarantine_relation(struct weft_ledger_txn *txn, struct weft_arena *arena,
                             const char *table, const struct weft_relation *stored,
                             int64_t sequence, struct weft_relation *out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* Why a row broke a rule, for people: "`ja` is no boolean; words: true, false", "4 cells, 6
 * wanted". From what is stored (raw, values) and the contract; port as stored, NULL for an output
 * row. Nothing is added to out when the contract no longer has the rule. Values of the data are
 * quoted, up to 60 bytes. */
int weft_quarantine_explain(const struct weft_product *product, const char *port, const char *rule,
                            const char *raw, const char *values, struct weft_buf *out,
                            struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * gate.h - the one decision (trust/decide.h), asked about the products of a home.
 *
 * What is known of trust is loaded once for a sequence of the ledger and kept in the context; the
 * local operator needs none of it.
 * Thread rule: that of the context.
 */
#ifndef WEFT_CONTEXT_GATE_H
#define WEFT_CONTEXT_GATE_H

#include "catalog/subject.h"
#include "context/context.h"

/* As the request's principal at its sequence (0 = the newest of the transaction). */
int weft_gate_trust(struct weft_context *context, struct weft_ledger_txn *txn,
                    const struct weft_trust **out, struct weft_error *error) WEFT_MUST_CHECK;

/* May the product be read, and what of it? time_us 0 = that of the request. */
int weft_gate_product(struct weft_context *context, struct weft_ledger_txn *txn,
                      struct weft_arena *arena, const struct weft_registered *product,
                      enum weft_subject_kind kind, const struct weft_subject_column *columns,
                      size_t column_count, int64_t time_us, struct weft_decision *out,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* May it be known that there is this product? By its name, which is any that a person wrote. */
int weft_gate_visible(struct weft_context *context, const char *full_name, bool *visible,
                      struct weft_error *error) WEFT_MUST_CHECK;

/* ---- what a door tells the audit (trust/audit.h) ---- */

/* A product asked for by its name is denied: one line in the audit, and then WEFT_NOT_THERE for
 * what he may not know of (the door says what it says of a name that is not there), else DENIED
 * with why, and how to ask. Every door that refuses by name calls this or, where it writes the
 * line itself with the hash of its SQL (queries), weft_gate_refused. Where the line
 * cannot be written the error says so. */
int weft_gate_denied(const struct weft_context *context, const char *full_name,
                     const struct weft_decision *decision, struct weft_error *error)
    WEFT_MUST_CHECK;
/* For words that choose among what is there for him: one that is the name of a product that is not
 * is a denial, too. What else the word is, is the caller's. */
int weft_gate_named(struct weft_context *context, struct weft_ledger_txn *txn, const char *word,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* The words alone: DENIED, why, and how to ask. */
int weft_gate_refused(const struct weft_context *context, const char *full_name,
                      const struct weft_decision *decision, struct weft_error *error);

/* A read that is no query of weft_query: begun before its first row comes out, ended behind its
 * last, whatever the result. What cannot be written is not read. */
struct weft_gate_read {
    char id[WEFT_SHA256_HEX]; /* "" = not begun: end does nothing */
    int64_t started_us;
};
/* products, columns: comma-separated, columns as domain.product.column, "" = none. sql NULL = none.
 * decision NULL = the local operator's. */
int weft_gate_read_begin(const struct weft_context *context, const char *products,
                         const char *columns, const char *sql, const struct weft_decision *decision,
                         struct weft_gate_read *read, struct weft_error *error) WEFT_MUST_CHECK;
/* result: of the read. The audit's error counts where the read had none. Returns the one or the
 * other. */
int weft_gate_read_end(const struct weft_context *context, struct weft_gate_read *read,
                       int64_t rows, int result, struct weft_error *error) WEFT_MUST_CHECK;

#endif

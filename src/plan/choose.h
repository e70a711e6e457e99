/*
 * choose.h - which registered products of a home a command means: run, ls, status.
 *
 * Words choose among all products of the home that the principal may know of; retired ones only
 * where they are named outright. plan and apply choose among files instead (plan.h).
 */
#ifndef WEFT_PLAN_CHOOSE_H
#define WEFT_PLAN_CHOOSE_H

#include "plan/book.h"

struct weft_choice {
    struct weft_book book; /* of the home alone; its transaction is that of the choice */
    bool *chosen;
    size_t count; /* of those chosen */
    struct weft_ledger_txn *txn;
};

/* No words: all that are not retired (with `retired`: these too), less those excluded. NOT_FOUND
 * for a word that means nothing; the home must be there. */
int weft_choice_make(struct weft_context *context, const struct weft_op_value *words,
                     const struct weft_op_value *exclude, bool retired, struct weft_choice *out,
                     struct weft_error *error) WEFT_MUST_CHECK;
void weft_choice_end(struct weft_choice *choice);
/* Do the words say "d.p" or "d.p@1" of it, without signs of a selection? */
bool weft_choice_is_named(const struct weft_op_value *words, const struct weft_book_item *item);
/* By the columns of mesh.products: domain, name, major. */
bool weft_choice_has(const struct weft_choice *choice, const char *domain, const char *name,
                     int64_t major);

/* What to say where no product is shown. */
const char *weft_choice_empty(const struct weft_op_value *words);
/* A note that names the products whose rows come from the environment that is deferred to. */
int weft_choice_tell_deferred(const struct weft_choice *choice, struct weft_out *out,
                              struct weft_error *error) WEFT_MUST_CHECK;

#endif

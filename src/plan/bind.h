/*
 * bind.h - does the SQL of products fit what they read: bound against columns, without a file.
 *
 * Columns of a product that is read: of its schema; of its SQL, where it has no schema; as they
 * were detected, where it was published. Where none of these is there yet, the SQL is not bound
 * before the run, and a note says so.
 */
#ifndef WEFT_PLAN_BIND_H
#define WEFT_PLAN_BIND_H

#include "plan/book.h"

/* Binds all items with wanted[i], and all others that read, directly or not, one with changed[i]:
 * those of this checkout as mistakes, at their place; those that others own as warnings that name
 * them. Pins must be made. Not to be called for a book with a ring. */
int weft_bind_check(struct weft_book *book, const bool *wanted, const bool *changed,
                    struct weft_diag *diag, struct weft_error *error) WEFT_MUST_CHECK;
/* The columns of an item as those who read it see them. WEFT_NOT_THERE: they are not known yet, or
 * its SQL was not bound (it is when an item that was wanted above reads it). */
int weft_bind_columns(struct weft_book *book, size_t item, const struct weft_relation_column **out,
                      size_t *count, struct weft_error *error) WEFT_MUST_CHECK;
/* True for a product that a run can make: the others are loaded by hand. */
bool weft_product_can_run(const struct weft_product *product);

#endif

/*
 * check.h - the mistakes that the parser of files cannot see: settings, and the SQL of checks.
 *
 * Each SQL text is resolved and bound against the columns of the contract, so that a misspelt
 * column is told with its place before anything is registered. Products whose columns are detected
 * from their input are only told of when they were published once. The engine is opened when the
 * first SQL is met.
 */
#ifndef WEFT_PLAN_CHECK_H
#define WEFT_PLAN_CHECK_H

#include "plan/book.h"

/* Mistakes go to diag; -1 only for failures of the machine. */
int weft_check_settings(const struct weft_mesh *mesh, struct weft_diag *diag,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* Of the files with wanted[i]; bind.h has been through, so that columns of SQL are known. */
int weft_check_sql(struct weft_book *book, const bool *wanted, struct weft_diag *diag,
                   struct weft_error *error) WEFT_MUST_CHECK;

/* Is it of a text that a person wrote, and not of the machine? */
bool weft_check_is_mistake(enum weft_code code);
/* 0 when `wrong` is a mistake of a text that a person wrote: it is in diag then. Else -1 with it in
 * error. A mistake without a place stands at the SQL of the product. */
int weft_check_mistake(struct weft_diag *diag, const struct weft_error *wrong,
                       const struct weft_product *product, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

/*
 * names.h - what policies, product files and domain.yaml name, and nothing has or nobody is: a slip
 * of the pen that would protect nothing, or grant nothing.
 */
#ifndef WEFT_PLAN_NAMES_H
#define WEFT_PLAN_NAMES_H

#include "plan/book.h"

/* Warnings. Who is unknown is told where there is a home, which knows. */
int weft_plan_names(struct weft_book *book, struct weft_diag *diag, struct weft_error *error)
    WEFT_MUST_CHECK;

/* "user:anna": *known; where not, *near is the nearest one that is there, or NULL. Without a home,
 * and of what is no user, service, group or domain, known. */
struct weft_plan_people;
int weft_plan_people_make(struct weft_book *book, struct weft_plan_people **out,
                          struct weft_error *error) WEFT_MUST_CHECK;
void weft_plan_people_freep(struct weft_plan_people **people);
bool weft_plan_people_know(const struct weft_plan_people *people, const char *principal,
                           const char **near);

#endif

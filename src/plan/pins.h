/*
 * pins.h - what the contracts of files read: every input port of kind product and every
 * domain.product that the SQL names, each fixed to one product and major of the book.
 *
 * A name with a major means that one. A name without one keeps the major it was registered with,
 * else means the newest active one of the book; what apply registers keeps it.
 * Unknown names, wrong majors, products that read themselves, directly or by a ring of others, are
 * mistakes, told with the place in the SQL or YAML.
 * The engine is opened when the first SQL is met, and parses only.
 */
#ifndef WEFT_PLAN_PINS_H
#define WEFT_PLAN_PINS_H

#include "plan/book.h"

/* Fills `reads` of all items that are planned, or of every file when `all`. `guess`: a name of
 * another checkout is no mistake where there is no home to look in; a note says so. Mistakes go to
 * diag; an item with one has no reads that it lacks a product for. -1 only for failures of the
 * machine. */
int weft_pins_make(struct weft_book *book, bool all, bool guess, struct weft_diag *diag,
                   struct weft_error *error) WEFT_MUST_CHECK;
/* A ring is a mistake, shown whole; *found then. */
int weft_pins_rings(struct weft_book *book, struct weft_diag *diag, bool *found,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* As the catalogue keeps them. */
int weft_pins_registered(const struct weft_book *book, size_t item,
                         struct weft_registered_reads *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The file that the SQL of a product stands in, for people. */
const char *weft_pins_file(struct weft_arena *arena, const struct weft_product *product);

#endif

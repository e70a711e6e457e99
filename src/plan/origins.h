/*
 * origins.h - where the columns of a product come from, worked out from its contract and its bound
 * SQL, and recorded beside the contract (lineage/edges.h).
 *
 * Thread rule: one thread.
 */
#ifndef WEFT_PLAN_ORIGINS_H
#define WEFT_PLAN_ORIGINS_H

#include "job/transform.h"
#include "lineage/edges.h"
#include "plan/book.h"

/* What binding gives a relation as its tag. */
int weft_origins_tag_of_read(size_t read);
int weft_origins_tag_of_port(size_t input);

/* Of SQL, a graph, or a product taken as it is, just bound with the option `lineage`; fills
 * items[item].lineage. */
int weft_origins_of_transform(struct weft_book *book, size_t item,
                              const struct weft_product *product,
                              const struct weft_transform *transform, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Of what is made of files alone, or loaded by hand; fills items[item].lineage where the columns
 * are known. */
int weft_origins_of_files(struct weft_book *book, size_t item, const struct weft_product *product,
                          struct weft_error *error) WEFT_MUST_CHECK;
/* Records what registered contracts still lack, of this home: what older versions registered, and
 * what could not be bound before something was published. Nothing to do costs one query. */
int weft_origins_fill(struct weft_context *context, struct weft_error *error) WEFT_MUST_CHECK;

#endif

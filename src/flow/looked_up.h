/*
 * looked_up.h - in which products policies look the rows up that runs read of other domains: a run
 * waits for them as for what it reads (runs_order.c of app). Owns nothing. Thread rule: that of the
 * transaction. Tells names to the program alone, never to who asked for the runs.
 */
#ifndef WEFT_FLOW_LOOKED_UP_H
#define WEFT_FLOW_LOOKED_UP_H

#include "catalog/product_entry.h"

/* product: "domain.name", of the policy; of its newest major. */
typedef int weft_run_looked_up_fn(void *arg, const struct weft_registered_digest *reader,
                                  const char *product, struct weft_error *error);

/* As it is decided now for each reader's domain; a product may be told more than once for one. What
 * the domain may not read tells nothing: its run is refused. Writes no audit: nothing is read. */
int weft_run_looked_up(struct weft_ledger_txn *txn,
                       const struct weft_registered_digest *const *digests, size_t count,
                       weft_run_looked_up_fn *fn, void *arg, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

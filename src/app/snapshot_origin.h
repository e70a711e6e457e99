/*
 * snapshot_origin.h - the files and snapshots that made a snapshot.
 */
#ifndef WEFT_APP_SNAPSHOT_ORIGIN_H
#define WEFT_APP_SNAPSHOT_ORIGIN_H

#include "context/context.h"
#include "context/sight.h"

/* Down to the files as they were when they were read: hashes, not the files as they are now. depth
 * 0 = to the end. sight NULL = all of it; else the snapshots of what he may read whole, and the
 * files of his team's products. NOT_FOUND when the product has no such snapshot. */
int weft_snapshot_origin(struct weft_context *context, struct weft_ledger_txn *txn,
                         const struct weft_registered *product, const struct weft_sight *sight,
                         const char *snapshot, int depth, struct weft_out *out,
                         struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * emergency.h - access in an emergency: `weft query --break-glass --because ...`, where the
 * product's `access.break_glass` allows it. Granted at once, for hours; told to who reviews it.
 */
#ifndef WEFT_APP_EMERGENCY_H
#define WEFT_APP_EMERGENCY_H

#include "context/context.h"

/* Grants this major of the product to who acts. WEFT_NOT_THERE when it does not name him,
 * or the scope of the key leaves it out: then nothing is written. */
int weft_emergency_grant(struct weft_context *context, const char *full_name, int major,
                         const char *because, struct weft_out *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* How many emergency accesses wait for a review by who acts. */
int weft_emergency_waiting(struct weft_context *context, struct weft_ledger_txn *txn,
                           size_t *waiting, struct weft_error *error) WEFT_MUST_CHECK;

#endif

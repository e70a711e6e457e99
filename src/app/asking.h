/*
 * asking.h - what the operations about requests for access share (op_request.c, op_decide.c).
 */
#ifndef WEFT_APP_ASKING_H
#define WEFT_APP_ASKING_H

#include "app/ops_internal.h"
#include "context/who.h"
#include "trust/requests.h"

#define WEFT_ASKING_DAY_US ((int64_t)86400 * 1000000)

struct weft_asking {
    struct weft_context *context;
    const struct weft_op_request *request;
    struct weft_out *out;
    struct weft_ledger_txn *txn;
    struct weft_principal who;
};

/* --days, or otherwise. */
int weft_asking_days(const struct weft_op_request *request, int64_t otherwise, int64_t *days,
                     struct weft_error *error) WEFT_MUST_CHECK;
int weft_asking_id(const struct weft_op_request *request, int64_t *id, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Who asks or decides is looked up, too. The caller ends the transaction. */
int weft_asking_begin(struct weft_asking *a, bool write, struct weft_error *error) WEFT_MUST_CHECK;
int weft_asking_commit(struct weft_asking *a, struct weft_error *error) WEFT_MUST_CHECK;

#endif

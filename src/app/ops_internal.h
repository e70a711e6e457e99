/*
 * ops_internal.h - the operations, one struct each; op.c puts them into the table.
 */
#ifndef WEFT_APP_OPS_INTERNAL_H
#define WEFT_APP_OPS_INTERNAL_H

#include "app/op.h"

extern const struct weft_op weft_op_init, weft_op_validate, weft_op_plan, weft_op_apply,
    weft_op_run, weft_op_load, weft_op_query, weft_op_ls, weft_op_show, weft_op_status,
    weft_op_runs, weft_op_logs, weft_op_snapshots, weft_op_rollback, weft_op_quarantine,
    weft_op_drop, weft_op_ledger, weft_op_settings, weft_op_schema, weft_op_doctor, weft_op_version,
    weft_op_preview, weft_op_env, weft_op_test, weft_op_dev, weft_op_bump, weft_op_infer,
    weft_op_new, weft_op_fmt, weft_op_diff, weft_op_lineage, weft_op_can, weft_op_import,
    weft_op_export, weft_op_state, weft_op_user, weft_op_service, weft_op_group, weft_op_key,
    weft_op_request, weft_op_requests, weft_op_approve, weft_op_reject, weft_op_renew,
    weft_op_revoke, weft_op_review, weft_op_audit, weft_op_access;

/* The words that operations share. */
#define WEFT_ARG_BECAUSE {"because", 0, WEFT_ARG_TEXT, "REASON", "Why; the ledger keeps it."}
#define WEFT_ARG_YES {"yes", 'y', WEFT_ARG_FLAG, NULL, "Do not ask."}
/* Which products: model/selection.h. */
#define WEFT_ARG_PRODUCTS(without)                                                                 \
    {"product", 0, WEFT_ARG_WORDS, "PRODUCT",                                                      \
     "d.p, d.p@2, d.*, tag:t, state:modified, state:new; +d.p with all it reads, d.p+ with all "   \
     "that "                                                                                       \
     "reads it; " without}
#define WEFT_ARG_EXCLUDE                                                                           \
    {"exclude", 0, WEFT_ARG_TEXTS, "PRODUCT", "Leave these out; written as above."}
#define WEFT_ARG_NO_WAIT                                                                           \
    {"no-wait", 0, WEFT_ARG_FLAG, NULL, "Fail at once when another run of it is at work."}

/* Place of a column of a mesh. table in the rows of weft_mesh_table_open; -1 = there is none. */
int weft_op_mesh_column(const char *table, const char *name);
/* --limit N, at least 1. */
int weft_op_limit(const struct weft_op_request *request, int64_t otherwise, int64_t *limit,
                  struct weft_error *error) WEFT_MUST_CHECK;

/* USAGE unless --because was given with a text. */
/* What the products of context->mesh read, and whether their SQL fits it; in the home too, where
 * there is one. */
int weft_validate_reads(struct weft_context *context, struct weft_diag *diag,
                        struct weft_error *error) WEFT_MUST_CHECK;
int weft_op_because(const struct weft_op_request *request, const char **because,
                    struct weft_error *error) WEFT_MUST_CHECK;

#endif

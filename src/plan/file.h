/*
 * file.h - a plan kept in a file (`plan --out`), and whether the world is still the one it was
 * made for (`apply --plan`).
 *
 * Thread rule: that of the context.
 */
#ifndef WEFT_PLAN_FILE_H
#define WEFT_PLAN_FILE_H

#include "plan/plan.h"

struct weft_plan_file {
    const char *path;
    yyjson_doc *document;
    struct weft_op_value product; /* the selection it was made with, in the context's arena */
    struct weft_op_value exclude;
    struct weft_op_value because;
};

/* Whole or not at all. The request gives the selection: `product` and `exclude`. */
int weft_plan_file_write(struct weft_context *context, const struct weft_op_request *request,
                         const struct weft_plan *plan, const char *path, struct weft_error *error)
    WEFT_MUST_CHECK;
/* NOT_FOUND; INVALID when it is no plan. Release in every case. */
int weft_plan_file_read(struct weft_context *context, const char *path, struct weft_plan_file *out,
                        struct weft_error *error) WEFT_MUST_CHECK;
void weft_plan_file_release(struct weft_plan_file *file);
/* CONFLICT when the mesh, the environment, the files, the ledger's head or what is to be done are
 * not as they were. */
int weft_plan_file_check(const struct weft_plan_file *file, const struct weft_plan *plan,
                         struct weft_error *error) WEFT_MUST_CHECK;

#endif

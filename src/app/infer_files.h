/*
 * infer_files.h - `infer` and `new --from`: from the files that a person names to infer/infer.h.
 */
#ifndef WEFT_APP_INFER_FILES_H
#define WEFT_APP_INFER_FILES_H

#include "app/op.h"
#include "infer/infer.h"

/* The product file for these files, as it would stand in `folder` (absolute). root NULL = there is
 * no checkout. port and sql: both or none. */
struct weft_infer_ask {
    const struct weft_op_value *files;
    const char *folder;
    const char *root;
    const char *port;
    const char *sql;
};
int weft_infer_files(struct weft_context *context, const struct weft_infer_ask *ask,
                     struct weft_out *out, struct weft_buf *text, struct weft_infer_result *result,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* The root of the checkout, absolute, in the context; NULL where there is none. */
int weft_infer_root(struct weft_context *context, const char **root, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

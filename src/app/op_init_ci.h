/*
 * op_init_ci.h - init --ci: a pipeline for the host of a repository.
 */
#ifndef WEFT_APP_OP_INIT_CI_H
#define WEFT_APP_OP_INIT_CI_H

#include "context/context.h"
#include "context/out.h"

/* USAGE for a host that there is no pipeline for. */
int weft_init_ci_check(const char *host, struct weft_error *error) WEFT_MUST_CHECK;
/* Writes it for the mesh at root, into the repository that it lies in. EXISTS when there is one. */
int weft_init_ci(const struct weft_context *context, const char *root, const char *host,
                 struct weft_out *out, struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * help.h - help texts and the pages of docs/reference, made from the tables.
 */
#ifndef WEFT_CLI_HELP_H
#define WEFT_CLI_HELP_H

#include "app/op.h"
#include "base/buf.h"

void weft_help_print(struct weft_buf *out, int width);
void weft_help_short_print(struct weft_buf *out, int width);
void weft_help_command_print(const struct weft_op *op, struct weft_buf *out, int width);

/* commands, keys, settings, errors; USAGE for another name. */
int weft_reference_print(const char *page, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

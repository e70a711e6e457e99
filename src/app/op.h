/*
 * op.h - the operations of weft: one table. cli and, later, the doors of the node only translate.
 *
 * A request is the operation and its arguments; it has a JSON form ({"op": ..., "args": {...}}).
 * Results go to struct weft_out. The table also yields the help texts, the reference page and the
 * parser of the command line.
 */
#ifndef WEFT_APP_OP_H
#define WEFT_APP_OP_H

#include "context/request.h"

size_t weft_op_count(void);
const struct weft_op *weft_op_nth(size_t i);
const struct weft_op *weft_op_find(const char *name); /* NULL = none */

/* {"op": "run", "args": {"no-wait": true, "product": ["california.daily"]}} in the arena. */
int weft_op_request_read(struct weft_arena *arena, const char *json, size_t length,
                         struct weft_op_request *out, struct weft_error *error) WEFT_MUST_CHECK;
/* The reference page of all commands, Markdown. */
int weft_op_page_print(struct weft_buf *out, struct weft_error *error) WEFT_MUST_CHECK;

#endif

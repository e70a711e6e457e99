/*
 * request.c - the arguments of a request, by name.
 */
#include "context/request.h"

#include <string.h>

size_t weft_op_arg_index(const struct weft_op *op, const char *name)
{
    size_t i = 0;
    while (i < op->arg_count && strcmp(op->args[i].name, name) != 0)
        i++;
    return i;
}

const struct weft_op_value *weft_op_value(const struct weft_op_request *request, const char *name)
{
    size_t i = weft_op_arg_index(request->op, name);
    assert(i < request->op->arg_count);
    return &request->values[i];
}

bool weft_op_given(const struct weft_op_request *request, const char *name)
{
    return weft_op_value(request, name)->given;
}

const char *weft_op_text(const struct weft_op_request *request, const char *name)
{
    return weft_op_value(request, name)->text;
}

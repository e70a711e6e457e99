/*
 * resolve_tools.c - memory and refusals of all passes.
 */
#include "resolver/resolve_internal.h"

int resolve_nomem(struct resolve *resolve)
{
    return weft_error_nomem(resolve->error);
}

void *resolve_alloc(struct resolve *resolve, size_t count, size_t size)
{
    void *made = weft_arena_array(resolve->arena, count, size);
    if (made == NULL)
        resolve->nomem = true;
    return made;
}

int resolve_refuse(struct resolve *resolve, enum weft_code code, int64_t location,
                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    weft_error_setv(resolve->error, code, format, args);
    va_end(args);
    resolve_place(resolve->options, resolve->sql, resolve->length, location, resolve->error);
    return -1;
}

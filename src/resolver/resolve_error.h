/*
 * resolve_error.h - what is kept of a resolved statement to speak of its errors.
 */
#ifndef WEFT_RESOLVER_RESOLVE_ERROR_H
#define WEFT_RESOLVER_RESOLVE_ERROR_H

#include "resolver/resolve_internal.h"

struct weft_resolved_places {
    const char *sql;
    size_t length;
    struct weft_resolve_options options;
    const struct resolve_unknown *unknowns;
    size_t unknown_count;
    const char *final; /* what runs */
    const struct resolve_pair *pairs;
    size_t pair_count;
    const struct resolve_table *tables;
    size_t table_count;
    const struct traces *traces; /* NULL = not wanted */
    bool guarded;                /* a policy applied: no value may show */
};

#endif

/*
 * temp.h - a folder for what a command keeps on disk while it runs: what DuckDB has no memory for,
 * a result on its way out. It holds rows as they are, so it is its owner's alone (mode 0700), goes
 * with the command, and what a killed one left the next one removes.
 *
 * "<base>/<prefix><pid>-<start time>-<id>", locked while it is used: so it is known to live also
 * where its process cannot be seen (containers that share a folder for temporary files).
 * Thread rule: one thread at a time.
 */
#ifndef WEFT_CONTEXT_TEMP_H
#define WEFT_CONTEXT_TEMP_H

#include "base/error.h"

struct weft_temp {
    char *path; /* NULL = none: nothing is to be removed */
    int lock;
};

int weft_temp_make(const char *base, const char *prefix, struct weft_temp *temp,
                   struct weft_error *error) WEFT_MUST_CHECK;
/* What cannot be removed now, a later one does. */
void weft_temp_remove(struct weft_temp *temp);

#endif

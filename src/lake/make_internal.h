/*
 * make_internal.h - the state that making the next state of a table carries along: make.c (the
 * order of its files) and choose.c (which manifests it has).
 */
#ifndef WEFT_LAKE_MAKE_INTERNAL_H
#define WEFT_LAKE_MAKE_INTERNAL_H

#include "lake/manifest.h"

struct making {
    struct weft_arena *arena;
    const char *home;
    const struct weft_table *table; /* NULL = a new one */
    const struct weft_table_change *change;
    struct weft_error *error;
    struct weft_table_made made;
    int64_t now_ms;
    int64_t sequence;
    int64_t order_id;
    const struct weft_snapshot *base; /* whose files the new state begins with; NULL = none */
    int manifest_number;
    struct lake_manifests manifests; /* of the new snapshot */
    struct lake_entries removed;
    struct lake_entries readded; /* ROLLBACK: live again */
    int64_t added_records;
    int64_t added_bytes;
    int64_t removed_records;
    int64_t removed_bytes;
};

/* Fills making->manifests, writing those that are new, and the sums of what came and went. */
int lake_make_manifests(struct making *making) WEFT_MUST_CHECK;
/* The bytes of all live data files, counted. */
int lake_make_count_bytes(const struct making *making, int64_t *bytes) WEFT_MUST_CHECK;

#endif

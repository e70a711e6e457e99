/*
 * sight_internal.h - for this folder: what a sight is made of.
 */
#ifndef WEFT_CONTEXT_SIGHT_INTERNAL_H
#define WEFT_CONTEXT_SIGHT_INTERNAL_H

#include "context/sight.h"

#define SIGHT_KEY_SIZE 200

struct weft_sight {
    struct weft_arena *arena;
    int references;
    /* what it was made for */
    int64_t sequence;
    int64_t time_us, until_us; /* it holds from the first to before the second; 0 = no end */
    char purpose[64];
    const struct weft_key *key;
    struct weft_principal who;
    /* what there is */
    struct weft_sight_item *items;
    size_t count, capacity;
    struct weft_map *names, *tables, *majors; /* -> struct weft_sight_item */
    struct weft_map *unknown;                 /* names of what he may not know of */
    struct weft_map *mates;                   /* members of the domains that he belongs to */
    bool audit;                               /* he may read it */
    struct weft_mesh_view view;
};

/* sight_view.c: of struct weft_mesh_view; arg is a struct weft_sight. */
unsigned weft_sight_row(const void *arg, const struct weft_mesh_table *table, struct weft_stmt *row,
                        int keys);
bool weft_sight_text(const void *arg, const char *text);

#endif

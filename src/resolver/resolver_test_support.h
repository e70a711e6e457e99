/*
 * resolver_test_support.h - a small mesh in a folder for the resolver's tests and fuzz target:
 * shop.orders, shop.customers, stats.orders (same name, other domain), shop.events (nested),
 * shop.empty, shop.guarded (a row condition and a mask), and hr.secret, which nobody may know of.
 */
#ifndef WEFT_RESOLVER_RESOLVER_TEST_SUPPORT_H
#define WEFT_RESOLVER_RESOLVER_TEST_SUPPORT_H

#include "resolver/resolver.h"

struct resolver_world {
    char *dir;
    struct weft_engine *engine; /* sealed, reads dir only */
    struct weft_arena *arena;   /* of the relations */
    struct weft_relation relations[8];
    size_t relation_count;
    struct weft_resolve_options options;
};

/* hidden: what stands in the rows of shop.guarded that the row condition leaves out. */
struct resolver_world *resolver_world_new(const char *hidden);
void resolver_world_free(struct resolver_world *world);
/* The same tables, bare, for comparison: another instance's SQL. */
void resolver_world_plain(struct resolver_world *world, struct weft_engine *plain);

#endif

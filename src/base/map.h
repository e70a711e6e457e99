/*
 * map.h - a hash table from byte strings to pointers, and a set of strings.
 *
 * Keys are copied; values are not owned. Iteration goes in the order of insertion (so that output
 * is the same on every machine). No removal: nobody needed it. Thread rule: one thread at a time.
 */
#ifndef WEFT_BASE_MAP_H
#define WEFT_BASE_MAP_H

#include "base/defs.h"

struct weft_map;

struct weft_map *weft_map_new(void) WEFT_MUST_CHECK; /* NULL when memory is out */
void weft_map_free(struct weft_map *map);
void weft_map_freep(struct weft_map **map);

/* Sets or replaces. 0, or -1 when memory is out. */
int weft_map_put(struct weft_map *map, const char *key, void *value) WEFT_MUST_CHECK;
int weft_map_put_bytes(struct weft_map *map, const void *key, size_t length, void *value)
    WEFT_MUST_CHECK;
/* The value, or NULL. weft_map_has tells a stored NULL from none. */
void *weft_map_get(const struct weft_map *map, const char *key);
void *weft_map_get_bytes(const struct weft_map *map, const void *key, size_t length);
bool weft_map_has(const struct weft_map *map, const char *key);
size_t weft_map_count(const struct weft_map *map);
/* The i-th inserted, i < count. The key ends with a zero byte. */
const char *weft_map_key(const struct weft_map *map, size_t i);
void *weft_map_value(const struct weft_map *map, size_t i);

#endif

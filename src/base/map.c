/*
 * map.c - open addressing over an array of entries in order of insertion.
 */
#include "base/map.h"

#include "base/mem.h"

#include <string.h>
#include <xxhash.h>

struct map_entry {
    uint64_t hash;
    char *key;
    size_t length;
    void *value;
};

struct weft_map {
    struct map_entry *entries;
    size_t count;
    size_t capacity;
    uint32_t *slots;   /* entry index + 1; 0 = free */
    size_t slot_count; /* a power of two, or 0 */
};

struct weft_map *weft_map_new(void)
{
    return weft_alloc(sizeof(struct weft_map));
}

void weft_map_free(struct weft_map *map)
{
    if (map == NULL)
        return;
    for (size_t i = 0; i < map->count; i++)
        weft_free(map->entries[i].key);
    weft_free(map->entries);
    weft_free(map->slots);
    weft_free(map);
}

void weft_map_freep(struct weft_map **map)
{
    weft_map_free(*map);
    *map = NULL;
}

/* The slot that holds the key, or the free one where it would go. */
static size_t map_slot(const struct weft_map *map, const void *key, size_t length, uint64_t hash)
{
    size_t mask = map->slot_count - 1;
    size_t slot = (size_t)hash & mask;
    while (map->slots[slot] != 0) {
        const struct map_entry *entry = &map->entries[map->slots[slot] - 1];
        if (entry->hash == hash && entry->length == length && memcmp(entry->key, key, length) == 0)
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

static int map_grow(struct weft_map *map)
{
    if ((map->count + 1) * 2 <= map->slot_count)
        return 0;
    size_t slot_count = map->slot_count == 0 ? 16 : map->slot_count * 2;
    uint32_t *slots = weft_alloc_array(slot_count, sizeof *slots);
    if (slots == NULL)
        return -1;
    weft_free(map->slots);
    map->slots = slots;
    map->slot_count = slot_count;
    for (size_t i = 0; i < map->count; i++) {
        const struct map_entry *entry = &map->entries[i];
        slots[map_slot(map, entry->key, entry->length, entry->hash)] = (uint32_t)(i + 1);
    }
    return 0;
}

int weft_map_put_bytes(struct weft_map *map, const void *key, size_t length, void *value)
{
    if (map_grow(map) < 0)
        return -1;
    uint64_t hash = XXH3_64bits(key, length);
    size_t slot = map_slot(map, key, length, hash);
    if (map->slots[slot] != 0) {
        map->entries[map->slots[slot] - 1].value = value;
        return 0;
    }
    if (weft_array_reserve(&map->entries, &map->capacity, map->count + 1, sizeof *map->entries) < 0)
        return -1;
    char *copy = weft_strndup(key, length);
    if (copy == NULL)
        return -1;
    map->entries[map->count] = (struct map_entry){hash, copy, length, value};
    map->count++;
    map->slots[slot] = (uint32_t)map->count;
    return 0;
}

int weft_map_put(struct weft_map *map, const char *key, void *value)
{
    return weft_map_put_bytes(map, key, strlen(key), value);
}

static const struct map_entry *map_find(const struct weft_map *map, const void *key, size_t length)
{
    if (map->slot_count == 0)
        return NULL;
    size_t slot = map_slot(map, key, length, XXH3_64bits(key, length));
    return map->slots[slot] == 0 ? NULL : &map->entries[map->slots[slot] - 1];
}

void *weft_map_get_bytes(const struct weft_map *map, const void *key, size_t length)
{
    const struct map_entry *entry = map_find(map, key, length);
    return entry == NULL ? NULL : entry->value;
}

void *weft_map_get(const struct weft_map *map, const char *key)
{
    return weft_map_get_bytes(map, key, strlen(key));
}

bool weft_map_has(const struct weft_map *map, const char *key)
{
    return map_find(map, key, strlen(key)) != NULL;
}

size_t weft_map_count(const struct weft_map *map)
{
    return map->count;
}

const char *weft_map_key(const struct weft_map *map, size_t i)
{
    assert(i < map->count);
    return map->entries[i].key;
}

void *weft_map_value(const struct weft_map *map, size_t i)
{
    assert(i < map->count);
    return map->entries[i].value;
}

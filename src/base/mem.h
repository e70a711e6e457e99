/*
 * mem.h - allocation, and arenas for lifetimes (request, run, document).
 *
 * Every allocation of weft goes through here, so that tests can let the n-th one fail. Functions
 * return NULL when memory is out; nothing here aborts.
 * Thread rule: weft_alloc is thread-safe; an arena belongs to one thread at a time.
 */
#ifndef WEFT_BASE_MEM_H
#define WEFT_BASE_MEM_H

#include "base/defs.h"

#include <stdarg.h>

void *weft_alloc(size_t size) WEFT_MUST_CHECK; /* zeroed; size 0 gives one byte */
void *weft_alloc_array(size_t count, size_t item_size) WEFT_MUST_CHECK; /* zeroed, overflow-safe */
void *weft_realloc(void *old, size_t size) WEFT_MUST_CHECK; /* new bytes are not zeroed */
void weft_free(void *pointer);                              /* NULL is nothing */
char *weft_strdup(const char *text) WEFT_MUST_CHECK;
char *weft_strndup(const char *text, size_t length) WEFT_MUST_CHECK;
char *weft_format(const char *format, ...) WEFT_PRINTF(1, 2) WEFT_MUST_CHECK;

/* For `WEFT_CLEANUP(weft_freep) char *x`. */
void weft_freep(void *pointer_to_pointer);

/* Grows *items (heap) to hold at least `need` items. Returns 0, or -1 when memory is out. */
int weft_array_reserve(void *items, size_t *capacity, size_t need, size_t item_size)
    WEFT_MUST_CHECK;

/* Test hook: the n-th allocation from now fails (1 = the next one), and all after it when
 * `sticky`. 0 switches it off. Returns how many allocations were counted since the last call. */
uint64_t weft_alloc_fail_at(uint64_t nth, bool sticky);

/* ---- arena ---- */
struct weft_arena;

/* max_bytes caps the sum of all pieces (0 = no cap). Returns NULL when memory is out. */
struct weft_arena *weft_arena_new(size_t max_bytes) WEFT_MUST_CHECK;
/* Runs the end-callbacks (last first), then frees everything. NULL is nothing. */
void weft_arena_free(struct weft_arena *arena);
void weft_arena_freep(struct weft_arena **arena);

void *weft_arena_alloc(struct weft_arena *arena, size_t size) WEFT_MUST_CHECK; /* zeroed */
void *weft_arena_array(struct weft_arena *arena, size_t count, size_t item_size) WEFT_MUST_CHECK;
char *weft_arena_strdup(struct weft_arena *arena, const char *text) WEFT_MUST_CHECK;
char *weft_arena_strndup(struct weft_arena *arena, const char *text, size_t length) WEFT_MUST_CHECK;
char *weft_arena_format(struct weft_arena *arena, const char *format, ...) WEFT_PRINTF(2, 3)
    WEFT_MUST_CHECK;
char *weft_arena_formatv(struct weft_arena *arena, const char *format, va_list args)
    WEFT_MUST_CHECK;
/* Grows an array that lives in the arena: copies to a larger piece (the old one stays until the
 * arena ends). *items may be NULL with *capacity 0. 0 or -1. */
int weft_arena_reserve(struct weft_arena *arena, void *items, size_t *capacity, size_t need,
                       size_t item_size) WEFT_MUST_CHECK;
/* fn(data) runs when the arena ends. 0 or -1. */
int weft_arena_at_end(struct weft_arena *arena, void (*fn)(void *data), void *data) WEFT_MUST_CHECK;
size_t weft_arena_bytes(const struct weft_arena *arena);

#endif

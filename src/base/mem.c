/*
 * mem.c - the allocator of mem.h.
 *
 * An arena is a list of blocks; small pieces share a block. Under AddressSanitizer each piece gets
 * a malloc of its own, so that an overrun of one piece is seen.
 */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_BLOCK_BYTES 0
#else
#define ARENA_BLOCK_BYTES 4096
#endif

static _Atomic uint64_t alloc_count;
static _Atomic uint64_t alloc_fail_nth;
static _Atomic bool alloc_fail_sticky;

static bool alloc_may_go_on(void)
{
    uint64_t fail_nth = alloc_fail_nth;
    uint64_t count = ++alloc_count;
    if (fail_nth == 0)
        return true;
    return alloc_fail_sticky ? count < fail_nth : count != fail_nth;
}

uint64_t weft_alloc_fail_at(uint64_t nth, bool sticky)
{
    uint64_t counted = alloc_count;
    alloc_count = 0;
    alloc_fail_sticky = sticky;
    alloc_fail_nth = nth;
    return counted;
}

void *weft_alloc(size_t size)
{
    if (!alloc_may_go_on())
        return NULL;
    return calloc(1, size == 0 ? 1 : size);
}

void *weft_alloc_array(size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        return NULL;
    return weft_alloc(size);
}

void *weft_realloc(void *old, size_t size)
{
    if (!alloc_may_go_on())
        return NULL;
    return realloc(old, size == 0 ? 1 : size);
}

void weft_free(void *pointer)
{
    free(pointer);
}

void weft_freep(void *pointer_to_pointer)
{
    void **pointer = pointer_to_pointer;
    free(*pointer);
    *pointer = NULL;
}

char *weft_strndup(const char *text, size_t length)
{
    char *copy = weft_alloc(length + 1);
    if (copy != NULL && length > 0)
        memcpy(copy, text, length);
    return copy;
}

char *weft_strdup(const char *text)
{
    return weft_strndup(text, strlen(text));
}

char *weft_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : weft_alloc((size_t)length + 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

int weft_array_reserve(void *items, size_t *capacity, size_t need, size_t item_size)
{
    if (need <= *capacity)
        return 0;
    size_t grown = *capacity < 8 ? 8 : *capacity * 2;
    if (grown < need)
        grown = need;
    size_t size;
    if (__builtin_mul_overflow(grown, item_size, &size))
        return -1;
    void **pointer = items;
    void *moved = weft_realloc(*pointer, size);
    if (moved == NULL)
        return -1;
    memset((char *)moved + *capacity * item_size, 0, (grown - *capacity) * item_size);
    *pointer = moved;
    *capacity = grown;
    return 0;
}

/* ---- arena ---- */

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    max_align_t data[];
};

struct arena_end {
    struct arena_end *next;
    void (*fn)(void *data);
    void *data;
};

struct weft_arena {
    struct arena_block *blocks;
    struct arena_end *ends;
    size_t bytes;
    size_t max_bytes;
};

struct weft_arena *weft_arena_new(size_t max_bytes)
{
    struct weft_arena *arena = weft_alloc(sizeof *arena);
    if (arena != NULL)
        arena->max_bytes = max_bytes;
    return arena;
}

void weft_arena_free(struct weft_arena *arena)
{
    if (arena == NULL)
        return;
    for (struct arena_end *end = arena->ends; end != NULL; end = end->next)
        end->fn(end->data);
    struct arena_block *block = arena->blocks;
    while (block != NULL) {
        struct arena_block *next = block->next;
        weft_free(block);
        block = next;
    }
    weft_free(arena);
}

void weft_arena_freep(struct weft_arena **arena)
{
    weft_arena_free(*arena);
    *arena = NULL;
}

static struct arena_block *arena_block_add(struct weft_arena *arena, size_t size)
{
    size_t block_size = size > ARENA_BLOCK_BYTES / 4 ? size : ARENA_BLOCK_BYTES;
    struct arena_block *block = weft_alloc(sizeof *block + block_size);
    if (block == NULL)
        return NULL;
    block->size = block_size;
    /* A large piece goes behind the block that still has room. */
    if (block_size == size && arena->blocks != NULL) {
        block->next = arena->blocks->next;
        arena->blocks->next = block;
    } else {
        block->next = arena->blocks;
        arena->blocks = block;
    }
    return block;
}

void *weft_arena_alloc(struct weft_arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t rounded = size == 0 ? align : (size + align - 1) / align * align;
    if (arena->max_bytes != 0 && arena->bytes + rounded > arena->max_bytes)
        return NULL;
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < rounded) {
        block = arena_block_add(arena, rounded);
        if (block == NULL)
            return NULL;
    }
    void *piece = (char *)block->data + block->used;
    block->used += rounded;
    arena->bytes += rounded;
    return piece;
}

void *weft_arena_array(struct weft_arena *arena, size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        return NULL;
    return weft_arena_alloc(arena, size);
}

char *weft_arena_strndup(struct weft_arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        return NULL;
    char *copy = weft_arena_alloc(arena, length + 1);
    if (copy != NULL && length > 0)
        memcpy(copy, text, length);
    return copy;
}

char *weft_arena_strdup(struct weft_arena *arena, const char *text)
{
    return weft_arena_strndup(arena, text, strlen(text));
}

char *weft_arena_formatv(struct weft_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? NULL : weft_arena_alloc(arena, (size_t)length + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *weft_arena_format(struct weft_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = weft_arena_formatv(arena, format, args);
    va_end(args);
    return text;
}

int weft_arena_reserve(struct weft_arena *arena, void *items, size_t *capacity, size_t need,
                       size_t item_size)
{
    if (need <= *capacity)
        return 0;
    size_t grown = *capacity < 4 ? 4 : *capacity * 2;
    if (grown < need)
        grown = need;
    void **pointer = items;
    void *moved = weft_arena_array(arena, grown, item_size);
    if (moved == NULL)
        return -1;
    if (*capacity > 0)
        memcpy(moved, *pointer, *capacity * item_size);
    *pointer = moved;
    *capacity = grown;
    return 0;
}

int weft_arena_at_end(struct weft_arena *arena, void (*fn)(void *data), void *data)
{
    struct arena_end *end = weft_arena_alloc(arena, sizeof *end);
    if (end == NULL)
        return -1;
    end->fn = fn;
    end->data = data;
    end->next = arena->ends;
    arena->ends = end;
    return 0;
}

size_t weft_arena_bytes(const struct weft_arena *arena)
{
    return arena->bytes;
}

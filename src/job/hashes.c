/*
 * hashes.c - see hashes_internal.h.
 */
#include "job/hashes_internal.h"

void job_hashes_init(struct job_hashes *set, size_t row_max)
{
    *set = (struct job_hashes){.block_max = row_max / JOB_HASH_BLOCK + 1};
    pthread_mutex_init(&set->mutex, NULL);
}

static void blocks_free(struct job_hashes *set)
{
    while (set->blocks != NULL) {
        struct job_hash_block *next = set->blocks->next;
        weft_free(set->blocks);
        set->blocks = next;
    }
    set->block_count = 0;
}

void job_hashes_release(struct job_hashes *set)
{
    blocks_free(set);
    pthread_mutex_destroy(&set->mutex);
}

struct job_hash_block *job_hashes_block(struct job_hashes *set)
{
    struct job_hash_block *block = NULL;
    pthread_mutex_lock(&set->mutex);
    if (!set->gave_up && set->block_count < set->block_max)
        block = weft_alloc(sizeof *block);
    if (block != NULL) {
        block->next = set->blocks;
        set->blocks = block;
        set->block_count++;
    } else {
        set->gave_up = true; /* other threads may still write to theirs: nothing is freed here */
    }
    pthread_mutex_unlock(&set->mutex);
    return block;
}

/* Sorted into 256 parts by the first byte, so that a table for one part stays in the cache. */
static uint64_t *hashes_part(const struct job_hashes *set, size_t starts[257])
{
    size_t at[256];
    memset(starts, 0, 257 * sizeof *starts);
    for (const struct job_hash_block *b = set->blocks; b != NULL; b = b->next) {
        for (size_t i = 0; i < b->count; i++)
            starts[(b->items[i] >> 56) + 1]++;
    }
    for (size_t i = 0; i < 256; i++) {
        starts[i + 1] += starts[i];
        at[i] = starts[i];
    }
    uint64_t *items = weft_alloc_array(starts[256] + 1, sizeof *items);
    for (const struct job_hash_block *b = set->blocks; items != NULL && b != NULL; b = b->next) {
        for (size_t i = 0; i < b->count; i++)
            items[at[b->items[i] >> 56]++] = b->items[i];
    }
    return items;
}

static bool part_has_twins(const uint64_t *items, size_t count, uint64_t *table, size_t capacity)
{
    memset(table, 0, capacity * sizeof *table);
    for (size_t i = 0; i < count; i++) {
        uint64_t item = items[i] | 1; /* 0 marks an empty place */
        size_t place = (item >> 8) & (capacity - 1);
        while (table[place] != 0 && table[place] != item)
            place = (place + 1) & (capacity - 1);
        if (table[place] == item)
            return true;
        table[place] = item;
    }
    return false;
}

bool job_hashes_suspect(struct job_hashes *set)
{
    size_t starts[257];
    if (set->gave_up) {
        blocks_free(set); /* SQL needs the memory now */
        return true;
    }
    WEFT_CLEANUP(weft_freep) uint64_t *items = hashes_part(set, starts);
    blocks_free(set);
    if (items == NULL)
        return true;
    size_t largest = 0;
    for (size_t i = 0; i < 256; i++)
        largest = WEFT_MAX(largest, starts[i + 1] - starts[i]);
    size_t capacity = 64;
    while (capacity < largest * 2)
        capacity *= 2;
    WEFT_CLEANUP(weft_freep) uint64_t *table = weft_alloc_array(capacity, sizeof *table);
    if (table == NULL)
        return true;
    for (size_t i = 0; i < 256; i++) {
        if (part_has_twins(items + starts[i], starts[i + 1] - starts[i], table, capacity))
            return true;
    }
    return false;
}

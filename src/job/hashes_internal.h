/*
 * hashes_internal.h - 64-bit hashes of key values, collected while reading: without two equal ones
 * there is certainly no key twice, and no query is needed to know it. Two equal ones only raise a
 * suspicion, which SQL then settles exactly.
 *
 * 8 bytes a row while reading, 16 while comparing; above `max` rows it gives up (SQL spills, this
 * does not). Thread rule: a writer belongs to one thread; the set takes blocks from any.
 */
#ifndef WEFT_JOB_HASHES_INTERNAL_H
#define WEFT_JOB_HASHES_INTERNAL_H

#include "base/mem.h"

#include <pthread.h>
#include <string.h>

#define JOB_HASH_BLOCK ((size_t)1 << 15)

struct job_hash_block {
    struct job_hash_block *next;
    size_t count;
    uint64_t items[JOB_HASH_BLOCK];
};

struct job_hashes {
    pthread_mutex_t mutex;
    struct job_hash_block *blocks;
    size_t block_count;
    size_t block_max;
    bool gave_up; /* too many, or out of memory: nothing is known */
};

void job_hashes_init(struct job_hashes *set, size_t row_max);
void job_hashes_release(struct job_hashes *set);
/* A new block to write to; NULL when the set has given up. */
struct job_hash_block *job_hashes_block(struct job_hashes *set);
/* May two of them be equal? Also true when the set gave up. */
bool job_hashes_suspect(struct job_hashes *set);

/* One multiplication folded: every bit of both goes into every bit out. */
static inline uint64_t job_hash_mix(uint64_t hash, uint64_t value)
{
    unsigned __int128 wide = (unsigned __int128)(hash ^ value ^ UINT64_C(0x9E3779B97F4A7C15)) *
                             UINT64_C(0xD6E8FEB86659FD93);
    return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}

static inline uint64_t job_hash_bytes(uint64_t hash, const char *data, size_t length)
{
    uint64_t word;
    size_t left = length;
    for (; left >= 8; left -= 8, data += 8) {
        memcpy(&word, data, 8);
        hash = job_hash_mix(hash, word);
    }
    word = 0;
    memcpy(&word, data, left);
    return job_hash_mix(job_hash_mix(hash, word), length);
}

#endif

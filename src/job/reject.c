/*
 * reject.c - weft_reject(id, mask words...): the scalar function that gets every row of which not
 * all rules hold, and keeps those that are set aside (rules_internal.h). A row is an id and its
 * mask, 16 bytes as a rule: where it stands in its file is looked up later, if at all.
 */
#include "job/rules_internal.h"

#include <stdlib.h>
#include <string.h>

void job_rules_release(struct job_rules *rules)
{
    weft_free(rules->ids);
    weft_free(rules->masks);
    rules->ids = NULL;
    rules->masks = NULL;
    rules->row_count = 0;
    rules->row_capacity = 0;
}

void job_rules_reset(struct job_rules *rules)
{
    rules->row_count = 0;
    rules->warned = 0;
    rules->superseded = 0;
    rules->blocked = false;
    for (size_t i = 0; i < rules->count; i++)
        rules->items[i].failing = 0;
}

static bool rows_grow(struct job_rules *rules)
{
    size_t capacity = rules->row_capacity == 0 ? 1024 : rules->row_capacity * 2;
    if (capacity > rules->row_max)
        capacity = rules->row_max;
    if (rules->row_count >= capacity) {
        rules->over_limit = true;
        return false;
    }
    int64_t *ids = weft_realloc(rules->ids, capacity * sizeof *ids);
    if (ids != NULL)
        rules->ids = ids;
    uint64_t *masks = weft_realloc(rules->masks, capacity * rules->words * sizeof *masks);
    if (masks != NULL)
        rules->masks = masks;
    if (ids == NULL || masks == NULL) {
        rules->out_of_memory = true;
        return false;
    }
    rules->row_capacity = capacity;
    return true;
}

/* The mask without what the broken rules hide. */
static void mask_hide(const struct job_rules *rules, uint64_t *mask)
{
    for (size_t w = 0; w < rules->words; w++) {
        for (uint64_t bits = mask[w]; bits != 0; bits &= bits - 1) {
            size_t rule = w * 64 + (size_t)__builtin_ctzll(bits);
            const uint64_t *hides = rules->hides + rule * rules->words;
            for (size_t k = 0; k < rules->words; k++)
                mask[k] &= ~hides[k];
            bits &= mask[w];
            if (bits == 0)
                break;
        }
    }
}

/* Counts what is broken; true = the row is published all the same. */
static bool row_take(struct job_rules *rules, int64_t id, uint64_t *mask)
{
    uint64_t stop = 0;
    bool any = false;
    if (rules->superseded_rule != JOB_RULE_NONE && job_mask_has(mask, rules->superseded_rule)) {
        rules->superseded++;
        return false;
    }
    mask_hide(rules, mask);
    for (size_t w = 0; w < rules->words; w++) {
        for (uint64_t bits = mask[w]; bits != 0; bits &= bits - 1) {
            rules->items[w * 64 + (size_t)__builtin_ctzll(bits)].failing++;
            any = true;
        }
        stop |= mask[w] & rules->stop[w];
        if ((mask[w] & rules->block[w]) != 0)
            rules->blocked = true;
    }
    if (stop == 0) {
        rules->warned += any;
        return true;
    }
    if (rules->row_count >= rules->row_capacity && !rows_grow(rules))
        return false;
    rules->ids[rules->row_count] = id;
    memcpy(rules->masks + rules->row_count * rules->words, mask, rules->words * sizeof *mask);
    rules->row_count++;
    return false;
}

static void reject_call(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    struct job_rules *rules = weft_duckdb.scalar_function_get_extra_info(info);
    idx_t count = weft_duckdb.data_chunk_get_size(in);
    bool *result = weft_duckdb.vector_get_data(out);
    size_t words = rules->words;
    pthread_mutex_lock(&rules->mutex);
    WEFT_CLEANUP(weft_freep)
    uint64_t *mask = weft_alloc_array(words + 1, sizeof *mask);
    WEFT_CLEANUP(weft_freep)
    const uint64_t **data = weft_alloc_array(words + 1, sizeof *data);
    if (mask == NULL || data == NULL) {
        rules->out_of_memory = true;
        memset(result, 0, count * sizeof *result);
    } else {
        for (size_t w = 0; w <= words; w++)
            data[w] = weft_duckdb.vector_get_data(weft_duckdb.data_chunk_get_vector(in, w));
        for (idx_t i = 0; i < count; i++) {
            for (size_t w = 0; w < words; w++)
                mask[w] = data[1 + w][i];
            result[i] = row_take(rules, (int64_t)data[0][i], mask);
        }
    }
    pthread_mutex_unlock(&rules->mutex);
    if (rules->out_of_memory)
        weft_duckdb.scalar_function_set_error(info, "out of memory");
    else if (rules->over_limit)
        weft_duckdb.scalar_function_set_error(info, "too many rows set aside");
}

int job_rules_register(struct job_rules *rules, struct weft_engine *engine, size_t number,
                       struct weft_error *error)
{
    int length =
        snprintf(rules->reject_name, sizeof rules->reject_name, JOB_REJECT_NAME "%zu", number);
    if (length < 0 || (size_t)length >= sizeof rules->reject_name)
        return weft_error_set(error, WEFT_E_INTERNAL, "too many input ports");
    duckdb_logical_type word = weft_duckdb.create_logical_type(DUCKDB_TYPE_UBIGINT);
    duckdb_logical_type answer = weft_duckdb.create_logical_type(DUCKDB_TYPE_BOOLEAN);
    duckdb_scalar_function function = weft_duckdb.create_scalar_function();
    weft_duckdb.scalar_function_set_name(function, rules->reject_name);
    weft_duckdb.scalar_function_set_varargs(function, word);
    weft_duckdb.scalar_function_set_return_type(function, answer);
    /* Volatile: never folded, never called twice for one row. */
    weft_duckdb.scalar_function_set_volatile(function);
    weft_duckdb.scalar_function_set_extra_info(function, rules, NULL);
    weft_duckdb.scalar_function_set_function(function, reject_call);
    duckdb_state state =
        weft_duckdb.register_scalar_function(weft_engine_connection(engine), function);
    weft_duckdb.destroy_scalar_function(&function);
    weft_duckdb.destroy_logical_type(&word);
    weft_duckdb.destroy_logical_type(&answer);
    pthread_mutex_init(&rules->mutex, NULL);
    return state == DuckDBSuccess
               ? 0
               : weft_error_set(error, WEFT_E_INTERNAL, JOB_REJECT_NAME " cannot be registered");
}

/* ---- by id ---- */

struct row_order {
    int64_t id;
    size_t row;
};

static int row_compare(const void *a, const void *b)
{
    int64_t x = ((const struct row_order *)a)->id;
    int64_t y = ((const struct row_order *)b)->id;
    return (x > y) - (x < y);
}

#define RADIX_BITS 11
#define RADIX_MIN 4096 /* below, comparing is quicker */

/* Least digit first; the result is in *order. */
static void order_radix(struct row_order **order, struct row_order **other, size_t count,
                        uint64_t most)
{
    for (int shift = 0; shift < 64 && most >> shift > 0; shift += RADIX_BITS) {
        size_t starts[1 << RADIX_BITS] = {0};
        size_t at = 0;
        for (size_t i = 0; i < count; i++)
            starts[(uint64_t)(*order)[i].id >> shift & ((1 << RADIX_BITS) - 1)]++;
        for (size_t i = 0; i < WEFT_COUNT(starts); i++) {
            size_t here = starts[i];
            starts[i] = at;
            at += here;
        }
        for (size_t i = 0; i < count; i++) {
            uint64_t digit = (uint64_t)(*order)[i].id >> shift & ((1 << RADIX_BITS) - 1);
            (*other)[starts[digit]++] = (*order)[i];
        }
        struct row_order *swap = *order;
        *order = *other;
        *other = swap;
    }
}

static bool rows_are_sorted(const struct job_rules *rules)
{
    for (size_t i = 1; i < rules->row_count; i++) {
        if (rules->ids[i - 1] > rules->ids[i])
            return false;
    }
    return true;
}

int job_rules_sort(struct job_rules *rules, struct weft_error *error)
{
    size_t words = rules->words;
    size_t count = rules->row_count;
    uint64_t most = 0;
    if (rows_are_sorted(rules))
        return 0;
    WEFT_CLEANUP(weft_freep)
    struct row_order *order = weft_alloc_array(count + 1, sizeof *order);
    WEFT_CLEANUP(weft_freep)
    struct row_order *other = weft_alloc_array(count < RADIX_MIN ? 1 : count + 1, sizeof *other);
    uint64_t *masks = weft_alloc_array(count * words + 1, sizeof *masks);
    if (order == NULL || other == NULL || masks == NULL) {
        weft_free(masks);
        return weft_error_nomem(error);
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (struct row_order){rules->ids[i], i};
        most |= (uint64_t)rules->ids[i]; /* ids are offsets: never negative */
    }
    if (count < RADIX_MIN)
        qsort(order, count, sizeof *order, row_compare);
    else
        order_radix(&order, &other, count, most);
    for (size_t i = 0; i < count; i++) {
        rules->ids[i] = order[i].id;
        memcpy(masks + i * words, rules->masks + order[i].row * words, words * sizeof *masks);
    }
    weft_free(rules->masks);
    rules->masks = masks;
    rules->row_capacity = count;
    return 0;
}

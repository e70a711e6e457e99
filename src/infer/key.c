/*
 * key.c - the smallest set of columns, up to three, that no two records share: by sets of
 * hashes, which are given up at the first pair. Nulls never stand in a key, and numbers with a
 * point are measured, not names.
 *
 * Single columns and pairs are looked at in one reading, triples in another one; sets that found
 * no room wait for one of their own. Sketches tell beforehand which sets cannot be unique. A false
 * pair of hashes of 64 bits could only hide a key.
 */
#include "base/hash.h"
#include "infer/infer_internal.h"
#include "value/cell.h"

#include <stdlib.h>
#include <string.h>

#define KEY_COLUMNS 3
#define KEY_READINGS 4 /* of sets of one size */
#define KEY_PICK 12    /* columns that combinations are made of */
#define KEY_LENGTH_MAX 100
#define KEY_IDS                                                                                    \
    "id ids key uuid guid code no nr number num ref sku symbol ticker zip zipcode fips isbn iban " \
    "ean email mail login username slug"

struct candidate {
    size_t columns[KEY_COLUMNS];
    size_t count;
    int rank;
    bool dead;
    bool waits;      /* dead for want of room alone */
    uint64_t *slots; /* 0 = empty */
    size_t capacity;
    size_t used;
};

struct keys {
    struct infer *infer;
    struct candidate *items;
    size_t count;
    size_t alive;
    size_t bytes;
    int64_t seen;
    bool partial;
};

static void keys_release(struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        weft_free(keys->items[i].slots);
    weft_free(keys->items);
}

/* ---- which ---- */

static bool column_can(const struct infer_column *column)
{
    if (!column->required || column->blank > 0)
        return false;
    switch (column->type.kind) {
    case WEFT_TYPE_STRING:
        return column->length_max <= KEY_LENGTH_MAX;
    case WEFT_TYPE_LONG:
    case WEFT_TYPE_DATE:
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_TIMESTAMPTZ:
    case WEFT_TYPE_UUID:
        return true;
    default:
        return false;
    }
}

/* Small is good: a name of things, a time, a text, a number. */
static int column_rank(const struct infer_column *column, size_t place)
{
    int late = place > 0;
    if (infer_name_has(column->name, KEY_IDS) || column->type.kind == WEFT_TYPE_UUID)
        return late;
    if (column->type.kind == WEFT_TYPE_LONG)
        return place == 0 ? 2 : 9;
    if (column->type.kind == WEFT_TYPE_STRING)
        return 3 + late;
    return 2 + late;
}

static bool may_be_unique(const struct infer *infer, const struct candidate *candidate)
{
    double most = 1;
    for (size_t i = 0; i < candidate->count; i++)
        most *= 1.2 * infer_column_different(&infer->columns[candidate->columns[i]]);
    return most >= (double)infer->records;
}

static int candidate_add(struct keys *keys, size_t *capacity, const struct candidate *candidate)
{
    if (!may_be_unique(keys->infer, candidate))
        return 0;
    if (weft_array_reserve(&keys->items, capacity, keys->count + 1, sizeof *keys->items) < 0)
        return -1;
    keys->items[keys->count++] = *candidate;
    return 0;
}

static int by_rank(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? -1 : 1;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return memcmp(left->columns, right->columns, sizeof left->columns); /* any, but always so */
}

/* The columns that combinations are made of: the best by rank, then by place. */
static size_t columns_pick(const struct infer *infer, size_t *picked)
{
    size_t count = 0;
    for (int rank = 0; rank <= 9; rank++) {
        for (size_t i = 0; i < infer->column_count && count < KEY_PICK; i++) {
            const struct infer_column *column = &infer->columns[i];
            if (column_can(column) && column_rank(column, i) == rank && column->different_count > 1)
                picked[count++] = i;
        }
    }
    return count;
}

static int candidates_make(struct keys *keys, size_t size)
{
    const struct infer *infer = keys->infer;
    size_t capacity = 0, picked[KEY_PICK], picks = columns_pick(infer, picked);
    for (size_t i = 0; size == 1 && i < infer->column_count; i++) {
        struct candidate one = {.columns = {i}, .count = 1};
        one.rank = column_rank(&infer->columns[i], i);
        if (column_can(&infer->columns[i]) && one.rank < 9 &&
            candidate_add(keys, &capacity, &one) < 0)
            return -1;
    }
    for (size_t a = 0; a < picks; a++) {
        for (size_t b = a + 1; b < picks; b++) {
            for (size_t c = b + 1; c < (size == 1 ? b + 2 : picks); c++) {
                struct candidate some = {.columns = {picked[a], picked[b]}, .count = 2};
                some.rank = (int)(a + b);
                if (size > 1) {
                    some.columns[some.count++] = picked[c];
                    some.rank += (int)c;
                }
                if (candidate_add(keys, &capacity, &some) < 0)
                    return -1;
            }
        }
    }
    if (keys->count > 0)
        qsort(keys->items, keys->count, sizeof *keys->items, by_rank);
    keys->alive = keys->count;
    return 0;
}

/* ---- sets ---- */

static void candidate_end(struct keys *keys, struct candidate *candidate)
{
    keys->bytes -= candidate->capacity * sizeof *candidate->slots;
    keys->alive--;
    weft_free(candidate->slots);
    candidate->slots = NULL;
    candidate->capacity = 0;
    candidate->dead = true;
}

static bool slots_put(uint64_t *slots, size_t capacity, uint64_t hash)
{
    size_t at = hash & (capacity - 1);
    while (slots[at] != 0 && slots[at] != hash)
        at = (at + 1) & (capacity - 1);
    if (slots[at] == hash)
        return false;
    slots[at] = hash;
    return true;
}

/* Out of room: the least likely sets wait; of one alone the rest is not looked at (END). */
static int candidate_grow(struct keys *keys, struct candidate *candidate)
{
    size_t capacity = candidate->capacity == 0 ? 1024 : candidate->capacity * 2;
    size_t room = keys->infer->what->key_bytes;
    room = room == 0 ? WEFT_INFER_KEY_BYTES : room;
    while (keys->bytes + capacity * sizeof *candidate->slots > room) {
        size_t last = keys->count;
        while (last > 0 && keys->items[last - 1].dead)
            last--;
        if (last == 0 || keys->alive == 1) {
            keys->partial = true;
            return WEFT_END;
        }
        bool own = &keys->items[last - 1] == candidate;
        candidate_end(keys, &keys->items[last - 1]);
        keys->items[last - 1].waits = true;
        if (own)
            return 0;
    }
    uint64_t *slots = weft_alloc_array(capacity, sizeof *slots);
    if (slots == NULL)
        return -1;
    for (size_t i = 0; i < candidate->capacity; i++) {
        if (candidate->slots[i] != 0)
            slots_put(slots, capacity, candidate->slots[i]);
    }
    keys->bytes += (capacity - candidate->capacity) * sizeof *slots;
    weft_free(candidate->slots);
    candidate->slots = slots;
    candidate->capacity = capacity;
    return 0;
}

/* Values, not texts: two texts of one number are one key. */
static uint64_t value_hash(const struct infer_column *column, const struct infer_cell *cell)
{
    int64_t number = 0;
    int32_t days;
    __int128 wide = 0;
    switch (column->type.kind) {
    case WEFT_TYPE_LONG:
        if (weft_cell_int64(cell->text, cell->length, &number))
            return weft_xxh3(&number, sizeof number);
        break;
    case WEFT_TYPE_DATE:
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_TIMESTAMPTZ:
        if (column->format >= 0
                ? weft_date_format_read((size_t)column->format, cell->text, cell->length, &number)
                : weft_cell_timestamp(cell->text, cell->length, &number))
            return weft_xxh3(&number, sizeof number);
        if (weft_cell_date(cell->text, cell->length, &days))
            return weft_xxh3(&days, sizeof days);
        break;
    case WEFT_TYPE_UUID:
        if (weft_cell_uuid(cell->text, cell->length, &wide))
            return weft_xxh3(&wide, sizeof wide);
        break;
    default:
        break;
    }
    return weft_xxh3(cell->text, cell->length);
}

static int candidate_take(struct keys *keys, struct candidate *candidate,
                          const struct infer_cell *cells)
{
    uint64_t parts[KEY_COLUMNS];
    for (size_t i = 0; i < candidate->count; i++) {
        size_t column = candidate->columns[i];
        parts[i] = value_hash(&keys->infer->columns[column], &cells[column]);
    }
    uint64_t hash = weft_xxh3(parts, candidate->count * sizeof *parts);
    hash += hash == 0;
    if (candidate->used * 3 >= candidate->capacity * 2) {
        int rc = candidate_grow(keys, candidate);
        if (rc != 0 || candidate->dead)
            return rc;
    }
    if (slots_put(candidate->slots, candidate->capacity, hash))
        candidate->used++;
    else
        candidate_end(keys, candidate);
    return 0;
}

static int keys_record(void *arg, const struct infer_cell *cells, struct weft_error *error)
{
    struct keys *keys = arg;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->items[i].dead)
            continue;
        int rc = candidate_take(keys, &keys->items[i], cells);
        if (rc != 0)
            return rc < 0 ? weft_error_nomem(error) : rc;
    }
    keys->seen++;
    return keys->alive == 0 ? WEFT_END : 0;
}

/* The next reading is of those that wait; how many. */
static size_t keys_wake(struct keys *keys)
{
    keys->alive = 0;
    keys->seen = 0;
    for (size_t i = 0; i < keys->count; i++) {
        struct candidate *candidate = &keys->items[i];
        if (!candidate->waits)
            continue;
        candidate->waits = candidate->dead = false;
        candidate->used = 0;
        keys->alive++;
    }
    return keys->alive;
}

static size_t keys_best(const struct keys *keys)
{
    size_t best = 0;
    while (best < keys->count && keys->items[best].dead)
        best++;
    return best;
}

static int keys_look(struct infer *infer, size_t size, struct weft_error *error)
{
    WEFT_CLEANUP(keys_release) struct keys keys = {.infer = infer};
    size_t best;
    if (candidates_make(&keys, size) < 0)
        return weft_error_nomem(error);
    if (keys.count == 0)
        return 0;
    for (int reading = 1;; reading++) {
        WEFT_TRY(infer_read(infer, "looking for a key", false, keys_record, &keys, error));
        best = keys_best(&keys);
        if (best < keys.count || reading == KEY_READINGS || keys_wake(&keys) == 0)
            break;
    }
    for (size_t i = 0; i < keys.count; i++)
        infer->key_left += keys.items[i].waits;
    if (best == keys.count)
        return 0;
    size_t *columns = weft_arena_array(infer->arena, KEY_COLUMNS, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    memcpy(columns, keys.items[best].columns, sizeof keys.items[best].columns);
    infer->key = columns;
    infer->key_count = keys.items[best].count;
    infer->key_records = keys.seen;
    infer->key_partial = keys.partial;
    return 0;
}

int infer_keys(struct infer *infer, struct weft_error *error)
{
    if (infer->records < 2)
        return 0;
    infer->looked_for_key = true;
    WEFT_TRY(keys_look(infer, 1, error));
    return infer->key_count > 0 ? 0 : keys_look(infer, 3, error);
}

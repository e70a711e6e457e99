/*
 * known.c - the files that a product has read: as the ledger tells them, found by path, content and
 * size. A product may have read a million files, and a run asks for each of those that it finds.
 */
#include "job/work_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static int text_or_null(struct job_work *work, struct weft_stmt *stmt, int column, const char **out,
                        struct weft_error *error)
{
    const char *text = weft_stmt_column_text(stmt, column);
    *out = text == NULL ? NULL : weft_arena_strdup(work->arena, text);
    return text != NULL && *out == NULL ? weft_error_nomem(error) : 0;
}

static int known_take(struct job_work *work, struct weft_stmt *stmt, size_t *capacity,
                      struct weft_error *error)
{
    if (weft_arena_reserve(work->arena, &work->known, capacity, work->known_count + 1,
                           sizeof *work->known) < 0)
        return weft_error_nomem(error);
    struct job_known *known = &work->known[work->known_count++];
    *known =
        (struct job_known){.port = weft_arena_strdup(work->arena, weft_stmt_column_text(stmt, 0)),
                           .path = weft_arena_strdup(work->arena, weft_stmt_column_text(stmt, 1)),
                           .hash = weft_arena_strdup(work->arena, weft_stmt_column_text(stmt, 2)),
                           .identity = {.size = weft_stmt_column_int(stmt, 3),
                                        .device = (uint64_t)weft_stmt_column_int(stmt, 4),
                                        .inode = (uint64_t)weft_stmt_column_int(stmt, 5),
                                        .modified_ns = weft_stmt_column_int(stmt, 6),
                                        .changed_ns = weft_stmt_column_int(stmt, 7)},
                           .records = weft_stmt_column_int(stmt, 8),
                           .past = weft_stmt_column_int(stmt, 9) != 0};
    if (known->port == NULL || known->path == NULL || known->hash == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(text_or_null(work, stmt, 10, &known->etag, error));
    return text_or_null(work, stmt, 11, &known->last_modified, error);
}

static int known_read(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    size_t capacity = 0;
    int rc = 0;
    WEFT_TRY(weft_ledger_open(work->job->home, WEFT_LEDGER_READ_ONLY, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_stmt_prepare(
        txn,
        "SELECT port, path, hash, size, device, inode, modified_ns, "
        "changed_ns, records, replaced, etag, last_modified FROM flow_inputs WHERE product = ?1 "
        "AND (seq_to IS NULL OR replaced = 1) ORDER BY seq_from, path",
        &stmt, error));
    weft_stmt_bind_text(stmt, 1, work->job->table);
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        /* Of several ports each knows its own files. */
        if (work->parent == NULL || strcmp(weft_stmt_column_text(stmt, 0), work->input->name) == 0)
            WEFT_TRY(known_take(work, stmt, &capacity, error));
    }
    return rc < 0 ? rc : 0;
}

/* ---- finding ---- */

/* Of equal ones in the order in which they were read: they lie in one array. */
static int in_order(const struct job_known *a, const struct job_known *b, int compared)
{
    return compared != 0 ? compared : (a > b) - (a < b);
}

static int by_path(const void *one, const void *other)
{
    const struct job_known *const *a = one, *const *b = other;
    return in_order(*a, *b, strcmp((*a)->path, (*b)->path));
}

static int by_hash(const void *one, const void *other)
{
    const struct job_known *const *a = one, *const *b = other;
    return in_order(*a, *b, strcmp((*a)->hash, (*b)->hash));
}

static int by_size(const void *one, const void *other)
{
    const int64_t *a = one, *b = other;
    return (*a > *b) - (*a < *b);
}

static int index_make(struct job_work *work, struct weft_error *error)
{
    struct job_known_index *index = &work->known_index;
    size_t count = work->known_count;
    *index = (struct job_known_index){
        .by_path = weft_arena_array(work->arena, count + 1, sizeof *index->by_path),
        .by_hash = weft_arena_array(work->arena, count + 1, sizeof *index->by_hash),
        .sizes = weft_arena_array(work->arena, count + 1, sizeof *index->sizes)};
    if (index->by_path == NULL || index->by_hash == NULL || index->sizes == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        const struct job_known *known = &work->known[i];
        if (!known->past)
            index->by_path[index->path_count++] = known;
        index->by_hash[i] = known;
        index->sizes[i] = known->identity.size;
    }
    if (count == 0)
        return 0;
    qsort(index->by_path, index->path_count, sizeof *index->by_path, by_path);
    qsort(index->by_hash, count, sizeof *index->by_hash, by_hash);
    qsort(index->sizes, count, sizeof *index->sizes, by_size);
    return 0;
}

int job_known_load(struct job_work *work, struct weft_error *error)
{
    WEFT_TRY(known_read(work, error));
    return index_make(work, error);
}

const struct job_known *job_known_by_path(const struct job_work *work, const char *path)
{
    const struct job_known_index *index = &work->known_index;
    size_t low = 0, high = index->path_count;
    while (low < high) { /* behind the last one of that path */
        size_t middle = low + (high - low) / 2;
        if (strcmp(index->by_path[middle]->path, path) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && strcmp(index->by_path[low - 1]->path, path) == 0 ? index->by_path[low - 1]
                                                                       : NULL;
}

const struct job_known *job_known_by_hash(const struct job_work *work, const char *hash)
{
    const struct job_known_index *index = &work->known_index;
    size_t low = 0, high = work->known_count;
    while (low < high) { /* the first one of that hash */
        size_t middle = low + (high - low) / 2;
        if (strcmp(index->by_hash[middle]->hash, hash) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < work->known_count && strcmp(index->by_hash[low]->hash, hash) == 0
               ? index->by_hash[low]
               : NULL;
}

bool job_known_size(const struct job_work *work, int64_t size)
{
    return work->known_count > 0 &&
           bsearch(&size, work->known_index.sizes, work->known_count, sizeof size, by_size) != NULL;
}

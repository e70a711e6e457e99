/*
 * since.c - what an incremental reader has not seen: the data files of the append snapshots between
 * the one it knows and the one it reads.
 *
 * Everything that appends added is still live at the end of them, so the manifests of the last
 * snapshot tell all: as ADDED in the manifest of their own snapshot, as EXISTING where manifests
 * were merged since, with the snapshot they came by. A manifest that holds such an entry was itself
 * written within the range, so no other manifest is read.
 *
 * A snapshot of the operation replace says that it changed no row. One that only rearranged
 * manifests is passed over; one that rewrote files mixes rows of before and after, which nobody can
 * take apart by file: a conflict.
 */
#include "base/text.h"
#include "lake/manifest.h"

#include <stdlib.h>
#include <string.h>

struct member {
    int64_t snapshot_id;
    bool append; /* else a replace */
};

struct range {
    struct weft_arena *arena;
    const char *home;
    const struct weft_table *table;
    const struct weft_snapshot *snapshot; /* the last */
    int64_t since;
    struct member *items; /* in order of their ids once all are there */
    size_t count;
    size_t capacity;
    int64_t culprit; /* the oldest that is no append; 0 = none */
    int64_t files;   /* what the summaries say was added; -1 = one does not say */
    int64_t records;
    struct weft_error *error;
};

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const struct member *)a)->snapshot_id;
    int64_t y = ((const struct member *)b)->snapshot_id;
    return (x > y) - (x < y);
}

static const struct member *find_member(const struct range *range, int64_t snapshot_id)
{
    struct member key = {.snapshot_id = snapshot_id};
    return bsearch(&key, range->items, range->count, sizeof key, by_id);
}

/* An absent count of what was added means none: that is how all writers do it. */
static void add_count(const struct weft_snapshot *snapshot, const char *key, int64_t *sum)
{
    const char *text = weft_json_text_or(snapshot->summary, key, "0");
    int64_t value = 0;
    bool whole = weft_parse_int64(text, strlen(text), &value) && value >= 0 &&
                 *sum <= INT64_MAX / 2 && value <= INT64_MAX / 2;
    *sum = *sum < 0 || !whole ? -1 : *sum + value;
}

static int add_member(struct range *range, const struct weft_snapshot *snapshot)
{
    bool append = strcmp(snapshot->operation, "append") == 0;
    if (!append && strcmp(snapshot->operation, "replace") != 0)
        range->culprit = snapshot->snapshot_id;
    if (append) {
        add_count(snapshot, "added-data-files", &range->files);
        add_count(snapshot, "added-records", &range->records);
    }
    if (weft_arena_reserve(range->arena, &range->items, &range->capacity, range->count + 1,
                           sizeof *range->items) < 0)
        return weft_error_nomem(range->error);
    range->items[range->count++] = (struct member){snapshot->snapshot_id, append};
    return 0;
}

/* When `since` is there, ancestors with lower numbers need not be looked at. */
static int lowest_sequence(const struct range *range, int64_t *sequence)
{
    const struct weft_snapshot *since = NULL;
    int rc = weft_table_find(range->table, range->since, &since, range->error);
    if (rc < 0)
        return rc;
    *sequence = rc == 0 ? since->sequence_number : 0;
    return 0;
}

/* WEFT_NOT_THERE when the walk ends without `since`. */
static int walk(struct range *range)
{
    const struct weft_snapshot *snapshot = range->snapshot;
    int64_t before = INT64_MAX;
    int64_t lowest = -1; /* not looked up yet */
    while (snapshot->snapshot_id != range->since) {
        if (snapshot->sequence_number >= before)
            return weft_error_set(range->error, WEFT_E_CORRUPT,
                                  "snapshot %" PRId64 " is older than its parent",
                                  snapshot->snapshot_id);
        before = snapshot->sequence_number;
        if (before <= lowest)
            return WEFT_NOT_THERE;
        WEFT_TRY(add_member(range, snapshot));
        /* Its own state may be expired: what came after it is still all there. */
        if (snapshot->parent_id == range->since)
            return 0;
        if (snapshot->parent_id == 0)
            return WEFT_NOT_THERE;
        if (lowest < 0)
            WEFT_TRY(lowest_sequence(range, &lowest));
        int rc = weft_table_find(range->table, snapshot->parent_id, &snapshot, range->error);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Of the entries, from `from` on, those of the range stay. Sets the culprit where a replace
 * rewrote files. */
static void keep_added(struct range *range, struct lake_entries *entries, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < entries->count; i++) {
        const struct member *member = find_member(range, entries->items[i].file.snapshot_id);
        if (member == NULL)
            continue;
        if (!member->append)
            range->culprit = member->snapshot_id;
        entries->items[kept++] = entries->items[i];
    }
    entries->count = kept;
}

static int read_added(struct range *range, struct lake_entries *entries)
{
    struct lake_manifests manifests = {0};
    const char *folder = weft_table_folder(range->table);
    WEFT_TRY(lake_manifest_list_read(range->arena, range->home, folder,
                                     range->snapshot->manifest_list, &manifests, range->error));
    for (size_t i = 0; i < manifests.count; i++) {
        const struct lake_manifest *manifest = &manifests.items[i];
        if (manifest->content != LAKE_DATA ||
            find_member(range, manifest->added_snapshot_id) == NULL ||
            manifest->added_files + manifest->existing_files == 0)
            continue;
        size_t from = entries->count;
        WEFT_TRY(lake_manifest_read(range->arena, range->home, folder, manifest, false, entries,
                                    range->error));
        keep_added(range, entries, from);
    }
    return 0;
}

static int by_age(const void *a, const void *b)
{
    const struct weft_data_file *x = a;
    const struct weft_data_file *y = b;
    if (x->sequence_number != y->sequence_number)
        return x->sequence_number < y->sequence_number ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* A manifest list that was cut still reads: only the sums tell. */
static int check_sums(const struct range *range, const struct weft_data_files *files)
{
    int64_t records = 0;
    for (size_t i = 0; i < files->count; i++)
        records += files->items[i].records;
    bool right = (range->files < 0 || range->files == (int64_t)files->count) &&
                 (range->records < 0 || range->records == records);
    if (right)
        return 0;
    return weft_error_set(range->error, WEFT_E_CORRUPT,
                          "the snapshots after %" PRId64 " up to %" PRId64 " added %" PRId64
                          " files with %" PRId64 " rows, the manifests give %zu with %" PRId64,
                          range->since, range->snapshot->snapshot_id, range->files, range->records,
                          files->count, records);
}

static int take_files(const struct range *range, const struct lake_entries *entries,
                      struct weft_data_files *out)
{
    struct weft_data_file *items = weft_arena_array(range->arena, entries->count, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(range->error);
    for (size_t i = 0; i < entries->count; i++) {
        items[i] = entries->items[i].file;
        WEFT_TRY(lake_check_data_file(range->home, &items[i], range->error));
    }
    qsort(items, entries->count, sizeof *items, by_age);
    struct weft_data_files files = {items, entries->count};
    WEFT_TRY(check_sums(range, &files));
    *out = files;
    return 0;
}

int weft_table_added_since(struct weft_arena *arena, const char *home,
                           const struct weft_table *table, const struct weft_snapshot *snapshot,
                           int64_t since, struct weft_data_files *out, int64_t *culprit,
                           struct weft_error *error)
{
    struct range range = {.arena = arena,
                          .home = home,
                          .table = table,
                          .snapshot = snapshot,
                          .since = since,
                          .error = error};
    struct lake_entries entries = {0};
    /* 0 is the parent of the first snapshot, and no snapshot. */
    int rc = since <= 0 ? WEFT_NOT_THERE : walk(&range);
    if (rc != 0)
        return rc;
    if (range.count > 0)
        qsort(range.items, range.count, sizeof *range.items, by_id);
    if (range.culprit == 0 && range.count > 0)
        WEFT_TRY(read_added(&range, &entries));
    if (range.culprit != 0) {
        *culprit = range.culprit;
        return WEFT_CONFLICT;
    }
    return take_files(&range, &entries, out);
}

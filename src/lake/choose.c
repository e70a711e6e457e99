/*
 * choose.c - which manifests the next state of a table has.
 *
 *   append     the manifests that are there, and one of the new files
 *   overwrite  all files: one manifest that marks all old files deleted, and one of the new files;
 *              named files: each manifest that holds one is written anew (the others' entries stay
 *              with their numbers), the rest is as it was, and one of the new files
 *   rollback   the manifests of the old snapshot, and one that marks what came since deleted
 */
#include "base/map.h"
#include "lake/make_internal.h"

#include <string.h>

int lake_entries_add(struct weft_arena *arena, struct lake_entries *entries,
                     const struct lake_entry *entry, struct weft_error *error)
{
    if (weft_arena_reserve(arena, &entries->items, &entries->capacity, entries->count + 1,
                           sizeof *entry) < 0)
        return weft_error_nomem(error);
    entries->items[entries->count++] = *entry;
    return 0;
}

int lake_manifests_add(struct weft_arena *arena, struct lake_manifests *manifests,
                       const struct lake_manifest *manifest, struct weft_error *error)
{
    if (weft_arena_reserve(arena, &manifests->items, &manifests->capacity, manifests->count + 1,
                           sizeof *manifest) < 0)
        return weft_error_nomem(error);
    manifests->items[manifests->count++] = *manifest;
    return 0;
}

static bool manifest_lives(const struct lake_manifest *manifest)
{
    return manifest->added_files + manifest->existing_files > 0;
}

static int read_list(const struct making *making, const struct weft_snapshot *snapshot,
                     struct lake_manifests *out)
{
    if (snapshot == NULL)
        return 0;
    return lake_manifest_list_read(making->arena, making->home, making->change->folder,
                                   snapshot->manifest_list, out, making->error);
}

static int keep_live(const struct making *making, const struct lake_manifests *from,
                     struct lake_manifests *out)
{
    for (size_t i = 0; i < from->count; i++)
        if (manifest_lives(&from->items[i]))
            WEFT_TRY(lake_manifests_add(making->arena, out, &from->items[i], making->error));
    return 0;
}

static int live_entries(const struct making *making, const struct lake_manifests *from, int content,
                        struct lake_entries *out)
{
    for (size_t i = 0; i < from->count; i++)
        if (manifest_lives(&from->items[i]) && from->items[i].content == content)
            WEFT_TRY(lake_manifest_read(making->arena, making->home, making->change->folder,
                                        &from->items[i], false, out, making->error));
    return 0;
}

static int write_manifest(struct making *making, const struct lake_entries *entries)
{
    struct lake_manifest manifest = {0};
    struct lake_manifest_job job = {.home = making->home,
                                    .schema = making->change->schema,
                                    .content = LAKE_DATA,
                                    .snapshot_id = making->made.snapshot_id,
                                    .sequence = making->sequence};
    job.path = weft_arena_format(making->arena, "%s/metadata/%s-m%d.avro", making->change->folder,
                                 making->change->run_id, making->manifest_number++);
    if (job.path == NULL)
        return weft_error_nomem(making->error);
    WEFT_TRY(lake_manifest_write(making->arena, &job, entries, &manifest, making->error));
    return lake_manifests_add(making->arena, &making->manifests, &manifest, making->error);
}

static void mark_removed(struct making *making, struct lake_entry *entry)
{
    entry->status = LAKE_DELETED;
    entry->file.snapshot_id = making->made.snapshot_id;
    making->removed_records += entry->file.records;
    making->removed_bytes += entry->file.size;
}

static int write_removed(struct making *making)
{
    struct lake_entries *removed = &making->removed;
    for (size_t i = 0; i < removed->count; i++)
        mark_removed(making, &removed->items[i]);
    return removed->count == 0 ? 0 : write_manifest(making, removed);
}

/* Delete files have nothing left to say once every data file is gone: their manifests end here. */
static int begin_overwrite(struct making *making)
{
    struct lake_manifests current = {0};
    WEFT_TRY(read_list(making, making->base, &current));
    WEFT_TRY(live_entries(making, &current, LAKE_DATA, &making->removed));
    return write_removed(making);
}

static int add_missing(struct making *making, const struct lake_entries *from,
                       const struct weft_map *known, struct lake_entries *out)
{
    for (size_t i = 0; i < from->count; i++)
        if (!weft_map_has(known, from->items[i].file.path))
            WEFT_TRY(lake_entries_add(making->arena, out, &from->items[i], making->error));
    return 0;
}

static int fill_paths(struct weft_map *map, const struct lake_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        if (weft_map_put(map, entries->items[i].file.path, NULL) < 0)
            return -1;
    return 0;
}

static int begin_rollback(struct making *making)
{
    struct lake_manifests current = {0};
    struct lake_manifests wanted = {0};
    struct lake_entries now = {0};
    struct lake_entries then = {0};
    WEFT_TRY(read_list(making, making->table->current, &current));
    WEFT_TRY(read_list(making, making->base, &wanted));
    WEFT_TRY(live_entries(making, &current, LAKE_DATA, &now));
    WEFT_TRY(live_entries(making, &wanted, LAKE_DATA, &then));
    WEFT_CLEANUP(weft_map_freep) struct weft_map *now_paths = weft_map_new();
    WEFT_CLEANUP(weft_map_freep) struct weft_map *then_paths = weft_map_new();
    if (now_paths == NULL || then_paths == NULL || fill_paths(now_paths, &now) < 0 ||
        fill_paths(then_paths, &then) < 0)
        return weft_error_nomem(making->error);
    WEFT_TRY(add_missing(making, &now, then_paths, &making->removed));
    WEFT_TRY(add_missing(making, &then, now_paths, &making->readded));
    for (size_t i = 0; i < making->readded.count; i++) {
        making->added_records += making->readded.items[i].file.records;
        making->added_bytes += making->readded.items[i].file.size;
    }
    WEFT_TRY(keep_live(making, &wanted, &making->manifests));
    return write_removed(making);
}

/* ---- what goes on ---- */

/* The files that go, by path. */
struct parting {
    struct weft_map *paths; /* to a bool each: met */
    size_t missing;         /* not met yet */
};

static int init_parting(const struct making *making, struct parting *parting)
{
    const struct weft_table_change *change = making->change;
    bool *met = weft_arena_array(making->arena, change->removed_count, sizeof *met);
    parting->paths = weft_map_new();
    if (met == NULL || parting->paths == NULL)
        return weft_error_nomem(making->error);
    for (size_t i = 0; i < change->removed_count; i++) {
        if (weft_map_has(parting->paths, change->removed[i]))
            return weft_error_set(making->error, WEFT_E_INVALID,
                                  "the data file %s is to be removed twice", change->removed[i]);
        met[i] = false;
        if (weft_map_put(parting->paths, change->removed[i], &met[i]) < 0)
            return weft_error_nomem(making->error);
    }
    parting->missing = change->removed_count;
    return 0;
}

static int check_parting(const struct making *making, const struct parting *parting)
{
    for (size_t i = 0; i < weft_map_count(parting->paths); i++)
        if (!*(const bool *)weft_map_value(parting->paths, i))
            return weft_error_set(making->error, WEFT_E_INVALID,
                                  "the data file %s cannot be removed: it is no live file of the "
                                  "table's current snapshot",
                                  weft_map_key(parting->paths, i));
    return 0;
}

/* Entries from `from` on: EXISTING, or DELETED for a file that goes. Both keep their numbers. */
static int part_entries(struct making *making, struct parting *parting,
                        struct lake_entries *entries, size_t from, bool *hit)
{
    for (size_t i = from; i < entries->count; i++) {
        struct lake_entry *entry = &entries->items[i];
        bool *met = weft_map_get(parting->paths, entry->file.path);
        entry->status = LAKE_EXISTING;
        if (met == NULL)
            continue;
        if (*met)
            return weft_error_set(making->error, WEFT_E_CORRUPT,
                                  "the data file %s is live in two manifests", entry->file.path);
        *met = true;
        *hit = true;
        parting->missing--;
        mark_removed(making, entry);
        WEFT_TRY(lake_entries_add(making->arena, &making->removed, entry, making->error));
    }
    return 0;
}

static bool manifest_is_small(const struct lake_manifest *manifest)
{
    return manifest->content == LAKE_DATA && manifest->length < LAKE_SMALL_MANIFEST;
}

static bool merge_is_due(const struct lake_manifests *live)
{
    size_t small = 0;
    for (size_t i = 0; i < live->count; i++)
        small += manifest_is_small(&live->items[i]);
    return small + 1 >= LAKE_MERGE_COUNT;
}

/* As it is; or written anew because a file of it goes; or into `merged`. Manifests are read only
 * while files that go are still to be found. */
static int carry_manifest(struct making *making, const struct lake_manifest *manifest,
                          struct parting *parting, struct lake_entries *merged)
{
    struct lake_entries own = {0};
    bool hit = false;
    bool merge = merged != NULL && manifest_is_small(manifest);
    struct lake_entries *entries = merge ? merged : &own;
    size_t from = entries->count;
    if (merge || (manifest->content == LAKE_DATA && parting->missing > 0)) {
        WEFT_TRY(lake_manifest_read(making->arena, making->home, making->change->folder, manifest,
                                    false, entries, making->error));
        WEFT_TRY(part_entries(making, parting, entries, from, &hit));
    }
    if (merge)
        return 0;
    if (hit)
        return write_manifest(making, &own);
    return lake_manifests_add(making->arena, &making->manifests, manifest, making->error);
}

/* The live manifests without the files that go; one manifest instead of many small ones, when
 * there are so many. */
static int carry(struct making *making, struct parting *parting)
{
    struct lake_manifests current = {0};
    struct lake_manifests live = {0};
    struct lake_entries merged = {0};
    WEFT_TRY(read_list(making, making->base, &current));
    WEFT_TRY(keep_live(making, &current, &live));
    bool merge = merge_is_due(&live);
    for (size_t i = 0; i < live.count; i++)
        WEFT_TRY(carry_manifest(making, &live.items[i], parting, merge ? &merged : NULL));
    WEFT_TRY(check_parting(making, parting));
    return merged.count == 0 ? 0 : write_manifest(making, &merged);
}

/* APPEND, and OVERWRITE of named files. */
static int begin_carry(struct making *making)
{
    struct parting parting = {NULL, 0};
    int rc = init_parting(making, &parting);
    if (rc == 0)
        rc = carry(making, &parting);
    weft_map_free(parting.paths);
    return rc;
}

/* ---- what comes ---- */

/* Parts of lists and maps repeat within a row: their bounds mean nothing. */
static int copy_stats(const struct making *making, struct weft_data_file *file)
{
    struct weft_column_stats *stats =
        weft_arena_array(making->arena, file->stat_count, sizeof *stats);
    if (stats == NULL)
        return weft_error_nomem(making->error);
    for (size_t i = 0; i < file->stat_count; i++) {
        stats[i] = file->stats[i];
        if (!lake_schema_bounded(making->change->schema, stats[i].field_id)) {
            stats[i].lower = (struct weft_str){NULL, 0};
            stats[i].upper = (struct weft_str){NULL, 0};
        }
    }
    file->stats = stats;
    return 0;
}

static int write_added(struct making *making)
{
    struct lake_entries added = {0};
    for (size_t i = 0; i < making->change->added_count; i++) {
        struct lake_entry entry = {.status = LAKE_ADDED, .file = making->change->added[i]};
        WEFT_TRY(copy_stats(making, &entry.file));
        entry.file.snapshot_id = making->made.snapshot_id;
        if (entry.file.sort_order_id != 0)
            entry.file.sort_order_id = (int)making->order_id;
        making->added_records += entry.file.records;
        making->added_bytes += entry.file.size;
        WEFT_TRY(lake_entries_add(making->arena, &added, &entry, making->error));
    }
    return added.count == 0 ? 0 : write_manifest(making, &added);
}

int lake_make_count_bytes(const struct making *making, int64_t *bytes)
{
    struct lake_entries entries = {0};
    WEFT_TRY(live_entries(making, &making->manifests, LAKE_DATA, &entries));
    *bytes = 0;
    for (size_t i = 0; i < entries.count; i++)
        *bytes += entries.items[i].file.size;
    return 0;
}

int lake_make_manifests(struct making *making)
{
    switch (making->change->operation) {
    case WEFT_OP_ROLLBACK:
        return begin_rollback(making);
    case WEFT_OP_OVERWRITE:
        if (making->change->remove_all)
            WEFT_TRY(begin_overwrite(making));
        else
            WEFT_TRY(begin_carry(making));
        return write_added(making);
    default:
        WEFT_TRY(begin_carry(making));
        return write_added(making);
    }
}

/*
 * files.c - the live files of a snapshot, and how one was written.
 */
#include "base/fs.h"
#include "base/text.h"
#include "lake/manifest.h"

#include <string.h>

int lake_check_data_file(const char *home, const struct weft_data_file *file,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(home, file->path);
    struct weft_fs_identity identity;
    if (path == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_identity(path, &identity, error);
    if (rc < 0)
        return rc;
    if (rc > 0)
        return weft_error_set(error, WEFT_E_CORRUPT, "the data file %s is gone", file->path);
    if (identity.size != file->size)
        return weft_error_set(error, WEFT_E_CORRUPT,
                              "the data file %s has %" PRId64 " bytes, the manifest says %" PRId64,
                              file->path, identity.size, file->size);
    return 0;
}

/* A list that was cut between two blocks still reads: only the total tells. */
static int check_total(const struct weft_snapshot *snapshot, const char *key, int64_t found,
                       struct weft_error *error)
{
    const char *text = weft_json_text_or(snapshot->summary, key, NULL);
    int64_t total = 0;
    if (text == NULL || !weft_parse_int64(text, strlen(text), &total) || total == found)
        return 0;
    return weft_error_set(error, WEFT_E_CORRUPT,
                          "snapshot %" PRId64 ": %s is %" PRId64 ", its manifests give %" PRId64,
                          snapshot->snapshot_id, key, total, found);
}

static int collect(struct weft_arena *arena, const char *home, const struct weft_table *table,
                   const struct weft_snapshot *snapshot, struct lake_entries *entries,
                   struct weft_error *error)
{
    struct lake_manifests manifests = {0};
    const char *folder = weft_table_folder(table);
    WEFT_TRY(
        lake_manifest_list_read(arena, home, folder, snapshot->manifest_list, &manifests, error));
    for (size_t i = 0; i < manifests.count; i++)
        if (manifests.items[i].added_files + manifests.items[i].existing_files > 0)
            WEFT_TRY(lake_manifest_read(arena, home, folder, &manifests.items[i], false, entries,
                                        error));
    return 0;
}

static int split(struct weft_arena *arena, const struct lake_entries *entries, bool deletes,
                 struct weft_data_files *out, struct weft_error *error)
{
    struct weft_data_file *items = weft_arena_array(arena, entries->count, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    out->items = items;
    out->count = 0;
    for (size_t i = 0; i < entries->count; i++)
        if ((entries->items[i].file.content != 0) == deletes)
            items[out->count++] = entries->items[i].file;
    return 0;
}

int weft_table_files(struct weft_arena *arena, const char *home, const struct weft_table *table,
                     const struct weft_snapshot *snapshot, struct weft_data_files *data,
                     struct weft_data_files *deletes, struct weft_error *error)
{
    struct lake_entries entries = {0};
    struct weft_data_files live = {NULL, 0};
    struct weft_data_files dead = {NULL, 0};
    int64_t records = 0;
    WEFT_TRY(collect(arena, home, table, snapshot, &entries, error));
    WEFT_TRY(split(arena, &entries, false, &live, error));
    WEFT_TRY(split(arena, &entries, true, &dead, error));
    for (size_t i = 0; i < entries.count; i++) {
        WEFT_TRY(lake_check_data_file(home, &entries.items[i].file, error));
        records += entries.items[i].file.content == 0 ? entries.items[i].file.records : 0;
    }
    WEFT_TRY(check_total(snapshot, "total-data-files", (int64_t)live.count, error));
    WEFT_TRY(check_total(snapshot, "total-delete-files", (int64_t)dead.count, error));
    /* Rows under delete files are counted differently by writers. */
    if (dead.count == 0)
        WEFT_TRY(check_total(snapshot, "total-records", records, error));
    *data = live;
    *deletes = dead;
    return 0;
}

int weft_table_file_schema(const struct weft_table *table, const struct weft_data_file *file,
                           const struct weft_table_schema **out, struct weft_error *error)
{
    const struct weft_snapshot *snapshot = NULL;
    int rc = weft_table_find(table, file->snapshot_id, &snapshot, error);
    if (rc != 0)
        return rc;
    const struct weft_table_schema *schema = weft_table_schema_of(table, snapshot->schema_id);
    if (schema == NULL || weft_json_text_or(snapshot->summary, "weft.run-id", NULL) == NULL)
        return WEFT_NOT_THERE;
    *out = schema;
    return 0;
}

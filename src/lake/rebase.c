/*
 * rebase.c - the absolute locations of a table, rewritten after its home was moved.
 *
 * Every manifest, manifest list and the metadata are written anew under new names; the old files
 * stay until the caller has moved the pointer, so a crash leaves the old state whole. weft itself
 * reads a moved home as it is; this is for all other readers.
 */
#include "base/fs.h"
#include "base/map.h"
#include "base/random.h"
#include "lake/manifest.h"

#include <string.h>

struct rebase {
    struct weft_arena *arena;
    const char *home;
    const struct weft_table *table;
    struct weft_map *manifests; /* old path -> struct lake_manifest of the new one */
    struct weft_map *lists;     /* old path -> new path */
    char id[WEFT_UUID_TEXT];
    struct weft_error *error;
};

static const char *new_name(struct rebase *rebase, const char *kind, size_t number)
{
    return weft_arena_format(rebase->arena, "%s/metadata/%s-%s%zu.avro", rebase->table->folder,
                             rebase->id, kind, number);
}

static int rebase_manifest(struct rebase *rebase, const struct weft_table_schema *schema,
                           struct lake_manifest *manifest)
{
    const struct lake_manifest *done = weft_map_get(rebase->manifests, manifest->path);
    if (done != NULL) {
        manifest->path = done->path;
        manifest->length = done->length;
        return 0;
    }
    struct lake_entries entries = {0};
    WEFT_TRY(lake_manifest_read(rebase->arena, rebase->home, rebase->table->folder, manifest, true,
                                &entries, rebase->error));
    struct lake_manifest written = {0};
    struct lake_manifest_job job = {.home = rebase->home,
                                    .schema = schema,
                                    .content = manifest->content,
                                    .snapshot_id = manifest->added_snapshot_id,
                                    .sequence = manifest->sequence_number};
    job.path = new_name(rebase, "m", weft_map_count(rebase->manifests));
    struct lake_manifest *kept = weft_arena_alloc(rebase->arena, sizeof *kept);
    if (job.path == NULL || kept == NULL)
        return weft_error_nomem(rebase->error);
    WEFT_TRY(lake_manifest_write(rebase->arena, &job, &entries, &written, rebase->error));
    *kept = written;
    if (weft_map_put(rebase->manifests, manifest->path, kept) < 0)
        return weft_error_nomem(rebase->error);
    manifest->path = written.path;
    manifest->length = written.length;
    return 0;
}

static int rebase_snapshot(struct rebase *rebase, const struct weft_snapshot *snapshot)
{
    const struct weft_table_schema *schema =
        weft_table_schema_of(rebase->table, snapshot->schema_id);
    if (schema == NULL)
        schema = weft_table_schema(rebase->table);
    struct lake_manifests manifests = {0};
    WEFT_TRY(lake_manifest_list_read(rebase->arena, rebase->home, rebase->table->folder,
                                     snapshot->manifest_list, &manifests, rebase->error));
    for (size_t i = 0; i < manifests.count; i++) {
        if (manifests.items[i].content != LAKE_DATA)
            return weft_error_set(rebase->error, WEFT_E_NOT_YET,
                                  "a table with delete files cannot be rebased yet");
        WEFT_TRY(rebase_manifest(rebase, schema, &manifests.items[i]));
    }
    struct lake_manifest_job job = {.home = rebase->home,
                                    .path = new_name(rebase, "list", weft_map_count(rebase->lists)),
                                    .schema = schema,
                                    .snapshot_id = snapshot->snapshot_id,
                                    .sequence = snapshot->sequence_number};
    if (job.path == NULL)
        return weft_error_nomem(rebase->error);
    WEFT_TRY(lake_manifest_list_write(rebase->arena, &job, snapshot->parent_id, &manifests,
                                      rebase->error));
    char *path = weft_arena_strdup(rebase->arena, job.path);
    if (path == NULL || weft_map_put(rebase->lists, snapshot->manifest_list, path) < 0)
        return weft_error_nomem(rebase->error);
    return 0;
}

/* ---- the metadata: the same members, other locations ---- */

static void put_location(struct rebase *rebase, struct weft_json_writer *writer, const char *path)
{
    struct weft_buf uri;
    weft_buf_init(&uri, 65536);
    lake_uri(&uri, rebase->home, path);
    weft_json_put_text_n(writer, uri.data, uri.length);
    writer->out->failed = writer->out->failed || uri.failed;
    weft_buf_release(&uri);
}

static void put_snapshot(struct rebase *rebase, struct weft_json_writer *writer,
                         const struct lake_snapshot *snapshot)
{
    size_t i = 0;
    size_t max = 0;
    yyjson_val *key = NULL;
    yyjson_val *value = NULL;
    weft_json_begin_object(writer);
    WEFT_JSON_EACH(snapshot->json, i, max, key, value)
    {
        weft_json_key(writer, yyjson_get_str(key));
        if (strcmp(yyjson_get_str(key), "manifest-list") == 0)
            put_location(rebase, writer,
                         weft_map_get(rebase->lists, snapshot->snapshot.manifest_list));
        else
            weft_json_put_value(writer, value);
    }
    weft_json_end_object(writer);
}

static void put_log(struct weft_json_writer *writer, const struct weft_table *table)
{
    weft_json_begin_array(writer);
    for (size_t i = 0; i < table->log_count; i++) {
        weft_json_begin_object(writer);
        weft_json_member_int(writer, "timestamp-ms", table->log[i].timestamp_ms);
        weft_json_member_int(writer, "snapshot-id", table->log[i].snapshot_id);
        weft_json_end_object(writer);
    }
    weft_json_end_array(writer);
}

/* Older metadata files still name the old home, so the new one does not name them. */
static void put_metadata(struct rebase *rebase, struct weft_json_writer *writer)
{
    const struct weft_table *table = rebase->table;
    size_t i = 0;
    size_t max = 0;
    yyjson_val *key = NULL;
    yyjson_val *value = NULL;
    weft_json_begin_object(writer);
    WEFT_JSON_EACH(table->root, i, max, key, value)
    {
        const char *name = yyjson_get_str(key);
        if (strcmp(name, "snapshots") == 0 || strcmp(name, "snapshot-log") == 0 ||
            strcmp(name, "metadata-log") == 0)
            continue;
        weft_json_key(writer, name);
        if (strcmp(name, "location") == 0)
            put_location(rebase, writer, table->folder);
        else
            weft_json_put_value(writer, value);
    }
    weft_json_key(writer, "metadata-log");
    weft_json_begin_array(writer);
    weft_json_end_array(writer);
    weft_json_key(writer, "snapshots");
    weft_json_begin_array(writer);
    for (size_t k = 0; k < table->snapshot_count; k++)
        put_snapshot(rebase, writer, &table->snapshots[k]);
    weft_json_end_array(writer);
    weft_json_key(writer, "snapshot-log");
    put_log(writer, table);
    weft_json_end_object(writer);
}

static int rebase_metadata(struct rebase *rebase, char **new_path)
{
    const char *name = weft_path_basename(rebase->table->metadata_path);
    size_t digits = strspn(name, "0123456789");
    char *path = weft_format("%s/metadata/%.*s-%s.metadata.json", rebase->table->folder,
                             (int)WEFT_MIN(digits, 20), name, rebase->id);
    char *full = path == NULL ? NULL : weft_path_join(rebase->home, path);
    struct weft_buf text;
    struct weft_json_writer writer;
    weft_buf_init(&text, LAKE_METADATA_MAX);
    weft_json_writer_init(&writer, &text);
    put_metadata(rebase, &writer);
    int rc = full == NULL ? weft_error_nomem(rebase->error) : weft_buf_check(&text, rebase->error);
    if (rc == 0)
        rc = weft_fs_write_file(full, text.data, text.length, rebase->error);
    weft_buf_release(&text);
    weft_free(full);
    if (rc < 0) {
        weft_free(path);
        return rc;
    }
    *new_path = path;
    return 0;
}

static int rebase_all(struct rebase *rebase, char **new_path)
{
    rebase->manifests = weft_map_new();
    rebase->lists = weft_map_new();
    if (rebase->manifests == NULL || rebase->lists == NULL)
        return weft_error_nomem(rebase->error);
    WEFT_TRY(weft_uuid(rebase->id, rebase->error));
    for (size_t i = 0; i < rebase->table->snapshot_count; i++) {
        WEFT_TRY(lake_snapshot_read(rebase->table, i, rebase->error));
        WEFT_TRY(rebase_snapshot(rebase, &rebase->table->snapshots[i].snapshot));
    }
    return rebase_metadata(rebase, new_path);
}

/* Does the metadata say that the table was written below old_home? */
static int check_old_home(const struct weft_table *table, const char *old_home,
                          struct weft_error *error)
{
    const char *location = weft_json_text_or(table->root, "location", "");
    const char *path = strncmp(location, "file://", 7) == 0 ? location + 7 : location;
    size_t length = strlen(old_home);
    while (length > 1 && old_home[length - 1] == '/')
        length--;
    if (strncmp(path, old_home, length) == 0 && path[length] == '/' &&
        strcmp(path + length + 1, table->folder) == 0)
        return 0;
    return weft_error_set(error, WEFT_E_INVALID, "the table lay at %s, not below %s", location,
                          old_home);
}

int weft_table_rebase(const char *home, const char *metadata_path, const char *old_home,
                      char **new_metadata_path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_table *table = NULL;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(lake_check_home(home, error));
    WEFT_TRY(weft_table_load(arena, home, metadata_path, &table, error));
    WEFT_TRY(lake_window_widen(table, error));
    WEFT_TRY(check_old_home(table, old_home, error));
    struct rebase rebase = {.arena = arena, .home = home, .table = table, .error = error};
    int rc = rebase_all(&rebase, new_metadata_path);
    weft_map_free(rebase.manifests);
    weft_map_free(rebase.lists);
    return rc;
}

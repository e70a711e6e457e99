/*
 * make.c - the next state of a table: which manifests it has, the snapshot, the files in order.
 *
 * The order is manifest, manifest list, metadata. Each file is durable before the next is begun,
 * their names are when the metadata is: one sync of the folder makes all three so, and nobody but
 * the ledger's commit, which comes after it, leads a reader there. What a failure leaves behind
 * carries the run's id in its name (weft_table_sweep).
 */
#include "base/fs.h"
#include "base/random.h"
#include "base/text.h"
#include "lake/make_internal.h"

#include <string.h>

/* ---- what is asked for ---- */

static bool run_id_valid(const char *run_id)
{
    size_t length = strlen(run_id);
    return length >= 8 && length <= 64 &&
           strspn(run_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
               length;
}

static int check_added(const struct making *making, const struct weft_data_file *file)
{
    const struct weft_table_change *change = making->change;
    size_t length = strlen(change->folder);
    if (strncmp(file->path, change->folder, length) != 0 || file->path[length] != '/')
        return weft_error_set(making->error, WEFT_E_INVALID,
                              "the data file %s lies outside the table's folder %s", file->path,
                              change->folder);
    if (file->content != 0)
        return weft_error_set(making->error, WEFT_E_NOT_YET, "delete files cannot be written yet");
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(making->home, file->path);
    struct weft_fs_identity identity;
    if (path == NULL)
        return weft_error_nomem(making->error);
    int rc = weft_fs_identity(path, &identity, making->error);
    if (rc < 0)
        return rc;
    if (rc > 0 || identity.size != file->size)
        return weft_error_set(making->error, WEFT_E_CORRUPT,
                              "the data file %s has not the %" PRId64 " bytes it should have",
                              file->path, file->size);
    return weft_fs_sync_path(path, making->error);
}

/* The first file of a table that is there already: its folder of data may be new. */
static int check_folder(const struct making *making)
{
    const struct weft_table *table = making->table;
    if (table == NULL || (table->current != NULL &&
                          weft_json_int_or(table->current->summary, "total-data-files", 0) != 0))
        return 0;
    char *path = weft_arena_format(making->arena, "%s/%s", making->home, making->change->folder);
    return path == NULL ? weft_error_nomem(making->error) : weft_fs_sync_path(path, making->error);
}

/* The engine that wrote the data files does not sync them: here they become durable. */
static int check_files(const struct making *making)
{
    const char *last = "";
    for (size_t i = 0; i < making->change->added_count; i++) {
        const struct weft_data_file *file = &making->change->added[i];
        WEFT_TRY(check_added(making, file));
        size_t folder = (size_t)(weft_path_basename(file->path) - file->path);
        if (strlen(last) == folder && memcmp(last, file->path, folder) == 0)
            continue;
        last = weft_arena_strndup(making->arena, file->path, folder);
        char *path =
            last == NULL ? NULL : weft_arena_format(making->arena, "%s/%s", making->home, last);
        if (path == NULL)
            return weft_error_nomem(making->error);
        WEFT_TRY(weft_fs_sync_path(path, making->error));
    }
    return *last == '\0' ? 0 : check_folder(making);
}

static int check_change(const struct making *making)
{
    const struct weft_table_change *change = making->change;
    WEFT_TRY(lake_check_home(making->home, making->error));
    if (!run_id_valid(change->run_id))
        return weft_error_set(making->error, WEFT_E_INVALID, "\"%s\" is no id of a run",
                              change->run_id);
    if (making->table != NULL && strcmp(making->table->folder, change->folder) != 0)
        return weft_error_set(making->error, WEFT_E_INVALID, "the table lies in %s, not in %s",
                              making->table->folder, change->folder);
    bool named = change->operation == WEFT_OP_OVERWRITE && !change->remove_all;
    if (change->removed_count > 0 && !named)
        return weft_error_set(making->error, WEFT_E_INVALID,
                              "this operation cannot remove named data files");
    bool no_files =
        change->operation == WEFT_OP_ROLLBACK || change->operation == WEFT_OP_SCHEMA_ONLY;
    if (no_files && change->added_count > 0)
        return weft_error_set(making->error, WEFT_E_INVALID,
                              "this operation cannot add data files");
    return check_files(making);
}

/* The folder, and the names of new folders up to the home, made durable. */
static int make_folder(const struct making *making)
{
    char *path =
        weft_arena_format(making->arena, "%s/%s/metadata", making->home, making->change->folder);
    if (path == NULL)
        return weft_error_nomem(making->error);
    WEFT_TRY(weft_fs_mkdirs(path, making->error));
    if (making->table != NULL)
        return 0;
    size_t home = strlen(making->home);
    for (char *slash = strrchr(path, '/'); slash != NULL && slash >= path + home;
         slash = strrchr(path, '/')) {
        *slash = '\0';
        WEFT_TRY(weft_fs_sync_path(path, making->error));
    }
    return 0;
}

/* ---- totals ---- */

static int64_t summary_int(const struct weft_snapshot *snapshot, const char *key, int64_t otherwise)
{
    const char *text = snapshot == NULL ? NULL : weft_json_text_or(snapshot->summary, key, NULL);
    int64_t value = 0;
    if (text == NULL || !weft_parse_int64(text, strlen(text), &value) || value < 0)
        return otherwise;
    return value;
}

static int set_totals(struct making *making)
{
    struct weft_table_made *made = &making->made;
    for (size_t i = 0; i < making->manifests.count; i++) {
        const struct lake_manifest *manifest = &making->manifests.items[i];
        if (manifest->content != LAKE_DATA)
            continue;
        made->total_records += manifest->added_rows + manifest->existing_rows;
        made->total_files += manifest->added_files + manifest->existing_files;
    }
    /* Another writer may have left the size out of its summary. */
    int64_t before = summary_int(making->base, "total-files-size", -1);
    if (making->base == NULL)
        before = 0;
    if (before < 0)
        return lake_make_count_bytes(making, &made->total_bytes);
    if (making->change->operation == WEFT_OP_ROLLBACK)
        made->total_bytes = before;
    else if (making->change->operation == WEFT_OP_OVERWRITE && making->change->remove_all)
        made->total_bytes = making->added_bytes;
    else
        made->total_bytes = before - making->removed_bytes + making->added_bytes;
    return 0;
}

/* ---- the snapshot ---- */

static const char *operation_name(const struct making *making)
{
    bool added = making->change->added_count + making->readded.count > 0;
    bool removed = making->removed.count > 0;
    /* What a rollback brings back is not new: an incremental reader may not take it for that. */
    if (!removed && making->readded.count == 0)
        return "append";
    return added ? "overwrite" : "delete";
}

static void member_number(struct weft_json_writer *writer, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    weft_json_member_text(writer, key, text);
}

static void member_count(struct weft_json_writer *writer, const char *key, int64_t value)
{
    if (value > 0)
        member_number(writer, key, value);
}

/* Every value is a text; readers of the JDBC and REST catalogues parse the totals. */
static void write_summary(struct weft_json_writer *writer, const struct making *making)
{
    const struct weft_table_change *change = making->change;
    const struct weft_table_made *made = &making->made;
    int64_t delete_files = 0;
    for (size_t i = 0; i < making->manifests.count; i++)
        if (making->manifests.items[i].content == LAKE_DELETES)
            delete_files +=
                making->manifests.items[i].added_files + making->manifests.items[i].existing_files;
    const struct weft_snapshot *base = delete_files > 0 ? making->base : NULL;
    weft_json_begin_object(writer);
    weft_json_member_text(writer, "operation", operation_name(making));
    for (size_t i = 0; i < change->summary_count; i++)
        weft_json_member_text(writer, change->summary[i].key, change->summary[i].value);
    member_count(writer, "added-data-files",
                 (int64_t)(change->added_count + making->readded.count));
    member_count(writer, "deleted-data-files", (int64_t)making->removed.count);
    member_count(writer, "added-records", making->added_records);
    member_count(writer, "deleted-records", making->removed_records);
    member_count(writer, "added-files-size", making->added_bytes);
    member_count(writer, "removed-files-size", making->removed_bytes);
    member_number(writer, "total-records", made->total_records);
    member_number(writer, "total-files-size", made->total_bytes);
    member_number(writer, "total-data-files", made->total_files);
    member_number(writer, "total-delete-files", delete_files);
    member_number(writer, "total-position-deletes", summary_int(base, "total-position-deletes", 0));
    member_number(writer, "total-equality-deletes", summary_int(base, "total-equality-deletes", 0));
    weft_json_end_object(writer);
}

static int write_snapshot(const struct making *making, const char *list, struct weft_buf *out)
{
    struct weft_json_writer writer;
    struct weft_buf uri;
    weft_buf_init(&uri, 65536);
    lake_uri(&uri, making->home, list);
    weft_json_writer_init(&writer, out);
    weft_json_begin_object(&writer);
    weft_json_member_int(&writer, "sequence-number", making->sequence);
    weft_json_member_int(&writer, "snapshot-id", making->made.snapshot_id);
    if (making->made.parent_id != 0)
        weft_json_member_int(&writer, "parent-snapshot-id", making->made.parent_id);
    weft_json_member_int(&writer, "timestamp-ms", making->now_ms);
    weft_json_key(&writer, "summary");
    write_summary(&writer, making);
    weft_json_key(&writer, "manifest-list");
    weft_json_put_text_n(&writer, uri.data, uri.length);
    weft_json_member_int(&writer, "schema-id", making->change->schema->schema_id);
    weft_json_end_object(&writer);
    int rc = weft_buf_check(&uri, making->error);
    weft_buf_release(&uri);
    return rc < 0 ? rc : weft_buf_check(out, making->error);
}

static int new_snapshot_id(struct making *making)
{
    int64_t id = 0;
    /* 63 random bits: no second one is looked for among the old. */
    while (id <= 0)
        WEFT_TRY(weft_random_id(&id, making->error));
    making->made.snapshot_id = id;
    return 0;
}

static int begin_snapshot(struct making *making)
{
    const struct weft_table *table = making->table;
    const struct weft_snapshot *current = table == NULL ? NULL : table->current;
    WEFT_TRY(new_snapshot_id(making));
    making->sequence = table == NULL ? 1 : table->last_sequence + 1;
    making->made.parent_id = current == NULL ? 0 : current->snapshot_id;
    making->base = current;
    if (making->change->operation != WEFT_OP_ROLLBACK)
        return 0;
    int64_t wanted = making->change->rollback_snapshot_id;
    int rc = 0;
    making->base = NULL;
    if (table != NULL)
        rc = weft_table_find(table, wanted, &making->base, making->error);
    if (rc < 0)
        return rc;
    if (making->base == NULL)
        return weft_error_set(making->error, WEFT_E_NOT_FOUND, "the table has no snapshot %" PRId64,
                              wanted);
    return 0;
}

static int make_snapshot(struct making *making, struct weft_buf *json)
{
    WEFT_TRY(begin_snapshot(making));
    WEFT_TRY(lake_make_manifests(making));
    WEFT_TRY(set_totals(making));
    const char *list =
        weft_arena_format(making->arena, "%s/metadata/snap-%" PRId64 "-1-%s.avro",
                          making->change->folder, making->made.snapshot_id, making->change->run_id);
    if (list == NULL)
        return weft_error_nomem(making->error);
    struct lake_manifest_job job = {.home = making->home,
                                    .path = list,
                                    .schema = making->change->schema,
                                    .snapshot_id = making->made.snapshot_id,
                                    .sequence = making->sequence};
    WEFT_TRY(lake_manifest_list_write(making->arena, &job, making->made.parent_id,
                                      &making->manifests, making->error));
    return write_snapshot(making, list, json);
}

static void keep_totals(struct making *making)
{
    const struct weft_snapshot *current = making->table == NULL ? NULL : making->table->current;
    making->sequence = making->table == NULL ? 0 : making->table->last_sequence;
    making->made.parent_id = current == NULL ? 0 : current->snapshot_id;
    making->made.total_records = summary_int(current, "total-records", 0);
    making->made.total_files = summary_int(current, "total-data-files", 0);
    making->made.total_bytes = summary_int(current, "total-files-size", 0);
}

static int make_files(struct making *making, struct weft_buf *json)
{
    bool snapshot = making->change->operation != WEFT_OP_SCHEMA_ONLY;
    if (snapshot)
        WEFT_TRY(make_snapshot(making, json));
    else
        keep_totals(making);
    struct lake_next next = {.table = making->table,
                             .change = making->change,
                             .home = making->home,
                             .made = &making->made,
                             .now_ms = making->now_ms,
                             .sequence = making->sequence,
                             .snapshot_json = snapshot ? json->data : NULL,
                             .snapshot_length = json->length,
                             .order_id = making->order_id};
    return lake_metadata_write(making->arena, &next, making->error);
}

int weft_table_make(struct weft_arena *arena, const char *home, const struct weft_table *table,
                    const struct weft_table_change *change, struct weft_table_made *out,
                    struct weft_error *error)
{
    struct making making = {.arena = arena,
                            .home = home,
                            .table = table,
                            .change = change,
                            .error = error,
                            .now_ms = change->timestamp_ms};
    if (table != NULL)
        making.now_ms = WEFT_MAX(making.now_ms, table->last_updated_ms + 1);
    WEFT_TRY(check_change(&making));
    WEFT_TRY(lake_order_find(arena, table, change, &making.order_id, error));
    WEFT_TRY(make_folder(&making));
    struct weft_buf json;
    weft_buf_init(&json, (size_t)4 << 20);
    int rc = make_files(&making, &json);
    weft_buf_release(&json);
    if (rc == 0)
        *out = making.made;
    return rc;
}

/*
 * metadata_read.c - a table's metadata file, read and checked: what other code may ask of a table.
 *
 * The text is kept beside the tree, because the next metadata file takes the text of old snapshots
 * as it is. Only format version 2 without partitions is read: weft writes no other.
 */
#include "base/fs.h"
#include "lake/table_internal.h"

#include <string.h>

struct metadata_reader {
    struct weft_arena *arena;
    struct weft_table *table;
    struct weft_error *error;
};

static int corrupt(struct metadata_reader *reader, const char *what)
{
    return weft_error_set(reader->error, WEFT_E_CORRUPT, "%s", what);
}

static int read_int32(struct metadata_reader *reader, yyjson_val *object, const char *key, int *out)
{
    int64_t value = 0;
    WEFT_TRY(weft_json_int(object, key, &value, reader->error));
    if (value < -1 || value > INT32_MAX - 200)
        return weft_error_set(reader->error, WEFT_E_CORRUPT, "%s is %" PRId64, key, value);
    *out = (int)value;
    return 0;
}

static int read_schemas(struct metadata_reader *reader)
{
    struct weft_table *table = reader->table;
    yyjson_val *schemas = NULL;
    int current = 0;
    WEFT_TRY(weft_json_array(table->root, "schemas", &schemas, reader->error));
    WEFT_TRY(read_int32(reader, table->root, "current-schema-id", &current));
    WEFT_TRY(read_int32(reader, table->root, "last-column-id", &table->last_column_id));
    size_t count = yyjson_arr_size(schemas);
    if (count > LAKE_SCHEMAS_MAX)
        return weft_error_set(reader->error, WEFT_E_LIMIT, "more than %d schemas",
                              LAKE_SCHEMAS_MAX);
    table->schemas = weft_arena_array(reader->arena, count, sizeof *table->schemas);
    if (table->schemas == NULL)
        return weft_error_nomem(reader->error);
    table->schema_count = count;
    table->current_schema = count;
    yyjson_val *json_fields = yyjson_obj_get(table->properties, LAKE_JSON_FIELDS);
    size_t i = 0;
    size_t max = 0;
    yyjson_val *schema = NULL;
    yyjson_arr_foreach(schemas, i, max, schema)
    {
        WEFT_TRY(lake_schema_read(reader->arena, schema, json_fields, &table->schemas[i],
                                  &table->last_column_id, reader->error));
        if (table->schemas[i].schema_id == current)
            table->current_schema = i;
    }
    return table->current_schema < count ? 0 : corrupt(reader, "the current schema is missing");
}

static int read_specs(struct metadata_reader *reader)
{
    yyjson_val *specs = NULL;
    WEFT_TRY(weft_json_array(reader->table->root, "partition-specs", &specs, reader->error));
    size_t i = 0;
    size_t max = 0;
    yyjson_val *spec = NULL;
    yyjson_arr_foreach(specs, i, max, spec)
    {
        yyjson_val *fields = NULL;
        WEFT_TRY(weft_json_array(spec, "fields", &fields, reader->error));
        if (yyjson_arr_size(fields) > 0)
            return weft_error_set(reader->error, WEFT_E_NOT_YET,
                                  "a partitioned table cannot be read yet");
    }
    return 0;
}

static int read_orders(struct metadata_reader *reader)
{
    struct weft_table *table = reader->table;
    yyjson_val *orders = NULL;
    WEFT_TRY(weft_json_array(table->root, "sort-orders", &orders, reader->error));
    WEFT_TRY(
        weft_json_int(table->root, "default-sort-order-id", &table->default_order, reader->error));
    size_t count = yyjson_arr_size(orders);
    table->orders = weft_arena_array(reader->arena, count, sizeof *table->orders);
    if (table->orders == NULL)
        return weft_error_nomem(reader->error);
    table->order_count = count;
    size_t i = 0;
    size_t max = 0;
    yyjson_val *order = NULL;
    yyjson_arr_foreach(orders, i, max, order)
    {
        WEFT_TRY(weft_json_int(order, "order-id", &table->orders[i].order_id, reader->error));
        if (table->orders[i].order_id < 0 || table->orders[i].order_id > INT32_MAX - 1)
            return corrupt(reader, "an order-id is out of range");
        WEFT_TRY(weft_json_array(order, "fields", &table->orders[i].fields, reader->error));
    }
    return 0;
}

static int check_summary(struct metadata_reader *reader, yyjson_val *summary)
{
    size_t i = 0;
    size_t max = 0;
    yyjson_val *key = NULL;
    yyjson_val *value = NULL;
    yyjson_obj_foreach(summary, i, max, key, value)
    {
        if (!yyjson_is_str(value))
            return corrupt(reader, "a value in a snapshot's summary is no text");
    }
    return 0;
}

static int read_snapshot(struct metadata_reader *reader, yyjson_val *json,
                         struct weft_snapshot *snapshot)
{
    struct weft_error *error = reader->error;
    const char *list = "";
    WEFT_TRY(weft_json_int(json, "snapshot-id", &snapshot->snapshot_id, error));
    snapshot->parent_id = weft_json_int_or(json, "parent-snapshot-id", 0);
    WEFT_TRY(weft_json_int(json, "sequence-number", &snapshot->sequence_number, error));
    WEFT_TRY(weft_json_int(json, "timestamp-ms", &snapshot->timestamp_ms, error));
    WEFT_TRY(weft_json_text(json, "manifest-list", &list, error));
    WEFT_TRY(lake_relative(reader->arena, reader->table->folder, list, strlen(list),
                           &snapshot->manifest_list, error));
    int64_t schema_id = weft_json_int_or(json, "schema-id", -1);
    if (snapshot->snapshot_id <= 0 || schema_id < -1 || schema_id > INT32_MAX)
        return corrupt(reader, "a snapshot's id or schema-id is out of range");
    snapshot->schema_id = (int)schema_id;
    if (schema_id < 0)
        snapshot->schema_id = reader->table->schemas[reader->table->current_schema].schema_id;
    WEFT_TRY(weft_json_object(json, "summary", &snapshot->summary, error));
    WEFT_TRY(check_summary(reader, snapshot->summary));
    return weft_json_text(snapshot->summary, "operation", &snapshot->operation, error);
}

static int read_snapshots(struct metadata_reader *reader)
{
    struct weft_table *table = reader->table;
    yyjson_val *snapshots = yyjson_obj_get(table->root, "snapshots");
    size_t count = yyjson_arr_size(snapshots);
    if (count > LAKE_SNAPSHOTS_MAX)
        return weft_error_set(reader->error, WEFT_E_LIMIT, "more than %d snapshots",
                              LAKE_SNAPSHOTS_MAX);
    table->snapshots = weft_arena_array(reader->arena, count, sizeof *table->snapshots);
    if (table->snapshots == NULL)
        return weft_error_nomem(reader->error);
    table->snapshot_count = count;
    int64_t current = weft_json_int_or(table->root, "current-snapshot-id", -1);
    size_t i = 0;
    size_t max = 0;
    yyjson_val *snapshot = NULL;
    yyjson_arr_foreach(snapshots, i, max, snapshot)
    {
        WEFT_TRY(read_snapshot(reader, snapshot, &table->snapshots[i]));
        if (table->snapshots[i].snapshot_id == current)
            table->current = &table->snapshots[i];
    }
    if (current != -1 && table->current == NULL)
        return corrupt(reader, "the current snapshot is missing");
    return 0;
}

static int read_snapshot_log(struct metadata_reader *reader)
{
    struct weft_table *table = reader->table;
    yyjson_val *log = yyjson_obj_get(table->root, "snapshot-log");
    size_t count = yyjson_arr_size(log);
    table->log = weft_arena_array(reader->arena, count, sizeof *table->log);
    if (table->log == NULL)
        return weft_error_nomem(reader->error);
    table->log_count = count;
    size_t i = 0;
    size_t max = 0;
    yyjson_val *entry = NULL;
    yyjson_arr_foreach(log, i, max, entry)
    {
        WEFT_TRY(weft_json_int(entry, "timestamp-ms", &table->log[i].timestamp_ms, reader->error));
        WEFT_TRY(weft_json_int(entry, "snapshot-id", &table->log[i].snapshot_id, reader->error));
    }
    return 0;
}

static int read_metadata_log(struct metadata_reader *reader)
{
    struct weft_table *table = reader->table;
    yyjson_val *log = yyjson_obj_get(table->root, "metadata-log");
    size_t count = yyjson_arr_size(log);
    table->old = weft_arena_array(reader->arena, count, sizeof *table->old);
    if (table->old == NULL)
        return weft_error_nomem(reader->error);
    table->old_count = count;
    size_t i = 0;
    size_t max = 0;
    yyjson_val *entry = NULL;
    yyjson_arr_foreach(log, i, max, entry)
    {
        const char *file = "";
        WEFT_TRY(weft_json_int(entry, "timestamp-ms", &table->old[i].timestamp_ms, reader->error));
        WEFT_TRY(weft_json_text(entry, "metadata-file", &file, reader->error));
        WEFT_TRY(lake_relative(reader->arena, table->folder, file, strlen(file),
                               &table->old[i].path, reader->error));
    }
    return 0;
}

static int read_head(struct metadata_reader *reader)
{
    struct weft_table *table = reader->table;
    int64_t version = 0;
    if (!yyjson_is_obj(table->root))
        return corrupt(reader, "it is no object");
    WEFT_TRY(weft_json_int(table->root, "format-version", &version, reader->error));
    if (version != 2)
        return weft_error_set(reader->error, WEFT_E_NOT_YET,
                              "Iceberg format version %" PRId64 " cannot be read yet", version);
    WEFT_TRY(weft_json_text(table->root, "table-uuid", &table->uuid, reader->error));
    WEFT_TRY(
        weft_json_int(table->root, "last-sequence-number", &table->last_sequence, reader->error));
    WEFT_TRY(weft_json_int(table->root, "last-updated-ms", &table->last_updated_ms, reader->error));
    if (table->last_sequence < 0 || table->last_sequence > INT64_MAX / 2 ||
        table->last_updated_ms > INT64_MAX / 2)
        return corrupt(reader, "a sequence number or time is out of range");
    table->properties = yyjson_obj_get(table->root, "properties");
    return 0;
}

static void free_doc(void *doc)
{
    yyjson_doc_free(doc);
}

static int parse_json(struct weft_arena *arena, const char *text, size_t length, yyjson_val **root,
                      struct weft_error *error)
{
    yyjson_doc *doc = NULL;
    int rc = weft_json_parse(text, length, 0, &doc, error);
    if (rc < 0) {
        if (error != NULL && error->code == WEFT_E_INVALID)
            error->code = WEFT_E_CORRUPT;
        return rc;
    }
    if (weft_arena_at_end(arena, free_doc, doc) < 0) {
        yyjson_doc_free(doc);
        return weft_error_nomem(error);
    }
    *root = yyjson_doc_get_root(doc);
    return 0;
}

int lake_metadata_parse(struct weft_arena *arena, const char *metadata_path, const char *text,
                        size_t length, struct weft_table **out, struct weft_error *error)
{
    struct weft_table *table = weft_arena_alloc(arena, sizeof *table);
    struct metadata_reader reader = {arena, table, error};
    if (table == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(lake_table_folder(arena, metadata_path, &table->folder, error));
    table->text = text;
    table->length = length;
    table->metadata_path = weft_arena_strdup(arena, metadata_path);
    if (table->metadata_path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(parse_json(arena, text, length, &table->root, error));
    WEFT_TRY(read_head(&reader));
    WEFT_TRY(read_schemas(&reader));
    WEFT_TRY(read_specs(&reader));
    WEFT_TRY(read_orders(&reader));
    WEFT_TRY(read_snapshots(&reader));
    WEFT_TRY(read_snapshot_log(&reader));
    WEFT_TRY(read_metadata_log(&reader));
    *out = table;
    return 0;
}

static void free_text(void *text)
{
    weft_free(text);
}

int weft_table_load(struct weft_arena *arena, const char *home, const char *metadata_path,
                    struct weft_table **out, struct weft_error *error)
{
    char *path = weft_path_join(home, metadata_path);
    if (path == NULL)
        return weft_error_nomem(error);
    struct weft_buf text;
    weft_buf_init(&text, 2 * LAKE_METADATA_MAX);
    int rc = weft_fs_read_file(path, LAKE_METADATA_MAX, &text, error);
    weft_free(path);
    if (rc > 0)
        rc = weft_error_set(error, WEFT_E_CORRUPT, "the metadata file %s is gone", metadata_path);
    size_t length = text.length;
    char *data = rc < 0 ? NULL : weft_buf_steal(&text);
    weft_buf_release(&text);
    if (rc < 0)
        return rc;
    if (data == NULL || weft_arena_at_end(arena, free_text, data) < 0) {
        weft_free(data);
        return weft_error_nomem(error);
    }
    rc = lake_metadata_parse(arena, metadata_path, data, length, out, error);
    if (rc < 0 && error != NULL) {
        weft_error_at(error, metadata_path, error->line, error->column);
        weft_error_prefix(error, "table metadata %s", metadata_path);
    }
    return rc;
}

/* ---- questions ---- */

const struct weft_table_schema *weft_table_schema(const struct weft_table *table)
{
    return &table->schemas[table->current_schema];
}

const struct weft_table_schema *weft_table_schema_of(const struct weft_table *table, int schema_id)
{
    for (size_t i = 0; i < table->schema_count; i++)
        if (table->schemas[i].schema_id == schema_id)
            return &table->schemas[i];
    return NULL;
}

const struct weft_snapshot *weft_table_current(const struct weft_table *table)
{
    return table->current;
}

const struct weft_snapshot *weft_table_snapshot(const struct weft_table *table, int64_t snapshot_id)
{
    for (size_t i = table->snapshot_count; i > 0; i--)
        if (table->snapshots[i - 1].snapshot_id == snapshot_id)
            return &table->snapshots[i - 1];
    return NULL;
}

const struct weft_snapshot *weft_table_snapshot_at(const struct weft_table *table,
                                                   int64_t timestamp_ms)
{
    for (size_t i = table->log_count; i > 0; i--)
        if (table->log[i - 1].timestamp_ms <= timestamp_ms)
            return weft_table_snapshot(table, table->log[i - 1].snapshot_id);
    return NULL;
}

size_t weft_table_snapshot_count(const struct weft_table *table)
{
    return table->snapshot_count;
}

const struct weft_snapshot *weft_table_snapshot_nth(const struct weft_table *table, size_t i)
{
    return i < table->snapshot_count ? &table->snapshots[i] : NULL;
}

const char *weft_table_uuid(const struct weft_table *table)
{
    return table->uuid;
}

const char *weft_table_metadata_path(const struct weft_table *table)
{
    return table->metadata_path;
}

const char *weft_table_folder(const struct weft_table *table)
{
    return table->folder;
}

const char *weft_table_property(const struct weft_table *table, const char *key)
{
    return weft_json_text_or(table->properties, key, NULL);
}

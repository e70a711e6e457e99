/*
 * metadata_write.c - the next metadata file of a table.
 *
 * Its layout (table_internal.h) lets a commit copy the text of old snapshots as it is: a table of
 * many snapshots costs a copy, not a rebuilding.
 */
#include "base/fault.h"
#include "base/fs.h"
#include "base/random.h"
#include "lake/table_internal.h"

#include <string.h>

#define UNPARTITIONED "[{\"spec-id\":0,\"fields\":[]}]"

/* ---- sort orders ---- */

static const struct weft_column *column_named(const struct weft_table_schema *schema,
                                              const char *name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->columns[i].name, name) == 0)
            return &schema->columns[i];
    return NULL;
}

static const char *direction(const struct weft_sort_field *field)
{
    return field->descending ? "desc" : "asc";
}

static const char *null_order(const struct weft_sort_field *field)
{
    return field->descending ? "nulls-last" : "nulls-first";
}

static bool order_equal(const struct lake_sort_order *order, const struct weft_table_change *change)
{
    if (yyjson_arr_size(order->fields) != change->sort_count)
        return false;
    for (size_t i = 0; i < change->sort_count; i++) {
        const struct weft_sort_field *field = &change->sort[i];
        yyjson_val *old = yyjson_arr_get(order->fields, i);
        const struct weft_column *column = column_named(change->schema, field->field);
        if (weft_json_int_or(old, "source-id", -1) != column->id ||
            strcmp(weft_json_text_or(old, "transform", ""), "identity") != 0 ||
            strcmp(weft_json_text_or(old, "direction", ""), direction(field)) != 0 ||
            strcmp(weft_json_text_or(old, "null-order", ""), null_order(field)) != 0)
            return false;
    }
    return true;
}

int lake_order_find(struct weft_arena *arena, const struct weft_table *table,
                    const struct weft_table_change *change, int64_t *order_id,
                    struct weft_error *error)
{
    (void)arena;
    for (size_t i = 0; i < change->sort_count; i++) {
        const struct weft_column *column = column_named(change->schema, change->sort[i].field);
        if (column == NULL || weft_type_is_nested(column->type))
            return weft_error_set(error, WEFT_E_INVALID, "the table cannot be sorted by %s",
                                  change->sort[i].field);
    }
    *order_id = change->sort_count == 0 ? 0 : 1;
    int64_t next = *order_id;
    for (size_t i = 0; change->sort_count > 0 && table != NULL && i < table->order_count; i++) {
        next = WEFT_MAX(next, table->orders[i].order_id + 1);
        if (table->orders[i].order_id > 0 && order_equal(&table->orders[i], change)) {
            *order_id = table->orders[i].order_id;
            return 0;
        }
    }
    *order_id = next;
    return 0;
}

static void write_order(struct weft_json_writer *writer, const struct weft_table_change *change,
                        int64_t order_id)
{
    weft_json_begin_object(writer);
    weft_json_member_int(writer, "order-id", order_id);
    weft_json_key(writer, "fields");
    weft_json_begin_array(writer);
    for (size_t i = 0; order_id > 0 && i < change->sort_count; i++) {
        const struct weft_sort_field *field = &change->sort[i];
        weft_json_begin_object(writer);
        weft_json_member_text(writer, "transform", "identity");
        weft_json_member_int(writer, "source-id", column_named(change->schema, field->field)->id);
        weft_json_member_text(writer, "direction", direction(field));
        weft_json_member_text(writer, "null-order", null_order(field));
        weft_json_end_object(writer);
    }
    weft_json_end_array(writer);
    weft_json_end_object(writer);
}

static void write_orders(struct weft_json_writer *writer, const struct lake_next *next)
{
    const struct weft_table *table = next->table;
    bool zero = false;
    bool wanted = false;
    weft_json_member_int(writer, "default-sort-order-id", next->order_id);
    weft_json_key(writer, "sort-orders");
    weft_json_begin_array(writer);
    for (size_t i = 0; table != NULL && i < table->order_count; i++) {
        weft_json_begin_object(writer);
        weft_json_member_int(writer, "order-id", table->orders[i].order_id);
        weft_json_key(writer, "fields");
        weft_json_put_value(writer, table->orders[i].fields);
        weft_json_end_object(writer);
        zero = zero || table->orders[i].order_id == 0;
        wanted = wanted || table->orders[i].order_id == next->order_id;
    }
    if (!zero)
        write_order(writer, next->change, 0);
    if (!wanted && next->order_id != 0)
        write_order(writer, next->change, next->order_id);
    weft_json_end_array(writer);
}

/* ---- schemas and properties ---- */

static int max_id(const struct weft_table_schema *schema)
{
    int max = 0;
    for (size_t i = 0; i < schema->count; i++) {
        max = WEFT_MAX(max, schema->columns[i].id);
        for (size_t k = 0; k < schema->columns[i].nested_count; k++)
            max = WEFT_MAX(max, schema->columns[i].nested_ids[k]);
    }
    return max;
}

static void write_schemas(struct weft_json_writer *writer, const struct lake_next *next)
{
    const struct weft_table *table = next->table;
    const struct weft_table_schema *schema = next->change->schema;
    int last = WEFT_MAX(max_id(schema), table == NULL ? 0 : table->last_column_id);
    weft_json_member_int(writer, "last-column-id", last);
    weft_json_member_int(writer, "current-schema-id", schema->schema_id);
    weft_json_key(writer, "schemas");
    weft_json_begin_array(writer);
    yyjson_val *old = table == NULL ? NULL : yyjson_obj_get(table->root, "schemas");
    size_t i = 0;
    size_t max = 0;
    yyjson_val *value = NULL;
    yyjson_arr_foreach(old, i, max, value)
    {
        weft_json_put_value(writer, value);
    }
    if (table == NULL || weft_table_schema_of(table, schema->schema_id) == NULL)
        lake_schema_write(writer, schema);
    weft_json_end_array(writer);
}

static bool property_set(const struct weft_table_change *change, const char *key)
{
    for (size_t i = 0; i < change->property_count; i++)
        if (strcmp(change->properties[i].key, key) == 0)
            return true;
    return false;
}

/* The ids of json fields of the old schemas stay: their snapshots are still read. */
static void add_old_json_fields(struct weft_buf *out, const char *old)
{
    while (old != NULL && *old != '\0') {
        size_t length = strcspn(old, ",");
        const char *at = out->data;
        bool there = false;
        while (*at != '\0' && !there) {
            size_t part = strcspn(at, ",");
            there = part == length && memcmp(at, old, length) == 0;
            at += part;
            at += *at == ',';
        }
        if (!there) {
            weft_buf_adds(out, out->length > 0 ? "," : "");
            weft_buf_add(out, old, length);
        }
        old += length;
        old += *old == ',';
    }
}

static void write_properties(struct weft_json_writer *writer, const struct lake_next *next)
{
    const struct weft_table_change *change = next->change;
    yyjson_val *old = next->table == NULL ? NULL : next->table->properties;
    struct weft_buf json_fields;
    weft_buf_init(&json_fields, (size_t)16 * LAKE_COLUMNS_MAX);
    lake_json_fields(change->schema, &json_fields);
    add_old_json_fields(&json_fields, weft_json_text_or(old, LAKE_JSON_FIELDS, NULL));
    weft_json_key(writer, "properties");
    weft_json_begin_object(writer);
    size_t i = 0;
    size_t max = 0;
    yyjson_val *key = NULL;
    yyjson_val *value = NULL;
    WEFT_JSON_EACH(old, i, max, key, value)
    {
        const char *name = yyjson_get_str(key);
        if (strcmp(name, LAKE_JSON_FIELDS) == 0 || property_set(change, name))
            continue;
        weft_json_key(writer, name);
        weft_json_put_value(writer, value);
    }
    for (size_t k = 0; k < change->property_count; k++)
        if (strcmp(change->properties[k].key, LAKE_JSON_FIELDS) != 0)
            weft_json_member_text(writer, change->properties[k].key, change->properties[k].value);
    if (json_fields.length > 0)
        weft_json_member_text(writer, LAKE_JSON_FIELDS, json_fields.data);
    weft_json_end_object(writer);
    writer->out->failed = writer->out->failed || json_fields.failed;
    weft_buf_release(&json_fields);
}

/* ---- the log of metadata files ---- */

static void write_uri(struct weft_json_writer *writer, const struct lake_next *next,
                      const char *path)
{
    struct weft_buf uri;
    weft_buf_init(&uri, 65536);
    lake_uri(&uri, next->home, path);
    weft_json_put_text_n(writer, uri.data, uri.length);
    writer->out->failed = writer->out->failed || uri.failed;
    weft_buf_release(&uri);
}

static void write_old_metadata(struct weft_json_writer *writer, const struct lake_next *next,
                               int64_t timestamp_ms, const char *path)
{
    weft_json_begin_object(writer);
    weft_json_member_int(writer, "timestamp-ms", timestamp_ms);
    weft_json_key(writer, "metadata-file");
    write_uri(writer, next, path);
    weft_json_end_object(writer);
}

/* The file that was current counts as the first of the old ones that are kept. */
static int write_metadata_log(struct weft_arena *arena, struct weft_json_writer *writer,
                              const struct lake_next *next, struct weft_error *error)
{
    const struct weft_table *table = next->table;
    size_t kept =
        next->change->metadata_files_kept < 1 ? 1 : (size_t)next->change->metadata_files_kept;
    size_t old_count = table == NULL ? 0 : table->old_count;
    size_t gone = old_count + 1 > kept ? old_count + 1 - kept : 0;
    gone = WEFT_MIN(gone, old_count);
    const char **removed = weft_arena_array(arena, gone, sizeof *removed);
    if (removed == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < gone; i++)
        removed[i] = table->old[i].path;
    next->made->old_metadata = removed;
    next->made->old_metadata_count = gone;
    weft_json_key(writer, "metadata-log");
    weft_json_begin_array(writer);
    for (size_t i = gone; i < old_count; i++)
        write_old_metadata(writer, next, table->old[i].timestamp_ms, table->old[i].path);
    if (table != NULL)
        write_old_metadata(writer, next, table->last_updated_ms, table->metadata_path);
    weft_json_end_array(writer);
    return 0;
}

/* ---- the file ---- */

static void write_head(struct weft_json_writer *writer, const struct lake_next *next,
                       const char *uuid)
{
    weft_json_member_int(writer, "format-version", 2);
    weft_json_member_text(writer, "table-uuid", uuid);
    weft_json_key(writer, "location");
    write_uri(writer, next, next->change->folder);
    weft_json_member_int(writer, "last-sequence-number", next->sequence);
    weft_json_member_int(writer, "last-updated-ms", next->now_ms);
    write_schemas(writer, next);
    weft_json_member_int(writer, "default-spec-id", 0);
    weft_json_key(writer, "partition-specs");
    weft_json_put_raw(writer, UNPARTITIONED, sizeof UNPARTITIONED - 1);
    weft_json_member_int(writer, "last-partition-id", LAKE_PARTITION_ID_START);
    write_orders(writer, next);
    write_properties(writer, next);
}

static void write_current(struct weft_json_writer *writer, const struct lake_next *next)
{
    const struct weft_table *table = next->table;
    int64_t current = table != NULL && table->current != NULL ? table->current->snapshot_id : -1;
    if (next->snapshot_json != NULL)
        current = next->made->snapshot_id;
    weft_json_member_int(writer, "current-snapshot-id", current);
    weft_json_key(writer, "refs");
    weft_json_begin_object(writer);
    if (current != -1) {
        weft_json_key(writer, "main");
        weft_json_begin_object(writer);
        weft_json_member_int(writer, "snapshot-id", current);
        weft_json_member_text(writer, "type", "branch");
        weft_json_end_object(writer);
    }
    weft_json_end_object(writer);
}

static int build_front(struct weft_arena *arena, const struct lake_next *next, struct weft_buf *out,
                       struct weft_error *error)
{
    char fresh[WEFT_UUID_TEXT];
    const char *uuid = fresh;
    if (next->table != NULL)
        uuid = next->table->uuid;
    else
        WEFT_TRY(weft_uuid(fresh, error));
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, out);
    weft_json_begin_object(&writer);
    write_head(&writer, next, uuid);
    write_current(&writer, next);
    WEFT_TRY(write_metadata_log(arena, &writer, next, error));
    return weft_buf_check(out, error);
}

/* The number in front of the current file's name, plus one. */
static int64_t next_version(const struct weft_table *table)
{
    int64_t version = 0;
    const char *name = table == NULL ? "" : weft_path_basename(table->metadata_path);
    for (; *name >= '0' && *name <= '9' && version < 1000000000; name++)
        version = version * 10 + (*name - '0');
    return table == NULL ? 0 : version + 1;
}

int lake_metadata_write(struct weft_arena *arena, const struct lake_next *next,
                        struct weft_error *error)
{
    const char *relative =
        weft_arena_format(arena, "%s/metadata/%05" PRId64 "-%s.metadata.json", next->change->folder,
                          next_version(next->table), next->change->run_id);
    char *path = relative == NULL ? NULL : weft_arena_format(arena, "%s/%s", next->home, relative);
    if (path == NULL)
        return weft_error_nomem(error);
    struct weft_buf front;
    weft_buf_init(&front, LAKE_METADATA_MAX);
    int rc = build_front(arena, next, &front, error);
    if (rc == 0 && weft_fault_point("lake.metadata"))
        rc = weft_error_set(error, WEFT_E_IO, "stopped at lake.metadata");
    if (rc == 0 && weft_fs_exists(path))
        rc = weft_error_set(error, WEFT_E_CONFLICT, "%s is there already", relative);
    if (rc == 0)
        rc = lake_lines_write(next, path, &front, error);
    weft_buf_release(&front);
    if (rc < 0)
        return rc;
    next->made->metadata_path = relative;
    next->made->previous_path = next->table == NULL ? NULL : next->table->metadata_path;
    return 0;
}

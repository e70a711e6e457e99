/*
 * metadata_read.c - a table's metadata file, read and checked: what other code may ask of a table.
 *
 * Of a file that weft laid out only the head is parsed at once; snapshots are read when asked for,
 * and their text is kept, because the next metadata file takes it as it is. Only format version 2
 * without partitions is read: weft writes no other.
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

/* A file that weft did not lay out was parsed as a whole: all its snapshots are read now. */
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
    size_t i = 0;
    size_t max = 0;
    yyjson_val *snapshot = NULL;
    yyjson_arr_foreach(snapshots, i, max, snapshot)
    {
        table->snapshots[i].json = snapshot;
        WEFT_TRY(lake_snapshot_read(table, i, reader->error));
    }
    return 0;
}

int lake_snapshot_find(const struct weft_table *table, int64_t snapshot_id, size_t *index,
                       struct weft_error *error)
{
    WEFT_TRY(lake_window_widen(table, error));
    /* Who goes back step by step looks for the one before the last found. */
    size_t next = table->found;
    if (next > 0 && next <= table->snapshot_count &&
        lake_line_may_be(&table->snapshots[next - 1], snapshot_id)) {
        WEFT_TRY(lake_snapshot_read(table, next - 1, error));
        if (table->snapshots[next - 1].snapshot.snapshot_id == snapshot_id) {
            *index = table->self->found = next - 1;
            return 0;
        }
    }
    if (table->snapshot_lines.data != NULL) {
        WEFT_TRY(lake_lines_search(table, snapshot_id, index, error));
    } else {
        *index = table->snapshot_count;
        for (size_t i = table->snapshot_count; i > 0 && *index == table->snapshot_count; i--)
            if (table->snapshots[i - 1].snapshot.snapshot_id == snapshot_id)
                *index = i - 1;
    }
    table->self->found = *index;
    return 0;
}

static int read_current(struct metadata_reader *reader)
{
    struct weft_table *table = reader->table;
    int64_t current = weft_json_int_or(table->root, "current-snapshot-id", -1);
    if (current == -1)
        return 0;
    int rc = weft_table_find(table, current, &table->current, reader->error);
    return rc > 0 ? corrupt(reader, "the current snapshot is missing") : rc;
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

static int new_table(struct weft_arena *arena, const char *metadata_path, struct weft_table **out,
                     struct weft_error *error)
{
    struct weft_table *table = weft_arena_alloc(arena, sizeof *table);
    if (table == NULL)
        return weft_error_nomem(error);
    table->self = table;
    table->arena = arena;
    WEFT_TRY(lake_table_folder(arena, metadata_path, &table->folder, error));
    table->metadata_path = weft_arena_strdup(arena, metadata_path);
    if (table->metadata_path == NULL)
        return weft_error_nomem(error);
    *out = table;
    return 0;
}

/* The members before the snapshots. */
static int read_front(struct metadata_reader *reader, struct weft_str head)
{
    WEFT_TRY(lake_json_parse(reader->arena, head.data, head.length, &reader->table->root,
                             reader->error));
    WEFT_TRY(read_head(reader));
    WEFT_TRY(read_schemas(reader));
    WEFT_TRY(read_specs(reader));
    return read_orders(reader);
}

int lake_metadata_parse(struct weft_arena *arena, const char *metadata_path, const char *text,
                        size_t length, struct weft_table **out, struct weft_error *error)
{
    struct weft_table *table = NULL;
    WEFT_TRY(new_table(arena, metadata_path, &table, error));
    struct metadata_reader reader = {arena, table, error};
    struct weft_str head = {text, length};
    bool lines = false;
    table->text = text;
    table->length = length;
    WEFT_TRY(lake_lines_find(arena, table, &head, &lines, error));
    WEFT_TRY(read_front(&reader, head));
    if (lines) {
        WEFT_TRY(lake_lines_index(arena, table, error));
    } else {
        WEFT_TRY(read_snapshots(&reader));
        WEFT_TRY(read_snapshot_log(&reader));
    }
    WEFT_TRY(read_current(&reader));
    WEFT_TRY(read_metadata_log(&reader));
    *out = table;
    return 0;
}

static void free_text(void *text)
{
    weft_free(text);
}

static int load_whole(struct weft_arena *arena, const char *home, const char *metadata_path,
                      struct weft_table **out, struct weft_error *error)
{
    char *path = weft_path_join(home, metadata_path);
    if (path == NULL)
        return weft_error_nomem(error);
    struct weft_buf text;
    struct weft_fs_identity identity = {0};
    weft_buf_init(&text, 2 * LAKE_METADATA_MAX);
    int rc = weft_fs_identity(path, &identity, error);
    /* Room for all of it at once: growing would touch every page twice. */
    if (rc == 0 && identity.size < (int64_t)LAKE_METADATA_MAX &&
        weft_buf_room(&text, (size_t)identity.size + 2 * 65536) == NULL)
        rc = weft_error_nomem(error);
    if (rc == 0)
        rc = weft_fs_read_regular(path, LAKE_METADATA_MAX, &text, error);
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
    return lake_metadata_parse(arena, metadata_path, data, length, out, error);
}

/* WEFT_NOT_THERE when the file is to be read as a whole. */
static int load_ends(struct weft_arena *arena, const char *home, const char *metadata_path,
                     struct weft_table **out, struct weft_error *error)
{
    struct lake_window *window = NULL;
    struct weft_table *table = NULL;
    struct weft_str head;
    int rc = lake_window_open(arena, home, metadata_path, &window, &head, error);
    if (rc != 0)
        return rc;
    WEFT_TRY(new_table(arena, metadata_path, &table, error));
    struct metadata_reader reader = {arena, table, error};
    table->window = window;
    table->length = (size_t)window->identity.size;
    WEFT_TRY(read_front(&reader, head));
    WEFT_TRY(read_current(&reader));
    WEFT_TRY(read_metadata_log(&reader));
    *out = table;
    return 0;
}

int weft_table_load(struct weft_arena *arena, const char *home, const char *metadata_path,
                    struct weft_table **out, struct weft_error *error)
{
    int rc = load_ends(arena, home, metadata_path, out, error);
    if (rc == WEFT_NOT_THERE)
        rc = load_whole(arena, home, metadata_path, out, error);
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

int weft_table_find(const struct weft_table *table, int64_t snapshot_id,
                    const struct weft_snapshot **out, struct weft_error *error)
{
    size_t i = 0;
    if (table->window != NULL) {
        int rc = lake_window_find(table, snapshot_id, out, error);
        if (rc != WEFT_NOT_THERE)
            return rc;
    }
    WEFT_TRY(lake_snapshot_find(table, snapshot_id, &i, error));
    if (i == table->snapshot_count)
        return WEFT_NOT_THERE;
    WEFT_TRY(lake_snapshot_read(table, i, error));
    *out = &table->snapshots[i].snapshot;
    return 0;
}

int weft_table_find_at(const struct weft_table *table, int64_t timestamp_ms,
                       const struct weft_snapshot **out, struct weft_error *error)
{
    WEFT_TRY(lake_window_widen(table, error));
    for (size_t i = table->log_count; i > 0; i--)
        if (table->log[i - 1].timestamp_ms <= timestamp_ms)
            return weft_table_find(table, table->log[i - 1].snapshot_id, out, error);
    return WEFT_NOT_THERE;
}

const struct weft_snapshot *weft_table_snapshot(const struct weft_table *table, int64_t snapshot_id)
{
    const struct weft_snapshot *out = NULL;
    return weft_table_find(table, snapshot_id, &out, NULL) == 0 ? out : NULL;
}

const struct weft_snapshot *weft_table_snapshot_at(const struct weft_table *table,
                                                   int64_t timestamp_ms)
{
    const struct weft_snapshot *out = NULL;
    return weft_table_find_at(table, timestamp_ms, &out, NULL) == 0 ? out : NULL;
}

size_t weft_table_snapshot_count(const struct weft_table *table)
{
    return lake_window_widen(table, NULL) < 0 ? 0 : table->snapshot_count;
}

const struct weft_snapshot *weft_table_snapshot_nth(const struct weft_table *table, size_t i)
{
    if (lake_window_widen(table, NULL) < 0 || i >= table->snapshot_count ||
        lake_snapshot_read(table, i, NULL) < 0)
        return NULL;
    return &table->snapshots[i].snapshot;
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

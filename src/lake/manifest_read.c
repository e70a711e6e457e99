/*
 * manifest_read.c - manifests and manifest lists read, whoever wrote them: fields are found by
 * their field ids, inherited numbers are filled in, sizes are checked against the disk.
 */
#include "base/fs.h"
#include "base/text.h"
#include "codec/avro.h"
#include "lake/manifest.h"

#include <string.h>

/* ---- fields of a record ---- */

static bool is_absent(const struct weft_avro_value *value)
{
    return value == NULL || value->kind == WEFT_AVRO_IS_NULL;
}

static int get_long(const struct weft_avro_value *record, int id, const char *name, int64_t min,
                    int64_t max, int64_t *out, struct weft_error *error)
{
    const struct weft_avro_value *value = weft_avro_get_id(record, id);
    if (value == NULL || value->kind != WEFT_AVRO_IS_LONG)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s is missing", name);
    if (value->number < min || value->number > max)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s is %" PRId64, name, value->number);
    *out = value->number;
    return 0;
}

/* Absent or null leaves *out and says so. */
static int get_optional(const struct weft_avro_value *record, int id, const char *name,
                        int64_t *out, bool *there, struct weft_error *error)
{
    *there = !is_absent(weft_avro_get_id(record, id));
    if (!*there)
        return 0;
    return get_long(record, id, name, INT64_MIN, INT64_MAX, out, error);
}

static int get_path(struct weft_arena *arena, const char *folder,
                    const struct weft_avro_value *record, int id, const char *name,
                    const char **out, struct weft_error *error)
{
    const struct weft_avro_value *value = weft_avro_get_id(record, id);
    if (value == NULL || value->kind != WEFT_AVRO_IS_TEXT)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s is missing", name);
    return lake_relative(arena, folder, value->bytes.data, value->bytes.length, out, error);
}

/* ---- manifest lists ---- */

struct list_reader {
    struct weft_arena *arena;
    const char *folder;
    struct lake_manifests *out;
};

static int read_manifest_line(void *arg, const struct weft_avro_value *record,
                              struct weft_error *error)
{
    struct list_reader *reader = arg;
    struct lake_manifest manifest = {0};
    int64_t content = 0;
    bool there = false;
    WEFT_TRY(get_path(reader->arena, reader->folder, record, 500, "manifest_path", &manifest.path,
                      error));
    WEFT_TRY(get_long(record, 501, "manifest_length", 0, INT64_MAX, &manifest.length, error));
    WEFT_TRY(get_optional(record, 517, "content", &content, &there, error));
    if (content != LAKE_DATA && content != LAKE_DELETES)
        return weft_error_set(error, WEFT_E_CORRUPT, "content is %" PRId64, content);
    manifest.content = (int)content;
    const struct {
        int id;
        const char *name;
        int64_t *out;
    } numbers[] = {
        {515, "sequence_number", &manifest.sequence_number},
        {516, "min_sequence_number", &manifest.min_sequence_number},
        {504, "added_files_count", &manifest.added_files},
        {505, "existing_files_count", &manifest.existing_files},
        {506, "deleted_files_count", &manifest.deleted_files},
        {512, "added_rows_count", &manifest.added_rows},
        {513, "existing_rows_count", &manifest.existing_rows},
        {514, "deleted_rows_count", &manifest.deleted_rows},
    };
    for (size_t i = 0; i < WEFT_COUNT(numbers); i++)
        WEFT_TRY(get_long(record, numbers[i].id, numbers[i].name, 0, INT64_MAX / 4, numbers[i].out,
                          error));
    WEFT_TRY(get_long(record, 503, "added_snapshot_id", 0, INT64_MAX, &manifest.added_snapshot_id,
                      error));
    return lake_manifests_add(reader->arena, reader->out, &manifest, error);
}

int lake_manifest_list_parse(struct weft_arena *arena, const char *folder, const char *data,
                             size_t length, struct lake_manifests *out, struct weft_error *error)
{
    struct list_reader reader = {arena, folder, out};
    struct weft_avro_file file;
    return weft_avro_read(arena, data, length, &file, read_manifest_line, &reader, error);
}

/* ---- manifests ---- */

struct entry_reader {
    struct weft_arena *arena;
    const char *folder;
    const struct lake_manifest *manifest;
    bool all;
    struct lake_entries *out;
};

struct stats {
    struct weft_arena *arena;
    struct weft_column_stats *items;
    size_t count;
    size_t capacity;
    size_t hint; /* the maps of an entry name the columns in the same order */
};

static struct weft_column_stats *stats_of(struct stats *stats, int64_t field_id)
{
    for (size_t i = 0; i < stats->count; i++) {
        size_t at = (stats->hint + i) % stats->count;
        if (stats->items[at].field_id == field_id) {
            stats->hint = at + 1;
            return &stats->items[at];
        }
    }
    if (stats->count >= LAKE_COLUMNS_MAX ||
        weft_arena_reserve(stats->arena, &stats->items, &stats->capacity, stats->count + 1,
                           sizeof *stats->items) < 0)
        return NULL;
    struct weft_column_stats *item = &stats->items[stats->count++];
    *item = (struct weft_column_stats){(int)field_id, -1, -1, -1, -1, {NULL, 0}, {NULL, 0}};
    return item;
}

static int put_stat(struct weft_column_stats *stats, int map_id,
                    const struct weft_avro_value *value, struct weft_error *error)
{
    bool bound = map_id == 125 || map_id == 128;
    if (value->kind != (bound ? WEFT_AVRO_IS_BYTES : WEFT_AVRO_IS_LONG))
        return weft_error_set(error, WEFT_E_CORRUPT, "a statistic is of the wrong type");
    switch (map_id) {
    case 108:
        stats->column_size = value->number;
        return 0;
    case 109:
        stats->value_count = value->number;
        return 0;
    case 110:
        stats->null_count = value->number;
        return 0;
    case 137:
        stats->nan_count = value->number;
        return 0;
    case 125:
        stats->lower = value->bytes;
        return 0;
    default:
        stats->upper = value->bytes;
        return 0;
    }
}

static int read_stat_map(struct stats *stats, const struct weft_avro_value *record, int map_id,
                         struct weft_error *error)
{
    const struct weft_avro_value *map = weft_avro_get_id(record, map_id);
    if (is_absent(map))
        return 0;
    if (map->kind != WEFT_AVRO_IS_ARRAY)
        return weft_error_set(error, WEFT_E_CORRUPT, "statistics are no map");
    stats->hint = 0;
    for (size_t i = 0; i < map->count; i++) {
        const struct weft_avro_value *pair = &map->items[i];
        bool whole = pair->kind == WEFT_AVRO_IS_RECORD && pair->count == 2 &&
                     pair->items[0].kind == WEFT_AVRO_IS_LONG && pair->items[0].number >= 0 &&
                     pair->items[0].number <= INT32_MAX;
        if (!whole)
            return weft_error_set(error, WEFT_E_CORRUPT, "statistics are no map");
        struct weft_column_stats *item = stats_of(stats, pair->items[0].number);
        if (item == NULL)
            return stats->count >= LAKE_COLUMNS_MAX
                       ? weft_error_set(error, WEFT_E_LIMIT, "statistics of too many columns")
                       : weft_error_nomem(error);
        WEFT_TRY(put_stat(item, map_id, &pair->items[1], error));
    }
    return 0;
}

static int read_stats(struct weft_arena *arena, const struct weft_avro_value *record,
                      struct weft_data_file *file, struct weft_error *error)
{
    static const int maps[] = {108, 109, 110, 137, 125, 128};
    struct stats stats = {.arena = arena};
    for (size_t i = 0; i < WEFT_COUNT(maps); i++)
        WEFT_TRY(read_stat_map(&stats, record, maps[i], error));
    file->stats = stats.items;
    file->stat_count = stats.count;
    return 0;
}

static int check_kind(const struct weft_avro_value *record, struct weft_error *error)
{
    const struct weft_avro_value *format = weft_avro_get_id(record, 101);
    const struct weft_avro_value *partition = weft_avro_get_id(record, 102);
    if (format == NULL || format->kind != WEFT_AVRO_IS_TEXT)
        return weft_error_set(error, WEFT_E_CORRUPT, "file_format is missing");
    if (!weft_equal_fold(format->bytes.data, "parquet"))
        return weft_error_set(error, WEFT_E_NOT_YET,
                              "data files of the format %.20s cannot be "
                              "read yet",
                              format->bytes.data);
    if (partition != NULL && partition->count > 0)
        return weft_error_set(error, WEFT_E_NOT_YET, "a partitioned table cannot be read yet");
    return 0;
}

static int read_file_record(const struct entry_reader *reader, const struct weft_avro_value *record,
                            struct weft_data_file *file, struct weft_error *error)
{
    int64_t content = 0;
    int64_t order = 0;
    bool there = false;
    WEFT_TRY(get_path(reader->arena, reader->folder, record, 100, "file_path", &file->path, error));
    WEFT_TRY(check_kind(record, error));
    WEFT_TRY(get_optional(record, 134, "content", &content, &there, error));
    bool deletes = reader->manifest->content == LAKE_DELETES;
    if (content < 0 || content > 2 || (content > 0) != deletes)
        return weft_error_set(error, WEFT_E_CORRUPT, "content is %" PRId64, content);
    WEFT_TRY(get_long(record, 103, "record_count", 0, INT64_MAX / 4, &file->records, error));
    WEFT_TRY(get_long(record, 104, "file_size_in_bytes", 0, INT64_MAX / 4, &file->size, error));
    WEFT_TRY(get_optional(record, 140, "sort_order_id", &order, &there, error));
    file->content = (int)content;
    file->sort_order_id = order >= 0 && order <= INT32_MAX ? (int)order : 0;
    return read_stats(reader->arena, record, file, error);
}

/* An entry without numbers has those of its manifest, if it was added there. */
static int read_numbers(const struct entry_reader *reader, const struct weft_avro_value *record,
                        enum lake_status status, struct weft_data_file *file,
                        struct weft_error *error)
{
    const struct lake_manifest *manifest = reader->manifest;
    bool inherits = status == LAKE_ADDED || manifest->sequence_number == 0;
    bool there = false;
    WEFT_TRY(get_optional(record, 1, "snapshot_id", &file->snapshot_id, &there, error));
    if (!there)
        file->snapshot_id = manifest->added_snapshot_id;
    WEFT_TRY(get_optional(record, 3, "sequence_number", &file->sequence_number, &there, error));
    if (!there && !inherits)
        return weft_error_set(error, WEFT_E_CORRUPT,
                              "an entry that was not added has no sequence number");
    if (!there)
        file->sequence_number = manifest->sequence_number;
    WEFT_TRY(get_optional(record, 4, "file_sequence_number", &file->file_sequence_number, &there,
                          error));
    if (!there)
        file->file_sequence_number = inherits ? manifest->sequence_number : file->sequence_number;
    return 0;
}

static int read_entry(void *arg, const struct weft_avro_value *record, struct weft_error *error)
{
    struct entry_reader *reader = arg;
    struct lake_entry entry = {0};
    int64_t status = 0;
    WEFT_TRY(get_long(record, 0, "status", 0, 2, &status, error));
    entry.status = (enum lake_status)status;
    if (entry.status == LAKE_DELETED && !reader->all)
        return 0;
    const struct weft_avro_value *file = weft_avro_get_id(record, 2);
    if (file == NULL || file->kind != WEFT_AVRO_IS_RECORD)
        return weft_error_set(error, WEFT_E_CORRUPT, "data_file is missing");
    WEFT_TRY(read_file_record(reader, file, &entry.file, error));
    WEFT_TRY(read_numbers(reader, record, entry.status, &entry.file, error));
    return lake_entries_add(reader->arena, reader->out, &entry, error);
}

static int parse_entries(struct weft_arena *arena, const char *folder,
                         const struct lake_manifest *manifest, bool all, const char *data,
                         size_t length, struct lake_entries *out, struct weft_error *error)
{
    struct entry_reader reader = {arena, folder, manifest, all, out};
    struct weft_avro_file file;
    return weft_avro_read(arena, data, length, &file, read_entry, &reader, error);
}

int lake_manifest_parse(struct weft_arena *arena, const char *folder,
                        const struct lake_manifest *manifest, const char *data, size_t length,
                        struct lake_entries *out, struct weft_error *error)
{
    return parse_entries(arena, folder, manifest, true, data, length, out, error);
}

/* ---- from the disk ---- */

static int read_whole(const char *home, const char *path, struct weft_buf *out,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *full = weft_path_join(home, path);
    if (full == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_read_regular(full, LAKE_MANIFEST_MAX, out, error);
    return rc > 0 ? weft_error_set(error, WEFT_E_CORRUPT, "the file is gone") : rc;
}

static int name_file(int rc, const char *path, struct weft_error *error)
{
    if (rc < 0 && error != NULL && error->code != WEFT_E_NOMEM)
        weft_error_prefix(error, "%s", path);
    return rc;
}

int lake_manifest_list_read(struct weft_arena *arena, const char *home, const char *folder,
                            const char *path, struct lake_manifests *out, struct weft_error *error)
{
    struct weft_buf text;
    weft_buf_init(&text, 2 * LAKE_MANIFEST_MAX);
    int rc = read_whole(home, path, &text, error);
    if (rc == 0)
        rc = lake_manifest_list_parse(arena, folder, text.data, text.length, out, error);
    weft_buf_release(&text);
    return name_file(rc, path, error);
}

int lake_manifest_read(struct weft_arena *arena, const char *home, const char *folder,
                       const struct lake_manifest *manifest, bool all, struct lake_entries *out,
                       struct weft_error *error)
{
    struct weft_buf text;
    weft_buf_init(&text, 2 * LAKE_MANIFEST_MAX);
    int rc = read_whole(home, manifest->path, &text, error);
    if (rc == 0 && (int64_t)text.length != manifest->length)
        rc = weft_error_set(error, WEFT_E_CORRUPT,
                            "it has %zu bytes, the manifest list says %" PRId64, text.length,
                            manifest->length);
    if (rc == 0)
        rc = parse_entries(arena, folder, manifest, all, text.data, text.length, out, error);
    weft_buf_release(&text);
    return name_file(rc, manifest->path, error);
}

/*
 * manifest_write.c - manifests and manifest lists as Avro files.
 *
 * The schemas are fixed texts with the field ids of the specification. What readers trip over and
 * is therefore so: avro.codec is always named; null is the first branch of every union; every record
 * name occurs once; maps with int keys are arrays of key and value records marked logicalType map;
 * an unpartitioned manifest still has the (empty) record partition, and an unpartitioned line of a
 * list has an empty array partitions, not null.
 */
#include "base/fault.h"
#include "base/fs.h"
#include "codec/avro.h"
#include "lake/manifest.h"

#include <string.h>

#define FIELD(name, type, id) "{\"name\":\"" name "\",\"type\":" type ",\"field-id\":" #id "}"
#define OPTIONAL(name, type, id)                                                                   \
    "{\"name\":\"" name "\",\"type\":[\"null\"," type "],\"default\":null,\"field-id\":" #id "}"
#define ID_MAP(name, type, id, key, value)                                                         \
    OPTIONAL(name,                                                                                 \
             "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"k" #key "_v" #value    \
             "\",\"fields\":[" FIELD("key", "\"int\"", key) "," FIELD(                             \
                 "value", type, value) "]},\"logicalType\":\"map\"}",                              \
             id)

static const char entry_schema[] =
    "{\"type\":\"record\",\"name\":\"manifest_entry\",\"fields\":[" FIELD(
        "status", "\"int\"", 0) "," OPTIONAL("snapshot_id", "\"long\"",
                                             1) "," OPTIONAL("sequence_number",
                                                             "\"long\"", 3) "," OPTIONAL("file_"
                                                                                         "sequence_"
                                                                                         "number",
                                                                                         "\"long\"", 4) ",{\"name\":\"data_file\",\"type\":{\"type\":\"record\",\"name\":\"r2\",\"fields\":[" FIELD("content", "\"int\"", 134) "," FIELD("file_path", "\"string\"", 100) "," FIELD("file_format", "\"string\"", 101) ",{\"name\":\"partition\",\"type\":{\"type\":\"record\",\"name\":\"r102\",\"fields\":[]},"
                                                                                                                                                                                                                                                                                                                     "\"field-id\":102}," FIELD("record_count", "\"long\"", 103) "," FIELD("file_size_in_bytes", "\"long\"", 104) "," ID_MAP("column_sizes",
                                                                                                                                                                                                                                                                                                                                                                                                                                             "\"long\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                             108,
                                                                                                                                                                                                                                                                                                                                                                                                                                             117,
                                                                                                                                                                                                                                                                                                                                                                                                                                             118) "," ID_MAP("value_counts", "\"long\"", 109,
                                                                                                                                                                                                                                                                                                                                                                                                                                                             119,
                                                                                                                                                                                                                                                                                                                                                                                                                                                             120) "," ID_MAP("null_value_counts",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "\"long\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                             110, 121, 122) "," ID_MAP("nan_value_counts",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                       "\"long\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                       137,
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                       138, 139) "," ID_MAP("lower_bounds",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            "\"bytes\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                            125, 126, 127) "," ID_MAP("upper_bounds",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      "\"bytes\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      128,
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                      129, 130) "," OPTIONAL("key_metadata", "\"bytes\"",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             131) "," OPTIONAL("split_offsets", "{\"type\":\"array\",\"items\":\"long\",\"element-id\":133}", 132) "," OPTIONAL("equality_ids",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                "{\"type\":\"array\",\"items\":\"int\",\"element-id\":136}", 135) "," OPTIONAL("sort_order_id", "\"int\"", 140) "]},\"field-id\":2}]}";

static const char list_schema[] =
    "{\"type\":\"record\",\"name\":\"manifest_file\",\"fields\":[" FIELD("manifest_path", "\"string\"", 500) "," FIELD("manifest_length", "\"long\"", 501) "," FIELD(
        "partition_spec_id", "\"int\"",
        502) "," FIELD("content", "\"int\"",
                       517) "," FIELD("sequence_number", "\"long\"",
                                      515) "," FIELD("min_sequence_number", "\"long\"",
                                                     516) "," FIELD("added_snapshot_id", "\"long\"",
                                                                    503) "," FIELD("added_files_"
                                                                                   "count",
                                                                                   "\"int\"",
                                                                                   504) "," FIELD("existing_files_count",
                                                                                                  "\"int\"",
                                                                                                  505) "," FIELD("deleted_files_count",
                                                                                                                 "\"int\"", 506) "," FIELD("added_rows_count",
                                                                                                                                           "\"long\"", 512) "," FIELD("existing_rows_count", "\"long\"", 513) "," FIELD("deleted_rows_count", "\"long\"", 514) "," OPTIONAL("partitions",
                                                                                                                                                                                                                                                                            "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"r508\","
                                                                                                                                                                                                                                                                            "\"fields\":[" FIELD("contains_null", "\"boolean\"", 509) "," OPTIONAL("contains_nan",
                                                                                                                                                                                                                                                                                                                                                   "\"boolean\"",
                                                                                                                                                                                                                                                                                                                                                   518) "," OPTIONAL("lower_bound", "\"bytes\"", 510) "," OPTIONAL("upper_bound",
                                                                                                                                                                                                                                                                                                                                                                                                                   "\"bytes\"",
                                                                                                                                                                                                                                                                                                                                                                                                                   511) "]},\"element-id\":508}",
                                                                                                                                                                                                                                                                            507) "," OPTIONAL("key_metadata",
                                                                                                                                                                                                                                                                                              "\"bytes\"",
                                                                                                                                                                                                                                                                                              519) "]}";

/* ---- entries ---- */

static void put_optional(struct weft_avro_writer *writer, bool there, int64_t value)
{
    weft_avro_put_branch(writer, there);
    if (there)
        weft_avro_put_long(writer, value);
}

enum lake_stat { STAT_SIZE, STAT_VALUES, STAT_NULLS, STAT_NANS };

static int64_t stat_of(const struct weft_column_stats *stats, enum lake_stat stat)
{
    switch (stat) {
    case STAT_SIZE:
        return stats->column_size;
    case STAT_VALUES:
        return stats->value_count;
    case STAT_NULLS:
        return stats->null_count;
    default:
        return stats->nan_count;
    }
}

/* What is not known is left out; where nothing is known the whole map is null. */
static void put_counts(struct weft_avro_writer *writer, const struct weft_data_file *file,
                       enum lake_stat stat)
{
    int64_t count = 0;
    for (size_t i = 0; i < file->stat_count; i++)
        count += stat_of(&file->stats[i], stat) >= 0;
    weft_avro_put_branch(writer, count > 0);
    if (count == 0)
        return;
    weft_avro_begin_items(writer, count);
    for (size_t i = 0; i < file->stat_count; i++) {
        int64_t value = stat_of(&file->stats[i], stat);
        if (value < 0)
            continue;
        weft_avro_put_long(writer, file->stats[i].field_id);
        weft_avro_put_long(writer, value);
    }
    weft_avro_end_items(writer, count);
}

static void put_bounds(struct weft_avro_writer *writer, const struct weft_data_file *file,
                       bool upper)
{
    int64_t count = 0;
    for (size_t i = 0; i < file->stat_count; i++)
        count += (upper ? file->stats[i].upper : file->stats[i].lower).data != NULL;
    weft_avro_put_branch(writer, count > 0);
    if (count == 0)
        return;
    weft_avro_begin_items(writer, count);
    for (size_t i = 0; i < file->stat_count; i++) {
        struct weft_str bound = upper ? file->stats[i].upper : file->stats[i].lower;
        if (bound.data == NULL)
            continue;
        weft_avro_put_long(writer, file->stats[i].field_id);
        weft_avro_put_bytes(writer, bound.data, bound.length);
    }
    weft_avro_end_items(writer, count);
}

static void put_uri(struct weft_avro_writer *writer, const char *home, const char *path)
{
    struct weft_buf uri;
    weft_buf_init(&uri, 65536);
    lake_uri(&uri, home, path);
    weft_avro_put_bytes(writer, uri.data, uri.length);
    writer->failed = writer->failed || uri.failed;
    weft_buf_release(&uri);
}

static void put_entry(struct weft_avro_writer *writer, const char *home,
                      const struct lake_entry *entry)
{
    const struct weft_data_file *file = &entry->file;
    bool numbered = entry->status != LAKE_ADDED;
    weft_avro_put_long(writer, entry->status);
    put_optional(writer, true, file->snapshot_id);
    put_optional(writer, numbered, file->sequence_number);
    put_optional(writer, numbered, file->file_sequence_number);
    weft_avro_put_long(writer, file->content);
    put_uri(writer, home, file->path);
    weft_avro_put_text(writer, "PARQUET");
    weft_avro_put_long(writer, file->records);
    weft_avro_put_long(writer, file->size);
    put_counts(writer, file, STAT_SIZE);
    put_counts(writer, file, STAT_VALUES);
    put_counts(writer, file, STAT_NULLS);
    put_counts(writer, file, STAT_NANS);
    put_bounds(writer, file, false);
    put_bounds(writer, file, true);
    weft_avro_put_branch(writer, 0); /* key_metadata */
    weft_avro_put_branch(writer, 0); /* split_offsets */
    weft_avro_put_branch(writer, 0); /* equality_ids */
    put_optional(writer, true, file->sort_order_id);
    weft_avro_end_record(writer);
}

/* ---- a file ---- */

static int write_file(struct weft_arena *arena, const struct lake_manifest_job *job,
                      const struct weft_buf *out, const char *point, struct weft_error *error)
{
    char *path = weft_arena_format(arena, "%s/%s", job->home, job->path);
    if (path == NULL)
        return weft_error_nomem(error);
    if (weft_fault_point(point))
        return weft_error_set(error, WEFT_E_IO, "stopped at %s", point);
    if (weft_fs_exists(path))
        return weft_error_set(error, WEFT_E_CONFLICT, "%s is there already", job->path);
    return weft_fs_write_file(path, out->data, out->length, error);
}

static int encode_manifest(const struct lake_manifest_job *job, const char *schema,
                           const struct lake_entries *entries, struct weft_buf *out,
                           struct weft_error *error)
{
    char schema_id[16];
    snprintf(schema_id, sizeof schema_id, "%d", job->schema->schema_id);
    const struct weft_avro_meta meta[] = {
        {"schema", schema},       {"schema-id", schema_id},
        {"partition-spec", "[]"}, {"partition-spec-id", "0"},
        {"format-version", "2"},  {"content", job->content == LAKE_DATA ? "data" : "deletes"},
    };
    struct weft_avro_writer writer;
    int rc = weft_avro_writer_init(&writer, out, entry_schema, meta, WEFT_COUNT(meta),
                                   WEFT_AVRO_NULL, error);
    for (size_t i = 0; rc == 0 && i < entries->count; i++)
        put_entry(&writer, job->home, &entries->items[i]);
    if (rc == 0)
        rc = weft_avro_writer_end(&writer, error);
    weft_avro_writer_release(&writer);
    return rc;
}

static void describe(const struct lake_manifest_job *job, const struct lake_entries *entries,
                     struct lake_manifest *out)
{
    *out = (struct lake_manifest){.path = job->path,
                                  .content = job->content,
                                  .sequence_number = job->sequence,
                                  .min_sequence_number = job->sequence,
                                  .added_snapshot_id = job->snapshot_id};
    for (size_t i = 0; i < entries->count; i++) {
        const struct lake_entry *entry = &entries->items[i];
        if (entry->status == LAKE_EXISTING) {
            out->existing_files++;
            out->existing_rows += entry->file.records;
            out->min_sequence_number =
                WEFT_MIN(out->min_sequence_number, entry->file.sequence_number);
        } else if (entry->status == LAKE_ADDED) {
            out->added_files++;
            out->added_rows += entry->file.records;
        } else {
            out->deleted_files++;
            out->deleted_rows += entry->file.records;
        }
    }
}

int lake_manifest_write(struct weft_arena *arena, const struct lake_manifest_job *job,
                        const struct lake_entries *entries, struct lake_manifest *out,
                        struct weft_error *error)
{
    struct weft_buf schema;
    struct weft_buf file;
    struct weft_json_writer writer;
    weft_buf_init(&schema, (size_t)64 << 20);
    weft_buf_init(&file, LAKE_MANIFEST_MAX);
    weft_json_writer_init(&writer, &schema);
    lake_schema_write(&writer, job->schema);
    int rc = weft_buf_check(&schema, error);
    if (rc == 0)
        rc = encode_manifest(job, schema.data, entries, &file, error);
    if (rc == 0)
        rc = write_file(arena, job, &file, "lake.manifest", error);
    if (rc == 0) {
        describe(job, entries, out);
        out->length = (int64_t)file.length;
    }
    weft_buf_release(&schema);
    weft_buf_release(&file);
    return rc;
}

static void put_manifest(struct weft_avro_writer *writer, const char *home,
                         const struct lake_manifest *manifest)
{
    put_uri(writer, home, manifest->path);
    weft_avro_put_long(writer, manifest->length);
    weft_avro_put_long(writer, 0); /* partition_spec_id */
    weft_avro_put_long(writer, manifest->content);
    weft_avro_put_long(writer, manifest->sequence_number);
    weft_avro_put_long(writer, manifest->min_sequence_number);
    weft_avro_put_long(writer, manifest->added_snapshot_id);
    weft_avro_put_long(writer, manifest->added_files);
    weft_avro_put_long(writer, manifest->existing_files);
    weft_avro_put_long(writer, manifest->deleted_files);
    weft_avro_put_long(writer, manifest->added_rows);
    weft_avro_put_long(writer, manifest->existing_rows);
    weft_avro_put_long(writer, manifest->deleted_rows);
    weft_avro_put_branch(writer, 1); /* partitions: [] */
    weft_avro_begin_items(writer, 0);
    weft_avro_end_items(writer, 0);
    weft_avro_put_branch(writer, 0); /* key_metadata */
    weft_avro_end_record(writer);
}

int lake_manifest_list_write(struct weft_arena *arena, const struct lake_manifest_job *job,
                             int64_t parent_id, const struct lake_manifests *manifests,
                             struct weft_error *error)
{
    char snapshot[24];
    char parent[24];
    char sequence[24];
    snprintf(snapshot, sizeof snapshot, "%" PRId64, job->snapshot_id);
    snprintf(parent, sizeof parent, "%" PRId64, parent_id);
    snprintf(sequence, sizeof sequence, "%" PRId64, job->sequence);
    const struct weft_avro_meta meta[] = {
        {"snapshot-id", snapshot},
        {"parent-snapshot-id", parent_id == 0 ? "null" : parent},
        {"sequence-number", sequence},
        {"format-version", "2"},
    };
    struct weft_avro_writer writer;
    struct weft_buf file;
    weft_buf_init(&file, LAKE_MANIFEST_MAX);
    int rc = weft_avro_writer_init(&writer, &file, list_schema, meta, WEFT_COUNT(meta),
                                   WEFT_AVRO_NULL, error);
    for (size_t i = 0; rc == 0 && i < manifests->count; i++)
        put_manifest(&writer, job->home, &manifests->items[i]);
    if (rc == 0)
        rc = weft_avro_writer_end(&writer, error);
    weft_avro_writer_release(&writer);
    if (rc == 0)
        rc = write_file(arena, job, &file, "lake.manifest_list", error);
    weft_buf_release(&file);
    return rc;
}

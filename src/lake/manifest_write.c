/*
 * manifest_write.c - manifests and manifest lists as Avro files.
 *
 * The schemas are made from tables with the field ids of the specification. What readers trip over
 * and is therefore so: avro.codec is always named; null is the first branch of every union; every
 * record name occurs once; maps with int keys are arrays of key and value records marked
 * logicalType map; an unpartitioned manifest still has the (empty) record partition, and an
 * unpartitioned line of a list has an empty array partitions, not null.
 */
#include "base/fault.h"
#include "base/fs.h"
#include "codec/avro.h"
#include "lake/manifest.h"

#include <string.h>

/* ---- schemas ---- */

enum field_form { REQUIRED, OPTIONAL, ID_MAP };

struct manifest_field {
    const char *name;
    const char *type; /* JSON; of ID_MAP: of the values */
    int id;
    enum field_form form;
    int key; /* ID_MAP: ids of key and value */
    int value;
};

#define A_BOOLEAN "\"boolean\""
#define A_INT "\"int\""
#define A_LONG "\"long\""
#define A_TEXT "\"string\""
#define A_BYTES "\"bytes\""
#define A_NOTHING "{\"type\":\"record\",\"name\":\"r102\",\"fields\":[]}"
#define A_LONGS "{\"type\":\"array\",\"items\":\"long\",\"element-id\":133}"
#define A_INTS "{\"type\":\"array\",\"items\":\"int\",\"element-id\":136}"

static const struct manifest_field data_file_fields[] = {
    {"content", A_INT, 134, REQUIRED, 0, 0},
    {"file_path", A_TEXT, 100, REQUIRED, 0, 0},
    {"file_format", A_TEXT, 101, REQUIRED, 0, 0},
    {"partition", A_NOTHING, 102, REQUIRED, 0, 0},
    {"record_count", A_LONG, 103, REQUIRED, 0, 0},
    {"file_size_in_bytes", A_LONG, 104, REQUIRED, 0, 0},
    {"column_sizes", A_LONG, 108, ID_MAP, 117, 118},
    {"value_counts", A_LONG, 109, ID_MAP, 119, 120},
    {"null_value_counts", A_LONG, 110, ID_MAP, 121, 122},
    {"nan_value_counts", A_LONG, 137, ID_MAP, 138, 139},
    {"lower_bounds", A_BYTES, 125, ID_MAP, 126, 127},
    {"upper_bounds", A_BYTES, 128, ID_MAP, 129, 130},
    {"key_metadata", A_BYTES, 131, OPTIONAL, 0, 0},
    {"split_offsets", A_LONGS, 132, OPTIONAL, 0, 0},
    {"equality_ids", A_INTS, 135, OPTIONAL, 0, 0},
    {"sort_order_id", A_INT, 140, OPTIONAL, 0, 0},
};

/* The last one's type is the record of data_file_fields. */
static const struct manifest_field entry_fields[] = {
    {"status", A_INT, 0, REQUIRED, 0, 0},
    {"snapshot_id", A_LONG, 1, OPTIONAL, 0, 0},
    {"sequence_number", A_LONG, 3, OPTIONAL, 0, 0},
    {"file_sequence_number", A_LONG, 4, OPTIONAL, 0, 0},
    {"data_file", NULL, 2, REQUIRED, 0, 0},
};

static const struct manifest_field summary_fields[] = {
    {"contains_null", A_BOOLEAN, 509, REQUIRED, 0, 0},
    {"contains_nan", A_BOOLEAN, 518, OPTIONAL, 0, 0},
    {"lower_bound", A_BYTES, 510, OPTIONAL, 0, 0},
    {"upper_bound", A_BYTES, 511, OPTIONAL, 0, 0},
};

/* The type of partitions is an array of summary_fields. */
static const struct manifest_field list_fields[] = {
    {"manifest_path", A_TEXT, 500, REQUIRED, 0, 0},
    {"manifest_length", A_LONG, 501, REQUIRED, 0, 0},
    {"partition_spec_id", A_INT, 502, REQUIRED, 0, 0},
    {"content", A_INT, 517, REQUIRED, 0, 0},
    {"sequence_number", A_LONG, 515, REQUIRED, 0, 0},
    {"min_sequence_number", A_LONG, 516, REQUIRED, 0, 0},
    {"added_snapshot_id", A_LONG, 503, REQUIRED, 0, 0},
    {"added_files_count", A_INT, 504, REQUIRED, 0, 0},
    {"existing_files_count", A_INT, 505, REQUIRED, 0, 0},
    {"deleted_files_count", A_INT, 506, REQUIRED, 0, 0},
    {"added_rows_count", A_LONG, 512, REQUIRED, 0, 0},
    {"existing_rows_count", A_LONG, 513, REQUIRED, 0, 0},
    {"deleted_rows_count", A_LONG, 514, REQUIRED, 0, 0},
    {"partitions", NULL, 507, OPTIONAL, 0, 0},
    {"key_metadata", A_BYTES, 519, OPTIONAL, 0, 0},
};

static void add_field(struct weft_buf *out, const struct manifest_field *field, const char *type)
{
    weft_buf_addf(out, "{\"name\":\"%s\",\"type\":", field->name);
    if (field->form != REQUIRED)
        weft_buf_adds(out, "[\"null\",");
    if (field->form == ID_MAP)
        weft_buf_addf(out,
                      "{\"type\":\"array\",\"logicalType\":\"map\",\"items\":{\"type\":"
                      "\"record\",\"name\":\"k%d_v%d\",\"fields\":[{\"name\":\"key\",\"type\":"
                      "\"int\",\"field-id\":%d},{\"name\":\"value\",\"type\":%s,"
                      "\"field-id\":%d}]}}",
                      field->key, field->value, field->key, type, field->value);
    else
        weft_buf_adds(out, type);
    if (field->form != REQUIRED)
        weft_buf_adds(out, "],\"default\":null");
    weft_buf_addf(out, ",\"field-id\":%d}", field->id);
}

/* `inner` is the type of the field that has none in the table. */
static void add_record(struct weft_buf *out, const char *name, const struct manifest_field *fields,
                       size_t count, const char *inner)
{
    weft_buf_addf(out, "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[", name);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            weft_buf_addc(out, ',');
        add_field(out, &fields[i], fields[i].type == NULL ? inner : fields[i].type);
    }
    weft_buf_adds(out, "]}");
}

/* Both go to an initialised buffer; failure is the buffer's. */
static void entry_schema(struct weft_buf *out)
{
    struct weft_buf file;
    weft_buf_init(&file, 65536);
    add_record(&file, "r2", data_file_fields, WEFT_COUNT(data_file_fields), "");
    add_record(out, "manifest_entry", entry_fields, WEFT_COUNT(entry_fields), file.data);
    out->failed = out->failed || file.failed;
    weft_buf_release(&file);
}

static void list_schema(struct weft_buf *out)
{
    struct weft_buf summaries;
    weft_buf_init(&summaries, 65536);
    weft_buf_adds(&summaries, "{\"type\":\"array\",\"items\":");
    add_record(&summaries, "r508", summary_fields, WEFT_COUNT(summary_fields), "");
    weft_buf_adds(&summaries, ",\"element-id\":508}");
    add_record(out, "manifest_file", list_fields, WEFT_COUNT(list_fields), summaries.data);
    out->failed = out->failed || summaries.failed;
    weft_buf_release(&summaries);
}

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
    /* The metadata that names it is written to the same folder, which is synced then. */
    return weft_fs_write_new(path, out->data, out->length, error);
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
    struct weft_buf avro;
    weft_buf_init(&avro, 65536);
    entry_schema(&avro);
    int rc = weft_buf_check(&avro, error);
    if (rc < 0) {
        weft_buf_release(&avro);
        return rc;
    }
    rc = weft_avro_writer_init(&writer, out, avro.data, meta, WEFT_COUNT(meta), WEFT_AVRO_NULL,
                               error);
    for (size_t i = 0; rc == 0 && i < entries->count; i++)
        put_entry(&writer, job->home, &entries->items[i]);
    if (rc == 0)
        rc = weft_avro_writer_end(&writer, error);
    weft_avro_writer_release(&writer);
    weft_buf_release(&avro);
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

static int encode_list(const struct lake_manifest_job *job, const char *schema,
                       const struct weft_avro_meta *meta, size_t meta_count,
                       const struct lake_manifests *manifests, struct weft_buf *out,
                       struct weft_error *error)
{
    struct weft_avro_writer writer;
    int rc = weft_avro_writer_init(&writer, out, schema, meta, meta_count, WEFT_AVRO_NULL, error);
    for (size_t i = 0; rc == 0 && i < manifests->count; i++)
        put_manifest(&writer, job->home, &manifests->items[i]);
    if (rc == 0)
        rc = weft_avro_writer_end(&writer, error);
    weft_avro_writer_release(&writer);
    return rc;
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
    struct weft_buf avro;
    struct weft_buf file;
    weft_buf_init(&avro, 65536);
    weft_buf_init(&file, LAKE_MANIFEST_MAX);
    list_schema(&avro);
    int rc = weft_buf_check(&avro, error);
    if (rc == 0)
        rc = encode_list(job, avro.data, meta, WEFT_COUNT(meta), manifests, &file, error);
    if (rc == 0)
        rc = write_file(arena, job, &file, "lake.manifest_list", error);
    weft_buf_release(&avro);
    weft_buf_release(&file);
    return rc;
}

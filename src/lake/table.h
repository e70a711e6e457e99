/*
 * table.h - Apache Iceberg tables, format version 2, on a local disk.
 *
 * A table's folder: <home>/lake/<domain>/<table>/{data,metadata}; quarantine tables lie under
 * <home>/quarantine/<domain>/<table>/. weft keeps paths relative to the home and writes absolute
 * ones (file:///...) into the metadata, as the specification wants; it opens files relative to the
 * home, whatever the metadata says, so that a moved home still reads.
 * Metadata files are named <version 5 digits>-<run id>.metadata.json, never vN.metadata.json.
 *
 * This floor only makes files; the pointer to the current metadata is moved by the ledger entry
 * snapshot.committed (lake/pointer.h), in the run's one transaction.
 * Specification: https://iceberg.apache.org/spec/ (version 2). Thread rule: one thread per table
 * object; files are immutable.
 */
#ifndef WEFT_LAKE_TABLE_H
#define WEFT_LAKE_TABLE_H

#include "base/mem.h"
#include "codec/json.h"
#include "model/product.h"

/* ---- schema with stable field ids ---- */

struct weft_column {
    int id;
    const char *name;
    const struct weft_type *type;
    bool required;
    const char *doc; /* NULL = none */
    /* Ids of nested parts in depth-first order: list element, map key, map value, struct fields,
     * each directly followed by its own parts. */
    const int *nested_ids;
    size_t nested_count;
};

struct weft_table_schema {
    int schema_id;
    const struct weft_column *columns;
    size_t count;
};

struct weft_snapshot {
    int64_t snapshot_id;
    int64_t parent_id; /* 0 = none */
    int64_t sequence_number;
    int64_t timestamp_ms;
    const char *manifest_list; /* relative to the home */
    int schema_id;
    const char *operation; /* append, overwrite, replace, delete */
    yyjson_val *summary;   /* object of strings */
};

struct weft_table; /* a metadata file, read */

/* metadata_path is relative to the home. CORRUPT with file and byte when it does not read. */
int weft_table_load(struct weft_arena *arena, const char *home, const char *metadata_path,
                    struct weft_table **out, struct weft_error *error) WEFT_MUST_CHECK;
const struct weft_table_schema *weft_table_schema(const struct weft_table *table); /* current */
const struct weft_table_schema *weft_table_schema_of(const struct weft_table *table,
                                                     int schema_id); /* NULL = none */
/* NULL when the table has no snapshot. */
const struct weft_snapshot *weft_table_current(const struct weft_table *table);
/* Snapshots other than the current one are read when they are asked for. These two tell one that is
 * not there (WEFT_NOT_THERE) from one that does not read (CORRUPT); the ones below give NULL for
 * both. find_at: the one current at a time, by the snapshot log. */
int weft_table_find(const struct weft_table *table, int64_t snapshot_id,
                    const struct weft_snapshot **out, struct weft_error *error) WEFT_MUST_CHECK;
int weft_table_find_at(const struct weft_table *table, int64_t timestamp_ms,
                       const struct weft_snapshot **out, struct weft_error *error) WEFT_MUST_CHECK;
const struct weft_snapshot *weft_table_snapshot(const struct weft_table *table,
                                                int64_t snapshot_id); /* NULL = none */
/* The one current at a time (by the snapshot log); NULL = none yet. */
const struct weft_snapshot *weft_table_snapshot_at(const struct weft_table *table,
                                                   int64_t timestamp_ms);
size_t weft_table_snapshot_count(const struct weft_table *table);
const struct weft_snapshot *weft_table_snapshot_nth(const struct weft_table *table, size_t i);
const char *weft_table_uuid(const struct weft_table *table);
const char *weft_table_metadata_path(const struct weft_table *table); /* relative to the home */
const char *weft_table_folder(const struct weft_table *table);        /* relative to the home */
const char *weft_table_property(const struct weft_table *table, const char *key); /* NULL = none */

/* The schema that a contract's fields give: ids of fields that go on (by name, or by `was`) stay,
 * new ones get new ids, ids are never used again. table NULL = a new one. Refuses (INVALID, naming
 * the field) what Iceberg cannot do without a rewrite: a narrowed or changed type, a nested rename.
 * `required` of a column added to a table with rows becomes optional in the table. Gives the
 * current schema itself when nothing differs. */
int weft_table_evolve(struct weft_arena *arena, const struct weft_table *table,
                      const struct weft_fields *fields, struct weft_table_schema *out,
                      struct weft_error *error) WEFT_MUST_CHECK;

/* What evolving asks of a table, and nothing of its rows and files: an object. Read back it is a
 * table for weft_table_evolve, weft_table_schema and weft_table_current alone. INVALID, CORRUPT. */
void weft_table_outline_write(const struct weft_table *table, struct weft_json_writer *json);
int weft_table_outline_read(struct weft_arena *arena, yyjson_val *outline, struct weft_table **out,
                            struct weft_error *error) WEFT_MUST_CHECK;

/* The text of COPY's option FIELD_IDS: {"a": 1, "l": {__duckdb_field_id: 2, "element": 3}}. */
void weft_table_field_ids_sql(const struct weft_table_schema *schema, struct weft_buf *out);
/* The field that a name of RETURN_STATS means: "a", or "st"."x y" with quotes doubled. NULL type
 * and 0 when there is none, or when it lies in a list or map, whose parts have no bounds. */
int weft_table_stats_field(const struct weft_table_schema *schema, const char *name,
                           const struct weft_type **type);

/* ---- data files ---- */

struct weft_column_stats {
    int field_id;
    int64_t value_count;   /* -1 = not known */
    int64_t null_count;    /* -1 */
    int64_t nan_count;     /* -1 */
    int64_t column_size;   /* bytes; -1 */
    struct weft_str lower; /* single-value serialization (spec, appendix D); data NULL = unknown */
    struct weft_str upper;
};

struct weft_data_file {
    const char *path; /* relative to the home */
    int content;      /* 0 data, 1 position deletes, 2 equality deletes */
    int64_t records;
    int64_t size;
    const struct weft_column_stats *stats;
    size_t stat_count;
    int sort_order_id; /* 0 = unsorted; for a new file anything else = by the change's sort */
    /* set when read from a manifest */
    int64_t snapshot_id;
    int64_t sequence_number;
    int64_t file_sequence_number;
};

struct weft_data_files {
    const struct weft_data_file *items;
    size_t count;
};

/* Live files of a snapshot: data and delete files apart. Sizes and lengths are checked against
 * what the manifests say (CORRUPT). */
int weft_table_files(struct weft_arena *arena, const char *home, const struct weft_table *table,
                     const struct weft_snapshot *snapshot, struct weft_data_files *data,
                     struct weft_data_files *deletes, struct weft_error *error) WEFT_MUST_CHECK;

/* The data files that the snapshots after `since` up to `snapshot` added: what an incremental
 * reader has not seen. WEFT_NOT_THERE when `since` is no ancestor of `snapshot` (expired, or rolled
 * back past); WEFT_CONFLICT when a snapshot between is no append, its id in *culprit. */
int weft_table_added_since(struct weft_arena *arena, const char *home,
                           const struct weft_table *table, const struct weft_snapshot *snapshot,
                           int64_t since, struct weft_data_files *out, int64_t *culprit,
                           struct weft_error *error) WEFT_MUST_CHECK;

/* The schema that weft wrote a live file with: that of the snapshot it came by. WEFT_NOT_THERE when
 * the snapshot is gone or another writer's. */
int weft_table_file_schema(const struct weft_table *table, const struct weft_data_file *file,
                           const struct weft_table_schema **out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* A bound from the text that DuckDB's RETURN_STATS gives. Strings are cut to 16 code points, an
 * upper bound is then incremented. *out.data is NULL when no honest bound can be given. */
int weft_bound_from_text(struct weft_arena *arena, const struct weft_type *type, const char *text,
                         bool upper, struct weft_str *out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- making the next state ---- */

enum weft_operation { WEFT_OP_APPEND, WEFT_OP_OVERWRITE, WEFT_OP_ROLLBACK, WEFT_OP_SCHEMA_ONLY };

struct weft_summary_item {
    const char *key;
    const char *value;
};

struct weft_table_change {
    const char *folder; /* of the table, relative to the home: "lake/county_health/daily_reports" */
    const char *run_id; /* a UUID; stands in the name of every file made, so that it can be swept */
    enum weft_operation operation;
    const struct weft_table_schema *schema;
    const struct weft_sort_field *sort;
    size_t sort_count;
    const struct weft_data_file *added;
    size_t added_count;
    bool remove_all;            /* OVERWRITE: all live files go first */
    const char *const *removed; /* OVERWRITE: live files that go; paths as in files */
    size_t removed_count;
    int64_t rollback_snapshot_id;            /* ROLLBACK: the new snapshot equals this one */
    int64_t timestamp_ms;                    /* kept greater than the last snapshot's */
    const struct weft_summary_item *summary; /* run id, digest, ledger's head ... */
    size_t summary_count;
    const struct weft_summary_item *properties; /* table properties to set */
    size_t property_count;
    int metadata_files_kept;
};

struct weft_table_made {
    const char *metadata_path; /* relative to the home */
    const char *previous_path; /* NULL = a new table */
    int64_t snapshot_id;       /* 0 for SCHEMA_ONLY */
    int64_t parent_id;
    int64_t total_records;
    int64_t total_files;
    int64_t total_bytes;
    const char *const *old_metadata; /* beyond metadata_files_kept: to remove after the commit */
    size_t old_metadata_count;
};

/* Writes manifest, manifest list and metadata under new names, synced with their folders; nothing
 * that is there is changed, so the state before stays whole. table NULL = a new one. Fault points:
 * lake.manifest, lake.manifest_list, lake.metadata. Small manifests are merged (100 or more). */
int weft_table_make(struct weft_arena *arena, const char *home, const struct weft_table *table,
                    const struct weft_table_change *change, struct weft_table_made *out,
                    struct weft_error *error) WEFT_MUST_CHECK;

/* Removes what a made but never committed state wrote: every file below the table's folder whose
 * name holds the run id. Gone is fine. */
int weft_table_sweep(const char *home, const char *folder, const char *run_id,
                     struct weft_error *error) WEFT_MUST_CHECK;

/* Rewrites the absolute paths of all metadata, manifest lists and manifests below a table's folder
 * after the home was moved (weft doctor --rebase). */
int weft_table_rebase(const char *home, const char *metadata_path, const char *old_home,
                      char **new_metadata_path, struct weft_error *error) WEFT_MUST_CHECK;

#endif

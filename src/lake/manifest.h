/*
 * manifest.h - manifests and manifest lists, in memory and as Avro files (Iceberg specification,
 * sections "Manifests" and "Manifest lists", version 2, unpartitioned).
 *
 * A manifest names files (entries); a manifest list names the manifests of one snapshot. Both are
 * immutable. All that is read lives in the arena. For files of this floor only.
 */
#ifndef WEFT_LAKE_MANIFEST_H
#define WEFT_LAKE_MANIFEST_H

#include "lake/table_internal.h"

enum lake_status { LAKE_EXISTING = 0, LAKE_ADDED = 1, LAKE_DELETED = 2 };
enum lake_content { LAKE_DATA = 0, LAKE_DELETES = 1 };

struct lake_entry {
    enum lake_status status;
    /* Inherited numbers are filled in by reading. Writing: an ADDED entry's sequence numbers are
     * left null, as the specification wants; the others' stand there. */
    struct weft_data_file file;
};

struct lake_entries {
    struct lake_entry *items;
    size_t count;
    size_t capacity;
};

struct lake_manifest {
    const char *path; /* relative to the home */
    int64_t length;
    int content; /* enum lake_content */
    int64_t sequence_number;
    int64_t min_sequence_number;
    int64_t added_snapshot_id;
    int64_t added_files;
    int64_t existing_files;
    int64_t deleted_files;
    int64_t added_rows;
    int64_t existing_rows;
    int64_t deleted_rows;
};

struct lake_manifests {
    struct lake_manifest *items;
    size_t count;
    size_t capacity;
};

int lake_entries_add(struct weft_arena *arena, struct lake_entries *entries,
                     const struct lake_entry *entry, struct weft_error *error) WEFT_MUST_CHECK;
int lake_manifests_add(struct weft_arena *arena, struct lake_manifests *manifests,
                       const struct lake_manifest *manifest, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- reading (manifest_read.c): adds to out ---- */
int lake_manifest_list_parse(struct weft_arena *arena, const char *folder, const char *data,
                             size_t length, struct lake_manifests *out, struct weft_error *error)
    WEFT_MUST_CHECK;
int lake_manifest_parse(struct weft_arena *arena, const char *folder,
                        const struct lake_manifest *manifest, const char *data, size_t length,
                        struct lake_entries *out, struct weft_error *error) WEFT_MUST_CHECK;
int lake_manifest_list_read(struct weft_arena *arena, const char *home, const char *folder,
                            const char *path, struct lake_manifests *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Live entries only, unless `all`. CORRUPT when the length differs from the manifest list's. */
int lake_manifest_read(struct weft_arena *arena, const char *home, const char *folder,
                       const struct lake_manifest *manifest, bool all, struct lake_entries *out,
                       struct weft_error *error) WEFT_MUST_CHECK;

/* ---- writing (manifest_write.c) ---- */
struct lake_manifest_job {
    const char *home;
    const char *path; /* relative to the home */
    const struct weft_table_schema *schema;
    int content;
    int64_t snapshot_id;
    int64_t sequence; /* of the snapshot */
};
/* Writes, syncs, and gives the manifest's line of the list. Fault point lake.manifest. */
int lake_manifest_write(struct weft_arena *arena, const struct lake_manifest_job *job,
                        const struct lake_entries *entries, struct lake_manifest *out,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* Fault point lake.manifest_list. parent_id 0 = none. */
int lake_manifest_list_write(struct weft_arena *arena, const struct lake_manifest_job *job,
                             int64_t parent_id, const struct lake_manifests *manifests,
                             struct weft_error *error) WEFT_MUST_CHECK;

#endif

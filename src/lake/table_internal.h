/*
 * table_internal.h - what the files of this floor share about tables: the read metadata file,
 * locations, schemas as JSON. Everything lives in the arena it was made in.
 */
#ifndef WEFT_LAKE_TABLE_INTERNAL_H
#define WEFT_LAKE_TABLE_INTERNAL_H

#include "base/fs.h"
#include "lake/table.h"

#define LAKE_METADATA_MAX ((size_t)256 << 20) /* bytes of one metadata file */
#define LAKE_MANIFEST_MAX ((size_t)256 << 20) /* bytes of one manifest or manifest list */
#define LAKE_SCHEMAS_MAX 10000
#define LAKE_COLUMNS_MAX 100000 /* nested parts counted */
#define LAKE_SNAPSHOTS_MAX 1000000
#define LAKE_TYPE_DEPTH_MAX 16
#define LAKE_SMALL_MANIFEST ((int64_t)8 << 20) /* below: may be merged */
#define LAKE_MERGE_COUNT 100
#define LAKE_PARTITION_ID_START 999
/* The table property that lists the ids of fields whose type is json: a string for Iceberg. */
#define LAKE_JSON_FIELDS "weft.json.fields"

struct lake_log_entry {
    int64_t timestamp_ms;
    int64_t snapshot_id;
};

struct lake_old_metadata {
    int64_t timestamp_ms;
    const char *path; /* relative to the home */
};

struct lake_sort_order {
    int64_t order_id;
    yyjson_val *fields;
};

/* A snapshot is read when it is first asked for. */
struct lake_snapshot {
    struct weft_snapshot snapshot;
    yyjson_val *json;
    struct weft_str line; /* data NULL: json is there from the beginning */
    bool read;
};

/* Of a large file only both ends were read (metadata_window.c): the head, and the last snapshots.
 * The rest is read when somebody asks for an older one. */
struct lake_window {
    const char *home;
    struct weft_fs_identity identity;
    int64_t lines_at; /* bytes of the file: the lines of snapshots, of the log */
    int64_t lines_end;
    int64_t log_at;
    int64_t log_end;
    struct lake_snapshot *recent; /* in the file's order */
    size_t recent_count;
};

struct weft_table {
    struct weft_table *self; /* to fill in what is read later: tables are passed as const */
    struct weft_arena *arena;
    const char *metadata_path; /* relative to the home */
    const char *folder;        /* relative to the home */
    const char *text;
    size_t length;
    yyjson_val *root;
    const char *uuid;
    int64_t last_sequence;
    int64_t last_updated_ms;
    int last_column_id;
    struct weft_table_schema *schemas;
    size_t schema_count;
    size_t current_schema;
    struct lake_snapshot *snapshots;
    size_t snapshot_count;
    /* Where weft laid the file out: the lines of snapshots and of the log, else data NULL. */
    struct weft_str snapshot_lines;
    struct weft_str log_lines;
    struct lake_window *window;          /* NULL: all of the file was read, or by now */
    size_t found;                        /* where the last snapshot that was looked for is */
    const struct weft_snapshot *current; /* NULL = none */
    struct lake_log_entry *log;
    size_t log_count;
    struct lake_old_metadata *old;
    size_t old_count;
    struct lake_sort_order *orders;
    size_t order_count;
    int64_t default_order;
    yyjson_val *properties; /* NULL = none */
};

/* ---- locations (location.c) ---- */

/* file:///absolute/home/relative: plain, without percent-encoding, as Java's readers and PyIceberg
 * take it. */
void lake_uri(struct weft_buf *out, const char *home, const char *relative);
/* INVALID for a home whose path readers would cut (# ? or a control character in it). */
int lake_check_home(const char *home, struct weft_error *error) WEFT_MUST_CHECK;
/* The path below `folder` that a URI means, relative to the home; the home it was written with does
 * not matter. CORRUPT when it lies outside the folder. */
int lake_relative(struct weft_arena *arena, const char *folder, const char *uri, size_t length,
                  const char **out, struct weft_error *error) WEFT_MUST_CHECK;
/* "lake/d/t" of "lake/d/t/metadata/x". INVALID when the path has no such form. */
int lake_table_folder(struct weft_arena *arena, const char *metadata_path, const char **out,
                      struct weft_error *error) WEFT_MUST_CHECK;

/* ---- schemas (schema.c) ---- */

int lake_schema_read(struct weft_arena *arena, yyjson_val *json, yyjson_val *json_fields,
                     struct weft_table_schema *out, int *last_id, struct weft_error *error)
    WEFT_MUST_CHECK;
void lake_schema_write(struct weft_json_writer *writer, const struct weft_table_schema *schema);
/* How many ids the parts of a type need. */
size_t lake_type_part_count(const struct weft_type *type);
/* The text of LAKE_JSON_FIELDS, into out ("" = none). */
void lake_json_fields(const struct weft_table_schema *schema, struct weft_buf *out);
bool lake_schema_equal(const struct weft_table_schema *a, const struct weft_table_schema *b);
/* Ids of columns that can have bounds: top-level and inside structs, not in lists or maps. */
bool lake_schema_bounded(const struct weft_table_schema *schema, int field_id);

/* ---- writing metadata (metadata_write.c) ---- */

struct lake_next {
    const struct weft_table *table; /* NULL = a new one */
    const struct weft_table_change *change;
    const char *home;
    struct weft_table_made *made;
    int64_t now_ms;
    int64_t sequence;
    const char *snapshot_json; /* NULL = no new snapshot */
    size_t snapshot_length;
    bool sorted; /* files of the change are sorted by order_id */
    int64_t order_id;
};

/* Which order the change's sort fields are: an old one or the next. */
int lake_order_find(struct weft_arena *arena, const struct weft_table *table,
                    const struct weft_table_change *change, int64_t *order_id,
                    struct weft_error *error) WEFT_MUST_CHECK;
int lake_metadata_write(struct weft_arena *arena, const struct lake_next *next,
                        struct weft_error *error) WEFT_MUST_CHECK;

/* The file of a front (open, before the snapshots) and what comes after it (metadata_join.c). */
int lake_lines_write(const struct lake_next *next, const char *path, struct weft_buf *front,
                     struct weft_error *error) WEFT_MUST_CHECK;

/* ---- the layout of weft's own files (metadata_lines.c) ----
 * All on one line, but the snapshots and the snapshot log at the end, one to a line:
 *   {"format-version":2, ... ,
 *   "snapshots":[
 *   {...},
 *   {...}
 *   ],
 *   "snapshot-log":[
 *   {...}
 *   ]}
 * A line's end cannot stand inside a JSON text. So the next file takes these lines as they are, and
 * a reader parses only those it is asked for. */
#define LAKE_SNAPSHOTS_HEAD "\n\"snapshots\":["
#define LAKE_LOG_HEAD "\n],\n\"snapshot-log\":["
#define LAKE_FILE_END "\n]}"

/* Finds the lines; gives the head, closed, as a text of its own. False when the file was not laid
 * out so (head stays). 0 or failure. */
int lake_lines_find(struct weft_arena *arena, struct weft_table *table, struct weft_str *head,
                    bool *found, struct weft_error *error) WEFT_MUST_CHECK;
/* Fills snapshots and log from the lines; nothing in a snapshot is read. */
int lake_lines_index(struct weft_arena *arena, struct weft_table *table, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The snapshot of an id by its text, read; *index is the count when there is none. */
int lake_lines_search(const struct weft_table *table, int64_t snapshot_id, size_t *index,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* A document that lives as long as the arena. CORRUPT when it is none. */
int lake_json_parse(struct weft_arena *arena, const char *text, size_t length, yyjson_val **root,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* Reads a slot, if it was not yet. CORRUPT when it does not read. */
int lake_slot_read(const struct weft_table *table, struct lake_snapshot *slot,
                   struct weft_error *error) WEFT_MUST_CHECK;
int lake_snapshot_read(const struct weft_table *table, size_t i, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The slots of the lines of a text, which begins with a line's end. */
int lake_lines_slots(struct weft_arena *arena, struct weft_str text, struct lake_snapshot **out,
                     size_t *count, struct weft_error *error) WEFT_MUST_CHECK;
/* Does the line name this id, perhaps? What it holds is to be read. */
bool lake_line_may_be(const struct lake_snapshot *slot, int64_t snapshot_id);

/* ---- both ends of a large file (metadata_window.c) ---- */

#define LAKE_WINDOW_MIN ((int64_t)1 << 20) /* smaller files are read as a whole */

/* The head, closed, as a text of its own. WEFT_NOT_THERE when the file is small or not laid out in
 * lines: then it is to be read as a whole. */
int lake_window_open(struct weft_arena *arena, const char *home, const char *metadata_path,
                     struct lake_window **out, struct weft_str *head, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Everything is there after it, nothing is done when it was. CORRUPT: the file is another now. */
int lake_window_widen(const struct weft_table *table, struct weft_error *error) WEFT_MUST_CHECK;
/* A snapshot among the last ones; WEFT_NOT_THERE. */
int lake_window_find(const struct weft_table *table, int64_t snapshot_id,
                     const struct weft_snapshot **out, struct weft_error *error) WEFT_MUST_CHECK;
/* Copies bytes of the file to fd. */
int lake_window_copy(const struct weft_table *table, int64_t from, int64_t to, int fd,
                     const char *path, struct weft_error *error) WEFT_MUST_CHECK;

/* Where the snapshot of an id is; *index is the count when there is none. What is found is read. */
int lake_snapshot_find(const struct weft_table *table, int64_t snapshot_id, size_t *index,
                       struct weft_error *error) WEFT_MUST_CHECK;
/* CORRUPT when the data file is gone or of another size than its manifest says. */
int lake_check_data_file(const char *home, const struct weft_data_file *file,
                         struct weft_error *error) WEFT_MUST_CHECK;

/* Reads the metadata of `text`, which lies in the arena; for the loader and the fuzz target. */
int lake_metadata_parse(struct weft_arena *arena, const char *metadata_path, const char *text,
                        size_t length, struct weft_table **out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

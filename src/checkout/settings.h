/*
 * settings.h - every setting in one table: name, type, default, help. Values come, in rising order,
 * from the default, weft.yaml (`settings:`), WEFT_<NAME>, and flags (--set name=value, or an own
 * flag).
 */
#ifndef WEFT_CHECKOUT_SETTINGS_H
#define WEFT_CHECKOUT_SETTINGS_H

#include "base/buf.h"
#include "base/diag.h"

/* name, kind (SIZE bytes, COUNT, DURATION us, BOOL, TEXT), default, help */
#define WEFT_SETTINGS(X)                                                                           \
    X(MEMORY, "memory", SIZE, "",                                                                  \
      "Memory for runs and queries. Default: half of what the machine "                            \
      "or its control group allows.")                                                              \
    X(THREADS, "threads", COUNT, "", "Threads of one run or query. Default: the processors.")      \
    X(TEMP_DIR, "temp_dir", TEXT, "", "Where sorts and joins spill. Default: <home>/tmp.")         \
    X(TEMP_SIZE_MAX, "temp_size_max", SIZE, "64GB", "How much they may spill.")                    \
    X(QUERY_TIMEOUT, "query_timeout", DURATION, "10m", "A query that runs longer is stopped.")     \
    X(TEST_TIMEOUT, "test_timeout", DURATION, "2m", "A test that runs longer is stopped.")         \
    X(RECORD_SIZE_MAX, "record_size_max", SIZE, "16MB", "The longest record of an input file.")    \
    X(COLUMNS_MAX, "columns_max", COUNT, "4096", "The most columns of an input file or product.")  \
    X(FILE_SIZE_MAX, "file_size_max", SIZE, "1TB", "The largest input file, uncompressed.")        \
    X(SQL_SIZE_MAX, "sql_size_max", SIZE, "128KB", "The longest text of a query.")                 \
    X(SQL_DEPTH_MAX, "sql_depth_max", COUNT, "150", "The deepest nesting of a query.")             \
    X(EXAMPLES_MAX, "examples_max", COUNT, "100",                                                  \
      "Examples kept for each broken rule of a "                                                   \
      "blocked run.")                                                                              \
    X(METADATA_FILES_KEPT, "metadata_files_kept", COUNT, "20", "Old table metadata files kept.")   \
    X(LOCK_WAIT, "lock_wait", DURATION, "1h", "How long a run waits for another of its product.")  \
    X(HTTP_TIMEOUT, "http_timeout", DURATION, "10m", "How long fetching one input file may take.") \
    X(HTTP_CONNECT_TIMEOUT, "http_connect_timeout", DURATION, "10s",                               \
      "How long connecting to its server may take.")                                               \
    X(HTTP_PRIVATE, "http_private", BOOL, "false",                                                 \
      "Fetch input files from private, loopback and link-local addresses too.")                    \
    X(AUDIT_RETENTION, "audit_retention", DURATION, "10y",                                         \
      "How long the audit is kept; `weft audit expire` removes older months.")                     \
    X(BREAK_GLASS_TIME, "break_glass_time", DURATION, "4h",                                        \
      "How long an emergency access lasts (`weft query --break-glass`).")

enum weft_setting {
#define WEFT_SETTING_ENUM(name, text, kind, value, help) WEFT_SETTING_##name,
    WEFT_SETTINGS(WEFT_SETTING_ENUM)
#undef WEFT_SETTING_ENUM
        WEFT_SETTING_COUNT
};

struct weft_setting_state {
    int64_t number;   /* bytes, microseconds, count, 0 or 1; 0 for TEXT */
    char text[256];   /* as given */
    char origin[600]; /* "default", "weft.yaml:4:3", "WEFT_MEMORY", "--memory" */
};

struct weft_settings {
    struct weft_setting_state values[WEFT_SETTING_COUNT];
};

struct weft_mesh;

const char *weft_setting_name(enum weft_setting setting);
const char *weft_setting_help(enum weft_setting setting);
/* Defaults, then mesh (may be NULL), then the environment. Mistakes go to diag. */
int weft_settings_load(struct weft_settings *settings, const struct weft_mesh *mesh,
                       struct weft_diag *diag, struct weft_error *error) WEFT_MUST_CHECK;
/* A flag. USAGE for an unknown name (with a suggestion) or a wrong value. */
int weft_settings_set(struct weft_settings *settings, const char *name, const char *value,
                      const char *origin, struct weft_error *error) WEFT_MUST_CHECK;
int64_t weft_settings_number(const struct weft_settings *settings, enum weft_setting setting);
const char *weft_settings_text(const struct weft_settings *settings, enum weft_setting setting);
/* The reference page, Markdown. */
int weft_settings_page_print(struct weft_buf *out, struct weft_error *error) WEFT_MUST_CHECK;

#endif

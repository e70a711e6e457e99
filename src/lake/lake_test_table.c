/*
 * lake_test_table.c - the helpers of lake_test_table.h.
 */
#include "lake/lake_test_table.h"

#include "base/fs.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct lake_test lake_test;

static const char *const lines[] = {"a long required", "b string", NULL};

int lake_test_begin(void **state)
{
    (void)state;
    lake_test = (struct lake_test){.home = weft_test_dir(), .arena = weft_arena_new(0)};
    lake_test.error = (struct weft_error)WEFT_ERROR_INIT;
    return lake_test.arena == NULL;
}

int lake_test_end(void **state)
{
    (void)state;
    weft_arena_free(lake_test.arena);
    weft_test_dir_remove(lake_test.home);
    return 0;
}

struct weft_data_file lake_test_file(const char *name, int64_t records)
{
    static char bytes[1000];
    struct weft_column_stats *stats = weft_arena_array(lake_test.arena, 1, sizeof *stats);
    struct weft_data_file file = {
        .path = weft_arena_format(lake_test.arena, LAKE_TEST_FOLDER "/data/%s", name),
        .records = records,
        .size = records,
        .stats = stats,
        .stat_count = 1};
    assert_non_null(stats);
    stats[0] = (struct weft_column_stats){1, records, 0, -1, 100, {"\1\0\0\0\0\0\0\0", 8}, {0}};
    char *folder = weft_path_join(lake_test.home, LAKE_TEST_FOLDER "/data");
    char *path = weft_path_join(lake_test.home, file.path);
    lake_test_ok(weft_fs_mkdirs(folder, &lake_test.error), &lake_test.error);
    lake_test_ok(weft_fs_write_file(path, bytes, (size_t)records, &lake_test.error),
                 &lake_test.error);
    weft_free(folder);
    weft_free(path);
    return file;
}

struct weft_table_change lake_test_change(enum weft_operation operation,
                                          const struct weft_table_schema *schema,
                                          const struct weft_data_file *files, size_t count)
{
    return (struct weft_table_change){
        .folder = LAKE_TEST_FOLDER,
        .run_id = weft_arena_format(lake_test.arena, LAKE_TEST_RUN, ++lake_test.runs),
        .operation = operation,
        .schema = schema,
        .added = files,
        .added_count = count,
        .remove_all = operation == WEFT_OP_OVERWRITE,
        .timestamp_ms = 1600000000000,
        .metadata_files_kept = 100};
}

struct weft_table_schema lake_test_schema(const struct weft_table *table)
{
    struct weft_fields fields = lake_test_fields(lake_test.arena, lines);
    struct weft_table_schema schema;
    lake_test_ok(weft_table_evolve(lake_test.arena, table, &fields, &schema, &lake_test.error),
                 &lake_test.error);
    return schema;
}

struct weft_table *lake_test_apply(const struct weft_table *table, struct weft_table_change change,
                                   struct weft_table_made *made)
{
    struct weft_table *after = NULL;
    struct weft_table_schema schema = lake_test_schema(table);
    change.schema = &schema;
    lake_test_ok(
        weft_table_make(lake_test.arena, lake_test.home, table, &change, made, &lake_test.error),
        &lake_test.error);
    lake_test_ok(weft_table_load(lake_test.arena, lake_test.home, made->metadata_path, &after,
                                 &lake_test.error),
                 &lake_test.error);
    return after;
}

struct weft_table *lake_test_append(const struct weft_table *table, const char *name,
                                    int64_t records)
{
    struct weft_table_made made;
    struct weft_data_file file = lake_test_file(name, records);
    return lake_test_apply(table, lake_test_change(WEFT_OP_APPEND, NULL, &file, 1), &made);
}

struct weft_data_files lake_test_files(const struct weft_table *table)
{
    struct weft_data_files data;
    struct weft_data_files deletes;
    lake_test_ok(weft_table_files(lake_test.arena, lake_test.home, table, weft_table_current(table),
                                  &data, &deletes, &lake_test.error),
                 &lake_test.error);
    assert_int_equal(deletes.count, 0);
    return data;
}

enum weft_code lake_test_refusal(const struct weft_table *table, struct weft_table_change change)
{
    struct weft_table_made made;
    struct weft_table_schema schema = lake_test_schema(table);
    change.schema = &schema;
    lake_test.error = (struct weft_error)WEFT_ERROR_INIT;
    assert_int_equal(
        weft_table_make(lake_test.arena, lake_test.home, table, &change, &made, &lake_test.error),
        -1);
    return lake_test.error.code;
}

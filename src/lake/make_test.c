/*
 * make_test.c - the next states of a table, read back: what lives, what is refused, what a failure
 * leaves, and what a commit costs when a table has 10,000 snapshots. The data files hold any bytes:
 * this floor does not look into them.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/test_support.h"
#include "lake/lake_test_table.h"
#include "lake/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER LAKE_TEST_FOLDER

static void test_states(void **state)
{
    (void)state;
    struct weft_table_made made;
    struct weft_table *one = lake_test_append(NULL, "one", 10);
    struct weft_table *two = lake_test_append(one, "two", 20);
    assert_int_equal(lake_test_files(two).count, 2);
    assert_int_equal(lake_test_files(two).items[0].sequence_number, 1);
    assert_int_equal(lake_test_files(two).items[1].sequence_number, 2);
    assert_int_equal(lake_test_files(two).items[0].stats[0].value_count, 10);
    assert_int_equal(lake_test_files(two).items[0].stats[0].nan_count, -1);
    assert_int_equal(lake_test_files(two).items[0].stats[0].lower.length, 8);
    assert_null(lake_test_files(two).items[0].stats[0].upper.data);
    assert_string_equal(weft_table_uuid(one), weft_table_uuid(two));
    struct weft_data_file file = lake_test_file("three", 5);
    struct weft_table *three =
        lake_test_apply(two, lake_test_change(WEFT_OP_OVERWRITE, NULL, &file, 1), &made);
    assert_int_equal(made.total_records, 5);
    assert_int_equal(made.total_bytes, 5);
    assert_int_equal(made.parent_id, weft_table_current(two)->snapshot_id);
    assert_string_equal(made.previous_path, weft_table_metadata_path(two));
    assert_int_equal(lake_test_files(three).count, 1);
    struct weft_table_change back = lake_test_change(WEFT_OP_ROLLBACK, NULL, NULL, 0);
    back.rollback_snapshot_id = weft_table_current(one)->snapshot_id;
    struct weft_table *four = lake_test_apply(three, back, &made);
    assert_int_equal(lake_test_files(four).count, 1);
    assert_int_equal(lake_test_files(four).items[0].records, 10);
    assert_int_equal(lake_test_files(four).items[0].sequence_number, 1);
    assert_int_equal(weft_table_snapshot_count(four), 4);
    struct weft_table *five =
        lake_test_apply(four, lake_test_change(WEFT_OP_SCHEMA_ONLY, NULL, NULL, 0), &made);
    assert_int_equal(made.snapshot_id, 0);
    assert_int_equal(made.total_records, 10);
    assert_ptr_not_equal(weft_table_current(five), NULL);
    /* Time goes on even when the clock does not. */
    for (size_t i = 1; i < 4; i++)
        assert_true(weft_table_snapshot_nth(five, i)->timestamp_ms >
                    weft_table_snapshot_nth(five, i - 1)->timestamp_ms);
    int64_t second = weft_table_snapshot_nth(five, 1)->timestamp_ms;
    assert_ptr_equal(weft_table_snapshot_at(five, second), weft_table_snapshot_nth(five, 1));
    assert_null(weft_table_snapshot_at(five, 0));
    assert_null(weft_table_snapshot_nth(five, 4));
}

static void test_refused(void **state)
{
    (void)state;
    struct weft_table *table = lake_test_append(NULL, "one", 10);
    struct weft_data_file file = lake_test_file("two", 20);
    struct weft_table_change change = lake_test_change(WEFT_OP_APPEND, NULL, &file, 1);
    file.size = 21;
    assert_int_equal(lake_test_refusal(table, change), WEFT_E_CORRUPT);
    file.size = 20;
    file.path = "lake/d/other/data/two";
    assert_int_equal(lake_test_refusal(table, change), WEFT_E_INVALID);
    change = lake_test_change(WEFT_OP_ROLLBACK, NULL, NULL, 0);
    change.rollback_snapshot_id = 42;
    assert_int_equal(lake_test_refusal(table, change), WEFT_E_NOT_FOUND);
    change = lake_test_change(WEFT_OP_APPEND, NULL, NULL, 0);
    change.run_id = "../../x";
    assert_int_equal(lake_test_refusal(table, change), WEFT_E_INVALID);
    change = lake_test_change(WEFT_OP_APPEND, NULL, NULL, 0);
    change.folder = "lake/d/other";
    assert_int_equal(lake_test_refusal(table, change), WEFT_E_INVALID);
    struct weft_sort_field sort = {"nothing", false};
    change = lake_test_change(WEFT_OP_APPEND, NULL, NULL, 0);
    change.sort = &sort;
    change.sort_count = 1;
    assert_int_equal(lake_test_refusal(table, change), WEFT_E_INVALID);
    assert_int_equal(lake_test_files(table).count, 1);
}

static size_t count_files(const char *folder)
{
    struct weft_fs_list names = {0};
    char *path = weft_path_join(lake_test.home, folder);
    lake_test_ok(weft_fs_list(path, &names, &lake_test.error), &lake_test.error);
    size_t count = names.count;
    weft_fs_list_free(&names);
    weft_free(path);
    return count;
}

static void test_sweep(void **state)
{
    (void)state;
    struct weft_table_made made;
    struct weft_table *table = lake_test_append(NULL, "one", 10);
    size_t before = count_files(FOLDER "/metadata");
    const char *run = weft_arena_format(lake_test.arena, LAKE_TEST_RUN, lake_test.runs + 1);
    struct weft_data_file file =
        lake_test_file(weft_arena_format(lake_test.arena, "%s-0.parquet", run), 3);
    lake_test_apply(table, lake_test_change(WEFT_OP_APPEND, NULL, &file, 1), &made);
    assert_int_equal(count_files(FOLDER "/metadata"), before + 3);
    lake_test_ok(weft_table_sweep(lake_test.home, FOLDER, run, &lake_test.error), &lake_test.error);
    assert_int_equal(count_files(FOLDER "/metadata"), before);
    assert_int_equal(count_files(FOLDER "/data"), 1);
    lake_test_ok(weft_table_sweep(lake_test.home, FOLDER, run, &lake_test.error), &lake_test.error);
    lake_test_ok(weft_table_sweep(lake_test.home, "lake/no/where", run, &lake_test.error),
                 &lake_test.error);
    assert_int_equal(weft_table_sweep(lake_test.home, FOLDER, "", &lake_test.error), -1);
    assert_int_equal(lake_test_files(table).count, 1);
}

/* Locations of any lake_test.home are read, nothing outside the folder is. */
static void test_locations(void **state)
{
    (void)state;
    static const char *const good[] = {"file:///x/y z/lake/d/t/data/f", "file:/lake/d/t/data/f",
                                       "/lake/d/t/lake/d/t/data/f", "s3://bucket/lake/d/t/data/f"};
    static const char *const bad[] = {"file:///x/lake/d/t2/data/f",
                                      "file:///x/lake/d/t/../f",
                                      "/etc/passwd",
                                      "",
                                      "file:///x/lake/d/t/",
                                      "file:///x/lake/d/t",
                                      "file:///x/lake/d/t//f",
                                      "file:///x/lake/d/t/./f",
                                      "file:///xlake/d/t/f"};
    const char *out = NULL;
    for (size_t i = 0; i < WEFT_COUNT(good); i++) {
        lake_test_ok(lake_relative(lake_test.arena, FOLDER, good[i], strlen(good[i]), &out,
                                   &lake_test.error),
                     &lake_test.error);
        assert_string_equal(out, FOLDER "/data/f");
    }
    for (size_t i = 0; i < WEFT_COUNT(bad); i++) {
        assert_int_equal(
            lake_relative(lake_test.arena, FOLDER, bad[i], strlen(bad[i]), &out, &lake_test.error),
            -1);
        assert_int_equal(lake_test.error.code, WEFT_E_CORRUPT);
    }
    assert_int_equal(lake_check_home("/a/b#c", &lake_test.error), -1);
    assert_int_equal(lake_check_home("a", &lake_test.error), -1);
    lake_test_ok(lake_check_home("/a b/\xc3\xa9", &lake_test.error), &lake_test.error);
}

/* ---- damage ---- */

static char *read_all(const char *path, size_t *length)
{
    struct weft_buf text;
    weft_buf_init(&text, (size_t)1 << 28);
    lake_test_ok(weft_fs_read_file(path, (size_t)1 << 26, &text, &lake_test.error),
                 &lake_test.error);
    *length = text.length;
    return weft_buf_steal(&text);
}

/* A metadata file cut anywhere, or with a byte changed, is read or refused, and never crashes. */
static void test_damaged_metadata(void **state)
{
    (void)state;
    struct weft_table *table = lake_test_append(lake_test_append(NULL, "one", 10), "two", 5);
    char *path = weft_path_join(lake_test.home, weft_table_metadata_path(table));
    size_t length = 0;
    char *text = read_all(path, &length);
    for (size_t i = 0; i < length; i++) {
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *own = weft_arena_new(0);
        struct weft_table *out = NULL;
        assert_int_equal(
            lake_metadata_parse(own, FOLDER "/metadata/x", text, i, &out, &lake_test.error), -1);
        char kept = text[i];
        text[i] = (char)(kept ^ 1);
        int rc =
            lake_metadata_parse(own, FOLDER "/metadata/x", text, length, &out, &lake_test.error);
        assert_true(rc == 0 || lake_test.error.code == WEFT_E_CORRUPT ||
                    lake_test.error.code == WEFT_E_NOT_YET);
        text[i] = kept;
    }
    weft_free(text);
    weft_free(path);
}

/* A snapshot that nobody asked for may be damaged; whoever asks is told. */
static void test_damaged_snapshot(void **state)
{
    (void)state;
    struct weft_table *table = lake_test_append(lake_test_append(NULL, "one", 10), "two", 5);
    const struct weft_snapshot *first = weft_table_snapshot_nth(table, 0);
    size_t length = 0;
    char *path = weft_path_join(lake_test.home, weft_table_metadata_path(table));
    char *text = read_all(path, &length);
    char *summary = strstr(text, "\"summary\":{");
    summary[10] = '[';
    struct weft_table *damaged = NULL;
    const struct weft_snapshot *out = NULL;
    lake_test_ok(lake_metadata_parse(lake_test.arena, FOLDER "/metadata/x", text, length, &damaged,
                                     &lake_test.error),
                 &lake_test.error);
    assert_int_equal(weft_table_find(damaged, first->snapshot_id, &out, &lake_test.error), -1);
    assert_int_equal(lake_test.error.code, WEFT_E_CORRUPT);
    assert_int_equal(weft_table_find_at(damaged, first->timestamp_ms, &out, &lake_test.error), -1);
    assert_null(weft_table_snapshot_nth(damaged, 0));
    assert_int_equal(weft_table_find(damaged, 42, &out, &lake_test.error), WEFT_NOT_THERE);
    assert_int_equal(weft_table_find_at(damaged, 42, &out, &lake_test.error), WEFT_NOT_THERE);
    lake_test_ok(
        weft_table_find(damaged, weft_table_current(table)->snapshot_id, &out, &lake_test.error),
        &lake_test.error);
    weft_free(text);
    weft_free(path);
}

/* ---- out of memory ---- */

struct torture {
    struct weft_table *table;
    struct weft_table_schema schema;
    struct weft_data_file file;
    enum weft_operation operation;
    int64_t rollback;
};

static int torture_make(void *arg, struct weft_error *failure)
{
    struct torture *torture = arg;
    struct weft_arena *own = weft_arena_new(0);
    if (own == NULL)
        return weft_error_nomem(failure);
    char run_id[40];
    snprintf(run_id, sizeof run_id, LAKE_TEST_RUN, ++lake_test.runs);
    struct weft_table_change change = {.folder = FOLDER,
                                       .run_id = run_id,
                                       .operation = torture->operation,
                                       .schema = &torture->schema,
                                       .remove_all = true,
                                       .rollback_snapshot_id = torture->rollback,
                                       .timestamp_ms = 1,
                                       .metadata_files_kept = 2};
    if (torture->operation != WEFT_OP_ROLLBACK) {
        change.added = &torture->file;
        change.added_count = 1;
    }
    struct weft_table_made made;
    struct weft_table *after = NULL;
    struct weft_data_files data;
    struct weft_data_files deletes;
    int rc = weft_table_make(own, lake_test.home, torture->table, &change, &made, failure);
    if (rc == 0)
        rc = weft_table_load(own, lake_test.home, made.metadata_path, &after, failure);
    if (rc == 0)
        rc = weft_table_files(own, lake_test.home, after, weft_table_current(after), &data,
                              &deletes, failure);
    weft_arena_free(own);
    return rc;
}

static int torture_rebase(void *arg, struct weft_error *failure)
{
    struct torture *torture = arg;
    char *path = NULL;
    int rc = weft_table_rebase(lake_test.home, weft_table_metadata_path(torture->table),
                               lake_test.home, &path, failure);
    if (rc == 0)
        weft_free(path);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    static const enum weft_operation operations[] = {WEFT_OP_APPEND, WEFT_OP_OVERWRITE,
                                                     WEFT_OP_ROLLBACK};
    struct torture torture = {.table =
                                  lake_test_append(lake_test_append(NULL, "one", 10), "two", 5)};
    torture.schema = lake_test_schema(torture.table);
    torture.file = lake_test_file("three", 7);
    torture.rollback = weft_table_snapshot_nth(torture.table, 0)->snapshot_id;
    for (size_t i = 0; i < WEFT_COUNT(operations); i++) {
        torture.operation = operations[i];
        assert_true(weft_test_torture(torture_make, &torture) > 0);
    }
    assert_true(weft_test_torture(torture_rebase, &torture) > 0);
}

/* ---- what a commit costs ---- */

/* The metadata of a table, with as many snapshots as are wanted in front of its own. */
static struct weft_table *inflate(const struct weft_table *table, size_t count)
{
    struct weft_buf text;
    weft_buf_init(&text, (size_t)1 << 28);
    const char *head = strstr(table->text, "\"snapshots\":[");
    const char *list = weft_table_snapshot_nth(table, 0)->manifest_list;
    head += strlen("\"snapshots\":[");
    weft_buf_add(&text, table->text, (size_t)(head - table->text));
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&text,
                      "\n{\"sequence-number\":1,\"snapshot-id\":%zu,\"parent-snapshot-id\":%zu,"
                      "\"timestamp-ms\":%zu,\"summary\":{\"operation\":\"append\","
                      "\"weft.run-id\":\"11111111-2222-4333-8444-000000000000\","
                      "\"weft.ledger-head\":\"0123456789012345678901234567890123456789012345678901"
                      "234567890123\",\"added-data-files\":\"1\",\"added-records\":\"720998\","
                      "\"added-files-size\":\"4000000\",\"total-records\":\"720998\","
                      "\"total-files-size\":\"4000000\",\"total-data-files\":\"1\","
                      "\"total-delete-files\":\"0\",\"total-position-deletes\":\"0\","
                      "\"total-equality-deletes\":\"0\"},\"manifest-list\":\"file://%s/%s\","
                      "\"schema-id\":0},",
                      4000000000000000001 + i, 4000000000000000000 + i, 1000000000000 + i,
                      lake_test.home, list);
    const char *log = strstr(head, "\"snapshot-log\":[") + strlen("\"snapshot-log\":[");
    weft_buf_add(&text, head, (size_t)(log - head));
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&text, "\n{\"timestamp-ms\":%zu,\"snapshot-id\":%zu},", 1000000000000 + i,
                      4000000000000000001 + i);
    weft_buf_adds(&text, log);
    const char *name = FOLDER "/metadata/09999-inflated.metadata.json";
    char *path = weft_path_join(lake_test.home, name);
    struct weft_table *out = NULL;
    lake_test_ok(weft_fs_write_file(path, text.data, text.length, &lake_test.error),
                 &lake_test.error);
    lake_test_ok(weft_table_load(lake_test.arena, lake_test.home, name, &out, &lake_test.error),
                 &lake_test.error);
    weft_free(path);
    weft_buf_release(&text);
    return out;
}

struct cost {
    int64_t load_us;
    int64_t make_us;
};

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static struct cost measure(const char *metadata)
{
    int64_t loads[9];
    int64_t makes[9];
    for (size_t i = 0; i < 9; i++) {
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *own = weft_arena_new(0);
        struct weft_table *table = NULL;
        struct weft_table_made made;
        int64_t start = weft_clock_mono_us();
        lake_test_ok(weft_table_load(own, lake_test.home, metadata, &table, &lake_test.error),
                     &lake_test.error);
        loads[i] = weft_clock_mono_us() - start;
        struct weft_data_file file =
            lake_test_file(weft_arena_format(lake_test.arena, "x%d", lake_test.runs), 10);
        struct weft_table_schema schema = *weft_table_schema(table);
        struct weft_table_change change = lake_test_change(WEFT_OP_APPEND, &schema, &file, 1);
        start = weft_clock_mono_us();
        lake_test_ok(weft_table_make(own, lake_test.home, table, &change, &made, &lake_test.error),
                     &lake_test.error);
        makes[i] = weft_clock_mono_us() - start;
    }
    qsort(loads, 9, sizeof *loads, by_time);
    qsort(makes, 9, sizeof *makes, by_time);
    return (struct cost){loads[4], makes[4]};
}

static void test_many_snapshots(void **state)
{
    (void)state;
    struct weft_table *few = lake_test_append(NULL, "one", 10);
    struct cost first = measure(weft_table_metadata_path(few));
    struct weft_table *many = inflate(few, 10000);
    assert_int_equal(weft_table_snapshot_count(many), 10001);
    struct cost last = measure(weft_table_metadata_path(many));
    printf("load %" PRId64 " -> %" PRId64 " us, make %" PRId64 " -> %" PRId64
           " us, metadata %zu bytes\n",
           first.load_us, last.load_us, first.make_us, last.make_us, many->length);
    struct weft_table *after = lake_test_append(many, "more", 3);
    assert_int_equal(weft_table_snapshot_count(after), 10002);
    assert_int_equal(lake_test_files(after).count, 2);
    /* The text of the old snapshots is there as it was. */
    size_t many_length = 0, after_length = 0;
    char *many_path = weft_path_join(lake_test.home, weft_table_metadata_path(many));
    char *after_path = weft_path_join(lake_test.home, weft_table_metadata_path(after));
    char *many_text = read_all(many_path, &many_length);
    char *after_text = read_all(after_path, &after_length);
    const char *first_line = strstr(many_text, "\n{\"sequence");
    size_t lines_length = (size_t)(strstr(many_text, LAKE_LOG_HEAD) - first_line);
    assert_true(lines_length > 5000000);
    assert_non_null(memmem(after_text, after_length, first_line, lines_length));
    weft_free(many_path);
    weft_free(after_path);
    weft_free(many_text);
    weft_free(after_text);
}

/* ---- both ends of a large file ---- */

static const struct weft_snapshot *found(const struct weft_table *table, int64_t id)
{
    const struct weft_snapshot *out = NULL;
    lake_test_ok(weft_table_find(table, id, &out, &lake_test.error), &lake_test.error);
    assert_int_equal(out->snapshot_id, id);
    return out;
}

static struct weft_table *reload(const struct weft_table *table)
{
    struct weft_table *out = NULL;
    lake_test_ok(weft_table_load(lake_test.arena, lake_test.home, weft_table_metadata_path(table),
                                 &out, &lake_test.error),
                 &lake_test.error);
    return out;
}

static void test_window(void **state)
{
    (void)state;
    const struct weft_snapshot *out = NULL;
    struct weft_data_files files;
    int64_t culprit = 0;
    struct weft_table *many = inflate(lake_test_append(NULL, "one", 10), 3000);
    assert_non_null(many->window);
    struct weft_table *two = lake_test_append(many, "two", 20);
    struct weft_table *table = lake_test_append(two, "three", 30);
    int64_t current = weft_table_current(table)->snapshot_id;
    int64_t before = weft_table_current(two)->snapshot_id;
    /* The last ones are in the window; so is what was added by the last. */
    found(table, current);
    assert_int_equal(found(table, before)->parent_id, weft_table_current(many)->snapshot_id);
    lake_test_ok(weft_table_added_since(lake_test.arena, lake_test.home, table,
                                        weft_table_current(table), before, &files, &culprit,
                                        &lake_test.error),
                 &lake_test.error);
    assert_int_equal(files.count, 1);
    assert_int_equal(lake_test_files(table).count, 3);
    assert_non_null(table->window);
    /* An old one, none, one by its time, all: the rest is read. */
    found(table, 4000000000000000007);
    assert_null(table->window);
    found(table, before);
    assert_int_equal(weft_table_find(reload(table), 42, &out, &lake_test.error), WEFT_NOT_THERE);
    struct weft_table *again = reload(table);
    lake_test_ok(weft_table_find_at(again, 1000000000005, &out, &lake_test.error),
                 &lake_test.error);
    assert_int_equal(out->snapshot_id, 4000000000000000006);
    again = reload(table);
    assert_int_equal(weft_table_snapshot_count(again), 3003);
    assert_int_equal(weft_table_snapshot_nth(again, 3002)->snapshot_id, current);
    assert_int_equal(weft_table_current(again)->snapshot_id, current);
    /* A commit on what was read whole, and a state that is no snapshot. */
    struct weft_table_made made;
    struct weft_table *after =
        lake_test_apply(again, lake_test_change(WEFT_OP_SCHEMA_ONLY, NULL, NULL, 0), &made);
    after =
        lake_test_apply(reload(after), lake_test_change(WEFT_OP_SCHEMA_ONLY, NULL, NULL, 0), &made);
    after = lake_test_append(after, "four", 4);
    assert_int_equal(weft_table_snapshot_count(after), 3004);
    assert_int_equal(found(after, weft_table_current(after)->snapshot_id)->parent_id, current);
}

/* Walks back over more than the window holds. */
static void test_window_since(void **state)
{
    (void)state;
    struct weft_data_files files;
    int64_t culprit = 0;
    struct weft_table *table = inflate(lake_test_append(NULL, "one", 10), 3000);
    int64_t first = weft_table_current(table)->snapshot_id;
    char name[16];
    for (int i = 0; i < 150; i++) {
        snprintf(name, sizeof name, "n%03d", i);
        table = lake_test_append(table, name, 1);
    }
    table = reload(table);
    lake_test_ok(weft_table_added_since(lake_test.arena, lake_test.home, table,
                                        weft_table_current(table), first, &files, &culprit,
                                        &lake_test.error),
                 &lake_test.error);
    assert_int_equal(files.count, 150);
    assert_null(table->window);
    assert_int_equal(weft_table_added_since(lake_test.arena, lake_test.home, reload(table),
                                            weft_table_current(table), 42, &files, &culprit,
                                            &lake_test.error),
                     WEFT_NOT_THERE);
}

/* Cut anywhere, changed between the two reads, gone. */
static void test_window_damaged(void **state)
{
    (void)state;
    const struct weft_snapshot *out = NULL;
    struct weft_table *table = inflate(lake_test_append(NULL, "one", 10), 3000);
    char *path = weft_path_join(lake_test.home, weft_table_metadata_path(table));
    size_t length = 0;
    char *text = read_all(path, &length);
    struct weft_table *cut = NULL;
    for (size_t i = 1; i < 12; i++) {
        size_t kept = i < 6 ? length - i * 3 : length * i / 12;
        lake_test_ok(weft_fs_write_file(path, text, kept, &lake_test.error), &lake_test.error);
        assert_int_equal(weft_table_load(lake_test.arena, lake_test.home,
                                         weft_table_metadata_path(table), &cut, &lake_test.error),
                         -1);
        assert_int_equal(lake_test.error.code, WEFT_E_CORRUPT);
    }
    lake_test_ok(weft_fs_write_file(path, text, length, &lake_test.error), &lake_test.error);
    assert_int_equal(weft_table_find(table, 4000000000000000007, &out, &lake_test.error), -1);
    assert_int_equal(lake_test.error.code, WEFT_E_CORRUPT);
    assert_non_null(strstr(lake_test.error.message, "was changed"));
    assert_int_equal(weft_table_snapshot_count(table), 0);
    assert_null(weft_table_snapshot_nth(table, 0));
    table = reload(table);
    /* A line that is none, in the middle: told to who asks for all. */
    char *line = strstr(text + length / 3, "\n{");
    line[1] = '[';
    lake_test_ok(weft_fs_write_file(path, text, length, &lake_test.error), &lake_test.error);
    table = reload(table);
    found(table, weft_table_current(table)->snapshot_id);
    assert_int_equal(weft_table_find(table, 42, &out, &lake_test.error), -1);
    assert_int_equal(lake_test.error.code, WEFT_E_CORRUPT);
    lake_test_ok(weft_fs_unlink(path, &lake_test.error), &lake_test.error);
    assert_int_equal(weft_table_find(table, 42, &out, &lake_test.error), -1);
    weft_free(text);
    weft_free(path);
}

static int torture_window(void *arg, struct weft_error *failure)
{
    const struct weft_table *large = arg;
    struct weft_arena *own = weft_arena_new(0);
    struct weft_table *table = NULL;
    const struct weft_snapshot *out = NULL;
    struct weft_table_made made;
    char run_id[40];
    if (own == NULL)
        return weft_error_nomem(failure);
    snprintf(run_id, sizeof run_id, LAKE_TEST_RUN, ++lake_test.runs);
    int rc = weft_table_load(own, lake_test.home, weft_table_metadata_path(large), &table, failure);
    if (rc == 0) {
        struct weft_table_change change = {.folder = FOLDER,
                                           .run_id = run_id,
                                           .operation = WEFT_OP_APPEND,
                                           .schema = weft_table_schema(table),
                                           .timestamp_ms = 1,
                                           .metadata_files_kept = 2};
        rc = weft_table_make(own, lake_test.home, table, &change, &made, failure);
    }
    if (rc == 0)
        rc = weft_table_find(table, 4000000000000000007, &out, failure);
    weft_arena_free(own);
    return rc;
}

static void test_window_torture(void **state)
{
    (void)state;
    struct weft_table *table = inflate(lake_test_append(NULL, "one", 10), 1500);
    assert_non_null(table->window);
    assert_true(weft_test_torture(torture_window, table) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_states, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_refused, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_sweep, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_locations, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_damaged_metadata, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_damaged_snapshot, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_torture, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_many_snapshots, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_window, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_window_since, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_window_damaged, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_window_torture, lake_test_begin, lake_test_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * change_test.c - files of a table that are replaced by name, and what an incremental reader is
 * given: after appends, merges, replacements, rollbacks, and where manifests are missing.
 */
#include "base/fs.h"
#include "base/test_support.h"
#include "lake/lake_test_table.h"
#include "lake/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *path_of(const char *name)
{
    return weft_arena_format(lake_test.arena, LAKE_TEST_FOLDER "/data/%s", name);
}

/* Names of files, in order: "one two". */
static const char *names_of(const struct weft_data_files *files)
{
    const char *out = "";
    for (size_t i = 0; i < files->count; i++)
        out = weft_arena_format(lake_test.arena, "%s%s%s", out, i == 0 ? "" : " ",
                                strrchr(files->items[i].path, '/') + 1);
    return out;
}

/* The files of `removed` go (up to the first NULL), those of `added` (of 7 records) come. */
static struct weft_table_change replacing(const char *const *removed, const char *added)
{
    struct weft_data_file *file = weft_arena_array(lake_test.arena, 1, sizeof *file);
    const char **paths = weft_arena_array(lake_test.arena, 200, sizeof *paths);
    struct weft_table_change change = lake_test_change(WEFT_OP_OVERWRITE, NULL, NULL, 0);
    if (added != NULL) {
        *file = lake_test_file(added, 7);
        change.added = file;
        change.added_count = 1;
    }
    change.remove_all = false;
    change.removed = paths;
    for (size_t i = 0; removed[i] != NULL; i++)
        paths[change.removed_count++] = path_of(removed[i]);
    return change;
}

static const char *summary(const struct weft_table *table, const char *key)
{
    return weft_json_text_or(weft_table_current(table)->summary, key, "-");
}

static struct lake_manifests manifests_of(const struct weft_table *table)
{
    struct lake_manifests out = {0};
    lake_test_ok(lake_manifest_list_read(lake_test.arena, lake_test.home, LAKE_TEST_FOLDER,
                                         weft_table_current(table)->manifest_list, &out,
                                         &lake_test.error),
                 &lake_test.error);
    return out;
}

static struct lake_entries entries_of(const struct lake_manifest *manifest)
{
    struct lake_entries out = {0};
    lake_test_ok(lake_manifest_read(lake_test.arena, lake_test.home, LAKE_TEST_FOLDER, manifest,
                                    true, &out, &lake_test.error),
                 &lake_test.error);
    return out;
}

/* ---- named files replaced ---- */

/* Three files by one snapshot, one by another: two manifests, of which one is hit. */
static struct weft_table *four_files(void)
{
    struct weft_table_made made;
    struct weft_data_file files[] = {lake_test_file("a", 1), lake_test_file("b", 2),
                                     lake_test_file("c", 3)};
    struct weft_table *one =
        lake_test_apply(NULL, lake_test_change(WEFT_OP_APPEND, NULL, files, 3), &made);
    return lake_test_append(one, "d", 4);
}

static void test_replaced(void **state)
{
    (void)state;
    struct weft_table_made made;
    static const char *const b[] = {"b", NULL};
    struct weft_table *before = four_files();
    struct lake_manifests old = manifests_of(before);
    struct weft_table *after = lake_test_apply(before, replacing(b, "b2"), &made);
    struct weft_data_files files = lake_test_files(after);
    assert_string_equal(names_of(&files), "a c d b2");
    assert_int_equal(made.total_records, 1 + 3 + 4 + 7);
    assert_int_equal(made.total_bytes, 1 + 3 + 4 + 7);
    assert_int_equal(made.total_files, 4);
    assert_string_equal(weft_table_current(after)->operation, "overwrite");
    static const char *const sums[][2] = {
        {"added-data-files", "1"},   {"deleted-data-files", "1"},     {"added-records", "7"},
        {"deleted-records", "2"},    {"added-files-size", "7"},       {"removed-files-size", "2"},
        {"total-records", "15"},     {"total-files-size", "15"},      {"total-data-files", "4"},
        {"total-delete-files", "0"}, {"total-equality-deletes", "0"},
    };
    for (size_t i = 0; i < WEFT_COUNT(sums); i++)
        assert_string_equal(summary(after, sums[i][0]), sums[i][1]);
    struct lake_manifests new = manifests_of(after);
    assert_int_equal(new.count, 3);
    assert_string_not_equal(new.items[0].path, old.items[0].path);
    assert_string_equal(new.items[1].path, old.items[1].path);
    assert_int_equal(new.items[0].existing_files, 2);
    assert_int_equal(new.items[0].existing_rows, 4);
    assert_int_equal(new.items[0].deleted_files, 1);
    assert_int_equal(new.items[0].deleted_rows, 2);
    assert_int_equal(new.items[0].min_sequence_number, 1);
    assert_int_equal(new.items[0].sequence_number, 3);
    struct lake_entries entries = entries_of(&new.items[0]);
    int64_t first = weft_table_snapshot_nth(after, 0)->snapshot_id;
    for (size_t i = 0; i < entries.count; i++) {
        const struct lake_entry *entry = &entries.items[i];
        assert_int_equal(entry->status, i == 1 ? LAKE_DELETED : LAKE_EXISTING);
        assert_int_equal(entry->file.snapshot_id, i == 1 ? made.snapshot_id : first);
        assert_int_equal(entry->file.sequence_number, 1);
        assert_int_equal(entry->file.file_sequence_number, 1);
        assert_int_equal(entry->file.stats[0].value_count, (int64_t)i + 1);
    }
    assert_int_equal(files.items[3].sequence_number, 3);
}

/* What nothing lives in any more is left out by the next snapshot. */
static void test_replaced_wholly(void **state)
{
    (void)state;
    struct weft_table_made made;
    static const char *const d[] = {"d", NULL};
    static const char *const rest[] = {"c", "a", "b", NULL};
    static const char *const none[] = {NULL};
    struct weft_table *one = lake_test_apply(four_files(), replacing(d, NULL), &made);
    struct weft_data_files files = lake_test_files(one);
    assert_string_equal(names_of(&files), "a b c");
    assert_string_equal(weft_table_current(one)->operation, "delete");
    assert_int_equal(manifests_of(one).count, 2);
    struct weft_table *two = lake_test_apply(one, replacing(rest, "x"), &made);
    files = lake_test_files(two);
    assert_string_equal(names_of(&files), "x");
    assert_int_equal(manifests_of(two).count, 2);
    assert_int_equal(made.total_bytes, 7);
    /* Nothing goes: an append. */
    struct weft_table *three = lake_test_apply(two, replacing(none, "y"), &made);
    files = lake_test_files(three);
    assert_string_equal(names_of(&files), "x y");
    assert_string_equal(weft_table_current(three)->operation, "append");
    assert_int_equal(manifests_of(three).count, 2);
    /* A first snapshot too. */
    three = lake_test_apply(NULL, replacing(none, "z"), &made);
    files = lake_test_files(three);
    assert_string_equal(names_of(&files), "z");
}

static const char *number_name(int i)
{
    return weft_arena_format(lake_test.arena, "%03d", i);
}

static struct weft_table *append_many(struct weft_table *table, int from, int to)
{
    for (int i = from; i < to; i++)
        table = lake_test_append(table, number_name(i), 1);
    return table;
}

/* Manifests are merged and files go in one commit; no manifest is written that nobody names. */
static void test_replaced_while_merging(void **state)
{
    (void)state;
    struct weft_table_made made;
    static const char *const gone[] = {"098", "000", "050", NULL};
    struct weft_table *before = append_many(NULL, 0, LAKE_MERGE_COUNT - 1);
    assert_int_equal(manifests_of(before).count, LAKE_MERGE_COUNT - 1);
    struct weft_table_change change = replacing(gone, "new");
    struct weft_table *after = lake_test_apply(before, change, &made);
    struct lake_manifests manifests = manifests_of(after);
    assert_int_equal(manifests.count, 2);
    assert_int_equal(manifests.items[0].existing_files, LAKE_MERGE_COUNT - 4);
    assert_int_equal(manifests.items[0].deleted_files, 3);
    assert_int_equal(manifests.items[0].min_sequence_number, 2);
    struct lake_entries entries = entries_of(&manifests.items[0]);
    for (size_t i = 0; i < entries.count; i++)
        assert_int_equal(entries.items[i].file.sequence_number, i + 1);
    assert_int_equal(lake_test_files(after).count, LAKE_MERGE_COUNT - 3);
    assert_int_equal(made.total_records, LAKE_MERGE_COUNT - 4 + 7);
    char *unnamed =
        weft_format("%s/" LAKE_TEST_FOLDER "/metadata/%s-m2.avro", lake_test.home, change.run_id);
    struct weft_fs_identity identity;
    assert_int_equal(weft_fs_identity(unnamed, &identity, &lake_test.error), WEFT_NOT_THERE);
    weft_free(unnamed);
}

static void test_replaced_refused(void **state)
{
    (void)state;
    struct weft_table_made made;
    static const char *const b[] = {"b", NULL};
    static const char *const twice[] = {"a", "a", NULL};
    static const char *const unknown[] = {"a", "nobody", NULL};
    struct weft_table *table = four_files();
    assert_int_equal(lake_test_refusal(table, replacing(unknown, "x")), WEFT_E_INVALID);
    assert_non_null(strstr(lake_test.error.message, "nobody"));
    assert_int_equal(lake_test_refusal(table, replacing(twice, "x")), WEFT_E_INVALID);
    assert_int_equal(lake_test_refusal(NULL, replacing(b, "x")), WEFT_E_INVALID);
    struct weft_table_change change = replacing(b, "x");
    change.remove_all = true;
    assert_int_equal(lake_test_refusal(table, change), WEFT_E_INVALID);
    change.remove_all = false;
    change.operation = WEFT_OP_APPEND;
    assert_int_equal(lake_test_refusal(table, change), WEFT_E_INVALID);
    /* Gone is not live. */
    struct weft_table *after = lake_test_apply(table, replacing(b, "b2"), &made);
    assert_int_equal(lake_test_refusal(after, replacing(b, "b3")), WEFT_E_INVALID);
    assert_int_equal(lake_test_files(after).count, 4);
}

/* ---- what an incremental reader is given ---- */

static int since(const struct weft_table *table, int64_t snapshot_id, const char **names,
                 int64_t *culprit)
{
    struct weft_data_files files = {NULL, 0};
    lake_test.error = (struct weft_error)WEFT_ERROR_INIT;
    *culprit = 0;
    int rc =
        weft_table_added_since(lake_test.arena, lake_test.home, table, weft_table_current(table),
                               snapshot_id, &files, culprit, &lake_test.error);
    *names = rc == 0 ? names_of(&files) : NULL;
    return rc;
}

static void assert_since(const struct weft_table *table, int64_t snapshot_id, const char *expected)
{
    const char *names = NULL;
    int64_t culprit = 0;
    lake_test_ok(since(table, snapshot_id, &names, &culprit), &lake_test.error);
    assert_string_equal(names, expected);
}

static int64_t id_of(const struct weft_table *table)
{
    return weft_table_current(table)->snapshot_id;
}

static void test_since(void **state)
{
    (void)state;
    const char *names = NULL;
    int64_t culprit = 0;
    struct weft_table_made made;
    struct weft_table *one = four_files();
    struct weft_table *two = lake_test_append(one, "e", 5);
    struct weft_table *same =
        lake_test_apply(two, lake_test_change(WEFT_OP_SCHEMA_ONLY, NULL, NULL, 0), &made);
    struct weft_table *three = lake_test_append(same, "f", 6);
    assert_since(three, id_of(three), "");
    assert_since(three, id_of(two), "f");
    assert_since(three, id_of(one), "e f");
    assert_since(three, weft_table_snapshot_nth(three, 0)->snapshot_id, "d e f");
    assert_since(two, id_of(one), "e");
    /* An older snapshot of a newer table. */
    struct weft_data_files files;
    lake_test_ok(weft_table_added_since(lake_test.arena, lake_test.home, three,
                                        weft_table_snapshot_nth(three, 2), id_of(one), &files,
                                        &culprit, &lake_test.error),
                 &lake_test.error);
    assert_string_equal(names_of(&files), "e");
    /* Later than what is read, unknown, none. */
    assert_int_equal(weft_table_added_since(lake_test.arena, lake_test.home, three,
                                            weft_table_snapshot_nth(three, 1), id_of(three), &files,
                                            &culprit, &lake_test.error),
                     WEFT_NOT_THERE);
    assert_int_equal(since(three, 42, &names, &culprit), WEFT_NOT_THERE);
    assert_int_equal(since(three, 0, &names, &culprit), WEFT_NOT_THERE);
    /* An append of nothing. */
    struct weft_table *four =
        lake_test_apply(three, lake_test_change(WEFT_OP_APPEND, NULL, NULL, 0), &made);
    assert_since(four, id_of(three), "");
    assert_since(four, id_of(two), "f");
}

static void test_since_conflict(void **state)
{
    (void)state;
    const char *names = NULL;
    int64_t culprit = 0;
    struct weft_table_made made;
    static const char *const b[] = {"b", NULL};
    struct weft_table *one = four_files();
    struct weft_table *two = lake_test_apply(one, replacing(b, "b2"), &made);
    struct weft_table *three = lake_test_append(two, "e", 5);
    assert_int_equal(since(three, id_of(one), &names, &culprit), WEFT_CONFLICT);
    assert_int_equal(culprit, id_of(two));
    assert_since(three, id_of(two), "e");
    /* Back to a state of before: neither what went nor what came back is new. */
    struct weft_table_change back = lake_test_change(WEFT_OP_ROLLBACK, NULL, NULL, 0);
    back.rollback_snapshot_id = id_of(one);
    struct weft_table *four = lake_test_apply(three, back, &made);
    assert_int_equal(since(four, id_of(three), &names, &culprit), WEFT_CONFLICT);
    assert_int_equal(culprit, id_of(four));
    /* The oldest of several is named. */
    struct weft_table *five =
        lake_test_apply(four, lake_test_change(WEFT_OP_OVERWRITE, NULL, NULL, 0), &made);
    assert_int_equal(since(five, id_of(three), &names, &culprit), WEFT_CONFLICT);
    assert_int_equal(culprit, id_of(four));
    /* Nothing was left: bringing files back is no append either. */
    back = lake_test_change(WEFT_OP_ROLLBACK, NULL, NULL, 0);
    back.rollback_snapshot_id = id_of(one);
    struct weft_table *six = lake_test_apply(five, back, &made);
    assert_string_equal(weft_table_current(six)->operation, "overwrite");
    assert_int_equal(since(six, id_of(five), &names, &culprit), WEFT_CONFLICT);
    assert_since(lake_test_append(six, "g", 1), id_of(six), "g");
}

/* Entries of merged manifests tell by which snapshot they came; only manifests of the range are
 * read. */
static void test_since_merged(void **state)
{
    (void)state;
    struct weft_table *table = append_many(NULL, 0, LAKE_MERGE_COUNT + 5);
    size_t count = weft_table_snapshot_count(table);
    struct lake_manifests manifests = manifests_of(table);
    assert_int_equal(manifests.count, 7);
    assert_since(table, weft_table_snapshot_nth(table, count - 2)->snapshot_id, "104");
    assert_since(table, weft_table_snapshot_nth(table, count - 4)->snapshot_id, "102 103 104");
    assert_since(table, weft_table_snapshot_nth(table, 95)->snapshot_id,
                 "096 097 098 099 100 101 102 103 104");
    /* The merged one is not looked at when it cannot hold anything new. */
    char *merged = weft_path_join(lake_test.home, manifests.items[0].path);
    lake_test_ok(weft_fs_unlink(merged, &lake_test.error), &lake_test.error);
    weft_free(merged);
    assert_since(table, weft_table_snapshot_nth(table, count - 4)->snapshot_id, "102 103 104");
    const char *names = NULL;
    int64_t culprit = 0;
    assert_int_equal(
        since(table, weft_table_snapshot_nth(table, 95)->snapshot_id, &names, &culprit), -1);
    assert_int_equal(lake_test.error.code, WEFT_E_CORRUPT);
}

/* The same table with the text of its metadata changed. */
static struct weft_table *altered(const struct weft_table *table, const char *from, const char *to)
{
    struct weft_table *out = NULL;
    const char *at = strstr(table->text, from);
    assert_non_null(at);
    const char *text = weft_arena_format(lake_test.arena, "%.*s%s%s", (int)(at - table->text),
                                         table->text, to, at + strlen(from));
    lake_test_ok(lake_metadata_parse(lake_test.arena, LAKE_TEST_FOLDER "/metadata/x", text,
                                     strlen(text), &out, &lake_test.error),
                 &lake_test.error);
    return out;
}

static struct weft_table *altered_snapshot(const struct weft_table *table, int64_t snapshot_id,
                                           const char *from, const char *to)
{
    const char *line =
        weft_arena_format(lake_test.arena, "\"snapshot-id\":%" PRId64 ",\"parent", snapshot_id);
    const char *at = strstr(table->text, line);
    assert_non_null(at);
    const char *end = strstr(at, from);
    assert_non_null(end);
    const char *whole = weft_arena_strndup(lake_test.arena, at, (size_t)(end - at) + strlen(from));
    const char *changed = weft_arena_format(lake_test.arena, "%.*s%s", (int)(end - at), at, to);
    return altered(table, whole, changed);
}

/* Another writer rearranged manifests, or rewrote files, and says that no row changed. */
static void test_since_replace(void **state)
{
    (void)state;
    const char *names = NULL;
    int64_t culprit = 0;
    struct weft_table_made made;
    static const char *const b[] = {"b", NULL};
    struct weft_table *one = four_files();
    struct weft_table *two =
        lake_test_apply(one, lake_test_change(WEFT_OP_APPEND, NULL, NULL, 0), &made);
    struct weft_table *three = lake_test_append(two, "e", 5);
    struct weft_table *moved = altered_snapshot(three, id_of(two), "append", "replace");
    assert_since(moved, id_of(one), "e");
    struct weft_table *rewritten = lake_test_apply(one, replacing(b, "b2"), &made);
    int64_t replace = id_of(rewritten);
    rewritten = lake_test_append(rewritten, "e", 5);
    rewritten = altered_snapshot(rewritten, replace, "overwrite", "replace");
    assert_int_equal(since(rewritten, id_of(one), &names, &culprit), WEFT_CONFLICT);
    assert_int_equal(culprit, replace);
    assert_since(rewritten, replace, "e");
}

static void test_since_expired(void **state)
{
    (void)state;
    const char *names = NULL;
    int64_t culprit = 0;
    struct weft_table *one = lake_test_append(NULL, "one", 1);
    struct weft_table *two = lake_test_append(one, "two", 2);
    struct weft_table *three = lake_test_append(two, "three", 3);
    /* The first snapshot's line goes: what came after it is known all the same. */
    const char *line = strstr(three->text, "\n{\"sequence-number\":1,");
    const char *end = strchr(line + 1, '\n');
    struct weft_table *expired =
        altered(three, weft_arena_strndup(lake_test.arena, line, (size_t)(end - line)), "");
    assert_int_equal(weft_table_snapshot_count(expired), 2);
    assert_since(expired, id_of(one), "two three");
    assert_since(expired, id_of(two), "three");
    /* Not so when what came after it is gone too. */
    line = strstr(expired->text, "\n{\"sequence-number\":2,");
    end = strchr(line + 1, '\n');
    expired = altered(expired, weft_arena_strndup(lake_test.arena, line, (size_t)(end - line)), "");
    assert_int_equal(since(expired, id_of(one), &names, &culprit), WEFT_NOT_THERE);
}

/* Sums of the summaries, the order of numbers, the data files themselves. */
static void test_since_damaged(void **state)
{
    (void)state;
    const char *names = NULL;
    int64_t culprit = 0;
    struct weft_table *one = lake_test_append(NULL, "one", 1);
    struct weft_table *two = lake_test_append(one, "two", 2);
    struct weft_table *three = lake_test_append(two, "three", 3);
    struct weft_table *damaged =
        altered_snapshot(three, id_of(three), "\"added-records\":\"3\"", "\"added-records\":\"4\"");
    assert_int_equal(since(damaged, id_of(one), &names, &culprit), -1);
    assert_int_equal(lake_test.error.code, WEFT_E_CORRUPT);
    /* A writer that does not count is believed. */
    damaged = altered_snapshot(three, id_of(three), "\"added-records\":\"3\"",
                               "\"added-records\":\"many\"");
    assert_since(damaged, id_of(one), "two three");
    damaged = altered(three, "{\"sequence-number\":1,", "{\"sequence-number\":3,");
    assert_int_equal(since(damaged, 42, &names, &culprit), -1);
    assert_int_equal(lake_test.error.code, WEFT_E_CORRUPT);
    char *path = weft_path_join(lake_test.home, path_of("three"));
    lake_test_ok(weft_fs_write_file(path, "x", 1, &lake_test.error), &lake_test.error);
    weft_free(path);
    assert_int_equal(since(three, id_of(two), &names, &culprit), -1);
    assert_int_equal(lake_test.error.code, WEFT_E_CORRUPT);
    assert_since(three, id_of(three), "");
}

/* ---- out of memory ---- */

struct torture {
    struct weft_table *table;
    struct weft_table_change change;
    int64_t since;
};

static int torture_replace(void *arg, struct weft_error *failure)
{
    const struct torture *torture = arg;
    struct weft_arena *own = weft_arena_new(0);
    struct weft_table_change change = torture->change;
    struct weft_table_made made;
    char run_id[40];
    if (own == NULL)
        return weft_error_nomem(failure);
    snprintf(run_id, sizeof run_id, LAKE_TEST_RUN, ++lake_test.runs);
    change.run_id = run_id;
    int rc = weft_table_make(own, lake_test.home, torture->table, &change, &made, failure);
    weft_arena_free(own);
    return rc;
}

static int torture_since(void *arg, struct weft_error *failure)
{
    const struct torture *torture = arg;
    struct weft_arena *own = weft_arena_new(0);
    struct weft_table *table = NULL;
    struct weft_data_files files;
    int64_t culprit = 0;
    if (own == NULL)
        return weft_error_nomem(failure);
    int rc = weft_table_load(own, lake_test.home, weft_table_metadata_path(torture->table), &table,
                             failure);
    if (rc == 0)
        rc = weft_table_added_since(own, lake_test.home, table, weft_table_current(table),
                                    torture->since, &files, &culprit, failure);
    weft_arena_free(own);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    static const char *const b[] = {"b", "d", NULL};
    struct weft_table *one = four_files();
    struct weft_table_schema schema = lake_test_schema(one);
    struct torture torture = {.table = lake_test_append(lake_test_append(one, "e", 5), "f", 6),
                              .change = replacing(b, "x"),
                              .since = id_of(one)};
    torture.change.schema = &schema;
    assert_true(weft_test_torture(torture_replace, &torture) > 0);
    assert_true(weft_test_torture(torture_since, &torture) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replaced, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_replaced_wholly, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_replaced_while_merging, lake_test_begin,
                                        lake_test_end),
        cmocka_unit_test_setup_teardown(test_replaced_refused, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_since, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_since_conflict, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_since_merged, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_since_replace, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_since_expired, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_since_damaged, lake_test_begin, lake_test_end),
        cmocka_unit_test_setup_teardown(test_torture, lake_test_begin, lake_test_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

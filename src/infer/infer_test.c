/* Tests of infer.h: what integration tests do not reach, and failing allocations. */
#include "base/fs.h"
#include "base/test_support.h"
#include "infer/infer_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *folder;
static char *path;

static int infer_path(void *arg, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    const struct weft_infer_file file = {path, "x.csv", "x.csv"};
    struct weft_infer what = {.files = &file,
                              .file_count = 1,
                              .version = "0.1.0",
                              .file_size_max = 1 << 20,
                              .record_size_max = 1 << 20,
                              .columns_max = 100};
    struct weft_infer_result result;
    struct weft_buf *copy = arg;
    weft_buf_init(&text, 1 << 20);
    if (arena == NULL)
        return weft_error_nomem(error);
    int rc = weft_infer(arena, &what, &text, &result, error);
    if (rc == 0 && copy != NULL)
        weft_buf_add(copy, text.data, text.length);
    return rc;
}

static void put(const char *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_fs_write_file(path, text, strlen(text), &error), 0);
}

static void test_formats(void **state)
{
    (void)state;
    int64_t us = 1;
    assert_int_equal(weft_date_format_count() < 64, 1);
    assert_true(weft_date_format_read(0, "1.1.1970", 8, &us));
    assert_int_equal(us, 0);
    assert_false(weft_date_format_read(0, "31.02.2020", 10, &us));
    assert_false(weft_date_format_read(0, "1.1.70", 6, &us));
    assert_false(weft_date_format_read(0, "1.1.1970 ", 9, &us));
    for (size_t i = 0; i < weft_date_format_count(); i++) {
        size_t twin = weft_date_format_twin(i);
        assert_true(twin == SIZE_MAX || weft_date_format_twin(twin) == i);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_true(infer_name_has("order_id", "id key"));
    assert_true(infer_name_has("key", "id key"));
    assert_false(infer_name_has("idle", "id key"));
    assert_int_equal(infer_word_of("NA", 2), 0);
    assert_int_equal(infer_word_of("NAN", 3), -1);
}

static void test_torture(void **state)
{
    (void)state;
    put("Nr;day;a;b\n1;01.02.2020;x;NA\n1;25.02.2020;x;2,5\n2;25.02.2020;\"y\";3,5\n");
    assert_true(weft_test_torture(infer_path, NULL) > 20);
    put("[{\"a\": 1, \"b\": [1, {\"c\": \"x\"}]}, {\"a\": \"y\"}]");
    assert_true(weft_test_torture(infer_path, NULL) > 20);
}

/* ---- keys that do not fit ---- */

static const char *key_of(size_t key_bytes, struct weft_buf *out)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_infer_file file = {path, "x.csv", "x.csv"};
    struct weft_infer what = {.files = &file,
                              .file_count = 1,
                              .version = "0.1.0",
                              .file_size_max = 1 << 20,
                              .record_size_max = 1 << 20,
                              .columns_max = 1000,
                              .key_bytes = key_bytes};
    struct weft_infer_result result;
    static char key[100];
    struct weft_arena *arena = weft_arena_new(0);
    assert_non_null(arena);
    weft_buf_clear(out);
    assert_int_equal(weft_infer(arena, &what, out, &result, &error), 0);
    snprintf(key, sizeof key, "%s", result.key == NULL ? "" : result.key);
    weft_arena_free(arena);
    return key;
}

/* The code tells 3000 records apart, but not when `last` has that of the first one; then the code
 * and the name do. */
static void put_records(const char *last)
{
    struct weft_buf text;
    weft_buf_init(&text, 1 << 20);
    weft_buf_adds(&text, "code,name,n\n");
    for (int i = 0; i < 3000; i++)
        weft_buf_addf(&text, "c%04d,w%04d,%d\n", i, i / 2, i % 2);
    weft_buf_adds(&text, last);
    put(text.data);
    weft_buf_release(&text);
}

#define SLOTS(count) ((size_t)(count) * sizeof(uint64_t))

static void test_keys_beyond_memory(void **state)
{
    (void)state;
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    put_records("");
    assert_string_equal(key_of(0, &out), "code");
    assert_non_null(strstr(out.data, "key: [code]    # no two of 3,000 records share it"));
    /* Room for one set, of which there are two while it grows: the others wait, unneeded. */
    assert_string_equal(key_of(SLOTS(4096 + 8192), &out), "code");
    assert_non_null(strstr(out.data, "\nkey: [code]"));
    /* Not even for that: no rule, and it says of how many records it is true. */
    assert_string_equal(key_of(SLOTS(1024), &out), "code");
    assert_non_null(strstr(out.data, "# Unique among the first 683 records; more were not looked "
                                     "at, so this is no rule yet:\n# key: [code]\n"));
    weft_buf_release(&out);
}

/* The best one is none in the end: those that waited for room get theirs. */
static void test_keys_that_waited(void **state)
{
    (void)state;
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    put_records("c0000,w9999,0\n");
    assert_string_equal(key_of(0, &out), "code, name");
    assert_string_equal(key_of(SLOTS(4096 + 8192), &out), "code, name");
    assert_non_null(strstr(out.data, "\nkey: [code, name]"));
    weft_buf_release(&out);
}

static int setup(void **state)
{
    (void)state;
    folder = weft_test_dir();
    path = weft_path_join(folder, "x.csv");
    return path == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    weft_free(path);
    weft_test_dir_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),          cmocka_unit_test(test_names),
        cmocka_unit_test(test_torture),          cmocka_unit_test(test_keys_beyond_memory),
        cmocka_unit_test(test_keys_that_waited),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

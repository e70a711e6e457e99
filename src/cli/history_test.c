/* Tests of history.h. */
#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"
#include "cli/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct kept {
    struct weft_buf text; /* entries, | between */
    size_t count;
};

static int keep(void *arg, const char *entry, struct weft_error *error)
{
    struct kept *kept = arg;
    weft_buf_addf(&kept->text, "%s%s", kept->count++ == 0 ? "" : "|", entry);
    return weft_buf_check(&kept->text, error);
}

static int read_all(struct kept *kept, struct weft_error *error)
{
    struct weft_history history;
    weft_buf_init(&kept->text, 1 << 24);
    kept->count = 0;
    WEFT_TRY(weft_history_open(&history, error));
    int rc = weft_history_read(&history, keep, kept, error);
    weft_history_close(&history);
    return rc;
}

static int add(const char *entry, struct weft_error *error)
{
    struct weft_history history;
    WEFT_TRY(weft_history_open(&history, error));
    int rc = weft_history_add(&history, entry, strlen(entry), error);
    weft_history_close(&history);
    return rc;
}

static char *folder_begin(void)
{
    char *folder = weft_test_dir();
    unsetenv("WEFT_HISTORY");
    setenv("XDG_STATE_HOME", folder, 1);
    return folder;
}

static void test_what_is_kept(void **state)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct kept kept;
    char *folder = folder_begin();
    (void)state;
    assert_int_equal(add("select 1;\n", &error), 0);
    assert_int_equal(add("select\n 'a\\n'\n;\n\n", &error), 0);
    assert_int_equal(add(" secret;", &error), WEFT_NOT_THERE);
    assert_int_equal(add("", &error), WEFT_NOT_THERE);
    assert_int_equal(add("\n", &error), WEFT_NOT_THERE);
    char *large = weft_alloc(WEFT_HISTORY_ENTRY_BYTES_MAX + 2);
    memset(large, 'x', WEFT_HISTORY_ENTRY_BYTES_MAX + 1);
    assert_int_equal(add(large, &error), WEFT_NOT_THERE);
    large[WEFT_HISTORY_ENTRY_BYTES_MAX] = '\0';
    assert_int_equal(add(large, &error), 0);
    assert_int_equal(read_all(&kept, &error), 0);
    assert_int_equal(kept.count, 3);
    assert_memory_equal(kept.text.data, "select 1;|select\n 'a\\n'\n;|xxx", 29);
    weft_free(large);
    weft_buf_release(&kept.text);
    weft_test_dir_remove(folder);
}

static void test_damage(void **state)
{
    static const char damage[] = "good;\n\xff\xfe\n\nbad \\q end \\\nbroken off";
    struct weft_error error = WEFT_ERROR_INIT;
    struct kept kept;
    char *folder = folder_begin(), *path = weft_format("%s/weft/history", folder);
    (void)state;
    assert_int_equal(add("first;", &error), 0);
    assert_int_equal(weft_fs_write_file(path, damage, sizeof damage - 1, &error), 0);
    assert_int_equal(add("next;", &error), 0);
    assert_int_equal(read_all(&kept, &error), 0);
    assert_string_equal(kept.text.data, "good;|bad q end \\|broken off|next;");
    weft_buf_release(&kept.text);
    /* What is no file of ours is not written to. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(add("lost;", &error), -1);
    weft_free(path);
    weft_test_dir_remove(folder);
}

static void test_bounds(void **state)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct kept kept;
    struct weft_buf text;
    char *folder = folder_begin(), *path = weft_format("%s/weft/history", folder);
    (void)state;
    weft_buf_init(&text, 1 << 20);
    for (int i = 0; i < WEFT_HISTORY_ENTRIES_MAX + 1; i++)
        weft_buf_addf(&text, "select %d;\n", i);
    assert_int_equal(add("first;", &error), 0);
    assert_int_equal(weft_fs_write_file(path, text.data, text.length, &error), 0);
    assert_int_equal(read_all(&kept, &error), 0); /* the one that cuts hands on what was there */
    assert_int_equal(kept.count, WEFT_HISTORY_ENTRIES_MAX + 1);
    weft_buf_release(&kept.text);
    assert_int_equal(read_all(&kept, &error), 0);
    assert_int_equal(kept.count, WEFT_HISTORY_ENTRIES_MAX / 2);
    assert_non_null(strstr(kept.text.data, "|select 2000;"));
    assert_memory_equal(kept.text.data, "select 1001;|", 13);
    weft_buf_release(&kept.text);
    weft_buf_release(&text);
    weft_free(path);
    weft_test_dir_remove(folder);
}

static void test_nowhere(void **state)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct kept kept;
    char *folder = folder_begin();
    (void)state;
    setenv("WEFT_HISTORY", "", 1);
    assert_int_equal(add("select 1;", &error), 0);
    assert_int_equal(read_all(&kept, &error), 0);
    assert_int_equal(kept.count, 0);
    weft_buf_release(&kept.text);
    unsetenv("WEFT_HISTORY");
    weft_test_dir_remove(folder);
}

static int torture_one(void *arg, struct weft_error *error)
{
    struct kept kept;
    (void)arg;
    int rc = add("select\n1;", error);
    if (rc == 0)
        rc = read_all(&kept, error);
    else
        weft_buf_init(&kept.text, 1);
    weft_buf_release(&kept.text);
    return rc;
}

static void test_torture(void **state)
{
    char *folder = folder_begin();
    (void)state;
    weft_test_torture(torture_one, NULL);
    weft_test_dir_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_kept), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_bounds),       cmocka_unit_test(test_nowhere),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

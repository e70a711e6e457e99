#include "base/secret.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

static void read_good(enum weft_secret_kind kind, const char *text, const char *folder,
                      const char *expected, bool loose)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_secret secret = {0};
    struct weft_secret_source source = {kind, text};
    if (weft_secret_read(&source, folder, "the password of `erp`", &secret, &error) < 0)
        fail_msg("%s", error.message);
    assert_string_equal(secret.data, expected);
    assert_int_equal(secret.length, strlen(expected));
    assert_int_equal(secret.loose, loose);
    weft_secret_release(&secret);
    assert_null(secret.data);
}

static void read_bad(enum weft_secret_kind kind, const char *text, const char *folder,
                     enum weft_code code, const char *says)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_secret secret = {0};
    struct weft_secret_source source = {kind, text};
    assert_int_equal(weft_secret_read(&source, folder, "the password of `erp`", &secret, &error),
                     -1);
    assert_int_equal(error.code, code);
    assert_non_null(strstr(error.message, "the password of `erp`"));
    if (strstr(error.message, says) == NULL)
        fail_msg("%s", error.message);
    assert_null(strstr(error.message, "hunter2"));
    assert_null(strstr(error.hint, "hunter2"));
    assert_null(secret.data);
}

static void put(const char *dir, const char *name, const char *data, size_t length, mode_t mode)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char *path = weft_path_join(dir, name);
    assert_int_equal(weft_fs_write_file(path, data, length, &error), 0);
    assert_int_equal(chmod(path, mode), 0);
    weft_free(path);
}

static void secret_of_env(void **state)
{
    (void)state;
    setenv("WEFT_TEST_SECRET", "hunter2", 1);
    read_good(WEFT_SECRET_ENV, "WEFT_TEST_SECRET", "/", "hunter2", false);
    setenv("WEFT_TEST_SECRET", "", 1);
    read_bad(WEFT_SECRET_ENV, "WEFT_TEST_SECRET", "/", WEFT_E_REFUSED, "is empty");
    unsetenv("WEFT_TEST_SECRET");
    read_bad(WEFT_SECRET_ENV, "WEFT_TEST_SECRET", "/", WEFT_E_NOT_FOUND, "is not set");
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
}

static void secret_of_file(void **state)
{
    (void)state;
    char *dir = weft_test_dir();
    put(dir, "a", "hunter2\n", 8, 0600);
    put(dir, "b", "hunter2\r\n", 9, 0644);
    put(dir, "c", "hunter2\n\n", 9, 0600);
    put(dir, "zero", "hun\0ter2", 8, 0600);
    put(dir, "nothing", "\n", 1, 0600);
    char *large = weft_alloc(WEFT_SECRET_MAX + 1);
    memset(large, 'x', WEFT_SECRET_MAX + 1);
    put(dir, "large", large, WEFT_SECRET_MAX + 1, 0600);
    weft_free(large);
    read_good(WEFT_SECRET_FILE, "a", dir, "hunter2", false);
    read_good(WEFT_SECRET_FILE, "b", dir, "hunter2", true);
    read_good(WEFT_SECRET_FILE, "c", dir, "hunter2\n", false);
    read_bad(WEFT_SECRET_FILE, "zero", dir, WEFT_E_REFUSED, "zero byte");
    read_bad(WEFT_SECRET_FILE, "nothing", dir, WEFT_E_REFUSED, "is empty");
    read_bad(WEFT_SECRET_FILE, "large", dir, WEFT_E_LIMIT, "longer than");
    read_bad(WEFT_SECRET_FILE, "none", dir, WEFT_E_NOT_FOUND, "there is no file");
    weft_test_dir_remove(dir);
}

static void secret_of_command(void **state)
{
    (void)state;
    char *dir = weft_test_dir();
    put(dir, "a", "hunter2\n", 8, 0600);
    read_good(WEFT_SECRET_COMMAND, "cat a", dir, "hunter2", false);
    read_good(WEFT_SECRET_COMMAND, "printf %s \"$((6 * 7))\"; cat >&2", dir, "42", false);
    read_bad(WEFT_SECRET_COMMAND, "echo hunter2; echo hunter2 >&2; exit 3", dir, WEFT_E_WORKER,
             "status 3");
    read_bad(WEFT_SECRET_COMMAND, "kill -9 $$", dir, WEFT_E_WORKER, "signal 9");
    read_bad(WEFT_SECRET_COMMAND, "yes hunter2", dir, WEFT_E_LIMIT, "printed more");
    read_bad(WEFT_SECRET_COMMAND, "true", dir, WEFT_E_REFUSED, "is empty");
    weft_test_dir_remove(dir);
}

/* Its children too: one that holds the pipe open must not hold us. */
static void capture_ends_in_time(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    const char *const argv[] = {"/bin/sh", "-c", "sleep 900 & sleep 900", NULL};
    const char *const closed[] = {"/bin/sh", "-c", "exec >&-; sleep 900", NULL};
    char out[16];
    size_t length;
    int status;
    assert_int_equal(
        weft_process_capture(argv, NULL, 200, out, sizeof out, &length, &status, &error), -1);
    assert_int_equal(error.code, WEFT_E_TIMEOUT);
    assert_int_equal(
        weft_process_capture(closed, NULL, 200, out, sizeof out, &length, &status, &error), -1);
}

static void secret_hides(void **state)
{
    (void)state;
    char data[] = "hunter2", small[] = "ab";
    struct weft_secret secret = {.data = data, .length = 7};
    struct weft_secret little = {.data = small, .length = 2};
    char text[] = "login as x:hunter2@host with hunter2hunter2";
    weft_secret_hide(&secret, text);
    assert_string_equal(text, "login as x:*******@host with **************");
    char other[] = "abacus";
    weft_secret_hide(&little, other);
    weft_secret_hide(&(struct weft_secret){0}, other);
    assert_string_equal(other, "abacus");
    struct weft_error error = WEFT_ERROR_INIT;
    weft_error_set(&error, WEFT_E_IO, "no: hunter2");
    weft_error_hint(&error, "not hunter2");
    weft_secret_hide_error(&secret, &error);
    assert_string_equal(error.message, "no: *******");
    assert_string_equal(error.hint, "not *******");
}

static int torture_one(void *arg, struct weft_error *error)
{
    struct weft_secret secret = {0};
    struct weft_secret_source source = {WEFT_SECRET_FILE, "a"};
    int rc = weft_secret_read(&source, arg, "the password", &secret, error);
    weft_secret_release(&secret);
    return rc;
}

static void secret_torture(void **state)
{
    (void)state;
    char *dir = weft_test_dir();
    put(dir, "a", "hunter2\n", 8, 0600);
    weft_test_torture(torture_one, dir);
    weft_test_dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_of_env),     cmocka_unit_test(secret_of_file),
        cmocka_unit_test(secret_of_command), cmocka_unit_test(capture_ends_in_time),
        cmocka_unit_test(secret_hides),      cmocka_unit_test(secret_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

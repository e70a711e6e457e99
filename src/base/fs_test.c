/*
 * fs_test.c - files: old or new and never a part, whatever call fails; moves, locks, lists, paths.
 * Faults are met in a child, which reads WEFT_FAULT afresh.
 */
#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *dir;

static int setup(void **state)
{
    (void)state;
    dir = weft_test_dir();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weft_test_dir_remove(dir);
    return 0;
}

static char *in_dir(const char *name)
{
    char *path = weft_path_join(dir, name);
    assert_non_null(path);
    return path;
}

static void file_is(const char *path, const char *expected)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf text;
    weft_buf_init(&text, 1 << 22);
    assert_int_equal(weft_fs_read_file(path, 1 << 21, &text, &error), 0);
    assert_string_equal(text.data, expected);
    weft_buf_release(&text);
}

static void written(const char *path, const char *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    if (weft_fs_write_file(path, text, strlen(text), &error) < 0)
        fail_msg("%s", error.message);
}

static void test_read_and_write(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf text;
    struct stat info;
    WEFT_CLEANUP(weft_freep) char *path = in_dir("a");
    weft_buf_init(&text, 1 << 20);
    assert_int_equal(weft_fs_read_file(path, 100, &text, &error), WEFT_NOT_THERE);
    written(path, "one");
    written(path, "0123456789");
    assert_int_equal(weft_fs_read_file(path, 10, &text, &error), 0);
    assert_string_equal(text.data, "0123456789");
    weft_buf_clear(&text);
    assert_int_equal(weft_fs_read_file(path, 9, &text, &error), -1);
    assert_int_equal(error.code, WEFT_E_LIMIT);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    weft_buf_clear(&text);
    assert_int_equal(weft_fs_read_file(dir, 9, &text, &error), -1);
    assert_int_equal(error.code, WEFT_E_IO);
    weft_buf_release(&text);
    /* A buffer that holds no byte more than the file may have. */
    weft_buf_init(&text, 10);
    assert_int_equal(weft_fs_read_file(path, 10, &text, &error), 0);
    assert_string_equal(text.data, "0123456789");
    weft_buf_clear(&text);
    written(path, "0123456789x");
    assert_int_equal(weft_fs_read_file(path, 10, &text, &error), -1);
    assert_int_equal(error.code, WEFT_E_LIMIT);
    weft_buf_release(&text);
}

#ifdef WEFT_FAULTS
/* The program itself as a child: `fs_test write PATH TEXT` gives the code as its status. */
static int child(const char *fault, const char *path, const char *text)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("WEFT_FAULT", fault, 1);
        execl("/proc/self/exe", "fs_test", "write", path, text, (char *)NULL);
        _exit(99);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Each call of an atomic write fails once: the old text stays, and nothing lies beside it. */
static void test_an_atomic_write_is_atomic(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        int code;
        const char *after;
    } rows[] = {
        {"open:1", WEFT_E_IO, "old"},
        {"write:1:ENOSPC", WEFT_E_NO_SPACE, "old"},
        {"write:1:EDQUOT", WEFT_E_NO_SPACE, "old"},
        {"sync:1", WEFT_E_IO, "old"},
        {"rename:1:EROFS", WEFT_E_IO, "old"},
        {"sync:2", WEFT_E_IO, "new"},
        {"write:2", 0, "new"},
    };
    WEFT_CLEANUP(weft_freep) char *path = in_dir("atomic");
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_fs_list list;
        written(path, "old");
        int code = child(rows[i].fault, path, "new");
        if (code != rows[i].code)
            fail_msg("%s: code %d", rows[i].fault, code);
        file_is(path, rows[i].after);
        assert_int_equal(weft_fs_list(dir, &list, &error), 0);
        assert_int_equal(list.count, 1);
        weft_fs_list_free(&list);
    }
}

static void test_faults_of_another_role_are_not_ours(void **state)
{
    (void)state;
    WEFT_CLEANUP(weft_freep) char *path = in_dir("role");
    setenv("WEFT_FAULT_IN", "worker", 1);
    assert_int_equal(child("write:1", path, "x"), 0);
    setenv("WEFT_FAULT_IN", "cli", 1);
    assert_int_equal(child("write:1", path, "x"), WEFT_E_IO);
    unsetenv("WEFT_FAULT_IN");
}
#endif

static void test_move(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_freep) char *from = in_dir("from");
    WEFT_CLEANUP(weft_freep) char *to = in_dir("deep/er/to");
    written(from, "x");
    assert_int_equal(weft_fs_move(from, to, &error), 0);
    assert_false(weft_fs_exists(from));
    file_is(to, "x");
    written(from, "y");
    assert_int_equal(weft_fs_move(from, to, &error), -1);
    assert_int_equal(error.code, WEFT_E_CONFLICT);
    file_is(to, "x");
    file_is(from, "y");
    assert_int_equal(weft_fs_unlink(from, &error), 0);
    assert_int_equal(weft_fs_unlink(from, &error), 0); /* gone is fine */
    WEFT_CLEANUP(weft_freep) char *other = in_dir("other");
    assert_int_equal(weft_fs_move(from, other, &error), -1);
    assert_false(weft_fs_exists(other));
}

static void test_move_across_file_systems(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct stat here, there;
    if (stat("/dev/shm", &there) != 0 || stat(dir, &here) != 0 || here.st_dev == there.st_dev)
        skip();
    char *text = weft_alloc((3 << 19) + 1);
    memset(text, 'z', 3 << 19);
    WEFT_CLEANUP(weft_freep) char *from = in_dir("big");
    WEFT_CLEANUP(weft_freep) char *to = weft_format("/dev/shm/weft-fs-test-%d/big", (int)getpid());
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(to);
    written(from, text);
    assert_int_equal(weft_fs_move(from, to, &error), 0);
    assert_false(weft_fs_exists(from));
    file_is(to, text);
    assert_int_equal(weft_fs_move(to, from, &error), 0);
    file_is(from, text);
    assert_int_equal(weft_fs_remove_tree(folder, &error), 0);
    assert_false(weft_fs_exists(folder));
    weft_free(text);
}

static void test_identity(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_fs_identity a, b;
    WEFT_CLEANUP(weft_freep) char *path = in_dir("i");
    assert_int_equal(weft_fs_identity(path, &a, &error), WEFT_NOT_THERE);
    written(path, "1");
    assert_int_equal(weft_fs_identity(path, &a, &error), 0);
    assert_int_equal(a.size, 1);
    assert_int_equal(weft_fs_identity(path, &b, &error), 0);
    assert_true(weft_fs_identity_equal(&a, &b));
    written(path, "2");
    assert_int_equal(weft_fs_identity(path, &b, &error), 0);
    assert_false(weft_fs_identity_equal(&a, &b));
}

static void test_lists_and_globs(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_fs_list list;
    static const char *const names[] = {"b.csv", "a.csv", "c.txt", ".hidden.csv", "d.csv/x"};
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        WEFT_CLEANUP(weft_freep) char *path = in_dir(names[i]);
        WEFT_CLEANUP(weft_freep) char *folder = weft_path_dirname(path);
        assert_int_equal(weft_fs_mkdirs(folder, &error), 0);
        written(path, "x");
    }
    assert_int_equal(weft_fs_list(dir, &list, &error), 0);
    assert_int_equal(list.count, 5);
    assert_string_equal(list.names[0], ".hidden.csv");
    assert_string_equal(list.names[4], "d.csv");
    weft_fs_list_free(&list);
    WEFT_CLEANUP(weft_freep) char *pattern = in_dir("*.csv");
    assert_int_equal(weft_fs_glob(pattern, &list, &error), 0);
    assert_int_equal(list.count, 2); /* no folder, nothing hidden */
    assert_string_equal(weft_path_basename(list.names[0]), "a.csv");
    weft_fs_list_free(&list);
    WEFT_CLEANUP(weft_freep) char *none = in_dir("none");
    assert_int_equal(weft_fs_list(none, &list, &error), WEFT_NOT_THERE);
    assert_int_equal(weft_fs_glob(none, &list, &error), 0);
    assert_int_equal(list.count, 0);
}

/* A link inside a tree is removed, what it points to is not. */
static void test_remove_tree(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_freep) char *kept = in_dir("kept/x");
    WEFT_CLEANUP(weft_freep) char *kept_dir = in_dir("kept");
    WEFT_CLEANUP(weft_freep) char *tree = in_dir("tree");
    WEFT_CLEANUP(weft_freep) char *deep = in_dir("tree/a/b/c");
    WEFT_CLEANUP(weft_freep) char *link_path = in_dir("tree/a/link");
    assert_int_equal(weft_fs_mkdirs(kept_dir, &error), 0);
    assert_int_equal(weft_fs_mkdirs(deep, &error), 0);
    written(kept, "x");
    assert_int_equal(symlink(kept_dir, link_path), 0);
    assert_int_equal(weft_fs_remove_tree(tree, &error), 0);
    assert_false(weft_fs_exists(tree));
    file_is(kept, "x");
    assert_int_equal(weft_fs_remove_tree(tree, &error), 0);
}

static void test_locks(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_freep) char *path = in_dir("lock");
    int first = -1, second = -1, third = -1;
    assert_int_equal(weft_fs_lock(path, false, false, &first, &error), 0);
    assert_int_equal(weft_fs_lock(path, false, false, &second, &error), 0);
    assert_int_equal(weft_fs_lock(path, true, false, &third, &error), WEFT_AGAIN);
    assert_int_equal(third, -1);
    weft_fd_close(&first);
    weft_fd_close(&second);
    assert_int_equal(weft_fs_lock(path, true, true, &third, &error), 0);
    assert_int_equal(weft_fs_lock(path, false, false, &first, &error), WEFT_AGAIN);
    weft_fd_close(&third);
}

static void absolute_is(const char *path, const char *expected)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_freep) char *out = NULL;
    assert_int_equal(weft_path_absolute(path, &out, &error), 0);
    assert_string_equal(out, expected);
}

static void test_paths(void **state)
{
    (void)state;
    absolute_is("/", "/");
    absolute_is("/a//b/./c/", "/a/b/c");
    absolute_is("/a/../../b", "/b");
    absolute_is("/..", "/");
    absolute_is("/a/..b/...", "/a/..b/...");
    static const char *const joins[][3] = {{"a", "b", "a/b"},
                                           {"a/", "b", "a/b"},
                                           {"a", "/b", "/b"},
                                           {".", "b", "b"},
                                           {"/", "b", "/b"}};
    for (size_t i = 0; i < WEFT_COUNT(joins); i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(joins[i][0], joins[i][1]);
        assert_string_equal(path, joins[i][2]);
    }
    static const char *const parents[][2] = {{"a", "."}, {"/a", "/"}, {"a/b", "a"}, {"/a/b", "/a"}};
    for (size_t i = 0; i < WEFT_COUNT(parents); i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_dirname(parents[i][0]);
        assert_string_equal(path, parents[i][1]);
    }
    assert_string_equal(weft_path_basename("a/b"), "b");
    assert_string_equal(weft_path_basename("b"), "b");
}

static int torture(void *arg, struct weft_error *error)
{
    struct weft_fs_list list = {0};
    struct weft_buf text;
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(dir, arg);
    if (path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_write_file(path, "x", 1, error));
    weft_buf_init(&text, 1 << 20);
    int rc = weft_fs_read_file(path, 100, &text, error);
    weft_buf_release(&text);
    if (rc == 0)
        rc = weft_fs_list(dir, &list, error);
    weft_fs_list_free(&list);
    return rc;
}

static void linked(const char *target, const char *name)
{
    char *path = in_dir(name);
    assert_int_equal(symlink(target, path), 0);
    weft_free(path);
}

static void inside_is(const char *name, bool expected)
{
    char *path = in_dir(name), *folder = in_dir("in");
    assert_int_equal(weft_fs_inside(path, folder), expected);
    weft_free(path);
    weft_free(folder);
}

/* What a link would make is where it would be made. */
static void test_inside(void **state)
{
    (void)state;
    char *folder = in_dir("in");
    assert_int_equal(mkdir(folder, 0700), 0);
    weft_free(folder);
    linked("in/new", "link");
    linked("link", "chain");
    linked("out/new", "away");
    linked("in", "folder");
    linked("circle", "circle");
    inside_is("in", true);
    inside_is("in/a/b", true);
    inside_is("in2", false);
    inside_is("new", false);
    inside_is("link", true);
    inside_is("chain", true);
    inside_is("folder/a", true);
    inside_is("away", false);
    inside_is("circle", true); /* not known */
}

static void test_torture(void **state)
{
    (void)state;
    char name[] = "torture";
    assert_true(weft_test_torture(torture, name) > 5);
    WEFT_CLEANUP(weft_freep) char *path = in_dir(name);
    file_is(path, "x");
}

#ifdef WEFT_FAULTS
#define FAULT_TESTS                                                                                \
    cmocka_unit_test_setup_teardown(test_an_atomic_write_is_atomic, setup, teardown),              \
        cmocka_unit_test_setup_teardown(test_faults_of_another_role_are_not_ours, setup,           \
                                        teardown),
#else
#define FAULT_TESTS
#endif

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "write") == 0) {
        struct weft_error error = WEFT_ERROR_INIT;
        return weft_fs_write_file(argv[2], argv[3], strlen(argv[3]), &error) == 0 ? 0
                                                                                  : (int)error.code;
    }
    const struct CMUnitTest tests[] = {
        FAULT_TESTS cmocka_unit_test_setup_teardown(test_read_and_write, setup, teardown),
        cmocka_unit_test_setup_teardown(test_move, setup, teardown),
        cmocka_unit_test_setup_teardown(test_move_across_file_systems, setup, teardown),
        cmocka_unit_test_setup_teardown(test_identity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists_and_globs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locks, setup, teardown),
        cmocka_unit_test(test_paths),
        cmocka_unit_test_setup_teardown(test_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torture, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

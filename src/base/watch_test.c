/*
 * watch_test.c - what counts as a change, and what does not.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"
#include "base/watch.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void path_in(char out[512], const char *name)
{
    snprintf(out, 512, "%s/%s", dir, name);
}

static void file_write(const char *name, const char *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char path[512];
    path_in(path, name);
    assert_int_equal(weft_fs_write_file(path, text, strlen(text), &error), 0);
}

static struct weft_watch *watch_of(const char *folder, bool deep)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_watch *watch = NULL;
    assert_int_equal(weft_watch_new(&watch, &error), 0);
    assert_int_equal(weft_watch_add(watch, folder, deep, &error), 0);
    assert_null(weft_watch_slow(watch));
    return watch;
}

static atomic_bool closing;

/* A file that is being written wakes nobody before it is closed. */
static void change_open_then_close(void)
{
    char path[512];
    path_in(path, "half.yaml");
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "half", 4), 4);
    usleep(300000); /* a wait that ends too soon ends here */
    closing = true;
    close(fd);
}

/* The change is done by another thread, a little later. */
struct later {
    void (*change)(void);
    int delay_ms;
};

static void *later_main(void *arg)
{
    struct later *later = arg;
    usleep((useconds_t)later->delay_ms * 1000);
    later->change();
    return NULL;
}

/* A change that wakes nobody shows as a test that never ends. */
static void waits_for(struct weft_watch *watch, void (*change)(void))
{
    struct later later = {.change = change, .delay_ms = 30};
    struct weft_error error = WEFT_ERROR_INIT;
    pthread_t thread;
    int64_t since = 0;
    assert_int_equal(pthread_create(&thread, NULL, later_main, &later), 0);
    assert_int_equal(weft_watch_wait(watch, &since, &error), 0);
    bool whole = closing;
    pthread_join(thread, NULL);
    assert_true(whole || change != change_open_then_close);
    assert_true(since > 0 && since <= weft_clock_mono_us());
}

static void change_write(void)
{
    file_write("a.yaml", "two");
}

static void change_in_place(void)
{
    char path[512];
    path_in(path, "a.yaml");
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    usleep(60000); /* between the two there is nothing to look at */
    assert_int_equal(write(fd, "three", 5), 5);
    close(fd);
}

static void change_new_folder(void)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char path[512];
    path_in(path, "below/new");
    assert_int_equal(weft_fs_mkdirs(path, &error), 0);
}

static void change_remove(void)
{
    char path[512];
    path_in(path, "a.yaml");
    assert_int_equal(unlink(path), 0);
}

static void change_link(void)
{
    char path[512];
    path_in(path, "link.yaml");
    assert_int_equal(symlink("a.yaml", path), 0);
}

static void change_deep(void)
{
    file_write("below/deep/b.yaml", "x");
}

static void watch_changes(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    char path[512];
    file_write("a.yaml", "one");
    path_in(path, "below/deep");
    assert_int_equal(weft_fs_mkdirs(path, &error), 0);
    struct weft_watch *watch = watch_of(dir, true);
    void (*const changes[])(void) = {change_write, change_deep,   change_in_place,
                                     change_link,  change_remove, change_new_folder};
    for (size_t i = 0; i < WEFT_COUNT(changes); i++)
        waits_for(watch, changes[i]);
    weft_watch_free(watch);
}

static void watch_whole_files(void **state)
{
    (void)state;
    struct weft_watch *watch = watch_of(dir, false);
    waits_for(watch, change_open_then_close);
    weft_watch_free(watch);
}

static void change_many(void)
{
    char name[40];
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "many%d.yaml", i);
        file_write(name, "x");
    }
}

static void watch_many_is_one(void **state)
{
    (void)state;
    struct weft_watch *watch = watch_of(dir, false);
    struct weft_error error = WEFT_ERROR_INIT;
    waits_for(watch, change_many);
    (void)error;
    weft_watch_free(watch);
}

static void change_appear(void)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char path[512];
    path_in(path, "inbox");
    assert_int_equal(weft_fs_mkdirs(path, &error), 0);
}

static void watch_what_is_not_there(void **state)
{
    (void)state;
    char path[512];
    path_in(path, "inbox/2026");
    struct weft_watch *watch = watch_of(path, true);
    waits_for(watch, change_appear);
    weft_watch_free(watch);
}

static int torture(void *arg, struct weft_error *error)
{
    struct weft_watch *watch = NULL;
    (void)arg;
    if (weft_watch_new(&watch, error) < 0)
        return -1;
    int rc = weft_watch_add(watch, dir, false, error);
    weft_watch_free(watch);
    return rc;
}

static void watch_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture, NULL) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(watch_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(watch_whole_files, setup, teardown),
        cmocka_unit_test_setup_teardown(watch_many_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(watch_what_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(watch_torture, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * audit_test.c - the chain of reads: appended by many, changed by nobody unseen.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"
#include "trust/audit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct weft_error error;

static int append_to(struct weft_ledger *ledger, int64_t rows, struct weft_error *e)
{
    struct weft_request request;
    weft_request_local(&request);
    struct weft_audit_read read = {.request = &request,
                                   .door = "cli",
                                   .products = "a.b,\"c\".d",
                                   .columns = "x,y",
                                   .sql_hash = "00ff",
                                   .decision = "yes",
                                   .reason = "local operator",
                                   .rows = rows,
                                   .duration_us = 12};
    return weft_audit_append(ledger, &read, e);
}

static int append(const char *home, int64_t rows, struct weft_error *e)
{
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    WEFT_TRY(weft_ledger_open(home, WEFT_LEDGER_CREATE, &ledger, e));
    return append_to(ledger, rows, e);
}

static void log_path(const char *home, char path[512])
{
    struct weft_fs_list list;
    char folder[400];
    snprintf(folder, sizeof folder, "%s/audit", home);
    assert_int_equal(weft_fs_list(folder, &list, &error), 0);
    assert_string_equal(list.names[list.count - 2], "head");
    assert_string_equal(list.names[list.count - 1], "lock");
    snprintf(path, 512, "%s/%s", folder, list.names[list.count - 3]);
    weft_fs_list_free(&list);
}

static void assert_count(const char *home, int64_t expected)
{
    int64_t count = -1;
    if (weft_audit_verify(home, &count, &error) != 0)
        fail_msg("verify: %s", error.message);
    assert_int_equal(count, expected);
}

static void assert_bad(const char *home, const char *expected)
{
    assert_int_equal(weft_audit_verify(home, NULL, &error), -1);
    if (error.code != WEFT_E_CORRUPT || strstr(error.message, expected) == NULL)
        fail_msg("expected '%s': %s", expected, error.message);
}

static char *home_with(int lines)
{
    char *home = weft_test_dir();
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    assert_int_equal(weft_ledger_open(home, WEFT_LEDGER_CREATE, &ledger, &error), 0);
    for (int i = 0; i < lines; i++)
        assert_int_equal(append_to(ledger, i, &error), 0);
    return home;
}

static void shell(const char *format, const char *path)
{
    char command[1200];
    snprintf(command, sizeof command, format, path);
    assert_int_equal(system(command), 0);
}

static void test_changes_are_seen(void **state)
{
    (void)state;
    static const struct {
        const char *command; /* of sed -i, on 6 lines */
        const char *expected;
    } rows[] = {{"sed -i '3s/\"rows\":2/\"rows\":9/' %s", "line 3: it was changed"},
                {"sed -i '3s/local/lokal/' %s", "line 3: it was changed"},
                {"sed -i '3d' %s", "line 3: it does not follow"},
                {"sed -i '1d' %s", "line 1: it does not follow"},
                {"sed -i '3{h;d};4{G}' %s", "line 3: it does not follow"},
                {"sed -i '3{p}' %s", "line 4: it does not follow"},
                {"sed -i '3s/.*/{}/' %s", "line 3: this is no line"},
                {"sed -i '3s/.*//' %s", "line 3: this is no line"},
                {"truncate -s -9 %s", "line 6: it was cut short"}};
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        char *home = home_with(6);
        char path[512];
        log_path(home, path);
        assert_count(home, 6);
        shell(rows[i].command, path);
        assert_bad(home, rows[i].expected);
        weft_test_dir_remove(home);
    }
}

static void test_goes_on_after_a_cut(void **state)
{
    (void)state;
    char *home = home_with(3);
    char path[512];
    log_path(home, path);
    shell("printf '{\"half\":' >> %s", path);
    assert_bad(home, "line 4: it was cut short");
    assert_int_equal(append(home, 3, &error), 0);
    assert_count(home, 4);
    weft_test_dir_remove(home);
}

static void test_months(void **state)
{
    (void)state;
    char *home = home_with(2);
    char path[512], command[1200];
    log_path(home, path);
    /* As if these were of an earlier month. */
    snprintf(command, sizeof command, "mv %s %s/audit/2020-01.log", path, home);
    assert_int_equal(system(command), 0);
    assert_int_equal(append(home, 2, &error), 0);
    assert_count(home, 3);
    snprintf(command, sizeof command, "rm %s/audit/2020-01.log", home);
    assert_int_equal(system(command), 0);
    assert_bad(home, "line 1: it does not follow");
    weft_test_dir_remove(home);
    /* A clock that goes back goes on in the newest file. */
    home = home_with(1);
    log_path(home, path);
    snprintf(command, sizeof command, "mv %s %s/audit/9999-01.log", path, home);
    assert_int_equal(system(command), 0);
    assert_int_equal(append(home, 2, &error), 0);
    assert_count(home, 2);
    weft_test_dir_remove(home);
}

static void test_many_processes(void **state)
{
    (void)state;
    char *home = home_with(0);
    int64_t start_us = weft_clock_mono_us();
    for (int i = 0; i < 6; i++) {
        if (fork() > 0)
            continue;
        struct weft_error e = WEFT_ERROR_INIT;
        struct weft_ledger *ledger = NULL;
        if (weft_ledger_open(home, 0, &ledger, &e) < 0)
            _exit(1);
        for (int j = 0; j < 50; j++) {
            if (append_to(ledger, j, &e) < 0)
                _exit(1);
        }
        _exit(0);
    }
    for (int i = 0; i < 6; i++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_count(home, 300);
    print_message("300 lines by 6 processes: %.1f ms\n",
                  (double)(weft_clock_mono_us() - start_us) / 1e3);
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    assert_int_equal(weft_ledger_open(home, 0, &ledger, &error), 0);
    start_us = weft_clock_mono_us();
    assert_int_equal(append_to(ledger, 1, &error), 0);
    print_message("the first line of a process: %.3f ms\n",
                  (double)(weft_clock_mono_us() - start_us) / 1e3);
    start_us = weft_clock_mono_us();
    for (int i = 0; i < 200; i++)
        assert_int_equal(append_to(ledger, i, &error), 0);
    print_message("one line: %.3f ms\n", (double)(weft_clock_mono_us() - start_us) / 2e5);
    weft_test_dir_remove(home);
}

static void test_limits(void **state)
{
    (void)state;
    char *home = home_with(1);
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    struct weft_request request;
    weft_request_local(&request);
    assert_int_equal(weft_ledger_open(home, 0, &ledger, &error), 0);
    char *columns = weft_alloc(300000);
    memset(columns, 'x', 200000);
    struct weft_audit_read read = {.request = &request, .columns = columns, .rows = -1};
    assert_int_equal(weft_audit_append(ledger, &read, &error), 0); /* the last line is a long one */
    assert_int_equal(append(home, 1, &error), 0);
    memset(columns, 'x', 299999);
    assert_int_equal(weft_audit_append(ledger, &read, &error), -1);
    assert_int_equal(error.code, WEFT_E_LIMIT);
    weft_free(columns);
    assert_count(home, 3);
    weft_test_dir_remove(home);
}

static int append_one(void *home, struct weft_error *e)
{
    return append(home, 1, e);
}

static int verify_all(void *home, struct weft_error *e)
{
    return weft_audit_verify(home, NULL, e);
}

static void test_torture(void **state)
{
    (void)state;
    char *home = home_with(2);
    assert_true(weft_test_torture(verify_all, home) > 5);
    assert_true(weft_test_torture(append_one, home) > 5);
    assert_int_equal(weft_audit_verify(home, NULL, &error), 0);
    weft_test_dir_remove(home);
}

int main(void)
{
    weft_trust_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_are_seen), cmocka_unit_test(test_goes_on_after_a_cut),
        cmocka_unit_test(test_months),           cmocka_unit_test(test_many_processes),
        cmocka_unit_test(test_limits),           cmocka_unit_test(test_torture)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

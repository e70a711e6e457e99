/*
 * kill_test.c - processes that append are killed, at fault points and at random moments; files
 * fail. After each: what was acknowledged is there, the chain verifies, the folded tables are what
 * the entries say.
 */
#include "ledger/ledger_test_support.h"

#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define RANDOM_KILLS 30 /* of two each */

static struct weft_error error;

static int64_t acknowledged(const char *home)
{
    char path[512];
    int64_t sequence = 0;
    snprintf(path, sizeof path, "%s.acknowledged", home);
    int fd = open(path, O_RDONLY);
    if (fd >= 0 && pread(fd, &sequence, sizeof sequence, 0) != sizeof sequence)
        sequence = 0;
    close(fd);
    return sequence;
}

static void assert_sound(const char *home, const char *after)
{
    int64_t told = acknowledged(home);
    struct weft_ledger *ledger = NULL;
    struct weft_ledger_report report = {0};
    weft_error_clear(&error);
    int rc = weft_ledger_open(home, 0, &ledger, &error);
    if (rc == 0)
        rc = weft_ledger_verify(ledger, &report, &error);
    if (rc == 0)
        rc = weft_ledger_rebuild(ledger, true, NULL, &error);
    weft_ledger_close(ledger);
    if (rc != 0)
        fail_msg("after %s: %s %s", after, error.message, error.detail);
    if (report.entries < told)
        fail_msg("after %s: %" PRId64 " acknowledged, %" PRId64 " there", after, told,
                 report.entries);
}

static char *home_new(void)
{
    char *home = weft_test_dir();
    struct weft_ledger *ledger = NULL;
    assert_int_equal(weft_ledger_open(home, WEFT_LEDGER_CREATE, &ledger, &error), 0);
    weft_ledger_close(ledger);
    return home;
}

static void home_end(char *home)
{
    char path[512];
    snprintf(path, sizeof path, "%s.acknowledged", home);
    unlink(path);
    weft_test_dir_remove(home);
}

static void test_killed_at_points(void **state)
{
    (void)state;
    static const char *const points[] = {"ledger.before_commit", "ledger.after_commit",
                                         "ledger.after_head"};
    char *home = home_new();
    for (int nth = 1; nth <= 7; nth++) {
        for (size_t i = 0; i < WEFT_COUNT(points); i++) {
            char fault[64];
            snprintf(fault, sizeof fault, "kill:%s:%d", points[i], nth);
            assert_int_equal(ledger_test_run("append", home, fault), -SIGKILL);
            assert_sound(home, fault);
        }
    }
    home_end(home);
}

static void test_killed_at_random(void **state)
{
    (void)state;
    char *home = home_new();
    srandom(7);
    for (int kills = 0; kills < RANDOM_KILLS; kills++) {
        /* two at once, so that one dies while the other waits or writes */
        pid_t one = ledger_test_start("append", home, NULL);
        pid_t two = ledger_test_start("append", home, NULL);
        nanosleep(&(struct timespec){.tv_nsec = 3000000 + random() % 15000000}, NULL);
        kill(one, SIGKILL);
        nanosleep(&(struct timespec){.tv_nsec = random() % 3000000}, NULL);
        kill(two, SIGKILL);
        assert_int_equal(ledger_test_wait(one), -SIGKILL);
        assert_int_equal(ledger_test_wait(two), -SIGKILL);
        assert_sound(home, "a random kill");
    }
    print_message("%d kills of two, %" PRId64 " entries\n", RANDOM_KILLS,
                  ledger_test_number(home, "SELECT count(*) FROM entries"));
    home_end(home);
}

/* Each write, sync, resize, open and removal fails once, SQLite's own too. */
static void test_failing_files(void **state)
{
    (void)state;
    static const struct {
        const char *op;
        const char *name;
        int last;
    } ops[] = {{"write", "ENOSPC", 40}, {"write", "EIO", 12}, {"sync", "EIO", 12},
               {"sync", "ENOSPC", 4},   {"rename", "EIO", 4}, {"truncate", "EIO", 3},
               {"unlink", "EIO", 3},    {"open", "EIO", 8}};
    char *home = home_new();
    for (size_t i = 0; i < WEFT_COUNT(ops); i++) {
        int failed = 0;
        for (int nth = 1; nth <= ops[i].last; nth++) {
            char fault[64];
            snprintf(fault, sizeof fault, "%s:%d:%s", ops[i].op, nth, ops[i].name);
            int status =
                ledger_test_run(strcmp(ops[i].name, "EIO") == 0 ? "broken" : "full", home, fault);
            if (status != 0 && status != 1)
                fail_msg("%s: %d", fault, status);
            failed += status;
            assert_sound(home, fault);
        }
        if (strcmp(ops[i].op, "write") == 0 || strcmp(ops[i].op, "sync") == 0)
            assert_true(failed > 0); /* else the fault did not reach SQLite */
    }
    home_end(home);
}

/* The same with the failed commits counted: a full disk says so and leaves the old state. */
static int failing(struct weft_ledger *ledger, enum weft_code expected)
{
    int failed = 0;
    for (int i = 0; i < 6; i++) {
        struct weft_error e = WEFT_ERROR_INIT;
        if (ledger_test_put(ledger, "a", i, &e) == 0)
            continue;
        failed = 1;
        if (e.code != expected) {
            fprintf(stderr, "%s: %s: %s\n", getenv("WEFT_FAULT"), weft_code_name(e.code),
                    e.message);
            return 2;
        }
    }
    return failed;
}

static int append_forever(struct weft_ledger *ledger, const char *home)
{
    char path[512];
    snprintf(path, sizeof path, "%s.acknowledged", home);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    for (int64_t i = 0; i < 10000; i++) {
        struct weft_ledger_txn *txn = NULL;
        struct weft_error e = WEFT_ERROR_INIT;
        int64_t sequence = 0;
        char body[128];
        snprintf(body, sizeof body, "{\"name\":\"n%d\",\"value\":\"%d\"}", (int)(i % 5), getpid());
        if (weft_ledger_begin_write(ledger, &txn, &e) < 0 ||
            weft_ledger_append(txn, "local:test", "test.put", body, NULL, &e) < 0 ||
            weft_ledger_append(txn, "local:test", "test.put", body, &sequence, &e) < 0 ||
            weft_ledger_commit(txn, &e) < 0) {
            fprintf(stderr, "%s\n", e.message);
            return 1;
        }
        if (pwrite(fd, &sequence, sizeof sequence, 0) != sizeof sequence)
            return 1;
    }
    return 0;
}

static int scenario(const char *name, const char *home)
{
    struct weft_ledger *ledger = NULL;
    struct weft_error e = WEFT_ERROR_INIT;
    enum weft_code expected = strcmp(name, "full") == 0 ? WEFT_E_NO_SPACE : WEFT_E_IO;
    if (weft_ledger_open(home, 0, &ledger, &e) < 0) {
        if (e.code != expected)
            fprintf(stderr, "%s: %s\n", weft_code_name(e.code), e.message);
        return e.code == expected ? 1 : 2;
    }
    int status =
        strcmp(name, "append") == 0 ? append_forever(ledger, home) : failing(ledger, expected);
    weft_ledger_close(ledger);
    return status;
}

int main(int argc, char **argv)
{
    ledger_test_register();
    if (argc == 3)
        return scenario(argv[1], argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed_at_points),
                                       cmocka_unit_test(test_killed_at_random),
                                       cmocka_unit_test(test_failing_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

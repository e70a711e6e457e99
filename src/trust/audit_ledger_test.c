/*
 * audit_ledger_test.c - reads with their ends, and what the ledger holds of the audit: a tail that
 * was cut, a beginning that is gone, what retention took, writers that are killed, a full disk.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/test_support.h"
#include "trust/audit_internal.h"
#include "trust/trust_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct weft_audit_read read_of(struct weft_request *request, const char *products)
{
    weft_request_local(request);
    snprintf(request->principal, sizeof request->principal, "user:alice");
    snprintf(request->actor, sizeof request->actor, "local:test");
    snprintf(request->purpose, sizeof request->purpose, "research");
    return (struct weft_audit_read){.request = request,
                                    .door = "cli",
                                    .command = "query",
                                    .products = products,
                                    .columns = "a.b.x",
                                    .sql_hash = "00ff",
                                    .decision = "yes",
                                    .reason = "request 7",
                                    .agreement = 7};
}

static void read_whole(struct trust_fixture *f, int64_t rows)
{
    struct weft_request request;
    char id[WEFT_SHA256_HEX];
    struct weft_audit_read read = read_of(&request, "a.b");
    OK(weft_audit_begin(f->home, &read, id, &f->error));
    OK(weft_audit_end(f->home, id, rows, 5, true, &f->error));
}

static int verify(struct trust_fixture *f, int64_t *count)
{
    return weft_audit_verify_all(f->ledger, count, &f->error);
}

static void anchor(struct trust_fixture *f, bool expected)
{
    bool anchored = !expected;
    OK(weft_audit_anchor(f->txn, ACTOR, &anchored, &f->error));
    assert_int_equal(anchored, expected);
    trust_commit(f);
}

static void shell(struct trust_fixture *f, const char *command)
{
    char whole[1500];
    snprintf(whole, sizeof whole, "cd %s/audit && %s", f->home, command);
    assert_int_equal(system(whole), 0);
}

static void test_ends(void **state)
{
    struct trust_fixture *f = *state;
    struct weft_audit_lines lines;
    struct weft_request request;
    char id[WEFT_SHA256_HEX], other[WEFT_SHA256_HEX];
    int64_t count = 0;
    struct weft_audit_read one = read_of(&request, "a.b");
    OK(weft_audit_begin(f->home, &one, id, &f->error));
    struct weft_audit_read two = read_of(&request, "c.d,a.b");
    OK(weft_audit_begin(f->home, &two, other, &f->error));
    OK(weft_audit_end(f->home, id, 42, 1234, true, &f->error));
    two.decision = "no";
    OK(weft_audit_append(f->home, &two, &f->error));
    OK(weft_audit_list(f->home, f->arena, 0, &lines, &f->error));
    assert_int_equal(lines.count, 3);
    assert_int_equal(lines.items[0].rows, 42);
    assert_int_equal(lines.items[0].duration_us, 1234);
    assert_string_equal(lines.items[0].result, "done");
    assert_string_equal(lines.items[0].principal, "user:alice");
    assert_string_equal(lines.items[0].actor, "local:test");
    assert_string_equal(lines.items[0].hash, id);
    assert_int_equal(lines.items[0].agreement, 7);
    assert_string_equal(lines.items[1].result, "unfinished");
    assert_int_equal(lines.items[1].rows, -1);
    assert_string_equal(lines.items[2].decision, "no");
    OK(weft_audit_end(f->home, other, 3, 1, false, &f->error));
    OK(weft_audit_list(f->home, f->arena, 0, &lines, &f->error));
    assert_string_equal(lines.items[1].result, "failed");
    OK(weft_audit_list(f->home, f->arena, weft_clock_us() + 3600000000, &lines, &f->error));
    assert_int_equal(lines.count, 0);
    OK(verify(f, &count));
    assert_int_equal(count, 5);
}

static void test_anchor(void **state)
{
    struct trust_fixture *f = *state;
    int64_t count = 0;
    anchor(f, false); /* nothing to hold */
    read_whole(f, 1);
    read_whole(f, 2);
    anchor(f, true);
    anchor(f, false);
    read_whole(f, 3);
    OK(verify(f, &count));
    assert_int_equal(count, 6);
    /* Behind the anchor nobody sees a cut; before it everybody does. */
    shell(f, "sed -i '$d' *.log");
    OK(verify(f, &count));
    shell(f, "sed -i '$d' *.log && sed -i '$d' *.log");
    trust_refused(f, verify(f, &count), WEFT_E_CORRUPT);
    read_whole(f, 4); /* going on does not hide it */
    OK(weft_audit_verify(f->home, &count, &f->error));
    trust_refused(f, verify(f, &count), WEFT_E_CORRUPT);
    shell(f, "rm *.log");
    trust_refused(f, verify(f, &count), WEFT_E_CORRUPT);
    struct weft_ledger_report report;
    weft_ledger_end(f->txn);
    f->txn = NULL;
    OK(weft_ledger_rebuild(f->ledger, true, &report, &f->error));
}

/* Three months: today's lines under the names of months that are over. */
static void months(struct trust_fixture *f)
{
    read_whole(f, 1);
    shell(f, "mv *.log 2024-01.log");
    read_whole(f, 2);
    shell(f, "mv 20[^2]*.log 2024-02.log 2>/dev/null || mv $(ls *.log | tail -1) 2024-02.log");
    read_whole(f, 3);
}

static void test_retention(void **state)
{
    struct trust_fixture *f = *state;
    int64_t count = 0, removed = -1, feb = 0;
    months(f);
    anchor(f, true);
    OK(verify(f, &count));
    assert_int_equal(count, 6);
    assert_true(weft_time_parse("2024-02-01", &feb));
    weft_ledger_end(f->txn);
    f->txn = NULL;
    OK(weft_audit_expire(f->ledger, ACTOR, feb - 1, &removed, &f->error));
    assert_int_equal(removed, 0);
    shell(f, "cp 2024-01.log january && cp 2024-02.log february");
    OK(weft_audit_expire(f->ledger, ACTOR, feb, &removed, &f->error));
    assert_int_equal(removed, 1);
    OK(verify(f, &count));
    assert_int_equal(count, 4);
    OK(weft_audit_expire(f->ledger, ACTOR, weft_clock_us(), &removed, &f->error));
    assert_int_equal(removed, 1); /* never the newest */
    OK(verify(f, &count));
    assert_int_equal(count, 2);
    /* A kill between the entry and the files: what is left is fine, and goes the next time. */
    shell(f, "cp february 2024-02.log");
    OK(verify(f, &count));
    shell(f, "cp january 2024-01.log");
    OK(verify(f, &count));
    assert_int_equal(count, 6);
    shell(f, "rm 2024-01.log");
    OK(weft_audit_expire(f->ledger, ACTOR, weft_clock_us(), &removed, &f->error));
    assert_int_equal(removed, 1);
    /* A beginning that somebody else took away. */
    shell(f, "sed -i 1d $(ls *.log | tail -1)");
    trust_refused(f, verify(f, &count), WEFT_E_CORRUPT);
}

static void test_kills(void **state)
{
    struct trust_fixture *f = *state;
    int64_t count = 0, before = 0;
    for (int round = 0; round < 20; round++) {
        pid_t pids[3];
        for (size_t i = 0; i < WEFT_COUNT(pids); i++) {
            pids[i] = fork();
            assert_true(pids[i] >= 0);
            while (pids[i] == 0)
                read_whole(f, round);
        }
        usleep(5000 + (useconds_t)round * 700);
        for (size_t i = 0; i < WEFT_COUNT(pids); i++) {
            assert_int_equal(kill(pids[i], SIGKILL), 0);
            assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
        }
        read_whole(f, -1); /* cuts a piece off, if one is there */
        OK(verify(f, &count));
        assert_true(count > before);
        before = count;
    }
}

/* A disk that is full (a limit of file sizes, in a child) gives no line and no piece of one. */
static void test_full(void **state)
{
    struct trust_fixture *f = *state;
    int64_t count = 0;
    for (size_t room = 0; room < 300; room += 50) {
        read_whole(f, 1);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct weft_request request;
            struct weft_fs_identity identity;
            struct weft_fs_list list;
            char id[WEFT_SHA256_HEX], path[600];
            struct weft_audit_read read = read_of(&request, "a.b");
            snprintf(path, sizeof path, "%s/audit", f->home);
            OK(weft_fs_list(path, &list, &f->error));
            snprintf(path, sizeof path, "%s/audit/%s", f->home, list.names[0]);
            OK(weft_fs_identity(path, &identity, &f->error));
            struct rlimit limit = {(rlim_t)identity.size + room, (rlim_t)identity.size + room};
            signal(SIGXFSZ, SIG_IGN);
            setrlimit(RLIMIT_FSIZE, &limit);
            _exit(weft_audit_begin(f->home, &read, id, &f->error) < 0 ? 0 : 1);
        }
        int status = -1;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        OK(verify(f, &count));
        assert_int_equal(count, 2 * (int64_t)(room / 50 + 1));
    }
}

static int torture(void *arg, struct weft_error *error)
{
    struct trust_fixture *f = arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_audit_lines lines;
    bool anchored;
    int64_t count;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_audit_list(f->home, arena, 0, &lines, error));
    WEFT_TRY(weft_audit_verify_all(f->ledger, &count, error));
    WEFT_TRY(weft_ledger_begin_write(f->ledger, &txn, error));
    return weft_audit_anchor(txn, ACTOR, &anchored, error);
}

static void test_torture(void **state)
{
    struct trust_fixture *f = *state;
    read_whole(f, 1);
    read_whole(f, 2);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    assert_true(weft_test_torture(torture, f) > 10);
}

int main(void)
{
    weft_trust_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ends, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_anchor, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_retention, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_kills, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_full, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_torture, trust_setup, trust_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

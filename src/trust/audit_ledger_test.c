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
    OK(weft_audit_begin(f->ledger, &read, id, &f->error));
    const struct weft_audit_done done = {.rows = rows, .duration_us = 5, .good = true};
    OK(weft_audit_end(f->ledger, id, &done, &f->error));
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
    OK(weft_audit_begin(f->ledger, &one, id, &f->error));
    struct weft_audit_read two = read_of(&request, "c.d,a.b");
    OK(weft_audit_begin(f->ledger, &two, other, &f->error));
    const struct weft_audit_done done = {42, 1234, true, NULL};
    OK(weft_audit_end(f->ledger, id, &done, &f->error));
    two.decision = "no";
    OK(weft_audit_append(f->ledger, &two, &f->error));
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
    const struct weft_audit_done failed = {3, 1, false, "aabb"};
    OK(weft_audit_end(f->ledger, other, &failed, &f->error));
    OK(weft_audit_list(f->home, f->arena, 0, &lines, &f->error));
    assert_string_equal(lines.items[1].result, "failed");
    assert_string_equal(lines.items[0].sql_hash, "00ff");
    assert_string_equal(lines.items[1].sql_hash, "aabb"); /* known at its end alone */
    OK(weft_audit_list(f->home, f->arena, weft_clock_us() + 3600000000, &lines, &f->error));
    assert_int_equal(lines.count, 0);
    OK(verify(f, &count));
    assert_int_equal(count, 5);
}

static void refused(struct trust_fixture *f, const char *expected)
{
    int64_t count;
    assert_int_equal(verify(f, &count), -1);
    if (f->error.code != WEFT_E_CORRUPT || strstr(f->error.message, expected) == NULL)
        fail_msg("expected '%s': %s", expected, f->error.message);
    weft_error_clear(&f->error);
}

static void accept(struct trust_fixture *f, bool expected)
{
    int64_t count = 0;
    bool accepted = !expected;
    weft_ledger_end(f->txn);
    f->txn = NULL;
    OK(weft_audit_accept(f->ledger, ACTOR, "a test", &count, &accepted, &f->error));
    assert_int_equal(accepted, expected);
    OK(verify(f, &count));
    OK(weft_ledger_begin_write(f->ledger, &f->txn, &f->error));
}

static void test_anchor(void **state)
{
    struct trust_fixture *f = *state;
    int64_t count = 0;
    anchor(f, true);  /* where it begins */
    anchor(f, false); /* nothing new */
    read_whole(f, 1);
    read_whole(f, 2);
    anchor(f, true);
    anchor(f, false);
    read_whole(f, 3);
    OK(verify(f, &count));
    assert_int_equal(count, 6);
    /* An old copy of all of it is seen as far as the ledger knows of more. */
    shell(f, "mkdir copy && cp *.log head copy");
    read_whole(f, 4);
    shell(f, "cp copy/* .");
    OK(verify(f, &count));
    read_whole(f, 4);
    anchor(f, true);
    shell(f, "cp copy/* .");
    refused(f, "entry");
    read_whole(f, 5); /* going on does not hide it, nor does another anchor */
    anchor(f, true);
    refused(f, "entry");
    accept(f, true);
    accept(f, false);
    struct weft_ledger_report report;
    weft_ledger_end(f->txn);
    f->txn = NULL;
    OK(weft_ledger_rebuild(f->ledger, true, &report, &f->error));
}

/* What is cut off at the end, in each way, behind all anchors. */
static void test_cut(void **state)
{
    struct trust_fixture *f = *state;
    static const struct {
        const char *command;
        const char *expected; /* at once */
        const char *after;    /* when a read went on */
    } rows[] = {
        {"sed -i '$d' *.log", "end was cut off: audit/head", "line 8: it does not follow"},
        {"sed -i '$d' *.log; sed -i '$d' *.log", "end was cut off", "line 7: it does not follow"},
        {"rm *.log", "end was cut off", "line 1: it does not follow"},
        {": > $(ls *.log)", "end was cut off", "line 1: it does not follow"},
        {"rm head", "audit/head is missing", "audit/head was missing or damaged"},
        {"sed -i '$d' *.log; rm head", "audit/head is missing", "missing or damaged"},
        {"rm head *.log", "audit/head is missing", "missing or damaged"},
        {": > head", "was changed or is damaged", "missing or damaged"},
        {"sed -i 's/hash\":\"./hash\":\"x/' head", "was changed", "missing or damaged"},
        {"sed -i 's/first\":\"./first\":\"x/' head", "was changed", "missing or damaged"},
        {"sed -i 's/_us\":1/_us\":2/' head", "was changed", "missing or damaged"},
        {"sed -i 's/signature\":\"./signature\":\"x/' head", "was changed", "missing or damaged"},
        {"sed -i 's/key_id\":\"./key_id\":\"x/' head", "was changed", "missing or damaged"},
    };
    anchor(f, true);
    shell(f, "cp head old"); /* names no line */
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        int64_t count = 0;
        shell(f, "rm -f *.log; cp old head");
        for (int line = 0; line < 4; line++)
            read_whole(f, line);
        OK(verify(f, &count));
        shell(f, rows[i].command);
        refused(f, rows[i].expected);
        read_whole(f, 9);
        refused(f, rows[i].after);
        accept(f, true);
        read_whole(f, 9);
        OK(verify(f, &count));
        accept(f, false);
        /* What stands before the gap cannot be cut off unseen now. */
        if (strstr(rows[i].after, "line 8") != NULL) {
            shell(f, "sed -i 6,7d *.log");
            refused(f, "line 6: it does not follow");
        }
    }
}

/* A kill between a line and its head; and a clock that goes on behind the other. */
static void test_behind(void **state)
{
    struct trust_fixture *f = *state;
    int64_t count = 0;
    anchor(f, true);
    read_whole(f, 1);
    shell(f, "cp head old");
    read_whole(f, 2);
    shell(f, "cp old head");
    OK(verify(f, &count));
    read_whole(f, 3);
    OK(verify(f, &count));
    assert_int_equal(count, 6);
    shell(f, "printf '{\"half\":' >> $(ls *.log)");
    read_whole(f, 4);
    OK(verify(f, &count));
    assert_int_equal(count, 8);
    weft_ledger_end(f->txn);
    f->txn = NULL;
    weft_ledger_close(f->ledger); /* the key is read anew */
    OK(weft_ledger_open(f->home, 0, &f->ledger, &f->error));
    read_whole(f, 5);
    OK(verify(f, &count));
    OK(weft_ledger_begin_write(f->ledger, &f->txn, &f->error));
}

/* Lines of a version that had no head: held from the next anchor on. */
static void test_from_before(void **state)
{
    struct trust_fixture *f = *state;
    int64_t count = 0;
    read_whole(f, 1);
    shell(f, "rm head");
    OK(verify(f, &count));
    read_whole(f, 2);
    OK(verify(f, &count));
    anchor(f, true);
    OK(verify(f, &count));
    shell(f, "rm head");
    refused(f, "audit/head is missing");
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
            _exit(weft_audit_begin(f->ledger, &read, id, &f->error) < 0 ? 0 : 1);
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
        cmocka_unit_test_setup_teardown(test_cut, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_behind, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_from_before, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_retention, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_kills, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_full, trust_setup, trust_teardown),
        cmocka_unit_test_setup_teardown(test_torture, trust_setup, trust_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

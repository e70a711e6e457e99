/*
 * tamper_test.c - every column of an entry, every place in the chain, the head, the folded tables:
 * each change past the ledger gets the right name.
 */
#include "ledger/ledger_internal.h"
#include "ledger/ledger_test_support.h"

#include "base/mem.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct weft_error error;

static char *home_with_entries(int count)
{
    char *home = weft_test_dir();
    struct weft_ledger *ledger = NULL;
    if (weft_ledger_open(home, WEFT_LEDGER_CREATE, &ledger, &error) != 0)
        fail_msg("open: %s", error.message);
    for (int i = 2; i <= count; i++)
        assert_int_equal(ledger_test_put(ledger, i % 2 ? "odd" : "even", i, &error), 0);
    weft_ledger_close(ledger);
    return home;
}

static void assert_verify(const char *home, const char *expected)
{
    struct weft_ledger *ledger = NULL;
    weft_error_clear(&error);
    int rc = weft_ledger_open(home, 0, &ledger, &error);
    if (rc == 0)
        rc = weft_ledger_verify(ledger, NULL, &error);
    weft_ledger_close(ledger);
    if (expected == NULL) {
        if (rc != 0)
            fail_msg("verify: %s", error.message);
        return;
    }
    if (rc != -1 || error.code != WEFT_E_CORRUPT || strstr(error.message, expected) == NULL)
        fail_msg("expected '%s', got %d %s", expected, rc, error.message);
}

#define ALL "UPDATE entries SET "
#define AT5 " WHERE sequence = 5"

struct tamper {
    const char *sql;
    const char *expected;
};

static const struct tamper tampers[] = {
    {ALL "format = 2" AT5, "entry 5 (test.put) was changed"},
    {ALL "origin = 'z' || substr(origin, 2)" AT5, "entry 5 was removed"},
    {ALL "origin = 'stranger' WHERE sequence = 9", "the origin stranger"},
    {ALL "sequence = 50" AT5, "entry 5 was removed"},
    {ALL "time_us = time_us + 1" AT5, "entry 5 (test.put) was changed"},
    {ALL "actor = 'local:tesu'" AT5, "entry 5 (test.put) was changed"},
    {ALL "kind = 'test.pus'" AT5, "entry 5 (test.pus) was changed"},
    {ALL "kind_version = 2" AT5, "entry 5 (test.put) was changed"},
    {ALL "body = replace(body, '5', '6')" AT5, "entry 5 (test.put) was changed"},
    {ALL "body_hash = 'z' || substr(body_hash, 2)" AT5, "entry 5 (test.put) was changed"},
    {ALL "previous_hash = 'z' || substr(previous_hash, 2)" AT5, "entry 5 (test.put) was changed"},
    {ALL "hash = 'z' || substr(hash, 2)" AT5, "entry 5 (test.put) was changed"},
    {ALL "key_id = 'z' || substr(key_id, 2)" AT5, "entry 5 (test.put) is not signed"},
    {ALL "signature = CASE substr(signature, 1, 1) WHEN '0' THEN '1' ELSE '0' END"
         " || substr(signature, 2)" AT5,
     "entry 5 (test.put) is not signed"},
    {ALL "signature = upper(signature)" AT5, "entry 5 (test.put) is not signed"},
    {ALL "signature = ''" AT5, "entry 5 (test.put) is not signed"},
    {"DELETE FROM entries" AT5, "entry 5 was removed"},
    {"DELETE FROM entries WHERE sequence = 1", "entry 1 was removed"},
    {"DELETE FROM entries WHERE sequence >= 8", "the end of the ledger is missing: ledger.head says"
                                                " 9 entries, the database ends at 7"},
    {"DELETE FROM entries", "the end of the ledger is missing"},
    /* two swapped: neighbours, and far apart */
    {ALL "sequence = -1" AT5 ";" ALL "sequence = 5 WHERE sequence = 6;" ALL
         "sequence = 6 WHERE sequence = -1",
     "entry 5 (test.put) was reordered"},
    {ALL "sequence = -1 WHERE sequence = 3;" ALL "sequence = 3 WHERE sequence = 8;" ALL
         "sequence = 8 WHERE sequence = -1",
     "entry 3 (test.put) was reordered"},
    /* one taken out and the gap closed */
    {"DELETE FROM entries" AT5 ";" ALL "sequence = -sequence WHERE sequence > 5;" ALL
     "sequence = -sequence - 1 WHERE sequence < 0",
     "entry 5 (test.put) was reordered"},
};

static void test_tampers(void **state)
{
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(tampers); i++) {
        char *home = home_with_entries(9);
        assert_verify(home, NULL);
        ledger_test_sql(home, tampers[i].sql);
        assert_verify(home, tampers[i].expected);
        weft_test_dir_remove(home);
    }
}

static void head_path(const char *home, char path[512])
{
    snprintf(path, 512, "%s/ledger.head", home);
}

static void head_swap(const char *home, char *text, size_t size, bool write)
{
    char path[512];
    head_path(home, path);
    FILE *file = fopen(path, write ? "w" : "r");
    assert_non_null(file);
    if (write)
        fputs(text, file);
    else
        text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void test_head(void **state)
{
    (void)state;
    char *home = home_with_entries(9);
    char path[512], head[2048], older[2048], changed[2048];
    head_path(home, path);
    head_swap(home, head, sizeof head, false);
    unlink(path);
    assert_verify(home, "ledger.head is missing");
    head_swap(home, (char *)"", 0, true);
    assert_verify(home, "ledger.head is damaged");
    head_swap(home, (char *)"{\"format\":1}", 0, true);
    assert_verify(home, "ledger.head is damaged");
    memcpy(changed, head, sizeof head);
    char *at = strstr(changed, "\"signature\":\"") + 13;
    *at = *at == '0' ? '1' : '0';
    head_swap(home, changed, 0, true);
    assert_verify(home, "ledger.head is not signed");
    memcpy(changed, head, sizeof head);
    *strstr(changed, "\"sequence\":9") = ' ';
    head_swap(home, changed, 0, true);
    assert_verify(home, "ledger.head is damaged");
    memcpy(changed, head, sizeof head);
    strstr(changed, "\"sequence\":9")[11] = '8';
    head_swap(home, changed, 0, true);
    assert_verify(home, "ledger.head names another entry 8");

    /* An older head is right: a kill between commit and head leaves one. */
    memcpy(older, head, sizeof head);
    head_swap(home, head, 0, true);
    struct weft_ledger *ledger = NULL;
    assert_int_equal(weft_ledger_open(home, 0, &ledger, &error), 0);
    assert_int_equal(ledger_test_put(ledger, "x", 1, &error), 0);
    weft_ledger_close(ledger);
    head_swap(home, older, 0, true);
    assert_verify(home, NULL);
    weft_test_dir_remove(home);
}

/* A cut end is not written on: the next head would sign it away. */
static void test_cut_end(void **state)
{
    (void)state;
    static const char *const cuts[] = {"DELETE FROM entries WHERE sequence > 7",
                                       "UPDATE entries SET hash = 'f' WHERE sequence = 9"};
    for (size_t i = 0; i < WEFT_COUNT(cuts); i++) {
        char *home = home_with_entries(9);
        struct weft_ledger *ledger = NULL;
        ledger_test_sql(home, cuts[i]);
        assert_int_equal(weft_ledger_open(home, 0, &ledger, &error), 0);
        assert_int_equal(ledger_test_put(ledger, "x", 1, &error), -1);
        assert_int_equal(error.code, WEFT_E_CORRUPT);
        assert_non_null(strstr(error.message, "end of the ledger is missing"));
        weft_ledger_close(ledger);
        weft_test_dir_remove(home);
    }
}

static int write_one(const char *home)
{
    struct weft_ledger *ledger = NULL;
    weft_error_clear(&error);
    int rc = weft_ledger_open(home, 0, &ledger, &error);
    if (rc == 0)
        rc = ledger_test_put(ledger, "x", 1, &error);
    weft_ledger_close(ledger);
    return rc;
}

/* The tables that are only read and written by name stay readable. */
static void assert_write_refused(const char *home, const char *expected)
{
    assert_int_equal(write_one(home), -1);
    if (error.code != WEFT_E_CORRUPT || strstr(error.message, expected) == NULL ||
        strstr(error.hint, "weft ledger verify --accept") == NULL)
        fail_msg("expected '%s', got %s (%s)", expected, error.message, error.hint);
    assert_int_equal(ledger_test_number(home, "SELECT count(*) FROM entries WHERE kind = 'test.put'"
                                              " AND body LIKE '%\"x\"%'"),
                     0);
}

static void accept_it(const char *home, int64_t entries, const char *found, int64_t said)
{
    struct weft_ledger *ledger = NULL;
    struct weft_ledger_report report;
    bool accepted = false;
    char sql[256];
    weft_error_clear(&error);
    assert_int_equal(weft_ledger_open(home, 0, &ledger, &error), 0);
    assert_int_equal(weft_ledger_accept(ledger, "local:test", "", &report, &accepted, &error), -1);
    assert_int_equal(error.code, WEFT_E_USAGE);
    if (weft_ledger_accept(ledger, "local:test", "a reason", &report, &accepted, &error) != 0)
        fail_msg("%s", error.message);
    assert_true(accepted);
    assert_int_equal(report.entries, entries);
    assert_int_equal(weft_ledger_verify(ledger, NULL, &error), 0);
    assert_int_equal(weft_ledger_rebuild(ledger, true, NULL, &error), 0);
    /* Once is enough. */
    assert_int_equal(weft_ledger_accept(ledger, "local:test", "again", &report, &accepted, &error),
                     0);
    assert_false(accepted);
    assert_int_equal(report.entries, entries);
    weft_ledger_close(ledger);
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM entries WHERE kind = 'head.accepted' AND body ="
             " '{\"because\":\"a reason\",\"found\":\"%s\",\"said\":%" PRId64 "}'",
             found, said);
    assert_int_equal(ledger_test_number(home, sql), 1);
    assert_int_equal(write_one(home), 0);
    assert_verify(home, NULL);
}

static void head_without(const char *home, const char *member, char by)
{
    char head[2048] = "";
    head_swap(home, head, sizeof head, false);
    char *at = strstr(head, member);
    assert_non_null(at);
    at[strlen(member)] = at[strlen(member)] == by ? 'e' : by;
    head_swap(home, head, 0, true);
}

/* No writer goes on where ledger.head is not as a whole home has it; accepting it is a fact of its
 * own. */
static void test_head_refused(void **state)
{
    (void)state;
    char path[512];
    char *home = home_with_entries(9);
    head_path(home, path);
    unlink(path);
    assert_write_refused(home, "ledger.head is missing");
    assert_verify(home, "ledger.head is missing");
    accept_it(home, 10, "missing", 0);
    head_swap(home, (char *)"{}", 0, true);
    assert_int_equal(write_one(home), -1);
    accept_it(home, 12, "damaged", 0);
    ledger_test_sql(home, "DELETE FROM entries WHERE sequence > 11");
    accept_it(home, 12, "ahead", 13);
    weft_test_dir_remove(home);

    home = home_with_entries(9);
    head_without(home, "\"signature\":\"", '0');
    assert_write_refused(home, "ledger.head is not signed by the node's key");
    accept_it(home, 10, "wrong", 9);
    weft_test_dir_remove(home);

    home = home_with_entries(9);
    head_without(home, "\"origin\":\"", '0');
    assert_write_refused(home, "ledger.head belongs to another node");
    weft_test_dir_remove(home);

    home = home_with_entries(9);
    head_without(home, "\"sequence\":", '7');
    assert_write_refused(home, "ledger.head names another entry 7 than the database");
    weft_test_dir_remove(home);

    home = home_with_entries(9);
    ledger_test_sql(home, "DELETE FROM entries WHERE sequence > 7");
    assert_write_refused(home, "the end of the ledger is missing");
    accept_it(home, 8, "ahead", 9);
    weft_test_dir_remove(home);

    /* A chain that is broken itself is not accepted. */
    home = home_with_entries(9);
    ledger_test_sql(home, "UPDATE entries SET actor = 'x' WHERE sequence = 5");
    head_path(home, path);
    unlink(path);
    struct weft_ledger *ledger = NULL;
    bool accepted = true;
    assert_int_equal(weft_ledger_open(home, 0, &ledger, &error), 0);
    assert_int_equal(weft_ledger_accept(ledger, "local:test", "a reason", NULL, &accepted, &error),
                     -1);
    assert_false(accepted);
    assert_non_null(strstr(error.message, "entry 5 (test.put) was changed"));
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

/* Files of the home that are no files: an error, and soon. */
static void test_no_files(void **state)
{
    (void)state;
    static const char *const names[] = {"format", "ledger.head", "weft.db", NULL};
    for (size_t i = 0; names[i] != NULL; i++) {
        for (int folder = 0; folder < 2; folder++) {
            char *home = home_with_entries(3);
            char path[512];
            snprintf(path, sizeof path, "%s/%s", home, names[i]);
            unlink(path);
            assert_int_equal(folder ? mkdir(path, 0700) : mkfifo(path, 0600), 0);
            alarm(200);
            assert_int_equal(write_one(home), -1);
            alarm(0);
            if (error.code != WEFT_E_CORRUPT && error.code != WEFT_E_IO)
                fail_msg("%s: %s", names[i], error.message);
            assert_non_null(strstr(error.message, "is no regular file"));
            weft_test_dir_remove(home);
        }
    }
    char *home = home_with_entries(3);
    char command[600];
    snprintf(command, sizeof command, "cd %s/keys && for k in *.pem; do rm $k && mkfifo $k; done",
             home);
    assert_int_equal(system(command), 0);
    alarm(200);
    assert_int_equal(write_one(home), -1);
    alarm(0);
    assert_non_null(strstr(error.message, "is no regular file"));
    weft_test_dir_remove(home);
}

static const struct tamper folded[] = {
    {"UPDATE test_values SET value = '99' WHERE value = '5'", "test_values"},
    {"DELETE FROM test_values WHERE value = '5'", "test_values"},
    {"INSERT INTO test_values VALUES ('zz', '1', 3, NULL)", "test_values"},
    {"UPDATE test_values SET seq_to = NULL WHERE value = '5'", "test_values"},
    {"UPDATE ledger_keys SET public_key = 'x'", "ledger_keys"},
};

static void test_folded(void **state)
{
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(folded); i++) {
        char *home = home_with_entries(9);
        ledger_test_sql(home, folded[i].sql);
        struct weft_ledger *ledger = NULL;
        struct weft_ledger_report report;
        assert_int_equal(weft_ledger_open(home, 0, &ledger, &error), 0);
        assert_int_equal(weft_ledger_verify(ledger, NULL, &error), 0);
        assert_int_equal(weft_ledger_rebuild(ledger, true, &report, &error), -1);
        if (error.code != WEFT_E_CORRUPT || strstr(error.message, folded[i].expected) == NULL)
            fail_msg("%s: %s", folded[i].sql, error.message);
        assert_int_equal(weft_ledger_rebuild(ledger, false, &report, &error), 0);
        assert_int_equal(report.entries, 9);
        assert_int_equal(weft_ledger_rebuild(ledger, true, &report, &error), 0);
        weft_ledger_close(ledger);
        weft_test_dir_remove(home);
    }
}

int main(void)
{
    ledger_test_register();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tampers),  cmocka_unit_test(test_head),
        cmocka_unit_test(test_cut_end),  cmocka_unit_test(test_head_refused),
        cmocka_unit_test(test_no_files), cmocka_unit_test(test_folded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

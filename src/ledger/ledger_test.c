/*
 * ledger_test.c - opening, appending, folding, reading, many processes, rights, the price.
 */
#include "ledger/ledger_internal.h"
#include "ledger/ledger_test_support.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"

/* cmocka needs these before it */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct weft_error error;

static char *home_new(void)
{
    return weft_test_dir();
}

static struct weft_ledger *open_or_fail(const char *home, unsigned flags)
{
    struct weft_ledger *ledger = NULL;
    weft_error_clear(&error);
    if (weft_ledger_open(home, flags, &ledger, &error) != 0)
        fail_msg("open: %s (%s)", error.message, error.detail);
    return ledger;
}

static void put_or_fail(struct weft_ledger *ledger, const char *name, int64_t value)
{
    if (ledger_test_put(ledger, name, value, &error) != 0)
        fail_msg("put: %s (%s)", error.message, error.detail);
}

static void assert_sound(struct weft_ledger *ledger, int64_t entries)
{
    struct weft_ledger_report report;
    if (weft_ledger_verify(ledger, &report, &error) != 0)
        fail_msg("verify: %s", error.message);
    if (entries > 0)
        assert_int_equal(report.entries, entries);
    if (weft_ledger_rebuild(ledger, true, &report, &error) != 0)
        fail_msg("rebuild: %s\n%s", error.message, error.detail);
}

static void value_at(struct weft_ledger_txn *txn, const char *name, int64_t sequence, char *out)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    assert_int_equal(weft_stmt_prepare(txn,
                                       "SELECT value FROM test_values WHERE name = ? AND"
                                       " seq_from <= ?2 AND (seq_to IS NULL OR seq_to > ?2)",
                                       &stmt, &error),
                     0);
    weft_stmt_bind_text(stmt, 1, name);
    weft_stmt_bind_int(stmt, 2, sequence);
    int rc = weft_stmt_step(stmt, &error);
    snprintf(out, 32, "%s", rc == 0 ? weft_stmt_column_text(stmt, 0) : "none");
}

static void test_append_and_read(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    assert_int_equal(strlen(weft_ledger_origin(ledger)), 16);
    put_or_fail(ledger, "a", 1);
    put_or_fail(ledger, "a", 2);
    put_or_fail(ledger, "b", 3);
    weft_ledger_close(ledger);

    ledger = open_or_fail(home, WEFT_LEDGER_READ_ONLY);
    struct weft_ledger_txn *txn = NULL;
    assert_int_equal(weft_ledger_begin_write(ledger, &txn, &error), -1);
    assert_int_equal(error.code, WEFT_E_REFUSED);
    assert_int_equal(weft_ledger_begin_read(ledger, &txn, &error), 0);
    char value[32];
    value_at(txn, "a", 2, value);
    assert_string_equal(value, "1");
    value_at(txn, "a", 4, value);
    assert_string_equal(value, "2");
    value_at(txn, "b", 3, value);
    assert_string_equal(value, "none");
    struct weft_ledger_head head;
    assert_int_equal(weft_ledger_head(txn, &head, &error), 0);
    assert_int_equal(head.sequence, 4);
    weft_ledger_end(txn);
    assert_null(ledger->key); /* a reader holds no key */
    assert_sound(ledger, 4);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

static int entry_collect(void *arg, const struct weft_ledger_entry *entry, struct weft_error *e)
{
    (void)e;
    struct weft_buf *out = arg;
    weft_buf_addf(out, "%" PRId64 " %s %s\n", entry->sequence, entry->kind,
                  entry->sequence == 1 ? "" : entry->body);
    return 0;
}

static void test_each_is_canonical_and_ordered(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    put_or_fail(ledger, "a", 1);
    put_or_fail(ledger, "b", 2);
    struct weft_ledger_txn *txn = NULL;
    assert_int_equal(weft_ledger_begin_read(ledger, &txn, &error), 0);
    struct weft_buf all;
    weft_buf_init(&all, 65536);
    assert_int_equal(weft_ledger_each(txn, 1, 0, entry_collect, &all, &error), 0);
    assert_string_equal(all.data, "1 node.created \n"
                                  "2 test.put {\"name\":\"a\",\"value\":\"1\"}\n"
                                  "3 test.put {\"name\":\"b\",\"value\":\"2\"}\n");
    weft_buf_clear(&all);
    assert_int_equal(weft_ledger_each(txn, 2, 2, entry_collect, &all, &error), 0);
    assert_string_equal(all.data, "2 test.put {\"name\":\"a\",\"value\":\"1\"}\n");
    weft_buf_release(&all);
    weft_ledger_end(txn);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

static int append(struct weft_ledger *ledger, const char *actor, const char *kind, const char *body)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, &error));
    int rc = weft_ledger_append(txn, actor, kind, body, NULL, &error);
    struct weft_error kept = error;
    struct weft_ledger_txn *done = txn;
    txn = NULL;
    int committed = weft_ledger_commit(done, &error);
    if (rc < 0) {
        assert_int_equal(committed, -1); /* a refused entry takes the transaction with it */
        error = kept;
    }
    return rc;
}

static void test_refusals(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    assert_int_equal(append(ledger, "a", "no.such", "{}"), -1);
    assert_int_equal(error.code, WEFT_E_INTERNAL);
    assert_int_equal(append(ledger, "a", "test.put", "[1]"), -1);
    assert_int_equal(error.code, WEFT_E_INVALID);
    assert_int_equal(append(ledger, "a", "test.put", "{\"name\":1,\"name\":2}"), -1);
    assert_int_equal(error.code, WEFT_E_INVALID);
    assert_int_equal(append(ledger, "\xff", "test.put", "{}"), -1);
    assert_int_equal(error.code, WEFT_E_INVALID);
    assert_int_equal(append(ledger, "a", "test.put", "{\"name\":\"x\",\"value\":\"refuse\"}"), -1);
    assert_int_equal(error.code, WEFT_E_CONFLICT);
    char *big = weft_alloc(WEFT_LEDGER_BODY_MAX + 64);
    snprintf(big, 32, "{\"name\":\"");
    memset(big + 9, 'x', WEFT_LEDGER_BODY_MAX);
    snprintf(big + 9 + WEFT_LEDGER_BODY_MAX, 32, "\",\"value\":\"1\"}");
    assert_int_equal(append(ledger, "a", "test.put", big), -1);
    assert_int_equal(error.code, WEFT_E_LIMIT);
    weft_free(big);
    assert_sound(ledger, 1); /* nothing came of any of them */
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

static void test_snapshots(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    struct weft_ledger *other = open_or_fail(home, 0);
    put_or_fail(ledger, "a", 1);
    struct weft_ledger_txn *read = NULL;
    assert_int_equal(weft_ledger_begin_read(other, &read, &error), 0);
    put_or_fail(ledger, "a", 2); /* a reader is no hindrance to the writer, nor the other way */
    put_or_fail(other, "b", 1);  /* not even in the same ledger */
    char value[32];
    value_at(read, "a", 1000, value);
    assert_string_equal(value, "1");
    struct weft_stmt *stmt = NULL;
    assert_int_equal(weft_stmt_prepare(read, "DELETE FROM test_values", &stmt, &error), -1);
    assert_int_equal(error.code, WEFT_E_INTERNAL);
    weft_ledger_end(read);
    assert_int_equal(weft_ledger_begin_read(other, &read, &error), 0);
    value_at(read, "a", 1000, value);
    assert_string_equal(value, "2");
    weft_ledger_end(read);
    assert_sound(other, 4);
    weft_ledger_close(ledger);
    weft_ledger_close(other);
    weft_test_dir_remove(home);
}

static void test_writers_wait(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    struct weft_ledger *other = open_or_fail(home, 0);
    struct weft_ledger_txn *write = NULL, *second = NULL;
    assert_int_equal(weft_ledger_begin_write(ledger, &write, &error), 0);
    assert_int_equal(weft_ledger_begin_write(ledger, &second, &error), -1);
    assert_int_equal(error.code, WEFT_E_INTERNAL);
    ledger_set_wait(other, 100);
    assert_int_equal(weft_ledger_begin_write(other, &second, &error), -1);
    assert_int_equal(error.code, WEFT_E_BUSY);
    assert_int_equal(weft_ledger_begin_read(other, &second, &error), 0);
    weft_ledger_end(second);
    weft_ledger_end(write);
    put_or_fail(other, "a", 1);
    weft_ledger_close(ledger);
    weft_ledger_close(other);
    weft_test_dir_remove(home);
}

static void test_statements(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    struct weft_ledger_txn *txn = NULL;
    assert_int_equal(weft_ledger_begin_write(ledger, &txn, &error), 0);
    assert_int_equal(weft_ledger_exec(txn, &error, "INSERT INTO test_queue(item) VALUES (?)",
                                      WEFT_SQL_NULL, NULL),
                     0);
    assert_int_equal(
        weft_ledger_exec(txn, &error, "INSERT INTO test_queue(item) VALUES (?)", "", NULL), 0);
    assert_int_equal(weft_ledger_exec(txn, &error, "UPDATE test_queue SET item = 'x'", NULL), 0);
    assert_int_equal(weft_ledger_changes(txn), 2);
    assert_int_equal(weft_ledger_exec(txn, &error, "SELECT 1; SELECT 2", NULL), -1);
    assert_int_equal(weft_ledger_exec(txn, &error, "SELEC 1", NULL), -1);
    assert_int_equal(error.code, WEFT_E_INTERNAL);
    struct weft_stmt *stmt = NULL;
    assert_int_equal(
        weft_stmt_prepare(txn, "SELECT item AS i, NULL, 1.5, 7 FROM test_queue", &stmt, &error), 0);
    assert_int_equal(weft_stmt_column_count(stmt), 4);
    assert_string_equal(weft_stmt_column_name(stmt, 0), "i");
    assert_int_equal(weft_stmt_step(stmt, &error), 0);
    assert_true(weft_stmt_column_is_null(stmt, 1));
    assert_string_equal(weft_stmt_column_text(stmt, 1), "");
    assert_true(weft_stmt_column_double(stmt, 2) == 1.5);
    assert_int_equal(weft_stmt_column_int(stmt, 3), 7);
    assert_int_equal(weft_stmt_step(stmt, &error), 0);
    assert_int_equal(weft_stmt_step(stmt, &error), WEFT_END);
    assert_int_equal(weft_stmt_step(stmt, &error), WEFT_END);
    weft_stmt_reset(stmt);
    weft_stmt_bind_int(stmt, 9, 1); /* no such parameter: told by step */
    assert_int_equal(weft_stmt_step(stmt, &error), -1);
    weft_stmt_reset(stmt);
    assert_int_equal(weft_stmt_step(stmt, &error), 0);
    assert_int_equal(weft_ledger_commit(txn, &error), 0);
    assert_int_equal(weft_stmt_step(stmt, &error), -1); /* its transaction is over */
    weft_stmt_free(stmt);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

static void test_sequence_at(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    for (int i = 0; i < 20; i++)
        put_or_fail(ledger, "a", i);
    struct weft_ledger_txn *txn = NULL;
    assert_int_equal(weft_ledger_begin_read(ledger, &txn, &error), 0);
    int64_t sequence = -1;
    assert_int_equal(weft_ledger_sequence_at(txn, 0, &sequence, &error), 0);
    assert_int_equal(sequence, 0);
    assert_int_equal(weft_ledger_sequence_at(txn, INT64_MAX, &sequence, &error), 0);
    assert_int_equal(sequence, 21);
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    assert_int_equal(weft_stmt_prepare(txn, "SELECT sequence, time_us FROM entries", &stmt, &error),
                     0);
    while (weft_stmt_step(stmt, &error) == 0) {
        int64_t time_us = weft_stmt_column_int(stmt, 1), expected = weft_stmt_column_int(stmt, 0);
        assert_int_equal(weft_ledger_sequence_at(txn, time_us, &sequence, &error), 0);
        assert_int_equal(sequence, expected);
        assert_int_equal(weft_ledger_sequence_at(txn, time_us - 1, &sequence, &error), 0);
        assert_int_equal(sequence, expected - 1);
    }
    weft_stmt_freep(&stmt);
    weft_ledger_end(txn);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

/* In a transaction of its own; committed with an entry that names it, or given up. */
static void put_list(struct weft_ledger *ledger, const char *text, bool named,
                     char hash[WEFT_SHA256_HEX])
{
    struct weft_ledger_txn *txn = NULL;
    char body[256];
    assert_int_equal(weft_ledger_begin_write(ledger, &txn, &error), 0);
    assert_int_equal(weft_ledger_list_put(ledger, text, strlen(text), hash, &error), 0);
    snprintf(body, sizeof body,
             "{\"name\":\"l\",\"value\":\"1\",\"deep\":[{\"files_list\":\"%s\"}]}", hash);
    if (!named) {
        weft_ledger_end(txn);
        return;
    }
    assert_int_equal(weft_ledger_append(txn, "a", "test.put", body, NULL, &error), 0);
    assert_int_equal(weft_ledger_commit(txn, &error), 0);
}

static bool list_there(const char *home, const char *hash)
{
    char path[512];
    snprintf(path, sizeof path, "%s/lists/%s", home, hash);
    return access(path, F_OK) == 0;
}

/* Those that no entry came to name go; the others stay, by whatever entry they are named. */
static void test_lists_sweep(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    char one[WEFT_SHA256_HEX], two[WEFT_SHA256_HEX], left[WEFT_SHA256_HEX];
    assert_int_equal(weft_ledger_lists_sweep(ledger, &error), 0);
    assert_int_equal(weft_ledger_list_put(ledger, "a", 1, one, &error), -1);
    put_list(ledger, "one", true, one);
    put_list(ledger, "left", false, left);
    put_list(ledger, "one", true, one);
    put_list(ledger, "two", true, two);
    char part[512];
    snprintf(part, sizeof part, "%s/lists/%s.x.tmp", home, two);
    FILE *file = fopen(part, "w");
    fclose(file);
    assert_true(list_there(home, left));
    assert_int_equal(weft_ledger_lists_sweep(ledger, &error), 0);
    assert_false(list_there(home, left));
    assert_int_equal(access(part, F_OK), -1);
    assert_true(list_there(home, one) && list_there(home, two));
    /* Also after the tables were folded anew. */
    assert_int_equal(weft_ledger_rebuild(ledger, false, NULL, &error), 0);
    put_list(ledger, "left", false, left);
    assert_int_equal(weft_ledger_lists_sweep(ledger, &error), 0);
    assert_true(!list_there(home, left) && list_there(home, one) && list_there(home, two));
    /* Given up, then used. */
    put_list(ledger, "left", false, left);
    put_list(ledger, "left", true, left);
    assert_int_equal(weft_ledger_lists_sweep(ledger, &error), 0);
    assert_true(list_there(home, left));
    assert_sound(ledger, 5);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

static void test_lists(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    char hash[WEFT_SHA256_HEX], path[512];
    put_list(ledger, "a\nb\n", true, hash);
    struct weft_buf text;
    weft_buf_init(&text, 1 << 20);
    assert_int_equal(weft_ledger_list_get(ledger, hash, &text, &error), 0);
    assert_string_equal(text.data, "a\nb\n");
    assert_int_equal(weft_ledger_list_get(ledger, "../keys", &text, &error), -1);
    assert_int_equal(error.code, WEFT_E_INVALID);
    assert_sound(ledger, 2);
    snprintf(path, sizeof path, "%s/lists/%s", home, hash);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(weft_ledger_verify(ledger, NULL, &error), -1);
    assert_int_equal(error.code, WEFT_E_CORRUPT);
    assert_non_null(strstr(error.message, "entry 2"));
    assert_non_null(strstr(error.message, "is missing"));
    FILE *file = fopen(path, "w");
    fputs("a\nc\n", file);
    fclose(file);
    assert_int_equal(weft_ledger_verify(ledger, NULL, &error), -1);
    assert_non_null(strstr(error.message, "was changed"));
    weft_buf_release(&text);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

static void test_key_rotation(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    char origin[17];
    snprintf(origin, sizeof origin, "%s", weft_ledger_origin(ledger));
    put_or_fail(ledger, "a", 1);
    struct weft_ledger_txn *txn = NULL;
    assert_int_equal(weft_ledger_begin_write(ledger, &txn, &error), 0);
    assert_int_equal(ledger_key_rotate(txn, "local:test", &error), 0);
    assert_int_equal(weft_ledger_commit(txn, &error), 0);
    assert_sound(ledger, 3);
    put_or_fail(ledger, "a", 2);
    weft_ledger_close(ledger);
    ledger = open_or_fail(home, 0);
    put_or_fail(ledger, "a", 3);
    assert_string_equal(weft_ledger_origin(ledger), origin);
    assert_int_equal(ledger_test_number(home, "SELECT count(DISTINCT key_id) FROM entries"), 2);
    assert_sound(ledger, 5);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

/* ---- the home ---- */

static void assert_mode(const char *home, const char *name, unsigned mode)
{
    char path[512];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", home, name);
    assert_int_equal(stat(path, &info), 0);
    if ((info.st_mode & 0777) != mode)
        fail_msg("%s has mode %o", name, info.st_mode & 0777);
}

static void test_rights(void **state)
{
    (void)state;
    static const unsigned masks[] = {0, 022, 0277};
    for (size_t i = 0; i < WEFT_COUNT(masks); i++) {
        char *base = home_new();
        char home[512], name[64];
        snprintf(home, sizeof home, "%s/deep/home", base);
        mode_t before = umask(masks[i]);
        struct weft_ledger *ledger = NULL;
        /* An umask against its owner may stop it, but never open anything to others. */
        int rc = weft_ledger_open(home, WEFT_LEDGER_CREATE, &ledger, &error);
        if (rc == 0)
            put_or_fail(ledger, "a", 1);
        umask(before);
        assert_true(rc == 0 || masks[i] == 0277);
        if (rc == 0 && masks[i] != 0277) {
            static const char *const folders[] = {".", "keys", "lists", "locks", "tmp", "audit"};
            static const char *const files[] = {"weft.db", "weft.db-wal", "weft.db-shm", "format",
                                                "ledger.head"};
            for (size_t j = 0; j < WEFT_COUNT(folders); j++)
                assert_mode(home, folders[j], 0700);
            for (size_t j = 0; j < WEFT_COUNT(files); j++)
                assert_mode(home, files[j], 0600);
            snprintf(name, sizeof name, "keys/%s.pem", weft_ledger_origin(ledger));
            assert_mode(home, name, 0600);
        }
        weft_ledger_close(ledger);
        weft_test_dir_remove(base);
    }
}

static void assert_refused(const char *home, unsigned flags, enum weft_code code, const char *text)
{
    struct weft_ledger *ledger = NULL;
    weft_error_clear(&error);
    assert_int_equal(weft_ledger_open(home, flags, &ledger, &error), -1);
    assert_null(ledger);
    if (error.code != code || strstr(error.message, text) == NULL)
        fail_msg("%s: %s", weft_code_name(error.code), error.message);
}

static void format_set(const char *home, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/format", home);
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static void test_home_refusals(void **state)
{
    (void)state;
    char *home = home_new();
    char path[512];
    assert_refused(home, 0, WEFT_E_NOT_FOUND, "there is no home");
    assert_non_null(strstr(error.hint, "weft apply"));
    assert_refused("/", 0, WEFT_E_REFUSED, "is no home");
    assert_null(strstr(error.hint, "chmod"));
    snprintf(path, sizeof path, "%s/none", home);
    assert_refused(path, 0, WEFT_E_NOT_FOUND, "there is no home");
    snprintf(path, sizeof path, "%s/notes.txt", home);
    fclose(fopen(path, "w"));
    assert_refused(home, WEFT_LEDGER_CREATE, WEFT_E_REFUSED, "notes.txt");
    assert_refused(path, WEFT_LEDGER_CREATE, WEFT_E_REFUSED, "not a folder");
    unlink(path);
    assert_int_equal(chmod(home, 0750), 0);
    assert_refused(home, WEFT_LEDGER_CREATE, WEFT_E_REFUSED, "other users can read");
    assert_non_null(strstr(error.hint, "chmod 700 "));
    assert_int_equal(chmod(home, 0700), 0);
    weft_ledger_close(open_or_fail(home, WEFT_LEDGER_CREATE));
    format_set(home, "2\n");
    assert_refused(home, 0, WEFT_E_FORMAT, "has format 2");
    format_set(home, "one\n");
    assert_refused(home, 0, WEFT_E_CORRUPT, "format");
    format_set(home, "1\n");
    snprintf(path, sizeof path, "%s/weft.db", home);
    FILE *file = fopen(path, "r+");
    fputs("this is no database, and was none before either", file);
    fclose(file);
    assert_refused(home, 0, WEFT_E_CORRUPT, "damaged");
    assert_int_equal(truncate(path, 0), 0);
    assert_refused(home, 0, WEFT_E_CORRUPT, "weft.db");
    unlink(path);
    assert_refused(home, 0, WEFT_E_CORRUPT, "is missing");
    weft_test_dir_remove(home);
}

/* Format 0 is today's without weft_schema and the format in weft_meta. */
static void make_format_0(const char *home)
{
    ledger_test_sql(home, "DROP TABLE weft_schema; DELETE FROM weft_meta WHERE name = 'format'");
    format_set(home, "0\n");
}

static void test_migration(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    put_or_fail(ledger, "a", 1);
    weft_ledger_close(ledger);
    make_format_0(home);
    assert_refused(home, WEFT_LEDGER_READ_ONLY, WEFT_E_FORMAT, "older format");
    ledger = open_or_fail(home, 0);
    put_or_fail(ledger, "a", 2);
    assert_sound(ledger, 3);
    weft_ledger_close(ledger);
    assert_mode(home, "weft.db.before-0", 0600);
    char path[512];
    snprintf(path, sizeof path, "%s/copy", home);
    assert_int_equal(mkdir(path, 0700), 0);
    char from[512], to[512];
    snprintf(from, sizeof from, "%s/weft.db.before-0", home);
    snprintf(to, sizeof to, "%s/copy/weft.db", home);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(ledger_test_number(path, "SELECT max(sequence) FROM entries"), 2);
    assert_int_equal(
        ledger_test_number(path, "SELECT count(*) FROM sqlite_master WHERE name='weft_schema'"), 0);
    weft_test_dir_remove(home);
}

static void test_migration_killed(void **state)
{
    (void)state;
    static const char *const faults[] = {"kill:ledger.before_commit",
                                         "kill:ledger.after_commit",
                                         "kill:home.after_migration",
                                         "write:3:ENOSPC",
                                         "sync:1:EIO",
                                         "rename:1:EIO"};
    for (size_t i = 0; i < WEFT_COUNT(faults); i++) {
        char *home = home_new();
        struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
        put_or_fail(ledger, "a", 1);
        weft_ledger_close(ledger);
        make_format_0(home);
        int status = ledger_test_run("open", home, faults[i]);
        assert_true(status == -9 || status == 1);
        ledger = open_or_fail(home, 0);
        put_or_fail(ledger, "a", 2);
        assert_sound(ledger, 3);
        weft_ledger_close(ledger);
        weft_test_dir_remove(home);
    }
}

static void test_tables_change(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    put_or_fail(ledger, "a", 1);
    weft_ledger_close(ledger);
    /* As if another version had made it differently. */
    ledger_test_sql(home, "DROP TABLE test_values; DROP VIEW test_now;"
                          "CREATE TABLE test_values(name TEXT, older TEXT);"
                          "UPDATE weft_schema SET ddl_hash = 'x'");
    assert_refused(home, WEFT_LEDGER_READ_ONLY, WEFT_E_FORMAT, "another version");
    ledger = open_or_fail(home, 0);
    put_or_fail(ledger, "a", 2);
    assert_sound(ledger, 3);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

static void test_made_by_many(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        char *base = home_new();
        char home[512];
        snprintf(home, sizeof home, "%s/home", base);
        pid_t pids[6];
        for (size_t i = 0; i < WEFT_COUNT(pids); i++)
            pids[i] = ledger_test_start("create", home, NULL);
        for (size_t i = 0; i < WEFT_COUNT(pids); i++)
            assert_int_equal(ledger_test_wait(pids[i]), 0);
        struct weft_ledger *ledger = open_or_fail(home, 0);
        assert_sound(ledger, 1 + 6);
        weft_ledger_close(ledger);
        weft_test_dir_remove(base);
    }
}

static void test_made_and_killed(void **state)
{
    (void)state;
    static const char *const faults[] = {"kill:home.before_key",
                                         "kill:home.after_key",
                                         "kill:ledger.before_commit",
                                         "kill:ledger.after_commit",
                                         "kill:ledger.after_head",
                                         "kill:home.after_database",
                                         "kill:home.before_format",
                                         "write:1:ENOSPC",
                                         "write:3:ENOSPC",
                                         "write:9:EIO",
                                         "sync:2:EIO",
                                         "sync:5:EIO",
                                         "rename:1:EIO",
                                         "mkdir:4:ENOSPC",
                                         "open:6:EIO"};
    for (size_t i = 0; i < WEFT_COUNT(faults); i++) {
        char *base = home_new();
        char home[512];
        snprintf(home, sizeof home, "%s/home", base);
        int status = ledger_test_run("create", home, faults[i]);
        if (status != -9 && status != 1)
            fail_msg("%s: %d", faults[i], status);
        struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
        put_or_fail(ledger, "again", 1);
        assert_sound(ledger, 0);
        weft_ledger_close(ledger);
        weft_test_dir_remove(base);
    }
}

static void test_network(void **state)
{
    (void)state;
    char *home = home_new();
    weft_ledger_close(open_or_fail(home, WEFT_LEDGER_CREATE));
    assert_int_equal(ledger_test_run("open", home, "stop:home.network"), 1);
    assert_int_equal(ledger_test_run("open", home, NULL), 0);
    weft_test_dir_remove(home);
}

static void test_clock_goes_back(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    put_or_fail(ledger, "a", 1);
    int64_t last = ledger_test_number(home, "SELECT max(time_us) FROM entries");
    assert_int_equal(ledger_test_run("create", home, "clock:-86400"), 0);
    int64_t next = ledger_test_number(home, "SELECT max(time_us) FROM entries");
    assert_int_equal(next, last + 1000);
    assert_sound(ledger, 3);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

static void test_price(void **state)
{
    (void)state;
    char *home = home_new();
    struct weft_ledger *ledger = open_or_fail(home, WEFT_LEDGER_CREATE);
    put_or_fail(ledger, "a", 0);
    int64_t start = weft_clock_mono_us();
    for (int i = 0; i < 100; i++)
        put_or_fail(ledger, "a", i);
    int64_t write_us = (weft_clock_mono_us() - start) / 100;
    start = weft_clock_mono_us();
    for (int i = 0; i < 20; i++) {
        struct weft_ledger *again = open_or_fail(home, 0);
        struct weft_ledger_txn *txn = NULL;
        char value[32];
        assert_int_equal(weft_ledger_begin_read(again, &txn, &error), 0);
        value_at(txn, "a", 50, value);
        weft_ledger_end(txn);
        weft_ledger_close(again);
    }
    int64_t open_us = (weft_clock_mono_us() - start) / 20;
    weft_ledger_close(ledger);
    start = weft_clock_mono_us();
    for (int i = 0; i < 20; i++) {
        struct weft_ledger *again = open_or_fail(home, 0);
        weft_ledger_close(again);
    }
    int64_t alone_us = (weft_clock_mono_us() - start) / 20;
    ledger = open_or_fail(home, 0);
    start = weft_clock_mono_us();
    assert_sound(ledger, 102);
    print_message("append and commit %.2f ms; open, read, close %.2f ms; alone %.2f ms; verify and "
                  "check of 102 entries %.1f ms\n",
                  (double)write_us / 1e3, (double)open_us / 1e3, (double)alone_us / 1e3,
                  (double)(weft_clock_mono_us() - start) / 1e3);
    weft_ledger_close(ledger);
    weft_test_dir_remove(home);
}

/* This program as another process. */
static int scenario(const char *name, const char *home)
{
    struct weft_ledger *ledger = NULL;
    struct weft_error e = WEFT_ERROR_INIT;
    unsigned flags = strcmp(name, "create") == 0 ? WEFT_LEDGER_CREATE : 0;
    int rc = weft_ledger_open(home, flags, &ledger, &e);
    if (rc == 0 && flags != 0)
        rc = ledger_test_put(ledger, "a", getpid(), &e);
    weft_ledger_close(ledger);
    if (rc < 0 && getenv("WEFT_FAULT") == NULL)
        fprintf(stderr, "%s: %s: %s %s\n", name, weft_code_name(e.code), e.message, e.detail);
    return rc < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    ledger_test_register();
    if (argc == 3)
        return scenario(argv[1], argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_append_and_read),
                                       cmocka_unit_test(test_each_is_canonical_and_ordered),
                                       cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_snapshots),
                                       cmocka_unit_test(test_writers_wait),
                                       cmocka_unit_test(test_statements),
                                       cmocka_unit_test(test_sequence_at),
                                       cmocka_unit_test(test_lists),
                                       cmocka_unit_test(test_lists_sweep),
                                       cmocka_unit_test(test_key_rotation),
                                       cmocka_unit_test(test_rights),
                                       cmocka_unit_test(test_home_refusals),
                                       cmocka_unit_test(test_migration),
                                       cmocka_unit_test(test_migration_killed),
                                       cmocka_unit_test(test_tables_change),
                                       cmocka_unit_test(test_made_by_many),
                                       cmocka_unit_test(test_made_and_killed),
                                       cmocka_unit_test(test_network),
                                       cmocka_unit_test(test_clock_goes_back),
                                       cmocka_unit_test(test_price)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

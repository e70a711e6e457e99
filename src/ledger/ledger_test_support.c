/*
 * ledger_test_support.c - the helpers of ledger_test_support.h. Aborts when the test is at fault.
 */
#include "ledger/ledger_test_support.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int fold_put(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                    yyjson_val *body, struct weft_error *error)
{
    const char *name, *value;
    char sequence[32];
    WEFT_TRY(weft_json_text(body, "name", &name, error));
    WEFT_TRY(weft_json_text(body, "value", &value, error));
    if (strcmp(value, "refuse") == 0)
        return weft_error_set(error, WEFT_E_CONFLICT, "%s does not fit", name);
    snprintf(sequence, sizeof sequence, "%" PRId64, entry->sequence);
    WEFT_TRY(weft_ledger_exec(txn, error,
                              "UPDATE test_values SET seq_to = ? WHERE name = ? AND seq_to IS NULL",
                              sequence, name, NULL));
    return weft_ledger_exec(txn, error,
                            "INSERT INTO test_values(name, value, seq_from) VALUES (?, ?, ?)", name,
                            value, sequence, NULL);
}

static const struct weft_ledger_kind kind_put = {"test.put", 1, fold_put};
static const struct weft_ledger_table table_values = {
    .name = "test_values",
    .ddl = "CREATE TABLE IF NOT EXISTS test_values(name TEXT NOT NULL, value TEXT NOT NULL,"
           " seq_from INTEGER NOT NULL, seq_to INTEGER);"
           "CREATE INDEX IF NOT EXISTS test_values_name ON test_values(name, seq_from);"
           "CREATE VIEW IF NOT EXISTS test_now AS SELECT name, value FROM test_values"
           " WHERE seq_to IS NULL",
    .state = "SELECT name, value, seq_from FROM test_values WHERE seq_to IS NULL ORDER BY 1, 3"};
static const struct weft_ledger_table table_queue = {
    .name = "test_queue",
    .ddl = "CREATE TABLE IF NOT EXISTS test_queue(item TEXT)",
    .operational = true};

void ledger_test_register(void)
{
    weft_ledger_register_kind(&kind_put);
    weft_ledger_register_table(&table_values);
    weft_ledger_register_table(&table_queue);
}

int ledger_test_put(struct weft_ledger *ledger, const char *name, int64_t value,
                    struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    char body[256];
    snprintf(body, sizeof body, "{\"value\": \"%" PRId64 "\", \"name\": \"%s\"}", value, name);
    WEFT_TRY(weft_ledger_append(txn, "local:test", "test.put", body, NULL, error));
    struct weft_ledger_txn *done = txn;
    txn = NULL;
    return weft_ledger_commit(done, error);
}

static sqlite3 *raw_open(const char *home)
{
    char *path = weft_path_join(home, "weft.db");
    sqlite3 *db = NULL;
    if (path == NULL || sqlite3_open(path, &db) != SQLITE_OK)
        abort();
    weft_free(path);
    return db;
}

void ledger_test_sql(const char *home, const char *sql)
{
    sqlite3 *db = raw_open(home);
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, message);
        abort();
    }
    sqlite3_close(db);
}

int64_t ledger_test_number(const char *home, const char *sql)
{
    sqlite3 *db = raw_open(home);
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW)
        abort();
    int64_t number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return number;
}

pid_t ledger_test_start(const char *scenario, const char *argument, const char *fault)
{
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid > 0)
        return pid;
    if (fault != NULL)
        setenv("WEFT_FAULT", fault, 1);
    else
        unsetenv("WEFT_FAULT");
    execl("/proc/self/exe", "test", scenario, argument, (char *)NULL);
    _exit(127);
}

int ledger_test_wait(pid_t pid)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid)
        abort();
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int ledger_test_run(const char *scenario, const char *argument, const char *fault)
{
    return ledger_test_wait(ledger_test_start(scenario, argument, fault));
}

char *ledger_test_fast_dir(void)
{
    const char *before = getenv("TMPDIR");
    char *kept = before == NULL ? NULL : strdup(before);
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    char *path = weft_test_dir();
    if (kept == NULL)
        unsetenv("TMPDIR");
    else
        setenv("TMPDIR", kept, 1);
    free(kept);
    return path;
}

/*
 * store_sqlite.c - the store in SQLite: one file, write-ahead log, synchronous=FULL.
 *
 * Readers never wait (they read the state before the writer's); writers wait for one another up to
 * the given time. The file is never mapped into memory (an I/O error there is a signal, not an
 * error). Owns the connection and its statements: idle ones wait in a short list for the next use
 * of the same text, because parsing SQL costs more than running it.
 * Thread rule: one thread per store.
 */
#include "base/fs.h"
#include "base/mem.h"
#include "ledger/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>

#define IDLE_MAX 64
#define WAIT_MS 60000
#define SQL_IN_ERROR 300

struct sqlite_stmt {
    struct weft_stmt base;
    struct sqlite_store *store;
    sqlite3_stmt *handle;
    uint64_t transaction; /* it may only run in the one it was prepared in */
    int failure;          /* the first failed bind or column; SQLITE_OK = none */
    bool done;
    struct sqlite_stmt *next; /* in the idle list */
};

struct sqlite_store {
    struct weft_store base;
    sqlite3 *db;
    char *path;
    sqlite3_stmt *undo;   /* ROLLBACK, ready for when memory is out */
    uint64_t transaction; /* counts up; odd = one is open */
    bool writing;
    struct sqlite_stmt *idle;
    size_t idle_count;
};

static struct sqlite_store *store_of(struct weft_store *store)
{
    return (struct sqlite_store *)store;
}

static struct sqlite_stmt *stmt_of(struct weft_stmt *stmt)
{
    return (struct sqlite_stmt *)stmt;
}

/* SQLite's result as ours. what: "commit", or the SQL. */
static int store_error(struct sqlite_store *store, int rc, const char *what,
                       struct weft_error *error)
{
    /* SQLite forgets the system's error of a failed commit; the callers set errno to 0 before. */
    int errnum = errno == ENOSPC || errno == EDQUOT ? errno : sqlite3_system_errno(store->db);
    if (rc == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
        return weft_error_nomem(error);
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return weft_error_set(error, WEFT_E_NO_SPACE, "cannot write %s: the disk is full",
                              store->path);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        weft_error_errno(error, WEFT_E_IO, errnum == 0 ? EIO : errnum, "cannot use %s",
                         store->path);
        return weft_error_detail(error, "%s (%d)", sqlite3_errstr(rc), rc);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        weft_error_set(error, WEFT_E_BUSY, "another process is writing to %s", store->path);
        return weft_error_hint(error, "try again when it has finished");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        weft_error_set(error, WEFT_E_CORRUPT, "%s is damaged: %s", store->path, sqlite3_errstr(rc));
        return weft_error_hint(error, "restore the home from a copy");
    case SQLITE_CONSTRAINT:
        weft_error_set(error, WEFT_E_CONFLICT, "%s", sqlite3_errmsg(store->db));
        return weft_error_detail(error, "%.*s", SQL_IN_ERROR, what);
    case SQLITE_TOOBIG:
        return weft_error_set(error, WEFT_E_LIMIT, "a text or a statement is too long for %s",
                              store->path);
    default:
        weft_error_set(error, WEFT_E_INTERNAL, "%s", sqlite3_errmsg(store->db));
        return weft_error_detail(error, "%.*s", SQL_IN_ERROR, what);
    }
}

static int sqlite_script(struct weft_store *base, const char *sql, struct weft_error *error)
{
    struct sqlite_store *store = store_of(base);
    errno = 0;
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : store_error(store, rc, sql, error);
}

/* ---- opening ---- */

static void sqlite_close(struct weft_store *base)
{
    struct sqlite_store *store = store_of(base);
    if (store == NULL)
        return;
    while (store->idle != NULL) {
        struct sqlite_stmt *stmt = store->idle;
        store->idle = stmt->next;
        sqlite3_finalize(stmt->handle);
        weft_free(stmt);
    }
    sqlite3_finalize(store->undo);
    sqlite3_close_v2(store->db);
    weft_free(store->path);
    weft_free(store);
}

static int open_configure(struct sqlite_store *store, unsigned flags, struct weft_error *error)
{
    static const char common[] = "PRAGMA foreign_keys=OFF; PRAGMA trusted_schema=OFF;"
                                 "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;"
                                 "PRAGMA temp_store=MEMORY;";
    sqlite3_busy_timeout(store->db, WAIT_MS);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    WEFT_TRY(sqlite_script(&store->base, common, error));
    int rc = sqlite3_prepare_v3(store->db, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT, &store->undo,
                                NULL);
    if (rc != SQLITE_OK)
        return store_error(store, rc, "ROLLBACK", error);
    if (flags & WEFT_STORE_MEMORY)
        return 0;
    if (flags & WEFT_STORE_SCRATCH)
        return sqlite_script(&store->base, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF",
                             error);
    WEFT_TRY(sqlite_script(&store->base, "PRAGMA synchronous=FULL", error));
    /* The mode is kept in the file: only the first open sets it. */
    if (flags & WEFT_STORE_CREATE)
        WEFT_TRY(sqlite_script(&store->base, "PRAGMA journal_mode=WAL", error));
    if (flags & WEFT_STORE_READ_ONLY) {
        /* A reader that closes last must not write the log back either. */
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return sqlite_script(&store->base, "PRAGMA query_only=ON", error);
    }
    return 0;
}

/* SQLite would make the file readable by others; log and shared memory take over its mode. */
static int open_make_file(const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    return weft_fs_open(path, O_RDWR | O_CREAT, &fd, error);
}

#define OPEN_FLAGS (SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE)

/* Does it answer? That is when SQLite looks for its log and the memory readers share. */
static bool foreign_answers(sqlite3 *db)
{
    return sqlite3_exec(db, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL) == SQLITE_OK;
}

/* As an unchanging file: only where there is no log, so that all there is stands in the file, and
 * where SQLite could not do otherwise, because its folder takes no file for readers to share. */
static int foreign_open_still(struct sqlite_store *store, const char *path)
{
    WEFT_CLEANUP(weft_freep) char *log = weft_format("%s-wal", path);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf uri;
    struct weft_fs_identity identity;
    struct weft_error ignored = WEFT_ERROR_INIT;
    weft_buf_init(&uri, 16384);
    if (log == NULL)
        return SQLITE_NOMEM;
    if (weft_fs_identity(log, &identity, &ignored) == 0 && identity.size > 0)
        return SQLITE_CANTOPEN;
    weft_buf_adds(&uri, "file:");
    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '%' || *p == '?' || *p == '#')
            weft_buf_addf(&uri, "%%%02X", (unsigned)(unsigned char)*p);
        else
            weft_buf_add(&uri, p, 1);
    }
    weft_buf_adds(&uri, "?immutable=1");
    if (weft_buf_check(&uri, &ignored) < 0)
        return SQLITE_NOMEM;
    sqlite3_close_v2(store->db);
    store->db = NULL;
    return sqlite3_open_v2(uri.data, &store->db,
                           OPEN_FLAGS | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

static int foreign_open(struct sqlite_store *store, const char *path)
{
    int rc = sqlite3_open_v2(path, &store->db, OPEN_FLAGS | SQLITE_OPEN_READONLY, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_busy_timeout(store->db, WAIT_MS);
    if (foreign_answers(store->db))
        return SQLITE_OK;
    int code = sqlite3_extended_errcode(store->db);
    int primary = code & 0xff;
    if (primary != SQLITE_CANTOPEN && primary != SQLITE_READONLY && primary != SQLITE_PERM)
        return code;
    return foreign_open_still(store, path);
}

static int sqlite_open(const char *path, unsigned flags, struct weft_store **out,
                       struct weft_error *error)
{
    weft_store_sqlite_faults();
    if (flags & (WEFT_STORE_CREATE | WEFT_STORE_SCRATCH))
        WEFT_TRY(open_make_file(path, error));
    struct sqlite_store *store = weft_alloc(sizeof *store);
    if (store == NULL)
        return weft_error_nomem(error);
    store->base.api = &weft_store_sqlite;
    store->path = weft_strdup(path);
    if (store->path == NULL) {
        weft_free(store);
        return weft_error_nomem(error);
    }
    bool foreign = (flags & WEFT_STORE_FOREIGN) != 0;
    int rc = foreign ? foreign_open(store, path)
                     : sqlite3_open_v2(path, &store->db, OPEN_FLAGS | SQLITE_OPEN_READWRITE, NULL);
    int result = 0;
    if (rc != SQLITE_OK)
        result =
            store->db == NULL ? weft_error_nomem(error) : store_error(store, rc, "open", error);
    /* SQLite falls back to reading when the file does not open for writing. */
    if (result == 0 && !foreign && sqlite3_db_readonly(store->db, "main") == 1)
        result = weft_error_errno(error, WEFT_E_IO, errno == 0 ? EACCES : errno,
                                  "cannot open %s for writing", path);
    if (result == 0)
        result = open_configure(store, flags, error);
    if (result < 0) {
        sqlite_close(&store->base);
        return result;
    }
    *out = &store->base;
    return 0;
}

static void sqlite_set_wait(struct weft_store *base, int wait_ms)
{
    sqlite3_busy_timeout(store_of(base)->db, wait_ms);
}

/* ---- transactions ---- */

static void transaction_undo(struct sqlite_store *store)
{
    if (sqlite3_get_autocommit(store->db))
        return;
    sqlite3_step(store->undo);
    sqlite3_reset(store->undo);
}

static int sqlite_begin(struct weft_store *base, bool write, struct weft_error *error)
{
    struct sqlite_store *store = store_of(base);
    assert(store->transaction % 2 == 0);
    transaction_undo(store); /* nothing, unless undoing failed before */
    WEFT_TRY(sqlite_script(base, write ? "BEGIN IMMEDIATE" : "BEGIN", error));
    store->transaction++;
    store->writing = write;
    return 0;
}

/* A SELECT that somebody left half read would keep the snapshot alive. */
static void statements_reset(struct sqlite_store *store)
{
    for (sqlite3_stmt *at = sqlite3_next_stmt(store->db, NULL); at != NULL;
         at = sqlite3_next_stmt(store->db, at))
        sqlite3_reset(at);
}

static void sqlite_rollback(struct weft_store *base)
{
    struct sqlite_store *store = store_of(base);
    statements_reset(store);
    transaction_undo(store);
    store->transaction += store->transaction % 2;
    store->writing = false;
}

static int sqlite_commit(struct weft_store *base, struct weft_error *error)
{
    struct sqlite_store *store = store_of(base);
    statements_reset(store);
    int rc = sqlite3_get_autocommit(store->db)
                 ? weft_error_set(error, WEFT_E_INTERNAL, "the transaction was rolled back")
                 : sqlite_script(base, "COMMIT", error);
    sqlite_rollback(base); /* nothing is left to roll back after a commit */
    return rc;
}

static int64_t sqlite_changes(struct weft_store *base)
{
    return sqlite3_changes64(store_of(base)->db);
}

/* ---- statements ---- */

static struct sqlite_stmt *idle_take(struct sqlite_store *store, const char *sql)
{
    for (struct sqlite_stmt **at = &store->idle; *at != NULL; at = &(*at)->next) {
        struct sqlite_stmt *stmt = *at;
        if (strcmp(sqlite3_sql(stmt->handle), sql) != 0)
            continue;
        *at = stmt->next;
        store->idle_count--;
        return stmt;
    }
    return NULL;
}

static void idle_put(struct sqlite_store *store, struct sqlite_stmt *stmt)
{
    stmt->next = store->idle;
    store->idle = stmt;
    if (++store->idle_count <= IDLE_MAX)
        return;
    struct sqlite_stmt **last = &store->idle;
    while ((*last)->next != NULL)
        last = &(*last)->next;
    sqlite3_finalize((*last)->handle);
    weft_free(*last);
    *last = NULL;
    store->idle_count--;
}

static int stmt_new(struct sqlite_store *store, const char *sql, struct sqlite_stmt **out,
                    struct weft_error *error)
{
    sqlite3_stmt *handle = NULL;
    const char *tail = "";
    int rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, &tail);
    if (rc != SQLITE_OK)
        return store_error(store, rc, sql, error);
    if (handle == NULL || tail[strspn(tail, " \t\n;")] != '\0') {
        sqlite3_finalize(handle);
        return weft_error_set(error, WEFT_E_INTERNAL, "not one statement: %.*s", SQL_IN_ERROR, sql);
    }
    struct sqlite_stmt *stmt = weft_alloc(sizeof *stmt);
    if (stmt == NULL) {
        sqlite3_finalize(handle);
        return weft_error_nomem(error);
    }
    stmt->base.api = &weft_store_sqlite;
    stmt->store = store;
    stmt->handle = handle;
    *out = stmt;
    return 0;
}

static void sqlite_reset(struct weft_stmt *base)
{
    struct sqlite_stmt *stmt = stmt_of(base);
    sqlite3_reset(stmt->handle);
    sqlite3_clear_bindings(stmt->handle);
    stmt->failure = SQLITE_OK;
    stmt->done = false;
}

static void sqlite_finish(struct weft_stmt *base)
{
    if (base == NULL)
        return;
    sqlite_reset(base);
    idle_put(stmt_of(base)->store, stmt_of(base));
}

/* A temporary table belongs to the connection and is no part of the home: a reader may have one. */
static bool is_scratch(const char *sql)
{
    static const char *const begins[] = {"CREATE TEMP TABLE ", "INSERT INTO temp.",
                                         "DELETE FROM temp."};
    for (size_t i = 0; i < WEFT_COUNT(begins); i++) {
        if (strncmp(sql, begins[i], strlen(begins[i])) == 0)
            return true;
    }
    return false;
}

static int sqlite_prepare(struct weft_store *base, const char *sql, struct weft_stmt **out,
                          struct weft_error *error)
{
    struct sqlite_store *store = store_of(base);
    struct sqlite_stmt *stmt = idle_take(store, sql);
    if (stmt == NULL)
        WEFT_TRY(stmt_new(store, sql, &stmt, error));
    if (!store->writing && !sqlite3_stmt_readonly(stmt->handle) && !is_scratch(sql)) {
        sqlite_finish(&stmt->base);
        return weft_error_set(error, WEFT_E_INTERNAL, "writing in a reading transaction: %.*s",
                              SQL_IN_ERROR, sql);
    }
    stmt->transaction = store->transaction;
    *out = &stmt->base;
    return 0;
}

static void stmt_keep(struct sqlite_stmt *stmt, int rc)
{
    if (stmt->failure == SQLITE_OK)
        stmt->failure = rc;
}

static void sqlite_bind_text(struct weft_stmt *base, int parameter, const char *text)
{
    struct sqlite_stmt *stmt = stmt_of(base);
    stmt_keep(stmt, text == NULL ? sqlite3_bind_null(stmt->handle, parameter)
                                 : sqlite3_bind_text64(stmt->handle, parameter, text, strlen(text),
                                                       SQLITE_TRANSIENT, SQLITE_UTF8));
}

static void sqlite_bind_int(struct weft_stmt *base, int parameter, int64_t value)
{
    struct sqlite_stmt *stmt = stmt_of(base);
    stmt_keep(stmt, sqlite3_bind_int64(stmt->handle, parameter, value));
}

static void sqlite_bind_double(struct weft_stmt *base, int parameter, double value)
{
    struct sqlite_stmt *stmt = stmt_of(base);
    stmt_keep(stmt, sqlite3_bind_double(stmt->handle, parameter, value));
}

static int sqlite_check(struct weft_stmt *base, struct weft_error *error)
{
    struct sqlite_stmt *stmt = stmt_of(base);
    if (stmt->failure == SQLITE_OK)
        return 0;
    return store_error(stmt->store, stmt->failure, sqlite3_sql(stmt->handle), error);
}

static int sqlite_step(struct weft_stmt *base, struct weft_error *error)
{
    struct sqlite_stmt *stmt = stmt_of(base);
    struct sqlite_store *store = stmt->store;
    const char *sql = sqlite3_sql(stmt->handle);
    WEFT_TRY(sqlite_check(base, error));
    if (stmt->done)
        return WEFT_END;
    if (stmt->transaction != store->transaction || store->transaction % 2 == 0)
        return weft_error_set(error, WEFT_E_INTERNAL, "its transaction is over: %.*s", SQL_IN_ERROR,
                              sql);
    /* A full disk makes SQLite roll back on its own; what follows must not commit one by one. */
    if (sqlite3_get_autocommit(store->db))
        return weft_error_set(error, WEFT_E_INTERNAL,
                              "the transaction was rolled back after an earlier error");
    errno = 0;
    int rc = sqlite3_step(stmt->handle);
    if (rc == SQLITE_ROW)
        return 0;
    stmt->done = rc == SQLITE_DONE;
    if (rc == SQLITE_DONE)
        return WEFT_END;
    store_error(store, rc, sql, error);
    sqlite3_reset(stmt->handle);
    return -1;
}

static int sqlite_column_count(struct weft_stmt *base)
{
    return sqlite3_column_count(stmt_of(base)->handle);
}

static const char *sqlite_column_name(struct weft_stmt *base, int column)
{
    const char *name = sqlite3_column_name(stmt_of(base)->handle, column);
    if (name == NULL)
        stmt_keep(stmt_of(base), SQLITE_NOMEM);
    return name == NULL ? "" : name;
}

static bool sqlite_column_is_null(struct weft_stmt *base, int column)
{
    return sqlite3_column_type(stmt_of(base)->handle, column) == SQLITE_NULL;
}

static bool sqlite_column_is_int(struct weft_stmt *base, int column)
{
    return sqlite3_column_type(stmt_of(base)->handle, column) == SQLITE_INTEGER;
}

static const char *sqlite_column_text(struct weft_stmt *base, int column)
{
    sqlite3_stmt *handle = stmt_of(base)->handle;
    if (sqlite3_column_type(handle, column) == SQLITE_NULL)
        return "";
    const char *text = (const char *)sqlite3_column_text(handle, column);
    if (text == NULL)
        stmt_keep(stmt_of(base), SQLITE_NOMEM);
    return text == NULL ? "" : text;
}

static int64_t sqlite_column_int(struct weft_stmt *base, int column)
{
    return sqlite3_column_int64(stmt_of(base)->handle, column);
}

static double sqlite_column_double(struct weft_stmt *base, int column)
{
    return sqlite3_column_double(stmt_of(base)->handle, column);
}

/* ---- looking after it ---- */

/* The parser that knows is SQLite's own: run the script on an empty database in memory. */
static int sqlite_objects(const char *script, weft_store_object *fn, void *arg,
                          struct weft_error *error)
{
    weft_store_sqlite_faults();
    struct sqlite_store memory = {.base.api = &weft_store_sqlite, .path = (char *)"memory"};
    sqlite3_stmt *list = NULL;
    int rc =
        sqlite3_open_v2(":memory:", &memory.db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(memory.db, script, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(memory.db,
                                "SELECT type, name FROM sqlite_master WHERE type IN ('table','view'"
                                ") AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type DESC,"
                                " name",
                                -1, &list, NULL);
    int result = 0;
    while (rc == SQLITE_OK && result == 0) {
        rc = sqlite3_step(list);
        if (rc != SQLITE_ROW)
            break;
        const char *type = (const char *)sqlite3_column_text(list, 0);
        const char *name = (const char *)sqlite3_column_text(list, 1);
        rc = type == NULL || name == NULL ? SQLITE_NOMEM : SQLITE_OK;
        if (rc == SQLITE_OK)
            result = fn(arg, type, name, error);
    }
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        result =
            memory.db == NULL ? weft_error_nomem(error) : store_error(&memory, rc, script, error);
    sqlite3_finalize(list);
    sqlite3_close_v2(memory.db);
    return result;
}

static int sqlite_copy(struct weft_store *base, const char *path, struct weft_error *error)
{
    struct sqlite_store *store = store_of(base);
    sqlite3_stmt *vacuum = NULL;
    WEFT_TRY(weft_fs_unlink(path, error));
    WEFT_TRY(open_make_file(path, error)); /* an empty file is allowed, and has the right mode */
    int rc = sqlite3_prepare_v2(store->db, "VACUUM INTO ?", -1, &vacuum, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(vacuum, 1, path, -1, SQLITE_TRANSIENT);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(vacuum);
    int result = rc == SQLITE_DONE ? 0 : store_error(store, rc, "VACUUM INTO", error);
    sqlite3_finalize(vacuum);
    return result < 0 ? result : weft_fs_sync_path(path, error);
}

static int sqlite_check_structure(struct weft_store *base, struct weft_error *error)
{
    struct sqlite_store *store = store_of(base);
    sqlite3_stmt *check = NULL;
    int rc = sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &check, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(check);
    int result = rc == SQLITE_ROW ? 0 : store_error(store, rc, "quick_check", error);
    if (result == 0) {
        const char *told = (const char *)sqlite3_column_text(check, 0);
        if (told == NULL)
            result = weft_error_nomem(error);
        else if (strcmp(told, "ok") != 0)
            result = weft_error_set(error, WEFT_E_CORRUPT, "%s is damaged: %s", store->path, told);
    }
    sqlite3_finalize(check);
    return result;
}

const struct weft_store_api weft_store_sqlite = {.name = "sqlite",
                                                 .open = sqlite_open,
                                                 .close = sqlite_close,
                                                 .set_wait = sqlite_set_wait,
                                                 .begin = sqlite_begin,
                                                 .commit = sqlite_commit,
                                                 .rollback = sqlite_rollback,
                                                 .script = sqlite_script,
                                                 .changes = sqlite_changes,
                                                 .prepare = sqlite_prepare,
                                                 .finish = sqlite_finish,
                                                 .bind_text = sqlite_bind_text,
                                                 .bind_int = sqlite_bind_int,
                                                 .bind_double = sqlite_bind_double,
                                                 .step = sqlite_step,
                                                 .reset = sqlite_reset,
                                                 .check = sqlite_check,
                                                 .column_count = sqlite_column_count,
                                                 .column_name = sqlite_column_name,
                                                 .column_is_null = sqlite_column_is_null,
                                                 .column_is_int = sqlite_column_is_int,
                                                 .column_text = sqlite_column_text,
                                                 .column_int = sqlite_column_int,
                                                 .column_double = sqlite_column_double,
                                                 .objects = sqlite_objects,
                                                 .copy = sqlite_copy,
                                                 .check_structure = sqlite_check_structure};

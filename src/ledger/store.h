/*
 * store.h - the database behind the ledger as one table of functions, so that a second one
 * (PostgreSQL, for several nodes) can stand beside SQLite without a change above.
 *
 * A store is one connection: one transaction at a time, one thread. Statements are kept after use
 * and given out again for the same text. Every failure comes out as IO, NO_SPACE, NOMEM, BUSY,
 * CORRUPT, CONFLICT (a constraint) or INTERNAL (our SQL is wrong).
 * For this folder only.
 */
#ifndef WEFT_LEDGER_STORE_H
#define WEFT_LEDGER_STORE_H

#include "base/buf.h"

enum weft_store_flags {
    WEFT_STORE_CREATE = 1,    /* make the database when it is not there */
    WEFT_STORE_READ_ONLY = 2, /* nothing is ever written through this connection */
    /* With READ_ONLY: the file is opened for reading, and its folder may be closed for writing. */
    WEFT_STORE_FOREIGN = 8,
    WEFT_STORE_SCRATCH = 4, /* thrown away afterwards: no journal, no sync */
    WEFT_STORE_MEMORY = 16  /* no file at all */
};

struct weft_store_api;

struct weft_store { /* the first member of each implementation's own */
    const struct weft_store_api *api;
};

struct weft_stmt { /* likewise */
    const struct weft_store_api *api;
};

/* One object that a DDL makes: type is "table" or "view". */
typedef int weft_store_object(void *arg, const char *type, const char *name,
                              struct weft_error *error);

struct weft_store_api {
    const char *name;
    int (*open)(const char *path, unsigned flags, struct weft_store **out,
                struct weft_error *error);
    void (*close)(struct weft_store *store); /* NULL is nothing */
    void (*set_wait)(struct weft_store *store, int wait_ms);

    int (*begin)(struct weft_store *store, bool write, struct weft_error *error);
    /* The transaction is over in every case. */
    int (*commit)(struct weft_store *store, struct weft_error *error);
    void (*rollback)(struct weft_store *store);
    int (*script)(struct weft_store *store, const char *sql, struct weft_error *error);
    int64_t (*changes)(struct weft_store *store);

    int (*prepare)(struct weft_store *store, const char *sql, struct weft_stmt **out,
                   struct weft_error *error);
    void (*finish)(struct weft_stmt *stmt);
    void (*bind_text)(struct weft_stmt *stmt, int parameter, const char *text);
    void (*bind_int)(struct weft_stmt *stmt, int parameter, int64_t value);
    void (*bind_double)(struct weft_stmt *stmt, int parameter, double value);
    int (*step)(struct weft_stmt *stmt, struct weft_error *error); /* WEFT_END */
    void (*reset)(struct weft_stmt *stmt);
    int (*check)(struct weft_stmt *stmt, struct weft_error *error); /* a kept failure */
    int (*column_count)(struct weft_stmt *stmt);
    const char *(*column_name)(struct weft_stmt *stmt, int column);
    bool (*column_is_null)(struct weft_stmt *stmt, int column);
    bool (*column_is_int)(struct weft_stmt *stmt, int column);
    const char *(*column_text)(struct weft_stmt *stmt, int column);
    int64_t (*column_int)(struct weft_stmt *stmt, int column);
    double (*column_double)(struct weft_stmt *stmt, int column);

    /* Calls fn for each table and view that the script makes; views first. */
    int (*objects)(const char *script, weft_store_object *fn, void *arg, struct weft_error *error);
    /* A whole, synced copy of the committed state; outside a transaction. */
    int (*copy)(struct weft_store *store, const char *path, struct weft_error *error);
    /* CORRUPT when the database's own structure is broken. */
    int (*check_structure)(struct weft_store *store, struct weft_error *error);
};

extern const struct weft_store_api weft_store_sqlite;

/* Before the first store: the fault layer under SQLite's file calls and, for tests, its memory.
 * Empty without WEFT_FAULTS. */
void weft_store_sqlite_faults(void);
#ifdef WEFT_FAULTS
/* SQLite's allocations count for weft_alloc_fail_at only while this is on. */
extern bool weft_store_sqlite_count_allocations;
#endif

#endif

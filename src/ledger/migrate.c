/*
 * migrate.c - an older home becomes one of today's format: a copy of the database first
 * (weft.db.before-<format>), then all steps in one transaction, which also sets the format in the
 * database. A kill in between leaves the old home; after the transaction only the file `format`
 * is left to write. Entries are never touched.
 */
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"
#include "ledger/ledger_internal.h"

#include <stdio.h>
#include <string.h>

struct migration {
    int64_t from; /* to from + 1 */
    int (*run)(struct weft_ledger_txn *txn, struct weft_error *error);
};

/* Format 0 (before the first release) kept no account of its tables' definitions. */
static int migrate_0(struct weft_ledger_txn *txn, struct weft_error *error)
{
    return txn->store->api->script(txn->store, ledger_core_ddl, error);
}

static const struct migration migrations[] = {{0, migrate_0}};

static int database_format(struct weft_ledger *ledger, int64_t *format, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    char value[32];
    int rc = ledger_meta_get(txn, "format", value, sizeof value, error);
    WEFT_TRY(rc);
    *format = 0;
    if (rc == 0 && !weft_parse_int64(value, strlen(value), format))
        return weft_error_set(error, WEFT_E_CORRUPT, "the database holds no format number");
    return 0;
}

static int database_copy(struct weft_ledger *ledger, int64_t from, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_format("%s.before-%" PRId64, ledger->database, from);
    WEFT_CLEANUP(weft_freep) char *part = path == NULL ? NULL : weft_format("%s.part", path);
    if (part == NULL)
        return weft_error_nomem(error);
    struct weft_store *store = ledger->connections[0].store;
    WEFT_TRY(store->api->copy(store, part, error));
    WEFT_TRY(weft_fs_rename(part, path, error));
    return weft_fs_sync_path(ledger->home, error);
}

static int migrate_run(struct weft_ledger *ledger, int64_t from, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(ledger_begin_unchecked(ledger, &txn, error));
    for (int64_t format = from; format < WEFT_HOME_FORMAT; format++) {
        const struct migration *found = NULL;
        for (size_t i = 0; i < WEFT_COUNT(migrations); i++) {
            if (migrations[i].from == format)
                found = &migrations[i];
        }
        if (found == NULL)
            return weft_error_set(error, WEFT_E_FORMAT,
                                  "there is no way from format %" PRId64 " to today's", format);
        WEFT_TRY(found->run(txn, error));
    }
    char format[16];
    snprintf(format, sizeof format, "%d", WEFT_HOME_FORMAT);
    WEFT_TRY(ledger_meta_set(txn, "format", format, error));
    struct weft_ledger_txn *done = txn;
    txn = NULL;
    return weft_ledger_commit(done, error);
}

int ledger_migrate(struct weft_ledger *ledger, int64_t from, struct weft_error *error)
{
    struct weft_store **store = &ledger->connections[0].store;
    if (*store == NULL)
        WEFT_TRY(weft_store_sqlite.open(ledger->database, 0, store, error));
    int64_t now = 0;
    WEFT_TRY(database_format(ledger, &now, error));
    if (now == WEFT_HOME_FORMAT)
        return 0;
    WEFT_TRY(database_copy(ledger, from, error));
    return migrate_run(ledger, now, error);
}

/*
 * rebuild.c - folding: one entry into the tables, all entries anew, and the comparison of what is
 * there with what the entries say. The check folds into a scratch database under <home>/tmp.
 */
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/random.h"
#include "ledger/ledger_internal.h"

#include <string.h>
#include <unistd.h>

#define ROW_TEXT_MAX 1500

int ledger_fold(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                struct weft_error *error)
{
    const struct weft_ledger_kind *kind = ledger_kind_find(entry->kind);
    if (kind == NULL || entry->kind_version > kind->version) {
        weft_error_set(error, WEFT_E_FORMAT,
                       "entry %" PRId64 " is of the kind %s, version %d, unknown here",
                       entry->sequence, entry->kind, entry->kind_version);
        return weft_error_hint(error, "use the newer weft that wrote it");
    }
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(entry->body, strlen(entry->body), 0, &doc, error));
    int rc = ledger_lists_note(txn, entry, yyjson_doc_get_root(doc), error);
    if (rc == 0)
        rc = kind->fold(txn, entry, yyjson_doc_get_root(doc), error);
    if (rc > 0)
        return weft_error_set(error, WEFT_E_INTERNAL, "the fold of %s gave %d", entry->kind, rc);
    return rc;
}

struct refold {
    struct weft_ledger_txn *into;
    int64_t entries;
};

static int refold_entry(void *arg, const struct weft_ledger_entry *entry, struct weft_error *error)
{
    struct refold *refold = arg;
    refold->entries++;
    int rc = ledger_fold(refold->into, entry, error);
    if (rc < 0)
        weft_error_prefix(error, "entry %" PRId64 " (%s) cannot be folded", entry->sequence,
                          entry->kind);
    return rc;
}

static int folded_make(struct weft_ledger_txn *into, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf ddl;
    weft_buf_init(&ddl, LEDGER_DDL_MAX);
    WEFT_TRY(ledger_schema_folded(&ddl, error));
    return into->store->api->script(into->store, ddl.data, error);
}

int ledger_refold(struct weft_ledger_txn *txn, int64_t *entries, struct weft_error *error)
{
    struct refold refold = {.into = txn};
    WEFT_TRY(ledger_schema_drop_folded(txn, error));
    WEFT_TRY(folded_make(txn, error));
    WEFT_TRY(weft_ledger_each(txn, 1, 0, refold_entry, &refold, error));
    if (entries != NULL)
        *entries = refold.entries;
    return 0;
}

/* ---- the check ---- */

struct compare {
    struct weft_ledger_txn *stored;
    struct weft_ledger_txn *folded;
};

static void row_describe(struct weft_stmt *stmt, int rc, struct weft_buf *out)
{
    weft_buf_init(out, ROW_TEXT_MAX * 4);
    if (rc == WEFT_END) {
        weft_buf_adds(out, "no such row");
        return;
    }
    int count = weft_stmt_column_count(stmt);
    for (int i = 0; i < count && out->length < ROW_TEXT_MAX; i++)
        weft_buf_addf(out, "%s%s=%.200s", i == 0 ? "" : ", ", weft_stmt_column_name(stmt, i),
                      weft_stmt_column_is_null(stmt, i) ? "NULL" : weft_stmt_column_text(stmt, i));
}

static int row_differs(const char *table, int64_t row, struct weft_stmt *stored, int stored_rc,
                       struct weft_stmt *folded, int folded_rc, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf is;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf should;
    row_describe(stored, stored_rc, &is);
    row_describe(folded, folded_rc, &should);
    weft_error_set(error, WEFT_E_CORRUPT,
                   "the folded table %s differs from the entries at its row %" PRId64, table, row);
    weft_error_detail(error, "there: %.900s\nentries say: %.900s", is.data, should.data);
    return weft_error_hint(error, "a rebuild folds the tables anew from the entries");
}

static bool rows_equal(struct weft_stmt *a, struct weft_stmt *b)
{
    int count = weft_stmt_column_count(a);
    if (count != weft_stmt_column_count(b))
        return false;
    for (int i = 0; i < count; i++) {
        if (weft_stmt_column_is_null(a, i) != weft_stmt_column_is_null(b, i) ||
            strcmp(weft_stmt_column_text(a, i), weft_stmt_column_text(b, i)) != 0)
            return false;
    }
    return true;
}

/* SELECT * ... ORDER BY 1, 2, ... so that both sides come in one order. */
static int table_select(struct weft_ledger_txn *txn, const char *name, struct weft_stmt **out,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 65536);
    weft_buf_adds(&sql, "SELECT * FROM ");
    weft_buf_add_sql_name(&sql, name);
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *plain = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, sql.data, &plain, error));
    int count = weft_stmt_column_count(plain);
    for (int i = 1; i <= count; i++)
        weft_buf_addf(&sql, "%s%d", i == 1 ? " ORDER BY " : ", ", i);
    WEFT_TRY(weft_buf_check(&sql, error));
    return weft_stmt_prepare(txn, sql.data, out, error);
}

static int table_compare(void *arg, const char *type, const char *name, struct weft_error *error)
{
    struct compare *compare = arg;
    if (strcmp(type, "table") != 0)
        return 0;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stored = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *folded = NULL;
    WEFT_TRY(table_select(compare->stored, name, &stored, error));
    WEFT_TRY(table_select(compare->folded, name, &folded, error));
    for (int64_t row = 1;; row++) {
        int stored_rc = weft_stmt_step(stored, error);
        WEFT_TRY(stored_rc);
        int folded_rc = weft_stmt_step(folded, error);
        WEFT_TRY(folded_rc);
        if (stored_rc == WEFT_END && folded_rc == WEFT_END)
            return 0;
        bool equal = stored_rc == folded_rc && rows_equal(stored, folded);
        WEFT_TRY(weft_stmt_check(stored, error));
        WEFT_TRY(weft_stmt_check(folded, error));
        if (!equal)
            return row_differs(name, row, stored, stored_rc, folded, folded_rc, error);
    }
}

/* Folds into the scratch store, then compares table by table. */
static int check_in(struct weft_ledger_txn *txn, struct weft_store *scratch, int64_t *entries,
                    struct weft_error *error)
{
    struct weft_ledger_txn into = {.ledger = txn->ledger, .store = scratch, .write = true};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf ddl;
    weft_buf_init(&ddl, LEDGER_DDL_MAX);
    WEFT_TRY(ledger_schema_folded(&ddl, error));
    WEFT_TRY(scratch->api->begin(scratch, true, error));
    struct refold refold = {.into = &into};
    int rc = folded_make(&into, error);
    if (rc == 0)
        rc = weft_ledger_each(txn, 1, 0, refold_entry, &refold, error);
    struct compare compare = {txn, &into};
    if (rc == 0)
        rc = scratch->api->objects(ddl.data, table_compare, &compare, error);
    scratch->api->rollback(scratch);
    *entries = refold.entries;
    return rc;
}

static int rebuild_check(struct weft_ledger_txn *txn, int64_t *entries, struct weft_error *error)
{
    char id[WEFT_UUID_TEXT];
    WEFT_TRY(weft_uuid(id, error));
    pid_t pid = getpid();
    /* The name tells whether the one that made it still lives. */
    WEFT_CLEANUP(weft_freep)
    char *path = weft_format("%s/tmp/" WEFT_LEDGER_SCRATCH "%d-%" PRIu64 "-%s.db",
                             txn->ledger->home, (int)pid, weft_process_start_time(pid), id);
    if (path == NULL)
        return weft_error_nomem(error);
    struct weft_store *scratch = NULL;
    int rc = weft_store_sqlite.open(path, WEFT_STORE_SCRATCH, &scratch, error);
    if (rc == 0)
        rc = check_in(txn, scratch, entries, error);
    weft_store_sqlite.close(scratch);
    struct weft_error ignored = WEFT_ERROR_INIT; /* the first error counts */
    int removed = weft_fs_unlink(path, rc < 0 ? &ignored : error);
    return rc < 0 ? rc : removed;
}

int weft_ledger_rebuild(struct weft_ledger *ledger, bool check, struct weft_ledger_report *report,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    int64_t entries = 0;
    struct weft_ledger_head head;
    if (check) {
        WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
        head = txn->head;
        WEFT_TRY(rebuild_check(txn, &entries, error));
    } else {
        WEFT_TRY(ledger_begin_unchecked(ledger, &txn, error));
        head = txn->head;
        WEFT_TRY(ledger_refold(txn, &entries, error));
        struct weft_ledger_txn *done = txn;
        txn = NULL;
        WEFT_TRY(weft_ledger_commit(done, error));
    }
    if (report != NULL)
        *report = (struct weft_ledger_report){.entries = entries, .head = head};
    return 0;
}

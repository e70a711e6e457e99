/*
 * audit_anchor.c - the entries of the ledger that hold the audit's chain: its end now and then, and
 * what retention took from its beginning.
 */
#include "base/clock.h"
#include "trust/audit_internal.h"
#include "trust/trust_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static const struct weft_ledger_table trust_audit = {
    .name = "trust_audit",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_audit("
           "kind TEXT NOT NULL, file TEXT NOT NULL, bytes BIGINT NOT NULL, hash TEXT NOT NULL,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(kind, seq_from));",
};

static int fold_anchored(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                         yyjson_val *body, struct weft_error *error)
{
    const char *file, *hash;
    int64_t bytes;
    WEFT_TRY(weft_json_text(body, "file", &file, error));
    WEFT_TRY(weft_json_text(body, "hash", &hash, error));
    WEFT_TRY(weft_json_int(body, "bytes", &bytes, error));
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_audit(kind, file, bytes, hash, seq_from) "
                         "VALUES('anchored', ?1, ?2, ?3, ?4)",
                         "titi", file, bytes, hash, entry->sequence);
}

static int fold_removed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, struct weft_error *error)
{
    const char *last;
    WEFT_TRY(weft_json_text(body, "last", &last, error));
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_audit(kind, file, bytes, hash, seq_from) "
                         "VALUES('removed', '', 0, ?1, ?2)",
                         "ti", last, entry->sequence);
}

void weft_audit_register(void)
{
    static const struct weft_ledger_kind kinds[] = {
        {.name = WEFT_KIND_AUDIT_ANCHORED, .version = 1, .fold = fold_anchored},
        {.name = WEFT_KIND_AUDIT_REMOVED, .version = 1, .fold = fold_removed},
    };
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        weft_ledger_register_kind(&kinds[i]);
    weft_ledger_register_table(&trust_audit);
}

/* ---- what is held ---- */

static int held_read(struct weft_ledger_txn *txn, struct weft_arena *arena,
                     struct weft_audit_held *held, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *removed = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &removed, error,
                            "SELECT hash FROM trust_audit WHERE kind = 'removed'", ""));
    WEFT_TRY(weft_trust_texts_rows(arena, removed, &held->removed, error));
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT hash, file, seq_from FROM trust_audit WHERE kind = 'anchored' "
                            "ORDER BY seq_from DESC LIMIT 1",
                            ""));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END)
        return 0;
    snprintf(held->anchor, sizeof held->anchor, "%s", weft_stmt_column_text(stmt, 0));
    snprintf(held->anchor_file, sizeof held->anchor_file, "%s", weft_stmt_column_text(stmt, 1));
    held->anchor_sequence = weft_stmt_column_int(stmt, 2);
    return weft_stmt_check(stmt, error);
}

int weft_audit_verify_all(struct weft_ledger *ledger, int64_t *count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_audit_held held = {0};
    if (arena == NULL)
        return weft_error_nomem(error);
    {
        WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
        WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
        WEFT_TRY(held_read(txn, arena, &held, error));
    }
    return weft_audit_chain_verify(weft_ledger_home(ledger), &held, count, error);
}

/* ---- anchoring ---- */

/* The last line there is: its file, where it ends, its hash. WEFT_NOT_THERE. */
static int end_find(struct weft_audit_files *audit, size_t *file, int64_t *bytes,
                    char hash[WEFT_SHA256_HEX], struct weft_error *error)
{
    for (size_t i = audit->files.count; i-- > 0;) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit->folder, audit->files.names[i]);
        WEFT_CLEANUP(weft_fd_close) int fd = -1;
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
        int rc = weft_audit_last_hash(fd, path, hash, bytes, error);
        *file = i;
        if (rc != WEFT_NOT_THERE)
            return rc;
    }
    return WEFT_NOT_THERE;
}

int weft_audit_anchor(struct weft_ledger_txn *txn, const char *actor, bool *anchored,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_audit_held held = {0};
    char hash[WEFT_SHA256_HEX];
    int64_t bytes = 0;
    size_t file = 0;
    *anchored = false;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_audit_files_open(weft_ledger_home(weft_ledger_of(txn)), false, &audit, error));
    int rc = end_find(&audit, &file, &bytes, hash, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return 0;
    WEFT_TRY(held_read(txn, arena, &held, error));
    if (strcmp(held.anchor, hash) == 0)
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_int(&writer, "bytes", bytes);
    weft_json_member_text(&writer, "file", audit.files.names[file]);
    weft_json_member_text(&writer, "hash", hash);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    *anchored = true;
    return weft_ledger_append(txn, actor, WEFT_KIND_AUDIT_ANCHORED, body.data, NULL, error);
}

/* ---- retention ---- */

/* The month of a file is over when the next begins: "2026-11.log" at 2026-12-01. */
static bool file_over(const char *name, int64_t before_us)
{
    char text[WEFT_TIME_TEXT];
    int year = 0, month = 0;
    int64_t end_us;
    if (sscanf(name, "%4d-%2d", &year, &month) != 2)
        return false;
    snprintf(text, sizeof text, "%04d-%02d-01", month == 12 ? year + 1 : year,
             month == 12 ? 1 : month + 1);
    return weft_time_parse(text, &end_us) && end_us <= before_us;
}

static int removal_append(struct weft_ledger_txn *txn, const char *actor, const char *file,
                          const char *last, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    struct weft_json_writer writer;
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "file", file);
    weft_json_member_text(&writer, "last", last);
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_AUDIT_REMOVED, body.data, NULL, error);
}

/* The hash of the last line of the first `count` files. */
static int removal_last(struct weft_audit_files *audit, size_t count, char hash[WEFT_SHA256_HEX],
                        struct weft_error *error)
{
    struct weft_audit_files some = *audit;
    int64_t bytes;
    size_t file;
    some.files.count = count;
    return end_find(&some, &file, &bytes, hash, error);
}

int weft_audit_expire(struct weft_ledger *ledger, const char *actor, int64_t before_us,
                      int64_t *removed, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_audit_files_close) struct weft_audit_files audit = {.lock = -1};
    char last[WEFT_SHA256_HEX];
    size_t count = 0;
    *removed = 0;
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    WEFT_TRY(weft_audit_files_open(weft_ledger_home(ledger), true, &audit, error));
    while (count + 1 < audit.files.count && file_over(audit.files.names[count], before_us))
        count++;
    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        int rc = removal_last(&audit, i + 1, last, error);
        WEFT_TRY(rc);
        if (rc == 0)
            WEFT_TRY(removal_append(txn, actor, audit.files.names[i], last, error));
    }
    struct weft_ledger_txn *ending = txn;
    txn = NULL;
    WEFT_TRY(weft_ledger_commit(ending, error));
    /* The oldest first: whenever it stops, the first line that is left follows one of these. */
    for (size_t i = 0; i < count; i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(audit.folder, audit.files.names[i]);
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_fs_unlink(path, error));
        ++*removed;
    }
    return 0;
}

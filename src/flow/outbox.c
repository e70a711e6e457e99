/*
 * outbox.c - what follows a commit and must happen even if this process dies: files that were read
 * move to their done: or error: folder, old metadata files and spooled input go away.
 *
 * Rows are written by the commit and done afterwards, by this or any later command, one process at
 * a time. Each action is idempotent: a source that is gone was moved; a target that holds the same
 * content already is the moved file (a move across file systems may die before its last step); a
 * source that is no longer the file that was read stays where it is.
 * A row whose time has not come (another product has not read the file; a reader may still need the
 * metadata) stays, and so does one that fails: with the reason, until it works.
 */
#include "flow/run_internal.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define CANDIDATES_MAX 1000
#define HASH_BLOCK ((size_t)1 << 20)

enum outbox_result { OUTBOX_DONE, OUTBOX_WAITS, OUTBOX_FAILED };

struct outbox_row {
    const char *run_id;
    int64_t ordinal;
    const char *product;
    const char *action; /* move, remove, forget (a spooled file), drop (a table's folder) */
    const char *path;
    const char *target; /* a folder; NULL for remove */
    const char *hash;
    struct weft_fs_identity identity;
    int64_t sequence;
    enum outbox_result result;
    const char *moved_to;
    char message[1024];
};

/* ---- writing the rows ---- */

static int row_add(struct weft_ledger_txn *txn, const struct weft_asker *asker, int64_t *ordinal,
                   const char *action, const char *path, const char *target,
                   const struct weft_outcome_file *file, int64_t sequence, struct weft_error *error)
{
    static const struct weft_outcome_file none;
    const struct weft_outcome_file *f = file == NULL ? &none : file;
    return weft_sql_exec(
        txn, error,
        "INSERT INTO flow_outbox(run_id, ordinal, product, action, path, target, hash, device, "
        "inode, size, modified_ns, sequence, attempts) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0)",
        "titttttiiiii", asker->run_id, ++*ordinal, asker->registered.table, action, path, target,
        f->hash, f->device, f->inode, f->size, f->modified_ns, sequence);
}

/* Where a file goes: error: when no row of it was accepted, else done:. NULL = it stays. */
static const char *file_folder(const struct weft_product *contract,
                               const struct weft_outcome_file *file)
{
    for (size_t i = 0; i < contract->input_count; i++) {
        const struct weft_input *input = &contract->inputs[i];
        if (strcmp(input->name, file->port) != 0)
            continue;
        bool bad = file->records > 0 && file->accepted == 0;
        return bad && input->error != NULL ? input->error : input->done;
    }
    return NULL;
}

static int file_add(struct weft_ledger_txn *txn, const struct weft_asker *asker, int64_t *ordinal,
                    const struct weft_outcome_file *file, int64_t sequence,
                    struct weft_error *error)
{
    const char *folder = file_folder(asker->contract, file);
    if (file->state != WEFT_FILE_READ || folder == NULL)
        return 0;
    WEFT_CLEANUP(weft_freep) char *joined = weft_path_join(asker->registered.folder, folder);
    WEFT_CLEANUP(weft_freep) char *absolute = NULL;
    if (joined == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_path_absolute(joined, &absolute, error));
    return row_add(txn, asker, ordinal, "move", file->path, absolute, file, sequence, error);
}

static int metadata_add(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                        int64_t *ordinal, const struct weft_outcome_table *table, int64_t sequence,
                        struct weft_error *error)
{
    for (size_t i = 0; table != NULL && i < table->made.old_metadata_count; i++) {
        WEFT_CLEANUP(weft_freep)
        char *path = weft_path_join(weft_ledger_home(asker->ledger), table->made.old_metadata[i]);
        if (path == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(row_add(txn, asker, ordinal, "remove", path, NULL, NULL, sequence, error));
    }
    return 0;
}

int weft_flow_outbox_add(struct weft_ledger_txn *txn, const struct weft_asker *asker,
                         const struct weft_outcome *outcome, int64_t sequence,
                         struct weft_error *error)
{
    int64_t ordinal = 0;
    WEFT_CLEANUP(weft_freep) char *spool = weft_format("%s/tmp/", weft_ledger_home(asker->ledger));
    if (spool == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < outcome->file_count; i++)
        WEFT_TRY(file_add(txn, asker, &ordinal, &outcome->files[i], sequence, error));
    WEFT_TRY(metadata_add(txn, asker, &ordinal, outcome->table, sequence, error));
    WEFT_TRY(metadata_add(txn, asker, &ordinal, outcome->quarantine, sequence, error));
    for (size_t i = 0; i < asker->options->file_count; i++) {
        const char *path = asker->options->files[i].path;
        if (strncmp(path, spool, strlen(spool)) == 0)
            WEFT_TRY(row_add(txn, asker, &ordinal, "forget", path, NULL, NULL, sequence, error));
    }
    return 0;
}

/* ---- moving ---- */

static int file_hash(const char *path, char out[WEFT_SHA256_HEX], struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_CLEANUP(weft_freep) char *block = weft_alloc(HASH_BLOCK);
    WEFT_CLEANUP(weft_sha256_freep) struct weft_sha256 *hash = weft_sha256_new();
    unsigned char digest[WEFT_SHA256_BYTES];
    size_t got = 0;
    if (block == NULL || hash == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
    do {
        WEFT_TRY(weft_fs_read(fd, block, HASH_BLOCK, &got, path, error));
        weft_sha256_add(hash, block, got);
    } while (got > 0);
    weft_sha256_end(hash, digest);
    weft_hex(digest, sizeof digest, out);
    return 0;
}

/* daily.csv.gz, daily.3fa9c2d1.csv.gz, daily.3fa9c2d1-2.csv.gz ... */
static char *candidate(const struct outbox_row *row, int n)
{
    const char *base = weft_path_basename(row->path);
    const char *dot = strchr(base + 1, '.');
    size_t stem = dot == NULL ? strlen(base) : (size_t)(dot - base);
    if (n == 0)
        return weft_format("%s/%s", row->target, base);
    if (n == 1)
        return weft_format("%s/%.*s.%.8s%s", row->target, (int)stem, base, row->hash, base + stem);
    return weft_format("%s/%.*s.%.8s-%d%s", row->target, (int)stem, base, row->hash, n,
                       base + stem);
}

/* WEFT_AGAIN: another file has this name. */
static int move_to(struct weft_arena *arena, struct outbox_row *row, const char *target,
                   struct weft_error *error)
{
    struct weft_fs_identity there;
    int rc = weft_fs_identity(target, &there, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE) {
        WEFT_TRY(weft_fs_move(row->path, target, error));
    } else {
        char hash[WEFT_SHA256_HEX];
        if (there.size != row->identity.size)
            return WEFT_AGAIN;
        WEFT_TRY(file_hash(target, hash, error));
        if (strcmp(hash, row->hash) != 0)
            return WEFT_AGAIN;
        WEFT_TRY(weft_fs_unlink(row->path, error));
    }
    row->moved_to = weft_arena_strdup(arena, target);
    return row->moved_to == NULL ? weft_error_nomem(error) : 0;
}

/* A rebuild reads files where they were moved to: they lie right. Compared by the folders' inodes,
 * for a file that is taken for its own copy would be removed. */
static int move_lies_right(const struct outbox_row *row, bool *right, struct weft_error *error)
{
    struct weft_fs_identity from, to;
    WEFT_CLEANUP(weft_freep) char *folder = weft_strdup(row->path);
    size_t length = (size_t)(weft_path_basename(row->path) - row->path);
    *right = false;
    if (folder == NULL)
        return weft_error_nomem(error);
    folder[length] = '\0';
    int rc = weft_fs_identity(folder, &from, error);
    if (rc == 0)
        rc = weft_fs_identity(row->target, &to, error);
    WEFT_TRY(rc);
    *right = rc == 0 && from.device == to.device && from.inode == to.inode;
    return 0;
}

static int move_do(struct weft_arena *arena, struct outbox_row *row, struct weft_error *error)
{
    struct weft_fs_identity now;
    int rc = weft_fs_identity(row->path, &now, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return 0;
    if (now.device != row->identity.device || now.inode != row->identity.inode ||
        now.size != row->identity.size || now.modified_ns != row->identity.modified_ns)
        return 0; /* another file came to this place: it was not read */
    bool right;
    WEFT_TRY(move_lies_right(row, &right, error));
    if (right)
        return 0;
    for (int n = 0; n < CANDIDATES_MAX; n++) {
        WEFT_CLEANUP(weft_freep) char *target = candidate(row, n);
        if (target == NULL)
            return weft_error_nomem(error);
        rc = move_to(arena, row, target, error);
        if (rc != WEFT_AGAIN)
            return rc;
    }
    return weft_error_set(error, WEFT_E_CONFLICT, "%s holds too many files named %s", row->target,
                          weft_path_basename(row->path));
}

/* ---- whose time has come ---- */

/* Does one of the patterns (one a line) match the path? */
static bool source_matches(const char *source, const char *path)
{
    char pattern[4096];
    for (const char *at = source; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (length < sizeof pattern) {
            memcpy(pattern, at, length);
            pattern[length] = '\0';
            if (fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0)
                return true;
        }
        at += length;
        at += *at == '\n';
    }
    return false;
}

/* Another product that reads this file has not had it yet. */
static int move_waits(struct weft_ledger_txn *txn, const struct outbox_row *row, bool *waits,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    *waits = false;
    WEFT_TRY(weft_sql_query(
        txn, &stmt, error,
        "SELECT DISTINCT i.source FROM catalog_inputs i JOIN catalog_names n ON n.product = "
        "i.product AND n.major = i.major AND n.seq_to IS NULL AND n.retired = 0 "
        "WHERE i.kind = 'files' AND i.seq_to IS NULL AND i.source IS NOT NULL "
        "AND n.table_name <> ?1 AND NOT EXISTS(SELECT 1 FROM flow_inputs f WHERE f.product = "
        "n.table_name AND f.hash = ?2)",
        "tt", row->product, row->hash));
    while (!*waits && (rc = weft_stmt_step(stmt, error)) != WEFT_END) {
        WEFT_TRY(rc);
        *waits = source_matches(weft_stmt_column_text(stmt, 0), row->path);
    }
    return 0;
}

/* The folder of a dropped product. It may have been registered again since: then only what the
 * runs before the drop wrote goes. */
static int drop_do(struct weft_ledger *ledger, struct weft_ledger_txn *txn, struct outbox_row *row,
                   struct weft_error *error)
{
    const char *home = weft_ledger_home(ledger);
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_CLEANUP(weft_fd_close) int lock = -1;
    WEFT_CLEANUP(weft_freep) char *lock_path = weft_format("%s/locks/%s.lock", home, row->product);
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(home, row->path);
    int64_t one = 0;
    if (lock_path == NULL || folder == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_lock(lock_path, true, false, &lock, error);
    WEFT_TRY(rc);
    if (rc == WEFT_AGAIN) {
        row->result = OUTBOX_WAITS;
        return 0;
    }
    row->result = OUTBOX_DONE;
    rc = weft_sql_int(txn, &one, error,
                      "SELECT 1 FROM catalog_names WHERE table_name = ?1 AND seq_to IS NULL", "t",
                      row->product);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_fs_remove_tree(folder, error);
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT run_id FROM flow_runs WHERE product = ?1 AND seq_from <= ?2",
                            "ti", row->product, row->sequence));
    while ((rc = weft_stmt_step(stmt, error)) == 0)
        WEFT_TRY(weft_table_sweep(home, row->path, weft_stmt_column_text(stmt, 0), error));
    return rc < 0 ? rc : 0;
}

static int row_do(struct weft_ledger *ledger, struct weft_arena *arena, struct weft_ledger_txn *txn,
                  int64_t oldest, struct outbox_row *row, struct weft_error *error)
{
    bool waits = false;
    if (strcmp(row->action, "move") == 0)
        WEFT_TRY(move_waits(txn, row, &waits, error));
    else if (strcmp(row->action, "forget") != 0)
        waits = oldest < row->sequence; /* a reader sees the state before */
    if (waits) {
        row->result = OUTBOX_WAITS;
        return 0;
    }
    if (strcmp(row->action, "drop") == 0)
        return drop_do(ledger, txn, row, error);
    if (strcmp(row->action, "move") == 0)
        WEFT_TRY(move_do(arena, row, error));
    else
        WEFT_TRY(weft_fs_unlink(row->path, error));
    row->result = OUTBOX_DONE;
    return 0;
}

/* ---- all of it ---- */

static int row_read(struct weft_arena *arena, struct weft_stmt *stmt, struct outbox_row *row,
                    struct weft_error *error)
{
    const char **const texts[] = {&row->run_id, &row->product, &row->action,
                                  &row->path,   &row->target,  &row->hash};
    *row = (struct outbox_row){.result = OUTBOX_FAILED};
    for (size_t i = 0; i < WEFT_COUNT(texts); i++)
        WEFT_TRY(weft_sql_text(arena, stmt, (int)i, texts[i], error));
    row->ordinal = weft_stmt_column_int(stmt, 6);
    row->identity.device = (uint64_t)weft_stmt_column_int(stmt, 7);
    row->identity.inode = (uint64_t)weft_stmt_column_int(stmt, 8);
    row->identity.size = weft_stmt_column_int(stmt, 9);
    row->identity.modified_ns = weft_stmt_column_int(stmt, 10);
    row->sequence = weft_stmt_column_int(stmt, 11);
    return 0;
}

static int rows_read(struct weft_ledger_txn *txn, struct weft_arena *arena, struct outbox_row **out,
                     size_t *out_count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct outbox_row *rows = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT run_id, product, action, path, target, hash, ordinal, device, "
                            "inode, size, modified_ns, sequence FROM flow_outbox "
                            "ORDER BY sequence, run_id, ordinal",
                            ""));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &rows, &capacity, count + 1, sizeof *rows) < 0)
            return weft_error_nomem(error);
        WEFT_TRY(row_read(arena, stmt, &rows[count], error));
        count++;
    }
    *out = rows;
    *out_count = count;
    return rc < 0 ? rc : 0;
}

static int rows_finish(struct weft_ledger *ledger, const struct outbox_row *rows, size_t count,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    bool changed = false;
    for (size_t i = 0; i < count && !changed; i++)
        changed = rows[i].result != OUTBOX_WAITS;
    if (!changed)
        return 0;
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    for (size_t i = 0; i < count; i++) {
        const struct outbox_row *row = &rows[i];
        if (row->result == OUTBOX_DONE)
            WEFT_TRY(weft_sql_exec(txn, error,
                                   "DELETE FROM flow_outbox WHERE run_id = ?1 AND ordinal = ?2",
                                   "ti", row->run_id, row->ordinal));
        else if (row->result == OUTBOX_FAILED)
            WEFT_TRY(weft_sql_exec(txn, error,
                                   "UPDATE flow_outbox SET attempts = attempts + 1, message = ?3 "
                                   "WHERE run_id = ?1 AND ordinal = ?2",
                                   "tit", row->run_id, row->ordinal, row->message));
    }
    int rc = weft_ledger_commit(txn, error);
    txn = NULL;
    return rc;
}

static int rows_do(struct weft_ledger *ledger, struct weft_arena *arena, struct outbox_row *rows,
                   size_t count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    int64_t oldest = 0;
    WEFT_TRY(weft_slot_oldest(weft_ledger_home(ledger), &oldest, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    for (size_t i = 0; i < count; i++) {
        struct weft_error problem = WEFT_ERROR_INIT;
        if (row_do(ledger, arena, txn, oldest, &rows[i], &problem) < 0) {
            if (problem.code == WEFT_E_NOMEM)
                return weft_error_nomem(error);
            rows[i].result = OUTBOX_FAILED;
            snprintf(rows[i].message, sizeof rows[i].message, "%s", problem.message);
        }
        if (rows[i].result == OUTBOX_DONE)
            WEFT_TRY(weft_flow_point("outbox.moved", error));
    }
    return 0;
}

static int moved_tell(struct weft_arena *arena, const char *run_id, const struct outbox_row *rows,
                      size_t count, const char *const **moved, size_t *moved_count,
                      struct weft_error *error)
{
    const char **texts = weft_arena_array(arena, count + 1, sizeof *texts);
    size_t told = 0;
    if (texts == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].moved_to == NULL || strcmp(rows[i].run_id, run_id) != 0)
            continue;
        texts[told] = weft_arena_format(arena, "%s to %s", rows[i].path, rows[i].moved_to);
        if (texts[told++] == NULL)
            return weft_error_nomem(error);
    }
    *moved = texts;
    *moved_count = told;
    return 0;
}

static int outbox_locked(struct weft_ledger *ledger, struct weft_arena *arena, const char *run_id,
                         const char *const **moved, size_t *moved_count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct outbox_row *rows = NULL;
    size_t count = 0;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(rows_read(txn, arena, &rows, &count, error));
    weft_ledger_end(txn);
    txn = NULL;
    WEFT_TRY(weft_flow_point("outbox.begun", error));
    WEFT_TRY(rows_do(ledger, arena, rows, count, error));
    WEFT_TRY(rows_finish(ledger, rows, count, error));
    WEFT_TRY(weft_flow_point("outbox.done", error));
    return run_id == NULL ? 0 : moved_tell(arena, run_id, rows, count, moved, moved_count, error);
}

static int outbox_empty(struct weft_ledger *ledger, bool *empty, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    int64_t one = 0;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    int rc = weft_sql_int(txn, &one, error, "SELECT 1 FROM flow_outbox LIMIT 1", "");
    WEFT_TRY(rc);
    *empty = rc == WEFT_NOT_THERE;
    return 0;
}

int weft_flow_outbox_do(struct weft_ledger *ledger, struct weft_arena *arena, const char *run_id,
                        const char *const **moved, size_t *moved_count, struct weft_error *error)
{
    bool empty = true;
    WEFT_TRY(outbox_empty(ledger, &empty, error));
    if (empty)
        return 0;
    WEFT_CLEANUP(weft_fd_close) int lock = -1;
    const char *home = weft_ledger_home(ledger);
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(home, "locks");
    WEFT_CLEANUP(weft_freep) char *path = weft_format("%s/locks/outbox.lock", home);
    if (folder == NULL || path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_mkdirs(folder, error));
    WEFT_TRY(weft_fs_lock(path, true, true, &lock, error));
    return outbox_locked(ledger, arena, run_id, moved, moved_count, error);
}

int weft_outbox_failed(struct weft_ledger *ledger, struct weft_arena *arena,
                       struct weft_outbox_item **out, size_t *out_count, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_outbox_item *items = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT COALESCE(n.shown, o.product), o.action, o.path, o.target, "
                            "o.message, o.attempts FROM flow_outbox o LEFT JOIN catalog_names n ON "
                            "n.table_name = o.product AND n.seq_to IS NULL WHERE o.attempts > 0 "
                            "ORDER BY o.sequence, o.run_id, o.ordinal",
                            ""));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        struct weft_outbox_item *item = &items[count++];
        const char **const texts[] = {&item->product, &item->action, &item->path, &item->target,
                                      &item->message};
        *item = (struct weft_outbox_item){.attempts = weft_stmt_column_int(stmt, 5)};
        for (size_t i = 0; i < WEFT_COUNT(texts); i++)
            WEFT_TRY(weft_sql_text(arena, stmt, (int)i, texts[i], error));
    }
    *out = items;
    *out_count = count;
    return rc < 0 ? rc : 0;
}

int weft_outbox_flush(struct weft_ledger *ledger, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_flow_leftovers_remove(ledger, error));
    WEFT_TRY(weft_ledger_lists_sweep(ledger, error));
    return weft_flow_outbox_do(ledger, arena, NULL, NULL, NULL, error);
}

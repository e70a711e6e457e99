/*
 * pointer.c - the folded tables of the lake: which metadata file is a table's current one, its
 * snapshots, and the views by which readers of the JDBC catalogue open the lake as it is.
 */
#include "lake/pointer.h"

#include <string.h>

#define COMMITTED "snapshot.committed"
#define DROPPED "table.dropped"
#define DESCRIBED "catalog.described"

static const struct weft_ledger_table tables_table = {
    .name = "lake_tables",
    .ddl =
        "CREATE TABLE IF NOT EXISTS lake_tables (space TEXT NOT NULL, table_name TEXT NOT NULL, "
        "domain TEXT NOT NULL, name TEXT NOT NULL, metadata TEXT NOT NULL, previous TEXT, "
        "snapshot_id BIGINT NOT NULL, contract_version TEXT, seq_from BIGINT NOT NULL, seq_to "
        "BIGINT, "
        "PRIMARY KEY (space, table_name, seq_from));"
        "CREATE UNIQUE INDEX IF NOT EXISTS lake_tables_current ON lake_tables (space, table_name) "
        "WHERE seq_to IS NULL;",
};

static const struct weft_ledger_table snapshots_table = {
    .name = "lake_snapshots",
    .ddl =
        "CREATE TABLE IF NOT EXISTS lake_snapshots (space TEXT NOT NULL, table_name TEXT NOT NULL, "
        "snapshot_id BIGINT NOT NULL, parent_id BIGINT NOT NULL, committed_at BIGINT NOT NULL, "
        "operation TEXT NOT NULL, rows BIGINT NOT NULL, added BIGINT NOT NULL, "
        "removed BIGINT NOT NULL, files BIGINT NOT NULL, bytes BIGINT NOT NULL, run_id TEXT, "
        "contract_version TEXT, metadata TEXT NOT NULL, seq_from BIGINT NOT NULL, seq_to BIGINT, "
        "PRIMARY KEY (space, table_name, snapshot_id, seq_from));"
        "CREATE INDEX IF NOT EXISTS lake_snapshots_order ON lake_snapshots "
        "(space, table_name, seq_from);",
};

static const struct weft_ledger_table names_table = {
    /* names.c */
    .name = "lake_names",
    .ddl = "CREATE TABLE IF NOT EXISTS lake_names (table_name TEXT NOT NULL, name TEXT NOT NULL, "
           "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY (table_name, seq_from));",
};

/* Names and types of the views' columns are those of the JDBC catalogue's tables, version 1. */
static const struct weft_ledger_table catalog_table = {
    .name = "lake_catalog",
    .ddl =
        "CREATE TABLE IF NOT EXISTS lake_catalog (mesh TEXT NOT NULL, root TEXT NOT NULL, "
        "seq_from BIGINT NOT NULL PRIMARY KEY, seq_to BIGINT);"
        "CREATE VIEW IF NOT EXISTS iceberg_tables AS SELECT c.mesh AS catalog_name, "
        "COALESCE((SELECT substr(n.name, 1, instr(n.name, '.') - 1) FROM lake_names n WHERE "
        "n.table_name = t.table_name AND n.seq_to IS NULL), t.domain) AS table_namespace, "
        "COALESCE((SELECT substr(n.name, instr(n.name, '.') + 1) FROM lake_names n WHERE "
        "n.table_name = t.table_name AND n.seq_to IS NULL), t.name) AS table_name, "
        "'file://' || c.root || '/' || t.metadata AS metadata_location, "
        "'file://' || c.root || '/' || t.previous AS previous_metadata_location, "
        "'TABLE' AS iceberg_type FROM lake_tables t CROSS JOIN lake_catalog c "
        "WHERE t.space = 'lake' AND t.seq_to IS NULL AND c.seq_to IS NULL;"
        "CREATE VIEW IF NOT EXISTS iceberg_namespace_properties AS SELECT DISTINCT "
        "c.mesh AS catalog_name, COALESCE((SELECT substr(n.name, 1, instr(n.name, '.') - 1) FROM "
        "lake_names n WHERE n.table_name = t.table_name AND n.seq_to IS NULL), t.domain) AS "
        "namespace, "
        "'exists' AS property_key, "
        "'true' AS property_value FROM lake_tables t CROSS JOIN lake_catalog c "
        "WHERE t.space = 'lake' AND t.seq_to IS NULL AND c.seq_to IS NULL;",
    /* Which mesh it is; not where its home lies. */
    .state = "SELECT mesh, '' AS root, seq_from FROM lake_catalog WHERE seq_to IS NULL",
};

/* What a committed entry says, read from its body. */
struct committed {
    const char *space;
    const char *table;
    const char *metadata;
    const char *previous; /* NULL = a new table */
    int64_t snapshot_id;
    int64_t parent_id;
    const char *operation;
    int64_t records;
    int64_t added;
    int64_t removed;
    int64_t files;
    int64_t bytes;
    const char *run_id;
    const char *contract_version;
};

static int read_committed(yyjson_val *body, struct committed *out, struct weft_error *error)
{
    WEFT_TRY(weft_json_text(body, "space", &out->space, error));
    WEFT_TRY(weft_json_text(body, "table", &out->table, error));
    WEFT_TRY(weft_json_text(body, "metadata", &out->metadata, error));
    WEFT_TRY(weft_json_text(body, "operation", &out->operation, error));
    WEFT_TRY(weft_json_int(body, "snapshot_id", &out->snapshot_id, error));
    WEFT_TRY(weft_json_int(body, "parent_id", &out->parent_id, error));
    WEFT_TRY(weft_json_int(body, "records", &out->records, error));
    WEFT_TRY(weft_json_int(body, "added", &out->added, error));
    WEFT_TRY(weft_json_int(body, "removed", &out->removed, error));
    WEFT_TRY(weft_json_int(body, "files", &out->files, error));
    WEFT_TRY(weft_json_int(body, "bytes", &out->bytes, error));
    out->previous = weft_json_text_or(body, "previous", NULL);
    out->run_id = weft_json_text_or(body, "run_id", NULL);
    out->contract_version = weft_json_text_or(body, "contract_version", NULL);
    return 0;
}

static int step_to_end(struct weft_stmt *stmt, struct weft_error *error)
{
    int rc = 0;
    while (rc == 0)
        rc = weft_stmt_step(stmt, error);
    return rc < 0 ? rc : 0;
}

static int split_table(const char *table, size_t *domain_length, struct weft_error *error)
{
    const char *dot = strchr(table, '.');
    if (dot == NULL || dot == table || dot[1] == '\0')
        return weft_error_set(error, WEFT_E_INVALID, "%s is not <domain>.<table>", table);
    *domain_length = (size_t)(dot - table);
    return 0;
}

/* The pointer must stand where the writer found it. What a change without a snapshot leaves as it
 * was (snapshot, version) is taken over; *version is heap. */
static int check_previous(struct weft_ledger_txn *txn, struct committed *body, char **version,
                          struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn,
                               "SELECT metadata, snapshot_id, contract_version FROM lake_tables "
                               "WHERE space = ? AND table_name = ? AND seq_to IS NULL",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, body->space);
    weft_stmt_bind_text(stmt, 2, body->table);
    int rc = weft_stmt_step(stmt, error);
    if (rc < 0)
        return rc;
    const char *found = rc == WEFT_END ? NULL : weft_stmt_column_text(stmt, 0);
    WEFT_TRY(weft_stmt_check(stmt, error));
    bool same = found == NULL || body->previous == NULL ? found == body->previous
                                                        : strcmp(found, body->previous) == 0;
    if (!same) {
        weft_error_set(error, WEFT_E_CONFLICT, "the table %s was changed by somebody else",
                       body->table);
        return weft_error_detail(error, "expected %s, found %s",
                                 body->previous == NULL ? "none" : body->previous,
                                 found == NULL ? "none" : found);
    }
    if (found == NULL || body->snapshot_id != 0)
        return 0;
    body->snapshot_id = weft_stmt_column_int(stmt, 1);
    if (body->contract_version == NULL && !weft_stmt_column_is_null(stmt, 2)) {
        *version = weft_strdup(weft_stmt_column_text(stmt, 2));
        body->contract_version = *version;
        if (*version == NULL)
            return weft_error_nomem(error);
    }
    return weft_stmt_check(stmt, error);
}

static int end_rows(struct weft_ledger_txn *txn, const char *sql, const char *space,
                    const char *table, int64_t sequence, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, sql, &stmt, error));
    weft_stmt_bind_int(stmt, 1, sequence);
    weft_stmt_bind_text(stmt, 2, space);
    weft_stmt_bind_text(stmt, 3, table);
    return step_to_end(stmt, error);
}

#define END_TABLE                                                                                  \
    "UPDATE lake_tables SET seq_to = ? WHERE space = ? AND table_name = ? AND seq_to IS NULL"
#define END_SNAPSHOTS                                                                              \
    "UPDATE lake_snapshots SET seq_to = ? WHERE space = ? AND table_name = ? AND seq_to IS NULL"

static int insert_table(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        const struct committed *body, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    size_t domain_length = 0;
    WEFT_TRY(split_table(body->table, &domain_length, error));
    WEFT_CLEANUP(weft_freep) char *domain = weft_strndup(body->table, domain_length);
    if (domain == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_stmt_prepare(txn,
                               "INSERT INTO lake_tables (space, table_name, domain, name, "
                               "metadata, previous, snapshot_id, contract_version, seq_from) "
                               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, body->space);
    weft_stmt_bind_text(stmt, 2, body->table);
    weft_stmt_bind_text(stmt, 3, domain);
    weft_stmt_bind_text(stmt, 4, body->table + domain_length + 1);
    weft_stmt_bind_text(stmt, 5, body->metadata);
    weft_stmt_bind_text(stmt, 6, body->previous);
    weft_stmt_bind_int(stmt, 7, body->snapshot_id);
    weft_stmt_bind_text(stmt, 8, body->contract_version);
    weft_stmt_bind_int(stmt, 9, entry->sequence);
    return step_to_end(stmt, error);
}

static int insert_snapshot(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                           const struct committed *body, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(
        txn,
        "INSERT INTO lake_snapshots (space, table_name, snapshot_id, parent_id, committed_at, "
        "operation, rows, added, removed, files, bytes, run_id, contract_version, metadata, "
        "seq_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        &stmt, error));
    weft_stmt_bind_text(stmt, 1, body->space);
    weft_stmt_bind_text(stmt, 2, body->table);
    weft_stmt_bind_int(stmt, 3, body->snapshot_id);
    weft_stmt_bind_int(stmt, 4, body->parent_id);
    weft_stmt_bind_int(stmt, 5, entry->time_us);
    weft_stmt_bind_text(stmt, 6, body->operation);
    weft_stmt_bind_int(stmt, 7, body->records);
    weft_stmt_bind_int(stmt, 8, body->added);
    weft_stmt_bind_int(stmt, 9, body->removed);
    weft_stmt_bind_int(stmt, 10, body->files);
    weft_stmt_bind_int(stmt, 11, body->bytes);
    weft_stmt_bind_text(stmt, 12, body->run_id);
    weft_stmt_bind_text(stmt, 13, body->contract_version);
    weft_stmt_bind_text(stmt, 14, body->metadata);
    weft_stmt_bind_int(stmt, 15, entry->sequence);
    return step_to_end(stmt, error);
}

static int fold_committed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                          yyjson_val *json, struct weft_error *error)
{
    struct committed body = {0};
    WEFT_CLEANUP(weft_freep) char *version = NULL;
    WEFT_TRY(read_committed(json, &body, error));
    bool has_snapshot = body.snapshot_id != 0;
    WEFT_TRY(check_previous(txn, &body, &version, error));
    WEFT_TRY(end_rows(txn, END_TABLE, body.space, body.table, entry->sequence, error));
    WEFT_TRY(insert_table(txn, entry, &body, error));
    return has_snapshot ? insert_snapshot(txn, entry, &body, error) : 0;
}

static int fold_dropped(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, struct weft_error *error)
{
    const char *space = "";
    const char *table = "";
    WEFT_TRY(weft_json_text(body, "space", &space, error));
    WEFT_TRY(weft_json_text(body, "table", &table, error));
    WEFT_TRY(end_rows(txn, END_TABLE, space, table, entry->sequence, error));
    if (weft_ledger_changes(txn) == 0)
        return weft_error_set(error, WEFT_E_CONFLICT, "there is no table %s to drop", table);
    return end_rows(txn, END_SNAPSHOTS, space, table, entry->sequence, error);
}

static int fold_described(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                          yyjson_val *body, struct weft_error *error)
{
    const char *mesh = "";
    const char *root = "";
    WEFT_TRY(weft_json_text(body, "mesh", &mesh, error));
    WEFT_TRY(weft_json_text(body, "root", &root, error));
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, "UPDATE lake_catalog SET seq_to = ? WHERE seq_to IS NULL",
                               &stmt, error));
    weft_stmt_bind_int(stmt, 1, entry->sequence);
    WEFT_TRY(step_to_end(stmt, error));
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *insert = NULL;
    WEFT_TRY(weft_stmt_prepare(
        txn, "INSERT INTO lake_catalog (mesh, root, seq_from) VALUES (?, ?, ?)", &insert, error));
    weft_stmt_bind_text(insert, 1, mesh);
    weft_stmt_bind_text(insert, 2, root);
    weft_stmt_bind_int(insert, 3, entry->sequence);
    return step_to_end(insert, error);
}

static const struct weft_ledger_kind committed_kind = {COMMITTED, 1, fold_committed};
static const struct weft_ledger_kind dropped_kind = {DROPPED, 1, fold_dropped};
static const struct weft_ledger_kind described_kind = {DESCRIBED, 1, fold_described};

void weft_lake_register(void)
{
    weft_ledger_register_table(&tables_table);
    weft_ledger_register_table(&snapshots_table);
    weft_ledger_register_table(&names_table);
    weft_ledger_register_table(&catalog_table);
    weft_ledger_register_kind(&committed_kind);
    weft_ledger_register_kind(&dropped_kind);
    weft_ledger_register_kind(&described_kind);
}

/* ---- asking ---- */

int weft_pointer_of_snapshot(struct weft_ledger_txn *txn, const char *space, int64_t snapshot_id,
                             int64_t *sequence, int64_t *time_us, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn,
                               "SELECT seq_from, committed_at FROM lake_snapshots "
                               "WHERE space = ? AND snapshot_id = ?",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, space);
    weft_stmt_bind_int(stmt, 2, snapshot_id);
    int rc = weft_stmt_step(stmt, error);
    if (rc != 0)
        return rc < 0 ? rc : WEFT_NOT_THERE;
    int64_t from = weft_stmt_column_int(stmt, 0);
    int64_t at = weft_stmt_column_int(stmt, 1);
    WEFT_TRY(weft_stmt_check(stmt, error));
    *sequence = from;
    *time_us = at;
    return 0;
}

int weft_pointer_get(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *space,
                     const char *table, int64_t sequence, struct weft_pointer *out,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    const char *sql = sequence == 0 ? "SELECT metadata, snapshot_id, contract_version, seq_from "
                                      "FROM lake_tables WHERE space = ? AND table_name = ? "
                                      "AND seq_to IS NULL"
                                    : "SELECT metadata, snapshot_id, contract_version, seq_from "
                                      "FROM lake_tables WHERE space = ? AND table_name = ? "
                                      "AND seq_from <= ? AND (seq_to IS NULL OR seq_to > ?)";
    WEFT_TRY(weft_stmt_prepare(txn, sql, &stmt, error));
    weft_stmt_bind_text(stmt, 1, space);
    weft_stmt_bind_text(stmt, 2, table);
    if (sequence != 0) {
        weft_stmt_bind_int(stmt, 3, sequence);
        weft_stmt_bind_int(stmt, 4, sequence);
    }
    int rc = weft_stmt_step(stmt, error);
    if (rc < 0)
        return rc;
    if (rc == WEFT_END)
        return WEFT_NOT_THERE;
    struct weft_pointer found = {.metadata =
                                     weft_arena_strdup(arena, weft_stmt_column_text(stmt, 0)),
                                 .snapshot_id = weft_stmt_column_int(stmt, 1),
                                 .sequence = weft_stmt_column_int(stmt, 3)};
    bool versioned = !weft_stmt_column_is_null(stmt, 2);
    if (versioned)
        found.contract_version = weft_arena_strdup(arena, weft_stmt_column_text(stmt, 2));
    if (found.metadata == NULL || (versioned && found.contract_version == NULL))
        return weft_error_nomem(error);
    WEFT_TRY(weft_stmt_check(stmt, error));
    *out = found;
    return 0;
}

/* ---- appending ---- */

static void member_id(struct weft_json_writer *writer, const char *key, int64_t id)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, id);
    weft_json_member_text(writer, key, text);
}

static int append(struct weft_ledger_txn *txn, const char *actor, const char *kind,
                  struct weft_buf *body, struct weft_error *error)
{
    int64_t sequence = 0;
    int rc = weft_buf_check(body, error);
    if (rc == 0)
        rc = weft_ledger_append(txn, actor, kind, body->data, &sequence, error);
    weft_buf_release(body);
    return rc;
}

int weft_pointer_commit(struct weft_ledger_txn *txn, const char *actor,
                        const struct weft_pointer_commit *commit, struct weft_error *error)
{
    const struct weft_table_made *made = commit->made;
    size_t domain_length = 0;
    WEFT_TRY(split_table(commit->table, &domain_length, error));
    struct weft_buf body;
    struct weft_json_writer writer;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "space", commit->space);
    weft_json_member_text(&writer, "table", commit->table);
    weft_json_member_text(&writer, "metadata", made->metadata_path);
    weft_json_member_text(&writer, "previous", made->previous_path);
    member_id(&writer, "snapshot_id", made->snapshot_id);
    member_id(&writer, "parent_id", made->parent_id);
    weft_json_member_text(&writer, "operation", commit->operation);
    weft_json_member_int(&writer, "records", made->total_records);
    weft_json_member_int(&writer, "added", commit->added);
    weft_json_member_int(&writer, "removed", commit->removed);
    weft_json_member_int(&writer, "files", made->total_files);
    weft_json_member_int(&writer, "bytes", made->total_bytes);
    weft_json_member_text(&writer, "run_id", commit->run_id);
    weft_json_member_text(&writer, "contract_version", commit->contract_version);
    weft_json_end_object(&writer);
    return append(txn, actor, COMMITTED, &body, error);
}

static int append_two(struct weft_ledger_txn *txn, const char *actor, const char *kind,
                      const char *const pairs[4], struct weft_error *error)
{
    struct weft_buf body;
    struct weft_json_writer writer;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, pairs[0], pairs[1]);
    weft_json_member_text(&writer, pairs[2], pairs[3]);
    weft_json_end_object(&writer);
    return append(txn, actor, kind, &body, error);
}

int weft_pointer_drop(struct weft_ledger_txn *txn, const char *actor, const char *space,
                      const char *table, struct weft_error *error)
{
    const char *const pairs[4] = {"space", space, "table", table};
    return append_two(txn, actor, DROPPED, pairs, error);
}

int weft_lake_mesh(struct weft_ledger_txn *txn, struct weft_arena *arena, const char **out,
                   struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(
        weft_stmt_prepare(txn, "SELECT mesh FROM lake_catalog WHERE seq_to IS NULL", &stmt, error));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    if (rc == WEFT_END)
        return WEFT_NOT_THERE;
    *out = weft_arena_strdup(arena, weft_stmt_column_text(stmt, 0));
    return *out == NULL ? weft_error_nomem(error) : 0;
}

int weft_lake_describe(struct weft_ledger_txn *txn, const char *actor, const char *mesh_name,
                       const char *home, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn,
                               "SELECT seq_from FROM lake_catalog "
                               "WHERE mesh = ? AND root = ? AND seq_to IS NULL",
                               &stmt, error));
    weft_stmt_bind_text(stmt, 1, mesh_name);
    weft_stmt_bind_text(stmt, 2, home);
    int rc = weft_stmt_step(stmt, error);
    if (rc <= 0)
        return rc;
    const char *const pairs[4] = {"mesh", mesh_name, "root", home};
    return append_two(txn, actor, DESCRIBED, pairs, error);
}

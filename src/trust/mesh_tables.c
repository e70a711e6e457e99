/*
 * mesh_tables.c - mesh.principals, mesh.requests, mesh.grants, mesh.audit.
 *
 * The audit lies in files: before mesh.audit is read its lines are put into a temporary table of
 * the transaction's connection, once for each transaction.
 */
#include "engine/mesh_table.h"
#include "trust/audit_internal.h"
#include "trust/trust_internal.h"

#include <string.h>

static const struct weft_mesh_column principals_columns[] = {
    {"principal", "string"},   {"kind", "string"},          {"display", "string"},
    {"roles", "list<string>"}, {"groups", "list<string>"},  {"attributes", "string"},
    {"disabled", "boolean"},   {"added_at", "timestamptz"}, {"changed_by_entry", "long"}};

static const struct weft_mesh_table principals_table = {
    .name = "principals",
    .help = "Users, services and groups, with their roles, direct groups and attributes (JSON); "
            "and the node whose home this is.",
    .columns = principals_columns,
    .column_count = WEFT_COUNT(principals_columns),
    .sql = "SELECT p.principal, p.kind, p.display, p.roles, "
           "(SELECT '[' || COALESCE(GROUP_CONCAT('\"' || m.group_name || '\"'), '') || ']' "
           " FROM trust_members m WHERE m.member = p.principal AND " WEFT_TRUST_AT(
               "m") "), "
                    "p.attributes, p.disabled, p.created_us, p.seq_from "
                    "FROM trust_principals p WHERE ?2 IS NOT NULL AND " WEFT_TRUST_AT(
                        "p") "UNION ALL SELECT 'node:' || n.node, 'node', NULL, '[]', '[]', '{}', "
                             "0, n.created_us, n.seq_from FROM ledger_nodes n "
                             "WHERE n.seq_from <= ?1 ORDER BY 1",
};

static const struct weft_mesh_column requests_columns[] = {{"request", "long"},
                                                           {"product", "string"},
                                                           {"major", "long"},
                                                           {"principal", "string"},
                                                           {"asked_by", "string"},
                                                           {"purpose", "string"},
                                                           {"because", "string"},
                                                           {"days", "long"},
                                                           {"asked_at", "timestamptz"},
                                                           {"state", "string"},
                                                           {"emergency", "boolean"},
                                                           {"decided_by", "string"},
                                                           {"decided_at", "timestamptz"},
                                                           {"decision", "string"},
                                                           {"until", "timestamptz"},
                                                           {"reviewed_by", "string"},
                                                           {"reviewed_at", "timestamptz"}};

static const struct weft_mesh_table requests_table = {
    .name = "requests",
    .help = "Requests for access, and how they stand.",
    .columns = requests_columns,
    .column_count = WEFT_COUNT(requests_columns),
    .sql = "SELECT r.id, r.product, r.major, r.principal, r.asked_by, r.purpose, r.because, "
           "NULLIF(r.days, 0), r.asked_us, "
           "CASE WHEN r.state = 'approved' AND r.until_us <= ?2 THEN 'expired' ELSE r.state END, "
           "r.emergency, r.decided_by, NULLIF(r.decided_us, 0), r.decision, "
           "NULLIF(r.until_us, 0), r.reviewed_by, NULLIF(r.reviewed_us, 0) "
           "FROM trust_requests r WHERE " WEFT_TRUST_AT("r") "ORDER BY r.id",
};

static const struct weft_mesh_column grants_columns[] = {
    {"request", "long"},      {"product", "string"},     {"major", "long"},
    {"version", "string"},    {"principal", "string"},   {"purpose", "string"},
    {"treat", "string"},      {"rows", "string"},        {"min_group", "long"},
    {"terms", "string"},      {"approved_by", "string"}, {"approved_at", "timestamptz"},
    {"until", "timestamptz"}, {"emergency", "boolean"}};

static const struct weft_mesh_table grants_table = {
    .name = "grants",
    .help = "The agreements in force: approved requests that have not ended.",
    .columns = grants_columns,
    .column_count = WEFT_COUNT(grants_columns),
    .sql = "SELECT r.id, r.product, r.major, r.version, r.principal, r.purpose, "
           "NULLIF(r.treat, '{}'), r.row_condition, NULLIF(r.min_size, 0), r.terms, r.decided_by, "
           "r.decided_us, r.until_us, r.emergency FROM trust_requests r "
           "WHERE r.state = 'approved' AND r.until_us > ?2 AND " WEFT_TRUST_AT("r") "ORDER BY r.id",
};

static const struct weft_mesh_column audit_columns[] = {
    {"time", "timestamptz"}, {"principal", "string"}, {"actor", "string"},   {"key", "string"},
    {"purpose", "string"},   {"door", "string"},      {"command", "string"}, {"products", "string"},
    {"columns", "string"},   {"decision", "string"},  {"reason", "string"},  {"agreement", "long"},
    {"rows", "long"},        {"duration_us", "long"}, {"result", "string"},  {"sequence", "long"},
    {"sql_hash", "string"},  {"hash", "string"}};

static int audit_line_put(struct weft_stmt *insert, const struct weft_audit_line *line,
                          struct weft_error *error)
{
    const char *const texts[] = {line->principal, line->actor,   line->key,      line->purpose,
                                 line->door,      line->command, line->products, line->columns,
                                 line->decision,  line->reason,  line->result,   line->sql_hash,
                                 line->hash};
    int at = 1;
    weft_stmt_bind_int(insert, at++, line->time_us);
    for (size_t i = 0; i < WEFT_COUNT(texts); i++)
        weft_stmt_bind_text(insert, at++, texts[i]);
    const int64_t numbers[] = {line->agreement, line->rows, line->duration_us, line->sequence};
    for (size_t i = 0; i < WEFT_COUNT(numbers); i++)
        weft_stmt_bind_int(insert, at++, numbers[i]);
    int rc = weft_stmt_step(insert, error);
    weft_stmt_reset(insert);
    return rc < 0 ? rc : 0;
}

/* A query that names it twice comes here twice, while the first reads on: rows are added or get
 * their end, none goes. */
static int audit_prepare(struct weft_ledger_txn *txn, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *insert = NULL;
    struct weft_audit_lines lines;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_ledger_exec(
        txn, error,
        "CREATE TEMP TABLE IF NOT EXISTS trust_audit_lines(time_us BIGINT, principal TEXT, "
        "actor TEXT, key_id TEXT, purpose TEXT, door TEXT, command TEXT, products TEXT, "
        "columns TEXT, decision TEXT, reason TEXT, result TEXT, sql_hash TEXT, hash TEXT PRIMARY "
        "KEY, "
        "agreement BIGINT, row_count BIGINT, duration_us BIGINT, sequence BIGINT)",
        NULL));
    WEFT_TRY(weft_audit_list(weft_ledger_home(weft_ledger_of(txn)), arena, 0, &lines, error));
    WEFT_TRY(
        weft_stmt_prepare(txn,
                          "INSERT INTO temp.trust_audit_lines VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, "
                          "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) "
                          "ON CONFLICT(hash) DO UPDATE SET row_count = ?16, "
                          "duration_us = ?17, result = ?12",
                          &insert, error));
    for (size_t i = 0; i < lines.count; i++)
        WEFT_TRY(audit_line_put(insert, &lines.items[i], error));
    return 0;
}

static const struct weft_mesh_table audit_table = {
    .name = "audit",
    .help = "Who read what: each read and each denial, without any value. For auditors.",
    .columns = audit_columns,
    .column_count = WEFT_COUNT(audit_columns),
    .prepare = audit_prepare,
    .sql = "SELECT a.time_us, a.principal, a.actor, a.key_id, a.purpose, a.door, a.command, "
           "a.products, a.columns, a.decision, a.reason, NULLIF(a.agreement, 0), "
           "CASE WHEN a.row_count >= 0 THEN a.row_count END, "
           "CASE WHEN a.duration_us >= 0 THEN a.duration_us END, a.result, a.sequence, "
           "a.sql_hash, a.hash FROM temp.trust_audit_lines a "
           "WHERE ?1 IS NOT NULL AND a.time_us <= ?2 ORDER BY a.time_us",
};

void weft_trust_mesh_tables_register(void)
{
    weft_mesh_table_register(&principals_table);
    weft_mesh_table_register(&requests_table);
    weft_mesh_table_register(&grants_table);
    weft_mesh_table_register(&audit_table);
}

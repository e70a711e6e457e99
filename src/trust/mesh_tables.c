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
    {"principal", "string", WEFT_MESH_ALL},       {"kind", "string", WEFT_MESH_ALL},
    {"display", "string", WEFT_MESH_ALL},         {"roles", "list<string>", WEFT_MESH_OWN},
    {"groups", "list<string>", WEFT_MESH_OWN},    {"attributes", "string", WEFT_MESH_OWN},
    {"disabled", "boolean", WEFT_MESH_ALL},       {"added_at", "timestamptz", WEFT_MESH_OWN},
    {"changed_by_entry", "long", WEFT_MESH_WHOLE}};

static const struct weft_mesh_table principals_table = {
    .name = "principals",
    .help = "Users, services and groups, with their roles, direct groups and attributes (JSON); "
            "and the node whose home this is.",
    .columns = principals_columns,
    .column_count = WEFT_COUNT(principals_columns),
    .scope = {.rows = WEFT_MESH_OF_PRINCIPALS, .keys = ", p.principal, p.roles"},
    .sql = "SELECT p.principal, p.kind, p.display, p.roles, "
           "(SELECT '[' || COALESCE(GROUP_CONCAT('\"' || m.group_name || '\"'), '') || ']' "
           " FROM trust_members m WHERE m.member = p.principal AND " WEFT_TRUST_AT(
               "m") "), "
                    "p.attributes, p.disabled, p.created_us, p.seq_from " WEFT_MESH_KEYS
                    "FROM trust_principals p WHERE ?2 IS NOT NULL AND " WEFT_TRUST_AT(
                        "p") "UNION ALL SELECT p.principal, 'node', NULL, p.roles, '[]', '{}', 0, "
                             "p.created_us, p.seq_from " WEFT_MESH_KEYS
                             "FROM (SELECT 'node:' || n.node AS principal, '[]' AS roles, "
                             "n.created_us, n.seq_from FROM ledger_nodes n) p "
                             "WHERE p.seq_from <= ?1 ORDER BY 1",
};

static const struct weft_mesh_column requests_columns[] = {
    {"request", "long", WEFT_MESH_ALL},
    {"product", "string", WEFT_MESH_ALL},
    {"major", "long", WEFT_MESH_ALL},
    {"principal", "string", WEFT_MESH_ALL},
    {"asked_by", "string", WEFT_MESH_ALL},
    {"purpose", "string", WEFT_MESH_ALL},
    {"because", "string", WEFT_MESH_ALL},
    {"days", "long", WEFT_MESH_ALL},
    {"asked_at", "timestamptz", WEFT_MESH_ALL},
    {"state", "string", WEFT_MESH_ALL},
    {"emergency", "boolean", WEFT_MESH_ALL},
    {"decided_by", "string", WEFT_MESH_ALL},
    {"decided_at", "timestamptz", WEFT_MESH_ALL},
    {"decision", "string", WEFT_MESH_ALL},
    {"until", "timestamptz", WEFT_MESH_ALL},
    {"reviewed_by", "string", WEFT_MESH_ALL},
    {"reviewed_at", "timestamptz", WEFT_MESH_ALL}};

static const struct weft_mesh_table requests_table = {
    .name = "requests",
    .help = "Requests for access, and how they stand.",
    .columns = requests_columns,
    .column_count = WEFT_COUNT(requests_columns),
    .scope = {.rows = WEFT_MESH_OF_REQUESTS,
              .keys = ", r.product, r.major, r.principal, r.asked_by, r.purpose"},
    .sql = "SELECT r.id, r.product, r.major, r.principal, r.asked_by, r.purpose, r.because, "
           "NULLIF(r.days, 0), r.asked_us, "
           "CASE WHEN r.state = 'approved' AND r.until_us <= ?2 THEN 'expired' ELSE r.state END, "
           "r.emergency, r.decided_by, NULLIF(r.decided_us, 0), r.decision, "
           "NULLIF(r.until_us, 0), r.reviewed_by, NULLIF(r.reviewed_us, 0) " WEFT_MESH_KEYS
           "FROM trust_requests r WHERE " WEFT_TRUST_AT("r") "ORDER BY r.id",
};

static const struct weft_mesh_column grants_columns[] = {
    {"request", "long", WEFT_MESH_ALL},       {"product", "string", WEFT_MESH_ALL},
    {"major", "long", WEFT_MESH_ALL},         {"version", "string", WEFT_MESH_ALL},
    {"principal", "string", WEFT_MESH_ALL},   {"purpose", "string", WEFT_MESH_ALL},
    {"treat", "string", WEFT_MESH_WHOLE},     {"rows", "string", WEFT_MESH_WHOLE},
    {"min_group", "long", WEFT_MESH_WHOLE},   {"terms", "string", WEFT_MESH_ALL},
    {"approved_by", "string", WEFT_MESH_ALL}, {"approved_at", "timestamptz", WEFT_MESH_ALL},
    {"until", "timestamptz", WEFT_MESH_ALL},  {"emergency", "boolean", WEFT_MESH_ALL}};

static const struct weft_mesh_table grants_table = {
    .name = "grants",
    .help = "The agreements in force: approved requests that have not ended.",
    .columns = grants_columns,
    .column_count = WEFT_COUNT(grants_columns),
    .scope = {.rows = WEFT_MESH_OF_REQUESTS,
              .keys = ", r.product, r.major, r.principal, r.asked_by, r.purpose"},
    .sql = "SELECT r.id, r.product, r.major, r.version, r.principal, r.purpose, "
           "NULLIF(r.treat, '{}'), r.row_condition, NULLIF(r.min_size, 0), r.terms, r.decided_by, "
           "r.decided_us, r.until_us, r.emergency " WEFT_MESH_KEYS "FROM trust_requests r "
           "WHERE r.state = 'approved' AND r.until_us > ?2 AND " WEFT_TRUST_AT("r") "ORDER BY r.id",
};

static const struct weft_mesh_column audit_columns[] = {
    {"time", "timestamptz", WEFT_MESH_ALL}, {"principal", "string", WEFT_MESH_ALL},
    {"actor", "string", WEFT_MESH_ALL},     {"key", "string", WEFT_MESH_ALL},
    {"purpose", "string", WEFT_MESH_ALL},   {"door", "string", WEFT_MESH_ALL},
    {"command", "string", WEFT_MESH_ALL},   {"products", "string", WEFT_MESH_ALL},
    {"columns", "string", WEFT_MESH_ALL},   {"decision", "string", WEFT_MESH_ALL},
    {"reason", "string", WEFT_MESH_ALL},    {"agreement", "long", WEFT_MESH_ALL},
    {"rows", "long", WEFT_MESH_ALL},        {"duration_us", "long", WEFT_MESH_ALL},
    {"result", "string", WEFT_MESH_ALL},    {"sequence", "long", WEFT_MESH_ALL},
    {"sql_hash", "string", WEFT_MESH_ALL},  {"hash", "string", WEFT_MESH_ALL}};

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
    .scope = {.rows = WEFT_MESH_OF_READS},
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

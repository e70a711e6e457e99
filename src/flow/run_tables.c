/*
 * run_tables.c - mesh.runs, mesh.checks, mesh.inputs. Texts of messages are joined from the
 * operational flow_messages: gone after a rebuild, the figures are not.
 */
#include "engine/mesh_table.h"
#include "flow/run_internal.h"

#define AT(alias) alias ".seq_from <= ?1 AND (" alias ".seq_to IS NULL OR " alias ".seq_to > ?1) "
#define NAMED                                                                                      \
    "LEFT JOIN catalog_names n ON n.table_name = r.product AND n.seq_from <= ?1 "                  \
    "AND (n.seq_to IS NULL OR n.seq_to > ?1) "

static const struct weft_mesh_column runs_columns[] = {
    {"run_id", "string", WEFT_MESH_ALL},
    {"product", "string", WEFT_MESH_ALL},
    {"started_at", "timestamptz", WEFT_MESH_ALL},
    {"finished_at", "timestamptz", WEFT_MESH_ALL},
    {"state", "string", WEFT_MESH_ALL},
    {"cause", "string", WEFT_MESH_ALL},
    {"read", "long", WEFT_MESH_TEAM},
    {"accepted", "long", WEFT_MESH_TEAM},
    {"made", "long", WEFT_MESH_WHOLE},
    {"published", "long", WEFT_MESH_WHOLE},
    {"quarantined", "long", WEFT_MESH_TEAM},
    {"superseded", "long", WEFT_MESH_WHOLE},
    {"snapshot_id", "long", WEFT_MESH_ALL},
    {"seconds", "double", WEFT_MESH_WHOLE},
    {"memory_bytes", "long", WEFT_MESH_TEAM},
    {"version", "string", WEFT_MESH_ALL},
    {"actor", "string", WEFT_MESH_TEAM},
    {"error", "string", WEFT_MESH_WHOLE},
    {"message", "string", WEFT_MESH_TEAM}};

static const struct weft_mesh_table runs_table = {
    .name = "runs",
    .help = "Every run that was recorded: published, blocked, failed or skipped; the newest first.",
    .columns = runs_columns,
    .column_count = WEFT_COUNT(runs_columns),
    /* What a skipped run says is what went wrong with another product. */
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS,
              .keys = ", r.product, NULL, CASE WHEN r.state = 'skipped' THEN 2 ELSE 0 END",
              .least = WEFT_MESH_ALL},
    .sql =
        "SELECT r.run_id, COALESCE(n.shown, r.product), r.started_at, r.finished_at, r.state, "
        "r.cause, r.read, r.accepted, r.made, r.published, "
        "r.input_quarantined + r.output_quarantined, r.superseded, r.snapshot_id, "
        "r.duration_us / 1000000.0, r.memory_bytes, r.version, r.actor, r.error, "
        "m.text " WEFT_MESH_KEYS "FROM flow_runs r " NAMED
        "LEFT JOIN flow_messages m ON m.run_id = r.run_id AND m.kind = 'error' AND m.ordinal = 1 "
        "WHERE ?2 IS NOT NULL AND r.seq_from <= ?1 ORDER BY r.seq_from DESC",
};

static const struct weft_mesh_column checks_columns[] = {
    {"run_id", "string", WEFT_MESH_ALL},  {"product", "string", WEFT_MESH_ALL},
    {"rule", "string", WEFT_MESH_ALL},    {"kind", "string", WEFT_MESH_ALL},
    {"on_fail", "string", WEFT_MESH_ALL}, {"passed", "boolean", WEFT_MESH_WHOLE},
    {"failing", "long", WEFT_MESH_WHOLE}, {"total", "long", WEFT_MESH_WHOLE},
    {"value", "double", WEFT_MESH_WHOLE}, {"message", "string", WEFT_MESH_TEAM}};

static const struct weft_mesh_table checks_table = {
    .name = "checks",
    .help = "The result of every check of every run, with its figures.",
    .columns = checks_columns,
    .column_count = WEFT_COUNT(checks_columns),
    /* Checks of an input port speak of columns that the product may not have. */
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS,
              .keys = ", r.product, NULL, EXISTS(SELECT 1 FROM catalog_inputs p WHERE p.product = "
                      "n.product AND p.major = n.major AND SUBSTR(r.rule, 1, LENGTH(p.port) + 1) = "
                      "p.port || '.')",
              .least = WEFT_MESH_WHOLE},
    .sql = "SELECT r.run_id, COALESCE(n.shown, r.product), r.rule, r.kind, r.on_fail, r.passed, "
           "r.failing, r.total, r.value, m.text " WEFT_MESH_KEYS "FROM flow_checks r " NAMED
           "LEFT JOIN flow_messages m ON m.run_id = r.run_id AND m.kind = 'check' "
           "AND m.ordinal = r.ordinal "
           "WHERE ?2 IS NOT NULL AND r.seq_from <= ?1 ORDER BY r.seq_from DESC, r.ordinal",
};

static const struct weft_mesh_column inputs_columns[] = {
    {"product", "string", WEFT_MESH_ALL},  {"port", "string", WEFT_MESH_ALL},
    {"kind", "string", WEFT_MESH_ALL},     {"source", "string", WEFT_MESH_TEAM},
    {"upstream", "string", WEFT_MESH_ALL}, {"read", "string", WEFT_MESH_ALL},
    {"position", "string", WEFT_MESH_ALL}, {"read_at", "timestamptz", WEFT_MESH_ALL},
    {"files", "long", WEFT_MESH_WHOLE},    {"records", "long", WEFT_MESH_WHOLE}};

/* Inputs of the contract in force, else of the pending one; then what was loaded by hand. */
static const struct weft_mesh_table inputs_table = {
    .name = "inputs",
    .help = "Where each product gets its data from, and how far it has read.",
    .columns = inputs_columns,
    .column_count = WEFT_COUNT(inputs_columns),
    /* Where it reads files from is for its team, and so is what it has read of another home. */
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS,
              .keys =
                  ", table_name, CASE WHEN upstream IS NULL THEN NULL WHEN up_table IS NOT NULL "
                  "THEN up_table ELSE COALESCE((SELECT u.table_name FROM catalog_names o "
                  "JOIN catalog_reads c ON c.product = o.product AND c.major = o.major AND "
                  "c.name = a.port AND (a.upstream = c.upstream OR a.upstream = c.upstream || '@' "
                  "|| c.upstream_major) AND " AT(
                      "c") "JOIN catalog_names u ON u.product = "
                           "c.upstream AND u.major = c.upstream_major "
                           "AND " AT("u") "WHERE o.table_name = a.table_name "
                                          "AND " AT("o") "LIMIT 1), '?') END, "
                                                         "CASE WHEN upstream IS "
                                                         "NULL THEN 1 ELSE 0 END",
              .least = WEFT_MESH_ALL},
    .sql = "WITH r AS (SELECT f.product, f.port, COUNT(*) AS files, SUM(f.records) AS records, "
           "MAX(f.read_at_us) AS read_at FROM flow_inputs f WHERE f.seq_from <= ?1 AND "
           "(f.seq_to IS NULL OR f.seq_to > ?1) GROUP BY f.product, f.port), "
           "i AS (SELECT n.table_name, n.shown, i.ordinal, i.port, i.kind, i.source, i.upstream, "
           "i.read FROM catalog_names n JOIN catalog_inputs i ON i.product = n.product AND "
           "i.major = n.major AND i.seq_from <= ?1 AND (i.seq_to IS NULL OR i.seq_to > ?1) "
           "WHERE n.seq_from <= ?1 AND (n.seq_to IS NULL OR n.seq_to > ?1) AND i.state = "
           "CASE WHEN EXISTS(SELECT 1 FROM catalog_products p WHERE p.product = n.product AND "
           "p.major = n.major AND p.state = 'in_force' AND p.seq_from <= ?1 AND "
           "(p.seq_to IS NULL OR p.seq_to > ?1)) THEN 'in_force' ELSE 'pending' END), "
           /* "dev:reference.counties": deferred to the environment dev */
           "s AS (SELECT s.product, s.name, CASE WHEN s.environment IS NOT NULL THEN s.environment "
           "|| ':' || SUBSTR(s.source, 1, INSTR(s.source, '@') - 1) ELSE "
           "COALESCE(u.shown, s.source) END AS upstream, s.source AS up_table, s.snapshot_id, "
           "s.records, s.read_at_us FROM flow_sources s LEFT JOIN catalog_names u ON "
           "u.table_name = s.source AND u.seq_from <= ?1 AND (u.seq_to IS NULL OR u.seq_to > ?1) "
           "WHERE s.seq_from <= ?1 AND (s.seq_to IS NULL OR s.seq_to > ?1)), "
           "a AS (SELECT i.shown AS product, i.ordinal, i.port, i.kind, "
           "REPLACE(i.source, '\n', ', ') AS source, COALESCE(s.upstream, i.upstream) AS upstream, "
           "i.read, s.snapshot_id, r.files, COALESCE(r.records, s.records) AS records, "
           "COALESCE(r.read_at, s.read_at_us) AS read_at, i.table_name, s.up_table FROM i "
           "LEFT JOIN r ON r.product = i.table_name AND r.port = i.port "
           "LEFT JOIN s ON s.product = i.table_name AND s.name = i.port "
           /* what the sql names; it is read whole */
           "UNION ALL SELECT COALESCE(n.shown, r.product), 1000000, r.name, 'product', NULL, "
           "r.upstream, 'all', r.snapshot_id, NULL, r.records, r.read_at_us, r.product, r.up_table "
           "FROM s r " NAMED "WHERE NOT EXISTS(SELECT 1 FROM i WHERE i.table_name = r.product AND "
           "i.port = r.name) "
           "UNION ALL SELECT COALESCE(n.shown, r.product), 0, r.port, 'load', NULL, NULL, 'new', "
           "NULL, r.files, r.records, r.read_at, r.product, NULL FROM r " NAMED
           "WHERE NOT EXISTS(SELECT 1 FROM i WHERE i.table_name = r.product AND "
           "i.port = r.port)) "
           "SELECT product, port, kind, source, upstream, read, CASE WHEN snapshot_id IS NOT NULL "
           "THEN CAST(snapshot_id AS TEXT) WHEN files IS NULL THEN NULL "
           "ELSE files || CASE WHEN files = 1 THEN ' file, ' ELSE ' files, ' END || records || "
           "' records' END, read_at, COALESCE(files, 0), COALESCE(records, 0) " WEFT_MESH_KEYS
           "FROM a WHERE ?2 IS NOT NULL ORDER BY product, ordinal, port",
};

static const struct weft_mesh_column run_inputs_columns[] = {
    {"product", "string", WEFT_MESH_ALL},
    {"snapshot_id", "long", WEFT_MESH_ALL},
    {"run_id", "string", WEFT_MESH_ALL},
    {"port", "string", WEFT_MESH_ALL},
    {"kind", "string", WEFT_MESH_ALL},
    {"upstream", "string", WEFT_MESH_ALL},
    {"upstream_snapshot_id", "long", WEFT_MESH_ALL},
    {"since", "long", WEFT_MESH_ALL},
    {"path", "string", WEFT_MESH_TEAM},
    {"hash", "string", WEFT_MESH_TEAM},
    {"size", "long", WEFT_MESH_TEAM},
    {"records", "long", WEFT_MESH_WHOLE},
    {"read_at", "timestamptz", WEFT_MESH_ALL}};

static const struct weft_mesh_table run_inputs_table = {
    .name = "run_inputs",
    .help = "What each run that made a snapshot had read: snapshots of other products, and files "
            "as they were then. `since`: only rows added after that snapshot.",
    .columns = run_inputs_columns,
    .column_count = WEFT_COUNT(run_inputs_columns),
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS,
              .keys = ", r.product, x.up_table, CASE WHEN x.up_table IS NULL THEN 1 ELSE 0 END",
              .least = WEFT_MESH_ALL},
    .sql =
        "SELECT COALESCE(n.shown, r.product), r.snapshot_id, r.run_id, x.port, x.kind, x.upstream, "
        "x.upstream_snapshot_id, NULLIF(x.since, 0), x.path, x.hash, x.size, x.records, "
        "x.read_at " WEFT_MESH_KEYS
        "FROM flow_runs r JOIN (SELECT s.run_id, s.name AS port, 'product' AS kind, "
        "CASE WHEN s.environment IS NOT NULL THEN s.environment || ':' || SUBSTR(s.source, 1, "
        "INSTR(s.source, '@') - 1) ELSE COALESCE(u.shown, s.source) END AS upstream, "
        "s.source AS up_table, s.snapshot_id AS upstream_snapshot_id, s.since, NULL AS path, NULL "
        "AS hash, NULL AS size, "
        "s.records, s.read_at_us AS read_at FROM flow_sources s LEFT JOIN catalog_names u ON "
        "u.table_name = s.source AND u.seq_from <= ?1 AND (u.seq_to IS NULL OR u.seq_to > ?1) "
        "WHERE s.seq_from <= ?1 UNION ALL SELECT f.run_id, f.port, 'files', NULL, NULL, NULL, 0, "
        "f.path, "
        "f.hash, f.size, f.records, f.read_at_us FROM flow_inputs f WHERE f.seq_from <= ?1) x "
        "ON x.run_id = r.run_id " NAMED
        "WHERE ?2 IS NOT NULL AND r.seq_from <= ?1 AND r.snapshot_id IS NOT NULL "
        "ORDER BY r.seq_from DESC, x.kind, x.port, x.path",
};

void weft_flow_mesh_tables_register(void)
{
    weft_mesh_table_register(&runs_table);
    weft_mesh_table_register(&checks_table);
    weft_mesh_table_register(&inputs_table);
    weft_mesh_table_register(&run_inputs_table);
}

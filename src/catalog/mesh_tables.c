/*
 * mesh_tables.c - mesh.products, mesh.columns, mesh.snapshots. The texts name tables of the lake
 * and of flow: all lie in one store, and no other floor sees products, snapshots and runs together.
 */
#include "catalog/catalog_internal.h"
#include "engine/mesh_table.h"

/* As of the request's sequence. */
#define AT(alias) alias ".seq_from <= ?1 AND (" alias ".seq_to IS NULL OR " alias ".seq_to > ?1) "

/* A promise on a field compares its newest value: a figure over the rows. */
static const struct weft_mesh_column products_columns[] = {
    {"product", "string", WEFT_MESH_ALL},
    {"domain", "string", WEFT_MESH_ALL},
    {"name", "string", WEFT_MESH_ALL},
    {"major", "long", WEFT_MESH_ALL},
    {"version", "string", WEFT_MESH_ALL},
    {"owner", "string", WEFT_MESH_ALL},
    {"type", "string", WEFT_MESH_ALL},
    {"status", "string", WEFT_MESH_ALL},
    {"description", "string", WEFT_MESH_ALL},
    {"tags", "list<string>", WEFT_MESH_ALL},
    {"rows", "long", WEFT_MESH_WHOLE},
    {"snapshot_id", "long", WEFT_MESH_ALL},
    {"published_at", "timestamptz", WEFT_MESH_ALL},
    {"checked_at", "timestamptz", WEFT_MESH_ALL},
    {"fresh", "boolean", WEFT_MESH_WHOLE},
    {"pending_version", "string", WEFT_MESH_ALL}};

/* Every text names both parameters: a store refuses to bind one that is not there.
 * A run that looked and found nothing new leaves no entry, only flow_checked. A promise on a field
 * is measured by the run's own check "freshness": its value is the newest value's time (us). */
static const struct weft_mesh_table products_table = {
    .name = "products",
    .help = "Every registered product with its current snapshot and its promises.",
    .columns = products_columns,
    .column_count = WEFT_COUNT(products_columns),
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS,
              .keys = ", t.table_name, NULL, 0",
              .least = WEFT_MESH_ALL},
    /* clang-format off */
    .sql =
        "WITH p AS ("
        "  SELECT n.shown AS product, n.table_name, n.major, n.retired,"
        "    COALESCE(f.domain, q.domain) AS domain, COALESCE(f.name, q.name) AS name,"
        "    COALESCE(f.version, q.version) AS version,"
        "    CASE WHEN n.retired = 0 THEN q.version END AS pending_version,"
        "    CASE WHEN f.product IS NULL THEN q.owner ELSE f.owner END AS owner,"
        "    CASE WHEN f.product IS NULL THEN q.type ELSE f.type END AS type,"
        "    CASE WHEN n.retired <> 0 THEN 'retired' ELSE COALESCE(f.status, q.status) END"
        "      AS status,"
        "    CASE WHEN f.product IS NULL THEN q.description ELSE f.description END AS description,"
        "    COALESCE(f.tags, q.tags) AS tags,"
        "    COALESCE(f.freshness_us, q.freshness_us) AS promise,"
        "    CASE WHEN f.product IS NULL THEN q.freshness_field ELSE f.freshness_field END"
        "      AS promise_field,"
        "    (SELECT MAX(s.seq_from) FROM lake_snapshots s WHERE s.space = 'lake'"
        "       AND s.table_name = n.table_name AND " AT("s") ") AS last_snapshot,"
        "    (SELECT MAX(r.finished_at) FROM flow_runs r WHERE r.product = n.table_name"
        "       AND r.state = 'published' AND r.seq_from <= ?1) AS last_run,"
        "    (SELECT MAX(c.checked_at) FROM flow_checked c WHERE c.product = n.table_name)"
        "      AS last_look,"
        "    (SELECT k.value FROM flow_checks k WHERE k.product = n.table_name"
        "       AND k.rule = 'freshness' AND k.value IS NOT NULL AND k.seq_from <= ?1"
        "       ORDER BY k.seq_from DESC LIMIT 1) AS newest"
        "  FROM catalog_names n"
        "  LEFT JOIN catalog_products q ON q.product = n.product AND q.major = n.major"
        "    AND q.state = 'pending' AND " AT("q")
        "  LEFT JOIN catalog_products f ON f.product = n.product AND f.major = n.major"
        "    AND f.state = 'in_force' AND " AT("f")
        "  WHERE " AT("n") "), "
        "t AS ("
        "  SELECT p.*, CASE WHEN last_look IS NULL OR last_run > last_look THEN last_run"
        "    ELSE last_look END AS checked_at FROM p) "
        "SELECT t.product, t.domain, t.name, t.major, t.version, t.owner, t.type, t.status,"
        "  t.description, t.tags, s.rows, s.snapshot_id, s.committed_at, t.checked_at,"
        "  CASE WHEN t.promise = 0 THEN NULL"
        "    WHEN t.promise_field IS NOT NULL THEN ?2 - t.newest <= t.promise"
        "    WHEN t.checked_at IS NULL THEN 0"
        "    ELSE ?2 - t.checked_at <= t.promise END,"
        "  t.pending_version " WEFT_MESH_KEYS
        "FROM t LEFT JOIN lake_snapshots s ON s.space = 'lake'"
        "  AND s.table_name = t.table_name AND s.seq_from = t.last_snapshot "
        "ORDER BY t.domain, t.name, t.major",
    /* clang-format on */
};

static const struct weft_mesh_column columns_columns[] = {
    {"product", "string", WEFT_MESH_ALL},        {"column", "string", WEFT_MESH_ALL},
    {"ordinal", "long", WEFT_MESH_WHOLE},        {"type", "string", WEFT_MESH_ALL},
    {"required", "boolean", WEFT_MESH_ALL},      {"description", "string", WEFT_MESH_ALL},
    {"classification", "string", WEFT_MESH_ALL}, {"means", "string", WEFT_MESH_ALL}};

static const struct weft_mesh_table columns_table = {
    .name = "columns",
    .help = "The columns of every product: of the contract in force, else of the pending one.",
    .columns = columns_columns,
    .column_count = WEFT_COUNT(columns_columns),
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS,
              .keys = ", n.table_name, NULL, 0",
              .least = WEFT_MESH_ALL,
              .column = "column"},
    /* clang-format off */
    .sql =
        "SELECT n.shown, c.column_name, c.ordinal, c.type, c.required, c.description,"
        "  c.classification, c.means " WEFT_MESH_KEYS
        "FROM catalog_names n "
        "JOIN catalog_columns c ON c.product = n.product AND c.major = n.major AND " AT("c")
        "WHERE ?2 IS NOT NULL AND " AT("n")
        "AND c.state = CASE WHEN EXISTS(SELECT 1 FROM catalog_products f"
        "    WHERE f.product = n.product AND f.major = n.major AND f.state = 'in_force'"
        "    AND " AT("f") ") THEN 'in_force' ELSE 'pending' END "
        "ORDER BY n.product, n.major, c.ordinal",
    /* clang-format on */
};

static const struct weft_mesh_column snapshots_columns[] = {
    {"product", "string", WEFT_MESH_ALL},   {"snapshot_id", "long", WEFT_MESH_ALL},
    {"parent_id", "long", WEFT_MESH_ALL},   {"committed_at", "timestamptz", WEFT_MESH_ALL},
    {"operation", "string", WEFT_MESH_ALL}, {"rows", "long", WEFT_MESH_WHOLE},
    {"added", "long", WEFT_MESH_WHOLE},     {"removed", "long", WEFT_MESH_WHOLE},
    {"files", "long", WEFT_MESH_WHOLE},     {"bytes", "long", WEFT_MESH_WHOLE},
    {"run_id", "string", WEFT_MESH_ALL},    {"contract_version", "string", WEFT_MESH_ALL},
    {"pinned", "boolean", WEFT_MESH_ALL}};

static const struct weft_mesh_table snapshots_table = {
    .name = "snapshots",
    .help = "Every snapshot that a product's table has had, the newest first.",
    .columns = snapshots_columns,
    .column_count = WEFT_COUNT(snapshots_columns),
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS,
              .keys = ", s.table_name, NULL, 0",
              .least = WEFT_MESH_ALL},
    /* clang-format off */
    .sql =
        "SELECT COALESCE(n.shown, s.table_name), s.snapshot_id, NULLIF(s.parent_id, 0),"
        "  s.committed_at, s.operation, s.rows, s.added, s.removed, s.files, s.bytes,"
        "  s.run_id, s.contract_version, 0 " WEFT_MESH_KEYS
        "FROM lake_snapshots s "
        "LEFT JOIN catalog_names n ON n.table_name = s.table_name AND " AT("n")
        "WHERE ?2 IS NOT NULL AND s.space = 'lake' AND s.snapshot_id <> 0 AND " AT("s")
        "ORDER BY 1, s.seq_from DESC",
    /* clang-format on */
};

void weft_catalog_mesh_tables_register(void)
{
    weft_mesh_table_register(&products_table);
    weft_mesh_table_register(&columns_table);
    weft_mesh_table_register(&snapshots_table);
}

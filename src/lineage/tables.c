/*
 * tables.c - mesh.lineage.
 */
#include "engine/mesh_table.h"
#include "lineage/lineage_internal.h"

static const struct weft_mesh_column columns[] = {
    {"product", "string", WEFT_MESH_ALL},  {"column", "string", WEFT_MESH_ALL},
    {"upstream", "string", WEFT_MESH_ALL}, {"upstream_column", "string", WEFT_MESH_ALL},
    {"direct", "boolean", WEFT_MESH_ALL},  {"kinds", "string", WEFT_MESH_ALL},
    {"basis", "string", WEFT_MESH_ALL}};

#define AT(alias) alias ".seq_from <= ?1 AND (" alias ".seq_to IS NULL OR " alias ".seq_to > ?1) "
#define KIND(bit, name) "CASE WHEN (e.how & " bit ") <> 0 THEN '" name " ' ELSE '' END || "

/* Names as they are called in SQL; a port of the product itself has no domain. */
static const struct weft_mesh_table lineage_table = {
    .name = "lineage",
    .help = "Which column comes from which: of the newest contract of every product. Without a "
            "column: what decides which rows there are, and so concerns every column. An upstream "
            "without a domain is an input port of the product, its columns are those of the files.",
    .columns = columns,
    .column_count = WEFT_COUNT(columns),
    /* An input port is no product: for the team. So are columns without an upstream, which would
     * tell that there is none, or that it is one that may not be known. */
    .scope = {.rows = WEFT_MESH_OF_PRODUCTS,
              .keys = ", n.table_name, CASE WHEN INSTR(s.up_product, '.') > 0 THEN "
                      "COALESCE(u.table_name, '?') END, "
                      "CASE WHEN INSTR(s.up_product, '.') > 0 THEN 0 ELSE 1 END",
              .least = WEFT_MESH_ALL,
              .column = "column",
              .other_column = "upstream_column"},
    .sql = "SELECT n.shown, NULLIF(e.column_name, ''), COALESCE(u.shown, s.up_product), "
           "CASE WHEN e.source >= 0 THEN e.up_column END, "
           "CASE WHEN (e.how & 512) <> 0 OR e.how = 0 THEN NULL ELSE (e.how & 7) <> 0 END, "
           "RTRIM(" KIND("1", "identity") KIND("2", "transformation") KIND("4", "aggregation")
               KIND("8", "conditional") KIND("16", "filter") KIND("32", "join")
                   KIND("64", "group_by") KIND("128", "sort") KIND("256", "window")
                       KIND("512",
                            "unknown") "''), "
                                       "p.basis " WEFT_MESH_KEYS "FROM catalog_names n "
                                       "JOIN lineage_products p ON p.product = n.product AND "
                                       "p.major = n.major AND " AT(
                                           "p") "JOIN lineage_edges e ON e.entry = p.entry "
                                                "LEFT JOIN lineage_sources s ON s.entry = e.entry "
                                                "AND s.source = e.source AND " AT(
                                                    "s") "LEFT JOIN catalog_names u ON u.product = "
                                                         "s.up_product AND u.major = s.up_major "
                                                         "AND " AT("u") "WHERE ?2 IS NOT NULL "
                                                                        "AND " AT("n") "ORDER BY "
                                                                                       "n.product, "
                                                                                       "n.major, "
                                                                                       "e.ordinal",
};

void lineage_tables_register(void)
{
    weft_mesh_table_register(&lineage_table);
}

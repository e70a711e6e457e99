/*
 * edges_fold.c - entries of lineage into tables.
 */
#include "lineage/lineage_internal.h"

#include <stdarg.h>
#include <string.h>

static const struct weft_ledger_table products_table = {
    .name = "lineage_products",
    .ddl = "CREATE TABLE IF NOT EXISTS lineage_products("
           "product TEXT NOT NULL, major BIGINT NOT NULL, entry BIGINT NOT NULL,"
           "digest TEXT NOT NULL, basis TEXT NOT NULL, seq_from BIGINT NOT NULL, seq_to BIGINT,"
           "PRIMARY KEY(product, major, seq_from));"
           "CREATE INDEX IF NOT EXISTS lineage_products_entry ON lineage_products(entry);",
    .state = "SELECT product, major, entry, digest, basis, seq_from FROM lineage_products "
             "WHERE seq_to IS NULL ORDER BY product, major",
};

static const struct weft_ledger_table sources_table = {
    .name = "lineage_sources",
    .ddl = "CREATE TABLE IF NOT EXISTS lineage_sources("
           "entry BIGINT NOT NULL, source BIGINT NOT NULL, up_product TEXT NOT NULL,"
           "up_major BIGINT NOT NULL, seq_from BIGINT NOT NULL, seq_to BIGINT,"
           "PRIMARY KEY(entry, source, seq_from));"
           "CREATE INDEX IF NOT EXISTS lineage_sources_up ON "
           "lineage_sources(up_product, up_major);",
    .state = "SELECT s.entry, s.source, s.up_product, s.up_major, s.seq_from "
             "FROM lineage_sources s JOIN lineage_products p ON p.entry = s.entry AND p.seq_to IS "
             "NULL WHERE s.seq_to IS NULL ORDER BY s.entry, s.source",
};

/* Of a contract, which never changes: it holds as long as the row of lineage_products. */
static const struct weft_ledger_table edges_table = {
    .name = "lineage_edges",
    .ddl = "CREATE TABLE IF NOT EXISTS lineage_edges("
           "entry BIGINT NOT NULL, ordinal BIGINT NOT NULL, column_name TEXT NOT NULL,"
           "source BIGINT NOT NULL, up_column TEXT NOT NULL, how BIGINT NOT NULL);"
           "CREATE INDEX IF NOT EXISTS lineage_edges_column ON lineage_edges(entry, column_name);"
           "CREATE INDEX IF NOT EXISTS lineage_edges_up ON "
           "lineage_edges(entry, source, up_column);",
    .state = "SELECT e.entry, e.ordinal, e.column_name, e.source, e.up_column, e.how "
             "FROM lineage_edges e JOIN lineage_products p ON p.entry = e.entry AND p.seq_to IS "
             "NULL ORDER BY e.entry, e.ordinal",
};

/* ---- statements ---- */

static void stmt_bind(struct weft_stmt *stmt, const char *format, va_list args)
{
    for (int i = 0; format[i] != '\0'; i++) {
        if (format[i] == 'i')
            weft_stmt_bind_int(stmt, i + 1, va_arg(args, int64_t));
        else
            weft_stmt_bind_text(stmt, i + 1, va_arg(args, const char *));
    }
}

int lineage_exec(struct weft_ledger_txn *txn, struct weft_error *error, const char *sql,
                 const char *format, ...)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_stmt_prepare(txn, sql, &stmt, error));
    va_list args;
    va_start(args, format);
    stmt_bind(stmt, format, args);
    va_end(args);
    int rc = weft_stmt_step(stmt, error);
    return rc < 0 ? rc : 0;
}

int lineage_query(struct weft_ledger_txn *txn, struct weft_stmt **out, struct weft_error *error,
                  const char *sql, const char *format, ...)
{
    WEFT_TRY(weft_stmt_prepare(txn, sql, out, error));
    va_list args;
    va_start(args, format);
    stmt_bind(*out, format, args);
    va_end(args);
    return 0;
}

int lineage_text(struct weft_arena *arena, struct weft_stmt *stmt, int column, const char **out,
                 struct weft_error *error)
{
    *out = weft_arena_strdup(arena, weft_stmt_column_text(stmt, column));
    WEFT_TRY(weft_stmt_check(stmt, error));
    return *out == NULL ? weft_error_nomem(error) : 0;
}

/* ---- folding ---- */

struct folder {
    struct weft_ledger_txn *txn;
    int64_t entry;
    yyjson_val *body;
    struct weft_stmt *insert; /* of an edge: a contract may have thousands */
    int64_t ordinal;
    struct weft_error *error;
};

static int folder_corrupt(struct folder *folder)
{
    return weft_error_set(folder->error, WEFT_E_CORRUPT, "an entry of lineage does not read");
}

static int edge_put(struct folder *folder, const char *column, int64_t source, const char *name,
                    int64_t how)
{
    weft_stmt_reset(folder->insert);
    weft_stmt_bind_int(folder->insert, 1, folder->entry);
    weft_stmt_bind_int(folder->insert, 2, ++folder->ordinal);
    weft_stmt_bind_text(folder->insert, 3, column);
    weft_stmt_bind_int(folder->insert, 4, source);
    weft_stmt_bind_text(folder->insert, 5, name);
    weft_stmt_bind_int(folder->insert, 6, how);
    int rc = weft_stmt_step(folder->insert, folder->error);
    return rc < 0 ? rc : 0;
}

static int sources_fold(struct folder *folder)
{
    size_t i, max;
    yyjson_val *source;
    yyjson_arr_foreach(yyjson_obj_get(folder->body, "sources"), i, max, source)
    {
        const char *name = yyjson_get_str(yyjson_arr_get(source, 0));
        yyjson_val *major = yyjson_arr_get(source, 1);
        if (name == NULL || !yyjson_is_int(major))
            return folder_corrupt(folder);
        WEFT_TRY(lineage_exec(folder->txn, folder->error,
                              "INSERT INTO lineage_sources(entry, source, up_product, up_major, "
                              "seq_from) VALUES(?1, ?2, ?3, ?4, ?1)",
                              "iiti", folder->entry, (int64_t)i, name, yyjson_get_sint(major)));
    }
    return 0;
}

static int edges_fold(struct folder *folder, yyjson_val *columns, bool *seen)
{
    size_t i, max;
    yyjson_val *edge;
    size_t sources = yyjson_arr_size(yyjson_obj_get(folder->body, "sources"));
    size_t count = yyjson_arr_size(columns);
    yyjson_arr_foreach(yyjson_obj_get(folder->body, "edges"), i, max, edge)
    {
        yyjson_val *column = yyjson_arr_get(edge, 0), *source = yyjson_arr_get(edge, 1);
        yyjson_val *name = yyjson_arr_get(edge, 2), *how = yyjson_arr_get(edge, 3);
        if (!yyjson_is_int(column) || !yyjson_is_int(source) || !yyjson_is_str(name) ||
            !yyjson_is_int(how) || yyjson_get_sint(column) < -1 ||
            yyjson_get_sint(column) >= (int64_t)count || yyjson_get_sint(source) < 0 ||
            yyjson_get_sint(source) >= (int64_t)sources)
            return folder_corrupt(folder);
        int64_t at = yyjson_get_sint(column);
        const char *text = at < 0 ? "" : yyjson_get_str(yyjson_arr_get(columns, (size_t)at));
        if (at >= 0)
            seen[at] = true;
        WEFT_TRY(edge_put(folder, text == NULL ? "" : text, yyjson_get_sint(source),
                          yyjson_get_str(name), yyjson_get_sint(how) & WEFT_LINEAGE_ALL));
    }
    return 0;
}

/* Every column has a row: those without an edge, and those that may have more. */
static int columns_fold(struct folder *folder, yyjson_val *columns, const bool *seen)
{
    size_t i, max;
    yyjson_val *item;
    yyjson_arr_foreach(columns, i, max, item)
    {
        if (!yyjson_is_str(item))
            return folder_corrupt(folder);
        if (!seen[i])
            WEFT_TRY(edge_put(folder, yyjson_get_str(item), -1, "", 0));
    }
    yyjson_arr_foreach(yyjson_obj_get(folder->body, "lost"), i, max, item)
    {
        const char *name = yyjson_is_int(item)
                               ? yyjson_get_str(yyjson_arr_get(columns, yyjson_get_uint(item)))
                               : NULL;
        if (name == NULL)
            return folder_corrupt(folder);
        WEFT_TRY(edge_put(folder, name, -1, "", WEFT_LINEAGE_UNKNOWN));
    }
    return 0;
}

static int fold_rows(struct folder *folder)
{
    yyjson_val *columns = yyjson_obj_get(folder->body, "columns");
    size_t count = yyjson_arr_size(columns);
    if (count > LINEAGE_COLUMNS_MAX)
        return folder_corrupt(folder);
    WEFT_CLEANUP(weft_freep) bool *seen = weft_alloc_array(count + 1, sizeof *seen);
    if (seen == NULL)
        return weft_error_nomem(folder->error);
    WEFT_TRY(weft_stmt_prepare(folder->txn,
                               "INSERT INTO lineage_edges(entry, ordinal, column_name, source, "
                               "up_column, how) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                               &folder->insert, folder->error));
    int rc = sources_fold(folder);
    if (rc == 0)
        rc = edges_fold(folder, columns, seen);
    if (rc == 0)
        rc = columns_fold(folder, columns, seen);
    weft_stmt_free(folder->insert);
    return rc;
}

static int fold_lineage(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, struct weft_error *error)
{
    struct folder folder = {.txn = txn, .entry = entry->sequence, .body = body, .error = error};
    const char *product = NULL, *digest = NULL;
    int64_t major = 0;
    WEFT_TRY(weft_json_text(body, "product", &product, error));
    WEFT_TRY(weft_json_int(body, "major", &major, error));
    WEFT_TRY(weft_json_text(body, "digest", &digest, error));
    WEFT_TRY(weft_lineage_fold_dropped(txn, product, major, entry->sequence, error));
    WEFT_TRY(lineage_exec(txn, error,
                          "INSERT INTO lineage_products(product, major, entry, digest, basis, "
                          "seq_from) VALUES(?1, ?2, ?3, ?4, ?5, ?3)",
                          "tiitt", product, major, entry->sequence, digest,
                          weft_json_text_or(body, "basis", "none")));
    return fold_rows(&folder);
}

int weft_lineage_fold_dropped(struct weft_ledger_txn *txn, const char *product, int64_t major,
                              int64_t sequence, struct weft_error *error)
{
    return lineage_exec(txn, error,
                        "UPDATE lineage_products SET seq_to = ?3 WHERE product = ?1 AND major = ?2 "
                        "AND seq_to IS NULL",
                        "tii", product, major, sequence);
}

int weft_lineage_fold_renamed(struct weft_ledger_txn *txn, const char *from, const char *to,
                              int64_t sequence, struct weft_error *error)
{
    static const char *const copies[] = {
        "INSERT INTO lineage_products(product, major, entry, digest, basis, seq_from) SELECT ?2, "
        "major, entry, digest, basis, ?3 FROM lineage_products WHERE product = ?1 AND seq_to IS "
        "NULL",
        "INSERT INTO lineage_sources(entry, source, up_product, up_major, seq_from) SELECT entry, "
        "source, ?2, up_major, ?3 FROM lineage_sources WHERE up_product = ?1 AND seq_to IS NULL"};
    static const char *const ends[] = {
        "UPDATE lineage_products SET seq_to = ?2 WHERE product = ?1 AND seq_to IS NULL",
        "UPDATE lineage_sources SET seq_to = ?2 WHERE up_product = ?1 AND seq_to "
        "IS NULL"};
    for (size_t i = 0; i < WEFT_COUNT(copies); i++) {
        WEFT_TRY(lineage_exec(txn, error, copies[i], "tti", from, to, sequence));
        WEFT_TRY(lineage_exec(txn, error, ends[i], "ti", from, sequence));
    }
    return 0;
}

void lineage_fold_register(void)
{
    static const struct weft_ledger_kind kind = {
        .name = LINEAGE_KIND, .version = 1, .fold = fold_lineage};
    weft_ledger_register_kind(&kind);
    weft_ledger_register_table(&products_table);
    weft_ledger_register_table(&sources_table);
    weft_ledger_register_table(&edges_table);
}

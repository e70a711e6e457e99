/*
 * reads.c - what a contract reads: written into its entry, folded into catalog_reads, given back.
 *
 * In an entry: "reads": [{"name": "counties", "port": true, "product": "reference.counties",
 * "major": 1}]; one without the member reads no product.
 */
#include "catalog/catalog_internal.h"

#include <string.h>

const struct weft_ledger_table weft_catalog_reads_table = {
    .name = "catalog_reads",
    .ddl = "CREATE TABLE IF NOT EXISTS catalog_reads("
           "product TEXT NOT NULL, major BIGINT NOT NULL, state TEXT NOT NULL,"
           "ordinal BIGINT NOT NULL, name TEXT NOT NULL, is_port BIGINT NOT NULL,"
           "upstream TEXT NOT NULL, upstream_major BIGINT NOT NULL,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT,"
           "PRIMARY KEY(product, major, state, ordinal, seq_from));"
           "CREATE INDEX IF NOT EXISTS catalog_reads_upstream"
           " ON catalog_reads(upstream, upstream_major) WHERE seq_to IS NULL;",
    .state = "SELECT product, major, state, ordinal, name, is_port, upstream, upstream_major, "
             "seq_from FROM catalog_reads WHERE seq_to IS NULL "
             "ORDER BY product, major, state, ordinal",
};

/* ---- the entry ---- */

void weft_catalog_reads_write(struct weft_json_writer *writer,
                              const struct weft_registered_reads *reads)
{
    if (reads == NULL || reads->count == 0)
        return;
    weft_json_key(writer, "reads");
    weft_json_begin_array(writer);
    for (size_t i = 0; i < reads->count; i++) {
        const struct weft_registered_read *read = &reads->items[i];
        weft_json_begin_object(writer);
        weft_json_member_text(writer, "name", read->name);
        weft_json_member_bool(writer, "port", read->is_port);
        weft_json_member_text(writer, "product", read->full_name);
        weft_json_member_int(writer, "major", read->major);
        weft_json_end_object(writer);
    }
    weft_json_end_array(writer);
}

/* Points into the body. */
static int read_of(yyjson_val *value, struct weft_registered_read *out, struct weft_error *error)
{
    int64_t major = 0;
    WEFT_TRY(weft_json_text(value, "name", &out->name, error));
    WEFT_TRY(weft_json_text(value, "product", &out->full_name, error));
    WEFT_TRY(weft_json_int(value, "major", &major, error));
    out->is_port = weft_json_bool_or(value, "port", false);
    out->major = (int)major;
    if (strlen(out->full_name) >= WEFT_CATALOG_NAME_SIZE || strchr(out->full_name, '.') == NULL)
        return weft_error_set(error, WEFT_E_CORRUPT, "%.40s is no name of a product",
                              out->full_name);
    return 0;
}

/* ---- folding ---- */

int weft_catalog_reads_fold(struct weft_ledger_txn *txn, const char *product, int64_t major,
                            yyjson_val *reads, int64_t sequence, struct weft_error *error)
{
    size_t i, max;
    yyjson_val *value;
    if (reads == NULL)
        return 0;
    yyjson_arr_foreach(reads, i, max, value)
    {
        struct weft_registered_read read;
        WEFT_TRY(read_of(value, &read, error));
        WEFT_TRY(weft_sql_exec(
            txn, error,
            "INSERT INTO catalog_reads(product, major, state, ordinal, name, is_port, upstream, "
            "upstream_major, seq_from) VALUES(?1, ?2, 'pending', ?3, ?4, ?5, ?6, ?7, ?8)",
            "tiititii", product, major, (int64_t)i + 1, read.name, (int64_t)read.is_port,
            read.full_name, (int64_t)read.major, sequence));
    }
    return 0;
}

static bool read_equals(struct weft_stmt *stmt, const struct weft_registered_read *read)
{
    return strcmp(weft_stmt_column_text(stmt, 0), read->name) == 0 &&
           weft_stmt_column_int(stmt, 1) == read->is_port &&
           strcmp(weft_stmt_column_text(stmt, 2), read->full_name) == 0 &&
           weft_stmt_column_int(stmt, 3) == read->major;
}

int weft_catalog_reads_same(struct weft_ledger_txn *txn, const char *product, int64_t major,
                            yyjson_val *reads, bool *same, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    size_t i = 0, count = yyjson_arr_size(reads);
    int rc;
    *same = true;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT name, is_port, upstream, upstream_major FROM catalog_reads "
                            "WHERE product = ?1 AND major = ?2 AND state = 'in_force' AND "
                            "seq_to IS NULL ORDER BY ordinal",
                            "ti", product, major));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        struct weft_registered_read read;
        if (i < count) {
            WEFT_TRY(read_of(yyjson_arr_get(reads, i), &read, error));
            *same = *same && read_equals(stmt, &read);
        }
        i++;
    }
    *same = *same && i == count;
    return rc < 0 ? rc : 0;
}

/* ---- reading ---- */

/* Of the newest contract as of ?1: the pending one, else the one in force. */
static const char reads_sql[] =
    "SELECT r.product, r.major, r.name, r.is_port, r.upstream, r.upstream_major "
    "FROM catalog_reads r WHERE r.seq_from <= ?1 AND (r.seq_to IS NULL OR r.seq_to > ?1) "
    "AND (r.state = 'pending' OR NOT EXISTS (SELECT 1 FROM catalog_products q "
    "WHERE q.product = r.product AND q.major = r.major AND q.state = 'pending' "
    "AND q.seq_from <= ?1 AND (q.seq_to IS NULL OR q.seq_to > ?1))) ";

struct reads_list {
    struct weft_registered_read *items;
    size_t count, capacity;
};

static int reads_add(struct weft_arena *arena, struct weft_stmt *stmt, struct reads_list *list,
                     struct weft_error *error)
{
    if (weft_arena_reserve(arena, &list->items, &list->capacity, list->count + 1,
                           sizeof *list->items) < 0)
        return weft_error_nomem(error);
    struct weft_registered_read *read = &list->items[list->count];
    *read = (struct weft_registered_read){.is_port = weft_stmt_column_int(stmt, 3) != 0,
                                          .major = (int)weft_stmt_column_int(stmt, 5)};
    WEFT_TRY(weft_sql_text(arena, stmt, 2, &read->name, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 4, &read->full_name, error));
    list->count++;
    return 0;
}

int weft_catalog_reads_get(struct weft_ledger_txn *txn, struct weft_arena *arena,
                           const char *product, int major, int64_t sequence,
                           struct weft_registered_reads *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct reads_list list = {0};
    char sql[800];
    int rc;
    snprintf(sql, sizeof sql, "%sAND r.product = ?2 AND r.major = ?3 ORDER BY r.ordinal",
             reads_sql);
    WEFT_TRY(weft_sql_query(txn, &stmt, error, sql, "iti", sequence, product, (int64_t)major));
    while ((rc = weft_stmt_step(stmt, error)) == 0)
        WEFT_TRY(reads_add(arena, stmt, &list, error));
    WEFT_TRY(rc);
    *out = (struct weft_registered_reads){list.items, list.count};
    return 0;
}

/* Both lists are in one order; of a product that was dropped no row is left. */
int weft_catalog_reads_of_all(struct weft_ledger_txn *txn, struct weft_arena *arena,
                              struct weft_registered_digest *digests, size_t count,
                              struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct reads_list list = {0};
    size_t at = 0;
    char sql[800];
    int rc;
    snprintf(sql, sizeof sql, "%sORDER BY r.product, r.major, r.ordinal", reads_sql);
    WEFT_TRY(weft_sql_query(txn, &stmt, error, sql, "i", INT64_MAX));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        const char *product = weft_stmt_column_text(stmt, 0);
        int major = (int)weft_stmt_column_int(stmt, 1);
        bool first = false;
        while (at < count &&
               (strcmp(digests[at].full_name, product) != 0 || digests[at].major != major)) {
            at++;
            first = true;
        }
        if (at == count)
            return weft_error_set(error, WEFT_E_CORRUPT, "%s@%d reads, but is not registered",
                                  product, major);
        if (first)
            list = (struct reads_list){0};
        WEFT_TRY(reads_add(arena, stmt, &list, error));
        digests[at].reads = (struct weft_registered_reads){list.items, list.count};
    }
    return rc < 0 ? rc : 0;
}

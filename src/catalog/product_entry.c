/*
 * product_entry.c - appending the facts of product_entry.h, and reading the folded rows back as
 * products.
 */
#include "catalog/product_entry.h"

#include "catalog/catalog_internal.h"

#include <stdio.h>
#include <string.h>

const struct weft_product *weft_registered_newest(const struct weft_registered *registered)
{
    return registered->pending != NULL ? registered->pending : registered->in_force;
}

/* ---- reading ---- */

/* Names and both contracts as they were at ?1. */
#define CATALOG_AT(alias)                                                                          \
    alias ".seq_from <= ?1 AND (" alias ".seq_to IS NULL OR " alias ".seq_to > ?1) "

static const char registered_sql[] =
    "SELECT n.product, n.major, n.table_name, n.shown, n.retired, "
    "COALESCE(q.folder, f.folder), q.document, f.document, COALESCE(q.seq_from, f.seq_from) "
    "FROM catalog_names n "
    "LEFT JOIN catalog_products q ON q.product = n.product AND q.major = n.major "
    "AND q.state = 'pending' AND " CATALOG_AT(
        "q") "LEFT JOIN catalog_products f ON f.product = n.product AND f.major = n.major "
             "AND f.state = 'in_force' AND " CATALOG_AT("f") "WHERE " CATALOG_AT("n");

/* A contract that was registered under another name is one of the name that it has now. */
static int product_rename(struct weft_arena *arena, const char *full_name,
                          const struct weft_product **product, struct weft_error *error)
{
    size_t length = strcspn(full_name, ".");
    if (strcmp((*product)->full_name, full_name) == 0)
        return 0;
    struct weft_product *renamed = weft_arena_alloc(arena, sizeof *renamed);
    const char *domain = weft_arena_strndup(arena, full_name, length);
    if (renamed == NULL || domain == NULL)
        return weft_error_nomem(error);
    *renamed = **product;
    renamed->full_name = full_name;
    renamed->domain = domain;
    renamed->name = full_name + length + 1;
    *product = renamed;
    return 0;
}

static int document_read(struct weft_arena *arena, struct weft_stmt *stmt, int column,
                         const struct weft_registered *registered, const struct weft_product **out,
                         struct weft_error *error)
{
    const char *document = NULL;
    const char *folder = registered->folder == NULL ? "" : registered->folder;
    WEFT_TRY(weft_sql_text(arena, stmt, column, &document, error));
    if (document == NULL)
        return 0;
    if (weft_product_from_document(arena, document, folder, out, error) < 0)
        return weft_error_prefix(error, "the registered contract of %s", registered->name);
    return product_rename(arena, registered->full_name, out, error);
}

/* Of its key, which may be that of another name: lake/d/p__v1 for "d.p", lake/d/p__v2 for
 * "d.p__v2". */
static int folders_make(struct weft_arena *arena, struct weft_registered *r,
                        struct weft_error *error)
{
    int domain = (int)strcspn(r->table, ".");
    const char *name = r->table + domain + 1;
    char version[16] = "";
    if (strstr(name, "__v") == NULL)
        snprintf(version, sizeof version, "__v%d", r->major);
    r->table_folder = weft_arena_format(arena, "lake/%.*s/%s%s", domain, r->table, name, version);
    r->quarantine_folder =
        weft_arena_format(arena, "quarantine/%.*s/%s%s", domain, r->table, name, version);
    return r->table_folder == NULL || r->quarantine_folder == NULL ? weft_error_nomem(error) : 0;
}

static int registered_read(struct weft_ledger_txn *txn, struct weft_arena *arena,
                           struct weft_stmt *stmt, int64_t sequence, struct weft_registered *out,
                           struct weft_error *error)
{
    struct weft_registered r = {.major = (int)weft_stmt_column_int(stmt, 1),
                                .retired = weft_stmt_column_int(stmt, 4) != 0,
                                .sequence = weft_stmt_column_int(stmt, 8)};
    WEFT_TRY(weft_sql_text(arena, stmt, 0, &r.full_name, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 2, &r.table, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 3, &r.name, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 5, &r.folder, error));
    WEFT_TRY(folders_make(arena, &r, error));
    WEFT_TRY(document_read(arena, stmt, 6, &r, &r.pending, error));
    WEFT_TRY(document_read(arena, stmt, 7, &r, &r.in_force, error));
    WEFT_TRY(weft_catalog_reads_get(txn, arena, r.full_name, r.major, sequence, &r.reads, error));
    *out = r;
    return 0;
}

int weft_catalog_product(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         const char *full_name, int major, int64_t sequence,
                         struct weft_registered *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    char sql[1200];
    snprintf(sql, sizeof sql,
             "%sAND n.product = ?2 AND (n.major = ?3 OR (?3 < 0 AND n.shown = ?2))",
             registered_sql);
    sequence = weft_ledger_at(sequence);
    WEFT_TRY(weft_sql_query(txn, &stmt, error, sql, "iti", sequence, full_name, (int64_t)major));
    int rc = weft_stmt_step(stmt, error);
    WEFT_TRY(rc);
    return rc == WEFT_END ? WEFT_NOT_THERE
                          : registered_read(txn, arena, stmt, sequence, out, error);
}

int weft_catalog_products(struct weft_ledger_txn *txn, struct weft_arena *arena,
                          struct weft_registered_list *out, struct weft_error *error)
{
    return weft_catalog_products_at(txn, arena, 0, out, error);
}

int weft_catalog_products_at(struct weft_ledger_txn *txn, struct weft_arena *arena,
                             int64_t sequence, struct weft_registered_list *out,
                             struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_registered *items = NULL;
    size_t count = 0, capacity = 0;
    char sql[1200];
    int rc;
    snprintf(sql, sizeof sql, "%sORDER BY n.product, n.major", registered_sql);
    sequence = weft_ledger_at(sequence);
    WEFT_TRY(weft_sql_query(txn, &stmt, error, sql, "i", sequence));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        WEFT_TRY(registered_read(txn, arena, stmt, sequence, &items[count], error));
        count++;
    }
    WEFT_TRY(rc);
    *out = (struct weft_registered_list){.items = items, .count = count};
    return 0;
}

/* As fold.c writes them: a JSON array of texts. */
static int tags_read(struct weft_arena *arena, const char *json, struct weft_texts *out,
                     struct weft_error *error)
{
    yyjson_doc *doc __attribute__((cleanup(weft_json_freep))) = NULL;
    if (json[0] == '\0' || strcmp(json, "[]") == 0)
        return 0;
    WEFT_TRY(weft_json_parse(json, strlen(json), 0, &doc, error));
    size_t i, max;
    yyjson_val *tag, *array = yyjson_doc_get_root(doc);
    const char **items = weft_arena_array(arena, yyjson_arr_size(array), sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    yyjson_arr_foreach(array, i, max, tag)
    {
        items[i] = weft_arena_strdup(arena, yyjson_get_str(tag));
        if (items[i] == NULL)
            return weft_error_nomem(error);
    }
    *out = (struct weft_texts){items, yyjson_arr_size(array)};
    return 0;
}

static int digest_read(struct weft_arena *arena, struct weft_stmt *stmt,
                       struct weft_registered_digest *out, struct weft_error *error)
{
    *out = (struct weft_registered_digest){.major = (int)weft_stmt_column_int(stmt, 1),
                                           .retired = weft_stmt_column_int(stmt, 5) != 0};
    WEFT_TRY(tags_read(arena, weft_stmt_column_text(stmt, 6), &out->tags, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 0, &out->full_name, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 2, &out->version, error));
    WEFT_TRY(weft_sql_text(arena, stmt, 3, &out->pending_digest, error));
    return weft_sql_text(arena, stmt, 4, &out->in_force_digest, error);
}

int weft_catalog_digests(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         struct weft_registered_digest **out, size_t *out_count,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    struct weft_registered_digest *items = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_sql_query(
        txn, &stmt, error,
        "SELECT n.product, n.major, COALESCE(q.version, f.version), q.digest, f.digest, n.retired, "
        "COALESCE(q.tags, f.tags) "
        "FROM catalog_names n LEFT JOIN catalog_products q ON q.product = n.product AND "
        "q.major = n.major AND q.state = 'pending' AND q.seq_to IS NULL "
        "LEFT JOIN catalog_products f ON f.product = n.product AND f.major = n.major AND "
        "f.state = 'in_force' AND f.seq_to IS NULL "
        "WHERE n.seq_to IS NULL ORDER BY n.product, n.major",
        ""));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        WEFT_TRY(digest_read(arena, stmt, &items[count], error));
        count++;
    }
    WEFT_TRY(rc);
    WEFT_TRY(weft_catalog_reads_of_all(txn, arena, items, count, error));
    *out = items;
    *out_count = count;
    return 0;
}

/* ---- appending ---- */

static void body_begin(struct weft_json_writer *writer, struct weft_buf *body, const char *product,
                       int major)
{
    /* Escapes may make a document longer than the ledger takes; the ledger refuses it then. */
    weft_buf_init(body, (size_t)4 * WEFT_LEDGER_BODY_MAX);
    weft_json_writer_init(writer, body);
    weft_json_begin_object(writer);
    weft_json_member_text(writer, "product", product);
    weft_json_member_int(writer, "major", major);
}

/* Ends the body, appends the entry, releases the body. */
static int body_append(struct weft_json_writer *writer, struct weft_buf *body,
                       struct weft_ledger_txn *txn, const char *actor, const char *kind,
                       struct weft_error *error)
{
    int64_t sequence = 0;
    weft_json_end_object(writer);
    int rc = weft_buf_check(body, error);
    if (rc == 0)
        rc = weft_ledger_append(txn, actor, kind, body->data, &sequence, error);
    weft_buf_release(body);
    return rc;
}

int weft_catalog_put(struct weft_ledger_txn *txn, const char *actor,
                     const struct weft_product *product, const struct weft_registered_reads *reads,
                     const char *environment, struct weft_error *error)
{
    struct weft_json_writer writer;
    struct weft_buf body;
    body_begin(&writer, &body, product->full_name, product->major);
    weft_json_member_text(&writer, "version", product->version);
    weft_json_member_text(&writer, "digest", product->digest);
    weft_json_member_text(&writer, "folder", product->folder);
    weft_json_member_text(&writer, "environment", environment);
    weft_catalog_reads_write(&writer, reads);
    weft_json_member_text(&writer, "document", product->document);
    int rc = body_append(&writer, &body, txn, actor, WEFT_KIND_REGISTERED, error);
    if (rc < 0 && error->code == WEFT_E_LIMIT)
        return weft_error_prefix(error, "the contract of %s", product->full_name);
    return rc;
}

int weft_catalog_retire(struct weft_ledger_txn *txn, const char *actor, const char *full_name,
                        int major, const char *because, struct weft_error *error)
{
    struct weft_json_writer writer;
    struct weft_buf body;
    body_begin(&writer, &body, full_name, major);
    if (because != NULL)
        weft_json_member_text(&writer, "because", because);
    return body_append(&writer, &body, txn, actor, WEFT_KIND_RETIRED, error);
}

int weft_catalog_drop(struct weft_ledger_txn *txn, const char *actor, const char *full_name,
                      int major, const char *because, struct weft_error *error)
{
    struct weft_json_writer writer;
    struct weft_buf body;
    body_begin(&writer, &body, full_name, major);
    weft_json_member_text(&writer, "because", because);
    return body_append(&writer, &body, txn, actor, WEFT_KIND_DROPPED, error);
}

/* Are the columns of the contract in force these? */
static int detected_same(struct weft_ledger_txn *txn, const struct weft_product *product,
                         const char *const *detected, size_t count, bool *same,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    size_t i = 0;
    int rc;
    *same = true;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT column_name || ': ' || type FROM catalog_columns WHERE product "
                            "= ?1 AND major = ?2 AND state = 'in_force' AND seq_to IS NULL "
                            "ORDER BY ordinal",
                            "ti", product->full_name, (int64_t)product->major));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (i >= count || strcmp(weft_stmt_column_text(stmt, 0), detected[i]) != 0)
            *same = false;
        i++;
    }
    *same = *same && i == count;
    return rc < 0 ? rc : 0;
}

/* 1 = the digest is pending, 2 = it is in force, 0 = neither. */
static int contract_state(struct weft_ledger_txn *txn, const struct weft_product *product,
                          int64_t *state, struct weft_error *error)
{
    *state = 0;
    int rc = weft_sql_int(txn, state, error,
                          "SELECT CASE state WHEN 'pending' THEN 1 ELSE 2 END FROM "
                          "catalog_products WHERE product = ?1 AND major = ?2 AND digest = ?3 AND "
                          "seq_to IS NULL ORDER BY state DESC LIMIT 1",
                          "tit", product->full_name, (int64_t)product->major, product->digest);
    return rc < 0 ? rc : 0;
}

int weft_catalog_enforce_detected(struct weft_ledger_txn *txn, const char *actor,
                                  const struct weft_product *product, const char *const *detected,
                                  size_t detected_count, struct weft_error *error)
{
    int64_t state = 0;
    bool same = true, same_rows = false;
    char digest[WEFT_SHA256_HEX];
    memcpy(digest, product->digest, sizeof digest);
    WEFT_TRY(contract_state(txn, product, &state, error));
    if (state == 0)
        WEFT_TRY(weft_catalog_same_rows(txn, product, digest, &same_rows, error));
    if (same_rows)
        state = 2; /* words were changed while it ran */
    if (state == 0)
        return weft_error_set(error, WEFT_E_CONFLICT,
                              "another contract of %s was registered in the meantime",
                              product->full_name);
    if (product->schema.count > 0)
        detected_count = 0; /* its columns are those of the contract */
    if (state == 2 && detected_count > 0)
        WEFT_TRY(detected_same(txn, product, detected, detected_count, &same, error));
    if (state == 2 && same)
        return 0;
    struct weft_json_writer writer;
    struct weft_buf body;
    body_begin(&writer, &body, product->full_name, product->major);
    weft_json_member_text(&writer, "version", product->version);
    weft_json_member_text(&writer, "digest", digest);
    if (detected_count > 0) {
        weft_json_key(&writer, "detected");
        weft_json_begin_array(&writer);
        for (size_t i = 0; i < detected_count; i++)
            weft_json_put_text(&writer, detected[i]);
        weft_json_end_array(&writer);
    }
    return body_append(&writer, &body, txn, actor, WEFT_KIND_IN_FORCE, error);
}

int weft_catalog_enforce(struct weft_ledger_txn *txn, const char *actor,
                         const struct weft_product *product, struct weft_error *error)
{
    return weft_catalog_enforce_detected(txn, actor, product, NULL, 0, error);
}

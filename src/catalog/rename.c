/*
 * rename.c - a product gets another name: its table's key and folder stay, and with them runs,
 * positions and quarantine; all that is called by name moves, in every major, from this entry on.
 *
 * The rows as they were stay under the old name, so that a time before is read as it was. What
 * other contracts are pinned to is the product, not the word: their pins move along.
 */
#include "catalog/catalog_internal.h"

#include "base/map.h"
#include "base/text.h"
#include "lineage/edges.h"
#include "trust/requests.h"

#include <stdio.h>
#include <string.h>

/* ---- folding ---- */

static int name_there(struct weft_ledger_txn *txn, const char *product, bool *there,
                      struct weft_error *error)
{
    int64_t one = 0;
    int rc = weft_sql_int(txn, &one, error,
                          "SELECT 1 FROM catalog_names WHERE product = ?1 AND seq_to IS NULL "
                          "LIMIT 1",
                          "t", product);
    *there = rc == 0;
    return rc < 0 ? rc : 0;
}

/* The rows that hold go on under the other name. */
static int rows_move(struct weft_ledger_txn *txn, const char *from, const char *to,
                     int64_t sequence, struct weft_error *error)
{
    static const struct {
        const char *table;
        const char *columns; /* that stay */
    } tables[] = {
        {"catalog_columns", "major, state, ordinal, column_name, type, required, description, "
                            "classification, means"},
        {"catalog_inputs", "major, state, ordinal, port, kind, source, upstream, read"},
        {"catalog_reads", "major, state, ordinal, name, is_port, upstream, upstream_major"},
        {"catalog_names", "major, table_name, shown, retired"},
    };
    for (size_t i = 0; i < WEFT_COUNT(tables); i++) {
        char sql[600];
        snprintf(sql, sizeof sql,
                 "INSERT INTO %s(product, seq_from, %s) SELECT ?2, ?3, %s FROM %s "
                 "WHERE product = ?1 AND seq_to IS NULL",
                 tables[i].table, tables[i].columns, tables[i].columns, tables[i].table);
        WEFT_TRY(weft_sql_exec(txn, error, sql, "tti", from, to, sequence));
        snprintf(sql, sizeof sql, "UPDATE %s SET seq_to = ?2 WHERE product = ?1 AND seq_to IS NULL",
                 tables[i].table);
        WEFT_TRY(weft_sql_exec(txn, error, sql, "ti", from, sequence));
    }
    return 0;
}

static int products_move(struct weft_ledger_txn *txn, const char *from, const char *to,
                         int64_t sequence, struct weft_error *error)
{
    size_t domain_length = strcspn(to, ".");
    WEFT_CLEANUP(weft_freep) char *domain = weft_strndup(to, domain_length);
    if (domain == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_sql_exec(
        txn, error,
        "INSERT INTO catalog_products(product, major, state, version, digest, domain, name, owner, "
        "type, status, description, tags, freshness_us, freshness_field, environment, folder, "
        "seq_from, document) SELECT ?2, major, state, version, digest, ?4, ?5, owner, type, "
        "status, description, tags, freshness_us, freshness_field, environment, folder, ?3, "
        "document FROM catalog_products WHERE product = ?1 AND seq_to IS NULL",
        "ttitt", from, to, sequence, domain, to + domain_length + 1));
    return weft_sql_exec(txn, error,
                         "UPDATE catalog_products SET seq_to = ?2 WHERE product = ?1 AND seq_to IS "
                         "NULL",
                         "ti", from, sequence);
}

/* Of a product that reads an older major of itself the rows are new with this entry already. */
static int pins_move(struct weft_ledger_txn *txn, const char *from, const char *to,
                     int64_t sequence, struct weft_error *error)
{
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE catalog_reads SET upstream = ?2 WHERE upstream = ?1 AND "
                           "seq_to IS NULL AND seq_from = ?3",
                           "tti", from, to, sequence));
    WEFT_TRY(weft_sql_exec(
        txn, error,
        "INSERT INTO catalog_reads(product, major, state, ordinal, name, is_port, upstream, "
        "upstream_major, seq_from) SELECT product, major, state, ordinal, name, is_port, ?2, "
        "upstream_major, ?3 FROM catalog_reads WHERE upstream = ?1 AND seq_to IS NULL",
        "tti", from, to, sequence));
    return weft_sql_exec(txn, error,
                         "UPDATE catalog_reads SET seq_to = ?2 WHERE upstream = ?1 AND seq_to IS "
                         "NULL",
                         "ti", from, sequence);
}

int weft_catalog_fold_renamed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                              yyjson_val *body, struct weft_error *error)
{
    const char *from = NULL, *to = NULL;
    bool from_there = false, to_there = false;
    WEFT_TRY(weft_json_text(body, "product", &from, error));
    WEFT_TRY(weft_json_text(body, "to", &to, error));
    if (strchr(to, '.') == NULL || strlen(to) >= WEFT_CATALOG_NAME_SIZE - 16)
        return weft_error_set(error, WEFT_E_CORRUPT, "%.40s is no name of a product", to);
    WEFT_TRY(name_there(txn, from, &from_there, error));
    WEFT_TRY(name_there(txn, to, &to_there, error));
    if (!from_there)
        return weft_error_set(error, WEFT_E_CONFLICT, "%s is not registered", from);
    if (to_there)
        return weft_error_set(error, WEFT_E_CONFLICT, "%s cannot become %s, which is there", from,
                              to);
    WEFT_TRY(products_move(txn, from, to, entry->sequence, error));
    WEFT_TRY(rows_move(txn, from, to, entry->sequence, error));
    WEFT_TRY(pins_move(txn, from, to, entry->sequence, error));
    WEFT_TRY(weft_lineage_fold_renamed(txn, from, to, entry->sequence, error));
    WEFT_TRY(weft_access_fold_renamed(txn, from, to, entry->sequence, error));
    return weft_catalog_names_refresh(txn, to, entry->sequence, error);
}

int weft_catalog_rename(struct weft_ledger_txn *txn, const char *actor, const char *from,
                        const char *to, struct weft_error *error)
{
    struct weft_json_writer writer;
    struct weft_buf body;
    int64_t sequence = 0;
    weft_buf_init(&body, 4096);
    weft_json_writer_init(&writer, &body);
    weft_json_begin_object(&writer);
    weft_json_member_text(&writer, "product", from);
    weft_json_member_text(&writer, "to", to);
    weft_json_end_object(&writer);
    int rc = weft_buf_check(&body, error);
    if (rc == 0)
        rc = weft_ledger_append(txn, actor, WEFT_KIND_RENAMED, body.data, &sequence, error);
    weft_buf_release(&body);
    return rc;
}

/* ---- which renamings the files ask for ---- */

struct renames {
    struct weft_arena *arena;
    const struct weft_mesh *mesh;
    struct weft_map *registered; /* names that are registered now */
    struct weft_map *files;      /* names that files have: the first product of it */
    struct weft_rename *items;
    size_t count, capacity;
};

static void renames_release(struct renames *r)
{
    weft_map_free(r->registered);
    weft_map_free(r->files);
}

static int registered_read(struct weft_ledger_txn *txn, struct renames *r, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    int rc;
    WEFT_TRY(weft_sql_query(
        txn, &stmt, error,
        "SELECT DISTINCT product FROM catalog_names WHERE seq_to IS NULL ORDER BY 1", ""));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_map_put(r->registered, weft_stmt_column_text(stmt, 0), NULL) < 0)
            return weft_error_nomem(error);
    }
    return rc < 0 ? rc : 0;
}

static struct weft_rename *rename_from(struct renames *r, const char *from)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->items[i].from, from) == 0)
            return &r->items[i];
    }
    return NULL;
}

static struct weft_rename *rename_to(struct renames *r, const char *to)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->items[i].to, to) == 0)
            return &r->items[i];
    }
    return NULL;
}

/* Was a table of `to` called `from` once? Then `was:` speaks of what is done. */
static int was_done(struct weft_ledger_txn *txn, const char *from, const char *to, bool *done,
                    struct weft_error *error)
{
    int64_t one = 0;
    int rc = weft_sql_int(txn, &one, error,
                          "SELECT 1 FROM catalog_names o JOIN catalog_names n ON n.table_name = "
                          "o.table_name AND n.seq_to IS NULL WHERE o.product = ?1 AND n.product = "
                          "?2 LIMIT 1",
                          "tt", from, to);
    *done = rc == 0;
    return rc < 0 ? rc : 0;
}

static int rename_add(struct weft_ledger_txn *txn, struct renames *r,
                      const struct weft_product *product, struct weft_error *error)
{
    bool done = false;
    if (!weft_map_has(r->registered, product->was) || rename_to(r, product->full_name) != NULL)
        return 0;
    if (weft_map_has(r->registered, product->full_name))
        WEFT_TRY(was_done(txn, product->was, product->full_name, &done, error));
    if (done)
        return 0;
    if (weft_arena_reserve(r->arena, &r->items, &r->capacity, r->count + 1, sizeof *r->items) < 0)
        return weft_error_nomem(error);
    r->items[r->count++] =
        (struct weft_rename){.product = product, .from = product->was, .to = product->full_name};
    return 0;
}

static int refuse(struct renames *r, struct weft_rename *rename, const char *hint,
                  struct weft_error *error, const char *format, ...) WEFT_PRINTF(5, 6);

static int refuse(struct renames *r, struct weft_rename *rename, const char *hint,
                  struct weft_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    rename->refused = weft_arena_formatv(r->arena, format, args);
    va_end(args);
    rename->hint = hint;
    return rename->refused == NULL ? weft_error_nomem(error) : 0;
}

/* Follows who has to make room for whom. */
static bool in_circle(struct renames *r, const struct weft_rename *rename)
{
    const struct weft_rename *at = rename_from(r, rename->to);
    for (size_t i = 0; at != NULL && i <= r->count; i++) {
        if (at == rename)
            return true;
        at = rename_from(r, at->to);
    }
    return false;
}

static bool owns_of(const struct weft_mesh *mesh, const char *full_name)
{
    char domain[WEFT_CATALOG_NAME_SIZE];
    snprintf(domain, sizeof domain, "%.*s", (int)strcspn(full_name, "."), full_name);
    return weft_mesh_owns(mesh, domain);
}

static int rename_check(struct renames *r, struct weft_rename *rename, struct weft_error *error)
{
    const struct weft_rename *first = rename_from(r, rename->from);
    if (!owns_of(r->mesh, rename->from))
        return refuse(r, rename, "name both domains by `owns:` in weft.yaml", error,
                      "%s cannot become %s: this checkout does not speak for its domain",
                      rename->from, rename->to);
    if (first != rename)
        return refuse(r, rename, "only one can be what it was", error,
                      "%s says that it was %s, too", first->to, rename->from);
    if (in_circle(r, rename))
        return refuse(r, rename, "give one of them a third name first, and apply", error,
                      "%s and others would swap their names", rename->from);
    if (weft_map_has(r->registered, rename->to) && rename_from(r, rename->to) == NULL)
        return refuse(r, rename, "choose another name, or leave `was` out", error,
                      "%s cannot become %s: that is another product, and both are registered",
                      rename->from, rename->to);
    if (weft_map_has(r->files, rename->from) && rename_to(r, rename->from) == NULL)
        return refuse(r, rename, "a renaming takes all majors: change `name` in that file too",
                      error, "%s is renamed to %s, but it still has a file", rename->from,
                      rename->to);
    return 0;
}

/* Who makes room comes first. The refused ones come last, in their order. */
static int renames_order(struct renames *r, struct weft_error *error)
{
    struct weft_rename *ordered = weft_arena_array(r->arena, r->count + 1, sizeof *ordered);
    bool *taken = weft_arena_array(r->arena, r->count + 1, sizeof *taken);
    size_t used = 0;
    bool more = true;
    if (ordered == NULL || taken == NULL)
        return weft_error_nomem(error);
    while (more) {
        more = false;
        for (size_t i = 0; i < r->count; i++) {
            const struct weft_rename *before = rename_from(r, r->items[i].to);
            if (taken[i] || r->items[i].refused != NULL ||
                (before != NULL && !taken[before - r->items]))
                continue;
            ordered[used++] = r->items[i];
            taken[i] = more = true;
        }
    }
    for (size_t i = 0; i < r->count; i++) {
        if (taken[i])
            continue;
        ordered[used] = r->items[i];
        if (ordered[used].refused == NULL) /* behind a refused one */
            WEFT_TRY(refuse(r, &ordered[used], "see there", error,
                            "%s cannot become %s before %s has its new name", ordered[used].from,
                            ordered[used].to, ordered[used].to));
        used++;
    }
    r->items = ordered;
    return 0;
}

int weft_catalog_renames(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         const struct weft_mesh *mesh, struct weft_rename **out, size_t *out_count,
                         struct weft_error *error)
{
    WEFT_CLEANUP(renames_release) struct renames r = {.arena = arena, .mesh = mesh};
    const struct weft_product *const *products = mesh->products;
    size_t count = mesh->product_count;
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || products[i]->was != NULL;
    *out = NULL;
    *out_count = 0;
    if (!any)
        return 0;
    r.registered = weft_map_new();
    r.files = weft_map_new();
    if (r.registered == NULL || r.files == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        if (weft_map_put(r.files, products[i]->full_name, NULL) < 0)
            return weft_error_nomem(error);
    }
    WEFT_TRY(registered_read(txn, &r, error));
    for (size_t i = 0; i < count; i++) {
        if (products[i]->was != NULL && weft_mesh_owns(mesh, products[i]->domain))
            WEFT_TRY(rename_add(txn, &r, products[i], error));
    }
    for (size_t i = 0; i < r.count; i++)
        WEFT_TRY(rename_check(&r, &r.items[i], error));
    WEFT_TRY(renames_order(&r, error));
    *out = r.items;
    *out_count = r.count;
    return 0;
}

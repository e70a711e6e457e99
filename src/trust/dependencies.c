/*
 * dependencies.c - confirmed dependencies between domains: see dependencies.h.
 */
#include "trust/dependencies.h"

#include "codec/json.h"
#include "ledger/sql.h"

#include <string.h>

/* The entry itself has a row without a domain: it may name no dependency. */
static const struct weft_ledger_table trust_dependencies = {
    .name = "trust_dependencies",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_dependencies("
           "domain TEXT NOT NULL, product TEXT NOT NULL,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT, PRIMARY KEY(domain, product, seq_from));",
    .state = "SELECT domain, product, seq_from FROM trust_dependencies "
             "WHERE seq_to IS NULL ORDER BY domain, product",
};

#define AT "seq_from <= ?1 AND (seq_to IS NULL OR seq_to > ?1)"

static int row_insert(struct weft_ledger_txn *txn, const char *domain, const char *product,
                      int64_t sequence, struct weft_error *error)
{
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_dependencies(domain, product, seq_from) "
                         "VALUES(?1, ?2, ?3)",
                         "tti", domain, product, sequence);
}

static int fold_confirmed(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                          yyjson_val *body, struct weft_error *error)
{
    yyjson_val *list = yyjson_obj_get(body, "dependencies");
    if (!yyjson_is_arr(list))
        return weft_error_set(error, WEFT_E_CORRUPT, "%s has no list of dependencies", entry->kind);
    WEFT_TRY(weft_sql_exec(txn, error,
                           "UPDATE trust_dependencies SET seq_to = ?1 WHERE seq_to IS NULL", "i",
                           entry->sequence));
    WEFT_TRY(row_insert(txn, "", "", entry->sequence, error));
    size_t at, count;
    yyjson_val *item;
    yyjson_arr_foreach(list, at, count, item)
    {
        const char *domain, *product;
        WEFT_TRY(weft_json_text(item, "domain", &domain, error));
        WEFT_TRY(weft_json_text(item, "product", &product, error));
        WEFT_TRY(row_insert(txn, domain, product, entry->sequence, error));
    }
    return 0;
}

static const struct weft_ledger_kind kind_confirmed = {WEFT_KIND_ACCESS_CONFIRMED, 1,
                                                       fold_confirmed};

void weft_dependencies_register(void)
{
    weft_ledger_register_kind(&kind_confirmed);
    weft_ledger_register_table(&trust_dependencies);
}

int weft_dependencies_confirm(struct weft_ledger_txn *txn, const char *actor,
                              const struct weft_dependency *items, size_t count,
                              struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, WEFT_LEDGER_BODY_MAX);
    weft_buf_adds(&body, "{\"dependencies\":[");
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&body, "%s{\"domain\":\"%s\",\"product\":\"%s\"}", i == 0 ? "" : ",",
                      items[i].domain, items[i].product);
    weft_buf_adds(&body, "]}");
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, WEFT_KIND_ACCESS_CONFIRMED, body.data, NULL, error);
}

int weft_dependencies_are_confirmed(struct weft_ledger_txn *txn, int64_t sequence, bool *out,
                                    struct weft_error *error)
{
    int64_t count = 0;
    int rc = weft_sql_int(txn, &count, error,
                          "SELECT COUNT(*) FROM trust_dependencies WHERE domain = '' AND " AT, "i",
                          weft_ledger_at(sequence));
    *out = count > 0;
    return rc < 0 ? rc : 0;
}

int weft_dependencies_of(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                         const char *domain, struct weft_texts *products, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    const char **items = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT product FROM trust_dependencies WHERE domain = ?2 AND " AT
                            " ORDER BY product",
                            "it", weft_ledger_at(sequence), domain));
    while ((rc = weft_stmt_step(stmt, error)) == 0) {
        if (weft_arena_reserve(arena, &items, &capacity, count + 1, sizeof *items) < 0)
            return weft_error_nomem(error);
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &items[count++], error));
    }
    *products = (struct weft_texts){items, count};
    return rc < 0 ? rc : 0;
}

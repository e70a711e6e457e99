/*
 * policies.c - registered policies: the entries, the table folded from them, what would change.
 */
#include "trust/policies.h"

#include "trust/trust_internal.h"

#include <stdlib.h>
#include <string.h>

#define KIND_REGISTERED "policy.registered"
#define KIND_DROPPED "policy.dropped"

static const struct weft_ledger_table trust_policies = {
    .name = "trust_policies",
    .ddl = "CREATE TABLE IF NOT EXISTS trust_policies("
           "name TEXT NOT NULL, kind TEXT NOT NULL, digest TEXT NOT NULL,"
           "seq_from BIGINT NOT NULL, seq_to BIGINT, document TEXT NOT NULL,"
           "PRIMARY KEY(name, seq_from));"
           "CREATE UNIQUE INDEX IF NOT EXISTS trust_policies_now"
           " ON trust_policies(name) WHERE seq_to IS NULL;",
    .state = "SELECT name, kind, digest, seq_from, document FROM trust_policies "
             "WHERE seq_to IS NULL ORDER BY name",
};

static int policy_end(struct weft_ledger_txn *txn, const char *name, int64_t sequence,
                      struct weft_error *error)
{
    return weft_sql_exec(txn, error,
                         "UPDATE trust_policies SET seq_to = ?2 WHERE name = ?1 AND seq_to IS NULL",
                         "ti", name, sequence);
}

static int fold_registered(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                           yyjson_val *body, struct weft_error *error)
{
    const char *name, *kind, *digest, *document;
    WEFT_TRY(weft_json_text(body, "name", &name, error));
    WEFT_TRY(weft_json_text(body, "kind", &kind, error));
    WEFT_TRY(weft_json_text(body, "digest", &digest, error));
    WEFT_TRY(weft_json_text(body, "document", &document, error));
    WEFT_TRY(policy_end(txn, name, entry->sequence, error));
    return weft_sql_exec(txn, error,
                         "INSERT INTO trust_policies(name, kind, digest, seq_from, document) "
                         "VALUES(?1, ?2, ?3, ?4, ?5)",
                         "tttit", name, kind, digest, entry->sequence, document);
}

static int fold_dropped(struct weft_ledger_txn *txn, const struct weft_ledger_entry *entry,
                        yyjson_val *body, struct weft_error *error)
{
    const char *name;
    WEFT_TRY(weft_json_text(body, "name", &name, error));
    WEFT_TRY(policy_end(txn, name, entry->sequence, error));
    if (weft_ledger_changes(txn) == 0)
        return weft_error_set(error, WEFT_E_CONFLICT, "there is no policy `%s`", name);
    return 0;
}

void weft_policies_register(void)
{
    static const struct weft_ledger_kind registered = {KIND_REGISTERED, 1, fold_registered};
    static const struct weft_ledger_kind dropped = {KIND_DROPPED, 1, fold_dropped};
    weft_ledger_register_table(&trust_policies);
    weft_ledger_register_kind(&registered);
    weft_ledger_register_kind(&dropped);
}

/* ---- reading ---- */

static int list_row(struct weft_arena *arena, struct weft_stmt *stmt,
                    const struct weft_policy ***items, size_t *count, size_t *capacity,
                    struct weft_error *error)
{
    const char *document;
    WEFT_TRY(weft_sql_text(arena, stmt, 0, &document, error));
    if (weft_arena_reserve(arena, items, capacity, *count + 1, sizeof(**items)) < 0)
        return weft_error_nomem(error);
    if (weft_policy_from_document(arena, document == NULL ? "" : document, &(*items)[*count],
                                  error) < 0)
        return weft_error_prefix(error, "a registered policy");
    (*count)++;
    return 0;
}

int weft_policies_list(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                       struct weft_policies *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    const struct weft_policy **items = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    WEFT_TRY(weft_sql_query(
        txn, &stmt, error,
        "SELECT p.document FROM trust_policies p WHERE " WEFT_TRUST_AT("p") "ORDER BY p.name", "i",
        weft_ledger_at(sequence)));
    while ((rc = weft_stmt_step(stmt, error)) == 0)
        WEFT_TRY(list_row(arena, stmt, &items, &count, &capacity, error));
    WEFT_TRY(rc);
    *out = (struct weft_policies){items, count};
    return 0;
}

/* ---- changing ---- */

int weft_policy_put(struct weft_ledger_txn *txn, const char *actor,
                    const struct weft_policy *policy, struct weft_error *error)
{
    int64_t same;
    struct weft_json_writer w;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, (size_t)4 * WEFT_LEDGER_BODY_MAX);
    int rc = weft_sql_int(txn, &same, error,
                          "SELECT 1 FROM trust_policies WHERE name = ?1 AND digest = ?2 AND "
                          "seq_to IS NULL",
                          "tt", policy->name, policy->digest);
    WEFT_TRY(rc);
    if (rc == 0)
        return 0;
    weft_json_writer_init(&w, &body);
    weft_json_begin_object(&w);
    weft_json_member_text(&w, "name", policy->name);
    weft_json_member_text(&w, "kind", weft_policy_kind_name(policy->kind));
    weft_json_member_text(&w, "digest", policy->digest);
    weft_json_member_text(&w, "document", policy->document);
    weft_json_end_object(&w);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, KIND_REGISTERED, body.data, NULL, error);
}

int weft_policy_drop(struct weft_ledger_txn *txn, const char *actor, const char *name,
                     struct weft_error *error)
{
    struct weft_json_writer w;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf body;
    weft_buf_init(&body, 4096);
    weft_json_writer_init(&w, &body);
    weft_json_begin_object(&w);
    weft_json_member_text(&w, "name", name);
    weft_json_end_object(&w);
    WEFT_TRY(weft_buf_check(&body, error));
    return weft_ledger_append(txn, actor, KIND_DROPPED, body.data, NULL, error);
}

/* ---- what would change ---- */

static int policy_order(const void *a, const void *b)
{
    const struct weft_policy *x = *(const struct weft_policy *const *)a;
    const struct weft_policy *y = *(const struct weft_policy *const *)b;
    return strcmp(x->name, y->name);
}

static int wanted_sort(struct weft_arena *arena, const struct weft_policy *const *wanted,
                       size_t count, const struct weft_policy ***out, size_t *out_count,
                       struct weft_error *error)
{
    const struct weft_policy **items = weft_arena_array(arena, count + 1, sizeof(*items));
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        if (wanted[i]->kind != WEFT_POLICY_TEST)
            items[(*out_count)++] = wanted[i];
    }
    if (*out_count > 1)
        qsort(items, *out_count, sizeof(*items), policy_order);
    *out = items;
    return 0;
}

int weft_policies_compare(struct weft_arena *arena, const struct weft_policies *registered,
                          const struct weft_policy *const *wanted, size_t wanted_count,
                          struct weft_policy_change **out, size_t *out_count,
                          struct weft_error *error)
{
    const struct weft_policy **after = NULL;
    size_t after_count = 0, count = 0, r = 0, w = 0;
    WEFT_TRY(wanted_sort(arena, wanted, wanted_count, &after, &after_count, error));
    struct weft_policy_change *changes =
        weft_arena_array(arena, registered->count + after_count + 1, sizeof *changes);
    if (changes == NULL)
        return weft_error_nomem(error);
    while (r < registered->count || w < after_count) {
        const struct weft_policy *old = r < registered->count ? registered->items[r] : NULL;
        const struct weft_policy *new = w < after_count ? after[w] : NULL;
        int order = old == NULL ? 1 : new == NULL ? -1 : strcmp(old->name, new->name);
        r += order <= 0;
        w += order >= 0;
        if (order < 0)
            changes[count++] = (struct weft_policy_change){WEFT_POLICY_DROPPED, old, NULL};
        else if (order > 0)
            changes[count++] = (struct weft_policy_change){WEFT_POLICY_ADDED, NULL, new};
        else if (strcmp(old->digest, new->digest) != 0)
            changes[count++] = (struct weft_policy_change){WEFT_POLICY_CHANGED, old, new};
    }
    *out = changes;
    *out_count = count;
    return 0;
}

/*
 * state_fuzz.c - state files: what can be parsed is asked all that a plan asks of a home.
 */
#include "catalog/columns.h"
#include "catalog/deprecated.h"
#include "catalog/product_entry.h"
#include "context/state.h"
#include "lineage/edges.h"
#include "trust/decide.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t product_ask(struct weft_ledger_txn *txn, struct weft_arena *arena,
                          const struct weft_registered_digest *digest, int64_t sequence)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_registered registered;
    struct weft_lineage lineage;
    const struct weft_catalog_column *columns = NULL;
    size_t count = 0, seen = strlen(digest->version) + digest->tags.count;
    if (weft_catalog_product(txn, arena, digest->full_name, digest->major, 0, &registered,
                             &error) == 0)
        seen += strlen(registered.table_folder);
    if (weft_catalog_columns(txn, arena, digest->full_name, digest->major, &columns, &count,
                             &error) == 0)
        seen += count;
    if (weft_lineage_get(txn, arena, digest->full_name, digest->major, sequence, &lineage,
                         &error) == 0) {
        for (size_t i = 0; i < lineage.edge_count; i++)
            seen += strlen(lineage.sources[lineage.edges[i].source].name);
    }
    return seen;
}

static size_t home_ask(struct weft_ledger *ledger, struct weft_arena *arena)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_registered_digest *digests = NULL;
    struct weft_catalog_deprecated *deprecated = NULL;
    struct weft_ledger_head head;
    struct weft_trust *trust = NULL;
    size_t count = 0, said = 0, seen = 0;
    if (weft_ledger_begin_read(ledger, &txn, &error) < 0 ||
        weft_ledger_head(txn, &head, &error) < 0 ||
        weft_catalog_digests(txn, arena, &digests, &count, &error) < 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        seen += product_ask(txn, arena, &digests[i], head.sequence);
    if (weft_catalog_deprecations(txn, arena, &deprecated, &said, &error) == 0)
        seen += said;
    if (weft_trust_load(txn, head.sequence, &trust, &error) == 0)
        seen += weft_trust_policy_count(trust);
    weft_trust_free(trust);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool registered;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_state *state = NULL;
    size_t seen = 0;
    if (!registered)
        weft_context_register();
    registered = true;
    struct weft_arena *arena = weft_arena_new((size_t)64 << 20);
    if (arena != NULL && weft_state_parse((const char *)data, size, "fuzz", &state, &error) == 0) {
        struct weft_table *table;
        if (weft_state_ledger(state) != NULL)
            seen += home_ask(weft_state_ledger(state), arena);
        if (weft_state_deferred(state) != NULL)
            seen += home_ask(weft_state_deferred(state), arena);
        if (weft_state_table(state, arena, "a.base", &table, &error) == 0)
            seen += weft_table_schema(table)->count;
    }
    weft_state_free(state);
    weft_arena_free(arena);
    return seen == SIZE_MAX;
}

/*
 * diff.c - which snapshots, files and columns are compared, and by what.
 */
#include "app/diff.h"

#include "base/clock.h"
#include "base/text.h"
#include "context/gate.h"
#include "resolver/treat.h"

#include <string.h>

/* ---- the gate ---- */

/* Before anything of its table is looked at: which snapshots there are is not for everybody. */
static int may_read(struct weft_diff *diff, struct weft_ledger_txn *txn,
                    const struct weft_registered *product, struct weft_error *error)
{
    struct weft_decision decision;
    WEFT_TRY(weft_gate_product(diff->context, txn, diff->context->arena, product,
                               WEFT_SUBJECT_PRODUCT, NULL, 0, 0, &decision, error));
    if (decision.verdict == WEFT_VERDICT_YES)
        return 0;
    int rc = weft_gate_denied(diff->context, product->full_name, &decision, error);
    if (rc < 0)
        return rc;
    weft_error_set(error, WEFT_E_NOT_FOUND, "there is no product `%s` in this home",
                   product->full_name);
    return weft_error_hint(error, "`weft ls` lists them");
}

/* ---- snapshots ---- */

struct lookup {
    struct weft_diff *diff;
    struct weft_ledger_txn *txn;
    const struct weft_registered *product;
    const struct weft_table *table;
};

static int not_there(const struct lookup *lookup, const char *word, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_FOUND, "%s has no snapshot %s", lookup->product->name, word);
    return weft_error_hint(error, "`weft snapshots %s` lists them", lookup->product->full_name);
}

/* So many before the current one. */
static int snapshot_back(const struct lookup *lookup, int64_t back, const char *word,
                         const struct weft_snapshot **out, struct weft_error *error)
{
    const struct weft_snapshot *snapshot = weft_table_current(lookup->table);
    for (; back > 0; back--) {
        int rc = snapshot->parent_id == 0
                     ? WEFT_NOT_THERE
                     : weft_table_find(lookup->table, snapshot->parent_id, &snapshot, error);
        WEFT_TRY(rc);
        if (rc == WEFT_NOT_THERE && snapshot->parent_id == 0 &&
            snapshot == weft_table_current(lookup->table)) {
            weft_error_set(error, WEFT_E_NOT_FOUND,
                           "%s has one snapshot: there is nothing to compare it with",
                           lookup->product->name);
            return weft_error_hint(error, "the next run or load that publishes makes another");
        }
        if (rc == WEFT_NOT_THERE)
            return not_there(lookup, word, error);
    }
    *out = snapshot;
    return 0;
}

/* By the ledger's order, as `query --as-of` does; a date is that day's end. */
static int snapshot_at(const struct lookup *lookup, const char *word, int64_t time_us,
                       const struct weft_snapshot **out, struct weft_error *error)
{
    int64_t sequence;
    struct weft_pointer pointer;
    if (strlen(word) == strlen("2026-11-21"))
        time_us += 24 * 3600 * INT64_C(1000000) - 1;
    WEFT_TRY(weft_ledger_sequence_at(lookup->txn, time_us, &sequence, error));
    int rc = sequence == 0
                 ? WEFT_NOT_THERE
                 : weft_pointer_get(lookup->txn, lookup->diff->context->arena, WEFT_SPACE_LAKE,
                                    lookup->product->table, sequence, &pointer, error);
    if (rc == 0)
        rc = weft_table_find(lookup->table, pointer.snapshot_id, out, error);
    return rc == WEFT_NOT_THERE ? not_there(lookup, word, error) : rc;
}

static int snapshot_find(const struct lookup *lookup, const char *word,
                         const struct weft_snapshot **out, struct weft_error *error)
{
    int64_t number, time_us;
    if (strcmp(word, "current") == 0)
        return snapshot_back(lookup, 0, word, out, error);
    if (weft_parse_int64(word, strlen(word), &number)) {
        if (number <= 0 && number > -1000000)
            return snapshot_back(lookup, -number, word, out, error);
        int rc = weft_table_find(lookup->table, number, out, error);
        return rc == WEFT_NOT_THERE ? not_there(lookup, word, error) : rc;
    }
    if (weft_time_parse(word, &time_us))
        return snapshot_at(lookup, word, time_us, out, error);
    weft_error_set(error, WEFT_E_USAGE, "`%s` is no snapshot", word);
    return weft_error_hint(error, "an id, a time (2026-11-21T04:00Z), -1 for the one before the "
                                  "current, or current");
}

/* ---- files ---- */

static int files_read(struct weft_diff *diff, const struct weft_table *table,
                      const struct weft_snapshot *snapshot, struct weft_data_files *out,
                      int64_t *rows, struct weft_error *error)
{
    struct weft_data_files deletes = {0};
    WEFT_TRY(weft_table_files(diff->context->arena, weft_ledger_home(diff->context->ledger), table,
                              snapshot, out, &deletes, error));
    for (size_t i = 0; i < out->count; i++)
        *rows += out->items[i].records;
    return 0;
}

/* An append keeps all files of the state before, an upsert most of them. */
static int files_look(struct weft_diff *diff, const struct weft_table *table,
                      struct weft_error *error)
{
    struct weft_data_files before = {0}, after = {0};
    int64_t before_rows = 0, after_rows = 0;
    WEFT_CLEANUP(weft_map_freep) struct weft_map *old = weft_map_new();
    diff->shared = weft_map_new();
    if (old == NULL || diff->shared == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(files_read(diff, table, diff->before, &before, &before_rows, error));
    WEFT_TRY(files_read(diff, table, diff->after, &after, &after_rows, error));
    if (diff->before_seen == NULL) { /* else they were counted as he sees them */
        diff->before_rows = before_rows;
        diff->after_rows = after_rows;
    }
    for (size_t i = 0; i < before.count; i++) {
        if (weft_map_put(old, before.items[i].path, NULL) < 0)
            return weft_error_nomem(error);
    }
    for (size_t i = 0; i < after.count; i++) {
        if (weft_map_has(old, after.items[i].path) &&
            weft_map_put(diff->shared, after.items[i].path, NULL) < 0)
            return weft_error_nomem(error);
    }
    return 0;
}

void weft_diff_end(struct weft_diff *diff)
{
    weft_map_free(diff->shared);
    diff->shared = NULL;
}

/* ---- columns ---- */

static const struct weft_column *column_of_id(const struct weft_table_schema *schema, int id)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->columns[i].id == id)
            return &schema->columns[i];
    }
    return NULL;
}

static int columns_make(struct weft_diff *diff, const struct weft_table_schema *before,
                        const struct weft_table_schema *after, struct weft_error *error)
{
    diff->columns = weft_arena_array(diff->context->arena, before->count + after->count + 1,
                                     sizeof *diff->columns);
    if (diff->columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < after->count; i++)
        diff->columns[diff->column_count++] = (struct weft_diff_column){
            .before = column_of_id(before, after->columns[i].id), .after = &after->columns[i]};
    for (size_t i = 0; i < before->count; i++) {
        if (column_of_id(after, before->columns[i].id) == NULL)
            diff->columns[diff->column_count++] =
                (struct weft_diff_column){.before = &before->columns[i]};
    }
    return 0;
}

/* The column as the reader gets it; NULL = it is not there for him. */
static int column_seen(struct weft_diff *diff, const struct weft_relation *seen,
                       const struct weft_column **column, struct weft_error *error)
{
    const struct weft_column *stored = *column;
    *column = NULL;
    for (size_t i = 0; stored != NULL && i < seen->column_count; i++) {
        const struct weft_relation_column *one = &seen->columns[i];
        if (strcmp(one->name, stored->name) != 0 || weft_treatment_is(one->treat, WEFT_TREAT_HIDE))
            continue;
        struct weft_column *made = weft_arena_alloc(diff->context->arena, sizeof *made);
        if (made == NULL)
            return weft_error_nomem(error);
        *made = *stored;
        made->type = weft_treatment_type(one->type, one->treat);
        *column = made;
    }
    return 0;
}

static int columns_see(struct weft_diff *diff, struct weft_error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < diff->column_count; i++) {
        struct weft_diff_column column = diff->columns[i];
        WEFT_TRY(column_seen(diff, diff->before_seen, &column.before, error));
        WEFT_TRY(column_seen(diff, diff->after_seen, &column.after, error));
        if (column.before != NULL || column.after != NULL)
            diff->columns[count++] = column;
    }
    diff->column_count = count;
    return 0;
}

/* Does the treated value tell as many rows apart? By what the treatment is, not by the rows. */
static bool tells_apart(const struct weft_relation *seen, const char *column)
{
    for (size_t i = 0; seen != NULL && i < seen->column_count; i++) {
        const struct weft_relation_column *one = &seen->columns[i];
        if (strcmp(one->name, column) == 0)
            return one->treat == NULL || weft_treatment_is(one->treat, WEFT_TREAT_NONE) ||
                   weft_treatment_is(one->treat, WEFT_TREAT_HASH) ||
                   weft_treatment_is(one->treat, WEFT_TREAT_TOKEN);
    }
    return true;
}

/* The contract's key, where both snapshots have its columns. */
static int key_choose(struct weft_diff *diff, const struct weft_product *contract,
                      struct weft_error *error)
{
    size_t found = 0;
    if (contract == NULL || contract->key.count == 0) {
        diff->key_reason = "the product has no key";
        return 0;
    }
    for (size_t k = 0; k < contract->key.count; k++) {
        for (size_t i = 0; i < diff->column_count; i++) {
            struct weft_diff_column *column = &diff->columns[i];
            if (column->before == NULL || column->after == NULL ||
                strcmp(column->after->name, contract->key.items[k]) != 0 ||
                !tells_apart(diff->before_seen, column->before->name) ||
                !tells_apart(diff->after_seen, column->after->name))
                continue;
            column->key = true;
            found++;
        }
    }
    if (found == contract->key.count) {
        diff->key_count = found;
        return 0;
    }
    for (size_t i = 0; i < diff->column_count; i++)
        diff->columns[i].key = false;
    diff->key_reason = diff->guarded ? "not all of the key is seen as it is"
                                     : "one of the snapshots does not have all columns of the key";
    (void)error;
    return 0;
}

static int table_look(struct weft_diff *diff, struct weft_ledger_txn *txn,
                      const struct weft_registered *product, const char *before, const char *after,
                      struct weft_error *error)
{
    struct weft_pointer pointer;
    struct weft_table *table;
    struct weft_arena *arena = diff->context->arena;
    int rc = weft_pointer_get(txn, arena, WEFT_SPACE_LAKE, product->table, 0, &pointer, error);
    if (rc == 0)
        rc = weft_table_load(arena, weft_ledger_home(diff->context->ledger), pointer.metadata,
                             &table, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || weft_table_current(table) == NULL) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "%s has no snapshot yet", product->name);
        return weft_error_hint(error, "`weft run %s` or `weft load %s FILE` publishes the first",
                               product->full_name, product->full_name);
    }
    struct lookup lookup = {diff, txn, product, table};
    WEFT_TRY(snapshot_find(&lookup, before == NULL ? "-1" : before, &diff->before, error));
    WEFT_TRY(snapshot_find(&lookup, after == NULL ? "current" : after, &diff->after, error));
    const struct weft_table_schema *old = weft_table_schema_of(table, diff->before->schema_id);
    const struct weft_table_schema *new = weft_table_schema_of(table, diff->after->schema_id);
    if (old == NULL || new == NULL)
        return weft_error_set(error, WEFT_E_CORRUPT, "a snapshot of %s names no schema",
                              product->name);
    bool local = weft_request_is_local(&diff->context->request);
    if (!local)
        WEFT_TRY(weft_diff_look(diff, error));
    if (!diff->guarded)
        WEFT_TRY(files_look(diff, table, error));
    WEFT_TRY(columns_make(diff, old, new, error));
    if (!local)
        WEFT_TRY(columns_see(diff, error));
    return key_choose(diff, product->in_force, error);
}

int weft_diff_begin(struct weft_diff *diff, const char *product, const char *before,
                    const char *after, struct weft_error *error)
{
    struct weft_registered registered;
    struct weft_ledger *ledger;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_context_product(diff->context, product, &registered, error));
    WEFT_TRY(weft_context_ledger(diff->context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    diff->product = registered.name;
    WEFT_TRY(may_read(diff, txn, &registered, error));
    return table_look(diff, txn, &registered, before, after, error);
}

/*
 * quarantine_rows.c - rows that were set aside, with their states: which of them are chosen to be
 * replayed or dismissed, and all of them as a table. Reads only.
 */
#include "base/map.h"
#include "engine/engine.h"
#include "engine/stored.h"
#include "flow/quarantine.h"
#include "flow/run_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- choosing rows ---- */

struct pick {
    struct weft_arena *arena;
    struct weft_job_replay *items;
    int64_t *numbers; /* of the last item, growing */
    size_t number_capacity;
    size_t count;
    size_t capacity;
};

static int pick_add(struct pick *pick, const char *run_id, int64_t from, int64_t to,
                    struct weft_error *error)
{
    if (pick->count == 0 || strcmp(pick->items[pick->count - 1].run_id, run_id) != 0) {
        if (weft_arena_reserve(pick->arena, &pick->items, &pick->capacity, pick->count + 1,
                               sizeof *pick->items) < 0)
            return weft_error_nomem(error);
        const char *copy = weft_arena_strdup(pick->arena, run_id);
        if (copy == NULL)
            return weft_error_nomem(error);
        pick->items[pick->count++] = (struct weft_job_replay){.run_id = copy};
        pick->numbers = NULL;
        pick->number_capacity = 0;
    }
    struct weft_job_replay *item = &pick->items[pick->count - 1];
    if (weft_arena_reserve(pick->arena, &pick->numbers, &pick->number_capacity,
                           item->row_count + (size_t)(to - from + 1), sizeof *pick->numbers) < 0)
        return weft_error_nomem(error);
    for (int64_t number = from; number <= to; number++)
        pick->numbers[item->row_count++] = number;
    item->row_numbers = pick->numbers;
    return 0;
}

/* The number of a row within its run, from row_id. */
static void number_sql(struct weft_buf *sql, const struct weft_relation *stored)
{
    for (size_t i = 0; i < stored->column_count; i++) {
        if (strcmp(stored->columns[i].name, "row_id") == 0 &&
            stored->columns[i].type->kind == WEFT_TYPE_LONG) {
            weft_buf_adds(sql, "q.row_id");
            return;
        }
    }
    weft_buf_adds(sql, "CAST(split_part(q.row_id, ':', 2) AS BIGINT)");
}

/* ---- ranges as a table ---- */

/* Ranges of one run, state and origin: a chain through `next`. */
struct group {
    size_t first, last;
};

struct groups {
    struct weft_map *keys; /* -> struct group */
    struct group *items;
    size_t *next; /* SIZE_MAX = the end */
    size_t count;
};

static void groups_release(struct groups *groups)
{
    weft_map_free(groups->keys);
    weft_free(groups->items);
    weft_free(groups->next);
}

static int group_add(struct groups *groups, const struct weft_quarantine_range *ranges, size_t i,
                     struct weft_buf *key, struct weft_error *error)
{
    weft_buf_clear(key);
    weft_buf_addf(key, "%s\n%s\n%s", ranges[i].run_id, ranges[i].state, ranges[i].state_by);
    WEFT_TRY(weft_buf_check(key, error));
    struct group *group = weft_map_get(groups->keys, key->data);
    groups->next[i] = SIZE_MAX;
    if (group != NULL) {
        groups->next[group->last] = i;
        group->last = i;
        return 0;
    }
    group = &groups->items[groups->count++];
    *group = (struct group){i, i};
    return weft_map_put(groups->keys, key->data, group) < 0 ? weft_error_nomem(error) : 0;
}

static void numbers_print(const struct groups *groups, const struct group *group,
                          const struct weft_quarantine_range *ranges, bool to, struct weft_buf *sql)
{
    weft_buf_adds(sql, ", '");
    for (size_t i = group->first; i != SIZE_MAX; i = groups->next[i])
        weft_buf_addf(sql, "%s%" PRId64, i == group->first ? "" : ",",
                      to ? ranges[i].row_to : ranges[i].row_from);
    weft_buf_addc(sql, '\'');
}

/* SELECT run_id, state, state_by, row_from, row_to. Ranges may be as many as rows, and each literal
 * of a statement is bound and optimized by itself: the numbers of a group are one text. */
static int ranges_print(const struct weft_quarantine_range *ranges, size_t count,
                        struct weft_buf *sql, struct weft_error *error)
{
    WEFT_CLEANUP(groups_release)
    struct groups groups = {.keys = weft_map_new(),
                            .items = weft_alloc_array(count + 1, sizeof *groups.items),
                            .next = weft_alloc_array(count + 1, sizeof *groups.next)};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf key;
    weft_buf_init(&key, 1 << 20);
    if (groups.keys == NULL || groups.items == NULL || groups.next == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(group_add(&groups, ranges, i, &key, error));
    weft_buf_adds(sql, "SELECT run_id, state, state_by, "
                       "unnest(CAST(string_split(froms, ',') AS BIGINT[])) AS row_from, "
                       "unnest(CAST(string_split(tos, ',') AS BIGINT[])) AS row_to FROM (VALUES ");
    for (size_t i = 0; i < groups.count; i++) {
        const struct weft_quarantine_range *range = &ranges[groups.items[i].first];
        weft_buf_adds(sql, i == 0 ? "(" : ", (");
        weft_buf_add_sql_text(sql, range->run_id, strlen(range->run_id));
        weft_buf_adds(sql, ", ");
        weft_buf_add_sql_text(sql, range->state, strlen(range->state));
        weft_buf_adds(sql, ", ");
        weft_buf_add_sql_text(sql, range->state_by, strlen(range->state_by));
        numbers_print(&groups, &groups.items[i], ranges, false, sql);
        numbers_print(&groups, &groups.items[i], ranges, true, sql);
        weft_buf_addc(sql, ')');
    }
    weft_buf_adds(sql, ") g(run_id, state, state_by, froms, tos)");
    return weft_buf_check(sql, error);
}

/* SELECT q.*, state, state_by over the stored rows that have a state. Ranges do not overlap: the
 * one that a row may lie in is the last that begins before it, which a join on both ends would find
 * by comparing each row with each range. */
int weft_flow_states_sql(struct weft_buf *sql, const struct weft_relation *stored,
                         const struct weft_quarantine_range *ranges, size_t count, bool with_number,
                         struct weft_error *error)
{
    weft_buf_adds(sql, "SELECT q.*, s.state AS state, s.state_by AS state_by");
    if (with_number) {
        weft_buf_adds(sql, ", ");
        number_sql(sql, stored);
        weft_buf_adds(sql, " AS row_number_in_run");
    }
    weft_buf_adds(sql, " FROM (");
    WEFT_TRY(weft_relation_print(stored, sql, error));
    weft_buf_adds(sql, ") q ASOF JOIN (");
    WEFT_TRY(ranges_print(ranges, count, sql, error));
    weft_buf_adds(sql, ") s ON q.run_id = s.run_id AND ");
    number_sql(sql, stored);
    weft_buf_adds(sql, " >= s.row_from WHERE ");
    number_sql(sql, stored);
    weft_buf_adds(sql, " <= s.row_to");
    return weft_buf_check(sql, error);
}

/* What the quarantine table holds now. WEFT_NOT_THERE when there is none. */
int weft_flow_stored_read(struct weft_ledger_txn *txn, struct weft_ledger *ledger,
                          struct weft_arena *arena, const char *table_name,
                          struct weft_relation *out, struct weft_error *error)
{
    const char *home = weft_ledger_home(ledger);
    struct weft_pointer pointer;
    struct weft_table *table = NULL;
    struct weft_data_files data, deletes;
    int rc = weft_pointer_get(txn, arena, WEFT_SPACE_QUARANTINE, table_name, 0, &pointer, error);
    if (rc != 0)
        return rc;
    WEFT_TRY(weft_table_load(arena, home, pointer.metadata, &table, error));
    const struct weft_snapshot *snapshot = weft_table_current(table);
    const struct weft_table_schema *schema = weft_table_schema(table);
    if (snapshot == NULL)
        return WEFT_NOT_THERE;
    WEFT_TRY(weft_table_files(arena, home, table, snapshot, &data, &deletes, error));
    *out = (struct weft_relation){.kind = WEFT_RELATION_FILES};
    WEFT_TRY(weft_stored_columns(arena, schema, out, error));
    return weft_stored_files(arena, home, table, &data, out, error);
}

static int picked_query(struct weft_engine *engine, const char *sql, struct pick *pick,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc;
    WEFT_TRY(weft_engine_query(engine, sql, NULL, 0, &result, error));
    while ((rc = weft_result_row(result, error)) == 0) {
        int64_t number = weft_result_int(result, 1);
        WEFT_TRY(pick_add(pick, weft_result_text(result, 0), number, number, error));
    }
    return rc < 0 ? rc : 0;
}

/* The open rows that broke one rule: only the stored rows know which. */
int weft_flow_pick_engine(struct weft_ledger *ledger, struct weft_engine **out,
                          struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep)
    char *folder = weft_format("%s/quarantine", weft_ledger_home(ledger));
    if (folder == NULL)
        return weft_error_nomem(error);
    const char *folders[] = {folder};
    struct weft_engine_config config = {.folders = folders, .folder_count = 1};
    WEFT_TRY(weft_engine_open(&config, out, error));
    WEFT_TRY(weft_engine_seal(*out, error));
    weft_engine_watch(*out, 0);
    return 0;
}

static int pick_by_rule(struct weft_ledger *ledger, const struct weft_relation *stored,
                        const char *rule, const struct weft_quarantine_range *ranges, size_t count,
                        struct pick *pick, struct weft_error *error)
{
    WEFT_CLEANUP(weft_engine_closep) struct weft_engine *engine = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, WEFT_RUN_LIST_MAX);
    weft_buf_adds(&sql, "SELECT run_id, row_number_in_run FROM (");
    WEFT_TRY(weft_flow_states_sql(&sql, stored, ranges, count, true, error));
    weft_buf_adds(&sql, ") WHERE list_contains(rules, ");
    weft_buf_add_sql_text(&sql, rule, strlen(rule));
    weft_buf_adds(&sql, ") ORDER BY 1, 2");
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_flow_pick_engine(ledger, &engine, error));
    return picked_query(engine, sql.data, pick, error);
}

/* WEFT_NOT_THERE when no row, whatever its state, was set aside by the rule. */
static int rule_find(struct weft_ledger *ledger, const struct weft_relation *stored,
                     const char *rule, struct weft_error *error)
{
    WEFT_CLEANUP(weft_engine_closep) struct weft_engine *engine = NULL;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, WEFT_RUN_LIST_MAX);
    weft_buf_adds(&sql, "SELECT 1 FROM (");
    WEFT_TRY(weft_relation_print(stored, &sql, error));
    weft_buf_adds(&sql, ") q WHERE list_contains(rules, ");
    weft_buf_add_sql_text(&sql, rule, strlen(rule));
    weft_buf_adds(&sql, ") LIMIT 1");
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_flow_pick_engine(ledger, &engine, error));
    WEFT_TRY(weft_engine_query(engine, sql.data, NULL, 0, &result, error));
    int rc = weft_result_row(result, error);
    return rc == WEFT_END ? WEFT_NOT_THERE : rc;
}

static bool is_chosen(const struct weft_quarantine_choice *choice,
                      const struct weft_quarantine_range *range)
{
    return (choice->since_us == 0 || range->aside_us >= choice->since_us) &&
           (choice->before_us == 0 || range->aside_us < choice->before_us);
}

int weft_quarantine_runs(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *table,
                         const struct weft_quarantine_choice *choice, const char *const **out,
                         size_t *out_count, struct weft_error *error)
{
    struct weft_quarantine_range *ranges = NULL;
    size_t count = 0, kept = 0;
    WEFT_TRY(weft_quarantine_ranges(txn, arena, table, NULL, 0, &ranges, &count, error));
    const char **runs = weft_arena_array(arena, count + 1, sizeof *runs);
    if (runs == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++) {
        if (is_chosen(choice, &ranges[i]) &&
            (kept == 0 || strcmp(runs[kept - 1], ranges[i].run_id) != 0))
            runs[kept++] = ranges[i].run_id;
    }
    *out = runs;
    *out_count = kept;
    return 0;
}

int weft_quarantine_run(struct weft_ledger_txn *txn, const char *table, const char *beginning,
                        char run[64], struct weft_error *error)
{
    int rc;
    size_t found = 0;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    WEFT_TRY(weft_sql_query(txn, &stmt, error,
                            "SELECT run_id FROM flow_runs WHERE product = ?1 AND "
                            "substr(run_id, 1, length(?2)) = ?2 AND seq_to IS NULL",
                            "tt", table, beginning));
    while ((rc = weft_stmt_step(stmt, error)) == 0 && found++ < 2)
        snprintf(run, 64, "%s", weft_stmt_column_text(stmt, 0));
    WEFT_TRY(rc);
    if (found > 1)
        return weft_error_set(error, WEFT_E_USAGE, "several runs have ids that begin with %s",
                              beginning);
    return found == 1 ? 0 : WEFT_NOT_THERE;
}

int weft_flow_quarantine_pick(struct weft_ledger *ledger, struct weft_arena *arena,
                              const struct weft_registered *product,
                              const struct weft_quarantine_choice *choice,
                              const struct weft_job_replay **out, size_t *out_count,
                              struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_quarantine_range *ranges = NULL;
    struct pick pick = {.arena = arena};
    static const struct weft_quarantine_choice any;
    choice = choice == NULL ? &any : choice;
    const char *rule = choice->rule;
    size_t all = 0, count = 0;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_quarantine_ranges(txn, arena, product->table, WEFT_QUARANTINE_OPEN, 0, &ranges,
                                    &all, error));
    for (size_t i = 0; i < all; i++) {
        if (is_chosen(choice, &ranges[i]))
            ranges[count++] = ranges[i];
    }
    for (size_t i = 0; rule == NULL && i < count; i++)
        WEFT_TRY(pick_add(&pick, ranges[i].run_id, ranges[i].row_from, ranges[i].row_to, error));
    if (rule != NULL) {
        struct weft_relation stored;
        int rc = weft_flow_stored_read(txn, ledger, arena, product->table, &stored, error);
        if (rc == 0 && count > 0)
            rc = pick_by_rule(ledger, &stored, rule, ranges, count, &pick, error);
        if (rc == 0 && pick.count == 0)
            rc = rule_find(ledger, &stored, rule, error);
        if (rc != 0)
            return rc;
    }
    *out = pick.items;
    *out_count = pick.count;
    return 0;
}

/* ---- as a table ---- */

static const struct weft_type type_text = {.kind = WEFT_TYPE_STRING};
static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};
static const struct weft_type type_texts = {.kind = WEFT_TYPE_LIST, .element = &type_text};

/* The fixed shape, for a product that never set anything aside. */
static const struct weft_relation_column empty_columns[] = {
    {.name = "row_id", .type = &type_text},
    {.name = "run_id", .type = &type_text},
    {.name = "contract_version", .type = &type_text},
    {.name = "port", .type = &type_text},
    {.name = "file", .type = &type_text},
    {.name = "line", .type = &type_long},
    {.name = "byte", .type = &type_long},
    {.name = "raw", .type = &type_text},
    {.name = "values", .type = &type_text},
    {.name = "rules", .type = &type_texts},
    {.name = "state", .type = &type_text},
    {.name = "state_by", .type = &type_text}};

static void empty_sql(struct weft_buf *sql, const struct weft_relation_column *columns,
                      size_t count)
{
    weft_buf_adds(sql, "SELECT ");
    for (size_t i = 0; i < count; i++) {
        weft_buf_adds(sql, i == 0 ? "CAST(NULL AS " : ", CAST(NULL AS ");
        weft_type_print_duckdb(columns[i].type, sql);
        weft_buf_adds(sql, ") AS ");
        weft_buf_add_sql_name(sql, columns[i].name);
    }
    weft_buf_adds(sql, " WHERE false");
}

int weft_quarantine_relation(struct weft_ledger_txn *txn, struct weft_arena *arena,
                             const char *table, const struct weft_relation *stored,
                             int64_t sequence, struct weft_relation *out, struct weft_error *error)
{
    struct weft_quarantine_range *ranges = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    size_t count = 0, fixed = stored == NULL ? WEFT_COUNT(empty_columns) - 2 : stored->column_count;
    weft_buf_init(&sql, WEFT_RUN_LIST_MAX);
    WEFT_TRY(weft_quarantine_ranges(txn, arena, table, NULL, sequence, &ranges, &count, error));
    struct weft_relation_column *columns = weft_arena_array(arena, fixed + 2, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < fixed; i++) {
        columns[i] = stored == NULL ? empty_columns[i] : stored->columns[i];
        columns[i].field_id = 0;
    }
    columns[fixed] = empty_columns[WEFT_COUNT(empty_columns) - 2];
    columns[fixed + 1] = empty_columns[WEFT_COUNT(empty_columns) - 1];
    if (stored == NULL || count == 0)
        empty_sql(&sql, columns, fixed + 2);
    else
        WEFT_TRY(weft_flow_states_sql(&sql, stored, ranges, count, false, error));
    WEFT_TRY(weft_buf_check(&sql, error));
    const char *text = weft_arena_strdup(arena, sql.data);
    if (text == NULL)
        return weft_error_nomem(error);
    out->kind = WEFT_RELATION_SQL;
    out->columns = columns;
    out->column_count = fixed + 2;
    out->files = NULL;
    out->file_count = 0;
    out->sql = text;
    return 0;
}

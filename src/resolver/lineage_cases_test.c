/*
 * lineage_cases_test.c - lineage of every statement of cases/legal.sql, held against two oracles.
 * Change: where the values of one column of a table are others (shifted by a row, all the same,
 * half of them null, each a bit more), no column of the result changes that does not name it, and
 * the number of rows does not that is not said to be decided by it. EXPLAIN: what DuckDB reads from
 * the tables for one column of the result alone is what that column names.
 *
 * The tables of the laboratory are copied into memory, behind views that are changed.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/test_support.h"
#include "base/text.h"
#include "codec/json.h"
#include "resolver/lineage.h"
#include "resolver/resolver_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES_MAX 1000
#define SQL_MAX (1 << 20)
#define RESULT_COLUMNS 64
#define CHANGES 4
#define ANSWER_US 300000 /* other values may lead a recursion in a ring */

struct fixture {
    struct resolver_lab *lab;
    struct weft_engine *engine; /* not sealed */
    struct weft_resolve_options options;
    struct weft_error error;
    const char *sql[RESOLVER_LAB_TABLES]; /* of each table */
    struct weft_arena *arena;
    struct resolver_case *cases;
    size_t count;
    bool all; /* changes; else one or two, in turn */
    int turn;
};

static void exec(struct fixture *f, const char *sql)
{
    if (weft_engine_exec(f->engine, sql, NULL, &f->error) != 0)
        fail_msg("%s: %s", sql, f->error.message);
}

/* ---- tables that change ---- */

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : weft_equal_fold(a, b);
}

static int world_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                         struct weft_relation *out, struct weft_error *error)
{
    struct fixture *f = arg;
    (void)arena;
    (void)error;
    for (size_t i = 0; i < f->lab->table_count; i++) {
        const struct resolver_lab_table *table = &f->lab->tables[i];
        if (!same(table->schema, name->schema) || !weft_equal_fold(table->name, name->table))
            continue;
        *out = (struct weft_relation){.kind = WEFT_RELATION_SQL,
                                      .product = table->relation.product,
                                      .tag = (int)i,
                                      .columns = table->relation.columns,
                                      .column_count = table->relation.column_count,
                                      .snapshot_id = name->at.given ? 1 : 0,
                                      .sql = f->sql[i]};
        return 0;
    }
    return WEFT_NOT_THERE;
}

static void change_expression(struct weft_buf *out, size_t table, const char *name,
                              const struct weft_type *type, int change)
{
    struct weft_buf column, kind;
    weft_buf_init(&column, 1000);
    weft_buf_init(&kind, 10000);
    weft_buf_add_sql_name(&column, name);
    weft_type_print_duckdb(type, &kind);
    const char *c = column.data, *t = kind.data;
    weft_buf_adds(out, "CAST(");
    if (change == 0)
        weft_buf_addf(out,
                      "coalesce(lead(%s) OVER (ORDER BY rowid), first_value(%s) OVER (ORDER BY "
                      "rowid))",
                      c, c);
    else if (change == 1)
        weft_buf_addf(out, "(SELECT any_value(%s) FROM now.t%zu)", c, table);
    else if (change == 2)
        weft_buf_addf(out, "CASE WHEN rowid %% 2 = 0 THEN %s END", c);
    else if (strchr(t, '[') != NULL || strchr(t, '(') == t + 6)
        weft_buf_adds(out, "NULL"); /* lists, structs */
    else if (strcmp(t, "VARCHAR") == 0)
        weft_buf_addf(out, "%s || 'q'", c);
    else if (strcmp(t, "BOOLEAN") == 0)
        weft_buf_addf(out, "NOT %s", c);
    else if (strcmp(t, "DATE") == 0 || strncmp(t, "TIMESTAMP", 9) == 0)
        weft_buf_addf(out, "%s + INTERVAL 400 DAY", c);
    else if (strstr(t, "INT") == t || strcmp(t, "BIGINT") == 0 || strncmp(t, "DECIMAL", 7) == 0 ||
             strcmp(t, "DOUBLE") == 0 || strcmp(t, "FLOAT") == 0)
        weft_buf_addf(out, "%s + 1", c);
    else
        weft_buf_adds(out, "NULL");
    weft_buf_addf(out, " AS %s) AS %s", t, c);
    weft_buf_release(&column);
    weft_buf_release(&kind);
}

/* The table's view as it is (column below 0), or with one column changed. */
static void table_show(struct fixture *f, size_t table, int column, int change)
{
    const struct weft_relation *relation = &f->lab->tables[table].relation;
    struct weft_buf sql;
    weft_buf_init(&sql, SQL_MAX);
    weft_buf_addf(&sql, "CREATE OR REPLACE VIEW now.v%zu AS SELECT * ", table);
    if (column >= 0) {
        weft_buf_adds(&sql, "REPLACE (");
        change_expression(&sql, table, relation->columns[column].name,
                          relation->columns[column].type, change);
        weft_buf_adds(&sql, ") ");
    }
    weft_buf_addf(&sql, "FROM now.t%zu", table);
    exec(f, sql.data);
    weft_buf_release(&sql);
}

static void table_copy(struct fixture *f, size_t table)
{
    const struct resolver_lab_table *from = &f->lab->tables[table];
    struct weft_buf sql;
    weft_buf_init(&sql, SQL_MAX);
    weft_buf_addf(&sql, "CREATE TABLE now.t%zu AS SELECT * FROM %s.", table,
                  from->schema == NULL ? "main" : from->schema);
    weft_buf_add_sql_name(&sql, from->name);
    exec(f, sql.data);
    weft_buf_release(&sql);
    f->sql[table] = weft_arena_format(f->arena, "SELECT * FROM now.v%zu", table);
    table_show(f, table, -1, 0);
}

static int setup(void **state)
{
    struct fixture *f = weft_alloc(sizeof *f);
    f->error = (struct weft_error)WEFT_ERROR_INIT;
    f->arena = weft_arena_new(0);
    f->lab = resolver_lab_new();
    f->engine = f->lab->plain;
    f->options = f->lab->options;
    f->options.resolve = world_resolve;
    f->options.arg = f;
    f->options.suggest = NULL;
    f->options.lineage = true;
    exec(f, "CREATE SCHEMA now");
    for (size_t i = 0; i < f->lab->table_count; i++)
        table_copy(f, i);
    f->cases = weft_arena_array(f->arena, CASES_MAX, sizeof *f->cases);
    f->count = resolver_cases_read(f->arena, "cases/legal.sql", f->cases, CASES_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    resolver_lab_free(f->lab);
    weft_arena_free(f->arena);
    weft_free(f);
    return 0;
}

/* ---- one statement ---- */

struct statement {
    const struct resolver_case *item;
    struct weft_resolved resolved;
    struct weft_resolved_lineage lineage;
};

static int statement_read(struct fixture *f, struct weft_arena *arena, struct statement *out)
{
    const struct weft_relation_column *columns;
    size_t count;
    const char *sql = out->item->sql;
    WEFT_TRY(
        weft_resolve(f->engine, arena, sql, strlen(sql), &f->options, &out->resolved, &f->error));
    WEFT_TRY(weft_resolved_columns(f->engine, arena, &out->resolved, &columns, &count, &f->error));
    return weft_resolved_lineage(arena, &out->resolved, columns, count, &out->lineage, &f->error);
}

static bool names(const struct weft_resolved_edges *edges, size_t table, const char *column,
                  unsigned how)
{
    for (size_t i = 0; i < edges->count; i++)
        if ((size_t)edges->items[i].tag == table && strcmp(edges->items[i].column, column) == 0)
            return (edges->items[i].how & how) != 0;
    return false;
}

static bool reads(const struct statement *statement, const char *product)
{
    for (size_t i = 0; i < statement->resolved.source_count; i++)
        if (strcmp(statement->resolved.sources[i].product, product) == 0)
            return true;
    return false;
}

static void complain(const struct statement *statement, const char *column, const char *what,
                     const char *product, const char *input)
{
    print_error("%s:%d: %s\n%s\n  %s %s %s.%s\n", statement->item->file, statement->item->line,
                statement->item->about, statement->item->sql, column, what, product, input);
}

/* ---- the oracle of change ---- */

struct answer {
    size_t rows;
    uint64_t sums[RESULT_COLUMNS]; /* of the values' hashes: whatever their order */
};

static uint64_t hash(const char *text, uint64_t value)
{
    for (; *text != 0; text++)
        value = (value ^ (unsigned char)*text) * 1099511628211U;
    value ^= value >> 29;
    value *= 0xbf58476d1ce4e5b9U;
    return value ^ (value >> 32);
}

static int answer_sum(struct fixture *f, const struct statement *statement, struct answer *out)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc;
    *out = (struct answer){0};
    WEFT_TRY(weft_resolved_query(f->engine, &statement->resolved, statement->item->params,
                                 statement->item->param_count, &result, &f->error));
    size_t count = weft_result_column_count(result);
    assert_true(count <= RESULT_COLUMNS);
    while ((rc = weft_result_row(result, &f->error)) == 0) {
        out->rows++;
        for (size_t i = 0; i < count; i++)
            out->sums[i] += hash(weft_result_text(result, i),
                                 weft_result_is_null(result, i) ? 7 : 1469598103934665603U);
    }
    return rc < 0 ? rc : 0;
}

static int answer_read(struct fixture *f, const struct statement *statement, struct answer *out)
{
    weft_engine_watch(f->engine, weft_clock_mono_us() + ANSWER_US);
    int rc = answer_sum(f, statement, out);
    weft_engine_watch(f->engine, 0);
    return rc;
}

struct counts {
    size_t statements, left, pairs, moved, direct, direct_moved, rows, rows_moved, wrong;
};

static void change_column(struct fixture *f, const struct statement *statement,
                          const struct answer *before, size_t table, size_t column,
                          struct counts *counts)
{
    const struct weft_relation *relation = &f->lab->tables[table].relation;
    const char *input = relation->columns[column].name;
    bool moved[RESULT_COLUMNS] = {false}, any = false, more = false;
    for (int i = 0; i < (f->all ? CHANGES : 2) && (f->all || !any); i++) {
        int change = (f->turn + (int)column + i) % CHANGES;
        struct answer after;
        table_show(f, table, (int)column, change);
        if (answer_read(f, statement, &after) != 0)
            continue; /* a value that does not fit, or that never ends */
        more = more || after.rows != before->rows;
        for (size_t k = 0; k < statement->lineage.count; k++) {
            moved[k] = moved[k] || after.sums[k] != before->sums[k];
            any = any || moved[k];
        }
    }
    table_show(f, table, -1, 0);
    bool in_rows = names(&statement->lineage.rows, table, input, WEFT_LINEAGE_ALL);
    for (size_t i = 0; i < statement->lineage.count; i++) {
        const struct weft_resolved_origin *origin = &statement->lineage.columns[i];
        bool direct = names(&origin->edges, table, input, WEFT_LINEAGE_DIRECT);
        counts->pairs++;
        counts->moved += moved[i];
        counts->direct += direct;
        counts->direct_moved += direct && moved[i];
        if (moved[i] && !in_rows && !origin->unknown &&
            !names(&origin->edges, table, input, WEFT_LINEAGE_ALL)) {
            complain(statement, origin->column, "changes with", relation->product, input);
            counts->wrong++;
        }
    }
    counts->rows += in_rows;
    counts->rows_moved += in_rows && (more || any);
    if (more && !in_rows) {
        complain(statement, "(rows)", "are more or less with", relation->product, input);
        counts->wrong++;
    }
}

static void change_statement(struct fixture *f, const struct resolver_case *item,
                             struct counts *counts)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct statement statement = {.item = item};
    struct answer before, again;
    if (statement_read(f, arena, &statement) != 0 || answer_read(f, &statement, &before) != 0 ||
        answer_read(f, &statement, &again) != 0 || memcmp(&before, &again, sizeof before) != 0) {
        counts->left++;
        return;
    }
    counts->statements++;
    for (size_t table = 0; table < f->lab->table_count; table++) {
        const struct weft_relation *relation = &f->lab->tables[table].relation;
        for (size_t i = 0; i < relation->column_count && reads(&statement, relation->product); i++)
            change_column(f, &statement, &before, table, i, counts);
    }
}

static void test_change(void **state)
{
    struct fixture *f = *state;
    struct counts counts = {0};
    f->all = getenv("WEFT_LINEAGE_ALL") != NULL;
    for (size_t i = 0; i < f->count; i++) {
        f->turn = (int)i;
        change_statement(f, &f->cases[i], &counts);
    }
    print_message("%zu statements (%zu left out), %zu pairs: %zu changed; %zu direct, %zu of them "
                  "changed; %zu decide rows, %zu of them did\n",
                  counts.statements, counts.left, counts.pairs, counts.moved, counts.direct,
                  counts.direct_moved, counts.rows, counts.rows_moved);
    assert_int_equal(counts.wrong, 0);
    assert_true(counts.statements >= 600);
    /* The rest: values that the data of the laboratory hides (max of another, a filter that lets
     * nothing through), which the shift and the constant do not bring out. */
    assert_true(counts.direct_moved * 100 >= counts.direct * 80);
    assert_true(counts.rows_moved * 100 >= counts.rows * 75);
}

/* ---- the oracle of EXPLAIN ---- */

struct scans { /* which columns of which tables are read */
    struct fixture *f;
    bool read[RESOLVER_LAB_TABLES][RESULT_COLUMNS];
};

/* "name", or a part of it: name.part */
static void scan_column(struct scans *scans, size_t table, const char *text)
{
    const struct weft_relation *relation = &scans->f->lab->tables[table].relation;
    for (size_t i = 0; text != NULL && i < relation->column_count; i++) {
        const char *name = relation->columns[i].name;
        size_t length = strlen(name);
        if (strncmp(name, text, length) == 0 && (text[length] == 0 || text[length] == '.'))
            scans->read[table][i] = true;
    }
}

static void scan_walk(struct scans *scans, yyjson_val *node)
{
    yyjson_val *extra = yyjson_obj_get(node, "extra_info"), *child;
    const char *of = yyjson_get_str(yyjson_obj_get(extra, "Table"));
    size_t i, max;
    if (of != NULL && strncmp(of, "memory.now.t", 12) == 0) {
        size_t table = strtoul(of + 12, NULL, 10);
        yyjson_val *columns = yyjson_obj_get(extra, "Projections");
        scan_column(scans, table, yyjson_get_str(columns));
        yyjson_arr_foreach(columns, i, max, child) scan_column(scans, table, yyjson_get_str(child));
    }
    yyjson_arr_foreach(yyjson_obj_get(node, "children"), i, max, child) scan_walk(scans, child);
}

static int scans_of(struct fixture *f, const struct statement *statement, size_t column,
                    struct scans *out)
{
    struct weft_buf sql;
    weft_buf_init(&sql, SQL_MAX);
    weft_buf_addf(&sql, "EXPLAIN (FORMAT json) SELECT c%zu FROM (%s) AS q(", column,
                  statement->resolved.sql);
    for (size_t i = 0; i < statement->lineage.count; i++)
        weft_buf_addf(&sql, "%sc%zu", i == 0 ? "" : ", ", i);
    weft_buf_addc(&sql, ')');
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc = weft_engine_query(f->engine, sql.data, NULL, 0, &result, &f->error);
    weft_buf_release(&sql);
    WEFT_TRY(rc);
    WEFT_TRY(weft_result_row(result, &f->error));
    const char *text = weft_result_text(result, 1);
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    assert_non_null(doc);
    *out = (struct scans){.f = f};
    size_t i, max;
    yyjson_val *node;
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, max, node) scan_walk(out, node);
    yyjson_doc_free(doc);
    return 0;
}

struct explained {
    size_t statements, left, columns, same, more, fewer, wrong;
};

/* Where DuckDB computes what it then does not use: windows, texts WITH, scalar subqueries, sides of
 * a set operation, rows of unnest. The other oracle has these. */
static bool excused(const char *sql)
{
    static const char *const words[] = {" over ", "with ",   "(select ",  "(from ",
                                        "union ", "unnest(", "intersect", "except "};
    for (size_t i = 0; i < WEFT_COUNT(words); i++)
        if (strcasestr(sql, words[i]) != NULL)
            return true;
    return false;
}

static void explain_column(struct fixture *f, const struct statement *statement, size_t at,
                           struct explained *counts)
{
    const struct weft_resolved_origin *origin = &statement->lineage.columns[at];
    struct scans scans;
    bool more = false, fewer = false;
    if (origin->unknown || scans_of(f, statement, at, &scans) != 0) {
        counts->left++;
        return;
    }
    counts->columns++;
    for (size_t table = 0; table < f->lab->table_count; table++) {
        const struct weft_relation *relation = &f->lab->tables[table].relation;
        for (size_t i = 0; i < relation->column_count; i++) {
            const char *input = relation->columns[i].name;
            bool said = names(&origin->edges, table, input, WEFT_LINEAGE_ALL) ||
                        names(&statement->lineage.rows, table, input, WEFT_LINEAGE_ALL);
            bool read = scans.read[table][i];
            more = more || (said && !read);
            fewer = fewer || (read && !said);
            bool wrong = read && !said && !excused(statement->item->sql);
            counts->wrong += wrong;
            if (wrong || (getenv("WEFT_EXPLAIN") != NULL && said != read))
                complain(statement, origin->column, said ? "names, unread," : "reads, unnamed,",
                         relation->product, input);
        }
    }
    counts->same += !more && !fewer;
    counts->more += more;
    counts->fewer += fewer;
}

static void test_explain(void **state)
{
    struct fixture *f = *state;
    struct explained counts = {0};
    /* A column that is read for a filter alone stays among what is read. */
    exec(f, "SET disabled_optimizers = 'filter_pushdown, filter_pullup, expression_rewriter, "
            "statistics_propagation, empty_result_pullup, join_elimination'");
    for (size_t i = 0; i < f->count; i++) {
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
        struct statement statement = {.item = &f->cases[i]};
        if (statement_read(f, arena, &statement) != 0)
            continue;
        counts.statements++;
        for (size_t at = 0; at < statement.lineage.count; at++)
            explain_column(f, &statement, at, &counts);
    }
    print_message("%zu statements, %zu columns (%zu left out): %zu read what they name, %zu name "
                  "more, %zu read more\n",
                  counts.statements, counts.columns, counts.left, counts.same, counts.more,
                  counts.fewer);
    assert_int_equal(counts.wrong, 0);
    assert_true(counts.same * 100 >= counts.columns * 85);
    assert_true(counts.more * 100 <= counts.columns * 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_change),
                                       cmocka_unit_test(test_explain)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

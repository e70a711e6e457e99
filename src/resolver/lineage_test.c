/*
 * lineage_test.c - lineage of queries: told for each form of SQL, the same under other aliases, and
 * held against an oracle: where the values of one column of a table change, no column of the result
 * changes that does not name it.
 */
#include "resolver/lineage.h"

#include "base/test_support.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUERIES 260
#define COLUMNS 5 /* k, v, w, l, st of each table */
#define RESULT_COLUMNS 12

struct fixture {
    struct weft_engine *engine;
    struct weft_arena *arena;
    struct weft_relation_column columns[COLUMNS];
    struct weft_resolve_options options;
    struct weft_error error;
    unsigned seed;
};

static const char *const column_names[COLUMNS] = {"k", "v", "w", "l", "st"};

static void must(struct fixture *f, int rc, const char *what)
{
    if (rc != 0)
        fail_msg("%s: %s (%s)", what, f->error.message, f->error.detail);
}

static int world_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                         struct weft_relation *out, struct weft_error *error)
{
    struct fixture *f = arg;
    (void)arena;
    (void)error;
    bool t = strcmp(name->table, "t") == 0;
    if (strcmp(name->table, "detected") == 0) { /* its columns are not known yet */
        *out = (struct weft_relation){
            .kind = WEFT_RELATION_SQL, .product = "d", .sql = "SELECT * FROM t_now"};
        return 0;
    }
    if (name->schema != NULL || (!t && strcmp(name->table, "u") != 0))
        return WEFT_NOT_THERE;
    *out = (struct weft_relation){.kind = WEFT_RELATION_SQL,
                                  .product = t ? "t" : "u",
                                  .tag = t ? 1 : 2,
                                  .columns = f->columns,
                                  .column_count = COLUMNS,
                                  .sql = t ? "SELECT * FROM t_now" : "SELECT * FROM u_now"};
    return 0;
}

static void exec(struct fixture *f, const char *sql)
{
    must(f, weft_engine_exec(f->engine, sql, NULL, &f->error), sql);
}

/* The table's view as it is, or with one column changed. */
static void world_show(struct fixture *f, char table, int column, int how)
{
    static const char *const changes[COLUMNS][2] = {
        {"k + 1", "5 - k"},
        {"v * 3 + 1", "CASE WHEN v > 2 THEN v END"},
        {"w || 'q'", "'b'"},
        {"list_append(l, 7)", "[v]"},
        {"{'a': st.a + 1, 'b': st.b || 'z'}", "{'a': 3, 'b': st.b}"}};
    char *sql =
        column < 0
            ? weft_format("CREATE OR REPLACE VIEW %c_now AS SELECT * FROM %c_base", table, table)
            : weft_format("CREATE OR REPLACE VIEW %c_now AS SELECT * REPLACE (%s AS %s) "
                          "FROM %c_base",
                          table, changes[column][how], column_names[column], table);
    exec(f, sql);
    weft_free(sql);
}

static int setup(void **state)
{
    static const char *const types[COLUMNS] = {"int", "int", "string", "list<int>",
                                               "struct<a: int, b: string>"};
    struct fixture *f = weft_alloc(sizeof *f);
    f->error = (struct weft_error)WEFT_ERROR_INIT;
    f->arena = weft_arena_new(0);
    f->options = (struct weft_resolve_options){
        .resolve = world_resolve, .arg = f, .principal = "user:x", .lineage = true};
    const struct weft_engine_config config = {.threads = 1, .keep_order = true};
    must(f, weft_engine_open(&config, &f->engine, &f->error), "open");
    for (int i = 0; i < COLUMNS; i++) {
        f->columns[i].name = column_names[i];
        must(f, weft_type_parse(f->arena, types[i], &f->columns[i].type, &f->error), "type");
    }
    for (char table = 't'; table <= 'u'; table++) {
        char *sql = weft_format(
            "CREATE TABLE %c_base AS SELECT (i %% 4)::INT AS k, ((i * %d) %% 7)::INT AS v, "
            "chr((97 + i %% 3)::INT) AS w, [i::INT, (i %% 2)::INT] AS l, "
            "{'a': (i %% 5)::INT, 'b': chr((109 + i %% 4)::INT)} AS st FROM range(12) r(i)",
            table, table == 't' ? 3 : 5);
        exec(f, sql);
        weft_free(sql);
        world_show(f, table, -1, 0);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    weft_engine_close(f->engine);
    weft_arena_free(f->arena);
    weft_free(f);
    return 0;
}

/* ---- lineage as a text ---- */

static int resolve(struct fixture *f, const char *sql, struct weft_resolved *resolved,
                   struct weft_resolved_lineage *lineage)
{
    const struct weft_relation_column *columns;
    size_t count;
    WEFT_TRY(weft_resolve(f->engine, f->arena, sql, strlen(sql), &f->options, resolved, &f->error));
    WEFT_TRY(weft_resolved_columns(f->engine, f->arena, resolved, &columns, &count, &f->error));
    return weft_resolved_lineage(f->arena, resolved, columns, count, lineage, &f->error);
}

static int edge_compare(const void *a, const void *b)
{
    const struct weft_resolved_edge *one = a, *other = b;
    int by = strcmp(one->product, other->product);
    return by != 0 ? by : strcmp(one->column, other->column);
}

static void edges_print(const struct weft_resolved_edges *edges, struct weft_buf *out)
{
    struct weft_resolved_edge sorted[100];
    size_t count = WEFT_MIN(edges->count, WEFT_COUNT(sorted));
    for (size_t i = 0; i < count; i++)
        sorted[i] = edges->items[i];
    qsort(sorted, count, sizeof *sorted, edge_compare);
    for (size_t i = 0; i < count; i++) {
        weft_buf_addf(out, " %s.%s", sorted[i].product, sorted[i].column);
        for (unsigned bit = 1; bit <= WEFT_LINEAGE_ALL; bit <<= 1)
            if (sorted[i].how & bit)
                weft_buf_addf(out, "%c%.2s", (sorted[i].how & (bit - 1)) ? '+' : ':',
                              weft_lineage_how_name(bit));
    }
}

static char *lineage_text(struct fixture *f, const char *sql)
{
    struct weft_resolved resolved;
    struct weft_resolved_lineage lineage;
    struct weft_buf out;
    must(f, resolve(f, sql, &resolved, &lineage), sql);
    weft_buf_init(&out, 1 << 20);
    for (size_t i = 0; i < lineage.count; i++) {
        weft_buf_addf(&out, "%s%s%s", i == 0 ? "" : "; ", lineage.columns[i].column,
                      lineage.columns[i].unknown ? "?" : "");
        edges_print(&lineage.columns[i].edges, &out);
    }
    weft_buf_adds(&out, " |");
    edges_print(&lineage.rows, &out);
    char *copy = weft_arena_strdup(f->arena, out.data);
    weft_buf_release(&out);
    return copy;
}

struct form {
    const char *sql;
    const char *lineage;
};

static void forms_check(struct fixture *f, const struct form *cases, size_t count)
{
    bool wrong = false;
    for (size_t i = 0; i < count; i++) {
        const char *is = lineage_text(f, cases[i].sql);
        if (strcmp(is, cases[i].lineage) == 0)
            continue;
        wrong = true;
        print_error("%s\n  is:     %s\n  wanted: %s\n", cases[i].sql, is, cases[i].lineage);
    }
    assert_false(wrong);
}

static void test_forms(void **state)
{
    static const struct form cases[] = {
        {"SELECT k, v + 1 AS n, 'c' AS c FROM t", "k t.k:id; n t.v:tr; c |"},
        {"SELECT CASE WHEN k > 1 THEN v ELSE length(w) END AS n FROM t",
         "n t.k:co t.v:tr t.w:tr |"},
        {"SELECT k, sum(v) FILTER (WHERE w = 'a') AS n FROM t WHERE v > 1 GROUP BY k",
         "k t.k:id; n t.v:ag t.w:co | t.k:gr t.v:fi"},
        {"SELECT k AS a, count(*) AS n FROM t GROUP BY 1 HAVING max(v) > 1 ORDER BY 2",
         "a t.k:id; n | t.k:gr t.v:fi"},
        {"SELECT k AS a, sum(v) OVER (PARTITION BY w ORDER BY st.a) AS n FROM t",
         "a t.k:id; n t.st:wi t.v:ag t.w:wi |"},
        {"SELECT t.k, u.w FROM t JOIN u ON t.v = u.v", "k t.k:id; w u.w:id | t.v:jo u.v:jo"},
        {"SELECT k, u.w FROM t LEFT JOIN u USING (k)", "k t.k:id; w u.w:id | t.k:jo u.k:jo"},
        {"SELECT k, u.w FROM t FULL JOIN u USING (k)", "k t.k:id u.k:id; w u.w:id | t.k:jo u.k:jo"},
        {"FROM t SEMI JOIN u USING (k) SELECT v", "v t.v:id | t.k:jo u.k:jo"},
        {"SELECT v FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k AND u.w = 'a')",
         "v t.v:id | t.k:fi u.k:fi u.w:fi"},
        {"SELECT v, (SELECT max(u.v) FROM u WHERE u.k = t.k) AS m FROM t",
         "v t.v:id; m t.k:fi u.k:fi u.v:ag |"},
        {"SELECT * EXCLUDE (l, st) REPLACE (v * k AS v) RENAME (w AS x) FROM t",
         "k t.k:id; v t.k:tr t.v:tr; x t.w:id |"},
        {"SELECT COLUMNS('k|v') FROM t", "k t.k:id; v t.v:id |"},
        {"SELECT st.a AS a, l[1] AS b FROM t", "a t.st:id; b t.l:tr |"},
        {"SELECT list_transform(l, e -> e + v) AS n FROM t", "n t.l:tr t.v:tr |"},
        {"WITH a AS (SELECT k AS x, v AS y FROM t WHERE w = 'a') SELECT y FROM a WHERE x > 1",
         "y t.v:id | t.k:fi t.w:fi"},
        {"SELECT k FROM t UNION ALL SELECT v FROM u", "k t.k:id u.v:id |"},
        {"SELECT k FROM t EXCEPT SELECT v FROM u", "k t.k:id | t.k:fi+gr u.v:fi"},
        {"SELECT k, w FROM t UNION ALL BY NAME SELECT w, k FROM u",
         "k t.k:id u.k:id; w t.w:id u.w:id |"},
        {"WITH RECURSIVE r(a, b) AS (SELECT k, v FROM t UNION ALL SELECT b, a FROM r WHERE a < 1) "
         "SELECT a FROM r",
         "a t.k:id t.v:id | t.k:fi t.v:fi"},
        {"SELECT * FROM (SELECT k, w, v FROM t) PIVOT (sum(v) FOR w IN ('a', 'b'))",
         "k t.k:id; a t.v:ag t.w:co; b t.v:ag t.w:co | t.k:gr t.v:gr t.w:gr"},
        {"SELECT * FROM (SELECT w, k, v FROM t) UNPIVOT (n FOR c IN (k, v))",
         "w t.w:id; c; n t.k:tr t.v:tr | t.k:fi t.v:fi"},
        {"SELECT DISTINCT ON (k) v FROM t ORDER BY w", "v t.v:id | t.k:gr t.w:so"},
        {"SELECT t FROM t", "t t.k:tr t.l:tr t.st:tr t.v:tr t.w:tr |"},
        {"SELECT x FROM t, LATERAL (SELECT t.v + u.v AS x FROM u WHERE u.k = t.k)",
         "x t.v:tr u.v:tr | t.k:fi u.k:fi"},
        {"SELECT n FROM t, unnest(l) AS q(n)", "n t.l:un | t.l:fi"},
        {"SELECT a, b FROM (VALUES (1, 2)) q(a, b)", "a; b |"},
    };
    forms_check(*state, cases, WEFT_COUNT(cases));
}

/* What makes rows, what tells of a table, and tables whose columns are not known yet. */
static void test_rows_and_unknown(void **state)
{
    static const struct form cases[] = {
        {"SELECT k, unnest(l) AS n FROM t", "k t.k:id; n t.l:tr | t.l:fi"},
        {"SELECT k + generate_subscripts(l, 1) AS n FROM t", "n t.k:tr t.l:tr | t.k:fi t.l:fi"},
        {"SELECT min FROM (SUMMARIZE SELECT k, v FROM t WHERE w = 'a')",
         "min t.k:ag t.v:ag t.w:fi |"},
        {"SELECT column_name FROM (DESCRIBE t)", "column_name |"},
        {"SELECT k, v + 1 AS n, 1 AS c FROM detected", "k?; n?; c |"},
        {"SELECT * EXCLUDE (l, st, w) FROM detected", "k?; v? |"},
        {"SELECT t.v FROM t JOIN detected d ON t.k = d.k", "v? t.v:id | t.k:jo"},
        {"SELECT x FROM (SELECT k AS x FROM detected UNION ALL SELECT v FROM t)", "x? t.v:id |"},
        {"WITH c AS (SELECT w FROM detected) SELECT count(*) AS n FROM t WHERE w IN (FROM c)",
         "n? | t.w:fi"},
        {"SELECT a FROM (PIVOT (SELECT w, v FROM t) ON w IN ('a') USING sum(v))",
         "a t.v:ag t.w:co | t.v:gr t.w:gr"},
    };
    forms_check(*state, cases, WEFT_COUNT(cases));
}

static void test_aliases(void **state)
{
    static const char *const twins[][2] = {
        {"WITH a AS (SELECT k, v FROM t), b AS (SELECT k, w FROM u) SELECT a.v, b.w FROM a JOIN b "
         "ON a.k = b.k",
         "WITH z AS (SELECT k, w FROM u), y AS (SELECT k, v FROM t) SELECT q.v, p.w FROM y q JOIN "
         "z p ON q.k = p.k"},
        {"SELECT o.v AS n FROM t o WHERE o.k IN (SELECT i.k FROM u i)",
         "SELECT t.v AS n FROM t WHERE t.k IN (SELECT u.k FROM u)"},
        {"SELECT s.n FROM (SELECT v + k AS n FROM t) s", "SELECT v + k AS n FROM t"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < WEFT_COUNT(twins); i++)
        assert_string_equal(lineage_text(f, twins[i][0]), lineage_text(f, twins[i][1]));
}

/* ---- queries by chance: each gives k int, v int, w text ---- */

static unsigned chance(struct fixture *f, unsigned of)
{
    f->seed = f->seed * 1103515245U + 12345U;
    return (f->seed >> 16) % of;
}

static void number(struct fixture *f, struct weft_buf *out, const char *a, int depth);

static void condition(struct fixture *f, struct weft_buf *out, const char *a)
{
    switch (chance(f, 6)) {
    case 0:
        weft_buf_addf(out, "%s.k > %u", a, chance(f, 3));
        break;
    case 1:
        weft_buf_addf(out, "%s.v <> %s.k", a, a);
        break;
    case 2:
        weft_buf_addf(out, "%s.w <> 'c'", a);
        break;
    case 3:
        weft_buf_addf(out, "EXISTS (SELECT 1 FROM u e WHERE e.k = %s.v)", a);
        break;
    case 4:
        weft_buf_addf(out, "%s.v IN (SELECT i.v FROM t i WHERE i.w <> 'a')", a);
        break;
    default:
        weft_buf_addf(out, "%s.v IS NOT NULL", a);
    }
}

static void number(struct fixture *f, struct weft_buf *out, const char *a, int depth)
{
    switch (chance(f, depth <= 0 ? 3 : 8)) {
    case 0:
        weft_buf_addf(out, "%s.k", a);
        break;
    case 1:
        weft_buf_addf(out, "%s.v", a);
        break;
    case 2:
        weft_buf_addf(out, "length(%s.w)::INT", a);
        break;
    case 3:
        weft_buf_adds(out, "CASE WHEN ");
        condition(f, out, a);
        weft_buf_adds(out, " THEN ");
        number(f, out, a, depth - 1);
        weft_buf_adds(out, " ELSE 1 END");
        break;
    case 4:
        weft_buf_addf(out, "coalesce((SELECT max(s.v) FROM u s WHERE s.k = %s.k), 0)", a);
        break;
    case 5:
        weft_buf_adds(out, "(");
        number(f, out, a, depth - 1);
        weft_buf_adds(out, " + ");
        number(f, out, a, depth - 1);
        weft_buf_adds(out, ")");
        break;
    case 6:
        weft_buf_addf(out, "list_sum(list_transform([%s.k, 2], e -> e + %s.v))::INT", a, a);
        break;
    default:
        weft_buf_adds(out, "abs(");
        number(f, out, a, depth - 1);
        weft_buf_adds(out, ")");
    }
}

static void query(struct fixture *f, struct weft_buf *out, int depth);

static void source(struct fixture *f, struct weft_buf *out, const char *a, int depth)
{
    switch (chance(f, depth <= 0 ? 4 : 7)) {
    case 0:
        weft_buf_addf(out, "t %s", a);
        break;
    case 1:
        weft_buf_addf(out, "u %s", a);
        break;
    case 2:
        weft_buf_addf(out, "(SELECT st.a AS k, l[1] AS v, st.b AS w FROM t) %s", a);
        break;
    case 3:
        weft_buf_addf(out, "(SELECT * EXCLUDE (l, st) REPLACE (k + v AS v) FROM u) %s", a);
        break;
    default:
        weft_buf_adds(out, "(");
        query(f, out, depth - 1);
        weft_buf_addf(out, ") %s", a);
    }
}

static void query_plain(struct fixture *f, struct weft_buf *out, int depth)
{
    weft_buf_adds(out, chance(f, 5) == 0 ? "SELECT DISTINCT " : "SELECT ");
    number(f, out, "a", 2);
    weft_buf_adds(out, " AS k, ");
    number(f, out, "a", 2);
    weft_buf_adds(out, " AS v, a.w AS w FROM ");
    source(f, out, "a", depth);
    if (chance(f, 2) == 0) {
        weft_buf_adds(out, " WHERE ");
        condition(f, out, "a");
    }
    if (chance(f, 4) == 0)
        weft_buf_addf(out, " ORDER BY ALL LIMIT %u", 2 + chance(f, 5));
}

static void query_grouped(struct fixture *f, struct weft_buf *out, int depth)
{
    static const char *const values[] = {"sum(a.v)::INT",
                                         "count(*)::INT",
                                         "max(a.k)",
                                         "(sum(a.v) FILTER (WHERE a.w <> 'b'))::INT",
                                         "count(DISTINCT a.w)::INT",
                                         "arg_max(a.k, a.v)"};
    weft_buf_addf(out, "SELECT a.k AS k, %s AS v, %s AS w FROM ", values[chance(f, 6)],
                  chance(f, 2) ? "min(a.w)" : "string_agg(a.w, '' ORDER BY a.v, a.w)");
    source(f, out, "a", depth);
    weft_buf_addf(out, " GROUP BY %s", chance(f, 3) == 0 ? "ALL" : chance(f, 2) ? "1" : "a.k");
    if (chance(f, 3) == 0)
        weft_buf_adds(out, " HAVING count(a.v) > 1");
}

static void query_joined(struct fixture *f, struct weft_buf *out, int depth)
{
    static const char *const joins[] = {"JOIN",      "LEFT JOIN", "FULL JOIN",
                                        "SEMI JOIN", "ANTI JOIN", "RIGHT JOIN"};
    unsigned join = chance(f, 6);
    bool left = join == 3 || join == 4, use = chance(f, 2) == 0;
    weft_buf_addf(out, "SELECT %s AS k, %s.v AS v, a.w AS w FROM ", use ? "k" : "a.k",
                  left ? "a" : "b");
    source(f, out, "a", depth);
    weft_buf_addf(out, " %s ", joins[join]);
    source(f, out, "b", depth);
    weft_buf_adds(out, use ? " USING (k)" : " ON a.k = b.k AND a.v <= b.v");
}

static void query_window(struct fixture *f, struct weft_buf *out, int depth)
{
    static const char *const values[] = {
        "(row_number() OVER (PARTITION BY a.w ORDER BY a.k, a.v))::INT",
        "(sum(a.v) OVER (PARTITION BY a.k))::INT", "lag(a.v) OVER (ORDER BY a.k, a.v, a.w)",
        "(count(*) OVER (PARTITION BY a.k, a.w))::INT"};
    weft_buf_addf(out, "SELECT a.k AS k, %s AS v, a.w AS w FROM ", values[chance(f, 4)]);
    source(f, out, "a", depth);
    if (chance(f, 3) == 0)
        weft_buf_adds(out, " QUALIFY row_number() OVER (PARTITION BY a.k ORDER BY a.v, a.w) < 3");
}

static void query_set(struct fixture *f, struct weft_buf *out, int depth)
{
    static const char *const words[] = {"UNION ALL", "UNION", "EXCEPT", "INTERSECT",
                                        "UNION ALL BY NAME"};
    weft_buf_adds(out, "(");
    query(f, out, depth - 1);
    weft_buf_addf(out, ") %s (", words[chance(f, 5)]);
    query(f, out, depth - 1);
    weft_buf_adds(out, ")");
}

static void query_odd(struct fixture *f, struct weft_buf *out)
{
    static const char *const texts[] = {
        "WITH RECURSIVE r(k, v, w) AS (SELECT k, v, w FROM t UNION ALL SELECT v, k + 1, w FROM r "
        "WHERE k < 2 AND v < 5) SELECT k, v, w FROM r",
        "WITH RECURSIVE r(k, v, w) AS (SELECT k, 0, w FROM u UNION SELECT k, v + 1, w FROM r WHERE "
        "v < k) SELECT * FROM r",
        "SELECT k, a AS v, 'x' AS w FROM (SELECT k, v, w FROM t) PIVOT (sum(v)::INT FOR w IN "
        "('a'))",
        "SELECT n AS k, k2 AS v, c AS w FROM (SELECT k, v, k AS k2 FROM u) UNPIVOT (n FOR c IN (k, "
        "v))",
        "SELECT q.n AS k, t.v, t.w FROM t, unnest(t.l) AS q(n)",
        "SELECT x.k, x.v, t.w FROM t, LATERAL (SELECT u.k, t.v + u.v AS v FROM u WHERE u.k = t.k) "
        "x",
        "SELECT a.k, b.v, a.w FROM t a ASOF JOIN u b ON a.w = b.w AND a.v >= b.v",
        "SELECT COLUMNS('k|v|w') FROM t",
        "SELECT * EXCLUDE (st, l) RENAME (k AS m) FROM u WHERE len(l) > 1",
        "SELECT k, v, w FROM t NATURAL JOIN (SELECT k, st FROM u)",
        "SELECT st.a AS k, list_sum(list_filter(l, e -> e > k))::INT AS v, st.b AS w FROM t",
        "SELECT z.k, z.v, z.w FROM (SELECT t FROM t) q(r), LATERAL (SELECT r.k, r.v, r.w) z"};
    weft_buf_adds(out, texts[chance(f, WEFT_COUNT(texts))]);
}

static void query(struct fixture *f, struct weft_buf *out, int depth)
{
    switch (chance(f, depth <= 0 ? 4 : 6)) {
    case 0:
        query_plain(f, out, depth);
        break;
    case 1:
        query_grouped(f, out, depth);
        break;
    case 2:
        query_joined(f, out, depth);
        break;
    case 3:
        query_window(f, out, depth);
        break;
    case 4:
        query_set(f, out, depth);
        break;
    default:
        weft_buf_addf(out, "WITH c%d AS (", depth);
        query(f, out, depth - 1);
        weft_buf_addf(out, ") SELECT v AS k, k AS v, w FROM c%d", depth);
    }
}

/* ---- the oracle ---- */

static int text_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The values of each column, sorted, as one text; the columns of `texts` belong to the arena. */
static int answer(struct fixture *f, struct weft_arena *arena, const struct weft_resolved *resolved,
                  const char *texts[RESULT_COLUMNS])
{
    char **values[RESULT_COLUMNS] = {NULL};
    size_t capacity[RESULT_COLUMNS] = {0}, rows = 0;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc;
    WEFT_TRY(weft_resolved_query(f->engine, resolved, NULL, 0, &result, &f->error));
    size_t count = weft_result_column_count(result);
    assert_true(count <= RESULT_COLUMNS);
    while ((rc = weft_result_row(result, &f->error)) == 0) {
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(
                weft_arena_reserve(arena, &values[i], &capacity[i], rows + 1, sizeof(char *)), 0);
            values[i][rows] =
                weft_arena_format(arena, "%s%s", weft_result_is_null(result, i) ? "null" : "=",
                                  weft_result_text(result, i));
        }
        rows++;
    }
    WEFT_TRY(rc);
    for (size_t i = 0; i < count; i++) {
        struct weft_buf text;
        weft_buf_init(&text, 1 << 22);
        if (rows > 0)
            qsort(values[i], rows, sizeof(char *), text_compare);
        for (size_t r = 0; r < rows; r++)
            weft_buf_addf(&text, "%s\n", values[i][r]);
        texts[i] = weft_arena_strdup(arena, text.data);
        weft_buf_release(&text);
    }
    return 0;
}

static bool names(const struct weft_resolved_edges *edges, char table, int column, bool direct)
{
    for (size_t i = 0; i < edges->count; i++) {
        const struct weft_resolved_edge *edge = &edges->items[i];
        if (edge->product[0] == table && strcmp(edge->column, column_names[column]) == 0)
            return !direct || (edge->how & WEFT_LINEAGE_DIRECT) != 0;
    }
    return false;
}

struct counts {
    size_t queries, named, moved, direct, direct_moved, wrong;
};

static void oracle_column(struct fixture *f, const char *sql, const struct weft_resolved *resolved,
                          const struct weft_resolved_lineage *lineage, const char *const *before,
                          char table, int column, struct counts *counts)
{
    bool moved[RESULT_COLUMNS] = {false};
    for (int how = 0; how < 2; how++) {
        const char *after[RESULT_COLUMNS];
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
        world_show(f, table, column, how);
        if (answer(f, arena, resolved, after) != 0)
            continue; /* a value that does not fit: another change */
        for (size_t i = 0; i < lineage->count; i++)
            moved[i] = moved[i] || strcmp(before[i], after[i]) != 0;
    }
    world_show(f, table, -1, 0);
    for (size_t i = 0; i < lineage->count; i++) {
        bool direct = names(&lineage->columns[i].edges, table, column, true);
        bool named = names(&lineage->columns[i].edges, table, column, false) ||
                     names(&lineage->rows, table, column, false);
        counts->named += named;
        counts->moved += moved[i];
        counts->direct += direct;
        counts->direct_moved += direct && moved[i];
        if (!moved[i] || named || lineage->columns[i].unknown)
            continue;
        counts->wrong++;
        print_error("%s\n  column %s changes with %c.%s, which it does not name\n  %s\n", sql,
                    lineage->columns[i].column, table, column_names[column], lineage_text(f, sql));
    }
}

static void oracle_query(struct fixture *f, const char *sql, struct counts *counts)
{
    struct weft_resolved resolved;
    struct weft_resolved_lineage lineage;
    const char *before[RESULT_COLUMNS];
    if (resolve(f, sql, &resolved, &lineage) != 0) {
        print_error("%s\n  %s\n", sql, f->error.message);
        counts->wrong++;
        return;
    }
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    must(f, answer(f, arena, &resolved, before), sql);
    counts->queries++;
    for (char table = 't'; table <= 'u'; table++)
        for (int column = 0; column < COLUMNS; column++)
            oracle_column(f, sql, &resolved, &lineage, before, table, column, counts);
}

static void test_oracle(void **state)
{
    struct fixture *f = *state;
    struct counts counts = {0};
    f->seed = 20261121;
    for (size_t i = 0; i < QUERIES; i++) {
        struct weft_buf sql;
        weft_buf_init(&sql, 1 << 16);
        if (i % 8 == 7)
            query_odd(f, &sql);
        else
            query(f, &sql, 2);
        oracle_query(f, sql.data, &counts);
        weft_buf_release(&sql);
    }
    print_message("%zu queries, %zu pairs named, %zu of them direct; %zu changed, %zu direct\n",
                  counts.queries, counts.named, counts.direct, counts.moved, counts.direct_moved);
    assert_int_equal(counts.wrong, 0);
    assert_true(counts.queries >= 200);
    assert_true(counts.direct_moved * 10 >= counts.direct * 6);
}

/* ---- without memory ---- */

static int torture_lineage(void *arg, struct weft_error *error)
{
    struct fixture *f = arg;
    static const char text[] = "WITH a AS (SELECT k, v FROM t WHERE w = 'a') SELECT a.v, u.* "
                               "EXCLUDE (l) FROM a JOIN u USING (k) ORDER BY 1 LIMIT 3";
    struct weft_resolved resolved;
    struct weft_resolved_lineage lineage;
    const struct weft_relation_column *columns;
    size_t count;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_resolve(f->engine, arena, text, strlen(text), &f->options, &resolved, error));
    WEFT_TRY(weft_resolved_columns(f->engine, arena, &resolved, &columns, &count, error));
    return weft_resolved_lineage(arena, &resolved, columns, count, &lineage, error);
}

static void test_torture(void **state)
{
    assert_true(weft_test_torture(torture_lineage, *state) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms), cmocka_unit_test(test_rows_and_unknown),
        cmocka_unit_test(test_aliases), cmocka_unit_test(test_oracle),
        cmocka_unit_test(test_torture)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

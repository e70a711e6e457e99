/*
 * secure_plain_test.c - which statements get the barrier, each rule of resolve_plain.c by itself:
 * what DuckDB does without it depends on its size of data and its version, so attacks alone do not
 * show all of it. B: something in it could fail on the value of a row; P: nothing can.
 */
#include "resolver/secure_lab.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define P "from hospital.patients "
#define V "from hospital.visits "

static const struct {
    char barrier;
    const char *sql;
} table[] = {
    /* bare columns and comparisons */
    {'P', "select * " P},
    {'P', "select id, name " P "where id < 5 and state = 'ON' or not (visits >= 3)"},
    {'P', "select count(*), sum(visits), min(income), max(id), avg(weight) " P},
    {'P', "select state, count(*) " P "group by state having count(*) > 3 order by 2"},
    {'P', "select id " P "where state is null or income is not null"},
    {'P', "select id " P "where id between 3 and 9 and state in ('ON', 'BC')"},
    {'P', "select id " P "where name like 'A%' and id > 1.5"},
    {'P', "select id " P "where (case when id > 3 then 'x' else state end) = 'x'"},
    {'P', "select id " P "where coalesce(state, 'x') = 'x'"},
    {'P', "select id " P "where state = null"},
    {'P', "select id " P "where lower(state) = 'on' and length(name) > 3"},
    {'P', "select cost " V "where year(day) = 2020"},
    {'P', "select id " P "where state = $1"},
    {'P', "with c as (select id, state " P ") select * from c where id = 3"},
    {'P', "select * from (select id, state " P ") where state = 'ON'"},
    {'P', "select p.id " P "p join hospital.visits v on p.id = v.patient_id where v.cost > 3"},
    {'P', "select id " P "union all select id " V},
    {'P', "select 100 * count(*) / sum(visits) " P},
    {'P', "describe select (state || 'x')::int " P},
    {'P', "select id " P "where exists (select 1 " V "where cost > 3)"},
    /* names that could be another column's */
    {'B', "select id from (select name as id " P ") where id = 5"},
    {'B', "select a " P "p(a, id) where id = 5"},
    {'B', "with c(id) as (select state " P ") select * from c where id = 5"},
    {'B', "select count(*) from (select state " P ") id where id = 5"},
    {'B', "select count(*) as zip " V "where place.zip = 5"},
    {'B', "select count(*) as zip " V "v where v.place.zip = 5"},
    {'B', "select count(*) as col0 " V "v, (values (v.remark)) w where col0 = 5"},
    {'B', "select id " P "where nothing = 5"},
    /* types that do not meet */
    {'B', "select id " P "where state = 5"},
    {'B', "select id " P "where 5 = state"},
    {'B', "select id " P "where id = state"},
    {'B', "select id " V "where codes = marks"},
    {'B', "select id " P "where notes = notes"},
    {'B', "select id " P "where income = 99999999999999999999.5"},
    {'B', "select id " P "where state between 1 and 5"},
    {'B', "select id " P "where state in (1, 2)"},
    {'B', "select id " P "where state not in ('x', 2)"},
    {'B', "select p.id " P "p join "
          "hospital.visits v on p.id = v.remark"},
    {'B', "select count(*) " P "join (select state as id " P ") w using (id)"},
    {'B', "select count(*) " P "natural join (select remark as id " V ") w"},
    {'B', "select id from (select id " P "union all select state " P ") where id = 5"},
    {'B', "select id " P "union by name select state " P},
    {'B', "select id " P "where id in (select remark " V ")"},
    {'B', "select id " P "where (case when id > 3 then id else state end) = 5"},
    {'B', "select id " P "where coalesce(id, state) = 5"},
    {'B', "select id " P "where state"},
    {'B', "select id " P "where (case when state then 1 else 2 end) = 1"},
    /* texts that do not read */
    {'B', "select id " P "where id = 'x'"},
    {'B', "select id " P "where 'x' = id"},
    {'P', "select id " P "where id = '12'"},
    {'B', "select id " P "where id = '1234567890123456'"},
    {'B', "select id " P "where visits = '9999999999'"},
    {'B', "select id " P "where income = '1.5'"},
    {'B', "select id " P "where active = 'maybe'"},
    {'P', "select id " P "where active = 'true'"},
    {'P', "select id " V "where day = '2020-02-28'"},
    {'B', "select id " V "where day = '2020-02-30'"},
    {'B', "select id " V "where day = '2020-2-3'"},
    {'B', "select id " V "where day = '0000-02-03'"},
    {'P', "select id " V "where day = date '2020-02-28'"},
    {'B', "select id " V "where day = date '2020-02-30'"},
    {'P', "select id " P "where seen > '2020-02-28 10:11:12'"},
    {'B', "select id " P "where seen > '2020-02-28 25:61:00'"},
    {'B', "select id " P "where seen > '2020-02-28T10:11'"},
    {'B', "select id " P "where code = 'x'"},
    {'B', "select id " P "where id in (1, 'x')"},
    /* what can fail */
    {'B', "select state::int " P},
    {'P', "select id::varchar, visits::double " P},
    {'P', "select try_cast(state as int) " P},
    {'B', "select codes::int[] " V},
    {'B', "select id + 1 " P},
    {'B', "select hamming(state, 'ON') " P},
    {'B', "select id " P "where hamming(state, 'ON') = 0"},
    {'B', "select id " P "where state like name"},
    {'B', "select id " P "where state like 'a' escape name"},
    {'B', "select id " P "where length(id || '') > 1"},
    {'B', "select sum(hamming(state, 'ON')) " P},
    {'B', "select sum(visits) filter (where hamming(state, 'ON') = 0) " P},
    {'B', "select max(id order by hamming(state, 'ON')) " P},
    {'B', "select string_agg(state) " P},
    {'B', "select count(*) " P "group by hamming(state, 'ON')"},
    {'B', "select state, count(*) " P "group by state having hamming(state, 'ON') = 0"},
    {'B', "select id " P "order by hamming(state, 'ON')"},
    {'B', "select distinct on (hamming(state, 'ON')) id " P},
    {'B', "select id " P "limit (select sum(hamming(state, 'ON')) " P ")"},
    {'B', "select id " P "limit 3 offset (select sum(hamming(state, 'ON')) " P ")"},
    {'B', "select id " P "qualify hamming(state, 'ON') = 0"},
    {'B', "select row_number() over (order by id) " P},
    {'B', "select 100 * count(*) / sum(visits) " P "qualify true"},
    {'B', "select id " P "where exists (select 1 " V "where remark::int = 3)"},
    {'B', "select (select max(remark::int) " V ") " P},
    {'B', "select count(*) + (select max(remark::int) " V ") " P},
    {'B', "select * replace (hamming(state, 'ON') as state) " P},
    {'B', "select columns(lambda c: c like '%i%') " P},
    {'B', "select p.id " P "p join hospital.visits v on p.id = v.patient_id and v.remark::int = 1"},
    {'B', "select p.id " P "p asof join hospital.visits v on p.id >= v.patient_id"},
    {'B', "select p.id " P "p positional join hospital.visits v"},
    {'B', "with c as (select hamming(state, 'ON') as h " P ") select * from c"},
    {'B', "with c as (select 100 / count(*) as h " P ") select * from c"},
    {'B', "select * from (select hamming(state, 'ON') as h " P ")"},
    {'B', "select * from (select 100 / count(*) as h " P ") where h = 3"},
    {'B', "select hamming(state, 'ON') " P "union all select id " P},
    {'B', "select id " P "where hamming(state, 'ON') = 0 union all select id " P},
    {'B', "select id " P "union all select id " P "where hamming(state, 'ON') = 0"},
    {'B', "select id " P "union all select hamming(state, 'ON') " P},
    {'B', "select u.x " V "v, unnest(v.codes) u(x)"},
    {'B', "select w.h " P "p, lateral (values (hamming(p.state, 'ON'))) w(h)"},
    {'B', "summarize select id " P},
    {'B', "pivot hospital.patients on state in ('ON') using count(*)"},
    {'B', "with recursive r as (select id " P "union select id + 1 from r where id < 3) select * "
          "from r"},
};

static int resolve(struct secure_lab *lab, struct weft_arena *arena, const char *sql,
                   const char **out)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_resolved resolved;
    int rc = weft_resolve(lab->engine, arena, sql, strlen(sql), &lab->options, &resolved, &error);
    if (rc < 0)
        printf("%s: %s\n", sql, error.message);
    weft_error_clear(&error);
    *out = rc < 0 ? NULL : resolved.sql;
    return rc;
}

static bool has_barrier(const char *sql)
{
    return strstr(sql, "current_connection_id() IS NOT NULL") != NULL;
}

static void test_barrier(void **state)
{
    struct secure_lab *lab = *state;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    size_t wrong = 0;
    for (size_t i = 0; i < WEFT_COUNT(table); i++) {
        const char *made;
        if (resolve(lab, arena, table[i].sql, &made) < 0 ||
            has_barrier(made) != (table[i].barrier == 'B')) {
            printf("not %c: %s\n", table[i].barrier, table[i].sql);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* What is refused, and by which rule: others would refuse some of it too, but not all. */
static void test_refused(void **state)
{
    struct secure_lab *lab = *state;
    static const struct {
        const char *sql, *words;
    } refused[] = {
        {"select id " P "using sample 10%", "no samples"},
        {"select id from (select id " P ") tablesample system(50%)", "no samples"},
        {"select id " P "where random() * id < 3", "random() may not stand in a condition"},
        {"select id " P "where 'x'::int = 1", "reads no column"},
        {"select id " P "where id = 3 and 'x'::int = 1", "reads no column"},
        {"select id " P "where id = 3 or not ('x'::int = 1)", "reads no column"},
        {"select state " P "group by state having 'x'::int = 1", "reads no column"},
        {"select id " P "qualify 'x'::int = 1", "reads no column"},
        {"select count(*) filter (where 'x'::int = 1) " P, "reads no column"},
        {"select a.id " P "a join open.wards w on 'x'::int = 1", "reads no column"},
        {"select value from hospital.cells", "no single rows"},
        {"select sum(count(*)) over () from hospital.cells group by ward", "no windows"},
        {"select ward, count(*) from hospital.cells group by ward qualify true", "no QUALIFY"},
        {"select (select 1), count(*) from hospital.cells", "no subqueries beside the aggregates"},
        {"select c, count(*) from hospital.cells c group by c", "no whole rows"},
        {"select columns('w.*'), count(*) from hospital.cells group by all", "no COLUMNS"},
        {"select max(value) from hospital.cells", "single row"},
        {"select ward, geomean(value) from hospital.cells group by ward", "of a single row"},
        {"select ward from hospital.cells group by ward having max(value) > 3", "single row"},
        {"select ward from hospital.cells group by ward order by max(value)", "single row"},
        {"select sum(value + 1) from hospital.cells", "anything but one column"},
        {"select count(value, ward) from hospital.cells", "anything but one column"},
        {"select sum(value order by ward) from hospital.cells", "anything but one column"},
        {"select count(*) from hospital.cells c asof join open.wards w on c.value >= w.floor",
         "joins of this kind"},
        {"select count(*) from hospital.cells c positional join open.wards w",
         "joins of this kind"},
        {"select count(*) from hospital.cells c semi join open.wards w on c.ward = w.ward",
         "joins of this kind"},
        {"select count(*) from hospital.cells c anti join open.wards w on c.ward = w.ward",
         "joins of this kind"},
        {"pivot hospital.cells on ward in ('a') using count(*)", "PIVOT"},
        {"select count(*) from hospital.cells where result::int = 1", "cannot fail"},
    };
    for (size_t i = 0; i < WEFT_COUNT(refused); i++) {
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_resolved resolved;
        if (weft_resolve(lab->engine, arena, refused[i].sql, strlen(refused[i].sql), &lab->options,
                         &resolved, &error) == 0)
            fail_msg("taken: %s", refused[i].sql);
        if (strstr(error.message, refused[i].words) == NULL)
            fail_msg("%s: %s", refused[i].sql, error.message);
        weft_error_clear(&error);
    }
}

/* Nor does the list of columns in an error tell of one that is hidden. */
static void test_hidden_in_errors(void **state)
{
    struct secure_lab *lab = *state;
    bool failed;
    char *told = secure_lab_answer(lab, "select nothing " P, &failed);
    assert_true(failed);
    assert_non_null(strstr(told, "visits"));
    assert_null(strstr(told, "secret"));
    weft_free(told);
}

/* Without hidden rows there is nothing to keep apart: the same texts have none. */
static void test_no_rows_no_barrier(void **state)
{
    struct secure_lab *lab = *state;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    const char *made;
    lab->off = "rows";
    assert_int_equal(resolve(lab, arena, "select state::int " P, &made), 0);
    assert_false(has_barrier(made));
    lab->off = NULL;
}

/* Weft may filter on what a product's own SQL gives. */
static void test_of_products(void **state)
{
    struct secure_lab *lab = *state;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    const char *made;
    lab->options.deterministic = true;
    assert_int_equal(resolve(lab, arena, "select 100 / count(*) as h " P, &made), 0);
    assert_true(has_barrier(made));
    lab->options.deterministic = false;
}

/* The condition of a key goes below the barrier, and nothing that would tell more. */
static void test_hoisted(void **state)
{
    struct secure_lab *lab = *state;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    static const struct {
        const char *sql, *below; /* NULL: nothing */
    } hoists[] = {
        {"select id + 0 " P "where id = 5", ".\"id\" = 5"},
        {"select id + 0 " P "where id > 3 and visits < 9", "\"visits\" < 9"},
        {"select id + 0 " P "where 5 < id", ".\"id\" > 5"},
        {"select id + 0 " P "where id between 3 and 5", ".\"id\" BETWEEN 3 AND 5"},
        {"select id + 0 " P "where id in (3, 5)", ".\"id\" IN (3, 5)"},
        {"select id + 0 " P "where state = 'ON'", ".\"state\" = 'ON'"},
        {"select id + 0 " P "p where p.id = 5", ".\"id\" = 5"},
        {"select id + 0 " P "where id not in (3, 5)", NULL},
        {"select id + 0 " P "where id <> 5", NULL},
        {"select id + 0 " P "where id = 5 or id = 6", NULL},
        {"select id + 0 " P "where not (id = 5)", NULL},
        {"select id + 0 " P "where id = 'x'", NULL},
        {"select id + 0 " P "where id = 1.5", NULL},
        {"select id + 0 " P "where name = 'A'", NULL},
        {"select id + 0 " P "where income = 5", NULL},
        {"select id + 0 " V "where place.zip = 'A'", NULL},
        {"select id + 0 " V "where cost = 5", NULL},
        {"select id + 0 " V "where day = '2020-02-28'",
         ".\"day\" = TRY_CAST('2020-02-28' AS DATE)"},
        {"select id + 0 " V "where day = '2020-02-30'", NULL},
        {"select id + 0 " V "place where place.ward = 'a'", NULL},
        {"select p.id + 0 " P "p, json_each('{}') j where state = 'ON'", NULL},
        {"select a.visits + 0 " P "a join hospital.visits v using (id) where id = 5", NULL},
        {"select a.id + 0 " P "a, hospital.patients b where id = 5", NULL},
        {"select p.id + 0 " P "p asof join hospital.visits v on p.id >= v.id where v.id = 5", NULL},
        {"select p.id + 0 " P "p positional join hospital.visits v where v.id = 5", NULL},
        {"select s.id + 0 from (select id + 1 as id " P ") s where s.id = 5", NULL},
    };
    for (size_t i = 0; i < WEFT_COUNT(hoists); i++) {
        const char *made;
        if (resolve(lab, arena, hoists[i].sql, &made) < 0)
            continue;                                 /* two tables have it */
        const char *end = strstr(made, ") AND __r_"); /* no condition of a policy begins so */
        bool hoisted = end != NULL;
        if (hoisted != (hoists[i].below != NULL) ||
            (hoisted && strstr(end, hoists[i].below) == NULL))
            fail_msg("%s\n%s", hoists[i].sql, made);
    }
}

static int setup(void **state)
{
    *state = secure_lab_new(2, 20);
    return 0;
}

static int teardown(void **state)
{
    secure_lab_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_barrier),          cmocka_unit_test(test_refused),
        cmocka_unit_test(test_hidden_in_errors), cmocka_unit_test(test_no_rows_no_barrier),
        cmocka_unit_test(test_of_products),      cmocka_unit_test(test_hoisted)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * resolve_reference_test.c - what a text names, where it says so, and which columns it gives; the
 * places of errors in texts that stand in files.
 */
#include "base/mem.h"
#include "base/test_support.h"
#include "resolver/resolve_internal.h"
#include "resolver/resolver_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = resolver_world_new("zqa");
    return 0;
}

static int teardown(void **state)
{
    resolver_world_free(*state);
    return 0;
}

/* ---- references ---- */

static const struct {
    const char *sql;
    const char *names; /* schema.table@line:column; or !CODE */
} references[] = {
    {"select 1", ""},
    {"select * from a", "a@1:15"},
    {"select * from a.b", "a.b@1:15"},
    {"from a.b join c using (id)", "a.b@1:6 c@1:15"},
    {"select *\nfrom a.b x,\n  b.c,\n  A.B y", "a.b@2:6 b.c@3:3"},
    {"with b as (select * from a) select * from b, c", "a@1:26 c@1:46"},
    {"with a as (select * from a) select * from a", "a@1:26"},
    {"with a as (select 1), b as (select * from a) from b", ""},
    {"with b as (select * from a), a as (select 1) from b", "a@1:26"},
    {"with recursive a as (select 1 as i union all select i + 1 from a where i < 3) from a", ""},
    {"with recursive a as (select i from a union all select i + 1 from a where i < 3) from a",
     "a@1:36"},
    {"select (select max(x) from p.q where p.q.id = a.id) from a", "p.q@1:28 a@1:58"},
    {"select * from a where id in (from b) and exists (from c.d)", "a@1:15 b@1:35 c.d@1:55"},
    {"select 1 order by (select v from o)", "o@1:34"},
    {"select 1 limit (select v from o)", "o@1:31"},
    {"select list_transform([1], x -> (select v from o))", "o@1:48"},
    {"pivot a.b on state in ('x', 'y') using count(*)", "a.b@1:7"},
    {"unpivot a.b on x, y", "a.b@1:9"},
    {"describe a.b", "a.b@1:10"},
    {"select * from a at (version => 3)", "a@1:15"},
    {"select * from a, range(3), unnest([1]), (values (1)) v", "a@1:15"},
    {"select * from \"A b\".\"x\"\"y\"", "A b.x\"y@1:15"},
    {"select * from a union all (select * from b except from a)", "a@1:15 b@1:42"},
    {"select a.b.c from a.b", "a.b@1:19"},
    {"from 'x.csv'", "x.csv@1:6"},
    {"from a.b.c", "!not_found"},
    {"from read_csv('x')", "!sql_refused"},
    {"select getenv('x') from a", "!sql_refused"},
    {"delete from a", "!sql_refused"},
    {"select 1; select 2", "!sql_refused"},
    {"select from", "!sql"},
    {"", "!sql"},
};

static void references_text(struct resolver_world *world, const char *sql, struct weft_buf *out)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_resolve_options options = {0};
    const struct weft_reference *list = NULL;
    size_t count = 0;
    if (weft_resolve_references(world->engine, arena, sql, strlen(sql), &options, &list, &count,
                                &error) < 0) {
        weft_buf_addf(out, "!%s", weft_code_name(error.code));
        return;
    }
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(
            out, "%s%s%s%s@%d:%d", i == 0 ? "" : " ", list[i].schema == NULL ? "" : list[i].schema,
            list[i].schema == NULL ? "" : ".", list[i].table, list[i].line, list[i].column);
}

static void test_references(void **state)
{
    size_t bad = 0;
    for (size_t i = 0; i < WEFT_COUNT(references); i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        weft_buf_init(&text, 10000);
        references_text(*state, references[i].sql, &text);
        if (strcmp(text.data, references[i].names) != 0) {
            print_error("%s\n  %s, wanted %s\n", references[i].sql, text.data, references[i].names);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

static int torture_references(void *arg, struct weft_error *error)
{
    struct resolver_world *world = arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    struct weft_resolve_options options = {0};
    const struct weft_reference *list = NULL;
    size_t count = 0;
    const char *sql = "with c as (from a.b) select * from c, d, a.e where x in (from f)";
    WEFT_TRY(weft_resolve_references(world->engine, arena, sql, strlen(sql), &options, &list,
                                     &count, error));
    assert_int_equal(count, 4);
    return 0;
}

static void test_references_torture(void **state)
{
    assert_true(weft_test_torture(torture_references, *state) > 10);
}

/* ---- columns ---- */

static const struct {
    const char *sql;
    const char *columns;
} columns[] = {
    {"select * from shop.orders",
     "id:long customer_id:long state:string amount:double day:date user:string"},
    {"select * from shop.events",
     "id:long data:string tags:list<string> place:struct<city: string, zip: long>"},
    {"select count(*) as n, sum(id) as s, avg(id) as a from shop.orders",
     "n:long s:decimal(38, 0) a:double"},
    {"select 1::utinyint a, 1::smallint b, 1::uinteger c, 1::ubigint d, 1::uhugeint e",
     "a:int b:int c:long d:decimal(20, 0) e:decimal(38, 0)"},
    {"select 1.5 a, 1e0 b, 1.5::float c, 1.5::decimal(9,4) d",
     "a:decimal(2, 1) b:double c:float d:decimal(9, 4)"},
    {"select time '01:02:03' a, timestamp '2020-01-01' b, '2020-01-01'::timestamptz c, "
     "'2020-01-01'::timestamp_s d, date '2020-01-01' e",
     "a:time b:timestamp c:timestamptz d:timestamp e:date"},
    {"select 'a'::blob a, true b, 'x'::enum('x', 'y') c, md5('a')::uuid d",
     "a:binary b:boolean c:string d:uuid"},
    {"select map {'a': [1]} a, [1, 2]::int[2] b, {'x': {'y': 1}} c",
     "a:map<string, list<int>> b:list<int> c:struct<x: struct<y: int>>"},
    {"select null as a, [] as b", "a:int b:list<int>"},
    {"select interval 1 day a, '10'::bit b, row(1, 2) c, '01:02:03+01'::timetz d, "
     "[interval 1 day] e",
     "a:- b:- c:- d:- e:-"},
    {"select id + $1 as a, $2 as b from shop.orders",
     "!sql the columns of a statement with parameters are not known before it runs"},
    {"select data::json as a from shop.events", "a:json"},
    {"select id as \"a b\", id, count(*) from shop.orders group by all",
     "a b:long id:long count_star():long"},
    {"select nothing from shop.orders", "!sql there is no column \"nothing\" here"},
};

static void columns_text(struct resolver_world *world, const char *sql, struct weft_buf *out)
{
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_resolved resolved;
    const struct weft_relation_column *list = NULL;
    size_t count = 0;
    if (weft_resolve(world->engine, arena, sql, strlen(sql), &world->options, &resolved, &error) <
            0 ||
        weft_resolved_columns(world->engine, arena, &resolved, &list, &count, &error) < 0) {
        weft_buf_addf(out, "!%s %s", weft_code_name(error.code), error.message);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        weft_buf_addf(out, "%s%s:", i == 0 ? "" : " ", list[i].name);
        if (list[i].type == NULL)
            weft_buf_addc(out, '-');
        else
            weft_type_print(list[i].type, out);
    }
}

static void test_columns(void **state)
{
    size_t bad = 0;
    for (size_t i = 0; i < WEFT_COUNT(columns); i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        weft_buf_init(&text, 10000);
        columns_text(*state, columns[i].sql, &text);
        if (strcmp(text.data, columns[i].columns) != 0) {
            print_error("%s\n  %s, wanted\n  %s\n", columns[i].sql, text.data, columns[i].columns);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

static int torture_columns(void *arg, struct weft_error *error)
{
    struct resolver_world *world = arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    struct weft_resolved resolved;
    const struct weft_relation_column *list = NULL;
    size_t count = 0;
    const char *sql = "select *, map {1: [1.5]} as m from shop.events";
    WEFT_TRY(
        weft_resolve(world->engine, arena, sql, strlen(sql), &world->options, &resolved, error));
    return weft_resolved_columns(world->engine, arena, &resolved, &list, &count, error);
}

static void test_columns_torture(void **state)
{
    assert_true(weft_test_torture(torture_columns, *state) > 20);
}

/* ---- places in files ---- */

static const struct {
    const char *about;
    const char *sql;
    int line_offset, column_offset, indent;
    int line, column;
} places[] = {
    {"sql: select ...", "select nme from shop.customers", 3, 5, 0, 4, 13},
    {"sql: | with two blanks", "select id,\n  nme\nfrom shop.customers", 4, 2, 2, 6, 5},
    {"sql: | with six blanks", "select id\nfrom shop.nothing", 4, 6, 6, 6, 12},
    {"sql: |, first line", "select nme\nfrom shop.customers", 4, 6, 6, 5, 14},
    {"sql: |, characters, no bytes", "select\n'é漢', nme from shop.customers", 4, 2, 2, 6, 9},
    {"sql: |, empty lines", "select id\n\n\nfrom shop.nothing", 4, 2, 2, 8, 8},
    {"sql: > of two lines", "select id from shop.nothing", 4, 2, -1, 5, 3},
    {"sql_file", "select id\nfrom shop.customers\nwhere getenv('x') = 1", 0, 0, 0, 3, 7},
    {"a mistake of the parser", "select id\nfrom shop.customers\nwhere and", 4, 2, 2, 7, 9},
    {"a mistake at the end", "select id\nfrom shop.customers\nwhere", 4, 2, 2, 7, 8},
    {"types", "select id,\n       upper(name, 3)\nfrom shop.customers", 4, 2, 2, 6, 10},
    {"types in a condition", "select id\nfrom shop.customers\nwhere id = 1\n  and id > 'x'", 4, 2,
     2, 8, 14},
    {"a group", "select name,\n  max(id)\nfrom shop.customers", 4, 2, 2, 5, 10},
    {"windows line ends", "select id,\r\n  nme\r\nfrom shop.customers", 4, 2, 2, 6, 5},
    {"a table with much around it",
     "with c as (\n  select id from shop.customers\n)\nselect c.id, d.zz\nfrom c join "
     "shop.customers d "
     "using (id)",
     4, 2, 2, 8, 16},
};

static void test_places(void **state)
{
    struct resolver_world *world = *state;
    size_t bad = 0;
    for (size_t i = 0; i < WEFT_COUNT(places); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
        struct weft_resolved resolved;
        struct weft_resolve_options options = world->options;
        options.file = "a/data_product.yaml";
        options.line_offset = places[i].line_offset;
        options.column_offset = places[i].column_offset;
        options.indent = places[i].indent;
        const char *sql = places[i].sql;
        WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
        int rc = weft_resolve(world->engine, arena, sql, strlen(sql), &options, &resolved, &error);
        if (rc == 0)
            rc = weft_resolved_query(world->engine, &resolved, NULL, 0, &result, &error);
        if (rc == 0 || error.line != places[i].line || error.column != places[i].column ||
            strcmp(error.file, options.file) != 0) {
            print_error("%s: %s:%d:%d %s, wanted %d:%d\n", places[i].about, error.file, error.line,
                        error.column, error.message, places[i].line, places[i].column);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

/* Also where the resolved text was put into another one before it ran. */
static void test_places_within(void **state)
{
    struct resolver_world *world = *state;
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_resolved resolved;
    const char *sql = "select id,\n  lower(upper(name) + 1) as x\nfrom shop.customers";
    assert_int_equal(
        weft_resolve(world->engine, arena, sql, strlen(sql), &world->options, &resolved, &error),
        0);
    const char *outer = weft_arena_format(arena, "SELECT count(*) FROM (%s) AS c", resolved.sql);
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc = weft_engine_query(world->engine, outer, NULL, 0, &result, &error);
    if (rc == 0)
        rc = weft_result_row(result, &error);
    assert_int_equal(rc, -1);
    weft_engine_error_for_people(&resolved, &error);
    assert_int_equal(error.line, 2);
    assert_int_equal(error.column, 21);
    assert_null(strstr(error.message, world->dir));
    assert_string_equal(error.detail, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references), cmocka_unit_test(test_references_torture),
        cmocka_unit_test(test_columns),    cmocka_unit_test(test_columns_torture),
        cmocka_unit_test(test_places),     cmocka_unit_test(test_places_within),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

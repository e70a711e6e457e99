/*
 * secure_test.c - conditions of rows as SQL: which rows they let through, and what cannot be held
 * is refused, without a word of the policy.
 */
#include "base/mem.h"
#include "base/test_support.h"
#include "policy/condition.h"
#include "resolver/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROWS                                                                                       \
    "SELECT *, '{}'::JSON AS doc FROM (VALUES "                                                    \
    "(1, 'ON', 10, NULL, ['a'], DATE '2020-01-01', 1.5), "                                         \
    "(2, 'QC', 20, 'x', ['b'], DATE '2021-01-01', 2.5), (3, NULL, 30, 'y', NULL, NULL, NULL)) "    \
    "t(id, state, n, note, tags, day, weight)"
#define OTHERS                                                                                     \
    "SELECT * FROM (VALUES (1, true, 'ON'), (3, false, 'QC'), (NULL, true, NULL)) t(k, ok, word)"

static struct weft_engine *engine;
static struct weft_arena *arena;
static struct weft_error error = WEFT_ERROR_INIT;

static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};
static const struct weft_type type_int = {.kind = WEFT_TYPE_INT};
static const struct weft_type type_text = {.kind = WEFT_TYPE_STRING};
static const struct weft_type type_date = {.kind = WEFT_TYPE_DATE};
static const struct weft_type type_double = {.kind = WEFT_TYPE_DOUBLE};
static const struct weft_type type_json = {.kind = WEFT_TYPE_JSON};
static const struct weft_type type_boolean = {.kind = WEFT_TYPE_BOOLEAN};
static struct weft_relation_column columns[] = {{.name = "id", .type = &type_long},
                                                {.name = "state", .type = &type_text},
                                                {.name = "n", .type = &type_int},
                                                {.name = "note", .type = &type_text},
                                                {.name = "tags"},
                                                {.name = "day", .type = &type_date},
                                                {.name = "weight", .type = &type_double},
                                                {.name = "doc", .type = &type_json}};
static const struct weft_relation_column other_columns[] = {{.name = "k", .type = &type_long},
                                                            {.name = "ok", .type = &type_boolean},
                                                            {.name = "word", .type = &type_text}};

static struct weft_relation relation(void)
{
    return (struct weft_relation){.kind = WEFT_RELATION_SQL,
                                  .product = "hospital.patients",
                                  .columns = columns,
                                  .column_count = WEFT_COUNT(columns),
                                  .sql = ROWS};
}

static int member(void *arg, struct weft_arena *own, const char *product, struct weft_relation *out,
                  struct weft_error *why)
{
    (void)arg;
    (void)own;
    if (strcmp(product, "other.broken") == 0)
        return weft_error_set(why, WEFT_E_IO, "it cannot be read now");
    if (strcmp(product, "other.p") != 0)
        return WEFT_NOT_THERE;
    *out = (struct weft_relation){.kind = WEFT_RELATION_SQL,
                                  .product = "other.p",
                                  .columns = other_columns,
                                  .column_count = WEFT_COUNT(other_columns),
                                  .sql = OTHERS};
    return 0;
}

static const struct weft_resolve_options options = {.member = member};

static int secured(const struct weft_relation *of, struct weft_buf *out)
{
    weft_buf_clear(out);
    weft_error_clear(&error);
    return weft_relation_print_secured(engine, arena, of, &options, out, &error);
}

static const struct weft_condition *condition(const char *text)
{
    const struct weft_condition *made = NULL;
    if (weft_condition_parse(arena, text, &made, &error) < 0)
        fail_msg("%s: %s", text, error.message);
    return made;
}

/* The ids that come through, "1,3". */
static const char *ids(const struct weft_condition *rows)
{
    struct weft_relation of = relation();
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf whole;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    weft_buf_init(&sql, 100000);
    weft_buf_init(&whole, 100000);
    of.rows = rows;
    if (secured(&of, &sql) < 0)
        fail_msg("%s", error.message);
    weft_buf_addf(&whole, "SELECT coalesce(string_agg(id, ',' ORDER BY id), '') FROM (%s)",
                  sql.data);
    if (weft_engine_query(engine, whole.data, NULL, 0, &result, &error) < 0 ||
        weft_result_row(result, &error) != 0)
        fail_msg("%s: %s", whole.data, error.message);
    return weft_arena_strdup(arena, weft_result_text(result, 0));
}

static void test_rows(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"state = 'ON'", "1"},
        {"state <> 'ON'", "2"},
        {"not state = 'ON'", "2"},
        {"n < 20", "1"},
        {"n <= 20", "1,2"},
        {"n > 20", "3"},
        {"n >= 20", "2,3"},
        {"state in ('ON', 'QC')", "1,2"},
        {"n in (10, 30)", "1,3"},
        {"note is null", "1"},
        {"note is not null", "2,3"},
        {"state like 'O%'", "1"},
        {"day < '2020-06-01'", "1"},
        {"weight > 2", "2"},
        {"n > 5 and (state = 'ON' or n = 30)", "1,3"},
        {"n > 5 and state = 'ON' or n = 30", "1,3"},
        {"state = 'it''s'", ""},
        {"id in (other.p.k)", "1,3"},
        {"id in (other.p.k where ok = true)", "1"},
        {"n in (other.p.k)", ""},
        {"not id in (other.p.k)", "2"},
        {"state in (other.p.word where ok = false)", "2"},
    };
    for (size_t i = 0; i < WEFT_COUNT(table); i++) {
        const char *made = ids(condition(table[i][0]));
        if (strcmp(made, table[i][1]) != 0)
            fail_msg("%s: %s, not %s", table[i][0], made, table[i][1]);
    }
    const struct weft_condition all = {.kind = WEFT_CONDITION_ALL};
    const struct weft_condition none = {.kind = WEFT_CONDITION_NONE};
    const struct weft_condition nothing = {.kind = WEFT_CONDITION_IN, .column = "state"};
    assert_string_equal(ids(&all), "1,2,3");
    assert_string_equal(ids(&none), "");
    assert_string_equal(ids(&nothing), "");
    assert_string_equal(ids(NULL), "1,2,3");
}

static void refused(const struct weft_condition *rows, const char *text, enum weft_code code,
                    const char *words)
{
    struct weft_relation of = relation();
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 1000000);
    of.rows = rows;
    if (secured(&of, &sql) == 0)
        fail_msg("taken: %s", text);
    if (error.code != code || strstr(error.message, words) == NULL)
        fail_msg("%s: %s %s", text, weft_code_name(error.code), error.message);
    assert_null(strstr(error.message, "sesame"));
    assert_null(strstr(error.hint, "sesame"));
    assert_null(strstr(error.detail, "sesame"));
}

static void test_what_cannot_be_held(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"sesame = 1", "names a column that this snapshot does not have"},
        {"n = 'sesame'", "compares a column with a value of another type"},
        {"day = '2020-02-30'", "compares a column with a value of another type"},
        {"day in ('2020-01-01', 'sesame')", "compares a column with a value of another type"},
        {"tags = 'sesame'", "compares a column with a value of another type"},
        {"doc = '{\"a\": 1}'", "compares a column with a value of another type"},
        {"n like 'sesame%'", "has LIKE on a column that is no text"},
        {"id in (other.sesame.k)", "names a product that is not there"},
        {"id in (other.p.sesame)", "names a column that its product does not have"},
        {"id in (other.p.word)", "compares columns of different types"},
        {"state in (other.p.k)", "compares columns of different types"},
        {"id in (other.p.k where sesame = 1)", "names a column that this snapshot does not have"},
    };
    for (size_t i = 0; i < WEFT_COUNT(table); i++)
        refused(condition(table[i][0]), table[i][0], WEFT_E_BLOCKED, table[i][1]);
    refused(condition("state = principal.state"), "not bound", WEFT_E_INTERNAL, "not bound");
    refused(condition("id in (other.broken.k)"), "broken", WEFT_E_IO, "cannot be read now");
    const struct weft_condition empty = {.kind = WEFT_CONDITION_OR};
    refused(&empty, "OR of nothing", WEFT_E_INTERNAL, "is not whole");
    struct weft_condition *deep = weft_arena_array(arena, 10000, sizeof(*deep));
    const struct weft_condition **parts = weft_arena_array(arena, 10000, sizeof(*parts));
    for (size_t i = 0; i < 10000; i++) {
        parts[i] = i + 1 < 10000 ? &deep[i + 1] : condition("n = 1");
        deep[i] = (struct weft_condition){
            .kind = WEFT_CONDITION_NOT, .parts = &parts[i], .part_count = 1};
    }
    refused(deep, "deep", WEFT_E_LIMIT, "nested too deeply");
}

static void test_columns(void **state)
{
    (void)state;
    static const struct weft_treatment hide = {.kind = WEFT_TREAT_HIDE};
    static const struct weft_min_group groups[] = {{4, "id"}, {9, "n"}};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 100000);
    struct weft_relation of = relation();
    assert_false(weft_relation_is_guarded(&of));
    struct weft_relation_column own[WEFT_COUNT(columns)];
    memcpy(own, columns, sizeof(columns));
    of.columns = own;
    own[1].treat = &hide;
    assert_true(weft_relation_is_guarded(&of));
    assert_int_equal(secured(&of, &sql), 0);
    assert_null(strstr(strchr(sql.data, ' '), "\"state\""));
    for (size_t i = 0; i < WEFT_COUNT(columns); i++)
        own[i].treat = &hide;
    assert_int_equal(secured(&of, &sql), -1);
    assert_int_equal(error.code, WEFT_E_DENIED);
    of = relation();
    of.min_groups = groups;
    of.min_group_count = 2;
    assert_true(weft_relation_is_guarded(&of));
    assert_int_equal(secured(&of, &sql), -1);
    assert_int_equal(error.code, WEFT_E_REFUSED);
    assert_non_null(strstr(error.message, "groups of 9"));
}

static int setup(void **state)
{
    (void)state;
    struct weft_engine_config config = {.threads = 1};
    arena = weft_arena_new(0);
    return weft_type_parse(arena, "list<string>", &columns[4].type, &error) < 0 ||
           weft_engine_open(&config, &engine, &error) < 0;
}

static int teardown(void **state)
{
    (void)state;
    weft_error_clear(&error);
    weft_engine_close(engine);
    weft_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_what_cannot_be_held),
                                       cmocka_unit_test(test_columns)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

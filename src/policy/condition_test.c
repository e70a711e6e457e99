/* Tests of condition.h: what is understood, what is refused and where, printing gives the same
 * tree, binding to principals, memory. */
#include "policy/condition.h"

#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* As printed; "" = refused. */
static void print(const struct weft_condition *condition, char *out, size_t size)
{
    struct weft_buf text;
    weft_buf_init(&text, 1 << 20);
    weft_condition_print(condition, &text);
    snprintf(out, size, "%s", text.data);
    weft_buf_release(&text);
}

static void test_print(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"state = 'CA'", NULL},
        {"state='O''Hara'", "state = 'O''Hara'"},
        {"age >= 18 and age<65", "age >= 18 AND age < 65"},
        {"a = 1 or b = 2 and c = 3", "a = 1 OR b = 2 AND c = 3"},
        {"(a = 1 or b = 2) and not c = 3", "(a = 1 OR b = 2) AND NOT c = 3"},
        {"not (a = 1 or b = 2)", "NOT (a = 1 OR b = 2)"},
        {"not not a is null", "NOT NOT a IS NULL"},
        {"a is not null", "NOT a IS NULL"},
        {"a not in (1, 'x', true, principal.state)", "NOT a IN (1, 'x', true, principal.state)"},
        {"name like 'A%'", "name LIKE 'A%'"},
        {"\"A b\"\"c\" != -1.5", "\"A b\"\"c\" <> -1.5"},
        {"\"and\" = 1", NULL},
        {"id in (consent.given.patient where scope = 'study' and until > '2026-01-01')",
         "id IN (consent.given.patient WHERE scope = 'study' AND until > '2026-01-01')"},
        {"id not in (consent.refused.patient)", "NOT id IN (consent.refused.patient)"},
        {"(a = 1 and b = 2) and c = 3", "(a = 1 AND b = 2) AND c = 3"},
    };
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        char once[500], twice[500];
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        const struct weft_condition *condition;
        if (weft_condition_parse(arena, rows[i][0], &condition, &error) < 0)
            fail_msg("%s: %s", rows[i][0], error.message);
        print(condition, once, sizeof once);
        assert_string_equal(once, rows[i][1] == NULL ? rows[i][0] : rows[i][1]);
        assert_int_equal(weft_condition_parse(arena, once, &condition, &error), 0);
        print(condition, twice, sizeof twice);
        assert_string_equal(once, twice);
        weft_arena_free(arena);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int column;
        const char *message;
    } rows[] = {
        {"", 1, "empty"},
        {"state", 6, "no comparison"},
        {"lower(state) = 'x'", 6, "no comparison"},
        {"state = other", 9, "no constant"},
        {"'x' = state", 1, "no column"},
        {"age + 1 > 2", 5, "no meaning"},
        {"age::int > 2", 4, "no meaning"},
        {"state = 'x", 9, "not closed"},
        {"state = null", 9, "nothing equals null"},
        {"state = 'a' state", 13, "should end"},
        {"state = principal.", 19, "no name of an attribute"},
        {"a = 1 and", 10, "no column"},
        {"(a = 1", 7, "no `)`"},
        {"a in ()", 7, "no constant"},
        {"a in (b.c)", 10, "no `.`"},
        {"a in (b.c.d where e in (f.g.h))", 25, "second product"},
        {"a like 5", 9, "compares with a text"},
        {"a = 12abc", 5, "not a number"},
        {"a = 1; drop table x", 6, "no meaning"},
        {"a -- b", 3, "not a number"},
        {"exists (select 1)", 8, "no comparison"},
        {"\"\" = 1", 1, "empty"},
        {"\xc3\xa9 = 1", 1, "no meaning"},
    };
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        const struct weft_condition *condition;
        if (weft_condition_parse(arena, rows[i].text, &condition, &error) == 0)
            fail_msg("%s is accepted", rows[i].text);
        if (strstr(error.message, rows[i].message) == NULL || error.column != rows[i].column)
            fail_msg("%s: %d: %s", rows[i].text, error.column, error.message);
        weft_arena_free(arena);
    }
}

static void test_deep(void **state)
{
    (void)state;
    char text[WEFT_CONDITION_BYTES_MAX + 100];
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    const struct weft_condition *condition;
    memset(text, '(', 5000);
    snprintf(text + 5000, 100, "a = 1");
    assert_int_equal(weft_condition_parse(arena, text, &condition, &error), -1);
    assert_non_null(strstr(error.message, "nested deeper"));
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(weft_condition_parse(arena, text, &condition, &error), -1);
    size_t used = (size_t)snprintf(text, sizeof text, "a in (1");
    for (int i = 0; i < 1200; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, ",%d", i);
    snprintf(text + used, sizeof text - used, ")");
    assert_int_equal(weft_condition_parse(arena, text, &condition, &error), -1);
    assert_non_null(strstr(error.message, "more than 1000 parts"));
    weft_arena_free(arena);
}

/* ---- bound to a principal ---- */

static struct weft_texts attribute(void *arg, const char *name)
{
    static const char *const one[] = {"CA"}, *const two[] = {"a", "b"};
    (void)arg;
    if (strcmp(name, "state") == 0)
        return (struct weft_texts){one, 1};
    if (strcmp(name, "wards") == 0)
        return (struct weft_texts){two, 2};
    return (struct weft_texts){0};
}

static void test_bind(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"state = principal.state", "state = 'CA'"},
        {"state <> principal.state", "state <> 'CA'"},
        {"not state = principal.state", "NOT state = 'CA'"},
        {"not (a = 1 and b = 2)", "NOT a = 1 OR NOT b = 2"},
        {"ward = principal.wards", "ward IN ('a', 'b')"},
        {"ward <> principal.wards", "NOT ward IN ('a', 'b')"},
        {"ward < principal.wards", "no row"},
        {"ward in ('c', principal.wards)", "ward IN ('c', 'a', 'b')"},
        /* What is not known of the principal shows nothing, on both sides of a NOT. */
        {"x = principal.missing", "no row"},
        {"not x = principal.missing", "no row"},
        {"x <> principal.missing", "no row"},
        {"x not in (principal.missing)", "no row"},
        {"x not in ('a', principal.missing)", "no row"},
        {"x in ('a', principal.missing)", "x IN ('a')"},
        {"x like principal.missing or y = 1", "y = 1"},
        {"not (x = principal.missing and y = 1)", "NOT y = 1"},
        {"not (x = principal.missing or y = 1)", "no row"},
        {"x in (a.b.c where d = principal.state)", "x IN (a.b.c WHERE d = 'CA')"},
        {"x in (a.b.c where d = principal.missing)", "no row"},
        {"x not in (a.b.c where d = principal.missing)", "no row"},
        {"x not in (a.b.c where d = principal.missing or e = 1)", "no row"},
        {"x not in (a.b.c where not d = 1)", "NOT x IN (a.b.c WHERE NOT d = 1)"},
        {"x is not null", "NOT x IS NULL"},
    };
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        char text[500];
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        const struct weft_condition *condition;
        assert_int_equal(weft_condition_parse(arena, rows[i][0], &condition, &error), 0);
        condition = weft_condition_bind(arena, condition, attribute, NULL);
        assert_non_null(condition);
        print(condition, text, sizeof text);
        if (strcmp(text, rows[i][1]) != 0)
            fail_msg("%s: %s instead of %s", rows[i][0], text, rows[i][1]);
        weft_arena_free(arena);
    }
}

static int column_count(void *arg, const char *column)
{
    int *count = arg;
    ++*count;
    return strcmp(column, "stop") == 0;
}

static void test_columns(void **state)
{
    (void)state;
    int count = 0;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    const struct weft_condition *condition;
    assert_int_equal(weft_condition_parse(arena,
                                          "a = 1 and (b is null or c in (d.e.f where g = 1))",
                                          &condition, &error),
                     0);
    assert_int_equal(weft_condition_columns(condition, column_count, &count), 0);
    assert_int_equal(count, 3);
    weft_arena_free(arena);
}

/* a is a long, s a string, j JSON; anything else is not known. */
static const struct weft_type *type_named(void *arg, const char *column)
{
    static const struct weft_type types[] = {
        {.kind = WEFT_TYPE_LONG}, {.kind = WEFT_TYPE_STRING}, {.kind = WEFT_TYPE_JSON}};
    (void)arg;
    return column[0] == 'a'   ? &types[0]
           : column[0] == 's' ? &types[1]
           : column[0] == 'j' ? &types[2]
                              : NULL;
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *text, *column; /* NULL = all fits */
    } rows[] = {{"a = 1 and s = 'x' and x = 'y'", NULL},
                {"a = 'x'", "a"},
                {"s = 1", NULL},
                {"not (s like 'x%' or a in (1, true))", "a"},
                {"a like '1%'", "a"},
                {"a = principal.n", NULL},
                {"j = principal.n", "j"},
                {"j is null", NULL},
                {"a in (d.e.f where a = 'x')", NULL}};
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        const struct weft_condition *condition;
        assert_int_equal(weft_condition_parse(arena, rows[i].text, &condition, &error), 0);
        const char *column = weft_condition_mistyped(condition, type_named, NULL);
        if (rows[i].column == NULL)
            assert_null(column);
        else
            assert_string_equal(column, rows[i].column);
        weft_arena_free(arena);
    }
}

static int torture(void *arg, struct weft_error *error)
{
    (void)arg;
    const struct weft_condition *condition;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_condition_parse(arena,
                                  "not (a = principal.state or b in (1, 2) and c in (d.e.f where g "
                                  "= principal.wards))",
                                  &condition, error));
    return weft_condition_bind(arena, condition, attribute, NULL) == NULL ? weft_error_nomem(error)
                                                                          : 0;
}

static void test_memory(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),  cmocka_unit_test(test_refused), cmocka_unit_test(test_deep),
        cmocka_unit_test(test_bind),   cmocka_unit_test(test_columns), cmocka_unit_test(test_types),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

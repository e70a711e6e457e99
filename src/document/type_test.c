/* Tests of type.h: what is understood, what is refused, and that printing reads back. */
#include "document/type.h"

#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void reads_as(const char *text, const char *canonical, const char *duckdb)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    const struct weft_type *type = NULL, *again = NULL;
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    if (weft_type_parse(arena, text, &type, &error) < 0)
        fail_msg("%s: %s", text, error.message);
    weft_type_print(type, &out);
    assert_string_equal(out.data, canonical);
    assert_int_equal(weft_type_parse(arena, out.data, &again, &error), 0);
    assert_true(weft_type_equal(type, again));
    weft_buf_clear(&out);
    weft_type_print_duckdb(type, &out);
    assert_string_equal(out.data, duckdb);
    weft_buf_release(&out);
    weft_arena_free(arena);
}

static void type_understands(void **state)
{
    (void)state;
    reads_as("boolean", "boolean", "BOOLEAN");
    reads_as("integer", "long", "BIGINT");
    reads_as("int", "int", "INTEGER");
    reads_as("number", "double", "DOUBLE");
    reads_as("VARCHAR", "string", "VARCHAR");
    reads_as("decimal(9,2)", "decimal(9, 2)", "DECIMAL(9,2)");
    reads_as("decimal( 38 )", "decimal(38, 0)", "DECIMAL(38,0)");
    reads_as("json", "json", "VARCHAR");
    reads_as("timestamptz", "timestamptz", "TIMESTAMPTZ");
    reads_as("list<struct<a: int, b: list<string>>>", "list<struct<a: int, b: list<string>>>",
             "STRUCT(\"a\" INTEGER, \"b\" VARCHAR[])[]");
    reads_as("map<string, decimal(4,1)>", "map<string, decimal(4, 1)>",
             "MAP(VARCHAR, DECIMAL(4,1))");
}

static void refuses(const char *text, const char *message, int column, const char *hint)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    const struct weft_type *type = NULL;
    assert_int_equal(weft_type_parse(arena, text, &type, &error), -1);
    assert_null(type);
    assert_int_equal(error.code, WEFT_E_INVALID);
    if (strstr(error.message, message) == NULL)
        fail_msg("%s: %s", text, error.message);
    assert_int_equal(error.column, column);
    if (hint != NULL && strstr(error.hint, hint) == NULL)
        fail_msg("%s: hint %s", text, error.hint);
    weft_arena_free(arena);
}

static void type_refuses(void **state)
{
    (void)state;
    refuses("strng", "`strng` is not a type", 1, "`string`");
    refuses("list<itn>", "`itn` is not a type", 6, "`int`");
    refuses("quaternion", "is not a type", 1, "types are");
    refuses("", "a type is missing", 1, NULL);
    refuses("decimal", "needs its digits", 8, NULL);
    refuses("decimal(39,2)", "too large", 9, NULL);
    refuses("decimal(4,5)", "too large", 11, NULL);
    refuses("decimal(0)", "1 to 38", 8, NULL);
    refuses("decimal(99999999999999999999)", "too large", 9, NULL);
    refuses("varchar(30)", "no length", 8, "max_length: 30");
    refuses("list<int", "`>` is missing", 9, NULL);
    refuses("int int", "behind the type", 5, NULL);
    refuses("struct<a: int, A: int>", "is not a name", 16, "`a`");
    refuses("struct<a: int, a: int>", "twice", 15, NULL);
    refuses("map<list<int>, int>", "plain type", 14, NULL);
    refuses("list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<list<"
            "int>>>>>>>>>>>>>>>>>",
            "deeper than 16", 81, NULL);
}

static bool accepts(const char *type_text, const char *value)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    const struct weft_type *type = NULL;
    assert_int_equal(weft_type_parse(arena, type_text, &type, &error), 0);
    bool result = weft_type_accepts(type, value);
    weft_arena_free(arena);
    return result;
}

static void type_accepts_values(void **state)
{
    (void)state;
    assert_true(accepts("string", "01001"));
    assert_true(accepts("boolean", "True"));
    assert_false(accepts("boolean", "yes"));
    assert_true(accepts("int", "-2147483648"));
    assert_false(accepts("int", "2147483648"));
    assert_true(accepts("long", "2147483648"));
    assert_false(accepts("long", "1.0"));
    assert_true(accepts("double", "1e3"));
    assert_false(accepts("double", "abc"));
    assert_true(accepts("decimal(5,2)", "000999.99"));
    assert_false(accepts("decimal(5,2)", "1000"));
    assert_false(accepts("decimal(5,2)", "1.001"));
    assert_false(accepts("decimal(5,2)", "."));
    assert_true(accepts("date", "2020-02-29"));
    assert_false(accepts("date", "2021-02-29"));
    assert_false(accepts("date", "2020-02-29T00:00:00Z"));
    assert_true(accepts("time", "23:59:59.5"));
    assert_false(accepts("time", "24:00"));
    assert_true(accepts("timestamp", "2020-01-01 10:00:00"));
    assert_true(accepts("uuid", "123e4567-e89b-12d3-a456-426614174000"));
    assert_false(accepts("uuid", "123e4567"));
    assert_false(accepts("list<int>", "[]"));
}

static bool widens(const char *a, const char *b)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new(0);
    const struct weft_type *from = NULL, *to = NULL;
    assert_int_equal(weft_type_parse(arena, a, &from, &error), 0);
    assert_int_equal(weft_type_parse(arena, b, &to, &error), 0);
    bool result = weft_type_widens(from, to);
    weft_arena_free(arena);
    return result;
}

static void type_widening(void **state)
{
    (void)state;
    assert_true(widens("int", "long"));
    assert_false(widens("long", "int"));
    assert_true(widens("float", "double"));
    assert_true(widens("decimal(4,2)", "decimal(9,2)"));
    assert_false(widens("decimal(4,2)", "decimal(9,3)"));
    assert_false(widens("int", "double"));
    assert_true(widens("list<int>", "list<int>"));
    assert_false(widens("struct<a: int>", "struct<b: int>"));
}

static int torture(void *arg, struct weft_error *error)
{
    struct weft_arena *arena = weft_arena_new(0);
    const struct weft_type *type;
    if (arena == NULL)
        return weft_error_nomem(error);
    int rc = weft_type_parse(arena, arg, &type, error);
    weft_arena_free(arena);
    return rc;
}

static void type_torture(void **state)
{
    (void)state;
    char text[] = "map<string, list<struct<a: int, b: decimal(4,2), c: struct<d: json>>>>";
    weft_test_torture(torture, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(type_understands),    cmocka_unit_test(type_refuses),
        cmocka_unit_test(type_accepts_values), cmocka_unit_test(type_widening),
        cmocka_unit_test(type_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * sql_text_test.c - tokens, ends of statements, what is open.
 */
#include "codec/sql_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void statement_of(const char *text, struct weft_sql_statement *out)
{
    weft_sql_statement(text, strlen(text), out);
}

/* Where the statements of a text are, joined by |. */
static void split(const char *text, char *out, size_t size)
{
    size_t at = 0, length = strlen(text), used = 0;
    out[0] = '\0';
    while (at < length) {
        struct weft_sql_statement one;
        weft_sql_statement(text + at, length - at, &one);
        used += (size_t)snprintf(out + used, size - used, "%.*s%s", (int)one.length,
                                 text + at + one.start, one.ended ? "|" : "");
        at += one.end;
    }
}

static void test_where_statements_end(void **state)
{
    static const struct {
        const char *text, *parts;
    } cases[] = {
        {"select 1", "select 1"},
        {"select 1;", "select 1|"},
        {" select 1 ; select 2 ;", "select 1|select 2|"},
        {"select ';' ; select 2", "select ';'|select 2"},
        {"select 'it''s;';x", "select 'it''s;'|x"},
        {"select \"a;\"\"b\";x", "select \"a;\"\"b\"|x"},
        {"select E'\\';' ;x", "select E'\\';'|x"},
        {"select e'\\\\' ;x", "select e'\\\\'|x"},
        {"select 'a\\' ;x", "select 'a\\'|x"},
        {"select $$;$$;x", "select $$;$$|x"},
        {"select $a$;$$;$a$;x", "select $a$;$$;$a$|x"},
        {"select $1;x", "select $1|x"},
        {"select a$b;x", "select a$b|x"},
        {"-- one;\nselect 1 -- two;\n;x", "select 1|x"},
        {"/* a; /* b; */ c; */ select 1;x", "select 1|x"},
        {"select (1;x", "select (1|x"},
        {";;", "||"},
        {"-- nothing", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        char parts[256];
        split(cases[i].text, parts, sizeof parts);
        assert_string_equal(parts, cases[i].parts);
    }
}

static void test_what_is_open(void **state)
{
    static const struct {
        const char *text;
        char open;
    } cases[] = {
        {"select 1", 0},      {"select 'a", '\''},   {"select 'a''", '\''},  {"select \"a", '"'},
        {"select /* x", '*'}, {"/* /* */", '*'},     {"select $$ a", '$'},   {"select $t$ $$", '$'},
        {"select (1", '('},   {"select [1, {", '('}, {"select (1)", 0},      {"select ')'", 0},
        {"select 1) (", '('}, {"-- it's", 0},        {"select E'\\'", '\''},
    };
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct weft_sql_statement one;
        statement_of(cases[i].text, &one);
        assert_false(one.ended);
        assert_int_equal(one.open, cases[i].open);
    }
}

static void test_tokens(void **state)
{
    static const char text[] = "Select a.\"B c\", 1.5e-3+.5, $x, $1 from t1_é--c\n where x='y'";
    static const struct {
        enum weft_sql_kind kind;
        const char *text;
    } wanted[] = {
        {WEFT_SQL_WORD, "Select"},  {WEFT_SQL_WORD, "a"},    {WEFT_SQL_MARK, "."},
        {WEFT_SQL_NAME, "\"B c\""}, {WEFT_SQL_MARK, ","},    {WEFT_SQL_NUMBER, "1.5e-3"},
        {WEFT_SQL_MARK, "+"},       {WEFT_SQL_NUMBER, ".5"}, {WEFT_SQL_MARK, ","},
        {WEFT_SQL_VALUE, "$x"},     {WEFT_SQL_MARK, ","},    {WEFT_SQL_VALUE, "$1"},
        {WEFT_SQL_WORD, "from"},    {WEFT_SQL_WORD, "t1_é"}, {WEFT_SQL_COMMENT, "--c"},
        {WEFT_SQL_WORD, "where"},   {WEFT_SQL_WORD, "x"},    {WEFT_SQL_MARK, "="},
        {WEFT_SQL_TEXT, "'y'"},
    };
    struct weft_sql_token token;
    size_t at = 0;
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(wanted); i++) {
        assert_true(weft_sql_next(text, strlen(text), &at, &token));
        assert_int_equal(token.kind, wanted[i].kind);
        assert_int_equal(token.length, strlen(wanted[i].text));
        assert_memory_equal(text + token.start, wanted[i].text, token.length);
        assert_false(token.open);
    }
    assert_false(weft_sql_next(text, strlen(text), &at, &token));
}

static void test_names(void **state)
{
    static const struct {
        const char *text, *name;
    } cases[] = {{"Orders", "orders"}, {"\"Or\"\"d\"", "Or\"d"}, {"\"open", "open"}, {"É", "É"}};
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct weft_sql_token token;
        struct weft_buf name;
        size_t at = 0;
        weft_buf_init(&name, 100);
        assert_true(weft_sql_next(cases[i].text, strlen(cases[i].text), &at, &token));
        weft_sql_name_add(&name, cases[i].text, &token);
        assert_string_equal(name.data, cases[i].name);
        weft_buf_release(&name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_statements_end),
        cmocka_unit_test(test_what_is_open),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * treat_test.c - what each treatment makes of values of each type, that it cannot fail, and the
 * type that the reader is told.
 */
#include "resolver/treat.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/test_support.h"
#include "engine/protect.h"
#include "resolver/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define KEY "0123456789abcdef0123456789abcdef"

static struct weft_engine *engine;
static struct weft_arena *arena;
static struct weft_error error = WEFT_ERROR_INIT;

struct treated {
    const char *type;
    struct weft_treatment treat;
    const char *value; /* SQL */
    const char *gives; /* as text; NULL = null */
    const char *seen;  /* the type for the reader */
};

#define T(kind, ...) {WEFT_TREAT_##kind, __VA_ARGS__}

static const struct treated table[] = {
    {"string", T(NULL, NULL, 0), "'x'", NULL, "string"},
    {"list<int>", T(NULL, NULL, 0), "[1]", NULL, "list<int>"},
    {"string", T(FIXED, "w'h", 0), "'x'", "w'h", "string"},
    {"string", T(FIXED, "x", 0), "NULL", "x", "string"},
    {"int", T(FIXED, "7", 0), "5", "7", "int"},
    {"int", T(FIXED, "none", 0), "5", "none", "string"},
    {"date", T(FIXED, "2020-02-30", 0), "'2020-01-01'", "2020-02-30", "string"},
    {"list<int>", T(FIXED, "none", 0), "[1]", "none", "string"},
    {"string", T(MASK, NULL, 0), "'anna@example.org'", "a***@e***.org", "string"},
    {"string", T(MASK, NULL, 0), "'Anna Maria Weiss-Mann'", "A*** M*** W***-M***", "string"},
    {"string", T(MASK, NULL, 0), "'Élodie ß'", "É*** ß***", "string"},
    {"string", T(MASK, NULL, 0), "''", "", "string"},
    {"string", T(MASK, NULL, 0), "'@'", "@", "string"},
    {"string", T(MASK, NULL, 0), "'a@b.secretword'", "a***@b***.s***", "string"},
    {"string", T(MASK, NULL, 0), "'a@b.o1'", "a***@b***.o***", "string"},
    {"string", T(MASK, NULL, 0), "'www.example.org'", "w***.e***.o***", "string"},
    {"string", T(MASK, NULL, 0), "NULL", NULL, "string"},
    {"long", T(MASK, NULL, 0), "5551234", "5***", "string"},
    {"date", T(MASK, NULL, 0), "'2020-05-06'", "2***-0***-0***", "string"},
    {"boolean", T(MASK, NULL, 0), "true", NULL, "boolean"},
    {"binary", T(MASK, NULL, 0), "'x'", NULL, "binary"},
    {"struct<a: int>", T(MASK, NULL, 0), "{'a': 1}", NULL, "struct<a: int>"},
    {"map<string, int>", T(HASH, NULL, 0), "map(['a'], [1])", NULL, "map<string, int>"},
    {"int", T(ROUND, NULL, 100), "149", "100", "int"},
    {"int", T(ROUND, NULL, 100), "150", "200", "int"},
    {"int", T(ROUND, NULL, 100), "-150", "-200", "int"},
    {"int", T(ROUND, NULL, 1000), "2147483647", NULL, "int"},
    {"long", T(ROUND, NULL, 1000), "9223372036854775807", NULL, "long"},
    {"long", T(ROUND, NULL, 7), "9007199254740993", "9007199254740995", "long"},
    {"long", T(ROUND, NULL, 2.5), "6", "5.0", "double"},
    {"decimal(9, 2)", T(ROUND, NULL, 5), "12.50", "15.00", "decimal(9, 2)"},
    {"decimal(9, 2)", T(ROUND, NULL, 0.25), "12.30", "12.25", "decimal(9, 2)"},
    {"decimal(9, 2)", T(ROUND, NULL, 0.001), "12.30", NULL, "decimal(9, 2)"},
    {"decimal(38, 0)", T(ROUND, NULL, 10), "99999999999999999999999999999999999999", NULL,
     "decimal(38, 0)"},
    {"double", T(ROUND, NULL, 0.5), "1.3", "1.5", "double"},
    {"double", T(ROUND, NULL, 10), "'nan'", "nan", "double"},
    {"double", T(ROUND, NULL, 0.001), "1e308", "inf", "double"},
    {"float", T(ROUND, NULL, 10), "14", "10.0", "float"},
    {"string", T(ROUND, NULL, 10), "'14'", NULL, "string"},
    {"string", T(TRUNCATE, NULL, 3), "'ÉàüxY'", "Éàü", "string"},
    {"string", T(TRUNCATE, NULL, 0), "'abc'", "", "string"},
    {"string", T(TRUNCATE, NULL, 1e30), "'abc'", "abc", "string"},
    {"long", T(TRUNCATE, NULL, 3), "12345", NULL, "long"},
    {"date", T(TRUNCATE_TIME, "month", 0), "'2020-05-17'", "2020-05-01", "date"},
    {"date", T(TRUNCATE_TIME, "quarter", 0), "'2020-05-17'", "2020-04-01", "date"},
    {"date", T(TRUNCATE_TIME, "year", 0), "'infinity'", "infinity", "date"},
    {"date", T(TRUNCATE_TIME, "week", 0), "'5877642-06-25 (BC)'", NULL, "date"},
    {"timestamp", T(TRUNCATE_TIME, "hour", 0), "'2020-05-17 13:14:15'", "2020-05-17 13:00:00",
     "timestamp"},
    {"timestamptz", T(TRUNCATE_TIME, "day", 0), "'2020-05-17 23:14:15-03'",
     "2020-05-18 00:00:00+00", "timestamptz"},
    {"time", T(TRUNCATE_TIME, "hour", 0), "'10:11:12'", NULL, "time"},
    {"date", T(TRUNCATE_TIME, "month'); --", 0), "'2020-05-17'", NULL, "date"},
    {"string", T(NONE, NULL, 0), "'x'", "x", "string"},
};

static void check(const struct treated *one)
{
    struct weft_relation_column column = {.name = "v \"x", .treat = &one->treat};
    assert_int_equal(weft_type_parse(arena, one->type, &column.type, &error), 0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&type, 10000);
    weft_buf_init(&sql, 100000);
    weft_type_print_duckdb(column.type, &type);
    weft_buf_adds(&sql, "SELECT ");
    assert_int_equal(weft_treatment_print(engine, &column, "t", &sql, &error), 0);
    weft_buf_addf(&sql,
                  " FROM (SELECT TRY_CAST(x AS %s) AS \"v \"\"x\" FROM (VALUES (%s), (%s)) y(x)) t",
                  type.data, one->value, one->value);
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    if (weft_engine_query(engine, sql.data, NULL, 0, &result, &error) < 0 ||
        weft_result_row(result, &error) != 0)
        fail_msg("%s: %s", sql.data, error.message);
    const char *made = weft_result_is_null(result, 0) ? NULL : weft_result_text(result, 0);
    if ((made == NULL) != (one->gives == NULL) || (made != NULL && strcmp(made, one->gives) != 0))
        fail_msg("%s\nof %s: %s", sql.data, one->value, made == NULL ? "null" : made);
    const struct weft_relation_column *columns = NULL;
    size_t count = 0;
    const struct weft_type *type_seen = weft_treatment_type(column.type, &one->treat);
    assert_int_equal(weft_result_columns(result, arena, &columns, &count, &error), 0);
    if (!weft_type_equal(columns[0].type, type_seen))
        fail_msg("%s\ngives %s", sql.data, weft_result_column_type_name(result, 0));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf seen;
    weft_buf_init(&seen, 10000);
    weft_type_print(type_seen, &seen);
    assert_string_equal(seen.data, one->seen);
}

static void test_treatments(void **state)
{
    (void)state;
    for (size_t i = 0; i < WEFT_COUNT(table); i++)
        check(&table[i]);
}

static const char *answer(const char *sql)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    if (weft_engine_query(engine, sql, NULL, 0, &result, &error) < 0 ||
        weft_result_row(result, &error) != 0)
        fail_msg("%s: %s", sql, error.message);
    return weft_arena_strdup(arena, weft_result_text(result, 0));
}

/* The same by OpenSSL's HMAC here, over "hash", a zero byte and the text. */
static void test_keyed(void **state)
{
    (void)state;
    unsigned char made[WEFT_SHA256_BYTES];
    char hex[WEFT_SHA256_HEX];
    assert_int_equal(weft_hmac_sha256(KEY, strlen(KEY), "hash\0abc", 8, made, &error), 0);
    weft_hex(made, sizeof(made), hex);
    assert_string_equal(answer("SELECT weft_hash('abc')"), hex);
    assert_string_equal(answer("SELECT count(DISTINCT weft_hash(x::VARCHAR)) = 5000 AND "
                               "count(DISTINCT weft_token(x::VARCHAR)) = 5000 AND "
                               "count(DISTINCT weft_token_uuid(x::VARCHAR)) = 5000 FROM "
                               "range(5000) t(x)"),
                        "true");
    assert_string_equal(answer("SELECT weft_token('abc')"),
                        answer("SELECT weft_token('ab' || 'c')"));
    assert_string_equal(answer("SELECT regexp_full_match(weft_token('abc'), 't_[a-z2-7]{26}')"),
                        "true");
    assert_string_equal(answer("SELECT substr(weft_token_uuid('abc')::VARCHAR, 15, 1)"), "8");
    assert_string_equal(answer("SELECT weft_hash(repeat('x', 100000)) = weft_hash('x')"), "false");
    assert_string_equal(answer("SELECT count(weft_hash(x)) FROM (VALUES ('a'), (NULL)) t(x)"), "1");
}

/* The token of 'abc', made by hand from OpenSSL's HMAC over "token", a zero byte and the text. */
static void test_tokens(void **state)
{
    (void)state;
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char made[WEFT_SHA256_BYTES + 1] = {0};
    char token[29] = "t_", uuid[40];
    assert_int_equal(weft_hmac_sha256(KEY, strlen(KEY), "token\0abc", 9, made, &error), 0);
    for (unsigned bit = 0; bit < 26 * 5; bit += 5)
        token[2 + bit / 5] =
            digits[((made[bit / 8] << 8 | made[bit / 8 + 1]) >> (11 - bit % 8)) & 31];
    assert_string_equal(answer("SELECT weft_token('abc')"), token);
    snprintf(uuid, sizeof uuid, "%02x%02x%02x%02x-%02x%02x-8", made[0], made[1], made[2], made[3],
             made[4], made[5]);
    assert_memory_equal(answer("SELECT weft_token_uuid('abc')::VARCHAR"), uuid, strlen(uuid));
    static const struct {
        const char *type, *value, *same;
        enum weft_treatment_kind kind;
    } printed[] = {{"string", "'abc'", "weft_hash('abc')", WEFT_TREAT_HASH},
                   {"string", "'abc'", "weft_token('abc')", WEFT_TREAT_TOKEN},
                   {"long", "7", "weft_token('7')", WEFT_TREAT_TOKEN},
                   {"uuid", "'00000000-0000-4000-8000-000000000007'",
                    "weft_token_uuid('00000000-0000-4000-8000-000000000007')", WEFT_TREAT_TOKEN}};
    for (size_t i = 0; i < WEFT_COUNT(printed); i++) {
        struct weft_treatment treat = {.kind = printed[i].kind};
        struct weft_relation_column column = {.name = "v", .treat = &treat};
        WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
        WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
        weft_buf_init(&sql, 100000);
        weft_buf_init(&type, 10000);
        assert_int_equal(weft_type_parse(arena, printed[i].type, &column.type, &error), 0);
        weft_type_print_duckdb(column.type, &type);
        weft_buf_adds(&sql, "SELECT (");
        assert_int_equal(weft_treatment_print(engine, &column, "t", &sql, &error), 0);
        weft_buf_addf(&sql, ") = %s FROM (SELECT %s::%s AS v) t", printed[i].same, printed[i].value,
                      type.data);
        assert_string_equal(answer(sql.data), "true");
    }
}

/* Whatever the zone of the connection: days are UTC's, as everywhere. */
static void test_zone(void **state)
{
    (void)state;
    struct weft_engine_config config = {.threads = 1};
    WEFT_CLEANUP(weft_engine_closep) struct weft_engine *tokyo = NULL;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    struct weft_treatment day = {.kind = WEFT_TREAT_TRUNCATE_TIME, .text = "day"};
    static const struct weft_type moment = {.kind = WEFT_TYPE_TIMESTAMPTZ};
    struct weft_relation_column column = {.name = "v", .type = &moment, .treat = &day};
    weft_buf_init(&sql, 100000);
    assert_int_equal(weft_engine_open(&config, &tokyo, &error), 0);
    assert_int_equal(weft_engine_exec(tokyo, "SET TimeZone = 'Asia/Tokyo'", NULL, &error), 0);
    weft_buf_adds(&sql, "SELECT epoch(");
    assert_int_equal(weft_treatment_print(tokyo, &column, "t", &sql, &error), 0);
    weft_buf_adds(&sql, ") = epoch(TIMESTAMPTZ '2020-05-17 00:00:00+00') FROM (SELECT TIMESTAMPTZ "
                        "'2020-05-17 20:00:00+00' AS v) t");
    if (weft_engine_query(tokyo, sql.data, NULL, 0, &result, &error) < 0 ||
        weft_result_row(result, &error) != 0)
        fail_msg("%s: %s", sql.data, error.message);
    assert_string_equal(weft_result_text(result, 0), "true");
}

static void test_hidden(void **state)
{
    (void)state;
    static const struct weft_type text = {.kind = WEFT_TYPE_STRING};
    static const struct weft_treatment hide = {.kind = WEFT_TREAT_HIDE};
    const struct weft_relation_column columns[] = {{.name = "a", .type = &text, .treat = &hide},
                                                   {.name = "b", .type = &text}};
    const struct weft_relation relation = {.columns = columns, .column_count = 2};
    const struct weft_relation_column *seen = NULL;
    size_t count = 0;
    assert_null(weft_treatment_type(&text, &hide));
    assert_int_equal(weft_relation_seen(&relation, arena, &seen, &count, &error), 0);
    assert_int_equal(count, 1);
    assert_string_equal(seen[0].name, "b");
}

static void test_needs_key(void **state)
{
    (void)state;
    struct weft_engine_config config = {.threads = 1};
    WEFT_CLEANUP(weft_engine_closep) struct weft_engine *bare = NULL;
    assert_int_equal(weft_engine_open(&config, &bare, &error), 0);
    struct weft_treatment hash = {.kind = WEFT_TREAT_HASH};
    static const struct weft_type text = {.kind = WEFT_TYPE_STRING};
    struct weft_relation_column column = {.name = "v", .type = &text, .treat = &hash};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 100000);
    assert_int_equal(weft_treatment_print(bare, &column, "t", &sql, &error), -1);
    assert_int_equal(error.code, WEFT_E_INTERNAL);
    assert_int_equal(weft_engine_protect(bare, "short", 5, &error), -1);
    assert_int_equal(error.code, WEFT_E_INVALID);
}

static int setup(void **state)
{
    (void)state;
    struct weft_engine_config config = {.threads = 1};
    arena = weft_arena_new(0);
    return weft_engine_open(&config, &engine, &error) < 0 ||
           weft_engine_protect(engine, KEY, strlen(KEY), &error) < 0 ||
           weft_engine_seal(engine, &error) < 0;
}

static int teardown(void **state)
{
    (void)state;
    weft_engine_close(engine);
    weft_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_treatments), cmocka_unit_test(test_keyed),
        cmocka_unit_test(test_tokens),     cmocka_unit_test(test_zone),
        cmocka_unit_test(test_hidden),     cmocka_unit_test(test_needs_key)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

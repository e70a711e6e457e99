/*
 * engine_test.c - instances, statements, streams and the texts of values.
 */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
    char *dir;
    struct weft_engine *engine;
    struct weft_error error;
};

static int setup(void **state)
{
    struct fixture *fixture = weft_alloc(sizeof(*fixture));
    fixture->dir = weft_test_dir();
    const char *folders[] = {fixture->dir};
    struct weft_engine_config config = {.threads = 2, .folders = folders, .folder_count = 1};
    if (weft_engine_open(&config, &fixture->engine, &fixture->error) < 0) {
        print_error("%s\n", fixture->error.message);
        return -1;
    }
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    weft_engine_close(fixture->engine);
    weft_test_dir_remove(fixture->dir);
    weft_free(fixture);
    return 0;
}

static void test_exec_counts_rows(void **state)
{
    struct fixture *fixture = *state;
    char *sql =
        weft_format("COPY (SELECT range AS i FROM range(5000)) TO '%s/a.parquet'", fixture->dir);
    int64_t rows = 0;
    assert_int_equal(weft_engine_exec(fixture->engine, sql, &rows, &fixture->error), 0);
    assert_int_equal(rows, 5000);
    weft_free(sql);
    assert_int_equal(weft_engine_exec(fixture->engine, "selct", NULL, &fixture->error), -1);
    assert_int_equal(fixture->error.code, WEFT_E_SQL);
}

static void test_stream_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct weft_param params[] = {{"n", "10000"}};
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    assert_int_equal(weft_engine_query(fixture->engine,
                                       "SELECT range AS i, 'x' || range AS t FROM "
                                       "range(CAST($n AS BIGINT)) ORDER BY i",
                                       params, 1, &result, &fixture->error),
                     0);
    assert_int_equal(weft_result_column_count(result), 2);
    assert_string_equal(weft_result_column_name(result, 1), "t");
    assert_string_equal(weft_result_column_type_name(result, 0), "long");
    int64_t count = 0;
    int rc;
    while ((rc = weft_result_row(result, &fixture->error)) == 0) {
        assert_int_equal(weft_result_int(result, 0), count);
        count++;
    }
    assert_int_equal(rc, WEFT_END);
    assert_int_equal(count, 10000);
    assert_int_equal(weft_result_row(result, &fixture->error), WEFT_END);
}

/* Every value's text must be what DuckDB's own cast gives. */
static const char *const encode_values[] = {"true",
                                            "42::TINYINT",
                                            "-1::BIGINT",
                                            "170141183460469231731687303715884105727::HUGEINT",
                                            "(-170141183460469231731687303715884105728)::HUGEINT",
                                            "1.5::FLOAT",
                                            "0.1::FLOAT",
                                            "1e15::DOUBLE",
                                            "1e16::DOUBLE",
                                            "1.25e-5::DOUBLE",
                                            "0.0001::DOUBLE",
                                            "123456.789::DOUBLE",
                                            "'nan'::DOUBLE",
                                            "'-inf'::FLOAT",
                                            "0.30000000000000004::DOUBLE",
                                            "100::DOUBLE",
                                            "-0.0::DOUBLE",
                                            "3e38::FLOAT",
                                            "12.340::DECIMAL(9,3)",
                                            "-0.05::DECIMAL(4,2)",
                                            "7::DECIMAL(38,0)",
                                            "-12345678901234567890.123::DECIMAL(38,3)",
                                            "DATE '2020-02-29'",
                                            "'infinity'::DATE",
                                            "'0044-03-15 (BC)'::DATE",
                                            "'12345-01-01'::DATE",
                                            "TIME '01:02:03.4500'",
                                            "TIMESTAMP '1969-12-31 23:59:59.999'",
                                            "TIMESTAMP '2020-01-01'",
                                            "'-infinity'::TIMESTAMP",
                                            "TIMESTAMPTZ '2020-06-01 12:00:00+02'",
                                            "'2020-01-01 00:00:00.123456789'::TIMESTAMP_NS",
                                            "'2020-01-01 00:00:01'::TIMESTAMP_S",
                                            "'2020-01-01 00:00:01.5'::TIMESTAMP_MS",
                                            "'12:00:00+02:30'::TIMETZ",
                                            "INTERVAL '14 months 3 days 4 hours'",
                                            "INTERVAL '-1 day'",
                                            "INTERVAL '0 day'",
                                            "INTERVAL '-5 minutes'",
                                            "INTERVAL '1 year 1.5 seconds'",
                                            "uuid '0190b0c1-0000-7000-8000-0123456789ab'",
                                            "'a\\x00\\xFFb'::BLOB",
                                            "'0101001110'::BIT",
                                            "'b'::ENUM('a','b')",
                                            "[1,2,NULL]",
                                            "['a','b, c','','NULL','it''s', ' x', NULL]",
                                            "{'a': 1, 'b c': 'x'}",
                                            "MAP {'k': 1, 'l': 2}",
                                            "MAP {1: [1,2]}",
                                            "[[1],[2,3],NULL]",
                                            "[1,2,3]::INTEGER[3]",
                                            "union_value(num := 2)",
                                            "'{\"a\": [1, 2]}'::JSON",
                                            "''",
                                            "'plain'",
                                            "[{'a': [DATE '2020-01-01']}]",
                                            "[TIMESTAMP '2020-01-01 00:00:00']",
                                            "NULL::INTEGER",
                                            "['a:b', 'c=d', 'e{f']"};

static void test_texts_are_duckdbs(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < WEFT_COUNT(encode_values); i++) {
        char *sql = weft_format("SELECT v, v::VARCHAR FROM (SELECT %s AS v)", encode_values[i]);
        WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
        if (weft_engine_query(fixture->engine, sql, NULL, 0, &result, &fixture->error) < 0)
            fail_msg("%s: %s", sql, fixture->error.message);
        assert_int_equal(weft_result_row(result, &fixture->error), 0);
        const char *ours = weft_result_text(result, 0);
        const char *theirs = weft_result_text(result, 1);
        if (strcmp(ours, theirs) != 0)
            fail_msg("%s: %s, DuckDB says %s", encode_values[i], ours, theirs);
        weft_free(sql);
    }
}

static const struct {
    const char *value;
    const char *csv;
    const char *json;
} encode_formats[] = {
    {"NULL", "", "null"},
    {"''", "\"\"", "\"\""},
    {"'a,b'", "\"a,b\"", "\"a,b\""},
    {"'say \"x\"'", "\"say \"\"x\"\"\"", "\"say \\\"x\\\"\""},
    {"'a' || chr(10) || chr(1)", "\"a\n\x01\"", "\"a\\n\\u0001\""},
    {"9007199254740993", "9007199254740993", "9007199254740993"},
    {"1.50::DECIMAL(4,2)", "1.50", "1.50"},
    {"'nan'::DOUBLE", "nan", "null"},
    {"DATE '2020-01-01'", "2020-01-01", "\"2020-01-01\""},
    {"[1,NULL]", "\"[1, NULL]\"", "[1,null]"},
    {"{'a': 'x\\y', 'b': [true]}", "\"{'a': 'x\\\\y', 'b': [true]}\"",
     "{\"a\":\"x\\\\y\",\"b\":[true]}"},
    {"MAP {1: 'a'}", "{1=a}", "{\"1\":\"a\"}"},
    {"'{\"a\":1}'::JSON", "\"{\"\"a\"\":1}\"", "{\"a\":1}"},
    {"union_value(s := 'q')", "q", "\"q\""},
};

static void test_csv_and_json(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < WEFT_COUNT(encode_formats); i++) {
        char *sql = weft_format("SELECT %s", encode_formats[i].value);
        WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
        WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
        weft_buf_init(&out, 10000);
        duckdb_data_chunk chunk = NULL;
        assert_int_equal(weft_engine_query(fixture->engine, sql, NULL, 0, &result, &fixture->error),
                         0);
        assert_int_equal(weft_result_next(result, &chunk, &fixture->error), 0);
        assert_int_equal(
            weft_encode_value(result, chunk, 0, 0, WEFT_ENCODE_CSV, &out, &fixture->error), 0);
        assert_string_equal(out.data, encode_formats[i].csv);
        weft_buf_clear(&out);
        assert_int_equal(
            weft_encode_value(result, chunk, 0, 0, WEFT_ENCODE_JSON, &out, &fixture->error), 0);
        assert_string_equal(out.data, encode_formats[i].json);
        weft_free(sql);
    }
}

static void test_deadline_stops_a_statement(void **state)
{
    struct fixture *fixture = *state;
    weft_engine_watch(fixture->engine, weft_clock_mono_us() + 100000);
    assert_int_equal(weft_engine_exec(fixture->engine,
                                      "SELECT count(*) FROM range(1000000000) a, range(1000) b",
                                      NULL, &fixture->error),
                     -1);
    assert_int_equal(fixture->error.code, WEFT_E_TIMEOUT);
    weft_engine_watch(fixture->engine, 0);
    assert_int_equal(weft_engine_exec(fixture->engine, "SELECT 1", NULL, &fixture->error), 0);
}

/* Closed from the start: nothing outside the folders, no extension, nothing to open again. */
static const char *const closed[] = {
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/etc/*')",
    "COPY (SELECT 1) TO '/tmp/weft-must-not-be.csv'",
    "ATTACH '/tmp/weft-must-not-be.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SELECT * FROM read_parquet('http://127.0.0.1/x.parquet')",
};
static const char *const sealed[] = {
    "SET memory_limit = '1GB'",        "SET threads = 1",
    "SET lock_configuration = false",  "RESET memory_limit",
    "SET allowed_directories = ['/']", "SET allowed_configs = ['threads']",
};

static void test_seal(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < WEFT_COUNT(closed); i++)
        if (weft_engine_exec(fixture->engine, closed[i], NULL, &fixture->error) == 0)
            fail_msg("open: %s", closed[i]);
    assert_int_equal(weft_engine_seal(fixture->engine, &fixture->error), 0);
    assert_int_equal(weft_engine_seal(fixture->engine, &fixture->error), 0);
    for (size_t i = 0; i < WEFT_COUNT(closed); i++)
        if (weft_engine_exec(fixture->engine, closed[i], NULL, &fixture->error) == 0)
            fail_msg("open after seal: %s", closed[i]);
    for (size_t i = 0; i < WEFT_COUNT(sealed); i++)
        if (weft_engine_exec(fixture->engine, sealed[i], NULL, &fixture->error) == 0)
            fail_msg("not sealed: %s", sealed[i]);
    assert_int_equal(weft_engine_exec(fixture->engine, "SET TimeZone = 'America/Toronto'", NULL,
                                      &fixture->error),
                     0);
    assert_int_equal(fixture->error.code, WEFT_E_SQL);
}

static void test_memory_is_limited(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_engine_config config = {.memory_bytes = 64 << 20, .threads = 1};
    WEFT_CLEANUP(weft_engine_closep) struct weft_engine *engine = NULL;
    assert_int_equal(weft_engine_open(&config, &engine, &error), 0);
    assert_int_equal(weft_engine_exec(engine,
                                      "SELECT i, count(*) FROM (SELECT unnest(range(20000000)) i) "
                                      "GROUP BY i ORDER BY 2 LIMIT 1",
                                      NULL, &error),
                     -1);
    assert_int_equal(error.code, WEFT_E_NOMEM);
}

static int torture_query(void *arg, struct weft_error *error)
{
    struct fixture *fixture = arg;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    WEFT_TRY(weft_engine_query(fixture->engine, "SELECT [1,2] AS a, 'x' AS b, MAP {1: 'a'} AS c",
                               NULL, 0, &result, error));
    duckdb_data_chunk chunk = NULL;
    WEFT_TRY(weft_result_next(result, &chunk, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    weft_buf_init(&out, 10000);
    for (size_t i = 0; i < 3; i++)
        WEFT_TRY(weft_encode_value(result, chunk, i, 0, WEFT_ENCODE_JSON, &out, error));
    return 0;
}

static void test_torture(void **state)
{
    assert_true(weft_test_torture(torture_query, *state) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exec_counts_rows),
        cmocka_unit_test(test_stream_in_order),
        cmocka_unit_test(test_texts_are_duckdbs),
        cmocka_unit_test(test_csv_and_json),
        cmocka_unit_test(test_deadline_stops_a_statement),
        cmocka_unit_test(test_memory_is_limited),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_seal),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * cell_test.c - cells read as values: the same answers as weft_type_accepts, exact values.
 */
#include "document/type.h"
#include "value/cell.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static const char *const texts[] = {"",
                                    "0",
                                    "-0",
                                    "+7",
                                    "12",
                                    " 12",
                                    "12 ",
                                    "12.7",
                                    "1e5",
                                    "1e400",
                                    ".5",
                                    "5.",
                                    ".",
                                    "-",
                                    "+",
                                    "007",
                                    "1,5",
                                    "0x10",
                                    "nan",
                                    "inf",
                                    "true",
                                    "FALSE",
                                    "yes",
                                    "1_000",
                                    "9223372036854775807",
                                    "9223372036854775808",
                                    "-9223372036854775808",
                                    "2147483647",
                                    "2147483648",
                                    "-2147483648",
                                    "99999.99",
                                    "100000",
                                    "1.999",
                                    "2024-02-29",
                                    "2023-02-29",
                                    "2024-2-9",
                                    "0000-01-01",
                                    "0001-01-01",
                                    "2024-13-01",
                                    "23:59",
                                    "24:00",
                                    "12:30:60",
                                    "12:30:59.123456",
                                    "12:30:59.1234567",
                                    "2024-01-02T03:04:05Z",
                                    "2024-01-02 03:04:05.5",
                                    "2024-01-02T03:04:05+02:00",
                                    "123456789012345678901234567890",
                                    "0.1",
                                    "123456.789",
                                    "0f0e0d0c-0b0a-0908-0706-050403020100",
                                    "0f0e0d0c0b0a09080706050403020100"};

static bool cell_reads(const struct weft_type *type, const char *text)
{
    size_t length = strlen(text);
    bool truth;
    int32_t small;
    int64_t number;
    double real;
    __int128 wide;
    switch (type->kind) {
    case WEFT_TYPE_BOOLEAN:
        return weft_cell_boolean(text, length, &truth);
    case WEFT_TYPE_INT:
        return weft_cell_int32(text, length, &small);
    case WEFT_TYPE_LONG:
        return weft_cell_int64(text, length, &number);
    case WEFT_TYPE_DOUBLE:
        return weft_cell_double(text, length, '.', &real);
    case WEFT_TYPE_DECIMAL:
        return weft_cell_decimal(text, length, '.', type->precision, type->scale, &wide);
    case WEFT_TYPE_DATE:
        return weft_cell_date(text, length, &small);
    case WEFT_TYPE_TIME:
        return weft_cell_time(text, length, &number);
    case WEFT_TYPE_TIMESTAMP:
        return weft_cell_timestamp(text, length, &number);
    default:
        return weft_cell_uuid(text, length, &wide);
    }
}

static void test_same_answers(void **state)
{
    (void)state;
    static const struct weft_type types[] = {
        {.kind = WEFT_TYPE_BOOLEAN},
        {.kind = WEFT_TYPE_INT},
        {.kind = WEFT_TYPE_LONG},
        {.kind = WEFT_TYPE_DOUBLE},
        {.kind = WEFT_TYPE_DECIMAL, .precision = 7, .scale = 2},
        {.kind = WEFT_TYPE_DATE},
        {.kind = WEFT_TYPE_TIME},
        {.kind = WEFT_TYPE_TIMESTAMP},
        {.kind = WEFT_TYPE_UUID}};
    int wrong = 0;
    for (size_t t = 0; t < WEFT_COUNT(types); t++) {
        for (size_t i = 0; i < WEFT_COUNT(texts); i++) {
            if (cell_reads(&types[t], texts[i]) != weft_type_accepts(&types[t], texts[i]))
                print_error("type %d and \"%s\"\n", types[t].kind, texts[i]), wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void test_values(void **state)
{
    (void)state;
    double real = 0;
    int64_t number = 0;
    __int128 wide = 0;
    static const char *const reals[] = {
        "0.1",    "-123456.789", "1e22", "123456789012345", "0.3", "1.7976931348623157e308",
        "5e-324", "99.99"};
    for (size_t i = 0; i < WEFT_COUNT(reals); i++) {
        assert_true(weft_cell_double(reals[i], strlen(reals[i]), '.', &real));
        assert_true(real == strtod(reals[i], NULL));
    }
    assert_true(weft_cell_double("1,5", 3, ',', &real) && real == 1.5);
    assert_false(weft_cell_double("1.5", 3, ',', &real));
    assert_true(weft_cell_int64("-9223372036854775808", 20, &number) && number == INT64_MIN);
    assert_true(weft_cell_decimal("-1.5", 4, '.', 9, 3, &wide) && wide == -1500);
    assert_true(weft_cell_time("01:02:03.5", 10, &number) && number == INT64_C(3723500000));
}

static void plain(const char *text, const char *expected)
{
    char out[WEFT_CELL_PLAIN + 1];
    size_t length = weft_cell_plain(text, strlen(text), out);
    assert_true(length < WEFT_CELL_PLAIN);
    out[length] = '\0';
    assert_string_equal(out, expected);
}

/* Numbers as JSON writes them, as the integers and decimals they stand for. */
static void test_numbers_of_json(void **state)
{
    (void)state;
    static const struct weft_type whole = {.kind = WEFT_TYPE_LONG};
    static const struct weft_type money = {.kind = WEFT_TYPE_DECIMAL, .precision = 5, .scale = 2};
    int64_t values[2] = {0, 0};
    int32_t cents[2] = {0, 0};
    plain("12.0", "12");
    plain("1e3", "1000");
    plain("-1.5E-2", "-0.015");
    plain("0.00100", "0.001");
    plain("100200.0e-3", "100.2");
    plain("0e99999999", "0");
    plain("-0.0", "0");
    plain("1e39", "1000000000000000000000000000000000000000");
    plain("1e40", "");
    plain("1e99999999999999", "");
    plain("1e-39", "0.000000000000000000000000000000000000001");
    plain("12345678901234567890123456789012345678901", "");
    plain("1234567890123456789012345678901234567890", "1234567890123456789012345678901234567890");
    assert_true(weft_cell_value(&whole, "9223372036854775807.0", 21, true, 1, values));
    assert_true(values[1] == INT64_MAX && values[0] == 0);
    assert_false(weft_cell_value(&whole, "12.0", 4, false, 0, values));
    assert_false(weft_cell_value(&whole, "12.5", 4, true, 0, values));
    assert_false(weft_cell_value(&whole, "1e19", 4, true, 0, values));
    assert_true(weft_cell_value(&money, "1.25e2", 6, true, 1, cents));
    assert_true(cents[1] == 12500 && cents[0] == 0);
    assert_false(weft_cell_value(&money, "1.255", 5, true, 0, cents));
    assert_false(weft_cell_value(&money, "1e3", 3, true, 0, cents));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_answers),
                                       cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_numbers_of_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

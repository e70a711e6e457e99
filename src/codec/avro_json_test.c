/* Tests of avro_json.h: what records say as JSON, whole files and cut into any pieces. */
#include "base/test_support.h"
#include "codec/avro_internal.h"
#include "codec/avro_json.h"
#include "codec/decode_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char everything[] =
    "{\"type\":\"record\",\"name\":\"all\",\"fields\":["
    "{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"i\",\"type\":[\"null\",\"int\"]},"
    "{\"name\":\"l\",\"type\":\"long\"},{\"name\":\"d\",\"type\":\"double\"},"
    "{\"name\":\"y\",\"type\":\"bytes\"},{\"name\":\"s\",\"type\":\"string\"},"
    "{\"name\":\"dec\",\"type\":{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,"
    "\"scale\":2}},"
    "{\"name\":\"day\",\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}},"
    "{\"name\":\"tm\",\"type\":{\"type\":\"long\",\"logicalType\":\"time-micros\"}},"
    "{\"name\":\"ts\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},"
    "{\"name\":\"ns\",\"type\":{\"type\":\"long\",\"logicalType\":\"local-timestamp-nanos\"}},"
    "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"side\",\"symbols\":[\"L\",\"R\"]}},"
    "{\"name\":\"u\",\"type\":{\"type\":\"fixed\",\"name\":\"id\",\"size\":16,\"logicalType\":"
    "\"uuid\"}},"
    "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":\"long\"}},"
    "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":\"string\"}},"
    "{\"name\":\"next\",\"type\":[\"null\",\"all\"]}]}";

struct row {
    int64_t l;
    double d;
    const char *dec;
    size_t dec_length;
    int64_t day, tm, ts, ns;
};

static void put_row(struct weft_avro_writer *writer, const struct row *row, bool nested)
{
    weft_avro_put_boolean(writer, true);
    weft_avro_put_branch(writer, 1);
    weft_avro_put_long(writer, -1);
    weft_avro_put_long(writer, row->l);
    weft_avro_put_double(writer, row->d);
    weft_avro_put_bytes(writer, "\0\xFF", 2);
    weft_avro_put_text(writer, "Z\xC3\xBC\"\n");
    weft_avro_put_bytes(writer, row->dec, row->dec_length);
    weft_avro_put_long(writer, row->day);
    weft_avro_put_long(writer, row->tm);
    weft_avro_put_long(writer, row->ts);
    weft_avro_put_long(writer, row->ns);
    weft_avro_put_long(writer, 1);
    weft_avro_put_fixed(writer, "\x12\x34\x56\x78\x12\x34\x56\x78\x12\x34\x56\x78\x12\x34\x56\x78",
                        16);
    weft_avro_begin_items(writer, 2);
    weft_avro_put_long(writer, 1);
    weft_avro_put_long(writer, INT64_MIN);
    weft_avro_end_items(writer, 2);
    weft_avro_begin_items(writer, 1);
    weft_avro_put_text(writer, "k");
    weft_avro_put_text(writer, "v");
    weft_avro_end_items(writer, 1);
    weft_avro_put_branch(writer, nested);
    if (nested)
        put_row(writer, row, false);
}

static int file_make(struct weft_buf *out, const struct row *rows, size_t count, bool nested,
                     enum weft_avro_codec codec, struct weft_error *error)
{
    struct weft_avro_writer writer;
    int rc = weft_avro_writer_init(&writer, out, everything, NULL, 0, codec, error);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        put_row(&writer, &rows[i], nested);
        weft_avro_end_record(&writer);
    }
    if (rc == 0)
        rc = weft_avro_writer_end(&writer, error);
    weft_avro_writer_release(&writer);
    return rc;
}

/* Gives the file in pieces of `piece` bytes, as a source would. */
static int decode(const char *data, size_t length, size_t piece, struct weft_buf *out,
                  struct weft_error *error)
{
    struct weft_decoder *decoder = NULL;
    WEFT_TRY(weft_avro_decoder_new(&decoder, error));
    return decode_pieces(decoder, data, length, piece, SIZE_MAX, out, NULL, error);
}

static const struct row one = {.l = INT64_MAX,
                               .d = 0.1,
                               .dec = "\xFB\x2E",
                               .dec_length = 2,
                               .day = -1,
                               .tm = 86399999999,
                               .ts = -1,
                               .ns = 1};
#define ONE                                                                                        \
    "{\"b\":true,\"i\":-1,\"l\":9223372036854775807,\"d\":0.1,\"y\":\"\\\\x00ff\","                \
    "\"s\":\"Z\xC3\xBC\\\"\\n\",\"dec\":\"-12.34\",\"day\":\"1969-12-31\","                        \
    "\"tm\":\"23:59:59.999999\",\"ts\":\"1969-12-31T23:59:59.999Z\","                              \
    "\"ns\":\"1970-01-01T00:00:00.000000001\",\"e\":\"R\","                                        \
    "\"u\":\"12345678-1234-5678-1234-567812345678\",\"a\":[1,-9223372036854775808],"               \
    "\"m\":{\"k\":\"v\"},\"next\":"

static void check_one(enum weft_avro_codec codec, size_t piece)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf file, text;
    weft_buf_init(&file, 1 << 20);
    weft_buf_init(&text, 1 << 24);
    assert_int_equal(file_make(&file, &one, 1, true, codec, &error), 0);
    assert_int_equal(decode(file.data, file.length, piece, &text, &error), 0);
    text.data[text.length] = '\0';
    assert_string_equal(text.data, ONE ONE "null}}\n");
    weft_buf_release(&file);
    weft_buf_release(&text);
}

static void test_values(void **state)
{
    (void)state;
    check_one(WEFT_AVRO_NULL, 1);
    check_one(WEFT_AVRO_NULL, 7);
    check_one(WEFT_AVRO_NULL, 1 << 20);
    check_one(WEFT_AVRO_DEFLATE, 1);
    check_one(WEFT_AVRO_DEFLATE, 1 << 20);
}

static void value_of(const struct row *row, const char *key, const char *value)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf file, text;
    char wanted[200];
    weft_buf_init(&file, 1 << 20);
    weft_buf_init(&text, 1 << 24);
    assert_int_equal(file_make(&file, row, 1, false, WEFT_AVRO_NULL, &error), 0);
    assert_int_equal(decode(file.data, file.length, 1000, &text, &error), 0);
    text.data[text.length] = '\0';
    snprintf(wanted, sizeof wanted, "\"%s\":%s,", key, value);
    if (strstr(text.data, wanted) == NULL)
        fail_msg("%s is not in %s", wanted, text.data);
    weft_buf_release(&file);
    weft_buf_release(&text);
}

#define ROW(...) (&(const struct row){.dec = "\0", .dec_length = 1, __VA_ARGS__})

static void test_edges(void **state)
{
    (void)state;
    volatile double zero = 0;
    value_of(ROW(.d = zero / zero), "d", "\"NaN\"");
    value_of(ROW(.d = -1 / zero), "d", "\"-Infinity\"");
    value_of(ROW(.l = INT64_MIN), "l", "-9223372036854775808");
    value_of(ROW(.tm = 86400000000), "tm", "86400000000");
    value_of(ROW(.tm = -1), "tm", "-1");
    value_of(ROW(.tm = 0), "tm", "\"00:00:00\"");
    value_of(ROW(.ts = INT64_MIN), "ts", "\"-292275055-05-16T16:47:04.192Z\"");
    value_of(ROW(.day = 11016), "day", "\"2000-02-29\"");
    value_of(ROW(.day = INT32_MAX), "day", "\"5881580-07-11\"");
    value_of(ROW(.ns = 1577836800123456000), "ns", "\"2020-01-01T00:00:00.123456\"");
    value_of(ROW(), "dec", "\"0.00\"");
    value_of(&(const struct row){.dec = "\x05", .dec_length = 1}, "dec", "\"0.05\"");
    value_of(&(const struct row){.dec = "\xFF", .dec_length = 1}, "dec", "\"-0.01\"");
    value_of(&(const struct row){.dec = "", .dec_length = 0}, "dec", "\"\\\\x\"");
    value_of(&(const struct row){.dec = "\x01zzzzzzzzzzzzzzzz", .dec_length = 17}, "dec",
             "\"\\\\x017a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a\"");
    value_of(&(const struct row){.dec = "\xFF\xFF\xFFzzzzzzzzzzzzzzz", .dec_length = 18}, "dec",
             "\"-6932836213309561219459072118324934.46\"");
}

/* Each cut and each changed byte: read, or refused with INPUT; never more rows than there were. */
static void test_damage(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf file, text;
    struct row rows[3] = {one, one, one};
    weft_buf_init(&file, 1 << 20);
    weft_buf_init(&text, 1 << 24);
    assert_int_equal(file_make(&file, rows, 3, false, WEFT_AVRO_NULL, &error), 0);
    for (size_t cut = 0; cut < file.length; cut++) {
        weft_buf_clear(&text);
        weft_error_clear(&error);
        int rc = decode(file.data, cut, 64, &text, &error);
        /* Behind the head and before the first block a file of no rows is whole. */
        assert_true(rc < 0 ? error.code == WEFT_E_INPUT : text.length == 0);
    }
    for (size_t at = 0; at < file.length; at++) {
        for (int bit = 0; bit < 8; bit += 3) {
            file.data[at] = (char)(file.data[at] ^ 1 << bit);
            weft_buf_clear(&text);
            weft_error_clear(&error);
            int rc = decode(file.data, file.length, 4096, &text, &error);
            assert_true(rc == 0 || error.code == WEFT_E_INPUT);
            file.data[at] = (char)(file.data[at] ^ 1 << bit);
        }
    }
    weft_buf_release(&file);
    weft_buf_release(&text);
}

static void test_snappy(void **state)
{
    (void)state;
    static const struct {
        const char *packed;
        size_t length;
        const char *text; /* NULL = damaged */
    } cases[] = {
        {"\0", 1, ""},
        {"\x03\x08"
         "abc",
         5, "abc"},
        {"\x09\x08"
         "abc\x09\x03",
         7, "abcabcabc"}, /* a copy of 6 over itself: 4 + 2 */
        {"\x0B\x08"
         "abc\x1E\x03\0",
         8, "abcabcabcab"}, /* 8 bytes, distance in two */
        {"\x06\x08"
         "abc\x0B\x03\0\0\0",
         10, "abcabc"},
        {"\x04\xF0\x03"
         "abcd",
         7, "abcd"}, /* a literal with its length behind */
        {"\x03\x08"
         "ab",
         4, NULL},
        {"\x04\x08"
         "abc",
         5, NULL},
        {"\x02\x08"
         "abc",
         5, NULL},
        {"\x09\x08"
         "abc\x09\x04",
         7, NULL}, /* before the beginning */
        {"\x09\x08"
         "abc\x09\0",
         7, NULL},
        {"\x05", 1, NULL},
        {"", 0, NULL},
        {"\xFF\xFF\xFF\xFF\x0F\0a", 7, NULL},
        {"\xFF\xFF\xFF\xFF\xFF\xFF", 6, NULL},
    };
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct weft_buf out;
        weft_buf_init(&out, 1 << 20);
        bool good = weft_snappy_unpack((const unsigned char *)cases[i].packed, cases[i].length,
                                       1 << 16, &out);
        assert_int_equal(good, cases[i].text != NULL);
        if (good) {
            assert_int_equal(out.length, strlen(cases[i].text));
            assert_memory_equal(out.data, cases[i].text, out.length);
        }
        weft_buf_release(&out);
    }
}

static void test_columns(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "boolean",   "int",          "long", "double",     "binary",
        "string",    "decimal(9,2)", "date", "time",       "timestamptz",
        "timestamp", "string",       "uuid", "list<long>", "map<string, string>",
        "json"};
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_decoder *decoder = NULL;
    struct weft_buf file;
    char out[256];
    const struct weft_avro_column *columns = NULL;
    size_t count = 0;
    weft_buf_init(&file, 1 << 20);
    struct weft_arena *arena = weft_arena_new(1 << 24);
    assert_int_equal(file_make(&file, &one, 0, false, WEFT_AVRO_NULL, &error), 0);
    assert_int_equal(weft_avro_decoder_new(&decoder, &error), 0);
    struct weft_decode_io io = {.in = file.data,
                                .in_length = file.length,
                                .last = true,
                                .out = out,
                                .out_length = sizeof out};
    assert_int_equal(decoder->step(decoder, &io, &error), 0);
    assert_int_equal(weft_avro_decoder_columns(decoder, arena, &columns, &count, &error), 0);
    assert_int_equal(count, WEFT_COUNT(wanted));
    for (size_t i = 0; i < count; i++)
        assert_string_equal(columns[i].type, wanted[i]);
    decoder->free(decoder);
    weft_arena_free(arena);
    weft_buf_release(&file);
}

static int torture_once(void *arg, struct weft_error *error)
{
    struct weft_buf file, text;
    struct row rows[2] = {one, one};
    weft_buf_init(&file, 1 << 20);
    weft_buf_init(&text, 1 << 24);
    int rc = file_make(&file, rows, 2, true, *(enum weft_avro_codec *)arg, error);
    if (rc == 0)
        rc = decode(file.data, file.length, 100, &text, error);
    weft_buf_release(&file);
    weft_buf_release(&text);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    for (int codec = WEFT_AVRO_NULL; codec <= WEFT_AVRO_DEFLATE; codec++) {
        enum weft_avro_codec of = (enum weft_avro_codec)codec;
        assert_true(weft_test_torture(torture_once, &of) > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),  cmocka_unit_test(test_edges),
        cmocka_unit_test(test_damage),  cmocka_unit_test(test_snappy),
        cmocka_unit_test(test_columns), cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of avro.h. */
#include "base/test_support.h"
#include "codec/avro.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_MAX ((size_t)256 << 20)

static const char everything[] =
    "{\"type\":\"record\",\"name\":\"all\",\"namespace\":\"a.b\",\"fields\":["
    "{\"name\":\"n\",\"type\":\"null\",\"field-id\":1},"
    "{\"name\":\"b\",\"type\":\"boolean\",\"field-id\":2},"
    "{\"name\":\"i\",\"type\":\"int\",\"field-id\":3},"
    "{\"name\":\"l\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"},"
    "\"field-id\":4},"
    "{\"name\":\"f\",\"type\":\"double\",\"field-id\":5},"
    "{\"name\":\"y\",\"type\":\"bytes\",\"field-id\":6},"
    "{\"name\":\"s\",\"type\":\"string\",\"field-id\":7},"
    "{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"four\",\"size\":4}},"
    "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"side\",\"symbols\":[\"L\",\"R\"]}},"
    "{\"name\":\"u\",\"type\":[\"null\",\"long\"],\"field-id\":10},"
    "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":\"long\",\"element-id\":12},"
    "\"field-id\":11},"
    "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":\"string\"},\"field-id\":13},"
    "{\"name\":\"r\",\"type\":{\"type\":\"record\",\"name\":\"inner\",\"fields\":["
    "{\"name\":\"q\",\"type\":\"a.b.four\",\"field-id\":20}]},\"field-id\":14},"
    "{\"name\":\"next\",\"type\":[\"null\",\"all\"],\"field-id\":15}]}";

static const struct weft_avro_meta own_meta[] = {{"format-version", "2"}, {"empty", ""}};

static void put_one(struct weft_avro_writer *writer, int64_t i)
{
    weft_avro_put_boolean(writer, i % 2 == 1);
    weft_avro_put_long(writer, -i);
    weft_avro_put_long(writer, i % 3 == 0 ? INT64_MIN + i : INT64_MAX - i);
    weft_avro_put_double(writer, (double)i / 4);
    weft_avro_put_bytes(writer, "\0\xFF\n", 3);
    weft_avro_put_text(writer, i % 2 == 0 ? "" : "Z\xC3\xBCrich");
    weft_avro_put_fixed(writer, "wxyz", 4);
    weft_avro_put_long(writer, i % 2);
    weft_avro_put_branch(writer, i % 2 == 0 ? 0 : 1);
    if (i % 2 == 1)
        weft_avro_put_long(writer, i);
    int64_t items = i % 4;
    weft_avro_begin_items(writer, items);
    for (int64_t k = 0; k < items; k++)
        weft_avro_put_long(writer, k * 1000000007);
    weft_avro_end_items(writer, items);
    weft_avro_begin_items(writer, 1);
    weft_avro_put_text(writer, "key");
    weft_avro_put_text(writer, "value");
    weft_avro_end_items(writer, 1);
    weft_avro_put_fixed(writer, "WXYZ", 4);
}

static int write_all(struct weft_buf *out, enum weft_avro_codec codec, int64_t records,
                     struct weft_error *error)
{
    struct weft_avro_writer writer;
    int rc = weft_avro_writer_init(&writer, out, everything, own_meta, WEFT_COUNT(own_meta), codec,
                                   error);
    for (int64_t i = 0; rc == 0 && i < records; i++) {
        put_one(&writer, i);
        bool nested = i % 5 == 0;
        weft_avro_put_branch(&writer, nested ? 1 : 0);
        if (nested) {
            put_one(&writer, i + 1);
            weft_avro_put_branch(&writer, 0);
        }
        weft_avro_end_record(&writer);
    }
    if (rc == 0)
        rc = weft_avro_writer_end(&writer, error);
    weft_avro_writer_release(&writer);
    return rc;
}

static struct weft_buf written(enum weft_avro_codec codec, int64_t records)
{
    struct weft_buf out;
    struct weft_error error = WEFT_ERROR_INIT;
    weft_buf_init(&out, 1 << 28);
    assert_int_equal(write_all(&out, codec, records, &error), 0);
    return out;
}

static const struct weft_avro_value *field(const struct weft_avro_value *record, const char *name,
                                           enum weft_avro_kind kind)
{
    const struct weft_avro_value *value = weft_avro_get(record, name);
    assert_non_null(value);
    assert_int_equal(value->kind, kind);
    return value;
}

static void check_one(const struct weft_avro_value *record, int64_t i)
{
    field(record, "n", WEFT_AVRO_IS_NULL);
    assert_int_equal(field(record, "b", WEFT_AVRO_IS_BOOLEAN)->number, i % 2);
    assert_true(field(record, "i", WEFT_AVRO_IS_LONG)->number == -i);
    assert_true(field(record, "l", WEFT_AVRO_IS_LONG)->number ==
                (i % 3 == 0 ? INT64_MIN + i : INT64_MAX - i));
    assert_true(field(record, "f", WEFT_AVRO_IS_DOUBLE)->real == (double)i / 4);
    const struct weft_avro_value *bytes = field(record, "y", WEFT_AVRO_IS_BYTES);
    assert_int_equal(bytes->bytes.length, 3);
    assert_memory_equal(bytes->bytes.data, "\0\xFF\n", 4);
    assert_string_equal(field(record, "s", WEFT_AVRO_IS_TEXT)->bytes.data,
                        i % 2 == 0 ? "" : "Z\xC3\xBCrich");
    assert_string_equal(field(record, "x", WEFT_AVRO_IS_BYTES)->bytes.data, "wxyz");
    assert_int_equal(field(record, "e", WEFT_AVRO_IS_LONG)->number, i % 2);
    if (i % 2 == 0)
        field(record, "u", WEFT_AVRO_IS_NULL);
    else
        assert_true(field(record, "u", WEFT_AVRO_IS_LONG)->number == i);
    const struct weft_avro_value *array = field(record, "a", WEFT_AVRO_IS_ARRAY);
    assert_int_equal(array->count, i % 4);
    for (size_t k = 0; k < array->count; k++)
        assert_true(array->items[k].number == (int64_t)k * 1000000007);
    const struct weft_avro_value *map = field(record, "m", WEFT_AVRO_IS_MAP);
    assert_int_equal(map->count, 2);
    assert_string_equal(map->items[0].bytes.data, "key");
    assert_string_equal(map->items[1].bytes.data, "value");
    const struct weft_avro_value *inner = field(record, "r", WEFT_AVRO_IS_RECORD);
    assert_string_equal(weft_avro_get_id(inner, 20)->bytes.data, "WXYZ");
}

static int check_record(void *arg, const struct weft_avro_value *record, struct weft_error *error)
{
    int64_t *i = arg;
    (void)error;
    check_one(record, *i);
    if (*i % 5 == 0)
        check_one(field(record, "next", WEFT_AVRO_IS_RECORD), *i + 1);
    else
        field(record, "next", WEFT_AVRO_IS_NULL);
    (*i)++;
    return 0;
}

static void test_round_trip(void **state)
{
    (void)state;
    static const int64_t counts[] = {0, 1, 7, 5000};
    for (size_t k = 0; k < 2 * WEFT_COUNT(counts); k++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_buf out = written(k % 2 ? WEFT_AVRO_DEFLATE : WEFT_AVRO_NULL, counts[k / 2]);
        struct weft_arena *arena = weft_arena_new(ARENA_MAX);
        struct weft_avro_file file;
        int64_t seen = 0;
        assert_int_equal(
            weft_avro_read(arena, out.data, out.length, &file, check_record, &seen, &error), 0);
        assert_true(seen == counts[k / 2] && file.records == seen);
        assert_string_equal(file.schema, everything);
        assert_int_equal(file.meta_count, 2);
        assert_string_equal(weft_avro_meta(&file, "format-version"), "2");
        assert_string_equal(weft_avro_meta(&file, "empty"), "");
        assert_null(weft_avro_meta(&file, "avro.codec"));
        weft_arena_free(arena);
        weft_buf_release(&out);
    }
}

static int check_ids(void *arg, const struct weft_avro_value *record, struct weft_error *error)
{
    (void)arg;
    (void)error;
    assert_ptr_equal(weft_avro_get_id(record, 7), weft_avro_get(record, "s"));
    assert_ptr_equal(weft_avro_get_id(record, 15), weft_avro_get(record, "next"));
    assert_null(weft_avro_get_id(record, 99));
    assert_null(weft_avro_get_id(record, -1));
    assert_null(weft_avro_get(record, "none"));
    assert_null(weft_avro_get(weft_avro_get(record, "a"), "none"));
    assert_null(weft_avro_get_id(weft_avro_get(record, "n"), 1));
    return 0;
}

static void test_lookup(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out = written(WEFT_AVRO_NULL, 1);
    struct weft_arena *arena = weft_arena_new(ARENA_MAX);
    struct weft_avro_file file;
    assert_int_equal(weft_avro_read(arena, out.data, out.length, &file, check_ids, NULL, &error),
                     0);
    weft_arena_free(arena);
    weft_buf_release(&out);
}

/* ---- hostile input ---- */

static int ignore_record(void *arg, const struct weft_avro_value *record, struct weft_error *error)
{
    (void)arg;
    (void)record;
    (void)error;
    return 0;
}

static int read_any(const char *data, size_t length, struct weft_avro_file *file,
                    struct weft_error *error)
{
    /* An exact copy, so that AddressSanitizer sees a read behind the end. */
    char *copy = malloc(length == 0 ? 1 : length);
    if (length > 0)
        memcpy(copy, data, length);
    struct weft_arena *arena = weft_arena_new(ARENA_MAX);
    int rc = weft_avro_read(arena, copy, length, file, ignore_record, NULL, error);
    weft_arena_free(arena);
    free(copy);
    return rc;
}

static void test_cut_off(void **state)
{
    (void)state;
    for (int codec = WEFT_AVRO_NULL; codec <= WEFT_AVRO_DEFLATE; codec++) {
        struct weft_avro_file file;
        struct weft_buf head = written((enum weft_avro_codec)codec, 0);
        struct weft_buf out = written((enum weft_avro_codec)codec, 3);
        for (size_t length = 0; length < out.length; length++) {
            struct weft_error error = WEFT_ERROR_INIT;
            int rc = read_any(out.data, length, &file, &error);
            if (length == head.length) { /* a file of no records */
                assert_int_equal(rc, 0);
                continue;
            }
            assert_int_equal(rc, -1);
            assert_int_equal(error.code, WEFT_E_CORRUPT);
        }
        weft_buf_release(&head);
        weft_buf_release(&out);
    }
}

static void test_flipped(void **state)
{
    (void)state;
    for (int codec = WEFT_AVRO_NULL; codec <= WEFT_AVRO_DEFLATE; codec++) {
        struct weft_avro_file file;
        struct weft_buf out = written((enum weft_avro_codec)codec, 2);
        for (size_t bit = 0; bit < out.length * 8; bit++) {
            struct weft_error error = WEFT_ERROR_INIT;
            out.data[bit / 8] = (char)(out.data[bit / 8] ^ (1 << bit % 8));
            int rc = read_any(out.data, out.length, &file, &error);
            assert_true(rc == 0 || error.code == WEFT_E_CORRUPT || error.code == WEFT_E_NOT_YET);
            out.data[bit / 8] = (char)(out.data[bit / 8] ^ (1 << bit % 8));
        }
        weft_buf_release(&out);
    }
}

/* A file with this schema, whose only block has these bytes. */
static int read_block(const char *schema, int64_t records, const char *data, size_t length,
                      struct weft_error *error)
{
    struct weft_buf out;
    struct weft_avro_writer writer;
    struct weft_avro_file file;
    weft_buf_init(&out, 1 << 28);
    assert_int_equal(weft_avro_writer_init(&writer, &out, schema, NULL, 0, WEFT_AVRO_NULL, error),
                     0);
    weft_avro_put_fixed(&writer, data, length);
    writer.block_records = records;
    assert_int_equal(weft_avro_writer_end(&writer, error), 0);
    weft_avro_writer_release(&writer);
    int rc = read_any(out.data, out.length, &file, error);
    weft_buf_release(&out);
    return rc;
}

#define ARRAY_OF(items) "{\"type\":\"array\",\"items\":" items "}"

static void test_bad_blocks(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        int64_t records;
        struct weft_str data;
        const char *message;
    } cases[] = {
        {"\"long\"", 1, WEFT_STR("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), "too large"},
        {"\"long\"", 1, WEFT_STR("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), "too large"},
        {"\"long\"", 2, WEFT_STR("\x02"), "middle of a number"},
        {"\"long\"", 1, WEFT_STR("\x02\x02"), "left over"},
        {"\"int\"", 1, WEFT_STR("\x80\x80\x80\x80\x10"), "range"},
        {"\"boolean\"", 1, WEFT_STR("\x02"), "boolean"},
        {"\"string\"", 1, WEFT_STR("\x02\xFF"), "not UTF-8"},
        {"\"string\"", 1, WEFT_STR("\x01"), "beyond the end"},
        {"\"string\"", 1, WEFT_STR("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), "beyond the end"},
        {"\"double\"", 1, WEFT_STR("1234567"), "beyond the end"},
        {"[\"null\",\"int\"]", 1, WEFT_STR("\x04"), "no such branch"},
        {"[\"null\",\"int\"]", 1, WEFT_STR("\x01"), "no such branch"},
        {"[]", 1, WEFT_STR("\x00"), "no such branch"},
        {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}", 1, WEFT_STR("\x02"), "range"},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":2000000000}", 1, WEFT_STR("x"), "the end"},
        {ARRAY_OF("\"int\""), 1, WEFT_STR("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
         "count is wrong"},
        {ARRAY_OF("\"int\""), 1, WEFT_STR("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
         "more items"},
        {ARRAY_OF("\"int\""), 1, WEFT_STR("\x01\x04\x02\x00"), "another size"},
        {"{\"type\":\"map\",\"values\":\"int\"}", 1, WEFT_STR("\x02\x02\xFF\x02\x00"), "UTF-8"},
        {"\"null\"", 1000000000, WEFT_STR(""), "more values"},
    };
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        assert_int_equal(read_block(cases[i].schema, cases[i].records, cases[i].data.data,
                                    cases[i].data.length, &error),
                         -1);
        assert_int_equal(error.code, WEFT_E_CORRUPT);
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("case %zu: \"%s\" lacks \"%s\"", i, error.message, cases[i].message);
    }
    /* Both forms of an array's block. */
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(read_block(ARRAY_OF("\"int\""), 1, "\x03\x04\x02\x04\x02\x06\x00", 7, &error),
                     0);
}

/* Few bytes that ask for very much: all end quickly. */
static void test_bombs(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    /* 60 000 nulls in 4 bytes, again and again: the first file may have them, more not. */
    struct weft_buf data;
    weft_buf_init(&data, 1 << 20);
    for (int i = 0; i < 100; i++)
        weft_buf_add(&data, "\xC0\xA9\x07\x00", 4);
    assert_int_equal(read_block(ARRAY_OF("\"null\""), 1, data.data, 4, &error), 0);
    assert_int_equal(read_block(ARRAY_OF("\"null\""), 100, data.data, data.length, &error), -1);
    assert_int_equal(error.code, WEFT_E_CORRUPT);
    weft_buf_clear(&data);

    /* Each record holds the one before twice: 2^30 values of no bytes. */
    weft_buf_adds(&data, "{\"type\":\"record\",\"name\":\"top\",\"fields\":["
                         "{\"name\":\"z\",\"type\":{\"type\":\"record\",\"name\":\"r0\","
                         "\"fields\":[]}}");
    for (int i = 1; i <= 30; i++)
        weft_buf_addf(&data,
                      ",{\"name\":\"n%d\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"r%d\","
                      "\"fields\":[{\"name\":\"a\",\"type\":\"r%d\"},"
                      "{\"name\":\"b\",\"type\":\"r%d\"}]}]}",
                      i, i, i - 1, i - 1);
    weft_buf_adds(&data, "]}");
    char bytes[30] = {0};
    assert_int_equal(read_block(data.data, 1, bytes, 30, &error), 0);
    bytes[29] = 2;
    assert_int_equal(read_block(data.data, 1, bytes, 30, &error), -1);
    assert_non_null(strstr(error.message, "more values"));
    weft_buf_release(&data);

    /* A record in itself, as deep as there are bytes; without end. */
    char deep[1000];
    memset(deep, 2, sizeof deep);
    deep[50] = 0;
    const char *self = "{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"n\","
                       "\"type\":[\"null\",\"a\"]}]}";
    assert_int_equal(read_block(self, 1, deep + 25, 26, &error), 0);
    deep[50] = 2;
    assert_int_equal(read_block(self, 1, deep, sizeof deep, &error), -1);
    assert_non_null(strstr(error.message, "too deep"));
    assert_int_equal(read_block("{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"n\","
                                "\"type\":\"a\"}]}",
                                1, "", 0, &error),
                     -1);
    assert_non_null(strstr(error.message, "too deep"));
}

/* 300 MB of zeros are 300 KB of deflate. */
static void test_packed_bomb(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out;
    struct weft_avro_writer writer;
    weft_buf_init(&out, 1 << 28);
    assert_int_equal(
        weft_avro_writer_init(&writer, &out, "\"bytes\"", NULL, 0, WEFT_AVRO_DEFLATE, &error), 0);
    static const size_t size = (size_t)75 << 20;
    char *zeros = calloc(1, size);
    for (int i = 0; i < 4; i++) {
        weft_avro_put_bytes(&writer, zeros, size);
        weft_avro_end_record(&writer);
    }
    free(zeros);
    assert_int_equal(weft_avro_writer_end(&writer, &error), 0);
    weft_avro_writer_release(&writer);
    struct weft_arena *arena = weft_arena_new((size_t)1 << 30);
    struct weft_avro_file file;
    assert_int_equal(
        weft_avro_read(arena, out.data, out.length, &file, ignore_record, NULL, &error), -1);
    assert_int_equal(error.code, WEFT_E_LIMIT);
    weft_arena_free(arena);
    weft_buf_release(&out);
}

static void test_bad_schemas(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        const char *message;
    } cases[] = {
        {"", "not valid JSON"},
        {"{", "not valid JSON"},
        {"7", "type is missing"},
        {"{}", "type is missing"},
        {"null", "type is missing"},
        {"\"other\"", "not defined"},
        {"{\"type\":\"record\"}", "without fields"},
        {"{\"type\":\"record\",\"fields\":[]}", "without a name"},
        {"{\"type\":\"record\",\"name\":\"\",\"fields\":[]}", "without a name"},
        {"{\"type\":\"record\",\"name\":\"int\",\"fields\":[]}", "Avro's own"},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{}]}", "field without a name"},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"x\"}]}", "type is missing"},
        {"{\"type\":\"fixed\",\"name\":\"f\"}", "without a size"},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":-1}", "without a size"},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":4294967296}", "without a size"},
        {"{\"type\":\"array\"}", "type is missing"},
        {"[{\"type\":\"fixed\",\"name\":\"f\",\"size\":1},"
         "{\"type\":\"fixed\",\"name\":\"f\",\"size\":2}]",
         "defined twice"},
        /* In another namespace the name is another one. */
        {"[{\"type\":\"fixed\",\"name\":\"n.f\",\"size\":1},\"f\"]", "not defined"},
    };
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        assert_int_equal(read_block(cases[i].schema, 0, "", 0, &error), -1);
        assert_int_equal(error.code, WEFT_E_CORRUPT);
        if (strstr(error.message, cases[i].message) == NULL)
            fail_msg("case %zu: \"%s\" lacks \"%s\"", i, error.message, cases[i].message);
    }
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(read_block("[{\"type\":\"fixed\",\"name\":\"f\",\"namespace\":\"n\","
                                "\"size\":1},\"n.f\"]",
                                0, "", 0, &error),
                     0);
}

static void test_head(void **state)
{
    (void)state;
    static const char sync[] = "0123456789abcdef";
    static const struct {
        struct weft_str head;
        enum weft_code code;
    } cases[] = {
        {WEFT_STR("PAR1"), WEFT_E_CORRUPT},
        {WEFT_STR("Obj\x02"), WEFT_E_CORRUPT},
        {WEFT_STR("Obj\x01\x00"), WEFT_E_CORRUPT},
        {WEFT_STR("Obj\x01\x02\x16"
                  "avro.schema\x0c\"null\"\x00"),
         WEFT_E_NONE},
        {WEFT_STR("Obj\x01\x04\x16"
                  "avro.schema\x0c\"null\"\x16"
                  "avro.schema\x0c\"null\"\x00"),
         WEFT_E_CORRUPT},
        {WEFT_STR("Obj\x01\x04\x16"
                  "avro.schema\x0c\"null\"\x14"
                  "avro.codec\x0csnappy\x00"),
         WEFT_E_NOT_YET},
    };
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_avro_file file;
        struct weft_buf data;
        weft_buf_init(&data, 4096);
        weft_buf_add_str(&data, cases[i].head);
        weft_buf_adds(&data, sync);
        int rc = read_any(data.data, data.length, &file, &error);
        assert_int_equal(rc, cases[i].code == WEFT_E_NONE ? 0 : -1);
        assert_int_equal(error.code, cases[i].code);
        weft_buf_release(&data);
    }
}

static int fail_record(void *arg, const struct weft_avro_value *record, struct weft_error *error)
{
    (void)arg;
    (void)record;
    return weft_error_set(error, WEFT_E_BLOCKED, "no more");
}

static void test_callback_stops(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out = written(WEFT_AVRO_DEFLATE, 3);
    struct weft_arena *arena = weft_arena_new(ARENA_MAX);
    struct weft_avro_file file;
    assert_int_equal(weft_avro_read(arena, out.data, out.length, &file, fail_record, NULL, &error),
                     -1);
    assert_int_equal(error.code, WEFT_E_BLOCKED);
    weft_arena_free(arena);
    weft_buf_release(&out);
}

/* ---- memory that runs out ---- */

static int torture_once(void *arg, struct weft_error *error)
{
    struct weft_buf out;
    struct weft_avro_file file;
    weft_buf_init(&out, 1 << 28);
    struct weft_arena *arena = weft_arena_new(ARENA_MAX);
    int rc = arena == NULL ? weft_error_nomem(error) : 0;
    if (rc == 0)
        rc = write_all(&out, *(enum weft_avro_codec *)arg, 40, error);
    if (rc == 0)
        rc = weft_avro_read(arena, out.data, out.length, &file, ignore_record, NULL, error);
    if (rc == 0)
        assert_int_equal(file.records, 40);
    weft_arena_free(arena);
    weft_buf_release(&out);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    for (int codec = WEFT_AVRO_NULL; codec <= WEFT_AVRO_DEFLATE; codec++) {
        enum weft_avro_codec one = (enum weft_avro_codec)codec;
        assert_true(weft_test_torture(torture_once, &one) > 10);
    }
}

/* A buffer that is too small is told, not cut. */
static void test_limit(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out;
    weft_buf_init(&out, 4000);
    assert_int_equal(write_all(&out, WEFT_AVRO_NULL, 400, &error), -1);
    assert_int_equal(error.code, WEFT_E_LIMIT);
    weft_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_cut_off),     cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_bad_blocks),  cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_packed_bomb), cmocka_unit_test(test_bad_schemas),
        cmocka_unit_test(test_head),        cmocka_unit_test(test_callback_stops),
        cmocka_unit_test(test_torture),     cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

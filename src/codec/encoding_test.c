/* Tests of encoding.h, and of decoders behind a source. */
#include "base/mem.h"
#include "base/test_support.h"
#include "codec/encoding.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *folder;
static char path[4096];

static int folder_make(void **state)
{
    (void)state;
    folder = weft_test_dir();
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    weft_test_dir_remove(folder);
    return 0;
}

static void file_write(const char *data, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* The text of the file, read in pieces; freed by the caller. */
static int text_read(enum weft_encoding encoding, size_t piece, char **out, size_t *out_length,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_source_closep) struct weft_source *source = NULL;
    struct weft_decoder *decoder = NULL;
    struct weft_fs_identity identity;
    char hash[WEFT_SHA256_HEX];
    size_t room = (size_t)1 << 22, got = 1;
    WEFT_CLEANUP(weft_freep) char *text = weft_alloc(room);
    *out_length = 0;
    if (text == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_source_open(path, "f", (int64_t)room, &source, error));
    WEFT_TRY(weft_encoding_decoder(encoding, &decoder, error));
    WEFT_TRY(weft_source_decode(source, decoder, error));
    while (got > 0) {
        WEFT_TRY(weft_source_read(source, text + *out_length, WEFT_MIN(piece, room - *out_length),
                                  &got, error));
        *out_length += got;
    }
    WEFT_TRY(weft_source_finish(source, hash, &identity, error));
    assert_int_equal(weft_source_bytes(source), identity.size);
    *out = text;
    text = NULL;
    return 0;
}

#define READS(encoding, bytes, text) reads(encoding, bytes, sizeof bytes - 1, text)

static void reads(enum weft_encoding encoding, const char *bytes, size_t length, const char *text)
{
    static const size_t pieces[] = {1, 2, 3, 7, 100000};
    file_write(bytes, length);
    for (size_t i = 0; i < WEFT_COUNT(pieces); i++) {
        WEFT_CLEANUP(weft_freep) char *got = NULL;
        size_t got_length = 0;
        struct weft_error error = WEFT_ERROR_INIT;
        assert_int_equal(text_read(encoding, pieces[i], &got, &got_length, &error), 0);
        assert_int_equal(got_length, strlen(text));
        assert_memory_equal(got, text, got_length);
    }
}

#define REFUSED(encoding, bytes, at, message)                                                      \
    refused(encoding, bytes, sizeof bytes - 1, at, message)

static void refused(enum weft_encoding encoding, const char *bytes, size_t length, int64_t at,
                    const char *message)
{
    char *got = NULL;
    size_t got_length = 0;
    struct weft_error error = WEFT_ERROR_INIT;
    file_write(bytes, length);
    assert_int_equal(text_read(encoding, 5, &got, &got_length, &error), -1);
    assert_int_equal(error.code, WEFT_E_INPUT);
    assert_int_equal(error.byte, at);
    if (strstr(error.message, message) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", error.message, message);
}

static void test_bytes(void **state)
{
    (void)state;
    READS(WEFT_ENCODING_UTF_8, "a\xC3\xBC", "a\xC3\xBC");
    READS(WEFT_ENCODING_LATIN_1, "", "");
    READS(WEFT_ENCODING_LATIN_1, "a", "a");
    READS(WEFT_ENCODING_LATIN_1, "a\xFC\xFF\xA0\n", "a\xC3\xBC\xC3\xBF\xC2\xA0\n");
    READS(WEFT_ENCODING_WINDOWS_1252, "5 \x80\x9F", "5 \xE2\x82\xAC\xC5\xB8");
    REFUSED(WEFT_ENCODING_LATIN_1, "ab\x80", 2, "0x80");
    REFUSED(WEFT_ENCODING_WINDOWS_1252, "abc\x81", 3, "0x81");
    REFUSED(WEFT_ENCODING_LATIN_1,
            "\xEF\xBB\xBF"
            "a",
            0, "utf-8");
    REFUSED(WEFT_ENCODING_WINDOWS_1252,
            "\xFF\xFE"
            "a",
            0, "utf-16");
}

static void test_utf_16(void **state)
{
    (void)state;
    READS(WEFT_ENCODING_UTF_16, "", "");
    READS(WEFT_ENCODING_UTF_16, "\xFF\xFE", "");
    READS(WEFT_ENCODING_UTF_16,
          "\xFF\xFE"
          "a\0\xFC\0\xAC\x20\x3D\xD8\x00\xDE",
          "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80");
    READS(WEFT_ENCODING_UTF_16,
          "\xFE\xFF"
          "\0a\0\xFC\x20\xAC\xD8\x3D\xDE\x00",
          "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80");
    READS(WEFT_ENCODING_UTF_16, "a\0b\0", "ab");
    READS(WEFT_ENCODING_UTF_16, "\0a\0b", "ab");
    REFUSED(WEFT_ENCODING_UTF_16, "ab", 0, "byte order mark");
    REFUSED(WEFT_ENCODING_UTF_16, "a", 0, "middle");
    REFUSED(WEFT_ENCODING_UTF_16, "a\0b\0c", 4, "middle");
    REFUSED(WEFT_ENCODING_UTF_16,
            "a\0\x00\xDC"
            "b\0",
            2, "surrogate");
    REFUSED(WEFT_ENCODING_UTF_16,
            "a\0\x00\xD8"
            "b\0",
            2, "surrogate");
    REFUSED(WEFT_ENCODING_UTF_16, "a\0\x00\xD8", 2, "surrogate");
}

/* Characters across the borders of all buffers. */
static void test_long_texts(void **state)
{
    (void)state;
    enum { COUNT = 300000 };
    char *bytes = malloc(4 * COUNT + 1);
    char *text = malloc(4 * COUNT + 2);
    assert_non_null(bytes);
    assert_non_null(text);
    bytes[0] = 'x';
    memset(bytes + 1, 0xE9, COUNT);
    text[0] = 'x';
    for (size_t i = 0; i < COUNT; i++)
        memcpy(text + 1 + 2 * i, "\xC3\xA9", 3);
    reads(WEFT_ENCODING_LATIN_1, bytes, COUNT + 1, text);
    memcpy(bytes, "x", 2);
    for (size_t i = 0; i < COUNT / 2; i++) {
        memcpy(bytes + 2 + 4 * i, "\x3D\xD8\x00\xDE", 4);
        memcpy(text + 1 + 4 * i, "\xF0\x9F\x98\x80", 5);
    }
    reads(WEFT_ENCODING_UTF_16, bytes, 2 + 2 * COUNT, text);
    free(bytes);
    free(text);
}

static void test_words(void **state)
{
    (void)state;
    enum weft_encoding encoding;
    assert_true(weft_encoding_of("latin-1", &encoding));
    assert_int_equal(encoding, WEFT_ENCODING_LATIN_1);
    assert_false(weft_encoding_of("ebcdic", &encoding));
}

static int torture_text(void *arg, struct weft_error *error)
{
    struct weft_buf out;
    (void)arg;
    weft_buf_init(&out, 1 << 20);
    int rc = weft_encoding_text("\xff\xfe"
                                "a\0",
                                4, &out, error);
    weft_buf_release(&out);
    return rc;
}

static void test_whole_texts(void **state)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out;
    (void)state;
    weft_buf_init(&out, 1 << 20);
    assert_int_equal(weft_encoding_text("\xff\xfe"
                                        "a\0\xe9\0",
                                        6, &out, &error),
                     0);
    assert_string_equal(out.data, "a\xc3\xa9");
    weft_buf_clear(&out);
    assert_int_equal(weft_encoding_text("\xfe\xff\0a", 4, &out, &error), 0);
    assert_string_equal(out.data, "a");
    weft_buf_clear(&out);
    assert_int_equal(weft_encoding_text("a\xe9", 2, &out, &error), 0); /* as it is */
    assert_string_equal(out.data, "a\xe9");
    weft_buf_clear(&out);
    assert_int_equal(weft_encoding_text("\xff\xfe", 2, &out, &error), 0);
    assert_int_equal(out.length, 0);
    assert_true(weft_encoding_text("\xff\xfe"
                                   "a",
                                   3, &out, &error) < 0);
    assert_int_equal(error.code, WEFT_E_INPUT);
    weft_buf_release(&out);
    assert_true(weft_test_torture(torture_text, NULL) > 1);
}

static int torture_read(void *arg, struct weft_error *error)
{
    char *text = NULL;
    size_t length = 0;
    (void)arg;
    int rc = text_read(WEFT_ENCODING_UTF_16, 1000, &text, &length, error);
    weft_free(text);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    file_write("a\0b\0", 4);
    assert_true(weft_test_torture(torture_read, NULL) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),       cmocka_unit_test(test_utf_16),
        cmocka_unit_test(test_long_texts),  cmocka_unit_test(test_words),
        cmocka_unit_test(test_whole_texts), cmocka_unit_test(test_torture)};
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}

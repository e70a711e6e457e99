/*
 * hash_test.c - SHA-256 by the examples of FIPS 180-4, whole and in pieces; hexadecimal; XXH3.
 */
#include "base/hash.h"
#include "base/random.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void sha_is(const char *text, const char *expected)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char hex[WEFT_SHA256_HEX], streamed[WEFT_SHA256_HEX];
    unsigned char digest[WEFT_SHA256_BYTES];
    assert_int_equal(weft_sha256_hex(text, strlen(text), hex, &error), 0);
    assert_string_equal(hex, expected);
    struct weft_sha256 *hash = weft_sha256_new();
    for (const char *p = text; *p != '\0'; p++)
        weft_sha256_add(hash, p, 1);
    weft_sha256_end(hash, digest);
    weft_sha256_freep(&hash);
    weft_hex(digest, sizeof digest, streamed);
    assert_string_equal(streamed, expected);
}

static void test_sha256(void **state)
{
    (void)state;
    sha_is("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha_is("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha_is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_hex(void **state)
{
    (void)state;
    unsigned char bytes[3] = {0x00, 0xAB, 0xFF}, back[3];
    char text[7];
    weft_hex(bytes, 3, text);
    assert_string_equal(text, "00abff");
    assert_true(weft_unhex("00ABfF", back, 3));
    assert_memory_equal(bytes, back, 3);
    assert_false(weft_unhex("00abf", back, 3));
    assert_false(weft_unhex("00abffa", back, 3));
    assert_false(weft_unhex("00abfg", back, 3));
    assert_false(weft_unhex("", back, 3));
}

static void test_xxh3(void **state)
{
    (void)state;
    assert_true(weft_xxh3("", 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(weft_xxh3("a", 1) != weft_xxh3("b", 1));
}

static void test_random(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    char a[WEFT_UUID_TEXT], b[WEFT_UUID_TEXT];
    assert_int_equal(weft_uuid(a, &error), 0);
    assert_int_equal(weft_uuid(b, &error), 0);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    for (int i = 0; i < 100; i++) {
        int64_t id;
        assert_int_equal(weft_random_id(&id, &error), 0);
        assert_true(id > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_xxh3),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

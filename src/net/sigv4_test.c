#include "net/sigv4.h"

#include "base/mem.h"
#include "base/test_support.h"
#include "net/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char access_key[] = "AKIAIOSFODNN7EXAMPLE";
static char secret_key[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

static void lines_free(char **lines)
{
    for (size_t i = 0; i < WEFT_SIGV4_LINES; i++)
        weft_http_line_free(lines[i]);
}

static int example(const char *query, char **lines, struct weft_error *error)
{
    struct weft_secret access = {.data = access_key, .length = strlen(access_key)};
    struct weft_secret secret = {.data = secret_key, .length = strlen(secret_key)};
    struct weft_sigv4 request = {.method = "GET",
                                 .host = "examplebucket.s3.amazonaws.com",
                                 .path = "/",
                                 .query = query,
                                 .region = "us-east-1",
                                 .access_key = &access,
                                 .secret_key = &secret,
                                 .time_us = INT64_C(1369353600000000)};
    return weft_sigv4_lines(&request, lines, error);
}

/* The examples of Amazon's documentation (S3, "Authenticating Requests: Using the Authorization
 * Header"): GET Bucket Lifecycle, and the listing of a bucket. */
static void sigv4_examples(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    char *lines[WEFT_SIGV4_LINES];
    assert_int_equal(example("lifecycle=", lines, &error), 0);
    assert_string_equal(lines[1], "x-amz-date: 20130524T000000Z");
    assert_string_equal(
        lines[2],
        "Authorization: AWS4-HMAC-SHA256 "
        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;x-"
        "amz-content-sha256;x-amz-date,Signature="
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    lines_free(lines);
    assert_int_equal(example("max-keys=2&prefix=J", lines, &error), 0);
    assert_non_null(
        strstr(lines[2], "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
    for (size_t i = 0; i < WEFT_SIGV4_LINES; i++)
        assert_null(strstr(lines[i], secret_key));
    lines_free(lines);
}

static int torture_one(void *arg, struct weft_error *error)
{
    char *lines[WEFT_SIGV4_LINES];
    (void)arg;
    WEFT_TRY(example("", lines, error));
    lines_free(lines);
    return 0;
}

static void sigv4_torture(void **state)
{
    (void)state;
    weft_test_torture(torture_one, NULL);
}

static void line_good(const struct weft_http_login *login, char *text, const char *expected)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_secret secret = {.data = text, .length = strlen(text)};
    char *line;
    assert_int_equal(weft_http_login_line(login, &secret, &line, &error), 0);
    assert_string_equal(line, expected);
    weft_http_line_free(line);
}

static void login_lines(void **state)
{
    (void)state;
    char open[] = "open sesame", bad[] = "a\r\nX-Evil: 1";
    struct weft_http_login bearer = {0}, header = {.header = "X-Key"}, basic = {.user = "Aladdin"};
    line_good(&bearer, open, "Authorization: Bearer open sesame");
    line_good(&header, open, "X-Key: open sesame");
    line_good(&basic, open, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_secret secret = {.data = bad, .length = strlen(bad)};
    char *line;
    assert_int_equal(weft_http_login_line(&bearer, &secret, &line, &error), -1);
    assert_int_equal(error.code, WEFT_E_REFUSED);
    assert_null(strstr(error.message, "Evil"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigv4_examples),
        cmocka_unit_test(sigv4_torture),
        cmocka_unit_test(login_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

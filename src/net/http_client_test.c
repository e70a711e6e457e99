/*
 * http_client_test.c - fetching from a web server on the loopback address that says, byte by byte,
 * what each test wants: well, badly, slowly, over TLS.
 */
#include "net/http_client.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/test_support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWERS_MAX 8
#define REQUEST_MAX 8192

/* One answer for each connection; then it closes. */
struct server {
    int listener;
    uint16_t port;
    pthread_t thread;
    SSL_CTX *tls; /* NULL = plain */
    const char *answers[ANSWERS_MAX];
    size_t count;
    bool hang; /* after an answer: until the client goes */
    char requests[ANSWERS_MAX][REQUEST_MAX];
    size_t served;
};

static char *dir, *path;
static int fd = -1;

/* ---- the server ---- */

static void stream_write(SSL *tls, int connection, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t done = tls != NULL ? SSL_write(tls, data, (int)length)
                                   : send(connection, data, length, MSG_NOSIGNAL);
        if (done <= 0)
            return;
        data += done;
        length -= (size_t)done;
    }
}

static void request_read(SSL *tls, int connection, char request[REQUEST_MAX])
{
    size_t length = 0;
    while (length < REQUEST_MAX - 1) {
        ssize_t got = tls != NULL ? SSL_read(tls, request + length, (int)(REQUEST_MAX - 1 - length))
                                  : read(connection, request + length, REQUEST_MAX - 1 - length);
        if (got <= 0)
            return;
        length += (size_t)got;
        if (request[0] != 'G' || strstr(request, "\r\n\r\n") != NULL)
            return; /* TLS, or the whole of it */
    }
}

static void connection_serve(struct server *server, int connection, size_t at)
{
    SSL *tls = NULL;
    char byte;
    if (server->tls != NULL) {
        tls = SSL_new(server->tls);
        SSL_set_fd(tls, connection);
        if (SSL_accept(tls) != 1) {
            SSL_free(tls);
            return;
        }
    }
    request_read(tls, connection, server->requests[at]);
    stream_write(tls, connection, server->answers[at], strlen(server->answers[at]));
    if (server->hang)
        while (read(connection, &byte, 1) > 0)
            continue;
    if (tls != NULL) {
        SSL_shutdown(tls);
        SSL_free(tls);
    }
}

static void *server_run(void *arg)
{
    struct server *server = arg;
    for (size_t i = 0; i < server->count; i++) {
        int connection = accept(server->listener, NULL, NULL);
        if (connection < 0)
            break;
        connection_serve(server, connection, i);
        server->served++;
        shutdown(connection, SHUT_WR);
        close(connection);
    }
    return NULL;
}

static struct server *server_new(void)
{
    struct server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(server->listener, 8), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    return server;
}

static void server_start(struct server *server)
{
    assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
}

static struct server *server_with(const char *answer)
{
    struct server *server = server_new();
    server->answers[server->count++] = answer;
    server_start(server);
    return server;
}

/* How many connections it had. */
static size_t server_end(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR); /* wakes accept */
    pthread_join(server->thread, NULL);
    size_t served = server->served;
    close(server->listener);
    SSL_CTX_free(server->tls);
    free(server);
    return served;
}

static char *url_at(const struct server *server, const char *rest)
{
    static char url[512];
    snprintf(url, sizeof url, "%s://127.0.0.1:%d%s", server->tls != NULL ? "https" : "http",
             server->port, rest);
    return url;
}

/* ---- the client ---- */

static struct weft_http_get get_of(const char *url)
{
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return (struct weft_http_get){.url = url,
                                  .size_max = 1000000,
                                  .connect_timeout_ms = 5000,
                                  .timeout_ms = 10000,
                                  .allow_private = true,
                                  .fd = fd,
                                  .path = path};
}

static struct weft_http_got got_of(const struct weft_http_get *get)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_http_got got = {0};
    if (weft_http_get(get, &got, &error) < 0)
        fail_msg("%s", error.message);
    return got;
}

static void body_is(const char *expected)
{
    char text[4096] = "";
    assert_int_equal(pread(fd, text, sizeof text - 1, 0), strlen(expected));
    assert_string_equal(text, expected);
}

static void fails_with(const struct weft_http_get *get, enum weft_code code, const char *message)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_http_got got = {.size = -7};
    assert_int_equal(weft_http_get(get, &got, &error), -1);
    if (error.code != code || strstr(error.message, message) == NULL)
        fail_msg("%s: %s", weft_code_name(error.code), error.message);
    assert_int_equal(got.size, -7);
}

static void answer_fails(const char *answer, enum weft_code code, const char *message)
{
    struct server *server = server_with(answer);
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    fails_with(&get, code, message);
    server_end(server);
}

/* ---- tests ---- */

#define PLAIN "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n"

static void test_a_file(void **state)
{
    (void)state;
    struct server *server = server_with(
        PLAIN "ETag: \"v1\"\r\nLast-Modified: Sat, 21 Nov 2026 07:00:00 GMT\r\n\r\na,b\n1\n");
    struct weft_http_get get = get_of(url_at(server, "/data.csv?key=secret"));
    struct weft_http_got got = got_of(&get);
    struct weft_error error = WEFT_ERROR_INIT;
    char hash[WEFT_SHA256_HEX];
    assert_int_equal(weft_sha256_hex("a,b\n1\n", 6, hash, &error), 0);
    assert_string_equal(got.hash, hash);
    assert_string_equal(got.etag, "\"v1\"");
    assert_string_equal(got.last_modified, "Sat, 21 Nov 2026 07:00:00 GMT");
    assert_int_equal(got.size, 6);
    assert_false(got.not_modified);
    body_is("a,b\n1\n");
    const char *request = server->requests[0];
    assert_memory_equal(request, "GET /data.csv?key=secret HTTP/1.1\r\n", 35);
    assert_non_null(strstr(request, "Accept-Encoding: identity\r\n"));
    assert_non_null(strstr(request, "User-Agent: weft/"));
    assert_null(strstr(request, "If-"));
    server_end(server);
}

static void test_an_empty_file(void **state)
{
    (void)state;
    struct server *server = server_with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    struct weft_http_got got = got_of(&get);
    assert_int_equal(got.size, 0);
    assert_memory_equal(got.hash, "e3b0c44298fc1c14", 16);
    assert_string_equal(got.etag, "");
    server_end(server);
}

/* Without a length: chunks, or to the end of the connection. Trailers are no headers. */
static void test_no_length(void **state)
{
    (void)state;
    struct server *server = server_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                        "ETag: \"a\"\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
                                        "ETag: \"b\"\r\n\r\n");
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    assert_string_equal(got_of(&get).etag, "\"a\"");
    body_is("abcde");
    server_end(server);
    server = server_with("HTTP/1.0 200 OK\r\n\r\nuntil the end");
    get = get_of(url_at(server, "/data.csv"));
    assert_int_equal(got_of(&get).size, 13);
    server_end(server);
}

static void test_not_modified(void **state)
{
    (void)state;
    struct server *server = server_with("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    get.etag = "\"v1\"";
    get.last_modified = "Sat, 21 Nov 2026 07:00:00 GMT";
    assert_true(got_of(&get).not_modified);
    body_is("");
    assert_non_null(strstr(server->requests[0], "If-None-Match: \"v1\"\r\n"));
    assert_non_null(
        strstr(server->requests[0], "If-Modified-Since: Sat, 21 Nov 2026 07:00:00 GMT\r\n"));
    server_end(server);
    /* What was not asked for is no answer. */
    answer_fails("HTTP/1.1 304 Not Modified\r\n\r\n", WEFT_E_IO, "HTTP 304");
}

/* What cannot be sent back unharmed is not kept, and not sent. */
static void test_odd_tags(void **state)
{
    (void)state;
    char answer[1024], tag[400];
    memset(tag, 'x', sizeof tag - 1);
    tag[sizeof tag - 1] = '\0';
    snprintf(answer, sizeof answer, PLAIN "ETag: \"%s\"\r\nLast-Modified: \001\r\n\r\na,b\n1\n",
             tag);
    struct server *server = server_with(answer);
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    get.etag = "\"a\"\r\nX-Evil: 1";
    struct weft_http_got got = got_of(&get);
    assert_string_equal(got.etag, "");
    assert_string_equal(got.last_modified, "");
    assert_null(strstr(server->requests[0], "Evil"));
    server_end(server);
}

static void test_error_statuses(void **state)
{
    (void)state;
    answer_fails("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", WEFT_E_NOT_FOUND,
                 "HTTP 404");
    answer_fails("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", WEFT_E_NOT_FOUND, "HTTP 410");
    answer_fails("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", WEFT_E_IO, "HTTP 403");
    answer_fails("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", WEFT_E_IO, "HTTP 500");
    answer_fails("HTTP/1.1 204 No Content\r\n\r\n", WEFT_E_IO, "HTTP 204");
    answer_fails("HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\na", WEFT_E_IO, "HTTP 206");
    body_is(""); /* the pages that came with them are not kept */
}

/* The page of an error may be larger than a file may: it is still that error. */
static void test_large_error_page(void **state)
{
    (void)state;
    char *answer = calloc(1, 3000000);
    int length = snprintf(answer, 200, "HTTP/1.1 404 No\r\nContent-Length: 2900000\r\n\r\n");
    memset(answer + length, 'x', 2900000);
    answer_fails(answer, WEFT_E_NOT_FOUND, "HTTP 404");
    free(answer);
}

static void test_too_large(void **state)
{
    (void)state;
    /* It says so itself: nothing is written. */
    answer_fails("HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\nabc", WEFT_E_LIMIT,
                 "larger than 1000000 bytes");
    body_is("");
    /* It does not. */
    struct server *server = server_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                        "8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n");
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    get.size_max = 15;
    fails_with(&get, WEFT_E_LIMIT, "larger than 15 bytes");
    server_end(server);
    server = server_with("HTTP/1.0 200 OK\r\n\r\n1234567812345678");
    get = get_of(url_at(server, "/data.csv"));
    get.size_max = 15;
    fails_with(&get, WEFT_E_LIMIT, "larger than 15 bytes");
    server_end(server);
    server = server_with("HTTP/1.0 200 OK\r\n\r\n123456781234567");
    get = get_of(url_at(server, "/data.csv"));
    get.size_max = 15;
    assert_int_equal(got_of(&get).size, 15);
    server_end(server);
}

static void test_broken_off(void **state)
{
    (void)state;
    answer_fails("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", WEFT_E_IO, "broke off");
    answer_fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\nab",
                 WEFT_E_IO, "broke off");
    answer_fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", WEFT_E_IO,
                 "broke off");
    answer_fails("", WEFT_E_IO, "broke off");
    answer_fails("garbage\r\n\r\n", WEFT_E_IO, "");
    answer_fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabcde\r\n", WEFT_E_IO,
                 "");
    answer_fails("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", WEFT_E_IO,
                 "");
}

static void test_encodings(void **state)
{
    (void)state;
    static const struct {
        const char *encoding, *path;
        bool taken;
    } cases[] = {{"gzip", "/data.csv", false},    {"gzip", "/data.csv.gz", true},
                 {"x-gzip", "/d.GZ?v=1", true},   {"gzip", "/data.csv?x=.gz", false},
                 {"zstd", "/data.csv.zst", true}, {"br", "/data.csv.gz", false},
                 {"gzip, gzip", "/d.gz", false},  {"identity", "/data.csv", true}};
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        char answer[256];
        snprintf(answer, sizeof answer, PLAIN "Content-Encoding: %s\r\n\r\na,b\n1\n",
                 cases[i].encoding);
        struct server *server = server_with(answer);
        struct weft_http_get get = get_of(url_at(server, cases[i].path));
        if (cases[i].taken)
            assert_int_equal(got_of(&get).size, 6);
        else
            fails_with(&get, WEFT_E_IO, "though it was asked not to");
        server_end(server);
    }
    answer_fails("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Encoding: br\r\n\r\n", WEFT_E_IO,
                 "encoded (br)");
}

/* ---- redirects ---- */

static void redirect_fails(const char *location, const char *message)
{
    char answer[512];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", location);
    answer_fails(answer, WEFT_E_REFUSED, message);
}

static void test_redirects(void **state)
{
    (void)state;
    static const char *const codes[] = {"301", "302", "303", "307", "308"};
    for (size_t i = 0; i < WEFT_COUNT(codes); i++) {
        char first[512];
        struct server *server = server_new();
        snprintf(first, sizeof first,
                 "HTTP/1.1 %s Over\r\nETag: \"old\"\r\nLocation: /there?x=1\r\n"
                 "Content-Length: 4\r\nConnection: close\r\n\r\nover",
                 codes[i]);
        server->answers[0] = first;
        server->answers[1] = PLAIN "\r\na,b\n1\n";
        server->count = 2;
        server_start(server);
        struct weft_http_get get = get_of(url_at(server, "/here"));
        get.etag = "\"x\"";
        struct weft_http_got got = got_of(&get);
        assert_string_equal(got.etag, ""); /* of the file, not of the redirect */
        body_is("a,b\n1\n");
        assert_memory_equal(server->requests[1], "GET /there?x=1 ", 15);
        assert_non_null(strstr(server->requests[1], "If-None-Match: \"x\""));
        server_end(server);
    }
}

static void test_redirects_refused(void **state)
{
    (void)state;
    redirect_fails("http://localhost/x", "redirects to another place, http://localhost:80");
    redirect_fails("http://example.org/x", "another place, http://example.org:80");
    redirect_fails("//example.org/x", "another place");
    redirect_fails("http://127.0.0.1/x", "another place, http://127.0.0.1:80"); /* other port */
    redirect_fails("https://127.0.0.1/x", "another place");
    redirect_fails("file:///etc/passwd", "not fetched by file");
    redirect_fails("ftp://127.0.0.1/x", "not fetched by ftp");
    redirect_fails("gopher://127.0.0.1/x", "not fetched by gopher");
    redirect_fails("http://me:word@127.0.0.1/x", "name or password");
    answer_fails("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", WEFT_E_IO, "HTTP 302");
}

static void test_redirects_without_end(void **state)
{
    (void)state;
    struct server *server = server_new();
    for (server->count = 0; server->count < ANSWERS_MAX; server->count++)
        server->answers[server->count] = "HTTP/1.1 302 Found\r\nLocation: /again\r\n"
                                         "Content-Length: 0\r\nConnection: close\r\n\r\n";
    server_start(server);
    struct weft_http_get get = get_of(url_at(server, "/here"));
    fails_with(&get, WEFT_E_REFUSED, "more than 5 redirects");
    assert_int_equal(server_end(server), 6);
}

/* ---- where to ---- */

static void test_private_addresses(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "127.0.0.1", "localhost",          "127.1",   "0x7f000001", "2130706433",
        "[::1]",     "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1",   "169.254.169.254"};
    struct server *server = server_with(PLAIN "\r\na,b\n1\n");
    for (size_t i = 0; i < WEFT_COUNT(hosts); i++) {
        char url[128];
        snprintf(url, sizeof url, "http://%s:%d/data.csv", hosts[i], server->port);
        struct weft_http_get get = get_of(url);
        get.allow_private = false;
        fails_with(&get, WEFT_E_REFUSED, "is private or reserved");
    }
    assert_int_equal(server_end(server), 0); /* nobody came */
}

static void test_localhost_when_allowed(void **state)
{
    (void)state;
    struct server *server = server_with(PLAIN "\r\na,b\n1\n");
    char url[128];
    snprintf(url, sizeof url, "http://localhost:%d/data.csv", server->port);
    struct weft_http_get get = get_of(url);
    assert_int_equal(got_of(&get).size, 6);
    server_end(server);
}

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum weft_code code;
        const char *message;
    } cases[] = {
        {"file:///etc/passwd", WEFT_E_REFUSED, "not fetched by file"},
        {"ftp://127.0.0.1/x", WEFT_E_REFUSED, "not fetched by ftp"},
        {"dict://127.0.0.1/x", WEFT_E_REFUSED, "not fetched by dict"},
        {"nonsense://127.0.0.1/x", WEFT_E_REFUSED, "not fetched by nonsense"},
        {"http://me@127.0.0.1/x", WEFT_E_REFUSED, "name or password"},
        {"http://:word@127.0.0.1/x", WEFT_E_REFUSED, "name or password"},
        {"127.0.0.1/x", WEFT_E_INVALID, "no URL"},
        {"http://", WEFT_E_INVALID, "no URL"},
        {"http://127.0.0.1:99999/", WEFT_E_INVALID, "no URL"},
        {"http://127.0.0.1/a b", WEFT_E_INVALID, "no URL"},
        {"http://127.0.0.1/a\r\nX: 1", WEFT_E_INVALID, "no URL"},
        {"", WEFT_E_INVALID, "no URL"},
    };
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct weft_http_get get = get_of(cases[i].url);
        fails_with(&get, cases[i].code, cases[i].message);
    }
}

static void test_nobody_there(void **state)
{
    (void)state;
    struct server *server = server_new();
    struct weft_http_get get = get_of(url_at(server, "/data.csv?key=secret"));
    close(server->listener);
    free(server);
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_http_got got;
    assert_int_equal(weft_http_get(&get, &got, &error), -1);
    assert_int_equal(error.code, WEFT_E_IO);
    assert_non_null(strstr(error.message, "cannot connect"));
    assert_non_null(strstr(error.message, "/data.csv?...: "));
    assert_null(strstr(error.message, "secret"));
    get = get_of("http://no-such-host.invalid/x");
    fails_with(&get, WEFT_E_IO, "there is no such host");
}

/* The environment has no say. */
static void test_environment(void **state)
{
    (void)state;
    static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"};
    struct server *server = server_with(PLAIN "\r\na,b\n1\n");
    for (size_t i = 0; i < WEFT_COUNT(names); i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    got_of(&get);
    for (size_t i = 0; i < WEFT_COUNT(names); i++)
        unsetenv(names[i]);
    server_end(server);
}

/* ---- time ---- */

static void test_slow(void **state)
{
    (void)state;
    static const char *const answers[] = {"", "HTTP/1.1 200 OK\r\nContent-Len",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"};
    for (size_t i = 0; i < WEFT_COUNT(answers); i++) {
        struct server *server = server_new();
        server->answers[server->count++] = answers[i];
        server->hang = true;
        server_start(server);
        struct weft_http_get get = get_of(url_at(server, "/data.csv"));
        get.timeout_ms = 300;
        fails_with(&get, WEFT_E_TIMEOUT, "did not send the file in time");
        server_end(server);
    }
}

/* ---- failures of this machine ---- */

static void test_a_full_disk(void **state)
{
    (void)state;
    struct server *server = server_with(PLAIN "\r\na,b\n1\n");
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    get.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    fails_with(&get, WEFT_E_NO_SPACE, "");
    close(get.fd);
    server_end(server);
}

static int torture_get(void *arg, struct weft_error *error)
{
    struct weft_http_got got;
    struct server *server = server_new();
    (void)arg;
    server->answers[0] = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n"
                         "Connection: close\r\n\r\n";
    server->answers[1] = PLAIN "\r\na,b\n1\n";
    server->count = 2;
    server_start(server);
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    get.etag = "\"x\"";
    int rc = weft_http_get(&get, &got, error);
    server_end(server);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture_get, NULL) > 0);
}

/* ---- TLS ---- */

/* A certificate that nobody signed but itself, for 127.0.0.1; written to `file` too. */
static SSL_CTX *tls_new(const char *file)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509V3_CTX context;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *out = fopen(file, "w");
    assert_int_equal(PEM_write_X509(out, certificate), 1);
    fclose(out);
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(tls, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return tls;
}

static void test_tls(void **state)
{
    (void)state;
    WEFT_CLEANUP(weft_freep) char *file = weft_path_join(dir, "certificate.pem");
    struct server *server = server_new();
    server->tls = tls_new(file);
    server->answers[0] = server->answers[1] = server->answers[2] = PLAIN "\r\na,b\n1\n";
    server->count = 3;
    server_start(server);
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    fails_with(&get, WEFT_E_IO, "certificate is not trusted");
#ifdef WEFT_FAULTS
    setenv("WEFT_HTTP_CA", file, 1);
    get = get_of(url_at(server, "/data.csv"));
    assert_int_equal(got_of(&get).size, 6);
    /* Trusted, but it is of another name. */
    char url[128];
    snprintf(url, sizeof url, "https://localhost:%d/data.csv", server->port);
    get = get_of(url);
    fails_with(&get, WEFT_E_IO, "certificate is not trusted");
    unsetenv("WEFT_HTTP_CA");
#endif
    server_end(server);
}

static void test_tls_where_there_is_none(void **state)
{
    (void)state;
    struct server *server = server_with(PLAIN "\r\na,b\n1\n");
    char url[128];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/data.csv", server->port);
    struct weft_http_get get = get_of(url);
    fails_with(&get, WEFT_E_IO, "");
    server_end(server);
}

/* Last: the wish to stop stays. */
static void test_stopped(void **state)
{
    (void)state;
    struct server *server = server_new();
    server->answers[server->count++] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc";
    server->hang = true;
    server_start(server);
    struct weft_http_get get = get_of(url_at(server, "/data.csv"));
    weft_process_catch_signals();
    raise(SIGINT);
    fails_with(&get, WEFT_E_CANCELLED, "stopped on request");
    server_end(server);
}

static int setup(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    dir = weft_test_dir();
    path = weft_path_join(dir, "body");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    close(fd);
    weft_free(path);
    weft_test_dir_remove(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file),
        cmocka_unit_test(test_an_empty_file),
        cmocka_unit_test(test_no_length),
        cmocka_unit_test(test_not_modified),
        cmocka_unit_test(test_odd_tags),
        cmocka_unit_test(test_error_statuses),
        cmocka_unit_test(test_large_error_page),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_broken_off),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_redirects_refused),
        cmocka_unit_test(test_redirects_without_end),
        cmocka_unit_test(test_private_addresses),
        cmocka_unit_test(test_localhost_when_allowed),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_tls_where_there_is_none),
        cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

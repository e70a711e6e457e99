/*
 * http_client.c - one GET by libcurl, with the rules of http_client.h.
 *
 * Redirects are followed here, not by libcurl: it can bound their number and schemes, but not keep
 * them to a host. Addresses are checked where a socket is about to be made, so that what was
 * checked is what is connected to.
 */
#include "net/http_client.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "net/address.h"
#include "net/curl_api.h"
#include "net/url_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define REDIRECTS_MAX 5
#define DISCARD_MAX 65536       /* bytes of an answer that is not wanted, before it is cut off */
#define SLOW_BYTES_A_SECOND 16L /* less than this ... */
#define SLOW_SECONDS 60L        /* ... for so long is given up */

struct transfer {
    const struct weft_http_get *get;
    struct weft_http_got got;
    struct weft_sha256 *hash;
    CURL *curl;
    struct weft_error *error; /* filled by a callback when `failed` */
    bool failed;
    bool body_begun;
    size_t discarded;
    char length[24];                /* Content-Length as text; "" = none yet */
    char encoding[32];              /* Content-Encoding; "" = none */
    char refused[INET6_ADDRSTRLEN]; /* the last address that was; "" = none */
    char why[CURL_ERROR_SIZE];      /* libcurl's words */
};

static long transfer_status(const struct transfer *transfer)
{
    long status = 0;
    weft_curl.easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool status_is_body(long status)
{
    return status == 200 || status == 203;
}

/* ---- headers ---- */

/* Visible ASCII and blanks: what may be kept, and sent again. */
static bool text_is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    }
    return true;
}

/* Keeps the value when the line is this header; one that is too long or odd is forgotten. */
static void header_keep(const char *line, size_t length, const char *name, char *out, size_t size)
{
    size_t skip = strlen(name);
    if (length <= skip || strncasecmp(line, name, skip) != 0 || line[skip] != ':')
        return;
    line += skip + 1;
    length -= skip + 1;
    for (; length > 0 && (*line == ' ' || *line == '\t'); length--)
        line++;
    while (length > 0 && strchr(" \t\r\n", line[length - 1]) != NULL)
        length--;
    out[0] = '\0';
    if (length < size && text_is_plain(line, length)) {
        memcpy(out, line, length);
        out[length] = '\0';
    }
}

/* Two lengths that differ: nobody knows where the body ends. */
static bool length_agrees(struct transfer *transfer, const char *line, size_t length)
{
    char text[sizeof transfer->length] = "";
    header_keep(line, length, "Content-Length", text, sizeof text);
    if (text[0] != '\0' && transfer->length[0] != '\0' && strcmp(text, transfer->length) != 0) {
        weft_error_set(transfer->error, WEFT_E_IO, "the server gives two lengths for one body");
        transfer->failed = true;
        return false;
    }
    if (text[0] != '\0')
        memcpy(transfer->length, text, sizeof text);
    return true;
}

static size_t header_take(char *line, size_t one, size_t length, void *arg)
{
    struct transfer *transfer = arg;
    struct weft_http_got *got = &transfer->got;
    (void)one; /* always 1 */
    if (transfer->body_begun)
        return length; /* trailers */
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0)
        got->etag[0] = got->last_modified[0] = transfer->encoding[0] = transfer->length[0] = '\0';
    if (!length_agrees(transfer, line, length))
        return 0;
    header_keep(line, length, "ETag", got->etag, sizeof got->etag);
    header_keep(line, length, "Server", got->server, sizeof got->server);
    header_keep(line, length, "Last-Modified", got->last_modified, sizeof got->last_modified);
    header_keep(line, length, "Content-Encoding", transfer->encoding, sizeof transfer->encoding);
    return length;
}

/* ---- the body ---- */

/* identity was asked for. Servers that tell of a stored x.csv.gz that it is "encoded" mean the file
 * as it is; any other encoding would store what nobody can read by its name. */
static int encoding_check(const struct transfer *transfer, struct weft_error *error)
{
    const char *encoding = transfer->encoding;
    if (encoding[0] == '\0' || strcasecmp(encoding, "identity") == 0)
        return 0;
    if ((strcasecmp(encoding, "gzip") == 0 || strcasecmp(encoding, "x-gzip") == 0) &&
        weft_url_path_ends(transfer->get->url, ".gz"))
        return 0;
    if (strcasecmp(encoding, "zstd") == 0 && weft_url_path_ends(transfer->get->url, ".zst"))
        return 0;
    return weft_error_set(error, WEFT_E_IO,
                          "the server sent the file encoded (%s), though it was asked not to",
                          encoding);
}

static int size_exceeded(const struct transfer *transfer, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_LIMIT, "the file is larger than %" PRId64 " bytes",
                   transfer->get->size_max);
    return weft_error_hint(error, "the setting `file_size_max` bounds it");
}

static int body_begin(struct transfer *transfer, struct weft_error *error)
{
    curl_off_t announced = -1;
    transfer->body_begun = true;
    weft_curl.easy_getinfo(transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced > transfer->get->size_max)
        return size_exceeded(transfer, error);
    return encoding_check(transfer, error);
}

static int body_add(struct transfer *transfer, const char *data, size_t length,
                    struct weft_error *error)
{
    const struct weft_http_get *get = transfer->get;
    if (!transfer->body_begun)
        WEFT_TRY(body_begin(transfer, error));
    if (transfer->got.size + (int64_t)length > get->size_max)
        return size_exceeded(transfer, error);
    WEFT_TRY(weft_fs_write(get->fd, data, length, get->path, error));
    weft_sha256_add(transfer->hash, data, length);
    transfer->got.size += (int64_t)length;
    return 0;
}

static size_t body_take(char *data, size_t one, size_t length, void *arg)
{
    struct transfer *transfer = arg;
    (void)one;
    if (transfer->get->probe || !status_is_body(transfer_status(transfer))) {
        transfer->discarded += length;
        return transfer->discarded <= DISCARD_MAX ? length : CURL_WRITEFUNC_ERROR;
    }
    if (body_add(transfer, data, length, transfer->error) == 0)
        return length;
    transfer->failed = true;
    return CURL_WRITEFUNC_ERROR;
}

/* ---- sockets, Ctrl-C ---- */

static curl_socket_t socket_make(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = arg;
    (void)purpose;
    if (!transfer->get->allow_private && !weft_address_public(&address->addr, address->addrlen)) {
        const void *bytes = &address->addr;
        const void *number = address->family == AF_INET
                                 ? (const void *)&((const struct sockaddr_in *)bytes)->sin_addr
                                 : (const void *)&((const struct sockaddr_in6 *)bytes)->sin6_addr;
        if (inet_ntop(address->family, number, transfer->refused, sizeof transfer->refused) == NULL)
            memcpy(transfer->refused, "?", 2);
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int progress_ask(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)arg, (void)a, (void)b, (void)c, (void)d;
    return weft_process_cancelled() ? 1 : 0;
}

/* ---- the request ---- */

static int header_append(struct curl_slist **headers, const char *line, struct weft_error *error)
{
    struct curl_slist *more = weft_curl.slist_append(*headers, line);
    if (more == NULL)
        return weft_error_nomem(error);
    *headers = more;
    return 0;
}

/* A line may hold a secret. */
static void headers_free(struct curl_slist *headers)
{
    for (struct curl_slist *at = headers; at != NULL; at = at->next)
        weft_secret_wipe(at->data, strlen(at->data));
    weft_curl.slist_free_all(headers);
}

static int header_line_add(struct curl_slist **headers, const char *name, const char *value,
                           struct weft_error *error)
{
    if (value == NULL || value[0] == '\0' || !text_is_plain(value, strlen(value)))
        return 0;
    WEFT_CLEANUP(weft_freep) char *line = weft_format("%s: %s", name, value);
    if (line == NULL)
        return weft_error_nomem(error);
    return header_append(headers, line, error);
}

static int headers_make(const struct weft_http_get *get, struct curl_slist **headers,
                        struct weft_error *error)
{
    WEFT_TRY(header_line_add(headers, "Accept-Encoding", "identity", error));
    WEFT_TRY(header_line_add(headers, "If-None-Match", get->etag, error));
    for (size_t i = 0; i < get->header_count; i++)
        WEFT_TRY(header_append(headers, get->headers[i], error));
    return header_line_add(headers, "If-Modified-Since", get->last_modified, error);
}

/* What the environment or a default could change is set here too. */
static int options_set(struct transfer *transfer, struct curl_slist *headers,
                       struct weft_error *error)
{
    CURL *curl = transfer->curl;
    CURLcode rc = CURLE_OK;
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (rc == CURLE_OK)                                                                        \
            rc = weft_curl.easy_setopt(curl, option, value);                                       \
    } while (0)
    SET(CURLOPT_ERRORBUFFER, transfer->why);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, progress_ask);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_USERAGENT, "weft/" WEFT_VERSION);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)transfer->get->connect_timeout_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_A_SECOND);
    SET(CURLOPT_LOW_SPEED_TIME, SLOW_SECONDS);
    SET(CURLOPT_OPENSOCKETFUNCTION, socket_make);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, header_take);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, body_take);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_NOBODY, transfer->get->head ? 1L : 0L);
#ifdef WEFT_FAULTS
    /* For tests: whom to trust. */
    if (getenv("WEFT_HTTP_CA") != NULL)
        SET(CURLOPT_CAINFO, getenv("WEFT_HTTP_CA"));
#endif
#undef SET
    if (rc == CURLE_OUT_OF_MEMORY)
        return weft_error_nomem(error);
    return rc == CURLE_OK
               ? 0
               : weft_error_set(error, WEFT_E_IO, "libcurl: %s", weft_curl.easy_strerror(rc));
}

/* ---- what became of it ---- */

static int connect_failed(const struct transfer *transfer, struct weft_error *error)
{
    if (transfer->refused[0] == '\0')
        return weft_error_set(error, WEFT_E_IO, "cannot connect: %s", transfer->why);
    weft_error_set(error, WEFT_E_REFUSED,
                   "the host's address %s is private or reserved; weft does not fetch from there",
                   transfer->refused);
    return weft_error_hint(error, "the setting `http_private` allows it, for servers of your own");
}

static int curl_failed(const struct transfer *transfer, CURLcode rc, struct weft_error *error)
{
    const char *why = transfer->why[0] != '\0' ? transfer->why : weft_curl.easy_strerror(rc);
    switch (rc) {
    case CURLE_OUT_OF_MEMORY:
        return weft_error_nomem(error);
    case CURLE_COULDNT_CONNECT:
        return connect_failed(transfer, error);
    case CURLE_COULDNT_RESOLVE_HOST:
        return weft_error_set(error, WEFT_E_IO, "there is no such host");
    case CURLE_OPERATION_TIMEDOUT:
        weft_error_set(error, WEFT_E_TIMEOUT, "the server did not send the file in time: %s", why);
        return weft_error_hint(error, "the settings `http_timeout` and `http_connect_timeout`");
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return weft_error_set(error, WEFT_E_IO, "the connection broke off: %s", why);
    case CURLE_PEER_FAILED_VERIFICATION:
        return weft_error_set(error, WEFT_E_IO, "the server's certificate is not trusted: %s", why);
    default:
        return weft_error_set(error, WEFT_E_IO, "%s", why);
    }
}

static int status_failed(long status, struct weft_error *error)
{
    if (status == 404 || status == 410)
        return weft_error_set(error, WEFT_E_NOT_FOUND,
                              "there is no such file: the server answered with HTTP %ld", status);
    weft_error_set(error, WEFT_E_IO, "the server answered with HTTP %ld", status);
    if (status == 401 || status == 403)
        weft_error_hint(error, "it wants to know who asks: is the secret of the connection the "
                               "right one? `weft doctor` tries it");
    return -1;
}

static bool status_is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* 0 = the answer is whole (whatever its status). */
static int transfer_ended(const struct transfer *transfer, CURLcode rc, struct weft_error *error)
{
    if (transfer->failed)
        return -1;
    WEFT_TRY(weft_process_check_cancelled(error));
    if (rc == CURLE_OK)
        return 0;
    if (rc == CURLE_WRITE_ERROR &&
        (transfer->get->probe || !status_is_body(transfer_status(transfer))))
        return 0; /* we cut off the page that comes with an error */
    return curl_failed(transfer, rc, error);
}

static int result_take(struct transfer *transfer, long status, struct weft_error *error)
{
    const struct weft_http_get *get = transfer->get;
    transfer->got.status = (int)status;
    if (get->probe)
        return 0;
    if (status == 304 && (get->etag != NULL || get->last_modified != NULL)) {
        transfer->got.not_modified = true;
        return 0;
    }
    if (!status_is_body(status))
        return status_failed(status, error);
    unsigned char digest[WEFT_SHA256_BYTES];
    WEFT_TRY(encoding_check(transfer, error)); /* of an empty body too */
    weft_sha256_end(transfer->hash, digest);
    weft_hex(digest, sizeof digest, transfer->got.hash);
    return 0;
}

/* ---- redirects ---- */

/* Sends it once. *next is set when the answer leads on to another URL. */
static int hop(struct transfer *transfer, const char *url, int64_t deadline_us, char **next,
               struct weft_error *error)
{
    int64_t left_ms = (deadline_us - weft_clock_mono_us()) / 1000;
    if (left_ms <= 0)
        return weft_error_set(error, WEFT_E_TIMEOUT, "the redirects took too long");
    transfer->body_begun = false;
    transfer->refused[0] = transfer->why[0] = '\0';
    if (weft_curl.easy_setopt(transfer->curl, CURLOPT_URL, url) != CURLE_OK ||
        weft_curl.easy_setopt(transfer->curl, CURLOPT_TIMEOUT_MS, (long)left_ms) != CURLE_OK)
        return weft_error_nomem(error);
    CURLcode rc = weft_curl.easy_perform(transfer->curl);
    WEFT_TRY(transfer_ended(transfer, rc, error));
    long status = transfer_status(transfer);
    const char *location = NULL;
    if (!status_is_redirect(status) || transfer->get->probe)
        return result_take(transfer, status, error);
    weft_curl.easy_getinfo(transfer->curl, CURLINFO_REDIRECT_URL, &location);
    if (location == NULL)
        return status_failed(status, error);
    WEFT_TRY(weft_url_check_redirect(url, location, error));
    *next = weft_strdup(location);
    return *next == NULL ? weft_error_nomem(error) : 0;
}

static int follow(struct transfer *transfer, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *url = weft_strdup(transfer->get->url);
    if (url == NULL)
        return weft_error_nomem(error);
    int64_t deadline_us = weft_clock_mono_us() + transfer->get->timeout_ms * 1000;
    for (int i = 0; i <= REDIRECTS_MAX; i++) {
        char *next = NULL;
        WEFT_TRY(hop(transfer, url, deadline_us, &next, error));
        if (next == NULL)
            return 0;
        weft_free(url);
        url = next;
    }
    return weft_error_set(error, WEFT_E_REFUSED, "more than %d redirects", REDIRECTS_MAX);
}

static int get_with(struct transfer *transfer, struct weft_error *error)
{
    struct curl_slist *headers = NULL;
    int rc = headers_make(transfer->get, &headers, error);
    if (rc == 0)
        rc = options_set(transfer, headers, error);
    if (rc == 0)
        rc = follow(transfer, error);
    headers_free(headers);
    return rc;
}

/* Does the text hold what a line of the request says, or its last word ("Bearer x")? */
static bool holds_header(const char *text, const char *line)
{
    const char *value = strchr(line, ':');
    if (value == NULL)
        return false;
    value += 1 + strspn(value + 1, " ");
    const char *word = strrchr(value, ' ');
    word = word == NULL ? value : word + 1;
    return strlen(word) >= WEFT_SECRET_SHORT && strstr(text, word) != NULL;
}

/* A server may send back what it was sent, and this is kept and told. */
static void got_clean(const struct weft_http_get *get, struct weft_http_got *got)
{
    char *const texts[] = {got->etag, got->last_modified, got->server};
    for (size_t i = 0; i < get->header_count; i++) {
        for (size_t t = 0; t < WEFT_COUNT(texts); t++) {
            if (holds_header(texts[t], get->headers[i]))
                texts[t][0] = '\0';
        }
    }
}

int weft_http_get(const struct weft_http_get *get, struct weft_http_got *out,
                  struct weft_error *error)
{
    WEFT_TRY(weft_curl_load(error));
    WEFT_TRY(weft_url_check(get->url, error));
    struct weft_error own = WEFT_ERROR_INIT;
    struct transfer transfer = {.get = get, .error = error == NULL ? &own : error};
    transfer.hash = weft_sha256_new();
    transfer.curl = transfer.hash == NULL ? NULL : weft_curl.easy_init();
    int rc = transfer.curl == NULL ? weft_error_nomem(error) : get_with(&transfer, error);
    if (transfer.curl != NULL)
        weft_curl.easy_cleanup(transfer.curl);
    weft_sha256_free(transfer.hash);
    if (rc < 0) {
        /* A query may hold a key. */
        int shown = (int)strcspn(get->url, "?#");
        weft_error_prefix(error, "%.*s%s", shown, get->url, get->url[shown] == '?' ? "?..." : "");
        return rc;
    }
    got_clean(get, &transfer.got);
    *out = transfer.got;
    return 0;
}

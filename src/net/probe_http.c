/*
 * probe_http.c - trying web servers and object storage.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "net/probe.h"
#include "net/sigv4.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PROBE_BODY_MAX 65536

static int probe_get(struct weft_http_get *get, const struct weft_probe_limits *limits,
                     struct weft_http_got *got, struct weft_probe *out, struct weft_error *error)
{
    int64_t began = weft_clock_mono_us();
    get->probe = true;
    get->fd = -1;
    get->size_max = PROBE_BODY_MAX;
    get->connect_timeout_ms = get->timeout_ms = limits->timeout_ms;
    WEFT_TRY(weft_http_get(get, got, error));
    out->duration_us = weft_clock_mono_us() - began;
    snprintf(out->finding, sizeof out->finding, "HTTP %d%s%s", got->status,
             got->server[0] == '\0' ? "" : ", ", got->server);
    return 0;
}

static int status_check(const char *shown, int status, struct weft_error *error)
{
    if (status >= 500)
        return weft_error_set(error, WEFT_E_IO, "%s: the server answered with HTTP %d", shown,
                              status);
    if (status == 401 || status == 407) {
        weft_error_set(error, WEFT_E_DENIED, "%s: the server does not accept the secret (HTTP %d)",
                       shown, status);
        return weft_error_hint(error, "is it the right one, and not expired?");
    }
    if (status == 403) {
        weft_error_set(error, WEFT_E_DENIED, "%s: the server refuses it (HTTP 403)", shown);
        return weft_error_hint(error, "the secret is wrong, or its owner has no right to this");
    }
    return 0;
}

int weft_probe_http(const char *url, const struct weft_http_login *login,
                    const struct weft_secret *secret, const struct weft_probe_limits *limits,
                    struct weft_probe *out, struct weft_error *error)
{
    char *line = NULL;
    struct weft_http_got got;
    struct weft_probe made = {0};
    if (secret != NULL)
        WEFT_TRY(weft_http_login_line(login, secret, &line, error));
    const char *const lines[] = {line};
    struct weft_http_get get = {.url = url,
                                .headers = lines,
                                .header_count = line != NULL,
                                .allow_private = limits->allow_private};
    int rc = probe_get(&get, limits, &got, &made, error);
    weft_http_line_free(line);
    if (rc == 0)
        rc = status_check(url, got.status, error);
    if (rc == 0) {
        if (secret != NULL) /* a server may send back anything */
            weft_secret_hide(secret, made.finding);
        *out = made;
    }
    return rc;
}

/* ---- object storage ---- */

/* What the Host header will be: the standard port is left out. */
static char *host_of(const char *endpoint)
{
    const char *host = strstr(endpoint, "://") + 3;
    int length = (int)strcspn(host, "/");
    bool tls = strncasecmp(endpoint, "https:", 6) == 0;
    const char *port = tls ? ":443" : ":80";
    int port_length = (int)strlen(port);
    if (length > port_length &&
        strncmp(host + length - port_length, port, (size_t)port_length) == 0)
        length -= port_length;
    return weft_format("%.*s", length, host);
}

static int s3_status_check(const struct weft_probe_s3 *asked, int status, struct weft_error *error)
{
    if (status == 404 && asked->bucket != NULL)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "%s has no bucket `%s`", asked->endpoint,
                              asked->bucket);
    if (status == 301 || status == 307 || status == 400) {
        weft_error_set(error, WEFT_E_REFUSED, "%s answered with HTTP %d", asked->endpoint, status);
        return weft_error_hint(error, "is `region: %s` right?", asked->region);
    }
    if (status == 403) {
        weft_error_set(error, WEFT_E_DENIED, "%s refuses it (HTTP 403)", asked->endpoint);
        return weft_error_hint(error, "a key is wrong, its owner has no right to this, or this "
                                      "machine's clock is");
    }
    return status_check(asked->endpoint, status, error);
}

static int s3_get(const struct weft_probe_s3 *asked, const char *host, const char *path,
                  const struct weft_probe_limits *limits, struct weft_http_got *got,
                  struct weft_probe *out, struct weft_error *error)
{
    int length = (int)(strcspn(strstr(asked->endpoint, "://") + 3, "/") +
                       (size_t)(strstr(asked->endpoint, "://") + 3 - asked->endpoint));
    WEFT_CLEANUP(weft_freep) char *url = weft_format("%.*s%s", length, asked->endpoint, path);
    char *lines[WEFT_SIGV4_LINES];
    if (url == NULL)
        return weft_error_nomem(error);
    struct weft_sigv4 request = {.method = asked->bucket == NULL ? "GET" : "HEAD",
                                 .host = host,
                                 .path = path,
                                 .query = "",
                                 .region = asked->region,
                                 .access_key = asked->access_key,
                                 .secret_key = asked->secret_key,
                                 .time_us = weft_clock_us()};
    WEFT_TRY(weft_sigv4_lines(&request, lines, error));
    struct weft_http_get get = {.url = url,
                                .headers = (const char *const *)lines,
                                .header_count = WEFT_SIGV4_LINES,
                                .head = asked->bucket != NULL,
                                .allow_private = true};
    int rc = probe_get(&get, limits, got, out, error);
    for (size_t i = 0; i < WEFT_SIGV4_LINES; i++)
        weft_http_line_free(lines[i]);
    return rc;
}

int weft_probe_s3(const struct weft_probe_s3 *asked, const struct weft_probe_limits *limits,
                  struct weft_probe *out, struct weft_error *error)
{
    struct weft_http_got got;
    struct weft_probe made = {0};
    WEFT_CLEANUP(weft_freep) char *host = host_of(asked->endpoint);
    WEFT_CLEANUP(weft_freep)
    char *path = weft_format("/%s", asked->bucket == NULL ? "" : asked->bucket);
    if (host == NULL || path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(s3_get(asked, host, path, limits, &got, &made, error));
    WEFT_TRY(s3_status_check(asked, got.status, error));
    *out = made;
    return 0;
}

/*
 * http_client.h - fetching one file over HTTP or HTTPS, by libcurl.
 *
 * Bounded in size and time. Private, loopback and link-local addresses are refused unless allowed
 * (each address a name resolves to is looked at when the connection is made, so that a name cannot
 * change its mind), redirects go to the same host only, other schemes than http and https are
 * refused, names and passwords in URLs too. Nothing of the environment (proxies, .netrc) is used.
 * Thread rule: one request per call; Ctrl-C ends it (CANCELLED).
 */
#ifndef WEFT_NET_HTTP_CLIENT_H
#define WEFT_NET_HTTP_CLIENT_H

#include "base/error.h"
#include "base/hash.h"
#include "base/secret.h"

struct weft_http_get {
    const char *url;
    const char *etag;          /* NULL; of the copy that is known: sent as If-None-Match */
    const char *last_modified; /* NULL; likewise, If-Modified-Since */
    int64_t size_max;          /* bytes of the body */
    int64_t connect_timeout_ms;
    int64_t timeout_ms; /* of the whole */
    bool allow_private;
    const char *const *headers; /* more lines, "Name: value"; may hold secrets */
    size_t header_count;
    /* Only asks: any answer will do (out->status), its body is thrown away, redirects are not
     * followed, fd is not used. */
    bool probe;
    bool head;        /* a HEAD; needs `probe` */
    int fd;           /* the body goes there, as it arrives */
    const char *path; /* of fd, for error texts */
};

struct weft_http_got {
    bool not_modified;      /* 304: nothing was written */
    char etag[256];         /* "" = none, or too long to keep */
    char last_modified[64]; /* "" = none */
    int64_t size;
    char hash[WEFT_SHA256_HEX]; /* of the body */
    int status;                 /* of HTTP */
    char server[64];            /* what it calls itself; "" = it does not say */
};

/* How somebody is known to a server: one line of a request. */
struct weft_http_login {
    const char *user;   /* a password goes with it: Basic; NULL = a token */
    const char *header; /* of a token; NULL = Authorization: Bearer */
};
/* On the heap: free it with weft_http_line_free, which wipes it. REFUSED when the secret cannot
 * stand in a header. */
int weft_http_login_line(const struct weft_http_login *login, const struct weft_secret *secret,
                         char **line, struct weft_error *error) WEFT_MUST_CHECK;
void weft_http_line_free(char *line);
/* REFUSED: a secret does not go over http://, which everybody on the way can read, but to servers
 * of one's own. */
int weft_http_login_check(const char *url, bool allow_private, struct weft_error *error)
    WEFT_MUST_CHECK;

/* NOT_FOUND (404, 410), REFUSED (address, scheme, redirect), LIMIT (size), TIMEOUT, IO (all others,
 * with the status), CANCELLED. */
int weft_http_get(const struct weft_http_get *get, struct weft_http_got *out,
                  struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * probe.h - trying a system that a connection names: is it there, and does it know us? Nothing is
 * changed there. A finding holds no secret.
 *
 * What is wrong is an error: NOT_FOUND (no such bucket), DENIED (it does not know us, or we may
 * not), TIMEOUT, REFUSED, IO, CANCELLED.
 * Thread rule: one probe per call.
 */
#ifndef WEFT_NET_PROBE_H
#define WEFT_NET_PROBE_H

#include "net/http_client.h"

struct weft_probe {
    char finding[128]; /* "PostgreSQL 15.4", "HTTP 200, nginx" */
    int64_t duration_us;
};

struct weft_probe_limits {
    int64_t timeout_ms;
    bool allow_private; /* http only: as in weft_http_get */
};

/* conninfo as libpq takes it, without a password. Connects and runs `select 1`. libpq.so.5 is
 * opened at run time; NOT_FOUND when there is none. Looking a name up is not bounded by the
 * time-out. */
int weft_probe_postgres(const char *conninfo, const struct weft_secret *password /* NULL */,
                        const struct weft_probe_limits *limits, struct weft_probe *out,
                        struct weft_error *error) WEFT_MUST_CHECK;

/* A GET of the URL. Any answer but 401, 403, 407 and 5xx shows that it is there. */
int weft_probe_http(const char *url, const struct weft_http_login *login,
                    const struct weft_secret *secret /* NULL */,
                    const struct weft_probe_limits *limits, struct weft_probe *out,
                    struct weft_error *error) WEFT_MUST_CHECK;

struct weft_probe_s3 {
    const char *endpoint;
    const char *bucket; /* NULL = the list of buckets */
    const char *region;
    const struct weft_secret *access_key, *secret_key;
};
/* A signed HEAD of the bucket, or GET of the list. Private addresses are allowed. */
int weft_probe_s3(const struct weft_probe_s3 *asked, const struct weft_probe_limits *limits,
                  struct weft_probe *out, struct weft_error *error) WEFT_MUST_CHECK;

#endif

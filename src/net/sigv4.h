/*
 * sigv4.h - signing a request to object storage: AWS Signature Version 4, for requests without a
 * body. The secret key signs; it is never sent.
 * Specification: AWS, "Signing AWS API requests", AWS4-HMAC-SHA256.
 */
#ifndef WEFT_NET_SIGV4_H
#define WEFT_NET_SIGV4_H

#include "base/secret.h"

struct weft_sigv4 {
    const char *method; /* GET, HEAD */
    const char *host;   /* as the Host header has it */
    const char *path;   /* canonical, percent-encoded: "/bucket" */
    const char *query;  /* canonical: "lifecycle="; "" = none */
    const char *region;
    const struct weft_secret *access_key;
    const struct weft_secret *secret_key;
    int64_t time_us;
};

#define WEFT_SIGV4_LINES 3

/* The lines to send, on the heap; weft_http_line_free each. */
int weft_sigv4_lines(const struct weft_sigv4 *request, char *lines[WEFT_SIGV4_LINES],
                     struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * url_internal.h - what a URL must be to be fetched. libcurl takes it apart, as it does when it
 * connects: there must be no second opinion of what its host is.
 */
#ifndef WEFT_NET_URL_INTERNAL_H
#define WEFT_NET_URL_INTERNAL_H

#include "base/error.h"

/* INVALID when it is no URL; REFUSED for another scheme than http and https, or a name or password
 * in it. libcurl must be loaded. */
int weft_url_check(const char *url, struct weft_error *error) WEFT_MUST_CHECK;
/* Both are absolute. REFUSED unless scheme, host and port are the same, or it is the same host's
 * standard port by https instead of http. */
int weft_url_check_redirect(const char *from, const char *to, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Does the path (before ? and #) end so? */
bool weft_url_path_ends(const char *url, const char *end);

#endif

/*
 * curl_api.h - libcurl's functions, opened at run time.
 *
 * Linking it would cost every start of weft 9 ms (it brings some thirty libraries), and most
 * commands fetch nothing. Thread rule: loading is thread-safe.
 */
#ifndef WEFT_NET_CURL_API_H
#define WEFT_NET_CURL_API_H

#include "base/error.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#define WEFT_CURL_FUNCTIONS(X)                                                                     \
    X(global_init)                                                                                 \
    X(version_info)                                                                                \
    X(free)                                                                                        \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_perform)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(easy_cleanup)                                                                                \
    X(url)                                                                                         \
    X(url_set)                                                                                     \
    X(url_get)                                                                                     \
    X(url_cleanup)

/* curl_url_set and curl_easy_setopt are macros when called by their own names. */
struct weft_curl_api {
#define WEFT_CURL_MEMBER(name) __typeof__(curl_##name) *name;
    WEFT_CURL_FUNCTIONS(WEFT_CURL_MEMBER)
#undef WEFT_CURL_MEMBER
};

/* Filled by weft_curl_load; all pointers are NULL before. */
extern struct weft_curl_api weft_curl;

/* Opens the system's libcurl.so.4. NOT_FOUND when there is none, FORMAT when it is older than 7.85
 * or speaks no TLS. Once is enough. */
int weft_curl_load(struct weft_error *error) WEFT_MUST_CHECK;

#endif

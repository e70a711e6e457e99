/*
 * url.c - what a URL must be to be fetched.
 */
#include "net/url_internal.h"

#include "net/curl_api.h"

#include <string.h>
#include <strings.h>

struct url_parts {
    char *scheme, *host, *port;
    bool credentials;
};

static void parts_release(struct url_parts *parts)
{
    weft_curl.free(parts->scheme);
    weft_curl.free(parts->host);
    weft_curl.free(parts->port);
}

/* CURLU_OUT_OF_MEMORY or another code that says what is wrong with it. */
static CURLUcode parts_take(CURLU *handle, const char *url, struct url_parts *parts)
{
    char *user = NULL, *password = NULL;
    /* Other schemes too, so that they can be named. */
    CURLUcode rc = weft_curl.url_set(handle, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    if (rc == CURLUE_OK)
        rc = weft_curl.url_get(handle, CURLUPART_SCHEME, &parts->scheme, 0);
    if (rc != CURLUE_OK ||
        (strcmp(parts->scheme, "http") != 0 && strcmp(parts->scheme, "https") != 0))
        return rc;
    rc = weft_curl.url_get(handle, CURLUPART_HOST, &parts->host, 0);
    if (rc == CURLUE_OK)
        rc = weft_curl.url_get(handle, CURLUPART_PORT, &parts->port, CURLU_DEFAULT_PORT);
    parts->credentials = weft_curl.url_get(handle, CURLUPART_USER, &user, 0) == CURLUE_OK ||
                         weft_curl.url_get(handle, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK;
    weft_curl.free(user);
    weft_curl.free(password);
    return rc;
}

static int parts_check(const struct url_parts *parts, struct weft_error *error)
{
    if (parts->host == NULL) {
        weft_error_set(error, WEFT_E_REFUSED, "files are not fetched by %s", parts->scheme);
        return weft_error_hint(error, "http and https are");
    }
    if (parts->credentials)
        return weft_error_set(error, WEFT_E_REFUSED,
                              "a name or password in a URL is refused (host %s)", parts->host);
    return 0;
}

/* *parts is released by the caller, also after a failure. */
static int parts_of(const char *url, struct url_parts *parts, struct weft_error *error)
{
    CURLU *handle = weft_curl.url();
    if (handle == NULL)
        return weft_error_nomem(error);
    CURLUcode rc = parts_take(handle, url, parts);
    weft_curl.url_cleanup(handle);
    if (rc == CURLUE_OUT_OF_MEMORY)
        return weft_error_nomem(error);
    if (rc != CURLUE_OK)
        return weft_error_set(error, WEFT_E_INVALID, "this is no URL that can be fetched");
    return parts_check(parts, error);
}

int weft_url_check(const char *url, struct weft_error *error)
{
    struct url_parts parts = {0};
    int rc = parts_of(url, &parts, error);
    parts_release(&parts);
    return rc;
}

static bool same_place(const struct url_parts *from, const struct url_parts *to)
{
    if (strcasecmp(from->host, to->host) != 0)
        return false;
    if (strcmp(from->scheme, to->scheme) == 0)
        return strcmp(from->port, to->port) == 0;
    return strcmp(from->scheme, "http") == 0 && strcmp(from->port, "80") == 0 &&
           strcmp(to->port, "443") == 0;
}

int weft_url_check_redirect(const char *from, const char *to, struct weft_error *error)
{
    struct url_parts old = {0}, new = {0};
    int rc = parts_of(from, &old, error);
    if (rc == 0) {
        rc = parts_of(to, &new, error);
        if (rc < 0)
            weft_error_prefix(error, "a redirect");
        if (rc == 0 && !same_place(&old, &new)) {
            rc = weft_error_set(error, WEFT_E_REFUSED,
                                "the server redirects to another place, %s://%s:%s; only the same "
                                "host is followed",
                                new.scheme, new.host, new.port);
            weft_error_hint(error, "if that is where the file lies, name it by that URL");
        }
    }
    parts_release(&old);
    parts_release(&new);
    return rc;
}

bool weft_url_path_ends(const char *url, const char *end)
{
    size_t length = strcspn(url, "?#"), size = strlen(end);
    return length >= size && strncasecmp(url + length - size, end, size) == 0;
}

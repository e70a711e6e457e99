/*
 * curl_api.c - finds, opens and checks libcurl.so.4.
 */
#include "net/curl_api.h"

#include "base/library.h"

#include <dlfcn.h>
#include <pthread.h>

#define CURL_FILE "libcurl.so.4"
#define CURL_VERSION_MIN 0x075500 /* 7.85: protocols by name */

struct weft_curl_api weft_curl;

static pthread_mutex_t curl_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool curl_loaded;

static int curl_fill(void *library, struct weft_error *error)
{
    static const char *const names[] = {
#define CURL_NAME(name) "curl_" #name,
        WEFT_CURL_FUNCTIONS(CURL_NAME)
#undef CURL_NAME
    };
    static_assert(sizeof(weft_curl) == WEFT_COUNT(names) * sizeof(void *), "pointers only");
    struct weft_curl_api api;
    WEFT_TRY(weft_library_find(library, CURL_FILE, names, WEFT_COUNT(names), &api, error));
    const curl_version_info_data *info = api.version_info(CURLVERSION_NOW);
    if (info->version_num < CURL_VERSION_MIN)
        return weft_error_set(error, WEFT_E_FORMAT, CURL_FILE " is version %s; weft needs 7.85",
                              info->version);
    if ((info->features & CURL_VERSION_SSL) == 0)
        return weft_error_set(error, WEFT_E_FORMAT, CURL_FILE " speaks no TLS");
    if (api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return weft_error_set(error, WEFT_E_IO, CURL_FILE " does not start");
    weft_curl = api;
    return 0;
}

static int curl_load_locked(struct weft_error *error)
{
    if (curl_loaded)
        return 0;
    void *library;
    if (weft_library_open(CURL_FILE, &library, error) < 0)
        return weft_error_hint(error, "files are fetched over HTTP by libcurl: install the package "
                                      "libcurl4 (libcurl4t64 on Ubuntu)");
    if (curl_fill(library, error) < 0) {
        dlclose(library);
        return -1;
    }
    curl_loaded = true; /* never closed: TLS keeps state of its own */
    return 0;
}

int weft_curl_load(struct weft_error *error)
{
    pthread_mutex_lock(&curl_mutex);
    int rc = curl_load_locked(error);
    pthread_mutex_unlock(&curl_mutex);
    return rc;
}

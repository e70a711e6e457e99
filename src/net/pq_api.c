/*
 * pq_api.c - finds and opens libpq.so.5.
 */
#include "net/pq_api.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#define PQ_FILE "libpq.so.5"

struct weft_pq_api weft_pq;

static pthread_mutex_t pq_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool pq_loaded;

static int pq_fill(void *library, struct weft_error *error)
{
    static const char *const names[] = {
#define PQ_NAME(result, name, arguments) "PQ" #name,
        WEFT_PQ_FUNCTIONS(PQ_NAME)
#undef PQ_NAME
    };
    static_assert(sizeof(weft_pq) == WEFT_COUNT(names) * sizeof(void *), "pointers only");
    void *found[WEFT_COUNT(names)];
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        found[i] = dlsym(library, names[i]);
        if (found[i] == NULL)
            return weft_error_set(error, WEFT_E_FORMAT, PQ_FILE " has no function %s", names[i]);
    }
    memcpy(&weft_pq, found, sizeof weft_pq);
    return 0;
}

static int pq_load_locked(struct weft_error *error)
{
    if (pq_loaded)
        return 0;
    void *library = dlopen(PQ_FILE, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        weft_error_set(error, WEFT_E_NOT_FOUND, PQ_FILE " was not found");
        return weft_error_hint(error,
                               "PostgreSQL is spoken to by libpq: install the package libpq5");
    }
    if (pq_fill(library, error) < 0) {
        dlclose(library);
        return -1;
    }
    pq_loaded = true; /* never closed: TLS keeps state of its own */
    return 0;
}

int weft_pq_load(struct weft_error *error)
{
    pthread_mutex_lock(&pq_mutex);
    int rc = pq_load_locked(error);
    pthread_mutex_unlock(&pq_mutex);
    return rc;
}

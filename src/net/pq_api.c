/*
 * pq_api.c - finds and opens libpq.so.5.
 */
#include "net/pq_api.h"

#include "base/library.h"

#include <dlfcn.h>
#include <pthread.h>

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
    return weft_library_find(library, PQ_FILE, names, WEFT_COUNT(names), &weft_pq, error);
}

static int pq_load_locked(struct weft_error *error)
{
    if (pq_loaded)
        return 0;
    void *library;
    if (weft_library_open(PQ_FILE, &library, error) < 0)
        return weft_error_hint(error,
                               "PostgreSQL is spoken to by libpq: install the package libpq5");
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

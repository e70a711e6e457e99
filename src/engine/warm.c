/*
 * warm.c - an instance that is opened before it is needed: most of the time of opening goes into
 * the registration of DuckDB's own functions, and a process that waits for work can do it then.
 *
 * Owns one blank instance at most, which belongs to nobody until weft_engine_open takes it. Any
 * thread; who comes while it is being opened waits for it.
 */
#include "engine/engine_internal.h"

#include <pthread.h>

static pthread_mutex_t warm_mutex = PTHREAD_MUTEX_INITIALIZER;
static duckdb_database warm_database;

void weft_engine_warm(void)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct weft_engine_config blank = {.threads = 1};
    pthread_mutex_lock(&warm_mutex);
    /* What goes wrong here goes wrong again, and is told, when it is needed. */
    if (warm_database == NULL && weft_duckdb_load(&ignored) == 0 &&
        weft_engine_database_open(&blank, &warm_database, &ignored) < 0)
        warm_database = NULL;
    pthread_mutex_unlock(&warm_mutex);
}

duckdb_database weft_engine_warm_take(void)
{
    pthread_mutex_lock(&warm_mutex);
    duckdb_database taken = warm_database;
    warm_database = NULL;
    pthread_mutex_unlock(&warm_mutex);
    return taken;
}

/*
 * duckdb_api.c - finds, opens and checks libduckdb.so.
 */
#include "engine/duckdb_api.h"

#include "base/fs.h"
#include "base/library.h"
#include "base/mem.h"

#include <dlfcn.h>
#include <pthread.h>

#define DUCKDB_FILE "libduckdb.so"
#define DUCKDB_SERIES "v1.5."

/* Its 25,000 functions are bound as they are called, and looked for in the library itself before
 * those of this program: both together make opening it three times as fast. A sanitizer has to
 * stand in front of the library's calls. */
#if WEFT_SANITIZED
#define DUCKDB_OPEN (RTLD_LAZY | RTLD_LOCAL)
#else
#define DUCKDB_OPEN (RTLD_LAZY | RTLD_LOCAL | RTLD_DEEPBIND)
#endif

struct weft_duckdb_api weft_duckdb;

static pthread_mutex_t duckdb_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool duckdb_loaded;

/* *library stays NULL when there is no such file; a file that does not open is an error. */
static int duckdb_open_in(const char *dir, void **library, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(dir, DUCKDB_FILE);
    if (path == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_exists(path))
        return 0;
    *library = dlopen(path, DUCKDB_OPEN);
    if (*library == NULL)
        return weft_error_set(error, WEFT_E_IO, "%s", dlerror());
    return 0;
}

static int duckdb_open_beside(void **library, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *program = NULL;
    WEFT_TRY(weft_path_program(&program, error));
    WEFT_CLEANUP(weft_freep) char *dir = weft_path_dirname(program);
    if (dir == NULL)
        return weft_error_nomem(error);
    return duckdb_open_in(dir, library, error);
}

static int duckdb_open_library(void **library, struct weft_error *error)
{
    WEFT_TRY(duckdb_open_beside(library, error));
    const char *dir = getenv("WEFT_LIBDUCKDB_DIR");
    if (*library == NULL && dir != NULL)
        WEFT_TRY(duckdb_open_in(dir, library, error));
    if (*library == NULL)
        *library = dlopen(DUCKDB_FILE, DUCKDB_OPEN);
    if (*library != NULL)
        return 0;
    weft_error_set(error, WEFT_E_NOT_FOUND, "%s was not found", DUCKDB_FILE);
    return weft_error_hint(error, "it belongs beside the program weft");
}

static int duckdb_fill(void *library, struct weft_error *error)
{
    static const char *const names[] = {
#define DUCKDB_NAME(name) "duckdb_" #name,
        WEFT_DUCKDB_FUNCTIONS(DUCKDB_NAME)
#undef DUCKDB_NAME
    };
    static_assert(sizeof(weft_duckdb) == WEFT_COUNT(names) * sizeof(void *), "pointers only");
    struct weft_duckdb_api api;
    WEFT_TRY(weft_library_find(library, DUCKDB_FILE, names, WEFT_COUNT(names), &api, error));
    const char *version = api.library_version();
    if (strncmp(version, DUCKDB_SERIES, strlen(DUCKDB_SERIES)) != 0)
        return weft_error_set(error, WEFT_E_FORMAT, "%s is DuckDB %s; weft needs 1.5", DUCKDB_FILE,
                              version);
    weft_duckdb = api;
    return 0;
}

static int duckdb_load_locked(struct weft_error *error)
{
    if (duckdb_loaded)
        return 0;
    void *library = NULL;
    WEFT_TRY(duckdb_open_library(&library, error));
    if (duckdb_fill(library, error) < 0) {
        dlclose(library);
        return -1;
    }
    duckdb_loaded = true; /* it is never closed: its threads and static objects outlive any use */
    return 0;
}

int weft_duckdb_load(struct weft_error *error)
{
    pthread_mutex_lock(&duckdb_mutex);
    int rc = duckdb_load_locked(error);
    pthread_mutex_unlock(&duckdb_mutex);
    return rc;
}

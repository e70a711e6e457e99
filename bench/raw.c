/*
 * raw.c - the other side of every ratio: DuckDB alone, from a fresh process.
 *
 *   raw LIBRARY MEMORY THREADS SQL... [--sync FILE...]
 *
 * Opens an instance in memory, runs each statement, prints the first value of each result, then
 * syncs the files named and their folders, as weft does with what it writes.
 */
#include <dlfcn.h>
#include <duckdb.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *library;

#define CALL(name) ((typeof(name) *)dlsym(library, #name))

static void die(const char *what, const char *why)
{
    fprintf(stderr, "raw: %s: %s\n", what, why == NULL ? "failed" : why);
    exit(1);
}

static void sync_file(const char *path)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    const char *places[] = {path, dirname(folder)};
    for (int i = 0; i < 2; i++) {
        int fd = (open)(places[i], O_RDONLY);
        if (fd < 0 || (fsync)(fd) != 0)
            die("sync", path);
        close(fd);
    }
}

static void run(duckdb_connection connection, const char *sql)
{
    duckdb_result result;
    if (CALL(duckdb_query)(connection, sql, &result) != DuckDBSuccess)
        die(sql, CALL(duckdb_result_error)(&result));
    duckdb_data_chunk chunk;
    long long rows = 0;
    while ((chunk = CALL(duckdb_fetch_chunk)(result)) != NULL) {
        rows += (long long)CALL(duckdb_data_chunk_get_size)(chunk);
        CALL(duckdb_destroy_data_chunk)(&chunk);
    }
    printf("%lld\n", rows);
    CALL(duckdb_destroy_result)(&result);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        die("arguments", "raw LIBRARY MEMORY THREADS SQL... [--sync FILE...]");
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        die("dlopen", dlerror());
    duckdb_config config;
    duckdb_database database;
    duckdb_connection connection;
    char *why = NULL;
    CALL(duckdb_create_config)(&config);
    CALL(duckdb_set_config)(config, "memory_limit", argv[2]);
    CALL(duckdb_set_config)(config, "threads", argv[3]);
    CALL(duckdb_set_config)(config, "preserve_insertion_order", "false");
    if (CALL(duckdb_open_ext)(NULL, &database, config, &why) != DuckDBSuccess)
        die("open", why);
    CALL(duckdb_connect)(database, &connection);
    bool syncing = false;
    for (int i = 4; i < argc; i++) {
        if (strcmp(argv[i], "--sync") == 0)
            syncing = true;
        else if (syncing)
            sync_file(argv[i]);
        else
            run(connection, argv[i]);
    }
    CALL(duckdb_disconnect)(&connection);
    CALL(duckdb_close)(&database);
    return 0;
}

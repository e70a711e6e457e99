/*
 * raw.c - the other side of every ratio: DuckDB alone, from a fresh process.
 *
 *   raw LIBRARY MEMORY THREADS [SQL | --graph PROGRAM SQL TABLE]... [--sync FILE...]
 *
 * Opens an instance in memory, runs each statement, prints its number of rows, then syncs the files
 * named and their folders, as weft does with what it writes. --graph gives the edges of a query
 * (source int, target int, weight double; nodes 0, 1, ...) to weft-graph for Louvain's method and
 * puts its answer into the table's new rows (int, int).
 */
#include "engine/graph_protocol.h"

#include <dlfcn.h>
#include <duckdb.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

struct edges {
    int32_t *from;
    int32_t *to;
    double *weight;
    size_t count;
    int32_t nodes;
};

/* All of a query's rows, which are in memory by then anyway. */
static void edges_read(duckdb_connection connection, const char *sql, struct edges *edges)
{
    duckdb_result result;
    if (CALL(duckdb_query)(connection, sql, &result) != DuckDBSuccess)
        die(sql, CALL(duckdb_result_error)(&result));
    duckdb_data_chunk chunk;
    while ((chunk = CALL(duckdb_fetch_chunk)(result)) != NULL) {
        size_t rows = CALL(duckdb_data_chunk_get_size)(chunk), old = edges->count;
        edges->count += rows;
        edges->from = reallocarray(edges->from, edges->count, sizeof *edges->from);
        edges->to = reallocarray(edges->to, edges->count, sizeof *edges->to);
        edges->weight = reallocarray(edges->weight, edges->count, sizeof *edges->weight);
        if (edges->from == NULL || edges->to == NULL || edges->weight == NULL)
            die("edges", "no memory");
        void *columns[3];
        for (idx_t i = 0; i < 3; i++)
            columns[i] = CALL(duckdb_vector_get_data)(CALL(duckdb_data_chunk_get_vector)(chunk, i));
        memcpy(edges->from + old, columns[0], rows * sizeof *edges->from);
        memcpy(edges->to + old, columns[1], rows * sizeof *edges->to);
        memcpy(edges->weight + old, columns[2], rows * sizeof *edges->weight);
        CALL(duckdb_destroy_data_chunk)(&chunk);
    }
    CALL(duckdb_destroy_result)(&result);
    for (size_t i = 0; i < edges->count; i++) {
        edges->nodes = edges->from[i] >= edges->nodes ? edges->from[i] + 1 : edges->nodes;
        edges->nodes = edges->to[i] >= edges->nodes ? edges->to[i] + 1 : edges->nodes;
    }
}

static void write_all(int fd, const void *data, size_t length)
{
    for (ssize_t n; length > 0; data = (const char *)data + n, length -= (size_t)n) {
        n = (write)(fd, data, length);
        if (n <= 0)
            die("weft-graph", "it does not read");
    }
}

static void read_all(int fd, void *data, size_t length)
{
    for (ssize_t n; length > 0; data = (char *)data + n, length -= (size_t)n) {
        n = (read)(fd, data, length);
        if (n <= 0)
            die("weft-graph", "it does not answer");
    }
}

/* weft-graph reads all before it answers, so one after the other does. */
static double *graph_ask(const char *program, const struct edges *edges)
{
    struct weft_graph_request request = {.protocol = WEFT_GRAPH_PROTOCOL,
                                         .algorithm = WEFT_GRAPH_ASK_LOUVAIN,
                                         .seed = 1,
                                         .resolution = 1,
                                         .damping = 0.85,
                                         .edge_count = edges->count,
                                         .node_count = (uint32_t)edges->nodes,
                                         .flags = WEFT_GRAPH_WEIGHTED};
    memcpy(request.magic, WEFT_GRAPH_REQUEST_MAGIC, sizeof request.magic);
    struct weft_graph_answer answer;
    int in[2], out[2];
    char parent[16];
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    if (pipe(in) != 0 || pipe(out) != 0)
        die("pipe", NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 1024; fd++)
            close(fd);
        execl(program, program, parent, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    write_all(in[1], &request, sizeof request);
    write_all(in[1], edges->from, edges->count * sizeof *edges->from);
    write_all(in[1], edges->to, edges->count * sizeof *edges->to);
    write_all(in[1], edges->weight, edges->count * sizeof *edges->weight);
    close(in[1]);
    double *values = calloc((size_t)edges->nodes + 1, sizeof *values);
    read_all(out[0], &answer, sizeof answer);
    if (values == NULL || answer.status != WEFT_GRAPH_OK || answer.count != (uint64_t)edges->nodes)
        die("weft-graph", "it refused");
    read_all(out[0], values, (size_t)edges->nodes * sizeof *values);
    close(out[0]);
    waitpid(child, NULL, 0);
    return values;
}

static void graph(duckdb_connection connection, const char *program, const char *sql,
                  const char *table)
{
    struct edges edges = {0};
    edges_read(connection, sql, &edges);
    double *values = graph_ask(program, &edges);
    duckdb_appender appender;
    if (CALL(duckdb_appender_create)(connection, NULL, table, &appender) != DuckDBSuccess)
        die(table, "append");
    for (int32_t i = 0; i < edges.nodes; i++) {
        CALL(duckdb_append_int32)(appender, i);
        CALL(duckdb_append_int32)(appender, (int32_t)values[i]);
        CALL(duckdb_appender_end_row)(appender);
    }
    if (CALL(duckdb_appender_destroy)(&appender) != DuckDBSuccess)
        die(table, "append");
    printf("%d\n", (int)edges.nodes);
    free(edges.from);
    free(edges.to);
    free(edges.weight);
    free(values);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        die("arguments", "raw LIBRARY MEMORY THREADS [SQL | --graph PROGRAM SQL TABLE]... "
                         "[--sync FILE...]");
    library = dlopen(argv[1], RTLD_LAZY | RTLD_LOCAL);
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
        else if (strcmp(argv[i], "--graph") == 0 && i + 3 < argc) {
            graph(connection, argv[i + 1], argv[i + 2], argv[i + 3]);
            i += 3;
        } else
            run(connection, argv[i]);
    }
    CALL(duckdb_disconnect)(&connection);
    CALL(duckdb_close)(&database);
    return 0;
}

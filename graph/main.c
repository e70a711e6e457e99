/*
 * main.c - weft-graph: graph algorithms for weft, by igraph.
 *
 * Reads one request from descriptor 0, writes one answer to 1 (src/engine/graph_protocol.h) and
 * ends: 0 when there was a result, 1 otherwise. While it has a request it opens no files and no
 * connections (it may have no further descriptors), and it ends with the process that started it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "compute.h"
#include "memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void usage(FILE *to)
{
    char library[64];
    graph_library(library, sizeof library);
    fprintf(to,
            "weft-graph (weft %s, %s): graph algorithms for weft, which starts it where it needs\n"
            "it; there is nothing to call by hand.\n"
            "Licence: GNU GPL version 2 or later. There is no warranty.\n",
            WEFT_VERSION, library);
}

/* False when the process that started us is gone, or is not the one that is named. */
static bool bind_to(const char *parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() == (pid_t)strtol(parent, NULL, 10);
}

/* The threads of OpenMP add up in an order of their own, and PageRank's last digits with them. It
 * comes with igraph or not at all. */
static void one_thread(void)
{
    void (*set)(int) = NULL;
    *(void **)&set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set != NULL)
        set(1);
}

static void limit(int what, rlim_t to)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now) != 0)
        return;
    now.rlim_cur = to < now.rlim_max ? to : now.rlim_max;
    now.rlim_max = now.rlim_cur;
    setrlimit((__rlimit_resource_t)what, &now);
}

/* What the program and its libraries take of address space before there is a graph. */
static rlim_t address_space(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL && fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static bool write_whole(const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t done = write(1, at, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        length -= (size_t)done;
    }
    return true;
}

/* Only calls that a signal handler may make. */
static bool answer(const char *library, enum weft_graph_status status, const void *data,
                   size_t count, size_t bytes)
{
    struct weft_graph_answer head = {
        .protocol = WEFT_GRAPH_PROTOCOL, .status = status, .count = count};
    memcpy(head.magic, WEFT_GRAPH_ANSWER_MAGIC, sizeof head.magic);
    memcpy(head.library, library, sizeof head.library);
    return write_whole(&head, sizeof head) && write_whole(data, bytes);
}

static char library_name[sizeof((struct weft_graph_answer *)NULL)->library];

/* igraph broke off. For want of memory (memory.c): that is an answer. */
static void died(int number)
{
    static const char text[] = "igraph broke off for want of memory";
    if (graph_memory_failed) {
        answer(library_name, WEFT_GRAPH_NO_MEMORY, text, sizeof text - 1, sizeof text - 1);
        _exit(1);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static int serve(struct graph_request *request, rlim_t base)
{
    char text[WEFT_GRAPH_TEXT_MAX] = "";
    enum weft_graph_status status = graph_request_head(0, request, text);
    if (status == WEFT_GRAPH_OK && request->head.memory_bytes > 0 && GRAPH_LIMITED) {
        limit(RLIMIT_AS, base + (rlim_t)request->head.memory_bytes);
        signal(SIGSEGV, died);
        signal(SIGABRT, died);
    }
    if (status == WEFT_GRAPH_OK)
        status = graph_request_body(0, request, text);
    size_t nodes = request->head.node_count;
    double *values = NULL;
    if (status == WEFT_GRAPH_OK) {
        values = calloc(nodes + 1, sizeof *values);
        if (values == NULL) {
            snprintf(text, sizeof text, "no memory for %zu nodes", nodes);
            status = WEFT_GRAPH_NO_MEMORY;
        }
    }
    if (status == WEFT_GRAPH_OK)
        status = graph_compute(request, values, text);
    bool good = status == WEFT_GRAPH_OK;
    bool told = answer(library_name, status, good ? (void *)values : text,
                       good ? nodes : strlen(text), good ? nodes * sizeof *values : strlen(text));
    free(values);
    return good && told ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 2 || strspn(argv[1], "0123456789") != strlen(argv[1])) {
        bool asked =
            argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "--help") == 0);
        usage(asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    if (!bind_to(argv[1]))
        return 1;
    /* Ctrl-C goes to all of the terminal's processes: the one that started us decides. */
    signal(SIGINT, SIG_IGN);
    rlim_t base = address_space();
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    if (GRAPH_LIMITED)
        limit(RLIMIT_NOFILE, 3);
    one_thread();
    graph_library(library_name, sizeof library_name);
    struct graph_request request = {0};
    int rc = serve(&request, base);
    graph_request_release(&request);
    return rc;
}

/*
 * graph.c - the client of weft-graph: starts it, hands it the edges, takes and checks its answer.
 */
#include "engine/graph.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "engine/graph_protocol.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRAPH_PROGRAM "weft-graph"

struct graph_answer {
    struct weft_graph_answer head;
    size_t got; /* bytes, all together */
    double *values;
    size_t expect; /* bytes of values */
    char text[WEFT_GRAPH_TEXT_MAX + 1];
};

static int program_path(char **out, struct weft_error *error)
{
#ifdef WEFT_FAULTS
    /* For tests: a program that answers what the test wants. */
    const char *other = getenv("WEFT_GRAPH");
    if (other != NULL) {
        *out = weft_strdup(other);
        return *out == NULL ? weft_error_nomem(error) : 0;
    }
#endif
    WEFT_CLEANUP(weft_freep) char *program = NULL;
    WEFT_TRY(weft_path_program(&program, error));
    WEFT_CLEANUP(weft_freep) char *dir = weft_path_dirname(program);
    *out = dir == NULL ? NULL : weft_path_join(dir, GRAPH_PROGRAM);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int program_start(struct weft_process *process, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *program = NULL;
    WEFT_TRY(program_path(&program, error));
    if (!weft_fs_is_file(program)) {
        weft_error_set(error, WEFT_E_WORKER, "the program %s is not there", program);
        return weft_error_hint(error, "graphs are computed by " GRAPH_PROGRAM ", which belongs "
                                      "beside weft; it is built where igraph 0.10 is installed "
                                      "(script/setup)");
    }
    char parent[16];
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    const char *const argv[] = {program, parent, NULL};
    return weft_process_spawn(argv, -1, process, error);
}

/* ---- the answer ---- */

static int answer_broken(struct weft_error *error, const char *what)
{
    return weft_error_set(error, WEFT_E_WORKER, GRAPH_PROGRAM " gave a wrong answer: %s", what);
}

static int head_check(struct graph_answer *answer, struct weft_error *error)
{
    struct weft_graph_answer *head = &answer->head;
    if (memcmp(head->magic, WEFT_GRAPH_ANSWER_MAGIC, sizeof head->magic) != 0)
        return answer_broken(error, "it does not begin as an answer does");
    if (head->protocol != WEFT_GRAPH_PROTOCOL) {
        answer_broken(error, "it speaks another protocol");
        return weft_error_hint(error, GRAPH_PROGRAM " and weft must be of one version");
    }
    if (head->library[sizeof head->library - 1] != '\0')
        return answer_broken(error, "the library's name has no end");
    if (head->status == WEFT_GRAPH_OK && head->count != answer->expect / sizeof(double))
        return answer_broken(error, "the number of values is not the number of nodes");
    if (head->status != WEFT_GRAPH_OK && head->count > WEFT_GRAPH_TEXT_MAX)
        return answer_broken(error, "its text is too long");
    return 0;
}

/* Bytes go to the header first, then to the values or the text. */
static int answer_take(void *arg, const void *data, size_t length, struct weft_error *error)
{
    struct graph_answer *answer = arg;
    const char *from = data;
    if (answer->got < sizeof answer->head) {
        size_t part = WEFT_MIN(length, sizeof answer->head - answer->got);
        memcpy((char *)&answer->head + answer->got, from, part);
        answer->got += part;
        from += part;
        length -= part;
        if (answer->got < sizeof answer->head)
            return 0;
        WEFT_TRY(head_check(answer, error));
    }
    bool ok = answer->head.status == WEFT_GRAPH_OK;
    size_t done = answer->got - sizeof answer->head;
    if (length > (ok ? answer->expect : answer->head.count) - done)
        return answer_broken(error, "it goes on after its end");
    memcpy((ok ? (char *)answer->values : answer->text) + done, from, length);
    answer->got += length;
    return 0;
}

static bool answer_whole(const struct graph_answer *answer)
{
    size_t body = answer->head.status == WEFT_GRAPH_OK ? answer->expect : answer->head.count;
    return answer->got >= sizeof answer->head && answer->got == sizeof answer->head + body;
}

static int memory_short(int64_t memory_bytes, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_LIMIT,
                   "the graph is too large for the %" PRId64 " MB that " GRAPH_PROGRAM " may take",
                   memory_bytes / 1000000);
    return weft_error_hint(error, "the setting `memory` bounds a run; or let the edges' SQL give "
                                  "fewer edges");
}

/* It said why, or it died. */
static int program_failed(const struct graph_answer *answer, int status, int64_t memory_bytes,
                          struct weft_error *error)
{
    if (answer_whole(answer) && answer->head.status == WEFT_GRAPH_NO_MEMORY)
        return memory_short(memory_bytes, error);
    if (answer_whole(answer) && answer->head.status != WEFT_GRAPH_OK)
        return weft_error_set(error, WEFT_E_WORKER, GRAPH_PROGRAM ": %s", answer->text);
    if (WIFSIGNALED(status)) {
        weft_error_set(error, WEFT_E_WORKER, GRAPH_PROGRAM " ended by signal %d (%s)",
                       WTERMSIG(status), strsignal(WTERMSIG(status)));
        return WTERMSIG(status) == SIGKILL ? weft_error_hint(error, "often for want of memory")
                                           : -1;
    }
    return weft_error_set(error, WEFT_E_WORKER,
                          GRAPH_PROGRAM " ended without an answer (status %d)",
                          WEXITSTATUS(status));
}

/* A group is a node's number at most; a score is a share. */
static int values_check(enum weft_graph_algorithm algorithm, const double *values, int32_t count,
                        struct weft_error *error)
{
    for (int32_t i = 0; i < count; i++) {
        double value = values[i];
        bool good = algorithm == WEFT_GRAPH_PAGERANK
                        ? value >= 0 && value <= 1 + 1e-9
                        : value >= 0 && value < count && value == floor(value);
        if (!good)
            return answer_broken(error, "a value that cannot be");
    }
    return 0;
}

/* ---- the request ---- */

static enum weft_graph_asked asked(enum weft_graph_algorithm algorithm)
{
    switch (algorithm) {
    case WEFT_GRAPH_LOUVAIN:
        return WEFT_GRAPH_ASK_LOUVAIN;
    case WEFT_GRAPH_LEIDEN:
        return WEFT_GRAPH_ASK_LEIDEN;
    case WEFT_GRAPH_PAGERANK:
        return WEFT_GRAPH_ASK_PAGERANK;
    case WEFT_GRAPH_COMPONENTS:
        break;
    }
    return WEFT_GRAPH_ASK_COMPONENTS;
}

static int exchange(struct weft_process *process, const struct weft_graph_request *request,
                    const struct weft_graph_edges *edges, struct graph_answer *answer,
                    struct weft_error *error)
{
    struct weft_process_part parts[] = {
        {request, sizeof *request},
        {edges->from, edges->count * sizeof *edges->from},
        {edges->to, edges->count * sizeof *edges->to},
        {edges->weight, edges->weight == NULL ? 0 : edges->count * sizeof *edges->weight},
    };
    int status = 0;
    WEFT_TRY(weft_process_exchange(process, parts, WEFT_COUNT(parts), answer_take, answer, error));
    WEFT_TRY(weft_process_wait(process, &status, NULL, error));
    WEFT_TRY(weft_process_check_cancelled(error));
    if (status != 0 || !answer_whole(answer) || answer->head.status != WEFT_GRAPH_OK)
        return program_failed(answer, status, request->memory_bytes, error);
    return 0;
}

int weft_graph_run(const struct weft_graph *graph, const struct weft_graph_edges *edges,
                   int64_t memory_bytes, double *values, char *library, struct weft_error *error)
{
    if (edges->count > WEFT_GRAPH_EDGES_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "%zu edges; at most %d", edges->count,
                              WEFT_GRAPH_EDGES_MAX);
    struct weft_graph_request request = {.protocol = WEFT_GRAPH_PROTOCOL,
                                         .algorithm = asked(graph->algorithm),
                                         .seed = (uint64_t)graph->seed,
                                         .resolution = graph->resolution,
                                         .damping = graph->damping,
                                         .memory_bytes = memory_bytes,
                                         .edge_count = edges->count,
                                         .node_count = (uint32_t)edges->node_count,
                                         .flags = edges->weight != NULL ? WEFT_GRAPH_WEIGHTED : 0};
    memcpy(request.magic, WEFT_GRAPH_REQUEST_MAGIC, sizeof request.magic);
    struct graph_answer answer = {.values = values,
                                  .expect = (size_t)edges->node_count * sizeof *values};
    WEFT_CLEANUP(weft_process_end) struct weft_process process = {.in = -1, .out = -1};
    WEFT_TRY(program_start(&process, error));
    WEFT_TRY(exchange(&process, &request, edges, &answer, error));
    WEFT_TRY(values_check(graph->algorithm, values, edges->node_count, error));
    memcpy(library, answer.head.library, sizeof answer.head.library);
    return 0;
}

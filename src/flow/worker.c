/*
 * worker.c - starts `weft worker`, hands it jobs, reads its lines.
 *
 * The lock's descriptor goes with each job over the socket that is the worker's standard input, so
 * the lock outlives an asker that is killed exactly as long as its worker is at work. A worker
 * loads its libraries while the asker writes the lease. It serves several runs in turn, until
 * something speaks against it: then the next run gets a new one.
 */
#include "flow/run_internal.h"

#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKER_JOBS_MAX 200                              /* what leaks does so for so long */
#define WORKER_RESIDENT_MAX ((int64_t)256 * 1024 * 1024) /* that it keeps between two jobs */
#define POLL_MS 50
/* For a worker to leave by itself after its outcome, which it has told: nothing is lost when it is
 * ended sooner. Under test it leaves in good order, so that leaks are told. */
#ifdef WEFT_FAULTS
#define END_MS 500
#else
#define END_MS 5
#endif

static int program_path(char **out, struct weft_error *error)
{
#ifdef WEFT_FAULTS
    /* For tests of this floor: a program that answers what the test wants. */
    const char *other = getenv("WEFT_WORKER");
    if (other != NULL) {
        *out = weft_strdup(other);
        return *out == NULL ? weft_error_nomem(error) : 0;
    }
#endif
    return weft_path_program(out, error);
}

struct weft_worker *weft_worker_new(void)
{
    struct weft_worker *worker = weft_alloc(sizeof *worker);
    if (worker != NULL)
        *worker = WEFT_WORKER_NONE;
    return worker;
}

void weft_worker_free(struct weft_worker *worker)
{
    if (worker == NULL)
        return;
    weft_flow_worker_end(worker);
    weft_free(worker);
}

/* True when the worker closed its end: it is dead or dying. */
static bool worker_hung_up(const struct weft_worker *worker)
{
    struct pollfd poller = {.fd = worker->process.out};
    return poll(&poller, 1, 0) > 0 && (poller.revents & POLLHUP) != 0;
}

/* What an allocator keeps of one budget does not fit another. */
static bool worker_fits(const struct weft_worker *worker, int64_t memory_bytes)
{
    return worker->jobs < WORKER_JOBS_MAX &&
           (worker->jobs == 0 || worker->memory_bytes == memory_bytes) && !worker_hung_up(worker) &&
           weft_process_rss_of(worker->process.pid) <= WORKER_RESIDENT_MAX;
}

static int worker_begin(struct weft_worker *worker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *program = NULL;
    WEFT_TRY(program_path(&program, error));
    /* The worker dies with us; our id tells it whom to watch, also if we die before it looks. */
    char parent[16];
    snprintf(parent, sizeof parent, "%d", (int)getpid());
    const char *const argv[] = {program, "worker", parent, NULL};
    WEFT_TRY(weft_process_spawn_socket(argv, &worker->process, error));
    worker->jobs = 0;
    return weft_flow_point("run.worker_started", error);
}

int weft_flow_worker_start(struct weft_worker *worker, int64_t memory_bytes,
                           struct weft_error *error)
{
    if (worker->process.pid != 0 && !worker_fits(worker, memory_bytes))
        weft_flow_worker_end(worker);
    if (worker->process.pid == 0)
        WEFT_TRY(worker_begin(worker, error));
    worker->memory_bytes = memory_bytes;
    return 0;
}

/* Why the worker went away, in words. */
static int worker_gone(struct weft_asker *asker, struct weft_error *error)
{
    int status = 0;
    WEFT_TRY(weft_process_check_cancelled(error));
    WEFT_TRY(weft_process_wait(&asker->worker->process, &status, NULL, error));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        weft_error_set(error, WEFT_E_WORKER, "the worker of %s was killed", asker->registered.name);
        return weft_error_hint(error,
                               "often for want of memory: the setting `memory` bounds a run");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == WEFT_WORKER_TOO_LARGE) {
        weft_error_set(error, WEFT_E_LIMIT, "the run of %s took more memory than it may; stopped",
                       asker->registered.name);
        return weft_error_hint(error, "the setting `memory` bounds a run; look for a rule that "
                                      "makes very long values");
    }
    if (WIFSIGNALED(status))
        return weft_error_set(error, WEFT_E_WORKER, "the worker of %s ended by signal %d (%s)",
                              asker->registered.name, WTERMSIG(status),
                              strsignal(WTERMSIG(status)));
    return weft_error_set(error, WEFT_E_WORKER,
                          "the worker of %s ended without an outcome (status %d)",
                          asker->registered.name, WEXITSTATUS(status));
}

/* The socket's buffer is smaller than a large job, and the worker may die while we write. */
static int job_send(struct weft_asker *asker, const struct weft_job *job, struct weft_error *error)
{
    struct weft_buf line;
    weft_buf_init(&line, WEFT_RUN_LIST_MAX);
    int rc = weft_job_write(job, &line, error);
    weft_buf_addc(&line, '\n');
    if (rc == 0)
        rc = weft_buf_check(&line, error);
    if (rc == 0)
        rc = weft_process_send(asker->worker->process.in, line.data, line.length, asker->lock_fd,
                               error);
    if (rc < 0 && worker_hung_up(asker->worker))
        rc = worker_gone(asker, error) < 0 ? -1 : rc;
    weft_buf_release(&line);
    return rc;
}

/* ---- what comes back ---- */

static void progress_take(struct weft_asker *asker, yyjson_val *value)
{
    struct weft_progress progress = {.stage = weft_json_text_or(value, "stage", ""),
                                     .file = weft_json_text_or(value, "file", NULL),
                                     .rows = weft_json_int_or(value, "rows", 0),
                                     .bytes_done = weft_json_int_or(value, "bytes_done", 0),
                                     .bytes_total = weft_json_int_or(value, "bytes_total", 0)};
    weft_flow_log_progress(asker, &progress);
    if (asker->options->progress != NULL)
        asker->options->progress(asker->options->progress_arg, &progress);
}

/* 0 = the outcome; WEFT_AGAIN = it was something else. */
static int line_take(struct weft_asker *asker, const char *line, size_t length,
                     struct weft_outcome *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    if (weft_json_parse(line, length, 0, &doc, error) < 0) {
        weft_error_prefix(error, "the worker's answer");
        return -1;
    }
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *progress = yyjson_obj_get(root, "progress");
    if (progress != NULL) {
        progress_take(asker, progress);
        return WEFT_AGAIN;
    }
    yyjson_val *outcome = yyjson_obj_get(root, "outcome");
    if (outcome != NULL)
        return weft_outcome_read(asker->arena, outcome, out, error);
    yyjson_val *failure = yyjson_obj_get(root, "error");
    if (failure != NULL)
        return weft_error_set(error, weft_code_from_name(weft_json_text_or(failure, "code", "")),
                              "%s", weft_json_text_or(failure, "message", "the worker failed"));
    return weft_error_set(error, WEFT_E_WORKER, "the worker answered neither progress nor outcome");
}

/* Takes all whole lines out of the buffer. 0 = the outcome was among them; WEFT_AGAIN. */
static int lines_take(struct weft_asker *asker, struct weft_buf *in, struct weft_outcome *out,
                      struct weft_error *error)
{
    size_t start = 0;
    int rc = WEFT_AGAIN;
    for (;;) {
        char *end = memchr(in->data + start, '\n', in->length - start);
        if (end == NULL)
            break;
        rc = line_take(asker, in->data + start, (size_t)(end - in->data) - start, out, error);
        if (rc != WEFT_AGAIN)
            return rc;
        start = (size_t)(end - in->data) + 1;
    }
    if (start > 0) {
        memmove(in->data, in->data + start, in->length - start);
        weft_buf_shrink(in, in->length - start);
    }
    return WEFT_AGAIN;
}

static int outcome_wait(struct weft_asker *asker, struct weft_buf *in, struct weft_outcome *out,
                        struct weft_error *error)
{
    for (;;) {
        struct pollfd poller = {.fd = asker->worker->process.out, .events = POLLIN};
        int ready = poll(&poller, 1, POLL_MS);
        WEFT_TRY(weft_process_check_cancelled(error));
        if (asker->deadline_us != 0 && weft_clock_mono_us() > asker->deadline_us)
            return weft_error_set(error, WEFT_E_TIMEOUT, "it took longer than it may");
        if (ready < 0 && errno != EINTR)
            return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot wait for the worker");
        if (ready <= 0)
            continue;
        char *room = weft_buf_room(in, 65536);
        size_t got = 0;
        if (room == NULL)
            return weft_buf_check(in, error) < 0 ? weft_error_prefix(error, "a line of the worker")
                                                 : weft_error_nomem(error);
        WEFT_TRY(weft_fs_read(asker->worker->process.out, room, 65536, &got, "the worker", error));
        if (got == 0)
            return worker_gone(asker, error);
        in->length += got;
        in->data[in->length] = '\0';
        int rc = lines_take(asker, in, out, error);
        if (rc != WEFT_AGAIN)
            return rc;
    }
}

int weft_flow_worker_ask(struct weft_asker *asker, const struct weft_job *job,
                         struct weft_outcome *out, struct weft_error *error)
{
    asker->worker->jobs++;
    WEFT_TRY(job_send(asker, job, error));
    if (asker->worker_is_own) /* no further job: end of file tells the worker to go */
        weft_fd_close(&asker->worker->process.in);
    struct weft_buf in;
    weft_buf_init(&in, WEFT_RUN_LINE_MAX);
    int rc = outcome_wait(asker, &in, out, error);
    weft_buf_release(&in);
    WEFT_TRY(rc);
    return weft_flow_point("run.worker_done", error);
}

void weft_flow_worker_end(struct weft_worker *worker)
{
    struct weft_process *process = &worker->process;
    if (process->pid == 0)
        return;
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct pollfd poller = {.fd = process->out, .events = POLLIN};
    char rest[256];
    weft_fd_close(&process->in);
    while (!weft_process_cancelled() && poll(&poller, 1, END_MS) > 0) {
        size_t got = 0;
        if (weft_fs_read(process->out, rest, sizeof rest, &got, "the worker", &ignored) < 0 ||
            got == 0) {
            int status;
            if (weft_process_wait(process, &status, NULL, &ignored) == 0)
                return;
        }
    }
    weft_process_end(process);
}

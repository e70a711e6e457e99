/*
 * worker_main.c - the loop of `weft worker`: a job as a line in, lines of progress and one outcome
 * out. A line that is no job ends the worker: what follows it could not be trusted either. A second
 * thread opens an engine whenever a job may come.
 */
#include "job/job.h"

#include "base/fault.h"
#include "base/fs.h"
#include "base/process.h"
#include "engine/engine.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define JOB_LINE_MAX ((size_t)256 << 20)
#define JOB_CHUNK ((size_t)1 << 16)

struct worker_out {
    int fd;
    int *lock;   /* of the job at work */
    bool failed; /* nobody listens: the job goes on to its end all the same */
};

static int line_send(struct worker_out *out, struct weft_buf *line, struct weft_error *error)
{
    weft_buf_addc(line, '\n');
    WEFT_TRY(weft_buf_check(line, error));
    return weft_fs_write(out->fd, line->data, line->length, "the asker", error);
}

static void progress_send(void *arg, const struct weft_progress *progress)
{
    struct worker_out *out = arg;
    struct weft_error error = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, JOB_CHUNK);
    if (out->failed)
        return;
    if (weft_progress_write(progress, &line, &error) < 0 || line_send(out, &line, &error) < 0)
        out->failed = true;
}

/* The lock is held as long as files are written. Then it goes: the asker has one of its own, and
 * whoever comes after a dead asker need not wait for this process to end. The engine is closed
 * after the answer: the asker commits meanwhile. */
static int outcome_send(void *arg, const struct weft_outcome *outcome, struct weft_error *error)
{
    struct worker_out *out = arg;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf answer;
    weft_buf_init(&answer, JOB_LINE_MAX);
    WEFT_TRY(weft_outcome_write(outcome, &answer, error));
    weft_fd_close(out->lock);
    return line_send(out, &answer, error);
}

static int job_answer(struct worker_out *out, const char *line, size_t length,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_job job;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_job_read(arena, line, length, &job, error));
    return weft_job_tell(arena, &job, progress_send, outcome_send, out, error);
}

/* ---- an engine ahead of its need, while the asker is busy ---- */

struct warmer {
    pthread_t thread;
    bool runs;
};

static void *warmer_main(void *arg)
{
    (void)arg;
    weft_engine_warm();
    return NULL;
}

static void warmer_end(struct warmer *warmer)
{
    if (warmer->runs)
        pthread_join(warmer->thread, NULL);
    warmer->runs = false;
}

/* Nothing when no thread can be made: then the job opens the engine. */
static void warmer_start(struct warmer *warmer)
{
    warmer_end(warmer);
    warmer->runs = pthread_create(&warmer->thread, NULL, warmer_main, NULL) == 0;
}

/* The asker said that no job comes any more. */
static bool input_ended(int in)
{
    char next;
    return recv(in, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Reads on to the next line end. WEFT_END when there is none more. *lock: the product's, which
 * comes with the job's first bytes. */
static int line_receive(int in, struct weft_buf *text, size_t *length, int *lock,
                        struct weft_error *error)
{
    for (size_t searched = 0;;) {
        const char *end = memchr(text->data + searched, '\n', text->length - searched);
        if (end != NULL) {
            *length = (size_t)(end - text->data);
            return 0;
        }
        searched = text->length;
        char *room = weft_buf_room(text, JOB_CHUNK);
        size_t got = 0;
        int fd = -1;
        if (room == NULL)
            return weft_buf_check(text, error);
        WEFT_TRY(weft_process_receive(in, room, JOB_CHUNK, &got, &fd, error));
        if (fd >= 0) {
            weft_fd_close(lock);
            *lock = fd;
        }
        if (got == 0)
            return WEFT_END;
        text->length += got;
        text->data[text->length] = '\0';
    }
}

int weft_worker_main(int in, int out_fd, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_fd_close) int lock = -1;
    struct worker_out out = {.fd = out_fd, .lock = &lock};
    struct warmer warmer = {.runs = false};
    int rc = 0;
    weft_fault_role("worker");
    umask(0077); /* DuckDB makes files by it, and the home is its owner's alone */
    weft_buf_init(&text, JOB_LINE_MAX);
    warmer_start(&warmer);
    for (;;) {
        size_t length = 0;
        rc = line_receive(in, &text, &length, &lock, error);
        if (rc != 0)
            break;
        weft_process_peak_reset();
        rc = job_answer(&out, text.data, length, error);
        if (rc < 0)
            break;
        memmove(text.data, text.data + length + 1, text.length - length - 1);
        weft_buf_shrink(&text, text.length - length - 1);
        if (text.length == 0 && input_ended(in))
            break;
        warmer_start(&warmer);
    }
    warmer_end(&warmer);
    return rc < 0 ? rc : 0;
}

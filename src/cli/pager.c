/*
 * pager.c - the pager of pager.h.
 */
#include "cli/pager.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HELD_MAX ((size_t)16 << 20)
/* Long lines are cut at the edge (S), colours kept (R), the screen is not cleared (X), and what
 * fits is not paged (F). */
#define LESS_FLAGS "SRFX"

static bool program_is_there(const char *name)
{
    const char *path = getenv("PATH");
    for (const char *at = path == NULL ? "/usr/bin:/bin" : path; *at != '\0';) {
        size_t length = strcspn(at, ":");
        WEFT_CLEANUP(weft_freep) char *file = weft_format("%.*s/%s", (int)length, at, name);
        if (file != NULL && access(file, X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

static const char *pager_wish(void)
{
    const char *own = getenv("WEFT_PAGER"), *usual = getenv("PAGER");
    if (own != NULL)
        return own;
    if (usual != NULL)
        return usual;
    return program_is_there("less") ? "less" : "";
}

int weft_pager_open(struct weft_pager *pager, struct weft_error *error)
{
    const char *wish = pager_wish();
    *pager = (struct weft_pager){.fd = -1};
    weft_buf_init(&pager->held, 2 * HELD_MAX);
    if (wish[strspn(wish, " ")] == '\0' || strcmp(wish, "cat") == 0)
        return 0;
    pager->command = weft_format("LESS=${LESS-" LESS_FLAGS "}; export LESS; %s", wish);
    return pager->command == NULL ? weft_error_nomem(error) : 0;
}

void weft_pager_close(struct weft_pager *pager)
{
    weft_free(pager->command);
    pager->command = NULL;
    weft_buf_release(&pager->held);
}

/* ---- the process ---- */

static int pager_start(struct weft_pager *pager, struct weft_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot make a pipe");
    int rc = weft_process_spawn_shell(pager->command, ends[0], &pager->process, error);
    close(ends[0]);
    if (rc < 0) {
        close(ends[1]);
        return rc;
    }
    pager->fd = ends[1];
    pager->started = true;
    return 0;
}

/* To the pager, which may have been left. Ctrl-C is the pager's while it reads. */
static int pager_write(struct weft_pager *pager, const char *data, size_t length,
                       struct weft_error *error)
{
    while (length > 0 && !pager->gone) {
        ssize_t written = write(pager->fd, data, length);
        if (written >= 0) {
            data += written;
            length -= (size_t)written;
        } else if (errno == EPIPE) {
            pager->gone = true;
        } else if (errno != EINTR) {
            return weft_error_errno(error, WEFT_E_IO, errno, "cannot write to the pager");
        }
    }
    return 0;
}

static void lines_count(struct weft_pager *pager, const char *data, size_t length)
{
    size_t width = (size_t)pager->width;
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '\n') {
            pager->lines += 1 + (pager->column > 0 ? (pager->column - 1) / width : 0);
            pager->column = 0;
        } else {
            pager->column += ((unsigned char)data[i] & 0xC0) != 0x80;
        }
    }
}

/* The stream's bytes come here. WEFT_END: nobody reads any more. */
static int pager_take(void *arg, const char *data, size_t length, struct weft_error *error)
{
    struct weft_pager *pager = arg;
    if (pager->started) {
        WEFT_TRY(pager_write(pager, data, length, error));
        return pager->gone ? WEFT_END : 0;
    }
    lines_count(pager, data, length);
    weft_buf_add(&pager->held, data, length);
    WEFT_TRY(weft_buf_check(&pager->held, error));
    if (pager->held.length < HELD_MAX)
        return 0;
    WEFT_TRY(pager_start(pager, error));
    WEFT_TRY(pager_write(pager, pager->held.data, pager->held.length, error));
    weft_buf_clear(&pager->held);
    return 0;
}

void weft_pager_begin(struct weft_pager *pager, struct weft_stream *stream)
{
    struct winsize size;
    if (pager->command == NULL || !stream->terminal || stream->divert != NULL ||
        ioctl(stream->fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return;
    pager->stream = stream;
    pager->height = size.ws_row;
    pager->width = size.ws_col;
    pager->lines = pager->column = 0;
    pager->started = pager->gone = false;
    stream->divert = pager_take;
    stream->divert_arg = pager;
}

static int pager_finish(struct weft_pager *pager, struct weft_error *error)
{
    int status, rc = 0;
    /* One line is the prompt's. */
    if (!pager->started && pager->lines + 1 > (size_t)pager->height) {
        struct weft_error own = WEFT_ERROR_INIT;
        /* A pager that does not start is no reason to show nothing. */
        if (pager_start(pager, &own) == 0)
            rc = pager_write(pager, pager->held.data, pager->held.length, error);
    }
    if (!pager->started)
        return weft_stream_add(pager->stream, pager->held.data, pager->held.length, error);
    weft_fd_close(&pager->fd);
    struct weft_error wait = WEFT_ERROR_INIT;
    int waited = weft_process_wait(&pager->process, &status, NULL, rc < 0 ? &wait : error);
    return rc < 0 ? rc : waited;
}

int weft_pager_end(struct weft_pager *pager, struct weft_error *error)
{
    struct weft_stream *stream = pager->stream;
    if (stream == NULL)
        return 0;
    struct weft_error flush = WEFT_ERROR_INIT;
    int flushed = weft_stream_flush(stream, &flush);
    stream->divert = NULL;
    int rc = pager_finish(pager, error);
    pager->stream = NULL;
    weft_buf_clear(&pager->held);
    if (rc == 0 && flushed < 0 && !pager->gone) {
        *error = flush;
        return -1;
    }
    if (pager->gone)
        stream->failed = stream->closed = false; /* the pager was left, not the terminal */
    return rc;
}

/*
 * process_exchange.c - writing to a child and reading from it at the same time: pipes hold 64 KB,
 * and two processes that each write first wait for ever.
 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#define POLL_MS 100
#define BLOCK 65536

static void end_close(int *fd)
{
    close(*fd);
    *fd = -1;
}

/* Writes what the pipe takes now, from the first part on; closes it after the last. */
static int parts_write(struct weft_process *process, struct weft_process_part *parts, size_t count,
                       size_t *at, struct weft_error *error)
{
    while (*at < count) {
        struct weft_process_part *part = &parts[*at];
        if (part->length == 0) {
            (*at)++;
            continue;
        }
        ssize_t done = write(process->in, part->data, part->length);
        if (done < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (done < 0 && errno == EPIPE)
            break; /* it reads no more; its answer says why */
        if (done < 0)
            return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot write to a program");
        part->data = (const char *)part->data + done;
        part->length -= (size_t)done;
    }
    end_close(&process->in);
    return 0;
}

/* WEFT_END when the child closed its end. */
static int answer_read(struct weft_process *process, weft_process_take_fn *take, void *arg,
                       struct weft_error *error)
{
    char block[BLOCK];
    ssize_t got = read(process->out, block, sizeof block);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got < 0)
        return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot read from a program");
    if (got == 0)
        return WEFT_END;
    return take(arg, block, (size_t)got, error);
}

int weft_process_exchange(struct weft_process *process, struct weft_process_part *parts,
                          size_t count, weft_process_take_fn *take, void *arg,
                          struct weft_error *error)
{
    size_t at = 0;
    int rc = 0;
    if (fcntl(process->in, F_SETFL, O_NONBLOCK) < 0)
        return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot write to a program");
    while (rc == 0) {
        struct pollfd ends[] = {{.fd = process->out, .events = POLLIN},
                                {.fd = process->in, .events = POLLOUT}};
        WEFT_TRY(weft_process_check_cancelled(error));
        int ready = poll(ends, 2, POLL_MS); /* a descriptor of -1 is passed over */
        if (ready < 0 && errno != EINTR)
            return weft_error_errno(error, WEFT_E_WORKER, errno, "cannot wait for a program");
        if (ready <= 0)
            continue;
        if (ends[1].revents != 0)
            rc = parts_write(process, parts, count, &at, error);
        if (rc == 0 && ends[0].revents != 0)
            rc = answer_read(process, take, arg, error);
    }
    return rc < 0 ? rc : 0;
}

/*
 * stream.c - the stream of stream.h. Writes by itself and not through base/fs.h: whether a result
 * reached its reader changes nothing that is stored, and a closed pipe is to be told apart.
 */
#include "cli/stream.h"

#include "base/process.h"
#include "cli/printable.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void weft_stream_init(struct weft_stream *stream, int fd)
{
    stream->fd = fd;
    stream->name = NULL;
    stream->terminal = isatty(fd) == 1;
    stream->closed = stream->failed = false;
    stream->length = stream->carry_length = 0;
    stream->divert = NULL;
}

static const char *stream_name(const struct weft_stream *stream)
{
    return stream->name == NULL ? "standard output" : stream->name;
}

static int write_failed(struct weft_stream *stream, int errnum, struct weft_error *error)
{
    stream->failed = true;
    stream->closed = errnum == EPIPE;
    stream->length = 0;
    return weft_error_errno(error, WEFT_E_IO, errnum, "cannot write to %s", stream_name(stream));
}

static int stream_write(struct weft_stream *stream, const char *data, size_t length,
                        struct weft_error *error)
{
    if (stream->failed)
        return weft_error_set(error, WEFT_E_IO, "cannot write to %s", stream_name(stream));
    if (stream->divert != NULL) {
        int rc = stream->divert(stream->divert_arg, data, length, error);
        return rc == WEFT_END ? write_failed(stream, EPIPE, error) : rc;
    }
    while (length > 0) {
        ssize_t written = write(stream->fd, data, length);
        if (written >= 0) {
            data += written;
            length -= (size_t)written;
        } else if (errno == EINTR) {
            WEFT_TRY(weft_process_check_cancelled(error));
        } else if (errno == EAGAIN) {
            struct pollfd ready = {.fd = stream->fd, .events = POLLOUT};
            poll(&ready, 1, 1000);
            WEFT_TRY(weft_process_check_cancelled(error));
        } else {
            return write_failed(stream, errno, error);
        }
    }
    return 0;
}

int weft_stream_flush(struct weft_stream *stream, struct weft_error *error)
{
    size_t length = stream->length;
    stream->length = 0;
    return length == 0 ? 0 : stream_write(stream, stream->data, length, error);
}

int weft_stream_add(struct weft_stream *stream, const void *data, size_t length,
                    struct weft_error *error)
{
    if (length > sizeof stream->data - stream->length) {
        WEFT_TRY(weft_stream_flush(stream, error));
        if (length > sizeof stream->data / 2)
            return stream_write(stream, data, length, error);
    }
    if (length > 0)
        memcpy(stream->data + stream->length, data, length);
    stream->length += length;
    return 0;
}

int weft_stream_bytes(struct weft_stream *stream, const void *data, size_t length,
                      struct weft_error *error)
{
    if (!stream->terminal)
        return weft_stream_add(stream, data, length, error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf whole;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf shown;
    weft_buf_init(&whole, SIZE_MAX / 16);
    weft_buf_init(&shown, SIZE_MAX / 2);
    weft_buf_add(&whole, stream->carry, stream->carry_length);
    weft_buf_add(&whole, data, length);
    size_t rest = weft_printable_rest(whole.data, whole.length);
    stream->carry_length = rest;
    memcpy(stream->carry, whole.data + whole.length - rest, rest);
    weft_printable_add(&shown, whole.data, whole.length - rest, WEFT_PRINTABLE_LINES);
    WEFT_TRY(weft_buf_check(&whole, error));
    WEFT_TRY(weft_buf_check(&shown, error));
    return weft_stream_add(stream, shown.data, shown.length, error);
}

int weft_stream_end(struct weft_stream *stream, struct weft_error *error)
{
    WEFT_TRY(weft_stream_flush(stream, error));
    if (stream->failed)
        return weft_error_set(error, WEFT_E_IO, "cannot write to %s", stream_name(stream));
    if (close(stream->fd) != 0 && errno != EINTR)
        return write_failed(stream, errno, error);
    return 0;
}

/*
 * stream.h - standard output: buffered, with a reader that may go away and a disk that may be full.
 * Failure is sticky. Towards a terminal, bytes of a result are made printable. Lives on the stack.
 * Thread rule: one thread.
 */
#ifndef WEFT_CLI_STREAM_H
#define WEFT_CLI_STREAM_H

#include "base/buf.h"

#define WEFT_STREAM_BYTES 65536

struct weft_stream {
    int fd;
    const char *name; /* for messages; NULL = standard output */
    bool terminal;
    bool closed; /* nobody reads any more (EPIPE): not worth a message */
    bool failed;
    size_t length;
    char carry[4]; /* the beginning of a character, until its rest comes */
    size_t carry_length;
    /* Bytes go there instead (a pager); WEFT_END = as if the reader had gone away. */
    int (*divert)(void *arg, const char *data, size_t length, struct weft_error *error);
    void *divert_arg;
    char data[WEFT_STREAM_BYTES];
};

void weft_stream_init(struct weft_stream *stream, int fd);
/* Text of ours. IO, NO_SPACE, CANCELLED. */
int weft_stream_add(struct weft_stream *stream, const void *data, size_t length,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* Bytes of a result: as they are, but for a terminal. */
int weft_stream_bytes(struct weft_stream *stream, const void *data, size_t length,
                      struct weft_error *error) WEFT_MUST_CHECK;
int weft_stream_flush(struct weft_stream *stream, struct weft_error *error) WEFT_MUST_CHECK;
/* Flushes and closes: some file systems tell only then that a write failed. */
int weft_stream_end(struct weft_stream *stream, struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * pager.h - results that are higher than the screen go through a pager. What is written to the
 * stream is held until it ends (or is large): then it is known whether it fits, and the query that
 * gave it is over and holds nothing back while somebody reads. Thread rule: one thread.
 */
#ifndef WEFT_CLI_PAGER_H
#define WEFT_CLI_PAGER_H

#include "base/process.h"
#include "cli/stream.h"

struct weft_pager {
    struct weft_stream *stream; /* NULL = not begun */
    char *command;              /* for sh -c; NULL = none is wished for, or there is none */
    int height, width;
    struct weft_buf held;
    size_t lines; /* of the screen, that held takes */
    size_t column;
    bool started, gone; /* the pager is; its reader left */
    int fd;             /* to the pager */
    struct weft_process process;
};

/* Finds the command: WEFT_PAGER, PAGER, else less where it is installed. "" and cat mean none. */
int weft_pager_open(struct weft_pager *pager, struct weft_error *error) WEFT_MUST_CHECK;
void weft_pager_close(struct weft_pager *pager);
/* From now on the stream's bytes are held. Nothing when the stream is no terminal, or no pager. */
void weft_pager_begin(struct weft_pager *pager, struct weft_stream *stream);
/* Shows what is held, in the pager when it does not fit, and waits for the pager's end. A reader
 * who left early is no failure. */
int weft_pager_end(struct weft_pager *pager, struct weft_error *error) WEFT_MUST_CHECK;

#endif

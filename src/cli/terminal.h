/*
 * terminal.h - what people see beside the result: notes, errors, progress and questions, on
 * standard error; and what is known about the terminal: its width, whether it takes colour.
 * Lives on the stack. Thread rule: one thread.
 */
#ifndef WEFT_CLI_TERMINAL_H
#define WEFT_CLI_TERMINAL_H

#include "cli/stream.h"
#include "context/out.h"

struct weft_terminal {
    struct weft_stream *stream; /* flushed before anything is told, so that the order holds */
    bool out_colour;            /* on standard output */
    bool err_colour;
    bool err_terminal; /* standard error is a terminal that can rewrite a line */
    int width;         /* columns of standard output; 0 = it is no terminal */
    int err_width;
    bool shown; /* a line of progress is on the screen */
    int64_t started_us, told_us;
    char what[160]; /* whose progress it is */
};

void weft_terminal_init(struct weft_terminal *terminal, struct weft_stream *stream, bool no_colour);
/* Asks anew for the widths: the window may have changed. */
void weft_terminal_measure(struct weft_terminal *terminal);
/* Colour begins and ends: "" when there is to be none. */
const char *weft_style_begin(enum weft_style style, bool colour);
const char *weft_style_end(enum weft_style style, bool colour);

void weft_terminal_note(struct weft_terminal *terminal, const struct weft_diag_item *item);
void weft_terminal_error(struct weft_terminal *terminal, const struct weft_error *error);
/* The same; of a statement that was `typed` with its line and a mark below the place. text (may be
 * NULL) begins where the error's line 1 does. */
void weft_terminal_error_in(struct weft_terminal *terminal, const struct weft_error *error,
                            const char *text, size_t length, bool typed);
/* At most ten times a second on a terminal, every five seconds else. */
void weft_terminal_progress(struct weft_terminal *terminal,
                            const struct weft_out_progress *progress);
/* Takes the line of progress off the screen: before anything else is written. */
void weft_terminal_quiet(struct weft_terminal *terminal);
/* USAGE when standard input or standard error is no terminal. */
int weft_terminal_ask(struct weft_terminal *terminal, const char *question, bool *yes,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* A line typed blind, without its end. USAGE when there is no terminal; CANCELLED. */
int weft_terminal_ask_secret(struct weft_terminal *terminal, const char *question, char *text,
                             size_t size, size_t *length, struct weft_error *error) WEFT_MUST_CHECK;

#endif

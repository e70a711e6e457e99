/*
 * shell.h - `weft query` without SQL: at a terminal a shell, else the statements of standard input
 * or of a file. Lines are gathered until `;` ends a statement; lines that begin with \ are commands
 * (shell_command.c). Each statement runs through app/session.h. Thread rule: one thread.
 */
#ifndef WEFT_CLI_SHELL_H
#define WEFT_CLI_SHELL_H

#include "app/session.h"
#include "cli/pager.h"
#include "cli/terminal.h"

struct weft_shell_config {
    struct weft_context *context;
    const struct weft_op_request *request; /* of `query`; without words */
    struct weft_stream *stream;            /* standard output */
    struct weft_terminal *terminal;
    bool json;
    bool no_colour;
    struct weft_pager *pager;
};

/* In a shell errors are told and it goes on: 0. Elsewhere the first one ends it; with --continue
 * all are told, and the last is handed back without its message. */
int weft_shell_run(const struct weft_shell_config *config, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif

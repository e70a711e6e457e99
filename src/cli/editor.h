/*
 * editor.h - lines typed at a terminal: editing by libedit (the user's ~/.editrc holds), history,
 * completion. Thread rule: one thread; one editor in a process.
 */
#ifndef WEFT_CLI_EDITOR_H
#define WEFT_CLI_EDITOR_H

#include "cli/complete.h"
#include "cli/history.h"

struct weft_editor;

/* Fills out for the line up to the cursor; everything lives in the arena. */
typedef int weft_editor_complete_fn(void *arg, struct weft_arena *arena, const char *line,
                                    size_t cursor, struct weft_completion *out);

/* On standard input and the terminal that standard output or error is. NOT_FOUND without libedit.
 */
int weft_editor_open(weft_editor_complete_fn *complete, void *arg, struct weft_editor **out,
                     struct weft_error *error) WEFT_MUST_CHECK;
void weft_editor_close(struct weft_editor *editor); /* NULL is nothing */
/* 0 = a line, without its end, valid until the next call; WEFT_END at Ctrl-D or when the terminal
 * is gone; WEFT_AGAIN when Ctrl-C threw the line away. */
int weft_editor_read(struct weft_editor *editor, const char *prompt, const char **line,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* Into the history: of this shell, and of the file. */
void weft_editor_remember(struct weft_editor *editor, const char *text, size_t length);

#endif

/*
 * bash.h - completion in bash: `weft completion bash` prints a script that asks `weft complete`
 * at each Tab. What can stand where comes from the tables that the parser reads (args.h, app/op.h),
 * the values from the checkout and the home (app/candidates.h).
 *
 * The answer: a first line "words", "open" (no blank goes behind them), "files" or "folders" (bash
 * knows these better), then one candidate a line, of plain characters only, so that nothing has to
 * be quoted. Thread rule: one thread.
 */
#ifndef WEFT_CLI_BASH_H
#define WEFT_CLI_BASH_H

#include "context/context.h"

/* The script for `eval` or a file. NOT_YET for another shell than bash. */
int weft_bash_script_print(const char *shell, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* line: the command as typed up to the cursor; word: what bash takes for the word there, which
 * ends the line (it splits at = and : too); the candidates stand in its place. */
int weft_bash_complete(struct weft_context *context, const char *line, const char *word,
                       struct weft_buf *out, struct weft_error *error) WEFT_MUST_CHECK;

#endif

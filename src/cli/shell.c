/*
 * shell.c - reads lines, gathers statements, runs them, tells what went wrong.
 */
#include "cli/shell_internal.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "codec/sql_text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_BLOCK 65536

/* ---- output ---- */

int weft_shell_out_open(struct weft_shell *shell, struct weft_door *door, struct weft_out *out,
                        bool query, struct weft_error *error)
{
    struct weft_stream *stream = shell->file_open ? shell->file : shell->config.stream;
    (void)error;
    weft_terminal_measure(shell->config.terminal);
    if (shell->config.json)
        weft_programs_open(door, stream, shell->config.terminal, out);
    else
        weft_people_open(door, stream, shell->config.terminal, query, out);
    door->expanded = shell->expanded;
    door->shell = shell->interactive;
    if (shell->paging && !shell->config.json)
        weft_pager_begin(shell->config.pager, stream);
    return 0;
}

int weft_shell_out_close(struct weft_shell *shell, struct weft_door *door, int rc,
                         struct weft_error *error)
{
    struct weft_error end = WEFT_ERROR_INIT;
    bool paged = shell->config.pager->stream != NULL;
    weft_terminal_quiet(shell->config.terminal);
    weft_door_close(door);
    int ended = paged ? weft_pager_end(shell->config.pager, &end) : 0;
    if (rc < 0 && paged && shell->config.pager->gone)
        rc = 0; /* who reads had enough */
    if (ended == 0)
        ended = weft_stream_flush(door->stream, &end);
    if (rc >= 0 && ended < 0) {
        *error = end;
        rc = -1;
    }
    return rc;
}

int weft_shell_file_close(struct weft_shell *shell, struct weft_error *error)
{
    if (!shell->file_open)
        return 0;
    shell->file_open = false;
    return weft_stream_end(shell->file, error);
}

/* ---- statements ---- */

static void timing_tell(const struct weft_shell *shell, int64_t us)
{
    char text[64];
    if (!shell->timing)
        return;
    int length = snprintf(text, sizeof text, "Time: %.1f ms\n", (double)us / 1000);
    ssize_t written = write(STDERR_FILENO, text, (size_t)length);
    (void)written;
}

static int statement_send(struct weft_shell *shell, const struct weft_statement *statement,
                          struct weft_error *error)
{
    struct weft_door door;
    struct weft_out out;
    int64_t begin = weft_clock_mono_us();
    WEFT_TRY(weft_shell_out_open(shell, &door, &out, true, error));
    int rc = weft_session_run(&shell->session, statement, &out, NULL, error);
    int64_t took = weft_clock_mono_us() - begin;
    rc = weft_shell_out_close(shell, &door, rc, error);
    timing_tell(shell, took);
    if (shell->interactive)
        weft_session_warm(&shell->session);
    return rc;
}

/* In a shell an error is told and forgotten; so it is everywhere with --continue. */
static int error_meet(struct weft_shell *shell, const char *text, size_t length,
                      struct weft_error *error)
{
    bool stopped = weft_process_cancelled();
    if (!shell->interactive && (!shell->go_on || stopped))
        return -1;
    if (stopped) {
        weft_error_clear(error);
        weft_error_set(error, WEFT_E_CANCELLED, "stopped on request");
        weft_process_cancel_forget();
    }
    weft_terminal_error_in(shell->config.terminal, error, text, length, shell->source.file == NULL);
    if (!shell->failed)
        shell->failed_code = error->code;
    shell->failed = true;
    weft_error_clear(error);
    return 0;
}

static int output_once(const struct weft_shell *shell, struct weft_error *error)
{
    if (shell->session.output == NULL)
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "there are several statements, and -o names one file");
    return weft_error_hint(error, "\\o FILE between the statements writes to several");
}

static int statement_run(struct weft_shell *shell, const char *text, size_t length,
                         struct weft_error *error)
{
    const struct weft_statement statement = {.text = text,
                                             .length = length,
                                             .file = shell->source.file,
                                             .line_offset = shell->source.line,
                                             .column_offset = shell->source.column};
    if (shell->interactive)
        weft_process_cancel_forget();
    if (shell->last.length > 0 && output_once(shell, error) < 0)
        return error_meet(shell, text, length, error);
    weft_buf_clear(&shell->last);
    weft_buf_add(&shell->last, text, length);
    if (statement_send(shell, &statement, error) == 0)
        return 0;
    return error_meet(shell, text, length, error);
}

/* The first bytes of the text are done with. */
static void text_consume(struct weft_shell *shell, size_t count)
{
    struct weft_buf *text = &shell->text;
    size_t line_start = 0;
    for (size_t i = 0; i < count; i++) {
        if (text->data[i] == '\n') {
            shell->source.line++;
            shell->source.column = 0;
            line_start = i + 1;
        }
    }
    shell->source.column += (int)weft_utf8_count(text->data + line_start, count - line_start);
    memmove(text->data, text->data + count, text->length - count);
    weft_buf_shrink(text, text->length - count);
}

/* What is typed counts its lines from the statement's first. */
static void place_reset(struct weft_shell *shell)
{
    if (shell->source.file == NULL)
        shell->source = (struct weft_shell_source){0};
}

/* Runs what is whole; at the end of a file also what `;` has not ended. */
static int statements_run(struct weft_shell *shell, bool rest, struct weft_error *error)
{
    struct weft_sql_statement next;
    for (;;) {
        struct weft_buf *text = &shell->text;
        weft_sql_statement(text->data, text->length, &next);
        if (!next.ended && !(rest && next.length > 0))
            return 0;
        size_t start = WEFT_MIN(next.start, text->length), end = next.end - start;
        text_consume(shell, start);
        place_reset(shell);
        WEFT_CLEANUP(weft_freep) char *own = weft_strndup(text->data, next.length);
        if (own == NULL)
            return weft_error_nomem(error);
        int rc = next.length == 0 ? 0 : statement_run(shell, own, next.length, error);
        text_consume(shell, end);
        WEFT_TRY(rc);
        if (weft_process_terminated())
            return 0;
    }
}

/* ---- lines ---- */

static bool text_is_blank(const struct weft_shell *shell)
{
    struct weft_sql_statement next;
    weft_sql_statement(shell->text.data, shell->text.length, &next);
    return next.length == 0 && next.open == 0;
}

/* Is a line of its own no SQL? A \ cannot begin one but inside a text or comment. */
static bool is_command(const struct weft_shell *shell, const char *line)
{
    struct weft_sql_statement next;
    if (line[strspn(line, " \t")] != '\\')
        return false;
    weft_sql_statement(shell->text.data, shell->text.length, &next);
    return next.open == 0 || next.open == '(';
}

/* What people type who do not know the shell yet. */
static const char *plain_word(const struct weft_shell *shell, const char *line)
{
    static const struct {
        const char *word, *command;
    } words[] = {{"exit", "\\q"}, {"quit", "\\q"}, {"help", "\\?"}};
    size_t start = strspn(line, " \t"), length = strcspn(line + start, " \t;");
    if (!shell->interactive || line[start + length + strspn(line + start + length, " \t;")] != '\0')
        return NULL;
    for (size_t i = 0; i < WEFT_COUNT(words); i++) {
        if (strlen(words[i].word) == length && strncmp(line + start, words[i].word, length) == 0)
            return words[i].command;
    }
    return NULL;
}

static void line_remember(struct weft_shell *shell, const char *line, size_t length, bool alone)
{
    if (shell->editor == NULL || shell->depth > 0)
        return;
    if (alone) {
        weft_editor_remember(shell->editor, line, length);
        return;
    }
    weft_buf_add(&shell->typed, line, length);
    weft_buf_addc(&shell->typed, '\n');
}

static int command_run(struct weft_shell *shell, const char *line, struct weft_error *error)
{
    const char *command = line + strspn(line, " \t");
    if (shell->interactive)
        weft_process_cancel_forget();
    if (weft_shell_command(shell, command, error) == 0)
        return 0;
    if (shell->source.file != NULL && error->file[0] == '\0')
        weft_error_at(error, shell->source.file, shell->source.line + 1, 0);
    return error_meet(shell, NULL, 0, error);
}

int weft_shell_line(struct weft_shell *shell, const char *line, size_t length,
                    struct weft_error *error)
{
    bool blank = text_is_blank(shell);
    const char *word = blank ? plain_word(shell, line) : NULL;
    if (word != NULL || is_command(shell, line)) {
        line_remember(shell, line, length, true);
        int rc = command_run(shell, word != NULL ? word : line, error);
        shell->source.line++;
        return rc;
    }
    if (blank && shell->source.file == NULL) /* comments before it are not part of a statement */
        weft_buf_clear(&shell->text);
    weft_buf_add(&shell->text, line, length);
    weft_buf_addc(&shell->text, '\n');
    WEFT_TRY(weft_buf_check(&shell->text, error));
    line_remember(shell, line, length, false);
    struct weft_sql_statement next;
    weft_sql_statement(shell->text.data, shell->text.length, &next);
    if (!next.ended && !text_is_blank(shell))
        return 0;
    /* Remembered before it runs: whatever happens then, it can be typed again. */
    if (shell->editor != NULL && shell->depth == 0)
        weft_editor_remember(shell->editor, shell->typed.data, shell->typed.length);
    weft_buf_clear(&shell->typed);
    return statements_run(shell, false, error);
}

int weft_shell_text(struct weft_shell *shell, const char *file, const char *text, size_t length,
                    struct weft_error *error)
{
    struct weft_shell_source source = shell->source;
    struct weft_buf gathered = shell->text;
    int rc = 0;
    weft_buf_init(&shell->text, WEFT_SHELL_TEXT_MAX);
    shell->source = (struct weft_shell_source){.file = file};
    shell->depth++;
    for (size_t at = 0; rc == 0 && at < length && !shell->quit && !weft_process_terminated();) {
        size_t line = strcspn(text + at, "\n");
        WEFT_CLEANUP(weft_freep) char *own = weft_strndup(text + at, WEFT_MIN(line, length - at));
        if (own == NULL)
            rc = weft_error_nomem(error);
        else
            rc = weft_shell_line(shell, own, strlen(own), error);
        at += line + 1;
    }
    if (rc == 0 && !shell->quit)
        rc = statements_run(shell, true, error);
    shell->depth--;
    shell->source = source;
    weft_buf_release(&shell->text);
    shell->text = gathered;
    return rc;
}

/* ---- the terminal ---- */

void weft_shell_names_refresh(struct weft_shell *shell)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (weft_session_names(&shell->session, &shell->names, &ignored) < 0)
        weft_session_names_release(&shell->names);
}

int weft_shell_complete(void *arg, struct weft_arena *arena, const char *line, size_t cursor,
                        struct weft_completion *out)
{
    struct weft_shell *shell = arg;
    weft_shell_names_refresh(shell);
    if (line[0] == '\\')
        return weft_shell_command_complete(shell, arena, line, cursor, out);
    const char *text = weft_arena_format(arena, "%s%s", shell->text.data, line);
    if (text == NULL)
        return -1;
    return weft_complete_sql(arena, &shell->names, text, strlen(text), shell->text.length + cursor,
                             out);
}

static const char *prompt_make(struct weft_shell *shell, char *prompt, size_t size)
{
    struct weft_sql_statement next;
    const char *when = shell->as_of;
    int pad = when == NULL ? 0 : (int)strlen(when) + (int)strlen(" as of ");
    weft_sql_statement(shell->text.data, shell->text.length, &next);
    if (next.length == 0 && next.open == 0)
        snprintf(prompt, size, "weft%s%s> ", when == NULL ? "" : " as of ",
                 when == NULL ? "" : when);
    else
        snprintf(prompt, size, "%*s%c-> ", pad + 2, "", next.open == 0 ? ' ' : next.open);
    return prompt;
}

static void greet(struct weft_shell *shell)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 8192);
    weft_buf_addf(&text, "%s\n\\? shows the commands; a statement ends with ;\n",
                  shell->session.context->home);
    ssize_t written = text.failed ? 0 : write(STDERR_FILENO, text.data, text.length);
    (void)written;
}

static int terminal_read(struct weft_shell *shell, struct weft_error *error)
{
    char prompt[160];
    const char *line;
    while (!shell->quit) {
        weft_process_cancel_forget();
        int rc = weft_editor_read(shell->editor, prompt_make(shell, prompt, sizeof prompt), &line,
                                  error);
        if (rc == WEFT_END || weft_process_terminated())
            return 0;
        if (rc == WEFT_AGAIN) {
            weft_process_cancel_forget();
            weft_buf_clear(&shell->text);
            weft_buf_clear(&shell->typed);
            place_reset(shell);
            continue;
        }
        WEFT_TRY(rc);
        WEFT_TRY(weft_shell_line(shell, line, strlen(line), error));
        if (weft_process_terminated())
            return weft_error_set(error, WEFT_E_CANCELLED, "stopped on request");
    }
    return 0;
}

static int terminal_run(struct weft_shell *shell, struct weft_error *error)
{
    weft_process_catch_session();
    WEFT_TRY(weft_editor_open(weft_shell_complete, shell, &shell->editor, error));
    weft_session_warm(&shell->session);
    greet(shell);
    return terminal_read(shell, error);
}

/* ---- files ---- */

/* Line by line, as they come: who writes into a pipe gets each answer when its `;` is there. */
static int input_read(struct weft_shell *shell, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf rest;
    bool any = false;
    weft_buf_init(&rest, WEFT_SHELL_TEXT_MAX);
    for (;;) {
        char *end;
        while ((end = memchr(rest.data, '\n', rest.length)) != NULL && !shell->quit) {
            size_t length = (size_t)(end - rest.data);
            WEFT_CLEANUP(weft_freep) char *line = weft_strndup(rest.data, length);
            memmove(rest.data, end + 1, rest.length - length - 1);
            weft_buf_shrink(&rest, rest.length - length - 1);
            if (line == NULL)
                return weft_error_nomem(error);
            WEFT_TRY(weft_shell_line(shell, line, strlen(line), error));
        }
        size_t got = 0;
        if (shell->quit)
            return 0;
        char *room = weft_buf_room(&rest, READ_BLOCK);
        if (room == NULL)
            return weft_buf_check(&rest, error);
        WEFT_TRY(weft_process_wait_input(STDIN_FILENO, error));
        WEFT_TRY(weft_fs_read(STDIN_FILENO, room, READ_BLOCK, &got, "standard input", error));
        any = any || got > 0;
        if (got == 0)
            break;
        rest.length += got;
        rest.data[rest.length] = '\0';
    }
    if (rest.length > 0)
        WEFT_TRY(weft_shell_line(shell, rest.data, strlen(rest.data), error));
    WEFT_TRY(statements_run(shell, true, error));
    if (any)
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "there is no SQL: standard input is empty");
    return weft_error_hint(error, "as in: weft query \"select count(*) from mesh.products\"; at a "
                                  "terminal `weft query` opens a shell");
}

/* More than the first. */
static bool has_several(const char *text, size_t length)
{
    struct weft_sql_statement next;
    size_t count = 0;
    for (size_t at = 0; at < length && count < 2; at += next.end) {
        weft_sql_statement(text + at, length - at, &next);
        count += next.length > 0;
    }
    return count > 1;
}

static int file_run(struct weft_shell *shell, const char *file, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, WEFT_SHELL_TEXT_MAX + 1);
    int rc = weft_fs_read_file(file, WEFT_SHELL_TEXT_MAX, &text, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", file);
    WEFT_TRY(rc);
    shell->session.params_shared = has_several(text.data, text.length);
    if (shell->session.params_shared)
        WEFT_TRY(output_once(shell, error));
    return weft_shell_text(shell, file, text.data, text.length, error);
}

/* ---- opening ---- */

static int shell_do(struct weft_shell *shell, struct weft_error *error)
{
    const struct weft_shell_config *config = &shell->config;
    const char *file = weft_op_text(config->request, "file");
    struct weft_ledger *ledger;
    WEFT_TRY(weft_context_ledger(config->context, false, &ledger, error));
    shell->go_on = weft_op_given(config->request, "continue");
    shell->paging = !weft_op_given(config->request, "no-pager");
    if (file != NULL && strcmp(file, "-") != 0)
        return file_run(shell, file, error);
    if (file == NULL && isatty(STDIN_FILENO) == 1 &&
        (config->stream->terminal || isatty(STDERR_FILENO) == 1)) {
        shell->interactive = shell->session.params_shared = true;
        return terminal_run(shell, error);
    }
    shell->source.file = "standard input";
    shell->session.params_shared = true;
    return input_read(shell, error);
}

static void shell_close(struct weft_shell *shell)
{
    weft_editor_close(shell->editor);
    weft_session_close(&shell->session);
    weft_session_names_release(&shell->names);
    weft_buf_release(&shell->text);
    weft_buf_release(&shell->typed);
    weft_buf_release(&shell->last);
    weft_free(shell->file);
    weft_free(shell->file_name);
    weft_free(shell->as_of);
}

int weft_shell_run(const struct weft_shell_config *config, struct weft_error *error)
{
    struct weft_shell shell = {.config = *config};
    struct weft_out out;
    struct weft_door door;
    struct weft_error end = WEFT_ERROR_INIT;
    weft_buf_init(&shell.text, WEFT_SHELL_TEXT_MAX);
    weft_buf_init(&shell.typed, WEFT_SHELL_TEXT_MAX);
    weft_buf_init(&shell.last, WEFT_SHELL_TEXT_MAX);
    if (config->json)
        weft_programs_open(&door, config->stream, config->terminal, &out);
    else
        weft_people_open(&door, config->stream, config->terminal, true, &out);
    int rc = weft_session_open(&shell.session, config->context, config->request, &out, error);
    weft_door_close(&door);
    if (rc == 0)
        rc = shell_do(&shell, error);
    if (weft_shell_file_close(&shell, &end) < 0 && rc == 0) {
        *error = end;
        rc = -1;
    }
    if (rc == 0 && shell.failed && !shell.interactive) {
        weft_error_set(error, shell.failed_code, "%s", "");
        rc = -1;
    }
    shell_close(&shell);
    return rc;
}

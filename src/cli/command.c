/*
 * command.c - reads the words, opens a door, does the operation, gives the exit status.
 */
#include "cli/command.h"

#include "base/mem.h"
#include "base/process.h"
#include "cli/args.h"
#include "cli/bash.h"
#include "cli/doors.h"
#include "cli/help.h"
#include "cli/shell.h"
#include "context/who.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STATUS_CHANGED 4
#define STATUS_USAGE 2
#define STATUS_CANCELLED 130
#define STATUS_PIPE_CLOSED 141 /* what a shell shows for SIGPIPE */
#define WIDTH_OTHERWISE 80
#define TEXT_MAX ((size_t)4 << 20)

struct command {
    struct weft_args args;
    struct weft_context context;
    struct weft_terminal terminal;
    struct weft_stream stream;
    struct weft_pager pager;
};

/* Relative paths, also that of --home, are then relative to the folder. */
static int folder_enter(const char *folder, struct weft_error *error)
{
    if (folder != NULL && chdir(folder) != 0)
        return weft_error_errno(error, WEFT_E_USAGE, errno, "cannot go to the folder %s", folder);
    return 0;
}

static int text_send(struct command *command, struct weft_buf *text, struct weft_error *error)
{
    int rc = weft_buf_check(text, error);
    if (rc == 0)
        rc = weft_stream_add(&command->stream, text->data, text->length, error);
    weft_buf_release(text);
    return rc;
}

static int help_send(struct command *command, struct weft_error *error)
{
    int width = command->terminal.width > 0 ? command->terminal.width : WIDTH_OTHERWISE;
    struct weft_buf text;
    weft_buf_init(&text, TEXT_MAX);
    if (command->args.what == WEFT_ARGS_HELP_OF)
        weft_help_command_print(command->args.request.op, &text, width);
    else
        weft_help_print(&text, width);
    return text_send(command, &text, error);
}

static int reference_send(struct command *command, struct weft_error *error)
{
    struct weft_buf text;
    weft_buf_init(&text, TEXT_MAX);
    int rc = weft_reference_print(command->args.page, &text, error);
    if (rc == 0)
        return text_send(command, &text, error);
    weft_buf_release(&text);
    return rc;
}

/* `query` without SQL: the shell, or statements of a file. */
static int shell_do(struct command *command, struct weft_error *error)
{
    const struct weft_shell_config config = {.context = &command->context,
                                             .request = &command->args.request,
                                             .stream = &command->stream,
                                             .terminal = &command->terminal,
                                             .json = command->args.json,
                                             .pager = &command->pager};
    return weft_shell_run(&config, error);
}

/* Held output is shown before anything that is told. A pager that was left has shown enough. */
static int pager_finish(struct command *command, int rc, struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    bool paged = command->pager.stream != NULL;
    int ended = weft_pager_end(&command->pager, rc < 0 ? &own : error);
    return paged && command->pager.gone ? 0 : rc < 0 ? rc : ended < 0 ? ended : rc;
}

/* At a terminal, the line of the statement and a mark below the place; told, so not told again. */
static void query_error_show(struct command *command, struct weft_error *error)
{
    const struct weft_op_value *words = weft_op_value(&command->args.request, "sql");
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < words->count; i++)
        weft_buf_addf(&text, "%s%s", i == 0 ? "" : " ", words->texts[i]);
    if (text.failed || error->line == 0 || weft_process_cancelled() ||
        !command->terminal.err_terminal)
        return;
    weft_terminal_error_in(&command->terminal, error, text.data, text.length, true);
    error->message[0] = '\0';
}

static int query_do(struct command *command, struct weft_out *out, struct weft_error *error)
{
    const struct weft_op_request *request = &command->args.request;
    WEFT_TRY(weft_pager_open(&command->pager, error));
    bool shell = !weft_op_given(request, "sql");
    if (!shell && !command->args.json && !weft_op_given(request, "no-pager"))
        weft_pager_begin(&command->pager, &command->stream);
    int rc =
        shell ? shell_do(command, error) : request->op->run(&command->context, request, out, error);
    weft_terminal_quiet(&command->terminal);
    rc = pager_finish(command, rc, error);
    weft_pager_close(&command->pager);
    if (rc < 0 && !shell)
        query_error_show(command, error);
    return rc;
}

static int completion_send(struct command *command, struct weft_error *error)
{
    const struct weft_args *args = &command->args;
    struct weft_buf text;
    int rc;
    weft_buf_init(&text, (size_t)64 << 20);
    if (args->what == WEFT_ARGS_COMPLETION) {
        rc = weft_bash_script_print(args->page, &text, error);
    } else {
        weft_context_register();
        command->context.as = args->as;
        command->context.key_file = args->key_file;
        rc = weft_bash_complete(&command->context, args->request.values[0].text,
                                args->request.values[1].text, &text, error);
    }
    if (rc == 0)
        return text_send(command, &text, error);
    weft_buf_release(&text);
    return rc;
}

static bool past_asked(const struct weft_op_request *request)
{
    for (size_t i = 0; i < request->op->arg_count; i++) {
        if (strcmp(request->op->args[i].name, "as-of") == 0)
            return weft_op_given(request, "as-of");
    }
    return false;
}

static int op_do(struct command *command, struct weft_error *error)
{
    const struct weft_args *args = &command->args;
    struct weft_door door;
    struct weft_out out;
    bool query = strcmp(args->request.op->name, "query") == 0;
    WEFT_TRY(folder_enter(args->folder, error));
    weft_context_register();
    command->context.home_flag = args->home;
    command->context.as = args->as;
    command->context.key_file = args->key_file;
    command->context.purpose = args->purpose;
    if (args->environment != NULL) {
        command->context.environment = args->environment;
        command->context.environment_origin = "--env";
    }
    command->context.flags = args->settings;
    command->context.flag_count = args->setting_count;
    if (args->json)
        weft_programs_open(&door, &command->stream, &command->terminal, &out);
    else
        weft_people_open(&door, &command->stream, &command->terminal, query, &out);
    command->context.past = past_asked(&args->request);
    int rc = weft_who_begin(&command->context, args->request.op, error);
    if (rc == 0)
        rc = query ? query_do(command, &out, error)
                   : args->request.op->run(&command->context, &args->request, &out, error);
    weft_door_close(&door);
    return rc;
}

static int command_do(struct command *command, struct weft_error *error)
{
    switch (command->args.what) {
    case WEFT_ARGS_RUN:
        return op_do(command, error);
    case WEFT_ARGS_HELP:
    case WEFT_ARGS_HELP_OF:
        return help_send(command, error);
    case WEFT_ARGS_REFERENCE:
        return reference_send(command, error);
    case WEFT_ARGS_COMPLETION:
    case WEFT_ARGS_COMPLETE:
        return completion_send(command, error);
    case WEFT_ARGS_HELP_SHORT:
        break;
    }
    /* Nothing was asked for: a mistake, but one that is best answered by help. */
    struct weft_buf text;
    weft_buf_init(&text, TEXT_MAX);
    weft_help_short_print(&text, command->terminal.err_width);
    ssize_t written = write(STDERR_FILENO, text.data, text.length);
    (void)written;
    weft_buf_release(&text);
    return 0;
}

/* The operation's end and that of standard output together. */
static int status_of(struct command *command, int rc, struct weft_error *error)
{
    weft_terminal_quiet(&command->terminal);
    if (command->stream.closed)
        return STATUS_PIPE_CLOSED;
    struct weft_error own = WEFT_ERROR_INIT;
    if (weft_stream_end(&command->stream, rc < 0 ? &own : error) < 0) {
        if (command->stream.closed)
            return STATUS_PIPE_CLOSED;
        rc = -1;
    }
    if (rc == WEFT_CHANGED)
        return STATUS_CHANGED;
    if (rc >= 0)
        return command->args.what == WEFT_ARGS_HELP_SHORT ? STATUS_USAGE : 0;
    /* After Ctrl-C whatever failed failed because of it: the workers get the signal as well. */
    if (weft_process_cancelled() && error->code != WEFT_E_CANCELLED)
        weft_error_set(error, WEFT_E_CANCELLED, "stopped on request");
    if (error->message[0] != '\0') /* else each error was told when it came */
        weft_terminal_error(&command->terminal, error);
    return weft_code_exit_status(error->code);
}

int weft_command_run(int argc, char **argv)
{
    static struct command command; /* large, and one for each process */
    struct weft_error error = WEFT_ERROR_INIT;
    weft_stream_init(&command.stream, STDOUT_FILENO);
    weft_terminal_init(&command.terminal, &command.stream, false);
    int rc = weft_context_init(&command.context, &error);
    if (rc == 0)
        rc = weft_args_read(command.context.arena, argc, argv, &command.args, &error);
    if (command.args.no_colour)
        weft_terminal_init(&command.terminal, &command.stream, true);
    if (rc == 0)
        rc = command_do(&command, &error);
    int status = status_of(&command, rc, &error);
    weft_context_release(&command.context);
    return status;
}

/*
 * shell_command.c - the commands of the shell: one table, which yields the parser, the help (\?),
 * completion and the proposals for a misspelt one.
 */
#include "cli/shell_internal.h"

#include "base/fs.h"
#include "base/random.h"
#include "base/text.h"
#include "cli/printable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES ((size_t)16 << 20)

enum completes { NOTHING, TABLES, FORMATS, ON_OFF, TIMES };

struct command {
    const char *name; /* without the \ */
    const char *argument;
    const char *help;
    enum completes completes;
    int (*run)(struct weft_shell *shell, const char *argument, struct weft_error *error);
};

static const char *const formats[] = {"table", "csv", "json", "ndjson"};
static const char *const on_off[] = {"on", "off"};
static const char *const times[] = {"off"};

/* A line of the shell's own, where people look. */
static void say(struct weft_shell *shell, const char *format, ...) WEFT_PRINTF(2, 3);
static void say(struct weft_shell *shell, const char *format, ...)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf shown;
    va_list args;
    weft_buf_init(&text, 65536);
    weft_buf_init(&shown, 1 << 20);
    if (!shell->interactive)
        return;
    va_start(args, format);
    weft_buf_addv(&text, format, args);
    va_end(args);
    weft_printable_add(&shown, text.data, text.length, WEFT_PRINTABLE_LINES);
    weft_buf_addc(&shown, '\n');
    ssize_t written = shown.failed ? 0 : write(STDERR_FILENO, shown.data, shown.length);
    (void)written;
}

static int needs(const char *command, const char *argument, const char *what,
                 struct weft_error *error)
{
    if (argument[0] != '\0')
        return 0;
    return weft_error_set(error, WEFT_E_USAGE, "\\%s needs %s", command, what);
}

/* on, off, or nothing: the other one. */
static int switch_take(const char *argument, bool *value, struct weft_error *error)
{
    if (argument[0] == '\0')
        *value = !*value;
    else if (strcmp(argument, "on") == 0 || strcmp(argument, "off") == 0)
        *value = strcmp(argument, "on") == 0;
    else
        return weft_error_set(error, WEFT_E_USAGE, "`%s` is neither on nor off", argument);
    return 0;
}

/* ---- what is there ---- */

static int op_show(struct weft_shell *shell, const char *op, const char *word,
                   struct weft_error *error)
{
    struct weft_door door;
    struct weft_out out;
    const char *const words[] = {word};
    WEFT_TRY(weft_shell_out_open(shell, &door, &out, false, error));
    door.expanded = false;
    int rc = weft_session_op(&shell->session, op, words, word == NULL ? 0 : 1, &out, error);
    return weft_shell_out_close(shell, &door, rc, error);
}

static int columns_send(const struct weft_session_table *table, struct weft_out *out,
                        struct weft_error *error)
{
    static const struct weft_out_column heads[] = {{.name = "column"}, {.name = "type"}};
    WEFT_TRY(weft_out_table(out, heads, WEFT_COUNT(heads), error));
    for (size_t i = 0; i < table->column_count; i++) {
        const struct weft_cell cells[] = {weft_out_cell_text(table->columns[i].name),
                                          weft_out_cell_text(table->columns[i].type)};
        WEFT_TRY(weft_out_row(out, cells, error));
    }
    return weft_out_table_end(out, error);
}

static int mesh_show(struct weft_shell *shell, const struct weft_session_table *table,
                     struct weft_error *error)
{
    struct weft_door door;
    struct weft_out out;
    WEFT_TRY(weft_shell_out_open(shell, &door, &out, false, error));
    int rc = columns_send(table, &out, error);
    return weft_shell_out_close(shell, &door, rc, error);
}

/* d.p__v1 is d.p@1 outside of SQL. */
static char *product_word(const char *name)
{
    const char *mark = strstr(name, "__v");
    return mark == NULL ? weft_strdup(name)
                        : weft_format("%.*s@%s", (int)(mark - name), name, mark + 3);
}

static int describe(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    if (shell->as_of != NULL)
        say(shell, "(the newest state, not that of %s)", shell->as_of);
    if (argument[0] == '\0')
        return op_show(shell, "ls", NULL, error);
    weft_shell_names_refresh(shell);
    const struct weft_session_table *table = weft_session_table(&shell->names, argument);
    if (table != NULL && table->mesh)
        return mesh_show(shell, table, error);
    WEFT_CLEANUP(weft_freep) char *word = product_word(argument);
    if (word == NULL)
        return weft_error_nomem(error);
    return op_show(shell, "show", word, error);
}

static int tables_list(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    static const struct weft_out_column heads[] = {{.name = "table"},
                                                   {.name = "columns", .right = true}};
    struct weft_door door;
    struct weft_out out;
    WEFT_TRY(weft_session_names(&shell->session, &shell->names, error));
    WEFT_TRY(weft_shell_out_open(shell, &door, &out, false, error));
    int rc = weft_out_table(&out, heads, WEFT_COUNT(heads), error);
    for (size_t i = 0; rc == 0 && i < shell->names.count; i++) {
        const struct weft_session_table *table = &shell->names.tables[i];
        const struct weft_cell cells[] = {weft_out_cell_text(table->name),
                                          weft_out_cell_int((int64_t)table->column_count)};
        if (strstr(table->name, argument) != NULL)
            rc = weft_out_row(&out, cells, error);
    }
    if (rc == 0)
        rc = weft_out_table_end(&out, error);
    return weft_shell_out_close(shell, &door, rc, error);
}

/* ---- how it is shown ---- */

static int timing_switch(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    WEFT_TRY(switch_take(argument, &shell->timing, error));
    say(shell, "Timing is %s.", shell->timing ? "on" : "off");
    return 0;
}

static int expanded_switch(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    WEFT_TRY(switch_take(argument, &shell->expanded, error));
    say(shell, "A row is shown as %s.", shell->expanded ? "a block of lines" : "a line");
    return 0;
}

static int pager_switch(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    WEFT_TRY(switch_take(argument, &shell->paging, error));
    say(shell, "The pager is %s.", shell->paging ? "on" : "off");
    return 0;
}

static int format_take(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    if (argument[0] != '\0')
        WEFT_TRY(weft_session_format(&shell->session, argument, error));
    say(shell, "The format is %s.", formats[shell->session.format]);
    return 0;
}

static int csv_take(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    (void)argument;
    return format_take(shell, "csv", error);
}

static int json_take(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    (void)argument;
    return format_take(shell, "json", error);
}

static int table_take(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    (void)argument;
    return format_take(shell, "table", error);
}

static int as_of_take(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    bool off = strcmp(argument, "off") == 0;
    if (argument[0] != '\0') {
        WEFT_CLEANUP(weft_freep) char *kept = off ? NULL : weft_strdup(argument);
        if (kept == NULL && !off)
            return weft_error_nomem(error);
        WEFT_TRY(weft_session_as_of(&shell->session, off ? NULL : argument, error));
        weft_free(shell->as_of);
        shell->as_of = kept;
        kept = NULL;
    }
    say(shell, shell->as_of == NULL ? "Statements see the newest state." : "Statements see %s%s.",
        shell->as_of == NULL ? "" : "the state of ", shell->as_of == NULL ? "" : shell->as_of);
    return 0;
}

/* ---- files ---- */

static int file_open(struct weft_shell *shell, const char *name, struct weft_error *error)
{
    const char *home = shell->session.context->home;
    int fd = -1;
    if (home != NULL && weft_fs_inside(name, home)) {
        weft_error_set(error, WEFT_E_REFUSED, "%s lies in the home", name);
        return weft_error_hint(error, "write the results somewhere else");
    }
    if (shell->file == NULL)
        shell->file = weft_alloc(sizeof *shell->file);
    WEFT_CLEANUP(weft_freep) char *kept = weft_strdup(name);
    if (shell->file == NULL || kept == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, &fd, error));
    weft_stream_init(shell->file, fd);
    weft_free(shell->file_name);
    shell->file_name = kept;
    shell->file->name = kept;
    kept = NULL;
    shell->file_open = true;
    return 0;
}

/* The ending says what its reader expects; parquet is one table a file. */
static int format_of_file(struct weft_shell *shell, const char *name, struct weft_error *error)
{
    const char *ending = strrchr(weft_path_basename(name), '.');
    if (ending == NULL)
        return 0;
    if (weft_equal_fold(ending, ".parquet"))
        return weft_session_format(&shell->session, "parquet", error);
    for (size_t i = 1; i < WEFT_COUNT(formats); i++) {
        if (weft_equal_fold(ending + 1, formats[i]))
            return weft_session_format(&shell->session, formats[i], error);
    }
    return 0;
}

static int output_take(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    if (argument[0] == '|') {
        weft_error_set(error, WEFT_E_NOT_YET, "this version cannot write to a command yet");
        return weft_error_hint(error, "\\o FILE writes to a file; `weft query -f FILE | COMMAND` "
                                      "pipes");
    }
    if (shell->file_open)
        shell->session.format = shell->screen_format;
    WEFT_TRY(weft_shell_file_close(shell, error));
    if (argument[0] == '\0') {
        say(shell, "Results go to the screen.");
        return 0;
    }
    shell->screen_format = shell->session.format;
    WEFT_TRY(format_of_file(shell, argument, error));
    if (file_open(shell, argument, error) < 0) {
        shell->session.format = shell->screen_format;
        return -1;
    }
    say(shell, "Results go to %s as %s; \\o ends it.", argument, formats[shell->session.format]);
    return 0;
}

static int file_include(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    WEFT_TRY(needs("i", argument, "the name of a file", error));
    if (shell->depth >= WEFT_SHELL_DEPTH_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "files run each other more than %d deep",
                              WEFT_SHELL_DEPTH_MAX);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_freep) char *name = weft_strdup(argument); /* the line may be read over */
    weft_buf_init(&text, FILE_MAX_BYTES + 1);
    if (name == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_read_file(name, FILE_MAX_BYTES, &text, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no file %s", name);
    WEFT_TRY(rc);
    return weft_shell_text(shell, name, text.data, text.length, error);
}

static const char *editor_wish(void)
{
    static const char *const names[] = {"WEFT_EDITOR", "VISUAL", "EDITOR"};
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return value;
    }
    return "vi";
}

static int editor_call(const char *path, struct weft_error *error)
{
    struct weft_process process;
    int status;
    /* A path of ours: no character in it that sh would read. */
    WEFT_CLEANUP(weft_freep) char *command = weft_format("%s '%s'", editor_wish(), path);
    if (command == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_process_spawn_shell(command, -1, &process, error));
    WEFT_TRY(weft_process_wait(&process, &status, NULL, error));
    weft_process_cancel_forget();
    if (status == 0)
        return 0;
    weft_error_set(error, WEFT_E_WORKER, "the editor `%s` did not end well; nothing is run",
                   editor_wish());
    return weft_error_hint(error, "WEFT_EDITOR, VISUAL or EDITOR names another");
}

static int edited_run(struct weft_shell *shell, const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, FILE_MAX_BYTES + 1);
    WEFT_TRY(weft_fs_read_file(path, FILE_MAX_BYTES, &text, error));
    while (text.length > 0 && strchr(" \t\n\r", text.data[text.length - 1]) != NULL)
        weft_buf_shrink(&text, text.length - 1);
    if (text.length == 0)
        return 0;
    say(shell, "%s", text.data);
    if (shell->editor != NULL)
        weft_editor_remember(shell->editor, text.data, text.length);
    return weft_shell_text(shell, NULL, text.data, text.length, error);
}

static int statement_edit(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    char id[WEFT_UUID_TEXT];
    const char *folder = getenv("TMPDIR");
    (void)argument;
    if (!shell->interactive)
        return weft_error_set(error, WEFT_E_USAGE, "\\e is for a shell at a terminal");
    if (folder == NULL || folder[0] != '/' || strchr(folder, '\'') != NULL)
        folder = "/tmp";
    WEFT_TRY(weft_uuid(id, error));
    WEFT_CLEANUP(weft_freep) char *path = weft_format("%s/weft-%s.sql", folder, id);
    bool typed = strspn(shell->text.data, " \t\r\n") < shell->text.length;
    WEFT_CLEANUP(weft_freep)
    char *text = typed                    ? weft_strndup(shell->text.data, shell->text.length)
                 : shell->last.length > 0 ? weft_format("%s;\n", shell->last.data)
                                          : weft_strdup("");
    if (path == NULL || text == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_write_file(path, text, strlen(text), error));
    weft_buf_clear(&shell->text);
    weft_buf_clear(&shell->typed);
    int rc = editor_call(path, error);
    if (rc == 0)
        rc = edited_run(shell, path, error);
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (weft_fs_unlink(path, rc < 0 ? &ignored : error) < 0)
        return -1;
    return rc;
}

/* ---- the shell itself ---- */

static int text_reset(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    (void)argument, (void)error;
    weft_buf_clear(&shell->text);
    weft_buf_clear(&shell->typed);
    say(shell, "What was typed is forgotten.");
    return 0;
}

static int quit(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    (void)argument, (void)error;
    shell->quit = true;
    return 0;
}

static int help(struct weft_shell *shell, const char *argument, struct weft_error *error);

static const struct command commands[] = {
    {"d", "[TABLE]", "Products; or the columns, rules, key and owner of one.", TABLES, describe},
    {"dt", "[TEXT]", "All that FROM can name, the mesh's own tables too.", TABLES, tables_list},
    {"x", "[on|off]", "Show a row as a block of lines.", ON_OFF, expanded_switch},
    {"timing", "[on|off]", "Tell how long each statement took.", ON_OFF, timing_switch},
    {"as-of", "[WHEN|off]", "See the state of a time or a snapshot.", TIMES, as_of_take},
    {"o", "[FILE]", "Write results to a file; without one to the screen.", NOTHING, output_take},
    {"format", "[NAME]", "table, csv, json or ndjson.", FORMATS, format_take},
    {"csv", "", "Results as csv.", NOTHING, csv_take},
    {"json", "", "Results as JSON.", NOTHING, json_take},
    {"table", "", "Results as a table.", NOTHING, table_take},
    {"pager", "[on|off]", "Show tables higher than the screen in a pager.", ON_OFF, pager_switch},
    {"i", "FILE", "Run the statements of a file.", NOTHING, file_include},
    {"e", "", "Edit the statement, or the last one, in WEFT_EDITOR, VISUAL or EDITOR.", NOTHING,
     statement_edit},
    {"r", "", "Forget what is typed so far; likewise Ctrl-C.", NOTHING, text_reset},
    {"?", "", "These commands; likewise \\h.", NOTHING, help},
    {"h", "", "These commands.", NOTHING, help},
    {"q", "", "Leave; likewise Ctrl-D.", NOTHING, quit},
};

static int help(struct weft_shell *shell, const char *argument, struct weft_error *error)
{
    struct weft_door door;
    struct weft_out out;
    (void)argument;
    WEFT_TRY(weft_shell_out_open(shell, &door, &out, false, error));
    int rc = weft_out_line(&out, WEFT_STYLE_PLAIN, error,
                           "A statement ends with ; and may go over lines. Tab completes.");
    for (size_t i = 0; rc == 0 && i < WEFT_COUNT(commands); i++) {
        char name[64];
        snprintf(name, sizeof name, "\\%s %s", commands[i].name, commands[i].argument);
        if (commands[i].run != help || commands[i].name[0] == '?')
            rc = weft_out_line(&out, WEFT_STYLE_PLAIN, error, "  %-20s %s", name, commands[i].help);
    }
    return weft_shell_out_close(shell, &door, rc, error);
}

static int command_unknown(const char *name, struct weft_error *error)
{
    const char *names[WEFT_COUNT(commands)];
    for (size_t i = 0; i < WEFT_COUNT(commands); i++)
        names[i] = commands[i].name;
    const char *near = weft_suggest(name, names, WEFT_COUNT(names));
    for (size_t i = 0; near == NULL && name[0] != '\0' && i < WEFT_COUNT(commands); i++) {
        if (strncmp(names[i], name, strlen(name)) == 0)
            near = names[i];
    }
    weft_error_set(error, WEFT_E_USAGE, "there is no command \\%s", name);
    if (near != NULL)
        return weft_error_hint(error, "did you mean \\%s?", near);
    return weft_error_hint(error, "\\? lists the commands");
}

int weft_shell_command(struct weft_shell *shell, const char *line, struct weft_error *error)
{
    size_t length = strcspn(line + 1, " \t;");
    WEFT_CLEANUP(weft_freep) char *name = weft_strndup(line + 1, length);
    const char *rest = line + 1 + length;
    rest += strspn(rest, " \t");
    size_t end = strlen(rest);
    /* A `;` at the end is what fingers add. */
    while (end > 0 && strchr(" \t;\r", rest[end - 1]) != NULL)
        end--;
    WEFT_CLEANUP(weft_freep) char *argument = weft_strndup(rest, end);
    if (name == NULL || argument == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < WEFT_COUNT(commands); i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        if (argument[0] != '\0' && commands[i].argument[0] == '\0')
            return weft_error_set(error, WEFT_E_USAGE, "\\%s takes no argument, but there is `%s`",
                                  name, argument);
        return commands[i].run(shell, argument, error);
    }
    return command_unknown(name, error);
}

/* ---- completion ---- */

static int argument_complete(struct weft_shell *shell, enum completes completes,
                             struct weft_arena *arena, const char *line, size_t start,
                             size_t cursor, struct weft_completion *out)
{
    switch (completes) {
    case TABLES:
        return weft_complete_tables(arena, &shell->names, line, start, cursor, true, out);
    case FORMATS:
        return weft_complete_words(arena, formats, WEFT_COUNT(formats), line, start, cursor, out);
    case ON_OFF:
        return weft_complete_words(arena, on_off, WEFT_COUNT(on_off), line, start, cursor, out);
    case TIMES:
        return weft_complete_words(arena, times, WEFT_COUNT(times), line, start, cursor, out);
    case NOTHING:
        break;
    }
    return 0;
}

int weft_shell_command_complete(struct weft_shell *shell, struct weft_arena *arena,
                                const char *line, size_t cursor, struct weft_completion *out)
{
    const char *names[WEFT_COUNT(commands)];
    size_t name = 1 + strcspn(line + 1, " \t");
    for (size_t i = 0; i < WEFT_COUNT(commands); i++)
        names[i] = commands[i].name;
    if (cursor <= name)
        return weft_complete_words(arena, names, WEFT_COUNT(names), line, 1, cursor, out);
    for (size_t i = 0; i < WEFT_COUNT(commands); i++) {
        if (strlen(names[i]) == name - 1 && strncmp(names[i], line + 1, name - 1) == 0)
            return argument_complete(shell, commands[i].completes, arena, line,
                                     name + strspn(line + name, " \t"), cursor, out);
    }
    return 0;
}

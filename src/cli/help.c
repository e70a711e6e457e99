/*
 * help.c - what `weft help` and `weft reference` print.
 */
#include "cli/help.h"

#include "base/text.h"
#include "checkout/mesh.h"
#include "checkout/settings.h"
#include "cli/args.h"
#include "document/keys.h"
#include "trust/roles.h"

#include <stdio.h>
#include <string.h>

#define WIDTH_MAX 100 /* longer lines are hard to read */
#define NAME_COLUMN 14
#define ARG_COLUMN 26

static const struct {
    const char *name, *title;
} groups[] = {
    {"start", "From files to products"},  {"products", "Products and their rows"},
    {"look", "Looking at the mesh"},      {"access", "Who may see what"},
    {"home", "The home and the program"},
};

/* Words of text from column `at` on, further lines indented so far. */
static void wrap(struct weft_buf *out, const char *text, size_t at, int width)
{
    size_t limit = (size_t)(width > WIDTH_MAX || width <= 0 ? WIDTH_MAX : width);
    size_t column = at;
    bool first = true;
    while (*text != '\0') {
        size_t length = strcspn(text, " \n");
        size_t shown = weft_utf8_width(text, length);
        if (!first && column + 1 + shown > limit) {
            weft_buf_addf(out, "\n%*s", (int)at, "");
            column = at;
        } else if (!first) {
            weft_buf_addc(out, ' ');
            column++;
        }
        weft_buf_add(out, text, length);
        column += shown;
        first = false;
        text += length;
        if (*text == '\n') {
            weft_buf_addf(out, "\n%*s", (int)at, "");
            column = at;
            first = true;
        }
        text += *text != '\0';
    }
    weft_buf_addc(out, '\n');
}

/* "  name   text" with the text in its column, or on the next line when the name is long. */
static void entry_print(struct weft_buf *out, const char *name, const char *text, size_t column,
                        int width)
{
    weft_buf_addf(out, "  %-*s", (int)column - 2, name);
    if (strlen(name) + 3 > column)
        weft_buf_addf(out, "\n%*s", (int)column, "");
    wrap(out, text, column, width);
}

static void arg_print(struct weft_buf *out, const struct weft_op_arg *arg, int width)
{
    char name[80];
    const char *value = arg->value == NULL ? "" : arg->value;
    if (arg->kind >= WEFT_ARG_WORD)
        snprintf(name, sizeof name, "%s%s", value, arg->kind == WEFT_ARG_WORDS ? " ..." : "");
    else if (arg->letter != 0)
        snprintf(name, sizeof name, "-%c, --%s%s%s", arg->letter, arg->name,
                 arg->value == NULL ? "" : " ", value);
    else
        snprintf(name, sizeof name, "    --%s%s%s", arg->name, arg->value == NULL ? "" : " ",
                 value);
    entry_print(out, name, arg->help, ARG_COLUMN, width);
}

static void globals_print(struct weft_buf *out, int width)
{
    weft_buf_adds(out, "\nOptions of every command\n");
    for (size_t i = 0; i < weft_args_global_count(); i++)
        arg_print(out, weft_args_global(i), width);
}

/* Commands of the command line itself stand behind the operations. */
static void own_print(struct weft_buf *out, int width)
{
    for (size_t i = weft_op_count(); i < weft_args_command_count(); i++)
        entry_print(out, weft_args_command_nth(i)->name, weft_args_command_nth(i)->summary,
                    NAME_COLUMN, width);
}

void weft_help_print(struct weft_buf *out, int width)
{
    weft_buf_adds(out, "Usage: weft [OPTION ...] COMMAND [OPTION ...] [WORD ...]\n");
    for (size_t g = 0; g < WEFT_COUNT(groups); g++) {
        weft_buf_addf(out, "\n%s\n", groups[g].title);
        for (size_t i = 0; i < weft_op_count(); i++) {
            const struct weft_op *op = weft_op_nth(i);
            if (strcmp(op->group, groups[g].name) == 0)
                entry_print(out, op->name, op->summary, NAME_COLUMN, width);
        }
        if (strcmp(groups[g].name, "home") == 0)
            own_print(out, width);
    }
    globals_print(out, width);
    weft_buf_adds(out, "\nExit status: 0 done; 1 failed or refused; 2 wrong arguments; 3 blocked "
                       "by a check or a\npolicy; 4 there are changes (plan --exit-code); 130 "
                       "stopped.\n\n`weft help COMMAND` shows a command in full.\n");
}

void weft_help_short_print(struct weft_buf *out, int width)
{
    weft_buf_adds(out, "Usage: weft [OPTION ...] COMMAND [OPTION ...] [WORD ...]\n\n");
    for (size_t g = 0; g < WEFT_COUNT(groups); g++) {
        struct weft_buf names;
        weft_buf_init(&names, 4096);
        for (size_t i = 0; i < weft_op_count(); i++) {
            const struct weft_op *op = weft_op_nth(i);
            if (strcmp(op->group, groups[g].name) == 0)
                weft_buf_addf(&names, "%s%s", names.length == 0 ? "" : " ", op->name);
        }
        entry_print(out, groups[g].title, names.data, ARG_COLUMN + 2, width);
        weft_buf_release(&names);
    }
    weft_buf_adds(out, "\n`weft init my_mesh` makes a small mesh to try; `weft help` shows all "
                       "commands.\n");
}

static void usage_print(const struct weft_op *op, struct weft_buf *out)
{
    bool options = false;
    weft_buf_addf(out, "Usage: weft %s", op->name);
    for (size_t i = 0; i < op->arg_count; i++)
        options = options || op->args[i].kind < WEFT_ARG_WORD;
    if (options)
        weft_buf_adds(out, " [OPTION ...]");
    for (size_t i = 0; i < op->arg_count; i++) {
        const struct weft_op_arg *arg = &op->args[i];
        if (arg->kind == WEFT_ARG_WORD_NEEDED)
            weft_buf_addf(out, " %s", arg->value);
        else if (arg->kind == WEFT_ARG_WORD)
            weft_buf_addf(out, " [%s]", arg->value);
        else if (arg->kind == WEFT_ARG_WORDS)
            weft_buf_addf(out, " [%s ...]", arg->value);
    }
    weft_buf_adds(out, "\n\n");
}

void weft_help_command_print(const struct weft_op *op, struct weft_buf *out, int width)
{
    usage_print(op, out);
    wrap(out, op->summary, 0, width);
    if (op->help != NULL) {
        weft_buf_addc(out, '\n');
        wrap(out, op->help, 0, width);
    }
    if (op->arg_count > 0)
        weft_buf_addc(out, '\n');
    for (size_t i = 0; i < op->arg_count; i++)
        arg_print(out, &op->args[i], width);
    globals_print(out, width);
}

/* ---- pages ---- */

static int commands_page(struct weft_buf *out, struct weft_error *error)
{
    WEFT_TRY(weft_op_page_print(out, error));
    for (size_t i = weft_op_count(); i < weft_args_command_count(); i++) {
        const struct weft_op *own = weft_args_command_nth(i);
        weft_buf_addf(out, "\n## weft %s\n\n%s\n", own->name, own->summary);
        if (own->help != NULL)
            weft_buf_addf(out, "\n%s\n", own->help);
        for (size_t a = 0; a < own->arg_count; a++)
            weft_buf_addf(out, "\n| argument | meaning |\n|---|---|\n| `%s` | %s |\n",
                          own->args[a].value, own->args[a].help);
    }
    weft_buf_adds(out, "\n## Options of every command\n\nBefore or behind the command's name.\n\n"
                       "| argument | meaning |\n|---|---|\n");
    for (size_t i = 0; i < weft_args_global_count(); i++) {
        const struct weft_op_arg *arg = weft_args_global(i);
        weft_buf_adds(out, "| `");
        if (arg->letter != 0)
            weft_buf_addf(out, "-%c, ", arg->letter);
        weft_buf_addf(out, "--%s%s%s` | %s |\n", arg->name, arg->value == NULL ? "" : " ",
                      arg->value == NULL ? "" : arg->value, arg->help);
    }
    weft_buf_adds(
        out, "\n## Exit status\n\n| status | meaning |\n|---|---|\n| 0 | done |\n"
             "| 1 | failed or refused |\n| 2 | wrong arguments, or a question with no "
             "terminal to ask at and no `--yes` |\n| 3 | blocked by a check or a policy, or a test "
             "failed |\n| 4 | there are changes (`plan --exit-code`) |\n| 130 | stopped by "
             "Ctrl-C |\n| 141 | the reader of standard output went away |\n\nOf several "
             "products the highest counts.\n");
    return weft_buf_check(out, error);
}

static int errors_page(struct weft_buf *out, struct weft_error *error)
{
    weft_buf_adds(out,
                  "# Errors\n\nMade from the table of codes. The name stands in logs and in "
                  "JSON; the other columns say\nhow the doors show it.\n\n"
                  "| code | exit status | SQLSTATE | HTTP | meaning |\n|---|---|---|---|---|\n");
    for (int i = 0; i < WEFT_E_COUNT; i++) {
        enum weft_code code = (enum weft_code)i;
        weft_buf_addf(out, "| `%s` | %d | %s | %d | %s |\n", weft_code_name(code),
                      weft_code_exit_status(code), weft_code_sqlstate(code),
                      weft_code_http_status(code), weft_code_meaning(code));
    }
    return weft_buf_check(out, error);
}

static int roles_page(struct weft_buf *out, struct weft_error *error)
{
    weft_buf_adds(out,
                  "# Roles\n\nMade from the table of roles. A role gives rights to act, never to "
                  "see data, but for the\ntwo of a domain, whose holders belong to its team. "
                  "`weft user set alice --role auditor` gives one,\n`--role "
                  "domain_owner@hospital` one of a domain; an `owner: user:dana` in domain.yaml "
                  "is\ndomain_owner there, a member domain_engineer.\n\n");
    weft_roles_print(out);
    return weft_buf_check(out, error);
}

int weft_reference_print(const char *page, struct weft_buf *out, struct weft_error *error)
{
    if (strcmp(page, "commands") == 0)
        return commands_page(out, error);
    if (strcmp(page, "keys") == 0)
        return weft_keys_page_print(out, error);
    if (strcmp(page, "settings") == 0)
        return weft_settings_page_print(out, error);
    if (strcmp(page, "errors") == 0)
        return errors_page(out, error);
    if (strcmp(page, "changes") == 0)
        return weft_changes_page_print(out, error);
    if (strcmp(page, "roles") == 0)
        return roles_page(out, error);
    weft_error_set(error, WEFT_E_USAGE, "there is no page `%s`", page);
    return weft_error_hint(error, "commands, keys, settings, errors, changes or roles");
}

/*
 * args.h - the command line, read by the table of operations: options of every command before or
 * behind the command's name, the command's own options behind it, words in their places.
 *
 * getopt_long does the splitting, so the usual forms hold: --name=value, --name value, -yf FILE,
 * unambiguous beginnings of long names, `--` before words that begin with a dash.
 */
#ifndef WEFT_CLI_ARGS_H
#define WEFT_CLI_ARGS_H

#include "app/op.h"

#define WEFT_ARGS_SETTINGS_MAX 64

enum weft_args_what {
    WEFT_ARGS_RUN,
    WEFT_ARGS_HELP,       /* all commands */
    WEFT_ARGS_HELP_OF,    /* one command: request.op */
    WEFT_ARGS_HELP_SHORT, /* nothing was asked for */
    WEFT_ARGS_REFERENCE,  /* hidden: a page of docs/reference, named by `page` */
    WEFT_ARGS_COMPLETION, /* the script for the shell named by `page` */
    WEFT_ARGS_COMPLETE    /* hidden: what it asks; words of the request */
};

struct weft_args {
    enum weft_args_what what;
    const char *home; /* NULL = not given, likewise below */
    const char *environment;
    const char *as;
    const char *key_file;
    const char *purpose;
    const char *folder;
    bool json;
    bool no_colour;
    struct weft_flag_setting settings[WEFT_ARGS_SETTINGS_MAX];
    size_t setting_count;
    struct weft_op_request request;
    const char *page;
};

/* argv as main gets it; texts point into it or into the arena. USAGE with a suggestion. */
int weft_args_read(struct weft_arena *arena, int argc, char **argv, struct weft_args *out,
                   struct weft_error *error) WEFT_MUST_CHECK;

/* The commands that people are told of: operations, and those of the command line itself. */
size_t weft_args_command_count(void);
const struct weft_op *weft_args_command_nth(size_t i);
const struct weft_op *weft_args_command(const char *name); /* NULL = none */

/* The options of every command, for help and reference. */
size_t weft_args_global_count(void);
const struct weft_op_arg *weft_args_global(size_t i);

#endif

/*
 * args.c - the parser of args.h. getopt keeps its place in global variables: one parse at a time.
 */
#include "cli/args.h"

#include "base/mem.h"
#include "base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
    GLOBAL_HOME,
    GLOBAL_ENV,
    GLOBAL_JSON,
    GLOBAL_AS,
    GLOBAL_KEY_FILE,
    GLOBAL_PURPOSE,
    GLOBAL_SET,
    GLOBAL_MEMORY,
    GLOBAL_THREADS,
    GLOBAL_FOLDER,
    GLOBAL_NO_COLOUR,
    GLOBAL_HELP,
    GLOBAL_COUNT
};

static const struct weft_op_arg globals[GLOBAL_COUNT] = {
    {"home", 0, WEFT_ARG_TEXT, "DIR", "The home; else WEFT_HOME, else the environment's."},
    {"env", 0, WEFT_ARG_TEXT, "NAME", "The environment of weft.yaml; else WEFT_ENV, else dev."},
    {"json", 0, WEFT_ARG_FLAG, NULL, "Results as JSON, for programs."},
    {"as", 0, WEFT_ARG_TEXT, "PRINCIPAL", "See and do only what this one may, as in user:alice."},
    {"key-file", 0, WEFT_ARG_TEXT, "FILE", "Act by the key in this file; else by WEFT_KEY."},
    {"purpose", 0, WEFT_ARG_TEXT, "PURPOSE", "What data is read for; grants may ask for one."},
    {"set", 0, WEFT_ARG_TEXTS, "NAME=VALUE", "A setting; `weft settings` lists them."},
    {"memory", 0, WEFT_ARG_TEXT, "SIZE", "Memory for a run or query, as in 2GB."},
    {"threads", 0, WEFT_ARG_TEXT, "N", "Threads of a run or query."},
    {"directory", 'C', WEFT_ARG_TEXT, "DIR", "Start in this folder."},
    {"no-color", 0, WEFT_ARG_FLAG, NULL, "No colour; likewise with NO_COLOR set."},
    {"help", 'h', WEFT_ARG_FLAG, NULL, "Help on weft, or on the command."},
};

/* Commands that are no operations: they need no home and have no JSON form. */
static const struct weft_op_arg help_args[] = {
    {"command", 0, WEFT_ARG_WORD, "COMMAND", "One of them; all without it."},
};
static const struct weft_op help_op = {.name = "help",
                                       .group = "home",
                                       .summary = "Show the commands, or one of them in full.",
                                       .args = help_args,
                                       .arg_count = WEFT_COUNT(help_args)};
static const struct weft_op_arg reference_args[] = {
    {"page", 0, WEFT_ARG_WORD_NEEDED, "PAGE", "commands, keys, settings, errors, changes or roles"},
};
static const struct weft_op reference_op = {.name = "reference",
                                            .group = "home",
                                            .summary = "Print a page of the reference.",
                                            .args = reference_args,
                                            .arg_count = WEFT_COUNT(reference_args)};

static const struct weft_op_arg completion_args[] = {
    {"shell", 0, WEFT_ARG_WORD_NEEDED, "SHELL", "bash"},
};
static const struct weft_op completion_op = {
    .name = "completion",
    .group = "home",
    .summary = "Print a script that completes the words of weft in bash.",
    .help = "`eval \"$(weft completion bash)\"` in ~/.bashrc, or the output in a file of "
            "~/.local/share/bash-completion/completions/weft.",
    .args = completion_args,
    .arg_count = WEFT_COUNT(completion_args)};
static const struct weft_op_arg complete_args[] = {
    {"line", 0, WEFT_ARG_WORD_NEEDED, "LINE", "The command up to the cursor."},
    {"word", 0, WEFT_ARG_WORD_NEEDED, "WORD", "Its last word, as bash splits it."},
};
static const struct weft_op complete_op = {.name = "complete",
                                           .group = "home",
                                           .summary = "What the script of `completion` asks.",
                                           .args = complete_args,
                                           .arg_count = WEFT_COUNT(complete_args)};
static const struct weft_op *const own_ops[] = {&help_op, &completion_op};

#define OPTIONS_MAX (WEFT_OP_ARGS_MAX + GLOBAL_COUNT + 2)
#define VALUE_GLOBAL 1000
#define VALUE_OP 2000
#define VALUE_VERSION 3000

struct parse {
    struct weft_arena *arena;
    struct weft_args *args;
    const struct weft_op *op; /* NULL before the command's name */
    struct option options[OPTIONS_MAX];
    char letters[2 * OPTIONS_MAX + 3];
    const char **words;
    size_t word_count;
    bool help, version;
};

size_t weft_args_global_count(void)
{
    return GLOBAL_COUNT;
}

const struct weft_op_arg *weft_args_global(size_t i)
{
    assert(i < GLOBAL_COUNT);
    return &globals[i];
}

static bool is_word(const struct weft_op_arg *arg)
{
    return arg->kind >= WEFT_ARG_WORD;
}

static const struct weft_op *command_find(const char *name)
{
    if (strcmp(name, help_op.name) == 0)
        return &help_op;
    if (strcmp(name, reference_op.name) == 0)
        return &reference_op;
    if (strcmp(name, completion_op.name) == 0)
        return &completion_op;
    if (strcmp(name, complete_op.name) == 0)
        return &complete_op;
    return weft_op_find(name);
}

size_t weft_args_command_count(void)
{
    return weft_op_count() + WEFT_COUNT(own_ops);
}

const struct weft_op *weft_args_command_nth(size_t i)
{
    return i < weft_op_count() ? weft_op_nth(i) : own_ops[i - weft_op_count()];
}

const struct weft_op *weft_args_command(const char *name)
{
    for (size_t i = 0; i < weft_args_command_count(); i++) {
        if (strcmp(weft_args_command_nth(i)->name, name) == 0)
            return weft_args_command_nth(i);
    }
    return NULL;
}

/* ---- the table for getopt ---- */

static void option_add(struct parse *parse, size_t *count, size_t *letter,
                       const struct weft_op_arg *arg, int value)
{
    bool takes = arg->kind != WEFT_ARG_FLAG;
    assert(*count < OPTIONS_MAX - 1);
    parse->options[(*count)++] =
        (struct option){arg->name, takes ? required_argument : no_argument, NULL, value};
    if (arg->letter == 0)
        return;
    parse->letters[(*letter)++] = arg->letter;
    if (takes)
        parse->letters[(*letter)++] = ':';
}

/* A command may have a meaning of its own for a word that all have: `weft user set --set`. */
static bool option_own(const struct weft_op *op, const char *name)
{
    for (size_t i = 0; op != NULL && i < op->arg_count; i++) {
        if (!is_word(&op->args[i]) && strcmp(op->args[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Before the command's name the first word ends the options; behind it words come one by one. */
static void options_make(struct parse *parse)
{
    size_t count = 0, letter = 0;
    memset(parse->options, 0, sizeof parse->options);
    memset(parse->letters, 0, sizeof parse->letters);
    parse->letters[letter++] = parse->op == NULL ? '+' : '-';
    parse->letters[letter++] = ':';
    for (int i = 0; i < GLOBAL_COUNT; i++) {
        if (!option_own(parse->op, globals[i].name))
            option_add(parse, &count, &letter, &globals[i], VALUE_GLOBAL + i);
    }
    if (parse->op == NULL)
        parse->options[count++] = (struct option){"version", no_argument, NULL, VALUE_VERSION};
    for (size_t i = 0; parse->op != NULL && i < parse->op->arg_count; i++) {
        if (!is_word(&parse->op->args[i]))
            option_add(parse, &count, &letter, &parse->op->args[i], VALUE_OP + (int)i);
    }
}

static const struct weft_op_arg *arg_of_value(const struct parse *parse, int value)
{
    if (value >= VALUE_OP && value < VALUE_VERSION)
        return &parse->op->args[value - VALUE_OP];
    if (value >= VALUE_GLOBAL && value < VALUE_OP)
        return &globals[value - VALUE_GLOBAL];
    for (int i = 0; i < GLOBAL_COUNT; i++) {
        if (globals[i].letter == value)
            return &globals[i];
    }
    for (size_t i = 0; parse->op != NULL && i < parse->op->arg_count; i++) {
        if (parse->op->args[i].letter == value && value != 0)
            return &parse->op->args[i];
    }
    return NULL;
}

/* ---- messages ---- */

static int help_hint(const struct parse *parse, struct weft_error *error)
{
    if (parse->op == NULL)
        return weft_error_hint(error, "`weft help` lists commands and options");
    return weft_error_hint(error, "`weft help %s` shows its options", parse->op->name);
}

/* The first command that has the option, where this one has not. */
static const struct weft_op *option_owner(const char *name)
{
    for (size_t i = 0; i < weft_op_count(); i++) {
        const struct weft_op *op = weft_op_nth(i);
        for (size_t a = 0; a < op->arg_count; a++) {
            if (!is_word(&op->args[a]) && strcmp(op->args[a].name, name) == 0)
                return op;
        }
    }
    return NULL;
}

static const char *option_near(const struct parse *parse, const char *name)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;
    while (parse->options[count].name != NULL) {
        names[count] = parse->options[count].name;
        count++;
    }
    return weft_suggest(name, names, count);
}

static int option_unknown(const struct parse *parse, const char *word, struct weft_error *error)
{
    char name[64];
    const char *whose = parse->op == NULL ? "weft" : parse->op->name;
    /* Long options have values beyond those of letters. In the middle of -xyz getopt still stands
     * at that word, so the word before it says nothing. */
    if (optopt != 0 && optopt < VALUE_GLOBAL) {
        const char letter[] = {(char)optopt, 0};
        int plain = optopt > 0x20 && optopt < 0x7f;
        weft_error_set(error, WEFT_E_USAGE, "%s%s has no option -%.*s",
                       parse->op == NULL ? "" : "weft ", whose, plain, letter);
        return help_hint(parse, error);
    }
    if (optopt >= VALUE_GLOBAL)
        return weft_error_set(
            error, WEFT_E_USAGE, "--%s takes no value",
            arg_of_value(parse, optopt) == NULL ? "version" : arg_of_value(parse, optopt)->name);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    weft_error_set(error, WEFT_E_USAGE, "%s%s has no option --%s", parse->op == NULL ? "" : "weft ",
                   whose, name);
    const struct weft_op *owner = option_owner(name);
    if (owner != NULL && parse->op == NULL)
        return weft_error_hint(error, "it goes behind the command: weft %s --%s", owner->name,
                               name);
    if (owner != NULL)
        return weft_error_hint(error, "`weft %s` has it", owner->name);
    const char *near = option_near(parse, name);
    if (near != NULL)
        return weft_error_hint(error, "did you mean --%s?", near);
    return help_hint(parse, error);
}

static int value_missing(const struct parse *parse, struct weft_error *error)
{
    const struct weft_op_arg *arg = arg_of_value(parse, optopt);
    if (arg == NULL)
        return weft_error_set(error, WEFT_E_USAGE, "an option lacks its value");
    weft_error_set(error, WEFT_E_USAGE, "--%s needs a value: --%s %s", arg->name, arg->name,
                   arg->value);
    return help_hint(parse, error);
}

static int command_unknown(const char *word, struct weft_error *error)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < weft_args_command_count() && count < WEFT_COUNT(names); i++)
        names[count++] = weft_args_command_nth(i)->name;
    const char *near = weft_suggest(word, names, count);
    weft_error_set(error, WEFT_E_USAGE, "weft has no command `%s`", word);
    if (near != NULL)
        return weft_error_hint(error, "did you mean `weft %s`?", near);
    return weft_error_hint(error, "`weft help` lists the commands");
}

/* ---- values ---- */

/* Wrong names and values are told before anything is done, by a table of settings for nothing. */
static int setting_add(struct parse *parse, const char *name, const char *value, const char *origin,
                       struct weft_error *error)
{
    struct weft_settings scratch = {0};
    WEFT_TRY(weft_settings_set(&scratch, name, value, origin, error));
    if (parse->args->setting_count == WEFT_ARGS_SETTINGS_MAX)
        return weft_error_set(error, WEFT_E_USAGE, "more than %d settings are given",
                              WEFT_ARGS_SETTINGS_MAX);
    parse->args->settings[parse->args->setting_count++] =
        (struct weft_flag_setting){name, value, origin};
    return 0;
}

static int set_take(struct parse *parse, const char *text, struct weft_error *error)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        weft_error_set(error, WEFT_E_USAGE, "`%s` is not NAME=VALUE", text);
        return weft_error_hint(error, "as in --set memory=2GB; `weft settings` lists the names");
    }
    const char *name = weft_arena_strndup(parse->arena, text, (size_t)(equals - text));
    if (name == NULL)
        return weft_error_nomem(error);
    return setting_add(parse, name, equals + 1, "--set", error);
}

static int global_take(struct parse *parse, int which, const char *text, struct weft_error *error)
{
    struct weft_args *args = parse->args;
    switch (which) {
    case GLOBAL_HOME:
        args->home = text;
        return 0;
    case GLOBAL_ENV:
        args->environment = text;
        return 0;
    case GLOBAL_JSON:
        args->json = true;
        return 0;
    case GLOBAL_AS:
        args->as = text;
        return 0;
    case GLOBAL_KEY_FILE:
        args->key_file = text;
        return 0;
    case GLOBAL_PURPOSE:
        args->purpose = text;
        return 0;
    case GLOBAL_SET:
        return set_take(parse, text, error);
    case GLOBAL_MEMORY:
        return setting_add(parse, "memory", text, "--memory", error);
    case GLOBAL_THREADS:
        return setting_add(parse, "threads", text, "--threads", error);
    case GLOBAL_FOLDER:
        args->folder = text;
        return 0;
    case GLOBAL_NO_COLOUR:
        args->no_colour = true;
        return 0;
    default:
        parse->help = true;
        return 0;
    }
}

static int text_append(struct parse *parse, struct weft_op_value *value, const char *text,
                       struct weft_error *error)
{
    const char **texts = weft_arena_array(parse->arena, value->count + 1, sizeof *texts);
    if (texts == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < value->count; i++)
        texts[i] = value->texts[i];
    texts[value->count++] = text;
    value->texts = texts;
    value->given = true;
    return 0;
}

static int option_take(struct parse *parse, int value, struct weft_error *error)
{
    const struct weft_op_arg *arg = arg_of_value(parse, value);
    assert(arg != NULL);
    if (arg >= globals && arg < globals + GLOBAL_COUNT)
        return global_take(parse, (int)(arg - globals), optarg, error);
    struct weft_op_value *own = &parse->args->request.values[arg - parse->op->args];
    if (arg->kind == WEFT_ARG_TEXTS)
        return text_append(parse, own, optarg, error);
    own->given = true;
    own->text = arg->kind == WEFT_ARG_TEXT ? optarg : NULL;
    return 0;
}

/* ---- words ---- */

static int words_too_many(const struct parse *parse, const char *word, struct weft_error *error)
{
    size_t places = 0;
    for (size_t i = 0; i < parse->op->arg_count; i++)
        places += is_word(&parse->op->args[i]);
    if (places == 0)
        weft_error_set(error, WEFT_E_USAGE, "`weft %s` takes no words, but there is `%s`",
                       parse->op->name, word);
    else
        weft_error_set(error, WEFT_E_USAGE, "one word too many for `weft %s`: `%s`",
                       parse->op->name, word);
    return help_hint(parse, error);
}

/* All the words that it needs, in one line: whoever lacks one may lack the next, too. */
static int word_missing(const struct parse *parse, struct weft_error *error)
{
    char words[200] = "";
    size_t used = 0;
    for (size_t i = 0; i < parse->op->arg_count && used < sizeof words; i++) {
        const struct weft_op_arg *arg = &parse->op->args[i];
        if (arg->kind == WEFT_ARG_WORD_NEEDED)
            used += (size_t)snprintf(words + used, sizeof words - used, "%s%s",
                                     used == 0 ? "" : " ", arg->value);
    }
    weft_error_set(error, WEFT_E_USAGE, "`weft %s` needs %s", parse->op->name, words);
    return help_hint(parse, error);
}

static int words_place(struct parse *parse, struct weft_error *error)
{
    size_t next = 0;
    for (size_t i = 0; i < parse->op->arg_count; i++) {
        const struct weft_op_arg *arg = &parse->op->args[i];
        struct weft_op_value *value = &parse->args->request.values[i];
        if (arg->kind == WEFT_ARG_WORDS) {
            value->texts = parse->words + next;
            value->count = parse->word_count - next;
            value->given = value->count > 0;
            next = parse->word_count;
        } else if (is_word(arg) && next < parse->word_count) {
            value->text = parse->words[next++];
            value->given = true;
        } else if (arg->kind == WEFT_ARG_WORD_NEEDED) {
            return word_missing(parse, error);
        }
    }
    return next == parse->word_count ? 0 : words_too_many(parse, parse->words[next], error);
}

/* ---- the two passes ---- */

/* -1, -2: no option has a digit for its letter; `weft diff P -1` counts snapshots so. getopt stands
 * at the beginning of a word whenever it gave the one before. */
static bool word_is_number(const struct parse *parse, int argc, char *const *argv)
{
    if (parse->op == NULL || optind == 0 || optind >= argc || argv[optind][0] != '-')
        return false;
    const char *digits = argv[optind] + 1;
    return *digits != '\0' && strspn(digits, "0123456789") == strlen(digits);
}

/* Gives where the words begin that were not taken. */
static int pass(struct parse *parse, int argc, char **argv, int *rest, struct weft_error *error)
{
    options_make(parse);
    opterr = 0;
    optind = 0; /* begin anew: glibc's sign */
    for (;;) {
        if (word_is_number(parse, argc, argv)) {
            parse->words[parse->word_count++] = argv[optind++];
            continue;
        }
        int value = getopt_long(argc, argv, parse->letters, parse->options, NULL);
        if (value == -1)
            break;
        if (value == '?')
            return option_unknown(parse, argv[optind - 1], error);
        if (value == ':')
            return value_missing(parse, error);
        if (value == 1)
            parse->words[parse->word_count++] = optarg;
        else if (value == VALUE_VERSION)
            parse->version = true;
        else
            WEFT_TRY(option_take(parse, value, error));
    }
    *rest = optind;
    return 0;
}

static int help_take(struct parse *parse, struct weft_error *error)
{
    const char *word = parse->args->request.values[0].text;
    parse->args->what = word == NULL ? WEFT_ARGS_HELP : WEFT_ARGS_HELP_OF;
    if (word == NULL)
        return 0;
    parse->args->request.op = command_find(word);
    if (parse->args->request.op == NULL)
        return command_unknown(word, error);
    return 0;
}

static int command_read(struct parse *parse, int argc, char **argv, struct weft_error *error)
{
    int rest;
    parse->op = command_find(argv[0]);
    if (parse->op == NULL)
        return command_unknown(argv[0], error);
    assert(parse->op->arg_count <= WEFT_OP_ARGS_MAX);
    parse->args->request.op = parse->op;
    WEFT_TRY(pass(parse, argc, argv, &rest, error));
    while (rest < argc)
        parse->words[parse->word_count++] = argv[rest++];
    if (parse->help) {
        parse->args->what = WEFT_ARGS_HELP_OF;
        return 0;
    }
    WEFT_TRY(words_place(parse, error));
    if (parse->op == &help_op)
        return help_take(parse, error);
    if (parse->op == &reference_op) {
        parse->args->what = WEFT_ARGS_REFERENCE;
        parse->args->page = parse->args->request.values[0].text;
    }
    if (parse->op == &completion_op) {
        parse->args->what = WEFT_ARGS_COMPLETION;
        parse->args->page = parse->args->request.values[0].text;
    }
    if (parse->op == &complete_op)
        parse->args->what = WEFT_ARGS_COMPLETE;
    return 0;
}

int weft_args_read(struct weft_arena *arena, int argc, char **argv, struct weft_args *out,
                   struct weft_error *error)
{
    *out = (struct weft_args){.what = WEFT_ARGS_RUN};
    struct parse parse = {.arena = arena, .args = out};
    int rest;
    parse.words = weft_arena_array(arena, (size_t)argc + 1, sizeof *parse.words);
    if (parse.words == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(pass(&parse, argc, argv, &rest, error));
    if (parse.version) {
        out->request.op = weft_op_find("version");
        return 0;
    }
    if (rest < argc)
        return command_read(&parse, argc - rest, argv + rest, error);
    out->what = parse.help ? WEFT_ARGS_HELP : WEFT_ARGS_HELP_SHORT;
    return 0;
}

/*
 * bash.c - completion of bash.h.
 */
#include "cli/bash.h"

#include "app/candidates.h"
#include "base/text.h"
#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 256

static const char script[] =
    "# Completion of weft in bash: source this file, or\n"
    "#   eval \"$(weft completion bash)\"\n"
    "# in ~/.bashrc. Made by `weft completion bash`.\n"
    "_weft() {\n"
    "    local kind candidate\n"
    "    COMPREPLY=()\n"
    "    {\n"
    "        IFS= read -r kind || return 0\n"
    "        while IFS= read -r candidate; do\n"
    "            COMPREPLY+=(\"$candidate\")\n"
    "        done\n"
    "    } < <(command \"$1\" complete -- \"${COMP_LINE:0:COMP_POINT}\" \"$2\" 2>/dev/null)\n"
    "    case $kind in\n"
    "    files) compopt -o default 2>/dev/null ;;\n"
    "    folders) compopt -o dirnames 2>/dev/null ;;\n"
    "    open) compopt -o nospace 2>/dev/null ;;\n"
    "    esac\n"
    "}\n"
    "complete -F _weft weft\n";

int weft_bash_script_print(const char *shell, struct weft_buf *out, struct weft_error *error)
{
    if (strcmp(shell, "bash") != 0) {
        weft_error_set(error, WEFT_E_NOT_YET, "this version completes in bash only, not in `%s`",
                       shell);
        return weft_error_hint(error,
                               "zsh reads the script of bash after `autoload -U bashcompinit "
                               "&& bashcompinit`");
    }
    weft_buf_adds(out, script);
    return weft_buf_check(out, error);
}

/* ---- the line as words ---- */

struct typed {
    const char *words[WORDS_MAX + 1];
    size_t count; /* of whole words; words[count] is the one at the cursor, "" when none */
    struct weft_arena *arena;
};

/* One word as sh would read it, quotes off. *ended: something stands behind it. */
static const char *word_take(struct weft_arena *arena, const char **at, bool *ended)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf word;
    char quote = '\0';
    weft_buf_init(&word, (size_t)1 << 20);
    *ended = false;
    for (; **at != '\0'; (*at)++) {
        char c = **at;
        if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
            *ended = true;
            break;
        }
        if (c == quote)
            quote = '\0';
        else if (quote == '\0' && (c == '\'' || c == '"'))
            quote = c;
        else if (c == '\\' && quote != '\'' && (*at)[1] != '\0')
            weft_buf_addc(&word, *++*at);
        else
            weft_buf_addc(&word, c);
    }
    return word.failed ? NULL : weft_arena_strndup(arena, word.data, word.length);
}

static int words_split(struct typed *typed, const char *line)
{
    bool ended = true;
    for (const char *at = line;;) {
        at += strspn(at, " \t\n");
        if (*at == '\0' && ended)
            break;
        const char *word = word_take(typed->arena, &at, &ended);
        if (word == NULL || typed->count == WORDS_MAX)
            return -1;
        typed->words[typed->count] = word;
        if (!ended)
            return 0;
        typed->count++;
    }
    typed->words[typed->count] = "";
    return 0;
}

/* ---- what is wanted ---- */

enum kind { WORDS, OPEN, FILES, FOLDERS };

struct wanted {
    struct weft_context *context;
    const struct weft_op *op;        /* NULL = no command yet */
    const struct weft_op_arg *value; /* of this option a value stands at the cursor */
    bool named;                      /* a command is, known or not */
    size_t words;                    /* of the command, before the cursor */
    const char *first;               /* the first of them */
    bool plain;                      /* behind -- */
    bool keyed;                      /* the line begins with a key */
    enum kind kind;
    const char *current; /* the whole word at the cursor */
    const char *prefix;  /* of the candidates: "--set=", "+" */
    size_t cut;          /* bytes of a candidate that bash has in front of its word */
    struct weft_buf *out;
};

static const struct weft_op_arg *option_in(const struct weft_op *op, const char *name,
                                           size_t length)
{
    for (size_t i = 0; op != NULL && i < op->arg_count; i++) {
        const struct weft_op_arg *arg = &op->args[i];
        if (arg->kind < WEFT_ARG_WORD && strlen(arg->name) == length &&
            strncmp(arg->name, name, length) == 0)
            return arg;
    }
    for (size_t i = 0; i < weft_args_global_count(); i++) {
        const struct weft_op_arg *arg = weft_args_global(i);
        if (strlen(arg->name) == length && strncmp(arg->name, name, length) == 0)
            return arg;
    }
    return NULL;
}

static const struct weft_op_arg *letter_in(const struct weft_op *op, char letter)
{
    for (size_t i = 0; op != NULL && i < op->arg_count; i++) {
        if (op->args[i].letter == letter)
            return &op->args[i];
    }
    for (size_t i = 0; i < weft_args_global_count(); i++) {
        if (weft_args_global(i)->letter == letter)
            return weft_args_global(i);
    }
    return NULL;
}

/* What steers where the values come from, and for whom. */
static void option_use(struct wanted *wanted, const struct weft_op_arg *arg, const char *value)
{
    if (strcmp(arg->name, "home") == 0)
        wanted->context->home_flag = value;
    else if (strcmp(arg->name, "env") == 0)
        wanted->context->environment = value;
    else if (strcmp(arg->name, "directory") == 0)
        wanted->context->start = value;
    else if (strcmp(arg->name, "as") == 0)
        wanted->context->as = value;
    else if (strcmp(arg->name, "key-file") == 0)
        wanted->context->key_file = value;
    else if (strcmp(arg->name, "purpose") == 0)
        wanted->context->purpose = value;
}

/* A word that begins with -; gives how many words it takes. */
static size_t option_pass(struct wanted *wanted, const struct typed *typed, size_t at)
{
    const char *word = typed->words[at];
    bool is_long = word[1] == '-';
    size_t length = is_long ? strcspn(word + 2, "=") : 1;
    const struct weft_op_arg *arg =
        is_long ? option_in(wanted->op, word + 2, length) : letter_in(wanted->op, word[1]);
    if (arg == NULL || arg->kind == WEFT_ARG_FLAG)
        return 1;
    const char *joined = is_long ? (word[2 + length] == '=' ? word + 3 + length : NULL)
                                 : (word[2] != '\0' ? word + 2 : NULL);
    if (joined != NULL) {
        option_use(wanted, arg, joined);
        return 1;
    }
    if (at + 1 >= typed->count) {
        wanted->value = arg;
        return 1;
    }
    option_use(wanted, arg, typed->words[at + 1]);
    return 2;
}

/* NAME=value before the command is sh's; the first other word is weft itself. A key among them is
 * not tried: nobody knows yet who will act, so nothing of the home is offered. */
static size_t line_start(struct wanted *wanted, const struct typed *typed)
{
    size_t at = 0;
    while (at < typed->count && strchr(typed->words[at], '=') != NULL)
        wanted->keyed = strncmp(typed->words[at++], "WEFT_KEY=", 9) == 0 || wanted->keyed;
    return at + 1;
}

static void line_read(struct wanted *wanted, const struct typed *typed)
{
    for (size_t at = line_start(wanted, typed); at < typed->count;) {
        const char *word = typed->words[at];
        if (!wanted->plain && strcmp(word, "--") == 0) {
            wanted->plain = true;
            at++;
        } else if (!wanted->plain && word[0] == '-' && word[1] != '\0') {
            at += option_pass(wanted, typed, at);
        } else if (!wanted->named) {
            wanted->op = weft_args_command(word);
            wanted->named = true;
            at++;
        } else {
            wanted->first = wanted->words++ == 0 ? word : wanted->first;
            at++;
        }
    }
    wanted->current = typed->words[typed->count];
}

/* ---- candidates ---- */

static void candidate_add(void *arg, const char *text)
{
    struct wanted *wanted = arg;
    char whole[512];
    int length = snprintf(whole, sizeof whole, "%s%s", wanted->prefix, text);
    size_t plain = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_.:@+-=");
    if (text[plain] != '\0' || length < 0 || (size_t)length >= sizeof whole ||
        strncmp(whole, wanted->current, strlen(wanted->current)) != 0)
        return;
    weft_buf_addf(wanted->out, "%s\n", whole + WEFT_MIN(wanted->cut, (size_t)length));
}

static void listed_add(struct wanted *wanted, const char *list, const char *separators)
{
    while (*list != '\0') {
        char word[64];
        size_t length = strcspn(list, separators);
        snprintf(word, sizeof word, "%.*s", (int)length, list);
        if (length > 0)
            candidate_add(wanted, word);
        list += length + (list[length] != '\0');
    }
}

static bool home_gives(const char *value)
{
    return strcmp(value, "PRODUCT") == 0 || strcmp(value, "RUN") == 0 ||
           strcmp(value, "SNAPSHOT") == 0;
}

/* By what the help calls the value: FILE, PRODUCT, verify|rebuild. */
static void value_add(struct wanted *wanted, const struct weft_op_arg *arg)
{
    const struct weft_candidates to = {wanted->context, wanted->op, candidate_add, wanted};
    const char *value = arg->value == NULL ? "" : arg->value;
    bool selection = arg->kind == WEFT_ARG_WORDS || arg->kind == WEFT_ARG_TEXTS;
    if (strcmp(arg->name, "env") == 0) {
        weft_candidates_environments(&to);
    } else if (strcmp(arg->name, "set") == 0) {
        wanted->kind = OPEN;
        weft_candidates_settings(&to);
    } else if (wanted->keyed && home_gives(value)) {
        return;
    } else if (strcmp(value, "PRODUCT") == 0) {
        weft_candidates_products(&to, selection);
    } else if (strcmp(value, "RUN") == 0) {
        weft_candidates_runs(&to);
    } else if (strcmp(value, "SNAPSHOT") == 0) {
        weft_candidates_snapshots(&to, wanted->first);
    } else if (strcmp(value, "FORMAT") == 0) {
        listed_add(wanted, "table csv json ndjson parquet", " ");
    } else if (strcmp(value, "COMMAND") == 0) {
        for (size_t i = 0; i < weft_args_command_count(); i++)
            candidate_add(wanted, weft_args_command_nth(i)->name);
    } else if (strcmp(value, "SHELL") == 0) {
        candidate_add(wanted, "bash");
    } else if (strstr(value, "FILE") != NULL) {
        wanted->kind = FILES;
    } else if (strcmp(value, "DIR") == 0 || strcmp(value, "FOLDER") == 0) {
        wanted->kind = FOLDERS;
    } else if (strchr(value, '|') != NULL) {
        listed_add(wanted, value, "|");
    }
}

static void option_names_add(struct wanted *wanted)
{
    char name[80];
    for (size_t i = 0; wanted->op != NULL && i < wanted->op->arg_count; i++) {
        snprintf(name, sizeof name, "--%s", wanted->op->args[i].name);
        if (wanted->op->args[i].kind < WEFT_ARG_WORD)
            candidate_add(wanted, name);
    }
    for (size_t i = 0; i < weft_args_global_count(); i++) {
        snprintf(name, sizeof name, "--%s", weft_args_global(i)->name);
        candidate_add(wanted, name);
    }
}

/* The argument that the next word of the command is. */
static const struct weft_op_arg *word_arg(const struct wanted *wanted)
{
    size_t place = 0;
    for (size_t i = 0; i < wanted->op->arg_count; i++) {
        const struct weft_op_arg *arg = &wanted->op->args[i];
        if (arg->kind < WEFT_ARG_WORD)
            continue;
        if (place++ == wanted->words || arg->kind == WEFT_ARG_WORDS)
            return arg;
    }
    return NULL;
}

static void joined_value_add(struct wanted *wanted, const char *equals)
{
    const char *name = wanted->current + 2;
    const struct weft_op_arg *arg = option_in(wanted->op, name, (size_t)(equals - name));
    const char *prefix = weft_arena_strndup(wanted->context->arena, wanted->current,
                                            (size_t)(equals - wanted->current) + 1);
    if (arg == NULL || arg->kind == WEFT_ARG_FLAG || prefix == NULL)
        return;
    wanted->prefix = prefix;
    value_add(wanted, arg);
}

static void wanted_add(struct wanted *wanted)
{
    const char *current = wanted->current;
    const char *equals = strchr(current, '=');
    if (wanted->value != NULL) {
        value_add(wanted, wanted->value);
    } else if (!wanted->plain && current[0] == '-') {
        if (equals != NULL && current[1] == '-')
            joined_value_add(wanted, equals);
        else
            option_names_add(wanted);
    } else if (!wanted->named) {
        for (size_t i = 0; i < weft_args_command_count(); i++)
            candidate_add(wanted, weft_args_command_nth(i)->name);
    } else if (wanted->op != NULL && word_arg(wanted) != NULL) {
        if (current[0] == '+')
            wanted->prefix = "+";
        value_add(wanted, word_arg(wanted));
    }
}

/* Sorted, each once. */
static int line_compare(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

static int lines_sort(struct weft_arena *arena, const char *text, struct weft_buf *out,
                      const char *behind)
{
    const char **lines = NULL;
    size_t count = 0, capacity = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        if (weft_arena_reserve(arena, &lines, &capacity, count + 1, sizeof *lines) < 0)
            return -1;
        lines[count] = weft_arena_strndup(arena, text, length);
        if (lines[count++] == NULL)
            return -1;
        text += length + (text[length] == '\n');
    }
    if (count > 0)
        qsort(lines, count, sizeof *lines, line_compare);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(lines[i], lines[i - 1]) != 0)
            weft_buf_addf(out, "%s%s\n", lines[i], behind);
    }
    return 0;
}

int weft_bash_complete(struct weft_context *context, const char *line, const char *word,
                       struct weft_buf *out, struct weft_error *error)
{
    static const char *const kinds[] = {"words", "open", "files", "folders"};
    struct typed typed = {.arena = context->arena};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf lines;
    weft_buf_init(&lines, (size_t)64 << 20);
    struct wanted wanted = {.context = context, .prefix = "", .out = &lines};
    if (words_split(&typed, line) < 0)
        return weft_error_nomem(error);
    line_read(&wanted, &typed);
    size_t whole = strlen(wanted.current), own = strlen(word);
    bool fits = own <= whole && strcmp(wanted.current + whole - own, word) == 0;
    wanted.cut = fits ? whole - own : 0;
    wanted_add(&wanted);
    weft_buf_addf(out, "%s\n", kinds[wanted.kind]);
    if (lines_sort(context->arena, lines.data, out, wanted.kind == OPEN ? "=" : "") < 0)
        return weft_error_nomem(error);
    return weft_buf_check(out, error);
}

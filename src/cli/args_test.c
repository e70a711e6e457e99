/*
 * args_test.c - the command line: what is taken, and what each mistake is answered with.
 */
#include "base/mem.h"
#include "base/test_support.h"
#include "cli/args.h"
#include "cli/help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 24

static struct weft_arena *arena;
static struct weft_args args;
static struct weft_error error;

static int setup(void **state)
{
    (void)state;
    arena = weft_arena_new(0);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    weft_arena_free(arena);
    return 0;
}

/* "run|--no-wait|a.b" */
static int read_line(const char *line)
{
    char *argv[WORDS_MAX + 1] = {(char *)"weft"};
    int argc = 1;
    char *rest = weft_arena_strdup(arena, line);
    assert_non_null(rest);
    while (rest != NULL && line[0] != '\0') {
        assert_true(argc < WORDS_MAX);
        argv[argc++] = strsep(&rest, "|");
    }
    error = (struct weft_error)WEFT_ERROR_INIT;
    return weft_args_read(arena, argc, argv, &args, &error);
}

static void taken(const char *line, const char *command)
{
    if (read_line(line) != 0)
        fail_msg("%s: %s", line, error.message);
    assert_int_equal(args.what, WEFT_ARGS_RUN);
    assert_string_equal(args.request.op->name, command);
}

static void refused(const char *line, const char *message, const char *hint)
{
    assert_int_equal(read_line(line), -1);
    assert_int_equal(error.code, WEFT_E_USAGE);
    if (strstr(error.message, message) == NULL || strstr(error.hint, hint) == NULL)
        fail_msg("%s: %s (%s)", line, error.message, error.hint);
}

static void test_global_options_stand_anywhere(void **state)
{
    (void)state;
    taken("--home|h|ls|--json", "ls");
    assert_string_equal(args.home, "h");
    assert_true(args.json);
    taken("ls|--home=h2|--env|prod|--no-color|-C|/tmp", "ls");
    assert_string_equal(args.home, "h2");
    assert_string_equal(args.environment, "prod");
    assert_string_equal(args.folder, "/tmp");
    assert_true(args.no_colour);
    assert_false(args.json);
}

static void test_settings(void **state)
{
    (void)state;
    taken("run|--memory|2GB|--threads=3|--set|query_timeout=30s", "run");
    assert_int_equal(args.setting_count, 3);
    assert_string_equal(args.settings[0].name, "memory");
    assert_string_equal(args.settings[0].value, "2GB");
    assert_string_equal(args.settings[0].origin, "--memory");
    assert_string_equal(args.settings[2].name, "query_timeout");
    assert_string_equal(args.settings[2].value, "30s");
    assert_string_equal(args.settings[2].origin, "--set");
    refused("run|--set|memory", "not NAME=VALUE", "--set");
    refused("run|--set|memroy=2GB", "memroy", "memory");
    refused("run|--threads|many", "many", "");
}

static void test_words_and_values(void **state)
{
    (void)state;
    taken("run|a.b|--no-wait|c.d|--reread|x=1|--reread=y z", "run");
    const struct weft_op_value *words = weft_op_value(&args.request, "product");
    assert_int_equal(words->count, 2);
    assert_string_equal(words->texts[1], "c.d");
    assert_true(weft_op_given(&args.request, "no-wait"));
    assert_false(weft_op_given(&args.request, "rebuild"));
    const struct weft_op_value *reread = weft_op_value(&args.request, "reread");
    assert_int_equal(reread->count, 2);
    assert_string_equal(reread->texts[0], "x=1");
    assert_string_equal(reread->texts[1], "y z");

    taken("load|a.b|-", "load");
    assert_string_equal(weft_op_value(&args.request, "file")->texts[0], "-");
    taken("load|a.b|--|--again", "load");
    assert_false(weft_op_given(&args.request, "again"));
    assert_string_equal(weft_op_value(&args.request, "file")->texts[0], "--again");
    taken("query|-f|q.sql|-o=x|--param|a=b=c|-pd=", "query");
    assert_string_equal(weft_op_text(&args.request, "output"), "=x");
    assert_string_equal(weft_op_value(&args.request, "param")->texts[0], "a=b=c");
    assert_string_equal(weft_op_value(&args.request, "param")->texts[1], "d=");
    taken("apply|-y", "apply");
    assert_true(weft_op_given(&args.request, "yes"));
    taken("rollback|a.b|123|--because|two words", "rollback");
    assert_string_equal(weft_op_text(&args.request, "snapshot"), "123");
    assert_string_equal(weft_op_text(&args.request, "because"), "two words");
}

static void test_mistakes(void **state)
{
    (void)state;
    refused("rnu", "no command `rnu`", "weft run");
    refused("xyzzyplugh", "no command", "weft help");
    refused("run|--rebiuld", "no option --rebiuld", "--rebuild");
    refused("query|--rebuild", "weft query has no option --rebuild", "`weft run` has it");
    refused("--rebuild|run", "weft has no option --rebuild", "weft run --rebuild");
    refused("--jsno|ls", "--jsno", "--json");
    refused("ls|-x", "no option -x", "weft help ls");
    refused("load|a.b|-x.csv", "weft load has no option -x", "weft help load");
    refused("query|-zfoo", "weft query has no option -z", "weft help query");
    refused("drop|--yes|-z", "weft drop has no option -z", "");
    refused("doctor|extra", "takes no words", "");
    refused("show", "needs PRODUCT", "weft help show");
    refused("show|a.b|c.d", "too many", "");
    refused("show|a.b|--json=1", "--json takes no value", "");
    refused("ls|--home", "--home needs a value", "");
    refused("query|-f", "--file needs a value", "");
    refused("help|rnu", "no command", "weft run");
}

static void test_help(void **state)
{
    (void)state;
    assert_int_equal(read_line(""), 0);
    assert_int_equal(args.what, WEFT_ARGS_HELP_SHORT);
    assert_int_equal(read_line("--help"), 0);
    assert_int_equal(args.what, WEFT_ARGS_HELP);
    assert_int_equal(read_line("help"), 0);
    assert_int_equal(args.what, WEFT_ARGS_HELP);
    assert_int_equal(read_line("show|-h"), 0); /* though a word is missing */
    assert_int_equal(args.what, WEFT_ARGS_HELP_OF);
    assert_string_equal(args.request.op->name, "show");
    assert_int_equal(read_line("help|run"), 0);
    assert_int_equal(args.what, WEFT_ARGS_HELP_OF);
    assert_string_equal(args.request.op->name, "run");
    assert_int_equal(read_line("reference|errors"), 0);
    assert_int_equal(args.what, WEFT_ARGS_REFERENCE);
    taken("--version", "version");
}

/* Of every command, but with a meaning of its own for some: an attribute, a filter, a scope. */
static bool own_meaning(const char *op, const char *name)
{
    static const char *const rows[][2] = {{"user", "set"},    {"service", "set"},
                                          {"group", "set"},   {"request", "purpose"},
                                          {"key", "purpose"}, {"audit", "purpose"}};
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        if (strcmp(rows[i][0], op) == 0 && strcmp(rows[i][1], name) == 0)
            return true;
    }
    return false;
}

/* Letters and names of a command's options do not hide those of every command. */
static void test_options_do_not_collide(void **state)
{
    (void)state;
    for (size_t i = 0; i < weft_op_count(); i++) {
        const struct weft_op *op = weft_op_nth(i);
        assert_true(op->arg_count <= WEFT_OP_ARGS_MAX);
        for (size_t a = 0; a < op->arg_count; a++) {
            for (size_t g = 0; g < weft_args_global_count(); g++) {
                const struct weft_op_arg *global = weft_args_global(g);
                if (op->args[a].kind < WEFT_ARG_WORD && !own_meaning(op->name, op->args[a].name))
                    assert_string_not_equal(op->args[a].name, global->name);
                assert_true(op->args[a].letter == 0 || op->args[a].letter != global->letter);
            }
        }
    }
}

static void test_every_command_has_help(void **state)
{
    (void)state;
    struct weft_buf all, one;
    weft_buf_init(&all, 65536);
    weft_help_print(&all, 80);
    for (size_t i = 0; i < weft_op_count(); i++) {
        const struct weft_op *op = weft_op_nth(i);
        assert_non_null(strstr(all.data, op->summary) == NULL ? strstr(all.data, op->name)
                                                              : all.data);
        weft_buf_init(&one, 65536);
        weft_help_command_print(op, &one, 80);
        assert_false(one.failed);
        for (size_t a = 0; a < op->arg_count; a++) {
            const struct weft_op_arg *arg = &op->args[a];
            assert_non_null(strstr(one.data, arg->kind < WEFT_ARG_WORD ? arg->name : arg->value));
        }
        weft_buf_release(&one);
    }
    for (const char *line = all.data; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\n") <= 100);
    weft_buf_release(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_global_options_stand_anywhere),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_words_and_values),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_options_do_not_collide),
        cmocka_unit_test(test_every_command_has_help),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

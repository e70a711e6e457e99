/* Tests of selection.h: every form of a word, what is said about a wrong one, order and cycles. */
#include "model/selection.h"

#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* raw <- daily(1, 2) <- national; california reads daily@1 and counties. */
enum { RAW, DAILY_1, DAILY_2, NATIONAL, COUNTIES, CALIFORNIA, ALONE, COUNT };

static const char *const covid[] = {"covid"}, *const both[] = {"covid", "weekly"};
static const size_t reads_raw[] = {RAW}, reads_daily[] = {DAILY_2},
                    reads_two[] = {DAILY_1, COUNTIES};
static const struct weft_selection_item items[COUNT] = {
    [RAW] = {"health.raw", 1, true, {0}, false, false, NULL, 0},
    [DAILY_1] = {"health.daily", 1, false, {covid, 1}, false, false, reads_raw, 1},
    [DAILY_2] = {"health.daily", 2, true, {both, 2}, true, false, reads_raw, 1},
    [NATIONAL] = {"cdc.national", 1, true, {covid, 1}, false, false, reads_daily, 1},
    [COUNTIES] = {"reference.counties", 1, true, {0}, false, false, NULL, 0},
    [CALIFORNIA] = {"california.daily", 1, true, {0}, false, false, reads_two, 2},
    [ALONE] = {"reference.airports", 1, true, {0}, true, true, NULL, 0},
};

#define WORDS_MAX 4
struct words {
    const char *of[WORDS_MAX];
};

static size_t words_count(const struct words *words)
{
    size_t count = 0;
    while (count < WORDS_MAX && words->of[count] != NULL)
        count++;
    return count;
}

/* The chosen ones as a text: one digit each. */
static void selects_at(struct words words, struct words exclude, const char *expected, int line)
{
    struct weft_error error = WEFT_ERROR_INIT;
    bool chosen[COUNT] = {false};
    char got[COUNT + 1] = "";
    if (weft_selection_apply(items, COUNT, words.of, words_count(&words), exclude.of,
                             words_count(&exclude), chosen, &error) != 0)
        fail_msg("line %d: %s (%s)", line, error.message, error.hint);
    for (size_t i = 0, used = 0; i < COUNT; i++) {
        if (chosen[i]) {
            got[used++] = (char)('0' + i);
            got[used] = '\0';
        }
    }
    if (strcmp(got, expected) != 0)
        fail_msg("line %d: %s, not %s", line, got, expected);
}
#define W(...) ((struct words){{__VA_ARGS__}})
#define NONE ((struct words){{NULL}})
#define SELECTS(words, exclude, expected) selects_at(words, exclude, expected, __LINE__)

static void selection_words(void **state)
{
    (void)state;
    SELECTS(NONE, NONE, "0123456");
    SELECTS(W("*"), NONE, "0123456");
    SELECTS(W("health.daily"), NONE, "2");
    SELECTS(W("health.daily@1"), NONE, "1");
    SELECTS(W("health.*"), NONE, "012");
    SELECTS(W("tag:covid"), NONE, "123");
    SELECTS(W("tag:weekly", "reference.airports"), NONE, "26");
    SELECTS(W("+cdc.national"), NONE, "023");
    SELECTS(W("health.raw+"), NONE, "01235");
    SELECTS(W("health.daily+"), NONE, "23");
    SELECTS(W("+health.daily@1+"), NONE, "015");
    /* What depends on counties is california alone, not what depends on what that reads. */
    SELECTS(W("+california.daily+"), NONE, "0145");
    SELECTS(W("+tag:covid"), NONE, "0123");
    SELECTS(W("+california.*"), NONE, "0145");
}

static void selection_states(void **state)
{
    (void)state;
    SELECTS(W("state:modified"), NONE, "26");
    SELECTS(W("state:new"), NONE, "6");
    SELECTS(W("state:modified+"), NONE, "236");
    SELECTS(W("+state:modified"), NONE, "026");
    SELECTS(W("+state:modified+"), NONE, "0236");
    SELECTS(W("health.raw", "state:new"), NONE, "06");
    SELECTS(W("*"), W("state:modified+"), "0145");
    /* That nothing is in a state is an answer, and no mistake. */
    struct weft_error error = WEFT_ERROR_INIT;
    const char *word = "state:modified+";
    bool chosen[2] = {true, true};
    assert_int_equal(weft_selection_apply(items, 2, &word, 1, NULL, 0, chosen, &error), 0);
    assert_false(chosen[0] || chosen[1]);
}

static void selection_exclude(void **state)
{
    (void)state;
    SELECTS(NONE, W("health.*"), "3456");
    SELECTS(W("*"), W("tag:covid", "reference.airports"), "045");
    SELECTS(W("+california.daily"), W("health.raw+"), "4");
    SELECTS(W("health.raw"), W("health.raw"), "");
    SELECTS(W("health.raw"), W("+cdc.national"), "");
}

static void wrong_at(const char *word, enum weft_code code, const char *message, const char *hint,
                     int line)
{
    struct weft_error error = WEFT_ERROR_INIT;
    bool chosen[COUNT];
    memset(chosen, 7, sizeof chosen);
    for (int as_exclude = 0; as_exclude < 2; as_exclude++) {
        if (weft_selection_apply(items, COUNT, &word, as_exclude ? 0 : 1, &word, as_exclude, chosen,
                                 &error) != -1)
            fail_msg("line %d: `%s` is taken", line, word);
        if (error.code != code || strstr(error.message, message) == NULL ||
            strstr(error.hint, hint) == NULL)
            fail_msg("line %d: %s: %s (%s)", line, weft_code_name(error.code), error.message,
                     error.hint);
        assert_int_equal(*(unsigned char *)chosen, 7);
    }
}
#define WRONG(word, code, message, hint) wrong_at(word, code, message, hint, __LINE__)

static void selection_mistakes(void **state)
{
    (void)state;
    WRONG("health.dialy", WEFT_E_NOT_FOUND, "no product `health.dialy`", "`health.daily`");
    WRONG("+health.dialy+", WEFT_E_NOT_FOUND, "no product `health.dialy`", "`health.daily`");
    WRONG("health.daily@3", WEFT_E_NOT_FOUND, "`health.daily@3`", "there is @1, @2");
    WRONG("helth.*", WEFT_E_NOT_FOUND, "domain `helth`", "`health.*`");
    WRONG("tag:covit", WEFT_E_NOT_FOUND, "the tag `covit`", "`tag:covid`");
    WRONG("zzz.yyy", WEFT_E_NOT_FOUND, "no product `zzz.yyy`", "weft ls");
    WRONG("national", WEFT_E_USAGE, "selects no products", "`cdc.national`");
    WRONG("", WEFT_E_USAGE, "selects no products", "tag:word");
    WRONG("+", WEFT_E_USAGE, "selects no products", "tag:word");
    WRONG("++", WEFT_E_USAGE, "selects no products", "tag:word");
    WRONG("state:", WEFT_E_USAGE, "selects no products", "state:modified");
    WRONG("state:modifie", WEFT_E_USAGE, "selects no products", "state:new");
    WRONG("tag:", WEFT_E_USAGE, "selects no products", "tag:word");
    WRONG("health.daily@", WEFT_E_USAGE, "selects no products", "@1");
    WRONG("health.daily@x", WEFT_E_USAGE, "selects no products", "@1");
    WRONG("health.daily@1000", WEFT_E_USAGE, "selects no products", "@1");
    WRONG("Health.*", WEFT_E_USAGE, "selects no products", "domain.*");
    WRONG("a.b.c", WEFT_E_USAGE, "selects no products", "domain.product");
    WRONG("health.d*", WEFT_E_USAGE, "selects no products", "domain.*");
    char word[400];
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    WRONG(word, WEFT_E_USAGE, "selects no products", "domain.product");
    struct weft_error error = WEFT_ERROR_INIT;
    const char *all = "*";
    assert_int_equal(weft_selection_apply(NULL, 0, &all, 1, NULL, 0, NULL, &error), -1);
    assert_int_equal(error.code, WEFT_E_NOT_FOUND);
    assert_int_equal(weft_selection_apply(NULL, 0, NULL, 0, NULL, 0, NULL, &error), 0);
}

static void selection_order(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    size_t order[COUNT], *cycle = NULL, length = 0;
    static const size_t expected[] = {RAW, DAILY_1, DAILY_2, NATIONAL, COUNTIES, CALIFORNIA, ALONE};
    assert_int_equal(weft_selection_order(items, COUNT, order, &cycle, &length, &error), 0);
    assert_memory_equal(order, expected, sizeof expected);
    /* What is read stands behind: it comes first all the same. */
    static const size_t reads_1[] = {1}, reads_2[] = {2};
    static const struct weft_selection_item back[] = {
        {"a.a", 1, true, {0}, false, false, reads_1, 1},
        {"a.b", 1, true, {0}, false, false, reads_2, 1},
        {"a.c", 1, true, {0}, false, false, NULL, 0}};
    assert_int_equal(weft_selection_order(back, 3, order, &cycle, &length, &error), 0);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[2], 0);
    assert_int_equal(weft_selection_order(NULL, 0, order, &cycle, &length, &error), 0);
}

static void selection_cycle(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    size_t order[4], *cycle = NULL, length = 0;
    static const size_t to_1[] = {1}, to_2[] = {2}, to_3[] = {3}, to_1_too[] = {1}, to_0[] = {0};
    const struct weft_selection_item round[] = {{"a.a", 1, true, {0}, false, false, to_1, 1},
                                                {"a.b", 1, true, {0}, false, false, to_2, 1},
                                                {"a.c", 1, true, {0}, false, false, to_3, 1},
                                                {"a.d", 1, true, {0}, false, false, to_1_too, 1}};
    assert_int_equal(weft_selection_order(round, 4, order, &cycle, &length, &error), WEFT_CONFLICT);
    assert_int_equal(length, 4);
    assert_int_equal(cycle[0], 1);
    assert_int_equal(cycle[1], 2);
    assert_int_equal(cycle[2], 3);
    assert_int_equal(cycle[3], 1);
    weft_free(cycle);
    const struct weft_selection_item self[] = {{"a.a", 1, true, {0}, false, false, to_0, 1}};
    assert_int_equal(weft_selection_order(self, 1, order, &cycle, &length, &error), WEFT_CONFLICT);
    assert_int_equal(length, 2);
    weft_free(cycle);
}

/* A chain of 100,000 is no deeper than one of two. */
static void selection_long_chain(void **state)
{
    (void)state;
    enum { LONG = 100000 };
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_selection_item *chain = weft_alloc_array(LONG, sizeof *chain);
    size_t *reads = weft_alloc_array(LONG, sizeof *reads);
    size_t *order = weft_alloc_array(LONG, sizeof *order);
    bool *chosen = weft_alloc_array(LONG, sizeof *chosen);
    size_t *cycle = NULL, length = 0;
    assert_true(chain != NULL && reads != NULL && order != NULL && chosen != NULL);
    for (size_t i = 0; i < LONG; i++) {
        reads[i] = i + 1;
        chain[i] = (struct weft_selection_item){.full_name = i == 0          ? "a.first"
                                                             : i == LONG - 1 ? "a.last"
                                                                             : "a.x",
                                                .major = 1,
                                                .newest = true,
                                                .reads = &reads[i],
                                                .read_count = i + 1 < LONG};
    }
    assert_int_equal(weft_selection_order(chain, LONG, order, &cycle, &length, &error), 0);
    assert_int_equal(order[0], LONG - 1);
    const char *up = "+a.first", *down = "a.last+";
    assert_int_equal(weft_selection_apply(chain, LONG, &up, 1, NULL, 0, chosen, &error), 0);
    assert_true(chosen[LONG - 1]);
    assert_int_equal(weft_selection_apply(chain, LONG, &down, 1, NULL, 0, chosen, &error), 0);
    assert_true(chosen[0]);
    weft_free(chain);
    weft_free(reads);
    weft_free(order);
    weft_free(chosen);
}

static int torture(void *arg, struct weft_error *error)
{
    bool chosen[COUNT];
    size_t order[COUNT], *cycle = NULL, length = 0;
    const char *words[] = {arg, "+health.daily@1+"};
    const char *exclude[] = {"cdc.*"};
    int rc = weft_selection_order(items, COUNT, order, &cycle, &length, error);
    if (rc == 0)
        rc = weft_selection_apply(items, COUNT, words, 2, exclude, 1, chosen, error);
    return rc < 0 && error->code == WEFT_E_NOT_FOUND ? 0 : rc;
}

static void selection_torture(void **state)
{
    (void)state;
    char good[] = "tag:covid", bad[] = "helth.*";
    assert_true(weft_test_torture(torture, good) > 5);
    assert_true(weft_test_torture(torture, bad) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection_words),      cmocka_unit_test(selection_states),
        cmocka_unit_test(selection_exclude),    cmocka_unit_test(selection_mistakes),
        cmocka_unit_test(selection_order),      cmocka_unit_test(selection_cycle),
        cmocka_unit_test(selection_long_chain), cmocka_unit_test(selection_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

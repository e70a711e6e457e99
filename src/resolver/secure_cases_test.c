/*
 * secure_cases_test.c - cases/attacks.sql in worlds of the same visible and other hidden data: each
 * answer, error texts with it, is the same in all of them. And the test of the test: with any one
 * treatment, the rows or the min_group switched off, some answer differs. What is answered is also
 * what plain DuckDB says of tables without the hidden.
 *
 * Each block: "-- class: what it tries", then the statement.
 */
#include "resolver/secure_lab.h"

#include "base/mem.h"
#include "base/test_support.h"
#include "resolver/resolver_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CASES_MAX 600
#define WORLDS 3
#define WORLD_ROWS 400

static struct secure_lab *worlds[WORLDS];
static struct weft_engine *plain;
static struct weft_arena *arena;
static struct resolver_case cases[CASES_MAX];
static size_t case_count;

/* The number of worlds that answer differently than the first. */
static size_t case_differs(const struct resolver_case *one, bool tell, bool *failed)
{
    size_t differs = 0;
    char *first = secure_lab_answer(worlds[0], one->sql, failed);
    for (size_t w = 1; w < WORLDS; w++) {
        bool other_failed;
        char *other = secure_lab_answer(worlds[w], one->sql, &other_failed);
        if (strcmp(first, other) != 0) {
            differs++;
            if (tell)
                printf("%s:%d: %s\n%s\n--- world 0\n%.1500s\n--- world %zu\n%.1500s\n", one->file,
                       one->line, one->about, one->sql, first, w, other);
        }
        weft_free(other);
    }
    if (tell && getenv("WEFT_SHOW") != NULL)
        printf("%s:%d %s\n%s\n%.300s\n", one->file, one->line, one->about, one->sql, first);
    weft_free(first);
    return differs;
}

static bool has_class(const struct resolver_case *one, const char *class)
{
    return strncmp(one->about, class, strlen(class)) == 0;
}

/* Rows only: DuckDB calls some columns otherwise. Groups are left out by weft alone. */
static bool case_is_wrong(const struct resolver_case *one)
{
    bool failed, plain_failed;
    char *got = secure_lab_answer(worlds[0], one->sql, &failed);
    char *expected = secure_lab_plain_answer(plain, one->sql, &plain_failed);
    const char *rows = strchr(got, '\n');
    const char *expected_rows = strchr(expected, '\n');
    bool wrong = !failed && !plain_failed && !has_class(one, "groups") &&
                 !has_class(one, "metadata") && !has_class(one, "functions: user") &&
                 strcmp(rows == NULL ? "" : rows, expected_rows == NULL ? "" : expected_rows) != 0;
    if (wrong)
        printf("%s:%d: %s\n%s\n--- got\n%.1500s\n--- plain\n%.1500s\n", one->file, one->line,
               one->about, one->sql, got, expected);
    weft_free(got);
    weft_free(expected);
    return wrong;
}

static void test_attacks(void **state)
{
    (void)state;
    size_t leaks = 0, answered = 0, wrong = 0;
    const char *class = getenv("WEFT_CASES_CLASS");
    for (size_t i = 0; i < case_count; i++) {
        bool failed;
        if (class != NULL && !has_class(&cases[i], class))
            continue;
        leaks += case_differs(&cases[i], true, &failed) > 0;
        answered += !failed;
        wrong += case_is_wrong(&cases[i]);
        if (getenv("WEFT_CASES_FIRST") != NULL && leaks + wrong > 0)
            exit(1); /* of a fault that was put in, one is enough */
    }
    printf("%zu attacks, %zu answered, %zu leak, %zu wrong\n", case_count, answered, leaks, wrong);
    assert_int_equal(leaks, 0);
    assert_int_equal(wrong, 0);
    assert_true(class != NULL || answered * 2 > case_count);
}

static void test_of_the_test(void **state)
{
    (void)state;
    static const char *const off[] = {"name",   "born", "income", "weight",    "notes",
                                      "tags",   "seen", "secret", "label",     "zip",
                                      "active", "rows", "member", "min_group", "doctors"};
    for (size_t i = 0; i < WEFT_COUNT(off); i++) {
        size_t differ = 0;
        bool failed;
        for (size_t w = 0; w < WORLDS; w++)
            worlds[w]->off = off[i];
        for (size_t c = 0; c < case_count && differ == 0; c++)
            differ += case_differs(&cases[c], false, &failed) > 0;
        for (size_t w = 0; w < WORLDS; w++)
            worlds[w]->off = NULL;
        if (differ == 0)
            fail_msg("no attack notices that %s is switched off", off[i]);
    }
}

static int torture_resolve(void *arg, struct weft_error *error)
{
    struct secure_lab *lab = arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *own = weft_arena_new(0);
    if (own == NULL)
        return weft_error_nomem(error);
    static const char *const statements[] = {
        "select c.ward, sum(c.value) filter (where c.test = 'x') from hospital.cells c join "
        "open.wards w using (ward) where c.day > '2021-01-01' group by c.ward having count(*) > 2",
        "select v.codes, p.name from hospital.visits v join hospital.patients p on p.id = "
        "v.patient_id where v.id in (1, 2) and p.id between 1 and 9 and v.remark::int > 1"};
    for (size_t i = 0; i < WEFT_COUNT(statements); i++) {
        struct weft_resolved resolved;
        WEFT_TRY(weft_resolve(lab->engine, own, statements[i], strlen(statements[i]), &lab->options,
                              &resolved, error));
    }
    return 0;
}

static void test_torture(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture_resolve, worlds[0]) > 20);
}

static int make_worlds(void **state)
{
    (void)state;
    arena = weft_arena_new(0);
    for (int w = 0; w < WORLDS; w++)
        worlds[w] = secure_lab_new(w, WORLD_ROWS);
    struct weft_error error = WEFT_ERROR_INIT;
    const char *folders[] = {worlds[0]->dir};
    struct weft_engine_config config = {
        .threads = 1, .folders = folders, .folder_count = 1, .keep_order = true};
    if (weft_engine_open(&config, &plain, &error) < 0)
        return -1;
    secure_lab_plain(worlds[0], plain, false);
    case_count = resolver_cases_read(arena, "cases/attacks.sql", cases, CASES_MAX);
    return 0;
}

static int free_worlds(void **state)
{
    (void)state;
    for (int w = 0; w < WORLDS; w++)
        secure_lab_free(worlds[w]);
    weft_engine_close(plain);
    weft_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest attacks[] = {cmocka_unit_test(test_attacks)};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_attacks),
                                       cmocka_unit_test(test_of_the_test),
                                       cmocka_unit_test(test_torture)};
    if (getenv("WEFT_CASES_FIRST") != NULL)
        return cmocka_run_group_tests(attacks, make_worlds, free_worlds);
    return cmocka_run_group_tests(tests, make_worlds, free_worlds);
}

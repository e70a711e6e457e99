/*
 * secure_random_test.c - random SELECTs of three readers, each compared with the same on data from
 * which the hidden was taken away or replaced by hand: a member of the domain sees all; a reader
 * sees treated columns and some rows; a reader sees groups of five patients and more, for whom what
 * weft adds is written out by hand.
 *
 * 1,000 statements of a fixed seed, 10,000 with WEFT_LONG=1; WEFT_SEED=n takes others. At least
 * 70 % of them run, half of them touch what is treated or filtered; with one treatment switched off
 * the comparison fails.
 */
#include "resolver/secure_lab.h"
#include "resolver/secure_maker.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROWS 400

enum reader { READER_MEMBER, READER_GUARDED, READER_GROUPS, READERS };

static struct secure_lab *lab;
static struct weft_engine *plain[READERS]; /* groups: everything, as the member's */

/* ---- the comparison ---- */

struct counts {
    size_t made, ran, touch, differ;
};

/* Where the plain one answers, the reader's must not fail. A member's may: which of several
 * conditions is run first, and on which rows, differs between files and tables. */
static void compare(const struct maker *maker, enum reader reader, struct counts *counts, bool tell)
{
    bool failed, plain_failed;
    char *got = secure_lab_answer(lab, maker->sql.data, &failed);
    char *expected = secure_lab_plain_answer(plain[reader], maker->oracle.data, &plain_failed);
    bool refused = failed && strncmp(got, "sql_refused", strlen("sql_refused")) == 0;
    bool equal = refused || (failed && plain_failed) ||
                 (reader == READER_MEMBER && failed != plain_failed) ||
                 (!failed && !plain_failed && strcmp(got, expected) == 0);
    counts->made++;
    counts->ran += !failed;
    counts->touch += !failed && reader != READER_MEMBER;
    counts->differ += !equal;
    if (!equal && tell)
        printf("reader %d: %s\n--- got\n%.1200s\n--- expected of %s\n%.1200s\n", (int)reader,
               maker->sql.data, got, maker->oracle.data, expected);
    if (tell && getenv("WEFT_SHOW") != NULL)
        printf("%s%s\n%.200s\n", failed ? "FAILS " : "", maker->sql.data, got);
    weft_free(got);
    weft_free(expected);
}

static void one(uint64_t seed, struct counts *counts, bool tell)
{
    struct maker maker;
    maker_init(&maker, seed);
    unsigned who = chance(&maker, 10);
    enum reader reader = who < 2 ? READER_MEMBER : who < 7 ? READER_GUARDED : READER_GROUPS;
    if (reader == READER_GROUPS)
        maker_groups(&maker);
    else
        maker_statement(&maker);
    const char *off = lab->off;
    if (reader == READER_MEMBER)
        lab->off = "all";
    compare(&maker, reader, counts, tell);
    lab->off = off;
    maker_release(&maker);
}

static void test_random(void **state)
{
    (void)state;
    const char *given = getenv("WEFT_SEED");
    uint64_t seed = given == NULL ? 1 : strtoull(given, NULL, 10);
    size_t many = getenv("WEFT_LONG") != NULL ? 10000 : 1000;
    struct counts counts = {0};
    for (size_t i = 0; i < many; i++)
        one(seed * 1000000 + i, &counts, counts.differ < 10);
    printf("%zu statements, %zu ran, %zu of them on what is treated or filtered, %zu differ\n",
           counts.made, counts.ran, counts.touch, counts.differ);
    assert_int_equal(counts.differ, 0);
    assert_true(counts.ran * 10 >= counts.made * 7);
    assert_true(counts.touch * 2 >= counts.made);
}

static void test_of_the_test(void **state)
{
    (void)state;
    static const char *const off[] = {"name",  "ssn",    "born",      "income", "weight", "seen",
                                      "label", "zip",    "code",      "tags",   "notes",  "active",
                                      "rows",  "member", "min_group", "doctors"};
    for (size_t i = 0; i < WEFT_COUNT(off); i++) {
        struct counts counts = {0};
        lab->off = off[i];
        for (size_t k = 0; k < 1000 && counts.differ == 0; k++)
            one(1000000 + k, &counts, false);
        lab->off = NULL;
        if (counts.differ == 0)
            fail_msg("no statement notices that %s is switched off", off[i]);
    }
}

static int setup(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    lab = secure_lab_new(1, ROWS);
    const char *folders[] = {lab->dir};
    struct weft_engine_config config = {
        .threads = 1, .folders = folders, .folder_count = 1, .keep_order = true};
    for (size_t i = 0; i < READERS; i++) {
        if (weft_engine_open(&config, &plain[i], &error) < 0)
            return -1;
        secure_lab_plain(lab, plain[i], i != READER_GUARDED);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < READERS; i++)
        weft_engine_close(plain[i]);
    secure_lab_free(lab);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random),
                                       cmocka_unit_test(test_of_the_test)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

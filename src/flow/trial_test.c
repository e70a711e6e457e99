/*
 * trial_test.c - the worker's side of a test, in this process: an example with a port, products and
 * a reference, what is wrong with one, and memory that runs out. No home is made.
 */
#include "base/fs.h"
#include "base/test_support.h"
#include "codec/json.h"
#include "job/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DOCUMENT                                                                                   \
    "{\"domain\":\"d\",\"name\":\"p\",\"version\":\"1.0.0\",\"owner\":\"a@example.org\","          \
    "\"inputs\":{\"f\":{\"files\":\"*.csv\",\"schema\":[{\"name\":\"id\",\"type\":\"long\"},"      \
    "{\"name\":\"v\",\"type\":\"decimal(9,2)\",\"from\":\"The V\"}]},"                             \
    "\"c\":{\"product\":\"d.counties\"}},\"sql\":\"select f.id, c.county, f.v, n.tags from f "     \
    "join c using (id) left join d.notes n using (id) order by f.v\","                             \
    "\"schema\":[{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"county\",\"type\":\"string\","    \
    "\"references\":\"d.names.name\"},{\"name\":\"v\",\"type\":\"decimal(9,2)\",\"max\":10},"      \
    "{\"name\":\"tags\",\"type\":\"list<string>\"}],\"key\":[\"id\"]}"
#define NOTES                                                                                      \
    "{\"name\":\"d.notes\",\"is_port\":false,\"product\":\"d.notes\",\"columns\":["                \
    "{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"tags\",\"type\":\"list<string>\"}],"          \
    "\"rows\":[{\"id\":\"1\",\"tags\":[\"a\",null]}]}"
#define COUNTIES(rows)                                                                             \
    "{\"name\":\"c\",\"is_port\":true,\"product\":\"d.counties\",\"columns\":["                    \
    "{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"county\",\"type\":\"string\"}],\"rows\":"     \
    "[" rows "]}"
#define NAMES                                                                                      \
    "{\"name\":\"references:county\",\"is_port\":false,\"product\":\"d.names\",\"columns\":["      \
    "{\"name\":\"name\",\"type\":\"string\"}],\"rows\":[{\"name\":\"Ada\"},{\"name\":\"Bo\"}]}"
#define EXAMPLE(port, sources, expect)                                                             \
    "{\"ports\":[{\"name\":\"f\",\"rows\":[" port "]}],\"sources\":[" sources                      \
    "],\"expect\":[" expect "]}"
#define ROWS                                                                                       \
    "{\"id\":\"1\",\"v\":\"1.5\"},{\"id\":\"2\",\"v\":\"11\"},{\"id\":\"3\"},{\"id\":\"x\"},"      \
    "{\"id\":\"1\",\"v\":\"2\"}"
#define PLACES                                                                                     \
    "{\"id\":\"1\",\"county\":\"Ada\"},{\"id\":\"2\",\"county\":\"Bo\"},"                          \
    "{\"id\":\"3\",\"county\":\"Zed\"}"
#define GOOD                                                                                       \
    EXAMPLE(ROWS, COUNTIES(PLACES) "," NOTES "," NAMES,                                            \
            "{\"id\":\"1\",\"county\":\"Ada\",\"v\":\"1.50\"}")

struct fixture {
    char *dir;
    char temp[4096];
    struct weft_arena *arena;
    struct weft_job job;
    struct weft_outcome outcome;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.dir = weft_test_dir(), .arena = weft_arena_new(0)};
    snprintf(f.temp, sizeof f.temp, "%s/temp", f.dir);
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_fs_mkdirs(f.temp, &error), 0);
    f.job = (struct weft_job){.mode = WEFT_JOB_TEST,
                              .home = f.temp,
                              .folder = f.dir,
                              .table = "d.p",
                              .table_folder = "table",
                              .quarantine_folder = "quarantine",
                              .document = DOCUMENT,
                              .time_us = INT64_C(1600000000000000),
                              .memory_bytes = INT64_C(256) << 20,
                              .threads = 1,
                              .temp_dir = f.temp,
                              .temp_size_max = INT64_C(1) << 30,
                              .record_size_max = 1 << 24,
                              .columns_max = 1000,
                              .file_size_max = INT64_C(1) << 30,
                              .examples_max = 10,
                              .metadata_files_kept = 10};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    weft_arena_free(f->arena);
    weft_test_dir_remove(f->dir);
    return 0;
}

static void run(struct fixture *f, const char *example)
{
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_uuid(f->job.run_id, &error), 0);
    f->job.example = example;
    if (weft_job_do(f->arena, &f->job, NULL, NULL, &f->outcome, &error) != 0)
        fail_msg("%s", error.message);
}

static const struct weft_outcome_check *check(const struct fixture *f, const char *rule)
{
    for (size_t i = 0; i < f->outcome.check_count; i++) {
        if (strcmp(f->outcome.checks[i].rule, rule) == 0)
            return &f->outcome.checks[i];
    }
    fail_msg("no rule %s", rule);
    return NULL;
}

static void example_runs(void **state)
{
    struct fixture *f = *state;
    run(f, GOOD);
    assert_int_equal(f->outcome.state, WEFT_RUN_PUBLISHED);
    assert_null(f->outcome.table);
    assert_null(f->outcome.quarantine);
    assert_non_null(strstr(f->outcome.example, "\"got\":[[\"1\",\"\\\"Ada\\\"\",\"1.50\","));
    assert_non_null(strstr(f->outcome.example, "\"expected\":[[\"1\",\"\\\"Ada\\\"\",\"1.50\","));
    assert_non_null(strstr(f->outcome.example,
                           "{\"name\":\"tags\",\"type\":\"list<string>\",\"compared\":false}"));
    assert_int_equal(check(f, "v.max")->failing, 1);
    assert_int_equal(check(f, "county.references")->failing, 1);
    assert_int_equal(check(f, "key")->failing, 1);
    assert_int_equal(check(f, "f.id.type")->failing, 1);
}

static void references_without_rows_are_not_looked_at(void **state)
{
    struct fixture *f = *state;
    run(f, EXAMPLE(ROWS, COUNTIES(PLACES) "," NOTES, ""));
    assert_int_equal(check(f, "county.references")->failing, 0);
    assert_non_null(strstr(f->outcome.example, "\"Zed\\\""));
}

static void fails(struct fixture *f, const char *example, const char *message)
{
    run(f, example);
    assert_int_equal(f->outcome.state, WEFT_RUN_FAILED);
    assert_null(f->outcome.example);
    if (strstr(f->outcome.error.message, message) == NULL)
        fail_msg("%s", f->outcome.error.message);
}

static void what_is_wrong_is_told(void **state)
{
    struct fixture *f = *state;
    fails(f, EXAMPLE(ROWS, COUNTIES("{\"id\":\"1.5\"}") "," NOTES, ""),
          "given c, row 1: `id` is long, and \"1.5\" is none");
    fails(f, EXAMPLE(ROWS, COUNTIES("{\"idd\":\"1\"}") "," NOTES, ""),
          "given c, row 1: there is no column `idd`");
    fails(f, EXAMPLE(ROWS, COUNTIES(PLACES) "," NOTES, "{\"id\":\"1\"},{\"v\":\"a\"}"),
          "expect, row 2: `v` is decimal(9, 2), and \"a\" is none");
    fails(f, EXAMPLE(ROWS, COUNTIES(PLACES) "," NOTES, "{\"tags\":\"a\"}"),
          "`tags` is list<string>");
    fails(f, EXAMPLE(ROWS, COUNTIES(PLACES) "," NOTES, "{\"tags\":[[\"a\"]]}"), "`tags` is string");
    fails(f, "{}", "an array");
    fails(f, NULL, "without an example");
}

static void nothing_stays_in_the_way(void **state)
{
    struct fixture *f = *state;
    char path[4200];
    run(f, GOOD);
    snprintf(path, sizeof path, "%s/table", f->temp);
    assert_false(weft_fs_exists(path));
    snprintf(path, sizeof path, "%s/quarantine", f->temp);
    assert_false(weft_fs_exists(path));
}

/* Every allocation would take minutes: each time another one, over all of the run. */
static void without_memory(void **state)
{
    struct fixture *f = *state;
    bool ended = false;
    f->job.example = GOOD;
    for (uint64_t n = 1; !ended; n += 1 + n / 12) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        assert_non_null(arena);
        assert_int_equal(weft_uuid(f->job.run_id, &error), 0);
        weft_alloc_fail_at(n, true);
        int rc = weft_job_do(arena, &f->job, NULL, NULL, &f->outcome, &error);
        ended = weft_alloc_fail_at(0, false) < n;
        const struct weft_error *why = rc < 0 ? &error : &f->outcome.error;
        bool failed = rc < 0 || f->outcome.state == WEFT_RUN_FAILED;
        if (failed && why->code != WEFT_E_NOMEM)
            fail_msg("allocation %d: %s", (int)n, why->message);
        weft_arena_free(arena);
    }
    run(f, GOOD);
    assert_non_null(f->outcome.example);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(example_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(references_without_rows_are_not_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_stays_in_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

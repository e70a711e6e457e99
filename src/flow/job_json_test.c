/*
 * Tests of jobs over json and ndjson in this process: records over the borders of blocks, a second
 * pass for keys that come twice, rows found again, and memory that runs out.
 */
#include "flow/job_test_support.h"

#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOC(format)                                                                                \
    "{\"domain\":\"d\",\"name\":\"p\",\"version\":\"1.0.0\",\"input\":{\"files\":\"*.json\","      \
    "\"format\":\"" format "\",\"read\":\"new\"},\"schema\":["                                     \
    "{\"name\":\"id\",\"type\":\"long\",\"required\":true},"                                       \
    "{\"name\":\"name\",\"type\":\"string\",\"max_length\":20},"                                   \
    "{\"name\":\"tags\",\"type\":\"list<struct<a: long, b: map<string, double>>>\"}],"             \
    "\"key\":[\"id\"],\"quality\":{\"quarantine_max\":0.9}}"

static int setup(void **state)
{
    struct job_fixture *f = calloc(1, sizeof *f);
    job_setup(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    job_teardown(*state);
    free(*state);
    return 0;
}

static void expect(struct job_fixture *f, enum weft_run_state state, int64_t read, int64_t aside)
{
    const struct weft_outcome *out = &f->outcome;
    if (out->state != state)
        fail_msg("state %d: %s (%s) %s", out->state, out->error.message, out->error.file,
                 out->error.detail);
    assert_int_equal(out->balance.read, read);
    assert_int_equal(out->balance.input_quarantined, aside);
}

#define ROWS 40000

/* Rows 0 .. ROWS, each 100th a number of a wrong type, each 1000th twice; bytes in *length. */
static char *text_make(bool array, size_t *length)
{
    char *text = malloc((size_t)ROWS * 200);
    size_t at = 0;
    assert_non_null(text);
    if (array)
        text[at++] = '[';
    for (int i = 0; i < ROWS; i++) {
        const char *end = array ? i + 1 < ROWS ? ",\n" : "]" : "\n";
        int id = i % 1000 == 999 ? i - 1 : i;
        at += (size_t)snprintf(text + at, 200,
                               "{\"id\": %d%s, \"name\": \"n%.*s\", \"tags\": [{\"a\": %d, \"b\": "
                               "{\"x\": %d.5}}]}%s",
                               id, i % 100 == 50 ? ".5" : "", i % 19, "xxxxxxxxxxxxxxxxxxxx", i, i,
                               end);
    }
    *length = at;
    return text;
}

static void large_file(struct job_fixture *f, bool array)
{
    size_t length = 0;
    char *text = text_make(array, &length);
    assert_true(length > (size_t)3 << 20); /* several blocks */
    job_file(f, "a.json", text, length);
    job_run(f, array ? DOC("json") : DOC("ndjson"), WEFT_JOB_RUN);
    expect(f, WEFT_RUN_PUBLISHED, ROWS, ROWS / 100 + ROWS / 1000);
    job_commit(f);
    assert_int_equal(job_number(f, "select count(distinct id) from {t}"),
                     ROWS - ROWS / 100 - ROWS / 1000);
    assert_int_equal(job_number(f, "select count(*) from {t} where tags[1].b['x'] <> id + 0.5 "
                                   "or tags[1].a <> id"),
                     0);
    assert_int_equal(job_number(f, "select count(*) from {q} where rules = ['id.type']"),
                     ROWS / 100);
    assert_int_equal(job_number(f, "select count(*) from {q} where rules = ['key']"), ROWS / 1000);
    /* Each stands where it says it does. */
    assert_int_equal(job_number(f, "select count(*) from {q} where raw <> \"values\" or line <> "
                                   "regexp_extract(raw, '\"a\": ([0-9]+)', 1)::int + 1"),
                     0);
    free(text);
}

static void lines_over_blocks(void **state)
{
    large_file(*state, false);
}

static void array_over_blocks(void **state)
{
    large_file(*state, true);
}

/* Every outcome is the whole one, or says that memory was out. */
static void memory_runs_out(struct job_fixture *f, const char *document, const char *text)
{
    job_text(f, "a.json", text);
    job_run(f, document, WEFT_JOB_RUN);
    expect(f, WEFT_RUN_PUBLISHED, 6, 2);
    uint64_t failed = 0;
    bool met = true;
    for (uint64_t nth = 1; met; nth = nth * 21 / 20 + 1) {
        struct weft_outcome outcome = {.error = WEFT_ERROR_INIT};
        struct weft_error error = WEFT_ERROR_INIT;
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
        assert_int_equal(weft_uuid(f->job.run_id, &error), 0);
        weft_alloc_fail_at(nth, false);
        int rc = weft_job_do(arena, &f->job, NULL, NULL, &outcome, &error);
        met = weft_alloc_fail_at(0, false) >= nth;
        if (rc < 0) {
            assert_int_equal(error.code, WEFT_E_NOMEM);
            failed++;
        } else if (outcome.state == WEFT_RUN_FAILED) {
            if (outcome.error.code != WEFT_E_NOMEM)
                fail_msg("allocation %d: %s", (int)nth, outcome.error.message);
            failed++;
        } else {
            assert_int_equal(outcome.state, WEFT_RUN_PUBLISHED);
            assert_int_equal(outcome.balance.read, 6);
            assert_int_equal(outcome.balance.input_quarantined, 2);
        }
    }
    assert_true(failed > 10);
}

static void memory_runs_out_in_lines(void **state)
{
    memory_runs_out(*state, DOC("ndjson"),
                    "{\"id\":1,\"tags\":[{\"a\":1,\"b\":{\"x\":1,\"y\":2}}]}\n{\"id\":2,\"q\":1}\n"
                    "{\"id\":2}\n{\"id\":\"x\"}\n{\"id\":3,\"tags\":[{\"c\":1}]}\n{\"id\":4}\n");
}

static void memory_runs_out_in_arrays(void **state)
{
    memory_runs_out(*state, DOC("json"),
                    "[{\"id\":1,\"tags\":[{\"a\":1,\"b\":{\"x\":1,\"y\":2}}]},{\"id\":2,\"q\":1},"
                    "{\"id\":2},{\"id\":\"x\"},{\"id\":3,\"tags\":[{\"c\":1}]},{\"id\":4}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_over_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(array_over_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out_in_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_runs_out_in_arrays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

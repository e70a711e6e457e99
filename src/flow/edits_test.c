/*
 * edits_test.c - rows that a person edited: matched with quarantine, written for the worker,
 * replayed at a port and at the output; and memory that runs out at each of these.
 */
#include "flow/job_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/test_support.h"
#include "flow/edits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file port and the output, each with a rule. */
#define DOC(port, output)                                                                          \
    "{\"domain\":\"d\",\"name\":\"p\",\"version\":\"1.0.0\",\"inputs\":{\"f\":{\"files\":"         \
    "\"*.csv\",\"read\":\"new\",\"schema\":[{\"name\":\"id\",\"type\":\"long\"},"                  \
    "{\"name\":\"s\",\"type\":\"string\"},{\"name\":\"n\",\"type\":\"long\",\"max\":" port         \
    "}]}},\"write\":\"append\",\"sql\":\"select id, s, n * 10 as n from f\",\"schema\":["          \
    "{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"s\",\"type\":\"string\"},"                    \
    "{\"name\":\"n\",\"type\":\"long\",\"max\":" output "}]}"
static const char doc[] = DOC("9", "50");
static const char csv[] = "id,s,n\n1,a,1\n2,\"b,\"\"c\",99\n3,007,8\n4,,12\n5,e,x\n";

struct edits_fixture {
    struct job_fixture f;
    struct weft_registered product;
    const char *path;
    bool json;
};

static void ledger_do(struct job_fixture *f, const char *sql)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_ledger_txn *txn = NULL;
    struct weft_stmt *stmt = NULL;
    assert_int_equal(weft_ledger_begin_write(f->ledger, &txn, &error), 0);
    assert_int_equal(weft_stmt_prepare(txn, sql, &stmt, &error), 0);
    if (weft_stmt_step(stmt, &error) < 0)
        fail_msg("%s", error.message);
    weft_stmt_freep(&stmt);
    assert_int_equal(weft_ledger_commit(txn, &error), 0);
}

/* What the entry of the run would fold to: the run, its rows, the pointer of quarantine. */
static void aside_commit(struct job_fixture *f, int64_t rows)
{
    char sql[1024];
    job_commit(f);
    snprintf(sql, sizeof sql,
             "INSERT INTO flow_runs(run_id, product, cause, state, actor, started_at, finished_at, "
             "read, accepted, input_quarantined, made, published, output_quarantined, superseded, "
             "duration_us, memory_bytes, warnings, seq_from) VALUES('%s', 'd.p', 'run', "
             "'published', 'a', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)",
             f->job.run_id);
    ledger_do(f, sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO flow_quarantine(product, run_id, row_from, row_to, state, state_by, "
             "seq_from) VALUES('d.p', '%s', 1, %d, 'open', '', 1)",
             f->job.run_id, (int)rows);
    ledger_do(f, sql);
    snprintf(sql, sizeof sql,
             "INSERT INTO lake_tables(space, table_name, domain, name, metadata, snapshot_id, "
             "seq_from) VALUES('quarantine', 'd.p', 'd', 'p', '%s', %lld, 1)",
             f->quarantine_metadata, (long long)f->outcome.quarantine->made.snapshot_id);
    ledger_do(f, sql);
}

static int setup(void **state)
{
    struct edits_fixture *e = calloc(1, sizeof *e);
    struct weft_error error = WEFT_ERROR_INIT;
    job_setup(&e->f);
    e->product = (struct weft_registered){
        .full_name = "d.p", .major = 1, .table = "d.p", .name = "d.p", .folder = e->f.inbox};
    assert_int_equal(
        weft_product_from_document(e->f.arena, doc, e->f.inbox, &e->product.pending, &error), 0);
    job_text(&e->f, "1.csv", csv);
    job_run(&e->f, doc, WEFT_JOB_RUN);
    assert_int_equal(e->f.outcome.state, WEFT_RUN_PUBLISHED);
    assert_int_equal(e->f.outcome.balance.input_quarantined, 3);
    assert_int_equal(e->f.outcome.balance.output_quarantined, 1);
    aside_commit(&e->f, 4);
    *state = e;
    return 0;
}

static int teardown(void **state)
{
    struct edits_fixture *e = *state;
    job_teardown(&e->f);
    free(e);
    return 0;
}

/* {q} has the rows in the order of their numbers: three of the port, then one of the output. */
static void edits_put(struct edits_fixture *e, const char *format)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_error error = WEFT_ERROR_INIT;
    weft_buf_init(&text, 1 << 16);
    for (const char *at = format; *at != '\0'; at++) {
        if (*at == '@')
            weft_buf_adds(&text, e->f.job.run_id);
        else
            weft_buf_addc(&text, *at);
    }
    e->path = weft_arena_format(e->f.arena, "%s/edits", e->f.dir);
    (void)!weft_fs_unlink(e->path, &error);
    assert_int_equal(weft_fs_write_file(e->path, text.data, text.length, &error), 0);
}

static int edits_read(struct edits_fixture *e, struct weft_arena *arena, struct weft_edits *out,
                      struct weft_error *error)
{
    return weft_edits_read(e->f.ledger, arena, &e->product, e->path, e->json, out, error);
}

static const char good_csv[] =
    "_row;id;s;n\n@:1;2;\"b,\"\"c\";5\n@:2;4;;1\n@:3;5;\"e;f\";2\n@:4;3;7;4"
    "\n;;;\n";
static const char good_json[] =
    "{\"row_id\": \"@:1\", \"values\": {\"n\": 5}}\n\n{\"row_id\": \"@:2\", \"values\": {\"n\": "
    "\"1\", \"s\": null}}\n{\"row_id\": \"@:3\", \"values\": {\"n\": 2, \"s\": \"e;f\"}}\n"
    "{\"row_id\": \"@:4\", \"values\": {\"n\": 4}}\n";

static void test_read(void **state)
{
    struct edits_fixture *e = *state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_edits edits;
    for (int json = 0; json < 2; json++) {
        e->json = json == 1;
        edits_put(e, e->json ? good_json : good_csv);
        if (edits_read(e, e->f.arena, &edits, &error) < 0)
            fail_msg("%s:%d %s", error.file, error.line, error.message);
        assert_int_equal(edits.count, 4);
        assert_int_equal(edits.changed, 4);
        assert_int_equal(edits.replay_count, 1);
        assert_int_equal(edits.replays[0].row_count, 4);
        assert_string_equal(edits.items[0].port, "f");
        assert_null(edits.items[3].port);
        assert_ptr_equal(weft_edits_find(&edits, e->f.job.run_id, 4), &edits.items[3]);
        assert_null(weft_edits_find(&edits, e->f.job.run_id, 5));
        assert_int_equal(edits.items[2].line, json == 1 ? 4 : 4);
    }
}

static void test_zeros(void **state)
{
    struct edits_fixture *e = *state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_edits edits;
    edits_put(e, good_csv);
    assert_int_equal(edits_read(e, e->f.arena, &edits, &error), 0);
    assert_int_equal(edits.zeros, 1);
    assert_int_equal(edits.zeros_line, 5);
    assert_string_equal(edits.zeros_name, "s");
}

static int torture_read(void *arg, struct weft_error *error)
{
    struct edits_fixture *e = arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_edits edits;
    char *path = e->f.dir;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(edits_read(e, arena, &edits, error));
    WEFT_CLEANUP(weft_freep) char *out = weft_format("%s/out", path);
    if (out == NULL)
        return weft_error_nomem(error);
    struct weft_error ignored = WEFT_ERROR_INIT;
    int rc = weft_edits_write(&edits, out, error);
    (void)!weft_fs_unlink(out, &ignored);
    return rc;
}

static void test_torture_read(void **state)
{
    struct edits_fixture *e = *state;
    for (int json = 0; json < 2; json++) {
        e->json = json == 1;
        edits_put(e, e->json ? good_json : good_csv);
        assert_true(weft_test_torture(torture_read, e) > 50);
    }
}

/* ---- the worker's side ---- */

static void replay_job(struct edits_fixture *e, const struct weft_edits *edits, const char *file)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_job *job = &e->f.job;
    assert_int_equal(weft_uuid(job->run_id, &error), 0);
    job->mode = WEFT_JOB_REPLAY;
    job->document = doc;
    job->metadata = e->f.metadata;
    job->quarantine_metadata = e->f.quarantine_metadata;
    job->time_us = INT64_C(1600000000000000);
    job->replays = edits->replays;
    job->replay_count = edits->replay_count;
    job->edits = file;
}

static void test_torture_replay(void **state)
{
    struct edits_fixture *e = *state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_edits edits;
    bool ended = false;
    edits_put(e, good_csv);
    if (edits_read(e, e->f.arena, &edits, &error) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(weft_fs_mkdirs(e->f.job.temp_dir, &error), 0);
    const char *file = weft_arena_format(e->f.arena, "%s/edits", e->f.job.temp_dir);
    uint64_t n = 1;
    /* Every allocation would take minutes: each time another one, over all of the run. */
    for (; !ended; n += 1 + n / 12) {
        struct weft_arena *arena = weft_arena_new(0);
        assert_non_null(arena);
        replay_job(e, &edits, file);
        (void)!weft_fs_unlink(file, &error);
        weft_error_clear(&error);
        assert_int_equal(weft_edits_write(&edits, file, &error), 0);
        weft_alloc_fail_at(n, true);
        int rc = weft_job_do(arena, &e->f.job, NULL, NULL, &e->f.outcome, &error);
        ended = weft_alloc_fail_at(0, false) < n;
        const struct weft_error *why = rc < 0 ? &error : &e->f.outcome.error;
        bool failed = rc < 0 || e->f.outcome.state == WEFT_RUN_FAILED;
        /* weft_fs_inside says yes where it cannot know. */
        if (failed && why->code != WEFT_E_NOMEM && strstr(why->message, "lies in the home") == NULL)
            fail_msg("allocation %d: %s", (int)n, why->message);
        if (ended) {
            if (failed)
                fail_msg("%s", why->message);
            assert_int_equal(e->f.outcome.state, WEFT_RUN_PUBLISHED);
            assert_int_equal(e->f.outcome.balance.published, 4);
            assert_int_equal(e->f.outcome.replayed_count, 2); /* of the output, of the port */
            assert_int_equal(
                e->f.outcome.replayed[0].row_count + e->f.outcome.replayed[1].row_count, 4);
        }
        weft_arena_free(arena);
    }
    assert_true(n > 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zeros, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torture_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torture_replay, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

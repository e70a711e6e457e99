/*
 * transform_test.c - products with sql, done in this process: ports, sources, types, rules of the
 * output, keys, upserts, incremental reading, run keys, previews. What an asker would find out
 * (sources, the last key) is said by the test.
 */
#include "flow/job_test_support.h"

#include "base/fs.h"
#include "base/test_support.h"
#include "lake/pointer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A product of the test's mesh: what its runs have committed. */
struct one {
    const char *name; /* d.p */
    const char *metadata;
    const char *quarantine;
    int64_t snapshot;
    char key[WEFT_SHA256_HEX];
};

struct mesh {
    struct job_fixture f;
    struct one counties, reports, out;
    struct weft_job_source sources[4];
};

static int setup(void **state)
{
    struct mesh *m = calloc(1, sizeof *m);
    job_setup(&m->f);
    m->counties.name = "d.counties";
    m->reports.name = "d.reports";
    m->out.name = "d.p";
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct mesh *m = *state;
    job_teardown(&m->f);
    free(m);
    return 0;
}

static void enter(struct mesh *m, struct one *one)
{
    struct job_fixture *f = &m->f;
    f->job.table = one->name;
    f->job.table_folder = weft_arena_format(f->arena, "lake/d/%s", one->name + 2);
    f->job.quarantine_folder = weft_arena_format(f->arena, "quarantine/d/%s", one->name + 2);
    f->metadata = one->metadata;
    f->quarantine_metadata = one->quarantine;
    f->job.last_key = one->key[0] == '\0' ? NULL : one->key;
    f->job.folder = weft_arena_format(f->arena, "%s/%s", f->inbox, one->name + 2);
}

static void leave(struct mesh *m, struct one *one)
{
    struct job_fixture *f = &m->f;
    if (f->outcome.state == WEFT_RUN_PUBLISHED && f->job.mode != WEFT_JOB_PREVIEW) {
        job_commit(f);
        if (f->outcome.table != NULL && f->outcome.table->made.snapshot_id != 0) {
            one->snapshot = f->outcome.table->made.snapshot_id;
            memcpy(one->key, f->outcome.run_key, sizeof one->key);
        }
    }
    one->metadata = f->metadata;
    one->quarantine = f->quarantine_metadata;
    f->job.source_count = 0;
}

static void file(struct mesh *m, const struct one *one, const char *name, const char *text)
{
    char path[256];
    char folder[8192];
    struct weft_error error = WEFT_ERROR_INIT;
    snprintf(folder, sizeof folder, "%s/%s", m->f.inbox, one->name + 2);
    assert_int_equal(weft_fs_mkdirs(folder, &error), 0);
    snprintf(path, sizeof path, "%s/%s", one->name + 2, name);
    job_text(&m->f, path, text);
}

static void run(struct mesh *m, struct one *one, const char *document, enum weft_job_mode mode)
{
    enter(m, one);
    job_run(&m->f, document, mode);
    leave(m, one);
}

static void expect(struct mesh *m, enum weft_run_state state)
{
    const struct weft_outcome *out = &m->f.outcome;
    const struct weft_balance *b = &out->balance;
    if (out->state != state)
        fail_msg("state %d: %s (%s:%d) %s; %s", out->state, out->error.message, out->error.file,
                 out->error.line, out->error.detail, out->error.hint);
    assert_int_equal(b->read, b->accepted + b->input_quarantined);
    if (state != WEFT_RUN_PUBLISHED)
        return;
    assert_int_equal(b->made, b->published + b->output_quarantined + b->superseded);
    if (m->f.job.mode != WEFT_JOB_PREVIEW && m->f.job.mode != WEFT_JOB_REPLAY)
        assert_int_equal(b->input_quarantined + b->output_quarantined,
                         out->quarantine == NULL ? 0 : out->quarantine->added);
}

static void expect_refused(struct mesh *m, enum weft_code code, const char *text)
{
    expect(m, WEFT_RUN_FAILED);
    assert_int_equal(m->f.outcome.error.code, code);
    if (strstr(m->f.outcome.error.message, text) == NULL &&
        strstr(m->f.outcome.error.hint, text) == NULL)
        fail_msg("\"%s\" (%s) does not say \"%s\"", m->f.outcome.error.message,
                 m->f.outcome.error.hint, text);
}

static int64_t number(struct mesh *m, const struct one *one, const char *sql)
{
    m->f.metadata = one->metadata;
    m->f.quarantine_metadata = one->quarantine;
    return job_number(&m->f, sql);
}

/* The n-th source of the next job. */
static void source(struct mesh *m, size_t n, const char *name, const struct one *one, bool port)
{
    m->sources[n] =
        (struct weft_job_source){.name = name,
                                 .is_port = port,
                                 .product = weft_arena_format(m->f.arena, "%s@1", one->name),
                                 .table = one->name,
                                 .metadata = one->metadata,
                                 .snapshot_id = one->snapshot};
    m->f.job.sources = m->sources;
    m->f.job.source_count = n + 1;
}

static void source_new(struct mesh *m, size_t n, const char *name, const struct one *one,
                       int64_t since)
{
    source(m, n, name, one, true);
    m->sources[n].only_new = true;
    m->sources[n].since = since;
}

#define DOC(name) "{\"domain\":\"d\",\"name\":\"" name "\",\"version\":\"1.0.0\","
static const char counties_doc[] =
    DOC("counties") "\"input\":{\"files\":\"*.csv\",\"read\":\"all\"},"
                    "\"schema\":[{\"name\":\"fips\",\"type\":\"string\"},"
                    "{\"name\":\"county\",\"type\":\"string\"},"
                    "{\"name\":\"people\",\"type\":\"long\"}]}";
static const char reports_doc[] = DOC("reports") "\"input\":{\"files\":\"*.csv\",\"read\":\"new\"},"
                                                 "\"schema\":[{\"name\":\"day\",\"type\":\"date\"},"
                                                 "{\"name\":\"fips\",\"type\":\"string\"},"
                                                 "{\"name\":\"cases\",\"type\":\"long\"}]}";

static void counties_make(struct mesh *m)
{
    file(m, &m->counties, "c.csv", "fips,county,people\n01,Ada,1000\n02,Bee,2000\n03,Cay,3000\n");
    run(m, &m->counties, counties_doc, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
}

static void reports_add(struct mesh *m, const char *name, const char *text)
{
    file(m, &m->reports, name, text);
    run(m, &m->reports, reports_doc, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
}

/* ---- SQL over products ---- */

static const char joined_doc[] =
    DOC("p") "\"inputs\":{\"r\":{\"product\":\"d.reports\"}},"
             "\"sql\":\"select c.county, sum(r.cases) as cases, max(r.day) as last "
             "from r join d.counties c using (fips) group by all order by all\","
             "\"schema\":[{\"name\":\"county\",\"type\":\"string\",\"required\":true},"
             "{\"name\":\"cases\",\"type\":\"long\",\"min\":0},"
             "{\"name\":\"last\",\"type\":\"date\"}],\"key\":[\"county\"]}";

static void joined_run(struct mesh *m, enum weft_job_mode mode)
{
    source(m, 0, "r", &m->reports, true);
    source(m, 1, "d.counties", &m->counties, false);
    run(m, &m->out, joined_doc, mode);
}

static void test_joined(void **state)
{
    struct mesh *m = *state;
    counties_make(m);
    reports_add(m, "1.csv", "day,fips,cases\n2020-03-01,01,5\n2020-03-01,02,7\n2020-03-02,01,6\n");
    joined_run(m, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
    const struct weft_balance *b = &m->f.outcome.balance;
    assert_int_equal(b->read, 6);
    assert_int_equal(b->accepted, 6);
    assert_int_equal(b->made, 2);
    assert_int_equal(b->published, 2);
    assert_int_equal(m->f.outcome.source_count, 2);
    assert_int_equal(m->f.outcome.sources[0].records, 3);
    assert_int_equal(m->f.outcome.sources[0].snapshot_id, m->reports.snapshot);
    assert_string_equal(m->f.outcome.table->operation, "append");
    assert_int_equal(strlen(m->f.outcome.run_key), 64);
    assert_int_equal(number(m, &m->out,
                            "SELECT cases FROM {t} WHERE county = 'Ada' AND last = "
                            "DATE '2020-03-02'"),
                     11);
    /* The same again. */
    joined_run(m, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_NOTHING_NEW);
    /* Another state of a source. */
    reports_add(m, "2.csv", "day,fips,cases\n2020-03-03,03,1\n");
    joined_run(m, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_string_equal(m->f.outcome.table->operation, "overwrite");
    assert_int_equal(m->f.outcome.table->removed, 2);
    assert_int_equal(number(m, &m->out, "SELECT count(*) FROM {t}"), 3);
}

/* Without sql the one product is taken as it is. */
static void test_as_it_is(void **state)
{
    struct mesh *m = *state;
    counties_make(m);
    source(m, 0, "c", &m->counties, true);
    run(m, &m->out,
        DOC("p") "\"inputs\":{\"c\":{\"product\":\"d.counties\"}},\"schema\":[{\"name\":\"fips\","
                 "\"type\":\"string\"},{\"name\":\"county\",\"type\":\"string\"},{\"name\":"
                 "\"people\","
                 "\"type\":\"long\",\"max\":2500}]}",
        WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.published, 2);
    assert_int_equal(m->f.outcome.balance.output_quarantined, 1);
}

static void test_not_yet(void **state)
{
    struct mesh *m = *state;
    static const char *const docs[] = {
        DOC("p") "\"input\":{\"files\":\"*.csv\"},\"schema\":[{\"name\":\"a\",\"type\":\"list<int>"
                 "\"}]}",
        DOC("p") "\"inputs\":{\"f\":{\"files\":\"*.csv\",\"schema\":[{\"name\":\"a\",\"type\":"
                 "\"list<int>\"}]}},\"sql\":\"select 1 as a from f\"}"};
    for (size_t i = 0; i < sizeof docs / sizeof *docs; i++) {
        run(m, &m->out, docs[i], WEFT_JOB_RUN);
        expect_refused(m, WEFT_E_NOT_YET, "lists");
    }
}

/* ---- incremental ---- */

static const char added_doc[] =
    DOC("p") "\"inputs\":{\"r\":{\"product\":\"d.reports\",\"read\":\"new\"},"
             "\"c\":{\"product\":\"d.counties\"}},"
             "\"sql\":\"select r.day, c.county, r.cases from r join c using (fips)\","
             "\"schema\":[{\"name\":\"day\",\"type\":\"date\"},"
             "{\"name\":\"county\",\"type\":\"string\"},"
             "{\"name\":\"cases\",\"type\":\"long\"}]}";

static void added_run(struct mesh *m, int64_t since, enum weft_job_mode mode)
{
    source_new(m, 0, "r", &m->reports, since);
    source(m, 1, "c", &m->counties, true);
    run(m, &m->out, added_doc, mode);
}

static void test_incremental(void **state)
{
    struct mesh *m = *state;
    counties_make(m);
    reports_add(m, "1.csv", "day,fips,cases\n2020-03-01,01,5\n2020-03-01,02,7\n");
    int64_t first = m->reports.snapshot;
    added_run(m, 0, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.made, 2);
    added_run(m, first, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_NOTHING_NEW);
    reports_add(m, "2.csv", "day,fips,cases\n2020-03-02,01,6\n");
    reports_add(m, "3.csv", "day,fips,cases\n2020-03-03,01,8\n");
    added_run(m, first, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_string_equal(m->f.outcome.table->operation, "append");
    assert_int_equal(m->f.outcome.balance.made, 2);
    assert_int_equal(m->f.outcome.sources[0].records, 2);
    assert_int_equal(m->f.outcome.sources[0].since, first);
    assert_int_equal(number(m, &m->out, "SELECT sum(cases) FROM {t}"), 26);
    /* All of it once more, in place of what is there. */
    added_run(m, first, WEFT_JOB_REBUILD);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.made, 4);
    assert_int_equal(m->f.outcome.table->removed, 4);
    /* The source was written anew: what is new of it cannot be told. */
    int64_t last = m->reports.snapshot;
    run(m, &m->reports, reports_doc, WEFT_JOB_REBUILD);
    expect(m, WEFT_RUN_PUBLISHED);
    added_run(m, last, WEFT_JOB_RUN);
    expect_refused(m, WEFT_E_REFUSED, "--rebuild");
    added_run(m, 42, WEFT_JOB_RUN);
    expect_refused(m, WEFT_E_REFUSED, "is gone");
}

/* ---- rows set aside ---- */

static const char rules_doc[] = DOC(
    "p") "\"inputs\":{\"f\":{\"files\":\"*.csv\",\"schema\":["
         "{\"name\":\"id\",\"type\":\"long\",\"required\":true},"
         "{\"name\":\"n\",\"type\":\"int\",\"max\":100}]}},"
         "\"sql\":\"select id, sum(n) as n, 'a \\\"b\\\"' as t from f group by id order by id\","
         "\"schema\":[{\"name\":\"id\",\"type\":\"long\"},"
         "{\"name\":\"n\",\"type\":\"long\",\"min\":10},"
         "{\"name\":\"t\",\"type\":\"string\"}],"
         "\"quality\":{\"checks\":[{\"name\":\"odd\",\"condition\":\"id % 7 > 0\"}],"
         "\"quarantine_max\":0.6}}";

static void test_set_aside(void **state)
{
    struct mesh *m = *state;
    file(m, &m->out, "a.csv", "id,n\n1,5\n1,6\nx,1\n2,101\n3,9\n7,1\n8,30\n9,40\n");
    run(m, &m->out, rules_doc, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
    const struct weft_balance *b = &m->f.outcome.balance;
    assert_int_equal(b->read, 8);
    assert_int_equal(b->input_quarantined, 2);
    assert_int_equal(b->made, 5);
    assert_int_equal(b->output_quarantined, 2);
    assert_int_equal(b->published, 3);
    assert_int_equal(job_check(&m->f, "f.n.max")->failing, 1);
    assert_int_equal(job_check(&m->f, "n.min")->failing, 2);
    assert_int_equal(job_check(&m->f, "n.min")->total, 5);
    assert_int_equal(job_check(&m->f, "check.odd")->failing, 1);
    assert_int_equal(m->f.outcome.file_count, 1);
    assert_int_equal(m->f.outcome.files[0].quarantined, 2);
    assert_int_equal(number(m, &m->out,
                            "SELECT count(*) FROM {q} WHERE port = 'f' AND line IN "
                            "(4, 5) AND rules IN (['f.id.type'], ['f.n.max'])"),
                     2);
    assert_int_equal(
        number(m, &m->out,
               "SELECT count(*) FROM {q} WHERE port IS NULL AND file IS NULL AND line "
               "IS NULL AND byte IS NULL AND raw IS NULL AND rules = ['n.min', "
               "'check.odd'] AND \"values\" = '{\"id\":7,\"n\":1,\"t\":\"a \\\"b\\\"\"}'"),
        1);
    assert_int_equal(number(m, &m->out, "SELECT count(DISTINCT row_id) FROM {q}"), 4);
    run(m, &m->out, rules_doc, WEFT_JOB_REBUILD); /* rows set aside are expected now */
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.output_quarantined, 2);
    /* One more file that is bad: more than quarantine_max of all records. */
    file(m, &m->out, "b.csv", "id,n\nx,1\nx,1\nx,1\nx,1\nx,1\nx,1\nx,1\nx,1\nx,1\nx,1\nx,1\n");
    run(m, &m->out, rules_doc, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_BLOCKED);
    assert_non_null(m->f.outcome.examples);
    assert_int_equal(job_check(&m->f, "quarantine_max")->failing, 15);
    assert_int_equal(job_check(&m->f, "quarantine_max")->total, 24);
    assert_int_equal(number(m, &m->out, "SELECT count(*) FROM {t}"), 3);
}

static void test_preview(void **state)
{
    struct mesh *m = *state;
    file(m, &m->out, "a.csv", "id,n\n1,5\n1,6\n2,1\n");
    run(m, &m->out, rules_doc, WEFT_JOB_PREVIEW);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_null(m->f.outcome.table);
    assert_null(m->f.outcome.quarantine);
    assert_non_null(m->f.outcome.preview);
    assert_int_equal(m->f.outcome.balance.output_quarantined, 1);
    char sql[8192];
    snprintf(sql, sizeof sql, "SELECT n FROM read_parquet('%s')", m->f.outcome.preview);
    assert_int_equal(number(m, &m->out, sql), 11);
    assert_false(weft_fs_exists(weft_arena_format(m->f.arena, "%s/lake/d/p", m->f.home)));
}

static const char twins_doc[] =
    DOC("p") "\"inputs\":{\"r\":{\"product\":\"d.reports\"}},"
             "\"sql\":\"select fips, cases from r order by day desc\","
             "\"schema\":[{\"name\":\"fips\",\"type\":\"string\"},"
             "{\"name\":\"cases\",\"type\":\"long\"}],\"key\":[\"fips\"]}";

/* Of several rows with one key the first in the SQL's order stays. */
static void test_twins(void **state)
{
    struct mesh *m = *state;
    reports_add(m, "1.csv",
                "day,fips,cases\n2020-03-01,01,5\n2020-03-04,01,7\n2020-03-02,02,6\n"
                "2020-03-05,,1\n");
    source(m, 0, "r", &m->reports, true);
    run(m, &m->out, twins_doc, WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.output_quarantined, 2);
    assert_int_equal(number(m, &m->out, "SELECT cases FROM {t} WHERE fips = '01'"), 7);
    assert_int_equal(number(m, &m->out,
                            "SELECT count(*) FROM {q} WHERE rules = ['key'] AND "
                            "\"values\" = '{\"fips\":\"01\",\"cases\":5}'"),
                     1);
}

/* ---- types ---- */

static void expect_sql(struct mesh *m, const char *sql, const char *type, const char *refused)
{
    const char *doc = weft_arena_format(
        m->f.arena,
        DOC("p") "\"inputs\":{\"c\":{\"product\":\"d.counties\"}},\"sql\":\"%s\"%s%s%s}", sql,
        type == NULL ? "" : ",\"schema\":[{\"name\":\"x\",\"type\":\"", type == NULL ? "" : type,
        type == NULL ? "" : "\"}]");
    source(m, 0, "c", &m->counties, true);
    run(m, &m->out, doc, WEFT_JOB_PREVIEW);
    if (refused == NULL)
        expect(m, WEFT_RUN_PUBLISHED);
    else
        expect_refused(m, WEFT_E_INVALID, refused);
}

static void test_types(void **state)
{
    struct mesh *m = *state;
    counties_make(m);
    expect_sql(m, "select 1 as x", "long", NULL);
    expect_sql(m, "select 1 as x", "double", NULL);
    expect_sql(m, "select 1 as x", "decimal(12,2)", NULL);
    expect_sql(m, "select people as x from c", "int", "cast(... as INTEGER) as x");
    expect_sql(m, "select people as x from c", "double", "declare it `long`");
    expect_sql(m, "select sum(people) as x from c", "long", NULL);
    expect_sql(m, "select avg(people) as x from c", "long", "cast(... as BIGINT)");
    expect_sql(m, "select cast(1.5 as decimal(9,2)) as x", "decimal(12,4)", NULL);
    expect_sql(m, "select cast(1.5 as decimal(9,4)) as x", "decimal(9,2)", "may lose");
    expect_sql(m, "select sum(cast(people as decimal(9,2))) as x from c", "decimal(18,2)", NULL);
    expect_sql(m, "select date '2020-01-01' as x", "string", NULL);
    expect_sql(m, "select date '2020-01-01' as x", "timestamp", "cast(... as TIMESTAMP)");
    expect_sql(m, "select '1' as x", "long", "declare it `string`");
    expect_sql(m, "select interval 1 day as x", "string", "a table cannot hold");
    expect_sql(m, "select [1] as x", "list<int>", NULL);
    expect_sql(m, "select [1] as x", "string", "may lose");
    expect_sql(m, "select '{}' as x", "json", NULL);
    expect_sql(m, "select 1 as y", "long", "gives no column x");
    expect_sql(m, "select 1 as x, 2 as y", "long", "a column y, which the schema lacks");
    expect_sql(m, "select 1 as x, 2 as X", "long", "two columns");
    expect_sql(m, "select count(*) from c", NULL, "as count_star");
    expect_sql(m, "select sum(people) as people, max(county) as county from c", NULL, NULL);
    assert_int_equal(m->f.outcome.detected_count, 2);
    assert_string_equal(m->f.outcome.detected[0], "people: long");
    /* What the type alone does not tell fails on the value. */
    source(m, 0, "c", &m->counties, true);
    run(m, &m->out,
        DOC("p") "\"inputs\":{\"c\":{\"product\":\"d.counties\"}},\"sql\":\"select sum(people * "
                 "5000000000000000) as x from c\",\"schema\":[{\"name\":\"x\",\"type\":\"long\"}]}",
        WEFT_JOB_PREVIEW);
    expect(m, WEFT_RUN_FAILED);
    assert_int_equal(m->f.outcome.error.code, WEFT_E_SQL);
    print_message("%s; %s; %s\n", m->f.outcome.error.message, m->f.outcome.error.detail,
                  m->f.outcome.error.hint);
}

/* ---- the planner must not ask the rules of other rows than those that the SQL gives ---- */

static void test_rules_see_results(void **state)
{
    struct mesh *m = *state;
    reports_add(m, "1.csv", "day,fips,cases\n2020-03-01,01,5\n2020-03-02,01,6\n2020-03-01,02,7\n");
    source(m, 0, "r", &m->reports, true);
    run(m, &m->out,
        DOC("p") "\"inputs\":{\"r\":{\"product\":\"d.reports\"}},\"sql\":\"select fips, sum(cases) "
                 "as "
                 "cases from r group by fips\",\"schema\":[{\"name\":\"fips\",\"type\":\"string\","
                 "\"enum\":[\"02\"]},{\"name\":\"cases\",\"type\":\"long\"}]}",
        WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.made, 2);
    assert_int_equal(m->f.outcome.balance.output_quarantined, 1);
    assert_int_equal(number(m, &m->out,
                            "SELECT count(*) FROM {q} WHERE \"values\" = "
                            "'{\"fips\":\"01\",\"cases\":11}'"),
                     1);
}

/* ---- upsert ---- */

#define UPSERT                                                                                     \
    "\"write\":\"upsert\",\"schema\":[{\"name\":\"id\",\"type\":\"long\"},"                        \
    "{\"name\":\"n\",\"type\":\"long\",\"max\":100},"                                              \
    "{\"name\":\"at\",\"type\":\"date\"}],\"key\":[\"id\"]"
#define FILES "\"inputs\":{\"f\":{\"files\":\"*.csv\",\"read\":\"new\"}},"

static void expect_figures(struct mesh *m, int64_t made, int64_t published, int64_t superseded,
                           int64_t aside)
{
    const struct weft_balance *b = &m->f.outcome.balance;
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(b->made, made);
    assert_int_equal(b->published, published);
    assert_int_equal(b->superseded, superseded);
    assert_int_equal(b->input_quarantined + b->output_quarantined, aside);
    if (m->f.outcome.table != NULL)
        assert_int_equal(m->f.outcome.table->added, published);
}

static void upsert_runs(struct mesh *m, const char *doc, bool ordered)
{
    file(m, &m->out, "1.csv", "id,n,at\n1,1,2020-01-05\n2,2,2020-01-05\n1,10,2020-01-04\n,1,\n");
    run(m, &m->out, doc, WEFT_JOB_RUN);
    /* By the order of the run the second row of 1 is the last, by `at` the first. */
    expect_figures(m, m->f.outcome.balance.made, 2, 1, 1);
    assert_int_equal(number(m, &m->out, "SELECT n FROM {t} WHERE id = 1"), ordered ? 1 : 10);
    file(m, &m->out, "2.csv", "id,n,at\n3,3,2020-01-05\n4,4,2020-01-05\n");
    run(m, &m->out, doc, WEFT_JOB_RUN);
    expect_figures(m, 2, 2, 0, 0);
    assert_string_equal(m->f.outcome.table->operation, "append");
    assert_int_equal(m->f.outcome.table->carried, 0);
    /* Only the first file is written again. */
    file(m, &m->out, "3.csv", "id,n,at\n2,20,2020-01-06\n5,5,2020-01-06\n2,101,2020-01-07\n");
    run(m, &m->out, doc, WEFT_JOB_RUN);
    expect_figures(m, m->f.outcome.balance.made, 2, 0, 1);
    assert_string_equal(m->f.outcome.table->operation, "overwrite");
    assert_int_equal(m->f.outcome.table->removed, 1);
    assert_int_equal(m->f.outcome.table->carried, 1);
    assert_int_equal(m->f.outcome.table->made.total_files, 3);
    assert_int_equal(m->f.outcome.table->made.total_records, 5);
    assert_int_equal(number(m, &m->out, "SELECT sum(n) FROM {t}"), 32 + (ordered ? 1 : 10));
    /* What is older than the published row of its key changes nothing where an order is given. */
    file(m, &m->out, "4.csv", "id,n,at\n2,21,2020-01-01\n3,30,\n4,40,2020-01-05\n");
    run(m, &m->out, doc, WEFT_JOB_RUN);
    expect_figures(m, 3, ordered ? 1 : 3, ordered ? 2 : 0, 0);
    assert_int_equal(number(m, &m->out, "SELECT n FROM {t} WHERE id = 2"), ordered ? 20 : 21);
    assert_int_equal(number(m, &m->out, "SELECT n FROM {t} WHERE id = 4"), 40);
    assert_int_equal(number(m, &m->out, "SELECT count(*) FROM {t}"), 5);
    /* A preview changes nothing and knows the table as it would be. */
    file(m, &m->out, "5.csv", "id,n,at\n2,22,2020-02-01\n6,6,2020-02-01\n");
    run(m, &m->out, doc, WEFT_JOB_PREVIEW);
    expect_figures(m, 2, 2, 0, 0);
    assert_int_equal(number(m, &m->out, "SELECT count(*) FROM {t}"), 5);
    /* All of it at once. */
    run(m, &m->out, doc, WEFT_JOB_REBUILD);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(number(m, &m->out, "SELECT count(*) FROM {t}"), 6);
    assert_int_equal(number(m, &m->out, "SELECT n FROM {t} WHERE id = 2"), 22);
}

static void test_upsert_files(void **state)
{
    upsert_runs(*state, DOC("p") FILES UPSERT "}", false);
}

static void test_upsert_ordered(void **state)
{
    upsert_runs(*state, DOC("p") FILES "\"order_by\":\"at\"," UPSERT "}", true);
}

static void test_upsert_sorted(void **state)
{
    upsert_runs(*state, DOC("p") FILES "\"sort\":[\"n\"]," UPSERT "}", false);
}

static void test_upsert_sql(void **state)
{
    upsert_runs(*state, DOC("p") FILES "\"sql\":\"select * from f\"," UPSERT "}", false);
}

static void test_upsert_sql_ordered(void **state)
{
    upsert_runs(*state,
                DOC("p") FILES "\"order_by\":\"at\",\"sql\":\"select * from f where true\"," UPSERT
                               "}",
                true);
}

/* A row that is set aside replaces nothing, and what it would have replaced counts again. */
static void test_upsert_unique(void **state)
{
    struct mesh *m = *state;
    static const char doc[] =
        DOC("p") FILES "\"write\":\"upsert\",\"schema\":[{\"name\":\"id\",\"type\":\"long\"},"
                       "{\"name\":\"u\",\"type\":\"long\",\"unique\":true}],\"key\":[\"id\"]}";
    file(m, &m->out, "1.csv", "id,u\n1,5\n2,7\n3,9\n");
    run(m, &m->out, doc, WEFT_JOB_RUN);
    expect_figures(m, 3, 3, 0, 0);
    /* 1 takes 7, which 2 keeps: 5 stays with 1, so 4 cannot have it. 3 gives 9 up, 5 takes it. */
    file(m, &m->out, "2.csv", "id,u\n1,7\n4,5\n3,8\n5,9\n");
    run(m, &m->out, doc, WEFT_JOB_RUN);
    expect_figures(m, 2, 2, 0, 2);
    assert_int_equal(number(m, &m->out, "SELECT count(*) FROM {t}"), 4);
    assert_int_equal(number(m, &m->out, "SELECT sum(id * u) FROM {t}"), 5 + 14 + 24 + 45);
}

/* ---- graphs ---- */

static void links(struct mesh *m, const char *rows)
{
    file(m, &m->out, "links.csv", weft_arena_format(m->f.arena, "a,b,w\n%s", rows));
}

#define GRAPH(algorithm, edges)                                                                    \
    DOC("p")                                                                                       \
    "\"inputs\":{\"links\":{\"files\":\"*.csv\"}},\"graph\":{\"algorithm\":\"" algorithm           \
    "\",\"edges\":\"" edges "\"}"

static void test_graph(void **state)
{
    struct mesh *m = *state;
    links(m, "x,y,1\ny,z,2\nz,x,1\np,q,1\n");
    run(m, &m->out, GRAPH("components", "select a, b from links") "}", WEFT_JOB_RUN);
    if (m->f.outcome.error.code == WEFT_E_WORKER)
        skip(); /* built without the program for graphs */
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.read, 4);
    assert_int_equal(m->f.outcome.balance.made, 5);
    assert_int_equal(number(m, &m->out,
                            "SELECT count(*) FROM {t} WHERE community = (node IN "
                            "('p', 'q'))::BIGINT"),
                     5);
    run(m, &m->out, GRAPH("pagerank", "select a, b, w from links") "}", WEFT_JOB_PREVIEW);
    expect(m, WEFT_RUN_PUBLISHED);
    static const char declared[] = GRAPH(
        "louvain",
        "select b, a, w from links order by w") ",\"schema\":[{\"name\":\"community\",\"type\":"
                                                "\"long\"},"
                                                "{\"name\":\"node\",\"type\":\"string\",\"enum\":["
                                                "\"x\",\"y\",\"z\"]}],\"key\":[\"node\"]}";
    run(m, &m->out, declared, WEFT_JOB_REBUILD);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.output_quarantined, 2);
}

/* A distance that is exactly the limit makes a weight of 0: two nodes, and nothing between them. */
static void test_graph_weight_zero(void **state)
{
    struct mesh *m = *state;
    static const char doc[] = GRAPH("louvain", "select a, b, 1 - w / 0.2 as weight from links") "}";
    links(m, "x,y,0.1\ny,z,0.2\np,q,0.2\n");
    run(m, &m->out, doc, WEFT_JOB_RUN);
    if (m->f.outcome.error.code == WEFT_E_WORKER)
        skip();
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.made, 5);
    assert_int_equal(number(m, &m->out, "SELECT count(DISTINCT community) FROM {t}"), 4);
    assert_int_equal(number(m, &m->out, "SELECT count(*) FROM {t} WHERE community = 0"), 2);
}

static void test_graph_refused(void **state)
{
    struct mesh *m = *state;
    links(m, "x,y,1\ny,,2\nz,z,1\np,q,-1\n");
    run(m, &m->out, GRAPH("components", "select a, b from links order by b nulls first") "}",
        WEFT_JOB_RUN);
    expect_refused(m, WEFT_E_REFUSED, "1 edge without both nodes; the first is row 1");
    run(m, &m->out, GRAPH("components", "select a, b from links where b is not null") "}",
        WEFT_JOB_RUN);
    expect_refused(m, WEFT_E_REFUSED, "1 edge from a node to itself");
    run(m, &m->out, GRAPH("louvain", "select a, b, w from links where a <> b") "}", WEFT_JOB_RUN);
    expect_refused(m, WEFT_E_REFUSED, "with a weight that is negative or no number; the first is");
    run(m, &m->out, GRAPH("louvain", "select a, b, 'nan'::double from links where a <> b") "}",
        WEFT_JOB_RUN);
    expect_refused(m, WEFT_E_REFUSED, "edges with a weight that is negative or no number");
    run(m, &m->out, GRAPH("louvain", "select a from links") "}", WEFT_JOB_RUN);
    expect_refused(m, WEFT_E_INVALID, "gives one column");
    run(m, &m->out, GRAPH("louvain", "select a, w from links") "}", WEFT_JOB_RUN);
    expect_refused(m, WEFT_E_INVALID, "different types");
    links(m, "");
    run(m, &m->out, GRAPH("louvain", "select a, b from links") "}", WEFT_JOB_RUN);
    expect(m, WEFT_RUN_PUBLISHED);
    assert_int_equal(m->f.outcome.balance.made, 0);
}

/* ---- replay ---- */

#define REPLAY(limit)                                                                              \
    DOC("p")                                                                                       \
    FILES                                                                                          \
    "\"sql\":\"select *, [n, 1] as l from f\",\"schema\":[{\"name\":\"id\",\"type\":"              \
    "\"long\",\"required\":true},{\"name\":\"n\",\"type\":\"long\",\"max\":" limit                 \
    "},{\"name\":\"at\",\"type\":\"date\"},{\"name\":\"l\",\"type\":\"list<long>\"}],\"key\":"     \
    "[\"id\"]}"

static void test_replay(void **state)
{
    struct mesh *m = *state;
    file(m, &m->out, "1.csv",
         "id,n,at\n1,1,2020-01-05\n2,200,2020-01-06\n3,300,\n1,250,2020-01-01\n");
    run(m, &m->out, REPLAY("100"), WEFT_JOB_RUN);
    expect_figures(m, 4, 1, 0, 3);
    struct weft_job_replay all = {.run_id = weft_arena_strdup(m->f.arena, m->f.job.run_id)};
    m->f.job.replays = &all;
    m->f.job.replay_count = 1;
    run(m, &m->out, REPLAY("100"), WEFT_JOB_REPLAY);
    expect(m, WEFT_RUN_NOTHING_NEW);
    /* 3 is still too large, and 1 is taken. */
    run(m, &m->out, REPLAY("260"), WEFT_JOB_REPLAY);
    expect_figures(m, 3, 1, 0, 2);
    assert_null(m->f.outcome.quarantine);
    assert_int_equal(m->f.outcome.replayed_count, 1);
    assert_int_equal(m->f.outcome.replayed[0].row_count, 1);
    assert_int_equal(number(m, &m->out,
                            "SELECT l[1] FROM {t} WHERE id = 2 AND \"at\" = DATE "
                            "'2020-01-06' AND len(l) = 2"),
                     200);
    const int64_t third[] = {3}; /* in the order of their values */
    all.row_numbers = third;
    all.row_count = 1;
    run(m, &m->out, REPLAY("1000"), WEFT_JOB_REPLAY);
    expect_figures(m, 1, 1, 0, 0);
    assert_int_equal(m->f.outcome.replayed[0].row_numbers[0], third[0]);
    m->f.job.replay_count = 0;
}

/* ---- memory runs out ---- */

/* Everything at once: a file port with rules, a source, keys twice, rows set aside, an upsert. */
static const char torture_doc[] =
    DOC("p") "\"inputs\":{\"f\":{\"files\":\"*.csv\",\"read\":\"new\",\"schema\":["
             "{\"name\":\"fips\",\"type\":\"string\",\"pattern\":\"[0-9]+\"},"
             "{\"name\":\"n\",\"type\":\"int\"}]},\"c\":{\"product\":\"d.counties\"}},"
             "\"sql\":\"select fips, c.county, n from f join c using (fips) order by "
             "n\",\"write\":\"upsert\","
             "\"schema\":[{\"name\":\"fips\",\"type\":\"string\"},"
             "{\"name\":\"county\",\"type\":\"string\"},"
             "{\"name\":\"n\",\"type\":\"int\",\"max\":50}],\"key\":[\"fips\"]}";

static void torture_job(struct mesh *m)
{
    enter(m, &m->out);
    source(m, 0, "c", &m->counties, true);
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_uuid(m->f.job.run_id, &error), 0);
    m->f.job.mode = WEFT_JOB_RUN;
    m->f.job.document = torture_doc;
    m->f.job.metadata = m->f.metadata;
    m->f.job.quarantine_metadata = m->f.quarantine_metadata;
    m->f.job.time_us = INT64_C(1600000000000000);
}

static void test_torture(void **state)
{
    struct mesh *m = *state;
    counties_make(m);
    file(m, &m->out, "1.csv", "fips,n\n01,1\n02,2\n");
    source(m, 0, "c", &m->counties, true);
    run(m, &m->out, torture_doc, WEFT_JOB_RUN);
    expect_figures(m, 2, 2, 0, 0);
    file(m, &m->out, "2.csv", "fips,n\n01,10\n01,11\nx,1\n03,70\n");
    bool ended = false;
    /* Every allocation would take minutes: each time another one, over all of the run. */
    for (uint64_t n = 1; !ended; n += 1 + n / 12) {
        struct weft_error error = WEFT_ERROR_INIT;
        torture_job(m);
        struct weft_arena *arena = weft_arena_new(0);
        assert_non_null(arena);
        weft_alloc_fail_at(n, true);
        int rc = weft_job_do(arena, &m->f.job, NULL, NULL, &m->f.outcome, &error);
        ended = weft_alloc_fail_at(0, false) < n;
        const struct weft_error *why = rc < 0 ? &error : &m->f.outcome.error;
        bool failed = rc < 0 || m->f.outcome.state == WEFT_RUN_FAILED;
        /* weft_fs_inside says yes where it cannot know. */
        if (failed && why->code != WEFT_E_NOMEM && strstr(why->message, "lies in the home") == NULL)
            fail_msg("allocation %d: %s", (int)n, why->message);
        weft_arena_free(arena);
    }
    source(m, 0, "c", &m->counties, true);
    run(m, &m->out, torture_doc, WEFT_JOB_RUN);
    expect_figures(m, 3, 1, 1, 2);
    assert_int_equal(number(m, &m->out, "SELECT sum(n) FROM {t}"), 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_joined, setup, teardown),
        cmocka_unit_test_setup_teardown(test_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_yet, setup, teardown),
        cmocka_unit_test_setup_teardown(test_incremental, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_preview, setup, teardown),
        cmocka_unit_test_setup_teardown(test_twins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rules_see_results, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upsert_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upsert_ordered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upsert_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upsert_sql, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upsert_sql_ordered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_upsert_unique, setup, teardown),
        cmocka_unit_test_setup_teardown(test_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(test_graph_weight_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(test_graph_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_torture, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

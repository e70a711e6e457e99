/*
 * job_test.c - runs done in this process on generated files of every kind; the balances hold in
 * each, and what is published is what DuckDB itself reads from the file.
 */
/* size: all kinds of files go through one pass, with one fixture. */
#include "flow/job_test_support.h"

#include "lake/pointer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define SCHEMA                                                                                     \
    "\"schema\":[{\"name\":\"id\",\"type\":\"long\",\"required\":true},"                           \
    "{\"name\":\"name\",\"type\":\"string\",\"max_length\":20},"                                   \
    "{\"name\":\"n\",\"type\":\"int\",\"min\":0,\"max\":1000}]"
#define HEAD "{\"domain\":\"d\",\"name\":\"p\",\"version\":\"1.0.0\","
#define INPUT(read) "\"input\":{\"files\":\"*.csv*\",\"read\":\"" read "\"},"

static const char all_doc[] = HEAD INPUT("all") SCHEMA "}";
static const char new_doc[] = HEAD INPUT("new") SCHEMA ",\"key\":[\"id\"]}";

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

static void expect_bad(struct job_fixture *f, const char *text, int64_t byte)
{
    job_expect_state(f, WEFT_RUN_FAILED);
    assert_int_equal(f->outcome.error.code, WEFT_E_INPUT);
    if (strstr(f->outcome.error.message, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", f->outcome.error.message, text);
    if (byte >= 0)
        assert_int_equal(f->outcome.error.byte, byte);
}

/* ---- good files ---- */

static void test_plain(void **state)
{
    struct job_fixture *f = *state;
    job_text(f, "a.csv", "id,name,n\n1,ab,2\n2,\"c\"\"d,e\",\n3,,4\r\n4,\"\",5");
    job_run(f, all_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 4, 4, 0);
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {t}"), 4);
    assert_int_equal(job_number(f, "SELECT sum(n) FROM {t}"), 11);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {t} WHERE name = 'c\"d,e' AND n IS NULL"),
                     1);
    assert_int_equal(job_number(f, "SELECT id FROM {t} WHERE name IS NULL"), 3);
    assert_int_equal(job_number(f, "SELECT id FROM {t} WHERE name = ''"), 4);
    job_run(f, all_doc, WEFT_JOB_RUN);
    job_expect_state(f, WEFT_RUN_NOTHING_NEW);
}

static void test_header(void **state)
{
    struct job_fixture *f = *state;
    job_text(f, "a.csv", "\xEF\xBB\xBFn,extra,id\r\n7,x,1\r\n8,y,2\r\n");
    job_run(f, all_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 2, 2, 0);
    assert_int_equal(f->outcome.warning_count, 2);
    assert_non_null(strstr(f->outcome.warnings[0], "left out: \"extra\""));
    assert_non_null(strstr(f->outcome.warnings[1], "null there: \"name\""));
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT sum(n * id) FROM {t} WHERE name IS NULL"), 23);
    job_text(f, "a.csv", "name,n\na,1\n");
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "no column \"id\"", -1);
    job_text(f, "a.csv", "id,name,id\n1,a,1\n");
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "twice", -1);
    job_text(f, "a.csv", "");
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "empty", -1);
}

/* ---- rows set aside ---- */

/* A header that has none of the columns: another file than was meant, or written another way. */
static void test_wrong_headers(void **state)
{
    struct job_fixture *f = *state;
    static const char doc[] = HEAD INPUT("all") "\"schema\":[{\"name\":\"id\",\"type\":\"long\"},"
                                                "{\"name\":\"value\",\"type\":\"string\"}]}";
    static const char *const cases[][2] = {{"id;value\n1;a\n", "delimiter: \";\""},
                                           {"id\tvalue\n1\ta\n", "delimiter: \"\\t\""},
                                           {"ID,Value\n1,a\n", "did you mean \"ID\""},
                                           {" id, value\n1,a\n", "did you mean \" id\""},
                                           {"x,valeu\n1,a\n", "did you mean \"valeu\""},
                                           {"1,a\n2,b\n", "header: false"},
                                           {"x,y\n1,a\n", ""},
                                           {"x,y\n", ""}};
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        job_text(f, "a.csv", cases[i][0]);
        job_run(f, doc, WEFT_JOB_RUN);
        expect_bad(f, "the file has none of the columns of the schema", -1);
        assert_int_equal(f->outcome.error.line, 1);
        assert_non_null(strstr(f->outcome.error.detail, "wanted: \"id\", \"value\""));
        if (strstr(f->outcome.error.hint, cases[i][1]) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", f->outcome.error.hint, cases[i][1]);
    }
    job_text(f, "a.csv", "<!DOCTYPE html><html>");
    job_run(f, doc, WEFT_JOB_RUN);
    expect_bad(f, "no csv: it begins with <!DOCTYPE html>", -1);
    job_text(f, "a.csv", "id,value\n");
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_balance(f, 0, 0, 0);
    job_text(f, "a.csv", "id,Value\n1,a\n");
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_balance(f, 1, 1, 0);
    assert_non_null(strstr(f->outcome.warnings[1], "did you mean \"Value\""));
}

static void test_bad_cells(void **state)
{
    struct job_fixture *f = *state;
    job_text(f, "a.csv",
             "id,name,n\n"
             "1,ok,1\n"
             "x,\"two\nlines\",2\n"
             ",no id,3\n"
             "4,a name that is much too long,5000\n"
             "5,few\n"
             "6,many,1,1\n"
             "7,\"behind\"x,1\n"
             "8,ok,8\n");
    job_run(f, all_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 8, 2, 6);
    job_commit(f);
    assert_int_equal(job_check(f, "id.type")->failing, 1);
    assert_int_equal(job_check(f, "id.required")->failing, 1);
    assert_int_equal(job_check(f, "record")->failing, 3);
    assert_int_equal(job_check(f, "n.max")->failing, 1);
    assert_int_equal(job_check(f, "name.max_length")->failing, 1);
    assert_int_equal(job_number(f, "SELECT sum(id) FROM {t}"), 9);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {q}"), 6);
    assert_int_equal(job_number(f, "SELECT line FROM {q} WHERE rules = ['id.type']"), 3);
    assert_int_equal(job_number(f, "SELECT line FROM {q} WHERE rules = ['id.required']"), 5);
    assert_int_equal(job_number(f, "SELECT byte FROM {q} WHERE rules = ['id.required']"), 33);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {q} WHERE len(rules) = 2 AND raw = "
                                   "'4,a name that is much too long,5000' AND line = 6"),
                     1);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {q} WHERE rules = ['record']"), 3);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {q} WHERE raw = 'x,\"two\nlines\",2' "
                                   "AND \"values\" LIKE '%two\\nlines%'"),
                     1);
}

static char *many_rows(size_t rows, size_t bad_from, size_t *length)
{
    size_t room = rows * 40 + 100;
    char *text = malloc(room);
    size_t at = (size_t)snprintf(text, room, "id,name,n\n");
    for (size_t i = 0; i < rows; i++)
        at += (size_t)snprintf(text + at, room - at, "%zu,name %zu,%s\n", i, i % 1000,
                               i >= bad_from ? "-1" : "7");
    *length = at;
    return text;
}

static void test_half_and_all_bad(void **state)
{
    struct job_fixture *f = *state;
    size_t length = 0;
    char *text = many_rows(300000, 150000, &length);
    job_file(f, "a.csv", text, length);
    free(text);
    job_run(f, all_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 300000, 150000, 150000);
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT max(line) FROM {q}"), 300001);
    assert_int_equal(job_number(f, "SELECT count(DISTINCT row_id) FROM {q}"), 150000);
    text = many_rows(300000, 0, &length);
    job_file(f, "a.csv", text, length);
    free(text);
    job_run(f, all_doc, WEFT_JOB_RUN);
    job_expect_state(f, WEFT_RUN_BLOCKED);
    assert_non_null(f->outcome.examples);
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", f->home, f->outcome.examples);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t lines = 0;
    for (int c; (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    fclose(file);
    assert_int_equal(lines, 100);
}

/* ---- keys ---- */

static void test_keys(void **state)
{
    struct job_fixture *f = *state;
    job_text(f, "a.csv", "id,name,n\n1,first,1\n2,a,2\n1,second,3\n3,x,-1\n3,good,4\n");
    job_run(f, new_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 5, 3, 2);
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT n FROM {t} WHERE id = 1"), 1);
    assert_int_equal(job_number(f, "SELECT n FROM {t} WHERE id = 3"), 4);
    assert_int_equal(job_number(f, "SELECT line FROM {q} WHERE rules = ['key']"), 4);
    job_run(f, new_doc, WEFT_JOB_RUN);
    job_expect_state(f, WEFT_RUN_NOTHING_NEW);
    /* One published already stays. */
    job_text(f, "b.csv", "id,name,n\n2,again,9\n5,new,1\n5,twin,2\n,none,1\n");
    job_run(f, new_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 4, 1, 3);
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {t}"), 4);
    assert_int_equal(job_number(f, "SELECT n FROM {t} WHERE id = 2"), 2);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {q} WHERE list_contains(rules, 'key')"),
                     4);
}

static void test_known_files(void **state)
{
    struct job_fixture *f = *state;
    job_text(f, "a.csv", "id,name,n\n1,a,1\n");
    job_run(f, new_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 1, 1, 0);
    job_commit(f);
    job_text(f, "copy.csv", "id,name,n\n1,a,1\n");
    job_text(f, "c.csv", "id,name,n\n7,a,1\n");
    job_run(f, new_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 1, 1, 0);
    job_commit(f);
    assert_int_equal(f->outcome.file_count, 3);
    assert_int_equal(f->outcome.files[0].state, WEFT_FILE_KNOWN);
    assert_int_equal(f->outcome.files[2].state, WEFT_FILE_KNOWN_CONTENT);
    job_text(f, "a.csv", "id,name,n\n2,b,1\n");
    job_run(f, new_doc, WEFT_JOB_RUN);
    job_expect_state(f, WEFT_RUN_BLOCKED);
    assert_int_equal(f->outcome.files[0].state, WEFT_FILE_CHANGED);
}

static void load(struct job_fixture *f, const char *first, const char *second, bool again)
{
    static char paths[2][4200];
    snprintf(paths[0], sizeof paths[0], "%s/%s", f->inbox, first);
    snprintf(paths[1], sizeof paths[1], "%s/%s", f->inbox, second == NULL ? "" : second);
    f->files[0] = (struct weft_job_file){NULL, paths[0], first, again};
    f->files[1] = (struct weft_job_file){NULL, paths[1], second, again};
    f->job.files = f->files;
    f->job.file_count = second == NULL ? 1 : 2;
    f->job.name = "d.p@1";
    job_run(f, HEAD SCHEMA "}", WEFT_JOB_LOAD);
}

static void expect_refused(struct job_fixture *f, const char *text, const char *hint)
{
    assert_int_equal(f->outcome.error.code, WEFT_E_REFUSED);
    assert_string_equal(f->outcome.error.message, text);
    assert_string_equal(f->outcome.error.hint, hint);
}

/* What is proposed can be typed as it stands. */
static void test_load(void **state)
{
    struct job_fixture *f = *state;
    job_text(f, "a b.csv", "id\n1\n");
    job_text(f, "c.csv", "id\n1\n");
    load(f, "c.csv", "c.csv", true);
    expect_refused(f, "c.csv is named twice", "");
    load(f, "a b.csv", "c.csv", false);
    expect_refused(f, "a b.csv and c.csv have the same content",
                   "name one of them, or say --again to load both");
    load(f, "a b.csv", NULL, false);
    job_expect_balance(f, 1, 1, 0);
    job_commit(f);
    load(f, "a b.csv", NULL, false);
    expect_refused(f, "a b.csv was loaded before",
                   "`weft load d.p@1 'a b.csv' --again` loads it once more");
    job_text(f, "a b.csv", "id\n2\n3\n");
    load(f, "a b.csv", NULL, false);
    expect_refused(f, "the file was loaded before and is another one now",
                   "`weft load d.p@1 'a b.csv' --again` adds its rows");
}

/* A file that is bad as a whole holds up the others: how to go on is said. */
static void test_bad_among_good(void **state)
{
    struct job_fixture *f = *state;
    static const char doc[] =
        HEAD "\"input\":{\"files\":\"*.csv\",\"read\":\"new\",\"error\":\"bad\"}," SCHEMA "}";
    job_text(f, "a.csv", "id\n1\n");
    job_text(f, "b.csv", "");
    job_run(f, doc, WEFT_JOB_RUN);
    expect_bad(f, "empty", -1);
    assert_string_equal(f->outcome.error.hint,
                        "1 other file waits for it: mend it, or move it out of the way, to the "
                        "input's folder `error:`, which is bad");
}

static void test_replay(void **state)
{
    struct job_fixture *f = *state;
    static const char later[] = HEAD INPUT(
        "new") "\"schema\":[{\"name\":\"id\",\"type\":\"long\",\"required\":true},"
               "{\"name\":\"name\",\"type\":\"string\"},"
               "{\"name\":\"n\",\"type\":\"int\",\"min\":-5,\"max\":1000}],\"key\":[\"id\"]}";
    job_text(f, "a.csv", "id,name,n\n1,a,1\n2,\"b\n,\"\"b\",-1\n3,c,-9\n4,d,\n4,e,1\n5,few\n");
    job_text(f, "b.csv", "n,id,name\n-2,6,x\n5,7,y\n-3,1,taken\n");
    job_run(f, new_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 9, 3, 6);
    job_commit(f);
    int64_t asked[] = {1, 2, 3, 4, 5, 6};
    struct weft_job_replay replay = {weft_arena_strdup(f->arena, f->job.run_id), asked, 6};
    f->job.replays = &replay;
    f->job.replay_count = 1;
    job_run(f, later, WEFT_JOB_REPLAY);
    job_expect_state(f, WEFT_RUN_PUBLISHED);
    assert_int_equal(f->outcome.balance.read, 6);
    assert_int_equal(f->outcome.balance.published, 2);
    assert_int_equal(f->outcome.replayed_count, 1);
    assert_int_equal(f->outcome.replayed[0].row_count, 2);
    assert_int_equal(f->outcome.replayed[0].row_numbers[0], 1);
    assert_int_equal(f->outcome.replayed[0].row_numbers[1], 5);
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {t}"), 5);
    assert_int_equal(job_number(f, "SELECT n FROM {t} WHERE name = 'b\n,\"b'"), -1);
    assert_int_equal(job_number(f, "SELECT id FROM {t} WHERE n = -2"), 6);
    job_run(f, later, WEFT_JOB_REPLAY);
    job_expect_state(f, WEFT_RUN_NOTHING_NEW);
    f->job.replay_count = 0;
    job_run(f, later, WEFT_JOB_REBUILD);
    job_expect_balance(f, 9, 5, 4);
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {t}"), 5);
}

/* ---- files that are bad as a whole ---- */

static void test_bad_files(void **state)
{
    struct job_fixture *f = *state;
    job_text(f, "a.csv", "id,name,n\n1,a,1\n2,\"open,2\n3,c,3\n");
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "never closed", 18);
    assert_int_equal(f->outcome.error.line, 3);
    job_text(f, "a.csv", "id,name,n\n1,a\xff,1\n");
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "UTF-8", 13);
    job_file(f, "a.csv", "id,name,n\n1,a\0b,1\n", 18);
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "zero byte", 13);
    job_file(f, "a.csv", "\x1f\x8b\x08\x00garbage that is no gzip", 27);
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "damaged", -1);
    f->job.record_size_max = 1 << 20;
    char *line = malloc(3 << 20);
    memset(line, 'x', 3 << 20);
    memcpy(line, "id,name,n\n", 10);
    job_file(f, "a.csv", line, 3 << 20);
    free(line);
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "longer than record_size_max", 10);
}

/* A whole stream, one cut short, one with a damaged end. */
static void packed_cases(struct job_fixture *f, const char *name, char *data, size_t length)
{
    job_file(f, name, data, length);
    job_run(f, all_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 50000, 50000, 0);
    job_file(f, name, data, length / 2);
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "ends early", -1);
    job_file(f, name, data, length - 1);
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "ends early", -1);
    data[length - (name[6] == 'g' ? 6 : 2)] ^= 0x55; /* within the checksum */
    job_file(f, name, data, length);
    job_run(f, all_doc, WEFT_JOB_RUN);
    expect_bad(f, "damaged", -1);
    data[length - (name[6] == 'g' ? 6 : 2)] ^= 0x55;
    char *twice = malloc(length * 2);
    memcpy(twice, data, length);
    memcpy(twice + length, data, length);
    job_file(f, name, twice, length * 2); /* two members are one text: its second header is a row */
    free(twice);
    job_run(f, all_doc, WEFT_JOB_RUN);
    job_expect_balance(f, 100001, 100000, 1);
}

static void test_packed(void **state)
{
    struct job_fixture *f = *state;
    size_t length = 0;
    char *text = many_rows(50000, 50000, &length);
    size_t room = compressBound(length) + 64;
    char *packed = malloc(room);
    z_stream z = {.next_in = (unsigned char *)text,
                  .avail_in = (unsigned)length,
                  .next_out = (unsigned char *)packed,
                  .avail_out = (unsigned)room};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed_cases(f, "a.csv.gz", packed, z.total_out);
    deflateEnd(&z);
    char path[8192];
    snprintf(path, sizeof path, "%s/a.csv.gz", f->inbox);
    remove(path);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t size = ZSTD_compress2(context, packed, room, text, length);
    assert_false(ZSTD_isError(size));
    ZSTD_freeCCtx(context);
    packed_cases(f, "a.csv.zst", packed, size);
    free(packed);
    free(text);
}

static void test_wide(void **state)
{
    struct job_fixture *f = *state;
    static const char doc[] = HEAD "\"input\":{\"files\":\"*.csv\"}}";
    struct weft_buf text;
    weft_buf_init(&text, 1 << 26);
    for (int row = -1; row < 50; row++) {
        for (int i = 0; i < 3000; i++)
            weft_buf_addf(&text, row < 0 ? "%sc%d" : "%s%d", i > 0 ? "," : "", i);
        weft_buf_addc(&text, '\n');
    }
    job_file(f, "a.csv", text.data, text.length);
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_balance(f, 50, 50, 0);
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT sum(c2999) FROM {t}"), 50 * 2999);
    f->job.columns_max = 1000;
    weft_buf_addc(&text, '\n');
    job_file(f, "a.csv", text.data, text.length);
    job_run(f, doc, WEFT_JOB_RUN);
    expect_bad(f, "columns_max", -1);
    weft_buf_release(&text);
}

/* More rules than bits in a word; and all that a type may be. */
static void test_types(void **state)
{
    struct job_fixture *f = *state;
    static const char *const types[] = {
        "boolean", "int",  "long", "float",     "double",      "decimal(9,2)", "decimal(38,3)",
        "string",  "date", "time", "timestamp", "timestamptz", "uuid",         "json"};
    static const char good[] =
        "true,-7,9223372036854775807,1.5,-2e300,1234567.89,-12.345,x,"
        "2024-02-29,23:59:59.5,2024-01-01 00:00:01,2024-01-01T02:00:00+02:00,"
        "0f0e0d0c-0b0a-0908-0706-050403020100,{}";
    static const char *const bad[] = {
        "yes",   "2147483648",          "12.7", "1,5",  "e", "1.234", "1.2345", NULL, "2023-02-29",
        "24:00", "2024-13-01 00:00:00", "now",  "0f0e", "{"};
    struct weft_buf doc;
    struct weft_buf text;
    weft_buf_init(&doc, 1 << 20);
    weft_buf_init(&text, 1 << 20);
    weft_buf_adds(&doc, HEAD "\"input\":{\"files\":\"*.csv\"},\"schema\":[");
    for (int copy = 0; copy < 6; copy++) {
        for (size_t i = 0; i < 14; i++) {
            weft_buf_addf(&doc, "%s{\"name\":\"f%d_%zu\",\"type\":\"%s\",\"required\":true}",
                          copy + (int)i > 0 ? "," : "", copy, i, types[i]);
            weft_buf_addf(&text, "%sf%d_%zu", copy + (int)i > 0 ? "," : "", copy, i);
        }
    }
    weft_buf_adds(&doc, "]}");
    for (int row = 0; row < 15; row++) {
        weft_buf_addc(&text, '\n');
        for (int copy = 0; copy < 6; copy++) {
            const char *at = good;
            for (int i = 0; i < 14; i++) {
                size_t length = strcspn(at, ",");
                weft_buf_adds(&text, copy + i > 0 ? "," : "");
                if (copy == 5 && row == i && bad[i] != NULL)
                    weft_buf_addf(&text, "\"%s\"", bad[i]);
                else
                    weft_buf_add(&text, at, length);
                at += length + 1;
            }
        }
    }
    job_file(f, "a.csv", text.data, text.length);
    job_run(f, doc.data, WEFT_JOB_RUN);
    job_expect_balance(f, 15, 2, 13);
    job_commit(f);
    for (int i = 0; i < 14; i++) {
        char sql[256];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM {q} WHERE rules = ['f5_%d.type'] AND line = %d", i, i + 2);
        assert_int_equal(job_number(f, sql), bad[i] != NULL);
    }
    assert_int_equal(job_number(f, "SELECT count(*) FROM {t} WHERE f0_0 AND f0_1 = -7 AND f0_2 = "
                                   "9223372036854775807 AND f0_3 = 1.5 AND f0_4 = -2e300 AND f0_5 "
                                   "= 1234567.89 AND f0_6 = -12.345 AND f0_8 = DATE '2024-02-29'"),
                     2);
    assert_int_equal(
        job_number(f, "SELECT count(*) FROM {t} WHERE f0_9 = TIME '23:59:59.5' AND f0_10 = "
                      "TIMESTAMP '2024-01-01 00:00:01' AND f0_11 = TIMESTAMPTZ "
                      "'2024-01-01 00:00:00+00' AND f0_12 = "
                      "UUID '0f0e0d0c-0b0a-0908-0706-050403020100'"),
        2);
    weft_buf_release(&doc);
    weft_buf_release(&text);
}

static void test_date_format_and_sort(void **state)
{
    struct job_fixture *f = *state;
    static const char doc[] = HEAD
        "\"input\":{\"files\":\"*.csv\",\"options\":{\"date_format\":\"%d.%m.%Y\","
        "\"delimiter\":\";\",\"null\":[\"NA\"]}},\"schema\":[{\"name\":\"day\",\"type\":"
        "\"date\"},{\"name\":\"v\",\"type\":\"string\"}],\"sort\":[\"day\"],\"key\":[\"day\"]}";
    job_text(f, "a.csv", "day;v\n2.1.2020;b\n01.01.2020;NA\n1.1.2020;c\n31.02.2020;d\n3.1.2020;\n");
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_balance(f, 5, 3, 2);
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {t} WHERE v IS NULL AND day = "
                                   "DATE '2020-01-01'"),
                     1);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {t} WHERE v = ''"), 1);
    assert_int_equal(job_number(f, "SELECT line FROM {q} WHERE rules = ['day.type']"), 5);
    assert_int_equal(job_number(f, "SELECT line FROM {q} WHERE rules = ['key']"), 4);
}

static void test_quarantine_max(void **state)
{
    struct job_fixture *f = *state;
    static const char doc[] = HEAD INPUT("all") SCHEMA ",\"quality\":{\"quarantine_max\":0.01}}";
    size_t length = 0;
    char *text = many_rows(3000000, 0, &length);
    job_file(f, "a.csv", text, length);
    job_text(f, "b.csv", "id,name,n\n1,a,1\n");
    free(text);
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_state(f, WEFT_RUN_BLOCKED);
    assert_true(f->outcome.balance.read < 3000000); /* certain long before the end */
    assert_true(f->outcome.balance.read > 10000);
    assert_false(job_check(f, "quarantine_max")->passed);
}

static void test_references(void **state)
{
    struct job_fixture *f = *state;
    static const char doc[] =
        HEAD "\"input\":{\"files\":\"p*.csv\",\"read\":\"new\"},\"schema\":["
             "{\"name\":\"id\",\"type\":\"long\"},{\"name\":\"county\",\"type\":\"long\","
             "\"references\":\"d.counties.id\"}]}";
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_ledger_txn *txn = NULL;
    job_text(f, "p.csv", "id,county\n1,10\n2,12\n3,\n4,11\n");
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_state(f, WEFT_RUN_FAILED);
    assert_int_equal(f->outcome.error.code, WEFT_E_NOT_FOUND);
    job_text(f, "a.csv", "id,name,n\n10,a,1\n11,b,1\n");
    f->job.table = "d.counties";
    f->job.table_folder = "lake/d/counties";
    static const char counties[] =
        HEAD "\"input\":{\"files\":\"a.csv\",\"read\":\"new\"}," SCHEMA "}";
    job_run(f, counties, WEFT_JOB_RUN);
    job_expect_balance(f, 2, 2, 0);
    struct weft_pointer_commit commit = {.space = WEFT_SPACE_LAKE,
                                         .table = "d.counties",
                                         .made = &f->outcome.table->made,
                                         .operation = "append",
                                         .added = 2,
                                         .run_id = f->job.run_id,
                                         .contract_version = "1.0.0"};
    assert_int_equal(weft_ledger_begin_write(f->ledger, &txn, &error), 0);
    if (weft_pointer_commit(txn, "tester", &commit, &error) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(weft_ledger_commit(txn, &error), 0);
    f->job.table = "d.p";
    f->job.table_folder = "lake/d/p";
    const struct weft_job_source lookup = {.name = "references:county",
                                           .product = "d.counties@1",
                                           .table = "d.counties",
                                           .metadata = f->outcome.table->made.metadata_path,
                                           .snapshot_id = f->outcome.table->made.snapshot_id};
    f->job.lookups = &lookup;
    f->job.lookup_count = 1;
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_balance(f, 4, 3, 1);
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT line FROM {q} WHERE rules = ['county.references']"), 3);
    assert_int_equal(job_check(f, "county.references")->failing, 1);
}

/* ---- while it runs ---- */

struct meddler {
    const char *path;
    int calls;
};

static void meddle(void *arg, const struct weft_progress *progress)
{
    struct meddler *meddler = arg;
    (void)progress;
    if (meddler->calls++ > 0)
        return;
    FILE *file = fopen(meddler->path, "a");
    assert_non_null(file);
    fputs("9999999,late,1\n", file);
    fclose(file);
}

static void test_changed_while_read(void **state)
{
    struct job_fixture *f = *state;
    struct weft_error error = WEFT_ERROR_INIT;
    size_t length = 0;
    char path[8192];
    char *text = many_rows(1000000, 1000000, &length);
    job_file(f, "a.csv", text, length);
    free(text);
    snprintf(path, sizeof path, "%s/a.csv", f->inbox);
    struct meddler meddler = {path, 0};
    assert_int_equal(weft_uuid(f->job.run_id, &error), 0);
    f->job.document = all_doc;
    assert_int_equal(weft_job_do(f->arena, &f->job, meddle, &meddler, &f->outcome, &error), 0);
    assert_true(meddler.calls > 0);
    expect_bad(f, "changed while it was read", -1);
    /* Nothing of it is left. */
    snprintf(path, sizeof path, "%s/lake/d/p/data/%s-0.parquet", f->home, f->job.run_id);
    assert_null(fopen(path, "r"));
}

static void test_worker(void **state)
{
    struct job_fixture *f = *state;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf lines;
    char path[8192];
    job_text(f, "a.csv", "id,name,n\n1,a,1\n");
    weft_buf_init(&lines, 1 << 20);
    f->job.document = all_doc;
    for (int i = 0; i < 2; i++) { /* two jobs, one after the other */
        assert_int_equal(weft_uuid(f->job.run_id, &error), 0);
        assert_int_equal(weft_job_write(&f->job, &lines, &error), 0);
        weft_buf_addc(&lines, '\n');
    }
    job_file(f, "jobs", lines.data, lines.length);
    weft_buf_release(&lines);
    snprintf(path, sizeof path, "%s/jobs", f->inbox);
    int in = open(path, O_RDONLY);
    snprintf(path, sizeof path, "%s/answers", f->inbox);
    int out = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(in >= 0 && out >= 0);
    if (weft_worker_main(in, out, &error) < 0)
        fail_msg("%s", error.message);
    FILE *file = fdopen(out, "r");
    char *line = NULL;
    size_t room = 0;
    int outcomes = 0;
    int told = 0;
    rewind(file);
    while (getline(&line, &room, file) > 0) {
        outcomes += strncmp(line, "{\"outcome\":", 11) == 0 && strstr(line, "\"read\":1") != NULL;
        told += strncmp(line, "{\"progress\":", 12) == 0;
    }
    assert_int_equal(outcomes, 2);
    assert_true(told >= 2);
    free(line);
    fclose(file);
    close(in);
}

/* ---- detection ---- */

static void test_detected(void **state)
{
    struct job_fixture *f = *state;
    static const char doc[] = HEAD "\"input\":{\"files\":\"*.csv\"}}";
    job_text(f, "a.csv",
             "code,amount,day,ok,at,note\n001,1.5,2020-01-02,true,2020-01-02 03:04:05,\n"
             "002,2,2020-01-03,false,2020-01-02T03:04:05Z,x\n");
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_balance(f, 2, 2, 0);
    static const char *const expected[] = {"code: string", "amount: double", "day: date",
                                           "ok: boolean",  "at: timestamp",  "note: string"};
    assert_int_equal(f->outcome.detected_count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(f->outcome.detected[i], expected[i]);
}

/* What was published stays: columns come, none goes. */
static void test_detected_again(void **state)
{
    struct job_fixture *f = *state;
    static const char doc[] = HEAD "\"input\":{\"files\":\"*.csv\",\"read\":\"new\"}}";
    job_text(f, "a.csv", "id,v\n1,a\n");
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_balance(f, 1, 1, 0);
    job_commit(f);
    job_text(f, "b.csv", "x,y\n2,b\n");
    job_run(f, doc, WEFT_JOB_RUN);
    expect_bad(f, "none of the columns of the table", -1);
    job_text(f, "b.csv", "ID,v\n2,b\n");
    job_run(f, doc, WEFT_JOB_RUN);
    expect_bad(f, "only by case", -1);
    job_text(f, "b.csv", "y,id\n2020-01-01,2\n");
    job_text(f, "c.csv", "id,z\n3,7\n");
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_balance(f, 2, 2, 0);
    assert_non_null(strstr(f->outcome.warnings[0], "are added to it: \"y\", \"z\""));
    job_commit(f);
    assert_int_equal(job_number(f, "SELECT count(*) FROM {t} WHERE (id = 1 AND v = 'a' AND y IS "
                                   "NULL) OR (id = 2 AND v IS NULL AND y = DATE '2020-01-01') OR "
                                   "(id = 3 AND z = 7 AND y IS NULL)"),
                     3);
}

/* Years have four digits, and nothing stands around a date. */
static void test_strict_dates(void **state)
{
    struct job_fixture *f = *state;
    static const char doc[] =
        HEAD "\"input\":{\"files\":\"*.csv\",\"options\":{\"date_format\":\"%d.%m.%Y\","
             "\"timestamp_format\":\"%Y/%m/%d %H:%M\"}},\"schema\":[{\"name\":\"d\",\"type\":"
             "\"date\"},{\"name\":\"t\",\"type\":\"timestamp\"}]}";
    static const char iso[] = HEAD "\"input\":{\"files\":\"*.csv\"},\"schema\":[{\"name\":\"d\","
                                   "\"type\":\"date\"},{\"name\":\"t\",\"type\":\"timestamp\"}]}";
    job_text(f, "a.csv",
             "d,t\n10.02.2026,2026/02/10 11:12\n1.2.0001,\n10.02.26,\n 10.02.2026,\n10.02.2026 ,\n"
             "10.02.0000,\n10. 02.2026,\n10x02x2026,\n,26/02/10 11:12\n, 2026/02/10 11:12\n"
             ",2026/02/10  11:12\n,2026/02/10 11:12 \n");
    job_run(f, doc, WEFT_JOB_RUN);
    job_expect_balance(f, 12, 2, 10);
    job_text(f, "a.csv",
             "d,t\n0001-01-01,0001-01-01 00:00:00\n0000-01-01,\n,0000-12-31 23:59:59\n"
             " 2020-01-01,\n20-01-01,\n, 2020-01-01 00:00:00\n");
    job_run(f, iso, WEFT_JOB_RUN);
    job_expect_balance(f, 6, 1, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_header, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_cells, setup, teardown),
        cmocka_unit_test_setup_teardown(test_half_and_all_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_among_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_packed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wide, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_date_format_and_sort, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine_max, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changed_while_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_references, setup, teardown),
        cmocka_unit_test_setup_teardown(test_worker, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detected, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detected_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strict_dates, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

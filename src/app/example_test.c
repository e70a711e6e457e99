/*
 * example_test.c - files of rows, what differs between two sets of them, and JUnit: without a
 * worker. What a test means as a whole is tested in tests/integration/test_unit_tests.py.
 */
#include "app/example.h"
#include "app/example_file.h"
#include "app/trials.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct weft_arena *arena;
    struct weft_error error;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.arena = weft_arena_new(0), .error = WEFT_ERROR_INIT};
    *state = &f;
    return f.arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    weft_arena_free(f->arena);
    return 0;
}

/* ---- files ---- */

/* As "name=text,name=null;" for each row; nested values in {}. */
static void rows_text(const struct weft_test_rows *rows, struct weft_buf *out)
{
    for (size_t i = 0; i < rows->count; i++) {
        for (size_t k = 0; k < rows->rows[i].count; k++) {
            const struct weft_test_cell *cell = &rows->rows[i].cells[k];
            weft_buf_addf(out, "%s%s=", k > 0 ? "," : "", cell->name);
            if (cell->json != NULL)
                weft_buf_addf(out, "{%s}", cell->json);
            else
                weft_buf_adds(out, cell->text == NULL ? "null" : cell->text);
        }
        weft_buf_addc(out, ';');
    }
}

static void reads_at(struct fixture *f, const char *name, const char *text, const char *expected,
                     int line)
{
    struct weft_test_rows rows = {0};
    struct weft_buf got;
    weft_buf_init(&got, 1 << 20);
    if (weft_example_text_read(f->arena, text, strlen(text), name, &rows, &f->error) != 0)
        fail_msg("line %d: %s", line, f->error.message);
    rows_text(&rows, &got);
    if (strcmp(got.data, expected) != 0)
        fail_msg("line %d: %s, not %s", line, got.data, expected);
    weft_buf_release(&got);
}
#define READS(name, text, expected) reads_at(f, name, text, expected, __LINE__)

static void files_of_rows(void **state)
{
    struct fixture *f = *state;
    READS("a.csv", "a,b\n1,2\n", "a=1,b=2;");
    READS("a.csv", "a,b\r\n1,2\r\n3,4", "a=1,b=2;a=3,b=4;");
    READS("a.csv",
          "\xef\xbb\xbf"
          "a,b\n,\"\"\n",
          "a=null,b=;");
    READS("a.csv", "a\n\"x,\"\"y\"\"\nz\"\n", "a=x,\"y\"\nz;");
    READS("a.csv", "a\n", "");
    READS("a.csv", "a,\"b c\"\nx y, z\n", "a=x y,b c= z;");
    READS("a.tsv", "a\tb\n1,5\t2\n", "a=1,5,b=2;");
    READS("a.json", "[]", "");
    READS("a.json",
          "[{\"a\": 1.50, \"b\": null, \"c\": true, \"d\": \"x\", \"e\": [1, {\"f\": 2}]}]",
          "a=1.5,b=null,c=true,d=x,e={[1,{\"f\":2}]};");
    READS("a.ndjson", "{\"a\": 1}\n\n{\"b\": 2}", "a=1;b=2;");
    READS("A.JSONL", "{\"a\": 12345678901234567}\n", "a=12345678901234567;");
}

static void wrong_at(struct fixture *f, const char *name, const char *text, int line_told,
                     const char *message, int line)
{
    struct weft_test_rows rows = {0};
    weft_error_clear(&f->error);
    if (weft_example_text_read(f->arena, text, strlen(text), name, &rows, &f->error) != -1)
        fail_msg("line %d: it is taken", line);
    if (strstr(f->error.message, message) == NULL || f->error.line != line_told ||
        strcmp(f->error.file, name) != 0)
        fail_msg("line %d: %s:%d: %s", line, f->error.file, f->error.line, f->error.message);
}
#define WRONG(name, text, at, message) wrong_at(f, name, text, at, message, __LINE__)

static void files_that_are_wrong(void **state)
{
    struct fixture *f = *state;
    WRONG("a.csv", "", 1, "empty");
    WRONG("a.csv", "a,b\n1\n", 2, "another number of cells");
    WRONG("a.csv", "a\n\"1\n2\n", 2, "not closed");
    WRONG("a.csv", "a\n\"1\"2\n", 2, "behind a closing quote");
    WRONG("a.csv", "a,\n1,2\n", 1, "no name");
    WRONG("a.csv", "a,a\n1,2\n", 1, "stands twice");
    WRONG("a.csv", "a\n\xff\n", 1, "UTF-8");
    WRONG("a.json", "{}", 1, "not a JSON list");
    WRONG("a.json", "[1]", 1, "not a JSON object");
    WRONG("a.json", "[{\"a\": 1,\n \"a\": 2}]", 2, "a");
    WRONG("a.ndjson", "{\"a\": 1}\n{\"a\": }\n", 2, "");
    WRONG("a.parquet", "PAR1", 0, "csv, tsv, json or ndjson");
}

/* ---- what differs ---- */

static const char *const key_fields[] = {"id"};
static const struct weft_product keyed = {.key = {key_fields, 1}};
static const struct weft_product keyless = {0};

#define COLUMNS                                                                                    \
    "\"columns\":[{\"name\":\"id\",\"type\":\"long\",\"compared\":true},"                          \
    "{\"name\":\"v\",\"type\":\"string\",\"compared\":true},"                                      \
    "{\"name\":\"w\",\"type\":\"string\",\"compared\":false}]"
#define EXAMPLE(expected, got) "{" COLUMNS ",\"expected\":[" expected "],\"got\":[" got "]}"
#define ROW(id, v, w) "[\"" id "\",\"\\\"" v "\\\"\",\"\\\"" w "\\\"\"]"

static void differs_at(struct fixture *f, const struct weft_product *product, bool ordered,
                       const char *example, const char *expected, int line)
{
    struct weft_example_diff diff;
    struct weft_test test = {.name = "t", .ordered = ordered};
    struct weft_buf got;
    weft_buf_init(&got, 1 << 20);
    if (weft_example_compare(f->arena, product, &test, example, &diff, &f->error) != 0)
        fail_msg("line %d: %s", line, f->error.message);
    if (diff.count > 0)
        weft_example_print(&diff, "", &got);
    if (strcmp(got.data, expected) != 0)
        fail_msg("line %d:\n%s", line, got.data);
    weft_buf_release(&got);
}
#define DIFFERS(product, ordered, example, expected)                                               \
    differs_at(f, product, ordered, example, expected, __LINE__)

static void differences(void **state)
{
    struct fixture *f = *state;
    DIFFERS(&keyed, false, EXAMPLE("", ""), "");
    DIFFERS(&keyed, false,
            EXAMPLE(ROW("1", "a", "x") "," ROW("2", "b", "x"),
                    ROW("2", "b", "y") "," ROW("1", "a", "y")),
            "");
    DIFFERS(&keyed, true,
            EXAMPLE(ROW("1", "a", "x") "," ROW("2", "b", "x"),
                    ROW("1", "a", "y") "," ROW("2", "b", "y")),
            "");
    DIFFERS(&keyed, false, EXAMPLE(ROW("1", "a", "x"), ROW("1", "bcd", "x")),
            "1 row expected, 1 would be published; - expected, + got\n"
            "  id  v\n- 1   a\n+ 1   bcd\n      ~~~\n");
    DIFFERS(&keyless, false, EXAMPLE(ROW("1", "a", "x"), ROW("1", "b", "x")),
            "1 row expected, 1 would be published; - expected, + got\n"
            "  id  v\n- 1   a\n+ 1   b\n");
    /* Rows are counted: twice is not once. */
    DIFFERS(&keyless, false, EXAMPLE(ROW("1", "a", "x") "," ROW("1", "a", "x"), ROW("1", "a", "x")),
            "2 rows expected, 1 would be published; - expected, + got\n"
            "  id  v\n- 1   a\n");
    DIFFERS(&keyed, false, EXAMPLE("[\"1\",\"null\",\"null\"]", "[\"1\",\"\\\"\\\"\",\"null\"]"),
            "1 row expected, 1 would be published; - expected, + got\n"
            "  id  v\n- 1   null\n+ 1   \"\"\n      ~~~~\n");
}

static void differences_of_order(void **state)
{
    struct fixture *f = *state;
    DIFFERS(&keyed, true,
            EXAMPLE(ROW("1", "a", "x") "," ROW("2", "b", "x"),
                    ROW("2", "b", "y") "," ROW("1", "a", "y")),
            "the rows are the expected ones, in another order\n"
            "  id  v\n- 1   a\n+ 2   b\n  ~   ~\n- 2   b\n+ 1   a\n  ~   ~\n");
}

static void differences_are_bounded(void **state)
{
    struct fixture *f = *state;
    struct weft_example_diff diff;
    struct weft_test test = {.name = "t"};
    struct weft_buf text, got;
    weft_buf_init(&text, 1 << 22);
    weft_buf_init(&got, 1 << 20);
    weft_buf_adds(&text, "{" COLUMNS ",\"expected\":[],\"got\":[");
    for (int i = 0; i < 500; i++) {
        weft_buf_addf(&text, "%s[\"%d\",\"\\\"", i > 0 ? "," : "", i);
        for (int k = 0; k < 100; k++)
            weft_buf_adds(&text, "\xc3\xa4");
        weft_buf_adds(&text, "\\\"\",\"null\"]");
    }
    weft_buf_adds(&text, "]}");
    assert_int_equal(weft_example_compare(f->arena, &keyed, &test, text.data, &diff, &f->error), 0);
    assert_int_equal(diff.count, 500);
    weft_example_print(&diff, "", &got);
    assert_non_null(strstr(got.data, "... and 480 more rows that differ\n"));
    assert_non_null(strstr(got.data, "\xc3\xa4...")); /* cut between characters */
    assert_true(got.length < 6000);
    weft_buf_release(&text);
    weft_buf_release(&got);
}

/* ---- JUnit ---- */

static void junit(void **state)
{
    (void)state;
    const struct weft_trial items[] = {
        {.product = "a.b", .name = "one", .file = "f.yaml", .place = {3, 1}, .duration_us = 12345},
        {.product = "a.b",
         .name = "<two>",
         .state = WEFT_TRIAL_FAILED,
         .message = "\x01 & \"\xff\xef\xbf\xbf",
         .details = "]]>\n"},
        {.product = "c.d",
         .name = "v.max",
         .rule = true,
         .state = WEFT_TRIAL_WARNED,
         .message = "1 of 2"}};
    struct weft_trials trials = {.items = items, .count = 3, .failed = 1, .warned = 1};
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    weft_junit_print(&trials, &out);
    assert_non_null(strstr(out.data, "<testsuites name=\"weft\" tests=\"3\" failures=\"1\""));
    assert_non_null(strstr(out.data, "<testsuite name=\"a.b\" tests=\"2\" failures=\"1\""));
    assert_non_null(strstr(out.data, "<testsuite name=\"c.d\" tests=\"1\" failures=\"0\""));
    assert_non_null(strstr(out.data, "name=\"one\" file=\"f.yaml\" line=\"3\" time=\"0.012\"/>"));
    assert_non_null(strstr(out.data, "name=\"&lt;two&gt;\""));
    assert_non_null(
        strstr(out.data, "message=\"\xef\xbf\xbd &amp; &quot;\xef\xbf\xbd\xef\xbf\xbd\""));
    assert_non_null(strstr(out.data, ">]]&gt;&#10;</failure>"));
    assert_non_null(strstr(out.data, "<system-out>1 of 2</system-out>"));
    weft_buf_release(&out);
}

/* ---- memory ---- */

static int torture(void *arg, struct weft_error *error)
{
    static const char text[] = "a,b\n1,\"x\"\n2,\n";
    struct weft_test_rows rows = {0};
    struct weft_example_diff diff;
    struct weft_test test = {.name = "t"};
    (void)arg;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_example_text_read(arena, text, strlen(text), "a.csv", &rows, error));
    return weft_example_compare(arena, &keyed, &test,
                                EXAMPLE(ROW("1", "a", "x"), ROW("1", "b", "x")), &diff, error);
}

static void memory(void **state)
{
    (void)state;
    assert_true(weft_test_torture(torture, NULL) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_of_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(files_that_are_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(differences, setup, teardown),
        cmocka_unit_test_setup_teardown(differences_of_order, setup, teardown),
        cmocka_unit_test_setup_teardown(differences_are_bounded, setup, teardown),
        cmocka_unit_test(junit),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

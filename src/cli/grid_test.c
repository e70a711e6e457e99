/*
 * grid_test.c - tables for people: widths, cutting, streaming, what cannot drive a terminal.
 */
#include "base/mem.h"
#include "base/test_support.h"
#include "base/text.h"
#include "cli/grid.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct printed {
    struct weft_stream stream;
    FILE *file;
    char text[1 << 20];
};

static struct printed printed; /* large */

static void printed_begin(void)
{
    printed.file = tmpfile();
    assert_non_null(printed.file);
    weft_stream_init(&printed.stream, fileno(printed.file));
}

static const char *printed_end(void)
{
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_stream_flush(&printed.stream, &error), 0);
    ssize_t got = pread(fileno(printed.file), printed.text, sizeof printed.text - 1, 0);
    assert_true(got >= 0);
    printed.text[got] = '\0';
    fclose(printed.file);
    return printed.text;
}

static const struct weft_out_column columns[] = {
    {"name", false, false}, {"rows", true, false}, {"note", false, false}, {"hidden", false, true}};

static void row(struct weft_grid *grid, const char *name, int64_t rows, const char *note)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_cell cells[] = {weft_out_cell_text(name), weft_out_cell_int(rows),
                                      weft_out_cell_text(note), weft_out_cell_text("never shown")};
    assert_int_equal(weft_grid_row(grid, cells, &error), 0);
}

static struct weft_grid *opened(const struct weft_grid_look *look)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_grid *grid = NULL;
    printed_begin();
    assert_int_equal(
        weft_grid_open(&printed.stream, look, columns, WEFT_COUNT(columns), &grid, &error), 0);
    return grid;
}

static const char *ended(struct weft_grid *grid)
{
    struct weft_error error = WEFT_ERROR_INIT;
    assert_int_equal(weft_grid_end(grid, &error), 0);
    weft_grid_free(grid);
    return printed_end();
}

static void test_columns_are_as_wide_as_needed(void **state)
{
    (void)state;
    const struct weft_grid_look look = {0};
    struct weft_grid *grid = opened(&look);
    row(grid, "a", 12345, "x");
    row(grid, "東京", 1, NULL);
    row(grid, "long one", -7, "a\033[2Jb");
    assert_string_equal(ended(grid), "name       rows  note\n"
                                     "--------  -----  -----------\n"
                                     "a         12345  x\n"
                                     "東京          1\n"
                                     "long one     -7  a\\u001b[2Jb\n");
}

static void test_a_terminal_is_not_overrun(void **state)
{
    (void)state;
    const struct weft_grid_look look = {.width = 30, .nulls = true, .footer = true};
    struct weft_grid *grid = opened(&look);
    row(grid, "short", 123456, "a text that is longer than the terminal is wide");
    row(grid, "short", 1, NULL);
    assert_string_equal(ended(grid), "name     rows  note\n"
                                     "-----  ------  ---------------\n"
                                     "short  123456  a text that is…\n"
                                     "short       1  NULL\n"
                                     "(2 rows)\n");
}

static void test_columns_without_room_are_counted(void **state)
{
    (void)state;
    const struct weft_grid_look look = {.width = 17};
    struct weft_grid *grid = opened(&look);
    row(grid, "something long", 1234567, "else");
    /* The first column names what a row is about. */
    assert_string_equal(ended(grid), "name\n"
                                     "--------------\n"
                                     "something long\n"
                                     "(1 row, 2 columns more: --json)\n");
    const struct weft_grid_look query = {.width = 17, .footer = true};
    grid = opened(&query);
    row(grid, "something long", 1234567, "else");
    assert_string_equal(ended(grid), "name         rows\n"
                                     "--------  -------\n"
                                     "somethi…  1234567\n"
                                     "(1 row, 1 column more: --json)\n");
}

static void test_numbers_are_never_cut(void **state)
{
    (void)state;
    const struct weft_grid_look look = {.width = 4};
    struct weft_grid *grid = opened(&look);
    row(grid, "1", INT64_MIN, "");
    const char *text = ended(grid);
    assert_non_null(strstr(text, "(1 row, 2 columns more"));
    assert_null(strstr(text, "-92233…"));
}

static void test_an_empty_table(void **state)
{
    (void)state;
    struct weft_grid_look look = {.width = 80};
    assert_string_equal(ended(opened(&look)), "");
    look.footer = true;
    assert_string_equal(ended(opened(&look)), "name  rows  note\n----  ----  ----\n(0 rows)\n");
}

static void test_kinds_of_cells(void **state)
{
    (void)state;
    static const struct weft_out_column kinds[] = {{"bool", false, false},
                                                   {"double", true, false},
                                                   {"time", false, false},
                                                   {"json", false, false}};
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_grid *grid = NULL;
    const struct weft_grid_look look = {0};
    printed_begin();
    assert_int_equal(weft_grid_open(&printed.stream, &look, kinds, 4, &grid, &error), 0);
    const struct weft_cell cells[] = {weft_out_cell_bool(true), weft_out_cell_double(0.5),
                                      weft_out_cell_time(1795233906123456),
                                      weft_out_cell_json("[1]")};
    assert_int_equal(weft_grid_row(grid, cells, &error), 0);
    assert_string_equal(ended(grid), "bool  double  time                 json\n"
                                     "----  ------  -------------------  ----\n"
                                     "yes      0.5  2026-11-21 04:05:06  [1]\n");
}

/* Rows beyond the first thousand are written at once and may stick out. */
static void test_it_streams(void **state)
{
    (void)state;
    const struct weft_grid_look look = {0};
    struct weft_grid *grid = opened(&look);
    for (int i = 0; i < 1500; i++)
        row(grid, i == 1200 ? "a longer name than before" : "n", i, "x");
    const char *text = ended(grid);
    assert_non_null(strstr(text, "\nn      999  x\n"));
    assert_non_null(strstr(text, "\na longer name than before  1200  x\n"));
    size_t lines = 0;
    for (const char *p = text; *p != '\0'; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 1502);
}

static int tortured(void *arg, struct weft_error *error)
{
    (void)arg;
    const struct weft_grid_look look = {.width = 40, .footer = true};
    const struct weft_cell cells[] = {weft_out_cell_text("a"), weft_out_cell_int(1),
                                      weft_out_cell_text("b"), weft_out_cell_text("c")};
    struct weft_grid *grid = NULL;
    printed.stream.length = 0;
    if (weft_grid_open(&printed.stream, &look, columns, WEFT_COUNT(columns), &grid, error) < 0)
        return -1;
    int rc = weft_grid_row(grid, cells, error);
    if (rc == 0)
        rc = weft_grid_end(grid, error);
    weft_grid_free(grid);
    return rc;
}

static void test_torture(void **state)
{
    (void)state;
    printed_begin();
    assert_true(weft_test_torture(tortured, NULL) > 5);
    printed_end();
}

static void test_a_full_disk_is_told(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    weft_stream_init(&printed.stream, fd);
    assert_int_equal(weft_stream_add(&printed.stream, "a", 1, &error), 0);
    assert_int_equal(weft_stream_flush(&printed.stream, &error), -1);
    assert_int_equal(error.code, WEFT_E_NO_SPACE);
    assert_false(printed.stream.closed);
    assert_int_equal(weft_stream_end(&printed.stream, &error), -1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_as_wide_as_needed),
        cmocka_unit_test(test_a_terminal_is_not_overrun),
        cmocka_unit_test(test_columns_without_room_are_counted),
        cmocka_unit_test(test_numbers_are_never_cut),
        cmocka_unit_test(test_an_empty_table),
        cmocka_unit_test(test_kinds_of_cells),
        cmocka_unit_test(test_it_streams),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

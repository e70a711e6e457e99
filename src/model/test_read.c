/*
 * test_read.c - `tests:`: examples with the rows that are given and those that are expected.
 *
 * What the rows' columns are called and which types they have is known only beside the products
 * that are read, so it is looked at where the tests run (app/example.h).
 */
#include "model/product_internal.h"

#include "base/clock.h"
#include "base/text.h"
#include "document/tree.h"

#include <stdio.h>
#include <string.h>

#define TEST_JSON_MAX WEFT_DOCUMENT_FILE_MAX

/* A product that is loaded by hand has one port, which `weft load` calls so. */
#define PORT_BY_HAND "load"

/* ---- values ---- */

static const char *json_of(struct weft_reader *reader, const struct weft_node *node)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    struct weft_json_writer w;
    weft_buf_init(&buf, TEST_JSON_MAX);
    weft_json_writer_init(&w, &buf);
    weft_node_print_texts(node, &w);
    if (weft_buf_check(&buf, NULL) < 0) {
        reader->nomem = true;
        return NULL;
    }
    return weft_reader_text(reader, buf.data);
}

static void read_row(struct weft_reader *reader, const struct weft_node *node,
                     struct weft_test_row *row)
{
    struct weft_test_cell *cells = weft_reader_alloc(reader, node->count + 1, sizeof *cells);
    if (cells == NULL)
        return;
    for (size_t i = 0; i < node->count; i++) {
        const struct weft_node *value = node->items[i];
        bool nested = value->kind == WEFT_NODE_LIST || value->kind == WEFT_NODE_MAP;
        cells[i] = (struct weft_test_cell){
            .name = node->keys[i],
            .text = value->kind == WEFT_NODE_VALUE ? value->text : NULL,
            .json = nested ? json_of(reader, value) : NULL,
            .name_place = node->places[i],
            .place = value->kind == WEFT_NODE_NULL ? node->places[i] : value->place};
    }
    *row = (struct weft_test_row){cells, node->count, node->place};
}

/* ---- rows ---- */

static void rows_mistake(struct weft_draft *draft, struct weft_place place, const char *what)
{
    weft_reader_mistake(draft->reader, place, "write [{field: value}, ...] or {file: rows.csv}",
                        "%s is neither rows nor a file", what);
}

/* Rows (a list of maps), or {file: path}. */
static void read_rows(struct weft_draft *draft, const struct weft_node *node, const char *what,
                      struct weft_test_rows *out)
{
    struct weft_reader *reader = draft->reader;
    out->place = node->place;
    if (node->wrong)
        return;
    if (node->kind == WEFT_NODE_MAP) {
        out->file = weft_node_get_text(node, "file");
        if (node->count != 1 || out->file == NULL)
            rows_mistake(draft, node->place, what);
        return;
    }
    if (node->kind != WEFT_NODE_LIST) {
        rows_mistake(draft, node->place, what);
        return;
    }
    struct weft_test_row *rows = weft_reader_alloc(reader, node->count + 1, sizeof *rows);
    if (rows == NULL)
        return;
    for (size_t i = 0; i < node->count; i++) {
        const struct weft_node *item = node->items[i];
        if (item->kind == WEFT_NODE_MAP)
            read_row(reader, item, &rows[i]);
        else if (!item->wrong)
            weft_reader_mistake(reader, item->place, "write {field: value, ...}",
                                "row %zu of %s is not a map", i + 1, what);
    }
    out->rows = rows;
    out->count = node->count;
}

/* ---- given ---- */

static bool is_input(const struct weft_product *product, const char *name)
{
    for (size_t i = 0; i < product->input_count; i++) {
        if (strcmp(product->inputs[i].name, name) == 0)
            return true;
    }
    return product->input_count == 0 && product->sql == NULL && product->graph == NULL &&
           strcmp(name, PORT_BY_HAND) == 0;
}

/* domain.product: whether the SQL reads it is known where the SQL is looked at. */
static bool is_product(const char *name)
{
    return strchr(name, '.') != NULL;
}

static void given_unknown(struct weft_draft *draft, const struct weft_node *given, size_t i)
{
    const struct weft_product *product = draft->product;
    char near[WEFT_NAME_MAX + 40];
    const char *names[WEFT_MODEL_INPUTS_MAX];
    size_t count = 0;
    for (; count < product->input_count && count < WEFT_COUNT(names); count++)
        names[count] = product->inputs[count].name;
    weft_reader_near(given->keys[i], names, count, near, sizeof near);
    const char *hint = near[0] != '\0' ? near
                       : product->input_count == 0 && product->sql == NULL
                           ? "the rows of a product that is loaded by hand are given as `load`"
                           : "name an input, or a product as the SQL does: domain.product";
    weft_reader_mistake(draft->reader, given->places[i], hint,
                        "`given` names `%.60s`, which is not an input", given->keys[i]);
}

static void read_given(struct weft_draft *draft, const struct weft_node *given,
                       struct weft_test *test)
{
    if (given->kind != WEFT_NODE_MAP) {
        weft_reader_mistake(draft->reader, given->place, "write {port: [{field: value}]}",
                            "`given` names no inputs");
        return;
    }
    struct weft_test_rows *rows = weft_reader_alloc(draft->reader, given->count + 1, sizeof *rows);
    if (rows == NULL)
        return;
    for (size_t i = 0; i < given->count; i++) {
        char what[WEFT_NAME_MAX + 80];
        snprintf(what, sizeof what, "the rows given for `%.60s`", given->keys[i]);
        rows[i].name = given->keys[i];
        if (!is_input(draft->product, given->keys[i]) && !is_product(given->keys[i]))
            given_unknown(draft, given, i);
        else
            read_rows(draft, given->items[i], what, &rows[i]);
        rows[i].place = given->places[i];
    }
    test->given = rows;
    test->given_count = given->count;
}

/* ---- tests ---- */

static void read_test(struct weft_draft *draft, const struct weft_node *node,
                      struct weft_test *test)
{
    const char *name = weft_node_get_text(node, "name");
    const char *now = weft_node_get_text(node, "now");
    const struct weft_node *given = weft_node_get(node, "given");
    const struct weft_node *expect = weft_node_get(node, "expect");
    test->name = name == NULL ? "" : name;
    test->place = node->place;
    test->now_us = WEFT_TEST_NOW_REAL;
    if (now != NULL && !weft_time_parse(now, &test->now_us))
        test->now_us = WEFT_TEST_NOW_REAL; /* told by the table of keys */
    test->ordered = weft_node_bool(weft_node_get(node, "ordered"), false);
    if (weft_node_get(node, "name") == NULL)
        weft_reader_mistake(draft->reader, node->place, "write `name: ...`", "a test has no name");
    if (expect == NULL)
        weft_reader_mistake(draft->reader, node->place, "write `expect: []` for no rows",
                            "a test expects nothing");
    else
        read_rows(draft, expect, "`expect`", &test->expect);
    if (given != NULL)
        read_given(draft, given, test);
}

void weft_draft_read_tests(struct weft_draft *draft)
{
    const struct weft_node *list = weft_node_get(draft->root, "tests");
    if (list == NULL || list->kind != WEFT_NODE_LIST)
        return;
    struct weft_test *tests = weft_reader_alloc(draft->reader, list->count + 1, sizeof *tests);
    if (tests == NULL)
        return;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->kind != WEFT_NODE_MAP)
            continue;
        read_test(draft, list->items[i], &tests[i]);
        for (size_t j = 0; j < i; j++) {
            if (tests[i].name[0] != '\0' && tests[j].name != NULL &&
                strcmp(tests[j].name, tests[i].name) == 0)
                weft_reader_mistake(draft->reader, list->items[i]->place, NULL,
                                    "the test `%s` stands twice", tests[i].name);
        }
    }
    draft->product->tests = tests;
    draft->product->test_count = list->count;
}

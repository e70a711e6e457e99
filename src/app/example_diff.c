/*
 * example_diff.c - rows that were expected beside those that would be published: what is missing,
 * what is too many, and what changed under the same key.
 *
 * Cells are compared as the JSON texts that the engine writes of typed values, so 1.50 and 1.5 are
 * the same decimal.
 */
#include "app/example.h"

#include "base/text.h"
#include "codec/json.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_SHOWN 20
#define CELL_WIDTH_MAX 40
#define GAP 2

/* One side: rows of cells, and the text that tells equal ones. */
struct side_row {
    const char *const *cells;
    const char *text; /* of the cells that are compared */
    const char *key;  /* of the key's cells; NULL = the key is not compared */
    bool matched;
    size_t place;
};

struct side {
    struct side_row *rows;
    size_t count;
};

struct comparer {
    struct weft_arena *arena;
    struct weft_example_diff *diff;
    struct weft_example_column *columns;
    struct side expected, got;
    struct weft_example_row *rows;
    bool keyed;
    struct weft_error *error;
};

/* ---- reading ---- */

static bool is_key(const struct weft_product *product, const char *name)
{
    for (size_t i = 0; i < product->key.count; i++) {
        if (strcmp(product->key.items[i], name) == 0)
            return true;
    }
    return false;
}

/* Of an example that expects no row all columns are shown. */
static int columns_read(struct comparer *c, const struct weft_product *product, yyjson_val *list)
{
    size_t i, n, keys = 0;
    yyjson_val *item;
    bool any = false;
    c->columns = weft_arena_array(c->arena, yyjson_arr_size(list) + 1, sizeof *c->columns);
    if (c->columns == NULL)
        return weft_error_nomem(c->error);
    yyjson_arr_foreach(list, i, n, item)
    {
        const char *name = NULL;
        WEFT_TRY(weft_json_text(item, "name", &name, c->error));
        c->columns[i].name = weft_arena_strdup(c->arena, name);
        if (c->columns[i].name == NULL)
            return weft_error_nomem(c->error);
        c->columns[i].compared = weft_json_bool_or(item, "compared", true);
        c->columns[i].key = is_key(product, name);
        any = any || c->columns[i].compared;
    }
    c->diff->columns = c->columns;
    c->diff->column_count = i;
    for (size_t k = 0; k < i; k++) {
        c->columns[k].compared = c->columns[k].compared || !any;
        keys += c->columns[k].key && c->columns[k].compared;
    }
    c->keyed = product->key.count > 0 && keys == product->key.count;
    return 0;
}

static const char *cell_text(struct comparer *c, yyjson_val *value)
{
    return weft_arena_strndup(c->arena, yyjson_is_str(value) ? yyjson_get_str(value) : "null",
                              yyjson_is_str(value) ? yyjson_get_len(value) : 4);
}

/* JSON texts hold no control characters, so these keep cells apart. */
static const char *cells_join(struct comparer *c, const char *const *cells, bool key)
{
    struct weft_buf buf;
    weft_buf_init(&buf, (size_t)1 << 26);
    for (size_t i = 0; i < c->diff->column_count; i++) {
        if (!c->columns[i].compared || (key && !c->columns[i].key))
            continue;
        weft_buf_adds(&buf, cells[i]);
        weft_buf_addc(&buf, '\x1f');
    }
    const char *text = buf.failed ? NULL : weft_arena_strndup(c->arena, buf.data, buf.length);
    weft_buf_release(&buf);
    return text;
}

static int row_read(struct comparer *c, yyjson_val *list, struct side_row *row)
{
    size_t i, n;
    yyjson_val *value;
    const char **cells = weft_arena_array(c->arena, c->diff->column_count + 1, sizeof *cells);
    if (cells == NULL)
        return weft_error_nomem(c->error);
    if (yyjson_arr_size(list) != c->diff->column_count)
        return weft_error_set(c->error, WEFT_E_WORKER, "a row of the example lacks cells");
    yyjson_arr_foreach(list, i, n, value)
    {
        cells[i] = cell_text(c, value);
        if (cells[i] == NULL)
            return weft_error_nomem(c->error);
    }
    row->cells = cells;
    row->text = cells_join(c, cells, false);
    row->key = c->keyed ? cells_join(c, cells, true) : NULL;
    return row->text == NULL || (c->keyed && row->key == NULL) ? weft_error_nomem(c->error) : 0;
}

static int side_read(struct comparer *c, yyjson_val *list, struct side *side)
{
    size_t i, n;
    yyjson_val *item;
    side->rows = weft_arena_array(c->arena, yyjson_arr_size(list) + 1, sizeof *side->rows);
    if (side->rows == NULL)
        return weft_error_nomem(c->error);
    yyjson_arr_foreach(list, i, n, item)
    {
        side->rows[i].place = i;
        WEFT_TRY(row_read(c, item, &side->rows[i]));
    }
    side->count = i;
    return 0;
}

/* ---- comparing ---- */

static int by_text(const void *a, const void *b)
{
    const struct side_row *const *left = a, *const *right = b;
    int order = strcmp((*left)->text, (*right)->text);
    return order != 0 ? order
                      : ((*left)->place > (*right)->place) - ((*left)->place < (*right)->place);
}

static int by_key(const void *a, const void *b)
{
    const struct side_row *const *left = a, *const *right = b;
    int order = strcmp((*left)->key, (*right)->key);
    return order != 0 ? order
                      : ((*left)->place > (*right)->place) - ((*left)->place < (*right)->place);
}

/* The rows that are not matched yet, in an order. */
static int side_sort(struct comparer *c, const struct side *side,
                     int (*compare)(const void *, const void *), struct side_row ***out,
                     size_t *count)
{
    struct side_row **list = weft_arena_array(c->arena, side->count + 1, sizeof(struct side_row *));
    if (list == NULL)
        return weft_error_nomem(c->error);
    *count = 0;
    for (size_t i = 0; i < side->count; i++) {
        if (!side->rows[i].matched)
            list[(*count)++] = &side->rows[i];
    }
    qsort(list, *count, sizeof(struct side_row *), compare);
    *out = list;
    return 0;
}

static void changed_add(struct comparer *c, const struct side_row *expected,
                        const struct side_row *got)
{
    c->rows[c->diff->count++] = (struct weft_example_row){expected->cells, got->cells};
    for (size_t i = 0; i < c->diff->column_count; i++) {
        if (c->columns[i].compared && strcmp(expected->cells[i], got->cells[i]) != 0)
            c->columns[i].differs = true;
    }
}

/* Equal rows of both sides go; with `changed`, rows with one key become pairs. */
static int sides_match(struct comparer *c, int (*compare)(const void *, const void *), bool changed)
{
    struct side_row **left, **right;
    size_t left_count, right_count, l = 0, r = 0;
    WEFT_TRY(side_sort(c, &c->expected, compare, &left, &left_count));
    WEFT_TRY(side_sort(c, &c->got, compare, &right, &right_count));
    while (l < left_count && r < right_count) {
        int order =
            changed ? strcmp(left[l]->key, right[r]->key) : strcmp(left[l]->text, right[r]->text);
        if (order != 0) {
            l += order < 0;
            r += order > 0;
            continue;
        }
        if (changed)
            changed_add(c, left[l], right[r]);
        left[l++]->matched = true;
        right[r++]->matched = true;
    }
    return 0;
}

static bool same_order(const struct comparer *c)
{
    for (size_t i = 0; i < c->expected.count && i < c->got.count; i++) {
        if (strcmp(c->expected.rows[i].text, c->got.rows[i].text) != 0)
            return false;
    }
    return true;
}

static int sides_compare(struct comparer *c, bool ordered)
{
    struct weft_example_diff *diff = c->diff;
    c->rows = weft_arena_array(c->arena, c->expected.count + c->got.count + 1, sizeof *c->rows);
    if (c->rows == NULL)
        return weft_error_nomem(c->error);
    diff->rows = c->rows;
    diff->expected = c->expected.count;
    diff->got = c->got.count;
    WEFT_TRY(sides_match(c, by_text, false));
    if (c->keyed)
        WEFT_TRY(sides_match(c, by_key, true));
    for (size_t i = 0; i < c->expected.count; i++) {
        if (!c->expected.rows[i].matched)
            c->rows[diff->count++] = (struct weft_example_row){c->expected.rows[i].cells, NULL};
    }
    for (size_t i = 0; i < c->got.count; i++) {
        if (!c->got.rows[i].matched)
            c->rows[diff->count++] = (struct weft_example_row){NULL, c->got.rows[i].cells};
    }
    diff->disordered = ordered && diff->count == 0 && !same_order(c);
    for (size_t i = 0; diff->disordered && i < c->expected.count; i++) {
        if (strcmp(c->expected.rows[i].text, c->got.rows[i].text) != 0)
            changed_add(c, &c->expected.rows[i], &c->got.rows[i]);
    }
    return 0;
}

int weft_example_compare(struct weft_arena *arena, const struct weft_product *product,
                         const struct weft_test *test, const char *example,
                         struct weft_example_diff *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    yyjson_val *columns = NULL, *got = NULL, *expected = NULL;
    struct comparer c = {.arena = arena, .diff = out, .error = error};
    *out = (struct weft_example_diff){0};
    WEFT_TRY(weft_json_parse(example, strlen(example), WEFT_JSON_DEEP, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    WEFT_TRY(weft_json_array(root, "columns", &columns, error));
    WEFT_TRY(weft_json_array(root, "expected", &expected, error));
    WEFT_TRY(weft_json_array(root, "got", &got, error));
    WEFT_TRY(columns_read(&c, product, columns));
    WEFT_TRY(side_read(&c, expected, &c.expected));
    WEFT_TRY(side_read(&c, got, &c.got));
    return sides_compare(&c, test->ordered);
}

/* ---- for people ---- */

/* A text as people read it, without quotes where nothing is lost by it. */
static void cell_print(const char *json, struct weft_buf *out)
{
    size_t length = strlen(json);
    bool plain = length > 2 && json[0] == '"' && memchr(json, '\\', length) == NULL &&
                 json[1] != ' ' && json[length - 2] != ' ' && strcmp(json, "\"null\"") != 0;
    size_t begin = out->length;
    if (plain)
        weft_buf_add(out, json + 1, length - 2);
    else
        weft_buf_add(out, json, length);
    if (out->failed || weft_utf8_width(out->data + begin, out->length - begin) <= CELL_WIDTH_MAX)
        return;
    size_t end = out->length;
    while (end > begin && ((out->data[end] & 0xc0) == 0x80 ||
                           weft_utf8_width(out->data + begin, end - begin) > CELL_WIDTH_MAX - 3))
        end--;
    weft_buf_shrink(out, end);
    weft_buf_adds(out, "...");
}

static size_t cell_width(const char *json)
{
    struct weft_buf buf;
    weft_buf_init(&buf, (size_t)1 << 26);
    cell_print(json, &buf);
    size_t width = weft_utf8_width(buf.data, buf.length);
    weft_buf_release(&buf);
    return width;
}

static void pad(struct weft_buf *out, size_t from, size_t width)
{
    for (size_t i = from; i < width; i++)
        weft_buf_addc(out, ' ');
}

struct printer {
    const struct weft_example_diff *diff;
    const char *indent;
    struct weft_buf *out;
    size_t widths[64];
    size_t shown[64]; /* columns */
    size_t count;
};

/* The key and what differs where rows only changed; else all that is compared. */
static void columns_choose(struct printer *p)
{
    const struct weft_example_diff *diff = p->diff;
    size_t compared = 0;
    bool only_changed = true;
    for (size_t i = 0; i < diff->count; i++)
        only_changed = only_changed && diff->rows[i].expected != NULL && diff->rows[i].got != NULL;
    for (size_t i = 0; i < diff->column_count; i++)
        compared += diff->columns[i].compared;
    for (size_t i = 0; i < diff->column_count && p->count < WEFT_COUNT(p->shown); i++) {
        const struct weft_example_column *column = &diff->columns[i];
        if (column->compared && (!only_changed || compared <= 6 || column->key || column->differs))
            p->shown[p->count++] = i;
    }
}

static void widths_measure(struct printer *p)
{
    const struct weft_example_diff *diff = p->diff;
    for (size_t c = 0; c < p->count; c++) {
        const char *name = diff->columns[p->shown[c]].name;
        p->widths[c] = weft_utf8_width(name, strlen(name));
        for (size_t i = 0; i < diff->count && i < ROWS_SHOWN; i++) {
            const struct weft_example_row *row = &diff->rows[i];
            if (row->expected != NULL)
                p->widths[c] = WEFT_MAX(p->widths[c], cell_width(row->expected[p->shown[c]]));
            if (row->got != NULL)
                p->widths[c] = WEFT_MAX(p->widths[c], cell_width(row->got[p->shown[c]]));
        }
    }
}

static void line_end(struct printer *p)
{
    while (p->out->length > 0 && !p->out->failed && p->out->data[p->out->length - 1] == ' ')
        weft_buf_shrink(p->out, p->out->length - 1);
    weft_buf_addc(p->out, '\n');
}

static void row_print(struct printer *p, const char *sign, const char *const *cells)
{
    weft_buf_addf(p->out, "%s%s ", p->indent, sign);
    for (size_t c = 0; c < p->count; c++) {
        size_t begin = p->out->length;
        cell_print(cells[p->shown[c]], p->out);
        if (!p->out->failed)
            pad(p->out, weft_utf8_width(p->out->data + begin, p->out->length - begin),
                p->widths[c] + GAP);
    }
    line_end(p);
}

/* Under the cells that changed. */
static void marks_print(struct printer *p, const struct weft_example_row *row)
{
    weft_buf_addf(p->out, "%s  ", p->indent);
    for (size_t c = 0; c < p->count; c++) {
        size_t i = p->shown[c];
        bool differs = strcmp(row->expected[i], row->got[i]) != 0;
        size_t width =
            differs ? WEFT_MAX(cell_width(row->expected[i]), cell_width(row->got[i])) : 0;
        for (size_t k = 0; k < width; k++)
            weft_buf_addc(p->out, '~');
        pad(p->out, width, p->widths[c] + GAP);
    }
    line_end(p);
}

static void head_print(struct printer *p)
{
    const struct weft_example_diff *diff = p->diff;
    if (diff->disordered)
        weft_buf_addf(p->out, "%sthe rows are the expected ones, in another order\n", p->indent);
    else
        weft_buf_addf(p->out, "%s%zu row%s expected, %zu would be published; - expected, + got\n",
                      p->indent, diff->expected, diff->expected == 1 ? "" : "s", diff->got);
    weft_buf_addf(p->out, "%s  ", p->indent);
    for (size_t c = 0; c < p->count; c++) {
        const char *name = diff->columns[p->shown[c]].name;
        weft_buf_adds(p->out, name);
        pad(p->out, weft_utf8_width(name, strlen(name)), p->widths[c] + GAP);
    }
    line_end(p);
}

void weft_example_print(const struct weft_example_diff *diff, const char *indent,
                        struct weft_buf *out)
{
    struct printer p = {.diff = diff, .indent = indent, .out = out};
    columns_choose(&p);
    widths_measure(&p);
    head_print(&p);
    for (size_t i = 0; i < diff->count && i < ROWS_SHOWN; i++) {
        const struct weft_example_row *row = &diff->rows[i];
        if (row->expected != NULL)
            row_print(&p, "-", row->expected);
        if (row->got != NULL)
            row_print(&p, "+", row->got);
        if (row->expected != NULL && row->got != NULL)
            marks_print(&p, row);
    }
    if (diff->count > ROWS_SHOWN)
        weft_buf_addf(out, "%s... and %zu more rows that differ\n", indent,
                      diff->count - ROWS_SHOWN);
}

/* ---- for programs ---- */

static void object_json(const struct weft_example_diff *diff, const char *const *cells,
                        struct weft_json_writer *json)
{
    weft_json_begin_object(json);
    for (size_t i = 0; i < diff->column_count; i++) {
        if (!diff->columns[i].compared)
            continue;
        weft_json_key(json, diff->columns[i].name);
        weft_json_put_raw(json, cells[i], strlen(cells[i]));
    }
    weft_json_end_object(json);
}

static void list_json(const struct weft_example_diff *diff, bool expected, bool got,
                      struct weft_json_writer *json)
{
    weft_json_begin_array(json);
    for (size_t i = 0; i < diff->count; i++) {
        const struct weft_example_row *row = &diff->rows[i];
        if ((row->expected != NULL) != expected || (row->got != NULL) != got)
            continue;
        if (expected && got) {
            weft_json_begin_object(json);
            weft_json_key(json, "expected");
            object_json(diff, row->expected, json);
            weft_json_key(json, "got");
            object_json(diff, row->got, json);
            weft_json_end_object(json);
        } else {
            object_json(diff, expected ? row->expected : row->got, json);
        }
    }
    weft_json_end_array(json);
}

void weft_example_json(const struct weft_example_diff *diff, struct weft_json_writer *json)
{
    weft_json_key(json, "missing");
    list_json(diff, true, false, json);
    weft_json_key(json, "unexpected");
    list_json(diff, false, true, json);
    weft_json_key(json, "changed");
    list_json(diff, true, true, json);
}

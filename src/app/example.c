/*
 * example.c - from a test in a product file to the example of a job.
 *
 * What a column is called and may hold is the contract's word: of the port's schema, of the product
 * that is read, of the product itself. Values of an input port are not checked: what a run does
 * with bad ones is what a test may be about.
 */
#include "app/example.h"

#include "app/example_file.h"
#include "base/fs.h"
#include "base/text.h"
#include "job/transform.h"
#include "plan/bind.h"
#include "plan/pins.h"

#include <stdio.h>
#include <string.h>

struct maker {
    struct weft_book *book;
    const struct weft_book_item *item;
    const struct weft_product *product;
    const struct weft_test *test;
    struct weft_json_writer *json;
    struct weft_diag *diag;
    struct weft_error *error;
    bool looks; /* nothing is run, so that what is not known yet is no mistake */
};

/* Rows, wherever they stand. */
struct rows {
    struct weft_test_rows rows;
    const char *file; /* that they stand in */
    char what[120];   /* "given reports" */
    bool extra;       /* of a port that passes columns over that its schema does not name */
};

static const struct weft_test_rows no_rows = {0};

/* ---- mistakes ---- */

static void tell(struct maker *m, enum weft_severity severity, const struct rows *rows,
                 struct weft_place place, const char *hint, const char *message)
{
    weft_diag_add(m->diag, severity, WEFT_E_INVALID, rows == NULL ? m->product->file : rows->file,
                  place.line, place.column, hint, "test `%s`: %s", m->test->name, message);
}

static void mistake(struct maker *m, const struct rows *rows, struct weft_place place,
                    const char *hint, const char *message)
{
    tell(m, WEFT_SEVERITY_ERROR, rows, place, hint, message);
}

static void column_unknown(struct maker *m, const struct rows *rows,
                           const struct weft_test_cell *cell,
                           const struct weft_relation_column *columns, size_t count)
{
    char message[300], hint[120];
    const char *names[256];
    size_t used = 0;
    for (; used < count && used < WEFT_COUNT(names); used++)
        names[used] = columns[used].name;
    const char *near = weft_suggest(cell->name, names, used);
    snprintf(message, sizeof message, "%s has no column `%.80s`", rows->what, cell->name);
    snprintf(hint, sizeof hint, "did you mean `%.80s`?", near == NULL ? "" : near);
    /* The product is good, as a file with such a column would be; the test refuses it. */
    tell(m, m->looks && rows->extra ? WEFT_SEVERITY_WARNING : WEFT_SEVERITY_ERROR, rows,
         cell->name_place, near == NULL ? NULL : hint, message);
}

static void value_wrong(struct maker *m, const struct rows *rows, const struct weft_test_cell *cell,
                        const struct weft_type *type)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf name;
    char message[500];
    weft_buf_init(&name, 1 << 16);
    weft_type_print(type, &name);
    snprintf(message, sizeof message, "%s: `%.80s` is %.80s, and `%.100s` is none", rows->what,
             cell->name, name.data, cell->json != NULL ? cell->json : cell->text);
    mistake(m, rows, cell->place, NULL, message);
}

/* ---- rows ---- */

static bool value_fits(const struct weft_test_cell *cell, const struct weft_type *type)
{
    if (cell->json != NULL)
        return weft_type_is_nested(type) || type->kind == WEFT_TYPE_JSON;
    return cell->text == NULL ||
           (!weft_type_is_nested(type) && weft_type_accepts(type, cell->text));
}

/* columns NULL: nothing is known. types: values are to fit as well. */
static void rows_check(struct maker *m, const struct rows *rows,
                       const struct weft_relation_column *columns, size_t count, bool types)
{
    for (size_t i = 0; columns != NULL && i < rows->rows.count; i++) {
        const struct weft_test_row *row = &rows->rows.rows[i];
        for (size_t k = 0; k < row->count; k++) {
            const struct weft_test_cell *cell = &row->cells[k];
            size_t c = 0;
            while (c < count && strcmp(columns[c].name, cell->name) != 0)
                c++;
            if (c == count)
                column_unknown(m, rows, cell, columns, count);
            else if (rows->rows.file == NULL && cell->json != NULL && columns[c].type != NULL &&
                     columns[c].type->kind == WEFT_TYPE_JSON)
                mistake(m, rows, cell->place, "as in '{\"a\": 1}'",
                        "a value of a json field is written as a text in quotes");
            else if (types && columns[c].type != NULL && !value_fits(cell, columns[c].type))
                value_wrong(m, rows, cell, columns[c].type);
        }
    }
}

static void rows_json(struct maker *m, const struct rows *rows)
{
    weft_json_begin_array(m->json);
    for (size_t i = 0; i < rows->rows.count; i++) {
        const struct weft_test_row *row = &rows->rows.rows[i];
        weft_json_begin_object(m->json);
        for (size_t k = 0; k < row->count; k++) {
            const struct weft_test_cell *cell = &row->cells[k];
            weft_json_key(m->json, cell->name);
            if (cell->json != NULL)
                weft_json_put_raw(m->json, cell->json, strlen(cell->json));
            else
                weft_json_put_text(m->json, cell->text);
        }
        weft_json_end_object(m->json);
    }
    weft_json_end_array(m->json);
}

static char *file_path(const struct maker *m, const struct weft_test_rows *rows)
{
    return weft_path_join(m->product->folder, rows->file);
}

/* A test that somebody proposes must not show what lies elsewhere on the machine that runs it. */
static bool file_is_outside(struct maker *m, const struct weft_test_rows *rows, const char *path)
{
    const char *root = m->book->context->root;
    if (root == NULL || weft_fs_inside(path, root))
        return false;
    mistake(m, NULL, rows->place, "put it beside the product file",
            "the file lies outside the checkout");
    return true;
}

/* Those of a file are read; a file that is wrong is a mistake with its place. WEFT_NOT_THERE then.
 */
static int rows_load(struct maker *m, const struct weft_test_rows *from, const char *what,
                     const char *name, struct rows *out)
{
    struct weft_error why = WEFT_ERROR_INIT;
    *out = (struct rows){.rows = *from, .file = m->product->file};
    snprintf(out->what, sizeof out->what, "%s%s%.90s", what, name[0] == '\0' ? "" : " ", name);
    if (from->file == NULL)
        return 0;
    WEFT_CLEANUP(weft_freep) char *path = file_path(m, from);
    if (path == NULL)
        return weft_error_nomem(m->error);
    if (file_is_outside(m, from, path))
        return WEFT_NOT_THERE;
    out->file = from->file;
    if (weft_example_file_read(m->book->arena, path, from->file, &out->rows, &why) == 0)
        return 0;
    if (why.code == WEFT_E_NOMEM)
        return weft_error_nomem(m->error);
    if (why.file[0] == '\0')
        weft_error_at(&why, m->product->file, from->place.line, from->place.column);
    weft_error_prefix(&why, "test `%s`: %s", m->test->name, out->what);
    weft_diag_add_error(m->diag, &why);
    return WEFT_NOT_THERE;
}

/* ---- ports ---- */

static int fields_columns(struct maker *m, const struct weft_fields *fields,
                          const struct weft_relation_column **out, size_t *count)
{
    struct weft_relation_column *columns =
        weft_arena_array(m->book->arena, fields->count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(m->error);
    for (size_t i = 0; i < fields->count; i++)
        columns[i] = (struct weft_relation_column){.name = fields->items[i].name,
                                                   .type = fields->items[i].type};
    *out = fields->count == 0 ? NULL : columns;
    *count = fields->count;
    return 0;
}

static const struct weft_test_rows *given_find(const struct maker *m, const char *name)
{
    for (size_t i = 0; i < m->test->given_count; i++) {
        if (weft_equal_fold(m->test->given[i].name, name))
            return &m->test->given[i];
    }
    return NULL;
}

static int port_rows(struct maker *m, const struct weft_fields *schema, bool extra,
                     const struct weft_test_rows *given)
{
    const struct weft_relation_column *columns = NULL;
    struct rows rows;
    size_t count = 0;
    const struct weft_fields *fields =
        schema->count > 0 || weft_transform_is(m->product) ? schema : &m->product->schema;
    WEFT_TRY(rows_load(m, given, "given", given->name, &rows));
    rows.extra = extra;
    WEFT_TRY(fields_columns(m, fields, &columns, &count));
    rows_check(m, &rows, columns, count, false);
    weft_json_key(m->json, "rows");
    rows_json(m, &rows);
    return 0;
}

/* A file goes to the port as it is, to be read as the port reads. */
static int port_put(struct maker *m, const char *name, const struct weft_fields *schema, bool extra)
{
    const struct weft_test_rows *given = given_find(m, name);
    if (given == NULL)
        return 0;
    weft_json_begin_object(m->json);
    weft_json_member_text(m->json, "name", name);
    if (given->file == NULL) {
        WEFT_TRY(port_rows(m, schema, extra, given));
    } else {
        WEFT_CLEANUP(weft_freep) char *path = file_path(m, given);
        if (path == NULL)
            return weft_error_nomem(m->error);
        if (!file_is_outside(m, given, path) && !weft_fs_is_file(path))
            mistake(m, NULL, given->place, "paths are relative to the product file",
                    "the file that is given is not there");
        weft_json_member_text(m->json, "path", path);
    }
    weft_json_end_object(m->json);
    return 0;
}

static int ports_put(struct maker *m)
{
    static const struct weft_fields none = {0};
    const struct weft_product *product = m->product;
    weft_json_key(m->json, "ports");
    weft_json_begin_array(m->json);
    for (size_t i = 0; i < product->input_count; i++) {
        if (product->inputs[i].kind != WEFT_INPUT_PRODUCT)
            WEFT_TRY(port_put(m, product->inputs[i].name, &product->inputs[i].schema,
                              product->inputs[i].extra_columns != WEFT_EXTRA_REFUSE));
    }
    if (!weft_product_can_run(product))
        WEFT_TRY(port_put(m, "load", &none, false));
    weft_json_end_array(m->json);
    return 0;
}

/* ---- products that are read ---- */

/* By the name that the contract reads it by, else by the product's own. */
static const struct weft_test_rows *given_of_read(const struct maker *m,
                                                  const struct weft_book_read *read)
{
    const struct weft_test_rows *given = given_find(m, read->name);
    return given != NULL || read->is_port ? given : given_find(m, read->full_name);
}

static void columns_json(struct maker *m, const struct weft_relation_column *columns, size_t count)
{
    weft_json_key(m->json, "columns");
    weft_json_begin_array(m->json);
    for (size_t i = 0; i < count; i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
        weft_buf_init(&type, 1 << 16);
        weft_type_print(columns[i].type, &type);
        weft_json_begin_object(m->json);
        weft_json_member_text(m->json, "name", columns[i].name);
        weft_json_member_text(m->json, "type", type.data);
        weft_json_end_object(m->json);
    }
    weft_json_end_array(m->json);
}

static int source_columns(struct maker *m, const struct weft_book_read *read,
                          const struct weft_test_rows *given,
                          const struct weft_relation_column **columns, size_t *count)
{
    char message[200], hint[200];
    int rc = WEFT_NOT_THERE;
    if (read->item != WEFT_BOOK_NONE)
        rc = weft_bind_columns(m->book, read->item, columns, count, m->error);
    if (rc != WEFT_NOT_THERE || m->looks)
        return rc;
    snprintf(message, sizeof message, "the columns of `%.100s` are not known yet", read->full_name);
    snprintf(hint, sizeof hint, "give it a `schema:`, or run it once");
    mistake(m, NULL, given == NULL ? m->test->place : given->place, hint, message);
    return WEFT_NOT_THERE;
}

static int source_put(struct maker *m, const struct weft_book_read *read)
{
    const struct weft_relation_column *columns = NULL;
    const struct weft_test_rows *given = given_of_read(m, read);
    struct rows rows;
    size_t count = 0;
    bool lookup = weft_read_is_lookup(read->name);
    if (lookup && given == NULL)
        return 0; /* the reference is not looked at then */
    int rc = rows_load(m, given == NULL ? &no_rows : given, "given", read->name, &rows);
    if (rc == 0)
        rc = source_columns(m, read, given, &columns, &count);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rows_check(m, &rows, columns, count, true);
    weft_json_begin_object(m->json);
    weft_json_member_text(m->json, "name", read->name);
    weft_json_member_bool(m->json, "is_port", read->is_port);
    weft_json_member_text(m->json, "product", read->full_name);
    columns_json(m, columns, count);
    weft_json_key(m->json, "rows");
    rows_json(m, &rows);
    weft_json_end_object(m->json);
    return 0;
}

static bool is_read(const struct maker *m, const char *name)
{
    for (size_t i = 0; i < m->item->read_count; i++) {
        const struct weft_book_read *read = &m->item->reads[i];
        if (weft_equal_fold(read->name, name) ||
            (!read->is_port && weft_equal_fold(read->full_name, name)))
            return true;
    }
    return false;
}

/* The parser knows ports; which products the SQL names is known here. */
static void given_check(struct maker *m)
{
    for (size_t i = 0; i < m->test->given_count; i++) {
        const struct weft_test_rows *given = &m->test->given[i];
        char message[200];
        if (strchr(given->name, '.') == NULL || is_read(m, given->name))
            continue;
        snprintf(message, sizeof message, "`given` names `%.100s`, which the product does not read",
                 given->name);
        mistake(m, NULL, given->place, NULL, message);
    }
}

static int sources_put(struct maker *m)
{
    weft_json_key(m->json, "sources");
    weft_json_begin_array(m->json);
    for (size_t i = 0; i < m->item->read_count; i++)
        WEFT_TRY(source_put(m, &m->item->reads[i]));
    weft_json_end_array(m->json);
    return 0;
}

/* ---- expect ---- */

static int expect_put(struct maker *m)
{
    const struct weft_relation_column *columns = NULL;
    struct rows rows;
    size_t count = 0;
    int rc = rows_load(m, &m->test->expect, "expect", "", &rows);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    WEFT_TRY(fields_columns(m, &m->product->schema, &columns, &count));
    if (columns == NULL && weft_transform_is(m->product)) {
        columns = m->item->columns; /* NULL: the worker will tell */
        count = m->item->column_count;
    }
    rows_check(m, &rows, columns, count, true);
    weft_json_key(m->json, "expect");
    rows_json(m, &rows);
    return 0;
}

static int example_put(struct maker *m, struct weft_buf *out)
{
    struct weft_json_writer json;
    m->product = m->item->product;
    assert(m->product != NULL);
    m->json = &json;
    weft_json_writer_init(&json, out);
    weft_json_begin_object(&json);
    given_check(m);
    WEFT_TRY(ports_put(m));
    WEFT_TRY(sources_put(m));
    WEFT_TRY(expect_put(m));
    weft_json_end_object(&json);
    return weft_buf_check(out, m->error);
}

int weft_example_make(struct weft_book *book, size_t item, const struct weft_test *test,
                      struct weft_buf *out, struct weft_diag *diag, struct weft_error *error)
{
    struct maker m = {
        .book = book, .item = &book->items[item], .test = test, .diag = diag, .error = error};
    return example_put(&m, out);
}

int weft_example_check(struct weft_book *book, const bool *wanted, struct weft_diag *diag,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf unused;
    weft_buf_init(&unused, (size_t)1 << 30);
    for (size_t i = 0; i < book->count; i++) {
        const struct weft_product *product = book->items[i].product;
        for (size_t k = 0; wanted[i] && k < product->test_count; k++) {
            struct maker m = {.book = book,
                              .item = &book->items[i],
                              .test = &product->tests[k],
                              .diag = diag,
                              .error = error,
                              .looks = true};
            if (m.test->name == NULL)
                continue; /* it is no map: told */
            weft_buf_clear(&unused);
            WEFT_TRY(example_put(&m, &unused));
        }
    }
    return 0;
}

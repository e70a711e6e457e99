/* Tests of book.h, pins.h, bind.h, plan.h: what names stand for, rings, what a change breaks; also
 * with memory that runs out. */
#include "plan/pins.h"
#include "plan/plan.h"

#include "base/fs.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    char *dir;
    struct weft_context context;
    struct weft_mesh *mesh;
    struct weft_plan plan;
    struct weft_diag diag;
    struct weft_error error;
    const char *words[2];
    size_t word_count;
};

static void ok_at(int rc, const struct weft_error *error, int line)
{
    if (rc != 0)
        fail_msg("line %d: %d: %s: %s (%s)", line, rc, weft_code_name(error->code), error->message,
                 error->hint);
}
#define OK(expr) ok_at((expr), &f->error, __LINE__)

static void file(struct fixture *f, const char *path, const char *text)
{
    char full[600];
    snprintf(full, sizeof full, "%s/%s", f->dir, path);
    char *folder = weft_path_dirname(full);
    OK(weft_fs_mkdirs(folder, &f->error));
    OK(weft_fs_write_file(full, text, strlen(text), &f->error));
    weft_free(folder);
}

/* name: "a.base"; the version stands in the text. */
static void product(struct fixture *f, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "domains/%.*s/%s/data_product.yaml", (int)strcspn(name, "."), name,
             strchr(name, '.') + 1);
    file(f, path, text);
}

static int setup(void **state)
{
    struct fixture *f = weft_alloc(sizeof *f);
    f->dir = weft_test_dir();
    f->error = (struct weft_error)WEFT_ERROR_INIT;
    weft_context_register();
    OK(weft_context_init(&f->context, &f->error));
    f->context.start = f->dir;
    f->context.environment = "dev";
    weft_diag_init(&f->diag);
    file(f, "weft.yaml", "mesh: test\nenvironments: {dev: {home: home}}\n");
    product(f, "a.base",
            "version: 1.0.0\ninput: {files: x.csv}\nschema:\n  - {name: id, type: long}\n"
            "  - {name: word, type: string}\n");
    product(f, "b.copy", "version: 1.0.0\nsql: select id, word from a.base\n");
    product(f, "c.last",
            "version: 1.0.0\ninputs: {x: {product: b.copy}}\nsql: select word from x\n");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    weft_diag_release(&f->diag);
    weft_mesh_free(f->mesh);
    weft_context_release(&f->context);
    weft_test_dir_remove(f->dir);
    weft_free(f);
    return 0;
}

static void load(struct fixture *f)
{
    weft_mesh_free(f->mesh);
    weft_diag_release(&f->diag);
    weft_diag_init(&f->diag);
    OK(weft_mesh_load(f->dir, "dev", &f->diag, &f->mesh, &f->error));
    assert_int_equal(f->diag.errors, 0);
}

static int plan_make(struct fixture *f)
{
    const struct weft_op_value words = {f->word_count > 0, NULL, f->words, f->word_count};
    const struct weft_op_value none = {0};
    return weft_plan_make(&f->context, f->mesh, &words, &none, false, &f->diag, &f->plan,
                          &f->error);
}

static void plan(struct fixture *f)
{
    load(f);
    OK(plan_make(f));
}

static const struct weft_book_item *item(const struct fixture *f, const char *name, int major)
{
    size_t at = weft_book_find(&f->plan.book, name, major);
    if (at == WEFT_BOOK_NONE)
        fail_msg("no %s@%d", name, major);
    return &f->plan.book.items[at];
}

/* As apply does it. */
static void apply(struct fixture *f)
{
    struct weft_ledger *ledger;
    struct weft_ledger_txn *txn = NULL;
    plan(f);
    assert_int_equal(f->diag.errors, 0);
    OK(weft_context_ledger(&f->context, true, &ledger, &f->error));
    OK(weft_ledger_begin_write(ledger, &txn, &f->error));
    for (size_t i = 0; i < f->plan.count; i++) {
        const struct weft_plan_item *planned = &f->plan.items[i];
        struct weft_registered_reads reads;
        if (planned->action == WEFT_PLAN_RETIRE) {
            OK(weft_catalog_retire(txn, "t", planned->full_name, planned->major, NULL, &f->error));
            continue;
        }
        OK(weft_pins_registered(&f->plan.book, planned->item, &reads, &f->error));
        OK(weft_catalog_put(txn, "t", planned->product, &reads, "dev", &f->error));
    }
    OK(weft_ledger_commit(txn, &f->error));
}

static void names_are_pinned(void **state)
{
    struct fixture *f = *state;
    plan(f);
    assert_int_equal(f->diag.count, 0);
    assert_int_equal(f->plan.added, 3);
    const struct weft_book_item *copy = item(f, "b.copy", 1), *last = item(f, "c.last", 1);
    assert_int_equal(copy->read_count, 1);
    assert_string_equal(copy->reads[0].name, "a.base");
    assert_false(copy->reads[0].is_port);
    assert_int_equal(copy->reads[0].place.line, 2);
    assert_int_equal(copy->reads[0].place.column, 27);
    assert_true(last->reads[0].is_port);
    assert_string_equal(last->reads[0].full_name, "b.copy");
    /* Columns of SQL are known, and of what stands on it. */
    assert_int_equal(copy->column_count, 2);
    assert_int_equal(last->column_count, 1);
    assert_string_equal(last->columns[0].name, "word");
    apply(f);
    plan(f);
    assert_int_equal(f->plan.count, 0);
    assert_int_equal(f->plan.kept, 3);
    assert_string_equal(item(f, "c.last", 1)->reads[0].full_name, "b.copy");
    assert_true(weft_book_reads(item(f, "b.copy", 1), weft_book_find(&f->plan.book, "a.base", 1)));
}

static void a_bare_name_keeps_its_major(void **state)
{
    struct fixture *f = *state;
    apply(f);
    file(f, "domains/a/base/data_product.v1.yaml",
         "version: 1.0.0\ninput: {files: x.csv}\nschema:\n  - {name: id, type: long}\n"
         "  - {name: word, type: string}\n");
    product(f, "a.base",
            "version: 2.0.0\ninput: {files: x.csv}\nschema:\n  - {name: word, type: string}\n");
    product(f, "b.copy", "version: 1.0.0\nsql: select word from a.base\n");
    product(f, "d.new", "version: 1.0.0\nsql: select word from a.base\n");
    product(f, "d.old", "version: 1.0.0\nsql: select id from a.base__v1\n");
    plan(f);
    assert_int_equal(f->diag.errors, 0);
    assert_int_equal(item(f, "b.copy", 1)->reads[0].major, 1);
    assert_int_equal(item(f, "d.new", 1)->reads[0].major, 2);
    assert_int_equal(item(f, "d.old", 1)->reads[0].major, 1);
    size_t newest;
    OK(weft_book_newest(&f->plan.book, "a.base", &newest, &f->error));
    assert_int_equal(f->plan.book.items[newest].major, 2);
    /* A draft is not what a bare name means where there is an active one. */
    product(f, "a.base",
            "version: 2.0.0\nstatus: draft\ninput: {files: x.csv}\nschema:\n"
            "  - {name: word, type: string}\n");
    product(f, "d.new", "version: 1.0.0\nsql: select id from a.base\n");
    plan(f);
    assert_int_equal(f->diag.errors, 0);
    assert_int_equal(item(f, "d.new", 1)->reads[0].major, 1);
}

static void mistake(const struct fixture *f, size_t i, int line, int column, const char *part)
{
    assert_true(i < f->diag.count);
    const struct weft_diag_item *told = &f->diag.items[i];
    if (strstr(told->message, part) == NULL || told->line != line || told->column != column)
        fail_msg("%s:%d:%d: %s", told->file, told->line, told->column, told->message);
}

static void unknown_names(void **state)
{
    struct fixture *f = *state;
    product(f, "b.copy",
            "version: 1.0.0\nsql: select id, word from a.bse join nothing using (id)\n");
    product(f, "c.last",
            "version: 1.0.0\ninputs: {x: {product: b.copy@7}}\nsql: select word from x\n");
    plan(f);
    weft_diag_sort(&f->diag);
    assert_int_equal(f->diag.errors, 3);
    mistake(f, 0, 2, 27, "no product `a.bse`");
    assert_string_equal(f->diag.items[0].hint, "did you mean `a.base`?");
    mistake(f, 1, 2, 38, "`nothing` is neither an input port");
    assert_non_null(strstr(f->diag.items[2].message, "`b.copy` has no major 7"));
}

static void rings(void **state)
{
    struct fixture *f = *state;
    product(f, "a.base",
            "version: 1.0.0\nsql: select id, word from c.last\nschema:\n"
            "  - {name: id, type: long}\n  - {name: word, type: string}\n");
    plan(f);
    assert_int_equal(f->diag.errors, 1);
    assert_non_null(strstr(f->diag.items[0].message, "in a ring: a.base -> c.last -> b.copy -> "
                                                     "a.base"));
    product(f, "a.base", "version: 1.0.0\nsql: select 1 as id from a.base\n");
    plan(f);
    assert_non_null(strstr(f->diag.items[0].message, "`a.base` reads itself"));
}

static void a_change_reaches_what_reads_it(void **state)
{
    struct fixture *f = *state;
    apply(f);
    product(f, "a.base",
            "version: 1.0.0\ninput: {files: x.csv}\nschema:\n  - {name: id, type: long}\n");
    plan(f);
    assert_int_equal(f->diag.errors, 1);
    mistake(f, 0, 2, 17, "word");
    /* Through one without a schema: b.copy changes, c.last has the mistake. */
    product(f, "a.base",
            "version: 1.0.0\ninput: {files: x.csv}\nschema:\n  - {name: id, type: long}\n"
            "  - {name: word, type: string}\n");
    product(f, "b.copy", "version: 1.0.0\nsql: select id from a.base\n");
    plan(f);
    assert_int_equal(f->diag.errors, 1);
    mistake(f, 0, 3, 13, "word");
}

static void what_is_not_selected_stays(void **state)
{
    struct fixture *f = *state;
    f->words[0] = "c.last";
    f->word_count = 1;
    plan(f);
    assert_int_equal(f->plan.count, 1);
    assert_int_equal(weft_plan_refused(&f->plan, &f->error), -1);
    assert_non_null(strstr(f->error.message, "reads `b.copy`, which is not registered"));
    f->words[0] = "+c.last";
    plan(f);
    assert_int_equal(f->plan.count, 3);
    f->words[0] = "a.base";
    apply(f);
    f->word_count = 0;
    plan(f);
    assert_int_equal(f->plan.count, 2);
}

/* By columns, with the way; a check of a reader ends there. */
static void who_is_reached(void **state)
{
    struct fixture *f = *state;
    product(f, "b.copy",
            "version: 1.0.0\nsql: select id, word as term from a.base\n"
            "quality: {checks: [{name: some, condition: term <> ''}, {name: more, condition: id > "
            "0}]}\n");
    product(
        f, "c.last",
        "version: 1.0.0\ninputs: {x: {product: b.copy}}\nsql: select id from x where term = 'y'\n");
    apply(f);
    product(f, "a.base",
            "version: 1.1.0\ninput: {files: x.csv}\nschema:\n"
            "  - {name: id, type: long}\n  - {name: word, type: json}\n");
    plan(f);
    assert_int_equal(f->plan.count, 1);
    const struct weft_plan_item *changed = &f->plan.items[0];
    assert_int_equal(changed->reached_count, 3);
    const struct weft_plan_reached *term = &changed->reached[0], *check = &changed->reached[1];
    const struct weft_plan_reached *rows = &changed->reached[2];
    assert_string_equal(f->plan.book.items[term->item].full_name, "b.copy");
    assert_string_equal(term->column, "term");
    assert_string_equal(term->how, "identity");
    assert_string_equal(check->check, "check.some");
    assert_string_equal(f->plan.book.items[rows->item].full_name, "c.last");
    assert_null(rows->column);
    assert_string_equal(rows->how, "filter");
    assert_int_equal(rows->path_count, 3);
    assert_string_equal(rows->path[0].column, "word");
    assert_string_equal(rows->path[1].column, "term");
}

static const struct weft_plan_item *planned(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->plan.count; i++) {
        if (strcmp(f->plan.items[i].full_name, name) == 0)
            return &f->plan.items[i];
    }
    fail_msg("%s is not planned", name);
    return NULL;
}

/* In a home that is made now, and in one that an older weft left without a word about grants. */
static void other_domains_are_granted(void **state)
{
    struct fixture *f = *state;
    plan(f);
    const struct weft_plan_item *copy = planned(f, "b.copy");
    assert_int_equal(f->plan.refused, 2);
    assert_int_equal(copy->refused_code, WEFT_E_DENIED);
    assert_int_equal(copy->lack_count, 1);
    assert_string_equal(copy->lacks[0].access, "access: {grant: [domain:b]}");
    assert_string_equal(copy->lacks[0].file, "domains/a/base/data_product.yaml");
    assert_string_equal(f->plan.grants, "kind: grant\nname: b_reads_base\nto: [domain:b]\n"
                                        "read: [a.base]\n---\nkind: grant\nname: c_reads_copy\n"
                                        "to: [domain:c]\nread: [b.copy]\n");
    apply(f);
    product(f, "d.late", "version: 1.0.0\nsql: select id from a.base\n");
    plan(f);
    assert_true(f->plan.confirms);
    assert_int_equal(f->plan.dependency_count, 2);
    assert_int_equal(f->plan.refused, 1);
    assert_int_equal(planned(f, "d.late")->refused_code, WEFT_E_DENIED);
    file(f, "policies/p.yaml", "kind: grant\nname: all\nto: [everyone]\nread: ['*']\n");
    plan(f);
    assert_int_equal(f->plan.refused, 0);
    assert_int_equal(f->plan.dependency_count, 0);
    assert_null(f->plan.grants);
}

static int plan_once(void *arg, struct weft_error *error)
{
    struct fixture *f = arg;
    struct weft_arena *kept = f->context.arena;
    f->context.arena = weft_arena_new(0);
    f->error = (struct weft_error)WEFT_ERROR_INIT;
    int rc = f->context.arena == NULL ? weft_error_nomem(&f->error) : plan_make(f);
    if (rc == 0)
        rc = weft_diag_check(&f->diag, &f->error);
    weft_arena_free(f->context.arena);
    f->context.arena = kept;
    weft_diag_release(&f->diag);
    weft_diag_init(&f->diag);
    *error = f->error;
    return rc;
}

static void plans_without_memory(void **state)
{
    struct fixture *f = *state;
    struct weft_engine *engine;
    apply(f);
    product(f, "a.base",
            "version: 1.1.0\ninput: {files: x.csv}\nschema:\n"
            "  - {name: id, type: long}\n  - {name: word, type: json}\n"
            "  - {name: more, type: string}\ndeprecated: {sunset: 2999-01-01}\n");
    product(f, "d.lacks", "version: 1.0.0\nsql: select id from a.base\n");
    load(f);
    OK(weft_context_engine(&f->context, &engine, &f->error));
    assert_true(weft_test_torture(plan_once, f) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_pinned, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bare_name_keeps_its_major, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_names, setup, teardown),
        cmocka_unit_test_setup_teardown(rings, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_reaches_what_reads_it, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_reached, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_selected_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(other_domains_are_granted, setup, teardown),
        cmocka_unit_test_setup_teardown(plans_without_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

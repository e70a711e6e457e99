/* Operations, sessions and candidates with each allocation failing in turn (of many a sample): they
 * say so, lose nothing and can be asked again. The worker of a run is this program. */
#include "app/candidates.h"
#include "app/op.h"
#include "app/session.h"

#include "base/fs.h"
#include "base/test_support.h"
#include "context/who.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SAMPLE 6 /* failures of one kind for each operation; with WEFT_LONG=1 more */
#define SAMPLE_LONG 200

static char *dir;
static const char *somebody; /* --as; NULL = the operator */

static void file(const char *path, const char *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char full[600];
    snprintf(full, sizeof full, "%s/%s", dir, path);
    char *folder = weft_path_dirname(full);
    assert_int_equal(weft_fs_mkdirs(folder, &error), 0);
    assert_int_equal(weft_fs_write_file(full, text, strlen(text), &error), 0);
    weft_free(folder);
}

/* ---- a door that shows nothing ---- */

static int no_table(void *arg, const struct weft_out_column *columns, size_t count,
                    struct weft_error *error)
{
    (void)arg, (void)columns, (void)count, (void)error;
    return 0;
}

static int no_row(void *arg, const struct weft_cell *cells, struct weft_error *error)
{
    (void)arg, (void)cells, (void)error;
    return 0;
}

static int nothing(void *arg, struct weft_error *error)
{
    (void)arg, (void)error;
    return 0;
}

static int no_line(void *arg, enum weft_style style, const char *text, struct weft_error *error)
{
    (void)arg, (void)style, (void)text, (void)error;
    return 0;
}

static int no_json(void *arg, const char *json, size_t length, struct weft_error *error)
{
    (void)arg, (void)json, (void)length, (void)error;
    return 0;
}

static int no_bytes(void *arg, const void *data, size_t length, struct weft_error *error)
{
    (void)arg, (void)data, (void)length, (void)error;
    return 0;
}

static void no_note(void *arg, const struct weft_diag_item *item)
{
    (void)arg, (void)item;
}

static void no_progress(void *arg, const struct weft_out_progress *progress)
{
    (void)arg, (void)progress;
}

static int yes_always(void *arg, const char *question, bool *yes, struct weft_error *error)
{
    (void)arg, (void)question, (void)error;
    *yes = true;
    return 0;
}

static struct weft_out silence(bool for_people)
{
    return (struct weft_out){.for_people = for_people,
                             .table = no_table,
                             .row = no_row,
                             .table_end = nothing,
                             .line = no_line,
                             .json = no_json,
                             .bytes = no_bytes,
                             .note = no_note,
                             .progress = no_progress,
                             .flush = nothing,
                             .ask = yes_always};
}

/* ---- one request ---- */

typedef int asked_fn(struct weft_context *context, const char *what, struct weft_out *out,
                     struct weft_error *error);

static int op_ask(struct weft_context *context, const char *json, struct weft_out *out,
                  struct weft_error *error)
{
    struct weft_op_request request;
    WEFT_TRY(weft_op_request_read(context->arena, json, strlen(json), &request, error));
    WEFT_TRY(weft_who_begin(context, request.op, error));
    return request.op->run(context, &request, out, error);
}

static int names_ask(struct weft_context *context, const char *json, struct weft_out *out,
                     struct weft_error *error)
{
    struct weft_op_request request;
    struct weft_session session;
    struct weft_session_names names = {0};
    int64_t rows = 0;
    const char *sql = "select count(*) from shop.orders";
    const struct weft_statement statement = {.text = sql, .length = strlen(sql)};
    WEFT_TRY(weft_op_request_read(context->arena, json, strlen(json), &request, error));
    int rc = weft_session_open(&session, context, &request, out, error);
    if (rc == 0)
        rc = weft_session_names(&session, &names, error);
    if (rc == 0 && weft_session_table(&names, "SHOP.orders") == NULL)
        fail_msg("the session does not know the product");
    if (rc == 0)
        rc = weft_session_run(&session, &statement, out, &rows, error);
    weft_session_names_release(&names);
    weft_session_close(&session);
    return rc;
}

static void count_one(void *arg, const char *text)
{
    *(size_t *)arg += strlen(text);
}

/* They give what they can, and never an error. */
static int candidates_ask(struct weft_context *context, const char *what, struct weft_out *out,
                          struct weft_error *error)
{
    size_t bytes = 0;
    const struct weft_candidates to = {context, NULL, count_one, &bytes};
    (void)what, (void)out, (void)error;
    weft_candidates_environments(&to);
    weft_candidates_products(&to, true);
    weft_candidates_runs(&to);
    weft_candidates_snapshots(&to, "shop.orders");
    return 0;
}

static int once(asked_fn *ask, const char *what, bool for_people, struct weft_error *error)
{
    struct weft_context context;
    struct weft_out out = silence(for_people);
    *error = (struct weft_error)WEFT_ERROR_INIT;
    int rc = weft_context_init(&context, error);
    if (rc == 0) {
        context.start = dir;
        context.environment = "dev";
        context.as = somebody;
        rc = ask(&context, what, &out, error);
    }
    weft_context_release(&context);
    return rc;
}

static void good(asked_fn *ask, const char *what, bool for_people)
{
    struct weft_error error;
    int rc = once(ask, what, for_people, &error);
    if (rc != 0)
        fail_msg("%s: %d %s: %s (%s)", what, rc, weft_code_name(error.code), error.message,
                 error.hint);
}

static void torture(asked_fn *ask, const char *what, bool for_people)
{
    struct weft_error error;
    good(ask, what, for_people); /* what is made once for the process is made here */
    weft_alloc_fail_at(UINT64_MAX, false);
    good(ask, what, for_people);
    uint64_t count = weft_alloc_fail_at(0, false);
    assert_true(count > 0);
    for (int sticky = 0; sticky < 2; sticky++) {
        uint64_t step = count / (getenv("WEFT_LONG") != NULL ? SAMPLE_LONG : SAMPLE) + 1;
        for (uint64_t nth = 1 + (uint64_t)sticky * (step / 2); nth <= count; nth += step) {
            weft_alloc_fail_at(nth, sticky != 0);
            int rc = once(ask, what, for_people, &error);
            weft_alloc_fail_at(0, false);
            if (rc > 0 || (rc < 0 && error.code != WEFT_E_NOMEM))
                fail_msg("%s: allocation %d of %d: %d %s: %s", what, (int)nth, (int)count, rc,
                         weft_code_name(error.code), error.message);
        }
    }
    good(ask, what, for_people);
}

/* ---- tests ---- */

static void operations_that_look(void **state)
{
    (void)state;
    static const char *const asked[] = {
        "{\"op\": \"ls\"}",
        "{\"op\": \"status\"}",
        "{\"op\": \"runs\"}",
        "{\"op\": \"show\", \"args\": {\"product\": \"shop.orders\"}}",
        "{\"op\": \"plan\"}",
        "{\"op\": \"quarantine\", \"args\": {\"product\": \"shop.orders\"}}",
        "{\"op\": \"diff\", \"args\": {\"product\": \"shop.orders\"}}",
        "{\"op\": \"query\", \"args\": {\"sql\": [\"select * from shop.big order by id\"]}}",
    };
    for (size_t i = 0; i < WEFT_COUNT(asked); i++)
        torture(op_ask, asked[i], i % 2 == 0);
}

static void operations_of_files(void **state)
{
    (void)state;
    char text[700];
    torture(op_ask, "{\"op\": \"fmt\", \"args\": {\"check\": true}}", true);
    snprintf(text, sizeof text, "{\"op\": \"infer\", \"args\": {\"file\": [\"%s/inbox/a.csv\"]}}",
             dir);
    torture(op_ask, text, false);
    snprintf(text, sizeof text, "{\"op\": \"infer\", \"args\": {\"file\": [\"%s/inbox/b.json\"]}}",
             dir);
    torture(op_ask, text, false);
}

static void operations_with_a_worker(void **state)
{
    (void)state;
    torture(op_ask, "{\"op\": \"preview\", \"args\": {\"product\": [\"shop.big\"]}}", true);
    torture(op_ask, "{\"op\": \"test\", \"args\": {\"product\": [\"shop.big\"]}}", true);
}

static void operations_for_somebody(void **state)
{
    (void)state;
    static const char *const asked[] = {
        "{\"op\": \"show\", \"args\": {\"product\": \"shop.orders\"}}",
        "{\"op\": \"lineage\", \"args\": {\"product\": \"shop.big.note\"}}",
        "{\"op\": \"lineage\", \"args\": {\"product\": \"shop.orders\", \"down\": true}}",
        "{\"op\": \"export\", \"args\": {\"product\": \"shop.orders\", \"to\": \"odcs\"}}",
        "{\"op\": \"diff\", \"args\": {\"product\": \"shop.orders\"}}",
    };
    somebody = "user:alice";
    for (size_t i = 0; i < WEFT_COUNT(asked); i++)
        torture(op_ask, asked[i], i % 2 == 0);
    torture(candidates_ask, "candidates", true);
    somebody = "user:dora"; /* of the team */
    torture(op_ask, "{\"op\": \"quarantine\", \"args\": {\"product\": \"shop.orders\"}}", true);
    somebody = NULL;
}

static void sessions(void **state)
{
    (void)state;
    torture(names_ask, "{\"op\": \"query\"}", true);
    torture(candidates_ask, "candidates", true);
}

static int setup(void **state)
{
    (void)state;
    dir = weft_test_dir();
    weft_context_register();
    file("weft.yaml", "mesh: test\nenvironments:\n  dev: {home: home}\n");
    file("inbox/a.csv", "id;day;note\n1;01.02.2020;x\n2;25.02.2020;\n3;26.02.2020;z\n");
    file("inbox/b.json", "[{\"id\": 1, \"b\": [1, {\"c\": \"x\"}]}, {\"id\": \"y\"}]");
    file("domains/shop/orders/data_product.yaml",
         "version: 1.0.0\n"
         "input:\n"
         "  files: ../../../inbox/*.csv\n"
         "  options: {delimiter: \";\", date_format: \"%d.%m.%Y\"}\n"
         "schema:\n"
         "  - {name: id, type: long, max: 2}\n"
         "  - {name: day, type: date}\n"
         "  - {name: note, type: string}\n"
         "key: [id]\n");
    file("policies/all.yaml", "kind: grant\nname: g\nto: everyone\nread: ['*']\n---\n"
                              "kind: restrict\nname: r\non: [shop.orders.day]\ntreat: hide\n"
                              "except: ['domain:shop', 'user:dora']\n");
    file("domains/shop/domain.yaml", "owner: t@x.org\nmembers: [user:dora]\n");
    file("domains/shop/big/data_product.yaml",
         "version: 1.0.0\n"
         "sql: select id, note from shop.orders where id > 1\n"
         "tests:\n"
         "  - name: one\n"
         "    given:\n"
         "      shop.orders: [{id: 1, note: a}, {id: 2, note: b}]\n"
         "    expect: [{id: 2, note: b}]\n");
    good(op_ask, "{\"op\": \"apply\", \"args\": {\"yes\": true}}", true);
    good(op_ask, "{\"op\": \"run\"}", true);
    good(op_ask, "{\"op\": \"user\", \"args\": {\"what\": \"add\", \"name\": \"alice\"}}", true);
    good(op_ask, "{\"op\": \"user\", \"args\": {\"what\": \"add\", \"name\": \"dora\"}}", true);
    file("inbox/c.csv", "id;day;note\n0;27.02.2020;new\n");
    good(op_ask, "{\"op\": \"run\"}", true);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weft_test_dir_remove(dir);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_that_look),
        cmocka_unit_test(operations_of_files),
        cmocka_unit_test(operations_with_a_worker),
        cmocka_unit_test(operations_for_somebody),
        cmocka_unit_test(sessions),
    };
    struct weft_error error = WEFT_ERROR_INIT;
    if (argc > 1 && strcmp(argv[1], "worker") == 0) {
        weft_context_register();
        return weft_worker_main(STDIN_FILENO, STDOUT_FILENO, &error) < 0 ? 1 : 0;
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * op_trial.c - test: the examples of product files, then the rules on what is published.
 */
#include "app/ops_internal.h"
#include "app/trials.h"
#include "base/clock.h"
#include "base/fs.h"
#include "plan/bind.h"
#include "plan/check.h"
#include "plan/pins.h"
#include "plan/plan.h"

#include <string.h>

#define JUNIT_MAX ((size_t)256 << 20)

static const struct weft_op_arg test_args[] = {
    WEFT_ARG_PRODUCTS("all without any."),
    WEFT_ARG_EXCLUDE,
    {"only", 0, WEFT_ARG_TEXT, "examples|rules|policies",
     "Only the tests of product files, only their rules, or only the tests of policies."},
    {"junit", 0, WEFT_ARG_TEXT, "FILE", "Write the results as JUnit XML too."},
};

struct test {
    struct weft_context *context;
    const struct weft_op_request *request;
    struct weft_out *out;
    struct weft_book book;
    bool *chosen;
    bool examples, rules, policies;
};

static int only_read(struct test *test, struct weft_error *error)
{
    const char *only = weft_op_text(test->request, "only");
    test->examples = only == NULL || strcmp(only, "examples") == 0;
    test->rules = only == NULL || strcmp(only, "rules") == 0;
    /* Policies speak of all products: who chooses some asks about these. */
    test->policies = only == NULL ? !weft_op_given(test->request, "product") &&
                                        !weft_op_given(test->request, "exclude")
                                  : strcmp(only, "policies") == 0;
    if (test->examples || test->rules || test->policies)
        return 0;
    return weft_error_set(error, WEFT_E_USAGE, "--only wants examples, rules or policies, not `%s`",
                          only);
}

/* What is chosen, with what it reads bound; mistakes of the files go to diag. */
static int products_choose(struct test *test, struct weft_diag *diag, struct weft_error *error)
{
    struct weft_book *book = &test->book;
    bool ring;
    bool *changed = weft_arena_array(book->arena, book->count + 1, sizeof *changed);
    test->chosen = weft_arena_array(book->arena, book->count + 1, sizeof *test->chosen);
    if (changed == NULL || test->chosen == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < book->count; i++)
        test->chosen[i] = book->items[i].product != NULL;
    weft_book_renames_check(book, diag);
    WEFT_TRY(weft_pins_make(book, true, true, diag, error));
    WEFT_TRY(weft_pins_rings(book, diag, &ring, error));
    WEFT_TRY(weft_book_select(book, weft_op_value(test->request, "product"),
                              weft_op_value(test->request, "exclude"), test->chosen, error));
    if (!ring)
        WEFT_TRY(weft_bind_check(book, test->chosen, changed, diag, error));
    return weft_check_sql(book, test->chosen, diag, error);
}

static int product_test(struct test *test, struct weft_trials *trials, size_t item,
                        struct weft_error *error)
{
    size_t before = trials->count;
    const struct weft_product *product = test->book.items[item].product;
    bool any = test->examples && product->test_count > 0;
    any = any || (test->rules && test->book.items[item].digest != NULL);
    if (any)
        WEFT_TRY(weft_out_line(test->out, WEFT_STYLE_TITLE, error, "%s",
                               weft_book_name(&test->book, item)));
    if (test->examples)
        WEFT_TRY(weft_trials_examples(trials, &test->book, item, error));
    if (test->rules)
        WEFT_TRY(weft_trials_rules(trials, &test->book, item, error));
    if (any && trials->count == before)
        return weft_out_line(test->out, WEFT_STYLE_DIM, error, "  nothing to test");
    return 0;
}

static int junit_write(const struct test *test, const struct weft_trials *trials,
                       struct weft_error *error)
{
    const char *path = weft_op_text(test->request, "junit");
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, JUNIT_MAX);
    if (path == NULL)
        return 0;
    weft_junit_print(trials, &text);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_fs_write_file(path, text.data, text.length, error);
}

static int summary_tell(const struct test *test, const struct weft_trials *trials,
                        struct weft_error *error)
{
    double seconds = (double)(weft_clock_mono_us() - trials->started_us) / 1e6;
    size_t passed = trials->count - trials->failed - trials->warned;
    if (trials->count == 0)
        weft_out_note(test->out, "there is nothing to test: `tests:` of a product file holds "
                                 "examples");
    else
        WEFT_TRY(weft_out_line(test->out, trials->failed > 0 ? WEFT_STYLE_BAD : WEFT_STYLE_GOOD,
                               error, "%zu passed, %zu failed, %zu warned (%.2f s)", passed,
                               trials->failed, trials->warned, seconds));
    WEFT_TRY(junit_write(test, trials, error));
    if (trials->failed == 0)
        return 0;
    return weft_error_set(error, WEFT_E_TEST, "%zu of %zu tests failed", trials->failed,
                          trials->count);
}

static int trials_do(struct test *test, struct weft_error *error)
{
    struct weft_trials trials = {0};
    int rc = weft_trials_begin(&trials, test->context, test->out, NULL, error);
    for (size_t i = 0; rc == 0 && i < test->book.count; i++) {
        if (test->chosen[i] && test->book.items[i].product != NULL)
            rc = product_test(test, &trials, i, error);
    }
    if (rc == 0 && test->policies)
        rc = weft_trials_policies(&trials, &test->book, test->context->mesh, error);
    if (rc == 0)
        rc = summary_tell(test, &trials, error);
    weft_trials_end(&trials);
    return rc;
}

static int test_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    struct test test = {.context = context, .request = request, .out = out};
    struct weft_mesh *mesh;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    WEFT_TRY(only_read(&test, error));
    WEFT_TRY(weft_context_mesh(context, out, &mesh, error));
    WEFT_TRY(weft_book_begin(context, &txn, error));
    WEFT_TRY(weft_book_make(context, mesh, txn, context->arena, &test.book, error));
    WEFT_TRY(products_choose(&test, &diag, error));
    weft_diag_sort(&diag);
    weft_out_diag(out, &diag);
    if (diag.errors > 0)
        return weft_error_set(error, WEFT_E_INVALID, "%zu mistake%s to repair; nothing was tested",
                              diag.errors, diag.errors == 1 ? "" : "s");
    return trials_do(&test, error);
}

const struct weft_op weft_op_test = {
    .name = "test",
    .group = "products",
    .summary = "Run the tests of product files, their rules on what is published, and the tests of "
               "policies.",
    .help =
        "Examples (`tests:`) run without publishing and without a home: the rows that are given go "
        "through the same steps as in a run, and what would be published is compared with "
        "`expect`. Promises on the whole table (rows, batch, completeness, quarantine_max) do not "
        "apply to them.\nRules are checked on the current snapshot, as the files have them now. "
        "Tests of "
        "policies (`kind: test` in policies/) ask what the checkout's policies come to for whom "
        "the home knows. Exit status 3 when a test fails; a rule with `on_fail: warn` fails "
        "nothing.",
    .args = test_args,
    .arg_count = WEFT_COUNT(test_args),
    .run = test_run,
};

/*
 * op_dev.c - dev: looks at the files of the checkout whenever they change, and tells what that did:
 * mistakes, tests, what would be published.
 *
 * Each look is a request of its own (context, arena); what is kept between them is the worker
 * process, the engine that parses and binds, and of each product a fingerprint of all that it is
 * made from. A change that leaves every fingerprint as it was is told to nobody.
 */
#include "app/ops_internal.h"
#include "app/preview.h"
#include "app/runs.h"
#include "app/trials.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/watch.h"
#include "plan/bind.h"
#include "plan/check.h"
#include "plan/pins.h"
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

#define DEV_ROWS 5
#define INPUTS_LOOKED_AT 1000 /* files of one pattern that count for its fingerprint */

static const struct weft_op_arg dev_args[] = {
    WEFT_ARG_PRODUCTS("all without any."),
    WEFT_ARG_EXCLUDE,
    {"limit", 0, WEFT_ARG_TEXT, "N", "Rows of a preview. Default 5."},
    {"once", 0, WEFT_ARG_FLAG, NULL, "Look once, at all of them, and end."},
};

struct seen {
    char *name; /* "d.p@1" */
    uint64_t print;
    bool open; /* there was a mistake in it: looked at again whatever changes */
};

struct dev {
    const struct weft_context *base;
    const struct weft_op_request *request;
    struct weft_out *out;
    struct weft_watch *watch;
    struct weft_worker *worker;
    struct weft_engine *engine;
    struct seen *seen; /* of the look before */
    size_t seen_count;
    uint64_t mistakes; /* that were told last; 0 = none */
    int64_t limit;
    bool once, first;
    bool slow_told;
};

/* One look. */
struct look {
    struct dev *dev;
    struct weft_context context;
    struct weft_diag diag;
    struct weft_ledger_txn *txn;
    struct weft_book book;
    uint64_t *prints; /* of the mesh's products */
    bool *changed;    /* likewise */
    bool *touched;    /* items of the book that changed, or read one that did */
    bool *wanted;     /* items that changed and are selected */
    size_t changed_count;
    bool gone; /* one that was there is there no more */
    size_t tests, failed, previewed;
    size_t wrong; /* could not be looked at, or would not be published */
};

/* ---- fingerprints ---- */

static uint64_t print_add(uint64_t print, const void *data, size_t length)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++)
        print = (print ^ bytes[i]) * UINT64_C(1099511628211);
    return print;
}

static uint64_t print_text(uint64_t print, const char *text)
{
    return text == NULL ? print_add(print, "", 1) : print_add(print, text, strlen(text) + 1);
}

static uint64_t print_file(uint64_t print, const char *path)
{
    struct weft_fs_identity identity = {0};
    struct weft_error ignored = WEFT_ERROR_INIT;
    print = print_text(print, path);
    if (weft_fs_identity(path, &identity, &ignored) != 0)
        return print_add(print, "-", 1);
    print = print_add(print, &identity.inode, sizeof identity.inode);
    print = print_add(print, &identity.size, sizeof identity.size);
    return print_add(print, &identity.modified_ns, sizeof identity.modified_ns);
}

/* The folder of a pattern, up to its first wildcard. */
static char *pattern_folder(const char *pattern)
{
    WEFT_CLEANUP(weft_freep)
    char *plain = weft_format("%.*s", (int)strcspn(pattern, "*?["), pattern);
    return plain == NULL ? NULL : weft_path_dirname(plain);
}

static int pattern_look(struct look *look, const struct weft_product *product, const char *pattern,
                        uint64_t *print, struct weft_error *error)
{
    struct weft_fs_list list = {0};
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(product->folder, pattern);
    WEFT_CLEANUP(weft_freep) char *folder = path == NULL ? NULL : pattern_folder(path);
    if (folder == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_watch_add(look->dev->watch, folder, false, error));
    if (weft_fs_glob(path, &list, &ignored) == 0) {
        for (size_t i = 0; i < list.count && i < INPUTS_LOOKED_AT; i++)
            *print = print_file(*print, list.names[i]);
        *print = print_add(*print, &list.count, sizeof list.count);
    }
    weft_fs_list_free(&list);
    return 0;
}

static int rows_look(struct look *look, const struct weft_product *product,
                     const struct weft_test_rows *rows, uint64_t *print, struct weft_error *error)
{
    if (rows->file == NULL)
        return 0;
    return pattern_look(look, product, rows->file, print, error);
}

/* All that the product is made from: its contract, files that it reads, files of its tests. */
static int product_look(struct look *look, const struct weft_product *product, uint64_t *out,
                        struct weft_error *error)
{
    uint64_t print = print_text(UINT64_C(14695981039346656037), product->digest);
    for (size_t i = 0; i < product->input_count; i++) {
        const struct weft_input *input = &product->inputs[i];
        for (size_t k = 0;
             input->kind == WEFT_INPUT_FILES && !input->url && k < input->patterns.count; k++)
            WEFT_TRY(pattern_look(look, product, input->patterns.items[k], &print, error));
    }
    for (size_t i = 0; i < product->test_count; i++) {
        const struct weft_test *test = &product->tests[i];
        for (size_t k = 0; k < test->given_count; k++)
            WEFT_TRY(rows_look(look, product, &test->given[k], &print, error));
        WEFT_TRY(rows_look(look, product, &test->expect, &print, error));
    }
    *out = print;
    return 0;
}

static void seen_free(struct dev *dev)
{
    for (size_t i = 0; i < dev->seen_count; i++)
        weft_free(dev->seen[i].name);
    weft_free(dev->seen);
    dev->seen = NULL;
    dev->seen_count = 0;
}

static const struct seen *seen_find(const struct dev *dev, const char *name)
{
    for (size_t low = 0, high = dev->seen_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(dev->seen[middle].name, name);
        if (order == 0)
            return &dev->seen[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static int seen_compare(const void *a, const void *b)
{
    return strcmp(((const struct seen *)a)->name, ((const struct seen *)b)->name);
}

static bool has_mistake(const struct look *look, const struct weft_product *product)
{
    for (size_t i = 0; i < look->diag.count; i++) {
        const struct weft_diag_item *item = &look->diag.items[i];
        if (item->severity == WEFT_SEVERITY_ERROR &&
            (strcmp(item->file, product->file) == 0 ||
             (product->sql_file != NULL && strstr(item->file, product->sql_file) != NULL)))
            return true;
    }
    return false;
}

static int seen_take(struct look *look, struct weft_error *error)
{
    struct dev *dev = look->dev;
    const struct weft_mesh *mesh = look->context.mesh;
    struct seen *seen = weft_alloc_array(mesh->product_count + 1, sizeof *seen);
    size_t count = 0;
    if (seen == NULL)
        return weft_error_nomem(error);
    for (; count < mesh->product_count; count++) {
        const struct weft_product *product = mesh->products[count];
        seen[count].name = weft_format("%s@%d", product->full_name, product->major);
        seen[count].print = look->prints[count];
        seen[count].open = has_mistake(look, product);
        if (seen[count].name == NULL)
            break;
    }
    bool whole = count == mesh->product_count;
    qsort(seen, count, sizeof *seen, seen_compare);
    seen_free(dev);
    dev->seen = seen;
    dev->seen_count = count;
    return whole ? 0 : weft_error_nomem(error);
}

/* ---- what there is ---- */

static void look_release(struct look *look)
{
    weft_ledger_end(look->txn);
    weft_diag_release(&look->diag);
    look->dev->engine = look->context.engine; /* it serves the next look too */
    look->context.engine = NULL;
    weft_context_release(&look->context);
}

static int context_begin(struct look *look, struct weft_error *error)
{
    const struct weft_context *base = look->dev->base;
    struct weft_context *context = &look->context;
    weft_diag_init(&look->diag);
    WEFT_TRY(weft_context_init(context, error));
    context->home_flag = base->home_flag;
    context->environment = base->environment;
    context->environment_origin = base->environment_origin;
    context->start = base->start;
    context->flags = base->flags;
    context->flag_count = base->flag_count;
    context->request = base->request;
    context->request.time_us = weft_clock_us();
    context->engine = look->dev->engine;
    look->dev->engine = NULL;
    return weft_mesh_find_root(context->start, &context->root, error);
}

/* Folders are watched before they are read: what changes meanwhile is told. */
static int mesh_begin(struct look *look, struct weft_error *error)
{
    struct weft_context *context = &look->context;
    WEFT_TRY(context_begin(look, error));
    WEFT_CLEANUP(weft_freep) char *domains = weft_path_join(context->root, "domains");
    if (domains == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_watch_add(look->dev->watch, context->root, false, error));
    WEFT_TRY(weft_watch_add(look->dev->watch, domains, true, error));
    WEFT_TRY(
        weft_mesh_load(context->root, context->environment, &look->diag, &context->mesh, error));
    return 0;
}

static int changes_find(struct look *look, struct weft_error *error)
{
    const struct weft_mesh *mesh = look->context.mesh;
    char name[160];
    look->prints =
        weft_arena_array(look->context.arena, mesh->product_count + 1, sizeof *look->prints);
    look->changed =
        weft_arena_array(look->context.arena, mesh->product_count + 1, sizeof *look->changed);
    if (look->prints == NULL || look->changed == NULL)
        return weft_error_nomem(error);
    size_t known = 0;
    for (size_t i = 0; i < mesh->product_count; i++) {
        const struct weft_product *product = mesh->products[i];
        WEFT_TRY(product_look(look, product, &look->prints[i], error));
        snprintf(name, sizeof name, "%s@%d", product->full_name, product->major);
        const struct seen *seen = seen_find(look->dev, name);
        bool differs = seen == NULL || seen->print != look->prints[i];
        look->changed[i] = differs || seen->open;
        look->changed_count += differs;
        known += seen != NULL;
    }
    look->gone = known < look->dev->seen_count && look->diag.errors == 0;
    return 0;
}

/* ---- mistakes ---- */

static uint64_t mistakes_print(const struct weft_diag *diag)
{
    uint64_t print = 0;
    for (size_t i = 0; i < diag->count; i++) {
        const struct weft_diag_item *item = &diag->items[i];
        print = print_text(print + 1, item->file);
        print = print_add(print, &item->line, sizeof item->line);
        print = print_text(print, item->message);
    }
    return print;
}

static bool is_changed(const struct look *look, const struct weft_product *product)
{
    const struct weft_mesh *mesh = look->context.mesh;
    for (size_t i = 0; i < mesh->product_count; i++) {
        if (mesh->products[i] == product)
            return look->changed[i];
    }
    return false;
}

/* What changed, with what reads it, bound as in validate. */
static int book_bind(struct look *look, struct weft_diag *diag, struct weft_error *error)
{
    struct weft_book *book = &look->book;
    bool ring;
    bool *none = weft_arena_array(book->arena, book->count + 1, sizeof *none);
    bool *bound = weft_arena_array(book->arena, book->count + 1, sizeof *bound);
    if (none == NULL || bound == NULL)
        return weft_error_nomem(error);
    weft_book_renames_check(book, diag);
    WEFT_TRY(weft_pins_make(book, true, true, diag, error));
    WEFT_TRY(weft_pins_rings(book, diag, &ring, error));
    for (size_t i = 0; i < book->count; i++) {
        const struct weft_book_item *item = &book->items[i];
        look->touched[i] = look->wanted[i];
        for (size_t r = 0; item->product != NULL && r < item->read_count; r++)
            look->touched[i] = look->touched[i] || (item->reads[r].item != WEFT_BOOK_NONE &&
                                                    look->wanted[item->reads[r].item]);
        /* What reads one that went did not change itself. */
        bound[i] = look->touched[i] || (look->gone && item->product != NULL);
    }
    if (!ring)
        WEFT_TRY(weft_bind_check(book, bound, none, diag, error));
    return weft_check_sql(book, bound, diag, error);
}

static int book_make(struct look *look, struct weft_error *error)
{
    struct weft_context *context = &look->context;
    struct weft_book *book = &look->book;
    struct weft_error no_home = WEFT_ERROR_INIT; /* files can be right without one */
    if (weft_book_begin(context, &look->txn, &no_home) < 0)
        weft_out_note(look->dev->out, "the home was not looked at: %s", no_home.message);
    WEFT_TRY(weft_book_make(context, context->mesh, look->txn, context->arena, book, error));
    look->touched = weft_arena_array(book->arena, book->count + 1, sizeof *look->touched);
    look->wanted = weft_arena_array(book->arena, book->count + 1, sizeof *look->wanted);
    if (look->touched == NULL || look->wanted == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < book->count; i++)
        look->wanted[i] = book->items[i].product != NULL;
    WEFT_TRY(weft_book_select(book, weft_op_value(look->dev->request, "product"),
                              weft_op_value(look->dev->request, "exclude"), look->wanted, error));
    for (size_t i = 0; i < book->count; i++)
        look->wanted[i] = look->wanted[i] && is_changed(look, book->items[i].product);
    return 0;
}

/* ---- telling ---- */

static int head_tell(struct look *look, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf names;
    char time[WEFT_TIME_TEXT];
    size_t told = 0;
    weft_buf_init(&names, 1 << 16);
    for (size_t i = 0; i < look->book.count; i++) {
        if (look->wanted[i] && told++ < 3)
            weft_buf_addf(&names, "%s%s", told == 1 ? "" : ", ", weft_book_name(&look->book, i));
    }
    if (told > 3)
        weft_buf_addf(&names, " and %zu more", told - 3);
    WEFT_TRY(weft_buf_check(&names, error));
    weft_time_format(look->context.request.time_us / 1000000 * 1000000, time);
    return weft_out_line(look->dev->out, WEFT_STYLE_DIM, error, "-- %.8s  %s", time + 11,
                         told == 0 ? "files changed" : names.data);
}

/* The worst of it goes to where mistakes go, and dev goes on. */
static void wrong_tell(struct look *look, const struct weft_error *wrong)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    weft_diag_add_error(&diag, wrong);
    weft_out_diag(look->dev->out, &diag);
    look->wrong++;
}

/* What a product reads may just not be there yet. */
static void no_preview_tell(struct look *look, const struct weft_error *wrong)
{
    if (wrong->code != WEFT_E_REFUSED) {
        wrong_tell(look, wrong);
        return;
    }
    weft_out_note(look->dev->out, "no preview: %s%s%s", wrong->message,
                  wrong->hint[0] == '\0' ? "" : "; ", wrong->hint);
}

static int tests_do(struct look *look, struct weft_error *error)
{
    struct weft_trials trials = {0};
    int rc = weft_trials_begin(&trials, &look->context, look->dev->out, look->dev->worker, error);
    for (size_t i = 0; rc == 0 && i < look->book.count; i++) {
        const struct weft_product *product = look->book.items[i].product;
        if (!look->touched[i] || product == NULL || product->test_count == 0)
            continue;
        rc = weft_out_line(look->dev->out, WEFT_STYLE_TITLE, error, "%s",
                           weft_book_name(&look->book, i));
        if (rc == 0)
            rc = weft_trials_examples(&trials, &look->book, i, error);
    }
    look->tests = trials.count;
    look->failed += trials.failed;
    weft_trials_end(&trials);
    return rc;
}

static int previews_do(struct look *look, struct weft_error *error)
{
    struct weft_runs runs;
    WEFT_TRY(weft_runs_init(&runs, &look->context, "preview", false, error));
    runs.options.worker = look->dev->worker;
    for (size_t i = 0; i < look->book.count; i++) {
        struct weft_error wrong = WEFT_ERROR_INIT;
        const struct weft_product *product = look->book.items[i].product;
        if (!look->wanted[i] || product == NULL || !weft_product_can_run(product))
            continue;
        WEFT_TRY(weft_process_check_cancelled(error));
        int rc = weft_preview_show(&look->book, i, &runs.options, look->dev->limit, look->dev->out,
                                   &wrong);
        WEFT_TRY(weft_process_check_cancelled(error));
        if (rc < 0)
            no_preview_tell(look, &wrong);
        look->previewed += rc == 0;
    }
    return 0;
}

static int summary_tell(struct look *look, int64_t since, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_json_writer json;
    int64_t ms = (weft_clock_mono_us() - since) / 1000;
    bool good = look->failed == 0 && look->wrong == 0 && look->diag.errors == 0;
    weft_buf_init(&text, 1 << 16);
    weft_json_writer_init(&json, &text);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "kind", "look");
    weft_json_member_bool(&json, "good", good);
    weft_json_member_int(&json, "mistakes", (int64_t)look->diag.errors);
    weft_json_member_int(&json, "tests", (int64_t)look->tests);
    weft_json_member_int(&json, "failed", (int64_t)look->failed);
    weft_json_member_int(&json, "wrong", (int64_t)look->wrong);
    weft_json_member_int(&json, "previewed", (int64_t)look->previewed);
    weft_json_member_int(&json, "ms", ms);
    weft_json_end_object(&json);
    WEFT_TRY(weft_buf_check(&text, error));
    WEFT_TRY(weft_out_json(look->dev->out, &text, error));
    if (look->diag.errors > 0)
        WEFT_TRY(weft_out_line(look->dev->out, WEFT_STYLE_BAD, error,
                               "%zu mistake%s to repair (%" PRId64 " ms)", look->diag.errors,
                               look->diag.errors == 1 ? "" : "s", ms));
    else
        WEFT_TRY(weft_out_line(look->dev->out, good ? WEFT_STYLE_GOOD : WEFT_STYLE_BAD, error,
                               "%s: %zu test%s, %zu failed (%" PRId64 " ms)",
                               good ? "good" : "not good", look->tests, look->tests == 1 ? "" : "s",
                               look->failed, ms));
    return weft_out_flush(look->dev->out, error);
}

/* ---- one look ---- */

/* Nothing that anybody would want to read. */
static bool nothing_to_tell(const struct look *look)
{
    return !look->dev->first && look->changed_count == 0 && !look->gone &&
           mistakes_print(&look->diag) == look->dev->mistakes;
}

/* At the start without names only tests: previews of all could take long, and nobody asked. */
static bool wants_previews(const struct look *look)
{
    return look->dev->once || !look->dev->first || weft_op_given(look->dev->request, "product");
}

static int look_files(struct look *look, int64_t since, struct weft_error *error)
{
    WEFT_TRY(mesh_begin(look, error));
    if (look->context.mesh != NULL) {
        WEFT_TRY(changes_find(look, error));
        WEFT_TRY(weft_check_settings(look->context.mesh, &look->diag, error));
    }
    if (nothing_to_tell(look))
        return 0;
    look->dev->mistakes = mistakes_print(&look->diag);
    if (look->context.mesh != NULL && look->diag.errors == 0) {
        WEFT_TRY(book_make(look, error));
        WEFT_TRY(head_tell(look, error));
        WEFT_TRY(book_bind(look, &look->diag, error));
        WEFT_TRY(seen_take(look, error));
    }
    weft_diag_sort(&look->diag);
    weft_out_diag(look->dev->out, &look->diag);
    if (look->context.mesh != NULL && look->diag.errors == 0) {
        WEFT_TRY(tests_do(look, error));
        if (wants_previews(look))
            WEFT_TRY(previews_do(look, error));
    }
    return summary_tell(look, since, error);
}

/* WEFT_E_TEST and WEFT_E_INVALID count for --once alone. */
static int look_do(struct dev *dev, int64_t since, struct weft_error *error)
{
    struct look look = {.dev = dev};
    struct weft_error wrong = WEFT_ERROR_INIT;
    int rc = look_files(&look, since, &wrong);
    size_t mistakes = look.diag.errors, failed = look.failed + look.wrong;
    look_release(&look);
    if (rc < 0 && (dev->once || dev->first || wrong.code == WEFT_E_CANCELLED)) {
        *error = wrong;
        return -1;
    }
    if (rc < 0) {
        wrong_tell(&look, &wrong);
        return weft_out_flush(dev->out, error);
    }
    if (dev->once && mistakes > 0)
        return weft_error_set(error, WEFT_E_INVALID, "%zu mistake%s to repair", mistakes,
                              mistakes == 1 ? "" : "s");
    if (dev->once && failed > 0)
        return weft_error_set(error, WEFT_E_TEST, "not good: see above");
    return 0;
}

static void slow_tell(struct dev *dev)
{
    const char *why = weft_watch_slow(dev->watch);
    if (why != NULL && !dev->slow_told)
        weft_out_note(dev->out, "%s: files are looked at every second", why);
    dev->slow_told = why != NULL;
}

static int dev_loop(struct dev *dev, struct weft_error *error)
{
    int64_t since = weft_clock_mono_us();
    dev->first = true;
    WEFT_TRY(look_do(dev, since, error));
    if (dev->once)
        return 0;
    dev->first = false;
    slow_tell(dev);
    weft_out_note(dev->out, "waiting for changes; Ctrl-C ends");
    for (;;) {
        WEFT_TRY(weft_watch_wait(dev->watch, &since, error));
        WEFT_TRY(look_do(dev, since, error));
        slow_tell(dev);
    }
}

static int dev_run(struct weft_context *context, const struct weft_op_request *request,
                   struct weft_out *out, struct weft_error *error)
{
    struct dev dev = {
        .base = context, .request = request, .out = out, .once = weft_op_given(request, "once")};
    WEFT_TRY(weft_op_limit(request, DEV_ROWS, &dev.limit, error));
    int rc = weft_watch_new(&dev.watch, error);
    if (rc == 0) {
        dev.worker = weft_worker_new();
        rc = dev.worker == NULL ? weft_error_nomem(error) : dev_loop(&dev, error);
    }
    weft_worker_free(dev.worker);
    weft_engine_close(dev.engine);
    weft_watch_free(dev.watch);
    seen_free(&dev);
    /* To be stopped is how it ends. */
    if (rc < 0 && !dev.once && weft_process_cancelled()) {
        weft_error_clear(error);
        return 0;
    }
    return rc;
}

const struct weft_op weft_op_dev = {
    .name = "dev",
    .group = "products",
    .summary = "Watch the files; on each change validate, test and preview what changed.",
    .help = "Product files, SQL, the files of tests and those that inputs read are watched. Tests "
            "of a product that reads a changed one run too. Nothing is published. Ctrl-C ends it, "
            "with status 0.",
    .args = dev_args,
    .arg_count = WEFT_COUNT(dev_args),
    .run = dev_run,
};

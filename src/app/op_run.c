/*
 * op_run.c - run, load, rollback: what changes the data of products that are registered.
 */
#include "app/ops_internal.h"
#include "app/runs.h"
#include "plan/bind.h"
#include "plan/choose.h"

#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SPOOL_BLOCK ((size_t)1 << 20)

/* ---- run ---- */

static const struct weft_op_arg run_args[] = {
    WEFT_ARG_PRODUCTS("without any, all of the checkout."),
    WEFT_ARG_EXCLUDE,
    {"reread", 0, WEFT_ARG_TEXTS, "FILE", "Read a file once more although it is known."},
    {"rebuild", 0, WEFT_ARG_FLAG, NULL, "Start the table over from the inputs that are there."},
    WEFT_ARG_NO_WAIT,
};

/* All that this checkout owns and a run can make, less what is excluded. */
static int runs_add_all(struct weft_runs *runs, const struct weft_op_request *request,
                        struct weft_out *out, struct weft_error *error)
{
    struct weft_mesh *mesh;
    struct weft_book book;
    WEFT_TRY(weft_context_mesh(runs->context, out, &mesh, error));
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(runs->context->ledger, &txn, error));
    WEFT_TRY(weft_book_make(runs->context, mesh, txn, runs->context->arena, &book, error));
    bool *chosen = weft_arena_array(book.arena, book.count + 1, sizeof *chosen);
    if (chosen == NULL)
        return weft_error_nomem(error);
    size_t loaded = 0;
    for (size_t i = 0; i < book.count; i++) {
        const struct weft_product *product = book.items[i].product;
        chosen[i] = product != NULL && weft_product_can_run(product);
        loaded += product != NULL && !chosen[i];
    }
    WEFT_TRY(weft_book_select(&book, weft_op_value(request, "product"),
                              weft_op_value(request, "exclude"), chosen, error));
    for (size_t i = 0; i < book.count; i++) {
        if (chosen[i])
            WEFT_TRY(weft_runs_add(runs, book.items[i].full_name, book.items[i].major,
                                   weft_book_name(&book, i), error));
    }
    if (runs->count == 0 && loaded > 0)
        weft_out_note(out, "no product of this checkout has an input; `weft load PRODUCT FILE` "
                           "fills one by hand");
    return 0;
}

/* One that was named outright is run whatever it is, so that its run says what is amiss; of a
 * pattern only those that a run can make. */
static int runs_add_words(struct weft_runs *runs, const struct weft_op_request *request,
                          struct weft_error *error)
{
    const struct weft_op_value *words = weft_op_value(request, "product");
    WEFT_CLEANUP(weft_choice_end) struct weft_choice choice = {0};
    WEFT_TRY(weft_choice_make(runs->context, words, weft_op_value(request, "exclude"), false,
                              &choice, error));
    for (size_t i = 0; i < choice.book.count; i++) {
        const struct weft_book_item *item = &choice.book.items[i];
        const struct weft_product *contract;
        if (!choice.chosen[i])
            continue;
        WEFT_TRY(weft_book_contract(&choice.book, i, &contract, error));
        if (weft_product_can_run(contract) || weft_choice_is_named(words, item))
            WEFT_TRY(weft_runs_add(runs, item->full_name, item->major,
                                   weft_book_name(&choice.book, i), error));
    }
    return 0;
}

static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* The absolute paths of files that were named on the command line; URLs as they are. */
static int files_named(struct weft_context *context, const struct weft_op_value *words,
                       struct weft_job_file **out, struct weft_error *error)
{
    struct weft_job_file *files = weft_arena_array(context->arena, words->count + 1, sizeof *files);
    if (files == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < words->count; i++) {
        WEFT_CLEANUP(weft_freep) char *absolute = NULL;
        files[i].shown = words->texts[i];
        files[i].port = "";
        if (is_url(words->texts[i])) {
            files[i].path = words->texts[i];
            continue;
        }
        WEFT_TRY(weft_path_absolute(words->texts[i], &absolute, error));
        if (!weft_fs_exists(absolute))
            return weft_error_set(error, WEFT_E_INPUT, "there is no file %s", words->texts[i]);
        if (weft_fs_is_dir(absolute)) {
            weft_error_set(error, WEFT_E_INPUT, "%s is a folder", words->texts[i]);
            return weft_error_hint(error, "name its files, as in %s/*.csv", words->texts[i]);
        }
        files[i].path = weft_arena_strdup(context->arena, absolute);
        if (files[i].path == NULL)
            return weft_error_nomem(error);
    }
    *out = files;
    return 0;
}

static int run_run(struct weft_context *context, const struct weft_op_request *request,
                   struct weft_out *out, struct weft_error *error)
{
    const struct weft_op_value *words = weft_op_value(request, "product");
    const struct weft_op_value *reread = weft_op_value(request, "reread");
    struct weft_runs runs;
    /* The checkout, where there is one, says how this environment treats locations. */
    struct weft_ledger *ledger;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_runs_init(&runs, context, "run", weft_op_given(request, "no-wait"), error));
    if (words->count == 0)
        WEFT_TRY(runs_add_all(&runs, request, out, error));
    else
        WEFT_TRY(runs_add_words(&runs, request, error));
    if (reread->given && (words->count != 1 || runs.count != 1))
        return weft_error_set(error, WEFT_E_USAGE, "--reread goes with exactly one product");
    if (weft_op_given(request, "rebuild") && words->count == 0) {
        weft_error_set(error, WEFT_E_USAGE, "--rebuild wants the products named");
        return weft_error_hint(error, "as in `weft run california.daily --rebuild`");
    }
    if (weft_op_given(request, "rebuild"))
        runs.options.mode = WEFT_JOB_REBUILD;
    if (reread->given) {
        struct weft_job_file *files = NULL;
        WEFT_TRY(files_named(context, reread, &files, error));
        for (size_t i = 0; i < reread->count; i++)
            files[i].again = true;
        runs.options.files = files;
        runs.options.file_count = reread->count;
    }
    if (runs.count == 0 && (words->count > 0 || weft_op_given(request, "exclude")))
        weft_out_note(out, "none of these products is left to run: all are excluded, retired or "
                           "loaded by hand");
    WEFT_TRY(weft_outbox_flush(ledger, error));
    return weft_runs_do(&runs, out, error);
}

const struct weft_op weft_op_run = {
    .name = "run",
    .group = "products",
    .summary = "Look at the inputs of products and publish what is new.",
    .help = "What is read runs before what reads it. Without words, all that this checkout owns; "
            "words choose among all products of the home: `weft run +california.daily` looks at "
            "all that california.daily is made of, and then at it.",
    .args = run_args,
    .arg_count = WEFT_COUNT(run_args),
    .run = run_run,
};

/* ---- load ---- */

static const struct weft_op_arg load_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product, one without an input."},
    {"file", 0, WEFT_ARG_WORDS, "FILE", "csv or tsv, also .gz and .zst; - reads standard input."},
    {"again", 0, WEFT_ARG_FLAG, NULL, "Load a file once more although it is known."},
    WEFT_ARG_NO_WAIT,
};

static int spool_copy(int fd, const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *block = weft_alloc(SPOOL_BLOCK);
    if (block == NULL)
        return weft_error_nomem(error);
    for (;;) {
        size_t got = 0;
        WEFT_TRY(weft_process_wait_input(STDIN_FILENO, error));
        WEFT_TRY(weft_fs_read(STDIN_FILENO, block, SPOOL_BLOCK, &got, "standard input", error));
        if (got == 0)
            return 0;
        WEFT_TRY(weft_fs_write(fd, block, got, path, error));
    }
}

static void spools_remove(const struct weft_job_file *files, size_t count)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    for (size_t i = 0; i < count; i++) {
        if (files[i].path != NULL && strcmp(files[i].shown, "standard input") == 0 &&
            weft_fs_unlink(files[i].path, &ignored) < 0)
            return; /* it lies in the home's tmp, which the next run sweeps */
    }
}

/* Standard input can be read once only, a file of the home as often as needed. */
static int spool_stdin(struct weft_context *context, struct weft_job_file *file,
                       struct weft_error *error)
{
    const char *home;
    char id[WEFT_UUID_TEXT];
    WEFT_TRY(weft_context_home(context, &home, error));
    WEFT_TRY(weft_uuid(id, error));
    const char *folder = weft_arena_format(context->arena, "%s/tmp", home);
    /* The name says whose it is, so that it can be swept when that process was killed. */
    file->path = weft_arena_format(context->arena, "%s/tmp/stdin-%d-%" PRIu64 "-%s", home,
                                   (int)getpid(), weft_process_start_time(getpid()), id);
    file->shown = "standard input";
    if (folder == NULL || file->path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_mkdirs(folder, error));
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    WEFT_TRY(weft_fs_open(file->path, O_WRONLY | O_CREAT | O_EXCL, &fd, error));
    int rc = spool_copy(fd, file->path, error);
    if (rc < 0)
        spools_remove(file, 1);
    return rc;
}

static int load_files(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_job_file **out, struct weft_error *error)
{
    const struct weft_op_value *words = weft_op_value(request, "file");
    if (words->count == 0)
        return weft_error_set(error, WEFT_E_USAGE,
                              "`weft load` needs a file, or - for standard "
                              "input");
    if (words->count == 1 && strcmp(words->texts[0], "-") == 0) {
        struct weft_job_file *file = weft_arena_alloc(context->arena, sizeof *file);
        if (file == NULL)
            return weft_error_nomem(error);
        file->port = "";
        WEFT_TRY(spool_stdin(context, file, error));
        *out = file;
    } else {
        for (size_t i = 0; i < words->count; i++) {
            if (is_url(words->texts[i]))
                return weft_error_set(error, WEFT_E_NOT_YET,
                                      "%s: a file on the web cannot be loaded by hand yet; it can "
                                      "be the input of a product",
                                      words->texts[i]);
        }
        WEFT_TRY(files_named(context, words, out, error));
    }
    for (size_t i = 0; i < words->count; i++)
        (*out)[i].again = weft_op_given(request, "again");
    return 0;
}

static int load_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    struct weft_registered product;
    struct weft_runs runs;
    WEFT_TRY(weft_context_product(context, weft_op_text(request, "product"), &product, error));
    const struct weft_product *contract =
        product.pending != NULL ? product.pending : product.in_force;
    if (contract != NULL && contract->input_count > 0) {
        weft_error_set(error, WEFT_E_REFUSED, "`%s` has an input of its own", product.full_name);
        return weft_error_hint(error, "put the file where the input looks (%s) and `weft run %s`",
                               contract->inputs[0].files == NULL ? contract->inputs[0].name
                                                                 : contract->inputs[0].files,
                               product.full_name);
    }
    WEFT_TRY(weft_runs_init(&runs, context, "load", weft_op_given(request, "no-wait"), error));
    struct weft_job_file *files = NULL;
    WEFT_TRY(load_files(context, request, &files, error));
    runs.options.mode = WEFT_JOB_LOAD;
    runs.options.files = files;
    runs.options.file_count = weft_op_value(request, "file")->count;
    WEFT_TRY(weft_runs_add_registered(&runs, &product, error));
    int rc = weft_outbox_flush(context->ledger, error);
    if (rc == 0)
        rc = weft_runs_do(&runs, out, error);
    spools_remove(files, runs.options.file_count);
    return rc;
}

const struct weft_op weft_op_load = {
    .name = "load",
    .group = "products",
    .summary = "Load files by hand into a product that has no input.",
    .help = "The same checks as for an input. Rows are appended unless the product says "
            "`write: replace`. A file that was loaded before is refused without --again.",
    .args = load_args,
    .arg_count = WEFT_COUNT(load_args),
    .run = load_run,
};

/* ---- rollback ---- */

static const struct weft_op_arg rollback_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product"},
    {"snapshot", 0, WEFT_ARG_WORD_NEEDED, "SNAPSHOT", "The id that `weft snapshots` shows."},
    WEFT_ARG_BECAUSE,
};

static int rollback_run(struct weft_context *context, const struct weft_op_request *request,
                        struct weft_out *out, struct weft_error *error)
{
    const char *because;
    const char *word = weft_op_text(request, "snapshot");
    struct weft_registered product;
    int64_t snapshot_id, made;
    WEFT_TRY(weft_op_because(request, &because, error));
    if (!weft_parse_int64(word, strlen(word), &snapshot_id))
        return weft_error_set(error, WEFT_E_USAGE, "`%s` is not the id of a snapshot", word);
    WEFT_TRY(weft_context_product(context, weft_op_text(request, "product"), &product, error));
    WEFT_TRY(weft_outbox_flush(context->ledger, error));
    WEFT_TRY(weft_run_rollback(context->ledger, context->arena, &product, snapshot_id,
                               context->request.principal, because, &made, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "product", product.full_name);
    weft_json_member_int(&json, "snapshot_id", made);
    weft_json_member_int(&json, "equals", snapshot_id);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    return weft_out_line(out, WEFT_STYLE_GOOD, error,
                         "%s is as it was at snapshot %" PRId64 " (new snapshot %" PRId64
                         "). The inputs' positions did not move.",
                         product.full_name, snapshot_id, made);
}

const struct weft_op weft_op_rollback = {
    .name = "rollback",
    .group = "products",
    .summary = "Make a new snapshot equal to an old one.",
    .help = "Positions of inputs do not move back: a file that was read stays read. `weft run P "
            "--reread FILE` reads it once more, `weft run P --rebuild` starts over.",
    .args = rollback_args,
    .arg_count = WEFT_COUNT(rollback_args),
    .run = rollback_run,
};

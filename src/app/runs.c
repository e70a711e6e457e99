/*
 * runs.c - runs products and tells how each ended.
 */
#include "app/runs.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

#define RUN_ARENA_MAX ((size_t)1 << 30)

int weft_runs_init(struct weft_runs *runs, struct weft_context *context, const char *cause,
                   bool no_wait, struct weft_error *error)
{
    *runs = (struct weft_runs){.context = context};
    const struct weft_settings *settings;
    WEFT_TRY(weft_context_settings(context, &settings, error));
    const struct weft_environment *environment =
        context->mesh == NULL ? NULL : context->mesh->environment;
    runs->options = (struct weft_run_options){
        .mode = WEFT_JOB_RUN,
        .actor = context->request.principal,
        .cause = cause,
        .no_wait = no_wait,
        .lock_wait_us = weft_settings_number(settings, WEFT_SETTING_LOCK_WAIT),
        .settings = settings,
        .s3_fallback_local = environment == NULL || environment->s3_fallback_local,
    };
    return 0;
}

int weft_runs_add(struct weft_runs *runs, const char *full_name, int major,
                  struct weft_error *error)
{
    if (weft_arena_reserve(runs->context->arena, &runs->items, &runs->capacity, runs->count + 1,
                           sizeof *runs->items) < 0)
        return weft_error_nomem(error);
    runs->items[runs->count++] = (struct weft_runs_item){full_name, major};
    return 0;
}

int weft_runs_add_pending(struct weft_runs *runs, const char *full_name, int major,
                          struct weft_error *error)
{
    struct weft_ledger *ledger;
    WEFT_TRY(weft_context_ledger(runs->context, false, &ledger, error));
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(RUN_ARENA_MAX);
    if (arena == NULL)
        return weft_error_nomem(error);
    struct weft_registered registered;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    int rc = weft_catalog_product(txn, arena, full_name, major, 0, &registered, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || registered.pending == NULL)
        return 0;
    return weft_runs_add(runs, full_name, major, error);
}

/* ---- progress ---- */

struct run_teller {
    struct weft_out *out;
    const char *product;
};

static void teller_progress(void *arg, const struct weft_progress *progress)
{
    struct run_teller *teller = arg;
    if (teller->out->progress == NULL)
        return;
    struct weft_out_progress shown = {.what = teller->product,
                                      .stage = progress->stage,
                                      .rows = progress->rows,
                                      .bytes_done = progress->bytes_done,
                                      .bytes_total = progress->bytes_total};
    teller->out->progress(teller->out->arg, &shown);
}

static void teller_waiting(void *arg, const char *who)
{
    struct run_teller *teller = arg;
    weft_out_note(teller->out, "%s is being run by %s; waiting", teller->product, who);
}

static void teller_end(struct run_teller *teller)
{
    struct weft_out_progress over = {.what = teller->product};
    if (teller->out->progress != NULL)
        teller->out->progress(teller->out->arg, &over);
}

/* ---- telling ---- */

static int check_tell(const struct weft_outcome_check *check, struct weft_out *out,
                      struct weft_error *error)
{
    if (check->passed)
        return 0;
    static const char *const words[] = {"quarantined", "blocked", "warned"};
    char failing[32], total[32];
    weft_format_count(check->failing, failing, sizeof failing);
    weft_format_count(check->total, total, sizeof total);
    enum weft_style style =
        check->on_fail == WEFT_ON_FAIL_BLOCK ? WEFT_STYLE_BAD : WEFT_STYLE_CHANGED;
    return weft_out_line(out, style, error, "    %-11s %s: %s%s%s%s%s", words[check->on_fail],
                         check->rule, failing, check->total > 0 ? " of " : "",
                         check->total > 0 ? total : "", check->message == NULL ? "" : ": ",
                         check->message == NULL ? "" : check->message);
}

static int files_tell(const struct weft_run_report *report, struct weft_out *out,
                      struct weft_error *error)
{
    for (size_t i = 0; i < report->outcome->file_count; i++) {
        const struct weft_outcome_file *file = &report->outcome->files[i];
        if (file->state == WEFT_FILE_KNOWN_CONTENT)
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error,
                                   "    passed over %s: the same content was read as %s",
                                   file->shown, file->same_as));
    }
    for (size_t i = 0; i < report->moved_count; i++)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error, "    moved %s", report->moved[i]));
    return 0;
}

static int published_tell(const char *name, const struct weft_run_report *report,
                          struct weft_out *out, struct weft_error *error)
{
    const struct weft_outcome *outcome = report->outcome;
    const struct weft_balance *balance = &outcome->balance;
    int64_t aside = balance->input_quarantined + balance->output_quarantined;
    char read[32], published[32], set_aside[32];
    weft_format_count(balance->read, read, sizeof read);
    weft_format_count(balance->published, published, sizeof published);
    weft_format_count(aside, set_aside, sizeof set_aside);
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_GOOD, error,
                           "  %s: %s read, %s published, %s quarantined   %.2f s", name, read,
                           published, set_aside, (double)outcome->duration_us / 1e6));
    for (size_t i = 0; i < outcome->detected_count; i++)
        WEFT_TRY(
            weft_out_line(out, WEFT_STYLE_DIM, error, "    detected %s", outcome->detected[i]));
    for (size_t i = 0; i < outcome->check_count; i++)
        WEFT_TRY(check_tell(&outcome->checks[i], out, error));
    WEFT_TRY(files_tell(report, out, error));
    if (aside > 0)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error,
                               "    `weft quarantine %s` shows them with the reason", name));
    return 0;
}

/* Puts what ended without a publication into *error. */
static void bad_outcome(const char *name, const struct weft_run_report *report,
                        struct weft_error *error)
{
    *error = report->outcome->error;
    if (error->code == WEFT_E_NONE)
        weft_error_set(error, WEFT_E_WORKER, "the run failed");
    weft_error_prefix(error, "%s", name);
    if (report->outcome->state == WEFT_RUN_BLOCKED && error->hint[0] == '\0' &&
        report->outcome->examples != NULL)
        weft_error_hint(error, "`weft quarantine %s --run %s` shows examples", name,
                        report->run_id);
}

static int outcome_tell(const char *name, const struct weft_run_report *report,
                        struct weft_out *out, struct weft_error *error)
{
    const struct weft_outcome *outcome = report->outcome;
    for (size_t i = 0; i < outcome->warning_count; i++)
        weft_out_warn(out, "%s: %s", name, outcome->warnings[i]);
    switch (outcome->state) {
    case WEFT_RUN_PUBLISHED:
        return published_tell(name, report, out, error);
    case WEFT_RUN_NOTHING_NEW:
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  %s: nothing new, nothing published",
                               name));
        return files_tell(report, out, error);
    case WEFT_RUN_BLOCKED:
    case WEFT_RUN_FAILED:
        break;
    }
    for (size_t i = 0; i < outcome->check_count; i++)
        WEFT_TRY(check_tell(&outcome->checks[i], out, error));
    return 0;
}

/* ---- for programs ---- */

static void checks_json(const struct weft_outcome *outcome, struct weft_json_writer *json)
{
    weft_json_key(json, "checks");
    weft_json_begin_array(json);
    for (size_t i = 0; i < outcome->check_count; i++) {
        const struct weft_outcome_check *check = &outcome->checks[i];
        weft_json_begin_object(json);
        weft_json_member_text(json, "rule", check->rule);
        weft_json_member_text(json, "kind", check->kind);
        weft_json_member_text(json, "on_fail", weft_on_fail_name(check->on_fail));
        weft_json_member_bool(json, "passed", check->passed);
        weft_json_member_int(json, "failing", check->failing);
        weft_json_member_int(json, "total", check->total);
        weft_json_key(json, "value");
        weft_json_put_double(json, check->value);
        weft_json_member_text(json, "message", check->message);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

static void run_json(const char *name, const struct weft_run_report *report,
                     struct weft_json_writer *json)
{
    static const char *const states[] = {"published", "nothing_new", "blocked", "failed"};
    const struct weft_outcome *outcome = report->outcome;
    const struct weft_balance *balance = &outcome->balance;
    weft_json_begin_object(json);
    weft_json_member_text(json, "product", name);
    weft_json_member_text(json, "run_id", report->run_id);
    weft_json_member_text(json, "state", states[outcome->state]);
    weft_json_member_int(json, "read", balance->read);
    weft_json_member_int(json, "accepted", balance->accepted);
    weft_json_member_int(json, "made", balance->made);
    weft_json_member_int(json, "published", balance->published);
    weft_json_member_int(json, "quarantined",
                         balance->input_quarantined + balance->output_quarantined);
    weft_json_member_int(json, "superseded", balance->superseded);
    weft_json_key(json, "seconds");
    weft_json_put_double(json, (double)outcome->duration_us / 1e6);
    weft_json_key(json, "snapshot_id");
    if (outcome->state == WEFT_RUN_PUBLISHED && outcome->table != NULL)
        weft_json_put_int(json, outcome->table->made.snapshot_id);
    else
        weft_json_put_null(json);
    weft_json_member_text(json, "error",
                          outcome->error.code == WEFT_E_NONE ? NULL : outcome->error.message);
    checks_json(outcome, json);
    weft_json_end_object(json);
}

/* ---- running ---- */

static int product_get(struct weft_runs *runs, struct weft_arena *arena,
                       const struct weft_runs_item *item, struct weft_registered *out,
                       struct weft_error *error)
{
    struct weft_ledger *ledger;
    WEFT_TRY(weft_context_ledger(runs->context, false, &ledger, error));
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    int rc = weft_catalog_product(txn, arena, item->full_name, item->major, 0, out, error);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no product `%s`", item->full_name);
    return rc;
}

static int item_do(struct weft_runs *runs, const struct weft_runs_item *item, struct weft_out *out,
                   struct weft_json_writer *json, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(RUN_ARENA_MAX);
    if (arena == NULL)
        return weft_error_nomem(error);
    struct weft_registered product;
    WEFT_TRY(product_get(runs, arena, item, &product, error));
    struct run_teller teller = {.out = out, .product = item->full_name};
    struct weft_run_options options = runs->options;
    options.progress = teller_progress;
    options.progress_arg = &teller;
    options.waiting = teller_waiting;
    struct weft_run_report report;
    int rc = weft_run(runs->context->ledger, arena, &product, &options, &report, error);
    teller_end(&teller);
    if (rc < 0) {
        weft_error_prefix(error, "%s", item->full_name);
        return rc;
    }
    run_json(item->full_name, &report, json);
    WEFT_TRY(outcome_tell(item->full_name, &report, out, error));
    if (report.outcome->state == WEFT_RUN_NOTHING_NEW && product.pending != NULL)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error,
                               "    the contract %s comes into force with the next data; `weft run "
                               "%s --rebuild` reads all of it again now",
                               product.pending->version, item->full_name));
    if (report.outcome->state == WEFT_RUN_BLOCKED || report.outcome->state == WEFT_RUN_FAILED) {
        bad_outcome(item->full_name, &report, error);
        return -1;
    }
    return 0;
}

static void error_note(struct weft_out *out, struct weft_error *error)
{
    struct weft_diag_item item = {.severity = WEFT_SEVERITY_ERROR,
                                  .code = error->code,
                                  .file = error->file,
                                  .line = error->line,
                                  .column = error->column,
                                  .message = error->message,
                                  .hint = error->hint[0] == '\0' ? NULL : error->hint};
    out->note(out->arg, &item);
}

/* One product's error is the command's; of several, each is told as it comes and counted. */
static int all_do(struct weft_runs *runs, struct weft_out *out, struct weft_json_writer *json,
                  struct weft_error *error)
{
    if (runs->count == 1)
        return item_do(runs, &runs->items[0], out, json, error);
    enum weft_code worst = WEFT_E_NONE;
    size_t failed = 0;
    for (size_t i = 0; i < runs->count; i++) {
        struct weft_error own = WEFT_ERROR_INIT;
        if (item_do(runs, &runs->items[i], out, json, &own) == 0)
            continue;
        if (own.code == WEFT_E_CANCELLED) {
            *error = own;
            return -1;
        }
        error_note(out, &own);
        failed++;
        if (weft_code_exit_status(own.code) > weft_code_exit_status(worst))
            worst = own.code;
    }
    if (failed == 0)
        return 0;
    return weft_error_set(error, worst, "%zu of %zu products were not published", failed,
                          runs->count);
}

int weft_runs_do(struct weft_runs *runs, struct weft_out *out, struct weft_error *error)
{
    struct weft_buf buf;
    weft_buf_init(&buf, (size_t)1 << 28);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_array(&json);
    int rc = all_do(runs, out, &json, error);
    weft_json_end_array(&json);
    struct weft_error ignored = WEFT_ERROR_INIT;
    int sent = weft_out_json(out, &buf, rc < 0 ? &ignored : error);
    weft_buf_release(&buf);
    return rc < 0 ? rc : sent;
}

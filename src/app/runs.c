/*
 * runs.c - runs products in the order of what they read, and tells how each ended.
 */
#include "app/runs.h"

#include "app/outcome.h"
#include "base/text.h"
#include "catalog/deprecated.h"

#include <string.h>

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
        .connections = context->mesh == NULL ? NULL : context->mesh->connections,
        .connection_count = context->mesh == NULL ? 0 : context->mesh->connection_count,
        .root = context->mesh == NULL ? NULL : context->mesh->root,
    };
    return weft_context_deferred(context, &runs->options.deferred, error);
}

int weft_runs_add(struct weft_runs *runs, const char *full_name, int major, const char *shown,
                  struct weft_error *error)
{
    if (weft_arena_reserve(runs->context->arena, &runs->items, &runs->capacity, runs->count + 1,
                           sizeof *runs->items) < 0)
        return weft_error_nomem(error);
    runs->items[runs->count++] = (struct weft_runs_item){full_name, major, shown};
    return 0;
}

int weft_runs_add_registered(struct weft_runs *runs, const struct weft_registered *product,
                             struct weft_error *error)
{
    const char *shown = product->full_name;
    if (strcmp(product->name, product->full_name) != 0)
        shown = weft_arena_format(runs->context->arena, "%s@%d", shown, product->major);
    if (shown == NULL)
        return weft_error_nomem(error);
    return weft_runs_add(runs, product->full_name, product->major, shown, error);
}

/* ---- progress ---- */

struct teller {
    struct weft_runs *runs;
    struct weft_out *out;
    struct weft_json_writer *json;
    enum weft_code worst; /* by exit status */
    size_t bad;
    struct weft_error last; /* of the last bad one */
};

static const char *item_name(const struct teller *teller, size_t item)
{
    return teller->runs->items[item].shown;
}

static void teller_progress(void *arg, size_t item, const struct weft_progress *progress)
{
    struct teller *teller = arg;
    if (teller->out->progress == NULL)
        return;
    struct weft_out_progress shown = {.what = item_name(teller, item),
                                      .stage = progress->stage,
                                      .rows = progress->rows,
                                      .bytes_done = progress->bytes_done,
                                      .bytes_total = progress->bytes_total};
    teller->out->progress(teller->out->arg, &shown);
}

static void teller_waiting(void *arg, size_t item, const char *who)
{
    struct teller *teller = arg;
    weft_out_note(teller->out, "%s is being run by %s; waiting", item_name(teller, item), who);
}

static void teller_end(struct teller *teller, size_t item)
{
    struct weft_out_progress over = {.what = item_name(teller, item)};
    if (teller->out->progress != NULL)
        teller->out->progress(teller->out->arg, &over);
}

/* ---- telling ---- */

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

static void count_print(int64_t count, const char *words, struct weft_buf *out)
{
    char text[32];
    weft_format_count(count, text, sizeof text);
    weft_buf_addf(out, "%s%s %s", out->length > 0 ? ", " : "", text, words);
}

/* So that a person can add them up: what the SQL made where it is not what it was given, and the
 * rows that lost to a later one of their key. */
static void figures_print(const struct weft_balance *balance, struct weft_buf *out)
{
    count_print(balance->read, "read", out);
    if (balance->made != balance->accepted)
        count_print(balance->made, "made", out);
    count_print(balance->published, "published", out);
    count_print(balance->input_quarantined + balance->output_quarantined, "quarantined", out);
    if (balance->superseded > 0)
        count_print(balance->superseded, "superseded", out);
}

static int published_tell(const char *name, const struct weft_run_report *report,
                          struct weft_out *out, struct weft_error *error)
{
    const struct weft_outcome *outcome = report->outcome;
    const struct weft_balance *balance = &outcome->balance;
    int64_t aside = balance->input_quarantined + balance->output_quarantined;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf figures;
    weft_buf_init(&figures, 512);
    figures_print(balance, &figures);
    WEFT_TRY(weft_buf_check(&figures, error));
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_GOOD, error, "  %s: %s   %.2f s", name, figures.data,
                           (double)outcome->duration_us / 1e6));
    for (size_t i = 0; i < outcome->detected_count; i++)
        WEFT_TRY(
            weft_out_line(out, WEFT_STYLE_DIM, error, "    detected %s", outcome->detected[i]));
    for (size_t i = 0; i < outcome->check_count; i++)
        WEFT_TRY(weft_outcome_check_tell(&outcome->checks[i], out, error));
    WEFT_TRY(files_tell(report, out, error));
    if (aside > 0)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error,
                               "    `weft quarantine %s` shows them with the reason", name));
    return 0;
}

/* But not twice: "a.b reads c.d@1, which ..." has it. */
static void name_prefix(const char *name, struct weft_error *error)
{
    size_t length = strlen(name);
    if (strncmp(error->message, name, length) != 0 || error->message[length] != ' ')
        weft_error_prefix(error, "%s", name);
}

/* Puts what ended without a publication into *error. */
static void bad_outcome(const struct teller *teller, const struct weft_schedule_ended *ended,
                        struct weft_error *error)
{
    const struct weft_run_report *report = ended->report;
    const char *name = item_name(teller, ended->item);
    *error = report->outcome->error;
    if (error->code == WEFT_E_NONE)
        weft_error_set(error, WEFT_E_WORKER, "the run failed");
    name_prefix(name, error);
    weft_outcome_place(teller->runs->context->mesh, weft_registered_newest(ended->product), error);
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
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_BAD, error, "  %s: %s   %.2f s", name,
                           outcome->state == WEFT_RUN_BLOCKED ? "blocked, nothing published"
                                                              : "failed, nothing published",
                           (double)outcome->duration_us / 1e6));
    for (size_t i = 0; i < outcome->check_count; i++)
        WEFT_TRY(weft_outcome_check_tell(&outcome->checks[i], out, error));
    return 0;
}

/* ---- for programs ---- */

/* The caller ends the object. */
static void run_json(const struct weft_runs_item *item, const struct weft_run_report *report,
                     struct weft_json_writer *json)
{
    static const char *const states[] = {"published", "nothing_new", "blocked", "failed"};
    const struct weft_outcome *outcome = report->outcome;
    weft_json_begin_object(json);
    weft_json_member_text(json, "product", item->full_name);
    weft_json_member_int(json, "major", item->major);
    weft_json_member_text(json, "run_id", report->run_id);
    weft_json_member_text(json, "state", states[outcome->state]);
    weft_outcome_figures_json(outcome, json);
    weft_json_key(json, "seconds");
    weft_json_put_double(json, (double)outcome->duration_us / 1e6);
    weft_json_key(json, "snapshot_id");
    if (outcome->state == WEFT_RUN_PUBLISHED && outcome->table != NULL)
        weft_json_put_int(json, outcome->table->made.snapshot_id);
    else
        weft_json_put_null(json);
    char text[WEFT_RUN_ERROR_TEXT];
    weft_run_error_text(&outcome->error, text);
    weft_json_member_text(json, "error", outcome->error.code == WEFT_E_NONE ? NULL : text);
}

/* One that did not come to a report. */
static void other_json(const struct weft_runs_item *item, const struct weft_schedule_ended *ended,
                       struct weft_json_writer *json)
{
    bool skipped = ended->state == WEFT_SCHEDULE_SKIPPED;
    weft_json_begin_object(json);
    weft_json_member_text(json, "product", item->full_name);
    weft_json_member_int(json, "major", item->major);
    weft_json_member_text(json, "run_id", ended->run_id[0] == '\0' ? NULL : ended->run_id);
    weft_json_member_text(json, "state", skipped ? "skipped" : "failed");
    char text[WEFT_RUN_ERROR_TEXT];
    weft_run_error_text(ended->error, text);
    weft_json_member_text(json, skipped ? "cause" : "error",
                          skipped ? ended->error->message : text);
    weft_json_end_object(json);
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

/* ---- running ---- */

static void bad_count(struct teller *teller, const struct weft_error *error)
{
    teller->bad++;
    teller->last = *error;
    if (weft_code_exit_status(error->code) > weft_code_exit_status(teller->worst))
        teller->worst = error->code;
}

static int report_tell(struct teller *teller, const struct weft_schedule_ended *ended,
                       struct weft_error *error)
{
    const char *name = item_name(teller, ended->item);
    const struct weft_outcome *outcome = ended->report->outcome;
    const struct weft_product *pending = ended->product->pending;
    run_json(&teller->runs->items[ended->item], ended->report, teller->json);
    WEFT_TRY(outcome_tell(name, ended->report, teller->out, error));
    if (outcome->state == WEFT_RUN_PUBLISHED || outcome->state == WEFT_RUN_NOTHING_NEW)
        WEFT_TRY(weft_runs_stayed(teller->runs, weft_registered_newest(ended->product), outcome,
                                  teller->out, teller->json, error));
    weft_json_end_object(teller->json);
    if (outcome->state != WEFT_RUN_NOTHING_NEW || pending == NULL)
        return 0;
    if (ended->report->enforced)
        return weft_out_line(teller->out, WEFT_STYLE_CHANGED, error,
                             "    the contract %s is in force: it changes no row",
                             pending->version);
    return weft_out_line(teller->out, WEFT_STYLE_CHANGED, error,
                         "    the contract %s comes into force with the next data; `weft run "
                         "%s --rebuild` reads all of it again now",
                         pending->version, name);
}

static bool is_good(const struct weft_schedule_ended *ended)
{
    if (ended->state != WEFT_SCHEDULE_RAN)
        return false;
    enum weft_run_state state = ended->report->outcome->state;
    return state == WEFT_RUN_PUBLISHED || state == WEFT_RUN_NOTHING_NEW;
}

/* The error of a single product is the command's; of several, each is told as it comes. */
static int teller_ended(void *arg, const struct weft_schedule_ended *ended,
                        struct weft_error *error)
{
    struct teller *teller = arg;
    const char *name = item_name(teller, ended->item);
    teller_end(teller, ended->item);
    if (ended->state == WEFT_SCHEDULE_RAN)
        WEFT_TRY(report_tell(teller, ended, error));
    else
        other_json(&teller->runs->items[ended->item], ended, teller->json);
    if (is_good(ended))
        return 0;
    struct weft_error bad = WEFT_ERROR_INIT;
    if (ended->state == WEFT_SCHEDULE_RAN) {
        bad_outcome(teller, ended, &bad);
    } else {
        bad = *ended->error;
        name_prefix(name, &bad);
    }
    bad_count(teller, &bad);
    if (teller->runs->count > 1)
        error_note(teller->out, &bad);
    return 0;
}

static int all_do(struct weft_runs *runs, struct weft_out *out, struct weft_json_writer *json,
                  struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_schedule_item *items = NULL;
    struct teller teller = {.runs = runs, .out = out, .json = json, .last = WEFT_ERROR_INIT};
    if (runs->count == 0)
        return 0;
    WEFT_TRY(weft_context_ledger(runs->context, false, &ledger, error));
    WEFT_TRY(weft_runs_order(runs, ledger, &items, error));
    struct weft_schedule schedule = {.items = items,
                                     .count = runs->count,
                                     .options = &runs->options,
                                     .arg = &teller,
                                     .progress = teller_progress,
                                     .waiting = teller_waiting,
                                     .ended = teller_ended};
    WEFT_TRY(weft_schedule_do(ledger, &schedule, error));
    if (teller.bad == 0)
        return 0;
    if (runs->count == 1) {
        *error = teller.last;
        return -1;
    }
    return weft_error_set(error, teller.worst, "%zu of %zu products %s not published", teller.bad,
                          runs->count, teller.bad == 1 ? "was" : "were");
}

/* Of what is about to run: which of its inputs come to their end. */
static int deprecated_tell_item(const struct weft_runs_item *item, struct weft_arena *arena,
                                struct weft_ledger_txn *txn,
                                const struct weft_catalog_deprecated *all, size_t count,
                                struct weft_out *out, struct weft_error *error)
{
    struct weft_registered product;
    int rc = weft_catalog_product(txn, arena, item->full_name, item->major, 0, &product, error);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    for (size_t i = 0; i < product.reads.count; i++) {
        const struct weft_registered_read *read = &product.reads.items[i];
        const struct weft_catalog_deprecated *one =
            weft_catalog_deprecated_find(all, count, read->full_name, read->major);
        if (one == NULL)
            continue;
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        weft_buf_init(&text, 1 << 16);
        weft_deprecated_print(&one->says, &text);
        weft_out_warn(out, "%s reads %s@%d, which is deprecated%s", item->shown, read->full_name,
                      read->major, text.data);
    }
    return 0;
}

static int deprecated_tell(struct weft_runs *runs, struct weft_out *out, struct weft_error *error)
{
    struct weft_ledger *ledger = runs->context->ledger;
    struct weft_catalog_deprecated *all;
    size_t count;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    if (arena == NULL)
        return weft_error_nomem(error);
    if (ledger == NULL || runs->count == 0)
        return 0;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_catalog_deprecations(txn, arena, &all, &count, error));
    for (size_t i = 0; count > 0 && i < runs->count; i++)
        WEFT_TRY(deprecated_tell_item(&runs->items[i], arena, txn, all, count, out, error));
    return 0;
}

int weft_runs_do(struct weft_runs *runs, struct weft_out *out, struct weft_error *error)
{
    WEFT_TRY(deprecated_tell(runs, out, error));
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

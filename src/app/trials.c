/*
 * trials.c - see trials.h.
 */
#include "app/trials.h"

#include "app/outcome.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/process.h"
#include "base/text.h"
#include "plan/pins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLE_MAX ((size_t)64 << 20)
#define DETAILS_MAX ((size_t)16 << 20)

/* ---- the frame ---- */

#define TEMP_PREFIX "weft-trial-"

static int temp_dir_make(struct weft_trials *trials, struct weft_error *error)
{
    const char *base = weft_settings_text(trials->options.settings, WEFT_SETTING_TEMP_DIR);
    if (base[0] == '\0')
        base = getenv("TMPDIR");
    if (base == NULL || base[0] != '/')
        base = "/tmp";
    return weft_temp_make(base, TEMP_PREFIX, &trials->temp, error);
}

int weft_trials_begin(struct weft_trials *trials, struct weft_context *context,
                      struct weft_out *out, struct weft_worker *worker, struct weft_error *error)
{
    const struct weft_settings *settings;
    *trials = (struct weft_trials){.context = context,
                                   .arena = context->arena,
                                   .out = out,
                                   .started_us = weft_clock_mono_us()};
    WEFT_TRY(weft_context_settings(context, &settings, error));
    trials->options = (struct weft_run_options){.mode = WEFT_JOB_TEST,
                                                .actor = context->request.principal,
                                                .cause = "test",
                                                .settings = settings,
                                                .s3_fallback_local = true,
                                                .worker = worker,
                                                .threads = 1};
    if (worker == NULL)
        trials->options.worker = weft_worker_new();
    if (trials->options.worker == NULL)
        return weft_error_nomem(error);
    trials->own_worker = worker == NULL;
    return temp_dir_make(trials, error);
}

void weft_trials_end(struct weft_trials *trials)
{
    if (trials->own_worker)
        weft_worker_free(trials->options.worker);
    weft_temp_remove(&trials->temp);
}

/* ---- telling ---- */

static void trial_json(const struct weft_trial *trial, struct weft_json_writer *json)
{
    static const char *const states[] = {"passed", "failed", "warned"};
    weft_json_begin_object(json);
    weft_json_member_text(json, "kind", trial->rule ? "rule" : "example");
    weft_json_member_text(json, "product", trial->product);
    weft_json_member_text(json, "name", trial->name);
    weft_json_member_text(json, "state", states[trial->state]);
    weft_json_key(json, "seconds");
    weft_json_put_double(json, (double)trial->duration_us / 1e6);
    weft_json_member_text(json, "file", trial->file);
    weft_json_member_int(json, "line", trial->place.line);
    weft_json_member_text(json, "message", trial->message);
    weft_json_member_text(json, "details", trial->details);
    if (trial->diff != NULL)
        weft_example_json(trial->diff, json);
    if (trial->check != NULL) {
        weft_json_member_text(json, "on_fail", weft_on_fail_name(trial->check->on_fail));
        weft_json_member_int(json, "failing", trial->check->failing);
        weft_json_member_int(json, "total", trial->check->total);
    }
    weft_json_end_object(json);
}

static int lines_tell(struct weft_out *out, const char *text, struct weft_error *error)
{
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, "\n");
        size_t blanks = strspn(text, " ");
        enum weft_style style = WEFT_STYLE_PLAIN;
        if (blanks < length && text[blanks + 1] == ' ')
            style = text[blanks] == '-'   ? WEFT_STYLE_REMOVED
                    : text[blanks] == '+' ? WEFT_STYLE_ADDED
                                          : WEFT_STYLE_PLAIN;
        WEFT_TRY(weft_out_line(out, style, error, "%.*s", (int)length, text));
        text += length + (text[length] == '\n');
    }
    return 0;
}

static int trial_people(struct weft_trials *trials, const struct weft_trial *trial,
                        struct weft_error *error)
{
    static const char *const words[] = {"ok", "failed", "warned"};
    static const enum weft_style styles[] = {WEFT_STYLE_GOOD, WEFT_STYLE_BAD, WEFT_STYLE_CHANGED};
    if (trial->rule && trial->state == WEFT_TRIAL_PASSED)
        return 0; /* they are counted */
    char time[40] = "", place[320] = "";
    if (!trial->rule)
        snprintf(time, sizeof time, "  %" PRId64 " ms", trial->duration_us / 1000);
    if (!trial->rule && trial->state != WEFT_TRIAL_PASSED)
        snprintf(place, sizeof place, "  %.250s:%d", trial->file, trial->place.line);
    WEFT_TRY(weft_out_line(trials->out, styles[trial->state], error, "  %-7s %s%s%s%s",
                           words[trial->state], trial->rule ? "rule " : "", trial->name, time,
                           place));
    if (trial->message != NULL)
        WEFT_TRY(weft_out_line(trials->out, WEFT_STYLE_PLAIN, error, "      %s", trial->message));
    return lines_tell(trials->out, trial->details, error);
}

int weft_trials_add(struct weft_trials *trials, const struct weft_trial *trial,
                    struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_json_writer json;
    struct weft_trial *items = (struct weft_trial *)(uintptr_t)trials->items;
    weft_buf_init(&text, DETAILS_MAX);
    if (weft_arena_reserve(trials->arena, &items, &trials->capacity, trials->count + 1,
                           sizeof *items) < 0)
        return weft_error_nomem(error);
    items[trials->count++] = *trial;
    trials->items = items;
    trials->failed += trial->state == WEFT_TRIAL_FAILED;
    trials->warned += trial->state == WEFT_TRIAL_WARNED;
    WEFT_TRY(trial_people(trials, trial, error));
    weft_json_writer_init(&json, &text);
    trial_json(trial, &json);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_out_json(trials->out, &text, error);
}

static int details_set(struct weft_trials *trials, struct weft_trial *trial,
                       const struct weft_buf *text, struct weft_error *error)
{
    WEFT_TRY(weft_buf_check(text, error));
    if (text->length == 0)
        return 0;
    trial->details = weft_arena_strndup(trials->arena, text->data, text->length);
    return trial->details == NULL ? weft_error_nomem(error) : 0;
}

/* ---- one example ---- */

static void mistake_print(const struct weft_diag_item *item, struct weft_buf *out)
{
    weft_buf_addf(out, "      %s", item->file);
    if (item->line > 0)
        weft_buf_addf(out, ":%d", item->line);
    if (item->column > 0)
        weft_buf_addf(out, ":%d", item->column);
    weft_buf_addf(out, ": %s\n", item->message);
    if (item->hint != NULL && item->hint[0] != '\0')
        weft_buf_addf(out, "        hint: %s\n", item->hint);
}

static int mistakes_set(struct weft_trials *trials, struct weft_trial *trial,
                        struct weft_diag *diag, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, DETAILS_MAX);
    weft_diag_sort(diag);
    for (size_t i = 0; i < diag->count; i++)
        mistake_print(&diag->items[i], &text);
    trial->state = WEFT_TRIAL_FAILED;
    trial->message = "the test does not fit its product";
    return details_set(trials, trial, &text, error);
}

/* A run that publishes nothing is no run that publishes no rows. */
static int outcome_set(struct weft_trials *trials, const struct weft_product *product,
                       const struct weft_outcome *outcome, struct weft_trial *trial,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_error why = outcome->error;
    weft_buf_init(&text, DETAILS_MAX);
    weft_outcome_place(trials->context->mesh, product, &why);
    trial->state = WEFT_TRIAL_FAILED;
    trial->message =
        weft_arena_format(trials->arena, "%s%s",
                          outcome->state == WEFT_RUN_BLOCKED ? "nothing would be published: " : "",
                          why.message[0] == '\0' ? "the run would end without rows" : why.message);
    if (trial->message == NULL)
        return weft_error_nomem(error);
    if (why.file[0] != '\0')
        weft_buf_addf(&text, "      at %s:%d:%d\n", why.file, why.line, why.column);
    if (why.detail[0] != '\0')
        weft_buf_addf(&text, "      %s\n", why.detail);
    if (why.hint[0] != '\0')
        weft_buf_addf(&text, "      hint: %s\n", why.hint);
    return details_set(trials, trial, &text, error);
}

/* The test took its worker along: that speaks of the test, and the next one gets a new worker. */
static bool is_of_the_test(const struct weft_error *why)
{
    return why->code == WEFT_E_WORKER || why->code == WEFT_E_LIMIT || why->code == WEFT_E_TIMEOUT;
}

static int death_set(struct weft_trials *trials, const struct weft_error *why,
                     struct weft_trial *trial, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, DETAILS_MAX);
    trial->state = WEFT_TRIAL_FAILED;
    trial->message = weft_arena_strdup(trials->arena, why->message);
    if (trial->message == NULL)
        return weft_error_nomem(error);
    if (why->hint[0] != '\0')
        weft_buf_addf(&text, "      hint: %s\n", why->hint);
    return details_set(trials, trial, &text, error);
}

/* What was set aside is often why a row is missing. */
static void aside_print(const struct weft_outcome *outcome, struct weft_buf *out)
{
    for (size_t i = 0; i < outcome->check_count; i++) {
        const struct weft_outcome_check *check = &outcome->checks[i];
        if (!check->passed && check->failing > 0 && strcmp(check->kind, "table") != 0)
            weft_buf_addf(out, "      %s by %s: %" PRId64 "\n",
                          check->on_fail == WEFT_ON_FAIL_WARN ? "warned of" : "quarantined",
                          check->rule, check->failing);
    }
}

static int diff_set(struct weft_trials *trials, const struct weft_product *product,
                    const struct weft_test *test, const struct weft_outcome *outcome,
                    struct weft_trial *trial, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_example_diff *diff = weft_arena_alloc(trials->arena, sizeof *diff);
    weft_buf_init(&text, DETAILS_MAX);
    if (diff == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_example_compare(trials->arena, product, test, outcome->example, diff, error));
    if (diff->count == 0)
        return 0;
    trial->state = WEFT_TRIAL_FAILED;
    trial->diff = diff;
    weft_example_print(diff, "      ", &text);
    aside_print(outcome, &text);
    return details_set(trials, trial, &text, error);
}

static int example_run(struct weft_trials *trials, struct weft_book *book, size_t item,
                       const struct weft_test *test, struct weft_trial *trial,
                       struct weft_error *error)
{
    const struct weft_product *product = book->items[item].product;
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf example;
    struct weft_outcome *outcome = weft_arena_alloc(trials->arena, sizeof *outcome);
    int64_t now = test->now_us != WEFT_TEST_NOW_REAL ? test->now_us : weft_clock_us();
    weft_diag_init(&diag);
    weft_buf_init(&example, EXAMPLE_MAX);
    if (outcome == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_example_make(book, item, test, &example, &diag, error));
    if (diag.errors > 0)
        return mistakes_set(trials, trial, &diag, error);
    struct weft_error why = WEFT_ERROR_INIT;
    if (weft_run_example(trials->arena, product, example.data, now, trials->temp.path,
                         &trials->options, outcome, &why) < 0) {
        WEFT_TRY(weft_process_check_cancelled(error));
        if (is_of_the_test(&why))
            return death_set(trials, &why, trial, error);
        *error = why;
        return -1;
    }
    if (outcome->example == NULL)
        return outcome_set(trials, product, outcome, trial, error);
    return diff_set(trials, product, test, outcome, trial, error);
}

int weft_trials_examples(struct weft_trials *trials, struct weft_book *book, size_t item,
                         struct weft_error *error)
{
    const struct weft_product *product = book->items[item].product;
    assert(product != NULL);
    for (size_t i = 0; i < product->test_count; i++) {
        const struct weft_test *test = &product->tests[i];
        struct weft_trial trial = {.product = weft_book_name(book, item),
                                   .name = test->name,
                                   .file = product->file,
                                   .place = test->place};
        int64_t begun = weft_clock_mono_us();
        WEFT_TRY(weft_process_check_cancelled(error));
        WEFT_TRY(example_run(trials, book, item, test, &trial, error));
        trial.duration_us = weft_clock_mono_us() - begun;
        WEFT_TRY(weft_trials_add(trials, &trial, error));
    }
    return 0;
}

/* ---- rules on what is published ---- */

static int rule_add(struct weft_trials *trials, const struct weft_trial *like,
                    const struct weft_outcome_check *check, struct weft_error *error)
{
    struct weft_trial trial = *like;
    char failing[32], total[32];
    trial.name = check->rule;
    trial.check = check;
    if (!check->passed) {
        trial.state = check->on_fail == WEFT_ON_FAIL_WARN ? WEFT_TRIAL_WARNED : WEFT_TRIAL_FAILED;
        weft_format_count(check->failing, failing, sizeof failing);
        weft_format_count(check->total, total, sizeof total);
        trial.message = check->message != NULL ? check->message
                                               : weft_arena_format(trials->arena,
                                                                   "%s of %s rows of the current "
                                                                   "snapshot break it",
                                                                   failing, total);
        if (trial.message == NULL)
            return weft_error_nomem(error);
    }
    return weft_trials_add(trials, &trial, error);
}

static bool rule_speaks(const struct weft_outcome_check *check)
{
    /* A promise over time, which `status` measures. */
    return strcmp(check->rule, "freshness") != 0;
}

static int rules_tell(struct weft_trials *trials, const struct weft_product *product,
                      const struct weft_outcome *outcome, struct weft_trial *like,
                      struct weft_error *error)
{
    size_t held = 0;
    if (outcome->state == WEFT_RUN_FAILED) {
        like->name = "rules";
        WEFT_TRY(outcome_set(trials, product, outcome, like, error));
        return weft_trials_add(trials, like, error);
    }
    for (size_t i = 0; i < outcome->check_count; i++) {
        if (!rule_speaks(&outcome->checks[i]))
            continue;
        held += outcome->checks[i].passed;
        WEFT_TRY(rule_add(trials, like, &outcome->checks[i], error));
    }
    if (held == 0)
        return 0;
    return weft_out_line(trials->out, WEFT_STYLE_GOOD, error,
                         "  ok      %zu rule%s on the current snapshot", held,
                         held == 1 ? "" : "s");
}

int weft_trials_rules(struct weft_trials *trials, struct weft_book *book, size_t item,
                      struct weft_error *error)
{
    const struct weft_product *product = book->items[item].product;
    const struct weft_registered *registered;
    struct weft_outcome *outcome = weft_arena_alloc(trials->arena, sizeof *outcome);
    struct weft_trial like = {.product = weft_book_name(book, item),
                              .rule = true,
                              .file = product->file,
                              .place = product->place};
    struct weft_ledger *ledger;
    int64_t begun = weft_clock_mono_us();
    if (outcome == NULL)
        return weft_error_nomem(error);
    if (book->items[item].digest == NULL)
        return 0;
    WEFT_TRY(weft_book_registered(book, item, &registered, error));
    struct weft_registered asked = *registered;
    if (book->items[item].planned) {
        asked.pending = product;
        WEFT_TRY(weft_pins_registered(book, item, &asked.reads, error));
    }
    WEFT_TRY(weft_context_ledger(trials->context, false, &ledger, error));
    WEFT_TRY(weft_context_deferred(trials->context, &trials->options.deferred, error));
    int rc = weft_run_check(ledger, trials->arena, &asked, &trials->options, outcome, error);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    like.duration_us = weft_clock_mono_us() - begun;
    return rules_tell(trials, product, outcome, &like, error);
}

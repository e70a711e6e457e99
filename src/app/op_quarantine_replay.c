/*
 * op_quarantine_replay.c - `quarantine --replay`: open rows once more through the present contract,
 * as they are or with the values of a file, and what is told of those that stay.
 */
#include "app/quarantine_internal.h"
#include "app/runs.h"

#include "base/fs.h"
#include "flow/edits.h"

#include <stdlib.h>
#include <string.h>

int weft_quarantine_choice_read(const struct weft_op_request *request,
                                struct weft_quarantine_choice *choice, struct weft_error *error)
{
    static const char *const names[] = {"since", "before"};
    *choice = (struct weft_quarantine_choice){.rule = weft_op_text(request, "rule")};
    int64_t *const times[] = {&choice->since_us, &choice->before_us};
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        const char *text = weft_op_text(request, names[i]);
        if (text == NULL || weft_time_parse(text, times[i]))
            continue;
        weft_error_set(error, WEFT_E_USAGE, "--%s: `%s` is not a time", names[i], text);
        return weft_error_hint(error, "write 2026-03-01 or 2026-03-01T12:00:00Z");
    }
    return 0;
}

/* ---- rows of a file that stay ---- */

static int number_compare(const void *a, const void *b)
{
    const int64_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/* Numbers of a run ascend. */
static bool is_replayed(const struct weft_outcome *outcome, const struct weft_edit *edit)
{
    for (size_t i = 0; i < outcome->replayed_count; i++) {
        const struct weft_job_replay *run = &outcome->replayed[i];
        if (run->row_count > 0 && strcmp(run->run_id, edit->run_id) == 0 &&
            bsearch(&edit->number, run->row_numbers, run->row_count, sizeof edit->number,
                    number_compare) != NULL)
            return true;
    }
    return false;
}

static const char *rules_of(const struct weft_outcome *outcome, const struct weft_edit *edit)
{
    for (size_t i = 0; i < outcome->stayed_count; i++) {
        const struct weft_outcome_stayed *stayed = &outcome->stayed[i];
        if (stayed->number == edit->number && strcmp(stayed->run_id, edit->run_id) == 0)
            return stayed->rules;
    }
    return NULL;
}

/* "cases.min: -5 is less than 0; date.required" */
static int rules_explain(const struct weft_product *contract, const struct weft_edit *edit,
                         const char *rules, struct weft_buf *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *list = weft_strdup(rules == NULL ? "" : rules);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf why;
    weft_buf_init(&why, 1 << 20);
    if (list == NULL)
        return weft_error_nomem(error);
    for (char *at = list; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        char *next = at + length + (at[length] == '\n');
        at[length] = '\0';
        weft_buf_clear(&why);
        WEFT_TRY(
            weft_quarantine_explain(contract, edit->port, at, NULL, edit->values, &why, error));
        weft_buf_addf(out, "%s%s%s%s", out->length > 0 ? "; " : "", at, why.length > 0 ? ": " : "",
                      why.data);
        at = next;
    }
    if (rules == NULL)
        weft_buf_adds(out, "a value does not read as its column's type, or its input cannot be "
                           "replayed");
    return weft_buf_check(out, error);
}

int weft_runs_stayed(const struct weft_runs *runs, const struct weft_product *contract,
                     const struct weft_outcome *outcome, struct weft_out *out,
                     struct weft_json_writer *json, struct weft_error *error)
{
    const struct weft_edits *edits = runs->options.edits;
    size_t told = 0, stayed = 0;
    if (edits == NULL)
        return 0;
    weft_json_key(json, "stayed");
    weft_json_begin_array(json);
    for (size_t i = 0; i < edits->count; i++) {
        const struct weft_edit *edit = &edits->items[i];
        WEFT_CLEANUP(weft_buf_release) struct weft_buf why;
        weft_buf_init(&why, 1 << 20);
        const char *rules = rules_of(outcome, edit);
        if (is_replayed(outcome, edit))
            continue;
        stayed++;
        if (rules == NULL && outcome->stayed_count > 0 && told >= outcome->stayed_count)
            continue;
        told++;
        WEFT_TRY(rules_explain(contract, edit, rules, &why, error));
        weft_json_begin_object(json);
        weft_json_member_text(json, "row_id", edit->row_id);
        weft_json_member_int(json, "line", edit->line);
        weft_json_member_text(json, "why", why.data);
        weft_json_end_object(json);
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error, "    %s:%" PRId64 " stays: %s",
                               edits->file, edit->line, why.data));
    }
    weft_json_end_array(json);
    if (told < stayed)
        return weft_out_line(out, WEFT_STYLE_DIM, error, "    ... and %zu more", stayed - told);
    return 0;
}

/* ---- the operation ---- */

static int edits_read(struct weft_context *context, const struct weft_registered *product,
                      const struct weft_op_request *request, struct weft_runs *runs,
                      struct weft_out *out, struct weft_error *error)
{
    const char *from = weft_op_text(request, "from");
    enum weft_quarantine_format format;
    struct weft_edits *edits = weft_arena_alloc(context->arena, sizeof *edits);
    if (edits == NULL)
        return weft_error_nomem(error);
    if (runs->options.choice.rule != NULL || runs->options.choice.since_us != 0 ||
        runs->options.choice.before_us != 0)
        return weft_error_set(error, WEFT_E_USAGE,
                              "--from replays just the rows of the file: --rule, --since and "
                              "--before choose what is exported");
    WEFT_TRY(weft_op_because(request, &runs->options.because, error));
    /* "Unicode text" of spreadsheets is called so; what parts its cells is seen in the file. */
    const char *ending = strrchr(weft_path_basename(from), '.');
    if (weft_op_text(request, "format") == NULL && ending != NULL && strcmp(ending, ".txt") == 0)
        format = WEFT_QUARANTINE_TSV;
    else
        WEFT_TRY(weft_quarantine_format_read(request, from, &format, error));
    bool json = format == WEFT_QUARANTINE_JSON || format == WEFT_QUARANTINE_NDJSON;
    WEFT_TRY(weft_edits_read(context->ledger, context->arena, product, from, json, edits, error));
    if (edits->zeros > 0)
        weft_out_warn(out,
                      "%s:%" PRId64 ": \"%s\" lost its leading zeros, %s: spreadsheets take such "
                      "texts for numbers; import the column as text to keep them",
                      from, edits->zeros_line, edits->zeros_name,
                      edits->zeros == 1 ? "and no other value" : "as others did");
    runs->options.edits = edits;
    return 0;
}

int weft_quarantine_replay(struct weft_context *context, const struct weft_registered *product,
                           const struct weft_op_request *request, struct weft_out *out,
                           struct weft_error *error)
{
    struct weft_runs runs;
    WEFT_TRY(weft_runs_init(&runs, context, "replay", weft_op_given(request, "no-wait"), error));
    runs.options.mode = WEFT_JOB_REPLAY;
    WEFT_TRY(weft_quarantine_choice_read(request, &runs.options.choice, error));
    if (weft_op_given(request, "because"))
        WEFT_TRY(weft_op_because(request, &runs.options.because, error));
    if (weft_op_given(request, "from"))
        WEFT_TRY(edits_read(context, product, request, &runs, out, error));
    WEFT_TRY(weft_runs_add_registered(&runs, product, error));
    WEFT_TRY(weft_outbox_flush(context->ledger, error));
    return weft_runs_do(&runs, out, error);
}

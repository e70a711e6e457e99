/*
 * op_decide.c - approve, reject, renew, revoke, review: deciding on requests for access. What an
 * approval comes to together with the policies is told with it. Who may not know of a request is
 * told that there is none.
 */
#include "app/asking.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/subject.h"
#include "policy/condition.h"
#include "policy/treatment.h"
#include "trust/decide.h"

#include <stdio.h>
#include <string.h>

#define ARG_ID {"id", 0, WEFT_ARG_WORD_NEEDED, "ID", "The request's number."}
#define COLUMNS_NEAR 500 /* that a misspelt one is compared with */

static const struct weft_op_arg approve_args[] = {
    ARG_ID,
    {"days", 0, WEFT_ARG_TEXT, "N", "For how long; as was asked without it."},
    {"treat", 0, WEFT_ARG_TEXTS, "COLUMN=TREATMENT",
     "Only treated: email=mask, ssn=hide, age=round:10, born=truncate:year."},
    {"rows", 0, WEFT_ARG_TEXT, "CONDITION", "Only these rows: \"state = 'QC'\"."},
    {"min-group", 0, WEFT_ARG_TEXT, "SIZE:COLUMN",
     "Only aggregates over so many different values of the column."},
    WEFT_ARG_BECAUSE,
};
static const struct weft_op_arg renew_args[] = {
    ARG_ID,
    {"days", 0, WEFT_ARG_TEXT, "N", "From now on; as was asked without it."},
    WEFT_ARG_BECAUSE,
};
static const struct weft_op_arg decide_args[] = {ARG_ID, WEFT_ARG_BECAUSE};

static int column_check(void *arg, const char *column)
{
    const struct weft_product *contract = arg;
    for (size_t i = 0; i < contract->schema.count; i++) {
        if (strcmp(contract->schema.items[i].name, column) == 0)
            return 0;
    }
    return contract->schema.count == 0 ? 0 : WEFT_NOT_THERE; /* none is written: not known here */
}

static int column_unknown(const struct weft_product *contract, const char *name, const char *where,
                          struct weft_error *error)
{
    const char *names[COLUMNS_NEAR];
    size_t count = WEFT_MIN(contract->schema.count, (size_t)COLUMNS_NEAR);
    for (size_t i = 0; i < count; i++)
        names[i] = contract->schema.items[i].name;
    const char *near = weft_suggest(name, names, count);
    weft_error_set(error, WEFT_E_USAGE, "%s%s has no column `%s`", where, contract->full_name,
                   name);
    return near == NULL ? weft_error_hint(error, "`weft show %s` lists them", contract->full_name)
                        : weft_error_hint(error, "did you mean `%s`?", near);
}

static int column_named(const struct weft_product *contract, const char *text, size_t length,
                        struct weft_error *error)
{
    char name[512];
    snprintf(name, sizeof name, "%.*s", (int)WEFT_MIN(length, sizeof name - 1), text);
    return column_check((void *)(uintptr_t)contract, name) == 0
               ? 0
               : column_unknown(contract, name, "", error);
}

/* Of --rows: the first that is not there. */
struct rows_named {
    const struct weft_product *contract;
    const char *missing;
};

static int rows_column(void *arg, const char *column)
{
    struct rows_named *named = arg;
    if (column_check((void *)(uintptr_t)named->contract, column) == 0)
        return 0;
    named->missing = column;
    return WEFT_NOT_THERE;
}

static int group_read(const struct weft_op_request *request, struct weft_arena *arena,
                      struct weft_min_group *out, struct weft_error *error)
{
    const char *text = weft_op_text(request, "min-group");
    const char *colon = text == NULL ? NULL : strchr(text, ':');
    if (text == NULL)
        return 0;
    if (colon == NULL || colon[1] == '\0' ||
        !weft_parse_int64(text, (size_t)(colon - text), &out->size) || out->size < 2)
        return weft_error_set(error, WEFT_E_USAGE,
                              "--min-group wants SIZE:COLUMN as in "
                              "10:patient_id, not `%s`",
                              text);
    out->by = weft_arena_strdup(arena, colon + 1);
    return out->by == NULL ? weft_error_nomem(error) : 0;
}

/* What it takes away must be there to be taken away: a misspelt column would show the real one. */
static int approval_read(struct weft_asking *a, const struct weft_access_request *item,
                         struct weft_access_approval *out, struct weft_error *error)
{
    struct weft_arena *arena = a->context->arena;
    struct weft_registered product;
    const struct weft_condition *rows;
    const struct weft_op_value *treats = weft_op_value(a->request, "treat");
    int rc = weft_catalog_product(a->txn, arena, item->product, item->major, 0, &product, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no %s@%d any more", item->product,
                              item->major);
    const struct weft_product *contract =
        product.in_force != NULL ? product.in_force : product.pending;
    WEFT_TRY(group_read(a->request, arena, &out->min_group, error));
    out->rows = weft_op_text(a->request, "rows");
    out->treats = (struct weft_texts){treats->texts, treats->count};
    if (contract == NULL)
        return 0;
    out->version = contract->version;
    for (size_t i = 0; i < treats->count; i++)
        WEFT_TRY(column_named(contract, treats->texts[i], strcspn(treats->texts[i], "="), error));
    if (out->min_group.by != NULL)
        WEFT_TRY(column_named(contract, out->min_group.by, strlen(out->min_group.by), error));
    if (out->rows != NULL) {
        WEFT_TRY(weft_condition_parse(arena, out->rows, &rows, error));
        struct rows_named named = {.contract = contract};
        if (weft_condition_columns(rows, rows_column, &named) != 0)
            return column_unknown(contract, named.missing, "--rows: ", error);
    }
    if (contract->terms_of_use == NULL)
        return 0;
    char *terms = weft_arena_alloc(arena, WEFT_SHA256_HEX);
    if (terms == NULL)
        return weft_error_nomem(error);
    out->terms = terms;
    return weft_sha256_hex(contract->terms_of_use, strlen(contract->terms_of_use), terms, error);
}

/* What an approval comes to, together with the policies. */
struct outcome {
    struct weft_trust_subject subject;
    struct weft_decision decision;
    struct weft_trust *trust;
};

static void columns_json(const struct outcome *outcome, struct weft_json_writer *json)
{
    const struct weft_decision *decision = &outcome->decision;
    weft_json_key(json, "columns");
    weft_json_begin_object(json);
    for (size_t c = 0; c < decision->treatment_count; c++) {
        if (decision->treatments[c].kind == WEFT_TREAT_NONE)
            continue;
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        weft_buf_init(&text, 1 << 16);
        weft_treatment_text(&decision->treatments[c], &text);
        weft_json_member_text(json, outcome->subject.columns[c].name, text.data);
    }
    weft_json_end_object(json);
}

static int decided_answer(struct weft_asking *a, int64_t id, const char *state,
                          const struct outcome *outcome, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_int(&json, "request", id);
    weft_json_member_text(&json, "state", state);
    if (outcome != NULL)
        columns_json(outcome, &json);
    weft_json_end_object(&json);
    return weft_out_json(a->out, &buf, error);
}

/* As it would be decided for them now: asked while what was approved is not committed yet. */
static int outcome_find(struct weft_asking *a, const struct weft_access_request *item,
                        struct outcome *outcome, struct weft_error *error)
{
    struct weft_arena *arena = a->context->arena;
    struct weft_registered product;
    struct weft_request request = {.time_us = a->context->request.time_us};
    bool run = strncmp(item->principal, "domain:", 7) == 0;
    const char *purpose = run ? "run" : item->purpose == NULL ? "" : item->purpose;
    snprintf(request.principal, sizeof request.principal, "%s", item->principal);
    snprintf(request.purpose, sizeof request.purpose, "%s", purpose);
    int rc = weft_catalog_product(a->txn, arena, item->product, item->major, 0, &product, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return rc;
    WEFT_TRY(weft_trust_load(a->txn, 0, &outcome->trust, error));
    WEFT_TRY(weft_trust_know(outcome->trust, a->txn, item->principal, error));
    WEFT_TRY(weft_catalog_subject(arena, a->txn, &product, NULL, 0, 0, &outcome->subject, error));
    return weft_trust_decide(outcome->trust, &request, &outcome->subject, arena, &outcome->decision,
                             error);
}

/* Why a column comes to something else than the approval said. */
static const char *asked_of(const struct weft_access_approval *approval, const char *column,
                            const char *is)
{
    size_t length = strlen(column);
    for (size_t i = 0; i < approval->treats.count; i++) {
        const char *treat = approval->treats.items[i];
        struct weft_treatment asked;
        struct weft_error ignored = WEFT_ERROR_INIT;
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        if (strncmp(treat, column, length) != 0 || treat[length] != '=' ||
            weft_treatment_word(treat + length + 1, &asked, &ignored) < 0)
            continue;
        weft_buf_init(&text, 1 << 16);
        weft_treatment_text(&asked, &text);
        return text.failed || strcmp(text.data, is) == 0 ? NULL : treat + length + 1;
    }
    return NULL;
}

static int outcome_show(struct weft_asking *a, const struct outcome *outcome,
                        const struct weft_access_approval *approval, struct weft_error *error)
{
    const struct weft_decision *decision = &outcome->decision;
    if (decision->verdict != WEFT_VERDICT_YES)
        return weft_out_line(a->out, WEFT_STYLE_CHANGED, error, "  it still reads nothing: %s",
                             weft_decision_denial(decision));
    for (size_t c = 0; c < decision->treatment_count; c++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        const char *name = outcome->subject.columns[c].name;
        weft_buf_init(&text, 1 << 16);
        if (decision->treatments[c].kind == WEFT_TREAT_NONE)
            continue;
        weft_treatment_text(&decision->treatments[c], &text);
        WEFT_TRY(weft_buf_check(&text, error));
        const char *asked = asked_of(approval, name, text.data);
        WEFT_TRY(weft_out_line(a->out, asked == NULL ? WEFT_STYLE_PLAIN : WEFT_STYLE_CHANGED, error,
                               "  %s: %s%s%s%s", name, text.data,
                               asked == NULL ? "" : ", since a policy treats it otherwise than `",
                               asked == NULL ? "" : asked, asked == NULL ? "" : "`"));
    }
    if (decision->rows == NULL)
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf rows;
    weft_buf_init(&rows, 1 << 16);
    weft_condition_print(decision->rows, &rows);
    WEFT_TRY(weft_buf_check(&rows, error));
    return weft_out_line(a->out, WEFT_STYLE_PLAIN, error, "  rows where %s", rows.data);
}

static int decide(struct weft_asking *a, enum weft_access_verb verb, int64_t id,
                  struct outcome *outcome, struct weft_error *error)
{
    struct weft_access_request item;
    struct weft_access_approval approval = {0};
    const char *because = weft_op_text(a->request, "because");
    int rc = weft_access_request_get(a->txn, a->context->arena, id, 0, &item, error);
    WEFT_TRY(rc);
    bool visible = rc == 0 && weft_access_request_visible(&item, &a->who);
    if (visible && (verb == WEFT_ACCESS_APPROVE || verb == WEFT_ACCESS_RENEW)) {
        int64_t days;
        WEFT_TRY(weft_asking_days(a->request, item.days, &days, error));
        approval.until_us = a->context->request.time_us + days * WEFT_ASKING_DAY_US;
    }
    if (visible && verb == WEFT_ACCESS_APPROVE)
        WEFT_TRY(approval_read(a, &item, &approval, error));
    WEFT_TRY(weft_access_decide(a->txn, weft_who_actor(a->context), &a->who, verb, id, &approval,
                                because, error));
    rc = verb == WEFT_ACCESS_APPROVE ? outcome_find(a, &item, outcome, error) : WEFT_NOT_THERE;
    WEFT_TRY(rc);
    bool found = rc == 0;
    WEFT_TRY(weft_asking_commit(a, error));
    static const char *const done[] = {[WEFT_ACCESS_APPROVE] = "approved",
                                       [WEFT_ACCESS_REJECT] = "rejected",
                                       [WEFT_ACCESS_RENEW] = "renewed",
                                       [WEFT_ACCESS_REVOKE] = "revoked",
                                       [WEFT_ACCESS_REVIEW] = "reviewed"};
    WEFT_TRY(decided_answer(a, id, done[verb], found ? outcome : NULL, error));
    char until[WEFT_TIME_TEXT] = "";
    if (approval.until_us != 0)
        weft_time_format(approval.until_us, until);
    WEFT_TRY(weft_out_line(a->out, WEFT_STYLE_GOOD, error, "request %" PRId64 " %s: %s for %s%s%s",
                           id, done[verb], item.product, item.principal,
                           until[0] == '\0' ? "" : ", until ", until));
    return found ? outcome_show(a, outcome, &approval, error) : 0;
}

static int decide_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    static const char *const names[] = {[WEFT_ACCESS_APPROVE] = "approve",
                                        [WEFT_ACCESS_REJECT] = "reject",
                                        [WEFT_ACCESS_RENEW] = "renew",
                                        [WEFT_ACCESS_REVOKE] = "revoke",
                                        [WEFT_ACCESS_REVIEW] = "review"};
    struct weft_asking a = {.context = context, .request = request, .out = out};
    struct outcome outcome = {.trust = NULL};
    const char *because;
    int64_t id;
    size_t verb = 0;
    while (strcmp(names[verb], request->op->name) != 0)
        verb++;
    WEFT_TRY(weft_asking_id(request, &id, error));
    if (verb != WEFT_ACCESS_APPROVE)
        WEFT_TRY(weft_op_because(request, &because, error));
    int rc = weft_asking_begin(&a, true, error);
    if (rc == 0)
        rc = decide(&a, (enum weft_access_verb)verb, id, &outcome, error);
    weft_trust_free(outcome.trust);
    weft_ledger_end(a.txn);
    return rc;
}

const struct weft_op weft_op_approve = {
    .name = "approve",
    .group = "access",
    .summary = "Approve a request for access, whole or with less than was asked for.",
    .help =
        "`weft approve 12 --treat email=mask --rows \"state = 'QC'\" --days 30`. The approval "
        "is the grant, and what the policies take away they take away here, too: it says what the "
        "columns come to. Nobody decides on his own request.",
    .args = approve_args,
    .arg_count = WEFT_COUNT(approve_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = decide_run,
};

#define DECIDE_OP(verb, text, its_args)                                                            \
    const struct weft_op weft_op_##verb = {                                                        \
        .name = #verb,                                                                             \
        .group = "access",                                                                         \
        .summary = text,                                                                           \
        .args = its_args,                                                                          \
        .arg_count = WEFT_COUNT(its_args),                                                         \
        .who = WEFT_OP_PRINCIPAL,                                                                  \
        .run = decide_run,                                                                         \
    }
DECIDE_OP(reject, "Reject a request for access, with the reason.", decide_args);
DECIDE_OP(renew, "Renew an agreement, from now on.", renew_args);
DECIDE_OP(revoke, "Revoke an agreement, or take a request back. It acts at once.", decide_args);
DECIDE_OP(review, "Say what came of looking at an emergency access.", decide_args);

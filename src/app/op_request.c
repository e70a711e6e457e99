/*
 * op_request.c - request, requests, approve, reject, renew, revoke, review: asking for access to a
 * product, and deciding on it. Who may not know of a product is told that it is not there, and who
 * may not know of a request likewise.
 */
#include "app/ops_internal.h"
#include "app/people.h"
#include "trust/requests.h"

#include "base/clock.h"
#include "base/text.h"
#include "policy/condition.h"

#include <stdio.h>
#include <string.h>

#define DAY_US ((int64_t)86400 * 1000000)
#define ARG_ID {"id", 0, WEFT_ARG_WORD_NEEDED, "ID", "The request's number."}

struct asking {
    struct weft_context *context;
    const struct weft_op_request *request;
    struct weft_out *out;
    struct weft_ledger_txn *txn;
    struct weft_principal who;
};

static int days_read(const struct weft_op_request *request, int64_t otherwise, int64_t *days,
                     struct weft_error *error)
{
    const char *text = weft_op_text(request, "days");
    *days = otherwise;
    if (text != NULL &&
        (!weft_parse_int64(text, strlen(text), days) || *days < 1 || *days > WEFT_REQUEST_DAYS_MAX))
        return weft_error_set(error, WEFT_E_USAGE, "--days wants a number from 1 to %d, not `%s`",
                              WEFT_REQUEST_DAYS_MAX, text);
    return 0;
}

static int id_read(const struct weft_op_request *request, int64_t *id, struct weft_error *error)
{
    const char *text = weft_op_text(request, "id");
    if (weft_parse_int64(text, strlen(text), id) && *id > 0)
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "`%s` is not the number of a request", text);
    return weft_error_hint(error, "`weft requests` lists them");
}

static int commit(struct asking *a, struct weft_error *error)
{
    struct weft_ledger_txn *txn = a->txn;
    a->txn = NULL;
    return weft_who_commit(a->context, txn, error);
}

static int begin(struct asking *a, bool write, struct weft_error *error)
{
    struct weft_ledger *ledger;
    WEFT_TRY(weft_context_ledger(a->context, false, &ledger, error));
    WEFT_TRY(write ? weft_ledger_begin_write(ledger, &a->txn, error)
                   : weft_ledger_begin_read(ledger, &a->txn, error));
    return weft_who(a->context, a->txn, a->context->arena, &a->who, error);
}

static int answer(struct asking *a, int64_t id, const char *state, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_int(&json, "request", id);
    weft_json_member_text(&json, "state", state);
    weft_json_end_object(&json);
    return weft_out_json(a->out, &buf, error);
}

/* ---- asking ---- */

static const struct weft_op_arg request_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product, or domain.product@2"},
    {"purpose", 0, WEFT_ARG_TEXT, "PURPOSE", "What for; the agreement holds for this alone."},
    {"days", 0, WEFT_ARG_TEXT, "N", "For how long; 90 without it."},
    {"for", 0, WEFT_ARG_TEXT, "PRINCIPAL",
     "Who is to read: a service, a group, or domain:x whose products are to read it; you "
     "without it."},
    WEFT_ARG_BECAUSE,
};

/* For whom? Himself; the operator for anyone; an engineer for his domain's runs. */
static int ask_for(struct asking *a, const char **principal, struct weft_error *error)
{
    const char *word = weft_op_text(a->request, "for");
    bool local = a->who.kind == WEFT_PRINCIPAL_LOCAL;
    *principal = word == NULL ? a->who.id : word;
    if (word == NULL && local) {
        weft_error_set(error, WEFT_E_USAGE, "you are the local operator, who reads without asking");
        return weft_error_hint(error, "--for user:alice asks for somebody, --as user:alice as him");
    }
    if (word == NULL)
        return 0;
    enum weft_principal_kind kind;
    struct weft_principal other;
    WEFT_TRY(weft_principal_parse(word, &kind, error));
    if (kind == WEFT_PRINCIPAL_LOCAL || kind == WEFT_PRINCIPAL_NODE)
        return weft_error_set(error, WEFT_E_USAGE, "nobody asks for a %s",
                              weft_principal_kind_name(kind));
    WEFT_TRY(weft_principal_get(a->txn, a->context->arena, word, 0, &other, error));
    const char *domain = kind == WEFT_PRINCIPAL_DOMAIN ? strchr(word, ':') + 1 : NULL;
    if (!local && !weft_principal_is(&a->who, word))
        WEFT_TRY(
            domain == NULL
                ? weft_who_may(&a->who, WEFT_RIGHT_PEOPLE, NULL, "ask for somebody else", error)
                : weft_who_may(&a->who, WEFT_RIGHT_PUBLISH, domain, "ask for that domain", error));
    if (domain == NULL && (!other.known || other.disabled))
        return weft_error_set(error, other.known ? WEFT_E_REFUSED : WEFT_E_NOT_FOUND, "%s %s", word,
                              other.known ? "is disabled" : "is not there");
    return 0;
}

/* Where purposes are declared, one that is not would never be let through. */
static int purpose_check(struct asking *a, const char *purpose, struct weft_error *error)
{
    WEFT_CLEANUP(weft_trust_freep) struct weft_trust *trust = NULL;
    if (purpose == NULL)
        return 0;
    WEFT_TRY(weft_trust_load(a->txn, 0, &trust, error));
    if (weft_trust_purpose_known(trust, purpose))
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "`%s` is not a declared purpose", purpose);
    return weft_error_hint(error, "policies declare them: `kind: purposes`");
}

static int request_told(struct asking *a, int64_t id, const struct weft_access_ask *ask,
                        const struct weft_product *contract, struct weft_error *error)
{
    WEFT_TRY(answer(a, id, "open", error));
    WEFT_TRY(weft_out_line(
        a->out, WEFT_STYLE_GOOD, error, "request %" PRId64 ": %s@%d for %s%s%s, %" PRId64 " days",
        id, ask->product, ask->major, ask->principal, ask->purpose == NULL ? "" : ", purpose ",
        ask->purpose == NULL ? "" : ask->purpose, ask->days));
    if (contract != NULL && contract->terms_of_use != NULL)
        WEFT_TRY(weft_out_line(a->out, WEFT_STYLE_PLAIN, error, "You accept its terms of use: %s",
                               contract->terms_of_use));
    return weft_out_line(
        a->out, WEFT_STYLE_DIM, error,
        "%s decides on it; `weft requests %" PRId64 "` shows how it stands.",
        contract != NULL && contract->owner != NULL ? contract->owner : "Its domain's owner", id);
}

static int request_run(struct weft_context *context, const struct weft_op_request *request,
                       struct weft_out *out, struct weft_error *error)
{
    struct asking a = {.context = context, .request = request, .out = out};
    struct weft_registered product;
    struct weft_access_ask ask = {.purpose = weft_op_text(request, "purpose")};
    int64_t id = 0;
    WEFT_TRY(weft_op_because(request, &ask.because, error));
    WEFT_TRY(days_read(request, WEFT_REQUEST_DAYS, &ask.days, error));
    if (ask.purpose != NULL && !weft_name_valid(ask.purpose))
        return weft_error_set(error, WEFT_E_USAGE, "`%s` is not how a purpose is written",
                              ask.purpose);
    WEFT_TRY(weft_context_product(context, weft_op_text(request, "product"), &product, error));
    int rc = begin(&a, true, error);
    if (rc == 0)
        rc = ask_for(&a, &ask.principal, error);
    if (rc == 0)
        rc = purpose_check(&a, ask.purpose, error);
    if (rc == 0) {
        ask.product = product.full_name;
        ask.major = product.major;
        ask.asked_by = a.who.id;
        rc = weft_access_ask(a.txn, weft_who_actor(context), &ask, &id, error);
    }
    if (rc == 0)
        rc = commit(&a, error);
    weft_ledger_end(a.txn);
    return rc < 0
               ? rc
               : request_told(&a, id, &ask,
                              product.in_force != NULL ? product.in_force : product.pending, error);
}

const struct weft_op weft_op_request = {
    .name = "request",
    .group = "access",
    .summary = "Ask for access to a product.",
    .help = "`weft request hospital.patients --purpose research --because \"Study 12\" --days 60`. "
            "Its domain's owner or a governance officer decides; the approval is the grant, for "
            "this major of the product and this purpose, until its end.",
    .args = request_args,
    .arg_count = WEFT_COUNT(request_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = request_run,
};

/* ---- looking ---- */

static const struct weft_op_arg requests_args[] = {
    {"id", 0, WEFT_ARG_WORD, "ID", "One of them in full."},
    {"mine", 0, WEFT_ARG_FLAG, NULL, "Only what was asked by you or for you."},
    {"to-decide", 0, WEFT_ARG_FLAG, NULL, "Only what waits for you."},
    {"all", 0, WEFT_ARG_FLAG, NULL, "Those that are over too."},
    {"state", 0, WEFT_ARG_TEXT, "STATE",
     "open, approved, expired, rejected, revoked, \"to review\" or reviewed."},
    {"product", 0, WEFT_ARG_TEXT, "PRODUCT", "Only those of domain.product."},
    {"principal", 0, WEFT_ARG_TEXT, "PRINCIPAL", "Only those for this one."},
};

static void domain_of(const char *product, char domain[WEFT_NAME_MAX + 1])
{
    size_t length = strcspn(product, ".");
    domain[0] = '\0';
    if (length <= WEFT_NAME_MAX)
        snprintf(domain, WEFT_NAME_MAX + 1, "%.*s", (int)length, product);
}

static bool is_mine(const struct asking *a, const struct weft_access_request *item)
{
    bool domain = strncmp(item->principal, "domain:", 7) == 0;
    return weft_principal_is(&a->who, item->principal) || strcmp(a->who.id, item->asked_by) == 0 ||
           (domain && weft_principal_of_domain(&a->who, item->principal + 7));
}

static bool to_decide(const struct asking *a, const struct weft_access_request *item,
                      const char *state)
{
    char domain[WEFT_NAME_MAX + 1];
    domain_of(item->product, domain);
    enum weft_right right = item->emergency ? WEFT_RIGHT_REVIEW : WEFT_RIGHT_DECIDE;
    return !is_mine(a, item) && (strcmp(state, "open") == 0 || strcmp(state, "to review") == 0) &&
           weft_principal_may(&a->who, right, domain);
}

static bool wanted(const struct asking *a, const struct weft_access_request *item,
                   const char *state)
{
    const char *of_state = weft_op_text(a->request, "state");
    const char *product = weft_op_text(a->request, "product");
    const char *principal = weft_op_text(a->request, "principal");
    bool over = strcmp(state, "expired") == 0 || strcmp(state, "rejected") == 0 ||
                strcmp(state, "revoked") == 0 || strcmp(state, "reviewed") == 0;
    return weft_access_request_visible(item, &a->who) &&
           (!weft_op_given(a->request, "mine") || is_mine(a, item)) &&
           (!weft_op_given(a->request, "to-decide") || to_decide(a, item, state)) &&
           (of_state != NULL ? strcmp(of_state, state) == 0
                             : weft_op_given(a->request, "all") || !over) &&
           (product == NULL || strcmp(product, item->product) == 0) &&
           (principal == NULL || strcmp(principal, item->principal) == 0);
}

static int requests_list(struct asking *a, struct weft_error *error)
{
    static const struct weft_out_column columns[] = {
        {"id", true, false},         {"product", false, false},  {"principal", false, false},
        {"purpose", false, false},   {"state", false, false},    {"until", false, false},
        {"because", false, false},   {"asked_at", false, false}, {"asked_by", false, true},
        {"decided_by", false, true}, {"major", true, true},      {"emergency", false, true}};
    struct weft_access_requests all;
    int64_t now = a->context->request.time_us;
    size_t deciding = 0;
    WEFT_TRY(weft_access_requests_list(a->txn, a->context->arena, 0, &all, error));
    WEFT_TRY(weft_out_table(a->out, columns, WEFT_COUNT(columns), error));
    for (size_t i = 0; i < all.count; i++) {
        const struct weft_access_request *item = &all.items[i];
        const char *state = weft_access_request_state(item, now);
        if (!wanted(a, item, state))
            continue;
        deciding += to_decide(a, item, state);
        const struct weft_cell cells[] = {
            weft_out_cell_int(item->id),         weft_out_cell_text(item->product),
            weft_out_cell_text(item->principal), weft_out_cell_text(item->purpose),
            weft_out_cell_text(state),           weft_out_cell_time(item->until_us),
            weft_out_cell_text(item->because),   weft_out_cell_time(item->asked_us),
            weft_out_cell_text(item->asked_by),  weft_out_cell_text(item->decided_by),
            weft_out_cell_int(item->major),      weft_out_cell_bool(item->emergency)};
        WEFT_TRY(weft_out_row(a->out, cells, error));
    }
    WEFT_TRY(weft_out_table_end(a->out, error));
    return deciding == 0 ? 0
                         : weft_out_line(a->out, WEFT_STYLE_DIM, error,
                                         "%zu wait%s for you: weft approve|reject|review ID",
                                         deciding, deciding == 1 ? "s" : "");
}

static int treat_text(struct weft_arena *arena, const struct weft_access_request *item,
                      const char **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < item->treat_count; i++)
        weft_buf_addf(&buf, "%s%s=%s", i == 0 ? "" : ", ", item->treats[i].column,
                      item->treats[i].text);
    WEFT_TRY(weft_buf_check(&buf, error));
    *out = item->treat_count == 0 ? NULL : weft_arena_strndup(arena, buf.data, buf.length);
    return item->treat_count > 0 && *out == NULL ? weft_error_nomem(error) : 0;
}

/* What somebody wrote stands behind its name, and no line of it where names stand. */
static int row_show(struct weft_out *out, const char *name, const char *text,
                    struct weft_error *error)
{
    for (const char *at = text; at != NULL; name = "") {
        size_t length = strcspn(at, "\n");
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "  %-12s%.*s", name, (int)length, at));
        at = at[length] == '\0' ? NULL : at + length + 1;
    }
    return 0;
}

/* Names and values, one a line; for programs one object. */
static int requests_one(struct asking *a, int64_t id, struct weft_error *error)
{
    struct weft_access_request item;
    struct weft_arena *arena = a->context->arena;
    char asked[WEFT_TIME_TEXT], decided[WEFT_TIME_TEXT] = "", until[WEFT_TIME_TEXT] = "",
                                reviewed[WEFT_TIME_TEXT] = "", group[128] = "";
    const char *treat;
    int rc = weft_access_request_get(a->txn, arena, id, 0, &item, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || !weft_access_request_visible(&item, &a->who)) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no request %" PRId64, id);
        return weft_error_hint(error, "`weft requests` lists those that you may see");
    }
    WEFT_TRY(treat_text(arena, &item, &treat, error));
    weft_time_format(item.asked_us, asked);
    if (item.decided_us != 0)
        weft_time_format(item.decided_us, decided);
    if (item.until_us != 0)
        weft_time_format(item.until_us, until);
    if (item.reviewed_us != 0)
        weft_time_format(item.reviewed_us, reviewed);
    if (item.min_group.size > 0)
        snprintf(group, sizeof group, "%" PRId64 ":%s", item.min_group.size, item.min_group.by);
    const struct {
        const char *name;
        const char *text;
    } rows[] = {{"product", item.product},
                {"version", item.version},
                {"principal", item.principal},
                {"purpose", item.purpose},
                {"because", item.because},
                {"state", weft_access_request_state(&item, a->context->request.time_us)},
                {"asked_by", item.asked_by},
                {"asked_at", asked},
                {"decided_by", item.decided_by},
                {"decided_at", decided},
                {"decision", item.decision_because},
                {"until", until},
                {"terms", item.terms},
                {"treat", treat},
                {"rows", item.rows},
                {"min_group", group},
                {"reviewed_by", item.reviewed_by},
                {"reviewed_at", reviewed},
                {"review", item.review_because}};
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_int(&json, "request", id);
    weft_json_member_int(&json, "major", item.major);
    weft_json_member_bool(&json, "emergency", item.emergency);
    weft_json_member_int(&json, "days", item.days);
    WEFT_TRY(weft_out_line(a->out, WEFT_STYLE_TITLE, error, "request %" PRId64 "%s", id,
                           item.emergency ? " (emergency)" : ""));
    for (size_t i = 0; i < WEFT_COUNT(rows); i++) {
        bool none = rows[i].text == NULL || rows[i].text[0] == '\0';
        weft_json_member_text(&json, rows[i].name, none ? NULL : rows[i].text);
        if (!none)
            WEFT_TRY(row_show(a->out, rows[i].name, rows[i].text, error));
    }
    weft_json_end_object(&json);
    return weft_out_json(a->out, &buf, error);
}

static int requests_run(struct weft_context *context, const struct weft_op_request *request,
                        struct weft_out *out, struct weft_error *error)
{
    struct asking a = {.context = context, .request = request, .out = out};
    int64_t id = 0;
    bool one = weft_op_given(request, "id");
    if (one)
        WEFT_TRY(id_read(request, &id, error));
    int rc = begin(&a, false, error);
    if (rc == 0)
        rc = one ? requests_one(&a, id, error) : requests_list(&a, error);
    weft_ledger_end(a.txn);
    return rc;
}

const struct weft_op weft_op_requests = {
    .name = "requests",
    .group = "access",
    .summary = "Requests for access: yours, and those that you may decide on.",
    .args = requests_args,
    .arg_count = WEFT_COUNT(requests_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = requests_run,
};

/* ---- deciding ---- */

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

static int column_named(const struct weft_product *contract, const char *text, size_t length,
                        struct weft_error *error)
{
    char name[512];
    snprintf(name, sizeof name, "%.*s", (int)WEFT_MIN(length, sizeof name - 1), text);
    if (column_check((void *)(uintptr_t)contract, name) == 0)
        return 0;
    return weft_error_set(error, WEFT_E_USAGE, "%s has no column `%s`", contract->full_name, name);
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
static int approval_read(struct asking *a, const struct weft_access_request *item,
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
        if (weft_condition_columns(rows, column_check, (void *)(uintptr_t)contract) != 0)
            return weft_error_set(error, WEFT_E_USAGE,
                                  "--rows names a column that %s does not have",
                                  contract->full_name);
    }
    if (contract->terms_of_use == NULL)
        return 0;
    char *terms = weft_arena_alloc(arena, WEFT_SHA256_HEX);
    if (terms == NULL)
        return weft_error_nomem(error);
    out->terms = terms;
    return weft_sha256_hex(contract->terms_of_use, strlen(contract->terms_of_use), terms, error);
}

static int decide(struct asking *a, enum weft_access_verb verb, int64_t id,
                  struct weft_error *error)
{
    struct weft_access_request item;
    struct weft_access_approval approval = {0};
    const char *because = weft_op_text(a->request, "because");
    int rc = weft_access_request_get(a->txn, a->context->arena, id, 0, &item, error);
    WEFT_TRY(rc);
    bool visible = rc == 0 && weft_access_request_visible(&item, &a->who);
    if (visible && (verb == WEFT_ACCESS_APPROVE || verb == WEFT_ACCESS_RENEW)) {
        int64_t days;
        WEFT_TRY(days_read(a->request, item.days, &days, error));
        approval.until_us = a->context->request.time_us + days * DAY_US;
    }
    if (visible && verb == WEFT_ACCESS_APPROVE)
        WEFT_TRY(approval_read(a, &item, &approval, error));
    WEFT_TRY(weft_access_decide(a->txn, weft_who_actor(a->context), &a->who, verb, id, &approval,
                                because, error));
    WEFT_TRY(commit(a, error));
    static const char *const done[] = {[WEFT_ACCESS_APPROVE] = "approved",
                                       [WEFT_ACCESS_REJECT] = "rejected",
                                       [WEFT_ACCESS_RENEW] = "renewed",
                                       [WEFT_ACCESS_REVOKE] = "revoked",
                                       [WEFT_ACCESS_REVIEW] = "reviewed"};
    WEFT_TRY(answer(a, id, done[verb], error));
    char until[WEFT_TIME_TEXT] = "";
    if (approval.until_us != 0)
        weft_time_format(approval.until_us, until);
    return weft_out_line(a->out, WEFT_STYLE_GOOD, error, "request %" PRId64 " %s: %s for %s%s%s",
                         id, done[verb], item.product, item.principal,
                         until[0] == '\0' ? "" : ", until ", until);
}

static int decide_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    static const char *const names[] = {[WEFT_ACCESS_APPROVE] = "approve",
                                        [WEFT_ACCESS_REJECT] = "reject",
                                        [WEFT_ACCESS_RENEW] = "renew",
                                        [WEFT_ACCESS_REVOKE] = "revoke",
                                        [WEFT_ACCESS_REVIEW] = "review"};
    struct asking a = {.context = context, .request = request, .out = out};
    const char *because;
    int64_t id;
    size_t verb = 0;
    while (strcmp(names[verb], request->op->name) != 0)
        verb++;
    WEFT_TRY(id_read(request, &id, error));
    if (verb != WEFT_ACCESS_APPROVE)
        WEFT_TRY(weft_op_because(request, &because, error));
    int rc = begin(&a, true, error);
    if (rc == 0)
        rc = decide(&a, (enum weft_access_verb)verb, id, error);
    weft_ledger_end(a.txn);
    return rc;
}

const struct weft_op weft_op_approve = {
    .name = "approve",
    .group = "access",
    .summary = "Approve a request for access, whole or with less than was asked for.",
    .help = "`weft approve 12 --treat email=mask --rows \"state = 'QC'\" --days 30`. The approval "
            "is the grant. Nobody decides on his own request.",
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

/*
 * op_request.c - request, requests: asking for access to a product, and how it stands. Who may not
 * know of a product is told that it is not there, and who may not know of a request likewise.
 */
#include "app/asking.h"
#include "app/people.h"

#include "base/clock.h"
#include "base/text.h"
#include "policy/treatment.h"
#include "trust/decide.h"

#include <stdio.h>
#include <string.h>

#define AGAIN_DAYS 14 /* before its end an agreement may be asked for again */

int weft_asking_days(const struct weft_op_request *request, int64_t otherwise, int64_t *days,
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

int weft_asking_id(const struct weft_op_request *request, int64_t *id, struct weft_error *error)
{
    const char *text = weft_op_text(request, "id");
    if (weft_parse_int64(text, strlen(text), id) && *id > 0)
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "`%s` is not the number of a request", text);
    return weft_error_hint(error, "`weft requests` lists them");
}

int weft_asking_commit(struct weft_asking *a, struct weft_error *error)
{
    struct weft_ledger_txn *txn = a->txn;
    a->txn = NULL;
    return weft_who_commit(a->context, txn, error);
}

int weft_asking_begin(struct weft_asking *a, bool write, struct weft_error *error)
{
    struct weft_ledger *ledger;
    WEFT_TRY(weft_context_ledger(a->context, false, &ledger, error));
    WEFT_TRY(write ? weft_ledger_begin_write(ledger, &a->txn, error)
                   : weft_ledger_begin_read(ledger, &a->txn, error));
    return weft_who(a->context, a->txn, a->context->arena, &a->who, error);
}

static int answer(struct weft_asking *a, int64_t id, const char *state, struct weft_error *error)
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
    {"purpose", 0, WEFT_ARG_TEXT, "PURPOSE",
     "What for; the agreement holds for this alone. Needed where purposes are declared."},
    {"days", 0, WEFT_ARG_TEXT, "N", "For how long; 90 without it."},
    {"for", 0, WEFT_ARG_TEXT, "PRINCIPAL",
     "Who is to read: a service, a group, or domain:x whose products are to read it; you "
     "without it."},
    WEFT_ARG_BECAUSE,
};

/* Outside of its products it is not there; what it is asked for is among its purposes. */
static int key_check(const struct weft_context *context, const char *product, const char *purpose,
                     struct weft_error *error)
{
    const struct weft_key *key = context->request.key;
    if (key == NULL || key->purposes.count == 0 || weft_key_allows(key, product, purpose))
        return 0;
    weft_error_set(error, WEFT_E_DENIED, "the key %s asks only for what its scope names", key->id);
    return weft_error_hint(error, "--purpose %s is one of its purposes", key->purposes.items[0]);
}

/* For whom? Himself; the operator for anyone; an engineer for his domain's runs. */
static int ask_for(struct weft_asking *a, const char **principal, struct weft_error *error)
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

/* Where purposes are declared, one that is not would never be let through, and without one it would
 * be asked for any. A domain's runs have no purpose to state. */
static int purpose_check(struct weft_asking *a, const char *principal, const char *purpose,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_trust_freep) struct weft_trust *trust = NULL;
    WEFT_TRY(weft_trust_load(a->txn, 0, &trust, error));
    if (purpose == NULL) {
        if (weft_trust_purposes(trust)->count == 0 || strncmp(principal, "domain:", 7) == 0)
            return 0;
        weft_error_set(error, WEFT_E_USAGE, "say what for: --purpose PURPOSE");
        return weft_trust_purpose_hint(trust, NULL, error);
    }
    if (weft_trust_purpose_known(trust, purpose))
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "`%s` is not a declared purpose", purpose);
    return weft_trust_purpose_hint(trust, purpose, error);
}

/* He has the same already, with nothing taken away, and for a while yet. */
static int have_check(struct weft_asking *a, const struct weft_access_ask *ask,
                      struct weft_error *error)
{
    struct weft_access_requests all;
    int64_t now = a->context->request.time_us;
    char until[WEFT_TIME_TEXT];
    WEFT_TRY(weft_access_requests_list(a->txn, a->context->arena, 0, &all, error));
    for (size_t i = 0; i < all.count; i++) {
        const struct weft_access_request *one = &all.items[i];
        bool less = one->treat_count > 0 || one->rows != NULL || one->min_group.size > 0;
        bool purpose = one->purpose == NULL ||
                       (ask->purpose != NULL && strcmp(one->purpose, ask->purpose) == 0);
        if (one->state != WEFT_REQUEST_APPROVED || one->emergency || less || !purpose ||
            one->major != ask->major || strcmp(one->product, ask->product) != 0 ||
            strcmp(one->principal, ask->principal) != 0 ||
            one->until_us < now + AGAIN_DAYS * WEFT_ASKING_DAY_US)
            continue;
        weft_time_format(one->until_us, until);
        weft_error_set(error, WEFT_E_EXISTS,
                       "%s has it already: request %" PRId64 " is approved "
                       "until %s",
                       ask->principal, one->id, until);
        return weft_error_hint(error, "its owner may renew it; ask again in its last %d days",
                               AGAIN_DAYS);
    }
    return 0;
}

/* Who decides on it, as far as he can still act. */
static int decider_find(struct weft_asking *a, const struct weft_product *contract,
                        const char **out, struct weft_error *error)
{
    struct weft_principal owner;
    struct weft_error ignored = WEFT_ERROR_INIT;
    *out = contract == NULL ? NULL : contract->owner;
    if (*out == NULL || weft_principal_parse(*out, NULL, &ignored) < 0)
        return 0;
    WEFT_TRY(weft_principal_get(a->txn, a->context->arena, *out, 0, &owner, error));
    if (owner.disabled)
        *out = NULL;
    return 0;
}

static int request_told(struct weft_asking *a, int64_t id, const struct weft_access_ask *ask,
                        const struct weft_product *contract, const char *decider,
                        struct weft_error *error)
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
        decider != NULL ? decider : "An owner of its domain or a governance officer", id);
}

static int request_run(struct weft_context *context, const struct weft_op_request *request,
                       struct weft_out *out, struct weft_error *error)
{
    struct weft_asking a = {.context = context, .request = request, .out = out};
    struct weft_registered product;
    struct weft_access_ask ask = {.purpose = weft_op_text(request, "purpose")};
    const struct weft_product *contract = NULL;
    const char *decider = NULL;
    int64_t id = 0;
    WEFT_TRY(weft_op_because(request, &ask.because, error));
    WEFT_TRY(weft_asking_days(request, WEFT_REQUEST_DAYS, &ask.days, error));
    if (ask.purpose != NULL && !weft_name_valid(ask.purpose))
        return weft_error_set(error, WEFT_E_USAGE, "`%s` is not how a purpose is written",
                              ask.purpose);
    WEFT_TRY(weft_context_product(context, weft_op_text(request, "product"), &product, error));
    WEFT_TRY(key_check(context, product.full_name, ask.purpose, error));
    int rc = weft_asking_begin(&a, true, error);
    if (rc == 0)
        rc = ask_for(&a, &ask.principal, error);
    if (rc == 0)
        rc = purpose_check(&a, ask.principal, ask.purpose, error);
    if (rc == 0) {
        ask.product = product.full_name;
        ask.major = product.major;
        ask.asked_by = a.who.id;
        contract = product.in_force != NULL ? product.in_force : product.pending;
        rc = have_check(&a, &ask, error);
    }
    if (rc == 0)
        rc = decider_find(&a, contract, &decider, error);
    if (rc == 0)
        rc = weft_access_ask(a.txn, weft_who_actor(context), &ask, &id, error);
    if (rc == 0)
        rc = weft_asking_commit(&a, error);
    weft_ledger_end(a.txn);
    return rc < 0 ? rc : request_told(&a, id, &ask, contract, decider, error);
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

static bool is_mine(const struct weft_asking *a, const struct weft_access_request *item)
{
    bool domain = strncmp(item->principal, "domain:", 7) == 0;
    return weft_principal_is(&a->who, item->principal) || strcmp(a->who.id, item->asked_by) == 0 ||
           (domain && weft_principal_of_domain(&a->who, item->principal + 7));
}

static bool to_decide(const struct weft_asking *a, const struct weft_access_request *item,
                      const char *state)
{
    char domain[WEFT_NAME_MAX + 1];
    domain_of(item->product, domain);
    enum weft_right right = item->emergency ? WEFT_RIGHT_REVIEW : WEFT_RIGHT_DECIDE;
    return !is_mine(a, item) && (strcmp(state, "open") == 0 || strcmp(state, "to review") == 0) &&
           weft_principal_may(&a->who, right, domain);
}

static bool wanted(const struct weft_asking *a, const struct weft_access_request *item,
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

static int state_read(const struct weft_op_request *request, struct weft_error *error)
{
    static const char *const states[] = {"open",    "approved",  "expired", "rejected",
                                         "revoked", "to review", "reviewed"};
    const char *state = weft_op_text(request, "state");
    if (state == NULL)
        return 0;
    for (size_t i = 0; i < WEFT_COUNT(states); i++) {
        if (strcmp(states[i], state) == 0)
            return 0;
    }
    const char *near = weft_suggest(state, states, WEFT_COUNT(states));
    weft_error_set(error, WEFT_E_USAGE, "`%.60s` is no state of a request", state);
    if (near != NULL)
        return weft_error_hint(error, "did you mean `%s`?", near);
    return weft_error_hint(error, "open, approved, expired, rejected, revoked, \"to review\" or "
                                  "reviewed");
}

static int requests_list(struct weft_asking *a, struct weft_error *error)
{
    static const struct weft_out_column columns[] = {
        {"id", true, false},         {"product", false, false},  {"principal", false, false},
        {"purpose", false, false},   {"state", false, false},    {"until", false, false},
        {"because", false, false},   {"asked_at", false, false}, {"asked_by", false, true},
        {"decided_by", false, true}, {"major", true, true},      {"emergency", false, true},
        {"days", true, true}};
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
            weft_out_cell_int(item->major),      weft_out_cell_bool(item->emergency),
            weft_out_cell_int(item->days)};
        WEFT_TRY(weft_out_row(a->out, cells, error));
    }
    WEFT_TRY(weft_out_table_end(a->out, error));
    return deciding == 0 ? 0
                         : weft_out_line(a->out, WEFT_STYLE_DIM, error,
                                         "%zu wait%s for you: weft approve|reject|review ID",
                                         deciding, deciding == 1 ? "s" : "");
}

/* To him whom the agreement restricts kinds alone, as `can` tells them. */
static int terms_told(struct weft_arena *arena, struct weft_access_request *item,
                      const char **treat, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 16);
    for (size_t i = 0; i < item->treat_count; i++) {
        const struct weft_treatment *one = &item->treats[i].treatment;
        if (one->kind != WEFT_TREAT_HIDE)
            weft_buf_addf(&buf, "%s%s", buf.length == 0 ? "columns: " : ", ",
                          weft_treatment_kind(one));
    }
    WEFT_TRY(weft_buf_check(&buf, error));
    *treat = buf.length == 0 ? NULL : weft_arena_strndup(arena, buf.data, buf.length);
    if (item->rows != NULL && item->rows[0] != '\0')
        item->rows = "some are kept back";
    return buf.length > 0 && *treat == NULL ? weft_error_nomem(error) : 0;
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

/* "approved    by user:dana, 2026-11-21T04:05:06Z: for the study" */
static int steps_show(struct weft_asking *a, const struct weft_access_steps *steps,
                      struct weft_error *error)
{
    for (size_t i = 0; i < steps->count; i++) {
        const struct weft_access_step *step = &steps->items[i];
        char at[WEFT_TIME_TEXT];
        weft_time_format(step->time_us, at);
        const char *text = weft_arena_format(a->context->arena, "by %s, %s%s%s", step->by, at,
                                             step->because == NULL ? "" : ": ",
                                             step->because == NULL ? "" : step->because);
        if (text == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(row_show(a->out, step->what, text, error));
    }
    return 0;
}

static void steps_json(const struct weft_access_steps *steps, struct weft_json_writer *json)
{
    weft_json_key(json, "decisions");
    weft_json_begin_array(json);
    for (size_t i = 0; i < steps->count; i++) {
        char at[WEFT_TIME_TEXT];
        weft_time_format(steps->items[i].time_us, at);
        weft_json_begin_object(json);
        weft_json_member_text(json, "decision", steps->items[i].what);
        weft_json_member_text(json, "by", steps->items[i].by);
        weft_json_member_text(json, "at", at);
        weft_json_member_text(json, "because", steps->items[i].because);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

struct request_row {
    const char *name;
    const char *text; /* NULL or "" = none */
};

static int rows_show(struct weft_asking *a, const struct weft_access_request *item,
                     const struct weft_access_steps *steps, const struct request_row *rows,
                     size_t count, struct weft_error *error)
{
    char days[32];
    snprintf(days, sizeof days, "%" PRId64, item->days);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_int(&json, "request", item->id);
    weft_json_member_int(&json, "major", item->major);
    weft_json_member_bool(&json, "emergency", item->emergency);
    weft_json_member_int(&json, "days", item->days);
    steps_json(steps, &json);
    WEFT_TRY(weft_out_line(a->out, WEFT_STYLE_TITLE, error, "request %" PRId64 "%s", item->id,
                           item->emergency ? " (emergency)" : ""));
    for (size_t i = 0; i < count; i++) {
        bool none = rows[i].text == NULL || rows[i].text[0] == '\0';
        weft_json_member_text(&json, rows[i].name, none ? NULL : rows[i].text);
        /* People read all decisions, one a line. */
        bool steps_has =
            strncmp(rows[i].name, "decided_", 8) == 0 || strcmp(rows[i].name, "decision") == 0;
        if (!none && !steps_has)
            WEFT_TRY(row_show(a->out, rows[i].name, rows[i].text, error));
        if (strcmp(rows[i].name, "asked_at") == 0)
            WEFT_TRY(row_show(a->out, "days", item->days == 0 ? NULL : days, error));
        if (strcmp(rows[i].name, "decision") == 0)
            WEFT_TRY(steps_show(a, steps, error));
    }
    weft_json_end_object(&json);
    return weft_out_json(a->out, &buf, error);
}

/* Names and values, one a line; for programs one object. */
static int requests_one(struct weft_asking *a, int64_t id, struct weft_error *error)
{
    struct weft_access_request item;
    struct weft_arena *arena = a->context->arena;
    char asked[WEFT_TIME_TEXT], decided[WEFT_TIME_TEXT] = "", until[WEFT_TIME_TEXT] = "",
                                reviewed[WEFT_TIME_TEXT] = "", group[128] = "",
                                domain[WEFT_NAME_MAX + 1];
    const char *treat = NULL;
    struct weft_access_steps steps;
    int rc = weft_access_request_get(a->txn, arena, id, 0, &item, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE || !weft_access_request_visible(&item, &a->who)) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no request %" PRId64, id);
        return weft_error_hint(error, "`weft requests` lists those that you may see");
    }
    snprintf(domain, sizeof domain, "%.*s", (int)strcspn(item.product, "."), item.product);
    bool whole = weft_principal_may(&a->who, WEFT_RIGHT_ACCESS, domain);
    WEFT_TRY(whole ? treat_text(arena, &item, &treat, error)
                   : terms_told(arena, &item, &treat, error));
    WEFT_TRY(weft_access_request_steps(a->txn, arena, id, &steps, error));
    weft_time_format(item.asked_us, asked);
    if (item.decided_us != 0)
        weft_time_format(item.decided_us, decided);
    if (item.until_us != 0)
        weft_time_format(item.until_us, until);
    if (item.reviewed_us != 0)
        weft_time_format(item.reviewed_us, reviewed);
    if (item.min_group.size > 0 && !whole)
        snprintf(group, sizeof group, "of enough subjects");
    else if (item.min_group.size > 0)
        snprintf(group, sizeof group, "%" PRId64 ":%s", item.min_group.size, item.min_group.by);
    const struct request_row rows[] = {
        {"product", item.product},
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
    return rows_show(a, &item, &steps, rows, WEFT_COUNT(rows), error);
}

static int requests_run(struct weft_context *context, const struct weft_op_request *request,
                        struct weft_out *out, struct weft_error *error)
{
    struct weft_asking a = {.context = context, .request = request, .out = out};
    int64_t id = 0;
    bool one = weft_op_given(request, "id");
    if (one)
        WEFT_TRY(weft_asking_id(request, &id, error));
    WEFT_TRY(state_read(request, error));
    int rc = weft_asking_begin(&a, false, error);
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

/*
 * op_can.c - can: may somebody read a product, or a column of it, and why.
 */
#include "app/ops_internal.h"
#include "base/clock.h"
#include "context/gate.h"
#include "context/who.h"
#include "policy/condition.h"
#include "policy/treatment.h"

#include <string.h>

static const struct weft_op_arg can_args[] = {
    {"principal", 0, WEFT_ARG_WORD_NEEDED, "PRINCIPAL", "Who: user:alice, group:nurses, domain:x."},
    {"verb", 0, WEFT_ARG_WORD_NEEDED, "read", "The word `read`."},
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT[.COLUMN]", "What: d.p, d.p@2, d.p.column."},
    {"as-of", 0, WEFT_ARG_TEXT, "TIME", "As it was decided then; a date is that day's end, UTC."},
};

struct can {
    struct weft_context *context;
    const struct weft_op_request *request;
    struct weft_out *out;
    struct weft_ledger_txn *txn;
    struct weft_request as;
    const char *word;   /* domain.product[@major] */
    const char *column; /* NULL */
    struct weft_registered product;
    struct weft_trust_subject subject;
    struct weft_trust *trust;
    struct weft_decision decision;
    size_t at;                              /* of the column in the subject */
    const struct weft_treatment *treatment; /* of the column; NULL = the value */
    bool yes;
    bool shows_sql;
};

static int words_read(struct can *can, struct weft_error *error)
{
    const char *word = weft_op_text(can->request, "product");
    const char *verb = weft_op_text(can->request, "verb");
    const char *dot = strchr(word, '.');
    const char *second = dot == NULL ? NULL : strchr(dot + 1, '.');
    if (strcmp(verb, "read") != 0) {
        weft_error_set(error, WEFT_E_USAGE, "`%.60s` is nothing that can be asked for", verb);
        return weft_error_hint(error, "as in: weft can user:alice read hospital.patients");
    }
    can->word = second == NULL
                    ? word
                    : weft_arena_strndup(can->context->arena, word, (size_t)(second - word));
    can->column = second == NULL ? NULL : second + 1;
    return can->word == NULL ? weft_error_nomem(error) : 0;
}

/* A date is that day's end. */
static int moment_find(struct can *can, struct weft_error *error)
{
    const char *text = weft_op_text(can->request, "as-of");
    struct weft_ledger_head head;
    WEFT_TRY(weft_ledger_head(can->txn, &head, error));
    can->as.sequence = head.sequence;
    if (text == NULL)
        return 0;
    if (!weft_time_parse(text, &can->as.time_us)) {
        weft_error_set(error, WEFT_E_USAGE, "--as-of takes a time, not `%.60s`", text);
        return weft_error_hint(error, "as in --as-of 2026-11-21T04:05:06Z");
    }
    if (strlen(text) == 10)
        can->as.time_us += INT64_C(86400) * 1000000 - 1;
    return weft_ledger_sequence_at(can->txn, can->as.time_us, &can->as.sequence, error);
}

static int product_find(struct can *can, struct weft_error *error)
{
    struct weft_context *context = can->context;
    const char *full_name;
    bool visible;
    int major;
    WEFT_TRY(weft_product_word(context->arena, can->word, &full_name, &major, error));
    int rc = can->as.sequence == 0
                 ? WEFT_NOT_THERE
                 : weft_catalog_product(can->txn, context->arena, full_name, major,
                                        can->as.sequence, &can->product, error);
    WEFT_TRY(rc);
    WEFT_TRY(weft_gate_visible(context, full_name, &visible, error));
    if (rc == 0 && visible)
        return 0;
    /* With its suggestions; then it was not there. */
    struct weft_registered now;
    WEFT_TRY(weft_context_product(context, can->word, &now, error));
    return weft_error_set(error, WEFT_E_NOT_FOUND, "`%s` was not registered then", can->word);
}

/* About oneself everybody may ask; about others who looks after access, and the product's team. */
static int asker_check(struct can *can, struct weft_error *error)
{
    struct weft_principal who;
    char domain[WEFT_PRINCIPAL_MAX];
    const char *about = weft_op_text(can->request, "principal");
    snprintf(domain, sizeof domain, "%.*s", (int)strcspn(can->product.full_name, "."),
             can->product.full_name);
    WEFT_TRY(weft_principal_parse(about, NULL, error));
    snprintf(can->as.principal, sizeof can->as.principal, "%s", about);
    if (strcmp(about, can->context->request.principal) != 0)
        can->as.key = NULL; /* it is the asker's, and bounds nobody else */
    can->shows_sql = true;
    if (weft_request_is_local(&can->context->request))
        return 0;
    WEFT_TRY(weft_who(can->context, can->txn, can->context->arena, &who, error));
    can->shows_sql = weft_principal_may(&who, WEFT_RIGHT_ACCESS, domain) ||
                     weft_principal_of_domain(&who, domain);
    if (can->shows_sql || strcmp(who.id, about) == 0)
        return 0;
    return weft_who_may(&who, WEFT_RIGHT_ACCESS, domain, "ask what others may read", error);
}

/* To who asks about himself what is hidden from him is not there. */
static bool column_hidden(const struct can *can, size_t at)
{
    const struct weft_treatment *known = can->decision.known;
    return !can->shows_sql && known != NULL && known[at].kind == WEFT_TREAT_HIDE;
}

/* What is granted to everyone is granted to nobody who is not there. */
static int somebody(const struct can *can, struct weft_error *error)
{
    const struct weft_principal *who = weft_trust_principal(can->trust, can->as.principal);
    bool added = who->kind == WEFT_PRINCIPAL_USER || who->kind == WEFT_PRINCIPAL_SERVICE ||
                 who->kind == WEFT_PRINCIPAL_GROUP;
    if (who->known || !added)
        return 0;
    weft_error_set(error, WEFT_E_NOT_FOUND, "there %s no %s%s",
                   weft_op_text(can->request, "as-of") == NULL ? "is" : "was", who->id,
                   weft_op_text(can->request, "as-of") == NULL ? "" : " then");
    return weft_error_hint(error, "`weft %s list` shows who there is",
                           weft_principal_kind_name(who->kind));
}

static int decide(struct can *can, struct weft_error *error)
{
    struct weft_arena *arena = can->context->arena;
    WEFT_TRY(weft_trust_load(can->txn, can->as.sequence, &can->trust, error));
    WEFT_TRY(weft_trust_know(can->trust, can->txn, can->as.principal, error));
    WEFT_TRY(somebody(can, error));
    WEFT_TRY(weft_catalog_subject(arena, can->txn, &can->product, NULL, 0, can->as.sequence,
                                  &can->subject, error));
    WEFT_TRY(weft_trust_decide(can->trust, &can->as, &can->subject, arena, &can->decision, error));
    can->yes = can->decision.verdict == WEFT_VERDICT_YES;
    if (can->column == NULL)
        return 0;
    while (can->at < can->subject.column_count &&
           strcmp(can->subject.columns[can->at].name, can->column) != 0)
        can->at++;
    if (can->at == can->subject.column_count || column_hidden(can, can->at))
        return weft_error_set(error, WEFT_E_NOT_FOUND, "`%s` has no column `%.60s`",
                              can->product.name, can->column);
    if (can->decision.treatments != NULL)
        can->treatment = &can->decision.treatments[can->at];
    can->yes = can->yes && (can->treatment == NULL || can->treatment->kind != WEFT_TREAT_HIDE);
    return 0;
}

/* ---- the secured query, as people read it ---- */

static void column_sql(const struct weft_trust_column *column,
                       const struct weft_treatment *treatment, struct weft_buf *out)
{
    if (treatment == NULL || treatment->kind == WEFT_TREAT_NONE) {
        weft_buf_add_sql_name(out, column->name);
        return;
    }
    if (treatment->kind == WEFT_TREAT_NULL)
        weft_buf_adds(out, "NULL");
    else if (treatment->kind == WEFT_TREAT_FIXED)
        weft_buf_add_sql_text(out, treatment->text, strlen(treatment->text));
    else {
        static const char *const names[] = {
            [WEFT_TREAT_MASK] = "mask",      [WEFT_TREAT_HASH] = "hash",
            [WEFT_TREAT_TOKEN] = "token",    [WEFT_TREAT_ROUND] = "round_to",
            [WEFT_TREAT_TRUNCATE] = "first", [WEFT_TREAT_TRUNCATE_TIME] = "date_trunc"};
        weft_buf_addf(out, "%s(", names[treatment->kind]);
        if (treatment->kind == WEFT_TREAT_TRUNCATE_TIME)
            weft_buf_addf(out, "'%s', ", treatment->text);
        weft_buf_add_sql_name(out, column->name);
        if (treatment->kind == WEFT_TREAT_ROUND || treatment->kind == WEFT_TREAT_TRUNCATE)
            weft_buf_addf(out, ", %.15g", treatment->number);
        weft_buf_addc(out, ')');
    }
    weft_buf_adds(out, " AS ");
    weft_buf_add_sql_name(out, column->name);
}

static void secured_sql(const struct can *can, struct weft_buf *out)
{
    const struct weft_decision *decision = &can->decision;
    const char *between = "";
    weft_buf_adds(out, "SELECT ");
    for (size_t i = 0; i < can->subject.column_count; i++) {
        const struct weft_treatment *treatment =
            decision->treatments == NULL ? NULL : &decision->treatments[i];
        if ((treatment != NULL && treatment->kind == WEFT_TREAT_HIDE) ||
            (can->column != NULL && i != can->at))
            continue;
        weft_buf_adds(out, between);
        column_sql(&can->subject.columns[i], treatment, out);
        between = ", ";
    }
    weft_buf_addf(out, " FROM %s", can->product.name);
    if (decision->rows != NULL) {
        weft_buf_adds(out, " WHERE ");
        if (decision->rows->kind == WEFT_CONDITION_NONE)
            weft_buf_adds(out, "false");
        else
            weft_condition_print(decision->rows, out);
    }
    for (size_t i = 0; i < decision->min_group_count; i++) {
        weft_buf_addf(out, "%scount(DISTINCT ", i == 0 ? " -- groups: HAVING " : " AND ");
        weft_buf_add_sql_name(out, decision->min_groups[i].by);
        weft_buf_addf(out, ") >= %" PRId64, decision->min_groups[i].size);
    }
}

/* ---- the answer ---- */

/* Asked about a column: not the rules about others; and to who asks about himself none that is
 * about nothing but what is hidden from him. */
static bool reason_counts(const struct can *can, const struct weft_decision_reason *reason)
{
    bool any = reason->columns == NULL;
    if (reason->kind == WEFT_REASON_LACKS && !can->shows_sql)
        return false;
    for (size_t i = 0; !any && i < can->subject.column_count; i++)
        any = reason->columns[i] && !column_hidden(can, i);
    return any && (can->column == NULL || reason->columns == NULL || reason->columns[can->at]);
}

static bool treats_known(const struct can *can, const struct weft_decision_reason *reason)
{
    for (size_t i = 0; reason->treats != NULL && i < can->subject.column_count; i++) {
        if ((reason->treated == NULL || reason->treated[i]) && !column_hidden(can, i) &&
            (can->column == NULL || i == can->at))
            return true;
    }
    return false;
}

/* Likewise kinds, and neither constants nor names: what a policy compares with, where it looks rows
 * up and how coarse it makes a value is no reader's business. "" = nothing of it is told. */
static const char *reason_text(const struct can *can, const struct weft_decision_reason *reason)
{
    const char *keeps = reason->keeps == NULL ? "" : reason->keeps;
    if (can->shows_sql || (reason->kind != WEFT_REASON_RESTRICTS && keeps[0] == '\0'))
        return reason->text;
    if (!treats_known(can, reason))
        return keeps;
    return weft_arena_format(can->context->arena, "columns: %s%s%s", reason->treats,
                             keeps[0] == '\0' ? "" : "; ", keeps);
}

/* To who asks about himself not how coarse it is. */
static void treatment_print(const struct can *can, const struct weft_treatment *treatment,
                            struct weft_buf *out)
{
    if (can->shows_sql)
        weft_treatment_text(treatment, out);
    else
        weft_buf_adds(out, weft_treatment_kind(treatment));
}

static int reasons_show(const struct can *can, struct weft_error *error)
{
    static const struct {
        enum weft_style style;
        const char *mark;
    } kinds[] = {[WEFT_REASON_GRANTS] = {WEFT_STYLE_GOOD, "+"},
                 [WEFT_REASON_RESTRICTS] = {WEFT_STYLE_CHANGED, "-"},
                 [WEFT_REASON_EXCEPT] = {WEFT_STYLE_DIM, "="},
                 [WEFT_REASON_DENIES] = {WEFT_STYLE_BAD, "x"},
                 [WEFT_REASON_LACKS] = {WEFT_STYLE_CHANGED, "-"}};
    for (size_t i = 0; i < can->decision.reason_count; i++) {
        const struct weft_decision_reason *reason = &can->decision.reasons[i];
        if (!reason_counts(can, reason))
            continue;
        const char *text = reason_text(can, reason);
        if (text == NULL)
            return weft_error_nomem(error);
        if (text[0] == '\0')
            continue;
        WEFT_TRY(weft_out_line(can->out, kinds[reason->kind].style, error, "  %s %s: %s",
                               kinds[reason->kind].mark, reason->rule, text));
    }
    return 0;
}

static int answer_show(const struct can *can, const char *sql, struct weft_error *error)
{
    const char *purpose = can->as.purpose;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf treated;
    char until[WEFT_TIME_TEXT];
    weft_buf_init(&treated, 1 << 16);
    if (can->treatment != NULL)
        treatment_print(can, can->treatment, &treated);
    WEFT_TRY(weft_buf_check(&treated, error));
    WEFT_TRY(weft_out_line(
        can->out, can->yes ? WEFT_STYLE_GOOD : WEFT_STYLE_BAD, error, "%s: %s %s %s%s%s%s%s%s%s",
        can->yes ? "yes" : "no", can->as.principal, can->yes ? "may read" : "may not read",
        can->product.name, can->column == NULL ? "" : ".", can->column == NULL ? "" : can->column,
        purpose[0] == '\0' ? "" : " for ", purpose, can->yes && treated.length > 0 ? ", as " : "",
        can->yes ? treated.data : ""));
    WEFT_TRY(reasons_show(can, error));
    if (can->decision.until_us != 0) {
        weft_time_format(can->decision.until_us, until);
        WEFT_TRY(weft_out_line(can->out, WEFT_STYLE_PLAIN, error, "  until %s", until));
    }
    return sql == NULL ? 0 : weft_out_line(can->out, WEFT_STYLE_DIM, error, "  %s", sql);
}

static void reasons_json(const struct can *can, struct weft_json_writer *json)
{
    static const char *const kinds[] = {"grants", "restricts", "excepted", "denies", "lacks"};
    weft_json_key(json, "reasons");
    weft_json_begin_array(json);
    for (size_t i = 0; i < can->decision.reason_count; i++) {
        const struct weft_decision_reason *reason = &can->decision.reasons[i];
        if (!reason_counts(can, reason))
            continue;
        const char *text = reason_text(can, reason);
        if (text != NULL && text[0] == '\0')
            continue;
        weft_json_begin_object(json);
        weft_json_member_text(json, "effect", kinds[reason->kind]);
        weft_json_member_text(json, "rule", reason->rule);
        weft_json_member_text(json, "text", text);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

static void columns_json(const struct can *can, struct weft_json_writer *json)
{
    weft_json_key(json, "columns");
    weft_json_begin_object(json);
    for (size_t i = 0; can->decision.verdict == WEFT_VERDICT_YES && i < can->subject.column_count;
         i++) {
        static const struct weft_treatment none = {.kind = WEFT_TREAT_NONE};
        if (column_hidden(can, i))
            continue;
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        weft_buf_init(&text, 1 << 16);
        treatment_print(
            can, can->decision.treatments == NULL ? &none : &can->decision.treatments[i], &text);
        weft_json_member_text(json, can->subject.columns[i].name, text.data);
    }
    weft_json_end_object(json);
}

static int answer_json(const struct can *can, const char *sql, struct weft_error *error)
{
    struct weft_json_writer json;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf rows;
    char until[WEFT_TIME_TEXT];
    weft_buf_init(&text, (size_t)16 << 20);
    weft_buf_init(&rows, (size_t)1 << 20);
    weft_json_writer_init(&json, &text);
    weft_json_begin_object(&json);
    weft_json_member_bool(&json, "allowed", can->yes);
    weft_json_member_text(&json, "principal", can->as.principal);
    weft_json_member_text(&json, "product", can->product.full_name);
    weft_json_member_int(&json, "major", can->product.major);
    weft_json_member_text(&json, "column", can->column);
    weft_json_member_text(&json, "purpose", can->as.purpose[0] == '\0' ? NULL : can->as.purpose);
    weft_json_member_bool(&json, "discoverable", can->decision.discoverable);
    reasons_json(can, &json);
    columns_json(can, &json);
    if (can->decision.rows != NULL && can->shows_sql)
        weft_condition_print(can->decision.rows, &rows);
    else if (can->decision.rows != NULL)
        weft_buf_adds(&rows, "some are kept back");
    weft_json_member_text(&json, "rows", can->decision.rows == NULL ? NULL : rows.data);
    weft_time_format(can->decision.until_us, until);
    weft_json_member_text(&json, "until", can->decision.until_us == 0 ? NULL : until);
    weft_json_member_text(&json, "sql", sql);
    weft_json_end_object(&json);
    WEFT_TRY(weft_buf_check(&rows, error));
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_out_json(can->out, &text, error);
}

static int answer(const struct can *can, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)4 << 20);
    bool shows = can->shows_sql && can->decision.verdict == WEFT_VERDICT_YES &&
                 (can->column == NULL || can->yes);
    if (shows)
        secured_sql(can, &sql);
    WEFT_TRY(weft_buf_check(&sql, error));
    const char *text = shows ? sql.data : NULL;
    WEFT_TRY(can->out->for_people ? answer_show(can, text, error) : answer_json(can, text, error));
    if (can->yes)
        return 0;
    return weft_error_set(error, WEFT_E_DENIED, "%s may not read %s%s%s", can->as.principal,
                          can->product.name, can->column == NULL ? "" : ".",
                          can->column == NULL ? "" : can->column);
}

static int can_do(struct can *can, struct weft_error *error)
{
    WEFT_TRY(words_read(can, error));
    WEFT_TRY(moment_find(can, error));
    WEFT_TRY(product_find(can, error));
    WEFT_TRY(asker_check(can, error));
    WEFT_TRY(decide(can, error));
    return answer(can, error);
}

static int can_run(struct weft_context *context, const struct weft_op_request *request,
                   struct weft_out *out, struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct can can = {.context = context, .request = request, .out = out, .as = context->request};
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &can.txn, error));
    int rc = can_do(&can, error);
    weft_trust_free(can.trust);
    weft_ledger_end(can.txn);
    return rc;
}

const struct weft_op weft_op_can = {
    .name = "can",
    .group = "access",
    .summary = "Say whether somebody may read a product, or a column of it, and why.",
    .help = "Exit status 0 for yes, 3 for no. Each rule that spoke stands below: + lets it be "
            "read, - takes something away, = would have but for an exception, x is what was "
            "missing. --purpose says what for. The secured query shows what they would read: "
            "mask(), hash() and the like stand for the treatments.",
    .args = can_args,
    .arg_count = WEFT_COUNT(can_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = can_run,
};

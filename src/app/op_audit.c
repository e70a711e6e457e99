/*
 * op_audit.c - audit: who read what; verify, anchor, expire. Looking at it is a read like any
 * other: decided, and written down.
 */
#include "app/ops_internal.h"
#include "context/gate.h"
#include "context/who.h"
#include "trust/audit.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_OTHERWISE 100

static const struct weft_op_arg audit_args[] = {
    {"what", 0, WEFT_ARG_WORD, "VERB", "list, verify, anchor or expire; list without it."},
    {"principal", 0, WEFT_ARG_TEXT, "PRINCIPAL", "Only what this one read, or who acted as it."},
    {"product", 0, WEFT_ARG_TEXT, "PRODUCT", "Only reads of domain.product, or of domain.*."},
    {"since", 0, WEFT_ARG_TEXT, "TIME", "From this time on: 2026-11-21, 2026-11-21T04:00Z."},
    {"until", 0, WEFT_ARG_TEXT, "TIME", "Before this time."},
    {"decision", 0, WEFT_ARG_TEXT, "yes|no", "Only what was let through, or denied."},
    {"purpose", 0, WEFT_ARG_TEXT, "PURPOSE", "Only for this purpose."},
    {"agreement", 0, WEFT_ARG_TEXT, "ID", "Only under the agreement that request ID became."},
    {"limit", 0, WEFT_ARG_TEXT, "N", "The newest N; 100 without it."},
    {"accept", 0, WEFT_ARG_FLAG, NULL, "verify: go on without lines that are missing."},
    {"because", 0, WEFT_ARG_TEXT, "REASON", "With --accept: why; the ledger keeps it."},
};

struct filter {
    const char *principal, *product, *decision, *purpose;
    int64_t since_us, until_us, agreement, limit;
};

static int time_read(const struct weft_op_request *request, const char *name, int64_t *us,
                     struct weft_error *error)
{
    const char *text = weft_op_text(request, name);
    if (text == NULL || weft_time_parse(text, us))
        return 0;
    weft_error_set(error, WEFT_E_USAGE, "--%s takes a time, not `%.60s`", name, text);
    return weft_error_hint(error, "as in 2026-11-21 or 2026-11-21T04:00:00Z");
}

static int filter_read(const struct weft_op_request *request, struct filter *filter,
                       struct weft_error *error)
{
    const char *agreement = weft_op_text(request, "agreement");
    *filter = (struct filter){.principal = weft_op_text(request, "principal"),
                              .product = weft_op_text(request, "product"),
                              .decision = weft_op_text(request, "decision"),
                              .purpose = weft_op_text(request, "purpose"),
                              .until_us = INT64_MAX};
    WEFT_TRY(time_read(request, "since", &filter->since_us, error));
    WEFT_TRY(time_read(request, "until", &filter->until_us, error));
    WEFT_TRY(weft_op_limit(request, LIMIT_OTHERWISE, &filter->limit, error));
    if (filter->decision != NULL && strcmp(filter->decision, "yes") != 0 &&
        strcmp(filter->decision, "no") != 0)
        return weft_error_set(error, WEFT_E_USAGE, "--decision is yes or no, not `%.60s`",
                              filter->decision);
    if (agreement != NULL && (!weft_parse_int64(agreement, strlen(agreement), &filter->agreement) ||
                              filter->agreement < 1))
        return weft_error_set(error, WEFT_E_USAGE, "--agreement takes the number of a request");
    return 0;
}

static bool same(const char *text, const char *wanted)
{
    return text != NULL && strcmp(text, wanted) == 0;
}

/* One of the comma-separated names; "domain.*" means all of a domain. */
static bool product_in(const char *products, const char *wanted)
{
    size_t length = strlen(wanted);
    bool all = length > 2 && strcmp(wanted + length - 2, ".*") == 0;
    for (const char *at = products; at != NULL && *at != '\0';) {
        size_t one = strcspn(at, ",");
        if (all ? one >= length && memcmp(at, wanted, length - 1) == 0
                : one == length && memcmp(at, wanted, length) == 0)
            return true;
        at += one + (at[one] == ',');
    }
    return false;
}

/* Of several agreements of one read a line names one, and its rules all of them. */
static bool under(const struct filter *filter, const struct weft_audit_line *line)
{
    char rule[40];
    int length = snprintf(rule, sizeof rule, "request %" PRId64, filter->agreement);
    return line->agreement == filter->agreement ||
           weft_audit_rule_in(line->reason, rule, (size_t)length);
}

static bool wanted(const struct filter *filter, const struct weft_audit_line *line)
{
    return line->time_us < filter->until_us &&
           (filter->principal == NULL || same(line->principal, filter->principal) ||
            same(line->actor, filter->principal)) &&
           (filter->product == NULL || product_in(line->products, filter->product)) &&
           (filter->decision == NULL || same(line->decision, filter->decision)) &&
           (filter->purpose == NULL || same(line->purpose, filter->purpose)) &&
           (filter->agreement == 0 || under(filter, line));
}

static int line_show(const struct weft_audit_line *line, struct weft_out *out,
                     struct weft_error *error)
{
    static const struct weft_cell none = {.kind = WEFT_CELL_NULL};
    const struct weft_cell cells[] = {
        weft_out_cell_time(line->time_us),
        weft_out_cell_text(line->principal),
        weft_out_cell_text(line->actor),
        weft_out_cell_text(line->products),
        weft_out_cell_text(line->purpose),
        weft_out_cell_text(line->decision),
        weft_out_cell_text(line->reason),
        line->rows < 0 ? none : weft_out_cell_int(line->rows),
        weft_out_cell_text(line->command),
        line->agreement == 0 ? none : weft_out_cell_int(line->agreement),
        weft_out_cell_text(line->columns),
        weft_out_cell_text(line->door),
        weft_out_cell_text(line->key),
        weft_out_cell_text(line->sql_hash),
        line->duration_us < 0 ? none : weft_out_cell_int(line->duration_us),
        weft_out_cell_text(line->result),
        weft_out_cell_int(line->sequence),
        weft_out_cell_text(line->hash),
    };
    return weft_out_row(out, cells, error);
}

static const struct weft_out_column list_columns[] = {
    {"time", false, false},     {"principal", false, false}, {"actor", false, false},
    {"products", false, false}, {"purpose", false, false},   {"decision", false, false},
    {"reason", false, false},   {"rows", true, false},       {"command", false, true},
    {"agreement", true, true},  {"columns", false, true},    {"door", false, true},
    {"key", false, true},       {"sql_hash", false, true},   {"duration_us", true, true},
    {"result", false, true},    {"sequence", true, true},    {"hash", false, true}};

/* The newest `limit` of those that are wanted, in the order of time. */
static int lines_show(const struct weft_audit_lines *lines, const struct filter *filter,
                      struct weft_out *out, int64_t *shown, struct weft_error *error)
{
    size_t from = lines->count;
    int64_t found = 0;
    while (from > 0 && found < filter->limit)
        found += wanted(filter, &lines->items[--from]);
    WEFT_TRY(weft_out_table(out, list_columns, WEFT_COUNT(list_columns), error));
    for (size_t i = from; i < lines->count; i++) {
        if (wanted(filter, &lines->items[i]))
            WEFT_TRY(line_show(&lines->items[i], out, error));
    }
    *shown = found;
    return weft_out_table_end(out, error);
}

/* May he read the audit? A denial stands there too. */
static int audit_decide(struct weft_context *context, struct weft_ledger *ledger,
                        struct weft_audit_read *read, struct weft_decision *decision,
                        struct weft_error *error)
{
    static const struct weft_trust_subject subject = {
        .kind = WEFT_SUBJECT_AUDIT, .full_name = "mesh.audit", .domain = "mesh"};
    const struct weft_trust *trust = NULL;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_ledger_head head;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    context->request.sequence = head.sequence; /* what it sees: for the line, too */
    WEFT_TRY(weft_gate_trust(context, txn, &trust, error));
    WEFT_TRY(
        weft_trust_decide(trust, &context->request, &subject, context->arena, decision, error));
    *read = (struct weft_audit_read){.request = &context->request,
                                     .door = "cli",
                                     .command = "audit",
                                     .products = "mesh.audit",
                                     .columns = "",
                                     .sql_hash = "",
                                     .reason = decision->reason,
                                     .decision = "yes"};
    if (decision->verdict == WEFT_VERDICT_YES)
        return 0;
    read->decision = "no";
    WEFT_TRY(weft_audit_append(ledger, read, error));
    weft_error_set(error, WEFT_E_DENIED, "%s may not read the audit", context->request.principal);
    return weft_error_hint(error, "the role auditor may, and whom a grant on mesh.audit names");
}

/* No line, and a name that nobody has: said to whom it is not hidden who there is. */
static int nobody_note(struct weft_context *context, struct weft_ledger *ledger, const char *name,
                       struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_principal who, one;
    struct weft_principals all;
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    WEFT_TRY(weft_who(context, txn, context->arena, &who, error));
    if (!weft_principal_may(&who, WEFT_RIGHT_ACCESS, NULL))
        return 0;
    if (weft_principal_parse(name, NULL, &ignored) == 0) {
        WEFT_TRY(weft_principal_get(txn, context->arena, name, 0, &one, error));
        if (one.known || (one.kind != WEFT_PRINCIPAL_USER && one.kind != WEFT_PRINCIPAL_SERVICE &&
                          one.kind != WEFT_PRINCIPAL_GROUP))
            return 0;
    }
    WEFT_TRY(weft_principals_list(txn, context->arena, 0, &all, error));
    const char **names = weft_arena_array(context->arena, 2 * all.count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < all.count; i++) {
        names[2 * i] = all.items[i].id;
        names[2 * i + 1] = strchr(all.items[i].id, ':') + 1;
    }
    const char *near = weft_suggest(name, names, 2 * all.count), *id = NULL;
    for (size_t i = 0; near != NULL && id == NULL && i < all.count; i++) {
        if (near == names[2 * i] || near == names[2 * i + 1])
            id = all.items[i].id;
    }
    weft_out_note(out, "there is nobody called `%.100s`%s%s%s", name,
                  id == NULL ? "; names are written as user:alice, service:dash"
                             : "; did you mean `",
                  id == NULL ? "" : id, id == NULL ? "" : "`?");
    return 0;
}

static int audit_list(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_ledger *ledger, struct weft_out *out, struct weft_error *error)
{
    struct filter filter;
    struct weft_audit_read read;
    struct weft_audit_lines lines;
    struct weft_decision decision;
    char id[WEFT_SHA256_HEX];
    int64_t started_us = weft_clock_mono_us(), shown = 0;
    const char *home = weft_ledger_home(ledger);
    WEFT_TRY(filter_read(request, &filter, error));
    WEFT_TRY(audit_decide(context, ledger, &read, &decision, error));
    WEFT_TRY(weft_audit_list(home, context->arena, filter.since_us, &lines, error));
    WEFT_TRY(weft_audit_begin(ledger, &read, id, error));
    int rc = lines_show(&lines, &filter, out, &shown, error);
    struct weft_error own = WEFT_ERROR_INIT;
    const struct weft_audit_done done = {
        .rows = shown, .duration_us = weft_clock_mono_us() - started_us, .good = rc == 0};
    if (weft_audit_end(ledger, id, &done, rc < 0 ? &own : error) < 0)
        return -1;
    if (rc == 0 && shown == 0 && filter.principal != NULL)
        rc = nobody_note(context, ledger, filter.principal, out, error);
    return rc;
}

static int told(struct weft_out *out, const char *what, int64_t count, const char *text,
                struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "result", what);
    if (count >= 0)
        weft_json_member_int(&json, "count", count);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    if (count < 0)
        return weft_out_line(out, WEFT_STYLE_GOOD, error, "%s", text);
    return weft_out_line(out, WEFT_STYLE_GOOD, error, "%s: %" PRId64 " %s", what, count, text);
}

static int audit_verify(struct weft_context *context, const struct weft_op_request *request,
                        struct weft_ledger *ledger, const struct weft_principal *who,
                        struct weft_out *out, struct weft_error *error)
{
    int64_t count = 0;
    bool accepted = false;
    const char *because;
    if (weft_op_given(request, "accept")) {
        if (who->kind != WEFT_PRINCIPAL_LOCAL)
            return weft_error_set(error, WEFT_E_DENIED,
                                  "`weft audit verify --accept` is for the local operator");
        WEFT_TRY(weft_op_because(request, &because, error));
        WEFT_TRY(
            weft_audit_accept(ledger, weft_who_actor(context), because, &count, &accepted, error));
    }
    WEFT_TRY(weft_audit_verify_all(ledger, &count, error));
    return told(out, accepted ? "accepted as it is" : "verified", count,
                count == 1 ? "line" : "lines", error);
}

static int audit_anchor(struct weft_context *context, struct weft_ledger *ledger,
                        struct weft_out *out, struct weft_error *error)
{
    bool anchored = false;
    struct weft_ledger_txn *txn;
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    if (weft_audit_anchor(txn, weft_who_actor(context), &anchored, error) < 0) {
        weft_ledger_end(txn);
        return -1;
    }
    WEFT_TRY(weft_ledger_commit(txn, error));
    return told(out, anchored ? "anchored" : "unchanged", -1,
                anchored ? "The audit's end stands in the ledger now."
                         : "The ledger has the audit's end already.",
                error);
}

static int audit_expire(struct weft_context *context, struct weft_ledger *ledger,
                        struct weft_out *out, struct weft_error *error)
{
    const struct weft_settings *settings;
    int64_t removed = 0;
    WEFT_TRY(weft_context_settings(context, &settings, error));
    int64_t keep_us = weft_settings_number(settings, WEFT_SETTING_AUDIT_RETENTION);
    WEFT_TRY(weft_audit_expire(ledger, weft_who_actor(context), context->request.time_us - keep_us,
                               &removed, error));
    return told(out, "removed", removed, removed == 1 ? "month" : "months", error);
}

static int audit_run(struct weft_context *context, const struct weft_op_request *request,
                     struct weft_out *out, struct weft_error *error)
{
    static const char *const known[] = {"list", "verify", "anchor", "expire"};
    const char *what = weft_op_given(request, "what") ? weft_op_text(request, "what") : "list";
    const char *near = weft_suggest(what, known, WEFT_COUNT(known));
    struct weft_ledger *ledger;
    struct weft_principal who;
    if (near == NULL || strcmp(near, what) != 0) {
        weft_error_set(error, WEFT_E_USAGE, "`weft audit` does not know `%s`", what);
        return weft_error_hint(error, "%s", audit_args[0].help);
    }
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    if (what[0] == 'l')
        return audit_list(context, request, ledger, out, error);
    {
        WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
        WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
        WEFT_TRY(weft_who(context, txn, context->arena, &who, error));
    }
    WEFT_TRY(weft_who_may(&who, WEFT_RIGHT_AUDIT, NULL, "look after the audit", error));
    if (what[0] == 'v')
        return audit_verify(context, request, ledger, &who, out, error);
    if (what[0] == 'a')
        return audit_anchor(context, ledger, out, error);
    if (who.kind != WEFT_PRINCIPAL_LOCAL)
        return weft_error_set(error, WEFT_E_DENIED,
                              "`weft audit expire` is for the local operator");
    return audit_expire(context, ledger, out, error);
}

const struct weft_op weft_op_audit = {
    .name = "audit",
    .group = "access",
    .summary = "Who read what, when, for what, and what was denied; verify its chain.",
    .help =
        "Each read: who, as whom, products, columns, rows that went out, purpose, the agreement "
        "it was read under, the rules that decided, and the hash of the secured query; never a "
        "value. The role auditor reads it, and whom a grant on mesh.audit names. `verify` walks "
        "the chain and compares it with its head and the ledger; where lines are missing "
        "`--accept` goes on with what is there, and the ledger says what is not. `anchor` puts its "
        "end into the ledger (so does every apply); `expire` removes months older than the setting "
        "audit_retention.",
    .args = audit_args,
    .arg_count = WEFT_COUNT(audit_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = audit_run,
};

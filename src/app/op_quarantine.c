/*
 * op_quarantine.c - quarantine: what was set aside and why, replay, dismiss. The rows are read
 * through the same way as any query; what changes them is the local operator's.
 */
#include "app/quarantine_internal.h"
#include "context/gate.h"

#include "base/fs.h"
#include "base/text.h"
#include "flow/quarantine.h"

#include <stdio.h>
#include <string.h>

#define EXAMPLES_SHOWN 3
#define RAW_SHOWN 100

static const struct weft_op_arg quarantine_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT", "domain.product"},
    {"run", 0, WEFT_ARG_TEXT, "RUN", "Show the examples that a blocked run kept."},
    {"rule", 0, WEFT_ARG_TEXT, "RULE", "Only rows that broke this rule."},
    {"since", 0, WEFT_ARG_TEXT, "TIME", "Only rows that were set aside at that time or later."},
    {"before", 0, WEFT_ARG_TEXT, "TIME", "Only rows that were set aside before that time."},
    {"replay", 0, WEFT_ARG_FLAG, NULL, "Send the open rows through the present contract."},
    {"export", 0, WEFT_ARG_TEXT, "FILE",
     "Write them to a file to be mended: .csv, .tsv, .json, .ndjson; - is standard output."},
    {"from", 0, WEFT_ARG_TEXT, "FILE",
     "With --replay: the rows of such a file, with its values; needs --because."},
    {"format", 0, WEFT_ARG_TEXT, "FORMAT",
     "Of the file, where its name does not say it: csv, tsv, json, ndjson."},
    {"dismiss", 0, WEFT_ARG_FLAG, NULL, "Close the open rows; needs --because."},
    {"all", 0, WEFT_ARG_FLAG, NULL, "Also rows that were replayed, dismissed or closed."},
    WEFT_ARG_BECAUSE,
    WEFT_ARG_NO_WAIT,
};

/* ---- rows that were set aside ---- */

/* Times are those of runs, which the ledger has. */
static int times_put(struct weft_context *context, struct weft_buf *sql, const char *table,
                     const struct weft_op_request *request, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_quarantine_choice choice;
    const char *const *runs = NULL;
    size_t count = 0;
    WEFT_TRY(weft_quarantine_choice_read(request, &choice, error));
    if (choice.since_us == 0 && choice.before_us == 0)
        return 0;
    WEFT_TRY(weft_ledger_begin_read(context->ledger, &txn, error));
    WEFT_TRY(weft_quarantine_runs(txn, context->arena, table, &choice, &runs, &count, error));
    weft_buf_adds(sql, count == 0 ? " and (false" : " and q.run_id in (");
    for (size_t i = 0; i < count; i++) {
        weft_buf_adds(sql, i > 0 ? ", " : "");
        weft_buf_add_sql_text(sql, runs[i], strlen(runs[i]));
    }
    weft_buf_addc(sql, ')');
    return 0;
}

int weft_quarantine_sql(struct weft_context *context, struct weft_buf *sql, const char *select,
                        const struct weft_registered *product,
                        const struct weft_op_request *request, const char *tail,
                        struct weft_error *error)
{
    const char *full_name = product->name;
    size_t domain = strcspn(full_name, ".");
    const char *rule = weft_op_text(request, "rule");
    weft_buf_addf(sql, "select %s from %.*s__quarantine.%s q where ", select, (int)domain,
                  full_name, full_name + domain + 1);
    weft_buf_adds(sql, weft_op_given(request, "all") ? "true" : "q.state = 'open'");
    if (rule != NULL) {
        weft_buf_adds(sql, " and list_contains(q.rules, ");
        weft_buf_add_sql_text(sql, rule, strlen(rule));
        weft_buf_addc(sql, ')');
    }
    WEFT_TRY(times_put(context, sql, product->table, request, error));
    weft_buf_adds(sql, tail);
    return weft_buf_check(sql, error);
}

enum {
    JSON_ROW_ID,
    JSON_RUN_ID,
    JSON_VERSION,
    JSON_PORT,
    JSON_FILE,
    JSON_LINE,
    JSON_BYTE,
    JSON_RAW,
    JSON_VALUES,
    JSON_RULES,
    JSON_STATE,
    JSON_STATE_BY,
    JSON_COLUMNS
};

static const char *text_or_null(struct weft_result *result, size_t column)
{
    return weft_result_is_null(result, column) ? NULL : weft_result_text(result, column);
}

/* The rules of a row, one a line, and why it broke each. */
static int rules_json(struct weft_result *result, const struct weft_product *contract,
                      struct weft_buf *rules, struct weft_buf *whys, struct weft_error *error)
{
    struct weft_json_writer rules_writer, whys_writer;
    WEFT_CLEANUP(weft_freep) char *list = weft_strdup(weft_result_text(result, JSON_RULES));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf why;
    weft_buf_init(&why, 1 << 20);
    if (list == NULL)
        return weft_error_nomem(error);
    weft_json_writer_init(&rules_writer, rules);
    weft_json_writer_init(&whys_writer, whys);
    weft_json_begin_array(&rules_writer);
    weft_json_begin_array(&whys_writer);
    for (char *at = list; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        char *next = at + length + (at[length] == '\n');
        at[length] = '\0';
        weft_buf_clear(&why);
        WEFT_TRY(weft_quarantine_explain(contract, text_or_null(result, JSON_PORT), at,
                                         text_or_null(result, JSON_RAW),
                                         text_or_null(result, JSON_VALUES), &why, error));
        weft_json_put_text(&rules_writer, at);
        if (why.length > 0)
            weft_json_put_text(&whys_writer, why.data);
        else
            weft_json_put_null(&whys_writer);
        at = next;
    }
    weft_json_end_array(&rules_writer);
    weft_json_end_array(&whys_writer);
    WEFT_TRY(weft_buf_check(rules, error));
    return weft_buf_check(whys, error);
}

static int row_json(struct weft_result *result, const struct weft_product *contract,
                    struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf rules;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf whys;
    /* A text of the result is valid up to the next one asked for. */
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    struct weft_cell cells[JSON_COLUMNS + 1];
    weft_buf_init(&rules, 1 << 20);
    weft_buf_init(&whys, 1 << 24);
    if (arena == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < JSON_COLUMNS; i++) {
        const char *text = text_or_null(result, i);
        bool number = i == JSON_LINE || i == JSON_BYTE;
        const char *kept = text == NULL ? NULL : weft_arena_strdup(arena, text);
        if (text != NULL && kept == NULL)
            return weft_error_nomem(error);
        cells[i] = number && text != NULL ? weft_out_cell_int(weft_result_int(result, i))
                                          : weft_out_cell_text(kept);
    }
    WEFT_TRY(rules_json(result, contract, &rules, &whys, error));
    cells[JSON_RULES] = weft_out_cell_json(rules.data);
    cells[JSON_COLUMNS] = weft_out_cell_json(whys.data);
    return weft_out_row(out, cells, error);
}

static int rows_json_send(struct weft_query *query, const struct weft_product *contract,
                          struct weft_out *out, struct weft_error *error)
{
    static const char *const names[] = {
        "row_id", "run_id", "contract_version", "port", "file", "line", "byte", "raw", "values",
        "rules",  "state",  "state_by",         "why"};
    struct weft_out_column columns[WEFT_COUNT(names)] = {0};
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    int rc;
    for (size_t i = 0; i < WEFT_COUNT(names); i++)
        columns[i].name = names[i];
    WEFT_TRY(weft_resolved_query(query->engine, &query->resolved, NULL, 0, &result, error));
    WEFT_TRY(weft_out_table(out, columns, WEFT_COUNT(names), error));
    while ((rc = weft_result_row(result, error)) == 0) {
        query->rows++;
        WEFT_TRY(row_json(result, contract, out, error));
    }
    WEFT_TRY(rc);
    return weft_out_table_end(out, error);
}

static int rows_json(struct weft_context *context, const struct weft_registered *product,
                     const struct weft_op_request *request, struct weft_out *out,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, context);
    WEFT_TRY(weft_quarantine_sql(context, &query.sql,
                                 "q.row_id, q.run_id, q.contract_version, q.port, q.file, q.line, "
                                 "q.byte, q.raw, q.\"values\", array_to_string(q.rules, chr(10)), "
                                 "q.state, q.state_by",
                                 product, request, " order by q.run_id, q.byte, q.row_id", error));
    WEFT_TRY(weft_query_open(&query, error));
    int rc = rows_json_send(&query, weft_registered_newest(product), out, error);
    struct weft_error audit = WEFT_ERROR_INIT;
    if (weft_query_audit(&query, rc, rc < 0 ? &audit : error) < 0)
        return -1;
    return rc;
}

enum { ROW_RULE, ROW_N, ROW_FILE, ROW_LINE, ROW_RAW, ROW_STATE, ROW_OPEN, ROW_PORT, ROW_VALUES };

/* The first line of a text, cut to what fits beside a place. */
static void first_line(const char *text, struct weft_buf *out)
{
    size_t length = strcspn(text, "\r\n");
    bool cut = text[length] != '\0' || length > RAW_SHOWN;
    if (length > RAW_SHOWN)
        length = weft_utf8_valid(text, RAW_SHOWN); /* no half character at the end */
    weft_buf_add(out, text, length);
    weft_buf_adds(out, cut ? " ..." : "");
}

/* Where it came from, as it was, why. A row that the SQL made has no file: its values are shown. */
static int example_show(struct weft_result *result, const struct weft_product *contract,
                        struct weft_out *out, struct weft_error *error)
{
    char place[300] = "made by its SQL";
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf why;
    weft_buf_init(&text, 1 << 16);
    weft_buf_init(&why, 1 << 20);
    bool open = strcmp(weft_result_text(result, ROW_STATE), WEFT_QUARANTINE_OPEN) == 0;
    if (!weft_result_is_null(result, ROW_FILE))
        snprintf(place, sizeof place, "%s:%s",
                 weft_path_basename(weft_result_text(result, ROW_FILE)),
                 weft_result_text(result, ROW_LINE));
    bool raw = !weft_result_is_null(result, ROW_RAW);
    first_line(weft_result_text(result, raw ? ROW_RAW : ROW_VALUES), &text);
    if (!open)
        weft_buf_addf(&text, "   (%s)", weft_result_text(result, ROW_STATE));
    WEFT_TRY(weft_buf_check(&text, error));
    WEFT_TRY(weft_quarantine_explain(
        contract, text_or_null(result, ROW_PORT), weft_result_text(result, ROW_RULE),
        text_or_null(result, ROW_RAW), text_or_null(result, ROW_VALUES), &why, error));
    return weft_out_line(out, WEFT_STYLE_PLAIN, error, "    %-28s %s%s%s", place, text.data,
                         why.length == 0 ? "" : "   <- ", why.data);
}

static int more_show(int64_t more, struct weft_out *out, struct weft_error *error)
{
    char count[32];
    if (more <= 0)
        return 0;
    weft_format_count(more, count, sizeof count);
    return weft_out_line(out, WEFT_STYLE_DIM, error, "    ... %s more", count);
}

void weft_quarantine_shown(const struct weft_registered *product, char out[WEFT_QUARANTINE_SHOWN])
{
    bool newest = strcmp(product->name, product->full_name) == 0;
    snprintf(out, WEFT_QUARANTINE_SHOWN, newest ? "%s" : "%s@%d", product->full_name,
             product->major);
}

/* Rule by rule, the largest first; a few examples of each. */
static int rows_show(struct weft_query *query, const struct weft_registered *product,
                     struct weft_out *out, struct weft_error *error)
{
    const struct weft_product *contract = weft_registered_newest(product);
    char shown[WEFT_QUARANTINE_SHOWN];
    weft_quarantine_shown(product, shown);
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    WEFT_TRY(weft_resolved_query(query->engine, &query->resolved, NULL, 0, &result, error));
    char rule[256] = "";
    int64_t more = 0; /* rows of this rule that are not shown */
    int64_t open = 0;
    int rc;
    while ((rc = weft_result_row(result, error)) == 0) {
        query->rows++;
        if (strcmp(rule, weft_result_text(result, ROW_RULE)) != 0 || query->rows == 1) {
            WEFT_TRY(more_show(more, out, error));
            more = weft_result_int(result, ROW_N);
            open += weft_result_int(result, ROW_OPEN);
            snprintf(rule, sizeof rule, "%s", weft_result_text(result, ROW_RULE));
            char count[32];
            weft_format_count(weft_result_int(result, ROW_N), count, sizeof count);
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error, "  %s: %s row%s", rule, count,
                                   weft_result_int(result, ROW_N) == 1 ? "" : "s"));
        }
        WEFT_TRY(example_show(result, contract, out, error));
        more--;
    }
    WEFT_TRY(rc);
    WEFT_TRY(more_show(more, out, error));
    if (query->rows == 0)
        return weft_out_line(out, WEFT_STYLE_GOOD, error, "%s has no rows set aside.", shown);
    if (open == 0 || !weft_request_is_local(&query->context->request)) /* nothing left for him */
        return 0;
    return weft_out_line(out, WEFT_STYLE_DIM, error,
                         "After a fix: weft quarantine %s --replay, or --dismiss --because \"...\"",
                         shown);
}

static int rows_people(struct weft_context *context, const struct weft_registered *product,
                       const struct weft_op_request *request, struct weft_out *out,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf inner;
    weft_query_init(&query, context);
    weft_buf_init(&inner, 65536);
    WEFT_TRY(weft_quarantine_sql(context, &inner,
                                 "unnest(q.rules) as rule, q.file, q.line, q.raw, q.row_id, "
                                 "q.state, q.port, q.\"values\" as v",
                                 product, request, "", error));
    weft_buf_addf(
        &query.sql,
        "select rule, n, file, line, raw, state, n_open, port, v from (select r.rule as rule, "
        "count(*) over (partition by r.rule) as n, r.file as file, r.line as line, "
        "r.raw as raw, r.state as state, r.port as port, r.v as v, count(*) filter (where r.state "
        "= 'open') over "
        "(partition by r.rule) as n_open, "
        "row_number() over (partition by r.rule order by r.file, r.line, r.row_id) as i "
        "from (%s) r) where i <= %d order by n desc, rule, i",
        inner.data, EXAMPLES_SHOWN);
    WEFT_TRY(weft_buf_check(&query.sql, error));
    WEFT_TRY(weft_query_open(&query, error));
    int rc = rows_show(&query, product, out, error);
    struct weft_error audit = WEFT_ERROR_INIT;
    if (weft_query_audit(&query, rc, rc < 0 ? &audit : error) < 0)
        return -1;
    return rc;
}

/* A rule that no row broke is more likely a slip of the pen: the rules that are there. */
static int rule_check(struct weft_context *context, const char *full_name,
                      const struct weft_op_request *request, struct weft_error *error)
{
    const char *rule = weft_op_text(request, "rule");
    if (rule == NULL)
        return 0;
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf there;
    size_t domain = strcspn(full_name, ".");
    weft_query_init(&query, context);
    weft_buf_init(&there, 1 << 20);
    weft_buf_addf(&query.sql,
                  "select distinct r.rule as rule from (select unnest(q.rules) as rule from "
                  "%.*s__quarantine.%s q) r order by rule",
                  (int)domain, full_name, full_name + domain + 1);
    WEFT_TRY(weft_buf_check(&query.sql, error));
    WEFT_TRY(weft_query_open(&query, error));
    WEFT_TRY(weft_resolved_query(query.engine, &query.resolved, NULL, 0, &result, error));
    int rc;
    bool known = false;
    while ((rc = weft_result_row(result, error)) == 0) {
        query.rows++;
        known = known || strcmp(weft_result_text(result, ROW_RULE), rule) == 0;
        weft_buf_addf(&there, "%s%s", there.length == 0 ? "" : ", ",
                      weft_result_text(result, ROW_RULE));
    }
    WEFT_TRY(rc);
    WEFT_TRY(weft_buf_check(&there, error));
    WEFT_TRY(weft_query_audit(&query, 0, error));
    if (known)
        return 0;
    weft_error_set(error, WEFT_E_NOT_FOUND, "no row of `%s` broke a rule `%s`", full_name, rule);
    if (there.length == 0)
        return weft_error_hint(error, "no row was set aside so far");
    return weft_error_hint(error, "rules that rows broke: %s", there.data);
}

/* ---- repair ---- */

static int dismiss(struct weft_context *context, const struct weft_registered *product,
                   const struct weft_op_request *request, struct weft_out *out,
                   struct weft_error *error)
{
    const char *because;
    int64_t count = 0;
    struct weft_quarantine_choice choice;
    WEFT_TRY(weft_op_because(request, &because, error));
    WEFT_TRY(weft_quarantine_choice_read(request, &choice, error));
    WEFT_TRY(weft_quarantine_dismiss(context->ledger, context->arena, product, &choice,
                                     context->request.principal, because, &count, error));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "product", product->full_name);
    weft_json_member_int(&json, "dismissed", count);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    char shown[WEFT_QUARANTINE_SHOWN];
    weft_quarantine_shown(product, shown);
    return weft_out_line(out, WEFT_STYLE_GOOD, error, "%" PRId64 " row%s of %s dismissed.", count,
                         count == 1 ? "" : "s", shown);
}

/* Before anything is looked up: whether rows go back, or away, is not for readers. */
static int writes_refuse(const struct weft_context *context, const struct weft_op_request *request,
                         struct weft_error *error)
{
    bool replays = weft_op_given(request, "replay");
    if (weft_request_is_local(&context->request) ||
        (!replays && !weft_op_given(request, "dismiss")))
        return 0;
    weft_error_set(error, WEFT_E_DENIED, "`weft quarantine --%s` is for the local operator alone",
                   replays ? "replay" : "dismiss");
    return weft_error_hint(error,
                           "ask him; --export gives the rows that you may read, to be mended");
}

/* What was set aside is refused as a whole or seen as it is; *decision stays with the caller. */
static int may_look(struct weft_context *context, const struct weft_registered *product,
                    struct weft_decision *decision, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(context->ledger, &txn, error));
    WEFT_TRY(weft_gate_product(context, txn, context->arena, product, WEFT_SUBJECT_QUARANTINE, NULL,
                               0, 0, decision, error));
    if (decision->verdict == WEFT_VERDICT_YES)
        return 0;
    size_t domain = strcspn(product->full_name, ".");
    char *name = weft_arena_format(context->arena, "%.*s__quarantine%s", (int)domain,
                                   product->full_name, product->full_name + domain);
    if (name == NULL)
        return weft_error_nomem(error);
    int rc = weft_gate_denied(context, name, decision, error);
    if (rc < 0)
        return weft_error_hint(error, WEFT_QUARANTINE_WHO, (int)domain, product->full_name);
    weft_error_set(error, WEFT_E_NOT_FOUND, "there is no product `%s` in this home",
                   product->full_name);
    return weft_error_hint(error, "`weft ls` lists them");
}

static int quarantine_run(struct weft_context *context, const struct weft_op_request *request,
                          struct weft_out *out, struct weft_error *error)
{
    struct weft_registered product;
    struct weft_decision decision;
    const char *run = weft_op_text(request, "run");
    bool replays = weft_op_given(request, "replay"), dismisses = weft_op_given(request, "dismiss");
    bool exports = weft_op_given(request, "export"), from = weft_op_given(request, "from");
    if (replays + dismisses + exports + (run != NULL) > 1)
        return weft_error_set(error, WEFT_E_USAGE,
                              "--run, --replay, --dismiss and --export exclude one another");
    if (from && !replays)
        return weft_error_set(error, WEFT_E_USAGE, "--from goes with --replay");
    if (weft_op_given(request, "format") && !exports && !from)
        return weft_error_set(error, WEFT_E_USAGE, "--format goes with --export or --from");
    WEFT_TRY(writes_refuse(context, request, error));
    WEFT_TRY(weft_context_product(context, weft_op_text(request, "product"), &product, error));
    WEFT_TRY(may_look(context, &product, &decision, error));
    if (run != NULL)
        return weft_quarantine_blocked(context, &product, &decision, request, out, error);
    WEFT_TRY(rule_check(context, product.name, request, error));
    if (replays)
        return weft_quarantine_replay(context, &product, request, out, error);
    if (exports)
        return weft_quarantine_export(context, &product, request, out, error);
    if (dismisses)
        return dismiss(context, &product, request, out, error);
    if (!out->for_people)
        return rows_json(context, &product, request, out, error);
    return rows_people(context, &product, request, out, error);
}

const struct weft_op weft_op_quarantine = {
    .name = "quarantine",
    .group = "products",
    .summary = "Show the rows that broke a rule, and why; replay or dismiss them.",
    .args = quarantine_args,
    .arg_count = WEFT_COUNT(quarantine_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = quarantine_run,
};

/*
 * op_home.c - ledger, settings, schema, version: about the home and the program.
 */
#include "app/editor.h"
#include "app/ops_internal.h"
#include "document/keys.h"
#include "trust/audit.h"

#include "base/clock.h"
#include "base/text.h"
#include "engine/engine.h"

#include <string.h>

/* ---- ledger ---- */

static const struct weft_op_arg ledger_args[] = {
    {"what", 0, WEFT_ARG_WORD, "verify|rebuild", "Without it: the newest entries."},
    {"check", 0, WEFT_ARG_FLAG, NULL, "rebuild: only compare, change nothing."},
    {"accept", 0, WEFT_ARG_FLAG, NULL, "verify: go on with what the database holds."},
    {"because", 0, WEFT_ARG_TEXT, "REASON", "Why; the ledger keeps it."},
    {"limit", 0, WEFT_ARG_TEXT, "N", "At most so many entries, the newest last. Default 20."},
};

/* What an entry is about, for people: the product or table it names. */
static const char *entry_about(yyjson_val *body)
{
    static const char *const keys[] = {"product", "table", "mesh", "key_id"};
    for (size_t i = 0; i < WEFT_COUNT(keys); i++) {
        const char *text = weft_json_text_or(body, keys[i], NULL);
        if (text != NULL)
            return text;
    }
    return "";
}

static int entry_show(void *arg, const struct weft_ledger_entry *entry, struct weft_error *error)
{
    struct weft_out *out = arg;
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(entry->body, strlen(entry->body), 0, &doc, error));
    const struct weft_cell cells[] = {
        weft_out_cell_int(entry->sequence),
        weft_out_cell_time(entry->time_us),
        weft_out_cell_text(entry->actor),
        weft_out_cell_text(entry->kind),
        weft_out_cell_text(entry_about(yyjson_doc_get_root(doc))),
        weft_out_cell_text(entry->hash),
        weft_out_cell_text(entry->origin),
        weft_out_cell_json(entry->body),
    };
    return weft_out_row(out, cells, error);
}

static int ledger_list(struct weft_context *context, const struct weft_op_request *request,
                       struct weft_out *out, struct weft_error *error)
{
    static const struct weft_out_column columns[] = {
        {"sequence", true, false}, {"time", false, false},  {"actor", false, false},
        {"kind", false, false},    {"about", false, false}, {"hash", false, true},
        {"origin", false, true},   {"body", false, true},
    };
    int64_t limit = 20;
    const char *text = weft_op_text(request, "limit");
    if (text != NULL && (!weft_parse_int64(text, strlen(text), &limit) || limit < 1))
        return weft_error_set(error, WEFT_E_USAGE, "--limit wants a number of entries, not `%s`",
                              text);
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_ledger_head head;
    WEFT_TRY(weft_ledger_begin_read(context->ledger, &txn, error));
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    int64_t from = WEFT_MAX(1, head.sequence - limit + 1);
    WEFT_TRY(weft_out_table(out, columns, WEFT_COUNT(columns), error));
    WEFT_TRY(weft_ledger_each(txn, from, 0, entry_show, out, error));
    return weft_out_table_end(out, error);
}

static int report_show(const char *what, const struct weft_ledger_report *report,
                       struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "result", what);
    weft_json_member_int(&json, "entries", report->entries);
    weft_json_member_text(&json, "head", report->head.hash);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    return weft_out_line(out, WEFT_STYLE_GOOD, error, "%s: %" PRId64 " entries, head %.16s", what,
                         report->entries, report->head.hash);
}

static int verify_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_ledger *ledger, struct weft_out *out, struct weft_error *error)
{
    struct weft_ledger_report report;
    const char *because = NULL;
    int64_t reads = 0;
    bool accepted = false;
    if (weft_op_given(request, "accept")) {
        WEFT_TRY(weft_op_because(request, &because, error));
        WEFT_TRY(weft_ledger_accept(ledger, context->request.principal, because, &report, &accepted,
                                    error));
    } else {
        WEFT_TRY(weft_ledger_verify(ledger, &report, error));
    }
    WEFT_TRY(weft_audit_verify_all(ledger, &reads, error));
    return report_show(accepted ? "accepted as it is" : "verified", &report, out, error);
}

static int ledger_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    const char *what = weft_op_text(request, "what");
    bool check = weft_op_given(request, "check");
    struct weft_ledger *ledger;
    struct weft_ledger_report report;
    if (what != NULL && strcmp(what, "verify") != 0 && strcmp(what, "rebuild") != 0)
        return weft_error_set(error, WEFT_E_USAGE,
                              "`weft ledger` knows verify and rebuild, not "
                              "`%s`",
                              what);
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    if (what == NULL)
        return ledger_list(context, request, out, error);
    if (strcmp(what, "verify") == 0)
        return verify_run(context, request, ledger, out, error);
    WEFT_TRY(weft_ledger_rebuild(ledger, check, &report, error));
    return report_show(check ? "equal to its entries" : "rebuilt", &report, out, error);
}

const struct weft_op weft_op_ledger = {
    .name = "ledger",
    .group = "home",
    .summary = "Show the ledger; verify its chain; rebuild the tables folded from it.",
    .help = "`verify` names the first entry that was changed, removed or reordered, or a missing "
            "tail. Where the home's file ledger.head is missing, damaged or ahead of the database "
            "(which was put back from a copy), nothing is written any more: `verify --accept` goes "
            "on with what the database holds. `rebuild --check` folds all entries into a copy and "
            "compares.",
    .args = ledger_args,
    .arg_count = WEFT_COUNT(ledger_args),
    .run = ledger_run,
};

/* ---- settings ---- */

/* Which environment and home the values below are those of; no settings themselves. */
static int settings_place(struct weft_context *context, struct weft_out *out,
                          struct weft_error *error)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    const char *home = NULL;
    const struct weft_cell environment[] = {
        weft_out_cell_text("environment"), weft_out_cell_text(context->environment),
        weft_out_cell_text(context->environment_origin),
        weft_out_cell_text("The environment in use; `weft env` lists all. --env or WEFT_ENV.")};
    WEFT_TRY(weft_out_row(out, environment, error));
    if (weft_context_home(context, &home, &ignored) < 0)
        return 0; /* no checkout, or it works through a node */
    const struct weft_cell place[] = {weft_out_cell_text("home"), weft_out_cell_text(home),
                                      weft_out_cell_text(weft_context_home_origin(context)),
                                      weft_out_cell_text("Where the data lives.")};
    return weft_out_row(out, place, error);
}

static int settings_run(struct weft_context *context, const struct weft_op_request *request,
                        struct weft_out *out, struct weft_error *error)
{
    (void)request;
    static const struct weft_out_column columns[] = {{"name", false, false},
                                                     {"value", false, false},
                                                     {"origin", false, false},
                                                     {"help", false, false}};
    const struct weft_settings *settings;
    WEFT_TRY(weft_context_settings(context, &settings, error));
    WEFT_TRY(weft_out_table(out, columns, WEFT_COUNT(columns), error));
    WEFT_TRY(settings_place(context, out, error));
    for (int i = 0; i < WEFT_SETTING_COUNT; i++) {
        const struct weft_setting_state *state = &settings->values[i];
        const struct weft_cell cells[] = {
            weft_out_cell_text(weft_setting_name((enum weft_setting)i)),
            weft_out_cell_text(state->text), weft_out_cell_text(state->origin),
            weft_out_cell_text(weft_setting_help((enum weft_setting)i))};
        WEFT_TRY(weft_out_row(out, cells, error));
    }
    return weft_out_table_end(out, error);
}

const struct weft_op weft_op_settings = {
    .name = "settings",
    .group = "home",
    .summary = "Show every setting with its value and where that comes from.",
    .help = "A setting is given in weft.yaml (`settings: {memory: 4GB}`), by the environment "
            "(WEFT_MEMORY=4GB), or by a flag (--memory 4GB, --set memory=4GB); the later wins.",
    .who = WEFT_OP_ANYONE,
    .run = settings_run,
};

/* ---- schema ---- */

static const struct weft_op_arg schema_args[] = {
    {"which", 0, WEFT_ARG_WORD, "product|mesh|domain", "Of which file; product without it."},
    {"write", 0, WEFT_ARG_FLAG, NULL,
     "Write all three to .weft/schema of the checkout, where the files' first lines look."},
};

static int schema_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    const char *which = weft_op_text(request, "which");
    if (weft_op_given(request, "write")) {
        if (context->root == NULL)
            WEFT_TRY(weft_mesh_find_root(context->start, &context->root, error));
        WEFT_TRY(weft_editor_schemas(context->root, error));
        return weft_out_line(out, WEFT_STYLE_GOOD, error, "%s/.weft/schema", context->root);
    }
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, (size_t)4 << 20);
    WEFT_TRY(weft_schema_print(which == NULL ? "product" : which, &buf, error));
    return weft_out_bytes(out, buf.data, buf.length, error);
}

const struct weft_op weft_op_schema = {
    .name = "schema",
    .group = "home",
    .summary = "Print the JSON Schema of the files that people write, for editors.",
    .args = schema_args,
    .arg_count = WEFT_COUNT(schema_args),
    .who = WEFT_OP_ANYONE,
    .run = schema_run,
};

/* ---- version ---- */

static int version_run(struct weft_context *context, const struct weft_op_request *request,
                       struct weft_out *out, struct weft_error *error)
{
    (void)context;
    (void)request;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 4096);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "version", WEFT_VERSION);
    weft_json_member_int(&json, "home_format", WEFT_HOME_FORMAT);
    weft_json_end_object(&json);
    WEFT_TRY(weft_out_json(out, &buf, error));
    return weft_out_line(out, WEFT_STYLE_PLAIN, error, "weft %s (home format %d)", WEFT_VERSION,
                         WEFT_HOME_FORMAT);
}

const struct weft_op weft_op_version = {
    .name = "version",
    .group = "home",
    .summary = "Print the version.",
    .who = WEFT_OP_ANYONE,
    .run = version_run,
};

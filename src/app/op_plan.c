/*
 * op_plan.c - validate, plan, apply.
 */
#include "app/example.h"
#include "app/ops_internal.h"
#include "app/runs.h"
#include "context/state.h"
#include "context/who.h"
#include "plan/bind.h"
#include "plan/check.h"
#include "plan/file.h"
#include "plan/names.h"
#include "plan/origins.h"
#include "plan/pins.h"
#include "plan/plan.h"

#include "flow/run.h"
#include "lake/pointer.h"
#include "trust/audit.h"

#include <string.h>

int weft_op_because(const struct weft_op_request *request, const char **because,
                    struct weft_error *error)
{
    const char *text = weft_op_text(request, "because");
    if (text == NULL || text[strspn(text, " \t")] == '\0') {
        weft_error_set(error, WEFT_E_USAGE, "`weft %s` needs a reason", request->op->name);
        return weft_error_hint(error, "add --because \"why\"; the ledger keeps it");
    }
    *because = text;
    return 0;
}

/* ---- validate ---- */

static void mistake_json(const struct weft_diag_item *item, struct weft_json_writer *json)
{
    static const char *const severities[] = {"error", "warning", "note"};
    weft_json_begin_object(json);
    weft_json_member_text(json, "severity", severities[item->severity]);
    weft_json_member_text(json, "code", weft_code_name(item->code));
    weft_json_member_text(json, "file", item->file);
    weft_json_member_int(json, "line", item->line);
    weft_json_member_int(json, "column", item->column);
    weft_json_member_text(json, "message", item->message);
    weft_json_member_text(json, "hint", item->hint);
    weft_json_end_object(json);
}

static int mistakes_json(struct weft_diag *diag, struct weft_out *out, struct weft_error *error)
{
    struct weft_buf buf;
    weft_buf_init(&buf, (size_t)1 << 26);
    struct weft_json_writer json;
    weft_json_writer_init(&json, &buf);
    weft_json_begin_array(&json);
    for (size_t i = 0; i < diag->count; i++)
        mistake_json(&diag->items[i], &json);
    weft_json_end_array(&json);
    int rc = weft_out_json(out, &buf, error);
    weft_buf_release(&buf);
    return rc;
}

int weft_validate_reads(struct weft_context *context, struct weft_diag *diag,
                        struct weft_error *error)
{
    struct weft_book book;
    bool ring;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_error no_home = WEFT_ERROR_INIT; /* files can be right without one */
    if (weft_book_begin(context, &txn, &no_home) < 0)
        weft_diag_add(diag, WEFT_SEVERITY_NOTE, no_home.code, "", 0, 0, no_home.hint,
                      "the home was not looked at: %s", no_home.message);
    if (weft_who_unasked(context))
        weft_diag_add(diag, WEFT_SEVERITY_NOTE, WEFT_E_DENIED, "", 0, 0,
                      "the local operator's `weft validate` looks at it, too",
                      "the home was not looked at: with --as and by a key the files stand alone");
    WEFT_TRY(weft_book_make(context, context->mesh, txn, context->arena, &book, error));
    bool *wanted = weft_arena_array(context->arena, book.count + 1, sizeof *wanted);
    bool *changed = weft_arena_array(context->arena, book.count + 1, sizeof *changed);
    if (wanted == NULL || changed == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < book.count; i++)
        wanted[i] = book.items[i].product != NULL;
    weft_book_renames_check(&book, diag);
    WEFT_TRY(weft_plan_names(&book, diag, error));
    WEFT_TRY(weft_pins_make(&book, true, true, diag, error));
    WEFT_TRY(weft_pins_rings(&book, diag, &ring, error));
    if (!ring) {
        WEFT_TRY(weft_bind_check(&book, wanted, changed, diag, error));
        WEFT_TRY(weft_example_check(&book, wanted, diag, error));
    }
    return weft_check_sql(&book, wanted, diag, error);
}

static int validate_run(struct weft_context *context, const struct weft_op_request *request,
                        struct weft_out *out, struct weft_error *error)
{
    (void)request;
    if (context->root == NULL)
        WEFT_TRY(weft_mesh_find_root(context->start, &context->root, error));
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    WEFT_TRY(weft_mesh_load(context->root, context->environment, &diag, &context->mesh, error));
    if (context->mesh != NULL) {
        WEFT_TRY(weft_check_settings(context->mesh, &diag, error));
        WEFT_TRY(weft_validate_reads(context, &diag, error));
    }
    weft_diag_sort(&diag);
    weft_out_diag(out, &diag);
    WEFT_TRY(mistakes_json(&diag, out, error));
    if (diag.errors > 0)
        return weft_error_set(error, WEFT_E_INVALID, "%zu mistake%s to repair", diag.errors,
                              diag.errors == 1 ? "" : "s");
    WEFT_TRY(weft_diag_check(&diag, error));
    size_t count = context->mesh->product_count;
    if (count == 0)
        weft_out_note(out, WEFT_PLAN_EMPTY);
    return weft_out_line(out, WEFT_STYLE_GOOD, error, "Valid: %zu product%s in %s", count,
                         count == 1 ? "" : "s", context->root);
}

const struct weft_op weft_op_validate = {
    .name = "validate",
    .group = "start",
    .summary = "Check all files of the checkout and report every mistake at once.",
    .who = WEFT_OP_ANYONE,
    .run = validate_run,
};

/* ---- plan ---- */

static int plan_show(const struct weft_plan *plan, bool markdown, struct weft_out *out,
                     struct weft_error *error)
{
    if (!markdown)
        return weft_plan_show(plan, out, error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, (size_t)64 << 20);
    weft_plan_markdown(plan, &text);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_out_bytes(out, text.data, text.length, error);
}

/* The plan, its new texts of SQL and the settings checked: what cannot run is not registered. file:
 * what it must be the same as; NULL = no such. Not quiet: it is shown, also with mistakes, because
 * it tells whom they are about. */
static int plan_checked(struct weft_context *context, const struct weft_op_request *request,
                        struct weft_out *out, struct weft_mesh **mesh, struct weft_plan *plan,
                        const struct weft_plan_file *file, bool quiet, struct weft_error *error)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    WEFT_TRY(weft_context_mesh(context, out, mesh, error));
    WEFT_TRY(weft_check_settings(*mesh, &diag, error));
    WEFT_TRY(weft_plan_make(context, *mesh, weft_op_value(request, "product"),
                            weft_op_value(request, "exclude"), false, &diag, plan, error));
    if (file != NULL)
        WEFT_TRY(weft_plan_file_check(file, plan, error));
    if (weft_op_given(request, "because")) {
        const char *because;
        WEFT_TRY(weft_op_because(request, &because, error));
        weft_plan_force(plan, because);
    }
    weft_diag_sort(&diag);
    weft_out_diag(out, &diag);
    if (!quiet)
        WEFT_TRY(plan_show(plan, weft_op_given(request, "markdown"), out, error));
    if (diag.errors > 0)
        return weft_error_set(error, WEFT_E_INVALID, "%zu mistake%s to repair; nothing was changed",
                              diag.errors, diag.errors == 1 ? "" : "s");
    return weft_diag_check(&diag, error);
}

static const struct weft_op_arg plan_args[] = {
    WEFT_ARG_PRODUCTS("without any, all of the checkout."),
    WEFT_ARG_EXCLUDE,
    {"out", 'o', WEFT_ARG_TEXT, "FILE", "Keep the plan in a file for `weft apply --plan FILE`."},
    {"because", 0, WEFT_ARG_TEXT, "REASON",
     "Why a deprecated product is retired before its sunset."},
    {"markdown", 0, WEFT_ARG_FLAG, NULL, "As a comment on a pull request."},
    {"exit-code", 0, WEFT_ARG_FLAG, NULL, "Exit with 4 when there are changes."},
    {"against", 0, WEFT_ARG_TEXT, "FILE",
     "What `weft state export` wrote, instead of the home: for builds that do not reach it."},
};

static int plan_run(struct weft_context *context, const struct weft_op_request *request,
                    struct weft_out *out, struct weft_error *error)
{
    struct weft_mesh *mesh;
    struct weft_plan plan;
    const char *file = weft_op_text(request, "out");
    bool markdown = weft_op_given(request, "markdown");
    if (markdown && !out->for_people)
        return weft_error_set(error, WEFT_E_USAGE, "--markdown and --json exclude one another");
    if (weft_op_given(request, "against"))
        WEFT_TRY(weft_state_use(context, weft_op_text(request, "against"), error));
    WEFT_TRY(plan_checked(context, request, out, &mesh, &plan, NULL, false, error));
    WEFT_TRY(weft_plan_refused(&plan, error));
    if (file != NULL)
        WEFT_TRY(weft_plan_file_write(context, request, &plan, file, error));
    if (weft_op_given(request, "exit-code") && weft_plan_changes(&plan))
        return WEFT_CHANGED;
    bool does =
        plan.count > 0 || plan.policy_count + plan.team_count > 0 || plan.dependency_count > 0;
    if (does && !markdown)
        return weft_out_line(out, WEFT_STYLE_DIM, error, "`weft apply%s%s` does this.",
                             file == NULL ? "" : " --plan ", file == NULL ? "" : file);
    return 0;
}

const struct weft_op weft_op_plan = {
    .name = "plan",
    .group = "start",
    .summary = "Show what `apply` would change, and whom it reaches. Changes nothing.",
    .help =
        "Each change is breaking, compatible or editorial (docs/reference/changes.md). Below it "
        "stand the products that it reaches through any number of domains, with the way of "
        "the columns and who owns them.",
    .args = plan_args,
    .arg_count = WEFT_COUNT(plan_args),
    .run = plan_run,
};

/* ---- apply ---- */

#define APPLY_ATTEMPTS 10

static const struct weft_op_arg apply_args[] = {
    WEFT_ARG_PRODUCTS("without any, all of the checkout."),
    WEFT_ARG_EXCLUDE,
    WEFT_ARG_YES,
    {"plan", 0, WEFT_ARG_TEXT, "FILE",
     "Do what `weft plan --out FILE` showed, without asking; refused when the home or a product "
     "file is not as it was then."},
    {"because", 0, WEFT_ARG_TEXT, "REASON",
     "Retire a deprecated product before its sunset; the ledger keeps why."},
    {"no-run", 0, WEFT_ARG_FLAG, NULL, "Register only; run nothing."},
    WEFT_ARG_NO_WAIT,
};

/* A name is that of all majors: it changes when one of them is chosen. */
static int plan_rename(const struct weft_plan *plan, struct weft_ledger_txn *txn, const char *actor,
                       struct weft_error *error)
{
    for (size_t r = 0; r < plan->book.rename_count; r++) {
        const struct weft_rename *rename = &plan->book.renames[r];
        bool chosen = false;
        for (size_t i = 0; i < plan->count; i++)
            chosen = chosen || (plan->items[i].was != NULL &&
                                strcmp(plan->items[i].full_name, rename->to) == 0);
        if (chosen)
            WEFT_TRY(weft_catalog_rename(txn, actor, rename->from, rename->to, error));
    }
    return 0;
}

/* All files in one transaction. *stale: CONFLICT, because the home changed since it was planned. */
static int plan_register(struct weft_context *context, const struct weft_mesh *mesh,
                         const struct weft_plan *plan, bool *stale, struct weft_error *error)
{
    const char *actor = context->request.principal;
    struct weft_ledger *ledger;
    WEFT_TRY(weft_context_ledger(context, true, &ledger, error));
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    struct weft_ledger_head head;
    WEFT_TRY(weft_ledger_begin_write(ledger, &txn, error));
    WEFT_TRY(weft_ledger_head(txn, &head, error));
    if (plan->sequence != 0 && head.sequence != plan->sequence) {
        *stale = true;
        weft_error_set(error, WEFT_E_CONFLICT, "the home changed while you read the plan");
        return weft_error_hint(error, "run `weft apply` again to see the new plan");
    }
    WEFT_TRY(weft_lake_describe(txn, actor, mesh->name, weft_ledger_home(ledger), error));
    WEFT_TRY(plan_rename(plan, txn, actor, error));
    for (size_t i = 0; i < plan->count; i++) {
        const struct weft_plan_item *item = &plan->items[i];
        struct weft_registered_reads reads;
        bool enforced;
        if (item->action == WEFT_PLAN_RETIRE) {
            WEFT_TRY(weft_catalog_retire(txn, actor, item->full_name, item->major, item->because,
                                         error));
            continue;
        }
        WEFT_TRY(weft_pins_registered(&plan->book, item->item, &reads, error));
        WEFT_TRY(weft_catalog_put(txn, actor, item->product, &reads, context->environment, error));
        if (plan->book.items[item->item].lineage != NULL)
            WEFT_TRY(weft_lineage_put(txn, actor, plan->book.items[item->item].lineage, error));
        WEFT_TRY(weft_catalog_enforce_words(txn, actor, item->product, &enforced, error));
    }
    WEFT_TRY(weft_plan_policies_register(plan, txn, actor, error));
    if (plan->confirms)
        WEFT_TRY(weft_dependencies_confirm(txn, actor, plan->dependencies, plan->dependency_count,
                                           error));
    bool anchored;
    WEFT_TRY(weft_audit_anchor(txn, actor, &anchored, error));
    struct weft_ledger_txn *ending = txn;
    txn = NULL;
    return weft_ledger_commit(ending, error);
}

static int apply_ask(struct weft_out *out, const struct weft_op_request *request,
                     struct weft_error *error)
{
    bool yes = weft_op_given(request, "yes");
    if (!yes)
        WEFT_TRY(out->ask(out->arg, "Apply this plan?", &yes, error));
    if (!yes)
        return weft_error_set(error, WEFT_E_REFUSED, "not applied");
    return 0;
}

/* What is new or changed runs; so does what was registered before but never published, and what
 * policies give something else to read. */
static int apply_runs(struct weft_context *context, const struct weft_plan *plan,
                      const struct weft_op_request *request, struct weft_out *out,
                      struct weft_error *error)
{
    struct weft_runs runs;
    WEFT_TRY(weft_runs_init(&runs, context, "apply", weft_op_given(request, "no-wait"), error));
    for (size_t i = 0; i < plan->book.count; i++) {
        const struct weft_book_item *item = &plan->book.items[i];
        bool pending = item->planned ||
                       (item->digest != NULL && item->digest->pending_digest != NULL) ||
                       (plan->again != NULL && plan->again[i]);
        if (plan->chosen[i] && pending && item->product != NULL &&
            weft_product_can_run(item->product))
            WEFT_TRY(weft_runs_add(&runs, item->full_name, item->major,
                                   weft_book_name(&plan->book, i), error));
    }
    /* What a command that was killed left to do. */
    if (context->ledger != NULL)
        WEFT_TRY(weft_outbox_flush(context->ledger, error));
    return weft_runs_do(&runs, out, error);
}

/* The selection is that of the plan in the file. */
static int apply_file(struct weft_context *context, const char *path,
                      struct weft_op_request *request, struct weft_plan_file *file,
                      struct weft_error *error)
{
    if (weft_op_given(request, "product") || weft_op_given(request, "exclude"))
        return weft_error_set(error, WEFT_E_USAGE,
                              "--plan says which products it is about: name none beside it");
    if (weft_op_given(request, "because"))
        return weft_error_set(error, WEFT_E_USAGE, "the reason is said to `weft plan --out`");
    WEFT_TRY(weft_plan_file_read(context, path, file, error));
    request->values[weft_op_value(request, "product") - request->values] = file->product;
    request->values[weft_op_value(request, "exclude") - request->values] = file->exclude;
    request->values[weft_op_value(request, "because") - request->values] = file->because;
    return 0;
}

static int apply_once(struct weft_context *context, const struct weft_op_request *asked,
                      struct weft_out *out, bool *stale, struct weft_error *error)
{
    struct weft_mesh *mesh;
    struct weft_plan plan;
    struct weft_op_request copy = *asked;
    const struct weft_op_request *request = &copy;
    const char *path = weft_op_text(asked, "plan");
    WEFT_CLEANUP(weft_plan_file_release) struct weft_plan_file file = {0};
    if (path != NULL)
        WEFT_TRY(apply_file(context, path, &copy, &file, error));
    WEFT_TRY(plan_checked(context, request, out, &mesh, &plan, path == NULL ? NULL : &file, true,
                          error));
    if (out->for_people)
        WEFT_TRY(weft_plan_show(&plan, out, error));
    WEFT_TRY(weft_plan_refused(&plan, error));
    if (weft_plan_changes(&plan)) {
        if (path == NULL)
            WEFT_TRY(apply_ask(out, request, error));
        WEFT_TRY(plan_register(context, mesh, &plan, stale, error));
        WEFT_TRY(weft_origins_fill(context, error));
    }
    if (weft_op_given(request, "no-run"))
        return out->for_people ? 0 : weft_plan_show(&plan, out, error);
    int rc = apply_runs(context, &plan, request, out, error);
    if (rc != 0)
        return rc;
    return context->ledger == NULL ? 0 : weft_origins_fill(context, error);
}

/* With --yes nobody read the plan: where another command was quicker, it is made anew. */
static int apply_run(struct weft_context *context, const struct weft_op_request *request,
                     struct weft_out *out, struct weft_error *error)
{
    bool again = weft_op_given(request, "yes") && !weft_op_given(request, "plan");
    for (int attempt = 1;; attempt++) {
        bool stale = false;
        int rc = apply_once(context, request, out, &stale, error);
        if (rc >= 0 || !stale || !again || attempt == APPLY_ATTEMPTS)
            return rc;
        weft_error_clear(error);
        WEFT_TRY(
            weft_out_line(out, WEFT_STYLE_DIM, error, "The home changed meanwhile: planned anew."));
    }
}

const struct weft_op weft_op_apply = {
    .name = "apply",
    .group = "start",
    .summary = "Show the plan, ask, register all files in one step, run what is new or changed.",
    .help = "Registration of all files is one transaction: all of it takes effect, or none. Each "
            "product then publishes on its own; what was published stays when another one fails.",
    .args = apply_args,
    .arg_count = WEFT_COUNT(apply_args),
    .run = apply_run,
};

/*
 * op_preview.c - preview: what a product would publish, as its file stands now; nothing is kept.
 */
#include "app/ops_internal.h"
#include "app/outcome.h"
#include "app/preview.h"
#include "app/query_internal.h"
#include "app/runs.h"
#include "plan/bind.h"
#include "plan/check.h"
#include "plan/pins.h"
#include "plan/plan.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define PREVIEW_ROWS 10

static const struct weft_op_arg preview_args[] = {
    WEFT_ARG_PRODUCTS("at least one."),
    WEFT_ARG_EXCLUDE,
    {"limit", 0, WEFT_ARG_TEXT, "N", "At most so many rows. Default 10."},
    {"format", 0, WEFT_ARG_TEXT, "FORMAT",
     "The rows alone, as `query` writes them: table, csv, json, ndjson or parquet."},
    {"output", 'o', WEFT_ARG_TEXT, "FILE", "Write the rows to a file."},
};

struct preview {
    struct weft_context *context;
    const struct weft_op_request *request;
    struct weft_out *out;
    const struct weft_book *book;
    size_t item;
    const struct weft_product *product;
    int64_t limit;
    bool rows_alone; /* --format or -o: figures are notes beside the rows */
    size_t shown;
};

/* ---- figures ---- */

static void balance_print(const struct weft_outcome *outcome, struct weft_buf *out)
{
    const struct weft_balance *b = &outcome->balance;
    char read[32], made[32], published[32], aside[32], superseded[32];
    weft_format_count(b->read, read, sizeof read);
    weft_format_count(b->made, made, sizeof made);
    weft_format_count(b->published, published, sizeof published);
    weft_format_count(b->input_quarantined + b->output_quarantined, aside, sizeof aside);
    weft_buf_addf(out, "%s read, %s made, %s would be published, %s quarantined", read, made,
                  published, aside);
    weft_format_count(b->superseded, superseded, sizeof superseded);
    if (b->superseded > 0)
        weft_buf_addf(out, ", %s superseded", superseded);
}

static int figures_tell(struct preview *preview, const struct weft_run_report *report,
                        struct weft_error *error)
{
    const struct weft_outcome *outcome = report->outcome;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 4096);
    if (outcome->state == WEFT_RUN_NOTHING_NEW)
        weft_buf_adds(&text, "nothing new: nothing would be published");
    else
        balance_print(outcome, &text);
    WEFT_TRY(weft_buf_check(&text, error));
    const char *name = weft_book_name(preview->book, preview->item);
    if (preview->rows_alone) {
        weft_out_note(preview->out, "%s %s: %s", name, preview->product->version, text.data);
        return 0;
    }
    WEFT_TRY(weft_out_line(preview->out, WEFT_STYLE_TITLE, error, "%s %s: %s", name,
                           preview->product->version, text.data));
    for (size_t i = 0; i < outcome->check_count; i++)
        WEFT_TRY(weft_outcome_check_tell(&outcome->checks[i], preview->out, error));
    return 0;
}

static void figures_json(const struct preview *preview, const struct weft_run_report *report,
                         struct weft_json_writer *json)
{
    weft_json_member_text(json, "product", weft_book_name(preview->book, preview->item));
    weft_json_member_text(json, "version", preview->product->version);
    weft_outcome_figures_json(report->outcome, json);
}

/* ---- rows ---- */

static int rows_sql(const char *parquet, int64_t limit, struct weft_buf *sql,
                    struct weft_error *error)
{
    weft_buf_adds(sql, "SELECT * FROM read_parquet(");
    weft_buf_add_sql_text(sql, parquet, strlen(parquet));
    weft_buf_addf(sql, ") LIMIT %" PRId64, limit);
    return weft_buf_check(sql, error);
}

/* The rows come from products: whoever reads them is written down as for a query. */
static int query_sources(struct preview *preview, struct weft_query *query,
                         struct weft_error *error)
{
    const struct weft_book_item *item = &preview->book->items[preview->item];
    struct weft_resolved_source *sources =
        weft_arena_array(preview->context->arena, item->read_count + 1, sizeof *sources);
    if (sources == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < item->read_count; i++)
        sources[i].product = item->reads[i].full_name;
    query->resolved.sources = sources;
    query->resolved.source_count = item->read_count;
    return 0;
}

static int rows_show(struct preview *preview, const char *parquet, struct weft_error *error)
{
    WEFT_CLEANUP(weft_query_release) struct weft_query query;
    weft_query_init(&query, preview->context);
    query.out = preview->out;
    if (preview->rows_alone)
        WEFT_TRY(weft_query_format_read(preview->request, preview->out, &query, error));
    else
        query.format = preview->out->for_people ? WEFT_QUERY_TABLE : WEFT_QUERY_JSON;
    WEFT_TRY(rows_sql(parquet, preview->limit, &query.sql, error));
    query.own_file = parquet;
    WEFT_TRY(weft_query_open_own(&query, error));
    WEFT_TRY(query_sources(preview, &query, error));
    WEFT_TRY(weft_query_audit_begin(&query, error));
    int rc = weft_query_send(&query, preview->out, error);
    struct weft_error audit = WEFT_ERROR_INIT;
    if (weft_query_audit(&query, rc, rc < 0 ? &audit : error) < 0)
        return -1;
    return rc;
}

/* {"product": ..., figures, "rows": [...]}; the rows are streamed. */
static int preview_json(struct preview *preview, const struct weft_run_report *report,
                        struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    struct weft_json_writer json;
    weft_buf_init(&buf, (size_t)1 << 26);
    weft_buf_adds(&buf, preview->shown == 0 ? "[" : ",\n");
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    figures_json(preview, report, &json);
    weft_json_key(&json, "rows");
    WEFT_TRY(weft_buf_check(&buf, error));
    WEFT_TRY(weft_out_bytes(preview->out, buf.data, buf.length, error));
    if (report->outcome->preview == NULL)
        WEFT_TRY(weft_out_bytes(preview->out, "[]", 2, error));
    else
        WEFT_TRY(rows_show(preview, report->outcome->preview, error));
    return weft_out_bytes(preview->out, "}", 1, error);
}

/* For `dev`: the figures alone, one object. */
static int preview_json_line(struct preview *preview, const struct weft_run_report *report,
                             struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    struct weft_json_writer json;
    weft_buf_init(&buf, (size_t)1 << 26);
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "kind", "preview");
    figures_json(preview, report, &json);
    weft_json_end_object(&json);
    WEFT_TRY(weft_buf_check(&buf, error));
    return weft_out_json(preview->out, &buf, error);
}

/* Why nothing would be published; what was seen of it is shown before. */
static int outcome_error(struct preview *preview, const struct weft_run_report *report,
                         struct weft_error *error)
{
    const struct weft_outcome *outcome = report->outcome;
    if (outcome->state != WEFT_RUN_BLOCKED && outcome->state != WEFT_RUN_FAILED)
        return 0;
    *error = outcome->error;
    if (error->code == WEFT_E_NONE)
        weft_error_set(error, WEFT_E_WORKER, "the run failed");
    weft_error_prefix(error, "%s", weft_book_name(preview->book, preview->item));
    weft_outcome_place(preview->context->mesh, preview->product, error);
    return -1;
}

static int preview_show(void *arg, const struct weft_run_report *report, struct weft_error *error)
{
    struct preview *preview = arg;
    const struct weft_outcome *outcome = report->outcome;
    for (size_t i = 0; i < outcome->warning_count; i++)
        weft_out_warn(preview->out, "%s", outcome->warnings[i]);
    if (outcome->state != WEFT_RUN_FAILED) {
        WEFT_TRY(figures_tell(preview, report, error));
        if (!preview->out->for_people && preview->request == NULL)
            WEFT_TRY(preview_json_line(preview, report, error));
        else if (!preview->out->for_people && !preview->rows_alone)
            WEFT_TRY(preview_json(preview, report, error));
        else if (outcome->preview != NULL)
            WEFT_TRY(rows_show(preview, outcome->preview, error));
        preview->shown++;
    }
    return outcome_error(preview, report, error);
}

/* ---- products ---- */

/* As it is registered, but with the contract of the file; what is not registered is made up. */
static int registered_like(struct preview *preview, struct weft_ledger *ledger,
                           struct weft_registered *out, struct weft_error *error)
{
    struct weft_arena *arena = preview->context->arena;
    const struct weft_product *product = preview->product;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    int rc = weft_catalog_product(txn, arena, product->full_name, product->major, 0, out, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE) {
        *out = (struct weft_registered){.full_name = product->full_name,
                                        .major = product->major,
                                        .name = product->full_name,
                                        .folder = product->folder};
        out->table = weft_arena_format(arena, "%s__v%d", product->full_name, product->major);
        out->table_folder = weft_arena_format(arena, "lake/%s/%s__v%d", product->domain,
                                              product->name, product->major);
        out->quarantine_folder = weft_arena_format(arena, "quarantine/%s/%s__v%d", product->domain,
                                                   product->name, product->major);
        if (out->table == NULL || out->table_folder == NULL || out->quarantine_folder == NULL)
            return weft_error_nomem(error);
    }
    if (preview->book->items[preview->item].planned) {
        out->pending = product;
        out->folder = product->folder;
    }
    return weft_pins_registered(preview->book, preview->item, &out->reads, error);
}

/* Rows of what was never applied are nowhere. */
static int preview_reads(const struct preview *preview, struct weft_error *error)
{
    const struct weft_book_item *item = &preview->book->items[preview->item];
    for (size_t i = 0; i < item->read_count; i++) {
        const struct weft_book_read *read = &item->reads[i];
        if (read->item == WEFT_BOOK_NONE || preview->book->items[read->item].digest != NULL ||
            weft_book_deferred(preview->book, read->full_name, read->major) != NULL)
            continue;
        weft_error_set(error, WEFT_E_REFUSED,
                       "%s reads %s, which was never applied: it has no rows", item->full_name,
                       read->full_name);
        weft_error_at(error, read->file, read->place.line, read->place.column);
        return weft_error_hint(error, "`weft apply %s` first", read->full_name);
    }
    return 0;
}

static int preview_one(struct preview *preview, const struct weft_run_options *options,
                       struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_registered like;
    WEFT_TRY(preview_reads(preview, error));
    WEFT_TRY(weft_context_ledger(preview->context, true, &ledger, error));
    WEFT_TRY(registered_like(preview, ledger, &like, error));
    return weft_run_preview(ledger, preview->context->arena, &like, options, preview_show, preview,
                            error);
}

int weft_preview_show(struct weft_book *book, size_t item, const struct weft_run_options *options,
                      int64_t limit, struct weft_out *out, struct weft_error *error)
{
    struct preview preview = {.context = book->context,
                              .out = out,
                              .book = book,
                              .item = item,
                              .product = book->items[item].product,
                              .limit = limit};
    return preview_one(&preview, options, error);
}

static int previews_do(struct preview *preview, const struct weft_plan *plan,
                       struct weft_error *error)
{
    struct weft_runs runs;
    WEFT_TRY(weft_runs_init(&runs, preview->context, "preview", false, error));
    for (size_t i = 0; i < plan->book.count; i++) {
        const struct weft_product *product = plan->book.items[i].product;
        if (!plan->chosen[i] || product == NULL)
            continue;
        preview->item = i;
        preview->product = product;
        if (!weft_product_can_run(product)) {
            weft_error_set(error, WEFT_E_REFUSED, "`%s` has no input to look at",
                           product->full_name);
            return weft_error_hint(error, "its files come by `weft load`");
        }
        WEFT_TRY(preview_one(preview, &runs.options, error));
    }
    return 0;
}

static int preview_check(struct preview *preview, const struct weft_plan *plan,
                         struct weft_error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->book.count; i++)
        count += plan->chosen[i] && plan->book.items[i].product != NULL;
    if (preview->rows_alone && count > 1)
        return weft_error_set(error, WEFT_E_USAGE,
                              "--format and -o give the rows of one product, and %zu are chosen",
                              count);
    return 0;
}

static int preview_run(struct weft_context *context, const struct weft_op_request *request,
                       struct weft_out *out, struct weft_error *error)
{
    struct preview preview = {.context = context, .request = request, .out = out};
    struct weft_mesh *mesh;
    struct weft_plan plan;
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    if (!weft_op_given(request, "product")) {
        weft_error_set(error, WEFT_E_USAGE, "`weft preview` wants a product");
        return weft_error_hint(error, "as in `weft preview california.daily`");
    }
    preview.rows_alone = weft_op_given(request, "format") || weft_op_given(request, "output");
    WEFT_TRY(weft_op_limit(request, PREVIEW_ROWS, &preview.limit, error));
    WEFT_TRY(weft_context_mesh(context, out, &mesh, error));
    WEFT_TRY(weft_plan_make(context, mesh, weft_op_value(request, "product"),
                            weft_op_value(request, "exclude"), true, &diag, &plan, error));
    preview.book = &plan.book;
    weft_out_diag(out, &diag);
    if (diag.errors > 0)
        return weft_error_set(error, WEFT_E_INVALID, "%zu mistake%s to repair", diag.errors,
                              diag.errors == 1 ? "" : "s");
    WEFT_TRY(preview_check(&preview, &plan, error));
    int rc = previews_do(&preview, &plan, error);
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (!out->for_people && !preview.rows_alone && preview.shown > 0 &&
        weft_out_bytes(out, "]\n", 2, rc < 0 ? &ignored : error) < 0)
        return -1;
    return rc;
}

const struct weft_op weft_op_preview = {
    .name = "preview",
    .group = "products",
    .summary = "Show what a product would publish, as its file stands now. Keeps nothing.",
    .help =
        "The contract is the one of the checkout, registered or not; what it reads is read from "
        "the home as it is now. Rules are checked as in a run; positions do not move.",
    .args = preview_args,
    .arg_count = WEFT_COUNT(preview_args),
    .instead = "it runs the files of a checkout as the product's domain, over all that the domain "
               "reads; `weft query -f FILE.sql` runs SQL over what you may read",
    .run = preview_run,
};

/*
 * op_lineage.c - lineage: where a column comes from, what comes from it, and the files behind a
 * snapshot.
 */
#include "app/lineage_show.h"
#include "app/ops_internal.h"
#include "app/snapshot_origin.h"
#include "context/gate.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/columns.h"

#include <string.h>

static const struct weft_op_arg lineage_args[] = {
    {"product", 0, WEFT_ARG_WORD_NEEDED, "PRODUCT",
     "domain.product, domain.product@2, or a column of it: domain.product.column"},
    {"up", 0, WEFT_ARG_FLAG, NULL, "What it comes from (so without a word)."},
    {"down", 0, WEFT_ARG_FLAG, NULL, "What comes from it, in every domain."},
    {"depth", 0, WEFT_ARG_TEXT, "N", "At most so many steps."},
    {"direct", 0, WEFT_ARG_FLAG, NULL,
     "Only where values come from, not what decides rows or choices."},
    {"as-of", 0, WEFT_ARG_TEXT, "TIME", "As it was registered then."},
    {"snapshot", 0, WEFT_ARG_TEXT, "ID",
     "The snapshots and files that made this snapshot, as they were then."},
    {"dot", 0, WEFT_ARG_FLAG, NULL, "As a picture for Graphviz."},
    {"mermaid", 0, WEFT_ARG_FLAG, NULL, "As a picture for Markdown."},
};

struct lineage {
    struct weft_context *context;
    const struct weft_op_request *request;
    struct weft_out *out;
    struct weft_ledger_txn *txn;
    int64_t sequence;
    const char *word;   /* "domain.product@2" */
    const char *column; /* NULL = none */
    struct weft_registered product;
    struct weft_error *error;
};

/* domain.product@2.column: the third part is a column. */
static int word_split(struct lineage *lineage)
{
    const char *word = weft_op_text(lineage->request, "product");
    const char *first = strchr(word, '.');
    const char *second = first == NULL ? NULL : strchr(first + 1, '.');
    lineage->word = word;
    if (second == NULL)
        return 0;
    lineage->word = weft_arena_strndup(lineage->context->arena, word, (size_t)(second - word));
    lineage->column = second + 1;
    return lineage->word == NULL ? weft_error_nomem(lineage->error) : 0;
}

/* A date is that day's end. */
static int sequence_find(struct lineage *lineage)
{
    const char *text = weft_op_text(lineage->request, "as-of");
    struct weft_ledger_head head;
    int64_t us;
    WEFT_TRY(weft_ledger_head(lineage->txn, &head, lineage->error));
    lineage->sequence = head.sequence;
    if (text == NULL)
        return 0;
    if (!weft_time_parse(text, &us)) {
        weft_error_set(lineage->error, WEFT_E_USAGE, "--as-of takes a time, not `%s`", text);
        return weft_error_hint(lineage->error,
                               "as in --as-of 2026-11-21T04:05:06Z; `weft runs` and "
                               "`weft snapshots` show when things changed");
    }
    if (strlen(text) == 10)
        us += INT64_C(86400) * 1000000 - 1;
    return weft_ledger_sequence_at(lineage->txn, us, &lineage->sequence, lineage->error);
}

static int product_find(struct lineage *lineage)
{
    const char *full_name;
    int major;
    WEFT_TRY(weft_product_word(lineage->context->arena, lineage->word, &full_name, &major,
                               lineage->error));
    bool then = weft_op_given(lineage->request, "as-of");
    int rc =
        then && lineage->sequence == 0
            ? WEFT_NOT_THERE
            : weft_catalog_product(lineage->txn, lineage->context->arena, full_name, major,
                                   then ? lineage->sequence : 0, &lineage->product, lineage->error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE) {
        struct weft_registered now;
        WEFT_TRY(weft_context_product(lineage->context, lineage->word, &now, lineage->error));
        return weft_error_set(lineage->error, WEFT_E_NOT_FOUND, "`%s` was not registered then",
                              lineage->word);
    }
    bool visible;
    WEFT_TRY(weft_gate_visible(lineage->context, full_name, &visible, lineage->error));
    return visible ? 0
                   : weft_error_set(lineage->error, WEFT_E_NOT_FOUND, "there is no product `%s`",
                                    lineage->word);
}

/* Its name as it is written in the contract. */
static int column_find(struct lineage *lineage)
{
    struct weft_lineage known = {0};
    struct weft_arena *arena = lineage->context->arena;
    int rc = weft_lineage_get(lineage->txn, arena, lineage->product.full_name,
                              lineage->product.major, lineage->sequence, &known, lineage->error);
    WEFT_TRY(rc);
    const struct weft_product *contract = weft_registered_newest(&lineage->product);
    size_t fields = rc == 0 ? known.column_count : contract->schema.count;
    const char **names = weft_arena_array(arena, fields + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(lineage->error);
    for (size_t i = 0; i < fields; i++) {
        names[i] = rc == 0 ? known.columns[i] : contract->schema.items[i].name;
        if (weft_equal_fold(names[i], lineage->column)) {
            lineage->column = names[i];
            return 0;
        }
    }
    if (fields == 0) /* detected when it runs */
        return 0;
    weft_error_set(lineage->error, WEFT_E_NOT_FOUND, "`%s` has no column `%s`", lineage->word,
                   lineage->column);
    const char *near = weft_suggest(lineage->column, names, fields);
    return near == NULL ? -1 : weft_error_hint(lineage->error, "did you mean %s?", near);
}

/* ---- showing ---- */

static int picture_show(const struct lineage *lineage, const struct weft_lineage_view *view)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, (size_t)256 << 20);
    if (weft_op_given(lineage->request, "dot"))
        weft_lineage_dot(view, &text);
    else
        weft_lineage_mermaid(view, &text);
    WEFT_TRY(weft_buf_check(&text, lineage->error));
    return weft_out_bytes(lineage->out, text.data, text.length, lineage->error);
}

static bool missing(const struct weft_lineage_graph *graph)
{
    for (size_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].recorded)
            return true;
    return false;
}

static int depth_find(struct lineage *lineage, int *depth)
{
    const char *text = weft_op_text(lineage->request, "depth");
    int64_t number = 0;
    *depth = 0;
    if (text == NULL)
        return 0;
    if (!weft_parse_int64(text, strlen(text), &number) || number < 1 || number > 1000000)
        return weft_error_set(lineage->error, WEFT_E_USAGE, "--depth takes a number from 1 up");
    *depth = (int)number;
    return 0;
}

static int graph_show(struct lineage *lineage)
{
    struct weft_lineage_graph graph;
    struct weft_lineage_ask ask = {.product = lineage->product.full_name,
                                   .major = lineage->product.major,
                                   .column = lineage->column,
                                   .down = weft_op_given(lineage->request, "down"),
                                   .direct = weft_op_given(lineage->request, "direct"),
                                   .products = lineage->column == NULL,
                                   .sequence = lineage->sequence};
    WEFT_TRY(depth_find(lineage, &ask.depth));
    WEFT_TRY(
        weft_lineage_walk(lineage->txn, lineage->context->arena, &ask, &graph, lineage->error));
    struct weft_lineage_view view = {.context = lineage->context,
                                     .txn = lineage->txn,
                                     .sequence = lineage->sequence,
                                     .down = ask.down,
                                     .graph = &graph};
    WEFT_TRY(weft_lineage_view_make(&view, lineage->error));
    if (weft_op_given(lineage->request, "dot") || weft_op_given(lineage->request, "mermaid"))
        return picture_show(lineage, &view);
    if (!lineage->out->for_people)
        return weft_lineage_json(&view, lineage->out, lineage->error);
    WEFT_TRY(weft_lineage_tree(&view, lineage->out, lineage->error));
    if (missing(&graph))
        weft_out_note(lineage->out, "what is not recorded was registered before its columns were "
                                    "known, or by an older version: `weft apply` records it");
    return 0;
}

static int words_check(const struct weft_op_request *request, struct weft_error *error)
{
    if (weft_op_given(request, "up") && weft_op_given(request, "down"))
        return weft_error_set(error, WEFT_E_USAGE, "--up and --down exclude one another");
    if (weft_op_given(request, "dot") && weft_op_given(request, "mermaid"))
        return weft_error_set(error, WEFT_E_USAGE, "--dot and --mermaid exclude one another");
    if (!weft_op_given(request, "snapshot"))
        return 0;
    static const char *const others[] = {"down", "direct", "as-of", "dot", "mermaid"};
    for (size_t i = 0; i < WEFT_COUNT(others); i++)
        if (weft_op_given(request, others[i]))
            return weft_error_set(error, WEFT_E_USAGE, "--snapshot and --%s exclude one another",
                                  others[i]);
    return 0;
}

static int lineage_run(struct weft_context *context, const struct weft_op_request *request,
                       struct weft_out *out, struct weft_error *error)
{
    struct lineage lineage = {.context = context, .request = request, .out = out, .error = error};
    struct weft_ledger *ledger;
    WEFT_TRY(words_check(request, error));
    WEFT_TRY(word_split(&lineage));
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    lineage.txn = txn;
    WEFT_TRY(sequence_find(&lineage));
    WEFT_TRY(product_find(&lineage));
    if (weft_op_given(request, "snapshot")) {
        int depth;
        WEFT_TRY(depth_find(&lineage, &depth));
        if (lineage.column != NULL)
            return weft_error_set(error, WEFT_E_USAGE, "--snapshot is of a product, not a column");
        return weft_snapshot_origin(context, txn, &lineage.product,
                                    weft_op_text(request, "snapshot"), depth, out, error);
    }
    if (lineage.column != NULL)
        WEFT_TRY(column_find(&lineage));
    return graph_show(&lineage);
}

const struct weft_op weft_op_lineage = {
    .name = "lineage",
    .group = "look",
    .summary = "Show where a column comes from, what comes from it, or the files of a snapshot.",
    .help =
        "A column is followed through the SQL of all products. How it goes on is told in the "
        "words of OpenLineage: identity, transformation and aggregation give the value; "
        "conditional, filter, join, group_by, sort and window say what it depends on; unknown is "
        "told, not guessed. `weft lineage d.p.column --down` lists all that would feel a change "
        "of it, with owners; `weft lineage d.p` goes by whole products. As a table: mesh.lineage, "
        "and mesh.run_inputs for runs.",
    .args = lineage_args,
    .arg_count = WEFT_COUNT(lineage_args),
    .run = lineage_run,
};

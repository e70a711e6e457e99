/*
 * op_lineage.c - lineage: where a column comes from, what comes from it, and the files behind a
 * snapshot.
 */
#include "app/lineage_show.h"
#include "app/ops_internal.h"
#include "app/snapshot_origin.h"
#include "context/seen.h"
#include "context/sight.h"

#include "base/clock.h"
#include "base/map.h"
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
    const struct weft_sight *sight; /* NULL = all of it */
    struct weft_map *columns;       /* "domain.name@1" -> struct weft_texts, for known() */
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

/* A date is that day's end. Who asks sees what he could have seen then. */
static int sequence_find(struct lineage *lineage)
{
    const char *text = weft_op_text(lineage->request, "as-of");
    struct weft_request *request = &lineage->context->request;
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
    WEFT_TRY(weft_ledger_sequence_at(lineage->txn, us, &lineage->sequence, lineage->error));
    request->time_us = us;
    request->sequence = lineage->sequence;
    return 0;
}

/* As it was asked for: WEFT_NOT_THERE where it was not, or not for him. */
static int product_then(struct lineage *lineage)
{
    const char *full_name;
    int major;
    struct weft_registered *product = &lineage->product;
    bool then = weft_op_given(lineage->request, "as-of");
    WEFT_TRY(weft_product_word(lineage->context->arena, lineage->word, &full_name, &major,
                               lineage->error));
    if (then && lineage->sequence == 0)
        return WEFT_NOT_THERE;
    int rc = weft_catalog_product(lineage->txn, lineage->context->arena, full_name, major,
                                  then ? lineage->sequence : 0, product, lineage->error);
    if (rc != 0)
        return rc;
    WEFT_TRY(weft_sight_get(lineage->context, lineage->txn, 0, &lineage->sight, lineage->error));
    bool known = lineage->sight == NULL ||
                 weft_sight_major(lineage->sight, product->full_name, product->major) != NULL;
    return known ? 0 : WEFT_NOT_THERE;
}

static int product_find(struct lineage *lineage)
{
    struct weft_registered now;
    const struct weft_request asked = lineage->context->request;
    WEFT_TRY(sequence_find(lineage));
    int rc = product_then(lineage);
    if (rc != WEFT_NOT_THERE)
        return rc;
    /* As every other door tells it, with its suggestions; then it was not there. */
    lineage->context->request = asked;
    WEFT_TRY(weft_context_product(lineage->context, lineage->word, &now, lineage->error));
    return weft_error_set(lineage->error, WEFT_E_NOT_FOUND, "`%s` was not registered then",
                          lineage->word);
}

/* Those that it is recorded with, else those of the contract; of somebody, those he may know. */
static int column_names(struct lineage *lineage, struct weft_texts *out)
{
    struct weft_lineage known = {0};
    struct weft_arena *arena = lineage->context->arena;
    if (lineage->sight != NULL)
        return weft_seen_columns(lineage->context, lineage->txn, &lineage->product, out,
                                 lineage->error);
    int rc = weft_lineage_get(lineage->txn, arena, lineage->product.full_name,
                              lineage->product.major, lineage->sequence, &known, lineage->error);
    WEFT_TRY(rc);
    const struct weft_product *contract = weft_registered_newest(&lineage->product);
    size_t count = rc == 0 ? known.column_count : contract->schema.count;
    const char **names = weft_arena_array(arena, count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(lineage->error);
    for (size_t i = 0; i < count; i++)
        names[i] = rc == 0 ? known.columns[i] : contract->schema.items[i].name;
    *out = (struct weft_texts){names, count};
    return 0;
}

/* Its name as it is written in the contract. */
static int column_find(struct lineage *lineage)
{
    struct weft_texts names = {0};
    WEFT_TRY(column_names(lineage, &names));
    for (size_t i = 0; i < names.count; i++) {
        if (weft_equal_fold(names.items[i], lineage->column)) {
            lineage->column = names.items[i];
            return 0;
        }
    }
    if (names.count == 0 && lineage->sight == NULL) /* detected when it runs */
        return 0;
    weft_error_set(lineage->error, WEFT_E_NOT_FOUND, "`%s` has no column `%s`", lineage->word,
                   lineage->column);
    const char *near = weft_suggest(lineage->column, names.items, names.count);
    return near == NULL ? -1 : weft_error_hint(lineage->error, "did you mean %s?", near);
}

/* ---- what may be known ---- */

/* The columns of a product that he may know, looked up once. */
static int columns_known(struct lineage *lineage, const char *product, int major,
                         const struct weft_texts **out, struct weft_error *error)
{
    struct weft_arena *arena = lineage->context->arena;
    struct weft_registered registered;
    char key[300];
    snprintf(key, sizeof key, "%.250s@%d", product, major);
    *out = weft_map_get(lineage->columns, key);
    if (*out != NULL)
        return 0;
    struct weft_texts *made = weft_arena_alloc(arena, sizeof *made);
    if (made == NULL)
        return weft_error_nomem(error);
    *made = (struct weft_texts){0};
    int rc = weft_catalog_product(lineage->txn, arena, product, major, lineage->sequence,
                                  &registered, error);
    WEFT_TRY(rc);
    if (rc == 0)
        WEFT_TRY(weft_seen_columns(lineage->context, lineage->txn, &registered, made, error));
    if (weft_map_put(lineage->columns, key, made) < 0)
        return weft_error_nomem(error);
    *out = made;
    return 0;
}

/* Of a node on the way. Files are the team's. */
static int node_known(void *arg, const struct weft_lineage_node *node, struct weft_error *error)
{
    struct lineage *lineage = arg;
    const struct weft_texts *columns;
    const struct weft_sight_item *item =
        weft_sight_major(lineage->sight, node->product, node->major);
    if (item == NULL)
        return 0;
    if (node->port != NULL)
        return item->team && item->whole && item->open;
    if (node->column == NULL)
        return 1;
    WEFT_TRY(columns_known(lineage, node->product, node->major, &columns, error));
    return weft_texts_have(columns, node->column);
}

/* Files and numbers of rows: for who may read all of them. */
static int snapshot_allowed(const struct lineage *lineage)
{
    const struct weft_sight_item *item =
        lineage->sight == NULL ? NULL : weft_sight_table(lineage->sight, lineage->product.table);
    if (lineage->sight == NULL || (item != NULL && item->whole))
        return 0;
    return weft_error_set(lineage->error, WEFT_E_DENIED,
                          "--snapshot tells how many rows there are: it is for who may read all "
                          "of `%s`",
                          lineage->product.full_name);
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
                                   .sequence = lineage->sequence,
                                   .known = lineage->sight == NULL ? NULL : node_known,
                                   .known_arg = lineage};
    WEFT_TRY(depth_find(lineage, &ask.depth));
    WEFT_TRY(
        weft_lineage_walk(lineage->txn, lineage->context->arena, &ask, &graph, lineage->error));
    struct weft_lineage_view view = {.context = lineage->context,
                                     .txn = lineage->txn,
                                     .sequence = lineage->sequence,
                                     .down = ask.down,
                                     .cut = lineage->sight != NULL,
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
    WEFT_CLEANUP(weft_map_freep) struct weft_map *known = weft_map_new();
    if (known == NULL)
        return weft_error_nomem(error);
    lineage.txn = txn;
    lineage.columns = known;
    WEFT_TRY(product_find(&lineage));
    if (weft_op_given(request, "snapshot")) {
        int depth;
        WEFT_TRY(depth_find(&lineage, &depth));
        if (lineage.column != NULL)
            return weft_error_set(error, WEFT_E_USAGE, "--snapshot is of a product, not a column");
        WEFT_TRY(snapshot_allowed(&lineage));
        return weft_snapshot_origin(context, txn, &lineage.product, lineage.sight,
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
        "and mesh.run_inputs for runs. With --as and by a key the way ends before what may not be "
        "known, on either side of it.",
    .args = lineage_args,
    .arg_count = WEFT_COUNT(lineage_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = lineage_run,
};

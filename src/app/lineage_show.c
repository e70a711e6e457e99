/*
 * lineage_show.c - tree, JSON, DOT, Mermaid.
 */
#include "app/lineage_show.h"

#include "base/map.h"
#include "ledger/sql.h"

#include <string.h>

#define TREE_DEPTH_MAX 200
#define TREE_LINES_MAX 20000

/* ---- names ---- */

struct names {
    struct weft_lineage_view *view;
    struct weft_map *shown; /* "domain.name@1" -> what it is called */
    struct weft_map *owners;
    struct weft_error *error;
};

static int product_look(struct names *names, const struct weft_lineage_node *node, const char *key)
{
    struct weft_arena *arena = names->view->context->arena;
    WEFT_CLEANUP(weft_stmt_freep) struct weft_stmt *stmt = NULL;
    const char *shown = NULL, *owner = NULL;
    WEFT_TRY(weft_sql_query(
        names->view->txn, &stmt, names->error,
        "SELECT n.shown, (SELECT p.owner FROM catalog_products p WHERE p.product = n.product AND "
        "p.major = n.major AND p.seq_from <= ?3 AND (p.seq_to IS NULL OR p.seq_to > ?3) ORDER BY "
        "p.state DESC LIMIT 1) FROM catalog_names n WHERE n.product = ?1 AND n.major = ?2 AND "
        "n.seq_from <= ?3 AND (n.seq_to IS NULL OR n.seq_to > ?3)",
        "tii", node->product, (int64_t)node->major, names->view->sequence));
    int rc = weft_stmt_step(stmt, names->error);
    WEFT_TRY(rc);
    if (rc == 0) {
        WEFT_TRY(weft_sql_text(arena, stmt, 0, &shown, names->error));
        WEFT_TRY(weft_sql_text(arena, stmt, 1, &owner, names->error));
    }
    bool newest = shown == NULL || strcmp(shown, node->product) == 0;
    shown = newest ? node->product : weft_arena_format(arena, "%s@%d", node->product, node->major);
    if (shown == NULL || weft_map_put(names->shown, key, (void *)(uintptr_t)shown) < 0 ||
        weft_map_put(names->owners, key, (void *)(uintptr_t)owner) < 0)
        return weft_error_nomem(names->error);
    return 0;
}

static int node_name(struct names *names, size_t at)
{
    const struct weft_lineage_node *node = &names->view->graph->nodes[at];
    struct weft_arena *arena = names->view->context->arena;
    char key[300];
    snprintf(key, sizeof key, "%.250s@%d", node->product, node->major);
    if (!weft_map_has(names->shown, key))
        WEFT_TRY(product_look(names, node, key));
    const char *shown = weft_map_get(names->shown, key);
    names->view->owners[at] = weft_map_get(names->owners, key);
    if (node->port != NULL && node->column != NULL)
        names->view->names[at] = weft_arena_format(arena, "\"%s\" of the files of %s (input %s)",
                                                   node->column, shown, node->port);
    else if (node->port != NULL)
        names->view->names[at] =
            weft_arena_format(arena, "files of %s (input %s)", shown, node->port);
    else if (node->column != NULL)
        names->view->names[at] = weft_arena_format(arena, "%s.%s", shown, node->column);
    else
        names->view->names[at] = shown;
    return names->view->names[at] == NULL ? weft_error_nomem(names->error) : 0;
}

int weft_lineage_view_make(struct weft_lineage_view *view, struct weft_error *error)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *shown = weft_map_new();
    WEFT_CLEANUP(weft_map_freep) struct weft_map *owners = weft_map_new();
    struct names names = {view, shown, owners, error};
    size_t count = view->graph->node_count;
    view->names = weft_arena_array(view->context->arena, count + 1, sizeof *view->names);
    view->owners = weft_arena_array(view->context->arena, count + 1, sizeof *view->owners);
    if (shown == NULL || owners == NULL || view->names == NULL || view->owners == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(node_name(&names, i));
    return 0;
}

static void kinds_print(unsigned how, struct weft_buf *out)
{
    bool first = true;
    for (unsigned bit = 1; bit <= WEFT_LINEAGE_ALL; bit <<= 1) {
        if ((how & bit) == 0)
            continue;
        weft_buf_addf(out, "%s%s", first ? "" : ", ", weft_lineage_how_name(bit));
        first = false;
    }
}

static bool how_direct(unsigned how)
{
    return how == 0 || (how & (WEFT_LINEAGE_DIRECT | WEFT_LINEAGE_UNKNOWN)) != 0;
}

/* ---- tree ---- */

struct tree {
    const struct weft_lineage_view *view;
    struct weft_out *out;
    size_t *first; /* of each node: its first link + 1 */
    size_t *next;  /* of each link: the next one of its node + 1 */
    bool *seen;
    size_t lines;
    struct weft_error *error;
};

/* Links by the node they are followed from, in their order. */
static int tree_index(struct tree *tree)
{
    const struct weft_lineage_graph *graph = tree->view->graph;
    struct weft_arena *arena = tree->view->context->arena;
    tree->first = weft_arena_array(arena, graph->node_count + 1, sizeof *tree->first);
    tree->next = weft_arena_array(arena, graph->link_count + 1, sizeof *tree->next);
    tree->seen = weft_arena_array(arena, graph->node_count + 1, sizeof *tree->seen);
    if (tree->first == NULL || tree->next == NULL || tree->seen == NULL)
        return weft_error_nomem(tree->error);
    for (size_t i = graph->link_count; i > 0; i--) {
        const struct weft_lineage_link *link = &graph->links[i - 1];
        size_t at = tree->view->down ? link->from : link->to;
        tree->next[i - 1] = tree->first[at];
        tree->first[at] = i;
    }
    return 0;
}

static int tree_line(struct tree *tree, size_t at, unsigned how, int depth, bool again)
{
    const struct weft_lineage_node *node = &tree->view->graph->nodes[at];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, 1 << 20);
    weft_buf_addf(&line, "%*s", 2 * depth, "");
    if (depth > 0)
        weft_buf_adds(&line, tree->view->down ? "-> " : "<- ");
    weft_buf_adds(&line, tree->view->names[at]);
    if (how != 0) {
        weft_buf_adds(&line, "   ");
        kinds_print(how, &line);
    }
    if (node->column == NULL && node->port == NULL && how != 0)
        weft_buf_adds(&line, " (every column: it decides which rows there are)");
    if (tree->view->owners[at] != NULL && node->port == NULL)
        weft_buf_addf(&line, "   owner %s", tree->view->owners[at]);
    if (!node->recorded)
        weft_buf_adds(&line, "   not recorded");
    if (node->lost)
        weft_buf_adds(&line, "   may come from more: not known");
    if (again || node->more)
        weft_buf_adds(&line, again ? "   (see above)" : "   ...");
    WEFT_TRY(weft_buf_check(&line, tree->error));
    enum weft_style style = depth == 0        ? WEFT_STYLE_TITLE
                            : how_direct(how) ? WEFT_STYLE_PLAIN
                                              : WEFT_STYLE_DIM;
    return weft_out_line(tree->out, style, tree->error, "%s", line.data);
}

/* What gives the value stands before what it depends on. */
static int tree_node(struct tree *tree, size_t at, unsigned how, int depth)
{
    const struct weft_lineage_graph *graph = tree->view->graph;
    bool again = tree->seen[at] && tree->first[at] != 0;
    if (++tree->lines > TREE_LINES_MAX)
        return 0;
    WEFT_TRY(tree_line(tree, at, how, depth, again));
    if (again || depth >= TREE_DEPTH_MAX)
        return 0;
    tree->seen[at] = true;
    for (int direct = 1; direct >= 0; direct--) {
        for (size_t i = tree->first[at]; i != 0; i = tree->next[i - 1]) {
            const struct weft_lineage_link *link = &graph->links[i - 1];
            if (how_direct(link->how) == (direct == 1))
                WEFT_TRY(tree_node(tree, tree->view->down ? link->to : link->from, link->how,
                                   depth + 1));
        }
    }
    return 0;
}

int weft_lineage_tree(const struct weft_lineage_view *view, struct weft_out *out,
                      struct weft_error *error)
{
    struct tree tree = {.view = view, .out = out, .error = error};
    WEFT_TRY(tree_index(&tree));
    WEFT_TRY(tree_node(&tree, 0, 0, 0));
    if (view->graph->link_count == 0 && view->graph->nodes[0].recorded)
        WEFT_TRY(weft_out_line(out, WEFT_STYLE_DIM, error, "  %s%s",
                               view->down ? "nothing comes from it" : "it comes from nothing",
                               view->cut ? " that you may know of" : ""));
    if (tree.lines > TREE_LINES_MAX || view->graph->cut)
        weft_out_note(out, "there is more than is shown; --depth or --direct asks for less");
    return 0;
}

/* ---- JSON ---- */

static void json_node(const struct weft_lineage_view *view, size_t at,
                      struct weft_json_writer *json)
{
    const struct weft_lineage_node *node = &view->graph->nodes[at];
    weft_json_begin_object(json);
    weft_json_member_text(json, "product", node->product);
    weft_json_member_int(json, "major", node->major);
    weft_json_member_text(json, "port", node->port);
    weft_json_member_text(json, "column", node->column);
    weft_json_member_text(json, "owner", view->owners[at]);
    weft_json_member_int(json, "depth", node->depth);
    weft_json_member_bool(json, "recorded", node->recorded);
    weft_json_member_bool(json, "unknown", node->lost);
    weft_json_member_bool(json, "more", node->more);
    weft_json_end_object(json);
}

static void json_link(const struct weft_lineage_link *link, struct weft_json_writer *json)
{
    weft_json_begin_object(json);
    weft_json_member_int(json, "from", (int64_t)link->from);
    weft_json_member_int(json, "to", (int64_t)link->to);
    weft_json_member_bool(json, "direct", (link->how & WEFT_LINEAGE_DIRECT) != 0);
    weft_json_key(json, "kinds");
    weft_json_begin_array(json);
    for (unsigned bit = 1; bit <= WEFT_LINEAGE_ALL; bit <<= 1)
        if (link->how & bit)
            weft_json_put_text(json, weft_lineage_how_name(bit));
    weft_json_end_array(json);
    weft_json_end_object(json);
}

int weft_lineage_json(const struct weft_lineage_view *view, struct weft_out *out,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    struct weft_json_writer json;
    weft_buf_init(&buf, (size_t)256 << 20);
    weft_json_writer_init(&json, &buf);
    weft_json_begin_object(&json);
    weft_json_member_text(&json, "direction", view->down ? "down" : "up");
    weft_json_member_bool(&json, "cut", view->graph->cut);
    weft_json_key(&json, "nodes");
    weft_json_begin_array(&json);
    for (size_t i = 0; i < view->graph->node_count; i++)
        json_node(view, i, &json);
    weft_json_end_array(&json);
    weft_json_key(&json, "links");
    weft_json_begin_array(&json);
    for (size_t i = 0; i < view->graph->link_count; i++)
        json_link(&view->graph->links[i], &json);
    weft_json_end_array(&json);
    weft_json_end_object(&json);
    return weft_out_json(out, &buf, error);
}

/* ---- pictures ---- */

static void quoted_add(struct weft_buf *out, const char *text, const char *quote)
{
    for (; *text != '\0'; text++) {
        if (*text == '"')
            weft_buf_adds(out, quote);
        else if (*text == '\\' || *text == '\n')
            weft_buf_addc(out, ' ');
        else
            weft_buf_addc(out, *text);
    }
}

void weft_lineage_dot(const struct weft_lineage_view *view, struct weft_buf *out)
{
    weft_buf_adds(out, "digraph lineage {\n  rankdir=LR;\n  node [shape=box];\n");
    for (size_t i = 0; i < view->graph->node_count; i++) {
        weft_buf_addf(out, "  n%zu [label=\"", i);
        quoted_add(out, view->names[i], "\\\"");
        weft_buf_adds(out, "\"];\n");
    }
    for (size_t i = 0; i < view->graph->link_count; i++) {
        const struct weft_lineage_link *link = &view->graph->links[i];
        weft_buf_addf(out, "  n%zu -> n%zu [label=\"", link->from, link->to);
        kinds_print(link->how, out);
        weft_buf_addf(out, "\"%s];\n", how_direct(link->how) ? "" : ", style=dashed");
    }
    weft_buf_adds(out, "}\n");
}

void weft_lineage_mermaid(const struct weft_lineage_view *view, struct weft_buf *out)
{
    weft_buf_adds(out, "flowchart LR\n");
    for (size_t i = 0; i < view->graph->node_count; i++) {
        weft_buf_addf(out, "  n%zu[\"", i);
        quoted_add(out, view->names[i], "#quot;");
        weft_buf_adds(out, "\"]\n");
    }
    for (size_t i = 0; i < view->graph->link_count; i++) {
        const struct weft_lineage_link *link = &view->graph->links[i];
        const char *arrow = how_direct(link->how) ? "-->" : "-.->";
        weft_buf_addf(out, "  n%zu %s", link->from, arrow);
        if (link->how != 0) {
            weft_buf_adds(out, "|");
            kinds_print(link->how, out);
            weft_buf_adds(out, "|");
        }
        weft_buf_addf(out, " n%zu\n", link->to);
    }
}

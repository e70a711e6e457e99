/*
 * transform_read.c - `sql:`, `sql_file:`, `graph:` and `write:`: reading them, and the rules
 * between them and the inputs.
 */
#include "model/product_internal.h"

#include "base/fs.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char *const algorithm_names[] = {
    [WEFT_GRAPH_LOUVAIN] = "louvain",
    [WEFT_GRAPH_LEIDEN] = "leiden",
    [WEFT_GRAPH_PAGERANK] = "pagerank",
    [WEFT_GRAPH_COMPONENTS] = "components",
};

const char *weft_graph_algorithm_name(enum weft_graph_algorithm algorithm)
{
    return algorithm_names[algorithm];
}

const char *weft_graph_value_name(enum weft_graph_algorithm algorithm)
{
    return algorithm == WEFT_GRAPH_PAGERANK ? "score" : "community";
}

/* ---- sql ---- */

static const char *read_sql_file(struct weft_draft *draft, const struct weft_node *node)
{
    struct weft_reader *reader = draft->reader;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf text;
    const char *sql = NULL;
    char *path = weft_path_join(draft->source->folder, node->text);
    if (path == NULL) {
        reader->nomem = true;
        return NULL;
    }
    weft_buf_init(&text, WEFT_DOCUMENT_SQL_MAX);
    const char *root = draft->source->root;
    if (root != NULL && weft_fs_exists(path) && !weft_fs_inside(path, root)) {
        weft_free(path);
        weft_reader_mistake(reader, node->place,
                            "copy it beside the product file: who has the checkout has all of it",
                            "`%.200s` lies outside of the checkout", node->text);
        return NULL;
    }
    int rc = weft_fs_read_regular(path, WEFT_DOCUMENT_SQL_MAX, &text, &error);
    weft_free(path);
    if (rc < 0 && error.code == WEFT_E_NOMEM)
        reader->nomem = true;
    else if (rc == WEFT_NOT_THERE)
        weft_reader_mistake(reader, node->place, "paths are relative to the product file",
                            "there is no file `%.200s`", node->text);
    else if (rc < 0)
        weft_reader_mistake(reader, node->place, NULL, "%s", error.message);
    else if (strlen(text.data) != text.length ||
             weft_utf8_valid(text.data, text.length) != text.length)
        weft_reader_mistake(reader, node->place, NULL, "`%.200s` is not UTF-8 text", node->text);
    else if (text.data[strspn(text.data, " \t\r\n")] == '\0')
        weft_reader_mistake(reader, node->place, "write one SELECT", "`%.200s` is empty",
                            node->text);
    else
        sql = weft_reader_text(reader, text.data);
    weft_buf_release(&text);
    return sql;
}

/* Without the blanks at its end: two spellings of one text have one digest. */
static const char *text_trim(struct weft_reader *reader, const char *text)
{
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    return weft_reader_format(reader, "%.*s", (int)length, text);
}

static void read_sql(struct weft_draft *draft, const struct weft_node *sql,
                     const struct weft_node *file)
{
    struct weft_product *product = draft->product;
    product->sql = weft_node_text(sql);
    if (sql != NULL) {
        product->sql_place = sql->text_place;
        product->sql_indent = sql->indent;
    } else if (weft_node_text(file) != NULL) {
        product->sql_file = file->text;
        product->sql = read_sql_file(draft, file);
        product->sql_place = (struct weft_place){1, 1};
    }
    if (product->sql != NULL)
        product->sql = text_trim(draft->reader, product->sql);
}

/* ---- graph ---- */

static enum weft_graph_algorithm algorithm_of(const char *word)
{
    for (size_t i = 0; word != NULL && i < WEFT_COUNT(algorithm_names); i++) {
        if (strcmp(algorithm_names[i], word) == 0)
            return (enum weft_graph_algorithm)i;
    }
    return WEFT_GRAPH_LOUVAIN;
}

/* A number that the algorithm does not have is no harm to the result, but to who reads the file. */
static void graph_check_use(struct weft_draft *draft, const struct weft_node *node,
                            const struct weft_graph *graph)
{
    static const struct {
        const char *key;
        unsigned algorithms;
        const char *users;
    } uses[] = {
        {"seed", 1u << WEFT_GRAPH_LOUVAIN | 1u << WEFT_GRAPH_LEIDEN, "louvain and leiden"},
        {"resolution", 1u << WEFT_GRAPH_LOUVAIN | 1u << WEFT_GRAPH_LEIDEN, "louvain and leiden"},
        {"damping", 1u << WEFT_GRAPH_PAGERANK, "pagerank"},
    };
    for (size_t i = 0; i < WEFT_COUNT(uses); i++) {
        if (weft_node_get(node, uses[i].key) != NULL &&
            (uses[i].algorithms & 1u << graph->algorithm) == 0)
            weft_reader_mistake(draft->reader, weft_node_key_place(node, uses[i].key),
                                "leave it out", "`%s` is for %s, not for %s", uses[i].key,
                                uses[i].users, weft_graph_algorithm_name(graph->algorithm));
    }
}

static void graph_check_ranges(struct weft_draft *draft, const struct weft_node *node,
                               const struct weft_graph *graph)
{
    struct weft_reader *reader = draft->reader;
    if (graph->seed > WEFT_MODEL_SEED_MAX)
        weft_reader_mistake(reader, weft_node_get(node, "seed")->place, NULL,
                            "`seed` is more than %" PRId64, WEFT_MODEL_SEED_MAX);
    if (graph->resolution > WEFT_MODEL_RESOLUTION_MAX)
        weft_reader_mistake(reader, weft_node_get(node, "resolution")->place, NULL,
                            "`resolution` is more than %d", WEFT_MODEL_RESOLUTION_MAX);
    if (graph->damping >= 1)
        weft_reader_mistake(reader, weft_node_get(node, "damping")->place,
                            "0.85 is what is mostly taken", "`damping` is below 1");
}

static void read_graph(struct weft_draft *draft, const struct weft_node *node)
{
    struct weft_reader *reader = draft->reader;
    if (node == NULL || node->wrong || node->kind != WEFT_NODE_MAP)
        return;
    const struct weft_node *algorithm = weft_node_get(node, "algorithm");
    const struct weft_node *edges = weft_node_get(node, "edges");
    struct weft_place place = weft_node_key_place(draft->root, "graph");
    struct weft_graph *graph = weft_reader_alloc(reader, 1, sizeof *graph);
    if (graph == NULL)
        return;
    *graph = (struct weft_graph){
        .algorithm = algorithm_of(weft_node_text(algorithm)),
        .edges =
            edges == NULL || weft_node_text(edges) == NULL ? "" : text_trim(reader, edges->text),
        .seed = weft_node_count(weft_node_get(node, "seed"), 1),
        .resolution = weft_node_number(weft_node_get(node, "resolution"), 1),
        .damping = weft_node_number(weft_node_get(node, "damping"), WEFT_MODEL_DAMPING),
    };
    if (algorithm == NULL)
        weft_reader_mistake(reader, place,
                            "write `algorithm: louvain`, leiden, pagerank or components",
                            "`graph` has no `algorithm`");
    else if (!algorithm->wrong)
        graph_check_use(draft, node, graph);
    if (edges == NULL)
        weft_reader_mistake(reader, place, "write `edges: select a, b, weight from links`",
                            "`graph` has no `edges`");
    else {
        graph->edges_place = edges->text_place;
        graph->edges_indent = edges->indent;
    }
    graph_check_ranges(draft, node, graph);
    draft->product->graph = graph;
}

/* The table of a graph is (node, community) or (node, score). The type of `node` is that of what
 * `edges` gives: known when it is planned. */
static void graph_check_schema(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    struct weft_reader *reader = draft->reader;
    const char *value = weft_graph_value_name(product->graph->algorithm);
    const char *algorithm = weft_graph_algorithm_name(product->graph->algorithm);
    bool score = strcmp(value, "score") == 0;
    if (product->schema.count == 0)
        return;
    for (size_t i = 0; i < product->schema.count; i++) {
        const struct weft_field *field = &product->schema.items[i];
        enum weft_type_kind kind = field->type->kind;
        bool is_value = strcmp(field->name, value) == 0;
        bool fits =
            score ? kind == WEFT_TYPE_DOUBLE : kind == WEFT_TYPE_LONG || kind == WEFT_TYPE_INT;
        char hint[100];
        snprintf(hint, sizeof hint, "its table is `node` and `%s`", value);
        if (!is_value && strcmp(field->name, "node") != 0 && field->name[0] != '\0')
            weft_reader_mistake(reader, field->place, hint, "%s gives no column `%.60s`", algorithm,
                                field->name);
        else if (is_value && !fits)
            weft_reader_mistake(
                reader, field->place, score ? "write `type: double`" : "write `type: long`",
                "the %s that %s gives is a %s", value, algorithm, score ? "double" : "long");
        if (!is_value && weft_type_is_nested(field->type))
            weft_reader_mistake(reader, field->place, NULL, "a node is no nested value");
    }
    const char *const names[] = {"node", value};
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        if (weft_fields_find(&product->schema, names[i]) == NULL)
            weft_reader_mistake(reader, weft_node_key_place(draft->root, "schema"), NULL,
                                "the schema has no `%s`, which %s gives", names[i], algorithm);
    }
}

/* ---- both ---- */

static void check_one_transform(struct weft_draft *draft)
{
    static const char *const keys[] = {"sql", "sql_file", "graph"};
    const char *first = NULL;
    for (size_t i = 0; i < WEFT_COUNT(keys); i++) {
        if (weft_node_get(draft->root, keys[i]) == NULL)
            continue;
        if (first != NULL)
            weft_reader_mistake(draft->reader, weft_node_key_place(draft->root, keys[i]),
                                "keep one of them; edges of a graph are SQL of their own",
                                "more than one of sql, sql_file, graph is written: `%s` and `%s`",
                                first, keys[i]);
        first = keys[i];
    }
}

void weft_draft_read_transform(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    const struct weft_node *sql = weft_node_get(draft->root, "sql");
    const struct weft_node *file = weft_node_get(draft->root, "sql_file");
    const struct weft_node *graph = weft_node_get(draft->root, "graph");
    check_one_transform(draft);
    read_sql(draft, sql, file);
    read_graph(draft, graph);
    if (product->graph != NULL)
        graph_check_schema(draft);
    if (product->input_count > 1 && sql == NULL && file == NULL && graph == NULL)
        weft_reader_mistake(draft->reader, weft_node_key_place(draft->root, "inputs"),
                            "write `sql:` that says how they come together",
                            "%zu inputs, and no `sql`", product->input_count);
}

/* ---- write ---- */

static bool reads_new(const struct weft_product *product)
{
    for (size_t i = 0; i < product->input_count; i++) {
        if (product->inputs[i].read == WEFT_READ_NEW)
            return true;
    }
    return false;
}

static bool is_transform(const struct weft_product *product)
{
    return product->sql != NULL || product->graph != NULL;
}

enum weft_write_mode weft_product_write_default(const struct weft_product *product)
{
    bool by_hand = product->input_count == 0 && !is_transform(product);
    return by_hand || reads_new(product) ? WEFT_WRITE_APPEND : WEFT_WRITE_REPLACE;
}

/* A run that adds all it reads: what people mean is another thing. Files may be others each time,
 * so for them it is a warning. */
static void check_append(struct weft_draft *draft, const struct weft_node *write)
{
    struct weft_product *product = draft->product;
    struct weft_reader *reader = draft->reader;
    bool files = !is_transform(product) && product->input_count == 1 &&
                 product->inputs[0].kind == WEFT_INPUT_FILES;
    if (product->write != WEFT_WRITE_APPEND || reads_new(product) ||
        (product->input_count == 0 && !is_transform(product)))
        return;
    if (files)
        weft_reader_warn(reader, write->place, "did you mean `read: new`?",
                         "`write: append` with `read: all` adds all rows again with each run");
    else if (product->key.count == 0)
        weft_reader_mistake(reader, write->place,
                            product->input_count > 0
                                ? "write `read: new` at an input, `write: replace`, or a `key`"
                                : "leave it out: each run replaces the table",
                            "`write: append` without `read: new` would add all rows again with "
                            "each run");
}

static void check_graph_write(struct weft_draft *draft, const struct weft_node *write)
{
    struct weft_product *product = draft->product;
    struct weft_reader *reader = draft->reader;
    for (size_t i = 0; i < product->input_count; i++) {
        if (product->inputs[i].read == WEFT_READ_NEW)
            weft_reader_mistake(reader, product->inputs[i].place, "leave `read: new` out",
                                "a graph is made of all its edges: `%s` cannot be read in parts",
                                product->inputs[i].name);
    }
    if (product->write != WEFT_WRITE_REPLACE && write != NULL)
        weft_reader_mistake(reader, write->place, "leave it out: each run replaces the table",
                            "a graph gives its whole table: it cannot be added to");
}

static void check_order_by(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    struct weft_reader *reader = draft->reader;
    const struct weft_node *node = weft_node_get(draft->root, "order_by");
    if (product->order_by == NULL)
        return;
    if (product->write != WEFT_WRITE_UPSERT)
        weft_reader_mistake(reader, weft_node_key_place(draft->root, "order_by"), NULL,
                            "`order_by` is for `write: upsert`");
    if (!weft_draft_has_field(draft, product->order_by, node->place, "`order_by`"))
        return;
    const struct weft_field *field = weft_fields_find(&product->schema, product->order_by);
    if (field != NULL && weft_type_is_nested(field->type))
        weft_reader_mistake(reader, node->place, NULL, "`%s` is nested: it has no order",
                            field->name);
    for (size_t i = 0; i < product->key.count; i++) {
        if (strcmp(product->key.items[i], product->order_by) == 0)
            weft_reader_mistake(reader, node->place, "name a field that tells the newer row",
                                "`%s` is in the key: it is the same in all rows of one key",
                                product->order_by);
    }
}

void weft_draft_read_write(struct weft_draft *draft)
{
    struct weft_product *product = draft->product;
    struct weft_reader *reader = draft->reader;
    const struct weft_node *node = weft_node_get(draft->root, "write");
    const char *text = weft_node_text(node);
    product->write = weft_product_write_default(product);
    if (text != NULL)
        product->write = strcmp(text, "replace") == 0  ? WEFT_WRITE_REPLACE
                         : strcmp(text, "append") == 0 ? WEFT_WRITE_APPEND
                                                       : WEFT_WRITE_UPSERT;
    product->order_by = weft_node_get_text(draft->root, "order_by");
    check_order_by(draft);
    if (product->graph != NULL) {
        check_graph_write(draft, node);
        return;
    }
    if (text == NULL)
        return;
    if (product->write == WEFT_WRITE_UPSERT && product->key.count == 0)
        weft_reader_mistake(reader, node->place, "write `key: [field, ...]`",
                            "`write: upsert` needs a key");
    if (product->write == WEFT_WRITE_REPLACE && reads_new(product))
        weft_reader_mistake(reader, node->place, "write `read: all`, or `write: append`",
                            "`write: replace` with `read: new` would keep only the newest rows");
    check_append(draft, node);
}

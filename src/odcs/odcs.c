/*
 * odcs.c - contracts read and written whole: the standard's rules, the product, what is left over.
 */
#include "odcs/odcs_internal.h"

#include <string.h>

/* The tree of a document; the contract's rest (or NULL) apart. NULL when it cannot be read. */
static struct weft_node *document_tree(struct weft_reader *reader, const char *document,
                                       struct weft_error *error)
{
    yyjson_doc *doc __attribute__((cleanup(weft_json_freep))) = NULL;
    if (weft_json_parse(document, strlen(document), 0, &doc, error) < 0) {
        reader->nomem |= error != NULL && error->code == WEFT_E_NOMEM;
        return NULL;
    }
    return weft_node_of_json(reader, yyjson_doc_get_root(doc));
}

/* What of the contract its product does not give back; nothing is reported. */
static struct weft_node *rest_of(struct weft_reader *reader, const struct weft_node *root,
                                 const struct weft_product_source *source)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_diag quiet;
    struct weft_reader silent = *reader;
    struct weft_node *rest = NULL;
    weft_diag_init(&quiet);
    silent.diag = &quiet;
    struct weft_node *tree = weft_odcs_to_product(&silent, root, source, false);
    const struct weft_product *product =
        tree == NULL ? NULL : weft_product_read(&silent, tree, source);
    struct weft_node *document =
        product == NULL ? NULL : document_tree(&silent, product->document, &error);
    struct weft_node *made = document == NULL ? NULL : weft_odcs_of_document(&silent, document);
    if (made != NULL)
        rest = weft_odcs_rest(&silent, made, root);
    reader->nomem |= silent.nomem || quiet.out_of_memory;
    weft_diag_release(&quiet);
    return rest;
}

const struct weft_product *weft_odcs_read(struct weft_reader *reader, struct weft_node *root,
                                          const struct weft_product_source *source)
{
    size_t mistakes = reader->diag->errors;
    if (root == NULL)
        return NULL;
    weft_odcs_check(reader, root);
    if (reader->diag->errors != mistakes || root->wrong || reader->nomem)
        return NULL;
    const struct weft_node *rest = rest_of(reader, root, source);
    struct weft_node *tree = weft_odcs_to_product(reader, root, source, true);
    if (tree == NULL || reader->nomem)
        return NULL;
    weft_node_put(tree, WEFT_ODCS_KEY, root->place, rest);
    const struct weft_product *product = weft_product_read(reader, tree, source);
    return reader->diag->errors == mistakes ? product : NULL;
}

/* ---- contract: FILE in a product file ---- */

static bool is_of_both(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "domain") == 0;
}

struct weft_node *weft_odcs_merge(struct weft_reader *reader, const struct weft_node *root,
                                  const struct weft_node *contract, const char *shown,
                                  const struct weft_product_source *source)
{
    struct weft_place at = weft_node_key_place(root, "contract");
    const struct weft_node *rest = rest_of(reader, contract, source);
    struct weft_node *tree = weft_odcs_to_product(reader, contract, source, false);
    if (tree == NULL)
        return NULL;
    weft_node_move(tree, at);
    struct weft_node *both = weft_node_map(reader, root->place, root->count + tree->count + 1);
    for (size_t i = 0; both != NULL && i < root->count; i++) {
        const char *key = root->keys[i];
        if (strcmp(key, "contract") == 0)
            continue;
        if (!is_of_both(key) && weft_node_get(tree, key) != NULL)
            weft_reader_mistake(reader, root->places[i], "write it in one of them",
                                "`%.60s` stands here and in %.200s", key, shown);
        weft_node_put(both, key, root->places[i], root->items[i]);
    }
    for (size_t i = 0; both != NULL && i < tree->count; i++) {
        if (weft_node_get(root, tree->keys[i]) == NULL)
            weft_node_put(both, tree->keys[i], at, tree->items[i]);
    }
    if (both != NULL && weft_node_get(both, WEFT_ODCS_KEY) == NULL)
        weft_node_put(both, WEFT_ODCS_KEY, at, rest);
    return both;
}

/* ---- for other floors ---- */

int weft_product_parse_odcs(struct weft_arena *arena, const char *text, size_t length,
                            const char *file, const char *folder, const char *domain,
                            const char *name, struct weft_diag *diag,
                            const struct weft_product **out, struct weft_error *error)
{
    struct weft_reader reader = {
        .arena = arena, .diag = diag, .file = file, .environment = "dev", .expand = true};
    struct weft_product_source source = {
        .file = file, .folder = folder, .domain = domain, .name = name, .major = WEFT_MAJOR_NEWEST};
    struct weft_node *root = weft_node_of_yaml(&reader, text, length);
    const struct weft_product *product = weft_odcs_read(&reader, root, &source);
    WEFT_TRY(weft_reader_check(&reader, error));
    *out = product;
    return 0;
}

static int contract_print(struct weft_reader *reader, const struct weft_product *product,
                          struct weft_buf *out, struct weft_error *error)
{
    struct weft_node *document = document_tree(reader, product->document, error);
    if (document == NULL)
        return reader->nomem ? weft_error_nomem(error) : -1;
    const struct weft_node *made = weft_odcs_of_document(reader, document);
    if (made != NULL)
        made = weft_odcs_join(reader, made, weft_node_get(document, WEFT_ODCS_KEY));
    WEFT_TRY(weft_reader_check(reader, error));
    weft_node_print_yaml(made, out);
    return weft_buf_check(out, error);
}

int weft_product_print_odcs(const struct weft_product *product, struct weft_buf *out,
                            struct weft_error *error)
{
    struct weft_diag diag;
    struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    weft_diag_init(&diag);
    struct weft_reader reader = {.arena = arena, .diag = &diag, .file = ""};
    int rc = contract_print(&reader, product, out, error);
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return rc;
}

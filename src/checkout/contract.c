/*
 * contract.c - contracts of the Open Data Contract Standard in a checkout: a file of its own,
 * or one that a product file names.
 */
#include "checkout/mesh_internal.h"

#include "base/fs.h"
#include "base/text.h"
#include "odcs/odcs_read.h"

#include <string.h>

bool weft_mesh_is_contract(const char *file)
{
    return weft_ends_in(file, WEFT_MESH_CONTRACT_END);
}

int weft_mesh_read_contract(struct weft_mesh_loader *loader, const char *path,
                            const struct weft_product_source *source,
                            const struct weft_product **out)
{
    struct weft_node *node = NULL;
    *out = NULL;
    WEFT_TRY(weft_mesh_read_tree(loader, path, source->file, false, &node));
    *out = weft_odcs_read(&loader->reader, node, source);
    return weft_reader_check(&loader->reader, loader->error);
}

/* The file beside the product file, or NULL: what is wrong is told. */
static const char *contract_path(struct weft_mesh_loader *loader, const struct weft_node *root,
                                 const struct weft_product_source *source)
{
    struct weft_reader *reader = &loader->reader;
    const struct weft_node *named = weft_node_get(root, "contract");
    const char *name = weft_node_text(named);
    if (name == NULL) {
        weft_reader_mistake(reader, named->place, "write `contract: NAME.odcs.yaml`",
                            "`contract` names no file");
        return NULL;
    }
    if (strchr(name, '/') != NULL || !weft_mesh_is_contract(name)) {
        weft_reader_mistake(reader, named->place,
                            "it lies beside the product file and is called NAME.odcs.yaml",
                            "`%.100s` is not the name of a contract", name);
        return NULL;
    }
    const char *path = weft_reader_format(reader, "%s/%s", source->folder, name);
    if (!reader->nomem && !weft_fs_exists(path)) {
        weft_reader_mistake(reader, named->place, NULL, "there is no file %.100s beside this one",
                            name);
        return NULL;
    }
    return path;
}

int weft_mesh_add_contract(struct weft_mesh_loader *loader,
                           const struct weft_product_source *source, struct weft_node **root)
{
    struct weft_reader *reader = &loader->reader;
    struct weft_node *written = *root, *contract = NULL;
    const char *path = contract_path(loader, written, source);
    const char *folder = strrchr(source->file, '/');
    *root = NULL;
    if (path == NULL || reader->nomem)
        return weft_reader_check(reader, loader->error);
    const char *shown =
        weft_reader_format(reader, "%.*s%s", folder == NULL ? 0 : (int)(folder + 1 - source->file),
                           source->file, weft_node_get_text(written, "contract"));
    struct weft_product_source of_contract = *source;
    of_contract.file = shown;
    of_contract.named = written;
    WEFT_TRY(weft_mesh_read_tree(loader, path, shown, false, &contract));
    bool good = weft_odcs_read(reader, contract, &of_contract) != NULL;
    reader->file = source->file;
    if (good)
        *root = weft_odcs_merge(reader, written, contract, shown, &of_contract);
    return weft_reader_check(reader, loader->error);
}

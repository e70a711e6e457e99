/*
 * mesh_internal.h - for this folder: a mesh while it is loaded.
 */
#ifndef WEFT_CHECKOUT_MESH_INTERNAL_H
#define WEFT_CHECKOUT_MESH_INTERNAL_H

#include "checkout/mesh.h"
#include "document/keys.h"
#include "model/product_read.h"

#define WEFT_MESH_FILE "weft.yaml"
#define WEFT_MESH_PRODUCTS_MAX 100000

struct weft_mesh_loader {
    struct weft_mesh *mesh;
    struct weft_reader reader;
    struct weft_error *error;
    struct weft_texts connections; /* names, from weft.yaml */
    struct weft_domain *domains;
    size_t domain_count, domain_capacity;
    const struct weft_product **products;
    size_t product_count, product_capacity;
};

/* Reads root/name as YAML into *node (NULL when there is no such file, or it is no YAML: reported).
 * reader.file becomes `shown`. may_be_empty: one with nothing but comments is NULL, without a
 * report. -1 only for memory and I/O. */
int weft_mesh_read_tree(struct weft_mesh_loader *loader, const char *path, const char *shown,
                        bool may_be_empty, struct weft_node **node);
/* The same for a file of several documents: a LIST of them; NULL when there are none. */
int weft_mesh_read_documents(struct weft_mesh_loader *loader, const char *path, const char *shown,
                             struct weft_node **list);
/* policies/ into the mesh, behind its products. */
int weft_mesh_read_policies(struct weft_mesh_loader *loader);
/* weft.yaml into the mesh and the environment asked for. node may be NULL. */
void weft_mesh_read_file(struct weft_mesh_loader *loader, struct weft_node *node,
                         const char *environment);
/* `connections:` into the mesh. node may be NULL. */
void weft_mesh_read_connections(struct weft_mesh_loader *loader, const struct weft_node *node);
/* domain.yaml, checked; adds the domain. node may be NULL. */
void weft_mesh_read_domain(struct weft_mesh_loader *loader, struct weft_node *node,
                           const char *name, const char *file);

/* ---- contracts of the Open Data Contract Standard (contract.c) ---- */
#define WEFT_MESH_CONTRACT_END ".odcs.yaml"
bool weft_mesh_is_contract(const char *file);
/* The product of a contract; NULL when there is a mistake (reported). */
int weft_mesh_read_contract(struct weft_mesh_loader *loader, const char *path,
                            const struct weft_product_source *source,
                            const struct weft_product **out);
/* The tree of a product file becomes that with what its `contract:` says; NULL likewise. */
int weft_mesh_add_contract(struct weft_mesh_loader *loader,
                           const struct weft_product_source *source, struct weft_node **root);

#endif

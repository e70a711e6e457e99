/*
 * mesh.h - a checkout: the mesh file and all product files below it, parsed and validated together.
 *
 * weft_mesh_load finds the root by walking up to weft.yaml as git does; reads domains/<d>/..., and
 * reports every mistake of every file at once, each with file:line:column.
 */
#ifndef WEFT_CHECKOUT_MESH_H
#define WEFT_CHECKOUT_MESH_H

#include "checkout/connection.h"
#include "document/reader.h"
#include "model/product.h"
#include "policy/policy.h"

struct weft_domain {
    const char *name;
    const char *owner;       /* NULL = none */
    const char *description; /* NULL = none */
    struct weft_texts members;
    const struct weft_place *member_places;
    struct weft_place owner_place;
    const char *file; /* NULL = no domain.yaml */
};

struct weft_bucket {
    const char *name;
    const char *endpoint;   /* NULL = none is written */
    const char *connection; /* NULL */
    const char *region;     /* NULL */
};

struct weft_environment {
    const char *name;
    const char *home;  /* NULL = .weft/<name> */
    const char *node;  /* NULL; only a node: refused "not yet" */
    const char *defer; /* NULL; an environment of the mesh that defers to none itself */
    bool s3_fallback_local;
    const struct weft_variable *vars;
    size_t var_count;
    const struct weft_bucket *buckets;
    size_t bucket_count;
};

struct weft_setting_value {
    const char *name;
    const char *value;
    struct weft_place place;
};

struct weft_mesh {
    struct weft_arena *arena; /* owns all of it */
    const char *name;         /* default: the folder's name */
    const char *root;         /* absolute */
    const char *file;         /* weft.yaml, or NULL when there is none */
    struct weft_texts owns;   /* as written; count 0 = all it holds: see weft_mesh_owns */
    const struct weft_environment *environment;  /* asked for; NULL = there is none such */
    const struct weft_environment *deferred;     /* that it defers to; NULL = none */
    const struct weft_environment *environments; /* all; `dev` is there though it is not written */
    size_t environment_count;
    const struct weft_connection *connections; /* those that could be read */
    size_t connection_count;
    const struct weft_setting_value *settings; /* from weft.yaml */
    size_t setting_count;
    const struct weft_domain *domains;
    size_t domain_count;
    const struct weft_product *const *products; /* by full name, then major */
    size_t product_count;
    const struct weft_policy *const *policies; /* of policies/, by file and place */
    size_t policy_count;
    bool has_policies; /* there is a folder policies/ */
};

/* Finds the root above (or at) `start`. NOT_FOUND with a hint to `weft init`. Heap path. */
int weft_mesh_find_root(const char *start, char **root, struct weft_error *error) WEFT_MUST_CHECK;

/* environment NULL = dev. One that the mesh does not have is the only mistake that is told then,
 * and no product is read. Mistakes go to diag and are no failure of the call: *out is set whenever
 * enough could be read (products without errors are in it), NULL otherwise; check diag->errors.
 * -1 only for memory and I/O. */
int weft_mesh_load(const char *root, const char *environment, struct weft_diag *diag,
                   struct weft_mesh **out, struct weft_error *error) WEFT_MUST_CHECK;
void weft_mesh_free(struct weft_mesh *mesh);
void weft_mesh_freep(struct weft_mesh **mesh);

/* NULL when there is none. */
const struct weft_environment *weft_mesh_environment(const struct weft_mesh *mesh,
                                                     const char *name);
const struct weft_connection *weft_mesh_connection(const struct weft_mesh *mesh, const char *name);
/* The home of an environment: an absolute path on the heap. NOT_YET for one that has only a
 * node. */
int weft_mesh_home(const struct weft_mesh *mesh, const struct weft_environment *environment,
                   char **out, struct weft_error *error) WEFT_MUST_CHECK;

/* NULL when there is none. major may be WEFT_MAJOR_NEWEST. */
const struct weft_product *weft_mesh_product(const struct weft_mesh *mesh, const char *full_name,
                                             int major);
/* Does the checkout speak for the domain? It is one that `owns` names; without `owns`, one that it
 * holds: there is its folder or a product of it. */
bool weft_mesh_owns(const struct weft_mesh *mesh, const char *domain);
/* Does the checkout speak for the mesh's policies? `owns` names `policies`, or there is no `owns`
 * and a folder policies/. */
bool weft_mesh_owns_policies(const struct weft_mesh *mesh);

#endif

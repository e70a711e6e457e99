/*
 * mesh.c - loading a checkout: where its files lie, which of them say the same, and what is left
 * over.
 */
#include "checkout/mesh_internal.h"

#include "base/fs.h"
#include "base/map.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRODUCT_FILE "data_product.yaml"

/* 1 when there is dir/name, else 0; -1 when memory is out. */
static int file_below(const char *dir, const char *name, bool folder)
{
    char *path = weft_path_join(dir, name);
    if (path == NULL)
        return -1;
    bool there = folder ? weft_fs_is_dir(path) : weft_fs_exists(path);
    weft_free(path);
    return there ? 1 : 0;
}

/* A folder of product files without a mesh file is a mesh of its own. */
static int root_without_file(char *path, char **root, struct weft_error *error)
{
    int domains = file_below(path, "domains", true);
    int product = file_below(path, PRODUCT_FILE, false);
    if (domains < 0 || product < 0)
        return weft_error_nomem(error);
    if (domains == 0 && product == 0) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no %s in %s or above it", WEFT_MESH_FILE,
                       path);
        return weft_error_hint(error, "`weft init NAME` makes a mesh that works");
    }
    *root = weft_strdup(path);
    return *root == NULL ? weft_error_nomem(error) : 0;
}

int weft_mesh_find_root(const char *start, char **root, struct weft_error *error)
{
    char *path WEFT_CLEANUP(weft_freep) = NULL;
    WEFT_TRY(weft_path_absolute(start, &path, error));
    char *at = weft_strdup(path);
    while (at != NULL) {
        int found = file_below(at, WEFT_MESH_FILE, false);
        bool top = strcmp(at, "/") == 0;
        if (found > 0) {
            *root = at;
            return 0;
        }
        char *above = found < 0 || top ? NULL : weft_path_dirname(at);
        weft_free(at);
        if (found == 0 && top)
            return root_without_file(path, root, error);
        at = above;
    }
    return weft_error_nomem(error);
}

/* ---- one file ---- */

/* A zero byte is neither: what holds one is told by the reader. */
static bool only_comments(const struct weft_buf *text)
{
    const char *at = text->data, *end = text->data + text->length;
    while (at < end) {
        at += strspn(at, " \t\r\n");
        if (at < end && *at != '#')
            return false;
        at += strcspn(at, "\n");
    }
    return true;
}

static int read_nodes(struct weft_mesh_loader *loader, const char *path, const char *shown,
                      bool may_be_empty, bool many, struct weft_node **node)
{
    struct weft_buf text;
    struct weft_error wrong = WEFT_ERROR_INIT;
    loader->reader.file = shown;
    *node = NULL;
    bool below = strncmp(shown, "domains/", 8) == 0 || many;
    if (below && weft_fs_exists(path) && !weft_fs_inside(path, loader->mesh->root)) {
        weft_reader_mistake(&loader->reader, (struct weft_place){0},
                            "copy it: who has the checkout has all of it",
                            "the file is a link that leads out of the checkout");
        return 0;
    }
    weft_buf_init(&text, WEFT_DOCUMENT_FILE_MAX);
    int rc = weft_fs_read_regular(path, WEFT_DOCUMENT_FILE_MAX, &text, &wrong);
    if (rc == 0 && !(may_be_empty && only_comments(&text)))
        *node = many ? weft_nodes_of_yaml(&loader->reader, text.data, text.length)
                     : weft_node_of_yaml(&loader->reader, text.data, text.length);
    weft_buf_release(&text);
    if (rc >= 0)
        return 0;
    if (wrong.code == WEFT_E_LIMIT) {
        weft_reader_mistake(&loader->reader, (struct weft_place){0}, NULL,
                            "the file is larger than %d KB", WEFT_DOCUMENT_FILE_MAX / 1024);
        return 0;
    }
    if (wrong.code == WEFT_E_CORRUPT) { /* a pipe, a folder */
        weft_reader_mistake(&loader->reader, (struct weft_place){0}, NULL, "it is no regular file");
        return 0;
    }
    if (loader->error != NULL)
        *loader->error = wrong;
    return rc;
}

int weft_mesh_read_tree(struct weft_mesh_loader *loader, const char *path, const char *shown,
                        bool may_be_empty, struct weft_node **node)
{
    return read_nodes(loader, path, shown, may_be_empty, false, node);
}

int weft_mesh_read_documents(struct weft_mesh_loader *loader, const char *path, const char *shown,
                             struct weft_node **list)
{
    return read_nodes(loader, path, shown, true, true, list);
}

static void product_add(struct weft_mesh_loader *loader, const struct weft_product *product)
{
    if (loader->product_count >= WEFT_MESH_PRODUCTS_MAX) {
        weft_reader_mistake(&loader->reader, product->place, NULL, "more than %d products",
                            WEFT_MESH_PRODUCTS_MAX);
        return;
    }
    if (weft_arena_reserve(loader->reader.arena, &loader->products, &loader->product_capacity,
                           loader->product_count + 1, sizeof *loader->products) < 0)
        loader->reader.nomem = true;
    else
        loader->products[loader->product_count++] = product;
}

/* Only files behind http can be read so far. */
static void check_input_kind(struct weft_mesh_loader *loader, const struct weft_input *input)
{
    const struct weft_connection *connection =
        weft_mesh_connection(loader->mesh, input->connection);
    if (connection == NULL) /* its own mistake was told */
        return;
    bool http = connection->kind == WEFT_CONNECTION_HTTP;
    if (http && input->kind == WEFT_INPUT_CONNECTION)
        weft_reader_mistake(&loader->reader, input->place,
                            "write `files: path/file.csv`, relative to its URL",
                            "the input `%s` does not say which files of `%s` it reads", input->name,
                            connection->name);
    else if (!http && input->kind == WEFT_INPUT_FILES)
        weft_diag_add(loader->reader.diag, WEFT_SEVERITY_ERROR, WEFT_E_NOT_YET, loader->reader.file,
                      input->place.line, input->place.column,
                      "files come over a connection of the kind http, or from a folder",
                      "the input `%s` reads files over `%s`, which is %s: not yet", input->name,
                      connection->name,
                      connection->kind == WEFT_CONNECTION_S3 ? "object storage" : "a database");
}

static void check_input_connections(struct weft_mesh_loader *loader,
                                    const struct weft_product *product)
{
    struct weft_texts known = loader->connections;
    for (size_t i = 0; i < product->input_count; i++) {
        const char *name = product->inputs[i].connection;
        bool found = name == NULL;
        for (size_t j = 0; !found && j < known.count; j++)
            found = strcmp(known.items[j], name) == 0;
        if (found) {
            if (name != NULL)
                check_input_kind(loader, &product->inputs[i]);
            continue;
        }
        char hint[200];
        weft_reader_near(name, known.items, known.count, hint, sizeof hint);
        weft_reader_mistake(&loader->reader, product->inputs[i].place, hint,
                            "the input `%s` names the connection `%.60s`, which %s does not have",
                            product->inputs[i].name, name, WEFT_MESH_FILE);
    }
}

/* ---- one folder ---- */

struct folder {
    const char *path;   /* absolute */
    const char *shown;  /* from the root, with a slash at the end, or "" */
    const char *domain; /* NULL at the root */
    const char *name;   /* NULL but in a product's own folder */
    const struct weft_node *domain_file;
    struct weft_fs_list list;
    const char *sql_files[64]; /* that products of the folder name */
    size_t sql_count;
    const char *contracts[64]; /* that product files of the folder name */
    size_t contract_count;
    bool unclear; /* a file could not be read: what it names is unknown */
};

/* data_product.yaml gives WEFT_MAJOR_NEWEST, data_product.v2.yaml 2; false = anything else. */
static bool product_file_major(const char *name, int *out)
{
    int64_t major;
    *out = WEFT_MAJOR_NEWEST;
    if (strcmp(name, PRODUCT_FILE) == 0)
        return true;
    size_t length = strlen(name);
    if (strncmp(name, "data_product.v", 14) != 0 || length <= 19 ||
        strcmp(name + length - 5, ".yaml") != 0)
        return false;
    if (!weft_parse_int64(name + 14, length - 19, &major) || major < 0 || major > 999)
        return false;
    *out = (int)major;
    return true;
}

static int folder_read_product(struct weft_mesh_loader *loader, struct folder *folder,
                               const char *file, int major)
{
    struct weft_reader *reader = &loader->reader;
    const char *shown = weft_reader_format(reader, "%s%s", folder->shown, file);
    const char *path = weft_reader_format(reader, "%s/%s", folder->path, file);
    struct weft_node *node = NULL;
    if (reader->nomem)
        return weft_error_nomem(loader->error);
    WEFT_TRY(weft_mesh_read_tree(loader, path, shown, false, &node));
    struct weft_product_source source = {
        .file = shown,
        .folder = folder->path,
        .root = loader->mesh->root,
        .domain = folder->domain,
        .name = folder->name,
        .major = major,
        .domain_file = folder->domain_file,
    };
    const char *sql = weft_node_get_text(node, "sql_file");
    folder->unclear = folder->unclear || node == NULL;
    if (sql != NULL && folder->sql_count < WEFT_COUNT(folder->sql_files))
        folder->sql_files[folder->sql_count++] = sql;
    const char *contract = weft_node_get_text(node, "contract");
    if (contract != NULL && folder->contract_count < WEFT_COUNT(folder->contracts))
        folder->contracts[folder->contract_count++] = contract;
    if (weft_node_get(node, "contract") != NULL)
        WEFT_TRY(weft_mesh_add_contract(loader, &source, &node));
    const struct weft_product *product = weft_product_read(reader, node, &source);
    if (product != NULL) {
        check_input_connections(loader, product);
        product_add(loader, product);
    }
    return weft_reader_check(reader, loader->error);
}

static void folder_check_other(struct weft_mesh_loader *loader, const struct folder *folder,
                               const char *file)
{
    struct weft_reader *reader = &loader->reader;
    struct weft_place none = {0};
    reader->file = weft_reader_format(reader, "%s%s", folder->shown, file);
    if (weft_ends_in(file, ".odcs.yml")) {
        weft_reader_warn(reader, none, "call it NAME" WEFT_MESH_CONTRACT_END,
                         "the file is not read: it has another name");
        return;
    }
    if (strncmp(file, "data_product", 12) == 0 &&
        (weft_ends_in(file, ".yml") || weft_ends_in(file, ".yaml"))) {
        weft_reader_warn(reader, none,
                         "the names are data_product.yaml and, for an older major, "
                         "data_product.v1.yaml",
                         "the file is not read: it has another name");
        return;
    }
    if (!weft_ends_in(file, ".sql") || folder->unclear || folder->name == NULL)
        return;
    for (size_t i = 0; i < folder->sql_count; i++) {
        const char *named = folder->sql_files[i];
        named += strncmp(named, "./", 2) == 0 ? 2 : 0;
        if (strcmp(named, file) == 0)
            return;
    }
    weft_reader_warn(reader, none, "name it by `sql_file:`, or remove it",
                     "no product of its folder names this file");
}

/* A folder of a product without one: its file may only be called otherwise. */
static void folder_check_name(struct weft_mesh_loader *loader, const struct folder *folder,
                              const char *file)
{
    struct weft_reader *reader = &loader->reader;
    static const struct weft_place none = {0};
    if ((!weft_ends_in(file, ".yaml") && !weft_ends_in(file, ".yml")) ||
        strstr(file, ".odcs.") != NULL || strncmp(file, "data_product", 12) == 0)
        return; /* told by folder_check_other */
    const char *before = reader->file;
    reader->file = weft_reader_format(reader, "%s%s", folder->shown, file);
    if (reader->file != NULL)
        weft_reader_warn(reader, none, "call it data_product.yaml, if it describes a product",
                         "this file is not read");
    reader->file = before;
}

/* A contract that no product file of its folder names is a product of its own. */
static int folder_read_contract(struct weft_mesh_loader *loader, const struct folder *folder,
                                const char *file)
{
    struct weft_reader *reader = &loader->reader;
    const struct weft_product *product;
    for (size_t i = 0; i < folder->contract_count; i++) {
        if (strcmp(folder->contracts[i], file) == 0)
            return 0;
    }
    struct weft_product_source source = {
        .file = weft_reader_format(reader, "%s%s", folder->shown, file),
        .folder = folder->path,
        .root = loader->mesh->root,
        .domain = folder->domain,
        .name = folder->name,
        .major = WEFT_MAJOR_NEWEST,
        .domain_file = folder->domain_file,
    };
    const char *path = weft_reader_format(reader, "%s/%s", folder->path, file);
    WEFT_TRY(weft_reader_check(reader, loader->error));
    WEFT_TRY(weft_mesh_read_contract(loader, path, &source, &product));
    if (product != NULL) {
        check_input_connections(loader, product);
        product_add(loader, product);
    }
    return 0;
}

static int folder_read_files(struct weft_mesh_loader *loader, struct folder *folder)
{
    bool any = false;
    for (size_t i = 0; i < folder->list.count; i++) {
        int major;
        if (!product_file_major(folder->list.names[i], &major))
            continue;
        any = true;
        WEFT_TRY(folder_read_product(loader, folder, folder->list.names[i], major));
    }
    for (size_t i = 0; i < folder->list.count; i++) {
        if (folder->domain == NULL || !weft_mesh_is_contract(folder->list.names[i]))
            continue;
        any = true;
        WEFT_TRY(folder_read_contract(loader, folder, folder->list.names[i]));
    }
    for (size_t i = 0; !any && folder->name != NULL && i < folder->list.count; i++)
        folder_check_name(loader, folder, folder->list.names[i]);
    for (size_t i = 0; i < folder->list.count; i++) {
        int major;
        if (!product_file_major(folder->list.names[i], &major) &&
            !weft_mesh_is_contract(folder->list.names[i]))
            folder_check_other(loader, folder, folder->list.names[i]);
    }
    return weft_reader_check(&loader->reader, loader->error);
}

static int folder_read(struct weft_mesh_loader *loader, struct folder *folder)
{
    int rc = weft_fs_list(folder->path, &folder->list, loader->error);
    if (rc == 0)
        rc = folder_read_files(loader, folder);
    weft_fs_list_free(&folder->list);
    return rc < 0 ? rc : 0;
}

/* ---- domains ---- */

static int read_domain_file(struct weft_mesh_loader *loader, struct folder *folder)
{
    struct weft_reader *reader = &loader->reader;
    struct weft_node *node = NULL;
    const char *shown = weft_reader_format(reader, "%sdomain.yaml", folder->shown);
    const char *path = weft_reader_format(reader, "%s/domain.yaml", folder->path);
    if (reader->nomem)
        return weft_error_nomem(loader->error);
    if (weft_fs_exists(path))
        WEFT_TRY(weft_mesh_read_tree(loader, path, shown, true, &node));
    weft_mesh_read_domain(loader, node, folder->domain, shown);
    folder->domain_file = node;
    return weft_reader_check(reader, loader->error);
}

/* `under` is one of the names of the domain's folder. */
static int read_product_folder(struct weft_mesh_loader *loader, const struct folder *above,
                               const char *under)
{
    struct weft_reader *reader = &loader->reader;
    struct folder folder = {
        .path = weft_reader_format(reader, "%s/%s", above->path, under),
        .shown = weft_reader_format(reader, "%s%s/", above->shown, under),
        .domain = above->domain,
        .name = weft_reader_text(reader, under),
        .domain_file = above->domain_file,
    };
    if (reader->nomem)
        return weft_error_nomem(loader->error);
    return weft_fs_is_dir(folder.path) ? folder_read(loader, &folder) : 0;
}

static int read_domain(struct weft_mesh_loader *loader, const char *domains, const char *name)
{
    struct weft_reader *reader = &loader->reader;
    struct weft_fs_list list = {0};
    struct folder folder = {
        .path = weft_reader_format(reader, "%s/%s", domains, name),
        .shown = weft_reader_format(reader, "domains/%s/", name),
        .domain = weft_reader_text(reader, name),
    };
    if (reader->nomem)
        return weft_error_nomem(loader->error);
    if (name[0] == '.' || !weft_fs_is_dir(folder.path))
        return 0;
    WEFT_TRY(read_domain_file(loader, &folder));
    WEFT_TRY(folder_read(loader, &folder));
    int rc = weft_fs_list(folder.path, &list, loader->error);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        /* A name with a dot is a file, or hidden: no product is called so. */
        if (strchr(list.names[i], '.') == NULL)
            rc = read_product_folder(loader, &folder, list.names[i]);
    }
    weft_fs_list_free(&list);
    return rc < 0 ? rc : 0;
}

static int read_domains(struct weft_mesh_loader *loader)
{
    struct weft_fs_list list = {0};
    const char *path = weft_reader_format(&loader->reader, "%s/domains", loader->mesh->root);
    if (loader->reader.nomem)
        return weft_error_nomem(loader->error);
    int rc = weft_fs_list(path, &list, loader->error);
    for (size_t i = 0; rc == 0 && i < list.count; i++)
        rc = read_domain(loader, path, list.names[i]);
    weft_fs_list_free(&list);
    return rc < 0 ? rc : 0;
}

/* ---- the whole ---- */

static int product_order(const void *a, const void *b)
{
    const struct weft_product *x = *(const struct weft_product *const *)a;
    const struct weft_product *y = *(const struct weft_product *const *)b;
    int by_name = strcmp(x->full_name, y->full_name);
    if (by_name != 0)
        return by_name;
    if (x->major != y->major)
        return x->major < y->major ? -1 : 1;
    return strcmp(x->file, y->file);
}

static void check_twice(struct weft_mesh_loader *loader)
{
    if (loader->product_count == 0)
        return;
    qsort(loader->products, loader->product_count, sizeof *loader->products, product_order);
    for (size_t i = 1; i < loader->product_count; i++) {
        const struct weft_product *first = loader->products[i - 1];
        const struct weft_product *second = loader->products[i];
        if (strcmp(first->full_name, second->full_name) != 0 || first->major != second->major)
            continue;
        loader->reader.file = second->file;
        weft_reader_mistake(
            &loader->reader, second->place, "give one another name, or another major",
            "%s@%d is described twice; also in %s", second->full_name, second->major, first->file);
    }
}

/* Majors of one product have one history, and a product has one successor. */
static void check_renames(struct weft_mesh_loader *loader)
{
    struct weft_map *seen = weft_map_new();
    loader->reader.nomem |= seen == NULL;
    for (size_t i = 0; seen != NULL && i < loader->product_count; i++) {
        const struct weft_product *product = loader->products[i];
        const struct weft_product *last = i == 0 ? NULL : loader->products[i - 1];
        if (product->was == NULL)
            continue;
        loader->reader.file = product->file;
        const struct weft_product *first = weft_map_get(seen, product->was);
        bool major_of = last != NULL && strcmp(last->full_name, product->full_name) == 0;
        if (first != NULL && strcmp(first->full_name, product->full_name) != 0)
            weft_reader_mistake(
                &loader->reader, product->was_place, "only one product can be what it was",
                "`%s` was `%s`, says %s, too", first->full_name, product->was, first->file);
        else if (major_of && last->was != NULL && strcmp(last->was, product->was) != 0)
            weft_reader_mistake(&loader->reader, product->was_place,
                                "write the same in all majors of a product",
                                "`%s` was `%s` here, and `%s` in %s", product->full_name,
                                product->was, last->was, last->file);
        if (weft_map_put(seen, product->was, (void *)(uintptr_t)product) < 0)
            loader->reader.nomem = true;
    }
    weft_map_free(seen);
}

/* In SQL a name with a dot may be a column of a port or a product of a domain. */
static void check_port_names(struct weft_mesh_loader *loader)
{
    struct weft_map *domains = weft_map_new();
    loader->reader.nomem |= domains == NULL;
    for (size_t i = 0; domains != NULL && i < loader->domain_count; i++) {
        if (weft_map_put(domains, loader->domains[i].name, NULL) < 0)
            loader->reader.nomem = true;
    }
    for (size_t i = 0; domains != NULL && i < loader->product_count; i++) {
        const struct weft_product *product = loader->products[i];
        bool has_sql = product->sql != NULL || product->graph != NULL;
        loader->reader.file = product->file;
        for (size_t j = 0; has_sql && j < product->input_count; j++) {
            const struct weft_input *input = &product->inputs[j];
            if (weft_map_has(domains, input->name))
                weft_reader_warn(&loader->reader, input->place, "give the input another name",
                                 "the input `%s` is called like a domain: in SQL `%s.x` is its "
                                 "column x, or a product of the domain",
                                 input->name, input->name);
        }
    }
    weft_map_free(domains);
}

static void check_owns(struct weft_mesh_loader *loader, const struct weft_node *file)
{
    struct weft_mesh *mesh = loader->mesh;
    const struct weft_node *owns = weft_node_get(file, "owns");
    const char **names = weft_reader_alloc(&loader->reader, loader->domain_count, sizeof *names);
    for (size_t i = 0; names != NULL && i < loader->domain_count; i++)
        names[i] = loader->domains[i].name;
    loader->reader.file = WEFT_MESH_FILE;
    for (size_t i = 0; names != NULL && i < mesh->owns.count; i++) {
        bool found = strcmp(mesh->owns.items[i], "policies") == 0;
        for (size_t j = 0; j < loader->domain_count; j++)
            found = found || strcmp(names[j], mesh->owns.items[i]) == 0;
        char hint[200];
        weft_reader_near(mesh->owns.items[i], names, loader->domain_count, hint, sizeof hint);
        if (!found)
            weft_reader_warn(&loader->reader, owns->place, hint,
                             "`owns` names `%.60s`, but there is no folder domains/%.60s",
                             mesh->owns.items[i], mesh->owns.items[i]);
    }
}

/* Of all environments: a message says which of them has a name. */
static void know_variables(struct weft_reader *reader, const struct weft_mesh *mesh)
{
    struct weft_variables *all = weft_reader_alloc(reader, mesh->environment_count, sizeof *all);
    for (size_t i = 0; all != NULL && i < mesh->environment_count; i++) {
        const struct weft_environment *one = &mesh->environments[i];
        all[i] = (struct weft_variables){one->name, one->vars, one->var_count};
    }
    reader->environments = all;
    reader->environment_count = mesh->environment_count;
}

static int mesh_read(struct weft_mesh_loader *loader, const char *environment)
{
    struct weft_reader *reader = &loader->reader;
    struct weft_mesh *mesh = loader->mesh;
    struct weft_node *node = NULL;
    const char *path = weft_reader_format(reader, "%s/%s", mesh->root, WEFT_MESH_FILE);
    if (reader->nomem)
        return weft_error_nomem(loader->error);
    reader->file = WEFT_MESH_FILE;
    if (weft_fs_exists(path)) {
        mesh->file = WEFT_MESH_FILE;
        WEFT_TRY(weft_mesh_read_tree(loader, path, WEFT_MESH_FILE, true, &node));
    }
    weft_mesh_read_file(loader, node, environment);
    WEFT_TRY(weft_reader_check(reader, loader->error));
    if (mesh->environment == NULL)
        return 0; /* what ${name} means is not known: all else would be noise */
    know_variables(reader, mesh);
    WEFT_TRY(weft_reader_check(reader, loader->error));
    reader->environment = mesh->environment->name;
    reader->vars = mesh->environment->vars;
    reader->var_count = mesh->environment->var_count;
    reader->expand = true;
    struct folder root = {.path = mesh->root, .shown = ""};
    WEFT_TRY(folder_read(loader, &root));
    WEFT_TRY(read_domains(loader));
    check_twice(loader);
    check_renames(loader);
    check_port_names(loader);
    check_owns(loader, node);
    mesh->domains = loader->domains;
    mesh->domain_count = loader->domain_count;
    mesh->products = loader->products;
    mesh->product_count = loader->product_count;
    return weft_mesh_read_policies(loader);
}

int weft_mesh_load(const char *root, const char *environment, struct weft_diag *diag,
                   struct weft_mesh **out, struct weft_error *error)
{
    char *absolute WEFT_CLEANUP(weft_freep) = NULL;
    WEFT_TRY(weft_path_absolute(root, &absolute, error));
    if (!weft_fs_is_dir(absolute))
        return weft_error_set(error, WEFT_E_NOT_FOUND, "there is no folder %s", absolute);
    struct weft_arena *arena = weft_arena_new(0);
    struct weft_mesh *mesh = arena == NULL ? NULL : weft_arena_alloc(arena, sizeof *mesh);
    if (mesh == NULL) {
        weft_arena_free(arena);
        return weft_error_nomem(error);
    }
    mesh->arena = arena;
    mesh->root = weft_arena_strdup(arena, absolute);
    struct weft_mesh_loader loader = {.mesh = mesh, .error = error};
    loader.reader = (struct weft_reader){.arena = arena, .diag = diag, .environment = "dev"};
    int rc = mesh->root == NULL ? weft_error_nomem(error)
                                : mesh_read(&loader, environment == NULL ? "dev" : environment);
    weft_diag_sort(diag);
    if (rc < 0) {
        weft_mesh_free(mesh);
        return rc;
    }
    *out = mesh;
    return 0;
}

void weft_mesh_free(struct weft_mesh *mesh)
{
    if (mesh != NULL)
        weft_arena_free(mesh->arena);
}

void weft_mesh_freep(struct weft_mesh **mesh)
{
    weft_mesh_free(*mesh);
    *mesh = NULL;
}

const struct weft_environment *weft_mesh_environment(const struct weft_mesh *mesh, const char *name)
{
    for (size_t i = 0; i < mesh->environment_count; i++) {
        if (strcmp(mesh->environments[i].name, name) == 0)
            return &mesh->environments[i];
    }
    return NULL;
}

const struct weft_connection *weft_mesh_connection(const struct weft_mesh *mesh, const char *name)
{
    for (size_t i = 0; i < mesh->connection_count; i++) {
        if (strcmp(mesh->connections[i].name, name) == 0)
            return &mesh->connections[i];
    }
    return NULL;
}

int weft_mesh_home(const struct weft_mesh *mesh, const struct weft_environment *environment,
                   char **out, struct weft_error *error)
{
    if (environment->home == NULL && environment->node != NULL) {
        weft_error_set(error, WEFT_E_NOT_YET,
                       "the environment `%s` has only a node, and this version cannot use nodes "
                       "yet",
                       environment->name);
        return weft_error_hint(error, "give it a `home:` in weft.yaml");
    }
    char *path WEFT_CLEANUP(weft_freep) = environment->home != NULL
                                              ? weft_strdup(environment->home)
                                              : weft_format(".weft/%s", environment->name);
    char *joined WEFT_CLEANUP(weft_freep) = path == NULL ? NULL : weft_path_join(mesh->root, path);
    if (joined == NULL)
        return weft_error_nomem(error);
    return weft_path_absolute(joined, out, error);
}

const struct weft_product *weft_mesh_product(const struct weft_mesh *mesh, const char *full_name,
                                             int major)
{
    size_t low = 0, high = mesh->product_count;
    while (low < high) { /* behind the last of that name */
        size_t middle = low + (high - low) / 2;
        if (strcmp(mesh->products[middle]->full_name, full_name) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low > 0 && strcmp(mesh->products[low - 1]->full_name, full_name) == 0) {
        low--;
        if (major == WEFT_MAJOR_NEWEST || mesh->products[low]->major == major)
            return mesh->products[low];
    }
    return NULL;
}

/* Products are in the order of their names, so those of a domain stand together. */
static bool has_product_of(const struct weft_mesh *mesh, const char *domain)
{
    size_t length = strlen(domain);
    size_t low = 0, high = mesh->product_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *name = mesh->products[middle]->full_name;
        int order = strncmp(name, domain, length);
        if (order < 0 || (order == 0 && name[length] < '.'))
            low = middle + 1;
        else
            high = middle;
    }
    return low < mesh->product_count && strcmp(mesh->products[low]->domain, domain) == 0;
}

bool weft_mesh_owns(const struct weft_mesh *mesh, const char *domain)
{
    for (size_t i = 0; i < mesh->owns.count; i++) {
        if (strcmp(mesh->owns.items[i], domain) == 0)
            return true;
    }
    if (mesh->owns.count > 0)
        return false;
    for (size_t i = 0; i < mesh->domain_count; i++) {
        if (strcmp(mesh->domains[i].name, domain) == 0)
            return true;
    }
    return has_product_of(mesh, domain);
}

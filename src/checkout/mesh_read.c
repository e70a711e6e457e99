/*
 * mesh_read.c - weft.yaml and domain.yaml.
 */
#include "checkout/mesh_internal.h"

#include "base/fs.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* `what` names something that the file does not have. */
static void check_known(struct weft_reader *reader, const struct weft_node *node,
                        struct weft_texts known, const char *what, enum weft_severity severity)
{
    const char *text = weft_node_text(node);
    char hint[200];
    if (text == NULL || weft_texts_have(&known, text))
        return;
    weft_reader_near(text, known.items, known.count, hint, sizeof hint);
    weft_diag_add(reader->diag, severity, WEFT_E_INVALID, reader->file, node->place.line,
                  node->place.column, hint[0] == '\0' ? NULL : hint,
                  "`%.60s` is not %s of this file", text, what);
}

static void read_vars(struct weft_reader *reader, const struct weft_node *vars,
                      struct weft_environment *environment)
{
    if (vars == NULL || vars->kind != WEFT_NODE_MAP)
        return;
    struct weft_variable *items = weft_reader_alloc(reader, vars->count, sizeof *items);
    for (size_t i = 0; items != NULL && i < vars->count; i++) {
        const char *text = weft_node_text(vars->items[i]);
        items[i] = (struct weft_variable){vars->keys[i], text == NULL ? "" : text};
    }
    environment->vars = items;
    environment->var_count = items == NULL ? 0 : vars->count;
}

static void read_buckets(struct weft_reader *reader, const struct weft_node *buckets,
                         struct weft_environment *environment)
{
    if (buckets == NULL || buckets->kind != WEFT_NODE_MAP)
        return;
    struct weft_bucket *items = weft_reader_alloc(reader, buckets->count, sizeof *items);
    for (size_t i = 0; items != NULL && i < buckets->count; i++)
        items[i] = (struct weft_bucket){
            .name = buckets->keys[i],
            .endpoint = weft_node_get_text(buckets->items[i], "endpoint"),
            .connection = weft_node_get_text(buckets->items[i], "connection"),
            .region = weft_node_get_text(buckets->items[i], "region"),
        };
    environment->buckets = items;
    environment->bucket_count = items == NULL ? 0 : buckets->count;
}

static void read_environment(struct weft_reader *reader, const struct weft_node *node,
                             const char *name, struct weft_environment *out)
{
    const char *fallback = weft_node_get_text(node, "s3_fallback");
    *out = (struct weft_environment){
        .name = weft_reader_text(reader, name),
        .home = weft_node_get_text(node, "home"),
        .node = weft_node_get_text(node, "node"),
        .defer = weft_node_get_text(node, "defer"),
        .s3_fallback_local =
            fallback == NULL ? strcmp(name, "dev") == 0 : strcmp(fallback, "local") == 0,
    };
    read_vars(reader, weft_node_get(node, "vars"), out);
    read_buckets(reader, weft_node_get(node, "buckets"), out);
}

/* What only the environment in use must be. */
static void check_chosen(struct weft_reader *reader, const struct weft_node *node,
                         const struct weft_environment *environment)
{
    const char *home = environment->home;
    if (home != NULL && home[0] == '/' && home[strspn(home, "/.")] == '\0')
        weft_reader_mistake(reader, weft_node_get(node, "home")->place, "as in .weft/dev",
                            "a home is a folder of its own, not %.60s", home);
    if (environment->node != NULL && environment->home == NULL) {
        struct weft_place place = weft_node_get(node, "node")->place;
        weft_diag_add(reader->diag, WEFT_SEVERITY_ERROR, WEFT_E_NOT_YET, reader->file, place.line,
                      place.column, "give it a `home:`, or choose another environment",
                      "the environment `%s` works through a node: not yet", environment->name);
    }
}

/* Read-only is only one step: what an environment defers to must hold what it is asked for. */
static void check_defer(struct weft_reader *reader, const struct weft_node *node,
                        const struct weft_mesh *mesh, const struct weft_environment *environment)
{
    const struct weft_node *defer = weft_node_get(node, "defer");
    const struct weft_environment *to =
        environment->defer == NULL ? NULL : weft_mesh_environment(mesh, environment->defer);
    if (to == NULL)
        return;
    if (to == environment)
        weft_reader_mistake(reader, defer->place, "name another environment, or leave `defer` out",
                            "the environment `%s` defers to itself", environment->name);
    else if (to->defer != NULL)
        weft_reader_mistake(reader, defer->place,
                            "let it defer to the environment whose home holds the products",
                            "`%s` defers to `%s`, which defers to `%.60s` itself: one step only",
                            environment->name, to->name, to->defer);
    else if (to->home == NULL && to->node != NULL)
        weft_diag_add(reader->diag, WEFT_SEVERITY_ERROR, WEFT_E_NOT_YET, reader->file,
                      defer->place.line, defer->place.column, "defer to one that has a `home:`",
                      "`%s` defers to `%s`, which works through a node: not yet", environment->name,
                      to->name);
    else if (to->home != NULL && environment->home != NULL &&
             strcmp(to->home, environment->home) == 0)
        weft_reader_mistake(reader, defer->place, "give it a `home:` of its own",
                            "`%s` defers to `%s`, which has the same home", environment->name,
                            to->name);
}

static void check_environment(struct weft_mesh_loader *loader, const struct weft_node *node,
                              struct weft_place place, const char *name, bool chosen)
{
    struct weft_reader *reader = &loader->reader;
    const struct weft_mesh *mesh = loader->mesh;
    if (!weft_name_valid(name)) {
        char proposal[WEFT_NAME_MAX + 1], hint[100];
        weft_name_propose(name, proposal);
        snprintf(hint, sizeof hint, "`%s` would be", proposal);
        weft_reader_mistake(reader, place, hint, "`%.60s` is not a name for an environment", name);
    }
    const char **names = weft_reader_alloc(reader, mesh->environment_count, sizeof *names);
    for (size_t i = 0; names != NULL && i < mesh->environment_count; i++)
        names[i] = mesh->environments[i].name;
    if (names != NULL)
        check_known(reader, weft_node_get(node, "defer"),
                    (struct weft_texts){names, mesh->environment_count}, "an environment",
                    WEFT_SEVERITY_ERROR);
    check_defer(reader, node, mesh, weft_mesh_environment(mesh, name));
    const struct weft_node *buckets = weft_node_get(node, "buckets");
    /* Connections of other environments may stand elsewhere: not everyone has those of `prod`. */
    enum weft_severity severity = chosen ? WEFT_SEVERITY_ERROR : WEFT_SEVERITY_WARNING;
    for (size_t i = 0; buckets != NULL && buckets->kind == WEFT_NODE_MAP && i < buckets->count; i++)
        check_known(reader, weft_node_get(buckets->items[i], "connection"), loader->connections,
                    "a connection", severity);
    if (chosen)
        check_chosen(reader, node, weft_mesh_environment(mesh, name));
}

static void environment_unknown(struct weft_reader *reader, const struct weft_mesh *mesh,
                                const struct weft_node *all, const char *wanted)
{
    char near[300], hint[700], list[300];
    const char **names = weft_reader_alloc(reader, mesh->environment_count, sizeof *names);
    if (names == NULL)
        return;
    for (size_t i = 0; i < mesh->environment_count; i++)
        names[i] = mesh->environments[i].name;
    weft_reader_near(wanted, names, mesh->environment_count, near, sizeof near);
    weft_texts_print(names, mesh->environment_count, list, sizeof list);
    snprintf(hint, sizeof hint, "%s%sthere %s %s", near, near[0] == '\0' ? "" : " ",
             mesh->environment_count == 1 ? "is" : "are", list);
    weft_diag_add(reader->diag, WEFT_SEVERITY_ERROR, WEFT_E_NOT_FOUND, WEFT_MESH_FILE,
                  all == NULL ? 0 : all->place.line, all == NULL ? 0 : all->place.column, hint,
                  "there is no environment `%.60s`", wanted);
}

/* Only where nothing is wrong with it. */
static const struct weft_environment *deferred_of(const struct weft_mesh *mesh)
{
    const struct weft_environment *from = mesh->environment;
    const struct weft_environment *to =
        from->defer == NULL ? NULL : weft_mesh_environment(mesh, from->defer);
    bool usable =
        to != NULL && to != from && to->defer == NULL && (to->home != NULL || to->node == NULL);
    return usable ? to : NULL;
}

/* Those of the file, and `dev`, which is always there. */
static void read_environments(struct weft_mesh_loader *loader, const struct weft_node *all,
                              const char *wanted)
{
    struct weft_reader *reader = &loader->reader;
    struct weft_mesh *mesh = loader->mesh;
    size_t written = all != NULL && all->kind == WEFT_NODE_MAP ? all->count : 0;
    struct weft_environment *items = weft_reader_alloc(reader, written + 1, sizeof *items);
    if (items == NULL)
        return;
    for (size_t i = 0; i < written; i++)
        read_environment(reader, all->items[i], all->keys[i], &items[i]);
    mesh->environments = items;
    mesh->environment_count = written;
    if (weft_mesh_environment(mesh, "dev") == NULL)
        read_environment(reader, NULL, "dev", &items[mesh->environment_count++]);
    mesh->environment = weft_mesh_environment(mesh, wanted);
    for (size_t i = 0; !reader->nomem && i < written; i++)
        check_environment(loader, all->items[i], all->places[i], all->keys[i],
                          mesh->environment == &items[i]);
    if (mesh->environment == NULL)
        environment_unknown(reader, mesh, all, wanted);
    else
        mesh->deferred = deferred_of(mesh);
}

static void read_settings(struct weft_mesh_loader *loader, const struct weft_node *node)
{
    if (node == NULL || node->kind != WEFT_NODE_MAP)
        return;
    struct weft_setting_value *items =
        weft_reader_alloc(&loader->reader, node->count, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; items != NULL && i < node->count; i++) {
        const char *text = weft_node_text(node->items[i]);
        if (text != NULL)
            items[count++] =
                (struct weft_setting_value){node->keys[i], text, node->items[i]->place};
    }
    loader->mesh->settings = items;
    loader->mesh->setting_count = count;
}

void weft_mesh_read_file(struct weft_mesh_loader *loader, struct weft_node *node,
                         const char *environment)
{
    struct weft_reader *reader = &loader->reader;
    struct weft_mesh *mesh = loader->mesh;
    if (node != NULL)
        weft_keys_check(reader, node, WEFT_SECTION_MESH);
    const char *name = weft_node_get_text(node, "mesh");
    mesh->name = name != NULL ? name : weft_reader_text(reader, weft_path_basename(mesh->root));
    mesh->owns = weft_node_texts(reader, weft_node_get(node, "owns"));
    weft_mesh_read_connections(loader, weft_node_get(node, "connections"));
    read_settings(loader, weft_node_get(node, "settings"));
    read_environments(loader, weft_node_get(node, "environments"), environment);
}

void weft_mesh_read_domain(struct weft_mesh_loader *loader, struct weft_node *node,
                           const char *name, const char *file)
{
    struct weft_reader *reader = &loader->reader;
    if (node != NULL) {
        weft_keys_check(reader, node, WEFT_SECTION_DOMAIN);
        const struct weft_node *written = weft_node_get(node, "name");
        if (weft_node_text(written) != NULL && strcmp(written->text, name) != 0)
            weft_reader_mistake(reader, written->place, NULL,
                                "the domain says it is `%s`, but its folder is `%.60s`",
                                written->text, name);
    }
    if (weft_arena_reserve(reader->arena, &loader->domains, &loader->domain_capacity,
                           loader->domain_count + 1, sizeof *loader->domains) < 0) {
        reader->nomem = true;
        return;
    }
    struct weft_domain *domain = &loader->domains[loader->domain_count++];
    struct weft_translations unused = {0};
    *domain = (struct weft_domain){
        .name = weft_reader_text(reader, name),
        .owner = weft_node_get_text(node, "owner"),
        .members = weft_node_texts(reader, weft_node_get(node, "members")),
        .member_places = weft_node_texts_places(reader, weft_node_get(node, "members")),
        .file = node == NULL ? NULL : file,
    };
    if (domain->owner != NULL)
        domain->owner_place = weft_node_get(node, "owner")->place;
    weft_node_translations(reader, weft_node_get(node, "description"), &domain->description,
                           &unused);
}

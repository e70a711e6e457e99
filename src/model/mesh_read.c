/*
 * mesh_read.c - weft.yaml and domain.yaml.
 */
#include "model/mesh_internal.h"

#include "base/fs.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static struct weft_texts map_names(const struct weft_node *map)
{
    if (map == NULL || map->kind != WEFT_NODE_MAP)
        return (struct weft_texts){0};
    return (struct weft_texts){map->keys, map->count};
}

static bool texts_have(struct weft_texts texts, const char *text)
{
    for (size_t i = 0; i < texts.count; i++) {
        if (strcmp(texts.items[i], text) == 0)
            return true;
    }
    return false;
}

/* `what` names something that the file does not have. */
static void check_known(struct weft_reader *reader, const struct weft_node *node,
                        struct weft_texts known, const char *what, enum weft_severity severity)
{
    const char *text = weft_node_text(node);
    char hint[200];
    if (text == NULL || texts_have(known, text))
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
    const char **names = weft_reader_alloc(reader, buckets->count, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names != NULL && i < buckets->count; i++) {
        if (weft_node_get_text(buckets->items[i], "endpoint") != NULL)
            names[count++] = buckets->keys[i];
    }
    environment->buckets = (struct weft_texts){names, count};
}

static void read_environment(struct weft_mesh_loader *loader, const struct weft_node *node,
                             const char *name, bool chosen)
{
    struct weft_reader *reader = &loader->reader;
    struct weft_environment *environment = weft_reader_alloc(reader, 1, sizeof *environment);
    if (environment == NULL)
        return;
    const char *fallback = weft_node_get_text(node, "s3_fallback");
    *environment = (struct weft_environment){
        .name = weft_reader_text(reader, name),
        .home = weft_node_get_text(node, "home"),
        .node = weft_node_get_text(node, "node"),
        .defer = weft_node_get_text(node, "defer"),
        .s3_fallback_local =
            fallback == NULL ? strcmp(name, "dev") == 0 : strcmp(fallback, "local") == 0,
    };
    read_vars(reader, weft_node_get(node, "vars"), environment);
    read_buckets(reader, weft_node_get(node, "buckets"), environment);
    if (!chosen)
        return;
    loader->mesh->environment = environment;
    const char *home = environment->home;
    if (home != NULL && home[0] == '/' && home[strspn(home, "/.")] == '\0')
        weft_reader_mistake(reader, weft_node_get(node, "home")->place, "as in .weft/dev",
                            "a home is a folder of its own, not %.60s", home);
    if (environment->node != NULL && environment->home == NULL) {
        struct weft_place place = weft_node_get(node, "node")->place;
        weft_diag_add(reader->diag, WEFT_SEVERITY_ERROR, WEFT_E_NOT_YET, reader->file, place.line,
                      place.column, "give it a `home:`, or choose another environment",
                      "the environment `%s` works through a node: not yet", name);
    }
}

static void check_environment(struct weft_mesh_loader *loader, const struct weft_node *all,
                              const struct weft_node *node, struct weft_place place,
                              const char *name, bool chosen)
{
    struct weft_reader *reader = &loader->reader;
    if (!weft_name_valid(name)) {
        char proposal[WEFT_NAME_MAX + 1], hint[100];
        weft_name_propose(name, proposal);
        snprintf(hint, sizeof hint, "`%s` would be", proposal);
        weft_reader_mistake(reader, place, hint, "`%.60s` is not a name for an environment", name);
    }
    check_known(reader, weft_node_get(node, "defer"), map_names(all), "an environment",
                WEFT_SEVERITY_ERROR);
    const struct weft_node *buckets = weft_node_get(node, "buckets");
    /* Connections of other environments may stand elsewhere: not everyone has those of `prod`. */
    enum weft_severity severity = chosen ? WEFT_SEVERITY_ERROR : WEFT_SEVERITY_WARNING;
    for (size_t i = 0; buckets != NULL && buckets->kind == WEFT_NODE_MAP && i < buckets->count; i++)
        check_known(reader, weft_node_get(buckets->items[i], "connection"), loader->connections,
                    "a connection", severity);
}

static void read_environments(struct weft_mesh_loader *loader, const struct weft_node *all,
                              const char *wanted)
{
    struct weft_reader *reader = &loader->reader;
    const struct weft_node *chosen = weft_node_get(all, wanted);
    for (size_t i = 0; all != NULL && all->kind == WEFT_NODE_MAP && i < all->count; i++)
        check_environment(loader, all, all->items[i], all->places[i], all->keys[i],
                          strcmp(all->keys[i], wanted) == 0);
    if (chosen == NULL && strcmp(wanted, "dev") != 0) {
        struct weft_texts names = map_names(all);
        char hint[300];
        weft_reader_near(wanted, names.items, names.count, hint, sizeof hint);
        if (hint[0] == '\0') {
            char list[250];
            weft_texts_print(names.items, names.count, list, sizeof list);
            snprintf(hint, sizeof hint, "there %s", names.count == 0 ? "is dev" : list);
            if (names.count > 0)
                snprintf(hint, sizeof hint, "there are dev, %s", list);
        }
        weft_diag_add(reader->diag, WEFT_SEVERITY_ERROR, WEFT_E_NOT_FOUND, reader->file,
                      all == NULL ? 0 : all->place.line, all == NULL ? 0 : all->place.column, hint,
                      "there is no environment `%.60s`", wanted);
    }
    read_environment(loader, chosen, wanted, true);
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

/* A secret says where it is found by exactly one of its keys. */
static void check_connections(struct weft_reader *reader, const struct weft_node *connections)
{
    static const char *const secrets[] = {"password", "access_key", "secret_key"};
    for (size_t i = 0;
         connections != NULL && connections->kind == WEFT_NODE_MAP && i < connections->count; i++) {
        for (size_t j = 0; j < WEFT_COUNT(secrets); j++) {
            const struct weft_node *secret = weft_node_get(connections->items[i], secrets[j]);
            if (secret != NULL && secret->kind == WEFT_NODE_MAP && secret->count != 1)
                weft_reader_mistake(reader, secret->place, "write {env: NAME}",
                                    "`%s` is found by one of env, file, command", secrets[j]);
        }
    }
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
    const struct weft_node *connections = weft_node_get(node, "connections");
    loader->connections = map_names(connections);
    check_connections(reader, connections);
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
        .file = node == NULL ? NULL : file,
    };
    weft_read_translations(reader, weft_node_get(node, "description"), &domain->description,
                           &unused);
}

/*
 * policies.c - policies/ of a checkout: its files read, and what they say together.
 */
#include "checkout/mesh_internal.h"
#include "policy/policy_read.h"

#include "base/fs.h"
#include "base/map.h"
#include "base/text.h"

#include <string.h>

#define POLICIES_FOLDER "policies"
#define POLICIES_MAX 20000

struct policies {
    struct weft_mesh_loader *loader;
    const struct weft_policy **items;
    size_t count, capacity;
    struct weft_map *names;    /* -> policy */
    struct weft_map *purposes; /* -> its document */
};

static void policy_add(struct policies *all, const struct weft_policy *policy)
{
    struct weft_reader *reader = &all->loader->reader;
    if (all->count >= POLICIES_MAX) {
        weft_reader_mistake(reader, policy->place, NULL, "more than %d policies", POLICIES_MAX);
        return;
    }
    if (weft_arena_reserve(reader->arena, &all->items, &all->capacity, all->count + 1,
                           sizeof *all->items) < 0) {
        reader->nomem = true;
        return;
    }
    all->items[all->count++] = policy;
    if (policy->name == NULL || policy->kind == WEFT_POLICY_TEST)
        return;
    const struct weft_policy *first = weft_map_get(all->names, policy->name);
    if (first != NULL)
        weft_reader_mistake(reader, policy->place, "give one another name",
                            "there are two policies `%s`; the first is in %s line %d", policy->name,
                            first->file, first->place.line);
    else if (weft_map_put(all->names, policy->name, (void *)(uintptr_t)policy) < 0)
        reader->nomem = true;
    for (size_t i = 0; i < policy->purpose_count; i++) {
        if (weft_map_put(all->purposes, policy->purpose_list[i].name, (void *)(uintptr_t)policy) <
            0)
            reader->nomem = true;
    }
}

static int file_read(struct policies *all, const char *folder, const char *file)
{
    struct weft_mesh_loader *loader = all->loader;
    struct weft_reader *reader = &loader->reader;
    struct weft_node *list = NULL;
    const char *shown = weft_reader_format(reader, POLICIES_FOLDER "/%s", file);
    const char *path = weft_reader_format(reader, "%s/%s", folder, file);
    if (reader->nomem)
        return weft_error_nomem(loader->error);
    WEFT_TRY(weft_mesh_read_documents(loader, path, shown, &list));
    for (size_t i = 0; list != NULL && !reader->nomem && i < list->count; i++) {
        list->items[i]->wrong = list->items[i]->wrong || list->wrong;
        const struct weft_policy *policy = weft_policy_read(reader, list->items[i]);
        if (policy != NULL)
            policy_add(all, policy);
    }
    return weft_reader_check(reader, loader->error);
}

static int folder_read(struct policies *all, const char *folder)
{
    struct weft_mesh_loader *loader = all->loader;
    struct weft_fs_list list = {0};
    static const struct weft_place none = {0};
    int rc = weft_fs_list(folder, &list, loader->error);
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        if (list.names[i][0] == '.')
            continue;
        if (weft_ends_in(list.names[i], ".yaml")) {
            rc = file_read(all, folder, list.names[i]);
        } else if (weft_ends_in(list.names[i], ".yml")) {
            loader->reader.file =
                weft_reader_format(&loader->reader, POLICIES_FOLDER "/%s", list.names[i]);
            weft_reader_warn(&loader->reader, none, "call it NAME.yaml",
                             "the file is not read: it has another name");
        }
    }
    weft_fs_list_free(&list);
    return rc < 0 ? rc : 0;
}

/* ---- what they say together ---- */

/* A purpose that nobody declared is a slip of the pen that would shut somebody out. */
static void purpose_check(struct policies *all, const char *purpose, const char *file,
                          struct weft_place place)
{
    struct weft_reader *reader = &all->loader->reader;
    const char *names[64];
    size_t count = WEFT_MIN(weft_map_count(all->purposes), WEFT_COUNT(names));
    char hint[200], list[120];
    if (count == 0 || purpose == NULL || weft_map_has(all->purposes, purpose))
        return;
    for (size_t i = 0; i < count; i++)
        names[i] = weft_map_key(all->purposes, i);
    weft_reader_near(purpose, names, count, hint, sizeof hint);
    if (hint[0] == '\0') {
        weft_texts_print(names, count, list, sizeof list);
        snprintf(hint, sizeof hint, "declared are %s", list);
    }
    reader->file = file;
    weft_reader_mistake(reader, place, hint, "`%.60s` is not a declared purpose", purpose);
}

static void purposes_check(struct policies *all, const struct weft_policy *policy)
{
    for (size_t i = 0; i < policy->purposes.count; i++)
        purpose_check(all, policy->purposes.items[i], policy->file, policy->purpose_places[i]);
    for (size_t i = 0; i < policy->except_count; i++)
        purpose_check(all, policy->except[i].purpose, policy->file,
                      policy->except[i].purpose_place);
    for (size_t i = 0; i < policy->case_count; i++)
        purpose_check(all, policy->cases[i].purpose, policy->file, policy->cases[i].purpose_place);
}

static void check_together(struct policies *all)
{
    struct weft_mesh *mesh = all->loader->mesh;
    for (size_t i = 0; i < all->count; i++)
        purposes_check(all, all->items[i]);
    for (size_t i = 0; i < mesh->product_count; i++) {
        const struct weft_product *product = mesh->products[i];
        for (size_t p = 0; product->access != NULL && p < product->access->purposes.count; p++)
            purpose_check(all, product->access->purposes.items[p], product->file,
                          product->access->purpose_places[p]);
    }
}

int weft_mesh_read_policies(struct weft_mesh_loader *loader)
{
    struct weft_mesh *mesh = loader->mesh;
    WEFT_CLEANUP(weft_map_freep) struct weft_map *names = weft_map_new();
    WEFT_CLEANUP(weft_map_freep) struct weft_map *purposes = weft_map_new();
    const char *folder = weft_reader_format(&loader->reader, "%s/" POLICIES_FOLDER, mesh->root);
    if (loader->reader.nomem || names == NULL || purposes == NULL)
        return weft_error_nomem(loader->error);
    struct policies all = {.loader = loader, .names = names, .purposes = purposes};
    mesh->has_policies = weft_fs_is_dir(folder);
    if (mesh->has_policies)
        WEFT_TRY(folder_read(&all, folder));
    check_together(&all);
    mesh->policies = all.items;
    mesh->policy_count = all.count;
    return weft_reader_check(&loader->reader, loader->error);
}

bool weft_mesh_owns_policies(const struct weft_mesh *mesh)
{
    for (size_t i = 0; i < mesh->owns.count; i++) {
        if (strcmp(mesh->owns.items[i], POLICIES_FOLDER) == 0)
            return true;
    }
    return mesh->owns.count == 0 && mesh->has_policies;
}

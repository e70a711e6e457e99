/*
 * people.c - who there is, for what names somebody: see names.h.
 */
#include "plan/names.h"

#include "base/text.h"
#include "trust/principals.h"

#include <stdio.h>
#include <string.h>

struct weft_plan_people {
    struct weft_map *known;
    const char **names; /* those of the map, for suggestions */
    bool home;
};

static int domain_add(struct weft_plan_people *people, const char *name, struct weft_error *error)
{
    char id[WEFT_PRINCIPAL_MAX];
    snprintf(id, sizeof id, "domain:%.*s", (int)WEFT_MIN(strcspn(name, "."), sizeof id - 8), name);
    return weft_map_put(people->known, id, NULL) < 0 ? weft_error_nomem(error) : 0;
}

static int people_fill(struct weft_plan_people *people, struct weft_book *book,
                       struct weft_error *error)
{
    struct weft_principals all = {0};
    if (book->txn != NULL)
        WEFT_TRY(weft_principals_list(book->txn, book->arena, 0, &all, error));
    for (size_t i = 0; i < all.count; i++) {
        if (weft_map_put(people->known, all.items[i].id, NULL) < 0)
            return weft_error_nomem(error);
    }
    for (size_t i = 0; i < book->count; i++)
        WEFT_TRY(domain_add(people, book->items[i].full_name, error));
    for (size_t i = 0; book->mesh != NULL && i < book->mesh->domain_count; i++)
        WEFT_TRY(domain_add(people, book->mesh->domains[i].name, error));
    size_t count = weft_map_count(people->known);
    people->names = weft_arena_array(book->arena, count + 1, sizeof *people->names);
    if (people->names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        people->names[i] = weft_map_key(people->known, i);
    return 0;
}

int weft_plan_people_make(struct weft_book *book, struct weft_plan_people **out,
                          struct weft_error *error)
{
    struct weft_plan_people *made = weft_arena_alloc(book->arena, sizeof *made);
    if (made == NULL)
        return weft_error_nomem(error);
    *made = (struct weft_plan_people){.known = weft_map_new(), .home = book->txn != NULL};
    *out = made;
    return made->known == NULL ? weft_error_nomem(error) : people_fill(made, book, error);
}

void weft_plan_people_freep(struct weft_plan_people **people)
{
    if (*people != NULL)
        weft_map_freep(&(*people)->known);
    *people = NULL;
}

bool weft_plan_people_know(const struct weft_plan_people *people, const char *principal,
                           const char **near)
{
    static const char *const kinds[] = {"user:", "service:", "group:", "domain:"};
    const char *best = NULL;
    bool asked = false;
    *near = NULL;
    for (size_t k = 0; k < WEFT_COUNT(kinds); k++)
        asked = asked || strncmp(principal, kinds[k], strlen(kinds[k])) == 0;
    if (!asked || !people->home || weft_map_has(people->known, principal))
        return true;
    /* Of its kind; the kind's own letters would make everything near. */
    size_t prefix = strcspn(principal, ":") + 1;
    for (size_t i = 0; i < weft_map_count(people->known); i++) {
        const char *both[] = {people->names[i] + prefix, best == NULL ? NULL : best + prefix};
        const char *found;
        if (strncmp(people->names[i], principal, prefix) != 0)
            continue;
        found = weft_suggest(principal + prefix, both, best == NULL ? 1 : 2);
        if (found == both[0])
            best = people->names[i];
    }
    *near = best;
    return false;
}

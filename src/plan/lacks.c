/*
 * lacks.c - what would grant what a plan lacks, as lines to be pasted: `access:` for the file of
 * the product that is read, which its owner writes; policies of all of it, which one paste into
 * policies/ ends; or a request, where the product is there to be asked for.
 */
#include "plan/plan_internal.h"

#include "base/text.h"
#include "policy/policy.h"

#include <stdio.h>
#include <string.h>

/* ---- `access:` ---- */

static void list_print(struct weft_buf *out, const char *key, const struct weft_texts *texts,
                       const char *more)
{
    const char *between = "";
    weft_buf_addf(out, "%s: [", key);
    for (size_t i = 0; i < texts->count; i++, between = ", ")
        weft_buf_addf(out, "%s%s", between, texts->items[i]);
    if (more != NULL)
        weft_buf_addf(out, "%s%s", between, more);
    weft_buf_adds(out, "]");
}

/* With what it says already. WEFT_NOT_THERE: what it grants is for other purposes than runs. */
static int access_print(struct weft_plan_maker *maker, const struct weft_access *access,
                        const char *reader, const char **out, struct weft_error *error)
{
    char domain[sizeof "domain:" + WEFT_NAME_MAX];
    static const struct weft_access none;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 16);
    access = access == NULL ? &none : access;
    if (access->purposes.count > 0)
        return WEFT_NOT_THERE;
    snprintf(domain, sizeof domain, "domain:%.*s", (int)strcspn(reader, "."), reader);
    weft_buf_adds(&text, "access: {");
    list_print(&text, "grant", &access->grant, domain);
    if (access->min_group.size > 0)
        weft_buf_addf(&text, ", min_group: {size: %" PRId64 ", by: %s}",
                      (int64_t)access->min_group.size, access->min_group.by);
    if (access->break_glass.count > 0) {
        weft_buf_adds(&text, ", ");
        list_print(&text, "break_glass", &access->break_glass, NULL);
    }
    weft_buf_adds(&text, "}");
    WEFT_TRY(weft_buf_check(&text, error));
    *out = weft_arena_strndup(maker->arena, text.data, text.length);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int lack_make(struct weft_plan_maker *maker, const struct weft_plan_item *item,
                     const struct weft_book_read *read, struct weft_plan_lack *out,
                     struct weft_error *error)
{
    const struct weft_book_item *of = &maker->book->items[read->item];
    const struct weft_product *contract;
    WEFT_TRY(weft_book_contract(maker->book, read->item, &contract, error));
    *out = (struct weft_plan_lack){
        .product = read->full_name,
        .owner = contract->owner,
        .file = of->product == NULL ? NULL : of->product->file,
        .registered = of->digest != NULL && !of->deferred && !of->digest->retired,
    };
    int rc = access_print(maker, contract->access, item->full_name, &out->access, error);
    return rc < 0 ? rc : 0;
}

/* ---- policies ---- */

static bool name_taken(const struct weft_plan_maker *maker, const char *name)
{
    bool taken = false;
    for (size_t i = 0; i < maker->mesh->policy_count && !taken; i++)
        taken = maker->mesh->policies[i]->name != NULL &&
                strcmp(maker->mesh->policies[i]->name, name) == 0;
    return taken;
}

/* "stats_reads_people", and where there is one already "stats_reads_people_2". */
static void grant_name(const struct weft_plan_maker *maker, const char *reader, const char *product,
                       char out[WEFT_NAME_MAX + 1])
{
    char wanted[2 * WEFT_NAME_MAX + sizeof "_reads_"];
    snprintf(wanted, sizeof wanted, "%.*s_reads_%s", (int)strcspn(reader, "."), reader,
             strchr(product, '.') + 1);
    if (strlen(wanted) > WEFT_NAME_MAX - 4)
        snprintf(wanted, sizeof wanted, "%.*s_reads", (int)WEFT_MIN(strcspn(reader, "."), 36),
                 reader);
    snprintf(out, WEFT_NAME_MAX + 1, "%.*s", WEFT_NAME_MAX, wanted);
    for (uint8_t i = 2; i < 100 && name_taken(maker, out); i++)
        snprintf(out, WEFT_NAME_MAX + 1, "%.*s_%" PRIu8, WEFT_NAME_MAX - 4, wanted, i);
}

/* The products that items of the reader's domain lack, or one item alone; each once. */
static int products_print(const struct weft_plan_maker *maker, const char *reader,
                          const struct weft_plan_item *alone, struct weft_buf *out,
                          const char **first, struct weft_error *error)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *told = weft_map_new();
    size_t length = strcspn(reader, ".") + 1;
    *first = NULL;
    if (told == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < maker->count; i++) {
        const struct weft_plan_item *item = &maker->items[i];
        if (alone != NULL ? item != alone : strncmp(item->full_name, reader, length) != 0)
            continue;
        for (size_t k = 0; k < item->lack_count; k++) {
            const char *product = item->lacks[k].product;
            if (weft_map_has(told, product))
                continue;
            if (weft_map_put(told, product, NULL) < 0)
                return weft_error_nomem(error);
            weft_buf_addf(out, "%s%s", *first == NULL ? "" : ", ", product);
            *first = *first == NULL ? product : *first;
        }
    }
    return weft_buf_check(out, error);
}

int weft_plan_lacks_grants(struct weft_plan_maker *maker, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text, products;
    weft_buf_init(&text, (size_t)1 << 20);
    weft_buf_init(&products, (size_t)1 << 20);
    for (size_t i = 0; i < maker->count; i++) {
        const char *reader = maker->items[i].full_name, *first;
        char name[WEFT_NAME_MAX + 1];
        bool told = maker->items[i].lack_count == 0;
        for (size_t k = 0; k < i && !told; k++)
            told = maker->items[k].lack_count > 0 &&
                   strncmp(maker->items[k].full_name, reader, strcspn(reader, ".") + 1) == 0;
        if (told)
            continue;
        weft_buf_clear(&products);
        WEFT_TRY(products_print(maker, reader, NULL, &products, &first, error));
        grant_name(maker, reader, first, name);
        weft_buf_addf(&text, "%skind: grant\nname: %s\nto: [domain:%.*s]\nread: [%s]\n",
                      text.length == 0 ? "" : "---\n", name, (int)strcspn(reader, "."), reader,
                      products.data);
    }
    WEFT_TRY(weft_buf_check(&text, error));
    if (text.length == 0)
        return 0;
    maker->plan.grants = weft_arena_strndup(maker->arena, text.data, text.length);
    return maker->plan.grants == NULL ? weft_error_nomem(error) : 0;
}

/* ---- an item ---- */

/* One line, for the error of an apply: the first of the ways that ends it. */
static int hint_print(struct weft_plan_maker *maker, struct weft_plan_item *item,
                      struct weft_error *error)
{
    const struct weft_plan_lack *lack = &item->lacks[0];
    char name[WEFT_NAME_MAX + 1];
    const char *first;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text, products;
    weft_buf_init(&text, (size_t)1 << 20);
    weft_buf_init(&products, (size_t)1 << 20);
    WEFT_TRY(products_print(maker, item->full_name, item, &products, &first, error));
    grant_name(maker, item->full_name, first, name);
    if (!maker->whole && maker->plan.policy_note != NULL)
        weft_buf_adds(&text,
                      "choose no products: then policies/ is applied, too, and may grant it");
    else
        weft_buf_addf(
            &text, "paste into policies/: {kind: grant, name: %s, to: [domain:%.*s], read: [%s]}",
            name, (int)strcspn(item->full_name, "."), item->full_name, products.data);
    if (item->lack_count == 1 && lack->access != NULL)
        weft_buf_addf(&text, "; or `%s` into %s%s%s%s", lack->access,
                      lack->file == NULL ? "its product file" : lack->file,
                      lack->owner == NULL ? "" : ", which ", lack->owner == NULL ? "" : lack->owner,
                      lack->owner == NULL ? "" : " owns");
    WEFT_TRY(weft_buf_check(&text, error));
    item->refused_hint = weft_arena_strndup(maker->arena, text.data, text.length);
    return item->refused_hint == NULL ? weft_error_nomem(error) : 0;
}

int weft_plan_lacks_fill(struct weft_plan_maker *maker, struct weft_plan_item *item,
                         const struct weft_book_read *const *reads, size_t count,
                         struct weft_error *error)
{
    struct weft_plan_lack *lacks = weft_arena_array(maker->arena, count, sizeof *lacks);
    const char *first;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf products;
    weft_buf_init(&products, (size_t)1 << 20);
    if (lacks == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(lack_make(maker, item, reads[i], &lacks[i], error));
    item->lacks = lacks;
    item->lack_count = count;
    WEFT_TRY(products_print(maker, item->full_name, item, &products, &first, error));
    item->refused_code = WEFT_E_DENIED;
    item->refused =
        weft_arena_format(maker->arena, "no grant lets the domain %.*s read %s",
                          (int)strcspn(item->full_name, "."), item->full_name, products.data);
    if (item->refused == NULL)
        return weft_error_nomem(error);
    bool placed = reads[0]->file != NULL;
    item->refused_file = placed ? reads[0]->file : item->product->file;
    item->refused_place = placed ? reads[0]->place : item->product->place;
    maker->plan.refused++;
    return hint_print(maker, item, error);
}

/* ---- showing ---- */

int weft_plan_lacks_show(const struct weft_plan_item *item, struct weft_out *out,
                         struct weft_error *error)
{
    for (size_t i = 0; i < item->lack_count; i++) {
        const struct weft_plan_lack *lack = &item->lacks[i];
        const char *owner = lack->owner == NULL ? "its owner" : lack->owner;
        if (lack->access != NULL)
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error, "        %s can write into %s: %s",
                                   owner, lack->file == NULL ? "its product file" : lack->file,
                                   lack->access));
        if (lack->registered)
            WEFT_TRY(weft_out_line(out, WEFT_STYLE_PLAIN, error,
                                   "        or ask: weft request %s --for domain:%.*s --because "
                                   "\"...\"",
                                   lack->product, (int)strcspn(item->full_name, "."),
                                   item->full_name));
    }
    return 0;
}

void weft_plan_lacks_json(const struct weft_plan_item *item, struct weft_json_writer *json)
{
    weft_json_key(json, "lacks");
    weft_json_begin_array(json);
    for (size_t i = 0; i < item->lack_count; i++) {
        weft_json_begin_object(json);
        weft_json_member_text(json, "product", item->lacks[i].product);
        weft_json_member_text(json, "owner", item->lacks[i].owner);
        weft_json_member_text(json, "file", item->lacks[i].file);
        weft_json_member_text(json, "access", item->lacks[i].access);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

int weft_plan_grants_show(const struct weft_plan *plan, struct weft_out *out,
                          struct weft_error *error)
{
    if (plan->grants == NULL)
        return 0;
    bool ours = weft_mesh_owns_policies(plan->book.mesh);
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_TITLE, error,
                           "What is lacking, as policies/grants.yaml%s:",
                           ours ? "" : " of the checkout that speaks for the policies"));
    return weft_out_line(out, WEFT_STYLE_PLAIN, error, "%.*s", (int)strlen(plan->grants) - 1,
                         plan->grants);
}

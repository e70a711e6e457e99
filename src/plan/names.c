/*
 * names.c - see names.h. Documents of the home are read only when a name fits nothing of the
 * checkout.
 */
#include "plan/names.h"

#include "base/clock.h"
#include "base/text.h"
#include "catalog/columns.h"
#include "policy/selector.h"
#include "trust/principals.h"

#include <stdio.h>
#include <string.h>

#define CANDIDATE_MAX 200

struct names {
    struct weft_book *book;
    struct weft_diag *diag;
    struct weft_plan_people *people;
    struct weft_map *words[WEFT_SELECT_CLASSIFICATION + 1]; /* by kind of selector */
    bool filled;
};

/* ---- does it fit anything? ---- */

static bool fits_port(const struct weft_selector *selector, const struct weft_product *contract)
{
    bool fits = false;
    static const struct weft_selected none = {.domain = "", .name = ""};
    if (selector->kind != WEFT_SELECT_CLASSIFICATION)
        return false;
    for (size_t i = 0; i < contract->input_count && !fits; i++) {
        const struct weft_fields *fields = &contract->inputs[i].schema;
        for (size_t f = 0; f < fields->count && !fits; f++) {
            const char *own = fields->items[f].classification;
            const struct weft_texts classes = {&own, own != NULL};
            fits = weft_selector_column(selector, &none, fields->items[f].name, &classes);
        }
    }
    return fits;
}

/* Of a product whose file tells no columns: as they are known; where they are not, any may fit. */
static int fits_detected(struct names *names, const struct weft_book_item *item,
                         const struct weft_selector *selector, const struct weft_selected *product,
                         bool *fits, struct weft_error *error)
{
    static const struct weft_texts none = {0};
    const struct weft_catalog_column *columns = NULL;
    size_t count = 0;
    int rc = WEFT_NOT_THERE;
    if (selector->kind != WEFT_SELECT_COLUMN)
        return 0;
    if (names->book->txn != NULL && item->digest != NULL && !item->deferred && !item->planned)
        rc = weft_catalog_columns(names->book->txn, names->book->arena, item->full_name,
                                  item->major, &columns, &count, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE) {
        struct weft_selector any = *selector;
        snprintf(any.column, sizeof any.column, "*");
        *fits = weft_selector_column(&any, product, "", &none);
    }
    for (size_t i = 0; i < count && !*fits; i++)
        *fits = weft_selector_column(selector, product, columns[i].name, &none);
    return 0;
}

static int fits_item(struct names *names, size_t at, const struct weft_selector *selector,
                     bool home_too, bool *fits, struct weft_error *error)
{
    const struct weft_book_item *item = &names->book->items[at];
    const struct weft_product *contract = item->product;
    char domain[WEFT_NAME_MAX + 1];
    snprintf(domain, sizeof domain, "%.*s", (int)strcspn(item->full_name, "."), item->full_name);
    struct weft_selected product = {
        .domain = domain, .name = strchr(item->full_name, '.') + 1, .major = item->major};
    if (contract == NULL && home_too)
        WEFT_TRY(weft_book_contract(names->book, at, &contract, error));
    if (contract != NULL) {
        product.tags = &contract->tags;
        product.regulations = &contract->regulations;
    }
    *fits = weft_selector_product(selector, &product);
    if (*fits || contract == NULL)
        return 0;
    for (size_t i = 0; i < contract->schema.count && !*fits; i++) {
        const char *own = contract->schema.items[i].classification;
        const struct weft_texts classes = {&own, own != NULL};
        *fits = weft_selector_column(selector, &product, contract->schema.items[i].name, &classes);
    }
    *fits = *fits || fits_port(selector, contract);
    return *fits || contract->schema.count > 0
               ? 0
               : fits_detected(names, item, selector, &product, fits, error);
}

static int fits_any(struct names *names, const struct weft_selector *selector, bool *fits,
                    struct weft_error *error)
{
    *fits = false;
    for (int home = 0; home < 2; home++) {
        for (size_t i = 0; i < names->book->count && !*fits; i++)
            WEFT_TRY(fits_item(names, i, selector, home == 1, fits, error));
    }
    return 0;
}

/* ---- what may have been meant ---- */

static int word_add(struct names *names, enum weft_selector_kind kind, const char *text,
                    struct weft_error *error)
{
    if (names->words[kind] == NULL)
        names->words[kind] = weft_map_new();
    return names->words[kind] == NULL || weft_map_put(names->words[kind], text, NULL) < 0
               ? weft_error_nomem(error)
               : 0;
}

/* pii.name, and pii.* with it. */
static int class_add(struct names *names, const struct weft_fields *fields,
                     struct weft_error *error)
{
    char text[CANDIDATE_MAX];
    for (size_t i = 0; i < fields->count; i++) {
        const char *own = fields->items[i].classification;
        if (own == NULL)
            continue;
        WEFT_TRY(word_add(names, WEFT_SELECT_CLASSIFICATION, own, error));
        snprintf(text, sizeof text, "%.*s.*", (int)WEFT_MIN(strcspn(own, "."), sizeof text - 3),
                 own);
        WEFT_TRY(word_add(names, WEFT_SELECT_CLASSIFICATION, text, error));
    }
    return 0;
}

static int words_of(struct names *names, const struct weft_product *contract, const char *full_name,
                    struct weft_error *error)
{
    char text[CANDIDATE_MAX];
    int domain = (int)strcspn(full_name, ".");
    WEFT_TRY(word_add(names, WEFT_SELECT_PRODUCT, full_name, error));
    snprintf(text, sizeof text, "%.*s.*", domain, full_name);
    WEFT_TRY(word_add(names, WEFT_SELECT_PRODUCT, text, error));
    snprintf(text, sizeof text, "%.*s", domain, full_name);
    WEFT_TRY(word_add(names, WEFT_SELECT_DOMAIN, text, error));
    for (size_t i = 0; i < contract->tags.count; i++)
        WEFT_TRY(word_add(names, WEFT_SELECT_TAG, contract->tags.items[i], error));
    for (size_t i = 0; i < contract->regulations.count; i++)
        WEFT_TRY(word_add(names, WEFT_SELECT_REGULATION, contract->regulations.items[i], error));
    for (size_t i = 0; i < contract->schema.count; i++) {
        snprintf(text, sizeof text, "%.*s.%.90s", CANDIDATE_MAX - 92, full_name,
                 contract->schema.items[i].name);
        WEFT_TRY(word_add(names, WEFT_SELECT_COLUMN, text, error));
    }
    for (size_t i = 0; i < contract->input_count; i++)
        WEFT_TRY(class_add(names, &contract->inputs[i].schema, error));
    return class_add(names, &contract->schema, error);
}

static int words_fill(struct names *names, struct weft_error *error)
{
    if (names->filled)
        return 0;
    for (size_t i = 0; i < names->book->count; i++) {
        const struct weft_product *contract;
        WEFT_TRY(weft_book_contract(names->book, i, &contract, error));
        WEFT_TRY(words_of(names, contract, names->book->items[i].full_name, error));
    }
    names->filled = true;
    return 0;
}

/* "did you mean `x`? ", or "". */
static int meant(struct names *names, const struct weft_selector *selector, const char *text,
                 char *out, size_t size, struct weft_error *error)
{
    WEFT_TRY(words_fill(names, error));
    const struct weft_map *words = names->words[selector->kind];
    size_t count = words == NULL ? 0 : weft_map_count(words);
    bool named = selector->kind == WEFT_SELECT_PRODUCT || selector->kind == WEFT_SELECT_COLUMN;
    const char *word = named ? text : strchr(text, ':') + 1;
    const char **all = weft_arena_array(names->book->arena, count + 1, sizeof *all);
    if (all == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        all[i] = weft_map_key(words, i);
    const char *near = weft_suggest(word, all, count);
    out[0] = '\0';
    if (near != NULL)
        snprintf(out, size, "did you mean `%.*s%s`? ", (int)(word - text), text, near);
    return 0;
}

/* ---- selectors ---- */

static const char *fitting(const struct weft_selector *selector)
{
    switch (selector->kind) {
    case WEFT_SELECT_PRODUCT:
        return "names no product";
    case WEFT_SELECT_COLUMN:
        return "names no column";
    case WEFT_SELECT_CLASSIFICATION:
        return "fits no column";
    case WEFT_SELECT_TAG:
    case WEFT_SELECT_DOMAIN:
    case WEFT_SELECT_REGULATION:
        break;
    }
    return "fits no product";
}

static int selector_check(struct names *names, const struct weft_policy *policy, const char *text,
                          struct weft_place place, struct weft_error *error)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    struct weft_selector selector;
    char near[2 * CANDIDATE_MAX + 40];
    bool fits;
    if (weft_selector_parse(text, &selector, &ignored) < 0)
        return 0;
    WEFT_TRY(fits_any(names, &selector, &fits, error));
    if (fits)
        return 0;
    WEFT_TRY(meant(names, &selector, text, near, sizeof near, error));
    char hint[sizeof near + 120];
    snprintf(hint, sizeof hint, "%sit acts as soon as there is one; a slip of the pen %s nothing",
             near, policy->kind == WEFT_POLICY_GRANT ? "grants" : "protects");
    weft_diag_add(names->diag, WEFT_SEVERITY_WARNING, WEFT_E_NOT_FOUND, policy->file, place.line,
                  place.column, hint, "`%s` of the policy `%s` %s of the checkout or the home",
                  text, policy->name, fitting(&selector));
    return 0;
}

/* A part of a mesh without the home that has the rest tells nothing. */
static bool is_part(const struct weft_book *book)
{
    return book->count == 0 || (book->txn == NULL && book->mesh->owns.count > 0);
}

static int selectors_check(struct names *names, const struct weft_policy *policy,
                           struct weft_error *error)
{
    const struct weft_texts *texts =
        policy->kind == WEFT_POLICY_GRANT ? &policy->read : &policy->on;
    for (size_t i = 0; i < texts->count && !is_part(names->book); i++)
        WEFT_TRY(selector_check(names, policy, texts->items[i], policy->selector_places[i], error));
    return 0;
}

/* ---- people ---- */

static void principal_check(const struct names *names, const char *principal, const char *file,
                            struct weft_place place, const char *where)
{
    const char *near;
    char hint[WEFT_PRINCIPAL_MAX + 60];
    if (weft_plan_people_know(names->people, principal, &near))
        return;
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean `%.*s`?", WEFT_PRINCIPAL_MAX, near);
    else if (strncmp(principal, "domain:", 7) == 0)
        snprintf(hint, sizeof hint, "no product is of that domain");
    else
        snprintf(hint, sizeof hint, "`weft %.*s list` shows who there is",
                 (int)strcspn(principal, ":"), principal);
    weft_diag_add(names->diag, WEFT_SEVERITY_WARNING, WEFT_E_NOT_FOUND, file, place.line,
                  place.column, hint, "there is no %s, whom %s names", principal, where);
}

/* An exception for nobody shows nothing to anybody. */
static void policy_people(const struct names *names, const struct weft_policy *policy)
{
    char where[WEFT_NAME_MAX + 40];
    snprintf(where, sizeof where, "the policy `%.60s`", policy->name == NULL ? "" : policy->name);
    for (size_t i = 0; i < policy->to.count; i++)
        principal_check(names, policy->to.items[i], policy->file, policy->to_places[i], where);
}

static void until_check(const struct names *names, const struct weft_policy *policy)
{
    char day[WEFT_TIME_TEXT];
    if (policy->until_us == 0 || policy->until_us > names->book->context->request.time_us)
        return;
    weft_time_format(policy->until_us - 1, day);
    weft_diag_add(
        names->diag, WEFT_SEVERITY_WARNING, WEFT_E_INVALID, policy->file, policy->until_place.line,
        policy->until_place.column, "write a later day, or take the policy out",
        "the policy `%s` granted until %.10s: it grants nothing any more", policy->name, day);
}

static void member_check(const struct names *names, const struct weft_domain *domain,
                         const char *member, struct weft_place place)
{
    if (weft_principal_valid(member)) {
        principal_check(names, member, domain->file, place, "domain.yaml");
        return;
    }
    if (strchr(member, '@') == NULL) /* an address is a word for people */
        weft_diag_add(names->diag, WEFT_SEVERITY_WARNING, WEFT_E_INVALID, domain->file, place.line,
                      place.column, "write user:x, group:x or service:x",
                      "`%.100s` is no principal, so it is no member of the team", member);
}

static void domain_people(const struct names *names, const struct weft_domain *domain)
{
    if (domain->file == NULL)
        return;
    for (size_t i = 0; i < domain->members.count; i++)
        member_check(names, domain, domain->members.items[i], domain->member_places[i]);
    if (domain->owner != NULL && weft_principal_valid(domain->owner))
        principal_check(names, domain->owner, domain->file, domain->owner_place, "domain.yaml");
}

static void access_people(const struct names *names, const struct weft_product *product)
{
    for (size_t i = 0; product->access != NULL && i < product->access->grant.count; i++)
        principal_check(names, product->access->grant.items[i], product->file,
                        product->access->grant_places[i], "`access`");
}

/* ---- the whole ---- */

static int names_check(struct names *names, struct weft_error *error)
{
    const struct weft_mesh *mesh = names->book->mesh;
    WEFT_TRY(weft_plan_people_make(names->book, &names->people, error));
    for (size_t i = 0; i < mesh->policy_count; i++) {
        WEFT_TRY(selectors_check(names, mesh->policies[i], error));
        policy_people(names, mesh->policies[i]);
        until_check(names, mesh->policies[i]);
    }
    for (size_t i = 0; i < mesh->domain_count; i++)
        domain_people(names, &mesh->domains[i]);
    for (size_t i = 0; i < mesh->product_count; i++)
        access_people(names, mesh->products[i]);
    return 0;
}

int weft_plan_names(struct weft_book *book, struct weft_diag *diag, struct weft_error *error)
{
    struct names names = {.book = book, .diag = diag};
    int rc = names_check(&names, error);
    weft_plan_people_freep(&names.people);
    for (size_t i = 0; i < WEFT_COUNT(names.words); i++)
        weft_map_freep(&names.words[i]);
    return rc;
}

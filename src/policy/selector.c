/*
 * selector.c - what a policy speaks of: see selector.h.
 */
#include "policy/selector.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

bool weft_glob_match(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++resume;
        } else
            return false;
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool pattern_valid(const char *text, const char *allowed)
{
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_*"
#define WORD_LETTERS NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-: /"

static int selector_wrong(const char *text, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INVALID, "`%.100s` names no products and no columns", text);
    return weft_error_hint(error, "write domain.product, domain.*, domain.product.column, tag:x, "
                                  "classification:x, domain:x or regulation:x");
}

static bool prefix_take(const char *text, const char *prefix, const char **rest)
{
    size_t length = strlen(prefix);
    if (strncmp(text, prefix, length) != 0)
        return false;
    *rest = text + length;
    return true;
}

/* product@2 loses its end. */
static bool major_take(char *product, int *major)
{
    char *mark = strchr(product, '@');
    int64_t number;
    if (mark == NULL)
        return true;
    *mark = '\0';
    if (!weft_parse_int64(mark + 1, strlen(mark + 1), &number) || number < 0 || number > 999)
        return false;
    *major = (int)number;
    return true;
}

static bool name_parse(const char *text, struct weft_selector *out)
{
    char parts[3][WEFT_SELECTOR_MAX] = {{0}};
    size_t count = 0;
    if (strcmp(text, "*") == 0) {
        snprintf(out->word, sizeof out->word, "*");
        snprintf(out->product, sizeof out->product, "*");
        return true;
    }
    for (const char *at = text; count < 3; count++) {
        size_t length = strcspn(at, ".");
        memcpy(parts[count], at, length);
        at += length;
        if (*at == '\0')
            break;
        at++;
    }
    if (count == 0 || count > 2)
        return false;
    out->kind = count == 2 ? WEFT_SELECT_COLUMN : WEFT_SELECT_PRODUCT;
    if (!major_take(parts[1], &out->major))
        return false;
    memcpy(out->word, parts[0], sizeof out->word);
    memcpy(out->product, parts[1], sizeof out->product);
    memcpy(out->column, parts[2], sizeof out->column);
    return pattern_valid(out->word, NAME_LETTERS) && pattern_valid(out->product, NAME_LETTERS) &&
           (count == 1 || pattern_valid(out->column, NAME_LETTERS));
}

int weft_selector_parse(const char *text, struct weft_selector *out, struct weft_error *error)
{
    static const struct {
        const char *prefix;
        enum weft_selector_kind kind;
    } kinds[] = {{"tag:", WEFT_SELECT_TAG},
                 {"domain:", WEFT_SELECT_DOMAIN},
                 {"regulation:", WEFT_SELECT_REGULATION},
                 {"classification:", WEFT_SELECT_CLASSIFICATION}};
    struct weft_selector made = {.kind = WEFT_SELECT_PRODUCT, .major = WEFT_SELECTOR_ANY_MAJOR};
    if (strlen(text) >= WEFT_SELECTOR_MAX)
        return weft_error_set(error, WEFT_E_INVALID, "the name of products is longer than %d bytes",
                              WEFT_SELECTOR_MAX - 1);
    bool found = false;
    for (size_t i = 0; i < WEFT_COUNT(kinds) && !found; i++) {
        const char *rest;
        if (!prefix_take(text, kinds[i].prefix, &rest))
            continue;
        found = true;
        made.kind = kinds[i].kind;
        snprintf(made.word, sizeof made.word, "%s", rest);
        if (!pattern_valid(rest, WORD_LETTERS))
            return selector_wrong(text, error);
    }
    if (!found && !name_parse(text, &made))
        return selector_wrong(text, error);
    made.plain = strchr(made.word, '*') == NULL;
    *out = made;
    return 0;
}

static bool name_fits(const struct weft_selector *selector, const struct weft_selected *product)
{
    return weft_glob_match(selector->word, product->domain) &&
           weft_glob_match(selector->product, product->name) &&
           (selector->major == WEFT_SELECTOR_ANY_MAJOR || selector->major == product->major);
}

static bool any_fits(const char *pattern, const struct weft_texts *texts)
{
    for (size_t i = 0; texts != NULL && i < texts->count; i++) {
        if (weft_glob_match(pattern, texts->items[i]))
            return true;
    }
    return false;
}

bool weft_selector_product(const struct weft_selector *selector,
                           const struct weft_selected *product)
{
    switch (selector->kind) {
    case WEFT_SELECT_PRODUCT:
        return name_fits(selector, product);
    case WEFT_SELECT_TAG:
        return any_fits(selector->word, product->tags);
    case WEFT_SELECT_DOMAIN:
        return weft_glob_match(selector->word, product->domain);
    case WEFT_SELECT_REGULATION:
        return any_fits(selector->word, product->regulations);
    case WEFT_SELECT_COLUMN:
    case WEFT_SELECT_CLASSIFICATION:
        break;
    }
    return false;
}

static bool classification_fits(const char *pattern, const struct weft_texts *classifications)
{
    size_t length = strlen(pattern);
    if (any_fits(pattern, classifications))
        return true;
    /* What is only called `pii` is more than any kind of it. */
    if (length <= 2 || strcmp(pattern + length - 2, ".*") != 0)
        return false;
    for (size_t i = 0; i < classifications->count; i++) {
        if (strlen(classifications->items[i]) == length - 2 &&
            strncmp(classifications->items[i], pattern, length - 2) == 0)
            return true;
    }
    return false;
}

bool weft_selector_column(const struct weft_selector *selector, const struct weft_selected *product,
                          const char *column, const struct weft_texts *classifications)
{
    if (selector->kind == WEFT_SELECT_COLUMN)
        return name_fits(selector, product) && weft_glob_match(selector->column, column);
    return selector->kind == WEFT_SELECT_CLASSIFICATION &&
           classification_fits(selector->word, classifications);
}

int weft_policy_principal_check(const char *text, struct weft_error *error)
{
    static const char *const kinds[] = {"user:", "group:", "domain:", "service:", "node:"};
    static const char *const roles[] = {"mesh_admin",      "governance_officer", "domain_owner",
                                        "domain_engineer", "consumer",           "auditor"};
    const char *rest;
    if (strcmp(text, "everyone") == 0)
        return 0;
    if (prefix_take(text, "role:", &rest)) {
        for (size_t i = 0; i < WEFT_COUNT(roles); i++) {
            if (strcmp(rest, roles[i]) == 0)
                return 0;
        }
        const char *near = weft_suggest(rest, roles, WEFT_COUNT(roles));
        weft_error_set(error, WEFT_E_INVALID, "there is no role `%.60s`", rest);
        return near == NULL ? weft_error_hint(error, "the roles are mesh_admin, "
                                                     "governance_officer, domain_owner, "
                                                     "domain_engineer, consumer, auditor; a set "
                                                     "of people is a group:")
                            : weft_error_hint(error, "did you mean `role:%s`?", near);
    }
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++) {
        if (prefix_take(text, kinds[i], &rest) && strlen(rest) < 100 &&
            pattern_valid(rest, "abcdefghijklmnopqrstuvwxyz0123456789._@+-"))
            return 0;
    }
    weft_error_set(error, WEFT_E_INVALID, "`%.100s` is no principal", text);
    return weft_error_hint(error, "write user:x, group:x, domain:x, service:x, role:x or everyone");
}

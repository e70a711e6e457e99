/*
 * policy_read.c - one document of a policy file, from its tree to struct weft_policy.
 */
#include "policy/policy_internal.h"

#include "base/clock.h"
#include "base/text.h"
#include "policy/condition.h"
#include "policy/selector.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)

static const struct {
    const char *name;
    enum weft_section section;
} kinds[] = {
    [WEFT_POLICY_GRANT] = {"grant", WEFT_SECTION_GRANT},
    [WEFT_POLICY_RESTRICT] = {"restrict", WEFT_SECTION_RESTRICT},
    [WEFT_POLICY_RULE] = {"rule", WEFT_SECTION_RULE},
    [WEFT_POLICY_TEST] = {"test", WEFT_SECTION_POLICY_TEST},
    [WEFT_POLICY_PURPOSES] = {"purposes", WEFT_SECTION_PURPOSES},
};

const char *weft_policy_kind_name(enum weft_policy_kind kind)
{
    return kinds[kind].name;
}

/* ---- lists of words ---- */

/* Each scalar of a list, or the one. */
static void each_text(struct weft_reader *reader, const struct weft_node *node,
                      void (*fn)(struct weft_reader *reader, const struct weft_node *item))
{
    if (node == NULL || node->wrong)
        return;
    if (node->kind == WEFT_NODE_VALUE)
        fn(reader, node);
    for (size_t i = 0; node->kind == WEFT_NODE_LIST && i < node->count; i++) {
        if (weft_node_text(node->items[i]) != NULL)
            fn(reader, node->items[i]);
    }
}

static void check_principal(struct weft_reader *reader, const struct weft_node *item)
{
    struct weft_error wrong = WEFT_ERROR_INIT;
    if (weft_policy_principal_check(item->text, &wrong) < 0)
        weft_reader_mistake(reader, item->place, wrong.hint, "%s", wrong.message);
}

void weft_policy_check_principals(struct weft_reader *reader, const struct weft_node *node)
{
    each_text(reader, node, check_principal);
}

static void check_purpose(struct weft_reader *reader, const struct weft_node *item)
{
    char proposal[WEFT_NAME_MAX + 1];
    if (weft_name_valid(item->text))
        return;
    weft_name_propose(item->text, proposal);
    weft_reader_mistake(reader, item->place, NULL,
                        "`%.60s` is not a name for a purpose: lower case letters, digits and "
                        "single underscores, as in `%s`",
                        item->text, proposal);
}

void weft_policy_check_purposes(struct weft_reader *reader, const struct weft_node *node)
{
    each_text(reader, node, check_purpose);
}

static void check_selector(struct weft_reader *reader, const struct weft_node *item)
{
    struct weft_error wrong = WEFT_ERROR_INIT;
    struct weft_selector unused;
    if (weft_selector_parse(item->text, &unused, &wrong) < 0)
        weft_reader_mistake(reader, item->place, wrong.hint, "%s", wrong.message);
}

static struct weft_texts read_needed(struct weft_reader *reader, const struct weft_node *root,
                                     const char *key, const char *hint)
{
    const struct weft_node *node = weft_node_get(root, key);
    if (!weft_node_is_set(node) && (node == NULL || !node->wrong))
        weft_reader_mistake(reader, node == NULL ? root->place : node->place, hint,
                            "the policy has no `%s`", key);
    return weft_node_texts(reader, node);
}

/* ---- treatments ---- */

#define TREATMENTS                                                                                 \
    "hide, null, mask, hash, token, {round: 100}, {truncate: 3}, {truncate: month} or {fixed: x}"

static bool treat_wrong(struct weft_reader *reader, const struct weft_node *node)
{
    weft_reader_mistake(reader, node->place, "write " TREATMENTS, "this is no treatment");
    return false;
}

/* A word that is none. */
static bool treat_unknown(struct weft_reader *reader, const struct weft_node *node, bool none_too)
{
    static const char *const words[] = {"hide", "null", "mask", "hash", "token", "none"};
    char hint[200];
    const char *text = node->kind == WEFT_NODE_VALUE ? node->text : "";
    weft_reader_near(text, words, WEFT_COUNT(words) - !none_too, hint, sizeof hint);
    if (hint[0] == '\0')
        snprintf(hint, sizeof hint, "write %s" TREATMENTS, none_too ? "none, " : "");
    if (text[0] == '\0')
        weft_reader_mistake(reader, node->place, hint, "this is no treatment");
    else
        weft_reader_mistake(reader, node->place, hint, "`%.60s` is no treatment", text);
    return false;
}

static bool read_truncate(struct weft_reader *reader, const struct weft_node *node,
                          struct weft_treatment *out)
{
    int64_t count;
    const char *text = weft_node_text(node);
    if (text == NULL)
        return node != NULL && node->wrong ? false : treat_wrong(reader, node);
    if (weft_words_has("year|quarter|month|week|day|hour|minute", text)) {
        *out = (struct weft_treatment){.kind = WEFT_TREAT_TRUNCATE_TIME, .text = text};
        return true;
    }
    if (!weft_parse_int64(text, strlen(text), &count) || count < 0 || count > 1000000) {
        weft_reader_mistake(reader, node->place,
                            "write a number of characters, or year, quarter, month, week, day, "
                            "hour or minute",
                            "`%.60s` truncates nothing", text);
        return false;
    }
    *out = (struct weft_treatment){.kind = WEFT_TREAT_TRUNCATE, .number = (double)count};
    return true;
}

static bool read_treat_map(struct weft_reader *reader, const struct weft_node *node,
                           struct weft_treatment *out)
{
    if (node->count != 1)
        return treat_wrong(reader, node);
    const struct weft_node *value = node->items[0];
    if (strcmp(node->keys[0], "truncate") == 0)
        return read_truncate(reader, value, out);
    if (strcmp(node->keys[0], "round") == 0) {
        double number = weft_node_number(value, 0);
        if (value->wrong || weft_node_text(value) == NULL || !(number > 0) || !isfinite(number))
            return value->wrong ? false : treat_wrong(reader, value);
        *out = (struct weft_treatment){.kind = WEFT_TREAT_ROUND, .number = number};
        return true;
    }
    if (strcmp(node->keys[0], "fixed") != 0)
        return treat_wrong(reader, node);
    if (value->kind == WEFT_NODE_NULL)
        *out = (struct weft_treatment){.kind = WEFT_TREAT_NULL};
    else if (weft_node_text(value) == NULL)
        return value->wrong ? false : treat_wrong(reader, value);
    else
        *out = (struct weft_treatment){.kind = WEFT_TREAT_FIXED, .text = value->text};
    return true;
}

bool weft_policy_read_treatment(struct weft_reader *reader, const struct weft_node *node,
                                bool none_too, struct weft_treatment *out)
{
    static const struct {
        const char *word;
        enum weft_treatment_kind kind;
    } words[] = {{"hide", WEFT_TREAT_HIDE}, {"null", WEFT_TREAT_NULL},   {"mask", WEFT_TREAT_MASK},
                 {"hash", WEFT_TREAT_HASH}, {"token", WEFT_TREAT_TOKEN}, {"none", WEFT_TREAT_NONE}};
    if (node->wrong)
        return false;
    if (node->kind == WEFT_NODE_NULL) {
        *out = (struct weft_treatment){.kind = WEFT_TREAT_NULL};
        return true;
    }
    if (node->kind == WEFT_NODE_MAP)
        return read_treat_map(reader, node, out);
    for (size_t i = 0; node->kind == WEFT_NODE_VALUE && i < WEFT_COUNT(words); i++) {
        if (strcmp(node->text, words[i].word) == 0 &&
            (none_too || words[i].kind != WEFT_TREAT_NONE)) {
            *out = (struct weft_treatment){.kind = words[i].kind};
            return true;
        }
    }
    return treat_unknown(reader, node, none_too);
}

void weft_policy_read_min_group(struct weft_reader *reader, const struct weft_node *node,
                                struct weft_min_group *out)
{
    if (node == NULL || node->wrong || node->kind != WEFT_NODE_MAP)
        return;
    const struct weft_node *size = weft_node_get(node, "size");
    out->size = weft_node_count(size, 0);
    out->by = weft_node_get_text(node, "by");
    if ((size == NULL || !size->wrong) && (out->size < 2 || out->size > WEFT_MIN_GROUP_MAX))
        weft_reader_mistake(reader, size == NULL ? node->place : size->place,
                            "write min_group: {size: 10, by: patient_id}",
                            "`size` of `min_group` is a number from 2 to %d", WEFT_MIN_GROUP_MAX);
    if (out->by == NULL && weft_node_get(node, "by") == NULL)
        weft_reader_mistake(reader, node->place, "write min_group: {size: 10, by: patient_id}",
                            "`min_group` does not say `by` which column subjects are told apart");
}

/* ---- rows ---- */

/* A place of the text in the file. */
static struct weft_place text_place(const struct weft_node *node, int column)
{
    struct weft_place place = node->text_place.line == 0 ? node->place : node->text_place;
    if (node->indent < 0)
        return place;
    int line = 0, at = 1;
    for (const char *c = node->text; *c != '\0' && at < column; c++) {
        if (((unsigned char)*c & 0xC0) == 0x80)
            continue;
        at++;
        if (*c == '\n') {
            line++;
            column -= at - 1;
            at = 1;
        }
    }
    if (line > 0)
        return (struct weft_place){place.line + line, node->indent + column};
    return (struct weft_place){place.line, place.column + column - 1};
}

static void read_rows(struct weft_reader *reader, const struct weft_node *node,
                      struct weft_policy *policy)
{
    struct weft_error wrong = WEFT_ERROR_INIT;
    policy->rows_text = weft_node_text(node);
    if (policy->rows_text == NULL ||
        weft_condition_parse(reader->arena, policy->rows_text, &policy->rows, &wrong) == 0)
        return;
    if (wrong.code == WEFT_E_NOMEM)
        reader->nomem = true;
    else
        weft_reader_mistake(reader, text_place(node, WEFT_MAX(wrong.column, 1)), wrong.hint,
                            "`rows`: %s", wrong.message);
}

/* ---- except ---- */

static bool read_except_map(struct weft_reader *reader, const struct weft_node *node,
                            struct weft_policy_except *out)
{
    static const char *const names[] = {"user", "group", "domain", "service", "role"};
    struct weft_error wrong = WEFT_ERROR_INIT;
    size_t found = 0;
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        const char *text = weft_node_get_text(node, names[i]);
        if (text == NULL)
            continue;
        found++;
        out->principal = weft_reader_format(reader, "%s:%s", names[i], text);
        out->place = weft_node_get(node, names[i])->place;
    }
    out->purpose = weft_node_get_text(node, "purpose");
    if (out->purpose != NULL)
        out->purpose_place = weft_node_get(node, "purpose")->place;
    weft_policy_check_purposes(reader, weft_node_get(node, "purpose"));
    if (found != 1) {
        weft_reader_mistake(reader, node->place, "write {group: emergency, purpose: treatment}",
                            "an exception is for one user, group, domain, service or role");
        return false;
    }
    if (!reader->nomem && weft_policy_principal_check(out->principal, &wrong) < 0)
        weft_reader_mistake(reader, node->place, wrong.hint, "%s", wrong.message);
    return true;
}

static void read_except(struct weft_reader *reader, const struct weft_node *node,
                        struct weft_policy *policy)
{
    if (node == NULL || node->wrong)
        return;
    size_t count = node->kind == WEFT_NODE_LIST ? node->count : 1;
    struct weft_policy_except *items = weft_reader_alloc(reader, count, sizeof *items);
    for (size_t i = 0; items != NULL && i < count; i++) {
        const struct weft_node *item = node->kind == WEFT_NODE_LIST ? node->items[i] : node;
        bool good = !item->wrong;
        if (item->kind == WEFT_NODE_VALUE) {
            items[policy->except_count] =
                (struct weft_policy_except){.principal = item->text, .place = item->place};
            check_principal(reader, item);
        } else if (item->kind == WEFT_NODE_MAP)
            good = good && read_except_map(reader, item, &items[policy->except_count]);
        else
            good = false;
        policy->except_count += good;
    }
    policy->except = items;
}

/* ---- the kinds ---- */

static void read_grant(struct weft_reader *reader, const struct weft_node *root,
                       struct weft_policy *policy)
{
    const char *until = weft_node_get_text(root, "until");
    policy->to = read_needed(reader, root, "to", "to: [group:researchers]");
    policy->to_places = weft_node_texts_places(reader, weft_node_get(root, "to"));
    weft_policy_check_principals(reader, weft_node_get(root, "to"));
    policy->read = read_needed(reader, root, "read", "read: [domain.product]");
    policy->selector_places = weft_node_texts_places(reader, weft_node_get(root, "read"));
    each_text(reader, weft_node_get(root, "read"), check_selector);
    policy->purposes = weft_node_texts(reader, weft_node_get(root, "purposes"));
    policy->purpose_places = weft_node_texts_places(reader, weft_node_get(root, "purposes"));
    weft_policy_check_purposes(reader, weft_node_get(root, "purposes"));
    if (until != NULL && weft_time_parse(until, &policy->until_us)) {
        policy->until_us += DAY_US;
        policy->until_place = weft_node_get(root, "until")->place;
    }
}

static void read_restrict(struct weft_reader *reader, const struct weft_node *root,
                          struct weft_policy *policy)
{
    const struct weft_node *treat = weft_node_get(root, "treat");
    policy->on = read_needed(reader, root, "on", "on: [\"classification:pii.*\"]");
    policy->selector_places = weft_node_texts_places(reader, weft_node_get(root, "on"));
    each_text(reader, weft_node_get(root, "on"), check_selector);
    policy->treat.kind = WEFT_TREAT_NONE;
    if (treat != NULL)
        (void)weft_policy_read_treatment(reader, treat, false, &policy->treat);
    read_rows(reader, weft_node_get(root, "rows"), policy);
    weft_policy_read_min_group(reader, weft_node_get(root, "min_group"), &policy->min_group);
    read_except(reader, weft_node_get(root, "except"), policy);
    if (treat == NULL && weft_node_get(root, "rows") == NULL &&
        weft_node_get(root, "min_group") == NULL)
        weft_reader_mistake(reader, root->place, "write `treat`, `rows` or `min_group`",
                            "the restriction restricts nothing");
}

static void read_rule(struct weft_reader *reader, const struct weft_node *root,
                      struct weft_policy *policy)
{
    policy->sql = weft_node_get_text(root, "sql");
    policy->message = weft_node_get_text(root, "message");
    policy->severity = weft_node_get_text(root, "severity");
    if (policy->severity == NULL)
        policy->severity = "error";
    if (weft_node_get(root, "sql") == NULL)
        weft_reader_mistake(reader, root->place, "sql: select product from mesh.products where ...",
                            "the policy has no `sql`");
}

static void read_purposes(struct weft_reader *reader, const struct weft_node *root,
                          struct weft_policy *policy)
{
    const struct weft_node *node = weft_node_get(root, "purposes");
    if (policy->name == NULL)
        policy->name = "purposes";
    if (node == NULL || node->kind != WEFT_NODE_MAP || node->count == 0) {
        if (node == NULL || !node->wrong)
            weft_reader_mistake(reader, root->place, "purposes: {research: Approved studies.}",
                                "there are no purposes");
        return;
    }
    struct weft_purpose *items = weft_reader_alloc(reader, node->count, sizeof *items);
    for (size_t i = 0; items != NULL && i < node->count; i++) {
        const char *text = weft_node_text(node->items[i]);
        items[i] = (struct weft_purpose){node->keys[i], text == NULL ? "" : text};
        if (!weft_name_valid(node->keys[i]))
            weft_reader_mistake(reader, node->places[i], NULL,
                                "`%.60s` is not a name for a purpose", node->keys[i]);
    }
    policy->purpose_list = items;
    policy->purpose_count = items == NULL ? 0 : node->count;
}

/* ---- tests ---- */

static bool is_allowed_misspelt(const char *key, const struct weft_node *value)
{
    static const char *const allowed[] = {"allowed"};
    const char *text = weft_node_text(value);
    return text != NULL && weft_words_has("true|false", text) &&
           weft_suggest(key, allowed, 1) != NULL;
}

static void read_expect(struct weft_reader *reader, const struct weft_node *node,
                        struct weft_policy_case *out)
{
    const struct weft_node *allowed = weft_node_get(node, "allowed");
    if (node == NULL || node->kind != WEFT_NODE_MAP || node->count == 0) {
        weft_reader_mistake(reader, node == NULL ? out->place : node->place,
                            "expect: {allowed: true, email: mask}",
                            "the case does not say what it expects");
        return;
    }
    const char *text = weft_node_text(allowed);
    out->allowed = text == NULL || strcmp(text, "true") == 0;
    if (allowed != NULL && (text == NULL || !weft_words_has("true|false", text)))
        weft_reader_mistake(reader, allowed->place, NULL, "`allowed` is true or false");
    struct weft_policy_case_column *columns =
        weft_reader_alloc(reader, node->count, sizeof *columns);
    for (size_t i = 0; columns != NULL && i < node->count; i++) {
        struct weft_policy_case_column *column = &columns[out->column_count];
        if (node->items[i] == allowed)
            continue;
        column->column = node->keys[i];
        column->place = node->places[i];
        if (is_allowed_misspelt(node->keys[i], node->items[i])) {
            weft_reader_mistake(reader, node->places[i], "did you mean `allowed`?",
                                "`%.60s` is no column: it is not treated, but true or false",
                                node->keys[i]);
            continue;
        }
        if (weft_policy_read_treatment(reader, node->items[i], true, &column->treatment))
            out->column_count++;
    }
    out->columns = columns;
    if (!out->allowed && out->column_count > 0)
        weft_reader_mistake(reader, node->place, "leave the columns out",
                            "who may not read it sees no columns");
}

static void read_case(struct weft_reader *reader, const struct weft_node *node,
                      struct weft_policy_case *out)
{
    *out = (struct weft_policy_case){.place = node->place};
    if (node->wrong || node->kind != WEFT_NODE_MAP)
        return;
    out->as = weft_node_get_text(node, "as");
    out->purpose = weft_node_get_text(node, "purpose");
    out->read = weft_node_get_text(node, "read");
    if (out->as != NULL)
        out->as_place = weft_node_get(node, "as")->place;
    if (out->purpose != NULL)
        out->purpose_place = weft_node_get(node, "purpose")->place;
    weft_policy_check_purposes(reader, weft_node_get(node, "purpose"));
    if (out->as == NULL && weft_node_get(node, "as") == NULL)
        weft_reader_mistake(reader, node->place, "as: user:alice", "the case has no `as`");
    else
        each_text(reader, weft_node_get(node, "as"), check_principal);
    if (out->read == NULL && weft_node_get(node, "read") == NULL)
        weft_reader_mistake(reader, node->place, "read: domain.product", "the case has no `read`");
    else if (out->read != NULL && strchr(out->read, '.') == NULL)
        weft_reader_mistake(reader, weft_node_get(node, "read")->place, "write domain.product",
                            "`%.60s` names no domain", out->read);
    read_expect(reader, weft_node_get(node, "expect"), out);
}

static void read_test(struct weft_reader *reader, const struct weft_node *root,
                      struct weft_policy *policy)
{
    const struct weft_node *list = weft_node_get(root, "cases");
    if (list == NULL || list->kind != WEFT_NODE_LIST || list->count == 0) {
        if (list == NULL || !list->wrong)
            weft_reader_mistake(reader, root->place, "cases: [{as: ..., read: ..., expect: ...}]",
                                "the test has no cases");
        return;
    }
    struct weft_policy_case *cases = weft_reader_alloc(reader, list->count, sizeof *cases);
    for (size_t i = 0; cases != NULL && i < list->count; i++)
        read_case(reader, list->items[i], &cases[i]);
    policy->cases = cases;
    policy->case_count = cases == NULL ? 0 : list->count;
}

/* ---- a document ---- */

static bool kind_of(struct weft_reader *reader, const struct weft_node *root,
                    enum weft_policy_kind *out)
{
    const char *names[WEFT_COUNT(kinds)];
    const struct weft_node *node = weft_node_get(root, "kind");
    const char *text = weft_node_text(node);
    char hint[200];
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++) {
        names[i] = kinds[i].name;
        if (text != NULL && strcmp(text, names[i]) == 0) {
            *out = (enum weft_policy_kind)i;
            return true;
        }
    }
    weft_reader_near(text == NULL ? "" : text, names, WEFT_COUNT(names), hint, sizeof hint);
    weft_reader_mistake(
        reader, node == NULL ? root->place : node->place,
        hint[0] != '\0' ? hint : "the kinds are grant, restrict, rule, test and purposes",
        text == NULL ? "the policy has no `kind`" : "`%.60s` is no kind of policy", text);
    return false;
}

static void read_kind(struct weft_reader *reader, const struct weft_node *root,
                      struct weft_policy *policy)
{
    switch (policy->kind) {
    case WEFT_POLICY_GRANT:
        read_grant(reader, root, policy);
        return;
    case WEFT_POLICY_RESTRICT:
        read_restrict(reader, root, policy);
        return;
    case WEFT_POLICY_RULE:
        read_rule(reader, root, policy);
        return;
    case WEFT_POLICY_TEST:
        read_test(reader, root, policy);
        return;
    case WEFT_POLICY_PURPOSES:
        read_purposes(reader, root, policy);
    }
}

const struct weft_policy *weft_policy_read(struct weft_reader *reader, struct weft_node *root)
{
    size_t mistakes = reader->diag->errors;
    enum weft_policy_kind kind;
    struct weft_error error = WEFT_ERROR_INIT;
    if (root->kind != WEFT_NODE_MAP) {
        weft_reader_mistake(reader, root->place, "begin with `kind: grant`",
                            "a policy is a map of keys");
        return NULL;
    }
    if (!kind_of(reader, root, &kind))
        return NULL;
    weft_keys_check(reader, root, kinds[kind].section);
    struct weft_policy *policy = weft_reader_alloc(reader, 1, sizeof *policy);
    if (policy == NULL)
        return NULL;
    policy->kind = kind;
    policy->file = reader->file;
    policy->place = root->place;
    policy->name = weft_node_get_text(root, "name");
    policy->because = weft_node_get_text(root, "because");
    if (weft_node_get(root, "name") == NULL && kind != WEFT_POLICY_TEST &&
        kind != WEFT_POLICY_PURPOSES)
        weft_reader_mistake(reader, root->place, "name: researchers_read_clinical",
                            "the policy has no `name`");
    read_kind(reader, root, policy);
    if (root->wrong || reader->nomem || reader->diag->out_of_memory ||
        reader->diag->errors != mistakes)
        return NULL;
    if (weft_policy_write_document(policy, reader->arena, &error) < 0) {
        reader->nomem |= error.code == WEFT_E_NOMEM;
        if (error.code != WEFT_E_NOMEM)
            weft_reader_mistake(reader, root->place, NULL, "%s", error.message);
        return NULL;
    }
    return policy;
}

/* ---- `access:` of a product ---- */

const struct weft_access *weft_access_read(struct weft_reader *reader, const struct weft_node *node)
{
    if (!weft_node_is_set(node) || node->wrong || node->kind != WEFT_NODE_MAP)
        return NULL;
    struct weft_access *access = weft_reader_alloc(reader, 1, sizeof *access);
    if (access == NULL)
        return NULL;
    access->grant = weft_node_texts(reader, weft_node_get(node, "grant"));
    access->grant_places = weft_node_texts_places(reader, weft_node_get(node, "grant"));
    access->purposes = weft_node_texts(reader, weft_node_get(node, "purposes"));
    access->purpose_places = weft_node_texts_places(reader, weft_node_get(node, "purposes"));
    access->break_glass = weft_node_texts(reader, weft_node_get(node, "break_glass"));
    weft_policy_check_principals(reader, weft_node_get(node, "grant"));
    weft_policy_check_principals(reader, weft_node_get(node, "break_glass"));
    weft_policy_check_purposes(reader, weft_node_get(node, "purposes"));
    weft_policy_read_min_group(reader, weft_node_get(node, "min_group"), &access->min_group);
    if (access->purposes.count > 0 && access->grant.count == 0)
        weft_reader_warn(reader, weft_node_key_place(node, "purposes"),
                         "write `grant:` beside it: who may read it for these",
                         "`purposes` of `access` holds for its `grant`, and there is none");
    return access;
}

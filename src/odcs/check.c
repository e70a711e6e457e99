/*
 * check.c - a contract against the standard's own rules: known keys, kinds of values, words,
 * what must be there, what a quality rule of its type needs. All mistakes at once.
 *
 * v3.1 is closed: a key it does not know is a mistake. v3.0 is so in the contract itself, in the
 * schema and its options, and open elsewhere; v3.2 is not published: there such a key is told and
 * kept.
 */
#include "odcs/odcs_internal.h"

#include "base/clock.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct weft_reader *reader;
    bool open; /* unknown keys are told, not refused */
    bool old;  /* v3.0: its forms that v3.1 gave up are fine */
    int depth;
};

static bool is_count(const struct weft_node *node, int64_t from)
{
    int64_t value;
    return weft_node_is_number(node) && weft_parse_int64(node->text, strlen(node->text), &value) &&
           value >= from;
}

static void mistake(struct check *check, struct weft_node *node, const char *key,
                    const char *wanted)
{
    char hint[200] = "";
    node->wrong = true;
    if (node->kind == WEFT_NODE_NULL)
        snprintf(hint, sizeof hint, "leave `%.60s` out, or give it a value", key);
    else if (node->kind == WEFT_NODE_VALUE && node->bare && strcmp(wanted, "a text") == 0)
        snprintf(hint, sizeof hint, "quote it: \"%.100s\"", node->text);
    weft_reader_mistake(check->reader, node->place, hint, "`%s` must be %s", key, wanted);
}

/* ---- scalars ---- */

static void check_word(struct check *check, struct weft_node *node, const struct weft_odcs_key *key)
{
    char hint[400];
    if (!weft_node_is_text(node)) {
        mistake(check, node, key->name, "a text");
        return;
    }
    if (weft_words_has(key->words, node->text))
        return;
    weft_words_hint(check->reader, key->words, node->text, hint, sizeof hint);
    node->wrong = true;
    weft_reader_mistake(check->reader, node->place, hint, "`%.100s` is not a value of `%s`",
                        node->text, key->name);
}

static bool is_id(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && *at != '_' && *at != '-')
            return false;
    }
    return text[0] != '\0';
}

static bool is_part(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!isalpha((unsigned char)text[i]) && text[i] != '_' &&
            (i == 0 || !isdigit((unsigned char)text[i])))
            return false;
    }
    return length > 0;
}

/* table.column; or [file.yaml#]/part/id/part/id */
static bool is_reference(const char *text)
{
    size_t first = strcspn(text, ".");
    if (text[first] == '.' && is_part(text, first) &&
        is_part(text + first + 1, strlen(text + first + 1)))
        return true;
    const char *path = strstr(text, ".yaml#");
    path = path != NULL ? path + 6 : text;
    path += *path == '/';
    size_t parts = 0;
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        char part[WEFT_DOCUMENT_SCALAR_MAX];
        snprintf(part, sizeof part, "%.*s", (int)length, path);
        if (parts % 2 == 0 ? !is_part(path, length) : !is_id(part))
            return false;
        parts++;
        path += length + (path[length] == '/');
    }
    return parts >= 2 && parts % 2 == 0;
}

static void check_reference(struct check *check, struct weft_node *node, const char *key)
{
    bool list = node->kind == WEFT_NODE_LIST;
    if (!list && !weft_node_is_text(node)) {
        mistake(check, node, key, "a reference or a list of references");
        return;
    }
    if (list && node->count == 0)
        mistake(check, node, key, "a list of at least one reference");
    for (size_t i = 0; i < (list ? node->count : 1); i++) {
        struct weft_node *item = list ? node->items[i] : node;
        if (!weft_node_is_text(item))
            mistake(check, item, key, "a text");
        else if (!is_reference(item->text))
            weft_reader_mistake(check->reader, item->place,
                                "write table.column, or schema/ID/properties/ID",
                                "`%.100s` is no reference", item->text);
    }
}

static void check_version(struct check *check, struct weft_node *node)
{
    static const char known[] = "v3.0.0|v3.0.1|v3.0.2|v3.1.0|v3.2.0";
    if (!weft_node_is_text(node)) {
        mistake(check, node, "apiVersion", "a text");
        return;
    }
    if (weft_words_has(known, node->text))
        return;
    node->wrong = true;
    weft_reader_mistake(check->reader, node->place,
                        strncmp(node->text, "v2.", 3) == 0
                            ? "write it anew as v3.1.0: its keys were other ones"
                            : "choose from v3.0.0, v3.0.1, v3.0.2, v3.1.0, v3.2.0",
                        "`%.60s` is not a version of the standard that is read here", node->text);
}

static void check_time(struct check *check, struct weft_node *node, const char *key, bool day)
{
    int64_t us;
    if (!weft_node_is_text(node)) {
        mistake(check, node, key, "a text");
        return;
    }
    bool good = weft_time_parse(node->text, &us) && (strlen(node->text) == 10) == day;
    if (!good)
        weft_reader_mistake(
            check->reader, node->place, day ? "write 2026-03-01" : "write 2026-03-01T00:00:00Z",
            "`%.60s` is not a %s, for `%s`", node->text, day ? "date" : "moment", key);
}

static void check_range(struct check *check, struct weft_node *node, const char *key)
{
    bool good = node->kind == WEFT_NODE_LIST && node->count == 2 &&
                weft_node_is_number(node->items[0]) && weft_node_is_number(node->items[1]);
    if (!good)
        mistake(check, node, key, "a list of two numbers");
    else if (weft_node_number(node->items[0], 0) >= weft_node_number(node->items[1], 0))
        mistake(check, node, key, "two numbers, the smaller one first");
}

static void check_scalar(struct check *check, struct weft_node *node,
                         const struct weft_odcs_key *key)
{
    bool value = node->kind == WEFT_NODE_VALUE;
    switch (key->value) {
    case WEFT_ODCS_TEXT:
        if (!weft_node_is_text(node))
            mistake(check, node, key->name, "a text");
        return;
    case WEFT_ODCS_BOUND_TEXT:
        if (!weft_node_is_text(node) && !(check->old && weft_node_is_bool(node)))
            mistake(check, node, key->name, "a text");
        return;
    case WEFT_ODCS_BOOL:
        if (!weft_node_is_bool(node))
            mistake(check, node, key->name, "true or false");
        return;
    case WEFT_ODCS_INT:
        if (!is_count(node, INT64_MIN))
            mistake(check, node, key->name, "a whole number");
        return;
    case WEFT_ODCS_COUNT:
        if (!is_count(node, 0))
            mistake(check, node, key->name, "a whole number from 0");
        return;
    case WEFT_ODCS_NUMBER:
        if (!weft_node_is_number(node))
            mistake(check, node, key->name, "a number");
        return;
    case WEFT_ODCS_ABOVE:
        if (!weft_node_is_number(node) || !(weft_node_number(node, 0) > 0))
            mistake(check, node, key->name, "a number above 0");
        return;
    case WEFT_ODCS_BOUND:
        if (!weft_node_is_number(node) && !(check->old && weft_node_is_bool(node)))
            mistake(check, node, key->name, "a number");
        return;
    case WEFT_ODCS_SCALAR:
        if (!value && node->kind != WEFT_NODE_NULL)
            mistake(check, node, key->name, "a single value");
        return;
    case WEFT_ODCS_ID:
        if (!weft_node_is_text(node) && !is_count(node, 0))
            mistake(check, node, key->name, "a text");
        else if (!is_id(node->text))
            mistake(check, node, key->name, "an id of letters, digits, - and _");
        else if (node->bare && weft_node_is_number(node))
            mistake(check, node, key->name, "a text");
        return;
    case WEFT_ODCS_TEXT_MAP:
        if (!weft_node_is_text(node) && node->kind != WEFT_NODE_MAP)
            mistake(check, node, key->name, "a text or a map");
        return;
    default:
        return;
    }
}

/* ---- maps ---- */

static void check_map(struct check *check, struct weft_node *node, enum weft_odcs_section section,
                      const char *what);

static void check_list(struct check *check, struct weft_node *node, const struct weft_odcs_key *key)
{
    if (node->kind != WEFT_NODE_LIST) {
        mistake(check, node, key->name, "a list");
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        struct weft_node *item = node->items[i];
        if (key->value == WEFT_ODCS_TEXTS && !weft_node_is_text(item))
            mistake(check, item, key->name, "a list of texts");
        else if (key->value == WEFT_ODCS_MAPS)
            check_map(check, item, key->section, key->name);
    }
}

static enum weft_odcs_section options_section(const char *logical)
{
    static const struct {
        const char *type;
        enum weft_odcs_section section;
    } types[] = {
        {"string", WEFT_ODCS_OPTIONS_STRING},   {"date", WEFT_ODCS_OPTIONS_DATE},
        {"timestamp", WEFT_ODCS_OPTIONS_TIME},  {"time", WEFT_ODCS_OPTIONS_TIME},
        {"integer", WEFT_ODCS_OPTIONS_INTEGER}, {"number", WEFT_ODCS_OPTIONS_NUMBER},
        {"object", WEFT_ODCS_OPTIONS_OBJECT},   {"array", WEFT_ODCS_OPTIONS_ARRAY},
    };
    for (size_t i = 0; logical != NULL && i < WEFT_COUNT(types); i++) {
        if (strcmp(types[i].type, logical) == 0)
            return types[i].section;
    }
    return WEFT_ODCS_NONE;
}

static void check_key(struct check *check, struct weft_node *map, struct weft_node *node,
                      const struct weft_odcs_key *key)
{
    enum weft_odcs_section options;
    switch (key->value) {
    case WEFT_ODCS_WORD:
        check_word(check, node, key);
        return;
    case WEFT_ODCS_VERSION:
        check_version(check, node);
        return;
    case WEFT_ODCS_DATE:
    case WEFT_ODCS_MOMENT:
        check_time(check, node, key->name, key->value == WEFT_ODCS_DATE);
        return;
    case WEFT_ODCS_RANGE:
        check_range(check, node, key->name);
        return;
    case WEFT_ODCS_REFERENCE:
        check_reference(check, node, key->name);
        return;
    case WEFT_ODCS_TEXTS:
    case WEFT_ODCS_ANYS:
    case WEFT_ODCS_MAPS:
        check_list(check, node, key);
        return;
    case WEFT_ODCS_MAP:
        check_map(check, node, key->section, key->name);
        return;
    case WEFT_ODCS_MAP_MAPS:
        if (node->kind == WEFT_NODE_LIST)
            check_list(check, node,
                       &(struct weft_odcs_key){key->name, .value = WEFT_ODCS_MAPS,
                                               .section = WEFT_ODCS_MEMBER});
        else
            check_map(check, node, key->section, key->name);
        return;
    case WEFT_ODCS_OPTIONS:
        options = options_section(weft_node_get_text(map, "logicalType"));
        if (options != WEFT_ODCS_NONE)
            check_map(check, node, options, key->name);
        else if (node->kind != WEFT_NODE_MAP)
            mistake(check, node, key->name, "a map");
        return;
    default:
        check_scalar(check, node, key);
    }
}

/* v3.0 is closed in these, and open in the others. */
static bool closed_in_old(enum weft_odcs_section section)
{
    return section == WEFT_ODCS_ROOT || section == WEFT_ODCS_OBJECT ||
           section == WEFT_ODCS_PROPERTY || section == WEFT_ODCS_ITEM ||
           (section >= WEFT_ODCS_OPTIONS_STRING && section <= WEFT_ODCS_OPTIONS_ARRAY);
}

static void unknown_key(struct check *check, const struct weft_node *map, size_t at,
                        enum weft_odcs_section section)
{
    const struct weft_odcs_keys *keys = weft_odcs_keys_of(section);
    const char *names[40];
    char hint[200];
    size_t count = 0;
    for (size_t i = 0; i < keys->count && count < WEFT_COUNT(names); i++)
        names[count++] = keys->keys[i].name;
    weft_reader_near(map->keys[at], names, count, hint, sizeof hint);
    if (check->open && !(check->old && closed_in_old(section)))
        weft_reader_warn(check->reader, map->places[at], hint,
                         "`%.60s` is not a key of %s: it is kept", map->keys[at], keys->title);
    else
        weft_reader_mistake(check->reader, map->places[at],
                            hint[0] != '\0' ? hint : "put it under `customProperties`",
                            "`%.60s` is not a key of %s", map->keys[at], keys->title);
}

/* ---- quality ---- */

static const char *const operators[] = {
    "mustBe",         "mustNotBe",           "mustBeGreaterThan", "mustBeGreaterOrEqualTo",
    "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween",     "mustNotBeBetween"};

static void check_operators(struct check *check, const struct weft_node *rule)
{
    size_t count = 0;
    const char *second = NULL;
    for (size_t i = 0; i < WEFT_COUNT(operators); i++) {
        if (weft_node_get(rule, operators[i]) != NULL && ++count == 2)
            second = operators[i];
    }
    if (count == 0 && !check->old)
        weft_reader_mistake(check->reader, rule->place, "write `mustBe: 0`, mustBeLessThan ...",
                            "the quality rule does not say what its result must be");
    if (count > 1 && !check->old)
        weft_reader_mistake(check->reader, weft_node_key_place(rule, second),
                            "make two rules of it, or write mustBeBetween",
                            "the quality rule has more than one `mustBe...`");
}

static void check_needed(struct check *check, const struct weft_node *map, const char *name,
                         const char *what)
{
    if (weft_node_get(map, name) == NULL)
        weft_reader_mistake(check->reader, map->place, NULL, "%s needs `%s`", what, name);
}

static void check_quality(struct check *check, const struct weft_node *rule)
{
    const char *type = weft_node_get_text(rule, "type");
    bool metric = weft_node_get(rule, "metric") != NULL;
    bool named = check->old && weft_node_get(rule, "rule") != NULL;
    if (type == NULL && weft_node_get(rule, "type") != NULL)
        return;
    if (metric || named || (type != NULL && strcmp(type, "library") == 0)) {
        if (!named)
            check_needed(check, rule, "metric", "a quality rule of the library");
        check_operators(check, rule);
    }
    if (type != NULL && strcmp(type, "sql") == 0) {
        check_needed(check, rule, "query", "a quality rule by SQL");
        check_operators(check, rule);
    } else if (type != NULL && strcmp(type, "custom") == 0) {
        check_needed(check, rule, "engine", "a custom quality rule");
        check_needed(check, rule, "implementation", "a custom quality rule");
    }
}

static void check_server(struct check *check, const struct weft_node *server)
{
    const char *type = weft_node_get_text(server, "type");
    const char *needs = type == NULL ? NULL : weft_odcs_server_needs(type);
    if (needs == NULL)
        return;
    char what[80];
    snprintf(what, sizeof what, "a server of the type %.40s", type);
    struct weft_texts words = weft_words_split(check->reader, needs);
    for (size_t i = 0; i < words.count; i++)
        check_needed(check, server, words.items[i], what);
}

/* The same name twice in one list of properties. */
static void check_names(struct check *check, const struct weft_node *list)
{
    for (size_t i = 0; list != NULL && list->kind == WEFT_NODE_LIST && i < list->count; i++) {
        const struct weft_node *name = weft_node_get(list->items[i], "name");
        for (size_t j = 0; weft_node_text(name) != NULL && j < i; j++) {
            const char *other = weft_node_get_text(list->items[j], "name");
            if (other == NULL || strcmp(other, name->text) != 0)
                continue;
            weft_reader_mistake(check->reader, name->place, NULL, "`%.60s` stands twice",
                                name->text);
            break;
        }
    }
}

static void check_section(struct check *check, struct weft_node *node,
                          enum weft_odcs_section section)
{
    const struct weft_odcs_keys *keys = weft_odcs_keys_of(section);
    for (size_t i = 0; i < node->count; i++) {
        const struct weft_odcs_key *key = weft_odcs_keys_find(section, node->keys[i]);
        if (key != NULL)
            check_key(check, node, node->items[i], key);
        else if (section != WEFT_ODCS_ARGUMENTS)
            unknown_key(check, node, i, section);
    }
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].required && weft_node_get(node, keys->keys[i].name) == NULL)
            weft_reader_mistake(check->reader, node->place, NULL, "%s needs `%s`", keys->title,
                                keys->keys[i].name);
    }
    if (section == WEFT_ODCS_QUALITY)
        check_quality(check, node);
    else if (section == WEFT_ODCS_SERVER)
        check_server(check, node);
    check_names(check, weft_node_get(node, "properties"));
}

static void check_map(struct check *check, struct weft_node *node, enum weft_odcs_section section,
                      const char *what)
{
    if (node->kind != WEFT_NODE_MAP) {
        mistake(check, node, what, "a map");
        return;
    }
    if (check->depth >= WEFT_ODCS_DEPTH_MAX) {
        weft_reader_mistake(check->reader, node->place, NULL, "nested deeper than %d",
                            WEFT_ODCS_DEPTH_MAX);
        return;
    }
    check->depth++;
    check_section(check, node, section);
    check->depth--;
}

void weft_odcs_check(struct weft_reader *reader, struct weft_node *root)
{
    struct check check = {.reader = reader};
    const char *version = weft_node_get_text(root, "apiVersion");
    if (version != NULL) {
        check.old = strncmp(version, "v3.0.", 5) == 0;
        check.open = check.old || strncmp(version, "v3.2.", 5) == 0;
    }
    if (root->kind != WEFT_NODE_MAP) {
        weft_reader_mistake(reader, root->place, "write `kind: DataContract`",
                            "the file is not a map: no contract");
        return;
    }
    check_map(&check, root, WEFT_ODCS_ROOT, "contract");
    check_names(&check, weft_node_get(root, "schema"));
}

/*
 * check.c - validation of a written tree by the table of keys: unknown keys, shapes, kinds of
 * scalars; expansion of ${name}. Whatever it reports is marked wrong, so that later rules stay
 * silent about it.
 */
#include "base/clock.h"
#include "base/text.h"
#include "document/keys.h"
#include "document/type.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void node_mistake(struct weft_reader *reader, struct weft_node *node, const char *hint,
                         const char *format, ...) WEFT_PRINTF(4, 5);

static void node_mistake(struct weft_reader *reader, struct weft_node *node, const char *hint,
                         const char *format, ...)
{
    char message[700];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    node->wrong = true;
    weft_reader_mistake(reader, node->place, hint, "%s", message);
}

/* ---- ${name} ---- */

static const char *variable_find(const struct weft_reader *reader, const char *name, size_t length)
{
    for (size_t i = 0; i < reader->var_count; i++) {
        if (strlen(reader->vars[i].name) == length &&
            memcmp(reader->vars[i].name, name, length) == 0)
            return reader->vars[i].value;
    }
    return NULL;
}

/* "a, b": the environments that have it. */
static void variable_known_in(struct weft_reader *reader, const char *word, char *out, size_t size)
{
    const char **names = weft_reader_alloc(reader, reader->environment_count, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names != NULL && i < reader->environment_count; i++) {
        const struct weft_variables *vars = &reader->environments[i];
        bool has = false;
        for (size_t v = 0; v < vars->count && !has; v++)
            has = strcmp(vars->items[v].name, word) == 0;
        if (has)
            names[count++] = vars->environment;
    }
    if (count > 0)
        weft_texts_print(names, count, out, size);
    else
        snprintf(out, size, "no environment");
}

static void variable_unknown(struct weft_reader *reader, struct weft_node *node, const char *name,
                             size_t length)
{
    char word[64], hint[500], known[200];
    snprintf(word, sizeof word, "%.*s", (int)WEFT_MIN(length, sizeof word - 1), name);
    const char **names = weft_reader_alloc(reader, reader->var_count, sizeof *names);
    if (names == NULL)
        return;
    for (size_t i = 0; i < reader->var_count; i++)
        names[i] = reader->vars[i].name;
    weft_reader_near(word, names, reader->var_count, hint, sizeof hint);
    variable_known_in(reader, word, known, sizeof known);
    if (hint[0] == '\0')
        snprintf(hint, sizeof hint,
                 "%s ha%s it; write it in weft.yaml: environments: {%s: {vars: {%s: ...}}}", known,
                 strchr(known, ',') == NULL ? "s" : "ve", reader->environment, word);
    node_mistake(reader, node, hint, "`${%s}` is not a variable of the environment `%s`", word,
                 reader->environment);
}

static void node_expand(struct weft_reader *reader, struct weft_node *node)
{
    if (!reader->expand || strstr(node->text, "${") == NULL)
        return;
    struct weft_buf out;
    weft_buf_init(&out, WEFT_DOCUMENT_SCALAR_MAX);
    const char *rest = node->text;
    const char *open;
    while ((open = strstr(rest, "${")) != NULL) {
        size_t length = strcspn(open + 2, "}");
        if (open[2 + length] == '\0') {
            node_mistake(reader, node, "write ${name}", "`${` has no `}`");
            break;
        }
        const char *value = variable_find(reader, open + 2, length);
        if (value == NULL) {
            variable_unknown(reader, node, open + 2, length);
            break;
        }
        weft_buf_add(&out, rest, (size_t)(open - rest));
        weft_buf_adds(&out, value);
        rest = open + 2 + length + 1;
    }
    weft_buf_adds(&out, rest);
    struct weft_error error = WEFT_ERROR_INIT;
    if (node->wrong)
        ;
    else if (weft_buf_check(&out, &error) == 0)
        node->text = weft_reader_text(reader, out.data);
    else if (error.code == WEFT_E_NOMEM)
        reader->nomem = true;
    else
        node_mistake(reader, node, NULL, "the text is longer than %d bytes when expanded",
                     WEFT_DOCUMENT_SCALAR_MAX);
    weft_buf_release(&out);
}

/* ---- scalars ---- */

static void check_name(struct weft_reader *reader, struct weft_node *node, const char *what)
{
    if (weft_name_valid(node->text))
        return;
    char proposal[WEFT_NAME_MAX + 1], hint[200];
    weft_name_propose(node->text, proposal);
    snprintf(hint, sizeof hint, "`%s` would be", proposal);
    if (strlen(node->text) > WEFT_NAME_MAX)
        node_mistake(reader, node, hint, "`%.60s...` is longer than the %d characters of a name",
                     node->text, WEFT_NAME_MAX);
    else
        node_mistake(reader, node, hint,
                     "`%s` is not a name%s%s: lower case letters, digits and single underscores",
                     node->text, what[0] == '\0' ? "" : " for ", what);
}

/* product, domain.product, each with @major */
static void check_product_name(struct weft_reader *reader, struct weft_node *node)
{
    char text[2 * WEFT_NAME_MAX + 16];
    if (strlen(node->text) >= sizeof text) {
        node_mistake(reader, node, NULL, "the name of a product is too long");
        return;
    }
    snprintf(text, sizeof text, "%s", node->text);
    char *major = strchr(text, '@');
    bool good = true;
    if (major != NULL) {
        *major++ = '\0';
        int64_t number;
        good = weft_parse_int64(major, strlen(major), &number) && number >= 0 && number <= 999;
    }
    char *dot = strchr(text, '.');
    if (dot != NULL) {
        *dot++ = '\0';
        good = good && weft_name_valid(dot);
    }
    if (!good || !weft_name_valid(text))
        node_mistake(reader, node, "write domain.product or domain.product@2",
                     "`%s` is not the name of a product", node->text);
}

/* Up to three dot-separated numbers; *count says how many there are. */
static bool version_parts(const char *text, int64_t parts[3], int *count)
{
    *count = 0;
    while (*count < 3) {
        size_t length = strspn(text, "0123456789");
        if (length == 0 || length > 6 || (length > 1 && text[0] == '0') ||
            !weft_parse_int64(text, length, &parts[*count]))
            return false;
        (*count)++;
        if (text[length] == '\0')
            return true;
        if (text[length] != '.')
            return false;
        text += length + 1;
    }
    return false;
}

static void check_version(struct weft_reader *reader, struct weft_node *node)
{
    int64_t parts[3] = {0, 0, 0};
    int count = 0;
    const char *text = node->text + (node->text[0] == 'v');
    bool good = version_parts(text, parts, &count);
    if (good && count == 3 && text == node->text && parts[0] <= 999)
        return;
    char hint[100] = "write major.minor.patch, as in 1.0.0";
    if (good && parts[0] <= 999)
        snprintf(hint, sizeof hint, "write \"%" PRId64 ".%" PRId64 ".%" PRId64 "\"", parts[0],
                 parts[1], parts[2]);
    node_mistake(reader, node, hint, "`%s` is not a version: it has three numbers", node->text);
}

static void check_type(struct weft_reader *reader, struct weft_node *node)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_type *type;
    if (weft_type_parse(reader->arena, node->text, &type, &error) == 0)
        return;
    if (error.code == WEFT_E_NOMEM)
        reader->nomem = true;
    else
        node_mistake(reader, node, error.hint, "%s", error.message);
}

static void check_word(struct weft_reader *reader, struct weft_node *node,
                       const struct weft_key *key)
{
    if (weft_words_has(key->words, node->text))
        return;
    char hint[300];
    weft_words_hint(reader, key->words, node->text, hint, sizeof hint);
    node_mistake(reader, node, hint, "`%.100s` is not a value of `%s`", node->text, key->name);
}

static void check_share(struct weft_reader *reader, struct weft_node *node,
                        const struct weft_key *key)
{
    double share;
    char hint[100] = "write a share as 0.95 or 95%";
    if (!weft_share_parse(node->text, &share)) {
        node_mistake(reader, node, hint, "`%.60s` is not a share", node->text);
        return;
    }
    if (key->value == WEFT_VALUE_PERCENT || share <= 1)
        return;
    if (share <= 100)
        snprintf(hint, sizeof hint, "write %g%% or %g", share, share / 100);
    node_mistake(reader, node, hint, "`%.60s` is more than all", node->text);
}

static void check_bool(struct weft_reader *reader, struct weft_node *node,
                       const struct weft_key *key)
{
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
        return;
    const char *text = node->text;
    bool yes = weft_equal_fold(text, "yes") || weft_equal_fold(text, "true") ||
               weft_equal_fold(text, "on") || strcmp(text, "1") == 0;
    bool no = weft_equal_fold(text, "no") || weft_equal_fold(text, "false") ||
              weft_equal_fold(text, "off") || strcmp(text, "0") == 0;
    node_mistake(reader, node,
                 yes  ? "write true"
                 : no ? "write false"
                      : "write true or false",
                 "`%.60s` is neither true nor false, for `%s`", text, key->name);
}

static void check_count(struct weft_reader *reader, struct weft_node *node,
                        const struct weft_key *key)
{
    int64_t count;
    if (!weft_parse_int64(node->text, strlen(node->text), &count) || count < 0)
        node_mistake(reader, node, NULL, "`%.60s` is not a whole number from 0, for `%s`",
                     node->text, key->name);
}

static void check_number(struct weft_reader *reader, struct weft_node *node,
                         const struct weft_key *key)
{
    double number;
    if (!weft_parse_double(node->text, strlen(node->text), &number) || !(number > 0) ||
        !isfinite(number))
        node_mistake(reader, node, NULL, "`%.60s` is not a number above 0, for `%s`", node->text,
                     key->name);
}

static void check_duration(struct weft_reader *reader, struct weft_node *node)
{
    int64_t us;
    if (!weft_duration_parse(node->text, &us) || us <= 0)
        node_mistake(reader, node, "write 30m, 24h, 7d, 2w or 1y", "`%.60s` is not a duration",
                     node->text);
}

static void check_time(struct weft_reader *reader, struct weft_node *node,
                       const struct weft_key *key)
{
    int64_t us;
    bool day = key->value == WEFT_VALUE_DATE;
    if (!weft_time_parse(node->text, &us) || (day && strlen(node->text) != 10))
        node_mistake(reader, node, day ? "write 2026-03-01" : "write 2026-03-01T00:00:00Z",
                     "`%.60s` is not a %s", node->text, day ? "date" : "moment");
}

static void check_length(struct weft_reader *reader, struct weft_node *node,
                         const struct weft_key *key)
{
    size_t max = key->value == WEFT_VALUE_SQL     ? WEFT_DOCUMENT_SQL_MAX
                 : key->value == WEFT_VALUE_PROSE ? WEFT_DOCUMENT_PROSE_MAX
                                                  : WEFT_DOCUMENT_SCALAR_MAX;
    if (strlen(node->text) > max)
        node_mistake(reader, node, NULL, "the text of `%s` is longer than %zu bytes", key->name,
                     max);
    else if (key->value != WEFT_VALUE_EMPTY && node->text[strspn(node->text, " \t\r\n")] == '\0')
        node_mistake(reader, node, "leave the key out, or give it a value", "`%s` is empty",
                     key->name);
}

static void check_value(struct weft_reader *reader, struct weft_node *node,
                        const struct weft_key *key)
{
    if (node->kind == WEFT_NODE_NULL) {
        if (key->value != WEFT_VALUE_EMPTY)
            node_mistake(reader, node, "leave the key out, or give it a value", "`%s` is empty",
                         key->name);
        return;
    }
    check_length(reader, node, key);
    if (key->expands && !node->wrong)
        node_expand(reader, node);
    if (node->wrong)
        return;
    switch (key->value) {
    case WEFT_VALUE_NAME:
        check_name(reader, node, "");
        return;
    case WEFT_VALUE_PRODUCT:
        check_product_name(reader, node);
        return;
    case WEFT_VALUE_VERSION:
        check_version(reader, node);
        return;
    case WEFT_VALUE_TYPE:
        check_type(reader, node);
        return;
    case WEFT_VALUE_WORD:
        check_word(reader, node, key);
        return;
    case WEFT_VALUE_BOOL:
        check_bool(reader, node, key);
        return;
    case WEFT_VALUE_COUNT:
        check_count(reader, node, key);
        return;
    case WEFT_VALUE_NUMBER:
        check_number(reader, node, key);
        return;
    case WEFT_VALUE_SHARE:
    case WEFT_VALUE_PERCENT:
        check_share(reader, node, key);
        return;
    case WEFT_VALUE_DURATION:
        check_duration(reader, node);
        return;
    case WEFT_VALUE_DATE:
    case WEFT_VALUE_TIME:
        check_time(reader, node, key);
        return;
    default:
        return;
    }
}

/* ---- shapes ---- */

static const char *shape_wanted(const struct weft_key *key)
{
    unsigned s = key->shapes;
    if (s & (WEFT_SHAPE_MAPS | WEFT_SHAPE_ROWS))
        return s & (WEFT_SHAPE_MAP | WEFT_SHAPE_NAMED) ? "a list of maps, or a map"
                                                       : "a list of maps (`- name: ...`)";
    if (s & WEFT_SHAPE_LIST)
        return s & WEFT_SHAPE_MAP ? "a list, a value or a map" : "a value or a list";
    if (s & WEFT_SHAPE_VALUE)
        return s == WEFT_SHAPE_VALUE ? "one value" : "a value or a map";
    return "a map";
}

static void shape_mistake(struct weft_reader *reader, struct weft_node *node,
                          const struct weft_key *key)
{
    static const char *const kinds[] = {"nothing", "a value", "a list", "a map"};
    char hint[120];
    snprintf(hint, sizeof hint, "write %s", shape_wanted(key));
    node_mistake(reader, node, hint, "`%s` cannot be %s", key->name, kinds[node->kind]);
}

static void check_named(struct weft_reader *reader, struct weft_node *node,
                        const struct weft_key *key)
{
    for (size_t i = 0; i < node->count; i++) {
        struct weft_node *item = node->items[i];
        if (item->kind == WEFT_NODE_MAP && (key->shapes & WEFT_SHAPE_NAMED))
            weft_keys_check(reader, item, key->named);
        else if (item->kind == WEFT_NODE_VALUE || item->kind == WEFT_NODE_NULL) {
            /* A port's text alone is its files. */
            static const struct weft_key files = {"files", WEFT_SHAPE_VALUE, .expands = true};
            if (key->shapes & WEFT_SHAPE_VALUES)
                check_value(reader, item, key);
            else if (key->named == WEFT_SECTION_INPUT && item->kind == WEFT_NODE_VALUE)
                check_value(reader, item, &files);
            else
                node_mistake(reader, item, "write a map of keys", "`%s` of `%s` has no keys",
                             node->keys[i], key->name);
        } else
            node_mistake(reader, item, NULL, "`%s` of `%s` cannot be %s", node->keys[i], key->name,
                         item->kind == WEFT_NODE_LIST ? "a list" : "a map");
    }
}

static void check_list(struct weft_reader *reader, struct weft_node *node,
                       const struct weft_key *key)
{
    size_t max = strcmp(key->name, "enum") == 0     ? WEFT_DOCUMENT_ENUM_MAX
                 : strcmp(key->name, "schema") == 0 ? WEFT_DOCUMENT_COLUMNS_MAX
                                                    : WEFT_DOCUMENT_CHECKS_MAX;
    if (node->count > max) {
        node_mistake(reader, node, NULL, "`%s` has %zu entries; at most %zu are allowed", key->name,
                     node->count, max);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        struct weft_node *item = node->items[i];
        if (key->shapes & WEFT_SHAPE_ROWS) {
            if (item->kind != WEFT_NODE_MAP)
                node_mistake(reader, item, "write {field: value, ...}", "a row of `%s` is a map",
                             key->name);
        } else if ((key->shapes & WEFT_SHAPE_MAPS) && item->kind == WEFT_NODE_MAP)
            weft_keys_check(reader, item, key->section);
        else if ((key->shapes & WEFT_SHAPE_LIST) &&
                 (item->kind == WEFT_NODE_VALUE || item->kind == WEFT_NODE_NULL))
            check_value(reader, item, key);
        else
            node_mistake(reader, item,
                         key->shapes & WEFT_SHAPE_MAPS ? "write `- name: ...`" : "write one value",
                         "entry %zu of `%s` is not %s", i + 1, key->name,
                         key->shapes & WEFT_SHAPE_MAPS ? "a map" : "a value");
    }
}

static void check_shape(struct weft_reader *reader, struct weft_node *node,
                        const struct weft_key *key)
{
    if (key->shapes & WEFT_SHAPE_ANY)
        return;
    switch (node->kind) {
    case WEFT_NODE_NULL:
        check_value(reader, node, key);
        return;
    case WEFT_NODE_VALUE:
        if (key->shapes & WEFT_SHAPE_VALUE)
            check_value(reader, node, key);
        else
            shape_mistake(reader, node, key);
        return;
    case WEFT_NODE_LIST:
        if (key->shapes & (WEFT_SHAPE_LIST | WEFT_SHAPE_MAPS | WEFT_SHAPE_ROWS))
            check_list(reader, node, key);
        else
            shape_mistake(reader, node, key);
        return;
    case WEFT_NODE_MAP:
        if (key->shapes & (WEFT_SHAPE_NAMED | WEFT_SHAPE_VALUES))
            check_named(reader, node, key);
        else if (key->shapes & WEFT_SHAPE_MAP)
            weft_keys_check(reader, node, key->section);
        else
            shape_mistake(reader, node, key);
    }
}

/* ---- unknown keys ---- */

static void unknown_key_hint(const char *name, enum weft_section section, char *hint,
                             size_t hint_size)
{
    const struct weft_keys *keys = weft_keys_of(section);
    const char *candidates[64];
    size_t count = 0;
    for (size_t i = 0; i < keys->count && count < WEFT_COUNT(candidates); i++)
        candidates[count++] = keys->keys[i].name;
    const char *alias = weft_keys_alias(section, name);
    const char *near = weft_suggest(name, candidates, count);
    if (near == NULL)
        near = alias;
    if (near != NULL)
        snprintf(hint, hint_size, "did you mean `%s`?", near);
    for (int s = 1; hint[0] == '\0' && s < WEFT_SECTION_COUNT; s++) {
        if (weft_keys_find((enum weft_section)s, name) != NULL)
            snprintf(hint, hint_size, "`%s` is a key of %s", name,
                     weft_keys_of((enum weft_section)s)->title);
    }
    if (hint[0] == '\0' && count <= 12) {
        size_t used = (size_t)snprintf(hint, hint_size, "the keys are");
        for (size_t i = 0; i < count && used + 30 < hint_size; i++)
            used += (size_t)snprintf(hint + used, hint_size - used, "%s %s", i == 0 ? "" : ",",
                                     candidates[i]);
    }
}

static void unknown_key(struct weft_reader *reader, struct weft_place place, const char *name,
                        enum weft_section section)
{
    const struct weft_keys *keys = weft_keys_of(section);
    char hint[400] = "";
    /* Behind the last mistake that is kept nobody reads a hint. */
    if (reader->diag->errors < WEFT_DIAG_MAX)
        unknown_key_hint(name, section, hint, sizeof hint);
    weft_reader_mistake(reader, place, hint, "`%.60s` is not a key of %s", name, keys->title);
}

void weft_keys_check(struct weft_reader *reader, struct weft_node *node, enum weft_section section)
{
    if (node == NULL)
        return;
    if (node->kind != WEFT_NODE_MAP) {
        node_mistake(reader, node, "write `name: value` lines", "%s is a map of keys",
                     weft_keys_of(section)->title);
        return;
    }
    for (size_t i = 0; i < node->count && !reader->nomem; i++) {
        const struct weft_key *key = weft_keys_find(section, node->keys[i]);
        if (key == NULL)
            unknown_key(reader, node->places[i], node->keys[i], section);
        else
            check_shape(reader, node->items[i], key);
    }
}

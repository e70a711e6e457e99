/*
 * keys_print.c - the JSON Schema (draft 2020-12) and the reference page, made from the table of
 * keys.
 *
 * The schema is for editors: it knows names, shapes, words and numbers; what only the validation
 * can say (a field that does not exist) it leaves alone. A scalar may be a number or a boolean
 * wherever weft takes it as written.
 */
#include "base/text.h"
#include "document/keys.h"

#include <stdio.h>
#include <string.h>

typedef struct weft_json_writer writer;

static void put_types(writer *w, const char *const *types, size_t count)
{
    weft_json_key(w, "type");
    weft_json_begin_array(w);
    for (size_t i = 0; i < count; i++)
        weft_json_put_text(w, types[i]);
    weft_json_end_array(w);
}

static void put_words(writer *w, const char *words)
{
    weft_json_key(w, "enum");
    weft_json_begin_array(w);
    while (*words != '\0') {
        size_t length = strcspn(words, "|");
        weft_json_put_text_n(w, words, length);
        words += length + (words[length] == '|');
    }
    weft_json_end_array(w);
}

static void put_scalar_members(writer *w, const struct weft_key *key)
{
    static const char *const any[] = {"string", "number", "boolean"};
    static const char *const any_or_null[] = {"string", "number", "boolean", "null"};
    static const char *const share[] = {"number", "string"};
    switch (key->value) {
    case WEFT_VALUE_BOOL:
        weft_json_member_text(w, "type", "boolean");
        return;
    case WEFT_VALUE_COUNT:
        weft_json_member_text(w, "type", "integer");
        weft_json_member_int(w, "minimum", 0);
        return;
    case WEFT_VALUE_NUMBER:
        weft_json_member_text(w, "type", "number");
        weft_json_member_int(w, "exclusiveMinimum", 0);
        return;
    case WEFT_VALUE_SHARE:
    case WEFT_VALUE_PERCENT:
        put_types(w, share, WEFT_COUNT(share));
        return;
    case WEFT_VALUE_WORD:
        put_words(w, key->words);
        return;
    case WEFT_VALUE_NAME:
        weft_json_member_text(w, "type", "string");
        weft_json_member_text(w, "pattern", "^[a-z][a-z0-9]*(_[a-z0-9]+)*$");
        weft_json_member_int(w, "maxLength", WEFT_NAME_MAX);
        return;
    case WEFT_VALUE_VERSION:
        weft_json_member_text(w, "type", "string");
        weft_json_member_text(w, "pattern", "^[0-9]+\\.[0-9]+\\.[0-9]+$");
        return;
    case WEFT_VALUE_DURATION:
        weft_json_member_text(w, "type", "string");
        weft_json_member_text(w, "pattern", "^[0-9]+(ms|s|m|h|d|w|y)$");
        return;
    case WEFT_VALUE_PROSE:
    case WEFT_VALUE_SQL:
    case WEFT_VALUE_TYPE:
    case WEFT_VALUE_PRODUCT:
        weft_json_member_text(w, "type", "string");
        return;
    case WEFT_VALUE_EMPTY:
        put_types(w, any_or_null, WEFT_COUNT(any_or_null));
        return;
    default:
        put_types(w, any, WEFT_COUNT(any));
    }
}

static void put_scalar(writer *w, const struct weft_key *key)
{
    weft_json_begin_object(w);
    put_scalar_members(w, key);
    weft_json_end_object(w);
}

static void put_ref(writer *w, enum weft_section section)
{
    char text[40];
    snprintf(text, sizeof text, "#/$defs/section_%d", (int)section);
    weft_json_begin_object(w);
    weft_json_member_text(w, "$ref", text);
    weft_json_end_object(w);
}

static void put_array_of(writer *w, const struct weft_key *key, enum weft_shape shape)
{
    weft_json_begin_object(w);
    weft_json_member_text(w, "type", "array");
    weft_json_key(w, "items");
    if (shape == WEFT_SHAPE_LIST)
        put_scalar(w, key);
    else if (shape == WEFT_SHAPE_MAPS)
        put_ref(w, key->section);
    else {
        weft_json_begin_object(w);
        weft_json_member_text(w, "type", "object");
        weft_json_end_object(w);
    }
    weft_json_end_object(w);
}

static void put_named(writer *w, const struct weft_key *key)
{
    weft_json_begin_object(w);
    weft_json_member_text(w, "type", "object");
    weft_json_key(w, "additionalProperties");
    if ((key->shapes & WEFT_SHAPE_NAMED) == 0)
        put_scalar(w, key);
    else {
        weft_json_begin_object(w);
        weft_json_key(w, "anyOf");
        weft_json_begin_array(w);
        put_ref(w, key->named);
        if (key->shapes & WEFT_SHAPE_VALUES || key->named == WEFT_SECTION_INPUT)
            put_scalar(w, key);
        weft_json_end_array(w);
        weft_json_end_object(w);
    }
    weft_json_end_object(w);
}

static void put_key(writer *w, const struct weft_key *key)
{
    weft_json_begin_object(w);
    weft_json_member_text(w, "description", key->help);
    unsigned shapes = key->shapes;
    if (shapes == WEFT_SHAPE_VALUE)
        put_scalar_members(w, key);
    else if (shapes != WEFT_SHAPE_ANY) {
        weft_json_key(w, "anyOf");
        weft_json_begin_array(w);
        if (shapes & WEFT_SHAPE_VALUE)
            put_scalar(w, key);
        if (shapes & WEFT_SHAPE_LIST)
            put_array_of(w, key, WEFT_SHAPE_LIST);
        if (shapes & WEFT_SHAPE_MAPS)
            put_array_of(w, key, WEFT_SHAPE_MAPS);
        if (shapes & WEFT_SHAPE_ROWS)
            put_array_of(w, key, WEFT_SHAPE_ROWS);
        if (shapes & (WEFT_SHAPE_NAMED | WEFT_SHAPE_VALUES))
            put_named(w, key);
        if (shapes & WEFT_SHAPE_MAP)
            put_ref(w, key->section);
        weft_json_end_array(w);
    }
    weft_json_end_object(w);
}

static void put_section_members(writer *w, enum weft_section section)
{
    const struct weft_keys *keys = weft_keys_of(section);
    weft_json_member_text(w, "type", "object");
    weft_json_member_bool(w, "additionalProperties", false);
    weft_json_key(w, "properties");
    weft_json_begin_object(w);
    for (size_t i = 0; i < keys->count; i++) {
        weft_json_key(w, keys->keys[i].name);
        put_key(w, &keys->keys[i]);
    }
    weft_json_end_object(w);
}

/* One document of a policy file: of the kind that it says. */
static void put_policy(writer *w)
{
    static const enum weft_section kinds[] = {WEFT_SECTION_GRANT, WEFT_SECTION_RESTRICT,
                                              WEFT_SECTION_RULE, WEFT_SECTION_POLICY_TEST,
                                              WEFT_SECTION_PURPOSES};
    weft_json_member_text(w, "title", "a policy");
    weft_json_key(w, "anyOf");
    weft_json_begin_array(w);
    for (size_t i = 0; i < WEFT_COUNT(kinds); i++)
        put_ref(w, kinds[i]);
    weft_json_end_array(w);
}

int weft_schema_print(const char *which, struct weft_buf *out, struct weft_error *error)
{
    static const struct {
        const char *name;
        enum weft_section section;
    } files[] = {{"product", WEFT_SECTION_PRODUCT},
                 {"domain", WEFT_SECTION_DOMAIN},
                 {"mesh", WEFT_SECTION_MESH},
                 {"policy", WEFT_SECTION_NONE}};
    size_t at = 0;
    while (at < WEFT_COUNT(files) && strcmp(files[at].name, which) != 0)
        at++;
    if (at == WEFT_COUNT(files)) {
        weft_error_set(error, WEFT_E_USAGE, "there is no schema of `%.60s`", which);
        return weft_error_hint(error, "there are product, domain, mesh, policy");
    }
    struct weft_json_writer w;
    weft_json_writer_init(&w, out);
    weft_json_begin_object(&w);
    weft_json_member_text(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    if (files[at].section == WEFT_SECTION_NONE)
        put_policy(&w);
    else {
        weft_json_member_text(&w, "title", weft_keys_of(files[at].section)->title);
        put_section_members(&w, files[at].section);
    }
    weft_json_key(&w, "$defs");
    weft_json_begin_object(&w);
    for (int section = 1; section < WEFT_SECTION_COUNT; section++) {
        char name[40];
        snprintf(name, sizeof name, "section_%d", section);
        weft_json_key(&w, name);
        weft_json_begin_object(&w);
        put_section_members(&w, (enum weft_section)section);
        weft_json_end_object(&w);
    }
    weft_json_end_object(&w);
    weft_json_end_object(&w);
    weft_buf_addc(out, '\n');
    return weft_buf_check(out, error);
}

/* ---- the reference page ---- */

static void page_value(const struct weft_key *key, struct weft_buf *out)
{
    static const char *const kinds[] = {
        "text",    "text",         "SQL",    "text",  "name",  "product",  "version", "type", "",
        "boolean", "whole number", "number", "share", "share", "duration", "date",    "time"};
    unsigned shapes = key->shapes;
    const char *between = "";
    if (shapes & WEFT_SHAPE_VALUE) {
        if (key->value == WEFT_VALUE_WORD) {
            for (const char *p = key->words; *p != '\0'; p++) {
                if (*p == '|')
                    weft_buf_adds(out, ", ");
                else
                    weft_buf_addc(out, *p);
            }
        } else
            weft_buf_adds(out, kinds[key->value]);
        between = "; ";
    }
    static const struct {
        unsigned shape;
        const char *word;
    } words[] = {{WEFT_SHAPE_LIST, "list"},         {WEFT_SHAPE_MAPS, "list of maps"},
                 {WEFT_SHAPE_ROWS, "rows"},         {WEFT_SHAPE_MAP, "map"},
                 {WEFT_SHAPE_NAMED, "map by name"}, {WEFT_SHAPE_VALUES, "values by name"},
                 {WEFT_SHAPE_ANY, "anything"}};
    for (size_t i = 0; i < WEFT_COUNT(words); i++) {
        if (shapes & words[i].shape) {
            weft_buf_addf(out, "%s%s", between, words[i].word);
            between = "; ";
        }
    }
}

static void page_section(enum weft_section section, struct weft_buf *out)
{
    static const char *const acts[] = {"", "not yet: refused", "not yet: warned", "kept, shown"};
    const struct weft_keys *keys = weft_keys_of(section);
    if (keys->path[0] != '\0')
        weft_buf_addf(out, "\n### `%s`\n\n", keys->path);
    weft_buf_adds(out, "| key | value | default | | in this version |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < keys->count; i++) {
        const struct weft_key *key = &keys->keys[i];
        weft_buf_addf(out, "| `%s` | ", key->name);
        page_value(key, out);
        weft_buf_addf(out, " | %s | %s | %s |\n", key->otherwise == NULL ? "" : key->otherwise,
                      key->help, acts[key->acts]);
    }
}

int weft_keys_page_print(struct weft_buf *out, struct weft_error *error)
{
    weft_buf_adds(out, "# Keys of weft's files\n\n## Product file: data_product.yaml\n\n");
    for (int section = WEFT_SECTION_PRODUCT; section < WEFT_SECTION_COUNT; section++) {
        if (section == WEFT_SECTION_DOMAIN)
            weft_buf_adds(out, "\n## Domain file: domain.yaml\n\n");
        if (section == WEFT_SECTION_MESH)
            weft_buf_adds(out, "\n## Mesh file: weft.yaml\n\n");
        if (section == WEFT_SECTION_GRANT)
            weft_buf_adds(out, "\n## Policy file: policies/*.yaml\n\nOne or more documents, each "
                               "of the kind that it says; docs/guide/access.md tells what they "
                               "come to.\n");
        page_section((enum weft_section)section, out);
    }
    return weft_buf_check(out, error);
}

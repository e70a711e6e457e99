/*
 * cut.c - the cut document, written from the contract's own and read again by the same rules.
 */
#include "model/cut.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/sql_text.h"

#include <string.h>

#define CUT_MAX ((size_t)16 << 20)

struct cutting {
    const struct weft_product *product;
    const struct weft_cut *cut;
    struct weft_json_writer json;
    struct weft_error *error;
};

/* As they stand in the document, whatever they hold. */
static const char *const root_keys[] = {"name",         "domain",       "owner",      "version",
                                        "type",         "description",  "tags",       "status",
                                        "terms_of_use", "discoverable", "regulations"};
static const char *const field_words[] = {"description", "classification", "means"};
static const char *const field_rules[] = {"required", "pattern",    "enum",       "min",
                                          "max",      "min_length", "max_length", "unique"};
static const char *const figures[] = {"completeness", "rows", "batch", "quarantine_max"};

static void members_copy(struct cutting *c, yyjson_val *from, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        yyjson_val *value = yyjson_obj_get(from, keys[i]);
        if (value == NULL)
            continue;
        weft_json_key(&c->json, keys[i]);
        weft_json_put_value(&c->json, value);
    }
}

/* ---- columns ---- */

static const struct weft_cut_column *column_of(const struct cutting *c, const char *name)
{
    static const struct weft_cut_column hidden = {.hidden = true};
    for (size_t i = 0; i < c->cut->column_count; i++) {
        if (strcmp(c->cut->columns[i].name, name) == 0)
            return &c->cut->columns[i];
    }
    return &hidden;
}

static bool column_plain(const struct cutting *c, const char *name)
{
    const struct weft_cut_column *column = column_of(c, name);
    return !column->hidden && !column->treated;
}

/* domain.product.field, or domain.product@2.field. */
static bool reference_known(const struct cutting *c, const char *text)
{
    char name[512];
    const char *dot = strchr(text, '.');
    size_t length = dot == NULL ? 0 : (size_t)(dot + 1 - text) + strcspn(dot + 1, ".@");
    if (length == 0 || length >= sizeof name)
        return false;
    memcpy(name, text, length);
    name[length] = '\0';
    return c->cut->known(c->cut->arg, name);
}

static int field_put(struct cutting *c, const struct weft_field *field,
                     const struct weft_cut_column *column, yyjson_val *written)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    weft_buf_init(&type, CUT_MAX);
    weft_type_print(column->treated ? column->type : field->type, &type);
    WEFT_TRY(weft_buf_check(&type, c->error));
    weft_json_begin_object(&c->json);
    weft_json_member_text(&c->json, "name", field->name);
    if (strcmp(type.data, "string") != 0)
        weft_json_member_text(&c->json, "type", type.data);
    members_copy(c, written, field_words, WEFT_COUNT(field_words));
    if (!column->treated) {
        members_copy(c, written, field_rules, WEFT_COUNT(field_rules));
        if (field->references != NULL && reference_known(c, field->references))
            weft_json_member_text(&c->json, "references", field->references);
    }
    weft_json_end_object(&c->json);
    return 0;
}

static int schema_put(struct cutting *c, yyjson_val *root)
{
    const struct weft_fields *fields = &c->product->schema;
    yyjson_val *written = yyjson_obj_get(root, "schema");
    bool any = false;
    for (size_t i = 0; i < fields->count; i++)
        any = any || !column_of(c, fields->items[i].name)->hidden;
    if (!any)
        return 0;
    if (yyjson_arr_size(written) != fields->count)
        return weft_error_set(c->error, WEFT_E_CORRUPT, "the document of `%s` is not its own",
                              c->product->full_name);
    weft_json_key(&c->json, "schema");
    weft_json_begin_array(&c->json);
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_cut_column *column = column_of(c, fields->items[i].name);
        if (!column->hidden)
            WEFT_TRY(field_put(c, &fields->items[i], column, yyjson_arr_get(written, i)));
    }
    weft_json_end_array(&c->json);
    return 0;
}

static void key_put(struct cutting *c)
{
    const struct weft_texts *key = &c->product->key;
    bool whole = key->count > 0;
    for (size_t i = 0; i < key->count; i++)
        whole = whole && column_plain(c, key->items[i]);
    if (!whole)
        return;
    weft_json_key(&c->json, "key");
    weft_json_begin_array(&c->json);
    for (size_t i = 0; i < key->count; i++)
        weft_json_put_text(&c->json, key->items[i]);
    weft_json_end_array(&c->json);
}

/* ---- checks ---- */

static bool text_has(const char *text, const char *name)
{
    /* A name that SQL has to double a quote of is looked for up to there. */
    WEFT_CLEANUP(weft_freep) char *part = weft_strndup(name, strcspn(name, "\""));
    return part == NULL || strcasestr(text, part) != NULL;
}

/* Anywhere in it, any case: rather too often than once too little. */
static bool text_names_hidden(const struct cutting *c, const char *text)
{
    const struct weft_fields *fields = &c->product->schema;
    for (size_t i = 0; text != NULL && i < c->cut->column_count; i++) {
        if (c->cut->columns[i].hidden && text_has(text, c->cut->columns[i].name))
            return true;
    }
    for (size_t i = 0; text != NULL && i < fields->count; i++) {
        if (column_of(c, fields->items[i].name)->hidden && text_has(text, fields->items[i].name))
            return true;
    }
    return false;
}

static bool token_is(const char *text, const struct weft_sql_token *token, const char *word)
{
    return token->kind == WEFT_SQL_WORD && strlen(word) == token->length &&
           strncasecmp(text + token->start, word, token->length) == 0;
}

/* The first part of a name with dots: a table of a rule, or a struct of the own table. */
static bool owner_known(const struct cutting *c, const char *text,
                        const struct weft_sql_token *token, bool select)
{
    char word[256];
    bool quoted = token->kind == WEFT_SQL_NAME;
    size_t length = token->length - (quoted ? 2 : 0);
    if (length >= sizeof word || token->length < 2 * (size_t)quoted)
        return false;
    memcpy(word, text + token->start + quoted, length);
    word[length] = '\0';
    return select ? weft_equal_fold(word, "this") || weft_equal_fold(word, "new")
                  : !column_of(c, word)->hidden;
}

/* Does it name a table that is not its own? */
static bool text_names_others(const struct cutting *c, const char *text, bool select)
{
    struct weft_sql_token token;
    size_t at = 0, length = strlen(text);
    bool named = false, own = false, behind_dot = false;
    while (weft_sql_next(text, length, &at, &token)) {
        if (token.kind == WEFT_SQL_COMMENT)
            continue;
        if (!select && (token_is(text, &token, "select") || token_is(text, &token, "from")))
            return true;
        bool dot = token.kind == WEFT_SQL_MARK && text[token.start] == '.';
        if (dot && named && !own)
            return true;
        bool name = token.kind == WEFT_SQL_WORD || token.kind == WEFT_SQL_NAME;
        own = behind_dot ? own : name && owner_known(c, text, &token, select);
        behind_dot = dot && named;
        named = name;
    }
    return false;
}

static bool check_known(const struct cutting *c, const struct weft_check *check)
{
    const char *text = check->sql != NULL ? check->sql : check->condition;
    return !text_names_hidden(c, text) && !text_names_hidden(c, check->name) &&
           !text_names_hidden(c, check->description) &&
           !text_names_others(c, text, check->sql != NULL);
}

static void checks_put(struct cutting *c, yyjson_val *quality)
{
    const struct weft_quality *all = &c->product->quality;
    yyjson_val *written = yyjson_obj_get(quality, "checks");
    bool any = false;
    if (yyjson_arr_size(written) != all->check_count)
        return;
    for (size_t i = 0; i < all->check_count; i++) {
        if (!check_known(c, &all->checks[i]))
            continue;
        if (!any) {
            weft_json_key(&c->json, "checks");
            weft_json_begin_array(&c->json);
        }
        any = true;
        weft_json_put_value(&c->json, yyjson_arr_get(written, i));
    }
    if (any)
        weft_json_end_array(&c->json);
}

/* A promise goes by a column that he does not see: how long it is stays. */
static void freshness_put(struct cutting *c, yyjson_val *quality)
{
    yyjson_val *written = yyjson_obj_get(quality, "freshness");
    const char *field = c->product->quality.freshness_field;
    if (written == NULL)
        return;
    weft_json_key(&c->json, "freshness");
    if (field == NULL || column_plain(c, field))
        weft_json_put_value(&c->json, written);
    else
        weft_json_put_value(&c->json, yyjson_obj_get(written, "within"));
}

/* They may name any column. */
static bool figures_known(const struct cutting *c)
{
    bool all = c->cut->figures;
    for (size_t i = 0; i < c->product->schema.count; i++)
        all = all && column_plain(c, c->product->schema.items[i].name);
    return all;
}

static void quality_put(struct cutting *c, yyjson_val *root)
{
    yyjson_val *quality = yyjson_obj_get(root, "quality");
    if (quality == NULL)
        return;
    weft_json_key(&c->json, "quality");
    weft_json_begin_object(&c->json);
    freshness_put(c, quality);
    if (figures_known(c))
        members_copy(c, quality, figures, WEFT_COUNT(figures));
    checks_put(c, quality);
    weft_json_end_object(&c->json);
}

/* ---- the document ---- */

static void deprecated_put(struct cutting *c, yyjson_val *root)
{
    static const char *const dates[] = {"since", "sunset"};
    yyjson_val *written = yyjson_obj_get(root, "deprecated");
    const char *instead = weft_json_text_or(written, "replaced_by", NULL);
    if (written == NULL)
        return;
    weft_json_key(&c->json, "deprecated");
    weft_json_begin_object(&c->json);
    members_copy(c, written, dates, WEFT_COUNT(dates));
    if (instead != NULL && reference_known(c, instead))
        weft_json_member_text(&c->json, "replaced_by", instead);
    weft_json_end_object(&c->json);
}

/* What it may be read for; whom it is granted to is told to nobody else. */
static void purposes_put(struct cutting *c, yyjson_val *root)
{
    static const char *const purposes[] = {"purposes"};
    yyjson_val *access = yyjson_obj_get(root, "access");
    if (yyjson_obj_get(access, "purposes") == NULL)
        return;
    weft_json_key(&c->json, "access");
    weft_json_begin_object(&c->json);
    members_copy(c, access, purposes, WEFT_COUNT(purposes));
    weft_json_end_object(&c->json);
}

int weft_product_cut(struct weft_arena *arena, const struct weft_product *product,
                     const struct weft_cut *cut, const struct weft_product **out,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, CUT_MAX);
    struct cutting c = {.product = product, .cut = cut, .error = error};
    WEFT_TRY(weft_json_parse(product->document, strlen(product->document), 0, &doc, error));
    yyjson_val *root = yyjson_doc_get_root(doc);
    weft_json_writer_init(&c.json, &text);
    weft_json_begin_object(&c.json);
    members_copy(&c, root, root_keys, WEFT_COUNT(root_keys));
    deprecated_put(&c, root);
    WEFT_TRY(schema_put(&c, root));
    key_put(&c);
    quality_put(&c, root);
    purposes_put(&c, root);
    weft_json_end_object(&c.json);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_product_from_document(arena, text.data, "", out, error);
}

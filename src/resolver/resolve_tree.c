/*
 * resolve_tree.c - a person's text to its tree, what the parser says of it in weft's words, the
 * tree to text; small tools on trees.
 */
#include "resolver/resolve_internal.h"

#include "base/text.h"
#include "engine/parse.h"

#include <ctype.h>

#define TREE_WORD_MAX 24

void resolve_docp(yyjson_mut_doc **doc)
{
    yyjson_mut_doc_free(*doc);
    *doc = NULL;
}

static const char *parser_said(yyjson_val *root)
{
    const char *text = yyjson_get_str(yyjson_obj_get(root, "error_message"));
    return text == NULL ? "the statement cannot be read" : text;
}

static int tree_no_select(struct resolve *resolve, const char *sql, size_t length,
                          struct weft_error *error)
{
    int64_t pivot = resolve_find_word(sql, length, "pivot");
    pivot = pivot >= 0 ? pivot : resolve_find_word(sql, length, "pivot_wider");
    if (pivot >= 0) {
        weft_error_set(error, WEFT_E_SQL_REFUSED, "PIVOT needs its values: not yet without them");
        resolve_place(resolve->options, sql, length, pivot, error);
        return weft_error_hint(error, "write PIVOT ... ON column IN (value, ...)");
    }
    size_t start = 0;
    size_t size = 0;
    while (start < length && strchr(" \t\r\n(", sql[start]) != NULL)
        start++;
    while (start + size < length && isalpha((unsigned char)sql[start + size]))
        size++;
    char word[TREE_WORD_MAX];
    size = WEFT_MIN(size, sizeof(word) - 1);
    for (size_t i = 0; i < size; i++)
        word[i] = (char)toupper((unsigned char)sql[start + i]);
    word[size] = 0;
    weft_error_set(error, WEFT_E_SQL_REFUSED, "%s cannot be run here: only a SELECT can",
                   size == 0 || strcmp(word, "WITH") == 0 ? "this" : word);
    resolve_place(resolve->options, sql, length, (int64_t)start, error);
    return weft_error_hint(error, "data is changed by `weft run` and `weft load`");
}

/* The parser's answer that it could not read the text. */
static int tree_parse_error(struct resolve *resolve, yyjson_val *root, const char *sql,
                            size_t length, struct weft_error *error)
{
    const char *said = parser_said(root);
    if (strncmp(said, "Only SELECT", 11) == 0)
        return tree_no_select(resolve, sql, length, error);
    /* Names of DuckDB's own insides tell a person nothing. */
    if (strstr(said, "Transform") != NULL || strstr(said, "T_") != NULL ||
        strstr(said, "erializ") != NULL)
        said = "this form of SQL is not supported";
    if (strstr(said, "expression depth") != NULL)
        weft_error_set(error, WEFT_E_LIMIT, "the statement is nested too deeply");
    else
        weft_error_set(error, WEFT_E_SQL, "%.*s", (int)strcspn(said, "!"), said);
    int64_t position = -1;
    const char *text = yyjson_get_str(yyjson_obj_get(root, "position"));
    if (text != NULL && weft_parse_int64(text, strlen(text), &position))
        resolve_place(resolve->options, sql, length, position, error);
    else
        resolve_place(resolve->options, sql, length, RESOLVE_LOCATION_NO, error);
    /* Files and commands write domain.product@1; SQL has no such name. */
    if (strstr(said, "at or near \"@\"") != NULL)
        return weft_error_hint(error, "one major of a product is domain.product__v1 in SQL");
    return resolve_syntax_hint(sql, length, position, error);
}

int resolve_serialize(struct resolve *resolve, const char *sql, size_t length, char **json,
                      struct weft_error *error)
{
    bool failed;
    WEFT_CLEANUP(weft_freep) char *text = NULL;
    if (weft_engine_parse(resolve->engine, sql, length, &text, &failed, error) < 0) {
        if (failed)
            weft_error_set(error, WEFT_E_SQL, "the statement cannot be read");
        return -1;
    }
    /* The answer begins with the flag; a good one is not read here. */
    static const char good[] = "{\"error\":false,";
    if (strncmp(text, good, sizeof(good) - 1) == 0) {
        *json = text;
        text = NULL;
        return 0;
    }
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    WEFT_TRY(weft_json_parse(text, strlen(text), WEFT_JSON_DEEP, &doc, error));
    return tree_parse_error(resolve, yyjson_doc_get_root(doc), sql, length, error);
}

int resolve_load(struct resolve *resolve, const char *json, yyjson_mut_doc **out,
                 yyjson_mut_val **node)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    if (weft_json_parse(json, strlen(json), WEFT_JSON_DEEP, &doc, resolve->error) < 0) {
        if (resolve->error != NULL && resolve->error->code == WEFT_E_INVALID)
            return resolve_refuse(resolve, WEFT_E_LIMIT, RESOLVE_LOCATION_NO,
                                  "the statement is nested too deeply, or holds a number that is "
                                  "too large");
        return -1;
    }
    yyjson_val *statements = yyjson_obj_get(yyjson_doc_get_root(doc), "statements");
    size_t count = yyjson_arr_size(statements);
    if (count == 0)
        return resolve_refuse(resolve, WEFT_E_SQL, RESOLVE_LOCATION_NO, "there is no statement");
    if (count > 1) {
        resolve_refuse(resolve, WEFT_E_SQL_REFUSED,
                       resolve_find_word(resolve->sql, resolve->length, ";"),
                       "only one statement can be run at a time");
        return weft_error_hint(resolve->error, "steps before the SELECT stand in WITH");
    }
    if (!yyjson_is_obj(yyjson_obj_get(yyjson_arr_get_first(statements), "node")))
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                              "only a SELECT can be run here");
    *out = yyjson_doc_mut_copy(doc, weft_json_allocator());
    if (*out == NULL)
        return resolve_nomem(resolve);
    yyjson_mut_val *root = yyjson_mut_doc_get_root(*out);
    yyjson_mut_val *first = yyjson_mut_arr_get_first(yyjson_mut_obj_get(root, "statements"));
    *node = yyjson_mut_obj_get(first, "node");
    return 0;
}

int resolve_print(struct resolve *resolve, yyjson_mut_val *node, char **sql)
{
    yyjson_write_err why = {0};
    size_t length = 0;
    const yyjson_alc *alc = weft_json_allocator();
    char *inner = yyjson_mut_val_write_opts(node, 0, alc, &length, &why);
    if (inner == NULL)
        return resolve_nomem(resolve);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf json;
    weft_buf_init(&json, RESOLVE_FINAL_MAX);
    weft_buf_adds(&json, "{\"error\":false,\"statements\":[{\"node\":");
    weft_buf_add(&json, inner, length);
    weft_buf_adds(&json, "}]}");
    alc->free(alc->ctx, inner);
    WEFT_TRY(weft_buf_check(&json, resolve->error));
    bool failed;
    if (weft_engine_print(resolve->engine, json.data, json.length, sql, &failed, resolve->error) <
        0) {
        if (!failed)
            return -1;
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                              "this form of SQL cannot be run safely yet");
    }
    return 0;
}

/* ---- tools ---- */

const char *tree_text(yyjson_mut_val *object, const char *key)
{
    const char *text = yyjson_mut_get_str(yyjson_mut_obj_get(object, key));
    return text == NULL ? "" : text;
}

const char *tree_text_or_null(yyjson_mut_val *object, const char *key)
{
    const char *text = tree_text(object, key);
    return text[0] == 0 ? NULL : text;
}

bool tree_is(yyjson_mut_val *object, const char *key, const char *text)
{
    return strcmp(tree_text(object, key), text) == 0;
}

int64_t tree_location(yyjson_mut_val *object)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(object, "query_location");
    return yyjson_mut_is_int(value) ? (int64_t)yyjson_mut_get_sint(value) : RESOLVE_LOCATION_NO;
}

void tree_remove(yyjson_mut_val *object, const char *key)
{
    yyjson_mut_obj_remove_key(object, key);
}

void tree_set(struct resolve *resolve, yyjson_mut_val *object, const char *key,
              yyjson_mut_val *value)
{
    yyjson_mut_val *name = yyjson_mut_strcpy(resolve->doc, key);
    if (name == NULL || value == NULL || !yyjson_mut_obj_put(object, name, value))
        resolve->nomem = true;
}

void tree_set_text(struct resolve *resolve, yyjson_mut_val *object, const char *key,
                   const char *text)
{
    tree_set(resolve, object, key, yyjson_mut_strcpy(resolve->doc, text));
}

void tree_replace(struct resolve *resolve, yyjson_mut_val *object, yyjson_mut_val *from)
{
    if (from == NULL) {
        resolve->nomem = true;
        return;
    }
    yyjson_mut_val *alias = yyjson_mut_obj_get(object, "alias");
    yyjson_mut_val *location = yyjson_mut_obj_get(object, "query_location");
    yyjson_mut_obj_clear(object);
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(from);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL)
        tree_set(resolve, object, yyjson_mut_get_str(key),
                 yyjson_mut_val_mut_copy(resolve->doc, yyjson_mut_obj_iter_get_val(key)));
    if (alias != NULL)
        tree_set(resolve, object, "alias", yyjson_mut_val_mut_copy(resolve->doc, alias));
    if (location != NULL)
        tree_set(resolve, object, "query_location",
                 yyjson_mut_val_mut_copy(resolve->doc, location));
}

yyjson_mut_val *tree_expression(struct resolve *resolve, const char *class, const char *type)
{
    yyjson_mut_val *object = yyjson_mut_obj(resolve->doc);
    if (object == NULL) {
        resolve->nomem = true;
        return NULL;
    }
    tree_set_text(resolve, object, "class", class);
    tree_set_text(resolve, object, "type", type);
    return object;
}

yyjson_mut_val *tree_constant_text(struct resolve *resolve, const char *text)
{
    yyjson_mut_val *object = tree_expression(resolve, "CONSTANT", "VALUE_CONSTANT");
    yyjson_mut_val *value = yyjson_mut_obj(resolve->doc);
    yyjson_mut_val *type = yyjson_mut_obj(resolve->doc);
    if (object == NULL || value == NULL || type == NULL) {
        resolve->nomem = true;
        return NULL;
    }
    tree_set_text(resolve, type, "id", "VARCHAR");
    tree_set(resolve, value, "type", type);
    tree_set(resolve, value, "is_null", yyjson_mut_bool(resolve->doc, false));
    tree_set_text(resolve, value, "value", text);
    tree_set(resolve, object, "value", value);
    return object;
}

yyjson_mut_val *tree_cast(struct resolve *resolve, yyjson_mut_val *child, const char *type)
{
    yyjson_mut_val *object = tree_expression(resolve, "CAST", "OPERATOR_CAST");
    yyjson_mut_val *to = yyjson_mut_obj(resolve->doc);
    if (object == NULL || to == NULL) {
        resolve->nomem = true;
        return NULL;
    }
    tree_set(resolve, object, "child", child);
    tree_set_text(resolve, to, "id", type);
    tree_set(resolve, object, "cast_type", to);
    return object;
}

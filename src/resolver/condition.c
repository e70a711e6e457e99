/*
 * condition.c - single expressions: row rules of products. Parsed alone, checked by the same
 * allow-lists, columns checked against the table and quoted, printed, parsed again.
 */
#include "base/text.h"
#include "resolver/resolve_internal.h"

#include <strings.h>

struct condition {
    struct resolve *resolve;
    const struct weft_relation_column *columns;
    size_t column_count;
    const char *alias;
    const char *lambdas[RESOLVE_LAMBDA_MAX * 4];
    size_t lambda_count;
};

static int condition_value(struct condition *condition, yyjson_mut_val *value);

static int condition_refuse(struct condition *condition, yyjson_mut_val *object, const char *what)
{
    return resolve_refuse(condition->resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                          "a condition may not hold %s", what);
}

static const char *condition_candidates(struct condition *condition)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, RESOLVE_TEXT_MAX);
    for (size_t i = 0; i < condition->column_count; i++)
        weft_buf_addf(&text, "%s%s", i == 0 ? "" : ", ", condition->columns[i].name);
    return weft_arena_strdup(condition->resolve->arena, text.data);
}

static int condition_unknown(struct condition *condition, yyjson_mut_val *object, const char *name)
{
    struct resolve *resolve = condition->resolve;
    const char *candidates = condition_candidates(condition);
    resolve_refuse(resolve, WEFT_E_SQL, tree_location(object), "there is no column \"%s\" here",
                   name);
    return weft_error_detail(resolve->error, "columns: %s", candidates == NULL ? "" : candidates);
}

static int condition_column(struct condition *condition, yyjson_mut_val *object)
{
    struct resolve *resolve = condition->resolve;
    yyjson_mut_val *names = yyjson_mut_obj_get(object, "column_names");
    const char *name = yyjson_mut_get_str(yyjson_mut_arr_get_first(names));
    if (name == NULL)
        return condition_refuse(condition, object, "this form of a column");
    for (size_t i = 0; i < condition->lambda_count; i++)
        if (weft_equal_fold(condition->lambdas[i], name))
            return 0;
    for (size_t i = 0; i < condition->column_count; i++) {
        const char *own = condition->columns[i].name;
        if (!weft_equal_fold(own, name))
            continue;
        yyjson_mut_arr_remove_first(names);
        yyjson_mut_val *first = yyjson_mut_strcpy(resolve->doc, own);
        if (first == NULL || !yyjson_mut_arr_prepend(names, first))
            resolve->nomem = true;
        if (condition->alias != NULL) {
            yyjson_mut_val *alias = yyjson_mut_strcpy(resolve->doc, condition->alias);
            if (alias == NULL || !yyjson_mut_arr_prepend(names, alias))
                resolve->nomem = true;
        }
        return 0;
    }
    enum resolve_special special = resolve_special_word(name);
    if (special != RESOLVE_SPECIAL_NONE && yyjson_mut_arr_size(names) == 1)
        return resolve_special_put(resolve, object, special);
    return condition_unknown(condition, object, name);
}

static void condition_lambda_names(struct condition *condition, yyjson_mut_val *lhs)
{
    if (tree_is(lhs, "class", "COLUMN_REF")) {
        yyjson_mut_val *names = yyjson_mut_obj_get(lhs, "column_names");
        const char *name = yyjson_mut_get_str(yyjson_mut_arr_get_first(names));
        if (yyjson_mut_arr_size(names) == 1 && name != NULL &&
            condition->lambda_count < WEFT_COUNT(condition->lambdas))
            condition->lambdas[condition->lambda_count++] = name;
        return;
    }
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(lhs, "children"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        if (tree_is(item, "class", "COLUMN_REF"))
            condition_lambda_names(condition, item);
}

/* A name that is a column is JSON's arrow here, any other a lambda's parameter. */
static int condition_lambda(struct condition *condition, yyjson_mut_val *object)
{
    yyjson_mut_val *lhs = yyjson_mut_obj_get(object, "lhs");
    yyjson_mut_val *expr = yyjson_mut_obj_get(object, "expr");
    if (tree_is(expr, "class", "CONSTANT") || tree_is(lhs, "class", "LAMBDA")) {
        WEFT_TRY(condition_value(condition, lhs));
        return condition_value(condition, expr);
    }
    size_t before = condition->lambda_count;
    condition_lambda_names(condition, lhs);
    int rc = condition_value(condition, expr);
    condition->lambda_count = before;
    return rc;
}

static int condition_function(struct condition *condition, yyjson_mut_val *object)
{
    const char *name = tree_text(object, "function_name");
    const char *schema = tree_text(object, "schema");
    if ((schema[0] != 0 && strcmp(schema, "main") != 0) || tree_text(object, "catalog")[0] != 0)
        return condition_refuse(condition, object, "a function written behind a column");
    if (resolve_function_aggregate(name))
        return condition_refuse(condition, object, "an aggregate");
    if (strcasecmp(name, "unnest") == 0 || strcasecmp(name, "unlist") == 0)
        return condition_refuse(condition, object, "unnest");
    return 0;
}

static int condition_class(struct condition *condition, yyjson_mut_val *object, const char *class)
{
    static const struct {
        const char *class;
        const char *what;
    } refused[] = {{"SUBQUERY", "a subquery"}, {"WINDOW", "a window function"},
                   {"STAR", "a star"},         {"PARAMETER", "a parameter"},
                   {"DEFAULT", "DEFAULT"},     {"POSITIONAL_REFERENCE", "a position"}};
    for (size_t i = 0; i < WEFT_COUNT(refused); i++)
        if (strcmp(refused[i].class, class) == 0)
            return condition_refuse(condition, object, refused[i].what);
    if (strcmp(class, "FUNCTION") == 0)
        return condition_function(condition, object);
    return 0;
}

static int condition_value(struct condition *condition, yyjson_mut_val *value)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            WEFT_TRY(condition_value(condition, item));
        return 0;
    }
    if (!yyjson_mut_is_obj(value))
        return 0;
    const char *class = tree_text(value, "class");
    if (class[0] != 0)
        WEFT_TRY(condition_class(condition, value, class));
    if (strcmp(class, "CONSTANT") == 0)
        return 0;
    if (strcmp(class, "COLUMN_REF") == 0)
        return condition_column(condition, value);
    if (strcmp(class, "LAMBDA") == 0)
        return condition_lambda(condition, value);
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        WEFT_TRY(condition_value(condition, yyjson_mut_obj_iter_get_val(key)));
    return 0;
}

/* SELECT <one expression>, and nothing else of a SELECT. */
static int condition_shape(struct resolve *resolve, yyjson_mut_val *node, yyjson_mut_val **item)
{
    static const char *const keys[] = {"type", "cte_map", "select_list", "from_table",
                                       "aggregate_handling"};
    bool good = tree_is(node, "type", "SELECT_NODE") &&
                tree_is(yyjson_mut_obj_get(node, "from_table"), "type", "EMPTY") &&
                yyjson_mut_obj_size(yyjson_mut_obj_get(node, "cte_map")) == 0;
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(node);
    yyjson_mut_val *key;
    while (good && (key = yyjson_mut_obj_iter_next(&members)) != NULL) {
        good = false;
        for (size_t i = 0; i < WEFT_COUNT(keys); i++)
            good = good || strcmp(yyjson_mut_get_str(key), keys[i]) == 0;
    }
    yyjson_mut_val *list = yyjson_mut_obj_get(node, "select_list");
    *item = yyjson_mut_arr_get_first(list);
    good = good && yyjson_mut_arr_size(list) == 1 && tree_text(*item, "alias")[0] == 0;
    return good ? 0
                : resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                                 "a condition is one expression over the columns");
}

/* The printed text once more: the same shape, the same allow-lists. */
static int condition_verify(struct resolve *resolve, const char *sql)
{
    WEFT_CLEANUP(weft_freep) char *json = NULL;
    WEFT_CLEANUP(resolve_docp) yyjson_mut_doc *doc = NULL;
    yyjson_mut_val *node = NULL;
    yyjson_mut_val *item = NULL;
    WEFT_TRY(resolve_serialize(resolve, sql, strlen(sql), &json, resolve->error));
    WEFT_TRY(resolve_load(resolve, json, &doc, &node));
    WEFT_TRY(condition_shape(resolve, node, &item));
    return resolve_verify(resolve, node);
}

static int condition_print(struct condition *condition, yyjson_mut_val *node, const char **out)
{
    static const char head[] = "SELECT ";
    struct resolve *resolve = condition->resolve;
    WEFT_CLEANUP(weft_freep) char *sql = NULL;
    WEFT_TRY(resolve_print(resolve, node, &sql));
    WEFT_TRY(condition_verify(resolve, sql));
    if (strncmp(sql, head, sizeof(head) - 1) != 0)
        return weft_error_set(resolve->error, WEFT_E_INTERNAL, "a condition did not print");
    const char *text = weft_arena_format(resolve->arena, "(%s)", sql + sizeof(head) - 1);
    if (text == NULL)
        return resolve_nomem(resolve);
    *out = text;
    return 0;
}

static int condition_run(struct condition *condition, const char *sql, const char **out)
{
    struct resolve *resolve = condition->resolve;
    WEFT_CLEANUP(weft_freep) char *json = NULL;
    WEFT_CLEANUP(resolve_docp) yyjson_mut_doc *doc = NULL;
    yyjson_mut_val *node = NULL;
    yyjson_mut_val *item = NULL;
    WEFT_TRY(resolve_serialize(resolve, sql, resolve->length, &json, resolve->error));
    WEFT_TRY(resolve_load(resolve, json, &doc, &node));
    resolve->doc = doc;
    WEFT_TRY(condition_shape(resolve, node, &item));
    WEFT_TRY(resolve_guard(resolve, node));
    WEFT_TRY(condition_value(condition, item));
    WEFT_TRY(resolve_repair(resolve, item));
    if (resolve->nomem)
        return resolve_nomem(resolve);
    return condition_print(condition, node, out);
}

int weft_resolve_condition(struct weft_engine *engine, struct weft_arena *arena, const char *text,
                           const struct weft_relation_column *columns, size_t column_count,
                           const char *alias, const struct weft_resolve_options *options,
                           const char **out, struct weft_error *error)
{
    static const char head[] = "SELECT ";
    struct weft_resolve_options own = *options;
    if (own.indent >= 0)
        own.column_offset -= (int)sizeof(head) - 1;
    if (strlen(text) > RESOLVE_TEXT_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "a condition may be %d bytes long",
                              RESOLVE_TEXT_MAX);
    const char *sql = weft_arena_format(arena, "%s%s", head, text);
    if (sql == NULL)
        return weft_error_nomem(error);
    struct resolve resolve = {.engine = engine,
                              .arena = arena,
                              .options = &own,
                              .sql = sql,
                              .length = strlen(sql),
                              .error = error};
    struct condition condition = {
        .resolve = &resolve, .columns = columns, .column_count = column_count, .alias = alias};
    return condition_run(&condition, sql, out);
}

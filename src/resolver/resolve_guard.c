/*
 * resolve_guard.c - allow-lists over every object of a tree, wherever it stands.
 *
 * Not a list of fields to follow: subqueries hide in too many of them (limits, lambda bodies, star
 * replacements, AT clauses). The only thing not entered is a constant's value, which is data.
 * The same walk goes over the tree of the printed text (verify): there a base table may only be a
 * renamed CTE or one of the resolver's own tokens.
 */
#include "base/text.h"

#include "resolver/resolve_internal.h"
#include <ctype.h>

struct guard {
    struct resolve *resolve;
    bool verify;
    int depth;  /* of expressions */
    int nested; /* of everything */
    int lambda;
};

static int guard_value(struct guard *guard, yyjson_mut_val *value);

static bool in_list(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}
#define IN_LIST(list, text) in_list(list, WEFT_COUNT(list), text)

static const char *const classes[] = {
    "BETWEEN",    "CASE",        "CAST",     "COLLATE",   "COLUMN_REF",
    "COMPARISON", "CONJUNCTION", "CONSTANT", "DEFAULT",   "FUNCTION",
    "LAMBDA",     "LAMBDA_REF",  "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE",
    "STAR",       "SUBQUERY",    "TYPE",     "WINDOW",
};

static const char *const types[] = {
    /* query nodes */
    "SELECT_NODE",
    "SET_OPERATION_NODE",
    "RECURSIVE_CTE_NODE",
    /* table references */
    "BASE_TABLE",
    "SUBQUERY",
    "JOIN",
    "TABLE_FUNCTION",
    "EXPRESSION_LIST",
    "EMPTY",
    "PIVOT",
    "SHOW_REF",
    /* modifiers and orders */
    "ORDER_MODIFIER",
    "LIMIT_MODIFIER",
    "LIMIT_PERCENT_MODIFIER",
    "DISTINCT_MODIFIER",
    "ORDER_DEFAULT",
    "ASCENDING",
    "DESCENDING",
    /* the inside of types */
    "GENERIC_TYPE_INFO",
    "DECIMAL_TYPE_INFO",
    "STRING_TYPE_INFO",
    "LIST_TYPE_INFO",
    "STRUCT_TYPE_INFO",
    "ENUM_TYPE_INFO",
    "UNBOUND_TYPE_INFO",
    "ARRAY_TYPE_INFO",
    "ANY_TYPE_INFO",
    "INTEGER_LITERAL_TYPE_INFO",
};

/* ---- expressions ---- */

static bool word_is_plain(const char *word, bool digit_first)
{
    if (*word == 0 || (!digit_first && *word >= '0' && *word <= '9'))
        return false;
    for (; *word != 0; word++) {
        char c = weft_lower(*word);
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_')
            return false;
    }
    return true;
}

static int guard_function(struct guard *guard, yyjson_mut_val *object)
{
    struct resolve *resolve = guard->resolve;
    const char *name = tree_text(object, "function_name");
    if (!resolve_function_allowed(name)) {
        resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                       "there is no %s %s here, or it is not allowed",
                       isalpha((unsigned char)name[0]) || name[0] == '_' ? "function" : "operator",
                       name);
        const char *elsewhere = resolve_function_elsewhere(name);
        const char *instead = resolve_function_near(name);
        if (elsewhere != NULL)
            return weft_error_hint(resolve->error, "it is written %s here", elsewhere);
        return instead == NULL ? -1 : weft_error_hint(resolve->error, "did you mean %s?", instead);
    }
    if (!resolve->options->deterministic || !resolve_function_random(name))
        return 0;
    resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                   "%s() is not allowed in a product's SQL: it gives another answer each time",
                   name);
    return weft_error_hint(resolve->error, "let it follow from the row: hash(id) %% 10, md5(id)");
}

/* Printed without quotes by DuckDB: anything but a plain word could end the name. */
static int guard_window(struct guard *guard, yyjson_mut_val *object)
{
    const char *schema = tree_text(object, "schema");
    if (!word_is_plain(tree_text(object, "function_name"), false) ||
        tree_text(object, "catalog")[0] != 0 || (schema[0] != 0 && strcmp(schema, "main") != 0))
        return resolve_refuse(guard->resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                              "this window function is not allowed");
    return guard_function(guard, object);
}

static int guard_parameter(struct guard *guard, yyjson_mut_val *object)
{
    struct resolve *resolve = guard->resolve;
    const char *name = tree_text(object, "identifier");
    int64_t at = resolve_find_word(resolve->sql, resolve->length, "$");
    at = at >= 0 ? at : resolve_find_word(resolve->sql, resolve->length, "?");
    if (!word_is_plain(name, true))
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, at,
                              "a parameter's name may hold letters, digits and _ only");
    if (guard->verify)
        return 0;
    if (resolve->options->deterministic)
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, at,
                              "a product's SQL has no parameters: nobody gives $%s a value", name);
    for (size_t i = 0; i < resolve->parameter_count; i++)
        if (weft_equal_fold(resolve->parameters[i], name))
            return 0;
    if (weft_arena_reserve(resolve->arena, &resolve->parameters, &resolve->parameter_capacity,
                           resolve->parameter_count + 1, sizeof(char *)) < 0)
        return resolve_nomem(resolve);
    const char *copy = weft_arena_strdup(resolve->arena, name);
    if (copy == NULL)
        return resolve_nomem(resolve);
    resolve->parameters[resolve->parameter_count++] = copy;
    return 0;
}

static int guard_class(struct guard *guard, yyjson_mut_val *object, const char *class)
{
    struct resolve *resolve = guard->resolve;
    if (!IN_LIST(classes, class))
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                              "this kind of expression is not allowed");
    if (strcmp(class, "FUNCTION") == 0)
        return guard_function(guard, object);
    if (strcmp(class, "WINDOW") == 0)
        return guard_window(guard, object);
    if (strcmp(class, "PARAMETER") == 0)
        return guard_parameter(guard, object);
    return 0;
}

/* ---- table references ---- */

static int guard_verify_table(struct guard *guard, yyjson_mut_val *object)
{
    struct resolve *resolve = guard->resolve;
    const char *table = tree_text(object, "table_name");
    const char *schema = tree_text(object, "schema_name");
    if (tree_text(object, "catalog_name")[0] == 0 &&
        yyjson_mut_obj_get(object, "at_clause") == NULL) {
        int number = 0;
        int read = 0;
        if (sscanf(table, "__c%9d%n", &number, &read) == 1 && table[read] == 0 && number >= 1 &&
            number <= resolve->cte_count && (schema[0] == 0 || strcmp(schema, "recurring") == 0))
            return 0;
        for (size_t i = 0; schema[0] == 0 && i < resolve->table_count; i++)
            if (strcmp(resolve->tables[i].token, table) == 0) {
                resolve->tables[i].found++;
                return 0;
            }
    }
    return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                          "this statement is refused: it would not read what it says");
}

/* The function's own object, without the check of scalar functions. */
static int guard_table_function(struct guard *guard, yyjson_mut_val *object)
{
    struct resolve *resolve = guard->resolve;
    yyjson_mut_val *function = yyjson_mut_obj_get(object, "function");
    const char *name = tree_text(function, "function_name");
    if (!tree_is(function, "class", "FUNCTION") || tree_text(function, "schema")[0] != 0 ||
        tree_text(function, "catalog")[0] != 0 || !resolve_table_function_allowed(name)) {
        resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                       "the table function %s is not allowed", name);
        return weft_error_hint(resolve->error, "range, generate_series, unnest, json_each and "
                                               "json_tree are");
    }
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
        if (strcmp(yyjson_mut_get_str(key), "function") == 0)
            WEFT_TRY(guard_value(guard, yyjson_mut_obj_get(function, "children")));
        else
            WEFT_TRY(guard_value(guard, yyjson_mut_obj_iter_get_val(key)));
    }
    yyjson_mut_obj_iter_init(function, &iter);
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL)
        if (strcmp(yyjson_mut_get_str(key), "children") != 0)
            WEFT_TRY(guard_value(guard, yyjson_mut_obj_iter_get_val(key)));
    return 0;
}

static int guard_show(struct guard *guard, yyjson_mut_val *object)
{
    struct resolve *resolve = guard->resolve;
    if (yyjson_mut_is_obj(yyjson_mut_obj_get(object, "query")) &&
        tree_text(object, "table_name")[0] == 0)
        return 0;
    int64_t at = tree_location(object);
    resolve_refuse(resolve, WEFT_E_SQL_REFUSED, at < 0 ? 0 : at,
                   "this form of SHOW or DESCRIBE is not allowed");
    return weft_error_hint(resolve->error, "what there is: select * from mesh.products; its "
                                           "columns: describe domain.product");
}

static int guard_type(struct guard *guard, yyjson_mut_val *object, const char *type)
{
    struct resolve *resolve = guard->resolve;
    if (!IN_LIST(types, type))
        return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, tree_location(object),
                              "this form of SQL is not allowed");
    if (strcmp(type, "BASE_TABLE") == 0 && guard->verify)
        return guard_verify_table(guard, object);
    if (strcmp(type, "SHOW_REF") == 0)
        return guard_show(guard, object);
    return 0;
}

static int guard_sample(struct guard *guard, yyjson_mut_val *object)
{
    yyjson_mut_val *sample = yyjson_mut_obj_get(object, "sample");
    if (!yyjson_mut_is_obj(sample) || !guard->resolve->options->deterministic)
        return 0;
    yyjson_mut_val *seed = yyjson_mut_obj_get(sample, "seed");
    if (yyjson_mut_is_int(seed) && yyjson_mut_get_sint(seed) >= 0)
        return 0;
    int64_t at = tree_location(object);
    if (at < 0)
        at = resolve_find_word(guard->resolve->sql, guard->resolve->length, "sample");
    return resolve_refuse(guard->resolve, WEFT_E_SQL_REFUSED, at,
                          "a sample in a product's SQL needs REPEATABLE (seed)");
}

/* ---- the walk ---- */

static int guard_members(struct guard *guard, yyjson_mut_val *object)
{
    bool constant = tree_is(object, "class", "CONSTANT");
    yyjson_mut_obj_iter iter = yyjson_mut_obj_iter_with(object);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&iter)) != NULL) {
        if (constant && strcmp(yyjson_mut_get_str(key), "value") == 0)
            continue;
        WEFT_TRY(guard_value(guard, yyjson_mut_obj_iter_get_val(key)));
    }
    return 0;
}

static int guard_object(struct guard *guard, yyjson_mut_val *object)
{
    yyjson_mut_val *class = yyjson_mut_obj_get(object, "class");
    yyjson_mut_val *type = yyjson_mut_obj_get(object, "type");
    if (class != NULL && !yyjson_mut_is_str(class))
        return resolve_refuse(guard->resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                              "this form of SQL is not allowed");
    if (class != NULL)
        WEFT_TRY(guard_class(guard, object, yyjson_mut_get_str(class)));
    else if (yyjson_mut_is_str(type))
        WEFT_TRY(guard_type(guard, object, yyjson_mut_get_str(type)));
    WEFT_TRY(guard_sample(guard, object));
    if (class == NULL && tree_is(object, "type", "TABLE_FUNCTION"))
        return guard_table_function(guard, object);
    return guard_members(guard, object);
}

static int guard_too_deep(struct guard *guard, yyjson_mut_val *object, const char *what, int max)
{
    return resolve_refuse(guard->resolve, WEFT_E_LIMIT,
                          yyjson_mut_is_obj(object) ? tree_location(object) : RESOLVE_LOCATION_NO,
                          "%s stand more than %d deep within one another", what, max);
}

static int guard_value(struct guard *guard, yyjson_mut_val *value)
{
    if (!yyjson_mut_is_ctn(value))
        return 0;
    const struct weft_resolve_options *options = guard->resolve->options;
    /* The printed text may stand a little deeper than the typed one: casts are added. */
    int slack = guard->verify ? 8 : 0;
    int depth_max = (options->depth_max > 0 ? options->depth_max : RESOLVE_DEPTH_MAX) + slack;
    bool object = yyjson_mut_is_obj(value);
    bool expression = object && yyjson_mut_obj_get(value, "class") != NULL;
    bool lambda = expression && tree_is(value, "class", "LAMBDA") &&
                  !tree_is(yyjson_mut_obj_get(value, "expr"), "class", "CONSTANT");
    if (expression && guard->depth >= depth_max)
        return guard_too_deep(guard, value, "expressions", depth_max);
    if (lambda && guard->lambda >= RESOLVE_LAMBDA_MAX)
        return guard_too_deep(guard, value, "lambdas", RESOLVE_LAMBDA_MAX);
    if (guard->nested >= RESOLVE_NESTING_MAX * 4)
        return guard_too_deep(guard, value, "queries", RESOLVE_NESTING_MAX);
    guard->depth += expression;
    guard->lambda += lambda;
    guard->nested++;
    int rc = 0;
    if (object) {
        rc = guard_object(guard, value);
    } else {
        yyjson_mut_arr_iter iter = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while (rc == 0 && (item = yyjson_mut_arr_iter_next(&iter)) != NULL)
            rc = guard_value(guard, item);
    }
    guard->depth -= expression;
    guard->lambda -= lambda;
    guard->nested--;
    return rc;
}

int resolve_guard(struct resolve *resolve, yyjson_mut_val *node)
{
    struct guard guard = {.resolve = resolve};
    return guard_value(&guard, node);
}

int resolve_verify(struct resolve *resolve, yyjson_mut_val *node)
{
    struct guard guard = {.resolve = resolve, .verify = true};
    for (size_t i = 0; i < resolve->table_count; i++)
        resolve->tables[i].found = 0;
    WEFT_TRY(guard_value(&guard, node));
    for (size_t i = 0; i < resolve->table_count; i++)
        if (resolve->tables[i].found != 1)
            return resolve_refuse(resolve, WEFT_E_SQL_REFUSED, RESOLVE_LOCATION_NO,
                                  "this statement is refused: it would not read what it says");
    return 0;
}

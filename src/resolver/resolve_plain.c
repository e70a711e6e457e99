/*
 * resolve_plain.c - is there nothing in a statement that could fail on the value of a row?
 *
 * Then DuckDB may run its predicates on hidden rows or on groups that are left out, and nobody
 * can tell: no barrier is needed. An allow-list with types: comparisons, AND, OR, NOT, IS NULL,
 * BETWEEN, IN, LIKE with a constant, CASE, coalesce, COUNT, SUM, MIN, MAX, AVG, a few functions
 * that are total, bare columns. Comparisons count only where nothing has to be cast that could
 * fail: a text and a number compared is a cast. What is computed of aggregates in the outermost
 * SELECT is free: nothing filters on it. What is computed of columns there is not: DuckDB runs
 * a function on the dictionary of a column, and there hidden values are.
 *
 * Columns are known by name only, so a name counts where all that it could be has one type.
 */
#include "resolver/resolve_plain.h"

#include "base/text.h"
#include "resolver/treat.h"

#define PLAIN_PRECISION_MAX 18
#define PLAIN_DIGITS_MAX 15

struct plain_name {
    const char *text;
    const struct weft_type *type; /* NULL = several, or not known */
};

struct plain {
    struct resolve *resolve;
    struct plain_name *names;
    size_t count;
    size_t capacity;
    bool fails;
};

static const struct weft_type type_boolean = {.kind = WEFT_TYPE_BOOLEAN};
static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};
static const struct weft_type type_double = {.kind = WEFT_TYPE_DOUBLE};
static const struct weft_type type_decimal = {.kind = WEFT_TYPE_DECIMAL, .precision = 18};
static const struct weft_type type_string = {.kind = WEFT_TYPE_STRING};
static const struct weft_type type_date = {.kind = WEFT_TYPE_DATE};
static const struct weft_type type_timestamp = {.kind = WEFT_TYPE_TIMESTAMP};
static const struct weft_type type_timestamptz = {.kind = WEFT_TYPE_TIMESTAMPTZ};
static const struct weft_type type_nothing = {.kind = WEFT_TYPE_BOOLEAN}; /* of NULL */

static const struct weft_type *plain_value(struct plain *plain, yyjson_mut_val *expr);
static void plain_query(struct plain *plain, yyjson_mut_val *node, bool outermost);

static const struct weft_type *plain_fail(struct plain *plain)
{
    plain->fails = true;
    return NULL;
}

/* ---- names ---- */

static const struct plain_name *name_find(const struct plain *plain, const char *text)
{
    for (size_t i = 0; i < plain->count; i++)
        if (weft_equal_fold(plain->names[i].text, text))
            return &plain->names[i];
    return NULL;
}

static void name_add(struct plain *plain, const char *text, const struct weft_type *type)
{
    struct plain_name *known = (struct plain_name *)(uintptr_t)name_find(plain, text);
    if (known != NULL) {
        if (type == NULL || known->type == NULL || !weft_type_equal(known->type, type))
            known->type = NULL;
        return;
    }
    if (weft_arena_reserve(plain->resolve->arena, &plain->names, &plain->capacity, plain->count + 1,
                           sizeof(*plain->names)) < 0) {
        plain->resolve->nomem = true;
        return;
    }
    plain->names[plain->count++] = (struct plain_name){text, type};
}

static void names_of_tables(struct plain *plain)
{
    for (size_t i = 0; i < plain->resolve->table_count; i++) {
        const struct weft_relation *relation = &plain->resolve->tables[i].relation;
        for (size_t j = 0; j < relation->column_count; j++) {
            const struct weft_relation_column *column = &relation->columns[j];
            const struct weft_type *type = weft_treatment_type(column->type, column->treat);
            if (type != NULL)
                name_add(plain, column->name, type);
        }
    }
}

static const char *column_last(yyjson_mut_val *ref)
{
    const char *last =
        yyjson_mut_get_str(yyjson_mut_arr_get_last(yyjson_mut_obj_get(ref, "column_names")));
    return last == NULL ? "" : last;
}

/* What an alias stands for, without looking at names. */
static const struct weft_type *alias_type(yyjson_mut_val *expr)
{
    const char *function = tree_text(expr, "function_name");
    if (!tree_is(expr, "class", "FUNCTION"))
        return NULL;
    if (strcmp(function, "count_star") == 0 || weft_equal_fold(function, "count"))
        return &type_long;
    return NULL;
}

static void names_of_list(struct plain *plain, yyjson_mut_val *list)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(list);
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        if (yyjson_mut_is_str(item))
            name_add(plain, yyjson_mut_get_str(item), NULL);
}

/* Whatever gives a column another name makes the name uncertain; a table's alias that is also a
 * column's, in a second walk. */
static void names_of_tree(struct plain *plain, yyjson_mut_val *value, bool tables)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            names_of_tree(plain, item, tables);
        return;
    }
    if (!yyjson_mut_is_obj(value) || tree_is(value, "class", "CONSTANT"))
        return;
    const char *alias = tree_text_or_null(value, "alias");
    bool table = tree_text(value, "class")[0] == 0;
    bool same = tree_is(value, "class", "COLUMN_REF") && alias != NULL &&
                weft_equal_fold(alias, column_last(value));
    if (alias != NULL && !same && table == tables && (!table || name_find(plain, alias) != NULL))
        name_add(plain, alias, table ? NULL : alias_type(value));
    names_of_list(plain, yyjson_mut_obj_get(value, "column_name_alias"));
    names_of_list(plain, yyjson_mut_obj_get(value, "aliases"));
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        names_of_tree(plain, yyjson_mut_obj_iter_get_val(key), tables);
}

/* ---- types ---- */

static bool is_whole(const struct weft_type *type)
{
    return type->kind == WEFT_TYPE_INT || type->kind == WEFT_TYPE_LONG;
}

static bool is_floating(const struct weft_type *type)
{
    return type->kind == WEFT_TYPE_FLOAT || type->kind == WEFT_TYPE_DOUBLE;
}

/* Nothing that could fail is cast when these meet. */
static bool types_meet(const struct weft_type *a, const struct weft_type *b)
{
    if (a == &type_nothing || b == &type_nothing)
        return a != NULL && b != NULL;
    if (a == NULL || b == NULL || weft_type_is_nested(a) || weft_type_is_nested(b) ||
        a->kind == WEFT_TYPE_JSON || b->kind == WEFT_TYPE_JSON)
        return false;
    if (!weft_type_is_number(a) || !weft_type_is_number(b))
        return a->kind == b->kind;
    if (is_floating(a) || is_floating(b) || (is_whole(a) && is_whole(b)) || weft_type_equal(a, b))
        return true;
    return (a->kind != WEFT_TYPE_DECIMAL || a->precision <= PLAIN_PRECISION_MAX) &&
           (b->kind != WEFT_TYPE_DECIMAL || b->precision <= PLAIN_PRECISION_MAX);
}

const char *plain_constant_text(yyjson_mut_val *expr)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(expr, "value");
    yyjson_mut_val *text = yyjson_mut_obj_get(value, "value");
    if (!tree_is(expr, "class", "CONSTANT") || !yyjson_mut_is_str(text) ||
        !tree_is(yyjson_mut_obj_get(value, "type"), "id", "VARCHAR") ||
        strlen(yyjson_mut_get_str(text)) != yyjson_mut_get_len(text))
        return NULL;
    return yyjson_mut_get_str(text);
}

static bool text_has_shape(const char *text, const char *shape)
{
    for (; *shape != 0; shape++, text++)
        if (*shape == '9' ? *text < '0' || *text > '9' : *text != *shape)
            return false;
    return *text == 0;
}

/* DuckDB casts the text only when there is a row: one that it may not read would tell of hidden
 * ones. So only the plainest forms count. */
static bool text_reads(const struct weft_type *type, const char *text)
{
    size_t sign = text[0] == '-' ? 1 : 0;
    size_t digits = strspn(text + sign, "0123456789");
    bool whole = digits > 0 && digits <= PLAIN_DIGITS_MAX && text[sign + digits] == 0;
    switch (type->kind) {
    case WEFT_TYPE_STRING:
        return true;
    case WEFT_TYPE_BOOLEAN:
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    case WEFT_TYPE_INT:
    case WEFT_TYPE_LONG:
    case WEFT_TYPE_FLOAT:
    case WEFT_TYPE_DOUBLE:
    case WEFT_TYPE_DECIMAL:
        return whole && weft_type_accepts(type, text);
    case WEFT_TYPE_DATE:
        return text_has_shape(text, "9999-99-99") && text[0] != '0' &&
               weft_type_accepts(type, text);
    case WEFT_TYPE_TIMESTAMP:
        return (text_has_shape(text, "9999-99-99") ||
                text_has_shape(text, "9999-99-99 99:99:99")) &&
               text[0] != '0' && weft_type_accepts(type, text);
    default:
        return false;
    }
}

/* A text is cast to the other's type: it must read as one. */
static bool plain_meet(struct plain *plain, yyjson_mut_val *a, const struct weft_type *at,
                       yyjson_mut_val *b, const struct weft_type *bt)
{
    const char *text_a = plain_constant_text(a);
    const char *text_b = plain_constant_text(b);
    (void)plain;
    if (text_a != NULL && bt != NULL && bt != &type_nothing)
        return text_reads(bt, text_a);
    if (text_b != NULL && at != NULL && at != &type_nothing)
        return text_reads(at, text_b);
    return types_meet(at, bt);
}

static bool plain_pair(struct plain *plain, yyjson_mut_val *a, yyjson_mut_val *b)
{
    const struct weft_type *at = plain_value(plain, a);
    const struct weft_type *bt = plain_value(plain, b);
    return plain_meet(plain, a, at, b, bt);
}

static const struct weft_type *type_named(const char *id)
{
    static const struct {
        const char *id;
        const struct weft_type *type;
    } ids[] = {
        {"BOOLEAN", &type_boolean},
        {"INTEGER", &type_long},
        {"BIGINT", &type_long},
        {"TINYINT", &type_long},
        {"SMALLINT", &type_long},
        {"DOUBLE", &type_double},
        {"FLOAT", &type_double},
        {"VARCHAR", &type_string},
        {"DATE", &type_date},
        {"TIMESTAMP", &type_timestamp},
        {"DECIMAL", &type_decimal},
        {"NULL", &type_nothing},
        {"TIMESTAMP WITH TIME ZONE", &type_timestamptz},
    };
    for (size_t i = 0; i < WEFT_COUNT(ids); i++)
        if (weft_equal_fold(ids[i].id, id))
            return ids[i].type;
    return NULL;
}

const char *plain_cast_name(yyjson_mut_val *expr)
{
    yyjson_mut_val *to = yyjson_mut_obj_get(expr, "cast_type");
    yyjson_mut_val *type = yyjson_mut_obj_get(yyjson_mut_obj_get(to, "type_info"), "expr");
    if (!tree_is(to, "id", "UNBOUND"))
        return tree_text(to, "id");
    return yyjson_mut_arr_size(yyjson_mut_obj_get(type, "children")) == 0
               ? tree_text(type, "type_name")
               : "";
}

/* ---- expressions ---- */

static const struct weft_type *plain_constant(yyjson_mut_val *expr)
{
    yyjson_mut_val *value = yyjson_mut_obj_get(expr, "value");
    yyjson_mut_val *type = yyjson_mut_obj_get(value, "type");
    if (yyjson_mut_is_true(yyjson_mut_obj_get(value, "is_null")))
        return &type_nothing;
    yyjson_mut_val *width = yyjson_mut_obj_get(yyjson_mut_obj_get(type, "type_info"), "width");
    if (tree_is(type, "id", "DECIMAL") && yyjson_mut_get_int(width) > PLAIN_PRECISION_MAX)
        return NULL;
    return type_named(tree_text(type, "id"));
}

static const struct weft_type *plain_column(struct plain *plain, yyjson_mut_val *expr)
{
    yyjson_mut_val *names = yyjson_mut_obj_get(expr, "column_names");
    const char *first = yyjson_mut_get_str(yyjson_mut_arr_get_first(names));
    size_t count = yyjson_mut_arr_size(names);
    if (first == NULL || count > 2 || (count == 2 && name_find(plain, first) != NULL))
        return NULL; /* a part of a struct, perhaps */
    const struct plain_name *name = name_find(plain, column_last(expr));
    bool nameless = strncmp(column_last(expr), "col", 3) == 0 &&
                    strspn(column_last(expr) + 3, "0123456789") == strlen(column_last(expr) + 3);
    return name == NULL || nameless ? NULL : name->type; /* col0: of VALUES, perhaps */
}

/* A constant that is written as a cast; a cast that cannot fail. */
static const struct weft_type *plain_cast(struct plain *plain, yyjson_mut_val *expr)
{
    yyjson_mut_val *child = yyjson_mut_obj_get(expr, "child");
    const struct weft_type *to = type_named(plain_cast_name(expr));
    const char *text = plain_constant_text(child);
    if (to == &type_boolean && text != NULL && (strcmp(text, "t") == 0 || strcmp(text, "f") == 0))
        return to;
    if (text != NULL && to != NULL && text_reads(to, text))
        return to;
    const struct weft_type *from = plain_value(plain, child);
    if (from == NULL || to == NULL || weft_type_is_nested(from))
        return plain_fail(plain);
    if (yyjson_mut_is_true(yyjson_mut_obj_get(expr, "try_cast")))
        return to;
    if (to == &type_string || (to == &type_double && weft_type_is_number(from)))
        return to;
    return plain_fail(plain);
}

static const struct weft_type *plain_boolean(struct plain *plain, yyjson_mut_val *expr)
{
    const struct weft_type *type = plain_value(plain, expr);
    if (type == NULL || type->kind != WEFT_TYPE_BOOLEAN)
        return plain_fail(plain);
    return &type_boolean;
}

static const struct weft_type *plain_booleans(struct plain *plain, yyjson_mut_val *list)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(list);
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        plain_boolean(plain, item);
    return &type_boolean;
}

/* Values of which one is given: all of one type, exactly. */
static const struct weft_type *plain_one_of(struct plain *plain, const struct weft_type *so_far,
                                            yyjson_mut_val *expr)
{
    const struct weft_type *type = plain_value(plain, expr);
    if (type == NULL)
        return plain_fail(plain);
    if (so_far == NULL || so_far == &type_nothing)
        return type;
    if (type != &type_nothing && !weft_type_equal(type, so_far))
        return plain_fail(plain);
    return so_far;
}

static const struct weft_type *plain_operator(struct plain *plain, yyjson_mut_val *expr)
{
    yyjson_mut_val *children = yyjson_mut_obj_get(expr, "children");
    yyjson_mut_val *first = yyjson_mut_arr_get_first(children);
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(children);
    yyjson_mut_val *item;
    if (tree_is(expr, "type", "OPERATOR_NOT"))
        return plain_booleans(plain, children);
    if (tree_is(expr, "type", "OPERATOR_IS_NULL") ||
        tree_is(expr, "type", "OPERATOR_IS_NOT_NULL")) {
        plain_value(plain, first);
        return &type_boolean;
    }
    if (tree_is(expr, "type", "COMPARE_IN") || tree_is(expr, "type", "COMPARE_NOT_IN")) {
        const struct weft_type *type = plain_value(plain, first);
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            if (item != first && !plain_meet(plain, first, type, item, plain_value(plain, item)))
                plain_fail(plain);
        return &type_boolean;
    }
    if (!tree_is(expr, "type", "OPERATOR_COALESCE"))
        return plain_fail(plain);
    const struct weft_type *type = NULL;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        type = plain_one_of(plain, type, item);
    return type;
}

static const struct weft_type *plain_case(struct plain *plain, yyjson_mut_val *expr)
{
    const struct weft_type *type = NULL;
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(expr, "case_checks"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        plain_boolean(plain, yyjson_mut_obj_get(item, "when_expr"));
        type = plain_one_of(plain, type, yyjson_mut_obj_get(item, "then_expr"));
    }
    yyjson_mut_val *otherwise = yyjson_mut_obj_get(expr, "else_expr");
    return otherwise == NULL ? type : plain_one_of(plain, type, otherwise);
}

/* ---- functions ---- */

enum function_kind {
    FUNCTION_LIKE,     /* text, constant -> boolean */
    FUNCTION_COUNT,    /* anything -> long */
    FUNCTION_SAME,     /* its argument's type */
    FUNCTION_AVERAGE,  /* number -> double */
    FUNCTION_TEXT,     /* text -> text */
    FUNCTION_LENGTH,   /* text -> long */
    FUNCTION_CONTAINS, /* two texts -> boolean */
    FUNCTION_PART      /* date or timestamp -> long */
};

static const struct {
    const char *name;
    enum function_kind kind;
} plain_functions[] = {
    {"~~", FUNCTION_LIKE},
    {"!~~", FUNCTION_LIKE},
    {"~~*", FUNCTION_LIKE},
    {"!~~*", FUNCTION_LIKE},
    {"count", FUNCTION_COUNT},
    {"count_star", FUNCTION_COUNT},
    {"sum", FUNCTION_AVERAGE},
    {"avg", FUNCTION_AVERAGE},
    {"mean", FUNCTION_AVERAGE},
    {"min", FUNCTION_SAME},
    {"max", FUNCTION_SAME},
    {"lower", FUNCTION_TEXT},
    {"upper", FUNCTION_TEXT},
    {"lcase", FUNCTION_TEXT},
    {"ucase", FUNCTION_TEXT},
    {"trim", FUNCTION_TEXT},
    {"ltrim", FUNCTION_TEXT},
    {"rtrim", FUNCTION_TEXT},
    {"length", FUNCTION_LENGTH},
    {"len", FUNCTION_LENGTH},
    {"strlen", FUNCTION_LENGTH},
    {"contains", FUNCTION_CONTAINS},
    {"starts_with", FUNCTION_CONTAINS},
    {"ends_with", FUNCTION_CONTAINS},
    {"prefix", FUNCTION_CONTAINS},
    {"suffix", FUNCTION_CONTAINS},
    {"year", FUNCTION_PART},
    {"quarter", FUNCTION_PART},
    {"month", FUNCTION_PART},
    {"week", FUNCTION_PART},
    {"day", FUNCTION_PART},
    {"dayofweek", FUNCTION_PART},
    {"approx_count_distinct", FUNCTION_COUNT},
};

static bool is_kind(const struct weft_type *type, enum weft_type_kind kind)
{
    return type != NULL && type != &type_nothing && type->kind == kind;
}

static const struct weft_type *plain_call(struct plain *plain, enum function_kind kind,
                                          yyjson_mut_val *children)
{
    yyjson_mut_val *one = yyjson_mut_arr_get_first(children);
    yyjson_mut_val *two = yyjson_mut_arr_get(children, 1);
    size_t count = yyjson_mut_arr_size(children);
    const struct weft_type *first = one == NULL ? NULL : plain_value(plain, one);
    const struct weft_type *second = two == NULL ? NULL : plain_value(plain, two);
    bool text = is_kind(first, WEFT_TYPE_STRING);
    switch (kind) {
    case FUNCTION_COUNT:
        return count <= 1 ? &type_long : plain_fail(plain);
    case FUNCTION_SAME:
        return count == 1 ? first : plain_fail(plain);
    case FUNCTION_AVERAGE:
        return count == 1 && first != NULL && first != &type_nothing && weft_type_is_number(first)
                   ? is_whole(first) ? &type_long : &type_double
                   : plain_fail(plain);
    case FUNCTION_TEXT:
        return count == 1 && text ? &type_string : plain_fail(plain);
    case FUNCTION_LENGTH:
        return count == 1 && text ? &type_long : plain_fail(plain);
    case FUNCTION_LIKE:
        return count == 2 && text && plain_constant_text(two) != NULL ? &type_boolean
                                                                      : plain_fail(plain);
    case FUNCTION_CONTAINS:
        return count == 2 && text && is_kind(second, WEFT_TYPE_STRING) ? &type_boolean
                                                                       : plain_fail(plain);
    default:
        return count == 1 && (is_kind(first, WEFT_TYPE_DATE) || is_kind(first, WEFT_TYPE_TIMESTAMP))
                   ? &type_long
                   : plain_fail(plain);
    }
}

static const struct weft_type *plain_function(struct plain *plain, yyjson_mut_val *expr)
{
    const char *name = tree_text(expr, "function_name");
    const char *schema = tree_text(expr, "schema");
    yyjson_mut_val *orders = yyjson_mut_obj_get(yyjson_mut_obj_get(expr, "order_bys"), "orders");
    if ((schema[0] != 0 && strcmp(schema, "main") != 0) || yyjson_mut_arr_size(orders) > 0)
        return plain_fail(plain);
    yyjson_mut_val *filter = yyjson_mut_obj_get(expr, "filter");
    if (filter != NULL)
        plain_boolean(plain, filter);
    for (size_t i = 0; i < WEFT_COUNT(plain_functions); i++)
        if (weft_equal_fold(plain_functions[i].name, name))
            return plain_call(plain, plain_functions[i].kind, yyjson_mut_obj_get(expr, "children"));
    return plain_fail(plain);
}

static const struct weft_type *plain_subquery(struct plain *plain, yyjson_mut_val *expr)
{
    yyjson_mut_val *node = yyjson_mut_obj_get(yyjson_mut_obj_get(expr, "subquery"), "node");
    plain_query(plain, node, false);
    if (strstr(tree_text(expr, "subquery_type"), "EXISTS") != NULL)
        return &type_boolean;
    yyjson_mut_val *item = yyjson_mut_arr_get_first(yyjson_mut_obj_get(node, "select_list"));
    const struct weft_type *type = item == NULL ? NULL : plain_value(plain, item);
    yyjson_mut_val *child = yyjson_mut_obj_get(expr, "child");
    if (child == NULL)
        return type;
    return types_meet(plain_value(plain, child), type) ? &type_boolean : plain_fail(plain);
}

static bool star_is_bare(yyjson_mut_val *star)
{
    return yyjson_mut_obj_get(star, "expr") == NULL &&
           yyjson_mut_arr_size(yyjson_mut_obj_get(star, "replace_list")) == 0 &&
           yyjson_mut_arr_size(yyjson_mut_obj_get(star, "rename_list")) == 0;
}

/* The type; NULL where it is not known, which is no failure by itself. */
static const struct weft_type *plain_value(struct plain *plain, yyjson_mut_val *expr)
{
    const char *class = tree_text(expr, "class");
    if (strcmp(class, "CONSTANT") == 0)
        return plain_constant(expr);
    if (strcmp(class, "COLUMN_REF") == 0)
        return plain_column(plain, expr);
    if (strcmp(class, "COMPARISON") == 0)
        return plain_pair(plain, yyjson_mut_obj_get(expr, "left"),
                          yyjson_mut_obj_get(expr, "right"))
                   ? &type_boolean
                   : plain_fail(plain);
    if (strcmp(class, "BETWEEN") == 0) {
        yyjson_mut_val *input = yyjson_mut_obj_get(expr, "input");
        return plain_pair(plain, input, yyjson_mut_obj_get(expr, "lower")) &&
                       plain_pair(plain, input, yyjson_mut_obj_get(expr, "upper"))
                   ? &type_boolean
                   : plain_fail(plain);
    }
    if (strcmp(class, "CONJUNCTION") == 0)
        return plain_booleans(plain, yyjson_mut_obj_get(expr, "children"));
    if (strcmp(class, "OPERATOR") == 0)
        return plain_operator(plain, expr);
    if (strcmp(class, "CASE") == 0)
        return plain_case(plain, expr);
    if (strcmp(class, "CAST") == 0)
        return plain_cast(plain, expr);
    if (strcmp(class, "FUNCTION") == 0)
        return plain_function(plain, expr);
    if (strcmp(class, "SUBQUERY") == 0)
        return plain_subquery(plain, expr);
    if (strcmp(class, "PARAMETER") == 0)
        return &type_string; /* values are given as texts (weft_param) */
    if (strcmp(class, "STAR") == 0 && star_is_bare(expr))
        return NULL;
    return plain_fail(plain);
}

/* ---- queries ---- */

static void plain_list(struct plain *plain, yyjson_mut_val *list)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(list);
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        plain_value(plain, item);
}

/* Around aggregates anything may stand; they themselves, and queries, are looked at. */
static void plain_around(struct plain *plain, yyjson_mut_val *value)
{
    if (yyjson_mut_is_arr(value)) {
        yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(value);
        yyjson_mut_val *item;
        while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
            plain_around(plain, item);
        return;
    }
    if (!yyjson_mut_is_obj(value) || tree_is(value, "class", "CONSTANT"))
        return;
    if (tree_is(value, "class", "SUBQUERY") || tree_is(value, "class", "WINDOW") ||
        (tree_is(value, "class", "FUNCTION") && tree_is_aggregate(value))) {
        plain_value(plain, value);
        return;
    }
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(value);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL)
        plain_around(plain, yyjson_mut_obj_iter_get_val(key));
}

static void plain_item(struct plain *plain, yyjson_mut_val *item, bool outermost)
{
    if (outermost && tree_aggregates(item))
        plain_around(plain, item);
    else
        plain_value(plain, item);
}

static void plain_from(struct plain *plain, yyjson_mut_val *ref);

static void plain_using(struct plain *plain, yyjson_mut_val *names)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(names);
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        const struct plain_name *name = name_find(plain, yyjson_mut_get_str(item));
        if (name == NULL || name->type == NULL || weft_type_is_nested(name->type))
            plain_fail(plain);
    }
}

static void plain_join(struct plain *plain, yyjson_mut_val *ref)
{
    const char *kind = tree_text(ref, "ref_type");
    yyjson_mut_val *condition = yyjson_mut_obj_get(ref, "condition");
    if (kind[0] != 0 && strcmp(kind, "REGULAR") != 0 && strcmp(kind, "CROSS") != 0)
        plain_fail(plain);
    plain_from(plain, yyjson_mut_obj_get(ref, "left"));
    plain_from(plain, yyjson_mut_obj_get(ref, "right"));
    plain_using(plain, yyjson_mut_obj_get(ref, "using_columns"));
    if (condition != NULL)
        plain_boolean(plain, condition);
}

static void plain_from(struct plain *plain, yyjson_mut_val *ref)
{
    yyjson_mut_val *item;
    if (tree_is(ref, "type", "BASE_TABLE") || tree_is(ref, "type", "EMPTY"))
        return;
    if (tree_is(ref, "type", "SHOW_REF") && tree_is(ref, "show_type", "DESCRIBE"))
        return; /* it never runs */
    if (tree_is(ref, "type", "SUBQUERY")) {
        plain_query(plain, yyjson_mut_obj_get(yyjson_mut_obj_get(ref, "subquery"), "node"), false);
    } else if (tree_is(ref, "type", "JOIN")) {
        plain_join(plain, ref);
    } else if (tree_is(ref, "type", "EXPRESSION_LIST")) {
        yyjson_mut_arr_iter rows = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(ref, "values"));
        while ((item = yyjson_mut_arr_iter_next(&rows)) != NULL)
            plain_list(plain, item);
    } else {
        plain_fail(plain);
    }
}

static void plain_modifiers(struct plain *plain, yyjson_mut_val *node, bool outermost)
{
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(node, "modifiers"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        yyjson_mut_arr_iter orders = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(item, "orders"));
        yyjson_mut_val *order;
        while ((order = yyjson_mut_arr_iter_next(&orders)) != NULL)
            plain_item(plain, yyjson_mut_obj_get(order, "expression"), outermost);
        plain_list(plain, yyjson_mut_obj_get(item, "distinct_on_targets"));
        yyjson_mut_val *limit = yyjson_mut_obj_get(item, "limit");
        yyjson_mut_val *offset = yyjson_mut_obj_get(item, "offset");
        if (limit != NULL)
            plain_value(plain, limit);
        if (offset != NULL)
            plain_value(plain, offset);
    }
}

static void plain_select(struct plain *plain, yyjson_mut_val *node, bool outermost)
{
    yyjson_mut_val *where = yyjson_mut_obj_get(node, "where_clause");
    yyjson_mut_val *having = yyjson_mut_obj_get(node, "having");
    yyjson_mut_val *qualify = yyjson_mut_obj_get(node, "qualify");
    plain_from(plain, yyjson_mut_obj_get(node, "from_table"));
    if (where != NULL)
        plain_boolean(plain, where);
    if (having != NULL)
        plain_boolean(plain, having);
    if (qualify != NULL)
        plain_boolean(plain, qualify);
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(node, "select_list"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        plain_item(plain, item, outermost && qualify == NULL);
    plain_list(plain, yyjson_mut_obj_get(node, "group_expressions"));
    plain_modifiers(plain, node, outermost && qualify == NULL);
}

/* Which names and types a set operation gives, its first arm says. */
static yyjson_mut_val *arm_items(yyjson_mut_val *node)
{
    while (tree_is(node, "type", "SET_OPERATION_NODE")) {
        yyjson_mut_val *left = yyjson_mut_obj_get(node, "left");
        node = left != NULL ? left : yyjson_mut_arr_get_first(yyjson_mut_obj_get(node, "children"));
    }
    return yyjson_mut_obj_get(node, "select_list");
}

/* Columns that meet have one type, exactly: else one is cast, and its name is another type's. */
static void plain_arms(struct plain *plain, yyjson_mut_val *a, yyjson_mut_val *b)
{
    yyjson_mut_val *left = arm_items(a);
    yyjson_mut_val *right = arm_items(b);
    size_t count = yyjson_mut_arr_size(left);
    if (count == 0 || yyjson_mut_arr_size(right) != count)
        plain_fail(plain);
    for (size_t i = 0; i < count && !plain->fails; i++) {
        const struct weft_type *one = plain_value(plain, yyjson_mut_arr_get(left, i));
        const struct weft_type *two = plain_value(plain, yyjson_mut_arr_get(right, i));
        if (one == NULL || two == NULL || !weft_type_equal(one, two))
            plain_fail(plain);
    }
}

static void plain_set(struct plain *plain, yyjson_mut_val *node)
{
    yyjson_mut_val *left = yyjson_mut_obj_get(node, "left");
    yyjson_mut_val *right = yyjson_mut_obj_get(node, "right");
    yyjson_mut_val *arms = yyjson_mut_obj_get(node, "children");
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(arms);
    yyjson_mut_val *item;
    if (tree_is(node, "setop_type", "UNION_BY_NAME"))
        plain_fail(plain);
    if (left != NULL && right != NULL) {
        plain_query(plain, left, false);
        plain_query(plain, right, false);
        plain_arms(plain, left, right);
    }
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        plain_query(plain, item, false);
        plain_arms(plain, yyjson_mut_arr_get_first(arms), item);
    }
    plain_modifiers(plain, node, false);
}

static void plain_query(struct plain *plain, yyjson_mut_val *node, bool outermost)
{
    yyjson_mut_val *map = yyjson_mut_obj_get(yyjson_mut_obj_get(node, "cte_map"), "map");
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(map);
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL) {
        yyjson_mut_val *query = yyjson_mut_obj_get(yyjson_mut_obj_get(item, "value"), "query");
        plain_query(plain, yyjson_mut_obj_get(query, "node"), false);
    }
    if (tree_is(node, "type", "SELECT_NODE")) {
        plain_select(plain, node, outermost);
        return;
    }
    if (tree_is(node, "type", "SET_OPERATION_NODE"))
        plain_set(plain, node);
    else
        plain_fail(plain);
}

static void plain_names(struct plain *plain, yyjson_mut_val *root)
{
    names_of_tables(plain);
    names_of_tree(plain, root, false);
    names_of_tree(plain, root, true);
}

bool resolve_plain(struct resolve *resolve, yyjson_mut_val *node)
{
    struct plain plain = {.resolve = resolve};
    plain_names(&plain, node);
    /* Weft may filter on what a product's SQL gives. */
    plain_query(&plain, node, !resolve->options->deterministic);
    return !plain.fails && !resolve->nomem;
}

bool resolve_plain_condition(struct resolve *resolve, yyjson_mut_val *root, yyjson_mut_val *expr)
{
    struct plain plain = {.resolve = resolve};
    plain_names(&plain, root);
    plain_boolean(&plain, expr);
    return !plain.fails && !resolve->nomem;
}

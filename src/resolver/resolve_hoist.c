/*
 * resolve_hoist.c - conditions of a person's WHERE that may go into the secured subquery.
 *
 * A barrier costs the pruning of files and row groups. It comes back by copies of conditions that
 * stand alone at the top of WHERE: an untreated column, =, <, <=, >, >=, BETWEEN or IN, constants
 * of the column's own simple type. These cannot fail, and the condition itself stays where it is:
 * so rows are only left out earlier. Not below joins that choose rows by what else there is.
 */
#include "base/text.h"
#include "resolver/resolve_plain.h"
#include "resolver/resolve_walk.h"

#define HOIST_TEXT_MAX 65536

struct hoist {
    struct resolve *resolve;
    struct scope *scope;
    const struct weft_relation_column *column; /* of the condition at hand */
    struct resolve_table *table;
};

/* ASOF and POSITIONAL take another row where one is missing. */
static bool from_allows(yyjson_mut_val *ref)
{
    if (!tree_is(ref, "type", "JOIN"))
        return true;
    const char *kind = tree_text(ref, "ref_type");
    return (strcmp(kind, "REGULAR") == 0 || strcmp(kind, "CROSS") == 0) &&
           from_allows(yyjson_mut_obj_get(ref, "left")) &&
           from_allows(yyjson_mut_obj_get(ref, "right"));
}

static bool source_has(struct hoist *hoist, struct scope_source *source, const char *name)
{
    struct scope_column *column = scope_find_column(&source->columns, name);
    if (source->product == 0 || column == NULL || column->origins.count != 1)
        return false;
    hoist->table = &hoist->resolve->tables[source->product - 1];
    hoist->column = &hoist->table->relation.columns[column->origins.items[0].column];
    return hoist->table->relation.rows != NULL && !column->hidden &&
           (hoist->column->treat == NULL || hoist->column->treat->kind == WEFT_TREAT_NONE);
}

/* One table it can only be. */
static bool hoist_column(struct hoist *hoist, yyjson_mut_val *ref)
{
    yyjson_mut_val *names = yyjson_mut_obj_get(ref, "column_names");
    const char *first = yyjson_mut_get_str(yyjson_mut_arr_get_first(names));
    const char *last = yyjson_mut_get_str(yyjson_mut_arr_get_last(names));
    size_t count = yyjson_mut_arr_size(names);
    struct scope_source *found = NULL;
    if (!tree_is(ref, "class", "COLUMN_REF") || first == NULL || last == NULL || count > 2)
        return false;
    for (struct scope_source *one = hoist->scope->sources; one != NULL; one = one->next) {
        if (!one->columns.known || one->alias == NULL)
            return false;
        bool is = scope_find_column(&one->columns, count == 2 ? first : last) != NULL;
        if (count == 2 && is)
            return false; /* a part of a struct, perhaps */
        if (count == 2)
            is = weft_equal_fold(one->alias, first);
        if (is && found != NULL)
            return false;
        found = is ? one : found;
    }
    return found != NULL && source_has(hoist, found, last);
}

static bool hoist_constant(const struct hoist *hoist, yyjson_mut_val *expr, struct weft_buf *out)
{
    const struct weft_type *type = hoist->column->type;
    if (tree_is(expr, "class", "CAST")) {
        const char *to = plain_cast_name(expr);
        bool same = (type->kind == WEFT_TYPE_DATE && weft_equal_fold(to, "DATE")) ||
                    (type->kind == WEFT_TYPE_TIMESTAMP && weft_equal_fold(to, "TIMESTAMP"));
        if (!same)
            return false;
        expr = yyjson_mut_obj_get(expr, "child");
    }
    yyjson_mut_val *number = yyjson_mut_obj_get(yyjson_mut_obj_get(expr, "value"), "value");
    if ((type->kind == WEFT_TYPE_INT || type->kind == WEFT_TYPE_LONG) &&
        tree_is(expr, "class", "CONSTANT") && yyjson_mut_is_int(number) &&
        strstr(tree_text(yyjson_mut_obj_get(yyjson_mut_obj_get(expr, "value"), "type"), "id"),
               "INT") != NULL) {
        weft_buf_addf(out, "%" PRId64, yyjson_mut_get_sint(number));
        return true;
    }
    const char *text = plain_constant_text(expr);
    if (text == NULL || !weft_type_accepts(type, text))
        return false;
    switch (type->kind) {
    case WEFT_TYPE_STRING:
        weft_buf_add_sql_text(out, text, strlen(text));
        return true;
    case WEFT_TYPE_DATE:
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_UUID:
        weft_buf_adds(out, "TRY_CAST(");
        weft_buf_add_sql_text(out, text, strlen(text));
        weft_buf_adds(out, " AS ");
        weft_type_print_duckdb(type, out);
        weft_buf_addc(out, ')');
        return true;
    default:
        return false;
    }
}

static const char *hoist_operator(const char *type, bool turned)
{
    static const struct {
        const char *type;
        const char *text;
        const char *turned;
    } operators[] = {
        {"COMPARE_EQUAL", "=", "="},
        {"COMPARE_LESSTHAN", "<", ">"},
        {"COMPARE_LESSTHANOREQUALTO", "<=", ">="},
        {"COMPARE_GREATERTHAN", ">", "<"},
        {"COMPARE_GREATERTHANOREQUALTO", ">=", "<="},
    };
    for (size_t i = 0; i < WEFT_COUNT(operators); i++)
        if (strcmp(operators[i].type, type) == 0)
            return turned ? operators[i].turned : operators[i].text;
    return NULL;
}

static bool hoist_comparison(struct hoist *hoist, yyjson_mut_val *expr, struct weft_buf *out)
{
    yyjson_mut_val *left = yyjson_mut_obj_get(expr, "left");
    yyjson_mut_val *right = yyjson_mut_obj_get(expr, "right");
    bool turned = !tree_is(left, "class", "COLUMN_REF");
    const char *text = hoist_operator(tree_text(expr, "type"), turned);
    if (text == NULL || !hoist_column(hoist, turned ? right : left))
        return false;
    weft_buf_add_sql_name(out, hoist->column->name);
    weft_buf_addf(out, " %s ", text);
    return hoist_constant(hoist, turned ? left : right, out);
}

static bool hoist_in(struct hoist *hoist, yyjson_mut_val *expr, struct weft_buf *out)
{
    yyjson_mut_val *children = yyjson_mut_obj_get(expr, "children");
    size_t count = yyjson_mut_arr_size(children);
    if (!tree_is(expr, "type", "COMPARE_IN") || count < 2 ||
        !hoist_column(hoist, yyjson_mut_arr_get_first(children)))
        return false;
    weft_buf_add_sql_name(out, hoist->column->name);
    weft_buf_adds(out, " IN (");
    for (size_t i = 1; i < count; i++) {
        weft_buf_adds(out, i == 1 ? "" : ", ");
        if (!hoist_constant(hoist, yyjson_mut_arr_get(children, i), out))
            return false;
    }
    weft_buf_addc(out, ')');
    return true;
}

static bool hoist_between(struct hoist *hoist, yyjson_mut_val *expr, struct weft_buf *out)
{
    if (!hoist_column(hoist, yyjson_mut_obj_get(expr, "input")))
        return false;
    weft_buf_add_sql_name(out, hoist->column->name);
    weft_buf_adds(out, " BETWEEN ");
    if (!hoist_constant(hoist, yyjson_mut_obj_get(expr, "lower"), out))
        return false;
    weft_buf_adds(out, " AND ");
    return hoist_constant(hoist, yyjson_mut_obj_get(expr, "upper"), out);
}

static void hoist_one(struct hoist *hoist, yyjson_mut_val *expr)
{
    struct resolve *resolve = hoist->resolve;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, HOIST_TEXT_MAX);
    bool good = false;
    if (tree_is(expr, "class", "COMPARISON"))
        good = hoist_comparison(hoist, expr, &text);
    else if (tree_is(expr, "class", "BETWEEN"))
        good = hoist_between(hoist, expr, &text);
    else if (tree_is(expr, "class", "OPERATOR"))
        good = hoist_in(hoist, expr, &text);
    if (!good || text.failed)
        return;
    struct resolve_table *table = hoist->table;
    const char *kept = weft_arena_strdup(resolve->arena, text.data);
    if (kept == NULL || weft_arena_reserve(resolve->arena, &table->hoists, &table->hoist_capacity,
                                           table->hoist_count + 1, sizeof(char *)) < 0) {
        resolve->nomem = true;
        return;
    }
    table->hoists[table->hoist_count++] = kept;
}

static void hoist_all(struct hoist *hoist, yyjson_mut_val *expr)
{
    if (!tree_is(expr, "type", "CONJUNCTION_AND")) {
        hoist_one(hoist, expr);
        return;
    }
    yyjson_mut_arr_iter items = yyjson_mut_arr_iter_with(yyjson_mut_obj_get(expr, "children"));
    yyjson_mut_val *item;
    while ((item = yyjson_mut_arr_iter_next(&items)) != NULL)
        hoist_all(hoist, item);
}

void walk_hoist(struct walk *walk, yyjson_mut_val *node, struct scope *scope)
{
    struct hoist hoist = {.resolve = walk->resolve, .scope = scope};
    yyjson_mut_val *where = yyjson_mut_obj_get(node, "where_clause");
    if (where != NULL && from_allows(yyjson_mut_obj_get(node, "from_table")))
        hoist_all(&hoist, where);
}

/*
 * transform.c - the columns of a product's SQL, or of its graph, as the columns of its table.
 *
 * A cast is made where no value can be lost by the type alone (int to long, decimal to a wider one,
 * numbers and dates to text), and where the engine's own arithmetic widens beyond what people
 * declare: sum(long) is a hugeint, sum(decimal(9,2)) a decimal(38,2). These become the declared
 * type by a cast that fails on a value which does not fit. All else is refused with the cast to
 * write.
 */
#include "job/transform.h"

#include "base/fs.h"
#include "base/text.h"

#include <string.h>

#define NAMES_SHOWN 20

struct checker {
    struct weft_engine *engine;
    struct weft_arena *arena;
    const struct weft_product *product;
    struct weft_transform *out;
    struct weft_error *error;
};

static bool is_graph(const struct weft_product *product)
{
    return product->graph != NULL;
}

/* Without a text the input is taken as it is: NULL and no error where there is none to take. */
static int text_of(struct weft_arena *arena, const struct weft_product *product, const char **out,
                   struct weft_error *error)
{
    *out = is_graph(product) ? product->graph->edges : product->sql;
    if (*out != NULL || !weft_transform_is(product))
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 1 << 16);
    weft_buf_adds(&sql, "SELECT * FROM ");
    weft_buf_add_sql_name(&sql, product->inputs[0].name);
    WEFT_TRY(weft_buf_check(&sql, error));
    *out = weft_arena_strdup(arena, sql.data);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

bool weft_transform_is(const struct weft_product *product)
{
    return product->sql != NULL || product->graph != NULL ||
           (product->input_count == 1 && product->inputs[0].kind == WEFT_INPUT_PRODUCT);
}

/* What errors call the text. */
static const char *word_of(const struct weft_product *product)
{
    return is_graph(product) ? "graph" : product->sql != NULL ? "SQL" : "input";
}

/* sql_file stands beside the product file. */
static int options_of(struct weft_arena *arena, const struct weft_product *product,
                      const struct weft_resolve_options *given, struct weft_resolve_options *out,
                      struct weft_error *error)
{
    struct weft_place place = is_graph(product) ? product->graph->edges_place : product->sql_place;
    *out = *given;
    out->deterministic = true;
    out->principal = given->principal == NULL ? "" : given->principal;
    out->file = product->file;
    out->line_offset = WEFT_MAX(place.line - 1, 0);
    out->column_offset = WEFT_MAX(place.column - 1, 0);
    out->indent = is_graph(product) ? product->graph->edges_indent : product->sql_indent;
    if (is_graph(product) || product->sql_file == NULL)
        return 0;
    WEFT_CLEANUP(weft_freep)
    char *folder = product->file == NULL ? NULL : weft_path_dirname(product->file);
    out->file = folder == NULL || strcmp(folder, ".") == 0
                    ? product->sql_file
                    : weft_arena_format(arena, "%s/%s", folder, product->sql_file);
    return out->file == NULL ? weft_error_nomem(error) : 0;
}

/* ---- casts ---- */

static bool decimal_takes(const struct weft_type *to, int digits, int scale)
{
    return to->kind == WEFT_TYPE_DECIMAL && to->scale >= scale &&
           to->precision - to->scale >= digits;
}

static bool text_takes(const struct weft_type *from)
{
    return !weft_type_is_nested(from) && from->kind != WEFT_TYPE_BINARY;
}

/* What sums and products of integers and decimals come out as, whatever went in. */
static bool is_engines_own(const struct weft_type *from, const struct weft_type *to)
{
    if (from->kind != WEFT_TYPE_DECIMAL || from->precision != 38)
        return false;
    return (from->scale == 0 && to->kind == WEFT_TYPE_LONG) ||
           (to->kind == WEFT_TYPE_DECIMAL && to->scale == from->scale);
}

static bool cast_is_safe(const struct weft_type *from, const struct weft_type *to)
{
    if (weft_type_equal(from, to) || weft_type_widens(from, to) || is_engines_own(from, to))
        return true;
    if (to->kind == WEFT_TYPE_STRING)
        return text_takes(from);
    if (to->kind == WEFT_TYPE_JSON)
        return from->kind == WEFT_TYPE_STRING;
    if (from->kind == WEFT_TYPE_INT)
        return to->kind == WEFT_TYPE_DOUBLE || decimal_takes(to, 10, 0);
    if (from->kind == WEFT_TYPE_LONG)
        return decimal_takes(to, 19, 0);
    if (from->kind == WEFT_TYPE_DECIMAL)
        return decimal_takes(to, from->precision - from->scale, from->scale);
    return false;
}

static int cast_print(struct checker *c, const char *name, const struct weft_type *type,
                      const char **out)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, 1 << 20);
    bool json = type->kind == WEFT_TYPE_JSON; /* a text that must be JSON */
    weft_buf_adds(&sql, json ? "CAST(CAST(" : "CAST(");
    weft_buf_add_sql_name(&sql, name);
    weft_buf_adds(&sql, json ? " AS JSON) AS " : " AS ");
    weft_type_print_duckdb(type, &sql);
    weft_buf_addc(&sql, ')');
    WEFT_TRY(weft_buf_check(&sql, c->error));
    *out = weft_arena_strdup(c->arena, sql.data);
    return *out == NULL ? weft_error_nomem(c->error) : 0;
}

/* ---- refusals ---- */

static int at_field(struct checker *c, const struct weft_field *field)
{
    if (field != NULL && field->place.line > 0)
        return weft_error_at(c->error, c->product->file == NULL ? "" : c->product->file,
                             field->place.line, field->place.column);
    return -1;
}

static int refuse_type(struct checker *c, const struct weft_relation_column *column,
                       const struct weft_field *field)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf from;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf to;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf cast;
    weft_buf_init(&from, 1 << 16);
    weft_buf_init(&to, 1 << 16);
    weft_buf_init(&cast, 1 << 16);
    weft_type_print(column->type, &from);
    weft_type_print(field->type, &to);
    weft_type_print_duckdb(field->type, &cast);
    WEFT_TRY(weft_buf_check(&from, c->error));
    WEFT_TRY(weft_buf_check(&to, c->error));
    WEFT_TRY(weft_buf_check(&cast, c->error));
    weft_error_set(c->error, WEFT_E_INVALID,
                   "field %s is %s in the schema, and the %s gives %s, which may lose something",
                   field->name, to.data, word_of(c->product), from.data);
    if (is_graph(c->product))
        weft_error_hint(c->error, "declare it `%s`", from.data);
    else
        weft_error_hint(c->error, "declare it `%s`, or write `cast(... as %s) as %s` in the SQL",
                        from.data, cast.data, field->name);
    return at_field(c, field);
}

static int refuse_untyped(struct checker *c, const struct weft_relation_column *column,
                          const struct weft_field *field)
{
    weft_error_set(c->error, WEFT_E_INVALID,
                   "column \"%s\" of the SQL has a type that a table cannot hold", column->name);
    weft_error_hint(c->error,
                    "intervals, bits and unions cannot be stored: cast it, as in "
                    "`cast(... as varchar) as %s`",
                    column->name);
    return at_field(c, field);
}

static int names_of(struct checker *c, const struct weft_relation_column *columns, size_t count,
                    struct weft_buf *out)
{
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
        weft_buf_addf(out, "%s%s", i == 0 ? "" : ", ", columns[i].name);
    if (count > NAMES_SHOWN)
        weft_buf_addf(out, " and %zu more", count - NAMES_SHOWN);
    return weft_buf_check(out, c->error);
}

static int refuse_missing(struct checker *c, const struct weft_field *field,
                          const struct weft_relation_column *columns, size_t count)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf names;
    weft_buf_init(&names, 1 << 20);
    const char **given = weft_arena_array(c->arena, count + 1, sizeof *given);
    if (given == NULL)
        return weft_error_nomem(c->error);
    for (size_t i = 0; i < count; i++)
        given[i] = columns[i].name;
    WEFT_TRY(names_of(c, columns, count, &names));
    const char *near = weft_suggest(field->name, given, count);
    weft_error_set(c->error, WEFT_E_INVALID, "the %s gives no column %s, which the schema has",
                   word_of(c->product), field->name);
    weft_error_detail(c->error, "it gives %s", names.data);
    if (near != NULL && !is_graph(c->product))
        weft_error_hint(c->error, "write `%s as %s`, or call the field %s", near, field->name,
                        near);
    return at_field(c, field);
}

static int refuse_extra(struct checker *c, const struct weft_relation_column *column)
{
    weft_error_set(c->error, WEFT_E_INVALID, "the %s gives a column %s, which the schema lacks",
                   word_of(c->product), column->name);
    return weft_error_hint(c->error, is_graph(c->product)
                                         ? "add the field to the schema"
                                         : "add the field to the schema, or leave it out of the "
                                           "SELECT");
}

static int refuse_name(struct checker *c, const struct weft_relation_column *column)
{
    char proposal[WEFT_NAME_MAX + 1];
    weft_name_propose(column->name, proposal);
    weft_error_set(c->error, WEFT_E_INVALID, "the SQL gives a column that is called \"%.100s\"",
                   column->name);
    return weft_error_hint(c->error, "write `... as %s`", proposal);
}

static int refuse_double(struct checker *c, const struct weft_relation_column *one,
                         const struct weft_relation_column *other)
{
    weft_error_set(c->error, WEFT_E_INVALID, "the SQL gives two columns %s and %s", one->name,
                   other->name);
    return weft_error_hint(c->error, "names must differ not only by case: give one of them another "
                                     "with `as`");
}

/* ---- columns ---- */

static int column_declared(struct checker *c, const struct weft_field *field,
                           const struct weft_relation_column *columns, size_t count,
                           struct weft_transform_column *out)
{
    const struct weft_relation_column *column = NULL;
    for (size_t i = 0; i < count; i++) {
        if (weft_equal_fold(columns[i].name, field->name))
            column = &columns[i];
    }
    if (column == NULL)
        return refuse_missing(c, field, columns, count);
    if (column->type == NULL)
        return refuse_untyped(c, column, field);
    if (!cast_is_safe(column->type, field->type))
        return refuse_type(c, column, field);
    out->name = field->name;
    out->type = field->type;
    out->field = field;
    return cast_print(c, column->name, field->type, &out->sql);
}

static int column_found(struct checker *c, const struct weft_relation_column *column,
                        struct weft_transform_column *out)
{
    static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};
    const struct weft_type *type = column->type;
    if (!weft_name_valid(column->name))
        return refuse_name(c, column);
    if (type == NULL)
        return refuse_untyped(c, column, NULL);
    if (type->kind == WEFT_TYPE_DECIMAL && type->precision == 38 && type->scale == 0)
        type = &type_long;
    out->name = column->name;
    out->type = type;
    return cast_print(c, column->name, type, &out->sql);
}

static int check_doubles(struct checker *c, const struct weft_relation_column *columns,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (weft_equal_fold(columns[i].name, columns[k].name))
                return refuse_double(c, &columns[k], &columns[i]);
        }
    }
    return 0;
}

static int columns_make(struct checker *c, const struct weft_relation_column *columns, size_t count)
{
    const struct weft_fields *fields = &c->product->schema;
    struct weft_transform_column *made =
        weft_arena_array(c->arena, WEFT_MAX(fields->count, count) + 1, sizeof *made);
    if (made == NULL)
        return weft_error_nomem(c->error);
    WEFT_TRY(check_doubles(c, columns, count));
    for (size_t i = 0; i < fields->count; i++)
        WEFT_TRY(column_declared(c, &fields->items[i], columns, count, &made[i]));
    for (size_t i = 0; i < count; i++) {
        bool declared = false;
        for (size_t k = 0; k < fields->count; k++)
            declared = declared || weft_equal_fold(columns[i].name, fields->items[k].name);
        if (fields->count > 0 && !declared)
            return refuse_extra(c, &columns[i]);
        if (fields->count == 0)
            WEFT_TRY(column_found(c, &columns[i], &made[i]));
    }
    c->out->columns = made;
    c->out->count = fields->count > 0 ? fields->count : count;
    return 0;
}

/* ---- graphs ---- */

static int edges_refuse(struct checker *c, const char *text)
{
    weft_error_set(c->error, WEFT_E_INVALID, "graph: `edges` %s", text);
    weft_error_hint(c->error,
                    "it is a SELECT of two columns, the nodes of an edge, and a weight if "
                    "there is one");
    if (c->product->graph->edges_place.line > 0)
        weft_error_at(c->error, c->product->file == NULL ? "" : c->product->file,
                      c->product->graph->edges_place.line, c->product->graph->edges_place.column);
    return -1;
}

static bool is_node(const struct weft_relation_column *column)
{
    return column->type != NULL && !weft_type_is_nested(column->type) &&
           column->type->kind != WEFT_TYPE_FLOAT && column->type->kind != WEFT_TYPE_DOUBLE;
}

/* From the edges' columns to those of the table: node, and community or score. */
static int graph_columns(struct checker *c, const struct weft_relation_column *edges, size_t count,
                         struct weft_relation_column out[2])
{
    static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};
    static const struct weft_type type_double = {.kind = WEFT_TYPE_DOUBLE};
    if (count < 2 || count > 3)
        return edges_refuse(c, count < 2 ? "gives one column" : "gives more than three columns");
    if (!is_node(&edges[0]) || !is_node(&edges[1]))
        return edges_refuse(c, "gives nodes of a type that cannot be told apart exactly");
    bool wider = weft_type_widens(edges[0].type, edges[1].type);
    if (!wider && !weft_type_widens(edges[1].type, edges[0].type))
        return edges_refuse(c, "gives two columns of nodes with different types");
    if (count == 3 && (edges[2].type == NULL || !weft_type_is_number(edges[2].type)))
        return edges_refuse(c, "gives a weight that is no number");
    out[0] = (struct weft_relation_column){.name = "node",
                                           .type = wider ? edges[1].type : edges[0].type};
    bool score = c->product->graph->algorithm == WEFT_GRAPH_PAGERANK;
    out[1] =
        (struct weft_relation_column){.name = weft_graph_value_name(c->product->graph->algorithm),
                                      .type = score ? &type_double : &type_long};
    return 0;
}

/* ---- both ---- */

int weft_transform_check(struct weft_engine *engine, struct weft_arena *arena,
                         const struct weft_product *product,
                         const struct weft_resolve_options *options, struct weft_transform *out,
                         struct weft_error *error)
{
    struct weft_transform made = {0};
    struct checker c = {engine, arena, product, &made, error};
    struct weft_resolve_options own;
    const struct weft_relation_column *columns = NULL;
    struct weft_relation_column graph[2];
    size_t count = 0;
    const char *sql = NULL;
    WEFT_TRY(text_of(arena, product, &sql, error));
    if (sql == NULL)
        return weft_error_set(error, WEFT_E_INTERNAL, "%s has neither sql nor graph",
                              product->full_name);
    WEFT_TRY(options_of(arena, product, options, &own, error));
    WEFT_TRY(weft_resolve(engine, arena, sql, strlen(sql), &own, &made.resolved, error));
    WEFT_TRY(weft_resolved_columns(engine, arena, &made.resolved, &columns, &count, error));
    made.given = columns;
    made.given_count = count;
    if (is_graph(product)) {
        WEFT_TRY(graph_columns(&c, columns, count, graph));
        made.edges = columns;
        made.edge_columns = count;
        columns = graph;
        count = 2;
    }
    WEFT_TRY(columns_make(&c, columns, count));
    *out = made;
    return 0;
}

int weft_transform_references(struct weft_engine *engine, struct weft_arena *arena,
                              const struct weft_product *product, const struct weft_reference **out,
                              size_t *count, struct weft_error *error)
{
    struct weft_resolve_options given = {0};
    struct weft_resolve_options own;
    const char *sql = NULL;
    *out = NULL;
    *count = 0;
    WEFT_TRY(text_of(arena, product, &sql, error));
    if (sql == NULL)
        return 0;
    WEFT_TRY(options_of(arena, product, &given, &own, error));
    return weft_resolve_references(engine, arena, sql, strlen(sql), &own, out, count, error);
}

/*
 * import_gx.c - a suite of Great Expectations (0.x and 1.x JSON) as rules of a product.
 *
 * A suite seldom says all columns and their types. Where it does (a list of columns that is exact,
 * and a type for each), there is a schema with rules; else each expectation becomes a check, which
 * needs no schema. `mostly` of not_be_null is completeness; of others, a check of the share.
 * An expectation passes where the value is null, as a rule of weft does.
 * Format: https://docs.greatexpectations.io/docs/reference/
 */
#include "exchange/import.h"

#include "base/text.h"
#include "document/pattern.h"

#include <string.h>

#define CONDITION_MAX ((size_t)4 << 20)

struct suite {
    struct weft_import *import;
    struct weft_import_product *product;
    yyjson_doc *doc;
    struct weft_error *error;
    struct weft_buf text; /* the condition in the making */
};

struct expectation {
    yyjson_val *type_value;
    const char *type;
    yyjson_val *kwargs;
    const char *column; /* NULL = of the table */
    double mostly;
    int on_fail;
    const char *description;
};

static int note(struct suite *suite, const struct expectation *e, enum weft_import_fate fate,
                const char *text)
{
    struct weft_place place = weft_import_place(suite->import, suite->doc, e->type_value);
    return weft_import_note_add(suite->import, fate, suite->product->full_name, place, suite->error,
                                "%s%s%s%s%s%s", e->type, e->column == NULL ? "" : "(",
                                e->column == NULL ? "" : e->column, e->column == NULL ? "" : ")",
                                text[0] == '\0' ? "" : ": ", text);
}

static struct weft_import_field *field_of(struct suite *suite, const struct expectation *e)
{
    for (size_t i = 0; suite->product->schema_whole && i < suite->product->field_count; i++) {
        if (strcmp(suite->product->fields[i].source, e->column) == 0)
            return &suite->product->fields[i];
    }
    return NULL;
}

/* The column as the product's SQL has it. */
static void put_column(struct suite *suite, const struct expectation *e, const char *column)
{
    struct expectation of = *e;
    of.column = column;
    const struct weft_import_field *field = field_of(suite, &of);
    weft_buf_add_sql_name(&suite->text, field == NULL ? column : field->name);
}

static bool put_value(struct suite *suite, yyjson_val *value)
{
    if (yyjson_is_str(value)) {
        weft_buf_add_sql_text(&suite->text, yyjson_get_str(value), yyjson_get_len(value));
        return true;
    }
    if (!yyjson_is_num(value) && !yyjson_is_bool(value))
        return false; /* an evaluation parameter */
    struct weft_json_writer json;
    weft_json_writer_init(&json, &suite->text);
    weft_json_put_value(&json, value);
    return true;
}

static int check_add(struct suite *suite, const struct expectation *e, bool table)
{
    struct weft_arena *arena = suite->import->arena;
    const char *kind = strncmp(e->type, "expect_column_values_to_", 24) == 0 ? e->type + 24
                       : strncmp(e->type, "expect_", 7) == 0                 ? e->type + 7
                                                                             : e->type;
    WEFT_TRY(weft_buf_check(&suite->text, suite->error));
    const char *sql = weft_arena_strdup(arena, suite->text.data);
    struct weft_import_check check = {
        .name = e->column == NULL ? kind : weft_arena_format(arena, "%.25s_%.19s", e->column, kind),
        .description = e->description,
        .on_fail = e->on_fail,
    };
    if (sql == NULL || check.name == NULL)
        return weft_error_nomem(suite->error);
    *(table ? &check.sql : &check.condition) = sql;
    return weft_import_check_add(suite->import, suite->product, &check, suite->error);
}

/* The condition in suite->text as a check: of each row, or of the share of rows. */
static int condition_add(struct suite *suite, const struct expectation *e)
{
    if (e->mostly >= 1) {
        WEFT_TRY(check_add(suite, e, false));
        return note(suite, e, WEFT_IMPORT_TAKEN, "");
    }
    WEFT_TRY(weft_buf_check(&suite->text, suite->error));
    const char *condition = weft_arena_strdup(suite->import->arena, suite->text.data);
    if (condition == NULL)
        return weft_error_nomem(suite->error);
    weft_buf_clear(&suite->text);
    weft_buf_addf(&suite->text,
                  "select count(*) filter (not (%s)) as failing, count(%s) as of_rows from this "
                  "having count(*) filter (not (%s)) > (1 - %.15g) * count(",
                  condition, "*", condition, e->mostly);
    put_column(suite, e, e->column);
    weft_buf_addc(&suite->text, ')');
    WEFT_TRY(check_add(suite, e, true));
    return note(suite, e, WEFT_IMPORT_CHANGED,
                "`mostly` is a check of the share: it names no rows");
}

/* ---- expectations of a column's values: each writes its condition ---- */

enum made { MADE, NOT_MADE, PARAMETER };

static yyjson_val *kwarg(const struct expectation *e, const char *name)
{
    yyjson_val *value = yyjson_obj_get(e->kwargs, name);
    return yyjson_is_null(value) ? NULL : value;
}

static enum made set_condition(struct suite *suite, const struct expectation *e, bool inside)
{
    yyjson_val *set = kwarg(e, "value_set"), *item;
    size_t i, max, count = 0;
    if (!yyjson_is_arr(set))
        return PARAMETER;
    put_column(suite, e, e->column);
    weft_buf_adds(&suite->text, inside ? " in (" : " not in (");
    yyjson_arr_foreach(set, i, max, item)
    {
        if (yyjson_is_null(item))
            continue;
        weft_buf_adds(&suite->text, count++ == 0 ? "" : ", ");
        if (!put_value(suite, item))
            return PARAMETER;
    }
    weft_buf_addc(&suite->text, ')');
    return count == 0 ? NOT_MADE : MADE;
}

static enum made bound_condition(struct suite *suite, const struct expectation *e, bool lengths)
{
    static const char *const names[] = {"min_value", "max_value"};
    static const char *const strict[] = {"strict_min", "strict_max"};
    static const char *const signs[] = {" >= ", " <= ", " > ", " < "};
    int count = 0;
    for (int i = 0; i < 2; i++) {
        yyjson_val *bound = kwarg(e, names[i]);
        if (bound == NULL)
            continue;
        weft_buf_adds(&suite->text, count++ == 0 ? "" : " and ");
        weft_buf_adds(&suite->text, lengths ? "length(" : "");
        put_column(suite, e, e->column);
        weft_buf_adds(&suite->text, lengths ? ")" : "");
        weft_buf_adds(&suite->text, signs[i + 2 * yyjson_get_bool(kwarg(e, strict[i]))]);
        if (!put_value(suite, bound))
            return PARAMETER;
    }
    return count == 0 ? NOT_MADE : MADE;
}

static enum made between_condition(struct suite *suite, const struct expectation *e)
{
    return bound_condition(suite, e, false);
}

static enum made lengths_condition(struct suite *suite, const struct expectation *e)
{
    return bound_condition(suite, e, true);
}

static enum made length_condition(struct suite *suite, const struct expectation *e)
{
    weft_buf_adds(&suite->text, "length(");
    put_column(suite, e, e->column);
    weft_buf_adds(&suite->text, ") = ");
    yyjson_val *value = kwarg(e, "value");
    return yyjson_is_num(value) && put_value(suite, value) ? MADE : PARAMETER;
}

static enum made in_set_condition(struct suite *suite, const struct expectation *e)
{
    return set_condition(suite, e, true);
}

static enum made not_in_set_condition(struct suite *suite, const struct expectation *e)
{
    return set_condition(suite, e, false);
}

static enum made regex_condition(struct suite *suite, const struct expectation *e, bool matches)
{
    const char *regex = yyjson_get_str(kwarg(e, "regex"));
    if (regex == NULL)
        return PARAMETER;
    if (weft_pattern_mistake(regex) != NULL)
        return NOT_MADE;
    weft_buf_adds(&suite->text, matches ? "regexp_matches(cast(" : "not regexp_matches(cast(");
    put_column(suite, e, e->column);
    weft_buf_adds(&suite->text, " as varchar), ");
    weft_buf_add_sql_text(&suite->text, regex, strlen(regex));
    weft_buf_addc(&suite->text, ')');
    return MADE;
}

static enum made match_condition(struct suite *suite, const struct expectation *e)
{
    return regex_condition(suite, e, true);
}

static enum made not_match_condition(struct suite *suite, const struct expectation *e)
{
    return regex_condition(suite, e, false);
}

static enum made null_condition(struct suite *suite, const struct expectation *e)
{
    put_column(suite, e, e->column);
    weft_buf_adds(&suite->text, " is null");
    return MADE;
}

static const struct {
    const char *type;
    enum made (*condition)(struct suite *suite, const struct expectation *e);
} conditions[] = {
    {"expect_column_values_to_be_in_set", in_set_condition},
    {"expect_column_values_to_not_be_in_set", not_in_set_condition},
    {"expect_column_values_to_be_between", between_condition},
    {"expect_column_values_to_match_regex", match_condition},
    {"expect_column_values_to_not_match_regex", not_match_condition},
    {"expect_column_value_lengths_to_be_between", lengths_condition},
    {"expect_column_value_lengths_to_equal", length_condition},
    {"expect_column_values_to_be_null", null_condition},
};

/* ---- the others ---- */

static int not_null_read(struct suite *suite, const struct expectation *e)
{
    struct weft_import_product *product = suite->product;
    struct weft_import_field *field = field_of(suite, e);
    if (e->mostly >= 1 && field != NULL) {
        field->required = true;
        field->on_fail[WEFT_RULE_REQUIRED] = e->on_fail;
        return note(suite, e, WEFT_IMPORT_TAKEN, "");
    }
    if (e->mostly >= 1) {
        put_column(suite, e, e->column);
        weft_buf_adds(&suite->text, " is not null");
        return condition_add(suite, e);
    }
    const char *name = field == NULL ? e->column : field->name;
    if (!weft_name_valid(name) || product->completeness_count == WEFT_COUNT(product->completeness))
        return note(suite, e, WEFT_IMPORT_LEFT, "the column's name cannot stand in `completeness`");
    struct weft_completeness *item = weft_arena_alloc(suite->import->arena, sizeof *item);
    if (item == NULL)
        return weft_error_nomem(suite->error);
    for (size_t i = 0; i < product->completeness_count; i++) {
        if (strcmp(product->completeness[i]->field, name) == 0)
            return note(suite, e, WEFT_IMPORT_LEFT, "`completeness` has the column already");
    }
    item->field = weft_arena_strdup(suite->import->arena, name);
    item->min = e->mostly;
    item->on_fail = e->on_fail == WEFT_ON_FAIL_WARN ? WEFT_ON_FAIL_WARN : WEFT_ON_FAIL_BLOCK;
    if (item->field == NULL)
        return weft_error_nomem(suite->error);
    product->completeness[product->completeness_count++] = item;
    return note(suite, e, WEFT_IMPORT_TAKEN, "completeness");
}

/* `columns` is a list of names; all null passes, as with ignore_row_if: all_values_are_missing. */
static int unique_read(struct suite *suite, const struct expectation *e, yyjson_val *columns)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf names;
    size_t i, max;
    yyjson_val *item;
    const char *ignore = yyjson_get_str(kwarg(e, "ignore_row_if"));
    const char *join =
        ignore != NULL && strcmp(ignore, "any_value_is_missing") == 0 ? " and " : " or ";
    weft_buf_init(&names, CONDITION_MAX);
    weft_buf_adds(&names, "");
    yyjson_arr_foreach(columns, i, max, item)
    {
        if (!yyjson_is_str(item))
            return note(suite, e, WEFT_IMPORT_LEFT, "its columns are no names");
        weft_buf_adds(&suite->text, i == 0 ? "" : ", ");
        put_column(suite, e, yyjson_get_str(item));
    }
    weft_buf_add(&names, suite->text.data, suite->text.length);
    WEFT_TRY(weft_buf_check(&names, suite->error));
    weft_buf_clear(&suite->text);
    weft_buf_addf(&suite->text, "select %s, count(*) as times from this", names.data);
    for (i = 0; (ignore == NULL || strcmp(ignore, "never") != 0) && i < max; i++) {
        weft_buf_adds(&suite->text, i == 0 ? " where " : join);
        put_column(suite, e, yyjson_get_str(yyjson_arr_get(columns, i)));
        weft_buf_adds(&suite->text, " is not null");
    }
    weft_buf_addf(&suite->text, " group by %s having count(*) > 1", names.data);
    WEFT_TRY(check_add(suite, e, true));
    return note(suite, e, WEFT_IMPORT_CHANGED,
                "a check of the whole table: it blocks, and names values instead of rows");
}

static int column_unique_read(struct suite *suite, const struct expectation *e)
{
    struct weft_import_field *field = field_of(suite, e);
    if (e->mostly < 1)
        return note(suite, e, WEFT_IMPORT_LEFT, "with `mostly`");
    if (field != NULL) {
        field->unique = true;
        field->on_fail[WEFT_RULE_UNIQUE] = e->on_fail;
        return note(suite, e, WEFT_IMPORT_TAKEN, "");
    }
    WEFT_TRY(weft_buf_check(&suite->text, suite->error));
    put_column(suite, e, e->column);
    const char *name = weft_arena_strdup(suite->import->arena, suite->text.data);
    if (name == NULL)
        return weft_error_nomem(suite->error);
    weft_buf_clear(&suite->text);
    weft_buf_addf(&suite->text,
                  "select %s, count(*) as times from this where %s is not null group by %s having "
                  "count(*) > 1",
                  name, name, name);
    WEFT_TRY(check_add(suite, e, true));
    return note(suite, e, WEFT_IMPORT_CHANGED,
                "a check of the whole table: it blocks, and names values instead of rows");
}

static int rows_read(struct suite *suite, const struct expectation *e)
{
    bool equal = strcmp(e->type, "expect_table_row_count_to_equal") == 0;
    yyjson_val *low = kwarg(e, equal ? "value" : "min_value");
    yyjson_val *high = kwarg(e, equal ? "value" : "max_value");
    struct weft_import_product *product = suite->product;
    if ((low != NULL && !yyjson_is_uint(low)) || (high != NULL && !yyjson_is_uint(high)) ||
        (low == NULL && high == NULL))
        return note(suite, e, WEFT_IMPORT_LEFT, "its bounds are no whole numbers");
    if (product->rows_min >= 0 || product->rows_max >= 0)
        return note(suite, e, WEFT_IMPORT_LEFT, "there is a rule for the number of rows already");
    product->rows_min = low == NULL ? -1 : yyjson_get_sint(low);
    product->rows_max = high == NULL ? -1 : yyjson_get_sint(high);
    product->rows_on_fail = e->on_fail;
    return note(suite, e, WEFT_IMPORT_TAKEN, "rows");
}

static int exists_read(struct suite *suite, const struct expectation *e)
{
    if (suite->product->schema_whole)
        return note(suite, e, WEFT_IMPORT_TAKEN, "the schema says it");
    weft_buf_adds(&suite->text, "select ");
    put_column(suite, e, e->column);
    weft_buf_adds(&suite->text, " from this limit 0");
    WEFT_TRY(check_add(suite, e, true));
    return note(suite, e, WEFT_IMPORT_TAKEN, "");
}

static int type_read(struct suite *suite, const struct expectation *e)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf name;
    const struct weft_type *read;
    const char *given = yyjson_get_str(kwarg(e, "type_")), *type = NULL;
    weft_buf_init(&name, 65536);
    if (suite->product->schema_whole)
        return note(suite, e, WEFT_IMPORT_TAKEN, "the schema says it");
    if (given != NULL)
        WEFT_TRY(weft_import_type(suite->import->arena, given, &type, NULL, suite->error));
    if (type == NULL)
        return note(suite, e, WEFT_IMPORT_LEFT, "the type has no like here");
    WEFT_TRY(weft_type_parse(suite->import->arena, type, &read, suite->error));
    weft_type_print_duckdb(read, &name);
    WEFT_TRY(weft_buf_check(&name, suite->error));
    weft_buf_adds(&suite->text, "select typeof(");
    put_column(suite, e, e->column);
    weft_buf_adds(&suite->text, ") as type from this where typeof(");
    put_column(suite, e, e->column);
    weft_buf_adds(&suite->text, ") <> ");
    weft_buf_add_sql_text(&suite->text, name.data, name.length);
    weft_buf_adds(&suite->text, " limit 1");
    WEFT_TRY(check_add(suite, e, true));
    return note(suite, e, WEFT_IMPORT_TAKEN, "");
}

static int pair_read(struct suite *suite, const struct expectation *e)
{
    const char *a = yyjson_get_str(kwarg(e, "column_A"));
    const char *b = yyjson_get_str(kwarg(e, "column_B"));
    if (a == NULL || b == NULL || e->mostly < 1)
        return note(suite, e, WEFT_IMPORT_LEFT, "without two columns, or with `mostly`");
    put_column(suite, e, a);
    weft_buf_adds(&suite->text, yyjson_get_bool(kwarg(e, "or_equal")) ? " >= " : " > ");
    put_column(suite, e, b);
    return condition_add(suite, e);
}

static int values_read(struct suite *suite, const struct expectation *e)
{
    for (size_t i = 0; i < WEFT_COUNT(conditions); i++) {
        if (strcmp(conditions[i].type, e->type) != 0)
            continue;
        enum made made = conditions[i].condition(suite, e);
        if (made == PARAMETER)
            return note(suite, e, WEFT_IMPORT_LEFT, "a value of it is given at run time, or none");
        if (made == NOT_MADE)
            return note(suite, e, WEFT_IMPORT_LEFT,
                        "it has no value, or a regular expression that RE2 does not have");
        return condition_add(suite, e);
    }
    return note(suite, e, WEFT_IMPORT_LEFT, "weft has no such rule");
}

static int expectation_read(struct suite *suite, const struct expectation *e)
{
    const char *type = e->type;
    weft_buf_clear(&suite->text);
    if (kwarg(e, "row_condition") != NULL)
        return note(suite, e, WEFT_IMPORT_LEFT, "with `row_condition`");
    if (kwarg(e, "mostly") != NULL && !yyjson_is_num(kwarg(e, "mostly")))
        return note(suite, e, WEFT_IMPORT_LEFT, "`mostly` is given at run time");
    if (strncmp(type, "expect_table_row_count_to_", 26) == 0)
        return rows_read(suite, e);
    if (strcmp(type, "expect_compound_columns_to_be_unique") == 0 ||
        strcmp(type, "expect_multicolumn_values_to_be_unique") == 0) {
        yyjson_val *list = kwarg(e, "column_list");
        return strstr(type, "compound") != NULL && yyjson_arr_size(list) > 0 && e->mostly >= 1
                   ? unique_read(suite, e, list)
                   : note(suite, e, WEFT_IMPORT_LEFT, "within a row, or with `mostly`");
    }
    if (strcmp(type, "expect_column_pair_values_a_to_be_greater_than_b") == 0)
        return pair_read(suite, e);
    if (strcmp(type, "expect_table_columns_to_match_ordered_list") == 0 ||
        strcmp(type, "expect_table_columns_to_match_set") == 0)
        return suite->product->schema_whole
                   ? note(suite, e, WEFT_IMPORT_TAKEN, "the schema says it")
                   : note(suite, e, WEFT_IMPORT_LEFT,
                          "it needs a schema, and not every column has a type");
    if (e->column == NULL)
        return note(suite, e, WEFT_IMPORT_LEFT, "weft has no such rule");
    if (strcmp(type, "expect_column_values_to_not_be_null") == 0)
        return not_null_read(suite, e);
    if (strcmp(type, "expect_column_values_to_be_unique") == 0)
        return column_unique_read(suite, e);
    if (strcmp(type, "expect_column_to_exist") == 0)
        return exists_read(suite, e);
    if (strcmp(type, "expect_column_values_to_be_of_type") == 0)
        return type_read(suite, e);
    return values_read(suite, e);
}

/* ---- the suite ---- */

/* False when it has no name. */
static bool expectation_open(yyjson_val *value, struct expectation *e)
{
    yyjson_val *meta = yyjson_obj_get(value, "meta");
    *e = (struct expectation){.mostly = 1, .on_fail = WEFT_IMPORT_ON_FAIL_NONE};
    e->type_value = yyjson_obj_get(value, "expectation_type");
    if (e->type_value == NULL)
        e->type_value = yyjson_obj_get(value, "type");
    e->type = yyjson_get_str(e->type_value);
    e->kwargs = yyjson_obj_get(value, "kwargs");
    e->column = yyjson_get_str(yyjson_obj_get(e->kwargs, "column"));
    e->description = yyjson_get_str(yyjson_obj_get(value, "description"));
    const char *notes = yyjson_get_str(yyjson_obj_get(value, "notes"));
    if (e->description == NULL)
        e->description = notes != NULL ? notes : yyjson_get_str(yyjson_obj_get(meta, "notes"));
    if (yyjson_is_num(yyjson_obj_get(e->kwargs, "mostly")))
        e->mostly = yyjson_get_num(yyjson_obj_get(e->kwargs, "mostly"));
    const char *severity = yyjson_get_str(yyjson_obj_get(value, "severity"));
    if (severity != NULL && (strcmp(severity, "warning") == 0 || strcmp(severity, "info") == 0))
        e->on_fail = WEFT_ON_FAIL_WARN;
    return e->type != NULL;
}

static int type_find(struct suite *suite, yyjson_val *list, const char *column, const char **out)
{
    struct expectation e;
    size_t i, max;
    yyjson_val *item;
    *out = NULL;
    yyjson_arr_foreach(list, i, max, item)
    {
        if (!expectation_open(item, &e) || e.column == NULL || strcmp(e.column, column) != 0 ||
            strcmp(e.type, "expect_column_values_to_be_of_type") != 0)
            continue;
        const char *given = yyjson_get_str(yyjson_obj_get(e.kwargs, "type_"));
        return given == NULL
                   ? 0
                   : weft_import_type(suite->import->arena, given, out, NULL, suite->error);
    }
    return 0;
}

/* An exact list of the columns, with a type for each, makes a schema. */
static int schema_find(struct suite *suite, yyjson_val *list)
{
    struct expectation e;
    yyjson_val *columns = NULL, *item;
    size_t i, max;
    yyjson_arr_foreach(list, i, max, item)
    {
        if (!expectation_open(item, &e))
            continue;
        if (strcmp(e.type, "expect_table_columns_to_match_ordered_list") == 0)
            columns = kwarg(&e, "column_list");
    }
    struct weft_import_field *field;
    bool whole = yyjson_arr_size(columns) > 0;
    yyjson_arr_foreach(columns, i, max, item)
    {
        const char *type = NULL, *name = yyjson_get_str(item);
        if (name != NULL)
            WEFT_TRY(type_find(suite, list, name, &type));
        whole = whole && type != NULL;
    }
    for (i = 0; whole && i < yyjson_arr_size(columns); i++) {
        yyjson_val *name = yyjson_arr_get(columns, i);
        WEFT_TRY(weft_import_field_get(suite->import, suite->product, yyjson_get_str(name),
                                       weft_import_place(suite->import, suite->doc, name), &field,
                                       suite->error));
        WEFT_TRY(type_find(suite, list, field->source, &field->type));
    }
    suite->product->schema_whole = whole;
    return 0;
}

static int product_make(struct suite *suite, yyjson_val *root)
{
    struct weft_import *import = suite->import;
    yyjson_val *title = yyjson_obj_get(root, "name");
    const char *name = import->product;
    if (title == NULL)
        title = yyjson_obj_get(root, "expectation_suite_name");
    if (import->domain == NULL) {
        weft_error_set(suite->error, WEFT_E_USAGE, "a suite names no domain");
        return weft_error_hint(suite->error, "say it: --into DOMAIN.PRODUCT");
    }
    if (name == NULL)
        WEFT_TRY(weft_import_name(
            import, "suite", NULL, yyjson_is_str(title) ? yyjson_get_str(title) : "", "suite",
            weft_import_place(import, suite->doc, title), &name, suite->error));
    return weft_import_product_new(import, import->domain, name, &suite->product, suite->error);
}

static int suite_read(struct suite *suite, yyjson_val *root, yyjson_val *list)
{
    struct expectation e;
    size_t i, max;
    yyjson_val *item;
    WEFT_TRY(product_make(suite, root));
    WEFT_TRY(schema_find(suite, list));
    yyjson_arr_foreach(list, i, max, item)
    {
        if (expectation_open(item, &e))
            WEFT_TRY(expectation_read(suite, &e));
        else
            WEFT_TRY(weft_import_note_add(suite->import, WEFT_IMPORT_LEFT,
                                          suite->product->full_name, (struct weft_place){0},
                                          suite->error, "expectation %zu has no type", i + 1));
    }
    return weft_import_product_write(suite->import, suite->product, suite->error);
}

int weft_import_great_expectations(struct weft_import *import, struct weft_error *error)
{
    WEFT_CLEANUP(weft_json_freep) yyjson_doc *doc = NULL;
    if (weft_json_parse(import->data, import->length, WEFT_JSON_UNIQUE_KEYS, &doc, error) < 0)
        return weft_error_prefix(error, "%s", import->shown);
    yyjson_val *root = yyjson_doc_get_root(doc);
    yyjson_val *list = yyjson_obj_get(root, "expectations");
    if (!yyjson_is_arr(list)) {
        weft_error_set(error, WEFT_E_INVALID, "%s is no suite of Great Expectations",
                       import->shown);
        return weft_error_hint(error, "it has a list `expectations`: expectations/NAME.json of the "
                                      "project, or a suite saved as JSON");
    }
    struct suite suite = {.import = import, .doc = doc, .error = error};
    weft_buf_init(&suite.text, CONDITION_MAX);
    int rc = suite_read(&suite, root, list);
    weft_buf_release(&suite.text);
    return rc;
}

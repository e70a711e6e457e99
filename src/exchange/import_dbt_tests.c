/*
 * import_dbt_tests.c - tests and constraints of dbt models as rules.
 *
 * Four generic tests and dbt_utils' unique combination become rules of fields and keys where the
 * model has a schema. Any other test whose compiled SQL reads its model alone becomes an SQL check:
 * in both, rows that come back are failures. The rest is named.
 */
#include "exchange/import_dbt_internal.h"

#include "base/text.h"

#include <string.h>

struct dbt_test {
    yyjson_val *node;
    yyjson_val *name_value;
    const char *name;   /* not_null_orders_id */
    const char *kind;   /* not_null, accepted_values ...; NULL = singular */
    const char *where;  /* NULL = all rows */
    const char *column; /* without quotes; NULL = of the table */
    struct dbt_model *model;
    int on_fail;
};

static yyjson_val *test_argument(const struct dbt_test *test, const char *name)
{
    yyjson_val *kwargs = yyjson_obj_get(yyjson_obj_get(test->node, "test_metadata"), "kwargs");
    yyjson_val *value = yyjson_obj_get(kwargs, name);
    return value != NULL ? value : yyjson_obj_get(yyjson_obj_get(kwargs, "arguments"), name);
}

static int test_note(struct dbt *dbt, const struct dbt_test *test, enum weft_import_fate fate,
                     const char *text)
{
    return weft_import_note_add(
        dbt->import, fate, test->model == NULL ? NULL : test->model->product->full_name,
        weft_import_place(dbt->import, dbt->doc, test->name_value), dbt->error, "test %s%s%s",
        test->name, text[0] == '\0' ? "" : ": ", text);
}

/* ---- rules ---- */

/* The rule of a row, as a check. */
static int condition_add(struct dbt *dbt, const struct dbt_test *test, const char *condition)
{
    struct weft_import_check check = {
        .name = test->name,
        .condition = condition,
        .on_fail = test->on_fail,
    };
    if (condition != NULL && test->where != NULL)
        check.condition = weft_arena_format(
            dbt->import->arena, "case when (%s) then (%s) else true end", test->where, condition);
    if (check.condition == NULL)
        return weft_error_nomem(dbt->error);
    WEFT_TRY(weft_import_check_add(dbt->import, test->model->product, &check, dbt->error));
    return test_note(dbt, test, WEFT_IMPORT_TAKEN, "");
}

/* The compiled SQL over `this`. */
static int sql_add(struct dbt *dbt, const struct dbt_test *test, const char *why)
{
    const char *compiled = yyjson_get_str(yyjson_obj_get(test->node, "compiled_code"));
    struct weft_import_check check = {.name = test->name, .on_fail = test->on_fail};
    if (test->model == NULL)
        return test_note(dbt, test, WEFT_IMPORT_LEFT, "it is of no model, or of several");
    if (compiled == NULL || compiled[0] == '\0')
        return test_note(dbt, test, WEFT_IMPORT_LEFT,
                         "weft has no such rule, and its SQL is not compiled (`dbt compile`)");
    int rc = dbt_sql_rewrite(dbt, test->model, test->model, compiled, &check.sql);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return test_note(dbt, test, WEFT_IMPORT_LEFT,
                         "its SQL reads another table, which a check cannot");
    WEFT_TRY(weft_import_check_add(dbt->import, test->model->product, &check, dbt->error));
    return test_note(dbt, test, WEFT_IMPORT_CHANGED, why);
}

static const char *quoted(struct dbt *dbt, const char *column)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf name;
    weft_buf_init(&name, 4096);
    weft_buf_add_sql_name(&name, column);
    return name.failed ? NULL : weft_arena_strdup(dbt->import->arena, name.data);
}

static int field_of(struct dbt *dbt, const struct dbt_test *test, struct weft_import_field **out)
{
    return weft_import_field_get(dbt->import, test->model->product, test->column,
                                 weft_import_place(dbt->import, dbt->doc, test->name_value), out,
                                 dbt->error);
}

/* Is the column one of the schema? A test may name one that is not written down. */
static bool field_known(const struct dbt_test *test, const char *column)
{
    const struct weft_import_product *product = test->model->product;
    for (size_t i = 0; product->schema_whole && i < product->field_count; i++) {
        if (weft_equal_fold(product->fields[i].source, column))
            return true;
    }
    return false;
}

static int not_null_read(struct dbt *dbt, const struct dbt_test *test)
{
    struct weft_import_field *field;
    const char *name = quoted(dbt, test->column);
    if (name == NULL)
        return weft_error_nomem(dbt->error);
    if (test->where != NULL || !field_known(test, test->column))
        return condition_add(dbt, test,
                             weft_arena_format(dbt->import->arena, "%s is not null", name));
    WEFT_TRY(field_of(dbt, test, &field));
    field->required = true;
    field->on_fail[WEFT_RULE_REQUIRED] = test->on_fail;
    return test_note(dbt, test, WEFT_IMPORT_TAKEN, "");
}

static int unique_read(struct dbt *dbt, const struct dbt_test *test)
{
    struct weft_import_field *field;
    const char *name = quoted(dbt, test->column);
    if (name == NULL)
        return weft_error_nomem(dbt->error);
    if (test->where == NULL && field_known(test, test->column)) {
        WEFT_TRY(field_of(dbt, test, &field));
        field->unique = true;
        field->on_fail[WEFT_RULE_UNIQUE] = test->on_fail;
        return test_note(dbt, test, WEFT_IMPORT_TAKEN, "");
    }
    struct weft_import_check check = {.name = test->name, .on_fail = test->on_fail};
    check.sql = weft_arena_format(
        dbt->import->arena,
        "select %s, count(*) as times from this where %s is not null%s%s%s "
        "group by %s having count(*) > 1",
        name, name, test->where == NULL ? "" : " and (", test->where == NULL ? "" : test->where,
        test->where == NULL ? "" : ")", name);
    if (check.sql == NULL)
        return weft_error_nomem(dbt->error);
    WEFT_TRY(weft_import_check_add(dbt->import, test->model->product, &check, dbt->error));
    return test_note(dbt, test, WEFT_IMPORT_CHANGED,
                     "a check of the whole table: it blocks, and names values instead of rows");
}

static int values_text(struct dbt *dbt, yyjson_val *value, bool quote, struct weft_buf *sql,
                       const char **out)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_json_writer json;
    weft_buf_init(&text, 65536);
    weft_json_writer_init(&json, &text);
    if (yyjson_is_str(value))
        weft_buf_adds(&text, yyjson_get_str(value));
    else
        weft_json_put_value(&json, value);
    WEFT_TRY(weft_buf_check(&text, dbt->error));
    if (quote)
        weft_buf_add_sql_text(sql, text.data, text.length);
    else
        weft_buf_adds(sql, text.data);
    *out = weft_arena_strdup(dbt->import->arena, text.data);
    return *out == NULL ? weft_error_nomem(dbt->error) : 0;
}

static int accepted_values_make(struct dbt *dbt, const struct dbt_test *test, yyjson_val *values,
                                struct weft_buf *sql)
{
    struct weft_import_field *field;
    yyjson_val *quote = test_argument(test, "quote"), *item;
    size_t i, max, count = yyjson_arr_size(values);
    const char **items = weft_arena_array(dbt->import->arena, count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(dbt->error);
    weft_buf_add_sql_name(sql, test->column);
    weft_buf_adds(sql, " in (");
    yyjson_arr_foreach(values, i, max, item)
    {
        weft_buf_adds(sql, i == 0 ? "" : ", ");
        WEFT_TRY(values_text(dbt, item, !yyjson_is_false(quote), sql, &items[i]));
    }
    weft_buf_addc(sql, ')');
    WEFT_TRY(weft_buf_check(sql, dbt->error));
    if (test->where == NULL && field_known(test, test->column)) {
        WEFT_TRY(field_of(dbt, test, &field));
        if (strcmp(field->type, "string") == 0 && field->values.count == 0) {
            field->values = (struct weft_texts){items, count};
            field->on_fail[WEFT_RULE_ENUM] = test->on_fail;
            return test_note(dbt, test, WEFT_IMPORT_TAKEN, "");
        }
    }
    return condition_add(dbt, test, weft_arena_strdup(dbt->import->arena, sql->data));
}

static int accepted_values_read(struct dbt *dbt, const struct dbt_test *test)
{
    yyjson_val *values = test_argument(test, "values");
    struct weft_buf sql;
    if (yyjson_arr_size(values) == 0)
        return test_note(dbt, test, WEFT_IMPORT_LEFT, "it names no values");
    weft_buf_init(&sql, (size_t)4 << 20);
    int rc = accepted_values_make(dbt, test, values, &sql);
    weft_buf_release(&sql);
    return rc;
}

/* to: ref('customers'), of which depends_on has the id. */
static int relationships_read(struct dbt *dbt, const struct dbt_test *test)
{
    yyjson_val *nodes = yyjson_obj_get(yyjson_obj_get(test->node, "depends_on"), "nodes"), *item;
    const char *other = yyjson_get_str(test_argument(test, "field"));
    const struct dbt_model *to = NULL;
    struct weft_import_field *field, *target;
    size_t i, max;
    yyjson_arr_foreach(nodes, i, max, item)
    {
        const struct dbt_model *model = dbt_model_find(dbt, yyjson_get_str(item));
        if (model != NULL && (model != test->model || max == 1))
            to = model;
    }
    if (test->where != NULL)
        return test_note(dbt, test, WEFT_IMPORT_LEFT, "with `where`");
    if (to == NULL || other == NULL)
        return test_note(dbt, test, WEFT_IMPORT_LEFT, "it names no model that is imported");
    if (!field_known(test, test->column) || !to->product->schema_whole)
        return test_note(dbt, test, WEFT_IMPORT_LEFT,
                         "`references` needs the schema of both, and not all columns are known "
                         "with a type (catalog.json has them)");
    WEFT_TRY(field_of(dbt, test, &field));
    WEFT_TRY(weft_import_field_get(dbt->import, to->product, other, (struct weft_place){0}, &target,
                                   dbt->error));
    if (target->type == NULL)
        return test_note(dbt, test, WEFT_IMPORT_LEFT, "it names an unknown column");
    if (field->references != NULL)
        return test_note(dbt, test, WEFT_IMPORT_LEFT, "the column refers to another one already");
    field->references =
        weft_arena_format(dbt->import->arena, "%s.%s", to->product->full_name, target->name);
    field->on_fail[WEFT_RULE_REFERENCES] = test->on_fail;
    return field->references == NULL ? weft_error_nomem(dbt->error)
                                     : test_note(dbt, test, WEFT_IMPORT_TAKEN, "");
}

/* A key where none of its columns may be null; dbt takes null for a value. */
static int combination_read(struct dbt *dbt, const struct dbt_test *test)
{
    struct weft_import_product *product = test->model->product;
    yyjson_val *list = test_argument(test, "combination_of_columns"), *item;
    const char **names =
        weft_arena_array(dbt->import->arena, yyjson_arr_size(list) + 1, sizeof *names);
    struct dbt_test of = *test;
    struct weft_import_field *field;
    size_t i, max;
    bool key = product->key.count == 0 && test->where == NULL && yyjson_arr_size(list) > 0 &&
               test->on_fail != WEFT_ON_FAIL_WARN;
    if (names == NULL)
        return weft_error_nomem(dbt->error);
    yyjson_arr_foreach(list, i, max, item)
    {
        of.column = yyjson_get_str(item);
        key = key && of.column != NULL && field_known(test, of.column);
        if (!key)
            break;
        WEFT_TRY(field_of(dbt, &of, &field));
        key = field->required;
        names[i] = field->name;
    }
    if (!key)
        return sql_add(dbt, test,
                       "a check of the whole table: it blocks, and names values instead of rows");
    product->key = (struct weft_texts){names, yyjson_arr_size(list)};
    product->key_on_fail = test->on_fail;
    return test_note(dbt, test, WEFT_IMPORT_TAKEN, "key");
}

/* ---- tests ---- */

static int column_read(struct dbt *dbt, struct dbt_test *test)
{
    const char *column = yyjson_get_str(yyjson_obj_get(test->node, "column_name"));
    if (column == NULL)
        column = yyjson_get_str(test_argument(test, "column_name"));
    if (column == NULL)
        return 0;
    size_t length = strlen(column);
    bool quotes = length > 2 && strchr("\"`[", column[0]) != NULL;
    test->column = weft_arena_strndup(dbt->import->arena, column + quotes, length - 2 * quotes);
    return test->column == NULL ? weft_error_nomem(dbt->error) : 0;
}

/* attached_node, or the one model it depends on. */
static void model_find(struct dbt *dbt, struct dbt_test *test)
{
    yyjson_val *nodes = yyjson_obj_get(yyjson_obj_get(test->node, "depends_on"), "nodes"), *item;
    size_t i, max;
    test->model = dbt_model_find(dbt, yyjson_get_str(yyjson_obj_get(test->node, "attached_node")));
    if (test->model != NULL)
        return;
    yyjson_arr_foreach(nodes, i, max, item)
    {
        if (max == 1)
            test->model = dbt_model_find(dbt, yyjson_get_str(item));
    }
}

static int test_open(struct dbt *dbt, yyjson_val *node, struct dbt_test *test)
{
    yyjson_val *config = yyjson_obj_get(node, "config");
    const char *severity = weft_json_text_or(config, "severity", "error");
    *test = (struct dbt_test){.node = node, .on_fail = WEFT_IMPORT_ON_FAIL_NONE};
    test->name_value = yyjson_obj_get(node, "name");
    test->name = weft_json_text_or(node, "name", "test");
    test->kind = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(node, "test_metadata"), "name"));
    test->where = yyjson_get_str(yyjson_obj_get(config, "where"));
    if (weft_equal_fold(severity, "warn"))
        test->on_fail = WEFT_ON_FAIL_WARN;
    WEFT_TRY(column_read(dbt, test));
    model_find(dbt, test);
    return 0;
}

static bool thresholds(const struct dbt_test *test)
{
    yyjson_val *config = yyjson_obj_get(test->node, "config");
    return strcmp(weft_json_text_or(config, "error_if", "!= 0"), "!= 0") != 0 ||
           strcmp(weft_json_text_or(config, "warn_if", "!= 0"), "!= 0") != 0;
}

static const struct {
    const char *kind;
    bool column;
    int (*read)(struct dbt *dbt, const struct dbt_test *test);
} kinds[] = {
    {"not_null", true, not_null_read},
    {"unique", true, unique_read},
    {"accepted_values", true, accepted_values_read},
    {"relationships", true, relationships_read},
    {"unique_combination_of_columns", false, combination_read},
};

static int test_read(struct dbt *dbt, const struct dbt_test *test)
{
    if (thresholds(test))
        return test_note(dbt, test, WEFT_IMPORT_LEFT, "with error_if or warn_if");
    if (test->model == NULL)
        return test_note(dbt, test, WEFT_IMPORT_LEFT,
                         "it is of several models, or of none that is imported");
    for (size_t i = 0; test->kind != NULL && i < WEFT_COUNT(kinds); i++) {
        if (strcmp(kinds[i].kind, test->kind) == 0 && (test->column != NULL || !kinds[i].column))
            return kinds[i].read(dbt, test);
    }
    return sql_add(dbt, test, "its compiled SQL is a check of the whole table");
}

int dbt_tests_read(struct dbt *dbt)
{
    /* Keys last: they ask which columns may be null. */
    for (int keys = 0; keys < 2; keys++) {
        size_t i, max;
        yyjson_val *key, *node;
        WEFT_JSON_EACH(yyjson_obj_get(dbt->root, "nodes"), i, max, key, node)
        {
            struct dbt_test test;
            if (strcmp(weft_json_text_or(node, "resource_type", ""), "test") != 0)
                continue;
            WEFT_TRY(test_open(dbt, node, &test));
            bool last =
                test.kind != NULL && strcmp(test.kind, "unique_combination_of_columns") == 0;
            if (last == (keys == 1))
                WEFT_TRY(test_read(dbt, &test));
        }
    }
    return 0;
}

/* ---- constraints ---- */

static int key_set(struct dbt *dbt, struct dbt_model *model, yyjson_val *columns)
{
    const char **names =
        weft_arena_array(dbt->import->arena, yyjson_arr_size(columns) + 1, sizeof *names);
    struct weft_import_field *field;
    size_t i, max;
    yyjson_val *item;
    if (names == NULL)
        return weft_error_nomem(dbt->error);
    yyjson_arr_foreach(columns, i, max, item)
    {
        WEFT_TRY(weft_import_field_get(dbt->import, model->product,
                                       yyjson_is_str(item) ? yyjson_get_str(item) : "",
                                       (struct weft_place){0}, &field, dbt->error));
        names[i] = field->name;
        if (field->type == NULL)
            return dbt_note(dbt, model, WEFT_IMPORT_LEFT, item,
                            "a primary key over a column that is not known with a type");
    }
    model->product->key = (struct weft_texts){names, yyjson_arr_size(columns)};
    return dbt_note(dbt, model, WEFT_IMPORT_TAKEN, yyjson_arr_get_first(columns), "primary key");
}

/* column NULL = of the model. */
static int constraint_read(struct dbt *dbt, struct dbt_model *model, yyjson_val *constraint,
                           yyjson_val *column)
{
    yyjson_val *kind = yyjson_obj_get(constraint, "type");
    yyjson_val *columns = yyjson_obj_get(constraint, "columns");
    const char *type = yyjson_is_str(kind) ? yyjson_get_str(kind) : "";
    const char *expression = yyjson_get_str(yyjson_obj_get(constraint, "expression"));
    struct weft_import_field *field;
    if (column == NULL && yyjson_arr_size(columns) == 1)
        column = yyjson_arr_get_first(columns);
    if (strcmp(type, "check") == 0 && expression != NULL) {
        struct weft_import_check check = {
            .name = weft_json_text_or(constraint, "name", "constraint"),
            .condition = weft_arena_strdup(dbt->import->arena, expression),
            .on_fail = WEFT_IMPORT_ON_FAIL_NONE,
        };
        if (check.condition == NULL)
            return weft_error_nomem(dbt->error);
        WEFT_TRY(weft_import_check_add(dbt->import, model->product, &check, dbt->error));
        return dbt_note(dbt, model, WEFT_IMPORT_TAKEN, kind, "a check constraint");
    }
    if (strcmp(type, "primary_key") == 0 && column == NULL && yyjson_arr_size(columns) > 0 &&
        model->product->schema_whole)
        return key_set(dbt, model, columns);
    bool known = strcmp(type, "not_null") == 0 || strcmp(type, "unique") == 0 ||
                 strcmp(type, "primary_key") == 0;
    if (!known || !yyjson_is_str(column))
        return weft_import_note_add(dbt->import, WEFT_IMPORT_LEFT, model->product->full_name,
                                    weft_import_place(dbt->import, dbt->doc, kind), dbt->error,
                                    "the constraint `%s`", type);
    WEFT_TRY(weft_import_field_get(dbt->import, model->product, yyjson_get_str(column),
                                   (struct weft_place){0}, &field, dbt->error));
    if (model->product->schema_whole && field->type == NULL)
        return dbt_note(dbt, model, WEFT_IMPORT_LEFT, kind, "a constraint of an unknown column");
    field->required = field->required || strcmp(type, "unique") != 0;
    field->unique = field->unique || strcmp(type, "not_null") != 0;
    return dbt_note(dbt, model, WEFT_IMPORT_TAKEN, kind, type);
}

int dbt_constraints_read(struct dbt *dbt, struct dbt_model *model)
{
    size_t i, max, k, count;
    yyjson_val *key, *column, *constraint;
    yyjson_arr_foreach(yyjson_obj_get(model->node, "constraints"), i, max, constraint)
    {
        WEFT_TRY(constraint_read(dbt, model, constraint, NULL));
    }
    WEFT_JSON_EACH(yyjson_obj_get(model->node, "columns"), i, max, key, column)
    {
        yyjson_arr_foreach(yyjson_obj_get(column, "constraints"), k, count, constraint)
        {
            WEFT_TRY(constraint_read(dbt, model, constraint, key));
        }
    }
    return 0;
}

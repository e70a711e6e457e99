/*
 * treat.c - treatments as SQL, by the type of the column. Each expression is total: casts are
 * TRY_CAST, arithmetic stands in TRY, so that no value of a row can end the statement.
 */
#include "resolver/treat.h"

#include "base/text.h"
#include "engine/protect.h"

#include <math.h>

#define TREAT_NUMBER 40
#define TREAT_TEXT_MAX 1000000.0

static const struct weft_type string_type = {.kind = WEFT_TYPE_STRING};
static const struct weft_type double_type = {.kind = WEFT_TYPE_DOUBLE};

static bool is_opaque(const struct weft_type *type)
{
    return weft_type_is_nested(type) || type->kind == WEFT_TYPE_JSON;
}

static bool is_whole(double number)
{
    return number == floor(number) && number < 9e15;
}

static bool is_integer(const struct weft_type *type)
{
    return type->kind == WEFT_TYPE_INT || type->kind == WEFT_TYPE_LONG;
}

static bool unit_fits(const struct weft_type *type, const char *unit)
{
    static const char *const units[] = {"year", "quarter", "month", "week",
                                        "day",  "hour",    "minute"};
    if (type->kind != WEFT_TYPE_DATE && type->kind != WEFT_TYPE_TIMESTAMP &&
        type->kind != WEFT_TYPE_TIMESTAMPTZ)
        return false;
    for (size_t i = 0; unit != NULL && i < WEFT_COUNT(units); i++)
        if (strcmp(units[i], unit) == 0)
            return true;
    return false;
}

/* Is there anything of this treatment for a value of this type? Else it is NULL. */
static bool treatment_fits(const struct weft_type *type, const struct weft_treatment *treat)
{
    switch (treat->kind) {
    case WEFT_TREAT_FIXED:
        return treat->text != NULL;
    case WEFT_TREAT_MASK:
        return !is_opaque(type) && type->kind != WEFT_TYPE_BOOLEAN &&
               type->kind != WEFT_TYPE_BINARY;
    case WEFT_TREAT_HASH:
    case WEFT_TREAT_TOKEN:
        return !is_opaque(type);
    case WEFT_TREAT_ROUND:
        return weft_type_is_number(type) && treat->number > 0 && isfinite(treat->number);
    case WEFT_TREAT_TRUNCATE:
        return type->kind == WEFT_TYPE_STRING && treat->number >= 0;
    case WEFT_TREAT_TRUNCATE_TIME:
        return unit_fits(type, treat->text);
    default:
        return false;
    }
}

static const struct weft_type *rounded_type(const struct weft_type *type, double number)
{
    return is_integer(type) && !is_whole(number) ? &double_type : type;
}

bool weft_treatment_is(const struct weft_treatment *treat, enum weft_treatment_kind kind)
{
    return treat != NULL && treat->kind == kind;
}

const struct weft_type *weft_treatment_type(const struct weft_type *type,
                                            const struct weft_treatment *treat)
{
    if (treat == NULL || treat->kind == WEFT_TREAT_NONE)
        return type;
    if (treat->kind == WEFT_TREAT_HIDE)
        return NULL;
    if (!treatment_fits(type, treat))
        return type;
    switch (treat->kind) {
    case WEFT_TREAT_FIXED:
        return is_opaque(type) || type->kind == WEFT_TYPE_BINARY ||
                       !weft_type_accepts(type, treat->text)
                   ? &string_type
                   : type;
    case WEFT_TREAT_MASK:
    case WEFT_TREAT_HASH:
        return &string_type;
    case WEFT_TREAT_TOKEN:
        return type->kind == WEFT_TYPE_UUID ? type : &string_type;
    case WEFT_TREAT_ROUND:
        return rounded_type(type, treat->number);
    default:
        return type;
    }
}

/* ---- printing ---- */

static void column_put(const struct weft_relation_column *column, const char *alias,
                       struct weft_buf *out)
{
    weft_buf_adds(out, alias);
    weft_buf_addc(out, '.');
    weft_buf_add_sql_name(out, column->name);
}

static void cast_put(const struct weft_relation_column *column, const char *alias,
                     const char *function, struct weft_buf *out)
{
    weft_buf_addf(out, "%s(CAST(", function);
    column_put(column, alias, out);
    weft_buf_adds(out, " AS VARCHAR))");
}

static void number_put(double number, const struct weft_type *type, struct weft_buf *out)
{
    char text[TREAT_NUMBER];
    if (is_whole(number))
        snprintf(text, sizeof(text), "%.0f", number);
    else
        snprintf(text, sizeof(text), "%.17g", number);
    weft_buf_addf(out, "TRY_CAST('%s' AS ", text);
    weft_type_print_duckdb(type, out);
    weft_buf_addc(out, ')');
}

/* Decimal numbers exactly: the rest is taken off, and a half or more rounds away from 0. */
static void round_exact(const struct weft_relation_column *column, const char *alias, double number,
                        struct weft_buf *out)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf value;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf step;
    weft_buf_init(&value, out->max);
    weft_buf_init(&step, out->max);
    column_put(column, alias, &value);
    number_put(number, column->type, &step);
    const char *v = value.data;
    const char *s = step.data;
    weft_buf_addf(out,
                  "TRY(CAST(%s - %s %% %s + CASE WHEN abs(%s %% %s) >= %s - abs(%s %% %s) THEN "
                  "CASE WHEN %s < 0 THEN -%s ELSE %s END ELSE 0 END AS ",
                  v, v, s, v, s, s, v, s, v, s, s);
    weft_type_print_duckdb(column->type, out);
    weft_buf_adds(out, "))");
}

/* Whole numbers by whole steps: half a step away from 0, and down to a step. Too large: NULL. */
static void round_whole(const struct weft_relation_column *column, const char *alias, double number,
                        struct weft_buf *out)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf value;
    weft_buf_init(&value, out->max);
    column_put(column, alias, &value);
    weft_buf_addf(out, "TRY(CAST((%s + CASE WHEN %s < 0 THEN -%.0f ELSE %.0f END) // ", value.data,
                  value.data, floor(number / 2), floor(number / 2));
    number_put(number, column->type, out);
    weft_buf_adds(out, " * ");
    number_put(number, column->type, out);
    weft_buf_adds(out, " AS ");
    weft_type_print_duckdb(column->type, out);
    weft_buf_adds(out, "))");
}

static void round_put(const struct weft_relation_column *column, const char *alias, double number,
                      struct weft_buf *out)
{
    const struct weft_type *type = rounded_type(column->type, number);
    if (is_integer(type)) {
        round_whole(column, alias, number, out);
        return;
    }
    if (type->kind == WEFT_TYPE_DECIMAL) {
        round_exact(column, alias, number, out);
        return;
    }
    weft_buf_adds(out, "TRY(CAST(round(CAST(");
    column_put(column, alias, out);
    weft_buf_adds(out, " AS DOUBLE) / ");
    number_put(number, &double_type, out);
    weft_buf_adds(out, ") * ");
    number_put(number, &double_type, out);
    weft_buf_adds(out, " AS ");
    weft_type_print_duckdb(type, out);
    weft_buf_adds(out, "))");
}

static void truncate_time_put(const struct weft_relation_column *column, const char *alias,
                              const char *unit, struct weft_buf *out)
{
    bool zone = column->type->kind == WEFT_TYPE_TIMESTAMPTZ;
    weft_buf_addf(out, "TRY(CAST(%sdate_trunc('%s', ", zone ? "timezone('UTC', " : "", unit);
    weft_buf_adds(out, zone ? "timezone('UTC', " : "");
    column_put(column, alias, out);
    weft_buf_adds(out, zone ? "))) AS " : ") AS ");
    weft_type_print_duckdb(column->type, out);
    weft_buf_adds(out, "))");
}

static void null_put(const struct weft_type *type, struct weft_buf *out)
{
    weft_buf_adds(out, "CAST(NULL AS ");
    weft_type_print_duckdb(type, out);
    weft_buf_addc(out, ')');
}

static void fixed_put(const struct weft_relation_column *column, const char *text,
                      struct weft_buf *out)
{
    const struct weft_treatment treat = {.kind = WEFT_TREAT_FIXED, .text = text};
    weft_buf_adds(out, "TRY_CAST(");
    weft_buf_add_sql_text(out, text, strlen(text));
    weft_buf_adds(out, " AS ");
    weft_type_print_duckdb(weft_treatment_type(column->type, &treat), out);
    weft_buf_addc(out, ')');
}

static void treated_put(const struct weft_relation_column *column, const char *alias,
                        struct weft_buf *out)
{
    const struct weft_treatment *treat = column->treat;
    switch (treat->kind) {
    case WEFT_TREAT_FIXED:
        fixed_put(column, treat->text, out);
        return;
    case WEFT_TREAT_MASK:
        cast_put(column, alias, "weft_mask", out);
        return;
    case WEFT_TREAT_HASH:
        cast_put(column, alias, "weft_hash", out);
        return;
    case WEFT_TREAT_TOKEN:
        cast_put(column, alias,
                 column->type->kind == WEFT_TYPE_UUID ? "weft_token_uuid" : "weft_token", out);
        return;
    case WEFT_TREAT_ROUND:
        round_put(column, alias, treat->number, out);
        return;
    case WEFT_TREAT_TRUNCATE:
        weft_buf_adds(out, "\"left\"(");
        column_put(column, alias, out);
        weft_buf_addf(out, ", %.0f)", floor(WEFT_MIN(treat->number, TREAT_TEXT_MAX)));
        return;
    case WEFT_TREAT_TRUNCATE_TIME:
        truncate_time_put(column, alias, treat->text, out);
        return;
    default:
        null_put(column->type, out);
        return;
    }
}

int weft_treatment_print(struct weft_engine *engine, const struct weft_relation_column *column,
                         const char *alias, struct weft_buf *out, struct weft_error *error)
{
    const struct weft_treatment *treat = column->treat;
    if (treat == NULL || treat->kind == WEFT_TREAT_NONE) {
        column_put(column, alias, out);
        return 0;
    }
    if (!treatment_fits(column->type, treat)) {
        null_put(column->type, out);
        return 0;
    }
    if ((treat->kind == WEFT_TREAT_MASK || treat->kind == WEFT_TREAT_HASH ||
         treat->kind == WEFT_TREAT_TOKEN) &&
        !weft_engine_protects(engine))
        return weft_error_set(error, WEFT_E_INTERNAL,
                              "an instance without the mesh's key reads a treated column");
    treated_put(column, alias, out);
    return 0;
}

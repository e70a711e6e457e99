/*
 * parquet_cast.c - a column of a Parquet file as the declared type, where that loses nothing.
 *
 * Types that take every value are cast. Where a value may not fit, it is cast there and back: it
 * fits when the same comes back. That tells 2.5 as a long, 2^53 + 1 as a double, nanoseconds as
 * microseconds, also within lists and structs; a float or double as a decimal there is refused.
 * Texts are read as a cell of csv is: by their whole
 * form. Types that have nothing to do with each other (a boolean as a date) are refused with the
 * file. Instants and timestamps without a zone stand for each other as UTC, as in csv.
 */
#include "job/parquet_internal.h"

#include "base/text.h"

#include <string.h>

#define SQL_MAX ((size_t)1 << 24)

enum cast_kind {
    CAST_NONE,   /* nothing to do with each other */
    CAST_SAME,   /* the value itself */
    CAST_SAFE,   /* takes every value */
    CAST_CHECKED /* there and back */
};

static bool is_whole(const struct weft_type *type)
{
    return type->kind == WEFT_TYPE_INT || type->kind == WEFT_TYPE_LONG;
}

static bool is_real(const struct weft_type *type)
{
    return type->kind == WEFT_TYPE_FLOAT || type->kind == WEFT_TYPE_DOUBLE;
}

static bool is_instant(const struct weft_type *type)
{
    return type->kind == WEFT_TYPE_TIMESTAMP || type->kind == WEFT_TYPE_TIMESTAMPTZ;
}

/* `same`: weft's type takes all that the engine's holds, so that no narrowing hides in it. */
static enum cast_kind scalar_kind(const struct weft_type *from, const struct weft_type *to,
                                  bool same)
{
    bool numbers = weft_type_is_number(from) && weft_type_is_number(to);
    if (weft_type_equal(from, to))
        return same ? CAST_SAFE : CAST_CHECKED;
    if (to->kind == WEFT_TYPE_STRING && from->kind != WEFT_TYPE_BINARY)
        return CAST_SAFE;
    if (same && weft_type_widens(from, to))
        return CAST_SAFE;
    if (same && from->kind == WEFT_TYPE_INT && to->kind == WEFT_TYPE_DOUBLE)
        return CAST_SAFE;
    if (numbers)
        return CAST_CHECKED;
    if (from->kind == WEFT_TYPE_DATE && is_instant(to))
        return CAST_SAFE;
    if (is_instant(from) && (is_instant(to) || to->kind == WEFT_TYPE_DATE))
        return CAST_CHECKED;
    return CAST_NONE;
}

static const struct weft_type *struct_part(const struct weft_type *type, const char *name)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (weft_equal_fold(type->fields[i].name, name))
            return type->fields[i].type;
    }
    return NULL;
}

static enum cast_kind nested_kind(const struct weft_type *from, const struct weft_type *to);

/* Parts that the type lacks would be lost; parts that the file lacks are null. */
static enum cast_kind struct_kind(const struct weft_type *from, const struct weft_type *to)
{
    for (size_t i = 0; i < from->field_count; i++) {
        const struct weft_type *part = struct_part(to, from->fields[i].name);
        if (part == NULL || nested_kind(from->fields[i].type, part) == CAST_NONE)
            return CAST_NONE;
    }
    return from->field_count == 0 ? CAST_NONE : CAST_CHECKED;
}

static enum cast_kind nested_kind(const struct weft_type *from, const struct weft_type *to)
{
    if (weft_type_equal(from, to))
        return CAST_CHECKED;
    if (weft_type_is_nested(from) != weft_type_is_nested(to))
        return CAST_NONE;
    if (is_real(from) && to->kind == WEFT_TYPE_DECIMAL)
        return CAST_NONE; /* see real_to_decimal() */
    if (!weft_type_is_nested(from))
        return scalar_kind(from, to, false);
    if (from->kind != to->kind)
        return CAST_NONE;
    if (from->kind == WEFT_TYPE_STRUCT)
        return struct_kind(from, to);
    if (from->kind == WEFT_TYPE_MAP && nested_kind(from->key, to->key) == CAST_NONE)
        return CAST_NONE;
    return nested_kind(from->element, to->element) == CAST_NONE ? CAST_NONE : CAST_CHECKED;
}

/* ---- texts ---- */

/* What a text must look like before the engine reads it; NULL = it reads strictly by itself. */
static const char *text_form(const struct weft_type *to)
{
    switch (to->kind) {
    case WEFT_TYPE_BOOLEAN:
        return "(?i)true|false";
    case WEFT_TYPE_INT:
    case WEFT_TYPE_LONG:
        return "[+-]?[0-9]+(\\.0+)?";
    case WEFT_TYPE_FLOAT:
    case WEFT_TYPE_DOUBLE:
        return "[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?|nan|-?inf";
    case WEFT_TYPE_DATE:
        return "[0-9]{4}-[0-9]{2}-[0-9]{2}";
    case WEFT_TYPE_TIME:
        return "[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?";
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_TIMESTAMPTZ:
        return "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?"
               "(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?";
    case WEFT_TYPE_UUID:
        return "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";
    default:
        return NULL;
    }
}

static void text_print(const char *value, const struct weft_type *to, struct weft_buf *sql)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf form;
    weft_buf_init(&form, 1 << 12);
    if (to->kind == WEFT_TYPE_DECIMAL)
        weft_buf_addf(&form, "[+-]?[0-9]+(\\.[0-9]{0,%d}0*)?", to->scale);
    else
        weft_buf_adds(&form, text_form(to));
    weft_buf_addf(sql, "CASE WHEN regexp_full_match(%s, ", value);
    weft_buf_add_sql_text(sql, form.data, form.length);
    /* Through the instant: an offset counts, and without one it is UTC. */
    if (to->kind == WEFT_TYPE_TIMESTAMP)
        weft_buf_addf(sql, ") THEN CAST(TRY_CAST(%s AS TIMESTAMPTZ) AS TIMESTAMP) END", value);
    else if (is_whole(to))
        weft_buf_addf(sql, ") THEN TRY_CAST(regexp_replace(%s, '\\.0+$', '') AS ", value);
    else
        weft_buf_addf(sql, ") THEN TRY_CAST(%s AS ", value);
    if (to->kind == WEFT_TYPE_TIMESTAMP)
        return;
    weft_type_print_duckdb(to, sql);
    weft_buf_adds(sql, ") END");
}

/* A text that holds JSON: what was told of a row that was set aside. */
static void json_print(const char *value, const struct weft_type *to, struct weft_buf *sql)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    weft_buf_init(&type, 1 << 20);
    weft_type_print_duckdb(to, &type);
    weft_buf_addf(sql,
                  "CASE WHEN CAST(to_json(TRY_CAST(TRY_CAST(%s AS JSON) AS %s)) AS VARCHAR) = "
                  "CAST(json(TRY_CAST(%s AS JSON)) AS VARCHAR) "
                  "THEN TRY_CAST(TRY_CAST(%s AS JSON) AS %s) END",
                  value, type.data, value, value, type.data);
}

static bool of_text(const char *value, const struct weft_type *to, struct weft_buf *sql)
{
    if (weft_type_is_nested(to))
        json_print(value, to, sql);
    else if (to->kind == WEFT_TYPE_BINARY)
        weft_buf_addf(sql, "encode(%s)", value);
    else if (to->kind == WEFT_TYPE_JSON)
        weft_buf_addf(sql, "CASE WHEN json_valid(%s) THEN %s END", value, value);
    else
        text_print(value, to, sql);
    return to->kind != WEFT_TYPE_BINARY;
}

/* ---- all ---- */

static void checked_print(const char *value, const char *from, const struct weft_type *to,
                          struct weft_buf *sql)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    weft_buf_init(&type, 1 << 20);
    weft_type_print_duckdb(to, &type);
    weft_buf_addf(sql,
                  "CASE WHEN TRY_CAST(TRY_CAST(%s AS %s) AS %s) IS NOT DISTINCT FROM %s THEN "
                  "TRY_CAST(%s AS %s) END",
                  value, type.data, from, value, value, type.data);
}

/* The engine multiplies in the binary type: 1e10 of a float would be 9999999869.91 as a decimal,
 * and that comes back as the same float. So whole values go through integers, others through the
 * shortest text that means them. */
static void real_to_decimal(const char *value, const char *from, const struct weft_type *to,
                            struct weft_buf *sql)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf made;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    weft_buf_init(&made, 1 << 20);
    weft_buf_init(&type, 1 << 10);
    weft_type_print_duckdb(to, &type);
    weft_buf_addf(&made,
                  "CASE WHEN %s = trunc(%s) THEN TRY_CAST(TRY_CAST(%s AS HUGEINT) AS %s) ELSE "
                  "TRY_CAST(CAST(%s AS VARCHAR) AS %s) END",
                  value, value, value, type.data, value, type.data);
    weft_buf_addf(sql, "CASE WHEN TRY_CAST(CAST(%s AS VARCHAR) AS %s) = %s THEN %s END", made.data,
                  from, value, made.data);
}

static void safe_print(const char *value, const struct weft_type *to, struct weft_buf *sql)
{
    weft_buf_addf(sql, "CAST(%s AS ", value);
    weft_type_print_duckdb(to, sql);
    weft_buf_addc(sql, ')');
}

/* Has the engine the very type that weft has? */
static bool is_same(const struct job_parquet_column *column)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    weft_buf_init(&type, 1 << 20);
    weft_type_print_duckdb(column->type, &type);
    return strcmp(type.data, column->text) == 0;
}

/* Does weft's type take every value of the engine's? */
static bool is_held(const struct job_parquet_column *column)
{
    static const char *const held[] = {"TINYINT",   "SMALLINT", "UTINYINT",
                                       "USMALLINT", "UINTEGER", "UBIGINT"};
    for (size_t i = 0; i < WEFT_COUNT(held); i++) {
        if (strcmp(column->text, held[i]) == 0)
            return true;
    }
    return is_same(column) || strncmp(column->text, "ENUM", 4) == 0;
}

static int value_print(const struct job_parquet_column *column, const char *value,
                       const struct weft_type *to, bool *fails, struct weft_buf *sql)
{
    const struct weft_type *from = column->type;
    enum cast_kind kind;
    *fails = true;
    if (from == NULL) {
        *fails = false; /* interval and the like: as the engine writes them */
        if (to->kind != WEFT_TYPE_STRING)
            return 1;
        safe_print(value, to, sql);
        return 0;
    }
    if (from->kind == WEFT_TYPE_STRING && to->kind != WEFT_TYPE_STRING) {
        *fails = of_text(value, to, sql);
        return 0;
    }
    if (from->kind == WEFT_TYPE_BINARY && to->kind == WEFT_TYPE_STRING) {
        weft_buf_addf(sql, "TRY(decode(%s))", value);
        return 0;
    }
    if (is_same(column) && weft_type_equal(from, to))
        kind = CAST_SAME;
    else if (weft_type_is_nested(from) || weft_type_is_nested(to))
        kind = nested_kind(from, to);
    else
        kind = scalar_kind(from, to, is_held(column));
    if (kind == CAST_NONE)
        return 1;
    *fails = kind == CAST_CHECKED;
    if (kind == CAST_SAME)
        weft_buf_adds(sql, value);
    else if (kind == CAST_SAFE)
        safe_print(value, to, sql);
    else if (is_real(from) && to->kind == WEFT_TYPE_DECIMAL)
        real_to_decimal(value, column->text, to, sql);
    else
        checked_print(value, column->text, to, sql);
    return 0;
}

int job_parquet_cast(struct weft_arena *arena, const struct job_parquet_column *column,
                     const struct weft_type *to, const char **sql, bool *fails,
                     struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf value;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    weft_buf_init(&value, 1 << 20);
    weft_buf_init(&out, SQL_MAX);
    weft_buf_adds(&value, "q.");
    weft_buf_add_sql_name(&value, column->name);
    WEFT_TRY(weft_buf_check(&value, error));
    int rc = value_print(column, value.data, to, fails, &out);
    WEFT_TRY(weft_buf_check(&out, error));
    if (rc != 0)
        return rc;
    *sql = weft_arena_strdup(arena, out.data);
    return *sql == NULL ? weft_error_nomem(error) : 0;
}

/* ---- two files ---- */

static const struct weft_type *wider(const struct weft_type *a, const struct weft_type *b)
{
    return weft_type_widens(a, b) ? b : weft_type_widens(b, a) ? a : NULL;
}

const struct weft_type *job_parquet_common(struct weft_arena *arena, const struct weft_type *a,
                                           const struct weft_type *b)
{
    static const struct weft_type type_double = {.kind = WEFT_TYPE_DOUBLE};
    static const struct weft_type type_string = {.kind = WEFT_TYPE_STRING};
    const struct weft_type *type = wider(a, b);
    if (type != NULL)
        return type;
    if (!weft_type_is_number(a) || !weft_type_is_number(b))
        return is_instant(a) && is_instant(b) ? (a->kind == WEFT_TYPE_TIMESTAMPTZ ? a : b)
                                              : &type_string;
    if (is_real(a) || is_real(b))
        return &type_double;
    int a_scale = a->kind == WEFT_TYPE_DECIMAL ? a->scale : 0;
    int b_scale = b->kind == WEFT_TYPE_DECIMAL ? b->scale : 0;
    int a_digits = a->kind == WEFT_TYPE_DECIMAL ? a->precision - a->scale : 19;
    int b_digits = b->kind == WEFT_TYPE_DECIMAL ? b->precision - b->scale : 19;
    int scale = WEFT_MAX(a_scale, b_scale), digits = WEFT_MAX(a_digits, b_digits);
    struct weft_type *made = weft_arena_alloc(arena, sizeof *made);
    if (made == NULL || scale + digits > 38)
        return made == NULL ? NULL : &type_string;
    *made =
        (struct weft_type){.kind = WEFT_TYPE_DECIMAL, .precision = scale + digits, .scale = scale};
    return made;
}

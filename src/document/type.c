/*
 * type.c - reading, printing and comparing the types of fields.
 *
 * A type is read by recursive descent over the text; `at` is the byte the parser stands on, and the
 * column of a mistake is at + 1.
 */
#include "document/type.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

#define TYPE_DEPTH_MAX 16
#define TYPE_TEXT_MAX 65536
#define TYPE_FIELDS_MAX 4096
#define TYPE_WORD_MAX 64

struct type_word {
    const char *word;
    enum weft_type_kind kind;
};

/* The first entry of a kind is its canonical word; the others are synonyms. */
static const struct type_word type_words[] = {
    {"boolean", WEFT_TYPE_BOOLEAN},
    {"int", WEFT_TYPE_INT},
    {"long", WEFT_TYPE_LONG},
    {"float", WEFT_TYPE_FLOAT},
    {"double", WEFT_TYPE_DOUBLE},
    {"decimal", WEFT_TYPE_DECIMAL},
    {"string", WEFT_TYPE_STRING},
    {"date", WEFT_TYPE_DATE},
    {"time", WEFT_TYPE_TIME},
    {"timestamp", WEFT_TYPE_TIMESTAMP},
    {"timestamptz", WEFT_TYPE_TIMESTAMPTZ},
    {"uuid", WEFT_TYPE_UUID},
    {"binary", WEFT_TYPE_BINARY},
    {"json", WEFT_TYPE_JSON},
    {"list", WEFT_TYPE_LIST},
    {"struct", WEFT_TYPE_STRUCT},
    {"map", WEFT_TYPE_MAP},
    {"bool", WEFT_TYPE_BOOLEAN},
    {"integer", WEFT_TYPE_LONG},
    {"bigint", WEFT_TYPE_LONG},
    {"int32", WEFT_TYPE_INT},
    {"int64", WEFT_TYPE_LONG},
    {"number", WEFT_TYPE_DOUBLE},
    {"real", WEFT_TYPE_FLOAT},
    {"numeric", WEFT_TYPE_DECIMAL},
    {"text", WEFT_TYPE_STRING},
    {"varchar", WEFT_TYPE_STRING},
    {"datetime", WEFT_TYPE_TIMESTAMP},
    {"bytes", WEFT_TYPE_BINARY},
    {"array", WEFT_TYPE_LIST},
};

static const char *const duckdb_names[] = {
    [WEFT_TYPE_BOOLEAN] = "BOOLEAN",
    [WEFT_TYPE_INT] = "INTEGER",
    [WEFT_TYPE_LONG] = "BIGINT",
    [WEFT_TYPE_FLOAT] = "FLOAT",
    [WEFT_TYPE_DOUBLE] = "DOUBLE",
    [WEFT_TYPE_DECIMAL] = "DECIMAL",
    [WEFT_TYPE_STRING] = "VARCHAR",
    [WEFT_TYPE_DATE] = "DATE",
    [WEFT_TYPE_TIME] = "TIME",
    [WEFT_TYPE_TIMESTAMP] = "TIMESTAMP",
    [WEFT_TYPE_TIMESTAMPTZ] = "TIMESTAMPTZ",
    [WEFT_TYPE_UUID] = "UUID",
    [WEFT_TYPE_BINARY] = "BLOB",
    [WEFT_TYPE_JSON] = "VARCHAR",
    [WEFT_TYPE_LIST] = "LIST",
    [WEFT_TYPE_STRUCT] = "STRUCT",
    [WEFT_TYPE_MAP] = "MAP",
};

struct type_parser {
    struct weft_arena *arena;
    const char *text;
    size_t at;
    int depth;
    struct weft_error *error;
};

static int type_fail(struct type_parser *parser, size_t at, const char *format, ...)
    WEFT_PRINTF(3, 4);

static int type_fail(struct type_parser *parser, size_t at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    weft_error_setv(parser->error, WEFT_E_INVALID, format, args);
    va_end(args);
    return weft_error_at(parser->error, NULL, 0, (int)at + 1);
}

static void type_skip(struct type_parser *parser)
{
    while (parser->text[parser->at] == ' ' || parser->text[parser->at] == '\t')
        parser->at++;
}

static bool type_take(struct type_parser *parser, char c)
{
    type_skip(parser);
    if (parser->text[parser->at] != c)
        return false;
    parser->at++;
    return true;
}

static int type_expect(struct type_parser *parser, char c, const char *where)
{
    if (type_take(parser, c))
        return 0;
    return type_fail(parser, parser->at, "`%c` is missing %s", c, where);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static int type_word(struct type_parser *parser, char word[TYPE_WORD_MAX], const char *what)
{
    type_skip(parser);
    size_t start = parser->at;
    size_t length = 0;
    while (is_word(parser->text[start + length]))
        length++;
    if (length == 0)
        return type_fail(parser, start, "%s is missing", what);
    if (length >= TYPE_WORD_MAX)
        return type_fail(parser, start, "%s is too long", what);
    memcpy(word, parser->text + start, length);
    word[length] = '\0';
    parser->at += length;
    return 0;
}

static int type_unknown(struct type_parser *parser, const char *word, size_t at)
{
    const char *candidates[WEFT_COUNT(type_words)];
    for (size_t i = 0; i < WEFT_COUNT(type_words); i++)
        candidates[i] = type_words[i].word;
    type_fail(parser, at, "`%s` is not a type", word);
    const char *near = weft_suggest(word, candidates, WEFT_COUNT(candidates));
    if (near != NULL)
        return weft_error_hint(parser->error, "did you mean `%s`?", near);
    return weft_error_hint(parser->error,
                           "types are boolean, int, long, float, double, decimal(p,s), string, "
                           "date, time, timestamp, timestamptz, uuid, binary, json, list<t>, "
                           "struct<a: t>, map<k, v>");
}

static int type_number(struct type_parser *parser, int max, int *value)
{
    type_skip(parser);
    size_t start = parser->at;
    int number = 0;
    while (parser->text[parser->at] >= '0' && parser->text[parser->at] <= '9') {
        if (number <= 1000)
            number = number * 10 + (parser->text[parser->at] - '0');
        parser->at++;
    }
    if (parser->at == start)
        return type_fail(parser, start, "a number is missing");
    if (number > max)
        return type_fail(parser, start, "%d is too large: at most %d", number, max);
    *value = number;
    return 0;
}

static int type_read(struct type_parser *parser, const struct weft_type **out);

static int type_decimal(struct type_parser *parser, struct weft_type *type)
{
    size_t start = parser->at;
    if (!type_take(parser, '('))
        return type_fail(parser, start, "a decimal needs its digits: decimal(18, 2)");
    WEFT_TRY(type_number(parser, 38, &type->precision));
    if (type->precision == 0)
        return type_fail(parser, start, "a decimal has 1 to 38 digits");
    if (type_take(parser, ','))
        WEFT_TRY(type_number(parser, type->precision, &type->scale));
    if (type_expect(parser, ')', "after the digits of the decimal") == 0)
        return 0;
    /* {type: decimal(9,2)} is cut at its comma by YAML. */
    return weft_error_hint(parser->error, "between {} or [] it needs quotes: \"decimal(9,2)\"");
}

/* varchar(30), char(2): the length says nothing about storage; max_length: is the rule for it. */
static int type_string(struct type_parser *parser)
{
    int ignored;
    size_t start = parser->at;
    if (!type_take(parser, '('))
        return 0;
    WEFT_TRY(type_number(parser, 999, &ignored));
    type_fail(parser, start, "a string has no length in its type");
    return weft_error_hint(parser->error, "write `type: string` and `max_length: %d`", ignored);
}

static int type_struct_field(struct type_parser *parser, struct weft_type_field *field)
{
    char name[TYPE_WORD_MAX];
    type_skip(parser);
    size_t start = parser->at;
    WEFT_TRY(type_word(parser, name, "the name of a nested field"));
    if (!weft_name_valid(name)) {
        char proposal[WEFT_NAME_MAX + 1];
        weft_name_propose(name, proposal);
        type_fail(parser, start, "`%s` is not a name", name);
        return weft_error_hint(parser->error, "`%s` would be", proposal);
    }
    WEFT_TRY(type_expect(parser, ':', "between the name and the type of a nested field"));
    field->name = weft_arena_strdup(parser->arena, name);
    if (field->name == NULL)
        return weft_error_nomem(parser->error);
    return type_read(parser, &field->type);
}

static int type_struct(struct type_parser *parser, struct weft_type *type)
{
    struct weft_type_field *fields = NULL;
    size_t count = 0, capacity = 0;
    WEFT_TRY(type_expect(parser, '<', "after struct: struct<a: int, b: string>"));
    do {
        if (count >= TYPE_FIELDS_MAX)
            return type_fail(parser, parser->at, "a struct has at most %d fields", TYPE_FIELDS_MAX);
        if (weft_arena_reserve(parser->arena, &fields, &capacity, count + 1, sizeof *fields) < 0)
            return weft_error_nomem(parser->error);
        size_t start = parser->at;
        fields[count] = (struct weft_type_field){0};
        WEFT_TRY(type_struct_field(parser, &fields[count]));
        for (size_t i = 0; i < count; i++) {
            if (weft_equal_fold(fields[i].name, fields[count].name))
                return type_fail(parser, start, "`%s` stands twice in the struct", fields[i].name);
        }
        count++;
    } while (type_take(parser, ','));
    type->fields = fields;
    type->field_count = count;
    return type_expect(parser, '>', "at the end of the struct");
}

static int type_parts(struct type_parser *parser, struct weft_type *type)
{
    switch (type->kind) {
    case WEFT_TYPE_DECIMAL:
        return type_decimal(parser, type);
    case WEFT_TYPE_STRING:
        return type_string(parser);
    case WEFT_TYPE_LIST:
        WEFT_TRY(type_expect(parser, '<', "after list: list<string>"));
        WEFT_TRY(type_read(parser, &type->element));
        return type_expect(parser, '>', "at the end of the list");
    case WEFT_TYPE_MAP:
        WEFT_TRY(type_expect(parser, '<', "after map: map<string, long>"));
        WEFT_TRY(type_read(parser, &type->key));
        if (weft_type_is_nested(type->key))
            return type_fail(parser, parser->at, "the key of a map is a plain type");
        WEFT_TRY(type_expect(parser, ',', "between the key and the value of the map"));
        WEFT_TRY(type_read(parser, &type->element));
        return type_expect(parser, '>', "at the end of the map");
    case WEFT_TYPE_STRUCT:
        return type_struct(parser, type);
    default:
        return 0;
    }
}

static int type_read(struct type_parser *parser, const struct weft_type **out)
{
    char word[TYPE_WORD_MAX];
    type_skip(parser);
    size_t start = parser->at;
    if (parser->depth >= TYPE_DEPTH_MAX)
        return type_fail(parser, start, "the type is nested deeper than %d", TYPE_DEPTH_MAX);
    WEFT_TRY(type_word(parser, word, "a type"));
    size_t i = 0;
    while (i < WEFT_COUNT(type_words) && !weft_equal_fold(word, type_words[i].word))
        i++;
    if (i == WEFT_COUNT(type_words))
        return type_unknown(parser, word, start);
    struct weft_type *type = weft_arena_alloc(parser->arena, sizeof *type);
    if (type == NULL)
        return weft_error_nomem(parser->error);
    type->kind = type_words[i].kind;
    parser->depth++;
    WEFT_TRY(type_parts(parser, type));
    parser->depth--;
    *out = type;
    return 0;
}

int weft_type_parse(struct weft_arena *arena, const char *text, const struct weft_type **out,
                    struct weft_error *error)
{
    struct type_parser parser = {.arena = arena, .text = text, .error = error};
    const struct weft_type *type;
    if (strlen(text) > TYPE_TEXT_MAX)
        return type_fail(&parser, 0, "the type is longer than %d bytes", TYPE_TEXT_MAX);
    WEFT_TRY(type_read(&parser, &type));
    type_skip(&parser);
    if (text[parser.at] != '\0')
        return type_fail(&parser, parser.at, "something stands behind the type: `%.20s`",
                         text + parser.at);
    *out = type;
    return 0;
}

void weft_type_print(const struct weft_type *type, struct weft_buf *out)
{
    weft_buf_adds(out, type_words[type->kind].word);
    switch (type->kind) {
    case WEFT_TYPE_DECIMAL:
        weft_buf_addf(out, "(%d, %d)", type->precision, type->scale);
        break;
    case WEFT_TYPE_LIST:
        weft_buf_addc(out, '<');
        weft_type_print(type->element, out);
        weft_buf_addc(out, '>');
        break;
    case WEFT_TYPE_MAP:
        weft_buf_addc(out, '<');
        weft_type_print(type->key, out);
        weft_buf_adds(out, ", ");
        weft_type_print(type->element, out);
        weft_buf_addc(out, '>');
        break;
    case WEFT_TYPE_STRUCT:
        for (size_t i = 0; i < type->field_count; i++) {
            weft_buf_addf(out, "%s%s: ", i == 0 ? "<" : ", ", type->fields[i].name);
            weft_type_print(type->fields[i].type, out);
        }
        weft_buf_addc(out, '>');
        break;
    default:
        break;
    }
}

void weft_type_print_duckdb(const struct weft_type *type, struct weft_buf *out)
{
    switch (type->kind) {
    case WEFT_TYPE_DECIMAL:
        weft_buf_addf(out, "DECIMAL(%d,%d)", type->precision, type->scale);
        break;
    case WEFT_TYPE_LIST:
        weft_type_print_duckdb(type->element, out);
        weft_buf_adds(out, "[]");
        break;
    case WEFT_TYPE_MAP:
        weft_buf_adds(out, "MAP(");
        weft_type_print_duckdb(type->key, out);
        weft_buf_adds(out, ", ");
        weft_type_print_duckdb(type->element, out);
        weft_buf_addc(out, ')');
        break;
    case WEFT_TYPE_STRUCT:
        for (size_t i = 0; i < type->field_count; i++) {
            weft_buf_adds(out, i == 0 ? "STRUCT(" : ", ");
            weft_buf_add_sql_name(out, type->fields[i].name);
            weft_buf_addc(out, ' ');
            weft_type_print_duckdb(type->fields[i].type, out);
        }
        weft_buf_addc(out, ')');
        break;
    default:
        weft_buf_adds(out, duckdb_names[type->kind]);
    }
}

bool weft_type_equal(const struct weft_type *a, const struct weft_type *b)
{
    if (a == b)
        return true;
    if (a == NULL || b == NULL || a->kind != b->kind || a->precision != b->precision ||
        a->scale != b->scale || a->field_count != b->field_count)
        return false;
    if (!weft_type_equal(a->element, b->element) || !weft_type_equal(a->key, b->key))
        return false;
    for (size_t i = 0; i < a->field_count; i++) {
        if (strcmp(a->fields[i].name, b->fields[i].name) != 0 ||
            !weft_type_equal(a->fields[i].type, b->fields[i].type))
            return false;
    }
    return true;
}

bool weft_type_widens(const struct weft_type *from, const struct weft_type *to)
{
    if (from->kind == WEFT_TYPE_INT && to->kind == WEFT_TYPE_LONG)
        return true;
    if (from->kind == WEFT_TYPE_FLOAT && to->kind == WEFT_TYPE_DOUBLE)
        return true;
    if (from->kind == WEFT_TYPE_DECIMAL && to->kind == WEFT_TYPE_DECIMAL)
        return from->scale == to->scale && from->precision <= to->precision;
    return weft_type_equal(from, to);
}

bool weft_type_is_nested(const struct weft_type *type)
{
    return type->kind >= WEFT_TYPE_LIST;
}

bool weft_type_is_number(const struct weft_type *type)
{
    return type->kind >= WEFT_TYPE_INT && type->kind <= WEFT_TYPE_DECIMAL;
}

/* ---- does a text read as a value? ---- */

static bool accepts_decimal(const struct weft_type *type, const char *text)
{
    text += *text == '-' || *text == '+';
    size_t whole = strspn(text, "0123456789");
    size_t zeros = strspn(text, "0");
    const char *rest = text + whole;
    size_t fraction = 0;
    if (*rest == '.') {
        fraction = strspn(rest + 1, "0123456789");
        rest += 1 + fraction;
    }
    if (*rest != '\0' || whole + fraction == 0)
        return false;
    return whole - WEFT_MIN(zeros, whole) <= (size_t)(type->precision - type->scale) &&
           fraction <= (size_t)type->scale;
}

static bool digits_at(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return true;
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

/* 23:59, 23:59:59, 23:59:59.123456 */
static bool accepts_time(const char *text)
{
    size_t length = strlen(text);
    if (length < 5 || !digits_at(text, 2) || text[2] != ':' || !digits_at(text + 3, 2))
        return false;
    if (two_digits(text) > 23 || two_digits(text + 3) > 59)
        return false;
    if (length == 5)
        return true;
    if (length < 8 || text[5] != ':' || !digits_at(text + 6, 2) || two_digits(text + 6) > 59)
        return false;
    if (length == 8)
        return true;
    return text[8] == '.' && length > 9 && length <= 15 && digits_at(text + 9, length - 9);
}

static bool accepts_uuid(const char *text)
{
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool digit = (text[i] >= '0' && text[i] <= '9') ||
                     (weft_lower(text[i]) >= 'a' && weft_lower(text[i]) <= 'f');
        if (dash ? text[i] != '-' : !digit)
            return false;
    }
    return text[36] == '\0';
}

static bool accepts_int(const char *text, int64_t min, int64_t max)
{
    int64_t value;
    return weft_parse_int64(text, strlen(text), &value) && value >= min && value <= max;
}

bool weft_type_accepts(const struct weft_type *type, const char *text)
{
    double number;
    int64_t us;
    switch (type->kind) {
    case WEFT_TYPE_BOOLEAN:
        return weft_equal_fold(text, "true") || weft_equal_fold(text, "false");
    case WEFT_TYPE_INT:
        return accepts_int(text, INT32_MIN, INT32_MAX);
    case WEFT_TYPE_LONG:
        return accepts_int(text, INT64_MIN, INT64_MAX);
    case WEFT_TYPE_FLOAT:
    case WEFT_TYPE_DOUBLE:
        return weft_parse_double(text, strlen(text), &number);
    case WEFT_TYPE_DECIMAL:
        return accepts_decimal(type, text);
    case WEFT_TYPE_DATE:
        return strlen(text) == 10 && weft_time_parse(text, &us);
    case WEFT_TYPE_TIME:
        return accepts_time(text);
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_TIMESTAMPTZ:
        return weft_time_parse(text, &us);
    case WEFT_TYPE_UUID:
        return accepts_uuid(text);
    case WEFT_TYPE_STRING:
    case WEFT_TYPE_BINARY:
    case WEFT_TYPE_JSON:
        return true;
    default:
        return false;
    }
}

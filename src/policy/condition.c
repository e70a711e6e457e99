/*
 * condition.c - row conditions: text to tree and back, and the tree bound to a principal.
 */
#include "policy/condition.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* a name or a word of the language */
    TOKEN_QUOTED, /* a name in double quotes */
    TOKEN_TEXT,
    TOKEN_NUMBER,
    TOKEN_MARK, /* ( ) , . and operators */
    TOKEN_WRONG
};

struct token {
    enum token_kind kind;
    const char *text; /* in the arena, quotes undone */
    size_t at;        /* byte of the whole text */
};

struct parser {
    struct weft_arena *arena;
    const char *text;
    size_t at;
    struct token token;
    int depth;
    size_t parts;
    bool member; /* within (product.column where ...) */
    bool failed; /* error is set */
    struct weft_error *error;
};

static const struct weft_condition *parse_any(struct parser *parser);

static void parse_wrong(struct parser *parser, size_t at, const char *hint, const char *format, ...)
    WEFT_PRINTF(4, 5);

static void parse_wrong(struct parser *parser, size_t at, const char *hint, const char *format, ...)
{
    char message[300];
    va_list args;
    if (parser->failed)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    parser->failed = true;
    weft_error_set(parser->error, WEFT_E_INVALID, "%s", message);
    if (hint != NULL)
        weft_error_hint(parser->error, "%s", hint);
    weft_error_at(parser->error, "", 1, (int)weft_utf8_count(parser->text, at) + 1);
}

static void *parse_alloc(struct parser *parser, size_t count, size_t size)
{
    void *piece = weft_arena_array(parser->arena, count, size);
    if (piece == NULL && !parser->failed) {
        parser->failed = true;
        (void)weft_error_nomem(parser->error);
    }
    return piece;
}

/* ---- tokens ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *token_copy(struct parser *parser, size_t from, size_t to)
{
    char *copy = parse_alloc(parser, to - from + 1, 1);
    if (copy != NULL)
        memcpy(copy, parser->text + from, to - from);
    return copy == NULL ? "" : copy;
}

/* 'it''s', "a ""b""": the doubled quote is one. */
static void token_quoted(struct parser *parser, char quote)
{
    const char *text = parser->text;
    size_t from = parser->at, length = 0, at = from + 1;
    char *copy = parse_alloc(parser, strlen(text + from) + 1, 1);
    if (copy == NULL)
        return;
    for (; text[at] != '\0'; at++) {
        if (text[at] == quote && text[at + 1] != quote)
            break;
        at += text[at] == quote;
        copy[length++] = text[at];
    }
    copy[length] = '\0';
    if (text[at] == '\0')
        parse_wrong(parser, from, NULL, "a quote is not closed");
    else if (quote == '"' && length == 0)
        parse_wrong(parser, from, NULL, "a name is empty");
    parser->token.kind = quote == '"' ? TOKEN_QUOTED : TOKEN_TEXT;
    parser->token.text = copy;
    parser->at = text[at] == '\0' ? at : at + 1;
}

/* -12, 3.5, 1e3 are numbers as written; DuckDB's own forms are not. */
static void token_number(struct parser *parser)
{
    const char *text = parser->text;
    size_t from = parser->at, at = from + (text[from] == '-');
    size_t digits = strspn(text + at, "0123456789");
    at += digits;
    if (text[at] == '.' && is_digit(text[at + 1])) {
        at++;
        at += strspn(text + at, "0123456789");
    }
    if (digits == 0 || is_letter(text[at]) || text[at] == '.')
        parse_wrong(parser, from, "write a number as 12, -3 or 4.5", "this is not a number");
    else if (at - from > 38)
        parse_wrong(parser, from, NULL, "a number has more than 38 characters");
    parser->token.kind = TOKEN_NUMBER;
    parser->token.text = token_copy(parser, from, at);
    parser->at = at;
}

static void token_mark(struct parser *parser)
{
    static const char *const marks[] = {"<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ",", "."};
    for (size_t i = 0; i < WEFT_COUNT(marks); i++) {
        size_t length = strlen(marks[i]);
        if (strncmp(parser->text + parser->at, marks[i], length) == 0) {
            parser->token.kind = TOKEN_MARK;
            parser->token.text = marks[i];
            parser->at += length;
            return;
        }
    }
    parser->token.kind = TOKEN_WRONG;
    parser->token.text = "";
    parse_wrong(parser, parser->at,
                "a row condition compares columns with constants and principal.x; it has no "
                "functions, casts or arithmetic",
                "`%.1s` has no meaning in a row condition", parser->text + parser->at);
}

static void token_next(struct parser *parser)
{
    const char *text = parser->text;
    parser->at += strspn(text + parser->at, " \t\r\n");
    size_t from = parser->at;
    parser->token = (struct token){.kind = TOKEN_END, .text = "", .at = from};
    if (parser->failed || text[from] == '\0')
        return;
    if (text[from] == '\'' || text[from] == '"')
        token_quoted(parser, text[from]);
    else if (is_digit(text[from]) || text[from] == '-')
        token_number(parser);
    else if (is_letter(text[from])) {
        while (is_letter(text[parser->at]) || is_digit(text[parser->at]))
            parser->at++;
        parser->token.kind = TOKEN_WORD;
        parser->token.text = token_copy(parser, from, parser->at);
    } else
        token_mark(parser);
}

static bool token_is(const struct parser *parser, const char *word)
{
    if (parser->failed)
        return false;
    if (parser->token.kind == TOKEN_MARK)
        return strcmp(parser->token.text, word) == 0;
    return parser->token.kind == TOKEN_WORD && weft_equal_fold(parser->token.text, word);
}

static bool token_take(struct parser *parser, const char *word)
{
    if (!token_is(parser, word))
        return false;
    token_next(parser);
    return true;
}

static void token_need(struct parser *parser, const char *word)
{
    if (!token_take(parser, word))
        parse_wrong(parser, parser->token.at, NULL, "here stands no `%s`", word);
}

/* ---- the tree ---- */

static bool is_reserved(const char *word)
{
    static const char *const words[] = {"and",  "or",   "not",   "in",    "like",     "is",
                                        "null", "true", "false", "where", "principal"};
    for (size_t i = 0; i < WEFT_COUNT(words); i++) {
        if (weft_equal_fold(word, words[i]))
            return true;
    }
    return false;
}

static struct weft_condition *node_new(struct parser *parser, enum weft_condition_kind kind)
{
    struct weft_condition *node = parse_alloc(parser, 1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->place = (struct weft_place){1, (int)weft_utf8_count(parser->text, parser->token.at) + 1};
    if (++parser->parts > WEFT_CONDITION_PARTS_MAX)
        parse_wrong(parser, parser->token.at, NULL, "the condition has more than %d parts",
                    WEFT_CONDITION_PARTS_MAX);
    return node;
}

static const struct weft_condition *node_of(struct parser *parser, enum weft_condition_kind kind,
                                            const struct weft_condition *const *parts, size_t count)
{
    struct weft_condition *node = node_new(parser, kind);
    const struct weft_condition **copy = parse_alloc(parser, count, sizeof(*copy));
    if (node == NULL || copy == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        copy[i] = parts[i];
    node->parts = copy;
    node->part_count = count;
    return node;
}

/* A column's name, or a part of a product's. */
static const char *parse_name(struct parser *parser, const char *what)
{
    const char *name = parser->token.text;
    bool good = parser->token.kind == TOKEN_QUOTED ||
                (parser->token.kind == TOKEN_WORD && !is_reserved(name));
    if (!good) {
        parse_wrong(parser, parser->token.at,
                    "each comparison begins with a column: state = 'CA', age >= 18",
                    "here stands no %s", what);
        return "";
    }
    token_next(parser);
    return name;
}

static bool parse_operand(struct parser *parser, struct weft_operand *out)
{
    struct token token = parser->token;
    if (token_take(parser, "principal")) {
        token_need(parser, ".");
        *out = (struct weft_operand){WEFT_OPERAND_PRINCIPAL, parser->token.text};
        if (parser->token.kind != TOKEN_WORD || !weft_name_valid(parser->token.text))
            parse_wrong(parser, parser->token.at, "write principal.state, principal.name",
                        "`principal.` is followed by no name of an attribute");
        token_next(parser);
    } else if (token_is(parser, "true") || token_is(parser, "false")) {
        *out = (struct weft_operand){WEFT_OPERAND_BOOLEAN,
                                     token_is(parser, "true") ? "true" : "false"};
        token_next(parser);
    } else if (token.kind == TOKEN_TEXT || token.kind == TOKEN_NUMBER) {
        *out = (struct weft_operand){
            token.kind == TOKEN_TEXT ? WEFT_OPERAND_TEXT : WEFT_OPERAND_NUMBER, token.text};
        token_next(parser);
    } else if (token_is(parser, "null"))
        parse_wrong(parser, token.at, "write IS NULL", "nothing equals null");
    else
        parse_wrong(parser, token.at, "compare with 'text', a number, true, false or principal.x",
                    "here stands no constant");
    if (++parser->parts > WEFT_CONDITION_PARTS_MAX)
        parse_wrong(parser, token.at, NULL, "the condition has more than %d parts",
                    WEFT_CONDITION_PARTS_MAX);
    return !parser->failed;
}

/* domain.product.column [WHERE ...] and the closing bracket. */
static const struct weft_condition *parse_member(struct parser *parser, struct weft_condition *node)
{
    size_t at = parser->token.at;
    const char *domain = parse_name(parser, "product");
    token_need(parser, ".");
    const char *product = parse_name(parser, "product");
    token_need(parser, ".");
    node->kind = WEFT_CONDITION_MEMBER;
    node->member = parse_name(parser, "column");
    if (parser->failed)
        return NULL;
    if (parser->member || !weft_name_valid(domain) || !weft_name_valid(product)) {
        parse_wrong(parser, at, parser->member ? NULL : "write domain.product.column",
                    parser->member ? "a second product within (product ...)"
                                   : "this is not the column of a product");
        return NULL;
    }
    node->product = weft_arena_format(parser->arena, "%s.%s", domain, product);
    if (node->product == NULL) {
        parser->failed = true;
        (void)weft_error_nomem(parser->error);
        return NULL;
    }
    if (token_take(parser, "where")) {
        const struct weft_condition **part = parse_alloc(parser, 1, sizeof(*part));
        parser->member = true;
        if (part != NULL)
            part[0] = parse_any(parser);
        parser->member = false;
        node->parts = part;
        node->part_count = 1;
    }
    token_need(parser, ")");
    return node;
}

static const struct weft_condition *parse_in(struct parser *parser, struct weft_condition *node)
{
    struct weft_operand *operands = NULL;
    size_t capacity = 0;
    token_need(parser, "(");
    if (parser->token.kind == TOKEN_QUOTED ||
        (parser->token.kind == TOKEN_WORD && !is_reserved(parser->token.text)))
        return parse_member(parser, node);
    node->kind = WEFT_CONDITION_IN;
    do {
        if (weft_arena_reserve(parser->arena, &operands, &capacity, node->operand_count + 1,
                               sizeof *operands) < 0) {
            parser->failed = true;
            (void)weft_error_nomem(parser->error);
        }
        if (parser->failed || !parse_operand(parser, &operands[node->operand_count]))
            return NULL;
        node->operand_count++;
        node->operands = operands;
    } while (token_take(parser, ","));
    token_need(parser, ")");
    return node;
}

static const struct weft_condition *
parse_compare(struct parser *parser, struct weft_condition *node, enum weft_condition_kind kind)
{
    struct weft_operand *operand = parse_alloc(parser, 1, sizeof *operand);
    node->kind = kind;
    if (operand == NULL || !parse_operand(parser, operand))
        return NULL;
    if (kind == WEFT_CONDITION_LIKE && operand->kind != WEFT_OPERAND_TEXT &&
        operand->kind != WEFT_OPERAND_PRINCIPAL) {
        parse_wrong(parser, parser->token.at, NULL, "LIKE compares with a text");
        return NULL;
    }
    node->operands = operand;
    node->operand_count = 1;
    return node;
}

static bool parse_operator(struct parser *parser, enum weft_operator *out)
{
    static const struct {
        const char *text;
        enum weft_operator op;
    } operators[] = {{"=", WEFT_EQUAL},       {"<>", WEFT_NOT_EQUAL}, {"!=", WEFT_NOT_EQUAL},
                     {"<=", WEFT_LESS_EQUAL}, {"<", WEFT_LESS},       {">=", WEFT_GREATER_EQUAL},
                     {">", WEFT_GREATER}};
    for (size_t i = 0; i < WEFT_COUNT(operators); i++) {
        if (parser->token.kind == TOKEN_MARK && token_take(parser, operators[i].text)) {
            *out = operators[i].op;
            return true;
        }
    }
    return false;
}

static const struct weft_condition *parse_predicate(struct parser *parser)
{
    struct weft_condition *node = node_new(parser, WEFT_CONDITION_COMPARE);
    if (node == NULL)
        return NULL;
    node->column = parse_name(parser, "column");
    bool negated = false;
    const struct weft_condition *made = NULL;
    if (parse_operator(parser, &node->op))
        return parse_compare(parser, node, WEFT_CONDITION_COMPARE);
    if (token_take(parser, "is")) {
        negated = token_take(parser, "not");
        token_need(parser, "null");
        node->kind = WEFT_CONDITION_NULL;
        made = node;
    } else {
        negated = token_take(parser, "not");
        if (token_take(parser, "in"))
            made = parse_in(parser, node);
        else if (token_take(parser, "like"))
            made = parse_compare(parser, node, WEFT_CONDITION_LIKE);
        else
            parse_wrong(parser, parser->token.at,
                        token_is(parser, "(") ? "a row condition has no functions"
                                              : "write =, <>, <, <=, >, >=, IN, LIKE or IS NULL",
                        "behind the column `%.60s` stands no comparison", node->column);
    }
    if (parser->failed || made == NULL || !negated)
        return made;
    return node_of(parser, WEFT_CONDITION_NOT, &made, 1);
}

static const struct weft_condition *parse_not(struct parser *parser)
{
    const struct weft_condition *made;
    if (++parser->depth > WEFT_CONDITION_DEPTH_MAX) {
        parse_wrong(parser, parser->token.at, NULL, "the condition is nested deeper than %d",
                    WEFT_CONDITION_DEPTH_MAX);
        return NULL;
    }
    if (token_take(parser, "not")) {
        made = parse_not(parser);
        if (made != NULL && !parser->failed)
            made = node_of(parser, WEFT_CONDITION_NOT, &made, 1);
    } else if (token_take(parser, "(")) {
        made = parse_any(parser);
        token_need(parser, ")");
    } else
        made = parse_predicate(parser);
    parser->depth--;
    return parser->failed ? NULL : made;
}

static const struct weft_condition *parse_list(struct parser *parser, const char *word,
                                               enum weft_condition_kind kind)
{
    const struct weft_condition **parts = NULL;
    size_t count = 0, capacity = 0;
    do {
        const struct weft_condition *part = kind == WEFT_CONDITION_OR
                                                ? parse_list(parser, "and", WEFT_CONDITION_AND)
                                                : parse_not(parser);
        if (part == NULL || parser->failed)
            return NULL;
        if (weft_arena_reserve(parser->arena, &parts, &capacity, count + 1, sizeof(*parts)) < 0) {
            parser->failed = true;
            (void)weft_error_nomem(parser->error);
            return NULL;
        }
        parts[count++] = part;
    } while (token_take(parser, word));
    return count == 1 ? parts[0] : node_of(parser, kind, parts, count);
}

static const struct weft_condition *parse_any(struct parser *parser)
{
    return parse_list(parser, "or", WEFT_CONDITION_OR);
}

int weft_condition_parse(struct weft_arena *arena, const char *text,
                         const struct weft_condition **out, struct weft_error *error)
{
    struct weft_error own = WEFT_ERROR_INIT;
    struct parser parser = {.arena = arena, .text = text, .error = error == NULL ? &own : error};
    size_t length = strlen(text);
    if (length > WEFT_CONDITION_BYTES_MAX)
        return weft_error_set(error, WEFT_E_INVALID, "a row condition is longer than %d bytes",
                              WEFT_CONDITION_BYTES_MAX);
    if (weft_utf8_valid(text, length) != length)
        return weft_error_set(error, WEFT_E_INVALID, "a row condition is no text");
    token_next(&parser);
    if (parser.token.kind == TOKEN_END)
        parse_wrong(&parser, 0, NULL, "a row condition is empty");
    const struct weft_condition *made = parser.failed ? NULL : parse_any(&parser);
    if (!parser.failed && parser.token.kind != TOKEN_END)
        parse_wrong(&parser, parser.token.at,
                    token_is(&parser, "(") ? "a row condition has no functions"
                                           : "join comparisons by AND or OR",
                    "here the condition should end");
    if (parser.failed || made == NULL)
        return -1;
    *out = made;
    return 0;
}

/* ---- the text again ---- */

static void print_column(const char *name, struct weft_buf *out)
{
    bool plain = is_letter(name[0]) && !is_reserved(name);
    for (const char *c = name; plain && *c != '\0'; c++)
        plain = is_letter(*c) || is_digit(*c);
    if (plain) {
        weft_buf_adds(out, name);
        return;
    }
    weft_buf_addc(out, '"');
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '"')
            weft_buf_addc(out, '"');
        weft_buf_addc(out, *c);
    }
    weft_buf_addc(out, '"');
}

static void print_operand(const struct weft_operand *operand, struct weft_buf *out)
{
    if (operand->kind == WEFT_OPERAND_PRINCIPAL)
        weft_buf_adds(out, "principal.");
    if (operand->kind != WEFT_OPERAND_TEXT) {
        weft_buf_adds(out, operand->text);
        return;
    }
    weft_buf_addc(out, '\'');
    for (const char *c = operand->text; *c != '\0'; c++) {
        if (*c == '\'')
            weft_buf_addc(out, '\'');
        weft_buf_addc(out, *c);
    }
    weft_buf_addc(out, '\'');
}

static void print_node(const struct weft_condition *node, int above, struct weft_buf *out);

static void print_list(const struct weft_condition *node, int above, struct weft_buf *out)
{
    int rank = node->kind == WEFT_CONDITION_AND ? 2 : 1;
    weft_buf_adds(out, above >= rank ? "(" : "");
    for (size_t i = 0; i < node->part_count; i++) {
        weft_buf_adds(out, i == 0 ? "" : rank == 2 ? " AND " : " OR ");
        print_node(node->parts[i], rank, out);
    }
    weft_buf_adds(out, above >= rank ? ")" : "");
}

static void print_member(const struct weft_condition *node, struct weft_buf *out)
{
    weft_buf_addf(out, " IN (%s.", node->product);
    print_column(node->member, out);
    if (node->part_count > 0) {
        weft_buf_adds(out, " WHERE ");
        print_node(node->parts[0], 0, out);
    }
    weft_buf_addc(out, ')');
}

/* above: 0 nothing, 1 OR, 2 AND, 3 NOT. */
static void print_node(const struct weft_condition *node, int above, struct weft_buf *out)
{
    static const char *const operators[] = {"=", "<>", "<", "<=", ">", ">="};
    switch (node->kind) {
    case WEFT_CONDITION_AND:
    case WEFT_CONDITION_OR:
        print_list(node, above, out);
        return;
    case WEFT_CONDITION_NOT:
        weft_buf_adds(out, "NOT ");
        print_node(node->parts[0], 3, out);
        return;
    case WEFT_CONDITION_ALL:
    case WEFT_CONDITION_NONE:
        weft_buf_adds(out, node->kind == WEFT_CONDITION_ALL ? "every row" : "no row");
        return;
    default:
        print_column(node->column, out);
    }
    if (node->kind == WEFT_CONDITION_NULL)
        weft_buf_adds(out, " IS NULL");
    else if (node->kind == WEFT_CONDITION_MEMBER)
        print_member(node, out);
    else if (node->kind == WEFT_CONDITION_IN) {
        weft_buf_adds(out, " IN (");
        for (size_t i = 0; i < node->operand_count; i++) {
            weft_buf_adds(out, i == 0 ? "" : ", ");
            print_operand(&node->operands[i], out);
        }
        weft_buf_addc(out, ')');
    } else {
        weft_buf_addf(out, " %s ",
                      node->kind == WEFT_CONDITION_LIKE ? "LIKE" : operators[node->op]);
        print_operand(&node->operands[0], out);
    }
}

void weft_condition_print(const struct weft_condition *condition, struct weft_buf *out)
{
    print_node(condition, 0, out);
}

int weft_condition_columns(const struct weft_condition *condition,
                           int (*fn)(void *arg, const char *column), void *arg)
{
    if (condition->column != NULL) {
        int rc = fn(arg, condition->column);
        if (rc != 0)
            return rc;
    }
    for (size_t i = 0; condition->kind != WEFT_CONDITION_MEMBER && i < condition->part_count; i++) {
        int rc = weft_condition_columns(condition->parts[i], fn, arg);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* ---- types ---- */

bool weft_condition_compares(const struct weft_type *type)
{
    return !weft_type_is_nested(type) && type->kind != WEFT_TYPE_JSON &&
           type->kind != WEFT_TYPE_BINARY;
}

bool weft_operand_fits(const struct weft_type *type, const struct weft_operand *operand)
{
    if (!weft_condition_compares(type))
        return false;
    return operand->kind == WEFT_OPERAND_PRINCIPAL || weft_type_accepts(type, operand->text);
}

static bool leaf_fits(const struct weft_condition *leaf, const struct weft_type *type)
{
    if (leaf->kind == WEFT_CONDITION_LIKE && type->kind != WEFT_TYPE_STRING)
        return false;
    for (size_t i = 0; i < leaf->operand_count; i++) {
        if (!weft_operand_fits(type, &leaf->operands[i]))
            return false;
    }
    return true;
}

const char *weft_condition_mistyped(const struct weft_condition *condition,
                                    weft_condition_type_fn *type_of, void *arg)
{
    if (condition->column != NULL) {
        const struct weft_type *type = type_of(arg, condition->column);
        if (type != NULL && !leaf_fits(condition, type))
            return condition->column;
    }
    for (size_t i = 0; condition->kind != WEFT_CONDITION_MEMBER && i < condition->part_count; i++) {
        const char *column = weft_condition_mistyped(condition->parts[i], type_of, arg);
        if (column != NULL)
            return column;
    }
    return NULL;
}

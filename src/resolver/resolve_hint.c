/*
 * resolve_hint.c - what may be meant by a text that is no SQL: the parser says where it gave up,
 * not what was typed wrong.
 */
#include "resolver/resolve_internal.h"

#include "base/text.h"

#include <ctype.h>

/* Words of SQL that people call their columns, and that are no names without quotes. */
static const char *const reserved[] = {
    "all",    "any",    "asc",       "both",  "case",     "cast",     "check",   "collate",
    "column", "create", "default",   "desc",  "distinct", "do",       "else",    "end",
    "except", "false",  "fetch",     "for",   "foreign",  "from",     "grant",   "group",
    "having", "in",     "initially", "into",  "lateral",  "leading",  "limit",   "not",
    "null",   "offset", "on",        "only",  "order",    "primary",  "qualify", "references",
    "select", "some",   "table",     "then",  "to",       "trailing", "true",    "union",
    "unique", "using",  "when",      "where", "window",   "with"};

/* Behind these a name or an expression begins. */
static const char *const before_names[] = {"select", "by",  "where",    "and",  "or",   "on",
                                           "having", "not", "distinct", "then", "else", "when"};

static const char *const clauses[] = {"from",  "where", "group", "having",
                                      "order", "limit", "union", "qualify"};

struct token {
    size_t start, end; /* equal: none */
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static struct token token_at(const char *sql, size_t length, size_t at)
{
    struct token token = {at, at};
    if (at >= length)
        return token;
    token.end = at + 1;
    while (is_word(sql[at]) && token.end < length && is_word(sql[token.end]))
        token.end++;
    return token;
}

static struct token token_before(const char *sql, size_t at)
{
    while (at > 0 && isspace((unsigned char)sql[at - 1]))
        at--;
    struct token token = {at, at};
    if (at == 0)
        return token;
    token.start = at - 1;
    while (is_word(sql[at - 1]) && token.start > 0 && is_word(sql[token.start - 1]))
        token.start--;
    return token;
}

static bool token_among(const char *sql, struct token token, const char *const *words, size_t count)
{
    char text[16];
    size_t length = token.end - token.start;
    if (length == 0 || length >= sizeof text)
        return false;
    for (size_t i = 0; i < length; i++)
        text[i] = weft_lower(sql[token.start + i]);
    text[length] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0)
            return true;
    }
    return false;
}

static bool is_reserved(const char *sql, struct token token)
{
    return token_among(sql, token, reserved, WEFT_COUNT(reserved));
}

/* May a name begin behind this? */
static bool opens_name(const char *sql, struct token token)
{
    return token.start == token.end || strchr(",(=<>.+-*/", sql[token.start]) != NULL ||
           token_among(sql, token, before_names, WEFT_COUNT(before_names));
}

static bool ends_operand(const char *sql, struct token token)
{
    return token.start < token.end && !is_reserved(sql, token) &&
           !token_among(sql, token, before_names, WEFT_COUNT(before_names)) &&
           (is_word(sql[token.start]) || strchr(")'\"", sql[token.start]) != NULL);
}

static int hint_name(const char *sql, struct token token, struct weft_error *error)
{
    int length = (int)(token.end - token.start);
    return weft_error_hint(error,
                           "`%.*s` is a word of SQL; as a name it stands in quotes: \"%.*s\"",
                           length, sql + token.start, length, sql + token.start);
}

/* Brackets that are open at the end, outside of texts and comments. Below zero: closed too
 * often. */
static int brackets_open(const char *sql, size_t length)
{
    int open = 0;
    for (size_t i = 0; i < length; i++) {
        char c = sql[i];
        if (c == '\'' || c == '"') {
            const char *end = memchr(sql + i + 1, c, length - i - 1);
            if (end == NULL)
                return open;
            i = (size_t)(end - sql);
        } else if (c == '-' && i + 1 < length && sql[i + 1] == '-') {
            const char *end = memchr(sql + i, '\n', length - i);
            if (end == NULL)
                return open;
            i = (size_t)(end - sql);
        } else {
            open += c == '(' ? 1 : c == ')' ? -1 : 0;
        }
        if (open < 0)
            return open;
    }
    return open;
}

int resolve_syntax_hint(const char *sql, size_t length, int64_t position, struct weft_error *error)
{
    if (strstr(error->message, "unterminated quoted") != NULL)
        return weft_error_hint(error, "a text ends with ', a name in quotes with \"; a ' within a "
                                      "text is written twice: 'it''s'");
    if (strstr(error->message, "at or near") == NULL && strstr(error->message, "at end") == NULL)
        return -1;
    int open = brackets_open(sql, length);
    if (open != 0)
        return weft_error_hint(error, open > 0 ? "a `(` has no `)`" : "a `)` has no `(`");
    if (strstr(error->message, "at end") != NULL)
        return weft_error_hint(error, "the statement is not complete: something follows here");
    if (position < 0 || (size_t)position >= length)
        return -1;
    struct token token = token_at(sql, length, (size_t)position);
    struct token before = token_before(sql, token.start);
    bool comma = before.start < before.end && sql[before.start] == ',';
    if (token_among(sql, token, (const char *const[]){"select"}, 1))
        return weft_error_hint(error, "a SELECT within an expression stands in brackets");
    if (comma && (sql[token.start] == ',' || token_among(sql, token, clauses, WEFT_COUNT(clauses))))
        return weft_error_hint(error, "a comma stands before it");
    if (is_reserved(sql, before) && opens_name(sql, token_before(sql, before.start)) &&
        !token_among(sql, before, before_names, WEFT_COUNT(before_names)))
        return hint_name(sql, before, error);
    if (is_reserved(sql, token) && opens_name(sql, before) && before.start < before.end)
        return hint_name(sql, token, error);
    if (ends_operand(sql, before) && token_among(sql, token, clauses, WEFT_COUNT(clauses)))
        return weft_error_hint(error, "the order is SELECT, FROM, WHERE, GROUP BY, HAVING, "
                                      "QUALIFY, ORDER BY, LIMIT");
    if (ends_operand(sql, before) && (is_word(sql[token.start]) || sql[token.start] == '"'))
        return weft_error_hint(error, "is a comma or an operator missing before it?");
    return -1;
}

const char *resolve_function_elsewhere(const char *name)
{
    static const struct {
        const char *name, *instead;
    } known[] = {
        {"nvl", "coalesce(a, b)"},
        {"isnull", "coalesce(a, b)"},
        {"iif", "if(condition, a, b)"},
        {"decode", "case a when 1 then ... end"},
        {"getdate", "now()"},
        {"sysdate", "now()"},
        {"to_char", "strftime(a, '%Y-%m')"},
        {"date_format", "strftime(a, '%Y-%m')"},
        {"to_date", "strptime(a, '%d.%m.%Y')::date"},
        {"str_to_date", "strptime(a, '%d.%m.%Y')::date"},
        {"to_number", "cast(a as double)"},
        {"charindex", "strpos(text, part)"},
        {"dateadd", "a + interval 1 day"},
        {"datediff", "date_diff('day', a, b)"},
        {"group_concat", "string_agg(a, ',')"},
        {"listagg", "string_agg(a, ',')"},
        {"len", "length(a)"},
        {"substring_index", "split_part(a, ',', 1)"},
    };
    for (size_t i = 0; i < WEFT_COUNT(known); i++) {
        if (weft_equal_fold(known[i].name, name))
            return known[i].instead;
    }
    return NULL;
}

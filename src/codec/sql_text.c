/*
 * sql_text.c - the lexer of sql_text.h.
 */
#include "codec/sql_text.h"

#include "base/text.h"

#include <string.h>

struct reader {
    const char *text;
    size_t length;
    size_t at;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes of characters beyond ASCII are letters, as for PostgreSQL. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_word(char c)
{
    return is_letter(c) || is_digit(c);
}

/* 0 behind the end: no token holds that byte as a mark of its own. */
static char peek(const struct reader *reader, size_t ahead)
{
    return reader->length - reader->at > ahead ? reader->text[reader->at + ahead] : '\0';
}

/* Behind the opening quote; true when it is closed. */
static bool quoted_skip(struct reader *reader, char quote, bool backslash)
{
    while (reader->at < reader->length) {
        char c = reader->text[reader->at++];
        if (c == '\\' && backslash && reader->at < reader->length)
            reader->at++;
        else if (c == quote && peek(reader, 0) == quote)
            reader->at++;
        else if (c == quote)
            return true;
    }
    return false;
}

static void line_skip(struct reader *reader)
{
    while (reader->at < reader->length && reader->text[reader->at] != '\n')
        reader->at++;
}

/* Behind the opening mark; they nest. */
static bool comment_skip(struct reader *reader)
{
    size_t depth = 1;
    while (reader->at < reader->length) {
        if (peek(reader, 0) == '/' && peek(reader, 1) == '*') {
            depth++;
            reader->at += 2;
        } else if (peek(reader, 0) == '*' && peek(reader, 1) == '/') {
            reader->at += 2;
            if (--depth == 0)
                return true;
        } else {
            reader->at++;
        }
    }
    return false;
}

/* Length of $tag$ at the reader's place, both marks counted; 0 = none stands there. */
static size_t dollar_tag(const struct reader *reader)
{
    size_t length = 1;
    if (is_digit(peek(reader, length)))
        return 0;
    while (is_word(peek(reader, length)))
        length++;
    return peek(reader, length) == '$' ? length + 1 : 0;
}

static bool dollar_skip(struct reader *reader, size_t tag)
{
    const char *mark = reader->text + reader->at;
    reader->at += tag;
    const char *rest = reader->text + reader->at;
    const char *close = memmem(rest, reader->length - reader->at, mark, tag);
    reader->at = close == NULL ? reader->length : (size_t)(close - reader->text) + tag;
    return close != NULL;
}

static void number_skip(struct reader *reader)
{
    for (;;) {
        char c = peek(reader, 0);
        bool sign = (c == '+' || c == '-') && weft_lower(reader->text[reader->at - 1]) == 'e';
        if (!is_word(c) && c != '.' && !sign)
            return;
        reader->at++;
    }
}

static enum weft_sql_kind dollar_read(struct reader *reader, bool *open)
{
    size_t tag = dollar_tag(reader);
    if (tag > 0) {
        *open = !dollar_skip(reader, tag);
        return WEFT_SQL_DOLLAR;
    }
    reader->at++;
    if (!is_word(peek(reader, 0)))
        return WEFT_SQL_MARK;
    while (is_word(peek(reader, 0)))
        reader->at++;
    return WEFT_SQL_VALUE;
}

static enum weft_sql_kind token_read(struct reader *reader, bool *open)
{
    char c = peek(reader, 0), next = peek(reader, 1);
    if (c == '-' && next == '-') {
        line_skip(reader);
        return WEFT_SQL_COMMENT;
    }
    if (c == '/' && next == '*') {
        reader->at += 2;
        *open = !comment_skip(reader);
        return WEFT_SQL_COMMENT;
    }
    if (c == '\'' || c == '"' || (weft_lower(c) == 'e' && next == '\'')) {
        bool escape = c != '\'' && c != '"';
        reader->at += escape ? 2 : 1;
        *open = !quoted_skip(reader, c == '"' ? '"' : '\'', escape);
        return c == '"' ? WEFT_SQL_NAME : WEFT_SQL_TEXT;
    }
    if (c == '$')
        return dollar_read(reader, open);
    reader->at++;
    if (is_digit(c) || (c == '.' && is_digit(next))) {
        number_skip(reader);
        return WEFT_SQL_NUMBER;
    }
    if (!is_letter(c))
        return c == ';' ? WEFT_SQL_END : WEFT_SQL_MARK;
    while (is_word(peek(reader, 0)) || peek(reader, 0) == '$')
        reader->at++;
    return WEFT_SQL_WORD;
}

bool weft_sql_next(const char *text, size_t length, size_t *at, struct weft_sql_token *token)
{
    struct reader reader = {text, length, *at};
    while (reader.at < length && is_blank(text[reader.at]))
        reader.at++;
    *at = reader.at;
    if (reader.at >= length)
        return false;
    *token = (struct weft_sql_token){.start = reader.at};
    token->kind = token_read(&reader, &token->open);
    token->length = reader.at - token->start;
    *at = reader.at;
    return true;
}

static char open_mark(const struct weft_sql_token *token, const char *text)
{
    switch (token->kind) {
    case WEFT_SQL_NAME:
        return '"';
    case WEFT_SQL_COMMENT:
        return '*';
    case WEFT_SQL_DOLLAR:
        return '$';
    default:
        return text[token->start] == '$' ? '$' : '\'';
    }
}

void weft_sql_statement(const char *text, size_t length, struct weft_sql_statement *out)
{
    struct weft_sql_token token;
    size_t at = 0, depth = 0, last = length;
    bool found = false;
    *out = (struct weft_sql_statement){.start = length, .end = length};
    while (weft_sql_next(text, length, &at, &token)) {
        if (token.kind == WEFT_SQL_END) {
            if (!found)
                out->start = last = token.start;
            out->ended = true;
            out->end = at;
            break;
        }
        if (token.open)
            out->open = open_mark(&token, text);
        if (token.kind == WEFT_SQL_COMMENT)
            continue;
        if (!found)
            out->start = token.start;
        found = true;
        last = at;
        char mark = token.kind == WEFT_SQL_MARK ? text[token.start] : '\0';
        depth += mark == '(' || mark == '[' || mark == '{';
        depth -= depth > 0 && (mark == ')' || mark == ']' || mark == '}');
    }
    out->length = last - out->start;
    if (!out->ended && out->open == 0 && depth > 0)
        out->open = '(';
}

void weft_sql_name_add(struct weft_buf *out, const char *text, const struct weft_sql_token *token)
{
    const char *from = text + token->start;
    bool quoted = token->kind == WEFT_SQL_NAME;
    size_t end = token->length - (quoted && !token->open ? 1 : 0);
    for (size_t i = quoted ? 1 : 0; i < end; i++) {
        weft_buf_addc(out, quoted ? from[i] : weft_lower(from[i]));
        i += quoted && from[i] == '"';
    }
}

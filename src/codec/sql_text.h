/*
 * sql_text.h - a person's SQL as words and marks: where a statement ends, what is still open, what
 * stands where. Lexical only: DuckDB parses (resolver/resolver.h).
 *
 * As PostgreSQL and DuckDB read it: 'text' and "name" with doubled quotes, E'text' with
 * backslashes, $tag$ text $tag$, -- to the end of the line, nested block comments. A `;` outside of
 * these ends a statement, also inside brackets: there is no SQL in which it would not, and a typist
 * who forgot a bracket gets an answer. Any bytes are read; nothing is allocated. Thread-safe.
 */
#ifndef WEFT_CODEC_SQL_TEXT_H
#define WEFT_CODEC_SQL_TEXT_H

#include "base/buf.h"

enum weft_sql_kind {
    WEFT_SQL_WORD,    /* select, orders: a name or keyword */
    WEFT_SQL_NAME,    /* "quoted name" */
    WEFT_SQL_TEXT,    /* 'text', E'text' */
    WEFT_SQL_DOLLAR,  /* $tag$ text $tag$ */
    WEFT_SQL_NUMBER,  /* 1, 1.5e-3 */
    WEFT_SQL_VALUE,   /* $1, $name: a parameter */
    WEFT_SQL_COMMENT, /* of either form */
    WEFT_SQL_END,     /* ; */
    WEFT_SQL_MARK     /* one character: ( ) . , = ... */
};

struct weft_sql_token {
    enum weft_sql_kind kind;
    size_t start, length;
    bool open; /* the text ends before it does (a comment to the end of the line never is) */
};

/* The token at or after *at, blanks skipped; *at moves behind it. False at the end. */
bool weft_sql_next(const char *text, size_t length, size_t *at, struct weft_sql_token *token);

/* The first statement of a text. */
struct weft_sql_statement {
    size_t start;  /* of its first token that is no comment; the text's length when there is none */
    size_t length; /* without the `;` and what stands after the last token */
    size_t end;    /* where the next one begins: behind the `;`, or the text's end */
    bool ended;    /* by `;` */
    char open;     /* what it waits for: ' " * (comment) $ ( or 0 */
};
void weft_sql_statement(const char *text, size_t length, struct weft_sql_statement *out);

/* The name that a NAME or WORD token stands for: unquoted, words in lower case. */
void weft_sql_name_add(struct weft_buf *out, const char *text, const struct weft_sql_token *token);

#endif

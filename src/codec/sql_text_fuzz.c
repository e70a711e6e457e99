/*
 * sql_text_fuzz.c - any bytes: tokens stand in order, do not overlap, leave only blanks between
 * them; statements follow each other to the end, and a whole statement stays one when it stands
 * alone.
 */
#include "codec/sql_text.h"

#include <stdlib.h>

static void tokens_check(const char *text, size_t length)
{
    struct weft_sql_token token;
    size_t at = 0, behind = 0;
    while (weft_sql_next(text, length, &at, &token)) {
        if (token.start < behind || token.length == 0 || token.start + token.length != at ||
            at > length || (token.open && at != length))
            abort();
        for (size_t i = behind; i < token.start; i++)
            if (text[i] > ' ' || text[i] < '\t')
                abort();
        behind = at;
    }
    if (at != length)
        abort();
}

static void statement_check(const char *text, const struct weft_sql_statement *statement)
{
    struct weft_sql_statement alone;
    if (statement->start + statement->length > statement->end ||
        (statement->ended && statement->open != 0))
        abort();
    weft_sql_statement(text + statement->start, statement->length, &alone);
    if (alone.ended || alone.length != statement->length)
        abort();
}

static void names_check(const char *text, size_t length)
{
    struct weft_buf name;
    struct weft_sql_token token;
    weft_buf_init(&name, length + 1);
    for (size_t at = 0; weft_sql_next(text, length, &at, &token);) {
        weft_buf_clear(&name);
        if (token.kind == WEFT_SQL_NAME || token.kind == WEFT_SQL_WORD)
            weft_sql_name_add(&name, text, &token);
        if (name.failed || name.length > token.length)
            abort();
    }
    weft_buf_release(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t at = 0;
    tokens_check(text, size);
    names_check(text, size);
    while (at < size) {
        struct weft_sql_statement statement;
        weft_sql_statement(text + at, size - at, &statement);
        statement_check(text + at, &statement);
        if (statement.end == 0 || (!statement.ended && statement.end != size - at))
            abort();
        at += statement.end;
    }
    return 0;
}

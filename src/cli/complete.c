/*
 * complete.c - completion of complete.h.
 *
 * The word at the cursor is a chain of names with dots between (shop.orders.a). What stands before
 * it says what can stand there: behind FROM and JOIN a table, else a column of a table that the
 * statement names, a keyword or a function.
 */
#include "cli/complete.h"

#include "base/text.h"
#include "codec/sql_text.h"

#include <stdlib.h>
#include <string.h>

#define SOURCES_MAX 64
#define TOKENS_MAX 20000

static const char *const keywords[] = {
    "all",          "and",
    "any",          "array_agg",
    "as",           "asc",
    "avg",          "between",
    "by",           "case",
    "cast",         "coalesce",
    "count",        "cross",
    "current_date", "date_part",
    "date_trunc",   "desc",
    "distinct",     "else",
    "end",          "except",
    "exists",       "extract",
    "false",        "filter",
    "first",        "from",
    "full",         "group",
    "having",       "in",
    "inner",        "intersect",
    "interval",     "is",
    "join",         "last",
    "lateral",      "left",
    "length",       "like",
    "limit",        "lower",
    "max",          "median",
    "min",          "not",
    "now",          "null",
    "nulls",        "offset",
    "on",           "or",
    "order",        "outer",
    "over",         "partition",
    "qualify",      "quantile_cont",
    "recursive",    "regexp_matches",
    "right",        "round",
    "row_number",   "select",
    "string_agg",   "substring",
    "sum",          "then",
    "true",         "trim",
    "union",        "unnest",
    "upper",        "using",
    "values",       "when",
    "where",        "window",
    "with",
};

/* Words that a name must be quoted for, beside those that are no plain word at all. */
static const char *const reserved[] = {
    "all",    "and",    "any",    "as",       "asc",   "both",    "case",    "cast",       "check",
    "column", "create", "desc",   "distinct", "do",    "else",    "end",     "except",     "false",
    "for",    "from",   "group",  "having",   "in",    "into",    "limit",   "not",        "null",
    "offset", "on",     "only",   "or",       "order", "primary", "qualify", "references", "select",
    "show",   "some",   "table",  "then",     "to",    "true",    "union",   "unique",     "using",
    "when",   "where",  "window", "with",
};

struct source {
    const struct weft_session_table *table;
    const char *alias; /* or the last part of its name */
};

struct scene {
    struct weft_arena *arena;
    const struct weft_session_names *names;
    const char *text;
    size_t cursor;
    size_t word;     /* where the last part of the chain begins; the cursor when it is empty */
    size_t chain;    /* where the chain begins */
    char *owner;     /* what stands before the last dot, unquoted; NULL = no dot */
    bool inside;     /* a text or comment: nothing is completed */
    char before[16]; /* the word or mark before the chain, in lower case */
    bool table_list; /* the chain stands where a table can: FROM, JOIN, or , behind a table */
    struct source sources[SOURCES_MAX];
    size_t source_count;
};

/* ---- items ---- */

static bool begins_fold(const char *item, const char *prefix, size_t length)
{
    size_t i = 0;
    while (i < length && item[i] != '\0' && weft_lower(item[i]) == weft_lower(prefix[i]))
        i++;
    return i == length;
}

static int item_add(struct weft_arena *arena, struct weft_completion *out, const char *item)
{
    if (item == NULL)
        return -1;
    for (size_t i = 0; i < out->count; i++) {
        if (strcmp(out->items[i], item) == 0)
            return 0;
    }
    if (weft_arena_reserve(arena, &out->items, &out->capacity, out->count + 1, sizeof *out->items) <
        0)
        return -1;
    out->items[out->count++] = item;
    return 0;
}

static int item_compare(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

static void items_end(struct weft_completion *out, const char *text, size_t start, size_t cursor)
{
    out->replace = cursor - start;
    out->replace_chars = weft_utf8_count(text + start, cursor - start);
    if (out->count > 0)
        qsort(out->items, out->count, sizeof *out->items, item_compare);
}

const char *weft_completion_common(struct weft_arena *arena, const struct weft_completion *found)
{
    size_t length = found->count == 0 ? 0 : strlen(found->items[0]);
    for (size_t i = 1; i < found->count; i++) {
        size_t same = 0;
        while (same < length && found->items[i][same] == found->items[0][same])
            same++;
        length = same;
    }
    while (length > 0 && found->count > 1 && weft_utf8_valid(found->items[0], length) != length)
        length--;
    return weft_arena_strndup(arena, found->count == 0 ? "" : found->items[0], length);
}

int weft_complete_words(struct weft_arena *arena, const char *const *words, size_t count,
                        const char *text, size_t start, size_t cursor, struct weft_completion *out)
{
    for (size_t i = 0; i < count; i++) {
        if (begins_fold(words[i], text + start, cursor - start) &&
            item_add(arena, out, words[i]) < 0)
            return -1;
    }
    out->space = true;
    items_end(out, text, start, cursor);
    return 0;
}

int weft_complete_tables(struct weft_arena *arena, const struct weft_session_names *names,
                         const char *text, size_t start, size_t cursor, bool mesh,
                         struct weft_completion *out)
{
    for (size_t i = 0; i < names->count; i++) {
        const struct weft_session_table *table = &names->tables[i];
        /* The mesh's own tables are in the way of who has typed nothing. */
        if ((table->mesh && !mesh && cursor == start) ||
            !begins_fold(table->name, text + start, cursor - start))
            continue;
        if (item_add(arena, out, table->name) < 0)
            return -1;
    }
    out->space = true;
    items_end(out, text, start, cursor);
    return 0;
}

/* ---- what the statement says ---- */

static bool is_name(const struct weft_sql_token *token)
{
    return token->kind == WEFT_SQL_WORD || token->kind == WEFT_SQL_NAME;
}

static bool is_mark(const char *text, const struct weft_sql_token *token, char mark)
{
    return token->kind == WEFT_SQL_MARK && text[token->start] == mark;
}

static bool is_word(const char *text, const struct weft_sql_token *token, const char *word)
{
    return token->kind == WEFT_SQL_WORD && strlen(word) == token->length &&
           begins_fold(word, text + token->start, token->length);
}

static char *name_of(struct weft_arena *arena, const char *text,
                     const struct weft_sql_token *tokens, size_t count)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf name;
    weft_buf_init(&name, 4096);
    for (size_t i = 0; i < count; i++) {
        if (is_name(&tokens[i]))
            weft_sql_name_add(&name, text, &tokens[i]);
        else
            weft_buf_addc(&name, '.');
    }
    return name.failed ? NULL : weft_arena_strndup(arena, name.data, name.length);
}

static bool is_reserved(const char *word, size_t length)
{
    for (size_t i = 0; i < WEFT_COUNT(reserved); i++) {
        if (strlen(reserved[i]) == length && begins_fold(reserved[i], word, length))
            return true;
    }
    return false;
}

/* A product or table of the mesh in the statement, with its alias: name.name [AS] alias. */
static int source_read(struct scene *scene, const struct weft_sql_token *tokens, size_t count,
                       size_t at)
{
    char *name = name_of(scene->arena, scene->text, tokens + at, 3);
    if (name == NULL)
        return -1;
    const struct weft_session_table *table = weft_session_table(scene->names, name);
    if (table == NULL || scene->source_count == SOURCES_MAX)
        return 0;
    size_t next = at + 3;
    if (next < count && is_word(scene->text, &tokens[next], "as"))
        next++;
    struct source *source = &scene->sources[scene->source_count];
    source->table = table;
    source->alias = strchr(table->name, '.') + 1;
    bool named = next < count && is_name(&tokens[next]) &&
                 !(tokens[next].kind == WEFT_SQL_WORD &&
                   (is_reserved(scene->text + tokens[next].start, tokens[next].length) ||
                    is_word(scene->text, &tokens[next], "join") ||
                    is_word(scene->text, &tokens[next], "left") ||
                    is_word(scene->text, &tokens[next], "inner") ||
                    is_word(scene->text, &tokens[next], "cross") ||
                    is_word(scene->text, &tokens[next], "full") ||
                    is_word(scene->text, &tokens[next], "right")));
    if (named) {
        source->alias = name_of(scene->arena, scene->text, tokens + next, 1);
        if (source->alias == NULL)
            return -1;
    }
    scene->source_count++;
    return 0;
}

static int sources_read(struct scene *scene, const struct weft_sql_token *tokens, size_t count)
{
    for (size_t i = 0; i + 2 < count; i++) {
        bool chained = i > 0 && is_mark(scene->text, &tokens[i - 1], '.');
        if (!chained && is_name(&tokens[i]) && is_mark(scene->text, &tokens[i + 1], '.') &&
            is_name(&tokens[i + 2]) && source_read(scene, tokens, count, i) < 0)
            return -1;
    }
    return 0;
}

/* The chain that ends at the cursor, and what stands before it. `count` tokens end there. */
static int chain_read(struct scene *scene, const struct weft_sql_token *tokens, size_t count)
{
    size_t end = count, first;
    bool touches = count > 0 && tokens[count - 1].start + tokens[count - 1].length == scene->cursor;
    scene->word = scene->chain = scene->cursor;
    if (touches && is_name(&tokens[count - 1])) {
        scene->word = scene->chain = tokens[count - 1].start;
        end--;
        touches = end > 0 && tokens[end - 1].start + 1 == scene->word;
    }
    first = end;
    while (touches && first >= 2 && is_mark(scene->text, &tokens[first - 1], '.') &&
           is_name(&tokens[first - 2])) {
        first -= 2;
        scene->chain = tokens[first].start;
        touches = first > 0 && is_mark(scene->text, &tokens[first - 1], '.');
    }
    if (first < end) {
        scene->owner = name_of(scene->arena, scene->text, tokens + first, end - first - 1);
        if (scene->owner == NULL)
            return -1;
    }
    for (size_t i = 0; first > 0 && i < tokens[first - 1].length && i + 1 < sizeof scene->before;
         i++)
        scene->before[i] = weft_lower(scene->text[tokens[first - 1].start + i]);
    /* In a list of tables: back over names, dots and commas to FROM. */
    while (first > 0 &&
           (is_mark(scene->text, &tokens[first - 1], ',') ||
            is_mark(scene->text, &tokens[first - 1], '.') ||
            (is_name(&tokens[first - 1]) &&
             !is_reserved(scene->text + tokens[first - 1].start, tokens[first - 1].length) &&
             strcmp(scene->before, ",") == 0)))
        first--;
    scene->table_list = strcmp(scene->before, "join") == 0 ||
                        (first > 0 && is_word(scene->text, &tokens[first - 1], "from") &&
                         (strcmp(scene->before, "from") == 0 || strcmp(scene->before, ",") == 0));
    return 0;
}

static int scene_read(struct scene *scene, size_t length)
{
    WEFT_CLEANUP(weft_freep)
    struct weft_sql_token *tokens = weft_alloc_array(TOKENS_MAX, sizeof *tokens);
    size_t count = 0, before = 0, at = 0;
    if (tokens == NULL)
        return -1;
    /* Up to the cursor the text stands alone: half a word is the word there. */
    while (count < TOKENS_MAX && weft_sql_next(scene->text, scene->cursor, &at, &tokens[count])) {
        const struct weft_sql_token *token = &tokens[count];
        bool line_comment = token->kind == WEFT_SQL_COMMENT && scene->text[token->start] == '-' &&
                            at == scene->cursor;
        scene->inside = (token->open && token->kind != WEFT_SQL_NAME) || line_comment;
        count += token->kind != WEFT_SQL_COMMENT;
    }
    before = count;
    at = scene->cursor;
    while (at < length &&
           ((scene->text[at] >= 'a' && scene->text[at] <= 'z') ||
            (scene->text[at] >= 'A' && scene->text[at] <= 'Z') || scene->text[at] == '_'))
        at++; /* the rest of that word */
    while (count < TOKENS_MAX && weft_sql_next(scene->text, length, &at, &tokens[count]))
        count += tokens[count].kind != WEFT_SQL_COMMENT;
    if (scene->inside)
        return 0;
    return chain_read(scene, tokens, before) < 0 ? -1 : sources_read(scene, tokens, count);
}

/* ---- candidates ---- */

static const char *column_written(struct weft_arena *arena, const char *name, bool quote)
{
    bool plain = name[0] != '\0' && !(name[0] >= '0' && name[0] <= '9');
    for (const char *at = name; *at != '\0'; at++)
        plain = plain && (*at == '_' || (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                          (*at >= '0' && *at <= '9'));
    if (plain && !quote && !is_reserved(name, strlen(name)))
        return name;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 65536);
    weft_buf_add_sql_name(&text, name);
    return text.failed ? NULL : weft_arena_strndup(arena, text.data, text.length);
}

static int columns_add(struct scene *scene, const struct weft_session_table *table,
                       struct weft_completion *out)
{
    bool quote = scene->word < scene->cursor && scene->text[scene->word] == '"';
    const char *typed = scene->text + scene->word + quote;
    size_t length = scene->cursor - scene->word - quote;
    for (size_t i = 0; i < table->column_count; i++) {
        const char *name = table->columns[i].name;
        /* Values of others: nothing but what a terminal shows as it is. */
        bool shown = weft_utf8_valid(name, strlen(name)) == strlen(name);
        for (const char *at = name; *at != '\0'; at++)
            shown = shown && (unsigned char)*at >= ' ' && *at != '\x7f';
        if (shown && begins_fold(name, typed, length) &&
            item_add(scene->arena, out, column_written(scene->arena, name, quote)) < 0)
            return -1;
    }
    return 0;
}

/* In the case of what was typed. */
static int keywords_add(struct scene *scene, struct weft_completion *out)
{
    const char *typed = scene->text + scene->word;
    size_t length = scene->cursor - scene->word;
    bool upper = length > 0 && typed[0] >= 'A' && typed[0] <= 'Z';
    for (size_t i = 0; length > 0 && i < WEFT_COUNT(keywords); i++) {
        if (!begins_fold(keywords[i], typed, length))
            continue;
        char *word = weft_arena_strdup(scene->arena, keywords[i]);
        for (char *at = word; upper && at != NULL && *at != '\0'; at++)
            *at = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
        if (item_add(scene->arena, out, word) < 0)
            return -1;
    }
    return 0;
}

/* Behind a dot: columns of the table that is called so, or tables of that domain. */
static int owned_complete(struct scene *scene, struct weft_completion *out)
{
    const struct weft_session_table *whole = weft_session_table(scene->names, scene->owner);
    if (whole != NULL && columns_add(scene, whole, out) < 0)
        return -1;
    for (size_t i = 0; i < scene->source_count; i++) {
        if (weft_equal_fold(scene->sources[i].alias, scene->owner) &&
            columns_add(scene, scene->sources[i].table, out) < 0)
            return -1;
    }
    if (out->count > 0) {
        items_end(out, scene->text, scene->word, scene->cursor);
        out->space = false;
        return 0;
    }
    return weft_complete_tables(scene->arena, scene->names, scene->text, scene->chain,
                                scene->cursor, true, out);
}

int weft_complete_sql(struct weft_arena *arena, const struct weft_session_names *names,
                      const char *text, size_t length, size_t cursor, struct weft_completion *out)
{
    struct scene scene = {.arena = arena, .names = names, .text = text, .cursor = cursor};
    *out = (struct weft_completion){0};
    if (scene_read(&scene, length) < 0)
        return -1;
    if (scene.inside)
        return 0;
    if (scene.owner != NULL && !scene.table_list)
        return owned_complete(&scene, out);
    if (scene.table_list)
        return weft_complete_tables(arena, names, text, scene.chain, cursor, false, out);
    for (size_t i = 0; i < scene.source_count; i++) {
        if (columns_add(&scene, scene.sources[i].table, out) < 0)
            return -1;
    }
    bool quote = scene.word < cursor && text[scene.word] == '"';
    if (!quote && keywords_add(&scene, out) < 0)
        return -1;
    items_end(out, text, scene.word, cursor);
    out->space = true;
    return 0;
}

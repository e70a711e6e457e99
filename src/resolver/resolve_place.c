/*
 * resolve_place.c - where something stands: byte offsets of a person's text as lines and columns of
 * their file, and what DuckDB says about the text that runs brought back to the person's.
 *
 * DuckDB tells no offset, but a piece of the line with a mark below it. The piece is looked for in
 * the final text; subqueries of weft's own are taken out of the offset, which gives one in the
 * printed text; the trees of the two texts, walked side by side, tell which expression that is.
 */
#include "base/text.h"
#include "resolver/resolve_error.h"

#include <strings.h>

#define PLACE_PIECE_MAX 512
#define PLACE_PIECE_MIN 8
#define PLACE_PIECE_STEP 4

void resolve_place(const struct weft_resolve_options *options, const char *sql, size_t length,
                   int64_t location, struct weft_error *error)
{
    bool known = location >= 0 && (size_t)location <= length;
    if (!known || options->indent < 0) {
        weft_error_at(error, options->file, options->line_offset + 1,
                      WEFT_MAX(options->column_offset + 1, 1));
        return;
    }
    int line = 1;
    size_t start = 0;
    for (size_t i = 0; i < (size_t)location; i++)
        if (sql[i] == '\n') {
            line++;
            start = i + 1;
        }
    int column = (int)weft_utf8_count(sql + start, (size_t)location - start) + 1;
    column += line == 1 ? options->column_offset : options->indent;
    weft_error_at(error, options->file, line + options->line_offset, WEFT_MAX(column, 1));
}

/* ---- words of the text ---- */

/* Behind a quoted text, name or comment that begins at `at`; `at` when none does. */
static size_t text_skip(const char *sql, size_t length, size_t at)
{
    char c = sql[at];
    if (c == '\'' || c == '"') {
        const char *end = memchr(sql + at + 1, c, length - at - 1);
        return end == NULL ? length : (size_t)(end - sql) + 1;
    }
    if (c == '-' && at + 1 < length && sql[at + 1] == '-') {
        const char *end = memchr(sql + at, '\n', length - at);
        return end == NULL ? length : (size_t)(end - sql);
    }
    if (c == '/' && at + 1 < length && sql[at + 1] == '*') {
        for (size_t i = at + 2; i + 1 < length; i++)
            if (sql[i] == '*' && sql[i + 1] == '/')
                return i + 2;
        return length;
    }
    return at;
}

static bool is_word_part(char c)
{
    c = weft_lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80) != 0;
}

int64_t resolve_find_word(const char *sql, size_t length, const char *word)
{
    size_t size = strlen(word);
    for (size_t at = 0; at + size <= length;) {
        size_t behind = text_skip(sql, length, at);
        if (behind > at) {
            at = behind;
            continue;
        }
        bool begins = at == 0 || !is_word_part(sql[at - 1]) || !is_word_part(word[0]);
        bool ends =
            at + size == length || !is_word_part(sql[at + size]) || !is_word_part(word[size - 1]);
        if (begins && ends && strncasecmp(sql + at, word, size) == 0)
            return (int64_t)at;
        at++;
    }
    return RESOLVE_LOCATION_NO;
}

/* ---- the typed and the printed tree ---- */

static void pair_add(struct resolve *resolve, int64_t typed, int64_t printed)
{
    if (typed < 0 || printed < 0)
        return;
    if (weft_arena_reserve(resolve->arena, &resolve->pairs, &resolve->pair_capacity,
                           resolve->pair_count + 1, sizeof(struct resolve_pair)) < 0) {
        resolve->nomem = true;
        return;
    }
    resolve->pairs[resolve->pair_count++] = (struct resolve_pair){typed, printed};
}

void resolve_pairs(struct resolve *resolve, yyjson_mut_val *typed, yyjson_mut_val *printed)
{
    if (yyjson_mut_is_arr(typed) && yyjson_mut_is_arr(printed)) {
        yyjson_mut_arr_iter left = yyjson_mut_arr_iter_with(typed);
        yyjson_mut_arr_iter right = yyjson_mut_arr_iter_with(printed);
        yyjson_mut_val *a;
        yyjson_mut_val *b;
        while ((a = yyjson_mut_arr_iter_next(&left)) != NULL &&
               (b = yyjson_mut_arr_iter_next(&right)) != NULL)
            resolve_pairs(resolve, a, b);
        return;
    }
    if (!yyjson_mut_is_obj(typed) || !yyjson_mut_is_obj(printed) ||
        !tree_is(printed, "class", tree_text(typed, "class")))
        return;
    pair_add(resolve, tree_location(typed), tree_location(printed));
    if (tree_is(typed, "class", "CONSTANT"))
        return;
    yyjson_mut_obj_iter members = yyjson_mut_obj_iter_with(typed);
    yyjson_mut_val *key;
    while ((key = yyjson_mut_obj_iter_next(&members)) != NULL) {
        yyjson_mut_val *value = yyjson_mut_obj_iter_get_val(key);
        if (yyjson_mut_is_ctn(value))
            resolve_pairs(resolve, value, yyjson_mut_obj_get(printed, yyjson_mut_get_str(key)));
    }
}

/* ---- what DuckDB tells ---- */

/* Bytes of the first `columns` columns of a terminal; a wide character takes two. */
static size_t columns_bytes(const char *text, size_t columns)
{
    size_t at = 0;
    while (columns > 0 && text[at] != 0) {
        unsigned char c = (unsigned char)text[at];
        size_t size = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        size_t width = c >= 0xe3 ? 2 : 1;
        columns -= WEFT_MIN(columns, width);
        for (size_t i = 0; i < size && text[at] != 0; i++)
            at++;
    }
    return at;
}

/* "LINE 1: ...piece of the text..." and "            ^" -> the piece, and the mark's byte in it. */
static bool told_read(const char *told, char *piece, size_t size, size_t *mark)
{
    const char *text = strstr(told, ": ");
    const char *end = text == NULL ? NULL : strchr(text, '\n');
    const char *caret = end == NULL ? NULL : strrchr(end, '^');
    if (caret == NULL || strncmp(told, "LINE ", 5) != 0)
        return false;
    text += 2;
    size_t column = (size_t)(caret - end - 1);
    size_t before = (size_t)(text - told);
    if (column < before || (size_t)(end - text) >= size)
        return false;
    size_t length = (size_t)(end - text);
    memcpy(piece, text, length);
    piece[length] = 0;
    *mark = columns_bytes(piece, column - before);
    if (length > 3 && strcmp(piece + length - 3, "...") == 0)
        piece[length -= 3] = 0;
    if (length > 3 && strncmp(piece, "...", 3) == 0 && *mark >= 3) {
        memmove(piece, piece + 3, length - 2);
        *mark -= 3;
    }
    return *mark <= strlen(piece);
}

/* The offset in the printed text of one in the final text. */
static int64_t place_printed(const struct weft_resolved_places *places, int64_t at)
{
    int64_t printed = at;
    int64_t nearest = -1;
    for (size_t i = 0; i < places->table_count; i++) {
        const struct resolve_splice *splice = &places->tables[i].splice;
        if (at < splice->final || splice->final < nearest)
            continue;
        nearest = splice->final;
        printed = at < splice->final_end ? splice->printed
                                         : splice->printed_end + (at - splice->final_end);
    }
    return printed;
}

/* Where the piece stands, once, in the text; less of it around the mark where the text was put into
 * another one before it ran. */
static const char *place_find(const char *text, char *piece, size_t *mark)
{
    size_t length = strlen(piece);
    for (;;) {
        const char *found = strstr(text, piece);
        if (found != NULL)
            return strstr(found + 1, piece) == NULL ? found : NULL;
        size_t left = WEFT_MIN(*mark, PLACE_PIECE_STEP);
        size_t right = WEFT_MIN(length - *mark, PLACE_PIECE_STEP);
        if (length <= PLACE_PIECE_MIN + left + right || left + right == 0)
            return NULL;
        length -= left + right;
        memmove(piece, piece + left, length);
        piece[length] = 0;
        *mark -= left;
    }
}

int64_t resolve_place_told(const struct weft_resolved_places *places, const char *told)
{
    char piece[PLACE_PIECE_MAX];
    size_t mark = 0;
    if (!told_read(told, piece, sizeof(piece), &mark) || piece[0] == 0)
        return RESOLVE_LOCATION_NO;
    const char *found = place_find(places->final, piece, &mark);
    if (found == NULL)
        return RESOLVE_LOCATION_NO;
    int64_t printed = place_printed(places, (found - places->final) + (int64_t)mark);
    for (size_t i = 0; i < places->pair_count; i++)
        if (places->pairs[i].printed == printed)
            return places->pairs[i].typed;
    return RESOLVE_LOCATION_NO;
}

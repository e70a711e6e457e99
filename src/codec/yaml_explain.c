/*
 * yaml_explain.c - the frequent mistakes of YAML files in words that say what to do. The parser's
 * own words tell which rule of the grammar failed, seldom what was typed wrong.
 */
#include "base/text.h"
#include "codec/yaml_internal.h"

#include <string.h>

static struct weft_yaml_place place_of(struct weft_str text, size_t offset)
{
    struct weft_yaml_place place = {1, 1};
    size_t start = 0;
    for (size_t i = 0; i < offset; i++) {
        if (text.data[i] == '\n') {
            place.line++;
            start = i + 1;
        }
    }
    place.column = (int)weft_utf8_count(text.data + start, offset - start) + 1;
    return place;
}

static bool mistake_at(struct yaml_mistake *out, struct weft_str text, size_t offset,
                       const char *hint, const char *message)
{
    out->place = place_of(text, offset);
    out->hint = hint;
    snprintf(out->message, sizeof out->message, "%s", message);
    return true;
}

/* Offset of a line that starts with %, or length. */
static size_t directive_find(struct weft_str text)
{
    const char *at = text.data;
    while ((at = memchr(at, '%', text.length - (size_t)(at - text.data))) != NULL) {
        if (at == text.data || at[-1] == '\n' || at[-1] == '\r')
            return (size_t)(at - text.data);
        at++;
    }
    return text.length;
}

/* Offset of a byte that no text has, or length. */
static size_t control_find(struct weft_str text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return i;
    }
    return text.length;
}

/* What a server answers instead of the file. */
static bool is_markup(struct weft_str text)
{
    static const char *const starts[] = {"<!doctype", "<html", "<?xml", "<!--", "<head", "<body"};
    char start[10] = "";
    for (size_t i = 0; i < WEFT_MIN(text.length, sizeof start - 1); i++)
        start[i] = weft_lower(text.data[i]);
    for (size_t i = 0; i < WEFT_COUNT(starts); i++) {
        if (strncmp(start, starts[i], strlen(starts[i])) == 0)
            return true;
    }
    return false;
}

static struct weft_str text_body(struct weft_str text)
{
    size_t skip = text.length >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (skip < text.length && strchr(" \t\r\n", text.data[skip]) != NULL)
        skip++;
    return (struct weft_str){text.data + skip, text.length - skip};
}

bool weft_yaml_text_wrong(struct weft_str text, struct yaml_mistake *out)
{
    if (text.length > WEFT_YAML_BYTES_MAX)
        return mistake_at(out, text, 0, NULL, "the file is larger than 1 MB");
    if (text.length >= 2 &&
        (memcmp(text.data, "\xFF\xFE", 2) == 0 || memcmp(text.data, "\xFE\xFF", 2) == 0))
        return mistake_at(out, text, 0, "save it as UTF-8", "the file is UTF-16, not UTF-8");
    size_t control = control_find(text);
    size_t valid = weft_utf8_valid(text.data, control);
    if (valid < control)
        return mistake_at(out, text, valid, "save it as UTF-8", "the file is not UTF-8");
    if (control < text.length)
        return mistake_at(out, text, control, NULL,
                          text.data[control] == '\0' ? "the file holds a zero byte"
                                                     : "the file holds a control character");
    if (is_markup(text_body(text)))
        return mistake_at(out, text, 0, "a page was saved in place of the file: fetch it again",
                          "the file is HTML or XML, not YAML");
    size_t directive = directive_find(text);
    if (directive < text.length)
        return mistake_at(out, text, directive, NULL, "YAML directives are not understood");
    return false;
}

/* ---- after the parser gave up ---- */

/* The line, without its end; empty when there is none. */
static struct weft_str line_of(struct weft_str text, int line)
{
    const char *at = text.data, *end = text.data + text.length;
    for (int i = 1; i < line && at != NULL; i++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at == NULL ? NULL : at + 1;
    }
    if (line < 1 || at == NULL)
        return (struct weft_str){text.data, 0};
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    return (struct weft_str){at, (size_t)((stop == NULL ? end : stop) - at)};
}

static bool explain_tab(struct weft_str text, int line, struct yaml_mistake *out)
{
    struct weft_str at = line_of(text, line);
    size_t i = 0;
    while (i < at.length && at.data[i] == ' ')
        i++;
    if (i == at.length || at.data[i] != '\t')
        return false;
    return mistake_at(out, text, (size_t)(at.data - text.data) + i, "indent with blanks",
                      "a tab indents the line, which YAML does not allow");
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* `name:value`; but not `https://...`. */
static bool explain_colon(struct weft_str text, int line, struct yaml_mistake *out)
{
    struct weft_str at = line_of(text, line);
    size_t i = 0;
    while (i < at.length && (at.data[i] == ' ' || at.data[i] == '-'))
        i++;
    size_t start = i;
    while (i < at.length && is_word(at.data[i]))
        i++;
    if (i == start || i + 1 >= at.length || at.data[i] != ':' ||
        strchr(" \t\r:/", at.data[i + 1]) != NULL)
        return false;
    return mistake_at(out, text, (size_t)(at.data - text.data) + i, "write `name: value`",
                      "a blank is missing behind the colon");
}

/* `-item` */
static bool explain_dash(struct weft_str text, int line, struct yaml_mistake *out)
{
    struct weft_str at = line_of(text, line);
    size_t i = 0;
    while (i < at.length && at.data[i] == ' ')
        i++;
    if (i + 1 >= at.length || at.data[i] != '-' || strchr(" \t\r-", at.data[i + 1]) != NULL)
        return false;
    return mistake_at(out, text, (size_t)(at.data - text.data) + i, "write `- item`",
                      "a blank is missing behind the dash");
}

/* The parser's words that have better ones. */
static bool explain_words(struct weft_yaml_place place, const char *words, struct yaml_mistake *out)
{
    static const struct {
        const char *words;
        int column; /* the parser stands behind the quote */
        const char *message;
        const char *hint;
    } known[] = {
        {"closing quote", -1, "the quote has no end", "end the text with the quote it begins with"},
        {"wrongly indented double-quoted", 0, "the quote has no end",
         "end the text with the quote it begins with"},
        {"wrongly indented single-quoted", 0, "the quote has no end",
         "end the text with the quote it begins with"},
        {"missing comma in flow", 0,
         "the file is not YAML: a comma or a closing bracket is missing before this",
         "what stands between { and } or [ and ] has commas; a text with one of these brackets in "
         "it, as ${name}, stands in quotes there"},
        {"in sequence while in mapping", 0, "the items of one list do not begin in one column",
         "begin each `-` below the first one"},
        {"trailing content after", 0, "text stands behind the closing quote",
         "in single quotes write '' for ', in double quotes \\\" for \""},
        {"nested block mapping on the same line", 0, "a text with `: ` in it needs quotes", NULL},
        {"multiline plain key", 0, "the text goes on in the next line, where a key stands",
         "check the indentation of the next line"},
        {"invalid indentation in mapping", 0, "the indentation is that of no line above", NULL},
        {"sequence on the same line", 0, "a list cannot begin in the line of its key",
         "begin it in the next line, or write [a, b]"},
    };
    for (size_t i = 0; i < WEFT_COUNT(known); i++) {
        if (strstr(words, known[i].words) == NULL)
            continue;
        place.column = WEFT_MAX(place.column + known[i].column, 1);
        out->place = place;
        out->hint = known[i].hint;
        snprintf(out->message, sizeof out->message, "%s", known[i].message);
        return true;
    }
    return false;
}

void weft_yaml_explain(struct weft_str text, struct weft_yaml_place place, const char *words,
                       struct yaml_mistake *out)
{
    bool quote = strstr(words, "quote") != NULL;
    if (!quote && (explain_tab(text, place.line, out) || explain_tab(text, place.line + 1, out) ||
                   explain_colon(text, place.line, out) ||
                   explain_colon(text, place.line - 1, out) || explain_dash(text, place.line, out)))
        return;
    if (explain_words(place, words, out))
        return;
    out->place = place;
    out->hint = strstr(words, "cannot start with") != NULL ? "put the text in quotes" : NULL;
    snprintf(out->message, sizeof out->message, "the file is not YAML%s%.300s",
             *words == '\0' ? "" : ": ", words);
}

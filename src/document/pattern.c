/*
 * pattern.c - see pattern.h. One pass; groups are kept in a small stack, for how often what is in
 * them can be repeated in all.
 */
#include "document/pattern.h"

#include "base/text.h"

#include <string.h>

#define GROUPS_MAX 200

struct pattern {
    const char *at;
    const char *wrong;
    bool atom;                /* something stands before that can be repeated */
    bool unary;               /* that is repeated already */
    int repeats;              /* of the atom before, multiplied through */
    int most[GROUPS_MAX + 1]; /* the most repeated of each open group */
    int depth;
};

static void pattern_wrong(struct pattern *p, const char *wrong)
{
    if (p->wrong == NULL)
        p->wrong = wrong;
}

static void pattern_atom(struct pattern *p, int repeats)
{
    p->atom = true;
    p->unary = false;
    p->repeats = repeats;
    p->most[p->depth] = WEFT_MAX(p->most[p->depth], repeats);
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (weft_lower(c) >= 'a' && weft_lower(c) <= 'z') || c == '_';
}

/* One character of the text: its code point; what is no UTF-8 was refused before. */
static int take_rune(const char **at)
{
    const unsigned char *s = (const unsigned char *)*at;
    int length = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    int rune = length == 1 ? s[0] : s[0] & (0xFF >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            length = i;
            break;
        }
        rune = rune << 6 | (s[i] & 0x3F);
    }
    *at += length;
    return rune;
}

/* ---- escapes ---- */

/* \x7f and \x{10ffff}; at is behind the x. */
static int take_hex(struct pattern *p)
{
    const char *digits = p->at;
    int value = 0;
    bool braces = *digits == '{';
    digits += braces;
    size_t length = 0;
    while (is_hex(digits[length]) && length < (braces ? 6 : 2)) {
        char c = weft_lower(digits[length++]);
        value = value * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    if (length == 0 || (!braces && length < 2) || (braces && digits[length] != '}') ||
        value > 0x10FFFF) {
        pattern_wrong(p, "`\\x` wants two hexadecimal digits, or {10FFFF}");
        return 0;
    }
    p->at = digits + length + braces;
    return value;
}

/* \pL and \p{Greek}; at is behind the p. */
static void take_property(struct pattern *p)
{
    const char *end = *p->at == '{' ? strchr(p->at, '}') : p->at;
    if (*p->at == '\0' || end == NULL || end == p->at + 1) {
        pattern_wrong(p, "`\\p` wants a class of Unicode, as in \\p{Greek} or \\pL");
        return;
    }
    if (end != p->at)
        p->at = end + 1;
    else
        take_rune(&p->at);
}

/* A character that is escaped, inside or outside a class; at is at what stands behind the
 * backslash. -1: it is a class of its own (or wrong). */
static int take_escape(struct pattern *p)
{
    static const char plain[] = "aftnrv";
    static const char value[] = "\a\f\t\n\r\v";
    char c = *p->at;
    const char *found = c == '\0' ? NULL : strchr(plain, c);
    if (c == '\0') {
        pattern_wrong(p, "it ends in a backslash");
        return -1;
    }
    if ((c >= '1' && c <= '9') && !(is_octal(c) && is_octal(p->at[1]))) {
        pattern_wrong(p, "RE2 has no references back to a group");
        return -1;
    }
    if (is_octal(c)) {
        int code = 0;
        for (int i = 0; i < 3 && is_octal(*p->at); i++)
            code = code * 8 + (*p->at++ - '0');
        return code;
    }
    if ((unsigned char)c < 0x80 && (!is_word(c) || c == '_')) {
        p->at++;
        return c;
    }
    p->at += (unsigned char)c < 0x80;
    if (found != NULL)
        return value[found - plain];
    if (c == 'x')
        return take_hex(p);
    if (c == 'p' || c == 'P')
        take_property(p);
    else if (strchr("dDsSwW", c) == NULL)
        pattern_wrong(p, c == 'Z' || c == 'G' || c == 'K'
                             ? "RE2 has no `\\Z`, `\\G`, `\\K`; the whole value is matched anyway"
                             : "a backslash stands before a letter that RE2 gives no meaning");
    return -1;
}

/* \Q...\E: all between stands for itself. */
static void take_quoted(struct pattern *p)
{
    p->at++;
    const char *end = strstr(p->at, "\\E");
    if (p->at[0] != '\0' && end != p->at)
        pattern_atom(p, 1);
    p->at = end == NULL ? p->at + strlen(p->at) : end + 2;
}

static void take_backslash(struct pattern *p)
{
    p->at++;
    if (*p->at == 'Q') {
        take_quoted(p);
        return;
    }
    if (*p->at != '\0' && strchr("AzbBC", *p->at) != NULL)
        p->at++;
    else
        take_escape(p);
    pattern_atom(p, 1);
}

/* ---- classes ---- */

/* [:alpha:], [:^alpha:]; at is at the bracket. False when it is none. */
static bool take_posix(struct pattern *p)
{
    static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl",
                                        "digit", "graph", "lower", "print", "punct",
                                        "space", "upper", "word",  "xdigit"};
    const char *end = p->at[0] == '[' && p->at[1] == ':' ? strstr(p->at + 2, ":]") : NULL;
    if (end == NULL)
        return false;
    const char *name = p->at + 2 + (p->at[2] == '^');
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        if ((size_t)(end - name) == strlen(names[i]) &&
            memcmp(name, names[i], strlen(names[i])) == 0) {
            p->at = end + 2;
            return true;
        }
    }
    pattern_wrong(p, "a class like [:alpha:] has a name that RE2 does not know");
    return true;
}

/* One end of a range; -1 for a class inside the class. */
static int take_member(struct pattern *p)
{
    if (*p->at != '\\')
        return take_rune(&p->at);
    p->at++;
    return take_escape(p);
}

static void take_class(struct pattern *p)
{
    p->at++;
    p->at += *p->at == '^';
    bool first = true;
    while (p->wrong == NULL && (first || *p->at != ']')) {
        if (*p->at == '\0') {
            pattern_wrong(p, "`[` has no `]`");
            return;
        }
        first = false;
        if (take_posix(p))
            continue;
        int low = take_member(p);
        if (p->at[0] != '-' || p->at[1] == ']' || p->at[1] == '\0' || low < 0)
            continue;
        p->at++;
        int high = take_member(p);
        if (p->wrong == NULL && (high < 0 || high < low))
            pattern_wrong(p, "a range in `[...]` ends before it begins");
    }
    p->at++;
    pattern_atom(p, 1);
}

/* ---- groups ---- */

/* (?i), (?i-s:...); at is behind the question mark. */
static void take_flags(struct pattern *p)
{
    size_t length = strspn(p->at, "imsU-");
    const char *minus = memchr(p->at, '-', length);
    char end = p->at[length];
    if (length == 0 || (end != ')' && end != ':') ||
        (minus != NULL && (minus + 1 == p->at + length ||
                           memchr(minus + 1, '-', (size_t)(p->at + length - minus - 1)) != NULL))) {
        pattern_wrong(p, "what stands behind `(?` is not known to RE2");
        return;
    }
    p->at += length;
    if (end == ')') {
        p->at++;
        p->depth--; /* no group: it holds from here on */
        p->atom = false;
    } else
        p->at++;
}

static void take_name(struct pattern *p, const char *name)
{
    size_t length = 0;
    while (is_word(name[length]))
        length++;
    if (length == 0 || name[length] != '>')
        pattern_wrong(p, "the name of a group does not read: write (?P<name>...)");
    else
        p->at = name + length + 1;
}

static void take_open(struct pattern *p)
{
    p->at++;
    if (p->depth == GROUPS_MAX) {
        pattern_wrong(p, "groups are nested too deeply");
        return;
    }
    p->most[++p->depth] = 1;
    p->atom = false;
    if (*p->at != '?')
        return;
    p->at++;
    if (*p->at == '=' || *p->at == '!' || (p->at[0] == '<' && (p->at[1] == '=' || p->at[1] == '!')))
        pattern_wrong(p, "RE2 has no looking ahead or behind");
    else if (p->at[0] == 'P' && p->at[1] == '<')
        take_name(p, p->at + 2);
    else if (p->at[0] == '<')
        take_name(p, p->at + 1);
    else if (p->at[0] == ':')
        p->at++;
    else
        take_flags(p);
}

static void take_close(struct pattern *p)
{
    p->at++;
    if (p->depth == 0) {
        pattern_wrong(p, "`)` has no `(`");
        return;
    }
    int repeats = p->most[p->depth--];
    pattern_atom(p, repeats);
}

/* ---- repetition ---- */

/* {2}, {2,}, {2,5}: false when the text is none of these, and so stands for itself. */
static bool read_counts(const char *at, const char **end, int *low, int *high)
{
    int64_t numbers[2] = {0, -1};
    at++;
    for (int i = 0; i < 2; i++) {
        size_t length = strspn(at, "0123456789");
        if (length > 0 && (length > 9 || !weft_parse_int64(at, length, &numbers[i])))
            numbers[i] = WEFT_PATTERN_REPEAT_MAX + 1;
        if (length == 0 && i == 0)
            return false;
        at += length;
        if (i == 0 && *at == '}')
            numbers[1] = numbers[0];
        if (i == 0 && *at != ',')
            break;
        at += i == 0;
    }
    if (*at != '}')
        return false;
    *end = at + 1;
    *low = (int)numbers[0];
    *high = (int)numbers[1];
    return true;
}

static void take_repeat(struct pattern *p)
{
    int low = 1, high = 1;
    const char *end = p->at + 1;
    if (*p->at == '{' && !read_counts(p->at, &end, &low, &high)) {
        p->at++;
        pattern_atom(p, 1);
        return;
    }
    bool counted = *p->at == '{';
    if (!p->atom)
        pattern_wrong(p, counted ? "nothing stands before a `{...}`"
                                 : "nothing stands before a `*`, `+` or `?`");
    else if (p->unary)
        pattern_wrong(p, "`*`, `+`, `?` or `{...}` stands twice");
    else if (low > WEFT_PATTERN_REPEAT_MAX || high > WEFT_PATTERN_REPEAT_MAX ||
             (high >= 0 && high < low))
        pattern_wrong(p, "`{...}` counts from a smaller to a larger number, up to 1000");
    int times = WEFT_MAX(WEFT_MAX(low, high), 1);
    if (counted && p->wrong == NULL && p->repeats > WEFT_PATTERN_REPEAT_MAX / times)
        pattern_wrong(p, "what is repeated holds repetitions: more than 1000 in all");
    if (p->wrong == NULL)
        pattern_atom(p, counted ? p->repeats * times : p->repeats);
    p->unary = true;
    p->at = end + (*end == '?');
}

const char *weft_pattern_mistake(const char *pattern)
{
    struct pattern p = {.at = pattern, .most = {1}};
    while (p.wrong == NULL && *p.at != '\0') {
        switch (*p.at) {
        case '\\':
            take_backslash(&p);
            break;
        case '[':
            take_class(&p);
            break;
        case '(':
            take_open(&p);
            break;
        case ')':
            take_close(&p);
            break;
        case '*':
        case '+':
        case '?':
        case '{':
            take_repeat(&p);
            break;
        case '|':
            p.atom = false;
            p.at++;
            break;
        default:
            take_rune(&p.at);
            pattern_atom(&p, 1);
        }
    }
    if (p.wrong == NULL && p.depth > 0)
        return "`(` has no `)`";
    return p.wrong;
}

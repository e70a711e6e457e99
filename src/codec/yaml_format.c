/*
 * yaml_format.c - see yaml_format.h. The text is known to be YAML as yaml.h reads it, so what is
 * looked for here is only where things are: line by line, with the open block collections on a
 * stack (where they stand, and where they will). Values that go over several lines (flow
 * collections, quoted and plain texts, blocks) are taken whole from the line on which they begin.
 */
#include "codec/yaml_format.h"

#include "base/text.h"

#include <limits.h>
#include <string.h>

#define LEVELS_MAX (2 * WEFT_YAML_DEPTH_MAX + 4)
#define STEP 2

struct level {
    int from; /* column in the file, from 0 */
    int to;   /* column in the result */
    bool list;
};

struct format {
    const char *at; /* the text, with line ends of one byte */
    const char *end;
    struct weft_buf *out;
    struct level levels[LEVELS_MAX];
    size_t count;
    const char *pending; /* blank and comment lines before the next line; NULL = none */
    int shift;           /* of the line that is written: its comment goes with it */
    const char *line;    /* its beginning in the file */
    size_t out_line;     /* and in the result */
    const char *refused; /* why it cannot be done */
};

/* ---- characters ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *line_end(const struct format *f, const char *at)
{
    const char *end = memchr(at, '\n', (size_t)(f->end - at));
    return end == NULL ? f->end : end;
}

static const char *line_next(const struct format *f, const char *at)
{
    const char *end = line_end(f, at);
    return end == f->end ? end : end + 1;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

static int column_of(const struct format *f, const char *line)
{
    const char *end = line_end(f, line);
    const char *at = line;
    while (at < end && *at == ' ')
        at++;
    return (int)(at - line);
}

static bool line_is_blank(const struct format *f, const char *line)
{
    const char *end = line_end(f, line);
    return skip_blanks(line, end) == end;
}

static void put_blanks(struct format *f, int count)
{
    for (int i = 0; i < count; i++)
        weft_buf_addc(f->out, ' ');
}

static void put_span(struct format *f, const char *from, const char *to)
{
    weft_buf_add(f->out, from, (size_t)(to - from));
}

/* ---- quotes ---- */

bool weft_yaml_plain(const char *text, size_t length)
{
    static const char *const meant[] = {"true", "false", "null", "yes", "no",
                                        "on",   "off",   "y",    "n"};
    if (length == 0 || length > 200)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool inner = (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/' || c == '@';
        bool last = i + 1 == length;
        if (!letter && (i == 0 || !(inner || (c == ' ' && !last && text[i + 1] != ' '))))
            return false;
    }
    for (size_t i = 0; i < WEFT_COUNT(meant); i++) {
        if (strlen(meant[i]) != length)
            continue;
        size_t same = 0;
        while (same < length && weft_lower(text[same]) == meant[i][same])
            same++;
        if (same == length)
            return false;
    }
    return true;
}

void weft_yaml_put_quoted(struct weft_buf *out, const char *text, size_t length)
{
    weft_buf_addc(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            weft_buf_addf(out, "\\%c", c);
        else if (c == '\n' || c == '\t' || c == '\r')
            weft_buf_addf(out, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        else if (c < 0x20 || c == 0x7f)
            weft_buf_addf(out, "\\x%02x", c);
        else
            weft_buf_addc(out, (char)c);
    }
    weft_buf_addc(out, '"');
}

/* Behind the closing quote of what begins at `at`. */
static const char *quoted_end(struct format *f, const char *at)
{
    char quote = *at++;
    while (at < f->end) {
        if (*at == '\\' && quote == '"')
            at++;
        else if (*at == quote && (quote == '"' || at + 1 >= f->end || at[1] != quote))
            return at + 1;
        else if (*at == quote)
            at++;
        at += at < f->end;
    }
    f->refused = "a text of several lines has a quote where a line begins";
    return f->end;
}

/* Of one line: without quotes where it can be, else in double ones where that changes nothing. */
static void put_quoted(struct format *f, const char *from, const char *to)
{
    if (to - from < 2) { /* not closed: refused already */
        put_span(f, from, to);
        return;
    }
    const char *text = from + 1;
    size_t length = (size_t)(to - from) - 2;
    bool simple = memchr(text, '\\', length) == NULL && memchr(text, '"', length) == NULL &&
                  memchr(text, '\'', length) == NULL && memchr(text, '\n', length) == NULL;
    if (simple && weft_yaml_plain(text, length)) {
        weft_buf_add(f->out, text, length);
    } else if (simple) {
        weft_buf_addc(f->out, '"');
        weft_buf_add(f->out, text, length);
        weft_buf_addc(f->out, '"');
    } else {
        put_span(f, from, to);
    }
}

/* Of several lines: those behind the first stand at `column`, whatever their blanks were. */
static void put_quoted_lines(struct format *f, const char *from, const char *to, int column)
{
    const char *end = line_end(f, from);
    if (end >= to) {
        put_quoted(f, from, to);
        return;
    }
    put_span(f, from, end);
    for (const char *line = end; line < to; line = end) {
        line++;
        end = line_end(f, line);
        end = end > to ? to : end;
        const char *text = skip_blanks(line, end);
        weft_buf_addc(f->out, '\n');
        if (text < end)
            put_blanks(f, column);
        put_span(f, text, end);
    }
}

/* ---- comments and ends of lines ---- */

/* What follows on the line: nothing, or a comment, which keeps its column where there is room. */
static const char *put_rest(struct format *f, const char *at)
{
    const char *end = line_end(f, at);
    const char *comment = skip_blanks(at, end);
    const char *last = end;
    while (last > comment && is_blank(last[-1]))
        last--;
    if (comment < last && *comment != '#')
        f->refused = "there is text behind a value";
    if (comment < last) {
        int column = (int)(comment - f->line) + f->shift;
        int now = (int)(f->out->length - f->out_line);
        put_blanks(f, WEFT_MAX(column - now, 1));
        put_span(f, comment, last);
    }
    weft_buf_addc(f->out, '\n');
    return end == f->end ? end : end + 1;
}

/* Where a comment alone in its line will stand: with the line below it where it stands with that
 * now, else with what is open above it. */
static int comment_column(const struct format *f, int column, int next_from, int next_to)
{
    if (column == next_from)
        return next_to;
    for (size_t i = f->count; i-- > 0;) {
        if (f->levels[i].from == column)
            return f->levels[i].to;
    }
    for (size_t i = f->count; i-- > 0;) {
        if (f->levels[i].from < column)
            return f->levels[i].to + STEP;
    }
    return column > next_from ? next_to + STEP : 0;
}

/* The comments that were passed over, now that it is known what follows; blank lines one at most,
 * none at the beginning and the end. */
static void put_pending(struct format *f, const char *to, int next_from, int next_to)
{
    bool blank = false;
    for (const char *line = f->pending; line != NULL && line < to; line = line_next(f, line)) {
        const char *end = line_end(f, line);
        if (line_is_blank(f, line)) {
            blank = true;
            continue;
        }
        if (blank && f->out->length > 0)
            weft_buf_addc(f->out, '\n');
        blank = false;
        while (end > line && is_blank(end[-1]))
            end--;
        put_blanks(f, comment_column(f, column_of(f, line), next_from, next_to));
        put_span(f, skip_blanks(line, end), end);
        weft_buf_addc(f->out, '\n');
    }
    if (blank && f->out->length > 0 && next_from >= 0)
        weft_buf_addc(f->out, '\n');
    f->pending = NULL;
}

/* ---- flow collections ---- */

struct flow {
    struct format *f;
    const char *at;
    int depth;
    int from, to; /* columns of the collection that holds it */
    bool gap;     /* a blank is due before the next word */
    bool fresh;   /* nothing but blanks stands in this line of the result */
};

static void flow_gap(struct flow *flow)
{
    if (flow->gap && !flow->fresh)
        weft_buf_addc(flow->f->out, ' ');
    flow->gap = false;
    flow->fresh = false;
}

/* The end of a line inside, and the beginning of the next one. */
static void flow_line(struct flow *flow)
{
    struct format *f = flow->f;
    const char *line = flow->at + 1;
    while (line < f->end && line_is_blank(f, line)) {
        weft_buf_addc(f->out, '\n');
        line = line_next(f, line);
    }
    const char *text = skip_blanks(line, f->end);
    bool closes = text < f->end && (*text == ']' || *text == '}');
    int column = flow->to + STEP * WEFT_MAX(flow->depth - closes, 1);
    if (closes && flow->depth == 1 && (int)(text - line) <= flow->from)
        column = flow->to;
    f->line = line;
    f->out_line = f->out->length + 1;
    f->shift = column - (int)(text - line);
    weft_buf_addc(f->out, '\n');
    put_blanks(f, column);
    flow->at = text;
    flow->fresh = true;
    flow->gap = false;
}

static const char *flow_comment(struct flow *flow)
{
    struct format *f = flow->f;
    const char *end = line_end(f, flow->at), *last = end;
    while (last > flow->at && is_blank(last[-1]))
        last--;
    int column = (int)(flow->at - f->line) + f->shift;
    int now = (int)(f->out->length - f->out_line);
    if (!flow->fresh)
        put_blanks(f, WEFT_MAX(column - now, 1));
    put_span(f, flow->at, last);
    flow->fresh = false;
    return end;
}

static bool flow_ends_plain(const struct format *f, const char *at)
{
    bool space = at + 1 >= f->end || strchr(" \t\n,[]{}", at[1]) != NULL;
    return strchr(",[]{}\n", *at) != NULL || (*at == ':' && space) ||
           (is_blank(*at) && at + 1 < f->end && at[1] == '#');
}

static void flow_plain(struct flow *flow)
{
    const char *end = flow->at;
    while (end < flow->f->end && !flow_ends_plain(flow->f, end))
        end++;
    const char *last = end;
    while (last > flow->at && is_blank(last[-1]))
        last--;
    flow_gap(flow);
    put_span(flow->f, flow->at, last);
    flow->at = end;
}

static void flow_mark(struct flow *flow)
{
    char c = *flow->at++;
    if (c == '{' || c == '[') {
        flow_gap(flow);
        flow->depth++;
    } else if (c == '}' || c == ']') {
        flow->gap = false;
        flow->fresh = false;
        flow->depth--;
    }
    weft_buf_addc(flow->f->out, c);
    flow->gap = c == ',' || c == ':';
    flow->fresh = false;
}

/* The whole collection at `at`; gives what lies behind it. */
static const char *put_flow(struct format *f, const char *at, const struct level *level)
{
    struct flow flow = {.f = f, .at = at, .from = level->from, .to = level->to};
    do {
        char c = *flow.at;
        if (is_blank(c)) {
            flow.at++;
        } else if (c == '\n') {
            flow_line(&flow);
        } else if (c == '#') {
            flow.at = flow_comment(&flow);
        } else if (c == '"' || c == '\'') {
            const char *end = quoted_end(f, flow.at);
            flow_gap(&flow);
            put_quoted_lines(f, flow.at, end, level->to + STEP * (flow.depth + 1));
            flow.at = end;
        } else if (strchr("{}[],", c) != NULL || (c == ':' && flow_ends_plain(f, flow.at)) ||
                   (c == ':' && (flow.at[-1] == '"' || flow.at[-1] == '\''))) {
            flow_mark(&flow);
        } else {
            const char *before = flow.at;
            bool apart = is_blank(before[-1]) && !flow.gap && !flow.fresh &&
                         strchr("{[", f->out->data[f->out->length - 1]) == NULL;
            flow.gap = flow.gap || apart;
            flow_plain(&flow);
        }
    } while (flow.depth > 0 && flow.at < f->end);
    return flow.at;
}

/* ---- texts ---- */

/* Is there something of a plain text in this line, further right than `column`? */
static bool goes_on(const struct format *f, const char *line, int column)
{
    int here = column_of(f, line);
    return line < f->end && here > column && line[here] != '#';
}

/* A plain text from `at`, and its further lines. */
static const char *put_plain(struct format *f, const char *at, const struct level *level)
{
    for (;;) {
        const char *end = line_end(f, at), *last = at;
        while (last < end && !(is_blank(*last) && last + 1 < end && last[1] == '#'))
            last++;
        bool comment = last < end;
        const char *text = last;
        while (text > at && is_blank(text[-1]))
            text--;
        put_span(f, at, text);
        const char *next = line_next(f, at);
        size_t blanks = 0;
        for (; next < f->end && line_is_blank(f, next); next = line_next(f, next))
            blanks++;
        if (comment || next == f->end || !goes_on(f, next, level->from))
            return put_rest(f, text);
        for (size_t i = 0; i <= blanks; i++)
            weft_buf_addc(f->out, '\n');
        put_blanks(f, level->to + STEP);
        f->line = next;
        f->out_line = f->out->length - (size_t)(level->to + STEP);
        at = skip_blanks(next, line_end(f, next));
        f->shift = level->to + STEP - (int)(at - next);
    }
}

struct block {
    int from; /* column of its text */
    int to;
    bool keep;
};

/* What the head | or > says, and the column of the first line that is not blank. */
static void block_head(struct format *f, const char *at, const char *lines,
                       const struct level *level, struct block *block)
{
    int digit = 0;
    *block = (struct block){.to = level->to + STEP};
    for (at++; at < f->end && strchr("+-123456789", *at) != NULL; at++) {
        block->keep = block->keep || *at == '+';
        digit = *at >= '1' && *at <= '9' ? *at - '0' : digit;
    }
    if (digit > 0) {
        block->from = WEFT_MAX(level->from, 0) + digit;
        block->to = level->to + digit;
        return;
    }
    while (lines < f->end && line_is_blank(f, lines))
        lines = line_next(f, lines);
    block->from = INT_MAX; /* without text all of its lines are empty */
    if (lines < f->end && column_of(f, lines) > level->from)
        block->from = column_of(f, lines);
}

/* | or >: its lines move as one. */
static const char *put_block(struct format *f, const char *at, const struct level *level)
{
    struct block block;
    const char *end = at;
    while (end < f->end && !is_blank(*end) && *end != '\n')
        end++;
    put_span(f, at, end);
    const char *line = put_rest(f, end), *blanks = NULL;
    block_head(f, at, line, level, &block);
    for (; line < f->end; line = line_next(f, line)) {
        int column = column_of(f, line);
        bool empty = line_is_blank(f, line) && column <= block.from;
        if (!empty && column <= level->from && !line_is_blank(f, line))
            break;
        if (!empty && column < block.from)
            break; /* a comment behind it */
        if (empty && blanks == NULL)
            blanks = line;
        if (empty && !block.keep)
            continue;
        for (; !block.keep && blanks != NULL && blanks < line; blanks = line_next(f, blanks))
            weft_buf_addc(f->out, '\n');
        blanks = NULL;
        if (!empty) {
            put_blanks(f, block.to);
            put_span(f, line + block.from, line_end(f, line));
        }
        weft_buf_addc(f->out, '\n');
    }
    return blanks != NULL && !block.keep ? blanks : line;
}

/* A value, from its first character to the end of its last line. */
static const char *put_value(struct format *f, const char *at, const struct level *level)
{
    if (*at == '{' || *at == '[')
        return put_rest(f, put_flow(f, at, level));
    if (*at == '|' || *at == '>')
        return put_block(f, at, level);
    if (*at == '"' || *at == '\'') {
        const char *end = quoted_end(f, at);
        const char *last = at;
        for (const char *line = at; line < end; line = line_next(f, line))
            last = line;
        put_quoted_lines(f, at, end, level->to + STEP);
        if (last != at) {
            f->line = last;
            f->out_line = f->out->length;
            while (f->out_line > 0 && f->out->data[f->out_line - 1] != '\n')
                f->out_line--;
            f->shift = 0;
        }
        return put_rest(f, end);
    }
    return put_plain(f, at, level);
}

/* ---- lines ---- */

/* The colon behind a key that begins at `at`; NULL = there is no key. */
static const char *key_end(struct format *f, const char *at)
{
    const char *end = line_end(f, at);
    if (*at == '"' || *at == '\'') {
        const char *close = quoted_end(f, at);
        const char *colon = close > end ? end : skip_blanks(close, end);
        bool key = colon < end && *colon == ':' && (colon + 1 == end || is_blank(colon[1]));
        return key ? colon : NULL;
    }
    if (strchr("{[|>#", *at) != NULL)
        return NULL;
    for (; at < end; at++) {
        if (*at == ':' && (at + 1 == end || is_blank(at[1])))
            return at;
        if (is_blank(*at) && at + 1 < end && at[1] == '#')
            return NULL;
    }
    return NULL;
}

static bool is_dash(const struct format *f, const char *at)
{
    return *at == '-' && (at + 1 >= f->end || is_blank(at[1]) || at[1] == '\n');
}

static struct level *level_push(struct format *f, int from, int to, bool list)
{
    if (f->count == LEVELS_MAX) {
        f->refused = "it is nested too deeply";
        return &f->levels[LEVELS_MAX - 1];
    }
    f->levels[f->count] = (struct level){from, to, list};
    return &f->levels[f->count++];
}

/* The collection to which a line at this column belongs; opened where it is the first. */
static struct level *level_enter(struct format *f, int column, bool list)
{
    while (f->count > 0 && f->levels[f->count - 1].from > column)
        f->count--;
    /* A list may stand in the column of the key that holds it. */
    if (f->count > 0 && f->levels[f->count - 1].from == column && f->levels[f->count - 1].list &&
        !list)
        f->count--;
    struct level *top = f->count == 0 ? NULL : &f->levels[f->count - 1];
    if (top != NULL && top->from == column && top->list == list)
        return top;
    return level_push(f, column, top == NULL ? 0 : top->to + STEP, list);
}

static int target_column(struct format *f, int column, bool list)
{
    struct format copy = *f;
    return level_enter(&copy, column, list)->to;
}

/* key: value */
static const char *put_entry(struct format *f, const char *at, const char *colon,
                             const struct level *level)
{
    const char *last = colon;
    while (last > at && is_blank(last[-1]))
        last--;
    if (*at == '"' || *at == '\'')
        put_quoted(f, at, last);
    else
        put_span(f, at, last);
    weft_buf_addc(f->out, ':');
    const char *end = line_end(f, colon);
    const char *value = skip_blanks(colon + 1, end);
    if (value == end || *value == '#')
        return put_rest(f, colon + 1);
    weft_buf_addc(f->out, ' ');
    return put_value(f, value, level);
}

/* What stands in a line from `at` on, which is in this column; dashes first. */
static const char *put_node(struct format *f, const char *at, int column)
{
    struct level copy;
    while (is_dash(f, at)) {
        struct level *list = level_enter(f, column, true);
        const char *end = line_end(f, at), *next = skip_blanks(at + 1, end);
        copy = *list;
        weft_buf_addc(f->out, '-');
        if (next == end || *next == '#')
            return put_rest(f, at + 1);
        weft_buf_addc(f->out, ' ');
        column += (int)(next - at);
        at = next;
        if (!is_dash(f, at) && key_end(f, at) == NULL)
            return put_value(f, at, &copy);
        level_push(f, column, copy.to + STEP, is_dash(f, at));
    }
    const char *colon = key_end(f, at);
    if (colon == NULL) { /* a value below its key */
        while (f->count > 0 && f->levels[f->count - 1].from >= column)
            f->count--;
        copy = f->count == 0 ? (struct level){-1, -STEP, false} : f->levels[f->count - 1];
        return put_value(f, at, &copy);
    }
    copy = *level_enter(f, column, false);
    return put_entry(f, at, colon, &copy);
}

/* Where the first thing of a line will stand. */
static int line_target(struct format *f, const char *at, int column)
{
    if (is_dash(f, at))
        return target_column(f, column, true);
    if (key_end(f, at) != NULL)
        return target_column(f, column, false);
    int to = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (f->levels[i].from < column)
            to = f->levels[i].to + STEP;
    }
    return to;
}

static void format_line(struct format *f)
{
    int column = column_of(f, f->at);
    const char *at = f->at + column, *end = line_end(f, f->at);
    if (line_is_blank(f, f->at) || *skip_blanks(at, end) == '#') {
        if (f->pending == NULL)
            f->pending = f->at;
        f->at = line_next(f, f->at);
        return;
    }
    bool marker = column == 0 && end - at >= 3 &&
                  (memcmp(at, "---", 3) == 0 || memcmp(at, "...", 3) == 0) &&
                  (end - at == 3 || is_blank(at[3]));
    if (marker && skip_blanks(at + 3, end) == end) {
        put_pending(f, f->at, 0, 0);
        put_span(f, at, at + 3);
        weft_buf_addc(f->out, '\n');
        f->at = line_next(f, f->at);
        f->count = 0;
        return;
    }
    if (marker || *at == '?' || *at == '\t')
        f->refused = "it uses `---` with a value, `?` or tabs";
    int to = line_target(f, at, column);
    put_pending(f, f->at, column, to);
    f->line = f->at;
    f->out_line = f->out->length;
    f->shift = to - column;
    put_blanks(f, to);
    f->at = put_node(f, at, column);
}

/* Line ends of one byte, no byte order mark. */
static int text_take(struct weft_arena *arena, const char *data, size_t length,
                     struct weft_str *out)
{
    char *text = weft_arena_alloc(arena, length + 2);
    size_t count = 0;
    size_t i = length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (text == NULL)
        return -1;
    for (; i < length; i++) {
        if (data[i] == '\r' && i + 1 < length && data[i + 1] == '\n')
            continue;
        text[count++] = data[i] == '\r' ? '\n' : data[i];
    }
    *out = (struct weft_str){text, count};
    return 0;
}

/* ---- the same document ---- */

bool weft_yaml_equal(const struct weft_yaml *a, const struct weft_yaml *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->kind != b->kind || a->count != b->count || a->length != b->length ||
        memcmp(a->text, b->text, a->length) != 0)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->kind == WEFT_YAML_MAPPING && strcmp(a->keys[i].text, b->keys[i].text) != 0)
            return false;
        if (!weft_yaml_equal(a->items[i], b->items[i]))
            return false;
    }
    return true;
}

static size_t comments_count(const char *data, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += data[i] == '#';
    return count;
}

static int format_check(struct weft_arena *arena, const struct weft_yaml *before,
                        struct weft_str source, const struct weft_buf *text, const char *file,
                        const char *why, struct weft_error *error)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    const struct weft_yaml *after = NULL;
    weft_diag_init(&diag);
    int rc = why != NULL
                 ? 0
                 : weft_yaml_parse(arena, text->data, text->length, file, &diag, &after, error);
    WEFT_TRY(rc);
    bool same =
        why == NULL && rc == 0 && weft_yaml_equal(before, after) &&
        comments_count(source.data, source.length) == comments_count(text->data, text->length);
    if (same)
        return 0;
    weft_error_set(error, WEFT_E_REFUSED, "%s cannot be formatted: %s", file,
                   why != NULL ? why : "what came out would not be the same document");
    return weft_error_at(error, file, 0, 0);
}

/* Lays out `source` once; NULL, or why it cannot be. */
static const char *lay_out(struct weft_str source, struct weft_buf *text)
{
    struct format f = {.at = source.data, .end = source.data + source.length, .out = text};
    while (f.at < f.end && f.refused == NULL && !text->failed)
        format_line(&f);
    put_pending(&f, f.end, -1, 0);
    return f.refused;
}

int weft_yaml_format(struct weft_arena *arena, const char *data, size_t length, const char *file,
                     struct weft_diag *diag, struct weft_buf *out, struct weft_error *error)
{
    const struct weft_yaml *before = NULL;
    struct weft_str source;
    int rc = weft_yaml_parse(arena, data, length, file, diag, &before, error);
    if (rc != 0)
        return rc;
    if (text_take(arena, data, length, &source) < 0)
        return weft_error_nomem(error);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf again;
    weft_buf_init(&text, 8 * WEFT_YAML_BYTES_MAX);
    weft_buf_init(&again, 8 * WEFT_YAML_BYTES_MAX);
    const char *refused = lay_out(source, &text);
    WEFT_TRY(weft_buf_check(&text, error));
    /* Formatted once is formatted for all: where it is not, the file is left as it is. */
    if (refused == NULL)
        refused = lay_out((struct weft_str){text.data, text.length}, &again);
    WEFT_TRY(weft_buf_check(&again, error));
    if (refused == NULL &&
        (again.length != text.length || memcmp(again.data, text.data, text.length) != 0))
        refused = "its lines would move once more the next time";
    WEFT_TRY(format_check(arena, before, source, &text, file, refused, error));
    weft_buf_add(out, text.data, text.length);
    return weft_buf_check(out, error);
}

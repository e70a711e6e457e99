/*
 * cells.c - the reader of cells.h: one pass, a record at a time, each cell's text copied to the
 * arena with its doubled quotes undone.
 */
#include "codec/cells.h"

#include "base/text.h"

#include <string.h>

struct reader {
    struct weft_arena *arena;
    const char *at;
    const char *end;
    int64_t line;
    char delimiter;
    struct weft_error *error;
};

static int refuse(struct reader *r, int64_t line, const char *what)
{
    weft_error_set(r->error, WEFT_E_INPUT, "%s", what);
    return weft_error_at(r->error, "", (int)WEFT_MIN(line, INT32_MAX), 0);
}

/* Whichever stands most often outside of quotes in the first line. */
static char delimiter_of(const char *text, const char *end)
{
    static const char choices[] = {',', ';', '\t'};
    size_t counts[WEFT_COUNT(choices)] = {0};
    size_t best = 0;
    bool quoted = false;
    for (; text < end && (quoted || *text != '\n'); text++) {
        quoted = quoted != (*text == '"');
        for (size_t i = 0; !quoted && i < WEFT_COUNT(choices); i++)
            counts[i] += *text == choices[i];
    }
    for (size_t i = 1; i < WEFT_COUNT(choices); i++)
        best = counts[i] > counts[best] ? i : best;
    return choices[best];
}

static bool at_line_end(const struct reader *r)
{
    return r->at == r->end || *r->at == '\n' ||
           (*r->at == '\r' && (r->at + 1 == r->end || r->at[1] == '\n'));
}

static int quoted_read(struct reader *r, struct weft_cells_cell *out)
{
    int64_t line = r->line;
    const char *begin = ++r->at;
    size_t length = 0;
    for (; r->at < r->end && (*r->at != '"' || (r->at + 1 < r->end && r->at[1] == '"')); r->at++) {
        r->line += *r->at == '\n';
        r->at += *r->at == '"';
        length++;
    }
    if (r->at == r->end)
        return refuse(r, line, "a quote is not closed");
    char *text = weft_arena_alloc(r->arena, length + 1);
    if (text == NULL)
        return weft_error_nomem(r->error);
    size_t to = 0;
    for (const char *from = begin; from < r->at; from++) {
        from += *from == '"';
        text[to++] = *from;
    }
    text[to] = '\0';
    r->at++;
    if (!at_line_end(r) && *r->at != r->delimiter)
        return refuse(r, r->line, "text stands behind a closing quote");
    *out = (struct weft_cells_cell){text, true};
    return 0;
}

static int plain_read(struct reader *r, struct weft_cells_cell *out)
{
    const char *begin = r->at;
    while (!at_line_end(r) && *r->at != r->delimiter)
        r->at++;
    const char *text = weft_arena_strndup(r->arena, begin, (size_t)(r->at - begin));
    if (text == NULL)
        return weft_error_nomem(r->error);
    *out = (struct weft_cells_cell){text, false};
    return 0;
}

static int row_read(struct reader *r, struct weft_cells_row *out)
{
    size_t capacity = 0;
    *out = (struct weft_cells_row){.line = r->line};
    for (;;) {
        if (weft_arena_reserve(r->arena, &out->cells, &capacity, out->count + 1,
                               sizeof *out->cells) < 0)
            return weft_error_nomem(r->error);
        bool quoted = r->at < r->end && *r->at == '"';
        struct weft_cells_cell *cell = &out->cells[out->count++];
        WEFT_TRY(quoted ? quoted_read(r, cell) : plain_read(r, cell));
        if (at_line_end(r))
            break;
        r->at++;
    }
    r->at += r->at < r->end && *r->at == '\r';
    r->at += r->at < r->end;
    r->line++;
    return 0;
}

static int check_text(struct reader *r)
{
    size_t length = (size_t)(r->end - r->at);
    size_t valid = weft_utf8_valid(r->at, length);
    const char *nul = memchr(r->at, '\0', length);
    const char *bad = valid < length ? r->at + valid : nul;
    int64_t line = 1;
    if (bad == NULL)
        return 0;
    for (const char *at = r->at; at < bad; at++)
        line += *at == '\n';
    return refuse(r, line,
                  valid < length ? "it is not UTF-8: save it as \"CSV UTF-8\""
                                 : "it holds a NUL byte: save it as \"CSV UTF-8\"");
}

int weft_cells_read(struct weft_arena *arena, const char *text, size_t length,
                    struct weft_cells *out, struct weft_error *error)
{
    struct reader r = {arena, text, text + length, 1, ',', error};
    struct weft_cells cells = {0};
    size_t capacity = 0;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.at += 3;
    WEFT_TRY(check_text(&r));
    r.delimiter = cells.delimiter = delimiter_of(r.at, r.end);
    while (r.at < r.end) {
        if (at_line_end(&r)) { /* an empty line */
            r.at += *r.at == '\r';
            r.at += r.at < r.end;
            r.line++;
            continue;
        }
        if (weft_arena_reserve(arena, &cells.rows, &capacity, cells.count + 1, sizeof *cells.rows) <
            0)
            return weft_error_nomem(error);
        WEFT_TRY(row_read(&r, &cells.rows[cells.count]));
        cells.count++;
    }
    *out = cells;
    return 0;
}

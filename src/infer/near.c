/*
 * near.c - what a column of texts nearly is: dates but for one word, numbers with thousands
 * separators, dates written in several ways. Said in a comment; the type stays string, for a value
 * that does not read would else be set aside.
 *
 * Readings are given up when more than one value in twenty misses, so that a column of words costs
 * nothing after its first values.
 */
#include "base/text.h"
#include "infer/infer_internal.h"
#include "value/cell.h"

#include <math.h>
#include <string.h>

enum near_kind {
    NEAR_LONG,
    NEAR_POINT,
    NEAR_COMMA,
    NEAR_DATE,
    NEAR_TIMESTAMP,
    NEAR_THOUSANDS, /* 1,234.50 or 1.234,50 */
    NEAR_DRESSED,   /* 12%, $1.50 */
    NEAR_DATES,     /* any way to write a date */
    NEAR_FORMATS,   /* one each */
};

struct infer_near {
    uint64_t alive; /* bits of near_kind */
    int64_t values;
    int64_t grouped; /* with a separator of thousands */
    struct near_miss {
        int64_t count;
        size_t length;
        char text[INFER_SHAPE]; /* the first one */
    } misses[];
};

int infer_near_init(struct infer_column *column, struct weft_arena *arena, struct weft_error *error)
{
    size_t count = NEAR_FORMATS + weft_date_format_count();
    size_t size = sizeof *column->near + count * sizeof column->near->misses[0];
    column->near = weft_arena_alloc(arena, size);
    if (column->near == NULL)
        return weft_error_nomem(error);
    memset(column->near, 0, size);
    column->near->alive = (UINT64_C(1) << count) - 1;
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* 1,234,567.5: groups of three, one separator throughout, and the other one before the rest. */
static bool thousands_reads(const char *text, size_t length, bool *grouped)
{
    size_t at = length > 0 && *text == '-', run = 0;
    char group = '\0';
    *grouped = false;
    for (; at < length; at++) {
        char c = text[at];
        if (is_digit(c)) {
            run++;
            continue;
        }
        bool separator = c == ',' || c == '.' || c == '\'' || c == ' ';
        bool groups = length - at >= 4 && is_digit(text[at + 1]) && is_digit(text[at + 2]) &&
                      is_digit(text[at + 3]) && (length - at == 4 || !is_digit(text[at + 4]));
        if (!separator || run == 0 || run > 3)
            return false;
        if (group != '\0' && c != group)
            break;
        if (!groups)
            return false;
        group = c;
        run = 0;
    }
    *grouped = group != '\0' && run > 0 && run <= 3;
    if (at < length && (text[at] == ',' || text[at] == '.')) {
        for (at++; at < length && is_digit(text[at]); at++)
            run++;
    }
    return at == length && (*grouped || (group == '\0' && run > 0));
}

/* A number, with or without thousands, or a decimal point or comma. */
static bool number_reads(const char *text, size_t length, bool *grouped)
{
    double real;
    *grouped = false;
    return length > 0 && *text != '+' &&
           (weft_cell_double(text, length, '.', &real) ||
            weft_cell_double(text, length, ',', &real) || thousands_reads(text, length, grouped));
}

/* A sign of money or of percent before or behind it. */
static bool dressed_reads(const char *text, size_t length)
{
    static const char *const signs[] = {"$", "%", "\u20ac", "\u00a3", "\u00a5"};
    bool dressed = false, grouped;
    for (size_t i = 0; i < WEFT_COUNT(signs); i++) {
        size_t size = strlen(signs[i]);
        if (length > size && memcmp(text, signs[i], size) == 0) {
            text += size;
            length -= size;
            dressed = true;
        } else if (length > size && memcmp(text + length - size, signs[i], size) == 0) {
            length -= size;
            dressed = true;
        }
    }
    while (dressed && length > 0 && *text == ' ') {
        text++;
        length--;
    }
    while (dressed && length > 0 && text[length - 1] == ' ')
        length--;
    return dressed && number_reads(text, length, &grouped);
}

static bool near_reads(struct infer_near *near, size_t kind, const char *text, size_t length)
{
    int64_t number;
    int32_t days;
    double real;
    bool grouped, reads;
    switch (kind) {
    case NEAR_LONG:
        return weft_cell_int64(text, length, &number);
    case NEAR_POINT:
    case NEAR_COMMA:
        return weft_cell_double(text, length, kind == NEAR_COMMA ? ',' : '.', &real) &&
               isfinite(real);
    case NEAR_DATE:
        return weft_cell_date(text, length, &days);
    case NEAR_TIMESTAMP:
        return length > 10 && weft_cell_timestamp(text, length, &number);
    case NEAR_THOUSANDS:
        reads = number_reads(text, length, &grouped);
        near->grouped += reads && grouped;
        return reads;
    case NEAR_DRESSED:
        return dressed_reads(text, length);
    case NEAR_DATES:
        reads = weft_cell_date(text, length, &days) || weft_cell_timestamp(text, length, &number);
        for (size_t i = 0; !reads && i < weft_date_format_count(); i++)
            reads = weft_date_format_read(i, text, length, &number);
        return reads;
    default:
        return weft_date_format_read(kind - NEAR_FORMATS, text, length, &number);
    }
}

void infer_near_add(struct infer_near *near, const char *text, size_t length)
{
    near->values++;
    for (uint64_t rest = near->alive; rest != 0; rest &= rest - 1) {
        size_t kind = (size_t)__builtin_ctzll(rest);
        struct near_miss *miss = &near->misses[kind];
        if (near_reads(near, kind, text, length))
            continue;
        if (miss->count++ == 0) {
            miss->length = weft_utf8_valid(text, WEFT_MIN(length, sizeof miss->text));
            memcpy(miss->text, text, miss->length);
        }
        if (miss->count > 20 && miss->count * 20 > near->values)
            near->alive &= ~(UINT64_C(1) << kind);
    }
}

static const char *near_name(size_t kind)
{
    static const char *const names[] = {
        [NEAR_LONG] = "whole numbers",
        [NEAR_POINT] = "numbers",
        [NEAR_COMMA] = "numbers with a comma",
        [NEAR_DATE] = "dates",
        [NEAR_TIMESTAMP] = "times",
        [NEAR_THOUSANDS] = "numbers",
        [NEAR_DRESSED] = "numbers with a sign",
        [NEAR_DATES] = "dates",
    };
    return kind < NEAR_FORMATS ? names[kind] : weft_date_format(kind - NEAR_FORMATS);
}

static void note_miss(const struct infer_near *near, size_t kind, struct weft_buf *out)
{
    const struct near_miss *miss = &near->misses[kind];
    char count[40];
    weft_format_count(miss->count, count, sizeof count);
    weft_buf_adds(out, out->length > 0 ? "; " : "");
    weft_buf_addf(out, "%s%s but for %s, the first `%.*s`: string, so that no row is set aside",
                  kind >= NEAR_FORMATS ? "dates written as " : "", near_name(kind), count,
                  (int)miss->length, miss->text);
}

void infer_near_note(const struct infer_near *near, struct weft_buf *out)
{
    size_t best = SIZE_MAX;
    for (size_t kind = 0; kind < NEAR_FORMATS + weft_date_format_count(); kind++) {
        bool grouped = kind != NEAR_THOUSANDS || near->grouped > 0;
        if ((near->alive >> kind & 1) != 0 && grouped &&
            (best == SIZE_MAX || near->misses[kind].count < near->misses[best].count ||
             (best == NEAR_DATES && near->misses[kind].count == near->misses[best].count)))
            best = kind;
    }
    if (best == SIZE_MAX)
        return;
    int64_t misses = near->misses[best].count;
    if (misses * 10 > near->values && (misses > 1 || near->values < 3))
        return;
    if (misses > 0) {
        note_miss(near, best, out);
        return;
    }
    weft_buf_adds(out, out->length > 0 ? "; " : "");
    weft_buf_adds(out, best == NEAR_DATES ? "dates written in several ways: string, as an input "
                                            "has one `date_format`"
                       : best == NEAR_DRESSED
                           ? "numbers with a sign of money or percent: string; `sql:` can take it "
                             "off"
                           : "numbers with separators of thousands: string; `sql:` can take them "
                             "off");
}

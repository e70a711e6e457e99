/*
 * csv.c - see csv.h. Places of special bytes are found 64 bytes at a time; a record
 * without quotes and with the right number of cells is then only arithmetic.
 */
#include "codec/csv.h"

#include <emmintrin.h>

size_t weft_csv_end(const char *data, size_t length, char delimiter, char quote, int64_t *open_at)
{
    const char *end = data + length;
    const char *outside = data; /* from here on no quote is open */
    const char *at = quote == 0 ? NULL : memchr(data, quote, length);
    size_t last = 0;
    *open_at = -1;
    while (at != NULL) {
        /* A quote opens a cell only at its start; elsewhere it is a character like others. */
        if (at != data && at[-1] != delimiter && at[-1] != '\n') {
            at = memchr(at + 1, quote, (size_t)(end - at - 1));
            continue;
        }
        const char *line = memrchr(outside, '\n', (size_t)(at - outside));
        if (line != NULL)
            last = (size_t)(line + 1 - data);
        const char *close = at + 1;
        while ((close = memchr(close, quote, (size_t)(end - close))) != NULL && close + 1 < end &&
               close[1] == quote)
            close += 2;
        if (close == NULL) {
            *open_at = at - data;
            return last;
        }
        outside = close + 1;
        at = memchr(outside, quote, (size_t)(end - outside));
    }
    const char *line = memrchr(outside, '\n', (size_t)(end - outside));
    return line != NULL ? (size_t)(line + 1 - data) : last;
}

static uint64_t special_bits(const char *data, __m128i delimiter, __m128i quote, __m128i line)
{
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(data + 16 * i));
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, delimiter), _mm_cmpeq_epi8(v, line));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, quote));
        bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(hit) << (16 * i);
    }
    return bits;
}

void weft_csv_index(struct weft_csv *split)
{
    const __m128i delimiter = _mm_set1_epi8(split->delimiter);
    const __m128i line = _mm_set1_epi8('\n');
    const __m128i quote = _mm_set1_epi8(split->quote != 0 ? split->quote : '\n');
    uint32_t *out = split->index;
    for (size_t i = split->position & ~(size_t)63; i < split->length; i += 64) {
        uint64_t bits = special_bits(split->data + i, delimiter, quote, line);
        if (i < split->position)
            bits &= ~UINT64_C(0) << (split->position - i);
        if (i + 64 > split->length)
            bits &= ~UINT64_C(0) >> (i + 64 - split->length);
        for (; bits != 0; bits &= bits - 1)
            *out++ = (uint32_t)i + (uint32_t)__builtin_ctzll(bits);
    }
    split->index_count = (size_t)(out - split->index);
    split->index_at = 0;
}

static bool at_end_of_cell(const struct weft_csv *split, size_t i)
{
    const char *data = split->data;
    return data[i] == split->delimiter || data[i] == '\n' ||
           (data[i] == '\r' && data[i + 1] == '\n');
}

/* One quoted cell from its opening quote; undoes doubled quotes. Gives the place behind it. */
static size_t quoted_cell(struct weft_csv *split, size_t i, uint32_t *begin, uint32_t *size,
                          bool *bad)
{
    char *data = split->data;
    size_t write = ++i;
    *begin = (uint32_t)i;
    for (; i < split->length; i++) {
        if (data[i] == split->quote) {
            if (data[i + 1] != split->quote)
                break;
            i++;
        }
        data[write++] = data[i];
    }
    *size = (uint32_t)(write - *begin) | WEFT_CSV_QUOTED;
    if (i >= split->length) { /* the block is not what weft_csv_end() cut */
        *bad = true;
        return split->length - 1;
    }
    i++;
    if (!at_end_of_cell(split, i))
        *bad = true;
    while (data[i] != split->delimiter && data[i] != '\n')
        i++;
    return i;
}

static size_t plain_cell(struct weft_csv *split, size_t i, uint32_t *begin, uint32_t *size)
{
    const char *data = split->data;
    *begin = (uint32_t)i;
    while (data[i] != split->delimiter && data[i] != '\n')
        i++;
    size_t length = i - *begin;
    if (data[i] == '\n' && length > 0 && data[i - 1] == '\r')
        length--;
    *size = (uint32_t)length;
    return i;
}

/* A record with quotes, or with a wrong number of cells. */
static void slow_record(struct weft_csv *split, size_t row)
{
    size_t i = split->position;
    size_t cell = 0;
    bool bad = false;
    for (;; cell++, i++) {
        uint32_t begin;
        uint32_t size;
        if (split->quote != 0 && split->data[i] == split->quote)
            i = quoted_cell(split, i, &begin, &size, &bad);
        else
            i = plain_cell(split, i, &begin, &size);
        int slot = cell < split->cells ? split->map[cell] : -1;
        if (slot >= 0) {
            split->begin[(size_t)slot * split->row_max + row] = begin;
            split->size[(size_t)slot * split->row_max + row] = size;
        }
        if (split->data[i] == '\n')
            break;
    }
    bad = bad || cell + 1 != split->cells;
    for (size_t s = 0; bad && s < split->slots; s++)
        split->size[s * split->row_max + row] = 0; /* cells would be guesses */
    split->bad[row] = bad;
    split->position = i + 1;
    while (split->index_at < split->index_count && split->index[split->index_at] < split->position)
        split->index_at++;
}

/* The quick way; false when the record is not a plain one. */
static bool quick_record(struct weft_csv *split, size_t row)
{
    const uint32_t *ends = split->index + split->index_at;
    const char *data = split->data;
    size_t cells = split->cells;
    if (split->index_at + cells > split->index_count || data[ends[cells - 1]] != '\n')
        return false;
    for (size_t c = 0; c + 1 < cells; c++) {
        if (data[ends[c]] != split->delimiter)
            return false;
    }
    uint32_t begin = (uint32_t)split->position;
    for (size_t c = 0; c < cells; c++) {
        uint32_t end = ends[c];
        int slot = split->map[c];
        if (slot >= 0) {
            uint32_t size = end - begin;
            if (c + 1 == cells && size > 0 && data[end - 1] == '\r')
                size--;
            split->begin[(size_t)slot * split->row_max + row] = begin;
            split->size[(size_t)slot * split->row_max + row] = size;
        }
        begin = end + 1;
    }
    split->bad[row] = 0;
    split->position = begin;
    split->index_at += cells;
    return true;
}

/* Lines with nothing in them are no records, but in a file of one column. */
static bool skip_empty(struct weft_csv *split)
{
    const char *data = split->data + split->position;
    size_t length = data[0] == '\n' ? 1 : data[0] == '\r' && data[1] == '\n' ? 2 : 0;
    if (split->cells == 1 || length == 0)
        return false;
    split->position += length;
    split->index_at++;
    return true;
}

size_t weft_csv_batch(struct weft_csv *split)
{
    size_t row = 0;
    while (row < split->row_max && split->index_at < split->index_count) {
        if (skip_empty(split))
            continue;
        split->ids[row] = split->base + (int64_t)split->position;
        if (!quick_record(split, row))
            slow_record(split, row);
        row++;
    }
    return row;
}

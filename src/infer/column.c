/*
 * column.c - what the cells of one column say, gathered one by one: what each value reads as,
 * bounds, lengths, shape, and the different values while they are few.
 */
#include "base/hash.h"
#include "infer/infer_internal.h"
#include "value/cell.h"

#include <math.h>
#include <string.h>

int infer_column_init(struct infer_column *column, struct weft_arena *arena,
                      struct weft_error *error)
{
    column->kinds = (1u << INFER_KIND_COUNT) - 1;
    column->formats = (UINT64_C(1) << weft_date_format_count()) - 1;
    column->digits = true;
    column->format = -1;
    column->scale_min = 1000;
    column->length_min = SIZE_MAX;
    column->different = weft_arena_array(arena, INFER_VALUES, sizeof *column->different);
    column->sketch = weft_arena_alloc(arena, INFER_SKETCH);
    weft_buf_init(&column->comment, 65536);
    if (column->different == NULL || column->sketch == NULL)
        return weft_error_nomem(error);
    return infer_near_init(column, arena, error);
}

/* ---- numbers and times ---- */

static bool zero_first(const char *text, size_t length)
{
    size_t sign = length > 0 && *text == '-';
    return length > sign + 1 && text[sign] == '0' && text[sign + 1] >= '0' && text[sign + 1] <= '9';
}

static bool sign_fits(const char *text, size_t length)
{
    return length > 0 && *text != '+' && !zero_first(text, length);
}

static void long_took(struct infer_column *column, int64_t value)
{
    bool first = column->values == 1;
    column->long_min = first ? value : WEFT_MIN(column->long_min, value);
    column->long_max = first ? value : WEFT_MAX(column->long_max, value);
}

static void real_took(struct infer_column *column, const char *text, size_t length, double value)
{
    bool first = column->values == 1;
    size_t sign = length > 0 && *text == '-', whole = sign, scale = 0;
    column->real_min = first ? value : fmin(column->real_min, value);
    column->real_max = first ? value : fmax(column->real_max, value);
    while (whole < length && text[whole] >= '0' && text[whole] <= '9')
        whole++;
    if (whole < length && (text[whole] == '.' || text[whole] == ',')) {
        while (whole + 1 + scale < length && text[whole + 1 + scale] >= '0' &&
               text[whole + 1 + scale] <= '9')
            scale++;
        if (whole + 1 + scale != length || scale == 0 || whole == sign)
            column->exponent = true;
    } else if (whole != length) {
        column->exponent = true;
    }
    column->scale_min = WEFT_MIN(column->scale_min, (int)scale);
    column->scale_max = WEFT_MAX(column->scale_max, (int)scale);
    column->whole_max = WEFT_MAX(column->whole_max, (int)(whole - sign));
}

static void time_took(struct infer_column *column, int64_t us)
{
    bool first = column->values == 1;
    column->time_min = first ? us : WEFT_MIN(column->time_min, us);
    column->time_max = first ? us : WEFT_MAX(column->time_max, us);
}

/* 2026-11-21T04:05:06+01:00 has a zone, and so has ...Z. */
static void zone_took(struct infer_column *column, const char *text, size_t length)
{
    bool zone = length > 11 && (text[length - 1] == 'Z' || text[length - 1] == 'z');
    for (size_t i = 11; i < length; i++)
        zone = zone || text[i] == '+' || text[i] == '-';
    column->zone = column->zone || zone;
    column->no_zone = column->no_zone || !zone;
}

static bool kind_reads(struct infer_column *column, enum infer_kind kind, const char *text,
                       size_t length)
{
    bool truth;
    int64_t number;
    int32_t days;
    double real;
    __int128 wide;
    switch (kind) {
    case INFER_BOOLEAN:
        return weft_cell_boolean(text, length, &truth);
    case INFER_LONG:
        if (!sign_fits(text, length) || !weft_cell_int64(text, length, &number))
            return false;
        long_took(column, number);
        return true;
    case INFER_POINT:
    case INFER_COMMA:
        if (!sign_fits(text, length) ||
            !weft_cell_double(text, length, kind == INFER_COMMA ? ',' : '.', &real) ||
            !isfinite(real))
            return false;
        real_took(column, text, length, real);
        return true;
    case INFER_DATE:
        if (!weft_cell_date(text, length, &days))
            return false;
        time_took(column, (int64_t)days * 86400 * 1000000);
        return true;
    case INFER_TIME:
        return weft_cell_time(text, length, &number);
    case INFER_TIMESTAMP:
        if (length <= 10 || !weft_cell_timestamp(text, length, &number))
            return false;
        time_took(column, number);
        zone_took(column, text, length);
        return true;
    default:
        return weft_cell_uuid(text, length, &wide);
    }
}

static void formats_took(struct infer_column *column, const char *text, size_t length)
{
    bool first = true;
    for (size_t i = 0; column->formats >> i != 0; i++) {
        int64_t us;
        if ((column->formats >> i & 1) == 0)
            continue;
        if (!weft_date_format_read(i, text, length, &us)) {
            column->formats &= ~(UINT64_C(1) << i);
            continue;
        }
        if (first && (column->kinds & (1u << INFER_DATE | 1u << INFER_TIMESTAMP)) == 0)
            time_took(column, us);
        first = false;
    }
}

/* ---- texts ---- */

static char shape_of(char c)
{
    if (c >= '0' && c <= '9')
        return 'd';
    if (c >= 'A' && c <= 'Z')
        return 'U';
    if (c >= 'a' && c <= 'z')
        return 'l';
    return c > ' ' && c < 0x7f ? c : '\0';
}

static void shape_took(struct infer_column *column, const char *text, size_t length)
{
    if (column->shape_state < 0)
        return;
    bool same = length > 0 && length <= INFER_SHAPE &&
                (column->shape_state == 0 || length == column->shape_length);
    for (size_t i = 0; same && i < length; i++) {
        char shape = shape_of(text[i]);
        same = shape != '\0' && (column->shape_state == 0 || column->shape[i] == shape);
        column->shape[i] = shape;
    }
    column->shape_length = length;
    column->shape_state = same ? 1 : -1;
}

static void different_took(struct infer_column *column, const char *text, size_t length,
                           uint64_t hash)
{
    if (column->different_count > INFER_VALUES)
        return;
    for (size_t i = 0; i < column->different_count; i++) {
        if (column->different[i].hash == hash) {
            column->different[i].count++;
            return;
        }
    }
    if (column->different_count == INFER_VALUES || length > INFER_VALUE_MAX) {
        column->different_count = INFER_VALUES + 1;
        return;
    }
    struct infer_value *value = &column->different[column->different_count++];
    memcpy(value->text, text, length);
    value->length = length;
    value->hash = hash;
    value->count = 1;
}

static void text_took(struct infer_column *column, const char *text, size_t length)
{
    uint64_t hash = weft_xxh3(text, length);
    uint8_t rank = (uint8_t)(__builtin_clzll((hash << 10) | 1) + 1);
    uint8_t *at = &column->sketch[hash >> 54];
    *at = WEFT_MAX(*at, rank);
    different_took(column, text, length, hash);
    shape_took(column, text, length);
    column->length_min = WEFT_MIN(column->length_min, length);
    column->length_max = WEFT_MAX(column->length_max, length);
    column->zero_first = column->zero_first || zero_first(text, length);
    for (size_t i = 0; column->digits && i < length; i++)
        column->digits = text[i] >= '0' && text[i] <= '9';
    column->padded += length > 0 && (text[0] == ' ' || text[length - 1] == ' ');
    const char *at_sign = length > 2 ? memchr(text + 1, '@', length - 2) : NULL;
    column->ats += at_sign != NULL && memchr(text, ' ', length) == NULL;
}

/* A text of JSON is no number, whatever it says; lists and objects are judged by their shape. */
static void json_took(struct infer_column *column, const struct infer_cell *cell)
{
    bool nested = cell->kind == WEFT_JSON_ARRAY || cell->kind == WEFT_JSON_OBJECT;
    column->json |= 1u << cell->kind;
    if (nested || cell->kind == WEFT_JSON_TEXT)
        column->kinds &=
            nested ? 0
                   : 1u << INFER_DATE | 1u << INFER_TIME | 1u << INFER_TIMESTAMP | 1u << INFER_UUID;
    if (nested) {
        column->values++;
        column->formats = 0;
        column->shape_state = -1;
        column->different_count = INFER_VALUES + 1;
    }
}

void infer_column_add(struct infer_column *column, const struct infer_cell *cell)
{
    if (cell->absent) {
        column->absent++;
        return;
    }
    if (cell->json) {
        json_took(column, cell);
        if (cell->kind == WEFT_JSON_ARRAY || cell->kind == WEFT_JSON_OBJECT)
            return;
    }
    if (cell->length == 0 && !cell->quoted) {
        column->empty++;
        return;
    }
    int word = cell->quoted ? -1 : infer_word_of(cell->text, cell->length);
    if (word >= 0) {
        column->words[word]++;
        return;
    }
    column->values++;
    if (cell->length == 0) {
        column->blank++;
        column->kinds = 0;
        column->formats = 0;
        column->digits = false;
        column->shape_state = -1;
    }
    for (int kind = 0; kind < INFER_KIND_COUNT; kind++) {
        if ((column->kinds >> kind & 1) != 0 &&
            !kind_reads(column, (enum infer_kind)kind, cell->text, cell->length))
            column->kinds &= ~(1u << kind);
    }
    formats_took(column, cell->text, cell->length);
    if (!cell->json)
        infer_near_add(column->near, cell->text, cell->length);
    text_took(column, cell->text, cell->length);
}

/* HyperLogLog (Flajolet et al. 2007), with linear counting where few registers are taken. */
double infer_column_different(const struct infer_column *column)
{
    double sum = 0, registers = INFER_SKETCH;
    int zeros = 0;
    if (column->different_count <= INFER_VALUES)
        return (double)column->different_count;
    for (size_t i = 0; i < INFER_SKETCH; i++) {
        sum += ldexp(1, -column->sketch[i]);
        zeros += column->sketch[i] == 0;
    }
    double estimate = 0.7213 / (1 + 1.079 / registers) * registers * registers / sum;
    if (estimate < 2.5 * registers && zeros > 0)
        estimate = registers * log(registers / zeros);
    return estimate;
}

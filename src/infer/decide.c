/*
 * decide.c - from what was seen to types, rules and comments, as a careful person would: what
 * is certain is written, what is likely is proposed in a comment.
 */
#include "base/clock.h"
#include "base/text.h"
#include "infer/infer_internal.h"

#include <math.h>
#include <string.h>

#define ENUM_MAX 20
#define CODES                                                                                      \
    "zip zipcode postal postcode plz fips phone tel telephone mobile fax iban isbn issn ean gtin " \
    "upc ssn siren siret naics sic barcode"
#define COUNTS                                                                                     \
    "count counts cases deaths num number qty quantity quantities population pop age stock units " \
    "items visits views clicks rows size bytes length width height depth weight duration seconds " \
    "minutes hours days distance area tests votes births members employees rooms"
#define MONEY                                                                                      \
    "price amount cost costs total subtotal balance fee fees tax vat salary wage revenue sales "   \
    "discount payment paid budget spend spending income profit turnover usd eur gbp chf"

static bool kind_has(const struct infer_column *column, enum infer_kind kind)
{
    return column->values > 0 && (column->kinds >> kind & 1) != 0;
}

static bool is_typed(const struct infer_column *column)
{
    return column->values > 0 && (column->kinds != 0 || column->formats != 0);
}

static void note(struct infer_column *column, const char *format, ...) WEFT_PRINTF(2, 3);
static void note(struct infer_column *column, const char *format, ...)
{
    va_list args;
    if (column->comment.length > 0)
        weft_buf_adds(&column->comment, "; ");
    va_start(args, format);
    weft_buf_addv(&column->comment, format, args);
    va_end(args);
}

static const char *counted(int64_t count, char text[40])
{
    weft_format_count(count, text, 40);
    return text;
}

/* ---- of the whole input ---- */

/* A column of text in which the word has the look of all other values (NA among codes of countries)
 * says that it is a value. */
static bool word_is_code(const struct infer_column *column, const char *word)
{
    if (is_typed(column) || column->shape_state != 1 || column->shape_length != strlen(word))
        return false;
    for (size_t i = 0; i < column->shape_length; i++) {
        if (column->shape[i] != 'U' || word[i] < 'A' || word[i] > 'Z')
            return false;
    }
    return true;
}

/* Words are null where they stand among numbers or dates, and nothing speaks against it. */
static void decide_nulls(struct infer *infer)
{
    for (int w = 0; w < INFER_WORDS; w++) {
        bool among = false, code = false;
        for (size_t i = 0; i < infer->column_count; i++) {
            const struct infer_column *column = &infer->columns[i];
            among = among || (column->words[w] > 0 && is_typed(column));
            code = code || (column->words[w] > 0 && word_is_code(column, infer_words[w]));
        }
        if (among && !code)
            infer->nulls |= 1u << w;
    }
}

/* Words that are values, unless they are null here. */
static int64_t words_kept(const struct infer *infer, const struct infer_column *column)
{
    int64_t count = 0;
    for (int w = 0; w < INFER_WORDS; w++)
        count += (infer->nulls >> w & 1) != 0 ? 0 : column->words[w];
    return count;
}

static int64_t words_null(const struct infer *infer, const struct infer_column *column)
{
    int64_t count = 0;
    for (int w = 0; w < INFER_WORDS; w++)
        count += (infer->nulls >> w & 1) != 0 ? column->words[w] : 0;
    return count;
}

static void decide_point(struct infer *infer)
{
    size_t point = 0, comma = 0;
    for (size_t i = 0; i < infer->column_count; i++) {
        const struct infer_column *column = &infer->columns[i];
        if (kind_has(column, INFER_LONG) || words_kept(infer, column) > 0)
            continue;
        point += kind_has(column, INFER_POINT) && !kind_has(column, INFER_COMMA);
        comma += kind_has(column, INFER_COMMA) && !kind_has(column, INFER_POINT);
    }
    infer->point = comma > point && infer->dialect.delimiter != ',' ? ',' : '.';
}

/* Which of two readings, day or month first, is ruled out by some column of the file. */
static uint64_t formats_of(const struct infer *infer, const struct infer_column *column)
{
    uint64_t formats = column->values == 0 || words_kept(infer, column) > 0 ? 0 : column->formats;
    return column->kinds != 0 ? 0 : formats;
}

static uint64_t formats_settled(const struct infer *infer, uint64_t formats)
{
    for (size_t i = 0; i < weft_date_format_count(); i++) {
        size_t twin = weft_date_format_twin(i);
        if ((formats >> i & 1) == 0 || twin == SIZE_MAX || (formats >> twin & 1) == 0)
            continue;
        for (size_t c = 0; c < infer->column_count; c++) {
            uint64_t other = formats_of(infer, &infer->columns[c]);
            /* Another column that only reads one way round. */
            for (size_t k = 0; k < weft_date_format_count(); k++) {
                size_t other_twin = weft_date_format_twin(k);
                bool day_first = strncmp(weft_date_format(k), "%d", 2) == 0;
                if ((other >> k & 1) == 0 || other_twin == SIZE_MAX ||
                    (other >> other_twin & 1) != 0)
                    continue;
                if (day_first == (strncmp(weft_date_format(i), "%d", 2) == 0))
                    formats &= ~(UINT64_C(1) << twin);
                else
                    formats &= ~(UINT64_C(1) << i);
            }
        }
    }
    return formats;
}

static bool format_ambiguous(uint64_t formats)
{
    for (size_t i = 0; i < weft_date_format_count(); i++) {
        size_t twin = weft_date_format_twin(i);
        if ((formats >> i & 1) != 0 && twin != SIZE_MAX && (formats >> twin & 1) != 0)
            return true;
    }
    return false;
}

/* One format for all dates of an input, and one for all times: that of most columns. */
static int decide_format(const struct infer *infer, bool timed)
{
    size_t iso = 0, best_count = 0;
    int best = -1;
    for (size_t c = 0; c < infer->column_count; c++)
        iso += words_kept(infer, &infer->columns[c]) == 0 &&
               kind_has(&infer->columns[c], timed ? INFER_TIMESTAMP : INFER_DATE);
    for (size_t i = 0; i < weft_date_format_count(); i++) {
        size_t count = 0;
        for (size_t c = 0; c < infer->column_count; c++) {
            uint64_t formats = formats_settled(infer, formats_of(infer, &infer->columns[c]));
            count += (formats >> i & 1) != 0 && !format_ambiguous(formats);
        }
        if (count > best_count && weft_date_format_timed(i) == timed) {
            best = (int)i;
            best_count = count;
        }
    }
    return best_count > iso ? best : -1;
}

/* ---- types ---- */

static void type_decimal(struct infer_column *column)
{
    int scale = WEFT_MAX(column->scale_max, 2);
    column->type = (struct weft_type){.kind = WEFT_TYPE_DECIMAL,
                                      .precision = WEFT_MAX(18, column->whole_max + scale),
                                      .scale = scale};
    note(column, "money, so exact: decimal");
}

static void type_whole(struct infer_column *column)
{
    if (column->exponent || column->scale_max > 0 || (column->kinds >> INFER_LONG & 1) != 0)
        return;
    if (column->whole_max > 38) {
        column->type.kind = WEFT_TYPE_STRING;
        note(column, "numbers of %d digits, which no number type holds: string", column->whole_max);
        return;
    }
    column->type = (struct weft_type){.kind = WEFT_TYPE_DECIMAL, .precision = 38, .scale = 0};
    note(column, "whole numbers too large for long");
}

static bool type_number(const struct infer *infer, struct infer_column *column)
{
    bool whole = kind_has(column, INFER_LONG);
    bool real = kind_has(column, infer->point == ',' ? INFER_COMMA : INFER_POINT);
    if (whole && infer_name_has(column->name, CODES) && column->long_min >= 0) {
        note(column, "digits that are a code, not a number: string");
        return false;
    }
    if (!whole && !real) {
        if (kind_has(column, INFER_POINT) || kind_has(column, INFER_COMMA))
            note(column,
                 "numbers with a decimal %s, unlike other columns: string, as an input has "
                 "one `decimal_separator`",
                 kind_has(column, INFER_COMMA) ? "comma" : "point");
        return false;
    }
    column->type.kind = whole ? WEFT_TYPE_LONG : WEFT_TYPE_DOUBLE;
    if (!whole)
        type_whole(column);
    if (column->type.kind == WEFT_TYPE_DOUBLE && real && !whole && !column->exponent &&
        column->scale_max <= 4 && column->whole_max + 4 <= 18 &&
        infer_name_has(column->name, MONEY))
        type_decimal(column);
    return true;
}

static bool type_time(const struct infer *infer, struct infer_column *column)
{
    uint64_t formats = formats_settled(infer, formats_of(infer, column));
    bool date = kind_has(column, INFER_DATE), stamp = kind_has(column, INFER_TIMESTAMP);
    int chosen = date ? infer->date_format : infer->timestamp_format;
    if (date || stamp) {
        if (chosen >= 0) {
            note(column, "reads as ISO 8601, but an input has one `%s_format`: string",
                 date ? "date" : "timestamp");
            return false;
        }
        column->type.kind = date           ? WEFT_TYPE_DATE
                            : column->zone ? WEFT_TYPE_TIMESTAMPTZ
                                           : WEFT_TYPE_TIMESTAMP;
        if (column->zone && column->no_zone)
            note(column, "some values have a zone, some have not and are read as UTC");
        return true;
    }
    if (formats == 0)
        return false;
    int first = __builtin_ctzll(formats);
    bool timed = weft_date_format_timed((size_t)first);
    chosen = timed ? infer->timestamp_format : infer->date_format;
    if (format_ambiguous(formats)) {
        note(column,
             "a date, but no value tells day from month (%s or %s): string until you say "
             "`options: {%s_format: ...}`",
             weft_date_format((size_t)first),
             weft_date_format(weft_date_format_twin((size_t)first)), timed ? "timestamp" : "date");
        return false;
    }
    if (chosen < 0 || (formats >> chosen & 1) == 0) {
        note(column,
             "a date written as %s, unlike other columns: string, as an input has one "
             "`%s_format`",
             weft_date_format((size_t)first), timed ? "timestamp" : "date");
        return false;
    }
    column->format = chosen;
    column->type.kind = timed ? WEFT_TYPE_TIMESTAMP : WEFT_TYPE_DATE;
    return true;
}

/* A schema takes names of the house alone, inside of a struct too. */
static bool type_named(const struct weft_type *type)
{
    if (type->kind == WEFT_TYPE_LIST)
        return type_named(type->element);
    if (type->kind == WEFT_TYPE_MAP)
        return type_named(type->key) && type_named(type->element);
    for (size_t i = 0; type->kind == WEFT_TYPE_STRUCT && i < type->field_count; i++) {
        if (!weft_name_valid(type->fields[i].name) || !type_named(type->fields[i].type))
            return false;
    }
    return true;
}

/* Of JSON: what is nested, or now this and now that. True = that is the type. */
static int type_json(const struct infer *infer, struct infer_column *column, bool *done,
                     struct weft_error *error)
{
    unsigned nested = 1u << WEFT_JSON_ARRAY | 1u << WEFT_JSON_OBJECT;
    bool mixed = (column->json & (column->json - 1)) != 0;
    const struct weft_type *type = column->declared;
    *done = type != NULL;
    if (type == NULL && column->own != NULL && (mixed || (column->json & nested) != 0)) {
        type = weft_shape_type(infer->arena, column->own);
        if (type == NULL)
            return weft_error_nomem(error);
        static const struct weft_type json = {.kind = WEFT_TYPE_JSON};
        bool named = type_named(type);
        type = named ? type : &json;
        note(column, !named  ? "json, as a part has a name that a schema does not take"
                     : mixed ? "values of several kinds"
                             : "as its parts are in all records");
        bool rows = type->kind == WEFT_TYPE_LIST && infer->records == 1;
        if (rows && type->element->kind == WEFT_TYPE_STRUCT)
            note(column,
                 "one record holds the rows: `weft new PRODUCT --from FILE --sql \"select "
                 "unnest(%s, max_depth := 2) from ...\"` makes one of each",
                 column->name);
        *done = true;
    }
    if (*done)
        column->type = *type;
    return 0;
}

static void decide_type(const struct infer *infer, struct infer_column *column)
{
    int64_t kept = words_kept(infer, column);
    column->type = (struct weft_type){.kind = WEFT_TYPE_STRING};
    if (column->values == 0)
        return;
    if (kept > 0 && is_typed(column)) {
        for (int w = 0; w < INFER_WORDS; w++) {
            if (column->words[w] > 0 && (infer->nulls >> w & 1) == 0)
                note(column,
                     "numbers or dates but for `%s`, which another column has as a value: "
                     "string",
                     infer_words[w]);
        }
        return;
    }
    if (kind_has(column, INFER_BOOLEAN) && kept == 0)
        column->type.kind = WEFT_TYPE_BOOLEAN;
    else if (kind_has(column, INFER_UUID) && kept == 0)
        column->type.kind = WEFT_TYPE_UUID;
    else if (kept == 0 && !type_number(infer, column) && !type_time(infer, column) &&
             kind_has(column, INFER_TIME))
        column->type.kind = WEFT_TYPE_TIME;
}

/* ---- rules ---- */

static int decide_pattern(const struct infer *infer, struct infer_column *column,
                          struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf pattern;
    weft_buf_init(&pattern, 4096);
    bool code = column->zero_first || infer_name_has(column->name, CODES " id code key no nr ref");
    if (column->shape_state != 1 || column->values < 3 || words_kept(infer, column) > 0 ||
        (column->digits ? !code : column->values < 20))
        return 0;
    bool digits = false;
    for (size_t i = 0, run; i < column->shape_length; i += run) {
        char shape = column->shape[i];
        for (run = 1; i + run < column->shape_length && column->shape[i + run] == shape;)
            run++;
        digits = digits || shape == 'd';
        if (shape == 'd' || shape == 'U' || shape == 'l')
            weft_buf_adds(&pattern, shape == 'd' ? "[0-9]" : shape == 'U' ? "[A-Z]" : "[a-z]");
        else
            weft_buf_addf(&pattern, strchr("-_/:,; @#%&=~\"'!<>", shape) != NULL ? "%c" : "[%c]",
                          shape);
        if (shape == '^' || shape == '\\' || shape == '[' || shape == ']')
            return 0;
        if (run > 1)
            weft_buf_addf(&pattern, "{%zu}", run);
    }
    if (!digits && !(column->shape_length <= 3 && code))
        return 0;
    WEFT_TRY(weft_buf_check(&pattern, error));
    column->pattern = weft_arena_strdup(infer->arena, pattern.data);
    if (column->pattern == NULL)
        return weft_error_nomem(error);
    if (column->digits)
        note(column, "always %zu digits%s", column->shape_length,
             column->zero_first ? ", some begin with 0" : "");
    else
        note(column, "always of one shape");
    return 0;
}

/* Values that come again and again, few of them. */
static void decide_enum(const struct infer *infer, struct infer_column *column)
{
    size_t count = column->different_count;
    if (count == 1 && column->values > 1) {
        note(column, "one value in all records");
        return;
    }
    if (count > INFER_VALUES)
        return;
    bool words = words_kept(infer, column) > 0;
    column->is_enum = count >= 2 && count <= ENUM_MAX && column->values >= (int64_t)(20 * count) &&
                      column->padded == 0 && column->blank == 0 && !words;
    if (!column->is_enum && count > 1 && column->values >= 3 * (int64_t)count)
        note(column, "%zu different values", count);
}

static void decide_string(const struct infer *infer, struct infer_column *column)
{
    char text[40];
    if (column->values > 0 && column->ats == column->values)
        note(column, "e-mail addresses: think of `classification: pii.email`");
    else if (!is_typed(column) && column->blank == 0 && column->json == 0)
        infer_near_note(column->near, &column->comment);
    if (column->padded > 0)
        note(column, "%s with blanks at an end", counted(column->padded, text));
    if (column->blank > 0)
        note(column, "%s are empty texts (\"\"), which are no nulls", counted(column->blank, text));
    for (int w = 0; w < INFER_WORDS; w++) {
        if (column->words[w] > 0 && (infer->nulls >> w & 1) == 0 && !is_typed(column))
            note(column, "%s are `%s`: if that means null, add it to `null:`",
                 counted(column->words[w], text), infer_words[w]);
    }
}

static void note_number(struct infer_column *column)
{
    if (column->kinds >> INFER_LONG & 1) {
        char low[40], high[40];
        note(column, "from %s to %s", counted(column->long_min, low),
             counted(column->long_max, high));
        return;
    }
    note(column, "from %.15g to %.15g", column->real_min, column->real_max);
}

static void decide_bounds(struct infer_column *column)
{
    double least = column->kinds >> INFER_LONG & 1 ? (double)column->long_min : column->real_min;
    double most = column->kinds >> INFER_LONG & 1 ? (double)column->long_max : column->real_max;
    bool latitude = infer_name_has(column->name, "lat latitude");
    bool longitude = infer_name_has(column->name, "lon lng long longitude");
    note_number(column);
    if ((latitude && least >= -90 && most <= 90) || (longitude && least >= -180 && most <= 180)) {
        column->min = latitude ? "-90" : "-180";
        column->max = latitude ? "90" : "180";
    } else if (infer_name_has(column->name, COUNTS " " MONEY)) {
        if (least >= 0)
            column->min = "0";
        else
            note(column, "some are negative: is that right?");
    }
}

static void note_times(struct infer_column *column)
{
    char low[WEFT_TIME_TEXT], high[WEFT_TIME_TEXT];
    if (column->format >= 0 && weft_date_format_twin((size_t)column->format) != SIZE_MAX)
        note(column, "written as %s: no value reads the other way round",
             weft_date_format((size_t)column->format));
    else if (column->format >= 0)
        note(column, "written as %s", weft_date_format((size_t)column->format));
    if (column->format >= 0)
        return;
    weft_time_format(column->time_min, low);
    weft_time_format(column->time_max, high);
    if (column->type.kind == WEFT_TYPE_DATE)
        low[10] = high[10] = '\0';
    note(column, "from %s to %s", low, high);
}

static void note_presence(const struct infer *infer, struct infer_column *column)
{
    char text[40], all[40];
    int64_t words = words_null(infer, column);
    int64_t missing = column->empty + column->absent + words;
    column->nulls = missing > 0;
    column->required = missing == 0 && infer->records > 0;
    if (column->values + words_kept(infer, column) == 0) {
        note(column, "no value in %s record%s: nothing tells its type",
             counted(infer->records, all), infer->records == 1 ? "" : "s");
        return;
    }
    if (missing == 0) {
        note(column, "never empty");
        return;
    }
    note(column, "%s of %s without a value", counted(missing, text), counted(infer->records, all));
    double share = 1 - (double)missing / (double)infer->records;
    column->complete = share >= 0.8 && infer->records >= 20 ? floor(share * 20) / 20 : 0;
    for (int w = 0; w < INFER_WORDS; w++) {
        if (column->words[w] > 0 && (infer->nulls >> w & 1) != 0)
            note(column, "%s of them `%s`", counted(column->words[w], text), infer_words[w]);
    }
}

static int decide_column(const struct infer *infer, struct infer_column *column,
                         struct weft_error *error)
{
    bool done = false;
    note_presence(infer, column);
    WEFT_TRY(type_json(infer, column, &done, error));
    if (!done)
        decide_type(infer, column);
    switch (column->type.kind) {
    case WEFT_TYPE_STRING:
        if (column->values == 0)
            return 0;
        WEFT_TRY(decide_pattern(infer, column, error));
        if (column->pattern == NULL)
            decide_enum(infer, column);
        decide_string(infer, column);
        return 0;
    case WEFT_TYPE_LONG:
    case WEFT_TYPE_DOUBLE:
    case WEFT_TYPE_DECIMAL:
        if ((column->kinds >> INFER_LONG & 7) != 0)
            decide_bounds(column);
        return 0;
    case WEFT_TYPE_DATE:
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_TIMESTAMPTZ:
        if (column->values > 0 && (column->kinds != 0 || column->format >= 0))
            note_times(column);
        return 0;
    default:
        return 0;
    }
}

/* ---- names ---- */

static bool name_taken(const struct infer *infer, size_t before, const char *name)
{
    for (size_t i = 0; i < before; i++) {
        if (weft_equal_fold(infer->columns[i].name, name))
            return true;
    }
    return false;
}

static int decide_name(struct infer *infer, size_t i, struct weft_error *error)
{
    struct infer_column *column = &infer->columns[i];
    char name[WEFT_NAME_MAX + 1];
    weft_name_propose(column->header, name);
    if (weft_name_valid(column->header))
        memcpy(name, column->header, strlen(column->header) + 1);
    else if (!weft_name_valid(name))
        name[0] = '\0';
    const char *tried = name[0] == '\0' ? weft_arena_format(infer->arena, "column_%zu", i + 1)
                                        : weft_arena_strdup(infer->arena, name);
    for (int n = 2; tried != NULL && name_taken(infer, i, tried); n++)
        tried = weft_arena_format(infer->arena, "%.40s_%d", name[0] == '\0' ? "column" : name, n);
    column->name = tried;
    return tried == NULL ? weft_error_nomem(error) : 0;
}

bool infer_cell_null(const struct infer *infer, const struct infer_cell *cell)
{
    if (cell->absent || (cell->length == 0 && !cell->quoted))
        return true;
    int word = cell->quoted ? -1 : infer_word_of(cell->text, cell->length);
    return word >= 0 && (infer->nulls >> word & 1) != 0;
}

int infer_decide(struct infer *infer, struct weft_error *error)
{
    decide_nulls(infer);
    decide_point(infer);
    infer->date_format = decide_format(infer, false);
    infer->timestamp_format = decide_format(infer, true);
    for (size_t i = 0; i < infer->column_count; i++) {
        WEFT_TRY(decide_name(infer, i, error));
        WEFT_TRY(decide_column(infer, &infer->columns[i], error));
    }
    return 0;
}

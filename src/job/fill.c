/*
 * fill.c - cells of a batch as the typed vector of a column. One tight loop for each type; this and
 * the splitter are what reading costs.
 */
#include "job/scan_internal.h"
#include "value/cell.h"

#include "base/text.h"

struct fill {
    struct job_scan_local *local;
    const struct job_column *column;
    const struct weft_csv_options *csv;
    bool json;   /* cells are values of JSON (scan_internal.h) */
    size_t rule; /* <field>.type */
    const char *data;
    const uint32_t *begin;
    const uint32_t *size;
    duckdb_vector vector;
    uint64_t *validity; /* NULL until the first null */
};

static void fill_null(struct fill *fill, size_t row)
{
    if (fill->validity == NULL) {
        weft_duckdb.vector_ensure_validity_writable(fill->vector);
        fill->validity = weft_duckdb.vector_get_validity(fill->vector);
    }
    fill->validity[row >> 6] &= ~(UINT64_C(1) << (row & 63));
}

static void fill_bad(struct fill *fill, size_t row)
{
    fill_null(fill, row);
    job_bit_set(fill->local, row, fill->rule);
}

static bool null_text(const struct weft_csv_options *csv, const char *text, size_t length)
{
    for (size_t i = 0; i < csv->nulls.count; i++) {
        if (strlen(csv->nulls.items[i]) == length && memcmp(csv->nulls.items[i], text, length) == 0)
            return true;
    }
    return false;
}

/* In json null is null; texts and numbers are where `null:` lists them. */
static bool json_is_null(const struct fill *fill, size_t row)
{
    uint32_t size = fill->size[row];
    return size == 0 ||
           (fill->csv->nulls_given && size != JOB_CELL_BROKEN &&
            null_text(fill->csv, fill->data + fill->begin[row], size & ~WEFT_CSV_QUOTED));
}

bool job_cell_is_null(const struct weft_csv_options *csv, const char *text, uint32_t size)
{
    if (!csv->nulls_given)
        return size == 0;
    return (size & WEFT_CSV_QUOTED) == 0 && null_text(csv, text, size);
}

static inline bool cell_is_null(const struct fill *fill, size_t row)
{
    uint32_t size = fill->size[row];
    if (fill->json)
        return json_is_null(fill, row);
    return job_cell_is_null(fill->csv, fill->data + fill->begin[row], size);
}

/* The loop of every type: CELL reads text and length into *VALUE or gives false. */
#define FILL_LOOP(TYPE, CELL)                                                                      \
    do {                                                                                           \
        TYPE *out = weft_duckdb.vector_get_data(fill->vector);                                     \
        for (size_t row = 0; row < rows; row++) {                                                  \
            const char *text = fill->data + fill->begin[row];                                      \
            size_t length = fill->size[row] & ~WEFT_CSV_QUOTED;                                    \
            TYPE *value = &out[row];                                                               \
            if (cell_is_null(fill, row))                                                           \
                fill_null(fill, row);                                                              \
            else if (fill->size[row] == JOB_CELL_BROKEN || !(CELL))                                \
                fill_bad(fill, row);                                                               \
        }                                                                                          \
    } while (0)

static bool float_read(const char *text, size_t length, char separator, float *out)
{
    double value;
    if (!weft_cell_double(text, length, separator, &value))
        return false;
    *out = (float)value;
    return true;
}

/* DuckDB promises no more than 8. */
typedef __int128 fill_wide __attribute__((aligned(8)));

/* Numbers of JSON have a point, whatever texts have. */
static bool decimal_read(const struct fill *fill, size_t row, const char *text, size_t length,
                         __int128 *out)
{
    int precision = fill->column->type->precision;
    int scale = fill->column->type->scale;
    bool number = fill->json && (fill->size[row] & WEFT_CSV_QUOTED) == 0;
    char point = number ? '.' : fill->csv->decimal_separator;
    char plain[WEFT_CELL_PLAIN];
    if (weft_cell_decimal(text, length, point, precision, scale, out))
        return true;
    size_t size = number ? weft_cell_plain(text, length, plain) : 0;
    return size > 0 && weft_cell_decimal(plain, size, '.', precision, scale, out);
}

static void fill_decimal(struct fill *fill, size_t rows)
{
    int precision = fill->column->type->precision;
    __int128 wide = 0;
    if (precision <= 4)
        FILL_LOOP(int16_t,
                  decimal_read(fill, row, text, length, &wide) && (*value = (int16_t)wide, true));
    else if (precision <= 9)
        FILL_LOOP(int32_t,
                  decimal_read(fill, row, text, length, &wide) && (*value = (int32_t)wide, true));
    else if (precision <= 18)
        FILL_LOOP(int64_t,
                  decimal_read(fill, row, text, length, &wide) && (*value = (int64_t)wide, true));
    else
        FILL_LOOP(fill_wide, decimal_read(fill, row, text, length, &wide) && (*value = wide, true));
}

/* Up to 12 bytes stand in the value itself, the rest of them zero (they are compared and hashed);
 * longer ones are copied by DuckDB. The block was checked to be UTF-8, or the cell is. */
static inline void string_put(duckdb_vector vector, duckdb_string_t *out, size_t row,
                              const char *text, size_t length)
{
    if (length <= 12) {
        uint64_t low; /* reading behind the cell is safe: WEFT_CSV_PAD */
        uint32_t high = 0;
        memcpy(&low, text, 8);
        if (length < 8) {
            low &= (UINT64_C(1) << (8 * length)) - 1;
        } else {
            memcpy(&high, text + 8, 4);
            high = length == 12 ? high : high & ((UINT32_C(1) << (8 * (length - 8))) - 1);
        }
        out[row].value.inlined.length = (uint32_t)length;
        memcpy(out[row].value.inlined.inlined, &low, 8);
        memcpy(out[row].value.inlined.inlined + 8, &high, 4);
    } else {
        weft_duckdb.unsafe_vector_assign_string_element_len(vector, row, text, length);
    }
}

static void fill_string(struct fill *fill, size_t rows)
{
    duckdb_string_t *out = weft_duckdb.vector_get_data(fill->vector);
    for (size_t row = 0; row < rows; row++) {
        if (cell_is_null(fill, row))
            fill_null(fill, row);
        else if (fill->size[row] == JOB_CELL_BROKEN)
            fill_bad(fill, row);
        else
            string_put(fill->vector, out, row, fill->data + fill->begin[row],
                       fill->size[row] & ~WEFT_CSV_QUOTED);
    }
}

static bool json_valid(const char *text, size_t length)
{
    yyjson_doc *doc = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    if (weft_json_parse(text, length, 0, &doc, &error) < 0)
        return false;
    weft_json_freep(&doc);
    return true;
}

static void fill_json(struct fill *fill, size_t rows)
{
    duckdb_string_t *out = weft_duckdb.vector_get_data(fill->vector);
    for (size_t row = 0; row < rows; row++) {
        const char *text = fill->data + fill->begin[row];
        size_t length = fill->size[row] & ~WEFT_CSV_QUOTED;
        if (cell_is_null(fill, row))
            fill_null(fill, row);
        else if (!fill->json && !json_valid(text, length))
            fill_bad(fill, row);
        else
            string_put(fill->vector, out, row, text, length);
    }
}

static void fill_nested(struct fill *fill, size_t rows)
{
    char *data = fill->local->split.data;
    size_t column = fill->rule - 1;
    for (size_t row = 0; row < rows; row++) {
        if (cell_is_null(fill, row))
            job_fill_null(fill->column->type, fill->vector, row);
        else if (fill->size[row] == JOB_CELL_BROKEN ||
                 !job_fill_nested(fill->local, column, fill->vector, row, data + fill->begin[row],
                                  fill->size[row])) {
            job_fill_null(fill->column->type, fill->vector, row);
            job_bit_set(fill->local, row, fill->rule);
        }
    }
}

/* A number of JSON that is written as 12.0 or 1e3 is the integer it stands for. */
static bool int_read(const struct fill *fill, size_t row, const char *text, size_t length,
                     int64_t *out)
{
    if (weft_cell_int64(text, length, out))
        return true;
    return fill->json && (fill->size[row] & WEFT_CSV_QUOTED) == 0 &&
           weft_cell_value(&(struct weft_type){.kind = WEFT_TYPE_LONG}, text, length, true, 0, out);
}

static void fill_typed(struct fill *fill, size_t rows)
{
    char point = fill->json ? '.' : fill->csv->decimal_separator;
    __int128 wide = 0;
    int64_t whole = 0;
    switch (fill->column->type->kind) {
    case WEFT_TYPE_BOOLEAN:
        FILL_LOOP(bool, weft_cell_boolean(text, length, value));
        break;
    case WEFT_TYPE_INT:
        FILL_LOOP(int32_t, int_read(fill, row, text, length, &whole) && whole >= INT32_MIN &&
                               whole <= INT32_MAX && (*value = (int32_t)whole, true));
        break;
    case WEFT_TYPE_LONG:
        FILL_LOOP(int64_t, int_read(fill, row, text, length, value));
        break;
    case WEFT_TYPE_FLOAT:
        FILL_LOOP(float, float_read(text, length, point, value));
        break;
    case WEFT_TYPE_DOUBLE:
        FILL_LOOP(double, weft_cell_double(text, length, point, value));
        break;
    case WEFT_TYPE_DECIMAL:
        fill_decimal(fill, rows);
        break;
    case WEFT_TYPE_DATE:
        FILL_LOOP(int32_t, weft_cell_date(text, length, value));
        break;
    case WEFT_TYPE_TIME:
        FILL_LOOP(int64_t, weft_cell_time(text, length, value));
        break;
    case WEFT_TYPE_TIMESTAMP:
    case WEFT_TYPE_TIMESTAMPTZ:
        FILL_LOOP(int64_t, weft_cell_timestamp(text, length, value));
        break;
    case WEFT_TYPE_UUID:
        FILL_LOOP(fill_wide, weft_cell_uuid(text, length, &wide) && (*value = wide, true));
        break;
    case WEFT_TYPE_JSON:
        fill_json(fill, rows);
        break;
    case WEFT_TYPE_LIST:
    case WEFT_TYPE_STRUCT:
    case WEFT_TYPE_MAP:
        fill_nested(fill, rows);
        break;
    default: /* string, binary (its bytes as they are) */
        fill_string(fill, rows);
        break;
    }
}

void job_fill_column(struct job_scan_local *local, size_t column, duckdb_vector vector, size_t rows)
{
    const struct job_columns *columns = &local->scan->work->columns;
    struct fill fill = {.local = local,
                        .column = &columns->items[column],
                        .csv = &columns->input->csv,
                        .json = local->records != NULL,
                        .rule = 1 + column,
                        .data = local->split.data,
                        .begin = local->split.begin + column * local->split.row_max,
                        .size = local->split.size + column * local->split.row_max,
                        .vector = vector};
    bool own = columns->items[column].own != JOB_OWN_NONE;
    if (own && !local->present[column]) {
        job_own_fill(local, column, vector, rows, false);
    } else if (!local->present[column]) {
        for (size_t row = 0; row < rows; row++)
            fill_null(&fill, row);
    } else if (columns->items[column].sql != NULL)
        fill_string(&fill, rows);
    else
        fill_typed(&fill, rows);
    if (own && fill.json) /* a record that has no such key */
        job_own_fill(local, column, vector, rows, true);
}

/* ---- key hashes ---- */

static size_t type_width(const struct weft_type *type)
{
    switch (type->kind) {
    case WEFT_TYPE_BOOLEAN:
        return 1;
    case WEFT_TYPE_INT:
    case WEFT_TYPE_DATE:
        return 4;
    case WEFT_TYPE_UUID:
        return 16;
    case WEFT_TYPE_DECIMAL:
        return type->precision <= 4 ? 2 : type->precision <= 9 ? 4 : type->precision <= 18 ? 8 : 16;
    case WEFT_TYPE_STRING:
    case WEFT_TYPE_JSON:
    case WEFT_TYPE_BINARY:
        return 0;
    default:
        return 8;
    }
}

void job_fill_hash(struct job_scan_local *local, size_t column, duckdb_vector vector, size_t rows)
{
    const struct weft_csv *split = &local->split;
    size_t width = type_width(local->scan->work->columns.items[column].type);
    const char *values = weft_duckdb.vector_get_data(vector);
    const uint64_t *validity = weft_duckdb.vector_get_validity(vector);
    const uint32_t *begin = split->begin + column * split->row_max;
    const uint32_t *size = split->size + column * split->row_max;
    for (size_t row = 0; row < rows; row++) {
        if (validity != NULL && (validity[row >> 6] >> (row & 63) & 1) == 0)
            local->hash_null[row] = true;
        else if (width == 0)
            local->hash[row] = job_hash_bytes(local->hash[row], split->data + begin[row],
                                              size[row] & ~WEFT_CSV_QUOTED);
        else if (width == 8)
            local->hash[row] =
                job_hash_mix(local->hash[row], ((const uint64_t *)(const void *)values)[row]);
        else
            local->hash[row] = job_hash_bytes(local->hash[row], values + row * width, width);
    }
}

/*
 * avro_value.c - one value of an Avro file as JSON (avro_json.h), and its type as weft has it.
 *
 * Lengths are checked before they are believed, values counted and depths bounded as in
 * avro_read.c; nothing is kept of a value but its text.
 */
#include "base/text.h"
#include "codec/avro_internal.h"

#include <math.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)
#define TYPE_DEPTH_MAX 12

/* ---- dates and times ---- */

struct day {
    int64_t year;
    int month;
    int day;
};

/* Of the proleptic Gregorian calendar, years counted from March. */
static struct day day_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    struct day out = {.year = year + era * 400,
                      .month = (int)(month < 10 ? month + 3 : month - 9),
                      .day = (int)(of_year - (153 * month + 2) / 5 + 1)};
    out.year += out.month <= 2;
    return out;
}

static void day_print(int64_t days, struct weft_buf *out)
{
    struct day day = day_of(days);
    weft_buf_addf(out, "%s%04" PRId64 "-%02d-%02d", day.year < 0 ? "-" : "",
                  day.year < 0 ? -day.year : day.year, day.month, day.day);
}

/* `digits` behind the point: 3, 6 or 9 of the unit. */
static void time_print(int64_t units, int64_t per_second, int digits, struct weft_buf *out)
{
    int64_t seconds = units / per_second;
    int64_t rest = units % per_second;
    weft_buf_addf(out, "%02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60),
                  (int)(seconds % 60));
    if (digits == 9 && rest % 1000 == 0) { /* what microseconds can say, they say */
        digits = 6;
        rest /= 1000;
    }
    if (rest != 0)
        weft_buf_addf(out, ".%0*" PRId64, digits, rest);
}

static void timestamp_print(int64_t value, int64_t per_second, int digits, bool zone,
                            struct weft_buf *out)
{
    int64_t per_day = per_second * 86400;
    int64_t days = value / per_day, rest = value % per_day;
    if (rest < 0) { /* the day's begin may lie before what 64 bits can say */
        days--;
        rest += per_day;
    }
    day_print(days, out);
    weft_buf_addc(out, 'T');
    time_print(rest, per_second, digits, out);
    if (zone)
        weft_buf_addc(out, 'Z');
}

/* False: it is told as the number that it is. */
static bool logical_print(const struct weft_avro_schema *schema, int64_t value,
                          struct weft_buf *out)
{
    switch (schema->logical) {
    case WEFT_AVRO_L_DATE:
        day_print(value, out);
        return true;
    case WEFT_AVRO_L_TIME_MILLIS:
        if (value < 0 || value >= DAY_US / 1000)
            return false;
        time_print(value, 1000, 3, out);
        return true;
    case WEFT_AVRO_L_TIME_MICROS:
        if (value < 0 || value >= DAY_US)
            return false;
        time_print(value, 1000000, 6, out);
        return true;
    case WEFT_AVRO_L_TIMESTAMP_MILLIS:
    case WEFT_AVRO_L_LOCAL_MILLIS:
        timestamp_print(value, 1000, 3, schema->logical == WEFT_AVRO_L_TIMESTAMP_MILLIS, out);
        return true;
    case WEFT_AVRO_L_TIMESTAMP_MICROS:
    case WEFT_AVRO_L_LOCAL_MICROS:
        timestamp_print(value, 1000000, 6, schema->logical == WEFT_AVRO_L_TIMESTAMP_MICROS, out);
        return true;
    case WEFT_AVRO_L_TIMESTAMP_NANOS:
    case WEFT_AVRO_L_LOCAL_NANOS:
        timestamp_print(value, 1000000000, 9, schema->logical == WEFT_AVRO_L_TIMESTAMP_NANOS, out);
        return true;
    default:
        return false;
    }
}

static int whole_write(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                       struct weft_json_writer *writer)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    int64_t value;
    weft_buf_init(&text, 128);
    WEFT_TRY(weft_avro_take_long(cursor, &value));
    if (schema->type == WEFT_AVRO_T_INT && (value < INT32_MIN || value > INT32_MAX))
        return weft_avro_wrong(cursor, "a number is out of its type's range");
    if (schema->type == WEFT_AVRO_T_ENUM) {
        if (value < 0 || value >= schema->size)
            return weft_avro_wrong(cursor, "an enum has no such symbol");
        weft_json_put_text(writer, schema->symbols[value]);
        return 0;
    }
    if (schema->logical == WEFT_AVRO_L_NONE) {
        weft_json_put_int(writer, value);
        return 0;
    }
    if (logical_print(schema, value, &text))
        weft_json_put_text_n(writer, text.data, text.length);
    else
        weft_json_put_int(writer, value);
    return 0;
}

/* ---- bytes ---- */

/* False when it is no number of 128 bits. */
static bool unscaled_read(const char *data, size_t length, __int128 *out)
{
    const unsigned char *bytes = (const unsigned char *)data;
    unsigned char sign = length > 0 && bytes[0] >= 0x80 ? 0xFF : 0;
    while (length > 16 && bytes[0] == sign) {
        bytes++;
        length--;
    }
    if (length > 16 || (length == 16 && (bytes[0] >= 0x80) != (sign != 0)))
        return false;
    unsigned __int128 value = sign != 0 ? ~(unsigned __int128)0 : 0;
    for (size_t i = 0; i < length; i++)
        value = value << 8 | bytes[i];
    *out = (__int128)value;
    return true;
}

static bool decimal_print(const char *data, size_t length, int scale, struct weft_buf *out)
{
    char digits[48];
    int count = 0;
    __int128 value;
    if (length == 0 || scale > 38 || !unscaled_read(data, length, &value))
        return false;
    unsigned __int128 rest = value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
    while (rest > 0 || count <= scale) {
        digits[count++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    if (value < 0)
        weft_buf_addc(out, '-');
    while (count > 0) {
        if (count == scale)
            weft_buf_addc(out, '.');
        weft_buf_addc(out, digits[--count]);
    }
    return true;
}

static void hex_print(const char *data, size_t length, struct weft_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    char *room = weft_buf_room(out, 2 * length + 1);
    if (room == NULL)
        return;
    for (size_t i = 0; i < length; i++) {
        room[2 * i] = digits[(unsigned char)data[i] >> 4];
        room[2 * i + 1] = digits[(unsigned char)data[i] & 15];
    }
    out->length += 2 * length;
    out->data[out->length] = '\0';
}

static void uuid_print(const char *data, struct weft_buf *out)
{
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            weft_buf_addc(out, '-');
        hex_print(data + i, 1, out);
    }
}

static int bytes_write(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                       struct weft_json_writer *writer)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    int64_t length = schema->size;
    const char *data;
    weft_buf_init(&text, (size_t)1 << 30);
    if (schema->type == WEFT_AVRO_T_BYTES)
        WEFT_TRY(weft_avro_take_long(cursor, &length));
    WEFT_TRY(weft_avro_take_bytes(cursor, length, &data));
    if (schema->logical == WEFT_AVRO_L_UUID) {
        uuid_print(data, &text);
    } else if (schema->logical != WEFT_AVRO_L_DECIMAL ||
               !decimal_print(data, (size_t)length, schema->scale, &text)) {
        weft_buf_adds(&text, "\\x");
        hex_print(data, (size_t)length, &text);
    }
    WEFT_TRY(weft_buf_check(&text, cursor->error));
    weft_json_put_text_n(writer, text.data, text.length);
    return 0;
}

static int text_write(struct weft_avro_cursor *cursor, struct weft_json_writer *writer, bool key)
{
    int64_t length;
    const char *data;
    WEFT_TRY(weft_avro_take_long(cursor, &length));
    WEFT_TRY(weft_avro_take_bytes(cursor, length, &data));
    if (weft_utf8_valid(data, (size_t)length) != (size_t)length)
        return weft_avro_wrong(cursor, "a text is not UTF-8");
    if (memchr(data, '\0', (size_t)length) != NULL)
        return weft_avro_wrong(cursor, "a text holds a zero byte");
    if (!key) {
        weft_json_put_text_n(writer, data, (size_t)length);
        return 0;
    }
    WEFT_CLEANUP(weft_freep) char *name = weft_strndup(data, (size_t)length);
    if (name == NULL)
        return weft_error_nomem(cursor->error);
    weft_json_key(writer, name);
    return 0;
}

static int real_write(struct weft_avro_cursor *cursor, size_t size, struct weft_json_writer *writer)
{
    const char *data;
    double value;
    float single;
    WEFT_TRY(weft_avro_take_bytes(cursor, (int64_t)size, &data));
    if (size == sizeof single) {
        memcpy(&single, data, size);
        value = (double)single;
    } else {
        memcpy(&value, data, size);
    }
    if (isnan(value))
        weft_json_put_text(writer, "NaN");
    else if (isinf(value))
        weft_json_put_text(writer, value > 0 ? "Infinity" : "-Infinity");
    else
        weft_json_put_double(writer, value);
    return 0;
}

static int boolean_write(struct weft_avro_cursor *cursor, struct weft_json_writer *writer)
{
    const char *data;
    WEFT_TRY(weft_avro_take_bytes(cursor, 1, &data));
    if (*data != 0 && *data != 1)
        return weft_avro_wrong(cursor, "a boolean is neither 0 nor 1");
    weft_json_put_bool(writer, *data == 1);
    return 0;
}

/* ---- what holds others ---- */

static int items_write(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                       int depth, struct weft_json_writer *writer)
{
    bool map = schema->type == WEFT_AVRO_T_MAP;
    int64_t count = 1, size;
    if (map)
        weft_json_begin_object(writer);
    else
        weft_json_begin_array(writer);
    while (count != 0) {
        WEFT_TRY(weft_avro_take_block(cursor, &count, &size));
        size_t start = cursor->at;
        for (int64_t i = 0; i < count; i++) {
            if (map)
                WEFT_TRY(text_write(cursor, writer, true));
            WEFT_TRY(weft_avro_value_write(cursor, schema->parts[0], depth + 1, writer));
        }
        WEFT_TRY(weft_avro_end_block(cursor, start, size));
    }
    if (map)
        weft_json_end_object(writer);
    else
        weft_json_end_array(writer);
    return 0;
}

static int record_write(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                        int depth, struct weft_json_writer *writer)
{
    weft_json_begin_object(writer);
    for (size_t i = 0; i < schema->count; i++) {
        weft_json_key(writer, schema->fields[i].name);
        WEFT_TRY(weft_avro_value_write(cursor, schema->fields[i].schema, depth + 1, writer));
    }
    weft_json_end_object(writer);
    return 0;
}

static int union_write(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                       int depth, struct weft_json_writer *writer)
{
    int64_t branch;
    WEFT_TRY(weft_avro_take_long(cursor, &branch));
    if (branch < 0 || (uint64_t)branch >= schema->count)
        return weft_avro_wrong(cursor, "a union has no such branch");
    return weft_avro_value_write(cursor, schema->parts[branch], depth + 1, writer);
}

int weft_avro_value_write(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                          int depth, struct weft_json_writer *writer)
{
    if (depth > WEFT_AVRO_DEPTH_MAX)
        return weft_avro_wrong(cursor, "nested too deep");
    if (*cursor->values_left == 0)
        return weft_avro_wrong(cursor, "more values than its bytes can hold");
    (*cursor->values_left)--;
    if (writer->out->failed)
        return weft_buf_check(writer->out, cursor->error);
    switch (schema->type) {
    case WEFT_AVRO_T_NULL:
        weft_json_put_null(writer);
        return 0;
    case WEFT_AVRO_T_BOOLEAN:
        return boolean_write(cursor, writer);
    case WEFT_AVRO_T_INT:
    case WEFT_AVRO_T_LONG:
    case WEFT_AVRO_T_ENUM:
        return whole_write(cursor, schema, writer);
    case WEFT_AVRO_T_FLOAT:
        return real_write(cursor, sizeof(float), writer);
    case WEFT_AVRO_T_DOUBLE:
        return real_write(cursor, sizeof(double), writer);
    case WEFT_AVRO_T_BYTES:
    case WEFT_AVRO_T_FIXED:
        return bytes_write(cursor, schema, writer);
    case WEFT_AVRO_T_STRING:
        return text_write(cursor, writer, false);
    case WEFT_AVRO_T_RECORD:
        return record_write(cursor, schema, depth, writer);
    case WEFT_AVRO_T_ARRAY:
    case WEFT_AVRO_T_MAP:
        return items_write(cursor, schema, depth, writer);
    case WEFT_AVRO_T_UNION:
        return union_write(cursor, schema, depth, writer);
    }
    return weft_avro_wrong(cursor, "a type that is not known");
}

/* ---- types ---- */

static const char *simple_type(const struct weft_avro_schema *schema)
{
    switch (schema->logical) {
    case WEFT_AVRO_L_DATE:
        return "date";
    case WEFT_AVRO_L_TIME_MILLIS:
    case WEFT_AVRO_L_TIME_MICROS:
        return "time";
    case WEFT_AVRO_L_TIMESTAMP_MILLIS:
    case WEFT_AVRO_L_TIMESTAMP_MICROS:
    case WEFT_AVRO_L_TIMESTAMP_NANOS:
        return "timestamptz";
    case WEFT_AVRO_L_LOCAL_MILLIS:
    case WEFT_AVRO_L_LOCAL_MICROS:
    case WEFT_AVRO_L_LOCAL_NANOS:
        return "timestamp";
    case WEFT_AVRO_L_UUID:
        return "uuid";
    default:
        break;
    }
    static const char *const names[] = {
        [WEFT_AVRO_T_NULL] = "string",  [WEFT_AVRO_T_BOOLEAN] = "boolean",
        [WEFT_AVRO_T_INT] = "int",      [WEFT_AVRO_T_LONG] = "long",
        [WEFT_AVRO_T_FLOAT] = "float",  [WEFT_AVRO_T_DOUBLE] = "double",
        [WEFT_AVRO_T_BYTES] = "binary", [WEFT_AVRO_T_STRING] = "string",
        [WEFT_AVRO_T_ENUM] = "string",  [WEFT_AVRO_T_FIXED] = "binary",
    };
    return names[schema->type];
}

/* A union of null and one other is that other; of more it is json. */
static bool union_print(const struct weft_avro_schema *schema, int depth, struct weft_buf *out)
{
    const struct weft_avro_schema *only = NULL;
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->parts[i]->type == WEFT_AVRO_T_NULL)
            continue;
        if (only != NULL)
            return false;
        only = schema->parts[i];
    }
    if (only == NULL)
        weft_buf_adds(out, "string");
    return only == NULL || weft_avro_type_print(only, depth + 1, out);
}

bool weft_avro_type_print(const struct weft_avro_schema *schema, int depth, struct weft_buf *out)
{
    if (depth > TYPE_DEPTH_MAX)
        return false;
    switch (schema->type) {
    case WEFT_AVRO_T_UNION:
        return union_print(schema, depth, out);
    case WEFT_AVRO_T_ARRAY:
    case WEFT_AVRO_T_MAP:
        weft_buf_adds(out, schema->type == WEFT_AVRO_T_ARRAY ? "list<" : "map<string, ");
        if (!weft_avro_type_print(schema->parts[0], depth + 1, out))
            return false;
        weft_buf_addc(out, '>');
        return true;
    case WEFT_AVRO_T_RECORD:
        weft_buf_adds(out, "struct<");
        for (size_t i = 0; i < schema->count; i++) {
            weft_buf_addf(out, "%s%s: ", i > 0 ? ", " : "", schema->fields[i].name);
            if (!weft_avro_type_print(schema->fields[i].schema, depth + 1, out) || out->failed)
                return false;
        }
        weft_buf_addc(out, '>');
        return schema->count > 0;
    default:
        break;
    }
    if (schema->logical == WEFT_AVRO_L_DECIMAL && schema->precision <= 38)
        weft_buf_addf(out, "decimal(%d,%d)", schema->precision, schema->scale);
    else
        weft_buf_adds(out, schema->logical == WEFT_AVRO_L_DECIMAL ? "string" : simple_type(schema));
    return true;
}

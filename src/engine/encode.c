/*
 * encode.c - values of vectors as text, CSV cells and JSON.
 */
#include "base/mem.h"
#include "base/text.h"
#include "engine/encode_internal.h"
#include "engine/engine_internal.h"

#include <math.h>

#define ENCODE_DEPTH_MAX 64

struct encode {
    enum weft_encode_format format; /* CSV is TEXT here: its quotes come at the end */
    struct weft_buf *out;
    int depth;
    struct weft_error *error;
};

static int encode_any(struct encode *to, duckdb_logical_type type, duckdb_vector vector, idx_t row);

static struct weft_str vector_text(void *data, idx_t row)
{
    duckdb_string_t *text = &((duckdb_string_t *)data)[row];
    uint32_t length = text->value.inlined.length;
    bool inlined = length <= sizeof(text->value.inlined.inlined);
    return (struct weft_str){inlined ? text->value.inlined.inlined : text->value.pointer.ptr,
                             length};
}

static bool vector_is_null(duckdb_vector vector, idx_t row)
{
    uint64_t *validity = weft_duckdb.vector_get_validity(vector);
    return validity != NULL && (validity[row >> 6] >> (row & 63) & 1) == 0;
}

/* ---- texts ---- */

static void json_put_text(struct weft_buf *out, const char *data, size_t length)
{
    weft_buf_addc(out, '"');
    size_t from = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        weft_buf_add(out, data + from, i - from);
        from = i + 1;
        const char *escape = strchr("\"\"\\\\\bb\ff\nn\rr\tt", c);
        if (c != 0 && escape != NULL)
            weft_buf_addf(out, "\\%c", c == '"' || c == '\\' ? (char)c : escape[1]);
        else
            weft_buf_addf(out, "\\u%04x", c);
    }
    weft_buf_add(out, data + from, length - from);
    weft_buf_addc(out, '"');
}

/* Inside a list or struct DuckDB quotes a text that could be mistaken for structure. */
static bool nested_needs_quotes(const char *data, size_t length)
{
    if (length == 0 || data[0] == ' ' || data[length - 1] == ' ')
        return true;
    if (length == 4 && strncasecmp(data, "null", 4) == 0)
        return true;
    for (size_t i = 0; i < length; i++)
        if (memchr("\"'(),:=[\\]{}", data[i], 12) != NULL || (data[i] >= 9 && data[i] <= 13))
            return true;
    return false;
}

static void nested_put_text(struct weft_buf *out, const char *data, size_t length)
{
    if (!nested_needs_quotes(data, length)) {
        weft_buf_add(out, data, length);
        return;
    }
    weft_buf_addc(out, '\'');
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '\'' || data[i] == '\\')
            weft_buf_addc(out, '\\');
        weft_buf_addc(out, data[i]);
    }
    weft_buf_addc(out, '\'');
}

static void put_text(struct encode *to, const char *data, size_t length)
{
    if (to->format == WEFT_ENCODE_JSON)
        json_put_text(to->out, data, length);
    else if (to->depth > 0)
        nested_put_text(to->out, data, length);
    else
        weft_buf_add(to->out, data, length);
}

/* ---- scalars ---- */

/* Most values of most results: printf would be the larger part of an export. */
static void encode_int(struct weft_buf *out, uint64_t value, bool minus)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value != 0);
    if (minus)
        digits[--at] = '-';
    weft_buf_add(out, digits + at, sizeof(digits) - at);
}

static bool encode_number(struct encode *to, duckdb_type id, void *data, idx_t row)
{
    struct weft_buf *out = to->out;
    switch (id) {
#define ENCODE_INT(name, c_type)                                                                   \
    case DUCKDB_TYPE_##name: {                                                                     \
        c_type value = ((c_type *)data)[row];                                                      \
        bool minus = value < 0;                                                                    \
        encode_int(out, minus ? -(uint64_t)value : (uint64_t)value, minus);                        \
        return true;                                                                               \
    }
#define ENCODE_UINT(name, c_type)                                                                  \
    case DUCKDB_TYPE_##name:                                                                       \
        encode_int(out, ((c_type *)data)[row], false);                                             \
        return true;
        ENCODE_INT(TINYINT, int8_t)
        ENCODE_INT(SMALLINT, int16_t)
        ENCODE_INT(INTEGER, int32_t)
        ENCODE_INT(BIGINT, int64_t)
        ENCODE_UINT(UTINYINT, uint8_t)
        ENCODE_UINT(USMALLINT, uint16_t)
        ENCODE_UINT(UINTEGER, uint32_t)
        ENCODE_UINT(UBIGINT, uint64_t)
#undef ENCODE_UINT
#undef ENCODE_INT
    case DUCKDB_TYPE_BOOLEAN:
        weft_buf_adds(out, ((bool *)data)[row] ? "true" : "false");
        return true;
    case DUCKDB_TYPE_HUGEINT:
        weft_encode_hugeint(((duckdb_hugeint *)data)[row], out);
        return true;
    case DUCKDB_TYPE_UHUGEINT:
        weft_encode_uhugeint(((duckdb_uhugeint *)data)[row], out);
        return true;
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE: {
        bool is_float = id == DUCKDB_TYPE_FLOAT;
        double value = is_float ? (double)((float *)data)[row] : ((double *)data)[row];
        if (to->format == WEFT_ENCODE_JSON && !isfinite(value))
            weft_buf_adds(out, "null");
        else if (is_float)
            weft_encode_float(((float *)data)[row], out);
        else
            weft_encode_double(value, out);
        return true;
    }
    default:
        return false;
    }
}

static void encode_decimal(struct encode *to, duckdb_logical_type type, void *data, idx_t row)
{
    __int128 value = 0;
    switch (weft_duckdb.decimal_internal_type(type)) {
    case DUCKDB_TYPE_SMALLINT:
        value = ((int16_t *)data)[row];
        break;
    case DUCKDB_TYPE_INTEGER:
        value = ((int32_t *)data)[row];
        break;
    case DUCKDB_TYPE_BIGINT:
        value = ((int64_t *)data)[row];
        break;
    default: {
        duckdb_hugeint huge = ((duckdb_hugeint *)data)[row];
        value = (__int128)(((unsigned __int128)(uint64_t)huge.upper << 64) | huge.lower);
        break;
    }
    }
    weft_encode_decimal(value, weft_duckdb.decimal_scale(type), to->out);
}

static int encode_enum(struct weft_buf *out, duckdb_logical_type type, void *data, idx_t row)
{
    duckdb_type internal = weft_duckdb.enum_internal_type(type);
    idx_t at = internal == DUCKDB_TYPE_UTINYINT    ? ((uint8_t *)data)[row]
               : internal == DUCKDB_TYPE_USMALLINT ? ((uint16_t *)data)[row]
                                                   : ((uint32_t *)data)[row];
    char *value = weft_duckdb.enum_dictionary_value(type, at);
    weft_buf_adds(out, value == NULL ? "" : value);
    weft_duckdb.free(value);
    return 0;
}

/* What is written as a text; false when the type is none of these. */
static bool encode_textual(struct weft_buf *out, duckdb_logical_type type, duckdb_type id,
                           void *data, idx_t row)
{
    switch (id) {
    case DUCKDB_TYPE_DATE:
        weft_encode_date(((int32_t *)data)[row], out);
        return true;
    case DUCKDB_TYPE_TIME:
        weft_encode_time(((int64_t *)data)[row], 1000000, out);
        return true;
    case DUCKDB_TYPE_TIME_NS:
        weft_encode_time(((int64_t *)data)[row], 1000000000, out);
        return true;
    case DUCKDB_TYPE_TIME_TZ:
        weft_encode_time_tz(((uint64_t *)data)[row], out);
        return true;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        weft_encode_timestamp(((int64_t *)data)[row], 1000000, id == DUCKDB_TYPE_TIMESTAMP_TZ, out);
        return true;
    case DUCKDB_TYPE_TIMESTAMP_S:
        weft_encode_timestamp(((int64_t *)data)[row], 1, false, out);
        return true;
    case DUCKDB_TYPE_TIMESTAMP_MS:
        weft_encode_timestamp(((int64_t *)data)[row], 1000, false, out);
        return true;
    case DUCKDB_TYPE_TIMESTAMP_NS:
        weft_encode_timestamp(((int64_t *)data)[row], 1000000000, false, out);
        return true;
    case DUCKDB_TYPE_INTERVAL:
        weft_encode_interval(((duckdb_interval *)data)[row], out);
        return true;
    case DUCKDB_TYPE_UUID:
        weft_encode_uuid(((duckdb_hugeint *)data)[row], out);
        return true;
    case DUCKDB_TYPE_ENUM:
        encode_enum(out, type, data, row);
        return true;
    case DUCKDB_TYPE_BLOB:
    case DUCKDB_TYPE_BIT: {
        struct weft_str text = vector_text(data, row);
        if (id == DUCKDB_TYPE_BLOB)
            weft_encode_blob(text.data, text.length, out);
        else
            weft_encode_bit(text.data, text.length, out);
        return true;
    }
    default:
        return false;
    }
}

/* ---- nested ---- */

static int encode_elements(struct encode *to, duckdb_logical_type child, duckdb_vector vector,
                           idx_t from, idx_t count)
{
    const char *comma = to->format == WEFT_ENCODE_JSON ? "," : ", ";
    weft_buf_addc(to->out, '[');
    int rc = 0;
    for (idx_t i = 0; rc == 0 && i < count; i++) {
        if (i > 0)
            weft_buf_adds(to->out, comma);
        rc = encode_any(to, child, vector, from + i);
    }
    weft_buf_addc(to->out, ']');
    return rc;
}

static int encode_list(struct encode *to, duckdb_logical_type type, duckdb_vector vector, idx_t row)
{
    bool array = weft_duckdb.get_type_id(type) == DUCKDB_TYPE_ARRAY;
    duckdb_logical_type child =
        array ? weft_duckdb.array_type_child_type(type) : weft_duckdb.list_type_child_type(type);
    int rc;
    if (array) {
        idx_t size = weft_duckdb.array_type_array_size(type);
        rc = encode_elements(to, child, weft_duckdb.array_vector_get_child(vector), row * size,
                             size);
    } else {
        duckdb_list_entry entry = ((duckdb_list_entry *)weft_duckdb.vector_get_data(vector))[row];
        rc = encode_elements(to, child, weft_duckdb.list_vector_get_child(vector), entry.offset,
                             entry.length);
    }
    weft_duckdb.destroy_logical_type(&child);
    return rc;
}

static void encode_member_name(struct encode *to, const char *name)
{
    if (to->format == WEFT_ENCODE_JSON) {
        json_put_text(to->out, name, strlen(name));
        weft_buf_addc(to->out, ':');
        return;
    }
    weft_buf_addc(to->out, '\'');
    for (; *name != 0; name++) {
        if (*name == '\'' || *name == '\\')
            weft_buf_addc(to->out, '\\');
        weft_buf_addc(to->out, *name);
    }
    weft_buf_adds(to->out, "': ");
}

static int encode_struct(struct encode *to, duckdb_logical_type type, duckdb_vector vector,
                         idx_t row)
{
    weft_buf_addc(to->out, '{');
    int rc = 0;
    idx_t count = weft_duckdb.struct_type_child_count(type);
    for (idx_t i = 0; rc == 0 && i < count; i++) {
        if (i > 0)
            weft_buf_adds(to->out, to->format == WEFT_ENCODE_JSON ? "," : ", ");
        char *name = weft_duckdb.struct_type_child_name(type, i);
        encode_member_name(to, name == NULL ? "" : name);
        weft_duckdb.free(name);
        duckdb_logical_type child = weft_duckdb.struct_type_child_type(type, i);
        rc = encode_any(to, child, weft_duckdb.struct_vector_get_child(vector, i), row);
        weft_duckdb.destroy_logical_type(&child);
    }
    weft_buf_addc(to->out, '}');
    return rc;
}

/* JSON's members have texts as names: the key's text, whatever its type. */
static int encode_map_key(struct encode *to, duckdb_logical_type type, duckdb_vector vector,
                          idx_t row)
{
    if (to->format != WEFT_ENCODE_JSON)
        return encode_any(to, type, vector, row);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, to->out->max);
    struct encode plain = {WEFT_ENCODE_TEXT, &text, 0, to->error};
    WEFT_TRY(encode_any(&plain, type, vector, row));
    WEFT_TRY(weft_buf_check(&text, to->error));
    json_put_text(to->out, text.data, text.length);
    return 0;
}

static int encode_map(struct encode *to, duckdb_logical_type type, duckdb_vector vector, idx_t row)
{
    duckdb_list_entry entry = ((duckdb_list_entry *)weft_duckdb.vector_get_data(vector))[row];
    duckdb_vector pairs = weft_duckdb.list_vector_get_child(vector);
    duckdb_vector keys = weft_duckdb.struct_vector_get_child(pairs, 0);
    duckdb_vector values = weft_duckdb.struct_vector_get_child(pairs, 1);
    duckdb_logical_type key = weft_duckdb.map_type_key_type(type);
    duckdb_logical_type value = weft_duckdb.map_type_value_type(type);
    bool json = to->format == WEFT_ENCODE_JSON;
    int rc = 0;
    weft_buf_addc(to->out, '{');
    for (idx_t i = 0; rc == 0 && i < entry.length; i++) {
        if (i > 0)
            weft_buf_adds(to->out, json ? "," : ", ");
        rc = encode_map_key(to, key, keys, entry.offset + i);
        weft_buf_addc(to->out, json ? ':' : '=');
        if (rc == 0)
            rc = encode_any(to, value, values, entry.offset + i);
    }
    weft_buf_addc(to->out, '}');
    weft_duckdb.destroy_logical_type(&key);
    weft_duckdb.destroy_logical_type(&value);
    return rc;
}

/* A struct underneath: its first part tells which member holds the value. */
static int encode_union(struct encode *to, duckdb_logical_type type, duckdb_vector vector,
                        idx_t row)
{
    duckdb_vector tags = weft_duckdb.struct_vector_get_child(vector, 0);
    idx_t tag = ((uint8_t *)weft_duckdb.vector_get_data(tags))[row];
    if (tag >= weft_duckdb.union_type_member_count(type))
        return weft_error_set(to->error, WEFT_E_INTERNAL, "a union value has no member");
    duckdb_logical_type member = weft_duckdb.union_type_member_type(type, tag);
    to->depth--; /* no quotes of its own */
    int rc = encode_any(to, member, weft_duckdb.struct_vector_get_child(vector, tag + 1), row);
    to->depth++;
    weft_duckdb.destroy_logical_type(&member);
    return rc;
}

static int encode_nested(struct encode *to, duckdb_logical_type type, duckdb_type id,
                         duckdb_vector vector, idx_t row)
{
    if (to->depth >= ENCODE_DEPTH_MAX)
        return weft_error_set(to->error, WEFT_E_LIMIT, "a value is nested deeper than %d",
                              ENCODE_DEPTH_MAX);
    int rc;
    to->depth++;
    switch (id) {
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
        rc = encode_list(to, type, vector, row);
        break;
    case DUCKDB_TYPE_STRUCT:
        rc = encode_struct(to, type, vector, row);
        break;
    case DUCKDB_TYPE_MAP:
        rc = encode_map(to, type, vector, row);
        break;
    case DUCKDB_TYPE_UNION:
        rc = encode_union(to, type, vector, row);
        break;
    default:
        weft_error_set(to->error, WEFT_E_NOT_YET, "values of this type cannot be shown yet");
        rc = weft_error_hint(to->error, "cast the column to VARCHAR");
    }
    to->depth--;
    return rc;
}

static bool type_is_json(duckdb_logical_type type)
{
    char *alias = weft_duckdb.logical_type_get_alias(type);
    bool json = alias != NULL && weft_equal_fold(alias, "json");
    weft_duckdb.free(alias);
    return json;
}

static int encode_any(struct encode *to, duckdb_logical_type type, duckdb_vector vector, idx_t row)
{
    bool json = to->format == WEFT_ENCODE_JSON;
    if (vector_is_null(vector, row)) {
        if (json)
            weft_buf_adds(to->out, "null");
        else if (to->depth > 0)
            weft_buf_adds(to->out, "NULL");
        return 0;
    }
    void *data = weft_duckdb.vector_get_data(vector);
    duckdb_type id = weft_duckdb.get_type_id(type);
    if (id == DUCKDB_TYPE_VARCHAR) {
        struct weft_str text = vector_text(data, row);
        if (json && type_is_json(type))
            weft_buf_add_str(to->out, text);
        else
            put_text(to, text.data, text.length);
        return 0;
    }
    if (encode_number(to, id, data, row))
        return 0;
    if (id == DUCKDB_TYPE_DECIMAL) {
        encode_decimal(to, type, data, row);
        return 0;
    }
    if (!json && to->depth == 0 && encode_textual(to->out, type, id, data, row))
        return 0;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, to->out->max);
    if (!encode_textual(&text, type, id, data, row))
        return encode_nested(to, type, id, vector, row);
    WEFT_TRY(weft_buf_check(&text, to->error));
    put_text(to, text.data, text.length);
    return 0;
}

/* ---- the whole value ---- */

static void csv_quote(struct weft_buf *out, size_t from, bool force)
{
    const char *data = out->data + from;
    size_t length = out->length - from;
    bool needed = force || length == 0;
    size_t quotes = 0;
    for (size_t i = 0; i < length; i++) {
        needed = needed || data[i] == ',' || data[i] == '\n' || data[i] == '\r' || data[i] == '"';
        quotes += data[i] == '"';
    }
    if (!needed || weft_buf_room(out, quotes + 2) == NULL)
        return;
    /* From the end, so that it can be done in place. */
    char *text = out->data + from;
    size_t to = length + quotes + 2;
    text[--to] = '"';
    for (size_t i = length; i-- > 0;) {
        char c = text[i];
        text[--to] = c;
        if (c == '"')
            text[--to] = '"';
    }
    text[0] = '"';
    out->length += quotes + 2;
    out->data[out->length] = 0;
}

int weft_encode_value(struct weft_result *result, duckdb_data_chunk chunk, size_t column, idx_t row,
                      enum weft_encode_format format, struct weft_buf *out,
                      struct weft_error *error)
{
    assert(column < result->column_count);
    duckdb_vector vector = weft_duckdb.data_chunk_get_vector(chunk, column);
    size_t from = out->length;
    struct encode to = {format, out, 0, error};
    WEFT_TRY(encode_any(&to, result->types[column], vector, row));
    if (format == WEFT_ENCODE_CSV && !out->failed && !vector_is_null(vector, row))
        csv_quote(out, from, false);
    return weft_buf_check(out, error);
}

/* ---- one cell as a number, for weft's own small results ---- */

static bool cell_int(duckdb_type id, void *data, idx_t row, int64_t *value)
{
    switch (id) {
#define CELL_INT(name, c_type)                                                                     \
    case DUCKDB_TYPE_##name:                                                                       \
        *value = (int64_t)((c_type *)data)[row];                                                   \
        return true;
        CELL_INT(BOOLEAN, bool)
        CELL_INT(TINYINT, int8_t)
        CELL_INT(SMALLINT, int16_t)
        CELL_INT(INTEGER, int32_t)
        CELL_INT(BIGINT, int64_t)
        CELL_INT(UTINYINT, uint8_t)
        CELL_INT(USMALLINT, uint16_t)
        CELL_INT(UINTEGER, uint32_t)
        CELL_INT(UBIGINT, uint64_t)
        CELL_INT(DATE, int32_t)
        CELL_INT(TIME, int64_t)
        CELL_INT(TIMESTAMP, int64_t)
        CELL_INT(TIMESTAMP_TZ, int64_t)
#undef CELL_INT
    default:
        return false;
    }
}

int64_t weft_result_int(struct weft_result *result, size_t column)
{
    int64_t value = 0;
    if (weft_result_is_null(result, column))
        return 0;
    duckdb_vector vector = weft_duckdb.data_chunk_get_vector(result->rows, column);
    duckdb_type id = weft_duckdb.get_type_id(result->types[column]);
    if (cell_int(id, weft_duckdb.vector_get_data(vector), result->row, &value))
        return value;
    const char *text = weft_result_text(result, column);
    return weft_parse_int64(text, strlen(text), &value)
               ? value
               : (int64_t)weft_result_double(result, column);
}

double weft_result_double(struct weft_result *result, size_t column)
{
    if (weft_result_is_null(result, column))
        return 0;
    const char *text = weft_result_text(result, column);
    double value = 0;
    return weft_parse_double(text, strlen(text), &value) ? value : strtod(text, NULL);
}

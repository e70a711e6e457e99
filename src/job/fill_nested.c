/*
 * fill_nested.c - lists, structs and maps of json as vectors. Every part must be of its type, by
 * the same readers as cells; one that is not breaks the type of the whole column. The text was
 * scanned before (records.c), so here it reads.
 *
 * Values of a list lie behind those of the rows before. A row that turns out broken leaves its part
 * of the child vectors behind as if it had not been there.
 */
#include "job/scan_internal.h"
#include "value/cell.h"

#include "base/map.h"

#include <string.h>

#define FIELDS_MAX 1024 /* of one struct */
#define PATH_MAX_SHOWN 200

struct nest {
    struct job_scan_local *local;
    size_t row; /* of the batch */
};

/* Where in the value: for names of keys that no type names. */
struct step {
    const struct step *above;
    const char *name;
};

static bool value_put(struct nest *nest, const struct weft_type *type, duckdb_vector vector,
                      idx_t at, const struct weft_json_slice *value, const struct step *step);

/* ---- nulls ---- */

static void valid_set(duckdb_vector vector, idx_t at)
{
    uint64_t *validity = weft_duckdb.vector_get_validity(vector);
    if (validity != NULL)
        validity[at >> 6] |= UINT64_C(1) << (at & 63);
}

/* A null struct is null in all its parts. */
void job_fill_null(const struct weft_type *type, duckdb_vector vector, idx_t at)
{
    weft_duckdb.vector_ensure_validity_writable(vector);
    weft_duckdb.vector_get_validity(vector)[at >> 6] &= ~(UINT64_C(1) << (at & 63));
    if (type->kind == WEFT_TYPE_STRUCT) {
        for (size_t i = 0; i < type->field_count; i++)
            job_fill_null(type->fields[i].type, weft_duckdb.struct_vector_get_child(vector, i), at);
    } else if (type->kind == WEFT_TYPE_LIST || type->kind == WEFT_TYPE_MAP) {
        ((duckdb_list_entry *)weft_duckdb.vector_get_data(vector))[at] = (duckdb_list_entry){0};
    }
}

/* The pass ends with this; the row is not wrong. */
static bool memory_out(struct nest *nest)
{
    job_records_fail(nest->local);
    return false;
}

/* ---- lists ---- */

/* Of a list or a map at row `at`: its elements stand from offset on. */
static bool elements_end(duckdb_vector vector, idx_t at, idx_t offset, idx_t count)
{
    weft_duckdb.list_vector_set_size(vector, offset + count);
    ((duckdb_list_entry *)weft_duckdb.vector_get_data(vector))[at] =
        (duckdb_list_entry){offset, count};
    return true;
}

static bool list_put(struct nest *nest, const struct weft_type *type, duckdb_vector vector,
                     idx_t at, const struct weft_json_slice *value, const struct step *step)
{
    struct weft_json_walk walk;
    struct weft_json_slice element;
    idx_t offset = weft_duckdb.list_vector_get_size(vector);
    idx_t count = 0;
    if (value->kind != WEFT_JSON_ARRAY)
        return false;
    weft_json_walk_init(&walk, value->data, value->length);
    while (weft_json_element_next(&walk, &element)) {
        if (weft_duckdb.list_vector_reserve(vector, offset + count + 1) != DuckDBSuccess)
            return memory_out(nest);
        if (!value_put(nest, type->element, weft_duckdb.list_vector_get_child(vector),
                       offset + count, &element, step))
            return false;
        count++;
    }
    return elements_end(vector, at, offset, count);
}

/* ---- structs ---- */

static char *name_text(struct nest *nest, struct weft_json_slice *name)
{
    char *data = nest->local->split.data;
    char *text = data + (name->data - data);
    if (name->escaped)
        name->length = weft_json_unescape(text, name->length, text);
    name->escaped = false;
    return text;
}

static size_t path_print(const struct step *step, char *out, size_t room)
{
    size_t length = step->above == NULL ? 0 : path_print(step->above, out, room);
    int more = snprintf(out + length, room - length, "%s.", step->name);
    return WEFT_MIN(length + (size_t)WEFT_MAX(more, 0), room - 1);
}

static void field_extra(struct nest *nest, const struct step *step, const char *name, size_t length)
{
    char path[2 * PATH_MAX_SHOWN];
    size_t at = path_print(step, path, PATH_MAX_SHOWN);
    snprintf(path + at, sizeof path - at, "%.*s", (int)WEFT_MIN(length, (size_t)PATH_MAX_SHOWN - 1),
             name);
    job_records_extra(nest->local, path, nest->local->split.ids[nest->row]);
}

static size_t field_find(const struct weft_type *type, size_t guess, const char *name,
                         size_t length)
{
    for (size_t i = 0; i < type->field_count; i++) {
        size_t k = (guess + i) % type->field_count;
        if (strlen(type->fields[k].name) == length &&
            memcmp(type->fields[k].name, name, length) == 0)
            return k;
    }
    return SIZE_MAX;
}

static bool struct_put(struct nest *nest, const struct weft_type *type, duckdb_vector vector,
                       idx_t at, const struct weft_json_slice *value, const struct step *step)
{
    struct weft_json_walk walk;
    struct weft_json_slice name;
    struct weft_json_slice part;
    uint64_t seen[FIELDS_MAX / 64] = {0};
    if (value->kind != WEFT_JSON_OBJECT || type->field_count > FIELDS_MAX)
        return false;
    for (size_t i = 0; i < type->field_count; i++)
        job_fill_null(type->fields[i].type, weft_duckdb.struct_vector_get_child(vector, i), at);
    weft_json_walk_init(&walk, value->data, value->length);
    for (size_t place = 0; weft_json_member_next(&walk, &name, &part); place++) {
        const char *text = name_text(nest, &name);
        size_t i = field_find(type, place, text, name.length);
        if (i == SIZE_MAX) {
            field_extra(nest, step, text, name.length);
            continue;
        }
        if (seen[i >> 6] >> (i & 63) & 1)
            return false;
        seen[i >> 6] |= UINT64_C(1) << (i & 63);
        struct step inner = {step, type->fields[i].name};
        if (!value_put(nest, type->fields[i].type, weft_duckdb.struct_vector_get_child(vector, i),
                       at, &part, &inner))
            return false;
    }
    return true;
}

/* ---- maps ---- */

/* Keys are texts; those that are read as numbers must be written in one way only, so that two
 * different texts are two different keys. */
static bool key_plain(const struct weft_type *type, const char *text, size_t length)
{
    if (!weft_type_is_number(type))
        return true;
    size_t sign = length > 0 && *text == '-';
    return length > sign && text[sign] >= '0' && text[sign] <= '9' &&
           (text[sign] != '0' || (length == 1 && sign == 0));
}

static bool map_put(struct nest *nest, const struct weft_type *type, duckdb_vector vector, idx_t at,
                    const struct weft_json_slice *value, const struct step *step)
{
    struct weft_json_walk walk;
    struct weft_json_slice name;
    struct weft_json_slice part;
    idx_t offset = weft_duckdb.list_vector_get_size(vector);
    idx_t count = 0;
    if (value->kind != WEFT_JSON_OBJECT)
        return false;
    WEFT_CLEANUP(weft_map_freep) struct weft_map *seen = weft_map_new();
    if (seen == NULL)
        return memory_out(nest);
    weft_json_walk_init(&walk, value->data, value->length);
    while (weft_json_member_next(&walk, &name, &part)) {
        const char *text = name_text(nest, &name);
        if (!key_plain(type->key, text, name.length) ||
            weft_map_get_bytes(seen, text, name.length) != NULL)
            return false;
        if (weft_map_put_bytes(seen, text, name.length, seen) < 0 ||
            weft_duckdb.list_vector_reserve(vector, offset + count + 1) != DuckDBSuccess)
            return memory_out(nest);
        duckdb_vector pairs = weft_duckdb.list_vector_get_child(vector);
        valid_set(pairs, offset + count);
        if (!value_put(nest, type->key, weft_duckdb.struct_vector_get_child(pairs, 0),
                       offset + count, &name, step) ||
            !value_put(nest, type->element, weft_duckdb.struct_vector_get_child(pairs, 1),
                       offset + count, &part, step))
            return false;
        count++;
    }
    return elements_end(vector, at, offset, count);
}

/* ---- values ---- */

static bool scalar_put(struct nest *nest, const struct weft_type *type, duckdb_vector vector,
                       idx_t at, struct weft_json_slice value)
{
    const char *text = value.data;
    if (type->kind == WEFT_TYPE_JSON) {
        bool quoted = value.kind == WEFT_JSON_TEXT;
        weft_duckdb.unsafe_vector_assign_string_element_len(vector, at, text - quoted,
                                                            value.length + 2 * quoted);
        return true;
    }
    if (value.kind == WEFT_JSON_ARRAY || value.kind == WEFT_JSON_OBJECT)
        return false;
    if (value.kind == WEFT_JSON_TEXT)
        text = name_text(nest, &value);
    if (type->kind == WEFT_TYPE_BINARY && value.kind != WEFT_JSON_TEXT)
        return false;
    if (type->kind == WEFT_TYPE_BINARY)
        value.length =
            job_avro_bytes(nest->local->scan->work, name_text(nest, &value), value.length);
    if (type->kind == WEFT_TYPE_STRING || type->kind == WEFT_TYPE_BINARY) {
        weft_duckdb.unsafe_vector_assign_string_element_len(vector, at, text, value.length);
        return true;
    }
    char *out = weft_duckdb.vector_get_data(vector);
    return weft_cell_value(type, text, value.length, value.kind == WEFT_JSON_NUMBER, at, out);
}

static bool value_put(struct nest *nest, const struct weft_type *type, duckdb_vector vector,
                      idx_t at, const struct weft_json_slice *value, const struct step *step)
{
    if (value->kind == WEFT_JSON_NULL) {
        job_fill_null(type, vector, at);
        return true;
    }
    valid_set(vector, at);
    switch (type->kind) {
    case WEFT_TYPE_LIST:
        return list_put(nest, type, vector, at, value, step);
    case WEFT_TYPE_STRUCT:
        return struct_put(nest, type, vector, at, value, step);
    case WEFT_TYPE_MAP:
        return map_put(nest, type, vector, at, value, step);
    default:
        return scalar_put(nest, type, vector, at, *value);
    }
}

bool job_fill_nested(struct job_scan_local *local, size_t column, duckdb_vector vector, idx_t row,
                     char *text, size_t length)
{
    const struct job_column *of = &local->scan->work->columns.items[column];
    struct nest nest = {local, row};
    struct step step = {NULL, of->header};
    struct weft_json_slice value = {text, length, *text == '[' ? WEFT_JSON_ARRAY : WEFT_JSON_OBJECT,
                                    false};
    return value_put(&nest, of->type, vector, row, &value, &step);
}

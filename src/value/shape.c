/*
 * shape.c - numbers, booleans, and texts that are dates keep being that; an object is a struct when
 * its keys are the same in most of them, a list a list of what its elements are; whatever is mixed,
 * deep or has keys like a dictionary is json. A text "12" is a text.
 */
#include "value/shape.h"

#include "value/cell.h"
#include "value/date_format.h"

#include <string.h>
#include <strings.h>

#define DEPTH_MAX 8
#define FIELDS_MAX 64 /* of a struct that is detected */

enum {
    SEEN_BOOLEAN = 1,
    SEEN_LONG = 2,
    SEEN_BIG = 4, /* an integer that only a decimal holds */
    SEEN_REAL = 8,
    SEEN_TEXT = 16,
    SEEN_LIST = 32,
    SEEN_OBJECT = 64,
    SEEN_STRANGE = 128 /* only json takes it */
};

struct weft_shape {
    unsigned seen;
    bool not_date;
    bool not_timestamp;
    struct weft_shape *element; /* NULL = no list had one */
    const char *names[FIELDS_MAX];
    struct weft_shape *fields[FIELDS_MAX];
    size_t count;
    int64_t objects;
    int64_t members;
};

struct shaping {
    struct weft_arena *arena;
    const struct weft_csv_options *csv;
};

static const struct weft_type type_boolean = {.kind = WEFT_TYPE_BOOLEAN};
static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};
static const struct weft_type type_double = {.kind = WEFT_TYPE_DOUBLE};
static const struct weft_type type_big = {.kind = WEFT_TYPE_DECIMAL, .precision = 38};
static const struct weft_type type_string = {.kind = WEFT_TYPE_STRING};
static const struct weft_type type_date = {.kind = WEFT_TYPE_DATE};
static const struct weft_type type_timestamp = {.kind = WEFT_TYPE_TIMESTAMP};
static const struct weft_type type_json = {.kind = WEFT_TYPE_JSON};

/* ---- what was seen ---- */

static bool null_listed(const struct shaping *shaping, const struct weft_json_slice *value)
{
    const struct weft_texts *nulls = &shaping->csv->nulls;
    for (size_t i = 0; shaping->csv->nulls_given && i < nulls->count; i++) {
        if (strlen(nulls->items[i]) == value->length &&
            memcmp(nulls->items[i], value->data, value->length) == 0)
            return true;
    }
    return false;
}

static void number_take(struct weft_shape *shape, const struct weft_json_slice *value)
{
    int64_t number;
    __int128 wide;
    bool whole = true;
    for (size_t i = 0; i < value->length; i++)
        whole =
            whole && (value->data[i] == '-' || (value->data[i] >= '0' && value->data[i] <= '9'));
    if (whole && weft_cell_int64(value->data, value->length, &number))
        shape->seen |= SEEN_LONG;
    else if (whole && weft_cell_decimal(value->data, value->length, '.', 38, 0, &wide))
        shape->seen |= SEEN_BIG;
    else
        shape->seen |= SEEN_REAL;
}

/* Within nested values dates are ISO 8601 in every case. */
static void text_take(const struct shaping *shaping, struct weft_shape *shape,
                      const struct weft_json_slice *value, int depth)
{
    static const struct weft_csv_options iso = {.delimiter = ','};
    const struct weft_csv_options *csv = depth == 0 ? shaping->csv : &iso;
    shape->seen |= SEEN_TEXT;
    shape->not_date = shape->not_date || !weft_date_fits(csv, value->data, value->length);
    shape->not_timestamp =
        shape->not_timestamp || !weft_timestamp_fits(csv, value->data, value->length);
}

static int value_take(struct shaping *shaping, struct weft_shape *shape,
                      const struct weft_json_slice *value, int depth);

static int list_take(struct shaping *shaping, struct weft_shape *shape,
                     const struct weft_json_slice *value, int depth)
{
    struct weft_json_walk walk;
    struct weft_json_slice element;
    shape->seen |= SEEN_LIST;
    weft_json_walk_init(&walk, value->data, value->length);
    while (weft_json_element_next(&walk, &element)) {
        if (shape->element == NULL)
            shape->element = weft_arena_alloc(shaping->arena, sizeof *shape->element);
        if (shape->element == NULL)
            return -1;
        WEFT_TRY(value_take(shaping, shape->element, &element, depth + 1));
    }
    return 0;
}

/* A name that the text of a type can hold. */
static bool name_is_plain(const struct weft_json_slice *name)
{
    for (size_t i = 0; i < name->length; i++) {
        char c = name->data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return name->length > 0 && name->length < 64;
}

/* SIZE_MAX: it can be no field, so the object is json. */
static size_t field_of(const struct weft_shape *shape, const struct weft_json_slice *name)
{
    size_t i = 0;
    if (!name_is_plain(name))
        return SIZE_MAX;
    for (; i < shape->count; i++) {
        size_t length = strlen(shape->names[i]);
        if (length != name->length)
            continue;
        if (memcmp(shape->names[i], name->data, length) == 0)
            return i;
        if (strncasecmp(shape->names[i], name->data, length) == 0)
            return SIZE_MAX;
    }
    return i < FIELDS_MAX ? i : SIZE_MAX;
}

static int object_take(struct shaping *shaping, struct weft_shape *shape,
                       const struct weft_json_slice *value, int depth)
{
    struct weft_json_walk walk;
    struct weft_json_slice name;
    struct weft_json_slice part;
    shape->seen |= SEEN_OBJECT;
    shape->objects++;
    weft_json_walk_init(&walk, value->data, value->length);
    while (weft_json_member_next(&walk, &name, &part)) {
        size_t i = field_of(shape, &name);
        if (i == SIZE_MAX) {
            shape->seen |= SEEN_STRANGE;
            return 0;
        }
        if (i == shape->count) {
            shape->names[i] = weft_arena_strndup(shaping->arena, name.data, name.length);
            shape->fields[i] = weft_arena_alloc(shaping->arena, sizeof *shape->fields[i]);
            if (shape->names[i] == NULL || shape->fields[i] == NULL)
                return -1;
            shape->count++;
        }
        shape->members++;
        WEFT_TRY(value_take(shaping, shape->fields[i], &part, depth + 1));
    }
    return 0;
}

static int value_take(struct shaping *shaping, struct weft_shape *shape,
                      const struct weft_json_slice *value, int depth)
{
    bool nested = value->kind == WEFT_JSON_ARRAY || value->kind == WEFT_JSON_OBJECT;
    if (value->kind == WEFT_JSON_NULL || (!nested && null_listed(shaping, value)))
        return 0;
    if ((shape->seen & SEEN_STRANGE) != 0 || (nested && depth >= DEPTH_MAX)) {
        shape->seen |= SEEN_STRANGE;
        return 0;
    }
    switch (value->kind) {
    case WEFT_JSON_BOOLEAN:
        shape->seen |= SEEN_BOOLEAN;
        return 0;
    case WEFT_JSON_NUMBER:
        number_take(shape, value);
        return 0;
    case WEFT_JSON_TEXT:
        text_take(shaping, shape, value, depth);
        return 0;
    case WEFT_JSON_ARRAY:
        return list_take(shaping, shape, value, depth);
    default:
        return object_take(shaping, shape, value, depth);
    }
}

/* ---- as a type ---- */

static const struct weft_type *shape_type(struct weft_arena *arena, const struct weft_shape *shape);

static const struct weft_type *text_type(const struct weft_shape *shape)
{
    return !shape->not_date ? &type_date : !shape->not_timestamp ? &type_timestamp : &type_string;
}

static const struct weft_type *struct_type(struct weft_arena *arena, const struct weft_shape *shape)
{
    if (shape->count == 0 || 2 * shape->members < shape->objects * (int64_t)shape->count)
        return &type_json;
    struct weft_type *type = weft_arena_alloc(arena, sizeof *type);
    struct weft_type_field *fields = weft_arena_array(arena, shape->count, sizeof *fields);
    if (type == NULL || fields == NULL)
        return NULL;
    for (size_t i = 0; i < shape->count; i++) {
        fields[i] = (struct weft_type_field){.name = shape->names[i],
                                             .type = shape_type(arena, shape->fields[i])};
        if (fields[i].type == NULL)
            return NULL;
    }
    *type =
        (struct weft_type){.kind = WEFT_TYPE_STRUCT, .fields = fields, .field_count = shape->count};
    return type;
}

static const struct weft_type *list_type(struct weft_arena *arena, const struct weft_shape *shape)
{
    if (shape->element == NULL)
        return &type_json;
    struct weft_type *type = weft_arena_alloc(arena, sizeof *type);
    const struct weft_type *element = shape_type(arena, shape->element);
    if (type == NULL || element == NULL)
        return NULL;
    *type = (struct weft_type){.kind = WEFT_TYPE_LIST, .element = element};
    return type;
}

/* NULL = out of memory. */
static const struct weft_type *shape_type(struct weft_arena *arena, const struct weft_shape *shape)
{
    switch (shape->seen) {
    case 0:
        return &type_string;
    case SEEN_BOOLEAN:
        return &type_boolean;
    case SEEN_LONG:
        return &type_long;
    case SEEN_BIG:
    case SEEN_BIG | SEEN_LONG:
        return &type_big;
    case SEEN_TEXT:
        return text_type(shape);
    case SEEN_LIST:
        return list_type(arena, shape);
    case SEEN_OBJECT:
        return struct_type(arena, shape);
    default:
        return (shape->seen & SEEN_REAL) != 0 &&
                       (shape->seen & ~(unsigned)(SEEN_LONG | SEEN_BIG | SEEN_REAL)) == 0
                   ? &type_double
                   : &type_json;
    }
}

/* ---- ---- */

struct weft_shape *weft_shape_new(struct weft_arena *arena)
{
    return weft_arena_alloc(arena, sizeof(struct weft_shape));
}

int weft_shape_add(struct weft_arena *arena, struct weft_shape *shape,
                   const struct weft_csv_options *csv, const struct weft_json_slice *value)
{
    struct shaping shaping = {.arena = arena, .csv = csv};
    return value_take(&shaping, shape, value, 0);
}

const struct weft_type *weft_shape_type(struct weft_arena *arena, const struct weft_shape *shape)
{
    return shape_type(arena, shape);
}

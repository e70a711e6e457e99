/*
 * detect_json.c - types of the keys of json and ndjson that nobody declared: from the first block
 * of each file. Numbers, booleans, and texts that are dates keep being that; an object is a struct
 * when its keys are the same in most of them, a list a list of what its elements are; whatever is
 * mixed, deep or has keys like a dictionary is json. A text "12" is a text.
 */
#include "job/cell_internal.h"
#include "job/scan_internal.h"
#include "job/shape_internal.h"

#include "base/map.h"
#include "base/text.h"

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

struct shape {
    unsigned seen;
    bool not_date;
    bool not_timestamp;
    struct shape *element; /* NULL = no list had one */
    const char *names[FIELDS_MAX];
    struct shape *fields[FIELDS_MAX];
    size_t count;
    int64_t objects;
    int64_t members;
};

struct detector {
    struct job_scan *scan;
    struct weft_arena *arena;
    const struct weft_csv_options *csv;
    struct weft_map *keys;
    const char **names;
    struct shape **shapes;
    size_t count;
    size_t name_capacity;
    size_t shape_capacity;
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

static bool null_listed(const struct detector *detector, const struct weft_json_slice *value)
{
    const struct weft_texts *nulls = &detector->csv->nulls;
    for (size_t i = 0; detector->csv->nulls_given && i < nulls->count; i++) {
        if (strlen(nulls->items[i]) == value->length &&
            memcmp(nulls->items[i], value->data, value->length) == 0)
            return true;
    }
    return false;
}

static void number_take(struct shape *shape, const struct weft_json_slice *value)
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
static void text_take(const struct detector *detector, struct shape *shape,
                      const struct weft_json_slice *value, int depth)
{
    static const struct weft_csv_options iso = {.delimiter = ','};
    const struct weft_csv_options *csv = depth == 0 ? detector->csv : &iso;
    shape->seen |= SEEN_TEXT;
    shape->not_date = shape->not_date || !job_date_fits(csv, value->data, value->length);
    shape->not_timestamp =
        shape->not_timestamp || !job_timestamp_fits(csv, value->data, value->length);
}

static int value_take(struct detector *detector, struct shape *shape,
                      const struct weft_json_slice *value, int depth);

static int list_take(struct detector *detector, struct shape *shape,
                     const struct weft_json_slice *value, int depth)
{
    struct weft_json_walk walk;
    struct weft_json_slice element;
    shape->seen |= SEEN_LIST;
    weft_json_walk_init(&walk, value->data, value->length);
    while (weft_json_element_next(&walk, &element)) {
        if (shape->element == NULL)
            shape->element = weft_arena_alloc(detector->arena, sizeof *shape->element);
        if (shape->element == NULL)
            return -1;
        WEFT_TRY(value_take(detector, shape->element, &element, depth + 1));
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
static size_t field_of(const struct shape *shape, const struct weft_json_slice *name)
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

static int object_take(struct detector *detector, struct shape *shape,
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
            shape->names[i] = weft_arena_strndup(detector->arena, name.data, name.length);
            shape->fields[i] = weft_arena_alloc(detector->arena, sizeof *shape->fields[i]);
            if (shape->names[i] == NULL || shape->fields[i] == NULL)
                return -1;
            shape->count++;
        }
        shape->members++;
        WEFT_TRY(value_take(detector, shape->fields[i], &part, depth + 1));
    }
    return 0;
}

static int value_take(struct detector *detector, struct shape *shape,
                      const struct weft_json_slice *value, int depth)
{
    bool nested = value->kind == WEFT_JSON_ARRAY || value->kind == WEFT_JSON_OBJECT;
    if (value->kind == WEFT_JSON_NULL || (!nested && null_listed(detector, value)))
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
        text_take(detector, shape, value, depth);
        return 0;
    case WEFT_JSON_ARRAY:
        return list_take(detector, shape, value, depth);
    default:
        return object_take(detector, shape, value, depth);
    }
}

/* ---- as a type ---- */

static const struct weft_type *shape_type(struct detector *detector, const struct shape *shape);

static const struct weft_type *text_type(const struct shape *shape)
{
    return !shape->not_date ? &type_date : !shape->not_timestamp ? &type_timestamp : &type_string;
}

static const struct weft_type *struct_type(struct detector *detector, const struct shape *shape)
{
    if (shape->count == 0 || 2 * shape->members < shape->objects * (int64_t)shape->count)
        return &type_json;
    struct weft_type *type = weft_arena_alloc(detector->arena, sizeof *type);
    struct weft_type_field *fields =
        weft_arena_array(detector->arena, shape->count, sizeof *fields);
    if (type == NULL || fields == NULL)
        return NULL;
    for (size_t i = 0; i < shape->count; i++) {
        fields[i] = (struct weft_type_field){.name = shape->names[i],
                                             .type = shape_type(detector, shape->fields[i])};
        if (fields[i].type == NULL)
            return NULL;
    }
    *type =
        (struct weft_type){.kind = WEFT_TYPE_STRUCT, .fields = fields, .field_count = shape->count};
    return type;
}

static const struct weft_type *list_type(struct detector *detector, const struct shape *shape)
{
    if (shape->element == NULL)
        return &type_json;
    struct weft_type *type = weft_arena_alloc(detector->arena, sizeof *type);
    const struct weft_type *element = shape_type(detector, shape->element);
    if (type == NULL || element == NULL)
        return NULL;
    *type = (struct weft_type){.kind = WEFT_TYPE_LIST, .element = element};
    return type;
}

/* NULL = out of memory. */
static const struct weft_type *shape_type(struct detector *detector, const struct shape *shape)
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
        return list_type(detector, shape);
    case SEEN_OBJECT:
        return struct_type(detector, shape);
    default:
        return (shape->seen & SEEN_REAL) != 0 &&
                       (shape->seen & ~(unsigned)(SEEN_LONG | SEEN_BIG | SEEN_REAL)) == 0
                   ? &type_double
                   : &type_json;
    }
}

/* ---- for infer.h ---- */

static const struct weft_csv_options no_options;

struct shape *job_shape_new(struct weft_arena *arena)
{
    return weft_arena_alloc(arena, sizeof(struct shape));
}

int job_shape_add(struct weft_arena *arena, struct shape *shape,
                  const struct weft_json_slice *value)
{
    struct detector detector = {.arena = arena, .csv = &no_options};
    return value_take(&detector, shape, value, 0);
}

const struct weft_type *job_shape_type(struct weft_arena *arena, const struct shape *shape)
{
    struct detector detector = {.arena = arena, .csv = &no_options};
    return shape_type(&detector, shape);
}

/* ---- records ---- */

static struct shape *key_shape(struct detector *detector, const char *name, size_t length)
{
    struct shape *shape = weft_map_get_bytes(detector->keys, name, length);
    if (shape != NULL)
        return shape;
    size_t count = detector->count + 1;
    shape = weft_arena_alloc(detector->arena, sizeof *shape);
    if (shape == NULL ||
        weft_arena_reserve(detector->arena, &detector->names, &detector->name_capacity, count,
                           sizeof *detector->names) < 0 ||
        weft_arena_reserve(detector->arena, &detector->shapes, &detector->shape_capacity, count,
                           sizeof *detector->shapes) < 0 ||
        weft_map_put_bytes(detector->keys, name, length, shape) < 0)
        return NULL;
    detector->names[detector->count] = weft_arena_strndup(detector->arena, name, length);
    if (detector->names[detector->count] == NULL)
        return NULL;
    detector->shapes[detector->count++] = shape;
    return shape;
}

static int record_take(struct detector *detector, struct job_scan_local *local, char *data,
                       size_t length)
{
    struct weft_json_slice record;
    struct weft_json_slice name;
    struct weft_json_slice value;
    struct weft_json_walk walk;
    if (weft_json_scan(data, length, &record) != NULL || record.kind != WEFT_JSON_OBJECT)
        return 0; /* it will be set aside */
    weft_json_walk_init(&walk, record.data, record.length);
    while (weft_json_member_next(&walk, &name, &value)) {
        char *text = local->split.data + (name.data - local->split.data);
        if (name.escaped)
            name.length = weft_json_unescape(text, name.length, text);
        struct shape *shape = key_shape(detector, text, name.length);
        if (shape == NULL || value_take(detector, shape, &value, 0) < 0)
            return weft_error_nomem(&detector->scan->error);
    }
    return 0;
}

/* The first block of the next file that has one. 0, WEFT_END or -1. */
static int file_take(struct detector *detector, struct job_scan_local *local,
                     struct job_sample *out)
{
    struct job_scan *scan = detector->scan;
    size_t begin = 0;
    size_t end = 0;
    int rc = job_scan_next(scan, local);
    if (rc != 0)
        return rc;
    const struct job_file *file = &scan->work->files[local->file];
    size_t valid = weft_utf8_valid(local->split.data, local->split.length);
    if (valid < local->split.length)
        return job_scan_not_text(scan, local->file, (int64_t)valid, "the text is not UTF-8");
    while (job_record_next(local, &begin, &end))
        WEFT_TRY(record_take(detector, local, local->split.data + begin, end - begin));
    if (out->shown == NULL)
        out->shown = file->out.shown;
    weft_source_closep(&scan->source);
    scan->at++;
    return 0;
}

static int detector_end(struct detector *detector, struct job_sample *out)
{
    struct weft_error *error = &detector->scan->error;
    const struct weft_type **types =
        weft_arena_array(detector->arena, detector->count + 1, sizeof *types);
    if (types == NULL)
        return weft_error_nomem(error);
    if (detector->count == 0) {
        weft_error_set(error, WEFT_E_INPUT, "%s holds no object, so its columns are not known",
                       out->shown == NULL ? "the input" : out->shown);
        return weft_error_hint(error, "declare the product's `schema:`");
    }
    for (size_t i = 0; i < detector->count; i++) {
        types[i] = shape_type(detector, detector->shapes[i]);
        if (types[i] == NULL)
            return weft_error_nomem(error);
    }
    out->header = (struct weft_texts){detector->names, detector->count};
    out->types = types;
    return 0;
}

int job_sample_records(struct job_scan *scan, struct job_scan_local *local, struct job_sample *out)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *keys = weft_map_new();
    struct detector detector = {
        .scan = scan, .arena = scan->work->arena, .csv = &scan->work->input->csv, .keys = keys};
    int rc = 0;
    if (keys == NULL)
        return weft_error_nomem(&scan->error);
    while (rc == 0)
        rc = file_take(&detector, local, out);
    return rc < 0 ? rc : detector_end(&detector, out);
}

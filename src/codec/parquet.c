/*
 * parquet.c - reads the footer of Parquet files (parquet.h).
 *
 * Thrift's compact protocol: a struct is fields up to a zero byte; a field's byte holds the step of
 * its id (4 bits; 0: the id follows as a zigzag number) and its type. Lists: size (15: follows) and
 * type of the elements. Numbers are varints, zigzag; a boolean field is its type. What is not
 * looked for is passed over.
 */
#include "codec/parquet.h"

#include "base/fs.h"
#include "base/map.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>

#define DEPTH_MAX 32
#define NAMES_MAX ((int64_t)1 << 20)

enum thrift_type {
    THRIFT_STOP,
    THRIFT_TRUE,
    THRIFT_FALSE,
    THRIFT_BYTE,
    THRIFT_I16,
    THRIFT_I32,
    THRIFT_I64,
    THRIFT_DOUBLE,
    THRIFT_BINARY,
    THRIFT_LIST,
    THRIFT_SET,
    THRIFT_MAP,
    THRIFT_STRUCT,
    THRIFT_UUID
};

struct thrift {
    const unsigned char *data;
    size_t length;
    size_t at;
    struct weft_error *error;
};

static int damaged(struct thrift *thrift, const char *what)
{
    return weft_error_set(thrift->error, WEFT_E_INPUT, "the footer of a Parquet file %s", what);
}

static int byte_read(struct thrift *thrift, unsigned *out)
{
    if (thrift->at == thrift->length)
        return damaged(thrift, "ends too early");
    *out = thrift->data[thrift->at++];
    return 0;
}

static int varint_read(struct thrift *thrift, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        unsigned byte;
        WEFT_TRY(byte_read(thrift, &byte));
        if (shift == 63 && byte > 1)
            return damaged(thrift, "has a number that is too large");
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *out = value;
            return 0;
        }
    }
    return damaged(thrift, "has a number that is too long");
}

static int number_read(struct thrift *thrift, int64_t *out)
{
    uint64_t bits;
    WEFT_TRY(varint_read(thrift, &bits));
    *out = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
    return 0;
}

static int bytes_read(struct thrift *thrift, const char **data, size_t *length)
{
    uint64_t size;
    WEFT_TRY(varint_read(thrift, &size));
    if (size > thrift->length - thrift->at)
        return damaged(thrift, "has a text that goes beyond its end");
    *data = (const char *)thrift->data + thrift->at;
    *length = (size_t)size;
    thrift->at += (size_t)size;
    return 0;
}

struct thrift_field {
    unsigned type;
    int64_t id;
};

/* type STOP at the end of the struct. */
static int field_read(struct thrift *thrift, struct thrift_field *field)
{
    unsigned byte;
    WEFT_TRY(byte_read(thrift, &byte));
    field->type = byte & 0x0F;
    if (byte >> 4 != 0)
        field->id += byte >> 4;
    else if (field->type != THRIFT_STOP)
        WEFT_TRY(number_read(thrift, &field->id));
    return field->type > THRIFT_UUID ? damaged(thrift, "has a field of no type") : 0;
}

/* Every element takes a byte at least, but for booleans of lists, which take one too. */
static int list_read(struct thrift *thrift, unsigned *type, uint64_t *count)
{
    unsigned byte;
    WEFT_TRY(byte_read(thrift, &byte));
    *type = byte & 0x0F;
    *count = byte >> 4;
    if (*count == 15)
        WEFT_TRY(varint_read(thrift, count));
    if (*count > thrift->length - thrift->at)
        return damaged(thrift, "says it has more items than it has bytes");
    return 0;
}

static int value_skip(struct thrift *thrift, unsigned type, bool element, int depth);

static int items_skip(struct thrift *thrift, int depth)
{
    unsigned type;
    uint64_t count;
    WEFT_TRY(list_read(thrift, &type, &count));
    for (uint64_t i = 0; i < count; i++)
        WEFT_TRY(value_skip(thrift, type, true, depth + 1));
    return 0;
}

static int map_skip(struct thrift *thrift, int depth)
{
    uint64_t count;
    unsigned types = 0;
    WEFT_TRY(varint_read(thrift, &count));
    if (count > thrift->length - thrift->at)
        return damaged(thrift, "says it has more items than it has bytes");
    if (count > 0)
        WEFT_TRY(byte_read(thrift, &types));
    for (uint64_t i = 0; i < count; i++) {
        WEFT_TRY(value_skip(thrift, types >> 4, true, depth + 1));
        WEFT_TRY(value_skip(thrift, types & 0x0F, true, depth + 1));
    }
    return 0;
}

static int struct_skip(struct thrift *thrift, int depth)
{
    struct thrift_field field = {0};
    for (;;) {
        WEFT_TRY(field_read(thrift, &field));
        if (field.type == THRIFT_STOP)
            return 0;
        WEFT_TRY(value_skip(thrift, field.type, false, depth + 1));
    }
}

static int room_skip(struct thrift *thrift, size_t length)
{
    if (length > thrift->length - thrift->at)
        return damaged(thrift, "ends too early");
    thrift->at += length;
    return 0;
}

static int value_skip(struct thrift *thrift, unsigned type, bool element, int depth)
{
    int64_t number;
    const char *data;
    size_t length;
    if (depth > DEPTH_MAX)
        return damaged(thrift, "is nested too deep");
    switch (type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE:
        return element ? room_skip(thrift, 1) : 0;
    case THRIFT_BYTE:
        return room_skip(thrift, 1);
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64:
        return number_read(thrift, &number);
    case THRIFT_DOUBLE:
        return room_skip(thrift, 8);
    case THRIFT_BINARY:
        return bytes_read(thrift, &data, &length);
    case THRIFT_LIST:
    case THRIFT_SET:
        return items_skip(thrift, depth);
    case THRIFT_MAP:
        return map_skip(thrift, depth);
    case THRIFT_STRUCT:
        return struct_skip(thrift, depth);
    case THRIFT_UUID:
        return room_skip(thrift, 16);
    default:
        return damaged(thrift, "has a value of no type");
    }
}

/* ---- the schema: a tree written depth first, each element with its number of children ---- */

#define TYPE_INT96 3
#define TYPE_DECIMAL 5
#define DIGITS_MAX 38

struct element {
    const char *name;
    size_t length;
    int64_t children;
    int64_t type;   /* physical; -1 = it has children */
    int64_t digits; /* of a decimal; 0 = it is none */
};

/* A struct of which one member is read: a number, or a struct of which ... */
static int member_read(struct thrift *thrift, int64_t id, unsigned type, int64_t inner,
                       int64_t *number)
{
    struct thrift_field field = {0};
    for (;;) {
        WEFT_TRY(field_read(thrift, &field));
        if (field.type == THRIFT_STOP)
            return 0;
        if (field.id == id && field.type == type && type == THRIFT_STRUCT)
            WEFT_TRY(member_read(thrift, inner, THRIFT_I32, 0, number));
        else if (field.id == id && field.type == type)
            WEFT_TRY(number_read(thrift, number));
        else
            WEFT_TRY(value_skip(thrift, field.type, false, 2));
    }
}

static int element_read(struct thrift *thrift, struct element *out)
{
    struct thrift_field field = {0};
    *out = (struct element){"", 0, 0, -1, 0};
    for (;;) {
        WEFT_TRY(field_read(thrift, &field));
        if (field.type == THRIFT_STOP)
            return 0;
        if (field.id == 1 && field.type == THRIFT_I32)
            WEFT_TRY(number_read(thrift, &out->type));
        else if (field.id == 4 && field.type == THRIFT_BINARY)
            WEFT_TRY(bytes_read(thrift, &out->name, &out->length));
        else if (field.id == 5 && field.type == THRIFT_I32)
            WEFT_TRY(number_read(thrift, &out->children));
        else if (field.id == 8 && field.type == THRIFT_I32)
            WEFT_TRY(number_read(thrift, &out->digits));
        else if (field.id == 10 && field.type == THRIFT_STRUCT)
            WEFT_TRY(member_read(thrift, TYPE_DECIMAL, THRIFT_STRUCT, 2, &out->digits));
        else
            WEFT_TRY(value_skip(thrift, field.type, false, 1));
    }
}

/* Where a reader of the schema stands: the structs around it. */
struct place {
    struct thrift *thrift;
    struct weft_arena *arena;
    struct weft_map *seen; /* number of a struct, its child's name in lower case */
    int64_t *left;         /* children that are still to come, by depth */
    uint64_t *number;      /* of the struct, by depth */
    size_t depth;
    size_t capacity, number_capacity;
};

static int place_enter(struct place *place, int64_t children, uint64_t number)
{
    if (weft_arena_reserve(place->arena, &place->left, &place->capacity, place->depth + 1,
                           sizeof *place->left) < 0 ||
        weft_arena_reserve(place->arena, &place->number, &place->number_capacity, place->depth + 1,
                           sizeof *place->number) < 0)
        return weft_error_nomem(place->thrift->error);
    place->left[place->depth] = children;
    place->number[place->depth++] = number;
    return 0;
}

/* *twice: a sibling has this name. */
static int place_child(struct place *place, const struct element *element, bool *twice)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf key;
    uint64_t number = place->number[place->depth - 1];
    place->left[place->depth - 1]--;
    weft_buf_init(&key, element->length + 32);
    weft_buf_addf(&key, "%" PRIu64 " ", number);
    for (size_t i = 0; i < element->length; i++)
        weft_buf_addc(&key, weft_lower(element->name[i]));
    WEFT_TRY(weft_buf_check(&key, place->thrift->error));
    *twice = weft_map_get_bytes(place->seen, key.data, key.length) != NULL;
    return weft_map_put_bytes(place->seen, key.data, key.length, place) < 0
               ? weft_error_nomem(place->thrift->error)
               : 0;
}

/* What stands below a column at the top. */
static int column_below(struct place *place, struct element element, uint64_t *at, uint64_t count,
                        struct weft_parquet_footer *out)
{
    const char *name = out->columns[out->column_count - 1];
    for (;;) {
        bool twice = false;
        if (element.type == TYPE_INT96 && out->int96 == NULL)
            out->int96 = name;
        if (element.digits > DIGITS_MAX && out->wide == NULL)
            out->wide = name;
        if (element.children > 0)
            WEFT_TRY(place_enter(place, element.children, *at));
        while (place->depth > 0 && place->left[place->depth - 1] == 0)
            place->depth--;
        if (place->depth == 0)
            return 0;
        if (++*at >= count)
            return damaged(place->thrift, "has a schema that does not add up");
        WEFT_TRY(element_read(place->thrift, &element));
        if (element.children < 0 || element.children > (int64_t)(count - *at))
            return damaged(place->thrift, "has a schema that does not add up");
        WEFT_TRY(place_child(place, &element, &twice));
        if (twice && out->twice == NULL)
            out->twice = name;
    }
}

static int columns_read(struct place *place, uint64_t count, size_t columns,
                        struct weft_parquet_footer *out)
{
    struct thrift *thrift = place->thrift;
    const char **names = weft_arena_array(place->arena, columns + 1, sizeof *names);
    struct element element;
    if (names == NULL)
        return weft_error_nomem(thrift->error);
    out->columns = names;
    for (uint64_t i = 1; i < count; i++) {
        WEFT_TRY(element_read(thrift, &element));
        if (element.children < 0 || element.children > (int64_t)(count - i) ||
            out->column_count == columns)
            return damaged(thrift, "has a schema that does not add up");
        if (memchr(element.name, '\0', element.length) != NULL)
            return damaged(thrift, "has a name with a zero byte");
        names[out->column_count] = weft_arena_strndup(place->arena, element.name, element.length);
        if (names[out->column_count++] == NULL)
            return weft_error_nomem(thrift->error);
        WEFT_TRY(column_below(place, element, &i, count, out));
    }
    return out->column_count == columns ? 0 : damaged(thrift, "has a schema that does not add up");
}

static int schema_read(struct thrift *thrift, struct weft_arena *arena,
                       struct weft_parquet_footer *out)
{
    unsigned type;
    uint64_t count;
    struct element root;
    WEFT_TRY(list_read(thrift, &type, &count));
    if (type != THRIFT_STRUCT || count == 0)
        return damaged(thrift, "has no schema");
    WEFT_TRY(element_read(thrift, &root));
    if (root.children < 0 || (uint64_t)root.children >= count)
        return damaged(thrift, "has a schema that does not add up");
    WEFT_CLEANUP(weft_map_freep) struct weft_map *seen = weft_map_new();
    struct place place = {.thrift = thrift, .arena = arena, .seen = seen};
    if (seen == NULL)
        return weft_error_nomem(thrift->error);
    return columns_read(&place, count, (size_t)WEFT_MIN(root.children, NAMES_MAX), out);
}

/* ---- rows ---- */

static int group_read(struct thrift *thrift, int64_t *rows)
{
    struct thrift_field field = {0};
    *rows = -1;
    for (;;) {
        WEFT_TRY(field_read(thrift, &field));
        if (field.type == THRIFT_STOP)
            return *rows < 0 ? damaged(thrift, "has a row group without a number of rows") : 0;
        if (field.id == 3 && field.type == THRIFT_I64)
            WEFT_TRY(number_read(thrift, rows));
        else
            WEFT_TRY(value_skip(thrift, field.type, false, 1));
    }
}

static int groups_read(struct thrift *thrift, int64_t *rows, int64_t *groups)
{
    unsigned type;
    uint64_t count;
    WEFT_TRY(list_read(thrift, &type, &count));
    if (type != THRIFT_STRUCT && count > 0)
        return damaged(thrift, "has row groups of another type");
    for (uint64_t i = 0; i < count; i++) {
        int64_t one;
        WEFT_TRY(group_read(thrift, &one));
        if (__builtin_add_overflow(*rows, one, rows))
            return damaged(thrift, "has a number of rows that is too large");
    }
    *groups = (int64_t)count;
    return 0;
}

int weft_parquet_footer_parse(struct weft_arena *arena, const void *data, size_t length,
                              struct weft_parquet_footer *out, struct weft_error *error)
{
    struct thrift thrift = {.data = data, .length = length, .error = error};
    struct thrift_field field = {0};
    struct weft_parquet_footer made = {.rows = -1};
    int64_t sum = 0;
    bool schema = false;
    for (;;) {
        WEFT_TRY(field_read(&thrift, &field));
        if (field.type == THRIFT_STOP)
            break;
        if (field.id == 2 && field.type == THRIFT_LIST && !schema) {
            WEFT_TRY(schema_read(&thrift, arena, &made));
            schema = true;
        } else if (field.id == 3 && field.type == THRIFT_I64) {
            WEFT_TRY(number_read(&thrift, &made.rows));
        } else if (field.id == 4 && field.type == THRIFT_LIST) {
            WEFT_TRY(groups_read(&thrift, &sum, &made.row_groups));
        } else {
            made.encrypted = made.encrypted || field.id == 8;
            WEFT_TRY(value_skip(&thrift, field.type, false, 1));
        }
    }
    if (!schema || made.rows < 0)
        return damaged(&thrift, "lacks its schema or its number of rows");
    if (made.rows != sum)
        return weft_error_set(error, WEFT_E_INPUT,
                              "the footer of a Parquet file says %" PRId64
                              " rows, and its row groups have %" PRId64,
                              made.rows, sum);
    *out = made;
    return 0;
}

/* ---- the file ---- */

static int no_parquet(const char *shown, const unsigned char *head, struct weft_error *error)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *what;
    } others[] = {{"\x1f\x8b", 2, "it is packed with gzip"},
                  {"\x28\xb5\x2f\xfd", 4, "it is packed with zstd"},
                  {"PK\x03\x04", 4, "it is a zip archive"},
                  {"Obj\x01", 4, "it is an Avro file"},
                  {"ORC", 3, "it is an ORC file"},
                  {"ARROW1", 6, "it is an Arrow file"}};
    weft_error_set(error, WEFT_E_INPUT, "no Parquet file: it does not begin with PAR1");
    for (size_t i = 0; i < WEFT_COUNT(others); i++) {
        if (memcmp(head, others[i].bytes, others[i].length) == 0)
            weft_error_set(error, WEFT_E_INPUT, "no Parquet file: %s", others[i].what);
    }
    return weft_error_at(error, shown, 0, 0);
}

static int encrypted(const char *shown, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INPUT, "the file is encrypted, which cannot be read yet");
    return weft_error_at(error, shown, 0, 0);
}

static int cut_off(const char *shown, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INPUT,
                   "the file is cut off: it does not end as a Parquet file does");
    return weft_error_at(error, shown, 0, 0);
}

static int exactly(int fd, void *data, size_t length, int64_t offset, const char *path,
                   struct weft_error *error)
{
    size_t done = 0;
    while (done < length) {
        size_t got = 0;
        WEFT_TRY(weft_fs_pread(fd, (char *)data + done, length - done, offset + (int64_t)done, &got,
                               path, error));
        if (got == 0)
            return weft_error_set(error, WEFT_E_INPUT, "a file became shorter while it was read");
        done += got;
    }
    return 0;
}

static int footer_find(int fd, int64_t size, const char *path, const char *shown, uint32_t *length,
                       struct weft_error *error)
{
    unsigned char head[8] = {0}, tail[8];
    if (size > 0)
        WEFT_TRY(exactly(fd, head, (size_t)WEFT_MIN(size, 8), 0, path, error));
    if (size >= 4 && memcmp(head, "PARE", 4) == 0)
        return encrypted(shown, error);
    if (size == 0) {
        weft_error_set(error, WEFT_E_INPUT, "the file is empty: no Parquet file");
        return weft_error_at(error, shown, 0, 0);
    }
    if (size < 4 || memcmp(head, "PAR1", 4) != 0)
        return no_parquet(shown, head, error);
    if (size < 12)
        return cut_off(shown, error);
    WEFT_TRY(exactly(fd, tail, 8, size - 8, path, error));
    if (memcmp(tail + 4, "PARE", 4) == 0)
        return encrypted(shown, error);
    if (memcmp(tail + 4, "PAR1", 4) != 0)
        return cut_off(shown, error);
    *length = (uint32_t)tail[0] | (uint32_t)tail[1] << 8 | (uint32_t)tail[2] << 16 |
              (uint32_t)tail[3] << 24;
    if (*length > size - 12 || *length > WEFT_PARQUET_FOOTER_MAX) {
        weft_error_set(error, WEFT_E_INPUT,
                       "the file is damaged: its footer says it is %" PRIu32 " bytes long",
                       *length);
        return weft_error_at(error, shown, 0, 0);
    }
    return 0;
}

int weft_parquet_footer_read(struct weft_arena *arena, const char *path, const char *shown,
                             struct weft_parquet_footer *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    struct weft_fs_identity identity;
    uint32_t length = 0;
    WEFT_TRY(weft_fs_open(path, O_RDONLY, &fd, error));
    WEFT_TRY(weft_fs_identity_fd(fd, &identity, path, error));
    WEFT_TRY(footer_find(fd, identity.size, path, shown, &length, error));
    WEFT_CLEANUP(weft_freep) unsigned char *data = weft_alloc((size_t)length + 1);
    if (data == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(exactly(fd, data, length, identity.size - 8 - (int64_t)length, path, error));
    struct weft_parquet_footer made = {0};
    struct weft_error why = WEFT_ERROR_INIT;
    if (weft_parquet_footer_parse(arena, data, length, &made, &why) < 0) {
        if (why.code == WEFT_E_INPUT)
            weft_error_set(error, WEFT_E_INPUT, "the file is damaged: %s", why.message);
        else if (error != NULL)
            *error = why;
        return weft_error_at(error, shown, 0, 0);
    }
    if (made.encrypted)
        return encrypted(shown, error);
    *out = made;
    return 0;
}

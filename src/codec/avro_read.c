/*
 * avro_read.c - reads object container files (avro.h) into trees of values.
 *
 * Every length is checked against the bytes that are left before it is believed, and items of zero
 * bytes (null, empty records) are bounded by a count, so that a few bytes cannot ask for gigabytes.
 */
#include "codec/avro_internal.h"

#include <string.h>
#include <zlib.h>

#define UNPACKED_MAX ((size_t)1 << 30)
#define EMPTY_ITEMS_MAX 65536

struct cursor {
    const unsigned char *data;
    size_t length;
    size_t at;
    size_t base; /* of data in the file, for messages */
    struct weft_arena *arena;
    struct weft_error *error;
};

static int wrong(struct cursor *cursor, const char *what)
{
    weft_error_set(cursor->error, WEFT_E_CORRUPT, "an Avro file is damaged: %s (byte %zu)", what,
                   cursor->base + cursor->at);
    return -1;
}

static int long_read(struct cursor *cursor, int64_t *out)
{
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (cursor->at == cursor->length)
            return wrong(cursor, "it ends in the middle of a number");
        unsigned char byte = cursor->data[cursor->at++];
        if (shift == 63 && byte > 1)
            return wrong(cursor, "a number is too large");
        bits |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *out = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return 0;
        }
    }
    return wrong(cursor, "a number is too long");
}

static int bytes_take(struct cursor *cursor, int64_t length, const char **out)
{
    if (length < 0 || (uint64_t)length > cursor->length - cursor->at)
        return wrong(cursor, "a length goes beyond the end");
    *out = (const char *)cursor->data + cursor->at;
    cursor->at += (size_t)length;
    return 0;
}

/* Copied, with a zero byte behind. */
static int bytes_read(struct cursor *cursor, int64_t length, struct weft_str *out)
{
    const char *data;
    WEFT_TRY(bytes_take(cursor, length, &data));
    out->data = weft_arena_strndup(cursor->arena, data, (size_t)length);
    out->length = (size_t)length;
    return out->data == NULL ? weft_error_nomem(cursor->error) : 0;
}

static int value_read(struct cursor *cursor, const struct weft_avro_schema *schema, int depth,
                      struct weft_avro_value *out);

/* One block of an array or map; *more = false after the last. */
static int items_block(struct cursor *cursor, const struct weft_avro_schema *schema, int depth,
                       struct weft_avro_value **items, size_t *count, size_t *capacity, bool *more)
{
    int64_t block, size;
    bool map = schema->type == WEFT_AVRO_T_MAP;
    WEFT_TRY(long_read(cursor, &block));
    *more = block != 0;
    if (block < 0) {
        if (block == INT64_MIN)
            return wrong(cursor, "a block's count is wrong");
        block = -block;
        WEFT_TRY(long_read(cursor, &size));
    }
    if ((uint64_t)block > cursor->length - cursor->at + EMPTY_ITEMS_MAX)
        return wrong(cursor, "a block says it has more items than there are bytes");
    for (int64_t i = 0; i < block; i++) {
        size_t need = *count + (map ? 2 : 1);
        if (weft_arena_reserve(cursor->arena, items, capacity, need, sizeof **items) < 0)
            return weft_error_nomem(cursor->error);
        if (map) {
            int64_t length;
            struct weft_avro_value *key = &(*items)[(*count)++];
            *key = (struct weft_avro_value){.kind = WEFT_AVRO_IS_TEXT};
            WEFT_TRY(long_read(cursor, &length));
            WEFT_TRY(bytes_read(cursor, length, &key->bytes));
        }
        WEFT_TRY(value_read(cursor, schema->parts[0], depth + 1, &(*items)[(*count)++]));
    }
    return 0;
}

static int items_read(struct cursor *cursor, const struct weft_avro_schema *schema, int depth,
                      struct weft_avro_value *out)
{
    struct weft_avro_value *items = NULL;
    size_t count = 0, capacity = 0;
    bool more = true;
    while (more) {
        WEFT_TRY(items_block(cursor, schema, depth, &items, &count, &capacity, &more));
        if (count > EMPTY_ITEMS_MAX && count > cursor->length)
            return wrong(cursor, "too many items");
    }
    out->kind = schema->type == WEFT_AVRO_T_MAP ? WEFT_AVRO_IS_MAP : WEFT_AVRO_IS_ARRAY;
    out->items = items;
    out->count = count;
    return 0;
}

static int record_read(struct cursor *cursor, const struct weft_avro_schema *schema, int depth,
                       struct weft_avro_value *out)
{
    struct weft_avro_value *items =
        weft_arena_array(cursor->arena, schema->count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(cursor->error);
    for (size_t i = 0; i < schema->count; i++)
        WEFT_TRY(value_read(cursor, schema->fields[i].schema, depth + 1, &items[i]));
    out->kind = WEFT_AVRO_IS_RECORD;
    out->items = items;
    out->count = schema->count;
    out->fields = schema->fields;
    return 0;
}

static int union_read(struct cursor *cursor, const struct weft_avro_schema *schema, int depth,
                      struct weft_avro_value *out)
{
    int64_t branch;
    WEFT_TRY(long_read(cursor, &branch));
    if (branch < 0 || (uint64_t)branch >= schema->count)
        return wrong(cursor, "a union has no such branch");
    return value_read(cursor, schema->parts[branch], depth + 1, out);
}

static int real_read(struct cursor *cursor, size_t size, struct weft_avro_value *out)
{
    const char *data;
    WEFT_TRY(bytes_take(cursor, (int64_t)size, &data));
    float single;
    if (size == sizeof single) {
        memcpy(&single, data, size);
        out->real = (double)single;
    } else {
        memcpy(&out->real, data, size);
    }
    out->kind = WEFT_AVRO_IS_DOUBLE;
    return 0;
}

static int whole_read(struct cursor *cursor, const struct weft_avro_schema *schema,
                      struct weft_avro_value *out)
{
    out->kind = WEFT_AVRO_IS_LONG;
    WEFT_TRY(long_read(cursor, &out->number));
    bool fits = true;
    if (schema->type == WEFT_AVRO_T_INT)
        fits = out->number >= INT32_MIN && out->number <= INT32_MAX;
    else if (schema->type == WEFT_AVRO_T_ENUM)
        fits = out->number >= 0 && out->number < schema->size;
    return fits ? 0 : wrong(cursor, "a number is out of its type's range");
}

static int text_read(struct cursor *cursor, const struct weft_avro_schema *schema,
                     struct weft_avro_value *out)
{
    int64_t length = schema->size;
    out->kind = schema->type == WEFT_AVRO_T_STRING ? WEFT_AVRO_IS_TEXT : WEFT_AVRO_IS_BYTES;
    if (schema->type != WEFT_AVRO_T_FIXED)
        WEFT_TRY(long_read(cursor, &length));
    return bytes_read(cursor, length, &out->bytes);
}

static int boolean_read(struct cursor *cursor, struct weft_avro_value *out)
{
    const char *data;
    WEFT_TRY(bytes_take(cursor, 1, &data));
    if (*data != 0 && *data != 1)
        return wrong(cursor, "a boolean is neither 0 nor 1");
    out->kind = WEFT_AVRO_IS_BOOLEAN;
    out->number = *data;
    return 0;
}

static int value_read(struct cursor *cursor, const struct weft_avro_schema *schema, int depth,
                      struct weft_avro_value *out)
{
    *out = (struct weft_avro_value){.kind = WEFT_AVRO_IS_NULL};
    if (depth > WEFT_AVRO_DEPTH_MAX)
        return wrong(cursor, "nested too deep");
    switch (schema->type) {
    case WEFT_AVRO_T_NULL:
        return 0;
    case WEFT_AVRO_T_BOOLEAN:
        return boolean_read(cursor, out);
    case WEFT_AVRO_T_INT:
    case WEFT_AVRO_T_LONG:
    case WEFT_AVRO_T_ENUM:
        return whole_read(cursor, schema, out);
    case WEFT_AVRO_T_FLOAT:
        return real_read(cursor, sizeof(float), out);
    case WEFT_AVRO_T_DOUBLE:
        return real_read(cursor, sizeof(double), out);
    case WEFT_AVRO_T_BYTES:
    case WEFT_AVRO_T_STRING:
    case WEFT_AVRO_T_FIXED:
        return text_read(cursor, schema, out);
    case WEFT_AVRO_T_RECORD:
        return record_read(cursor, schema, depth, out);
    case WEFT_AVRO_T_ARRAY:
    case WEFT_AVRO_T_MAP:
        return items_read(cursor, schema, depth, out);
    case WEFT_AVRO_T_UNION:
        return union_read(cursor, schema, depth, out);
    }
    return wrong(cursor, "a type that is not known");
}

/* ---- the container ---- */

struct container {
    struct cursor cursor;
    const struct weft_avro_schema *schema;
    enum weft_avro_codec codec;
    const char *sync;
};

static int meta_keep(struct container *container, struct weft_avro_file *file, struct weft_str key,
                     struct weft_str value, struct weft_avro_meta *meta)
{
    struct cursor *cursor = &container->cursor;
    if (weft_str_is(key, "avro.schema")) {
        file->schema = value.data;
        return weft_avro_schema_parse(cursor->arena, value.data, value.length, &container->schema,
                                      cursor->error);
    }
    if (!weft_str_is(key, "avro.codec")) {
        meta[file->meta_count++] = (struct weft_avro_meta){key.data, value.data};
        return 0;
    }
    if (weft_str_is(value, "deflate"))
        container->codec = WEFT_AVRO_DEFLATE;
    else if (!weft_str_is(value, "null"))
        return weft_error_set(cursor->error, WEFT_E_NOT_YET,
                              "the Avro codec `%.40s` cannot be read yet", value.data);
    return 0;
}

static int head_read(struct container *container, struct weft_avro_file *file)
{
    static const struct weft_avro_schema text = {.type = WEFT_AVRO_T_BYTES};
    static const struct weft_avro_schema *parts[] = {&text};
    static const struct weft_avro_schema map = {
        .type = WEFT_AVRO_T_MAP, .parts = parts, .count = 1};
    struct cursor *cursor = &container->cursor;
    const char *magic;
    if (cursor->length < 4 || memcmp(cursor->data, "Obj\x01", 4) != 0)
        return wrong(cursor, "it does not begin as one");
    WEFT_TRY(bytes_take(cursor, 4, &magic));
    struct weft_avro_value value;
    WEFT_TRY(value_read(cursor, &map, 0, &value));
    struct weft_avro_meta *meta =
        weft_arena_array(cursor->arena, value.count / 2 + 1, sizeof *meta);
    if (meta == NULL)
        return weft_error_nomem(cursor->error);
    file->meta = meta;
    for (size_t i = 0; i + 1 < value.count; i += 2)
        WEFT_TRY(meta_keep(container, file, value.items[i].bytes, value.items[i + 1].bytes, meta));
    if (container->schema == NULL)
        return wrong(cursor, "it has no schema");
    return bytes_take(cursor, 16, &container->sync);
}

static int inflate_block(struct container *container, const char *packed, size_t length,
                         struct weft_buf *out)
{
    z_stream stream = {0};
    if (inflateInit2(&stream, -15) != Z_OK)
        return weft_error_nomem(container->cursor.error);
    stream.next_in = (Bytef *)(uintptr_t)packed;
    stream.avail_in = (uInt)length;
    int rc = Z_OK;
    while (rc == Z_OK) {
        char *room = weft_buf_room(out, 65536);
        if (room == NULL)
            break;
        stream.next_out = (Bytef *)room;
        stream.avail_out = 65536;
        rc = inflate(&stream, Z_NO_FLUSH);
        out->length += 65536 - stream.avail_out;
    }
    inflateEnd(&stream);
    if (out->failed)
        return weft_buf_check(out, container->cursor.error);
    return rc == Z_STREAM_END ? 0 : wrong(&container->cursor, "a packed block does not unpack");
}

static int records_read(struct container *container, struct cursor *cursor, int64_t count,
                        weft_avro_record_fn *fn, void *arg)
{
    for (int64_t i = 0; i < count; i++) {
        struct weft_avro_value record;
        WEFT_TRY(value_read(cursor, container->schema, 0, &record));
        WEFT_TRY(fn(arg, &record, cursor->error));
    }
    return cursor->at == cursor->length ? 0 : wrong(cursor, "a block has bytes left over");
}

static int block_read(struct container *container, struct weft_avro_file *file,
                      weft_avro_record_fn *fn, void *arg)
{
    struct cursor *outer = &container->cursor;
    int64_t count, size;
    const char *data, *sync;
    WEFT_TRY(long_read(outer, &count));
    WEFT_TRY(long_read(outer, &size));
    size_t base = outer->at;
    WEFT_TRY(bytes_take(outer, size, &data));
    WEFT_TRY(bytes_take(outer, 16, &sync));
    if (count < 0 || (uint64_t)count > (uint64_t)UNPACKED_MAX ||
        memcmp(sync, container->sync, 16) != 0)
        return wrong(outer, "a block does not end with the file's marker");
    struct weft_buf unpacked;
    weft_buf_init(&unpacked, UNPACKED_MAX);
    struct cursor inner = *outer;
    int rc = 0;
    if (container->codec == WEFT_AVRO_DEFLATE) {
        rc = inflate_block(container, data, (size_t)size, &unpacked);
        inner.data = (const unsigned char *)unpacked.data;
        inner.length = unpacked.length;
    } else {
        inner.data = (const unsigned char *)data;
        inner.length = (size_t)size;
    }
    inner.at = 0;
    inner.base = base;
    if (rc == 0 && inner.length == 0 && count > EMPTY_ITEMS_MAX)
        rc = wrong(outer, "a block says it has more records than there are bytes");
    if (rc == 0)
        rc = records_read(container, &inner, count, fn, arg);
    weft_buf_release(&unpacked);
    file->records += count;
    return rc;
}

int weft_avro_read(struct weft_arena *arena, const void *data, size_t length,
                   struct weft_avro_file *file, weft_avro_record_fn *fn, void *arg,
                   struct weft_error *error)
{
    struct container container = {
        .cursor = {.data = data, .length = length, .arena = arena, .error = error}};
    *file = (struct weft_avro_file){0};
    WEFT_TRY(head_read(&container, file));
    while (container.cursor.at < container.cursor.length)
        WEFT_TRY(block_read(&container, file, fn, arg));
    return 0;
}

const struct weft_avro_value *weft_avro_get(const struct weft_avro_value *record, const char *name)
{
    for (size_t i = 0; record->kind == WEFT_AVRO_IS_RECORD && i < record->count; i++) {
        if (strcmp(record->fields[i].name, name) == 0)
            return &record->items[i];
    }
    return NULL;
}

const struct weft_avro_value *weft_avro_get_id(const struct weft_avro_value *record, int field_id)
{
    for (size_t i = 0; record->kind == WEFT_AVRO_IS_RECORD && i < record->count; i++) {
        if (record->fields[i].id == field_id)
            return &record->items[i];
    }
    return NULL;
}

const char *weft_avro_meta(const struct weft_avro_file *file, const char *key)
{
    for (size_t i = 0; i < file->meta_count; i++) {
        if (strcmp(file->meta[i].key, key) == 0)
            return file->meta[i].value;
    }
    return NULL;
}

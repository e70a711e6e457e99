/*
 * avro_read.c - reads object container files (avro.h) into trees of values.
 *
 * Every length is checked against the bytes that are left before it is believed. Values may take no
 * bytes at all (null, records of nothing), and records that hold such records double with each
 * level, so the number of values is bounded by the bytes read: a few bytes cannot ask for
 * gigabytes or hours.
 */
#include "base/text.h"
#include "codec/avro_internal.h"

#include <string.h>
#include <zlib.h>

#define UNPACKED_MAX ((size_t)256 << 20) /* of all blocks together */
#define INFLATE_STEP 65536

int weft_avro_wrong(struct weft_avro_cursor *cursor, const char *what)
{
    weft_error_set(cursor->error, WEFT_E_CORRUPT, "an Avro file is damaged: %s (byte %zu)", what,
                   cursor->base + cursor->at);
    return -1;
}

int weft_avro_take_long(struct weft_avro_cursor *cursor, int64_t *out)
{
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (cursor->at == cursor->length)
            return weft_avro_wrong(cursor, "it ends in the middle of a number");
        unsigned char byte = cursor->data[cursor->at++];
        if (shift == 63 && byte > 1)
            return weft_avro_wrong(cursor, "a number is too large");
        bits |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *out = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return 0;
        }
    }
    return weft_avro_wrong(cursor, "a number is too long");
}

int weft_avro_take_bytes(struct weft_avro_cursor *cursor, int64_t length, const char **out)
{
    if (length < 0 || (uint64_t)length > cursor->length - cursor->at)
        return weft_avro_wrong(cursor, "a length goes beyond the end");
    *out = (const char *)cursor->data + cursor->at;
    cursor->at += (size_t)length;
    return 0;
}

/* Copied, with a zero byte behind. */
#define BLOCK_SIZE_WRONG "a block of items has another size than it says"

int weft_avro_take_block(struct weft_avro_cursor *cursor, int64_t *count, int64_t *size)
{
    *size = -1;
    WEFT_TRY(weft_avro_take_long(cursor, count));
    if (*count == INT64_MIN)
        return weft_avro_wrong(cursor, "a block's count is wrong");
    if (*count < 0) {
        *count = -*count;
        WEFT_TRY(weft_avro_take_long(cursor, size));
        if (*size < 0)
            return weft_avro_wrong(cursor, BLOCK_SIZE_WRONG);
    }
    if ((uint64_t)*count > *cursor->values_left)
        return weft_avro_wrong(cursor, "a block says it has more items than there are bytes");
    return 0;
}

int weft_avro_end_block(struct weft_avro_cursor *cursor, size_t start, int64_t size)
{
    if (size >= 0 && (uint64_t)size != cursor->at - start)
        return weft_avro_wrong(cursor, BLOCK_SIZE_WRONG);
    return 0;
}

static int bytes_read(struct weft_avro_cursor *cursor, int64_t length, struct weft_str *out)
{
    const char *data;
    WEFT_TRY(weft_avro_take_bytes(cursor, length, &data));
    out->data = weft_arena_strndup(cursor->arena, data, (size_t)length);
    out->length = (size_t)length;
    return out->data == NULL ? weft_error_nomem(cursor->error) : 0;
}

static int utf8_check(struct weft_avro_cursor *cursor, struct weft_str text)
{
    bool valid = weft_utf8_valid(text.data, text.length) == text.length;
    return valid ? 0 : weft_avro_wrong(cursor, "a text is not UTF-8");
}

static int value_read(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                      int depth, struct weft_avro_value *out);

/* One block of an array or map; *more = false after the last. */
static int items_block(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                       int depth, struct weft_avro_value **items, size_t *count, size_t *capacity,
                       bool *more)
{
    int64_t block, size;
    bool map = schema->type == WEFT_AVRO_T_MAP;
    WEFT_TRY(weft_avro_take_block(cursor, &block, &size));
    *more = block != 0;
    size_t start = cursor->at;
    for (int64_t i = 0; i < block; i++) {
        size_t need = *count + (map ? 2 : 1);
        if (weft_arena_reserve(cursor->arena, items, capacity, need, sizeof **items) < 0)
            return weft_error_nomem(cursor->error);
        if (map) {
            int64_t length;
            struct weft_avro_value *key = &(*items)[(*count)++];
            *key = (struct weft_avro_value){.kind = WEFT_AVRO_IS_TEXT};
            WEFT_TRY(weft_avro_take_long(cursor, &length));
            WEFT_TRY(bytes_read(cursor, length, &key->bytes));
            WEFT_TRY(utf8_check(cursor, key->bytes));
        }
        WEFT_TRY(value_read(cursor, schema->parts[0], depth + 1, &(*items)[(*count)++]));
    }
    return weft_avro_end_block(cursor, start, size);
}

static int items_read(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                      int depth, struct weft_avro_value *out)
{
    struct weft_avro_value *items = NULL;
    size_t count = 0, capacity = 0;
    bool more = true;
    while (more)
        WEFT_TRY(items_block(cursor, schema, depth, &items, &count, &capacity, &more));
    out->kind = schema->type == WEFT_AVRO_T_MAP ? WEFT_AVRO_IS_MAP : WEFT_AVRO_IS_ARRAY;
    out->items = items;
    out->count = count;
    return 0;
}

static int record_read(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                       int depth, struct weft_avro_value *out)
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

static int union_read(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                      int depth, struct weft_avro_value *out)
{
    int64_t branch;
    WEFT_TRY(weft_avro_take_long(cursor, &branch));
    if (branch < 0 || (uint64_t)branch >= schema->count)
        return weft_avro_wrong(cursor, "a union has no such branch");
    return value_read(cursor, schema->parts[branch], depth + 1, out);
}

static int real_read(struct weft_avro_cursor *cursor, size_t size, struct weft_avro_value *out)
{
    const char *data;
    WEFT_TRY(weft_avro_take_bytes(cursor, (int64_t)size, &data));
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

static int whole_read(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                      struct weft_avro_value *out)
{
    out->kind = WEFT_AVRO_IS_LONG;
    WEFT_TRY(weft_avro_take_long(cursor, &out->number));
    bool fits = true;
    if (schema->type == WEFT_AVRO_T_INT)
        fits = out->number >= INT32_MIN && out->number <= INT32_MAX;
    else if (schema->type == WEFT_AVRO_T_ENUM)
        fits = out->number >= 0 && out->number < schema->size;
    return fits ? 0 : weft_avro_wrong(cursor, "a number is out of its type's range");
}

static int text_read(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                     struct weft_avro_value *out)
{
    int64_t length = schema->size;
    out->kind = schema->type == WEFT_AVRO_T_STRING ? WEFT_AVRO_IS_TEXT : WEFT_AVRO_IS_BYTES;
    if (schema->type != WEFT_AVRO_T_FIXED)
        WEFT_TRY(weft_avro_take_long(cursor, &length));
    WEFT_TRY(bytes_read(cursor, length, &out->bytes));
    return out->kind == WEFT_AVRO_IS_TEXT ? utf8_check(cursor, out->bytes) : 0;
}

static int boolean_read(struct weft_avro_cursor *cursor, struct weft_avro_value *out)
{
    const char *data;
    WEFT_TRY(weft_avro_take_bytes(cursor, 1, &data));
    if (*data != 0 && *data != 1)
        return weft_avro_wrong(cursor, "a boolean is neither 0 nor 1");
    out->kind = WEFT_AVRO_IS_BOOLEAN;
    out->number = *data;
    return 0;
}

static int value_read(struct weft_avro_cursor *cursor, const struct weft_avro_schema *schema,
                      int depth, struct weft_avro_value *out)
{
    *out = (struct weft_avro_value){.kind = WEFT_AVRO_IS_NULL};
    if (depth > WEFT_AVRO_DEPTH_MAX)
        return weft_avro_wrong(cursor, "nested too deep");
    if (*cursor->values_left == 0)
        return weft_avro_wrong(cursor, "more values than its bytes can hold");
    (*cursor->values_left)--;
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
    return weft_avro_wrong(cursor, "a type that is not known");
}

/* ---- the container ---- */

struct container {
    struct weft_avro_cursor cursor;
    const struct weft_avro_schema *schema;
    enum weft_avro_codec codec;
    const char *sync;
    uint64_t values_left;
    size_t unpacked_left;
};

static int meta_keep(struct container *container, struct weft_avro_file *file, struct weft_str key,
                     struct weft_str value, struct weft_avro_meta *meta)
{
    struct weft_avro_cursor *cursor = &container->cursor;
    if (weft_str_is(key, "avro.schema")) {
        if (file->schema != NULL)
            return weft_avro_wrong(cursor, "it has two schemas");
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
    struct weft_avro_cursor *cursor = &container->cursor;
    const char *magic;
    if (cursor->length < 4 || memcmp(cursor->data, "Obj\x01", 4) != 0)
        return weft_avro_wrong(cursor, "it does not begin as one");
    WEFT_TRY(weft_avro_take_bytes(cursor, 4, &magic));
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
        return weft_avro_wrong(cursor, "it has no schema");
    return weft_avro_take_bytes(cursor, 16, &container->sync);
}

static void *inflate_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return weft_alloc_array(count, size);
}

static void inflate_free(void *opaque, void *pointer)
{
    (void)opaque;
    weft_free(pointer);
}

/* What stands behind the end of the packed data is left alone: Python's avro leaves zlib's checksum
 * there. */
int weft_avro_inflate(struct weft_avro_cursor *cursor, const char *packed, size_t length,
                      struct weft_buf *out)
{
    z_stream stream = {.zalloc = inflate_alloc, .zfree = inflate_free};
    if (inflateInit2(&stream, -15) != Z_OK)
        return weft_error_nomem(cursor->error);
    stream.next_in = (Bytef *)(uintptr_t)packed;
    stream.avail_in = (uInt)length;
    int rc = Z_OK;
    while (rc == Z_OK) {
        char *room = weft_buf_room(out, INFLATE_STEP);
        if (room == NULL)
            break;
        stream.next_out = (Bytef *)room;
        stream.avail_out = INFLATE_STEP;
        rc = inflate(&stream, Z_NO_FLUSH);
        out->length += INFLATE_STEP - stream.avail_out;
    }
    inflateEnd(&stream);
    if (out->failed)
        return weft_buf_check(out, cursor->error);
    if (rc == Z_MEM_ERROR)
        return weft_error_nomem(cursor->error);
    return rc == Z_STREAM_END ? 0 : weft_avro_wrong(cursor, "a packed block does not unpack");
}

static int records_read(struct container *container, struct weft_avro_cursor *cursor, int64_t count,
                        weft_avro_record_fn *fn, void *arg)
{
    for (int64_t i = 0; i < count; i++) {
        struct weft_avro_value record;
        WEFT_TRY(value_read(cursor, container->schema, 0, &record));
        WEFT_TRY(fn(arg, &record, cursor->error));
    }
    return cursor->at == cursor->length ? 0
                                        : weft_avro_wrong(cursor, "a block has bytes left over");
}

static int block_unpack(struct container *container, struct weft_avro_cursor *inner,
                        struct weft_buf *unpacked)
{
    WEFT_TRY(weft_avro_inflate(inner, (const char *)inner->data, inner->length, unpacked));
    if (unpacked->length > container->unpacked_left)
        return weft_error_set(inner->error, WEFT_E_LIMIT,
                              "an Avro file unpacks to more than %zu bytes", UNPACKED_MAX);
    container->unpacked_left -= unpacked->length;
    container->values_left += (uint64_t)WEFT_AVRO_VALUES_PER_BYTE * unpacked->length;
    inner->data = (const unsigned char *)unpacked->data;
    inner->length = unpacked->length;
    return 0;
}

static int block_read(struct container *container, struct weft_avro_file *file,
                      weft_avro_record_fn *fn, void *arg)
{
    struct weft_avro_cursor *outer = &container->cursor;
    int64_t count, size;
    const char *data, *sync;
    WEFT_TRY(weft_avro_take_long(outer, &count));
    WEFT_TRY(weft_avro_take_long(outer, &size));
    struct weft_avro_cursor inner = *outer;
    WEFT_TRY(weft_avro_take_bytes(outer, size, &data));
    WEFT_TRY(weft_avro_take_bytes(outer, 16, &sync));
    if (count < 0 || memcmp(sync, container->sync, 16) != 0)
        return weft_avro_wrong(outer, "a block does not end with the file's marker");
    if ((size_t)size > UNPACKED_MAX)
        return weft_error_set(outer->error, WEFT_E_LIMIT,
                              "a block of an Avro file is larger than %zu bytes", UNPACKED_MAX);
    inner.base += inner.at;
    inner.at = 0;
    inner.data = (const unsigned char *)data;
    inner.length = (size_t)size;
    struct weft_buf unpacked;
    weft_buf_init(&unpacked, container->unpacked_left + INFLATE_STEP);
    int rc = 0;
    if (container->codec == WEFT_AVRO_DEFLATE)
        rc = block_unpack(container, &inner, &unpacked);
    if (rc == 0)
        rc = records_read(container, &inner, count, fn, arg);
    weft_buf_release(&unpacked);
    if (rc == 0)
        file->records += count;
    return rc;
}

int weft_avro_read(struct weft_arena *arena, const void *data, size_t length,
                   struct weft_avro_file *file, weft_avro_record_fn *fn, void *arg,
                   struct weft_error *error)
{
    struct container container = {
        .cursor = {.data = data, .length = length, .arena = arena, .error = error},
        .values_left = WEFT_AVRO_VALUES_FREE + (uint64_t)WEFT_AVRO_VALUES_PER_BYTE * length,
        .unpacked_left = UNPACKED_MAX};
    container.cursor.values_left = &container.values_left;
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
    if (field_id < 0) /* fields without an id have -1 */
        return NULL;
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

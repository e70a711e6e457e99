/*
 * avro_json.c - see avro_json.h: the container, block by block.
 *
 * Bytes are kept until a whole block is there; then it is unpacked, and its records are written one
 * by one. What each of them says is in avro_value.c.
 */
#include "codec/avro_json.h"

#include "base/text.h"
#include "codec/avro_internal.h"
#include "codec/json.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define BLOCK_MAX ((size_t)256 << 20)
#define HEAD_MAX ((size_t)16 << 20)
#define RECORD_MAX ((size_t)256 << 20)
#define SCHEMA_MEMORY ((size_t)64 << 20)
#define NEED_MORE 1

enum codec { CODEC_NULL, CODEC_DEFLATE, CODEC_SNAPPY, CODEC_ZSTD };

struct avro_decoder {
    struct weft_decoder base; /* first */
    struct weft_arena *arena; /* of the schema */
    const struct weft_avro_schema *schema;
    enum codec codec;
    char sync[16];
    bool headed;
    struct weft_buf held; /* bytes that are not used yet, from `at` on */
    size_t at;
    size_t wanted; /* no need to look before so many are there */
    size_t before; /* bytes of the file before held */
    struct weft_buf unpacked;
    struct weft_avro_cursor records; /* of the present block */
    int64_t records_left;
    uint64_t values_left;
    struct weft_buf line;
    size_t line_at;
};

/* The cursor's errors are of stored state; here it is somebody's file. */
static int failed(struct weft_error *error)
{
    if (error != NULL && error->code == WEFT_E_CORRUPT)
        error->code = WEFT_E_INPUT;
    return -1;
}

static int refuse(struct weft_error *error, const char *what)
{
    return weft_error_set(error, WEFT_E_INPUT, "%s", what);
}

/* ---- the head ---- */

static int no_avro(const char *data, size_t length, struct weft_error *error)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *what;
    } others[] = {{"PAR1", 4, "no Avro file: it is Parquet"},
                  {"PK\x03\x04", 4, "no Avro file: it is a zip archive"},
                  {"ORC", 3, "no Avro file: it is ORC"},
                  {"{", 1, "no Avro file: it looks like JSON"}};
    for (size_t i = 0; i < WEFT_COUNT(others); i++) {
        if (length >= others[i].length && memcmp(data, others[i].bytes, others[i].length) == 0)
            return refuse(error, others[i].what);
    }
    return refuse(error,
                  length == 0 ? "empty: no Avro file" : "no Avro file: it does not begin as one");
}

static int codec_take(struct avro_decoder *decoder, struct weft_str value, struct weft_error *error)
{
    static const struct {
        const char *name;
        enum codec codec;
    } codecs[] = {{"null", CODEC_NULL},
                  {"deflate", CODEC_DEFLATE},
                  {"snappy", CODEC_SNAPPY},
                  {"zstandard", CODEC_ZSTD}};
    for (size_t i = 0; i < WEFT_COUNT(codecs); i++) {
        if (weft_str_is(value, codecs[i].name)) {
            decoder->codec = codecs[i].codec;
            return 0;
        }
    }
    return weft_error_set(error, WEFT_E_INPUT,
                          "packed by `%.*s`, which cannot be read yet (null, deflate, snappy and "
                          "zstandard can)",
                          (int)WEFT_MIN(value.length, 40), value.data);
}

static int text_take(struct weft_avro_cursor *cursor, struct weft_str *out)
{
    int64_t length;
    WEFT_TRY(weft_avro_take_long(cursor, &length));
    WEFT_TRY(weft_avro_take_bytes(cursor, length, &out->data));
    out->length = (size_t)length;
    return 0;
}

struct head {
    struct weft_str schema;
    struct weft_str codec;
    const char *sync;
};

static int head_take(struct weft_avro_cursor *cursor, struct head *head)
{
    const char *magic;
    int64_t count = 1, size;
    WEFT_TRY(weft_avro_take_bytes(cursor, 4, &magic));
    while (count != 0) {
        WEFT_TRY(weft_avro_take_long(cursor, &count));
        if (count == INT64_MIN)
            return weft_avro_wrong(cursor, "a block's count is wrong");
        if (count < 0) {
            WEFT_TRY(weft_avro_take_long(cursor, &size));
            count = -count;
        }
        for (int64_t i = 0; i < count; i++) {
            struct weft_str key, value;
            WEFT_TRY(text_take(cursor, &key));
            WEFT_TRY(text_take(cursor, &value));
            if (weft_str_is(key, "avro.schema"))
                head->schema = value;
            else if (weft_str_is(key, "avro.codec"))
                head->codec = value;
        }
    }
    return weft_avro_take_bytes(cursor, 16, &head->sync);
}

static int names_check(const struct weft_avro_schema *schema, struct weft_error *error)
{
    if (schema->type != WEFT_AVRO_T_RECORD)
        return refuse(error, "its rows are no records, so it has no columns");
    for (size_t i = 0; i < schema->count; i++) {
        for (size_t k = 0; k < i && schema->count <= 10000; k++) {
            if (strcmp(schema->fields[i].name, schema->fields[k].name) == 0)
                return weft_error_set(error, WEFT_E_INPUT, "it has the field \"%.100s\" twice",
                                      schema->fields[i].name);
        }
    }
    return schema->count <= 10000 ? 0 : refuse(error, "it has more than 10,000 fields");
}

/* Looked at again when twice as much is there. */
static int head_read(struct avro_decoder *decoder, bool last, struct weft_error *error)
{
    struct weft_error why = WEFT_ERROR_INIT;
    struct head head = {0};
    struct weft_avro_cursor cursor = {.data = (const unsigned char *)decoder->held.data,
                                      .length = decoder->held.length,
                                      .error = &why};
    size_t magic = WEFT_MIN(cursor.length, 4);
    if ((last && magic < 4) || memcmp(cursor.data, "Obj\x01", magic) != 0)
        return no_avro(decoder->held.data, decoder->held.length, error);
    if (head_take(&cursor, &head) < 0) {
        if (!last && cursor.length < HEAD_MAX) {
            decoder->wanted = cursor.length * 2 + 1;
            return NEED_MORE;
        }
        return refuse(error, last ? "damaged, or cut off within its head" : "its head is damaged");
    }
    if (head.schema.data == NULL)
        return refuse(error, "damaged: it has no schema");
    WEFT_TRY(weft_avro_schema_parse(decoder->arena, head.schema.data, head.schema.length,
                                    &decoder->schema, error));
    WEFT_TRY(names_check(decoder->schema, error));
    if (head.codec.data != NULL)
        WEFT_TRY(codec_take(decoder, head.codec, error));
    memcpy(decoder->sync, head.sync, sizeof decoder->sync);
    decoder->at = cursor.at;
    decoder->headed = true;
    decoder->wanted = 0;
    return 0;
}

/* ---- blocks ---- */

static int zstd_unpack(const char *packed, size_t length, struct weft_buf *out)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {packed, length, 0};
    size_t rc = 1;
    if (stream == NULL)
        return -1;
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27);
    while (rc != 0 && !ZSTD_isError(rc)) {
        char *room = weft_buf_room(out, 65536);
        if (room == NULL)
            break;
        ZSTD_outBuffer to = {room, 65536, 0};
        size_t before = in.pos;
        rc = ZSTD_decompressStream(stream, &to, &in);
        out->length += to.pos;
        if (rc != 0 && in.pos == before && to.pos == 0)
            break; /* it ends early */
    }
    ZSTD_freeDStream(stream);
    return rc == 0 && in.pos == length ? 0 : 1;
}

/* Behind snappy's bytes stands the checksum of the text, big-endian. */
static bool snappy_unpack(const char *packed, size_t length, struct weft_buf *out)
{
    if (length < 4 ||
        !weft_snappy_unpack((const unsigned char *)packed, length - 4, BLOCK_MAX, out))
        return false;
    const unsigned char *sum = (const unsigned char *)packed + length - 4;
    uint32_t want =
        (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];
    return out->failed || crc32_z(0, (const Bytef *)out->data, out->length) == want;
}

static int block_unpack(struct avro_decoder *decoder, const char *packed, size_t length,
                        struct weft_avro_cursor *cursor)
{
    struct weft_buf *out = &decoder->unpacked;
    bool good = true;
    weft_buf_clear(out);
    if (decoder->codec == CODEC_NULL)
        weft_buf_add(out, packed, length);
    else if (decoder->codec == CODEC_DEFLATE)
        WEFT_TRY(weft_avro_inflate(cursor, packed, length, out));
    else if (decoder->codec == CODEC_SNAPPY)
        good = snappy_unpack(packed, length, out);
    else
        good = zstd_unpack(packed, length, out) == 0;
    if (out->failed) {
        WEFT_TRY(weft_buf_check(out, cursor->error) < 0 && cursor->error->code == WEFT_E_LIMIT
                     ? refuse(cursor->error, "a block of it unpacks to more than 256 MB")
                     : -1);
    }
    return good ? 0 : weft_avro_wrong(cursor, "a packed block does not unpack");
}

/* A number that may not be there whole yet. */
static int long_try(struct weft_avro_cursor *cursor, bool last, int64_t *out)
{
    struct weft_error *told = cursor->error;
    struct weft_error why = WEFT_ERROR_INIT;
    size_t left = cursor->length - cursor->at;
    cursor->error = &why;
    int rc = weft_avro_take_long(cursor, out);
    cursor->error = told;
    if (rc == 0)
        return 0;
    if (!last && left < 10)
        return NEED_MORE;
    if (told != NULL)
        *told = why;
    return -1;
}

/* The next block, when it is there: 0, NEED_MORE, WEFT_END. */
static int block_read(struct avro_decoder *decoder, bool last, struct weft_error *error)
{
    struct weft_avro_cursor cursor = {.data =
                                          (const unsigned char *)decoder->held.data + decoder->at,
                                      .length = decoder->held.length - decoder->at,
                                      .base = decoder->before + decoder->at,
                                      .error = error};
    int64_t count = 0, size = 0;
    const char *data, *sync;
    if (cursor.length == 0)
        return last ? WEFT_END : NEED_MORE;
    int rc = long_try(&cursor, last, &count);
    if (rc == 0)
        rc = long_try(&cursor, last, &size);
    if (rc != 0)
        return rc;
    if (count < 0 || size < 0 || (uint64_t)size > BLOCK_MAX)
        return weft_avro_wrong(&cursor, "a block's size is wrong, or more than 256 MB");
    if ((size_t)size + 16 > cursor.length - cursor.at && !last) {
        decoder->wanted = decoder->at + cursor.at + (size_t)size + 16;
        return NEED_MORE;
    }
    WEFT_TRY(weft_avro_take_bytes(&cursor, size, &data));
    size_t begin = cursor.base + cursor.at - (size_t)size;
    WEFT_TRY(weft_avro_take_bytes(&cursor, 16, &sync));
    if (memcmp(sync, decoder->sync, 16) != 0)
        return weft_avro_wrong(&cursor, "a block does not end with the file's marker");
    WEFT_TRY(block_unpack(decoder, data, (size_t)size, &cursor));
    decoder->at += cursor.at;
    decoder->wanted = 0;
    decoder->values_left += WEFT_AVRO_VALUES_PER_BYTE * (uint64_t)decoder->unpacked.length;
    decoder->records_left = count;
    decoder->records =
        (struct weft_avro_cursor){.data = (const unsigned char *)decoder->unpacked.data,
                                  .length = decoder->unpacked.length,
                                  .base = begin,
                                  .error = error,
                                  .values_left = &decoder->values_left};
    return 0;
}

/* ---- the decoder ---- */

static int held_add(struct avro_decoder *decoder, const char *data, size_t length,
                    struct weft_error *error)
{
    if (decoder->at > 0) {
        size_t left = decoder->held.length - decoder->at;
        memmove(decoder->held.data, decoder->held.data + decoder->at, left);
        weft_buf_shrink(&decoder->held, left);
        decoder->before += decoder->at;
        decoder->wanted -= WEFT_MIN(decoder->wanted, decoder->at);
        decoder->at = 0;
    }
    weft_buf_add(&decoder->held, data, length);
    return weft_buf_check(&decoder->held, error);
}

static int record_next(struct avro_decoder *decoder, struct weft_error *error)
{
    struct weft_json_writer writer;
    weft_buf_clear(&decoder->line);
    decoder->line_at = 0;
    decoder->records.error = error;
    weft_json_writer_init(&writer, &decoder->line);
    WEFT_TRY(weft_avro_value_write(&decoder->records, decoder->schema, 0, &writer));
    weft_buf_addc(&decoder->line, '\n');
    if (decoder->line.failed)
        return weft_buf_check(&decoder->line, error) < 0 && error != NULL &&
                       error->code == WEFT_E_LIMIT
                   ? refuse(error, "a record of it is larger than 256 MB")
                   : -1;
    if (--decoder->records_left > 0 || decoder->records.at == decoder->records.length)
        return 0;
    return weft_avro_wrong(&decoder->records, "a block has bytes left over");
}

static size_t line_give(struct avro_decoder *decoder, char *out, size_t length)
{
    size_t size = WEFT_MIN(length, decoder->line.length - decoder->line_at);
    if (size > 0)
        memcpy(out, decoder->line.data + decoder->line_at, size);
    decoder->line_at += size;
    return size;
}

/* 0: go on; NEED_MORE; WEFT_END. */
static int advance(struct avro_decoder *decoder, bool last, struct weft_error *error)
{
    if (decoder->records_left > 0)
        return record_next(decoder, error);
    if (decoder->records.at != decoder->records.length) /* a block of no records */
        return weft_avro_wrong(&decoder->records, "a block has bytes left over");
    if (!last && decoder->held.length < decoder->wanted)
        return NEED_MORE;
    return decoder->headed ? block_read(decoder, last, error) : head_read(decoder, last, error);
}

static int decoder_step(struct weft_decoder *base, struct weft_decode_io *io,
                        struct weft_error *error)
{
    struct avro_decoder *decoder = (struct avro_decoder *)(void *)base;
    io->used = 0;
    io->done = 0;
    decoder->records.error = error;
    if (io->in_length > 0) {
        WEFT_TRY(held_add(decoder, io->in, io->in_length, error));
        io->used = io->in_length;
    }
    for (;;) {
        io->done += line_give(decoder, io->out + io->done, io->out_length - io->done);
        if (io->done == io->out_length)
            return 0;
        int rc = advance(decoder, io->last, error);
        if (rc < 0)
            return failed(error);
        if (rc > 0)
            return 0;
    }
}

static void decoder_free(struct weft_decoder *base)
{
    struct avro_decoder *decoder = (struct avro_decoder *)(void *)base;
    weft_buf_release(&decoder->held);
    weft_buf_release(&decoder->unpacked);
    weft_buf_release(&decoder->line);
    weft_arena_free(decoder->arena);
    weft_free(decoder);
}

int weft_avro_decoder_new(struct weft_decoder **out, struct weft_error *error)
{
    struct avro_decoder *decoder = weft_alloc(sizeof *decoder);
    if (decoder == NULL)
        return weft_error_nomem(error);
    decoder->base = (struct weft_decoder){.step = decoder_step, .free = decoder_free};
    decoder->values_left = WEFT_AVRO_VALUES_FREE;
    weft_buf_init(&decoder->held, BLOCK_MAX + ((size_t)4 << 20));
    weft_buf_init(&decoder->unpacked, BLOCK_MAX + 65536);
    weft_buf_init(&decoder->line, RECORD_MAX);
    decoder->arena = weft_arena_new(SCHEMA_MEMORY);
    if (decoder->arena == NULL) {
        decoder_free(&decoder->base);
        return weft_error_nomem(error);
    }
    *out = &decoder->base;
    return 0;
}

int weft_avro_decoder_columns(const struct weft_decoder *base, struct weft_arena *arena,
                              const struct weft_avro_column **out, size_t *count,
                              struct weft_error *error)
{
    const struct avro_decoder *decoder = (const struct avro_decoder *)(const void *)base;
    size_t fields = decoder->headed ? decoder->schema->count : 0;
    struct weft_avro_column *columns = weft_arena_array(arena, fields + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < fields; i++) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
        weft_buf_init(&type, 1 << 20);
        if (!weft_avro_type_print(decoder->schema->fields[i].schema, 0, &type) || type.failed) {
            weft_buf_release(&type);
            weft_buf_init(&type, 1 << 20);
            weft_buf_adds(&type, "json");
        }
        WEFT_TRY(weft_buf_check(&type, error));
        columns[i].name = weft_arena_strdup(arena, decoder->schema->fields[i].name);
        columns[i].type = weft_arena_strdup(arena, type.data);
        if (columns[i].name == NULL || columns[i].type == NULL)
            return weft_error_nomem(error);
    }
    *out = columns;
    *count = fields;
    return 0;
}

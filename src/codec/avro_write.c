/*
 * avro_write.c - writes object container files (avro.h). Blocks are closed at 64 KB.
 */
#include "base/random.h"
#include "codec/avro.h"

#include <string.h>
#include <zlib.h>

#define BLOCK_BYTES ((size_t)64 * 1024)
#define BLOCK_MAX ((size_t)1 << 30)

static void long_add(struct weft_buf *out, int64_t value)
{
    uint64_t bits = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    unsigned char bytes[10];
    size_t count = 0;
    while (bits >= 0x80) {
        bytes[count++] = (unsigned char)(bits | 0x80);
        bits >>= 7;
    }
    bytes[count++] = (unsigned char)bits;
    weft_buf_add(out, bytes, count);
}

static void text_add(struct weft_buf *out, const char *text)
{
    size_t length = strlen(text);
    long_add(out, (int64_t)length);
    weft_buf_add(out, text, length);
}

int weft_avro_writer_init(struct weft_avro_writer *writer, struct weft_buf *out, const char *schema,
                          const struct weft_avro_meta *meta, size_t meta_count,
                          enum weft_avro_codec codec, struct weft_error *error)
{
    *writer = (struct weft_avro_writer){.out = out, .codec = codec};
    weft_buf_init(&writer->block, BLOCK_MAX);
    WEFT_TRY(weft_random_bytes(writer->sync, sizeof writer->sync, error));
    weft_buf_add(out, "Obj\x01", 4);
    long_add(out, (int64_t)meta_count + 2);
    text_add(out, "avro.schema");
    text_add(out, schema);
    /* Always written: readers refuse a file that leaves it out. */
    text_add(out, "avro.codec");
    text_add(out, codec == WEFT_AVRO_DEFLATE ? "deflate" : "null");
    for (size_t i = 0; i < meta_count; i++) {
        text_add(out, meta[i].key);
        text_add(out, meta[i].value);
    }
    long_add(out, 0);
    weft_buf_add(out, writer->sync, sizeof writer->sync);
    return weft_buf_check(out, error);
}

void weft_avro_writer_release(struct weft_avro_writer *writer)
{
    if (writer->out != NULL)
        weft_buf_release(&writer->block);
}

void weft_avro_put_boolean(struct weft_avro_writer *writer, bool value)
{
    weft_buf_addc(&writer->block, value ? 1 : 0);
}

void weft_avro_put_long(struct weft_avro_writer *writer, int64_t value)
{
    long_add(&writer->block, value);
}

void weft_avro_put_double(struct weft_avro_writer *writer, double value)
{
    weft_buf_add(&writer->block, &value, sizeof value); /* little-endian, as x86-64 is */
}

void weft_avro_put_bytes(struct weft_avro_writer *writer, const void *data, size_t length)
{
    long_add(&writer->block, (int64_t)length);
    weft_buf_add(&writer->block, data, length);
}

void weft_avro_put_text(struct weft_avro_writer *writer, const char *text)
{
    text_add(&writer->block, text);
}

void weft_avro_put_fixed(struct weft_avro_writer *writer, const void *data, size_t length)
{
    weft_buf_add(&writer->block, data, length);
}

void weft_avro_put_branch(struct weft_avro_writer *writer, int branch)
{
    long_add(&writer->block, branch);
}

void weft_avro_begin_items(struct weft_avro_writer *writer, int64_t count)
{
    if (count > 0)
        long_add(&writer->block, count);
}

void weft_avro_end_items(struct weft_avro_writer *writer, int64_t count)
{
    (void)count;
    long_add(&writer->block, 0);
}

static void *deflate_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return weft_alloc_array(count, size);
}

static void deflate_free(void *opaque, void *pointer)
{
    (void)opaque;
    weft_free(pointer);
}

/* Raw deflate, without head and checksum, as Avro wants. */
static int deflated_add(struct weft_buf *out, const struct weft_buf *block)
{
    z_stream stream = {.zalloc = deflate_alloc, .zfree = deflate_free};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return -1;
    struct weft_buf packed;
    weft_buf_init(&packed, BLOCK_MAX);
    uLong bound = deflateBound(&stream, (uLong)block->length);
    char *room = weft_buf_room(&packed, bound);
    int rc = -1;
    if (room != NULL) {
        stream.next_in = (Bytef *)(uintptr_t)block->data;
        stream.avail_in = (uInt)block->length;
        stream.next_out = (Bytef *)room;
        stream.avail_out = (uInt)bound;
        if (deflate(&stream, Z_FINISH) == Z_STREAM_END) {
            long_add(out, (int64_t)stream.total_out);
            weft_buf_add(out, room, stream.total_out);
            rc = 0;
        }
    }
    deflateEnd(&stream);
    weft_buf_release(&packed);
    return rc;
}

static void block_end(struct weft_avro_writer *writer)
{
    if (writer->block_records == 0)
        return;
    long_add(writer->out, writer->block_records);
    if (writer->codec == WEFT_AVRO_DEFLATE) {
        writer->failed = writer->failed || deflated_add(writer->out, &writer->block) < 0;
    } else {
        long_add(writer->out, (int64_t)writer->block.length);
        weft_buf_add(writer->out, writer->block.data, writer->block.length);
    }
    weft_buf_add(writer->out, writer->sync, sizeof writer->sync);
    writer->failed = writer->failed || writer->block.failed;
    weft_buf_clear(&writer->block);
    writer->block_records = 0;
}

void weft_avro_end_record(struct weft_avro_writer *writer)
{
    writer->block_records++;
    writer->records++;
    if (writer->block.length >= BLOCK_BYTES)
        block_end(writer);
}

int weft_avro_writer_end(struct weft_avro_writer *writer, struct weft_error *error)
{
    block_end(writer);
    if (writer->failed)
        return weft_error_nomem(error);
    return weft_buf_check(writer->out, error);
}

/*
 * avro_fuzz.c - bytes as a whole file, or, when they do not begin as one, as the block of a file
 * whose schema has every type: no crash, no hang, every byte of every value can be read, and the
 * records are as many as the file says.
 */
#include "codec/avro.h"

#include <stdlib.h>
#include <string.h>

static const char everything[] =
    "{\"type\":\"record\",\"name\":\"all\",\"fields\":["
    "{\"name\":\"u\",\"type\":[\"null\",\"boolean\",\"int\",\"long\",\"float\",\"double\","
    "\"bytes\","
    "\"string\",{\"type\":\"fixed\",\"name\":\"f\",\"size\":3},"
    "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\"]},"
    "{\"type\":\"array\",\"items\":\"all\"},{\"type\":\"map\",\"values\":\"all\"},"
    "{\"type\":\"array\",\"items\":\"null\"},{\"type\":\"record\",\"name\":\"r\",\"fields\":["
    "{\"name\":\"a\",\"type\":\"all\",\"field-id\":1},{\"name\":\"b\",\"type\":\"all\"}]}]}]}";

static uint64_t value_sum(const struct weft_avro_value *value)
{
    uint64_t sum = (uint64_t)value->number;
    for (size_t i = 0; i < value->bytes.length; i++)
        sum += (unsigned char)value->bytes.data[i];
    if (value->bytes.data != NULL && value->bytes.data[value->bytes.length] != 0)
        abort();
    if (value->kind == WEFT_AVRO_IS_MAP && value->count % 2 != 0)
        abort();
    for (size_t i = 0; i < value->count; i++) {
        sum += value_sum(&value->items[i]);
        if (value->kind == WEFT_AVRO_IS_RECORD &&
            weft_avro_get(value, value->fields[i].name) == NULL)
            abort();
    }
    return sum;
}

static int count_record(void *arg, const struct weft_avro_value *record, struct weft_error *error)
{
    static volatile uint64_t sink;
    (void)error;
    (*(int64_t *)arg)++;
    sink = sink + value_sum(record);
    return 0;
}

static void read_file(const char *data, size_t length)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_arena *arena = weft_arena_new((size_t)256 << 20);
    struct weft_avro_file file;
    int64_t records = 0;
    if (arena == NULL)
        abort();
    int rc = weft_avro_read(arena, data, length, &file, count_record, &records, &error);
    if (rc < 0 ? error.code == WEFT_E_NONE : records != file.records)
        abort();
    weft_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 65536)
        return 0;
    if (size >= 4 && memcmp(data, "Obj\x01", 4) == 0) {
        read_file((const char *)data, size);
        return 0;
    }
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_avro_writer writer;
    struct weft_buf out;
    weft_buf_init(&out, 1 << 20);
    if (size == 0 ||
        weft_avro_writer_init(&writer, &out, everything, NULL, 0,
                              data[0] & 1 ? WEFT_AVRO_DEFLATE : WEFT_AVRO_NULL, &error) < 0)
        return 0;
    weft_avro_put_fixed(&writer, data + 1, size - 1);
    writer.block_records = data[0] >> 1;
    if (weft_avro_writer_end(&writer, &error) < 0)
        abort();
    weft_avro_writer_release(&writer);
    read_file(out.data, out.length);
    weft_buf_release(&out);
    return 0;
}

/*
 * avro_json_fuzz.c - data files of Avro as lines of JSON (avro_json.h), given in two sizes of
 * pieces: the same text or the same failure, and every line is JSON. The first byte chooses: raw
 * snappy, or a file.
 */
#include "codec/avro_internal.h"
#include "codec/avro_json.h"
#include "codec/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX ((size_t)4 << 20)

static int decode(const char *data, size_t length, size_t piece, struct weft_buf *out,
                  struct weft_error *error)
{
    struct weft_decoder *decoder = NULL;
    size_t given = 0, used = 0;
    int rc = 0;
    if (weft_avro_decoder_new(&decoder, error) < 0)
        abort();
    while (out->length < TEXT_MAX) {
        given = given + piece < length ? given + piece : length;
        char *room = weft_buf_room(out, WEFT_DECODE_OUT);
        if (room == NULL)
            break;
        struct weft_decode_io io = {.in = data + used,
                                    .in_length = given - used,
                                    .last = given == length,
                                    .out = room,
                                    .out_length = WEFT_DECODE_OUT};
        rc = decoder->step(decoder, &io, error);
        if (rc < 0)
            break;
        out->length += io.done;
        used += io.used;
        if (io.last && io.used == 0 && io.done == 0)
            break;
    }
    decoder->free(decoder);
    return rc;
}

static void lines_check(const struct weft_buf *text)
{
    const char *end = text->data + text->length;
    for (const char *at = text->data; at < end;) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        yyjson_doc *doc = NULL;
        struct weft_error error = WEFT_ERROR_INIT;
        if (line == NULL)
            return; /* cut by the limit, or by a failure */
        if (*at != '{')
            abort();
        if (weft_json_parse(at, (size_t)(line - at), WEFT_JSON_DEEP, &doc, &error) < 0)
            abort();
        weft_json_freep(&doc);
        at = line + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error first = WEFT_ERROR_INIT, second = WEFT_ERROR_INIT;
    struct weft_buf text, other;
    if (size > 65536)
        return 0;
    weft_buf_init(&text, TEXT_MAX * 2);
    if (size > 0 && data[0] == 'S') {
        (void)weft_snappy_unpack(data + 1, size - 1, 1 << 20, &text);
        weft_buf_release(&text);
        return 0;
    }
    weft_buf_init(&other, TEXT_MAX * 2);
    int rc = decode((const char *)data, size, 37, &text, &first);
    int again = decode((const char *)data, size, 1 << 20, &other, &second);
    if ((rc < 0 && first.code != WEFT_E_INPUT && first.code != WEFT_E_NOMEM) || rc != again)
        abort();
    if (rc == 0 && text.length < TEXT_MAX && other.length < TEXT_MAX &&
        (text.length != other.length || memcmp(text.data, other.data, text.length) != 0))
        abort();
    lines_check(&other);
    weft_buf_release(&text);
    weft_buf_release(&other);
    return 0;
}

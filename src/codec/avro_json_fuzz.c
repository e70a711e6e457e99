/*
 * avro_json_fuzz.c - data files of Avro as lines of JSON (avro_json.h), given in two sizes of
 * pieces: the same text or the same failure, and every line is JSON. The first byte chooses: raw
 * snappy, or a file.
 */
#include "codec/avro_internal.h"
#include "codec/avro_json.h"
#include "codec/decode_internal.h"
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
    if (weft_avro_decoder_new(&decoder, error) < 0)
        abort();
    return decode_pieces(decoder, data, length, piece, TEXT_MAX, out, NULL, error);
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

/*
 * encoding_fuzz.c - any bytes through the decoders, whole and in pieces: the same text and verdict,
 * valid UTF-8 in every case, and of utf-16 the same bytes when it is written back. The first byte
 * chooses the encoding, the second the pieces.
 */
#include "base/mem.h"
#include "base/text.h"
#include "codec/decode_internal.h"
#include "codec/encoding.h"

#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

struct text {
    struct weft_buf buf;
    int verdict;
    size_t used;
};

static void decode(enum weft_encoding encoding, const char *data, size_t length, size_t piece,
                   struct text *out)
{
    struct weft_decoder *decoder = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    CHECK(weft_encoding_decoder(encoding, &decoder, &error) == 0 && decoder != NULL);
    weft_buf_init(&out->buf, SIZE_MAX / 2);
    out->verdict =
        decode_pieces(decoder, data, length, piece, SIZE_MAX, &out->buf, &out->used, &error);
    CHECK(out->verdict == 0 || error.code == WEFT_E_INPUT);
}

/* Character by character back to where it came from. */
static void wide_back(const char *data, size_t length, const struct text *text)
{
    bool mark =
        length >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0);
    bool big = length >= 2 && (mark ? data[0] == '\xfe' : data[0] == '\0');
    size_t at = mark ? 2 : 0;
    for (size_t i = 0; i < text->buf.length;) {
        unsigned char c = (unsigned char)text->buf.data[i];
        int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        uint32_t code = more == 0 ? c : c & (0x3fu >> more);
        for (i++; more > 0; more--, i++)
            code = code << 6 | ((unsigned char)text->buf.data[i] & 0x3f);
        uint32_t units[2] = {code, 0};
        int count = 1;
        if (code >= 0x10000) {
            units[0] = 0xd800 + ((code - 0x10000) >> 10);
            units[1] = 0xdc00 + ((code - 0x10000) & 0x3ff);
            count = 2;
        }
        for (int k = 0; k < count; k++, at += 2) {
            CHECK(at + 2 <= length);
            unsigned char high = (unsigned char)data[at + !big];
            unsigned char low = (unsigned char)data[at + big];
            CHECK(units[k] == ((uint32_t)high << 8 | low));
        }
    }
    CHECK(at == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const enum weft_encoding encodings[] = {WEFT_ENCODING_UTF_16, WEFT_ENCODING_LATIN_1,
                                                   WEFT_ENCODING_WINDOWS_1252};
    struct text whole, parts;
    if (length < 2 || length > 100000)
        return 0;
    enum weft_encoding encoding = encodings[bytes[0] % 3];
    char *data = malloc(length);
    memcpy(data, bytes + 2, length - 2);
    decode(encoding, data, length - 2, 0, &whole);
    decode(encoding, data, length - 2, 1 + bytes[1] % 7, &parts);
    CHECK(whole.verdict == parts.verdict && whole.used == parts.used);
    if (whole.verdict == 0) {
        CHECK(whole.buf.length == parts.buf.length);
        CHECK(whole.buf.length == 0 ||
              memcmp(whole.buf.data, parts.buf.data, whole.buf.length) == 0);
        CHECK(weft_utf8_valid(whole.buf.data, whole.buf.length) == whole.buf.length);
        if (encoding == WEFT_ENCODING_UTF_16)
            wide_back(data, length - 2, &whole);
    }
    weft_buf_release(&whole.buf);
    weft_buf_release(&parts.buf);
    free(data);
    return 0;
}

/*
 * source_fuzz.c - an input file of any bytes, or packed from them and then damaged: whatever the
 * size of the pieces read, text and verdict are the same; what was packed comes out as it went in
 * or is refused; the hash is that of the bytes on disk. With a decoder behind it the text is what
 * the decoder alone makes of what was packed. The first byte chooses (bits 3, 4 the decoder), the
 * second is the piece, the third and fourth the place of the damage.
 */
#include "base/mem.h"
#include "codec/avro_json.h"
#include "codec/decode_internal.h"
#include "codec/encoding.h"
#include "codec/source.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define TEXT_MAX ((size_t)128 << 10)

struct text {
    char *data;
    size_t length;
    int verdict;
    bool compressed;
    struct weft_error error;
};

/* Of the input at hand. */
static enum { AS_IT_IS, LATIN_1, UTF_16, AVRO } decoding;

static struct weft_decoder *decoder_new(void)
{
    struct weft_decoder *decoder = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    int rc = 0;
    if (decoding == AVRO)
        rc = weft_avro_decoder_new(&decoder, &error);
    else if (decoding != AS_IT_IS)
        rc = weft_encoding_decoder(
            decoding == UTF_16 ? WEFT_ENCODING_UTF_16 : WEFT_ENCODING_LATIN_1, &decoder, &error);
    if (rc < 0)
        abort();
    return decoder;
}

static void read_all(const char *path, size_t piece, const uint8_t *file, size_t size,
                     struct text *out)
{
    struct weft_source *source = NULL;
    struct weft_fs_identity identity;
    char hash[WEFT_SHA256_HEX], expected[WEFT_SHA256_HEX];
    size_t got = 1;
    *out = (struct text){.data = malloc(TEXT_MAX + piece), .error = WEFT_ERROR_INIT};
    out->verdict = weft_source_open(path, "f", TEXT_MAX, &source, &out->error);
    if (out->verdict == 0)
        out->verdict = weft_source_decode(source, decoder_new(), &out->error);
    while (out->verdict == 0 && got > 0) {
        out->verdict = weft_source_read(source, out->data + out->length, piece, &got, &out->error);
        if (out->verdict == 0)
            out->length += got;
        if (got > piece || weft_source_bytes(source) > (int64_t)size)
            abort();
    }
    if (out->verdict == 0) {
        if (weft_source_finish(source, hash, &identity, &out->error) < 0 ||
            weft_sha256_hex(file, size, expected, &out->error) < 0 || strcmp(hash, expected) != 0 ||
            identity.size != (int64_t)size)
            abort();
    } else if (out->error.code != WEFT_E_INPUT &&
               (decoding != AVRO || out->error.code != WEFT_E_NOMEM)) {
        abort();
    }
    out->compressed = source != NULL && weft_source_compressed(source);
    weft_source_close(source);
}

/* The bytes as one gzip member or one zstd frame with a checksum. */
static size_t packed(bool gzip, const uint8_t *data, size_t size, uint8_t *out, size_t room)
{
    if (gzip) {
        z_stream stream = {0};
        if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            abort();
        stream.next_in = (Bytef *)(uintptr_t)data;
        stream.avail_in = (uInt)size;
        stream.next_out = out;
        stream.avail_out = (uInt)room;
        if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
            abort();
        deflateEnd(&stream);
        return room - stream.avail_out;
    }
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t length = ZSTD_compress2(context, out, room, data, size);
    ZSTD_freeCCtx(context);
    if (ZSTD_isError(length))
        abort();
    return length;
}

/* True for a refused file too. */
static bool same(const struct text *text, const uint8_t *data, size_t length)
{
    return text->verdict != 0 ||
           (text->length == length && (length == 0 || memcmp(text->data, data, length) == 0));
}

/* What is read: perhaps, if the decoder takes it, or nothing in any case. */
enum whether { MAY, MUST, MUST_NOT };

/* The text is what the decoder makes of `raw`, or there is none. */
static void text_check(const struct text *text, const uint8_t *raw, size_t length,
                       enum whether whether)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf wanted;
    struct weft_decoder *decoder = decoder_new();
    int rc = 0;
    weft_buf_init(&wanted, SIZE_MAX / 2);
    if (decoder != NULL)
        rc = decode_pieces(decoder, (const char *)raw, length, 0, TEXT_MAX, &wanted, NULL, &error);
    else
        weft_buf_add(&wanted, (const char *)raw, length);
    if (rc < 0 && text->verdict == 0)
        abort();
    if (rc == 0 && wanted.length < TEXT_MAX &&
        ((whether == MUST && text->verdict != 0) ||
         !same(text, (uint8_t *)wanted.data, wanted.length)))
        abort();
    weft_buf_release(&wanted);
}

/* raw: what was packed; NULL = nothing is known of it. */
static void check(const uint8_t *file, size_t size, size_t piece, const uint8_t *raw,
                  size_t raw_length, enum whether whether)
{
    char path[64];
    struct text whole, parts;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, file, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_all(path, TEXT_MAX, file, size, &whole);
    read_all(path, piece, file, size, &parts);
    /* libzstd compares a frame's announced length with the text only when all of it fits at once,
     * or the last block is not empty: a frame that lies there is taken or refused as the pieces
     * fall, but never gives another text. */
    bool zstd = size >= 4 && memcmp(file, "\x28\xb5\x2f\xfd", 4) == 0;
    if (whole.verdict != parts.verdict && !zstd)
        abort();
    if (whole.verdict == 0 && parts.verdict == 0 &&
        !same(&whole, (uint8_t *)parts.data, parts.length))
        abort();
    if (whether == MUST_NOT && (whole.verdict == 0 || parts.verdict == 0))
        abort();
    if (raw == NULL && !whole.compressed) {
        raw = file;
        raw_length = size;
        whether = MUST;
    }
    if (raw != NULL) {
        text_check(&whole, raw, raw_length, whether);
        text_check(&parts, raw, raw_length, whether);
    }
    free(whole.data);
    free(parts.data);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length < 4 || length > 20000)
        return 0;
    const uint8_t *data = bytes + 4;
    size_t size = length - 4, piece = bytes[1] + 1U, room = compressBound(size) + 1024;
    size_t at = bytes[2] * 256U + bytes[3];
    bool gzip = (bytes[0] & 4) != 0;
    decoding = bytes[0] >> 3 & 3;
    uint8_t *file = malloc(2 * room);
    size_t packed_size = packed(gzip, data, size, file, room);
    switch (bytes[0] & 3) {
    case 0: /* any bytes */
        check(data, size, piece, NULL, 0, MAY);
        break;
    case 1: { /* two members or frames are one text */
        uint8_t *twice = malloc(2 * size + 1);
        size_t more = packed((bytes[0] & 4) != 0, data, size, file + packed_size, room);
        memcpy(twice, data, size);
        memcpy(twice + size, data, size);
        check(file, packed_size + more, piece, twice, 2 * size, MUST);
        free(twice);
        break;
    }
    case 2: /* cut off */
        at %= packed_size;
        if (at >= 4)
            check(file, at, piece, data, size, MUST_NOT);
        break;
    default: /* one bit is wrong, behind what tells the kind */
        at = 4 + at % (packed_size - 4);
        file[at] ^= (uint8_t)(1 << (bytes[0] >> 5));
        check(file, packed_size, piece, data, size, MAY);
    }
    free(file);
    return 0;
}

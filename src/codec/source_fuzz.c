/*
 * source_fuzz.c - an input file of any bytes, or packed from them and then damaged: whatever the
 * size of the pieces read, text and verdict are the same; what was packed comes out as it went in
 * or is refused; the hash is that of the bytes on disk. The first byte chooses, the second is the
 * piece, the third and fourth the place of the damage.
 */
#include "base/mem.h"
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
    struct weft_error error;
};

static void read_all(const char *path, size_t piece, const uint8_t *file, size_t size,
                     struct text *out)
{
    struct weft_source *source = NULL;
    struct weft_fs_identity identity;
    char hash[WEFT_SHA256_HEX], expected[WEFT_SHA256_HEX];
    size_t got = 1;
    *out = (struct text){.data = malloc(TEXT_MAX + piece), .error = WEFT_ERROR_INIT};
    out->verdict = weft_source_open(path, "f", TEXT_MAX, &source, &out->error);
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
        if (!weft_source_compressed(source) &&
            (out->length != size || memcmp(out->data, file, size) != 0))
            abort();
    } else if (out->error.code != WEFT_E_INPUT) {
        abort();
    }
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
    return text->verdict != 0 || (text->length == length && memcmp(text->data, data, length) == 0);
}

static void check(const uint8_t *file, size_t size, size_t piece, const uint8_t *expected,
                  size_t expected_length, bool must)
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
    bool both = whole.verdict == 0 && parts.verdict == 0;
    if (both && !same(&whole, (uint8_t *)parts.data, parts.length))
        abort();
    if (must && !both)
        abort();
    if (expected != NULL &&
        (!same(&whole, expected, expected_length) || !same(&parts, expected, expected_length)))
        abort();
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
    uint8_t *file = malloc(2 * room);
    size_t packed_size = packed(gzip, data, size, file, room);
    switch (bytes[0] & 3) {
    case 0: /* any bytes */
        check(data, size, piece, NULL, 0, false);
        break;
    case 1: { /* two members or frames are one text */
        uint8_t *twice = malloc(2 * size + 1);
        size_t more = packed((bytes[0] & 4) != 0, data, size, file + packed_size, room);
        memcpy(twice, data, size);
        memcpy(twice + size, data, size);
        check(file, packed_size + more, piece, twice, 2 * size, true);
        free(twice);
        break;
    }
    case 2: /* cut off */
        at %= packed_size;
        if (at >= 4)
            check(file, at, piece, data, at == packed_size ? size : SIZE_MAX, false);
        break;
    default: /* one bit is wrong, behind what tells the kind */
        at = 4 + at % (packed_size - 4);
        file[at] ^= (uint8_t)(1 << (bytes[0] >> 5));
        check(file, packed_size, piece, data, size, false);
    }
    free(file);
    return 0;
}

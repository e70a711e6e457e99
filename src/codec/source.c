/*
 * source.c - see source.h. What tells one compression from another are the first bytes,
 * never the name. Damage is found here, because DuckDB does not look: the end mark, the checksum
 * and the length of each gzip member, the checksum of each zstd frame, and that nothing is cut off.
 */
#include "codec/source.h"

#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define SOURCE_IN ((size_t)1 << 17)
#define GZIP_FIRST 0x1f /* of each member */

enum source_kind { SOURCE_PLAIN, SOURCE_GZIP, SOURCE_ZSTD };

struct weft_source {
    const char *path;
    const char *shown;
    enum source_kind kind;
    int fd;
    struct weft_sha256 *hash;
    struct weft_fs_identity identity;
    int64_t bytes; /* from disk */
    int64_t text;  /* given out */
    int64_t text_max;
    bool ended;
    char *in;
    size_t in_length;
    size_t in_at;
    z_stream gzip;
    bool gzip_open;
    ZSTD_DStream *zstd;
    bool inside;                  /* of a member or frame: the end may not come */
    struct weft_decoder *decoder; /* NULL = the bytes are the text */
    char *raw;                    /* decompressed, not decoded */
    size_t raw_length;
    size_t raw_at;
    int64_t raw_before; /* bytes that lay before raw[0] */
    bool raw_ended;
    char *decoded;
    size_t decoded_length;
    size_t decoded_at;
};

static void *zlib_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return weft_alloc_array(count, size);
}

static void zlib_free(void *opaque, void *pointer)
{
    (void)opaque;
    weft_free(pointer);
}

void weft_source_close(struct weft_source *source)
{
    if (source == NULL)
        return;
    if (source->gzip_open)
        inflateEnd(&source->gzip);
    ZSTD_freeDStream(source->zstd);
    if (source->decoder != NULL)
        source->decoder->free(source->decoder);
    weft_free(source->raw);
    weft_free(source->decoded);
    weft_sha256_free(source->hash);
    weft_free(source->in);
    weft_fd_close(&source->fd);
    weft_free(source);
}

void weft_source_closep(struct weft_source **source)
{
    weft_source_close(*source);
    *source = NULL;
}

/* Reads from disk into `data`, and hashes. */
static int disk_read(struct weft_source *source, char *data, size_t length, size_t *got,
                     struct weft_error *error)
{
    WEFT_TRY(weft_fs_read(source->fd, data, length, got, source->path, error));
    weft_sha256_add(source->hash, data, *got);
    source->bytes += (int64_t)*got;
    return 0;
}

static int in_fill(struct weft_source *source, struct weft_error *error)
{
    if (source->in_at < source->in_length)
        return 0;
    source->in_at = 0;
    return disk_read(source, source->in, SOURCE_IN, &source->in_length, error);
}

static int source_begin(struct weft_source *source, struct weft_error *error)
{
    WEFT_TRY(in_fill(source, error));
    const unsigned char *magic = (const unsigned char *)source->in;
    if (source->in_length >= 2 && magic[0] == 0x1f && magic[1] == 0x8b) {
        source->kind = SOURCE_GZIP;
        source->gzip.zalloc = zlib_alloc;
        source->gzip.zfree = zlib_free;
        if (inflateInit2(&source->gzip, 15 + 16) != Z_OK)
            return weft_error_nomem(error);
        source->gzip_open = true;
    } else if (source->in_length >= 4 && memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0) {
        source->kind = SOURCE_ZSTD;
        source->zstd = ZSTD_createDStream();
        if (source->zstd == NULL)
            return weft_error_nomem(error);
        ZSTD_DCtx_setParameter(source->zstd, ZSTD_d_windowLogMax, 27);
    }
    source->inside = source->kind != SOURCE_PLAIN;
    return 0;
}

int weft_source_open(const char *path, const char *shown, int64_t text_max,
                     struct weft_source **out, struct weft_error *error)
{
    struct weft_source *source = weft_alloc(sizeof *source);
    if (source == NULL)
        return weft_error_nomem(error);
    source->fd = -1;
    source->path = path;
    source->shown = shown;
    source->text_max = text_max;
    source->hash = weft_sha256_new();
    source->in = weft_alloc(SOURCE_IN);
    int rc = source->hash == NULL || source->in == NULL ? weft_error_nomem(error) : 0;
    if (rc == 0)
        rc = weft_fs_open(path, O_RDONLY, &source->fd, error);
    if (rc == 0)
        rc = weft_fs_identity_fd(source->fd, &source->identity, path, error);
    if (rc == 0)
        rc = source_begin(source, error);
    if (rc != 0) {
        weft_source_close(source);
        return -1;
    }
    *out = source;
    return 0;
}

static int source_damaged(struct weft_source *source, const char *what, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INPUT, "%s", what);
    return weft_error_at_byte(error, source->shown, 0,
                              source->bytes - (int64_t)source->in_length + (int64_t)source->in_at);
}

/* One step of inflating; *done = bytes written. */
static int gzip_step(struct weft_source *source, char *data, size_t length, size_t *done,
                     struct weft_error *error)
{
    z_stream *z = &source->gzip;
    if (!source->inside) {
        if ((unsigned char)source->in[source->in_at] != GZIP_FIRST)
            return source_damaged(source, "something else stands behind the compressed text",
                                  error);
        if (inflateReset(z) != Z_OK) /* the next member */
            return source_damaged(source, "the compressed file is damaged", error);
        source->inside = true;
    }
    z->next_in = (unsigned char *)source->in + source->in_at;
    z->avail_in = (unsigned)(source->in_length - source->in_at);
    z->next_out = (unsigned char *)data;
    z->avail_out = (unsigned)WEFT_MIN(length, (size_t)1 << 30);
    unsigned before = z->avail_out;
    int rc = inflate(z, Z_NO_FLUSH); /* checks checksum and length of each member */
    source->in_at = source->in_length - z->avail_in;
    *done = before - z->avail_out;
    if (rc == Z_STREAM_END)
        source->inside = false;
    else if (rc == Z_MEM_ERROR)
        return weft_error_nomem(error);
    else if (rc != Z_OK && rc != Z_BUF_ERROR)
        return source_damaged(source, "the compressed file is damaged", error);
    return 0;
}

static int zstd_step(struct weft_source *source, char *data, size_t length, size_t *done,
                     struct weft_error *error)
{
    ZSTD_inBuffer in = {source->in, source->in_length, source->in_at};
    ZSTD_outBuffer out = {data, length, 0};
    size_t rc = ZSTD_decompressStream(source->zstd, &out, &in);
    source->in_at = in.pos;
    *done = out.pos;
    if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
        return weft_error_nomem(error);
    if (ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge)
        return source_damaged(source, "the compressed file needs a window of more than 128 MB",
                              error);
    if (ZSTD_isError(rc))
        return source_damaged(source, "the compressed file is damaged", error);
    source->inside = rc != 0;
    return 0;
}

static int packed_read(struct weft_source *source, char *data, size_t length, size_t *got,
                       struct weft_error *error)
{
    *got = 0;
    while (*got == 0) {
        size_t done = 0;
        WEFT_TRY(in_fill(source, error));
        if (source->in_length == 0) {
            /* zstd may still hold text that did not fit. */
            if (source->kind == SOURCE_ZSTD && source->inside)
                WEFT_TRY(zstd_step(source, data, length, &done, error));
            if (done == 0 && source->inside)
                return source_damaged(source, "the compressed file ends early", error);
            *got = done;
            return 0;
        }
        WEFT_TRY(source->kind == SOURCE_GZIP ? gzip_step(source, data, length, &done, error)
                                             : zstd_step(source, data, length, &done, error));
        *got = done;
    }
    return 0;
}

static int plain_read(struct weft_source *source, char *data, size_t length, size_t *got,
                      struct weft_error *error)
{
    if (source->in_at == source->in_length)
        return disk_read(source, data, length, got, error);
    *got = WEFT_MIN(length, source->in_length - source->in_at);
    memcpy(data, source->in + source->in_at, *got);
    source->in_at += *got;
    return 0;
}

static int bytes_read(struct weft_source *source, char *data, size_t length, size_t *got,
                      struct weft_error *error)
{
    return source->kind == SOURCE_PLAIN ? plain_read(source, data, length, got, error)
                                        : packed_read(source, data, length, got, error);
}

/* ---- decoding ---- */

int weft_source_decode(struct weft_source *source, struct weft_decoder *decoder,
                       struct weft_error *error)
{
    assert(source->decoder == NULL && source->text == 0);
    source->decoder = decoder;
    if (decoder == NULL)
        return 0;
    source->raw = weft_alloc(SOURCE_IN);
    source->decoded = weft_alloc(WEFT_DECODE_OUT);
    return source->raw == NULL || source->decoded == NULL ? weft_error_nomem(error) : 0;
}

/* More raw bytes behind those that the decoder left: it may need a few more to go on. */
static int raw_fill(struct weft_source *source, struct weft_error *error)
{
    size_t left = source->raw_length - source->raw_at;
    size_t got = 0;
    if (source->raw_at > 0 && left > 0)
        memmove(source->raw, source->raw + source->raw_at, left);
    source->raw_before += (int64_t)source->raw_at;
    source->raw_at = 0;
    source->raw_length = left;
    WEFT_TRY(bytes_read(source, source->raw + left, SOURCE_IN - left, &got, error));
    source->raw_length += got;
    source->raw_ended = got == 0;
    return 0;
}

static int decode_failed(struct weft_source *source, size_t used, struct weft_error *error)
{
    if (error != NULL && error->code != WEFT_E_INPUT)
        return -1;
    return weft_error_at_byte(error, source->shown, 0,
                              source->raw_before + (int64_t)(source->raw_at + used));
}

static int decoded_fill(struct weft_source *source, struct weft_error *error)
{
    source->decoded_at = source->decoded_length = 0;
    for (bool fill = source->raw_at == source->raw_length;; fill = true) {
        if (fill && !source->raw_ended && source->raw_length - source->raw_at < SOURCE_IN)
            WEFT_TRY(raw_fill(source, error));
        struct weft_decode_io io = {.in = source->raw + source->raw_at,
                                    .in_length = source->raw_length - source->raw_at,
                                    .last = source->raw_ended,
                                    .out = source->decoded,
                                    .out_length = WEFT_DECODE_OUT};
        if (source->decoder->step(source->decoder, &io, error) < 0)
            return decode_failed(source, io.used, error);
        assert(io.used <= io.in_length && io.done <= io.out_length);
        source->raw_at += io.used;
        source->decoded_length = io.done;
        if (io.done > 0)
            return 0;
        if (io.used > 0)
            continue;
        if (source->raw_ended && source->raw_at == source->raw_length)
            return 0;
        if (source->raw_ended || source->raw_length - source->raw_at == SOURCE_IN)
            return weft_error_set(error, WEFT_E_INTERNAL, "%s: the decoder stands still",
                                  source->shown);
    }
}

static int decoded_read(struct weft_source *source, char *data, size_t length, size_t *got,
                        struct weft_error *error)
{
    if (source->decoded_at == source->decoded_length)
        WEFT_TRY(decoded_fill(source, error));
    *got = WEFT_MIN(length, source->decoded_length - source->decoded_at);
    if (*got > 0)
        memcpy(data, source->decoded + source->decoded_at, *got);
    source->decoded_at += *got;
    return 0;
}

int weft_source_read(struct weft_source *source, char *data, size_t length, size_t *got,
                     struct weft_error *error)
{
    *got = 0;
    if (source->ended || length == 0)
        return 0;
    WEFT_TRY(source->decoder == NULL ? bytes_read(source, data, length, got, error)
                                     : decoded_read(source, data, length, got, error));
    source->ended = *got == 0;
    source->text += (int64_t)*got;
    if (source->text > source->text_max)
        return weft_error_set(error, WEFT_E_INPUT, "%s: larger than file_size_max allows",
                              source->shown);
    return 0;
}

int weft_source_finish(struct weft_source *source, char hash[WEFT_SHA256_HEX],
                       struct weft_fs_identity *identity, struct weft_error *error)
{
    unsigned char digest[WEFT_SHA256_BYTES];
    struct weft_fs_identity now;
    assert(source->ended);
    weft_sha256_end(source->hash, digest);
    WEFT_TRY(weft_fs_identity_fd(source->fd, &now, source->path, error));
    if (now.size != source->identity.size || now.modified_ns != source->identity.modified_ns ||
        source->bytes != now.size) {
        weft_error_set(error, WEFT_E_INPUT, "the file changed while it was read");
        return weft_error_at(error, source->shown, 0, 0);
    }
    weft_hex(digest, sizeof digest, hash);
    *identity = now;
    return 0;
}

int64_t weft_source_bytes(const struct weft_source *source)
{
    return source->bytes;
}

bool weft_source_compressed(const struct weft_source *source)
{
    return source->kind != SOURCE_PLAIN;
}

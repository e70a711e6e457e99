/*
 * encoding.c - see encoding.h.
 */
#include "codec/encoding.h"

#include "base/mem.h"

#include <string.h>

struct encoding_decoder {
    struct weft_decoder base;
    enum weft_encoding encoding;
    bool begun;
    bool big; /* utf-16: the high byte comes first */
};

static const char *const names[] = {
    [WEFT_ENCODING_UTF_8] = "utf-8",
    [WEFT_ENCODING_UTF_16] = "utf-16",
    [WEFT_ENCODING_LATIN_1] = "latin-1",
    [WEFT_ENCODING_WINDOWS_1252] = "windows-1252",
};

/* Of the bytes from 0x80; 0 = stands for nothing. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

bool weft_encoding_of(const char *word, enum weft_encoding *out)
{
    for (size_t i = 0; i < WEFT_COUNT(names); i++) {
        if (strcmp(names[i], word) == 0) {
            *out = (enum weft_encoding)i;
            return true;
        }
    }
    return false;
}

size_t weft_utf8_put(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* ---- one byte, one character ---- */

static int byte_refuse(const struct encoding_decoder *self, unsigned char byte,
                       struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INPUT, "the byte 0x%02x stands for nothing in %s", byte,
                   names[self->encoding]);
    if (self->encoding == WEFT_ENCODING_LATIN_1 && windows_1252[byte - 0x80] != 0)
        weft_error_hint(error, "in windows-1252 it does: `options: {encoding: windows-1252}`");
    return -1;
}

/* WEFT_AGAIN: too few bytes to tell. */
static int bytes_begin(struct encoding_decoder *self, const struct weft_decode_io *io,
                       struct weft_error *error)
{
    static const struct {
        const char *mark;
        const char *encoding;
    } marks[] = {{"\xEF\xBB\xBF", "utf-8"}, {"\xFF\xFE", "utf-16"}, {"\xFE\xFF", "utf-16"}};
    if (io->in_length < 3 && !io->last)
        return WEFT_AGAIN;
    self->begun = true;
    for (size_t i = 0; i < WEFT_COUNT(marks); i++) {
        size_t length = strlen(marks[i].mark);
        if (io->in_length < length || memcmp(io->in, marks[i].mark, length) != 0)
            continue;
        weft_error_set(error, WEFT_E_INPUT,
                       "it begins with the mark of %s, and is to be read as %s", marks[i].encoding,
                       names[self->encoding]);
        return weft_error_hint(error, "say `options: {encoding: %s}`", marks[i].encoding);
    }
    return 0;
}

static int bytes_step(struct encoding_decoder *self, struct weft_decode_io *io,
                      struct weft_error *error)
{
    if (!self->begun) {
        int rc = bytes_begin(self, io, error);
        if (rc != 0)
            return rc < 0 ? rc : 0;
    }
    for (; io->used < io->in_length && io->out_length - io->done >= 3; io->used++) {
        unsigned char byte = (unsigned char)io->in[io->used];
        uint32_t code = byte;
        if (byte >= 0x80 && byte < 0xa0) {
            code = self->encoding == WEFT_ENCODING_LATIN_1 ? 0 : windows_1252[byte - 0x80];
            if (code == 0)
                return byte_refuse(self, byte, error);
        }
        io->done += weft_utf8_put(io->out + io->done, code);
    }
    return 0;
}

/* ---- utf-16 ---- */

static uint32_t unit_at(const struct encoding_decoder *self, const char *in)
{
    unsigned char a = (unsigned char)in[0], b = (unsigned char)in[1];
    return self->big ? (uint32_t)a << 8 | b : (uint32_t)b << 8 | a;
}

static int wide_begin(struct encoding_decoder *self, struct weft_decode_io *io,
                      struct weft_error *error)
{
    if (io->in_length < 2)
        return 0; /* half a character is told of below */
    unsigned char a = (unsigned char)io->in[0], b = (unsigned char)io->in[1];
    bool mark = (a == 0xff && b == 0xfe) || (a == 0xfe && b == 0xff);
    if (!mark && (a != 0) == (b != 0)) {
        weft_error_set(error, WEFT_E_INPUT,
                       "it does not begin as utf-16 does: with a byte order mark or an ASCII "
                       "character");
        return weft_error_hint(error, "is it utf-8? Then leave out `encoding`");
    }
    self->big = mark ? a == 0xfe : a == 0;
    io->used = mark ? 2 : 0;
    self->begun = true;
    return 0;
}

static int wide_refuse(struct weft_error *error)
{
    return weft_error_set(error, WEFT_E_INPUT, "half of a surrogate pair stands alone");
}

static int wide_step(struct encoding_decoder *self, struct weft_decode_io *io,
                     struct weft_error *error)
{
    if (!self->begun)
        WEFT_TRY(wide_begin(self, io, error));
    while (io->in_length - io->used >= 2 && io->out_length - io->done >= 4) {
        uint32_t code = unit_at(self, io->in + io->used);
        size_t units = 1;
        if (code >= 0xdc00 && code < 0xe000)
            return wide_refuse(error);
        if (code >= 0xd800 && code < 0xdc00) {
            if (io->in_length - io->used < 4) {
                if (!io->last)
                    return 0;
                return wide_refuse(error);
            }
            uint32_t low = unit_at(self, io->in + io->used + 2);
            if (low < 0xdc00 || low >= 0xe000)
                return wide_refuse(error);
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            units = 2;
        }
        io->done += weft_utf8_put(io->out + io->done, code);
        io->used += 2 * units;
    }
    if (io->last && io->done == 0 && io->in_length - io->used == 1)
        return weft_error_set(error, WEFT_E_INPUT, "it ends in the middle of a character");
    return 0;
}

/* ---- the decoder ---- */

static int encoding_step(struct weft_decoder *decoder, struct weft_decode_io *io,
                         struct weft_error *error)
{
    struct encoding_decoder *self = (struct encoding_decoder *)decoder;
    return self->encoding == WEFT_ENCODING_UTF_16 ? wide_step(self, io, error)
                                                  : bytes_step(self, io, error);
}

static void encoding_free(struct weft_decoder *decoder)
{
    weft_free(decoder);
}

int weft_encoding_decoder(enum weft_encoding encoding, struct weft_decoder **out,
                          struct weft_error *error)
{
    *out = NULL;
    if (encoding == WEFT_ENCODING_UTF_8)
        return 0;
    struct encoding_decoder *self = weft_alloc(sizeof *self);
    if (self == NULL)
        return weft_error_nomem(error);
    *self = (struct encoding_decoder){.base = {encoding_step, encoding_free}, .encoding = encoding};
    *out = &self->base;
    return 0;
}

/* ---- whole texts ---- */

static int wide_add(struct weft_decoder *decoder, const char *data, size_t length,
                    struct weft_buf *out, struct weft_error *error)
{
    for (size_t at = 0;;) {
        char *room = weft_buf_room(out, WEFT_DECODE_OUT);
        struct weft_decode_io io = {.in = data + at,
                                    .in_length = length - at,
                                    .last = true,
                                    .out = room,
                                    .out_length = WEFT_DECODE_OUT};
        if (room == NULL)
            return weft_buf_check(out, error);
        WEFT_TRY(decoder->step(decoder, &io, error));
        at += io.used;
        out->length += io.done;
        if (io.used == 0 && io.done == 0) {
            out->data[out->length] = '\0';
            return 0;
        }
    }
}

int weft_encoding_text(const char *data, size_t length, struct weft_buf *out,
                       struct weft_error *error)
{
    struct weft_decoder *decoder = NULL;
    if (length < 2 || (memcmp(data, "\xff\xfe", 2) != 0 && memcmp(data, "\xfe\xff", 2) != 0)) {
        weft_buf_add(out, data, length);
        return weft_buf_check(out, error);
    }
    WEFT_TRY(weft_encoding_decoder(WEFT_ENCODING_UTF_16, &decoder, error));
    int rc = wide_add(decoder, data, length, out, error);
    decoder->free(decoder);
    return rc;
}

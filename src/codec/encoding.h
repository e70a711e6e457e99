/*
 * encoding.h - texts in other encodings than UTF-8, as decoders of a source (codec/source.h).
 *
 * latin-1 is ISO 8859-1: its bytes 0x80 to 0x9f are control characters that no text has, and
 * stand for letters in windows-1252; they are refused with that hint. utf-16 goes by its mark;
 * without one the first character must be ASCII, whose zero byte tells the order. Refused, with the
 * byte: half a character, a surrogate alone, a mark of another encoding, bytes that stand for
 * nothing.
 */
#ifndef WEFT_CODEC_ENCODING_H
#define WEFT_CODEC_ENCODING_H

#include "base/buf.h"
#include "codec/source.h"

enum weft_encoding {
    WEFT_ENCODING_UTF_8,
    WEFT_ENCODING_UTF_16,
    WEFT_ENCODING_LATIN_1,
    WEFT_ENCODING_WINDOWS_1252
};

/* False = no such word. */
bool weft_encoding_of(const char *word, enum weft_encoding *out);
/* *out = NULL for UTF-8. Heap; its `free` gives it back. */
int weft_encoding_decoder(enum weft_encoding encoding, struct weft_decoder **out,
                          struct weft_error *error) WEFT_MUST_CHECK;
/* Adds a whole text to out: of utf-16 with its mark as UTF-8 ("Unicode text" of spreadsheets), else
 * as it is. INPUT with a message that names no file. */
int weft_encoding_text(const char *data, size_t length, struct weft_buf *out,
                       struct weft_error *error) WEFT_MUST_CHECK;
/* A character's 1 to 4 bytes of UTF-8, to out; how many. The code is one. */
size_t weft_utf8_put(char *out, uint32_t code);

#endif

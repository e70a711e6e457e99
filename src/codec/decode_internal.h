/*
 * decode_internal.h - for tests and fuzz targets: all of some bytes through a decoder
 * (codec/source.h), given in pieces, with its promises checked at each step.
 */
#ifndef WEFT_CODEC_DECODE_INTERNAL_H
#define WEFT_CODEC_DECODE_INTERNAL_H

#include "base/buf.h"
#include "codec/source.h"

#include <stdlib.h>

/* Adds the text to out, until it has text_max bytes; piece 0 = all at once. Takes the decoder over.
 * *used (may be NULL): of a failure, the byte where it is. */
static inline int decode_pieces(struct weft_decoder *decoder, const char *data, size_t length,
                                size_t piece, size_t text_max, struct weft_buf *out, size_t *used,
                                struct weft_error *error)
{
    size_t at = 0, end = 0;
    int rc = 0;
    while (out->length < text_max) {
        char *room = weft_buf_room(out, WEFT_DECODE_OUT);
        if (room == NULL) {
            rc = weft_buf_check(out, error);
            break;
        }
        struct weft_decode_io io = {.in = data + at,
                                    .in_length = end - at,
                                    .last = end == length,
                                    .out = room,
                                    .out_length = WEFT_DECODE_OUT};
        rc = decoder->step(decoder, &io, error);
        if (io.used > io.in_length || io.done > io.out_length)
            abort();
        at += io.used;
        if (rc < 0)
            break;
        out->length += io.done;
        if (io.used > 0 || io.done > 0)
            continue;
        if (end == length)
            break;
        end = piece == 0 || length - end < piece ? length : end + piece;
    }
    if (used != NULL)
        *used = at;
    if (rc == 0 && out->length < text_max && at != length)
        abort(); /* it ended and left something, without a word */
    decoder->free(decoder);
    return rc;
}

#endif

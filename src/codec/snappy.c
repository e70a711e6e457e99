/*
 * snappy.c - unpacks raw snappy, as blocks of Avro files have it.
 *
 * The length of the text as a varint, then elements by the two low bits of a byte: 0 a literal (its
 * length less one in the upper six bits; 60 to 63: in the next 1 to 4 bytes), 1 to 3 a copy of what
 * was given before (length and distance; distance 11 bits, 16 bits, 32 bits). A copy may overlap
 * what it makes. Specification: format_description.txt of https://github.com/google/snappy.
 */
#include "codec/avro_internal.h"

#include <string.h>

struct snappy {
    const unsigned char *in;
    size_t length;
    size_t at;
    char *out;
    size_t size; /* of the text */
    size_t done;
};

static bool number_read(struct snappy *s, size_t bytes, size_t *out)
{
    if (bytes > s->length - s->at)
        return false;
    *out = 0;
    for (size_t i = 0; i < bytes; i++)
        *out |= (size_t)s->in[s->at++] << (8 * i);
    return true;
}

static bool literal_put(struct snappy *s, unsigned tag)
{
    size_t length = tag >> 2;
    if (length >= 60 && !number_read(s, length - 59, &length))
        return false;
    length++;
    if (length > s->length - s->at || length > s->size - s->done)
        return false;
    memcpy(s->out + s->done, s->in + s->at, length);
    s->at += length;
    s->done += length;
    return true;
}

static bool copy_put(struct snappy *s, unsigned tag)
{
    size_t kind = tag & 3, distance;
    size_t length = kind == 1 ? (tag >> 2 & 7) + 4 : (tag >> 2) + 1;
    if (!number_read(s, kind == 1 ? 1 : kind == 2 ? 2 : 4, &distance))
        return false;
    if (kind == 1)
        distance |= (size_t)(tag >> 5) << 8;
    if (distance == 0 || distance > s->done || length > s->size - s->done)
        return false;
    for (size_t i = 0; i < length; i++, s->done++)
        s->out[s->done] = s->out[s->done - distance];
    return true;
}

bool weft_snappy_unpack(const unsigned char *packed, size_t length, size_t most,
                        struct weft_buf *out)
{
    struct snappy s = {.in = packed, .length = length};
    unsigned char byte = 0x80;
    for (unsigned shift = 0; byte >= 0x80; shift += 7) {
        if (s.at == length || shift > 28)
            return false;
        byte = packed[s.at++];
        s.size |= (size_t)(byte & 0x7F) << shift;
    }
    /* The longest copy, 64 bytes, takes 3. */
    if (s.size > most || s.size / 64 > length)
        return false;
    s.out = weft_buf_room(out, s.size + 1);
    if (s.out == NULL)
        return true; /* memory: the buffer tells */
    while (s.at < length) {
        unsigned tag = packed[s.at++];
        if (!((tag & 3) == 0 ? literal_put(&s, tag) : copy_put(&s, tag)))
            return false;
    }
    if (s.done != s.size)
        return false;
    out->length += s.size;
    out->data[out->length] = '\0';
    return true;
}

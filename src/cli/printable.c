/*
 * printable.c - escapes of printable.h. Runs of harmless ASCII are copied whole.
 */
#include "cli/printable.h"

#include "base/text.h"

static size_t lead_length(unsigned char lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* Length of the character at p, 0 when it is none; its code in *code. */
static size_t character(const unsigned char *p, size_t rest, uint32_t *code)
{
    size_t length = lead_length(p[0]);
    if (length > rest || weft_utf8_valid((const char *)p, length) != length)
        return 0;
    *code = length == 1 ? p[0] : p[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++)
        *code = *code << 6 | (p[i] & 0x3F);
    return length;
}

static bool is_harmless(uint32_t code)
{
    if (code < 0x20 || (code >= 0x7F && code <= 0x9F))
        return false;
    bool turns = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return !turns && code != 0x2028 && code != 0x2029 && code != 0x200E && code != 0x200F;
}

static void escape_add(struct weft_buf *out, uint32_t code, enum weft_printable kind)
{
    bool lines = kind == WEFT_PRINTABLE_LINES;
    if (code == '\n' || code == '\t') {
        if (lines)
            weft_buf_addc(out, (char)code);
        else
            weft_buf_adds(out, code == '\n' ? "\\n" : "\\t");
    } else if (code == '\r' && !lines) {
        weft_buf_adds(out, "\\r");
    } else {
        weft_buf_addf(out, "\\u%04x", code);
    }
}

void weft_printable_add(struct weft_buf *out, const char *data, size_t length,
                        enum weft_printable kind)
{
    const unsigned char *p = (const unsigned char *)data;
    size_t i = 0;
    while (i < length) {
        size_t start = i;
        while (i < length && p[i] >= 0x20 && p[i] < 0x7F)
            i++;
        weft_buf_add(out, data + start, i - start);
        if (i == length)
            return;
        uint32_t code = 0;
        size_t step = character(p + i, length - i, &code);
        if (step == 0)
            weft_buf_addf(out, "\\x%02x", p[i]);
        else if (is_harmless(code))
            weft_buf_add(out, data + i, step);
        else
            escape_add(out, code, kind);
        i += step == 0 ? 1 : step;
    }
}

size_t weft_printable_rest(const char *data, size_t length)
{
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        unsigned char c = (unsigned char)data[length - back];
        if ((c & 0xC0) == 0x80)
            continue;
        return c >= 0xC2 && c <= 0xF4 && lead_length(c) > back ? back : 0;
    }
    return 0;
}

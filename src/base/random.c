/*
 * random.c - getrandom(2), formatted.
 */
#include "base/random.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

int weft_random_bytes(void *data, size_t length, struct weft_error *error)
{
    unsigned char *rest = data;
    while (length > 0) {
        ssize_t got = getrandom(rest, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return weft_error_errno(error, WEFT_E_IO, errno, "the system gives no random bytes");
        rest += got;
        length -= (size_t)got;
    }
    return 0;
}

int weft_uuid(char text[WEFT_UUID_TEXT], struct weft_error *error)
{
    unsigned char b[16];
    WEFT_TRY(weft_random_bytes(b, sizeof b, error));
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    snprintf(text, WEFT_UUID_TEXT,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return 0;
}

int weft_random_id(int64_t *id, struct weft_error *error)
{
    uint64_t bits = 0;
    while (bits == 0) {
        WEFT_TRY(weft_random_bytes(&bits, sizeof bits, error));
        bits &= INT64_MAX;
    }
    *id = (int64_t)bits;
    return 0;
}

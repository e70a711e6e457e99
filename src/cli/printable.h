/*
 * printable.h - text of others made safe to show: what could drive a terminal is written as an
 * escape that can be read. Control characters (C0, DEL, C1), marks that turn the direction of
 * writing, and line separators become \u001b and the like; bytes that are not UTF-8 become \xff.
 * Thread-safe.
 */
#ifndef WEFT_CLI_PRINTABLE_H
#define WEFT_CLI_PRINTABLE_H

#include "base/buf.h"

enum weft_printable {
    WEFT_PRINTABLE_CELL, /* one line: line ends and tabs are escaped too */
    WEFT_PRINTABLE_LINES /* \n and \t stay */
};

void weft_printable_add(struct weft_buf *out, const char *data, size_t length,
                        enum weft_printable kind);
/* How many bytes at the end are the beginning of a character that goes on: 0 to 3. */
size_t weft_printable_rest(const char *data, size_t length);

#endif

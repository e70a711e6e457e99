/*
 * json_record.h - records of JSON files without trees: where the elements of a json text begin and
 * end, piece by piece, and the members of one object as slices of its text.
 *
 * Split: the text is an array of values, or one object, or objects one behind another. Brackets,
 * strings and commas are followed, nothing else: a broken element whose brackets match is an
 * element all the same, and the scan of it says no. Where the brackets do not match, or a string
 * holds a line end, nothing behind is certain any more: the split stops there for good.
 *
 * Scan: RFC 8259 to the letter, of UTF-8 (which the caller has checked): no comments, no trailing
 * commas, no NaN; beyond it no surrogate alone, no \u0000, and no more depth than
 * WEFT_JSON_DEPTH_MAX. A value is checked to its depth before it is given. Numbers stay text.
 * No allocation. Thread rule: one thread for each struct.
 */
#ifndef WEFT_CODEC_JSON_RECORD_H
#define WEFT_CODEC_JSON_RECORD_H

#include "base/defs.h"

/* ---- split ---- */

#define WEFT_JSON_SPLIT_DEPTH 1024

enum weft_json_split_state {
    WEFT_JSON_SPLIT_START,
    WEFT_JSON_SPLIT_FIRST, /* behind [ */
    WEFT_JSON_SPLIT_VALUE, /* behind a comma */
    WEFT_JSON_SPLIT_AFTER, /* behind a value of the array */
    WEFT_JSON_SPLIT_ROW,   /* between objects without an array */
    WEFT_JSON_SPLIT_INSIDE,
    WEFT_JSON_SPLIT_SCALAR,
    WEFT_JSON_SPLIT_DONE
};

struct weft_json_split {
    enum weft_json_split_state state;
    bool array;
    bool one;    /* stop behind the first element */
    bool text;   /* within a string */
    bool escape; /* behind a backslash */
    int depth;
    size_t begin;                                 /* of the open element */
    size_t at;                                    /* looked at so far */
    const char *wrong;                            /* NULL, or why it stopped at `at` */
    uint64_t objects[WEFT_JSON_SPLIT_DEPTH / 64]; /* bit = the bracket of this depth is a { */
};

void weft_json_split_init(struct weft_json_split *split);
/* Goes on from `at` to length. *count pairs (begin, end) of whole elements are added to pairs, with
 * room for as many numbers as data has bytes, and one. last: nothing follows. False = wrong. */
bool weft_json_split_run(struct weft_json_split *split, const char *data, size_t length, bool last,
                         uint32_t *pairs, size_t *count);
/* What lies before this place is not needed any more; shift takes it away. */
size_t weft_json_split_keep(const struct weft_json_split *split);
void weft_json_split_shift(struct weft_json_split *split, size_t by);

/* ---- scan ---- */

enum weft_json_kind {
    WEFT_JSON_NULL,
    WEFT_JSON_BOOLEAN,
    WEFT_JSON_NUMBER,
    WEFT_JSON_TEXT,
    WEFT_JSON_ARRAY,
    WEFT_JSON_OBJECT
};

struct weft_json_slice {
    const char *data; /* of a text: behind its quote */
    size_t length;
    enum weft_json_kind kind;
    bool escaped; /* a text with backslashes */
};

/* The members of an object, or the elements of an array, one after another. */
struct weft_json_walk {
    const char *at;
    const char *end;
    const char *wrong; /* NULL, or why it stopped at `at` */
    int depth;
    bool first;
};

/* Text that begins with { or [ (blanks may stand before). */
void weft_json_walk_init(struct weft_json_walk *walk, const char *data, size_t length);
/* False: the end, or wrong is set. */
bool weft_json_member_next(struct weft_json_walk *walk, struct weft_json_slice *key,
                           struct weft_json_slice *value);
bool weft_json_element_next(struct weft_json_walk *walk, struct weft_json_slice *value);
/* The whole of a text as one value; NULL or why not. */
const char *weft_json_scan(const char *data, size_t length, struct weft_json_slice *out);
/* The text without its escapes; out may be data. Never longer than length. */
size_t weft_json_unescape(const char *data, size_t length, char *out);

#endif

/*
 * version.h - versions of contracts: major.minor.patch, which one a change asks for, and writing
 * one into a product file.
 *
 * Thread rule: values only.
 */
#ifndef WEFT_MODEL_VERSION_H
#define WEFT_MODEL_VERSION_H

#include "model/product.h"

#define WEFT_VERSION_MAJOR_MAX 999
#define WEFT_VERSION_PART_MAX 999999
#define WEFT_VERSION_TEXT 24 /* bytes of the longest, with its end */

struct weft_version {
    int major, minor, patch;
};

/* False for anything but three numbers without leading zeros, within the limits. */
bool weft_version_parse(const char *text, struct weft_version *out);
void weft_version_print(struct weft_version version, char out[WEFT_VERSION_TEXT]);
struct weft_version weft_version_of(const struct weft_product *product);
/* < 0, 0, > 0 */
int weft_version_compare(struct weft_version a, struct weft_version b);

/* The version that a change of `before` asks for: editorial a patch, compatible a minor, breaking a
 * major, or a minor while it is 0.x, which promises nothing. LIMIT behind the largest. */
int weft_version_next(struct weft_version before, enum weft_change_class change,
                      struct weft_version *out, struct weft_error *error) WEFT_MUST_CHECK;

/* The text of a product file with another version, all else as it was: comments, layout, quotes. A
 * file without `version` gets it as its first key. INVALID when the text does not read, with the
 * first mistake. `file` is the name for messages. */
int weft_product_bump_text(const char *text, size_t length, const char *file, const char *version,
                           struct weft_buf *out, struct weft_error *error) WEFT_MUST_CHECK;

#endif

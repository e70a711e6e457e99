/*
 * yaml_format.h - a YAML file of weft laid out as usual, its comments where they were.
 *
 * What changes: indentation (two columns for each level, also of lists), blanks between words, line
 * ends, blanks at line ends, quotes around plain words, blank lines (one at most), the last line
 * end, a byte order mark. What stays: the order, every comment, where lines are broken, the text of
 * block scalars. Before the result is given out it is read, and has to be the same document; where
 * it is not, the text is refused: a formatter may be incomplete, but not wrong.
 * Formatting twice is formatting once. Thread rule: one thread at a time.
 */
#ifndef WEFT_CODEC_YAML_FORMAT_H
#define WEFT_CODEC_YAML_FORMAT_H

#include "base/buf.h"
#include "codec/yaml.h"

/* 0 with the text added to out; WEFT_YAML_WRONG when it is no YAML (mistakes are in diag); -1 with
 * REFUSED where it cannot be done, LIMIT, NOMEM. */
int weft_yaml_format(struct weft_arena *arena, const char *data, size_t length, const char *file,
                     struct weft_diag *diag, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* A text that every reader of YAML takes as this text without quotes. */
bool weft_yaml_plain(const char *text, size_t length);
/* In double quotes, with what needs it escaped. */
void weft_yaml_put_quoted(struct weft_buf *out, const char *text, size_t length);
/* Same kinds, texts, keys and order; places and quotes do not count. */
bool weft_yaml_equal(const struct weft_yaml *a, const struct weft_yaml *b);

#endif

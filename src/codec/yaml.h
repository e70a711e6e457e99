/*
 * yaml.h - YAML 1.2 as people write it in files of weft: a tree in which every key and every value
 * knows its place.
 *
 * A scalar is its text (folded and unescaped, never given a type); only an unquoted null (or ~, or
 * nothing) is NULL. Left out on purpose and refused: anchors and aliases (a few lines can ask for
 * gigabytes, and none of weft's files needs them), tags, directives, several documents (but for
 * weft_yaml_parse_all), keys that are not text. Windows line ends and a byte order mark are fine.
 *
 * Input is hostile: valid UTF-8, no zero bytes, limits below. What is wrong is added to the list of
 * mistakes with line and column (in characters), the frequent ones in our own words.
 * Specification: https://yaml.org/spec/1.2.2/ Reading by libfyaml. Thread rule: one thread at a
 * time.
 */
#ifndef WEFT_CODEC_YAML_H
#define WEFT_CODEC_YAML_H

#include "base/diag.h"
#include "base/mem.h"

#define WEFT_YAML_BYTES_MAX (1024 * 1024)
#define WEFT_YAML_DEPTH_MAX 32
#define WEFT_YAML_NODES_MAX 200000
#define WEFT_YAML_KEY_MAX 1000 /* bytes */

enum weft_yaml_kind { WEFT_YAML_NULL, WEFT_YAML_SCALAR, WEFT_YAML_SEQUENCE, WEFT_YAML_MAPPING };

struct weft_yaml_place {
    int line;
    int column;
};

struct weft_yaml_key {
    const char *text; /* `null:` is the key "null" */
    struct weft_yaml_place place;
};

struct weft_yaml {
    enum weft_yaml_kind kind;
    bool quoted;      /* SCALAR: in quotes, or a block (| or >) */
    const char *text; /* SCALAR, without zero bytes; "" otherwise */
    size_t length;
    struct weft_yaml_place place; /* a NULL of a mapping: its key's; a block: of its first line */
    struct weft_yaml_place text_place; /* SCALAR: of the text's first character */
    int indent; /* `|` block: columns in the file before each line of the text; -1: the text is
                   folded or has escapes, so only its start has a place; else 0 */
    const struct weft_yaml *const *items;
    const struct weft_yaml_key *keys; /* MAPPING */
    size_t count;
};

enum weft_yaml_result {
    WEFT_YAML_WRONG = 1, /* mistakes were added; there is no tree */
    WEFT_YAML_TWICE = 2  /* mistakes were added, but only for keys that stand twice: the tree is
                            there, for those who look for more mistakes */
};

/* 0, one of the above, or NOMEM. `file` is the name for messages. */
int weft_yaml_parse(struct weft_arena *arena, const char *data, size_t length, const char *file,
                    struct weft_diag *diag, const struct weft_yaml **out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* A file of several documents: *out is a SEQUENCE of them, empty ones left out. */
int weft_yaml_parse_all(struct weft_arena *arena, const char *data, size_t length, const char *file,
                        struct weft_diag *diag, const struct weft_yaml **out,
                        struct weft_error *error) WEFT_MUST_CHECK;

#endif

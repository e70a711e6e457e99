/*
 * keys.h - the table of every key of product files, domain.yaml, weft.yaml and policies.
 *
 * A section is a map of keys; a key says which shapes its value may have, of which kind its
 * scalars are, and what it does in this version. Validation, the JSON Schema, the reference page
 * and the digest of what makes the rows (model/data_digest.c) read the table; nothing else names
 * the keys a file may have.
 */
#ifndef WEFT_DOCUMENT_KEYS_H
#define WEFT_DOCUMENT_KEYS_H

#include "document/reader.h"

enum weft_section {
    WEFT_SECTION_NONE,
    WEFT_SECTION_PRODUCT,
    WEFT_SECTION_DEPRECATED,
    WEFT_SECTION_INPUT,
    WEFT_SECTION_OPTIONS,
    WEFT_SECTION_GRAPH,
    WEFT_SECTION_FIELD,
    WEFT_SECTION_INPUT_FIELD,
    WEFT_SECTION_FIELD_ON_FAIL,
    WEFT_SECTION_KEY,
    WEFT_SECTION_QUALITY,
    WEFT_SECTION_COMPLETENESS,
    WEFT_SECTION_COMPLETENESS_OF,
    WEFT_SECTION_FRESHNESS,
    WEFT_SECTION_ROWS,
    WEFT_SECTION_QUARANTINE_MAX,
    WEFT_SECTION_CHECK,
    WEFT_SECTION_TEST,
    WEFT_SECTION_TEST_FILE,
    WEFT_SECTION_RUN,
    WEFT_SECTION_RETENTION,
    WEFT_SECTION_RETENTION_ROWS,
    WEFT_SECTION_ACCESS,
    WEFT_SECTION_MIN_GROUP,
    WEFT_SECTION_DOMAIN,
    WEFT_SECTION_DEFAULTS,
    WEFT_SECTION_MESH,
    WEFT_SECTION_ENVIRONMENT,
    WEFT_SECTION_BUCKET,
    WEFT_SECTION_CONNECTION,
    WEFT_SECTION_SECRET,
    WEFT_SECTION_GRANT, /* of a policy file: one of these five by `kind` */
    WEFT_SECTION_RESTRICT,
    WEFT_SECTION_TREAT,
    WEFT_SECTION_EXCEPT,
    WEFT_SECTION_POLICY_MIN_GROUP,
    WEFT_SECTION_RULE,
    WEFT_SECTION_RULE_EXCEPTION,
    WEFT_SECTION_POLICY_TEST,
    WEFT_SECTION_POLICY_CASE,
    WEFT_SECTION_PURPOSES,
    WEFT_SECTION_COUNT
};

enum weft_shape {
    WEFT_SHAPE_VALUE = 1,   /* one scalar */
    WEFT_SHAPE_LIST = 2,    /* a list of scalars */
    WEFT_SHAPE_MAP = 4,     /* a map of the section */
    WEFT_SHAPE_MAPS = 8,    /* a list of maps of the section */
    WEFT_SHAPE_NAMED = 16,  /* free names, each with a map of the section (named) */
    WEFT_SHAPE_VALUES = 32, /* free names, each with a scalar */
    WEFT_SHAPE_ANY = 64,    /* anything */
    WEFT_SHAPE_ROWS = 128,  /* a list of maps of scalars */
};

enum weft_value {
    WEFT_VALUE_TEXT,
    WEFT_VALUE_PROSE, /* long text */
    WEFT_VALUE_SQL,
    WEFT_VALUE_EMPTY, /* text that may be empty or null */
    WEFT_VALUE_NAME,
    WEFT_VALUE_PRODUCT, /* domain.product, domain.product@2, product */
    WEFT_VALUE_VERSION,
    WEFT_VALUE_TYPE,
    WEFT_VALUE_WORD,
    WEFT_VALUE_BOOL,
    WEFT_VALUE_COUNT,
    WEFT_VALUE_NUMBER,  /* a finite number above 0 */
    WEFT_VALUE_SHARE,   /* 0..1 or 0%..100% */
    WEFT_VALUE_PERCENT, /* the same without the upper bound */
    WEFT_VALUE_DURATION,
    WEFT_VALUE_DATE,
    WEFT_VALUE_TIME /* a moment */
};

enum weft_acts {
    WEFT_ACTS,        /* does what it says */
    WEFT_ACTS_NOT,    /* validated; apply refuses the product: not yet */
    WEFT_ACTS_WARNED, /* validated; apply warns: not yet */
    WEFT_ACTS_TOLD    /* kept and shown, changes nothing */
};

struct weft_key {
    const char *name;
    unsigned shapes;
    enum weft_value value;
    const char *words; /* WORD: "a|b|c" */
    enum weft_section section;
    enum weft_section named; /* NAMED */
    enum weft_acts acts;
    bool keeps_rows;       /* changing it alone changes no row: not in the digest of data */
    bool expands;          /* ${name} is replaced in its scalars */
    const char *otherwise; /* the default, or NULL */
    const char *help;
};

struct weft_keys {
    const char *title; /* "a product": as in "not a key of a product" */
    const char *path;  /* "inputs.<port>": for the reference page */
    const struct weft_key *keys;
    size_t count;
};

const struct weft_keys *weft_keys_of(enum weft_section section);
const struct weft_key *weft_keys_find(enum weft_section section, const char *name);
/* The name of a key that people write for another: columns -> schema. NULL = none. */
const char *weft_keys_alias(enum weft_section section, const char *name);
bool weft_words_has(const char *words, const char *word);
/* Splits "a|b|c" into the arena. */
struct weft_texts weft_words_split(struct weft_reader *reader, const char *words);

/* What a text that is none of the words could be: the nearest, else all. */
void weft_words_hint(struct weft_reader *reader, const char *words, const char *text, char *out,
                     size_t size);

/* The JSON Schema (draft 2020-12) of the files, made from the table. */
int weft_schema_print(const char *which /* "product", "mesh", "domain", "policy" */,
                      struct weft_buf *out, struct weft_error *error) WEFT_MUST_CHECK;
/* The reference page of all keys, Markdown. */
int weft_keys_page_print(struct weft_buf *out, struct weft_error *error) WEFT_MUST_CHECK;

/* Walks the tree by the table: unknown keys, shapes, kinds of scalars, expansion. Reports all. */
void weft_keys_check(struct weft_reader *reader, struct weft_node *node, enum weft_section section);

#endif

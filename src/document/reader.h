/*
 * reader.h - the tree that a written file and a registered document both become, and the state of
 * reading one.
 *
 * A scalar is its text as written; only an unquoted null (or ~, or nothing) is NULL. Nodes live in
 * the reader's arena. Memory that runs out is sticky (reader->nomem), so that reading code stays
 * linear; the end of the reading asks once.
 */
#ifndef WEFT_DOCUMENT_READER_H
#define WEFT_DOCUMENT_READER_H

#include "base/diag.h"
#include "base/mem.h"
#include "codec/json.h"
#include "document/texts.h"

#define WEFT_DOCUMENT_FILE_MAX (1024 * 1024) /* bytes of a product, domain or mesh file */
#define WEFT_DOCUMENT_COLUMNS_MAX 4096
#define WEFT_DOCUMENT_LANGUAGES_MAX 100
#define WEFT_DOCUMENT_CHECKS_MAX 1000
#define WEFT_DOCUMENT_ENUM_MAX 10000
#define WEFT_DOCUMENT_SCALAR_MAX 4096 /* bytes of a text that is not prose or SQL */
#define WEFT_DOCUMENT_PROSE_MAX 65536
#define WEFT_DOCUMENT_SQL_MAX (128 * 1024)

enum weft_node_kind { WEFT_NODE_NULL, WEFT_NODE_VALUE, WEFT_NODE_LIST, WEFT_NODE_MAP };

struct weft_node {
    enum weft_node_kind kind;
    const char *text;          /* VALUE; "" otherwise */
    struct weft_node **items;  /* LIST: items; MAP: values */
    const char **keys;         /* MAP */
    struct weft_place *places; /* MAP: of the keys */
    size_t count;
    struct weft_place place;
    struct weft_place text_place; /* VALUE: of the text's first character; 0 in a document */
    int indent;                   /* of a `|` block: columns before each line of the text */
    bool bare;  /* VALUE: without quotes in YAML; a number or true, false in JSON */
    bool wrong; /* a mistake was reported: do not report another */
};

struct weft_variable {
    const char *name;
    const char *value;
};

/* Those of one environment. */
struct weft_variables {
    const char *environment;
    const struct weft_variable *items;
    size_t count;
};

struct weft_reader {
    struct weft_arena *arena;
    struct weft_diag *diag;
    const char *file; /* as shown in messages */
    const struct weft_variable *vars;
    size_t var_count;
    const char *environment;                   /* its name, for messages */
    const struct weft_variables *environments; /* all, for messages; NULL = not known */
    size_t environment_count;
    bool expand; /* false for registered documents: they are expanded */
    bool nomem;
};

/* ---- making trees; NULL when the text is no tree (reported) or memory is out ---- */
struct weft_node *weft_node_of_yaml(struct weft_reader *reader, const char *text, size_t length);
/* A LIST of the text's documents. */
struct weft_node *weft_nodes_of_yaml(struct weft_reader *reader, const char *text, size_t length);
struct weft_node *weft_node_of_json(struct weft_reader *reader, yyjson_val *value);

/* ---- reading trees; all accept NULL nodes ---- */
struct weft_node *weft_node_get(const struct weft_node *map, const char *key); /* or NULL */
struct weft_place weft_node_key_place(const struct weft_node *map, const char *key);
/* NULL unless it is a scalar in which nothing wrong was found. */
const char *weft_node_text(const struct weft_node *node);
const char *weft_node_get_text(const struct weft_node *map, const char *key);
bool weft_node_bool(const struct weft_node *node, bool otherwise);
int64_t weft_node_count(const struct weft_node *node, int64_t otherwise);
double weft_node_number(const struct weft_node *node, double otherwise);
double weft_node_share(const struct weft_node *node, double otherwise);
int64_t weft_node_duration(const struct weft_node *node, int64_t otherwise);
/* 50%, 0.5: without an upper bound. */
bool weft_share_parse(const char *text, double *share);
/* The scalars of a list, or the one scalar. */
struct weft_texts weft_node_texts(struct weft_reader *reader, const struct weft_node *node);
/* Where each of these texts is written. */
const struct weft_place *weft_node_texts_places(struct weft_reader *reader,
                                                const struct weft_node *node);
/* True for something written that is not null, {} or []. */
bool weft_node_is_set(const struct weft_node *node);
/* What a bare scalar is in YAML's core schema. */
bool weft_node_is_bool(const struct weft_node *node);
bool weft_node_is_number(const struct weft_node *node);
bool weft_node_is_text(const struct weft_node *node);
/* A text, or one for each language: *text is English, else the first. */
void weft_node_translations(struct weft_reader *reader, const struct weft_node *node,
                            const char **text, struct weft_translations *translations);

/* ---- arena with sticky failure ---- */
void *weft_reader_alloc(struct weft_reader *reader, size_t count, size_t item_size);
const char *weft_reader_text(struct weft_reader *reader, const char *text);
const char *weft_reader_format(struct weft_reader *reader, const char *format, ...)
    WEFT_PRINTF(2, 3);

/* ---- mistakes; hint may be NULL ---- */
void weft_reader_mistake(struct weft_reader *reader, struct weft_place place, const char *hint,
                         const char *format, ...) WEFT_PRINTF(4, 5);
void weft_reader_warn(struct weft_reader *reader, struct weft_place place, const char *hint,
                      const char *format, ...) WEFT_PRINTF(4, 5);
/* "did you mean `x`?" in out, or "" when nothing is near. */
void weft_reader_near(const char *word, const char *const *candidates, size_t count, char *out,
                      size_t out_size);
/* "3d", "90m": the largest unit that leaves no rest. */
void weft_duration_print(int64_t us, char out[32]);

/* 0, or NOMEM. */
int weft_reader_check(const struct weft_reader *reader, struct weft_error *error) WEFT_MUST_CHECK;

#endif

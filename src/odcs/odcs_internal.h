/*
 * odcs_internal.h - for this folder: contracts of the Open Data Contract Standard (ODCS), as
 * trees.
 *
 * The way of a file: tree -> check.c by the standard's keys (keys.c) -> read.c: the tree of a
 * product file, whose scalars stand where the contract has them -> weft_product_read. The way
 * back is write.c: the registered document -> the tree of a contract.
 *
 * What a product file has no key for is kept under its key `odcs`: the difference between the
 * contract that the document gives and the one that was written (tree.c, RFC 7396 with lists of
 * the same length by place). Both put together again are what was written.
 */
#ifndef WEFT_ODCS_ODCS_INTERNAL_H
#define WEFT_ODCS_ODCS_INTERNAL_H

#include "document/keys.h"
#include "document/tree.h"
#include "odcs/odcs.h"
#include "odcs/odcs_read.h"

#define WEFT_ODCS_DEPTH_MAX 16
#define WEFT_ODCS_NAME_PROPERTY "weft.name"

enum weft_odcs_section {
    WEFT_ODCS_NONE,
    WEFT_ODCS_ROOT,
    WEFT_ODCS_DESCRIPTION,
    WEFT_ODCS_SERVER,
    WEFT_ODCS_OBJECT,
    WEFT_ODCS_PROPERTY,
    WEFT_ODCS_ITEM,
    WEFT_ODCS_QUALITY,
    WEFT_ODCS_ARGUMENTS,
    WEFT_ODCS_AUTHORITATIVE,
    WEFT_ODCS_SUPPORT,
    WEFT_ODCS_PRICE,
    WEFT_ODCS_TEAM,
    WEFT_ODCS_MEMBER,
    WEFT_ODCS_ROLE,
    WEFT_ODCS_SLA,
    WEFT_ODCS_CUSTOM,
    WEFT_ODCS_RELATION,
    WEFT_ODCS_RELATION_OF, /* of a property: it has no `from` */
    WEFT_ODCS_OPTIONS_STRING,
    WEFT_ODCS_OPTIONS_DATE,
    WEFT_ODCS_OPTIONS_TIME,
    WEFT_ODCS_OPTIONS_INTEGER,
    WEFT_ODCS_OPTIONS_NUMBER,
    WEFT_ODCS_OPTIONS_OBJECT,
    WEFT_ODCS_OPTIONS_ARRAY,
    WEFT_ODCS_SECTION_COUNT
};

enum weft_odcs_value {
    WEFT_ODCS_TEXT,
    WEFT_ODCS_WORD,
    WEFT_ODCS_BOOL,
    WEFT_ODCS_INT,
    WEFT_ODCS_COUNT, /* a whole number from 0 */
    WEFT_ODCS_NUMBER,
    WEFT_ODCS_ABOVE, /* a number above 0 */
    WEFT_ODCS_BOUND, /* a number; in v3.0 true or false beside maximum and minimum */
    WEFT_ODCS_BOUND_TEXT,
    WEFT_ODCS_DATE,
    WEFT_ODCS_MOMENT,
    WEFT_ODCS_ID,
    WEFT_ODCS_VERSION, /* of the standard */
    WEFT_ODCS_ANY,
    WEFT_ODCS_SCALAR,    /* no list and no map; also null */
    WEFT_ODCS_TEXTS,     /* a list of texts */
    WEFT_ODCS_ANYS,      /* a list */
    WEFT_ODCS_RANGE,     /* two different numbers */
    WEFT_ODCS_TEXT_MAP,  /* a text or a map */
    WEFT_ODCS_REFERENCE, /* a reference, or a list of them */
    WEFT_ODCS_MAP,
    WEFT_ODCS_MAPS,
    WEFT_ODCS_MAP_MAPS, /* a map of the section, in v3.0 a list of WEFT_ODCS_MEMBER */
    WEFT_ODCS_OPTIONS   /* a map, by logicalType */
};

struct weft_odcs_key {
    const char *name;
    enum weft_odcs_value value;
    enum weft_odcs_section section;
    bool required;
    const char *words; /* WORD: "a|b|c" */
};

struct weft_odcs_keys {
    const char *title; /* "a server" */
    const struct weft_odcs_key *keys;
    size_t count;
};

const struct weft_odcs_keys *weft_odcs_keys_of(enum weft_odcs_section section);
const struct weft_odcs_key *weft_odcs_keys_find(enum weft_odcs_section section, const char *name);
/* What a server of the type must have: "host|port", or NULL when it is not known. */
const char *weft_odcs_server_needs(const char *type);

/* Reports every mistake against the standard. */
void weft_odcs_check(struct weft_reader *reader, struct weft_node *root);

/* The tree of a product file. tell: also report what is kept without effect. NULL when the contract
 * cannot be one product (reported) or memory is out. */
struct weft_node *weft_odcs_to_product(struct weft_reader *reader, const struct weft_node *root,
                                       const struct weft_product_source *source, bool tell);
/* The tree of a contract, v3.1.0, from a registered document without `odcs`. */
struct weft_node *weft_odcs_of_document(struct weft_reader *reader,
                                        const struct weft_node *document);

/* NULL when nothing is left over. */
struct weft_node *weft_odcs_rest(struct weft_reader *reader, const struct weft_node *made,
                                 const struct weft_node *written);
const struct weft_node *weft_odcs_join(struct weft_reader *reader, const struct weft_node *made,
                                       const struct weft_node *rest);

/* ---- quality and service levels (quality.c) ---- */
struct weft_odcs_state {
    struct weft_reader *reader;
    const struct weft_node *object; /* the table */
    const struct weft_product_source *source;
    struct weft_node *quality; /* of the product */
    struct weft_node *checks;
    struct weft_node *completeness;
    struct weft_node *rows;
    bool tell;
};

/* field NULL = the rules are of the table. `into` is the product's field. */
void weft_odcs_read_quality(struct weft_odcs_state *state, const struct weft_node *rules,
                            const char *field, struct weft_node *into);
void weft_odcs_read_sla(struct weft_odcs_state *state, const struct weft_node *root,
                        struct weft_node *product);
/* A row rule that weft makes of an option. */
void weft_odcs_add_check(struct weft_odcs_state *state, const char *name, const char *condition,
                         struct weft_place place);
void weft_odcs_tell(struct weft_odcs_state *state, enum weft_severity severity,
                    struct weft_place place, const char *hint, const char *format, ...)
    WEFT_PRINTF(5, 6);
/* Notes on what is kept without effect (kept.c). */
void weft_odcs_tell_kept(struct weft_odcs_state *state, const struct weft_node *root);
/* The name a property has as a field: of its custom property weft.name, else its own. */
const struct weft_node *weft_odcs_name(const struct weft_node *property);
/* weft's pattern, of the whole value, for one of the standard, and back. */
const char *weft_odcs_pattern(struct weft_reader *reader, const char *pattern);
/* The value of a custom property, or NULL. */
struct weft_node *weft_odcs_custom(const struct weft_node *map, const char *name);

struct weft_node *weft_odcs_write_quality(struct weft_reader *reader,
                                          const struct weft_node *document);
struct weft_node *weft_odcs_write_field_quality(struct weft_reader *reader,
                                                const struct weft_node *document,
                                                const struct weft_node *field);
struct weft_node *weft_odcs_write_sla(struct weft_reader *reader, const struct weft_node *document,
                                      const char *table);

#endif

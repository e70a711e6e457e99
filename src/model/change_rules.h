/*
 * change_rules.h - for compare.c: the kinds of differences between two versions of a product, each
 * with what it is to those who read and to those who write, and why. One table; the reference page
 * is made from it.
 *
 * Thread rule: constants.
 */
#ifndef WEFT_MODEL_CHANGE_RULES_H
#define WEFT_MODEL_CHANGE_RULES_H

#include "model/product.h"

enum weft_change_kind {
    CHANGE_WORDS,
    CHANGE_VERSION,
    CHANGE_NAME,
    CHANGE_GOVERNANCE,
    CHANGE_STATUS,
    CHANGE_RETIRED,
    CHANGE_DEPRECATED,
    CHANGE_INPUT,
    CHANGE_WRITE,
    CHANGE_TRANSFORM,
    CHANGE_STORAGE,
    CHANGE_KEY,
    CHANGE_SCHEMA_WRITTEN,
    CHANGE_SCHEMA_DROPPED,
    CHANGE_FIELD_ADDED,
    CHANGE_FIELD_ADDED_REQUIRED,
    CHANGE_FIELD_REMOVED,
    CHANGE_FIELD_RENAMED,
    CHANGE_FIELD_ORDER,
    CHANGE_TYPE_WIDER,
    CHANGE_TYPE_NESTED_ADDED,
    CHANGE_TYPE_OTHER,
    CHANGE_NOW_REQUIRED,
    CHANGE_NOT_REQUIRED,
    CHANGE_ENUM_GROWN,
    CHANGE_RULE_TIGHTER,
    CHANGE_RULE_LOOSER,
    CHANGE_RULE,
    CHANGE_UNIQUE_DROPPED,
    CHANGE_ON_FAIL,
    CHANGE_QUALITY_TIGHTER,
    CHANGE_QUALITY_LOOSER,
    CHANGE_QUALITY,
    CHANGE_SERVICE_RAISED,
    CHANGE_SERVICE_LOWERED,
    CHANGE_OPERATION,
    CHANGE_ACCESS,
    CHANGE_KIND_COUNT
};

struct weft_change_rule {
    const char *id;   /* "field.removed" */
    const char *what; /* for the page */
    enum weft_change_class readers;
    const char *readers_why;
    enum weft_change_class writers;
    const char *writers_why;
    enum weft_change_reach reach;
};

extern const struct weft_change_rule weft_change_rules[CHANGE_KIND_COUNT];

/* Whether a bound went up or down: both are read as numbers with a unit (5, 95%, 24h), else as
 * dates. */
enum weft_bound_move { WEFT_BOUND_UNKNOWN, WEFT_BOUND_UP, WEFT_BOUND_DOWN };
enum weft_bound_move weft_bound_compare(const char *before, const char *after);
/* Of a difference below `quality`, by its path. */
enum weft_change_kind weft_quality_kind(const char *path, const char *before, const char *after);

#endif

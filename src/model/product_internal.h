/*
 * product_internal.h - for this folder: the steps from a tree to a product and back to a document.
 */
#ifndef WEFT_MODEL_PRODUCT_INTERNAL_H
#define WEFT_MODEL_PRODUCT_INTERNAL_H

#include "document/keys.h"
#include "model/product_read.h"

/* The name of the port of the short form `input:`. */
#define WEFT_MODEL_INPUT_PORT "input"
#define WEFT_MODEL_INPUTS_MAX 64
#define WEFT_MODEL_DAMPING 0.85
#define WEFT_MODEL_RESOLUTION_MAX 1000
#define WEFT_MODEL_SEED_MAX INT64_C(4294967295)

struct weft_draft_keys {
    const char **items;
    size_t count, capacity;
    struct weft_place *places;
    size_t places_capacity;
};

/* A product while it is read. */
struct weft_draft {
    struct weft_reader *reader;
    const struct weft_product_source *source;
    struct weft_node *root;
    struct weft_product *product;
    struct weft_draft_keys refused, warned; /* what does not act yet */
};

void weft_draft_refuse(struct weft_draft *draft, struct weft_place place, const char *key);

/* One file for each: */
void weft_draft_read_inputs(struct weft_draft *draft); /* input_read.c */
struct weft_fields weft_draft_read_fields(struct weft_draft *draft, struct weft_node *list,
                                          bool input);    /* field_read.c */
void weft_draft_read_transform(struct weft_draft *draft); /* transform_read.c */
void weft_draft_read_write(struct weft_draft *draft);     /* transform_read.c; behind transform */
void weft_draft_read_quality(struct weft_draft *draft);   /* quality_read.c */
void weft_draft_read_tests(struct weft_draft *draft);     /* test_read.c; behind transform */
/* Reports that `name` is no field of the product's schema, when that is known. */
bool weft_draft_has_field(struct weft_draft *draft, const char *name, struct weft_place place,
                          const char *what);

enum weft_on_fail weft_on_fail_of(const struct weft_node *node, enum weft_on_fail otherwise);

/* What a run does to the table of a product that does not say it. */
enum weft_write_mode weft_product_write_default(const struct weft_product *product);

/* The canonical document and its digest (document.c). root: the tree of what has no member in the
 * struct. */
int weft_product_write_document(struct weft_product *product, const struct weft_node *root,
                                struct weft_arena *arena, struct weft_error *error) WEFT_MUST_CHECK;

#endif

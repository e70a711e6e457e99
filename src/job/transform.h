/*
 * transform.h - what a product's SQL (or the edges of its graph) gives, and how it becomes the
 * product's columns: checked when a contract is planned, used when it runs.
 *
 * Names in the SQL are input ports and domain.product; the caller's function says what stands
 * behind them (for a plan: relations without files). Errors carry file, line and column of the text
 * as a person wrote it.
 * Thread rule: that of the engine.
 */
#ifndef WEFT_JOB_TRANSFORM_H
#define WEFT_JOB_TRANSFORM_H

#include "model/product.h"
#include "resolver/resolver.h"

struct weft_transform_column {
    const char *name;
    const struct weft_type *type;   /* of the table */
    const struct weft_field *field; /* NULL = the product declares no schema */
    const char *sql; /* the expression over the result's columns: a name, or a cast that loses
                        nothing and fails where it would */
};

struct weft_transform {
    struct weft_resolved resolved; /* of `sql`, or of `graph.edges` */
    const struct weft_transform_column *columns;
    size_t count;
    const struct weft_relation_column *given; /* what the text gives, before it fits the table */
    size_t given_count;
    const struct weft_relation_column *edges; /* of a graph: what `edges` gives; else NULL */
    size_t edge_columns;
};

/* Does the product have rows of its own making: by sql, a graph, or one other product as it is? */
bool weft_transform_is(const struct weft_product *product);

/* A column of the schema that the SQL does not give, one it gives and the schema lacks, or a type
 * that would lose something is refused (INVALID), naming both. `options` brings resolve and arg;
 * file, offsets and determinism are set here from the product. now_us from the options. */
int weft_transform_check(struct weft_engine *engine, struct weft_arena *arena,
                         const struct weft_product *product,
                         const struct weft_resolve_options *options, struct weft_transform *out,
                         struct weft_error *error) WEFT_MUST_CHECK;

/* What the product's SQL names: ports among them (schema NULL). Parses only. */
int weft_transform_references(struct weft_engine *engine, struct weft_arena *arena,
                              const struct weft_product *product, const struct weft_reference **out,
                              size_t *count, struct weft_error *error) WEFT_MUST_CHECK;

#endif

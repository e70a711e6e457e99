/*
 * odcs.h - contracts of the Open Data Contract Standard, and a product in the forms that other
 * tools read.
 *
 * Specification: https://bitol-io.github.io/open-data-contract-standard/ v3.0.0 to v3.1.0; v3.2.0
 * is read by the rules of v3.1 and what those do not know is kept. v3.1.0 is written.
 * Thread rule: one thread at a time.
 */
#ifndef WEFT_ODCS_ODCS_H
#define WEFT_ODCS_ODCS_H

#include "model/product.h"

#define WEFT_ODCS_API_VERSION "v3.1.0"
#define WEFT_EXPORT_MAX (16 * 1024 * 1024)

/* The product of the text of a contract, outside a checkout; as weft_product_parse. domain and name
 * stand in where the contract has none; NULL = none. */
int weft_product_parse_odcs(struct weft_arena *arena, const char *text, size_t length,
                            const char *file, const char *folder, const char *domain,
                            const char *name, struct weft_diag *diag,
                            const struct weft_product **out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* The contract of a product, YAML; parts of the one it was read from that weft has no use for stand
 * in it as they were. */
int weft_product_print_odcs(const struct weft_product *product, struct weft_buf *out,
                            struct weft_error *error) WEFT_MUST_CHECK;

/* ---- contracts from elsewhere ---- */
struct weft_odcs_into {
    const char *domain;  /* NULL = as the contract says */
    const char *product; /* NULL likewise */
};

struct weft_odcs_adopted {
    const char *domain; /* NULL = the contract names none */
    const char *name;   /* of the product; NULL likewise */
    const char *text;   /* the contract, YAML */
};

/* One contract for each table of a contract, in the arena: as it is, but for names that are none
 * here, which get the custom property weft.name. Mistakes go to diag and then *count is 0; other
 * names are told in renames. */
int weft_odcs_adopt(struct weft_arena *arena, const char *text, size_t length, const char *file,
                    const struct weft_odcs_into *into, struct weft_diag *diag,
                    struct weft_diag *renames, struct weft_odcs_adopted **out, size_t *count,
                    struct weft_error *error) WEFT_MUST_CHECK;

#endif

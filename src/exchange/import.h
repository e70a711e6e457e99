/*
 * import.h - `weft import`: descriptions of data that other tools wrote, as product files.
 *
 * An importer is a function from the bytes of one file to texts of product files and notes: what it
 * took, what it took under another name, what is left to fill in, what it could not take; each with
 * its place in the source. It opens, writes and prints nothing: op_import.c does, all or nothing.
 * Most fill a draft (struct weft_import_product), which import_write.c turns into the text. One
 * that has its text already calls weft_import_file_add.
 * All of it lives in the arena of one request. Thread rule: one thread.
 */
#ifndef WEFT_EXCHANGE_IMPORT_H
#define WEFT_EXCHANGE_IMPORT_H

#include "codec/json.h"
#include "model/product.h"

#define WEFT_IMPORT_BYTES_MAX ((size_t)256 << 20) /* manifests of large projects */
#define WEFT_IMPORT_PRODUCTS_MAX 20000

enum weft_import_fate {
    WEFT_IMPORT_TAKEN,   /* as it was meant */
    WEFT_IMPORT_CHANGED, /* under another name or in another form; the text says which */
    WEFT_IMPORT_OPEN,    /* a person has to fill it in */
    WEFT_IMPORT_LEFT,    /* not taken over; the text says why */
    WEFT_IMPORT_REFUSED  /* made, and plan would refuse it; the text says where and why */
};
const char *weft_import_fate_name(enum weft_import_fate fate);

struct weft_import_note {
    enum weft_import_fate fate;
    const char *product; /* domain.name; NULL = of the file as a whole */
    struct weft_place place;
    const char *text;
};

struct weft_import_file {
    const char *product; /* domain.name */
    const char *path;    /* from the root: domains/shop/orders/data_product.yaml */
    const char *text;
    size_t length;
};

struct weft_import {
    struct weft_arena *arena;
    const char *shown; /* the file as it was named */
    const char *data;
    size_t length;
    const char *domain;  /* of --into; NULL = the importer finds one */
    const char *product; /* of --into; NULL likewise */
    const char *beside;  /* a second file that lay there (the importer's row); NULL = none */
    size_t beside_length;
    /* what comes of it */
    struct weft_import_file *files;
    size_t file_count, file_capacity;
    struct weft_import_note *notes;
    size_t note_count, note_capacity;
};

/* One format. Errors: INVALID with the place in the source when it is no such file. */
struct weft_importer {
    const char *name;   /* of --from */
    const char *beside; /* NULL, or a file of the same folder that is read when it is there */
    const char *what;   /* for the help */
    int (*read)(struct weft_import *import, struct weft_error *error);
};
extern const struct weft_importer weft_importers[];
extern const size_t weft_importer_count;

int weft_import_dbt(struct weft_import *import, struct weft_error *error) WEFT_MUST_CHECK;
int weft_import_great_expectations(struct weft_import *import, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_import_json_schema(struct weft_import *import, struct weft_error *error) WEFT_MUST_CHECK;
int weft_import_odcs(struct weft_import *import, struct weft_error *error) WEFT_MUST_CHECK;
int weft_import_sql(struct weft_import *import, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- for importers ---- */

int weft_import_note_add(struct weft_import *import, enum weft_import_fate fate,
                         const char *product, struct weft_place place, struct weft_error *error,
                         const char *format, ...) WEFT_PRINTF(6, 7) WEFT_MUST_CHECK;
/* `name` is the file's name in the product's folder. The text is copied. */
int weft_import_file_add(struct weft_import *import, const char *domain, const char *product,
                         const char *name, const char *text, size_t length,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* A legal name for one of another tool, and a note where it differs; `kind` for the note. Where
 * nothing of it is left: `otherwise`. product NULL = of none yet. */
int weft_import_name(struct weft_import *import, const char *kind, const char *product,
                     const char *name, const char *otherwise, struct weft_place place,
                     const char **out, struct weft_error *error) WEFT_MUST_CHECK;
/* Where a text (or a key) of the document stands in the source. */
struct weft_place weft_import_place(const struct weft_import *import, const yyjson_doc *doc,
                                    const yyjson_val *text);
/* The type of weft for the name that a database, warehouse or data frame has for it:
 * "VARCHAR(20)", "timestamp with time zone", "NUMERIC(10,2)", "STRUCT<a INT64>". NULL = none.
 * *length_max (may be NULL) is set to the 20 of VARCHAR(20), else to -1. */
int weft_import_type(struct weft_arena *arena, const char *name, const char **out,
                     int64_t *length_max, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- drafts ---- */

#define WEFT_IMPORT_ON_FAIL_NONE (-1)

struct weft_import_field {
    const char *name;
    const char *source; /* its name there */
    const char *type;   /* of weft, as text; NULL = not known */
    bool required, unique;
    const char *pattern;
    struct weft_texts values;
    bool numbers; /* `values`, min and max are numbers */
    const char *min, *max;
    int64_t min_length, max_length; /* -1 = none */
    const char *references;
    const char *description;
    const char *classification;
    int on_fail[WEFT_FIELD_RULE_COUNT]; /* of enum weft_on_fail, or WEFT_IMPORT_ON_FAIL_NONE */
};

struct weft_import_check {
    const char *name; /* a proposal: made legal and unique when it is added */
    const char *condition;
    const char *sql;
    const char *description;
    int on_fail;
};

struct weft_import_port {
    const char *name;
    const char *files;
    const char *comment;
};

struct weft_import_product {
    const char *domain, *name, *full_name;
    const char *file_name; /* data_product.yaml */
    const char *version;   /* 0.1.0 */
    const char *owner, *description, *status;
    struct weft_texts tags;
    const char *sql; /* goes to <name>.sql */
    /* All columns are known, each with a type: they become the schema. Else rules of fields
     * become checks, which need no schema. */
    bool schema_whole;
    struct weft_texts key;
    int key_on_fail;
    int64_t rows_min, rows_max; /* -1 = none */
    int rows_on_fail;
    struct weft_import_port *ports;
    size_t port_count, port_capacity;
    struct weft_import_field *fields;
    size_t field_count, field_capacity;
    struct weft_import_check *checks;
    size_t check_count, check_capacity;
    const struct weft_completeness *completeness[256];
    size_t completeness_count;
};

int weft_import_product_new(struct weft_import *import, const char *domain, const char *name,
                            struct weft_import_product **out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The field of that name in the source; made when it is not there and `place` is given. */
int weft_import_field_get(struct weft_import *import, struct weft_import_product *product,
                          const char *source, struct weft_place place,
                          struct weft_import_field **out, struct weft_error *error) WEFT_MUST_CHECK;
int weft_import_check_add(struct weft_import *import, struct weft_import_product *product,
                          const struct weft_import_check *check, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The texts of its files, into import->files. */
int weft_import_product_write(struct weft_import *import, const struct weft_import_product *product,
                              struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * columns_internal.h - which columns an input has, how each is read, and what the table gets.
 *
 * A column is read by its header's name. Most types are read by weft itself (value/cell.h);
 * those with a format of their own come as text (JOB_RAW name) and are turned by SQL in the same
 * pass. All of it lives in the arena of the job; immutable once made.
 */
#ifndef WEFT_JOB_COLUMNS_INTERNAL_H
#define WEFT_JOB_COLUMNS_INTERNAL_H

#include "base/mem.h"
#include "lake/table.h"
#include "model/product.h"

/* Names of the reader's own columns; no field can be called so. */
#define JOB_OWN_PREFIX "weft$"
#define JOB_ID "weft$id"
#define JOB_BITS "weft$bits" /* and a number */
#define JOB_RAW "weft$raw"   /* and a number */
#define JOB_ALIAS "r"
#define JOB_MARKS "weft_marks" /* (id, word): the bits that were set for a row of the SQL */

/* Where a row comes from (own.c). */
#define JOB_OWN_FILE_NAME "_file"
#define JOB_OWN_LINE_NAME "_line"
enum job_own { JOB_OWN_NONE, JOB_OWN_FILE, JOB_OWN_LINE };

struct job_column {
    const char *name;
    const char *header; /* what a file calls it */
    const struct weft_type *type;
    const struct weft_field *field; /* NULL = detected */
    const char *sql;                /* NULL = read by weft; else how its text becomes the value */
    const char *cast;               /* rows of the SQL: the expression that gives it */
    bool required;                  /* a file without it is refused */
    enum job_own own;               /* weft gives it, where the file has no such column */
};

struct job_output {
    const char *name;
    int column;      /* -1 = none: null */
    const char *sql; /* the expression over the columns */
};

struct job_columns {
    struct job_column *items;
    size_t count;
    const struct job_output *outputs;
    size_t output_count;
    struct weft_fields fields; /* of the table */
    bool detected;
    size_t hidden; /* so many of the last ones are there only for SQL that names them */
    size_t kept;   /* detected: so many of the first ones are the table's, the others are new */
    /* Both the input and the product have a schema: then the input's rules bear the port's name. */
    const char *port_prefix;        /* NULL = none */
    const struct weft_input *input; /* NULL = rows of the SQL */
    /* What stands after FROM: the call of the reader; of the SQL's rows a subquery, with `id` the
     * expression that numbers them. */
    const char *from;
    const char *id; /* NULL = the reader gives ids and bits */
};

/* What stands in a file's first records, for detection. */
struct job_sample {
    const char *shown; /* the first file */
    struct weft_texts header;
    /* by column: type that all sampled cells read as */
    const struct weft_type *const *types;
};

/* ---- own.c ---- */
enum job_own job_own_of(const char *header);
/* Adds those of the bits 1 << JOB_OWN_... that no column is called like, as hidden ones. */
int job_own_add(struct weft_arena *arena, struct job_columns *columns, unsigned own,
                struct weft_error *error) WEFT_MUST_CHECK;
/* Are lines to be counted? */
bool job_own_lines(const struct job_columns *columns);

/* own: hidden columns that are wanted (job_own_add). sample is needed only when neither input nor
 * product has a schema. table: the present schema, or NULL; what it has keeps its type. */
int job_columns_make(struct weft_arena *arena, const struct weft_product *product,
                     const struct weft_input *input, const struct job_sample *sample,
                     const struct weft_table_schema *table, unsigned own, struct job_columns *out,
                     struct weft_error *error) WEFT_MUST_CHECK;
bool job_columns_need_sample(const struct weft_product *product, const struct weft_input *input);

/* The FROM of a reading query: the reader's table function, with the texts turned into values. */
void job_columns_print_from(const struct job_columns *columns, size_t words, struct weft_buf *out);
int job_columns_find(const struct job_columns *columns, const char *name); /* -1 = none */

/* ---- header.c ---- */
struct job_header_warnings {
    const char *extra; /* arena; NULL = none */
    const char *missing;
    const char *own; /* _file or _line is a column of the file */
};

/* From a header to columns: cell i of a record is column map[i], or -1. A file that has none of the
 * columns, or not all required ones, or one twice, is refused; other missing columns are told, and
 * extra ones refused or told as the input says. `where` names the file in errors. */
int job_columns_map(struct weft_arena *arena, const struct job_columns *columns,
                    const struct weft_texts *header, const char *where, int **map,
                    struct job_header_warnings *warnings, struct weft_error *error) WEFT_MUST_CHECK;
/* -1: the file has none of the columns; says what it has and what may be the matter. */
int job_header_refuse(const struct job_columns *columns, const struct weft_texts *header,
                      const char *where, struct weft_error *error);

#endif

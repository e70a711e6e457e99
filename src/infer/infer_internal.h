/*
 * infer_internal.h - the parts of infer.h: text.c tells what a file is (format, delimiter,
 * header ...), read.c gives its records cell by cell, column.c gathers what a column's
 * cells say, near.c what they nearly are, decide.c draws the conclusions, key.c
 * looks for the key, write.c writes them down.
 */
#ifndef WEFT_INFER_INFER_INTERNAL_H
#define WEFT_INFER_INFER_INTERNAL_H

#include "codec/json_record.h"
#include "infer/infer.h"
#include "model/product.h"
#include "value/date_format.h"
#include "value/shape.h"

#define INFER_BLOCK ((size_t)1 << 20)
#define INFER_VALUES 40    /* different values of a column that are counted one by one */
#define INFER_VALUE_MAX 60 /* bytes of such a value */
#define INFER_SHAPE 40     /* characters of a text whose shape is looked at */
#define INFER_SKETCH 1024  /* registers that tell how many different values there are: to 3 % */

/* ---- cells ---- */

struct infer_cell {
    const char *text;
    size_t length;
    bool quoted;
    bool absent;              /* the file has no such column, or null in JSON */
    bool json;                /* the value is one of JSON, of this kind */
    enum weft_json_kind kind; /* a text without its escapes */
};

/* What a text may be. The order is that of preference; a bit each in infer_column.kinds. */
enum infer_kind {
    INFER_BOOLEAN,
    INFER_LONG,
    INFER_POINT, /* 1.5 */
    INFER_COMMA, /* 1,5 */
    INFER_DATE,
    INFER_TIME,
    INFER_TIMESTAMP,
    INFER_UUID,
    INFER_KIND_COUNT
};

/* Words that often stand for no value. */
#define INFER_WORDS 20
extern const char *const infer_words[INFER_WORDS];
int infer_word_of(const char *text, size_t length); /* -1 = none of them */

struct infer_value {
    char text[INFER_VALUE_MAX];
    size_t length;
    uint64_t hash;
    int64_t count;
};

struct infer_column {
    const char *header;
    const char *name;           /* legal, different from all others */
    int64_t absent;             /* records of files without it, and nulls of JSON */
    int64_t empty;              /* unquoted empty cells: null */
    int64_t words[INFER_WORDS]; /* cells that may mean null; not among the values */
    int64_t values;
    unsigned kinds;     /* bits: each value reads as such */
    uint64_t formats;   /* bits: of weft_date_format */
    int64_t padded;     /* values with blanks at an end */
    int64_t blank;      /* quoted empty values */
    bool zero_first;    /* some value is like 0123 */
    bool digits;        /* all values are digits alone */
    bool zone, no_zone; /* timestamps with and without one */
    bool exponent;
    int64_t long_min, long_max;
    double real_min, real_max;
    int64_t time_min, time_max; /* of dates, timestamps and formats (of the first that fits) */
    int scale_min, scale_max, whole_max; /* digits behind and before the point */
    size_t length_min, length_max;       /* bytes */
    int shape_state; /* 0 = none yet, 1 = all values have it, -1 = they differ */
    size_t shape_length;
    char shape[INFER_SHAPE]; /* d, U, l, or the character itself */
    int64_t ats;             /* values with one @ inside */
    struct infer_value *different;
    size_t different_count; /* INFER_VALUES + 1 = more */
    uint8_t *sketch;
    struct infer_near *near;

    unsigned json;                    /* bits: kinds of JSON that were met */
    struct weft_shape *own;           /* of all its values; NULL = none of JSON */
    const struct weft_type *declared; /* by the file itself; NULL */

    /* decided */
    struct weft_type type;
    int format; /* of weft_date_format; -1 = none */
    bool required;
    bool nulls; /* some are null, words included */
    bool is_enum;
    const char *pattern;
    const char *min, *max;
    double complete; /* 0 = nothing is promised */
    struct weft_buf comment;
};

/* ---- what the files are ---- */

struct infer_record; /* text_internal.h */

struct infer_dialect {
    enum weft_file_format format;
    const char *encoding; /* "utf-8" */
    char delimiter;
    size_t cells; /* of most records */
    char quote;
    bool header;
    int skip;
    bool by_place; /* the header's names are no use: it is skipped */
    bool header_sure;
};

struct infer_aside {
    int64_t count;
    const char *file;
    int64_t line; /* of the first */
    size_t cells;
};

struct infer {
    struct weft_arena *arena;
    const struct weft_infer *what;
    struct infer_dialect dialect;
    struct infer_column *columns;
    size_t column_count;
    size_t column_capacity;
    const struct infer_record *place_names; /* a header that is not used; NULL */
    const char *beyond_ascii; /* the first file that holds characters of UTF-8; NULL */
    int64_t records;
    int64_t bytes;
    int64_t told_us;
    struct infer_aside aside;
    char point;                        /* decimal separator */
    unsigned nulls;                    /* bits: words that are null */
    int date_format, timestamp_format; /* of weft_date_format; -1 = ISO 8601 */
    const size_t *key;
    size_t key_count;
    int64_t key_records; /* < records: of the first ones only */
    bool key_partial;
    size_t key_left; /* sets that found no room in any reading */
    bool looked_for_key;
};

/* Fills infer->dialect by the first file, and refuses others that are not of its kind. */
int infer_sniff(struct infer *infer, struct weft_error *error) WEFT_MUST_CHECK;
/* Once more after the dialect's encoding was changed. */
int infer_sniff_others(const struct infer *infer, struct weft_error *error) WEFT_MUST_CHECK;

/* One record: cells in the order of infer->columns. A positive result ends the reading. */
typedef int infer_record_fn(void *arg, const struct infer_cell *cells, struct weft_error *error);
/* Each record of each file that a run would accept; the first reading finds the columns and counts
 * what a run would set aside. WEFT_CHANGED: the dialect turned out to be another one, and was
 * changed: begin anew. */
int infer_read(struct infer *infer, const char *stage, bool first, infer_record_fn *fn, void *arg,
               struct weft_error *error) WEFT_MUST_CHECK;

/* The same for files of JSON, and for those that are read as such. */
int infer_read_json(struct infer *infer, const struct weft_infer_file *file, const char *stage,
                    bool first, infer_record_fn *fn, void *arg, struct weft_error *error)
    WEFT_MUST_CHECK;
int infer_read_parquet(struct infer *infer, const struct weft_infer_file *file, bool first,
                       infer_record_fn *fn, void *arg, struct weft_error *error) WEFT_MUST_CHECK;
/* The column of this name; by place where there is no header. Made where it is the first time. */
int infer_column_find(struct infer *infer, const char *name, size_t length, size_t place,
                      size_t *out, struct weft_error *error) WEFT_MUST_CHECK;

int infer_column_init(struct infer_column *column, struct weft_arena *arena,
                      struct weft_error *error) WEFT_MUST_CHECK;
void infer_column_add(struct infer_column *column, const struct infer_cell *cell);
/* About how many different values there are. */
double infer_column_different(const struct infer_column *column);

/* What texts nearly are; the note is for a column that stays text. */
int infer_near_init(struct infer_column *column, struct weft_arena *arena, struct weft_error *error)
    WEFT_MUST_CHECK;
void infer_near_add(struct infer_near *near, const char *text, size_t length);
void infer_near_note(const struct infer_near *near, struct weft_buf *out);

int infer_decide(struct infer *infer, struct weft_error *error) WEFT_MUST_CHECK;
bool infer_cell_null(const struct infer *infer, const struct infer_cell *cell);
int infer_keys(struct infer *infer, struct weft_error *error) WEFT_MUST_CHECK;
int infer_write(const struct infer *infer, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Does one of the words of a name (parted by _) stand in the list "id code key"? */
bool infer_name_has(const char *name, const char *list);

#endif

/*
 * infer.h - a product file made from data files: what each column holds, as all of its values say.
 *
 * Files are read whole, two to four times (what is it, what do its columns hold, which columns
 * are its key), and more often where the sets that may be a key do not fit in memory at once.
 * Memory is bounded: of a file with more records than WEFT_INFER_KEY_BYTES tell apart the first
 * ones alone are looked at for a key, and the text says so. Values are judged by what reads
 * them in a run (value/cell.h), so that a run sets aside no row that this file does not speak of.
 * Everything that was guessed has a comment that says by what.
 *
 * It refuses what a run would refuse as a whole: damaged files, HTML pages, spreadsheets; and files
 * of several kinds together, which one input cannot read.
 * Thread rule: one thread.
 */
#ifndef WEFT_INFER_INFER_H
#define WEFT_INFER_INFER_H

#include "base/buf.h"
#include "base/mem.h"

#define WEFT_INFER_KEY_BYTES ((size_t)256 << 20)

struct weft_infer_file {
    const char *path;  /* to open */
    const char *shown; /* for people */
    const char *named; /* as `files:` names it: relative to the product file */
};

struct weft_infer {
    const struct weft_infer_file *files;
    size_t file_count;
    const char *editor_schema; /* path or URL for the editor's line; NULL = no line */
    const char *version;       /* "0.1.0" */
    const char *port;          /* with SQL: the name of the port; NULL = the input is the product */
    const char *sql;
    int64_t file_size_max; /* settings of the same names */
    int64_t record_size_max;
    int64_t columns_max;
    size_t key_bytes; /* memory for looking for keys; 0 = WEFT_INFER_KEY_BYTES */
    void (*tell)(void *arg, const char *stage, const char *file, int64_t rows, int64_t bytes);
    void *tell_arg;
};

/* What is worth saying beside the text. */
struct weft_infer_result {
    int64_t records;
    int64_t aside; /* records that a run would set aside */
    size_t columns;
    const char *key; /* "date, fips"; NULL = none was found */
};

/* Adds the product file to out. INPUT names the file that cannot be read, and why. */
int weft_infer(struct weft_arena *arena, const struct weft_infer *what, struct weft_buf *out,
               struct weft_infer_result *result, struct weft_error *error) WEFT_MUST_CHECK;

#endif

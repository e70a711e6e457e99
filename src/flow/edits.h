/*
 * edits.h - rows of quarantine that a person exported, changed and wants replayed.
 *
 * A file of comma, semicolon or tab separated cells has a line of names and a row for each row of
 * quarantine: `_row` is its id, names that begin with `_` and are in WEFT_EDITS_OWN_NAMES tell of
 * it and are not read back, all others are its values; but one that no row has and that begins
 * with `_` is a person's note. It may be utf-16, as a spreadsheet saves "Unicode text". A JSON file
 * is an array, or a line each, of {"row_id": ..., "values": {...}}. What the file leaves out of a
 * row stays as it was.
 *
 * Refused, with file and line: an id that no open row has, one that comes twice, a value in a
 * column that the row does not have. Values are in the arena and go to the worker; none goes to the
 * ledger.
 */
#ifndef WEFT_FLOW_EDITS_H
#define WEFT_FLOW_EDITS_H

#include "catalog/product_entry.h"
#include "job/job.h"
#include "ledger/ledger.h"

#define WEFT_EDITS_ROW "_row"
#define WEFT_EDITS_OWN_NAMES {WEFT_EDITS_ROW, "_rules", "_why", "_run", "_port", "_file", "_line"}

struct weft_edit {
    const char *row_id;
    const char *run_id;
    int64_t number;     /* within that run's quarantine */
    int64_t line;       /* of the file; 0 = not known (a JSON array) */
    const char *port;   /* NULL = a row of the output */
    const char *values; /* JSON: as they are to be read now */
    bool changed;
};

struct weft_edits {
    const char *file; /* as it was named */
    char digest[WEFT_SHA256_HEX];
    struct weft_edit *items; /* by run, then number */
    size_t count;
    size_t changed;
    /* Texts of digits that are now the same number without its leading zeros, as spreadsheets
     * write it: how many, and the first. */
    size_t zeros;
    int64_t zeros_line;
    const char *zeros_name;
    const struct weft_job_replay *replays; /* the same rows, as a job names them */
    size_t replay_count;
};

/* All in the arena. */
int weft_edits_read(struct weft_ledger *ledger, struct weft_arena *arena,
                    const struct weft_registered *product, const char *path, bool json,
                    struct weft_edits *out, struct weft_error *error) WEFT_MUST_CHECK;

/* NULL = none. */
const struct weft_edit *weft_edits_find(const struct weft_edits *edits, const char *run_id,
                                        int64_t number);

/* The changed rows as lines {"row_id", "values"}, values as a text, for the worker. */
int weft_edits_write(const struct weft_edits *edits, const char *path, struct weft_error *error)
    WEFT_MUST_CHECK;

/* How a value stands in a cell; NULL is false and adds nothing. */
bool weft_edits_value_text(yyjson_val *value, struct weft_buf *out);

#endif

/*
 * scan_internal.h - the parts of the table function weft_csv(): blocks.c reads blocks (serial),
 * codec/csv.c or records.c make cells of them, fill.c turns cells into typed vectors (parallel).
 *
 * A record of json or ndjson becomes the same cells as one of csv: the text of a value under its
 * column, marked WEFT_CSV_QUOTED where it was a string; size 0 = null or not there.
 */
#ifndef WEFT_JOB_SCAN_INTERNAL_H
#define WEFT_JOB_SCAN_INTERNAL_H

#include "codec/csv.h"
#include "codec/json_record.h"
#include "codec/source.h"
#include "job/work_internal.h"

#include <stdatomic.h>

#define JOB_BLOCK ((size_t)1 << 20)
#define JOB_CELLS_MAX ((size_t)1 << 19) /* of one batch: keeps wide files within the cache */

/* How the text of an input is cut into records. A binary format whose decoder (codec/source.h)
 * gives lines of JSON is JOB_TEXT_LINES. */
enum job_text { JOB_TEXT_CSV, JOB_TEXT_LINES, JOB_TEXT_JSON };

/* The size of a cell whose value is of another kind than the column can take. */
#define JOB_CELL_BROKEN UINT32_C(0x7fffffff)

struct job_records;

/* Keys of a file's records that no column has. */
struct job_extras {
    struct weft_map *names; /* NULL = none */
    bool more;              /* than are kept */
};

struct job_scan {
    struct job_work *work;
    enum job_text text;
    int64_t record_size_max;
    pthread_mutex_t mutex; /* guards what follows: the serial part */
    size_t at;             /* file in work->files; file_count = the end */
    struct weft_source *source;
    char *carry; /* the unfinished record at the end of the last block */
    size_t carry_length;
    size_t carry_capacity;
    int64_t next;    /* offset within the file's text of carry[0] */
    int64_t next_id; /* base of the file */
    bool file_ended;
    size_t packed_before; /* files from there on are not compressed */
    atomic_bool ended;    /* read behind the pass, too, without the mutex */
    bool failed;
    atomic_bool stopped; /* likewise */
    bool sampling;       /* only header and first records are wanted */
    struct weft_error error;
    int64_t bytes_done; /* on disk, of all files */
    int64_t bytes_total;
    int64_t told_us;
    bool lines;   /* they are counted (own.c) */
    int64_t line; /* of the next block */
    bool hash;
    struct job_hashes *hashes; /* one for each unique of the rules */
    struct job_mark *marks;
    size_t mark_count;
    _Atomic int64_t records;
    _Atomic int64_t *file_records;
    /* json and ndjson only; by file */
    struct weft_json_split split; /* of the open file */
    struct job_extras *extras;
    bool *seen; /* file x column: some record has its key */
    bool seen_told;
};

/* One thread's part. */
struct job_scan_local {
    struct job_scan *scan;
    struct weft_csv split;
    struct job_records *records; /* NULL = csv */
    size_t capacity;             /* of split.data, without the pad */
    size_t index_capacity;
    size_t file;
    bool *present;                  /* by column: the file has it */
    uint64_t *bits;                 /* words x row_max */
    struct job_hash_block **blocks; /* one for each unique */
    uint64_t *hash;                 /* row_max */
    bool *hash_null;
    int64_t line;       /* of the block's first byte */
    uint32_t *newlines; /* places in the block, as it was read */
    size_t newline_count;
    size_t newline_capacity;
};

/* Under the mutex: the next block. 0, WEFT_END, or -1 with scan->error set. */
int job_scan_next(struct job_scan *scan, struct job_scan_local *local);
/* Sets scan->error: the file is bad as a whole, at this byte of its text. -1. */
int job_scan_bad(struct job_scan *scan, size_t file, int64_t byte, const char *text);
/* The same of text that is none, or of another encoding: says which may be meant. */
int job_scan_not_text(struct job_scan *scan, size_t file, int64_t byte, const char *text);
/* A file of lines whose first line opens an array that it does not close is json. -1: refused. */
int job_lines_check(struct job_scan *scan, const char *data, size_t length);
/* The same where json is expected: says also what the file seems to be instead. data: the first
 * block of what is left, `at` a place in it. */
int job_text_refuse(struct job_scan *scan, const char *data, size_t length, size_t at,
                    const char *text);
/* Opens a file as text: decompressed, decoded as its input says. */
int job_source_open(const struct job_work *work, const struct job_file *file, int64_t text_max,
                    struct weft_source **out, struct weft_error *error) WEFT_MUST_CHECK;
enum job_text job_text_of(const struct weft_input *input);
/* The line in which a byte of a file's text stands. */
int job_line_of(const struct job_work *work, const struct job_file *file, int64_t byte,
                int64_t *line);
size_t job_count_lines(const char *data, size_t length);
/* Of a cell of csv. Without `null:` an unquoted empty cell is null; with it, the unquoted cells it
 * lists. `size` with WEFT_CSV_QUOTED. */
bool job_cell_is_null(const struct weft_csv_options *csv, const char *text, uint32_t size);
/* Under the mutex, before the block is changed: where its lines end. */
int job_lines_index(struct job_scan *scan, struct job_scan_local *local, size_t length,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* Fills the vector of _file or _line; only_null: where it has no value yet. */
void job_own_fill(struct job_scan_local *local, size_t column, duckdb_vector vector, size_t rows,
                  bool only_null);
struct job_scan_local *job_scan_local_new(struct job_scan *scan);
void job_scan_local_free(struct job_scan_local *local);

/* Fills the vector of one column; sets bits for cells that do not parse. */
void job_fill_column(struct job_scan_local *local, size_t column, duckdb_vector vector,
                     size_t rows);
/* Types of the keys of json, from the first block of each file (detect_json.c). */
/* Of an Avro file bytes come as "\x" and hexadecimal digits: undone in place; the length then. */
size_t job_avro_bytes(const struct job_work *work, char *text, size_t length);
/* Of Avro files: as their heads say. */
int job_avro_sample(struct job_work *work, struct job_sample *out, struct weft_error *error)
    WEFT_MUST_CHECK;
int job_sample_records(struct job_scan *scan, struct job_scan_local *local, struct job_sample *out)
    WEFT_MUST_CHECK;
/* Adds the values of column, already in the vector, to the hashes of the batch. */
void job_fill_hash(struct job_scan_local *local, size_t column, duckdb_vector vector, size_t rows);

/* The nested value at row of a vector: every part of it is of its type, or false. */
bool job_fill_nested(struct job_scan_local *local, size_t column, duckdb_vector vector, idx_t row,
                     char *text, size_t length);

/* Null, and so its parts. */
void job_fill_null(const struct weft_type *type, duckdb_vector vector, idx_t at);

/* ---- records.c: records of json and ndjson as cells ---- */
struct job_records *job_records_new(struct job_scan_local *local); /* NULL when memory is out */
void job_records_free(struct job_records *records);
/* A block of another file than the last one. */
int job_records_enter(struct job_scan_local *local) WEFT_MUST_CHECK;
/* As weft_csv_batch. */
size_t job_records_batch(struct job_scan_local *local);
/* The next record of the block, false = none. Lines of blanks are none. */
bool job_record_next(struct job_scan_local *local, size_t *begin, size_t *end);
bool job_records_drained(const struct job_scan_local *local);
/* Out of memory, or a key that is refused: then scan->error says which. */
bool job_records_failed(const struct job_scan_local *local);
void job_records_fail(struct job_scan_local *local); /* out of memory */
/* Under the mutex: what this thread saw in its file. */
void job_records_flush(struct job_scan_local *local);
/* A key that no column has: kept for the warning, or the file is refused. id: of the record. */
void job_records_extra(struct job_scan_local *local, const char *path, int64_t id);
/* After the last record: refuses files none of whose records has a column; warnings. */
int job_records_finish(struct job_scan *scan, struct weft_error *error) WEFT_MUST_CHECK;
int job_records_restart(struct job_scan *scan, struct weft_error *error) WEFT_MUST_CHECK;
void job_records_release(struct job_scan *scan);

static inline void job_bit_set(struct job_scan_local *local, size_t row, size_t rule)
{
    size_t words = local->scan->work->rules.words;
    local->bits[row * words + (rule >> 6)] |= UINT64_C(1) << (rule & 63);
}

#endif

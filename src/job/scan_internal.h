/*
 * scan_internal.h - the parts of the table function weft_csv(): scan.c reads blocks (serial),
 * fill.c turns cells into typed vectors (parallel).
 */
#ifndef WEFT_JOB_SCAN_INTERNAL_H
#define WEFT_JOB_SCAN_INTERNAL_H

#include "codec/csv.h"
#include "codec/source.h"
#include "job/work_internal.h"

#include <stdatomic.h>

#define JOB_BLOCK ((size_t)1 << 20)
#define JOB_CELLS_MAX ((size_t)1 << 19) /* of one batch: keeps wide files within the cache */

struct job_scan {
    struct job_work *work;
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
    bool ended;
    bool failed;
    bool stopped;
    bool sampling; /* only header and first records are wanted */
    struct weft_error error;
    int64_t bytes_done; /* on disk, of all files */
    int64_t bytes_total;
    int64_t told_us;
    bool hash;
    struct job_hashes *hashes; /* one for each unique of the rules */
    struct job_mark *marks;
    size_t mark_count;
    _Atomic int64_t records;
    _Atomic int64_t *file_records;
};

/* One thread's part. */
struct job_scan_local {
    struct job_scan *scan;
    struct weft_csv split;
    size_t capacity; /* of split.data, without the pad */
    size_t index_capacity;
    size_t file;
    bool *present;                  /* by column: the file has it */
    uint64_t *bits;                 /* words x row_max */
    struct job_hash_block **blocks; /* one for each unique */
    uint64_t *hash;                 /* row_max */
    bool *hash_null;
};

/* Under the mutex: the next block. 0, WEFT_END, or -1 with scan->error set. */
int job_scan_next(struct job_scan *scan, struct job_scan_local *local);
/* Sets scan->error: the file is bad as a whole, at this byte of its text. -1. */
int job_scan_bad(struct job_scan *scan, size_t file, int64_t byte, const char *text);
/* The line in which a byte of a file's text stands. */
int job_line_of(const struct job_file *file, int64_t byte, int64_t *line);
size_t job_count_lines(const char *data, size_t length);
struct job_scan_local *job_scan_local_new(struct job_scan *scan);
void job_scan_local_free(struct job_scan_local *local);

/* Fills the vector of one column; sets bits for cells that do not parse. */
void job_fill_column(struct job_scan_local *local, size_t column, duckdb_vector vector,
                     size_t rows);
/* Adds the values of column, already in the vector, to the hashes of the batch. */
void job_fill_hash(struct job_scan_local *local, size_t column, duckdb_vector vector, size_t rows);

static inline void job_bit_set(struct job_scan_local *local, size_t row, size_t rule)
{
    size_t words = local->scan->work->rules.words;
    local->bits[row * words + (rule >> 6)] |= UINT64_C(1) << (rule & 63);
}

#endif

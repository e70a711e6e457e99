/*
 * work_internal.h - one job while it is done: what its steps hand to one another.
 *
 * Order: files (inputs.c) -> columns -> rules -> pass (pass.c: the one COPY) -> keys (keys.c) ->
 * table rules (table_rules.c) -> quarantine (quarantine.c) -> publication (publish.c). The order
 * itself stands in do.c. Everything lives in the job's arena but the heap things that
 * job_work_release gives back.
 *
 * A product with sql or a graph is done in stages (stages.c), each a job_work of its own in one
 * engine: one for each file port, which ends with its pass (rows in a Parquet file of the temp
 * folder), and the output, whose rows come from the SQL instead of files (made.c).
 */
#ifndef WEFT_JOB_WORK_INTERNAL_H
#define WEFT_JOB_WORK_INTERNAL_H

#include "base/fs.h"
#include "engine/engine.h"
#include "job/columns_internal.h"
#include "job/hashes_internal.h"
#include "job/job.h"
#include "job/rules_internal.h"
#include "ledger/ledger.h"
#include "resolver/resolver.h"

/* The states of job_inputs that this product has read: folded by the asker's side. */
struct job_known {
    const char *port;
    const char *path;
    const char *hash;
    struct weft_fs_identity identity;
    const char *etag, *last_modified; /* of a URL; NULL = none */
    int64_t records;
    bool past; /* at its path other content was read since */
};

/* known, in other orders. */
struct job_known_index {
    const struct job_known **by_path; /* those that are not past */
    size_t path_count;
    const struct job_known **by_hash; /* all */
    int64_t *sizes;                   /* of all */
};

/* A file of this job, in reading order. */
struct job_file {
    struct weft_outcome_file out; /* what is told of it */
    const char *local; /* where its bytes lie: out.path, or the copy of a URL; NULL = not fetched */
    bool url;
    bool again;
    bool read;               /* it is part of this pass */
    int64_t base;            /* id of its byte 0: ids are unique over the job's files */
    int64_t text_length;     /* bytes after decompression; known at the end */
    const char *engine_path; /* of a file that the engine reads: what it calls it */
    size_t cells;            /* in each record */
    const int *map;          /* cell -> column, -1 = left out */
    struct weft_texts header;
    int64_t rejected;
};

/* Where a row stood that is replayed. */
struct job_origin {
    int64_t id;
    int64_t line;
    const char *file;
};

/* A field whose values must be among those of another product. */
struct job_reference {
    const char *field;
    const char *table; /* domain.product */
    const char *folder;
    struct weft_relation relation; /* one column, called as the field */
};

/* A product that is read, at its snapshot. */
struct job_source {
    const struct weft_job_source *asked;
    const char *folder; /* of its table, for the engine */
    struct weft_relation relation;
    int64_t records; /* handed to the SQL */
};

struct job_scan;
struct job_made;
struct job_parquet;
struct aside;

struct job_work {
    struct weft_arena *arena;
    const struct weft_job *job;
    const struct weft_product *product;
    const struct weft_input *input; /* NULL = the output of sql or a graph */
    weft_progress_fn *progress;
    void *progress_arg;
    int64_t started_us;
    bool looks; /* only whether there is anything new: no file is opened (weft_job_look) */
    struct weft_outcome *out;

    struct job_work *parent; /* of a file port: the output's; else NULL */
    size_t number;           /* of a file port: 1, 2 ...; 0 = the output */
    struct job_work *ports;  /* of the output */
    size_t port_count;
    struct job_source *sources;
    struct job_source *members; /* in which guards look rows up: job->member_count */
    size_t source_count;
    struct job_made *made;       /* NULL = its rows come from files */
    struct job_parquet *parquet; /* of files in Parquet; else `scan` reads them */

    struct job_known *known;
    size_t known_count;
    struct job_known_index known_index;
    const struct job_origin *origins; /* of a replay; by id */
    size_t origin_count;
    struct job_file *files;
    size_t file_count;
    size_t file_capacity;
    size_t read_count;
    bool replace; /* the table is written anew */
    bool append;  /* what is published stays */

    struct weft_engine *engine;
    bool keeps_order;         /* the engine gives rows in the order of what they come from */
    struct weft_table *table; /* NULL = none yet */
    struct weft_table_schema schema;
    struct weft_data_files live; /* of the current snapshot; only after job_live_load */
    bool live_loaded;
    int64_t live_records;
    int64_t before_records; /* of the table before the run */
    /* Of an upsert, once the live files that hold keys of the run are written again (upsert.c):
     * live and live_records are then what stays. */
    bool rewritten;
    struct weft_data_file rest; /* the new file of what is left of those; 0 rows = none */
    const char *const *gone;    /* their paths */
    size_t gone_count;
    int64_t replaced; /* rows */
    struct job_columns columns;
    struct job_rules rules;
    struct job_scan *scan;
    struct aside *aside;         /* while quarantine is written */
    struct job_example *example; /* of a test; NULL = none */

    struct job_reference *references;
    size_t reference_count;

    const char *data_path;  /* absolute, of the new data file; NULL = no row passed */
    const char *data_shown; /* relative to the home */
    struct weft_data_file data;

    struct weft_outcome_stayed *stayed;
    size_t stayed_count;
    size_t stayed_capacity;
    const char **warnings;
    size_t warning_count;
    size_t warning_capacity;
    struct weft_outcome_check *checks;
    size_t check_count;
    size_t check_capacity;
};

/* ---- tell.c: below all steps ---- */
int job_warn(struct job_work *work, const char *text, struct weft_error *error) WEFT_MUST_CHECK;
int job_check_add(struct job_work *work, const struct weft_outcome_check *check,
                  struct weft_error *error) WEFT_MUST_CHECK;
void job_tell(struct job_work *work, const char *stage, const char *file, int64_t rows,
              int64_t done, int64_t total);
/* Fails with an I/O error where a test wants it. */
int job_point(const char *point, struct weft_error *error) WEFT_MUST_CHECK;
/* Always WEFT_END. */
int job_nothing_new(struct job_work *work);
/* PREVIEW, TEST, CHECK: nothing is published, and nothing outlives the temp folder. */
bool job_is_trial(const struct job_work *work);

/* ---- do.c, prepare.c ---- */
/* The files of the current snapshot: read when a rule needs them, because a table may have
 * thousands and a run without such a rule needs none. */
int job_live_load(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* Columns, rules and the place of the new file, once the engine is open. */
int job_columns_and_rules(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_rules_of(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_engine_start(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_table_open(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_figures_tell(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_judge(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_sweep(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_end(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_not_yet(const char *what, struct weft_error *error);
/* Do the folders for files that were read lie outside of the home? */
int job_input_check(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- example.c, example_rows.c: the rows of a test ---- */

#define JOB_EXAMPLE_ROWS_MAX 100000 /* that are compared */
/* TEST: the product's ports become files of the temp folder that hold what is given, and promises
 * on the whole (rows, batch, completeness, quarantine_max) go. CHECK: it reads its own table. */
int job_example_begin(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
void job_example_free(struct job_example *example); /* NULL is nothing */
/* CHECK: rules count the rows that break them, and none is set aside. */
void job_example_rules(struct job_work *work);
int job_example_sources(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* The column of what is given for the product `table`, called `as`. WEFT_NOT_THERE: nothing is
 * given, so the reference is not looked at. */
int job_example_reference(struct job_work *work, const char *column, const char *as,
                          struct job_reference *out, struct weft_error *error) WEFT_MUST_CHECK;
/* What would be published, beside what is expected, to the outcome. */
int job_example_tell(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* In the summary of a snapshot: weft_product_data_digest of the contract that made it. */
#define WEFT_JOB_DATA_DIGEST "weft.data-digest"

/* ---- known.c: what was read before ---- */
int job_known_load(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* What was read there last; NULL = nothing. */
const struct job_known *job_known_by_path(const struct job_work *work, const char *path);
/* The first of that content, past or not. */
const struct job_known *job_known_by_hash(const struct job_work *work, const char *hash);
bool job_known_size(const struct job_work *work, int64_t size);

/* ---- inputs.c: which files ---- */
/* Fills files. WEFT_END when there is nothing to do. */
int job_inputs_find(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* Was the path or URL named by hand, to be read again? */
bool job_names(const struct job_work *work, const char *path);
/* A file of its port, with all of `out` but port, path and shown set. */
int job_file_append(struct job_work *work, const struct job_file *file, const char *port,
                    const char *path, const char *shown, struct weft_error *error) WEFT_MUST_CHECK;
/* A file that is bad as a whole holds up the others: adds to the hint how to go on. */
int job_bad_file_hint(struct job_work *work, struct weft_error *error);
/* After the pass, when all hashes are known: WEFT_END when the table holds just this already. */
int job_inputs_same(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* Fills out.hash. */
int job_file_hash(struct job_file *file, struct weft_error *error) WEFT_MUST_CHECK;
/* The hash of a file that is as it was when it was read last. */
bool job_input_hash_known(const struct job_work *work, size_t file, char out[WEFT_SHA256_HEX]);

/* ---- fetch.c: files over HTTP ---- */
/* Asks for what the input's URL holds now, and adds it to the files; what is known to be unchanged
 * is not fetched. */
/* Below the URL of the input's connection; one that is there already is no second file. */
int job_fetch_connected(struct job_work *work, const char *path, struct weft_error *error)
    WEFT_MUST_CHECK;
int job_fetch_add(struct job_work *work, const char *url, struct weft_error *error) WEFT_MUST_CHECK;
/* Fetches what is read although it did not change. */
int job_fetch_rest(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- scan.c: the table function weft_csv() ---- */
int job_scan_new(struct job_work *work, struct job_scan **out, struct weft_error *error)
    WEFT_MUST_CHECK;
void job_scan_free(struct job_scan *scan);
int job_scan_register(struct job_scan *scan, struct weft_error *error) WEFT_MUST_CHECK;
/* Opens the first file for its header and first records. */
int job_scan_sample(struct job_work *work, struct job_sample *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Back to the first record. hash: collect key hashes. */
int job_scan_restart(struct job_scan *scan, bool hash, struct weft_error *error) WEFT_MUST_CHECK;
/* Gives the scan's own error if it has one, else `error` as it is. */
int job_scan_failure(struct job_scan *scan, struct weft_error *error);
/* All was read: the files' hashes, identities and counts are set. INTERNAL when the engine did not
 * read to the end. */
int job_scan_finish(struct job_scan *scan, struct weft_error *error) WEFT_MUST_CHECK;
bool job_scan_stopped(const struct job_scan *scan); /* passing quarantine_max was certain */
int64_t job_scan_records(const struct job_scan *scan);
bool job_scan_suspect(struct job_scan *scan, size_t unique);
/* Bits that the next pass sets for single rows; sorted by id inside. Heap, taken over. */
struct job_mark {
    int64_t id;
    size_t rule;
};
void job_scan_mark(struct job_scan *scan, struct job_mark *marks, size_t count);
int job_mark_compare(const void *a, const void *b); /* by id */

/* ---- rows.c: what a stage's rows come from, a scan or the SQL ---- */
int job_rows_restart(struct job_work *work, bool hash, struct weft_error *error) WEFT_MUST_CHECK;
/* Why the statement failed, fit for people. */
int job_rows_failure(struct job_work *work, struct weft_error *error);
int job_rows_finish(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
bool job_rows_stopped(const struct job_work *work);
int64_t job_rows_count(const struct job_work *work);
bool job_rows_suspect(struct job_work *work, size_t unique);
/* Heap, taken over. */
void job_rows_mark(struct job_work *work, struct job_mark *marks, size_t count);

/* What reads the stage's files, known to the engine before it is sealed. */
int job_reader_register(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- stages.c: a run with sql or a graph ---- */
/* Up to where files are opened; WEFT_END: nothing is new. */
int job_stages_begin(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_stages_run(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_stages_register(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
void job_stages_release(struct job_work *work);

/* ---- ports.c: file ports of such a run ---- */
int job_ports_find(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* After the engine is open: the pass of each. */
int job_ports_read(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_port_relation(struct job_work *port, struct weft_relation *out, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- sources.c: products that are read ---- */
int job_sources_open(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_sources_tell(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* When the engine is there: what guards need of it, and the rows that they leave. */
int job_sources_guard(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* For weft_resolve_options: the relation of a member by its product's name; arg is the work. */
int job_sources_member(void *arg, struct weft_arena *arena, const char *product,
                       struct weft_relation *out, struct weft_error *error) WEFT_MUST_CHECK;
/* NULL = the job has none of this name. schema NULL: a port. */
const struct job_source *job_source_find(const struct job_work *work, const char *schema,
                                         const char *table);

/* ---- made.c: rows of the SQL ---- */
int job_made_new(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
void job_made_free(struct job_made *made); /* NULL is nothing */
int job_made_register(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* Resolves the SQL over ports and sources, and makes the columns. */
int job_made_columns(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* The first pass knows rows only by their number of bits: before a row can be named (set aside,
 * marked) the SQL's rows are written down once, and read from there. */
int job_made_settle(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- pass.c ---- */
int job_pass_run(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* Rows of the SQL: makes them ones with ids and does the pass again. */
int job_pass_settled(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* COPY `select` to a new Parquet file of a schema; WEFT_END when it got no row (no file stays). */
int job_pass_copy(struct job_work *work, const char *select, const struct weft_table_schema *schema,
                  const char *path, const char *shown, struct weft_data_file *out,
                  struct weft_error *error) WEFT_MUST_CHECK;

/* ORDER BY of the table's `sort:`, if it has one. */
void job_sort_print(const struct job_work *work, struct weft_buf *sql);
/* COPY `select` to a Parquet file of the temp folder that only this run reads: not synced. 0 rows
 * leave a file too. */
int job_pass_spool(struct job_work *work, const char *select, const char *path, int64_t *records,
                   struct weft_error *error) WEFT_MUST_CHECK;

/* ---- references.c ---- */
int job_references_load(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- keys.c ---- */
int job_keys_check(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* SELECT over the new file, the live files, or both, with the table's new schema. */
int job_relation_new(struct job_work *work, struct weft_relation *out, struct weft_error *error)
    WEFT_MUST_CHECK;
int job_relation_this(struct job_work *work, bool with_new, struct weft_relation *out,
                      struct weft_error *error) WEFT_MUST_CHECK;

/* ---- upsert.c ---- */
bool job_is_upsert(const struct job_work *work);
/* Are live rows to be replaced, and stand yet? */
bool job_replaces(const struct job_work *work);
/* Writes the live files anew that hold keys of the run. */
int job_upsert_rewrite(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- table_rules.c ---- */
int job_row_checks_tell(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* BLOCKED in the outcome when one blocks. */
int job_table_rules(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- quarantine.c, blocked.c ---- */
int job_quarantine_register(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_quarantine_write(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_blocked_write(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- publish.c ---- */
int job_publish(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * job.h - what the process that asks tells a worker, and what the worker hands back.
 *
 * A worker is `weft worker`, started by exec, reading one job as a line of JSON on descriptor 0 and
 * answering on descriptor 1 with lines of JSON: {"progress": ...} any number of times, then one
 * {"outcome": ...}. Then it waits for the next job, or ends at end of file. Descriptor 0 is a Unix
 * socket: with the first byte of a job comes the product's lock, which the worker closes before it
 * answers. It holds no signing key and opens the ledger read-only; it computes, writes and syncs
 * files. The asker checks the outcome and commits (flow/commit.c).
 *
 * Structs live in an arena of the job. Paths: absolute, but for table folders and metadata paths,
 * which are relative to the home.
 */
#ifndef WEFT_JOB_JOB_H
#define WEFT_JOB_JOB_H

#include "base/hash.h"
#include "base/random.h"
#include "base/secret.h"
#include "codec/json.h"
#include "lake/table.h"
#include "model/product.h"

enum weft_job_mode {
    WEFT_JOB_RUN,     /* look at the inputs */
    WEFT_JOB_LOAD,    /* the files given by hand (product without an input) */
    WEFT_JOB_REBUILD, /* start the table over from the inputs that are still to be had */
    WEFT_JOB_REPLAY,  /* quarantined rows through the present contract */
    WEFT_JOB_PREVIEW, /* as RUN, but nothing is published: the rows stay in the temp folder */
    WEFT_JOB_TEST,    /* as PREVIEW, of rows that are given: it reads no home and no ledger */
    WEFT_JOB_CHECK    /* the contract's rules over a snapshot of its own table, as it stands */
};

struct weft_job_file {
    const char *port;
    const char *path; /* absolute; "-" was spooled by the asker, then `shown` is "standard input" */
    const char *shown; /* what people call it */
    bool again;        /* --again, --reread: read although it is known */
};

/* Rows of quarantine to replay: by run; empty = all open ones. The asker resolves states. */
struct weft_job_replay {
    const char *run_id;
    const int64_t *row_numbers; /* within that run's quarantine, ascending */
    size_t row_count;
};

/* A product that the run reads, as it was when the run began: one for each input port of that kind
 * and one for each domain.product that the SQL names. */
struct weft_job_source {
    const char *name;    /* as the SQL calls it: the port, "domain.product", "domain.product__v1" */
    bool is_port;        /* name is an input port */
    const char *product; /* for people: "reference.counties@1" */
    const char *table;   /* key of its table */
    /* Where it lies, when it is read from the home of another environment (`defer:`): that home,
     * its node, the environment's name. NULL = here. */
    const char *home;
    const char *origin;
    const char *environment;
    const char *metadata; /* of the table, relative to its home */
    int64_t snapshot_id;  /* the state that is read */
    bool only_new;        /* `read: new`: only the rows that were added after `since` */
    int64_t since;        /* snapshot up to which was read before; 0 = none: all rows are new */
    const char *guard;    /* what is kept from the run (guard.h); NULL = nothing */
};

/* A connection over which inputs are read. It says where the secret is found; the worker reads it
 * when it asks, so that it stands in no line between the two, no log, no argument of a process. */
struct weft_job_connection {
    const char *name;
    const char *url;    /* files are relative to it */
    const char *user;   /* Basic, with a password; NULL = a token, or none */
    const char *header; /* that carries a token; NULL = Authorization: Bearer */
    int secret_kind;    /* enum weft_secret_kind */
    const char *secret; /* name of the variable or file, the command; NULL = none */
    const char *folder; /* that a file is relative to, and a command runs in */
};

struct weft_job {
    char run_id[WEFT_UUID_TEXT];
    enum weft_job_mode mode;
    const char *home;
    const char *document; /* the contract, as registered */
    const char *folder;   /* of the product file: inputs are relative to it */
    const char *name;     /* for commands that are proposed: "d.p", "d.p@1"; NULL = as `table` */
    const char *table;    /* "county_health.daily_reports" or "...__v1" */
    const char *table_folder;
    const char *metadata; /* current, NULL = none yet */
    const char *quarantine_folder;
    const char *quarantine_metadata; /* NULL = none yet */
    int64_t time_us;                 /* the run's recorded time */
    int64_t head_sequence;           /* the ledger's head: stands in the snapshot's summary */
    const char *head_hash;
    const struct weft_job_file *files; /* LOAD, and --reread */
    size_t file_count;
    const struct weft_job_source *sources;
    size_t source_count;
    /* What `references:` of its fields look up, at its snapshot: name is "references:FIELD"
     * (catalog/product_entry.h). */
    const struct weft_job_source *lookups;
    size_t lookup_count;
    /* In which the guards of sources look rows up; name is "domain.product". */
    const struct weft_job_source *members;
    size_t member_count;
    const struct weft_job_connection *connections; /* that its inputs name */
    size_t connection_count;
    /* TEST: the rows, as JSON; else NULL.
     *   {"ports": [{"name", "path"}, {"name", "rows"}], "expect": rows, "sources": [{"name",
     *    "is_port", "product": "d.p", "columns": [{"name", "type"}], "rows"}]}
     * rows: [{"column": "text", null, or lists and objects of these}]; a column that is left out is
     * null. A port that is not named has no rows. A path is read by the port's own format where
     * its name does not speak against it. */
    const char *example;
    const char *last_key; /* run key of the run that made the current snapshot; NULL = none */
    const struct weft_job_replay *replays;
    size_t replay_count;
    const char
        *edits; /* REPLAY: lines {"row_id", "values"} of rows with other values; NULL = none */
    int64_t memory_bytes; /* budget of the engine's instance: already divided by 1.25 */
    int threads;
    const char *temp_dir;
    int64_t temp_size_max;
    int64_t record_size_max;
    int64_t columns_max;
    int64_t file_size_max;
    int64_t http_timeout_ms, http_connect_timeout_ms;
    bool http_private;
    int64_t examples_max;
    int metadata_files_kept;
    bool s3_fallback_local;
};

/* ---- what comes back ---- */

enum weft_run_state { WEFT_RUN_PUBLISHED, WEFT_RUN_NOTHING_NEW, WEFT_RUN_BLOCKED, WEFT_RUN_FAILED };

enum weft_file_state {
    WEFT_FILE_READ,
    WEFT_FILE_KNOWN,         /* same path, same content: passed over */
    WEFT_FILE_KNOWN_CONTENT, /* same content under another path: passed over and named */
    WEFT_FILE_CHANGED,       /* same path, other content: the run is blocked */
    WEFT_FILE_BAD            /* refused as a whole */
};

struct weft_outcome_file {
    const char *port;
    const char *path; /* or the URL; then device, inode and times are 0 */
    const char *shown;
    enum weft_file_state state;
    const char *same_as;        /* KNOWN_CONTENT: the path it was read under; else NULL */
    char hash[WEFT_SHA256_HEX]; /* of the bytes on disk; "" when not needed to be read */
    int64_t size;
    int64_t device, inode, modified_ns, changed_ns;
    const char *etag, *last_modified; /* of a URL, as its server gave them; NULL = none */
    int64_t records;
    int64_t accepted;
    int64_t quarantined;
};

/* What was read of a source: its position after the run. */
struct weft_outcome_source {
    const char *name; /* as in the job; so are the next three */
    const char *table;
    const char *origin;
    const char *environment;
    int64_t snapshot_id;
    int64_t since;
    int64_t records; /* rows handed to the SQL */
};

struct weft_outcome_check {
    const char *rule; /* "cases.min", "key", "check.never_falls", "completeness.deaths" ... */
    const char *kind; /* row, key, table */
    enum weft_on_fail on_fail;
    bool passed;
    int64_t failing; /* rows (or groups) */
    int64_t total;
    double value;        /* the measured share or figure; NaN = none */
    const char *message; /* NULL = none */
};

struct weft_balance {
    int64_t read;
    int64_t accepted;
    int64_t input_quarantined;
    int64_t made;
    int64_t published;
    int64_t output_quarantined;
    int64_t superseded;
};

/* A replayed row that still fails: it stays where it is. */
struct weft_outcome_stayed {
    const char *run_id;
    int64_t number;
    const char *rules; /* one a line */
};

struct weft_outcome_table {
    struct weft_table_made made;
    const char *operation; /* append, overwrite */
    int64_t added;         /* rows of the run: those that are published */
    int64_t removed; /* rows that are no longer there; of an upsert those that were replaced */
    int64_t carried; /* upsert: rows of rewritten files that are there as before */
};

struct weft_outcome {
    enum weft_run_state state;
    struct weft_error error; /* BLOCKED and FAILED: why */
    struct weft_balance balance;
    const struct weft_outcome_file *files;
    size_t file_count;
    const struct weft_outcome_source *sources;
    size_t source_count;
    /* SHA-256 (hexadecimal) over what a run depends on: format version, contract, names and
     * snapshots of the sources, hashes of the files. The same key again = nothing new. "" = the
     * run ended before it was known. */
    char run_key[WEFT_SHA256_HEX];
    char sql_hash[WEFT_SHA256_HEX]; /* SHA-256 of the secured SQL; "" = none was made */
    const struct weft_outcome_check *checks;
    size_t check_count;
    const struct weft_outcome_table *table;      /* NULL = nothing to publish */
    const struct weft_outcome_table *quarantine; /* NULL = nothing set aside */
    const char *const *warnings;
    size_t warning_count;
    const char *const *detected; /* "cases: long", where types were detected */
    size_t detected_count;
    const char *examples; /* blocked/<run>.ndjson relative to the home, or NULL */
    const char *preview;  /* PREVIEW: absolute path of a Parquet file, or NULL = no row */
    /* TEST: {"columns": [{"name", "type", "compared"}], "got": [[cell]], "expected": [[cell]]}, a
     * cell being the text of a JSON value; NULL when nothing would be published. */
    const char *example;
    int64_t closed_before; /* replace: open quarantine rows of earlier runs that this one closes */
    /* REPLAY: the rows that pass now and are in `table`, by run; all others stay as they are. */
    const struct weft_job_replay *replayed;
    size_t replayed_count;
    const struct weft_outcome_stayed *stayed; /* the first of them: examples_max */
    size_t stayed_count;
    int64_t passed_on; /* of these, rows of ports of a product with sql */
    int64_t made_anew; /* rows that the SQL made of them */
    int64_t duration_us;
    int64_t memory_bytes; /* peak resident size of the worker */
};

struct weft_progress {
    const char *stage; /* "reading", "key check", "publishing" */
    const char *file;  /* NULL */
    int64_t rows;
    int64_t bytes_done;
    int64_t bytes_total; /* 0 = not known */
};

/* One line each, without the line end. */
int weft_job_write(const struct weft_job *job, struct weft_buf *out, struct weft_error *error)
    WEFT_MUST_CHECK;
int weft_job_read(struct weft_arena *arena, const char *line, size_t length, struct weft_job *out,
                  struct weft_error *error) WEFT_MUST_CHECK;
int weft_outcome_write(const struct weft_outcome *outcome, struct weft_buf *out,
                       struct weft_error *error) WEFT_MUST_CHECK;
int weft_outcome_read(struct weft_arena *arena, yyjson_val *value, struct weft_outcome *out,
                      struct weft_error *error) WEFT_MUST_CHECK;
int weft_progress_write(const struct weft_progress *progress, struct weft_buf *out,
                        struct weft_error *error) WEFT_MUST_CHECK;

/* The run key: of what in the contract makes the rows (weft_product_data_digest), what is read of
 * which source, what guards look rows up in, and the files that were read (those in state READ or
 * KNOWN, with their hashes). Orders do not matter. */
int weft_job_run_key(const struct weft_product *product, const struct weft_job_source *sources,
                     size_t source_count, const struct weft_job_source *members,
                     size_t member_count, const struct weft_outcome_file *files, size_t file_count,
                     char out[WEFT_SHA256_HEX], struct weft_error *error) WEFT_MUST_CHECK;

/* Which of the columns _file and _line the product's SQL may name, as bits; the name and type of
 * each: 1 and 2. */
unsigned weft_job_own_named(const struct weft_product *product);
const char *weft_job_own_name(unsigned own, const struct weft_type **type);

/* What a run of this product could not do, as far as its file tells: for those who plan. NOT_YET,
 * with the place where it is written. */
int weft_job_check(const struct weft_product *product, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- the worker's side ---- */
/* How a worker ends that a single call of the engine made deaf: too large, or past its end. */
#define WEFT_WORKER_TOO_LARGE 53
#define WEFT_WORKER_DEAF 54
typedef void weft_progress_fn(void *arg, const struct weft_progress *progress);

/* Is there anything new for a RUN? Looks at names, sizes and times of files and at the metadata of
 * tables, and opens no file of an input: so it takes no worker. WEFT_END: nothing new, *out as a
 * worker would tell it; 0: not known without one; -1: as little, and the worker will say why. */
int weft_job_look(struct weft_arena *arena, const struct weft_job *job, struct weft_outcome *out,
                  struct weft_error *error) WEFT_MUST_CHECK;
/* Does the job in this process. 0 whenever there is an outcome (also BLOCKED and FAILED); -1 only
 * when not even that could be made. Fault points: run.read, run.copy, run.keys, run.checks,
 * run.quarantine, and those of lake/table.h. */
int weft_job_do(struct weft_arena *arena, const struct weft_job *job, weft_progress_fn *progress,
                void *progress_arg, struct weft_outcome *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The same for who waits: told once of the outcome, when all files of the job are written and
 * before the engine is closed. What it returns below zero is returned. */
typedef int weft_job_told_fn(void *arg, const struct weft_outcome *outcome,
                             struct weft_error *error);
int weft_job_tell(struct weft_arena *arena, const struct weft_job *job, weft_progress_fn *progress,
                  weft_job_told_fn *told, void *arg, struct weft_error *error) WEFT_MUST_CHECK;
/* The loop of `weft worker`: jobs from in, lines to out. */
int weft_worker_main(int in, int out, struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * replay_internal.h - rows of quarantine as input files of a job, and which of them passed.
 */
#ifndef WEFT_JOB_REPLAY_INTERNAL_H
#define WEFT_JOB_REPLAY_INTERNAL_H

#include "job/work_internal.h"

struct job_replay;

/* Spools the rows that the job names and makes them the work's files. WEFT_END when there are
 * none. The engine runs. *out is to be freed in every case. */
int job_replay_spool(struct job_work *work, struct job_replay **out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* After the figures: fills `replayed` of the outcome. */
int job_replay_tell(struct job_replay *replay, struct weft_error *error) WEFT_MUST_CHECK;
/* Removes the spooled files. NULL is nothing. */
void job_replay_free(struct job_replay *replay);
/* That a row of the job stays: `row` among those of work->rules. Beyond examples_max nothing. */
int job_replay_stayed(struct job_work *work, const char *run_id, int64_t number, size_t row,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* The record of a text input that says these values (a JSON object) in its format. */
int job_replay_record(const struct weft_input *input, const char *values, struct weft_buf *out,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* SELECT over all rows of the product's quarantine, with the values they are to be read with, and
 * `edited`. */
int job_quarantine_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- replay_made.c: a product with sql ---- */
/* Makes the rows that the job names the output's rows, and what the SQL makes of those of its
 * ports. WEFT_END when there are none. */
int job_replay_made(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_replay_made_tell(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* Of rows spooled to a Parquet file with "weft$run" and "weft$number", a row's id being its place
 * in it: which of them passed. */
int job_replay_path_tell(struct job_work *work, const char *path, int64_t records,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* FROM text of the product's quarantine, with `number`; and the condition for what is asked for. */
int job_replay_rows_print(struct job_work *work, struct weft_buf *sql, struct weft_error *error)
    WEFT_MUST_CHECK;
void job_replay_asked_print(const struct weft_job *job, struct weft_buf *sql);
/* "SELECT weft$run, weft$number" without its FROM: which row of which of the job's replays. */
void job_replay_numbers_print(const struct weft_job *job, struct weft_buf *sql);

/* ---- parquet_replay.c: rows of Parquet files ---- */
int job_parquet_replay(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
int job_parquet_replay_tell(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- replay_ports.c: rows of its ports ---- */
/* Reads those that can be replayed through their ports; made->anew when there are any. Of the
 * others it is said why they stay. */
int job_replay_ports(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
/* Rows that went through their port. */
int64_t job_replay_ports_passed(const struct job_work *work);
/* Adds those to `replayed` of the outcome. */
int job_replay_ports_tell(struct job_work *work, struct weft_error *error) WEFT_MUST_CHECK;
void job_replay_ports_free(struct job_work *work);

#endif

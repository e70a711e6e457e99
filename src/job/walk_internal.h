/*
 * walk_internal.h - rows by ascending id: where each stands and what it says.
 */
#ifndef WEFT_JOB_WALK_INTERNAL_H
#define WEFT_JOB_WALK_INTERNAL_H

#include "job/scan_internal.h"

struct job_place {
    const struct job_file *file;
    int64_t line;
    int64_t byte;
    struct weft_str raw;
    bool json;                    /* its values are in raw; no cells */
    const struct weft_str *cells; /* as many as the header has; undone quotes */
    const bool *nulls;
    size_t cell_count;
};

struct job_walk {
    struct job_work *work;
    size_t file_at;
    struct weft_source *source;
    char *data; /* a window of the file's text */
    size_t length;
    size_t capacity;
    int64_t offset; /* of data[0] */
    int64_t line;   /* of data[counted] */
    size_t counted;
    bool ended;
    char *copy;
    size_t copy_capacity;
    uint32_t *index;
    uint32_t *begin;
    uint32_t *size;
    int *map;
    struct weft_str *cells;
    bool *nulls;
};

int job_walk_new(struct job_work *work, struct job_walk **out, struct weft_error *error)
    WEFT_MUST_CHECK;
void job_walk_free(struct job_walk *walk); /* NULL is nothing */
void job_walk_freep(struct job_walk **walk);
/* Ids must ascend. The place is valid to the next call. */
int job_walk_to(struct job_walk *walk, int64_t id, struct job_place *place,
                struct weft_error *error) WEFT_MUST_CHECK;

/* {"date":"2020-03-01","cases":null}: the cells under the names of the file's header, or the object
 * that a record of json is. In one line. */
void job_place_values(const struct job_place *place, struct weft_buf *out);

#endif

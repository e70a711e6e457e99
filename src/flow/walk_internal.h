/*
 * walk_internal.h - rows by ascending id: where each stands and what it says.
 */
#ifndef WEFT_FLOW_WALK_INTERNAL_H
#define WEFT_FLOW_WALK_INTERNAL_H

#include "flow/scan_internal.h"

struct flow_place {
    const struct flow_file *file;
    int64_t line;
    int64_t byte;
    struct weft_str raw;
    const struct weft_str *cells; /* as many as the header has; undone quotes */
    const bool *nulls;
    size_t cell_count;
};

struct flow_walk {
    struct flow_work *work;
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

int flow_walk_new(struct flow_work *work, struct flow_walk **out, struct weft_error *error)
    WEFT_MUST_CHECK;
void flow_walk_free(struct flow_walk *walk); /* NULL is nothing */
void flow_walk_freep(struct flow_walk **walk);
/* Ids must ascend. The place is valid to the next call. */
int flow_walk_to(struct flow_walk *walk, int64_t id, struct flow_place *place,
                 struct weft_error *error) WEFT_MUST_CHECK;

/* {"date":"2020-03-01","cases":null}: the cells under the names of the file's header. */
void flow_place_values(const struct flow_place *place, struct weft_buf *out);

#endif

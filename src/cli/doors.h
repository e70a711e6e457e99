/*
 * doors.h - the two doors of the command line: results for people and results for programs.
 * One struct serves one command. Thread rule: one thread.
 */
#ifndef WEFT_CLI_DOORS_H
#define WEFT_CLI_DOORS_H

#include "cli/grid.h"
#include "cli/record.h"
#include "cli/terminal.h"
#include "context/out.h"

struct weft_door {
    struct weft_stream *stream;
    struct weft_terminal *terminal;
    bool query;    /* NULL is written out, and rows are counted */
    bool shell;    /* what it hints at are commands of the shell */
    bool expanded; /* rows as blocks of lines */
    struct weft_grid *grid;
    struct weft_record *record;
    /* for programs */
    struct weft_buf heads; /* "name": of each column */
    size_t *head_ends;
    size_t count;
    int64_t rows;
    struct weft_buf row;
};

/* Fills out with the functions of the door. */
void weft_people_open(struct weft_door *door, struct weft_stream *stream,
                      struct weft_terminal *terminal, bool query, struct weft_out *out);
void weft_programs_open(struct weft_door *door, struct weft_stream *stream,
                        struct weft_terminal *terminal, struct weft_out *out);
void weft_door_close(struct weft_door *door);

/* Both doors tell, show progress and ask alike. */
void weft_door_share(struct weft_door *door, struct weft_stream *stream,
                     struct weft_terminal *terminal, struct weft_out *out);

#endif

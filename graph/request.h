/*
 * request.h - reading a request from a pipe. Nothing in it is believed: sizes, node numbers,
 * weights and parameters are checked before anything is computed, and memory is taken only for
 * what the limits of the process allow.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GRAPH_REQUEST_H
#define GRAPH_REQUEST_H

#include "engine/graph_protocol.h"

#include <stddef.h>

struct graph_request {
    struct weft_graph_request head;
    int64_t *ends;   /* from, to, from, to ... : as igraph takes them */
    double *weights; /* NULL = all 1 */
};

/* The header alone, checked. A weft_graph_status; what is wrong goes to text. */
enum weft_graph_status graph_request_head(int fd, struct graph_request *request,
                                          char text[WEFT_GRAPH_TEXT_MAX]);
/* The arrays behind it, to the end of the file. */
enum weft_graph_status graph_request_body(int fd, struct graph_request *request,
                                          char text[WEFT_GRAPH_TEXT_MAX]);
void graph_request_release(struct graph_request *request);

#endif

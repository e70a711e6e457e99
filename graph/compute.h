/*
 * compute.h - the algorithms, by igraph. values[node_count] gets the group or score of each node.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GRAPH_COMPUTE_H
#define GRAPH_COMPUTE_H

#include "request.h"

enum weft_graph_status graph_compute(const struct graph_request *request, double *values,
                                     char text[WEFT_GRAPH_TEXT_MAX]);

/* Numbers groups anew: by size, largest first, then by smallest member. Labels are 0 .. count - 1.
 * -1 when memory is out. */
int graph_groups_number(double *labels, size_t count);

/* "igraph 0.10.2": the library that runs, not the one it was compiled with. */
void graph_library(char *out, size_t size);

#endif

/*
 * request.c - reading a request.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "request.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_ITEMS 8192

/* Reads until `length` bytes are there. The number read is smaller only at the end of the file. */
static size_t read_whole(int fd, void *data, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t got = read(fd, (char *)data + done, length - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

#define INVALID(...) (snprintf(text, WEFT_GRAPH_TEXT_MAX, __VA_ARGS__), WEFT_GRAPH_INVALID)

enum weft_graph_status graph_request_head(int fd, struct graph_request *request,
                                          char text[WEFT_GRAPH_TEXT_MAX])
{
    struct weft_graph_request *head = &request->head;
    if (read_whole(fd, head, sizeof *head) != sizeof *head)
        return INVALID("the request ends within its header");
    if (memcmp(head->magic, WEFT_GRAPH_REQUEST_MAGIC, WEFT_GRAPH_MAGIC_BYTES) != 0)
        return INVALID("this is no request of weft");
    if (head->protocol != WEFT_GRAPH_PROTOCOL)
        return INVALID("the request speaks protocol %u, this program %d: they belong to different "
                       "versions of weft",
                       head->protocol, WEFT_GRAPH_PROTOCOL);
    if (head->algorithm < WEFT_GRAPH_ASK_LOUVAIN || head->algorithm > WEFT_GRAPH_ASK_COMPONENTS)
        return INVALID("algorithm %u is not known", head->algorithm);
    if ((head->flags & ~WEFT_GRAPH_WEIGHTED) != 0)
        return INVALID("unknown flags %#x", head->flags);
    if (head->node_count > INT32_MAX)
        return INVALID("%u nodes are too many", head->node_count);
    if (head->edge_count > WEFT_GRAPH_EDGES_MAX)
        return INVALID("%llu edges are too many", (unsigned long long)head->edge_count);
    if (!isfinite(head->resolution) || head->resolution <= 0)
        return INVALID("resolution must be a positive number");
    if (!(head->damping > 0 && head->damping < 1))
        return INVALID("damping must lie between 0 and 1");
    if (head->memory_bytes < 0)
        return INVALID("a negative limit of memory");
    return WEFT_GRAPH_OK;
}

/* One of the two arrays of ends, into every second place. */
static enum weft_graph_status ends_read(int fd, struct graph_request *request, size_t offset,
                                        char text[WEFT_GRAPH_TEXT_MAX])
{
    size_t count = request->head.edge_count, done = 0;
    int32_t block[BLOCK_ITEMS];
    while (done < count) {
        size_t items = count - done < BLOCK_ITEMS ? count - done : BLOCK_ITEMS;
        if (read_whole(fd, block, items * sizeof *block) != items * sizeof *block)
            return INVALID("the request ends within its edges");
        for (size_t i = 0; i < items; i++) {
            if (block[i] < 0 || (uint32_t)block[i] >= request->head.node_count)
                return INVALID("edge %zu: there is no node %d", done + i, block[i]);
            request->ends[2 * (done + i) + offset] = block[i];
        }
        done += items;
    }
    return WEFT_GRAPH_OK;
}

static enum weft_graph_status weights_read(int fd, struct graph_request *request,
                                           char text[WEFT_GRAPH_TEXT_MAX])
{
    size_t count = request->head.edge_count;
    double sum = 0;
    if (read_whole(fd, request->weights, count * sizeof(double)) != count * sizeof(double))
        return INVALID("the request ends within its weights");
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(request->weights[i]) || request->weights[i] < 0)
            return INVALID("edge %zu: its weight must be zero or a positive number", i);
        sum += request->weights[i];
    }
    /* The algorithms work with twice the sum, and divide by its square. */
    if (!isfinite(4 * sum * sum))
        return INVALID("the weights are too large: their sum is %g", sum);
    if (sum > 0 && sum * sum < DBL_MIN)
        return INVALID("the weights are too small: their sum is %g", sum);
    return WEFT_GRAPH_OK;
}

/* An edge of weight 0 makes its nodes known and does nothing else: the algorithms, which divide by
 * sums of weights, do not see it. */
static void weightless_drop(struct graph_request *request)
{
    size_t kept = 0;
    for (size_t i = 0; i < request->head.edge_count; i++) {
        if (request->weights[i] == 0)
            continue;
        request->ends[2 * kept] = request->ends[2 * i];
        request->ends[2 * kept + 1] = request->ends[2 * i + 1];
        request->weights[kept++] = request->weights[i];
    }
    request->head.edge_count = kept;
}

enum weft_graph_status graph_request_body(int fd, struct graph_request *request,
                                          char text[WEFT_GRAPH_TEXT_MAX])
{
    size_t count = request->head.edge_count;
    bool weighted = (request->head.flags & WEFT_GRAPH_WEIGHTED) != 0;
    request->ends = calloc(count + 1, 2 * sizeof *request->ends);
    if (weighted)
        request->weights = calloc(count + 1, sizeof *request->weights);
    if (request->ends == NULL || (weighted && request->weights == NULL)) {
        snprintf(text, WEFT_GRAPH_TEXT_MAX, "no memory for %zu edges", count);
        return WEFT_GRAPH_NO_MEMORY;
    }
    enum weft_graph_status status = ends_read(fd, request, 0, text);
    if (status == WEFT_GRAPH_OK)
        status = ends_read(fd, request, 1, text);
    if (status == WEFT_GRAPH_OK && weighted)
        status = weights_read(fd, request, text);
    char more;
    if (status == WEFT_GRAPH_OK && read_whole(fd, &more, 1) != 0)
        return INVALID("the request goes on after its end");
    if (status == WEFT_GRAPH_OK && weighted)
        weightless_drop(request);
    return status;
}

void graph_request_release(struct graph_request *request)
{
    free(request->ends);
    free(request->weights);
    request->ends = NULL;
    request->weights = NULL;
}

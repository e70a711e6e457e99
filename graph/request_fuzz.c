/*
 * request_fuzz.c - any bytes as a request: refused with a text, or whole and within its limits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "request.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Sizes are only numbers until the bytes come: a large one must not take memory here. */
#define EDGES_TRIED 100000

static void body_try(int fd, struct graph_request *request)
{
    char text[WEFT_GRAPH_TEXT_MAX] = "";
    enum weft_graph_status status = graph_request_body(fd, request, text);
    assert(status != WEFT_GRAPH_OK || text[0] == '\0');
    assert(status == WEFT_GRAPH_OK || text[0] != '\0');
    for (size_t i = 0; status == WEFT_GRAPH_OK && i < 2 * request->head.edge_count; i++)
        assert(request->ends[i] >= 0 && request->ends[i] < request->head.node_count);
    for (size_t i = 0;
         status == WEFT_GRAPH_OK && request->weights != NULL && i < request->head.edge_count; i++)
        assert(request->weights[i] > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[WEFT_GRAPH_TEXT_MAX] = "";
    struct graph_request request = {0};
    int fd = memfd_create("request", MFD_CLOEXEC);
    if (fd < 0)
        return 0;
    if (write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0 &&
        graph_request_head(fd, &request, text) == WEFT_GRAPH_OK &&
        request.head.edge_count <= EDGES_TRIED)
        body_try(fd, &request);
    graph_request_release(&request);
    close(fd);
    return 0;
}

/*
 * memory.c - notes that an allocation failed, of ours or of a library.
 *
 * Some of igraph's functions break on a failed allocation by an assertion or a null pointer, long
 * after they gave much of their memory back: only the allocation itself tells what it was. glibc
 * offers its functions under second names for programs that put themselves in between.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "memory.h"

#include <stddef.h>

volatile sig_atomic_t graph_memory_failed;

#if GRAPH_LIMITED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static void *noted(void *got, size_t size)
{
    if (got == NULL && size > 0)
        graph_memory_failed = 1;
    return got;
}

void *malloc(size_t size)
{
    return noted(__libc_malloc(size), size);
}

void *calloc(size_t count, size_t size)
{
    return noted(__libc_calloc(count, size), size);
}

void *realloc(void *old, size_t size)
{
    return noted(__libc_realloc(old, size), size);
}
#endif

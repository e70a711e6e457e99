/*
 * memory.h - did an allocation fail, in whatever library?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef GRAPH_MEMORY_H
#define GRAPH_MEMORY_H

#include <signal.h>

/* A sanitizer takes terabytes of address space, has allocation functions of its own and opens files
 * at the end. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GRAPH_LIMITED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GRAPH_LIMITED 0
#endif
#endif
#ifndef GRAPH_LIMITED
#define GRAPH_LIMITED 1
#endif

extern volatile sig_atomic_t graph_memory_failed;

#endif

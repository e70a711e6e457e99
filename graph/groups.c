/*
 * groups.c - the numbering of groups, which must not depend on the order an algorithm found them
 * in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "compute.h"

#include <stdlib.h>

struct group {
    size_t size;
    size_t smallest; /* member */
    size_t label;
};

static int group_order(const void *a, const void *b)
{
    const struct group *left = a, *right = b;
    if (left->size != right->size)
        return left->size > right->size ? -1 : 1;
    return left->smallest < right->smallest ? -1 : left->smallest > right->smallest;
}

int graph_groups_number(double *labels, size_t count)
{
    struct group *groups = calloc(count + 1, sizeof *groups);
    size_t *numbers = calloc(count + 1, sizeof *numbers);
    if (groups == NULL || numbers == NULL) {
        free(groups);
        free(numbers);
        return -1;
    }
    for (size_t i = 0; i < count; i++)
        groups[i].label = i;
    for (size_t i = count; i-- > 0;) {
        struct group *group = &groups[(size_t)labels[i]];
        group->size++;
        group->smallest = i;
    }
    /* Labels that nobody bears have size 0 and go last. */
    qsort(groups, count, sizeof *groups, group_order);
    for (size_t i = 0; i < count; i++)
        numbers[groups[i].label] = i;
    for (size_t i = 0; i < count; i++)
        labels[i] = (double)numbers[(size_t)labels[i]];
    free(groups);
    free(numbers);
    return 0;
}

/*
 * resolve_policy.c - what a statement over guarded relations may hold, and whether its predicates
 * need a barrier.
 */
#include "engine/resolve_internal.h"

int resolve_policy(struct resolve *resolve, yyjson_mut_val *node)
{
    (void)node;
    for (size_t i = 0; i < resolve->table_count; i++) {
        const struct weft_relation *relation = &resolve->tables[i].relation;
        resolve->rows = resolve->rows || relation->rows != NULL;
        if (relation->min_group.size > 0)
            return resolve_refuse(resolve, WEFT_E_NOT_YET, RESOLVE_LOCATION_NO,
                                  "only groups of %s may be seen: not yet", relation->product);
    }
    resolve->barrier = resolve->rows;
    return 0;
}

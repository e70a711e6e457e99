/*
 * lake_test_support.h - what the tests of this floor share: texts to types and fields, and files
 * that stand for data files.
 */
#ifndef WEFT_LAKE_LAKE_TEST_SUPPORT_H
#define WEFT_LAKE_LAKE_TEST_SUPPORT_H

#include "lake/table.h"

#define LAKE_TEST_RUN "11111111-2222-4333-8444-%012d"

const struct weft_type *lake_test_type(struct weft_arena *arena, const char *text);
/* One field per "name type", "name type required" or "name type was old"; NULL at the end. */
struct weft_fields lake_test_fields(struct weft_arena *arena, const char *const *lines);
/* Asserts success. */
void lake_test_ok(int rc, const struct weft_error *error);

#endif

/*
 * lake_test_table.h - a table that unit tests make and change: in a home of its own, with data
 * files of any bytes (this floor does not look into them).
 */
#ifndef WEFT_LAKE_LAKE_TEST_TABLE_H
#define WEFT_LAKE_LAKE_TEST_TABLE_H

#include "lake/lake_test_support.h"

#define LAKE_TEST_FOLDER "lake/d/t"

struct lake_test {
    char *home;
    struct weft_arena *arena;
    struct weft_error error;
    int runs; /* the last run's number */
};

extern struct lake_test lake_test;

int lake_test_begin(void **state);
int lake_test_end(void **state);
/* A data file of one byte for each record. */
struct weft_data_file lake_test_file(const char *name, int64_t records);
struct weft_table_change lake_test_change(enum weft_operation operation,
                                          const struct weft_table_schema *schema,
                                          const struct weft_data_file *files, size_t count);
/* Of two columns, for the table (NULL = a new one). */
struct weft_table_schema lake_test_schema(const struct weft_table *table);
/* Makes the change and reads the table after it. */
struct weft_table *lake_test_apply(const struct weft_table *table, struct weft_table_change change,
                                   struct weft_table_made *made);
struct weft_table *lake_test_append(const struct weft_table *table, const char *name,
                                    int64_t records);
/* The live files of the current snapshot. */
struct weft_data_files lake_test_files(const struct weft_table *table);

/* A change that weft_table_make must refuse: with which code. */
enum weft_code lake_test_refusal(const struct weft_table *table, struct weft_table_change change);

#endif

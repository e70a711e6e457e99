/*
 * stored.h - a table of the lake as a relation: its columns by id, its data files
 * by path. What the relation is called, and at which snapshot, is the caller's.
 */
#ifndef WEFT_ENGINE_STORED_H
#define WEFT_ENGINE_STORED_H

#include "engine/relation.h"
#include "lake/table.h"

/* columns and column_count of out. They live in the arena; names and types in the schema's. */
int weft_stored_columns(struct weft_arena *arena, const struct weft_table_schema *schema,
                        struct weft_relation *out, struct weft_error *error) WEFT_MUST_CHECK;
/* files and file_count of out: data's paths below home. Where one file stands alone and the table
 * is not `plain`, also the columns the file was written with: by these it is read by many
 * threads. */
int weft_stored_files(struct weft_arena *arena, const char *home, const struct weft_table *table,
                      const struct weft_data_files *data, struct weft_relation *out,
                      struct weft_error *error) WEFT_MUST_CHECK;

#endif

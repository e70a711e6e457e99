/*
 * editor.h - what a checkout holds for editors: the JSON Schemas of its files, in .weft/schema,
 * which the first line of a product file names by a relative path. They are files, so that
 * completion works without a network; they are made anew by `init`, `new`, `infer` and `schema
 * --write`, never under version control.
 */
#ifndef WEFT_APP_EDITOR_H
#define WEFT_APP_EDITOR_H

#include "context/context.h"

/* Writes product.json, domain.json and mesh.json below root where they are missing or old. */
int weft_editor_schemas(const char *root, struct weft_error *error) WEFT_MUST_CHECK;
/* The path that leads from folder to file (both absolute); in the arena. */
int weft_editor_relative(struct weft_arena *arena, const char *folder, const char *file,
                         const char **out, struct weft_error *error) WEFT_MUST_CHECK;

#endif

/*
 * parse.h - DuckDB's parser and printer: SELECT statements as a text, and as their serialized tree
 * (JSON). On a connection of its own: a stream that is open goes on.
 * Thread rule: that of the instance.
 */
#ifndef WEFT_ENGINE_PARSE_H
#define WEFT_ENGINE_PARSE_H

#include "engine/engine.h"

/* *json is a heap text (weft_free). What is no SELECT, or cannot be read, is an answer too: "error"
 * is true in it. -1 with *failed: DuckDB gave up on the text, and error is not filled; without it:
 * NOMEM, CANCELLED, TIMEOUT, INTERNAL, SQL for what is not UTF-8. */
int weft_engine_parse(struct weft_engine *engine, const char *sql, size_t length, char **json,
                      bool *failed, struct weft_error *error) WEFT_MUST_CHECK;
/* The other way. DuckDB trusts the tree: it is to come from weft_engine_parse. */
int weft_engine_print(struct weft_engine *engine, const char *json, size_t length, char **sql,
                      bool *failed, struct weft_error *error) WEFT_MUST_CHECK;

#endif

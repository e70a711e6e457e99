/*
 * tree.h - trees of reader.h made by hand, and written out. Thread rule: as the reader's arena.
 */
#ifndef WEFT_DOCUMENT_TREE_H
#define WEFT_DOCUMENT_TREE_H

#include "document/reader.h"

struct weft_node *weft_node_map(struct weft_reader *reader, struct weft_place place, size_t max);
struct weft_node *weft_node_list(struct weft_reader *reader, struct weft_place place, size_t max);
struct weft_node *weft_node_value(struct weft_reader *reader, const char *text, bool bare,
                                  struct weft_place place);
/* value NULL is nothing. The room must have been asked for. */
void weft_node_put(struct weft_node *map, const char *key, struct weft_place place,
                   const struct weft_node *value);
void weft_node_add(struct weft_node *list, const struct weft_node *value);
struct weft_node *weft_node_copy(struct weft_reader *reader, const struct weft_node *node);
/* YAML; comments of the source are not in a tree. */
void weft_node_print_yaml(const struct weft_node *node, struct weft_buf *out);
/* JSON with numbers and booleans as such. */
void weft_node_print_json(const struct weft_node *node, struct weft_json_writer *writer);
/* JSON whose scalars are texts, as they are written. */
void weft_node_print_texts(const struct weft_node *node, struct weft_json_writer *writer);
/* "key": [texts]; nothing for none of them, but an empty list with even_empty. */
void weft_json_member_texts(struct weft_json_writer *writer, const char *key,
                            struct weft_texts texts, bool even_empty);
/* The whole tree stands at one place: for parts of another file. */
void weft_node_move(struct weft_node *node, struct weft_place place);

#endif

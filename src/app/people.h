/*
 * people.h - what the operations about people, keys and requests share.
 */
#ifndef WEFT_APP_PEOPLE_H
#define WEFT_APP_PEOPLE_H

#include "context/who.h"

/* "alice" of a kind "user" is user:alice; "user:alice" too. USAGE for another kind. */
int weft_people_id(struct weft_arena *arena, const char *kind, const char *word, const char **id,
                   struct weft_error *error) WEFT_MUST_CHECK;

#endif

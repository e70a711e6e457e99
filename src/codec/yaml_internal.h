/*
 * yaml_internal.h - what is said about a text that is not YAML.
 */
#ifndef WEFT_CODEC_YAML_INTERNAL_H
#define WEFT_CODEC_YAML_INTERNAL_H

#include "base/buf.h"
#include "codec/yaml.h"

struct yaml_mistake {
    struct weft_yaml_place place;
    const char *hint; /* or NULL */
    char message[400];
};

/* Before parsing: bytes that no file of ours has. False when there is nothing wrong. */
bool weft_yaml_text_wrong(struct weft_str text, struct yaml_mistake *out);
/* After the parser gave up at this place, with these words: the likely reason, else its words. */
void weft_yaml_explain(struct weft_str text, struct weft_yaml_place place, const char *words,
                       struct yaml_mistake *out);

#endif

/*
 * data_digest.c - the digest of what makes the rows: the canonical document without the keys that
 * the table of keys marks as changing none. A key that is not marked, or not known, counts.
 */
#include "model/product_internal.h"

#include "base/hash.h"

#include <string.h>

#define DATA_DOCUMENT_MAX (8 * 1024 * 1024)

static void value_put(struct weft_json_writer *w, yyjson_val *value, const struct weft_key *key);

static void section_put(struct weft_json_writer *w, yyjson_val *map, enum weft_section section)
{
    size_t i, max;
    yyjson_val *name, *value;
    weft_json_begin_object(w);
    WEFT_JSON_EACH(map, i, max, name, value)
    {
        const struct weft_key *key = weft_keys_find(section, yyjson_get_str(name));
        if (key != NULL && key->keeps_rows)
            continue;
        weft_json_key(w, yyjson_get_str(name));
        value_put(w, value, key);
    }
    weft_json_end_object(w);
}

/* Maps under free names. */
static void named_put(struct weft_json_writer *w, yyjson_val *map, enum weft_section section)
{
    size_t i, max;
    yyjson_val *name, *value;
    weft_json_begin_object(w);
    WEFT_JSON_EACH(map, i, max, name, value)
    {
        weft_json_key(w, yyjson_get_str(name));
        if (yyjson_is_obj(value))
            section_put(w, value, section);
        else
            weft_json_put_value(w, value);
    }
    weft_json_end_object(w);
}

static void value_put(struct weft_json_writer *w, yyjson_val *value, const struct weft_key *key)
{
    size_t i, max;
    yyjson_val *item;
    unsigned shapes = key == NULL ? 0 : key->shapes;
    if (yyjson_is_obj(value) && (shapes & WEFT_SHAPE_MAP)) {
        section_put(w, value, key->section);
    } else if (yyjson_is_obj(value) && (shapes & WEFT_SHAPE_NAMED)) {
        named_put(w, value, key->named);
    } else if (yyjson_is_arr(value) && (shapes & WEFT_SHAPE_MAPS)) {
        weft_json_begin_array(w);
        yyjson_arr_foreach(value, i, max, item)
        {
            if (yyjson_is_obj(item))
                section_put(w, item, key->section);
            else
                weft_json_put_value(w, item);
        }
        weft_json_end_array(w);
    } else {
        weft_json_put_value(w, value);
    }
}

int weft_product_data_digest(const struct weft_product *product, char out[WEFT_SHA256_HEX],
                             struct weft_error *error)
{
    yyjson_doc *document __attribute__((cleanup(weft_json_freep))) = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    struct weft_json_writer w;
    weft_buf_init(&text, DATA_DOCUMENT_MAX);
    weft_json_writer_init(&w, &text);
    WEFT_TRY(weft_json_parse(product->document, strlen(product->document), 0, &document, error));
    /* Members are in canonical order, and stay so. */
    section_put(&w, yyjson_doc_get_root(document), WEFT_SECTION_PRODUCT);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_sha256_hex(text.data, text.length, out, error);
}

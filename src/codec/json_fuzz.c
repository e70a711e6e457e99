/*
 * json_fuzz.c - any bytes: parse, write, parse again, and compare; the canonical form is a fixed
 * point.
 */
#include "base/mem.h"
#include "codec/json.h"

#include <stdlib.h>
#include <string.h>

static void canonical_fixed_point(yyjson_doc *doc)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf first, second;
    yyjson_doc *again = NULL;
    weft_buf_init(&first, 1 << 26);
    weft_buf_init(&second, 1 << 26);
    int rc = weft_json_canonical(yyjson_doc_get_root(doc), &first, &error);
    if (rc == 0) {
        rc = weft_json_parse(first.data, first.length, WEFT_JSON_DEEP | WEFT_JSON_UNIQUE_KEYS,
                             &again, &error);
        /* The one exception: RFC 8785 prints 1e20 as plain digits, an integer beyond 64 bits, which
         * weft does not read back (and 1e17 as one beyond 2^53, which has no canonical form). */
        if (rc < 0 && strstr(error.message, "beyond 64 bits") == NULL)
            abort();
    }
    if (rc == 0)
        rc = weft_json_canonical(yyjson_doc_get_root(again), &second, &error);
    if (rc == 0 &&
        (first.length != second.length || memcmp(first.data, second.data, first.length) != 0))
        abort();
    weft_json_freep(&again);
    weft_buf_release(&first);
    weft_buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    yyjson_doc *doc = NULL;
    if (weft_json_parse((const char *)data, size, WEFT_JSON_UNIQUE_KEYS, &doc, &error) < 0) {
        if (doc != NULL || error.code == WEFT_E_NONE)
            abort();
        return 0;
    }
    struct weft_buf out;
    struct weft_json_writer writer;
    weft_buf_init(&out, 1 << 26);
    weft_json_writer_init(&writer, &out);
    weft_json_put_value(&writer, yyjson_doc_get_root(doc));
    yyjson_doc *again = NULL;
    if (weft_json_parse(out.data, out.length, WEFT_JSON_UNIQUE_KEYS, &again, &error) < 0)
        abort();
    /* 1.0 comes back as the integer 1, so texts are compared, not trees. */
    size_t length = out.length;
    weft_json_writer_init(&writer, &out);
    weft_json_put_value(&writer, yyjson_doc_get_root(again));
    if (out.length != 2 * length || memcmp(out.data, out.data + length, length) != 0)
        abort();
    canonical_fixed_point(doc);
    weft_json_freep(&again);
    weft_json_freep(&doc);
    weft_buf_release(&out);
    return 0;
}

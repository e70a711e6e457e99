/*
 * import_json_schema.c - a JSON Schema (draft 7, 2020-12) of an object, one row, as a schema.
 */
#include "app/import.h"

#include "base/text.h"

#include <string.h>

int weft_import_json_schema(struct weft_import *import, struct weft_error *error)
{
    (void)import;
    return weft_error_set(error, WEFT_E_NOT_YET, "not yet");
}

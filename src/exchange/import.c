/*
 * import.c - what importers share: notes with their places, names made legal, drafts.
 */
#include "exchange/import.h"

#include "base/text.h"

#include <string.h>

const struct weft_importer weft_importers[] = {
    {"dbt", "catalog.json", "manifest.json of a dbt project", weft_import_dbt},
    {"great-expectations", NULL, "a suite of expectations", weft_import_great_expectations},
    {"json-schema", NULL, "a JSON Schema of one row", weft_import_json_schema},
    {"odcs", NULL, "a contract of the Open Data Contract Standard", weft_import_odcs},
    {"sql", NULL, "CREATE TABLE statements", weft_import_sql},
};
const size_t weft_importer_count = WEFT_COUNT(weft_importers);

const char *weft_import_fate_name(enum weft_import_fate fate)
{
    static const char *const names[] = {"taken", "changed", "open", "left", "refused"};
    return names[fate];
}

int weft_import_note_add(struct weft_import *import, enum weft_import_fate fate,
                         const char *product, struct weft_place place, struct weft_error *error,
                         const char *format, ...)
{
    if (weft_arena_reserve(import->arena, &import->notes, &import->note_capacity,
                           import->note_count + 1, sizeof *import->notes) < 0)
        return weft_error_nomem(error);
    va_list args;
    va_start(args, format);
    const char *text = weft_arena_formatv(import->arena, format, args);
    va_end(args);
    if (text == NULL)
        return weft_error_nomem(error);
    import->notes[import->note_count++] =
        (struct weft_import_note){.fate = fate, .product = product, .place = place, .text = text};
    return 0;
}

int weft_import_file_add(struct weft_import *import, const char *domain, const char *product,
                         const char *name, const char *text, size_t length,
                         struct weft_error *error)
{
    if (import->file_count >= 2 * WEFT_IMPORT_PRODUCTS_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "%s makes more than %d products", import->shown,
                              WEFT_IMPORT_PRODUCTS_MAX);
    if (weft_arena_reserve(import->arena, &import->files, &import->file_capacity,
                           import->file_count + 1, sizeof *import->files) < 0)
        return weft_error_nomem(error);
    struct weft_import_file file = {
        .product = weft_arena_format(import->arena, "%s.%s", domain, product),
        .path = weft_arena_format(import->arena, "domains/%s/%s/%s", domain, product, name),
        .text = weft_arena_strndup(import->arena, text, length),
        .length = length,
    };
    if (file.product == NULL || file.path == NULL || file.text == NULL)
        return weft_error_nomem(error);
    import->files[import->file_count++] = file;
    return 0;
}

int weft_import_name(struct weft_import *import, const char *kind, const char *product,
                     const char *name, const char *otherwise, struct weft_place place,
                     const char **out, struct weft_error *error)
{
    char proposal[WEFT_NAME_MAX + 1];
    *out = name;
    if (weft_name_valid(name) && strcmp(name, "mesh") != 0)
        return 0;
    weft_name_propose(name, proposal);
    bool usable = weft_name_valid(proposal) && strcmp(proposal, "mesh") != 0;
    *out = weft_arena_strdup(import->arena, usable ? proposal : otherwise);
    if (*out == NULL)
        return weft_error_nomem(error);
    return weft_import_note_add(import, WEFT_IMPORT_CHANGED, product, place, error,
                                "the %s `%s` is called `%s` here", kind, name, *out);
}

struct weft_place weft_import_place(const struct weft_import *import, const yyjson_doc *doc,
                                    const yyjson_val *text)
{
    /* yyjson unescapes a copy of the text in place, so a string begins where it does in the
     * source. */
    const char *at = yyjson_get_str((yyjson_val *)(uintptr_t)text);
    struct weft_place place = {0};
    if (at == NULL || doc->str_pool == NULL || at < doc->str_pool ||
        at > doc->str_pool + import->length)
        return place;
    size_t offset = (size_t)(at - doc->str_pool);
    size_t start = 0;
    offset -= offset > 0; /* the quote */
    place.line = 1;
    for (const char *p = import->data; (p = memchr(p, '\n', offset - start)) != NULL;) {
        p++;
        place.line++;
        start = (size_t)(p - import->data);
    }
    place.column = (int)weft_utf8_count(import->data + start, offset - start) + 1;
    return place;
}

/* ---- drafts ---- */

int weft_import_product_new(struct weft_import *import, const char *domain, const char *name,
                            struct weft_import_product **out, struct weft_error *error)
{
    struct weft_import_product *product = weft_arena_alloc(import->arena, sizeof *product);
    if (product == NULL)
        return weft_error_nomem(error);
    product->domain = domain;
    product->name = name;
    product->full_name = weft_arena_format(import->arena, "%s.%s", domain, name);
    product->file_name = "data_product.yaml";
    product->version = "0.1.0";
    product->key_on_fail = product->rows_on_fail = WEFT_IMPORT_ON_FAIL_NONE;
    product->rows_min = product->rows_max = -1;
    if (product->full_name == NULL)
        return weft_error_nomem(error);
    *out = product;
    return 0;
}

static struct weft_import_field *field_find(struct weft_import_product *product, const char *source)
{
    for (size_t i = 0; i < product->field_count; i++) {
        if (weft_equal_fold(product->fields[i].source, source))
            return &product->fields[i];
    }
    return NULL;
}

static bool field_taken(const struct weft_import_product *product, const char *name)
{
    for (size_t i = 0; i < product->field_count; i++) {
        if (strcmp(product->fields[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Two columns of the source may become one name: the second gets a number. */
static int field_name(struct weft_import *import, const struct weft_import_product *product,
                      const char *source, struct weft_place place, const char **out,
                      struct weft_error *error)
{
    WEFT_TRY(weft_import_name(import, "column", product->full_name, source, "column", place, out,
                              error));
    const char *name = *out;
    for (int n = 2; field_taken(product, *out); n++) {
        *out = weft_arena_format(import->arena, "%.40s_%d", name, n);
        if (*out == NULL)
            return weft_error_nomem(error);
    }
    if (*out == name)
        return 0;
    return weft_import_note_add(import, WEFT_IMPORT_CHANGED, product->full_name, place, error,
                                "the column `%s` is called `%s` here", source, *out);
}

int weft_import_field_get(struct weft_import *import, struct weft_import_product *product,
                          const char *source, struct weft_place place,
                          struct weft_import_field **out, struct weft_error *error)
{
    const char *name;
    *out = field_find(product, source);
    if (*out != NULL)
        return 0;
    WEFT_TRY(field_name(import, product, source, place, &name, error));
    if (weft_arena_reserve(import->arena, &product->fields, &product->field_capacity,
                           product->field_count + 1, sizeof *product->fields) < 0)
        return weft_error_nomem(error);
    struct weft_import_field *field = &product->fields[product->field_count];
    *field = (struct weft_import_field){.name = name,
                                        .source = weft_arena_strdup(import->arena, source),
                                        .min_length = -1,
                                        .max_length = -1};
    if (field->source == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < WEFT_FIELD_RULE_COUNT; i++)
        field->on_fail[i] = WEFT_IMPORT_ON_FAIL_NONE;
    product->field_count++;
    *out = field;
    return 0;
}

static bool check_taken(const struct weft_import_product *product, const char *name)
{
    for (size_t i = 0; i < product->check_count; i++) {
        if (strcmp(product->checks[i].name, name) == 0)
            return true;
    }
    return false;
}

int weft_import_check_add(struct weft_import *import, struct weft_import_product *product,
                          const struct weft_import_check *check, struct weft_error *error)
{
    char name[WEFT_NAME_MAX + 1];
    if (weft_arena_reserve(import->arena, &product->checks, &product->check_capacity,
                           product->check_count + 1, sizeof *product->checks) < 0)
        return weft_error_nomem(error);
    weft_name_propose(check->name, name);
    if (!weft_name_valid(name))
        snprintf(name, sizeof name, "check");
    const char *given = weft_arena_strdup(import->arena, name);
    const char *unique = given;
    for (int n = 2; unique != NULL && check_taken(product, unique); n++) {
        size_t kept = WEFT_MIN(strlen(given), (size_t)40);
        while (kept > 0 && given[kept - 1] == '_')
            kept--;
        unique = weft_arena_format(import->arena, "%.*s_%d", (int)kept, given, n);
    }
    if (unique == NULL)
        return weft_error_nomem(error);
    product->checks[product->check_count] = *check;
    product->checks[product->check_count++].name = unique;
    return 0;
}

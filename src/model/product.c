/*
 * product.c - products from a text or a registered document, and the small questions about them.
 */
#include "model/product_internal.h"

#include "document/registered.h"

#include <string.h>

const struct weft_field *weft_fields_find(const struct weft_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (strcmp(fields->items[i].name, name) == 0)
            return &fields->items[i];
    }
    return NULL;
}

bool weft_field_has_rule(const struct weft_field *field, int rule)
{
    switch (rule) {
    case WEFT_RULE_TYPE:
        return true;
    case WEFT_RULE_REQUIRED:
        return field->required;
    case WEFT_RULE_PATTERN:
        return field->pattern != NULL;
    case WEFT_RULE_ENUM:
        return field->values.count > 0;
    case WEFT_RULE_MIN:
        return field->min != NULL;
    case WEFT_RULE_MAX:
        return field->max != NULL;
    case WEFT_RULE_MIN_LENGTH:
        return field->min_length >= 0;
    case WEFT_RULE_MAX_LENGTH:
        return field->max_length >= 0;
    case WEFT_RULE_UNIQUE:
        return field->unique;
    default:
        return field->references != NULL;
    }
}

const char *weft_on_fail_name(enum weft_on_fail on_fail)
{
    static const char *const names[] = {"quarantine", "block", "warn"};
    return names[on_fail];
}

const char *weft_status_name(enum weft_product_status status)
{
    static const char *const names[] = {"active", "draft", "deprecated", "retired"};
    return names[status];
}

int weft_product_table_name(const struct weft_product *product, bool newest, struct weft_buf *out,
                            struct weft_error *error)
{
    weft_buf_adds(out, product->name);
    if (!newest)
        weft_buf_addf(out, "__v%d", product->major);
    return weft_buf_check(out, error);
}

int weft_product_parse(struct weft_arena *arena, const char *text, size_t length, const char *file,
                       const char *folder, struct weft_diag *diag, const struct weft_product **out,
                       struct weft_error *error)
{
    struct weft_reader reader = {
        .arena = arena, .diag = diag, .file = file, .environment = "dev", .expand = true};
    struct weft_product_source source = {
        .file = file, .folder = folder, .major = WEFT_MAJOR_NEWEST};
    struct weft_node *root = weft_node_of_yaml(&reader, text, length);
    const struct weft_product *product = weft_product_read(&reader, root, &source);
    WEFT_TRY(weft_reader_check(&reader, error));
    *out = product;
    return 0;
}

static const void *product_of(struct weft_reader *reader, struct weft_node *root, void *folder)
{
    struct weft_product_source source = {
        .file = reader->file, .folder = folder, .major = WEFT_MAJOR_NEWEST};
    return weft_product_read(reader, root, &source);
}

int weft_product_from_document(struct weft_arena *arena, const char *document, const char *folder,
                               const struct weft_product **out, struct weft_error *error)
{
    const void *made;
    WEFT_TRY(weft_document_read(arena, document, "registered document", "product", product_of,
                                (void *)(uintptr_t)folder, &made, error));
    *out = made;
    return 0;
}

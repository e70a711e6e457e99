/*
 * import_odcs.c - a contract of the Open Data Contract Standard. It comes into the checkout as it
 * is, beside a product file that names it; only names that are none here get another one, as a
 * custom property. What of it weft does not check is told.
 */
#include "exchange/import.h"

#include "odcs/odcs.h"

#include <string.h>

static int notes_add(struct weft_import *import, const struct weft_diag *diag,
                     enum weft_import_fate fate, const char *product, struct weft_error *error)
{
    for (size_t i = 0; i < diag->count; i++) {
        const struct weft_diag_item *item = &diag->items[i];
        struct weft_place place = {item->line, item->column};
        WEFT_TRY(weft_import_note_add(import, fate, product, place, error, "%s", item->message));
    }
    return 0;
}

static int product_add(struct weft_import *import, const struct weft_odcs_adopted *one,
                       struct weft_error *error)
{
    struct weft_arena *arena = import->arena;
    if (one->domain == NULL || one->name == NULL) {
        weft_error_set(error, WEFT_E_USAGE, "%s names no %s", import->shown,
                       one->domain == NULL ? "domain" : "product");
        return weft_error_hint(error, "say where it belongs: --into DOMAIN.PRODUCT");
    }
    const char *full = weft_arena_format(arena, "%s.%s", one->domain, one->name);
    const char *name = weft_arena_format(arena, "%s.odcs.yaml", one->name);
    const char *text = weft_arena_format(
        arena, "name: %s\ndomain: %s\ncontract: %s.odcs.yaml\n# input: where the rows come from\n",
        one->name, one->domain, one->name);
    if (full == NULL || name == NULL || text == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_import_file_add(import, one->domain, one->name, name, one->text,
                                  strlen(one->text), error));
    WEFT_TRY(weft_import_file_add(import, one->domain, one->name, "data_product.yaml", text,
                                  strlen(text), error));
    WEFT_TRY(weft_import_note_add(import, WEFT_IMPORT_TAKEN, full, (struct weft_place){0}, error,
                                  "the whole contract, as %s", name));
    return weft_import_note_add(import, WEFT_IMPORT_OPEN, full, (struct weft_place){0}, error,
                                "where the rows come from: `input:` in data_product.yaml");
}

/* What reading it says: rules that are kept and not checked. */
static int told_add(struct weft_import *import, const struct weft_odcs_adopted *one,
                    struct weft_error *error)
{
    struct weft_diag diag;
    const struct weft_product *product = NULL;
    const char *full = weft_arena_format(import->arena, "%s.%s", one->domain, one->name);
    if (full == NULL)
        return weft_error_nomem(error);
    weft_diag_init(&diag);
    int rc = weft_product_parse_odcs(import->arena, one->text, strlen(one->text), import->shown,
                                     "/", one->domain, one->name, &diag, &product, error);
    for (size_t i = 0; rc == 0 && i < diag.count; i++) {
        if (diag.items[i].severity != WEFT_SEVERITY_ERROR) /* those stop the import as a whole */
            rc = weft_import_note_add(import, WEFT_IMPORT_LEFT, full, (struct weft_place){0}, error,
                                      "%s", diag.items[i].message);
    }
    weft_diag_release(&diag);
    return rc;
}

static int adopted_add(struct weft_import *import, const struct weft_odcs_adopted *items,
                       size_t count, struct weft_error *error)
{
    if (count > 1 && import->product != NULL) {
        weft_error_set(error, WEFT_E_USAGE, "%s has %zu tables, and a product is one",
                       import->shown, count);
        return weft_error_hint(error, "name the domain alone: --into %s", import->domain);
    }
    for (size_t i = 0; i < count; i++) {
        WEFT_TRY(product_add(import, &items[i], error));
        WEFT_TRY(told_add(import, &items[i], error));
    }
    return 0;
}

int weft_import_odcs(struct weft_import *import, struct weft_error *error)
{
    struct weft_diag diag, renames;
    struct weft_odcs_adopted *items = NULL;
    size_t count = 0;
    struct weft_odcs_into into = {import->domain, import->product};
    weft_diag_init(&diag);
    weft_diag_init(&renames);
    int rc = weft_odcs_adopt(import->arena, import->data, import->length, import->shown, &into,
                             &diag, &renames, &items, &count, error);
    if (rc == 0)
        rc = weft_diag_check(&diag, error);
    if (rc == 0)
        rc = notes_add(import, &renames, WEFT_IMPORT_CHANGED, NULL, error);
    if (rc == 0)
        rc = adopted_add(import, items, count, error);
    weft_diag_release(&renames);
    weft_diag_release(&diag);
    return rc;
}

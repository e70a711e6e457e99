/*
 * diag.c - the list of mistakes of diag.h.
 */
#include "base/diag.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void weft_diag_init(struct weft_diag *diag)
{
    *diag = (struct weft_diag){0};
}

static void item_release(struct weft_diag_item *item)
{
    weft_free(item->file);
    weft_free(item->message);
    weft_free(item->hint);
}

void weft_diag_release(struct weft_diag *diag)
{
    for (size_t i = 0; i < diag->count; i++)
        item_release(&diag->items[i]);
    weft_free(diag->items);
    *diag = (struct weft_diag){0};
}

static void diag_keep(struct weft_diag *diag, struct weft_diag_item item, const char *file,
                      const char *message, const char *hint)
{
    if (diag->count >= WEFT_DIAG_MAX)
        return;
    if (weft_array_reserve(&diag->items, &diag->capacity, diag->count + 1, sizeof item) < 0) {
        diag->out_of_memory = true;
        return;
    }
    item.file = weft_strdup(file == NULL ? "" : file);
    item.message = weft_strdup(message);
    item.hint = hint == NULL || hint[0] == '\0' ? NULL : weft_strdup(hint);
    if (item.file == NULL || item.message == NULL ||
        (hint != NULL && hint[0] != '\0' && item.hint == NULL)) {
        item_release(&item);
        diag->out_of_memory = true;
        return;
    }
    diag->items[diag->count++] = item;
}

void weft_diag_add(struct weft_diag *diag, enum weft_severity severity, enum weft_code code,
                   const char *file, int line, int column, const char *hint, const char *format,
                   ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    diag->errors += severity == WEFT_SEVERITY_ERROR;
    diag->warnings += severity == WEFT_SEVERITY_WARNING;
    struct weft_diag_item item = {
        .severity = severity, .code = code, .line = line, .column = column};
    diag_keep(diag, item, file, message, hint);
}

void weft_diag_add_error(struct weft_diag *diag, const struct weft_error *error)
{
    weft_diag_add(diag, WEFT_SEVERITY_ERROR, error->code, error->file, error->line, error->column,
                  error->hint, "%s", error->message);
}

static int item_compare(const void *a, const void *b)
{
    const struct weft_diag_item *x = a, *y = b;
    int by_file = strcmp(x->file, y->file);
    if (by_file != 0)
        return by_file;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return strcmp(x->message, y->message);
}

void weft_diag_sort(struct weft_diag *diag)
{
    if (diag->count > 1)
        qsort(diag->items, diag->count, sizeof *diag->items, item_compare);
}

int weft_diag_check(struct weft_diag *diag, struct weft_error *error)
{
    if (diag->out_of_memory)
        return weft_error_nomem(error);
    if (diag->errors == 0)
        return 0;
    for (size_t i = 0; i < diag->count; i++) {
        const struct weft_diag_item *item = &diag->items[i];
        if (item->severity != WEFT_SEVERITY_ERROR)
            continue;
        weft_error_set(error, item->code, "%s", item->message);
        weft_error_at(error, item->file, item->line, item->column);
        if (item->hint != NULL)
            weft_error_hint(error, "%s", item->hint);
        if (diag->errors > 1)
            weft_error_detail(error, "and %zu more mistake%s", diag->errors - 1,
                              diag->errors == 2 ? "" : "s");
        return -1;
    }
    return weft_error_set(error, WEFT_E_INVALID, "%zu mistakes", diag->errors);
}

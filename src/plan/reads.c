/*
 * reads.c - what a plan says of the products that a product reads, and of those that read it.
 */
#include "plan/plan_internal.h"

#include <string.h>

/* What it reads must be there when it is registered. */
static int item_unselected(struct weft_plan_maker *maker, struct weft_plan_item *item,
                           struct weft_error *error)
{
    const struct weft_book_item *of = &maker->book->items[item->item];
    for (size_t i = 0; i < of->read_count; i++) {
        const struct weft_book_read *read = &of->reads[i];
        if (read->item == WEFT_BOOK_NONE || maker->chosen[read->item])
            continue;
        const struct weft_book_item *upstream = &maker->book->items[read->item];
        if (upstream->digest != NULL && upstream->was == NULL)
            continue;
        if (weft_book_deferred(maker->book, upstream->full_name, upstream->major) != NULL)
            continue;
        item->refused_code = WEFT_E_REFUSED;
        item->refused_file = read->file;
        item->refused_place = read->place;
        item->refused = weft_arena_format(maker->arena,
                                          "it reads `%s`, which is not registered and not selected",
                                          weft_book_name(maker->book, read->item));
        item->refused_hint = weft_arena_format(maker->arena, "select what it reads too: +%s",
                                               weft_book_name(maker->book, item->item));
        return item->refused == NULL || item->refused_hint == NULL ? weft_error_nomem(error) : 0;
    }
    return 0;
}

/* ---- what is new of a product ---- */

static const struct weft_input *port_new(const struct weft_product *product,
                                         const struct weft_book_read *read)
{
    for (size_t i = 0; read->is_port && i < product->input_count; i++) {
        if (strcmp(product->inputs[i].name, read->name) == 0)
            return product->inputs[i].read == WEFT_READ_NEW ? &product->inputs[i] : NULL;
    }
    return NULL;
}

#define NEW_HINT                                                                                   \
    "`read: all` reads all of it each time; or give %s `write: append`, if its runs only add rows"

/* Each run of the other replaces all of its rows: the second run of this one would be refused. */
static int item_new_of_replaced(struct weft_plan_maker *maker, struct weft_plan_item *item,
                                struct weft_error *error)
{
    const struct weft_book_item *of = &maker->book->items[item->item];
    for (size_t i = 0; i < of->read_count; i++) {
        const struct weft_product *upstream;
        const struct weft_input *port = port_new(item->product, &of->reads[i]);
        if (port == NULL || of->reads[i].item == WEFT_BOOK_NONE)
            continue;
        WEFT_TRY(weft_book_contract(maker->book, of->reads[i].item, &upstream, error));
        if (upstream->write != WEFT_WRITE_REPLACE)
            continue;
        const char *name = weft_book_name(maker->book, of->reads[i].item);
        item->refused_code = WEFT_E_REFUSED;
        item->refused_place = port->place;
        item->refused = weft_arena_format(maker->arena,
                                          "input `%s` reads what is new of `%s`, which each run "
                                          "replaces: which of its rows are new cannot be told",
                                          port->name, name);
        item->refused_hint = weft_arena_format(maker->arena, NEW_HINT, name);
        return item->refused == NULL || item->refused_hint == NULL ? weft_error_nomem(error) : 0;
    }
    return 0;
}

/* The other way round: who reads what is new of a product that is replaced from now on. */
static int item_readers_of_new(struct weft_plan_maker *maker, struct weft_plan_item *item,
                               struct weft_error *error)
{
    struct weft_book *book = maker->book;
    if (item->action != WEFT_PLAN_CHANGE || item->product->write != WEFT_WRITE_REPLACE)
        return 0;
    for (size_t r = 0; r < book->count; r++) {
        const struct weft_book_item *reader = &book->items[r];
        const struct weft_product *contract;
        if (reader->planned || !weft_book_reads(reader, item->item))
            continue;
        WEFT_TRY(weft_book_contract(book, r, &contract, error));
        for (size_t i = 0; i < reader->read_count; i++) {
            if (reader->reads[i].item != item->item ||
                port_new(contract, &reader->reads[i]) == NULL)
                continue;
            item->warning = weft_arena_format(
                maker->arena,
                "%s reads what is new of it: its next run is refused, because rows that are "
                "replaced do not tell which are new",
                weft_book_name(book, r));
            return item->warning == NULL ? weft_error_nomem(error) : 0;
        }
    }
    return 0;
}

int weft_plan_item_reads(struct weft_plan_maker *maker, struct weft_plan_item *item,
                         struct weft_error *error)
{
    WEFT_TRY(item_unselected(maker, item, error));
    if (item->refused == NULL)
        WEFT_TRY(item_new_of_replaced(maker, item, error));
    return item->refused == NULL ? item_readers_of_new(maker, item, error) : 0;
}

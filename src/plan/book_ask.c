/*
 * book_ask.c - what a book is asked: contracts, names and their majors, who reads whom, selections.
 */
#include "plan/book.h"

#include "base/text.h"
#include "plan/bind.h"

#include <stdio.h>
#include <string.h>

static const struct weft_registered_digest *deferred_find(const struct weft_book *book,
                                                          const char *full_name, int major)
{
    for (size_t i = 0; i < book->deferred_count; i++) {
        const struct weft_registered_digest *there = &book->deferred[i];
        if (there->major == major && strcmp(there->full_name, full_name) == 0)
            return there->in_force_digest == NULL ? NULL : there;
    }
    return NULL;
}

const char *weft_book_deferred(const struct weft_book *book, const char *full_name, int major)
{
    size_t at = weft_book_find(book, full_name, major);
    const struct weft_book_item *item = at == WEFT_BOOK_NONE ? NULL : &book->items[at];
    if (book->deferred_txn == NULL)
        return NULL;
    if (item != NULL && !item->deferred && item->digest != NULL &&
        item->digest->in_force_digest != NULL)
        return NULL;
    return deferred_find(book, full_name, major) == NULL ? NULL
                                                         : book->context->deferred.environment;
}

void weft_book_defer(struct weft_book *book, const bool *chosen)
{
    for (size_t i = 0; book->deferred_txn != NULL && i < book->count; i++) {
        struct weft_book_read *reads = (struct weft_book_read *)(uintptr_t)book->items[i].reads;
        for (size_t r = 0; r < book->items[i].read_count; r++) {
            const struct weft_book_item *upstream =
                reads[r].item == WEFT_BOOK_NONE ? NULL : &book->items[reads[r].item];
            bool runs = chosen != NULL && upstream != NULL && chosen[reads[r].item] &&
                        upstream->product != NULL && weft_product_can_run(upstream->product);
            if (!runs)
                reads[r].deferred_to = weft_book_deferred(book, reads[r].full_name, reads[r].major);
        }
    }
}

int weft_book_deferred_list(const struct weft_book *book, struct weft_buf *out,
                            struct weft_error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < book->deferred_count; i++) {
        const struct weft_registered_digest *there = &book->deferred[i];
        if (there->retired || weft_book_deferred(book, there->full_name, there->major) == NULL)
            continue;
        weft_buf_addf(out, "%s%s@%d", count++ == 0 ? "" : ", ", there->full_name, there->major);
    }
    return weft_buf_check(out, error);
}

bool weft_book_is_over(const struct weft_book_item *item)
{
    return item->leaving || (item->product == NULL && item->digest->retired);
}

int weft_book_registered(struct weft_book *book, size_t item, const struct weft_registered **out,
                         struct weft_error *error)
{
    struct weft_book_item *of = &book->items[item];
    assert(of->digest != NULL);
    if (of->registered == NULL) {
        struct weft_registered *made = weft_arena_alloc(book->arena, sizeof *made);
        if (made == NULL)
            return weft_error_nomem(error);
        const char *name = of->was == NULL ? of->full_name : of->was;
        struct weft_ledger_txn *txn = of->deferred ? book->deferred_txn : book->txn;
        int rc = weft_catalog_product(txn, book->arena, name, of->major, 0, made, error);
        if (rc == 0 && weft_registered_newest(made) == NULL)
            rc = WEFT_NOT_THERE;
        if (rc == WEFT_NOT_THERE)
            return weft_error_set(error, WEFT_E_CORRUPT, "`%s` has a digest but no contract",
                                  of->full_name);
        WEFT_TRY(rc);
        of->registered = made;
    }
    *out = of->registered;
    return 0;
}

int weft_book_contract(struct weft_book *book, size_t item, const struct weft_product **out,
                       struct weft_error *error)
{
    const struct weft_registered *registered;
    *out = book->items[item].product;
    if (*out != NULL)
        return 0;
    WEFT_TRY(weft_book_registered(book, item, &registered, error));
    *out = weft_registered_newest(registered);
    return 0;
}

/* The first of the majors of a name; they stand together. */
static size_t first_major(const struct weft_book *book, const char *full_name)
{
    size_t low = 0, high = book->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(book->items[middle].full_name, full_name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_named(const struct weft_book *book, size_t item, const char *full_name)
{
    return item < book->count && strcmp(book->items[item].full_name, full_name) == 0;
}

/* Which majors a bare name rather means: the higher, the rather. */
static int item_rank(struct weft_book *book, size_t item, int *rank, struct weft_error *error)
{
    static const int ranks[] = {[WEFT_STATUS_ACTIVE] = 3,
                                [WEFT_STATUS_DEPRECATED] = 2,
                                [WEFT_STATUS_DRAFT] = 1,
                                [WEFT_STATUS_RETIRED] = 0};
    const struct weft_product *contract;
    *rank = -1;
    if (weft_book_is_over(&book->items[item]))
        return 0;
    WEFT_TRY(weft_book_contract(book, item, &contract, error));
    *rank = ranks[contract->status];
    return 0;
}

int weft_book_newest(struct weft_book *book, const char *full_name, size_t *out,
                     struct weft_error *error)
{
    size_t first = first_major(book, full_name);
    *out = WEFT_BOOK_NONE;
    if (is_named(book, first, full_name) && !is_named(book, first + 1, full_name)) {
        *out = first;
        return 0;
    }
    int best = -2;
    for (size_t i = first; is_named(book, i, full_name); i++) {
        int rank;
        WEFT_TRY(item_rank(book, i, &rank, error));
        if (rank >= best) {
            best = rank;
            *out = i;
        }
    }
    return 0;
}

const char *weft_book_name(const struct weft_book *book, size_t item)
{
    const struct weft_book_item *of = &book->items[item];
    size_t first = first_major(book, of->full_name);
    if (!is_named(book, first + 1, of->full_name))
        return of->full_name;
    const char *name = weft_arena_format(book->arena, "%s@%d", of->full_name, of->major);
    return name == NULL ? of->full_name : name;
}

const char *weft_book_suggest(const struct weft_book *book, const char *name)
{
    const char **names = weft_arena_array(book->arena, book->count + 1, sizeof *names);
    if (names == NULL)
        return NULL;
    for (size_t i = 0; i < book->count; i++)
        names[i] = book->items[i].full_name;
    return weft_suggest(name, names, book->count);
}

bool weft_book_reads(const struct weft_book_item *reader, size_t item)
{
    for (size_t i = 0; i < reader->read_count; i++) {
        if (reader->reads[i].item == item)
            return !weft_book_is_over(reader);
    }
    return false;
}

int weft_book_readers(const struct weft_book *book, size_t item, struct weft_buf *out,
                      struct weft_error *error)
{
    for (size_t i = 0; i < book->count; i++) {
        if (i != item && weft_book_reads(&book->items[i], item))
            weft_buf_addf(out, "%s%s", out->length == 0 ? "" : ", ", weft_book_name(book, i));
    }
    return weft_buf_check(out, error);
}

/* ---- selection ---- */

/* Of a checkout: the file against what is registered. Of a home: what is registered against what
 * the rows that are there were made by. */
static bool is_modified(const struct weft_book *book, const struct weft_book_item *item)
{
    if (book->mesh != NULL)
        return item->planned || item->leaving;
    return !item->digest->retired && item->digest->pending_digest != NULL;
}

static bool is_new(const struct weft_book *book, const struct weft_book_item *item)
{
    if (book->mesh != NULL)
        return item->product != NULL && (item->digest == NULL || item->digest->retired);
    return !item->digest->retired && item->digest->in_force_digest == NULL;
}

int weft_book_selection(struct weft_book *book, struct weft_selection_item **out,
                        struct weft_error *error)
{
    struct weft_selection_item *items =
        weft_arena_array(book->arena, book->count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    size_t newest = WEFT_BOOK_NONE;
    for (size_t i = 0; i < book->count; i++) {
        const struct weft_book_item *item = &book->items[i];
        size_t *reads = weft_arena_array(book->arena, item->read_count + 1, sizeof *reads);
        if (reads == NULL)
            return weft_error_nomem(error);
        if (i == 0 || strcmp(book->items[i - 1].full_name, item->full_name) != 0)
            WEFT_TRY(weft_book_newest(book, item->full_name, &newest, error));
        items[i] = (struct weft_selection_item){.full_name = item->full_name,
                                                .major = item->major,
                                                .newest = newest == i,
                                                .tags = item->product != NULL ? item->product->tags
                                                                              : item->digest->tags,
                                                .modified = is_modified(book, item),
                                                .fresh = is_new(book, item),
                                                .reads = reads};
        for (size_t r = 0; r < item->read_count; r++) {
            if (item->reads[r].item != WEFT_BOOK_NONE)
                reads[items[i].read_count++] = item->reads[r].item;
        }
    }
    *out = items;
    return 0;
}

/* A word that means only what the command does not mean is a mistake, not an empty list. */
static int word_check(const struct weft_book *book, const struct weft_selection_item *items,
                      const char *word, const bool *meant, bool *room, struct weft_error *error)
{
    WEFT_TRY(weft_selection_apply(items, book->count, &word, 1, NULL, 0, room, error));
    bool any = false;
    for (size_t i = 0; i < book->count; i++) {
        if (room[i] && meant[i])
            return 0;
        any = any || room[i];
    }
    if (!any)
        return 0; /* nothing is in that state */
    weft_error_set(error, WEFT_E_NOT_FOUND, "`%s` names nothing that this checkout owns", word);
    return weft_error_hint(error, "`weft ls` lists all products of the home; `owns:` in weft.yaml "
                                  "says which domains are this checkout's");
}

int weft_book_select(struct weft_book *book, const struct weft_op_value *words,
                     const struct weft_op_value *exclude, bool *chosen, struct weft_error *error)
{
    if (words->count == 0 && exclude->count == 0)
        return 0;
    struct weft_selection_item *items;
    WEFT_TRY(weft_book_selection(book, &items, error));
    bool *room = weft_arena_array(book->arena, book->count + 1, sizeof *room);
    if (room == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < words->count; i++)
        WEFT_TRY(word_check(book, items, words->texts[i], chosen, room, error));
    WEFT_TRY(weft_selection_apply(items, book->count, words->texts, words->count, exclude->texts,
                                  exclude->count, room, error));
    for (size_t i = 0; i < book->count; i++)
        chosen[i] = chosen[i] && room[i];
    return 0;
}

void weft_book_reads_json(const struct weft_book_item *item, struct weft_json_writer *json)
{
    weft_json_key(json, "reads");
    weft_json_begin_array(json);
    for (size_t i = 0; i < item->read_count; i++) {
        weft_json_begin_object(json);
        weft_json_member_text(json, "name", item->reads[i].name);
        weft_json_member_bool(json, "port", item->reads[i].is_port);
        weft_json_member_text(json, "product", item->reads[i].full_name);
        weft_json_member_int(json, "major", item->reads[i].major);
        if (item->reads[i].deferred_to != NULL)
            weft_json_member_text(json, "deferred_to", item->reads[i].deferred_to);
        if (item->reads[i].kept != NULL)
            weft_json_member_text(json, "kept", item->reads[i].kept);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

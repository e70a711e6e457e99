/*
 * book.c - the files of the checkout and the digests of the home, merged.
 */
#include "plan/book.h"

#include "base/fs.h"
#include "base/text.h"
#include "context/sight.h"
#include "context/state.h"
#include "context/who.h"
#include "plan/bind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOOK_KEY_SIZE 160

static void key_print(const char *full_name, int major, char key[BOOK_KEY_SIZE])
{
    snprintf(key, BOOK_KEY_SIZE, "%s@%d", full_name, major);
}

static int order(const char *a, int a_major, const char *b, int b_major)
{
    int by_name = strcmp(a, b);
    return by_name != 0 ? by_name : (a_major > b_major) - (a_major < b_major);
}

static void index_free(void *map)
{
    weft_map_free(map);
}

/* ---- making ---- */

static bool owns(const struct weft_mesh *mesh, const char *full_name)
{
    char domain[WEFT_NAME_MAX + 1];
    if (mesh == NULL)
        return false;
    snprintf(domain, sizeof domain, "%.*s", (int)strcspn(full_name, "."), full_name);
    return weft_mesh_owns(mesh, domain);
}

static bool differs(const struct weft_product *product, const struct weft_registered_digest *digest)
{
    if (digest == NULL || digest->retired)
        return true;
    const char *now =
        digest->pending_digest != NULL ? digest->pending_digest : digest->in_force_digest;
    return now == NULL || strcmp(now, product->digest) != 0;
}

/* A registered product under the name that it will have. */
struct book_digest {
    const struct weft_registered_digest *digest;
    const char *was;
    bool deferred;
};

static void item_fill(const struct weft_book *book, const struct weft_product *product,
                      const struct book_digest *registered, struct weft_book_item *item)
{
    const struct weft_registered_digest *digest = registered == NULL ? NULL : registered->digest;
    *item = (struct weft_book_item){
        .full_name = product != NULL ? product->full_name : digest->full_name,
        .major = product != NULL ? product->major : digest->major,
        .version = product != NULL ? product->version : digest->version,
        .product = product,
        .digest = digest,
        .was = registered == NULL ? NULL : registered->was,
        .deferred = registered != NULL && registered->deferred,
        .planned = product != NULL && differs(product, digest),
        .leaving = product == NULL && !digest->retired && !registered->deferred &&
                   owns(book->mesh, digest->full_name)};
}

/* Both lists are by name and major. */
static int items_merge(struct weft_book *book, const struct book_digest *digests,
                       size_t digest_count, struct weft_error *error)
{
    size_t files = book->mesh == NULL ? 0 : book->mesh->product_count;
    book->items = weft_arena_array(book->arena, files + digest_count + 1, sizeof *book->items);
    if (book->items == NULL)
        return weft_error_nomem(error);
    size_t f = 0, d = 0;
    while (f < files || d < digest_count) {
        const struct weft_product *product = f < files ? book->mesh->products[f] : NULL;
        const struct book_digest *digest = d < digest_count ? &digests[d] : NULL;
        if (product != NULL && !weft_mesh_owns(book->mesh, product->domain)) {
            f++;
            continue;
        }
        int which = product == NULL ? 1 : -1;
        if (product != NULL && digest != NULL)
            which = order(product->full_name, product->major, digest->digest->full_name,
                          digest->digest->major);
        item_fill(book, which <= 0 ? product : NULL, which >= 0 ? digest : NULL,
                  &book->items[book->count++]);
        f += which <= 0;
        d += which >= 0;
    }
    return 0;
}

static int index_make(struct weft_book *book, struct weft_error *error)
{
    char key[BOOK_KEY_SIZE];
    book->index = weft_map_new();
    if (book->index == NULL)
        return weft_error_nomem(error);
    if (weft_arena_at_end(book->arena, index_free, book->index) < 0) {
        weft_map_free(book->index);
        return weft_error_nomem(error);
    }
    for (size_t i = 0; i < book->count; i++) {
        key_print(book->items[i].full_name, book->items[i].major, key);
        if (weft_map_put(book->index, key, &book->items[i]) < 0)
            return weft_error_nomem(error);
    }
    return 0;
}

static int reads_fill(struct weft_book *book, struct weft_book_item *item,
                      const struct weft_registered_reads *registered, struct weft_error *error)
{
    struct weft_book_read *reads =
        weft_arena_array(book->arena, registered->count + 1, sizeof *reads);
    if (reads == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < registered->count; i++) {
        const struct weft_registered_read *read = &registered->items[i];
        reads[i] =
            (struct weft_book_read){.name = read->name,
                                    .is_port = read->is_port,
                                    .full_name = read->full_name,
                                    .major = read->major,
                                    .item = weft_book_find(book, read->full_name, read->major)};
    }
    item->reads = reads;
    item->read_count = registered->count;
    return 0;
}

/* ---- names that change ---- */

static int digest_compare(const void *a, const void *b)
{
    const struct weft_registered_digest *left = ((const struct book_digest *)a)->digest;
    const struct weft_registered_digest *right = ((const struct book_digest *)b)->digest;
    return order(left->full_name, left->major, right->full_name, right->major);
}

/* Other contracts go on reading it: their text has the old name, their pin the new one. */
static void reads_rename(struct weft_registered_digest *digest, const struct weft_rename *rename)
{
    for (size_t i = 0; i < digest->reads.count; i++) {
        struct weft_registered_read *read =
            (struct weft_registered_read *)(uintptr_t)&digest->reads.items[i];
        if (strcmp(read->full_name, rename->from) == 0)
            read->full_name = rename->to;
    }
}

/* Registered here, or a file of the checkout: what is deferred to is not asked for its contract. */
static bool is_here(const struct weft_book *book, const struct book_digest *own, size_t count,
                    const struct weft_registered_digest *there)
{
    const struct weft_product *product =
        weft_mesh_product(book->mesh, there->full_name, there->major);
    if (product != NULL && weft_mesh_owns(book->mesh, product->domain))
        return true;
    struct book_digest key = {.digest = there};
    return count > 0 && bsearch(&key, own, count, sizeof key, digest_compare) != NULL;
}

static int deferred_get(struct weft_book *book, struct weft_error *error)
{
    struct weft_registered_digest *digests = NULL;
    if (weft_who_unasked(book->context) ||
        (book->mesh == NULL && !weft_request_is_local(&book->context->request)))
        return 0;
    WEFT_TRY(weft_context_deferred_txn(book->context, &book->deferred_txn, error));
    if (book->deferred_txn == NULL)
        return 0;
    WEFT_TRY(weft_catalog_digests(book->deferred_txn, book->arena, &digests, &book->deferred_count,
                                  error));
    book->deferred = digests;
    return 0;
}

/* A book of the home alone is of what the one who asks may know of: by no word, sign or hint is
 * there any other. */
static int digests_known(struct weft_book *book, struct weft_registered_digest *digests,
                         size_t *count, struct weft_error *error)
{
    const struct weft_sight *sight;
    size_t known = 0;
    WEFT_TRY(weft_sight_get(book->context, book->txn, 0, &sight, error));
    if (sight == NULL)
        return 0;
    for (size_t i = 0; i < *count; i++) {
        if (weft_sight_major(sight, digests[i].full_name, digests[i].major) != NULL)
            digests[known++] = digests[i];
    }
    *count = known;
    return 0;
}

static int digests_get(struct weft_book *book, struct book_digest **out, size_t *count,
                       struct weft_error *error)
{
    struct weft_registered_digest *digests = NULL;
    struct weft_rename *renames = NULL;
    *count = 0;
    if (book->txn != NULL)
        WEFT_TRY(weft_catalog_digests(book->txn, book->arena, &digests, count, error));
    if (book->txn != NULL && book->mesh == NULL)
        WEFT_TRY(digests_known(book, digests, count, error));
    if (book->txn != NULL && book->mesh != NULL)
        WEFT_TRY(weft_catalog_renames(book->txn, book->arena, book->mesh, &renames,
                                      &book->rename_count, error));
    struct book_digest *named =
        weft_arena_array(book->arena, *count + book->deferred_count + 1, sizeof *named);
    if (named == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < *count; i++)
        named[i].digest = &digests[i];
    book->renames = renames;
    for (size_t r = 0; r < book->rename_count; r++) {
        for (size_t i = 0; renames[r].refused == NULL && i < *count; i++) {
            reads_rename(&digests[i], &renames[r]);
            if (strcmp(digests[i].full_name, renames[r].from) != 0)
                continue;
            named[i].was = renames[r].from;
            digests[i].full_name = renames[r].to;
        }
    }
    size_t own = *count;
    for (size_t i = 0; book->mesh != NULL && i < book->deferred_count; i++) {
        const struct weft_registered_digest *there = &book->deferred[i];
        if (there->in_force_digest != NULL && !there->retired && !is_here(book, named, own, there))
            named[(*count)++] = (struct book_digest){.digest = there, .deferred = true};
    }
    if (book->rename_count > 0 || *count > own)
        qsort(named, *count, sizeof *named, digest_compare);
    *out = named;
    return 0;
}

void weft_book_renames_check(const struct weft_book *book, struct weft_diag *diag)
{
    for (size_t i = 0; i < book->rename_count; i++) {
        const struct weft_rename *rename = &book->renames[i];
        if (rename->refused != NULL)
            weft_diag_add(diag, WEFT_SEVERITY_ERROR, WEFT_E_INVALID, rename->product->file,
                          rename->product->was_place.line, rename->product->was_place.column,
                          rename->hint, "%s", rename->refused);
    }
}

int weft_book_make(struct weft_context *context, const struct weft_mesh *mesh,
                   struct weft_ledger_txn *txn, struct weft_arena *arena, struct weft_book *out,
                   struct weft_error *error)
{
    struct book_digest *digests = NULL;
    size_t count = 0;
    struct weft_book book = {.context = context, .arena = arena, .mesh = mesh, .txn = txn};
    WEFT_TRY(deferred_get(&book, error));
    WEFT_TRY(digests_get(&book, &digests, &count, error));
    WEFT_TRY(items_merge(&book, digests, count, error));
    WEFT_TRY(index_make(&book, error));
    for (size_t i = 0; i < book.count; i++) {
        if (book.items[i].digest != NULL)
            WEFT_TRY(reads_fill(&book, &book.items[i], &book.items[i].digest->reads, error));
    }
    *out = book;
    return 0;
}

int weft_book_begin(struct weft_context *context, struct weft_ledger_txn **txn,
                    struct weft_error *error)
{
    const char *home;
    struct weft_ledger *ledger;
    *txn = NULL;
    if (weft_who_unasked(context))
        return 0;
    if (context->state != NULL) {
        ledger = weft_state_ledger(context->state);
        return ledger == NULL ? 0 : weft_ledger_begin_read(ledger, txn, error);
    }
    WEFT_TRY(weft_context_home(context, &home, error));
    WEFT_CLEANUP(weft_freep) char *format = weft_path_join(home, "format");
    if (format == NULL)
        return weft_error_nomem(error);
    if (!weft_fs_exists(format))
        return 0;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    return weft_ledger_begin_read(ledger, txn, error);
}

size_t weft_book_find(const struct weft_book *book, const char *full_name, int major)
{
    char key[BOOK_KEY_SIZE];
    key_print(full_name, major, key);
    const struct weft_book_item *item = weft_map_get(book->index, key);
    return item == NULL ? WEFT_BOOK_NONE : (size_t)(item - book->items);
}

int weft_book_leave(struct weft_book *book, size_t item, struct weft_error *error)
{
    struct weft_book_item *of = &book->items[item];
    of->leaving = false;
    if (of->digest == NULL || of->product == NULL)
        return 0;
    of->product = NULL;
    of->left = true;
    of->planned = false;
    of->open = false;
    of->version = of->digest->version;
    return reads_fill(book, of, &of->digest->reads, error);
}

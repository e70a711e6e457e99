/*
 * offer.c - what a plan proposes and does not do: newer majors to read, the version to write.
 */
#include "context/state.h"
#include "plan/plan.h"

#include "catalog/deprecated.h"
#include "lake/pointer.h"
#include "ledger/sql.h"

#include <string.h>

/* Whether the text names the major: then it was meant. */
static bool is_versioned(const struct weft_book_item *item, const struct weft_book_read *read)
{
    if (weft_read_is_lookup(read->name))
        return true; /* `references:` names no major */
    if (read->versioned || !read->is_port)
        return read->versioned || strstr(read->name, "__v") != NULL;
    for (size_t i = 0; item->product != NULL && i < item->product->input_count; i++) {
        const struct weft_input *input = &item->product->inputs[i];
        if (strcmp(input->name, read->name) == 0 && input->product != NULL)
            return strchr(input->product, '@') != NULL;
    }
    return false;
}

/* The newer active major of what is read; WEFT_BOOK_NONE = none. */
static int read_newer(struct weft_book *book, const struct weft_book_item *item,
                      const struct weft_book_read *read, size_t *newer, struct weft_error *error)
{
    const struct weft_product *contract;
    *newer = WEFT_BOOK_NONE;
    size_t newest = WEFT_BOOK_NONE;
    if (is_versioned(item, read))
        return 0;
    WEFT_TRY(weft_book_newest(book, read->full_name, &newest, error));
    if (newest == WEFT_BOOK_NONE || newest == read->item ||
        book->items[newest].major <= read->major || weft_book_is_over(&book->items[newest]))
        return 0;
    WEFT_TRY(weft_book_contract(book, newest, &contract, error));
    if (contract->status == WEFT_STATUS_ACTIVE)
        *newer = newest;
    return 0;
}

/* The SQL has a name that was changed since. */
static bool is_renamed(const struct weft_book_read *read)
{
    size_t length = strlen(read->full_name);
    return !read->is_port && !weft_read_is_lookup(read->name) &&
           (strncmp(read->name, read->full_name, length) != 0 ||
            (read->name[length] != '\0' && strncmp(read->name + length, "__v", 3) != 0));
}

struct offers {
    struct weft_book *book;
    struct weft_catalog_deprecated *deprecated; /* of the home */
    size_t deprecated_count;
};

/* What is read and has come to its end, or is about to. */
static void end_print(const struct offers *offers, const struct weft_book_read *read,
                      struct weft_buf *out)
{
    if (read->item == WEFT_BOOK_NONE)
        return;
    const struct weft_book_item *upstream = &offers->book->items[read->item];
    const struct weft_deprecated *says = NULL;
    const struct weft_catalog_deprecated *known = weft_catalog_deprecated_find(
        offers->deprecated, offers->deprecated_count, read->full_name, read->major);
    if (upstream->product != NULL)
        says = upstream->product->deprecated;
    else if (known != NULL)
        says = &known->says;
    bool over = weft_book_is_over(upstream);
    if (!over && says == NULL)
        return;
    weft_buf_addf(out, "%sreads %s@%d, which is %s", out->length == 0 ? "" : "; ", read->full_name,
                  read->major, over ? "retired: it gets no new data" : "deprecated");
    if (!over)
        weft_deprecated_print(says, out);
}

/* "reads reference.counties@1; @2 is there: write reference.counties__v2 to move" */
static int reads_offer(const struct offers *offers, const struct weft_book_item *item,
                       struct weft_buf *out, struct weft_error *error)
{
    struct weft_book *book = offers->book;
    for (size_t i = 0; i < item->read_count; i++) {
        const struct weft_book_read *read = &item->reads[i];
        size_t newer;
        if (is_renamed(read))
            weft_buf_addf(out, "%snames %s, which is called %s now", out->length == 0 ? "" : "; ",
                          read->name, read->full_name);
        end_print(offers, read, out);
        WEFT_TRY(read_newer(book, item, read, &newer, error));
        if (newer == WEFT_BOOK_NONE)
            continue;
        int major = book->items[newer].major;
        weft_buf_addf(out, "%sreads %s@%d; @%d is there: write %s%s%d to move",
                      out->length == 0 ? "" : "; ", read->full_name, read->major, major,
                      read->full_name, read->is_port ? "@" : "__v", major);
    }
    return weft_buf_check(out, error);
}

/* The same version for another contract: allowed, but readers cannot tell them apart. */
static void version_offer(const struct weft_book *book, const struct weft_plan_item *item,
                          struct weft_buf *out)
{
    const struct weft_product *product = item->product;
    const struct weft_environment *environment = book->mesh->environment;
    if (item->action != WEFT_PLAN_CHANGE || item->refused != NULL ||
        strcmp(product->version, item->version_before) != 0 ||
        strcmp(environment->name, "dev") == 0 || product->status == WEFT_STATUS_DRAFT ||
        product->major == 0 || item->changes.worst == WEFT_CHANGE_BREAKING)
        return;
    bool minor = item->changes.worst == WEFT_CHANGE_COMPATIBLE;
    weft_buf_addf(out, "%sstill version %s: `weft bump %s` makes it %d.%d.%d",
                  out->length == 0 ? "" : "; ", product->version, weft_book_name(book, item->item),
                  product->major, product->minor + minor, minor ? 0 : product->patch + 1);
}

/* What is kept of earlier runs was made by the transform as it was then. */
static int rebuild_offer(struct weft_book *book, const struct weft_plan_item *item,
                         struct weft_buf *out, struct weft_error *error)
{
    const struct weft_registered *registered;
    int64_t count = 0;
    bool other = false;
    for (size_t i = 0; i < item->changes.count; i++) {
        const char *path = item->changes.items[i].path;
        other = other || strcmp(path, "sql") == 0 || strcmp(path, "graph") == 0;
    }
    if (!other || item->product->write == WEFT_WRITE_REPLACE || book->txn == NULL)
        return 0;
    WEFT_TRY(weft_book_registered(book, item->item, &registered, error));
    const struct weft_state *state = book->context->state;
    if (state != NULL)
        count = weft_state_snapshots(state, registered->table);
    int rc = state != NULL
                 ? 0
                 : weft_sql_int(book->txn, &count, error,
                                "SELECT count(*) FROM lake_snapshots WHERE space = ?1 AND "
                                "table_name = ?2 AND seq_to IS NULL",
                                "tt", WEFT_SPACE_LAKE, registered->table);
    if (rc < 0)
        return rc;
    const char *name = weft_book_name(book, item->item);
    if (count > 0)
        weft_buf_addf(out,
                      "%s%" PRId64 " %s made by the old sql: `weft run %s --rebuild` starts over "
                      "from what is still to be read",
                      out->length == 0 ? "" : "; ", count,
                      count == 1 ? "snapshot was" : "snapshots were", name);
    return weft_buf_check(out, error);
}

int weft_plan_offer(struct weft_plan *plan, struct weft_plan_item *items, struct weft_error *error)
{
    struct weft_book *book = &plan->book;
    const char **offers = weft_arena_array(book->arena, book->count + 1, sizeof *offers);
    struct offers all = {.book = book};
    if (offers == NULL)
        return weft_error_nomem(error);
    if (book->txn != NULL)
        WEFT_TRY(weft_catalog_deprecations(book->txn, book->arena, &all.deprecated,
                                           &all.deprecated_count, error));
    for (size_t i = 0, at = 0; i < book->count; i++) {
        const struct weft_book_item *of = &book->items[i];
        if (!plan->chosen[i])
            continue;
        struct weft_plan_item *item = at < plan->count && items[at].item == i ? &items[at++] : NULL;
        WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
        weft_buf_init(&text, 1 << 20);
        if (of->product != NULL)
            WEFT_TRY(reads_offer(&all, of, &text, error));
        if (of->product != NULL && item != NULL)
            version_offer(book, item, &text);
        if (of->product != NULL && item != NULL && item->action == WEFT_PLAN_CHANGE)
            WEFT_TRY(rebuild_offer(book, item, &text, error));
        WEFT_TRY(weft_buf_check(&text, error));
        if (text.length == 0)
            continue;
        const char *offer = item != NULL ? weft_arena_strdup(book->arena, text.data)
                                         : weft_arena_format(book->arena, "%s %s",
                                                             weft_book_name(book, i), text.data);
        if (offer == NULL)
            return weft_error_nomem(error);
        if (item != NULL)
            item->offer = offer;
        else
            offers[plan->offer_count++] = offer;
    }
    plan->offers = offers;
    return 0;
}

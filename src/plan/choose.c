/*
 * choose.c - a selection over the registered products.
 */
#include "plan/choose.h"

#include "context/gate.h"

#include <stdio.h>
#include <string.h>

bool weft_choice_is_named(const struct weft_op_value *words, const struct weft_book_item *item)
{
    char versioned[160];
    snprintf(versioned, sizeof versioned, "%s@%d", item->full_name, item->major);
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->texts[i], versioned) == 0 ||
            strcmp(words->texts[i], item->full_name) == 0)
            return true;
    }
    return false;
}

static int choice_fill(struct weft_choice *choice, const struct weft_op_value *words,
                       const struct weft_op_value *exclude, bool retired, struct weft_error *error)
{
    struct weft_book *book = &choice->book;
    choice->chosen = weft_arena_array(book->arena, book->count + 1, sizeof *choice->chosen);
    if (choice->chosen == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < book->count; i++)
        choice->chosen[i] = true;
    WEFT_TRY(weft_book_select(book, words, exclude, choice->chosen, error));
    for (size_t i = 0; i < book->count; i++) {
        const struct weft_book_item *item = &book->items[i];
        if (weft_book_is_over(item) && !retired && !weft_choice_is_named(words, item))
            choice->chosen[i] = false;
        choice->count += choice->chosen[i];
    }
    return 0;
}

int weft_choice_make(struct weft_context *context, const struct weft_op_value *words,
                     const struct weft_op_value *exclude, bool retired, struct weft_choice *out,
                     struct weft_error *error)
{
    struct weft_ledger *ledger;
    struct weft_choice choice = {0};
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &choice.txn, error));
    int rc = weft_book_make(context, NULL, choice.txn, context->arena, &choice.book, error);
    for (size_t i = 0; rc == 0 && i < words->count; i++)
        rc = weft_gate_named(context, choice.txn, words->texts[i], error);
    if (rc == 0)
        rc = choice_fill(&choice, words, exclude, retired, error);
    if (rc < 0) {
        weft_ledger_end(choice.txn);
        return rc;
    }
    *out = choice;
    return 0;
}

void weft_choice_end(struct weft_choice *choice)
{
    weft_ledger_end(choice->txn);
    choice->txn = NULL;
    choice->book.txn = NULL;
}

bool weft_choice_has(const struct weft_choice *choice, const char *domain, const char *name,
                     int64_t major)
{
    char full_name[160];
    snprintf(full_name, sizeof full_name, "%s.%s", domain, name);
    size_t item = weft_book_find(&choice->book, full_name, (int)major);
    return item != WEFT_BOOK_NONE && choice->chosen[item];
}

const char *weft_choice_empty(const struct weft_op_value *words)
{
    return words->count > 0 ? "no product of the home is chosen by these words"
                            : "no products yet; `weft apply` registers those of a checkout";
}

int weft_choice_tell_deferred(const struct weft_choice *choice, struct weft_out *out,
                              struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf list;
    weft_buf_init(&list, (size_t)1 << 24);
    WEFT_TRY(weft_book_deferred_list(&choice->book, &list, error));
    if (list.length > 0)
        weft_out_note(out, "deferred to %s: %s", choice->book.context->deferred.environment,
                      list.data);
    return 0;
}

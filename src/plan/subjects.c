/*
 * subjects.c - a product as the subject of a decision, as it is and as it is to be once what is
 * planned is in force: its own contract, and what its columns inherit from others that change.
 */
#include "plan/plan_internal.h"

#include "catalog/inherited.h"
#include "catalog/subject.h"
#include "ledger/sql.h"

#include <string.h>

/* ---- whom a change above reaches ---- */

static bool classes_change(const struct weft_plan_item *item)
{
    for (size_t i = 0; item->action == WEFT_PLAN_CHANGE && i < item->changes.count; i++) {
        const char *path = item->changes.items[i].path;
        if (strncmp(path, "schema", 6) == 0 || strncmp(path, "inputs", 6) == 0)
            return true;
    }
    return false;
}

/* Marks those that read a marked one; does any become marked by it? */
static bool readers_mark(const struct weft_book *book, bool *reached)
{
    bool more = false;
    for (size_t i = 0; i < book->count; i++) {
        const struct weft_book_item *reader = &book->items[i];
        for (size_t r = 0; !reached[i] && r < reader->read_count; r++) {
            size_t from = reader->reads[r].item;
            reached[i] = from != WEFT_BOOK_NONE && reached[from];
            more = more || reached[i];
        }
    }
    return more;
}

int weft_plan_subjects_reached(const struct weft_plan_maker *maker, const bool **out,
                               struct weft_error *error)
{
    bool any = false;
    bool *reached = weft_arena_array(maker->arena, maker->book->count + 1, sizeof *reached);
    if (reached == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < maker->count; i++) {
        if (classes_change(&maker->items[i]))
            reached[maker->items[i].item] = any = true;
    }
    while (any)
        any = readers_mark(maker->book, reached);
    *out = reached;
    return 0;
}

/* ---- before and after ---- */

static const struct weft_product *planned_find(void *arg, const char *full_name, int major)
{
    const struct weft_plan_maker *maker = arg;
    size_t item = weft_book_find(maker->book, full_name, major);
    return item != WEFT_BOOK_NONE && maker->chosen[item] ? maker->book->items[item].product : NULL;
}

static int columns_copy(struct weft_plan_maker *maker, const struct weft_trust_subject *before,
                        struct weft_subject_column **out, struct weft_error *error)
{
    *out = weft_arena_array(maker->arena, before->column_count + 1, sizeof(**out));
    if (*out == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < before->column_count; i++)
        (*out)[i] =
            (struct weft_subject_column){before->columns[i].name, before->columns[i].type, NULL};
    return 0;
}

/* By its new SQL, else by the lineage that is registered. */
static int inherited(struct weft_plan_maker *maker, const struct weft_book_item *of,
                     const char *full_name, struct weft_trust_subject *after,
                     struct weft_error *error)
{
    struct weft_lineage registered;
    const struct weft_lineage *lineage = of->lineage;
    if (maker->txn == NULL)
        return 0;
    if (lineage == NULL) {
        int rc = weft_lineage_get(maker->txn, maker->arena, full_name, of->major,
                                  weft_ledger_at(maker->plan.sequence), &registered, error);
        if (rc != 0)
            return rc < 0 ? rc : 0;
        lineage = &registered;
    }
    return weft_catalog_inherit_planned(
        maker->txn, maker->arena, lineage, maker->plan.sequence, planned_find, maker,
        (struct weft_trust_column *)(uintptr_t)after->columns, after->column_count, error);
}

static int after_make(struct weft_plan_maker *maker, const struct weft_book_item *of,
                      const struct weft_registered *registered, bool planned,
                      const struct weft_trust_subject *before, struct weft_trust_subject *after,
                      struct weft_error *error)
{
    struct weft_subject_column *columns = NULL;
    struct weft_registered then = {
        .full_name = of->full_name, .major = of->major, .pending = of->product};
    if (!planned)
        then = *registered;
    bool detected = registered != NULL && weft_registered_newest(&then)->schema.count == 0;
    if (detected)
        WEFT_TRY(columns_copy(maker, before, &columns, error));
    WEFT_TRY(weft_catalog_subject(maker->arena, NULL, &then, columns,
                                  detected ? before->column_count : 0, maker->plan.sequence, after,
                                  error));
    return inherited(maker, of, registered == NULL ? of->full_name : registered->full_name, after,
                     error);
}

int weft_plan_subjects(struct weft_plan_maker *maker, size_t item, bool reached,
                       struct weft_trust_subject *before, bool *was,
                       struct weft_trust_subject *after, bool *is, struct weft_error *error)
{
    struct weft_book *book = maker->book;
    const struct weft_book_item *of = &book->items[item];
    const struct weft_registered *registered = NULL;
    *was = of->digest != NULL && !of->deferred;
    if (*was) {
        WEFT_TRY(weft_book_registered(book, item, &registered, error));
        WEFT_TRY(weft_catalog_subject(maker->arena, maker->txn, registered, NULL, 0,
                                      maker->plan.sequence, before, error));
    }
    *is = !of->leaving && (*was || of->product != NULL);
    bool planned = of->product != NULL && maker->chosen[item];
    if (*is && (planned || (reached && *was)))
        return after_make(maker, of, registered, planned, before, after, error);
    if (*is)
        *after = *before;
    return 0;
}

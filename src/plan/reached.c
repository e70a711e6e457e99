/*
 * reached.c - who is reached by what changes, as people and programs read it.
 */
#include "plan/plan.h"

#include <string.h>

#define REACHED_SHOWN_MAX 20 /* products of one change, for people; programs get all */

/* "reference.counties.county"; without a column the product alone. */
static void step_print(const struct weft_book *book, const struct weft_plan_step *step,
                       struct weft_buf *out)
{
    weft_buf_adds(out, weft_book_name(book, step->item));
    if (step->column != NULL)
        weft_buf_addf(out, ".%s", step->column);
}

void weft_plan_path_print(const struct weft_book *book, const struct weft_plan_reached *reached,
                          struct weft_buf *out)
{
    for (size_t i = 0; i < reached->path_count; i++) {
        /* A rule ends with the product that has it: the column before is the same product's. */
        bool last = i + 1 == reached->path_count;
        if (last && reached->check != NULL && i > 0 &&
            reached->path[i - 1].item == reached->path[i].item)
            break;
        weft_buf_adds(out, i == 0 ? "" : " -> ");
        step_print(book, &reached->path[i], out);
    }
}

static bool product_told(const struct weft_plan_item *item, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (item->reached[i].change == item->reached[at].change &&
            item->reached[i].item == item->reached[at].item)
            return true;
    }
    return false;
}

static int way_show(const struct weft_book *book, const struct weft_plan_reached *reached,
                    struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf path;
    weft_buf_init(&path, 1 << 20);
    weft_plan_path_print(book, reached, &path);
    WEFT_TRY(weft_buf_check(&path, error));
    if (reached->check != NULL)
        return weft_out_line(out, WEFT_STYLE_DIM, error, "            check %s: %s", reached->check,
                             path.data);
    return weft_out_line(out, WEFT_STYLE_DIM, error, "            %s (%s)", path.data,
                         reached->how);
}

/* All ways to one product, behind its name and owner. */
static int product_show(const struct weft_book *book, const struct weft_plan_item *item, size_t at,
                        struct weft_out *out, struct weft_error *error)
{
    const struct weft_plan_reached *first = &item->reached[at];
    WEFT_TRY(weft_out_line(out, WEFT_STYLE_CHANGED, error, "        reaches %s, %s",
                           weft_book_name(book, first->item),
                           first->owner == NULL ? "who has no owner" : first->owner));
    for (size_t i = at; i < item->reached_count; i++) {
        const struct weft_plan_reached *reached = &item->reached[i];
        if (reached->change == first->change && reached->item == first->item)
            WEFT_TRY(way_show(book, reached, out, error));
    }
    return 0;
}

int weft_plan_reached_show(const struct weft_book *book, const struct weft_plan_item *item,
                           size_t change, struct weft_out *out, struct weft_error *error)
{
    size_t told = 0;
    for (size_t i = 0; i < item->reached_count; i++) {
        if (item->reached[i].change != change || product_told(item, i))
            continue;
        if (told++ < REACHED_SHOWN_MAX)
            WEFT_TRY(product_show(book, item, i, out, error));
    }
    if (told > REACHED_SHOWN_MAX)
        return weft_out_line(out, WEFT_STYLE_CHANGED, error,
                             "        and %zu more products: `weft plan --json` names all",
                             told - REACHED_SHOWN_MAX);
    const struct weft_change *of =
        change == WEFT_PLAN_NO_CHANGE ? NULL : &item->changes.items[change];
    if (told == 0 && of != NULL && of->reach == WEFT_REACH_COLUMN &&
        of->change_class == WEFT_CHANGE_BREAKING)
        return weft_out_line(out, WEFT_STYLE_DIM, error, "        no product reads it");
    return 0;
}

void weft_plan_reached_json(const struct weft_book *book, const struct weft_plan_item *item,
                            struct weft_json_writer *json)
{
    weft_json_key(json, "reached");
    weft_json_begin_array(json);
    for (size_t i = 0; i < item->reached_count; i++) {
        const struct weft_plan_reached *reached = &item->reached[i];
        weft_json_begin_object(json);
        weft_json_member_text(json, "change",
                              reached->change == WEFT_PLAN_NO_CHANGE
                                  ? NULL
                                  : item->changes.items[reached->change].path);
        weft_json_member_text(json, "product", book->items[reached->item].full_name);
        weft_json_member_int(json, "major", book->items[reached->item].major);
        weft_json_member_text(json, "owner", reached->owner);
        weft_json_member_text(json, "column", reached->column);
        weft_json_member_text(json, "check", reached->check);
        weft_json_member_text(json, "how", reached->how);
        weft_json_key(json, "path");
        weft_json_begin_array(json);
        for (size_t k = 0; k < reached->path_count; k++) {
            const struct weft_plan_step *step = &reached->path[k];
            weft_json_begin_object(json);
            weft_json_member_text(json, "product", book->items[step->item].full_name);
            weft_json_member_int(json, "major", book->items[step->item].major);
            weft_json_member_text(json, "column", step->column);
            weft_json_end_object(json);
        }
        weft_json_end_array(json);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

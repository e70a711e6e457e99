/*
 * pins_rings.c - products that read one another in a ring, told whole.
 */
#include "plan/pins.h"

/* "a.x reads b.y (domains/a/x/t.sql:3:8)", for each edge of the ring. */
static void edge_print(const struct weft_book *book, size_t from, size_t to, struct weft_buf *out)
{
    const struct weft_book_item *item = &book->items[from];
    const struct weft_book_read *read = NULL;
    for (size_t i = 0; i < item->read_count && read == NULL; i++) {
        if (item->reads[i].item == to)
            read = &item->reads[i];
    }
    weft_buf_addf(out, "%s%s reads %s", out->length == 0 ? "" : ", ", weft_book_name(book, from),
                  weft_book_name(book, to));
    if (read != NULL && read->file != NULL)
        weft_buf_addf(out, " (%s:%d:%d)", read->file, read->place.line, read->place.column);
    else
        weft_buf_adds(out, " (as registered)");
}

static int ring_tell(const struct weft_book *book, const size_t *ring, size_t count,
                     struct weft_diag *diag, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf names;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf edges;
    weft_buf_init(&names, 1 << 20);
    weft_buf_init(&edges, 1 << 20);
    const struct weft_book_read *place = NULL; /* the first edge that a file says */
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&names, "%s%s", i == 0 ? "" : " -> ", weft_book_name(book, ring[i]));
    for (size_t i = 0; i + 1 < count; i++) {
        const struct weft_book_item *item = &book->items[ring[i]];
        edge_print(book, ring[i], ring[i + 1], &edges);
        for (size_t r = 0; place == NULL && r < item->read_count; r++) {
            if (item->reads[r].item == ring[i + 1] && item->reads[r].file != NULL)
                place = &item->reads[r];
        }
    }
    WEFT_TRY(weft_buf_check(&names, error));
    WEFT_TRY(weft_buf_check(&edges, error));
    weft_diag_add(diag, WEFT_SEVERITY_ERROR, WEFT_E_INVALID, place == NULL ? "" : place->file,
                  place == NULL ? 0 : place->place.line, place == NULL ? 0 : place->place.column,
                  edges.data, "products read one another in a ring: %s", names.data);
    return 0;
}

int weft_pins_rings(struct weft_book *book, struct weft_diag *diag, bool *found,
                    struct weft_error *error)
{
    struct weft_selection_item *items;
    size_t *order = weft_arena_array(book->arena, book->count + 1, sizeof *order);
    WEFT_CLEANUP(weft_freep) size_t *ring = NULL;
    size_t count = 0;
    *found = false;
    if (order == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_book_selection(book, &items, error));
    int rc = weft_selection_order(items, book->count, order, &ring, &count, error);
    if (rc <= 0)
        return rc;
    *found = true;
    return ring_tell(book, ring, count, diag, error);
}

/*
 * bind.c - columns of what is read, and the SQL bound against them.
 */
#include "plan/bind.h"

#include "base/text.h"
#include "catalog/columns.h"
#include "engine/protect.h"
#include "job/job.h"
#include "job/transform.h"
#include "plan/check.h"
#include "plan/origins.h"
#include "plan/pins.h"

#include <stdio.h>
#include <string.h>

enum bind_known {
    BIND_NEW,
    BIND_KNOWN,
    BIND_LATER, /* not before it was published */
    BIND_WRONG  /* its own SQL has a mistake, which is told */
};

struct bind_columns {
    enum bind_known known;
    const struct weft_relation_column *items;
    size_t count;
};

/* What is kept back from a product that reads. */
struct bind_guarded {
    struct weft_relation relation;
    const char *rules; /* NULL = nothing is */
    const struct bind_guarded *before;
};

struct binder {
    struct weft_book *book;
    struct weft_diag *diag;
    struct bind_columns *columns; /* of each item */
    bool *checked;
    /* the item that is being bound */
    size_t item;
    const struct weft_product *product;
    const char *later; /* what its SQL reads whose columns are not known yet; NULL = nothing */
    const struct bind_guarded *guarded; /* of what it reads, the last named first */
};

bool weft_product_can_run(const struct weft_product *product)
{
    return product->input_count > 0 || weft_transform_is(product);
}

/* ---- columns ---- */

static int columns_of_fields(struct weft_arena *arena, const struct weft_fields *fields,
                             struct bind_columns *out, struct weft_error *error)
{
    struct weft_relation_column *items = weft_arena_array(arena, fields->count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < fields->count; i++)
        items[i] = (struct weft_relation_column){.name = fields->items[i].name,
                                                 .type = fields->items[i].type};
    *out = (struct bind_columns){BIND_KNOWN, items, fields->count};
    return 0;
}

static int columns_of_catalog(struct binder *binder, size_t item, struct bind_columns *out,
                              struct weft_error *error)
{
    const struct weft_book_item *of = &binder->book->items[item];
    const struct weft_catalog_column *columns = NULL;
    size_t count = 0;
    out->known = BIND_LATER;
    if (of->digest == NULL)
        return 0;
    int rc = weft_catalog_columns(of->deferred ? binder->book->deferred_txn : binder->book->txn,
                                  binder->book->arena, of->was == NULL ? of->full_name : of->was,
                                  of->major, &columns, &count, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return 0;
    struct weft_relation_column *items =
        weft_arena_array(binder->book->arena, count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        items[i] = (struct weft_relation_column){.name = columns[i].name, .type = columns[i].type};
    *out = (struct bind_columns){BIND_KNOWN, items, count};
    return 0;
}

static int columns_of_transform(struct binder *binder, const struct weft_transform *transform,
                                struct bind_columns *out, struct weft_error *error)
{
    struct weft_relation_column *items =
        weft_arena_array(binder->book->arena, transform->count + 1, sizeof *items);
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < transform->count; i++)
        items[i] = (struct weft_relation_column){.name = transform->columns[i].name,
                                                 .type = transform->columns[i].type};
    *out = (struct bind_columns){BIND_KNOWN, items, transform->count};
    binder->book->items[binder->item].columns = items;
    binder->book->items[binder->item].column_count = transform->count;
    return 0;
}

/* ---- one product ---- */

static const struct weft_book_read *read_find(const struct weft_book_item *item, const char *name,
                                              bool is_port)
{
    for (size_t i = 0; i < item->read_count; i++) {
        if (item->reads[i].is_port == is_port && weft_equal_fold(item->reads[i].name, name))
            return &item->reads[i];
    }
    return NULL;
}

/* What a product of another domain is to the one that is bound. */
static int relation_guard(struct binder *binder, size_t item, struct weft_relation *out,
                          struct weft_error *error)
{
    struct weft_arena *arena = binder->book->arena;
    const char *rules = NULL;
    if (binder->book->sight == NULL)
        return 0;
    WEFT_TRY(binder->book->sight(binder->book->sight_arg,
                                 binder->book->items[binder->item].full_name, item, out, &rules,
                                 error));
    if (rules == NULL)
        return 0;
    struct bind_guarded *guarded = weft_arena_alloc(arena, sizeof *guarded);
    if (guarded == NULL)
        return weft_error_nomem(error);
    *guarded = (struct bind_guarded){*out, rules, binder->guarded};
    binder->guarded = guarded;
    return 0;
}

static int relation_of_read(struct binder *binder, const struct weft_book_read *read,
                            struct weft_relation *out, struct weft_error *error)
{
    if (read == NULL || read->item == WEFT_BOOK_NONE)
        return WEFT_NOT_THERE;
    const struct bind_columns *columns = &binder->columns[read->item];
    if (columns->known != BIND_KNOWN) {
        binder->later = read->full_name;
        return WEFT_NOT_THERE;
    }
    size_t at = (size_t)(read - binder->book->items[binder->item].reads);
    *out = (struct weft_relation){.kind = WEFT_RELATION_FILES,
                                  .product = read->full_name,
                                  .tag = weft_origins_tag_of_read(at),
                                  .columns = columns->items,
                                  .column_count = columns->count};
    return relation_guard(binder, read->item, out, error);
}

/* _file and _line, which every file port has for SQL that names them. */
static int columns_own_add(struct weft_arena *arena, unsigned own, struct bind_columns *columns,
                           struct weft_error *error)
{
    struct weft_relation_column *items = weft_arena_array(arena, columns->count + 2, sizeof *items);
    size_t count = columns->count;
    if (items == NULL)
        return weft_error_nomem(error);
    memcpy(items, columns->items, count * sizeof *items);
    for (unsigned i = 1; i <= 2; i++) {
        const struct weft_type *type;
        const char *name = weft_job_own_name(i, &type);
        bool there = (own >> i & 1) == 0;
        for (size_t k = 0; k < columns->count; k++)
            there = there || weft_equal_fold(items[k].name, name);
        if (!there)
            items[count++] =
                (struct weft_relation_column){.name = name, .type = type, .hidden = true};
    }
    columns->items = items;
    columns->count = count;
    return 0;
}

static int relation_of_port(struct binder *binder, struct weft_arena *arena,
                            const struct weft_input *input, struct weft_relation *out,
                            struct weft_error *error)
{
    struct bind_columns columns;
    if (input->kind == WEFT_INPUT_PRODUCT)
        return relation_of_read(
            binder, read_find(&binder->book->items[binder->item], input->name, true), out, error);
    if (input->schema.count == 0) {
        binder->later = input->name;
        return WEFT_NOT_THERE;
    }
    WEFT_TRY(columns_of_fields(arena, &input->schema, &columns, error));
    WEFT_TRY(columns_own_add(arena, weft_job_own_named(binder->product), &columns, error));
    *out = (struct weft_relation){
        .kind = WEFT_RELATION_FILES,
        .product = input->name,
        .tag = weft_origins_tag_of_port((size_t)(input - binder->product->inputs)),
        .columns = columns.items,
        .column_count = columns.count};
    return 0;
}

/* What was pinned, as a table without rows. */
static int binder_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                          struct weft_relation *out, struct weft_error *error)
{
    struct binder *binder = arg;
    if (name->at.given)
        return weft_error_set(error, WEFT_E_SQL_REFUSED,
                              "AT is for queries: a run reads what is current when it begins");
    if (name->schema != NULL) {
        char *full = weft_arena_format(arena, "%s.%s", name->schema, name->table);
        if (full == NULL)
            return weft_error_nomem(error);
        return relation_of_read(binder, read_find(&binder->book->items[binder->item], full, false),
                                out, error);
    }
    for (size_t i = 0; i < binder->product->input_count; i++) {
        if (weft_equal_fold(binder->product->inputs[i].name, name->table))
            return relation_of_port(binder, arena, &binder->product->inputs[i], out, error);
    }
    return WEFT_NOT_THERE;
}

/* What a policy looks rows up in, as a table without rows. */
static int binder_member(void *arg, struct weft_arena *arena, const char *product,
                         struct weft_relation *out, struct weft_error *error)
{
    struct binder *binder = arg;
    const struct weft_relation_column *columns;
    size_t item, count;
    (void)arena;
    WEFT_TRY(weft_book_newest(binder->book, product, &item, error));
    if (item == WEFT_BOOK_NONE)
        return WEFT_NOT_THERE;
    int rc = weft_bind_columns(binder->book, item, &columns, &count, error);
    if (rc == 0)
        *out = (struct weft_relation){.kind = WEFT_RELATION_FILES,
                                      .product = product,
                                      .columns = columns,
                                      .column_count = count};
    return rc;
}

/* The functions that treated columns are printed with. No row is read here, so no key is needed. */
static int binder_protect(struct weft_engine *engine, struct weft_error *error)
{
    static const unsigned char none[32];
    return weft_engine_protect(engine, none, sizeof none, error);
}

/* A mistake that a restriction makes: which one, since the column stands in the contract. */
static void guarded_tell(const struct binder *binder, struct weft_error *wrong)
{
    char named[80], quoted[80];
    for (const struct bind_guarded *at = binder->guarded; at != NULL; at = at->before) {
        for (size_t i = 0; i < at->relation.column_count; i++) {
            const struct weft_relation_column *column = &at->relation.columns[i];
            snprintf(named, sizeof named, "`%.70s`", column->name);
            snprintf(quoted, sizeof quoted, "\"%.70s\"", column->name);
            if (column->treat == NULL ||
                (strstr(wrong->message, named) == NULL && strstr(wrong->message, quoted) == NULL))
                continue;
            weft_error_hint(wrong, "%s of %s is %s from the domain %.*s: %s", named,
                            at->relation.product,
                            column->treat->kind == WEFT_TREAT_HIDE ? "hidden" : "kept",
                            (int)strcspn(binder->product->full_name, "."),
                            binder->product->full_name, at->rules);
            return;
        }
    }
}

static void later_tell(struct binder *binder)
{
    const struct weft_product *product = binder->product;
    weft_diag_add(binder->diag, WEFT_SEVERITY_NOTE, WEFT_E_NONE,
                  weft_pins_file(binder->book->arena, product), product->sql_place.line,
                  product->sql_place.column, "give it a `schema:` to have its readers checked",
                  "the SQL of `%s` is not checked before it runs: the columns of `%s` are not "
                  "known yet",
                  product->full_name, binder->later);
}

/* Of another checkout: nobody here can repair it, but somebody should know. */
static void stranger_tell(struct binder *binder, const struct weft_error *wrong)
{
    const struct weft_book *book = binder->book;
    const struct weft_book_item *item = &book->items[binder->item];
    const struct weft_product *upstream = NULL;
    for (size_t i = 0; upstream == NULL && i < item->read_count; i++) {
        if (item->reads[i].item != WEFT_BOOK_NONE && book->items[item->reads[i].item].planned)
            upstream = book->items[item->reads[i].item].product;
    }
    weft_diag_add(
        binder->diag, WEFT_SEVERITY_WARNING, wrong->code, upstream == NULL ? "" : upstream->file,
        upstream == NULL ? 0 : upstream->place.line, upstream == NULL ? 0 : upstream->place.column,
        item->left ? "change its file too, and select it"
                   : "its next run will fail; a new major beside this one leaves it alone",
        "`%s`, which is not %s, would break: %s", weft_book_name(book, binder->item),
        item->left ? "selected" : "of this checkout", wrong->message);
}

/* One bind; what it needs is known. */
static int item_bind(struct binder *binder, struct weft_error *error)
{
    struct weft_book_item *item = &binder->book->items[binder->item];
    struct bind_columns *columns = &binder->columns[binder->item];
    struct weft_engine *engine;
    struct weft_transform transform = {0};
    struct weft_error wrong = WEFT_ERROR_INIT;
    struct weft_resolve_options options = {.resolve = binder_resolve,
                                           .member = binder_member,
                                           .arg = binder,
                                           .principal = "",
                                           .lineage = true,
                                           .now_us = binder->book->context->request.time_us};
    WEFT_TRY(weft_context_engine(binder->book->context, &engine, error));
    if (binder->book->sight != NULL)
        WEFT_TRY(binder_protect(engine, error));
    binder->later = NULL;
    binder->guarded = NULL;
    if (weft_transform_check(engine, binder->book->arena, binder->product, &options, &transform,
                             &wrong) == 0) {
        WEFT_TRY(weft_origins_of_transform(binder->book, binder->item, binder->product, &transform,
                                           error));
        if (columns->known == BIND_NEW)
            return columns_of_transform(binder, &transform, columns, error);
        return 0;
    }
    if (columns->known == BIND_NEW)
        columns->known = binder->later != NULL ? BIND_LATER : BIND_WRONG;
    if (binder->later != NULL) {
        later_tell(binder);
        return 0;
    }
    guarded_tell(binder, &wrong);
    if (item->product == NULL && weft_check_is_mistake(wrong.code)) {
        stranger_tell(binder, &wrong);
        return 0;
    }
    return weft_check_mistake(binder->diag, &wrong, binder->product, error);
}

static int item_columns(struct binder *binder, size_t item, struct weft_error *error);

/* What it reads first: recursion is as deep as products read products, and there is no ring. */
static int item_check(struct binder *binder, size_t item, struct weft_error *error)
{
    const struct weft_book_item *of = &binder->book->items[item];
    const struct weft_product *contract;
    if (binder->checked[item])
        return 0;
    binder->checked[item] = true;
    WEFT_TRY(weft_book_contract(binder->book, item, &contract, error));
    if (contract->schema.count > 0 && binder->columns[item].known == BIND_NEW)
        WEFT_TRY(columns_of_fields(binder->book->arena, &contract->schema, &binder->columns[item],
                                   error));
    bool wrong = of->open;
    for (size_t i = 0; i < of->read_count; i++) {
        if (of->reads[i].item == WEFT_BOOK_NONE)
            continue;
        WEFT_TRY(item_columns(binder, of->reads[i].item, error));
        wrong = wrong || binder->columns[of->reads[i].item].known == BIND_WRONG;
    }
    if (wrong && binder->columns[item].known == BIND_NEW)
        binder->columns[item].known = BIND_WRONG;
    if (wrong || !weft_transform_is(contract))
        return 0;
    binder->item = item;
    binder->product = contract;
    return item_bind(binder, error);
}

static int item_columns(struct binder *binder, size_t item, struct weft_error *error)
{
    struct bind_columns *columns = &binder->columns[item];
    const struct weft_book_item *of = &binder->book->items[item];
    const struct weft_product *contract;
    if (columns->known != BIND_NEW)
        return 0;
    WEFT_TRY(weft_book_contract(binder->book, item, &contract, error));
    if (contract->schema.count > 0)
        return columns_of_fields(binder->book->arena, &contract->schema, columns, error);
    if (weft_transform_is(contract) && (of->planned || of->digest->in_force_digest == NULL))
        return item_check(binder, item, error);
    if (contract->input_count == 1 && contract->inputs[0].schema.count > 0)
        return columns_of_fields(binder->book->arena, &contract->inputs[0].schema, columns, error);
    return columns_of_catalog(binder, item, columns, error);
}

/* ---- all ---- */

static bool reads_changed(const struct weft_book_item *item, const bool *changed)
{
    for (size_t i = 0; i < item->read_count; i++) {
        if (item->reads[i].item != WEFT_BOOK_NONE && changed[item->reads[i].item])
            return true;
    }
    return false;
}

/* What is read comes first. A product whose columns are those of its SQL hands changes on. */
static int binder_check(struct binder *binder, const bool *wanted, bool *changed,
                        const size_t *order, struct weft_error *error)
{
    struct weft_book *book = binder->book;
    for (size_t k = 0; k < book->count; k++) {
        size_t i = order[k];
        const struct weft_product *contract;
        bool affected =
            !weft_book_is_over(&book->items[i]) && reads_changed(&book->items[i], changed);
        if (wanted[i] || affected)
            WEFT_TRY(item_check(binder, i, error));
        if (!affected || changed[i])
            continue;
        WEFT_TRY(weft_book_contract(book, i, &contract, error));
        changed[i] = contract->schema.count == 0;
    }
    return 0;
}

int weft_bind_check(struct weft_book *book, const bool *wanted, const bool *changed,
                    struct weft_diag *diag, struct weft_error *error)
{
    struct binder binder = {.book = book, .diag = diag};
    struct weft_selection_item *items;
    WEFT_CLEANUP(weft_freep) size_t *ring = NULL;
    size_t ring_count = 0;
    bool *spread = weft_arena_array(book->arena, book->count + 1, sizeof *spread);
    size_t *order = weft_arena_array(book->arena, book->count + 1, sizeof *order);
    binder.columns = weft_arena_array(book->arena, book->count + 1, sizeof *binder.columns);
    binder.checked = weft_arena_array(book->arena, book->count + 1, sizeof *binder.checked);
    if (spread == NULL || order == NULL || binder.columns == NULL || binder.checked == NULL)
        return weft_error_nomem(error);
    memcpy(spread, changed, book->count * sizeof *spread);
    WEFT_TRY(weft_book_selection(book, &items, error));
    int rc = weft_selection_order(items, book->count, order, &ring, &ring_count, error);
    assert(rc <= 0);
    WEFT_TRY(rc);
    return binder_check(&binder, wanted, spread, order, error);
}

/* ---- for others ---- */

int weft_bind_columns(struct weft_book *book, size_t item, const struct weft_relation_column **out,
                      size_t *count, struct weft_error *error)
{
    struct binder binder = {.book = book};
    struct bind_columns columns = {BIND_NEW, NULL, 0};
    const struct weft_book_item *of = &book->items[item];
    const struct weft_product *contract;
    WEFT_TRY(weft_book_contract(book, item, &contract, error));
    if (contract->schema.count > 0)
        WEFT_TRY(columns_of_fields(book->arena, &contract->schema, &columns, error));
    else if (of->columns != NULL)
        columns = (struct bind_columns){BIND_KNOWN, of->columns, of->column_count};
    else if (contract->input_count == 1 && contract->inputs[0].schema.count > 0)
        WEFT_TRY(columns_of_fields(book->arena, &contract->inputs[0].schema, &columns, error));
    else
        WEFT_TRY(columns_of_catalog(&binder, item, &columns, error));
    if (columns.known != BIND_KNOWN)
        return WEFT_NOT_THERE;
    *out = columns.items;
    *count = columns.count;
    return 0;
}

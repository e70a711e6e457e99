/*
 * pins.c - names in contracts become products of the book.
 */
#include "plan/pins.h"

#include "base/fs.h"
#include "base/text.h"
#include "job/transform.h"
#include "plan/check.h"

#include <stdio.h>
#include <string.h>

#define QUARANTINE_SUFFIX "__quarantine"

struct pinner {
    struct weft_book *book;
    struct weft_diag *diag;
    bool guess;
    struct weft_book_item *item; /* whose contract is looked at */
    const struct weft_product *product;
    const char *sql_file;
    struct weft_book_read *reads;
    size_t count;
    size_t capacity;
};

/* A name, and where it stands. */
struct pin_name {
    const char *name;  /* as the pin is called */
    const char *shown; /* as it was written */
    bool is_port;
    const char *full_name;
    int major;      /* with versioned */
    bool versioned; /* one was */
    const char *file;
    struct weft_place place;
};

const char *weft_pins_file(struct weft_arena *arena, const struct weft_product *product)
{
    if (product->sql_file == NULL)
        return product->file;
    const char *slash = strrchr(product->file, '/');
    const char *file = product->sql_file;
    if (slash != NULL && file[0] != '/')
        file = weft_arena_format(arena, "%.*s/%s", (int)(slash - product->file), product->file,
                                 product->sql_file);
    return file == NULL ? product->file : file;
}

static void pin_mistake(struct pinner *pinner, const struct pin_name *name, enum weft_code code,
                        const char *hint, const char *text)
{
    pinner->item->open = true;
    weft_diag_add(pinner->diag, WEFT_SEVERITY_ERROR, code, name->file, name->place.line,
                  name->place.column, hint, "%s", text);
}

/* ---- unknown names ---- */

/* "reference.counties@1, reference.counties@2" */
static void majors_print(const struct pinner *pinner, const struct pin_name *name,
                         struct weft_buf *out)
{
    for (size_t i = 0; i < pinner->book->count; i++) {
        const struct weft_book_item *item = &pinner->book->items[i];
        if (strcmp(item->full_name, name->full_name) == 0)
            weft_buf_addf(out, name->is_port ? "%s%s@%d" : "%s%s__v%d",
                          out->length == 0 ? "" : ", ", item->full_name, item->major);
    }
}

/* Where there is no home, only what this checkout speaks for must be in it. */
static bool may_be_elsewhere(const struct pinner *pinner, const char *full_name)
{
    const struct weft_mesh *mesh = pinner->book->mesh;
    size_t length = strcspn(full_name, ".") + 1;
    if (!pinner->guess || pinner->book->txn != NULL)
        return false;
    for (size_t i = 0; i < mesh->product_count; i++) {
        if (strncmp(mesh->products[i]->full_name, full_name, length) == 0)
            return false;
    }
    return true;
}

/* A file that has mistakes of its own made no product; that it is not known follows from them. */
static bool is_broken_here(const struct pinner *pinner, const char *full_name)
{
    int length = (int)strcspn(full_name, ".");
    if (pinner->diag->errors == 0 || full_name[length] == '\0')
        return false;
    WEFT_CLEANUP(weft_freep)
    char *file = weft_format("%s/domains/%.*s/%s/data_product.yaml", pinner->book->mesh->root,
                             length, full_name, full_name + length + 1);
    return file != NULL && weft_fs_exists(file);
}

static void pin_unknown(struct pinner *pinner, const struct pin_name *name)
{
    char text[300], hint[400] = "`weft ls` lists the products of the home";
    if (is_broken_here(pinner, name->full_name))
        return;
    if (may_be_elsewhere(pinner, name->full_name)) {
        weft_diag_add(pinner->diag, WEFT_SEVERITY_NOTE, WEFT_E_NOT_FOUND, name->file,
                      name->place.line, name->place.column, NULL,
                      "`%s` is not of this checkout, and there is no home yet to look it up in: "
                      "not checked",
                      name->shown);
        return;
    }
    const char *near = weft_book_suggest(pinner->book, name->full_name);
    if (near != NULL && strcmp(near, name->full_name) != 0)
        snprintf(hint, sizeof hint, "did you mean `%s`?", near);
    snprintf(text, sizeof text,
             "there is no product `%s`, neither in this checkout nor in the home", name->shown);
    pin_mistake(pinner, name, WEFT_E_NOT_FOUND, hint, text);
}

static int pin_no_major(struct pinner *pinner, const struct pin_name *name,
                        struct weft_error *error)
{
    char text[300];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf majors;
    weft_buf_init(&majors, 65536);
    majors_print(pinner, name, &majors);
    WEFT_TRY(weft_buf_check(&majors, error));
    if (majors.length == 0) {
        pin_unknown(pinner, name);
        return 0;
    }
    snprintf(text, sizeof text, "`%s` has no major %d", name->full_name, name->major);
    WEFT_CLEANUP(weft_freep) char *hint = weft_format("there is %s", majors.data);
    if (hint == NULL)
        return weft_error_nomem(error);
    pin_mistake(pinner, name, WEFT_E_NOT_FOUND, hint, text);
    return 0;
}

/* ---- one name ---- */

/* What the name was pinned to when the contract was registered; WEFT_BOOK_NONE = nothing. */
static size_t pin_before(const struct pinner *pinner, const struct pin_name *name)
{
    const struct weft_registered_digest *digest = pinner->item->digest;
    for (size_t i = 0; digest != NULL && i < digest->reads.count; i++) {
        const struct weft_registered_read *read = &digest->reads.items[i];
        if (read->is_port == name->is_port && strcmp(read->name, name->name) == 0 &&
            strcmp(read->full_name, name->full_name) == 0)
            return weft_book_find(pinner->book, read->full_name, read->major);
    }
    return WEFT_BOOK_NONE;
}

/* A name that a registered contract has used, of a product that is called otherwise now. */
static size_t pin_renamed(const struct pinner *pinner, const struct pin_name *name)
{
    const struct weft_registered_digest *digest = pinner->item->digest;
    for (size_t i = 0; digest != NULL && !name->is_port && i < digest->reads.count; i++) {
        const struct weft_registered_read *read = &digest->reads.items[i];
        if (read->is_port || strcmp(read->name, name->name) != 0)
            continue;
        size_t item = weft_book_find(pinner->book, read->full_name, read->major);
        if (item != WEFT_BOOK_NONE)
            weft_diag_add(pinner->diag, WEFT_SEVERITY_WARNING, WEFT_E_NOT_FOUND, name->file,
                          name->place.line, name->place.column, NULL,
                          "`%s` is called `%s` now: write that", name->shown, read->full_name);
        return item;
    }
    return WEFT_BOOK_NONE;
}

static int pin_find(struct pinner *pinner, const struct pin_name *name, size_t *item,
                    struct weft_error *error)
{
    if (name->versioned) {
        *item = weft_book_find(pinner->book, name->full_name, name->major);
        return *item == WEFT_BOOK_NONE ? pin_no_major(pinner, name, error) : 0;
    }
    *item = pin_before(pinner, name);
    if (*item == WEFT_BOOK_NONE)
        WEFT_TRY(weft_book_newest(pinner->book, name->full_name, item, error));
    if (*item == WEFT_BOOK_NONE)
        *item = pin_renamed(pinner, name);
    if (*item == WEFT_BOOK_NONE)
        pin_unknown(pinner, name);
    return 0;
}

static int pin_itself(struct pinner *pinner, const struct pin_name *name, struct weft_error *error)
{
    size_t own = (size_t)(pinner->item - pinner->book->items);
    char text[300];
    const char *hint = "a product cannot be made of itself; `write: append` or `upsert` keeps what "
                       "was published before";
    snprintf(text, sizeof text, "`%s` reads itself", weft_book_name(pinner->book, own));
    WEFT_CLEANUP(weft_buf_release) struct weft_buf majors;
    weft_buf_init(&majors, 65536);
    majors_print(pinner, name, &majors);
    WEFT_TRY(weft_buf_check(&majors, error));
    if (strchr(majors.data, ',') != NULL)
        hint = "a name without a version means this major: write the other one's";
    pin_mistake(pinner, name, WEFT_E_INVALID, hint, text);
    return 0;
}

static int pin_add(struct pinner *pinner, const struct pin_name *name, struct weft_error *error)
{
    size_t item = WEFT_BOOK_NONE;
    WEFT_TRY(pin_find(pinner, name, &item, error));
    if (item == WEFT_BOOK_NONE) {
        pinner->item->open = true;
        return 0;
    }
    if (&pinner->book->items[item] == pinner->item)
        return pin_itself(pinner, name, error);
    if (weft_arena_reserve(pinner->book->arena, &pinner->reads, &pinner->capacity,
                           pinner->count + 1, sizeof *pinner->reads) < 0)
        return weft_error_nomem(error);
    pinner->reads[pinner->count++] =
        (struct weft_book_read){.name = name->name,
                                .is_port = name->is_port,
                                .versioned = name->versioned,
                                .full_name = pinner->book->items[item].full_name,
                                .major = pinner->book->items[item].major,
                                .item = item,
                                .file = name->file,
                                .place = name->place};
    return 0;
}

/* ---- ports ---- */

static int port_pin(struct pinner *pinner, const struct weft_input *input, struct weft_error *error)
{
    const struct pin_name name = {.name = input->name,
                                  .shown = input->product,
                                  .is_port = true,
                                  .full_name = input->product_name,
                                  .major = input->product_major,
                                  .versioned = strchr(input->product, '@') != NULL,
                                  .file = pinner->product->file,
                                  .place = input->place};
    return pin_add(pinner, &name, error);
}

/* ---- names in SQL ---- */

static const char *fold(struct weft_arena *arena, const char *text)
{
    char *folded = weft_arena_strdup(arena, text);
    for (char *c = folded; c != NULL && *c != '\0'; c++)
        *c = weft_lower(*c);
    return folded;
}

/* One part: a port. */
static int name_of_port(struct pinner *pinner, const struct pin_name *name,
                        struct weft_error *error)
{
    const struct weft_product *product = pinner->product;
    const char **names =
        weft_arena_array(pinner->book->arena, product->input_count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < product->input_count; i++) {
        names[i] = product->inputs[i].name;
        if (weft_equal_fold(names[i], name->shown))
            return 0; /* pinned as a port */
    }
    const char *near = weft_suggest(name->shown, names, product->input_count);
    for (size_t i = 0; near == NULL && i < pinner->book->count; i++) {
        const char *full_name = pinner->book->items[i].full_name;
        if (strcmp(strchr(full_name, '.') + 1, name->name) == 0)
            near = full_name;
    }
    char text[300], hint[300] = "write domain.product, or name a port under `inputs:`";
    snprintf(text, sizeof text, "`%s` is neither an input port of `%s` nor a product", name->shown,
             product->full_name);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean `%s`?", near);
    pin_mistake(pinner, name, WEFT_E_NOT_FOUND, hint, text);
    return 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), size = strlen(end);
    return length > size && strcmp(text + length - size, end) == 0;
}

/* "counties__v2" is counties, 2. */
static int name_split(struct weft_arena *arena, const char *schema, const char *table,
                      struct pin_name *out, struct weft_error *error)
{
    int64_t major = 0;
    const char *mark = strstr(table, "__v");
    size_t length = strlen(table);
    out->versioned = mark != NULL && weft_parse_int64(mark + 3, strlen(mark + 3), &major) &&
                     major >= 0 && major < 1000;
    if (out->versioned)
        length = (size_t)(mark - table);
    out->major = (int)major;
    out->full_name = weft_arena_format(arena, "%s.%.*s", schema, (int)length, table);
    return out->full_name == NULL ? weft_error_nomem(error) : 0;
}

static int reference_pin(struct pinner *pinner, const struct weft_reference *reference,
                         struct weft_error *error)
{
    struct weft_arena *arena = pinner->book->arena;
    struct pin_name name = {.file = pinner->sql_file,
                            .place = {reference->line, reference->column}};
    const char *table = fold(arena, reference->table);
    if (table == NULL)
        return weft_error_nomem(error);
    name.name = table;
    name.shown = reference->table;
    if (reference->schema == NULL)
        return name_of_port(pinner, &name, error);
    const char *schema = fold(arena, reference->schema);
    name.name = schema == NULL ? NULL : weft_arena_format(arena, "%s.%s", schema, table);
    name.shown = weft_arena_format(arena, "%s.%s", reference->schema, reference->table);
    if (name.name == NULL || name.shown == NULL)
        return weft_error_nomem(error);
    if (strcmp(schema, "mesh") == 0 || ends_with(schema, QUARANTINE_SUFFIX)) {
        pin_mistake(pinner, &name, WEFT_E_SQL_REFUSED, "a product is made of products and files",
                    strcmp(schema, "mesh") == 0 ? "a product cannot read the mesh's own tables"
                                                : "a product cannot read quarantined rows");
        return 0;
    }
    WEFT_TRY(name_split(arena, schema, table, &name, error));
    return pin_add(pinner, &name, error);
}

static int sql_pin(struct pinner *pinner, struct weft_error *error)
{
    struct weft_engine *engine;
    const struct weft_reference *references = NULL;
    size_t count = 0;
    struct weft_error wrong = WEFT_ERROR_INIT;
    WEFT_TRY(weft_context_engine(pinner->book->context, &engine, error));
    if (weft_transform_references(engine, pinner->book->arena, pinner->product, &references, &count,
                                  &wrong) < 0) {
        pinner->item->open = true;
        return weft_check_mistake(pinner->diag, &wrong, pinner->product, error);
    }
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(reference_pin(pinner, &references[i], error));
    return 0;
}

/* ---- fields that refer to fields of other products ---- */

/* Where the other product says what fields it has, the field must be among them. */
static int lookup_field_check(struct pinner *pinner, const struct pin_name *name, const char *field,
                              struct weft_error *error)
{
    const struct weft_product *target = NULL;
    char text[300], hint[300] = "`weft show` tells its fields";
    if (pinner->count == 0 || strcmp(pinner->reads[pinner->count - 1].name, name->name) != 0)
        return 0; /* told already: there is no such product */
    WEFT_TRY(
        weft_book_contract(pinner->book, pinner->reads[pinner->count - 1].item, &target, error));
    if (target == NULL || target->schema.count == 0 ||
        weft_fields_find(&target->schema, field) != NULL)
        return 0;
    const char **names = weft_arena_array(pinner->book->arena, target->schema.count, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < target->schema.count; i++)
        names[i] = target->schema.items[i].name;
    const char *near = weft_suggest(field, names, target->schema.count);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean `%s.%s`?", name->full_name, near);
    snprintf(text, sizeof text, "references: `%s` has no field `%s`", name->full_name, field);
    pin_mistake(pinner, name, WEFT_E_NOT_FOUND, hint, text);
    return 0;
}

static int lookups_pin(struct pinner *pinner, const struct weft_fields *fields,
                       struct weft_error *error)
{
    struct weft_arena *arena = pinner->book->arena;
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        if (field->references == NULL)
            continue;
        const char *dot = strrchr(field->references, '.');
        const struct pin_name name = {
            .name = weft_arena_format(arena, WEFT_READ_LOOKUP "%s", field->name),
            .shown = field->references,
            .full_name =
                weft_arena_strndup(arena, field->references, (size_t)(dot - field->references)),
            .file = pinner->product->file,
            .place = field->place};
        if (name.name == NULL || name.full_name == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(pin_add(pinner, &name, error));
        WEFT_TRY(lookup_field_check(pinner, &name, dot + 1, error));
    }
    return 0;
}

/* ---- all ---- */

static int item_pin(struct weft_book *book, struct weft_book_item *item, bool guess,
                    struct weft_diag *diag, struct weft_error *error)
{
    struct pinner pinner = {.book = book,
                            .diag = diag,
                            .guess = guess,
                            .item = item,
                            .product = item->product,
                            .sql_file = weft_pins_file(book->arena, item->product)};
    for (size_t i = 0; i < item->product->input_count; i++) {
        if (item->product->inputs[i].kind == WEFT_INPUT_PRODUCT)
            WEFT_TRY(port_pin(&pinner, &item->product->inputs[i], error));
    }
    if (item->product->sql != NULL || item->product->graph != NULL)
        WEFT_TRY(sql_pin(&pinner, error));
    WEFT_TRY(lookups_pin(&pinner, &item->product->schema, error));
    for (size_t i = 0; i < item->product->input_count; i++)
        WEFT_TRY(lookups_pin(&pinner, &item->product->inputs[i].schema, error));
    item->reads = pinner.reads;
    item->read_count = pinner.count;
    return 0;
}

int weft_pins_make(struct weft_book *book, bool all, bool guess, struct weft_diag *diag,
                   struct weft_error *error)
{
    for (size_t i = 0; i < book->count; i++) {
        struct weft_book_item *item = &book->items[i];
        if (item->product != NULL && (all || item->planned))
            WEFT_TRY(item_pin(book, item, guess, diag, error));
    }
    return 0;
}

int weft_pins_registered(const struct weft_book *book, size_t item,
                         struct weft_registered_reads *out, struct weft_error *error)
{
    const struct weft_book_item *of = &book->items[item];
    struct weft_registered_read *reads =
        weft_arena_array(book->arena, of->read_count + 1, sizeof *reads);
    if (reads == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < of->read_count; i++)
        reads[i] = (struct weft_registered_read){.name = of->reads[i].name,
                                                 .is_port = of->reads[i].is_port,
                                                 .full_name = of->reads[i].full_name,
                                                 .major = of->reads[i].major};
    *out = (struct weft_registered_reads){.items = reads, .count = of->read_count};
    return 0;
}

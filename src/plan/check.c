/*
 * check.c - settings and the SQL of checks, told with the other mistakes of a checkout.
 */
#include "plan/check.h"

#include "base/text.h"
#include "catalog/columns.h"

#include <string.h>
#include <strings.h>

#define CHECK_ARENA_MAX ((size_t)64 << 20)

struct checker {
    struct weft_engine *engine;
    struct weft_arena *arena;
    const struct weft_product *product;
    const struct weft_relation_column *columns;
    size_t count;
};

int weft_check_settings(const struct weft_mesh *mesh, struct weft_diag *diag,
                        struct weft_error *error)
{
    struct weft_settings settings;
    return weft_settings_load(&settings, mesh, diag, error);
}

static int columns_of_schema(struct checker *checker, struct weft_error *error)
{
    const struct weft_fields *schema = &checker->product->schema;
    struct weft_relation_column *columns =
        weft_arena_array(checker->arena, schema->count, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < schema->count; i++)
        columns[i] = (struct weft_relation_column){.name = schema->items[i].name,
                                                   .type = schema->items[i].type};
    checker->columns = columns;
    checker->count = schema->count;
    return 0;
}

/* Those of the schema, of the SQL, or as they were detected; none are known before the first run of
 * a product without any of these. */
static int checker_columns(struct checker *checker, const struct weft_book *book, size_t item,
                           struct weft_error *error)
{
    const struct weft_book_item *of = &book->items[item];
    const struct weft_catalog_column *known = NULL;
    checker->columns = of->columns;
    checker->count = of->column_count;
    if (checker->product->schema.count > 0)
        return columns_of_schema(checker, error);
    if (of->columns != NULL || of->digest == NULL || book->txn == NULL)
        return 0;
    int rc =
        weft_catalog_columns(book->txn, checker->arena, of->was == NULL ? of->full_name : of->was,
                             of->major, &known, &checker->count, error);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    struct weft_relation_column *columns =
        weft_arena_array(checker->arena, checker->count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < checker->count; i++)
        columns[i] = (struct weft_relation_column){.name = known[i].name, .type = known[i].type};
    checker->columns = columns;
    return 0;
}

/* `this` and `new` as tables without rows. */
static int checker_name(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                        struct weft_relation *out, struct weft_error *error)
{
    const struct checker *checker = arg;
    (void)arena;
    (void)error;
    if (name->schema != NULL ||
        (!weft_equal_fold(name->table, "this") && !weft_equal_fold(name->table, "new")))
        return WEFT_NOT_THERE;
    *out = (struct weft_relation){.kind = WEFT_RELATION_FILES,
                                  .product = checker->product->full_name,
                                  .columns = checker->columns,
                                  .column_count = checker->count};
    return 0;
}

static const char *checker_suggest(void *arg, struct weft_arena *arena,
                                   const struct weft_resolve_name *name)
{
    (void)arg;
    (void)arena;
    (void)name;
    return "this";
}

static int checker_one(struct checker *checker, const struct weft_check *check,
                       struct weft_error *error)
{
    struct weft_resolve_options options = {.resolve = checker_name,
                                           .suggest = checker_suggest,
                                           .arg = checker,
                                           .principal = "",
                                           .deterministic = true,
                                           .file = checker->product->file,
                                           .line_offset = WEFT_MAX(check->place.line - 1, 0),
                                           .column_offset = WEFT_MAX(check->place.column - 1, 0),
                                           .indent = check->indent};
    if (check->condition != NULL) {
        const char *sql;
        return weft_resolve_condition(checker->engine, checker->arena, check->condition,
                                      checker->columns, checker->count, NULL, &options, &sql,
                                      error);
    }
    struct weft_resolved resolved = {0};
    WEFT_TRY(weft_resolve(checker->engine, checker->arena, check->sql, strlen(check->sql), &options,
                          &resolved, error));
    return weft_resolved_check(checker->engine, &resolved, error);
}

bool weft_check_is_mistake(enum weft_code code)
{
    return code == WEFT_E_SQL || code == WEFT_E_SQL_REFUSED || code == WEFT_E_NOT_FOUND ||
           code == WEFT_E_LIMIT || code == WEFT_E_NOT_YET || code == WEFT_E_INVALID;
}

static int checker_tell(struct checker *checker, const struct weft_check *check,
                        struct weft_diag *diag, struct weft_error *error)
{
    struct weft_error wrong = WEFT_ERROR_INIT;
    if (checker_one(checker, check, &wrong) == 0)
        return 0;
    if (!weft_check_is_mistake(wrong.code)) {
        if (error != NULL)
            *error = wrong;
        return -1;
    }
    if (check->condition != NULL && wrong.code == WEFT_E_SQL &&
        strncasecmp(check->condition, "select", 6) == 0)
        (void)!weft_error_hint(&wrong, "a condition is an expression, as `cases >= 0`; a SELECT "
                                       "stands under `sql:`");
    bool placed = wrong.line > 0;
    const char *hint = wrong.hint[0] != '\0' ? wrong.hint : wrong.detail;
    weft_diag_add(diag, WEFT_SEVERITY_ERROR, wrong.code, checker->product->file,
                  placed ? wrong.line : check->place.line,
                  placed ? wrong.column : check->place.column, hint[0] == '\0' ? NULL : hint,
                  "the check `%s`: %s", check->name, wrong.message);
    return 0;
}

int weft_check_mistake(struct weft_diag *diag, const struct weft_error *wrong,
                       const struct weft_product *product, struct weft_error *error)
{
    if (!weft_check_is_mistake(wrong->code)) {
        if (error != NULL)
            *error = *wrong;
        return -1;
    }
    struct weft_error placed = *wrong;
    struct weft_place place = product->sql_place;
    if (place.line == 0 && product->input_count > 0)
        place = product->inputs[0].place; /* it is taken as it is */
    if (placed.file[0] == '\0')
        weft_error_at(&placed, product->file, place.line, place.column);
    if (placed.hint[0] == '\0' && placed.detail[0] != '\0')
        weft_error_hint(&placed, "%s", placed.detail);
    weft_diag_add_error(diag, &placed);
    return 0;
}

static int product_check(struct weft_book *book, size_t item, struct weft_diag *diag,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(CHECK_ARENA_MAX);
    struct checker checker = {.arena = arena, .product = book->items[item].product};
    const struct weft_quality *quality = &checker.product->quality;
    if (arena == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(checker_columns(&checker, book, item, error));
    if (checker.columns == NULL)
        return 0;
    WEFT_TRY(weft_context_engine(book->context, &checker.engine, error));
    for (size_t i = 0; i < quality->check_count; i++)
        WEFT_TRY(checker_tell(&checker, &quality->checks[i], diag, error));
    return 0;
}

int weft_check_sql(struct weft_book *book, const bool *wanted, struct weft_diag *diag,
                   struct weft_error *error)
{
    for (size_t i = 0; i < book->count; i++) {
        const struct weft_product *product = book->items[i].product;
        if (wanted[i] && product != NULL && product->quality.check_count > 0)
            WEFT_TRY(product_check(book, i, diag, error));
    }
    return 0;
}

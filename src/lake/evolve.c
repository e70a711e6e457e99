/*
 * evolve.c - the schema that a contract's fields give a table. A field id is a promise to every
 * file ever written: it follows a column through renames and widenings, and is never given again.
 */
#include "lake/table_internal.h"

#include <string.h>

struct evolution {
    struct weft_arena *arena;
    const struct weft_table *table;
    const struct weft_table_schema *old; /* NULL = a new table */
    bool has_rows;
    int last_id;
    const char *path; /* the field that is looked at, for messages */
    struct weft_error *error;
};

static int evolve_type(struct evolution *evolution, const struct weft_type *old, const int *old_ids,
                       const struct weft_type *type, int **ids);

static int refuse_type(struct evolution *evolution, const struct weft_type *old,
                       const struct weft_type *type)
{
    struct weft_buf before;
    struct weft_buf after;
    weft_buf_init(&before, 400);
    weft_buf_init(&after, 400);
    weft_type_print(old, &before);
    weft_type_print(type, &after);
    weft_error_set(evolution->error, WEFT_E_INVALID,
                   "field %s: the table has %s, and %s cannot be read from it", evolution->path,
                   before.data, after.data);
    weft_buf_release(&before);
    weft_buf_release(&after);
    return weft_error_hint(evolution->error,
                           "a wider type (int to long, float to double, more digits of a decimal) "
                           "can be had as it is; anything else needs a new major version");
}

static void fresh_ids(struct evolution *evolution, const struct weft_type *type, int **ids)
{
    if (type->key != NULL) {
        *(*ids)++ = ++evolution->last_id;
        fresh_ids(evolution, type->key, ids);
    }
    if (type->element != NULL) {
        *(*ids)++ = ++evolution->last_id;
        fresh_ids(evolution, type->element, ids);
    }
    for (size_t i = 0; i < type->field_count; i++) {
        *(*ids)++ = ++evolution->last_id;
        fresh_ids(evolution, type->fields[i].type, ids);
    }
}

/* The place of a struct's field among its type's ids. */
static const int *struct_field(const struct weft_type *type, const int *ids, const char *name,
                               const struct weft_type **out)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            *out = type->fields[i].type;
            return ids;
        }
        ids += 1 + lake_type_part_count(type->fields[i].type);
    }
    return NULL;
}

static int evolve_struct(struct evolution *evolution, const struct weft_type *old,
                         const int *old_ids, const struct weft_type *type, int **ids)
{
    size_t kept = 0;
    const char *added = NULL;
    for (size_t i = 0; i < type->field_count; i++) {
        const struct weft_type_field *field = &type->fields[i];
        const struct weft_type *was = NULL;
        const int *place = struct_field(old, old_ids, field->name, &was);
        if (place == NULL) {
            added = field->name;
            *(*ids)++ = ++evolution->last_id;
            fresh_ids(evolution, field->type, ids);
            continue;
        }
        kept++;
        *(*ids)++ = *place;
        WEFT_TRY(evolve_type(evolution, was, place + 1, field->type, ids));
    }
    /* Files are read by name inside a struct: a rename would turn values into nulls in silence. */
    if (added != NULL && kept < old->field_count) {
        weft_error_set(evolution->error, WEFT_E_INVALID,
                       "field %s: a field inside a struct went and %s came; a rename there is not "
                       "possible",
                       evolution->path, added);
        return weft_error_hint(evolution->error, "keep the old name, or make a new major version");
    }
    return 0;
}

static bool is_text(const struct weft_type *type)
{
    return type->kind == WEFT_TYPE_STRING || type->kind == WEFT_TYPE_JSON;
}

static int evolve_type(struct evolution *evolution, const struct weft_type *old, const int *old_ids,
                       const struct weft_type *type, int **ids)
{
    if (!weft_type_is_nested(old) || old->kind != type->kind) {
        if (weft_type_widens(old, type) || (is_text(old) && is_text(type)))
            return 0;
        return refuse_type(evolution, old, type);
    }
    if (type->kind == WEFT_TYPE_STRUCT)
        return evolve_struct(evolution, old, old_ids, type, ids);
    if (type->kind == WEFT_TYPE_MAP) {
        if (!weft_type_equal(old->key, type->key))
            return refuse_type(evolution, old, type);
        size_t key_count = 1 + lake_type_part_count(old->key);
        memcpy(*ids, old_ids, key_count * sizeof *old_ids);
        *ids += key_count;
        old_ids += key_count;
    }
    *(*ids)++ = *old_ids;
    return evolve_type(evolution, old->element, old_ids + 1, type->element, ids);
}

static const struct weft_column *find_column(const struct weft_table_schema *schema,
                                             const char *name)
{
    for (size_t i = 0; schema != NULL && name != NULL && i < schema->count; i++)
        if (strcmp(schema->columns[i].name, name) == 0)
            return &schema->columns[i];
    return NULL;
}

/* A renamed field takes the column of its old name, unless its new name is a column already: then
 * the rename is done. A column that was taken so is not there for a new field of the old name. */
static const struct weft_column *column_of(const struct evolution *evolution,
                                           const struct weft_fields *fields, size_t i)
{
    const struct weft_field *field = &fields->items[i];
    const struct weft_column *same = find_column(evolution->old, field->name);
    if (same == NULL)
        return find_column(evolution->old, field->was);
    for (size_t k = 0; k < fields->count; k++) {
        const struct weft_field *other = &fields->items[k];
        if (k != i && other->was != NULL && strcmp(other->was, field->name) == 0 &&
            find_column(evolution->old, other->name) == NULL)
            return NULL;
    }
    return same;
}

static int evolve_column(struct evolution *evolution, const struct weft_field *field,
                         const struct weft_column *old, struct weft_column *out)
{
    size_t parts = lake_type_part_count(field->type);
    int *ids = weft_arena_array(evolution->arena, parts, sizeof *ids);
    if (ids == NULL)
        return weft_error_nomem(evolution->error);
    evolution->path = field->name;
    *out = (struct weft_column){.name = field->name,
                                .type = field->type,
                                .doc = field->description,
                                .nested_ids = parts == 0 ? NULL : ids,
                                .nested_count = parts};
    int *at = ids;
    if (old == NULL) {
        out->id = ++evolution->last_id;
        out->required = field->required && !evolution->has_rows;
        fresh_ids(evolution, field->type, &at);
        return 0;
    }
    out->id = old->id;
    out->required = field->required && (old->required || !evolution->has_rows);
    return evolve_type(evolution, old->type, old->nested_ids, field->type, &at);
}

static int refuse_twice(struct evolution *evolution, const struct weft_column *columns,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (columns[i].id == columns[k].id)
                return weft_error_set(evolution->error, WEFT_E_INVALID,
                                      "fields %s and %s would both be the column %s of the table",
                                      columns[k].name, columns[i].name,
                                      find_column(evolution->old, columns[k].name) != NULL
                                          ? columns[k].name
                                          : columns[i].name);
    return 0;
}

static void number_schema(const struct weft_table *table, struct weft_table_schema *schema)
{
    if (table == NULL)
        return;
    int next = 0;
    for (size_t i = 0; i < table->schema_count; i++) {
        const struct weft_table_schema *old = &table->schemas[i];
        next = WEFT_MAX(next, old->schema_id + 1);
    }
    schema->schema_id = next;
    for (size_t i = 0; i < table->schema_count; i++)
        if (lake_schema_equal(&table->schemas[i], schema))
            schema->schema_id = table->schemas[i].schema_id;
}

static bool table_has_rows(const struct weft_table *table)
{
    const struct weft_snapshot *current = table == NULL ? NULL : table->current;
    if (current == NULL)
        return false;
    const char *total = weft_json_text_or(current->summary, "total-records", "unknown");
    return strcmp(total, "0") != 0;
}

int weft_table_evolve(struct weft_arena *arena, const struct weft_table *table,
                      const struct weft_fields *fields, struct weft_table_schema *out,
                      struct weft_error *error)
{
    struct evolution evolution = {.arena = arena,
                                  .table = table,
                                  .old = table == NULL ? NULL : weft_table_schema(table),
                                  .has_rows = table_has_rows(table),
                                  .last_id = table == NULL ? 0 : table->last_column_id,
                                  .error = error};
    struct weft_column *columns = weft_arena_array(arena, fields->count, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < fields->count; i++)
        WEFT_TRY(evolve_column(&evolution, &fields->items[i], column_of(&evolution, fields, i),
                               &columns[i]));
    WEFT_TRY(refuse_twice(&evolution, columns, fields->count));
    if (evolution.last_id > LAKE_COLUMNS_MAX * 10)
        return weft_error_set(error, WEFT_E_LIMIT, "the table has used up its field ids");
    struct weft_table_schema schema = {0, columns, fields->count};
    if (evolution.old != NULL && lake_schema_equal(evolution.old, &schema)) {
        *out = *evolution.old;
        return 0;
    }
    number_schema(table, &schema);
    *out = schema;
    return 0;
}

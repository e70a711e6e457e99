/*
 * references.c - `references: domain.product.field`: the published rows of another product, among
 * whose values a field's must be. The asker says which state of it, and in which home.
 */
#include "job/work_internal.h"

#include "job/guard.h"

#include "catalog/product_entry.h"
#include "lake/table.h"

#include <string.h>

static int target_split(struct job_work *work, const struct weft_field *field, const char **table,
                        const char **column, struct weft_error *error)
{
    const char *dot = strrchr(field->references, '.');
    if (dot == NULL || memchr(field->references, '.', (size_t)(dot - field->references)) == NULL)
        return weft_error_set(error, WEFT_E_INVALID,
                              "field %s: references wants domain.product.field", field->name);
    *table = weft_arena_strndup(work->arena, field->references, (size_t)(dot - field->references));
    *column = dot + 1;
    return *table == NULL ? weft_error_nomem(error) : 0;
}

/* A key that is kept from the domain cannot be looked up: that it is there would be told. */
static int reference_guard(struct job_work *work, const struct weft_job_source *target,
                           const char *column, struct weft_error *error)
{
    struct weft_job_guard guard;
    bool kept = false;
    if (target->guard == NULL)
        return 0;
    WEFT_TRY(weft_job_guard_parse(work->arena, target->guard, &guard, error));
    for (size_t i = 0; i < guard.column_count; i++)
        kept = kept || (strcmp(guard.columns[i].name, column) == 0 &&
                        guard.columns[i].treat.kind != WEFT_TREAT_NONE);
    if (!kept && guard.rows == NULL && guard.min_group_count == 0)
        return 0;
    weft_error_set(error, WEFT_E_DENIED,
                   "references: policies keep `%s` of %s, or rows of it, from this domain", column,
                   target->product);
    return weft_error_hint(error, "leave `references` out, or except the domain in the policy");
}

static int target_files(struct job_work *work, const struct weft_job_source *target,
                        const char *column, const char *as, struct job_reference *out,
                        struct weft_error *error)
{
    const char *home = target->home != NULL ? target->home : work->job->home;
    struct weft_table *table = NULL;
    struct weft_data_files data = {0};
    struct weft_data_files deletes = {0};
    WEFT_TRY(reference_guard(work, target, column, error));
    struct weft_relation_column *columns = weft_arena_alloc(work->arena, sizeof *columns);
    const struct weft_snapshot *snapshot = NULL;
    WEFT_TRY(weft_table_load(work->arena, home, target->metadata, &table, error));
    int rc = weft_table_find(table, target->snapshot_id, &snapshot, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s has no snapshot %" PRId64, target->product,
                              target->snapshot_id);
    WEFT_TRY(weft_table_files(work->arena, home, table, snapshot, &data, &deletes, error));
    const struct weft_table_schema *schema = weft_table_schema(table);
    const char **files = weft_arena_array(work->arena, data.count + 1, sizeof *files);
    out->folder = weft_arena_format(work->arena, "%s/%s/", home, weft_table_folder(table));
    if (columns == NULL || files == NULL || out->folder == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < schema->count; i++) {
        if (strcmp(schema->columns[i].name, column) == 0)
            *columns = (struct weft_relation_column){
                .name = as, .type = schema->columns[i].type, .field_id = schema->columns[i].id};
    }
    if (columns->type == NULL)
        return weft_error_set(error, WEFT_E_NOT_FOUND, "references: there is no field %s", column);
    for (size_t i = 0; i < data.count; i++) {
        files[i] = weft_arena_format(work->arena, "%s/%s", home, data.items[i].path);
        if (files[i] == NULL)
            return weft_error_nomem(error);
    }
    out->relation = (struct weft_relation){.kind = WEFT_RELATION_FILES,
                                           .product = out->table,
                                           .columns = columns,
                                           .column_count = 1,
                                           .files = files,
                                           .file_count = data.count};
    return 0;
}

static bool is_of(const struct weft_job_source *source, const char *table)
{
    size_t length = strlen(table);
    return source->product != NULL && strncmp(source->product, table, length) == 0 &&
           source->product[length] == '@';
}

/* A product that the run reads too is referred to in the same state; else as the asker found it. */
static const struct weft_job_source *target_of(const struct job_work *work, const char *field,
                                               const char *table)
{
    const struct weft_job *job = work->job;
    for (size_t i = 0; i < job->source_count; i++) {
        const struct weft_job_source *source = &job->sources[i];
        if ((!source->is_port && strcmp(source->name, table) == 0) ||
            strcmp(source->table, table) == 0)
            return source;
    }
    /* Fields of several ports may have one name. */
    for (size_t i = 0; i < job->lookup_count; i++) {
        const struct weft_job_source *lookup = &job->lookups[i];
        if (strcmp(lookup->name + strlen(WEFT_READ_LOOKUP), field) == 0 && is_of(lookup, table))
            return lookup;
    }
    return NULL;
}

static int reference_load(struct job_work *work, const struct weft_field *field,
                          struct weft_error *error)
{
    struct job_reference *out = &work->references[work->reference_count];
    const char *column = NULL;
    out->field = field->name;
    WEFT_TRY(target_split(work, field, &out->table, &column, error));
    if (work->job->mode == WEFT_JOB_TEST) {
        int given = job_example_reference(work, column, field->name, out, error);
        work->reference_count += given == 0;
        return given < 0 ? given : 0;
    }
    const struct weft_job_source *target = target_of(work, field->name, out->table);
    if (target == NULL) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "field %s: %s has no published rows", field->name,
                       out->table);
        return weft_error_hint(error, "run %s first", out->table);
    }
    WEFT_TRY(target_files(work, target, column, field->name, out, error));
    work->reference_count++;
    return 0;
}

int job_references_load(struct job_work *work, struct weft_error *error)
{
    static const struct weft_fields none = {0};
    const struct weft_fields *fields = work->product->schema.count > 0 ? &work->product->schema
                                       : work->input != NULL           ? &work->input->schema
                                                                       : &none;
    size_t count = 0;
    for (size_t i = 0; i < fields->count; i++)
        count += fields->items[i].references != NULL;
    if (count == 0)
        return 0;
    work->references = weft_arena_array(work->arena, count, sizeof *work->references);
    if (work->references == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->items[i].references != NULL)
            WEFT_TRY(reference_load(work, &fields->items[i], error));
    }
    return 0;
}

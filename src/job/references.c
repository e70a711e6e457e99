/*
 * references.c - `references: domain.product.field`: the published rows of another product, among
 * whose values a field's must be. The other product is read as it is when the run begins.
 */
#include "job/work_internal.h"

#include "catalog/product_entry.h"
#include "lake/pointer.h"

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

static int target_files(struct job_work *work, const char *metadata, const char *column,
                        const char *as, struct job_reference *out, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    struct weft_table *table = NULL;
    struct weft_data_files data = {0};
    struct weft_data_files deletes = {0};
    struct weft_relation_column *columns = weft_arena_alloc(work->arena, sizeof *columns);
    WEFT_TRY(weft_table_load(work->arena, job->home, metadata, &table, error));
    if (weft_table_current(table) != NULL)
        WEFT_TRY(weft_table_files(work->arena, job->home, table, weft_table_current(table), &data,
                                  &deletes, error));
    const struct weft_table_schema *schema = weft_table_schema(table);
    const char **files = weft_arena_array(work->arena, data.count + 1, sizeof *files);
    out->folder = weft_arena_format(work->arena, "%s/%s/", job->home, weft_table_folder(table));
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
        files[i] = weft_arena_format(work->arena, "%s/%s", job->home, data.items[i].path);
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

/* A product that the run reads too is referred to in the same state. */
static const char *source_metadata(const struct job_work *work, const char *name)
{
    for (size_t i = 0; i < work->job->source_count; i++) {
        const struct weft_job_source *source = &work->job->sources[i];
        if ((!source->is_port && strcmp(source->name, name) == 0) ||
            strcmp(source->table, name) == 0)
            return source->metadata;
    }
    return NULL;
}

/* Else as it is now, by the name that people call it. */
static int current_metadata(struct job_work *work, struct weft_ledger_txn *txn, const char *name,
                            const char **out, struct weft_error *error)
{
    struct weft_registered registered;
    struct weft_pointer pointer;
    int rc = weft_catalog_product(txn, work->arena, name, 0, 0, &registered, error);
    if (rc < 0)
        return rc;
    rc = weft_pointer_get(txn, work->arena, WEFT_SPACE_LAKE, rc == 0 ? registered.table : name, 0,
                          &pointer, error);
    if (rc == 0)
        *out = pointer.metadata;
    return rc;
}

static int reference_load(struct job_work *work, struct weft_ledger_txn *txn,
                          const struct weft_field *field, struct weft_error *error)
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
    const char *metadata = source_metadata(work, out->table);
    int rc = metadata != NULL ? 0 : current_metadata(work, txn, out->table, &metadata, error);
    if (rc < 0)
        return rc;
    if (rc == WEFT_NOT_THERE) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "field %s: %s has no published rows", field->name,
                       out->table);
        return weft_error_hint(error, "run %s first", out->table);
    }
    WEFT_TRY(target_files(work, metadata, column, field->name, out, error));
    work->reference_count++;
    return 0;
}

int job_references_load(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_ledger_closep) struct weft_ledger *ledger = NULL;
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
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
    if (work->job->mode != WEFT_JOB_TEST) {
        WEFT_TRY(weft_ledger_open(work->job->home, WEFT_LEDGER_READ_ONLY, &ledger, error));
        WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    }
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->items[i].references != NULL)
            WEFT_TRY(reference_load(work, txn, &fields->items[i], error));
    }
    return 0;
}

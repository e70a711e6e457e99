/*
 * ports.c - the file ports of a product with sql or a graph: each is a stage of its own, with the
 * rules of the port's schema, and ends as a Parquet file of the temp folder that the SQL reads.
 *
 * A port's stage has a product of its own: no fields but the input's, no key, no rules on the
 * whole. Its warnings and checks are the run's.
 */
#include "job/work_internal.h"

#include <string.h>

static int port_product(struct job_work *work, const struct weft_product **out,
                        struct weft_error *error)
{
    const struct weft_product *from = work->product;
    struct weft_product *product = weft_arena_alloc(work->arena, sizeof *product);
    if (product == NULL)
        return weft_error_nomem(error);
    *product = (struct weft_product){.domain = from->domain,
                                     .name = from->name,
                                     .full_name = from->full_name,
                                     .version = from->version,
                                     .write = WEFT_WRITE_REPLACE,
                                     .quality = {.rows = {-1, -1, -1, 0, {0}},
                                                 .batch = {-1, -1, -1, 0, {0}},
                                                 .quarantine_max = 1},
                                     .file = from->file,
                                     .folder = from->folder,
                                     .digest = ""};
    *out = product;
    return 0;
}

static int port_make(struct job_work *work, const struct weft_input *input, struct job_work *port,
                     struct weft_error *error)
{
    struct weft_outcome *out = weft_arena_alloc(work->arena, sizeof *out);
    if (out == NULL)
        return weft_error_nomem(error);
    *port = (struct job_work){.arena = work->arena,
                              .job = work->job,
                              .input = input,
                              .progress = work->progress,
                              .progress_arg = work->progress_arg,
                              .looks = work->looks,
                              .out = out,
                              .parent = work,
                              .number = work->port_count + 1};
    return port_product(work, &port->product, error);
}

/* A file that is named by hand belongs to some port. */
static int check_named(struct job_work *work, struct weft_error *error)
{
    for (size_t i = 0; i < work->job->file_count; i++) {
        const char *path = work->job->files[i].path;
        bool found = false;
        for (size_t p = 0; p < work->port_count; p++) {
            for (size_t k = 0; k < work->ports[p].file_count; k++)
                found = found || strcmp(work->ports[p].files[k].out.path, path) == 0;
        }
        if (!found)
            return weft_error_set(error, WEFT_E_REFUSED, "%s is no file of an input port", path);
    }
    return 0;
}

int job_ports_find(struct job_work *work, struct weft_error *error)
{
    const struct weft_product *product = work->product;
    work->ports = weft_arena_array(work->arena, product->input_count + 1, sizeof *work->ports);
    if (work->ports == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < product->input_count; i++) {
        if (product->inputs[i].kind == WEFT_INPUT_PRODUCT)
            continue;
        struct job_work *port = &work->ports[work->port_count];
        WEFT_TRY(port_make(work, &product->inputs[i], port, error));
        work->port_count++;
        WEFT_TRY(job_input_check(port, error));
        if (work->job->mode == WEFT_JOB_REPLAY)
            continue; /* replay_ports.c knows later which of them are read */
        int rc = job_inputs_find(port, error);
        if (rc < 0)
            return rc;
    }
    return work->job->mode == WEFT_JOB_REPLAY ? 0 : check_named(work, error);
}

/* ---- the pass of each ---- */

static int port_columns(struct job_work *port, struct weft_error *error)
{
    if (port->read_count == 0 && port->input->schema.count == 0) {
        weft_error_set(error, WEFT_E_REFUSED,
                       "input%s%s: there is no file now, and without one its columns are not known",
                       WEFT_INPUT_ARGS(port->input->name));
        return weft_error_hint(error, "declare its `schema:`");
    }
    return job_columns_and_rules(port, error);
}

static int port_read(struct job_work *port, struct weft_error *error)
{
    WEFT_TRY(port_columns(port, error));
    if (port->read_count == 0)
        return 0;
    WEFT_TRY(job_rows_restart(port, true, error));
    WEFT_TRY(job_pass_run(port, error));
    WEFT_TRY(job_keys_check(port, error));
    WEFT_TRY(job_row_checks_tell(port, error));
    return job_figures_tell(port, error);
}

int job_ports_read(struct job_work *work, struct weft_error *error)
{
    for (size_t i = 0; i < work->port_count; i++) {
        work->ports[i].engine = work->engine;
        WEFT_TRY(port_read(&work->ports[i], error));
    }
    return 0;
}

int job_port_relation(struct job_work *port, struct weft_relation *out, struct weft_error *error)
{
    WEFT_TRY(job_relation_new(port, out, error));
    size_t shown = port->columns.fields.count - port->columns.hidden;
    struct weft_relation_column *columns =
        weft_arena_array(port->arena, out->column_count + 1, sizeof *columns);
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < out->column_count; i++) {
        columns[i] = out->columns[i];
        for (size_t k = shown; k < port->columns.fields.count; k++)
            columns[i].hidden = columns[i].hidden ||
                                strcmp(columns[i].name, port->columns.fields.items[k].name) == 0;
    }
    out->columns = columns;
    out->product = port->input->name;
    return 0;
}

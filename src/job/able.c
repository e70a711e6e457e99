/*
 * able.c - what a product asks for and this version cannot do, as far as its file alone tells: for
 * those who plan, and looked at once more by each run.
 */
#include "job/transform.h"
#include "job/work_internal.h"

#include <string.h>

int job_not_yet(const char *what, struct weft_error *error)
{
    return weft_error_set(error, WEFT_E_NOT_YET, "%s cannot be done yet", what);
}

static int at_place(const struct weft_product *product, struct weft_place place,
                    struct weft_error *error)
{
    if (place.line > 0)
        return weft_error_at(error, product->file == NULL ? "" : product->file, place.line,
                             place.column);
    return -1;
}

static int fields_check(const struct weft_product *product, const struct weft_fields *fields,
                        struct weft_error *error)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        if (!weft_type_is_nested(field->type))
            continue;
        weft_error_set(error, WEFT_E_NOT_YET,
                       "field %s: lists, structs and maps cannot be read from csv yet",
                       field->name);
        weft_error_hint(error, "read it as string, and let `sql:` make the value");
        return at_place(product, field->place, error);
    }
    return 0;
}

/* Has its format lists, structs and maps? A product without an input is loaded by hand. */
static bool input_is_flat(const struct weft_input *input)
{
    return input->format == WEFT_FORMAT_CSV || input->format == WEFT_FORMAT_TSV;
}

static int format_check(const struct weft_input *input, struct weft_error *error)
{
    const struct weft_csv_options *csv = &input->csv;
    if (input->kind != WEFT_INPUT_FILES)
        return job_not_yet("an input that is neither a file nor a product", error);
    if (input->format == WEFT_FORMAT_PARQUET || input->format == WEFT_FORMAT_AVRO)
        return 0;
    if (csv->quote != 0 && csv->escape != 0 && csv->escape != csv->quote)
        return job_not_yet("an `escape` other than the quote", error);
    return 0;
}

/* `from: _file` and `from: _line` have types of their own. */
static int own_check(const struct weft_product *product, const struct weft_fields *fields,
                     struct weft_error *error)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct weft_field *field = &fields->items[i];
        const struct weft_type *type;
        enum job_own own = job_own_of(field->from);
        if (own == JOB_OWN_NONE)
            continue;
        (void)weft_job_own_name(own, &type);
        if (weft_type_equal(field->type, type))
            continue;
        weft_error_set(error, WEFT_E_INVALID, "field %s: `from: %s` is a %s", field->name,
                       field->from, own == JOB_OWN_FILE ? "string" : "long");
        return at_place(product, field->place, error);
    }
    return 0;
}

int weft_job_check(const struct weft_product *product, struct weft_error *error)
{
    bool transform = weft_transform_is(product);
    if (product->partition.count > 0)
        return job_not_yet("partition", error);
    if (product->input_count > 1 && !transform)
        return job_not_yet("several inputs without sql", error);
    for (size_t i = 0; i < product->input_count; i++) {
        const struct weft_input *input = &product->inputs[i];
        if (input->kind == WEFT_INPUT_PRODUCT)
            continue;
        if (format_check(input, error) < 0)
            return at_place(product, input->place, error);
        WEFT_TRY(own_check(product, &input->schema, error));
        if (input_is_flat(input))
            WEFT_TRY(fields_check(product, &input->schema, error));
    }
    bool read = !transform && product->input_count > 0 && input_is_flat(&product->inputs[0]) &&
                product->inputs[0].schema.count == 0;
    return read ? fields_check(product, &product->schema, error) : 0;
}

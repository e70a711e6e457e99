/*
 * detect_json.c - types of the keys of json and ndjson that nobody declared: from the first block
 * of each file (value/shape.h).
 */
#include "job/scan_internal.h"

#include "base/map.h"
#include "base/text.h"
#include "value/shape.h"

#include <string.h>

struct detector {
    struct job_scan *scan;
    struct weft_arena *arena;
    const struct weft_csv_options *csv;
    struct weft_map *keys;
    const char **names;
    struct weft_shape **shapes;
    size_t count;
    size_t name_capacity;
    size_t shape_capacity;
};

static struct weft_shape *key_shape(struct detector *detector, const char *name, size_t length)
{
    struct weft_shape *shape = weft_map_get_bytes(detector->keys, name, length);
    if (shape != NULL)
        return shape;
    size_t count = detector->count + 1;
    shape = weft_shape_new(detector->arena);
    if (shape == NULL ||
        weft_arena_reserve(detector->arena, &detector->names, &detector->name_capacity, count,
                           sizeof *detector->names) < 0 ||
        weft_arena_reserve(detector->arena, &detector->shapes, &detector->shape_capacity, count,
                           sizeof *detector->shapes) < 0 ||
        weft_map_put_bytes(detector->keys, name, length, shape) < 0)
        return NULL;
    detector->names[detector->count] = weft_arena_strndup(detector->arena, name, length);
    if (detector->names[detector->count] == NULL)
        return NULL;
    detector->shapes[detector->count++] = shape;
    return shape;
}

static int record_take(struct detector *detector, struct job_scan_local *local, char *data,
                       size_t length)
{
    struct weft_json_slice record;
    struct weft_json_slice name;
    struct weft_json_slice value;
    struct weft_json_walk walk;
    if (weft_json_scan(data, length, &record) != NULL || record.kind != WEFT_JSON_OBJECT)
        return 0; /* it will be set aside */
    weft_json_walk_init(&walk, record.data, record.length);
    while (weft_json_member_next(&walk, &name, &value)) {
        char *text = local->split.data + (name.data - local->split.data);
        if (name.escaped)
            name.length = weft_json_unescape(text, name.length, text);
        struct weft_shape *shape = key_shape(detector, text, name.length);
        if (shape == NULL || weft_shape_add(detector->arena, shape, detector->csv, &value) < 0)
            return weft_error_nomem(&detector->scan->error);
    }
    return 0;
}

/* The first block of the next file that has one. 0, WEFT_END or -1. */
static int file_take(struct detector *detector, struct job_scan_local *local,
                     struct job_sample *out)
{
    struct job_scan *scan = detector->scan;
    size_t begin = 0;
    size_t end = 0;
    int rc = job_scan_next(scan, local);
    if (rc != 0)
        return rc;
    const struct job_file *file = &scan->work->files[local->file];
    size_t valid = weft_utf8_valid(local->split.data, local->split.length);
    if (valid < local->split.length)
        return job_scan_not_text(scan, local->file, (int64_t)valid, "the text is not UTF-8");
    while (job_record_next(local, &begin, &end))
        WEFT_TRY(record_take(detector, local, local->split.data + begin, end - begin));
    if (out->shown == NULL)
        out->shown = file->out.shown;
    weft_source_closep(&scan->source);
    scan->at++;
    return 0;
}

static int detector_end(struct detector *detector, struct job_sample *out)
{
    struct weft_error *error = &detector->scan->error;
    const struct weft_type **types =
        weft_arena_array(detector->arena, detector->count + 1, sizeof *types);
    if (types == NULL)
        return weft_error_nomem(error);
    if (detector->count == 0) {
        weft_error_set(error, WEFT_E_INPUT, "%s holds no object, so its columns are not known",
                       out->shown == NULL ? "the input" : out->shown);
        return weft_error_hint(error, "declare the product's `schema:`");
    }
    for (size_t i = 0; i < detector->count; i++) {
        types[i] = weft_shape_type(detector->arena, detector->shapes[i]);
        if (types[i] == NULL)
            return weft_error_nomem(error);
    }
    out->header = (struct weft_texts){detector->names, detector->count};
    out->types = types;
    return 0;
}

int job_sample_records(struct job_scan *scan, struct job_scan_local *local, struct job_sample *out)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *keys = weft_map_new();
    struct detector detector = {
        .scan = scan, .arena = scan->work->arena, .csv = &scan->work->input->csv, .keys = keys};
    int rc = 0;
    if (keys == NULL)
        return weft_error_nomem(&scan->error);
    while (rc == 0)
        rc = file_take(&detector, local, out);
    return rc < 0 ? rc : detector_end(&detector, out);
}

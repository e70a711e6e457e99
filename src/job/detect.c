/*
 * detect.c - types of columns that nobody declared: from the first records of each file. What
 * later does not parse is set aside under the rule <field>.type. Texts with leading zeros are not
 * numbers: "01001" would lose what it says.
 */
#include "job/scan_internal.h"
#include "value/cell.h"
#include "value/date_format.h"

static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};
static const struct weft_type type_double = {.kind = WEFT_TYPE_DOUBLE};
static const struct weft_type type_boolean = {.kind = WEFT_TYPE_BOOLEAN};
static const struct weft_type type_date = {.kind = WEFT_TYPE_DATE};
static const struct weft_type type_timestamp = {.kind = WEFT_TYPE_TIMESTAMP};
static const struct weft_type type_string = {.kind = WEFT_TYPE_STRING};

/* In order of preference; string takes all. */
static const struct weft_type *const candidates[] = {&type_boolean, &type_long,      &type_double,
                                                     &type_date,    &type_timestamp, &type_string};
#define STRING (WEFT_COUNT(candidates) - 1)

static bool leading_zero(const char *text, size_t length)
{
    size_t sign = length > 0 && (*text == '-' || *text == '+');
    return length > sign + 1 && text[sign] == '0' && text[sign + 1] >= '0' && text[sign + 1] <= '9';
}

static bool cell_fits(size_t candidate, const char *text, size_t length,
                      const struct weft_csv_options *csv)
{
    bool truth;
    int64_t number;
    double real;
    switch (candidates[candidate]->kind) {
    case WEFT_TYPE_BOOLEAN:
        return weft_cell_boolean(text, length, &truth);
    case WEFT_TYPE_LONG:
        return !leading_zero(text, length) && *text != '+' &&
               weft_cell_int64(text, length, &number);
    case WEFT_TYPE_DOUBLE:
        return !leading_zero(text, length) && *text != '+' &&
               weft_cell_double(text, length, csv->decimal_separator, &real);
    case WEFT_TYPE_DATE:
        return weft_date_fits(csv, text, length);
    case WEFT_TYPE_TIMESTAMP:
        return weft_timestamp_fits(csv, text, length);
    default:
        return true;
    }
}

static bool cell_null(const struct weft_csv_options *csv, const char *text, uint32_t size)
{
    if (!csv->nulls_given)
        return size == 0;
    for (size_t i = 0; i < csv->nulls.count; i++) {
        if (strlen(csv->nulls.items[i]) == size && memcmp(csv->nulls.items[i], text, size) == 0)
            return true;
    }
    return false;
}

struct guess {
    uint8_t possible; /* bit = candidate */
    bool any;         /* some cell had a value */
};

static void batch_guess(const struct weft_csv *split, const struct weft_csv_options *csv,
                        size_t rows, struct guess *guesses)
{
    for (size_t c = 0; c < split->slots; c++) {
        for (size_t row = 0; row < rows; row++) {
            uint32_t size = split->size[c * split->row_max + row];
            const char *text = split->data + split->begin[c * split->row_max + row];
            if (split->bad[row] || cell_null(csv, text, size))
                continue;
            guesses[c].any = true;
            if ((size & WEFT_CSV_QUOTED) != 0 && (size & ~WEFT_CSV_QUOTED) == 0)
                guesses[c].possible = 1 << STRING;
            for (size_t k = 0; k < STRING; k++) {
                if ((guesses[c].possible >> k & 1) != 0 &&
                    !cell_fits(k, text, size & ~WEFT_CSV_QUOTED, csv))
                    guesses[c].possible &= (uint8_t)~(1u << k);
            }
        }
    }
}

static int sample_batches(struct job_scan *scan, struct job_scan_local *local,
                          struct guess *guesses)
{
    const struct weft_csv_options *csv = &scan->work->input->csv;
    struct weft_csv *split = &local->split;
    size_t cells = scan->work->files[scan->at].header.count;
    WEFT_CLEANUP(weft_freep) int *map = weft_alloc_array(cells + 1, sizeof *map);
    size_t rows = 256;
    weft_free(split->begin);
    weft_free(split->size);
    weft_free(split->ids);
    weft_free(split->bad);
    split->begin = weft_alloc_array(cells * rows + 1, sizeof *split->begin);
    split->size = weft_alloc_array(cells * rows + 1, sizeof *split->size);
    split->ids = weft_alloc_array(rows, sizeof *split->ids);
    split->bad = weft_alloc_array(rows, sizeof *split->bad);
    if (map == NULL || split->begin == NULL || split->size == NULL || split->ids == NULL ||
        split->bad == NULL)
        return weft_error_nomem(&scan->error);
    for (size_t i = 0; i < cells; i++)
        map[i] = (int)i;
    split->map = map;
    split->cells = cells;
    split->slots = cells;
    split->row_max = rows;
    weft_csv_index(split);
    for (size_t got = 1; got > 0;) {
        got = weft_csv_batch(split);
        batch_guess(split, csv, got, guesses);
    }
    return 0;
}

/* The columns of all files, in the order in which they are first met. */
struct sampled {
    const char **names;
    struct guess *guesses;
    size_t count;
    size_t name_capacity;
    size_t guess_capacity;
};

static size_t sampled_find(const struct sampled *sampled, const char *name, size_t hint)
{
    if (hint < sampled->count && strcmp(sampled->names[hint], name) == 0)
        return hint; /* files of one kind: the same place */
    for (size_t i = 0; i < sampled->count; i++) {
        if (strcmp(sampled->names[i], name) == 0)
            return i;
    }
    return sampled->count;
}

static int sampled_merge(struct job_scan *scan, struct sampled *sampled,
                         const struct weft_texts *header, const struct guess *guesses)
{
    struct weft_arena *arena = scan->work->arena;
    for (size_t i = 0; i < header->count; i++) {
        size_t at = sampled_find(sampled, header->items[i], i);
        if (at < sampled->count) {
            sampled->guesses[at].possible &= guesses[i].possible;
            sampled->guesses[at].any = sampled->guesses[at].any || guesses[i].any;
            continue;
        }
        if (weft_arena_reserve(arena, &sampled->names, &sampled->name_capacity, at + 1,
                               sizeof *sampled->names) < 0 ||
            weft_arena_reserve(arena, &sampled->guesses, &sampled->guess_capacity, at + 1,
                               sizeof *sampled->guesses) < 0)
            return weft_error_nomem(&scan->error);
        sampled->names[at] = header->items[i];
        sampled->guesses[at] = guesses[i];
        sampled->count++;
    }
    return 0;
}

/* The next file's header and first block. 0, WEFT_END, or -1 with scan->error set. */
static int sample_file(struct job_scan *scan, struct job_scan_local *local, struct sampled *sampled,
                       const char **shown)
{
    int rc = job_scan_next(scan, local);
    if (rc != 0)
        return rc;
    struct job_file *file = &scan->work->files[local->file];
    size_t count = file->header.count;
    WEFT_CLEANUP(weft_freep) struct guess *guesses = weft_alloc_array(count + 1, sizeof *guesses);
    if (guesses == NULL)
        return weft_error_nomem(&scan->error);
    for (size_t i = 0; i < count; i++)
        guesses[i].possible = (1 << (STRING + 1)) - 1;
    WEFT_TRY(sample_batches(scan, local, guesses));
    if (*shown == NULL)
        *shown = file->out.shown;
    weft_source_closep(&scan->source);
    scan->at++;
    return sampled_merge(scan, sampled, &file->header, guesses);
}

static int sample_take(struct job_scan *scan, struct job_scan_local *local, struct job_sample *out)
{
    struct job_work *work = scan->work;
    struct sampled sampled = {0};
    if (work->input->format == WEFT_FORMAT_AVRO && work->job->mode != WEFT_JOB_REPLAY)
        return job_avro_sample(work, out, &scan->error);
    if (scan->text != JOB_TEXT_CSV)
        return job_sample_records(scan, local, out);
    int rc = sample_file(scan, local, &sampled, &out->shown);
    while (rc == 0 && work->input->csv.header)
        rc = sample_file(scan, local, &sampled, &out->shown);
    WEFT_TRY(rc);
    if (out->shown == NULL)
        return weft_error_set(&scan->error, WEFT_E_INPUT, "there is nothing to read");
    const struct weft_type **types =
        weft_arena_array(work->arena, sampled.count + 1, sizeof *types);
    if (types == NULL)
        return weft_error_nomem(&scan->error);
    for (size_t i = 0; i < sampled.count; i++) {
        types[i] = &type_string;
        if (sampled.guesses[i].any)
            types[i] = candidates[__builtin_ctz(sampled.guesses[i].possible)];
    }
    out->header = (struct weft_texts){sampled.names, sampled.count};
    out->types = types;
    return 0;
}

/* Without a header line the columns are called column_1, column_2 ... */
static int sample_name(struct job_work *work, struct job_sample *out, struct weft_error *error)
{
    if (work->input->csv.header || job_text_of(work->input) != JOB_TEXT_CSV)
        return 0;
    const char **names = weft_arena_array(work->arena, out->header.count + 1, sizeof *names);
    for (size_t i = 0; names != NULL && i < out->header.count; i++) {
        names[i] = weft_arena_format(work->arena, "column_%zu", i + 1);
        if (names[i] == NULL)
            return weft_error_nomem(error);
    }
    if (names == NULL)
        return weft_error_nomem(error);
    out->header.items = names;
    return 0;
}

int job_scan_sample(struct job_work *work, struct job_sample *out, struct weft_error *error)
{
    struct job_scan *scan = NULL;
    WEFT_TRY(job_scan_new(work, &scan, error));
    scan->sampling = true;
    struct job_scan_local *local = job_scan_local_new(scan);
    int rc = local == NULL ? weft_error_nomem(&scan->error) : sample_take(scan, local, out);
    if (rc == 0)
        rc = sample_name(work, out, &scan->error);
    if (rc < 0 && error != NULL)
        *error = scan->error;
    job_scan_local_free(local);
    job_scan_free(scan);
    return rc;
}

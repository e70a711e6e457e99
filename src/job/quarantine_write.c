/*
 * quarantine_write.c - rows set aside become rows of the product's quarantine table, and, when the
 * run is blocked, a few of them examples in a file beside its record.
 *
 * The table has a fixed shape. Its rows never change; their states are folded over it elsewhere.
 * The text of a row is read from its file again while the table is written: never more than a
 * window of the file is held.
 */
#include "job/parquet_internal.h"
#include "job/walk_internal.h"

#include <fcntl.h>

#define VALUES_MAX ((size_t)1 << 28)

static const struct weft_type type_text = {.kind = WEFT_TYPE_STRING};
static const struct weft_type type_long = {.kind = WEFT_TYPE_LONG};
static const struct weft_type type_texts = {.kind = WEFT_TYPE_LIST, .element = &type_text};

#define FIELD(field_name, field_type, must)                                                        \
    {.name = field_name, .type = field_type, .required = must, .min_length = -1, .max_length = -1}
static const struct weft_field quarantine_fields[] = {FIELD("row_id", &type_text, true),
                                                      FIELD("run_id", &type_text, true),
                                                      FIELD("contract_version", &type_text, true),
                                                      FIELD("port", &type_text, false),
                                                      FIELD("file", &type_text, false),
                                                      FIELD("line", &type_long, false),
                                                      FIELD("byte", &type_long, false),
                                                      FIELD("raw", &type_text, false),
                                                      FIELD("values", &type_text, false),
                                                      FIELD("rules", &type_texts, true)};
enum {
    COL_ROW_ID,
    COL_RUN_ID,
    COL_VERSION,
    COL_PORT,
    COL_FILE,
    COL_LINE,
    COL_BYTE,
    COL_RAW,
    COL_VALUES,
    COL_RULES
};

/* ---- rows set aside, stage by stage ---- */

/* File ports first, in their order, then the output. */
struct aside {
    struct job_work *work;      /* the output's */
    size_t stage;               /* ports, then the output */
    size_t row;                 /* of the stage */
    size_t number;              /* in the run */
    struct job_walk *walk;      /* of a stage that reads files */
    struct job_values **values; /* of stages that a query reads, by number; NULL = of others */
    struct weft_buf text;       /* values of a row of a text file */
    struct weft_error error;
    bool failed;
};

/* What is told of one row. */
struct aside_row {
    struct job_work *stage;
    const uint64_t *mask;
    bool has_place;
    struct job_place place;
    struct weft_str values;
};

static struct job_work *stage_at(const struct aside *aside)
{
    return aside->stage < aside->work->port_count ? &aside->work->ports[aside->stage] : aside->work;
}

/* The first row of a stage that is set aside now: a replayed one that still fails is there already,
 * and so is what a port that is read whole set aside before. */
static size_t stage_from(const struct job_work *stage)
{
    const struct job_rules *rules = &stage->rules;
    size_t from = 0;
    if (stage->job->mode != WEFT_JOB_REPLAY)
        return 0;
    if (stage->made == NULL)
        return rules->row_count;
    while (from < rules->row_count && rules->ids[from] < stage->made->stored)
        from++;
    return from;
}

static int64_t aside_count(const struct job_work *work)
{
    int64_t count = (int64_t)(work->rules.row_count - stage_from(work));
    for (size_t i = 0; i < work->port_count; i++)
        count += (int64_t)(work->ports[i].rules.row_count - stage_from(&work->ports[i]));
    return count;
}

/* What only queries tell is asked before anything is written: the engine does one thing at a
 * time. */
static int aside_begin(struct aside *aside, struct weft_error *error)
{
    struct job_work *work = aside->work;
    aside->values = weft_arena_array(work->arena, work->port_count + 1, sizeof *aside->values);
    if (aside->values == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i <= work->port_count; i++) {
        struct job_work *stage = i < work->port_count ? &work->ports[i] : work;
        size_t from = stage_from(stage);
        if (stage->rules.row_count == from)
            continue;
        if (stage->made != NULL)
            WEFT_TRY(job_values_open(stage, stage->rules.ids + from, stage->rules.row_count - from,
                                     &aside->values[i], error));
        else if (stage->parquet != NULL)
            WEFT_TRY(job_parquet_values(stage, &aside->values[i], error));
    }
    return 0;
}

static void aside_end(struct aside *aside)
{
    job_walk_free(aside->walk);
    for (size_t i = 0; aside->values != NULL && i <= aside->work->port_count; i++)
        job_values_close(aside->values[i]);
    weft_buf_release(&aside->text);
}

/* To the next stage that has such rows; WEFT_END after the last. */
static int aside_stage(struct aside *aside)
{
    while (aside->stage <= aside->work->port_count) {
        if (aside->row < stage_at(aside)->rules.row_count)
            return 0;
        job_walk_free(aside->walk);
        aside->walk = NULL;
        aside->stage++;
        aside->row = aside->stage <= aside->work->port_count ? stage_from(stage_at(aside)) : 0;
    }
    return WEFT_END;
}

static int aside_next(struct aside *aside, struct aside_row *out, struct weft_error *error)
{
    struct job_work *stage = stage_at(aside);
    *out = (struct aside_row){.stage = stage, .mask = job_rules_mask(&stage->rules, aside->row)};
    struct job_values *values = aside->values[aside->stage];
    if (values != NULL)
        WEFT_TRY(job_values_next(values, &out->values, error));
    if (stage->parquet != NULL) {
        out->place.byte = -1;
        job_parquet_place(stage, stage->rules.ids[aside->row], &out->place.file, &out->place.line);
        out->has_place = true;
    } else if (values == NULL) {
        if (aside->walk == NULL)
            WEFT_TRY(job_walk_new(stage, &aside->walk, error));
        WEFT_TRY(job_walk_to(aside->walk, stage->rules.ids[aside->row], &out->place, error));
        weft_buf_clear(&aside->text);
        job_place_values(&out->place, &aside->text);
        WEFT_TRY(weft_buf_check(&aside->text, error));
        out->has_place = true;
        out->values = (struct weft_str){aside->text.data, aside->text.length};
    }
    aside->row++;
    aside->number++;
    return 0;
}

/* ---- the table function weft_rows_aside() ---- */

static void text_put(duckdb_data_chunk chunk, idx_t column, idx_t row, const char *text,
                     size_t length)
{
    weft_duckdb.unsafe_vector_assign_string_element_len(
        weft_duckdb.data_chunk_get_vector(chunk, column), row, text, length);
}

static void long_put(duckdb_data_chunk chunk, idx_t column, idx_t row, int64_t value)
{
    duckdb_vector vector = weft_duckdb.data_chunk_get_vector(chunk, column);
    ((int64_t *)weft_duckdb.vector_get_data(vector))[row] = value;
}

static void null_put(duckdb_data_chunk chunk, idx_t column, idx_t row)
{
    duckdb_vector vector = weft_duckdb.data_chunk_get_vector(chunk, column);
    weft_duckdb.vector_ensure_validity_writable(vector);
    weft_duckdb.validity_set_row_invalid(weft_duckdb.vector_get_validity(vector), row);
}

static int rules_put(struct job_work *work, duckdb_data_chunk chunk, idx_t row,
                     const uint64_t *mask, struct weft_error *error)
{
    const struct job_rules *rules = &work->rules;
    duckdb_vector list = weft_duckdb.data_chunk_get_vector(chunk, COL_RULES);
    duckdb_vector texts = weft_duckdb.list_vector_get_child(list);
    duckdb_list_entry *entry = (duckdb_list_entry *)weft_duckdb.vector_get_data(list) + row;
    entry->offset = weft_duckdb.list_vector_get_size(list);
    entry->length = 0;
    for (size_t i = 0; i < rules->count; i++) {
        if (!job_mask_has(mask, i))
            continue;
        idx_t at = entry->offset + entry->length;
        if (weft_duckdb.list_vector_reserve(list, at + 1) != DuckDBSuccess)
            return weft_error_nomem(error);
        weft_duckdb.unsafe_vector_assign_string_element_len(texts, at, rules->items[i].id,
                                                            strlen(rules->items[i].id));
        entry->length++;
    }
    weft_duckdb.list_vector_set_size(list, entry->offset + entry->length);
    return 0;
}

static void place_put(const struct job_place *place, duckdb_data_chunk chunk, idx_t row)
{
    const struct weft_outcome_file *file = &place->file->out;
    text_put(chunk, COL_PORT, row, file->port, strlen(file->port));
    text_put(chunk, COL_FILE, row, file->shown, strlen(file->shown));
    long_put(chunk, COL_LINE, row, place->line);
    if (place->raw.data == NULL) { /* a row of a file that is no text */
        null_put(chunk, COL_BYTE, row);
        null_put(chunk, COL_RAW, row);
        return;
    }
    long_put(chunk, COL_BYTE, row, place->byte);
    text_put(chunk, COL_RAW, row, place->raw.data, place->raw.length);
}

static int aside_put(struct aside *aside, duckdb_data_chunk chunk, idx_t row)
{
    struct job_work *work = aside->work;
    struct aside_row one;
    char row_id[WEFT_UUID_TEXT + 24];
    WEFT_TRY(aside_next(aside, &one, &aside->error));
    int length = snprintf(row_id, sizeof row_id, "%s:%zu", work->job->run_id, aside->number);
    const char *version = work->product->version;
    text_put(chunk, COL_ROW_ID, row, row_id, (size_t)length);
    text_put(chunk, COL_RUN_ID, row, work->job->run_id, strlen(work->job->run_id));
    text_put(chunk, COL_VERSION, row, version, strlen(version));
    if (one.has_place)
        place_put(&one.place, chunk, row);
    for (idx_t i = COL_PORT; !one.has_place && i <= COL_RAW; i++)
        null_put(chunk, i, row);
    text_put(chunk, COL_VALUES, row, one.values.data, one.values.length);
    return rules_put(one.stage, chunk, row, one.mask, &aside->error);
}

static void aside_main(duckdb_function_info info, duckdb_data_chunk chunk)
{
    struct job_work *work = weft_duckdb.function_get_extra_info(info);
    struct aside *aside = work->aside;
    idx_t count = weft_duckdb.vector_size();
    idx_t row = 0;
    for (; row < count && aside_stage(aside) == 0; row++) {
        if (aside_put(aside, chunk, row) < 0) {
            aside->failed = true;
            weft_duckdb.function_set_error(info, "rows set aside cannot be found again");
            return;
        }
    }
    weft_duckdb.data_chunk_set_size(chunk, row);
}

static void aside_bind(duckdb_bind_info info)
{
    duckdb_logical_type text = weft_duckdb.create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_logical_type number = weft_duckdb.create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_logical_type texts = weft_duckdb.create_list_type(text);
    for (size_t i = 0; i < WEFT_COUNT(quarantine_fields); i++) {
        const struct weft_type *type = quarantine_fields[i].type;
        weft_duckdb.bind_add_result_column(info, quarantine_fields[i].name,
                                           type == &type_text   ? text
                                           : type == &type_long ? number
                                                                : texts);
    }
    weft_duckdb.destroy_logical_type(&texts);
    weft_duckdb.destroy_logical_type(&number);
    weft_duckdb.destroy_logical_type(&text);
}

static void aside_init(duckdb_init_info info)
{
    weft_duckdb.init_set_max_threads(info, 1);
}

/* Before the instance is sealed. */
int job_quarantine_register(struct job_work *work, struct weft_error *error)
{
    duckdb_table_function function = weft_duckdb.create_table_function();
    weft_duckdb.table_function_set_name(function, "weft_rows_aside");
    weft_duckdb.table_function_set_extra_info(function, work, NULL);
    weft_duckdb.table_function_set_bind(function, aside_bind);
    weft_duckdb.table_function_set_init(function, aside_init);
    weft_duckdb.table_function_set_function(function, aside_main);
    duckdb_state state =
        weft_duckdb.register_table_function(weft_engine_connection(work->engine), function);
    weft_duckdb.destroy_table_function(&function);
    return state == DuckDBSuccess
               ? 0
               : weft_error_set(error, WEFT_E_INTERNAL, "weft_rows_aside cannot be registered");
}

/* ---- the table ---- */

static int quarantine_make(struct job_work *work, const struct weft_table *table,
                           const struct weft_table_schema *schema,
                           const struct weft_data_file *file, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    struct weft_outcome_table *out = weft_arena_alloc(work->arena, sizeof *out);
    if (out == NULL)
        return weft_error_nomem(error);
    const struct weft_summary_item summary[] = {{"weft.run-id", job->run_id},
                                                {"weft.contract-version", work->product->version}};
    struct weft_table_change change = {.folder = job->quarantine_folder,
                                       .run_id = job->run_id,
                                       .operation = WEFT_OP_APPEND,
                                       .schema = schema,
                                       .added = file,
                                       .added_count = 1,
                                       .timestamp_ms = job->time_us / 1000,
                                       .summary = summary,
                                       .summary_count = WEFT_COUNT(summary),
                                       .metadata_files_kept = job->metadata_files_kept};
    WEFT_TRY(weft_table_make(work->arena, job->home, table, &change, &out->made, error));
    out->operation = "append";
    out->added = file->records;
    work->out->quarantine = out;
    return 0;
}

static int aside_copy(struct job_work *work, const struct weft_table_schema *schema,
                      struct weft_data_file *file, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    struct aside aside = {.work = work, .error = WEFT_ERROR_INIT};
    const char *shown =
        weft_arena_format(work->arena, "%s/data/%s-0.parquet", job->quarantine_folder, job->run_id);
    const char *path = weft_arena_format(work->arena, "%s/%s", job->home, shown);
    int rc = 0;
    if (shown == NULL || path == NULL)
        return weft_error_nomem(error);
    weft_buf_init(&aside.text, VALUES_MAX);
    rc = aside_begin(&aside, error);
    aside.row = stage_from(stage_at(&aside));
    work->aside = &aside;
    if (rc == 0)
        rc = job_pass_copy(work, "SELECT * FROM weft_rows_aside()", schema, path, shown, file,
                           error);
    aside_end(&aside);
    work->aside = NULL;
    if (rc < 0 && aside.failed && error != NULL)
        *error = aside.error;
    if (rc >= 0 && file->records != aside_count(work))
        return weft_error_set(error, WEFT_E_INTERNAL,
                              "%" PRId64 " rows were set aside, %" PRId64 " are in quarantine",
                              aside_count(work), file->records);
    return rc < 0 ? rc : 0;
}

static int stages_sort(struct job_work *work, struct weft_error *error)
{
    for (size_t i = 0; i < work->port_count; i++)
        WEFT_TRY(job_rules_sort(&work->ports[i].rules, error));
    return job_rules_sort(&work->rules, error);
}

int job_quarantine_write(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    struct weft_fields fields = {quarantine_fields, WEFT_COUNT(quarantine_fields)};
    struct weft_table *table = NULL;
    struct weft_table_schema schema;
    struct weft_data_file file = {0};
    WEFT_TRY(job_point("run.quarantine", error));
    if (aside_count(work) == 0)
        return 0;
    job_tell(work, "quarantine", NULL, aside_count(work), 0, 0);
    if (job->quarantine_metadata != NULL)
        WEFT_TRY(weft_table_load(work->arena, job->home, job->quarantine_metadata, &table, error));
    WEFT_TRY(weft_table_evolve(work->arena, table, &fields, &schema, error));
    WEFT_TRY(stages_sort(work, error));
    WEFT_TRY(aside_copy(work, &schema, &file, error));
    return quarantine_make(work, table, &schema, &file, error);
}

/* ---- examples of a blocked run ---- */

static void place_write(struct weft_json_writer *writer, const struct aside_row *row)
{
    static const char *const keys[] = {"port", "file", "line", "byte", "raw"};
    if (row->has_place) {
        weft_json_member_text(writer, "port", row->place.file->out.port);
        weft_json_member_text(writer, "file", row->place.file->out.shown);
        weft_json_member_int(writer, "line", row->place.line);
        bool text = row->place.raw.data != NULL;
        weft_json_key(writer, "byte");
        if (text)
            weft_json_put_int(writer, row->place.byte);
        else
            weft_json_put_null(writer);
        weft_json_key(writer, "raw");
        if (!text)
            weft_json_put_null(writer);
        else
            weft_json_put_text_n(writer, row->place.raw.data, row->place.raw.length);
        return;
    }
    for (size_t i = 0; i < WEFT_COUNT(keys); i++) {
        weft_json_key(writer, keys[i]);
        weft_json_put_null(writer);
    }
}

static int example_write(const struct aside_row *row, int fd, const char *path,
                         struct weft_buf *line, struct weft_error *error)
{
    struct weft_json_writer writer;
    weft_buf_clear(line);
    weft_json_writer_init(&writer, line);
    weft_json_begin_object(&writer);
    place_write(&writer, row);
    weft_json_key(&writer, "values");
    weft_json_put_raw(&writer, row->values.data, row->values.length);
    weft_json_key(&writer, "rules");
    weft_json_begin_array(&writer);
    for (size_t i = 0; i < row->stage->rules.count; i++) {
        if (job_mask_has(row->mask, i))
            weft_json_put_text(&writer, row->stage->rules.items[i].id);
    }
    weft_json_end_array(&writer);
    weft_json_end_object(&writer);
    weft_buf_addc(line, '\n');
    WEFT_TRY(weft_buf_check(line, error));
    return weft_fs_write(fd, line->data, line->length, path, error);
}

/* Rows are taken in source order as long as one of the rules they broke has too few examples. */
static bool example_wanted(struct job_work *work, const uint64_t *mask, int64_t *shown)
{
    bool wanted = false;
    for (size_t i = 0; i < work->rules.count; i++)
        wanted = wanted || (job_mask_has(mask, i) && shown[i] < work->job->examples_max);
    for (size_t i = 0; wanted && i < work->rules.count; i++)
        shown[i] += job_mask_has(mask, i);
    return wanted;
}

/* Leaves only the examples among the rows of a stage: the run is blocked, the others serve nothing
 * any more. */
static int examples_pick(struct job_work *stage, struct weft_error *error)
{
    struct job_rules *rules = &stage->rules;
    size_t count = 0;
    WEFT_CLEANUP(weft_freep) int64_t *shown = weft_alloc_array(rules->count + 1, sizeof *shown);
    if (shown == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(job_rules_sort(rules, error));
    for (size_t i = 0; i < rules->row_count; i++) {
        if (!example_wanted(stage, job_rules_mask(rules, i), shown))
            continue;
        rules->ids[count] = rules->ids[i];
        memmove(rules->masks + count * rules->words, job_rules_mask(rules, i),
                rules->words * sizeof *rules->masks);
        count++;
    }
    rules->row_count = count;
    return 0;
}

static int examples_write(struct aside *aside, int fd, const char *path, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    struct aside_row row;
    weft_buf_init(&line, VALUES_MAX);
    WEFT_TRY(aside_begin(aside, error));
    while (aside_stage(aside) == 0) {
        WEFT_TRY(aside_next(aside, &row, error));
        WEFT_TRY(example_write(&row, fd, path, &line, error));
    }
    return weft_fs_sync(fd, path, error);
}

static int examples_file(struct job_work *work, int fd, const char *path, struct weft_error *error)
{
    struct aside aside = {.work = work};
    weft_buf_init(&aside.text, VALUES_MAX);
    int rc = examples_write(&aside, fd, path, error);
    aside_end(&aside);
    return rc;
}

int job_blocked_write(struct job_work *work, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    if (aside_count(work) == 0 || work->job->examples_max <= 0)
        return 0;
    for (size_t i = 0; i < work->port_count; i++)
        WEFT_TRY(examples_pick(&work->ports[i], error));
    WEFT_TRY(examples_pick(work, error));
    const char *shown = weft_arena_format(work->arena, "blocked/%s.ndjson", work->job->run_id);
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(work->job->home, "blocked");
    const char *path = weft_arena_format(work->arena, "%s/%s", work->job->home, shown);
    if (shown == NULL || folder == NULL || path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_fs_mkdirs(folder, error));
    WEFT_TRY(weft_fs_open(path, O_WRONLY | O_CREAT | O_TRUNC, &fd, error));
    if (examples_file(work, fd, path, error) < 0) {
        struct weft_error ignored = WEFT_ERROR_INIT;
        (void)!weft_fs_unlink(path, &ignored);
        return -1;
    }
    work->out->examples = shown;
    return weft_fs_sync_path(folder, error);
}

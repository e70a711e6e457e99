/*
 * scan.c - the table function weft_csv(): all files of a job, one after another, as typed rows with
 * an id (where the row stands) and the bits of the rules it broke already.
 *
 * One thread at a time takes the next block of whole records (blocks.c, under the mutex); all
 * threads split and type their blocks side by side. All columns are always filled, whatever the
 * query wants: otherwise a cell that does not parse would go unnoticed there. A chunk is never
 * empty while there is data: an empty one ends its thread.
 */
#include "job/scan_internal.h"

#include "base/text.h"

#include <emmintrin.h>

void job_scan_local_free(struct job_scan_local *local)
{
    if (local == NULL)
        return;
    job_records_free(local->records);
    weft_free(local->split.data);
    weft_free(local->split.index);
    weft_free(local->split.begin);
    weft_free(local->split.size);
    weft_free(local->split.ids);
    weft_free(local->split.bad);
    weft_free(local->present);
    weft_free(local->bits);
    weft_free(local->blocks);
    weft_free(local->hash);
    weft_free(local->hash_null);
    weft_free(local->newlines);
    weft_free(local);
}

struct job_scan_local *job_scan_local_new(struct job_scan *scan)
{
    struct job_scan_local *local = weft_alloc(sizeof *local);
    if (local == NULL)
        return NULL;
    const struct job_work *work = scan->work;
    size_t columns = work->columns.count;
    size_t rows = WEFT_MIN((size_t)2048, JOB_CELLS_MAX / WEFT_MAX(columns, 1));
    struct weft_csv *split = &local->split;
    rows = WEFT_MAX(rows, 1);
    local->scan = scan;
    local->file = SIZE_MAX;
    split->delimiter = work->input->csv.delimiter;
    split->quote = work->input->csv.quote;
    split->slots = columns;
    split->row_max = rows;
    split->begin = weft_alloc_array(rows * columns, sizeof *split->begin);
    split->size = weft_alloc_array(rows * columns, sizeof *split->size);
    split->ids = weft_alloc_array(rows, sizeof *split->ids);
    split->bad = weft_alloc_array(rows, sizeof *split->bad);
    local->present = weft_alloc_array(columns + 1, sizeof *local->present);
    local->bits = weft_alloc_array(rows * work->rules.words, sizeof *local->bits);
    local->blocks = weft_alloc_array(work->rules.unique_count + 1, sizeof(void *));
    local->hash = weft_alloc_array(rows, sizeof *local->hash);
    local->hash_null = weft_alloc_array(rows, sizeof *local->hash_null);
    bool lacks = scan->text != JOB_TEXT_CSV && !scan->sampling &&
                 (local->records = job_records_new(local)) == NULL;
    if (lacks || split->begin == NULL || split->size == NULL || split->ids == NULL ||
        split->bad == NULL || local->present == NULL || local->bits == NULL ||
        local->blocks == NULL || local->hash == NULL || local->hash_null == NULL) {
        job_scan_local_free(local);
        return NULL;
    }
    return local;
}

static duckdb_logical_type type_of(const struct weft_type *type);

static void types_free(duckdb_logical_type *types, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (types[i] != NULL)
            weft_duckdb.destroy_logical_type(&types[i]);
    }
}

static duckdb_logical_type struct_type(const struct weft_type *type)
{
    duckdb_logical_type made = NULL;
    WEFT_CLEANUP(weft_freep)
    const char **names = weft_alloc_array(type->field_count + 1, sizeof *names);
    WEFT_CLEANUP(weft_freep)
    duckdb_logical_type *types = weft_alloc_array(type->field_count + 1, sizeof *types);
    bool whole = names != NULL && types != NULL;
    for (size_t i = 0; whole && i < type->field_count; i++) {
        names[i] = type->fields[i].name;
        types[i] = type_of(type->fields[i].type);
        whole = types[i] != NULL;
    }
    if (whole)
        made = weft_duckdb.create_struct_type(types, names, type->field_count);
    if (types != NULL)
        types_free(types, type->field_count);
    return made;
}

/* Lists, structs and maps are made of their parts' types; NULL = out of memory. */
static duckdb_logical_type nested_type(const struct weft_type *type)
{
    duckdb_logical_type parts[2] = {NULL, NULL};
    duckdb_logical_type made = NULL;
    if (type->kind == WEFT_TYPE_STRUCT)
        return struct_type(type);
    parts[0] = type_of(type->element);
    if (type->kind == WEFT_TYPE_MAP)
        parts[1] = type_of(type->key);
    if (parts[0] != NULL && type->kind == WEFT_TYPE_LIST)
        made = weft_duckdb.create_list_type(parts[0]);
    else if (parts[0] != NULL && parts[1] != NULL)
        made = weft_duckdb.create_map_type(parts[1], parts[0]);
    types_free(parts, WEFT_COUNT(parts));
    return made;
}

static duckdb_logical_type type_of(const struct weft_type *type)
{
    static const duckdb_type types[] = {
        [WEFT_TYPE_BOOLEAN] = DUCKDB_TYPE_BOOLEAN,
        [WEFT_TYPE_INT] = DUCKDB_TYPE_INTEGER,
        [WEFT_TYPE_LONG] = DUCKDB_TYPE_BIGINT,
        [WEFT_TYPE_FLOAT] = DUCKDB_TYPE_FLOAT,
        [WEFT_TYPE_DOUBLE] = DUCKDB_TYPE_DOUBLE,
        [WEFT_TYPE_STRING] = DUCKDB_TYPE_VARCHAR,
        [WEFT_TYPE_DATE] = DUCKDB_TYPE_DATE,
        [WEFT_TYPE_TIME] = DUCKDB_TYPE_TIME,
        [WEFT_TYPE_TIMESTAMP] = DUCKDB_TYPE_TIMESTAMP,
        [WEFT_TYPE_TIMESTAMPTZ] = DUCKDB_TYPE_TIMESTAMP_TZ,
        [WEFT_TYPE_UUID] = DUCKDB_TYPE_UUID,
        [WEFT_TYPE_BINARY] = DUCKDB_TYPE_BLOB,
        [WEFT_TYPE_JSON] = DUCKDB_TYPE_VARCHAR,
    };
    if (weft_type_is_nested(type))
        return nested_type(type);
    if (type->kind == WEFT_TYPE_DECIMAL)
        return weft_duckdb.create_decimal_type((uint8_t)type->precision, (uint8_t)type->scale);
    return weft_duckdb.create_logical_type(types[type->kind]);
}

static void scan_nomem(struct job_scan *scan)
{
    pthread_mutex_lock(&scan->mutex);
    if (!scan->failed)
        weft_error_nomem(&scan->error);
    scan->failed = true;
    pthread_mutex_unlock(&scan->mutex);
}

static void csv_bind(duckdb_bind_info info)
{
    struct job_scan *scan = weft_duckdb.bind_get_extra_info(info);
    const struct job_columns *columns = &scan->work->columns;
    char name[64];
    for (size_t i = 0; i < columns->count; i++) {
        duckdb_logical_type type = columns->items[i].sql != NULL
                                       ? weft_duckdb.create_logical_type(DUCKDB_TYPE_VARCHAR)
                                       : type_of(columns->items[i].type);
        if (type == NULL) {
            scan_nomem(scan);
            weft_duckdb.bind_set_error(info, "out of memory");
            return;
        }
        snprintf(name, sizeof name, JOB_RAW "%zu", i);
        weft_duckdb.bind_add_result_column(
            info, columns->items[i].sql != NULL ? name : columns->items[i].name, type);
        weft_duckdb.destroy_logical_type(&type);
    }
    duckdb_logical_type word = weft_duckdb.create_logical_type(DUCKDB_TYPE_UBIGINT);
    weft_duckdb.bind_add_result_column(info, JOB_ID, word);
    for (size_t w = 0; w < scan->work->rules.words; w++) {
        snprintf(name, sizeof name, JOB_BITS "%zu", w);
        weft_duckdb.bind_add_result_column(info, name, word);
    }
    weft_duckdb.destroy_logical_type(&word);
    weft_duckdb.bind_set_cardinality(info, (idx_t)(scan->bytes_total / 40 + 1), false);
}

static void csv_init(duckdb_init_info info)
{
    struct job_scan *scan = weft_duckdb.init_get_extra_info(info);
    weft_duckdb.init_set_max_threads(info, (idx_t)WEFT_MAX(scan->work->job->threads, 1));
}

static void local_end(void *data)
{
    job_scan_local_free(data);
}

static void csv_local_init(duckdb_init_info info)
{
    struct job_scan *scan = weft_duckdb.init_get_extra_info(info);
    struct job_scan_local *local = job_scan_local_new(scan);
    if (local != NULL) {
        weft_duckdb.init_set_init_data(info, local, local_end);
        return;
    }
    scan_nomem(scan);
    weft_duckdb.init_set_error(info, "out of memory");
}

/* A block of another file than the last one: other cells, other columns. False: out of memory. */
static bool local_enter_file(struct job_scan_local *local, size_t at)
{
    const struct job_file *file = &local->scan->work->files[at];
    if (local->records != NULL)
        return job_records_enter(local) == 0;
    local->split.cells = file->cells;
    local->split.map = file->map;
    memset(local->present, 0, local->split.slots * sizeof *local->present);
    for (size_t i = 0; i < file->cells; i++) {
        if (file->map[i] >= 0)
            local->present[file->map[i]] = true;
    }
    return true;
}

static void marks_set(struct job_scan_local *local, size_t rows)
{
    const struct job_scan *scan = local->scan;
    size_t low = 0;
    size_t high = scan->mark_count;
    while (low < high) { /* ids of a batch ascend: find its first mark, then walk both */
        size_t middle = low + (high - low) / 2;
        if (scan->marks[middle].id < local->split.ids[0])
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t row = 0; row < rows && low < scan->mark_count; row++) {
        while (low < scan->mark_count && scan->marks[low].id < local->split.ids[row])
            low++;
        for (; low < scan->mark_count && scan->marks[low].id == local->split.ids[row]; low++)
            job_bit_set(local, row, scan->marks[low].rule);
    }
}

static void hashes_take(struct job_scan_local *local, duckdb_data_chunk chunk, size_t rows)
{
    const struct job_rules *rules = &local->scan->work->rules;
    for (size_t u = 0; u < rules->unique_count; u++) {
        const struct job_unique *unique = &rules->uniques[u];
        if (!unique->hashed)
            continue;
        for (size_t row = 0; row < rows; row++)
            local->hash[row] = 1;
        memset(local->hash_null, 0, rows * sizeof *local->hash_null);
        for (size_t i = 0; i < unique->column_count; i++) {
            size_t column = (size_t)unique->columns[i];
            job_fill_hash(local, column, weft_duckdb.data_chunk_get_vector(chunk, column), rows);
        }
        for (size_t row = 0; row < rows; row++) {
            if (local->hash_null[row])
                continue;
            if (local->blocks[u] == NULL || local->blocks[u]->count == JOB_HASH_BLOCK)
                local->blocks[u] = job_hashes_block(&local->scan->hashes[u]);
            if (local->blocks[u] == NULL)
                break;
            local->blocks[u]->items[local->blocks[u]->count++] = local->hash[row];
        }
    }
}

static void batch_put(struct job_scan_local *local, duckdb_data_chunk chunk, size_t rows)
{
    const struct job_work *work = local->scan->work;
    size_t columns = work->columns.count;
    size_t words = work->rules.words;
    memset(local->bits, 0, rows * words * sizeof *local->bits);
    for (size_t row = 0; row < rows; row++) {
        if (local->split.bad[row])
            job_bit_set(local, row, JOB_RULE_RECORD);
    }
    for (size_t i = 0; i < columns; i++)
        job_fill_column(local, i, weft_duckdb.data_chunk_get_vector(chunk, i), rows);
    if (local->scan->mark_count > 0)
        marks_set(local, rows);
    if (local->scan->hash)
        hashes_take(local, chunk, rows);
    memcpy(weft_duckdb.vector_get_data(weft_duckdb.data_chunk_get_vector(chunk, columns)),
           local->split.ids, rows * sizeof *local->split.ids);
    for (size_t w = 0; w < words; w++) {
        uint64_t *out =
            weft_duckdb.vector_get_data(weft_duckdb.data_chunk_get_vector(chunk, columns + 1 + w));
        for (size_t row = 0; row < rows; row++)
            out[row] = local->bits[row * words + w];
    }
}

/* Nearly all blocks of most files are plain ASCII without zero bytes: 16 bytes at a time. */
static bool block_is_ascii(const char *data, size_t length)
{
    const __m128i zero = _mm_setzero_si128();
    int high = 0;
    for (size_t i = 0; i < length; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(data + i));
        int found = _mm_movemask_epi8(_mm_or_si128(v, _mm_cmpeq_epi8(v, zero)));
        if (i + 16 > length)
            found &= (1 << (length - i)) - 1;
        high |= found;
    }
    return high == 0;
}

static bool block_is_text(struct job_scan_local *local)
{
    struct job_scan *scan = local->scan;
    const char *data = local->split.data;
    size_t length = local->split.length;
    if (block_is_ascii(data, length))
        return true;
    size_t valid = weft_utf8_valid(data, length);
    const char *zero = memchr(data, '\0', valid);
    if (valid == length && zero == NULL)
        return true;
    size_t at = zero != NULL ? (size_t)(zero - data) : valid;
    int64_t byte = local->split.base - scan->work->files[local->file].base + (int64_t)at;
    pthread_mutex_lock(&scan->mutex);
    if (!scan->failed) {
        scan->failed = true;
        job_scan_not_text(scan, local->file, byte,
                          zero != NULL ? "the text holds a zero byte" : "the text is not UTF-8");
    }
    pthread_mutex_unlock(&scan->mutex);
    return false;
}

static bool local_drained(const struct job_scan_local *local)
{
    return local->records != NULL ? job_records_drained(local)
                                  : local->split.index_at >= local->split.index_count;
}

/* The next block, ready for its batches: 0, WEFT_END, or -1 with `why`. */
static int local_next(struct job_scan_local *local, const char **why)
{
    struct job_scan *scan = local->scan;
    size_t before = local->file;
    pthread_mutex_lock(&scan->mutex);
    if (local->records != NULL)
        job_records_flush(local);
    int rc = job_scan_next(scan, local);
    if (rc < 0)
        scan->failed = true;
    pthread_mutex_unlock(&scan->mutex);
    *why = "the input cannot be read";
    if (rc != 0)
        return rc;
    *why = "the input is not text";
    if (!block_is_text(local))
        return -1;
    *why = "out of memory";
    if (local->file != before && !local_enter_file(local, local->file)) {
        scan_nomem(scan);
        return -1;
    }
    if (local->records == NULL)
        weft_csv_index(&local->split);
    return 0;
}

static void csv_main(duckdb_function_info info, duckdb_data_chunk chunk)
{
    struct job_scan_local *local = weft_duckdb.function_get_local_init_data(info);
    struct job_scan *scan = local->scan;
    const char *why = NULL;
    size_t rows = 0;
    int rc = 0;
    while (rows == 0 && rc == 0) {
        if (local_drained(local))
            rc = local_next(local, &why);
        if (rc == 0)
            rows =
                local->records != NULL ? job_records_batch(local) : weft_csv_batch(&local->split);
        if (rows > 0 && !job_records_failed(local))
            batch_put(local, chunk, rows);
        if (job_records_failed(local)) {
            why = "the records cannot be read";
            rc = -1;
        }
    }
    if (rc < 0) {
        weft_duckdb.function_set_error(info, why);
        rows = 0;
    }
    atomic_fetch_add(&scan->records, (int64_t)rows);
    if (rows > 0)
        atomic_fetch_add(&scan->file_records[local->file], (int64_t)rows);
    weft_duckdb.data_chunk_set_size(chunk, rows);
}

int job_scan_register(struct job_scan *scan, struct weft_error *error)
{
    duckdb_table_function function = weft_duckdb.create_table_function();
    char name[32];
    snprintf(name, sizeof name, "weft_csv%zu", scan->work->number);
    weft_duckdb.table_function_set_name(function, name);
    weft_duckdb.table_function_set_extra_info(function, scan, NULL);
    weft_duckdb.table_function_set_bind(function, csv_bind);
    weft_duckdb.table_function_set_init(function, csv_init);
    weft_duckdb.table_function_set_local_init(function, csv_local_init);
    weft_duckdb.table_function_set_function(function, csv_main);
    duckdb_state state =
        weft_duckdb.register_table_function(weft_engine_connection(scan->work->engine), function);
    weft_duckdb.destroy_table_function(&function);
    return state == DuckDBSuccess
               ? 0
               : weft_error_set(error, WEFT_E_INTERNAL, "weft_csv cannot be registered");
}

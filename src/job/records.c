/*
 * records.c - records of json and ndjson as cells (scan_internal.h): each member's value goes under
 * its column, as the text it has in the file. A record that is no object, does not read, or has a
 * key twice breaks the rule `record`.
 *
 * The keys of a record mostly stand in the order of the one before, so the key at each place is
 * guessed before it is looked up. Keys that no column has are kept by name, up to a limit: one that
 * stands twice in a record is found, and the warning can name them.
 */
#include "job/scan_internal.h"

#include "base/map.h"

#include <string.h>

#define KEYS_GUESSED 256
#define EXTRAS_MAX 1000 /* kept for each file */
#define EXTRA_LENGTH 200

struct key {
    char *name;
    size_t length;
    int column;         /* -1 = none */
    struct keys *below; /* columns within its object; NULL = none */
    uint64_t seen;      /* in this record */
};

struct keys {
    struct key *items;
    size_t count;
    size_t capacity;
    size_t fixed;         /* what the columns name; behind it are extras */
    struct weft_map *map; /* name -> index + 1 */
    uint32_t guess[KEYS_GUESSED];
    char *path; /* of the object: "" or "address." */
};

struct job_records {
    struct keys *root;
    uint64_t record;  /* counts them */
    uint64_t *filled; /* by column: the record that gave it a value */
    bool *seen;       /* by column */
    bool dirty;       /* `seen` has something to tell */
    uint8_t *classes;
    bool failed;
    int64_t id;
};

/* What a column takes of a value. */
enum { TAKES_SCALAR, TAKES_TEXT, TAKES_BINARY, TAKES_JSON, TAKES_LIST, TAKES_OBJECT };

static uint8_t class_of(const struct job_column *column)
{
    if (column->sql != NULL)
        return TAKES_TEXT;
    switch (column->type->kind) {
    case WEFT_TYPE_STRING:
        return TAKES_TEXT;
    case WEFT_TYPE_BINARY:
        return TAKES_BINARY;
    case WEFT_TYPE_JSON:
        return TAKES_JSON;
    case WEFT_TYPE_LIST:
        return TAKES_LIST;
    case WEFT_TYPE_STRUCT:
    case WEFT_TYPE_MAP:
        return TAKES_OBJECT;
    default:
        return TAKES_SCALAR;
    }
}

/* ---- keys ---- */

static void keys_free(struct keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count; i++) {
        keys_free(keys->items[i].below);
        weft_free(keys->items[i].name);
    }
    weft_free(keys->items);
    weft_free(keys->path);
    weft_map_free(keys->map);
    weft_free(keys);
}

static struct keys *keys_new(const char *path, size_t length)
{
    struct keys *keys = weft_alloc(sizeof *keys);
    if (keys == NULL)
        return NULL;
    keys->map = weft_map_new();
    keys->path = weft_alloc(length + 2);
    if (keys->map == NULL || keys->path == NULL) {
        keys_free(keys);
        return NULL;
    }
    memcpy(keys->path, path, length);
    return keys;
}

/* The key of this name, added when it is not there; NULL when memory is out. */
static struct key *keys_add(struct keys *keys, const char *name, size_t length)
{
    uintptr_t at = (uintptr_t)weft_map_get_bytes(keys->map, name, length);
    if (at > 0)
        return &keys->items[at - 1];
    if (weft_array_reserve(&keys->items, &keys->capacity, keys->count + 1, sizeof *keys->items) < 0)
        return NULL;
    char *copy = weft_strndup(name, length);
    if (copy == NULL ||
        weft_map_put_bytes(keys->map, name, length, (void *)(keys->count + 1)) < 0) {
        weft_free(copy);
        return NULL;
    }
    struct key *key = &keys->items[keys->count++];
    *key = (struct key){.name = copy, .length = length, .column = -1};
    return key;
}

/* `from: address.city`: the column lies within the object under the key `address`. */
static int keys_add_path(struct keys *keys, const char *path, int column)
{
    const char *dot = strchr(path, '.');
    struct key *key = keys_add(keys, path, dot == NULL ? strlen(path) : (size_t)(dot - path));
    if (key == NULL)
        return -1;
    if (dot == NULL) {
        key->column = key->column < 0 ? column : key->column;
        return 0;
    }
    if (key->below == NULL) {
        char prefix[EXTRA_LENGTH];
        int length = snprintf(prefix, sizeof prefix, "%s%s.", keys->path, key->name);
        key->below = keys_new(prefix, WEFT_MIN((size_t)length, sizeof prefix - 1));
    }
    return key->below == NULL ? -1 : keys_add_path(key->below, dot + 1, column);
}

static int keys_fill(struct keys *root, const struct job_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct job_column *column = &columns->items[i];
        struct key *key = keys_add(root, column->header, strlen(column->header));
        if (key == NULL)
            return -1;
        key->column = key->column < 0 ? (int)i : key->column;
        bool path = column->field != NULL && column->field->from != NULL &&
                    strchr(column->header, '.') != NULL;
        if (path && keys_add_path(root, column->header, (int)i) < 0)
            return -1;
    }
    return 0;
}

static void keys_fix(struct keys *keys)
{
    keys->fixed = keys->count;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->items[i].below != NULL)
            keys_fix(keys->items[i].below);
    }
}

/* ---- the object ---- */

void job_records_free(struct job_records *records)
{
    if (records == NULL)
        return;
    keys_free(records->root);
    weft_free(records->filled);
    weft_free(records->seen);
    weft_free(records->classes);
    weft_free(records);
}

struct job_records *job_records_new(struct job_scan_local *local)
{
    const struct job_columns *columns = &local->scan->work->columns;
    struct job_records *records = weft_alloc(sizeof *records);
    if (records == NULL)
        return NULL;
    records->filled = weft_alloc_array(columns->count + 1, sizeof *records->filled);
    records->seen = weft_alloc_array(columns->count + 1, sizeof *records->seen);
    records->classes = weft_alloc_array(columns->count + 1, sizeof *records->classes);
    if (records->filled == NULL || records->seen == NULL || records->classes == NULL) {
        job_records_free(records);
        return NULL;
    }
    for (size_t i = 0; i < columns->count; i++)
        records->classes[i] = class_of(&columns->items[i]);
    return records;
}

int job_records_enter(struct job_scan_local *local)
{
    struct job_records *records = local->records;
    const struct job_columns *columns = &local->scan->work->columns;
    keys_free(records->root);
    records->root = keys_new("", 0);
    if (records->root == NULL || keys_fill(records->root, columns) < 0)
        return -1;
    keys_fix(records->root);
    memset(local->present, true, columns->count * sizeof *local->present);
    return 0;
}

bool job_records_failed(const struct job_scan_local *local)
{
    return local->records != NULL && local->records->failed;
}

void job_records_fail(struct job_scan_local *local)
{
    struct job_scan *scan = local->scan;
    local->records->failed = true;
    pthread_mutex_lock(&scan->mutex);
    if (!scan->failed)
        weft_error_nomem(&scan->error);
    scan->failed = true;
    pthread_mutex_unlock(&scan->mutex);
}

/* ---- extras ---- */

/* Under the mutex. */
static void extra_refuse(struct job_scan_local *local, const char *path, int64_t id)
{
    struct job_scan *scan = local->scan;
    struct job_file *file = &scan->work->files[local->file];
    int64_t line = 0;
    local->records->failed = true;
    if (scan->failed)
        return;
    scan->failed = true;
    file->out.state = WEFT_FILE_BAD;
    weft_error_set(&scan->error, WEFT_E_INPUT,
                   "a record has the key \"%s\", which the schema does not name", path);
    weft_error_hint(&scan->error, "add a field for it, or say `extra_columns: ignore`");
    if (job_line_of(scan->work, file, id - file->base, &line) < 0)
        line = 0;
    weft_error_at_byte(&scan->error, file->out.shown, (int)line, id - file->base);
}

void job_records_extra(struct job_scan_local *local, const char *path, int64_t id)
{
    struct job_scan *scan = local->scan;
    struct job_extras *extras = &scan->extras[local->file];
    enum weft_extra_columns wanted = scan->work->columns.input->extra_columns;
    if (scan->sampling)
        return;
    pthread_mutex_lock(&scan->mutex);
    if (wanted == WEFT_EXTRA_REFUSE)
        extra_refuse(local, path, id);
    if (extras->names == NULL)
        extras->names = weft_map_new();
    bool full = extras->names != NULL && weft_map_count(extras->names) >= EXTRAS_MAX;
    if (extras->names == NULL)
        local->records->failed = true;
    else if (full)
        extras->more = extras->more || !weft_map_has(extras->names, path);
    else if (weft_map_put(extras->names, path, NULL) < 0)
        local->records->failed = true;
    if (local->records->failed && !scan->failed) {
        weft_error_nomem(&scan->error);
        scan->failed = true;
    }
    pthread_mutex_unlock(&scan->mutex);
}

/* A key that is met for the first time in this file; NULL = it is not kept. */
static struct key *key_extra(struct job_scan_local *local, struct keys *keys, const char *name,
                             size_t length)
{
    char path[2 * EXTRA_LENGTH];
    bool keep = keys->count - keys->fixed < EXTRAS_MAX && length < EXTRA_LENGTH;
    struct key *key = keep ? keys_add(keys, name, length) : NULL;
    if (keep && key == NULL) {
        job_records_fail(local);
        return NULL;
    }
    snprintf(path, sizeof path, "%s%.*s", keys->path, (int)WEFT_MIN(length, (size_t)EXTRA_LENGTH),
             name);
    job_records_extra(local, path, local->records->id);
    return key;
}

static struct key *key_find(struct job_scan_local *local, struct keys *keys, size_t place,
                            const char *name, size_t length)
{
    size_t guess = place < KEYS_GUESSED ? keys->guess[place] : SIZE_MAX;
    if (guess < keys->count && keys->items[guess].length == length &&
        memcmp(keys->items[guess].name, name, length) == 0)
        return &keys->items[guess];
    uintptr_t at = (uintptr_t)weft_map_get_bytes(keys->map, name, length);
    struct key *key = at > 0 ? &keys->items[at - 1] : key_extra(local, keys, name, length);
    if (key != NULL && place < KEYS_GUESSED)
        keys->guess[place] = (uint32_t)(key - keys->items);
    return key;
}

/* ---- cells ---- */

static void cell_put(struct job_scan_local *local, size_t row, int column,
                     const struct weft_json_slice *value)
{
    struct weft_csv *split = &local->split;
    size_t at = (size_t)column * split->row_max + row;
    const char *text = value->data;
    size_t size = value->length;
    uint8_t takes = local->records->classes[column];
    bool nested = value->kind == WEFT_JSON_ARRAY || value->kind == WEFT_JSON_OBJECT;
    uint32_t mark = 0;
    local->records->seen[column] = local->records->dirty = true;
    if (value->kind == WEFT_JSON_NULL)
        return;
    if (takes == TAKES_JSON) {
        if (value->kind == WEFT_JSON_TEXT) {
            text--; /* with its quotes */
            size += 2;
        }
    } else if (takes == TAKES_LIST || takes == TAKES_OBJECT) {
        if (value->kind != (takes == TAKES_LIST ? WEFT_JSON_ARRAY : WEFT_JSON_OBJECT))
            size = JOB_CELL_BROKEN;
    } else if (nested || (takes == TAKES_BINARY && value->kind != WEFT_JSON_TEXT)) {
        size = JOB_CELL_BROKEN;
    } else if (value->kind == WEFT_JSON_TEXT) {
        mark = WEFT_CSV_QUOTED;
        if (value->escaped)
            size = weft_json_unescape(text, size, split->data + (text - split->data));
        if (takes == TAKES_BINARY)
            size = job_avro_bytes(local->scan->work, split->data + (text - split->data), size);
    }
    split->begin[at] = (uint32_t)(text - split->data);
    split->size[at] = (uint32_t)size | mark;
}

/* What should be an object is none: the columns within it cannot be read. */
static void cells_break(struct job_scan_local *local, size_t row, const struct keys *keys)
{
    for (size_t i = 0; i < keys->fixed; i++) {
        const struct key *key = &keys->items[i];
        if (key->below != NULL)
            cells_break(local, row, key->below);
        if (key->column < 0)
            continue;
        local->records->seen[key->column] = local->records->dirty = true;
        local->split.size[(size_t)key->column * local->split.row_max + row] = JOB_CELL_BROKEN;
    }
}

/* The members of an object; false: the record does not read. */
static bool object_put(struct job_scan_local *local, size_t row, struct keys *keys, char *data,
                       size_t length)
{
    struct job_records *records = local->records;
    struct weft_json_walk walk;
    struct weft_json_slice name;
    struct weft_json_slice value;
    weft_json_walk_init(&walk, data, length);
    for (size_t place = 0; weft_json_member_next(&walk, &name, &value); place++) {
        char *text = local->split.data + (name.data - local->split.data);
        if (name.escaped)
            name.length = weft_json_unescape(text, name.length, text);
        struct key *key = key_find(local, keys, place, text, name.length);
        if (records->failed)
            return false;
        if (key == NULL)
            continue;
        if (key->seen == records->record)
            return false;
        key->seen = records->record;
        if (key->column >= 0) {
            if (records->filled[key->column] == records->record)
                return false;
            records->filled[key->column] = records->record;
            cell_put(local, row, key->column, &value);
        }
        if (key->below == NULL)
            continue;
        if (value.kind == WEFT_JSON_OBJECT) {
            char *inner = local->split.data + (value.data - local->split.data);
            if (!object_put(local, row, key->below, inner, value.length))
                return false;
        } else if (value.kind != WEFT_JSON_NULL) {
            cells_break(local, row, key->below);
        }
    }
    while (walk.wrong == NULL && walk.at < walk.end && strchr(" \t\r\n", *walk.at) != NULL)
        walk.at++;
    return walk.wrong == NULL && walk.at == walk.end;
}

static void record_put(struct job_scan_local *local, size_t row, size_t begin, size_t end)
{
    struct weft_csv *split = &local->split;
    struct job_records *records = local->records;
    split->ids[row] = split->base + (int64_t)begin;
    records->id = split->ids[row];
    while (begin < end && strchr(" \t\r", split->data[begin]) != NULL)
        begin++;
    records->record++;
    bool good = split->data[begin] == '{' &&
                object_put(local, row, records->root, split->data + begin, end - begin);
    split->bad[row] = !good;
    for (size_t s = 0; !good && s < split->slots; s++)
        split->size[s * split->row_max + row] = 0;
}

/* ---- blocks and batches ---- */

bool job_records_drained(const struct job_scan_local *local)
{
    const struct weft_csv *split = &local->split;
    return local->scan->text == JOB_TEXT_JSON ? split->index_at >= split->index_count
                                              : split->position >= split->length;
}

bool job_record_next(struct job_scan_local *local, size_t *begin, size_t *end)
{
    struct weft_csv *split = &local->split;
    if (local->scan->text == JOB_TEXT_JSON) {
        if (split->index_at >= split->index_count)
            return false;
        *begin = split->index[split->index_at++];
        *end = split->index[split->index_at++];
        return true;
    }
    while (split->position < split->length) {
        const char *data = split->data + split->position;
        const char *line = memchr(data, '\n', split->length - split->position);
        size_t length = line == NULL ? split->length - split->position : (size_t)(line - data);
        *begin = split->position;
        *end = *begin + length;
        split->position = WEFT_MIN(*end + 1, split->length);
        for (size_t i = *begin; i < *end; i++) {
            if (strchr(" \t\r", split->data[i]) == NULL)
                return true;
        }
    }
    return false;
}

size_t job_records_batch(struct job_scan_local *local)
{
    struct weft_csv *split = &local->split;
    size_t row = 0;
    size_t begin = 0;
    size_t end = 0;
    memset(split->size, 0, split->slots * split->row_max * sizeof *split->size);
    while (row < split->row_max && !local->records->failed && job_record_next(local, &begin, &end))
        record_put(local, row++, begin, end);
    return row;
}

void job_records_flush(struct job_scan_local *local)
{
    struct job_scan *scan = local->scan;
    struct job_records *records = local->records;
    size_t columns = scan->work->columns.count;
    if (!records->dirty || scan->sampling)
        return;
    bool *seen = scan->seen + local->file * columns;
    for (size_t i = 0; i < columns; i++) {
        seen[i] = seen[i] || records->seen[i];
        records->seen[i] = false;
    }
    records->dirty = false;
}

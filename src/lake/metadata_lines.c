/*
 * metadata_lines.c - snapshots in the lines of a metadata file that weft laid out: found, counted,
 * and read one by one.
 */
#include "base/text.h"
#include "lake/table_internal.h"

#include <string.h>

#define LOG_TIME "{\"timestamp-ms\":"
#define LOG_ID ",\"snapshot-id\":"
#define ID "\"snapshot-id\":"

static void free_doc(void *doc)
{
    yyjson_doc_free(doc);
}

int lake_json_parse(struct weft_arena *arena, const char *text, size_t length, yyjson_val **root,
                    struct weft_error *error)
{
    yyjson_doc *doc = NULL;
    int rc = weft_json_parse(text, length, 0, &doc, error);
    if (rc < 0) {
        if (error != NULL && error->code == WEFT_E_INVALID)
            error->code = WEFT_E_CORRUPT;
        return rc;
    }
    if (weft_arena_at_end(arena, free_doc, doc) < 0) {
        yyjson_doc_free(doc);
        return weft_error_nomem(error);
    }
    *root = yyjson_doc_get_root(doc);
    return 0;
}

/* ---- the layout ---- */

int lake_lines_find(struct weft_arena *arena, struct weft_table *table, struct weft_str *head,
                    bool *found, struct weft_error *error)
{
    static const char start[] = "," LAKE_SNAPSHOTS_HEAD;
    size_t end_length = sizeof LAKE_FILE_END - 1;
    const char *text = table->text;
    const char *at = memmem(text, table->length, start, sizeof start - 1);
    *found = false;
    if (at == NULL || memcmp(text + table->length - end_length, LAKE_FILE_END, end_length) != 0)
        return 0;
    const char *lines = at + sizeof start - 1;
    const char *end = text + table->length - end_length;
    const char *middle =
        lines > end ? NULL
                    : memmem(lines, (size_t)(end - lines), LAKE_LOG_HEAD, sizeof LAKE_LOG_HEAD - 1);
    if (middle == NULL)
        return 0;
    const char *log = middle + sizeof LAKE_LOG_HEAD - 1;
    char *closed = weft_arena_alloc(arena, (size_t)(at - text) + 2);
    if (closed == NULL)
        return weft_error_nomem(error);
    memcpy(closed, text, (size_t)(at - text));
    closed[at - text] = '}';
    *head = (struct weft_str){closed, (size_t)(at - text) + 1};
    table->snapshot_lines = (struct weft_str){lines, (size_t)(middle - lines)};
    table->log_lines = (struct weft_str){log, (size_t)(end - log)};
    *found = true;
    return 0;
}

static size_t count_lines(struct weft_str text)
{
    size_t count = 0;
    const char *at = text.data;
    const char *end = text.data + text.length;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* "\n{...},\n{...}": takes the next {...} off the front. False when it does not look so. */
static bool take_line(struct weft_str *text, struct weft_str *line)
{
    if (text->length < 3 || text->data[0] != '\n' || text->data[1] != '{')
        return false;
    const char *start = text->data + 1;
    size_t left = text->length - 1;
    const char *end = memchr(start, '\n', left);
    size_t length = end == NULL ? left : (size_t)(end - start);
    if (length <= (end != NULL)) /* a brace, and a comma where a line follows */
        return false;
    *line = (struct weft_str){start, end == NULL ? length : length - 1};
    text->data = start + length;
    text->length = left - length;
    return start[line->length - 1] == '}' && (end == NULL || start[length - 1] == ',');
}

static bool take_number(struct weft_str *text, const char *before, int64_t *value)
{
    size_t skip = strlen(before);
    if (text->length < skip || memcmp(text->data, before, skip) != 0)
        return false;
    text->data += skip;
    text->length -= skip;
    size_t digits = 0;
    while (digits < text->length && text->data[digits] >= '0' && text->data[digits] <= '9')
        digits++;
    if (!weft_parse_int64(text->data, digits, value))
        return false;
    text->data += digits;
    text->length -= digits;
    return true;
}

static int index_log(struct weft_arena *arena, struct weft_table *table, struct weft_error *error)
{
    struct weft_str rest = table->log_lines;
    struct weft_str line;
    table->log_count = count_lines(rest);
    table->log = weft_arena_array(arena, table->log_count, sizeof *table->log);
    if (table->log == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < table->log_count; i++) {
        struct lake_log_entry *entry = &table->log[i];
        if (!take_line(&rest, &line) || !take_number(&line, LOG_TIME, &entry->timestamp_ms) ||
            !take_number(&line, LOG_ID, &entry->snapshot_id) || line.length != 1)
            return weft_error_set(error, WEFT_E_CORRUPT, "line %zu of the snapshot log", i + 1);
    }
    return rest.length == 0 ? 0
                            : weft_error_set(error, WEFT_E_CORRUPT, "the end of the snapshot log");
}

int lake_lines_slots(struct weft_arena *arena, struct weft_str text, struct lake_snapshot **out,
                     size_t *count, struct weft_error *error)
{
    size_t lines = count_lines(text);
    if (lines > LAKE_SNAPSHOTS_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "more than %d snapshots", LAKE_SNAPSHOTS_MAX);
    struct lake_snapshot *slots = weft_arena_array(arena, lines, sizeof *slots);
    if (slots == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < lines; i++)
        if (!take_line(&text, &slots[i].line))
            return weft_error_set(error, WEFT_E_CORRUPT, "snapshot %zu is no line", i + 1);
    if (text.length != 0)
        return weft_error_set(error, WEFT_E_CORRUPT, "the end of the snapshots");
    *out = slots;
    *count = lines;
    return 0;
}

int lake_lines_index(struct weft_arena *arena, struct weft_table *table, struct weft_error *error)
{
    WEFT_TRY(lake_lines_slots(arena, table->snapshot_lines, &table->snapshots,
                              &table->snapshot_count, error));
    return index_log(arena, table, error);
}

/* ---- one snapshot ---- */

bool lake_line_may_be(const struct lake_snapshot *slot, int64_t snapshot_id)
{
    char text[48];
    size_t length = (size_t)snprintf(text, sizeof text, ID "%" PRId64, snapshot_id);
    if (slot->read)
        return slot->snapshot.snapshot_id == snapshot_id;
    const char *at = memmem(slot->line.data, slot->line.length, text, length);
    return at != NULL && (at[length] < '0' || at[length] > '9');
}

/* The last ones are asked for most. The text may also stand in a summary: what is found is read,
 * and counts only when its id is the one that is sought. */
int lake_lines_search(const struct weft_table *table, int64_t snapshot_id, size_t *index,
                      struct weft_error *error)
{
    for (size_t i = table->snapshot_count; i > 0; i--) {
        const struct lake_snapshot *found = &table->snapshots[i - 1];
        if (!lake_line_may_be(found, snapshot_id))
            continue;
        WEFT_TRY(lake_snapshot_read(table, i - 1, error));
        if (found->snapshot.snapshot_id == snapshot_id) {
            *index = i - 1;
            return 0;
        }
    }
    *index = table->snapshot_count;
    return 0;
}

static int check_summary(yyjson_val *summary, struct weft_error *error)
{
    size_t i = 0;
    size_t max = 0;
    yyjson_val *key = NULL;
    yyjson_val *value = NULL;
    WEFT_JSON_EACH(summary, i, max, key, value)
    {
        if (!yyjson_is_str(value))
            return weft_error_set(error, WEFT_E_CORRUPT,
                                  "a value in a snapshot's summary is no text");
    }
    return 0;
}

static int read_snapshot(const struct weft_table *table, yyjson_val *json,
                         struct weft_snapshot *snapshot, struct weft_error *error)
{
    const char *list = "";
    WEFT_TRY(weft_json_int(json, "snapshot-id", &snapshot->snapshot_id, error));
    snapshot->parent_id = weft_json_int_or(json, "parent-snapshot-id", 0);
    WEFT_TRY(weft_json_int(json, "sequence-number", &snapshot->sequence_number, error));
    WEFT_TRY(weft_json_int(json, "timestamp-ms", &snapshot->timestamp_ms, error));
    WEFT_TRY(weft_json_text(json, "manifest-list", &list, error));
    WEFT_TRY(lake_relative(table->arena, table->folder, list, strlen(list),
                           &snapshot->manifest_list, error));
    int64_t schema_id = weft_json_int_or(json, "schema-id", -1);
    if (snapshot->snapshot_id <= 0 || schema_id < -1 || schema_id > INT32_MAX)
        return weft_error_set(error, WEFT_E_CORRUPT,
                              "a snapshot's id or schema-id is out of range");
    snapshot->schema_id = (int)schema_id;
    if (schema_id < 0)
        snapshot->schema_id = table->schemas[table->current_schema].schema_id;
    WEFT_TRY(weft_json_object(json, "summary", &snapshot->summary, error));
    WEFT_TRY(check_summary(snapshot->summary, error));
    return weft_json_text(snapshot->summary, "operation", &snapshot->operation, error);
}

int lake_slot_read(const struct weft_table *table, struct lake_snapshot *slot,
                   struct weft_error *error)
{
    if (slot->read)
        return 0;
    if (slot->line.data != NULL)
        WEFT_TRY(
            lake_json_parse(table->arena, slot->line.data, slot->line.length, &slot->json, error));
    WEFT_TRY(read_snapshot(table, slot->json, &slot->snapshot, error));
    slot->read = true;
    return 0;
}

int lake_snapshot_read(const struct weft_table *table, size_t i, struct weft_error *error)
{
    return lake_slot_read(table, &table->snapshots[i], error);
}

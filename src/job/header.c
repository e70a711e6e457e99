/*
 * header.c - a file's header against the columns that are asked for. A file whose header has none
 * of them is another file than was meant (or is written another way): it is refused as a whole,
 * because reading it would publish rows of nulls.
 */
#include "job/columns_internal.h"

#include "base/map.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

#define NAMES_SHOWN 20
#define HEADER_SHOWN 200 /* bytes of what is there */

static int header_index(const struct job_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (strcmp(columns->items[i].header, name) == 0)
            return (int)i;
    }
    return -1;
}

static bool header_has(const struct weft_texts *header, const char *name)
{
    for (size_t i = 0; i < header->count; i++) {
        if (strcmp(header->items[i], name) == 0)
            return true;
    }
    return false;
}

/* ---- what may be the matter ---- */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void text_trim(const char **text, size_t *length)
{
    while (*length > 0 && is_blank((*text)[*length - 1]))
        --*length;
    for (; *length > 0 && is_blank(**text); --*length)
        ++*text;
}

/* Equal but for case and the blanks around. */
static bool name_alike(const char *name, const char *text, size_t length)
{
    text_trim(&text, &length);
    if (strlen(name) != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (weft_lower(name[i]) != weft_lower(text[i]))
            return false;
    }
    return length > 0;
}

static const char *header_near(const struct weft_texts *header, const char *name)
{
    for (size_t i = 0; i < header->count; i++) {
        if (name_alike(name, header->items[i], strlen(header->items[i])))
            return header->items[i];
    }
    /* One letter is near to any other. */
    return strlen(name) < 3 ? NULL : weft_suggest(name, header->items, header->count);
}

/* Some column's name stands in the text between these delimiters. */
static bool split_finds(const struct job_columns *columns, const char *text, char delimiter)
{
    if (strchr(text, delimiter) == NULL)
        return false;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, (const char[]){delimiter, '\0'});
        for (size_t i = 0; i < columns->count; i++) {
            if (name_alike(columns->items[i].header, at, length))
                return true;
        }
        at += length;
        if (*at == '\0')
            return false;
    }
}

/* Of json the names are the keys of its records. */
static bool has_header(const struct job_columns *columns)
{
    enum weft_file_format format = columns->input->format;
    return format == WEFT_FORMAT_CSV || format == WEFT_FORMAT_TSV;
}

/* The delimiter that the file seems to have; 0 = no idea. */
static char delimiter_guess(const struct job_columns *columns, const struct weft_texts *header)
{
    static const char delimiters[] = {';', '\t', ',', '|', ':'};
    if (!has_header(columns))
        return 0;
    for (size_t i = 0; i < sizeof delimiters && header->count == 1; i++) {
        if (delimiters[i] != columns->input->csv.delimiter &&
            split_finds(columns, header->items[0], delimiters[i]))
            return delimiters[i];
    }
    return 0;
}

static bool cell_is_number(const char *cell)
{
    double value;
    return weft_parse_double(cell, strlen(cell), &value);
}

/* Numbers are no names of columns. */
static bool header_is_data(const struct weft_texts *header)
{
    for (size_t i = 0; i < header->count; i++) {
        if (cell_is_number(header->items[i]))
            return true;
    }
    return false;
}

static bool loaded_by_hand(const struct job_columns *columns)
{
    return columns->input->files == NULL;
}

static void hint_near(const struct job_columns *columns, const char *header, const char *near,
                      struct weft_error *error)
{
    if (columns->detected)
        weft_error_hint(error, "did you mean \"%s\"? The table calls it \"%s\"", near, header);
    else
        weft_error_hint(error, "did you mean \"%s\"? Then say `from: \"%s\"` at the field %s", near,
                        near, header);
}

static void hint_delimiter(const struct job_columns *columns, char delimiter,
                           struct weft_error *error)
{
    const char *shown = delimiter == '\t' ? "\\t" : (const char[]){delimiter, '\0'};
    if (!loaded_by_hand(columns))
        weft_error_hint(error,
                        "its cells look separated by \"%s\": say `options: {delimiter: "
                        "\"%s\"}` at the input%s%s",
                        shown, shown, WEFT_INPUT_ARGS(columns->input->name));
    else if (delimiter == '\t')
        weft_error_hint(error, "its cells look separated by tabs: call it .tsv");
    else
        weft_error_hint(error,
                        "its cells look separated by \"%s\"; a file that is loaded by hand "
                        "has commas, or tabs when it is called .tsv",
                        shown);
}

/* The first bytes of a zip archive, which workbooks are. */
static bool header_is_zip(const struct weft_texts *header)
{
    return header->count > 0 && strncmp(header->items[0], "PK\x03\x04", 4) == 0;
}

static bool header_is_page(const struct weft_texts *header)
{
    const char *text = header->count == 0 ? "" : header->items[0];
    size_t length = strlen(text);
    text_trim(&text, &length);
    return length > 4 && (strncasecmp(text, "<!doctype", 9) == 0 ||
                          strncasecmp(text, "<html", 5) == 0 || strncmp(text, "<?xml", 5) == 0);
}

static void header_hint(const struct job_columns *columns, const struct weft_texts *header,
                        struct weft_error *error)
{
    char delimiter = delimiter_guess(columns, header);
    if (delimiter != 0) {
        hint_delimiter(columns, delimiter, error);
        return;
    }
    for (size_t i = 0; i < columns->count; i++) {
        const char *near = header_near(header, columns->items[i].header);
        if (near != NULL) {
            hint_near(columns, columns->items[i].header, near, error);
            return;
        }
    }
    if (!has_header(columns))
        return;
    if (header_is_data(header) && loaded_by_hand(columns))
        weft_error_hint(error, "its first line reads like data: a header must come first");
    else if (header_is_data(header))
        weft_error_hint(error,
                        "its first line reads like data: without a header say "
                        "`options: {header: false}` at the input%s%s",
                        WEFT_INPUT_ARGS(columns->input->name));
}

/* ---- refusals ---- */

static void names_put(struct weft_buf *out, const char *name, size_t at)
{
    if (at < NAMES_SHOWN)
        weft_buf_addf(out, "%s\"%.*s\"", at == 0 ? "" : ", ", HEADER_SHOWN, name);
}

static void names_end(struct weft_buf *out, size_t count)
{
    if (count > NAMES_SHOWN)
        weft_buf_addf(out, " and %zu more", count - NAMES_SHOWN);
}

int job_header_refuse(const struct job_columns *columns, const struct weft_texts *header,
                      const char *where, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf has;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf wants;
    weft_buf_init(&has, 1 << 20);
    weft_buf_init(&wants, 1 << 20);
    if (header_is_zip(header)) {
        weft_error_set(error, WEFT_E_INPUT, "no csv, but a zip archive or a workbook");
        weft_error_hint(error, "unpack it, or save the sheet as csv");
        return weft_error_at(error, where, 1, 0);
    }
    if (header_is_page(header)) {
        weft_error_set(error, WEFT_E_INPUT, "no csv: it begins with %.40s", header->items[0]);
        return weft_error_at(error, where, 1, 0);
    }
    for (size_t i = 0; i < header->count; i++)
        names_put(&has, header->items[i], i);
    names_end(&has, header->count);
    for (size_t i = 0; i < columns->count; i++)
        names_put(&wants, columns->items[i].header, i);
    names_end(&wants, columns->count);
    WEFT_TRY(weft_buf_check(&has, error));
    WEFT_TRY(weft_buf_check(&wants, error));
    weft_error_set(error, WEFT_E_INPUT, "the file has none of the columns of the %s",
                   columns->detected ? "table" : "schema");
    weft_error_detail(error, "%s %s; wanted: %s", has_header(columns) ? "its header is" : "it has",
                      has.data, wants.data);
    header_hint(columns, header, error);
    return weft_error_at(error, where, 1, 0);
}

static int header_refuse_missing(const struct job_columns *columns, const struct weft_texts *header,
                                 const struct job_column *column, const char *where,
                                 struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INPUT, "the file has no column \"%s\", which is required",
                   column->header);
    const char *near = header_near(header, column->header);
    if (near != NULL)
        hint_near(columns, column->header, near, error);
    return weft_error_at(error, where, 1, 0);
}

static int header_check_doubles(const struct weft_texts *header, const char *where,
                                struct weft_error *error)
{
    WEFT_CLEANUP(weft_map_freep) struct weft_map *seen = weft_map_new();
    if (seen == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < header->count; i++) {
        if (weft_map_has(seen, header->items[i])) {
            weft_error_set(error, WEFT_E_INPUT, "the header has the column \"%s\" twice",
                           header->items[i]);
            return weft_error_at(error, where, 1, 0);
        }
        if (weft_map_put(seen, header->items[i], NULL) < 0)
            return weft_error_nomem(error);
    }
    return 0;
}

/* ---- warnings ---- */

static int header_extra(struct weft_arena *arena, const struct job_columns *columns,
                        const struct weft_texts *header, const int *map, const char *where,
                        const char **warning, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf names;
    weft_buf_init(&names, 1 << 20);
    size_t count = 0;
    for (size_t i = 0; i < header->count; i++) {
        if (map[i] < 0)
            names_put(&names, header->items[i], count++);
    }
    names_end(&names, count);
    WEFT_TRY(weft_buf_check(&names, error));
    if (count == 0 || columns->input->extra_columns == WEFT_EXTRA_IGNORE)
        return 0;
    if (columns->input->extra_columns == WEFT_EXTRA_REFUSE) {
        weft_error_set(error, WEFT_E_INPUT,
                       "the file has columns that the schema does not name: %s", names.data);
        return weft_error_at(error, where, 1, 0);
    }
    *warning = weft_arena_format(
        arena, "%s: columns that the schema does not name are left out: %s", where, names.data);
    return *warning == NULL ? weft_error_nomem(error) : 0;
}

/* Columns that may be missing: their rows get null. */
static int header_missing(struct weft_arena *arena, const struct job_columns *columns,
                          const struct weft_texts *header, const char *where, const char **warning,
                          struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf names;
    const char *near = NULL;
    size_t count = 0;
    weft_buf_init(&names, 1 << 20);
    for (size_t i = 0; i < columns->count; i++) {
        if (header_has(header, columns->items[i].header) || columns->items[i].own != JOB_OWN_NONE)
            continue;
        names_put(&names, columns->items[i].header, count++);
        if (near == NULL)
            near = header_near(header, columns->items[i].header);
        /* A column of the header that is another field's is no misspelling of this one. */
        if (near != NULL && header_index(columns, near) >= 0)
            near = NULL;
    }
    names_end(&names, count);
    WEFT_TRY(weft_buf_check(&names, error));
    if (count == 0)
        return 0;
    *warning = weft_arena_format(arena, "%s: %s missing, its rows get null there: %s%s%s%s", where,
                                 count == 1 ? "a column is" : "columns are", names.data,
                                 near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                                 near == NULL ? "" : "\"?");
    return *warning == NULL ? weft_error_nomem(error) : 0;
}

/* ---- the map ---- */

int job_columns_map(struct weft_arena *arena, const struct job_columns *columns,
                    const struct weft_texts *header, const char *where, int **map,
                    struct job_header_warnings *warnings, struct weft_error *error)
{
    int *to = weft_arena_array(arena, header->count + 1, sizeof *to);
    size_t found = 0;
    *warnings = (struct job_header_warnings){0};
    if (to == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < header->count; i++) {
        to[i] = header_index(columns, header->items[i]);
        found += to[i] >= 0;
    }
    if (found == 0 || header_is_page(header))
        return job_header_refuse(columns, header, where, error);
    WEFT_TRY(header_check_doubles(header, where, error));
    for (size_t i = 0; i < columns->count; i++) {
        if (columns->items[i].own != JOB_OWN_NONE && header_has(header, columns->items[i].header)) {
            warnings->own =
                weft_arena_format(arena, "%s has a column \"%s\": that is what %s means there",
                                  where, columns->items[i].header, columns->items[i].header);
            if (warnings->own == NULL)
                return weft_error_nomem(error);
        }
        if (columns->items[i].required && !header_has(header, columns->items[i].header))
            return header_refuse_missing(columns, header, &columns->items[i], where, error);
    }
    WEFT_TRY(header_extra(arena, columns, header, to, where, &warnings->extra, error));
    WEFT_TRY(header_missing(arena, columns, header, where, &warnings->missing, error));
    *map = to;
    return 0;
}

/*
 * reader.c - trees of written files: reading scalars from them, and reporting what is wrong.
 */
#include "document/reader.h"

#include "base/clock.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void *weft_reader_alloc(struct weft_reader *reader, size_t count, size_t item_size)
{
    void *piece = weft_arena_array(reader->arena, count == 0 ? 1 : count, item_size);
    if (piece == NULL)
        reader->nomem = true;
    return piece;
}

const char *weft_reader_text(struct weft_reader *reader, const char *text)
{
    const char *copy = text == NULL ? NULL : weft_arena_strdup(reader->arena, text);
    if (copy == NULL && text != NULL) {
        reader->nomem = true;
        return "";
    }
    return copy;
}

const char *weft_reader_format(struct weft_reader *reader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = weft_arena_formatv(reader->arena, format, args);
    va_end(args);
    if (text == NULL) {
        reader->nomem = true;
        return "";
    }
    return text;
}

int weft_reader_check(const struct weft_reader *reader, struct weft_error *error)
{
    return reader->nomem || reader->diag->out_of_memory ? weft_error_nomem(error) : 0;
}

static void reader_report(struct weft_reader *reader, enum weft_severity severity,
                          struct weft_place place, const char *hint, const char *format,
                          va_list args)
{
    char message[900];
    vsnprintf(message, sizeof message, format, args);
    weft_diag_add(reader->diag, severity, WEFT_E_INVALID, reader->file, place.line, place.column,
                  hint, "%s", message);
}

void weft_reader_mistake(struct weft_reader *reader, struct weft_place place, const char *hint,
                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    reader_report(reader, WEFT_SEVERITY_ERROR, place, hint, format, args);
    va_end(args);
}

void weft_reader_warn(struct weft_reader *reader, struct weft_place place, const char *hint,
                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    reader_report(reader, WEFT_SEVERITY_WARNING, place, hint, format, args);
    va_end(args);
}

void weft_reader_near(const char *word, const char *const *candidates, size_t count, char *out,
                      size_t out_size)
{
    const char *near = weft_suggest(word, candidates, count);
    out[0] = '\0';
    if (near != NULL)
        snprintf(out, out_size, "did you mean `%s`?", near);
}

void weft_duration_print(int64_t us, char out[32])
{
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {{"d", INT64_C(86400000000)},
                 {"h", INT64_C(3600000000)},
                 {"m", INT64_C(60000000)},
                 {"s", INT64_C(1000000)},
                 {"ms", INT64_C(1000)}};
    for (size_t i = 0; i < WEFT_COUNT(units); i++) {
        if (us % units[i].us == 0 || i + 1 == WEFT_COUNT(units)) {
            snprintf(out, 32, "%" PRId64 "%s", us / units[i].us, units[i].unit);
            return;
        }
    }
}

/* ---- reading ---- */

struct weft_node *weft_node_get(const struct weft_node *map, const char *key)
{
    if (map == NULL || map->kind != WEFT_NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->keys[i], key) == 0)
            return map->items[i];
    }
    return NULL;
}

struct weft_place weft_node_key_place(const struct weft_node *map, const char *key)
{
    if (map == NULL)
        return (struct weft_place){0};
    for (size_t i = 0; map->kind == WEFT_NODE_MAP && i < map->count; i++) {
        if (strcmp(map->keys[i], key) == 0)
            return map->places[i];
    }
    return map->place;
}

const char *weft_node_text(const struct weft_node *node)
{
    return node != NULL && node->kind == WEFT_NODE_VALUE && !node->wrong ? node->text : NULL;
}

const char *weft_node_get_text(const struct weft_node *map, const char *key)
{
    return weft_node_text(weft_node_get(map, key));
}

bool weft_node_bool(const struct weft_node *node, bool otherwise)
{
    const char *text = weft_node_text(node);
    return text == NULL ? otherwise : strcmp(text, "true") == 0;
}

int64_t weft_node_count(const struct weft_node *node, int64_t otherwise)
{
    const char *text = weft_node_text(node);
    int64_t value;
    return text != NULL && weft_parse_int64(text, strlen(text), &value) ? value : otherwise;
}

bool weft_share_parse(const char *text, double *share)
{
    size_t length = strlen(text);
    bool percent = length > 0 && text[length - 1] == '%';
    double value;
    if (!weft_parse_double(text, length - (percent ? 1 : 0), &value) || !(value >= 0))
        return false;
    *share = percent ? value / 100 : value;
    return true;
}

double weft_node_number(const struct weft_node *node, double otherwise)
{
    const char *text = weft_node_text(node);
    double value;
    return text != NULL && weft_parse_double(text, strlen(text), &value) ? value : otherwise;
}

double weft_node_share(const struct weft_node *node, double otherwise)
{
    const char *text = weft_node_text(node);
    double value;
    return text != NULL && weft_share_parse(text, &value) ? value : otherwise;
}

int64_t weft_node_duration(const struct weft_node *node, int64_t otherwise)
{
    const char *text = weft_node_text(node);
    int64_t us;
    return text != NULL && weft_duration_parse(text, &us) ? us : otherwise;
}

struct weft_texts weft_node_texts(struct weft_reader *reader, const struct weft_node *node)
{
    if (node == NULL || node->wrong || node->kind == WEFT_NODE_MAP || node->kind == WEFT_NODE_NULL)
        return (struct weft_texts){0};
    bool list = node->kind == WEFT_NODE_LIST;
    size_t count = list ? node->count : 1;
    const char **items = weft_reader_alloc(reader, count, sizeof *items);
    size_t used = 0;
    for (size_t i = 0; items != NULL && i < count; i++) {
        const struct weft_node *item = list ? node->items[i] : node;
        const char *text = weft_node_text(item);
        if (text != NULL)
            items[used++] = text;
    }
    return (struct weft_texts){items, used};
}

const struct weft_place *weft_node_texts_places(struct weft_reader *reader,
                                                const struct weft_node *node)
{
    bool list = node != NULL && node->kind == WEFT_NODE_LIST;
    size_t count = list ? node->count : 1, used = 0;
    struct weft_place *places = weft_reader_alloc(reader, count, sizeof *places);
    for (size_t i = 0; places != NULL && node != NULL && i < count; i++) {
        const struct weft_node *item = list ? node->items[i] : node;
        if (weft_node_text(item) != NULL)
            places[used++] = item->place;
    }
    return places;
}

bool weft_node_is_set(const struct weft_node *node)
{
    if (node == NULL || node->kind == WEFT_NODE_NULL)
        return false;
    return node->kind == WEFT_NODE_VALUE || node->count > 0;
}

/* ---- scalars by YAML's core schema ---- */

bool weft_node_is_bool(const struct weft_node *node)
{
    return node != NULL && node->kind == WEFT_NODE_VALUE && node->bare &&
           (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0);
}

bool weft_node_is_number(const struct weft_node *node)
{
    double value;
    return node != NULL && node->kind == WEFT_NODE_VALUE && node->bare &&
           strchr("+-.0123456789", node->text[0]) != NULL && node->text[0] != '\0' &&
           weft_parse_double(node->text, strlen(node->text), &value) && isfinite(value);
}

bool weft_node_is_text(const struct weft_node *node)
{
    return node != NULL && node->kind == WEFT_NODE_VALUE && !weft_node_is_bool(node) &&
           !weft_node_is_number(node);
}

void weft_node_translations(struct weft_reader *reader, const struct weft_node *node,
                            const char **text, struct weft_translations *translations)
{
    *text = weft_node_text(node);
    if (node == NULL || node->kind != WEFT_NODE_MAP || node->count == 0)
        return;
    if (node->count > WEFT_DOCUMENT_LANGUAGES_MAX) {
        weft_reader_mistake(reader, node->place, NULL, "more than %d languages",
                            WEFT_DOCUMENT_LANGUAGES_MAX);
        return;
    }
    struct weft_translation *items = weft_reader_alloc(reader, node->count, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; items != NULL && i < node->count; i++) {
        const char *language = node->keys[i];
        size_t length = strlen(language);
        if (length < 2 || length > 20 || language[0] < 'a' || language[0] > 'z') {
            weft_reader_mistake(reader, node->places[i], "write a language tag: en, fr, pt-BR",
                                "`%.60s` is not a language", language);
            continue;
        }
        struct weft_translation one = {language, weft_node_text(node->items[i])};
        if (one.text == NULL)
            continue;
        if (*text == NULL || strcmp(language, "en") == 0)
            *text = one.text;
        size_t at = count++;
        for (; at > 0 && strcmp(items[at - 1].language, language) > 0; at--)
            items[at] = items[at - 1];
        items[at] = one;
    }
    if (count > 1)
        *translations = (struct weft_translations){items, count};
}

/* ---- from a registered document ---- */

static struct weft_node *node_of_number(struct weft_reader *reader, struct weft_node *node,
                                        yyjson_val *value)
{
    char text[64];
    if (yyjson_is_uint(value))
        snprintf(text, sizeof text, "%" PRIu64, yyjson_get_uint(value));
    else if (yyjson_is_sint(value))
        snprintf(text, sizeof text, "%" PRId64, yyjson_get_sint(value));
    else {
        /* The shortest text that reads back the same. */
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, yyjson_get_real(value));
            double again;
            if (weft_parse_double(text, strlen(text), &again) && again == yyjson_get_real(value))
                break;
        }
    }
    node->kind = WEFT_NODE_VALUE;
    node->text = weft_reader_text(reader, text);
    node->bare = true;
    return node;
}

static void node_of_members(struct weft_reader *reader, struct weft_node *node, yyjson_val *value)
{
    bool map = yyjson_is_obj(value);
    size_t count = map ? yyjson_obj_size(value) : yyjson_arr_size(value);
    node->kind = map ? WEFT_NODE_MAP : WEFT_NODE_LIST;
    node->items = weft_reader_alloc(reader, count, sizeof *node->items);
    node->keys = weft_reader_alloc(reader, map ? count : 0, sizeof *node->keys);
    node->places = weft_reader_alloc(reader, map ? count : 0, sizeof *node->places);
    if (reader->nomem)
        return;
    size_t i, max;
    yyjson_val *key, *item;
    if (!map) {
        yyjson_arr_foreach(value, i, max, item)
        {
            node->items[node->count++] = weft_node_of_json(reader, item);
        }
        return;
    }
    WEFT_JSON_EACH(value, i, max, key, item)
    {
        node->keys[node->count] = weft_reader_text(reader, yyjson_get_str(key));
        node->items[node->count++] = weft_node_of_json(reader, item);
    }
}

struct weft_node *weft_node_of_json(struct weft_reader *reader, yyjson_val *value)
{
    struct weft_node *node = weft_reader_alloc(reader, 1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->text = "";
    if (yyjson_is_obj(value) || yyjson_is_arr(value))
        node_of_members(reader, node, value);
    else if (yyjson_is_num(value))
        return node_of_number(reader, node, value);
    else if (yyjson_is_null(value))
        node->kind = WEFT_NODE_NULL;
    else {
        node->kind = WEFT_NODE_VALUE;
        node->bare = yyjson_is_bool(value);
        node->text = yyjson_is_bool(value) ? (yyjson_get_bool(value) ? "true" : "false")
                                           : weft_reader_text(reader, yyjson_get_str(value));
        if (yyjson_is_str(value) && strlen(yyjson_get_str(value)) != yyjson_get_len(value))
            weft_reader_mistake(reader, node->place, NULL, "a text holds a zero byte");
    }
    return reader->nomem ? NULL : node;
}

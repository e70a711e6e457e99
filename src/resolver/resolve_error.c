/*
 * resolve_error.c - DuckDB's errors on resolved text, told in weft's words.
 *
 * DuckDB's texts show the rewritten statement, file names and values, of rows too that a policy
 * hides. Classes that cannot (binding) keep their first sentence where it is clean; the others get
 * a text of weft's own.
 */
#include "resolver/resolve_error.h"

#include "base/text.h"

#include <ctype.h>

#define PEOPLE_TEXT_MAX 600
#define PEOPLE_NAME_MAX 256

/* The part in the first pair of double quotes; of ""twice"" too. */
static bool quoted_part(const char *text, char *out, size_t size)
{
    const char *open = strchr(text, '"');
    if (open != NULL && open[1] == '"')
        open++;
    const char *close = open == NULL ? NULL : strchr(open + 1, '"');
    if (close == NULL || (size_t)(close - open) > size)
        return false;
    size_t length = (size_t)(close - open - 1);
    memcpy(out, open + 1, length);
    out[length] = 0;
    return true;
}

static const struct resolve_unknown *unknown_find(const struct weft_resolved_places *places,
                                                  const char *name)
{
    for (size_t i = 0; i < places->unknown_count; i++)
        if (weft_equal_fold(places->unknowns[i].name, name))
            return &places->unknowns[i];
    return NULL;
}

static const char *nearest(const char *name, const char *candidates, char *store, size_t size)
{
    const char *list[64];
    size_t count = 0;
    size_t length = strlen(candidates);
    if (length >= size)
        return NULL;
    memcpy(store, candidates, length + 1);
    for (char *at = store; *at != 0 && count < WEFT_COUNT(list);) {
        list[count++] = at;
        char *comma = strstr(at, ", ");
        if (comma == NULL)
            break;
        *comma = 0;
        at = comma + 2;
    }
    return weft_suggest(name, list, count);
}

static int unknown_column(const struct weft_resolved_places *places, const char *name,
                          struct weft_error *error)
{
    const struct resolve_unknown *unknown = unknown_find(places, name);
    weft_error_set(error, WEFT_E_SQL, "there is no column \"%s\" here", name);
    if (unknown != NULL)
        resolve_place(&places->options, places->sql, places->length, unknown->location, error);
    bool quoted = unknown != NULL && unknown->location >= 0 &&
                  (size_t)unknown->location < places->length &&
                  places->sql[unknown->location] == '"';
    if (unknown == NULL || unknown->candidates == NULL || unknown->candidates[0] == 0)
        return -1;
    char store[2048];
    const char *instead = nearest(name, unknown->candidates, store, sizeof(store));
    if (instead != NULL)
        weft_error_hint(error, "did you mean %s?", instead);
    else if (quoted)
        weft_error_hint(error, "a text stands in single quotes: '%s'; in double quotes stand names",
                        name);
    return weft_error_detail(error, "columns: %s", unknown->candidates);
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Nothing in it may point below the resolver. */
static bool text_is_clean(const char *text)
{
    static const char *const marks[] = {
        "__w",       "__r_",     "__c",   "__t",   "read_parquet", ".parquet",
        "weft_mesh", "schema =", "main.", "LINE ", "(SELECT"};
    for (size_t i = 0; i < WEFT_COUNT(marks); i++)
        if (strstr(text, marks[i]) != NULL)
            return false;
    /* "LIMIT/OFFSET" and "/(BIGINT" are no paths. */
    for (const char *at = strchr(text, '/'); at != NULL; at = strchr(at + 1, '/'))
        if (at[1] != '(' && (at == text || !isalnum((unsigned char)at[-1])))
            return false;
    /* "SELECT clause" speaks of SQL, "SELECT a" is a piece of some. */
    static const char *const words[] = {"clause", "column", "list", "node", "statement"};
    for (const char *at = strstr(text, "SELECT "); at != NULL; at = strstr(at + 1, "SELECT ")) {
        bool word = false;
        for (size_t i = 0; i < WEFT_COUNT(words); i++)
            word = word || has_prefix(at + strlen("SELECT "), words[i]);
        if (!word)
            return false;
    }
    return true;
}

/* The first line without DuckDB's class and without its suggestions, which name what the reader may
 * not know of. */
static void first_sentence(const char *said, char *out, size_t size)
{
    static const char *const ends[] = {"\n", "Did you mean", "Candidate", " You might need"};
    const char *colon = strstr(said, "Error: ");
    const char *from = colon == NULL ? said : colon + strlen("Error: ");
    size_t length = strlen(from);
    for (size_t i = 0; i < WEFT_COUNT(ends); i++) {
        const char *end = strstr(from, ends[i]);
        if (end != NULL)
            length = WEFT_MIN(length, (size_t)(end - from));
    }
    while (length > 0 && strchr(" !.", from[length - 1]) != NULL)
        length--;
    snprintf(out, size, "%.*s", (int)WEFT_MIN(length, size - 1), from);
}

/* A word of capitals (DECIMAL) stays. */
static void lower_first(char *text)
{
    if (!isupper((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
}

static int people_bind(const struct weft_resolved_places *places, const char *said,
                       struct weft_error *error)
{
    char name[PEOPLE_NAME_MAX];
    if ((strstr(said, "Referenced column") != NULL ||
         strstr(said, "does not have a column") != NULL ||
         strstr(said, "not found in FROM clause") != NULL) &&
        quoted_part(said, name, sizeof(name))) {
        /* Table "t" does not have a column named "x": the second name is the column. */
        const char *named = strstr(said, "column named ");
        if (named != NULL)
            (void)quoted_part(named, name, sizeof(name));
        if (text_is_clean(name))
            return unknown_column(places, name, error);
    }
    if (strstr(said, "Referenced table") != NULL && quoted_part(said, name, sizeof(name)) &&
        text_is_clean(name)) {
        weft_error_set(error, WEFT_E_SQL, "there is no table \"%s\" in this FROM", name);
        return -1;
    }
    if (strstr(said, "Ambiguous reference") != NULL && quoted_part(said, name, sizeof(name)) &&
        text_is_clean(name)) {
        weft_error_set(error, WEFT_E_SQL, "the column \"%s\" could be of several tables", name);
        return weft_error_hint(error, "put the table's name or alias before it");
    }
    char text[PEOPLE_TEXT_MAX];
    first_sentence(said, text, sizeof(text));
    if (!text_is_clean(text) || text[0] == 0)
        return weft_error_set(error, WEFT_E_SQL, "the parts of this statement do not fit together");
    lower_first(text);
    weft_error_set(error, WEFT_E_SQL, "%s", text);
    if (strstr(text, "must appear in the GROUP BY") != NULL)
        return weft_error_hint(error, "add it to `group by`, or say which of its values you mean: "
                                      "max(x), any_value(x)");
    if (has_prefix(text, "no function matches"))
        return weft_error_hint(error, "cast what has another type: cast(x as integer), x::varchar");
    return -1;
}

/* Errors while rows are computed: these hold values. */
static int people_run(const struct weft_resolved_places *places, const char *said,
                      struct weft_error *error)
{
    char text[PEOPLE_TEXT_MAX];
    first_sentence(said, text, sizeof(text));
    bool conversion = has_prefix(said, "Conversion Error");
    bool range = has_prefix(said, "Out of Range Error");
    bool hidden = places != NULL && places->options.hide_values;
    if (places == NULL || places->guarded || hidden || !text_is_clean(text) || text[0] == 0) {
        weft_error_set(error, WEFT_E_SQL, "%s",
                       conversion ? "a value cannot be converted to the type that is asked for"
                       : range    ? "a value is out of range"
                                  : "the statement failed on a value");
        return hidden ? weft_error_hint(error, "which value, is not kept with the run: `weft "
                                               "preview` of the product tells it")
                      : -1;
    }
    lower_first(text);
    return weft_error_set(error, WEFT_E_SQL, "%s", text);
}

/* What DuckDB says of a file that is not whole. An error without any class comes from the reader of
 * Parquet's own structures. */
static bool is_damage(const char *said)
{
    static const char *const marks[] = {
        "magic bytes", "arquet", "Failed to read file", "TProtocol", "Snappy", "ZSTD", "ecompress",
        "orrupt",      "footer", "out of buffer",       "zstd"};
    if (has_prefix(said, "Invalid Error: "))
        return true;
    if (!has_prefix(said, "Invalid Input Error") && !has_prefix(said, "IO Error") &&
        !has_prefix(said, "Serialization Error"))
        return false;
    for (size_t i = 0; i < WEFT_COUNT(marks); i++)
        if (strstr(said, marks[i]) != NULL)
            return true;
    return false;
}

static int people_text(const struct weft_resolved_places *places, const char *said,
                       struct weft_error *error)
{
    if (is_damage(said)) {
        weft_error_set(error, WEFT_E_CORRUPT, "a file behind this statement is damaged");
        return weft_error_hint(error, "`weft verify` tells which");
    }
    if (strstr(said, "Max expression depth") != NULL || strstr(said, "recursion depth") != NULL) {
        weft_error_set(error, WEFT_E_LIMIT, "the statement is nested too deeply");
        return weft_error_hint(error, "take parts of it into WITH");
    }
    switch (error->code) {
    case WEFT_E_SQL:
        break;
    case WEFT_E_NOMEM:
        weft_error_set(error, WEFT_E_NOMEM, "the statement needs more memory than it may have");
        return weft_error_hint(error, "read fewer rows or columns, or group less finely");
    case WEFT_E_IO:
        return weft_error_set(error, WEFT_E_IO, "a file behind this statement cannot be read");
    case WEFT_E_NO_SPACE:
        return weft_error_set(error, WEFT_E_NO_SPACE, "the disk for temporary files is full");
    case WEFT_E_INTERNAL:
        return weft_error_set(error, WEFT_E_INTERNAL, "the engine failed on this statement");
    default:
        return -1;
    }
    if (places == NULL)
        return people_run(NULL, said, error);
    if (has_prefix(said, "Binder Error") || has_prefix(said, "Catalog Error") ||
        has_prefix(said, "Parser Error"))
        return people_bind(places, said, error);
    return people_run(places, said, error);
}

int weft_engine_error_for_people(const struct weft_resolved *resolved, struct weft_error *error)
{
    if (error == NULL)
        return -1;
    char said[sizeof(error->message)];
    char told[sizeof(error->detail)];
    memcpy(said, error->message, sizeof(said));
    memcpy(told, error->detail, sizeof(told));
    /* DuckDB's texts begin with their class; others are weft's own, or told before. */
    const struct weft_resolved_places *places = resolved == NULL ? NULL : resolved->places;
    if (strstr(said, "Error: ") == NULL && text_is_clean(said)) {
        if (places != NULL && error->code == WEFT_E_SQL && error->line == 0)
            resolve_place(&places->options, places->sql, places->length, RESOLVE_LOCATION_NO,
                          error);
        return -1;
    }
    error->detail[0] = 0;
    people_text(places, said, error);
    if (places == NULL || error->code != WEFT_E_SQL)
        return -1;
    int64_t location = resolve_place_told(places, told);
    char name[PEOPLE_NAME_MAX];
    if (location < 0 && error->line == 0 && quoted_part(said, name, sizeof(name)))
        location = resolve_find_word(places->sql, places->length, name);
    if (location >= 0 || error->line == 0)
        resolve_place(&places->options, places->sql, places->length, location, error);
    return -1;
}

int weft_resolved_query(struct weft_engine *engine, const struct weft_resolved *resolved,
                        const struct weft_param *params, size_t param_count,
                        struct weft_result **out, struct weft_error *error)
{
    if (weft_engine_query(engine, resolved->sql, params, param_count, out, error) == 0)
        return 0;
    return weft_engine_error_for_people(resolved, error);
}

int weft_resolved_check(struct weft_engine *engine, const struct weft_resolved *resolved,
                        struct weft_error *error)
{
    if (weft_engine_prepare(engine, resolved->sql, NULL, error) == 0)
        return 0;
    return weft_engine_error_for_people(resolved, error);
}

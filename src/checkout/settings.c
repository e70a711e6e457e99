/*
 * settings.c - the values of settings: default < weft.yaml < WEFT_<NAME> < flag.
 *
 * A value that is wrong leaves the one before it in force.
 */
#include "checkout/settings.h"

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "checkout/mesh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MIN ((int64_t)16 << 20)

enum setting_kind { SETTING_SIZE, SETTING_COUNT, SETTING_DURATION, SETTING_BOOL, SETTING_TEXT };

struct setting_entry {
    const char *name;
    enum setting_kind kind;
    const char *otherwise;
    const char *help;
};

static const struct setting_entry entries[WEFT_SETTING_COUNT] = {
#define SETTING_ENTRY(id, text, setting_kind, value, words)                                        \
    [WEFT_SETTING_##id] = {text, SETTING_##setting_kind, value, words},
    WEFT_SETTINGS(SETTING_ENTRY)
#undef SETTING_ENTRY
};

static const char *const kind_words[] = {"a size: 512MB, 4GB", "a whole number",
                                         "a duration: 30s, 10m, 1h", "true or false", "a text"};

const char *weft_setting_name(enum weft_setting setting)
{
    return entries[setting].name;
}

const char *weft_setting_help(enum weft_setting setting)
{
    return entries[setting].help;
}

/* With less memory nothing starts, and the engine would tell of it in its own words. */
static int64_t entry_min(const struct setting_entry *entry)
{
    return entry == &entries[WEFT_SETTING_MEMORY] ? MEMORY_MIN : 1;
}

/* False when the text is no value of this setting. An empty default stands for "worked out". */
static bool setting_read(const struct setting_entry *entry, const char *text, int64_t *number)
{
    *number = 0;
    switch (entry->kind) {
    case SETTING_SIZE:
        return weft_parse_size(text, number) && *number >= entry_min(entry);
    case SETTING_COUNT:
        return weft_parse_int64(text, strlen(text), number) && *number > 0;
    case SETTING_DURATION:
        return weft_duration_parse(text, number) && *number >= 0;
    case SETTING_BOOL:
        *number = strcmp(text, "true") == 0;
        return *number == 1 || strcmp(text, "false") == 0;
    default:
        return text[0] != '\0';
    }
}

static int setting_find(const char *name)
{
    for (int i = 0; i < WEFT_SETTING_COUNT; i++) {
        if (strcmp(entries[i].name, name) == 0)
            return i;
    }
    return -1;
}

int weft_settings_set(struct weft_settings *settings, const char *name, const char *value,
                      const char *origin, struct weft_error *error)
{
    int at = setting_find(name);
    if (at < 0) {
        const char *names[WEFT_SETTING_COUNT];
        for (int i = 0; i < WEFT_SETTING_COUNT; i++)
            names[i] = entries[i].name;
        weft_error_set(error, WEFT_E_USAGE, "`%.60s` is not a setting", name);
        const char *near = weft_suggest(name, names, WEFT_SETTING_COUNT);
        if (near != NULL)
            return weft_error_hint(error, "did you mean `%s`?", near);
        return weft_error_hint(error, "`weft settings` shows them all");
    }
    int64_t number;
    struct weft_setting_state *state = &settings->values[at];
    if (strlen(value) >= sizeof state->text || !setting_read(&entries[at], value, &number)) {
        weft_error_set(error, WEFT_E_USAGE, "`%.60s` is not a value of the setting `%s`", value,
                       name);
        return weft_error_hint(error, "it is %s%s", kind_words[entries[at].kind],
                               at == WEFT_SETTING_MEMORY ? ", at least 16MB" : "");
    }
    state->number = number;
    snprintf(state->text, sizeof state->text, "%s", value);
    snprintf(state->origin, sizeof state->origin, "%s", origin);
    return 0;
}

/* Defaults that are worked out from what this machine and its control group allow. */
static void settings_of_machine(struct weft_settings *settings)
{
    struct weft_setting_state *memory = &settings->values[WEFT_SETTING_MEMORY];
    memory->number = weft_system_memory_bytes() / 2;
    weft_format_size(memory->number, memory->text, sizeof memory->text);
    snprintf(memory->origin, sizeof memory->origin, "default: half of the memory allowed");
    struct weft_setting_state *threads = &settings->values[WEFT_SETTING_THREADS];
    threads->number = weft_system_cpus();
    snprintf(threads->text, sizeof threads->text, "%" PRId64, threads->number);
    snprintf(threads->origin, sizeof threads->origin, "default: the processors allowed");
}

static void settings_default(struct weft_settings *settings)
{
    *settings = (struct weft_settings){0};
    for (int i = 0; i < WEFT_SETTING_COUNT; i++) {
        struct weft_setting_state *state = &settings->values[i];
        snprintf(state->text, sizeof state->text, "%s", entries[i].otherwise);
        snprintf(state->origin, sizeof state->origin, "default");
        if (entries[i].otherwise[0] != '\0' && entries[i].kind != SETTING_TEXT) {
            bool good = setting_read(&entries[i], entries[i].otherwise, &state->number);
            assert(good);
            (void)good;
        }
    }
    settings_of_machine(settings);
}

static void environment_name(const char *name, char out[64])
{
    size_t length = (size_t)snprintf(out, 64, "WEFT_%s", name);
    for (size_t i = 0; i < length && i < 63; i++) {
        if (out[i] >= 'a' && out[i] <= 'z')
            out[i] = (char)(out[i] - 32);
    }
}

int weft_settings_load(struct weft_settings *settings, const struct weft_mesh *mesh,
                       struct weft_diag *diag, struct weft_error *error)
{
    struct weft_error wrong = WEFT_ERROR_INIT;
    settings_default(settings);
    for (size_t i = 0; mesh != NULL && i < mesh->setting_count; i++) {
        const struct weft_setting_value *value = &mesh->settings[i];
        char origin[600];
        snprintf(origin, sizeof origin, "%s:%d:%d", mesh->file == NULL ? "weft.yaml" : mesh->file,
                 value->place.line, value->place.column);
        if (weft_settings_set(settings, value->name, value->value, origin, &wrong) < 0)
            weft_diag_add(diag, WEFT_SEVERITY_ERROR, WEFT_E_INVALID, mesh->file, value->place.line,
                          value->place.column, wrong.hint, "%s", wrong.message);
        weft_error_clear(&wrong);
    }
    for (int i = 0; i < WEFT_SETTING_COUNT; i++) {
        char name[64];
        environment_name(entries[i].name, name);
        const char *value = getenv(name);
        if (value != NULL && value[0] != '\0' &&
            weft_settings_set(settings, entries[i].name, value, name, &wrong) < 0)
            weft_diag_add(diag, WEFT_SEVERITY_ERROR, WEFT_E_USAGE, name, 0, 0, wrong.hint, "%s",
                          wrong.message);
        weft_error_clear(&wrong);
    }
    return diag->out_of_memory ? weft_error_nomem(error) : 0;
}

int64_t weft_settings_number(const struct weft_settings *settings, enum weft_setting setting)
{
    return settings->values[setting].number;
}

const char *weft_settings_text(const struct weft_settings *settings, enum weft_setting setting)
{
    return settings->values[setting].text;
}

int weft_settings_page_print(struct weft_buf *out, struct weft_error *error)
{
    static const char *const kinds[] = {"size", "number", "duration", "true or false", "text"};
    weft_buf_adds(out, "# Settings\n\n"
                       "In rising order a value comes from the default, `settings:` in weft.yaml, "
                       "the environment variable,\nand a flag (`--set name=value`).\n\n"
                       "| setting | kind | default | variable | |\n|---|---|---|---|---|\n");
    for (int i = 0; i < WEFT_SETTING_COUNT; i++) {
        char name[64];
        environment_name(entries[i].name, name);
        weft_buf_addf(out, "| `%s` | %s | %s | `%s` | %s |\n", entries[i].name,
                      kinds[entries[i].kind],
                      entries[i].otherwise[0] == '\0' ? "worked out" : entries[i].otherwise, name,
                      entries[i].help);
    }
    return weft_buf_check(out, error);
}

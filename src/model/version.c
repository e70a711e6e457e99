/*
 * version.c - see version.h.
 */
#include "model/version.h"

#include "base/text.h"
#include "codec/yaml.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool weft_version_parse(const char *text, struct weft_version *out)
{
    int parts[3];
    for (size_t i = 0; i < WEFT_COUNT(parts); i++) {
        size_t length = strspn(text, "0123456789");
        int64_t value;
        if (length == 0 || length > 6 || (length > 1 && text[0] == '0') ||
            !weft_parse_int64(text, length, &value))
            return false;
        parts[i] = (int)value;
        text += length;
        if (*text != (i < 2 ? '.' : '\0'))
            return false;
        text += i < 2;
    }
    if (parts[0] > WEFT_VERSION_MAJOR_MAX)
        return false;
    *out = (struct weft_version){parts[0], parts[1], parts[2]};
    return true;
}

void weft_version_print(struct weft_version version, char out[WEFT_VERSION_TEXT])
{
    snprintf(out, WEFT_VERSION_TEXT, "%d.%d.%d", version.major, version.minor, version.patch);
}

struct weft_version weft_version_of(const struct weft_product *product)
{
    return (struct weft_version){product->major, product->minor, product->patch};
}

int weft_version_compare(struct weft_version a, struct weft_version b)
{
    if (a.major != b.major)
        return a.major < b.major ? -1 : 1;
    if (a.minor != b.minor)
        return a.minor < b.minor ? -1 : 1;
    return (a.patch > b.patch) - (a.patch < b.patch);
}

int weft_version_next(struct weft_version before, enum weft_change_class change,
                      struct weft_version *out, struct weft_error *error)
{
    struct weft_version next = {before.major, before.minor, before.patch + 1};
    if (change == WEFT_CHANGE_BREAKING && before.major > 0)
        next = (struct weft_version){before.major + 1, 0, 0};
    else if (change != WEFT_CHANGE_EDITORIAL)
        next = (struct weft_version){before.major, before.minor + 1, 0};
    if (next.major > WEFT_VERSION_MAJOR_MAX || next.minor > WEFT_VERSION_PART_MAX ||
        next.patch > WEFT_VERSION_PART_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "there is no version behind %d.%d.%d",
                              before.major, before.minor, before.patch);
    *out = next;
    return 0;
}

/* ---- into a file ---- */

struct bump {
    struct weft_arena *arena;
    const char *text;
    size_t length;
    const char *file;
    const char *version;
};

static int bump_parse(struct bump *bump, const char *text, size_t length,
                      const struct weft_yaml **out, struct weft_error *error)
{
    struct weft_diag diag;
    weft_diag_init(&diag);
    int rc = weft_yaml_parse(bump->arena, text, length, bump->file, &diag, out, error);
    if (rc > 0)
        rc = weft_diag_check(&diag, error);
    weft_diag_release(&diag);
    if (rc == 0 && (*out == NULL || (*out)->kind != WEFT_YAML_MAPPING))
        rc = weft_error_set(error, WEFT_E_INVALID, "%s is no product file: it has no keys",
                            bump->file);
    return rc;
}

static const struct weft_yaml *version_find(const struct weft_yaml *root)
{
    for (size_t i = 0; i < root->count; i++) {
        if (strcmp(root->keys[i].text, "version") == 0)
            return root->items[i];
    }
    return NULL;
}

/* The byte at a place, which counts characters. */
static size_t place_offset(const struct bump *bump, struct weft_yaml_place place)
{
    size_t at = 0;
    for (int line = 1; line < place.line; line++) {
        const char *end = memchr(bump->text + at, '\n', bump->length - at);
        if (end == NULL)
            return bump->length;
        at = (size_t)(end - bump->text) + 1;
    }
    if (at == 0 && bump->length >= 3 && memcmp(bump->text, "\xEF\xBB\xBF", 3) == 0)
        at = 3;
    for (int column = 1; column < place.column && at < bump->length; column++) {
        at++;
        while (at < bump->length && ((unsigned char)bump->text[at] & 0xC0) == 0x80)
            at++;
    }
    return at;
}

static int bump_replace(const struct bump *bump, const struct weft_yaml *node, struct weft_buf *out,
                        struct weft_error *error)
{
    size_t at = place_offset(bump, node->text_place);
    if (node->kind != WEFT_YAML_SCALAR || bump->length - at < node->length ||
        memcmp(bump->text + at, node->text, node->length) != 0) {
        weft_error_set(error, WEFT_E_INVALID, "the version of %s is not written plainly",
                       bump->file);
        weft_error_at(error, bump->file, node->place.line, node->place.column);
        return weft_error_hint(error, "write `version: %s`", bump->version);
    }
    size_t tail = at + strcspn(node->text, "\r\n"); /* the text of a block ends with its line */
    weft_buf_add(out, bump->text, at);
    weft_buf_adds(out, bump->version);
    weft_buf_add(out, bump->text + tail, bump->length - tail);
    return weft_buf_check(out, error);
}

static int bump_insert(const struct bump *bump, const struct weft_yaml *root, struct weft_buf *out,
                       struct weft_error *error)
{
    const struct weft_yaml_key *first = &root->keys[0];
    size_t at = place_offset(bump, first->place);
    size_t line = at;
    while (line > 0 && bump->text[line - 1] == ' ')
        line--;
    const char *end = memchr(bump->text + at, '\n', bump->length - at);
    bool windows = end != NULL && end > bump->text && end[-1] == '\r';
    bool alone = line == 0 || bump->text[line - 1] == '\n' ||
                 (line == 3 && (unsigned char)bump->text[0] == 0xEF);
    if (!alone) { /* {name: a, ...}: behind the brace */
        weft_buf_add(out, bump->text, at);
        weft_buf_addf(out, "version: %s, ", bump->version);
    } else {
        weft_buf_add(out, bump->text, at);
        weft_buf_addf(out, "version: %s%s", bump->version, windows ? "\r\n" : "\n");
        weft_buf_add(out, bump->text + line, at - line);
    }
    weft_buf_add(out, bump->text + at, bump->length - at);
    return weft_buf_check(out, error);
}

/* Whatever was written, the file says so now. */
static int bump_verify(struct bump *bump, const struct weft_buf *out, struct weft_error *error)
{
    const struct weft_yaml *root = NULL;
    WEFT_TRY(bump_parse(bump, out->data, out->length, &root, error));
    const struct weft_yaml *node = version_find(root);
    size_t length = strlen(bump->version);
    if (node != NULL && strncmp(node->text, bump->version, length) == 0 &&
        node->text[length + strspn(node->text + length, "\r\n")] == '\0')
        return 0;
    weft_error_set(error, WEFT_E_INVALID, "the version cannot be written into %s", bump->file);
    return weft_error_hint(error, "write `version: %s` yourself", bump->version);
}

int weft_product_bump_text(const char *text, size_t length, const char *file, const char *version,
                           struct weft_buf *out, struct weft_error *error)
{
    struct weft_version parsed;
    const struct weft_yaml *root = NULL;
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (!weft_version_parse(version, &parsed))
        return weft_error_set(error, WEFT_E_USAGE, "`%.60s` is not a version: it has three numbers",
                              version);
    if (arena == NULL)
        return weft_error_nomem(error);
    struct bump bump = {
        .arena = arena, .text = text, .length = length, .file = file, .version = version};
    WEFT_TRY(bump_parse(&bump, text, length, &root, error));
    const struct weft_yaml *node = version_find(root);
    if (node == NULL && root->count == 0)
        return weft_error_set(error, WEFT_E_INVALID, "%s is no product file: it has no keys", file);
    struct weft_buf made;
    weft_buf_init(&made, length + 100);
    int rc = node != NULL ? bump_replace(&bump, node, &made, error)
                          : bump_insert(&bump, root, &made, error);
    if (rc == 0)
        rc = bump_verify(&bump, &made, error);
    if (rc == 0) {
        weft_buf_add(out, made.data, made.length);
        rc = weft_buf_check(out, error);
    }
    weft_buf_release(&made);
    return rc;
}

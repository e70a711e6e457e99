/*
 * outcome.c - figures and broken rules of a run.
 */
#include "app/outcome.h"

#include "plan/pins.h"

#include "base/text.h"

#include <string.h>

int weft_outcome_check_tell(const struct weft_outcome_check *check, struct weft_out *out,
                            struct weft_error *error)
{
    static const char *const words[] = {"quarantined", "blocked", "warned"};
    char failing[32], total[32];
    if (check->passed)
        return 0;
    weft_format_count(check->failing, failing, sizeof failing);
    weft_format_count(check->total, total, sizeof total);
    enum weft_style style =
        check->on_fail == WEFT_ON_FAIL_BLOCK ? WEFT_STYLE_BAD : WEFT_STYLE_CHANGED;
    /* A table rule speaks of the whole: its message has the figures. */
    if (check->message != NULL && strcmp(check->kind, "table") == 0)
        return weft_out_line(out, style, error, "    %-11s %s: %s", words[check->on_fail],
                             check->rule, check->message);
    return weft_out_line(out, style, error, "    %-11s %s: %s%s%s%s%s", words[check->on_fail],
                         check->rule, failing, check->total > 0 ? " of " : "",
                         check->total > 0 ? total : "", check->message == NULL ? "" : ": ",
                         check->message == NULL ? "" : check->message);
}

/* What a registered contract is called as a file (weft_product_from_document). */
#define DOCUMENT "registered document"

/* Where a text of SQL stands in the checkout's file. */
struct sql_place {
    const char *file;
    struct weft_place place;
    int indent;
};

/* `text`: behind DOCUMENT, "#check" for that of a check, "" for that of the product. */
static struct sql_place sql_place_of(struct weft_arena *arena, const struct weft_product *file,
                                     const char *text)
{
    for (size_t i = 0; text[0] == '#' && i < file->quality.check_count; i++) {
        const struct weft_check *check = &file->quality.checks[i];
        if (strcmp(check->name, text + 1) == 0)
            return (struct sql_place){file->file, check->place, check->indent};
    }
    if (text[0] == '#' || (file->sql == NULL && file->graph == NULL))
        return (struct sql_place){.indent = -1};
    return (struct sql_place){weft_pins_file(arena, file),
                              file->graph != NULL ? file->graph->edges_place : file->sql_place,
                              file->graph != NULL ? file->graph->edges_indent : file->sql_indent};
}

void weft_outcome_place(const struct weft_mesh *mesh, const struct weft_product *contract,
                        struct weft_error *error)
{
    const size_t length = strlen(DOCUMENT);
    if (error->line == 0 || strncmp(error->file, DOCUMENT, length) != 0 ||
        (error->file[length] != '\0' && error->file[length] != '#'))
        return;
    char text[sizeof error->file];
    memcpy(text, error->file + length, strlen(error->file + length) + 1);
    error->file[0] = '\0';
    const struct weft_product *file =
        mesh == NULL ? NULL : weft_mesh_product(mesh, contract->full_name, contract->major);
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    if (file == NULL || arena == NULL || strcmp(file->digest, contract->digest) != 0)
        return;
    struct sql_place of = sql_place_of(arena, file, text);
    if (of.indent < 0 || of.place.line == 0)
        return;
    int column = error->column + (error->line == 1 ? of.place.column - 1 : of.indent);
    (void)weft_error_at(error, of.file, error->line + of.place.line - 1, column);
}

static void checks_json(const struct weft_outcome *outcome, struct weft_json_writer *json)
{
    weft_json_key(json, "checks");
    weft_json_begin_array(json);
    for (size_t i = 0; i < outcome->check_count; i++) {
        const struct weft_outcome_check *check = &outcome->checks[i];
        weft_json_begin_object(json);
        weft_json_member_text(json, "rule", check->rule);
        weft_json_member_text(json, "kind", check->kind);
        weft_json_member_text(json, "on_fail", weft_on_fail_name(check->on_fail));
        weft_json_member_bool(json, "passed", check->passed);
        weft_json_member_int(json, "failing", check->failing);
        weft_json_member_int(json, "total", check->total);
        weft_json_key(json, "value");
        weft_json_put_double(json, check->value);
        weft_json_member_text(json, "message", check->message);
        weft_json_end_object(json);
    }
    weft_json_end_array(json);
}

void weft_outcome_figures_json(const struct weft_outcome *outcome, struct weft_json_writer *json)
{
    const struct weft_balance *balance = &outcome->balance;
    weft_json_member_int(json, "read", balance->read);
    weft_json_member_int(json, "accepted", balance->accepted);
    weft_json_member_int(json, "made", balance->made);
    weft_json_member_int(json, "published", balance->published);
    weft_json_member_int(json, "quarantined",
                         balance->input_quarantined + balance->output_quarantined);
    weft_json_member_int(json, "superseded", balance->superseded);
    checks_json(outcome, json);
}

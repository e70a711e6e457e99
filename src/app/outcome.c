/*
 * outcome.c - figures and broken rules of a run.
 */
#include "app/outcome.h"

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

/*
 * change_rules.c - the table of what a change is to others, and its page.
 */
#include "model/change_rules.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define ED WEFT_CHANGE_EDITORIAL
#define CO WEFT_CHANGE_COMPATIBLE
#define BR WEFT_CHANGE_BREAKING

const struct weft_change_rule weft_change_rules[CHANGE_KIND_COUNT] = {
    [CHANGE_WORDS] = {"words",
                      "owner, description, tags, type, terms, tests, `means`, `was` of a product",
                      ED, "words for people; the data stays the same", ED,
                      "nothing that is delivered changes", WEFT_REACH_NONE},
    [CHANGE_VERSION] = {"version", "version", ED, "a version alone changes nothing", ED,
                        "nothing that is delivered changes", WEFT_REACH_NONE},
    [CHANGE_NAME] = {"name", "the product is renamed", BR,
                     "readers name the product by its old name", CO,
                     "its files and its history stay", WEFT_REACH_TABLE},
    [CHANGE_GOVERNANCE] = {"governance", "regulations, `discoverable`, classification of a field",
                           CO, "other rules of governance may apply", CO,
                           "other rules of governance may apply", WEFT_REACH_NONE},
    [CHANGE_STATUS] = {"status", "status, other than retired", CO, "the product can still be read",
                       ED, "nothing that is delivered changes", WEFT_REACH_NONE},
    [CHANGE_RETIRED] = {"retired", "status: retired", BR, "the product is given up", BR,
                        "nothing is taken any more", WEFT_REACH_TABLE},
    [CHANGE_DEPRECATED] = {"deprecated", "`deprecated`", ED,
                           "readers are told to move; the data stays the same", ED,
                           "nothing that is delivered changes", WEFT_REACH_TABLE},
    [CHANGE_INPUT] = {"input", "inputs", CO, "where the data comes from; the contract stays", CO,
                      "what is delivered, and where, may change", WEFT_REACH_NONE},
    [CHANGE_WRITE] = {"write", "`write`", BR, "the table would mean something else", BR,
                      "what a delivery means changes", WEFT_REACH_TABLE},
    [CHANGE_TRANSFORM] = {"transform", "`sql`, `graph`, `order_by`", CO,
                          "the contract stays, values may differ", ED,
                          "nothing that is delivered changes", WEFT_REACH_VALUES},
    [CHANGE_STORAGE] = {"storage", "location, partition, sort", CO,
                        "how the table is stored; readers see no difference", ED,
                        "nothing that is delivered changes", WEFT_REACH_NONE},
    [CHANGE_KEY] = {"key", "key", BR, "readers and upserts go by the key", BR,
                    "which rows are one and the same changes", WEFT_REACH_TABLE},
    [CHANGE_SCHEMA_WRITTEN] = {"schema.declared", "a schema where columns were detected", CO,
                               "the columns were detected and are now declared; checked when run",
                               CO, "what is delivered is checked against it", WEFT_REACH_NONE},
    [CHANGE_SCHEMA_DROPPED] = {"schema.given_up", "no schema any more", BR,
                               "the columns are no longer promised", CO, "any columns are taken",
                               WEFT_REACH_TABLE},
    [CHANGE_FIELD_ADDED] = {"field.added", "a field is added", CO,
                            "readers that do not know it are not disturbed", CO,
                            "it may be left out", WEFT_REACH_NONE},
    [CHANGE_FIELD_ADDED_REQUIRED] = {"field.added_required", "a required field is added", CO,
                                     "readers that do not know it are not disturbed", BR,
                                     "rows and writers so far have no value for it",
                                     WEFT_REACH_NONE},
    [CHANGE_FIELD_REMOVED] = {"field.removed", "a field is removed", BR, "readers may use it", CO,
                              "it need not be delivered", WEFT_REACH_COLUMN},
    [CHANGE_FIELD_RENAMED] = {"field.renamed", "a field is renamed (`was:`)", BR,
                              "readers use its old name", BR,
                              "files have its old name, unless the input port says `from:`",
                              WEFT_REACH_COLUMN},
    [CHANGE_FIELD_ORDER] = {"field.order", "the order of fields", CO, "readers go by name", CO,
                            "columns of files go by name", WEFT_REACH_NONE},
    [CHANGE_TYPE_WIDER] = {"type.wider", "a type that holds every value of the one before", CO,
                           "every value so far fits", CO, "what was delivered so far fits",
                           WEFT_REACH_COLUMN},
    [CHANGE_TYPE_NESTED_ADDED] = {"type.nested_added", "a nested field is added", CO,
                                  "nested fields were added; the others stay", CO,
                                  "it may be left out", WEFT_REACH_NONE},
    [CHANGE_TYPE_OTHER] = {"type.other", "any other type", BR,
                           "values so far, and readers, have the old type", BR,
                           "what was delivered so far may not fit", WEFT_REACH_COLUMN},
    [CHANGE_NOW_REQUIRED] = {"required.added", "a field becomes required", CO,
                             "there is always a value", BR,
                             "rows and writers so far may have no value", WEFT_REACH_NONE},
    [CHANGE_NOT_REQUIRED] = {"required.dropped", "a field is required no longer", BR,
                             "readers rely on there being a value", CO, "a value may be left out",
                             WEFT_REACH_COLUMN},
    [CHANGE_ENUM_GROWN] = {"enum.grown", "an enum has more values", CO,
                           "values may come that no reader knows yet", CO,
                           "all values so far are taken", WEFT_REACH_COLUMN},
    [CHANGE_RULE_TIGHTER] = {"rule.tighter", "a rule of a field is added or tightened", CO,
                             "fewer rows pass; what a row is stays", CO,
                             "rows that passed so far may be set aside", WEFT_REACH_NONE},
    [CHANGE_RULE_LOOSER] = {"rule.looser", "a rule of a field is dropped or loosened", CO,
                            "values may come that were set aside so far", CO,
                            "all rows so far pass", WEFT_REACH_COLUMN},
    [CHANGE_RULE] = {"rule.other", "another pattern, enum or reference", CO,
                     "which rows pass changes, not what a row is", CO,
                     "rows that passed so far may be set aside", WEFT_REACH_COLUMN},
    [CHANGE_UNIQUE_DROPPED] = {"unique.dropped", "a field is unique no longer", BR,
                               "readers that join by it meet a value twice", CO,
                               "all rows so far pass", WEFT_REACH_COLUMN},
    [CHANGE_ON_FAIL] = {"rule.on_fail", "`on_fail` of a rule", CO,
                        "what happens to rows that break a rule", CO,
                        "what happens to rows that break a rule", WEFT_REACH_NONE},
    [CHANGE_QUALITY_TIGHTER] = {"quality.tighter",
                                "a check or bound of `quality` is added or tightened", CO,
                                "more is promised about the whole table", CO,
                                "what passed so far may be blocked", WEFT_REACH_NONE},
    [CHANGE_QUALITY_LOOSER] = {"quality.looser",
                               "a check or bound of `quality` is dropped or loosened", CO,
                               "less is promised about the whole table", CO,
                               "what passed so far passes", WEFT_REACH_TABLE},
    [CHANGE_QUALITY] = {"quality.other", "another check", CO,
                        "what is promised about the whole table", CO,
                        "what passed so far may be blocked", WEFT_REACH_NONE},
    [CHANGE_SERVICE_RAISED] = {"service.raised", "freshness: sooner than before", CO,
                               "a better service is promised", CO, "it must be delivered sooner",
                               WEFT_REACH_NONE},
    [CHANGE_SERVICE_LOWERED] = {"service.lowered",
                                "freshness: later than before, or promised no longer", CO,
                                "readers that count on it get data later; the data stays the same",
                                CO, "it may be delivered later", WEFT_REACH_TABLE},
    [CHANGE_OPERATION] = {"operation", "`run`, `retention`", CO, "how the product is run and kept",
                          ED, "nothing that is delivered changes", WEFT_REACH_NONE},
    [CHANGE_ACCESS] = {"access", "`access`, `protect`, `outputs`", CO,
                       "who may read; the data stays the same", ED,
                       "nothing that is delivered changes", WEFT_REACH_NONE},
};

const char *weft_change_class_name(enum weft_change_class change_class)
{
    static const char *const names[] = {"editorial", "compatible", "breaking"};
    return names[change_class];
}

void weft_deprecated_print(const struct weft_deprecated *deprecated, struct weft_buf *out)
{
    if (deprecated->since != NULL)
        weft_buf_addf(out, ", since %s", deprecated->since);
    if (deprecated->sunset != NULL)
        weft_buf_addf(out, ", until %s", deprecated->sunset);
    if (deprecated->replaced_by != NULL)
        weft_buf_addf(out, ": read %s instead", deprecated->replaced_by);
}

/* ---- bounds ---- */

/* A number with an optional unit; false for anything else. Months and years are none of these. */
static bool amount_read(const char *text, double *out)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"", 1},     {"%", 0.01},  {"s", 1},      {"m", 60},
                 {"h", 3600}, {"d", 86400}, {"w", 604800}, {"y", 31536000}};
    char *end;
    *out = strtod(text, &end);
    if (end == text)
        return false;
    for (size_t i = 0; i < WEFT_COUNT(units); i++) {
        if (strcmp(end, units[i].unit) == 0) {
            *out *= units[i].factor;
            return true;
        }
    }
    return false;
}

static bool is_date(const char *text)
{
    return strspn(text, "0123456789") == 4 && text[4] == '-';
}

enum weft_bound_move weft_bound_compare(const char *before, const char *after)
{
    double a, b;
    if (amount_read(before, &a) && amount_read(after, &b))
        return b > a ? WEFT_BOUND_UP : b < a ? WEFT_BOUND_DOWN : WEFT_BOUND_UNKNOWN;
    if (!is_date(before) || !is_date(after) || strcmp(before, after) == 0)
        return WEFT_BOUND_UNKNOWN;
    return strcmp(after, before) > 0 ? WEFT_BOUND_UP : WEFT_BOUND_DOWN;
}

enum weft_change_kind weft_quality_kind(const char *path, const char *before, const char *after)
{
    bool service = strncmp(path, "quality.freshness", 17) == 0;
    enum weft_change_kind tighter = service ? CHANGE_SERVICE_RAISED : CHANGE_QUALITY_TIGHTER;
    enum weft_change_kind looser = service ? CHANGE_SERVICE_LOWERED : CHANGE_QUALITY_LOOSER;
    if (weft_ends_in(path, ".on_fail"))
        return CHANGE_ON_FAIL;
    if (before == NULL || after == NULL) {
        if (weft_ends_in(path, ".description") || weft_ends_in(path, ".freshness.field"))
            return CHANGE_QUALITY;
        return before == NULL ? tighter : looser;
    }
    bool at_most = service || weft_ends_in(path, ".max") || weft_ends_in(path, ".change") ||
                   weft_ends_in(path, ".quarantine_max");
    bool at_least = weft_ends_in(path, ".min") || strncmp(path, "quality.completeness", 20) == 0;
    enum weft_bound_move move = weft_bound_compare(before, after);
    if ((!at_most && !at_least) || move == WEFT_BOUND_UNKNOWN)
        return CHANGE_QUALITY;
    return (move == WEFT_BOUND_UP) == at_least ? tighter : looser;
}

/* ---- the page ---- */

int weft_changes_page_print(struct weft_buf *out, struct weft_error *error)
{
    static const char *const reaches[] = {"nobody", "who reads the field", "every reader",
                                          "every reader, by values"};
    weft_buf_adds(
        out,
        "# Changes of a contract\n\nMade from the table that `plan` and `bump` go by. A change is "
        "of the worse of its two classes;\na version is a new major when the worst change is "
        "breaking, a minor when it is compatible, a patch when\nit is editorial. While a product "
        "is 0.x, `status: draft` or in the environment `dev`, breaking changes are\nallowed in "
        "place. `plan` names who is reached.\n\n"
        "| change | what | for readers | for writers | reaches |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < CHANGE_KIND_COUNT; i++) {
        const struct weft_change_rule *rule = &weft_change_rules[i];
        weft_buf_addf(out, "| `%s` | %s | %s: %s | %s: %s | %s |\n", rule->id, rule->what,
                      weft_change_class_name(rule->readers), rule->readers_why,
                      weft_change_class_name(rule->writers), rule->writers_why,
                      reaches[rule->reach]);
    }
    weft_buf_adds(out, "\nA nested field that is renamed is refused: nested fields are read by "
                       "name.\n");
    return weft_buf_check(out, error);
}

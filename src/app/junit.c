/*
 * junit.c - trials as JUnit XML: a <testsuite> for each product, a <testcase> for each test.
 *
 * There is no standard; this is the part of the schema that Jenkins and GitLab read. Texts are
 * hostile: what XML 1.0 cannot say, not even escaped, becomes U+FFFD.
 */
#include "app/trials.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* U+FFFE and U+FFFF are no characters of XML; surrogates cannot stand in valid UTF-8. */
static bool is_noncharacter(const char *at, size_t left)
{
    return left >= 3 && memcmp(at, "\xef\xbf", 2) == 0 &&
           ((unsigned char)at[2] == 0xbe || (unsigned char)at[2] == 0xbf);
}

static void xml_add(struct weft_buf *out, const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        size_t rest = length - i;
        if (c == '&')
            weft_buf_adds(out, "&amp;");
        else if (c == '<')
            weft_buf_adds(out, "&lt;");
        else if (c == '>')
            weft_buf_adds(out, "&gt;");
        else if (c == '"')
            weft_buf_adds(out, "&quot;");
        else if (c == '\n' || c == '\t' || c == '\r')
            weft_buf_addf(out, "&#%d;", c);
        else if (c < 0x20 || c == 0x7f)
            weft_buf_adds(out, REPLACEMENT);
        else if (c < 0x80)
            weft_buf_addc(out, (char)c);
        else if (is_noncharacter(text + i, rest)) {
            weft_buf_adds(out, REPLACEMENT);
            i += 2;
        } else {
            size_t size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
            if (size > rest || weft_utf8_valid(text + i, size) != size) {
                weft_buf_adds(out, REPLACEMENT);
                continue;
            }
            weft_buf_add(out, text + i, size);
            i += size - 1;
        }
    }
}

static void attribute(struct weft_buf *out, const char *name, const char *text)
{
    weft_buf_addf(out, " %s=\"", name);
    xml_add(out, text);
    weft_buf_addc(out, '"');
}

static void seconds(struct weft_buf *out, int64_t us)
{
    weft_buf_addf(out, " time=\"%" PRId64 ".%03d\"", us / 1000000, (int)(us / 1000 % 1000));
}

static void failure_print(struct weft_buf *out, const struct weft_trial *trial)
{
    bool warned = trial->state == WEFT_TRIAL_WARNED;
    const char *message = trial->message == NULL ? "the rows differ" : trial->message;
    weft_buf_addf(out, "      <%s", warned ? "system-out" : "failure");
    if (!warned) {
        attribute(out, "message", message);
        attribute(out, "type", trial->rule ? "rule" : "example");
    }
    weft_buf_addc(out, '>');
    if (warned)
        xml_add(out, message);
    if (trial->details != NULL)
        xml_add(out, trial->details);
    weft_buf_addf(out, "</%s>\n", warned ? "system-out" : "failure");
}

static void case_print(struct weft_buf *out, const struct weft_trial *trial)
{
    weft_buf_adds(out, "    <testcase");
    attribute(out, "classname", trial->product);
    attribute(out, "name", trial->name);
    if (trial->file != NULL)
        attribute(out, "file", trial->file);
    if (trial->place.line > 0)
        weft_buf_addf(out, " line=\"%d\"", trial->place.line);
    seconds(out, trial->duration_us);
    if (trial->state == WEFT_TRIAL_PASSED) {
        weft_buf_adds(out, "/>\n");
        return;
    }
    weft_buf_adds(out, ">\n");
    failure_print(out, trial);
    weft_buf_adds(out, "    </testcase>\n");
}

/* Trials of one product stand together. */
static size_t suite_print(const struct weft_trials *trials, size_t from, struct weft_buf *out)
{
    const struct weft_trial *items = trials->items;
    size_t end = from, failed = 0;
    int64_t us = 0;
    for (; end < trials->count && strcmp(items[end].product, items[from].product) == 0; end++) {
        failed += items[end].state == WEFT_TRIAL_FAILED;
        us += items[end].rule ? 0 : items[end].duration_us;
    }
    weft_buf_adds(out, "  <testsuite");
    attribute(out, "name", items[from].product);
    weft_buf_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\"", end - from,
                  failed);
    seconds(out, us);
    weft_buf_adds(out, ">\n");
    for (size_t i = from; i < end; i++)
        case_print(out, &items[i]);
    weft_buf_adds(out, "  </testsuite>\n");
    return end;
}

void weft_junit_print(const struct weft_trials *trials, struct weft_buf *out)
{
    weft_buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"weft\"");
    weft_buf_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\"", trials->count,
                  trials->failed);
    seconds(out, weft_clock_mono_us() - trials->started_us);
    weft_buf_adds(out, ">\n");
    for (size_t i = 0; i < trials->count;)
        i = suite_print(trials, i, out);
    weft_buf_adds(out, "</testsuites>\n");
}

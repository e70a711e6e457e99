/*
 * split_test.c - the splitter against a reader that takes one byte after the other, on every short
 * text of the bytes that matter; and where the records of a file begin.
 */
#include "codec/csv.h"
#include "flow/job_test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX 16
#define CELLS_MAX 3

struct cell {
    char text[TEXT_MAX];
    size_t length;
    bool quoted;
};

struct record {
    size_t at;
    bool bad;
    struct cell cells[CELLS_MAX];
};

struct records {
    struct record items[TEXT_MAX + 1];
    size_t count;
    size_t end;      /* of the last whole record or empty line */
    int64_t open_at; /* of a quote that is open at the end */
};

/* One record from *at; false when it is not whole. */
static bool slow_record(const char *text, size_t length, size_t cells, size_t *at,
                        struct record *out, int64_t *open_at)
{
    size_t i = *at, count = 0;
    *out = (struct record){.at = i};
    for (;; i++, count++) {
        struct cell cell = {0};
        if (i < length && text[i] == '"') {
            size_t open = i++;
            cell.quoted = true;
            for (;; i++) {
                if (i >= length) {
                    *open_at = (int64_t)open;
                    return false;
                }
                if (text[i] == '"' && (i + 1 >= length || text[i + 1] != '"'))
                    break;
                i += text[i] == '"';
                cell.text[cell.length++] = text[i];
            }
            i++;
            bool clean = i < length && (text[i] == ',' || text[i] == '\n' ||
                                        (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n'));
            out->bad |= !clean;
            while (i < length && text[i] != ',' && text[i] != '\n')
                i++;
        } else {
            while (i < length && text[i] != ',' && text[i] != '\n')
                cell.text[cell.length++] = text[i++];
            if (i < length && text[i] == '\n' && cell.length > 0 &&
                cell.text[cell.length - 1] == '\r')
                cell.length--;
        }
        if (i >= length)
            return false;
        if (count < cells)
            out->cells[count] = cell;
        if (text[i] == '\n')
            break;
    }
    out->bad |= count + 1 != cells;
    *at = i + 1;
    return true;
}

static void slow_read(const char *text, size_t length, size_t cells, struct records *out)
{
    size_t at = 0;
    *out = (struct records){.open_at = -1};
    while (at < length) {
        size_t blank = text[at] == '\n' ? 1 : 0;
        if (text[at] == '\r' && at + 1 < length && text[at + 1] == '\n')
            blank = 2;
        if (cells > 1 && blank > 0)
            at += blank;
        else if (slow_record(text, length, cells, &at, &out->items[out->count], &out->open_at))
            out->count++;
        else
            return;
        out->end = at;
    }
}

static void one_block(const char *text, size_t begin, size_t end, size_t cells, size_t row_max,
                      const struct records *expected, size_t *record)
{
    static const int map[CELLS_MAX] = {0, 1, 2};
    uint32_t first[CELLS_MAX * 4] = {0}, size[CELLS_MAX * 4] = {0};
    int64_t ids[4];
    uint8_t bad[4];
    char *data = calloc(1, end - begin + WEFT_CSV_PAD);
    uint32_t *index = calloc(end - begin + 1, sizeof *index);
    memcpy(data, text + begin, end - begin);
    struct weft_csv split = {.delimiter = ',',
                             .quote = '"',
                             .cells = cells,
                             .map = map,
                             .slots = cells,
                             .row_max = row_max,
                             .data = data,
                             .length = end - begin,
                             .base = (int64_t)begin,
                             .index = index,
                             .begin = first,
                             .size = size,
                             .ids = ids,
                             .bad = bad};
    weft_csv_index(&split);
    for (size_t rows; (rows = weft_csv_batch(&split)) > 0;) {
        for (size_t row = 0; row < rows; row++, ++*record) {
            assert_true(*record < expected->count);
            const struct record *want = &expected->items[*record];
            assert_int_equal(ids[row], want->at);
            assert_int_equal(bad[row], want->bad);
            for (size_t c = 0; c < cells && !bad[row]; c++) {
                uint32_t n = size[c * row_max + row];
                assert_int_equal(n & ~WEFT_CSV_QUOTED, want->cells[c].length);
                assert_int_equal((n & WEFT_CSV_QUOTED) != 0, want->cells[c].quoted);
                assert_memory_equal(data + first[c * row_max + row], want->cells[c].text,
                                    want->cells[c].length);
            }
        }
    }
    assert_int_equal(split.position, end - begin); /* no byte is left */
    free(index);
    free(data);
}

static void compare(const char *text, size_t length, size_t cells)
{
    struct records expected;
    int64_t open_at;
    slow_read(text, length, cells, &expected);
    char *copy = malloc(length + 1); /* exact, for AddressSanitizer */
    memcpy(copy, text, length);
    size_t end = weft_csv_end(copy, length, ',', '"', &open_at);
    free(copy);
    assert_int_equal(end, expected.end);
    assert_int_equal(open_at, expected.open_at);
    /* In one block, and cut at each place where a cut may be. */
    for (size_t cut = 0; cut <= end; cut++) {
        size_t record = 0;
        size_t first = weft_csv_end(text, cut, ',', '"', &open_at);
        if (first != cut)
            continue;
        one_block(text, 0, first, cells, 1 + cut % 3, &expected, &record);
        one_block(text, first, end, cells, 1 + cut % 4, &expected, &record);
        assert_int_equal(record, expected.count);
    }
}

static void test_every_short_text(void **state)
{
    (void)state;
    static const char bytes[] = "a,\"\n\r";
    for (size_t length = 0; length <= 7; length++) {
        size_t texts = 1;
        for (size_t i = 0; i < length; i++)
            texts *= 5;
        for (size_t n = 0; n < texts; n++) {
            char text[8];
            for (size_t i = 0, rest = n; i < length; i++, rest /= 5)
                text[i] = bytes[rest % 5];
            compare(text, length, 1 + n % 3);
        }
    }
}

/* Longer ones, with more line ends and quotes at the places that matter. */
static void test_random_texts(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252;
    for (int n = 0; n < 100000; n++) {
        char text[TEXT_MAX];
        for (size_t i = 0; i < TEXT_MAX; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            text[i] = "aab,,,\"\"\"\n\n\n\r"[random % 13];
        }
        compare(text, TEXT_MAX, 1 + (size_t)n % 3);
    }
}

/* A block that does not keep the contract (its last quote is open) is a bad record, no more. */
static void test_open_quote_in_block(void **state)
{
    (void)state;
    static const char *const texts[] = {"\"a\n", "a,\"\n", "a,\"b\"\"\n", "\"\n",
                                        "1,2\n3,\"x\ny\n"};
    static const int map[2] = {0, 1};
    for (size_t i = 0; i < WEFT_COUNT(texts); i++) {
        size_t length = strlen(texts[i]);
        char *data = malloc(length + WEFT_CSV_PAD);
        memset(data, '"', length + WEFT_CSV_PAD); /* and what lies behind must not matter */
        memcpy(data, texts[i], length);
        uint32_t index[16], begin[8], size[8];
        int64_t ids[4];
        uint8_t bad[4] = {0};
        struct weft_csv split = {.delimiter = ',',
                                 .quote = '"',
                                 .cells = 2,
                                 .map = map,
                                 .slots = 2,
                                 .row_max = 4,
                                 .data = data,
                                 .length = length,
                                 .index = index,
                                 .begin = begin,
                                 .size = size,
                                 .ids = ids,
                                 .bad = bad};
        weft_csv_index(&split);
        size_t rows = weft_csv_batch(&split);
        assert_int_equal(rows, i == 4 ? 2 : 1);
        assert_int_equal(bad[rows - 1], 1);
        assert_int_equal(split.position, length);
        free(data);
    }
}

/* ---- where the records begin ---- */

#define DOC(options)                                                                               \
    "{\"domain\":\"d\",\"name\":\"p\",\"version\":\"1.0.0\","                                      \
    "\"input\":{\"files\":\"*.csv\",\"read\":\"all\"" options "},"                                 \
    "\"schema\":[{\"name\":\"id\",\"type\":\"long\",\"required\":true},"                           \
    "{\"name\":\"name\",\"type\":\"string\"}]}"

static const char plain_doc[] = DOC("");
static const char skip_doc[] = DOC(",\"options\":{\"skip\":1}");

static int setup(void **state)
{
    struct job_fixture *f = calloc(1, sizeof *f);
    job_setup(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    job_teardown(*state);
    free(*state);
    return 0;
}

static void published(struct job_fixture *f, const char *document, const char *text, int64_t rows)
{
    job_text(f, "a.csv", text);
    job_run(f, document, WEFT_JOB_RUN);
    if (f->outcome.state != WEFT_RUN_PUBLISHED)
        fail_msg("%s: %s", text, f->outcome.error.message);
    assert_int_equal(f->outcome.balance.published, rows);
}

static void refused(struct job_fixture *f, const char *document, const char *text, int64_t byte,
                    const char *message)
{
    job_text(f, "a.csv", text);
    job_run(f, document, WEFT_JOB_RUN);
    assert_int_equal(f->outcome.state, WEFT_RUN_FAILED);
    assert_int_equal(f->outcome.error.byte, byte);
    if (strstr(f->outcome.error.message, message) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", f->outcome.error.message, message);
}

static void test_byte_order_mark(void **state)
{
    struct job_fixture *f = *state;
    published(f, plain_doc, "\xEF\xBB\xBF\"id\",\"name\"\n1,a\n2,b\n", 2);
    published(f, plain_doc, "\xEF\xBB\xBF\"id\",\"na,me\",\"name\"\n1,,a\n", 1);
    published(f, plain_doc, "\xEF\xBB\xBF\"x\ny,\",id,name\n,1,a\n,2,b\n", 2);
    refused(f, plain_doc, "\xEF\xBB\xBF\"id,name\n1,a\n2,b\n", 3, "never closed");
}

static void test_skipped_lines(void **state)
{
    struct job_fixture *f = *state;
    published(f, skip_doc, "a report\nid,name\n1,a\n", 1);
    published(f, skip_doc, "\"a report\nid,name\n1,a\n", 1); /* quotes mean nothing there */
    published(f, skip_doc, "\xEF\xBB\xBF\"a \"report\"\"\nid,name\n1,\"a\nb\"\n", 1);
    refused(f, skip_doc, "\"a\n\"id,name\n1,a\n", 3, "never closed");
    refused(f, skip_doc, "only this", 0, "no header");
    refused(f, skip_doc, "only this\n", 0, "no header");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_short_text),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_open_quote_in_block),
        cmocka_unit_test_setup_teardown(test_byte_order_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(test_skipped_lines, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

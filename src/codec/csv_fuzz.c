/*
 * csv_fuzz.c - hostile text through the splitter, in one block and in two: the records, their
 * places and cells must be the same, and nothing outside the block may be touched. The first byte
 * chooses delimiter and quote.
 */
#include "base/mem.h"
#include "codec/csv.h"

#include <assert.h>
#include <stdlib.h>

#define CELLS 4
#define ROWS 16

struct digest {
    uint64_t records;
    uint64_t sum;
};

static void block_take(char delimiter, char quote, const char *text, size_t length, int64_t base,
                       struct digest *digest)
{
    static const int map[CELLS] = {0, 1, -1, 2};
    uint32_t begin[3 * ROWS] = {0};
    uint32_t size[3 * ROWS] = {0};
    int64_t ids[ROWS] = {0};
    uint8_t bad[ROWS] = {0};
    char *data = calloc(1, length + WEFT_CSV_PAD);
    uint32_t *index = calloc(length + 1, sizeof *index);
    memcpy(data, text, length);
    struct weft_csv split = {.delimiter = delimiter,
                             .quote = quote,
                             .cells = CELLS,
                             .map = map,
                             .slots = 3,
                             .row_max = ROWS,
                             .data = data,
                             .length = length,
                             .base = base,
                             .index = index,
                             .begin = begin,
                             .size = size,
                             .ids = ids,
                             .bad = bad};
    weft_csv_index(&split);
    for (size_t rows; (rows = weft_csv_batch(&split)) > 0;) {
        for (size_t row = 0; row < rows; row++) {
            uint64_t sum = (uint64_t)ids[row] * 31 + bad[row];
            for (size_t slot = 0; slot < 3; slot++) {
                uint32_t n = size[slot * ROWS + row];
                const char *cell = data + begin[slot * ROWS + row];
                assert(cell + (n & ~WEFT_CSV_QUOTED) <= data + length || bad[row]);
                for (uint32_t i = 0; i < (n & ~WEFT_CSV_QUOTED); i++)
                    sum = sum * 131 + (unsigned char)cell[i];
                sum = sum * 131 + n;
            }
            digest->records++;
            digest->sum += sum;
        }
    }
    assert(split.position == length || split.index_at == split.index_count);
    free(index);
    free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char delimiters[] = {',', ';', '\t', '|'};
    if (length < 2 || length > 100000)
        return 0;
    char delimiter = delimiters[bytes[0] & 3];
    char quote = (bytes[0] & 4) != 0 ? 0 : '"';
    size_t at = bytes[1] * (length - 2) / 256;
    const char *text = (const char *)bytes + 2;
    length -= 2;
    int64_t open = -1;
    struct digest whole = {0};
    struct digest parts = {0};
    size_t end = weft_csv_end(text, length, delimiter, quote, &open);
    assert(end <= length && (end == 0 || text[end - 1] == '\n'));
    block_take(delimiter, quote, text, end, 0, &whole);
    size_t first = weft_csv_end(text, at, delimiter, quote, &open);
    assert(first <= end);
    block_take(delimiter, quote, text, first, 0, &parts);
    block_take(delimiter, quote, text + first, end - first, (int64_t)first, &parts);
    assert(whole.records == parts.records && whole.sum == parts.sum);
    return 0;
}

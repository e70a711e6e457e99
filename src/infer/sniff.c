/*
 * sniff.c - what a file is, from its beginning: no table at all, another format, the
 * encoding, the delimiter, lines before the header, and whether there is one.
 */
#include "base/text.h"
#include "infer/text_internal.h"

#include <string.h>

#define SNIFF_RECORDS ((size_t)200)
#define SNIFF_SKIP_MAX ((size_t)20)
#define SNIFF_SURE 0.5                 /* of a score */
#define SNIFF_ARENA ((size_t)64 << 20) /* for the records of one other file */

static const struct infer_dialect dialect_start = {
    .format = WEFT_FORMAT_CSV, .encoding = "utf-8", .delimiter = ',', .quote = '"'};

static bool begins(const char *data, size_t length, const char *with)
{
    size_t with_length = strlen(with);
    if (length < with_length)
        return false;
    for (size_t i = 0; i < with_length; i++) {
        if (weft_lower(data[i]) != with[i])
            return false;
    }
    return true;
}

static int refuse(const char *shown, const char *what, const char *hint, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INPUT, "%s is %s", shown, what);
    return hint == NULL ? -1 : weft_error_hint(error, "%s", hint);
}

/* Objects line by line, or a text of JSON. */
static enum weft_file_format json_format(const char *shown, const char *text, size_t length)
{
    struct weft_json_slice slice;
    const char *line = memchr(text, '\n', length);
    size_t name = strlen(shown);
    bool named = name > 5 && weft_equal_fold(shown + name - 5, ".json");
    bool whole =
        weft_json_scan(text, line == NULL ? length : (size_t)(line - text), &slice) == NULL;
    return *text == '{' && whole && !named ? WEFT_FORMAT_NDJSON : WEFT_FORMAT_JSON;
}

/* What is no table of text. Formats are told by their first bytes, whatever the name says. */
static int sniff_magic(struct infer *infer, const char *shown, const char *data, size_t length,
                       struct weft_error *error)
{
    size_t start = infer_text_start(data, length, 0);
    while (start < length && strchr(" \t\r\n", data[start]) != NULL && data[start] != '\0')
        start++;
    const char *text = data + start;
    size_t rest = length - start;
    if (rest == 0)
        return refuse(shown, "empty: there is nothing to infer from", NULL, error);
    if (begins(text, rest, "<!doctype") || begins(text, rest, "<html") ||
        begins(text, rest, "<?xml"))
        return refuse(shown, "a page (HTML or XML), not a table",
                      "was a login or error page saved in its place?", error);
    if (length >= 4 && memcmp(data, "PK\x03\x04", 4) == 0)
        return refuse(shown, "a spreadsheet (xlsx, ods) or a zip archive",
                      "save the sheet as CSV (UTF-8), or unpack the archive", error);
    if (length >= 4 && memcmp(data, "\xD0\xCF\x11\xE0", 4) == 0)
        return refuse(shown, "an old spreadsheet (xls)", "save the sheet as CSV (UTF-8)", error);
    if (begins(data, length, "%pdf"))
        return refuse(shown, "a PDF", NULL, error);
    if (begins(data, length, "sqlite format 3"))
        return refuse(shown, "a SQLite database", "export the table as CSV", error);
    if (length >= 4 && memcmp(data, "PAR1", 4) == 0)
        infer->dialect.format = WEFT_FORMAT_PARQUET;
    else if (length >= 4 && memcmp(data, "Obj\x01", 4) == 0)
        infer->dialect.format = WEFT_FORMAT_AVRO;
    else if (*text == '[' || *text == '{')
        infer->dialect.format = json_format(shown, text, rest);
    return 0;
}

/* ---- encoding ---- */

static const char *encoding_of(const char *data, size_t length, bool whole)
{
    const unsigned char *bytes = (const unsigned char *)data;
    if (length >= 2 &&
        ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff)))
        return "utf-16";
    if (length >= 2 && (bytes[0] == 0) != (bytes[1] == 0))
        return "utf-16";
    size_t valid = weft_utf8_valid(data, length);
    if (valid == length || (!whole && length - valid < 4))
        return "utf-8";
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] >= 0x80 && bytes[i] < 0xa0)
            return "windows-1252";
    }
    return "latin-1";
}

static int head_read(struct weft_source *source, struct weft_buf *out, bool *whole,
                     struct weft_error *error)
{
    char *room = weft_buf_room(out, INFER_BLOCK);
    if (room == NULL)
        return weft_error_nomem(error);
    *whole = false;
    while (out->length < INFER_BLOCK) {
        size_t got = 0;
        WEFT_TRY(
            weft_source_read(source, room + out->length, INFER_BLOCK - out->length, &got, error));
        out->length += got;
        *whole = got == 0;
        if (got == 0)
            break;
    }
    return 0;
}

/* The first text of a file, decoded. */
static int sniff_head(struct infer *infer, const struct weft_infer_file *file, struct weft_buf *out,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_source_closep) struct weft_source *source = NULL;
    bool whole;
    infer->dialect.encoding = "utf-8";
    WEFT_TRY(infer_source_open(infer, file, &source, NULL, error));
    WEFT_TRY(head_read(source, out, &whole, error));
    WEFT_TRY(sniff_magic(infer, file->shown, out->data, out->length, error));
    if (infer->dialect.format == WEFT_FORMAT_PARQUET || infer->dialect.format == WEFT_FORMAT_AVRO)
        return 0;
    infer->dialect.encoding = encoding_of(out->data, out->length, whole);
    if (strcmp(infer->dialect.encoding, "utf-8") == 0)
        return 0;
    weft_source_closep(&source);
    weft_buf_clear(out);
    WEFT_TRY(infer_source_open(infer, file, &source, NULL, error));
    WEFT_TRY(head_read(source, out, &whole, error));
    return sniff_magic(infer, file->shown, out->data, out->length, error);
}

/* ---- delimiter ---- */

struct guess {
    struct infer_dialect dialect;
    struct infer_record records[SNIFF_RECORDS];
    size_t count;
    size_t usual; /* cells of most records */
    size_t first; /* record with so many */
    double score;
};

static size_t usual_cells(const struct guess *guess, size_t *alike)
{
    size_t usual = 0;
    *alike = 0;
    for (size_t i = 0; i < guess->count; i++) {
        size_t same = 0;
        for (size_t k = 0; k < guess->count; k++)
            same += guess->records[k].count == guess->records[i].count;
        if (same > *alike) {
            *alike = same;
            usual = guess->records[i].count;
        }
    }
    return usual;
}

/* Lines before the first record that are none: several, or with an empty line behind them. */
static bool has_title(const struct guess *guess)
{
    size_t first = guess->first;
    return first > 1 || (first == 1 && guess->records[1].begin > guess->records[0].end);
}

/* Records of one number of cells, and a first record that has it too. */
static void guess_score(struct guess *guess)
{
    size_t alike;
    guess->usual = usual_cells(guess, &alike);
    guess->first = 0;
    while (guess->first < guess->count && guess->records[guess->first].count != guess->usual)
        guess->first++;
    size_t of = guess->count - (has_title(guess) ? guess->first : 0);
    double share = of == 0 ? 0 : (double)alike / (double)of;
    guess->score = guess->usual < 2 ? 0.1
                                    : share - (guess->first > 0 ? 0.2 : 0) +
                                          0.001 * (double)WEFT_MIN(guess->usual, 100);
}

static int guess_make(struct infer *infer, const char *data, size_t length, bool whole,
                      struct guess *guess, struct weft_error *error)
{
    size_t at = infer_text_start(data, length, 0);
    guess->count = 0;
    while (at < length && guess->count < SNIFF_RECORDS) {
        struct infer_record *record = &guess->records[guess->count];
        WEFT_TRY(infer_record_read(infer->arena, data, length, at, &guess->dialect, record, error));
        if (record->end == length && !whole && guess->count > 0)
            break; /* cut off */
        at = record->end;
        guess->count += record->count > 1 || record->cells[0].length > 0;
    }
    guess_score(guess);
    return 0;
}

/* ---- header ---- */

static bool names_good(const struct infer_record *header)
{
    for (size_t i = 0; i < header->count; i++) {
        const struct infer_cell *cell = &header->cells[i];
        bool own = cell->length == 5 &&
                   (memcmp(cell->text, "_file", 5) == 0 || memcmp(cell->text, "_line", 5) == 0);
        size_t blanks = 0;
        while (blanks < cell->length && strchr(" \t\r\n", cell->text[blanks]) != NULL)
            blanks++;
        if (blanks == cell->length || own) /* `from: _file` says where a row came from */
            return false;
        for (size_t k = 0; k < i; k++) {
            const struct infer_cell *a = &header->cells[i], *b = &header->cells[k];
            bool same = a->length == b->length;
            for (size_t c = 0; same && c < a->length; c++)
                same = weft_lower(a->text[c]) == weft_lower(b->text[c]);
            if (same)
                return false;
        }
    }
    return true;
}

static bool is_year(const struct infer_cell *cell)
{
    int64_t year;
    return cell->length == 4 && weft_parse_int64(cell->text, 4, &year) && year > 1500 &&
           year < 2200;
}

static bool stands_below(const struct infer_column *column, const struct infer_cell *cell)
{
    for (size_t i = 0; i < column->different_count && i < INFER_VALUES; i++) {
        const struct infer_value *value = &column->different[i];
        if (value->length == cell->length && memcmp(value->text, cell->text, cell->length) == 0)
            return true;
    }
    return false;
}

struct header_votes {
    size_t typed; /* columns of numbers, dates ... */
    size_t fits;  /* of them: the first record's cell is one too */
    size_t years;
    size_t below; /* the first record's cell is met again in its column */
};

static int header_votes(struct infer *infer, const struct guess *guess, struct header_votes *votes,
                        struct weft_error *error)
{
    const struct infer_record *first = &guess->records[guess->first];
    for (size_t c = 0; c < first->count; c++) {
        struct infer_column column = {0};
        WEFT_TRY(infer_column_init(&column, infer->arena, error));
        for (size_t i = guess->first + 1; i < guess->count; i++) {
            if (guess->records[i].count == first->count)
                infer_column_add(&column, &guess->records[i].cells[c]);
        }
        votes->below += column.values > 0 && stands_below(&column, &first->cells[c]);
        if (column.values == 0 || (column.kinds == 0 && column.formats == 0))
            continue;
        votes->typed++;
        struct infer_column with = column;
        infer_column_add(&with, &first->cells[c]);
        votes->fits += with.kinds != 0 || with.formats != 0;
        votes->years += is_year(&first->cells[c]);
    }
    return 0;
}

static int sniff_header(struct infer *infer, const struct weft_buf *head, const struct guess *guess,
                        struct weft_error *error)
{
    struct infer_dialect *dialect = &infer->dialect;
    const struct infer_record *first = &guess->records[guess->first];
    struct header_votes votes = {0};
    bool named = names_good(first);
    WEFT_TRY(header_votes(infer, guess, &votes, error));
    dialect->header_sure = votes.typed > 0 && votes.fits < votes.typed;
    dialect->header = true;
    if (votes.typed > 0)
        dialect->header = votes.fits < votes.typed || votes.years == votes.fits;
    else if (guess->count > guess->first + 1)
        dialect->header = named || votes.below * 2 < first->count;
    dialect->skip = (int)infer_count_lines(head->data, first->begin);
    if (dialect->header && !named) {
        dialect->by_place = true;
        dialect->header = false;
        dialect->skip += first->lines;
        infer->place_names = first;
    }
    return 0;
}

/* The delimiter under which the text is most like a table; all of it in the arena. */
static int sniff_delimiter(struct infer *infer, const struct weft_buf *head, struct guess **out,
                           struct weft_error *error)
{
    static const char delimiters[] = {',', ';', '\t', '|'};
    struct guess *guess = weft_arena_array(infer->arena, 2, sizeof *guess);
    struct guess *best = guess == NULL ? NULL : guess + 1;
    bool whole = head->length < INFER_BLOCK;
    if (guess == NULL)
        return weft_error_nomem(error);
    best->score = -1;
    for (size_t i = 0; i < WEFT_COUNT(delimiters); i++) {
        guess->dialect = infer->dialect;
        guess->dialect.delimiter = delimiters[i];
        WEFT_TRY(guess_make(infer, head->data, head->length, whole, guess, error));
        if (guess->score > best->score)
            *best = *guess;
    }
    *out = best;
    return 0;
}

static int sniff_table(struct infer *infer, const struct weft_buf *head, struct weft_error *error)
{
    struct guess *best;
    WEFT_TRY(sniff_delimiter(infer, head, &best, error));
    if (best->first > SNIFF_SKIP_MAX || best->score < SNIFF_SURE)
        best->first = 0;
    infer->dialect = best->dialect;
    infer->dialect.cells = best->usual;
    if (infer->dialect.delimiter == '\t')
        infer->dialect.format = WEFT_FORMAT_TSV;
    return sniff_header(infer, head, best, error);
}

/* ---- the other files ---- */

static int kinds_refuse(const struct infer *infer, const struct weft_infer_file *file,
                        const char *kind, const char *first, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_INPUT, "%s is %s, and %s is %s: one input reads files of one kind",
                   infer->what->files[0].shown, first, file->shown, kind);
    return weft_error_hint(error,
                           "infer from each kind by itself: each is a product, or an input of "
                           "its own under `inputs:`");
}

static bool format_is_table(enum weft_file_format format)
{
    return format == WEFT_FORMAT_CSV || format == WEFT_FORMAT_TSV;
}

/* Lines of JSON whose first one is broken are lines still, an array or one object is not. */
static bool lines_are_objects(const struct weft_buf *head)
{
    const char *end = head->data + head->length, *stop;
    for (const char *at = head->data; at < end; at = stop + 1) {
        struct weft_json_slice slice;
        stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        if (weft_json_scan(at, (size_t)(stop - at), &slice) == NULL &&
            slice.kind == WEFT_JSON_OBJECT)
            return true;
    }
    return false;
}

static bool formats_agree(enum weft_file_format first, enum weft_file_format other,
                          const struct weft_buf *head)
{
    if (first == WEFT_FORMAT_NDJSON && other == WEFT_FORMAT_JSON)
        return lines_are_objects(head);
    return first == other || (format_is_table(first) && format_is_table(other)) ||
           (first == WEFT_FORMAT_JSON && other == WEFT_FORMAT_NDJSON);
}

/* What reads as the one does not read as the other. UTF-8 behind plain ASCII is found as it is
 * read (read.c). */
static bool encodings_agree(const char *first, const char *other, const struct weft_buf *head)
{
    bool beyond = false;
    if ((strcmp(first, "utf-16") == 0) != (strcmp(other, "utf-16") == 0))
        return false;
    if (strcmp(first, "utf-8") == 0 || strcmp(other, "utf-8") != 0)
        return true;
    for (size_t i = 0; i < head->length && !beyond; i++)
        beyond = (unsigned char)head->data[i] >= 0x80;
    return !beyond;
}

static const char *delimiter_name(char delimiter)
{
    return delimiter == ',' ? "`,`" : delimiter == ';' ? "`;`" : delimiter == '|' ? "`|`" : "tabs";
}

static int other_compare(const struct infer *infer, struct infer *other,
                         const struct weft_infer_file *file, const struct weft_buf *head,
                         struct weft_error *error)
{
    const struct infer_dialect *first = &infer->dialect;
    char ours[40], theirs[40];
    struct guess *guess;
    if (!formats_agree(first->format, other->dialect.format, head))
        return kinds_refuse(infer, file, weft_format_name(other->dialect.format),
                            weft_format_name(first->format), error);
    if (first->format != WEFT_FORMAT_PARQUET && first->format != WEFT_FORMAT_AVRO &&
        !encodings_agree(first->encoding, other->dialect.encoding, head))
        return kinds_refuse(infer, file, other->dialect.encoding, first->encoding, error);
    if (!format_is_table(first->format))
        return 0;
    WEFT_TRY(sniff_delimiter(other, head, &guess, error));
    if (guess->score < SNIFF_SURE || guess->dialect.delimiter == first->delimiter)
        return 0;
    char theirs_is = guess->dialect.delimiter;
    guess->dialect.delimiter = first->delimiter;
    WEFT_TRY(guess_make(other, head->data, head->length, head->length < INFER_BLOCK, guess, error));
    if (guess->usual > 1 || first->cells < 2)
        return 0; /* one column that holds some of these is a table too */
    snprintf(ours, sizeof ours, "parted by %s", delimiter_name(first->delimiter));
    snprintf(theirs, sizeof theirs, "parted by %s", delimiter_name(theirs_is));
    return kinds_refuse(infer, file, theirs, ours, error);
}

int infer_sniff_others(const struct infer *infer, struct weft_error *error)
{
    for (size_t i = 1; i < infer->what->file_count; i++) {
        const struct weft_infer_file *file = &infer->what->files[i];
        WEFT_CLEANUP(weft_buf_release) struct weft_buf head;
        weft_buf_init(&head, 4 * INFER_BLOCK);
        WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(SNIFF_ARENA);
        struct infer other = {.arena = arena, .what = infer->what, .dialect = dialect_start};
        if (arena == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(sniff_head(&other, file, &head, error));
        WEFT_TRY(other_compare(infer, &other, file, &head, error));
    }
    return 0;
}

int infer_sniff(struct infer *infer, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf head;
    weft_buf_init(&head, 4 * INFER_BLOCK);
    infer->dialect = dialect_start;
    WEFT_TRY(sniff_head(infer, &infer->what->files[0], &head, error));
    infer->dialect.header = true;
    infer->dialect.header_sure = infer->dialect.format != WEFT_FORMAT_CSV;
    if (infer->dialect.format == WEFT_FORMAT_CSV)
        WEFT_TRY(sniff_table(infer, &head, error));
    return infer_sniff_others(infer, error);
}

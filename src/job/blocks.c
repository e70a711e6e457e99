/*
 * blocks.c - the serial part of weft_csv(): files are opened, decompressed, hashed, and cut into
 * blocks of whole records; headers are read. Also: types from a sample, and lines by offset.
 */
#include "codec/avro_json.h"
#include "job/scan_internal.h"
#include "value/cell.h"

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "codec/encoding.h"

#include <fcntl.h>
#include <stdlib.h>

#define TELL_US 100000

/* ---- progress, stopping ---- */

static void scan_tell(struct job_scan *scan, bool always)
{
    int64_t now = weft_clock_mono_us();
    if (!always && now - scan->told_us < TELL_US)
        return;
    scan->told_us = now;
    const char *file =
        scan->at < scan->work->file_count ? scan->work->files[scan->at].out.shown : NULL;
    int64_t here = scan->source != NULL ? weft_source_bytes(scan->source) : 0;
    job_tell(scan->work, scan->hash ? "reading" : "reading again", file,
             atomic_load(&scan->records), scan->bytes_done + here, scan->bytes_total);
}

static bool scan_may_stop(const struct job_work *work)
{
    const struct weft_quality *quality = &work->product->quality;
    return quality->quarantine_max < 1 && work->job->mode != WEFT_JOB_REPLAY &&
           quality->quarantine_max_on_fail == WEFT_ON_FAIL_BLOCK;
}

/* Has some record of the open file a column's key? */
static bool file_has_columns(const struct job_scan *scan)
{
    size_t columns = scan->work->columns.count;
    return memchr(scan->seen + scan->at * columns, true, columns) != NULL;
}

/* Is passing quarantine_max certain, however good the rest is? Each record to come is at least as
 * many bytes as it has cells; of files to come the cells are not known, and of compressed ones
 * nothing. Blocks that threads are at work on are not counted yet. */
static bool scan_certain(struct job_scan *scan)
{
    struct job_work *work = scan->work;
    if (!scan_may_stop(work) || scan->source == NULL || scan->at < scan->packed_before ||
        weft_source_compressed(scan->source))
        return false;
    int64_t here = work->files[scan->at].out.size - weft_source_bytes(scan->source);
    int64_t later = scan->bytes_total - scan->bytes_done - work->files[scan->at].out.size;
    int64_t held = (int64_t)JOB_BLOCK * (WEFT_MAX(work->job->threads, 1) + 2);
    pthread_mutex_lock(&work->rules.mutex);
    int64_t aside = (int64_t)work->rules.row_count;
    pthread_mutex_unlock(&work->rules.mutex);
    /* A record of json takes three bytes at least; of files of another kind the end tells. */
    int64_t cells =
        scan->text == JOB_TEXT_CSV ? (int64_t)WEFT_MAX(work->files[scan->at].cells, 1) : 2;
    if (work->input->format == WEFT_FORMAT_AVRO)
        return false; /* its records may take no bytes */
    if (scan->text != JOB_TEXT_CSV && !file_has_columns(scan))
        return false;
    int64_t most = atomic_load(&scan->records) + (here + held) / cells + later + 1;
    return aside > 1000 && (double)aside > work->product->quality.quarantine_max * (double)most;
}

/* By its first bytes, as codec/source.c tells; one that does not open is told of later. */
static bool file_is_packed(const struct job_file *file)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    struct weft_error ignored = WEFT_ERROR_INIT;
    unsigned char magic[4] = {0};
    size_t got = 0;
    if (file->local == NULL || weft_fs_open(file->local, O_RDONLY, &fd, &ignored) < 0 ||
        weft_fs_read(fd, magic, sizeof magic, &got, file->local, &ignored) < 0)
        return true;
    return (magic[0] == 0x1f && magic[1] == 0x8b) || memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0;
}

static void packed_find(struct job_scan *scan)
{
    const struct job_work *work = scan->work;
    scan->packed_before = 0;
    if (!scan_may_stop(work) || work->file_count < 2)
        return;
    for (size_t i = work->file_count; i-- > 0 && scan->packed_before == 0;) {
        if (work->files[i].read && file_is_packed(&work->files[i]))
            scan->packed_before = i + 1;
    }
}

/* ---- files ---- */

enum job_text job_text_of(const struct weft_input *input)
{
    if (input->format == WEFT_FORMAT_JSON)
        return JOB_TEXT_JSON;
    bool lines = input->format == WEFT_FORMAT_NDJSON || input->format == WEFT_FORMAT_AVRO;
    return lines ? JOB_TEXT_LINES : JOB_TEXT_CSV;
}

static int source_decode(const struct job_work *work, struct weft_source *source,
                         struct weft_error *error)
{
    enum weft_encoding encoding = WEFT_ENCODING_UTF_8;
    struct weft_decoder *decoder = NULL;
    const char *word = work->input->csv.encoding;
    /* What is replayed are the lines that its decoder gave. */
    if (work->input->format == WEFT_FORMAT_AVRO && work->job->mode != WEFT_JOB_REPLAY) {
        WEFT_TRY(weft_avro_decoder_new(&decoder, error));
        return weft_source_decode(source, decoder, error);
    }
    if (word != NULL && !weft_encoding_of(word, &encoding))
        return weft_error_set(error, WEFT_E_NOT_YET, "the encoding %s cannot be read yet", word);
    WEFT_TRY(weft_encoding_decoder(encoding, &decoder, error));
    return weft_source_decode(source, decoder, error);
}

int job_source_open(const struct job_work *work, const struct job_file *file, int64_t text_max,
                    struct weft_source **out, struct weft_error *error)
{
    struct weft_source *source = NULL;
    WEFT_TRY(weft_source_open(file->local, file->out.shown, text_max, &source, error));
    if (source_decode(work, source, error) < 0) {
        weft_source_close(source);
        return -1;
    }
    *out = source;
    return 0;
}

int job_scan_bad(struct job_scan *scan, size_t at, int64_t byte, const char *text)
{
    struct job_file *file = &scan->work->files[at];
    int64_t line = 0;
    file->out.state = WEFT_FILE_BAD;
    weft_error_set(&scan->error, WEFT_E_INPUT, "%s", text);
    if (job_line_of(scan->work, file, byte, &line) < 0)
        line = 0;
    return weft_error_at_byte(&scan->error, file->out.shown, (int)line, byte);
}

int job_scan_not_text(struct job_scan *scan, size_t at, int64_t byte, const char *text)
{
    const struct job_file *file = &scan->work->files[at];
    WEFT_CLEANUP(weft_source_closep) struct weft_source *source = NULL;
    struct weft_error ignored = WEFT_ERROR_INIT;
    unsigned char head[2] = {0};
    size_t got = 0;
    job_scan_bad(scan, at, byte, text);
    if (weft_source_open(file->local, file->out.shown, INT64_MAX, &source, &ignored) == 0)
        (void)!weft_source_read(source, (char *)head, sizeof head, &got, &ignored);
    bool wide = (head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff);
    if (scan->work->input->files == NULL)
        return weft_error_hint(&scan->error, "write it as UTF-8 first: iconv -f %s -t utf-8",
                               wide ? "utf-16" : "windows-1252");
    return weft_error_hint(&scan->error,
                           wide
                               ? "it begins as utf-16 does: say `options: {encoding: utf-16}` at "
                                 "the input%s%s"
                               : "if it is of another encoding, say `options: {encoding: latin-1}` "
                                 "(or windows-1252, utf-16) at the input%s%s",
                           WEFT_INPUT_ARGS(scan->work->input->name));
}

static int scan_header_map(struct job_scan *scan, struct job_file *file)
{
    struct job_work *work = scan->work;
    struct job_header_warnings warnings;
    int *map = NULL;
    if (file->map != NULL)
        return 0; /* a second pass */
    if (!work->input->csv.header) {
        file->cells = work->columns.count;
        map = weft_arena_array(work->arena, file->cells + 1, sizeof *map);
        if (map == NULL)
            return weft_error_nomem(&scan->error);
        for (size_t i = 0; i < file->cells; i++)
            map[i] = (int)i;
        const char **names = weft_arena_array(work->arena, file->cells + 1, sizeof *names);
        if (names == NULL)
            return weft_error_nomem(&scan->error);
        for (size_t i = 0; i < file->cells; i++)
            names[i] = work->columns.items[i].header;
        file->header = (struct weft_texts){names, file->cells};
    } else {
        file->cells = file->header.count;
        if (job_columns_map(work->arena, &work->columns, &file->header, file->out.shown, &map,
                            &warnings, &scan->error) < 0) {
            file->out.state = WEFT_FILE_BAD;
            return -1;
        }
        if (warnings.extra != NULL)
            WEFT_TRY(job_warn(work, warnings.extra, &scan->error));
        if (warnings.missing != NULL)
            WEFT_TRY(job_warn(work, warnings.missing, &scan->error));
        if (warnings.own != NULL)
            WEFT_TRY(job_warn(work, warnings.own, &scan->error));
    }
    file->map = map;
    return 0;
}

static int scan_file_open(struct job_scan *scan)
{
    struct job_file *file = &scan->work->files[scan->at];
    if (job_source_open(scan->work, file, scan->work->job->file_size_max, &scan->source,
                        &scan->error) < 0) {
        file->out.state = scan->error.code == WEFT_E_INPUT ? WEFT_FILE_BAD : file->out.state;
        return -1;
    }
    weft_json_split_init(&scan->split);
    scan->next = 0;
    scan->carry_length = 0;
    scan->file_ended = false;
    file->base = scan->next_id;
    return 0;
}

static int scan_file_end(struct job_scan *scan)
{
    struct job_file *file = &scan->work->files[scan->at];
    struct weft_fs_identity identity;
    char hash[WEFT_SHA256_HEX];
    if (weft_source_finish(scan->source, hash, &identity, &scan->error) < 0) {
        file->out.state = WEFT_FILE_BAD;
        return -1;
    }
    /* Of a URL's copy the hash is known and says all. */
    bool same = identity.size == file->out.size &&
                (file->url || ((int64_t)identity.inode == file->out.inode &&
                               (int64_t)identity.device == file->out.device &&
                               identity.modified_ns == file->out.modified_ns));
    if (!same || (file->out.hash[0] != '\0' && strcmp(hash, file->out.hash) != 0)) {
        file->out.state = WEFT_FILE_BAD;
        weft_error_set(&scan->error, WEFT_E_INPUT, "the file changed while it was read");
        return weft_error_at(&scan->error, file->out.shown, 0, 0);
    }
    memcpy(file->out.hash, hash, sizeof hash);
    file->text_length = scan->next;
    scan->next_id = file->base + scan->next + 1;
    scan->bytes_done += weft_source_bytes(scan->source);
    weft_source_closep(&scan->source);
    scan->at++;
    return 0;
}

/* ---- the header ---- */

static size_t mark_length(const char *data, size_t length)
{
    return length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* Where the records of a file begin: behind the byte order mark and the lines that `skip` leaves
 * out, in which quotes mean nothing. SIZE_MAX = behind what is there. */
static size_t records_start(const struct job_scan *scan, const char *data, size_t length)
{
    size_t start = mark_length(data, length);
    for (int64_t lines = scan->work->input->csv.skip; lines > 0; lines--) {
        const char *end = memchr(data + start, '\n', length - start);
        if (end == NULL)
            return SIZE_MAX;
        start = (size_t)(end + 1 - data);
    }
    return start;
}

static int header_count(const struct weft_csv *split, size_t *cells)
{
    bool quoted = false;
    *cells = 1;
    for (size_t i = split->position; i < split->length; i++) {
        char c = split->data[i];
        if (split->quote != 0 && c == split->quote)
            quoted = !quoted;
        else if (!quoted && c == '\n')
            return 0;
        else if (!quoted && c == split->delimiter)
            ++*cells;
    }
    return 0;
}

/* Splits the header's record by the same code as every record. */
static int header_read(struct job_scan *scan, struct weft_csv *from, struct job_file *file)
{
    size_t cells = 0;
    WEFT_TRY(header_count(from, &cells));
    if ((int64_t)cells > scan->work->job->columns_max) {
        weft_error_set(&scan->error, WEFT_E_INPUT,
                       "the file has %zu columns; columns_max is %" PRId64, cells,
                       scan->work->job->columns_max);
        return weft_error_at(&scan->error, file->out.shown, 1, 0);
    }
    WEFT_CLEANUP(weft_freep) int *map = weft_alloc_array(cells, sizeof *map);
    WEFT_CLEANUP(weft_freep) uint32_t *begin = weft_alloc_array(cells, sizeof *begin);
    WEFT_CLEANUP(weft_freep) uint32_t *size = weft_alloc_array(cells, sizeof *size);
    const char **names = weft_arena_array(scan->work->arena, cells + 1, sizeof *names);
    uint8_t bad = 0;
    int64_t id = 0;
    if (map == NULL || begin == NULL || size == NULL || names == NULL)
        return weft_error_nomem(&scan->error);
    for (size_t i = 0; i < cells; i++)
        map[i] = (int)i;
    struct weft_csv split = *from;
    split.cells = cells;
    split.map = map;
    split.slots = cells;
    split.row_max = 1;
    split.begin = begin;
    split.size = size;
    split.ids = &id;
    split.bad = &bad;
    weft_csv_index(&split);
    if (weft_csv_batch(&split) == 0)
        return job_scan_bad(scan, scan->at, 0, "the file has no header");
    if (bad)
        return job_scan_bad(scan, scan->at, (int64_t)from->position,
                            "the header does not read: text behind a closing quote");
    for (size_t i = 0; i < cells; i++) {
        names[i] = weft_arena_strndup(scan->work->arena, split.data + begin[i],
                                      size[i] & ~WEFT_CSV_QUOTED);
        if (names[i] == NULL)
            return weft_error_nomem(&scan->error);
    }
    file->header = (struct weft_texts){names, cells};
    from->position = split.position;
    return 0;
}

/* The columns of json are found record by record. */
static int keys_take(struct job_scan *scan, struct job_file *file)
{
    struct job_work *work = scan->work;
    if (file->map != NULL || scan->sampling)
        return 0;
    file->cells = work->columns.count;
    int *map = weft_arena_array(work->arena, file->cells + 1, sizeof *map);
    const char **names = weft_arena_array(work->arena, file->cells + 1, sizeof *names);
    if (map == NULL || names == NULL)
        return weft_error_nomem(&scan->error);
    for (size_t i = 0; i < file->cells; i++) {
        map[i] = (int)i;
        names[i] = work->columns.items[i].header;
    }
    file->map = map;
    file->header = (struct weft_texts){names, file->cells};
    return 0;
}

static int header_take(struct job_scan *scan, struct job_scan_local *local)
{
    struct job_file *file = &scan->work->files[scan->at];
    struct weft_csv *split = &local->split;
    const struct weft_csv_options *csv = &scan->work->input->csv;
    if (scan->text != JOB_TEXT_CSV) {
        split->position = mark_length(split->data, split->length);
        if (scan->text == JOB_TEXT_LINES)
            WEFT_TRY(job_lines_check(scan, split->data, split->length));
        return keys_take(scan, file);
    }
    split->position = records_start(scan, split->data, split->length);
    if (split->position == SIZE_MAX)
        return job_scan_bad(scan, scan->at, 0, "the file has fewer lines than `skip` says");
    split->delimiter = csv->delimiter;
    split->quote = csv->quote;
    if (csv->header || scan->sampling) {
        size_t start = split->position;
        /* Before it is read: quotes are undone in place. */
        size_t valid = weft_utf8_valid(split->data + start, split->length - start);
        WEFT_TRY(header_read(scan, split, file));
        if (start + valid < split->position)
            return job_scan_not_text(scan, scan->at, (int64_t)(start + valid),
                                     "the text is not UTF-8");
        for (size_t i = start; i < split->position; i++) /* the block is looked at as a whole */
            split->data[i] = (unsigned char)split->data[i] < 0x80 ? split->data[i] : '?';
    }
    return scan->sampling ? 0 : scan_header_map(scan, file);
}

/* ---- blocks ---- */

static int local_reserve(struct job_scan_local *local, size_t want, struct weft_error *error)
{
    if (local->capacity >= want)
        return 0;
    char *data = weft_realloc(local->split.data, want + WEFT_CSV_PAD);
    if (data == NULL)
        return weft_error_nomem(error);
    local->split.data = data;
    uint32_t *index = weft_realloc(local->split.index, (want + 1) * sizeof *index);
    if (index == NULL)
        return weft_error_nomem(error);
    local->split.index = index;
    local->capacity = want;
    return 0;
}

static int carry_keep(struct job_scan *scan, const char *data, size_t length)
{
    if (length > scan->carry_capacity) {
        char *carry = weft_realloc(scan->carry, length);
        if (carry == NULL)
            return weft_error_nomem(&scan->error);
        scan->carry = carry;
        scan->carry_capacity = length;
    }
    if (length > 0)
        memcpy(scan->carry, data, length);
    scan->carry_length = length;
    return 0;
}

static int block_fill(struct job_scan *scan, struct job_scan_local *local, size_t want,
                      size_t *have)
{
    /* One byte more: the line end that the last record may lack. */
    WEFT_TRY(local_reserve(local, want + 1, &scan->error));
    while (!scan->file_ended && *have < want) {
        size_t got = 0;
        if (weft_source_read(scan->source, local->split.data + *have, want - *have, &got,
                             &scan->error) < 0) {
            scan->work->files[scan->at].out.state = WEFT_FILE_BAD;
            return -1;
        }
        scan->file_ended = got == 0;
        *have += got;
    }
    if (scan->file_ended && *have > 0 && local->split.data[*have - 1] != '\n')
        local->split.data[(*have)++] = '\n';
    return 0;
}

/* The end of the last whole record, 0 = none; of a file's first block all of it when it ends within
 * what comes before the records. */
static size_t block_cut(const struct job_scan *scan, const char *data, size_t length,
                        int64_t *open_at)
{
    const struct weft_csv_options *csv = &scan->work->input->csv;
    size_t start = scan->next == 0 ? records_start(scan, data, length) : 0;
    *open_at = -1;
    if (start >= length)
        return scan->file_ended ? length : 0;
    size_t end = weft_csv_end(data + start, length - start, csv->delimiter, csv->quote, open_at);
    if (*open_at >= 0)
        *open_at += (int64_t)start;
    return end == 0 ? 0 : start + end;
}

/* The same of json, whose elements' borders go to the index: 1 = there is an end, 0 = read on. */
static int elements_cut(struct job_scan *scan, struct job_scan_local *local, size_t have,
                        size_t *count, size_t *end)
{
    struct weft_json_split *split = &scan->split;
    const char *data = local->split.data;
    if (scan->next == 0 && split->at == 0) {
        if (have < 3 && !scan->file_ended)
            return 0;
        split->at = mark_length(data, have);
    }
    if (!weft_json_split_run(split, data, have, scan->file_ended, local->split.index, count))
        return job_text_refuse(scan, data, have, split->at, split->wrong);
    *end = weft_json_split_keep(split);
    return *end > 0;
}

/* A whole record and more of json or ndjson. */
static int records_cut(struct job_scan *scan, struct job_scan_local *local, size_t have,
                       size_t *count, size_t *end)
{
    if (scan->text == JOB_TEXT_JSON)
        return elements_cut(scan, local, have, count, end);
    const char *line = memrchr(local->split.data, '\n', have);
    *end = line == NULL ? 0 : (size_t)(line + 1 - local->split.data);
    return *end > 0;
}

/* 1 = data[0 .. *end) are whole records, 0 = read on. */
static int block_try(struct job_scan *scan, struct job_scan_local *local, size_t have,
                     size_t *count, size_t *end)
{
    int64_t open_at = -1;
    if (scan->text != JOB_TEXT_CSV) {
        int rc = records_cut(scan, local, have, count, end);
        if (rc != 0)
            return rc;
    } else {
        *end = block_cut(scan, local->split.data, have, &open_at);
        if (*end > 0 && !(scan->file_ended && open_at >= 0))
            return 1;
        if (scan->file_ended)
            return job_scan_bad(scan, scan->at, scan->next + open_at,
                                "a quote is opened here and never closed");
    }
    if ((int64_t)have <= scan->record_size_max)
        return 0;
    return job_scan_bad(scan, scan->at, scan->next,
                        scan->text == JOB_TEXT_CSV
                            ? "a record is longer than record_size_max allows, or a quote in it is "
                              "never closed"
                            : "a record is longer than record_size_max allows");
}

/* The next block of the open file: 0, or WEFT_END. */
static int block_next(struct job_scan *scan, struct job_scan_local *local)
{
    size_t want = JOB_BLOCK;
    size_t have = scan->carry_length;
    size_t count = 0;
    size_t end = 0;
    WEFT_TRY(local_reserve(local, WEFT_MAX(want, have) + 1, &scan->error));
    if (have > 0)
        memcpy(local->split.data, scan->carry, have);
    for (int found = 0; found == 0; want = have * 2) {
        want = WEFT_MAX(want, have);
        WEFT_TRY(block_fill(scan, local, want, &have));
        if (have == 0)
            return WEFT_END;
        found = block_try(scan, local, have, &count, &end);
        if (found < 0)
            return -1;
    }
    WEFT_TRY(carry_keep(scan, local->split.data + end, have - end));
    weft_json_split_shift(&scan->split, end);
    memset(local->split.data + end, 0, WEFT_CSV_PAD);
    local->split.length = end;
    local->split.position = 0;
    local->split.index_at = 0;
    local->split.index_count = 2 * count;
    local->split.base = scan->work->files[scan->at].base + scan->next;
    WEFT_TRY(job_lines_index(scan, local, end, &scan->error));
    if (scan->next == 0)
        WEFT_TRY(header_take(scan, local));
    scan->next += (int64_t)end;
    scan->work->files[scan->at].text_length = scan->next;
    return 0;
}

/* Behind the last block: may the file end here? */
static int block_last(struct job_scan *scan)
{
    struct job_file *file = &scan->work->files[scan->at];
    size_t none = 0;
    if (scan->text == JOB_TEXT_CSV)
        return file->map != NULL
                   ? 0
                   : job_scan_bad(scan, scan->at, 0, "the file is empty: not even a header");
    if (scan->text == JOB_TEXT_JSON && !weft_json_split_run(&scan->split, "", 0, true, NULL, &none))
        return job_scan_bad(scan, scan->at, scan->next, scan->split.wrong);
    return keys_take(scan, file);
}

/* Serial: hands the next block to a thread. 0, WEFT_END, or -1 with scan->error set. */
int job_scan_next(struct job_scan *scan, struct job_scan_local *local)
{
    if (scan->failed)
        return -1;
    if (weft_process_check_cancelled(&scan->error) < 0)
        return -1;
    if (scan_certain(scan)) {
        scan->stopped = true;
        return weft_error_set(&scan->error, WEFT_E_BLOCKED, "too many rows are set aside");
    }
    while (scan->at < scan->work->file_count) {
        struct job_file *file = &scan->work->files[scan->at];
        if (!file->read) {
            scan->at++;
            continue;
        }
        if (scan->source == NULL)
            WEFT_TRY(scan_file_open(scan));
        int rc = block_next(scan, local);
        if (rc < 0)
            return rc;
        if (rc == 0) {
            local->file = scan->at;
            scan_tell(scan, false);
            return 0;
        }
        WEFT_TRY(block_last(scan));
        WEFT_TRY(scan_file_end(scan));
    }
    if (!scan->ended)
        scan_tell(scan, true);
    scan->ended = true;
    return WEFT_END;
}

/* ---- places ---- */

int job_line_of(const struct job_work *work, const struct job_file *file, int64_t byte,
                int64_t *line)
{
    WEFT_CLEANUP(weft_source_closep) struct weft_source *source = NULL;
    WEFT_CLEANUP(weft_freep) char *data = weft_alloc(JOB_BLOCK);
    struct weft_error error = WEFT_ERROR_INIT;
    int64_t at = 0;
    int64_t lines = 1;
    size_t got = 1;
    if (data == NULL || job_source_open(work, file, INT64_MAX, &source, &error) < 0)
        return -1;
    while (at < byte && got > 0) {
        size_t want = (size_t)WEFT_MIN(byte - at, (int64_t)JOB_BLOCK);
        if (weft_source_read(source, data, want, &got, &error) < 0)
            return -1;
        lines += (int64_t)job_count_lines(data, got);
        at += (int64_t)got;
    }
    *line = lines;
    return 0;
}

size_t job_count_lines(const char *data, size_t length)
{
    size_t lines = 0;
    const char *end = data + length;
    for (const char *at = data; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        lines++;
    return lines;
}

/* ---- start and end ---- */

int job_scan_new(struct job_work *work, struct job_scan **out, struct weft_error *error)
{
    struct job_scan *scan = weft_alloc(sizeof *scan);
    if (scan == NULL)
        return weft_error_nomem(error);
    scan->work = work;
    scan->error = (struct weft_error)WEFT_ERROR_INIT;
    scan->record_size_max = WEFT_MIN(work->job->record_size_max, INT64_C(1) << 30);
    scan->text = work->input == NULL ? JOB_TEXT_CSV : job_text_of(work->input);
    pthread_mutex_init(&scan->mutex, NULL);
    *out = scan;
    return 0;
}

static void hashes_release(struct job_scan *scan)
{
    for (size_t i = 0; scan->hashes != NULL && i < scan->work->rules.unique_count; i++)
        job_hashes_release(&scan->hashes[i]);
    weft_free(scan->hashes);
    scan->hashes = NULL;
}

void job_scan_free(struct job_scan *scan)
{
    if (scan == NULL)
        return;
    hashes_release(scan);
    job_records_release(scan);
    weft_source_close(scan->source);
    weft_free(scan->carry);
    weft_free(scan->marks);
    weft_free(scan->file_records);
    pthread_mutex_destroy(&scan->mutex);
    weft_free(scan);
}

int job_scan_restart(struct job_scan *scan, bool hash, struct weft_error *error)
{
    struct job_work *work = scan->work;
    weft_source_closep(&scan->source);
    hashes_release(scan);
    scan->at = 0;
    scan->next_id = 0;
    scan->ended = false;
    scan->failed = false;
    scan->stopped = false;
    scan->bytes_done = 0;
    scan->bytes_total = 0;
    scan->hash = hash;
    atomic_store(&scan->records, 0);
    weft_free(scan->file_records);
    scan->file_records = weft_alloc_array(work->file_count + 1, sizeof *scan->file_records);
    if (scan->file_records == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < work->file_count; i++) {
        atomic_store(&scan->file_records[i], 0);
        scan->bytes_total += work->files[i].read ? work->files[i].out.size : 0;
    }
    packed_find(scan);
    scan->text = job_text_of(work->input);
    scan->lines = job_own_lines(&work->columns);
    WEFT_TRY(job_records_restart(scan, error));
    if (!hash)
        return 0;
    scan->hashes = weft_alloc_array(work->rules.unique_count + 1, sizeof *scan->hashes);
    if (scan->hashes == NULL)
        return weft_error_nomem(error);
    /* An eighth of the memory, 16 bytes a row, shared by all of them. */
    size_t rows = (size_t)work->job->memory_bytes / 8 / 16 / WEFT_MAX(work->rules.unique_count, 1);
    for (size_t i = 0; i < work->rules.unique_count; i++)
        job_hashes_init(&scan->hashes[i], rows);
    return 0;
}

int job_scan_failure(struct job_scan *scan, struct weft_error *error)
{
    if (scan->failed && error != NULL)
        *error = scan->error;
    return -1;
}

int job_scan_finish(struct job_scan *scan, struct weft_error *error)
{
    if (!scan->ended)
        return weft_error_set(error, WEFT_E_INTERNAL, "the engine did not read to the end");
    for (size_t i = 0; i < scan->work->file_count; i++) {
        if (scan->work->files[i].read)
            scan->work->files[i].out.records = atomic_load(&scan->file_records[i]);
    }
    return scan->text == JOB_TEXT_CSV ? 0 : job_records_finish(scan, error);
}

bool job_scan_stopped(const struct job_scan *scan)
{
    return scan->stopped;
}

int64_t job_scan_records(const struct job_scan *scan)
{
    return atomic_load(&scan->records);
}

bool job_scan_suspect(struct job_scan *scan, size_t unique)
{
    return scan->hashes == NULL || !scan->work->rules.uniques[unique].hashed ||
           job_hashes_suspect(&scan->hashes[unique]);
}

int job_mark_compare(const void *a, const void *b)
{
    int64_t x = ((const struct job_mark *)a)->id;
    int64_t y = ((const struct job_mark *)b)->id;
    return (x > y) - (x < y);
}

void job_scan_mark(struct job_scan *scan, struct job_mark *marks, size_t count)
{
    weft_free(scan->marks);
    if (count > 0)
        qsort(marks, count, sizeof *marks, job_mark_compare);
    scan->marks = marks;
    scan->mark_count = count;
}

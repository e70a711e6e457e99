/*
 * run_key.c - the run key (job.h): a run with the key of the one before would make the same state
 * again. Both sides make it: the asker for runs that only read products, before a worker starts.
 */
#include "job/job.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define RUN_KEY_FORMAT "weft-run-2"
#define RUN_KEY_MAX ((size_t)1 << 28)

static int line_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In which guards look rows up: other rows there let other rows of the sources through. */
static int members_make(struct weft_arena *arena, const struct weft_job_source *members,
                        size_t member_count, const char **lines, size_t *count,
                        struct weft_error *error)
{
    for (size_t i = 0; i < member_count; i++) {
        lines[*count] = weft_arena_format(arena, "member %s %s %" PRId64, members[i].name,
                                          members[i].table, members[i].snapshot_id);
        if (lines[(*count)++] == NULL)
            return weft_error_nomem(error);
    }
    return 0;
}

/* Each thing the run depends on as a line; a line end cannot stand in names or hashes unescaped
 * but in paths, which are left out: the same content elsewhere makes the same rows. */
static int lines_make(struct weft_arena *arena, const struct weft_job_source *sources,
                      size_t source_count, const struct weft_outcome_file *files, size_t file_count,
                      const char **lines, size_t *count, struct weft_error *error)
{
    for (size_t i = 0; i < source_count; i++) {
        const char *origin = sources[i].origin;
        char guard[WEFT_SHA256_HEX] = "";
        if (sources[i].guard != NULL) /* what is kept from the run changes what it makes */
            WEFT_TRY(weft_sha256_hex(sources[i].guard, strlen(sources[i].guard), guard, error));
        lines[*count] = weft_arena_format(
            arena, "source %s %s%s%s %" PRId64 "%s%s", sources[i].name, sources[i].table,
            origin == NULL ? "" : "@", origin == NULL ? "" : origin, sources[i].snapshot_id,
            guard[0] == '\0' ? "" : " guard ", guard);
        if (lines[(*count)++] == NULL)
            return weft_error_nomem(error);
    }
    for (size_t i = 0; i < file_count; i++) {
        const struct weft_outcome_file *file = &files[i];
        if (file->state != WEFT_FILE_READ && file->state != WEFT_FILE_KNOWN)
            continue;
        lines[*count] = weft_arena_format(arena, "file %s %s", file->port, file->hash);
        if (lines[(*count)++] == NULL)
            return weft_error_nomem(error);
    }
    return 0;
}

int weft_job_run_key(const struct weft_product *product, const struct weft_job_source *sources,
                     size_t source_count, const struct weft_job_source *members,
                     size_t member_count, const struct weft_outcome_file *files, size_t file_count,
                     char out[WEFT_SHA256_HEX], struct weft_error *error)
{
    char digest[WEFT_SHA256_HEX];
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    size_t count = 0;
    weft_buf_init(&text, RUN_KEY_MAX);
    size_t most = source_count + member_count + file_count + 1;
    const char **lines = arena == NULL ? NULL : weft_arena_array(arena, most, sizeof *lines);
    if (lines == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_product_data_digest(product, digest, error));
    WEFT_TRY(lines_make(arena, sources, source_count, files, file_count, lines, &count, error));
    WEFT_TRY(members_make(arena, members, member_count, lines, &count, error));
    qsort(lines, count, sizeof *lines, line_compare);
    weft_buf_addf(&text, RUN_KEY_FORMAT "\ncontract %s\n", digest);
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&text, "%s\n", lines[i]);
    WEFT_TRY(weft_buf_check(&text, error));
    return weft_sha256_hex(text.data, text.length, out, error);
}

/*
 * parquet.c - rows of Parquet files as rows of a stage (parquet_internal.h).
 *
 * `read` is what the footers say, taken by weft; the engine's rows, as they end in the new file and
 * among those set aside, must come to the same (pass.c). A file is hashed before it is read, and
 * must be the same file afterwards. Files with the same columns that stand beside each other are
 * read by one call; each such group casts its own columns, so that the engine never finds a common
 * type by itself.
 */
#include "job/parquet_internal.h"

#include "base/map.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)1 << 28)
#define FILES_MAX ((size_t)1 << 23)
#define ROWS_MAX (INT64_C(1) << JOB_PARQUET_SHIFT)

bool job_is_parquet(const struct weft_input *input)
{
    return input != NULL && input->kind == WEFT_INPUT_FILES && input->format == WEFT_FORMAT_PARQUET;
}

/* ---- start and end ---- */

/* The engine takes *, ? and [ in a name for a pattern: such a file is named by its descriptor. */
static int engine_path(struct job_parquet *parquet, struct job_file *file, struct weft_error *error)
{
    struct job_work *work = parquet->work;
    file->engine_path = file->local;
    if (file->local == NULL || strpbrk(file->local, "*?[") == NULL)
        return 0;
    int *fds = weft_realloc(parquet->fds, (parquet->fd_count + 1) * sizeof *fds);
    if (fds == NULL)
        return weft_error_nomem(error);
    parquet->fds = fds;
    fds[parquet->fd_count] = -1;
    WEFT_TRY(weft_fs_open(file->local, O_RDONLY, &fds[parquet->fd_count], error));
    file->engine_path =
        weft_arena_format(work->arena, "/proc/self/fd/%d", fds[parquet->fd_count++]);
    return file->engine_path == NULL ? weft_error_nomem(error) : 0;
}

int job_parquet_new(struct job_work *work, struct weft_error *error)
{
    struct job_parquet *parquet = weft_alloc(sizeof *parquet);
    if (parquet == NULL)
        return weft_error_nomem(error);
    parquet->work = work;
    work->parquet = parquet;
    for (size_t i = 0; i < work->file_count; i++)
        WEFT_TRY(engine_path(parquet, &work->files[i], error));
    return 0;
}

void job_parquet_free(struct job_parquet *parquet)
{
    if (parquet == NULL)
        return;
    for (size_t i = 0; i < parquet->fd_count; i++)
        weft_fd_close(&parquet->fds[i]);
    if (parquet->spool != NULL) {
        struct weft_error ignored = WEFT_ERROR_INIT;
        (void)!weft_fs_unlink(parquet->spool, &ignored);
    }
    weft_free(parquet->fds);
    weft_free(parquet->marks);
    weft_free(parquet);
}

static void marks_call(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    const struct job_parquet *parquet = weft_duckdb.scalar_function_get_extra_info(info);
    job_marks_fill(parquet->marks, parquet->mark_count, in, out);
}

static void pick_call(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    const struct job_parquet *parquet = weft_duckdb.scalar_function_get_extra_info(info);
    job_pick_fill(parquet->picked, parquet->picked_count, in, out);
}

int job_parquet_register(struct job_work *work, struct weft_error *error)
{
    char name[48];
    snprintf(name, sizeof name, JOB_MARKS "_of_%zu", work->number);
    WEFT_TRY(job_function_register(work->engine, name, 2, DUCKDB_TYPE_UBIGINT, marks_call,
                                   work->parquet, error));
    snprintf(name, sizeof name, JOB_PICK "_of_%zu", work->number);
    return job_function_register(work->engine, name, 1, DUCKDB_TYPE_BOOLEAN, pick_call,
                                 work->parquet, error);
}

/* ---- what stands after FROM ---- */

void job_parquet_print_group(const struct job_work *work, const struct job_parquet_group *group,
                             struct weft_buf *out)
{
    const struct job_parquet *parquet = work->parquet;
    weft_buf_adds(out, "read_parquet([");
    for (size_t i = group->first; i < group->first + group->count; i++) {
        const char *path = work->files[parquet->files[i]].engine_path;
        weft_buf_adds(out, i > group->first ? ", " : "");
        weft_buf_add_sql_text(out, path, strlen(path));
    }
    weft_buf_adds(out, "], hive_partitioning = false) AS q");
}

void job_parquet_print_id(const struct job_parquet_group *group, struct weft_buf *out)
{
    weft_buf_addf(out,
                  "CAST((CAST(q.file_index AS BIGINT) + %zu) * %" PRId64
                  " + q.file_row_number AS UBIGINT)",
                  group->first, ROWS_MAX);
}

/* ---- one file ---- */

static int refuse(struct job_file *file, struct weft_error *error)
{
    file->out.state = WEFT_FILE_BAD;
    return weft_error_at(error, file->out.shown, 0, 0);
}

static int file_damaged(struct job_file *file, const char *said, struct weft_error *error)
{
    const char *what =
        strstr(said, "UTF8") != NULL || strstr(said, "UTF-8") != NULL
            ? "it has a text that is not UTF-8"
        : strstr(said, "encrypt") != NULL ? "it is encrypted, or claims to be"
        : strstr(said, "nsupported") != NULL || strstr(said, "ot implemented") != NULL
            ? "it is written in a way that cannot be read yet"
            : "it is damaged, or cut off";
    weft_error_set(error, WEFT_E_INPUT, "the file cannot be read as Parquet: %s", what);
    return refuse(file, error);
}

/* Of the engine's own errors those that no repair of the file helps against. */
static bool is_own_trouble(const struct weft_error *error)
{
    return error->code == WEFT_E_NOMEM || error->code == WEFT_E_CANCELLED ||
           error->code == WEFT_E_TIMEOUT || error->code == WEFT_E_NO_SPACE ||
           error->code == WEFT_E_LIMIT;
}

static int file_query(struct job_work *work, struct job_file *file, const char *before,
                      const char *after, struct weft_result **out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    struct weft_error why = WEFT_ERROR_INIT;
    weft_buf_init(&sql, 1 << 20);
    weft_buf_addf(&sql, "%s * FROM read_parquet([", before);
    weft_buf_add_sql_text(&sql, file->engine_path, strlen(file->engine_path));
    weft_buf_addf(&sql, "], hive_partitioning = false)%s", after);
    WEFT_TRY(weft_buf_check(&sql, error));
    if (weft_engine_query(work->engine, sql.data, NULL, 0, out, &why) == 0)
        return 0;
    if (!is_own_trouble(&why))
        return file_damaged(file, why.message, error);
    if (error != NULL)
        *error = why;
    return -1;
}

/* DuckDB's names of the columns' types: two files with the same ones are read together. */
static int types_read(struct job_work *work, struct job_file *file, struct job_parquet_group *group,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf signature;
    struct job_parquet_column *columns = NULL;
    size_t capacity = 0;
    int rc;
    weft_buf_init(&signature, (size_t)1 << 26);
    WEFT_TRY(file_query(work, file, "DESCRIBE SELECT", "", &result, error));
    while ((rc = weft_result_row(result, error)) == 0) {
        if (weft_arena_reserve(work->arena, &columns, &capacity, group->column_count + 1,
                               sizeof *columns) < 0)
            return weft_error_nomem(error);
        struct job_parquet_column *column = &columns[group->column_count++];
        column->name = weft_arena_strdup(work->arena, weft_result_text(result, 0));
        column->text = weft_arena_strdup(work->arena, weft_result_text(result, 1));
        column->type = NULL;
        if (column->name == NULL || column->text == NULL)
            return weft_error_nomem(error);
        weft_buf_add_sql_name(&signature, column->name);
        weft_buf_addf(&signature, " %s,", column->text);
    }
    if (rc < 0)
        return rc;
    WEFT_TRY(weft_buf_check(&signature, error));
    group->columns = columns;
    group->signature = weft_arena_strdup(work->arena, signature.data);
    return group->signature == NULL ? weft_error_nomem(error) : 0;
}

/* Types that the engine has and weft has not, with the type that holds most of their values. */
static const struct weft_type *type_near(const char *text)
{
    static const struct weft_type type_timestamp = {.kind = WEFT_TYPE_TIMESTAMP};
    static const struct weft_type type_time = {.kind = WEFT_TYPE_TIME};
    if (strcmp(text, "TIMESTAMP_NS") == 0)
        return &type_timestamp;
    return strcmp(text, "TIME WITH TIME ZONE") == 0 || strcmp(text, "TIME_NS") == 0 ? &type_time
                                                                                    : NULL;
}

static int types_take(struct job_work *work, struct job_file *file, struct job_parquet_group *group,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    const struct weft_relation_column *columns = NULL;
    size_t count = 0;
    struct job_parquet_column *own =
        weft_arena_array(work->arena, group->column_count + 1, sizeof *own);
    if (own == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(file_query(work, file, "SELECT", " LIMIT 0", &result, error));
    WEFT_TRY(weft_result_columns(result, work->arena, &columns, &count, error));
    if (count != group->column_count)
        return weft_error_set(error, WEFT_E_INTERNAL, "a file's columns differ from themselves");
    for (size_t i = 0; i < count; i++) {
        own[i] = group->columns[i];
        own[i].type = columns[i].type != NULL ? columns[i].type : type_near(own[i].text);
    }
    group->columns = own;
    return 0;
}

/* The engine gives names that differ only by case, or not at all, other ones; and its own columns
 * (file_row_number) give way to those of the file. */
static int names_check(struct job_file *file, const struct weft_parquet_footer *footer,
                       struct weft_error *error)
{
    static const char *const own[] = {"file_row_number", "file_index"};
    WEFT_CLEANUP(weft_map_freep) struct weft_map *seen = weft_map_new();
    if (seen == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < footer->column_count; i++) {
        const char *name = footer->columns[i];
        if (name[0] == '\0') {
            weft_error_set(error, WEFT_E_INPUT, "column %zu of the file has no name", i + 1);
            return refuse(file, error);
        }
        WEFT_CLEANUP(weft_freep) char *lower = weft_strdup(name);
        if (lower == NULL)
            return weft_error_nomem(error);
        for (char *at = lower; *at != '\0'; at++)
            *at = weft_lower(*at);
        if (weft_map_has(seen, lower)) {
            weft_error_set(error, WEFT_E_INPUT,
                           "the file has two columns \"%s\": names must differ not only by case",
                           name);
            return refuse(file, error);
        }
        if (weft_map_put(seen, lower, NULL) < 0)
            return weft_error_nomem(error);
        for (size_t k = 0; k < WEFT_COUNT(own); k++) {
            if (strcmp(lower, own[k]) == 0) {
                weft_error_set(error, WEFT_E_NOT_YET,
                               "the file has a column \"%s\", which cannot be read yet", name);
                return refuse(file, error);
            }
        }
    }
    return 0;
}

static int file_check(struct job_work *work, struct job_file *file,
                      const struct weft_parquet_footer *footer, struct weft_error *error)
{
    if (footer->rows >= ROWS_MAX)
        return weft_error_set(error, WEFT_E_LIMIT, "%s has too many rows", file->out.shown);
    if ((int64_t)footer->column_count > work->job->columns_max) {
        weft_error_set(error, WEFT_E_INPUT, "the file has %zu columns; columns_max is %" PRId64,
                       footer->column_count, work->job->columns_max);
        return refuse(file, error);
    }
    if (file->out.size > work->job->file_size_max) {
        weft_error_set(error, WEFT_E_LIMIT,
                       "the file is %" PRId64 " bytes long; file_size_max is %" PRId64,
                       file->out.size, work->job->file_size_max);
        return refuse(file, error);
    }
    if (footer->column_count == 0) {
        weft_error_set(error, WEFT_E_INPUT, "the file has no columns");
        return refuse(file, error);
    }
    if (footer->twice != NULL) {
        weft_error_set(
            error, WEFT_E_INPUT,
            "the column \"%s\" has two fields of one name: names must differ not only by "
            "case",
            footer->twice);
        return refuse(file, error);
    }
    if (footer->wide != NULL) {
        weft_error_set(
            error, WEFT_E_NOT_YET,
            "the column \"%s\" holds decimals of more than 38 digits, which cannot be read "
            "yet",
            footer->wide);
        return refuse(file, error);
    }
    return names_check(file, footer, error);
}

static int file_same(struct job_file *file, struct weft_error *error)
{
    struct weft_fs_identity identity;
    int rc = weft_fs_identity(file->local, &identity, error);
    WEFT_TRY(rc);
    bool same = rc == 0 && identity.size == file->out.size &&
                (file->url || ((int64_t)identity.inode == file->out.inode &&
                               (int64_t)identity.device == file->out.device &&
                               identity.modified_ns == file->out.modified_ns &&
                               identity.changed_ns == file->out.changed_ns));
    if (same)
        return 0;
    weft_error_set(error, WEFT_E_INPUT, "the file changed while it was read");
    return refuse(file, error);
}

static int group_join(struct job_parquet *parquet, size_t number, struct weft_error *error)
{
    struct job_work *work = parquet->work;
    struct job_file *file = &work->files[parquet->files[number]];
    struct job_parquet_group group = {.first = number, .count = 1};
    WEFT_TRY(types_read(work, file, &group, error));
    struct job_parquet_group *last =
        parquet->group_count == 0 ? NULL : &parquet->groups[parquet->group_count - 1];
    if (last != NULL && strcmp(last->signature, group.signature) == 0) {
        last->count++;
        return 0;
    }
    WEFT_TRY(types_take(work, file, &group, error));
    if (weft_arena_reserve(work->arena, &parquet->groups, &parquet->group_capacity,
                           parquet->group_count + 1, sizeof *parquet->groups) < 0)
        return weft_error_nomem(error);
    parquet->groups[parquet->group_count++] = group;
    return 0;
}

/* The engine gives INT96 as microseconds: what is finer is gone before it can be looked at. */
static int int96_warn(struct job_work *work, const struct job_file *file, const char *column,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 16);
    weft_buf_addf(&text,
                  "%s: \"%s\" is written as INT96, which is read to the microsecond: parts of a "
                  "microsecond, if it has any, are cut",
                  file->out.shown, column);
    WEFT_TRY(weft_buf_check(&text, error));
    const char *kept = weft_arena_strdup(work->arena, text.data);
    return kept == NULL ? weft_error_nomem(error) : job_warn(work, kept, error);
}

static int file_open(struct job_parquet *parquet, size_t at, struct weft_error *error)
{
    struct job_work *work = parquet->work;
    struct job_file *file = &work->files[at];
    struct weft_parquet_footer footer;
    size_t number = parquet->file_count;
    if (file->engine_path == NULL)
        file->engine_path = file->local;
    if (weft_parquet_footer_read(work->arena, file->local, file->out.shown, &footer, error) < 0) {
        file->out.state = WEFT_FILE_BAD;
        return -1;
    }
    WEFT_TRY(file_check(work, file, &footer, error));
    if (footer.int96 != NULL)
        WEFT_TRY(int96_warn(work, file, footer.int96, error));
    if (file->out.hash[0] == '\0')
        WEFT_TRY(job_file_hash(file, error));
    WEFT_TRY(file_same(file, error));
    parquet->files[parquet->file_count++] = at;
    parquet->records += footer.rows;
    file->out.records = footer.rows;
    file->base = (int64_t)number << JOB_PARQUET_SHIFT;
    file->text_length = WEFT_MAX(footer.rows, 1);
    WEFT_TRY(group_join(parquet, number, error));
    const struct job_parquet_group *group = &parquet->groups[parquet->group_count - 1];
    const char **names = weft_arena_array(work->arena, group->column_count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < group->column_count; i++)
        names[i] = group->columns[i].name;
    file->header = (struct weft_texts){names, group->column_count};
    file->cells = group->column_count;
    return 0;
}

int job_parquet_open(struct job_work *work, struct weft_error *error)
{
    struct job_parquet *parquet = work->parquet;
    int64_t done = 0, total = 0;
    parquet->files = weft_arena_array(work->arena, work->file_count + 1, sizeof *parquet->files);
    if (parquet->files == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < work->file_count; i++)
        total += work->files[i].read ? work->files[i].out.size : 0;
    for (size_t i = 0; i < work->file_count; i++) {
        if (!work->files[i].read)
            continue;
        if (parquet->file_count == FILES_MAX)
            return weft_error_set(error, WEFT_E_LIMIT, "more than %zu files", FILES_MAX);
        job_tell(work, "reading", work->files[i].out.shown, parquet->records, done, total);
        WEFT_TRY(file_open(parquet, i, error));
        done += work->files[i].out.size;
    }
    return 0;
}

/* ---- columns ---- */

static int sample_merge(struct job_work *work, const struct job_parquet_group *group,
                        const char **names, const struct weft_type **types, size_t *count,
                        struct weft_error *error)
{
    static const struct weft_type type_string = {.kind = WEFT_TYPE_STRING};
    for (size_t i = 0; i < group->column_count; i++) {
        const struct job_parquet_column *column = &group->columns[i];
        const struct weft_type *type = column->type == NULL ? &type_string : column->type;
        size_t at = 0;
        while (at < *count && strcmp(names[at], column->name) != 0)
            at++;
        if (at == *count) {
            names[(*count)++] = column->name;
            types[at] = type;
            continue;
        }
        types[at] = job_parquet_common(work->arena, types[at], type);
        if (types[at] == NULL)
            return weft_error_nomem(error);
    }
    return 0;
}

int job_parquet_sample(struct job_work *work, struct job_sample *out, struct weft_error *error)
{
    const struct job_parquet *parquet = work->parquet;
    size_t most = 0, count = 0;
    for (size_t i = 0; i < parquet->group_count; i++)
        most += parquet->groups[i].column_count;
    const char **names = weft_arena_array(work->arena, most + 1, sizeof *names);
    const struct weft_type **types = weft_arena_array(work->arena, most + 1, sizeof *types);
    if (names == NULL || types == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < parquet->group_count; i++)
        WEFT_TRY(sample_merge(work, &parquet->groups[i], names, types, &count, error));
    if (parquet->file_count == 0)
        return weft_error_set(error, WEFT_E_INPUT, "there is nothing to read");
    out->shown = work->files[parquet->files[0]].out.shown;
    out->header = (struct weft_texts){names, count};
    out->types = types;
    return 0;
}

int job_parquet_map(struct job_work *work, struct weft_error *error)
{
    struct job_parquet *parquet = work->parquet;
    for (size_t i = 0; i < parquet->group_count; i++) {
        struct job_parquet_group *group = &parquet->groups[i];
        struct job_file *file = &work->files[parquet->files[group->first]];
        struct job_header_warnings warnings;
        int *map = NULL;
        if (job_columns_map(work->arena, &work->columns, &file->header, file->out.shown, &map,
                            &warnings, error) < 0) {
            error->line = 0; /* a file without lines */
            file->out.state = WEFT_FILE_BAD;
            return -1;
        }
        if (warnings.extra != NULL)
            WEFT_TRY(job_warn(work, warnings.extra, error));
        if (warnings.missing != NULL)
            WEFT_TRY(job_warn(work, warnings.missing, error));
        if (warnings.own != NULL && work->job->mode != WEFT_JOB_REPLAY)
            WEFT_TRY(job_warn(work, warnings.own, error));
        group->map = map;
    }
    return 0;
}

static int refuse_type(struct job_work *work, const struct job_parquet_group *group,
                       const struct job_parquet_column *from, const struct job_column *to,
                       struct weft_error *error)
{
    struct job_file *file = &work->files[work->parquet->files[group->first]];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf have;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf want;
    weft_buf_init(&have, 1 << 20);
    weft_buf_init(&want, 1 << 20);
    if (from->type != NULL)
        weft_type_print(from->type, &have);
    else
        weft_buf_adds(&have, from->text);
    weft_type_print(to->type, &want);
    WEFT_TRY(weft_buf_check(&have, error));
    WEFT_TRY(weft_buf_check(&want, error));
    weft_error_set(error, WEFT_E_INPUT, "the column \"%s\" is %s, which cannot become %s",
                   from->name, have.data, want.data);
    weft_error_hint(error, "declare the field %s as `%s`", to->name,
                    from->type != NULL ? have.data : "string");
    return refuse(file, error);
}

/* One group: the inner SELECT casts, the outer one sets the bits of casts that failed. */
struct branch {
    struct weft_buf inner;
    struct weft_buf outer;
    struct weft_buf *bits; /* by word */
};

static void bits_begin(struct job_work *work, struct branch *branch)
{
    bool marked = work->rules.unique_count > 0 || work->reference_count > 0;
    for (size_t w = 0; w < work->rules.words; w++) {
        if (marked)
            weft_buf_addf(&branch->bits[w], JOB_MARKS "_of_%zu(\"" JOB_ID "\", %zu)", work->number,
                          w);
        else
            weft_buf_adds(&branch->bits[w], "0::UBIGINT");
    }
}

static void own_file_print(const struct job_work *work, const struct job_parquet_group *group,
                           struct weft_buf *out)
{
    weft_buf_adds(out, "list_extract([");
    for (size_t i = group->first; i < group->first + group->count; i++) {
        const char *shown = work->files[work->parquet->files[i]].out.shown;
        weft_buf_adds(out, i > group->first ? ", " : "");
        weft_buf_add_sql_text(out, shown, strlen(shown));
    }
    weft_buf_adds(out, "], CAST(q.file_index AS BIGINT) + 1) AS ");
}

static int column_put(struct job_work *work, const struct job_parquet_group *group, size_t at,
                      struct branch *branch, struct weft_error *error)
{
    const struct job_column *column = &work->columns.items[at];
    const struct job_parquet_column *from = NULL;
    const char *sql = NULL;
    bool fails = false;
    for (size_t i = 0; i < group->column_count; i++) {
        if (group->map[i] == (int)at)
            from = &group->columns[i];
    }
    weft_buf_adds(&branch->inner, ", ");
    weft_buf_adds(&branch->outer, ", ");
    if (from == NULL && column->own == JOB_OWN_LINE) {
        weft_buf_adds(&branch->inner, "q.file_row_number + 1 AS ");
    } else if (from == NULL && column->own == JOB_OWN_FILE) {
        own_file_print(work, group, &branch->inner);
    } else if (from == NULL) {
        weft_buf_adds(&branch->inner, "CAST(NULL AS ");
        weft_type_print_duckdb(column->type, &branch->inner);
        weft_buf_adds(&branch->inner, ") AS ");
    } else {
        int rc = job_parquet_cast(work->arena, from, column->type, &sql, &fails, error);
        if (rc != 0)
            return rc < 0 ? rc : refuse_type(work, group, from, column, error);
        weft_buf_addf(&branch->inner, "%s AS ", sql);
    }
    weft_buf_add_sql_name(&branch->inner, column->name);
    weft_buf_add_sql_name(&branch->outer, column->name);
    if (!fails)
        return 0;
    size_t rule = at + 1;
    weft_buf_addf(&branch->inner, ", q.");
    weft_buf_add_sql_name(&branch->inner, from->name);
    weft_buf_addf(&branch->inner, " IS NULL AS \"" JOB_RAW "%zu\"", at);
    struct weft_buf *bits = &branch->bits[rule >> 6];
    weft_buf_adds(bits, " | CASE WHEN ");
    weft_buf_add_sql_name(bits, column->name);
    weft_buf_addf(
        bits, " IS NULL AND NOT \"" JOB_RAW "%zu\" THEN %" PRIu64 "::UBIGINT ELSE 0::UBIGINT END",
        at, UINT64_C(1) << (rule & 63));
    return 0;
}

static int branch_print(struct job_work *work, const struct job_parquet_group *group,
                        struct branch *branch, struct weft_buf *out, struct weft_error *error)
{
    bits_begin(work, branch);
    weft_buf_adds(&branch->inner, "(SELECT ");
    job_parquet_print_id(group, &branch->inner);
    weft_buf_adds(&branch->inner, " AS \"" JOB_ID "\"");
    for (size_t i = 0; i < work->columns.count; i++)
        WEFT_TRY(column_put(work, group, i, branch, error));
    weft_buf_adds(&branch->inner, " FROM ");
    job_parquet_print_group(work, group, &branch->inner);
    weft_buf_adds(out, "SELECT \"" JOB_ID "\"");
    for (size_t w = 0; w < work->rules.words; w++) {
        WEFT_TRY(weft_buf_check(&branch->bits[w], error));
        weft_buf_addf(out, ", %s AS \"" JOB_BITS "%zu\"", branch->bits[w].data, w);
    }
    WEFT_TRY(weft_buf_check(&branch->inner, error));
    WEFT_TRY(weft_buf_check(&branch->outer, error));
    weft_buf_addf(out, "%s FROM %s) AS b", branch->outer.data, branch->inner.data);
    return 0;
}

static int group_print(struct job_work *work, const struct job_parquet_group *group,
                       struct weft_buf *out, struct weft_error *error)
{
    struct branch branch;
    weft_buf_init(&branch.inner, SQL_MAX);
    weft_buf_init(&branch.outer, SQL_MAX);
    branch.bits = weft_alloc_array(work->rules.words + 1, sizeof *branch.bits);
    if (branch.bits == NULL)
        return weft_error_nomem(error);
    for (size_t w = 0; w < work->rules.words; w++)
        weft_buf_init(&branch.bits[w], SQL_MAX);
    int rc = branch_print(work, group, &branch, out, error);
    for (size_t w = 0; w < work->rules.words; w++)
        weft_buf_release(&branch.bits[w]);
    weft_free(branch.bits);
    weft_buf_release(&branch.inner);
    weft_buf_release(&branch.outer);
    return rc;
}

int job_parquet_from(struct job_work *work, struct weft_error *error)
{
    const struct job_parquet *parquet = work->parquet;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    weft_buf_init(&out, SQL_MAX);
    weft_buf_addc(&out, '(');
    for (size_t i = 0; i < parquet->group_count; i++) {
        weft_buf_adds(&out, i > 0 ? " UNION ALL " : "");
        WEFT_TRY(group_print(work, &parquet->groups[i], &out, error));
    }
    weft_buf_addc(&out, ')');
    WEFT_TRY(weft_buf_check(&out, error));
    work->columns.from = weft_arena_strdup(work->arena, out.data);
    return work->columns.from == NULL ? weft_error_nomem(error) : 0;
}

/* ---- what pass and keys ask ---- */

int job_parquet_finish(struct job_work *work, struct weft_error *error)
{
    for (size_t i = 0; i < work->parquet->file_count; i++)
        WEFT_TRY(file_same(&work->files[work->parquet->files[i]], error));
    return 0;
}

/* Reads all of it: 0, or its error. */
static int file_probe(struct job_work *work, struct job_file *file, struct weft_error *error)
{
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    struct weft_error why = WEFT_ERROR_INIT;
    duckdb_data_chunk chunk;
    int rc;
    WEFT_TRY(file_query(work, file, "SELECT", "", &result, error));
    while ((rc = weft_result_next(result, &chunk, &why)) == 0)
        ;
    if (rc > 0)
        return 0;
    if (!is_own_trouble(&why))
        return file_damaged(file, why.message, error);
    return 0;
}

int job_parquet_failure(struct job_work *work, struct weft_error *error)
{
    const struct job_parquet *parquet = work->parquet;
    struct weft_error found = WEFT_ERROR_INIT;
    if (error == NULL || is_own_trouble(error))
        return -1;
    for (size_t i = 0; i < parquet->file_count; i++) {
        struct job_file *file = &work->files[parquet->files[i]];
        if (file_same(file, &found) < 0 || file_probe(work, file, &found) < 0) {
            *error = found;
            return -1;
        }
    }
    return -1;
}

void job_parquet_mark(struct job_work *work, struct job_mark *marks, size_t count)
{
    struct job_parquet *parquet = work->parquet;
    weft_free(parquet->marks);
    if (count > 0)
        qsort(marks, count, sizeof *marks, job_mark_compare);
    parquet->marks = marks;
    parquet->mark_count = count;
}

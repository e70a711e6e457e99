/*
 * sources.c - the products that a run reads, each at the snapshot that was current when the run
 * began, or only the rows that came to it since this product read it last.
 */
#include "job/work_internal.h"

#include "engine/protect.h"
#include "engine/stored.h"
#include "job/guard.h"
#include "trust/treat_key.h"

#include <string.h>
#include <strings.h>

static const char *command_name(const struct job_work *work)
{
    return work->job->name != NULL ? work->job->name : work->job->table;
}

/* That of the run, or the one of another environment that it only reads. */
static const char *source_home(const struct job_work *work, const struct weft_job_source *asked)
{
    return asked->home != NULL ? asked->home : work->job->home;
}

static int refuse_gone(struct job_work *work, const struct weft_job_source *asked,
                       struct weft_error *error)
{
    weft_error_set(error, WEFT_E_REFUSED,
                   "%s: what came to %s since it was read last cannot be told: the state that was "
                   "read, snapshot %" PRId64 ", is gone",
                   asked->name, asked->product, asked->since);
    return weft_error_hint(error, "`weft run %s --rebuild` reads all of it and starts over",
                           command_name(work));
}

static int refuse_overwritten(struct job_work *work, const struct weft_job_source *asked,
                              int64_t culprit, struct weft_error *error)
{
    weft_error_set(error, WEFT_E_REFUSED,
                   "%s: `read: new` needs a product that only grows, and snapshot %" PRId64
                   " of %s replaced rows since it was read last",
                   asked->name, culprit, asked->product);
    return weft_error_hint(error,
                           "`weft run %s --rebuild` reads all of it and starts over; a product "
                           "whose rows change is read with `read: all`",
                           command_name(work));
}

/* ---- opening ---- */

static int source_files(struct job_work *work, const struct weft_table *table,
                        const struct weft_snapshot *snapshot, struct job_source *out,
                        struct weft_data_files *data, struct weft_error *error)
{
    const struct weft_job_source *asked = out->asked;
    const char *home = source_home(work, asked);
    struct weft_data_files deletes = {0};
    int64_t culprit = 0;
    bool since = asked->only_new && asked->since != 0 && work->job->mode != WEFT_JOB_REBUILD;
    if (asked->only_new && work->job->mode == WEFT_JOB_REPLAY)
        return 0; /* what came to it is for the next run */
    if (since) {
        int rc = weft_table_added_since(work->arena, home, table, snapshot, asked->since, data,
                                        &culprit, error);
        if (rc == WEFT_NOT_THERE)
            return refuse_gone(work, asked, error);
        return rc > 0 ? refuse_overwritten(work, asked, culprit, error) : rc;
    }
    WEFT_TRY(weft_table_files(work->arena, home, table, snapshot, data, &deletes, error));
    if (deletes.count > 0)
        return weft_error_set(error, WEFT_E_NOT_YET,
                              "%s has delete files, which weft did not write", asked->product);
    return 0;
}

static int source_relation(struct job_work *work, const struct weft_table *table,
                           const struct weft_data_files *data, struct job_source *out,
                           struct weft_error *error)
{
    const struct weft_table_schema *schema = weft_table_schema(table);
    for (size_t i = 0; i < data->count; i++)
        out->records += data->items[i].records;
    out->relation = (struct weft_relation){.kind = WEFT_RELATION_FILES,
                                           .product = out->asked->product,
                                           .snapshot_id = out->asked->snapshot_id,
                                           .plain = schema->schema_id == 0 &&
                                                    weft_table_schema_of(table, 1) == NULL};
    WEFT_TRY(weft_stored_columns(work->arena, schema, &out->relation, error));
    return weft_stored_files(work->arena, source_home(work, out->asked), table, data,
                             &out->relation, error);
}

static int source_open(struct job_work *work, struct job_source *out, struct weft_error *error)
{
    const struct weft_job_source *asked = out->asked;
    const struct weft_snapshot *snapshot = NULL;
    struct weft_table *table = NULL;
    struct weft_data_files data = {0};
    WEFT_TRY(
        weft_table_load(work->arena, source_home(work, asked), asked->metadata, &table, error));
    int rc = weft_table_find(table, asked->snapshot_id, &snapshot, error);
    WEFT_TRY(rc);
    if (rc == WEFT_NOT_THERE)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s has no snapshot %" PRId64, asked->product,
                              asked->snapshot_id);
    out->folder = weft_arena_format(work->arena, "%s/%s/", source_home(work, asked),
                                    weft_table_folder(table));
    if (out->folder == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(source_files(work, table, snapshot, out, &data, error));
    WEFT_TRY(source_relation(work, table, &data, out, error));
    if (asked->guard == NULL)
        return 0;
    struct weft_job_guard guard;
    WEFT_TRY(weft_job_guard_parse(work->arena, asked->guard, &guard, error));
    return weft_job_guard_apply(&guard, work->arena, &out->relation, error);
}

static int members_open(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    if (job->member_count == 0)
        return 0;
    work->members = weft_arena_array(work->arena, job->member_count, sizeof *work->members);
    if (work->members == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < job->member_count; i++) {
        work->members[i].asked = &job->members[i];
        WEFT_TRY(source_open(work, &work->members[i], error));
    }
    return 0;
}

int job_sources_open(struct job_work *work, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    if (job->mode == WEFT_JOB_TEST)
        return job_example_sources(work, error);
    work->sources = weft_arena_array(work->arena, job->source_count + 1, sizeof *work->sources);
    if (work->sources == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < job->source_count; i++) {
        work->sources[i].asked = &job->sources[i];
        WEFT_TRY(source_open(work, &work->sources[i], error));
        work->source_count++;
    }
    return members_open(work, error);
}

/* ---- what guards keep back ---- */

int job_sources_member(void *arg, struct weft_arena *arena, const char *product,
                       struct weft_relation *out, struct weft_error *error)
{
    const struct job_work *work = arg;
    (void)arena;
    (void)error;
    for (size_t i = 0; work->members != NULL && i < work->job->member_count; i++) {
        if (strcmp(work->members[i].asked->name, product) == 0) {
            *out = work->members[i].relation;
            return 0;
        }
    }
    return WEFT_NOT_THERE;
}

/* Rows that are kept back were not read: nor are they counted. */
static int source_count(struct job_work *work, struct job_source *source, struct weft_error *error)
{
    struct weft_resolve_options options = {
        .member = job_sources_member, .arg = work, .hide_values = true};
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, (size_t)16 << 20);
    struct weft_relation relation = source->relation;
    relation.min_group_count = 0; /* the number of rows is weft's own */
    weft_buf_adds(&sql, "SELECT count(*) FROM (");
    WEFT_TRY(
        weft_relation_print_secured(work->engine, work->arena, &relation, &options, &sql, error));
    weft_buf_addc(&sql, ')');
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    int rc = weft_result_row(result, error);
    if (rc == 0)
        source->records = weft_result_int(result, 0);
    return rc < 0 ? rc : 0;
}

int job_sources_guard(struct job_work *work, struct weft_error *error)
{
    bool guarded = false;
    for (size_t i = 0; i < work->source_count; i++)
        guarded = guarded || weft_relation_is_guarded(&work->sources[i].relation);
    if (!guarded)
        return 0;
    unsigned char key[WEFT_TREAT_KEY_BYTES];
    WEFT_TRY(weft_treat_key(work->job->home, key, error));
    int rc = weft_engine_protect(work->engine, key, sizeof key, error);
    explicit_bzero(key, sizeof key);
    WEFT_TRY(rc);
    for (size_t i = 0; i < work->source_count; i++) {
        if (work->sources[i].relation.rows != NULL)
            WEFT_TRY(source_count(work, &work->sources[i], error));
    }
    return job_sources_tell(work, error);
}

/* ---- by name ---- */

const struct job_source *job_source_find(const struct job_work *work, const char *schema,
                                         const char *table)
{
    for (size_t i = 0; i < work->source_count; i++) {
        const struct weft_job_source *asked = work->sources[i].asked;
        if (asked->is_port != (schema == NULL))
            continue;
        if (schema == NULL && strcasecmp(asked->name, table) == 0)
            return &work->sources[i];
        size_t length = schema == NULL ? 0 : strlen(schema);
        if (schema != NULL && strncasecmp(asked->name, schema, length) == 0 &&
            asked->name[length] == '.' && strcasecmp(asked->name + length + 1, table) == 0)
            return &work->sources[i];
    }
    return NULL;
}

/* ---- what was read ---- */

int job_sources_tell(struct job_work *work, struct weft_error *error)
{
    struct weft_outcome_source *told =
        weft_arena_array(work->arena, work->source_count + 1, sizeof *told);
    if (told == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < work->source_count; i++) {
        const struct weft_job_source *asked = work->sources[i].asked;
        told[i] = (struct weft_outcome_source){.name = asked->name,
                                               .table = asked->table,
                                               .origin = asked->origin,
                                               .environment = asked->environment,
                                               .snapshot_id = asked->snapshot_id,
                                               .since = asked->since,
                                               .records = work->sources[i].records};
    }
    work->out->sources = told;
    work->out->source_count = work->source_count;
    return 0;
}

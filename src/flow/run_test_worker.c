/*
 * run_test_worker.c - a small worker for the tests of the asker's side: it reads lines of text
 * files (a line is a record; one that begins with ! is set aside), keeps the rules of positions,
 * and makes real table states. WEFT_TEST_SCENARIO lets it lie, block, die or dawdle.
 */
#include "flow/run_test_support.h"

#include "base/fault.h"
#include "base/fs.h"
#include "base/process.h"
#include "ledger/sql.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fake {
    struct weft_arena *arena;
    struct weft_job job;
    const struct weft_product *product;
    struct weft_outcome out;
    struct weft_error error;
    const char *scenario;
};

static bool is(const struct fake *fake, const char *scenario)
{
    return strcmp(fake->scenario, scenario) == 0;
}

static void must(int rc, const struct fake *fake, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "test worker: %s: %s\n", what, fake->error.message);
    _exit(9);
}

/* ---- files ---- */

static void file_count(struct fake *fake, struct weft_outcome_file *file)
{
    struct weft_buf text;
    struct weft_fs_identity identity;
    weft_buf_init(&text, 1 << 20);
    must(weft_fs_read_file(file->path, 1 << 20, &text, &fake->error), fake, file->path);
    must(weft_sha256_hex(text.data, text.length, file->hash, &fake->error), fake, "hash");
    must(weft_fs_identity(file->path, &identity, &fake->error), fake, "identity");
    for (char *line = text.data; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        file->records++;
        if (line[0] == '!')
            file->quarantined++;
        else
            file->accepted++;
        line += length + (line[length] == '\n');
    }
    file->size = identity.size;
    file->device = (int64_t)identity.device;
    file->inode = (int64_t)identity.inode;
    file->modified_ns = identity.modified_ns;
    file->changed_ns = identity.changed_ns;
    weft_buf_release(&text);
}

static bool file_known(struct fake *fake, struct weft_ledger_txn *txn,
                       const struct weft_outcome_file *file)
{
    int64_t one = 0;
    int rc = weft_sql_int(txn, &one, &fake->error,
                          "SELECT 1 FROM flow_inputs WHERE product = ?1 AND hash = ?2 AND seq_to "
                          "IS NULL",
                          "tt", fake->job.table, file->hash);
    return rc == 0 && fake->job.mode == WEFT_JOB_RUN;
}

static void files_find(struct fake *fake)
{
    struct weft_ledger *ledger = NULL;
    struct weft_ledger_txn *txn = NULL;
    struct weft_fs_list list;
    if (fake->product->input_count == 0 || fake->product->inputs[0].kind != WEFT_INPUT_FILES)
        return;
    char *pattern = weft_path_join(fake->job.folder, fake->product->inputs[0].files);
    must(weft_ledger_open(fake->job.home, WEFT_LEDGER_READ_ONLY, &ledger, &fake->error), fake,
         "home");
    must(weft_ledger_begin_read(ledger, &txn, &fake->error), fake, "read");
    must(weft_fs_glob(pattern, &list, &fake->error), fake, pattern);
    struct weft_outcome_file *files = weft_arena_array(fake->arena, list.count + 1, sizeof *files);
    for (size_t i = 0; i < list.count; i++) {
        struct weft_outcome_file *file = &files[i];
        file->port = fake->product->inputs[0].name;
        file->path = weft_arena_strdup(fake->arena, list.names[i]);
        file->shown = file->path;
        file_count(fake, file);
        file->state = file_known(fake, txn, file) ? WEFT_FILE_KNOWN : WEFT_FILE_READ;
    }
    fake->out.files = files;
    fake->out.file_count = list.count;
    weft_fs_list_free(&list);
    weft_ledger_end(txn);
    weft_ledger_close(ledger);
    weft_free(pattern);
}

/* ---- states ---- */

static const struct weft_outcome_table *table_make(struct fake *fake, const char *folder,
                                                   const char *metadata, int64_t records,
                                                   bool replace)
{
    struct weft_outcome_table *out = weft_arena_alloc(fake->arena, sizeof *out);
    struct weft_table *table = NULL;
    struct weft_table_schema schema;
    char *data = weft_arena_format(fake->arena, "%s/data/%s-0.parquet", folder, fake->job.run_id);
    char *path = weft_path_join(fake->job.home, data);
    char *dir = weft_path_dirname(path);
    must(weft_fs_mkdirs(dir, &fake->error), fake, dir);
    must(weft_fs_write_file(path, "PAR1", 4, &fake->error), fake, path);
    if (metadata != NULL)
        must(weft_table_load(fake->arena, fake->job.home, metadata, &table, &fake->error), fake,
             metadata);
    must(weft_table_evolve(fake->arena, table, &fake->product->schema, &schema, &fake->error), fake,
         "schema");
    struct weft_data_file file = {.path = data, .records = records, .size = 4};
    struct weft_summary_item summary[] = {{"weft.run-id", fake->job.run_id}};
    struct weft_table_change change = {.folder = folder,
                                       .run_id = fake->job.run_id,
                                       .operation = replace ? WEFT_OP_OVERWRITE : WEFT_OP_APPEND,
                                       .remove_all = replace,
                                       .schema = &schema,
                                       .added = &file,
                                       .added_count = 1,
                                       .timestamp_ms = fake->job.time_us / 1000,
                                       .summary = summary,
                                       .summary_count = 1,
                                       .metadata_files_kept = fake->job.metadata_files_kept};
    must(weft_table_make(fake->arena, fake->job.home, table, &change, &out->made, &fake->error),
         fake, "make");
    out->operation = replace ? "overwrite" : "append";
    out->added = records;
    out->removed = 0;
    if (replace && table != NULL && weft_table_current(table) != NULL)
        out->removed = weft_json_int_or(weft_table_current(table)->summary, "total-records", 0);
    if (is(fake, "missing"))
        unlink(path);
    weft_free(path);
    weft_free(dir);
    return out;
}

static void tables_make(struct fake *fake)
{
    struct weft_balance *b = &fake->out.balance;
    bool replace = fake->job.mode == WEFT_JOB_REBUILD ||
                   (fake->job.source_count > 0 && fake->product->write == WEFT_WRITE_REPLACE);
    b->made = b->accepted;
    b->published = b->accepted;
    fake->out.state = WEFT_RUN_PUBLISHED;
    if (fake->job.mode == WEFT_JOB_PREVIEW) {
        fake->out.preview = weft_arena_format(fake->arena, "%s/p.parquet", fake->job.temp_dir);
        must(weft_fs_write_file(fake->out.preview, "PAR1", 4, &fake->error), fake, "preview");
        return;
    }
    if (b->published > 0)
        fake->out.table =
            table_make(fake, fake->job.table_folder, fake->job.metadata, b->published, replace);
    if (b->input_quarantined > 0 && fake->job.mode != WEFT_JOB_REPLAY)
        fake->out.quarantine =
            table_make(fake, fake->job.quarantine_folder, fake->job.quarantine_metadata,
                       b->input_quarantined, false);
}

static int64_t rows_at(struct fake *fake, const struct weft_table *table, int64_t snapshot_id)
{
    const struct weft_snapshot *snapshot = weft_table_snapshot(table, snapshot_id);
    must(snapshot == NULL ? -1 : 0, fake, "the source's snapshot");
    return weft_json_int_or(snapshot->summary, "total-records", 0);
}

/* Each row of a source is published as it is. */
static void sources_read(struct fake *fake)
{
    struct weft_outcome_source *told =
        weft_arena_array(fake->arena, fake->job.source_count + 1, sizeof *told);
    for (size_t i = 0; i < fake->job.source_count; i++) {
        const struct weft_job_source *source = &fake->job.sources[i];
        struct weft_table *table = NULL;
        must(weft_table_load(fake->arena, fake->job.home, source->metadata, &table, &fake->error),
             fake, source->metadata);
        told[i] =
            (struct weft_outcome_source){.name = source->name,
                                         .table = source->table,
                                         .snapshot_id = source->snapshot_id,
                                         .since = source->since,
                                         .records = rows_at(fake, table, source->snapshot_id)};
        if (source->only_new && source->since != 0)
            told[i].records -= rows_at(fake, table, source->since);
        fake->out.balance.read += told[i].records;
        fake->out.balance.accepted += told[i].records;
    }
    must(weft_job_run_key(fake->product, fake->job.sources, fake->job.source_count,
                          fake->job.members, fake->job.member_count, fake->out.files,
                          fake->out.file_count, fake->out.run_key, &fake->error),
         fake, "key");
    fake->out.sources = told;
    fake->out.source_count = fake->job.source_count;
}

static void run_or_rebuild(struct fake *fake)
{
    bool new_one = false;
    files_find(fake);
    sources_read(fake);
    for (size_t i = 0; i < fake->out.source_count; i++)
        new_one = new_one || fake->out.sources[i].records > 0;
    for (size_t i = 0; i < fake->out.file_count; i++) {
        const struct weft_outcome_file *file = &fake->out.files[i];
        if (file->state != WEFT_FILE_READ)
            continue;
        new_one = true;
        fake->out.balance.read += file->records;
        fake->out.balance.accepted += file->accepted;
        fake->out.balance.input_quarantined += file->quarantined;
    }
    if (!new_one) {
        fake->out.state = WEFT_RUN_NOTHING_NEW;
        return;
    }
    tables_make(fake);
}

/* All rows but the first asked for pass. */
static void replay(struct fake *fake)
{
    struct weft_job_replay *items =
        weft_arena_array(fake->arena, fake->job.replay_count, sizeof *items);
    for (size_t i = 0; i < fake->job.replay_count; i++) {
        size_t skip = i == 0 && is(fake, "replay_some") ? 1 : 0;
        items[i] = fake->job.replays[i];
        items[i].row_numbers += skip;
        items[i].row_count -= skip;
        fake->out.balance.read += (int64_t)(items[i].row_count + skip);
        fake->out.balance.accepted += (int64_t)items[i].row_count;
        fake->out.balance.input_quarantined += (int64_t)skip;
    }
    fake->out.replayed = items;
    fake->out.replayed_count = fake->job.replay_count;
    tables_make(fake);
}

static void answer(struct fake *fake)
{
    struct weft_buf line;
    struct weft_progress progress = {.stage = "reading", .rows = 1};
    weft_buf_init(&line, 1 << 24);
    must(weft_progress_write(&progress, &line, &fake->error), fake, "progress");
    weft_buf_addc(&line, '\n');
    must(weft_outcome_write(&fake->out, &line, &fake->error), fake, "outcome");
    weft_buf_addc(&line, '\n');
    ssize_t written = write(STDOUT_FILENO, line.data, line.length);
    if (written != (ssize_t)line.length)
        _exit(8);
    weft_buf_release(&line);
}

static void lie(struct fake *fake)
{
    if (is(fake, "balance"))
        fake->out.balance.read++;
    if (is(fake, "balance_files"))
        fake->out.balance.read++, fake->out.balance.input_quarantined++;
    if (is(fake, "parent") && fake->out.table != NULL) {
        struct weft_outcome_table *table = weft_arena_alloc(fake->arena, sizeof *table);
        *table = *fake->out.table;
        table->made.parent_id++;
        fake->out.table = table;
    }
    if (is(fake, "elsewhere") && fake->out.table != NULL) {
        struct weft_outcome_table *table = weft_arena_alloc(fake->arena, sizeof *table);
        *table = *fake->out.table;
        table->made.metadata_path =
            weft_arena_format(fake->arena, "lake/other/%s.json", fake->job.run_id);
        fake->out.table = table;
    }
    if (is(fake, "blocked")) {
        fake->out.state = WEFT_RUN_BLOCKED;
        weft_error_set(&fake->out.error, WEFT_E_BLOCKED, "rows.min: 3 rows, 1000 at least");
    }
}

/* The next job's line and lock; the process ends where there is none. */
static void line_read(struct weft_buf *line, int *lock)
{
    struct weft_error error = WEFT_ERROR_INIT;
    while (memchr(line->data, '\n', line->length) == NULL) {
        char *room = weft_buf_room(line, 65536);
        size_t got = 0;
        int fd = -1;
        if (weft_process_receive(STDIN_FILENO, room, 65536, &got, &fd, &error) < 0 || got == 0)
            _exit(0);
        if (fd >= 0)
            *lock = fd;
        line->length += got;
        line->data[line->length] = '\0';
    }
}

static void job_work(struct fake *fake)
{
    static struct weft_outcome_check checks[] = {{.rule = "rows.min",
                                                  .kind = "table",
                                                  .on_fail = WEFT_ON_FAIL_BLOCK,
                                                  .passed = true,
                                                  .total = 3,
                                                  .value = NAN,
                                                  .message = "seen 06075"}};
    static const char *const warnings[] = {"a warning that names 06075"};
    fake->out = (struct weft_outcome){.error = WEFT_ERROR_INIT,
                                      .checks = checks,
                                      .check_count = 1,
                                      .warnings = warnings,
                                      .warning_count = 1,
                                      .duration_us = 1000,
                                      .memory_bytes = 1 << 20};
    if (is(fake, "hang"))
        sleep(30);
    if (fake->job.mode == WEFT_JOB_REPLAY)
        replay(fake);
    else
        run_or_rebuild(fake);
    if (is(fake, "slow"))
        usleep(600000);
    if (is(fake, "crash"))
        abort();
    if (is(fake, "noise")) {
        ssize_t written = write(STDOUT_FILENO, "{\"progress\": [}\n", 16);
        (void)written;
        _exit(0);
    }
    lie(fake);
}

static void job_do_fake(const struct weft_buf *line, const char *scenario, int *lock)
{
    struct fake fake = {.arena = weft_arena_new(0), .error = WEFT_ERROR_INIT};
    fake.scenario = scenario == NULL ? "" : scenario;
    must(weft_job_read(fake.arena, line->data, line->length - 1, &fake.job, &fake.error), &fake,
         "job");
    must(weft_product_from_document(fake.arena, fake.job.document, fake.job.folder, &fake.product,
                                    &fake.error),
         &fake, "document");
    /* "<scenario>@<product>" is meant for one product only. */
    const char *at = strchr(fake.scenario, '@');
    if (at != NULL && strcmp(at + 1, fake.product->name) == 0)
        fake.scenario = weft_arena_strndup(fake.arena, fake.scenario, (size_t)(at - fake.scenario));
    if (*lock < 0 && fake.job.mode != WEFT_JOB_PREVIEW)
        _exit(9);
    job_work(&fake);
    weft_fd_close(lock);
    answer(&fake);
    weft_arena_free(fake.arena);
}

void run_test_worker(void)
{
    struct weft_buf line;
    const char *scenario = getenv("WEFT_TEST_SCENARIO");
    int lock = -1;
    weft_fault_role("worker");
    weft_process_bind_to_parent(getppid());
    weft_buf_init(&line, 1 << 24);
    for (;;) {
        line_read(&line, &lock);
        job_do_fake(&line, scenario, &lock);
        weft_buf_clear(&line);
    }
}

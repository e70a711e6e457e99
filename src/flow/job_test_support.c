#include "flow/job_test_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/test_support.h"
#include "catalog/product_entry.h"
#include "engine/stored.h"
#include "flow/run_internal.h"
#include "lake/pointer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void job_setup(struct job_fixture *f)
{
    static bool registered;
    struct weft_error error = WEFT_ERROR_INIT;
    memset(f, 0, sizeof *f);
    if (!registered) {
        weft_lake_register();
        weft_catalog_register();
        weft_flow_tables_register();
        weft_flow_kinds_register();
        registered = true;
    }
    f->dir = weft_test_dir();
    snprintf(f->home, sizeof f->home, "%s/home", f->dir);
    snprintf(f->inbox, sizeof f->inbox, "%s/inbox", f->dir);
    assert_int_equal(weft_fs_mkdirs(f->inbox, &error), 0);
    if (weft_ledger_open(f->home, WEFT_LEDGER_CREATE, &f->ledger, &error) < 0)
        fail_msg("%s", error.message);
    f->arena = weft_arena_new(0);
    assert_non_null(f->arena);
    f->sequence = 1;
    f->job = (struct weft_job){.home = f->home,
                               .folder = f->inbox,
                               .table = "d.p",
                               .table_folder = "lake/d/p",
                               .quarantine_folder = "quarantine/d/p",
                               .head_hash = "00",
                               .memory_bytes = INT64_C(512) << 20,
                               .threads = 2,
                               .temp_size_max = INT64_C(10) << 30,
                               .record_size_max = 16 << 20,
                               .columns_max = 4096,
                               .file_size_max = INT64_C(1) << 40,
                               .examples_max = 100,
                               .metadata_files_kept = 20,
                               .s3_fallback_local = true};
    f->job.temp_dir = weft_arena_format(f->arena, "%s/tmp", f->home);
}

void job_teardown(struct job_fixture *f)
{
    weft_ledger_close(f->ledger);
    weft_arena_free(f->arena);
    weft_test_dir_remove(f->dir);
}

void job_file(struct job_fixture *f, const char *name, const void *data, size_t length)
{
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", f->inbox, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

void job_text(struct job_fixture *f, const char *name, const char *text)
{
    job_file(f, name, text, strlen(text));
}

static void through_json(struct job_fixture *f, struct weft_job *job)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf line;
    weft_buf_init(&line, 1 << 26);
    assert_int_equal(weft_job_write(&f->job, &line, &error), 0);
    if (weft_job_read(f->arena, line.data, line.length, job, &error) < 0)
        fail_msg("%s", error.message);
    weft_buf_release(&line);
}

void job_run(struct job_fixture *f, const char *document, enum weft_job_mode mode)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_job job;
    assert_int_equal(weft_uuid(f->job.run_id, &error), 0);
    f->job.mode = mode;
    f->job.document = document;
    f->job.metadata = f->metadata;
    f->job.quarantine_metadata = f->quarantine_metadata;
    f->job.time_us = weft_clock_us();
    f->job.files = f->files;
    through_json(f, &job);
    if (weft_job_do(f->arena, &job, NULL, NULL, &f->outcome, &error) < 0)
        fail_msg("%s", error.message);
    /* What goes to the asker as text must read back. */
    struct weft_buf line;
    weft_buf_init(&line, 1 << 26);
    assert_int_equal(weft_outcome_write(&f->outcome, &line, &error), 0);
    yyjson_doc *doc = NULL;
    assert_int_equal(weft_json_parse(line.data, line.length, 0, &doc, &error), 0);
    struct weft_outcome again;
    if (weft_outcome_read(f->arena, yyjson_obj_get(yyjson_doc_get_root(doc), "outcome"), &again,
                          &error) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(again.balance.read, f->outcome.balance.read);
    assert_int_equal(again.check_count, f->outcome.check_count);
    weft_json_freep(&doc);
    weft_buf_release(&line);
}

void job_commit(struct job_fixture *f)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_ledger_txn *txn = NULL;
    struct weft_stmt *stmt = NULL;
    if (f->outcome.table != NULL)
        f->metadata = f->outcome.table->made.metadata_path;
    if (f->outcome.quarantine != NULL)
        f->quarantine_metadata = f->outcome.quarantine->made.metadata_path;
    assert_int_equal(weft_ledger_begin_write(f->ledger, &txn, &error), 0);
    for (size_t i = 0; i < f->outcome.file_count; i++) {
        const struct weft_outcome_file *file = &f->outcome.files[i];
        if (file->state != WEFT_FILE_READ || f->job.mode == WEFT_JOB_REPLAY)
            continue;
        char sql[512];
        snprintf(sql, sizeof sql,
                 "INSERT OR REPLACE INTO flow_inputs(product, port, path, hash, size, device, "
                 "inode, modified_ns, changed_ns, records, run_id, read_at_us, seq_from) "
                 "VALUES(?4, ?1, ?2, ?3, %lld, %lld, %lld, %lld, %lld, %lld, 'r', 0, %lld)",
                 (long long)file->size, (long long)file->device, (long long)file->inode,
                 (long long)file->modified_ns, (long long)file->changed_ns,
                 (long long)file->records, (long long)f->sequence++);
        assert_int_equal(weft_stmt_prepare(txn, sql, &stmt, &error), 0);
        weft_stmt_bind_text(stmt, 1, file->port);
        weft_stmt_bind_text(stmt, 2, file->path);
        weft_stmt_bind_text(stmt, 3, file->hash);
        weft_stmt_bind_text(stmt, 4, f->job.table);
        if (weft_stmt_step(stmt, &error) < 0)
            fail_msg("%s", error.message);
        weft_stmt_freep(&stmt);
    }
    assert_int_equal(weft_ledger_commit(txn, &error), 0);
}

static void relation_print(struct job_fixture *f, const char *metadata, struct weft_buf *out)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_table *table = NULL;
    struct weft_data_files data = {0};
    struct weft_data_files deletes = {0};
    if (metadata == NULL) {
        weft_buf_adds(out, "(SELECT 1 AS x WHERE false)");
        return;
    }
    if (weft_table_load(f->arena, f->home, metadata, &table, &error) < 0)
        fail_msg("%s", error.message);
    const struct weft_table_schema *schema = weft_table_schema(table);
    assert_int_equal(weft_table_files(f->arena, f->home, table, weft_table_current(table), &data,
                                      &deletes, &error),
                     0);
    struct weft_relation relation = {.kind = WEFT_RELATION_FILES, .product = "d.p"};
    assert_int_equal(weft_stored_columns(f->arena, schema, &relation, &error), 0);
    assert_int_equal(weft_stored_files(f->arena, f->home, table, &data, &relation, &error), 0);
    weft_buf_addc(out, '(');
    assert_int_equal(weft_relation_print(&relation, out, &error), 0);
    weft_buf_addc(out, ')');
}

int64_t job_number(struct job_fixture *f, const char *sql)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_engine *engine = NULL;
    struct weft_result *result = NULL;
    const char *folders[] = {f->dir};
    struct weft_engine_config config = {.folders = folders, .folder_count = 1, .threads = 2};
    struct weft_buf text;
    weft_buf_init(&text, 1 << 26);
    for (const char *at = sql; *at != '\0'; at++) {
        if (strncmp(at, "{t}", 3) == 0 || strncmp(at, "{q}", 3) == 0) {
            relation_print(f, at[1] == 't' ? f->metadata : f->quarantine_metadata, &text);
            at += 2;
        } else if (strncmp(at, "{inbox}", 7) == 0) {
            weft_buf_adds(&text, f->inbox);
            at += 6;
        } else {
            weft_buf_addc(&text, *at);
        }
    }
    assert_int_equal(weft_engine_open(&config, &engine, &error), 0);
    if (weft_engine_query(engine, text.data, NULL, 0, &result, &error) < 0 ||
        weft_result_row(result, &error) != 0)
        fail_msg("%s: %s", text.data, error.message);
    int64_t number = weft_result_int(result, 0);
    weft_result_close(result);
    weft_engine_close(engine);
    weft_buf_release(&text);
    return number;
}

const struct weft_outcome_check *job_check(struct job_fixture *f, const char *rule)
{
    for (size_t i = 0; i < f->outcome.check_count; i++) {
        if (strcmp(f->outcome.checks[i].rule, rule) == 0)
            return &f->outcome.checks[i];
    }
    return NULL;
}

void job_expect_state(struct job_fixture *f, enum weft_run_state state)
{
    const struct weft_outcome *out = &f->outcome;
    if (out->state != state)
        fail_msg("state %d: %s (%s) %s", out->state, out->error.message, out->error.file,
                 out->error.detail);
    assert_int_equal(out->balance.read, out->balance.accepted + out->balance.input_quarantined);
    if (state == WEFT_RUN_PUBLISHED && f->job.mode != WEFT_JOB_REPLAY) {
        assert_int_equal(out->balance.made, out->balance.published);
        assert_int_equal(out->balance.input_quarantined,
                         out->quarantine == NULL ? 0 : out->quarantine->added);
    } else if (state != WEFT_RUN_PUBLISHED) {
        assert_null(out->table);
        assert_null(out->quarantine);
    }
}

void job_expect_balance(struct job_fixture *f, int64_t read, int64_t published, int64_t aside)
{
    job_expect_state(f, WEFT_RUN_PUBLISHED);
    assert_int_equal(f->outcome.balance.read, read);
    assert_int_equal(f->outcome.balance.published, published);
    assert_int_equal(f->outcome.balance.input_quarantined, aside);
}

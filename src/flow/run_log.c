/*
 * run_log.c - what a run said while it went on: <home>/logs/<run_id>.log, lines of JSON, readable
 * by the owner only. It may name values of the data. A log that cannot be written stops no run.
 */
#include "flow/run_internal.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define LOG_LINE_MAX ((size_t)64 * 1024)
#define LOG_INTERVAL_US 1000000

void weft_flow_log_open(struct weft_asker *asker)
{
    const char *home = weft_ledger_home(asker->ledger);
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(home, "logs");
    WEFT_CLEANUP(weft_freep) char *path = weft_format("%s/logs/%s.log", home, asker->run_id);
    if (folder == NULL || path == NULL || weft_fs_mkdirs(folder, &ignored) < 0)
        return;
    if (weft_fs_open(path, O_WRONLY | O_CREAT | O_APPEND, &asker->log_fd, &ignored) < 0)
        asker->log_fd = -1;
}

void weft_flow_log_close(struct weft_asker *asker)
{
    weft_fd_close(&asker->log_fd);
}

static void log_begin(struct weft_json_writer *writer, struct weft_buf *line, const char *event)
{
    char now[WEFT_TIME_TEXT];
    weft_time_format(weft_clock_us(), now);
    weft_buf_init(line, LOG_LINE_MAX);
    weft_json_writer_init(writer, line);
    weft_json_begin_object(writer);
    weft_json_member_text(writer, "time", now);
    weft_json_member_text(writer, "event", event);
}

static void log_end(struct weft_asker *asker, struct weft_json_writer *writer,
                    struct weft_buf *line)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    weft_json_end_object(writer);
    weft_buf_addc(line, '\n');
    if (asker->log_fd >= 0 && weft_buf_check(line, &ignored) == 0 &&
        weft_fs_write(asker->log_fd, line->data, line->length, "the run's log", &ignored) < 0)
        weft_fd_close(&asker->log_fd);
    weft_buf_release(line);
}

void weft_flow_log_text(struct weft_asker *asker, const char *event, const char *text)
{
    struct weft_json_writer writer;
    struct weft_buf line;
    log_begin(&writer, &line, event);
    weft_json_member_text(&writer, "text", text);
    log_end(asker, &writer, &line);
}

/* Each new stage, and then once a second. */
void weft_flow_log_progress(struct weft_asker *asker, const struct weft_progress *progress)
{
    int64_t now = weft_clock_mono_us();
    const char *stage = progress->stage == NULL ? "" : progress->stage;
    if (strcmp(stage, asker->logged_stage) == 0 && now - asker->logged_us < LOG_INTERVAL_US)
        return;
    snprintf(asker->logged_stage, sizeof asker->logged_stage, "%s", stage);
    asker->logged_us = now;
    struct weft_json_writer writer;
    struct weft_buf line;
    log_begin(&writer, &line, "progress");
    weft_json_member_text(&writer, "stage", stage);
    if (progress->file != NULL)
        weft_json_member_text(&writer, "file", progress->file);
    weft_json_member_int(&writer, "rows", progress->rows);
    weft_json_member_int(&writer, "bytes_done", progress->bytes_done);
    weft_json_member_int(&writer, "bytes_total", progress->bytes_total);
    log_end(asker, &writer, &line);
}

void weft_flow_log_error(struct weft_asker *asker, const struct weft_error *error)
{
    struct weft_json_writer writer;
    struct weft_buf line;
    log_begin(&writer, &line, "error");
    weft_json_member_text(&writer, "code", weft_code_name(error->code));
    weft_json_member_text(&writer, "text", error->message);
    if (error->file[0] != '\0') {
        weft_json_member_text(&writer, "file", error->file);
        weft_json_member_int(&writer, "line", error->line);
        weft_json_member_int(&writer, "byte", error->byte);
    }
    if (error->detail[0] != '\0')
        weft_json_member_text(&writer, "detail", error->detail);
    if (error->hint[0] != '\0')
        weft_json_member_text(&writer, "hint", error->hint);
    log_end(asker, &writer, &line);
}

void weft_flow_log_outcome(struct weft_asker *asker, const struct weft_outcome *outcome)
{
    static const char *const states[] = {"published", "nothing_new", "blocked", "failed"};
    for (size_t i = 0; i < outcome->warning_count; i++)
        weft_flow_log_text(asker, "warning", outcome->warnings[i]);
    for (size_t i = 0; i < outcome->check_count; i++) {
        const struct weft_outcome_check *check = &outcome->checks[i];
        if (check->passed)
            continue;
        struct weft_json_writer writer;
        struct weft_buf line;
        log_begin(&writer, &line, "check");
        weft_json_member_text(&writer, "rule", check->rule);
        weft_json_member_int(&writer, "failing", check->failing);
        weft_json_member_int(&writer, "total", check->total);
        weft_json_member_text(&writer, "text", check->message);
        log_end(asker, &writer, &line);
    }
    struct weft_json_writer writer;
    struct weft_buf line;
    log_begin(&writer, &line, "ended");
    weft_json_member_text(&writer, "state", states[outcome->state]);
    weft_json_member_int(&writer, "read", outcome->balance.read);
    weft_json_member_int(&writer, "published", outcome->balance.published);
    weft_json_member_int(&writer, "quarantined",
                         outcome->balance.input_quarantined + outcome->balance.output_quarantined);
    log_end(asker, &writer, &line);
}

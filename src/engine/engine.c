/*
 * engine.c - opening, sealing, watching and closing of instances; errors of DuckDB as weft's.
 */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/process.h"
#include "engine/engine_internal.h"

#include <errno.h>

#define ENGINE_WATCH_US 20000
#define ENGINE_DEAF_US INT64_C(2000000)
#define ENGINE_EXPRESSION_MAX 250
#define ENGINE_SETTING_MAX 64
#define ENGINE_SQL_MAX (64 * 1024 * 1024)
#define ENGINE_OPEN_ERROR_KEEP 400

/* ---- errors ---- */

static enum weft_code engine_code(duckdb_error_type type, const char *text)
{
    switch (type) {
    case DUCKDB_ERROR_OUT_OF_MEMORY:
        return WEFT_E_NOMEM;
    case DUCKDB_ERROR_IO:
        return strstr(text, strerror(ENOSPC)) != NULL ? WEFT_E_NO_SPACE : WEFT_E_IO;
    case DUCKDB_ERROR_INTERNAL:
    case DUCKDB_ERROR_FATAL:
        return WEFT_E_INTERNAL;
    default:
        return WEFT_E_SQL;
    }
}

int weft_engine_fail(struct weft_engine *engine, duckdb_error_type type, const char *text,
                     struct weft_error *error)
{
    const char *said = text == NULL ? "no message" : text;
    int stop = atomic_load(&engine->stop);
    engine->last_error = type;
    if (stop == WEFT_STOP_TIMEOUT)
        return weft_error_set(error, WEFT_E_TIMEOUT, "the statement took longer than allowed");
    if (stop == WEFT_STOP_CANCELLED || type == DUCKDB_ERROR_INTERRUPT)
        return weft_error_set(error, WEFT_E_CANCELLED, "stopped on request");
    /* "LINE 1: ..." and the mark below it: where in the text, for those who made it. */
    const char *where = strstr(said, "\n\nLINE ");
    if (where == NULL)
        return weft_error_set(error, engine_code(type, said), "%s", said);
    weft_error_set(error, engine_code(type, said), "%.*s", (int)(where - said), said);
    return weft_error_detail(error, "%s", where + 2);
}

/* ---- the watcher ---- */

static void engine_stop(struct weft_engine *engine, enum weft_engine_stop why)
{
    int none = WEFT_STOP_NONE;
    atomic_compare_exchange_strong(&engine->stop, &none, (int)why);
    weft_duckdb.interrupt(engine->connection);
    weft_duckdb.interrupt(engine->meta);
}

static void engine_wait(struct weft_engine *engine)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ENGINE_WATCH_US * 1000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&engine->changed, &engine->mutex, &until);
}

/* Holds the mutex; so fn is called once: it ends the process, or is taken off. */
static void engine_check_stuck(struct weft_engine *engine)
{
    int why = atomic_load(&engine->stop);
    if (engine->stuck == NULL)
        return;
    if (why == WEFT_STOP_NONE)
        engine->stopped_us = 0;
    else if (engine->stopped_us == 0)
        engine->stopped_us = weft_clock_mono_us();
    bool deaf =
        why != WEFT_STOP_NONE && weft_clock_mono_us() - engine->stopped_us >= ENGINE_DEAF_US;
    bool large = !WEFT_SANITIZED && weft_process_rss_bytes() > engine->rss_max;
    if (!deaf && !large)
        return;
    weft_stuck_fn *stuck = engine->stuck;
    engine->stuck = NULL;
    stuck(engine->stuck_arg, large                      ? WEFT_E_LIMIT
                             : why == WEFT_STOP_TIMEOUT ? WEFT_E_TIMEOUT
                                                        : WEFT_E_CANCELLED);
}

/* DuckDB forgets an interrupt that comes before a statement has begun, so it is said again every
 * 20 ms while one runs. */
static void *engine_watcher(void *arg)
{
    struct weft_engine *engine = arg;
    pthread_mutex_lock(&engine->mutex);
    while (!engine->closing) {
        if (engine->running == 0) {
            pthread_cond_wait(&engine->changed, &engine->mutex);
            continue;
        }
        if (atomic_load(&engine->stop) != WEFT_STOP_NONE || weft_process_cancelled())
            engine_stop(engine, WEFT_STOP_CANCELLED);
        else if (engine->deadline_us != 0 && weft_clock_mono_us() >= engine->deadline_us)
            engine_stop(engine, WEFT_STOP_TIMEOUT);
        engine_check_stuck(engine);
        engine_wait(engine);
    }
    pthread_mutex_unlock(&engine->mutex);
    return NULL;
}

void weft_engine_on_stuck(struct weft_engine *engine, int64_t rss_max, weft_stuck_fn *fn, void *arg)
{
    pthread_mutex_lock(&engine->mutex);
    engine->rss_max = rss_max;
    engine->stuck = fn;
    engine->stuck_arg = arg;
    pthread_mutex_unlock(&engine->mutex);
}

void weft_engine_watch(struct weft_engine *engine, int64_t deadline_us)
{
    pthread_mutex_lock(&engine->mutex);
    engine->deadline_us = deadline_us;
    atomic_store(&engine->stop, WEFT_STOP_NONE);
    if (!engine->watching)
        engine->watching = pthread_create(&engine->watcher, NULL, engine_watcher, engine) == 0;
    pthread_cond_signal(&engine->changed);
    pthread_mutex_unlock(&engine->mutex);
}

void weft_engine_interrupt(struct weft_engine *engine)
{
    engine_stop(engine, WEFT_STOP_CANCELLED);
}

void weft_engine_running_begin(struct weft_engine *engine)
{
    pthread_mutex_lock(&engine->mutex);
    if (engine->running++ == 0) {
        /* Without a watcher an interrupt strikes what runs now and nothing later. */
        if (!engine->watching)
            atomic_store(&engine->stop, WEFT_STOP_NONE);
        pthread_cond_signal(&engine->changed);
    }
    pthread_mutex_unlock(&engine->mutex);
}

void weft_engine_running_end(struct weft_engine *engine)
{
    pthread_mutex_lock(&engine->mutex);
    assert(engine->running > 0);
    engine->running--;
    pthread_mutex_unlock(&engine->mutex);
}

/* ---- opening ---- */

int weft_engine_run(struct weft_engine *engine, duckdb_connection connection, const char *sql,
                    duckdb_result *result, struct weft_error *error)
{
    duckdb_result own;
    duckdb_result *into = result == NULL ? &own : result;
    int rc = 0;
    weft_engine_running_begin(engine);
    if (weft_duckdb.query(connection, sql, into) != DuckDBSuccess) {
        rc = weft_engine_fail(engine, weft_duckdb.result_error_type(into),
                              weft_duckdb.result_error(into), error);
        weft_duckdb.destroy_result(into);
    } else if (result == NULL) {
        weft_duckdb.destroy_result(into);
    }
    weft_engine_running_end(engine);
    return rc;
}

static void engine_config_put(duckdb_config config, const char *name, const char *value, bool *ok)
{
    *ok = *ok && weft_duckdb.set_config(config, name, value) == DuckDBSuccess;
}

static bool engine_config_fill(const struct weft_engine_config *from, duckdb_config config)
{
    char text[ENGINE_SETTING_MAX];
    bool ok = true;
    engine_config_put(config, "autoinstall_known_extensions", "false", &ok);
    engine_config_put(config, "autoload_known_extensions", "false", &ok);
    engine_config_put(config, "allow_community_extensions", "false", &ok);
    engine_config_put(config, "allow_persistent_secrets", "false", &ok);
    /* How much of a statement's tree is told: lambdas and types as they were typed. */
    engine_config_put(config, "storage_compatibility_version", "latest", &ok);
    engine_config_put(config, "preserve_insertion_order", from->keep_order ? "true" : "false", &ok);
    engine_config_put(config, "temp_directory", from->temp_dir == NULL ? "" : from->temp_dir, &ok);
    if (from->memory_bytes > 0) {
        snprintf(text, sizeof(text), "%" PRId64 "KiB", WEFT_MAX(from->memory_bytes / 1024, 1));
        engine_config_put(config, "memory_limit", text, &ok);
    }
    if (from->threads > 0) {
        snprintf(text, sizeof(text), "%d", from->threads);
        engine_config_put(config, "threads", text, &ok);
    }
    return ok;
}

int weft_engine_database_open(const struct weft_engine_config *from, duckdb_database *out,
                              struct weft_error *error)
{
    duckdb_config config = NULL;
    if (weft_duckdb.create_config(&config) != DuckDBSuccess)
        return weft_error_nomem(error);
    int rc = 0;
    char *text = NULL;
    if (!engine_config_fill(from, config))
        rc = weft_error_set(error, WEFT_E_INTERNAL, "DuckDB refuses a setting of weft");
    else if (weft_duckdb.open_ext(NULL, out, config, &text) != DuckDBSuccess)
        rc = weft_error_set(error, WEFT_E_INTERNAL, "DuckDB does not open: %.*s",
                            ENGINE_OPEN_ERROR_KEEP, text == NULL ? "no message" : text);
    if (text != NULL)
        weft_duckdb.free(text);
    weft_duckdb.destroy_config(&config);
    return rc;
}

/* What an instance that was opened ahead is told afterwards. */
static int engine_settle(struct weft_engine *engine, const struct weft_engine_config *from,
                         struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, ENGINE_SQL_MAX);
    weft_buf_addf(&sql, "SET GLOBAL preserve_insertion_order = %s; SET GLOBAL temp_directory = ",
                  from->keep_order ? "true" : "false");
    const char *temp_dir = from->temp_dir == NULL ? "" : from->temp_dir;
    weft_buf_add_sql_text(&sql, temp_dir, strlen(temp_dir));
    weft_buf_addf(&sql, "; SET GLOBAL memory_limit = '%" PRId64 "KiB'; SET GLOBAL threads = %d",
                  WEFT_MAX(from->memory_bytes / 1024, 1), from->threads);
    WEFT_TRY(weft_buf_check(&sql, error));
    return weft_engine_run(engine, engine->connection, sql.data, NULL, error);
}

static int engine_open_database(struct weft_engine *engine, const struct weft_engine_config *from,
                                struct weft_error *error)
{
    int rc = 0;
    if (from->memory_bytes > 0 && from->threads > 0)
        engine->database = weft_engine_warm_take();
    bool warm = engine->database != NULL;
    if (!warm)
        rc = weft_engine_database_open(from, &engine->database, error);
    if (rc == 0 && (weft_duckdb.connect(engine->database, &engine->connection) != DuckDBSuccess ||
                    weft_duckdb.connect(engine->database, &engine->meta) != DuckDBSuccess))
        rc = weft_error_set(error, WEFT_E_INTERNAL, "DuckDB does not connect");
    return rc == 0 && warm ? engine_settle(engine, from, error) : rc;
}

/* What stands in an order that matters: folders before external access is closed. */
static int engine_close_doors(struct weft_engine *engine, const struct weft_engine_config *from,
                              struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, ENGINE_SQL_MAX);
    weft_buf_adds(&sql, "SET GLOBAL TimeZone = 'UTC'; SET GLOBAL allowed_directories = [");
    for (size_t i = 0; i < from->folder_count; i++) {
        weft_buf_adds(&sql, i == 0 ? "" : ", ");
        weft_buf_add_sql_text(&sql, from->folders[i], strlen(from->folders[i]));
    }
    weft_buf_adds(&sql, "]; ");
    for (size_t i = 0; i < from->file_count; i++) {
        weft_buf_adds(&sql, i == 0 ? "SET GLOBAL allowed_paths = [" : ", ");
        weft_buf_add_sql_text(&sql, from->files[i], strlen(from->files[i]));
    }
    weft_buf_adds(&sql, from->file_count > 0 ? "]; " : "");
    if (from->temp_dir != NULL && from->temp_size_max > 0)
        weft_buf_addf(&sql, "SET max_temp_directory_size = '%" PRId64 "KiB'; ",
                      WEFT_MAX(from->temp_size_max / 1024, 1));
    if (from->foreign_files)
        weft_buf_adds(&sql, "SET GLOBAL disabled_optimizers = 'statistics_propagation'; ");
    weft_buf_addf(&sql,
                  "SET GLOBAL max_expression_depth = %d; "
                  "SET GLOBAL catalog_error_max_schemas = 0; "
                  "SET GLOBAL enable_external_access = false",
                  ENGINE_EXPRESSION_MAX);
    WEFT_TRY(weft_buf_check(&sql, error));
    return weft_engine_run(engine, engine->connection, sql.data, NULL, error);
}

static int engine_init_lock(struct weft_engine *engine, struct weft_error *error)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return weft_error_nomem(error);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&engine->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (failed != 0)
        return weft_error_nomem(error);
    pthread_mutex_init(&engine->mutex, NULL);
    return 0;
}

int weft_engine_open(const struct weft_engine_config *config, struct weft_engine **out,
                     struct weft_error *error)
{
    WEFT_TRY(weft_duckdb_load(error));
    if (config->temp_dir != NULL)
        WEFT_TRY(weft_fs_mkdirs(config->temp_dir, error));
    struct weft_engine *engine = weft_alloc(sizeof(*engine));
    if (engine == NULL)
        return weft_error_nomem(error);
    if (engine_init_lock(engine, error) < 0) {
        weft_free(engine);
        return -1;
    }
    if (engine_open_database(engine, config, error) < 0 ||
        engine_close_doors(engine, config, error) < 0) {
        weft_engine_close(engine);
        return -1;
    }
    *out = engine;
    return 0;
}

void weft_engine_close(struct weft_engine *engine)
{
    if (engine == NULL)
        return;
    pthread_mutex_lock(&engine->mutex);
    engine->closing = true;
    pthread_cond_signal(&engine->changed);
    pthread_mutex_unlock(&engine->mutex);
    if (engine->watching)
        pthread_join(engine->watcher, NULL);
    if (engine->serialize != NULL)
        weft_duckdb.destroy_prepare(&engine->serialize);
    if (engine->deserialize != NULL)
        weft_duckdb.destroy_prepare(&engine->deserialize);
    if (engine->connection != NULL)
        weft_duckdb.disconnect(&engine->connection);
    if (engine->meta != NULL)
        weft_duckdb.disconnect(&engine->meta);
    if (engine->database != NULL)
        weft_duckdb.close(&engine->database);
    pthread_cond_destroy(&engine->changed);
    pthread_mutex_destroy(&engine->mutex);
    weft_free(engine);
}

void weft_engine_closep(struct weft_engine **engine)
{
    weft_engine_close(*engine);
    *engine = NULL;
}

duckdb_connection weft_engine_connection(struct weft_engine *engine)
{
    return engine->connection;
}

int weft_engine_seal(struct weft_engine *engine, struct weft_error *error)
{
    if (engine->sealed)
        return 0;
    WEFT_TRY(weft_engine_run(engine, engine->connection,
                             "SET GLOBAL allowed_configs = ['TimeZone']; "
                             "SET GLOBAL lock_configuration = true",
                             NULL, error));
    engine->sealed = true;
    return 0;
}

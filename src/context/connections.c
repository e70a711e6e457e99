/*
 * connections.c - secrets of a connection read, its system tried (net/probe.h), secrets wiped.
 */
#include "context/connections.h"

#include "net/probe.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_REGION "us-east-1"

/* ---- which ---- */

static bool bucket_names(const struct weft_environment *environment, const char *connection)
{
    for (size_t i = 0; i < environment->bucket_count; i++) {
        const char *name = environment->buckets[i].connection;
        if (name != NULL && strcmp(name, connection) == 0)
            return true;
    }
    return false;
}

static bool is_of_others(const struct weft_mesh *mesh, const char *connection)
{
    bool others = false;
    if (bucket_names(mesh->environment, connection))
        return false;
    for (size_t i = 0; i < mesh->environment_count; i++)
        others = others || bucket_names(&mesh->environments[i], connection);
    return others;
}

int weft_connections_list(const struct weft_mesh *mesh, struct weft_arena *arena,
                          struct weft_connection_try **out, size_t *count, struct weft_error *error)
{
    const struct weft_environment *here = mesh->environment;
    struct weft_connection_try *tries =
        weft_arena_array(arena, mesh->connection_count + here->bucket_count + 1, sizeof *tries);
    if (tries == NULL)
        return weft_error_nomem(error);
    *count = 0;
    for (size_t i = 0; i < mesh->connection_count; i++) {
        const struct weft_connection *connection = &mesh->connections[i];
        size_t before = *count;
        for (size_t b = 0; connection->kind == WEFT_CONNECTION_S3 && b < here->bucket_count; b++) {
            const char *name = here->buckets[b].connection;
            if (name != NULL && strcmp(name, connection->name) == 0)
                tries[(*count)++] = (struct weft_connection_try){connection, &here->buckets[b]};
        }
        if (*count == before && !is_of_others(mesh, connection->name))
            tries[(*count)++] = (struct weft_connection_try){connection, NULL};
    }
    *out = tries;
    return 0;
}

/* ---- secrets ---- */

struct secrets {
    struct weft_secret first, second;
};

static void secrets_release(struct secrets *secrets)
{
    weft_secret_release(&secrets->first);
    weft_secret_release(&secrets->second);
}

static int secret_get(const struct weft_mesh *mesh, const struct weft_connection *connection,
                      const char *what, const struct weft_secret_source *source,
                      struct weft_secret *out, struct weft_error *error)
{
    char name[200];
    if (source->kind == WEFT_SECRET_NONE)
        return 0;
    snprintf(name, sizeof name, "the %s of `%.100s`", what, connection->name);
    return weft_secret_read(source, mesh->root, name, out, error);
}

static const struct weft_secret *or_none(const struct weft_secret *secret)
{
    return secret->data == NULL ? NULL : secret;
}

/* ---- each kind ---- */

static int try_http(const struct weft_mesh *mesh, const struct weft_connection *connection,
                    const struct weft_probe_limits *limits, struct secrets *secrets,
                    struct weft_probe *probe, struct weft_error *error)
{
    bool password = connection->password.kind != WEFT_SECRET_NONE;
    struct weft_http_login login = {.user = connection->user, .header = connection->header};
    WEFT_TRY(secret_get(mesh, connection, password ? "password" : "token",
                        password ? &connection->password : &connection->token, &secrets->first,
                        error));
    if (secrets->first.data != NULL)
        WEFT_TRY(weft_http_login_check(connection->target, limits->allow_private, error));
    return weft_probe_http(connection->target, &login, or_none(&secrets->first), limits, probe,
                           error);
}

static int try_s3(const struct weft_mesh *mesh, const struct weft_connection_try *tried,
                  const struct weft_probe_limits *limits, struct secrets *secrets,
                  struct weft_probe *probe, struct weft_error *error)
{
    const struct weft_connection *connection = tried->connection;
    const struct weft_bucket *bucket = tried->bucket;
    WEFT_TRY(secret_get(mesh, connection, "access_key", &connection->access_key, &secrets->first,
                        error));
    WEFT_TRY(secret_get(mesh, connection, "secret_key", &connection->secret_key, &secrets->second,
                        error));
    const char *region = bucket != NULL && bucket->region != NULL ? bucket->region
                         : connection->region != NULL             ? connection->region
                                                                  : DEFAULT_REGION;
    struct weft_probe_s3 asked = {
        .endpoint =
            bucket != NULL && bucket->endpoint != NULL ? bucket->endpoint : connection->target,
        .bucket = bucket == NULL ? NULL : bucket->name,
        .region = region,
        .access_key = &secrets->first,
        .secret_key = &secrets->second,
    };
    return weft_probe_s3(&asked, limits, probe, error);
}

static int try_one(const struct weft_mesh *mesh, const struct weft_connection_try *tried,
                   const struct weft_probe_limits *limits, struct secrets *secrets,
                   struct weft_probe *probe, struct weft_error *error)
{
    const struct weft_connection *connection = tried->connection;
    switch (connection->kind) {
    case WEFT_CONNECTION_HTTP:
        return try_http(mesh, connection, limits, secrets, probe, error);
    case WEFT_CONNECTION_S3:
        return try_s3(mesh, tried, limits, secrets, probe, error);
    case WEFT_CONNECTION_POSTGRES:
        break;
    }
    WEFT_TRY(
        secret_get(mesh, connection, "password", &connection->password, &secrets->first, error));
    return weft_probe_postgres(connection->target, or_none(&secrets->first), limits, probe, error);
}

int weft_connection_try(struct weft_context *context, const struct weft_mesh *mesh,
                        const struct weft_connection_try *tried, char *text, size_t size,
                        struct weft_error *error)
{
    const struct weft_settings *settings;
    WEFT_TRY(weft_context_settings(context, &settings, error));
    struct weft_probe_limits limits = {
        .timeout_ms = weft_settings_number(settings, WEFT_SETTING_HTTP_CONNECT_TIMEOUT) / 1000,
        .allow_private = weft_settings_number(settings, WEFT_SETTING_HTTP_PRIVATE) != 0,
    };
    struct weft_probe probe = {0};
    WEFT_CLEANUP(secrets_release) struct secrets secrets = {0};
    int rc = try_one(mesh, tried, &limits, &secrets, &probe, error);
    if (rc < 0) { /* a server may send back what it was sent */
        weft_secret_hide_error(&secrets.first, error);
        weft_secret_hide_error(&secrets.second, error);
        return rc;
    }
    snprintf(text, size, "%s, %" PRId64 " ms%s", probe.finding, probe.duration_us / 1000,
             secrets.first.loose || secrets.second.loose
                 ? "; warning: other users can read the file of its secret: chmod 600"
                 : "");
    return 0;
}

/*
 * connect.c - which connections a run's inputs name, handed to the worker by reference: it reads
 * the secrets itself.
 */
#include "flow/run_internal.h"

#include <string.h>

static const struct weft_connection *connection_find(const struct weft_asker *asker,
                                                     const char *name)
{
    const struct weft_run_options *options = asker->options;
    for (size_t i = 0; i < options->connection_count; i++) {
        if (strcmp(options->connections[i].name, name) == 0)
            return &options->connections[i];
    }
    return NULL;
}

static int unknown(const struct weft_asker *asker, const struct weft_input *input,
                   struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_FOUND,
                   "input%s%s of %s reads over the connection `%s`, which "
                   "%s",
                   WEFT_INPUT_ARGS(input->name), asker->registered.full_name, input->connection,
                   asker->options->root == NULL ? "a weft.yaml would name: there is none here"
                                                : "weft.yaml does not have");
    return weft_error_hint(error, asker->options->root == NULL
                                      ? "run it in the checkout"
                                      : "write it below `connections:` in weft.yaml");
}

static int not_yet(const struct weft_input *input, const struct weft_connection *connection,
                   struct weft_error *error)
{
    weft_error_set(error, WEFT_E_NOT_YET,
                   "input%s%s reads over the connection `%s` of the kind %s: not yet",
                   WEFT_INPUT_ARGS(input->name), connection->name,
                   weft_connection_kind_name(connection->kind));
    return weft_error_hint(error, "files are read over connections of the kind http");
}

static struct weft_job_connection as_job(const struct weft_asker *asker,
                                         const struct weft_connection *connection)
{
    bool password = connection->password.kind != WEFT_SECRET_NONE;
    const struct weft_secret_source *secret = password ? &connection->password : &connection->token;
    return (struct weft_job_connection){
        .name = connection->name,
        .url = connection->target,
        .user = connection->user,
        .header = connection->header,
        .secret_kind = (int)secret->kind,
        .secret = secret->text,
        .folder = asker->options->root,
    };
}

static bool is_there(const struct weft_job_connection *items, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(items[i].name, name) == 0)
            return true;
    }
    return false;
}

int weft_flow_connect(const struct weft_asker *asker, struct weft_job *job,
                      struct weft_error *error)
{
    const struct weft_product *contract = asker->contract;
    struct weft_job_connection *items =
        weft_arena_array(asker->arena, contract->input_count + 1, sizeof *items);
    size_t count = 0;
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < contract->input_count; i++) {
        const struct weft_input *input = &contract->inputs[i];
        if (input->connection == NULL || is_there(items, count, input->connection))
            continue;
        const struct weft_connection *connection = connection_find(asker, input->connection);
        if (connection == NULL)
            return unknown(asker, input, error);
        if (connection->kind != WEFT_CONNECTION_HTTP)
            return not_yet(input, connection, error);
        items[count++] = as_job(asker, connection);
    }
    job->connections = items;
    job->connection_count = count;
    return 0;
}

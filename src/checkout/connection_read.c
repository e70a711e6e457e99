/*
 * connection_read.c - `connections:` of weft.yaml. What stands in the place of a secret is never
 * shown: somebody may have written it there.
 */
#include "base/text.h"
#include "checkout/connection.h"
#include "checkout/mesh_internal.h"

#include <string.h>
#include <strings.h>

struct secret_place {
    const char *key;
    size_t offset;
    unsigned kinds; /* bit of enum weft_connection_kind */
};

#define OF(kind) (1U << WEFT_CONNECTION_##kind)
#define SECRET(key, kinds) {#key, offsetof(struct weft_connection, key), kinds}

static const struct secret_place secret_places[] = {
    SECRET(password, OF(POSTGRES) | OF(HTTP)),
    SECRET(token, OF(HTTP)),
    SECRET(access_key, OF(S3)),
    SECRET(secret_key, OF(S3)),
};

static const char *const kind_names[] = {
    [WEFT_CONNECTION_POSTGRES] = "postgres",
    [WEFT_CONNECTION_S3] = "s3",
    [WEFT_CONNECTION_HTTP] = "http",
};

const char *weft_connection_kind_name(enum weft_connection_kind kind)
{
    return kind_names[kind];
}

/* A secret says where it is found by exactly one of its keys. */
static void read_secret(struct weft_reader *reader, const struct weft_node *node, const char *key,
                        struct weft_secret_source *out)
{
    static const char *const keys[] = {
        [WEFT_SECRET_ENV] = "env", [WEFT_SECRET_FILE] = "file", [WEFT_SECRET_COMMAND] = "command"};
    const struct weft_node *secret = weft_node_get(node, key);
    if (secret == NULL || secret->kind != WEFT_NODE_MAP)
        return;
    if (secret->count != 1) {
        weft_reader_mistake(reader, secret->place, "write {env: NAME}",
                            "`%s` is found by one of env, file, command", key);
        return;
    }
    for (int i = WEFT_SECRET_ENV; i <= WEFT_SECRET_COMMAND; i++) {
        const char *text = weft_node_get_text(secret, keys[i]);
        if (text != NULL)
            *out = (struct weft_secret_source){(enum weft_secret_kind)i, text};
    }
    bool name = out->kind == WEFT_SECRET_ENV;
    if (name && (strchr(out->text, '=') != NULL || strpbrk(out->text, " \t$") != NULL))
        weft_reader_mistake(reader, secret->items[0]->place, "write {env: ERP_PASSWORD}",
                            "`env` is the name of an environment variable, not its value");
}

/* ---- what names the system ---- */

/* ://user:password@host, or ://user@host where `user` too is refused */
static bool has_login(const char *text, bool user_too)
{
    const char *host = strstr(text, "://");
    if (host == NULL)
        return false;
    host += 3;
    size_t length = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', length);
    return at != NULL && (user_too || memchr(host, ':', (size_t)(at - host)) != NULL);
}

static void check_postgres(struct weft_reader *reader, const struct weft_node *node,
                           const char *target)
{
    if (strcasestr(target, "password") != NULL || has_login(target, false))
        weft_reader_mistake(reader, weft_node_get(node, "postgres")->place,
                            "write `password: {env: NAME}` beside it, and the rest as in "
                            "`host=db dbname=erp user=weft`",
                            "a password does not stand in weft.yaml");
    else if (strchr(target, '=') == NULL && strstr(target, "://") == NULL)
        weft_reader_mistake(reader, weft_node_get(node, "postgres")->place,
                            "write `host=db dbname=erp user=weft`",
                            "`%.100s` does not say where the database is", target);
}

static void check_url(struct weft_reader *reader, const struct weft_node *node, const char *key,
                      const char *target)
{
    struct weft_place place = weft_node_get(node, key)->place;
    if (has_login(target, true))
        weft_reader_mistake(reader, place,
                            "write `user: NAME` and `password: {env: NAME}` beside it",
                            "a URL in weft.yaml holds no user and no password");
    else if (strncasecmp(target, "https://", 8) != 0 && strncasecmp(target, "http://", 7) != 0)
        weft_reader_mistake(reader, place, "write https://...",
                            "`%.100s` is no URL that can be fetched", target);
    else if (strpbrk(target, "?#") != NULL)
        weft_reader_mistake(reader, place,
                            "a query stands in `files:`; a key in it is a `token:` with a "
                            "`header:` instead",
                            "the URL of a connection ends before `?` and `#`");
}

static bool header_valid(const char *header)
{
    static const char more[] = "-_.!~*";
    for (const char *p = header; *p != '\0'; p++) {
        bool good = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                    (*p >= '0' && *p <= '9') || strchr(more, *p) != NULL;
        if (!good)
            return false;
    }
    return true;
}

static void check_http(struct weft_reader *reader, const struct weft_node *node,
                       const struct weft_connection *connection)
{
    check_url(reader, node, "http", connection->target);
    bool password = connection->password.kind != WEFT_SECRET_NONE;
    bool token = connection->token.kind != WEFT_SECRET_NONE;
    if (password && token)
        weft_reader_mistake(reader, weft_node_key_place(node, "token"), "leave one of them out",
                            "`%s` has both a token and a password", connection->name);
    if (password != (connection->user != NULL))
        weft_reader_mistake(reader, weft_node_key_place(node, password ? "password" : "user"),
                            password ? "write `user: NAME` beside it"
                                     : "write `password: {env: NAME}` beside it",
                            "`%s` has %s", connection->name,
                            password ? "a password and no user" : "a user and no password");
    if (connection->header != NULL && !token)
        weft_reader_mistake(reader, weft_node_key_place(node, "header"),
                            "write `token: {env: NAME}` beside it",
                            "`header` names the header of a token, and there is none");
    else if (connection->header != NULL && !header_valid(connection->header))
        weft_reader_mistake(reader, weft_node_get(node, "header")->place, "as in X-Api-Key",
                            "`%.60s` is not the name of a header", connection->header);
}

static void check_s3(struct weft_reader *reader, const struct weft_node *node,
                     const struct weft_connection *connection)
{
    bool both = connection->access_key.kind != WEFT_SECRET_NONE &&
                connection->secret_key.kind != WEFT_SECRET_NONE;
    check_url(reader, node, "s3", connection->target);
    if (!both)
        weft_reader_mistake(reader, connection->place, "write {env: NAME} for each",
                            "`%s` needs an access_key and a secret_key", connection->name);
}

/* ---- one connection ---- */

/* False when it does not say, by exactly one key, what it is. */
static bool read_kind(struct weft_reader *reader, const struct weft_node *node,
                      struct weft_connection *out)
{
    int found = 0;
    for (size_t i = 0; i < WEFT_COUNT(kind_names); i++) {
        if (weft_node_get(node, kind_names[i]) == NULL)
            continue;
        found++;
        out->kind = (enum weft_connection_kind)i;
        out->target = weft_node_get_text(node, kind_names[i]);
    }
    if (found != 1)
        weft_reader_mistake(reader, out->place,
                            "write one of postgres: \"host=... dbname=...\", s3: https://..., "
                            "http: https://...",
                            found == 0 ? "the connection `%.60s` does not say what it is"
                                       : "the connection `%.60s` is more than one thing",
                            out->name);
    return found == 1 && out->target != NULL;
}

static void check_keys(struct weft_reader *reader, const struct weft_node *node,
                       const struct weft_connection *connection)
{
    static const struct {
        const char *key;
        enum weft_connection_kind kind;
    } others[] = {{"user", WEFT_CONNECTION_HTTP},
                  {"header", WEFT_CONNECTION_HTTP},
                  {"region", WEFT_CONNECTION_S3}};
    unsigned bit = 1U << connection->kind;
    for (size_t i = 0; i < WEFT_COUNT(secret_places); i++) {
        if ((secret_places[i].kinds & bit) == 0 && weft_node_get(node, secret_places[i].key))
            weft_reader_mistake(reader, weft_node_key_place(node, secret_places[i].key),
                                "leave it out", "`%s` is not for a connection of the kind %s",
                                secret_places[i].key, kind_names[connection->kind]);
    }
    for (size_t i = 0; i < WEFT_COUNT(others); i++) {
        if (others[i].kind != connection->kind && weft_node_get(node, others[i].key) != NULL)
            weft_reader_mistake(reader, weft_node_key_place(node, others[i].key),
                                connection->kind == WEFT_CONNECTION_POSTGRES &&
                                        strcmp(others[i].key, "user") == 0
                                    ? "write it into `postgres:`, as in user=weft"
                                    : "leave it out",
                                "`%s` is not for a connection of the kind %s", others[i].key,
                                kind_names[connection->kind]);
    }
}

static void read_one(struct weft_reader *reader, const struct weft_node *node,
                     struct weft_connection *out)
{
    for (size_t i = 0; i < WEFT_COUNT(secret_places); i++)
        read_secret(reader, node, secret_places[i].key,
                    (struct weft_secret_source *)(void *)((char *)out + secret_places[i].offset));
    out->user = weft_node_get_text(node, "user");
    out->header = weft_node_get_text(node, "header");
    out->region = weft_node_get_text(node, "region");
    if (!read_kind(reader, node, out))
        return;
    check_keys(reader, node, out);
    switch (out->kind) {
    case WEFT_CONNECTION_POSTGRES:
        check_postgres(reader, node, out->target);
        return;
    case WEFT_CONNECTION_S3:
        check_s3(reader, node, out);
        return;
    case WEFT_CONNECTION_HTTP:
        check_http(reader, node, out);
    }
}

void weft_mesh_read_connections(struct weft_mesh_loader *loader, const struct weft_node *node)
{
    struct weft_reader *reader = &loader->reader;
    if (node == NULL || node->kind != WEFT_NODE_MAP)
        return;
    struct weft_connection *items = weft_reader_alloc(reader, node->count, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; items != NULL && i < node->count; i++) {
        if (node->items[i]->kind != WEFT_NODE_MAP || node->items[i]->wrong)
            continue;
        items[count] = (struct weft_connection){.name = node->keys[i], .place = node->places[i]};
        read_one(reader, node->items[i], &items[count]);
        count += items[count].target != NULL;
    }
    loader->mesh->connections = items;
    loader->mesh->connection_count = count;
    loader->connections = (struct weft_texts){node->keys, node->count};
}

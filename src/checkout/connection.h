/*
 * connection.h - connections of weft.yaml: systems that product files and environments name. What
 * is here says where secrets are found; none of it is a secret.
 */
#ifndef WEFT_CHECKOUT_CONNECTION_H
#define WEFT_CHECKOUT_CONNECTION_H

#include "base/secret.h"
#include "document/texts.h"

enum weft_connection_kind { WEFT_CONNECTION_POSTGRES, WEFT_CONNECTION_S3, WEFT_CONNECTION_HTTP };

struct weft_connection {
    const char *name;
    enum weft_connection_kind kind;
    const char *target; /* POSTGRES: host=... dbname=...; S3: the endpoint; HTTP: the base URL */
    const char *user;   /* HTTP with a password; NULL */
    const char *header; /* HTTP: the header that carries the token; NULL = Authorization: Bearer */
    const char *region; /* S3; NULL = us-east-1 */
    /* kind WEFT_SECRET_NONE where there is none */
    struct weft_secret_source password, token, access_key, secret_key;
    struct weft_place place;
};

const char *weft_connection_kind_name(enum weft_connection_kind kind); /* "postgres" */

#endif

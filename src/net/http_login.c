/*
 * http_login.c - the line of a request by which a server knows who asks.
 */
#include "net/http_client.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

void weft_http_line_free(char *line)
{
    if (line != NULL)
        weft_secret_wipe(line, strlen(line));
    weft_free(line);
}

/* Visible ASCII and blanks: all else would end the line, or mean something else to each server. */
static bool secret_is_plain(const struct weft_secret *secret)
{
    for (size_t i = 0; i < secret->length; i++) {
        if (secret->data[i] < 0x20 || secret->data[i] > 0x7e)
            return false;
    }
    return true;
}

static int basic_line(const char *user, const struct weft_secret *secret, char **line,
                      struct weft_error *error)
{
    size_t length = strlen(user) + 1 + secret->length;
    char *pair = weft_alloc(length + 1);
    char *text = weft_alloc(WEFT_BASE64_SIZE(length));
    if (pair != NULL && text != NULL) {
        snprintf(pair, length + 1, "%s:%s", user, secret->data);
        weft_base64(pair, length, text);
        *line = weft_format("Authorization: Basic %s", text);
    }
    weft_secret_wipe(pair, length);
    weft_secret_wipe(text, text == NULL ? 0 : WEFT_BASE64_SIZE(length));
    weft_free(pair);
    weft_free(text);
    return *line == NULL ? weft_error_nomem(error) : 0;
}

int weft_http_login_line(const struct weft_http_login *login, const struct weft_secret *secret,
                         char **line, struct weft_error *error)
{
    *line = NULL;
    if (login->user != NULL)
        return basic_line(login->user, secret, line, error);
    if (!secret_is_plain(secret)) {
        weft_error_set(error, WEFT_E_REFUSED,
                       "the token holds a character that cannot stand in a "
                       "header");
        return weft_error_hint(error, "is there a line end within it?");
    }
    *line = login->header == NULL ? weft_format("Authorization: Bearer %s", secret->data)
                                  : weft_format("%s: %s", login->header, secret->data);
    return *line == NULL ? weft_error_nomem(error) : 0;
}

int weft_http_login_check(const char *url, bool allow_private, struct weft_error *error)
{
    if (allow_private || strncasecmp(url, "https://", 8) == 0)
        return 0;
    weft_error_set(error, WEFT_E_REFUSED,
                   "a secret would be sent over http://, where everybody on the way can read it");
    return weft_error_hint(error, "write https://...; the setting `http_private` allows it, for "
                                  "servers of your own");
}

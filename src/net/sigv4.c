/*
 * sigv4.c - AWS Signature Version 4. The steps have the names of the specification: canonical
 * request, string to sign, signing key, signature.
 */
#include "net/sigv4.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>
#include <time.h>

#define NO_BODY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIGNED_HEADERS "host;x-amz-content-sha256;x-amz-date"

struct moment {
    char stamp[32]; /* 20130524T000000Z */
    char day[16];   /* 20130524 */
};

static int moment_make(int64_t time_us, struct moment *out, struct weft_error *error)
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(out->stamp, sizeof out->stamp, "%Y%m%dT%H%M%SZ", &parts) == 0 ||
        strftime(out->day, sizeof out->day, "%Y%m%d", &parts) == 0)
        return weft_error_set(error, WEFT_E_INTERNAL, "the time cannot be written");
    return 0;
}

static int string_to_sign(const struct weft_sigv4 *request, const struct moment *moment, char **out,
                          struct weft_error *error)
{
    char hash[WEFT_SHA256_HEX];
    WEFT_CLEANUP(weft_freep)
    char *canonical =
        weft_format("%s\n%s\n%s\nhost:%s\nx-amz-content-sha256:" NO_BODY
                    "\nx-amz-date:%s\n\n" SIGNED_HEADERS "\n" NO_BODY,
                    request->method, request->path, request->query, request->host, moment->stamp);
    if (canonical == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(weft_sha256_hex(canonical, strlen(canonical), hash, error));
    *out = weft_format("AWS4-HMAC-SHA256\n%s\n%s/%s/s3/aws4_request\n%s", moment->stamp,
                       moment->day, request->region, hash);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

/* Each step's result is the next one's key. */
static int signing_key(const struct weft_sigv4 *request, const struct moment *moment,
                       unsigned char key[WEFT_SHA256_BYTES], struct weft_error *error)
{
    const char *const steps[] = {moment->day, request->region, "s3", "aws4_request"};
    size_t length = request->secret_key->length + 4;
    char *first = weft_alloc(length + 1);
    if (first == NULL)
        return weft_error_nomem(error);
    snprintf(first, length + 1, "AWS4%s", request->secret_key->data);
    int rc = weft_hmac_sha256(first, length, steps[0], strlen(steps[0]), key, error);
    weft_secret_wipe(first, length);
    weft_free(first);
    for (size_t i = 1; rc == 0 && i < WEFT_COUNT(steps); i++) {
        unsigned char next[WEFT_SHA256_BYTES];
        rc = weft_hmac_sha256(key, WEFT_SHA256_BYTES, steps[i], strlen(steps[i]), next, error);
        memcpy(key, next, sizeof next);
        weft_secret_wipe(next, sizeof next);
    }
    return rc;
}

static int signature(const struct weft_sigv4 *request, const struct moment *moment,
                     char out[WEFT_SHA256_HEX], struct weft_error *error)
{
    unsigned char key[WEFT_SHA256_BYTES], made[WEFT_SHA256_BYTES];
    WEFT_CLEANUP(weft_freep) char *text = NULL;
    WEFT_TRY(string_to_sign(request, moment, &text, error));
    int rc = signing_key(request, moment, key, error);
    if (rc == 0)
        rc = weft_hmac_sha256(key, sizeof key, text, strlen(text), made, error);
    weft_secret_wipe(key, sizeof key);
    if (rc == 0)
        weft_hex(made, sizeof made, out);
    return rc;
}

int weft_sigv4_lines(const struct weft_sigv4 *request, char *lines[WEFT_SIGV4_LINES],
                     struct weft_error *error)
{
    struct moment moment;
    char signed_by[WEFT_SHA256_HEX];
    WEFT_TRY(moment_make(request->time_us, &moment, error));
    WEFT_TRY(signature(request, &moment, signed_by, error));
    lines[0] = weft_format("x-amz-content-sha256: " NO_BODY);
    lines[1] = weft_format("x-amz-date: %s", moment.stamp);
    lines[2] = weft_format("Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/%s/s3/aws4_request,"
                           "SignedHeaders=" SIGNED_HEADERS ",Signature=%s",
                           request->access_key->data, moment.day, request->region, signed_by);
    if (lines[0] != NULL && lines[1] != NULL && lines[2] != NULL)
        return 0;
    for (size_t i = 0; i < WEFT_SIGV4_LINES; i++) {
        weft_free(lines[i]);
        lines[i] = NULL;
    }
    return weft_error_nomem(error);
}

/*
 * treat_key.c - the secret that mask, hash and token of a mesh are keyed with: 32 random bytes in
 * <home>/keys/treatments, made when it is first needed.
 *
 * The same in every copy of the home, so that what U would have got then can be made again; in no
 * entry, no SQL, no error.
 */
#include "trust/treat_key.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/random.h"

#include <string.h>

static int key_read(const char *path, unsigned char out[WEFT_TREAT_KEY_BYTES],
                    struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, WEFT_TREAT_KEY_BYTES);
    int rc = weft_fs_read_regular(path, WEFT_TREAT_KEY_BYTES, &text, error);
    if (rc != 0)
        return rc;
    if (text.length != WEFT_TREAT_KEY_BYTES)
        return weft_error_set(error, WEFT_E_CORRUPT, "%s is not the key of treatments", path);
    memcpy(out, text.data, WEFT_TREAT_KEY_BYTES);
    return 0;
}

int weft_treat_key(const char *home, unsigned char out[WEFT_TREAT_KEY_BYTES],
                   struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *path = weft_format("%s/keys/treatments", home);
    WEFT_CLEANUP(weft_freep) char *lock = weft_format("%s/keys", home);
    unsigned char made[WEFT_TREAT_KEY_BYTES];
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    if (path == NULL || lock == NULL)
        return weft_error_nomem(error);
    int rc = key_read(path, out, error);
    if (rc != WEFT_NOT_THERE)
        return rc;
    /* Two at once: the second takes what the first made. */
    WEFT_TRY(weft_fs_lock_folder(lock, true, true, &fd, error));
    rc = key_read(path, out, error);
    if (rc != WEFT_NOT_THERE)
        return rc;
    WEFT_TRY(weft_random_bytes(made, sizeof made, error));
    WEFT_TRY(weft_fs_write_file(path, made, sizeof made, error));
    memcpy(out, made, sizeof made);
    return 0;
}

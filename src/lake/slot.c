/*
 * slot.c - slots of readers: <home>/slots/<uuid>, a file that holds the oldest sequence its process
 * uses and is locked (flock) as long as the process lives. Nothing has to be cleaned up after a
 * crash: a slot that can be locked belongs to nobody.
 */
#include "base/fs.h"
#include "base/random.h"
#include "base/text.h"
#include "lake/pointer.h"

#include <string.h>

#define SLOT_TRIES 10

struct weft_slot {
    char *path;
    int fd;
};

void weft_slot_close(struct weft_slot *slot)
{
    if (slot == NULL)
        return;
    struct weft_error ignored = WEFT_ERROR_INIT;
    /* First the name, then the lock: nobody finds it unlocked. A name that stays is swept later. */
    if (slot->fd >= 0 && weft_fs_unlink(slot->path, &ignored) < 0)
        weft_error_clear(&ignored);
    weft_fd_close(&slot->fd);
    weft_free(slot->path);
    weft_free(slot);
}

/* Between making and locking a file, somebody may have taken it for a dead one and removed it. */
static int slot_is_there(const struct weft_slot *slot, bool *there, struct weft_error *error)
{
    struct weft_fs_identity mine;
    struct weft_fs_identity named;
    WEFT_TRY(weft_fs_identity_fd(slot->fd, &mine, slot->path, error));
    int rc = weft_fs_identity(slot->path, &named, error);
    if (rc < 0)
        return rc;
    *there = rc == 0 && mine.inode == named.inode && mine.device == named.device;
    return 0;
}

static int slot_take(const char *home, struct weft_slot *slot, struct weft_error *error)
{
    char name[WEFT_UUID_TEXT];
    bool there = false;
    for (int i = 0; i < SLOT_TRIES && !there; i++) {
        weft_fd_close(&slot->fd);
        weft_free(slot->path);
        slot->path = NULL;
        WEFT_TRY(weft_uuid(name, error));
        slot->path = weft_format("%s/slots/%s", home, name);
        if (slot->path == NULL)
            return weft_error_nomem(error);
        int rc = weft_fs_lock(slot->path, true, false, &slot->fd, error);
        if (rc < 0)
            return rc;
        if (rc == 0)
            WEFT_TRY(slot_is_there(slot, &there, error));
    }
    if (!there)
        return weft_error_set(error, WEFT_E_BUSY, "no slot for a reader could be taken");
    return 0;
}

int weft_slot_open(const char *home, int64_t sequence, struct weft_slot **out,
                   struct weft_error *error)
{
    struct weft_slot *slot = weft_alloc(sizeof *slot);
    char *folder = weft_path_join(home, "slots");
    int rc = -1;
    if (slot == NULL || folder == NULL) {
        weft_free(slot);
        weft_free(folder);
        return weft_error_nomem(error);
    }
    slot->fd = -1;
    rc = weft_fs_mkdirs(folder, error);
    weft_free(folder);
    if (rc == 0)
        rc = slot_take(home, slot, error);
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRId64 "\n", sequence);
    if (rc == 0)
        rc = weft_fs_write(slot->fd, text, (size_t)length, slot->path, error);
    if (rc < 0) {
        weft_slot_close(slot);
        return rc;
    }
    *out = slot;
    return 0;
}

/* A slot that is locked but not yet written keeps everything: sequence 0. */
static int slot_read(const char *path, int64_t *oldest, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    int rc = weft_fs_lock(path, true, false, &fd, error);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return weft_fs_unlink(path, error);
    struct weft_buf text;
    weft_buf_init(&text, (size_t)1 << 20); /* whole reads ask for room in large steps */
    rc = weft_fs_read_regular(path, 64, &text, error);
    int64_t sequence = 0;
    if (rc == 0) {
        size_t length = strcspn(text.data, "\n");
        if (!weft_parse_int64(text.data, length, &sequence))
            sequence = 0;
        *oldest = WEFT_MIN(*oldest, sequence);
    }
    weft_buf_release(&text);
    return rc < 0 ? rc : 0;
}

int weft_slot_guard(const char *home, int *fd, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(home, "slots");
    if (folder == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_lock_folder(folder, false, true, fd, error);
    return rc > 0 ? weft_error_set(error, WEFT_E_BUSY, "%s is being cleared up", folder) : rc;
}

/* Somebody reads here who could leave no slot. */
static int guarded(const char *folder, bool *is, struct weft_error *error)
{
    WEFT_CLEANUP(weft_fd_close) int fd = -1;
    int rc = weft_fs_lock_folder(folder, true, false, &fd, error);
    *is = rc == WEFT_AGAIN;
    return rc < 0 ? rc : 0;
}

int weft_slot_oldest(const char *home, int64_t *sequence, struct weft_error *error)
{
    WEFT_CLEANUP(weft_freep) char *folder = weft_path_join(home, "slots");
    struct weft_fs_list names = {0};
    int64_t oldest = INT64_MAX;
    if (folder == NULL)
        return weft_error_nomem(error);
    int rc = weft_fs_list(folder, &names, error);
    for (size_t i = 0; rc == 0 && i < names.count; i++) {
        WEFT_CLEANUP(weft_freep) char *path = weft_path_join(folder, names.names[i]);
        rc = path == NULL ? weft_error_nomem(error) : slot_read(path, &oldest, error);
    }
    weft_fs_list_free(&names);
    bool is = false;
    if (rc >= 0 && weft_fs_is_dir(folder))
        rc = guarded(folder, &is, error);
    if (rc < 0)
        return rc;
    if (is)
        oldest = 0;
    *sequence = oldest;
    return 0;
}

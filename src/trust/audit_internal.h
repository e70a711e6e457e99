/*
 * audit_internal.h - the files of the audit, for those that write, read and look after them.
 */
#ifndef WEFT_TRUST_AUDIT_INTERNAL_H
#define WEFT_TRUST_AUDIT_INTERNAL_H

#include "base/fs.h"
#include "trust/audit.h"

#define WEFT_AUDIT_LINE_MAX (256 * 1024)
#define WEFT_AUDIT_NONE "0000000000000000000000000000000000000000000000000000000000000000"
#define WEFT_KIND_AUDIT_ANCHORED "audit.anchored"
#define WEFT_KIND_AUDIT_REMOVED "audit.removed"

struct weft_audit_files {
    char *folder;
    int lock;
    struct weft_fs_list files; /* the .log files, oldest first */
};

/* With the lock held until close. */
int weft_audit_files_open(const char *home, bool exclusive, struct weft_audit_files *audit,
                          struct weft_error *error) WEFT_MUST_CHECK;
void weft_audit_files_close(struct weft_audit_files *audit);
/* The hash that the last whole line of a file ends with; WEFT_NOT_THERE when there is no line.
 * *whole: the size of the file up to the end of that line. */
int weft_audit_last_hash(int fd, const char *path, char hash[WEFT_SHA256_HEX], int64_t *whole,
                         struct weft_error *error) WEFT_MUST_CHECK;

/* What the ledger holds the chain to; an empty anchor = none. */
struct weft_audit_held {
    struct weft_texts removed; /* ends of files that retention took: the first line follows one */
    char anchor[WEFT_SHA256_HEX]; /* a line that must be there */
    char anchor_file[16];
    int64_t anchor_sequence; /* of the entry */
};
int weft_audit_chain_verify(const char *home, const struct weft_audit_held *held, int64_t *count,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* Calls fn for each line of one file, without its line end. */
typedef int weft_audit_line_fn(void *arg, const char *path, int64_t number, const char *line,
                               size_t length, struct weft_error *error);
int weft_audit_file_each(const char *path, weft_audit_line_fn *fn, void *arg,
                         struct weft_error *error) WEFT_MUST_CHECK;

void weft_audit_register(void);

#endif

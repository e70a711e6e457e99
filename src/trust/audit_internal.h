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
#define WEFT_KIND_AUDIT_ACCEPTED "audit.accepted"
#define WEFT_AUDIT_GAPS_MAX 500 /* that one entry accepts */

struct weft_audit_files {
    char *folder;
    int lock;
    struct weft_fs_list files; /* the .log files, oldest first */
    int64_t newest_size;       /* once unlocked: how far the newest of them is read */
};

/* With the lock held until close. */
int weft_audit_files_open(const char *home, bool exclusive, struct weft_audit_files *audit,
                          struct weft_error *error) WEFT_MUST_CHECK;
void weft_audit_files_close(struct weft_audit_files *audit);
/* For who reads on without the lock, so that no reader of data waits for a reader of the audit:
 * lines that are there do not change, and those that come behind are not looked at. */
int weft_audit_files_unlock(struct weft_audit_files *audit, struct weft_error *error)
    WEFT_MUST_CHECK;
/* The hash that the last whole line of a file ends with; WEFT_NOT_THERE when there is no line.
 * *whole: the size of the file up to the end of that line. */
int weft_audit_last_hash(int fd, const char *path, char hash[WEFT_SHA256_HEX], int64_t *whole,
                         struct weft_error *error) WEFT_MUST_CHECK;

/* The last line there is: its file, where it ends, its hash. WEFT_NOT_THERE. */
int weft_audit_end_find(const struct weft_audit_files *audit, size_t *file, int64_t *bytes,
                        char hash[WEFT_SHA256_HEX], struct weft_error *error) WEFT_MUST_CHECK;

/* ---- audit_head.c ---- */
struct weft_audit_head {
    char first[WEFT_SHA256_HEX]; /* what the first line written with it follows */
    char hash[WEFT_SHA256_HEX];  /* of the last line; as `first` when there is none */
    int64_t time_us;             /* of that line */
};
/* WEFT_NOT_THERE; CORRUPT when it is damaged or not signed by the node. With the lock held. */
int weft_audit_head_read(struct weft_ledger *ledger, const struct weft_audit_files *audit,
                         struct weft_audit_head *head, struct weft_error *error) WEFT_MUST_CHECK;
int weft_audit_head_write(struct weft_ledger *ledger, const struct weft_audit_files *audit,
                          const struct weft_audit_head *head, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- audit_verify.c ---- */
struct weft_audit_gap {
    char after[WEFT_SHA256_HEX]; /* the line before it; 64 zeros = it is at the beginning */
    char lost[WEFT_SHA256_HEX];  /* what the line behind it follows */
};
struct weft_audit_anchor {
    char hash[WEFT_SHA256_HEX];
    char file[16];
    int64_t sequence; /* of the entry */
    bool met;
};
/* What the ledger holds the chain to. */
struct weft_audit_held {
    struct weft_texts removed;   /* ends of files that retention took: the first line follows one */
    char removed_file[16];       /* the newest of them; "" = none */
    char first[WEFT_SHA256_HEX]; /* where the head began; "" = no entry says so yet */
    const struct weft_audit_gap *gaps; /* accepted */
    size_t gap_count;
    struct weft_audit_anchor *anchors; /* since the newest acceptance, oldest first */
    size_t anchor_count;
    struct weft_map *by_hash; /* of the anchors: number + 1 */
};
/* Gaps that nobody accepted, found on the way; with NULL the first one is an error. */
struct weft_audit_gaps {
    struct weft_audit_gap items[WEFT_AUDIT_GAPS_MAX];
    size_t count;
    bool end; /* the head is missing or wrong, or a line that it or an anchor names is */
};
/* held NULL = the chain alone; else the head and the anchors, too. With the lock held, which it
 * gives back before it walks unless gaps are asked for. */
int weft_audit_chain_verify(struct weft_ledger *ledger, struct weft_audit_files *audit,
                            struct weft_audit_held *held, struct weft_audit_gaps *gaps,
                            int64_t *count, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- audit_held.c ---- */
void weft_audit_held_release(struct weft_audit_held *held);
int weft_audit_held_read(struct weft_ledger_txn *txn, struct weft_arena *arena,
                         struct weft_audit_held *held, struct weft_error *error) WEFT_MUST_CHECK;
/* Calls fn for each line of one of the files, without its line end. */
typedef int weft_audit_line_fn(void *arg, const char *path, int64_t number, const char *line,
                               size_t length, struct weft_error *error);
int weft_audit_file_each(const struct weft_audit_files *audit, size_t file, weft_audit_line_fn *fn,
                         void *arg, struct weft_error *error) WEFT_MUST_CHECK;

void weft_audit_register(void);

#endif

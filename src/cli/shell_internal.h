/*
 * shell_internal.h - what the parts of the shell share: shell.c reads lines and runs statements,
 * shell_command.c does what begins with \.
 */
#ifndef WEFT_CLI_SHELL_INTERNAL_H
#define WEFT_CLI_SHELL_INTERNAL_H

#include "cli/doors.h"
#include "cli/editor.h"
#include "cli/shell.h"

#define WEFT_SHELL_DEPTH_MAX 16 /* files that run files */
#define WEFT_SHELL_TEXT_MAX ((size_t)64 << 20)

/* Where lines come from. */
struct weft_shell_source {
    const char *file; /* NULL = the terminal */
    int line;         /* of the file, that the gathered text begins in; 0 = its first */
    int column;       /* characters before it there */
};

struct weft_shell {
    struct weft_shell_config config;
    struct weft_session session;
    struct weft_session_names names;
    struct weft_editor *editor; /* NULL = no shell, or libedit is not there */
    bool interactive;
    bool timing, expanded, paging, go_on, quit;
    char *as_of; /* as it was typed; NULL = now */
    int depth;   /* of files */
    struct weft_shell_source source;
    struct weft_buf text;  /* gathered, no `;` yet */
    struct weft_buf typed; /* the lines of one entry of the history */
    struct weft_buf last;  /* the statement that ran last */
    bool file_open;        /* \o */
    struct weft_stream *file;
    char *file_name;
    enum weft_query_format screen_format; /* while the file's ending says another */
    bool failed;                          /* --continue: some statement did */
    enum weft_code failed_code;
};

/* One line, without its end. -1: the error is not told yet. */
int weft_shell_line(struct weft_shell *shell, const char *line, size_t length,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* All lines of a text, and what is left at its end. */
int weft_shell_text(struct weft_shell *shell, const char *file, const char *text, size_t length,
                    struct weft_error *error) WEFT_MUST_CHECK;
/* A command: line begins with \. */
int weft_shell_command(struct weft_shell *shell, const char *line, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Opens the door to the screen or the file of \o; close shows what the pager holds. */
int weft_shell_out_open(struct weft_shell *shell, struct weft_door *door, struct weft_out *out,
                        bool query, struct weft_error *error) WEFT_MUST_CHECK;
int weft_shell_out_close(struct weft_shell *shell, struct weft_door *door, int rc,
                         struct weft_error *error) WEFT_MUST_CHECK;
int weft_shell_file_close(struct weft_shell *shell, struct weft_error *error) WEFT_MUST_CHECK;
void weft_shell_names_refresh(struct weft_shell *shell);
int weft_shell_complete(void *arg, struct weft_arena *arena, const char *line, size_t cursor,
                        struct weft_completion *out);
/* Candidates for a line that begins with \. */
int weft_shell_command_complete(struct weft_shell *shell, struct weft_arena *arena,
                                const char *line, size_t cursor, struct weft_completion *out)
    WEFT_MUST_CHECK;

#endif

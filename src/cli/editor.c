/*
 * editor.c - the editor of editor.h.
 *
 * The terminal is raw only while a line is read: while a statement runs it is as the person left
 * it, so a shell that is ended then leaves nothing to repair.
 */
#include "cli/editor.h"

#include "base/mem.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/edit_api.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define KEY_POLL_MS 200
#define COMPLETE_ARENA_MAX ((size_t)64 << 20)
#define LISTED_MAX 200
#define LIST_GAP 2

struct weft_editor {
    EditLine *line;
    History *history;
    struct weft_history file;
    const char *prompt;
    FILE *screen;
    weft_editor_complete_fn *complete;
    void *arg;
    struct weft_buf text; /* the line that was read */
    mbstate_t state;
    bool interrupted;
};

static struct weft_editor *editor_of(EditLine *line)
{
    void *editor = NULL;
    weft_edit.el_get(line, EL_CLIENTDATA, &editor);
    return editor;
}

static char *prompt_get(EditLine *line)
{
    return (char *)(uintptr_t)editor_of(line)->prompt;
}

/* ---- keys ---- */

/* 1 = *out is a character; 0 = it is not whole yet, or was none. */
static int byte_take(struct weft_editor *editor, char byte, wchar_t *out)
{
    size_t rc = mbrtowc(out, &byte, 1, &editor->state);
    if (rc == (size_t)-1)
        editor->state = (mbstate_t){0};
    return rc <= 1 ? 1 : 0;
}

/* Instead of libedit's own, which would go on after a signal without asking why it came. */
static int key_read(EditLine *line, wchar_t *out)
{
    struct weft_editor *editor = editor_of(line);
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;
    for (;;) {
        if (weft_process_resize_take())
            weft_edit.el_resize(line);
        if (weft_process_cancelled()) {
            editor->interrupted = true;
            return -1;
        }
        int ready = poll(&input, 1, KEY_POLL_MS);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        ssize_t got = ready < 0 ? -1 : read(STDIN_FILENO, &byte, 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0)
            return got < 0 ? -1 : 0;
        if (byte_take(editor, byte, out) == 1)
            return 1;
    }
}

/* ---- completion ---- */

static void list_print(struct weft_editor *editor, const struct weft_completion *found)
{
    struct winsize size = {0};
    size_t widest = 0, count = WEFT_MIN(found->count, (size_t)LISTED_MAX);
    size_t width =
        ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    for (size_t i = 0; i < count; i++)
        widest = WEFT_MAX(widest, strlen(found->items[i]));
    size_t columns = WEFT_MAX(width / (widest + LIST_GAP), 1);
    size_t rows = (count + columns - 1) / columns;
    fputc('\n', editor->screen);
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < count; i += rows) {
            bool last = i + rows >= count;
            fprintf(editor->screen, "%-*s", last ? 0 : (int)(widest + LIST_GAP), found->items[i]);
        }
        fputc('\n', editor->screen);
    }
    if (found->count > count)
        fprintf(editor->screen, "... and %zu more\n", found->count - count);
}

static unsigned char completion_apply(struct weft_editor *editor, EditLine *line, size_t typed,
                                      const struct weft_completion *found, const char *common)
{
    if (found->count == 0)
        return CC_REFRESH_BEEP;
    if (strlen(common) > typed || found->count == 1) {
        if (found->replace > 0)
            weft_edit.el_deletestr(line, (int)found->replace_chars);
        weft_edit.el_insertstr(line, common);
        if (found->count == 1 && found->space)
            weft_edit.el_insertstr(line, " ");
        return CC_REFRESH;
    }
    list_print(editor, found);
    return CC_REDISPLAY;
}

static unsigned char tab_pressed(EditLine *line, int key)
{
    struct weft_editor *editor = editor_of(line);
    const LineInfo *info = weft_edit.el_line(line);
    size_t cursor = (size_t)(info->cursor - info->buffer);
    struct weft_completion found = {0};
    (void)key;
    if (strspn(info->buffer, " \t") >= cursor) { /* indentation, also of what is pasted */
        weft_edit.el_insertstr(line, "    ");
        return CC_REFRESH;
    }
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(COMPLETE_ARENA_MAX);
    size_t length = (size_t)(info->lastchar - info->buffer);
    char *text = arena == NULL ? NULL : weft_arena_strndup(arena, info->buffer, length);
    if (text == NULL || editor->complete(editor->arg, arena, text, cursor, &found) < 0)
        return CC_REFRESH_BEEP;
    const char *common = weft_completion_common(arena, &found);
    if (common == NULL)
        return CC_REFRESH_BEEP;
    return completion_apply(editor, line, found.replace, &found, common);
}

/* ---- opening ---- */

static int entry_load(void *arg, const char *entry, struct weft_error *error)
{
    struct weft_editor *editor = arg;
    HistEvent event;
    (void)error;
    weft_edit.history(editor->history, &event, H_ENTER, entry);
    return 0;
}

/* Without its file the shell has the history of its own life. */
static void history_load(struct weft_editor *editor)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    HistEvent event;
    weft_edit.history(editor->history, &event, H_SETSIZE, WEFT_HISTORY_ENTRIES_MAX);
    weft_edit.history(editor->history, &event, H_SETUNIQUE, 1);
    if (weft_history_open(&editor->file, &ignored) < 0 ||
        weft_history_read(&editor->file, entry_load, editor, &ignored) < 0)
        weft_history_close(&editor->file);
}

static void keys_bind(struct weft_editor *editor)
{
    EditLine *line = editor->line;
    weft_edit.el_set(line, EL_CLIENTDATA, editor);
    weft_edit.el_set(line, EL_PROMPT, prompt_get);
    weft_edit.el_set(line, EL_SIGNAL, 0);
    weft_edit.el_set(line, EL_HIST, weft_edit.history, editor->history);
    weft_edit.el_set(line, EL_EDITOR, "emacs");
    weft_edit.el_set(line, EL_ADDFN, "weft-complete", "Complete what is typed", tab_pressed);
    weft_edit.el_set(line, EL_BIND, "^I", "weft-complete", NULL);
    weft_edit.el_set(line, EL_BIND, "^R", "em-inc-search-prev", NULL);
    weft_edit.el_set(line, EL_BIND, "\\e[1;5C", "em-next-word", NULL);
    weft_edit.el_set(line, EL_BIND, "\\e[1;5D", "ed-prev-word", NULL);
    weft_edit.el_set(line, EL_BIND, "\\e[3~", "ed-delete-next-char", NULL);
    weft_edit.el_set(line, EL_GETCFN, key_read);
    weft_edit.el_source(line, NULL);
}

int weft_editor_open(weft_editor_complete_fn *complete, void *arg, struct weft_editor **out,
                     struct weft_error *error)
{
    WEFT_TRY(weft_edit_load(error));
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        setlocale(LC_CTYPE, "");
    struct weft_editor *editor = weft_alloc(sizeof *editor);
    if (editor == NULL)
        return weft_error_nomem(error);
    weft_buf_init(&editor->text, (size_t)16 << 20);
    editor->complete = complete;
    editor->arg = arg;
    editor->prompt = "";
    editor->screen = isatty(STDOUT_FILENO) == 1 ? stdout : stderr;
    editor->history = weft_edit.history_init();
    editor->line = weft_edit.el_init("weft", stdin, editor->screen, stderr);
    if (editor->history == NULL || editor->line == NULL) {
        weft_editor_close(editor);
        return weft_error_set(error, WEFT_E_IO, "the line editor does not start");
    }
    history_load(editor);
    keys_bind(editor);
    *out = editor;
    return 0;
}

void weft_editor_close(struct weft_editor *editor)
{
    if (editor == NULL)
        return;
    if (editor->line != NULL)
        weft_edit.el_end(editor->line);
    if (editor->history != NULL)
        weft_edit.history_end(editor->history);
    weft_history_close(&editor->file);
    weft_buf_release(&editor->text);
    weft_free(editor);
}

int weft_editor_read(struct weft_editor *editor, const char *prompt, const char **line,
                     struct weft_error *error)
{
    int count = 0;
    editor->prompt = prompt;
    editor->interrupted = false;
    editor->state = (mbstate_t){0};
    /* Before the prompt is shown, not after: a key that is typed in between is no line's. */
    weft_edit.el_set(editor->line, EL_PREP_TERM, 1);
    const char *text = weft_edit.el_gets(editor->line, &count);
    if (editor->interrupted) {
        fputs("^C\n", editor->screen);
        fflush(editor->screen);
        return WEFT_AGAIN;
    }
    if (text == NULL || count <= 0) {
        fputc('\n', editor->screen);
        fflush(editor->screen);
        return WEFT_END;
    }
    size_t length = (size_t)count;
    if (text[length - 1] == '\n')
        length--;
    weft_buf_clear(&editor->text);
    weft_buf_add(&editor->text, text, length);
    WEFT_TRY(weft_buf_check(&editor->text, error));
    *line = editor->text.data;
    return 0;
}

void weft_editor_remember(struct weft_editor *editor, const char *text, size_t length)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    HistEvent event;
    while (length > 0 && text[length - 1] == '\n')
        length--;
    if (weft_history_add(&editor->file, text, length, &ignored) == WEFT_NOT_THERE)
        return;
    WEFT_CLEANUP(weft_freep) char *entry = weft_strndup(text, length);
    if (entry != NULL)
        weft_edit.history(editor->history, &event, H_ENTER, entry);
}

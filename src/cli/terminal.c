/*
 * terminal.c - standard error for people. Nothing here fails: when standard error is gone, there is
 * nobody to tell.
 */
#include "cli/terminal.h"

#include "base/clock.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/printable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define TEXT_MAX 65536
#define REWRITE_US 100000
#define PLAIN_US 5000000
#define WIDTH_OTHERWISE 80
#define ANSWERS_MAX 3
#define ESCAPE_LINE_REMOVE "\r\033[K"

static int width_of(int fd)
{
    struct winsize size;
    int64_t columns;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *text = getenv("COLUMNS");
    if (text != NULL && weft_parse_int64(text, strlen(text), &columns) && columns > 0 &&
        columns < 10000)
        return (int)columns;
    return WIDTH_OTHERWISE;
}

static bool terminal_is_able(void)
{
    const char *kind = getenv("TERM");
    return kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
}

void weft_terminal_init(struct weft_terminal *terminal, struct weft_stream *stream, bool no_colour)
{
    const char *wish = getenv("NO_COLOR");
    bool able = terminal_is_able();
    bool colour = able && !no_colour && (wish == NULL || wish[0] == '\0');
    bool err = isatty(STDERR_FILENO) == 1;
    *terminal = (struct weft_terminal){.stream = stream,
                                       .out_colour = colour && stream->terminal,
                                       .err_colour = colour && err,
                                       .err_terminal = able && err};
    if (stream->terminal)
        terminal->width = width_of(stream->fd);
    terminal->err_width = err ? width_of(STDERR_FILENO) : WIDTH_OTHERWISE;
}

void weft_terminal_measure(struct weft_terminal *terminal)
{
    if (terminal->stream->terminal)
        terminal->width = width_of(terminal->stream->fd);
    if (isatty(STDERR_FILENO) == 1)
        terminal->err_width = width_of(STDERR_FILENO);
}

const char *weft_style_begin(enum weft_style style, bool colour)
{
    static const char *const begins[] = {
        [WEFT_STYLE_PLAIN] = "",           [WEFT_STYLE_TITLE] = "\033[1m",
        [WEFT_STYLE_ADDED] = "\033[32m",   [WEFT_STYLE_CHANGED] = "\033[33m",
        [WEFT_STYLE_REMOVED] = "\033[31m", [WEFT_STYLE_GOOD] = "\033[32m",
        [WEFT_STYLE_BAD] = "\033[31m",     [WEFT_STYLE_DIM] = "\033[2m",
    };
    return colour ? begins[style] : "";
}

const char *weft_style_end(enum weft_style style, bool colour)
{
    return colour && style != WEFT_STYLE_PLAIN ? "\033[0m" : "";
}

/* ---- writing ---- */

static void err_write(const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return;
        data += written;
        length -= (size_t)written;
    }
}

/* The result first; its failure is met again when it ends. */
static void told_first(struct weft_terminal *terminal)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    weft_terminal_quiet(terminal);
    if (weft_stream_flush(terminal->stream, &ignored) < 0)
        terminal->stream->failed = true;
}

void weft_terminal_quiet(struct weft_terminal *terminal)
{
    if (!terminal->shown)
        return;
    terminal->shown = false;
    err_write(ESCAPE_LINE_REMOVE, strlen(ESCAPE_LINE_REMOVE));
}

/* Further lines of a text are indented as deep as its first one. */
static void text_add(struct weft_buf *out, const char *text, const char *indent)
{
    for (const char *rest = text; *rest != '\0';) {
        size_t length = strcspn(rest, "\n");
        weft_printable_add(out, rest, length, WEFT_PRINTABLE_LINES);
        rest += length;
        if (*rest == '\n' && *++rest != '\0')
            weft_buf_addf(out, "\n%s", indent);
    }
    weft_buf_addc(out, '\n');
}

struct told {
    enum weft_severity severity;
    const char *file, *message, *detail, *hint;
    int line, column;
    int64_t byte;
    const char *source; /* NULL, or the text in which line and column are shown */
    size_t source_length;
};

static void place_add(struct weft_buf *out, const struct told *told)
{
    if (told->file[0] == '\0')
        return;
    weft_printable_add(out, told->file, strlen(told->file), WEFT_PRINTABLE_CELL);
    if (told->line > 0)
        weft_buf_addf(out, ":%d", told->line);
    if (told->line > 0 && told->column > 0)
        weft_buf_addf(out, ":%d", told->column);
    if (told->byte > 0 || (told->byte == 0 && told->line <= 0))
        weft_buf_addf(out, ":byte %" PRId64, told->byte);
    weft_buf_adds(out, ": ");
}

static size_t character_length(const char *text, size_t length)
{
    size_t end = 1;
    while (end < length && ((unsigned char)text[end] & 0xC0) == 0x80)
        end++;
    return WEFT_MIN(end, length);
}

/* A part of a line; tabs as one blank, so that the mark stands below its place. */
static void part_add(struct weft_buf *out, const char *text, size_t length)
{
    while (length > 0) {
        size_t one = character_length(text, length);
        if (*text == '\t' || *text == '\r')
            weft_buf_addc(out, ' ');
        else
            weft_printable_add(out, text, one, WEFT_PRINTABLE_CELL);
        text += one;
        length -= one;
    }
}

/* The line told->line of the text; NULL = it has none. */
static const char *source_line(const struct told *told, size_t *length)
{
    const char *line = told->source, *end = line == NULL ? NULL : line + told->source_length;
    for (int i = 1; line != NULL && i < told->line; i++) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        line = next == NULL ? NULL : next + 1;
    }
    if (line == NULL || told->line < 1 || told->column < 1)
        return NULL;
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    *length = (size_t)((stop == NULL ? end : stop) - line);
    return line;
}

/* The line of the statement, as much as fits around the place, and a mark below it. */
static void source_add(struct weft_buf *out, const struct told *told, int width)
{
    size_t length = 0, place = 0, from = 0, room = width > 40 ? (size_t)width - 10 : 30;
    const char *line = source_line(told, &length);
    if (line == NULL)
        return;
    for (int i = 1; i < told->column && place < length; i++)
        place += character_length(line + place, length - place);
    while (weft_utf8_width(line + from, place - from) > room * 2 / 3)
        from += character_length(line + from, place - from);
    size_t to = place;
    while (to < length && weft_utf8_width(line + from, to - from) < room)
        to += character_length(line + to, length - to);
    weft_buf_addf(out, "  %s", from > 0 ? "..." : "");
    size_t start = out->length;
    part_add(out, line + from, place - from);
    size_t mark = weft_utf8_width(out->data + start, out->length - start) + (from > 0 ? 3 : 0);
    part_add(out, line + place, to - place);
    weft_buf_addf(out, "%s\n  %*s^\n", to < length ? "..." : "", (int)mark, "");
}

static void tell(struct weft_terminal *terminal, const struct told *told)
{
    static const char *const words[] = {"error", "warning", "note"};
    static const enum weft_style styles[] = {WEFT_STYLE_BAD, WEFT_STYLE_CHANGED, WEFT_STYLE_TITLE};
    enum weft_style style = styles[told->severity];
    bool colour = terminal->err_colour;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, TEXT_MAX);
    told_first(terminal);
    weft_buf_adds(&text, weft_style_begin(WEFT_STYLE_TITLE, colour && told->file[0] != '\0'));
    place_add(&text, told);
    weft_buf_adds(&text, weft_style_end(WEFT_STYLE_TITLE, colour && told->file[0] != '\0'));
    if (told->file[0] == '\0' || told->severity != WEFT_SEVERITY_ERROR)
        weft_buf_addf(&text, "%s%s:%s ", weft_style_begin(style, colour), words[told->severity],
                      weft_style_end(style, colour));
    if (told->file[0] == '\0' && told->line > 0 &&
        told->source == NULL) /* of a text on the command line */
        weft_buf_addf(&text, told->column > 0 ? "line %d, column %d: " : "line %d: ", told->line,
                      told->column);
    text_add(&text, told->message, "  ");
    source_add(&text, told, terminal->err_width);
    if (told->detail != NULL) {
        weft_buf_adds(&text, "  why: ");
        text_add(&text, told->detail, "       ");
    }
    if (told->hint != NULL) {
        weft_buf_adds(&text, "  hint: ");
        text_add(&text, told->hint, "        ");
    }
    if (text.failed) { /* no memory: the bare message then */
        err_write(told->message, strlen(told->message));
        err_write("\n", 1);
    } else {
        err_write(text.data, text.length);
    }
}

void weft_terminal_note(struct weft_terminal *terminal, const struct weft_diag_item *item)
{
    const struct told told = {.severity = item->severity,
                              .file = item->file == NULL ? "" : item->file,
                              .line = item->line,
                              .column = item->column,
                              .byte = -1,
                              .message = item->message,
                              .hint = item->hint};
    tell(terminal, &told);
}

void weft_terminal_error_in(struct weft_terminal *terminal, const struct weft_error *error,
                            const char *text, size_t length, bool typed)
{
    const struct told told = {.severity = WEFT_SEVERITY_ERROR,
                              .file = error->file,
                              .line = error->line,
                              .column = error->column,
                              .byte = error->byte,
                              .message = error->message,
                              .detail = error->detail[0] == '\0' ? NULL : error->detail,
                              .hint = error->hint[0] == '\0' ? NULL : error->hint,
                              .source = typed && error->file[0] == '\0' ? text : NULL,
                              .source_length = length};
    tell(terminal, &told);
}

void weft_terminal_error(struct weft_terminal *terminal, const struct weft_error *error)
{
    weft_terminal_error_in(terminal, error, NULL, 0, false);
}

/* ---- progress ---- */

/* Cuts to what fits into one line: a longer one would wrap, and then not be rewritten. */
static void line_cut(struct weft_buf *line, size_t from, int width)
{
    size_t room = width > 1 ? (size_t)width - 1 : 1;
    while (line->length > from && weft_utf8_width(line->data + from, line->length - from) > room) {
        size_t end = line->length - 1;
        while (end > from && ((unsigned char)line->data[end] & 0xC0) == 0x80)
            end--;
        weft_buf_shrink(line, end);
    }
}

static void progress_print(struct weft_buf *line, const struct weft_out_progress *progress,
                           int64_t elapsed_us)
{
    char count[32], size[32];
    weft_printable_add(line, progress->what, strlen(progress->what), WEFT_PRINTABLE_CELL);
    weft_buf_adds(line, "  ");
    weft_printable_add(line, progress->stage, strlen(progress->stage), WEFT_PRINTABLE_CELL);
    if (progress->rows > 0) {
        weft_format_count(progress->rows, count, sizeof count);
        weft_buf_addf(line, "  %s rows", count);
    }
    if (progress->bytes_done > 0) {
        weft_format_size(progress->bytes_done, size, sizeof size);
        weft_buf_addf(line, "  %s", size);
    }
    if (progress->bytes_total > 0 && progress->bytes_done > 0) {
        double share = (double)progress->bytes_done / (double)progress->bytes_total;
        weft_format_size(progress->bytes_total, size, sizeof size);
        weft_buf_addf(line, " of %s  %d%%", size, (int)(100 * WEFT_MIN(share, 1.0)));
    }
    weft_buf_addf(line, "  %" PRId64 " s", elapsed_us / 1000000);
}

void weft_terminal_progress(struct weft_terminal *terminal,
                            const struct weft_out_progress *progress)
{
    int64_t now = weft_clock_mono_us();
    if (progress->stage == NULL) {
        weft_terminal_quiet(terminal);
        terminal->what[0] = '\0';
        return;
    }
    if (strncmp(terminal->what, progress->what, sizeof terminal->what - 1) != 0) {
        size_t length = WEFT_MIN(strlen(progress->what), sizeof terminal->what - 1);
        memcpy(terminal->what, progress->what, length);
        terminal->what[length] = '\0';
        terminal->started_us = now;
        terminal->told_us = terminal->err_terminal ? 0 : now;
    }
    if (now - terminal->told_us < (terminal->err_terminal ? REWRITE_US : PLAIN_US))
        return;
    terminal->told_us = now;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
    weft_buf_init(&line, TEXT_MAX);
    size_t from = 0;
    if (terminal->err_terminal) {
        weft_buf_adds(&line, ESCAPE_LINE_REMOVE);
        from = line.length;
    }
    progress_print(&line, progress, now - terminal->started_us);
    if (terminal->err_terminal)
        line_cut(&line, from, terminal->err_width);
    else
        weft_buf_addc(&line, '\n');
    if (line.failed)
        return;
    err_write(line.data, line.length);
    terminal->shown = terminal->err_terminal;
}

/* ---- questions ---- */

/* Up to the end of the line; false at the end of input. */
static int answer_read(char *answer, size_t size, bool *ended, struct weft_error *error)
{
    size_t length = 0;
    *ended = false;
    for (;;) {
        char c;
        WEFT_TRY(weft_process_wait_input(STDIN_FILENO, error));
        ssize_t got = read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        *ended = got <= 0;
        if (got <= 0 || c == '\n')
            break;
        if (length + 1 < size)
            answer[length++] = weft_lower(c);
    }
    answer[length] = '\0';
    return 0;
}

int weft_terminal_ask(struct weft_terminal *terminal, const char *question, bool *yes,
                      struct weft_error *error)
{
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1) {
        weft_error_set(error, WEFT_E_USAGE, "there is no terminal to ask: %s", question);
        return weft_error_hint(error, "--yes answers it");
    }
    told_first(terminal);
    for (int i = 0; i < ANSWERS_MAX; i++) {
        char answer[16];
        bool ended;
        err_write(question, strlen(question));
        err_write(" [y/N] ", 7);
        WEFT_TRY(answer_read(answer, sizeof answer, &ended, error));
        if (ended)
            err_write("\n", 1);
        *yes = strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0;
        bool no = answer[0] == '\0' || strcmp(answer, "n") == 0 || strcmp(answer, "no") == 0;
        if (*yes || no || ended)
            return 0;
    }
    *yes = false;
    return 0;
}

/* The echo comes back in every case, Ctrl-C too: that ends the wait and not the process. */
int weft_terminal_ask_secret(struct weft_terminal *terminal, const char *question, char *text,
                             size_t size, size_t *length, struct weft_error *error)
{
    struct termios shown, blind;
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1 ||
        tcgetattr(STDIN_FILENO, &shown) != 0)
        return weft_error_set(error, WEFT_E_USAGE, "there is no terminal to ask: %s", question);
    told_first(terminal);
    err_write(question, strlen(question));
    blind = shown;
    blind.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &blind) != 0)
        return weft_error_errno(error, WEFT_E_IO, errno, "the terminal does not stop its echo");
    int rc = 0;
    size_t used = 0;
    for (char c = 0; rc == 0 && c != '\n';) {
        rc = weft_process_wait_input(STDIN_FILENO, error);
        ssize_t got = rc == 0 ? read(STDIN_FILENO, &c, 1) : 0;
        if (rc == 0 && got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        if (c != '\n' && used < size)
            text[used++] = c;
    }
    int back = tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    err_write("\n", 1);
    if (rc == 0 && back != 0)
        rc = weft_error_errno(error, WEFT_E_IO, errno, "the terminal does not show again");
    *length = used;
    return rc;
}

/* terminal.c - progress bars, tables, durations and Ctrl-C for the tools. */
#define _POSIX_C_SOURCE 200809L
#include "terminal.h"
#include "cli.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

bool terminal_is(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

double terminal_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ------------------------------------------------------------------ Ctrl-C */

static volatile sig_atomic_t interrupted = 0;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

void terminal_catch_interrupt(void)
{
    struct sigaction action = { .sa_handler = on_interrupt };

    action.sa_flags = (int)SA_RESETHAND | SA_RESTART; /* the second time has the usual effect */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool terminal_interrupted(void)
{
    return interrupted != 0;
}

/* ------------------------------------------------------------------ progress */

static bool bar_on_screen = false;

void progress_wipe(void)
{
    if (bar_on_screen)
        fputs("\r\033[K", stderr);
    bar_on_screen = false;
}

void progress_wipe_for_output(void)
{
    if (bar_on_screen && terminal_is(stdout))
        progress_wipe();
}

progress progress_begin(const char *label, uint64_t total)
{
    progress bar = { .label = label, .total = total };

    bar.started = terminal_seconds();
    bar.visible = terminal_is(stderr);
    progress_update(&bar, 0, NULL);
    return bar;
}

static int32_t terminal_columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 80;
}

/* Cut to the terminal's width, so that the line can be wiped again; ASCII but for the note. */
static void draw(const progress *bar, uint64_t done, double now, const char *note)
{
    enum { CELLS = 24 };
    static const char full[] = "########################";
    static const char none[] = "------------------------";
    char              line[512], left[32];
    double            share  = bar->total > 0 ? fmin(1, (double)done / (double)bar->total) : 0;
    int               filled = (int)(share * CELLS);
    int32_t           width  = terminal_columns() - 1;

    if (done > 0)
        duration_text((now - bar->started) * (1 - share) / share, left);
    else
        snprintf(left, sizeof left, "...");
    snprintf(line, sizeof line, "%s [%.*s%.*s] %llu/%llu  %s left  %s", bar->label, filled, full,
             CELLS - filled, none, (unsigned long long)done, (unsigned long long)bar->total, left,
             note != NULL ? note : "");
    if (text_width(line) > width && width < (int32_t)sizeof line)
        line[width] = '\0';
    fprintf(stderr, "\r%s\033[K", line);
    (void)fflush(stderr);
    bar_on_screen = true;
}

void progress_update(progress *bar, uint64_t done, const char *note)
{
    double now;

    if (!bar->visible)
        return;
    now = terminal_seconds();
    if (bar_on_screen && now - bar->drawn < 0.1)
        return;
    bar->drawn = now;
    draw(bar, done, now, note);
}

void progress_end(progress *bar)
{
    progress_wipe();
    bar->visible = false;
}

/* ------------------------------------------------------------------ small texts */

void duration_text(double seconds, char out[32])
{
    long whole = (long)(seconds + 0.5);

    if (seconds < 9.95)
        snprintf(out, 32, "%.1f s", seconds < 0 ? 0 : seconds);
    else if (whole < 60)
        snprintf(out, 32, "%ld s", whole);
    else if (whole < 3600)
        snprintf(out, 32, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(out, 32, "%ld h %02ld min", whole / 3600, whole % 3600 / 60);
}

void bytes_text(uint64_t bytes, char out[32])
{
    static const char *const units[] = { "kB", "MB", "GB", "TB" };
    double                   value   = (double)bytes;
    size_t                   unit    = 0;

    if (bytes < 1000) {
        snprintf(out, 32, "%d B", (int)bytes);
        return;
    }
    for (value /= 1000; value >= 999.5 && unit < 3; unit++)
        value /= 1000;
    snprintf(out, 32, value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

/* One code point; a byte that begins none counts as itself. */
static uint32_t next_character(const char **text)
{
    const unsigned char *s     = (const unsigned char *)*text;
    int                  extra = s[0] >= 0xF0 ? 3 : s[0] >= 0xE0 ? 2 : s[0] >= 0xC0 ? 1 : 0;
    uint32_t             value = extra == 0 ? s[0] : s[0] & (0x3Fu >> extra);

    (*text)++;
    for (int i = 1; i <= extra && (s[i] & 0xC0) == 0x80; i++) {
        value = value << 6 | (s[i] & 0x3Fu);
        (*text)++;
    }
    return value;
}

/* Ranges after Unicode's East Asian Width (W and F) and combining marks, coarse. */
int32_t text_width(const char *text)
{
    int32_t width = 0;

    while (*text != '\0') {
        uint32_t c    = next_character(&text);
        bool     none = (c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) ||
                    (c >= 0xFE00 && c <= 0xFE0F);
        bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                    (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                    (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                    (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
        width += none ? 0 : wide ? 2 : 1;
    }
    return width;
}

/* ------------------------------------------------------------------ tables */

table table_begin(const char *align)
{
    return (table){ .align = align };
}

void table_cell(table *t, const char *format, ...)
{
    va_list arguments;
    char    text[1024];

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    if (t->count == t->capacity) {
        t->capacity = t->capacity * 2 + 16;
        t->cells    = cli_memory(t->cells, t->capacity, sizeof(char *));
    }
    t->cells[t->count++] = cli_copy(text);
}

static void print_row(const table *t, size_t first, const int32_t *widths, FILE *stream)
{
    size_t  columns = strlen(t->align);
    int32_t owed    = 0; /* spaces, printed only before more text */

    for (size_t c = 0; c < columns && first + c < t->count; c++) {
        const char *cell  = t->cells[first + c];
        int32_t     space = widths[c] - text_width(cell);
        if (t->align[c] == 'r')
            owed += space;
        if (cell[0] != '\0') {
            fprintf(stream, "%*s%s", (int)owed, "", cell);
            owed = 0;
        } else {
            owed += text_width(cell);
        }
        owed += (t->align[c] == 'r' ? 0 : space) + 2;
    }
    putc('\n', stream);
}

void table_end(table *t, FILE *stream)
{
    size_t   columns = strlen(t->align);
    int32_t *widths  = cli_memory(NULL, columns, sizeof(int32_t));
    bool     bold    = terminal_is(stream);

    memset(widths, 0, columns * sizeof(int32_t));
    for (size_t i = 0; i < t->count; i++)
        if (text_width(t->cells[i]) > widths[i % columns])
            widths[i % columns] = text_width(t->cells[i]);
    for (size_t row = 0; row < t->count; row += columns) {
        if (bold && row == 0)
            fputs("\033[1m", stream);
        print_row(t, row, widths, stream);
        if (bold && row == 0)
            fputs("\033[0m", stream);
    }
    free(widths);
    table_free(t);
}

void table_free(table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i]);
    free(t->cells);
    *t = (table){ 0 };
}

/* log.c - the log: one JSON object a line on standard error, from any thread. */
#define _POSIX_C_SOURCE 200809L
#include "observe/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int least = LOG_INFO;

void log_set_level(log_level level)
{
    atomic_store(&least, (int)level);
}

static void write_time(char text[48])
{
    struct timespec now;
    struct tm       utc;
    char            seconds[24];

    clock_gettime(CLOCK_REALTIME, &now);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &utc));
    snprintf(text, 48, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* One write(), so that lines of several threads do not mix; what cannot be written is lost. */
static void write_line(json_t *line)
{
    char  *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));
    size_t size;

    if (text == NULL)
        return;
    size       = strlen(text);
    text[size] = '\n'; /* in place of the NUL: it is written by its length */
    if (write(STDERR_FILENO, text, size + 1) < 0)
        size = 0;
    free(text);
}

void log_event(log_level level, const char *event, json_t *fields)
{
    static const char *const names[] = { "debug", "info", "warn", "error" };
    json_t                  *line;
    char                     time[48];

    if ((int)level < atomic_load(&least) || level >= LOG_OFF) {
        json_decref(fields);
        return;
    }
    write_time(time);
    line = json_pack("{s:s, s:s, s:s}", "time", time, "level", names[level], "event", event);
    if (line != NULL && fields != NULL)
        json_object_update_missing(line, fields);
    if (line != NULL)
        write_line(line);
    json_decref(line);
    json_decref(fields);
}

void log_message(log_level level, const char *event, const char *format, ...)
{
    char    text[1024];
    json_t *fields;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fields = json_pack("{s:s}", "message", text);
    if (fields == NULL) { /* a name that is not UTF-8, or a character that was cut in two */
        for (char *c = text; *c != '\0'; c++)
            *c = (char)((unsigned char)*c >= 0x80 ? '?' : *c);
        fields = json_pack("{s:s}", "message", text);
    }
    log_event(level, event, fields);
}

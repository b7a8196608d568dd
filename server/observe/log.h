/* log.h - the log: one JSON object a line on standard error, from any thread.
 *
 * Never a picture's bytes, a key, an assessment's code or an answer to a question.
 */
#ifndef SKC_SERVER_OBSERVE_LOG_H
#define SKC_SERVER_OBSERVE_LOG_H

#include <jansson.h>

typedef enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF } log_level;

/* Once, before threads. */
void log_set_level(log_level level);
/* {"time":"2026-11-23T10:00:00.123Z","level":"info","event":"request", ...fields}; `fields` is
 * taken over and may be NULL. A line is written by one write(). */
void log_event(log_level level, const char *event, json_t *fields);
/* An event with one text field "message". */
void log_message(log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

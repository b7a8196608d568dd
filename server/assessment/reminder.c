/* reminder.c - the next self-checks as a calendar file (RFC 5545). */
#define _POSIX_C_SOURCE 200809L
#include "assessment/assessment.h"
#include "assessment/lines.h"
#include "text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SECONDS_A_DAY = 86400, FOLD = 75 };

/* A content line: commas, semicolons and backslashes of the value escaped, folded at 75 bytes and
 * never inside a character. */
static void content_line(lines *text, const char *name, const char *value)
{
    size_t column = strlen(name);

    lines_add(text, "%s", name);
    for (const char *at = value; *at != '\0';) {
        size_t length = 1;
        bool   escape = strchr(",;\\", *at) != NULL;

        while (((unsigned char)at[length] & 0xc0) == 0x80)
            length++;
        if (column + length + escape > FOLD) {
            lines_add(text, "\r\n ");
            column = 1;
        }
        lines_add(text, "%s%.*s", escape ? "\\" : "", (int)length, at);
        column += length + escape;
        at += length;
    }
    lines_add(text, "\r\n");
}

static void date_of(int64_t seconds, char day[12], char moment[20])
{
    time_t    time = (time_t)seconds;
    struct tm utc;

    gmtime_r(&time, &utc);
    strftime(day, 12, "%Y%m%d", &utc);
    strftime(moment, 20, "%Y%m%dT%H%M%SZ", &utc);
}

/* RFC 7986, 5.3: nothing of the person or the machine, and never the same twice. */
static void make_uid(char uid[64])
{
    uint8_t random[16];
    char    text[2 * sizeof random + 1];

    randombytes_buf(random, sizeof random);
    sodium_bin2hex(text, sizeof text, random, sizeof random);
    snprintf(uid, 64, "%s@skincnn", text);
}

char *assessment_reminder(const assessment_verdict *v, int64_t now, const char *language)
{
    bool      english = strcmp(language, "en") == 0;
    bilingual title   = { "檢查皮膚斑點", "Check the spot on the skin" };
    bilingual what    = {
           "看看這個斑點的大小、形狀和顏色有沒有改變；有改變就看皮膚科醫師。這不是診斷。",
           "Look whether its size, shape or colour has changed; if so, see a dermatologist. "
              "This is not a diagnosis."
    };
    char  day[12], next[12], stamp[20], ignored[20], uid[64];
    lines out = { 0 };

    date_of(now + (int64_t)v->recheck * SECONDS_A_DAY, day, ignored);
    date_of(now + (int64_t)(v->recheck + 1) * SECONDS_A_DAY, next, ignored);
    date_of(now, ignored, stamp);
    make_uid(uid);
    lines_open(&out);
    lines_add(&out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//skincnn//reminder//EN\r\n"
                    "BEGIN:VEVENT\r\n");
    content_line(&out, "UID:", uid);
    lines_add(&out, "DTSTAMP:%s\r\nDTSTART;VALUE=DATE:%s\r\nDTEND;VALUE=DATE:%s\r\n", stamp, day,
              next);
    /* by days: FREQ=MONTHLY from a 31st would leave out every shorter month */
    lines_add(&out, "RRULE:FREQ=DAILY;INTERVAL=%d;COUNT=12\r\nTRANSP:TRANSPARENT\r\n",
              (int)v->recheck);
    content_line(&out, "SUMMARY:", english ? title.en : title.zh);
    content_line(&out, "DESCRIPTION:", english ? what.en : what.zh);
    lines_add(&out, "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:PT9H\r\n");
    content_line(&out, "DESCRIPTION:", english ? title.en : title.zh);
    lines_add(&out, "END:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    return lines_close(&out);
}

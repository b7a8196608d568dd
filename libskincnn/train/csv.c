/* csv.c - comma-separated tables as RFC 4180 describes them: a strict reader, and a writer. */
#include "train/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

skc_status skc__csv_fail(const skc_csv_reader *reader, skc_error *err, skc_status status,
                         const char *format, ...)
{
    char    message[sizeof err->message];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return skc__fail(err, status, "%s line %lld: %s", reader->name, (long long)reader->line,
                     message);
}

void skc__csv_start(skc_csv_reader *reader, const char *text, size_t size, const char *name)
{
    bool marked = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;

    reader->name      = name;
    reader->text      = text;
    reader->end       = text + size;
    reader->at        = marked ? text + 3 : text;
    reader->line      = 1;
    reader->next_line = 1;
    reader->count     = 0;
    reader->used      = 0;
}

static bool append(skc_csv_reader *reader, char c)
{
    if (reader->used == sizeof reader->record)
        return false;
    reader->record[reader->used++] = c;
    return true;
}

static skc_status too_long(const skc_csv_reader *reader, skc_error *err)
{
    return skc__csv_fail(reader, err, SKC_ELIMIT,
                         "a record of more than %d bytes (is a closing quote missing?)",
                         (int)SKC_CSV_RECORD_BYTES);
}

/* At a line end (LF, CR LF or the end of the text): its length, else -1. */
static int32_t line_end(const skc_csv_reader *reader)
{
    const char *at = reader->at;

    if (at == reader->end)
        return 0;
    if (*at == '\n')
        return 1;
    return *at == '\r' && at + 1 < reader->end && at[1] == '\n' ? 2 : -1;
}

static skc_status read_plain(skc_csv_reader *reader, skc_error *err)
{
    for (; line_end(reader) < 0 && *reader->at != ','; reader->at++) {
        if (*reader->at == '"')
            return skc__csv_fail(reader, err, SKC_EFORMAT,
                                 "field %d: a quote inside a field that does not begin with one",
                                 reader->count + 1);
        if (*reader->at == '\r')
            return skc__csv_fail(reader, err, SKC_EFORMAT,
                                 "field %d: a carriage return without a line feed",
                                 reader->count + 1);
        if (!append(reader, *reader->at))
            return too_long(reader, err);
    }
    return SKC_OK;
}

static skc_status read_quoted(skc_csv_reader *reader, skc_error *err)
{
    for (reader->at++; reader->at < reader->end; reader->at++) {
        if (*reader->at == '"') {
            reader->at++;
            if (line_end(reader) >= 0 || *reader->at == ',')
                return SKC_OK;
            if (*reader->at != '"')
                return skc__csv_fail(reader, err, SKC_EFORMAT,
                                     "field %d: text after the closing quote", reader->count + 1);
        }
        if (*reader->at == '\n')
            reader->next_line++;
        if (!append(reader, *reader->at))
            return too_long(reader, err);
    }
    return skc__csv_fail(reader, err, SKC_EFORMAT, "field %d: the closing quote is missing",
                         reader->count + 1);
}

static skc_status read_field(skc_csv_reader *reader, skc_error *err)
{
    bool       quoted = reader->at < reader->end && *reader->at == '"';
    skc_status status;

    if (reader->count == SKC_CSV_FIELDS)
        return skc__csv_fail(reader, err, SKC_ELIMIT, "more than %d fields", (int)SKC_CSV_FIELDS);
    reader->field[reader->count] = reader->record + reader->used;
    status                       = quoted ? read_quoted(reader, err) : read_plain(reader, err);
    if (status == SKC_OK && !append(reader, '\0'))
        status = too_long(reader, err);
    reader->count++;
    return status;
}

static skc_status check_text(const skc_csv_reader *reader, const char *begin, skc_error *err)
{
    const char *bad = skc__utf8_check(begin, reader->at);

    if (memchr(begin, '\0', (size_t)(reader->at - begin)) != NULL)
        return skc__csv_fail(reader, err, SKC_EFORMAT, "a NUL byte");
    if (bad < reader->at)
        return skc__csv_fail(reader, err, SKC_EFORMAT, "byte 0x%02x is not UTF-8",
                             (unsigned)(unsigned char)*bad);
    return SKC_OK;
}

skc_status skc__csv_next(skc_csv_reader *reader, bool *more, skc_error *err)
{
    const char *begin;
    skc_status  status = SKC_OK;

    for (; line_end(reader) > 0; reader->next_line++)
        reader->at += line_end(reader);
    begin         = reader->at;
    reader->line  = reader->next_line;
    reader->count = 0;
    reader->used  = 0;
    if (begin == reader->end) {
        *more = false;
        return SKC_OK;
    }
    for (;;) {
        status = read_field(reader, err);
        if (status != SKC_OK)
            return status;
        if (line_end(reader) >= 0)
            break;
        reader->at++; /* the comma */
    }
    status = check_text(reader, begin, err);
    if (status == SKC_OK) {
        reader->next_line += line_end(reader) > 0;
        reader->at += line_end(reader);
        *more = true;
    }
    return status;
}

/* ------------------------------------------------------------------ writing */

void skc__csv_open(skc_csv_writer *writer, const char *path, skc_error *err)
{
    writer->err    = err;
    writer->used   = 0;
    writer->status = skc__writer_open(path, &writer->file, err);
}

static void flush(skc_csv_writer *writer)
{
    if (writer->status == SKC_OK)
        writer->status =
            skc__writer_write(&writer->file, writer->buffer, writer->used, writer->err);
    writer->used = 0;
}

static void put_byte(skc_csv_writer *writer, char c)
{
    if (writer->used == sizeof writer->buffer)
        flush(writer);
    writer->buffer[writer->used++] = c;
}

static void put_field(skc_csv_writer *writer, const char *field)
{
    bool quoted = strpbrk(field, ",\"\r\n") != NULL;

    if (quoted)
        put_byte(writer, '"');
    for (; *field != '\0'; field++) {
        if (*field == '"')
            put_byte(writer, '"');
        put_byte(writer, *field);
    }
    if (quoted)
        put_byte(writer, '"');
}

void skc__csv_put(skc_csv_writer *writer, const char *const *fields, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        if (i > 0)
            put_byte(writer, ',');
        put_field(writer, fields[i]);
    }
    put_byte(writer, '\n');
}

skc_status skc__csv_commit(skc_csv_writer *writer)
{
    flush(writer);
    if (writer->status == SKC_OK)
        writer->status = skc__writer_commit(&writer->file, writer->err);
    return writer->status;
}

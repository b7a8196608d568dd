/* csv.c - splits a table into cells in one pass, in place (RFC 4180, and tabs). */
#include "csv.h"
#include "cli.h"
#include "failure.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct parser {
    char       *read, *write, *end;
    char        separator;
    const char *name;
    int32_t     line;
    csv         table;
    size_t      used, capacity; /* cells */
} parser;

static void add_cell(parser *p, char *cell)
{
    if (p->used == p->capacity) {
        p->capacity    = p->capacity == 0 ? 1024 : p->capacity * 2;
        p->table.cells = cli_memory(p->table.cells, p->capacity, sizeof *p->table.cells);
    }
    p->table.cells[p->used++] = cell;
}

static bool at_cell_end(const parser *p)
{
    return p->read >= p->end || *p->read == p->separator || *p->read == '\n' || *p->read == '\r';
}

/* From after the opening quote to after the closing one; a doubled quote stands for one. */
static bool read_quoted(parser *p)
{
    while (p->read < p->end) {
        if (*p->read == '"' && p->read[1] != '"') {
            p->read++;
            return true;
        }
        if (*p->read == '"')
            p->read++;
        if (*p->read == '\n')
            p->line++;
        *p->write++ = *p->read++;
    }
    return false;
}

static skc_status read_cell(parser *p, skc_error *err)
{
    char   *cell  = p->write;
    int32_t first = p->line;

    if (p->read < p->end && *p->read == '"') {
        p->read++;
        if (!read_quoted(p))
            return failure(err, SKC_EFORMAT, "%s: line %d: a quote is not closed", p->name,
                           (int)first);
        if (!at_cell_end(p))
            return failure(err, SKC_EFORMAT, "%s: line %d: text after a closing quote", p->name,
                           (int)p->line);
    }
    while (!at_cell_end(p))
        *p->write++ = *p->read++;
    add_cell(p, cell);
    return SKC_OK;
}

/* Ends a cell at its separator: the NUL may fall on that character, so it is looked at first. */
static bool end_cell(parser *p)
{
    char last = p->read < p->end ? *p->read++ : '\n';

    if (last == '\r' && p->read < p->end && *p->read == '\n')
        p->read++;
    *p->write++ = '\0';
    return last != p->separator;
}

static skc_status read_row(parser *p, skc_error *err)
{
    size_t     first  = p->used;
    bool       ended  = false;
    skc_status status = SKC_OK;
    int32_t    cells;

    while (!ended && status == SKC_OK) {
        status = read_cell(p, err);
        if (status == SKC_OK)
            ended = end_cell(p);
    }
    if (status != SKC_OK)
        return status;
    cells = (int32_t)(p->used - first);
    if (cells == 1 && p->table.cells[first][0] == '\0') {
        p->used = first; /* an empty line */
    } else if (p->table.rows > 0 && cells != p->table.columns) {
        return failure(err, SKC_EFORMAT, "%s: line %d: %d cells, the heading has %d", p->name,
                       (int)p->line, (int)cells, (int)p->table.columns);
    } else {
        p->table.columns = cells;
        p->table.rows++;
    }
    p->line++;
    return SKC_OK;
}

static char first_separator(const char *text)
{
    size_t line = strcspn(text, "\r\n");

    return memchr(text, '\t', line) != NULL ? '\t' : ',';
}

skc_status csv_parse(char *text, size_t size, const char *name, csv *out, skc_error *err)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    parser            p      = { .read = text, .end = text + size, .name = name, .line = 1 };
    skc_status        status = SKC_OK;

    p.table.text = text;
    if (strncmp(text, byte_order_mark, 3) == 0)
        p.read += 3;
    p.write     = p.read;
    p.separator = first_separator(p.read);
    if (memchr(text, '\0', size) != NULL)
        status = failure(err, SKC_EFORMAT, "%s: not a table: it holds a NUL byte", name);
    while (status == SKC_OK && p.read < p.end)
        status = read_row(&p, err);
    if (status == SKC_OK && p.table.rows == 0)
        status = failure(err, SKC_EFORMAT, "%s: an empty table", name);
    if (status != SKC_OK) {
        csv_free(&p.table);
        return status;
    }
    *out = p.table;
    return SKC_OK;
}

void csv_free(csv *table)
{
    free(table->text);
    free(table->cells);
    *table = (csv){ 0 };
}

int32_t csv_column(const csv *table, const char *heading)
{
    for (int32_t i = 0; i < table->columns; i++)
        if (strcasecmp(table->cells[i], heading) == 0)
            return i;
    return -1;
}

const char *csv_cell(const csv *table, int32_t row, int32_t column)
{
    if (column < 0)
        return "";
    return table->cells[(size_t)row * (size_t)table->columns + (size_t)column];
}

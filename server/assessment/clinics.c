/* clinics.c - the directory of clinics that the operator maintains as a CSV file. */
#include "assessment/clinics.h"
#include "csv.h"
#include "failure.h"
#include "files.h"
#include "json_with.h"
#include "web_files.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_FILE = 4 << 20, COLUMNS = 5 };

#define SAMPLE "clinics-sample.csv"

static const char *const headings[COLUMNS] = { "name", "county", "address", "phone", "url" };

struct clinics {
    csv     table;
    int32_t column[COLUMNS];
    bool    sample;
};

/* A copy of the sample with the NUL that the reader of tables wants. */
static skc_status copy_sample(char **text, size_t *size, skc_error *err)
{
    for (const web_file *f = web_files; f->path != NULL; f++) {
        if (strcmp(f->path, SAMPLE) != 0)
            continue;
        *size = (size_t)(f->bytes_end - f->bytes);
        *text = malloc(*size + 1);
        if (*text == NULL)
            return failure_memory(err);
        memcpy(*text, f->bytes, *size);
        (*text)[*size] = '\0';
        return SKC_OK;
    }
    return failure(err, SKC_ENOTFOUND, SAMPLE " is not in this program");
}

/* JSON takes no other texts. */
static bool is_utf8(const char *text)
{
    json_t *string = json_string(text);

    json_decref(string);
    return string != NULL;
}

/* What browsers open when it is clicked must be a page. */
static bool is_page(const char *url)
{
    return url[0] == '\0' || strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

static skc_status check_rows(const clinics *c, const char *name, skc_error *err)
{
    for (int k = 0; k < COLUMNS; k++)
        if (c->column[k] < 0)
            return failure(err, SKC_EFORMAT, "%s: it has no column '%s'", name, headings[k]);
    for (int32_t row = 1; row < c->table.rows; row++) {
        for (int k = 0; k < COLUMNS; k++)
            if (!is_utf8(csv_cell(&c->table, row, c->column[k])))
                return failure(err, SKC_EFORMAT, "%s: the %s of clinic %d is not UTF-8", name,
                               headings[k], row);
        if (csv_cell(&c->table, row, c->column[0])[0] == '\0')
            return failure(err, SKC_EFORMAT, "%s: clinic %d has no name", name, row);
        if (!is_page(csv_cell(&c->table, row, c->column[4])))
            return failure(err, SKC_EFORMAT,
                           "%s: the url of clinic %d begins with neither https:// nor http://",
                           name, row);
    }
    return SKC_OK;
}

skc_status clinics_load(const char *path, clinics **out, skc_error *err)
{
    const char *name = path == NULL ? SAMPLE : path;
    clinics    *c    = calloc(1, sizeof *c);
    char       *text;
    size_t      size;
    skc_status  status;

    if (c == NULL)
        return failure_memory(err);
    c->sample = path == NULL;
    status    = c->sample ? copy_sample(&text, &size, err)
                          : file_read(path, LONGEST_FILE, &text, &size, err);
    if (status == SKC_OK)
        status = csv_parse(text, size, name, &c->table, err);
    for (int k = 0; k < COLUMNS && status == SKC_OK; k++)
        c->column[k] = csv_column(&c->table, headings[k]);
    if (status == SKC_OK)
        status = check_rows(c, name, err);
    if (status == SKC_OK)
        *out = c;
    else
        clinics_free(c);
    return status;
}

void clinics_free(clinics *c)
{
    if (c != NULL)
        csv_free(&c->table);
    free(c);
}

static bool is_among(const json_t *list, const char *word)
{
    size_t  i;
    json_t *one;

    json_array_foreach(list, i, one) if (strcmp(json_string_value(one), word) == 0) return true;
    return false;
}

static json_t *clinic_json(const clinics *c, int32_t row)
{
    json_t *json = json_object();

    for (int k = 0; k < COLUMNS; k++)
        json = json_with(json, headings[k], json_string(csv_cell(&c->table, row, c->column[k])));
    return json;
}

json_t *clinics_json(const clinics *c, const char *county)
{
    json_t *counties = json_array(), *list = json_array();

    for (int32_t row = 1; row < c->table.rows; row++) {
        const char *place = csv_cell(&c->table, row, c->column[1]);

        if (place[0] != '\0' && !is_among(counties, place))
            counties = json_with_item(counties, json_string(place));
        if (county == NULL || strcmp(county, place) == 0)
            list = json_with_item(list, clinic_json(c, row));
    }
    return json_pack("{s:b, s:o, s:o}", "sample", (int)c->sample, "counties", counties, "clinics",
                     list);
}

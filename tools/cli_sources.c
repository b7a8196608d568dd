/* cli_sources.c - options from the environment and from a file, behind the command line. */
#include "cli_sources.h"
#include "cli_value.h"
#include "files.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_FILE = 1 << 20 };

/* A flag's text as cli_value_set wants it; NULL: none of the words. */
static const char *flag_text(const char *text)
{
    static const char *const words[] = { "yes", "true", "on", "1", "no", "false", "off", "0" };

    for (size_t i = 0; i < 8; i++)
        if (strcmp(text, words[i]) == 0)
            return i < 4 ? "yes" : "no";
    return NULL;
}

/* `first`: nothing but a default has set it so far. */
static bool set(const cli_option *o, const char *text, bool first, void *settings)
{
    if (first && (o->kind == CLI_LIST || o->kind == CLI_REPEAT))
        cli_value_release(o, settings);
    if (o->kind == CLI_FLAG && (text = flag_text(text)) == NULL) {
        cli_error("%s must be yes or no", o->name);
        return false;
    }
    return cli_value_set(o, text, settings);
}

static bool read_environment(const cli_command *c, void *settings, bool *given)
{
    char variable[96];

    for (const cli_option *o = c->options; o->name != NULL; o++) {
        const char *text;

        if (o->kind == CLI_GROUP || given[o - c->options])
            continue;
        snprintf(variable, sizeof variable, "%s%s", c->environment, o->name);
        for (char *at = variable; *at != '\0'; at++)
            *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
        if ((text = getenv(variable)) == NULL)
            continue;
        if (!set(o, text, true, settings)) {
            cli_error("... in the environment variable %s", variable);
            return false;
        }
        given[o - c->options] = true;
    }
    return true;
}

static char *trim(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    return text + strspn(text, " \t\r");
}

static const cli_option *find(const cli_command *c, const char *name)
{
    for (const cli_option *o = c->options; o->name != NULL; o++)
        if (o->kind != CLI_GROUP && strcmp(o->name, name) == 0 && strcmp(name, "config") != 0)
            return o;
    return NULL;
}

/* One line without its end; `seen`: options that an earlier line has set. */
static bool read_line(const cli_command *c, char *line, const bool *given, bool *seen,
                      void *settings)
{
    char             *name = trim(line), *equals = strchr(name, '=');
    const cli_option *o;
    ptrdiff_t         row;

    if (name[0] == '\0' || name[0] == '#')
        return true;
    if (equals == NULL) {
        cli_error("'%s' is not of the form name = value", name);
        return false;
    }
    *equals = '\0';
    o       = find(c, trim(name));
    if (o == NULL) {
        cli_error("there is no option '%s'", name);
        return false;
    }
    row = o - c->options;
    if (given[row])
        return true;
    if (seen[row] && o->kind != CLI_LIST && o->kind != CLI_REPEAT) {
        cli_error("'%s' is there twice", o->name);
        return false;
    }
    if (!set(o, trim(equals + 1), !seen[row], settings))
        return false;
    seen[row] = true;
    return true;
}

static bool read_lines(const cli_command *c, const char *path, char *text, void *settings,
                       const bool *given)
{
    size_t rows = 0;
    bool  *seen, good = true;

    while (c->options[rows].name != NULL)
        rows++;
    seen = cli_memory(NULL, rows + 1, sizeof *seen);
    memset(seen, 0, (rows + 1) * sizeof *seen);
    for (int number = 1; good && *text != '\0'; number++) {
        char *line = text, *end = text + strcspn(text, "\n");

        text = *end == '\0' ? end : end + 1;
        *end = '\0';
        good = read_line(c, line, given, seen, settings);
        if (!good)
            cli_error("... in %s, line %d", path, number);
    }
    free(seen);
    return good;
}

bool cli_read_sources(const cli_command *c, void *settings, bool *given, char **text)
{
    const cli_option *o = c->options;
    const char       *path;
    size_t            size;
    skc_error         err;

    if (!read_environment(c, settings, given))
        return false;
    while (o->name != NULL && (o->kind == CLI_GROUP || strcmp(o->name, "config") != 0))
        o++;
    path = o->name == NULL ? NULL : *(const char *const *)((const char *)settings + o->offset);
    if (path == NULL)
        return true;
    if (file_read(path, LONGEST_FILE, text, &size, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    if (strlen(*text) != size) {
        cli_error("%s: there is a NUL in it", path);
        return false;
    }
    return read_lines(c, path, *text, settings, given);
}

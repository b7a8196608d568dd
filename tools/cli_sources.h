/* cli_sources.h - options from the environment and from a file, behind the command line. */
#ifndef SKC_TOOLS_CLI_SOURCES_H
#define SKC_TOOLS_CLI_SOURCES_H
#include "cli.h"

/* Sets the options that are not yet `given`, first from variables "<prefix><NAME>" ('-' as '_', in
 * capitals), then from the file that the option "config" names, if it has a value: one "name =
 * value" a line, '#' begins a comment; flags are yes or no; a list may stand on several lines.
 * False after a message. *text holds what settings point into: release it with free after them. */
bool cli_read_sources(const cli_command *command, void *settings, bool *given, char **text);

#endif

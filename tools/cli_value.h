/* cli_value.h - setting and releasing the target of one option. */
#ifndef SKC_TOOLS_CLI_VALUE_H
#define SKC_TOOLS_CLI_VALUE_H
#include "cli.h"

/* Parses `text` into the option's target; false after a message. A flag's text is "yes" or "no". */
bool cli_value_set(const cli_option *option, const char *text, void *settings);
void cli_value_release(const cli_option *option, void *settings);

#endif

/* cli_help.h - what cli.c, cli_help.c and cli_man.c share: defaults and the texts made from a
 * table. */
#ifndef SKC_TOOLS_CLI_HELP_H
#define SKC_TOOLS_CLI_HELP_H
#include "cli.h"

#define CLI_EXIT_TEXT "0: all well; 1: some inputs failed; 2: wrong use, or nothing could be done."

/* The options that every program has; --man is hidden. */
extern const cli_option cli_common_options[];

/* What `--help` prints: of the program (with its list of commands) or of one command. */
void cli_help_program(const cli_program *program);
void cli_help_command(const cli_program *program, const cli_command *command);

/* Prints the manual page of the whole program as roff. */
void cli_man(const cli_program *program);

/* The name that messages begin with. */
void cli_set_program(const char *name);

/* "program command", as a user types it. */
void cli_full_name(const cli_program *program, const cli_command *command, char out[96]);

/* Fresh settings with the command's defaults: `init`, then the fallback texts. */
void *cli_make_defaults(const cli_command *command);
void  cli_free_settings(const cli_command *command, void *settings);

/* A default as people read it; "" when there is none to show. */
void cli_default_text(const cli_command *command, const cli_option *option, const void *settings,
                      char out[64]);
/* A flag that is on by default is shown as --[no-]name. */
bool cli_flag_is_on(const cli_option *option, const void *settings);

#endif

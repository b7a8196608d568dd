/* cli.h - one const table per program: parsing, range checks, --help, --version and man page.
 *
 * A tool is a settings struct, a table of options that write into it by offset, and a function:
 *
 *     typedef struct settings { int32_t top; bool json; const char *out; } settings;
 *
 *     static const cli_option options[] = {
 *         { "Output", .kind = CLI_GROUP },
 *         { "top", 'k', CLI_INT, offsetof(settings, top), "3", 1, 100, "K", "show K labels" },
 *         { "json", 0, CLI_FLAG, offsetof(settings, json), .help = "one JSON object a line" },
 *         { "out", 'o', CLI_TEXT, offsetof(settings, out), .metavar = "FILE", .help = "..." },
 *         { .name = NULL },
 *     };
 *     static int run(const cli_call *call) { const settings *o = call->settings; ... }
 *     static const cli_command commands[] = {
 *         { .summary = "...", .arguments = "FILE...", .max_arguments = -1, .options = options,
 *           .settings_size = sizeof(settings), .run = run },
 *         { .run = NULL },
 *     };
 *     static const cli_program program = { "skincnn-x", "one line", "paragraphs", commands };
 *     int main(int argc, char **argv) { return cli_main(&program, argc, argv); }
 *
 * A program whose first command has a name has sub-commands: `skincnn-x NAME [OPTION]... `.
 */
#ifndef SKC_TOOLS_CLI_H
#define SKC_TOOLS_CLI_H
#include "skincnn.h"

#include <jansson.h>

enum { CLI_OK = 0, CLI_SOME_FAILED = 1, CLI_FAILED = 2 }; /* exit statuses of every tool */

typedef enum cli_kind {
    CLI_FLAG,   /* bool: --name, and --no-name */
    CLI_INT,    /* int32_t */
    CLI_COUNT,  /* uint64_t; the suffixes k, M and G multiply by thousands */
    CLI_FLOAT,  /* float */
    CLI_DOUBLE, /* double */
    CLI_TEXT,   /* const char * */
    CLI_CHOICE, /* int32_t (or an enum): index into the metavar, e.g. "cosine|step" */
    CLI_LIST,   /* cli_list: comma-separated; given again, it goes on */
    CLI_REPEAT, /* cli_list: one item each time it is given */
    CLI_GROUP   /* no option: `name` is the heading of the rows that follow */
} cli_kind;

typedef struct cli_list {
    char  **items;
    int32_t count;
} cli_list;

typedef struct cli_option {
    const char *name;   /* long name without dashes; NULL ends the table */
    char        letter; /* short name or 0 */
    cli_kind    kind;
    size_t      offset;   /* of the target in the settings */
    const char *fallback; /* parsed like an argument; NULL: what the command's `init` left */
    double      min, max; /* both inclusive; equal: any value that the type holds */
    const char *metavar;  /* "N", "FILE"; the values of a choice: "a|b" */
    const char *help;     /* NULL: the option is hidden */
} cli_option;

typedef struct cli_call {
    const struct cli_program *program;
    const struct cli_command *command;
    void                     *settings;
    char *const              *arguments; /* what is not an option */
    int32_t                   count;
    const bool               *given; /* one for each row of the option table */
} cli_call;

typedef struct cli_command {
    const char        *name;                         /* NULL: the program has no sub-commands */
    const char        *summary;                      /* one line, no full stop */
    const char        *arguments;                    /* synopsis: "FILE..." */
    const char        *details;                      /* more paragraphs, or NULL */
    int32_t            min_arguments, max_arguments; /* max -1: any number */
    const cli_option  *options;
    const char *const *examples; /* pairs: command, what it does; NULL ends; NULL: none */
    size_t             settings_size;
    void (*init)(void *settings);     /* sets defaults that the library knows; NULL: zero */
    int (*run)(const cli_call *call); /* returns the exit status */
    /* "SKINCNN_": options may also stand in variables of this prefix, and in the file that the
     * table's option "config" names; NULL: on the command line only. */
    const char *environment;
} cli_command;

typedef struct cli_program {
    const char        *name, *summary; /* one line, no full stop */
    const char        *details;        /* more paragraphs, separated by empty lines, or NULL */
    const cli_command *commands;       /* ends with run == NULL */
} cli_program;

/* Parses, runs, frees, and makes sure that standard output was written: returns the exit status. */
int cli_main(const cli_program *program, int argc, char **argv);

/* Whether the option was on the command line (and not only its default). */
bool cli_given(const cli_call *call, const char *name);

/* Rows that the tools share; `settings` needs the fields int32_t threads, const char *kernels. */
/* clang-format off */
#define CLI_RUNTIME_OPTIONS(settings)                                                              \
    { "threads", 't', CLI_INT, offsetof(settings, threads), "0", 0, 256, "N",                      \
      "threads to use; 0: one for every processor" },                                              \
    { "kernels", 0, CLI_TEXT, offsetof(settings, kernels), NULL, 0, 0, "SET",                      \
      "kernel set, e.g. scalar or avx2; the best of this processor if not given" }
/* clang-format on */

/* A runtime from those fields. */
skc_runtime cli_runtime(int32_t threads, const char *kernels);

/* Prints "program: message" to standard error, above a progress bar if there is one. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a wrong use, with a pointer to --help; returns CLI_FAILED. */
int  cli_usage(const cli_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Parses "x,y,w,h" into a box; false (with a message) when it is malformed or empty. */
bool cli_parse_box(const char *option, const char *text, skc_box *box);

/* realloc of count x size bytes; ends the program with a message where there is no memory. */
void *cli_memory(void *block, size_t count, size_t size);
char *cli_copy(const char *text);
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A JSON string of any bytes: what is not UTF-8 becomes U+FFFD. */
json_t *cli_json_text(const char *text);
/* Writes one compact line to standard output and releases the object. */
void    cli_json_line(json_t *object);

/* Flushes standard output; false once something could not be written: long loops then stop. */
bool cli_output_ok(void);

#endif

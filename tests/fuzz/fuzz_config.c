/* fuzz_config.c - any bytes as the server's configuration file. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli_sources.h"
#include "cli_value.h"
#include "settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_OPTIONS = 100 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Messages would be most of the time. The sanitizers and libFuzzer keep the old stream. */
static void silence(void)
{
    static FILE *nowhere;

    if (nowhere == NULL)
        stderr = nowhere = fopen("/dev/null", "w");
    require(nowhere != NULL);
}

static void release(settings *s)
{
    for (const cli_option *o = settings_options; o->name != NULL; o++)
        cli_value_release(o, s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const cli_command command = { .options = settings_options, .environment = "SKINCNN_FUZZ_" };
    bool              given[MOST_OPTIONS] = { false };
    settings          s                   = { .listen = "127.0.0.1:0" };
    char              path[40], host[64];
    char             *text = NULL;
    uint16_t          port;
    int               file = memfd_create("config", MFD_CLOEXEC);

    silence();
    require(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    s.config = path;
    if (cli_read_sources(&command, &s, given, &text) && settings_check(&s, host, &port))
        require(strlen(host) < sizeof host && s.body_limit <= s.body_budget);
    release(&s);
    free(text);
    close(file);
    return 0;
}

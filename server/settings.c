/* settings.c - everything that can be configured: the table that parser, help and man page read. */
#include "settings.h"
#include "http/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIELD(name) offsetof(settings, name)

/* clang-format off */
const cli_option settings_options[] = {
    { "Service", .kind = CLI_GROUP },
    { "listen", 'l', CLI_TEXT, FIELD(listen), "127.0.0.1:8080", 0, 0, "ADDRESS:PORT",
      "where to listen; IPv6 as [::1]:8080; port 0: any free one" },
    { "data", 'd', CLI_TEXT, FIELD(data), NULL, 0, 0, "DIR",
      "folder of the database; made if it is not there; required" },
    { "models", 'm', CLI_TEXT, FIELD(models), NULL, 0, 0, "DIR",
      "folder with malignancy.safetensors and diagnosis.safetensors; the 8-bit ones that ship if "
      "not given" },
    { "config", 'c', CLI_TEXT, FIELD(config), NULL, 0, 0, "FILE", "read settings from this file" },
    { "check-config", 0, CLI_FLAG, FIELD(check_config), .help = "print the settings and end" },
    { "check-self", 0, CLI_FLAG, FIELD(check_self),
      .help = "start, answer one request to itself, and end" },
    { "next-port", 0, CLI_FLAG, FIELD(next_port), .help = "take the next free port if this is busy" },
    { "log", 0, CLI_CHOICE, FIELD(log_level), "info", 0, 0, "debug|info|warn|error|off",
      "least severe lines of the log, which goes to standard error" },

    { "Work", .kind = CLI_GROUP },
    { "threads", 't', CLI_INT, FIELD(threads), "0", 0, 256, "N",
      "threads that compute; 0: one for every processor" },
    { "kernels", 0, CLI_TEXT, FIELD(kernels), NULL, 0, 0, "SET",
      "kernel set, e.g. scalar or avx2; the best of this processor if not given" },
    { "event-threads", 0, CLI_INT, FIELD(event_threads), "1", 1, 64, "N",
      "threads that receive and send" },
    { "workers", 0, CLI_INT, FIELD(workers), "0", 0, 1024, "N",
      "requests in work at once; 0: four for every processor" },
    { "queue", 0, CLI_INT, FIELD(queue), "64", 1, 65536, "N",
      "requests that may wait; more are answered 503" },
    { "decoders", 0, CLI_INT, FIELD(decoders), "0", 0, 64, "N",
      "processes that decode pictures; 0: one for every processor" },
    { "batch", 0, CLI_INT, FIELD(batch), "8", 1, 64, "N",
      "pictures that go through a network together at most" },
    { "batch-wait", 0, CLI_INT, FIELD(batch_wait), "0", 0, 1000000, "MICROSECONDS",
      "how long a picture waits for others to come" },

    { "Limits", .kind = CLI_GROUP },
    { "connections", 0, CLI_INT, FIELD(connections), "4096", 8, 100000, "N", "in all" },
    { "connections-each", 0, CLI_INT, FIELD(connections_each), "512", 1, 100000, "N",
      "of one address" },
    { "idle-seconds", 0, CLI_INT, FIELD(idle_seconds), "30", 1, 3600, "N",
      "a connection may rest" },
    { "request-seconds", 0, CLI_INT, FIELD(request_seconds), "30", 1, 3600, "N",
      "a request may take to arrive, however steadily" },
    { "deadline-seconds", 0, CLI_INT, FIELD(deadline_seconds), "30", 1, 3600, "N",
      "from a request's first byte to its answer; then it is dropped" },
    { "linger-seconds", 0, CLI_INT, FIELD(linger_seconds), "0", 0, 3600, "N",
      "told to end, go on so long while /readyz says 503, for a load balancer to notice" },
    { "drain-seconds", 0, CLI_INT, FIELD(drain_seconds), "10", 0, 3600, "N",
      "then requests under way may take so long" },
    { "body-limit", 0, CLI_COUNT, FIELD(body_limit), "40M", 1000, 1e9, "BYTES", "one request" },
    { "body-budget", 0, CLI_COUNT, FIELD(body_budget), "128M", 1000, 1e12, "BYTES",
      "all requests together; more are answered 503" },
    { "picture-bytes", 0, CLI_COUNT, FIELD(picture_bytes), "25M", 100, 1e8, "BYTES",
      "one picture's file" },
    { "picture-pixels", 0, CLI_COUNT, FIELD(picture_pixels), "40M", 100, 1e8, "N",
      "one picture's width x height" },
    { "decode-milliseconds", 0, CLI_INT, FIELD(decode_milliseconds), "5000", 10, 60000, "N",
      "a picture may take; then its decoder is killed" },

    { "Callers", .kind = CLI_GROUP },
    { "anonymous", 0, CLI_FLAG, FIELD(anonymous), "yes", .help = "serve callers without a key" },
    { "anonymous-rate", 0, CLI_INT, FIELD(anonymous_rate), "60", 1, 1000000, "N",
      "requests a minute of one address" },
    { "anonymous-burst", 0, CLI_INT, FIELD(anonymous_burst), "20", 1, 1000000, "N", "at once" },
    { "anonymous-quota", 0, CLI_INT, FIELD(anonymous_quota), "1000", 0, 1000000000, "N",
      "requests a day of one address; 0: no end" },
    { "key-rate", 0, CLI_INT, FIELD(key_rate), "600", 1, 1000000, "N",
      "requests a minute of a key that has no rate of its own" },
    { "trusted-proxies", 0, CLI_LIST, FIELD(trusted_proxies), NULL, 0, 0, "ADDRESS[/BITS],...",
      "proxies whose X-Forwarded-For is believed" },
    { "origins", 0, CLI_LIST, FIELD(origins), NULL, 0, 0, "ORIGIN,...",
      "other sites whose pages may call the API, e.g. https://clinic.example, or *" },

    { "Data", .kind = CLI_GROUP },
    { "keep", 0, CLI_FLAG, FIELD(keep), "yes",
      .help = "people may have their assessments kept, encrypted, under a private code" },
    { "retention-days", 0, CLI_INT, FIELD(retention_days), "180", 1, 3650, "N",
      "then a spot is erased, counted from its last picture" },

    { "Pages", .kind = CLI_GROUP },
    { "clinics", 0, CLI_TEXT, FIELD(clinics), NULL, 0, 0, "FILE",
      "CSV of clinics: name,county,address,phone,url; a marked sample if not given" },
    { "organisation", 0, CLI_TEXT, FIELD(organisation), NULL, 0, 0, "NAME",
      "who runs this service, shown on its pages" },
    { .name = NULL },
};
/* clang-format on */

static bool is_address(const char *text)
{
    unsigned char bytes[16];

    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool bad_listen(const settings *s)
{
    cli_error("--listen is '%s'; it must be an address and a port of 0 to 65535, such as "
              "127.0.0.1:8080 or [::1]:8080",
              s->listen);
    return false;
}

static bool split_listen(const settings *s, char host[64], uint16_t *port)
{
    const char *colon  = strrchr(s->listen, ':');
    size_t      length = colon == NULL ? 0 : (size_t)(colon - s->listen);
    bool        six    = length > 2 && s->listen[0] == '[' && s->listen[length - 1] == ']';
    char       *end;
    long        number;

    if (length == 0 || length > 60 || colon[1] < '0' || colon[1] > '9')
        return bad_listen(s);
    memcpy(host, s->listen + six, length - 2 * (size_t)six);
    host[length - 2 * (size_t)six] = '\0';
    number                         = strtol(colon + 1, &end, 10);
    if (*end != '\0' || number > 65535 || !is_address(host) || six != (strchr(host, ':') != NULL))
        return bad_listen(s);
    *port = (uint16_t)number;
    return true;
}

/* As browsers send it: a scheme, a host, perhaps a port, and nothing behind them. */
static bool is_origin(const char *text)
{
    const char *colon = strstr(text, "://");

    return strcmp(text, "*") == 0 || (colon != NULL && colon > text && colon[3] != '\0' &&
                                      strpbrk(colon + 3, "/?#@ ") == NULL);
}

static bool check_lists(const settings *s)
{
    address_range range;

    for (int32_t i = 0; i < s->trusted_proxies.count; i++)
        if (!address_range_parse(s->trusted_proxies.items[i], &range)) {
            cli_error("--trusted-proxies has '%.60s'; it must be an address or a range such as "
                      "10.0.0.0/8",
                      s->trusted_proxies.items[i]);
            return false;
        }
    for (int32_t i = 0; i < s->origins.count; i++)
        if (!is_origin(s->origins.items[i])) {
            cli_error("--origins has '%.60s'; it must be * or an origin such as "
                      "https://clinic.example, without a path",
                      s->origins.items[i]);
            return false;
        }
    return true;
}

/* A pipe in its place would keep the start waiting for ever. */
static bool is_pipe(const char *path)
{
    struct stat status;

    return path != NULL && stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
}

bool settings_check(const settings *s, char host[64], uint16_t *port)
{
    if (!split_listen(s, host, port))
        return false;
    if (s->data == NULL || s->data[0] == '\0') {
        cli_error("--data is required: the folder of the database");
        return false;
    }
    if (is_pipe(s->clinics)) {
        cli_error("--clinics is '%s'; it must be a file and not a pipe", s->clinics);
        return false;
    }
    if (s->body_limit > s->body_budget) {
        cli_error("--body-limit must not be over --body-budget");
        return false;
    }
    if (s->connections_each > s->connections) {
        cli_error("--connections-each must not be over --connections");
        return false;
    }
    if (s->event_threads > s->connections) {
        cli_error("--event-threads must not be over --connections");
        return false;
    }
    return check_lists(s);
}

/* ------------------------------------------------------------------ printing */

static void print_list(const cli_option *o, const cli_list *list)
{
    for (int32_t i = 0; i < list->count; i++)
        printf("%s%s", i == 0 ? "" : ",", list->items[i]);
    if (list->count == 0)
        printf("%s", o->fallback == NULL ? "" : o->fallback);
}

static void print_value(const cli_option *o, const void *value)
{
    const char *choice = o->metavar;

    switch (o->kind) {
    case CLI_FLAG:
        printf("%s", *(const bool *)value ? "yes" : "no");
        break;
    case CLI_INT:
        printf("%d", (int)*(const int32_t *)value);
        break;
    case CLI_COUNT:
        printf("%llu", (unsigned long long)*(const uint64_t *)value);
        break;
    case CLI_TEXT:
        printf("%s", *(const char *const *)value == NULL ? "" : *(const char *const *)value);
        break;
    case CLI_CHOICE:
        for (int32_t i = *(const int32_t *)value; i > 0; i--)
            choice += strcspn(choice, "|") + 1;
        printf("%.*s", (int)strcspn(choice, "|"), choice);
        break;
    default:
        print_list(o, value);
    }
}

/* What says how to start is no part of a configuration; what has no value is left out as a remark.
 */
void settings_print(const settings *s)
{
    static const char *const left_out[] = { "config", "check-config", "check-self", NULL };

    for (const cli_option *o = settings_options; o->name != NULL; o++) {
        const void *value = (const char *)s + o->offset;
        bool        shown = true, empty;

        if (o->kind == CLI_GROUP) {
            printf("%s# %s\n", o == settings_options ? "" : "\n", o->name);
            continue;
        }
        for (const char *const *name = left_out; *name != NULL; name++)
            shown = shown && strcmp(*name, o->name) != 0;
        empty = (o->kind == CLI_TEXT && *(const char *const *)value == NULL) ||
                (o->kind == CLI_LIST && ((const cli_list *)value)->count == 0);
        if (!shown)
            continue;
        printf("%s%s = ", empty ? "# " : "", o->name);
        print_value(o, value);
        putchar('\n');
    }
}

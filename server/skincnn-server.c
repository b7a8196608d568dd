/* skincnn-server.c - the program: settings, signals, and the service between start and end. */
#define _GNU_SOURCE
#include "service.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* What --check-self asks: whether the service, over its own socket, says that it is ready. */
static bool is_ready(const char *address, uint16_t port)
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: self\r\nConnection: close\r\n\r\n";
    struct sockaddr_in  four    = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 six     = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    bool                is_six  = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
    int                 fd      = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    char                answer[16] = "";
    bool                connected;

    inet_pton(AF_INET, address, &four.sin_addr);
    connected = connect(fd, is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four,
                        is_six ? sizeof six : sizeof four) == 0;
    if (connected && write(fd, request, sizeof request - 1) == (ssize_t)sizeof request - 1)
        connected = recv(fd, answer, 12, MSG_WAITALL) == 12;
    close(fd);
    return connected && strcmp(answer, "HTTP/1.1 200") == 0;
}

/* Those that service_run() waits for; and where a file may not grow (RLIMIT_FSIZE), to write is to
 * fail as on a full disk, not to die. */
static void arrange_signals(void)
{
    sigset_t signals;

    signal(SIGXFSZ, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
}

static int serve(const settings *s, const char *address, uint16_t port)
{
    server   *running;
    skc_error err;
    bool      ready;

    if (service_start(s, address, port, &running, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return CLI_FAILED;
    }
    port = http_port(running->http);
    printf(strchr(address, ':') != NULL ? "listening on http://[%s]:%d/\n"
                                        : "listening on http://%s:%d/\n",
           address, (int)port);
    fflush(stdout);
    log_event(LOG_INFO, "started",
              json_pack("{s:s, s:s, s:i}", "version", skc_version(), "address", address, "port",
                        (int)port));
    ready = !s->check_self || is_ready(address, port);
    if (s->check_self)
        printf(ready ? "self-check: ready\n" : "self-check: not ready\n");
    else
        service_run(running);
    service_stop(running);
    log_event(LOG_INFO, "ended", NULL);
    return ready ? CLI_OK : CLI_FAILED;
}

static int run(const cli_call *call)
{
    const settings *s = call->settings;
    char            address[64];
    uint16_t        port;

    if (!settings_check(s, address, &port))
        return CLI_FAILED;
    if (s->check_config) {
        settings_print(s);
        return CLI_OK;
    }
    umask(0077); /* what is kept is for nobody else to read */
    log_set_level((log_level)s->log_level);
    arrange_signals();
    if (sodium_init() < 0) {
        cli_error("libsodium cannot be used here");
        return CLI_FAILED;
    }
    return serve(s, address, port);
}

static const char *const examples[] = {
    "skincnn-server --data /var/lib/skincnn",
    "serves pages and API on 127.0.0.1:8080",
    "skincnn-server --config /etc/skincnn/server.conf --check-config",
    "shows the settings that this file, the environment and the options give",
    "SKINCNN_LISTEN=[::1]:9000 skincnn-server --data data --no-anonymous",
    "answers callers with a key only (skincnn-admin key-add makes one)",
    NULL,
};

static const cli_command commands[] = {
    { .settings_size = sizeof(settings),
      .options       = settings_options,
      .environment   = "SKINCNN_",
      .examples      = examples,
      .details =
          "Serves the web page, the HTTP API and the Open Inference Protocol.\n\n"
          "Every option may also stand in the file that --config names, one 'name = value' a "
          "line, and in the environment, as SKINCNN_ and its name in capitals with '_' for "
          "'-': SKINCNN_REQUEST_SECONDS. The command line goes before the environment, that "
          "before the file, that before the default.\n\n"
          "SIGHUP loads the models anew without dropping a request. SIGTERM and SIGINT end "
          "the service: readiness says no, requests under way are answered, the database is "
          "closed.",
      .run = run },
    { .run = NULL },
};

static const cli_program program = { "skincnn-server",
                                     "serves the page where people check a spot, and the API", NULL,
                                     commands };

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}

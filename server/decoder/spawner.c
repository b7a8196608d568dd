/* spawner.c - the process that forks decoders, and how the server asks it to.
 *
 * A process with threads cannot fork safely: another thread may hold a lock for ever. So this one
 * is forked before there are any. It touches no picture. It ends when the server does, however that
 * happens: its socket ends, and the kernel kills it (PR_SET_PDEATHSIG). */
#define _GNU_SOURCE
#include "decoder/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"

/* Time in which a spawner that works has long answered, and a decoder that is killed has ended. */
#define ANSWER_NANOSECONDS 10000000000u
enum { END_MILLISECONDS = 2000 };

struct decoder_spawner {
    pthread_mutex_t lock; /* an order and its answer belong together */
    decoder_recipe  recipe;
    pid_t           process;
    int             socket;
    bool            broken; /* an answer did not come: the next one might be that */
};

/* The descriptors that come with the answer, where `error` is 0. */
enum { GIVEN_SOCKET, GIVEN_MEMORY, GIVEN_PROCESS };
typedef struct spawner_answer {
    int32_t error; /* errno */
} spawner_answer;

/* ------------------------------------------------------------------ in the spawner */

/* Shared memory whose size nobody can change: a smaller one would kill the server that reads it. */
static int make_memory(size_t size)
{
    int memory = memfd_create("skincnn-decoder", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (memory >= 0 && ftruncate(memory, (off_t)size) == 0 &&
        fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return memory;
    if (memory >= 0)
        close(memory);
    return -1;
}

/* 0, or errno. Children are reaped elsewhere, so that the process is there to be opened. */
static int make_decoder(const decoder_recipe *recipe, int given[MESSAGE_DESCRIPTORS])
{
    int   ends[2] = { -1, -1 }, parent = (int)getpid(), error;
    pid_t child;

    given[GIVEN_MEMORY] = make_memory(decoder_memory_size(&recipe->options));
    if (given[GIVEN_MEMORY] < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return errno;
    given[GIVEN_SOCKET] = ends[0];
    child               = fork();
    if (child == 0)
        decoder_live(recipe, ends[1], given[GIVEN_MEMORY], parent);
    error = child < 0 ? errno : 0;
    close(ends[1]);
    if (error != 0)
        return error;
    given[GIVEN_PROCESS] = pidfd_open(child, 0);
    return given[GIVEN_PROCESS] >= 0 ? 0 : errno; /* without its socket the child ends by itself */
}

static bool answer_order(const decoder_recipe *recipe, int socket)
{
    int            given[MESSAGE_DESCRIPTORS] = { -1, -1, -1 };
    spawner_answer answer                     = { make_decoder(recipe, given) };
    bool           sent;

    sent = message_send(socket, &answer, sizeof answer, given,
                        answer.error == 0 ? MESSAGE_DESCRIPTORS : 0);
    for (int i = 0; i < MESSAGE_DESCRIPTORS; i++)
        if (given[i] >= 0)
            close(given[i]);
    return sent;
}

static bool has_children(void)
{
    pid_t ended;

    do
        ended = waitpid(-1, NULL, WNOHANG);
    while (ended > 0);
    return ended == 0;
}

/* SIGCHLD is let through while waiting only. */
static void take_orders(const decoder_recipe *recipe, int socket)
{
    struct pollfd ready = { .fd = socket, .events = POLLIN };
    sigset_t      none;
    char          order;

    sigemptyset(&none);
    for (;;) {
        (void)has_children();
        if (ppoll(&ready, 1, NULL, &none) < 0) {
            if (errno != EINTR)
                return;
            continue;
        }
        if (recv(socket, &order, sizeof order, MSG_DONTWAIT) != 1 || !answer_order(recipe, socket))
            return;
    }
}

/* Decoders end when the server closes their sockets; those that do not are killed by the kernel
 * when this process has ended. */
static void await_children(const sigset_t *child_signal)
{
    const struct timespec tenth = { 0, 100000000 };

    for (int i = 0; i < 10 && has_children(); i++)
        (void)sigtimedwait(child_signal, NULL, &tenth);
}

static void note_child(int signal)
{
    (void)signal;
}

/* A terminal's Ctrl-C and a manager's SIGTERM go to all processes; the server decides when its
 * decoders end. */
static void arrange_signals(sigset_t *child_signal)
{
    static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2 };
    struct sigaction ignore    = { .sa_handler = SIG_IGN };
    struct sigaction noted     = { .sa_handler = note_child };

    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        sigaction(ignored[i], &ignore, NULL);
    sigaction(SIGCHLD, &noted, NULL);
    sigemptyset(child_signal);
    sigaddset(child_signal, SIGCHLD);
    sigprocmask(SIG_SETMASK, child_signal, NULL);
}

/* Keeps `socket`, as the descriptor after the standard ones, which go nowhere. A sanitizer keeps
 * its standard error. Returns the socket, or -1. */
static int arrange_descriptors(int socket)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int last = DECODER_SANITIZED ? STDOUT_FILENO : STDERR_FILENO;

    /* Out of the way first: a process may have been started without standard descriptors. */
    socket = fcntl(socket, F_DUPFD_CLOEXEC, STDERR_FILENO + 2);
    if (null < 0 || socket < 0)
        return -1;
    for (int i = 0; i <= last; i++)
        if (dup2(null, i) != i)
            return -1;
    socket = dup3(socket, STDERR_FILENO + 1, O_CLOEXEC);
    closefrom(STDERR_FILENO + 2);
    return socket;
}

static _Noreturn void be_spawner(const decoder_recipe *recipe, int socket, pid_t server)
{
    sigset_t child_signal;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != server)
        _exit(1);
    prctl(PR_SET_NAME, "skincnn-spawner", 0, 0, 0);
    arrange_signals(&child_signal);
    socket = arrange_descriptors(socket);
    if (socket < 0)
        _exit(1);
    take_orders(recipe, socket);
    await_children(&child_signal);
    _exit(0);
}

/* ------------------------------------------------------------------ starting and stopping */

static skc_status check_options(const decoder_options *o, skc_error *err)
{
    const uint64_t most = UINT64_C(1) << 40;

    if (o->count < 1 || o->count > 64)
        return failure(err, SKC_EINVAL, "%d decoders; allowed are 1..64", o->count);
    if (o->milliseconds < 1 || o->milliseconds > 3600000)
        return failure(err, SKC_EINVAL, "%d ms for a picture; allowed are 1..3600000",
                       o->milliseconds);
    if (o->memory < (1u << 20) || o->memory > most)
        return failure(err, SKC_EINVAL, "%llu bytes for a decoder; allowed are 2^20..2^40",
                       (unsigned long long)o->memory);
    if (o->side < 1 || o->side > 16384)
        return failure(err, SKC_EINVAL, "pictures of %d pixels a side; allowed are 1..16384",
                       o->side);
    if (o->limits.max_bytes < 1 || o->limits.max_bytes > (1u << 30) || o->limits.max_pixels < 1)
        return failure(err, SKC_EINVAL, "pictures of %llu bytes; allowed are 1..2^30",
                       (unsigned long long)o->limits.max_bytes);
    return SKC_OK;
}

/* The library's choice of kernels tells OpenBLAS to use one thread; told that after a fork,
 * OpenBLAS would start its threads anew. So it is told here. */
static skc_status settle_library(skc_error *err)
{
    skc_image *image;
    skc_status status = skc_image_create(1, 1, NULL, NULL, &image, err);

    if (status == SKC_OK)
        skc_image_free(image);
    return status;
}

static skc_status fork_spawner(decoder_spawner *spawner, skc_error *err)
{
    pid_t server = getpid();
    int   ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return failure(err, SKC_EIO, "socketpair: %s", strerror(errno));
    spawner->process = fork();
    if (spawner->process == 0)
        be_spawner(&spawner->recipe, ends[1], server);
    close(ends[1]);
    spawner->socket = ends[0];
    if (spawner->process > 0)
        return SKC_OK;
    close(ends[0]);
    return failure(err, SKC_EIO, "fork: %s", strerror(errno));
}

skc_status decoder_spawner_start_with(const decoder_options *options, decoder_work *work,
                                      decoder_spawner **out, skc_error *err)
{
    skc_status       status = check_options(options, err);
    decoder_spawner *spawner;

    if (status == SKC_OK)
        status = settle_library(err);
    if (status != SKC_OK)
        return status;
    spawner = calloc(1, sizeof *spawner);
    if (spawner == NULL)
        return failure_memory(err);
    spawner->recipe = (decoder_recipe){ *options, work };
    status          = fork_spawner(spawner, err);
    if (status != SKC_OK) {
        free(spawner);
        return status;
    }
    pthread_mutex_init(&spawner->lock, NULL);
    *out = spawner;
    return SKC_OK;
}

skc_status decoder_spawner_start(const decoder_options *options, decoder_spawner **out,
                                 skc_error *err)
{
    return decoder_spawner_start_with(options, decoder_decode, out, err);
}

void decoder_spawner_stop(decoder_spawner *spawner)
{
    if (spawner == NULL)
        return;
    close(spawner->socket);
    while (waitpid(spawner->process, NULL, 0) < 0 && errno == EINTR)
        continue;
    pthread_mutex_destroy(&spawner->lock);
    free(spawner);
}

const decoder_options *decoder_spawner_options(const decoder_spawner *spawner)
{
    return &spawner->recipe.options;
}

int decoder_spawner_process(const decoder_spawner *spawner)
{
    return spawner->process;
}

bool decoder_spawner_lives(decoder_spawner *spawner)
{
    struct pollfd ended = { .fd = spawner->socket };
    bool          lives;

    pthread_mutex_lock(&spawner->lock);
    lives = !spawner->broken && poll(&ended, 1, 0) == 0;
    pthread_mutex_unlock(&spawner->lock);
    return lives;
}

/* ------------------------------------------------------------------ a decoder of one's own */

static skc_status order_decoder(decoder_spawner *spawner, int given[MESSAGE_DESCRIPTORS],
                                skc_error *err)
{
    spawner_answer answer  = { 0 };
    bool           arrived = false;

    pthread_mutex_lock(&spawner->lock);
    if (!spawner->broken && message_send(spawner->socket, "", 1, NULL, 0))
        arrived = message_receive(spawner->socket, decoder_now() + ANSWER_NANOSECONDS, &answer,
                                  sizeof answer, given) == MESSAGE_ARRIVED;
    spawner->broken = !arrived;
    pthread_mutex_unlock(&spawner->lock);
    if (!arrived)
        return failure(err, SKC_EIO,
                       "the process that starts decoders has ended; the server must "
                       "be started again");
    if (answer.error != 0)
        return failure(err, SKC_EIO, "a decoder cannot be started: %s", strerror(answer.error));
    return SKC_OK;
}

static skc_status map_memory(decoder_handle *handle, int memory, skc_error *err)
{
    void *shared = mmap(NULL, handle->size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

    close(memory);
    if (shared == MAP_FAILED)
        return failure(err, SKC_EIO, "%zu bytes of shared memory: %s", handle->size,
                       strerror(errno));
    handle->memory = shared;
    return SKC_OK;
}

static skc_status await_sandbox(const decoder_handle *handle, skc_error *err)
{
    decoder_reply   reply;
    message_outcome outcome = message_receive(handle->socket, decoder_now() + ANSWER_NANOSECONDS,
                                              &reply, sizeof reply, NULL);

    if (outcome != MESSAGE_ARRIVED)
        return failure(err, SKC_EIO, "a fresh decoder %s",
                       outcome == MESSAGE_LATE ? "does not answer" : "ended at once");
    reply.message[sizeof reply.message - 1] = '\0';
    if (reply.status != SKC_OK)
        return failure(err, SKC_EIO, "a decoder has no sandbox: %s", reply.message);
    return SKC_OK;
}

skc_status decoder_spawn(decoder_spawner *spawner, decoder_handle *out, skc_error *err)
{
    int            given[MESSAGE_DESCRIPTORS];
    decoder_handle handle = { .size = decoder_memory_size(&spawner->recipe.options) };
    skc_status     status = order_decoder(spawner, given, err);

    if (status != SKC_OK)
        return status;
    handle.socket  = given[GIVEN_SOCKET];
    handle.process = given[GIVEN_PROCESS];
    status         = map_memory(&handle, given[GIVEN_MEMORY], err);
    if (status == SKC_OK)
        status = await_sandbox(&handle, err);
    if (status == SKC_OK)
        *out = handle;
    else
        decoder_end(&handle);
    return status;
}

void decoder_end(decoder_handle *handle)
{
    struct pollfd ended = { .fd = handle->process, .events = POLLIN };

    pidfd_send_signal(handle->process, SIGKILL, NULL, 0);
    close(handle->socket);
    while (poll(&ended, 1, END_MILLISECONDS) < 0 && errno == EINTR)
        continue;
    close(handle->process);
    if (handle->memory != NULL)
        munmap(handle->memory, handle->size);
    *handle = (decoder_handle){ .socket = -1, .process = -1 };
}

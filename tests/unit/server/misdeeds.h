/* misdeeds.h - what a decoder that a picture has taken over may try, for tests to put in its place.
 * Files that include it define _GNU_SOURCE first. */
#ifndef SKC_TESTS_MISDEEDS_H
#define SKC_TESTS_MISDEEDS_H

#include "decoding.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* ------------------------------------------------------------------ misdeeds, in the decoder */

/* A picture "EVIL" and a number does the misdeed of that number. */
typedef struct misdeed {
    const char *name;
    void (*commit)(unsigned char *memory, const decoder_job *job, decoder_reply *reply);
} misdeed;

#define MISDEED(name)                                                                              \
    static void name(unsigned char *memory, const decoder_job *job, decoder_reply *reply)
#define ARGUMENTS_UNUSED (void)memory, (void)job, (void)reply

MISDEED(crash)
{
    volatile char *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ARGUMENTS_UNUSED;
    *nothing = 1;
}

MISDEED(give_up)
{
    ARGUMENTS_UNUSED;
    abort();
}

MISDEED(leave)
{
    ARGUMENTS_UNUSED;
    _exit(0);
}

MISDEED(loop)
{
    ARGUMENTS_UNUSED;
    for (volatile bool on = true; on;)
        continue;
}

MISDEED(eat_stack)
{
    volatile char room[1 << 16];

    room[0] = 1;
    if (room[0] == 1)
        eat_stack(memory, job, reply);
    room[1] = room[0];
}

/* Says that it may be done where it was not stopped. */
#define CALL(name, call)                                                                           \
    MISDEED(name)                                                                                  \
    {                                                                                              \
        (void)memory, (void)job;                                                                   \
        (void)!(call);                                                                             \
        reply->status = SKC_EUNSUPPORTED;                                                          \
    }

static char *const no_arguments[] = { NULL };

CALL(open_file, syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY))
CALL(make_socket, syscall(SYS_socket, AF_INET, SOCK_STREAM, 0))
CALL(clone_itself, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))
CALL(run_program, syscall(SYS_execve, "/bin/true", no_arguments, no_arguments))
CALL(kill_parent, syscall(SYS_kill, getppid(), SIGKILL))
CALL(trace_parent, syscall(SYS_ptrace, PTRACE_ATTACH, 1, 0, 0))
CALL(duplicate, syscall(SYS_dup, DECODER_SOCKET))
CALL(read_other, syscall(SYS_recvfrom, 0, memory, 1, 0, 0, 0))
CALL(send_other, syscall(SYS_sendto, 1, memory, 1, 0, 0, 0))
CALL(send_descriptor, syscall(SYS_sendmsg, DECODER_SOCKET, memory, 0))
CALL(run_memory,
     syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
CALL(make_limits, syscall(SYS_prlimit64, 0, 0, 0, 0))
CALL(undo, syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0))
CALL(trace_memory, syscall(SYS_process_vm_readv, getppid(), 0, 0, 0, 0, 0))
#if !DECODER_SANITIZED
MISDEED(eat_memory)
{
    ARGUMENTS_UNUSED;
    for (;;) {
        char *block = malloc(1 << 20);

        if (block == NULL)
            abort();
        memset(block, 1, 1 << 20);
    }
}

CALL(print, syscall(SYS_write, 1, "!", 1))
CALL(allow_to_run, syscall(SYS_mprotect, memory, 4096, PROT_READ | PROT_EXEC))
#endif

/* A reply that is right, but for what is done to it. */
static void good_reply(decoder_reply *reply)
{
    *reply = (decoder_reply){ .width = 10, .height = 10, .crop = { 0, 0, 10, 10 } };
}

#define REPLY(name, change)                                                                        \
    MISDEED(name)                                                                                  \
    {                                                                                              \
        (void)memory, (void)job;                                                                   \
        good_reply(reply);                                                                         \
        change;                                                                                    \
    }

REPLY(huge, reply->width = reply->crop.width = INT32_MAX)
REPLY(negative, reply->height = reply->crop.height = -10)
REPLY(empty, reply->width = reply->crop.width = 0)
REPLY(too_many, reply->width = reply->crop.width = reply->height = reply->crop.height = 60000)
REPLY(crop_outside, reply->crop.x = 1)
REPLY(crop_overflows, reply->crop.x = INT32_MAX)
REPLY(crop_unasked, reply->crop.width = 5)
REPLY(found_unasked, reply->found = 1)
REPLY(status_high, reply->status = 99)
REPLY(status_negative, reply->status = INT32_MIN)
REPLY(status_memory, reply->status = SKC_ENOMEM)
REPLY(status_blame, reply->status = SKC_EINVAL)

MISDEED(short_reply)
{
    ARGUMENTS_UNUSED;
    send(DECODER_SOCKET, "abc", 3, MSG_NOSIGNAL);
}

MISDEED(long_reply)
{
    (void)job;
    send(DECODER_SOCKET, memory, sizeof *reply + 1, MSG_NOSIGNAL);
}

MISDEED(empty_reply)
{
    ARGUMENTS_UNUSED;
    send(DECODER_SOCKET, "", 0, MSG_NOSIGNAL);
}

static const misdeed misdeeds[] = {
#define M(name)                                                                                    \
    {                                                                                              \
#name, name                                                                                \
    }
    M(crash),           M(give_up),       M(leave),           M(loop),
    M(eat_stack),       M(open_file),     M(make_socket),     M(clone_itself),
    M(run_program),     M(kill_parent),   M(trace_parent),    M(duplicate),
    M(read_other),      M(send_other),    M(send_descriptor), M(run_memory),
    M(make_limits),     M(undo),          M(trace_memory),    M(huge),
    M(negative),        M(empty),         M(too_many),        M(crop_outside),
    M(crop_overflows),  M(crop_unasked),  M(found_unasked),   M(status_high),
    M(status_negative), M(status_memory), M(status_blame),    M(short_reply),
    M(long_reply),      M(empty_reply),
#if !DECODER_SANITIZED
    M(print),           M(allow_to_run),  M(eat_memory),
#endif
};
enum { MISDEEDS = sizeof misdeeds / sizeof misdeeds[0] };

/* ------------------------------------------------------------------ misdeeds of their own tests */

static void send_reply(decoder_reply *reply, uint64_t number)
{
    good_reply(reply);
    reply->number = number;
    send(DECODER_SOCKET, reply, sizeof *reply, MSG_NOSIGNAL);
}

/* Sends its reply twice, and the second one arrives when nobody waits for it. */
MISDEED(reply_twice)
{
    (void)memory;
    send_reply(reply, job->number);
}

/* The second one arrives when the next job has been handed over. */
MISDEED(reply_late)
{
    decoder_job next;

    (void)memory;
    send_reply(reply, job->number);
    (void)!recv(DECODER_SOCKET, &next, sizeof next, MSG_PEEK);
}

/* Answers another job, at once. */
MISDEED(reply_astray)
{
    (void)memory;
    send_reply(reply, ~job->number);
}

MISDEED(tell_number)
{
    (void)memory;
    reply->status = SKC_EFORMAT;
    snprintf(reply->message, sizeof reply->message, "%llx", (unsigned long long)job->number);
}

/* A refusal whose message does not end and is full of control characters. */
MISDEED(shout)
{
    static const char start[] = "\x1b[31m\n\xff\xc3";

    (void)memory, (void)job;
    reply->status = SKC_EFORMAT;
    memset(reply->message, 'A', sizeof reply->message);
    memcpy(reply->message, start, sizeof start - 1);
}

enum { REPLY_TWICE = 200, REPLY_LATE, REPLY_ASTRAY, TELL_NUMBER, SHOUT };
static const misdeed with_own_tests[] = { M(reply_twice), M(reply_late), M(reply_astray),
                                          M(tell_number), M(shout) };

static void work_or_misbehave(const decoder_options *options, unsigned char *memory,
                              const decoder_job *job, decoder_reply *reply)
{
    if (job->size < 5 || memcmp(memory, "EVIL", 4) != 0)
        decoder_decode(options, memory, job, reply);
    else if (memory[4] < MISDEEDS)
        misdeeds[memory[4]].commit(memory, job, reply);
    else
        with_own_tests[memory[4] - REPLY_TWICE].commit(memory, job, reply);
}

#endif

/* sandbox.c - takes from a process what decoding a picture does not need.
 *
 * The filter lists what glibc's malloc and the two messages need, nothing else: no files, sockets,
 * processes, signals, clocks, and no memory that can be executed. Any other call kills. */
#define _GNU_SOURCE
#include "decoder/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "failure.h"

static const int plain_calls[] = {
    SCMP_SYS(munmap),      SCMP_SYS(mremap),        SCMP_SYS(brk),
    SCMP_SYS(madvise),     SCMP_SYS(exit_group),
#if DECODER_SANITIZED /* what the sanitizers' allocators and reports call */
    SCMP_SYS(write),       SCMP_SYS(futex),         SCMP_SYS(getpid),
    SCMP_SYS(gettid),      SCMP_SYS(sched_yield),   SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack), SCMP_SYS(clock_gettime), SCMP_SYS(mprotect),
#endif
};

/* One and the same descriptor, and no memory that can be executed. */
static int allow_calls_with_arguments(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp own_socket = SCMP_A0(SCMP_CMP_EQ, DECODER_SOCKET, 0);
    const struct scmp_arg_cmp data_only  = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    int                       error      = 0;

    error |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 1, &own_socket);
    error |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, &own_socket);
    error |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &data_only);
    return error;
}

static skc_status filter_calls(skc_error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int             error;

    if (filter == NULL)
        return failure_memory(err);
    error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; i < sizeof plain_calls / sizeof plain_calls[0] && error == 0; i++)
        error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, plain_calls[i], 0, NULL);
    if (error == 0)
        error = allow_calls_with_arguments(filter);
    if (error == 0)
        error = seccomp_load(filter);
    seccomp_release(filter);
    return error == 0 ? SKC_OK
                      : failure(err, SKC_EUNSUPPORTED, "the filter of system calls: %s",
                                strerror(error < 0 ? -error : error));
}

/* Bytes of address space in use. */
static uint64_t mapped_now(void)
{
    char    text[32];
    int     file  = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t count = file >= 0 ? read(file, text, sizeof text - 1) : -1;

    if (file >= 0)
        close(file);
    if (count <= 0)
        return 0;
    text[count] = '\0';
    return strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Never more than there was. */
static bool limit(__rlimit_resource_t resource, uint64_t most)
{
    struct rlimit now;

    if (getrlimit(resource, &now) != 0)
        return false;
    now.rlim_max = now.rlim_max < most ? now.rlim_max : (rlim_t)most;
    now.rlim_cur = now.rlim_max;
    return setrlimit(resource, &now) == 0;
}

static skc_status limit_resources(uint64_t memory, uint64_t seconds, skc_error *err)
{
    uint64_t mapped = mapped_now();

    if (mapped == 0)
        return failure(err, SKC_EIO, "/proc/self/statm cannot be read");
    if (!DECODER_SANITIZED && !limit(RLIMIT_AS, mapped + memory))
        return failure(err, SKC_EIO, "the limit of memory: %s", strerror(errno));
    if (!limit(RLIMIT_CPU, seconds) || !limit(RLIMIT_NOFILE, 0) || !limit(RLIMIT_FSIZE, 0) ||
        !limit(RLIMIT_NPROC, 0) || !limit(RLIMIT_CORE, 0))
        return failure(err, SKC_EIO, "resource limits: %s", strerror(errno));
    return SKC_OK;
}

skc_status decoder_sandbox(uint64_t memory, uint64_t seconds, skc_error *err)
{
    skc_status status = limit_resources(memory, seconds, err);

    if (status != SKC_OK)
        return status;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failure(err, SKC_EIO, "prctl: %s", strerror(errno));
    return filter_calls(err);
}

/* protocol.c - a side of the bench: waits for a line, does its rounds, answers with a line. */
#define _GNU_SOURCE
#include "protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double bench_repeat(void (*call)(void *state), void *state, double enough)
{
    double begin = bench_now(), took;
    int    calls = 0;

    do {
        call(state);
        calls++;
        took = bench_now() - begin;
    } while (took < enough);
    return took / calls;
}

/* VmHWM belongs to this program alone; getrusage would count what stood here before exec. */
static long peak_kilobytes(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char  line[256];
    long  peak = -1;

    while (file != NULL && peak < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtol(line + 6, NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    return peak;
}

static void run_rounds(const bench_task *task, long rounds, double *seconds)
{
    for (long r = 0; r < rounds; r++) {
        task->round(task->state, seconds);
        for (int i = 0; i < task->items; i++)
            printf("%.9g ", seconds[i]);
    }
    puts("");
}

int bench_serve(const bench_task *task, const char *about)
{
    double *seconds = calloc((size_t)task->items, sizeof *seconds);
    char    line[64];

    if (seconds == NULL)
        return 1;
    printf("ready %s\n", about);
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "run ", 4) == 0)
            run_rounds(task, strtol(line + 4, NULL, 10), seconds);
        else if (strcmp(line, "peak\n") == 0)
            printf("%ld\n", peak_kilobytes());
        else
            break;
        (void)fflush(stdout);
    }
    free(seconds);
    return 0;
}

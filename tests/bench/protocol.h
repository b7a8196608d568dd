/* protocol.h - how the driver talks to a side of the bench: lines over pipes.
 *
 * A side says "ready {...}" once all is set up. Then for each line "run N" it does N rounds and
 * answers one line: the seconds of each round's items, all in a row. "peak" is answered by the
 * largest resident size so far in kB. Between lines a side sleeps in read().
 */
#ifndef SKC_BENCH_PROTOCOL_H
#define SKC_BENCH_PROTOCOL_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_task {
    void *state;
    int   items; /* measured one by one in a round */
    void (*round)(void *state, double *seconds /* (items) */);
} bench_task;

/* Seconds of a clock that only goes forward. */
double bench_now(void);

/* Seconds of one call, from enough of them to last about `enough` seconds. */
double bench_repeat(void (*call)(void *state), void *state, double enough);

/* Serves until the input ends; `about` is a JSON object. The return value is main's. */
int bench_serve(const bench_task *task, const char *about);

#ifdef __cplusplus
}
#endif
#endif

/* test_decoder_abuse.c - decoders that a picture has taken over: what they can do, and what is left
 * of it when the next picture comes. */
#define _GNU_SOURCE
#include "misdeeds.h"

#include <errno.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/wait.h>

/* ------------------------------------------------------------------ and the service goes on */

static service shared;
static bytes   good;

static decoder_options quick_options(void)
{
    decoder_options o = usual_options();

    o.milliseconds = 2000;
    o.memory       = 32u << 20; /* soon eaten */
    return o;
}

static skc_status run_evil(const service *s, size_t number, decoder_result *result, skc_error *err)
{
    const uint8_t   evil[5] = { 'E', 'V', 'I', 'L', (uint8_t)number };
    decoder_request request = request_of(evil, sizeof evil);

    return decoders_run(s->pool, &request, in_seconds(60), result, err);
}

static void assert_good_picture(const service *s)
{
    decoder_request request = request_of(good.data, good.size);
    decoder_result  result;
    skc_error       err = { 0 };

    if (decoders_run(s->pool, &request, in_seconds(60), &result, &err) != SKC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(result.width, 60);
    assert_int_equal(skc_image_height(result.image), 40);
    skc_image_free(result.image);
}

static void assert_figures(decoder_figures before, uint64_t pictures, uint64_t refused,
                           uint64_t died, uint64_t overdue)
{
    decoder_figures now = decoders_figures(shared.pool);

    assert_int_equal(now.pictures - before.pictures, pictures);
    assert_int_equal(now.refused - before.refused, refused);
    assert_int_equal(now.died - before.died, died);
    assert_int_equal(now.overdue - before.overdue, overdue);
    assert_int_equal(now.ready, 2);
    assert_int_equal(now.busy, 0);
}

static void test_misdeeds(void **state)
{
    (void)state;
    for (size_t i = 0; i < MISDEEDS; i++) {
        decoder_figures before  = decoders_figures(shared.pool);
        decoder_result  result  = { .width = -7 };
        skc_error       err     = { 0 };
        bool            overdue = strcmp(misdeeds[i].name, "loop") == 0;
        skc_status      status  = run_evil(&shared, i, &result, &err);

        if (status != SKC_EFORMAT || result.width != -7 ||
            strncmp(err.message, "images[3]: this picture cannot be decoded", 41) != 0)
            fail_msg("%s: %d, %s", misdeeds[i].name, status, err.message);
        assert_good_picture(&shared);
        assert_figures(before, 2, 1, !overdue, overdue);
        assert_children(decoder_spawner_process(shared.spawner), 2);
    }
}

/* ------------------------------------------------------------------ what is left behind */

/* A picture that gets its answer, and leaves its decoder in its author's hands. */
static void leave_behind(size_t number)
{
    decoder_result result;

    assert_int_equal(run_evil(&shared, number, &result, NULL), SKC_OK);
    assert_int_equal(skc_image_width(result.image), 10);
    skc_image_free(result.image);
}

/* Decoders sleep only when they wait for a job: by then, all that they had to say has arrived. */
static void await_sleep(void)
{
    int children[64], asleep = 0, parent;

    for (int i = 0; i < 1000 && asleep != 2; i++, doze()) {
        asleep = 0;
        for (int n = count_children(decoder_spawner_process(shared.spawner), children); n > 0; n--)
            asleep += process_state(children[n - 1], &parent) == 'S';
    }
    assert_int_equal(asleep, 2);
}

/* What a decoder says when it was not asked is not taken for the next picture's answer: it is there
 * before that picture is handed over ... */
static void test_second_reply(void **state)
{
    decoder_figures before = decoders_figures(shared.pool);

    (void)state;
    leave_behind(REPLY_TWICE);
    await_sleep();
    assert_good_picture(&shared);
    assert_good_picture(&shared);
    assert_figures(before, 3, 0, 1, 0);
}

/* ... or comes afterwards. */
static void test_late_reply(void **state)
{
    decoder_figures before = decoders_figures(shared.pool);

    (void)state;
    leave_behind(REPLY_LATE);
    assert_good_picture(&shared);
    assert_good_picture(&shared);
    assert_figures(before, 3, 0, 1, 0);
    assert_children(decoder_spawner_process(shared.spawner), 2);
}

/* A picture is handed over once more, not again and again. */
static void test_always_astray(void **state)
{
    decoder_figures before = decoders_figures(shared.pool);
    skc_error       err    = { 0 };

    (void)state;
    assert_int_equal(run_evil(&shared, REPLY_ASTRAY, NULL, &err), SKC_EFORMAT);
    assert_string_equal(err.message, "images[3]: this picture cannot be decoded");
    assert_figures(before, 1, 1, 2, 0);
    assert_good_picture(&shared);
    assert_figures(before, 2, 1, 2, 0);
    assert_children(decoder_spawner_process(shared.spawner), 2);
}

/* What comes of a picture that is handed over once more is the fresh decoder's doing. */
static void test_late_reply_before_evil(void **state)
{
    decoder_figures before = decoders_figures(shared.pool);
    skc_error       err    = { 0 };

    (void)state;
    leave_behind(REPLY_LATE);
    assert_int_equal(run_evil(&shared, SHOUT, NULL, NULL), SKC_EFORMAT);
    assert_figures(before, 2, 1, 1, 0);
    leave_behind(REPLY_LATE);
    assert_int_equal(run_evil(&shared, 0, NULL, &err), SKC_EFORMAT);
    assert_string_equal(err.message, "images[3]: this picture cannot be decoded");
    assert_figures(before, 4, 2, 3, 0);
}

/* Both decoders together have no more time than the request: here, half of what one may take. */
static void test_late_reply_deadline(void **state)
{
    uint8_t         evil[5] = "EVIL";
    decoder_request request = request_of(evil, sizeof evil);
    decoder_figures before  = decoders_figures(shared.pool);
    skc_error       err     = { 0 };

    (void)state;
    while (strcmp(misdeeds[evil[4]].name, "loop") != 0)
        evil[4]++;
    leave_behind(REPLY_LATE);
    assert_int_equal(decoders_run(shared.pool, &request, in_seconds(1), NULL, &err), SKC_EIO);
    assert_string_equal(err.message, "images[3]: there was no time left to decode it");
    assert_good_picture(&shared);
    assert_int_equal(decoders_figures(shared.pool).died, before.died + 1);
}

static void test_numbers_differ(void **state)
{
    uint64_t numbers[8], either = 0;

    (void)state;
    for (int i = 0; i < 8; i++) {
        skc_error err = { 0 };

        assert_int_equal(run_evil(&shared, TELL_NUMBER, NULL, &err), SKC_EFORMAT);
        numbers[i] = strtoull(err.message, NULL, 16);
        either |= numbers[i];
        for (int n = 0; n < i; n++)
            assert_int_not_equal(numbers[i], numbers[n]);
    }
    assert_in_range(either >> 56, 1, 255);
    assert_in_range(either & 255, 1, 255);
}

/* What is wrong in a process whose system gives no random numbers; NULL if nothing is. */
static const char *run_without_random(void)
{
    scmp_filter_ctx filter  = seccomp_init(SCMP_ACT_ALLOW);
    service         s       = start(quick_options(), decoder_decode);
    decoder_request request = request_of(good.data, good.size);
    skc_error       err     = { 0 };
    decoder_result  result;
    decoder_figures figures;

    if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(getrandom), 0) != 0 ||
        seccomp_load(filter) != 0)
        return "no filter";
    if (decoders_run(s.pool, &request, in_seconds(60), &result, &err) != SKC_EIO ||
        strstr(err.message, "images[3]: no random number") != err.message)
        return "another answer";
    figures = decoders_figures(s.pool);
    return figures.pictures == 0 && figures.died == 0 && figures.ready == 2 && figures.busy == 0
               ? NULL
               : "other figures";
}

static void test_no_random(void **state)
{
    int   status = -1;
    pid_t server = fork();

    (void)state;
    if (server == 0) {
        const char *wrong = run_without_random();

        if (wrong != NULL)
            fprintf(stderr, "%s\n", wrong);
        _exit(wrong != NULL);
    }
    assert_int_equal(waitpid(server, &status, 0), server);
    assert_int_equal(status, 0);
}

/* ------------------------------------------------------------------ a picture's fault, or not */

static void test_message(void **state)
{
    decoder_figures before = decoders_figures(shared.pool);
    skc_error       err    = { 0 };

    (void)state;
    assert_int_equal(run_evil(&shared, SHOUT, NULL, &err), SKC_EFORMAT);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_int_equal(strncmp(err.message, "?[31m???AAA", 11), 0);
    assert_figures(before, 1, 1, 0, 0);
}

/* The time of a request is over while its picture is being decoded: no fault of the picture. */
static void test_deadline_during(void **state)
{
    uint8_t         evil[5] = "EVIL";
    decoder_request request = request_of(evil, sizeof evil);
    decoder_figures before  = decoders_figures(shared.pool);
    skc_error       err     = { 0 };

    (void)state;
    while (strcmp(misdeeds[evil[4]].name, "loop") != 0)
        evil[4]++;
    assert_int_equal(decoders_run(shared.pool, &request, decoder_now() + SECOND / 10, NULL, &err),
                     SKC_EIO);
    assert_string_equal(err.message, "images[3]: there was no time left to decode it");
    assert_good_picture(&shared);
    assert_figures(before, 2, 0, 0, 1);
}

/* ------------------------------------------------------------------ all at once */

typedef struct worker {
    pthread_t thread;
    int       number, wrong;
} worker;

static void *mix(void *context)
{
    worker *w = context;

    for (int i = 0; i < 10; i++) {
        decoder_request request = request_of(good.data, good.size);
        decoder_result  result;
        bool            evil = (i + w->number) % 3 == 0;
        skc_status      status =
            evil ? run_evil(&shared, (size_t)(i + w->number) % 3, &result, NULL)
                      : decoders_run(shared.pool, &request, in_seconds(60), &result, NULL);

        w->wrong += status != (evil ? SKC_EFORMAT : SKC_OK);
        if (status == SKC_OK)
            skc_image_free(result.image);
    }
    return NULL;
}

static void test_threads(void **state)
{
    decoder_figures before = decoders_figures(shared.pool);
    worker          workers[8];

    (void)state;
    for (int i = 0; i < 8; i++) {
        workers[i] = (worker){ .number = i };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, mix, &workers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    assert_figures(before, 80, 27, 27, 0);
}

/* All decoders are busy, and none is free in time. */
static void *occupy(void *context)
{
    uint8_t         evil[5] = "EVIL";
    decoder_request request = request_of(evil, sizeof evil);

    (void)context;
    while (strcmp(misdeeds[evil[4]].name, "loop") != 0)
        evil[4]++;
    (void)!decoders_run(shared.pool, &request, in_seconds(60), NULL, NULL);
    return NULL;
}

static void test_none_free(void **state)
{
    pthread_t       threads[2];
    decoder_request request = request_of(good.data, good.size);
    skc_error       err     = { 0 };

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, occupy, NULL), 0);
    for (int i = 0; i < 500 && decoders_figures(shared.pool).busy < 2; i++)
        doze();
    assert_int_equal(decoders_run(shared.pool, &request, decoder_now() + SECOND / 20, NULL, &err),
                     SKC_EIO);
    assert_string_equal(err.message, "images[3]: no decoder was free in time");
    assert_good_picture(&shared);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

/* ------------------------------------------------------------------ nothing is left behind */

static long resident_pages(void)
{
    long  total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &total, &resident), 2);
    fclose(file);
    return resident;
}

static int count_mappings(void)
{
    FILE *file  = fopen("/proc/self/maps", "r");
    int   lines = 0, c;

    assert_non_null(file);
    while ((c = fgetc(file)) != EOF)
        lines += c == '\n';
    fclose(file);
    return lines;
}

static void run_rounds(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        assert_int_equal(run_evil(&shared, (size_t)i % 3, NULL, NULL), SKC_EFORMAT);
        assert_good_picture(&shared);
    }
}

static void test_no_leaks(void **state)
{
    int  descriptors, spawners, mappings, process = decoder_spawner_process(shared.spawner);
    long pages;
    char folder[64];

    (void)state;
    snprintf(folder, sizeof folder, "/proc/%d/fd", process);
    run_rounds(20);
    assert_children(process, 2);
    descriptors = count_entries("/proc/self/fd");
    spawners    = count_entries(folder);
    mappings    = count_mappings();
    pages       = resident_pages();
    run_rounds(200);
    assert_children(process, 2);
    assert_int_equal(count_entries("/proc/self/fd"), descriptors);
    assert_int_equal(count_entries(folder), spawners);
    assert_int_equal(spawners, 6); /* standard ones and the socket; "." and ".." */
    if (DECODER_SANITIZED)
        return;
    assert_in_range(count_mappings(), 0, (uintmax_t)mappings + 2);
    assert_in_range(resident_pages(), 0, (uintmax_t)pages + 512);
}

/* ------------------------------------------------------------------ seen from outside */

static char *read_proc(int process, const char *name)
{
    static char text[8192];
    char        path[64];
    FILE       *file;

    snprintf(path, sizeof path, "/proc/%d/%s", process, name);
    file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void assert_says(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        fail_msg("'%s' is not in:\n%s", words, text);
}

static void test_sandbox_from_outside(void **state)
{
    int         children[64], process = decoder_spawner_process(shared.spawner), open_files;
    char        folder[64];
    const char *limits;

    (void)state;
    assert_children(process, 2);
    assert_int_equal(count_children(process, children), 2);
    assert_says(read_proc(children[0], "status"), "NoNewPrivs:\t1");
    assert_says(read_proc(children[0], "status"), "Seccomp:\t2");
    if (!DECODER_SANITIZED) /* the thread sanitizer has one of its own */
        assert_says(read_proc(children[0], "status"), "Threads:\t1\n");
    limits = read_proc(children[0], "limits");
    assert_says(limits, "Max core file size        0                    0 ");
    assert_says(limits, "Max open files            0                    0 ");
    assert_says(limits, "Max file size             0                    0 ");
    assert_says(limits, "Max processes             0                    0 ");
    assert_says(limits, "Max cpu time              64                   64 ");
    if (!DECODER_SANITIZED)
        assert_null(strstr(limits, "Max address space         unlimited"));
    snprintf(folder, sizeof folder, "/proc/%d/fd", children[0]);
    open_files = count_entries(folder);
    if (open_files < 0)
        print_message("a decoder's descriptors are root's to see: not counted\n");
    else
        assert_int_equal(open_files, 6);
}

/* A terminal's Ctrl-C goes to all; the server drains, and needs its decoders for that. */
static void test_signals_ignored(void **state)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    decoder_figures  before    = decoders_figures(shared.pool);
    int              children[64], process = decoder_spawner_process(shared.spawner);

    (void)state;
    assert_children(process, 2);
    assert_int_equal(count_children(process, children), 2);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        assert_int_equal(kill(process, signals[i]), 0);
        assert_int_equal(kill(children[0], signals[i]), 0);
        assert_int_equal(kill(children[1], signals[i]), 0);
    }
    assert_good_picture(&shared);
    assert_figures(before, 1, 0, 0, 0);
    assert_int_equal(run_evil(&shared, 0, NULL, NULL), SKC_EFORMAT);
    assert_good_picture(&shared);
}

/* Idle decoders that somebody else killed are replaced, and no picture is blamed. */
static void test_killed_while_idle(void **state)
{
    decoder_figures before = decoders_figures(shared.pool);
    int             children[64], process = decoder_spawner_process(shared.spawner);

    (void)state;
    assert_children(process, 2);
    assert_int_equal(count_children(process, children), 2);
    kill(children[0], SIGKILL);
    kill(children[1], SIGKILL);
    assert_children(process, 0);
    assert_good_picture(&shared);
    assert_children(process, 1);
    assert_figures(before, 1, 0, 0, 0);
}

/* ------------------------------------------------------------------ ends */

/* Whoever adopted it may be slow to reap it, or never do. */
static void assert_ended(int process)
{
    char found  = 'R';
    int  parent = 0;

    for (int n = 0; n < 500 && found != 0 && found != 'Z'; n++, doze())
        found = process_state(process, &parent);
    assert_true(found == 0 || found == 'Z');
}

static void test_spawner_killed(void **state)
{
    decoder_request request = request_of(good.data, good.size);
    skc_error       err     = { 0 };
    service         s       = start(quick_options(), decoder_decode);
    decoder_figures figures;
    int             children[64];

    (void)state;
    assert_int_equal(count_children(decoder_spawner_process(s.spawner), children), 2);
    kill(decoder_spawner_process(s.spawner), SIGKILL);
    for (int i = 0; i < 500 && decoder_spawner_lives(s.spawner); i++)
        doze();
    figures = decoders_figures(s.pool);
    assert_int_equal(figures.ready, 0);
    assert_ended(children[0]); /* the kernel kills the decoders, too */
    assert_ended(children[1]);
    assert_int_equal(decoders_run(s.pool, &request, in_seconds(60), NULL, &err), SKC_EIO);
    assert_non_null(strstr(err.message, "must be started again"));
    stop(s);
}

/* A server that is killed leaves no process behind. */
static void test_server_killed(void **state)
{
    int   ends[2], processes[65] = { 0 };
    pid_t server;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    server = fork();
    if (server == 0) {
        service s    = start(quick_options(), work_or_misbehave);
        processes[0] = decoder_spawner_process(s.spawner);
        (void)count_children(processes[0], processes + 1);
        (void)!write(ends[1], processes, sizeof processes);
        raise(SIGKILL);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], processes, sizeof processes), sizeof processes);
    close(ends[0]);
    assert_int_equal(waitpid(server, NULL, 0), server);
    assert_true(processes[0] > 0 && processes[1] > 0 && processes[2] > 0);
    for (int i = 0; i < 3; i++)
        assert_ended(processes[i]);
}

static void test_stop(void **state)
{
    int     descriptors = count_entries("/proc/self/fd"), children[64];
    int     before      = count_children((int)getpid(), children);
    service s           = start(quick_options(), work_or_misbehave);

    (void)state;
    assert_int_equal(count_children((int)getpid(), children), before + 1);
    stop(s);
    assert_int_equal(count_children((int)getpid(), children), before);
    assert_int_equal(count_entries("/proc/self/fd"), descriptors);
    decoders_free(NULL);
    decoder_spawner_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_misdeeds),
        cmocka_unit_test(test_second_reply),
        cmocka_unit_test(test_late_reply),
        cmocka_unit_test(test_always_astray),
        cmocka_unit_test(test_late_reply_before_evil),
        cmocka_unit_test(test_late_reply_deadline),
        cmocka_unit_test(test_numbers_differ),
        cmocka_unit_test(test_no_random),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_deadline_during),
        cmocka_unit_test(test_sandbox_from_outside),
        cmocka_unit_test(test_signals_ignored),
        cmocka_unit_test(test_killed_while_idle),
        cmocka_unit_test(test_spawner_killed),
        cmocka_unit_test(test_server_killed),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_none_free),
        cmocka_unit_test(test_no_leaks),
    };
    int failed;

    shared = start(quick_options(), work_or_misbehave);
    good   = encode_spot(60, 40, SKC_PNG);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    stop(shared);
    skc_free(NULL, good.data);
    return failed;
}

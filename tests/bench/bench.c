/* bench.c - the project's side of the bench: one kind of work a process (protocol.h). */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void bench_die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

void bench_must(skc_status status, const skc_error *err)
{
    if (status != SKC_OK)
        bench_die(skc_status_text(status), err->message);
}

void *bench_allocate(size_t bytes)
{
    size_t size  = (bytes + 63) / 64 * 64 + 64;
    void  *block = aligned_alloc(64, size);

    if (block == NULL)
        bench_die("memory", "there is no more");
    return memset(block, 0, size);
}

void bench_fill(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(i * 2654435761u % 1024) * 0.0015f - 0.75f;
}

unsigned char *bench_read(const char *path, size_t *size)
{
    FILE          *file = fopen(path, "rb");
    unsigned char *bytes;
    long           end;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (end = ftell(file)) < 0)
        bench_die(path, "cannot be read");
    rewind(file);
    bytes = bench_allocate((size_t)end);
    *size = fread(bytes, 1, (size_t)end, file);
    (void)fclose(file);
    if (*size != (size_t)end)
        bench_die(path, "cannot be read");
    return bytes;
}

skc_runtime bench_runtime(int32_t threads)
{
    skc_runtime runtime;

    skc_runtime_init(&runtime);
    runtime.threads = threads;
    return runtime;
}

/* A model file, loaded with little memory. */
static skc_model *compact_model(const char *path)
{
    skc_runtime runtime = bench_runtime(0);
    skc_model  *model   = NULL;
    skc_error   err;

    runtime.compact = true;
    bench_must(skc_model_load(path, &runtime, &model, &err), &err);
    return model;
}

skc_model *bench_model(const char *name, int32_t side)
{
    static const char *const labels[BENCH_CLASSES] = { "a", "b", "c", "d", "e", "f", "g" };
    skc_model_options        options;
    skc_error                err;
    skc_model               *model = NULL;

    if (strchr(name, '/') != NULL) {
        bench_must(skc_model_load(name, NULL, &model, &err), &err);
        return model;
    }
    skc_model_options_init(&options);
    options.architecture = name;
    options.height = options.width = side;
    options.task                   = "bench";
    options.labels                 = labels;
    options.label_count            = BENCH_CLASSES;
    bench_must(skc_model_create(&options, NULL, &model, &err), &err);
    return model;
}

/* ---------------------------------------------------------------- commands */

static int serve(const bench_task *task, const skc_model *model)
{
    const char *kernels = "";
    char        about[256];

    for (int32_t i = 0; skc_kernel_set(i) != NULL; i++)
        kernels = skc_kernel_set(i);
    snprintf(about, sizeof about, "{\"kernels\": \"%s\", \"parameters\": %zu}", kernels,
             model != NULL ? skc_model_parameter_count(model) : 0);
    return bench_serve(task, about);
}

static bench_pass pass_of(const char *name)
{
    return name[0] == 'f' ? BENCH_FORWARD : name[0] == 'd' ? BENCH_DATA : BENCH_WEIGHTS;
}

static int run_infer(char **a)
{
    int32_t    threads = atoi(a[3]);
    skc_model *model   = bench_model(a[0], atoi(a[1]));
    bench_task task    = bench_infer(model, atoi(a[2]), threads);

    return serve(&task, model);
}

static int run_compact(char **a)
{
    skc_model *model = compact_model(a[0]);
    bench_task task  = bench_infer(model, 1, atoi(a[1]));

    return serve(&task, model);
}

static int run_train(char **a)
{
    int32_t    threads = atoi(a[3]);
    skc_model *model   = bench_model(a[0], atoi(a[1]));
    bench_task task    = bench_train(model, atoi(a[2]), threads, a[4], strcmp(a[5], "memory") == 0);

    return serve(&task, model);
}

static int run_layers(char **a)
{
    int32_t    threads = atoi(a[3]);
    skc_model *model   = bench_model(a[0], atoi(a[1]));
    bench_task task    = bench_layers(model, atoi(a[2]), threads, pass_of(a[4]));

    return serve(&task, model);
}

static int run_list(char **a)
{
    bench_print_layers(bench_model(a[0], atoi(a[1])), pass_of(a[2]));
    return 0;
}

static int run_jpeg(char **a)
{
    bench_task task = bench_jpeg(a[0]);

    return serve(&task, NULL);
}

static int run_picture(char **a)
{
    bench_draw_picture(a[0]);
    return 0;
}

static int run_create(char **a)
{
    skc_error err;

    bench_must(skc_model_save(bench_model(a[0], atoi(a[1])), a[2], SKC_F16, &err), &err);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *arguments;
        int         count;
        int (*run)(char **arguments);
    } commands[] = {
        { "infer", "NET|FILE SIDE BATCH THREADS", 4, run_infer },
        { "compact", "FILE THREADS", 2, run_compact },
        { "train", "NET SIDE BATCH THREADS PICTURE memory|cache", 6, run_train },
        { "layers", "NET SIDE BATCH THREADS forward|data|weights", 5, run_layers },
        { "list", "NET SIDE forward|data|weights", 3, run_list },
        { "jpeg", "FILE", 1, run_jpeg },
        { "picture", "FILE", 1, run_picture },
        { "create", "NET SIDE FILE", 3, run_create },
    };

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (argc == 2 + commands[i].count && strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argv + 2);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        (void)fprintf(stderr, "bench %s %s\n", commands[i].name, commands[i].arguments);
    return 2;
}

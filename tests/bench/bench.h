/* bench.h - what the parts of the project's side of the bench share. */
#ifndef SKC_BENCH_BENCH_H
#define SKC_BENCH_BENCH_H

#include "model/model.h"
#include "protocol.h"

enum { BENCH_CLASSES = 7 };

/* Ends the program with the message unless status is SKC_OK. */
void bench_must(skc_status status, const skc_error *err);

/* Ends the program with the message "what: why". */
_Noreturn void bench_die(const char *what, const char *why);

/* Zeroed, aligned to a cache line, never NULL. */
void *bench_allocate(size_t bytes);

/* Numbers around 0, none of them tiny. */
void bench_fill(float *values, size_t count);

/* Reads a whole file. */
unsigned char *bench_read(const char *path, size_t *size);

skc_runtime bench_runtime(int32_t threads);

/* A model file where `name` has a slash, else a built-in network with fresh parameters. */
skc_model *bench_model(const char *name, int32_t side);

/* network.c: sessions and trainers. A trainer is fed from memory, or from a cache that holds a JPEG
 * many times over, with random crops and flips. */
bench_task bench_infer(skc_model *model, int32_t batch, int32_t threads);
bench_task bench_train(skc_model *model, int32_t batch, int32_t threads, const char *picture,
                       bool from_memory);

/* layers.c: the convolutions of a network. */
typedef enum bench_pass { BENCH_FORWARD, BENCH_DATA, BENCH_WEIGHTS } bench_pass;

bench_task bench_layers(const skc_model *model, int32_t batch, int32_t threads, bench_pass pass);
/* The list that the rival reads: a line for each different shape. */
void       bench_print_layers(const skc_model *model, bench_pass pass);

/* jpeg.c: from a JPEG to a normalised input of 224 x 224, and the picture for it. */
bench_task bench_jpeg(const char *path);
void       bench_draw_picture(const char *path);

#endif

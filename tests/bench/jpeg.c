/* jpeg.c - a JPEG as it comes from a dermatoscope, and its way to a network's input. */
#include "bench.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH = 600, HEIGHT = 450, SIDE = 224, QUALITY = 95 };

static const float GRAIN = 16, TINT = 8;

/* ---------------------------------------------------------------- the picture */

/* Noise -1..1 from a 64-bit linear congruential generator (Knuth's constants). */
static float noise(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(*state >> 40) * 0x1p-23f - 1;
}

/* Skin with a dark, ragged spot in the middle, and grain as fine as the pixels. */
static void draw(uint8_t *pixels)
{
    static const float skin[3] = { 214, 163, 142 }, spot[3] = { 92, 58, 48 };
    uint64_t           state = 7;

    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            float dx = (float)(x - WIDTH / 2) / 150, dy = (float)(y - HEIGHT / 2) / 120;
            float ragged = 0.15f * sinf(9 * atan2f(dy, dx));
            float dark   = 1 / (1 + expf(12 * (sqrtf(dx * dx + dy * dy) - 1 + ragged)));
            float grain  = GRAIN * noise(&state);

            for (int c = 0; c < 3; c++) {
                float value = skin[c] + dark * (spot[c] - skin[c]) + grain + TINT * noise(&state);
                *pixels++   = (uint8_t)fminf(fmaxf(value, 0), 255);
            }
        }
}

void bench_draw_picture(const char *path)
{
    skc_image *image = NULL;
    skc_error  err;

    bench_must(skc_image_create(WIDTH, HEIGHT, NULL, NULL, &image, &err), &err);
    draw(skc_image_pixels_mutable(image));
    bench_must(skc_image_save(image, path, SKC_JPEG, QUALITY, &err), &err);
    skc_image_free(image);
}

/* ---------------------------------------------------------------- the way */

/* A network that is nothing but its input: its price is a mean over the input, under 1 % of what is
 * measured. */
static const char bare[] =
    "{\"name\": \"bare\", \"input\": {\"height\": 224, \"width\": 224, \"channels\": 3},"
    " \"layers\": [{\"name\": \"pool\", \"type\": \"global_avg_pool\"},"
    " {\"name\": \"logits\", \"type\": \"dense\", \"units\": 7}]}";

typedef struct jpeg {
    unsigned char *bytes;
    size_t         size;
    skc_runtime    runtime;
    skc_session   *session;
} jpeg;

static void prepare_one(void *state)
{
    jpeg      *s     = state;
    skc_image *image = NULL;
    float      probabilities[BENCH_CLASSES];
    skc_error  err;

    bench_must(skc_image_decode(s->bytes, s->size, "bench", NULL, &s->runtime, &image, &err), &err);
    bench_must(
        skc_session_predict(s->session, (const skc_image *const *)&image, 1, probabilities, &err),
        &err);
    skc_image_free(image);
}

static void jpeg_round(void *state, double *seconds)
{
    *seconds = bench_repeat(prepare_one, state, 0.05);
}

bench_task bench_jpeg(const char *path)
{
    jpeg     *s = bench_allocate(sizeof *s);
    skc_error err;

    s->bytes   = bench_read(path, &s->size);
    s->runtime = bench_runtime(1);
    bench_must(skc_session_create(bench_model(bare, 0), 1, &s->runtime, &s->session, &err), &err);
    return (bench_task){ s, 1, jpeg_round };
}

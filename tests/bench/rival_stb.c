/* rival_stb.c - a JPEG to 224 x 224 by stb_image and stb_image_resize at its default filter. */
#include <stdio.h>
#include <stdlib.h>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#include <stb_image.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#include <stb_image_resize.h>

#include "protocol.h"

enum { SIDE = 224, MOST = 1 << 20 };

typedef struct picture {
    unsigned char bytes[MOST], out[SIDE * SIDE * 3];
    int           size;
} picture;

static void prepare_one(void *state)
{
    picture       *s = state;
    int            width, height, channels;
    unsigned char *pixels = stbi_load_from_memory(s->bytes, s->size, &width, &height, &channels, 3);

    if (pixels == NULL ||
        stbir_resize_uint8(pixels, width, height, 0, s->out, SIDE, SIDE, 0, 3) != 1) {
        (void)fprintf(stderr, "rival_stb: the picture is refused\n");
        exit(1);
    }
    stbi_image_free(pixels);
}

static void round_of(void *state, double *seconds)
{
    *seconds = bench_repeat(prepare_one, state, 0.05);
}

int main(int argc, char **argv)
{
    static picture   s;
    const bench_task task = { &s, 1, round_of };
    FILE            *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

    if (file == NULL) {
        (void)fprintf(stderr, "rival_stb FILE.jpg\n");
        return 2;
    }
    s.size = (int)fread(s.bytes, 1, MOST, file);
    (void)fclose(file);
    return bench_serve(&task, "{}");
}

/* decoding.h - for the decoder's tests: pictures, requests, and what processes look like outside.
 */
#ifndef SKC_TESTS_DECODING_H
#define SKC_TESTS_DECODING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "decoder/parts.h"

#define UNUSED __attribute__((unused))

/* ------------------------------------------------------------------ pictures */

typedef struct bytes {
    uint8_t *data;
    size_t   size;
} bytes;

/* Skin with a dark round spot and a little grain. */
UNUSED static bytes encode_spot(int32_t width, int32_t height, skc_picture_format format)
{
    skc_image *image;
    bytes      out = { NULL, 0 };
    int32_t    radius;
    uint8_t   *p;

    assert_int_equal(skc_image_create(width, height, NULL, NULL, &image, NULL), SKC_OK);
    p      = skc_image_pixels_mutable(image);
    radius = (width < height ? width : height) / 6;
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++, p += 3) {
            int32_t dx = x - width * 2 / 5, dy = y - height / 2;
            bool    spot  = dx * dx + dy * dy < radius * radius;
            int32_t grain = (x * 7 + y * 13) % 11;

            p[0] = (uint8_t)((spot ? 90 : 210) + grain);
            p[1] = (uint8_t)((spot ? 50 : 160) + grain);
            p[2] = (uint8_t)((spot ? 40 : 140) + grain);
        }
    assert_int_equal(skc_image_encode(image, format, 90, NULL, &out.data, &out.size, NULL), SKC_OK);
    skc_image_free(image);
    return out;
}

/* ------------------------------------------------------------------ requests */

enum { SECOND = 1000000000 };

UNUSED static uint64_t in_seconds(uint64_t seconds)
{
    return decoder_now() + seconds * SECOND;
}

typedef struct service {
    decoder_spawner *spawner;
    decoders        *pool;
} service;

UNUSED static decoder_options usual_options(void)
{
    decoder_options o = { .count = 2, .milliseconds = 30000, .memory = 512u << 20, .side = 1024 };

    skc_image_limits_init(&o.limits);
    return o;
}

UNUSED static service start(decoder_options options, decoder_work *work)
{
    service   s;
    skc_error err = { 0 };

    if (decoder_spawner_start_with(&options, work, &s.spawner, &err) != SKC_OK ||
        decoders_create(s.spawner, &s.pool, &err) != SKC_OK)
        fail_msg("%s", err.message);
    return s;
}

UNUSED static void stop(service s)
{
    decoders_free(s.pool);
    decoder_spawner_stop(s.spawner);
}

UNUSED static decoder_request request_of(const void *data, size_t size)
{
    return (decoder_request){ .bytes = data, .size = size, .name = "images[3]" };
}

/* ------------------------------------------------------------------ processes */

UNUSED static void doze(void)
{
    nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
}

/* The state of a process ('Z': ended, not reaped) and its parent; 0 where there is none. */
UNUSED static char process_state(int process, int *parent)
{
    char  path[64], line[512] = "", state = 0, *end;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", process);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) != NULL && (end = strrchr(line, ')')) != NULL &&
        sscanf(end, ") %c %d", &state, parent) != 2)
        state = 0;
    fclose(file);
    return state;
}

/* How many children a process has, zombies too; the first 64 go to `children`. */
UNUSED static int count_children(int process, int children[64])
{
    DIR           *list  = opendir("/proc");
    struct dirent *entry = NULL;
    int            count = 0;

    assert_non_null(list);
    while ((entry = readdir(list)) != NULL) {
        int child = atoi(entry->d_name), parent = 0;

        if (child > 0 && process_state(child, &parent) != 0 && parent == process && count < 64)
            children[count++] = child;
    }
    closedir(list);
    return count;
}

/* Ended children are reaped a little later than they end. */
UNUSED static void assert_children(int process, int wanted)
{
    int children[64], count = -1;

    for (int i = 0; i < 500 && (count = count_children(process, children)) != wanted; i++)
        doze();
    assert_int_equal(count, wanted);
}

UNUSED static int count_entries(const char *folder)
{
    DIR *list  = opendir(folder);
    int  count = 0;

    if (list == NULL)
        return -1;
    while (readdir(list) != NULL)
        count++;
    closedir(list);
    return count;
}

#endif

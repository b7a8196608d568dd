/* generate.c - from a lesion to a picture of it: the view, vessels and hairs, light, pixels. */
#include "generate.h"
#include "failure.h"
#include "noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Small pictures are drawn larger and averaged, so that fine patterns turn into their mean. */
enum { FINE_SIDE = 128, HAIR_PIECES = 14 };

/* The camera. */
typedef struct view {
    float  cosine, sine, zoom, x, y; /* picture to skin */
    float  vignette, rim;            /* darkening to the corners; radius of a black rim */
    colour light;
} view;

typedef struct canvas {
    lesion  l;
    view    v;
    int32_t side;  /* pixels drawn */
    float  *hairs; /* (side, side) 0..1 */
    float  *vessels;
} canvas;

/* ------------------------------------------------------------------ the view */

static view choose_view(dice *d, bool first)
{
    float turn = dice_between(d, 0, 1), shift = first ? 0 : 0.12F;
    float warmth = dice_between(d, -0.04F, 0.04F), exposure = dice_between(d, 0.90F, 1.06F);
    view  v = { .cosine   = noise_sine(turn + 0.25F),
                .sine     = noise_sine(turn),
                .zoom     = dice_between(d, 0.92F, 1.12F),
                .x        = dice_between(d, -shift, shift),
                .y        = dice_between(d, -shift, shift),
                .vignette = dice_between(d, 0.02F, 0.16F),
                .rim      = 9,
                .light    = { exposure * (1 + warmth), exposure, exposure * (1 - warmth) } };

    if (dice_between(d, 0, 1) < 0.15F)
        v.rim = dice_between(d, 1.12F, 1.3F);
    return v;
}

static void to_skin(const view *v, float x, float y, float *skin_x, float *skin_y)
{
    *skin_x = (v->cosine * x - v->sine * y) * v->zoom + v->x;
    *skin_y = (v->sine * x + v->cosine * y) * v->zoom + v->y;
}

static void to_picture(const view *v, float skin_x, float skin_y, float *x, float *y)
{
    float sx = (skin_x - v->x) / v->zoom, sy = (skin_y - v->y) / v->zoom;

    *x = v->cosine * sx + v->sine * sy;
    *y = v->cosine * sy - v->sine * sx;
}

/* ------------------------------------------------------------------ lines */

typedef struct stroke {
    float x0, y0, x1, y1, width; /* on the skin */
} stroke;

static float distance_to(const stroke *s, float x, float y)
{
    float dx = s->x1 - s->x0, dy = s->y1 - s->y0;
    float along = ((x - s->x0) * dx + (y - s->y0) * dy) / (dx * dx + dy * dy + 1e-9F);

    along = along < 0 ? 0 : along > 1 ? 1 : along;
    dx    = s->x0 + along * dx - x;
    dy    = s->y0 + along * dy - y;
    return sqrtf(dx * dx + dy * dy);
}

static int32_t to_index(float value, int32_t side)
{
    return value < 0 ? 0 : value > (float)(side - 1) ? side - 1 : (int32_t)value;
}

/* Draws into a mask what a round brush covers; `s` is in pixels. */
static void draw_pixels(float *mask, int32_t side, const stroke *s)
{
    float   reach  = s->width * 0.5F + 1;
    int32_t left   = to_index(fminf(s->x0, s->x1) - reach, side);
    int32_t right  = to_index(fmaxf(s->x0, s->x1) + reach, side);
    int32_t top    = to_index(fminf(s->y0, s->y1) - reach, side);
    int32_t bottom = to_index(fmaxf(s->y0, s->y1) + reach, side);

    for (int32_t y = top; y <= bottom; y++) {
        for (int32_t x = left; x <= right; x++) {
            float  distance = distance_to(s, (float)x + 0.5F, (float)y + 0.5F);
            /* A line thinner than a pixel is fainter instead. */
            float  cover    = fminf(s->width, s->width * 0.5F + 0.5F - distance);
            float *cell     = &mask[(size_t)y * (size_t)side + (size_t)x];

            *cell = fmaxf(*cell, fminf(1, fmaxf(0, cover)));
        }
    }
}

static void draw(const canvas *c, float *mask, const stroke *s)
{
    float  half = (float)c->side * 0.5F;
    stroke pixels;

    to_picture(&c->v, s->x0, s->y0, &pixels.x0, &pixels.y0);
    to_picture(&c->v, s->x1, s->y1, &pixels.x1, &pixels.y1);
    pixels = (stroke){ (pixels.x0 + 1) * half, (pixels.y0 + 1) * half, (pixels.x1 + 1) * half,
                       (pixels.y1 + 1) * half, s->width / c->v.zoom * half };
    draw_pixels(mask, c->side, &pixels);
}

/* A quadratic Bezier curve with a thin end. */
static void draw_hair(const canvas *c, dice *d)
{
    float direction = dice_between(d, 0, 1), bend = dice_between(d, -0.5F, 0.5F);
    float x0 = dice_between(d, -1.2F, 1.2F), y0 = dice_between(d, -1.2F, 1.2F);
    float length = dice_between(d, 0.7F, 1.7F), width = dice_between(d, 0.012F, 0.03F);
    float dx = noise_sine(direction + 0.25F) * length, dy = noise_sine(direction) * length;
    float px = x0, py = y0;

    for (int32_t i = 1; i <= HAIR_PIECES; i++) {
        float t = (float)i / HAIR_PIECES, bow = 2 * t * (1 - t) * bend;
        float x = x0 + dx * t - dy * bow, y = y0 + dy * t + dx * bow;

        draw(c, c->hairs, &(stroke){ px, py, x, y, width * (1.1F - 0.8F * t) });
        px = x;
        py = y;
    }
}

static void draw_hairs(const canvas *c, dice *d)
{
    float   hairy = dice_between(d, 0, 1);
    int32_t count = hairy < 0.45F ? 0 : (int32_t)dice_between(d, 1, hairy * 12);

    for (int32_t i = 0; i < count; i++)
        draw_hair(c, d);
}

/* Where a vessel has grown to, and where it heads. */
typedef struct tip {
    float x, y, turn, width;
} tip;

/* A vessel wanders and splits, each branch thinner than its stem. */
static void draw_vessel(const canvas *c, dice *d, tip at, int32_t depth)
{
    int32_t pieces = (int32_t)dice_between(d, 4, 9);
    float   step   = c->l.trait[TRAIT_RADIUS] * 0.11F;

    for (int32_t i = 0; i < pieces; i++) {
        float x = at.x, y = at.y;

        at.turn += dice_between(d, -0.07F, 0.07F);
        at.x += step * noise_sine(at.turn + 0.25F);
        at.y += step * noise_sine(at.turn);
        draw(c, c->vessels, &(stroke){ x, y, at.x, at.y, at.width });
    }
    for (int32_t side = -1; side <= 1 && depth > 0; side += 2) {
        tip branch = at;

        branch.turn += (float)side * dice_between(d, 0.05F, 0.14F);
        branch.width *= 0.7F;
        draw_vessel(c, d, branch, depth - 1);
    }
}

static void draw_vessels(const canvas *c, dice *d)
{
    int32_t count = (int32_t)dice_between(d, 3, 7);

    for (int32_t i = 0; i < count && c->l.trait[TRAIT_VESSELS] > 0; i++) {
        float around  = dice_between(d, 0, 1);
        float away    = c->l.trait[TRAIT_RADIUS] * dice_between(d, 0.5F, 0.95F);
        float inwards = around + dice_between(d, 0.3F, 0.7F);
        tip root = { c->l.x + away * noise_sine(around + 0.25F), c->l.y + away * noise_sine(around),
                     inwards, dice_between(d, 0.016F, 0.038F) };

        draw_vessel(c, d, root, 2);
    }
}

/* ------------------------------------------------------------------ pixels */

static colour shade_pixel(const canvas *c, int32_t row, int32_t column)
{
    size_t i   = (size_t)row * (size_t)c->side + (size_t)column;
    float  x   = ((float)column + 0.5F) / (float)c->side * 2 - 1;
    float  y   = ((float)row + 0.5F) / (float)c->side * 2 - 1;
    float  far = x * x + y * y, hair = 0.85F * c->hairs[i], dim, skin_x, skin_y;
    colour p;

    to_skin(&c->v, x, y, &skin_x, &skin_y);
    p   = generate_shade(&c->l, skin_x, skin_y, c->vessels[i]);
    dim = (1 - c->v.vignette * far) *
          (1 - noise_step(c->v.rim - 0.03F, c->v.rim + 0.03F, sqrtf(far)));
    p.r = (p.r + (0.16F - p.r) * hair) * dim * c->v.light.r;
    p.g = (p.g + (0.12F - p.g) * hair) * dim * c->v.light.g;
    p.b = (p.b + (0.10F - p.b) * hair) * dim * c->v.light.b;
    return p;
}

static uint8_t to_byte(float value, uint32_t grain)
{
    float level = value * 255 + (noise_share(grain) - 0.5F) * 5;

    return level <= 0 ? 0 : level >= 255 ? 255 : (uint8_t)(level + 0.5F);
}

/* The mean of the factor x factor pixels drawn for one of the picture. */
static void put_pixel(const canvas *c, int32_t factor, int32_t row, int32_t column, uint8_t *out)
{
    float    share = 1 / (float)(factor * factor);
    colour   sum   = { 0, 0, 0 };
    uint32_t grain = noise_hash(c->l.pattern + 7, column, row);

    for (int32_t y = row * factor; y < (row + 1) * factor; y++) {
        for (int32_t x = column * factor; x < (column + 1) * factor; x++) {
            colour p = shade_pixel(c, y, x);

            sum = (colour){ sum.r + p.r, sum.g + p.g, sum.b + p.b };
        }
    }
    out[0] = to_byte(sum.r * share, grain);
    out[1] = to_byte(sum.g * share, grain * 0x9E3779B1U + 1);
    out[2] = to_byte(sum.b * share, grain * 0x85EBCA77U + 2);
}

static void render(canvas *c, const generate_request *request, int32_t factor, uint8_t *pixels)
{
    dice on_skin, camera;

    c->l    = generate_lesion(request->seed, request->class_index, request->lesion);
    on_skin = dice_seeded(c->l.pattern, 1, 0);
    camera  = dice_seeded(c->l.pattern, 2, (uint64_t)request->view);
    c->v    = choose_view(&camera, request->view == 0);
    draw_hairs(c, &on_skin);
    draw_vessels(c, &on_skin);
    for (int32_t y = 0; y < request->size; y++)
        for (int32_t x = 0; x < request->size; x++)
            put_pixel(c, factor, y, x,
                      pixels + ((size_t)y * (size_t)request->size + (size_t)x) * 3);
}

skc_status generate_picture(const generate_request *request, const skc_runtime *runtime,
                            skc_image **out, skc_error *err)
{
    int32_t    size = request->size, factor = size >= FINE_SIDE ? 1 : (FINE_SIDE + size - 1) / size;
    canvas     c    = { .side = size * factor };
    size_t     area = (size_t)c.side * (size_t)c.side;
    skc_image *image;
    skc_status status;

    if (request->class_index < 0 || request->class_index >= GENERATE_CLASSES || size < 16 ||
        size > 1024)
        return failure(err, SKC_EINVAL, "class %d, size %d: allowed are 0..%d and 16..1024",
                       (int)request->class_index, (int)size, GENERATE_CLASSES - 1);
    status = skc_image_create(size, size, NULL, runtime, &image, err);
    if (status != SKC_OK)
        return status;
    c.hairs = calloc(area * 2, sizeof *c.hairs);
    if (c.hairs == NULL) {
        skc_image_free(image);
        return failure_memory(err);
    }
    c.vessels = c.hairs + area;
    render(&c, request, factor, skc_image_pixels_mutable(image));
    free(c.hairs);
    *out = image;
    return SKC_OK;
}

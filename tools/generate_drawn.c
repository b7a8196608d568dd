/* generate_drawn.c - draws what is no photograph: blank areas, cartoons, line drawings, charts. */
#include "generate_bad.h"

#include <math.h>

typedef struct sketch {
    skc_image *image;
    dice      *d;
    float      width, height, side; /* the shorter one */
} sketch;

static sketch sketch_on(skc_image *image, dice *d)
{
    float width = (float)skc_image_width(image), height = (float)skc_image_height(image);

    return (sketch){ image, d, width, height, fminf(width, height) };
}

static float share(const sketch *s, float low, float high)
{
    return dice_between(s->d, low, high);
}

static bool one_in(const sketch *s, uint64_t n)
{
    return dice_next(s->d) % n == 0;
}

static void fill(const sketch *s, paint_colour c)
{
    paint_box(s->image, 0, 0, s->width, s->height, c);
}

static paint_colour skin_tone(const sketch *s)
{
    static const paint_colour fair = { { 240, 200, 175 } }, dark = { { 95, 60, 45 } };

    return paint_mix(fair, dark, share(s, 0, 1));
}

/* ------------------------------------------------------------------ blank */

/* One colour, skin's or any, or a gradient between two; with a sensor's noise over most of them. */
void bad_blank(skc_image *image, dice *d)
{
    sketch       s    = sketch_on(image, d);
    paint_colour from = one_in(&s, 3) ? skin_tone(&s) : paint_any(d), to = paint_any(d);

    if (one_in(&s, 3))
        fill(&s, from);
    else
        paint_gradient(image, dice_next(d) % 2 == 0 ? PAINT_LINEAR : PAINT_RADIAL, share(&s, 0, 1),
                       from, paint_mix(from, to, share(&s, 0, 1)));
    if (!one_in(&s, 4))
        paint_noise(image, (uint32_t)dice_next(d), share(&s, 0, 4), 1, one_in(&s, 2));
}

/* ------------------------------------------------------------------ cartoons */

/* With an outline, as comics have it. */
static void outlined_disc(const sketch *s, float x, float y, float across, float down,
                          paint_colour c)
{
    static const paint_colour black = { { 20, 20, 20 } };
    float                     line  = s->side * 0.012F;

    paint_disc(s->image, x, y, across + line, down + line, black);
    paint_disc(s->image, x, y, across, down, c);
}

static void draw_face(const sketch *s)
{
    static const paint_colour white = { { 250, 250, 250 } }, black = { { 15, 15, 15 } };
    float x = s->width * share(s, 0.4F, 0.6F), y = s->height * share(s, 0.4F, 0.6F);
    float r = s->side * share(s, 0.22F, 0.42F);

    fill(s, paint_any(s->d));
    outlined_disc(s, x, y - r * 0.3F, r * 1.1F, r * 1.1F, paint_any(s->d));
    outlined_disc(s, x, y, r, r * 1.1F, skin_tone(s));
    for (int side = -1; side <= 1; side += 2) {
        outlined_disc(s, x + (float)side * r * 0.4F, y - r * 0.2F, r * 0.2F, r * 0.15F, white);
        paint_disc(s->image, x + (float)side * r * 0.4F, y - r * 0.2F, r * 0.09F, r * 0.09F, black);
    }
    paint_line(s->image, x - r * 0.4F, y + r * 0.5F, x, y + r * 0.65F, r * 0.06F, black);
    paint_line(s->image, x, y + r * 0.65F, x + r * 0.4F, y + r * 0.5F, r * 0.06F, black);
}

static void draw_landscape(const sketch *s)
{
    float        ground = s->height * share(s, 0.55F, 0.8F), x = s->width * share(s, 0.15F, 0.5F);
    float        house = s->side * share(s, 0.15F, 0.3F);
    paint_colour roof  = paint_any(s->d);

    fill(s, paint_any(s->d));
    outlined_disc(s, s->width * share(s, 0.6F, 0.9F), s->height * 0.2F, s->side * 0.1F,
                  s->side * 0.1F, paint_any(s->d));
    paint_box(s->image, 0, ground, s->width, s->height, paint_any(s->d));
    paint_box(s->image, x, ground - house, x + house, ground, paint_any(s->d));
    for (float y = 0; y < house * 0.5F; y++)
        paint_box(s->image, x + house * 0.5F - y, ground - house * 1.5F + y, x + house * 0.5F + y,
                  ground - house * 1.5F + y + 1, roof);
    paint_box(s->image, x + house * 0.4F, ground - house * 0.5F, x + house * 0.6F, ground,
              paint_any(s->d));
    for (int32_t i = 0; i < 3; i++) {
        float tree = s->width * share(s, 0.5F, 0.95F), top = ground - s->side * 0.2F;

        paint_line(s->image, tree, ground, tree, top, s->side * 0.025F, paint_any(s->d));
        outlined_disc(s, tree, top, s->side * 0.07F, s->side * 0.09F, paint_any(s->d));
    }
}

/* A mole as a child would draw it, or shapes anywhere, on one colour or a gradient. */
static void draw_shapes(const sketch *s)
{
    int32_t count = (int32_t)share(s, 1, 9);

    if (one_in(s, 2))
        fill(s, one_in(s, 2) ? skin_tone(s) : paint_any(s->d));
    else
        paint_gradient(s->image, dice_next(s->d) % 2 == 0 ? PAINT_LINEAR : PAINT_RADIAL,
                       share(s, 0, 1), paint_any(s->d), paint_any(s->d));
    for (int32_t i = 0; i < count; i++) {
        float x = s->width * share(s, 0.2F, 0.8F), y = s->height * share(s, 0.2F, 0.8F);
        float across = s->side * share(s, 0.07F, 0.3F), down = across * share(s, 0.5F, 1.5F);

        if (one_in(s, 2))
            paint_disc(s->image, x, y, across, down, paint_any(s->d));
        else
            paint_box(s->image, x - across, y - down, x + across, y + down, paint_any(s->d));
    }
}

/* ------------------------------------------------------------------ lines and charts */

static void draw_lines(const sketch *s)
{
    paint_colour paper = paint_between(s->d, 225, 255), ink = paint_between(s->d, 0, 90);
    float   width = s->side * share(s, 0.006F, 0.025F), x = s->width * 0.5F, y = s->height * 0.5F;
    int32_t count = (int32_t)share(s, 8, 40);

    fill(s, paper);
    for (int32_t i = 0; i < count; i++) {
        float to_x = x + s->side * share(s, -0.35F, 0.35F);
        float to_y = y + s->side * share(s, -0.35F, 0.35F);

        if (one_in(s, 5)) {
            paint_disc(s->image, x, y, s->side * 0.1F, s->side * 0.1F, ink);
            paint_disc(s->image, x, y, s->side * 0.1F - width, s->side * 0.1F - width, paper);
        }
        paint_line(s->image, x, y, to_x, to_y, width, ink);
        x = one_in(s, 4) ? s->width * share(s, 0.1F, 0.9F)
                         : fminf(s->width * 0.95F, fmaxf(s->width * 0.05F, to_x));
        y = fminf(s->height * 0.95F, fmaxf(s->height * 0.05F, to_y));
    }
}

static void draw_bars(const sketch *s, float left, float bottom, int32_t count)
{
    float step = (s->width * 0.95F - left) / (float)count;

    for (int32_t i = 0; i < count; i++)
        paint_box(s->image, left + step * ((float)i + 0.15F), bottom * share(s, 0.1F, 0.95F),
                  left + step * ((float)i + 0.85F), bottom, paint_any(s->d));
}

static void draw_curve(const sketch *s, float left, float bottom, int32_t count)
{
    paint_colour c    = paint_any(s->d);
    float        step = (s->width * 0.95F - left) / (float)count, y = bottom * share(s, 0.2F, 0.8F);

    for (int32_t i = 0; i < count; i++) {
        float next = fminf(bottom, fmaxf(s->height * 0.06F, y + bottom * share(s, -0.2F, 0.2F)));

        paint_line(s->image, left + step * (float)i, y, left + step * (float)(i + 1), next,
                   s->side * 0.012F, c);
        y = next;
    }
}

/* Axes, a grid, then bars or curves, and numbers at the ticks. */
static void draw_chart(const sketch *s)
{
    paint_colour paper = paint_between(s->d, 235, 255), ink = paint_between(s->d, 0, 80);
    float        left = s->width * 0.12F, bottom = s->height * 0.88F, dot = s->side / 160;
    float        line = fmaxf(1, s->side * 0.006F);

    fill(s, paper);
    for (int32_t i = 1; i < 6; i++) {
        float y = bottom * (float)i / 6;

        paint_box(s->image, left, y, s->width * 0.95F, y + line, paint_mix(paper, ink, 0.2F));
        paint_glyph(s->image, 26 + (int32_t)(dice_next(s->d) % 10), left * 0.4F, y, dot, ink);
    }
    if (one_in(s, 2))
        draw_bars(s, left, bottom, (int32_t)share(s, 3, 12));
    else
        for (int32_t i = (int32_t)share(s, 1, 4); i >= 0; i--)
            draw_curve(s, left, bottom, (int32_t)share(s, 6, 25));
    paint_box(s->image, left, s->height * 0.05F, left + line * 2, bottom, ink);
    paint_box(s->image, left, bottom, s->width * 0.95F, bottom + line * 2, ink);
}

void bad_drawn(skc_image *image, dice *d)
{
    static void (*const drawings[])(const sketch *s) = { draw_face, draw_landscape, draw_shapes,
                                                         draw_lines, draw_chart };
    sketch s                                         = sketch_on(image, d);

    drawings[dice_next(d) % (sizeof drawings / sizeof *drawings)](&s);
}

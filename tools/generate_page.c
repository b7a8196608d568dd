/* generate_page.c - draws what is no photograph of skin but writing: pages and screenshots. */
#include "generate_bad.h"

enum { ADVANCE = PAINT_GLYPH_WIDTH + 1 }; /* dots from letter to letter */

typedef struct page {
    skc_image   *image;
    dice        *d;
    paint_colour paper, ink;
    float        left, right; /* of the column */
} page;

/* Words of random letters, one line of them; the last is ragged. */
static void write_line(const page *p, float y, float dot)
{
    float   end  = p->right - dice_between(p->d, 0, 0.35F) * (p->right - p->left);
    int32_t left = 0; /* letters of the word */

    for (float x = p->left; x + (float)ADVANCE * dot < end; x += (float)ADVANCE * dot) {
        if (left-- > 0)
            paint_glyph(p->image, (int32_t)(dice_next(p->d) % PAINT_GLYPHS), x, y, dot, p->ink);
        else
            left = (int32_t)(dice_next(p->d) % 9) + 1;
    }
}

static void write_column(const page *p, float top, float bottom, float dot)
{
    float leading = dot * dice_between(p->d, 9, 14);

    for (float y = top; y + dot * PAINT_GLYPH_HEIGHT < bottom; y += leading)
        if (dice_next(p->d) % 9 > 0) /* a gap now and then, between paragraphs */
            write_line(p, y, dot);
}

/* A heading and one or two columns below it. */
static void write_page(page *p, float dot)
{
    float   width = (float)skc_image_width(p->image), height = (float)skc_image_height(p->image);
    float   margin = dice_between(p->d, 0.02F, 0.1F) * width, top = margin;
    int32_t columns = dot * 60 < width && dice_next(p->d) % 3 == 0 ? 2 : 1;
    float   span    = (width - margin) / (float)columns;

    p->left  = margin;
    p->right = width - margin;
    if (dice_next(p->d) % 2 == 0) {
        write_line(p, top, dot * 2);
        top += dot * 2 * 11;
    }
    for (int32_t i = 0; i < columns; i++) {
        p->left  = margin + span * (float)i;
        p->right = p->left + span - margin;
        write_column(p, top, height - margin, dot);
    }
}

/* A title bar, a list at the left, buttons and text, as on a computer's or a telephone's screen. */
static void draw_screen(page *p, float dot)
{
    float width = (float)skc_image_width(p->image), height = (float)skc_image_height(p->image);
    float bar = dot * dice_between(p->d, 11, 18), side = width * dice_between(p->d, 0, 0.3F);
    paint_colour accent = paint_any(p->d), ink = p->ink;

    paint_box(p->image, 0, 0, side, height, paint_mix(p->paper, ink, 0.12F));
    paint_box(p->image, 0, 0, width, bar, accent);
    for (float y = bar * 1.4F; y < height && side > dot * 12; y += bar)
        paint_box(p->image, dot * 2, y, side - dot * 2, y + dot * 3,
                  paint_mix(p->paper, ink, 0.6F));
    p->left  = dot * 3;
    p->right = width;
    p->ink   = p->paper;
    write_line(p, dot * 2, dot);
    p->ink   = ink;
    p->left  = side + dot * 3;
    p->right = width - dot * 2;
    write_column(p, bar * 1.5F, height - bar * 1.5F, dot);
    for (int32_t i = 0; i < 3; i++)
        paint_box(p->image, p->left + bar * 3.5F * (float)i, height - bar * 1.2F,
                  p->left + bar * 3.5F * (float)i + bar * 3, height - bar * 0.3F,
                  i == 0 ? accent : paint_mix(p->paper, ink, 0.2F));
}

/* Paper brighter than ink, or the other way round; both may be tinted. */
static void choose_colours(page *p)
{
    paint_colour tint = paint_any(p->d);

    p->paper = paint_mix(paint_between(p->d, 205, 255), tint, dice_between(p->d, 0, 0.15F));
    p->ink   = paint_mix(paint_between(p->d, 0, 70), tint, dice_between(p->d, 0, 0.3F));
    if (dice_next(p->d) % 4 == 0) {
        paint_colour paper = p->paper;

        p->paper = p->ink;
        p->ink   = paper;
    }
}

/* A photograph of a page: uneven light and grain. */
static void photograph(skc_image *image, dice *d)
{
    uint8_t *pixels = skc_image_pixels_mutable(image);
    int32_t  width = skc_image_width(image), height = skc_image_height(image);
    float    across = dice_between(d, -0.2F, 0.2F), down = dice_between(d, -0.2F, 0.2F);

    for (int32_t i = 0; i < width * height * 3; i++) {
        float x = (float)(i / 3 % width) / (float)width, y = (float)(i / 3 / width) / (float)height;
        float light = 0.8F + across * (x - 0.5F) + down * (y - 0.5F);

        pixels[i] = (uint8_t)((float)pixels[i] * light);
    }
    paint_noise(image, (uint32_t)dice_next(d), dice_between(d, 0.5F, 4), 1, true);
}

/* Seven to sixty lines, each its letters' height apart. */
void bad_text(skc_image *image, dice *d)
{
    page    p     = { .image = image, .d = d };
    int32_t width = skc_image_width(image), height = skc_image_height(image);
    float   shorter = (float)(width < height ? width : height);
    float   lines = dice_between(d, 7, 40), dot = shorter / (lines * 11);

    choose_colours(&p);
    paint_box(image, 0, 0, (float)width, (float)height, p.paper);
    if (dice_next(d) % 3 == 0)
        draw_screen(&p, dot);
    else
        write_page(&p, dot);
    if (dice_next(d) % 3 == 0)
        photograph(image, d);
}

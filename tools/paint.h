/* paint.h - plain drawing into a picture: boxes, discs, lines, gradients and letters.
 * Everything is cut off at the picture's edges; coordinates are pixels. */
#ifndef SKC_TOOLS_PAINT_H
#define SKC_TOOLS_PAINT_H

#include "noise.h"
#include "skincnn.h"

typedef struct paint_colour {
    uint8_t rgb[3];
} paint_colour;

paint_colour paint_mix(paint_colour a, paint_colour b, float share_of_b);
paint_colour paint_any(dice *d);                                /* any colour at all */
paint_colour paint_between(dice *d, uint8_t low, uint8_t high); /* a grey of that range */

void paint_box(skc_image *image, float left, float top, float right, float bottom, paint_colour c);
void paint_disc(skc_image *image, float x, float y, float across, float down, paint_colour c);
void paint_line(skc_image *image, float x0, float y0, float x1, float y1, float width,
                paint_colour c);

typedef enum paint_shade { PAINT_LINEAR, PAINT_RADIAL, PAINT_SHADES } paint_shade;

/* Fills the picture with a gradient: along a direction in turns, or out of a point that lies in
 * that direction from the middle. */
void paint_gradient(skc_image *image, paint_shade shade, float turns, paint_colour from,
                    paint_colour to);

enum { PAINT_GLYPHS = 36, PAINT_GLYPH_WIDTH = 5, PAINT_GLYPH_HEIGHT = 7 };

/* Letter or digit number `glyph`, `dot` pixels a dot of its 5 x 7 raster. */
void paint_glyph(skc_image *image, int32_t glyph, float left, float top, float dot, paint_colour c);

/* Adds noise of that standard deviation in grey levels to every `grain` x `grain` pixels; each
 * channel has its own where `coloured`. */
void paint_noise(skc_image *image, uint32_t seed, float deviation, int32_t grain, bool coloured);

#endif

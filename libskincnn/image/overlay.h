/* overlay.h - reading a coarse map as a continuous one. */
#ifndef SKC_IMAGE_OVERLAY_H
#define SKC_IMAGE_OVERLAY_H

#include <stdint.h>

/* The map (height, width), whose cells cover a square of side 1, at (x, y) in 0..1: bilinear
 * between the middles of the cells, constant towards the edge from the outermost. */
float skc__map_at(const float *map, int32_t width, int32_t height, float x, float y);

#endif

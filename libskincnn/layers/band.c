/* band.c - rows of pixels on their way into a convolution: viewed, and with zeros around them. */
#include "layers/band.h"

#include <string.h>

skc_source skc__input_source(const skc_layer_io *io, int32_t k)
{
    return (skc_source){ .data = io->in[k].data, .shape = io->in[k].shape, .view = io->in[k].view };
}

skc_source skc__gradient_source(const skc_layer_io *io, const skc_layer_gradient *gradient)
{
    return (skc_source){ .data          = gradient->out,
                         .z             = io->out,
                         .shape         = io->out_shape,
                         .gradient_view = gradient->out_view };
}

bool skc__source_is_plain(const skc_source *source)
{
    return !source->view.on && !source->gradient_view.after.on;
}

static void fetch_gradient(const skc_kernels *kernels, const skc_source *source, size_t at,
                           size_t pixels, float *to)
{
    const skc_gradient_view *view = &source->gradient_view;
    const skc_masked_affine  map  = { view->a,           view->b,           view->d,
                                      view->after.scale, view->after.shift, view->after.low,
                                      view->after.high };

    kernels->masked_affine(pixels, (size_t)source->shape.c, &map, source->data + at, source->z + at,
                           to);
}

/* `pixels` pixels from value `at` on. */
static void fetch(const skc_kernels *kernels, const skc_source *source, size_t at, size_t pixels,
                  float *to)
{
    const skc_view *view = &source->view;
    const float    *from = source->data + at;
    size_t          c    = (size_t)source->shape.c;

    if (source->gradient_view.after.on)
        fetch_gradient(kernels, source, at, pixels, to);
    else if (!view->on)
        memcpy(to, from, pixels * c * sizeof *to);
    else if (view->scale == NULL)
        kernels->clamp(pixels * c, view->low, view->high, from, to);
    else
        kernels->affine_clamp(pixels, c, from, view->scale, view->shift, view->low, view->high, to);
}

static float *zeros(size_t pixels, size_t pixel_stride, float *to)
{
    memset(to, 0, pixels * pixel_stride * sizeof *to);
    return to + pixels * pixel_stride;
}

static float *fetch_row(const skc_kernels *kernels, const skc_source *source, size_t at,
                        size_t pixel_stride, float *to)
{
    size_t pixels = (size_t)source->shape.w, c = (size_t)source->shape.c;

    if (pixel_stride == c) {
        fetch(kernels, source, at, pixels, to);
        return to + pixels * c;
    }
    for (size_t i = 0; i < pixels; i++, to += pixel_stride)
        fetch(kernels, source, at + i * c, 1, to);
    return to;
}

void skc__fetch_rows(const skc_kernels *kernels, const skc_source *source, size_t picture,
                     int32_t first, int32_t count, int32_t left, int32_t right, size_t pixel_stride,
                     float *to)
{
    const skc_shape shape = source->shape;
    size_t          row   = (size_t)shape.w * (size_t)shape.c;
    size_t          wide  = (size_t)left + (size_t)shape.w + (size_t)right;

    for (int32_t i = first; i < first + count; i++) {
        if (i < 0 || i >= shape.h) {
            to = zeros(wide, pixel_stride, to);
            continue;
        }
        to = zeros((size_t)left, pixel_stride, to);
        to = fetch_row(kernels, source, (picture * (size_t)shape.h + (size_t)i) * row, pixel_stride,
                       to);
        to = zeros((size_t)right, pixel_stride, to);
    }
}

void skc__fetch_pixels(const skc_kernels *kernels, const skc_source *source, size_t begin,
                       size_t end, float *to)
{
    fetch(kernels, source, begin * (size_t)source->shape.c, end - begin, to);
}

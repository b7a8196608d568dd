/* band.c - rows of pixels on their way into a convolution: viewed, and with zeros around them. */
#include "layers/band.h"

#include <string.h>

#include "layers/pooling.h"

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
    return !source->view.on && !source->gradient_view.after.on && !source->unpooling.on;
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

/* ---------------------------------------------------------------- what was pooled */

/* Row `at` of the pool's gradient, counted through all pictures. */
static const float *pooled_row(const skc_kernels *kernels, const skc_source *source, size_t at)
{
    const skc_unpooling *u      = &source->unpooling;
    const size_t         pixels = (size_t)u->window.w.out;
    const size_t         first  = at * pixels * (size_t)source->shape.c;

    if (!source->gradient_view.after.on)
        return source->data + first;
    fetch_gradient(kernels, source, first, pixels, u->row);
    return u->row;
}

/* Adds what row i of the pool gives to rows first..end-1 of a picture, of `row` values each; `to`
 * is where the first pixel of row `first` goes. */
static void unpool_row(const skc_kernels *kernels, const skc_source *source, size_t picture,
                       int32_t i, int32_t first, int32_t end, size_t row, float *to)
{
    const skc_unpooling *u      = &source->unpooling;
    const skc_max_pool   g      = skc__pool_row(&u->window, source->shape.c);
    const skc_taps       down   = skc__taps(&u->window.h, i);
    const size_t         at     = picture * (size_t)u->window.h.out + (size_t)i;
    const size_t         values = (size_t)u->window.w.out * (size_t)source->shape.c;
    float               *rows[SKC_MAX_KERNEL];

    for (int32_t k = 0; k < u->window.h.kernel; k++) {
        const int32_t y = down.origin + k;

        rows[k] = k >= down.first && k < down.end && y >= first && y < end
                      ? to + (size_t)(y - first) * row
                      : NULL;
    }
    kernels->max_pool_backward(&g, u->chosen + at * values, pooled_row(kernels, source, at), rows);
}

/* As skc__fetch_rows. Row i of the pool reads rows i stride - before and `kernel` from there on. */
static void unpool_rows(const skc_kernels *kernels, const skc_source *source, size_t picture,
                        int32_t first, int32_t count, int32_t left, int32_t right, float *to)
{
    const skc_axis *down  = &source->unpooling.window.h;
    const size_t    c     = (size_t)source->shape.c;
    const size_t    row   = ((size_t)left + (size_t)source->shape.w + (size_t)right) * c;
    const int32_t   below = first + count + down->before, above = first + down->before;
    int32_t         i = above < down->kernel ? 0 : (above - down->kernel) / down->stride + 1;

    memset(to, 0, (size_t)count * row * sizeof *to);
    for (; i < down->out && i * down->stride < below; i++)
        unpool_row(kernels, source, picture, i, first, first + count, row, to + (size_t)left * c);
}

/* ---------------------------------------------------------------- rows and pixels */

void skc__fetch_rows(const skc_kernels *kernels, const skc_source *source, size_t picture,
                     int32_t first, int32_t count, int32_t left, int32_t right, size_t pixel_stride,
                     float *to)
{
    const skc_shape shape = source->shape;
    size_t          row   = (size_t)shape.w * (size_t)shape.c;
    size_t          wide  = (size_t)left + (size_t)shape.w + (size_t)right;

    if (source->unpooling.on) {
        unpool_rows(kernels, source, picture, first, count, left, right, to);
        return;
    }
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

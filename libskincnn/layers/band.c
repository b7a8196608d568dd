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

/* Where rows first..end-1 of a picture go, `row` values each, of which those before `left` and
 * behind the picture's are padding. */
typedef struct unpooled {
    int32_t first, end;
    size_t  row, left;
    float  *to;
    bool    adds;
} unpooled;

static float *unpooled_row(const unpooled *u, int32_t y)
{
    return u->to + (size_t)(y - u->first) * u->row;
}

/* A view that does more than cut is applied by itself. */
static const float *pooled_gradient(const skc_kernels *kernels, const skc_source *source, size_t at,
                                    skc_max_pool *g)
{
    const skc_gradient_view *view   = &source->gradient_view;
    const size_t             pixels = (size_t)source->unpooling.window.w.out;

    if (view->after.on && view->a == NULL && view->after.scale == NULL) {
        g->low  = view->after.low;
        g->high = view->after.high;
    } else if (view->after.on) {
        fetch_gradient(kernels, source, at, pixels, source->unpooling.row);
        return source->unpooling.row;
    }
    return source->data + at;
}

/* What row i of the pool gives. */
static void unpool_row(const skc_kernels *kernels, const skc_source *source, size_t picture,
                       int32_t i, bool disjoint, const unpooled *u)
{
    const skc_window *w    = &source->unpooling.window;
    const skc_taps    down = skc__taps(&w->h, i);
    const size_t      at =
        (picture * (size_t)w->h.out + (size_t)i) * (size_t)w->w.out * (size_t)source->shape.c;
    skc_max_pool g = skc__pool_row(w, source->shape.c);
    const float *dy;
    float       *rows[SKC_MAX_KERNEL];

    for (int32_t k = 0; k < w->h.kernel; k++) {
        const int32_t y      = down.origin + k;
        const bool    inside = k >= down.first && k < down.end && y >= u->first && y < u->end;

        rows[k] = inside ? unpooled_row(u, y) + u->left : NULL;
    }
    g.disjoint = disjoint;
    dy         = pooled_gradient(kernels, source, at, &g);
    kernels->max_pool_backward(&g, source->unpooling.chosen + at, source->z + at, dy, rows);
}

/* Clears rows begin..end-1, but for the `covered` values that will be written. */
static void clear_rows(const unpooled *u, int32_t begin, int32_t end, size_t covered)
{
    for (int32_t y = begin; y < end && !u->adds; y++) {
        float *row = unpooled_row(u, y);

        memset(row, 0, (covered > 0 ? u->left : u->row) * sizeof *row);
        if (covered > 0)
            memset(row + u->left + covered, 0, (u->row - u->left - covered) * sizeof *row);
    }
}

/* Windows that lie side by side: each pixel is under one, but for those behind the last ones. */
static bool side_by_side(const skc_axis *a)
{
    return a->kernel == a->stride && a->before == 0;
}

void skc__unpool_rows(const skc_kernels *kernels, const skc_source *source, size_t picture,
                      int32_t first, int32_t count, int32_t left, int32_t right, bool accumulate,
                      float *to)
{
    const skc_window *w = &source->unpooling.window;
    const size_t      c = (size_t)source->shape.c, width = (size_t)w->w.in;
    const bool        disjoint = side_by_side(&w->h) && side_by_side(&w->w) && !accumulate;
    const size_t      reached  = (size_t)w->w.out * (size_t)w->w.stride;
    const size_t      covered  = disjoint ? (reached < width ? reached : width) * c : 0;
    const unpooled    u        = {
                  first, first + count, ((size_t)left + width + (size_t)right) * c, (size_t)left * c,
                  to,    accumulate
    };
    const int32_t above = first + w->h.before - w->h.kernel;
    int32_t       done  = first;

    for (int32_t i = above < 0 ? 0 : above / w->h.stride + 1; i < w->h.out; i++) {
        const int32_t top = i * w->h.stride - w->h.before;
        int32_t       end = top + w->h.kernel < w->h.in ? top + w->h.kernel : w->h.in;

        if (top >= u.end)
            break;
        end = end < u.end ? end : u.end;
        if (done < 0 && disjoint) { /* rows above the picture */
            clear_rows(&u, done, 0, 0);
            done = 0;
        }
        clear_rows(&u, done, end, covered);
        done = end > done ? end : done;
        unpool_row(kernels, source, picture, i, disjoint, &u);
    }
    clear_rows(&u, done, u.end, 0);
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
        skc__unpool_rows(kernels, source, picture, first, count, left, right, false, to);
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

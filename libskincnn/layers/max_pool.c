/* max_pool.c - the largest number under a sliding window, per channel; padding is never chosen. */
#include "layers/geometry.h"

#include <string.h>

static const skc_field fields[] = {
    { "kernel", SKC_FIELD_PAIR, offsetof(skc_window_options, kernel), true, 0, 1, SKC_MAX_KERNEL,
      "height and width in pixels" },
    { "stride", SKC_FIELD_PAIR, offsetof(skc_window_options, stride), false, 0, 0, SKC_MAX_STEP,
      "pixels from one window to the next; 0: as kernel" },
    { "padding", SKC_FIELD_PADDING, offsetof(skc_window_options, padding), false, 0, 0,
      SKC_MAX_STEP, "same, valid, or pixels around the input" },
    { "ceil_mode", SKC_FIELD_BOOL, offsetof(skc_window_options, ceil_mode), false, 0, 0, 1,
      "a last window may hang over the edge" },
    { .name = NULL }
};

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    skc_shape  shape;
    skc_status status = skc__pool_shape("max_pool", options, in[0], &shape, err);

    (void)n_in;
    if (status != SKC_OK)
        return status;
    if ((int64_t)in[0].h * in[0].w > INT32_MAX)
        return skc__fail(err, SKC_ELIMIT, "max_pool: %dx%d pixels; at most %d in all", in[0].h,
                         in[0].w, INT32_MAX);
    *out = (skc_layer_plan){ .out = shape };
    if (context->training)
        out->saved_bytes = skc__shape_count(shape) * sizeof(int32_t);
    return SKC_OK;
}

/* best = x where x is larger, or NaN: a network that diverged shall show it. */
static void take_larger(size_t c, const float *x, float *best)
{
    for (size_t i = 0; i < c; i++)
        best[i] = x[i] > best[i] || x[i] != x[i] ? x[i] : best[i];
}

/* The same, noting in `chosen` the pixels that the numbers came from. */
static void choose_larger(size_t c, const float *x, int32_t pixel, float *best, int32_t *chosen)
{
    for (size_t i = 0; i < c; i++) {
        bool take = x[i] > best[i] || x[i] != x[i];
        best[i]   = take ? x[i] : best[i];
        chosen[i] = take ? pixel : chosen[i];
    }
}

/* One output pixel y (c). x: the picture; chosen (c): NULL unless training. */
static void pool_pixel(const skc_input *in, const float *x, skc_taps down, skc_taps across,
                       float *y, int32_t *chosen)
{
    size_t  c    = (size_t)in->shape.c;
    int32_t left = across.origin + across.first, right = across.origin + across.end;
    int32_t top = down.origin + down.first, bottom = down.origin + down.end;
    int32_t corner = top * in->shape.w + left;

    memcpy(y, x + (size_t)corner * c, c * sizeof *y);
    for (size_t i = 0; i < c && chosen != NULL; i++)
        chosen[i] = corner;
    for (int32_t row = top; row < bottom; row++)
        for (int32_t column = left; column < right; column++) {
            int32_t pixel = row * in->shape.w + column;
            if (chosen != NULL)
                choose_larger(c, x + (size_t)pixel * c, pixel, y, chosen);
            else
                take_larger(c, x + (size_t)pixel * c, y);
        }
}

/* Output rows begin..end-1, counted through all pictures. */
static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io     = call->io;
    const skc_input    *in     = &io->in[0];
    skc_window          window = skc__window(call->config, in->shape);
    size_t              c = (size_t)in->shape.c, rows = (size_t)window.h.out;
    size_t              at     = begin * (size_t)window.w.out * c;
    int32_t            *chosen = io->saved;

    (void)part;
    for (size_t row = begin; row < end; row++) {
        const float *x    = in->data + row / rows * skc__picture(in->shape);
        skc_taps     down = skc__taps(&window.h, (int32_t)(row % rows));
        for (int32_t i = 0; i < window.w.out; i++, at += c)
            pool_pixel(in, x, down, skc__taps(&window.w, i), io->out + at,
                       chosen != NULL ? chosen + at : NULL);
    }
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call                  call = { options, io, NULL };
    const skc_window_options *o    = options;
    size_t                    rows = (size_t)io->out_shape.n * (size_t)io->out_shape.h;
    size_t work = (size_t)io->out_shape.w * (size_t)io->out_shape.c * (size_t)o->kernel[0] *
                  (size_t)o->kernel[1];

    skc__split(&call, skc__parts(io->threads, rows, work), rows, forward_part);
}

/* Pictures begin..end-1. */
static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    const int32_t            *chosen   = io->saved;
    size_t x_size = skc__picture(io->in[0].shape), y_size = skc__picture(io->out_shape);
    size_t c = (size_t)io->out_shape.c;

    (void)part;
    if (!gradient->accumulate[0])
        memset(gradient->in[0] + begin * x_size, 0, (end - begin) * x_size * sizeof(float));
    for (size_t at = begin * y_size; at < end * y_size; at += c) {
        float *dx = gradient->in[0] + at / y_size * x_size;
        for (size_t i = 0; i < c; i++)
            dx[(size_t)chosen[at + i] * c + i] += gradient->out[at + i];
    }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call = { options, io, gradient };
    size_t   n    = (size_t)io->out_shape.n;

    if (gradient->in[0] != NULL)
        skc__split(&call, skc__parts(io->threads, n, skc__picture(io->in[0].shape)), n,
                   backward_part);
}

static const char *const probes[] = {
    "{\"inputs\": [[2, 5, 7, 3]], \"kernel\": 2}",
    "{\"inputs\": [[3, 6, 5, 2]], \"kernel\": [3, 2], \"stride\": [2, 1],"
    " \"padding\": [1, 0, 0, 1]}",
    "{\"inputs\": [[2, 6, 7, 3]], \"kernel\": 3, \"stride\": 2, \"padding\": \"same\"}",
    "{\"inputs\": [[1, 7, 6, 3]], \"kernel\": 3, \"stride\": 2, \"ceil_mode\": true}",
    NULL,
};

const skc_layer_ops skc__layer_max_pool = {
    .name        = "max_pool",
    .summary     = "largest number under a sliding window",
    .config_size = sizeof(skc_window_options),
    .fields      = fields,
    .min_inputs  = 1,
    .max_inputs  = 1,
    .infer       = infer,
    .forward     = forward,
    .backward    = backward,
    .probes      = probes,
};

/* avg_pool.c - the mean of the numbers under a sliding window, per channel. */
#include "layers/geometry.h"

#include <string.h>

typedef struct avg_pool {
    skc_window_options window;
    bool               count_include_pad;
} avg_pool;

static const skc_field fields[] = {
    { "kernel", SKC_FIELD_PAIR, offsetof(avg_pool, window.kernel), true, 0, 1, SKC_MAX_KERNEL,
      "height and width in pixels" },
    { "stride", SKC_FIELD_PAIR, offsetof(avg_pool, window.stride), false, 0, 0, SKC_MAX_STEP,
      "pixels from one window to the next; 0: as kernel" },
    { "padding", SKC_FIELD_PADDING, offsetof(avg_pool, window.padding), false, 0, 0, SKC_MAX_STEP,
      "same, valid, or pixels of zeros around the input" },
    { "ceil_mode", SKC_FIELD_BOOL, offsetof(avg_pool, window.ceil_mode), false, 0, 0, 1,
      "a last window may hang over the edge" },
    { "count_include_pad", SKC_FIELD_BOOL, offsetof(avg_pool, count_include_pad), false, 0, 0, 1,
      "the zeros of the padding count in the mean" },
    { .name = NULL }
};

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    const avg_pool *config = options;
    skc_shape       shape;
    skc_status      status = skc__pool_shape("avg_pool", &config->window, in[0], &shape, err);

    (void)n_in, (void)context;
    if (status == SKC_OK)
        *out = (skc_layer_plan){ .out = shape };
    return status;
}

/* Numbers along one axis that the mean divides by; what hangs over the padding never counts. */
static int32_t counted(const skc_axis *axis, skc_taps taps, bool padding)
{
    int32_t end = axis->in + axis->after - taps.origin;

    if (!padding)
        return taps.end - taps.first;
    return end < axis->kernel ? end : axis->kernel;
}

/* One output pixel: where its window lies and what each of its numbers is worth. */
typedef struct place {
    int32_t top, bottom, left, right;
    float   share;
} place;

static place find_place(const avg_pool *config, const skc_window *window, int32_t row,
                        int32_t column)
{
    skc_taps down = skc__taps(&window->h, row), across = skc__taps(&window->w, column);
    int32_t  count = counted(&window->h, down, config->count_include_pad) *
                    counted(&window->w, across, config->count_include_pad);

    return (place){ down.origin + down.first, down.origin + down.end, across.origin + across.first,
                    across.origin + across.end, 1 / (float)count };
}

/* y (c): the mean over a place of the picture x. */
static void pool_pixel(const skc_layer_io *io, const float *x, place p, float *y)
{
    size_t width = (size_t)io->in[0].shape.w, c = (size_t)io->in[0].shape.c;

    memset(y, 0, c * sizeof *y);
    for (int32_t row = p.top; row < p.bottom; row++)
        for (int32_t column = p.left; column < p.right; column++)
            io->kernels->add(c, y, x + ((size_t)row * width + (size_t)column) * c, y);
    io->kernels->scale(c, p.share, y);
}

/* Output rows begin..end-1, counted through all pictures. */
static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io     = call->io;
    const skc_input    *in     = &io->in[0];
    const avg_pool     *config = call->config;
    skc_window          window = skc__window(&config->window, in->shape);
    size_t              rows = (size_t)window.h.out, c = (size_t)in->shape.c;
    float              *y = io->out + begin * (size_t)window.w.out * c;

    (void)part;
    for (size_t at = begin; at < end; at++)
        for (int32_t column = 0; column < window.w.out; column++, y += c)
            pool_pixel(io, in->data + at / rows * skc__picture(in->shape),
                       find_place(config, &window, (int32_t)(at % rows), column), y);
}

static size_t window_area(const avg_pool *config)
{
    return (size_t)config->window.kernel[0] * (size_t)config->window.kernel[1];
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call = { options, io, NULL };
    size_t   rows = (size_t)io->out_shape.n * (size_t)io->out_shape.h;
    size_t   work = (size_t)io->out_shape.w * (size_t)io->out_shape.c * window_area(options);

    skc__split(&call, skc__parts(io->threads, rows, work), rows, forward_part);
}

/* The way back of pool_pixel, for the gradient dx of a picture. */
static void spread_pixel(const skc_layer_io *io, const float *dy, place p, float *dx)
{
    size_t width = (size_t)io->in[0].shape.w, c = (size_t)io->in[0].shape.c;

    for (int32_t row = p.top; row < p.bottom; row++)
        for (int32_t column = p.left; column < p.right; column++)
            io->kernels->axpy(c, p.share, dy, dx + ((size_t)row * width + (size_t)column) * c);
}

/* Pictures begin..end-1. */
static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    const avg_pool           *config   = call->config;
    skc_window                window   = skc__window(&config->window, io->in[0].shape);
    size_t                    x_size = skc__picture(io->in[0].shape), c = (size_t)io->out_shape.c;
    const float              *dy = gradient->out + begin * skc__picture(io->out_shape);

    (void)part;
    if (!gradient->accumulate[0])
        memset(gradient->in[0] + begin * x_size, 0, (end - begin) * x_size * sizeof(float));
    for (size_t picture = begin; picture < end; picture++)
        for (int32_t row = 0; row < window.h.out; row++)
            for (int32_t column = 0; column < window.w.out; column++, dy += c)
                spread_pixel(io, dy, find_place(config, &window, row, column),
                             gradient->in[0] + picture * x_size);
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call = { options, io, gradient };
    size_t   n    = (size_t)io->out_shape.n;

    if (gradient->in[0] != NULL)
        skc__split(&call,
                   skc__parts(io->threads, n, skc__picture(io->out_shape) * window_area(options)),
                   n, backward_part);
}

static const char *const probes[] = {
    "{\"inputs\": [[2, 5, 7, 3]], \"kernel\": 2}",
    "{\"inputs\": [[3, 6, 5, 2]], \"kernel\": [3, 2], \"stride\": [2, 1],"
    " \"padding\": [1, 0, 0, 1], \"count_include_pad\": true}",
    "{\"inputs\": [[2, 6, 7, 3]], \"kernel\": 3, \"stride\": 2, \"padding\": \"same\"}",
    "{\"inputs\": [[1, 7, 6, 3]], \"kernel\": 3, \"stride\": 2, \"ceil_mode\": true,"
    " \"padding\": 1, \"count_include_pad\": true}",
    NULL,
};

const skc_layer_ops skc__layer_avg_pool = {
    .name        = "avg_pool",
    .summary     = "mean of the numbers under a sliding window",
    .config_size = sizeof(avg_pool),
    .fields      = fields,
    .min_inputs  = 1,
    .max_inputs  = 1,
    .infer       = infer,
    .forward     = forward,
    .backward    = backward,
    .probes      = probes,
};

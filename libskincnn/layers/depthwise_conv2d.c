/* depthwise_conv2d.c - convolution of each channel with a kernel of its own, row by row. */
#include "layers/geometry.h"

#include <string.h>

typedef struct depthwise_conv2d {
    skc_window_options window;
    bool               bias;
} depthwise_conv2d;

static const skc_field fields[] = {
    { "kernel", SKC_FIELD_PAIR, offsetof(depthwise_conv2d, window.kernel), true, 0, 1,
      SKC_MAX_KERNEL, "height and width in pixels" },
    { "stride", SKC_FIELD_PAIR, offsetof(depthwise_conv2d, window.stride), false, 1, 1,
      SKC_MAX_STEP, "pixels from one window to the next" },
    { "dilation", SKC_FIELD_PAIR, offsetof(depthwise_conv2d, window.dilation), false, 1, 1,
      SKC_MAX_STEP, "pixels from one tap of the kernel to the next" },
    { "padding", SKC_FIELD_PADDING, offsetof(depthwise_conv2d, window.padding), false, 0, 0,
      SKC_MAX_STEP, "same, valid, or pixels of zeros around the input" },
    { "bias", SKC_FIELD_BOOL, offsetof(depthwise_conv2d, bias), false, 1, 0, 1,
      "adds a number per channel" },
    { .name = NULL }
};

/* How one call is cut. */
typedef struct tiling {
    skc_window    window;
    skc_depthwise row; /* what a kernel must know of one output row */
    size_t        c, taps, pictures;
    size_t        x_row, x_picture; /* values of a row and a picture of x */
    size_t        y_row, y_picture;
} tiling;

static tiling make_tiling(const depthwise_conv2d *config, skc_shape in)
{
    skc_window w = skc__window(&config->window, in);
    tiling     t = { .window = w, .c = (size_t)in.c, .pictures = (size_t)in.n };

    t.row       = (skc_depthwise){ .channels  = in.c,
                                   .width_in  = w.w.in,
                                   .width_out = w.w.out,
                                   .kernel_h  = w.h.kernel,
                                   .kernel_w  = w.w.kernel,
                                   .stride    = w.w.stride,
                                   .dilation  = w.w.dilation,
                                   .pad_left  = w.w.before };
    t.taps      = (size_t)w.h.kernel * (size_t)w.w.kernel;
    t.x_row     = (size_t)w.w.in * t.c;
    t.x_picture = (size_t)w.h.in * t.x_row;
    t.y_row     = (size_t)w.w.out * t.c;
    t.y_picture = (size_t)w.h.out * t.y_row;
    return t;
}

/* Backward splits by picture, so that no two threads add to the same pixel of dx. */
static int32_t backward_parts(const tiling *t, int32_t threads)
{
    return skc__parts(threads, t->pictures, t->y_picture * t->taps);
}

/* Backward's scratch: a bias gradient for each part, and a weight gradient for each part but the
 * first, which adds to the result itself. */
static size_t backward_bytes(const tiling *t, int32_t parts)
{
    size_t n = (size_t)parts;

    return n * t->c * sizeof(double) + (n - 1) * t->taps * t->c * sizeof(float);
}

static float *weight_copies_of(const tiling *t, void *scratch, int32_t parts)
{
    return (float *)((double *)scratch + (size_t)parts * t->c);
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    const depthwise_conv2d *config = options;
    int32_t    extent[4] = { 1, config->window.kernel[0], config->window.kernel[1], in[0].c };
    skc_shape  shape;
    tiling     t;
    skc_status status =
        skc__window_shape("depthwise_conv2d", &config->window, in[0], in[0].c, &shape, err);

    (void)n_in;
    if (status != SKC_OK)
        return status;
    if (skc__shape_count((skc_shape){ extent[0], extent[1], extent[2], extent[3] }) == 0)
        return skc__fail(err, SKC_ELIMIT,
                         "depthwise_conv2d: %dx%d weights for %d channels; at most %zu", extent[1],
                         extent[2], extent[3], SKC_MAX_ELEMENTS);
    t    = make_tiling(config, in[0]);
    *out = (skc_layer_plan){
        .out         = shape,
        .param_count = config->bias ? 2 : 1,
        .param       = { skc__weight_spec(4, extent, (int32_t)t.taps),
                         skc__vector_spec("bias", in[0].c, SKC_TRAINED, 0) },
        .macs        = (uint64_t)skc__shape_count(shape) * t.taps,
    };
    if (context->training)
        out->scratch_bytes = backward_bytes(&t, backward_parts(&t, context->threads));
    return SKC_OK;
}

/* ---------------------------------------------------------------- forward */

/* The input rows under output row `at` of a picture x; NULL outside. */
static void find_rows(const tiling *t, const float *x, size_t at, const float **rows)
{
    skc_taps taps = skc__taps(&t->window.h, (int32_t)at);

    for (int32_t k = 0; k < t->window.h.kernel; k++)
        rows[k] = k >= taps.first && k < taps.end
                      ? x + (size_t)(taps.origin + k * t->window.h.dilation) * t->x_row
                      : NULL;
}

/* Output rows begin..end-1, counted through all pictures. */
static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io     = call->io;
    tiling              t      = make_tiling(call->config, io->in[0].shape);
    size_t              height = (size_t)t.window.h.out;
    const float        *rows[SKC_MAX_KERNEL];

    (void)part;
    for (size_t at = begin; at < end; at++) {
        find_rows(&t, io->in[0].data + at / height * t.x_picture, at % height, rows);
        io->kernels->depthwise_forward(&t.row, rows, io->param[0], io->param[1], io->low, io->high,
                                       io->out + at * t.y_row);
    }
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call = { options, io, NULL };
    tiling   t    = make_tiling(options, io->in[0].shape);
    size_t   rows = t.pictures * (size_t)t.window.h.out;

    skc__split(&call, skc__parts(io->threads, rows, t.y_row * t.taps), rows, forward_part);
}

/* ---------------------------------------------------------------- backward */

static void backward_weights(const skc_call *call, const tiling *t, size_t picture, float *dw)
{
    const float *x  = call->io->in[0].data + picture * t->x_picture;
    const float *dy = call->gradient->out + picture * t->y_picture;
    const float *rows[SKC_MAX_KERNEL];

    for (size_t at = 0; at < (size_t)t->window.h.out; at++, dy += t->y_row) {
        find_rows(t, x, at, rows);
        call->io->kernels->depthwise_backward_weights(&t->row, rows, dy, dw);
    }
}

static void backward_data(const skc_call *call, const tiling *t, size_t picture)
{
    const float *dy = call->gradient->out + picture * t->y_picture;
    float       *dx = call->gradient->in[0] + picture * t->x_picture;
    float       *rows[SKC_MAX_KERNEL];

    if (!call->gradient->accumulate[0])
        memset(dx, 0, t->x_picture * sizeof *dx);
    for (int32_t at = 0; at < t->window.h.out; at++, dy += t->y_row) {
        skc_taps taps = skc__taps(&t->window.h, at);

        for (int32_t k = 0; k < t->window.h.kernel; k++)
            rows[k] = k >= taps.first && k < taps.end
                          ? dx + (size_t)(taps.origin + k * t->window.h.dilation) * t->x_row
                          : NULL;
        call->io->kernels->depthwise_backward_data(&t->row, dy, call->io->param[0], rows);
    }
}

static void backward_bias(const skc_call *call, const tiling *t, size_t begin, size_t end,
                          double *sums)
{
    memset(sums, 0, t->c * sizeof *sums);
    call->io->kernels->column_sums((end - begin) * (t->y_picture / t->c), t->c,
                                   call->gradient->out + begin * t->y_picture, sums);
}

/* Pictures begin..end-1. */
static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    tiling                    t        = make_tiling(call->config, io->in[0].shape);
    size_t                    weights  = t.taps * t.c;
    float                    *dw       = gradient->param[0];

    if (dw != NULL && part > 0) {
        dw = weight_copies_of(&t, io->scratch, backward_parts(&t, io->threads)) +
             (size_t)(part - 1) * weights;
        memset(dw, 0, weights * sizeof *dw);
    }
    for (size_t picture = begin; picture < end; picture++) {
        if (dw != NULL)
            backward_weights(call, &t, picture, dw);
        if (gradient->in[0] != NULL)
            backward_data(call, &t, picture);
    }
    if (gradient->param[1] != NULL)
        backward_bias(call, &t, begin, end, (double *)io->scratch + (size_t)part * t.c);
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call     call    = { options, io, gradient };
    tiling       t       = make_tiling(options, io->in[0].shape);
    int32_t      parts   = backward_parts(&t, io->threads);
    size_t       weights = t.taps * t.c;
    const float *copy    = weight_copies_of(&t, io->scratch, parts);

    skc__split(&call, parts, t.pictures, backward_part);
    for (int32_t i = 1; i < parts && gradient->param[0] != NULL; i++, copy += weights)
        io->kernels->add(weights, gradient->param[0], copy, gradient->param[0]);
    if (gradient->param[1] != NULL)
        skc__reduce(parts, t.c, io->scratch, gradient->param[1]);
}

/* ---------------------------------------------------------------- folding */

static void add_bias(void *options)
{
    ((depthwise_conv2d *)options)->bias = true;
}

static void absorb_affine(const void *options, float *const *param, int32_t channels,
                          const skc_layer_plan *plan, const float *scale, const float *shift)
{
    size_t c    = (size_t)channels;
    size_t taps = (size_t)plan->param[0].extent[1] * (size_t)plan->param[0].extent[2];

    (void)options;
    for (size_t i = 0; i < taps * c; i++)
        param[0][i] *= scale[i % c];
    for (size_t i = 0; i < c; i++)
        param[1][i] = param[1][i] * scale[i] + shift[i];
}

static const char *const probes[] = {
    "{\"inputs\": [[2, 5, 7, 3]], \"kernel\": 3}",
    "{\"inputs\": [[3, 6, 5, 3]], \"kernel\": [2, 3], \"padding\": \"same\", \"bias\": "
    "false}",
    "{\"inputs\": [[2, 7, 6, 5]], \"kernel\": 3, \"stride\": 2, \"padding\": \"same\"}",
    "{\"inputs\": [[1, 9, 7, 2]], \"kernel\": [2, 3], \"stride\": [1, 2],"
    " \"dilation\": [3, 2], \"padding\": [2, 0, 1, 3]}",
    NULL,
};

const skc_layer_ops skc__layer_depthwise_conv2d = {
    .name           = "depthwise_conv2d",
    .summary        = "convolution of each channel with a kernel of its own",
    .config_size    = sizeof(depthwise_conv2d),
    .fields         = fields,
    .min_inputs     = 1,
    .max_inputs     = 1,
    .backward_reads = SKC_BACKWARD_READS_INPUT,
    .infer          = infer,
    .forward        = forward,
    .backward       = backward,
    .add_bias       = add_bias,
    .absorb_affine  = absorb_affine,
    .absorbs_clamp  = true,
    .probes         = probes,
};

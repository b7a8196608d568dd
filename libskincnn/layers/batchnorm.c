/* batchnorm.c - batch normalisation per channel (Ioffe and Szegedy, ICML 2015).
 *
 * Training uses mean and (biased) variance of the whole batch; the running variance that inference
 * uses is unbiased, as in PyTorch. Forward and backward are affine in x and dy once a few numbers
 * per channel are known. In training these are kept, so that neighbours can apply them and neither
 * y nor dx need be stored.
 */
#include "layers/geometry.h"
#include "layers/tally.h"

#include <math.h>
#include <string.h>

enum { SCALE, SHIFT, MEAN, VARIANCE };

typedef struct batchnorm {
    float epsilon, momentum;
} batchnorm;

static const skc_field fields[] = {
    { "epsilon", SKC_FIELD_FLOAT, offsetof(batchnorm, epsilon), false, 1e-5, 1e-12, 1,
      "added to the variance" },
    { "momentum", SKC_FIELD_FLOAT, offsetof(batchnorm, momentum), false, 0.9, 0, 1,
      "share of the old running statistics that a training step keeps" },
    { .name = NULL }
};

/* Numbers per channel: in `saved`, at inference in scratch. */
enum { NUMBERS = 7 };

typedef struct numbers {
    float *mean, *inverse; /* 1 / deviation */
    float *scale, *shift;  /* y = x scale + shift */
    float *a, *b, *d;      /* dx = a dy + b x + d, dy without what the clamp cut */
} numbers;

static numbers numbers_at(void *base, size_t c)
{
    float *at = base;

    return (numbers){ at, at + c, at + 2 * c, at + 3 * c, at + 4 * c, at + 5 * c, at + 6 * c };
}

static numbers numbers_of(const skc_layer_io *io)
{
    return numbers_at(io->saved != NULL ? io->saved : io->scratch, (size_t)io->out_shape.c);
}

/* In `saved` the numbers come first, then the tally, at a whole cache line. */
static size_t numbers_bytes(size_t c)
{
    return (NUMBERS * c * sizeof(float) + 63) / 64 * 64;
}

static skc_tally as_tally(void *saved, int32_t channels, int32_t threads)
{
    size_t    c     = (size_t)channels;
    skc_tally tally = skc__tally_at((char *)saved + numbers_bytes(c), threads, c);

    tally.mean = numbers_at(saved, c).mean;
    return tally;
}

static skc_tally tally_of(const skc_layer_io *io)
{
    return as_tally(io->saved, io->out_shape.c, io->threads);
}

/* Whether the layer before, or the one behind, has made the sums. */
static bool is_counted(const skc_layer_io *io, const skc_tally *tally)
{
    return io->tallied && skc__tally_pixels(tally) == skc__pixels(io->out_shape);
}

static int32_t parts_of(int32_t threads, skc_shape shape)
{
    return skc__parts(threads, skc__pixels(shape), (size_t)shape.c);
}

static bool is_clamped(const skc_layer_io *io)
{
    return io->low > -INFINITY || io->high < INFINITY;
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    size_t c     = (size_t)in[0].c;
    size_t parts = (size_t)parts_of(context->threads, in[0]);
    size_t tally = skc__tally_bytes(context->threads, c);

    (void)options, (void)n_in, (void)err;
    *out = (skc_layer_plan){
        .out         = in[0],
        .param_count = 4,
        .param       = { skc__vector_spec("scale", in[0].c, SKC_TRAINED, 1),
                         skc__vector_spec("shift", in[0].c, SKC_TRAINED, 0),
                         skc__vector_spec("mean", in[0].c, SKC_STATISTIC, 0),
                         skc__vector_spec("variance", in[0].c, SKC_STATISTIC, 1) },
        .saved_bytes = context->training ? numbers_bytes(c) + tally : 0,
        /* a block of gradients for each part or, at inference, the numbers */
        .scratch_bytes =
            context->training ? parts * skc__block(c) * c * sizeof(float) : numbers_bytes(c),
        .macs = skc__shape_count(in[0]),
    };
    return SKC_OK;
}

/* ---------------------------------------------------------------- forward */

static void moments_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io    = call->io;
    const float        *x     = io->in[0].data;
    const skc_tally     tally = tally_of(io);

    skc__tally_moments(&tally, io->kernels, part, end - begin, x + begin * (size_t)io->out_shape.c,
                       x);
}

static float blend(float momentum, float old, double value)
{
    return (float)((double)momentum * old + (1 - (double)momentum) * value);
}

/* Statistics of the batch into n; new running statistics into io->stat. */
static void batch_statistics(const skc_call *call, const numbers *n)
{
    const batchnorm    *config = call->config;
    const skc_layer_io *io     = call->io;
    size_t              rows = skc__pixels(io->out_shape), c = (size_t)io->out_shape.c;
    const skc_tally     tally = tally_of(io);
    const double       *sums;

    if (!is_counted(io, &tally)) {
        skc__tally_clear(&tally);
        skc__split(call, parts_of(io->threads, io->out_shape), rows, moments_part);
    }
    sums = skc__tally_moments_sum(&tally);
    for (size_t i = 0; i < c; i++) {
        double offset   = sums[i] / (double)rows;
        double mean     = (double)tally.about[i] + offset;
        double variance = sums[c + i] / (double)rows - offset * offset;
        double unbiased = rows > 1 ? (double)rows / (double)(rows - 1) : 1;

        variance      = variance > 0 || isnan(variance) ? variance : 0;
        n->mean[i]    = (float)mean;
        n->inverse[i] = (float)(1 / sqrt(variance + config->epsilon));
        if (io->stat[MEAN] != NULL)
            io->stat[MEAN][i] = blend(config->momentum, io->param[MEAN][i], mean);
        if (io->stat[VARIANCE] != NULL)
            io->stat[VARIANCE][i] =
                blend(config->momentum, io->param[VARIANCE][i], variance * unbiased);
    }
}

static void running_statistics(const skc_call *call, const numbers *n)
{
    const batchnorm    *config = call->config;
    const float *const *param  = call->io->param;

    for (size_t i = 0; i < (size_t)call->io->out_shape.c; i++) {
        n->mean[i]    = param[MEAN][i];
        n->inverse[i] = 1 / sqrtf(param[VARIANCE][i] + config->epsilon);
    }
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io = call->io;
    size_t              c  = (size_t)io->out_shape.c;
    numbers             n  = numbers_of(io);

    (void)part;
    io->kernels->affine_clamp(end - begin, c, io->in[0].data + begin * c, n.scale, n.shift, io->low,
                              io->high, io->out + begin * c);
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call = { options, io, NULL };
    numbers  n    = numbers_of(io);

    if (io->training)
        batch_statistics(&call, &n);
    else
        running_statistics(&call, &n);
    for (size_t i = 0; i < (size_t)io->out_shape.c; i++) {
        n.scale[i] = io->param[SCALE][i] * n.inverse[i];
        n.shift[i] = io->param[SHIFT][i] - n.mean[i] * n.scale[i];
    }
    if (io->out != NULL)
        skc__split(&call, parts_of(io->threads, io->out_shape), skc__pixels(io->out_shape),
                   forward_part);
}

/* ---------------------------------------------------------------- backward */

static skc_masked_affine map_of(const skc_layer_io *io, const numbers *n)
{
    return (skc_masked_affine){ n->a, n->b, n->d, n->scale, n->shift, io->low, io->high };
}

static void products_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io    = call->io;
    const size_t        first = begin * (size_t)io->out_shape.c;
    const numbers       n     = numbers_of(io);
    const skc_tally     tally = tally_of(io);
    const skc_view      view  = { true, n.scale, n.shift, io->low, io->high };

    skc__tally_products(&tally, io->kernels, part, end - begin, &view, io->in[0].data + first,
                        call->gradient->out + first);
}

/* Where there is a clamp and a gradient to add to, by way of blocks. */
static void add_data(const skc_layer_io *io, const skc_masked_affine *map, size_t rows,
                     const float *dy, const float *x, float *block, float *dx)
{
    size_t c = (size_t)io->out_shape.c, most = skc__block(c);

    for (size_t at = 0; at < rows; at += most, dy += most * c, x += most * c, dx += most * c) {
        size_t count = rows - at < most ? rows - at : most;

        io->kernels->masked_affine(count, c, map, dy, x, block);
        io->kernels->add(count * c, dx, block, dx);
    }
}

static void data_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io = call->io;
    size_t              c  = (size_t)io->out_shape.c;
    const float        *x = io->in[0].data + begin * c, *dy = call->gradient->out + begin * c;
    float              *dx  = call->gradient->in[0] + begin * c;
    bool                add = call->gradient->accumulate[0];
    numbers             n   = numbers_of(io);
    skc_masked_affine   map = map_of(io, &n);

    if (!is_clamped(io))
        io->kernels->affine_pair(end - begin, c, n.a, dy, n.b, x, n.d, add, dx);
    else if (!add)
        io->kernels->masked_affine(end - begin, c, &map, dy, x, dx);
    else
        add_data(io, &map, end - begin, dy, x,
                 (float *)io->scratch + (size_t)part * skc__block(c) * c, dx);
}

/* With z = (x - mean) inverse and m rows: dx = scale inverse (dy - sum(dy) / m - z sum(dy z) / m),
 * written as a dy + b x + d. With running statistics only the first term is there. */
static void data_coefficients(const skc_layer_io *io, const double *sums, const numbers *n)
{
    size_t c    = (size_t)io->out_shape.c;
    double rows = (double)skc__pixels(io->out_shape);

    for (size_t i = 0; i < c; i++) {
        double a = n->scale[i], b = 0, d = 0;

        if (io->training) {
            b = -a * n->inverse[i] * n->inverse[i] * sums[c + i] / rows;
            d = -a * sums[i] / rows - b * n->mean[i];
        }
        n->a[i] = (float)a;
        n->b[i] = (float)b;
        n->d[i] = (float)d;
    }
}

/* Sums of dy and dy (x - mean), dy without what the clamp cut; NULL: nobody needs them. */
static const double *sum_products(const skc_call *call)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    const skc_tally           tally    = tally_of(io);

    if (!io->training && gradient->param[SCALE] == NULL && gradient->param[SHIFT] == NULL)
        return NULL;
    if (!is_counted(io, &tally)) {
        skc__tally_clear(&tally);
        skc__split(call, parts_of(io->threads, io->out_shape), skc__pixels(io->out_shape),
                   products_part);
    }
    return skc__tally_products_sum(&tally);
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call      call = { options, io, gradient };
    size_t        c    = (size_t)io->out_shape.c;
    const numbers n    = numbers_of(io);
    const double *sums = sum_products(&call);

    for (size_t i = 0; i < c && gradient->param[SCALE] != NULL; i++)
        gradient->param[SCALE][i] += (float)(sums[c + i] * n.inverse[i]);
    for (size_t i = 0; i < c && gradient->param[SHIFT] != NULL; i++)
        gradient->param[SHIFT][i] += (float)sums[i];
    data_coefficients(io, sums, &n);
    if (gradient->in[0] != NULL)
        skc__split(&call, parts_of(io->threads, io->out_shape), skc__pixels(io->out_shape),
                   data_part);
}

/* ---------------------------------------------------------------- for other layers */

static void as_gradient_view(const void *saved, int32_t channels, skc_gradient_view *view)
{
    const float *at = saved;
    size_t       c  = (size_t)channels;

    view->after.scale = at + 2 * c;
    view->after.shift = at + 3 * c;
    view->a           = at + 4 * c;
    view->b           = at + 5 * c;
    view->d           = at + 6 * c;
}

static void as_affine(const void *options, const float *const *param, int32_t channels,
                      float *scale, float *shift)
{
    const batchnorm *config = options;

    for (size_t i = 0; i < (size_t)channels; i++) {
        scale[i] = param[SCALE][i] / sqrtf(param[VARIANCE][i] + config->epsilon);
        shift[i] = param[SHIFT][i] - param[MEAN][i] * scale[i];
    }
}

static const char *const probes[] = {
    "{\"inputs\": [[3, 5, 7, 3]]}",
    "{\"inputs\": [[2, 3, 1, 5]], \"epsilon\": 0.1, \"momentum\": 0.5}",
    NULL,
};

const skc_layer_ops skc__layer_batchnorm = {
    .name              = "batchnorm",
    .summary           = "normalises each channel over the batch, then scales and shifts it",
    .config_size       = sizeof(batchnorm),
    .fields            = fields,
    .min_inputs        = 1,
    .max_inputs        = 1,
    .backward_reads    = SKC_BACKWARD_READS_INPUT,
    .in_place_backward = true,
    .infer             = infer,
    .forward           = forward,
    .backward          = backward,
    .as_gradient_view  = as_gradient_view,
    .as_tally          = as_tally,
    .as_affine         = as_affine,
    .absorbs_clamp     = true,
    .probes            = probes,
};

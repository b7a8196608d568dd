/* batchnorm.c - batch normalisation per channel (Ioffe and Szegedy, ICML 2015).
 *
 * Training uses mean and (biased) variance of the whole batch; the running variance that inference
 * uses is unbiased, as in PyTorch. Forward and backward are affine in x and dy once a few numbers
 * per channel are known.
 */
#include "layers/geometry.h"

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

/* Scratch: two sums per channel for each part, then numbers per channel. */
typedef struct workplace {
    double *sums; /* (parts, 2, c) */
    float  *a, *b, *d, *mean, *inverse;
} workplace;

static int32_t parts_of(const skc_layer_io *io)
{
    return skc__parts(io->threads, skc__pixels(io->out_shape), (size_t)io->out_shape.c);
}

static workplace work_of(const skc_layer_io *io)
{
    size_t    c = (size_t)io->out_shape.c;
    workplace w = { .sums = io->scratch };

    w.a       = (float *)(w.sums + 2 * c * (size_t)parts_of(io));
    w.b       = w.a + c;
    w.d       = w.b + c;
    w.mean    = w.d + c;
    w.inverse = w.mean + c;
    return w;
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    size_t  c     = (size_t)in[0].c;
    int32_t parts = skc__parts(context->threads, skc__pixels(in[0]), c);

    (void)options, (void)n_in, (void)err;
    *out = (skc_layer_plan){
        .out           = in[0],
        .param_count   = 4,
        .param         = { skc__vector_spec("scale", in[0].c, SKC_TRAINED, 1),
                           skc__vector_spec("shift", in[0].c, SKC_TRAINED, 0),
                           skc__vector_spec("mean", in[0].c, SKC_STATISTIC, 0),
                           skc__vector_spec("variance", in[0].c, SKC_STATISTIC, 1) },
        .saved_bytes   = context->training ? 2 * c * sizeof(float) : 0,
        .scratch_bytes = 2 * c * (size_t)parts * sizeof(double) + 5 * c * sizeof(float),
        .macs          = skc__shape_count(in[0]),
    };
    return SKC_OK;
}

/* First row of the sums of all parts: adds the others, in their order. */
static void sum_parts(double *sums, size_t n, int32_t parts)
{
    for (size_t part = 1; part < (size_t)parts; part++)
        for (size_t i = 0; i < n; i++)
            sums[i] += sums[part * n + i];
}

/* ---------------------------------------------------------------- forward */

static void moments_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io   = call->io;
    size_t              c    = (size_t)io->out_shape.c;
    double             *sums = work_of(io).sums + 2 * c * (size_t)part;

    memset(sums, 0, 2 * c * sizeof *sums);
    io->kernels->column_moments(end - begin, c, io->in[0].data + begin * c, io->in[0].data, sums,
                                sums + c);
}

static float blend(float momentum, float old, double value)
{
    return (float)((double)momentum * old + (1 - (double)momentum) * value);
}

/* Mean and 1 / deviation of the batch into mean, inverse; new running statistics into io->stat. */
static void batch_statistics(const skc_call *call, float *mean, float *inverse)
{
    const batchnorm    *config = call->config;
    const skc_layer_io *io     = call->io;
    size_t              rows = skc__pixels(io->out_shape), c = (size_t)io->out_shape.c;
    int32_t             parts = parts_of(io);
    const double       *sums  = work_of(io).sums;

    skc__split(call, parts, rows, moments_part);
    sum_parts(work_of(io).sums, 2 * c, parts);
    for (size_t i = 0; i < c; i++) {
        double offset   = sums[i] / (double)rows; /* from the first pixel's value */
        double m        = io->in[0].data[i] + offset;
        double variance = sums[c + i] / (double)rows - offset * offset;
        double unbiased = rows > 1 ? (double)rows / (double)(rows - 1) : 1;

        variance   = variance > 0 || isnan(variance) ? variance : 0;
        mean[i]    = (float)m;
        inverse[i] = (float)(1 / sqrt(variance + config->epsilon));
        if (io->stat[MEAN] != NULL)
            io->stat[MEAN][i] = blend(config->momentum, io->param[MEAN][i], m);
        if (io->stat[VARIANCE] != NULL)
            io->stat[VARIANCE][i] =
                blend(config->momentum, io->param[VARIANCE][i], variance * unbiased);
    }
}

static void running_statistics(const skc_call *call, float *mean, float *inverse)
{
    const batchnorm    *config = call->config;
    const float *const *param  = call->io->param;

    for (size_t i = 0; i < (size_t)call->io->out_shape.c; i++) {
        mean[i]    = param[MEAN][i];
        inverse[i] = 1 / sqrtf(param[VARIANCE][i] + config->epsilon);
    }
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io = call->io;
    size_t              c  = (size_t)io->out_shape.c;
    workplace           w  = work_of(io);

    (void)part;
    io->kernels->affine_clamp(end - begin, c, io->in[0].data + begin * c, w.a, w.d, io->low,
                              io->high, io->out + begin * c);
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call  call = { options, io, NULL };
    size_t    c    = (size_t)io->out_shape.c;
    workplace w    = work_of(io);

    if (io->training) {
        w.mean    = io->saved;
        w.inverse = w.mean + c;
        batch_statistics(&call, w.mean, w.inverse);
    } else {
        running_statistics(&call, w.mean, w.inverse);
    }
    for (size_t i = 0; i < c; i++) {
        w.a[i] = io->param[SCALE][i] * w.inverse[i];
        w.d[i] = io->param[SHIFT][i] - w.mean[i] * w.a[i];
    }
    skc__split(&call, parts_of(io), skc__pixels(io->out_shape), forward_part);
}

/* ---------------------------------------------------------------- backward */

static const float *mean_of(const skc_layer_io *io)
{
    return io->training ? io->saved : work_of(io).mean;
}

static void products_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io   = call->io;
    size_t              c    = (size_t)io->out_shape.c;
    double             *sums = work_of(io).sums + 2 * c * (size_t)part;

    memset(sums, 0, 2 * c * sizeof *sums);
    io->kernels->column_products(end - begin, c, io->in[0].data + begin * c, mean_of(io),
                                 call->gradient->out + begin * c, sums, sums + c);
}

static void data_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    size_t                    c        = (size_t)io->out_shape.c;
    workplace                 w        = work_of(io);

    (void)part;
    io->kernels->affine_pair(end - begin, c, w.a, gradient->out + begin * c, w.b,
                             io->in[0].data + begin * c, w.d, gradient->accumulate[0],
                             gradient->in[0] + begin * c);
}

/* With z = (x - mean) inverse and m rows: dx = scale inverse (dy - sum(dy) / m - z sum(dy z) / m),
 * written as a dy + b x + d. With running statistics only the first term is there. */
static void data_coefficients(const skc_call *call, const float *mean, const float *inverse)
{
    const skc_layer_io *io   = call->io;
    size_t              c    = (size_t)io->out_shape.c;
    workplace           w    = work_of(io);
    double              rows = (double)skc__pixels(io->out_shape);

    for (size_t i = 0; i < c; i++) {
        double a = (double)io->param[SCALE][i] * inverse[i], b = 0, d = 0;

        if (io->training) {
            b = -a * inverse[i] * inverse[i] * w.sums[c + i] / rows;
            d = -a * w.sums[i] / rows - b * mean[i];
        }
        w.a[i] = (float)a;
        w.b[i] = (float)b;
        w.d[i] = (float)d;
    }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call     call = { options, io, gradient };
    size_t       rows = skc__pixels(io->out_shape), c = (size_t)io->out_shape.c;
    int32_t      parts = parts_of(io);
    workplace    w     = work_of(io);
    const float *mean = mean_of(io), *inverse = io->training ? mean + c : w.inverse;

    if (!io->training)
        running_statistics(&call, w.mean, w.inverse);
    if (io->training || gradient->param[SCALE] != NULL || gradient->param[SHIFT] != NULL) {
        skc__split(&call, parts, rows, products_part);
        sum_parts(w.sums, 2 * c, parts);
    }
    for (size_t i = 0; i < c && gradient->param[SCALE] != NULL; i++)
        gradient->param[SCALE][i] += (float)(w.sums[c + i] * inverse[i]);
    for (size_t i = 0; i < c && gradient->param[SHIFT] != NULL; i++)
        gradient->param[SHIFT][i] += (float)w.sums[i];
    if (gradient->in[0] == NULL)
        return;
    data_coefficients(&call, mean, inverse);
    skc__split(&call, parts, rows, data_part);
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
    .as_affine         = as_affine,
    .absorbs_clamp     = true,
    .probes            = probes,
};

/* geometry.c - where the windows of convolutions and pools lie, and how work is cut into parts. */
#include "layers/geometry.h"

#include <string.h>

/* ---------------------------------------------------------------- windows */

/* Pixels that a dilated kernel spans. */
static int64_t span(const skc_axis *axis)
{
    return (int64_t)(axis->kernel - 1) * axis->dilation + 1;
}

/* out = ceil(in / stride); the padding that this takes, its odd pixel behind (TensorFlow). */
static void pad_same(skc_axis *axis)
{
    int64_t out   = ((int64_t)axis->in + axis->stride - 1) / axis->stride;
    int64_t total = (out - 1) * axis->stride + span(axis) - axis->in;

    axis->out    = (int32_t)out;
    axis->before = total > 0 ? (int32_t)(total / 2) : 0;
    axis->after  = total > 0 ? (int32_t)(total - total / 2) : 0;
}

/* As PyTorch: in ceil mode the last window may hang over, but must start before the padding. */
static void count_places(skc_axis *axis, bool ceil_mode)
{
    int64_t room = (int64_t)axis->in + axis->before + axis->after - span(axis);
    int64_t out;

    if (ceil_mode)
        room += axis->stride - 1;
    out = room < 0 ? 0 : room / axis->stride + 1;
    if (ceil_mode && out > 0 && (out - 1) * axis->stride >= (int64_t)axis->in + axis->before)
        out--;
    axis->out = out > INT32_MAX ? 0 : (int32_t)out;
}

static skc_axis make_axis(const skc_window_options *options, int side, int32_t in)
{
    const skc_padding *padding = &options->padding;
    skc_axis           axis    = { .in = in, .kernel = options->kernel[side] };

    axis.stride   = options->stride[side] > 0 ? options->stride[side] : axis.kernel;
    axis.dilation = options->dilation[side] > 0 ? options->dilation[side] : 1;
    if (padding->mode == SKC_PADDING_SAME) {
        pad_same(&axis);
        return axis;
    }
    if (padding->mode == SKC_PADDING_EXPLICIT) {
        axis.before = side == 0 ? padding->top : padding->left;
        axis.after  = side == 0 ? padding->bottom : padding->right;
    }
    count_places(&axis, options->ceil_mode);
    return axis;
}

skc_window skc__window(const skc_window_options *options, skc_shape in)
{
    return (skc_window){ make_axis(options, 0, in.h), make_axis(options, 1, in.w) };
}

skc_status skc__window_shape(const char *layer, const skc_window_options *options, skc_shape in,
                             int32_t channels, skc_shape *out, skc_error *err)
{
    skc_window window = skc__window(options, in);
    skc_shape  shape  = { in.n, window.h.out, window.w.out, channels };
    skc_status status;

    if (window.h.out < 1 || window.w.out < 1)
        return skc__fail(err, SKC_EMISMATCH,
                         "%s: a %dx%d kernel with dilation %dx%d does not fit into %dx%d pixels",
                         layer, window.h.kernel, window.w.kernel, window.h.dilation,
                         window.w.dilation, in.h, in.w);
    status = skc__check_shape(layer, shape, err);
    if (status == SKC_OK)
        *out = shape;
    return status;
}

skc_status skc__pool_shape(const char *layer, const skc_window_options *options, skc_shape in,
                           skc_shape *out, skc_error *err)
{
    const skc_padding *p = &options->padding;
    const int32_t     *k = options->kernel;

    if (p->mode == SKC_PADDING_EXPLICIT &&
        (p->top >= k[0] || p->bottom >= k[0] || p->left >= k[1] || p->right >= k[1]))
        return skc__fail(err, SKC_EMISMATCH,
                         "%s: padding %d, %d, %d, %d; each must be below the %dx%d kernel's side",
                         layer, p->top, p->bottom, p->left, p->right, k[0], k[1]);
    return skc__window_shape(layer, options, in, in.c, out, err);
}

/* Never below 0. Dilation is 1 nearly always: a branch is cheaper than a division per pixel. */
static int64_t ceil_divide(int64_t a, int64_t b)
{
    return a <= 0 ? 0 : b == 1 ? a : (a + b - 1) / b;
}

skc_taps skc__taps(const skc_axis *axis, int32_t at)
{
    int64_t origin = (int64_t)at * axis->stride - axis->before;
    int64_t first  = ceil_divide(-origin, axis->dilation);
    int64_t end    = ceil_divide(axis->in - origin, axis->dilation);

    end   = end < axis->kernel ? end : axis->kernel;
    first = first < end ? first : end;
    return (skc_taps){ (int32_t)first, (int32_t)end, (int32_t)origin };
}

skc_status skc__check_shape(const char *layer, skc_shape shape, skc_error *err)
{
    if (skc__shape_count(shape) != 0)
        return SKC_OK;
    return skc__fail(
        err, SKC_ELIMIT,
        "%s: an output of %d x %d x %d x %d values; each extent must be at least 1 and "
        "the product at most %zu",
        layer, shape.n, shape.h, shape.w, shape.c, SKC_MAX_ELEMENTS);
}

size_t skc__pixels(skc_shape shape)
{
    return (size_t)shape.n * (size_t)shape.h * (size_t)shape.w;
}

size_t skc__picture(skc_shape shape)
{
    return (size_t)shape.h * (size_t)shape.w * (size_t)shape.c;
}

/* ---------------------------------------------------------------- parts */

int32_t skc__parts(int32_t threads, size_t items, size_t values)
{
    enum { WORTH_A_THREAD = 16384 };
    size_t parts = items * values / WORTH_A_THREAD;

    parts = parts < items ? parts : items;
    parts = parts < (size_t)threads ? parts : (size_t)threads;
    return parts < 1 ? 1 : (int32_t)parts;
}

typedef struct split {
    const skc_call *call;
    int32_t         parts;
    size_t          items;
    void (*run)(const skc_call *call, size_t begin, size_t end, int32_t part);
} split;

static void run_part(void *context, int32_t part, int32_t thread)
{
    const split *s     = context;
    size_t       parts = (size_t)s->parts, p = (size_t)part;

    (void)thread; /* as many tasks as threads: the part is the thread */
    s->run(s->call, s->items * p / parts, s->items * (p + 1) / parts, part);
}

void skc__split(const skc_call *call, int32_t parts, size_t items,
                void (*run)(const skc_call *call, size_t begin, size_t end, int32_t part))
{
    split s = { call, parts, items, run };

    skc__parallel(call->io->pool, parts, run_part, &s);
}

size_t skc__block(size_t channels)
{
    enum { VALUES = 4096 };

    return channels < VALUES ? VALUES / channels : 1;
}

void skc__reduce(int32_t parts, size_t n, const double *partial, float *sum)
{
    for (size_t i = 0; i < n; i++) {
        double total = 0;
        for (int32_t part = 0; part < parts; part++)
            total += partial[(size_t)part * n + i];
        sum[i] += (float)total;
    }
}

/* ---------------------------------------------------------------- parameters */

skc_param_spec skc__weight_spec(int32_t rank, const int32_t extent[4], int32_t fan_in)
{
    skc_param_spec spec = {
        .name = "weight", .rank = rank, .role = SKC_TRAINED, .decay = true, .fan_in = fan_in
    };

    memcpy(spec.extent, extent, sizeof spec.extent);
    return spec;
}

skc_param_spec skc__vector_spec(const char *name, int32_t extent, skc_param_role role,
                                float initial)
{
    return (skc_param_spec){
        .name = name, .rank = 1, .extent = { extent, 1, 1, 1 }, .role = role, .initial = initial
    };
}

void skc__absorb_affine(int32_t channels, size_t fan_in, float *const *param, const float *scale,
                        const float *shift)
{
    for (size_t c = 0; c < (size_t)channels; c++) {
        for (size_t i = 0; i < fan_in; i++)
            param[0][c * fan_in + i] *= scale[c];
        param[1][c] = param[1][c] * scale[c] + shift[c];
    }
}

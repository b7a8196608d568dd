/* depthwise_conv2d.c - convolution of each channel with a kernel of its own, row by row. */
#include "layers/convolution.h"
#include "layers/geometry.h"
#include "layers/row_reader.h"
#include "layers/tally.h"

#include <math.h>
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
    skc_window window;
    size_t     c, taps, pictures;
    size_t     x_row, y_row, y_picture; /* values */
    /* Where input rows (forward and for dw) and rows of dz are kept when they must be made. */
    size_t     x_kept, z_kept; /* rows */
} tiling;

static size_t smaller(int64_t a, int32_t b)
{
    return (size_t)(a < b ? a : b);
}

static tiling make_tiling(const depthwise_conv2d *config, skc_shape in)
{
    skc_window w     = skc__window(&config->window, in);
    tiling     t     = { .window = w, .c = (size_t)in.c, .pictures = (size_t)in.n };
    int64_t    reach = (int64_t)(w.h.kernel - 1) * w.h.dilation;

    t.taps      = (size_t)w.h.kernel * (size_t)w.w.kernel;
    t.x_row     = (size_t)w.w.in * t.c;
    t.y_row     = (size_t)w.w.out * t.c;
    t.y_picture = (size_t)w.h.out * t.y_row;
    t.x_kept    = smaller(reach + 1, w.h.in);
    t.z_kept    = smaller(reach / w.h.stride + 1, w.h.out);
    return t;
}

static int32_t forward_parts(const tiling *t, int32_t threads)
{
    return skc__parts(threads, t->pictures * (size_t)t->window.h.out, t->y_row * t->taps);
}

static int32_t backward_parts(const tiling *t, int32_t threads)
{
    return skc__parts(threads, t->pictures * (size_t)t->window.h.in, t->x_row * t->taps);
}

/* ---------------------------------------------------------------- scratch */

/* Floats of a part: its rows of x, one of y; going backward also of dz, its sums for the bias in
 * doubles and its weight gradient, and the one row is of dx. */
static size_t part_floats(const tiling *t, bool backward)
{
    size_t x = t->x_kept * skc__lines(t->x_row), z = t->z_kept * skc__lines(t->y_row);

    return backward
               ? x + z + skc__lines(2 * t->c) + skc__lines(t->taps * t->c) + skc__lines(t->x_row)
               : x + skc__lines(t->y_row);
}

typedef struct part_scratch {
    float  *x, *z;
    double *bias;
    float  *dw, *dx;
} part_scratch;

static part_scratch scratch_of(const tiling *t, void *scratch, int32_t part)
{
    part_scratch s;
    float       *bias;

    s.x    = (float *)scratch + (size_t)part * part_floats(t, true);
    s.z    = s.x + t->x_kept * skc__lines(t->x_row);
    bias   = s.z + t->z_kept * skc__lines(t->y_row);
    s.bias = (double *)(void *)bias;
    s.dw   = bias + skc__lines(2 * t->c);
    s.dx   = s.dw + skc__lines(t->taps * t->c);
    return s;
}

/* ---------------------------------------------------------------- rows */

/* From so many bytes on, what a call reads and writes does not stay in a last-level cache of the
 * usual size: outputs are then written past the caches, and rows called for before they are needed.
 */
#define FAR_BYTES ((size_t)16 << 20)

static bool is_far(const tiling *t, size_t inputs, size_t outputs)
{
    size_t rows = inputs * (size_t)t->window.h.in * t->x_row + outputs * t->y_picture;

    return t->pictures * rows * sizeof(float) > FAR_BYTES;
}

/* Fetches the input rows under output row `at` and lists them with their kernel rows. */
static int32_t find_rows(const tiling *t, skc_row_reader *x, int32_t at, const float **rows,
                         int32_t *first)
{
    const skc_axis *axis = &t->window.h;
    skc_taps        taps = skc__taps(axis, at);

    *first = taps.first;
    if (taps.first == taps.end)
        return 0;
    /* Dilated, a later window may need rows between those of this one, but none above tap 0. */
    skc__rows_fetch(x, taps.origin > 0 ? taps.origin : 0,
                    taps.origin + (taps.end - 1) * axis->dilation);
    for (int32_t k = taps.first; k < taps.end; k++)
        rows[k - taps.first] = skc__row_at(x, taps.origin + k * axis->dilation);
    return taps.end - taps.first;
}

/* A row of the layer itself: of its forward pass and of its weight gradient. */
static skc_depthwise row_of(const tiling *t)
{
    const skc_axis *w = &t->window.w;

    return (skc_depthwise){ .channels    = (int32_t)t->c,
                            .width_in    = w->in,
                            .width_out   = w->out,
                            .taps        = w->kernel,
                            .stride      = w->stride,
                            .dilation    = w->dilation,
                            .pad_left    = w->before,
                            .weight_step = 1,
                            .out_step    = 1,
                            .low         = -INFINITY,
                            .high        = INFINITY };
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
    out->scratch_bytes =
        (size_t)forward_parts(&t, context->threads) * part_floats(&t, false) * sizeof(float);
    if (context->training) {
        size_t backward =
            (size_t)backward_parts(&t, context->threads) * part_floats(&t, true) * sizeof(float);

        out->scratch_bytes = backward > out->scratch_bytes ? backward : out->scratch_bytes;
    }
    return SKC_OK;
}

/* ---------------------------------------------------------------- forward */

/* Rows are tallied while they are in the cache: those to be written past it from a row of scratch,
 * others where they are, but a few at a time, since each time costs a little for each channel. */
static bool tally_is_due(const tiling *t, size_t pixels)
{
    enum { PIXELS = 64, VALUES = 1 << 16 };

    return pixels >= PIXELS || pixels * t->c >= VALUES;
}

/* Tallies output rows told..at, if it is time; returns the first that is not tallied. */
static size_t tally_outputs(const tiling *t, const skc_layer_io *io, int32_t part, size_t told,
                            size_t at, size_t end)
{
    const size_t pixels = (at + 1 - told) * (size_t)t->window.w.out;

    if (!skc__tally_on(&io->tally) || (at + 1 < end && !tally_is_due(t, pixels)))
        return told;
    skc__tally_moments(&io->tally, io->kernels, part, pixels, io->out + told * t->y_row,
                       io->out + told * t->y_row);
    return at + 1;
}

/* Output rows begin..end-1, counted through all pictures. */
static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io     = call->io;
    tiling              t      = make_tiling(call->config, io->in[0].shape);
    size_t              height = (size_t)t.window.h.out;
    skc_depthwise       g      = row_of(&t);
    float              *ring   = (float *)io->scratch + (size_t)part * part_floats(&t, false);
    skc_row_reader      x = skc__row_reader(io->kernels, skc__input_source(io, 0), ring, t.x_kept);
    const bool          far    = is_far(&t, 1, 1);
    const bool          staged = far && skc__tally_on(&io->tally);
    float              *stage  = ring + t.x_kept * skc__lines(t.x_row);
    size_t              told   = begin;
    const float        *rows[SKC_MAX_KERNEL], *weights[SKC_MAX_KERNEL];

    g.bias   = io->param[1];
    g.low    = io->low;
    g.high   = io->high;
    g.stream = far && !staged;
    for (size_t at = begin; at < end; at++) {
        float  *y = io->out + at * t.y_row;
        int32_t first, n;

        if (at == begin || at % height == 0)
            skc__rows_start(&x, at / height);
        n                = find_rows(&t, &x, (int32_t)(at % height), rows, &first);
        g.ahead[0].count = 0;
        if (far)
            skc__rows_ahead(&x, t.window.h.stride, g.ahead);
        for (int32_t r = 0; r < n; r++)
            weights[r] = io->param[0] + (size_t)(first + r) * (size_t)t.window.w.kernel * t.c;
        io->kernels->depthwise(&g, n, rows, weights, staged ? stage : y);
        if (staged) {
            skc__tally_moments(&io->tally, io->kernels, part, (size_t)t.window.w.out, stage, stage);
            io->kernels->copy_far(t.y_row, stage, y);
        } else {
            told = tally_outputs(&t, io, part, told, at, end);
        }
    }
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call = { options, io, NULL };
    tiling   t    = make_tiling(options, io->in[0].shape);

    skc__split(&call, forward_parts(&t, io->threads), t.pictures * (size_t)t.window.h.out,
               forward_part);
}

/* ---------------------------------------------------------------- backward */

/* Backward is a gather: a pixel of dx is written once, as a sum over the taps that it fell on.
 * Along an axis, input pixel i meets output pixels o with o stride + k dilation = i + before: the
 * taps k = first, first + step ... , whose outputs lie `reach` apart. `first` depends on the phase
 * of i only, which is (i + before) mod stride. */
typedef struct phase {
    int32_t first, step, count; /* taps; count may be 0 */
    int32_t reach;
} phase;

static phase find_phase(const skc_axis *axis, int32_t at)
{
    phase p = { .first = axis->kernel };

    for (int32_t k = axis->kernel - 1; k >= 0; k--)
        if (((int64_t)k * axis->dilation - at - axis->before) % axis->stride == 0) {
            p.step  = p.first - k;
            p.first = k;
            p.count++;
        }
    /* With one tap the step says nothing. */
    p.reach = p.count > 1 ? (int32_t)((int64_t)p.step * axis->dilation / axis->stride) : 1;
    return p;
}

/* The output pixel that tap `first` of input pixel `at` belongs to; may be outside. */
static int32_t first_output(const skc_axis *axis, const phase *p, int32_t at)
{
    return (int32_t)((at + (int64_t)axis->before - (int64_t)p->first * axis->dilation) /
                     axis->stride);
}

/* What one part of backward works with. */
typedef struct backward_job {
    const skc_layer_io       *io;
    const skc_layer_gradient *gradient;
    tiling                    t;
    skc_row_reader            x, z; /* z: rows of dz */
    bool                      far;
    int32_t                   part;
    size_t  told, end; /* the part's rows of dx before it are tallied; its last row is before */
    double *bias;      /* NULL: not wanted; so dw, dx */
    float  *dw, *dx;
    float  *stage; /* for a row of dx that is to be tallied and is far; NULL: none */
} backward_job;

/* Lists the rows of dz that row `at` of dx meets, and the kernel rows that they meet with. */
static int32_t find_gradient_rows(const backward_job *job, int32_t at, const float **rows,
                                  int32_t *kernel_rows)
{
    const skc_axis *h     = &job->t.window.h;
    const phase     down  = find_phase(h, at);
    const int64_t   first = first_output(h, &down, at);
    int32_t         n     = 0;

    for (int32_t j = 0; j < down.count; j++) {
        int64_t o = first - (int64_t)j * down.reach;

        if (o < 0 || o >= h->out)
            continue;
        kernel_rows[n] = down.first + j * down.step;
        rows[n++]      = skc__row_at(&job->z, (int32_t)o);
    }
    return n;
}

/* The pixels i, i + stride, ... of a row of dx: a row of a convolution whose taps are those of
 * their phase, the last first. */
static skc_depthwise row_of_phase(const tiling *t, const phase *p, int32_t i)
{
    const skc_axis *w = &t->window.w;
    skc_depthwise   g = row_of(t);

    g.width_in    = w->out;
    g.width_out   = (w->in - i - 1) / w->stride + 1;
    g.taps        = p->count;
    g.stride      = 1;
    g.dilation    = p->reach;
    g.pad_left    = (p->count - 1) * p->reach - first_output(w, p, i);
    g.weight_step = -p->step;
    g.out_step    = w->stride;
    return g;
}

/* Tallies `rows` rows of dx, which belong to those of x from `first` on, through all pictures. */
static void tally_rows(backward_job *job, size_t first, size_t rows, const float *dx)
{
    const skc_layer_io *io = job->io;

    skc__tally_products(&job->gradient->tally, io->kernels, job->part,
                        rows * (size_t)job->t.window.w.in, &io->in[0].view,
                        io->in[0].data + first * job->t.x_row, dx);
}

/* After row `at` of dx, the last of a part or not, was written. */
static void finish_row(backward_job *job, size_t at, bool last)
{
    const tiling *t    = &job->t;
    const size_t  rows = at + 1 - job->told;

    if (job->stage != NULL) {
        tally_rows(job, at, 1, job->stage);
        job->io->kernels->copy_far(t->x_row, job->stage, job->dx + at * t->x_row);
    } else if (skc__tally_on(&job->gradient->tally) &&
               (last || tally_is_due(t, rows * (size_t)t->window.w.in))) {
        tally_rows(job, job->told, rows, job->dx + job->told * t->x_row);
        job->told = at + 1;
    }
}

static void data_row(backward_job *job, int32_t at)
{
    const tiling   *t = &job->t;
    const skc_axis *h = &t->window.h, *w = &t->window.w;
    const float    *rows[SKC_MAX_KERNEL], *weights[SKC_MAX_KERNEL];
    int32_t         kernel_rows[SKC_MAX_KERNEL];
    const int32_t   n   = find_gradient_rows(job, at, rows, kernel_rows);
    const size_t    row = job->x.picture * (size_t)h->in + (size_t)at; /* of all pictures */
    float          *dx  = job->stage != NULL ? job->stage : job->dx + row * t->x_row;

    for (int32_t i = 0; i < w->stride && i < w->in; i++, dx += t->c) {
        const phase   p    = find_phase(w, i);
        const int32_t last = p.first + (p.count - 1) * p.step;
        skc_depthwise g    = row_of_phase(t, &p, i);

        g.accumulate = job->gradient->accumulate[0];
        g.stream     = job->far && !g.accumulate && job->stage == NULL;
        if (job->far && i == 0 && at % h->stride == 0)
            skc__rows_ahead(&job->z, 1, g.ahead);
        for (int32_t r = 0; r < n; r++)
            weights[r] = job->io->param[0] + (size_t)(kernel_rows[r] * w->kernel + last) * t->c;
        job->io->kernels->depthwise(&g, p.count > 0 ? n : 0, rows, weights, dx);
    }
    finish_row(job, row, row + 1 == job->end);
}

/* What row `at` of dz gives to the bias and the weights. */
static void parameters_row(backward_job *job, int32_t at)
{
    const tiling      *t       = &job->t;
    const skc_kernels *kernels = job->io->kernels;
    const float       *dz      = skc__row_at(&job->z, at);
    skc_depthwise      g       = row_of(t);
    const float       *rows[SKC_MAX_KERNEL];
    int32_t            first, n;

    if (job->bias != NULL)
        kernels->column_sums((size_t)t->window.w.out, t->c, dz, job->bias);
    if (job->dw == NULL)
        return;
    n = find_rows(t, &job->x, at, rows, &first);
    if (job->far)
        skc__rows_ahead(&job->x, t->window.h.stride, g.ahead);
    if (job->far && job->dx == NULL)
        skc__rows_ahead(&job->z, 1, g.ahead);
    kernels->depthwise_weights(&g, n, rows, dz,
                               job->dw + (size_t)first * (size_t)t->window.w.kernel * t->c);
}

static int32_t divide_up(int64_t a, int32_t b)
{
    return (int32_t)(a <= 0 ? 0 : (a + b - 1) / b);
}

/* The first row of dz whose parameter gradients belong to the part that has row `at` of dx. */
static int32_t first_owned(const skc_axis *h, int32_t at)
{
    int32_t row = divide_up(at, h->stride);

    return at == h->in || row > h->out ? h->out : row;
}

/* The rows of dz that rows begin..end-1 of dx meet. */
static void find_range(const skc_axis *h, int32_t begin, int32_t end, int32_t *first, int32_t *last)
{
    const int64_t above = (int64_t)(h->kernel - 1) * h->dilation;
    const int64_t below = (end - 1 + (int64_t)h->before) / h->stride + 1;

    *first = divide_up(begin + (int64_t)h->before - above, h->stride);
    *last  = (int32_t)(below < h->out ? below : h->out);
}

/* Rows begin..end-1 of dx of a picture, and the rows of dz that belong to them: down the picture,
 * so that each row is read from memory once for all that needs it. */
static void backward_rows(backward_job *job, int32_t begin, int32_t end)
{
    const skc_axis *h     = &job->t.window.h;
    const bool      owns  = job->bias != NULL || job->dw != NULL;
    const int32_t   first = owns ? first_owned(h, begin) : h->out;
    const int32_t   last  = owns ? first_owned(h, end) : 0;
    int32_t         next = job->dx != NULL ? begin : end, z = first, z_end = last;

    if (job->dx != NULL) {
        find_range(h, begin, end, &z, &z_end);
        z     = first < z ? first : z;
        z_end = last > z_end ? last : z_end;
    }
    for (; z < z_end; z++) {
        skc__rows_fetch(&job->z, z, z);
        if (z >= first && z < last)
            parameters_row(job, z);
        while (next < end && (next + (int64_t)h->before) / h->stride <= z)
            data_row(job, next++);
    }
    while (next < end)
        data_row(job, next++);
}

/* Rows begin..end-1 of x, counted through all pictures. */
static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    backward_job              job      = { .io       = io,
                                           .gradient = gradient,
                                           .part     = part,
                                           .told     = begin,
                                           .end      = end,
                                           .dx       = gradient->in[0] };
    size_t                    height;
    part_scratch              s;

    job.t  = make_tiling(call->config, io->in[0].shape);
    s      = scratch_of(&job.t, io->scratch, part);
    job.x  = skc__row_reader(io->kernels, skc__input_source(io, 0), s.x, job.t.x_kept);
    job.z  = skc__row_reader(io->kernels, skc__gradient_source(io, gradient), s.z, job.t.z_kept);
    height = (size_t)job.t.window.h.in;
    if (gradient->param[1] != NULL)
        job.bias = memset(s.bias, 0, job.t.c * sizeof *s.bias);
    if (gradient->param[0] != NULL)
        job.dw =
            part == 0 ? gradient->param[0] : memset(s.dw, 0, job.t.taps * job.t.c * sizeof *s.dw);
    job.far =
        is_far(&job.t, (size_t)(job.dw != NULL) + (size_t)(job.dx != NULL), job.z.plain ? 1 : 2);
    if (job.far && job.dx != NULL && skc__tally_on(&gradient->tally))
        job.stage = s.dx;
    for (size_t at = begin; at < end;) {
        size_t picture = at / height, top = picture * height;
        size_t bottom = top + height < end ? top + height : end;

        skc__rows_start(&job.x, picture);
        skc__rows_start(&job.z, picture);
        backward_rows(&job, (int32_t)(at - top), (int32_t)(bottom - top));
        at = bottom;
    }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call  = { options, io, gradient };
    tiling   t     = make_tiling(options, io->in[0].shape);
    int32_t  parts = backward_parts(&t, io->threads);

    skc__split(&call, parts, t.pictures * (size_t)t.window.h.in, backward_part);
    for (int32_t part = 0; part < parts; part++) {
        part_scratch s = scratch_of(&t, io->scratch, part);

        if (gradient->param[0] != NULL && part > 0)
            io->kernels->add(t.taps * t.c, gradient->param[0], s.dw, gradient->param[0]);
        for (size_t i = 0; gradient->param[1] != NULL && i < t.c; i++)
            gradient->param[1][i] += (float)s.bias[i];
    }
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

static void as_convolution(const void *options, skc_shape in, skc_convolution *out)
{
    const depthwise_conv2d *config = options;

    *out = (skc_convolution){
        .window = skc__window(&config->window, in), .groups = (size_t)in.c, .c_in = 1, .c_out = 1
    };
}

const skc_layer_ops skc__layer_depthwise_conv2d = {
    .name                 = "depthwise_conv2d",
    .summary              = "convolution of each channel with a kernel of its own",
    .config_size          = sizeof(depthwise_conv2d),
    .fields               = fields,
    .min_inputs           = 1,
    .max_inputs           = 1,
    .backward_reads       = SKC_BACKWARD_READS_INPUT,
    .infer                = infer,
    .forward              = forward,
    .backward             = backward,
    .add_bias             = add_bias,
    .absorb_affine        = absorb_affine,
    .absorbs_clamp        = true,
    .reads_views          = true,
    .reads_gradient_views = true,
    .int8                 = SKC_INT8_DEPTHWISE,
    .as_convolution       = as_convolution,
    .probes               = probes,
};

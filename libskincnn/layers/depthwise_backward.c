/* depthwise_backward.c - gradients of a depthwise convolution: of its input, weights and bias. */
#include "layers/depthwise.h"
#include "layers/tally.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- scratch */

typedef struct part_scratch {
    float  *x, *z;
    double *bias;
    float  *dw, *dx;
} part_scratch;

static part_scratch scratch_of(const skc_depthwise_tiling *t, void *scratch, int32_t part)
{
    part_scratch s;
    float       *bias;

    s.x    = (float *)scratch + (size_t)part * skc__depthwise_part_floats(t, true);
    s.z    = s.x + t->x_kept * skc__lines(t->x_row);
    bias   = s.z + t->z_kept * skc__lines(t->y_row);
    s.bias = (double *)(void *)bias;
    s.dw   = bias + skc__lines(2 * t->c);
    s.dx   = s.dw + skc__lines(t->taps * t->c);
    return s;
}

/* ---------------------------------------------------------------- rows */

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
    skc_depthwise_tiling      t;
    skc_row_reader            x, z;      /* z: rows of dz */
    bool                      far, past; /* past: dx is written past the caches */
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
static skc_depthwise row_of_phase(const skc_depthwise_tiling *t, const phase *p, int32_t i)
{
    const skc_axis *w = &t->window.w;
    skc_depthwise   g = skc__depthwise_row(t);

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
    const skc_depthwise_tiling *t    = &job->t;
    const size_t                rows = at + 1 - job->told;

    if (job->stage != NULL) {
        tally_rows(job, at, 1, job->stage);
        job->io->kernels->copy_far(t->x_row, job->stage, job->dx + at * t->x_row);
    } else if (skc__tally_on(&job->gradient->tally) &&
               (last || skc__depthwise_tally_is_due(t, rows * (size_t)t->window.w.in))) {
        tally_rows(job, job->told, rows, job->dx + job->told * t->x_row);
        job->told = at + 1;
    }
}

static void data_row(backward_job *job, int32_t at)
{
    const skc_depthwise_tiling *t = &job->t;
    const skc_axis             *h = &t->window.h, *w = &t->window.w;
    const float                *rows[SKC_MAX_KERNEL], *weights[SKC_MAX_KERNEL];
    int32_t                     kernel_rows[SKC_MAX_KERNEL];
    const int32_t               n = find_gradient_rows(job, at, rows, kernel_rows);
    const size_t row = job->x.picture * (size_t)h->in + (size_t)at; /* of all pictures */
    float       *dx  = job->stage != NULL ? job->stage : job->dx + row * t->x_row;

    for (int32_t i = 0; i < w->stride && i < w->in; i++, dx += t->c) {
        const phase   p    = find_phase(w, i);
        const int32_t last = p.first + (p.count - 1) * p.step;
        skc_depthwise g    = row_of_phase(t, &p, i);

        g.accumulate = job->gradient->accumulate[0];
        g.stream     = job->past && !g.accumulate && job->stage == NULL;
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
    const skc_depthwise_tiling *t       = &job->t;
    const skc_kernels          *kernels = job->io->kernels;
    const float                *dz      = skc__row_at(&job->z, at);
    skc_depthwise               g       = skc__depthwise_row(t);
    const float                *rows[SKC_MAX_KERNEL];
    int32_t                     first, n;

    if (job->bias != NULL)
        kernels->column_sums((size_t)t->window.w.out, t->c, dz, job->bias);
    if (job->dw == NULL)
        return;
    n = skc__depthwise_find_rows(t, &job->x, at, rows, &first);
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

    job.t  = skc__depthwise_tiling(call->config, io->in[0].shape);
    s      = scratch_of(&job.t, io->scratch, part);
    job.x  = skc__row_reader(io->kernels, skc__input_source(io, 0), s.x, job.t.x_kept);
    job.z  = skc__row_reader(io->kernels, skc__gradient_source(io, gradient), s.z, job.t.z_kept);
    height = (size_t)job.t.window.h.in;
    if (gradient->param[1] != NULL)
        job.bias = memset(s.bias, 0, job.t.c * sizeof *s.bias);
    if (gradient->param[0] != NULL)
        job.dw =
            part == 0 ? gradient->param[0] : memset(s.dw, 0, job.t.taps * job.t.c * sizeof *s.dw);
    job.far  = skc__depthwise_is_far(&job.t, (size_t)(job.dw != NULL) + (size_t)(job.dx != NULL),
                                    job.z.plain ? 1 : 2);
    job.past = skc__depthwise_is_past(job.t.pictures * height * job.t.x_row);
    if (job.past && job.dx != NULL && skc__tally_on(&gradient->tally))
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

void skc__depthwise_backward(const void *options, const skc_layer_io *io,
                             const skc_layer_gradient *gradient)
{
    skc_call             call  = { options, io, gradient };
    skc_depthwise_tiling t     = skc__depthwise_tiling(options, io->in[0].shape);
    int32_t              parts = skc__depthwise_backward_parts(&t, io->threads);

    skc__split(&call, parts, t.pictures * (size_t)t.window.h.in, backward_part);
    for (int32_t part = 0; part < parts; part++) {
        part_scratch s = scratch_of(&t, io->scratch, part);

        if (gradient->param[0] != NULL && part > 0)
            io->kernels->add(t.taps * t.c, gradient->param[0], s.dw, gradient->param[0]);
        for (size_t i = 0; gradient->param[1] != NULL && i < t.c; i++)
            gradient->param[1][i] += (float)s.bias[i];
    }
}

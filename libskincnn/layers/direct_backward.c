/* direct_backward.c - both gradients of a convolution with any window, from the same bands. */
#include "layers/direct.h"
#include "layers/pooling.h"
#include "layers/tally.h"

#include <math.h>
#include <string.h>

/* Rows of the input, or of its gradient, that are in one picture and belong to a band: value
 * `first` and the `count` values from there on. */
typedef struct piece {
    size_t first, count;
} piece;

/* Of the band's part that begins with place row `at`; returns where the next one does. */
static size_t piece_at(const skc_direct_cut *t, const skc_band *b, size_t at, piece *out)
{
    const int64_t     stride = t->c.window.h.stride, height = t->in.h;
    const size_t      row   = (size_t)t->in.w * (size_t)t->in.c;
    const skc_segment s     = skc__segment_at(b, at);
    const int64_t     end   = s.end * stride < height ? s.end * stride : height;
    const int64_t     begin = s.begin * stride < end ? s.begin * stride : end;

    out->first = (s.picture * (size_t)height + (size_t)begin) * row;
    out->count = (size_t)(end - begin) * row;
    return at + (size_t)(s.end - s.begin);
}

/* Sets the band's rows of the input's gradient to 0: of some pixels there is nothing else. */
static void clear_band(const skc_direct_cut *t, const skc_band *b, float *dx)
{
    piece p;

    for (size_t at = b->begin; at < b->end;) {
        at = piece_at(t, b, at, &p);
        memset(dx + p.first, 0, p.count * sizeof *dx);
    }
}

/* The band's rows of the input's gradient, still in the cache. */
static void tally_gradient(const skc_direct_cut *t, const skc_layer_io *io,
                           const skc_layer_gradient *gradient, const skc_band *b, int32_t part)
{
    const skc_input *x = &io->in[0];
    piece            p;

    for (size_t at = b->begin; at < b->end && skc__tally_on(&gradient->tally);) {
        at = piece_at(t, b, at, &p);
        if (p.count > 0)
            skc__tally_products(&gradient->tally, io->kernels, part, p.count / (size_t)t->in.c,
                                &x->view, x->data + p.first, gradient->in[0] + p.first);
    }
}

static void backward_data(const skc_direct_job *j, const skc_layer_gradient *gradient,
                          const skc_band *b, const skc_direct_desk *d, skc_ahead *ahead)
{
    const skc_direct_cut *t       = &j->cut;
    skc_phases            phases  = skc__phases(&t->c.window);
    skc_product           product = { .left       = d->left,
                                      .out        = d->out,
                                      .accumulate = gradient->accumulate[0],
                                      .ahead      = ahead,
                                      .stream     = t->past,
                                      .low        = -INFINITY,
                                      .high       = INFINITY };

    if (!gradient->accumulate[0] && !skc__phases_cover(&t->c.window))
        clear_band(t, b, gradient->in[0]);
    while (skc__next_phase(&phases)) {
        product.m = skc__list_pixels(&t->dz, &phases.phase, b, d->dz, d->left);
        skc__list_places(&phases.phase, b, gradient->in[0], t->in, d->out);
        skc__multiply_band(&j->packing, &phases.phase, phases.taps_before, j->packed, &t->dz,
                           product);
    }
}

/* Where a part adds up the gradient of the weights: in a copy of its own, but the first part in the
 * result itself, unless that has to be turned. */
static float *weights_of(const skc_direct_job *j, int32_t part, float *result)
{
    const size_t copy = (size_t)part - (j->cut.turned ? 0 : 1);

    if (part == 0 && !j->cut.turned)
        return result;
    return j->desks + (size_t)j->cut.parts * skc__direct_desk_floats(&j->cut) +
           copy * skc__direct_weights(&j->cut.c);
}

/* dw += the outer products of a group's gradients and what a run of taps reads, `length` values
 * that are x_offset behind the first. */
static void add_outer(const skc_direct_job *j, const skc_direct_desk *d, size_t pixels,
                      size_t group, size_t tap, size_t length, ptrdiff_t x_offset, skc_ahead *ahead,
                      float *dw)
{
    const skc_convolution *c     = &j->cut.c;
    const size_t           patch = skc__direct_patch(c), filters = c->c_out;
    skc_outer              outer = { .m            = filters,
                                     .n            = length,
                                     .pixels       = pixels,
                                     .left         = d->left,
                                     .left_offset  = (ptrdiff_t)(group * filters),
                                     .right        = d->right,
                                     .right_offset = (ptrdiff_t)(group * c->c_in) + x_offset,
                                     .out          = dw + group * filters * patch + tap * c->c_in,
                                     .ld           = patch,
                                     .ahead        = ahead };

    if (j->cut.turned)
        outer = (skc_outer){ .m            = length,
                             .n            = filters,
                             .pixels       = pixels,
                             .left         = d->right,
                             .left_offset  = outer.right_offset,
                             .right        = d->left,
                             .right_offset = outer.left_offset,
                             .out          = dw + (group * patch + tap * c->c_in) * filters,
                             .ld           = filters,
                             .ahead        = ahead };
    j->packing.kernels->outer(&outer);
}

static void backward_weights(const skc_direct_job *j, const skc_band *b, const skc_direct_desk *d,
                             skc_ahead *ahead, float *dw)
{
    const skc_direct_cut *t      = &j->cut;
    const skc_window     *w      = &t->c.window;
    const skc_correlation f      = skc__forward_correlation(w);
    const skc_correlation one    = skc__identity_correlation(t->out.h, t->out.w);
    const skc_tap_runs    runs   = skc__tap_runs(&t->x, &f, t->c.groups, t->c.c_in);
    const size_t          across = (size_t)f.w.taps / runs.joined;
    const size_t          pixels = skc__list_pixels(&t->dz, &one, b, d->dz, d->left);

    skc__list_pixels(&t->x, &f, b, d->x, d->right);
    for (size_t i = 0; i < t->c.groups * runs.count; i++) {
        const size_t row = i % runs.count / across, column = i % runs.count % across;
        const size_t tap = ((size_t)f.h.tap + row) * (size_t)w->w.kernel + (size_t)f.w.tap + column;

        add_outer(j, d, pixels, i / runs.count, tap, runs.length,
                  (ptrdiff_t)row * runs.row + (ptrdiff_t)column * runs.column, ahead, dw);
    }
}

/* Lists what a band of the gradients that are wanted reads. */
static void look_ahead(const skc_direct_cut *t, const skc_band *b, bool wants_weights,
                       skc_ahead *ahead)
{
    skc__band_ahead(&t->dz, b, ahead);
    if (wants_weights)
        skc__band_ahead(&t->x, b, ahead);
}

static void foresee(const skc_direct_cut *t, const skc_band *b, bool wants_weights)
{
    skc__foresee_band(&t->dz, b, t->far);
    if (wants_weights)
        skc__foresee_band(&t->x, b, t->far);
}

static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_direct_job     *j        = call->config;
    const skc_direct_cut     *t        = &j->cut;
    const skc_kernels        *kernels  = call->io->kernels;
    const skc_layer_gradient *gradient = call->gradient;
    const skc_direct_desk     d        = skc__direct_desk_of(j, part);
    const size_t              count    = skc__direct_bands(t, begin, end);
    float *dw = gradient->param[0] == NULL ? NULL : weights_of(j, part, gradient->param[0]);

    if (dw != gradient->param[0])
        memset(dw, 0, skc__direct_weights(&t->c) * sizeof *dw);
    for (size_t i = 0; i < count; i++) {
        const skc_band b                = skc__direct_band(t, begin, end, i, count);
        const skc_band next             = skc__direct_band(t, begin, end, i + 1, count);
        skc_ahead      ahead[SKC_AHEAD] = { { NULL, 0 } };

        if (i == 0)
            foresee(t, &b, dw != NULL);
        if (i + 1 < count)
            look_ahead(t, &next, dw != NULL, ahead);
        skc__fetch_band(&t->dz, kernels, &b, d.dz);
        if (dw != NULL) {
            skc__fetch_band(&t->x, kernels, &b, d.x);
            backward_weights(j, &b, &d, ahead, dw);
        }
        if (gradient->in[0] != NULL) {
            backward_data(j, gradient, &b, &d, ahead);
            tally_gradient(t, call->io, gradient, &b, part);
        }
        skc__bring(ahead, t->far);
    }
}

/* Weights of filters begin..end-1: adds the parts' gradients, in their order. */
static void sum_weights(const skc_call *call, size_t begin, size_t end, int32_t number)
{
    const skc_direct_job  *j     = call->config;
    const skc_convolution *c     = &j->cut.c;
    const size_t           patch = skc__direct_patch(c);
    float                 *dw    = call->gradient->param[0];

    (void)number;
    for (int32_t part = j->cut.turned ? 0 : 1; part < j->cut.parts; part++) {
        const float *copy = weights_of(j, part, NULL);

        if (!j->cut.turned) {
            float *sum = dw + begin * patch;

            call->io->kernels->add((end - begin) * patch, sum, copy + begin * patch, sum);
            continue;
        }
        for (size_t filter = begin; filter < end; filter++) {
            const float *from = copy + filter / c->c_out * patch * c->c_out + filter % c->c_out;

            for (size_t i = 0; i < patch; i++)
                dw[filter * patch + i] += from[i * c->c_out];
        }
    }
}

void skc__direct_backward(const skc_convolution *c, const skc_layer_io *io,
                          const skc_layer_gradient *gradient)
{
    const skc_source x = skc__input_source(io, 0), dz = skc__convolution_gradient(c, io, gradient);
    const bool       data = gradient->in[0] != NULL, weights = gradient->param[0] != NULL;
    const size_t     filters = c->groups * c->c_out;
    skc_direct_job   j       = { .cut = skc__direct_backward_cut(c, &x, &dz, data, weights) };
    const skc_call   call    = { &j, io, gradient };
    int32_t          parts;

    j.cut.past = data && !gradient->accumulate[0] && !skc__tally_on(&gradient->tally) &&
                 skc__direct_goes_past(c->c_in, io->in[0].shape, gradient->in[0]);

    if (!data && !weights)
        return;
    skc__direct_start(&j, io, true, data ? NULL : io->scratch); /* without dx no weights are read */
    skc__split(&call, j.cut.parts, j.cut.rows, backward_part);
    parts = skc__parts(io->threads, filters, skc__direct_patch(c) * (size_t)j.cut.parts);
    if (weights && (j.cut.parts > 1 || j.cut.turned))
        skc__split(&call, parts, filters, sum_weights);
}
